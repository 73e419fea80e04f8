//! What production asks procurement of supply: what is free, what will come and when, and on which terms more can be had.
//!
//! It must not know the database. Invariants: an answer is of one version, and is read as a whole or refused; items stand
//! by their place in the product.

use std::collections::BTreeMap;

use takt_contract::{
    date_pb, date_req,
    procurement::v1::{self as pb, material_service_client::MaterialServiceClient},
};
use takt_kernel::{Date, Quantity, Share, Violations, stable_hash};
use takt_service::{Call, Error, client, peer::retry};

use super::strange;
use crate::{Production, product::Product};

/// Which supply to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SupplyOf {
    /// Goods received on this evening or before are on hand.
    pub as_of: Date,
    /// Only what changed after this version; 0 is everything.
    pub since_version: i64,
    /// The version to answer with; 0 is the newest.
    pub at_version: i64,
}

impl SupplyOf {
    /// Everything, as it is now.
    pub fn newest(as_of: Date) -> Self {
        Self {
            as_of,
            since_version: 0,
            at_version: 0,
        }
    }
}

/// Supply at a version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Supply {
    /// The version.
    pub version: i64,
    /// Whether every item is here; else those that changed.
    pub whole: bool,
    /// The items by their place in the product.
    pub items: BTreeMap<usize, ItemSupply>,
}

/// What there is and what will come of an item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemSupply {
    /// On hand, released and not reserved.
    pub free: Quantity,
    /// On hand and kept for builds and promises.
    pub reserved: Quantity,
    /// What will come, by day, then order line.
    pub receipts: Vec<Receipt>,
    /// The days from order to receipt, the longest of its suppliers.
    pub lead_days: i32,
    /// The size of a lot.
    pub lot: Quantity,
    /// The least that is ordered.
    pub minimum: Quantity,
    /// An order is a multiple of it.
    pub multiple: Quantity,
    /// The suppliers by rank.
    pub sources: Vec<SupplySource>,
}

/// A supplier of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupplySource {
    /// The supplier.
    pub supplier: String,
    /// Its share of the item's lots.
    pub share: Share,
    /// The days from order to receipt.
    pub lead_days: i32,
    /// Those of them that the goods are under way.
    pub transit_days: i32,
}

/// Goods that will come; they may be used from the next day on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The day.
    pub on: Date,
    /// The quantity.
    pub quantity: Quantity,
    /// The supplier; empty for goods that came after the day that was asked for.
    pub supplier: String,
    /// The order line; 0 for such goods.
    pub line: i64,
    /// Whether the goods have left their supplier.
    pub shipped: bool,
    /// Whether the day has passed and they have not come.
    pub overdue: bool,
}

/// Asks for supply.
///
/// # Errors
/// What procurement answered.
pub async fn supply(
    production: &Production,
    call: &Call,
    product: &Product,
    of: SupplyOf,
) -> Result<Supply, Error> {
    let peer = &production.procurement;
    let message = pb::StreamSupplyRequest {
        as_of: Some(date_pb(of.as_of)),
        item_ids: Vec::new(),
        since_version: of.since_version,
        at_version: of.at_version,
    };
    let seed = stable_hash(of.as_of.to_string().as_bytes());
    let answer = retry(call, seed, |_| {
        let request = peer.request(call, message.clone());
        async move {
            let mut client = client!(MaterialServiceClient, peer);
            let mut stream = client.stream_supply(request).await?.into_inner();
            let mut messages = Vec::new();
            while let Some(message) = stream.message().await? {
                messages.push(message);
            }
            Ok(messages)
        }
    });
    let messages = answer.await.map_err(|status| peer.error(&status))?;
    supply_of(messages, product)
}

/// How many lots of each item each of its suppliers was given so far, by the place of the item and then of the supplier.
///
/// # Errors
/// What procurement answered.
pub async fn ordered_lots(
    production: &Production,
    call: &Call,
    product: &Product,
) -> Result<BTreeMap<usize, Vec<i64>>, Error> {
    let peer = &production.procurement;
    let answer = retry(call, 0, |_| {
        let request = peer.request(call, pb::StreamItemTotalsRequest {});
        async move {
            let mut client = client!(MaterialServiceClient, peer);
            let mut stream = client.stream_item_totals(request).await?.into_inner();
            let mut totals = Vec::new();
            while let Some(message) = stream.message().await? {
                totals.extend(message.totals);
            }
            Ok(totals)
        }
    });
    let totals = answer.await.map_err(|status| peer.error(&status))?;
    let mut ordered = BTreeMap::new();
    for total in totals {
        let place = product
            .item(&total.item_id)
            .ok_or_else(|| strange(&total.item_id))?;
        let lots = total.sources.iter().map(|source| source.ordered_lot_count);
        ordered.insert(place, lots.collect());
    }
    Ok(ordered)
}

