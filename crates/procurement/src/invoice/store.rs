//! The rows of invoices and their lines, and what they are matched with.
//!
//! It must not know rules. Invariants: what of an order line was invoiced changes with the state of the invoice, in one transaction; the
//! number of statements does not depend on the number of lines.

use std::collections::BTreeMap;

use takt_kernel::{Amount, Currency, Date, Quantity};
use takt_planning::three_way_match::Billed;
use takt_service::{Error, Row, Tx, Value};

use super::{Blocks, Invoice, InvoiceLine, Known, State};
use crate::{
    programme::{Catalogue, SourceNo},
    rows::{date, date_opt, day, day_opt, get, list, quantity},
    sourcing::store::prices_fetch,
};

/// The columns of an invoice behind the number of its row.
const INVOICE: &str = "supplier_no, invoice_number, invoiced_on, state, self_billed, line_count, minor, blocks, approved_by, reason, \
                       decided_on, version";
/// The columns of a line.
const LINE: &str = "invoice_no, line_no, quantity, price_micros, agreed_micros, minor, ordered, accepted, invoiced_before, blocks";
/// Lots that were received and are neither in quarantine nor kept back, beside the order line of `v`.
const ACCEPTED: &str = "JOIN asn_line AS a ON a.line_no = v.line_no JOIN asn AS n ON n.asn_no = a.asn_no \
                        JOIN lot AS o ON o.received_on = n.received_on AND o.lot_number BETWEEN a.first_lot AND a.first_lot + a.lots - 1 \
                        WHERE n.received_on IS NOT NULL AND o.state NOT IN (2, 4)";

/// The tolerances: millionths of a price, and minor units on a line.
pub(super) async fn tolerances_fetch(tx: &Tx) -> Result<(i64, i64), Error> {
    let sql = "SELECT price_millionths, price_minor FROM invoice_tolerance";
    let row = tx.one(sql, vec![]).await?;
    let row = row.ok_or_else(|| Error::broken("there are no tolerances"))?;
    Ok((get(&row, 0)?, get(&row, 1)?))
}

/// Sets the tolerances.
pub(super) async fn tolerances_save(tx: &Tx, millionths: i64, minor: i64) -> Result<(), Error> {
    let sql = "UPDATE invoice_tolerance SET price_millionths = $1, price_minor = $2";
    tx.exec(sql, vec![millionths.into(), minor.into()])
        .await
        .map(|_| ())
}

/// An invoice by its supplier and number.
pub(super) async fn invoice_fetch(
    tx: &Tx,
    currency: Currency,
    supplier_no: i64,
    number: &str,
) -> Result<Option<Invoice>, Error> {
    let sql = format!(
        "SELECT invoice_no, {INVOICE} FROM invoice WHERE supplier_no = $1 AND invoice_number = $2"
    );
    let row = tx
        .one(&sql, vec![supplier_no.into(), number.into()])
        .await?;
    row.map(|row| invoice_read(&row, currency)).transpose()
}

/// A page of invoices behind one, of a supplier and in a state where they are given.
pub(super) async fn invoices_page(
    tx: &Tx,
    currency: Currency,
    filter: (Option<i64>, Option<i64>),
    after: i64,
    limit: i64,
) -> Result<Vec<Invoice>, Error> {
    let mut sql = format!("SELECT invoice_no, {INVOICE} FROM invoice WHERE invoice_no > $1");
    let mut values: Vec<Value> = vec![after.into(), limit.into()];
    for (column, wanted) in [("supplier_no", filter.0), ("state", filter.1)] {
        if let Some(wanted) = wanted {
            values.push(wanted.into());
            sql.push_str(&format!(" AND {column} = ${}", values.len()));
        }
    }
    sql.push_str(" ORDER BY invoice_no LIMIT $2");
    let rows = tx.rows(&sql, values).await?;
    rows.iter().map(|row| invoice_read(row, currency)).collect()
}

