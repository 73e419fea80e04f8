//! The rows of vehicles in the hands of delivery.
//!
//! It must not know why a vehicle goes to an order. Invariant: OR-1, OR-2 are unique columns, and an order leaves the
//! queue by the statement that finds it open.

use std::collections::{BTreeMap, BTreeSet};

use takt_kernel::Date;
use takt_service::{Error, Row, Tx};

use super::{Allocated, BuiltVehicle, Candidate, Waiting, allocate, load_for, loads};
use crate::{
    order::Queueing,
    programme::Catalogue,
    rows::{counter_lock, counter_set, day, day_opt, get, list},
    shipment::{
        ShipmentNo, ShipmentState,
        store::{shipments_departed, shipments_grow, shipments_shrink},
    },
};

/// Takes vehicles in: gives them orders and loads.
pub(crate) async fn vehicles_receive(
    tx: &Tx,
    catalogue: &Catalogue,
    vehicles: &[BuiltVehicle],
) -> Result<(), Error> {
    if vehicles.is_empty() {
        return Ok(());
    }
    let before = counter_lock(tx, "vehicle").await?;
    let orders = candidates_fetch(tx, vehicles).await?;
    let waiting = waiting_fetch(tx, vehicles, &orders).await?;
    let mut allocated = allocate(vehicles, &orders, &waiting)?;
    let first = vehicles
        .iter()
        .map(|vehicle| vehicle.built_on)
        .min()
        .unwrap_or_default();
    let departed: BTreeSet<ShipmentNo> = shipments_departed(tx, first).await?.into_iter().collect();
    for one in &mut allocated {
        let order = one.order.filter(|_| one.vehicle.released);
        one.shipment = order.map(|order| load_for(one.vehicle.built_on, order.lane_no, &departed));
    }
    let loads = loads(allocated.iter().filter_map(|one| one.shipment), catalogue)?;
    shipments_grow(tx, &loads).await?;
    vehicles_add(tx, before, &allocated).await?;
    orders_close(
        tx,
        allocated
            .iter()
            .filter_map(|one| one.order.map(|order| order.order_no)),
    )
    .await?;
    counter_set(
        tx,
        "vehicle",
        before + i64::try_from(vehicles.len()).unwrap_or_default(),
    )
    .await
}

/// Releases vehicles that were kept back and gives those that have orders a load.
pub(crate) async fn vehicles_release(
    tx: &Tx,
    catalogue: &Catalogue,
    released: &[(String, Date)],
) -> Result<(), Error> {
    let Some(first) = released.iter().map(|(_, on)| *on).min() else {
        return Ok(());
    };
    // Whoever exchanges vehicles in the yard waits here, or has done so.
    counter_lock(tx, "vehicle").await?;
    let days: BTreeMap<&str, Date> = released
        .iter()
        .map(|(vin, on)| (vin.as_str(), *on))
        .collect();
    let query = "SELECT w.vin, w.vehicle_no, w.released_on, o.lane_no FROM v JOIN vehicle w ON w.vin = v.vin \
                 LEFT JOIN sales_order o ON o.order_no = w.order_no";
    let held = tx
        .rows_for(&["vin"], list(days.keys().copied()), query)
        .await?;
    if held.len() < days.len() {
        let known = held
            .iter()
            .map(|row| get(row, 0))
            .collect::<Result<BTreeSet<String>, Error>>()?;
        let unknown = days
            .keys()
            .find(|vin| !known.contains(**vin))
            .copied()
            .unwrap_or_default();
        return Err(Error::missing("vehicle", unknown));
    }
    let departed: BTreeSet<ShipmentNo> = shipments_departed(tx, first).await?.into_iter().collect();
    let mut rows = Vec::with_capacity(held.len());
    for row in &held {
        let (vin, number): (String, i64) = (get(row, 0)?, get(row, 1)?);
        let (known, lane_no): (Option<i64>, Option<i64>) = (get(row, 2)?, get(row, 3)?);
        // A vehicle that was released before keeps its day and its load.
        if known.is_none() {
            let on = days.get(vin.as_str()).copied().unwrap_or(first);
            rows.push((
                number,
                on,
                lane_no.map(|lane_no| load_for(on, lane_no, &departed)),
            ));
        }
    }
    rows.sort_unstable_by_key(|(number, ..)| *number);
    shipments_grow(
        tx,
        &loads(
            rows.iter().filter_map(|(_, _, shipment)| *shipment),
            catalogue,
        )?,
    )
    .await?;
    let rows = rows.iter().map(|(number, on, shipment)| {
        vec![
            (*number).into(),
            day(*on),
            shipment.map(ShipmentNo::value).into(),
        ]
    });
    let set = [
        "released_on = v.released_on",
        "shipment_no = CAST(v.shipment_no AS BIGINT)",
    ];
    let columns = ["vehicle_no", "released_on", "shipment_no"];
    tx.update_many(
        "vehicle",
        &["vehicle_no"],
        &set,
        &columns,
        rows.collect(),
        "t.released_on IS NULL",
    )
    .await?;
    Ok(())
}

