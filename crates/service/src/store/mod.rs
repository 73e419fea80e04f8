//! The database of a service: named transactions over one writer and several readers, on SQLite and PostgreSQL.
//!
//! It must not know any table of a service. Invariants: a transaction runs in a task of its own, so a caller that
//! goes away never drops one half way; it is begun anew on conflicts and on nothing else; no statement begins after
//! the call's deadline; whoever is told of an error also learns whether the outcome is certain.

mod bulk;
mod connect;
mod interrupt;
mod migrate;
mod once;
mod schema;
mod tx;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::future::BoxFuture;
use sea_orm::{
    AccessMode, DatabaseConnection, IsolationLevel, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use takt_kernel::Clock;
use tokio::sync::watch;
use tracing::Instrument;

use crate::{
    Call, Error,
    telemetry::{DbSystem, db_span},
};

use interrupt::Interrupt;

pub use connect::{StoreOptions, Synchronous};
pub(crate) use once::MIGRATION as ONCE_MIGRATION;
pub use once::Once;
pub use schema::Migration;
pub use tx::{Row, Tx};

/// The databases that a service runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite, embedded: one file, one writer.
    Sqlite,
    /// PostgreSQL, 14 or later.
    Postgres,
}

impl Dialect {
    /// The well-known name of OpenTelemetry's database conventions.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgresql",
        }
    }
}

/// How often a transaction is begun anew when it was in conflict with another one.
const ATTEMPTS: u32 = 8;

/// A service's database. Clones share the connections.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    writer: DatabaseConnection,
    reader: DatabaseConnection,
    dialect: Dialect,
    clock: Clock,
    interrupt: Arc<Interrupt>,
    nudges: Nudges,
    activity: AtomicU64,
}

/// Wakes the workers behind the store when a commit left work for them. A nudge is a number that grows, so that
/// none is lost while a worker is busy.
pub(crate) struct Nudges {
    pub(crate) facts: watch::Sender<u64>,
    pub(crate) intents: watch::Sender<u64>,
    pub(crate) settled: watch::Sender<u64>,
}

impl Default for Nudges {
    fn default() -> Self {
        Self {
            facts: watch::Sender::new(0),
            intents: watch::Sender::new(0),
            settled: watch::Sender::new(0),
        }
    }
}

/// Wakes whoever watches.
pub(crate) fn nudge(sender: &watch::Sender<u64>) {
    sender.send_modify(|count| *count = count.wrapping_add(1));
}

impl Store {
    /// Opens the database of a URL such as `sqlite:///data/delivery.sqlite` or `postgres://user@host/takt_delivery`.
    ///
    /// # Errors
    /// `Down` when the database cannot be reached, `Invalid` when the URL names no database that is known.
    pub async fn open(options: &StoreOptions, clock: Clock) -> Result<Self, Error> {
        let interrupt = Arc::new(Interrupt::default());
        let opened = connect::open(options, &interrupt).await?;
        Ok(Self(Arc::new(Inner {
            writer: opened.writer,
            reader: opened.reader,
            dialect: opened.dialect,
            clock,
            interrupt,
            nudges: Nudges::default(),
            activity: AtomicU64::new(0),
        })))
    }

