//! The rows of disruptions and of the sites that they put out.
//!
//! It must not know rules. Invariant: the sites of a disruption are written with it and never changed.

use std::collections::BTreeMap;

use takt_kernel::Date;
use takt_service::{Error, Row, Tx, Value};

use super::{Disruption, Scope};
use crate::rows::{count, date, date_opt, day, day_opt, get, list};

/// The columns of a disruption.
pub(crate) const DISRUPTION: [&str; 15] = [
    "disruption_id",
    "scope",
    "name",
    "detail",
    "latitude_micro",
    "longitude_micro",
    "radius_km",
    "cause",
    "begins_on",
    "expected_end_on",
    "resolved_on",
    "note",
    "measure",
    "sites",
    "remaining",
];

/// Writes a new disruption with its sites.
pub(super) async fn disruption_add(tx: &Tx, disruption: &Disruption) -> Result<(), Error> {
    let suffix = "ON CONFLICT DO NOTHING RETURNING disruption_id";
    let written = tx
        .insert_returning("disruption", &DISRUPTION, vec![row(disruption)], suffix)
        .await?;
    if written.is_empty() {
        return Err(Error::exists("disruption", &disruption.id));
    }
    let site = |(supplier, item): &(String, String)| {
        vec![
            disruption.id.as_str().into(),
            supplier.as_str().into(),
            item.as_str().into(),
        ]
    };
    let rows = disruption.sites.iter().map(site).collect();
    let columns = ["disruption_id", "supplier_id", "item_id"];
    tx.insert_many("disruption_site", &columns, rows, "")
        .await
        .map(|_| ())
}

/// Writes that a disruption is resolved; nobody else has meanwhile, because its row is locked by the reader.
pub(super) async fn disruption_resolve(
    tx: &Tx,
    id: &str,
    on: Date,
    measure: &str,
) -> Result<(), Error> {
    let sql = "UPDATE disruption SET resolved_on = $2, measure = $3 WHERE disruption_id = $1 AND resolved_on IS NULL";
    let written = tx
        .exec(sql, vec![id.into(), day(on), measure.into()])
        .await?;
    if written == 1 {
        Ok(())
    } else {
        Err(Error::stale("disruption", id))
    }
}

/// Which disruptions to read.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    /// Those of these names.
    Named(Vec<String>),
    /// All that are open.
    Open,
    /// A page behind a name: the most of them, and whether only open or only resolved ones.
    Page(String, i64, Option<bool>),
}

/// Disruptions with their sites, by id.
pub(super) async fn disruptions_fetch(tx: &Tx, wanted: &Wanted) -> Result<Vec<Disruption>, Error> {
    let columns = DISRUPTION.map(|column| format!("d.{column}")).join(", ");
    let rows = match wanted {
        Wanted::Named(ids) => {
            let sql = format!(
                "SELECT {columns} FROM v JOIN disruption AS d ON d.disruption_id = v.disruption_id ORDER BY d.disruption_id"
            );
            let ids = list(ids.iter().map(String::as_str));
            tx.rows_for(&["disruption_id"], ids, &sql).await?
        }
        Wanted::Open => {
            let sql = format!(
                "SELECT {columns} FROM disruption AS d WHERE d.resolved_on IS NULL ORDER BY d.disruption_id"
            );
            tx.rows(&sql, vec![]).await?
        }
        Wanted::Page(after, most, open) => {
            let state = match open {
                Some(true) => "AND d.resolved_on IS NULL",
                Some(false) => "AND d.resolved_on IS NOT NULL",
                None => "",
            };
            let sql = format!(
                "SELECT {columns} FROM disruption AS d WHERE d.disruption_id > $1 {state} ORDER BY d.disruption_id LIMIT $2"
            );
            tx.rows(&sql, vec![after.as_str().into(), (*most).into()])
                .await?
        }
    };
    let mut all: Vec<Disruption> = rows.iter().map(read).collect::<Result<_, Error>>()?;
    all.sort_by(|a, b| a.id.cmp(&b.id));
    let mut sites: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    if !all.is_empty() {
        let ids = list(all.iter().map(|disruption| disruption.id.as_str()));
        let sql = "SELECT s.disruption_id, s.supplier_id, s.item_id FROM v JOIN disruption_site AS s ON s.disruption_id = v.disruption_id \
                   ORDER BY s.disruption_id, s.supplier_id, s.item_id";
        for row in tx.rows_for(&["disruption_id"], ids, sql).await? {
            let site = (get(&row, 1)?, get(&row, 2)?);
            sites.entry(get(&row, 0)?).or_default().push(site);
        }
    }
    for disruption in &mut all {
        disruption.sites = sites.remove(&disruption.id).unwrap_or_default();
        disruption.sites.sort_unstable();
    }
    Ok(all)
}

fn row(disruption: &Disruption) -> Vec<Value> {
    let (kind, name, detail, place, km): (i64, &str, &str, (i64, i64), i64) =
        match &disruption.scope {
            Scope::Supplier(id) => (1, id, "", (0, 0), 0),
            Scope::Region { country, city } => (2, country, city, (0, 0), 0),
            Scope::Radius { place, km } => (3, "", "", *place, *km),
            Scope::Family(group) => (4, group, "", (0, 0), 0),
            Scope::Site { supplier, item } => (5, supplier, item, (0, 0), 0),
        };
    vec![
        disruption.id.as_str().into(),
        kind.into(),
        name.into(),
        detail.into(),
        place.0.into(),
        place.1.into(),
        km.into(),
        disruption.cause.into(),
        day(disruption.begins_on),
        day_opt(disruption.expected_end_on),
        day_opt(disruption.resolved_on),
        disruption.note.as_str().into(),
        disruption.measure.as_str().into(),
        count(disruption.sites.len()).into(),
        disruption.remaining.into(),
    ]
}

fn read(row: &Row) -> Result<Disruption, Error> {
    let (name, detail): (String, String) = (get(row, 2)?, get(row, 3)?);
    let scope = match get::<i64>(row, 1)? {
        1 => Scope::Supplier(name),
        2 => Scope::Region {
            country: name,
            city: detail,
        },
        3 => Scope::Radius {
            place: (get(row, 4)?, get(row, 5)?),
            km: get(row, 6)?,
        },
        4 => Scope::Family(name),
        5 => Scope::Site {
            supplier: name,
            item: detail,
        },
        other => return Err(Error::broken(format!("a scope of kind {other}"))),
    };
    Ok(Disruption {
        id: get(row, 0)?,
        scope,
        cause: get(row, 7)?,
        begins_on: date(row, 8)?,
        expected_end_on: date_opt(row, 9)?,
        resolved_on: date_opt(row, 10)?,
        note: get(row, 11)?,
        measure: get(row, 12)?,
        remaining: get(row, 14)?,
        sites: Vec::new(),
    })
}
