//! One text for the tables of both databases: tokens stand for the few words that differ.
//!
//! It must not know any table. Invariant: a migration that was released is never changed.

use super::Dialect;

/// One step of a schema, applied once and in a transaction.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// The name under which the step is recorded; steps run in the order in which they are listed.
    pub name: &'static str,
    /// The statements, with the tokens of [`Migration::statements`].
    pub up: &'static [&'static str],
}

impl Migration {
    /// The statements for a database. `{id}` is a primary key that the writer gives, `{serial}` one that the database
    /// counts, `{int}` a 64-bit integer, `{text}` text ordered by bytes, `{blob}` bytes, and `{rowless}` behind a
    /// table with a key of several columns keeps SQLite from storing the key twice. `{xid}` is the number of the
    /// transaction that writes the row, where the database has one. A statement that begins with `{postgres}` is for
    /// PostgreSQL alone.
    pub fn statements(&self, dialect: Dialect) -> Vec<String> {
        let words: [(&str, &str); 7] = match dialect {
            Dialect::Sqlite => [
                ("{id}", "INTEGER PRIMARY KEY"),
                ("{serial}", "INTEGER PRIMARY KEY AUTOINCREMENT"),
                ("{int}", "BIGINT"),
                ("{text}", "TEXT"),
                ("{blob}", "BLOB"),
                ("{rowless}", "WITHOUT ROWID"),
                ("{xid}", "BIGINT NOT NULL DEFAULT 0"),
            ],
            Dialect::Postgres => [
                ("{id}", "BIGINT PRIMARY KEY"),
                (
                    "{serial}",
                    "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
                ),
                ("{int}", "BIGINT"),
                ("{text}", "TEXT COLLATE \"C\""),
                ("{blob}", "BYTEA"),
                ("{rowless}", ""),
                (
                    "{xid}",
                    "BIGINT NOT NULL DEFAULT CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)",
                ),
            ],
        };
        let mut answer = Vec::with_capacity(self.up.len());
        for statement in self.up {
            let mut sql = match (statement.strip_prefix("{postgres}"), dialect) {
                (Some(_), Dialect::Sqlite) => continue,
                (Some(rest), Dialect::Postgres) => rest.to_owned(),
                (None, _) => (*statement).to_owned(),
            };
            for (token, word) in words {
                sql = sql.replace(token, word);
            }
            answer.push(sql);
        }
        answer
    }
}
