//! The rows of exceptions, of proofs of delivery, and of the vehicles that they name.
//!
//! It must not know when something is wrong. Invariant: an exception is written as a whole by the transaction that has read the others
//! of its shipment; the number of statements does not grow with the reports.

use std::collections::BTreeMap;

use takt_service::{Error, Row, Tx, Value};

use super::{Aboard, Book, Ended, Exception, ExceptionNo, Kind, Proof, Resolution};
use crate::{
    rows::{date, date_opt, day, day_opt, get, list},
    shipment::ShipmentNo,
};

/// The columns of an exception.
pub(crate) const COLUMNS: [&str; 16] = [
    "shipment_no",
    "line_no",
    "kind",
    "vin",
    "order_no",
    "reported_on",
    "description",
    "severity",
    "expected_before",
    "expected_on",
    "ended_by",
    "ended_on",
    "cost_minor",
    "cost_currency",
    "note",
    "replacement_vin",
];

const SELECT: &str = "x.shipment_no, x.line_no, x.kind, x.vin, x.order_no, x.reported_on, x.description, x.severity, x.expected_before, \
     x.expected_on, x.ended_by, x.ended_on, x.cost_minor, x.cost_currency, x.note, x.replacement_vin";

fn read(row: &Row) -> Result<Exception, Error> {
    let code: i64 = get(row, 2)?;
    let kind = Kind::of_code(code);
    let how = get::<Option<i64>>(row, 10)?.and_then(Resolution::of_code);
    let minor: Option<i64> = get(row, 12)?;
    let currency: String = get(row, 13)?;
    let (note, replacement) = (get(row, 14)?, get(row, 15)?);
    let ended = how.zip(date_opt(row, 11)?).map(|(how, on)| Ended {
        how,
        on,
        cost: minor.map(|minor| (minor, currency)),
        note,
        replacement,
    });
    Ok(Exception {
        number: ExceptionNo {
            shipment: ShipmentNo::of_value(get(row, 0)?),
            line: get(row, 1)?,
        },
        kind: kind.ok_or_else(|| Error::broken(format!("exception kind {code}")))?,
        vin: get(row, 3)?,
        order_no: get(row, 4)?,
        on: date(row, 5)?,
        description: get(row, 6)?,
        severity: get(row, 7)?,
        expected: date_opt(row, 8)?.zip(date_opt(row, 9)?),
        ended,
    })
}

/// The exceptions of some shipments, with those of some vehicles that are on loads.
pub(crate) async fn book_fetch(
    tx: &Tx,
    shipments: impl IntoIterator<Item = ShipmentNo>,
    vins: impl IntoIterator<Item = &str>,
) -> Result<Book, Error> {
    let query = "SELECT w.vehicle_no, w.vin, w.order_no, w.shipment_no, w.handed_over_on FROM v JOIN vehicle w ON w.vin = v.vin \
                 WHERE w.shipment_no IS NOT NULL AND w.order_no IS NOT NULL";
    let rows = tx.rows_for(&["vin"], list(vins), query).await?;
    let aboard = rows.iter().map(|row| {
        Ok(Aboard {
            vehicle_no: get(row, 0)?,
            vin: get(row, 1)?,
            order_no: get(row, 2)?,
            shipment: ShipmentNo::of_value(get(row, 3)?),
            handed_over: date_opt(row, 4)?.is_some(),
        })
    });
    let aboard = aboard.collect::<Result<Vec<_>, Error>>()?;
    let query = format!(
        "SELECT {SELECT} FROM v JOIN transport_exception x ON x.shipment_no = v.shipment_no ORDER BY x.shipment_no, x.line_no"
    );
    let shipments = list(shipments.into_iter().map(ShipmentNo::value));
    let rows = tx.rows_for(&["shipment_no"], shipments, &query).await?;
    let known = rows.iter().map(read).collect::<Result<Vec<_>, Error>>()?;
    Ok(Book::new(aboard, known))
}

/// An exception by its number.
pub(crate) async fn exception_fetch(
    tx: &Tx,
    number: ExceptionNo,
) -> Result<Option<Exception>, Error> {
    let sql = format!(
        "SELECT {SELECT} FROM transport_exception x WHERE x.shipment_no = $1 AND x.line_no = $2"
    );
    let values = vec![number.shipment.value().into(), number.line.into()];
    tx.one(&sql, values)
        .await?
        .map(|row| read(&row))
        .transpose()
}

/// Writes exceptions that are new or have ended.
pub(crate) async fn exceptions_save(tx: &Tx, exceptions: &[&Exception]) -> Result<(), Error> {
    let rows = exceptions.iter().map(|one| {
        let ended = one.ended.as_ref();
        let cost = ended.and_then(|ended| ended.cost.as_ref());
        let text = |of: fn(&Ended) -> &String| ended.map_or("", |ended| of(ended).as_str());
        vec![
            one.number.shipment.value().into(),
            one.number.line.into(),
            one.kind.code().into(),
            one.vin.as_str().into(),
            one.order_no.into(),
            day(one.on),
            one.description.as_str().into(),
            one.severity.into(),
            day_opt(one.expected.map(|(before, _)| before)),
            day_opt(one.expected.map(|(_, since)| since)),
            ended.map(|ended| ended.how.code()).into(),
            day_opt(ended.map(|ended| ended.on)),
            cost.map(|(minor, _)| *minor).into(),
            cost.map_or("", |(_, currency)| currency.as_str()).into(),
            text(|ended| &ended.note).into(),
            text(|ended| &ended.replacement).into(),
        ]
    });
    let suffix = "ON CONFLICT (shipment_no, line_no) DO UPDATE SET ended_by = excluded.ended_by, ended_on = excluded.ended_on, \
                  cost_minor = excluded.cost_minor, cost_currency = excluded.cost_currency, note = excluded.note, \
                  replacement_vin = excluded.replacement_vin";
    tx.insert_many("transport_exception", &COLUMNS, rows.collect(), suffix)
        .await?;
    Ok(())
}

