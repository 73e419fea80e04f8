//! Which lot of every bought item went into a vehicle, and into which vehicles a lot went.
//!
//! It must not know messages. Invariants: both directions read the same ranges, so that one is the inverse of the other;
//! a range counts for the vehicles in it whose configuration uses the item; a piece with a serial counts by its serial.

use std::collections::{BTreeMap, BTreeSet};

use takt_kernel::{LotId, LotNumber};
use takt_service::{Error, Tx};

use super::{
    Vehicle,
    store::{vehicle_fetch, vehicles_between},
};
use crate::product::{
    Product,
    store::{day_of, index_of, number_of},
};

/// A part of a vehicle.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// The item's index.
    pub item: usize,
    /// The lot.
    pub lot: LotNumber,
    /// The piece's number within the lot, where the item has serials.
    pub unit_no: Option<i64>,
    /// Who supplied the lot.
    pub supplier: String,
    /// The reservation that the issue stands on.
    pub reservation_id: String,
}

impl Part {
    /// The lot as papers name it.
    pub fn lot_id(&self, product: &Product) -> String {
        let item = product
            .items
            .get(self.item)
            .map_or("", |item| item.item_id.as_str());
        format!("{item}.{}.{:06}", self.supplier, self.lot.n())
    }

    /// The serial number of the piece; empty where the item has none.
    pub fn serial_number(&self, product: &Product) -> String {
        self.unit_no.map_or_else(String::new, |unit| {
            format!("{}-{unit:05}", self.lot_id(product))
        })
    }
}

/// The parts of a vehicle in item order, all or those of one item.
///
/// # Errors
/// `Missing` when there is no such vehicle; what the database said.
pub async fn parts_fetch(
    tx: &Tx,
    product: &Product,
    vin: &takt_kernel::Vin,
    only: Option<usize>,
) -> Result<Vec<Part>, Error> {
    let vehicle = vehicle_fetch(tx, vin).await?;
    let Some(built_on) = vehicle.built_on else {
        return Ok(Vec::new());
    };
    let recorded = product.recorded(vehicle.config);
    let uses: BTreeSet<usize> = recorded.iter().map(|(item, _)| *item).collect();
    let build = vehicle.build_number;
    let mut pieces: BTreeMap<usize, Vec<(LotNumber, i64)>> = BTreeMap::new();
    let sql = "SELECT lot_number, unit_no FROM asbuilt_serial WHERE build_number = $1 ORDER BY lot_number, unit_no";
    for row in tx.rows(sql, vec![build.into()]).await? {
        let lot = LotNumber(row.try_get_by_index(0)?);
        pieces
            .entry(item_of(lot))
            .or_default()
            .push((lot, row.try_get_by_index(1)?));
    }
    let sql = "SELECT r.lot_number, s.supplier_id, i.reservation_id FROM issue AS i JOIN asbuilt_range AS r ON r.issue_no = i.issue_no \
               JOIN lot_source AS s ON s.item_no = r.lot_number / 1000000000 AND s.supplier_rank = r.lot_number % 1000000000 / 10000000 \
               WHERE i.issued_on = $1 AND r.first_build <= $2 AND r.last_build >= $2 ORDER BY r.lot_number";
    let mut parts = Vec::new();
    for row in tx
        .rows(sql, vec![day_of(built_on).into(), build.into()])
        .await?
    {
        let lot = LotNumber(row.try_get_by_index(0)?);
        let item = item_of(lot);
        if !uses.contains(&item) || only.is_some_and(|only| only != item) {
            continue;
        }
        let part = |unit_no| -> Result<Part, Error> {
            Ok(Part {
                item,
                lot,
                unit_no,
                supplier: row.try_get_by_index(1)?,
                reservation_id: row.try_get_by_index(2)?,
            })
        };
        match pieces.get(&item) {
            None => parts.push(part(None)?),
            Some(pieces) => {
                for (_, unit) in pieces.iter().filter(|(of, _)| *of == lot) {
                    parts.push(part(Some(*unit))?);
                }
            }
        }
    }
    Ok(parts)
}

/// A run of build numbers that a lot was issued to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The lot.
    pub lot: LotNumber,
    /// The first build number.
    pub first: i64,
    /// The last build number.
    pub last: i64,
}

/// Where a lot was issued, in build order.
///
/// # Errors
/// `Missing` when no lot of this name was ever issued; what the database said.
pub async fn spans_fetch(tx: &Tx, product: &Product, lot: &LotId) -> Result<Vec<Span>, Error> {
    let missing = || Error::missing("vehicle with parts of lot", lot);
    let item = product.item(lot.item.as_str()).ok_or_else(missing)?;
    let sql = "SELECT supplier_rank FROM lot_source WHERE item_no = $1 AND supplier_id = $2";
    let row = tx
        .one(
            sql,
            vec![number_of(item).into(), lot.supplier.as_str().into()],
        )
        .await?
        .ok_or_else(missing)?;
    let rank = u32::try_from(row.try_get_by_index::<i64>(0)?).map_err(|_| missing())?;
    let item_no = u32::try_from(number_of(item)).map_err(|_| missing())?;
    let number = LotNumber::new(item_no, rank, lot.n).ok_or_else(missing)?;
    let sql = "SELECT first_build, last_build FROM asbuilt_range WHERE lot_number = $1 ORDER BY first_build";
    let rows = tx.rows(sql, vec![number.value().into()]).await?;
    if rows.is_empty() {
        return Err(missing());
    }
    rows.iter()
        .map(|row| {
            Ok(Span {
                lot: number,
                first: row.try_get_by_index(0)?,
                last: row.try_get_by_index(1)?,
            })
        })
        .collect()
}

/// The vehicles of a span that hold a part of its lot, in build order.
///
/// # Errors
/// What the database said.
pub async fn vehicles_of_span(
    tx: &Tx,
    product: &Product,
    span: Span,
) -> Result<Vec<Vehicle>, Error> {
    let item = item_of(span.lot);
    let mut vehicles = vehicles_between(tx, span.first, span.last).await?;
    if product.items.get(item).is_some_and(|item| item.serialised) {
        let sql = "SELECT DISTINCT build_number FROM asbuilt_serial WHERE build_number BETWEEN $1 AND $2 AND lot_number = $3";
        let rows = tx
            .rows(
                sql,
                vec![span.first.into(), span.last.into(), span.lot.value().into()],
            )
            .await?;
        let holders: BTreeSet<i64> = rows
            .iter()
            .map(|row| Ok::<i64, Error>(row.try_get_by_index(0)?))
            .collect::<Result<_, _>>()?;
        vehicles.retain(|vehicle| holders.contains(&vehicle.build_number));
        return Ok(vehicles);
    }
    let mut needs = product.needs();
    vehicles.retain(|vehicle| {
        needs
            .get(&product.bom, vehicle.config)
            .bought()
            .any(|(used, _)| used == item)
    });
    Ok(vehicles)
}

fn item_of(lot: LotNumber) -> usize {
    index_of(i64::from(lot.item_no()))
}
