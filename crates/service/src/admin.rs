//! What an operator or a test asks a whole service: status, digest, invariants.
//!
//! It must not know what the tables mean: the service lists them. Invariant: a digest depends on the business content
//! alone, not on the database, the order of rows or the time.

use std::sync::Arc;

use futures_util::TryStreamExt;
use sha2::{Digest, Sha256};
use takt_contract::common::v1::{self as pb, admin_service_server::AdminService};
use tonic::{Request, Response, Status};

use crate::{
    Call, Error, Store,
    store::{Dialect, Row, Tx},
};

/// A table of a service with the columns that are business.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// The table.
    pub name: &'static str,
    /// Its business columns: no technical times, and no numbers that depend on the order of arrival.
    pub columns: &'static [&'static str],
}

/// A rule that the rows of a service keep at rest.
#[derive(Debug, Clone, Copy)]
pub struct Invariant {
    /// The id in the README, `ST-2`.
    pub id: &'static str,
    /// The rule in a sentence.
    pub rule: &'static str,
    /// A query that counts what is looked at.
    pub checked: &'static str,
    /// A query that answers with the business keys of those that break the rule.
    pub violated: &'static str,
}

/// The examples that are shown of a broken rule.
const EXAMPLES: usize = 20;

/// The questions about a whole service on the wire.
pub(crate) struct AdminRpc {
    pub(crate) store: Store,
    pub(crate) service: &'static str,
    pub(crate) tables: &'static [Table],
    pub(crate) invariants: Vec<Invariant>,
}

#[tonic::async_trait]
impl AdminService for AdminRpc {
    async fn get_status(
        &self,
        request: Request<pb::GetStatusRequest>,
    ) -> Result<Response<pb::GetStatusResponse>, Status> {
        let call = Call::of(&request);
        let (tables, database_bytes, import_id) = self
            .store
            .read(&call, "admin_status", |tx| Box::pin(sizes(tx)))
            .await?;
        Ok(Response::new(pb::GetStatusResponse {
            service: self.service.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            database: self.store.dialect().as_str().to_owned(),
            database_bytes,
            import_id,
            tables,
        }))
    }

    async fn digest(
        &self,
        request: Request<pb::DigestRequest>,
    ) -> Result<Response<pb::DigestResponse>, Status> {
        let call = Call::of(&request);
        let mut tables = Vec::with_capacity(self.tables.len());
        let mut whole = Sha256::new();
        let mut sorted: Vec<Table> = self.tables.to_vec();
        sorted.sort_by_key(|table| table.name);
        for table in sorted {
            let digest = self
                .store
                .read(&call, "admin_digest", move |tx| {
                    Box::pin(digest_of(tx, table))
                })
                .await?;
            whole.update(digest.table.as_bytes());
            whole.update(digest.row_count.to_be_bytes());
            whole.update(digest.digest.as_bytes());
            tables.push(digest);
        }
        let digest = hex(&whole.finalize());
        Ok(Response::new(pb::DigestResponse { digest, tables }))
    }

    async fn check_invariants(
        &self,
        request: Request<pb::CheckInvariantsRequest>,
    ) -> Result<Response<pb::CheckInvariantsResponse>, Status> {
        let call = Call::of(&request);
        let invariants = Arc::new(self.invariants.clone());
        let answer = self
            .store
            .read(&call, "admin_check", move |tx| {
                let invariants = Arc::clone(&invariants);
                Box::pin(async move {
                    let mut answer = Vec::with_capacity(invariants.len());
                    for invariant in invariants.iter() {
                        answer.push(check(tx, invariant).await?);
                    }
                    Ok(pb::CheckInvariantsResponse { invariants: answer })
                })
            })
            .await?;
        Ok(Response::new(answer))
    }
}

async fn check(tx: &Tx, invariant: &Invariant) -> Result<pb::InvariantResult, Error> {
    let checked_count = tx.number(invariant.checked, vec![]).await?;
    let rows = tx.rows(invariant.violated, vec![]).await?;
    let mut examples = Vec::new();
    for row in rows.iter().take(EXAMPLES) {
        examples.push(row.try_get_by_index::<String>(0)?);
    }
    Ok(pb::InvariantResult {
        invariant_id: invariant.id.to_owned(),
        rule: invariant.rule.to_owned(),
        checked_count,
        violated_count: i64::try_from(rows.len()).unwrap_or(i64::MAX),
        examples,
    })
}

