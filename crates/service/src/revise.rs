//! Master data by difference: rows are compared with those of a table by business key, new ones are added, others changed.
//!
//! It must not know any table of a service: the sink names them. Invariants: nothing is deleted; a number that a row has is
//! never changed, because orders and lots bear it; a field that is fixed once a row is there is refused, all of them at once.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::Value;
use takt_contract::common::v1 as pb;
use takt_kernel::{Date, Violations};

use crate::{
    Error,
    store::{Row, Tx},
};

/// A table of master data as rows are compared with it.
#[derive(Debug, Clone, Copy)]
pub struct MasterTable {
    /// The table.
    pub name: &'static str,
    /// Its columns, in the order of the values of a row.
    pub columns: &'static [&'static str],
    /// The columns that make its business key.
    pub key: &'static [&'static str],
    /// The column that only counts rows, with the columns within which it counts: a row that is there keeps its number, and a
    /// new one gets the next.
    pub number: Option<(&'static str, &'static [&'static str])>,
    /// A column that holds the number of a row of an earlier table: the column and that table.
    pub refers: Option<(&'static str, &'static str)>,
    /// The columns that cannot change once a row is there.
    pub fixed: &'static [&'static str],
    /// The columns that the service computes by itself; they are not compared.
    pub computed: &'static [&'static str],
}

/// A table with rows, each a value a column.
#[derive(Debug, Clone)]
pub struct MasterRows {
    /// The table.
    pub table: MasterTable,
    /// The rows.
    pub rows: Vec<Vec<Value>>,
}

/// What became of rows.
#[derive(Debug, Clone, Default)]
pub struct Revision {
    /// The counts by table.
    pub tables: Vec<pb::RevisedTable>,
    /// What is new or differs.
    pub differences: Vec<pb::RowDifference>,
}

impl Revision {
    /// Whether rows of a table are new or differ.
    pub fn touches(&self, table: &str) -> bool {
        self.differences.iter().any(|one| one.table == table)
    }
}

/// A value of a column, as it is compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Cell {
    Nothing,
    Number(i64),
    Text(String),
}

impl Cell {
    fn of_value(value: &Value) -> Result<Self, Error> {
        Ok(match value {
            Value::BigInt(number) => number.map_or(Self::Nothing, Self::Number),
            Value::String(text) => text
                .as_ref()
                .map_or(Self::Nothing, |text| Self::Text(text.to_string())),
            other => return Err(Error::broken(format!("{other:?} is no master data"))),
        })
    }

    fn of_row(row: &Row, column: usize) -> Result<Self, Error> {
        if let Ok(number) = row.try_get_by_index::<Option<i64>>(column) {
            return Ok(number.map_or(Self::Nothing, Self::Number));
        }
        let text: Option<String> = row.try_get_by_index(column)?;
        Ok(text.map_or(Self::Nothing, Self::Text))
    }