fn supply_of(messages: Vec<pb::StreamSupplyResponse>, product: &Product) -> Result<Supply, Error> {
    let Some(first) = messages.first() else {
        return Err(Error::broken("procurement's supply has no version"));
    };
    let mut supply = Supply {
        version: first.version,
        whole: first.whole,
        items: BTreeMap::new(),
    };
    for message in messages {
        if (message.version, message.whole) != (supply.version, supply.whole) {
            return Err(Error::broken("procurement's supply is of two versions"));
        }
        for item in message.items {
            let place = product
                .item(&item.item_id)
                .ok_or_else(|| strange(&item.item_id))?;
            let mut read = item_of(item)?;
            // An item with very many receipts goes on in the next entry.
            let before = supply.items.remove(&place).map(|before| before.receipts);
            let mut receipts = before.unwrap_or_default();
            receipts.append(&mut read.receipts);
            supply.items.insert(place, ItemSupply { receipts, ..read });
        }
    }
    Ok(supply)
}

fn item_of(item: pb::ItemSupply) -> Result<ItemSupply, Error> {
    let source = |source: pb::SupplySource| SupplySource {
        supplier: source.supplier_id,
        share: Share(source.share_millionths),
        lead_days: source.lead_days,
        transit_days: source.transit_days,
    };
    let receipts = item.receipts.into_iter().map(receipt_of);
    Ok(ItemSupply {
        free: Quantity(item.free_thousandths),
        reserved: Quantity(item.reserved_thousandths),
        receipts: receipts.collect::<Result<_, _>>()?,
        lead_days: item.lead_days,
        lot: Quantity(item.lot_thousandths),
        minimum: Quantity(item.minimum_thousandths),
        multiple: Quantity(item.multiple_thousandths),
        sources: item.sources.into_iter().map(source).collect(),
    })
}

fn receipt_of(receipt: pb::ExpectedReceipt) -> Result<Receipt, Error> {
    let mut violations = Violations::new();
    let on = date_req(receipt.expected_on.as_ref(), "expected_on", &mut violations);
    violations.finish()?;
    Ok(Receipt {
        on,
        quantity: Quantity(receipt.thousandths),
        shipped: receipt.state() != pb::ExpectedReceiptState::Ordered,
        supplier: receipt.supplier_id,
        line: receipt.line_number,
        overdue: receipt.overdue,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::tests::small;

    #[test]
    fn an_answer_is_of_one_version_and_of_items_that_are_known() {
        let product = small();
        let message = |version, item: &str, days: &[i32]| pb::StreamSupplyResponse {
            version,
            whole: true,
            items: vec![pb::ItemSupply {
                item_id: item.into(),
                free_thousandths: 7_000,
                receipts: days
                    .iter()
                    .map(|day| pb::ExpectedReceipt {
                        expected_on: Some(date_pb(Date::from_epoch_day(*day))),
                        thousandths: 1_000,
                        ..pb::ExpectedReceipt::default()
                    })
                    .collect(),
                ..pb::ItemSupply::default()
            }],
        };
        let read = supply_of(
            vec![message(4, "BODY", &[10, 11]), message(4, "BODY", &[12])],
            &product,
        )
        .unwrap();
        let body = &read.items[&1];
        assert_eq!((read.version, body.free), (4, Quantity(7_000)));
        let days: Vec<i32> = body
            .receipts
            .iter()
            .map(|receipt| receipt.on.epoch_day())
            .collect();
        assert_eq!(days, [10, 11, 12]);
        for wrong in [
            vec![],
            vec![message(4, "BODY", &[]), message(5, "BODY", &[])],
            vec![message(4, "WING", &[])],
        ] {
            assert!(supply_of(wrong, &product).is_err());
        }
    }
}
