//! The rows of warranty claims.
//!
//! It must not know why a claim changes. Invariant: a claim changes only by a statement that finds it in the state in which it was read.

use std::collections::BTreeMap;

use sea_orm::Value;
use takt_kernel::{Amount, Currency, Date};
use takt_service::{Error, Row, Tx};

use super::{Claim, ClaimState};
use crate::rows::{date, date_opt, day, day_opt, get};

/// The columns of a claim.
pub(crate) const COLUMNS: [&str; 17] = [
    "claim_id",
    "supplier_id",
    "item_id",
    "lot_id",
    "serial_number",
    "vin",
    "category",
    "failed_on",
    "filed_on",
    "currency",
    "claimed_minor",
    "state",
    "accepted_minor",
    "settled_minor",
    "answered_on",
    "settled_on",
    "reject_reason",
];

fn values_of(claim: &Claim) -> Vec<Value> {
    vec![
        claim.id.as_str().into(),
        claim.supplier.as_str().into(),
        claim.item.as_str().into(),
        claim.lot.as_str().into(),
        claim.serial.as_str().into(),
        claim.vin.as_str().into(),
        claim.category.as_str().into(),
        day(claim.failed_on),
        day(claim.filed_on),
        claim.claimed.currency.as_str().into(),
        claim.claimed.minor.into(),
        claim.state.code().into(),
        claim.accepted.into(),
        claim.settled.into(),
        day_opt(claim.answered_on),
        day_opt(claim.settled_on),
        claim.reject_reason.as_str().into(),
    ]
}

fn read(row: &Row) -> Result<Claim, Error> {
    let state: i64 = get(row, 11)?;
    let currency = Currency::parse(&get::<String>(row, 9)?).map_err(Error::broken)?;
    Ok(Claim {
        id: get(row, 0)?,
        supplier: get(row, 1)?,
        item: get(row, 2)?,
        lot: get(row, 3)?,
        serial: get(row, 4)?,
        vin: get(row, 5)?,
        category: get(row, 6)?,
        failed_on: date(row, 7)?,
        filed_on: date(row, 8)?,
        claimed: Amount::new(get(row, 10)?, currency),
        state: ClaimState::of_code(state)
            .ok_or_else(|| Error::broken(format!("claim state {state}")))?,
        accepted: get(row, 12)?,
        settled: get(row, 13)?,
        answered_on: date_opt(row, 14)?,
        settled_on: date_opt(row, 15)?,
        reject_reason: get(row, 16)?,
    })
}

/// Books claims; one that is there stays as it is.
pub(crate) async fn claims_add(tx: &Tx, claims: &[Claim]) -> Result<(), Error> {
    let rows = claims.iter().map(values_of).collect();
    let there = "ON CONFLICT DO NOTHING";
    tx.insert_many("warranty_claim", &COLUMNS, rows, there)
        .await?;
    Ok(())
}

/// A claim.
pub(crate) async fn claim_fetch(tx: &Tx, id: &str) -> Result<Claim, Error> {
    let sql = format!(
        "SELECT {} FROM warranty_claim WHERE claim_id = $1",
        COLUMNS.join(", ")
    );
    let row = tx.one(&sql, vec![id.into()]).await?;
    read(&row.ok_or_else(|| Error::missing("claim", id))?)
}

/// Saves a claim that stood in a state when it was read.
pub(crate) async fn claim_save(tx: &Tx, claim: &Claim, before: ClaimState) -> Result<(), Error> {
    let sql = "UPDATE warranty_claim SET state = $1, accepted_minor = $2, settled_minor = $3, answered_on = $4, settled_on = $5, \
               reject_reason = $6 WHERE claim_id = $7 AND state = $8";
    let values = vec![
        claim.state.code().into(),
        claim.accepted.into(),
        claim.settled.into(),
        day_opt(claim.answered_on),
        day_opt(claim.settled_on),
        claim.reject_reason.as_str().into(),
        claim.id.as_str().into(),
        before.code().into(),
    ];
    match tx.exec(sql, values).await? {
        1 => Ok(()),
        _ => Err(Error::stale("claim", &claim.id)),
    }
}

/// Which claims are wanted; what is empty or none does not narrow.
#[derive(Debug, Clone, Default)]
pub(crate) struct ClaimFilter {
    /// The supplier.
    pub(crate) supplier: String,
    /// The lot.
    pub(crate) lot: String,
    /// How they stand.
    pub(crate) state: Option<ClaimState>,
}

/// The next claims behind an id.
pub(crate) async fn claims_list(
    tx: &Tx,
    filter: &ClaimFilter,
    after: &str,
    limit: i64,
) -> Result<Vec<Claim>, Error> {
    let columns = COLUMNS.join(", ");
    let mut sql = format!("SELECT {columns} FROM warranty_claim WHERE claim_id > $1");
    let mut values: Vec<Value> = vec![after.into()];
    let mut narrow = |column: &str, value: Value| {
        values.push(value);
        sql.push_str(&format!(" AND {column} = ${}", values.len()));
    };
    for (column, value) in [("supplier_id", &filter.supplier), ("lot_id", &filter.lot)] {
        if !value.is_empty() {
            narrow(column, value.as_str().into());
        }
    }
    if let Some(state) = filter.state {
        narrow("state", state.code().into());
    }
    values.push(limit.into());
    sql.push_str(&format!(" ORDER BY claim_id LIMIT ${}", values.len()));
    let rows = tx.rows(&sql, values).await?;
    rows.iter().map(read).collect()
}

/// The claims for failures of a window that are not rejected, by item and supplier.
pub(crate) async fn failures_fetch(
    tx: &Tx,
    from: Option<Date>,
    until: Option<Date>,
) -> Result<BTreeMap<(String, String), i64>, Error> {
    let sql = "SELECT item_id, supplier_id, COUNT(*) FROM warranty_claim WHERE state <> 3 AND failed_on BETWEEN $1 AND $2 \
               GROUP BY item_id, supplier_id";
    let window = vec![
        day(from.unwrap_or(Date::MIN)),
        day(until.unwrap_or(Date::MAX)),
    ];
    let rows = tx.rows(sql, window).await?;
    rows.iter()
        .map(|row| Ok(((get(row, 0)?, get(row, 1)?), get(row, 2)?)))
        .collect()
}
