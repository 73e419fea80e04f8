//! The rows of what a day built: vehicles, lots and serials, shop orders, stops.
//!
//! It must not know how a day is decided. Invariants: the number of statements does not depend on the vehicles; serials
//! of vehicles and build numbers have no gaps; an order leaves the queue with its vehicle or not at all.

use std::collections::{BTreeMap, BTreeSet};

use takt_kernel::{Date, LotNumber};
use takt_planning::feature::Config;
use takt_service::{Error, Tx, Value};

use super::{
    Stop,
    issue::{AsBuilt, ShopOrder},
    store::stop_shop,
};
use crate::{
    genealogy::{
        RecordKind, Site,
        records::{NewRecord, record_take},
    },
    product::{
        Product,
        store::{day_of, number_of},
    },
};

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

impl NewVehicle {
    /// Says why quality keeps it back, where its serial is among those that are kept.
    pub fn keep_back(&mut self, kept: &BTreeMap<i64, String>) {
        if let Some(reason) = kept.get(&self.serial) {
            reason.clone_into(&mut self.hold_reason);
        }
    }
}

/// The next serial of a vehicle and the next build number.
///
/// # Errors
/// What the database said.
pub async fn counters_fetch(tx: &Tx) -> Result<(i64, i64), Error> {
    let serial = tx.number("SELECT MAX(serial) FROM vehicle", vec![]).await?;
    let build = tx
        .number("SELECT MAX(build_number) FROM vehicle", vec![])
        .await?;
    Ok((serial + 1, build + 1))
}

/// How many pieces of lots with serials were used before.
///
/// # Errors
/// What the database said.
pub async fn serials_used_fetch(
    tx: &Tx,
    lots: &BTreeSet<LotNumber>,
) -> Result<BTreeMap<LotNumber, i64>, Error> {
    let list = lots.iter().map(|lot| vec![lot.value().into()]).collect();
    let query =
        "SELECT s.lot_number, s.used FROM v JOIN serial_lot AS s ON s.lot_number = v.lot_number";
    let rows = tx.rows_for(&["lot_number"], list, query).await?;
    rows.iter()
        .map(|row| {
            Ok((
                LotNumber(row.try_get_by_index(0)?),
                row.try_get_by_index(1)?,
            ))
        })
        .collect()
}

/// Writes the vehicles of a day and takes their orders out of the queue.
///
/// # Errors
/// `Conflict` when an order was built meanwhile; what the database said.
pub async fn vehicles_save(tx: &Tx, on: Date, vehicles: &[NewVehicle]) -> Result<(), Error> {
    let day = day_of(on);
    let state = |vehicle: &NewVehicle| match (vehicle.build_number, vehicle.hold_reason.is_empty())
    {
        (None, _) => 1i64,
        (Some(_), false) => 2,
        (Some(_), true) => 3,
    };
    let released = |vehicle: &NewVehicle| (state(vehicle) == 3).then_some(day);
    let (known, fresh): (Vec<&NewVehicle>, Vec<&NewVehicle>) =
        vehicles.iter().partition(|vehicle| vehicle.known);
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
        "serial",
        "vin",
        "build_number",
        "order_number",
        "variant_no",
        "config",
        "state",
        "entered_on",
        "built_on",
        "released_on",
        "hold_reason",
        "version",
    ];
    tx.insert_many("vehicle", &columns, rows.collect(), "")
        .await?;
    let completed = known
        .iter()
        .filter(|vehicle| vehicle.build_number.is_some());
    let rows = completed.map(|vehicle| {
        let released = released(vehicle).unwrap_or(NEVER);
        vec![
            vehicle.serial.into(),
            vehicle.build_number.unwrap_or(0).into(),
            // A vehicle that was pulled out may meet an engineering change before it is built.
            vehicle.config.0.into(),
            state(vehicle).into(),
            day.into(),
            released.into(),
            vehicle.hold_reason.clone().into(),
        ]
    });
    let set = [
        "build_number = v.build_number",
        "config = v.config",
        "state = v.state",
        "built_on = v.built_on",
        "released_on = NULLIF(v.released_on, -1000000000)",
        "hold_reason = v.hold_reason",
        "version = t.version + 1",
    ];
    let names = [
        "serial",
        "build_number",
        "config",
        "state",
        "built_on",
        "released_on",
        "hold_reason",
    ];
    tx.update_many(
        "vehicle",
        &["serial"],
        &set,
        &names,
        rows.collect(),
        "t.build_number IS NULL",
    )
    .await?;
    orders_taken(tx, vehicles).await?;
    built_count(tx, vehicles).await
}

/// Stands for no day where a list of values cannot hold a null; no date of the calendar is this small.
const NEVER: i64 = -1_000_000_000;

async fn orders_taken(tx: &Tx, vehicles: &[NewVehicle]) -> Result<(), Error> {
    let rows: Vec<Vec<Value>> = vehicles
        .iter()
        .map(|vehicle| {
            vec![
                vehicle.order_number.into(),
                (if vehicle.build_number.is_some() {
                    2i64
                } else {
                    1
                })
                .into(),
            ]
        })
        .collect();
    let count = rows.len() as u64;
    let changed = tx
        .update_many(
            "demand_order",
            &["order_number"],
            &["state = v.state"],
            &["order_number", "state"],
            rows,
            "t.state < 2",
        )
        .await?;
    if changed == count {
        Ok(())
    } else {
        Err(Error::Conflict {
            detail: "an order was built meanwhile".to_owned(),
        })
    }
}

