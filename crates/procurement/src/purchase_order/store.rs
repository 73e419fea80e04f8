//! The rows of orders and their lines, and the counters that netting stands on.
//!
//! It must not know rules. Invariants: whoever orders holds the row of the order book, so orders follow each other; the
//! number of statements does not depend on the number of lines.

use std::collections::BTreeMap;

use takt_kernel::{Date, Quantity};
use takt_service::{Error, Row, Tx, Value};

use super::{Line, Order, Word, change::Proposal, release::Past};
use crate::{
    programme::{Catalogue, SourceNo},
    rows::{date, date_opt, day, day_opt, get, list, quantity},
};

/// The columns of a line as [`line_read`] wants them.
const LINE: &str = "line_no, source_no, first_lot, lots, lot_size, needed_on, receipt_on, ship_on, released_on, past_due, response, \
                    shipped_lots, received_lots, lost_lots, withdrawn_lots, version, asked_lots, asked_on, answered_on, proposed_lots, proposed_on, \
                    proposed_reason, invoiced, accepted_lots";

/// The last day for which orders were released and the next line's number; the row is locked until the transaction
/// ends. The first one who asks opens the book.
pub(crate) async fn book_lock(tx: &Tx) -> Result<(Date, i64), Error> {
    let sql = "INSERT INTO order_book (book_no, released_through, next_line) VALUES (1, $1, 1) \
               ON CONFLICT (book_no) DO UPDATE SET next_line = order_book.next_line RETURNING released_through, next_line";
    let row = tx.one(sql, vec![day(Date::MIN)]).await?;
    let row = row.ok_or_else(|| Error::broken("the order book cannot be opened"))?;
    Ok((date(&row, 0)?, get(&row, 1)?))
}

/// Where the order book stands after a release.
pub(crate) async fn book_set(tx: &Tx, through: Date, next_line: i64) -> Result<(), Error> {
    let sql = "UPDATE order_book SET released_through = $1, next_line = $2";
    tx.exec(sql, vec![day(through), next_line.into()])
        .await
        .map(|_| ())
}

/// The lots ordered so far from each source.
pub(crate) async fn quota_fetch(tx: &Tx) -> Result<BTreeMap<SourceNo, i64>, Error> {
    let rows = tx
        .rows("SELECT source_no, released_lots FROM quota_count", vec![])
        .await?;
    rows.iter()
        .map(|row| Ok((SourceNo(get(row, 0)?), get(row, 1)?)))
        .collect()
}

/// The past of each item with a requirement.
pub(crate) async fn past_fetch(tx: &Tx) -> Result<BTreeMap<u32, Past>, Error> {
    let sql = "SELECT r.item_no, r.issued_before, COALESCE(b.lost, 0) FROM requirement AS r LEFT JOIN balance AS b ON b.item_no = r.item_no";
    let mut past = BTreeMap::new();
    for row in tx.rows(sql, vec![]).await? {
        let item_no = u32::try_from(get::<i64>(&row, 0)?).unwrap_or_default();
        past.insert(
            item_no,
            Past {
                issued_before: quantity(&row, 1)?,
                lost: quantity(&row, 2)?,
            },
        );
    }
    Ok(past)
}

/// Writes lines, their orders, and counts their lots on; answers with the number of orders concerned.
pub(crate) async fn lines_add(
    tx: &Tx,
    catalogue: &Catalogue,
    lines: &[Line],
) -> Result<usize, Error> {
    let mut orders: BTreeMap<(Date, i64), i64> = BTreeMap::new();
    let mut lots: BTreeMap<SourceNo, (i64, Date)> = BTreeMap::new();
    for line in lines {
        let (_, _, supplier) = catalogue
            .source(line.source)
            .ok_or_else(|| Error::broken(format!("source {} is not known", line.source.0)))?;
        *orders
            .entry((line.released_on, supplier.number))
            .or_default() += 1;
        lots.entry(line.source).or_insert((0, line.released_on)).0 += line.lots;
    }
    let columns: Vec<&str> = LINE.split(", ").collect();
    tx.insert_many(
        "order_line",
        &columns,
        lines.iter().map(line_row).collect(),
        "",
    )
    .await?;
    let rows = orders.iter().map(|((on, supplier), count)| {
        vec![day(*on), (*supplier).into(), (*count).into(), 0i64.into()]
    });
    let columns = [
        "released_on",
        "supplier_no",
        "line_count",
        "closed_line_count",
    ];
    let suffix = "ON CONFLICT (released_on, supplier_no) DO UPDATE SET line_count = purchase_order.line_count + excluded.line_count";
    tx.insert_many("purchase_order", &columns, rows.collect(), suffix)
        .await?;
    let rows = lots
        .iter()
        .map(|(source, (lots, on))| vec![source.0.into(), (*lots).into(), day(*on)]);
    let columns = ["source_no", "released_lots", "first_released_on"];
    let suffix = "ON CONFLICT (source_no) DO UPDATE SET released_lots = quota_count.released_lots + excluded.released_lots";
    tx.insert_many("quota_count", &columns, rows.collect(), suffix)
        .await?;
    Ok(orders.len())
}

