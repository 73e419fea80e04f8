//! The rows of shipments.
//!
//! It must not know what carriers report. Invariant: SH-1 a load grows by the statement that adds its vehicles.

use std::collections::BTreeMap;

use takt_kernel::Date;
use takt_service::{Error, Row, Tx};

use super::{Shipment, ShipmentNo, ShipmentState};
use crate::rows::{date, date_opt, day, day_opt, get, list};

const COLUMNS: &str = "s.shipment_no, s.expected_on, s.departed_on, s.arrived_on, s.vehicle_count, s.handed_over_count";

/// Which shipments to list; all conditions hold together.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ShipmentFilter {
    /// Only those that are to leave on this day or earlier.
    pub(crate) departing_until: Option<Date>,
    /// Only those expected on this day or earlier.
    pub(crate) expected_until: Option<Date>,
    /// Only those in this state.
    pub(crate) state: Option<ShipmentState>,
}

fn read(row: &Row) -> Result<Shipment, Error> {
    Ok(Shipment {
        number: ShipmentNo::of_value(get(row, 0)?),
        expected_on: date(row, 1)?,
        departed_on: date_opt(row, 2)?,
        arrived_on: date_opt(row, 3)?,
        vehicle_count: get(row, 4)?,
        handed_over_count: get(row, 5)?,
    })
}

/// A shipment.
pub(crate) async fn shipment_fetch(tx: &Tx, number: ShipmentNo) -> Result<Option<Shipment>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM shipment s WHERE s.shipment_no = $1");
    tx.one(&sql, vec![number.value().into()])
        .await?
        .map(|row| read(&row))
        .transpose()
}

/// Those of some shipments that exist, by number.
pub(crate) async fn shipments_fetch(
    tx: &Tx,
    numbers: impl IntoIterator<Item = ShipmentNo>,
) -> Result<BTreeMap<ShipmentNo, Shipment>, Error> {
    let numbers = list(numbers.into_iter().map(ShipmentNo::value));
    let sql = format!("SELECT {COLUMNS} FROM v JOIN shipment s ON s.shipment_no = v.shipment_no");
    let rows = tx.rows_for(&["shipment_no"], numbers, &sql).await?;
    rows.iter()
        .map(|row| read(row).map(|shipment| (shipment.number, shipment)))
        .collect()
}

/// The numbers of the shipments that have left, of those planned for a day or later.
pub(crate) async fn shipments_departed(tx: &Tx, from: Date) -> Result<Vec<ShipmentNo>, Error> {
    // The plus keeps the index of states out: those that have left are nearly all, those of late days are few.
    let sql = "SELECT shipment_no FROM shipment WHERE shipment_no >= $1 AND +state > $2";
    let values = vec![
        ShipmentNo::new(from, 0).value().into(),
        ShipmentState::Planned.code().into(),
    ];
    tx.rows(sql, values)
        .await?
        .iter()
        .map(|row| Ok(ShipmentNo::of_value(get(row, 0)?)))
        .collect()
}

/// The next shipments behind a number, by number.
pub(crate) async fn shipments_list(
    tx: &Tx,
    filter: ShipmentFilter,
    after: i64,
    limit: i64,
) -> Result<Vec<Shipment>, Error> {
    let mut sql = format!("SELECT {COLUMNS} FROM shipment s WHERE s.shipment_no > $1");
    let mut values = vec![after.into()];
    let conditions = [
        // Numbers begin with the day, so the day is a range of the key.
        (
            filter
                .departing_until
                .map(|on| ShipmentNo::new(on.plus(1), 0).value()),
            "s.shipment_no <",
        ),
        (
            filter.expected_until.map(|on| i64::from(on.epoch_day())),
            "s.expected_on <=",
        ),
        (filter.state.map(ShipmentState::code), "s.state ="),
    ];
    for (value, condition) in conditions {
        if let Some(value) = value {
            values.push(value.into());
            sql.push_str(&format!(" AND {condition} ${}", values.len()));
        }
    }
    values.push(limit.into());
    sql.push_str(&format!(" ORDER BY s.shipment_no LIMIT ${}", values.len()));
    tx.rows(&sql, values).await?.iter().map(read).collect()
}

/// Creates planned loads, or lets those grow that are there.
pub(crate) async fn shipments_grow(tx: &Tx, loads: &[Shipment]) -> Result<(), Error> {
    let rows = loads.iter().map(|load| {
        vec![
            load.number.value().into(),
            load.number.lane_no().into(),
            day(load.number.planned_on()),
            day(load.expected_on),
            load.state().code().into(),
            load.vehicle_count.into(),
            0i64.into(),
        ]
    });
    let columns = [
        "shipment_no",
        "lane_no",
        "planned_on",
        "expected_on",
        "state",
        "vehicle_count",
        "handed_over_count",
    ];
    let suffix = "ON CONFLICT (shipment_no) DO UPDATE SET vehicle_count = shipment.vehicle_count + excluded.vehicle_count";
    tx.insert_many("shipment", &columns, rows.collect(), suffix)
        .await?;
    Ok(())
}

