//! The rows of the outlook and of the disruptions that it looks at.
//!
//! It must not know rules. Invariants: OU-1 there is one outlook, and who writes it has seen the one before; OU-2 a disruption that is
//! over ended on its first day or later; a number of statements that does not depend on the number of orders.

use std::collections::BTreeMap;

use prost::Message;
use takt_contract::{
    common::v1::{Reason, ReasonCode},
    production::v1::{GetPlantImpactResponse, VariantProfile},
};
use takt_kernel::Date;
use takt_service::{Error, Tx};

use super::Outlook;
use crate::{
    peers::variants_of,
    programme::Catalogue,
    rows::{date, date_opt, day, day_opt, get},
};

/// What the outlook stands on, without what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    /// How often it was written.
    pub(crate) revision: i64,
    /// The day from whose morning on it looks ahead; None while nothing was looked at.
    pub(crate) as_of: Option<Date>,
}

/// An outlook that is to be kept.
#[derive(Debug, Clone)]
pub(crate) struct NewOutlook {
    /// The revision of the one that it follows.
    pub(crate) seen: i64,
    /// The plan.
    pub(crate) plan_id: String,
    /// The day from whose morning on it looks ahead.
    pub(crate) as_of: Date,
    /// The planned builds without the disruptions.
    pub(crate) undisturbed: Vec<VariantProfile>,
    /// The same with them; empty where there are none.
    pub(crate) disturbed: Vec<VariantProfile>,
    /// Why vehicles are built later.
    pub(crate) reasons: Vec<Reason>,
}

/// An outlook as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Kept {
    /// How often it was written.
    pub(crate) revision: i64,
    /// What it says.
    pub(crate) outlook: Outlook,
    /// Why vehicles are built later.
    pub(crate) reasons: Vec<Reason>,
}

/// What the outlook stands on.
pub(crate) async fn head_fetch(tx: &Tx) -> Result<Head, Error> {
    let sql = "SELECT revision, as_of FROM outlook";
    let row = tx.one(sql, vec![]).await?;
    let row = row.ok_or_else(|| Error::broken("the row of the outlook is missing"))?;
    Ok(Head {
        revision: get(&row, 0)?,
        as_of: date_opt(&row, 1)?,
    })
}

/// The outlook with the vehicles that were built since; None while nothing was looked at.
pub(crate) async fn outlook_fetch(tx: &Tx, catalogue: &Catalogue) -> Result<Option<Kept>, Error> {
    let sql = "SELECT revision, plan_id, as_of, vehicle_mark, builds, reasons FROM outlook WHERE as_of IS NOT NULL";
    let Some(row) = tx.one(sql, vec![]).await? else {
        return Ok(None);
    };
    let (as_of, mark): (_, i64) = (date(&row, 2)?, get(&row, 3)?);
    let unreadable = |error| Error::broken(format!("the outlook cannot be read: {error}"));
    let builds: Vec<u8> = get(&row, 4)?;
    let builds = GetPlantImpactResponse::decode(builds.as_slice()).map_err(unreadable)?;
    let reasons: Vec<u8> = get(&row, 5)?;
    let reasons = Reason::decode(reasons.as_slice()).map_err(unreadable)?;
    let undisturbed = variants_of(&builds.undisturbed, catalogue, as_of)?;
    let disturbed = match builds.disturbed.is_empty() {
        true => undisturbed.clone(),
        false => variants_of(&builds.disturbed, catalogue, as_of)?,
    };
    Ok(Some(Kept {
        revision: get(&row, 0)?,
        outlook: Outlook {
            plan_id: get(&row, 1)?,
            as_of,
            undisturbed,
            disturbed,
            built: built_since(tx, mark, as_of).await?,
        },
        reasons: reasons.upstream,
    }))
}

/// The vehicles that were built for the queue from a day on, by variant; those up to the mark were built before.
async fn built_since(tx: &Tx, mark: i64, as_of: Date) -> Result<BTreeMap<i64, i64>, Error> {
    let sql = "SELECT c.variant_no, COUNT(*) FROM vehicle w JOIN configuration c ON c.config_no = w.config_no \
               WHERE w.vehicle_no > $1 AND w.built_on >= $2 AND w.order_no IS NOT NULL \
               AND NOT EXISTS (SELECT 1 FROM quote_order q WHERE q.order_no = w.order_no) GROUP BY c.variant_no";
    let rows = tx.rows(sql, vec![mark.into(), day(as_of)]).await?;
    rows.iter()
        .map(|row| Ok((get(row, 0)?, get(row, 1)?)))
        .collect()
}