/// The lines of an invoice by order line.
pub(super) async fn invoice_lines_fetch(tx: &Tx, row: i64) -> Result<Vec<InvoiceLine>, Error> {
    let sql = format!("SELECT {LINE} FROM invoice_line WHERE invoice_no = $1 ORDER BY line_no");
    let rows = tx.rows(&sql, vec![row.into()]).await?;
    rows.iter().map(line_read).collect()
}

/// Writes new invoices with their lines, and answers with the numbers of their rows in the same order.
pub(super) async fn invoices_add(
    tx: &Tx,
    invoices: &[(Invoice, Vec<InvoiceLine>)],
) -> Result<(), Error> {
    let columns: Vec<&str> = INVOICE.split(", ").collect();
    let rows = invoices.iter().map(|(invoice, _)| {
        vec![
            invoice.supplier_no.into(),
            invoice.number.as_str().into(),
            day(invoice.invoiced_on),
            (invoice.state as i64).into(),
            i64::from(invoice.self_billed).into(),
            invoice.line_count.into(),
            invoice.amount.minor.into(),
            invoice.blocks.0.into(),
            invoice.approved_by.as_str().into(),
            invoice.reason.as_str().into(),
            day_opt(invoice.decided_on),
            invoice.version.into(),
        ]
    });
    let suffix = "RETURNING supplier_no, invoice_number, invoice_no";
    let answers = tx
        .insert_returning("invoice", &columns, rows.collect(), suffix)
        .await?;
    let mut numbers: BTreeMap<(i64, String), i64> = BTreeMap::new();
    for row in &answers {
        numbers.insert((get(row, 0)?, get(row, 1)?), get(row, 2)?);
    }
    let mut lines = Vec::new();
    for (invoice, of) in invoices {
        let key = (invoice.supplier_no, invoice.number.clone());
        let row = (numbers.get(&key).copied())
            .ok_or_else(|| Error::broken(format!("invoice {} has no row", invoice.number)))?;
        lines.extend(of.iter().map(|line| line_row(row, line)));
    }
    let columns: Vec<&str> = LINE.split(", ").collect();
    tx.insert_many("invoice_line", &columns, lines, "")
        .await
        .map(|_| ())
}

/// Changes the state of an invoice, and what its lines were matched with where they are given.
pub(super) async fn invoice_save(
    tx: &Tx,
    invoice: &Invoice,
    lines: Option<&[InvoiceLine]>,
) -> Result<(), Error> {
    let sql = "UPDATE invoice SET state = $3, blocks = $4, approved_by = $5, reason = $6, decided_on = $7, version = version + 1 \
               WHERE invoice_no = $1 AND version = $2";
    let values = vec![
        invoice.row.into(),
        invoice.version.into(),
        (invoice.state as i64).into(),
        invoice.blocks.0.into(),
        invoice.approved_by.as_str().into(),
        invoice.reason.as_str().into(),
        day_opt(invoice.decided_on),
    ];
    if tx.exec(sql, values).await? != 1 {
        return Err(Error::Conflict {
            detail: format!("invoice {} was changed meanwhile", invoice.number),
        });
    }
    let Some(lines) = lines else { return Ok(()) };
    let columns: Vec<&str> = LINE.split(", ").collect();
    let set: Vec<String> = (columns.iter().skip(4))
        .map(|column| format!("{column} = v.{column}"))
        .collect();
    let set: Vec<&str> = set.iter().map(String::as_str).collect();
    let rows = lines.iter().map(|line| line_row(invoice.row, line));
    let key = ["invoice_no", "line_no"];
    tx.update_many("invoice_line", &key, &set, &columns, rows.collect(), "")
        .await
        .map(|_| ())
}

