//! The rows of changes.
//!
//! It must not know why an order changes. Invariants: at most one change of an order is under way; a change is done or refused by a
//! statement that finds it under way, and the order becomes what it says in the same transaction; CH-1.

use std::collections::BTreeMap;

use takt_kernel::Date;
use takt_service::{Error, Row, Tx};

use super::{Change, ChangeState, Side};
use crate::{
    programme::options_of,
    rows::{counter_lock, counter_set, date, day, get},
};

const SELECT: &str = "SELECT h.order_no, h.change_no, h.changed_on, h.state, h.from_config, a.variant_no, a.options, h.from_lane, \
     h.to_config, b.variant_no, b.options, h.to_lane FROM order_change h \
     JOIN configuration a ON a.config_no = h.from_config JOIN configuration b ON b.config_no = h.to_config";

fn read(row: &Row) -> Result<Change, Error> {
    let state: i64 = get(row, 3)?;
    let side = |from: usize| -> Result<Side, Error> {
        Ok(Side {
            config_no: get(row, from)?,
            variant_no: get(row, from + 1)?,
            options: options_of(&get::<String>(row, from + 2)?),
            lane_no: get(row, from + 3)?,
        })
    };
    Ok(Change {
        order_no: get(row, 0)?,
        number: get(row, 1)?,
        on: date(row, 2)?,
        state: ChangeState::of(state)
            .ok_or_else(|| Error::broken(format!("change state {state}")))?,
        before: side(4)?,
        after: side(8)?,
    })
}

/// The changes of an order, oldest first.
pub(crate) async fn changes_fetch(tx: &Tx, order_no: i64) -> Result<Vec<Change>, Error> {
    let sql = format!("{SELECT} WHERE h.order_no = $1 ORDER BY h.change_no");
    let rows = tx.rows(&sql, vec![order_no.into()]).await?;
    rows.iter().map(read).collect()
}

/// The newest change that a request began; None before it has begun any.
pub(crate) async fn change_of_request(
    tx: &Tx,
    order_no: i64,
    request_id: &str,
) -> Result<Option<Change>, Error> {
    let sql = format!(
        "{SELECT} WHERE h.order_no = $1 AND h.request_id = $2 ORDER BY h.change_no DESC LIMIT 1"
    );
    let values = vec![order_no.into(), request_id.into()];
    tx.one(&sql, values).await?.as_ref().map(read).transpose()
}

/// The number of an order's configuration.
pub(crate) async fn config_no_fetch(tx: &Tx, order_no: i64) -> Result<i64, Error> {
    let sql = "SELECT config_no FROM sales_order WHERE order_no = $1";
    tx.number(sql, vec![order_no.into()]).await
}

/// Whether an order has the slot of a quote.
pub(crate) async fn is_slotted(tx: &Tx, order_no: i64) -> Result<bool, Error> {
    let sql = "SELECT COUNT(*) FROM quote_order WHERE order_no = $1";
    Ok(tx.number(sql, vec![order_no.into()]).await? > 0)
}

/// Keeps a change that is under way.
pub(crate) async fn change_add(tx: &Tx, change: &Change, request_id: &str) -> Result<(), Error> {
    let row = vec![
        change.order_no.into(),
        change.number.into(),
        day(change.on),
        (change.state as i64).into(),
        change.before.config_no.into(),
        change.after.config_no.into(),
        change.before.lane_no.into(),
        change.after.lane_no.into(),
        0i64.into(),
        request_id.into(),
    ];
    let columns = [
        "order_no",
        "change_no",
        "changed_on",
        "state",
        "from_config",
        "to_config",
        "from_lane",
        "to_lane",
        "done_no",
        "request_id",
    ];
    tx.insert_many("order_change", &columns, vec![row], "")
        .await
        .map(|_| ())
}

/// Ends a change that production said no to; false when it was not under way.
pub(crate) async fn change_refuse(tx: &Tx, change: &Change) -> Result<bool, Error> {
    let sql =
        "UPDATE order_change SET state = $1 WHERE order_no = $2 AND change_no = $3 AND state = $4";
    let values = vec![
        (ChangeState::Refused as i64).into(),
        change.order_no.into(),
        change.number.into(),
        (ChangeState::UnderWay as i64).into(),
    ];
    Ok(tx.exec(sql, values).await? == 1)
}

/// Makes orders what their changes say, by numbers of order and change; changes that are not under way have been through before. An order
/// that was cancelled meanwhile becomes it too, because production builds it.
pub(crate) async fn changes_apply(tx: &Tx, which: &[(i64, i64)]) -> Result<(), Error> {
    if which.is_empty() {
        return Ok(());
    }
    counter_lock(tx, "order").await?;
    let before = counter_lock(tx, "change").await?;
    let keys = which
        .iter()
        .map(|(order, change)| vec![(*order).into(), (*change).into()]);
    let sql = "SELECT h.order_no, h.change_no, h.to_config, h.from_lane, h.to_lane FROM v JOIN order_change h ON h.order_no = v.order_no \
               AND h.change_no = v.change_no WHERE h.state = 1 ORDER BY h.order_no, h.change_no";
    let found = tx
        .rows_for(&["order_no", "change_no"], keys.collect(), sql)
        .await?;
    if found.is_empty() {
        return Ok(());
    }
    let mut lanes: BTreeMap<i64, i64> = BTreeMap::new();
    let (mut orders, mut changes) = (Vec::new(), Vec::new());
    for (row, number) in found.iter().zip(before + 1..) {
        let (order_no, change_no): (i64, i64) = (get(row, 0)?, get(row, 1)?);
        let (config_no, from, to): (i64, i64, i64) = (get(row, 2)?, get(row, 3)?, get(row, 4)?);
        *lanes.entry(from).or_default() -= 1;
        *lanes.entry(to).or_default() += 1;
        orders.push(vec![order_no.into(), config_no.into(), to.into()]);
        changes.push(vec![order_no.into(), change_no.into(), number.into()]);
    }
    let count = orders.len() as u64;
    let set = ["config_no = v.config_no", "lane_no = v.lane_no"];
    let columns = ["order_no", "config_no", "lane_no"];
    let became = tx.update_many(
        "sales_order",
        &["order_no"],
        &set,
        &columns,
        orders,
        "t.state <> 1",
    );
    if became.await? != count {
        return Err(Error::broken(
            "an order got a vehicle while its change was under way",
        ));
    }
    let set = ["state = 2", "done_no = v.done_no"];
    let columns = ["order_no", "change_no", "done_no"];
    let keys = ["order_no", "change_no"];
    tx.update_many(
        "order_change",
        &keys,
        &set,
        &columns,
        changes,
        "t.state = 1",
    )
    .await?;
    let moved = lanes.iter().filter(|(_, moved)| **moved != 0);
    let moved = moved.map(|(lane, moved)| vec![(*lane).into(), (*moved).into()]);
    let suffix = "ON CONFLICT (lane_no) DO UPDATE SET order_count = lane_load.order_count + excluded.order_count";
    tx.insert_many(
        "lane_load",
        &["lane_no", "order_count"],
        moved.collect(),
        suffix,
    )
    .await?;
    counter_set(
        tx,
        "change",
        before + i64::try_from(count).unwrap_or_default(),
    )
    .await
}

/// The last day on which an order was changed.
pub(crate) fn last_on(changes: &[Change]) -> Option<Date> {
    let done = changes
        .iter()
        .filter(|change| change.state == ChangeState::Done);
    done.map(|change| change.on).max()
}
