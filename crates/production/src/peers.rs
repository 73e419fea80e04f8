//! What production asks procurement: the outlook of items, the stock that a build may use, and to keep it for the build.
//!
//! It must not know the database. Invariants: an answer is read as a whole or refused, nothing of it is guessed; a
//! question carries a request id of its own where it changes something, so that it can be asked again.

pub mod outlook;

use std::collections::BTreeMap;

use takt_contract::{
    date_pb,
    procurement::v1::{
        self as pb, inbound_service_client::InboundServiceClient,
        material_service_client::MaterialServiceClient,
    },
};
use takt_kernel::{Date, LotId, LotNumber, Quantity, stable_hash};
use takt_planning::genealogy::Layer;
use takt_service::{Call, Error, client, peer::retry};

use crate::{Production, product::Product};

pub mod supply;

/// What a build needs, in one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reserve {
    /// The id of the question, the same for each retry.
    pub request_id: String,
    /// The name of the reservation.
    pub reservation_id: String,
    /// The day of the build.
    pub build_on: Date,
    /// The vehicles that share it.
    pub vehicles: i64,
    /// Item index and quantity.
    pub lines: Vec<(usize, Quantity)>,
}

/// The lots that procurement keeps for a build.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reserved {
    /// By item index the lots, first in first out.
    pub layers: BTreeMap<usize, Vec<Layer>>,
    /// Who stands behind the supplier's rank of a lot number: item index, rank, supplier.
    pub sources: BTreeMap<(usize, u32), String>,
}

/// The stock of every item that a build on a day may use, by item index.
///
/// # Errors
/// What procurement answered.
pub async fn stock_on(
    production: &Production,
    call: &Call,
    product: &Product,
    build_on: Date,
) -> Result<Vec<Quantity>, Error> {
    let peer = &production.procurement;
    let message = pb::CheckAvailabilityRequest {
        build_on: Some(date_pb(build_on)),
        item_ids: Vec::new(),
    };
    let seed = stable_hash(build_on.to_string().as_bytes());
    let answer = retry(call, seed, |_| {
        let request = peer.request(call, message.clone());
        async move {
            client!(MaterialServiceClient, peer)
                .check_availability(request)
                .await
        }
    });
    let answer = answer
        .await
        .map_err(|status| peer.error(&status))?
        .into_inner();
    let mut stock = vec![Quantity::ZERO; product.items.len()];
    for line in answer.lines {
        let cell = product
            .item(&line.item_id)
            .and_then(|item| stock.get_mut(item));
        *cell.ok_or_else(|| strange(&line.item_id))? = Quantity(line.thousandths);
    }
    Ok(stock)
}

/// Keeps the parts of a build and says from which lots they come.
///
/// # Errors
/// `Refused` when the stock does not cover it any more; what procurement answered.
pub async fn reserve(
    production: &Production,
    call: &Call,
    product: &Product,
    wanted: &Reserve,
) -> Result<Reserved, Error> {
    let peer = &production.procurement;
    let line = |(item, quantity): &(usize, Quantity)| pb::ItemQuantity {
        item_id: product
            .items
            .get(*item)
            .map_or_else(String::new, |item| item.item_id.clone()),
        thousandths: quantity.milli(),
    };
    let message = pb::ReserveMaterialRequest {
        request_id: wanted.request_id.clone(),
        reservation_id: wanted.reservation_id.clone(),
        build_on: Some(date_pb(wanted.build_on)),
        vehicle_count: i32::try_from(wanted.vehicles).unwrap_or(i32::MAX),
        lines: wanted.lines.iter().map(line).collect(),
    };
    let seed = stable_hash(wanted.request_id.as_bytes());
    let answer = retry(call, seed, |_| {
        let request = peer.request(call, message.clone());
        async move {
            client!(MaterialServiceClient, peer)
                .reserve_material(request)
                .await
        }
    });
    let answer = answer
        .await
        .map_err(|status| peer.error(&status))?
        .into_inner();
    reserved_of(answer, product)
}

