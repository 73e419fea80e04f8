//! What becomes of an order whose vehicle is lost or written off: it takes one of its configuration from stock, or it waits again.
//!
//! It must not know why the vehicle is gone. Invariants: TX-2 a vehicle that is gone has neither order nor load, and a load without
//! vehicles is none; an order that waits again is seen by whoever keeps the queue in memory. Production is not asked for another vehicle:
//! it has no word for building an order twice, so an order that waits takes the next stray one of its configuration.

use std::collections::{BTreeMap, BTreeSet};

use takt_kernel::Date;
use takt_service::{Error, Tx};

use super::{
    changes::{Change, Why, changes_add},
    load_for, loads,
    yard_store::{GONE, STOPPED},
};
use crate::{
    exception::Book,
    order::Queueing,
    programme::Catalogue,
    rows::{counter_lock, counter_set, date, get, list},
    shipment::{
        ShipmentNo, ShipmentState,
        store::{shipments_departed, shipments_grow},
    },
};

/// A vehicle from stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Free {
    /// Its number in the yard.
    pub(crate) vehicle_no: i64,
    /// The vehicle.
    pub(crate) vin: String,
    /// What was built.
    pub(crate) config_no: i64,
    /// Since when it may leave.
    pub(crate) released_on: Date,
}

/// An order without its vehicle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bereft {
    /// The order.
    pub(crate) order_no: i64,
    /// What was ordered.
    pub(crate) config_no: i64,
    /// The lane to its city.
    pub(crate) lane_no: i64,
}

/// Gives orders, by their place in the queue, the vehicles of their configurations that have stood longest.
pub(crate) fn serve(orders: &[Bereft], stock: &[Free]) -> BTreeMap<i64, Free> {
    let mut orders = orders.to_vec();
    orders.sort_unstable_by_key(|order| order.order_no);
    let mut taken = BTreeSet::new();
    let mut served = BTreeMap::new();
    for order in orders {
        let fits = stock.iter().filter(|one| one.config_no == order.config_no);
        let mut fits = fits.filter(|one| !taken.contains(&one.vehicle_no));
        if let Some(one) = fits.next() {
            taken.insert(one.vehicle_no);
            served.insert(order.order_no, one.clone());
        }
    }
    served
}

/// Takes the vehicles that are gone off their orders and loads, and serves the orders or lets them wait again. Under the gate.
pub(crate) async fn vehicles_part(
    tx: &Tx,
    catalogue: &Catalogue,
    book: &mut Book,
) -> Result<(), Error> {
    let gone = book.gone().to_vec();
    let Some(first) = gone.iter().map(|(_, _, on)| *on).min() else {
        return Ok(());
    };
    counter_lock(tx, "vehicle").await?;
    let off = "UPDATE vehicle SET order_no = NULL, shipment_no = NULL WHERE handed_over_on IS NULL AND order_no IS NOT NULL \
               AND vehicle_no IN (SELECT vehicle_no FROM v)";
    let numbers = list(gone.iter().map(|(aboard, ..)| aboard.vehicle_no));
    let parted = tx.exec_for(&["vehicle_no"], numbers, off).await?;
    if !usize::try_from(parted).is_ok_and(|parted| parted == gone.len()) {
        return Err(Error::Conflict {
            detail: "a vehicle was handed over beside its loss".to_owned(),
        });
    }
    let mut counts: BTreeMap<ShipmentNo, i64> = BTreeMap::new();
    for (aboard, ..) in &gone {
        *counts.entry(aboard.shipment).or_default() += 1;
    }
    lighten(tx, &counts).await?;
    let orders = bereft_fetch(tx, gone.iter().map(|(aboard, ..)| aboard.order_no)).await?;
    let mut stock = stock_fetch(tx, &orders).await?;
    // What is gone just now stands in no row yet.
    let lost: BTreeSet<i64> = gone.iter().map(|(aboard, ..)| aboard.vehicle_no).collect();
    stock.retain(|free| !lost.contains(&free.vehicle_no));
    let mut served = serve(&orders, &stock);
    let lane_of: BTreeMap<i64, i64> = orders
        .iter()
        .map(|order| (order.order_no, order.lane_no))
        .collect();
    let departed: BTreeSet<ShipmentNo> = shipments_departed(tx, first).await?.into_iter().collect();
    let (mut onto, mut rows, mut changes, mut waits) = (vec![], vec![], vec![], vec![]);
    for (aboard, number, on) in &gone {
        let Some(free) = served.remove(&aboard.order_no) else {
            waits.push(vec![aboard.order_no.into()]);
            continue;
        };
        let lane_no = lane_of.get(&aboard.order_no).copied().unwrap_or_default();
        let load = load_for(free.released_on.max(*on), lane_no, &departed);
        onto.push(load);
        let row = [free.vehicle_no, aboard.order_no, load.value()];
        rows.push(row.map(takt_service::Value::from).to_vec());
        book.replaced(*number, &free.vin);
        changes.push(Change {
            order_no: aboard.order_no,
            on: *on,
            why: Why::Replaced,
            vin: free.vin,
            before: aboard.vin.clone(),
        });
    }
    shipments_grow(tx, &loads(onto, catalogue)?).await?;
    let columns = ["vehicle_no", "order_no", "shipment_no"];
    let set = ["order_no = v.order_no", "shipment_no = v.shipment_no"];
    tx.update_many(
        "vehicle",
        &["vehicle_no"],
        &set,
        &columns,
        rows,
        "t.order_no IS NULL",
    )
    .await?;
    changes_add(tx, &changes).await?;
    if waits.is_empty() {
        return Ok(());
    }
    let open = format!(
        "UPDATE sales_order SET state = {} WHERE state = {} AND order_no IN (SELECT order_no FROM v)",
        Queueing::Open.code(),
        Queueing::Allocated.code()
    );
    tx.exec_for(&["order_no"], waits, &open).await?;
    queue_changed(tx).await
}

