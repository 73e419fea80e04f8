//! A transaction in the hands of a store function: statements, sets of rows, and what they leave for others to do.
//!
//! It must not know any table of a service. Invariant: no statement begins after the deadline of the call.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use futures_util::Stream;
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Statement, StreamTrait, Value,
};
use tokio::time::Instant;

use super::Dialect;
use crate::Error;

/// A row of an answer; read it by index or by name.
pub type Row = sea_orm::QueryResult;

/// A transaction. It is lent to store functions and ends where it began.
pub struct Tx {
    inner: DatabaseTransaction,
    dialect: Dialect,
    now_micros: i64,
    deadline: Instant,
    left_facts: AtomicBool,
    left_intents: AtomicBool,
}

/// What a commit leaves for the workers behind the store.
pub(super) struct WorkLeft {
    pub(super) facts: bool,
    pub(super) intents: bool,
}

impl Tx {
    pub(super) fn new(
        inner: DatabaseTransaction,
        dialect: Dialect,
        now_micros: i64,
        deadline: Instant,
    ) -> Self {
        Self {
            inner,
            dialect,
            now_micros,
            deadline,
            left_facts: AtomicBool::new(false),
            left_intents: AtomicBool::new(false),
        }
    }

    /// The technical time at which the transaction began, in microseconds since 1970-01-01T00:00Z.
    pub fn now_micros(&self) -> i64 {
        self.now_micros
    }

    /// Which database this is; for the few statements that differ.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The connection, for sea-orm's own queries.
    pub fn connection(&self) -> &DatabaseTransaction {
        &self.inner
    }

    /// The rows of a query. Placeholders are `$1`, `$2` on both databases.
    ///
    /// # Errors
    /// `Late` when the deadline has passed, or what the database said.
    pub async fn rows(&self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, Error> {
        self.check_deadline()?;
        Ok(self
            .inner
            .query_all_raw(self.statement(sql, values))
            .await?)
    }

    /// The rows of a query one by one, for answers that are too long to hold.
    ///
    /// # Errors
    /// `Late` when the deadline has passed, or what the database said.
    pub async fn stream<'t>(
        &'t self,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<impl Stream<Item = Result<Row, DbErr>> + Send + 't, Error> {
        self.check_deadline()?;
        Ok(self.inner.stream_raw(self.statement(sql, values)).await?)
    }

    /// The first row of a query, if there is one.
    ///
    /// # Errors
    /// `Late` when the deadline has passed, or what the database said.
    pub async fn one(&self, sql: &str, values: Vec<Value>) -> Result<Option<Row>, Error> {
        self.check_deadline()?;
        Ok(self
            .inner
            .query_one_raw(self.statement(sql, values))
            .await?)
    }

    /// The single number of a query such as a count; 0 when it is null or there is no row.
    ///
    /// # Errors
    /// `Late` when the deadline has passed, or what the database said.
    pub async fn number(&self, sql: &str, values: Vec<Value>) -> Result<i64, Error> {
        match self.one(sql, values).await? {
            Some(row) => Ok(row.try_get_by_index::<Option<i64>>(0)?.unwrap_or_default()),
            None => Ok(0),
        }
    }

    /// Runs a statement and says how many rows it changed.
    ///
    /// # Errors
    /// `Late` when the deadline has passed, or what the database said.
    pub async fn exec(&self, sql: &str, values: Vec<Value>) -> Result<u64, Error> {
        self.check_deadline()?;
        Ok(self
            .inner
            .execute_raw(self.statement(sql, values))
            .await?
            .rows_affected())
    }

    /// Refuses to go on after the deadline of the call.
    ///
    /// # Errors
    /// `Late`.
    pub fn check_deadline(&self) -> Result<(), Error> {
        if Instant::now() >= self.deadline {
            Err(Error::late("the transaction"))
        } else {
            Ok(())
        }
    }

    pub(super) fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    pub(crate) fn leave_facts(&self) {
        self.left_facts.store(true, Ordering::Relaxed);
    }

    pub(crate) fn leave_intents(&self) {
        self.left_intents.store(true, Ordering::Relaxed);
    }

    pub(super) fn work_left(&self) -> WorkLeft {
        WorkLeft {
            facts: self.left_facts.load(Ordering::Relaxed),
            intents: self.left_intents.load(Ordering::Relaxed),
        }
    }

    pub(super) async fn commit(self) -> Result<(), Error> {
        // A commit that is broken off may have happened; a conflict found at commit certainly has not.
        self.inner.commit().await.map_err(|error| {
            let error = Error::from(error);
            if error.is_retryable() {
                error
            } else {
                error.maybe()
            }
        })
    }

    pub(super) async fn rollback(self) -> Result<(), Error> {
        Ok(self.inner.rollback().await?)
    }

    fn statement(&self, sql: &str, values: Vec<Value>) -> Statement {
        let backend = match self.dialect {
            Dialect::Sqlite => DbBackend::Sqlite,
            Dialect::Postgres => DbBackend::Postgres,
        };
        Statement::from_sql_and_values(backend, sql, values)
    }
}