/// Keeps an outlook. `Stale` when another one was kept since the one that it follows.
pub(crate) async fn outlook_write(tx: &Tx, new: &NewOutlook) -> Result<(), Error> {
    let builds = GetPlantImpactResponse {
        undisturbed: new.undisturbed.clone(),
        disturbed: new.disturbed.clone(),
        ..GetPlantImpactResponse::default()
    };
    let reasons = Reason {
        code: ReasonCode::Disruption.into(),
        upstream: new.reasons.clone(),
        ..Reason::default()
    };
    // Vehicles are numbered as they come, so the last one of a day before bounds what is counted as built since.
    let before =
        "SELECT vehicle_no FROM vehicle WHERE built_on < $1 ORDER BY vehicle_no DESC LIMIT 1";
    let mark = match tx.one(before, vec![day(new.as_of)]).await? {
        Some(row) => get(&row, 0)?,
        None => 0i64,
    };
    let sql = "UPDATE outlook SET revision = revision + 1, plan_id = $1, as_of = $2, vehicle_mark = $3, builds = $4, reasons = $5 \
               WHERE revision = $6";
    let values = vec![
        new.plan_id.as_str().into(),
        day(new.as_of),
        mark.into(),
        builds.encode_to_vec().into(),
        reasons.encode_to_vec().into(),
        new.seen.into(),
    ];
    match tx.exec(sql, values).await? {
        1 => Ok(()),
        _ => Err(Error::stale("outlook", "of promises")),
    }
}

/// Holds the outlook as it was seen until the transaction ends. `Stale` when it is another one by now.
pub(crate) async fn outlook_hold(tx: &Tx, seen: i64) -> Result<(), Error> {
    let sql = "UPDATE outlook SET revision = revision WHERE revision = $1";
    match tx.exec(sql, vec![seen.into()]).await? {
        1 => Ok(()),
        _ => Err(Error::stale("outlook", "of promises")),
    }
}

/// The day after the last one on which a vehicle was built.
pub(crate) async fn next_morning(tx: &Tx) -> Result<Option<Date>, Error> {
    let sql = "SELECT built_on FROM vehicle ORDER BY vehicle_no DESC LIMIT 1";
    let row = tx.one(sql, vec![]).await?;
    row.map(|row| Ok(date(&row, 0)?.plus(1))).transpose()
}

/// A disruption that procurement has told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Declared {
    /// The disruption.
    pub(crate) id: String,
    /// The first day.
    pub(crate) begins_on: Date,
    /// The first day on which it is expected to be over.
    pub(crate) expected_end_on: Option<Date>,
}

/// Notes disruptions, and the ends of disruptions; what is known already stays as it is.
pub(crate) async fn disruptions_note(
    tx: &Tx,
    declared: &[Declared],
    resolved: &[(String, Date)],
) -> Result<(), Error> {
    let columns = ["disruption_id", "begins_on", "expected_end_on"];
    let rows = declared.iter().map(|one| {
        vec![
            one.id.as_str().into(),
            day(one.begins_on),
            day_opt(one.expected_end_on),
        ]
    });
    let table = "known_disruption";
    tx.insert_many(
        table,
        &columns,
        rows.collect(),
        "ON CONFLICT (disruption_id) DO NOTHING",
    )
    .await?;
    let rows = resolved.iter().map(|(id, on)| {
        // Who was not told of the beginning knows of no earlier day.
        vec![id.as_str().into(), day(*on), day(*on)]
    });
    let columns = ["disruption_id", "begins_on", "resolved_on"];
    let suffix = "ON CONFLICT (disruption_id) DO UPDATE SET resolved_on = excluded.resolved_on";
    tx.insert_many(table, &columns, rows.collect(), suffix)
        .await?;
    Ok(())
}

/// The disruptions that are not over on the morning of a day.
pub(crate) async fn disruptions_open(tx: &Tx, as_of: Date) -> Result<Vec<String>, Error> {
    let sql = "SELECT disruption_id FROM known_disruption WHERE resolved_on IS NULL OR resolved_on > $1 ORDER BY disruption_id";
    let rows = tx.rows(sql, vec![day(as_of)]).await?;
    rows.iter().map(|row| get(row, 0)).collect()
}
