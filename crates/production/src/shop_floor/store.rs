//! The rows of a day of the line: what waits, what was decided, what was built.
//!
//! It must not know how a day is decided. Invariants: a day is begun once and finished once; the number of statements
//! does not depend on the vehicles; serials of vehicles and build numbers have no gaps.

use std::collections::{BTreeMap, BTreeSet};

use takt_kernel::{Date, LotNumber};
use takt_planning::feature::Config;
use takt_service::{Error, Tx, Value};

use super::{Choice, DayRefusal, Floor, Stop, Waiting, issue::{AsBuilt, ShopOrder}};
use crate::{
    plan::store::built_fetch,
    product::{
        Product,
        store::{date_of, day_of, index_of, number_of},
    },
};

/// A day that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayRow {
    /// The request that began it.
    pub request_id: String,
    /// The request's message.
    pub request: Vec<u8>,
    /// Whether it is finished.
    pub done: bool,
    /// How often it was decided anew.
    pub attempt: i64,
    /// What was decided, until it is finished.
    pub chosen: Option<Choice>,
}

/// What is known of an order when its vehicle is built.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderRow {
    /// The order.
    pub order_id: String,
    /// The trace of its intake; empty when it had none.
    pub traceparent: String,
}

/// A vehicle as it is written on its day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVehicle {
    /// The serial of its number.
    pub serial: i64,
    /// Its number.
    pub vin: String,
    /// Its place in the order of issue; None when it was pulled out.
    pub build_number: Option<i64>,
    /// Its order.
    pub order_number: i64,
    /// Its configuration.
    pub config: Config,
    /// Whether it stood on the line before.
    pub known: bool,
    /// Why quality keeps it back; empty when it does not.
    pub hold_reason: String,
}

/// A day that was begun.
///
/// # Errors
/// What the database said.
pub async fn day_fetch(tx: &Tx, on: Date) -> Result<Option<DayRow>, Error> {
    let sql = "SELECT request_id, request, state, attempt, chosen FROM line_day WHERE day_on = $1";
    let Some(row) = tx.one(sql, vec![day_of(on).into()]).await? else { return Ok(None) };
    let chosen: Option<String> = row.try_get_by_index(4)?;
    let chosen = chosen.map(|text| serde_json::from_str(&text)).transpose();
    Ok(Some(DayRow {
        request_id: row.try_get_by_index(0)?,
        request: row.try_get_by_index(1)?,
        done: row.try_get_by_index::<i64>(2)? == 1,
        attempt: row.try_get_by_index(3)?,
        chosen: chosen.map_err(|error| Error::broken(format!("the choice of day {on}: {error}")))?,
    }))
}

/// Begins a day, or finds it begun by the same request.
///
/// # Errors
/// `Refused` when another request began it, or days are out of order; `Invalid` when the request has another body.
pub async fn day_begin(tx: &Tx, on: Date, request_id: &str, request: &[u8]) -> Result<(), Error> {
    if let Some(row) = day_fetch(tx, on).await? {
        return match row {
            row if row.request_id != request_id => Err(DayRefusal::Taken(on).into()),
            row if row.request != request => Err(Error::request_id_reused(request_id)),
            _ => Ok(()),
        };
    }
    let sql = "SELECT day_on, state FROM line_day ORDER BY day_on DESC LIMIT 1";
    if let Some(row) = tx.one(sql, vec![]).await? {
        let last = date_of(row.try_get_by_index(0)?);
        if last > on {
            return Err(DayRefusal::Passed { asked: on, last }.into());
        }
        if row.try_get_by_index::<i64>(1)? == 0 {
            return Err(DayRefusal::Unfinished(last).into());
        }
    }
    let columns = ["day_on", "request_id", "request", "state", "attempt", "shifts", "lost_share", "wanted", "capacity", "built"];
    let zero = || Value::from(0i64);
    let row = vec![day_of(on).into(), request_id.into(), request.to_vec().into(), zero(), zero(), zero(), zero(), zero(), zero(), zero()];
    tx.insert_many("line_day", &columns, vec![row], "").await?;
    Ok(())
}

