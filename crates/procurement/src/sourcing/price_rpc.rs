//! Agreed prices on the wire.
//!
//! It must not decide anything.

use std::sync::Arc;

use takt_contract::{
    date_opt, date_pb, date_req, price_pb, price_req, procurement::v1 as pb, request_id,
};
use takt_kernel::{Price, Quantity, Violations};
use takt_service::{Call, Error, Once, PageToken, page_size};
use tonic::{Request, Response, Status};

use super::{
    price::{PriceInUse, PriceList},
    store::{last_ordered, prices_list, prices_save},
};
use crate::{
    desk::Desk,
    programme::{Catalogue, Source},
};

/// The most prices of a day.
const BREAKS: usize = 100;

fn source_of<'c>(
    catalogue: &'c Catalogue,
    item: &str,
    supplier: &str,
) -> Result<&'c Source, Error> {
    if catalogue.item(item).is_none() {
        return Err(Error::missing("item", item));
    }
    let source = catalogue.source_of(item, supplier);
    source.ok_or_else(|| Error::missing("source", format!("{item} of {supplier}")))
}

fn breaks_read(
    breaks: &[pb::PriceBreak],
    agreed: Price,
    found: &mut Violations,
) -> Vec<(Quantity, Price)> {
    found.require(
        (1..=BREAKS).contains(&breaks.len()),
        "breaks",
        format!("give 1 to {BREAKS} prices"),
    );
    let mut read: Vec<(Quantity, Price)> = Vec::new();
    for (place, own) in breaks.iter().take(BREAKS).enumerate() {
        found.scope(format!("breaks[{place}]"), |found| {
            let from = own.from_thousandths;
            let rises = match read.last() {
                None => from == 0,
                Some((before, _)) => before.milli() < from,
            };
            found.require(
                rises,
                "from_thousandths",
                "the first is 0 and every other one above the one before",
            );
            let price = price_req(own.price.as_ref(), "price", found);
            found.require(
                price.currency == agreed.currency,
                "price",
                format!("the agreements are in {}", agreed.currency),
            );
            read.push((Quantity(from), price));
        });
    }
    read
}

/// Agrees on the prices of a source from a day on.
pub(super) async fn agree(
    desk: &Desk,
    request: Request<pb::AgreePricesRequest>,
) -> Result<Response<pb::AgreePricesResponse>, Status> {
    let call = Call::of(&request);
    let message = request.into_inner();
    let catalogue = desk.catalogue(&call).await?;
    let source = source_of(&catalogue, &message.item_id, &message.supplier_id)?;
    let mut found = Violations::new();
    let id = request_id(&message.request_id, "request_id", &mut found).unwrap_or_default();
    let valid_from = date_req(message.valid_from.as_ref(), "valid_from", &mut found);
    let breaks = breaks_read(&message.breaks, source.terms.price, &mut found);
    found.finish().map_err(Error::from)?;
    let once = Once::of(
        "takt.procurement.v1.SourcingService/AgreePrices",
        id,
        &message,
    );
    let list = PriceList { valid_from, breaks };
    let work = Arc::new((message.item_id, message.supplier_id, list, source.number));
    let write = desk
        .store
        .write_once(&call, "prices_agree", once, move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let (item, supplier, list, source) = work.as_ref();
                if let Some(ordered_on) = last_ordered(tx, *source).await?
                    && ordered_on >= list.valid_from
                {
                    let source = format!("{item} of {supplier}");
                    return Err(PriceInUse { source, ordered_on }.into());
                }
                prices_save(tx, item, supplier, list).await?;
                Ok(pb::AgreePricesResponse {
                    prices: Some(list_pb(item, supplier, list)),
                })
            })
        });
    Ok(Response::new(write.await?))
}

/// Lists what was agreed.
pub(super) async fn list(
    desk: &Desk,
    request: Request<pb::ListPricesRequest>,
) -> Result<Response<pb::ListPricesResponse>, Status> {
    let call = Call::of(&request);
    let message = request.into_inner();
    let size = page_size(message.page_size)?;
    let mut found = Violations::new();
    let as_of = date_opt(message.as_of.as_ref(), "as_of", &mut found);
    found.finish().map_err(Error::from)?;
    let arguments = format!("{} {} {as_of:?}", message.item_id, message.supplier_id);
    let after = PageToken::open("ListPrices", &arguments, &message.page_token)?;
    let wanted = Arc::new((message.item_id, message.supplier_id));
    let read = desk.store.read(&call, "prices_list", move |tx| {
        let wanted = Arc::clone(&wanted);
        Box::pin(async move { prices_list(tx, &wanted.0, &wanted.1).await })
    });
    let mut all = read.await?;
    if let Some(as_of) = as_of {
        // Of each source the list that counts on the day: the newest that has begun.
        all.retain(|(_, _, list)| list.valid_from <= as_of);
        all.reverse();
        all.dedup_by(|one, newer| (&one.0, &one.1) == (&newer.0, &newer.1));
        all.reverse();
    }
    let key = |(item, supplier, list): &(String, String, PriceList)| {
        format!("{item} {supplier} {:010}", list.valid_from.epoch_day())
    };
    if let Some(after) = after {
        all.retain(|one| key(one) > after);
    }
    Ok(Response::new(pb::ListPricesResponse {
        next_page_token: PageToken::cut(&mut all, size, "ListPrices", &arguments, key),
        prices: (all.iter())
            .map(|(item, supplier, list)| list_pb(item, supplier, list))
            .collect(),
    }))
}

fn list_pb(item: &str, supplier: &str, list: &PriceList) -> pb::PriceList {
    let one = |(from, price): &(Quantity, Price)| pb::PriceBreak {
        from_thousandths: from.milli(),
        price: Some(price_pb(*price)),
    };
    pb::PriceList {
        item_id: item.to_owned(),
        supplier_id: supplier.to_owned(),
        valid_from: Some(date_pb(list.valid_from)),
        breaks: list.breaks.iter().map(one).collect(),
    }
}