/// Lines by their numbers; those that are not there are left out.
pub(crate) async fn lines_fetch(
    tx: &Tx,
    numbers: impl IntoIterator<Item = i64>,
) -> Result<BTreeMap<i64, Line>, Error> {
    let columns = columns_of("l");
    let sql = format!("SELECT {columns} FROM v JOIN order_line AS l ON l.line_no = v.line_no");
    let rows = tx.rows_for(&["line_no"], list(numbers), &sql).await?;
    rows.iter()
        .map(|row| line_read(row).map(|line| (line.number, line)))
        .collect()
}

/// Which lines to read.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LineFilter {
    /// Only lines of this day.
    pub(crate) released_on: Option<Date>,
    /// Only lines of which something is still to be shipped.
    pub(crate) unshipped: bool,
    /// Only lines of which something is still to come.
    pub(crate) open: bool,
}

/// A page of lines behind a number.
pub(crate) async fn lines_page(
    tx: &Tx,
    filter: LineFilter,
    after: i64,
    limit: i64,
) -> Result<Vec<Line>, Error> {
    let mut sql = format!("SELECT {LINE} FROM order_line WHERE line_no > $1");
    let mut values: Vec<Value> = vec![after.into(), limit.into()];
    if let Some(date) = filter.released_on {
        sql.push_str(" AND released_on = $3");
        values.push(day(date));
    }
    if filter.unshipped {
        sql.push_str(" AND shipped_lots + withdrawn_lots < lots");
    }
    if filter.open {
        sql.push_str(" AND received_lots + lost_lots + withdrawn_lots < lots");
    }
    sql.push_str(" ORDER BY line_no LIMIT $2");
    tx.rows(&sql, values).await?.iter().map(line_read).collect()
}

/// The lines of an order.
pub(crate) async fn order_lines_fetch(
    tx: &Tx,
    catalogue: &Catalogue,
    order: &Order,
) -> Result<Vec<Line>, Error> {
    let filter = LineFilter {
        released_on: Some(order.released_on),
        ..LineFilter::default()
    };
    let mut lines = lines_page(tx, filter, 0, i64::MAX).await?;
    lines.retain(|line| {
        catalogue
            .source(line.source)
            .is_some_and(|(_, _, supplier)| supplier.number == order.supplier_no)
    });
    Ok(lines)
}

/// Changes what a supplier said of lines, and nothing else of them.
pub(crate) async fn words_save(tx: &Tx, lines: &[Line]) -> Result<(), Error> {
    let rows = lines.iter().map(|line| {
        vec![
            line.number.into(),
            (line.word as i64).into(),
            line.accepted_lots.into(),
            day_opt(line.answered_on),
            line.shipped.into(),
            line.version.into(),
        ]
    });
    let columns = [
        "line_no", "response", "accepted", "answered", "shipped", "version",
    ];
    let set = [
        "response = v.response",
        "accepted_lots = v.accepted",
        "answered_on = v.answered",
        "version = t.version + 1",
    ];
    let same = "t.shipped_lots = v.shipped AND t.version = v.version";
    let changed = tx
        .update_many(
            "order_line",
            &["line_no"],
            &set,
            &columns,
            rows.collect(),
            same,
        )
        .await?;
    unless_all(changed, lines.len())
}

