//! The rows of changes.
//!
//! It must not know rules. Invariants: EC-1 a released change has a mask of its own; the number of statements does not depend on
//! the changes read.

use std::collections::BTreeMap;

use takt_kernel::Date;
use takt_planning::change::Effectivity;
use takt_service::{Error, Row, Tx, Value};

use super::{Affected, Change, Interchange, Spec, State};
use crate::product::store::{date_of, day_of};

const COLUMNS: [&str; 14] = [
    "change_id",
    "title",
    "reason",
    "effectivity",
    "effective_on",
    "effective_build",
    "interchange",
    "state",
    "version",
    "assessed_on",
    "first_possible_on",
    "approved_by",
    "mask",
    "first_build",
];

/// Changes behind an id, in the order of ids.
///
/// # Errors
/// What the database said.
pub async fn changes_page(tx: &Tx, after: &str, limit: i64) -> Result<Vec<Change>, Error> {
    let sql = format!(
        "SELECT {} FROM engineering_change WHERE change_id > $1 ORDER BY change_id LIMIT $2",
        COLUMNS.join(", ")
    );
    let rows = tx.rows(&sql, vec![after.into(), limit.into()]).await?;
    with_items(tx, rows).await
}

/// The changes that plans and line follow.
///
/// # Errors
/// What the database said.
pub async fn live_fetch(tx: &Tx) -> Result<Vec<Change>, Error> {
    let sql = format!(
        "SELECT {} FROM engineering_change WHERE mask IS NOT NULL ORDER BY mask",
        COLUMNS.join(", ")
    );
    let rows = tx.rows(&sql, vec![]).await?;
    with_items(tx, rows).await
}

/// A change.
///
/// # Errors
/// `Missing` when there is none of this id; what the database said.
pub async fn change_fetch(tx: &Tx, change_id: &str) -> Result<Change, Error> {
    let sql = format!(
        "SELECT {} FROM engineering_change WHERE change_id = $1",
        COLUMNS.join(", ")
    );
    let rows = tx.rows(&sql, vec![change_id.into()]).await?;
    let found = with_items(tx, rows).await?;
    found
        .into_iter()
        .next()
        .ok_or_else(|| Error::missing("change", change_id))
}

/// Writes a new change.
///
/// # Errors
/// `Exists` when there is one of this id; what the database said.
pub async fn change_add(tx: &Tx, change: &Change) -> Result<(), Error> {
    let sql = "SELECT COUNT(*) FROM engineering_change WHERE change_id = $1";
    if tx
        .number(sql, vec![change.change_id.as_str().into()])
        .await?
        > 0
    {
        return Err(Error::exists("change", &change.change_id));
    }
    tx.insert_many("engineering_change", &COLUMNS, vec![row_of(change)], "")
        .await?;
    items_add(tx, change).await
}

/// Writes a change that was read before and has been changed once since.
///
/// # Errors
/// `Stale` when somebody else changed it meanwhile; what the database said.
pub async fn change_save(tx: &Tx, change: &Change) -> Result<(), Error> {
    let sets: Vec<String> = (2..)
        .zip(COLUMNS.iter().skip(1))
        .map(|(at, column)| format!("{column} = ${at}"))
        .collect();
    let sql = format!(
        "UPDATE engineering_change SET {} WHERE change_id = $1 AND version = $9 - 1",
        sets.join(", ")
    );
    if tx.exec(&sql, row_of(change)).await? != 1 {
        return Err(Error::stale("change", &change.change_id));
    }
    tx.exec(
        "DELETE FROM engineering_change_item WHERE change_id = $1",
        vec![change.change_id.as_str().into()],
    )
    .await?;
    items_add(tx, change).await
}

/// Marks the changes that a vehicle has for the first time: change and its build number.
///
/// # Errors
/// What the database said.
pub async fn changes_began(tx: &Tx, began: &[(String, i64)]) -> Result<(), Error> {
    let rows = began
        .iter()
        .map(|(change, build)| vec![change.as_str().into(), (*build).into()]);
    tx.update_many(
        "engineering_change",
        &["change_id"],
        &[
            "first_build = v.first_build",
            "state = 5",
            "version = t.version + 1",
        ],
        &["change_id", "first_build"],
        rows.collect(),
        "t.first_build IS NULL",
    )
    .await
    .map(|_| ())
}

