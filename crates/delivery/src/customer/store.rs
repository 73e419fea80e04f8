//! The rows of customers: sealed bytes under a pseudonym.
//!
//! It must not know what is sealed. Invariant: CU-1 a row that was erased holds nothing and stays so.

use takt_service::{Error, Tx, seal::Sealed};

use super::Kept;
use crate::rows::get;

/// The number of a state in the database.
const KNOWN: i64 = 1;
/// The number of the other one.
const ERASED: i64 = 2;

/// What is known of a customer; None where nobody was ever written down under the pseudonym.
pub(super) async fn customer_fetch(tx: &Tx, id: &str) -> Result<Option<Kept>, Error> {
    let sql = "SELECT key_id, sealed, written_at, erased_at FROM customer WHERE customer_id = $1";
    let Some(row) = tx.one(sql, vec![id.into()]).await? else {
        return Ok(None);
    };
    Ok(Some(match get::<Option<i64>>(&row, 3)? {
        Some(at) => Kept::Erased { at },
        None => Kept::Known {
            sealed: Sealed {
                key: get(&row, 0)?,
                bytes: get(&row, 1)?,
            },
            written_at: get(&row, 2)?,
        },
    }))
}

/// Writes a person down, anew where the customer is known; who was erased stays erased.
pub(super) async fn customer_write(tx: &Tx, id: &str, sealed: &Sealed) -> Result<(), Error> {
    let columns = ["customer_id", "state", "key_id", "sealed", "written_at"];
    let row = vec![
        id.into(),
        KNOWN.into(),
        sealed.key.as_str().into(),
        sealed.bytes.clone().into(),
        tx.now_micros().into(),
    ];
    let suffix = "ON CONFLICT (customer_id) DO UPDATE SET key_id = excluded.key_id, sealed = excluded.sealed, \
                  written_at = excluded.written_at WHERE customer.state = 1";
    let written = tx
        .insert_many("customer", &columns, vec![row], suffix)
        .await?;
    if written == 1 {
        Ok(())
    } else {
        Err(Error::Conflict {
            detail: format!("customer {id} was erased beside this call"),
        })
    }
}

/// Erases a customer; the first time counts.
pub(super) async fn customer_erase(tx: &Tx, id: &str) -> Result<(), Error> {
    let now = tx.now_micros();
    let columns = ["customer_id", "state", "key_id", "written_at", "erased_at"];
    let row = vec![id.into(), ERASED.into(), "".into(), now.into(), now.into()];
    let suffix = "ON CONFLICT (customer_id) DO UPDATE SET state = 2, key_id = '', sealed = NULL, written_at = excluded.written_at, \
                  erased_at = COALESCE(customer.erased_at, excluded.erased_at)";
    tx.insert_many("customer", &columns, vec![row], suffix)
        .await?;
    Ok(())
}

/// The orders that carry a pseudonym.
pub(super) async fn orders_count(tx: &Tx, id: &str) -> Result<i64, Error> {
    let sql = "SELECT COUNT(*) FROM sales_order WHERE customer_id = $1";
    tx.number(sql, vec![id.into()]).await
}

/// Some customers whose person is sealed with another key than this one.
pub(super) async fn outdated_fetch(
    tx: &Tx,
    key: &str,
    limit: i64,
) -> Result<Vec<(String, Sealed)>, Error> {
    let sql = "SELECT customer_id, key_id, sealed FROM customer WHERE state = 1 AND key_id <> $1 ORDER BY customer_id LIMIT $2";
    let rows = tx.rows(sql, vec![key.into(), limit.into()]).await?;
    let read = |row| {
        let sealed = Sealed {
            key: get(row, 1)?,
            bytes: get(row, 2)?,
        };
        Ok((get(row, 0)?, sealed))
    };
    rows.iter().map(read).collect()
}

/// How many persons are sealed with another key than this one.
pub(super) async fn outdated_count(tx: &Tx, key: &str) -> Result<i64, Error> {
    let sql = "SELECT COUNT(*) FROM customer WHERE state = 1 AND key_id <> $1";
    tx.number(sql, vec![key.into()]).await
}

/// Puts persons that were sealed anew in the place of those that were read; one that was written or erased meanwhile is left.
pub(super) async fn resealed_write(
    tx: &Tx,
    before: &str,
    resealed: &[(String, Sealed)],
) -> Result<(), Error> {
    let rows = resealed.iter().map(|(id, sealed)| {
        vec![
            id.as_str().into(),
            sealed.key.as_str().into(),
            sealed.bytes.clone().into(),
        ]
    });
    let set = ["key_id = v.key_id", "sealed = v.sealed"];
    let guard = format!("t.state = 1 AND t.key_id <> '{before}'");
    tx.update_many(
        "customer",
        &["customer_id"],
        &set,
        &["customer_id", "key_id", "sealed"],
        rows.collect(),
        &guard,
    )
    .await?;
    Ok(())
}