/// Which exceptions to list; all conditions hold together.
#[derive(Debug, Clone, Default)]
pub(crate) struct ExceptionFilter {
    /// Only this kind.
    pub(crate) kind: Option<Kind>,
    /// Only those that are open.
    pub(crate) open: bool,
    /// Only those of this shipment.
    pub(crate) shipment: Option<ShipmentNo>,
    /// Only those of this vehicle; empty for all.
    pub(crate) vin: String,
}

/// The next exceptions behind a number.
pub(crate) async fn exceptions_list(
    tx: &Tx,
    filter: &ExceptionFilter,
    after: (i64, i64),
    limit: i64,
) -> Result<Vec<Exception>, Error> {
    let mut sql = format!(
        "SELECT {SELECT} FROM transport_exception x WHERE (x.shipment_no > $1 OR (x.shipment_no = $1 AND x.line_no > $2))"
    );
    let mut values: Vec<Value> = vec![after.0.into(), after.1.into()];
    if filter.open {
        sql.push_str(" AND x.ended_by IS NULL");
    }
    let mut narrow = |column: &str, value: Value| {
        values.push(value);
        sql.push_str(&format!(" AND x.{column} = ${}", values.len()));
    };
    if let Some(kind) = filter.kind {
        narrow("kind", kind.code().into());
    }
    if let Some(shipment) = filter.shipment {
        narrow("shipment_no", shipment.value().into());
    }
    if !filter.vin.is_empty() {
        narrow("vin", filter.vin.as_str().into());
    }
    values.push(limit.into());
    sql.push_str(&format!(
        " ORDER BY x.shipment_no, x.line_no LIMIT ${}",
        values.len()
    ));
    tx.rows(&sql, values).await?.iter().map(read).collect()
}

/// The exceptions that an order has to tell of: those of vehicles that it had, and the delays of the load that carries its vehicle.
pub(crate) async fn order_exceptions(tx: &Tx, order_no: i64) -> Result<Vec<Exception>, Error> {
    let sql = format!(
        "SELECT {SELECT} FROM transport_exception x WHERE x.order_no = $1 OR (x.kind = 1 AND x.shipment_no IN \
         (SELECT w.shipment_no FROM vehicle w WHERE w.order_no = $1)) ORDER BY x.shipment_no, x.line_no"
    );
    let rows = tx.rows(&sql, vec![order_no.into()]).await?;
    rows.iter().map(read).collect()
}

/// The ids of orders, by number.
pub(crate) async fn order_ids(
    tx: &Tx,
    exceptions: &[Exception],
) -> Result<BTreeMap<i64, String>, Error> {
    let mut numbers: Vec<i64> = exceptions.iter().filter_map(|one| one.order_no).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let query =
        "SELECT o.order_no, o.order_id FROM v JOIN sales_order o ON o.order_no = v.order_no";
    let rows = tx.rows_for(&["order_no"], list(numbers), query).await?;
    rows.iter()
        .map(|row| Ok((get(row, 0)?, get(row, 1)?)))
        .collect()
}

/// Those of some vehicles that are not handed over: their exceptions, and whether they are gone.
pub(crate) async fn blocked_fetch(
    tx: &Tx,
    vins: impl IntoIterator<Item = &str>,
) -> Result<BTreeMap<String, (ExceptionNo, bool)>, Error> {
    let query = "SELECT x.vin, x.shipment_no, x.line_no, x.ended_by FROM v JOIN transport_exception x ON x.vin = v.vin \
                 WHERE (x.kind = 2 AND x.ended_by IS NULL) OR x.ended_by IN (3, 5) ORDER BY x.shipment_no, x.line_no";
    let rows = tx.rows_for(&["vin"], list(vins), query).await?;
    let read = |row| {
        let number = ExceptionNo {
            shipment: ShipmentNo::of_value(get(row, 1)?),
            line: get(row, 2)?,
        };
        let gone = get::<Option<i64>>(row, 3)?.is_some();
        Ok((get(row, 0)?, (number, gone)))
    };
    rows.iter().map(read).collect()
}

/// The proofs of delivery of some shipments.
pub(crate) async fn proofs_fetch(
    tx: &Tx,
    shipments: impl IntoIterator<Item = ShipmentNo>,
) -> Result<BTreeMap<ShipmentNo, Proof>, Error> {
    let query = "SELECT p.shipment_no, p.signed_by, p.document FROM v JOIN proof_of_delivery p ON p.shipment_no = v.shipment_no";
    let shipments = list(shipments.into_iter().map(ShipmentNo::value));
    let rows = tx.rows_for(&["shipment_no"], shipments, query).await?;
    let read = |row| {
        let proof = Proof {
            signed_by: get(row, 1)?,
            document: get(row, 2)?,
        };
        Ok((ShipmentNo::of_value(get(row, 0)?), proof))
    };
    rows.iter().map(read).collect()
}

/// Writes proofs of delivery of shipments that had none, each of the day of arrival.
pub(crate) async fn proofs_add(
    tx: &Tx,
    proofs: &[(ShipmentNo, takt_kernel::Date, Proof)],
) -> Result<(), Error> {
    let rows = proofs.iter().map(|(number, on, proof)| {
        vec![
            number.value().into(),
            proof.signed_by.as_str().into(),
            proof.document.as_str().into(),
            day(*on),
        ]
    });
    let columns = ["shipment_no", "signed_by", "document", "signed_on"];
    tx.insert_many("proof_of_delivery", &columns, rows.collect(), "")
        .await?;
    Ok(())
}
