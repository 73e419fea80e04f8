//! Whether the three services serve, as grpc.health.v1 and their own status tell it. It must not know what they do.
//! Invariant: a service that cannot be reached is an answer here, not an error.
use std::time::Duration;

use serde::Serialize;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::admin;
use crate::connection::{Endpoints, Peer, Peers, within};
use crate::failure::Outcome;
use crate::output::{Answer, bytes, table, table_text};

/// How long a healthy service may take to say so.
const PATIENCE: Duration = Duration::from_secs(2);

/// The health of the suite.
#[derive(Debug, Clone, Serialize)]
pub struct Health {
    /// Whether all three serve.
    pub serving: bool,
    /// Each service.
    pub services: Vec<ServiceHealth>,
}

/// The health of a service.
#[derive(Debug, Clone, Serialize)]
pub struct ServiceHealth {
    /// The service.
    pub service: &'static str,
    /// Where it was asked.
    pub address: String,
    /// Whether it serves.
    pub serving: bool,
    /// SERVING, NOT_SERVING or UNREACHABLE.
    pub state: &'static str,
    /// The version of its binary.
    pub version: Option<String>,
    /// The kind of its database.
    pub database: Option<String>,
    /// The size of its database.
    pub database_bytes: Option<i64>,
    /// The import that is active.
    pub import_id: Option<String>,
}

/// Whether a service says that it serves; an error is that it cannot be reached.
pub async fn serving(peer: &Peer) -> Result<bool, tonic::Status> {
    let request = within(
        HealthCheckRequest {
            service: String::new(),
        },
        PATIENCE,
    );
    let answer = HealthClient::new(peer.channel.clone())
        .check(request)
        .await?;
    Ok(answer.into_inner().status() == ServingStatus::Serving)
}

/// Asks the three services.
pub async fn ask(endpoints: &Endpoints) -> Outcome<Health> {
    let peers = Peers::new(endpoints, PATIENCE)?;
    let mut services = Vec::new();
    for (place, peer) in peers.all().into_iter().enumerate() {
        let state = match serving(peer).await {
            Ok(true) => "SERVING",
            Ok(false) => "NOT_SERVING",
            Err(_) => "UNREACHABLE",
        };
        let status = if state == "UNREACHABLE" {
            None
        } else {
            admin::status(peer).await.ok()
        };
        services.push(ServiceHealth {
            service: peer.name,
            address: endpoints.uri(place).to_owned(),
            serving: state == "SERVING",
            state,
            version: status.as_ref().map(|status| status.version.clone()),
            database: status.as_ref().map(|status| status.database.clone()),
            database_bytes: status.as_ref().map(|status| status.database_bytes),
            import_id: status
                .map(|status| status.import_id)
                .filter(|id| !id.is_empty()),
        });
    }
    Ok(Health {
        serving: services.iter().all(|service| service.serving),
        services,
    })
}

impl Answer for Health {
    fn text(&self) -> String {
        let mut lines = table(&[
            "service", "address", "state", "version", "database", ">size", "import",
        ]);
        for service in &self.services {
            lines.add_row([
                service.service.to_owned(),
                service.address.clone(),
                service.state.to_owned(),
                service.version.clone().unwrap_or_default(),
                service.database.clone().unwrap_or_default(),
                service.database_bytes.map(bytes).unwrap_or_default(),
                service
                    .import_id
                    .as_deref()
                    .map(|id| id.chars().take(12).collect())
                    .unwrap_or_default(),
            ]);
        }
        table_text(&lines)
    }
}
