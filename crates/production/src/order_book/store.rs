//! The rows of the book of orders.
//!
//! It must not decide who may change. Invariants: whoever gives an order another configuration, and whoever keeps what was decided from the
//! configurations of open orders, holds the book's row; its revision tells the latter whether anything was changed since they read.

use takt_kernel::Currency;
use takt_planning::feature::Config;
use takt_service::{Error, Row, Tx};

use super::{Around, BookState, Booked};
use crate::{
    product::{
        Product,
        store::{date_of, number_of},
    },
    sequence::store::sequences_open,
    shop_floor::store::{day_fetch, day_open},
};

/// The revision of the book.
///
/// # Errors
/// What the database said.
pub async fn book_revision(tx: &Tx) -> Result<i64, Error> {
    tx.number("SELECT revision FROM order_book", vec![]).await
}

/// Keeps the book to this transaction until its commit; answers with its revision.
///
/// # Errors
/// What the database said.
pub async fn book_lock(tx: &Tx) -> Result<i64, Error> {
    let sql = "UPDATE order_book SET revision = revision WHERE book_no = 1 RETURNING revision";
    let row = tx.one(sql, vec![]).await?;
    let row = row.ok_or_else(|| Error::broken("the book of orders has no row"))?;
    Ok(row.try_get_by_index(0)?)
}

const SELECT: &str = "SELECT order_number, order_id, config, queue_rank, state, locked_on, traceparent FROM demand_order";

fn booked(row: &Row) -> Result<Booked, Error> {
    let state: i64 = row.try_get_by_index(4)?;
    Ok(Booked {
        number: row.try_get_by_index(0)?,
        id: row.try_get_by_index(1)?,
        config: Config(row.try_get_by_index(2)?),
        priority: row.try_get_by_index::<i64>(3)? == 0,
        state: BookState::of(state).ok_or_else(|| Error::broken(format!("order state {state}")))?,
        locked_on: date_of(row.try_get_by_index(5)?),
        traceparent: row.try_get_by_index(6)?,
    })
}

/// An order by its id.
///
/// # Errors
/// `Missing` before delivery's word of it has arrived; what the database said.
pub async fn booked_fetch(tx: &Tx, id: &str) -> Result<Booked, Error> {
    let sql = format!("{SELECT} WHERE order_id = $1");
    let row = tx.one(&sql, vec![id.into()]).await?;
    booked(&row.ok_or_else(|| Error::missing("order", id))?)
}

/// At most `limit` orders behind a number.
///
/// # Errors
/// What the database said.
pub async fn booked_page(tx: &Tx, after: i64, limit: i64) -> Result<Vec<Booked>, Error> {
    let sql = format!("{SELECT} WHERE order_number > $1 ORDER BY order_number LIMIT $2");
    let rows = tx.rows(&sql, vec![after.into(), limit.into()]).await?;
    rows.iter().map(booked).collect()
}

/// What stands around an order.
///
/// # Errors
/// What the database said.
pub async fn around_fetch(tx: &Tx, order: &Booked) -> Result<Around, Error> {
    let mut around = Around::default();
    if let Some(on) = day_open(tx).await?
        && let Some(day) = day_fetch(tx, on).await?
        && let Some(choice) = &day.chosen
        && choice
            .places
            .iter()
            .any(|place| place.order == order.number)
    {
        around.building = Some(on);
    }
    let sequences = sequences_open(tx).await?;
    let sequenced = sequences
        .iter()
        .find(|day| day.orders.contains(&order.number));
    around.sequenced = sequenced.map(|day| day.on);
    let sql = "SELECT h.hold_id FROM hold_order AS b JOIN hold AS h ON h.hold_no = b.hold_no WHERE b.order_number = $1";
    let row = tx.one(sql, vec![order.number.into()]).await?;
    around.hold = row.map(|row| row.try_get_by_index(0)).transpose()?;
    Ok(around)
}

/// The list price of a variant in minor units; None where the programme gives none.
///
/// # Errors
/// What the database said.
pub async fn list_price_fetch(tx: &Tx, variant: usize) -> Result<Option<(Currency, i64)>, Error> {
    let sql = "SELECT currency, list_price_minor FROM variant WHERE variant_no = $1";
    let Some(row) = tx.one(sql, vec![number_of(variant).into()]).await? else {
        return Ok(None);
    };
    let (currency, minor): (String, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    let currency = Currency::parse(&currency).ok();
    Ok(currency.map(|currency| (currency, minor)))
}

/// Gives an order that waits another configuration; who calls holds the book.
///
/// # Errors
/// `Conflict` when it waits no more; what the database said.
pub async fn booked_revise(
    tx: &Tx,
    product: &Product,
    order: &Booked,
    config: Config,
) -> Result<(), Error> {
    let text = product.features.text(config);
    let row = vec![
        config.0.into(),
        number_of(config.variant()).into(),
        text.into(),
    ];
    let columns = ["config", "variant_no", "options"];
    let known = "ON CONFLICT (config) DO NOTHING";
    tx.insert_many("configuration", &columns, vec![row], known)
        .await?;
    let sql = "UPDATE demand_order SET config = $1, variant_no = $2 WHERE order_number = $3 AND state = 0";
    let values = vec![
        config.0.into(),
        number_of(config.variant()).into(),
        order.number.into(),
    ];
    if tx.exec(sql, values).await? != 1 {
        return Err(Error::Conflict {
            detail: format!("order {} waits no more", order.id),
        });
    }
    let sql = "UPDATE order_book SET revision = revision + 1 WHERE book_no = 1";
    tx.exec(sql, vec![]).await.map(|_| ())
}
