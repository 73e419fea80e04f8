//! How the promises of some orders stand.
//!
//! It must not decide anything. Invariants: the outlook and the queue are read once for all of them; where no order waits, neither is.

use std::{collections::BTreeMap, sync::Arc};

use takt_service::{Call, Error};

use super::{
    Standing,
    store::{Kept, outlook_fetch},
};
use crate::{
    desk::Desk,
    order::{Order, Queueing},
    programme::Catalogue,
    promise::Promise,
};

/// How promises stand, in the order of the orders, with the outlook where it was looked at.
pub(crate) struct Standings {
    /// The standings; None of orders that nothing was promised to or that were cancelled, and while nothing was looked at.
    pub(crate) each: Vec<Option<Standing>>,
    /// The outlook.
    pub(crate) kept: Option<Kept>,
}

/// Looks at orders with their last promises.
pub(crate) async fn standings(
    desk: &Desk,
    call: &Call,
    catalogue: &Arc<Catalogue>,
    orders: &[Order],
    last: &BTreeMap<i64, Promise>,
) -> Result<Standings, Error> {
    let waits =
        |order: &Order| order.queueing == Queueing::Open && last.contains_key(&order.number);
    let kept = match orders.iter().any(waits) {
        true => outlook_read(desk, call, catalogue).await?,
        false => None,
    };
    let mut waiting = BTreeMap::new();
    if let Some(kept) = &kept {
        let mut mirror = desk.mirror.lock().await;
        mirror.refresh(&desk.store, call).await?;
        for order in orders.iter().filter(|order| waits(order)) {
            let standing = match mirror.queue().standing(order.variant_no, order.number) {
                Some(ranked) => kept.outlook.waiting(catalogue, ranked),
                None => last
                    .get(&order.number)
                    .map(|promise| kept.outlook.slotted(order.variant_no, promise)),
            };
            waiting.extend(standing.map(|standing| (order.number, standing)));
        }
    }
    let first = catalogue.programme.first_handover_on;
    let standing = |order: &Order| match order.queueing {
        Queueing::Open => waiting.remove(&order.number),
        Queueing::Cancelled => None,
        Queueing::Allocated => {
            let promised_on = last.get(&order.number)?.deliver_on;
            let transit = catalogue.lane_at(order.lane_no)?.transit_days();
            Some(Standing::journey(
                &order.journey,
                transit,
                first,
                promised_on,
            ))
        }
    };
    Ok(Standings {
        each: orders.iter().map(standing).collect(),
        kept,
    })
}

/// The outlook; None while nothing was looked at.
pub(crate) async fn outlook_read(
    desk: &Desk,
    call: &Call,
    catalogue: &Arc<Catalogue>,
) -> Result<Option<Kept>, Error> {
    let catalogue = Arc::clone(catalogue);
    let read = desk.store.read(call, "outlook_get", move |tx| {
        let catalogue = Arc::clone(&catalogue);
        Box::pin(async move { outlook_fetch(tx, &catalogue).await })
    });
    read.await
}
