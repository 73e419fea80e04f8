//! The spans of database work, with the stable database conventions.
//!
//! It must not know statements: their text may hold secrets and is never recorded.

use tracing::{Span, field::Empty};

/// The database a span is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DbSystem {
    /// SQLite, in the process.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

impl DbSystem {
    /// The name that the conventions give it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgresql",
        }
    }
}

/// A span for one named transaction or read, `db_span("order_intake", DbSystem::Sqlite)`.
///
/// It is a child of the current span. Where nobody listens it costs one atomic load.
pub fn db_span(operation: &'static str, system: DbSystem) -> Span {
    tracing::info_span!(
        target: "takt::span",
        "db",
        otel.name = operation,
        otel.kind = "client",
        otel.status_code = Empty,
        db.system.name = system.name(),
        db.operation.name = operation,
        db.response.status_code = Empty,
        "error.type" = Empty,
    )
}

/// Marks a span as failed, by a short stable name of the error and not its text.
pub fn span_failed(span: &Span, error_type: &str) {
    if !span.is_disabled() {
        span.record("error.type", error_type);
        span.record("otel.status_code", "ERROR");
    }
}
