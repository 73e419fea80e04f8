//! The rows of recalls.
//!
//! It must not know what may follow. Invariants: whoever changes what the gate sees holds the gate's row until the transaction
//! ends, so that a stop-ship and a departure follow each other; RC-1 rows of vehicles are written as sets.

use std::collections::BTreeMap;

use takt_kernel::Date;
use takt_service::{Error, Row, Tx, Value};

use super::{Recall, Remedy, State, StopShip, Touched, scope::Scope};
use crate::rows::{date, date_opt, day, day_opt, get, list};

/// Holds the gate until the transaction ends. Departures, handovers, what a recall keeps back and vehicles that come in follow
/// each other by it; it is taken before any other row.
pub(crate) async fn gate_hold(tx: &Tx) -> Result<i64, Error> {
    let sql = "UPDATE recall_gate SET recall_no = recall_no WHERE gate_no = 1 RETURNING recall_no";
    tx.number(sql, vec![]).await
}

/// The columns of a recall but for what is due of it.
pub(crate) const TOLD: [&str; 15] = [
    "recall_no",
    "recall_id",
    "title",
    "defect",
    "remedy",
    "software_item",
    "software_version",
    "regulator",
    "reference",
    "published",
    "opened_on",
    "closed_on",
    "stop_ship",
    "stop_ship_on",
    "version",
];

const COLUMNS: &str = "r.recall_no, r.recall_id, r.title, r.defect, r.remedy, r.software_item, r.software_version, r.regulator, r.reference, \
                       r.published, r.opened_on, r.closed_on, r.stop_ship, r.stop_ship_on, r.version, r.due";

fn read(row: &Row) -> Result<Recall, Error> {
    let (item, version): (String, String) = (get(row, 5)?, get(row, 6)?);
    let remedy: i64 = get(row, 4)?;
    let stop: i64 = get(row, 12)?;
    Ok(Recall {
        number: get(row, 0)?,
        id: get(row, 1)?,
        title: get(row, 2)?,
        defect: get(row, 3)?,
        remedy: match remedy {
            1 => Remedy::Workshop,
            2 => Remedy::Ota,
            other => return Err(Error::broken(format!("a recall has the remedy {other}"))),
        },
        software: (!item.is_empty()).then_some((item, version)),
        regulator: get(row, 7)?,
        reference: get(row, 8)?,
        published: get(row, 9)?,
        opened_on: date(row, 10)?,
        closed_on: date_opt(row, 11)?,
        stop_ship: match stop {
            0 => StopShip::None,
            1 => StopShip::Loading,
            _ => StopShip::LoadingAndHandover,
        },
        stop_ship_on: date_opt(row, 13)?,
        version: get(row, 14)?,
        due: get(row, 15)?,
        scopes: Vec::new(),
    })
}

async fn with_scopes(tx: &Tx, rows: &[Row]) -> Result<Vec<Recall>, Error> {
    let mut recalls = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let numbers = list(recalls.iter().map(|recall| recall.number));
    let query = "SELECT s.recall_no, s.line_no, s.scope FROM v JOIN recall_scope s ON s.recall_no = v.recall_no";
    let mut scopes: BTreeMap<(i64, i64), Scope> = BTreeMap::new();
    for row in tx.rows_for(&["recall_no"], numbers, query).await? {
        let text: String = get(&row, 2)?;
        scopes.insert((get(&row, 0)?, get(&row, 1)?), Scope::parse(&text)?);
    }
    for recall in &mut recalls {
        let of = scopes.range((recall.number, 0)..(recall.number + 1, 0));
        recall.scopes = of.map(|(_, scope)| scope.clone()).collect();
    }
    Ok(recalls)
}

/// A recall by its id.
pub(crate) async fn recall_fetch(tx: &Tx, id: &str) -> Result<Recall, Error> {
    let sql = format!("SELECT {COLUMNS} FROM recall r WHERE r.recall_id = $1");
    let rows = tx.rows(&sql, vec![id.into()]).await?;
    let found = with_scopes(tx, &rows).await?.pop();
    found.ok_or_else(|| Error::missing("recall", id))
}

/// A recall by its number, when it is open.
pub(crate) async fn recall_open_at(tx: &Tx, number: i64) -> Result<Option<Recall>, Error> {
    let sql =
        format!("SELECT {COLUMNS} FROM recall r WHERE r.recall_no = $1 AND r.closed_on IS NULL");
    let rows = tx.rows(&sql, vec![number.into()]).await?;
    Ok(with_scopes(tx, &rows).await?.pop())
}

/// The next recalls behind a number; `closed` tells which.
pub(crate) async fn recalls_page(
    tx: &Tx,
    closed: Option<bool>,
    after: i64,
    limit: i64,
) -> Result<Vec<Recall>, Error> {
    let filter = match closed {
        None => "",
        Some(true) => "AND r.closed_on IS NOT NULL",
        Some(false) => "AND r.closed_on IS NULL",
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM recall r WHERE r.recall_no > $1 {filter} ORDER BY r.recall_no LIMIT $2"
    );
    let rows = tx.rows(&sql, vec![after.into(), limit.into()]).await?;
    with_scopes(tx, &rows).await
}

