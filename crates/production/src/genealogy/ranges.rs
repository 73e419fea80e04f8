//! The rows of the ranges, and of what edges took over of them.
//!
//! It must not know what follows from them. Invariant: a number of statements that depends on the items and runs asked
//! about and not on the vehicles.

use std::collections::{BTreeSet, HashMap};

use takt_kernel::LotNumber;
use takt_planning::{bom::Home, feature::Config};
use takt_service::{Error, Row, Tx};

use crate::product::store::{index_of, number_of};

/// A lot's way into a run of vehicles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The lot.
    pub lot: LotNumber,
    /// The first build number.
    pub first: i64,
    /// The last build number.
    pub last: i64,
    /// The record of the issue.
    pub record: i64,
    /// Whether the first and the last vehicle have parts of another lot as well.
    pub shared: (bool, bool),
}

impl Span {
    /// Whether the lot shares this vehicle with another one.
    pub const fn is_shared(&self, build: i64) -> bool {
        (build == self.first && self.shared.0) || (build == self.last && self.shared.1)
    }
}

/// Build number, lot and piece of what edges took over, and the record from which they say what was of it.
pub type Masks = HashMap<(i64, LotNumber, i64), i64>;

/// The index of the item of a lot.
pub fn item_of(lot: LotNumber) -> usize {
    index_of(i64::from(lot.item_no()))
}

/// Where lots were issued, in build order.
///
/// # Errors
/// What the database said.
pub async fn spans_fetch(
    tx: &Tx,
    lots: impl Iterator<Item = LotNumber>,
) -> Result<Vec<Span>, Error> {
    let list = lots.map(|lot| vec![lot.value().into()]).collect();
    let shared = |build: &str| {
        format!(
            "CASE WHEN EXISTS (SELECT 1 FROM asbuilt_range AS o WHERE o.issue_no = r.issue_no AND o.lot_number <> r.lot_number \
             AND o.lot_number BETWEEN r.lot_number / 1000000000 * 1000000000 AND r.lot_number / 1000000000 * 1000000000 + 999999999 \
             AND o.first_build <= r.{build} AND o.last_build >= r.{build}) THEN 1 ELSE 0 END"
        )
    };
    let query = format!(
        "SELECT r.lot_number, r.first_build, r.last_build, k.record_no, {}, {} FROM v JOIN asbuilt_range AS r ON r.lot_number = v.lot_number \
         JOIN asbuilt_record AS k ON k.issue_no = r.issue_no ORDER BY r.first_build, r.lot_number",
        shared("first_build"),
        shared("last_build")
    );
    let rows = tx.rows_for(&["lot_number"], list, &query).await?;
    let is =
        |row: &Row, at: usize| -> Result<bool, Error> { Ok(row.try_get_by_index::<i32>(at)? == 1) };
    rows.iter()
        .map(|row| {
            Ok(Span {
                lot: LotNumber(row.try_get_by_index(0)?),
                first: row.try_get_by_index(1)?,
                last: row.try_get_by_index(2)?,
                record: row.try_get_by_index(3)?,
                shared: (is(row, 4)?, is(row, 5)?),
            })
        })
        .collect()
}

/// The vehicles of a span that hold a piece of its lot, with the piece.
///
/// # Errors
/// What the database said.
pub async fn holders_fetch(tx: &Tx, span: Span) -> Result<Vec<(i64, i64)>, Error> {
    let sql = "SELECT build_number, unit_no FROM asbuilt_serial WHERE build_number BETWEEN $1 AND $2 AND lot_number = $3 ORDER BY build_number, unit_no";
    let values = vec![span.first.into(), span.last.into(), span.lot.value().into()];
    let rows = tx.rows(sql, values).await?;
    rows.iter()
        .map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
        .collect()
}

/// The piece that is the home of a span's lot in each vehicle, where there is exactly one.
///
/// # Errors
/// What the database said.
pub async fn pieces_at_home(
    tx: &Tx,
    span: Span,
    homes: &HashMap<Config, Home>,
) -> Result<HashMap<i64, (LotNumber, i64)>, Error> {
    let units: BTreeSet<usize> = homes
        .values()
        .filter_map(|home| match home {
            Home::Unit(item) => Some(*item),
            _ => None,
        })
        .collect();
    let mut pieces = HashMap::new();
    let mut twice = BTreeSet::new();
    let sql = "SELECT build_number, lot_number, unit_no FROM asbuilt_serial WHERE build_number BETWEEN $1 AND $2 AND lot_number BETWEEN $3 AND $4";
    for item in units {
        let first = number_of(item) * 1_000_000_000;
        let values = vec![
            span.first.into(),
            span.last.into(),
            first.into(),
            (first + 999_999_999).into(),
        ];
        for row in tx.rows(sql, values).await? {
            let build: i64 = row.try_get_by_index(0)?;
            let piece = (
                LotNumber(row.try_get_by_index(1)?),
                row.try_get_by_index(2)?,
            );
            if pieces.insert(build, piece).is_some() {
                twice.insert(build);
            }
        }
    }
    pieces.retain(|build, _| !twice.contains(build));
    Ok(pieces)
}

/// What the edges took over of some lots.
///
/// # Errors
/// What the database said.
pub async fn masks_fetch(tx: &Tx, lots: impl Iterator<Item = LotNumber>) -> Result<Masks, Error> {
    let list = lots.map(|lot| vec![lot.value().into()]).collect();
    let query = "SELECT m.build_number, m.lot_number, m.unit_no, m.recorded_from FROM v JOIN asbuilt_mask AS m ON m.lot_number = v.lot_number";
    masks_of(&tx.rows_for(&["lot_number"], list, query).await?)
}

/// What the edges took over, as rows of build number, lot, piece and record.
///
/// # Errors
/// What the database said.
pub fn masks_of(rows: &[Row]) -> Result<Masks, Error> {
    rows.iter()
        .map(|row| {
            let lot = LotNumber(row.try_get_by_index(1)?);
            let key = (row.try_get_by_index(0)?, lot, row.try_get_by_index(2)?);
            Ok((key, row.try_get_by_index(3)?))
        })
        .collect()
}
