//! Work that a service owes after a commit: written with the effect, done outside transactions, finished with its result.
//!
//! It must not know what is owed. Invariants: IN-1 an intent ends by the write that does its work, never before; one
//! replica works on an intent at a time; an intent that fails is tried again, later each time, and stays visible.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::{
    Call, Error, Migration, Store,
    store::{Tx, nudge},
};

/// The table of intents.
pub(crate) const MIGRATION: Migration = Migration {
    name: "c0004_intent",
    up: &[
        "CREATE TABLE intent (intent_id {serial}, kind {text} NOT NULL, key {text} NOT NULL, payload {blob} NOT NULL, attempts {int} NOT NULL, \
           due_at {int} NOT NULL, lease_owner {text}, lease_until {int} NOT NULL, traceparent {text}, last_error {text}, UNIQUE (kind, key))",
    ],
};

/// How long one attempt may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long work is leased; it is renewed while it is done.
const LEASE: Duration = Duration::from_secs(15);
/// How often a lease is renewed.
const RENEW: Duration = Duration::from_secs(5);
/// The safety net under the nudges.
const TICK: Duration = Duration::from_millis(500);
/// The longest wait before an intent is tried again.
const LONGEST: i64 = 30_000_000;

/// Work that is owed.
#[derive(Debug, Clone)]
pub struct Intent {
    /// The number of the intent.
    pub id: i64,
    /// The business key that makes it one of its kind.
    pub key: String,
    /// What the handler needs to know.
    pub payload: Vec<u8>,
    /// How often it was tried before.
    pub attempts: i64,
}

/// Does the work of one kind of intents.
#[tonic::async_trait]
pub trait IntentHandler: Send + Sync + 'static {
    /// The kind.
    fn kind(&self) -> &'static str;

    /// Does the work. It asks peers outside any transaction, and its last write calls [`Tx::intent_finish`].
    ///
    /// # Errors
    /// Anything; the intent is tried again later.
    async fn run(&self, call: &Call, intent: &Intent) -> Result<(), Error>;
}

impl Tx {
    /// Owes work; what is owed already is not owed twice.
    ///
    /// # Errors
    /// What the database said.
    pub async fn intent_add(
        &self,
        kind: &'static str,
        key: &str,
        payload: Vec<u8>,
    ) -> Result<(), Error> {
        let sql = "INSERT INTO intent (kind, key, payload, attempts, due_at, lease_until, traceparent) VALUES ($1, $2, $3, 0, $4, 0, $5) ON CONFLICT DO NOTHING";
        let values = vec![
            kind.into(),
            key.into(),
            payload.into(),
            self.now_micros().into(),
            crate::telemetry::current_traceparent().into(),
        ];
        self.exec(sql, values).await?;
        self.leave_intents();
        Ok(())
    }

    /// Ends an intent in the transaction that did its work; false when it had ended before.
    ///
    /// # Errors
    /// What the database said.
    pub async fn intent_finish(&self, intent: &Intent) -> Result<bool, Error> {
        Ok(self
            .exec(
                "DELETE FROM intent WHERE intent_id = $1",
                vec![intent.id.into()],
            )
            .await?
            > 0)
    }

    /// Ends an intent by kind and key, for work that a call did itself; false when it had ended before.
    ///
    /// # Errors
    /// What the database said.
    pub async fn intent_finish_key(&self, kind: &'static str, key: &str) -> Result<bool, Error> {
        Ok(self
            .exec(
                "DELETE FROM intent WHERE kind = $1 AND key = $2",
                vec![kind.into(), key.into()],
            )
            .await?
            > 0)
    }

    /// The intent of a kind and key, when it is still owed.
    ///
    /// # Errors
    /// What the database said.
    pub async fn intent_fetch(
        &self,
        kind: &'static str,
        key: &str,
    ) -> Result<Option<Intent>, Error> {
        let sql =
            "SELECT intent_id, key, payload, attempts FROM intent WHERE kind = $1 AND key = $2";
        self.one(sql, vec![kind.into(), key.into()])
            .await?
            .map(|row| read(&row))
            .transpose()
    }
}

fn read(row: &crate::store::Row) -> Result<Intent, Error> {
    Ok(Intent {
        id: row.try_get_by_index(0)?,
        key: row.try_get_by_index(1)?,
        payload: row.try_get_by_index(2)?,
        attempts: row.try_get_by_index(3)?,
    })
}

fn lease_end(now: i64) -> i64 {
    now.saturating_add(i64::try_from(LEASE.as_micros()).unwrap_or(i64::MAX))
}

/// Works off the intents of a service.
pub(crate) struct Reconciler {
    pub(crate) store: Store,
    pub(crate) handlers: Vec<Arc<dyn IntentHandler>>,
    pub(crate) owner: String,
}