    /// Runs `work` in a transaction that may write, and commits it. `name` says what for, in traces and in the log.
    ///
    /// `work` may run several times, so everything it takes in must be owned and stay as it is.
    ///
    /// # Errors
    /// Those of `work`, `Late` when the deadline has passed, `Conflict` when other transactions were in the way until
    /// the last attempt, `Down` when the database is gone; where a commit was broken off, the outcome is `Maybe`.
    pub async fn write<T, F>(&self, call: &Call, name: &'static str, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t Tx) -> BoxFuture<'t, Result<T, Error>> + Send + Sync + 'static,
    {
        let store = self.clone();
        let call = call.clone();
        let span = self.span(name);
        let task = async move { store.attempts(&call, name, work).await }.instrument(span);
        #[expect(
            clippy::disallowed_methods,
            reason = "a caller that goes away must not cut a transaction in two"
        )]
        let written = tokio::spawn(task).await;
        match written {
            Ok(answer) => answer,
            Err(_) => Err(Error::broken(format!("the transaction {name} panicked")).maybe()),
        }
    }

    /// Runs `work` over one snapshot that cannot write.
    ///
    /// # Errors
    /// Those of `work`, `Late` when the deadline has passed, `Down` when the database is gone.
    pub async fn read<T, F>(&self, call: &Call, name: &'static str, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t Tx) -> BoxFuture<'t, Result<T, Error>> + Send + Sync + 'static,
    {
        let span = self.span(name);
        let mut attempt = 0;
        loop {
            let answer = async {
                let tx = self.begin(call, true).await?;
                let answer = work(&tx).await;
                // A snapshot has nothing to lose: how it ends does not matter to the answer.
                let _ = tx.rollback().await;
                answer
            }
            .instrument(span.clone())
            .await;
            match answer {
                Err(error) if error.is_retryable() && attempt < ATTEMPTS => attempt += 1,
                answer => return answer,
            }
        }
    }

    /// The clock of technical times: leases, retention, audit.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Which database this is.
    pub fn dialect(&self) -> Dialect {
        self.0.dialect
    }

    /// Closes the connections; SQLite folds its write-ahead log into the file.
    pub async fn close(&self) {
        // What cannot be closed is gone already.
        let _ = self.0.reader.clone().close().await;
        let _ = self.0.writer.clone().close().await;
    }

    pub(crate) fn nudges(&self) -> &Nudges {
        &self.0.nudges
    }

    pub(crate) fn writer(&self) -> &DatabaseConnection {
        &self.0.writer
    }

    /// Counts work that other services may react to, so that a caller can see when nothing moves any more.
    pub(crate) fn count_activity(&self, by: u64) {
        self.0.activity.fetch_add(by, Ordering::Relaxed);
    }

    pub(crate) fn activity(&self) -> u64 {
        self.0.activity.load(Ordering::Relaxed)
    }

    pub(crate) fn span(&self, name: &'static str) -> tracing::Span {
        let system = match self.0.dialect {
            Dialect::Sqlite => DbSystem::Sqlite,
            Dialect::Postgres => DbSystem::Postgres,
        };
        db_span(name, system)
    }

    async fn attempts<T, F>(&self, call: &Call, name: &'static str, work: F) -> Result<T, Error>
    where
        F: for<'t> Fn(&'t Tx) -> BoxFuture<'t, Result<T, Error>> + Send + Sync + 'static,
    {
        let mut attempt = 0;
        loop {
            match self.attempt(call, &work).await {
                Err(error) if error.is_retryable() && attempt < ATTEMPTS => {
                    attempt += 1;
                    tracing::debug!(transaction = name, attempt, %error, "beginning anew");
                    tokio::time::sleep(Duration::from_millis(1 << attempt.min(6))).await;
                }
                answer => return answer,
            }
        }
    }

    async fn attempt<T, F>(&self, call: &Call, work: &F) -> Result<T, Error>
    where
        F: for<'t> Fn(&'t Tx) -> BoxFuture<'t, Result<T, Error>>,
    {
        let tx = self.begin(call, false).await?;
        let worked = match work(&tx).await {
            Ok(answer) => tx.check_deadline().map(|()| answer),
            Err(error) => Err(error),
        };
        match worked {
            Ok(answer) => {
                let left = tx.work_left();
                let committed = tx.commit().await;
                self.0.interrupt.never();
                committed?;
                if left.facts {
                    nudge(&self.0.nudges.facts);
                }
                if left.intents {
                    nudge(&self.0.nudges.intents);
                }
                Ok(answer)
            }
            Err(error) => {
                self.0.interrupt.never();
                // The connection is dropped where even the rollback fails; either way nothing was changed.
                let _ = tx.rollback().await;
                Err(error)
            }
        }
    }

    async fn begin(&self, call: &Call, read_only: bool) -> Result<Tx, Error> {
        if call.is_late() {
            return Err(Error::late("the transaction"));
        }
        let connection = if read_only {
            &self.0.reader
        } else {
            &self.0.writer
        };
        let (isolation, mode) = match self.0.dialect {
            Dialect::Sqlite if read_only => (None, Some(SqliteTransactionMode::Deferred)),
            Dialect::Sqlite => (None, Some(SqliteTransactionMode::Immediate)),
            Dialect::Postgres if read_only => (Some(IsolationLevel::RepeatableRead), None),
            Dialect::Postgres => (Some(IsolationLevel::ReadCommitted), None),
        };
        let options = TransactionOptions {
            isolation_level: isolation,
            access_mode: (self.0.dialect == Dialect::Postgres && read_only)
                .then_some(AccessMode::ReadOnly),
            sqlite_transaction_mode: mode,
        };
        let inner = tokio::time::timeout_at(call.deadline, connection.begin_with_options(options))
            .await
            .map_err(|_| Error::late("the wait for the database"))??;
        let tx = Tx::new(
            inner,
            self.0.dialect,
            self.0.clock.now_micros(),
            call.deadline,
        );
        match self.0.dialect {
            Dialect::Sqlite if !read_only => self.0.interrupt.after(tx.time_left()),
            Dialect::Sqlite => {}
            Dialect::Postgres => {
                let millis = tx.time_left().as_millis().clamp(1, 86_400_000);
                tx.exec(&format!("SET LOCAL statement_timeout = {millis}"), vec![])
                    .await?;
            }
        }
        Ok(tx)
    }
}
