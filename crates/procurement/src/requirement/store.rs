//! The rows of requirements: one for the plan that is held and one for each item that it needs.
//!
//! It must not know rules. Invariant: rows of two plans never stand beside each other.

use std::{collections::BTreeMap, sync::Arc};

use prost::Message;
use takt_contract::common::v1::DailySeries;
use takt_kernel::{Date, Quantity};
use takt_service::{Error, Row, Tx};

use super::{Needs, Plan, Series};
use crate::{
    desk::Desk,
    rows::{date, day, get},
};

/// The plan that is held, with its revision.
pub(crate) async fn plan_fetch(tx: &Tx) -> Result<Option<(Plan, i64)>, Error> {
    plan_read(
        tx.one(
            "SELECT plan_id, as_of, position, revision FROM requirement_plan",
            vec![],
        )
        .await?,
    )
}

/// The plan that is held; nobody replaces it, nor what was issued before it, until the transaction ends.
pub(crate) async fn plan_lock(tx: &Tx) -> Result<Option<(Plan, i64)>, Error> {
    let sql = "UPDATE requirement_plan SET revision = revision RETURNING plan_id, as_of, position, revision";
    plan_read(tx.one(sql, vec![]).await?)
}

fn plan_read(row: Option<Row>) -> Result<Option<(Plan, i64)>, Error> {
    let Some(row) = row else { return Ok(None) };
    Ok(Some((
        Plan {
            id: get(&row, 0)?,
            as_of: date(&row, 1)?,
            position: get(&row, 2)?,
        },
        get(&row, 3)?,
    )))
}

/// Puts a plan in the place of the one that is held, unless that one is newer; says whether it did.
pub(crate) async fn plan_replace(
    tx: &Tx,
    plan: &Plan,
    series: &BTreeMap<u32, Series>,
) -> Result<bool, Error> {
    let sql = "INSERT INTO requirement_plan (plan_no, plan_id, as_of, position, revision) VALUES (1, $1, $2, $3, 1) \
               ON CONFLICT (plan_no) DO UPDATE SET plan_id = excluded.plan_id, as_of = excluded.as_of, \
               position = excluded.position, revision = requirement_plan.revision + 1 \
               WHERE excluded.as_of > requirement_plan.as_of \
               OR (excluded.as_of = requirement_plan.as_of AND excluded.position > requirement_plan.position)";
    let values = vec![
        plan.id.as_str().into(),
        day(plan.as_of),
        plan.position.into(),
    ];
    if tx.exec(sql, values).await? == 0 {
        return Ok(false);
    }
    tx.exec("DELETE FROM requirement", vec![]).await?;
    let issued = issued_before(tx, plan.as_of).await?;
    let rows = series.iter().map(|(item_no, series)| {
        let days = series
            .days
            .iter()
            .map(|quantity| quantity.milli())
            .collect();
        let packed = DailySeries {
            first_date: None,
            thousandths: days,
        }
        .encode_to_vec();
        let before = issued
            .get(&i64::from(*item_no))
            .copied()
            .unwrap_or_default();
        vec![
            i64::from(*item_no).into(),
            day(series.first),
            packed.into(),
            before.into(),
        ]
    });
    tx.insert_many(
        "requirement",
        &["item_no", "first_day", "days", "issued_before"],
        rows.collect(),
        "",
    )
    .await?;
    Ok(true)
}

/// What was issued of each item before a day: all of it but what the ledger says of the day and later.
async fn issued_before(tx: &Tx, as_of: Date) -> Result<BTreeMap<i64, i64>, Error> {
    let mut issued = BTreeMap::new();
    for row in tx
        .rows("SELECT item_no, issued FROM balance", vec![])
        .await?
    {
        issued.insert(get::<i64>(&row, 0)?, get::<i64>(&row, 1)?);
    }
    let sql = "SELECT first_lot / 1000000000, CAST(SUM(lots * quantity) AS BIGINT) FROM ledger WHERE day >= $1 AND kind = 2 GROUP BY 1";
    for row in tx.rows(sql, vec![day(as_of)]).await? {
        // Entries of issues are negative.
        *issued.entry(get(&row, 0)?).or_default() += get::<i64>(&row, 1)?;
    }
    Ok(issued)
}

/// The requirements of a revision: from the desk where they were read before, else from the rows.
///
/// # Errors
/// `Conflict` when the plan was replaced meanwhile; the transaction is then begun anew.
pub(crate) async fn needs_fetch(
    tx: &Tx,
    desk: &Desk,
    plan: &Plan,
    revision: i64,
) -> Result<Arc<Needs>, Error> {
    if let Some(kept) = desk.needs(revision) {
        return Ok(kept);
    }
    let sql = "SELECT p.revision, r.item_no, r.first_day, r.days FROM requirement_plan AS p CROSS JOIN requirement AS r ORDER BY r.item_no";
    let mut series = BTreeMap::new();
    for row in tx.rows(sql, vec![]).await? {
        if get::<i64>(&row, 0)? != revision {
            return Err(Error::Conflict {
                detail: format!("plan {} was replaced while it was read", plan.id),
            });
        }
        let item_no = u32::try_from(get::<i64>(&row, 1)?).unwrap_or_default();
        series.insert(
            item_no,
            Series {
                first: date(&row, 2)?,
                days: days_read(&get::<Vec<u8>>(&row, 3)?)?,
            },
        );
    }
    let needs = Arc::new(Needs {
        revision,
        plan: plan.clone(),
        series,
    });
    desk.needs_keep(&needs);
    Ok(needs)
}

/// The requirement of an item with what had been issued before it.
pub(crate) async fn series_fetch(
    tx: &Tx,
    item_no: u32,
) -> Result<Option<(Series, Quantity)>, Error> {
    let sql = "SELECT first_day, days, issued_before FROM requirement WHERE item_no = $1";
    let Some(row) = tx.one(sql, vec![i64::from(item_no).into()]).await? else {
        return Ok(None);
    };
    let series = Series {
        first: date(&row, 0)?,
        days: days_read(&get::<Vec<u8>>(&row, 1)?)?,
    };
    Ok(Some((series, Quantity(get(&row, 2)?))))
}

fn days_read(packed: &[u8]) -> Result<Vec<Quantity>, Error> {
    let series = DailySeries::decode(packed)
        .map_err(|error| Error::broken(format!("requirement: {error}")))?;
    Ok(series.thousandths.into_iter().map(Quantity).collect())
}
