//! The orders whose promise is in danger: those of the queue, those with a slot of their own, and those with a vehicle.
//!
//! It must not know what is done about them. Invariants: they come in the order of intake, each once; the queue is looked at under its
//! lock and names are read afterwards, page by page, as the caller takes them.

use std::{collections::BTreeMap, sync::Arc};

use takt_contract::delivery::v1 as pb;
use takt_kernel::Date;
use takt_service::{
    Call, Error, Tx,
    stream::{Answers, pages},
};

use super::{
    Health, Standing,
    standing::outlook_read,
    store::Kept,
    wire::{Scope, danger_pb, nearest},
};
use crate::{
    desk::Desk,
    order::{Journey, OrderState},
    programme::Catalogue,
    promise::{Promise, PromiseKind},
    recall::gate::{STOPPED, stopped},
    rows::{date, date_opt, get, list},
    shipment::ShipmentNo,
};

/// So many orders are named at once.
const PAGE: usize = 500;

/// An order whose promise is in danger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Danger {
    /// The order.
    pub(crate) order_no: i64,
    /// Its variant.
    pub(crate) variant_no: i64,
    /// The lane that its vehicle takes.
    pub(crate) lane_no: i64,
    /// The state.
    pub(crate) state: OrderState,
    /// The day that was promised last.
    pub(crate) promised_on: Date,
    /// How the promise stands.
    pub(crate) standing: Standing,
}

/// Streams the orders in danger that are meant.
pub(crate) async fn at_risk(
    desk: &Arc<Desk>,
    call: &Call,
    scope: Scope,
    health: Option<Health>,
) -> Result<Answers<pb::ListAtRiskResponse>, Error> {
    let catalogue = desk.catalogue(call).await?;
    let kept = outlook_read(desk, call, &catalogue).await?;
    let mut found = dangers(desk, call, &catalogue, kept.as_ref()).await?;
    found.retain(|danger| {
        scope.covers(&catalogue, danger.variant_no, danger.lane_no)
            && health.is_none_or(|health| health == danger.standing.health)
    });
    let reasons = kept.map(|kept| nearest(&kept.reasons)).unwrap_or_default();
    let (found, reasons) = (Arc::new(found), Arc::new(reasons));
    let (desk, call) = (Arc::clone(desk), call.clone());
    let page = move |from: usize| {
        let (desk, call, catalogue) = (Arc::clone(&desk), call.clone(), Arc::clone(&catalogue));
        let (found, reasons) = (Arc::clone(&found), Arc::clone(&reasons));
        async move {
            let to = found.len().min(from + PAGE);
            let page = found.get(from..to).unwrap_or_default();
            let numbers: Vec<i64> = page.iter().map(|danger| danger.order_no).collect();
            let read = desk.store.read(&call, "at_risk_names", move |tx| {
                let numbers = numbers.clone();
                Box::pin(async move { names_fetch(tx, numbers).await })
            });
            let names = read.await?;
            let told = page.iter().filter_map(|danger| {
                let name = names.get(&danger.order_no)?;
                Some(danger_pb(&catalogue, danger, name, &reasons))
            });
            Ok((told.collect(), (to < found.len()).then_some(to)))
        }
    };
    Ok(pages(0, page, |orders| pb::ListAtRiskResponse { orders }))
}

/// All orders in danger, in the order of intake.
async fn dangers(
    desk: &Desk,
    call: &Call,
    catalogue: &Arc<Catalogue>,
    kept: Option<&Kept>,
) -> Result<Vec<Danger>, Error> {
    let known = Arc::clone(catalogue);
    let read = desk.store.read(call, "at_risk", move |tx| {
        let catalogue = Arc::clone(&known);
        Box::pin(async move {
            let journeys = journeys_fetch(tx, &catalogue).await?;
            Ok((journeys, slots_fetch(tx).await?))
        })
    });
    let (mut found, slots) = read.await?;
    if let Some(kept) = kept {
        let outlook = &kept.outlook;
        found.extend(slots.into_iter().map(|slot| Danger {
            order_no: slot.order_no,
            variant_no: slot.variant_no,
            lane_no: slot.lane_no,
            state: OrderState::Locked,
            promised_on: slot.promise.deliver_on,
            standing: outlook.slotted(slot.variant_no, &slot.promise),
        }));
        let mut mirror = desk.mirror.lock().await;
        mirror.refresh(&desk.store, call).await?;
        let hits = outlook.promises(catalogue, mirror.queue().ranked()).hits;
        found.extend(hits.iter().map(|hit| Danger {
            order_no: hit.order_no,
            variant_no: hit.variant_no,
            lane_no: hit.lane_no,
            state: OrderState::Locked,
            promised_on: hit.promised_on,
            standing: Standing::hit(hit),
        }));
    }
    found.retain(|danger| danger.standing.health != Health::OnTime);
    found.sort_by_key(|danger| danger.order_no);
    // An order that got its vehicle between two looks stands by the vehicle, which comes first of the two.
    found.dedup_by_key(|danger| danger.order_no);
    Ok(found)
}

