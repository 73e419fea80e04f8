//! The rows of orders and configurations.
//!
//! It must not know why an order changes. Invariants: a configuration is stored once; an order leaves the queue only
//! by a statement that finds it open.

use std::collections::HashSet;

use takt_kernel::Date;
use takt_service::{Error, Row, Tx};

use super::{Journey, Order, OrderState, Queueing, intake::NewOrder};
use crate::{
    programme::{Catalogue, Configuration, options_of},
    recall::gate::{STOPPED, stopped},
    rows::{counter_lock, counter_set, date, date_opt, day, get, list},
    shipment::ShipmentNo,
};

/// An order that is to be stored.
pub(crate) struct OrderRow<'o> {
    /// Its number.
    pub(crate) number: i64,
    /// What the customer gave.
    pub(crate) order: &'o NewOrder,
    /// The lane that was chosen.
    pub(crate) lane_no: i64,
    /// Its place in the queue.
    pub(crate) queueing: Queueing,
}

/// Those of some ids that orders have already, or reservations that are not orders.
pub(crate) async fn order_ids_taken(
    tx: &Tx,
    ids: impl Iterator<Item = &str>,
) -> Result<HashSet<String>, Error> {
    let query = "SELECT o.order_id FROM v JOIN sales_order o ON o.order_id = v.order_id \
                 UNION ALL SELECT r.order_id FROM v JOIN reservation r ON r.order_id = v.order_id WHERE r.state <> 2";
    let rows = tx.rows_for(&["order_id"], list(ids), query).await?;
    rows.iter().map(|row| get(row, 0)).collect()
}

/// Stores the configurations that are not stored yet.
pub(crate) async fn configurations_add(
    tx: &Tx,
    configurations: impl Iterator<Item = &Configuration>,
) -> Result<(), Error> {
    let mut wanted: Vec<&Configuration> = configurations.collect();
    wanted.sort_unstable_by_key(|configuration| configuration.number());
    let numbers = list(wanted.iter().map(|configuration| configuration.number()));
    let query = "SELECT c.config_no, c.variant_no, c.options FROM v JOIN configuration c ON c.config_no = v.config_no";
    for row in tx.rows_for(&["config_no"], numbers, query).await? {
        let (number, variant_no, options): (i64, i64, String) =
            (get(&row, 0)?, get(&row, 1)?, get(&row, 2)?);
        let met = wanted
            .iter()
            .position(|configuration| configuration.number() == number);
        let Some(known) = met.map(|at| wanted.remove(at)) else {
            continue;
        };
        if known.variant_no != variant_no || known.text != options {
            return Err(Error::broken(format!(
                "two configurations have the number {number}: {options} and {}",
                known.text
            )));
        }
    }
    let rows = wanted.iter().map(|configuration| {
        vec![
            configuration.number().into(),
            configuration.variant_no.into(),
            i64::from(configuration.priority).into(),
            configuration.text.as_str().into(),
        ]
    });
    tx.insert_many(
        "configuration",
        &["config_no", "variant_no", "priority", "options"],
        rows.collect(),
        "",
    )
    .await?;
    Ok(())
}

