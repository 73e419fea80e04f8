//! Reading and writing the few kinds of column that delivery has.
//!
//! It must not know any table. Invariant: a date is an epoch day in the database and a `Date` everywhere else.

use sea_orm::{TryGetable, Value};
use takt_kernel::Date;
use takt_service::{Error, Row, Tx};

/// A date as a column.
pub(crate) fn day(date: Date) -> Value {
    i64::from(date.epoch_day()).into()
}

/// A date that may be missing, as a column.
pub(crate) fn day_opt(date: Option<Date>) -> Value {
    date.map(|date| i64::from(date.epoch_day())).into()
}

/// A column of a row.
pub(crate) fn get<T: TryGetable>(row: &Row, column: usize) -> Result<T, Error> {
    Ok(row.try_get_by_index(column)?)
}

/// A date in a row.
pub(crate) fn date(row: &Row, column: usize) -> Result<Date, Error> {
    Ok(date_of(get(row, column)?))
}

/// A date in a row that may be missing.
pub(crate) fn date_opt(row: &Row, column: usize) -> Result<Option<Date>, Error> {
    Ok(get::<Option<i64>>(row, column)?.map(date_of))
}

fn date_of(day: i64) -> Date {
    Date::from_epoch_day(i32::try_from(day).unwrap_or(i32::MAX))
}

/// A list of one column for `rows_for` and `exec_for`.
pub(crate) fn list<V: Into<Value>>(values: impl IntoIterator<Item = V>) -> Vec<Vec<Value>> {
    values.into_iter().map(|value| vec![value.into()]).collect()
}

/// The value of a counter. Its row is locked until the transaction ends, so that those who count follow each other.
pub(crate) async fn counter_lock(tx: &Tx, name: &str) -> Result<i64, Error> {
    let sql = "UPDATE counter SET value = value WHERE name = $1 RETURNING value";
    let row = tx.one(sql, vec![name.into()]).await?;
    let row = row.ok_or_else(|| Error::broken(format!("the counter {name} is missing")))?;
    get(&row, 0)
}

/// Sets a counter whose row this transaction has locked.
pub(crate) async fn counter_set(tx: &Tx, name: &str, value: i64) -> Result<(), Error> {
    let sql = "UPDATE counter SET value = $1 WHERE name = $2";
    tx.exec(sql, vec![value.into(), name.into()]).await?;
    Ok(())
}
