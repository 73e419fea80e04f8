//! The rows of a programme that procurement owns.
//!
//! It must not know the wire. Invariant: rows are written by an import alone.

use std::str::FromStr;

use takt_kernel::{Currency, Price, Quantity, Share, Unit, Violations};
use takt_service::{Error, Row, Tx, Value};

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

/// Stores programmes; that there is one is checked when the import is whole.
pub(crate) async fn programme_add(tx: &Tx, programme: &Programme) -> Result<(), Error> {
    let columns = [
        "programme_no",
        "programme_id",
        "name",
        "plant_id",
        "plant_supplier_id",
        "order_from",
        "last_plan_on",
    ];
    let row = vec![
        1i64.into(),
        programme.id.as_str().into(),
        programme.name.as_str().into(),
        programme.plant_id.as_str().into(),
        programme.plant_supplier_id.as_str().into(),
        day(programme.order_from),
        day(programme.last_plan_on),
    ];
    tx.insert_many("programme", &columns, vec![row], "")
        .await
        .map(|_| ())
}

/// Stores suppliers.
pub(crate) async fn suppliers_add(tx: &Tx, suppliers: &[Supplier]) -> Result<(), Error> {
    let columns = [
        "supplier_no",
        "supplier_id",
        "name",
        "country_code",
        "city",
        "latitude_micro",
        "longitude_micro",
        "tier",
        "description",
    ];
    let rows = suppliers.iter().map(|supplier| {
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
    });
    tx.insert_many("supplier", &columns, rows.collect(), "")
        .await
        .map(|_| ())
}

/// Stores items.
pub(crate) async fn items_add(tx: &Tx, items: &[Item]) -> Result<(), Error> {
    let rows = items.iter().map(|item| {
        vec![
            i64::from(item.number).into(),
            item.id.as_str().into(),
            item.name.as_str().into(),
            item.group.as_str().into(),
            item.unit.code().into(),
            i64::from(item.made).into(),
        ]
    });
    let columns = [
        "item_no",
        "item_id",
        "name",
        "item_group",
        "unit_code",
        "made",
    ];
    tx.insert_many("item", &columns, rows.collect(), "")
        .await
        .map(|_| ())
}

/// Stores agreements.
pub(crate) async fn agreements_add(tx: &Tx, agreements: &[Agreement]) -> Result<(), Error> {
    let rows = agreements.iter().map(|agreement| {
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
    });
    let columns = [
        "item_id",
        "supplier_rank",
        "supplier_id",
        "share",
        "lot_size",
        "lead_days",
        "price_micros",
        "currency",
    ];
    tx.insert_many("agreement", &columns, rows.collect(), "")
        .await
        .map(|_| ())
}

/// Stores rows of a table that is not computed with here.
pub(crate) async fn rows_add(
    tx: &Tx,
    table: &str,
    columns: &[&str],
    rows: &[Vec<Value>],
) -> Result<(), Error> {
    tx.insert_many(table, columns, rows.to_vec(), "")
        .await
        .map(|_| ())
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
