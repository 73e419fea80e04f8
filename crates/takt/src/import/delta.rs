//! Brings a changed programme into services that carry it already: the difference first, then what is new and what differs. It
//! must not know how a service compares. Invariants: all three services have checked everything before one of them takes
//! anything; what was broken off between two services is mended by the same command, because rows that are the same do nothing.
use serde::Serialize;
use takt_contract::common::v1::programme_service_client::ProgrammeServiceClient;
use takt_contract::common::v1::{self as pb, ProgrammeRow, ReviseProgrammeRequest};

use super::{owns, rows};
use crate::connection::{Peer, Peers, WHOLE, within};
use crate::failure::Outcome;
use crate::programme::Programme;

/// What a programme differs in, by service.
#[derive(Debug, Clone, Serialize)]
pub struct Revised {
    /// The programme.
    pub programme_id: String,
    /// Whether the differences were only told.
    pub dry_run: bool,
    /// The services.
    pub services: Vec<RevisedIn>,
}

/// What differs in a service.
#[derive(Debug, Clone, Serialize)]
pub struct RevisedIn {
    /// The service.
    pub service: &'static str,
    /// The counts of each kind of row.
    pub tables: Vec<Counted>,
    /// The rows that are new or differ.
    pub differences: Vec<Difference>,
}

/// The rows of a kind.
#[derive(Debug, Clone, Serialize)]
pub struct Counted {
    /// The kind.
    pub table: String,
    /// New rows.
    pub added: i64,
    /// Rows that differ.
    pub changed: i64,
    /// Rows that are the same.
    pub unchanged: i64,
    /// Rows that the service alone has, and keeps.
    pub kept: i64,
}

/// A row that is new or differs.
#[derive(Debug, Clone, Serialize)]
pub struct Difference {
    /// The kind.
    pub table: String,
    /// The business key.
    pub key: String,
    /// `added` or `changed`.
    pub is: &'static str,
    /// The fields.
    pub fields: Vec<Field>,
}

/// A field that differs.
#[derive(Debug, Clone, Serialize)]
pub struct Field {
    /// The field, with its unit.
    pub field: String,
    /// What the service held.
    pub old: String,
    /// What the folder says.
    pub new: String,
}

/// Compares a programme with the three services, and takes it over unless it is a dry run.
pub async fn revise(
    peers: &Peers,
    full: &Programme,
    programme: &Programme,
    import_id: &str,
    dry_run: bool,
) -> Outcome<Revised> {
    let all = rows::rows(full, programme);
    let messages = |service: usize, validate_only: bool| -> Vec<ReviseProgrammeRequest> {
        let mine = all
            .iter()
            .filter(|row| owns(service, row))
            .cloned()
            .collect();
        let message = |rows: Vec<ProgrammeRow>| ReviseProgrammeRequest {
            import_id: import_id.to_owned(),
            programme_id: programme.id.to_string(),
            validate_only,
            rows,
        };
        rows::chunks(mine).into_iter().map(message).collect()
    };
    let mut services = Vec::new();
    for (place, peer) in peers.all().into_iter().enumerate() {
        services.push(asked(peer, &messages(place, true)).await?);
    }
    if !dry_run {
        for (place, peer) in peers.all().into_iter().enumerate() {
            asked(peer, &messages(place, false)).await?;
        }
    }
    Ok(Revised {
        programme_id: programme.id.to_string(),
        dry_run,
        services,
    })
}

async fn asked(peer: &Peer, messages: &[ReviseProgrammeRequest]) -> Outcome<RevisedIn> {
    let answers = peer
        .ask("compare the programme", |channel| {
            let stream = tokio_stream::iter(messages.to_vec());
            async move {
                let mut answers = ProgrammeServiceClient::new(channel)
                    .revise_programme(within(stream, WHOLE))
                    .await?
                    .into_inner();
                let mut all = Vec::new();
                while let Some(answer) = answers.message().await? {
                    all.push(answer);
                }
                Ok(all)
            }
        })
        .await?;
    let mut revised = RevisedIn {
        service: peer.name,
        tables: Vec::new(),
        differences: Vec::new(),
    };
    for answer in answers {
        revised
            .tables
            .extend(answer.tables.into_iter().map(counted));
        revised
            .differences
            .extend(answer.differences.into_iter().map(difference));
    }
    Ok(revised)
}

fn counted(table: pb::RevisedTable) -> Counted {
    Counted {
        table: table.table,
        added: table.added_count,
        changed: table.changed_count,
        unchanged: table.unchanged_count,
        kept: table.kept_count,
    }
}

fn difference(row: pb::RowDifference) -> Difference {
    let field = |field: pb::FieldDifference| Field {
        field: field.field,
        old: field.old,
        new: field.new,
    };
    Difference {
        table: row.table,
        key: row.key,
        is: if row.added { "added" } else { "changed" },
        fields: row.fields.into_iter().map(field).collect(),
    }
}
