//! What an error of the database means, by its code: SQLSTATE on PostgreSQL, the extended result code on SQLite.
//!
//! It must not know any table. Invariants: nothing is decided by the text of a message except the name of a
//! violated constraint; an unknown error is a fault of ours, never a refusal.

use std::time::Duration;

use sea_orm::{
    ConnAcquireErr, DbErr, RuntimeErr, SqlxError,
    sqlx::{self, error::DatabaseError},
};

use super::Error;

/// The wait suggested while the database has no free connection.
const FULL: Duration = Duration::from_millis(500);

/// SQLite's result codes that matter here (<https://sqlite.org/rescode.html>); the low byte is the primary code.
mod sqlite {
    pub(super) const BUSY: i32 = 5;
    pub(super) const LOCKED: i32 = 6;
    pub(super) const INTERRUPT: i32 = 9;
    pub(super) const IOERR: i32 = 10;
    pub(super) const FULL: i32 = 13;
    pub(super) const CANTOPEN: i32 = 14;
    pub(super) const CONSTRAINT_CHECK: i32 = 275;
    pub(super) const CONSTRAINT_FOREIGNKEY: i32 = 787;
    pub(super) const CONSTRAINT_PRIMARYKEY: i32 = 1555;
    pub(super) const CONSTRAINT_UNIQUE: i32 = 2067;
    pub(super) const CONSTRAINT_ROWID: i32 = 2579;
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        match &error {
            DbErr::ConnectionAcquire(ConnAcquireErr::Timeout) => {
                Self::busy("calls waiting for the database", FULL)
            }
            DbErr::ConnectionAcquire(_) => Self::down("database", &error),
            DbErr::Conn(RuntimeErr::Internal(detail)) => Self::down("database", detail),
            DbErr::Conn(RuntimeErr::SqlxError(inner))
            | DbErr::Exec(RuntimeErr::SqlxError(inner))
            | DbErr::Query(RuntimeErr::SqlxError(inner)) => from_sqlx(inner),
            DbErr::RecordNotFound(what) => Self::missing("record", what),
            _ => Self::broken(chain(&error)),
        }
    }
}

impl From<SqlxError> for Error {
    fn from(error: SqlxError) -> Self {
        from_sqlx(&error)
    }
}

fn from_sqlx(error: &SqlxError) -> Error {
    match error {
        sqlx::Error::Database(inner) => from_code(inner.as_ref()),
        sqlx::Error::PoolTimedOut => Error::busy("calls waiting for the database", FULL),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => Error::down("database", chain(error)),
        _ => Error::broken(chain(error)),
    }
}

fn from_code(error: &dyn DatabaseError) -> Error {
    let code = error.code().unwrap_or_default();
    // A SQLSTATE always has five places; a result code of SQLite has at most four.
    if code.len() == 5 {
        from_sqlstate(&code, error)
    } else {
        from_result_code(code.parse().unwrap_or_default(), error)
    }
}

pub(super) fn from_sqlstate(code: &str, error: &dyn DatabaseError) -> Error {
    match code {
        // serialization_failure, deadlock_detected, lock_not_available
        "40001" | "40P01" | "55P03" => conflict(error),
        "23505" => Error::exists(table(error), ""),
        "23503" => reference_missing(error),
        "23514" => check_violated(error),
        // query_canceled: the statement timeout, which is the deadline of the call.
        "57014" => Error::late("the database statement"),
        _ => match code.get(..2) {
            // connection exceptions, and operator intervention (shutdown, crash, not yet started)
            Some("08" | "57") => Error::down("database", chain(error)),
            // insufficient resources: connections, memory, disk
            Some("53") => Error::busy("calls on the database", FULL),
            _ => Error::broken(format!("{code}: {}", chain(error))),
        },
    }
}

fn from_result_code(code: i32, error: &dyn DatabaseError) -> Error {
    match code {
        sqlite::CONSTRAINT_UNIQUE | sqlite::CONSTRAINT_PRIMARYKEY | sqlite::CONSTRAINT_ROWID => {
            Error::exists(table(error), "")
        }
        sqlite::CONSTRAINT_FOREIGNKEY => reference_missing(error),
        sqlite::CONSTRAINT_CHECK => check_violated(error),
        _ => match code & 0xff {
            sqlite::BUSY | sqlite::LOCKED => conflict(error),
            sqlite::INTERRUPT => Error::late("the database statement"),
            sqlite::IOERR | sqlite::FULL | sqlite::CANTOPEN => {
                Error::down("database", chain(error))
            }
            _ => Error::broken(format!("{code}: {}", chain(error))),
        },
    }
}

fn conflict(error: &dyn DatabaseError) -> Error {
    Error::Conflict {
        detail: error.message().to_owned(),
    }
}

fn reference_missing(error: &dyn DatabaseError) -> Error {
    Error::refused(
        "REFERENCE_MISSING",
        "something that the request names does not exist or is still in use",
    )
    .with("constraint", constraint(error))
}

/// The check constraints are the net under the rules of the domain: each is named after the invariant it holds.
fn check_violated(error: &dyn DatabaseError) -> Error {
    let constraint = constraint(error);
    Error::refused(
        "INVARIANT_VIOLATED",
        format!("the invariant {constraint} forbids this"),
    )
    .with("constraint", constraint)
}

/// The constraint by the driver, or from SQLite's `CHECK constraint failed: name`.
fn constraint(error: &dyn DatabaseError) -> String {
    match error.constraint() {
        Some(name) => name.to_owned(),
        None => match error.message().rsplit_once("failed: ") {
            Some((_, name)) => name.to_owned(),
            None => String::new(),
        },
    }
}

/// The table by the driver, or from SQLite's `UNIQUE constraint failed: table.column, ..`.
fn table(error: &dyn DatabaseError) -> String {
    let name = match error.table() {
        Some(name) => name.to_owned(),
        None => constraint(error)
            .split_once('.')
            .map(|(table, _)| table.to_owned())
            .unwrap_or_default(),
    };
    if name.is_empty() {
        "record".to_owned()
    } else {
        name
    }
}

/// An error with all its causes, for the log.
fn chain(error: &(impl std::error::Error + ?Sized)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let next_text = next.to_string();
        if !text.contains(&next_text) {
            text.push_str(": ");
            text.push_str(&next_text);
        }
        cause = next.source();
    }
    text
}