/// Keeps vehicles back: they leave the loads that have not left; what has left the plant stays where it is.
pub(crate) async fn vehicles_hold(tx: &Tx, held: &[String]) -> Result<(), Error> {
    let vins: BTreeSet<&str> = held.iter().map(String::as_str).collect();
    counter_lock(tx, "vehicle").await?;
    let query = "SELECT w.vin, w.vehicle_no, w.shipment_no, COALESCE(s.state, 0) FROM v JOIN vehicle w ON w.vin = v.vin \
                 LEFT JOIN shipment s ON s.shipment_no = w.shipment_no";
    let found = tx
        .rows_for(&["vin"], list(vins.iter().copied()), query)
        .await?;
    let (mut known, mut rows) = (BTreeSet::new(), Vec::new());
    let mut loads: BTreeMap<ShipmentNo, i64> = BTreeMap::new();
    for row in &found {
        known.insert(get::<String>(row, 0)?);
        let (number, shipment): (i64, Option<i64>) = (get(row, 1)?, get(row, 2)?);
        let state: i64 = get(row, 3)?;
        if state > ShipmentState::Planned.code() {
            continue;
        }
        rows.push(vec![number.into()]);
        if let Some(shipment) = shipment {
            *loads.entry(ShipmentNo::of_value(shipment)).or_default() += 1;
        }
    }
    if let Some(unknown) = vins.iter().find(|vin| !known.contains(**vin)) {
        return Err(Error::missing("vehicle", unknown));
    }
    shipments_shrink(tx, &loads).await?;
    let held = "UPDATE vehicle SET released_on = NULL, shipment_no = NULL WHERE vehicle_no IN (SELECT vehicle_no FROM v)";
    tx.exec_for(&["vehicle_no"], rows, held).await.map(|_| ())
}

fn candidate(row: &Row, from: usize) -> Result<Candidate, Error> {
    let state: i64 = get(row, from + 3)?;
    Ok(Candidate {
        order_no: get(row, from)?,
        config_no: get(row, from + 1)?,
        lane_no: get(row, from + 2)?,
        queueing: Queueing::of_code(state)
            .ok_or_else(|| Error::broken(format!("order state {state}")))?,
    })
}

async fn candidates_fetch(
    tx: &Tx,
    vehicles: &[BuiltVehicle],
) -> Result<BTreeMap<String, Candidate>, Error> {
    let ids: BTreeSet<&str> = vehicles
        .iter()
        .map(|vehicle| vehicle.order_id.as_str())
        .filter(|id| !id.is_empty())
        .collect();
    let query = "SELECT o.order_id, o.order_no, o.config_no, o.lane_no, o.state FROM v JOIN sales_order o ON o.order_id = v.order_id";
    let rows = tx.rows_for(&["order_id"], list(ids), query).await?;
    rows.iter()
        .map(|row| Ok((get(row, 0)?, candidate(row, 1)?)))
        .collect()
}

/// The orders that could take the vehicles whose own order cannot: rarely any, so the usual day asks nothing.
async fn waiting_fetch(
    tx: &Tx,
    vehicles: &[BuiltVehicle],
    orders: &BTreeMap<String, Candidate>,
) -> Result<Waiting, Error> {
    let mut wanted = BTreeSet::new();
    let mut strays: BTreeMap<i64, i64> = BTreeMap::new();
    for order in vehicles
        .iter()
        .filter_map(|vehicle| orders.get(&vehicle.order_id))
    {
        if order.queueing != Queueing::Open || !wanted.insert(order.order_no) {
            *strays.entry(order.config_no).or_default() += 1;
        }
    }
    let mut waiting = Waiting::new();
    for (config_no, count) in strays {
        // An order whose change is under way may be another one in production already. Priority belongs to the configuration, so the number alone is the order of the queue.
        let sql = "SELECT o.order_no, o.config_no, o.lane_no, o.state FROM sales_order o WHERE o.config_no = $1 AND o.state = 0 \
                   AND NOT EXISTS (SELECT 1 FROM order_change h WHERE h.order_no = o.order_no AND h.state = 1) ORDER BY o.order_no LIMIT $2";
        let limit = count + i64::try_from(vehicles.len()).unwrap_or(i64::MAX);
        let rows = tx.rows(sql, vec![config_no.into(), limit.into()]).await?;
        waiting.insert(
            config_no,
            rows.iter()
                .map(|row| candidate(row, 0))
                .collect::<Result<_, Error>>()?,
        );
    }
    Ok(waiting)
}

async fn vehicles_add(tx: &Tx, before: i64, allocated: &[Allocated]) -> Result<(), Error> {
    let rows = allocated.iter().zip(before + 1..).map(|(one, number)| {
        let vehicle = &one.vehicle;
        vec![
            number.into(),
            vehicle.vin.as_str().into(),
            one.order.map(|order| order.order_no).into(),
            one.config_no.into(),
            vehicle.build_no.into(),
            day(vehicle.built_on),
            day_opt(vehicle.released.then_some(vehicle.built_on)),
            one.shipment.map(ShipmentNo::value).into(),
        ]
    });
    let columns = [
        "vehicle_no",
        "vin",
        "order_no",
        "config_no",
        "build_no",
        "built_on",
        "released_on",
        "shipment_no",
    ];
    tx.insert_many("vehicle", &columns, rows.collect(), "")
        .await?;
    Ok(())
}

async fn orders_close(tx: &Tx, orders: impl Iterator<Item = i64>) -> Result<(), Error> {
    let mut orders: Vec<i64> = orders.collect();
    orders.sort_unstable();
    let count = orders.len();
    let rows = orders
        .into_iter()
        .map(|order_no| vec![order_no.into(), Queueing::Allocated.code().into()])
        .collect();
    let closed = tx.update_many(
        "sales_order",
        &["order_no"],
        &["state = v.state"],
        &["order_no", "state"],
        rows,
        "t.state = 0",
    );
    if usize::try_from(closed.await?).is_ok_and(|closed| closed == count) {
        Ok(())
    } else {
        Err(Error::Conflict {
            detail: "an order was cancelled beside its allocation".to_owned(),
        })
    }
}
