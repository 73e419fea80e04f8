//! What an operator asks the three services as one: their content as one hash, their invariants, their size. It must
//! not know tables. Invariant: the one digest depends on the three digests and on nothing else.
use std::collections::BTreeMap;

use serde::Serialize;
use takt_contract::common::v1::admin_service_client::AdminServiceClient;
use takt_contract::common::v1::{
    CheckInvariantsRequest, DigestRequest, DigestResponse, GetStatusRequest, GetStatusResponse,
    InvariantResult,
};
use takt_kernel::sha256_hex;

use crate::connection::{Peer, Peers, SERVICES, WHOLE, ask};
use crate::failure::Outcome;
use crate::output::{Answer, grouped, table, table_text};

/// The business content of the three services as hashes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Digests {
    /// One hash over the three.
    pub digest: String,
    /// Each service's own.
    pub services: BTreeMap<String, ServiceDigest>,
}

/// The content of a service as a hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceDigest {
    /// The hash of the service.
    pub digest: String,
    /// Its tables with their rows and hashes.
    pub tables: Vec<TableDigest>,
}

/// The content of a table as a hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableDigest {
    /// The table.
    pub table: String,
    /// Its rows.
    pub rows: i64,
    /// Its hash.
    pub digest: String,
}

/// One hash over the services' hashes, in the order of `SERVICES`.
pub fn one_digest(digests: [&str; 3]) -> String {
    let mut text = String::new();
    for (service, digest) in SERVICES.iter().zip(digests) {
        text.push_str(&format!("{service}:{digest}\n"));
    }
    sha256_hex(text.as_bytes())
}

/// Asks the three services for their digests.
pub async fn digests(peers: &Peers) -> Outcome<Digests> {
    let [procurement, production, delivery] = peers.all();
    let (a, b, c) = tokio::try_join!(digest(procurement), digest(production), digest(delivery))?;
    let one = one_digest([&a.digest, &b.digest, &c.digest]);
    let service = |answer: DigestResponse| ServiceDigest {
        digest: answer.digest,
        tables: answer
            .tables
            .into_iter()
            .map(|table| TableDigest {
                table: table.table,
                rows: table.row_count,
                digest: table.digest,
            })
            .collect(),
    };
    let services = SERVICES
        .iter()
        .map(|name| (*name).to_owned())
        .zip([a, b, c].map(service));
    Ok(Digests {
        digest: one,
        services: services.collect(),
    })
}

async fn digest(peer: &Peer) -> Outcome<DigestResponse> {
    ask!(
        peer,
        "hash the tables",
        AdminServiceClient.digest,
        DigestRequest {},
        WHOLE
    )
}

/// Asks the three services how they are.
pub async fn statuses(peers: &Peers) -> Outcome<[GetStatusResponse; 3]> {
    let [procurement, production, delivery] = peers.all();
    let (a, b, c) = tokio::try_join!(status(procurement), status(production), status(delivery))?;
    Ok([a, b, c])
}

/// Asks a service how it is.
pub async fn status(peer: &Peer) -> Outcome<GetStatusResponse> {
    ask!(
        peer,
        "ask for the status",
        AdminServiceClient.get_status,
        GetStatusRequest {}
    )
}

/// The invariants of the three services.
#[derive(Debug, Clone, Serialize)]
pub struct Checked {
    /// Whether all of them hold.
    pub holds: bool,
    /// Each invariant.
    pub invariants: Vec<Invariant>,
}

/// An invariant and its state.
#[derive(Debug, Clone, Serialize)]
pub struct Invariant {
    /// The service.
    pub service: &'static str,
    /// The id under which the README lists it.
    pub id: String,
    /// The rule.
    pub rule: String,
    /// What was looked at.
    pub checked: i64,
    /// What breaks the rule.
    pub violated: i64,
    /// Some of what breaks it.
    pub examples: Vec<String>,
}

/// Asks the three services to check their invariants.
pub async fn check(peers: &Peers) -> Outcome<Checked> {
    let [procurement, production, delivery] = peers.all();
    let all = tokio::try_join!(
        invariants(procurement),
        invariants(production),
        invariants(delivery)
    )?;
    let invariants: Vec<Invariant> = [all.0, all.1, all.2].into_iter().flatten().collect();
    Ok(Checked {
        holds: invariants.iter().all(|invariant| invariant.violated == 0),
        invariants,
    })
}

async fn invariants(peer: &Peer) -> Outcome<Vec<Invariant>> {
    let answer = ask!(
        peer,
        "check the invariants",
        AdminServiceClient.check_invariants,
        CheckInvariantsRequest {},
        WHOLE
    )?;
    let invariant = |result: InvariantResult| Invariant {
        service: peer.name,
        id: result.invariant_id,
        rule: result.rule,
        checked: result.checked_count,
        violated: result.violated_count,
        examples: result.examples,
    };
    Ok(answer.invariants.into_iter().map(invariant).collect())
}

impl Answer for Digests {
    fn text(&self) -> String {
        let mut lines = table(&["service", "table", ">rows", "digest"]);
        for (name, service) in &self.services {
            for table in &service.tables {
                let short: String = table.digest.chars().take(16).collect();
                lines.add_row([
                    name.clone(),
                    table.table.clone(),
                    grouped(table.rows),
                    short,
                ]);
            }
        }
        let mut text = table_text(&lines);
        text.push('\n');
        for (name, service) in &self.services {
            text.push_str(&format!("{name:<12} {}\n", service.digest));
        }
        text.push_str(&format!("{:<12} {}\n", "all", self.digest));
        text
    }
}

impl Answer for Checked {
    fn text(&self) -> String {
        let mut lines = table(&["service", "id", "rule", ">checked", ">violated"]);
        for invariant in &self.invariants {
            lines.add_row([
                invariant.service.to_owned(),
                invariant.id.clone(),
                invariant.rule.clone(),
                grouped(invariant.checked),
                grouped(invariant.violated),
            ]);
        }
        let mut text = table_text(&lines);
        for invariant in self
            .invariants
            .iter()
            .filter(|invariant| invariant.violated > 0)
        {
            text.push_str(&format!(
                "\n{} is broken by: {}\n",
                invariant.id,
                invariant.examples.join(", ")
            ));
        }
        text.push_str(if self.holds {
            "\nevery invariant holds\n"
        } else {
            "\nnot every invariant holds\n"
        });
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_digest_follows_each_of_the_three() {
        let base = one_digest(["a", "b", "c"]);
        assert_eq!(base.len(), 64);
        assert_ne!(base, one_digest(["b", "a", "c"]));
        assert_ne!(base, one_digest(["a", "b", "d"]));
    }
}
