//! The rows that a handover reads and changes.
//!
//! It must not know when a handover is allowed. Invariant: a load counts the handovers of its vehicles in the
//! transaction that makes them.

use std::collections::BTreeMap;

use takt_kernel::Date;
use takt_service::{Error, Tx};

use super::Waiting;
use crate::{
    rows::{date, date_opt, day, get, list},
    shipment::{ShipmentNo, ShipmentState},
};

/// Those of some vehicles that are known, by identification number.
pub(crate) async fn waiting_fetch(
    tx: &Tx,
    vins: impl IntoIterator<Item = &str>,
) -> Result<BTreeMap<String, Waiting>, Error> {
    let query = "SELECT w.vin, w.vehicle_no, o.order_id, o.traceparent, w.shipment_no, s.arrived_on, w.handed_over_on FROM v \
                 JOIN vehicle w ON w.vin = v.vin LEFT JOIN sales_order o ON o.order_no = w.order_no \
                 LEFT JOIN shipment s ON s.shipment_no = w.shipment_no";
    let rows = tx.rows_for(&["vin"], list(vins), query).await?;
    let read = |row| {
        let order = get::<Option<String>>(row, 2)?;
        let traceparent = get::<Option<String>>(row, 3)?;
        let waiting = Waiting {
            vehicle_no: get(row, 1)?,
            order: order.map(|order| (order, traceparent)),
            shipment: get::<Option<i64>>(row, 4)?.map(ShipmentNo::of_value),
            arrived_on: date_opt(row, 5)?,
            handed_over_on: date_opt(row, 6)?,
        };
        Ok((get(row, 0)?, waiting))
    };
    rows.iter().map(read).collect()
}

/// Saves handovers by the numbers of vehicles and counts them on their loads.
pub(crate) async fn handovers_save(tx: &Tx, done: &[(i64, Date, ShipmentNo)]) -> Result<(), Error> {
    let mut counts: BTreeMap<ShipmentNo, i64> = BTreeMap::new();
    for (_, _, shipment) in done {
        *counts.entry(*shipment).or_default() += 1;
    }
    let days: BTreeMap<i64, Date> = done.iter().map(|(number, on, _)| (*number, *on)).collect();
    let rows = days
        .iter()
        .map(|(number, on)| vec![(*number).into(), day(*on)])
        .collect();
    let set = ["handed_over_on = v.handed_over_on"];
    let columns = ["vehicle_no", "handed_over_on"];
    let changed = tx
        .update_many(
            "vehicle",
            &["vehicle_no"],
            &set,
            &columns,
            rows,
            "t.handed_over_on IS NULL",
        )
        .await?;
    if usize::try_from(changed).is_ok_and(|changed| changed != done.len()) {
        return Err(Error::Conflict {
            detail: "a vehicle was handed over beside this handover".to_owned(),
        });
    }
    let rows = counts
        .into_iter()
        .map(|(shipment, count)| vec![shipment.value().into(), count.into()])
        .collect();
    let delivered = format!(
        "state = CASE WHEN t.handed_over_count + v.handed_over_count = t.vehicle_count THEN {} ELSE t.state END",
        ShipmentState::Delivered.code()
    );
    let set = [
        "handed_over_count = t.handed_over_count + v.handed_over_count",
        delivered.as_str(),
    ];
    tx.update_many(
        "shipment",
        &["shipment_no"],
        &set,
        &["shipment_no", "handed_over_count"],
        rows,
        "",
    )
    .await?;
    Ok(())
}

/// A vehicle that waits for its customer.
pub(crate) struct Ready {
    /// The vehicle.
    pub(crate) vin: String,
    /// The load that brought it.
    pub(crate) shipment: ShipmentNo,
    /// Its order.
    pub(crate) order_id: String,
    /// The lane to its city.
    pub(crate) lane_no: i64,
    /// Since when it waits.
    pub(crate) arrived_on: Date,
}

/// The next vehicles that wait, behind a load and a vehicle: by load, then by identification number.
pub(crate) async fn ready_list(
    tx: &Tx,
    after: &(ShipmentNo, String),
    limit: i64,
) -> Result<Vec<Ready>, Error> {
    let sql = format!(
        "SELECT w.vin, s.shipment_no, o.order_id, s.lane_no, s.arrived_on FROM shipment s \
         JOIN vehicle w ON w.shipment_no = s.shipment_no JOIN sales_order o ON o.order_no = w.order_no \
         WHERE s.state = {} AND s.shipment_no >= $1 AND w.handed_over_on IS NULL AND (s.shipment_no > $1 OR w.vin > $2) \
         AND NOT EXISTS (SELECT 1 FROM transport_exception x WHERE x.vin = w.vin AND x.kind = 2 AND x.ended_by IS NULL) \
         ORDER BY s.shipment_no, w.vin LIMIT $3",
        ShipmentState::Arrived.code()
    );
    let rows = tx
        .rows(
            &sql,
            vec![
                after.0.value().into(),
                after.1.as_str().into(),
                limit.into(),
            ],
        )
        .await?;
    let read = |row| {
        Ok(Ready {
            vin: get(row, 0)?,
            shipment: ShipmentNo::of_value(get(row, 1)?),
            order_id: get(row, 2)?,
            lane_no: get(row, 3)?,
            arrived_on: date(row, 4)?,
        })
    };
    rows.iter().map(read).collect()
}
