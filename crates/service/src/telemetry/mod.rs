//! Seeing what the services do: traces, metrics and logs, one set a service even where three share a process.
//!
//! It must not know any service's work. Invariants: nothing is global (three services run on three threads of one
//! process), so a thread or task that should be seen adopts its service's [`Telemetry`]; without a collector no span is
//! recorded and no metric kept; stopping blocks on a thread made for blocking.

mod complaint;
mod config;
mod context;
mod logs;
mod metrics;
pub mod names;
mod otlp;
mod spans;

use std::{cell::RefCell, fmt, io, sync::Arc};

use opentelemetry::trace::TracerProvider;
use tracing::{
    Dispatch,
    dispatcher::{self, DefaultGuard},
};
use tracing_subscriber::{Layer, filter::filter_fn, layer::SubscriberExt};

pub use config::{LogConfig, LogFormat, OtlpConfig, OtlpProtocol};
pub use context::{
    carry, current_trace_id, current_traceparent, link, root_span, span_from_traceparent, trace_id,
};
pub(crate) use context::{extract, inject, new_trace_id, set_parent};
pub use metrics::Metrics;
pub use spans::{DbSystem, db_span, span_failed};

/// The telemetry of one service; cheap to clone.
#[derive(Clone)]
pub struct Telemetry {
    service: Arc<str>,
    dispatch: Dispatch,
    metrics: Metrics,
    otlp: Option<Arc<otlp::Otlp>>,
}

thread_local! {
    static ADOPTED: RefCell<Option<DefaultGuard>> = const { RefCell::new(None) };
}

impl Telemetry {
    /// Builds logs, traces and metrics of the service with this short name, `production`.
    ///
    /// Fails with a sentence where the filter or the endpoint is wrong; a collector that is away is no failure.
    pub fn start(service: &str, config: &LogConfig) -> Result<Self, String> {
        let otlp = match &config.otlp {
            Some(otlp) => Some(otlp::Otlp::new(service, otlp)?),
            None => None,
        };
        let spans = otlp.as_ref().map(|otlp| {
            tracing_opentelemetry::layer()
                .with_tracer(otlp.traces.tracer("takt"))
                .with_location(false)
                .with_threads(false)
                .with_tracked_inactivity(false)
                .with_filter(filter_fn(|metadata| {
                    metadata.is_span() && metadata.target() == names::SPANS
                }))
        });
        let subscriber = tracing_subscriber::registry()
            .with(spans)
            .with(logs::layer(service, config)?);
        let dispatch = Dispatch::new(subscriber);
        let metrics = match &otlp {
            Some(otlp) => {
                // The exporter holds its log weakly: the log holds the exporter.
                let _first = otlp.complaints.set(dispatch.downgrade());
                Metrics::new(&otlp.metrics)
            }
            None => Metrics::off(),
        };
        Ok(Self {
            service: Arc::from(service),
            dispatch,
            metrics,
            otlp: otlp.map(Arc::new),
        })
    }

    /// Telemetry that sees nothing, for tools and tests.
    pub fn off(service: &str) -> Self {
        Self {
            service: Arc::from(service),
            dispatch: Dispatch::none(),
            metrics: Metrics::off(),
            otlp: None,
        }
    }

    /// The short name of the service.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// What receives the events and spans of this service; see [`Telemetry::adopt_thread`].
    pub fn dispatch(&self) -> &Dispatch {
        &self.dispatch
    }

    /// The handles of its metrics.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Makes the current thread one of this service's until the thread ends or another service adopts it.
    pub fn adopt_thread(&self) {
        ADOPTED.with(|adopted| {
            let mut adopted = adopted.borrow_mut();
            // Guards restore what was before them, so the old one has to go first.
            drop(adopted.take());
            *adopted = Some(dispatcher::set_default(&self.dispatch));
        });
    }

    /// A current-thread runtime whose blocking threads are this service's too. Call it and run it on the
    /// service's own thread.
    pub fn runtime(&self) -> io::Result<tokio::runtime::Runtime> {
        self.adopt_thread();
        let telemetry = self.clone();
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .thread_name(format!("{}-blocking", self.service))
            .on_thread_start(move || telemetry.adopt_thread())
            .build()
    }

    /// Sends what is waiting to the collector, for tests.
    pub async fn flush(&self) -> Result<(), String> {
        self.blocking(|otlp| otlp.flush()).await
    }

    /// Sends what is waiting to the collector and stops; later spans are dropped.
    pub async fn shutdown(&self) -> Result<(), String> {
        self.blocking(|otlp| otlp.shutdown()).await
    }

    async fn blocking(
        &self,
        work: impl FnOnce(&otlp::Otlp) -> Result<(), String> + Send + 'static,
    ) -> Result<(), String> {
        let Some(otlp) = self.otlp.clone() else {
            return Ok(());
        };
        match tokio::task::spawn_blocking(move || work(&otlp)).await {
            Ok(result) => result,
            Err(error) => Err(error.to_string()),
        }
    }
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Telemetry")
            .field("service", &self.service)
            .field("metrics", &self.metrics)
            .finish_non_exhaustive()
    }
}