/// Sums the hashes of a table's rows, so that their order does not matter; rows stream by and are not kept.
async fn digest_of(tx: &Tx, table: Table) -> Result<pb::TableDigest, Error> {
    let sql = format!("SELECT {} FROM {}", table.columns.join(", "), table.name);
    let mut sum = [0u64; 4];
    let mut row_count = 0i64;
    let mut rows = tx.stream(&sql, vec![]).await?;
    while let Some(row) = rows.try_next().await? {
        add(&mut sum, &row_hash(&row, table.columns.len())?);
        row_count += 1;
    }
    let digest = sum.iter().map(|part| format!("{part:016x}")).collect();
    Ok(pb::TableDigest {
        table: table.name.to_owned(),
        row_count,
        digest,
    })
}

fn row_hash(row: &Row, width: usize) -> Result<[u64; 4], Error> {
    let mut hash = Sha256::new();
    for index in 0..width {
        if let Ok(number) = row.try_get_by_index::<Option<i64>>(index) {
            match number {
                Some(number) => {
                    hash.update([1]);
                    hash.update(number.to_be_bytes());
                }
                None => hash.update([0]),
            }
        } else if let Ok(text) = row.try_get_by_index::<String>(index) {
            hash.update([2]);
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        } else {
            let bytes: Vec<u8> = row.try_get_by_index(index)?;
            hash.update([3]);
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(&bytes);
        }
    }
    let mut parts = [0u64; 4];
    for (part, chunk) in parts.iter_mut().zip(hash.finalize().chunks(8)) {
        *part = chunk
            .iter()
            .fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
    }
    Ok(parts)
}

fn add(sum: &mut [u64; 4], parts: &[u64; 4]) {
    for (total, part) in sum.iter_mut().zip(parts) {
        *total = total.wrapping_add(*part);
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn sizes(tx: &Tx) -> Result<(Vec<pb::TableStatus>, i64, String), Error> {
    let import_id = tx
        .session_fetch()
        .await?
        .map(|session| session.import_id)
        .unwrap_or_default();
    let (names, total) = match tx.dialect() {
        Dialect::Sqlite => (
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
            "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
        ),
        Dialect::Postgres => (
            "SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = ANY (current_schemas(false)) ORDER BY tablename",
            "SELECT pg_database_size(current_database())",
        ),
    };
    let database_bytes = tx.number(total, vec![]).await?;
    let bytes = table_bytes(tx).await;
    let mut tables = Vec::new();
    for row in tx.rows(names, vec![]).await? {
        let table: String = row.try_get_by_index(0)?;
        let row_count = tx
            .number(&format!("SELECT COUNT(*) FROM {table}"), vec![])
            .await?;
        let bytes = bytes
            .iter()
            .filter(|(name, _)| *name == table)
            .map(|(_, bytes)| bytes)
            .sum();
        tables.push(pb::TableStatus {
            table,
            row_count,
            bytes,
        });
    }
    Ok((tables, database_bytes, import_id))
}

/// The bytes of tables with their indexes; empty where the database cannot say.
async fn table_bytes(tx: &Tx) -> Vec<(String, i64)> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => {
            "SELECT m.tbl_name, CAST(SUM(s.pgsize) AS BIGINT) FROM dbstat AS s JOIN sqlite_master AS m ON m.name = s.name \
             WHERE s.aggregate = TRUE GROUP BY m.tbl_name"
        }
        Dialect::Postgres => {
            "SELECT CAST(relname AS TEXT), pg_total_relation_size(oid) FROM pg_class WHERE relkind = 'r' AND pg_table_is_visible(oid)"
        }
    };
    // SQLite may have been built without dbstat: then the sizes stay unknown.
    let rows = tx.rows(sql, vec![]).await.unwrap_or_default();
    rows.iter()
        .filter_map(|row| Some((row.try_get_by_index(0).ok()?, row.try_get_by_index(1).ok()?)))
        .collect()
}
