//! The rows of what waits to be built, by variant.
//!
//! It must not know how a day is decided. Invariant: vehicles that were pulled out come first, then orders with a slot of their
//! own whose day has come, then open orders without one, oldest first; an order with a slot never comes before its day.

use std::collections::BTreeSet;

use takt_kernel::Date;
use takt_planning::feature::Config;
use takt_service::{Error, Tx};

use super::Waiting;
use crate::{
    product::store::{index_of, number_of},
    promise::bound::Bound,
};

/// What waits by variant, and whether a variant's queue goes on behind what was read.
pub type Queues = (Vec<Vec<Waiting>>, Vec<bool>);

impl From<&Bound> for Waiting {
    fn from(bound: &Bound) -> Self {
        Self {
            order_number: bound.order,
            config: bound.config,
            serial: None,
        }
    }
}

/// What a day can build of each of `width` variants, at most `most` open orders of it; `bound` are the orders with slots of their own.
///
/// # Errors
/// What the database said.
pub async fn queues_fetch(
    tx: &Tx,
    width: usize,
    on: Date,
    bound: &[Bound],
    most: &[i64],
) -> Result<Queues, Error> {
    let (mut queues, mut cuts) = (vec![Vec::new(); width], vec![false; width]);
    let pulled = "SELECT variant_no, order_number, config, serial FROM vehicle WHERE build_number IS NULL ORDER BY serial";
    for row in tx.rows(pulled, vec![]).await? {
        if let Some(queue) = queues.get_mut(index_of(row.try_get_by_index(0)?)) {
            queue.push(Waiting {
                order_number: row.try_get_by_index(1)?,
                // Which engineering changes it gets is settled when it is built.
                config: Config(row.try_get_by_index(2)?).ordered(),
                serial: Some(row.try_get_by_index(3)?),
            });
        }
    }
    let apart: BTreeSet<i64> = bound.iter().map(|one| one.order).collect();
    let pulled: BTreeSet<i64> = queues
        .iter()
        .flatten()
        .map(|waiting| waiting.order_number)
        .collect();
    for due in bound
        .iter()
        .filter(|one| one.on <= on && !pulled.contains(&one.order))
    {
        if let Some(queue) = queues.get_mut(due.config.variant()) {
            queue.push(due.into());
        }
    }
    let open = "SELECT order_number, config FROM demand_order WHERE variant_no = $1 AND state = 0 ORDER BY queue_rank, order_number LIMIT $2";
    for (variant, (queue, cut)) in queues.iter_mut().zip(&mut cuts).enumerate() {
        let most = most.get(variant).copied().unwrap_or(0) + count(apart.len());
        let rows = tx
            .rows(open, vec![number_of(variant).into(), most.into()])
            .await?;
        *cut = count(rows.len()) == most;
        for row in rows {
            let order_number = row.try_get_by_index(0)?;
            if apart.contains(&order_number) {
                continue;
            }
            queue.push(Waiting {
                order_number,
                config: Config(row.try_get_by_index(1)?),
                serial: None,
            });
        }
    }
    Ok((queues, cuts))
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