/// Changes everything of lines that can change after they were issued.
pub(crate) async fn lines_change(tx: &Tx, lines: &[Line]) -> Result<(), Error> {
    let rows = lines.iter().map(|line| {
        let proposal = line.proposal.as_ref();
        vec![
            line.number.into(),
            line.shipped.into(),
            line.version.into(),
            line.lots.into(),
            line.withdrawn.into(),
            day(line.receipt_on),
            day(line.ship_on),
            (line.word as i64).into(),
            line.asked_lots.into(),
            day(line.asked_on),
            line.accepted_lots.into(),
            day_opt(line.answered_on),
            proposal.map(|proposal| proposal.lots).into(),
            day_opt(proposal.map(|proposal| proposal.receipt_on)),
            proposal.map(|proposal| proposal.reason.clone()).into(),
        ]
    });
    let columns = [
        "line_no",
        "shipped",
        "version",
        "lots",
        "withdrawn_lots",
        "receipt_on",
        "ship_on",
        "response",
        "asked_lots",
        "asked_on",
        "accepted_lots",
        "answered_on",
        "proposed_lots",
        "proposed_on",
        "proposed_reason",
    ];
    let set: Vec<String> = (columns.iter().skip(3))
        .map(|column| format!("{column} = v.{column}"))
        .chain(["version = t.version + 1".to_owned()])
        .collect();
    let set: Vec<&str> = set.iter().map(String::as_str).collect();
    let same = "t.shipped_lots = v.shipped AND t.version = v.version";
    let changed = tx
        .update_many(
            "order_line",
            &["line_no"],
            &set,
            &columns,
            rows.collect(),
            same,
        )
        .await?;
    unless_all(changed, lines.len())
}

/// Counts lots on that were ordered of a source after its lines were issued.
pub(crate) async fn quota_add(tx: &Tx, source: SourceNo, lots: i64) -> Result<(), Error> {
    let sql = "UPDATE quota_count SET released_lots = released_lots + $2 WHERE source_no = $1";
    let changed = tx.exec(sql, vec![source.0.into(), lots.into()]).await?;
    unless_all(changed, 1)
}

/// Counts lots shipped on: line and number of lots.
pub(crate) async fn shipped_add(tx: &Tx, lots: &BTreeMap<i64, i64>) -> Result<(), Error> {
    let rows = lots
        .iter()
        .map(|(line, lots)| vec![(*line).into(), (*lots).into()]);
    let set = ["shipped_lots = t.shipped_lots + v.lots"];
    let free = "t.shipped_lots + v.lots <= t.lots - t.withdrawn_lots";
    let changed = tx
        .update_many(
            "order_line",
            &["line_no"],
            &set,
            &["line_no", "lots"],
            rows.collect(),
            free,
        )
        .await?;
    unless_all(changed, lots.len())
}

/// Counts lots received on: line and number of lots.
pub(crate) async fn received_add(tx: &Tx, lots: &BTreeMap<i64, i64>) -> Result<(), Error> {
    lots_add(tx, lots, "received_lots = t.received_lots + v.lots").await
}

/// Counts lots on that were lost on their way: line and number of lots.
pub(crate) async fn lost_add(tx: &Tx, lots: &BTreeMap<i64, i64>) -> Result<(), Error> {
    lots_add(tx, lots, "lost_lots = t.lost_lots + v.lots").await
}

async fn lots_add(tx: &Tx, lots: &BTreeMap<i64, i64>, set: &str) -> Result<(), Error> {
    let rows = lots
        .iter()
        .map(|(line, lots)| vec![(*line).into(), (*lots).into()]);
    let set = [set];
    let changed = tx
        .update_many(
            "order_line",
            &["line_no"],
            &set,
            &["line_no", "lots"],
            rows.collect(),
            "",
        )
        .await?;
    unless_all(changed, lots.len())
}

/// Counts lines on of which nothing more will come.
pub(crate) async fn closed_add(
    tx: &Tx,
    catalogue: &Catalogue,
    lines: impl IntoIterator<Item = &Line>,
) -> Result<(), Error> {
    let mut orders: BTreeMap<(Date, i64), i64> = BTreeMap::new();
    for line in lines {
        if let Some((_, _, supplier)) = catalogue.source(line.source) {
            *orders
                .entry((line.released_on, supplier.number))
                .or_default() += 1;
        }
    }
    let rows = orders
        .iter()
        .map(|((on, supplier), count)| vec![day(*on), (*supplier).into(), (*count).into()]);
    let set = ["closed_line_count = t.closed_line_count + v.lines"];
    let columns = ["released_on", "supplier_no", "lines"];
    tx.update_many(
        "purchase_order",
        &["released_on", "supplier_no"],
        &set,
        &columns,
        rows.collect(),
        "",
    )
    .await
    .map(|_| ())
}

