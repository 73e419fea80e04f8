//! What a service is told about its telemetry.

use clap::ValueEnum;
use serde::Deserialize;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people: one coloured line an event.
    #[default]
    Pretty,
    /// For machines: one JSON object an event.
    Json,
}

/// How spans and metrics travel to the collector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Deserialize)]
pub enum OtlpProtocol {
    /// OTLP over HTTP with protobuf, usually port 4318.
    #[default]
    #[value(name = "http/protobuf")]
    #[serde(rename = "http/protobuf")]
    Http,
    /// OTLP over gRPC, usually port 4317.
    #[value(name = "grpc")]
    #[serde(rename = "grpc")]
    Grpc,
}

/// Where spans and metrics go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtlpConfig {
    /// The base address of the collector, `http://127.0.0.1:4318`.
    pub endpoint: String,
    /// How it is spoken to.
    pub protocol: OtlpProtocol,
}

/// What a service is told about its logs, traces and metrics.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogConfig {
    /// How log lines look.
    pub format: LogFormat,
    /// Directives of `tracing_subscriber`'s `EnvFilter`, `info,takt_service=debug`; empty means `info`.
    pub filter: String,
    /// The collector; None means that no spans are recorded and no metrics kept.
    pub otlp: Option<OtlpConfig>,
}
