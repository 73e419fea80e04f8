//! Handling units and serial numbers on the wire.
//!
//! It must not decide anything.

use std::{collections::BTreeSet, sync::Arc};

use takt_contract::procurement::v1 as pb;
use takt_kernel::LotId;
use takt_service::{Call, Error, PageToken, page_size};
use tonic::{Request, Response, Status};

use super::{
    store::{asns_fetch, lots_fetch},
    unit_store::{Placed, Wanted, serials_fetch, units_fetch},
    wire::{lot_pb, unit_pb},
};
use crate::desk::Desk;

/// Finds the lot of a part.
pub(super) async fn find(
    desk: &Desk,
    request: Request<pb::FindSerialRequest>,
) -> Result<Response<pb::FindSerialResponse>, Status> {
    let call = Call::of(&request);
    let message = request.into_inner();
    let catalogue = desk.catalogue(&call).await?;
    let item = catalogue.item(&message.item_id);
    let item_no = item
        .ok_or_else(|| Error::missing("item", &message.item_id))?
        .item
        .number;
    let serial = Arc::<str>::from(message.serial_number.as_str());
    let read = desk.store.read(&call, "serial_find", move |tx| {
        let serial = Arc::clone(&serial);
        Box::pin(async move {
            let known = serials_fetch(tx, [(item_no, &*serial)].into_iter()).await?;
            let Some(number) = known.into_values().next() else {
                return Ok(None);
            };
            let found = lots_fetch(tx, &BTreeSet::from([number])).await?;
            Ok(found.into_values().next())
        })
    });
    let lot = read.await?.ok_or_else(|| {
        let part = format!("{} of {}", message.serial_number, message.item_id);
        Error::missing("serial number", part)
    })?;
    Ok(Response::new(pb::FindSerialResponse {
        lot: Some(lot_pb(&catalogue, &lot)),
    }))
}

/// Lists the units of a notice or with goods of a lot.
pub(super) async fn list(
    desk: &Desk,
    request: Request<pb::ListHandlingUnitsRequest>,
) -> Result<Response<pb::ListHandlingUnitsResponse>, Status> {
    let call = Call::of(&request);
    let message = request.into_inner();
    let size = page_size(message.page_size)?;
    if message.asn_id.is_empty() == message.lot_id.is_empty() {
        let rule = "name a notice, or else a lot in lot_id";
        return Err(Error::invalid("asn_id", rule).into());
    }
    let catalogue = desk.catalogue(&call).await?;
    let arguments = format!("{} {}", message.asn_id, message.lot_id);
    let after = PageToken::open("ListHandlingUnits", &arguments, &message.page_token)?;
    let after = after.and_then(|key| {
        let (asn, place) = key.split_once(' ')?;
        Some((asn.parse().ok()?, place.parse().ok()?))
    });
    let after: (i64, i64) = after.unwrap_or((0, -1));
    let lot = match message.lot_id.as_str() {
        "" => None,
        name => {
            let id = LotId::parse(name).map_err(|error| Error::invalid("lot_id", error))?;
            let number = catalogue.lot_number(&id);
            Some(number.ok_or_else(|| Error::missing("lot", name))?)
        }
    };
    let asn_id = Arc::<str>::from(message.asn_id.as_str());
    let read = desk.store.read(&call, "handling_units_list", move |tx| {
        let asn_id = Arc::clone(&asn_id);
        Box::pin(async move {
            // One more than the page tells whether there is another one.
            let wanted = match lot {
                Some(lot) => Wanted::Lot(lot, after, size + 1),
                None => {
                    let found = asns_fetch(tx, &BTreeSet::from([&*asn_id])).await?;
                    let asn = found.get(&*asn_id);
                    let asn = asn.ok_or_else(|| Error::missing("notice", &*asn_id))?;
                    Wanted::Notice(asn.number, after.1, size + 1)
                }
            };
            units_fetch(tx, &wanted).await
        })
    });
    let mut units = read.await?;
    let key = |placed: &Placed| format!("{} {}", placed.asn_no, placed.place);
    Ok(Response::new(pb::ListHandlingUnitsResponse {
        next_page_token: PageToken::cut(&mut units, size, "ListHandlingUnits", &arguments, key),
        handling_units: units
            .iter()
            .map(|placed| unit_pb(&catalogue, placed))
            .collect(),
    }))
}