/// Adds a recall with its scopes under the gate and gives it its number.
pub(crate) async fn recall_add(tx: &Tx, recall: &mut Recall) -> Result<(), Error> {
    let sql =
        "UPDATE recall_gate SET recall_no = recall_no + 1 WHERE gate_no = 1 RETURNING recall_no";
    recall.number = tx.number(sql, vec![]).await?;
    let (item, version) = recall.software.clone().unwrap_or_default();
    let row = vec![
        recall.number.into(),
        recall.id.as_str().into(),
        recall.title.as_str().into(),
        recall.defect.as_str().into(),
        (recall.remedy as i64).into(),
        item.into(),
        version.into(),
        recall.regulator.as_str().into(),
        recall.reference.as_str().into(),
        recall.published.into(),
        day(recall.opened_on),
        day_opt(recall.closed_on),
        (recall.stop_ship as i64).into(),
        day_opt(recall.stop_ship_on),
        recall.version.into(),
        recall.due.into(),
    ];
    let columns: Vec<&str> = TOLD.into_iter().chain(["due"]).collect();
    tx.insert_many("recall", &columns, vec![row], "").await?;
    scopes_add(tx, recall.number, 0, &recall.scopes).await
}

/// Adds scopes behind those that are there.
pub(crate) async fn scopes_add(
    tx: &Tx,
    number: i64,
    there: usize,
    scopes: &[Scope],
) -> Result<(), Error> {
    let first = i64::try_from(there).unwrap_or(i64::MAX) + 1;
    let rows = (first..)
        .zip(scopes)
        .map(|(line, scope)| Ok(vec![number.into(), line.into(), scope.text()?.into()]))
        .collect::<Result<Vec<Vec<Value>>, Error>>()?;
    let columns = ["recall_no", "line_no", "scope"];
    tx.insert_many("recall_scope", &columns, rows, "").await?;
    Ok(())
}

/// Saves what changed of a recall itself and counts its version on.
pub(crate) async fn recall_save(tx: &Tx, recall: &mut Recall) -> Result<(), Error> {
    recall.version += 1;
    let sql = "UPDATE recall SET closed_on = $1, stop_ship = $2, stop_ship_on = $3, version = $4, due = $5 WHERE recall_no = $6";
    let values = vec![
        day_opt(recall.closed_on),
        (recall.stop_ship as i64).into(),
        day_opt(recall.stop_ship_on),
        recall.version.into(),
        recall.due.into(),
        recall.number.into(),
    ];
    tx.exec(sql, values).await.map(|_| ())
}

const TOUCHED: &str = "k.vin, k.affected, k.recalled, k.state, k.state_on, k.notified_on, k.remedied_on, k.exposed_from, k.exposed_to, k.note";

fn touched(row: &Row) -> Result<(String, Touched), Error> {
    let (affected, recalled, state): (i64, i64, i64) = (get(row, 1)?, get(row, 2)?, get(row, 3)?);
    let touched = Touched {
        affected: affected == 1,
        recalled: recalled == 1,
        state: State::of(state).ok_or_else(|| Error::broken(format!("recall state {state}")))?,
        state_on: date(row, 4)?,
        notified_on: date_opt(row, 5)?,
        remedied_on: date_opt(row, 6)?,
        exposed_from: date(row, 7)?,
        exposed_to: date_opt(row, 8)?,
        note: get(row, 9)?,
    };
    Ok((get(row, 0)?, touched))
}

/// Every vehicle of a recall.
pub(crate) async fn touched_all(tx: &Tx, number: i64) -> Result<BTreeMap<String, Touched>, Error> {
    let sql = format!("SELECT {TOUCHED} FROM recall_vehicle k WHERE k.recall_no = $1");
    let rows = tx.rows(&sql, vec![number.into()]).await?;
    rows.iter().map(touched).collect()
}

/// Those of some vehicles that are in a recall.
pub(crate) async fn touched_fetch(
    tx: &Tx,
    number: i64,
    vins: impl IntoIterator<Item = &str>,
) -> Result<BTreeMap<String, Touched>, Error> {
    let query = format!(
        "SELECT {TOUCHED} FROM v JOIN recall_vehicle k ON k.vin = v.vin AND k.recall_no = {number}"
    );
    let rows = tx.rows_for(&["vin"], list(vins), &query).await?;
    rows.iter().map(touched).collect()
}

