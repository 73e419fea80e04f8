//! The health of a server as `grpc.health.v1` tells it: one status a service name, and "" for the whole.
//!
//! It must not know why a service is ready. Invariant: every name is NOT_SERVING until somebody says otherwise, and
//! again from the moment the server drains.

use tonic_health::{
    ServingStatus,
    pb::health_server::HealthServer,
    server::{HealthReporter, HealthService},
};

/// Says whether the server is ready; cheap to clone.
#[derive(Debug, Clone)]
pub struct Health {
    reporter: HealthReporter,
    names: Vec<&'static str>,
}

impl Health {
    /// The health of these services, none of which is ready yet.
    pub(crate) async fn not_serving(names: Vec<&'static str>) -> Self {
        let health = Self {
            reporter: HealthReporter::new(),
            names,
        };
        health.set_not_serving().await;
        health
    }

    /// The gRPC service that tells it.
    pub(crate) fn service(&self) -> HealthServer<HealthService> {
        HealthServer::new(HealthService::from_health_reporter(self.reporter.clone()))
    }

    /// The schema is there, the database answers: calls may come.
    pub async fn set_serving(&self) {
        self.set(ServingStatus::Serving).await;
    }

    /// No more calls, please.
    pub async fn set_not_serving(&self) {
        self.set(ServingStatus::NotServing).await;
    }

    async fn set(&self, status: ServingStatus) {
        self.reporter.set_service_status("", status).await;
        for name in &self.names {
            self.reporter.set_service_status(name, status).await;
        }
    }
}
