//! The rows of capacity groups.
//!
//! It must not know rules. Invariant: a group and what hangs on it are replaced together.

use std::collections::BTreeMap;

use takt_planning::demand_capacity::Week;
use takt_service::{Error, Tx};

use super::CapacityGroup;
use crate::rows::{date, day, get, list};

/// The tables that hang on a group, by its id.
const CHILDREN: [&str; 3] = [
    "capacity_group_item",
    "capacity_group_below",
    "capacity_group_week",
];

/// The groups below each group that is recorded, by id.
pub(super) async fn below_fetch(tx: &Tx) -> Result<BTreeMap<String, Vec<String>>, Error> {
    let mut below: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in tx
        .rows("SELECT group_id FROM capacity_group", vec![])
        .await?
    {
        below.insert(get(&row, 0)?, Vec::new());
    }
    let sql = "SELECT group_id, below_id FROM capacity_group_below ORDER BY group_id, below_id";
    for row in tx.rows(sql, vec![]).await? {
        below.entry(get(&row, 0)?).or_default().push(get(&row, 1)?);
    }
    Ok(below)
}

/// Writes groups in the place of those that have their names.
pub(super) async fn groups_save(tx: &Tx, groups: &[CapacityGroup]) -> Result<(), Error> {
    let ids = || list(groups.iter().map(|group| group.id.as_str()));
    for table in CHILDREN {
        let sql = format!("DELETE FROM {table} WHERE group_id IN (SELECT group_id FROM v)");
        tx.exec_for(&["group_id"], ids(), &sql).await?;
    }
    let rows = groups.iter().map(|group| {
        vec![
            group.id.as_str().into(),
            group.supplier.as_str().into(),
            group.name.as_str().into(),
            i64::from(group.inactive).into(),
        ]
    });
    let suffix = "ON CONFLICT (group_id) DO UPDATE SET supplier_id = excluded.supplier_id, name = excluded.name, inactive = excluded.inactive";
    let columns = ["group_id", "supplier_id", "name", "inactive"];
    tx.insert_many("capacity_group", &columns, rows.collect(), suffix)
        .await?;
    let rows = groups.iter().flat_map(|group| {
        let of = |(item, factor): &(String, i64)| {
            vec![
                group.id.as_str().into(),
                item.as_str().into(),
                (*factor).into(),
            ]
        };
        group.items.iter().map(of)
    });
    let columns = ["group_id", "item_id", "load_factor"];
    tx.insert_many("capacity_group_item", &columns, rows.collect(), "")
        .await?;
    let rows = groups.iter().flat_map(|group| {
        let of = |below: &String| vec![group.id.as_str().into(), below.as_str().into()];
        group.below.iter().map(of)
    });
    let columns = ["group_id", "below_id"];
    tx.insert_many("capacity_group_below", &columns, rows.collect(), "")
        .await?;
    let rows = groups.iter().flat_map(|group| {
        let of = |(on, week): &(takt_kernel::Date, Week)| {
            vec![
                group.id.as_str().into(),
                day(*on),
                week.actual.into(),
                week.maximum.into(),
                week.agreed.into(),
                week.delta.into(),
            ]
        };
        group.weeks.iter().map(of)
    });
    let columns = [
        "group_id", "week_on", "actual", "maximum", "agreed", "delta",
    ];
    tx.insert_many("capacity_group_week", &columns, rows.collect(), "")
        .await
        .map(|_| ())
}

/// Which groups to read.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    /// A page behind an id: the most of them, and of which supplier; empty is any.
    Page(String, i64, String),
    /// All that count.
    Active,
}

/// Groups, by id.
pub(super) async fn groups_fetch(tx: &Tx, wanted: &Wanted) -> Result<Vec<CapacityGroup>, Error> {
    let rows = match wanted {
        Wanted::Page(after, most, supplier) => {
            let sql = "SELECT group_id, supplier_id, name, inactive FROM capacity_group \
                       WHERE group_id > $1 AND ($3 = '' OR supplier_id = $3) ORDER BY group_id LIMIT $2";
            let values = vec![
                after.as_str().into(),
                (*most).into(),
                supplier.as_str().into(),
            ];
            tx.rows(sql, values).await?
        }
        Wanted::Active => {
            let sql = "SELECT group_id, supplier_id, name, inactive FROM capacity_group WHERE inactive = 0 ORDER BY group_id";
            tx.rows(sql, vec![]).await?
        }
    };
    let mut groups = Vec::with_capacity(rows.len());
    for row in &rows {
        groups.push(CapacityGroup {
            id: get(row, 0)?,
            supplier: get(row, 1)?,
            name: get(row, 2)?,
            inactive: get::<i64>(row, 3)? != 0,
            items: Vec::new(),
            below: Vec::new(),
            weeks: Vec::new(),
        });
    }
    if groups.is_empty() {
        return Ok(groups);
    }
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for (place, group) in groups.iter().enumerate() {
        places.insert(group.id.clone(), place);
    }
    let ids = || list(places.keys().map(String::as_str));
    let sql = "SELECT c.group_id, c.item_id, c.load_factor FROM v JOIN capacity_group_item AS c ON c.group_id = v.group_id ORDER BY c.group_id, c.item_id";
    for row in tx.rows_for(&["group_id"], ids(), sql).await? {
        if let Some(group) = of(&mut groups, &places, get(&row, 0)?) {
            group.items.push((get(&row, 1)?, get(&row, 2)?));
        }
    }
    let sql = "SELECT c.group_id, c.below_id FROM v JOIN capacity_group_below AS c ON c.group_id = v.group_id ORDER BY c.group_id, c.below_id";
    for row in tx.rows_for(&["group_id"], ids(), sql).await? {
        if let Some(group) = of(&mut groups, &places, get(&row, 0)?) {
            group.below.push(get(&row, 1)?);
        }
    }
    let sql = "SELECT c.group_id, c.week_on, c.actual, c.maximum, c.agreed, c.delta FROM v \
               JOIN capacity_group_week AS c ON c.group_id = v.group_id ORDER BY c.group_id, c.week_on";
    for row in tx.rows_for(&["group_id"], ids(), sql).await? {
        let week = Week {
            actual: get(&row, 2)?,
            maximum: get(&row, 3)?,
            agreed: get(&row, 4)?,
            delta: get(&row, 5)?,
        };
        if let Some(group) = of(&mut groups, &places, get(&row, 0)?) {
            group.weeks.push((date(&row, 1)?, week));
        }
    }
    Ok(groups)
}

fn of<'g>(
    groups: &'g mut [CapacityGroup],
    places: &BTreeMap<String, usize>,
    id: String,
) -> Option<&'g mut CapacityGroup> {
    places.get(&id).and_then(|place| groups.get_mut(*place))
}