/// Counts on what of order lines was invoiced; less than 0 where it is taken back.
pub(super) async fn invoiced_add(
    tx: &Tx,
    lines: impl IntoIterator<Item = (i64, i64)>,
) -> Result<(), Error> {
    let rows: Vec<Vec<Value>> = (lines.into_iter())
        .map(|(line, quantity)| vec![line.into(), quantity.into()])
        .collect();
    let wanted = rows.len() as u64;
    let set = ["invoiced = t.invoiced + v.quantity"];
    let columns = ["line_no", "quantity"];
    let changed = tx
        .update_many("order_line", &["line_no"], &set, &columns, rows, "")
        .await?;
    if changed == wanted {
        return Ok(());
    }
    Err(Error::Conflict {
        detail: format!("{changed} of {wanted} order lines are there"),
    })
}

/// What is known of order lines, with the number of the supplier; lines that are not there are left out. They are locked until the
/// transaction ends, so that no other invoice bills the same.
pub(super) async fn known_fetch(
    tx: &Tx,
    catalogue: &Catalogue,
    lines: &[i64],
) -> Result<BTreeMap<i64, (i64, Known)>, Error> {
    tx.exec_for(
        &["line_no"],
        list(lines.iter().copied()),
        "UPDATE order_line SET invoiced = invoiced WHERE line_no IN (SELECT line_no FROM v)",
    )
    .await?;
    let prices = prices_fetch(tx, catalogue).await?;
    let sql = "SELECT l.line_no, l.source_no, (l.lots - l.withdrawn_lots) * l.lot_size, l.invoiced, l.released_on FROM v \
               JOIN order_line AS l ON l.line_no = v.line_no";
    let mut known = BTreeMap::new();
    for row in tx
        .rows_for(&["line_no"], list(lines.iter().copied()), sql)
        .await?
    {
        let (line, source): (i64, i64) = (get(&row, 0)?, get(&row, 1)?);
        let (_, source, supplier) = (catalogue.source(SourceNo(source)))
            .ok_or_else(|| Error::broken(format!("source {source} is not known")))?;
        let ordered = quantity(&row, 2)?;
        let of = Known {
            ordered,
            before: quantity(&row, 3)?,
            agreed: prices.of(source, ordered, date(&row, 4)?).micros,
            ..Known::default()
        };
        known.insert(line, (supplier.number, of));
    }
    let sql = format!(
        "SELECT v.line_no, CAST(SUM(o.quantity) AS BIGINT) FROM v {ACCEPTED} GROUP BY v.line_no"
    );
    for row in tx
        .rows_for(&["line_no"], list(lines.iter().copied()), &sql)
        .await?
    {
        if let Some((_, of)) = known.get_mut(&get::<i64>(&row, 0)?) {
            of.accepted = quantity(&row, 1)?;
        }
    }
    Ok(known)
}