/// Stores orders.
pub(crate) async fn orders_add(tx: &Tx, orders: &[OrderRow<'_>]) -> Result<(), Error> {
    let rows = orders.iter().map(|row| {
        vec![
            row.number.into(),
            row.order.id.as_str().into(),
            row.order.customer_id.as_str().into(),
            row.order.configuration.number().into(),
            row.lane_no.into(),
            day(row.order.locked_on),
            row.queueing.code().into(),
            row.order.traceparent.clone().into(),
        ]
    });
    let columns = [
        "order_no",
        "order_id",
        "customer_id",
        "config_no",
        "lane_no",
        "locked_on",
        "state",
        "traceparent",
    ];
    tx.insert_many("sales_order", &columns, rows.collect(), "")
        .await?;
    Ok(())
}

const ORDER: &str = "SELECT o.order_no, o.order_id, o.customer_id, o.lane_no, o.locked_on, o.state, c.variant_no, c.priority, c.options, \
     x.cancelled_on, w.vin, w.built_on, w.released_on, w.shipment_no, s.departed_on, s.arrived_on, w.handed_over_on, s.expected_on, \
     (SELECT MIN(d.reported_on) FROM transport_exception d WHERE d.vin = w.vin AND d.kind = 2 AND d.ended_by IS NULL), \
     g.recall_id, g.stopped_on FROM sales_order o JOIN configuration c ON c.config_no = o.config_no \
     LEFT JOIN cancellation x ON x.order_no = o.order_no \
     LEFT JOIN vehicle w ON w.order_no = o.order_no \
     LEFT JOIN shipment s ON s.shipment_no = w.shipment_no";

/// How orders are read; conditions follow.
fn select() -> String {
    format!("{ORDER} {STOPPED}")
}

fn read(row: &Row, catalogue: &Catalogue) -> Result<Order, Error> {
    let state: i64 = get(row, 5)?;
    let shipment = get::<Option<i64>>(row, 13)?.map(ShipmentNo::of_value);
    Ok(Order {
        number: get(row, 0)?,
        id: get(row, 1)?,
        customer_id: get(row, 2)?,
        lane_no: get(row, 3)?,
        locked_on: date(row, 4)?,
        queueing: Queueing::of_code(state)
            .ok_or_else(|| Error::broken(format!("order state {state}")))?,
        variant_no: get(row, 6)?,
        priority: get::<i64>(row, 7)? != 0,
        options: options_of(&get::<String>(row, 8)?),
        cancelled_on: date_opt(row, 9)?,
        journey: Journey {
            vin: get::<Option<String>>(row, 10)?.unwrap_or_default(),
            built_on: date_opt(row, 11)?,
            released_on: date_opt(row, 12)?,
            shipment_id: shipment
                .map(|shipment| shipment.id(catalogue))
                .unwrap_or_default(),
            departed_on: date_opt(row, 14)?,
            arrived_on: date_opt(row, 15)?,
            handed_over_on: date_opt(row, 16)?,
            expected_on: date_opt(row, 17)?,
            damaged_on: date_opt(row, 18)?,
            stopped: stopped(row, 19)?,
        },
    })
}

/// An order.
pub(crate) async fn order_fetch(tx: &Tx, catalogue: &Catalogue, id: &str) -> Result<Order, Error> {
    let row = tx
        .one(
            &format!("{} WHERE o.order_id = $1", select()),
            vec![id.into()],
        )
        .await?;
    read(&row.ok_or_else(|| Error::missing("order", id))?, catalogue)
}

/// The trace in which an order was locked; None where nobody traced.
pub(crate) async fn order_traceparent(tx: &Tx, number: i64) -> Result<Option<String>, Error> {
    let sql = "SELECT traceparent FROM sales_order WHERE order_no = $1";
    let row = tx.one(sql, vec![number.into()]).await?;
    row.map_or(Ok(None), |row| get(&row, 0))
}

/// Some orders by their numbers, in no order.
pub(crate) async fn orders_fetch(
    tx: &Tx,
    catalogue: &Catalogue,
    numbers: Vec<i64>,
) -> Result<Vec<Order>, Error> {
    let from = "FROM v JOIN sales_order o ON o.order_no = v.order_no";
    let query = select().replacen("FROM sales_order o", from, 1);
    let rows = tx.rows_for(&["order_no"], list(numbers), &query).await?;
    rows.iter().map(|row| read(row, catalogue)).collect()
}

/// The next orders behind a number.
pub(crate) async fn orders_list(
    tx: &Tx,
    catalogue: &Catalogue,
    state: Option<OrderState>,
    after: i64,
    limit: i64,
) -> Result<Vec<Order>, Error> {
    let condition = match state {
        None => "",
        Some(OrderState::Locked) => " AND o.state = 0",
        Some(OrderState::Cancelled) => " AND o.state = 2",
        Some(OrderState::Built) => " AND o.state = 1 AND s.departed_on IS NULL",
        Some(OrderState::InTransit) => {
            " AND s.departed_on IS NOT NULL AND s.arrived_on IS NULL AND w.handed_over_on IS NULL"
        }
        Some(OrderState::ReadyForHandover) => {
            " AND s.arrived_on IS NOT NULL AND w.handed_over_on IS NULL"
        }
        Some(OrderState::HandedOver) => " AND w.handed_over_on IS NOT NULL",
    };
    let sql = format!(
        "{} WHERE o.order_no > $1{condition} ORDER BY o.order_no LIMIT $2",
        select()
    );
    let rows = tx.rows(&sql, vec![after.into(), limit.into()]).await?;
    rows.iter().map(|row| read(row, catalogue)).collect()
}

/// Takes an order out of the queue because it was cancelled.
pub(crate) async fn order_cancel(tx: &Tx, order: &Order, on: Date) -> Result<(), Error> {
    let number = counter_lock(tx, "cancellation").await? + 1;
    let sql = "UPDATE sales_order SET state = $1 WHERE order_no = $2 AND state = $3";
    let values = vec![
        Queueing::Cancelled.code().into(),
        order.number.into(),
        Queueing::Open.code().into(),
    ];
    if tx.exec(sql, values).await? != 1 {
        return Err(Error::stale("order", &order.id));
    }
    let row = vec![number.into(), order.number.into(), day(on)];
    tx.insert_many(
        "cancellation",
        &["cancellation_no", "order_no", "cancelled_on"],
        vec![row],
        "",
    )
    .await?;
    counter_set(tx, "cancellation", number).await
}
