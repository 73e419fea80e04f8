//! Reading and writing the few kinds of column that procurement has.
//!
//! It must not know any table. Invariants: a date is an epoch day in the database and a `Date` everywhere else; a
//! quantity is thousandths in the database and a `Quantity` everywhere else.

use sea_orm::{TryGetable, Value};
use takt_kernel::{Date, Quantity};
use takt_service::{Error, Row};

/// A date as a column.
pub(crate) fn day(date: Date) -> Value {
    i64::from(date.epoch_day()).into()
}

/// A date that may be missing as a column.
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

/// A quantity in a row.
pub(crate) fn quantity(row: &Row, column: usize) -> Result<Quantity, Error> {
    Ok(Quantity(get(row, column)?))
}

/// The date of an epoch day.
pub(crate) fn date_of(day: i64) -> Date {
    Date::from_epoch_day(i32::try_from(day).unwrap_or(i32::MAX))
}

/// A list of one column for `rows_for` and `exec_for`.
pub(crate) fn list<V: Into<Value>>(values: impl IntoIterator<Item = V>) -> Vec<Vec<Value>> {
    values.into_iter().map(|value| vec![value.into()]).collect()
}

/// A count as a column; there are never so many rows that it does not fit.
pub(crate) fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// A 64-bit count as the 32-bit field that the wire has for it.
pub(crate) fn short(count: i64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