/// Keeps what was decided; false when somebody else decided first.
///
/// # Errors
/// What the database said.
pub async fn day_chosen(tx: &Tx, on: Date, attempt: i64, choice: &Choice) -> Result<bool, Error> {
    let text = serde_json::to_string(choice).map_err(|error| Error::broken(format!("the choice of day {on}: {error}")))?;
    let sql = "UPDATE line_day SET chosen = $1 WHERE day_on = $2 AND attempt = $3 AND state = 0 AND chosen IS NULL";
    Ok(tx.exec(sql, vec![text.into(), day_of(on).into(), attempt.into()]).await? == 1)
}

/// Forgets what was decided, because its parts are not there any more.
///
/// # Errors
/// What the database said.
pub async fn day_unchosen(tx: &Tx, on: Date, attempt: i64) -> Result<(), Error> {
    let sql = "UPDATE line_day SET chosen = NULL, attempt = attempt + 1 WHERE day_on = $1 AND attempt = $2 AND state = 0";
    tx.exec(sql, vec![day_of(on).into(), attempt.into()]).await.map(|_| ())
}

/// Finishes a day; false when somebody else finished it.
///
/// # Errors
/// What the database said.
pub async fn day_finish(tx: &Tx, on: Date, attempt: i64, shifts: i64, lost: i64, choice: &Choice) -> Result<bool, Error> {
    let sql = "UPDATE line_day SET state = 1, chosen = NULL, request = $1, shifts = $2, lost_share = $3, wanted = $4, capacity = $5, built = $6 \
               WHERE day_on = $7 AND attempt = $8 AND state = 0";
    let built = i64::try_from(choice.built().count()).unwrap_or(i64::MAX);
    let values = vec![
        Vec::<u8>::new().into(),
        shifts.into(),
        lost.into(),
        choice.wanted.into(),
        choice.capacity.into(),
        built.into(),
        day_of(on).into(),
        attempt.into(),
    ];
    Ok(tx.exec(sql, values).await? == 1)
}

/// What a day can build from, stock left out: at most `most` open orders of each variant.
///
/// # Errors
/// What the database said.
pub async fn floor_fetch(tx: &Tx, product: &Product, most: &[i64]) -> Result<Floor, Error> {
    let width = product.variants.len();
    let mut floor = Floor { built: built_fetch(tx, width).await?, queues: vec![Vec::new(); width], cut: vec![false; width], stock: Vec::new() };
    let pulled = "SELECT variant_no, order_number, config, serial FROM vehicle WHERE build_number IS NULL ORDER BY serial";
    for row in tx.rows(pulled, vec![]).await? {
        if let Some(queue) = floor.queues.get_mut(index_of(row.try_get_by_index(0)?)) {
            queue.push(Waiting {
                order_number: row.try_get_by_index(1)?,
                config: Config(row.try_get_by_index(2)?),
                serial: Some(row.try_get_by_index(3)?),
            });
        }
    }
    let open = "SELECT order_number, config FROM demand_order WHERE variant_no = $1 AND state = 0 ORDER BY queue_rank, order_number LIMIT $2";
    for (variant, (queue, cut)) in floor.queues.iter_mut().zip(&mut floor.cut).enumerate() {
        let most = most.get(variant).copied().unwrap_or(0);
        let rows = tx.rows(open, vec![number_of(variant).into(), most.into()]).await?;
        *cut = i64::try_from(rows.len()).unwrap_or(i64::MAX) == most;
        for row in rows {
            queue.push(Waiting { order_number: row.try_get_by_index(0)?, config: Config(row.try_get_by_index(1)?), serial: None });
        }
    }
    Ok(floor)
}

