//! Intake: orders are locked, numbered without gaps, given a lane, told to production, and owed a promise.
//!
//! It must not know the wire. Invariants: OR-4 numbers follow each other in the order of intake; a number of
//! statements that does not depend on the number of orders; who locks holds the order counter, so chunks follow each
//! other.

use std::collections::{BTreeMap, HashMap, HashSet};

use takt_contract::{
    date_pb,
    events::v1::{OrderLocked, fact_body::Kind},
};
use takt_kernel::Date;
use takt_service::{Error, NewFact, Tx};

use crate::{
    lane::store::{lane_loads_add, lane_loads_fetch},
    order::{
        Queueing,
        store::{OrderRow, configurations_add, order_ids_taken, orders_add},
    },
    programme::{Catalogue, Configuration},
    promise::handler::promise_owe,
    rows::{counter_lock, counter_set},
};

/// An order as the customer gives it, checked against the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOrder {
    /// The order.
    pub id: String,
    /// The customer, by a pseudonym.
    pub customer_id: String,
    /// The variant.
    pub variant_id: String,
    /// What is ordered.
    pub configuration: Configuration,
    /// The city of delivery.
    pub city: String,
    /// The day on which it is locked.
    pub locked_on: Date,
    /// The trace to which everything about the order belongs; none when nobody traces.
    pub traceparent: Option<String>,
}

/// What became of one order of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It has this number.
    Locked(i64),
    /// Its id belongs to another order.
    Taken,
}

/// Where the promises of orders come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promising<'h> {
    /// They are owed.
    Owed,
    /// A call asks for the promise of a single order itself.
    Asking,
    /// They have slots of a confirmed hold, and the caller writes the promises that were quoted.
    Held(&'h str),
}

/// Locks orders in the order given.
pub(crate) async fn orders_lock(
    tx: &Tx,
    catalogue: &Catalogue,
    orders: &[NewOrder],
    promising: Promising<'_>,
) -> Result<Vec<Outcome>, Error> {
    let before = counter_lock(tx, "order").await?;
    let mut taken: HashSet<String> =
        order_ids_taken(tx, orders.iter().map(|order| order.id.as_str())).await?;
    let mut number = before;
    let mut outcomes = Vec::with_capacity(orders.len());
    for order in orders {
        outcomes.push(if taken.insert(order.id.clone()) {
            number += 1;
            Outcome::Locked(number)
        } else {
            Outcome::Taken
        });
    }
    if number == before {
        return Ok(outcomes);
    }
    let locked: Vec<(i64, &NewOrder)> = orders
        .iter()
        .zip(&outcomes)
        .filter_map(|(order, outcome)| match outcome {
            Outcome::Locked(number) => Some((*number, order)),
            Outcome::Taken => None,
        })
        .collect();
    rows_add(tx, catalogue, &locked).await?;
    tx.emit_many(
        locked
            .iter()
            .map(|(number, order)| fact(*number, order, promising))
            .collect(),
    )
    .await?;
    let owed = !matches!(promising, Promising::Held(_));
    for (locked_on, (from, to)) in days(&locked).into_iter().filter(|_| owed) {
        let asking = locked
            .first()
            .filter(|_| promising == Promising::Asking)
            .map(|(_, order)| order.id.as_str());
        promise_owe(tx, from, to, locked_on, asking).await?;
    }
    counter_set(tx, "order", number).await?;
    Ok(outcomes)
}

async fn rows_add(
    tx: &Tx,
    catalogue: &Catalogue,
    locked: &[(i64, &NewOrder)],
) -> Result<(), Error> {
    let distinct: HashMap<i64, &Configuration> = locked
        .iter()
        .map(|(_, order)| (order.configuration.number(), &order.configuration))
        .collect();
    configurations_add(tx, distinct.into_values()).await?;
    let mut loads = lane_loads_fetch(tx).await?;
    let mut rows = Vec::with_capacity(locked.len());
    for (number, order) in locked {
        let lane = loads.choose(catalogue, &order.city);
        let lane = lane.ok_or_else(|| Error::broken(format!("no lane leads to {}", order.city)))?;
        rows.push(OrderRow {
            number: *number,
            order,
            lane_no: lane.number,
            queueing: Queueing::Open,
        });
    }
    orders_add(tx, &rows).await?;
    lane_loads_add(tx, &loads).await
}

fn fact(number: i64, order: &NewOrder, promising: Promising<'_>) -> NewFact {
    let hold_id = match promising {
        Promising::Held(hold) => hold.to_owned(),
        Promising::Owed | Promising::Asking => String::new(),
    };
    NewFact {
        subject: order.id.clone(),
        on: order.locked_on,
        traceparent: order.traceparent.clone(),
        body: Kind::OrderLocked(OrderLocked {
            order_id: order.id.clone(),
            order_number: number,
            variant_id: order.variant_id.clone(),
            options: order.configuration.options(),
            priority: order.configuration.priority,
            locked_on: Some(date_pb(order.locked_on)),
            hold_id,
        }),
    }
}

/// The first and last number of each day of lock.
fn days(locked: &[(i64, &NewOrder)]) -> BTreeMap<Date, (i64, i64)> {
    let mut days: BTreeMap<Date, (i64, i64)> = BTreeMap::new();
    for (number, order) in locked {
        let day = days.entry(order.locked_on).or_insert((*number, *number));
        day.1 = *number;
    }
    days
}
