//! Reading the ledger: the entries of a lot or an item, and what days moved.
//!
//! It must not know rules. The ledger lies in the order of days, so a lot is found by its day of receipt and by the days
//! on which something was built after it.

use takt_kernel::{Date, LotNumber, Quantity};
use takt_service::{Error, Row, Tx};

use crate::{
    programme::SourceNo,
    rows::{date, date_of, day, get},
};

/// The kinds of movement; the numbers are those of the column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum EntryKind {
    /// Goods came in.
    Receipt = 1,
    /// Goods were used in a build.
    Issue = 2,
}

/// A movement of a lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The business date.
    pub(crate) on: Date,
    /// The kind.
    pub(crate) kind: EntryKind,
    /// The lot.
    pub(crate) lot: LotNumber,
    /// The quantity, positive when stock grows.
    pub(crate) quantity: Quantity,
    /// The reservation of an issue; empty otherwise.
    pub(crate) reservation_id: String,
}

/// The entries of the lots from one number to another on some days, oldest first.
pub(crate) async fn entries_fetch(
    tx: &Tx,
    lots: (LotNumber, LotNumber),
    days: (Date, Date),
) -> Result<Vec<Entry>, Error> {
    let values = || {
        vec![
            lots.0.value().into(),
            lots.1.value().into(),
            day(days.0),
            day(days.1),
        ]
    };
    // Days are named one by one, so that each is a look-up of its own in the key of the ledger.
    let sql = "SELECT e.day, e.kind, e.lot_number, e.quantity, '' FROM (SELECT DISTINCT received_on FROM asn \
               WHERE received_on BETWEEN $3 AND $4) AS d JOIN ledger AS e ON e.day = d.received_on AND e.kind = 1 \
               AND e.lot_number BETWEEN $1 AND $2";
    let mut entries: Vec<Entry> = tx
        .rows(sql, values())
        .await?
        .iter()
        .map(entry_read)
        .collect::<Result<_, _>>()?;
    let sql = "SELECT e.day, e.kind, e.lot_number, e.quantity, r.reservation_id FROM (SELECT DISTINCT build_on FROM reservation \
               WHERE build_on BETWEEN $3 AND $4) AS d JOIN ledger AS e ON e.day = d.build_on AND e.kind = 2 \
               AND e.lot_number BETWEEN $1 AND $2 JOIN reservation AS r ON r.reservation_no = e.reservation_no";
    for row in tx.rows(sql, values()).await? {
        entries.push(entry_read(&row)?);
    }
    entries.sort_by(|a, b| {
        (a.on, a.kind, a.lot, &a.reservation_id).cmp(&(b.on, b.kind, b.lot, &b.reservation_id))
    });
    Ok(entries)
}

/// The first and the last day of the ledger.
pub(crate) async fn span_fetch(tx: &Tx) -> Result<Option<(Date, Date)>, Error> {
    let row = tx
        .one("SELECT MIN(day), MAX(day) FROM ledger", vec![])
        .await?;
    let Some(row) = row else { return Ok(None) };
    let ends = get::<Option<i64>>(&row, 0)?.zip(get::<Option<i64>>(&row, 1)?);
    Ok(ends.map(|(first, last)| (date_of(first), date_of(last))))
}

/// What was moved on some days of each source, in the order of days: day, source, thousandths with their sign.
pub(crate) async fn movements_fetch(
    tx: &Tx,
    first: Date,
    last: Date,
) -> Result<Vec<(Date, SourceNo, i64)>, Error> {
    let sql = "SELECT day, kind, lot_number / 10000000, CAST(SUM(quantity) AS BIGINT) FROM ledger WHERE day BETWEEN $1 AND $2 \
               GROUP BY 1, 2, 3 ORDER BY 1, 2, 3";
    let rows = tx.rows(sql, vec![day(first), day(last)]).await?;
    rows.iter()
        .map(|row| Ok((date(row, 0)?, SourceNo(get(row, 2)?), get(row, 3)?)))
        .collect()
}

fn entry_read(row: &Row) -> Result<Entry, Error> {
    Ok(Entry {
        on: date(row, 0)?,
        kind: if get::<i64>(row, 1)? == EntryKind::Issue as i64 {
            EntryKind::Issue
        } else {
            EntryKind::Receipt
        },
        lot: LotNumber(get(row, 2)?),
        quantity: Quantity(get(row, 3)?),
        reservation_id: get(row, 4)?,
    })
}
