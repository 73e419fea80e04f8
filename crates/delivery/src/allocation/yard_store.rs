//! The rows of the yard: vehicles with their orders, loads and whatever keeps them back, and exchanges among them.
//!
//! It must not know when an exchange is allowed. Invariants: OR-1 and OR-2 hold after every statement; who changes the yard has the gate
//! and the lock of the vehicle counter, so that what was read still holds.

use std::collections::{BTreeMap, BTreeSet};

use takt_kernel::Date;
use takt_service::{Error, Row, Tx, Value};

use super::{
    changes::{Change, Why, changes_add},
    gone::queue_changed,
    load_for, loads,
    yard::{YardOrder, YardVehicle},
};
use crate::{
    order::Queueing,
    programme::Catalogue,
    recall::store::gate_hold,
    rows::{counter_lock, date, date_opt, day, get},
    shipment::{
        ShipmentNo,
        store::{shipments_departed, shipments_grow, shipments_shrink},
    },
};

/// The exception by which vehicle `w` was lost or written off, as a column; NULL of others.
pub(crate) const GONE: &str = "(SELECT MIN(x.line_no) FROM transport_exception x WHERE x.vin = w.vin AND x.ended_by IN (3, 5))";

/// A recall that keeps vehicle `w` from leaving, as a column; NULL where none does.
pub(crate) const STOPPED: &str = "(SELECT MIN(r.recall_id) FROM recall r WHERE r.stop_ship > 0 AND (EXISTS (SELECT 1 FROM recall_vehicle k \
     WHERE k.recall_no = r.recall_no AND k.vin = w.vin AND k.affected = 1 AND k.state NOT IN (4, 6)) \
     OR EXISTS (SELECT 1 FROM recall_check k WHERE k.recall_no = r.recall_no AND k.vin = w.vin)))";

/// Takes the turn of whoever changes the yard.
pub(crate) async fn yard_hold(tx: &Tx) -> Result<(), Error> {
    gate_hold(tx).await?;
    counter_lock(tx, "vehicle").await.map(|_| ())
}

fn select() -> String {
    format!(
        "SELECT w.vehicle_no, w.vin, w.built_on, w.released_on, w.shipment_no, s.state, c.config_no, c.variant_no, c.options, \
         o.order_no, o.order_id, o.config_no, o.lane_no, o.state, p.deliver_on, {STOPPED} AS stopped, {GONE} AS gone \
         FROM vehicle w LEFT JOIN shipment s ON s.shipment_no = w.shipment_no \
         LEFT JOIN configuration c ON c.config_no = w.config_no LEFT JOIN sales_order o ON o.order_no = w.order_no \
         LEFT JOIN promise p ON p.order_no = o.order_no \
         AND NOT EXISTS (SELECT 1 FROM promise l WHERE l.order_no = p.order_no AND l.promise_no > p.promise_no)"
    )
}

fn order_at(row: &Row, at: usize) -> Result<Option<YardOrder>, Error> {
    let Some(order_no) = get::<Option<i64>>(row, at)? else {
        return Ok(None);
    };
    let state: i64 = get(row, at + 4)?;
    Ok(Some(YardOrder {
        order_no,
        id: get(row, at + 1)?,
        config_no: get(row, at + 2)?,
        lane_no: get(row, at + 3)?,
        queueing: Queueing::of_code(state)
            .ok_or_else(|| Error::broken(format!("order state {state}")))?,
        promised_on: date_opt(row, at + 5)?,
    }))
}

fn read(row: &Row) -> Result<YardVehicle, Error> {
    let config = match get::<Option<i64>>(row, 6)? {
        Some(number) => Some((number, get(row, 7)?, get(row, 8)?)),
        None => None,
    };
    let load = get::<Option<i64>>(row, 4)?.map(ShipmentNo::of_value);
    Ok(YardVehicle {
        vehicle_no: get(row, 0)?,
        vin: get(row, 1)?,
        config,
        built_on: date(row, 2)?,
        released_on: date_opt(row, 3)?,
        order: order_at(row, 9)?,
        load: load.zip(get::<Option<i64>>(row, 5)?),
        stopped_by: get(row, 15)?,
        gone: get::<Option<i64>>(row, 16)?.is_some(),
    })
}