impl Reconciler {
    /// Works until it is told to stop; it stops between two intents.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut nudges = self.store.nudges().intents.subscribe();
        while !stop.is_cancelled() {
            nudges.borrow_and_update();
            let mut worked = false;
            for handler in &self.handlers {
                match self.step(handler).await {
                    Ok(done) => worked |= done,
                    Err(error) => tracing::warn!(kind = handler.kind(), %error, "intents wait"),
                }
            }
            if !worked {
                crate::facts::wait(&mut nudges, TICK, &stop).await;
            }
        }
    }

    /// Tries the oldest intent of a kind that is due; false when there is none.
    async fn step(&self, handler: &Arc<dyn IntentHandler>) -> Result<bool, Error> {
        let call = Call::background("reconcile", PATIENCE);
        let Some((intent, traceparent)) = self.leased(&call, handler.kind()).await? else {
            return Ok(false);
        };
        let span = crate::telemetry::span_from_traceparent(handler.kind(), traceparent.as_deref());
        let worked = self.held(&intent, handler.run(&call, &intent).instrument(span));
        match worked.await {
            Ok(()) => {
                self.store.count_activity(1);
                nudge(&self.store.nudges().settled);
            }
            Err(error) => {
                tracing::warn!(kind = handler.kind(), key = intent.key, attempts = intent.attempts + 1, %error, "an intent is tried again later");
                self.postponed(&intent, &error).await?;
            }
        }
        Ok(true)
    }

    /// Does the work and renews its lease meanwhile, so that a lease can be short and a crashed owner is soon replaced.
    async fn held(
        &self,
        intent: &Intent,
        work: impl Future<Output = Result<(), Error>>,
    ) -> Result<(), Error> {
        tokio::pin!(work);
        loop {
            tokio::select! {
                worked = &mut work => return worked,
                () = tokio::time::sleep(RENEW) => {
                    // A lease that is lost costs a second attempt at most: effects happen once by their own keys.
                    if let Err(error) = self.renewed(intent).await {
                        tracing::warn!(key = intent.key, %error, "a lease could not be renewed");
                    }
                }
            }
        }
    }

    async fn renewed(&self, intent: &Intent) -> Result<(), Error> {
        let call = Call::background("reconcile", RENEW);
        let (id, owner) = (intent.id, Arc::<str>::from(self.owner.as_str()));
        let renewed = self.store.write(&call, "intent_renew", move |tx| {
            let owner = Arc::clone(&owner);
            Box::pin(async move {
                let sql =
                    "UPDATE intent SET lease_until = $1 WHERE intent_id = $2 AND lease_owner = $3";
                let until = lease_end(tx.now_micros());
                tx.exec(sql, vec![until.into(), id.into(), owner.to_string().into()])
                    .await
            })
        });
        renewed.await.map(|_| ())
    }

    async fn leased(
        &self,
        call: &Call,
        kind: &'static str,
    ) -> Result<Option<(Intent, Option<String>)>, Error> {
        // Looking is cheap and needs no writer; only who finds something takes it.
        let now = self.store.clock().now_micros();
        let due = self
            .store
            .read(call, "intent_due", move |tx| {
                Box::pin(async move {
                    let sql = "SELECT COUNT(*) FROM intent WHERE kind = $1 AND due_at <= $2 AND lease_until < $2";
                    tx.number(sql, vec![kind.into(), now.into()]).await
                })
            })
            .await?;
        if due == 0 {
            return Ok(None);
        }
        let owner = Arc::<str>::from(self.owner.as_str());
        self.store
            .write(call, "intent_lease", move |tx| {
                let owner = Arc::clone(&owner);
                Box::pin(async move {
                    let now = tx.now_micros();
                    let until = lease_end(now);
                    let sql = "UPDATE intent SET lease_owner = $1, lease_until = $2 WHERE intent_id = (SELECT intent_id FROM intent \
                               WHERE kind = $3 AND due_at <= $4 AND lease_until < $4 ORDER BY intent_id LIMIT 1) AND lease_until < $4 \
                               RETURNING intent_id, key, payload, attempts, traceparent";
                    let row = tx.one(sql, vec![owner.to_string().into(), until.into(), kind.into(), now.into()]).await?;
                    row.map(|row| Ok((read(&row)?, row.try_get_by_index(4)?))).transpose()
                })
            })
            .await
    }

    async fn postponed(&self, intent: &Intent, error: &Error) -> Result<(), Error> {
        let call = Call::background("reconcile", Duration::from_secs(10));
        let (id, wait) = (
            intent.id,
            (50_000i64 << intent.attempts.clamp(0, 20)).min(LONGEST),
        );
        let error = Arc::<str>::from(error.to_string());
        self.store
            .write(&call, "intent_postpone", move |tx| {
                let error = Arc::clone(&error);
                Box::pin(async move {
                    let sql = "UPDATE intent SET attempts = attempts + 1, due_at = $1, lease_owner = NULL, lease_until = 0, last_error = $2 WHERE intent_id = $3";
                    tx.exec(sql, vec![(tx.now_micros() + wait).into(), error.to_string().into(), id.into()]).await
                })
            })
            .await
            .map(|_| ())
    }
}
