//! Production's word taken over: who is new in a recall, who is well again, and what is owed of that.
//!
//! It must not ask production: it is told. Invariants: under the gate; a vehicle that production has built and this service has
//! not heard judged stands in `recall_check`, and the gate keeps it; what became due while production was asked is due again.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use takt_service::{Error, Tx};

use super::{
    Recall, Touched, Word,
    store::{gone_mark, touched_all, touched_fetch, touched_forget, touched_save},
};
use crate::rows::{get, list};

/// The kind of intent that owes a recall production's word.
pub(crate) const REFRESH: &str = "recall_refresh";

/// Which recall is owed it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Owed {
    /// The recall.
    pub(crate) recall_no: i64,
}

/// What production has said of scopes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Words {
    /// Its word on each vehicle that it names.
    pub(crate) words: Vec<Word>,
    /// The last build number that it looked at.
    pub(crate) last_build: i64,
    /// The first one.
    pub(crate) from_build: i64,
}

/// What a word changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Changed {
    /// Vehicles that are new in the recall.
    pub(crate) added: i64,
    /// Vehicles that are affected no more.
    pub(crate) cleared: i64,
}

/// Owes a recall production's word.
pub(crate) async fn refresh_owe(tx: &Tx, recall_no: i64) -> Result<(), Error> {
    let payload = serde_json::to_vec(&Owed { recall_no })
        .map_err(|error| Error::broken(format!("intent: {error}")))?;
    tx.intent_add(REFRESH, &recall_no.to_string(), payload)
        .await
}

/// Takes production's word over.
pub(crate) async fn words_take(tx: &Tx, recall: &Recall, told: &Words) -> Result<Changed, Error> {
    let whole = told.from_build == 0;
    let known = if whole {
        touched_all(tx, recall.number).await?
    } else {
        let vins = told.words.iter().map(|word| word.vin.as_str());
        touched_fetch(tx, recall.number, vins).await?
    };
    let mut changed = Changed::default();
    let mut saved: BTreeMap<&str, Touched> = BTreeMap::new();
    for word in &told.words {
        let before = known.get(&word.vin);
        let now = Touched::judged(before, word, recall.opened_on);
        if before != Some(&now) {
            changed.added += i64::from(now.recalled && before.is_none_or(|one| !one.recalled));
            changed.cleared += i64::from(!now.affected && before.is_some_and(|one| one.affected));
            saved.insert(&word.vin, now);
        }
    }
    let mut forgotten = Vec::new();
    if whole {
        let named: BTreeSet<&str> = told.words.iter().map(|word| word.vin.as_str()).collect();
        let withdrawn = known
            .iter()
            .filter(|(vin, _)| !named.contains(vin.as_str()));
        for (vin, before) in withdrawn {
            changed.cleared += i64::from(before.affected);
            match before.withdrawn() {
                None => forgotten.push(vin.clone()),
                Some(now) if now != *before => {
                    saved.insert(vin, now);
                }
                Some(_) => {}
            }
        }
    }
    let rows = saved.iter().map(|(vin, one)| (*vin, one));
    touched_save(tx, recall.number, rows).await?;
    touched_forget(tx, recall.number, &forgotten).await?;
    let fresh = saved.iter().filter(|(vin, now)| {
        now.affected && known.get(**vin).is_none_or(|before| !before.affected)
    });
    gone_mark(
        tx,
        recall.number,
        Some(fresh.map(|(vin, _)| *vin).collect()),
    )
    .await?;
    let sql = "DELETE FROM recall_check WHERE recall_no = $1 AND build_no BETWEEN $2 AND $3";
    let values = vec![
        recall.number.into(),
        told.from_build.into(),
        told.last_build.into(),
    ];
    tx.exec(sql, values).await?;
    Ok(changed)
}

/// Keeps the vehicles back that came in while production was asked: they are in the yard and behind its snapshot.
pub(crate) async fn newer_check(tx: &Tx, recall_no: i64, last_build: i64) -> Result<(), Error> {
    let sql = "INSERT INTO recall_check (recall_no, vin, build_no) SELECT CAST($1 AS BIGINT), w.vin, w.build_no FROM vehicle w \
               WHERE w.build_no > $2 ON CONFLICT DO NOTHING";
    tx.exec(sql, vec![recall_no.into(), last_build.into()])
        .await
        .map(|_| ())
}

/// Keeps vehicles that come in back until every open recall has production's word on them. Under the gate.
pub(crate) async fn received_check(
    tx: &Tx,
    vehicles: impl Iterator<Item = (&str, i64)>,
) -> Result<(), Error> {
    let open = open_numbers(tx).await?;
    if open.is_empty() {
        return Ok(());
    }
    let vehicles: Vec<(&str, i64)> = vehicles.collect();
    let rows = open.iter().flat_map(|recall| {
        let row =
            |(vin, build): &(&str, i64)| vec![(*recall).into(), (*vin).into(), (*build).into()];
        vehicles.iter().map(row).collect::<Vec<_>>()
    });
    let columns = ["recall_no", "vin", "build_no"];
    let suffix = "ON CONFLICT DO NOTHING";
    tx.insert_many("recall_check", &columns, rows.collect(), suffix)
        .await?;
    for recall in open {
        refresh_owe(tx, recall).await?;
    }
    Ok(())
}

/// Parts or software of vehicles changed: what production says of every open recall may be another now. Under the gate.
pub(crate) async fn changes_heard(tx: &Tx) -> Result<(), Error> {
    for recall in open_numbers(tx).await? {
        due_count(tx, recall).await?;
        refresh_owe(tx, recall).await?;
    }
    Ok(())
}

/// Says that production's word on a whole recall is due.
pub(crate) async fn due_count(tx: &Tx, recall_no: i64) -> Result<(), Error> {
    let sql = "UPDATE recall SET due = due + 1 WHERE recall_no = $1";
    tx.exec(sql, vec![recall_no.into()]).await.map(|_| ())
}

/// Says that production's word is there as of `due`; what became due since stays due.
pub(crate) async fn due_settle(tx: &Tx, recall_no: i64, due: i64) -> Result<(), Error> {
    let sql = "UPDATE recall SET due = 0 WHERE recall_no = $1 AND due = $2";
    tx.exec(sql, vec![recall_no.into(), due.into()])
        .await
        .map(|_| ())
}

/// The first build number that awaits production's word in a recall.
pub(crate) async fn unchecked_from(tx: &Tx, recall_no: i64) -> Result<Option<i64>, Error> {
    let sql = "SELECT MIN(build_no) FROM recall_check WHERE recall_no = $1";
    let row = tx.one(sql, vec![recall_no.into()]).await?;
    row.map_or(Ok(None), |row| get(&row, 0))
}

/// Nothing of a closed recall is awaited.
pub(crate) async fn checks_drop(tx: &Tx, recall_no: i64) -> Result<(), Error> {
    let sql = "DELETE FROM recall_check WHERE recall_no IN (SELECT recall_no FROM v)";
    tx.exec_for(&["recall_no"], list([recall_no]), sql)
        .await
        .map(|_| ())
}

async fn open_numbers(tx: &Tx) -> Result<Vec<i64>, Error> {
    let sql = "SELECT recall_no FROM recall WHERE closed_on IS NULL ORDER BY recall_no";
    let rows = tx.rows(sql, vec![]).await?;
    rows.iter().map(|row| get(row, 0)).collect()
}
