//! Reading the ledger: the entries of a lot or an item, and what days moved.
//!
//! It must not know rules. The ledger lies in the order of days, so a lot is found by its day of receipt and by the days
//! on which something was built after it.

use takt_kernel::{Date, LotNumber, Quantity};
use takt_service::{Error, Row, Tx};

use super::Run;
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

/// A movement of lots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The business date.
    pub(crate) on: Date,
    /// The kind.
    pub(crate) kind: EntryKind,
    /// The lots, and the quantity of each, positive when stock grows.
    pub(crate) run: Run,
    /// The reservation of an issue; empty otherwise.
    pub(crate) reservation_id: String,
}

impl Entry {
    /// The part of the movement that concerns lots from one number to another.
    fn within(mut self, lots: (LotNumber, LotNumber)) -> Option<Self> {
        let (first, last) = (self.run.first.max(lots.0), self.run.last().min(lots.1));
        self.run = Run {
            first,
            lots: last.value() - first.value() + 1,
            ..self.run
        };
        (self.run.lots > 0).then_some(self)
    }
}

/// The entries of the lots from one number to another on some days, oldest first. The lots are those of one item.
pub(crate) async fn entries_fetch(
    tx: &Tx,
    lots: (LotNumber, LotNumber),
    days: (Date, Date),
) -> Result<Vec<Entry>, Error> {
    // A run that holds a lot begins with a lot of the same source.
    let from = SourceNo::of_lot(lots.0)
        .lot(1)
        .unwrap_or(lots.0)
        .min(lots.0);
    let values = || {
        vec![
            from.value().into(),
            lots.1.value().into(),
            day(days.0),
            day(days.1),
        ]
    };
    // Days are named one by one, so that each is a look-up of its own in the key of the ledger.
    let sql = "SELECT e.day, e.kind, e.received_on, e.first_lot, e.lots, e.quantity, '' FROM (SELECT DISTINCT received_on FROM asn \
               WHERE received_on BETWEEN $3 AND $4) AS d JOIN ledger AS e ON e.day = d.received_on AND e.kind = 1 \
               AND e.first_lot BETWEEN $1 AND $2";
    let mut rows = tx.rows(sql, values()).await?;
    let sql = "SELECT e.day, e.kind, e.received_on, e.first_lot, e.lots, e.quantity, r.reservation_id FROM (SELECT DISTINCT build_on FROM reservation \
               WHERE build_on BETWEEN $3 AND $4) AS d JOIN ledger AS e ON e.day = d.build_on AND e.kind = 2 \
               AND e.first_lot BETWEEN $1 AND $2 JOIN reservation AS r ON r.reservation_no = e.reservation_no";
    rows.extend(tx.rows(sql, values()).await?);
    let mut entries = Vec::with_capacity(rows.len());
    for row in &rows {
        entries.extend(entry_read(row)?.within(lots));
    }
    entries.sort_by(|a, b| {
        (a.on, a.kind, a.run.first, &a.reservation_id).cmp(&(
            b.on,
            b.kind,
            b.run.first,
            &b.reservation_id,
        ))
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
    let sql = "SELECT day, kind, first_lot / 10000000, CAST(SUM(lots * quantity) AS BIGINT) FROM ledger WHERE day BETWEEN $1 AND $2 \
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
        run: Run {
            received_on: date(row, 2)?,
            first: LotNumber(get(row, 3)?),
            lots: get(row, 4)?,
            each: Quantity(get(row, 5)?),
        },
        reservation_id: get(row, 6)?,
    })
}