async fn built_count(tx: &Tx, vehicles: &[NewVehicle]) -> Result<(), Error> {
    let mut counts: BTreeMap<usize, i64> = BTreeMap::new();
    for vehicle in vehicles
        .iter()
        .filter(|vehicle| vehicle.build_number.is_some())
    {
        *counts.entry(vehicle.config.variant()).or_default() += 1;
    }
    let rows: Vec<Vec<Value>> = counts
        .iter()
        .map(|(variant, count)| vec![number_of(*variant).into(), (*count).into()])
        .collect();
    let suffix = "ON CONFLICT (variant_no) DO UPDATE SET vehicle_count = built_count.vehicle_count + excluded.vehicle_count";
    tx.insert_many(
        "built_count",
        &["variant_no", "vehicle_count"],
        rows,
        suffix,
    )
    .await?;
    Ok(())
}

/// The number of the next issue.
///
/// # Errors
/// What the database said.
pub async fn issue_next(tx: &Tx) -> Result<i64, Error> {
    Ok(tx.number("SELECT MAX(issue_no) FROM issue", vec![]).await? + 1)
}

/// Writes an issue with what it put where, and who supplied it.
///
/// # Errors
/// What the database said.
pub async fn issue_save(
    tx: &Tx,
    issue_no: i64,
    on: Date,
    reservation_id: &str,
    builds: (i64, i64),
    record: &AsBuilt,
    sources: &BTreeMap<(usize, u32), String>,
) -> Result<(), Error> {
    let (first, last) = builds;
    let row = vec![
        issue_no.into(),
        day_of(on).into(),
        reservation_id.into(),
        (last - first + 1).into(),
        first.into(),
        last.into(),
    ];
    tx.insert_many(
        "issue",
        &[
            "issue_no",
            "issued_on",
            "reservation_id",
            "vehicle_count",
            "first_build",
            "last_build",
        ],
        vec![row],
        "",
    )
    .await?;
    let new = NewRecord {
        kind: RecordKind::Issue,
        on,
        unit: None,
        site: Site::None,
        reason: "",
        issue: Some(issue_no),
    };
    record_take(tx, &new).await?;
    let mut ranges: Vec<_> = record.ranges.iter().collect();
    // Rows go in by key: the table and its index are then written front to back.
    ranges.sort_unstable_by_key(|range| range.lot);
    let ranges = ranges.iter().map(|range| {
        vec![
            issue_no.into(),
            range.lot.value().into(),
            range.from_seq.into(),
            range.to_seq.into(),
        ]
    });
    tx.insert_many(
        "asbuilt_range",
        &["issue_no", "lot_number", "first_build", "last_build"],
        ranges.collect(),
        "",
    )
    .await?;
    let mut serials: Vec<_> = record.serials.iter().collect();
    serials.sort_unstable_by_key(|piece| (piece.seq, piece.lot, piece.unit_no));
    let serials = serials.iter().map(|piece| {
        vec![
            piece.seq.into(),
            piece.lot.value().into(),
            piece.unit_no.into(),
        ]
    });
    tx.insert_many(
        "asbuilt_serial",
        &["build_number", "lot_number", "unit_no"],
        serials.collect(),
        "",
    )
    .await?;
    let used = record
        .used
        .iter()
        .map(|(lot, used)| vec![lot.value().into(), (*used).into()]);
    tx.insert_many(
        "serial_lot",
        &["lot_number", "used"],
        used.collect(),
        "ON CONFLICT (lot_number) DO UPDATE SET used = excluded.used",
    )
    .await?;
    let sources = sources.iter().map(|((item, rank), supplier)| {
        vec![
            number_of(*item).into(),
            i64::from(*rank).into(),
            supplier.clone().into(),
        ]
    });
    tx.insert_many(
        "lot_source",
        &["item_no", "supplier_rank", "supplier_id"],
        sources.collect(),
        "ON CONFLICT DO NOTHING",
    )
    .await?;
    Ok(())
}

/// Writes the orders of the feeder shops.
///
/// # Errors
/// What the database said.
pub async fn shop_orders_save(tx: &Tx, on: Date, orders: &[ShopOrder]) -> Result<(), Error> {
    let rows = orders.iter().map(|order| {
        vec![
            day_of(on).into(),
            number_of(order.item).into(),
            order.released.milli().into(),
            order.made.milli().into(),
            order.made.milli().into(),
        ]
    });
    tx.insert_many(
        "shop_order",
        &["day_on", "item_no", "released", "made", "used"],
        rows.collect(),
        "",
    )
    .await?;
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
    tx.insert_many(
        "line_stop",
        &[
            "day_on",
            "variant_no",
            "item_no",
            "shop_id",
            "vehicle_count",
        ],
        rows.collect(),
        "",
    )
    .await?;
    Ok(())
}