/// A vehicle, wherever it is.
pub(crate) async fn yard_vehicle(tx: &Tx, vin: &str) -> Result<YardVehicle, Error> {
    let sql = format!("{} WHERE w.vin = $1", select());
    let row = tx.one(&sql, vec![vin.into()]).await?;
    read(&row.ok_or_else(|| Error::missing("vehicle", vin))?)
}

/// An order with its vehicle; None while it has none.
pub(crate) async fn order_vehicle(
    tx: &Tx,
    id: &str,
) -> Result<(YardOrder, Option<YardVehicle>), Error> {
    let sql = "SELECT o.order_no, o.order_id, o.config_no, o.lane_no, o.state, p.deliver_on FROM sales_order o \
               LEFT JOIN promise p ON p.order_no = o.order_no \
               AND NOT EXISTS (SELECT 1 FROM promise l WHERE l.order_no = p.order_no AND l.promise_no > p.promise_no) \
               WHERE o.order_id = $1";
    let missing = || Error::missing("order", id);
    let row = tx.one(sql, vec![id.into()]).await?.ok_or_else(missing)?;
    let order = order_at(&row, 0)?.ok_or_else(missing)?;
    let sql = format!("{} WHERE w.order_no = $1", select());
    let row = tx.one(&sql, vec![order.order_no.into()]).await?;
    Ok((order, row.map(|row| read(&row)).transpose()?))
}

/// Which vehicles of the yard to list; all conditions hold together.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct YardFilter {
    /// Only those for nobody.
    pub(crate) stock: bool,
    /// Only those that were completed on this day or earlier.
    pub(crate) built_until: Option<Date>,
}

/// The next vehicles that have not left, behind a number.
pub(crate) async fn yard_list(
    tx: &Tx,
    filter: YardFilter,
    after: i64,
    limit: i64,
) -> Result<Vec<YardVehicle>, Error> {
    let mut sql = format!(
        "{} WHERE w.vehicle_no > $1 AND w.handed_over_on IS NULL AND COALESCE(s.state, 1) = 1 AND {GONE} IS NULL",
        select()
    );
    let mut values: Vec<Value> = vec![after.into()];
    if filter.stock {
        sql.push_str(" AND w.order_no IS NULL");
    }
    if let Some(until) = filter.built_until {
        values.push(day(until));
        sql.push_str(&format!(" AND w.built_on <= ${}", values.len()));
    }
    values.push(limit.into());
    sql.push_str(&format!(" ORDER BY w.vehicle_no LIMIT ${}", values.len()));
    tx.rows(&sql, values).await?.iter().map(read).collect()
}

/// The vehicles with orders that stand on loads that have not left, by configuration.
pub(crate) async fn yard_allocated(tx: &Tx) -> Result<BTreeMap<i64, Vec<YardVehicle>>, Error> {
    let sql = format!(
        "{} WHERE w.handed_over_on IS NULL AND s.state = 1 AND w.order_no IS NOT NULL ORDER BY w.vehicle_no",
        select()
    );
    let mut by_config: BTreeMap<i64, Vec<YardVehicle>> = BTreeMap::new();
    for row in tx.rows(&sql, vec![]).await? {
        let vehicle = read(&row)?;
        if let Some((number, ..)) = &vehicle.config {
            by_config.entry(*number).or_default().push(vehicle);
        }
    }
    Ok(by_config)
}

/// Gives a vehicle from stock to an order that waits.
pub(crate) async fn vehicle_give(
    tx: &Tx,
    catalogue: &Catalogue,
    vehicle: &YardVehicle,
    order: &YardOrder,
    on: Date,
) -> Result<(), Error> {
    place(tx, catalogue, &[(vehicle, order)], on).await?;
    // While production is asked to change the order nobody knows what it will be.
    let sql = "UPDATE sales_order SET state = $1 WHERE order_no = $2 AND state = $3 \
               AND NOT EXISTS (SELECT 1 FROM order_change h WHERE h.order_no = sales_order.order_no AND h.state = 1)";
    let values = vec![
        Queueing::Allocated.code().into(),
        order.order_no.into(),
        Queueing::Open.code().into(),
    ];
    if tx.exec(sql, values).await? != 1 {
        return Err(Error::stale("order", &order.id));
    }
    let change = Change {
        order_no: order.order_no,
        on,
        why: Why::Stock,
        vin: vehicle.vin.clone(),
        before: String::new(),
    };
    changes_add(tx, &[change]).await?;
    queue_changed(tx).await
}

