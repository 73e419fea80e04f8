//! The rows of what happened to lines after they were issued, and of what is owed for what was taken back.
//!
//! It must not know rules. Invariants: a row is never changed; the events of a line are numbered in the order in which they happened.

use std::collections::BTreeMap;

use takt_kernel::{Date, Quantity};
use takt_planning::liability::Settled;
use takt_service::{Error, Row, Tx, Value};

use super::change::{Event, EventKind};
use crate::{
    programme::SourceNo,
    rows::{date, date_opt, day, day_opt, get, list, quantity},
};

/// The columns of an event.
const EVENT: &str = "line_no, event_no, kind, happened_on, lots, receipt_on, reason, withdrawn_lots, finished, raw, finished_minor";

/// Writes events, at most one a line, under the next numbers of their lines.
pub(super) async fn events_add(tx: &Tx, events: &[Event]) -> Result<(), Error> {
    let sql = "SELECT e.line_no, MAX(e.event_no) FROM v JOIN order_line_event AS e ON e.line_no = v.line_no GROUP BY e.line_no";
    let lines = list(events.iter().map(|event| event.line));
    let mut last: BTreeMap<i64, i64> = BTreeMap::new();
    for row in tx.rows_for(&["line_no"], lines, sql).await? {
        last.insert(get(&row, 0)?, get(&row, 1)?);
    }
    let rows = events.iter().map(|event| {
        let number = last.get(&event.line).copied().unwrap_or_default() + 1;
        vec![
            event.line.into(),
            number.into(),
            (event.kind as i64).into(),
            day_opt(event.on),
            event.lots.into(),
            day(event.receipt_on),
            event.reason.as_str().into(),
            event.withdrawn.into(),
            event.owed.finished.milli().into(),
            event.owed.raw.milli().into(),
            event.finished_minor.into(),
        ]
    });
    let columns: Vec<&str> = EVENT.split(", ").collect();
    tx.insert_many("order_line_event", &columns, rows.collect(), "")
        .await
        .map(|_| ())
}

/// A page of events behind one, of one line or of all.
pub(super) async fn events_page(
    tx: &Tx,
    line: Option<i64>,
    after: (i64, i64),
    limit: i64,
) -> Result<Vec<Event>, Error> {
    let mut sql =
        format!("SELECT {EVENT} FROM order_line_event WHERE (line_no, event_no) > ($1, $2)");
    let mut values: Vec<Value> = vec![after.0.into(), after.1.into(), limit.into()];
    if let Some(line) = line {
        sql.push_str(" AND line_no = $4");
        values.push(line.into());
    }
    sql.push_str(" ORDER BY line_no, event_no LIMIT $3");
    tx.rows(&sql, values)
        .await?
        .iter()
        .map(event_read)
        .collect()
}

/// What is owed by each agreement for goods that were taken back since its reset date.
pub(crate) async fn settled_fetch(tx: &Tx) -> Result<BTreeMap<SourceNo, Settled>, Error> {
    let sql = "SELECT l.source_no, CAST(SUM(e.finished) AS BIGINT), CAST(SUM(e.raw) AS BIGINT) FROM order_line_event AS e \
               JOIN order_line AS l ON l.line_no = e.line_no JOIN schedule_agreement AS g ON g.source_no = l.source_no \
               WHERE e.happened_on >= g.reset_on GROUP BY l.source_no";
    let rows = tx.rows(sql, vec![]).await?;
    let read = |row| Ok((SourceNo(get(row, 0)?), settled_read(row, 1)?));
    rows.iter().map(read).collect()
}

/// What is owed of a source for goods that were taken back from one day until before another.
pub(crate) async fn settled_between(
    tx: &Tx,
    source: SourceNo,
    from: Date,
    until: Date,
) -> Result<Settled, Error> {
    let sql = "SELECT CAST(COALESCE(SUM(e.finished), 0) AS BIGINT), CAST(COALESCE(SUM(e.raw), 0) AS BIGINT) FROM order_line_event AS e \
               JOIN order_line AS l ON l.line_no = e.line_no WHERE l.source_no = $1 AND e.happened_on >= $2 AND e.happened_on < $3";
    let row = tx
        .one(sql, vec![source.0.into(), day(from), day(until)])
        .await?;
    row.map_or(Ok(Settled::default()), |row| settled_read(&row, 0))
}

/// What is ordered of each source and has not left.
pub(super) async fn open_fetch(tx: &Tx) -> Result<BTreeMap<SourceNo, Quantity>, Error> {
    let sql = "SELECT source_no, CAST(SUM((lots - withdrawn_lots - shipped_lots) * lot_size) AS BIGINT) FROM order_line \
               WHERE shipped_lots + withdrawn_lots < lots GROUP BY source_no";
    let rows = tx.rows(sql, vec![]).await?;
    let read = |row| Ok((SourceNo(get(row, 0)?), quantity(row, 1)?));
    rows.iter().map(read).collect()
}

/// What is under way of some lines.
pub(super) async fn in_transit_fetch(
    tx: &Tx,
    lines: impl IntoIterator<Item = i64>,
) -> Result<BTreeMap<i64, Quantity>, Error> {
    let sql = "SELECT a.line_no, CAST(SUM(a.quantity) AS BIGINT) FROM v JOIN asn_line AS a ON a.line_no = v.line_no \
               JOIN asn AS n ON n.asn_no = a.asn_no WHERE n.received_on IS NULL AND n.lost_on IS NULL GROUP BY a.line_no";
    let rows = tx.rows_for(&["line_no"], list(lines), sql).await?;
    rows.iter()
        .map(|row| Ok((get(row, 0)?, quantity(row, 1)?)))
        .collect()
}

fn settled_read(row: &Row, column: usize) -> Result<Settled, Error> {
    Ok(Settled {
        finished: quantity(row, column)?,
        raw: quantity(row, column + 1)?,
    })
}

fn event_read(row: &Row) -> Result<Event, Error> {
    let kind: i64 = get(row, 2)?;
    let kinds = [
        EventKind::Proposed,
        EventKind::ProposalAccepted,
        EventKind::ProposalDeclined,
        EventKind::Rejected,
        EventKind::Changed,
        EventKind::Cancelled,
    ];
    Ok(Event {
        line: get(row, 0)?,
        number: get(row, 1)?,
        kind: (kinds.into_iter().find(|known| *known as i64 == kind))
            .ok_or_else(|| Error::broken(format!("an order line has an event {kind}")))?,
        on: date_opt(row, 3)?,
        lots: get(row, 4)?,
        receipt_on: date(row, 5)?,
        reason: get(row, 6)?,
        withdrawn: get(row, 7)?,
        owed: settled_read(row, 8)?,
        finished_minor: get(row, 10)?,
    })
}
