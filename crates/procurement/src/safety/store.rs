//! The rows of safety times.
//!
//! It must not know rules.

use takt_planning::learnt::SafetyTime;
use takt_service::{Error, Tx};

use super::{InForce, Safety, basis_of, number_of};
use crate::{
    programme::SourceNo,
    rows::{date, day, get},
};

/// The safety times in force.
pub(crate) async fn safety_fetch(tx: &Tx) -> Result<Safety, Error> {
    let sql = "SELECT source_no, days, basis, deliveries, learnt_on FROM safety_time";
    let rows = tx.rows(sql, vec![]).await?;
    let read = rows.iter().map(|row| {
        let learnt = SafetyTime {
            days: get(row, 1)?,
            basis: basis_of(get(row, 2)?),
            count: get(row, 3)?,
        };
        Ok((
            SourceNo(get(row, 0)?),
            InForce {
                learnt,
                on: date(row, 4)?,
            },
        ))
    });
    Ok(Safety(read.collect::<Result<_, Error>>()?))
}

/// Puts these in the place of all that were in force.
pub(crate) async fn safety_replace(tx: &Tx, safety: &Safety) -> Result<(), Error> {
    tx.exec("DELETE FROM safety_time", vec![]).await?;
    let columns = ["source_no", "days", "basis", "deliveries", "learnt_on"];
    let rows = safety.0.iter().map(|(source, known)| {
        vec![
            source.0.into(),
            known.learnt.days.into(),
            number_of(known.learnt.basis).into(),
            known.learnt.count.into(),
            day(known.on),
        ]
    });
    tx.insert_many("safety_time", &columns, rows.collect(), "")
        .await
        .map(|_| ())
}
