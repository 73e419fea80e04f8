//! Orders that have a slot of their own: bound to a confirmed hold when they arrive, and taken off it when they are built.
//!
//! It must not decide when an order is built. Invariants: SL-2 a slot has one order and an order one slot; an order that
//! fits no slot of the hold that it names takes its place in the queue like any other.

use std::collections::BTreeMap;

use takt_kernel::Date;
use takt_planning::feature::Config;
use takt_service::{Error, Tx};

use super::{
    hold::{EntryKind, Hold, HoldState},
    store::{entries_add, hold_fetch, hold_save, slots_lock},
};
use crate::product::store::{date_of, day_of};

/// An order that names a hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The order.
    pub order: i64,
    /// What was ordered.
    pub config: Config,
    /// The hold.
    pub hold: String,
}

/// An open order with a slot of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// The order.
    pub order: i64,
    /// What was ordered.
    pub config: Config,
    /// The day of the slot.
    pub on: Date,
}

/// Binds orders to slots of the holds that they name, the first order to the first day.
pub async fn orders_bind(tx: &Tx, bindings: &[Binding]) -> Result<(), Error> {
    if bindings.is_empty() {
        return Ok(());
    }
    slots_lock(tx).await?;
    let mut by_hold: BTreeMap<&str, Vec<&Binding>> = BTreeMap::new();
    for binding in bindings {
        by_hold.entry(&binding.hold).or_default().push(binding);
    }
    for (id, mut orders) in by_hold {
        let mut hold = match hold_fetch(tx, id).await {
            Ok(hold) if hold.state == HoldState::Confirmed => hold,
            Ok(_) | Err(Error::Missing { .. }) => {
                tracing::warn!(hold = id, "orders name a hold that keeps nothing for them");
                continue;
            }
            Err(error) => return Err(error),
        };
        orders.sort_by_key(|binding| binding.order);
        let mut rows = Vec::new();
        for binding in orders
            .iter()
            .filter(|binding| binding.config == hold.config)
        {
            if let Some(day) = hold.days.iter_mut().find(|day| day.unbound() > 0) {
                day.ordered += 1;
                rows.push(vec![
                    binding.order.into(),
                    hold.number.into(),
                    day_of(day.on).into(),
                    0i64.into(),
                ]);
            }
        }
        let columns = ["order_number", "hold_no", "build_on", "built"];
        tx.insert_many("hold_order", &columns, rows, "").await?;
        hold_save(tx, &hold).await?;
    }
    Ok(())
}

/// The open orders with a slot of their own, by day and number.
pub async fn bound_fetch(tx: &Tx) -> Result<Vec<Bound>, Error> {
    let sql = "SELECT b.order_number, o.config, b.build_on FROM hold_order AS b JOIN demand_order AS o ON o.order_number = b.order_number \
               WHERE b.built = 0 ORDER BY b.build_on, b.order_number";
    let rows = tx.rows(sql, vec![]).await?;
    let read = |row: &takt_service::Row| {
        Ok(Bound {
            order: row.try_get_by_index(0)?,
            config: Config(row.try_get_by_index(1)?),
            on: date_of(row.try_get_by_index(2)?),
        })
    };
    rows.iter().map(read).collect()
}

/// Takes the slots of orders that were built off their holds.
pub async fn slots_consume(tx: &Tx, orders: &[i64]) -> Result<(), Error> {
    let open = "SELECT COUNT(*) FROM hold_order WHERE built = 0";
    if orders.is_empty() || tx.number(open, vec![]).await? == 0 {
        return Ok(());
    }
    let list = || orders.iter().map(|order| vec![(*order).into()]).collect();
    let sql = "SELECT h.hold_id, b.build_on, COUNT(*) FROM v JOIN hold_order AS b ON b.order_number = v.order_number \
               JOIN hold AS h ON h.hold_no = b.hold_no WHERE b.built = 0 GROUP BY 1, 2 ORDER BY 1, 2";
    let mut built: BTreeMap<String, Vec<(Date, i64)>> = BTreeMap::new();
    for row in tx.rows_for(&["order_number"], list(), sql).await? {
        let on = date_of(row.try_get_by_index(1)?);
        let slots = built.entry(row.try_get_by_index(0)?).or_default();
        slots.push((on, row.try_get_by_index(2)?));
    }
    if built.is_empty() {
        return Ok(());
    }
    let version = slots_lock(tx).await?;
    for (id, slots) in built {
        let mut hold = hold_fetch(tx, &id).await?;
        for (on, vehicles) in &slots {
            consume(&mut hold, *on, *vehicles);
        }
        hold_save(tx, &hold).await?;
        let entry =
            |(on, vehicles): &(Date, i64)| (hold.number, *on, EntryKind::Consumed, *vehicles);
        entries_add(tx, version, &slots.iter().map(entry).collect::<Vec<_>>()).await?;
    }
    let sql = "UPDATE hold_order SET built = 1 WHERE order_number IN (SELECT order_number FROM v)";
    tx.exec_for(&["order_number"], list(), sql)
        .await
        .map(|_| ())
}

fn consume(hold: &mut Hold, on: Date, vehicles: i64) {
    for day in hold.days.iter_mut().filter(|day| day.on == on) {
        day.built += vehicles;
        day.kept -= vehicles;
    }
    if hold.days.iter().all(|day| day.kept == 0) {
        hold.state = HoldState::Consumed;
    }
}