/// The orders of a choice by their numbers.
///
/// # Errors
/// What the database said.
pub async fn orders_fetch(tx: &Tx, numbers: &[i64]) -> Result<BTreeMap<i64, OrderRow>, Error> {
    let list = numbers.iter().map(|number| vec![(*number).into()]).collect();
    let query = "SELECT o.order_number, o.order_id, o.traceparent FROM v JOIN demand_order AS o ON o.order_number = v.order_number";
    let rows = tx.rows_for(&["order_number"], list, query).await?;
    rows.iter()
        .map(|row| {
            let order = OrderRow { order_id: row.try_get_by_index(1)?, traceparent: row.try_get_by_index(2)? };
            Ok((row.try_get_by_index(0)?, order))
        })
        .collect()
}

/// The next serial of a vehicle and the next build number.
///
/// # Errors
/// What the database said.
pub async fn counters_fetch(tx: &Tx) -> Result<(i64, i64), Error> {
    let serial = tx.number("SELECT MAX(serial) FROM vehicle", vec![]).await?;
    let build = tx.number("SELECT MAX(build_number) FROM vehicle", vec![]).await?;
    Ok((serial + 1, build + 1))
}

/// How many pieces of lots with serials were used before.
///
/// # Errors
/// What the database said.
pub async fn serials_used_fetch(tx: &Tx, lots: &BTreeSet<LotNumber>) -> Result<BTreeMap<LotNumber, i64>, Error> {
    let list = lots.iter().map(|lot| vec![lot.value().into()]).collect();
    let query = "SELECT s.lot_number, s.used FROM v JOIN serial_lot AS s ON s.lot_number = v.lot_number";
    let rows = tx.rows_for(&["lot_number"], list, query).await?;
    rows.iter().map(|row| Ok((LotNumber(row.try_get_by_index(0)?), row.try_get_by_index(1)?))).collect()
}

/// Writes the vehicles of a day and takes their orders out of the queue.
///
/// # Errors
/// `Conflict` when an order was built meanwhile; what the database said.
pub async fn vehicles_save(tx: &Tx, on: Date, vehicles: &[NewVehicle]) -> Result<(), Error> {
    let day = day_of(on);
    let state = |vehicle: &NewVehicle| match (vehicle.build_number, vehicle.hold_reason.is_empty()) {
        (None, _) => 1i64,
        (Some(_), false) => 2,
        (Some(_), true) => 3,
    };
    let released = |vehicle: &NewVehicle| (state(vehicle) == 3).then_some(day);
    let (known, fresh): (Vec<&NewVehicle>, Vec<&NewVehicle>) = vehicles.iter().partition(|vehicle| vehicle.known);
    let rows = fresh.iter().map(|vehicle| {
        vec![
            vehicle.serial.into(),
            vehicle.vin.clone().into(),
            vehicle.build_number.into(),
            vehicle.order_number.into(),
            number_of(vehicle.config.variant()).into(),
            vehicle.config.0.into(),
            state(vehicle).into(),
            day.into(),
            vehicle.build_number.map(|_| day).into(),
            released(vehicle).into(),
            vehicle.hold_reason.clone().into(),
            1i64.into(),
        ]
    });
    let columns = [
        "serial", "vin", "build_number", "order_number", "variant_no", "config", "state", "entered_on", "built_on", "released_on",
        "hold_reason", "version",
    ];
    tx.insert_many("vehicle", &columns, rows.collect(), "").await?;
    let completed = known.iter().filter(|vehicle| vehicle.build_number.is_some());
    let rows = completed.map(|vehicle| {
        let released = released(vehicle).unwrap_or(NEVER);
        vec![vehicle.serial.into(), vehicle.build_number.unwrap_or(0).into(), state(vehicle).into(), day.into(), released.into(), vehicle.hold_reason.clone().into()]
    });
    let set = [
        "build_number = v.build_number",
        "state = v.state",
        "built_on = v.built_on",
        "released_on = NULLIF(v.released_on, -1000000000)",
        "hold_reason = v.hold_reason",
        "version = t.version + 1",
    ];
    let names = ["serial", "build_number", "state", "built_on", "released_on", "hold_reason"];
    tx.update_many("vehicle", &["serial"], &set, &names, rows.collect(), "t.build_number IS NULL").await?;
    orders_taken(tx, vehicles).await?;
    built_count(tx, vehicles).await
}