fn reserved_of(answer: pb::ReserveMaterialResponse, product: &Product) -> Result<Reserved, Error> {
    let mut reserved = Reserved::default();
    for line in answer.items {
        let item = product
            .item(&line.item_id)
            .ok_or_else(|| strange(&line.item_id))?;
        let layers = reserved.layers.entry(item).or_default();
        for lot in line.lots {
            let (number, id) = (
                LotNumber(lot.lot_number),
                LotId::parse(&lot.lot_id).map_err(|_| strange(&lot.lot_id))?,
            );
            // The number must say the same as the name, because only the number is kept.
            let same = usize::try_from(number.item_no()).is_ok_and(|no| no == item + 1)
                && number.n() == id.n
                && id.item.as_str() == line.item_id;
            if !same {
                return Err(strange(&lot.lot_id));
            }
            let supplier = String::from(id.supplier);
            let known = reserved
                .sources
                .entry((item, number.supplier_rank()))
                .or_insert_with(|| supplier.clone());
            if *known != supplier {
                return Err(strange(&lot.lot_id));
            }
            layers.push(Layer {
                lot: number,
                quantity: Quantity(lot.thousandths),
            });
        }
    }
    Ok(reserved)
}

/// The number of a lot of an item that procurement has; none where it has no such lot.
///
/// # Errors
/// What procurement answered.
pub async fn lot_known(
    production: &Production,
    call: &Call,
    item: usize,
    lot: &LotId,
) -> Result<Option<LotNumber>, Error> {
    let peer = &production.procurement;
    let message = pb::GetLotRequest {
        lot_id: lot.to_string(),
    };
    let seed = stable_hash(message.lot_id.as_bytes());
    let answer = retry(call, seed, |_| {
        let request = peer.request(call, message.clone());
        async move { client!(InboundServiceClient, peer).get_lot(request).await }
    });
    let number = match answer.await {
        Ok(answer) => answer.into_inner().lot.map(|lot| LotNumber(lot.lot_number)),
        Err(status) if status.code() == tonic::Code::NotFound => None,
        Err(status) => return Err(peer.error(&status)),
    };
    let fits = |number: &LotNumber| {
        usize::try_from(number.item_no()).is_ok_and(|no| no == item + 1) && number.n() == lot.n
    };
    match number {
        Some(number) if !fits(&number) => Err(strange(&lot.to_string())),
        number => Ok(number),
    }
}

pub(super) fn strange(what: &str) -> Error {
    Error::broken(format!(
        "procurement named {what}, which does not fit the programme that is active here"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::tests::small;

    fn answer(lot_id: &str, lot_number: i64) -> pb::ReserveMaterialResponse {
        let lots = vec![pb::ReservedLot {
            lot_id: lot_id.to_owned(),
            lot_number,
            thousandths: 1000,
        }];
        pb::ReserveMaterialResponse {
            reservation_id: "build-1".to_owned(),
            items: vec![pb::ReservedItem {
                item_id: "BODY".to_owned(),
                lots,
            }],
        }
    }

    #[test]
    fn lots_are_taken_by_number_and_must_bear_the_same_name() {
        let product = small();
        let reserved = reserved_of(answer("BODY.STEEL.000007", 2_010_000_007), &product).unwrap();
        assert_eq!(
            reserved.layers[&1],
            [Layer {
                lot: LotNumber(2_010_000_007),
                quantity: Quantity(1000)
            }]
        );
        assert_eq!(reserved.sources[&(1, 1)], "STEEL");
        for (id, number) in [
            ("BODY.STEEL.000008", 2_010_000_007),
            ("BODY.STEEL.000007", 3_010_000_007),
            ("BODY", 2_010_000_007),
        ] {
            assert!(reserved_of(answer(id, number), &product).is_err(), "{id}");
        }
    }
}