/// Writes vehicles of a recall, new or known.
pub(crate) async fn touched_save<'t>(
    tx: &Tx,
    number: i64,
    vehicles: impl Iterator<Item = (&'t str, &'t Touched)>,
) -> Result<(), Error> {
    let rows = vehicles.map(|(vin, one)| {
        vec![
            number.into(),
            vin.into(),
            i64::from(one.affected).into(),
            i64::from(one.recalled).into(),
            (one.state as i64).into(),
            day(one.state_on),
            day_opt(one.notified_on),
            day_opt(one.remedied_on),
            day(one.exposed_from),
            day_opt(one.exposed_to),
            one.note.as_str().into(),
            0i64.into(),
        ]
    });
    let columns = [
        "recall_no",
        "vin",
        "affected",
        "recalled",
        "state",
        "state_on",
        "notified_on",
        "remedied_on",
        "exposed_from",
        "exposed_to",
        "note",
        "gone",
    ];
    // Whether it had left is said by `gone_mark` and kept.
    let set: Vec<String> = columns
        .iter()
        .skip(2)
        .filter(|column| **column != "gone")
        .map(|column| format!("{column} = excluded.{column}"))
        .collect();
    let suffix = format!(
        "ON CONFLICT (recall_no, vin) DO UPDATE SET {}",
        set.join(", ")
    );
    tx.insert_many("recall_vehicle", &columns, rows.collect(), &suffix)
        .await?;
    Ok(())
}

/// Notes which of some vehicles have left already, so that a stop-ship could not have kept them; without names, of all.
pub(crate) async fn gone_mark(tx: &Tx, number: i64, vins: Option<Vec<&str>>) -> Result<(), Error> {
    let set = format!(
        "UPDATE recall_vehicle SET gone = CASE WHEN EXISTS (SELECT 1 FROM vehicle w JOIN shipment s ON s.shipment_no = w.shipment_no \
         WHERE w.vin = recall_vehicle.vin AND s.state > 1) THEN 1 ELSE 0 END WHERE recall_no = {number}"
    );
    match vins {
        None => tx.exec(&set, vec![]).await.map(|_| ()),
        Some(vins) => {
            let sql = format!("{set} AND vin IN (SELECT vin FROM v)");
            tx.exec_for(&["vin"], list(vins), &sql).await.map(|_| ())
        }
    }
}

/// Forgets vehicles that were named by mistake.
pub(crate) async fn touched_forget(tx: &Tx, number: i64, vins: &[String]) -> Result<(), Error> {
    let sql = format!(
        "DELETE FROM recall_vehicle WHERE recall_no = {number} AND vin IN (SELECT vin FROM v)"
    );
    let vins = list(vins.iter().map(String::as_str));
    tx.exec_for(&["vin"], vins, &sql).await.map(|_| ())
}

/// The counts of a recall.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Recalled vehicles by state.
    pub(crate) states: BTreeMap<State, i64>,
    /// Affected now.
    pub(crate) affected: i64,
    /// Exposed and not recalled.
    pub(crate) exposed: i64,
    /// Kept in the plant.
    pub(crate) held: i64,
    /// Awaiting production's word.
    pub(crate) unchecked: i64,
}

/// Counts the vehicles of a recall.
pub(crate) async fn counts_fetch(tx: &Tx, recall: &Recall) -> Result<Counts, Error> {
    let mut counts = Counts::default();
    let sql = "SELECT affected, recalled, state, COUNT(*) FROM recall_vehicle WHERE recall_no = $1 GROUP BY affected, recalled, state";
    for row in tx.rows(sql, vec![recall.number.into()]).await? {
        let (affected, recalled): (i64, i64) = (get(&row, 0)?, get(&row, 1)?);
        let (state, count): (i64, i64) = (get(&row, 2)?, get(&row, 3)?);
        counts.affected += affected * count;
        match State::of(state) {
            Some(state) if recalled == 1 => *counts.states.entry(state).or_default() += count,
            _ => counts.exposed += count,
        }
    }
    if recall.stop_ship != StopShip::None {
        counts.held = held_count(tx, recall.number).await?;
    }
    let sql = "SELECT COUNT(*) FROM recall_check WHERE recall_no = $1";
    counts.unchecked = tx.number(sql, vec![recall.number.into()]).await?;
    Ok(counts)
}

/// The affected vehicles of a recall that have not left the plant.
pub(crate) async fn held_count(tx: &Tx, number: i64) -> Result<i64, Error> {
    let sql = "SELECT COUNT(*) FROM recall_vehicle k JOIN vehicle w ON w.vin = k.vin LEFT JOIN shipment s ON s.shipment_no = w.shipment_no \
               WHERE k.recall_no = $1 AND k.affected = 1 AND k.state NOT IN (4, 6) AND COALESCE(s.state, 1) = 1";
    tx.number(sql, vec![number.into()]).await
}

/// How many vehicles were told of, and remedied, on which days.
pub(crate) async fn days_fetch(
    tx: &Tx,
    number: i64,
    column: &'static str,
) -> Result<Vec<(Date, i64)>, Error> {
    let sql = format!(
        "SELECT {column}, COUNT(*) FROM recall_vehicle WHERE recall_no = $1 AND recalled = 1 AND {column} IS NOT NULL GROUP BY {column}"
    );
    let rows = tx.rows(&sql, vec![number.into()]).await?;
    rows.iter()
        .map(|row| Ok((date(row, 0)?, get(row, 1)?)))
        .collect()
}
