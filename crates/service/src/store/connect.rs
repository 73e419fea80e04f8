//! Opens the connections: on SQLite one writer and several readers over a write-ahead log, on PostgreSQL a pool.
//!
//! It must not know any table. Invariant: what is opened twice behaves the same.

use std::{path::PathBuf, str::FromStr, sync::Arc, time::Duration};

use sea_orm::{
    DatabaseConnection, SqlxPostgresConnector, SqlxSqliteConnector,
    sqlx::{
        ConnectOptions,
        postgres::{PgConnectOptions, PgPoolOptions},
        sqlite::{
            SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions,
            SqliteSynchronous,
        },
    },
};

use super::{Dialect, Interrupt};
use crate::Error;

/// When SQLite waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Synchronous {
    /// At every commit: an acknowledged change survives power loss.
    #[default]
    Full,
    /// At checkpoints: an acknowledged change survives the process, and a power loss may take the last ones.
    Normal,
}

/// Which database to open, and how.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// `sqlite:PATH` or `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.
    pub url: String,
    /// When SQLite waits for the disk.
    pub synchronous: Synchronous,
    /// The number of connections that read on SQLite, or of all connections on PostgreSQL.
    pub connections: u32,
}

impl StoreOptions {
    /// The defaults for a URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            synchronous: Synchronous::Full,
            connections: 4,
        }
    }

    /// A SQLite database in a file.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::new(format!("sqlite:{}", path.into().display()))
    }
}

pub(super) struct Opened {
    pub(super) writer: DatabaseConnection,
    pub(super) reader: DatabaseConnection,
    pub(super) dialect: Dialect,
}

/// How long a call may wait for a connection; its deadline is usually nearer.
const ACQUIRE: Duration = Duration::from_secs(30);

pub(super) async fn open(
    options: &StoreOptions,
    interrupt: &Arc<Interrupt>,
) -> Result<Opened, Error> {
    let url = options.url.as_str();
    if let Some(path) = url.strip_prefix("sqlite:") {
        sqlite(path.trim_start_matches("//"), options, interrupt).await
    } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
        postgres(url, options).await
    } else {
        Err(Error::invalid(
            "database_url",
            "it begins neither with sqlite: nor with postgres:",
        ))
    }
}

async fn sqlite(
    path: &str,
    options: &StoreOptions,
    interrupt: &Arc<Interrupt>,
) -> Result<Opened, Error> {
    if path.is_empty() || path.contains(":memory:") {
        return Err(Error::invalid(
            "database_url",
            "give a file, as in sqlite:takt-data/delivery.sqlite",
        ));
    }
    let connect = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(match options.synchronous {
            Synchronous::Full => SqliteSynchronous::Full,
            Synchronous::Normal => SqliteSynchronous::Normal,
        })
        .auto_vacuum(SqliteAutoVacuum::Incremental)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        .pragma("cache_size", "-32000")
        .pragma("temp_store", "MEMORY")
        .pragma("journal_size_limit", "67108864")
        .pragma("wal_autocheckpoint", "4000")
        .statement_cache_capacity(256)
        .disable_statement_logging();
    let interrupt = Arc::clone(interrupt);
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .acquire_timeout(ACQUIRE)
        .after_connect(move |connection, _| {
            let interrupt = Arc::clone(&interrupt);
            Box::pin(async move {
                let mut handle = connection.lock_handle().await?;
                handle.set_progress_handler(10_000, move || interrupt.may_go_on());
                Ok(())
            })
        })
        .connect_with(connect.clone())
        .await?;
    let reader = SqlitePoolOptions::new()
        .max_connections(options.connections.max(1))
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .acquire_timeout(ACQUIRE)
        .connect_with(connect.pragma("query_only", "ON"))
        .await?;
    Ok(Opened {
        writer: SqlxSqliteConnector::from_sqlx_sqlite_pool(writer),
        reader: SqlxSqliteConnector::from_sqlx_sqlite_pool(reader),
        dialect: Dialect::Sqlite,
    })
}

async fn postgres(url: &str, options: &StoreOptions) -> Result<Opened, Error> {
    let connect = PgConnectOptions::from_str(url)
        .map_err(|error| Error::invalid("database_url", error))?
        .application_name("takt")
        .statement_cache_capacity(256)
        .disable_statement_logging();
    let pool = PgPoolOptions::new()
        .max_connections(options.connections.max(2))
        .acquire_timeout(ACQUIRE)
        .connect_with(connect)
        .await?;
    let connection = SqlxPostgresConnector::from_sqlx_postgres_pool(pool);
    Ok(Opened {
        writer: connection.clone(),
        reader: connection,
        dialect: Dialect::Postgres,
    })
}
