//! Carries the log's facts to one subscriber: leases shards, reads behind their cursors, delivers, moves the cursors.
//!
//! It must not know what facts mean. Invariants: the facts of a subject are delivered in their order; a cursor moves
//! only over facts that the receiver has applied, known or parked; who has lost its lease moves no cursor.

use std::{sync::Arc, time::Duration};

use takt_contract::events::v1::{self as pb, inbox_service_client::InboxServiceClient};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::{BATCH, Cursor, LoggedFact, SHARDS, wire};
use crate::{Call, Error, Store, peer::Peer, store::nudge};

/// How long a lease of shards holds without being renewed.
const LEASE: Duration = Duration::from_secs(15);
/// When a held lease is renewed.
const RENEW: Duration = Duration::from_secs(5);
/// The safety net under the nudges.
const TICK: Duration = Duration::from_secs(1);
/// How long one delivery may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The relay to one subscriber.
pub(crate) struct Relay {
    store: Store,
    source: &'static str,
    subscriber: &'static str,
    /// The only kinds of facts that the subscriber is told; none for every kind.
    kinds: Option<&'static [&'static str]>,
    peer: Peer,
    owner: String,
    leased: Vec<(i64, Cursor)>,
    renew_at: tokio::time::Instant,
}

impl Relay {
    /// A relay from `source`, whose log is in `store`, to `subscriber`, of which the kinds of facts may be narrowed.
    pub(crate) fn new(
        store: Store,
        source: &'static str,
        (subscriber, kinds): (&'static str, Option<&'static [&'static str]>),
        peer: Peer,
        owner: String,
    ) -> Self {
        Self {
            kinds,
            store,
            source,
            subscriber,
            peer,
            owner,
            leased: Vec::new(),
            renew_at: tokio::time::Instant::now(),
        }
    }

    /// Works until it is told to stop; it stops between two batches and gives its leases back.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut nudges = self.store.nudges().facts.subscribe();
        let mut failures = 0u32;
        while !stop.is_cancelled() {
            nudges.borrow_and_update();
            match self.step().await {
                Ok(true) => failures = 0,
                Ok(false) => {
                    failures = 0;
                    wait(&mut nudges, TICK, &stop).await;
                }
                Err(error) => {
                    failures += 1;
                    tracing::warn!(subscriber = self.subscriber, failures, %error, "facts wait");
                    let pause = Duration::from_millis(20u64 << failures.min(7));
                    tokio::select! { () = tokio::time::sleep(pause) => {}, () = stop.cancelled() => {} }
                }
            }
        }
        if let Err(error) = self.leases_returned().await {
            tracing::warn!(subscriber = self.subscriber, %error, "leases run out by themselves");
        }
    }

    /// Delivers one batch; false when there is nothing to deliver.
    async fn step(&mut self) -> Result<bool, Error> {
        let call = Call::background("relay", PATIENCE);
        if self.leased.is_empty() || tokio::time::Instant::now() >= self.renew_at {
            self.leases_taken(&call).await?;
        }
        let Some(cursor) = self.leased.iter().map(|(_, cursor)| *cursor).min() else {
            return Ok(false);
        };
        let read = self
            .store
            .read(&call, "facts_after", move |tx| {
                Box::pin(tx.facts_after(cursor, BATCH))
            })
            .await?;
        let Some(last) = read.last().map(|fact| fact.cursor) else {
            return Ok(false);
        };
        let batch: Vec<LoggedFact> = read.into_iter().filter(|fact| self.owes(fact)).collect();
        // A batch is a trace of its own; each fact's part in it belongs to the fact's trace.
        let span = crate::telemetry::root_span("relay");
        for traceparent in batch.iter().filter_map(|fact| fact.traceparent.as_deref()) {
            crate::telemetry::link(&span, traceparent);
        }
        async {
            if !batch.is_empty() {
                self.deliver(&call, batch).await?;
            }
            self.cursors_moved(&call, last).await
        }
        .instrument(span)
        .await?;
        nudge(&self.store.nudges().settled);
        Ok(true)
    }

    fn owes(&self, fact: &LoggedFact) -> bool {
        self.leased
            .iter()
            .any(|(shard, cursor)| *shard == fact.shard && fact.cursor > *cursor)
    }

    async fn deliver(&self, call: &Call, batch: Vec<LoggedFact>) -> Result<(), Error> {
        let mut facts = batch
            .into_iter()
            .map(|fact| wire::fact_pb(self.source, fact))
            .collect::<Result<Vec<_>, _>>()?;
        if let Some(kinds) = self.kinds {
            facts.retain(|fact| kinds.contains(&wire::kind_name(fact)));
        }
        if facts.is_empty() {
            return Ok(());
        }
        for gap in self.delivered(call, facts).await? {
            // The receiver misses earlier facts of the subject: send them from the one it expects.
            let (subject, expected) = gap;
            let missing = self.subject_from(call, subject.clone(), expected).await?;
            let still = self.delivered(call, missing).await?;
            if !still.is_empty() {
                return Err(Error::broken(format!(
                    "{} expects fact {expected} about {subject}, which the log no longer has",
                    self.subscriber
                )));
            }
        }
        Ok(())
    }

    /// Sends facts and answers with the gaps that the receiver found.
    async fn delivered(
        &self,
        call: &Call,
        facts: Vec<pb::Fact>,
    ) -> Result<Vec<(String, i64)>, Error> {
        let subjects: Vec<String> = facts.iter().map(|fact| fact.subject.clone()).collect();
        let mut client = InboxServiceClient::new(self.peer.channel());
        let request = self.peer.request(call, pb::DeliverRequest { facts });
        let answer = client
            .deliver(request)
            .await
            .map_err(|status| Error::down(self.subscriber, status))?
            .into_inner();
        if answer.results.len() != subjects.len() {
            return Err(Error::broken(format!(
                "{} answered for {} of {} facts",
                self.subscriber,
                answer.results.len(),
                subjects.len()
            )));
        }
        let mut gaps: Vec<(String, i64)> = Vec::new();
        for (subject, result) in subjects.into_iter().zip(answer.results) {
            let gap = result.outcome() == pb::DeliveryOutcome::Gap;
            if gap && !gaps.iter().any(|(known, _)| *known == subject) {
                gaps.push((subject, result.expected_sequence));
            }
        }
        Ok(gaps)
    }

    async fn subject_from(
        &self,
        call: &Call,
        subject: String,
        expected: i64,
    ) -> Result<Vec<pb::Fact>, Error> {
        let found = self
            .store
            .read(call, "facts_of_subject", move |tx| {
                let subject = subject.clone();
                Box::pin(async move { tx.facts_of_subject(&subject, expected, BATCH).await })
            })
            .await?;
        found
            .into_iter()
            .map(|fact| wire::fact_pb(self.source, fact))
            .collect()
    }

    async fn leases_taken(&mut self, call: &Call) -> Result<(), Error> {
        let (subscriber, owner) = (self.subscriber, Arc::<str>::from(self.owner.as_str()));
        let rows = self
            .store
            .write(call, "relay_lease", move |tx| {
                let owner = Arc::clone(&owner);
                Box::pin(async move {
                    let until = tx.now_micros() + i64::try_from(LEASE.as_micros()).unwrap_or(i64::MAX);
                    let all = (0..SHARDS).map(|shard| vec![subscriber.into(), shard.into(), 0i64.into(), 0i64.into(), 0i64.into()]).collect();
                    let columns = ["subscriber", "shard", "cursor_xid", "cursor_position", "lease_until"];
                    tx.insert_many("subscription", &columns, all, "ON CONFLICT DO NOTHING").await?;
                    let sql = "UPDATE subscription SET lease_owner = $1, lease_until = $2 WHERE subscriber = $3 AND (lease_owner = $1 OR lease_until < $4)";
                    tx.exec(sql, vec![owner.to_string().into(), until.into(), subscriber.into(), tx.now_micros().into()]).await?;
                    let sql = "SELECT shard, cursor_xid, cursor_position FROM subscription WHERE subscriber = $1 AND lease_owner = $2";
                    let rows = tx.rows(sql, vec![subscriber.into(), owner.to_string().into()]).await?;
                    rows.iter()
                        .map(|row| {
                            let cursor = Cursor { xid: row.try_get_by_index(1)?, position: row.try_get_by_index(2)? };
                            Ok((row.try_get_by_index::<i64>(0)?, cursor))
                        })
                        .collect::<Result<Vec<_>, Error>>()
                })
            })
            .await?;
        self.leased = rows;
        self.renew_at = tokio::time::Instant::now() + RENEW;
        Ok(())
    }

    async fn cursors_moved(&mut self, call: &Call, to: Cursor) -> Result<(), Error> {
        let (subscriber, owner, shards) = (
            self.subscriber,
            Arc::<str>::from(self.owner.as_str()),
            self.leased.len() as u64,
        );
        let moved = self
            .store
            .write(call, "relay_cursor", move |tx| {
                let owner = Arc::clone(&owner);
                Box::pin(async move {
                    let sql = "UPDATE subscription SET cursor_xid = $1, cursor_position = $2 WHERE subscriber = $3 AND lease_owner = $4";
                    tx.exec(sql, vec![to.xid.into(), to.position.into(), subscriber.into(), owner.to_string().into()]).await
                })
            })
            .await?;
        if moved != shards {
            self.leased.clear();
            return Err(Error::Conflict {
                detail: format!("the lease of the facts for {subscriber} was lost"),
            });
        }
        for (_, cursor) in &mut self.leased {
            *cursor = to;
        }
        Ok(())
    }

    async fn leases_returned(&self) -> Result<(), Error> {
        let (subscriber, owner) = (self.subscriber, Arc::<str>::from(self.owner.as_str()));
        let call = Call::background("relay", Duration::from_secs(2));
        self.store
            .write(&call, "relay_lease_return", move |tx| {
                let owner = Arc::clone(&owner);
                Box::pin(async move {
                    let sql = "UPDATE subscription SET lease_owner = NULL, lease_until = 0 WHERE subscriber = $1 AND lease_owner = $2";
                    tx.exec(sql, vec![subscriber.into(), owner.to_string().into()]).await
                })
            })
            .await
            .map(|_| ())
    }
}

/// Waits for a nudge, a tick or the end.
pub(crate) async fn wait(
    nudges: &mut watch::Receiver<u64>,
    tick: Duration,
    stop: &CancellationToken,
) {
    tokio::select! {
        _ = nudges.changed() => {}
        () = tokio::time::sleep(tick) => {}
        () = stop.cancelled() => {}
    }
}