/// Stands for no day where a list of values cannot hold a null; no date of the calendar is this small.
const NEVER: i64 = -1_000_000_000;

async fn orders_taken(tx: &Tx, vehicles: &[NewVehicle]) -> Result<(), Error> {
    let rows: Vec<Vec<Value>> = vehicles
        .iter()
        .map(|vehicle| vec![vehicle.order_number.into(), (if vehicle.build_number.is_some() { 2i64 } else { 1 }).into()])
        .collect();
    let count = rows.len() as u64;
    let changed = tx.update_many("demand_order", &["order_number"], &["state = v.state"], &["order_number", "state"], rows, "t.state < 2").await?;
    if changed == count { Ok(()) } else { Err(Error::Conflict { detail: "an order was built meanwhile".to_owned() }) }
}

async fn built_count(tx: &Tx, vehicles: &[NewVehicle]) -> Result<(), Error> {
    let mut counts: BTreeMap<usize, i64> = BTreeMap::new();
    for vehicle in vehicles.iter().filter(|vehicle| vehicle.build_number.is_some()) {
        *counts.entry(vehicle.config.variant()).or_default() += 1;
    }
    let rows: Vec<Vec<Value>> = counts.iter().map(|(variant, count)| vec![number_of(*variant).into(), (*count).into()]).collect();
    let suffix = "ON CONFLICT (variant_no) DO UPDATE SET vehicle_count = built_count.vehicle_count + excluded.vehicle_count";
    tx.insert_many("built_count", &["variant_no", "vehicle_count"], rows, suffix).await?;
    Ok(())
}

/// Writes an issue with what it put where, and who supplied it.
///
/// # Errors
/// What the database said.
pub async fn issue_save(
    tx: &Tx,
    on: Date,
    reservation_id: &str,
    builds: (i64, i64),
    record: &AsBuilt,
    sources: &BTreeMap<(usize, u32), String>,
) -> Result<(), Error> {
    let issue_no = tx.number("SELECT MAX(issue_no) FROM issue", vec![]).await? + 1;
    let (first, last) = builds;
    let row = vec![issue_no.into(), day_of(on).into(), reservation_id.into(), (last - first + 1).into(), first.into(), last.into()];
    tx.insert_many("issue", &["issue_no", "issued_on", "reservation_id", "vehicle_count", "first_build", "last_build"], vec![row], "").await?;
    let mut ranges: Vec<_> = record.ranges.iter().collect();
    // Rows go in by key: the table and its index are then written front to back.
    ranges.sort_unstable_by_key(|range| range.lot);
    let ranges = ranges.iter().map(|range| vec![issue_no.into(), range.lot.value().into(), range.from_seq.into(), range.to_seq.into()]);
    tx.insert_many("asbuilt_range", &["issue_no", "lot_number", "first_build", "last_build"], ranges.collect(), "").await?;
    let mut serials: Vec<_> = record.serials.iter().collect();
    serials.sort_unstable_by_key(|piece| (piece.seq, piece.lot, piece.unit_no));
    let serials = serials.iter().map(|piece| vec![piece.seq.into(), piece.lot.value().into(), piece.unit_no.into()]);
    tx.insert_many("asbuilt_serial", &["build_number", "lot_number", "unit_no"], serials.collect(), "").await?;
    let used = record.used.iter().map(|(lot, used)| vec![lot.value().into(), (*used).into()]);
    tx.insert_many("serial_lot", &["lot_number", "used"], used.collect(), "ON CONFLICT (lot_number) DO UPDATE SET used = excluded.used").await?;
    let sources = sources.iter().map(|((item, rank), supplier)| vec![number_of(*item).into(), i64::from(*rank).into(), supplier.clone().into()]);
    tx.insert_many("lot_source", &["item_no", "supplier_rank", "supplier_id"], sources.collect(), "ON CONFLICT DO NOTHING").await?;
    Ok(())
}