async fn items_add(tx: &Tx, change: &Change) -> Result<(), Error> {
    let rows = (1i64..).zip(&change.spec.items).map(|(line, item)| {
        vec![
            change.change_id.as_str().into(),
            line.into(),
            item.parent.as_str().into(),
            item.old.as_str().into(),
            item.new.as_str().into(),
            item.quantity.into(),
            item.condition.as_str().into(),
        ]
    });
    let columns = [
        "change_id",
        "line_no",
        "parent_item_id",
        "old_item_id",
        "new_item_id",
        "quantity",
        "option_condition",
    ];
    tx.insert_many("engineering_change_item", &columns, rows.collect(), "")
        .await
        .map(|_| ())
}

fn row_of(change: &Change) -> Vec<Value> {
    let day = |on: Option<Date>| on.map(day_of).into();
    let (kind, on, build) = match change.spec.effectivity {
        Effectivity::Date(on) => (1i64, Some(on), None),
        Effectivity::Build(number) => (2, None, Some(number)),
        Effectivity::RunOut(from) => (3, Some(from), None),
    };
    vec![
        change.change_id.as_str().into(),
        change.spec.title.as_str().into(),
        change.spec.reason.as_str().into(),
        kind.into(),
        day(on),
        build.into(),
        (change.spec.interchange as i64).into(),
        (change.state as i64).into(),
        change.version.into(),
        day(change.assessed_on),
        day(change.first_possible_on),
        change.approved_by.as_str().into(),
        change.bit.map(|bit| 1i64 << bit).into(),
        change.first_build.into(),
    ]
}

async fn with_items(tx: &Tx, rows: Vec<Row>) -> Result<Vec<Change>, Error> {
    let mut changes = Vec::with_capacity(rows.len());
    for row in &rows {
        changes.push(change_of(row)?);
    }
    let ids = changes
        .iter()
        .map(|change| vec![change.change_id.as_str().into()]);
    let query = "SELECT i.change_id, i.parent_item_id, i.old_item_id, i.new_item_id, i.quantity, i.option_condition FROM v \
                 JOIN engineering_change_item AS i ON i.change_id = v.change_id ORDER BY i.change_id, i.line_no";
    let mut items: BTreeMap<String, Vec<Affected>> = BTreeMap::new();
    for row in tx.rows_for(&["change_id"], ids.collect(), query).await? {
        items
            .entry(row.try_get_by_index(0)?)
            .or_default()
            .push(Affected {
                parent: row.try_get_by_index(1)?,
                old: row.try_get_by_index(2)?,
                new: row.try_get_by_index(3)?,
                quantity: row.try_get_by_index(4)?,
                condition: row.try_get_by_index(5)?,
            });
    }
    for change in &mut changes {
        change.spec.items = items.remove(&change.change_id).unwrap_or_default();
    }
    Ok(changes)
}

fn change_of(row: &Row) -> Result<Change, Error> {
    let day = |at| Ok::<_, Error>(row.try_get_by_index::<Option<i64>>(at)?.map(date_of));
    let broken = || Error::broken("a change has an effectivity or a state that is not known");
    let number = |at| Ok::<_, Error>(row.try_get_by_index::<Option<i64>>(at)?);
    let effectivity = match (row.try_get_by_index::<i64>(3)?, day(4)?, number(5)?) {
        (1, Some(on), _) => Effectivity::Date(on),
        (2, _, Some(build)) => Effectivity::Build(build),
        (3, Some(from), _) => Effectivity::RunOut(from),
        _ => return Err(broken()),
    };
    let mask = number(12)?;
    Ok(Change {
        change_id: row.try_get_by_index(0)?,
        spec: Spec {
            title: row.try_get_by_index(1)?,
            reason: row.try_get_by_index(2)?,
            items: Vec::new(),
            effectivity,
            interchange: match row.try_get_by_index::<i64>(6)? {
                1 => Interchange::NewForOld,
                2 => Interchange::BothWays,
                _ => Interchange::None,
            },
        },
        state: State::of(row.try_get_by_index(7)?).ok_or_else(broken)?,
        version: row.try_get_by_index(8)?,
        assessed_on: day(9)?,
        first_possible_on: day(10)?,
        approved_by: row.try_get_by_index(11)?,
        bit: mask.and_then(|mask| u8::try_from(mask.trailing_zeros()).ok()),
        first_build: number(13)?,
    })
}
