//! The handles of the chassis' own metrics.
//!
//! It must not know exporters. Invariants: names come from `names.rs`; where nobody reads metrics a handle does
//! nothing, not even build attributes.

use std::{fmt, sync::Arc, time::Duration};

use opentelemetry::{
    KeyValue,
    metrics::{Counter, Histogram, Meter, MeterProvider, UpDownCounter},
};
use opentelemetry_sdk::metrics::SdkMeterProvider;

use super::{names, spans::DbSystem};

/// The metrics of one service; cheap to clone.
#[derive(Clone, Default)]
pub struct Metrics(Option<Arc<Handles>>);

struct Handles {
    meter: Meter,
    server_calls: Histogram<f64>,
    client_calls: Histogram<f64>,
    database: Histogram<f64>,
    active: UpDownCounter<i64>,
    shed: Counter<u64>,
    connections: UpDownCounter<i64>,
}

impl Metrics {
    /// Handles that do nothing.
    pub fn off() -> Self {
        Self::default()
    }

    pub(super) fn new(provider: &SdkMeterProvider) -> Self {
        let meter = provider.meter("takt");
        let seconds = |name: &'static str, description: &'static str| {
            meter
                .f64_histogram(name)
                .with_unit("s")
                .with_description(description)
                .with_boundaries(names::DURATION_BUCKETS.to_vec())
                .build()
        };
        Self(Some(Arc::new(Handles {
            server_calls: seconds(
                names::RPC_SERVER_CALL_DURATION,
                "duration of calls answered",
            ),
            client_calls: seconds(names::RPC_CLIENT_CALL_DURATION, "duration of calls made"),
            database: seconds(
                names::DB_CLIENT_OPERATION_DURATION,
                "duration of database operations",
            ),
            active: meter
                .i64_up_down_counter(names::TAKT_CALLS_ACTIVE)
                .with_unit("{call}")
                .with_description("calls being answered")
                .build(),
            shed: meter
                .u64_counter(names::TAKT_CALLS_SHED)
                .with_unit("{call}")
                .with_description("calls turned away because too many were in flight")
                .build(),
            connections: meter
                .i64_up_down_counter(names::TAKT_CONNECTIONS)
                .with_unit("{connection}")
                .with_description("connections open")
                .build(),
            meter,
        })))
    }

    /// Whether anybody reads them.
    pub fn is_enabled(&self) -> bool {
        self.0.is_some()
    }

    /// The meter, for metrics of a service's own; None where nobody reads them.
    pub fn meter(&self) -> Option<&Meter> {
        self.0.as_deref().map(|handles| &handles.meter)
    }

    /// One database operation and how long it took.
    pub fn database(&self, operation: &'static str, system: DbSystem, took: Duration) {
        if let Some(handles) = &self.0 {
            let attributes = [
                KeyValue::new(names::DB_SYSTEM_NAME, system.name()),
                KeyValue::new(names::DB_OPERATION_NAME, operation),
            ];
            handles.database.record(took.as_secs_f64(), &attributes);
        }
    }

    pub(crate) fn server_call(&self, seconds: f64, attributes: &[KeyValue]) {
        if let Some(handles) = &self.0 {
            handles.server_calls.record(seconds, attributes);
        }
    }

    pub(crate) fn client_call(&self, seconds: f64, attributes: &[KeyValue]) {
        if let Some(handles) = &self.0 {
            handles.client_calls.record(seconds, attributes);
        }
    }

    pub(crate) fn calls_active(&self, change: i64) {
        if let Some(handles) = &self.0 {
            handles.active.add(change, &[]);
        }
    }

    pub(crate) fn call_shed(&self) {
        if let Some(handles) = &self.0 {
            handles.shed.add(1, &[]);
        }
    }

    pub(crate) fn connections(&self, change: i64) {
        if let Some(handles) = &self.0 {
            handles.connections.add(change, &[]);
        }
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Metrics")
            .field(&self.is_enabled())
            .finish()
    }
}
