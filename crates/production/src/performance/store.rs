//! The rows behind performance: reports, readings, and what the days were.
//!
//! It must not know what they add up to. Invariants: a report or reading that is known is not written again; what was
//! built is counted from vehicles.

use std::collections::{BTreeMap, BTreeSet};

use takt_kernel::{Date, Share};
use takt_planning::oee::{Interval, State, StateInterval, shop::Operation};
use takt_service::{Error, Tx};

use super::{
    DAY_SECONDS, Facts, Routing, RunDay,
    report::{Meters, READING_SECONDS, Reading, STATE_SECONDS, StateReport},
    scaled_cycle,
};
use crate::product::{
    Product,
    store::{date_of, day_of, index_of},
};

/// The states as they stand in rows, by their number.
const STATES: [State; 4] = [State::PlannedDown, State::Down, State::Setup, State::Delay];

fn number_of_state(state: State) -> i64 {
    STATES
        .iter()
        .zip(1..)
        .find(|(known, _)| **known == state)
        .map_or(0, |(_, number)| number)
}

/// The operations of the routing with their yields and energy.
///
/// # Errors
/// What the database said.
pub async fn routing_fetch(tx: &Tx, product: &Product) -> Result<Routing, Error> {
    let sql = "SELECT operation_id, shop_id, variant_ids, cycle_millis, stations, first_pass_yield, energy_watt_hours FROM operation \
               ORDER BY shop_id, sequence, operation_id";
    let mut routing = Routing::default();
    for row in tx.rows(sql, vec![]).await? {
        let shop_id: String = row.try_get_by_index(1)?;
        let variants: String = row.try_get_by_index(2)?;
        let Some(shop) = product
            .shops
            .iter()
            .position(|shop| shop.shop_id == shop_id)
        else {
            continue;
        };
        let named = variants.split(',').filter(|id| !id.is_empty());
        let mask = named
            .filter_map(|id| product.variant(id))
            .fold(0u64, |mask, variant| mask | 1 << variant);
        routing.ids.push(row.try_get_by_index(0)?);
        routing.operations.push(Operation {
            shop,
            variants: if variants.is_empty() { u64::MAX } else { mask },
            cycle_ms: scaled_cycle(row.try_get_by_index(3)?, product.programme.scale_vehicles),
            stations: row.try_get_by_index(4)?,
            first_pass_yield: Share(row.try_get_by_index(5)?),
            watt_hours: row.try_get_by_index(6)?,
        });
    }
    Ok(routing)
}

/// Keeps reports; answers how many were new.
///
/// # Errors
/// What the database said.
pub async fn states_add(tx: &Tx, reports: &[StateReport]) -> Result<u64, Error> {
    let columns = ["work_unit_id", "start_at", "end_at", "state", "reason"];
    let rows = reports.iter().map(|report| {
        vec![
            report.work_unit_id.as_str().into(),
            report.interval.start.into(),
            report.interval.end.into(),
            number_of_state(report.state).into(),
            report.reason.as_str().into(),
        ]
    });
    tx.insert_many(
        "equipment_state",
        &columns,
        rows.collect(),
        "ON CONFLICT DO NOTHING",
    )
    .await
}

/// The readings that could contradict those of a chunk.
///
/// # Errors
/// What the database said.
pub async fn meters_fetch(tx: &Tx, readings: &[Reading]) -> Result<Meters, Error> {
    let mut meters = Meters::default();
    let units: BTreeSet<&str> = (readings.iter())
        .map(|reading| reading.work_unit_id.as_str())
        .collect();
    let from = readings.iter().map(|reading| reading.interval.start).min();
    let until = readings.iter().map(|reading| reading.interval.end).max();
    let (Some(from), Some(until)) = (from, until) else {
        return Ok(meters);
    };
    let list = units.into_iter().map(|unit| {
        // What begins at most a reading's length earlier can reach into the chunk.
        vec![unit.into(), (from - READING_SECONDS).into(), until.into()]
    });
    let query = "SELECT r.work_unit_id, r.start_at, r.end_at, r.watt_hours FROM v JOIN energy_reading AS r ON r.work_unit_id = v.unit \
                 AND r.start_at >= v.low AND r.start_at < v.high";
    for row in tx
        .rows_for(&["unit", "low", "high"], list.collect(), query)
        .await?
    {
        meters.know(Reading {
            work_unit_id: row.try_get_by_index(0)?,
            interval: Interval::new(row.try_get_by_index(1)?, row.try_get_by_index(2)?),
            watt_hours: row.try_get_by_index(3)?,
        });
    }
    Ok(meters)
}

/// Keeps readings that contradict nothing.
///
/// # Errors
/// What the database said.
pub async fn readings_add(tx: &Tx, readings: &[&Reading]) -> Result<u64, Error> {
    let columns = ["work_unit_id", "start_at", "end_at", "watt_hours"];
    let rows = readings.iter().map(|reading| {
        vec![
            reading.work_unit_id.as_str().into(),
            reading.interval.start.into(),
            reading.interval.end.into(),
            reading.watt_hours.into(),
        ]
    });
    tx.insert_many("energy_reading", &columns, rows.collect(), "")
        .await
}

