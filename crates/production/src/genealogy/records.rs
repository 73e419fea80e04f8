//! The rows of records: who changes the as-built memory takes the next number, and holds the clock until it is done.
//!
//! It must not know what changes. Invariants: AB-7 records have no gaps, and their instants never go back; whoever takes
//! a record is the only one that changes the memory until its transaction ends.

use takt_kernel::Date;
use takt_planning::genealogy::{Node, OPEN};
use takt_service::{Error, Row, Tx};

use super::{RecordKind, Site};
use crate::product::store::{date_of, day_of};

/// A change of the as-built memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The number.
    pub number: i64,
    /// When it was written down, in microseconds; 0 where that is not known.
    pub recorded_at: i64,
    /// How it came to be.
    pub kind: i64,
    /// The day on which it happened.
    pub on: Date,
    /// The unit that changed.
    pub unit: Option<Node>,
    /// Where a part was replaced.
    pub site: i64,
    /// Why.
    pub reason: String,
}

/// What is written of a change.
#[derive(Debug, Clone, Copy)]
pub struct NewRecord<'r> {
    /// How it came to be.
    pub kind: RecordKind,
    /// The day on which it happened.
    pub on: Date,
    /// The unit that changed.
    pub unit: Option<Node>,
    /// Where a part was replaced.
    pub site: Site,
    /// Why.
    pub reason: &'r str,
    /// The issue, of a day of the line.
    pub issue: Option<i64>,
}

/// Holds the clock, so that nobody else changes the memory beside this transaction; answers with the last record.
///
/// # Errors
/// What the database said.
pub async fn clock_hold(tx: &Tx) -> Result<i64, Error> {
    let sql =
        "UPDATE asbuilt_clock SET record_no = record_no WHERE clock_no = 1 RETURNING record_no";
    let row = tx.one(sql, vec![]).await?;
    let row = row.ok_or_else(|| Error::broken("the clock of the as-built memory is gone"))?;
    Ok(row.try_get_by_index(0)?)
}

/// Takes the next record.
///
/// # Errors
/// What the database said.
pub async fn record_take(tx: &Tx, new: &NewRecord<'_>) -> Result<Record, Error> {
    let sql = "UPDATE asbuilt_clock SET record_no = record_no + 1, recorded_at = CASE WHEN recorded_at > $1 THEN recorded_at ELSE $1 END \
               WHERE clock_no = 1 RETURNING record_no, recorded_at";
    let row = tx.one(sql, vec![tx.now_micros().into()]).await?;
    let row = row.ok_or_else(|| Error::broken("the clock of the as-built memory is gone"))?;
    let record = Record {
        number: row.try_get_by_index(0)?,
        recorded_at: row.try_get_by_index(1)?,
        kind: new.kind as i64,
        on: new.on,
        unit: new.unit,
        site: new.site as i64,
        reason: new.reason.to_owned(),
    };
    let (key, piece) = new.unit.map_or((0, 0), Node::key);
    let values = vec![
        record.number.into(),
        record.recorded_at.into(),
        record.kind.into(),
        day_of(new.on).into(),
        new.issue.into(),
        key.into(),
        piece.into(),
        record.site.into(),
        new.reason.into(),
    ];
    let columns = [
        "record_no",
        "recorded_at",
        "kind",
        "happened_on",
        "issue_no",
        "unit_key",
        "unit_piece",
        "site",
        "reason",
    ];
    tx.insert_many("asbuilt_record", &columns, vec![values], "")
        .await?;
    Ok(record)
}

/// The last record that was written down by an instant.
///
/// # Errors
/// What the database said.
pub async fn record_at(tx: &Tx, micros: i64) -> Result<i64, Error> {
    let sql = "SELECT MAX(record_no) FROM asbuilt_record WHERE recorded_at <= $1";
    tx.number(sql, vec![micros.into()]).await
}

/// The last record of all.
///
/// # Errors
/// What the database said.
pub async fn record_last(tx: &Tx) -> Result<i64, Error> {
    tx.number("SELECT record_no FROM asbuilt_clock", vec![])
        .await
}

/// Records behind a number, oldest first, all or those of a unit.
///
/// # Errors
/// What the database said.
pub async fn records_page(
    tx: &Tx,
    unit: Option<Node>,
    after: i64,
    limit: i64,
) -> Result<Vec<Record>, Error> {
    let columns = "record_no, recorded_at, kind, happened_on, unit_key, unit_piece, site, reason FROM asbuilt_record WHERE record_no > $1";
    let rows = match unit.map(Node::key) {
        None => {
            let sql = format!("SELECT {columns} ORDER BY record_no LIMIT $2");
            tx.rows(&sql, vec![after.into(), limit.into()]).await?
        }
        // A unit is told of where it is the one that changed, and where parts came into it or left it.
        Some((key, piece)) => {
            let sql = format!(
                "SELECT {columns} AND record_no IN (SELECT record_no FROM asbuilt_record WHERE unit_key = $2 AND unit_piece = $3 AND kind > 1 \
                 UNION SELECT recorded_from FROM asbuilt_edge WHERE parent_key = $2 AND parent_piece = $3 \
                 UNION SELECT recorded_to FROM asbuilt_edge WHERE parent_key = $2 AND parent_piece = $3) ORDER BY record_no LIMIT $4"
            );
            let values = vec![after.into(), key.into(), piece.into(), limit.into()];
            tx.rows(&sql, values).await?
        }
    };
    rows.iter().map(read).collect()
}

/// The entity tag of a unit's record: the last record that changed what is directly in it.
///
/// # Errors
/// What the database said.
pub async fn etag_of(tx: &Tx, unit: Node) -> Result<String, Error> {
    let (key, piece) = unit.key();
    let sql = "SELECT MAX(n) FROM (SELECT MAX(recorded_from) AS n FROM asbuilt_edge WHERE parent_key = $1 AND parent_piece = $2 \
               UNION ALL SELECT MAX(recorded_to) FROM asbuilt_edge WHERE parent_key = $1 AND parent_piece = $2 AND recorded_to < $3 \
               UNION ALL SELECT MAX(record_no) FROM asbuilt_record WHERE unit_key = $1 AND unit_piece = $2 AND kind > 1) AS x";
    let values = vec![key.into(), piece.into(), OPEN.into()];
    Ok(format!("\"{}\"", tx.number(sql, values).await?))
}

fn read(row: &Row) -> Result<Record, Error> {
    let key = (row.try_get_by_index(4)?, row.try_get_by_index(5)?);
    Ok(Record {
        number: row.try_get_by_index(0)?,
        recorded_at: row.try_get_by_index(1)?,
        kind: row.try_get_by_index(2)?,
        on: date_of(row.try_get_by_index(3)?),
        unit: Node::of(key),
        site: row.try_get_by_index(6)?,
        reason: row.try_get_by_index(7)?,
    })
}
