//! The way of spans and metrics to a collector.
//!
//! It must not know what they say. Invariants: nothing here is global, so three services in one process each have
//! their own; exporting runs on threads of its own, never on a service's runtime, and records no spans of itself.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    thread,
    time::Duration,
};

use opentelemetry::KeyValue;
use opentelemetry_otlp::{MetricExporter, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    metrics::SdkMeterProvider,
    trace::{self, BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider, SpanData},
};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::dispatcher::WeakDispatch;

use super::{
    complaint::Complaint,
    config::{OtlpConfig, OtlpProtocol},
};

/// Spans waiting for export; the standard 2,048 are too few for a replay. `OTEL_BSP_MAX_QUEUE_SIZE` overrides it.
const QUEUE: usize = 16_384;

/// How long the last export may take when a service stops.
const FLUSH: Duration = Duration::from_secs(5);

/// The providers of one service.
pub(super) struct Otlp {
    pub(super) traces: SdkTracerProvider,
    pub(super) metrics: SdkMeterProvider,
    pub(super) complaints: Arc<OnceLock<WeakDispatch>>,
    _runtime: Option<DropGuard>,
}

impl Otlp {
    /// Builds exporters and providers, or says what is wrong with the configuration. Connects to nothing yet.
    pub(super) fn new(service: &str, config: &OtlpConfig) -> Result<Self, String> {
        let wrong =
            |error: &dyn fmt::Display| format!("OTLP endpoint {}: {error}", config.endpoint);
        let base = config.endpoint.trim_end_matches('/');
        let mut runtime = None;
        let (spans, metrics) = match config.protocol {
            OtlpProtocol::Http => (
                SpanExporter::builder()
                    .with_http()
                    .with_endpoint(format!("{base}/v1/traces"))
                    .build(),
                MetricExporter::builder()
                    .with_http()
                    .with_endpoint(format!("{base}/v1/metrics"))
                    .build(),
            ),
            OtlpProtocol::Grpc => {
                let (handle, guard) = own_runtime().map_err(|error| wrong(&error))?;
                runtime = Some(guard);
                let _entered = handle.enter();
                (
                    SpanExporter::builder()
                        .with_tonic()
                        .with_endpoint(base)
                        .build(),
                    MetricExporter::builder()
                        .with_tonic()
                        .with_endpoint(base)
                        .build(),
                )
            }
        };
        let spans = spans.map_err(|error| wrong(&error))?;
        let metrics = metrics.map_err(|error| wrong(&error))?;

        let complaints = Arc::new(OnceLock::new());
        let spans = Complaining {
            inner: spans,
            complaint: Complaint::new(Arc::clone(&complaints), config.endpoint.clone()),
        };
        let resource = resource(service);
        let mut batch = BatchConfigBuilder::default();
        if std::env::var_os("OTEL_BSP_MAX_QUEUE_SIZE").is_none() {
            batch = batch.with_max_queue_size(QUEUE);
        }
        let processor = BatchSpanProcessor::builder(spans)
            .with_batch_config(batch.build())
            .build();
        Ok(Self {
            traces: SdkTracerProvider::builder()
                .with_resource(resource.clone())
                .with_span_processor(processor)
                .build(),
            metrics: SdkMeterProvider::builder()
                .with_resource(resource)
                .with_periodic_exporter(metrics)
                .build(),
            complaints,
            _runtime: runtime,
        })
    }

    /// Sends what is waiting. Blocks, so never call it on a runtime.
    pub(super) fn flush(&self) -> Result<(), String> {
        self.traces
            .force_flush()
            .map_err(|error| error.to_string())?;
        self.metrics
            .force_flush()
            .map_err(|error| error.to_string())
    }

    /// Sends what is waiting and stops. Blocks, so never call it on a runtime.
    pub(super) fn shutdown(&self) -> Result<(), String> {
        let traces = self.traces.shutdown_with_timeout(FLUSH);
        let metrics = self.metrics.shutdown_with_timeout(FLUSH);
        traces.and(metrics).map_err(|error| error.to_string())
    }
}

fn resource(service: &str) -> Resource {
    Resource::builder()
        .with_service_name(format!("takt-{service}"))
        .with_attributes([
            KeyValue::new("service.namespace", "takt"),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", uuid::Uuid::new_v4().to_string()),
        ])
        .build()
}

/// A runtime on a thread of its own for the gRPC exporter, which would wait for itself on a service's runtime.
/// It ends when the guard is dropped.
fn own_runtime() -> std::io::Result<(tokio::runtime::Handle, DropGuard)> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let handle = runtime.handle().clone();
    let stop = CancellationToken::new();
    let stopped = stop.clone().cancelled_owned();
    thread::Builder::new()
        .name("otlp".to_owned())
        .spawn(move || runtime.block_on(stopped))?;
    Ok((handle, stop.drop_guard()))
}

/// An exporter whose failures are said in the log: once a minute, because a collector that is away stays away.
struct Complaining<E> {
    inner: E,
    complaint: Complaint,
}

impl<E> fmt::Debug for Complaining<E> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Complaining")
    }
}

impl<E: trace::SpanExporter> trace::SpanExporter for Complaining<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let count = batch.len();
        let result = self.inner.export(batch).await;
        if let Err(error) = &result {
            self.complaint.say(count, error);
        }
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}
