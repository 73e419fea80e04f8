//! The log of facts: what a service tells the others, written in the transaction of the effect.
//!
//! It must not know who listens. Invariants: FA-1 the sequence of a subject has no gaps and follows the order of
//! commits; a fact is never changed; what is read below the log's horizon is complete.

mod await_applied;
mod inbox;
mod parked;
mod relay;
mod rpc;
mod wire;

use std::collections::BTreeMap;

use sea_orm::Value;
use takt_contract::events::v1 as pb;
use takt_kernel::{Date, stable_hash};

use crate::{
    Error, Migration,
    store::{Dialect, Row, Tx},
};

pub(crate) use inbox::InboxRpc;
pub use inbox::Reactions;
pub(crate) use relay::{Relay, wait};
pub(crate) use rpc::EventRpc;

/// The number of shards of the log; a subject stays in one of them for ever.
pub const SHARDS: i64 = 64;

/// The most facts that travel together.
const BATCH: i64 = 500;

/// The most bytes of one fact.
const PAYLOAD: usize = 64 * 1024;

/// The tables of facts, on both sides.
pub(crate) const MIGRATION: Migration = Migration {
    name: "c0002_facts",
    up: &[
        "CREATE TABLE fact (position {serial}, xid {xid}, shard {int} NOT NULL, subject {text} NOT NULL, \
         sequence {int} NOT NULL, occurred_at {int} NOT NULL, business_day {int} NOT NULL, traceparent {text}, body {blob} NOT NULL)",
        "CREATE TABLE fact_subject (subject {text} NOT NULL PRIMARY KEY, sequence {int} NOT NULL) {rowless}",
        "CREATE TABLE subscription (subscriber {text} NOT NULL, shard {int} NOT NULL, cursor_xid {int} NOT NULL, cursor_position {int} NOT NULL, \
         lease_owner {text}, lease_until {int} NOT NULL, PRIMARY KEY (subscriber, shard)) {rowless}",
        // PostgreSQL takes positions before commits, so the log is read in the order of its transactions there.
        "{postgres}CREATE INDEX fact_by_commit ON fact (xid, position)",
        "CREATE TABLE inbox (source {text} NOT NULL, subject {text} NOT NULL, sequence {int} NOT NULL, PRIMARY KEY (source, subject)) {rowless}",
        "CREATE TABLE parked_fact (parked_id {serial}, source {text} NOT NULL, subject {text} NOT NULL, sequence {int} NOT NULL, \
         fact {blob} NOT NULL, reason {text} NOT NULL, attempts {int} NOT NULL, parked_at {int} NOT NULL, UNIQUE (source, subject, sequence))",
        "CREATE TABLE skipped_fact (skipped_id {serial}, source {text} NOT NULL, subject {text} NOT NULL, sequence {int} NOT NULL, \
         fact {blob} NOT NULL, reason {text} NOT NULL, skipped_at {int} NOT NULL)",
    ],
};

/// A fact that is about to be written.
#[derive(Debug, Clone)]
pub struct NewFact {
    /// The business key of what the fact is about.
    pub subject: String,
    /// The business date of what happened.
    pub on: Date,
    /// The trace that the fact belongs to; none means the one of the work at hand.
    pub traceparent: Option<String>,
    /// What happened.
    pub body: pb::fact_body::Kind,
}

/// Where a reader of the log stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Cursor {
    xid: i64,
    position: i64,
}

impl Tx {
    /// Appends facts to the service's log, in the order given.
    ///
    /// # Errors
    /// What the database said; `Broken` when a fact is larger than 64 KiB.
    pub async fn emit_many(&self, facts: Vec<NewFact>) -> Result<(), Error> {
        if facts.is_empty() {
            return Ok(());
        }
        let mut next = self.sequences_taken(&facts).await?;
        let here = crate::telemetry::current_traceparent();
        let mut rows = Vec::with_capacity(facts.len());
        for fact in facts {
            let body = wire::body_bytes(fact.body);
            if body.len() > PAYLOAD {
                return Err(Error::broken(format!(
                    "the fact about {} has {} bytes",
                    fact.subject,
                    body.len()
                )));
            }
            let sequence = next.entry(fact.subject.clone()).or_default();
            *sequence += 1;
            rows.push(vec![
                shard(&fact.subject).into(),
                Value::from(*sequence),
                self.now_micros().into(),
                i64::from(fact.on.epoch_day()).into(),
                fact.traceparent.or_else(|| here.clone()).into(),
                body.into(),
                fact.subject.into(),
            ]);
        }
        let columns = [
            "shard",
            "sequence",
            "occurred_at",
            "business_day",
            "traceparent",
            "body",
            "subject",
        ];
        self.insert_many("fact", &columns, rows, "").await?;
        self.leave_facts();
        Ok(())
    }

