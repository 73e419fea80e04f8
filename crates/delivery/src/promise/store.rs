//! The rows of promises.
//!
//! It must not know how dates are found. Invariants: PR-1 rows are inserted and never changed; who inserts for
//! orders of the queue has the lock of the promise counter and has seen every promise before.

use std::collections::BTreeMap;

use takt_service::{Error, Row, Tx};

use super::{Promise, PromiseKind};
use crate::rows::{counter_lock, counter_set, date, day, get, list};

/// The promises of an order, oldest first.
pub(crate) async fn promises_fetch(tx: &Tx, order_no: i64) -> Result<Vec<Promise>, Error> {
    let sql = "SELECT promise_no, kind, build_on, deliver_on, made_on, plan_id FROM promise WHERE order_no = $1 ORDER BY promise_no";
    let rows = tx.rows(sql, vec![order_no.into()]).await?;
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Promise, Error> {
    let kind: i64 = get(row, 1)?;
    Ok(Promise {
        number: get(row, 0)?,
        kind: PromiseKind::of_code(kind)
            .ok_or_else(|| Error::broken(format!("promise kind {kind}")))?,
        build_on: date(row, 2)?,
        deliver_on: date(row, 3)?,
        made_on: date(row, 4)?,
        plan_id: get(row, 5)?,
    })
}

/// The last promises of orders, by order number.
pub(crate) async fn last_promises_fetch(
    tx: &Tx,
    orders: impl IntoIterator<Item = i64>,
) -> Result<BTreeMap<i64, Promise>, Error> {
    let query = "SELECT p.promise_no, p.kind, p.build_on, p.deliver_on, p.made_on, p.plan_id, p.order_no FROM v \
                 JOIN promise p ON p.order_no = v.order_no \
                 WHERE NOT EXISTS (SELECT 1 FROM promise q WHERE q.order_no = p.order_no AND q.promise_no > p.promise_no)";
    let rows = tx.rows_for(&["order_no"], list(orders), query).await?;
    rows.iter()
        .map(|row| Ok((get(row, 6)?, read(row)?)))
        .collect()
}

/// Adds promises by order number. `seen` is the state of the counter that the caller has seen: when others have made
/// promises since, nothing is written and the answer is `Stale`.
pub(crate) async fn promises_add(
    tx: &Tx,
    seen: i64,
    promises: &[(i64, Promise)],
) -> Result<(), Error> {
    if counter_lock(tx, "promise").await? != seen {
        return Err(Error::stale("queue", "of promises"));
    }
    counter_set(tx, "promise", seen + 1).await?;
    promises_insert(tx, promises).await
}

/// Adds promises of orders that do not stand in the queue: nobody who keeps the queue has to see them.
pub(crate) async fn promises_insert(tx: &Tx, promises: &[(i64, Promise)]) -> Result<(), Error> {
    let rows = promises.iter().map(|(order_no, promise)| {
        vec![
            (*order_no).into(),
            promise.number.into(),
            promise.kind.code().into(),
            day(promise.build_on),
            day(promise.deliver_on),
            day(promise.made_on),
            promise.plan_id.as_str().into(),
        ]
    });
    let columns = [
        "order_no",
        "promise_no",
        "kind",
        "build_on",
        "deliver_on",
        "made_on",
        "plan_id",
    ];
    tx.insert_many("promise", &columns, rows.collect(), "")
        .await?;
    Ok(())
}