/// An order with a slot of its own.
struct Slot {
    order_no: i64,
    variant_no: i64,
    lane_no: i64,
    promise: Promise,
}

/// The open orders with a slot of their own.
async fn slots_fetch(tx: &Tx) -> Result<Vec<Slot>, Error> {
    let sql = "SELECT o.order_no, c.variant_no, o.lane_no, p.promise_no, p.kind, p.build_on, p.deliver_on, p.made_on, p.plan_id \
               FROM quote_order q JOIN sales_order o ON o.order_no = q.order_no JOIN configuration c ON c.config_no = o.config_no \
               JOIN promise p ON p.order_no = o.order_no WHERE o.state = 0 \
               AND NOT EXISTS (SELECT 1 FROM promise l WHERE l.order_no = p.order_no AND l.promise_no > p.promise_no)";
    let rows = tx.rows(sql, vec![]).await?;
    let read = |row| {
        Ok(Slot {
            order_no: get(row, 0)?,
            variant_no: get(row, 1)?,
            lane_no: get(row, 2)?,
            promise: Promise {
                number: get(row, 3)?,
                kind: PromiseKind::of_code(get(row, 4)?).unwrap_or(PromiseKind::Estimate),
                build_on: date(row, 5)?,
                deliver_on: date(row, 6)?,
                made_on: date(row, 7)?,
                plan_id: get(row, 8)?,
            },
        })
    };
    rows.iter().map(read).collect()
}

/// The orders whose vehicle is kept back, or whose load comes after the day that was promised.
async fn journeys_fetch(tx: &Tx, catalogue: &Catalogue) -> Result<Vec<Danger>, Error> {
    let sql = format!(
        "SELECT o.order_no, c.variant_no, o.lane_no, p.deliver_on, w.vin, w.built_on, w.released_on, w.shipment_no, \
         s.departed_on, s.arrived_on, s.expected_on, d.damaged_on, g.recall_id, g.stopped_on \
         FROM vehicle w JOIN sales_order o ON o.order_no = w.order_no \
         JOIN configuration c ON c.config_no = o.config_no JOIN promise p ON p.order_no = o.order_no \
         LEFT JOIN shipment s ON s.shipment_no = w.shipment_no \
         LEFT JOIN (SELECT vin, MIN(reported_on) AS damaged_on FROM transport_exception WHERE kind = 2 AND ended_by IS NULL GROUP BY vin) d \
         ON d.vin = w.vin {STOPPED} WHERE w.handed_over_on IS NULL \
         AND (w.released_on IS NULL OR s.expected_on IS NULL OR s.expected_on > p.deliver_on OR d.damaged_on IS NOT NULL OR g.recall_id IS NOT NULL) \
         AND NOT EXISTS (SELECT 1 FROM promise l WHERE l.order_no = p.order_no AND l.promise_no > p.promise_no)"
    );
    let first = catalogue.programme.first_handover_on;
    let mut found = Vec::new();
    for row in tx.rows(&sql, vec![]).await? {
        let (order_no, variant_no, lane_no) = (get(&row, 0)?, get(&row, 1)?, get(&row, 2)?);
        let promised_on = date(&row, 3)?;
        let shipment = get::<Option<i64>>(&row, 7)?.map(ShipmentNo::of_value);
        let journey = Journey {
            vin: get(&row, 4)?,
            built_on: date_opt(&row, 5)?,
            released_on: date_opt(&row, 6)?,
            shipment_id: shipment
                .map(|shipment| shipment.id(catalogue))
                .unwrap_or_default(),
            departed_on: date_opt(&row, 8)?,
            arrived_on: date_opt(&row, 9)?,
            expected_on: date_opt(&row, 10)?,
            handed_over_on: None,
            damaged_on: date_opt(&row, 11)?,
            stopped: stopped(&row, 12)?,
        };
        let transit = catalogue
            .lane_at(lane_no)
            .map_or(0, |lane| lane.transit_days());
        found.push(Danger {
            order_no,
            variant_no,
            lane_no,
            state: journey.state(),
            promised_on,
            standing: Standing::journey(&journey, transit, first, promised_on),
        });
    }
    Ok(found)
}

/// Order and customer of orders, by number.
pub(crate) async fn names_fetch(
    tx: &Tx,
    orders: Vec<i64>,
) -> Result<BTreeMap<i64, (String, String)>, Error> {
    let query = "SELECT o.order_no, o.order_id, o.customer_id FROM v JOIN sales_order o ON o.order_no = v.order_no";
    let rows = tx.rows_for(&["order_no"], list(orders), query).await?;
    let read = |row| Ok((get(row, 0)?, (get(row, 1)?, get(row, 2)?)));
    rows.iter().map(read).collect()
}
