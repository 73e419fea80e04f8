//! The rows of quotes.
//!
//! It must not know rules. Invariant: a quote changes its state by a statement that finds it in the one that was read.

use std::collections::BTreeMap;

use takt_service::{Error, Row, Tx};

use super::{Quote, QuoteState, QuotedSlot};
use crate::{
    programme::{options_of, options_text},
    rows::{date, day, get, list},
};

const QUOTE: &str = "quote_no, quote_id, customer_id, variant_id, options, city, state, expires_at, plan_id FROM quote";

/// Writes a new quote.
pub(crate) async fn quote_add(tx: &Tx, quote: &Quote) -> Result<(), Error> {
    let sql = "INSERT INTO quote (quote_id, customer_id, variant_id, options, city, state, expires_at, plan_id) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING quote_no";
    let values = vec![
        quote.id.as_str().into(),
        quote.customer_id.as_str().into(),
        quote.variant_id.as_str().into(),
        options_text(&quote.options).into(),
        quote.city.as_str().into(),
        (quote.state as i64).into(),
        quote.expires_at.into(),
        quote.plan_id.as_str().into(),
    ];
    let row = tx.one(sql, values).await?;
    let number: i64 = get(&row.ok_or_else(|| Error::exists("quote", &quote.id))?, 0)?;
    let rows = quote.slots.iter().map(|slot| {
        vec![
            number.into(),
            day(slot.build_on),
            day(slot.deliver_on),
            slot.vehicles.into(),
        ]
    });
    let columns = ["quote_no", "build_on", "deliver_on", "vehicle_count"];
    tx.insert_many("quote_slot", &columns, rows.collect(), "")
        .await
        .map(|_| ())
}

/// A quote by its name.
pub(crate) async fn quote_fetch(tx: &Tx, id: &str) -> Result<Quote, Error> {
    let sql = format!("SELECT {QUOTE} WHERE quote_id = $1");
    let row = tx.one(&sql, vec![id.into()]).await?;
    let row = row.ok_or_else(|| Error::missing("quote", id))?;
    let mut quotes = vec![quote_read(&row)?];
    details_fetch(tx, &mut quotes).await?;
    quotes.pop().ok_or_else(|| Error::missing("quote", id))
}

/// Quotes behind a number, oldest first.
pub(crate) async fn quotes_page(tx: &Tx, after: i64, limit: i64) -> Result<Vec<Quote>, Error> {
    let sql = format!("SELECT {QUOTE} WHERE quote_no > $1 ORDER BY quote_no LIMIT $2");
    let rows = tx.rows(&sql, vec![after.into(), limit.into()]).await?;
    let mut quotes = rows.iter().map(quote_read).collect::<Result<Vec<_>, _>>()?;
    details_fetch(tx, &mut quotes).await?;
    Ok(quotes)
}

/// Changes the state of a quote that is in the state it was read in.
pub(crate) async fn quote_turn(tx: &Tx, quote: &Quote, to: QuoteState) -> Result<(), Error> {
    let sql = "UPDATE quote SET state = $1 WHERE quote_no = $2 AND state = $3";
    let values = vec![
        (to as i64).into(),
        quote.number.into(),
        (quote.state as i64).into(),
    ];
    if tx.exec(sql, values).await? == 0 {
        return Err(Error::Conflict {
            detail: format!("quote {} changed meanwhile", quote.id),
        });
    }
    Ok(())
}

/// Writes down which orders a quote has become.
pub(crate) async fn quote_orders_add(tx: &Tx, quote: &Quote, orders: &[i64]) -> Result<(), Error> {
    let rows = orders
        .iter()
        .map(|order| vec![(*order).into(), quote.number.into()]);
    tx.insert_many("quote_order", &["order_no", "quote_no"], rows.collect(), "")
        .await
        .map(|_| ())
}

fn quote_read(row: &Row) -> Result<Quote, Error> {
    let state: i64 = get(row, 6)?;
    Ok(Quote {
        number: get(row, 0)?,
        id: get(row, 1)?,
        customer_id: get(row, 2)?,
        variant_id: get(row, 3)?,
        options: options_of(&get::<String>(row, 4)?),
        city: get(row, 5)?,
        state: QuoteState::of(state)
            .ok_or_else(|| Error::broken(format!("a quote has the state {state}")))?,
        expires_at: get(row, 7)?,
        plan_id: get(row, 8)?,
        slots: Vec::new(),
        orders: Vec::new(),
    })
}

async fn details_fetch(tx: &Tx, quotes: &mut [Quote]) -> Result<(), Error> {
    let numbers = || list(quotes.iter().map(|quote| quote.number));
    let mut slots: BTreeMap<i64, Vec<QuotedSlot>> = BTreeMap::new();
    let sql = "SELECT s.quote_no, s.build_on, s.deliver_on, s.vehicle_count FROM v JOIN quote_slot s ON s.quote_no = v.quote_no";
    for row in tx.rows_for(&["quote_no"], numbers(), sql).await? {
        slots.entry(get(&row, 0)?).or_default().push(QuotedSlot {
            build_on: date(&row, 1)?,
            deliver_on: date(&row, 2)?,
            vehicles: get(&row, 3)?,
        });
    }
    let mut orders: BTreeMap<i64, Vec<(i64, String)>> = BTreeMap::new();
    let sql = "SELECT q.quote_no, q.order_no, o.order_id FROM v JOIN quote_order q ON q.quote_no = v.quote_no \
               JOIN sales_order o ON o.order_no = q.order_no";
    for row in tx.rows_for(&["quote_no"], numbers(), sql).await? {
        let named = (get(&row, 1)?, get(&row, 2)?);
        orders.entry(get(&row, 0)?).or_default().push(named);
    }
    for quote in quotes {
        quote.slots = slots.remove(&quote.number).unwrap_or_default();
        quote
            .slots
            .sort_by_key(|slot| (slot.build_on, slot.deliver_on));
        let mut named = orders.remove(&quote.number).unwrap_or_default();
        named.sort();
        quote.orders = named.into_iter().map(|(_, id)| id).collect();
    }
    Ok(())
}