    /// As people read it; dates are known by the names of their columns.
    fn told(&self, column: &str) -> String {
        let is_date = column.ends_with("_on")
            || ["valid_from", "valid_until", "order_from"].contains(&column);
        match self {
            Self::Nothing => String::new(),
            Self::Number(day) if is_date => i32::try_from(*day).ok().map_or_else(
                || day.to_string(),
                |day| Date::from_epoch_day(day).to_string(),
            ),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// The numbers of rows by table: given, and as they are here.
type Numbers = BTreeMap<&'static str, BTreeMap<i64, i64>>;

/// Compares rows with tables and takes over what differs. The tables are in such an order that those referred to come first.
///
/// # Errors
/// `Invalid` with every row that is there twice and every field that cannot change; what the database said.
pub(crate) async fn revise(tx: &Tx, tables: &[MasterRows]) -> Result<Revision, Error> {
    let mut revision = Revision::default();
    let mut numbers = Numbers::new();
    let mut violations = Violations::new();
    for rows in tables {
        revise_table(tx, rows, &mut numbers, &mut revision, &mut violations).await?;
    }
    violations.finish()?;
    Ok(revision)
}

async fn revise_table(
    tx: &Tx,
    given: &MasterRows,
    numbers: &mut Numbers,
    revision: &mut Revision,
    violations: &mut Violations,
) -> Result<(), Error> {
    let table = given.table;
    let place = |column: &str| {
        let found = table.columns.iter().position(|one| *one == column);
        found.ok_or_else(|| Error::broken(format!("{} has no column {column}", table.name)))
    };
    let key: Vec<usize> = table
        .key
        .iter()
        .map(|column| place(column))
        .collect::<Result<_, _>>()?;
    let number = match table.number {
        Some((column, within)) => {
            let within: Vec<usize> = within
                .iter()
                .map(|one| place(one))
                .collect::<Result<_, _>>()?;
            Some((place(column)?, within))
        }
        None => None,
    };
    let refers = match table.refers {
        Some((column, of)) => Some((place(column)?, of)),
        None => None,
    };
    let there = fetched(tx, &table, &key).await?;
    let of = |row: &[Cell], places: &[usize]| -> Vec<Cell> {
        places
            .iter()
            .filter_map(|at| row.get(*at).cloned())
            .collect()
    };
    // The highest number so far, within what is counted.
    let mut most: BTreeMap<Vec<Cell>, i64> = BTreeMap::new();
    if let Some((at, within)) = &number {
        for row in there.values() {
            if let Some(Cell::Number(one)) = row.get(*at) {
                let highest = most.entry(of(row, within)).or_default();
                *highest = (*highest).max(*one);
            }
        }
    }
    let mut counts = pb::RevisedTable {
        table: table.name.to_owned(),
        ..pb::RevisedTable::default()
    };
    let (mut added, mut changed) = (Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    for row in &given.rows {
        let mut cells = row
            .iter()
            .map(Cell::of_value)
            .collect::<Result<Vec<_>, _>>()?;
        if let Some((at, of)) = refers
            && let Some(cell) = cells.get_mut(at)
            && let Cell::Number(one) = cell
        {
            *one = numbers
                .get(of)
                .and_then(|known| known.get(one))
                .copied()
                .unwrap_or(*one);
        }
        let name = of(&cells, &key);
        let told = told(&table, &name);
        if !seen.insert(name.clone()) {
            violations.push(&told, "it is there twice");
            continue;
        }
        let old = there.get(&name);
        if let Some((at, within)) = &number {
            let kept = match old.and_then(|old| old.get(*at)) {
                Some(Cell::Number(kept)) => *kept,
                _ => {
                    let next = most.entry(of(&cells, within)).or_default();
                    *next += 1;
                    *next
                }
            };
            if let Some(cell) = cells.get_mut(*at) {
                if let Cell::Number(given) = cell {
                    numbers.entry(table.name).or_default().insert(*given, kept);
                }
                *cell = Cell::Number(kept);
            }
        }
        let differs = |at: &usize| {
            let column = table.columns.get(*at).copied().unwrap_or_default();
            !table.computed.contains(&column)
                && old.is_none_or(|old| old.get(*at) != cells.get(*at))
        };
        let fields: Vec<usize> = (0..table.columns.len()).filter(differs).collect();
        if fields.is_empty() {
            counts.unchanged_count += 1;
            continue;
        }
        let cell = |row: Option<&Vec<Cell>>, at: usize, column: &str| {
            row.and_then(|row| row.get(at))
                .map_or_else(String::new, |cell| cell.told(column))
        };
        let mut difference = pb::RowDifference {
            table: table.name.to_owned(),
            key: told
                .strip_prefix(table.name)
                .unwrap_or(&told)
                .trim()
                .to_owned(),
            added: old.is_none(),
            fields: Vec::with_capacity(fields.len()),
        };
        for at in &fields {
            let column = table.columns.get(*at).copied().unwrap_or_default();
            let (before, after) = (cell(old, *at, column), cell(Some(&cells), *at, column));
            if old.is_some() && table.fixed.contains(&column) {
                violations.push(
                    &format!("{told}.{column}"),
                    format!("it is {before:?} here and cannot become {after:?}; what was booked rests on it"),
                );
            }
            difference.fields.push(pb::FieldDifference {
                field: column.to_owned(),
                old: before,
                new: after,
            });
        }
        revision.differences.push(difference);
        let values: Vec<Value> = cells.into_iter().zip(row).map(value_like).collect();
        if old.is_none() {
            counts.added_count += 1;
            added.push(values);
        } else {
            counts.changed_count += 1;
            changed.push(values);
        }
    }
    let known = counts.changed_count + counts.unchanged_count;
    counts.kept_count = i64::try_from(there.len()).unwrap_or(i64::MAX) - known;
    revision.tables.push(counts);
    let set: Vec<String> = (table.columns.iter())
        .filter(|column| !table.key.contains(column) && !table.computed.contains(column))
        .map(|column| format!("{column} = v.{column}"))
        .collect();
    let set: Vec<&str> = set.iter().map(String::as_str).collect();
    if !changed.is_empty() {
        for row in &mut changed {
            // The key leads, because an update finds its rows by the first columns.
            *row = ordered(row, &key);
        }
        let columns = ordered(table.columns, &key);
        // A validity may begin with nothing, and nothing equals nothing only when asked in this way.
        let open = "t.valid_from IS NOT DISTINCT FROM v.valid_from";
        let (name, open) = match table.key.split_last() {
            Some((&"valid_from", name)) => (name, open),
            _ => (table.key, ""),
        };
        tx.update_many(table.name, name, &set, &columns, changed, open)
            .await?;
    }
    if !added.is_empty() {
        tx.insert_many(table.name, table.columns, added, "").await?;
    }
    Ok(())
}

/// What a table holds, by key.
async fn fetched(
    tx: &Tx,
    table: &MasterTable,
    key: &[usize],
) -> Result<BTreeMap<Vec<Cell>, Vec<Cell>>, Error> {
    let sql = format!("SELECT {} FROM {}", table.columns.join(", "), table.name);
    let mut there = BTreeMap::new();
    for row in tx.rows(&sql, vec![]).await? {
        let cells = (0..table.columns.len())
            .map(|column| Cell::of_row(&row, column))
            .collect::<Result<Vec<_>, _>>()?;
        let name = key
            .iter()
            .filter_map(|at| cells.get(*at).cloned())
            .collect();
        there.insert(name, cells);
    }
    Ok(there)
}

/// The columns of the key first, and then the others as they come.
fn ordered<T: Clone>(all: &[T], key: &[usize]) -> Vec<T> {
    let others = (0..all.len()).filter(|at| !key.contains(at));
    key.iter()
        .copied()
        .chain(others)
        .filter_map(|at| all.get(at).cloned())
        .collect()
}

/// A cell as a value of the kind that was given, so that a column of nothing but gaps has its type on PostgreSQL.
fn value_like((cell, given): (Cell, &Value)) -> Value {
    match cell {
        Cell::Nothing => given.clone(),
        Cell::Number(number) => number.into(),
        Cell::Text(text) => text.into(),
    }
}

fn told(table: &MasterTable, key: &[Cell]) -> String {
    let parts = table
        .key
        .iter()
        .zip(key)
        .map(|(column, cell)| cell.told(column));
    let parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
    format!("{} {}", table.name, parts.join(" "))
}