/// Takes vehicles off planned loads; a load without vehicles is none.
pub(crate) async fn shipments_shrink(
    tx: &Tx,
    loads: &BTreeMap<ShipmentNo, i64>,
) -> Result<(), Error> {
    let rows = || -> Vec<_> {
        let row =
            |(number, count): (&ShipmentNo, &i64)| vec![number.value().into(), (*count).into()];
        loads.iter().map(row).collect()
    };
    let columns = ["shipment_no", "vehicle_count"];
    let planned = ShipmentState::Planned.code();
    let emptied = format!(
        "DELETE FROM shipment WHERE state = {planned} AND EXISTS (SELECT 1 FROM v WHERE v.shipment_no = shipment.shipment_no \
         AND v.vehicle_count = shipment.vehicle_count)"
    );
    let emptied = tx.exec_for(&columns, rows(), &emptied).await?;
    let set = ["vehicle_count = t.vehicle_count - v.vehicle_count"];
    let planned = format!("t.state = {planned} AND t.vehicle_count > v.vehicle_count");
    let shrunk = tx
        .update_many(
            "shipment",
            &["shipment_no"],
            &set,
            &columns,
            rows(),
            &planned,
        )
        .await?;
    if usize::try_from(emptied + shrunk).is_ok_and(|changed| changed == loads.len()) {
        Ok(())
    } else {
        Err(Error::Conflict {
            detail: "a shipment left beside a hold".to_owned(),
        })
    }
}

/// Saves what carriers reported. `before` is the state in which each was read.
pub(crate) async fn shipments_move(
    tx: &Tx,
    moved: &[(ShipmentState, Shipment)],
) -> Result<(), Error> {
    let rows = moved.iter().map(|(before, load)| {
        vec![
            load.number.value().into(),
            before.code().into(),
            load.state().code().into(),
            day(load.expected_on),
            day_opt(load.departed_on),
            day_opt(load.arrived_on),
        ]
    });
    let columns = [
        "shipment_no",
        "before",
        "state",
        "expected_on",
        "departed_on",
        "arrived_on",
    ];
    let set = [
        "state = v.state",
        "expected_on = v.expected_on",
        "departed_on = CAST(v.departed_on AS BIGINT)",
        "arrived_on = CAST(v.arrived_on AS BIGINT)",
    ];
    let rows: Vec<_> = rows.collect();
    let count = rows.len();
    let changed = tx
        .update_many(
            "shipment",
            &["shipment_no"],
            &set,
            &columns,
            rows,
            "t.state = v.before",
        )
        .await?;
    if usize::try_from(changed).is_ok_and(|changed| changed == count) {
        Ok(())
    } else {
        Err(Error::Conflict {
            detail: "a shipment moved beside this report".to_owned(),
        })
    }
}

/// The vehicles of a shipment, by identification number.
pub(crate) async fn shipment_vins(tx: &Tx, number: ShipmentNo) -> Result<Vec<String>, Error> {
    let rows = tx
        .rows(
            "SELECT vin FROM vehicle WHERE shipment_no = $1 ORDER BY vin",
            vec![number.value().into()],
        )
        .await?;
    rows.iter().map(|row| get(row, 0)).collect()
}

/// A vehicle that leaves, with what its fact says.
pub(crate) struct Leaving {
    /// The vehicle.
    pub(crate) vin: String,
    /// Its order.
    pub(crate) order_id: String,
    /// The trace of the order.
    pub(crate) traceparent: Option<String>,
    /// The load.
    pub(crate) shipment: ShipmentNo,
}

/// The vehicles of some shipments in the order of their numbers.
pub(crate) async fn vehicles_leaving(
    tx: &Tx,
    numbers: &[ShipmentNo],
) -> Result<Vec<Leaving>, Error> {
    let query = "SELECT w.vin, o.order_id, o.traceparent, w.shipment_no FROM v JOIN vehicle w ON w.shipment_no = v.shipment_no \
                 JOIN sales_order o ON o.order_no = w.order_no";
    let rows = tx
        .rows_for(
            &["shipment_no"],
            list(numbers.iter().map(|number| number.value())),
            query,
        )
        .await?;
    let read = |row| {
        let shipment = ShipmentNo::of_value(get(row, 3)?);
        Ok(Leaving {
            vin: get(row, 0)?,
            order_id: get(row, 1)?,
            traceparent: get(row, 2)?,
            shipment,
        })
    };
    let mut leaving = rows
        .iter()
        .map(read)
        .collect::<Result<Vec<Leaving>, Error>>()?;
    leaving
        .sort_unstable_by(|a, b| (a.shipment, a.vin.as_str()).cmp(&(b.shipment, b.vin.as_str())));
    Ok(leaving)
}
