//! Yields and causes, counted from the jobs that were reported.
//!
//! It must not compute: the shares come from the mathematics. Invariant: a unit counts in a shop when its last operation
//! there has ended, and passes the first time when none of them was reworked or scrapped.

use std::collections::BTreeMap;

use takt_service::{Error, Tx};

/// The most causes of an answer.
const CAUSES: i64 = 1_000;

/// What a shop has finished.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Finished {
    /// Units that have ended there.
    pub finished: i64,
    /// Those of them that were neither reworked nor scrapped.
    pub first_pass: i64,
}

/// What shops have finished of the jobs of some days.
///
/// # Errors
/// What the database said.
pub async fn finished_fetch(
    tx: &Tx,
    from: i64,
    through: i64,
) -> Result<BTreeMap<String, Finished>, Error> {
    // A unit that was scrapped in an earlier shop never came to this one: its jobs here have no station.
    let sql = "SELECT u.shop_id, COUNT(*), CAST(SUM(CASE WHEN u.defects = 0 THEN 1 ELSE 0 END) AS BIGINT) FROM (SELECT o.shop_id, j.subject_no, \
               MIN(CASE WHEN j.state >= 6 THEN 1 ELSE 0 END) AS ended, MAX(j.station + j.scrapped) AS begun, \
               SUM(j.rework_count + CASE WHEN j.scrapped > 0 THEN 1 ELSE 0 END) AS defects FROM job AS j \
               JOIN operation AS o ON o.operation_id = j.operation_id WHERE j.day_on BETWEEN $1 AND $2 GROUP BY o.shop_id, j.subject_no) AS u \
               WHERE u.ended = 1 AND u.begun > 0 GROUP BY u.shop_id";
    let rows = tx.rows(sql, vec![from.into(), through.into()]).await?;
    rows.iter()
        .map(|row| {
            let counts = Finished {
                finished: row.try_get_by_index(1)?,
                first_pass: row.try_get_by_index(2)?,
            };
            Ok((row.try_get_by_index(0)?, counts))
        })
        .collect()
}

/// A cause with its defects, and those of them that were scrapped.
pub type Cause = (String, i64, i64);

/// The causes of the defects of some days' jobs, the most frequent first, and the number of all defects.
///
/// # Errors
/// What the database said.
pub async fn causes_fetch(
    tx: &Tx,
    by_operation: bool,
    from: i64,
    through: i64,
) -> Result<(Vec<Cause>, i64), Error> {
    let column = if by_operation {
        "operation_id"
    } else {
        "defect_code"
    };
    let sql = format!(
        "SELECT {column}, COUNT(*), CAST(SUM(CASE WHEN kind = 3 THEN 1 ELSE 0 END) AS BIGINT) FROM job_defect \
         WHERE day_on BETWEEN $1 AND $2 GROUP BY {column} ORDER BY 2 DESC, 1 LIMIT $3"
    );
    let rows = tx
        .rows(&sql, vec![from.into(), through.into(), CAUSES.into()])
        .await?;
    let cause = |row: &takt_service::Row| -> Result<Cause, Error> {
        Ok((
            row.try_get_by_index(0)?,
            row.try_get_by_index(1)?,
            row.try_get_by_index(2)?,
        ))
    };
    let causes = rows.iter().map(cause).collect::<Result<_, _>>()?;
    let all = "SELECT COUNT(*) FROM job_defect WHERE day_on BETWEEN $1 AND $2";
    Ok((
        causes,
        tx.number(all, vec![from.into(), through.into()]).await?,
    ))
}