/// Whether another invoice of the supplier that was not taken back has the same day and the same lines, quantities and prices.
pub(super) async fn is_duplicate(
    tx: &Tx,
    invoice: &Invoice,
    lines: &[InvoiceLine],
) -> Result<bool, Error> {
    let rows = lines.iter().map(|line| {
        let billed = &line.billed;
        vec![
            line.line.into(),
            billed.quantity.milli().into(),
            billed.price.into(),
        ]
    });
    // The others with as many lines, of which all are the same.
    let sql = "SELECT x.invoice_no, COUNT(*) FROM v JOIN invoice_line AS x ON x.line_no = v.line_no AND x.quantity = v.quantity \
               AND x.price_micros = v.price GROUP BY x.invoice_no";
    let columns = ["line_no", "quantity", "price"];
    let mut same: BTreeMap<i64, i64> = BTreeMap::new();
    for row in tx.rows_for(&columns, rows.collect(), sql).await? {
        *same.entry(get(&row, 0)?).or_default() += get::<i64>(&row, 1)?;
    }
    let whole = list(
        (same.into_iter())
            .filter(|(_, count)| *count == invoice.line_count)
            .map(|(row, _)| row),
    );
    let sql = "SELECT i.invoice_no, i.invoiced_on, i.line_count FROM v JOIN invoice AS i ON i.invoice_no = v.invoice_no WHERE i.state <> 5";
    for row in tx.rows_for(&["invoice_no"], whole, sql).await? {
        let is_other = get::<i64>(&row, 0)? != invoice.row;
        let same_day = date(&row, 1)? == invoice.invoiced_on;
        if is_other && same_day && get::<i64>(&row, 2)? == invoice.line_count {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The order lines with receipts through a day of which more was accepted than invoiced, in the order of their numbers.
pub(super) async fn unbilled_fetch(
    tx: &Tx,
    through: Date,
) -> Result<Vec<(SourceNo, i64, Quantity)>, Error> {
    let sql = "SELECT l.source_no, l.line_no, CAST(SUM(o.quantity) AS BIGINT) - l.invoiced FROM order_line AS l \
               JOIN asn_line AS a ON a.line_no = l.line_no JOIN asn AS n ON n.asn_no = a.asn_no \
               JOIN lot AS o ON o.received_on = n.received_on AND o.lot_number BETWEEN a.first_lot AND a.first_lot + a.lots - 1 \
               WHERE n.received_on <= $1 AND o.state NOT IN (2, 4) \
               GROUP BY l.line_no, l.source_no, l.invoiced HAVING CAST(SUM(o.quantity) AS BIGINT) > l.invoiced ORDER BY l.line_no";
    let rows = tx.rows(sql, vec![day(through)]).await?;
    rows.iter()
        .map(|row| Ok((SourceNo(get(row, 0)?), get(row, 1)?, quantity(row, 2)?)))
        .collect()
}

/// How many invoices of each supplier the buyer made for a day.
pub(super) async fn self_billed_count(tx: &Tx, on: Date) -> Result<BTreeMap<i64, i64>, Error> {
    let sql = "SELECT supplier_no, COUNT(*) FROM invoice WHERE self_billed = 1 AND invoiced_on = $1 GROUP BY supplier_no";
    let rows = tx.rows(sql, vec![day(on)]).await?;
    rows.iter()
        .map(|row| Ok((get(row, 0)?, get(row, 1)?)))
        .collect()
}

fn line_row(invoice: i64, line: &InvoiceLine) -> Vec<Value> {
    let billed = &line.billed;
    vec![
        invoice.into(),
        line.line.into(),
        billed.quantity.milli().into(),
        billed.price.into(),
        billed.agreed.into(),
        line.minor.into(),
        billed.ordered.milli().into(),
        billed.accepted.milli().into(),
        billed.before.milli().into(),
        line.blocks.0.into(),
    ]
}

fn line_read(row: &Row) -> Result<InvoiceLine, Error> {
    Ok(InvoiceLine {
        line: get(row, 1)?,
        billed: Billed {
            quantity: quantity(row, 2)?,
            price: get(row, 3)?,
            agreed: get(row, 4)?,
            ordered: quantity(row, 6)?,
            accepted: quantity(row, 7)?,
            before: quantity(row, 8)?,
        },
        minor: get(row, 5)?,
        blocks: Blocks(get(row, 9)?),
    })
}

fn invoice_read(row: &Row, currency: Currency) -> Result<Invoice, Error> {
    let state: i64 = get(row, 4)?;
    Ok(Invoice {
        row: get(row, 0)?,
        supplier_no: get(row, 1)?,
        number: get(row, 2)?,
        invoiced_on: date(row, 3)?,
        state: State::of(state)
            .ok_or_else(|| Error::broken(format!("an invoice has the state {state}")))?,
        self_billed: get::<i64>(row, 5)? != 0,
        line_count: get(row, 6)?,
        amount: Amount::new(get(row, 7)?, currency),
        blocks: Blocks(get(row, 8)?),
        approved_by: get(row, 9)?,
        reason: get(row, 10)?,
        decided_on: date_opt(row, 11)?,
        version: get(row, 12)?,
    })
}
