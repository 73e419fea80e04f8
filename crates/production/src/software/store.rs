//! The rows of software: releases of items, and changes as runs of build numbers.
//!
//! It must not know what they mean for a vehicle. Invariant: rows are added and never changed.

use std::collections::BTreeMap;

use takt_kernel::Date;
use takt_service::{Error, Tx};

use super::{Change, History};
use crate::product::store::{date_of, day_of};

/// Holds the software of all items until the transaction ends, so that changes follow each other.
///
/// # Errors
/// What the database said.
pub async fn software_hold(tx: &Tx) -> Result<(), Error> {
    let sql = "UPDATE software_head SET change_no = change_no WHERE head_no = 1";
    tx.exec(sql, vec![]).await.map(|_| ())
}

/// What is known of an item's software.
///
/// # Errors
/// What the database said.
pub async fn history_fetch(tx: &Tx, item_no: i64) -> Result<History, Error> {
    let mut history = History::default();
    let sql = "SELECT effective_on, version FROM software_release WHERE item_no = $1";
    for row in tx.rows(sql, vec![item_no.into()]).await? {
        history
            .releases
            .insert(date_of(row.try_get_by_index(0)?), row.try_get_by_index(1)?);
    }
    let sql = "SELECT change_no, version, installed_on, reason FROM software_change WHERE item_no = $1 ORDER BY change_no";
    let mut changes: BTreeMap<i64, Change> = BTreeMap::new();
    for row in tx.rows(sql, vec![item_no.into()]).await? {
        let change = Change {
            version: row.try_get_by_index(1)?,
            on: date_of(row.try_get_by_index(2)?),
            reason: row.try_get_by_index(3)?,
            runs: Vec::new(),
        };
        changes.insert(row.try_get_by_index(0)?, change);
    }
    let sql = "SELECT r.change_no, r.first_build, r.last_build FROM software_change AS c JOIN software_run AS r ON r.change_no = c.change_no \
               WHERE c.item_no = $1 ORDER BY r.change_no, r.first_build";
    for row in tx.rows(sql, vec![item_no.into()]).await? {
        if let Some(change) = changes.get_mut(&row.try_get_by_index(0)?) {
            let run = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
            change.runs.push(run);
        }
    }
    history.changes = changes.into_values().collect();
    Ok(history)
}

/// The items of which any software is known.
///
/// # Errors
/// What the database said.
pub async fn items_fetch(tx: &Tx) -> Result<Vec<i64>, Error> {
    let sql =
        "SELECT item_no FROM software_release UNION SELECT item_no FROM software_change ORDER BY 1";
    let rows = tx.rows(sql, vec![]).await?;
    rows.iter()
        .map(|row| Ok(row.try_get_by_index(0)?))
        .collect()
}

/// Adds a release.
///
/// # Errors
/// What the database said.
pub async fn release_add(tx: &Tx, item_no: i64, on: Date, version: &str) -> Result<(), Error> {
    let sql = "INSERT INTO software_release (item_no, effective_on, version) VALUES ($1, $2, $3)";
    let values = vec![item_no.into(), day_of(on).into(), version.into()];
    tx.exec(sql, values).await.map(|_| ())
}

/// Adds a change, under the hold.
///
/// # Errors
/// What the database said.
pub async fn change_add(tx: &Tx, item_no: i64, change: &Change) -> Result<(), Error> {
    let sql =
        "UPDATE software_head SET change_no = change_no + 1 WHERE head_no = 1 RETURNING change_no";
    let number = tx.number(sql, vec![]).await?;
    let sql = "INSERT INTO software_change (change_no, item_no, version, installed_on, reason) VALUES ($1, $2, $3, $4, $5)";
    let values = vec![
        number.into(),
        item_no.into(),
        change.version.as_str().into(),
        day_of(change.on).into(),
        change.reason.as_str().into(),
    ];
    tx.exec(sql, values).await?;
    let rows = change
        .runs
        .iter()
        .map(|(first, last)| vec![number.into(), (*first).into(), (*last).into()]);
    let columns = ["change_no", "first_build", "last_build"];
    tx.insert_many("software_run", &columns, rows.collect(), "")
        .await?;
    Ok(())
}

/// The last day on which a vehicle was completed.
///
/// # Errors
/// What the database said.
pub async fn built_until(tx: &Tx) -> Result<Option<Date>, Error> {
    let row = tx.one("SELECT MAX(built_on) FROM vehicle", vec![]).await?;
    let last: Option<i64> = row.map_or(Ok(None), |row| row.try_get_by_index(0))?;
    Ok(last.map(date_of))
}