/// Says that the queue is another one than whoever keeps it in memory can follow by counting: it is read anew as after promises of others.
pub(super) async fn queue_changed(tx: &Tx) -> Result<(), Error> {
    let promises = counter_lock(tx, "promise").await?;
    counter_set(tx, "promise", promises + 1).await
}

/// Takes vehicles off loads that have left; a load without vehicles is none, and one whose others are all handed over is delivered.
async fn lighten(tx: &Tx, counts: &BTreeMap<ShipmentNo, i64>) -> Result<(), Error> {
    let rows = || -> Vec<Vec<takt_service::Value>> {
        let row =
            |(number, count): (&ShipmentNo, &i64)| vec![number.value().into(), (*count).into()];
        counts.iter().map(row).collect()
    };
    let columns = ["shipment_no", "vehicle_count"];
    let emptied = "DELETE FROM shipment WHERE EXISTS (SELECT 1 FROM v WHERE v.shipment_no = shipment.shipment_no \
                   AND v.vehicle_count = shipment.vehicle_count)";
    let emptied = tx.exec_for(&columns, rows(), emptied).await?;
    let state = format!(
        "state = CASE WHEN t.state = {} AND t.handed_over_count = t.vehicle_count - v.vehicle_count THEN {} ELSE t.state END",
        ShipmentState::Arrived.code(),
        ShipmentState::Delivered.code()
    );
    let set = [
        "vehicle_count = t.vehicle_count - v.vehicle_count",
        state.as_str(),
    ];
    let more = "t.vehicle_count > v.vehicle_count";
    let lightened = tx
        .update_many("shipment", &["shipment_no"], &set, &columns, rows(), more)
        .await?;
    if usize::try_from(emptied + lightened).is_ok_and(|changed| changed == counts.len()) {
        Ok(())
    } else {
        Err(Error::Conflict {
            detail: "a shipment changed beside a loss".to_owned(),
        })
    }
}

async fn bereft_fetch(
    tx: &Tx,
    orders: impl IntoIterator<Item = i64>,
) -> Result<Vec<Bereft>, Error> {
    let query = "SELECT o.order_no, o.config_no, o.lane_no FROM v JOIN sales_order o ON o.order_no = v.order_no";
    let rows = tx.rows_for(&["order_no"], list(orders), query).await?;
    let read = |row| {
        Ok(Bereft {
            order_no: get(row, 0)?,
            config_no: get(row, 1)?,
            lane_no: get(row, 2)?,
        })
    };
    rows.iter().map(read).collect()
}

/// The vehicles of the configurations of orders that nobody has and nothing keeps back, as they came.
async fn stock_fetch(tx: &Tx, orders: &[Bereft]) -> Result<Vec<Free>, Error> {
    let configs: BTreeSet<i64> = orders.iter().map(|order| order.config_no).collect();
    let query = format!(
        "SELECT w.vehicle_no, w.vin, w.config_no, w.released_on FROM v JOIN vehicle w ON w.config_no = v.config_no \
         WHERE w.order_no IS NULL AND w.released_on IS NOT NULL AND {GONE} IS NULL AND {STOPPED} IS NULL ORDER BY w.vehicle_no"
    );
    let rows = tx.rows_for(&["config_no"], list(configs), &query).await?;
    let read = |row| {
        Ok(Free {
            vehicle_no: get(row, 0)?,
            vin: get(row, 1)?,
            config_no: get(row, 2)?,
            released_on: date(row, 3)?,
        })
    };
    rows.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::sample::date;

    #[test]
    fn the_first_of_the_queue_takes_what_stood_longest() {
        let order = |order_no, config_no| Bereft {
            order_no,
            config_no,
            lane_no: 80,
        };
        let free = |vehicle_no, config_no| Free {
            vehicle_no,
            vin: format!("V{vehicle_no}"),
            config_no,
            released_on: date("2024-04-01"),
        };
        let orders = [order(9, 5), order(3, 5), order(4, 6), order(5, 5)];
        let served = serve(&orders, &[free(1, 5), free(2, 7), free(3, 5)]);
        let told: Vec<_> = served
            .iter()
            .map(|(order, free)| (*order, free.vehicle_no))
            .collect();
        assert_eq!(told, [(3, 1), (5, 3)]);
    }
}
