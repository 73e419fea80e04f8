//! The rows of a programme that procurement owns.
//!
//! It must not know the wire. Invariant: rows are written by an import alone.

use std::str::FromStr;

use takt_kernel::{Currency, Price, Quantity, Share, Unit, Violations};
use takt_service::{Error, MasterTable, Row, Tx, Value};

use super::{Agreement, Catalogue, Item, Programme, Rows, Supplier, Transit};
use crate::rows::{date, day, get};

/// The tables that an import fills.
const TABLES: [&str; 7] = [
    "agreement",
    "item",
    "lane",
    "link",
    "node",
    "programme",
    "supplier",
];

/// The columns of the tables that are filled whole and computed with only in part.
pub(crate) const LANE: [&str; 11] = [
    "lane_no",
    "lane_id",
    "supplier_id",
    "from_place",
    "to_place",
    "mode",
    "distance_km",
    "transit_millidays",
    "cost_micros",
    "cost_currency",
    "cost_unit",
];
/// See [`LANE`].
pub(crate) const LINK: [&str; 12] = [
    "from_supplier_id",
    "to_supplier_id",
    "item_id",
    "name",
    "into_item_ids",
    "share",
    "quantity",
    "lead_days",
    "customer_stock_days",
    "valid_from",
    "valid_until",
    "evidence",
];
/// See [`LANE`].
pub(crate) const NODE: [&str; 11] = [
    "supplier_id",
    "item_id",
    "name",
    "capacity_per_week",
    "stock_days",
    "recover_days",
    "process_hours",
    "wait_hours",
    "yield_share",
    "co2e_grams",
    "stock_survives",
];

/// The programme; that there is one is checked when the import is whole.
pub(crate) const PROGRAMME: MasterTable = MasterTable {
    name: "programme",
    columns: &[
        "programme_no",
        "programme_id",
        "name",
        "plant_id",
        "plant_supplier_id",
        "order_from",
        "last_plan_on",
    ],
    key: &["programme_no"],
    number: None,
    refers: None,
    fixed: &[
        "programme_id",
        "plant_id",
        "plant_supplier_id",
        "order_from",
    ],
    computed: &[],
};
/// Suppliers.
pub(crate) const SUPPLIER: MasterTable = MasterTable {
    name: "supplier",
    columns: &[
        "supplier_no",
        "supplier_id",
        "name",
        "country_code",
        "city",
        "latitude_micro",
        "longitude_micro",
        "tier",
        "description",
    ],
    key: &["supplier_id"],
    number: Some(("supplier_no", &[])),
    ..PROGRAMME_LIKE
};
/// Items.
pub(crate) const ITEM: MasterTable = MasterTable {
    name: "item",
    columns: &[
        "item_no",
        "item_id",
        "name",
        "item_group",
        "unit_code",
        "made",
    ],
    key: &["item_id"],
    number: Some(("item_no", &[])),
    fixed: &["unit_code", "made"],
    ..PROGRAMME_LIKE
};
/// Terms; lots bear the rank of their supplier.
pub(crate) const AGREEMENT: MasterTable = MasterTable {
    name: "agreement",
    columns: &[
        "item_id",
        "supplier_rank",
        "supplier_id",
        "share",
        "lot_size",
        "lead_days",
        "price_micros",
        "currency",
    ],
    key: &["item_id", "supplier_id"],
    number: Some(("supplier_rank", &["item_id"])),
    ..PROGRAMME_LIKE
};
/// Inbound lanes.
pub(crate) const LANES: MasterTable = MasterTable {
    name: "lane",
    columns: &LANE,
    key: &["lane_id"],
    number: Some(("lane_no", &[])),
    ..PROGRAMME_LIKE
};
/// Links of the network; one that holds from another day is another one.
pub(crate) const LINKS: MasterTable = MasterTable {
    name: "link",
    columns: &LINK,
    key: &[
        "from_supplier_id",
        "to_supplier_id",
        "item_id",
        "valid_from",
    ],
    ..PROGRAMME_LIKE
};
/// Sites.
pub(crate) const NODES: MasterTable = MasterTable {
    name: "node",
    columns: &NODE,
    key: &["supplier_id", "item_id"],
    ..PROGRAMME_LIKE
};
/// What most tables have in common.
const PROGRAMME_LIKE: MasterTable = MasterTable {
    fixed: &[],
    ..PROGRAMME
};

/// The values of a programme.
pub(crate) fn programme_row(programme: &Programme) -> Vec<Value> {
    vec![
        1i64.into(),
        programme.id.as_str().into(),
        programme.name.as_str().into(),
        programme.plant_id.as_str().into(),
        programme.plant_supplier_id.as_str().into(),
        day(programme.order_from),
        day(programme.last_plan_on),
    ]
}

/// The values of a supplier.
pub(crate) fn supplier_row(supplier: &Supplier) -> Vec<Value> {
    vec![
        supplier.number.into(),
        supplier.id.as_str().into(),
        supplier.name.as_str().into(),
        supplier.country_code.as_str().into(),
        supplier.city.as_str().into(),
        supplier.place_micro.0.into(),
        supplier.place_micro.1.into(),
        supplier.tier.into(),
        supplier.description.as_str().into(),
    ]
}