/// Writes the orders of the feeder shops.
///
/// # Errors
/// What the database said.
pub async fn shop_orders_save(tx: &Tx, on: Date, orders: &[ShopOrder]) -> Result<(), Error> {
    let rows = orders.iter().map(|order| {
        vec![day_of(on).into(), number_of(order.item).into(), order.released.milli().into(), order.made.milli().into(), order.made.milli().into()]
    });
    tx.insert_many("shop_order", &["day_on", "item_no", "released", "made", "used"], rows.collect(), "").await?;
    Ok(())
}

/// Writes what stood. A missing order is item 0, and the shop that missed it the one where vehicles enter the line.
///
/// # Errors
/// What the database said.
pub async fn stops_save(tx: &Tx, product: &Product, on: Date, stops: &[Stop]) -> Result<(), Error> {
    let rows = stops.iter().map(|stop| {
        vec![
            day_of(on).into(),
            number_of(stop.variant).into(),
            stop.item.map_or(0, number_of).into(),
            stop_shop(product, stop).into(),
            stop.units.into(),
        ]
    });
    tx.insert_many("line_stop", &["day_on", "variant_no", "item_no", "shop_id", "vehicle_count"], rows.collect(), "").await?;
    Ok(())
}

/// The shop that missed what a stop lacked.
pub fn stop_shop(product: &Product, stop: &Stop) -> String {
    let of_item = stop.item.and_then(|item| product.items.get(item)).map(|item| item.shop_id.clone());
    let entry = || product.shops.iter().find(|shop| shop.is_line).map(|shop| shop.shop_id.clone());
    of_item.or_else(entry).unwrap_or_default()
}

/// Stops behind a key of day, variant and item, oldest first.
///
/// # Errors
/// What the database said.
pub async fn stops_page(tx: &Tx, after: (i64, i64, i64), limit: i64) -> Result<Vec<(Date, Stop, String)>, Error> {
    let sql = "SELECT day_on, variant_no, item_no, shop_id, vehicle_count FROM line_stop WHERE (day_on, variant_no, item_no) > ($1, $2, $3) \
               ORDER BY day_on, variant_no, item_no LIMIT $4";
    let rows = tx.rows(sql, vec![after.0.into(), after.1.into(), after.2.into(), limit.into()]).await?;
    rows.iter()
        .map(|row| {
            let item: i64 = row.try_get_by_index(2)?;
            let stop = Stop {
                variant: index_of(row.try_get_by_index(1)?),
                item: (item > 0).then(|| index_of(item)),
                units: row.try_get_by_index(4)?,
            };
            Ok((date_of(row.try_get_by_index(0)?), stop, row.try_get_by_index(3)?))
        })
        .collect()
}

/// The shifts that were worked, by day.
///
/// # Errors
/// What the database said.
pub async fn worked_fetch(tx: &Tx) -> Result<Vec<(Date, i64)>, Error> {
    let rows = tx.rows("SELECT day_on, shifts FROM line_day WHERE state = 1 ORDER BY day_on", vec![]).await?;
    rows.iter().map(|row| Ok((date_of(row.try_get_by_index(0)?), row.try_get_by_index(1)?))).collect()
}

/// The vehicles completed between two days: variant, day and build number, in build order.
///
/// # Errors
/// What the database said.
pub async fn completed_fetch(tx: &Tx, from: Date, through: Date) -> Result<Vec<(usize, Date, i64)>, Error> {
    let sql = "SELECT variant_no, built_on, build_number FROM vehicle WHERE built_on BETWEEN $1 AND $2 ORDER BY build_number";
    let rows = tx.rows(sql, vec![day_of(from).into(), day_of(through).into()]).await?;
    rows.iter().map(|row| Ok((index_of(row.try_get_by_index(0)?), date_of(row.try_get_by_index(1)?), row.try_get_by_index(2)?))).collect()
}