/// The days that were run in a window, both ends included.
///
/// # Errors
/// What the database said.
pub async fn run_days_fetch(tx: &Tx, from: Date, through: Date) -> Result<Vec<RunDay>, Error> {
    let sql = "SELECT day_on, shifts, lost_share, wanted, capacity, built FROM line_day WHERE state = 1 AND day_on BETWEEN $1 AND $2 ORDER BY day_on";
    let rows = tx
        .rows(sql, vec![day_of(from).into(), day_of(through).into()])
        .await?;
    rows.iter()
        .map(|row| {
            Ok(RunDay {
                on: date_of(row.try_get_by_index(0)?),
                shifts: row.try_get_by_index(1)?,
                lost: Share(row.try_get_by_index(2)?),
                due: row.try_get_by_index(3)?,
                capacity: row.try_get_by_index(4)?,
                built: row.try_get_by_index(5)?,
            })
        })
        .collect()
}

/// All that is known of the days that were run in a window.
///
/// # Errors
/// What the database said.
pub async fn facts_fetch(
    tx: &Tx,
    product: &Product,
    routing: &Routing,
    days: Vec<RunDay>,
) -> Result<Facts, Error> {
    let (Some(first), Some(last)) = (days.first(), days.last()) else {
        return Ok(Facts::default());
    };
    let (from, through) = (first.on, last.on);
    let seconds = (
        day_of(from) * DAY_SECONDS,
        day_of(through.plus(1)) * DAY_SECONDS,
    );
    Ok(Facts {
        built: built_fetch(tx, product.variants.len(), from, through).await?,
        states: states_fetch(tx, product, routing, seconds).await?,
        metered: metered_fetch(tx, product, routing, seconds).await?,
        days,
    })
}

async fn built_fetch(
    tx: &Tx,
    width: usize,
    from: Date,
    through: Date,
) -> Result<BTreeMap<Date, Vec<i64>>, Error> {
    let sql = "SELECT built_on, variant_no, COUNT(*) FROM vehicle WHERE built_on BETWEEN $1 AND $2 GROUP BY built_on, variant_no";
    let mut days: BTreeMap<Date, Vec<i64>> = BTreeMap::new();
    for row in tx
        .rows(sql, vec![day_of(from).into(), day_of(through).into()])
        .await?
    {
        let day = days
            .entry(date_of(row.try_get_by_index(0)?))
            .or_insert_with(|| vec![0; width]);
        if let Some(cell) = day.get_mut(index_of(row.try_get_by_index(1)?)) {
            *cell = row.try_get_by_index(2)?;
        }
    }
    Ok(days)
}

async fn states_fetch(
    tx: &Tx,
    product: &Product,
    routing: &Routing,
    (from, until): (i64, i64),
) -> Result<Vec<(usize, StateInterval)>, Error> {
    // The first bound lets the index skip what ended long before.
    let sql = "SELECT work_unit_id, start_at, end_at, state FROM equipment_state WHERE start_at >= $1 AND start_at < $2 AND end_at > $3 \
               ORDER BY start_at, work_unit_id, end_at, state, reason";
    let values = vec![(from - STATE_SECONDS).into(), until.into(), from.into()];
    let mut states = Vec::new();
    for row in tx.rows(sql, values).await? {
        let unit: String = row.try_get_by_index(0)?;
        let number: i64 = row.try_get_by_index(3)?;
        let state = STATES.get(usize::try_from(number - 1).unwrap_or(usize::MAX));
        if let (Some(shop), Some(state)) = (routing.shop_of(product, &unit), state) {
            let interval = Interval::new(row.try_get_by_index(1)?, row.try_get_by_index(2)?);
            states.push((
                shop,
                StateInterval {
                    interval,
                    state: *state,
                },
            ));
        }
    }
    Ok(states)
}

async fn metered_fetch(
    tx: &Tx,
    product: &Product,
    routing: &Routing,
    (from, until): (i64, i64),
) -> Result<BTreeMap<(usize, Date), i64>, Error> {
    let sql = "SELECT work_unit_id, start_at / 86400, CAST(SUM(watt_hours) AS BIGINT) FROM energy_reading WHERE start_at >= $1 AND start_at < $2 \
               GROUP BY work_unit_id, start_at / 86400";
    let mut metered = BTreeMap::new();
    for row in tx.rows(sql, vec![from.into(), until.into()]).await? {
        let unit: String = row.try_get_by_index(0)?;
        if let Some(shop) = routing.shop_of(product, &unit) {
            let on = date_of(row.try_get_by_index(1)?);
            *metered.entry((shop, on)).or_insert(0) += row.try_get_by_index::<i64>(2)?;
        }
    }
    Ok(metered)
}