/// The values of an item.
pub(crate) fn item_row(item: &Item) -> Vec<Value> {
    vec![
        i64::from(item.number).into(),
        item.id.as_str().into(),
        item.name.as_str().into(),
        item.group.as_str().into(),
        item.unit.code().into(),
        i64::from(item.made).into(),
    ]
}

/// The values of an agreement.
pub(crate) fn agreement_row(agreement: &Agreement) -> Vec<Value> {
    vec![
        agreement.item.as_str().into(),
        i64::from(agreement.rank).into(),
        agreement.supplier.as_str().into(),
        agreement.share.millionths().into(),
        agreement.lot.milli().into(),
        i64::from(agreement.lead_days).into(),
        agreement.price.micros.into(),
        agreement.price.currency.as_str().into(),
    ]
}

/// What was ordered in lots of another size than an item has by now: netting counts lots, so the size stays.
pub(crate) async fn lots_of_another_size(tx: &Tx) -> Result<Vec<(String, i64)>, Error> {
    let sql = "SELECT i.item_id, MAX(l.lot_size) FROM order_line AS l JOIN item AS i ON i.item_no = l.source_no / 100 \
               JOIN agreement AS a ON a.item_id = i.item_id WHERE a.lot_size <> l.lot_size GROUP BY i.item_id ORDER BY i.item_id";
    let rows = tx.rows(sql, vec![]).await?;
    rows.iter()
        .map(|row| Ok((get(row, 0)?, get(row, 1)?)))
        .collect()
}

/// Removes what an import stored.
pub(crate) async fn programme_clear(tx: &Tx) -> Result<(), Error> {
    for table in TABLES {
        tx.exec(&format!("DELETE FROM {table}"), vec![]).await?;
    }
    Ok(())
}

/// The catalogue of what an import stored.
pub(crate) async fn catalogue_fetch(tx: &Tx) -> Result<Catalogue, Error> {
    let mut violations = Violations::new();
    let catalogue = Catalogue::new(rows_fetch(tx).await?, &mut violations);
    Ok(violations.finish_with(catalogue)?)
}

async fn rows_fetch(tx: &Tx) -> Result<Rows, Error> {
    let mut rows = Rows::default();
    let sql = "SELECT programme_id, name, plant_id, plant_supplier_id, order_from, last_plan_on FROM programme";
    for row in tx.rows(sql, vec![]).await? {
        rows.programmes.push(Programme {
            id: get(&row, 0)?,
            name: get(&row, 1)?,
            plant_id: get(&row, 2)?,
            plant_supplier_id: get(&row, 3)?,
            order_from: date(&row, 4)?,
            last_plan_on: date(&row, 5)?,
        });
    }
    let sql = "SELECT supplier_no, supplier_id, name, country_code, city, latitude_micro, longitude_micro, tier, description \
               FROM supplier ORDER BY supplier_no";
    for row in tx.rows(sql, vec![]).await? {
        rows.suppliers.push(supplier_read(&row)?);
    }
    let sql =
        "SELECT item_no, item_id, name, item_group, unit_code, made FROM item ORDER BY item_no";
    for row in tx.rows(sql, vec![]).await? {
        rows.items.push(Item {
            number: narrow(&row, 0)?,
            id: word(&row, 1)?,
            name: get(&row, 2)?,
            group: get(&row, 3)?,
            unit: Unit::from_code(&get::<String>(&row, 4)?).map_err(Error::broken)?,
            made: get::<i64>(&row, 5)? != 0,
        });
    }
    let sql = "SELECT item_id, supplier_id, supplier_rank, share, lot_size, lead_days, price_micros, currency FROM agreement \
               ORDER BY item_id, supplier_rank";
    for row in tx.rows(sql, vec![]).await? {
        rows.agreements.push(Agreement {
            item: word(&row, 0)?,
            supplier: word(&row, 1)?,
            rank: narrow(&row, 2)?,
            share: Share(get(&row, 3)?),
            lot: Quantity(get(&row, 4)?),
            lead_days: narrow(&row, 5)?,
            price: Price::new(
                get(&row, 6)?,
                Currency::parse(&get::<String>(&row, 7)?).map_err(Error::broken)?,
            ),
        });
    }
    for row in tx
        .rows(
            "SELECT supplier_id, transit_millidays FROM lane ORDER BY lane_no",
            vec![],
        )
        .await?
    {
        rows.transits.push(Transit {
            supplier: word(&row, 0)?,
            millidays: get(&row, 1)?,
        });
    }
    Ok(rows)
}

fn supplier_read(row: &Row) -> Result<Supplier, Error> {
    Ok(Supplier {
        number: get(row, 0)?,
        id: word(row, 1)?,
        name: get(row, 2)?,
        country_code: get(row, 3)?,
        city: get(row, 4)?,
        place_micro: (get(row, 5)?, get(row, 6)?),
        tier: get(row, 7)?,
        description: get(row, 8)?,
    })
}

fn word<T: FromStr>(row: &Row, column: usize) -> Result<T, Error>
where
    T::Err: std::fmt::Display,
{
    get::<String>(row, column)?.parse().map_err(Error::broken)
}

fn narrow<T: TryFrom<i64>>(row: &Row, column: usize) -> Result<T, Error> {
    let wide: i64 = get(row, column)?;
    T::try_from(wide).map_err(|_| {
        Error::broken(format!(
            "column {column} holds {wide}, which is out of range"
        ))
    })
}
