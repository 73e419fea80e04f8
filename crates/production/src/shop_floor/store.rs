//! The rows of a day of the line: what waits, what was decided, what stood.
//!
//! It must not know how a day is decided. Invariants: a day is begun once and finished once; what was decided is kept
//! until the day is finished.

use std::collections::{BTreeMap, BTreeSet};

use takt_kernel::Date;
use takt_service::{Error, Tx, Value};

use super::{Choice, DayRefusal, Floor, Stop, queue::queues_fetch};
use crate::{
    order_book::store::book_lock,
    plan::store::built_fetch,
    product::{
        Product,
        store::{date_of, day_of, index_of},
    },
    promise::bound::bound_fetch,
    sequence::store::{last_built_fetch, sequence_fetch},
};

/// A day that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayRow {
    /// The request that began it.
    pub request_id: String,
    /// The request's message.
    pub request: Vec<u8>,
    /// Whether it is finished.
    pub done: bool,
    /// How often it was decided anew.
    pub attempt: i64,
    /// What was decided, until it is finished.
    pub chosen: Option<Choice>,
}

/// What is known of an order when its vehicle is built.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderRow {
    /// The order.
    pub order_id: String,
    /// The trace of its intake; empty when it had none.
    pub traceparent: String,
}

/// A day that was begun.
///
/// # Errors
/// What the database said.
pub async fn day_fetch(tx: &Tx, on: Date) -> Result<Option<DayRow>, Error> {
    let sql = "SELECT request_id, request, state, attempt, chosen FROM line_day WHERE day_on = $1";
    let Some(row) = tx.one(sql, vec![day_of(on).into()]).await? else {
        return Ok(None);
    };
    let chosen: Option<String> = row.try_get_by_index(4)?;
    let chosen = chosen.map(|text| serde_json::from_str(&text)).transpose();
    Ok(Some(DayRow {
        request_id: row.try_get_by_index(0)?,
        request: row.try_get_by_index(1)?,
        done: row.try_get_by_index::<i64>(2)? == 1,
        attempt: row.try_get_by_index(3)?,
        chosen: chosen
            .map_err(|error| Error::broken(format!("the choice of day {on}: {error}")))?,
    }))
}

/// Begins a day, or finds it begun by the same request.
///
/// # Errors
/// `Refused` when another request began it, or days are out of order; `Invalid` when the request has another body.
pub async fn day_begin(tx: &Tx, on: Date, request_id: &str, request: &[u8]) -> Result<(), Error> {
    if let Some(row) = day_fetch(tx, on).await? {
        return match row {
            row if row.request_id != request_id => Err(DayRefusal::Taken(on).into()),
            row if row.request != request => Err(Error::request_id_reused(request_id)),
            _ => Ok(()),
        };
    }
    let sql = "SELECT day_on, state FROM line_day ORDER BY day_on DESC LIMIT 1";
    if let Some(row) = tx.one(sql, vec![]).await? {
        let last = date_of(row.try_get_by_index(0)?);
        if last > on {
            return Err(DayRefusal::Passed { asked: on, last }.into());
        }
        if row.try_get_by_index::<i64>(1)? == 0 {
            return Err(DayRefusal::Unfinished(last).into());
        }
    }
    let columns = [
        "day_on",
        "request_id",
        "request",
        "state",
        "attempt",
        "shifts",
        "lost_share",
        "wanted",
        "capacity",
        "built",
    ];
    let zero = || Value::from(0i64);
    let row = vec![
        day_of(on).into(),
        request_id.into(),
        request.to_vec().into(),
        zero(),
        zero(),
        zero(),
        zero(),
        zero(),
        zero(),
        zero(),
    ];
    tx.insert_many("line_day", &columns, vec![row], "").await?;
    Ok(())
}

/// The day whose choice is kept and not built yet.
///
/// # Errors
/// What the database said.
pub async fn day_open(tx: &Tx) -> Result<Option<Date>, Error> {
    let sql = "SELECT day_on FROM line_day WHERE state = 0 AND chosen IS NOT NULL";
    let row = tx.one(sql, vec![]).await?;
    row.map(|row| Ok(date_of(row.try_get_by_index(0)?)))
        .transpose()
}

/// Keeps what was decided in an attempt from a revision of the book of orders; false when somebody else decided first, or an order has
/// become another one since.
///
/// # Errors
/// What the database said.
pub async fn day_chosen(
    tx: &Tx,
    on: Date,
    (attempt, book): (i64, i64),
    choice: &Choice,
) -> Result<bool, Error> {
    if book_lock(tx).await? != book {
        return Ok(false);
    }
    let text = serde_json::to_string(choice)
        .map_err(|error| Error::broken(format!("the choice of day {on}: {error}")))?;
    let sql = "UPDATE line_day SET chosen = $1 WHERE day_on = $2 AND attempt = $3 AND state = 0 AND chosen IS NULL";
    Ok(tx
        .exec(sql, vec![text.into(), day_of(on).into(), attempt.into()])
        .await?
        == 1)
}

/// Forgets what was decided, because its parts are not there any more.
///
/// # Errors
/// What the database said.
pub async fn day_unchosen(tx: &Tx, on: Date, attempt: i64) -> Result<(), Error> {
    let sql = "UPDATE line_day SET chosen = NULL, attempt = attempt + 1 WHERE day_on = $1 AND attempt = $2 AND state = 0";
    tx.exec(sql, vec![day_of(on).into(), attempt.into()])
        .await
        .map(|_| ())
}

