//! Sets of rows: many rows in one statement, because a statement costs far more than a row.
//!
//! It must not know any table of a service. Invariant: the text of a full statement depends only on the table and
//! its columns, so that it is prepared once.

use std::fmt::Write;

use sea_orm::Value;

use super::{Dialect, Row, Tx};
use crate::Error;

/// The values that one statement may carry; SQLite allows 32,766 and PostgreSQL 65,535, and beyond some thousands
/// nothing is gained.
const VALUES: usize = 6_000;

impl Tx {
    /// Inserts rows, `suffix` being for example `ON CONFLICT DO NOTHING`; says how many were inserted or changed.
    ///
    /// # Errors
    /// What the database said; `Exists` when a key is there already.
    pub async fn insert_many(
        &self,
        table: &str,
        columns: &[&str],
        rows: Vec<Vec<Value>>,
        suffix: &str,
    ) -> Result<u64, Error> {
        let head = format!("INSERT INTO {table} ({}) VALUES ", columns.join(", "));
        let mut changed = 0;
        for (sql, values) in statements(self.dialect(), &head, columns.len(), rows, suffix) {
            changed += self.exec(&sql, values).await?;
        }
        Ok(changed)
    }

    /// Inserts rows like [`Tx::insert_many`] and answers with what `RETURNING` in the suffix gives.
    ///
    /// # Errors
    /// What the database said.
    pub async fn insert_returning(
        &self,
        table: &str,
        columns: &[&str],
        rows: Vec<Vec<Value>>,
        suffix: &str,
    ) -> Result<Vec<Row>, Error> {
        let head = format!("INSERT INTO {table} ({}) VALUES ", columns.join(", "));
        let mut answers = Vec::with_capacity(rows.len());
        for (sql, values) in statements(self.dialect(), &head, columns.len(), rows, suffix) {
            answers.extend(self.rows(&sql, values).await?);
        }
        Ok(answers)
    }

    /// Changes rows by a list of values: `t` is the table, `v` the list with the given column names. The first
    /// `key.len()` columns are the key. Says how many rows were changed, so that the caller sees a stale one.
    ///
    /// # Errors
    /// What the database said; a violated check is `Refused`.
    pub async fn update_many(
        &self,
        table: &str,
        key: &[&str],
        set: &[&str],
        columns: &[&str],
        rows: Vec<Vec<Value>>,
        extra_where: &str,
    ) -> Result<u64, Error> {
        let head = format!("WITH v({}) AS (VALUES ", columns.join(", "));
        let mut tail = format!(") UPDATE {table} AS t SET {} FROM v WHERE ", set.join(", "));
        for (index, column) in key.iter().enumerate() {
            let and = if index == 0 { "" } else { " AND " };
            let _ = write!(tail, "{and}t.{column} = v.{column}");
        }
        if !extra_where.is_empty() {
            let _ = write!(tail, " AND {extra_where}");
        }
        let mut changed = 0;
        for (sql, values) in statements(self.dialect(), &head, columns.len(), rows, &tail) {
            changed += self.exec(&sql, values).await?;
        }
        Ok(changed)
    }

    /// The rows of a query over a list of values, called `v` with the given column names:
    /// `SELECT .. FROM v JOIN ..`. Answers of several statements follow each other.
    ///
    /// # Errors
    /// What the database said.
    pub async fn rows_for(
        &self,
        columns: &[&str],
        list: Vec<Vec<Value>>,
        query: &str,
    ) -> Result<Vec<Row>, Error> {
        let head = format!("WITH v({}) AS (VALUES ", columns.join(", "));
        let mut answers = Vec::with_capacity(list.len());
        for (sql, values) in statements(
            self.dialect(),
            &head,
            columns.len(),
            list,
            &format!(") {query}"),
        ) {
            answers.extend(self.rows(&sql, values).await?);
        }
        Ok(answers)
    }

    /// Runs a statement over a list of values, called `v` with the given column names: `DELETE FROM .. WHERE k IN
    /// (SELECT k FROM v)`. Says how many rows it changed.
    ///
    /// # Errors
    /// What the database said.
    pub async fn exec_for(
        &self,
        columns: &[&str],
        list: Vec<Vec<Value>>,
        statement: &str,
    ) -> Result<u64, Error> {
        let head = format!("WITH v({}) AS (VALUES ", columns.join(", "));
        let mut changed = 0;
        for (sql, values) in statements(
            self.dialect(),
            &head,
            columns.len(),
            list,
            &format!(") {statement}"),
        ) {
            changed += self.exec(&sql, values).await?;
        }
        Ok(changed)
    }
}

/// Cuts rows into statements. Full ones have the same text; a rest is padded to nothing, it has a text of its own
/// with a power of two of rows where possible, so that few texts exist.
fn statements(
    dialect: Dialect,
    head: &str,
    width: usize,
    rows: Vec<Vec<Value>>,
    tail: &str,
) -> Vec<(String, Vec<Value>)> {
    let width = width.max(1);
    let full = prev_power_of_two(VALUES / width);
    let mut left = rows.len();
    let mut rows = rows.into_iter();
    let mut answer = Vec::new();
    while left > 0 {
        let count = if left >= full {
            full
        } else {
            prev_power_of_two(left)
        };
        let mut values = Vec::with_capacity(count * width);
        for row in rows.by_ref().take(count) {
            debug_assert_eq!(row.len(), width, "a row has one value a column");
            values.extend(row);
        }
        answer.push((text(dialect, head, width, count, tail), values));
        left -= count;
    }
    answer
}

fn text(dialect: Dialect, head: &str, width: usize, count: usize, tail: &str) -> String {
    let mut sql = String::with_capacity(head.len() + tail.len() + count * width * 6 + 8);
    sql.push_str(head);
    let mut number = 0;
    for row in 0..count {
        sql.push_str(if row == 0 { "(" } else { ",(" });
        for column in 0..width {
            number += 1;
            let comma = if column == 0 { "" } else { "," };
            // SQLite looks numbered placeholders up by name, one after the other: a thousand of them cost a million steps.
            let _ = match dialect {
                Dialect::Sqlite => write!(sql, "{comma}?"),
                Dialect::Postgres => write!(sql, "{comma}${number}"),
            };
        }
        sql.push(')');
    }
    sql.push(' ');
    sql.push_str(tail);
    sql
}

fn prev_power_of_two(number: usize) -> usize {
    if number < 2 {
        1
    } else {
        1 << (usize::BITS - 1 - number.leading_zeros())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_cut_into_few_texts_and_none_is_lost() {
        let rows = (0..3_007i64)
            .map(|n| vec![Value::from(n), Value::from(n)])
            .collect();
        let cut = statements(Dialect::Sqlite, "INSERT INTO t (a, b) VALUES ", 2, rows, "");
        let sizes: Vec<usize> = cut.iter().map(|(_, values)| values.len() / 2).collect();
        assert_eq!(sizes, [2048, 512, 256, 128, 32, 16, 8, 4, 2, 1]);
        let values: Vec<Value> = cut.into_iter().flat_map(|(_, values)| values).collect();
        assert_eq!(values.len(), 6_014);
        assert_eq!(values.last(), Some(&Value::from(3_006i64)));
    }

    #[test]
    fn placeholders_are_numbered_through() {
        assert_eq!(
            text(Dialect::Postgres, "VALUES ", 2, 2, "RETURNING a"),
            "VALUES ($1,$2),($3,$4) RETURNING a"
        );
    }
}
