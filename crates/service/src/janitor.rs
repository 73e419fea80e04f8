//! Lets go of what nobody needs any more: recorded answers and facts that are past every subscriber and past their time.
//!
//! It must not know any table of a service. Invariants: a fact that a subscriber has not applied is never let go; what
//! goes, goes in small slices, so that nobody waits.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::{Call, Error, Store};

/// How long things are kept.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// How long a fact is kept after it was written.
    pub facts: Duration,
    /// How long the answer of a request is kept, and so how long a retry has no second effect.
    pub answers: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        let week = Duration::from_secs(7 * 86_400);
        Self {
            facts: week,
            answers: week,
        }
    }
}

/// The rows that one transaction lets go.
const SLICE: i64 = 2_000;
/// How often the janitor comes.
const ROUND: Duration = Duration::from_secs(600);

pub(crate) struct Janitor {
    pub(crate) store: Store,
    pub(crate) retention: Retention,
    pub(crate) subscribers: &'static [&'static str],
}

impl Janitor {
    /// Works until it is told to stop.
    pub(crate) async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            match self.round(&stop).await {
                Ok(0) => {}
                Ok(gone) => tracing::info!(rows = gone, "let go of old facts and answers"),
                Err(error) => tracing::warn!(%error, "old facts and answers stay for now"),
            }
            tokio::select! { () = tokio::time::sleep(ROUND) => {}, () = stop.cancelled() => {} }
        }
    }

    async fn round(&self, stop: &CancellationToken) -> Result<u64, Error> {
        let mut gone = 0;
        while !stop.is_cancelled() {
            let slice = self.slice().await?;
            gone += slice;
            if slice == 0 {
                break;
            }
        }
        Ok(gone)
    }

    async fn slice(&self) -> Result<u64, Error> {
        let call = Call::background("janitor", Duration::from_secs(10));
        let now = self.store.clock().now_micros();
        let before =
            |age: Duration| now.saturating_sub(i64::try_from(age.as_micros()).unwrap_or(i64::MAX));
        let (facts, answers, subscribers) = (
            before(self.retention.facts),
            before(self.retention.answers),
            self.subscribers,
        );
        self.store
            .write(&call, "janitor", move |tx| {
                Box::pin(async move {
                    let sql = "DELETE FROM once WHERE request_id IN (SELECT request_id FROM once WHERE answered_at < $1 LIMIT $2)";
                    let mut gone = tx.exec(sql, vec![answers.into(), SLICE.into()]).await?;
                    // Without a cursor for each subscriber nothing is known to be applied.
                    let known = tx.number("SELECT COUNT(DISTINCT subscriber) FROM subscription", vec![]).await?;
                    if known >= i64::try_from(subscribers.len()).unwrap_or(i64::MAX) {
                        let sql = "DELETE FROM fact WHERE position IN (SELECT position FROM fact WHERE occurred_at < $1 AND \
                                   NOT EXISTS (SELECT 1 FROM subscription AS s WHERE s.shard = fact.shard AND \
                                   (s.cursor_xid < fact.xid OR (s.cursor_xid = fact.xid AND s.cursor_position < fact.position))) \
                                   ORDER BY position LIMIT $2)";
                        gone += tx.exec(sql, vec![facts.into(), SLICE.into()]).await?;
                    }
                    Ok(gone)
                })
            })
            .await
    }
}
