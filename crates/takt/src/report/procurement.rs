//! The part of a report that procurement knows: items, stock, suppliers. It must not know vehicles. Invariant:
//! received = issued + stock for every item is not assumed here; the figures are told as they came.
use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use takt_contract::date_of;
use takt_contract::procurement::v1::material_service_client::MaterialServiceClient;
use takt_contract::procurement::v1::supplier_service_client::SupplierServiceClient;
use takt_contract::procurement::v1::{
    GetSupplierRequest, GetSupplierResponse, ItemTotal, Scorecard, StreamItemTotalsRequest,
    StreamScorecardsRequest, StreamStockValuesRequest,
};
use takt_kernel::Date;

use super::figures::{Item, StockDay, Supplier, Thousandths, Tight};
use super::production::{cents, day_of, units};
use crate::connection::{Peer, ask, read};
use crate::failure::Outcome;

/// So many of the tightest items are named.
const TIGHTEST: usize = 12;

/// What procurement answers, in the report's words.
pub(super) struct Stock {
    pub items: Vec<Item>,
    pub days: Vec<StockDay>,
    pub suppliers: Vec<Supplier>,
    pub tightest: Vec<Tight>,
}

/// Asks procurement for everything that the report needs.
pub(super) async fn ask_stock(peer: &Peer) -> Outcome<Stock> {
    let totals = read!(
        peer,
        "read the item totals",
        MaterialServiceClient.stream_item_totals,
        StreamItemTotalsRequest {},
        |page| page.totals
    )?;
    let values = read!(
        peer,
        "read the stock values",
        MaterialServiceClient.stream_stock_values,
        StreamStockValuesRequest {},
        |page| page.days
    )?;
    let cards = read!(
        peer,
        "read the scorecards",
        SupplierServiceClient.stream_scorecards,
        StreamScorecardsRequest::default(),
        |page| page.scorecards
    )?;
    let suppliers =
        try_join_all(cards.iter().map(|card| supplier(peer, &card.supplier_id))).await?;
    let day = |value: &takt_contract::procurement::v1::StockValueDay| -> Outcome<StockDay> {
        Ok(StockDay {
            date: day_of(value.date.as_ref(), "a stock value")?.to_string(),
            received: units(value.received.as_ref()).unwrap_or(0.0),
            issued: units(value.issued.as_ref()).unwrap_or(0.0),
            stock: units(value.stock.as_ref()).unwrap_or(0.0),
        })
    };
    Ok(Stock {
        days: values.iter().map(day).collect::<Outcome<_>>()?,
        tightest: tightest(&totals, &suppliers),
        suppliers: cards
            .iter()
            .zip(&suppliers)
            .map(|(card, supplier)| scored(card, supplier))
            .collect(),
        items: totals.iter().map(item).collect(),
    })
}

async fn supplier(peer: &Peer, id: &str) -> Outcome<GetSupplierResponse> {
    let message = GetSupplierRequest {
        supplier_id: id.to_owned(),
    };
    ask!(
        peer,
        "read a supplier",
        SupplierServiceClient.get_supplier,
        message
    )
}

fn first_release(total: &ItemTotal) -> Option<Date> {
    date_of(total.first_released_on.as_ref())
}

fn item(total: &ItemTotal) -> Item {
    let whole = |thousandths: i64| thousandths as f64 / 1000.0;
    Item {
        item: total.item_id.clone(),
        group: total.group.clone(),
        unit: total.unit_code.clone(),
        received: whole(total.received_thousandths),
        issued: whole(total.issued_thousandths),
        stock: whole(total.stock_thousandths),
        lots: total.lot_count,
        ordered_lots: total.ordered_lot_count,
        first_release: first_release(total).map(|date| date.to_string()),
        thousandths: Thousandths {
            received: total.received_thousandths,
            issued: total.issued_thousandths,
            stock: total.stock_thousandths,
        },
    }
}

fn scored(card: &Scorecard, supplier: &GetSupplierResponse) -> Supplier {
    let share = card.on_time_in_full_count as f64 / card.lot_count.max(1) as f64;
    Supplier {
        supplier: card.supplier_id.clone(),
        name: supplier
            .supplier
            .as_ref()
            .map(|supplier| supplier.name.clone())
            .unwrap_or_default(),
        lots: card.lot_count,
        on_time_in_full: card.on_time_in_full_count,
        otif: (card.lot_count > 0).then_some(share),
        blocked_lots: card.blocked_lot_count,
        mean_lead_time_days: card.mean_lead_time_millidays as f64 / 1000.0,
        received_value: card
            .received_value
            .as_ref()
            .map_or(0.0, |money| cents(money.minor_units)),
    }
}

/// The items whose first order came first: nothing could have been earlier for them.
fn tightest(totals: &[ItemTotal], suppliers: &[GetSupplierResponse]) -> Vec<Tight> {
    let mut leads = BTreeMap::<&str, i32>::new();
    for agreement in suppliers.iter().flat_map(|supplier| &supplier.agreements) {
        let lead = leads.entry(agreement.item_id.as_str()).or_default();
        *lead = (*lead).max(agreement.lead_time_days);
    }
    let mut ordered: Vec<(Date, &ItemTotal)> = totals
        .iter()
        .filter_map(|total| Some((first_release(total)?, total)))
        .collect();
    // Of those ordered on one day, the longest lead time has the least room.
    let lead = |total: &ItemTotal| leads.get(total.item_id.as_str()).copied().unwrap_or(0);
    ordered.sort_by_key(|(date, total)| (*date, std::cmp::Reverse(lead(total))));
    let Some((first, _)) = ordered.first().copied() else {
        return Vec::new();
    };
    let tight = |(date, total): (Date, &ItemTotal)| Tight {
        item: total.item_id.clone(),
        group: total.group.clone(),
        lead_time_days: lead(total),
        first_release: date.to_string(),
        slack_days: date.days_since(first),
    };
    ordered.into_iter().take(TIGHTEST).map(tight).collect()
}