/// A page of orders behind a key, of one supplier or of all.
pub(crate) async fn orders_page(
    tx: &Tx,
    supplier_no: Option<i64>,
    after: (Date, i64),
    limit: i64,
) -> Result<Vec<Order>, Error> {
    let mut sql =
        "SELECT supplier_no, released_on, line_count, closed_line_count FROM purchase_order \
                   WHERE (released_on, supplier_no) > ($1, $2)"
            .to_owned();
    let mut values = vec![day(after.0), after.1.into(), limit.into()];
    if let Some(supplier) = supplier_no {
        sql.push_str(" AND supplier_no = $4");
        values.push(supplier.into());
    }
    sql.push_str(" ORDER BY released_on, supplier_no LIMIT $3");
    tx.rows(&sql, values)
        .await?
        .iter()
        .map(order_read)
        .collect()
}

/// An order by its key.
pub(crate) async fn order_fetch(
    tx: &Tx,
    supplier_no: i64,
    released_on: Date,
) -> Result<Option<Order>, Error> {
    let sql = "SELECT supplier_no, released_on, line_count, closed_line_count FROM purchase_order WHERE released_on = $1 AND supplier_no = $2";
    tx.one(sql, vec![day(released_on), supplier_no.into()])
        .await?
        .map(|row| order_read(&row))
        .transpose()
}

/// The columns of a line under an alias.
pub(crate) fn columns_of(alias: &str) -> String {
    let named: Vec<String> = LINE
        .split(", ")
        .map(|column| format!("{alias}.{column}"))
        .collect();
    named.join(", ")
}

/// A line in a row of [`columns_of`].
pub(crate) fn line_read(row: &Row) -> Result<Line, Error> {
    let word: i64 = get(row, 10)?;
    let proposed: (Option<i64>, Option<Date>, Option<String>) =
        (get(row, 19)?, date_opt(row, 20)?, get(row, 21)?);
    Ok(Line {
        number: get(row, 0)?,
        source: SourceNo(get(row, 1)?),
        first_lot: get(row, 2)?,
        lots: get(row, 3)?,
        lot_size: Quantity(get(row, 4)?),
        needed_on: date(row, 5)?,
        receipt_on: date(row, 6)?,
        ship_on: date(row, 7)?,
        released_on: date(row, 8)?,
        past_due: get::<i64>(row, 9)? != 0,
        word: Word::of(word)
            .ok_or_else(|| Error::broken(format!("an order line has the response {word}")))?,
        shipped: get(row, 11)?,
        received: get(row, 12)?,
        gone: get(row, 13)?,
        withdrawn: get(row, 14)?,
        version: get(row, 15)?,
        asked_lots: get(row, 16)?,
        asked_on: date(row, 17)?,
        answered_on: date_opt(row, 18)?,
        proposal: match proposed {
            (Some(lots), Some(receipt_on), Some(reason)) => Some(Proposal {
                lots,
                receipt_on,
                reason,
            }),
            _ => None,
        },
        invoiced: quantity(row, 22)?,
        accepted_lots: get(row, 23)?,
    })
}

fn line_row(line: &Line) -> Vec<Value> {
    vec![
        line.number.into(),
        line.source.0.into(),
        line.first_lot.into(),
        line.lots.into(),
        line.lot_size.milli().into(),
        day(line.needed_on),
        day(line.receipt_on),
        day(line.ship_on),
        day(line.released_on),
        i64::from(line.past_due).into(),
        (line.word as i64).into(),
        line.shipped.into(),
        line.received.into(),
        line.gone.into(),
        line.withdrawn.into(),
        line.version.into(),
        line.asked_lots.into(),
        day(line.asked_on),
        day_opt(line.answered_on),
        Option::<i64>::None.into(),
        day_opt(None),
        Option::<String>::None.into(),
        line.invoiced.milli().into(),
        line.accepted_lots.into(),
    ]
}

fn order_read(row: &Row) -> Result<Order, Error> {
    Ok(Order {
        supplier_no: get(row, 0)?,
        released_on: date(row, 1)?,
        lines: get(row, 2)?,
        closed_lines: get(row, 3)?,
    })
}

/// Rows that were changed by somebody else since they were read make the transaction begin anew.
fn unless_all(changed: u64, wanted: usize) -> Result<(), Error> {
    if changed == wanted as u64 {
        return Ok(());
    }
    Err(Error::Conflict {
        detail: format!("{changed} of {wanted} order lines are as they were read"),
    })
}