/// Lets two orders exchange their vehicles. On one lane the vehicles keep their loads; otherwise each goes to a load of its new lane.
pub(crate) async fn vehicles_swap(
    tx: &Tx,
    catalogue: &Catalogue,
    (one, order): (&YardVehicle, &YardOrder),
    (other, other_order): (&YardVehicle, &YardOrder),
    on: Date,
) -> Result<(), Error> {
    let pairs = [(one, other_order), (other, order)];
    if order.lane_no == other_order.lane_no {
        let loads = [one, other].map(|vehicle| vehicle.load.map(|(load, _)| load));
        detach(tx, &[one, other]).await?;
        for ((vehicle, order), load) in pairs.iter().zip(loads) {
            attach(tx, vehicle, order, load).await?;
        }
    } else {
        place(tx, catalogue, &pairs, on).await?;
    }
    let change =
        |order: &YardOrder, with: &YardOrder, vin: &YardVehicle, before: &YardVehicle| Change {
            order_no: order.order_no,
            on,
            why: Why::Swap(with.order_no),
            vin: vin.vin.clone(),
            before: before.vin.clone(),
        };
    let changes = [
        change(order, other_order, other, one),
        change(other_order, order, one, other),
    ];
    changes_add(tx, &changes).await
}

/// Takes vehicles off their loads and puts each, for its order, on the next load of the order's lane.
async fn place(
    tx: &Tx,
    catalogue: &Catalogue,
    pairs: &[(&YardVehicle, &YardOrder)],
    on: Date,
) -> Result<(), Error> {
    let vehicles: Vec<&YardVehicle> = pairs.iter().map(|(vehicle, _)| *vehicle).collect();
    detach(tx, &vehicles).await?;
    let mut off: BTreeMap<ShipmentNo, i64> = BTreeMap::new();
    for (load, _) in vehicles.iter().filter_map(|vehicle| vehicle.load) {
        *off.entry(load).or_default() += 1;
    }
    shipments_shrink(tx, &off).await?;
    let departed: BTreeSet<ShipmentNo> = shipments_departed(tx, on).await?.into_iter().collect();
    for (vehicle, order) in pairs {
        let from = vehicle.leaves_from(on);
        let load = from.map(|from| load_for(from, order.lane_no, &departed));
        shipments_grow(tx, &loads(load, catalogue)?).await?;
        attach(tx, vehicle, order, load).await?;
    }
    Ok(())
}

/// Takes vehicles from their orders and loads, as they were read.
async fn detach(tx: &Tx, vehicles: &[&YardVehicle]) -> Result<(), Error> {
    let sql = "UPDATE vehicle SET order_no = NULL, shipment_no = NULL WHERE vehicle_no = $1 AND handed_over_on IS NULL \
               AND COALESCE(order_no, 0) = $2 AND COALESCE(shipment_no, 0) = $3";
    for vehicle in vehicles {
        let order = vehicle.order.as_ref().map_or(0, |order| order.order_no);
        let load = vehicle.load.map_or(0, |(load, _)| load.value());
        let values = vec![vehicle.vehicle_no.into(), order.into(), load.into()];
        if tx.exec(sql, values).await? != 1 {
            return Err(Error::stale("vehicle", &vehicle.vin));
        }
    }
    Ok(())
}

async fn attach(
    tx: &Tx,
    vehicle: &YardVehicle,
    order: &YardOrder,
    load: Option<ShipmentNo>,
) -> Result<(), Error> {
    let sql =
        "UPDATE vehicle SET order_no = $1, shipment_no = CAST($2 AS BIGINT) WHERE vehicle_no = $3";
    let values = vec![
        order.order_no.into(),
        load.map(ShipmentNo::value).into(),
        vehicle.vehicle_no.into(),
    ];
    tx.exec(sql, values).await.map(|_| ())
}
