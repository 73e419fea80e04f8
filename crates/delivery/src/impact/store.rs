//! The names behind orders.
//!
//! It must not know rules.

use std::collections::BTreeMap;

use takt_service::{Error, Tx};

use crate::rows::get;

/// Order and customer by order number, of all orders from one number to another.
pub(super) async fn names_fetch(
    tx: &Tx,
    from: i64,
    to: i64,
) -> Result<BTreeMap<i64, (String, String)>, Error> {
    let sql =
        "SELECT order_no, order_id, customer_id FROM sales_order WHERE order_no BETWEEN $1 AND $2";
    let rows = tx.rows(sql, vec![from.into(), to.into()]).await?;
    let read = |row| Ok((get(row, 0)?, (get(row, 1)?, get(row, 2)?)));
    rows.iter().map(read).collect()
}
