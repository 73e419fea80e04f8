//! Brings a schema up to what the binary knows, under a lock, each step in a transaction.
//!
//! It must not know any table of a service. Invariants: many starters end with one schema; a binary refuses a
//! schema that is newer than it knows; a step that failed left nothing.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement, TransactionTrait};
use sea_orm::{SqliteTransactionMode, TransactionOptions};

use super::{Dialect, Migration, Store};
use crate::Error;

/// The advisory lock of PostgreSQL under which schemas change: the letters `takt`.
const LOCK: i64 = 0x7461_6b74;

impl Store {
    /// Applies the steps that the database does not have yet and answers with their names.
    ///
    /// # Errors
    /// `Refused` with SCHEMA_NEWER when the database holds steps that are not listed; what the database said.
    pub async fn migrate(&self, migrations: &[Migration]) -> Result<Vec<&'static str>, Error> {
        let connection = self.writer();
        let table = "CREATE TABLE IF NOT EXISTS takt_schema (name VARCHAR(64) PRIMARY KEY, applied_at BIGINT NOT NULL)";
        let now = self.clock().now_micros();
        let mut applied = Vec::new();
        // One transaction for all steps: the lock holds for all of them, and a starter that dies leaves nothing.
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let tx = connection.begin_with_options(options).await?;
        if self.dialect() == Dialect::Postgres {
            tx.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({LOCK})"))
                .await?;
        }
        tx.execute_unprepared(table).await?;
        let present = names(&tx).await?;
        refuse_newer(&present, migrations)?;
        for migration in migrations {
            if present.iter().any(|name| name == migration.name) {
                continue;
            }
            for sql in migration.statements(self.dialect()) {
                tx.execute_unprepared(&sql).await.map_err(|error| {
                    Error::broken(format!("migration {}: {error}\n{sql}", migration.name))
                })?;
            }
            let record = "INSERT INTO takt_schema (name, applied_at) VALUES ($1, $2)";
            let values: Vec<sea_orm::Value> = vec![migration.name.into(), now.into()];
            tx.execute_raw(Statement::from_sql_and_values(
                tx.get_database_backend(),
                record,
                values,
            ))
            .await?;
            applied.push(migration.name);
        }
        tx.commit().await?;
        Ok(applied)
    }

    /// The steps that the database does not have yet; it needs no right to change the schema.
    ///
    /// # Errors
    /// `Refused` with SCHEMA_NEWER when the database holds steps that are not listed; what the database said.
    pub async fn migrations_pending(
        &self,
        migrations: &[Migration],
    ) -> Result<Vec<&'static str>, Error> {
        let present = match table_exists(self.writer(), self.dialect()).await? {
            true => names(self.writer()).await?,
            false => Vec::new(),
        };
        refuse_newer(&present, migrations)?;
        let missing = migrations
            .iter()
            .filter(|migration| !present.iter().any(|name| name == migration.name));
        Ok(missing.map(|migration| migration.name).collect())
    }
}

fn refuse_newer(present: &[String], migrations: &[Migration]) -> Result<(), Error> {
    match present
        .iter()
        .find(|name| !migrations.iter().any(|migration| migration.name == **name))
    {
        Some(name) => Err(Error::refused(
            "SCHEMA_NEWER",
            format!(
                "the database has the step {name}, which this binary does not know; start a newer binary"
            ),
        )),
        None => Ok(()),
    }
}

async fn names<C: ConnectionTrait>(connection: &C) -> Result<Vec<String>, DbErr> {
    let sql = "SELECT name FROM takt_schema";
    let rows = connection
        .query_all_raw(Statement::from_string(
            connection.get_database_backend(),
            sql,
        ))
        .await?;
    rows.iter()
        .map(|row| row.try_get_by_index::<String>(0))
        .collect()
}

async fn table_exists(connection: &DatabaseConnection, dialect: Dialect) -> Result<bool, DbErr> {
    let (backend, sql) = match dialect {
        Dialect::Sqlite => (
            DbBackend::Sqlite,
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'takt_schema'",
        ),
        Dialect::Postgres => (
            DbBackend::Postgres,
            "SELECT table_name FROM information_schema.tables WHERE table_name = 'takt_schema' AND table_schema = ANY (current_schemas(false))",
        ),
    };
    Ok(connection
        .query_one_raw(Statement::from_string(backend, sql))
        .await?
        .is_some())
}