/// Finishes a day; false when somebody else finished it.
///
/// # Errors
/// What the database said.
pub async fn day_finish(
    tx: &Tx,
    on: Date,
    attempt: i64,
    shifts: i64,
    lost: i64,
    choice: &Choice,
) -> Result<bool, Error> {
    let sql = "UPDATE line_day SET state = 1, chosen = NULL, request = $1, shifts = $2, lost_share = $3, wanted = $4, capacity = $5, built = $6 \
               WHERE day_on = $7 AND attempt = $8 AND state = 0";
    let built = i64::try_from(choice.built().count()).unwrap_or(i64::MAX);
    let values = vec![
        Vec::<u8>::new().into(),
        shifts.into(),
        lost.into(),
        choice.wanted.into(),
        choice.capacity.into(),
        built.into(),
        day_of(on).into(),
        attempt.into(),
    ];
    Ok(tx.exec(sql, values).await? == 1)
}

/// What a day can build from, stock left out: at most `most` open orders of each variant. Orders with a slot of their own
/// come first on its day, and not before it.
///
/// # Errors
/// What the database said.
pub async fn floor_fetch(
    tx: &Tx,
    product: &Product,
    on: Date,
    most: &[i64],
) -> Result<Floor, Error> {
    let width = product.variants.len();
    let mut floor = Floor {
        built: built_fetch(tx, width).await?,
        queues: vec![Vec::new(); width],
        cut: vec![false; width],
        before: last_built_fetch(tx, product.rules.reach()).await?,
        kept: sequence_fetch(tx, on).await?,
        stock: Vec::new(),
    };
    // An order that was taken out of the day's sequence waits for another day.
    let taken_out = floor.kept.iter().flat_map(|kept| &kept.taken_out);
    let taken_out: BTreeSet<i64> = taken_out.copied().collect();
    let most: Vec<i64> = (most.iter())
        .map(|most| most.saturating_add(taken_out.len() as i64))
        .collect();
    (floor.queues, floor.cut) = queues_fetch(tx, width, on, &bound_fetch(tx).await?, &most).await?;
    if !taken_out.is_empty() {
        for queue in &mut floor.queues {
            queue.retain(|waiting| !taken_out.contains(&waiting.order_number));
        }
    }
    Ok(floor)
}

/// The orders of a choice by their numbers.
///
/// # Errors
/// What the database said.
pub async fn orders_fetch(tx: &Tx, numbers: &[i64]) -> Result<BTreeMap<i64, OrderRow>, Error> {
    let list = numbers
        .iter()
        .map(|number| vec![(*number).into()])
        .collect();
    let query = "SELECT o.order_number, o.order_id, o.traceparent FROM v JOIN demand_order AS o ON o.order_number = v.order_number";
    let rows = tx.rows_for(&["order_number"], list, query).await?;
    rows.iter()
        .map(|row| {
            let order = OrderRow {
                order_id: row.try_get_by_index(1)?,
                traceparent: row.try_get_by_index(2)?,
            };
            Ok((row.try_get_by_index(0)?, order))
        })
        .collect()
}

/// The shop that missed what a stop lacked.
pub fn stop_shop(product: &Product, stop: &Stop) -> String {
    let of_item = stop
        .item
        .and_then(|item| product.items.get(item))
        .map(|item| item.shop_id.clone());
    let entry = || {
        product
            .shops
            .iter()
            .find(|shop| shop.is_line)
            .map(|shop| shop.shop_id.clone())
    };
    of_item.or_else(entry).unwrap_or_default()
}

/// Stops behind a key of day, variant and item, oldest first.
///
/// # Errors
/// What the database said.
pub async fn stops_page(
    tx: &Tx,
    after: (i64, i64, i64),
    limit: i64,
) -> Result<Vec<(Date, Stop, String)>, Error> {
    let sql = "SELECT day_on, variant_no, item_no, shop_id, vehicle_count FROM line_stop WHERE (day_on, variant_no, item_no) > ($1, $2, $3) \
               ORDER BY day_on, variant_no, item_no LIMIT $4";
    let rows = tx
        .rows(
            sql,
            vec![after.0.into(), after.1.into(), after.2.into(), limit.into()],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let item: i64 = row.try_get_by_index(2)?;
            let stop = Stop {
                variant: index_of(row.try_get_by_index(1)?),
                item: (item > 0).then(|| index_of(item)),
                units: row.try_get_by_index(4)?,
            };
            Ok((
                date_of(row.try_get_by_index(0)?),
                stop,
                row.try_get_by_index(3)?,
            ))
        })
        .collect()
}

/// The shifts that were worked, by day.
///
/// # Errors
/// What the database said.
pub async fn worked_fetch(tx: &Tx) -> Result<Vec<(Date, i64)>, Error> {
    let rows = tx
        .rows(
            "SELECT day_on, shifts FROM line_day WHERE state = 1 ORDER BY day_on",
            vec![],
        )
        .await?;
    rows.iter()
        .map(|row| Ok((date_of(row.try_get_by_index(0)?), row.try_get_by_index(1)?)))
        .collect()
}

/// The vehicles completed between two days: variant, day and build number, in build order.
///
/// # Errors
/// What the database said.
pub async fn completed_fetch(
    tx: &Tx,
    from: Date,
    through: Date,
) -> Result<Vec<(usize, Date, i64)>, Error> {
    let sql = "SELECT variant_no, built_on, build_number FROM vehicle WHERE built_on BETWEEN $1 AND $2 ORDER BY build_number";
    let rows = tx
        .rows(sql, vec![day_of(from).into(), day_of(through).into()])
        .await?;
    rows.iter()
        .map(|row| {
            Ok((
                index_of(row.try_get_by_index(0)?),
                date_of(row.try_get_by_index(1)?),
                row.try_get_by_index(2)?,
            ))
        })
        .collect()
}