    /// Counts the subjects on by the facts to come and answers with where each stood before. The rows are taken in
    /// the order of their keys, so that two writers cannot wait for each other in a ring.
    async fn sequences_taken(&self, facts: &[NewFact]) -> Result<BTreeMap<String, i64>, Error> {
        let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
        for fact in facts {
            *counts.entry(fact.subject.as_str()).or_default() += 1;
        }
        let rows = counts
            .iter()
            .map(|(subject, count)| vec![(*subject).into(), (*count).into()])
            .collect();
        let suffix = "ON CONFLICT (subject) DO UPDATE SET sequence = fact_subject.sequence + excluded.sequence RETURNING subject, sequence";
        let taken = self
            .insert_returning("fact_subject", &["subject", "sequence"], rows, suffix)
            .await?;
        let mut before = BTreeMap::new();
        for row in taken {
            let subject: String = row.try_get_by_index(0)?;
            let after: i64 = row.try_get_by_index(1)?;
            let count = counts.get(subject.as_str()).copied().unwrap_or_default();
            before.insert(subject, after - count);
        }
        Ok(before)
    }

    /// Facts behind a cursor in the order of commits, at most `limit`, and only such that no earlier one can still
    /// appear.
    pub(crate) async fn facts_after(
        &self,
        cursor: Cursor,
        limit: i64,
    ) -> Result<Vec<LoggedFact>, Error> {
        let columns =
            "position, xid, shard, subject, sequence, occurred_at, business_day, traceparent, body";
        let (sql, values) = match self.dialect() {
            // One writer: positions are the order of commits.
            Dialect::Sqlite => (
                format!(
                    "SELECT {columns} FROM fact WHERE position > $1 ORDER BY position LIMIT $2"
                ),
                vec![cursor.position.into(), limit.into()],
            ),
            // Transactions below the horizon have all ended.
            Dialect::Postgres => (
                format!(
                    "SELECT {columns} FROM fact WHERE (xid, position) > ($1, $2) \
                     AND xid < CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT) \
                     ORDER BY xid, position LIMIT $3"
                ),
                vec![cursor.xid.into(), cursor.position.into(), limit.into()],
            ),
        };
        self.rows(&sql, values)
            .await?
            .iter()
            .map(LoggedFact::read)
            .collect()
    }

    /// The newest position that is written, 0 in an empty log.
    pub(crate) async fn facts_newest(&self) -> Result<i64, Error> {
        self.number("SELECT MAX(position) FROM fact", vec![]).await
    }

    /// The cursor that stands on a position.
    pub(crate) async fn facts_cursor(&self, position: i64) -> Result<Cursor, Error> {
        let xid = match self.dialect() {
            Dialect::Sqlite => 0,
            Dialect::Postgres => {
                self.number(
                    "SELECT xid FROM fact WHERE position = $1",
                    vec![position.into()],
                )
                .await?
            }
        };
        Ok(Cursor { xid, position })
    }
}

/// A fact as it stands in the log.
#[derive(Debug, Clone)]
pub(crate) struct LoggedFact {
    pub(crate) cursor: Cursor,
    pub(crate) shard: i64,
    pub(crate) subject: String,
    pub(crate) sequence: i64,
    pub(crate) occurred_at: i64,
    pub(crate) business_day: i64,
    pub(crate) traceparent: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl LoggedFact {
    fn read(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            cursor: Cursor {
                position: row.try_get_by_index(0)?,
                xid: row.try_get_by_index(1)?,
            },
            shard: row.try_get_by_index(2)?,
            subject: row.try_get_by_index(3)?,
            sequence: row.try_get_by_index(4)?,
            occurred_at: row.try_get_by_index(5)?,
            business_day: row.try_get_by_index(6)?,
            traceparent: row.try_get_by_index(7)?,
            body: row.try_get_by_index(8)?,
        })
    }
}

/// The shard of a subject; it never changes, because cursors stand on it.
fn shard(subject: &str) -> i64 {
    i64::try_from(stable_hash(subject.as_bytes()) % SHARDS.unsigned_abs()).unwrap_or_default()
}

impl Tx {
    /// The facts of a subject from a sequence on.
    pub(crate) async fn facts_of_subject(
        &self,
        subject: &str,
        from: i64,
        limit: i64,
    ) -> Result<Vec<LoggedFact>, Error> {
        let sql = "SELECT position, xid, shard, subject, sequence, occurred_at, business_day, traceparent, body FROM fact \
                   WHERE subject = $1 AND sequence >= $2 ORDER BY sequence LIMIT $3";
        let rows = self
            .rows(sql, vec![subject.into(), from.into(), limit.into()])
            .await?;
        rows.iter().map(LoggedFact::read).collect()
    }
}
