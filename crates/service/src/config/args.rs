//! The flags, each with its environment variable and the words of `--help`.
//!
//! It must not know defaults: a flag that is not given must not hide what the file says, so every one is optional and
//! the default stands in its words.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, builder::FalseyValueParser};

use super::{Span, parse_span};
use crate::telemetry::{LogFormat, OtlpProtocol};

/// The flags of everything that serves, `takt up` as well as each service.
#[derive(Debug, Clone, Default, Args)]
pub struct ChassisArgs {
    /// A TOML file with these settings; flags and environment win over it
    #[arg(long, env = "TAKT_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// What is logged: a level, or directives such as info,takt_service=debug [default: info]
    #[arg(
        long,
        env = "TAKT_LOG",
        value_name = "FILTER",
        help_heading = "Telemetry"
    )]
    pub log: Option<String>,

    /// How log lines look, on stderr [default: pretty]
    #[arg(
        long,
        env = "TAKT_LOG_FORMAT",
        value_name = "FORMAT",
        help_heading = "Telemetry"
    )]
    pub log_format: Option<LogFormat>,

    /// Send traces and metrics to this OpenTelemetry collector, such as http://127.0.0.1:4318
    #[arg(
        long,
        env = "OTEL_EXPORTER_OTLP_ENDPOINT",
        value_name = "URL",
        help_heading = "Telemetry"
    )]
    pub otlp_endpoint: Option<String>,

    /// How the collector is spoken to [default: http/protobuf]
    #[arg(
        long,
        env = "OTEL_EXPORTER_OTLP_PROTOCOL",
        value_name = "PROTOCOL",
        help_heading = "Telemetry"
    )]
    pub otlp_protocol: Option<OtlpProtocol>,

    /// The deadline of unary calls that come without one [default: 30s]
    #[arg(long, env = "TAKT_DEADLINE", value_name = "TIME", value_parser = parse_span, help_heading = "Calls")]
    pub deadline: Option<Span>,

    /// The deadline of streams that come without one; watches have none [default: 10m]
    #[arg(long, env = "TAKT_STREAM_DEADLINE", value_name = "TIME", value_parser = parse_span, help_heading = "Calls")]
    pub stream_deadline: Option<Span>,

    /// Compress answers with gzip for clients that accept it
    #[arg(long, env = "TAKT_COMPRESS", help_heading = "Calls", value_parser = FalseyValueParser::new())]
    pub compress: bool,

    /// How long a stopping server says NOT_SERVING and still takes calls [default: 0s]
    #[arg(long, env = "TAKT_DRAIN_DELAY", value_name = "TIME", value_parser = parse_span, help_heading = "Calls")]
    pub drain_delay: Option<Span>,

    /// How long it then waits for calls in flight before it cuts them off [default: 20s]
    #[arg(long, env = "TAKT_DRAIN_TIMEOUT", value_name = "TIME", value_parser = parse_span, help_heading = "Calls")]
    pub drain_timeout: Option<Span>,

    /// Ask connections of this age to go, so that clients spread anew [default: never]
    #[arg(long, env = "TAKT_CONNECTION_AGE", value_name = "TIME", value_parser = parse_span, help_heading = "Calls")]
    pub connection_age: Option<Span>,

    /// Keep facts for this long after all subscribers are past them [default: 7d]
    #[arg(long, env = "TAKT_FACT_RETENTION", value_name = "TIME", value_parser = parse_span, help_heading = "Data")]
    pub fact_retention: Option<Span>,

    /// Keep the answers to request ids for this long [default: 7d]
    #[arg(long, env = "TAKT_ANSWER_RETENTION", value_name = "TIME", value_parser = parse_span, help_heading = "Data")]
    pub answer_retention: Option<Span>,

    /// The keys that encrypt personal data, 64 hexadecimal digits on a line, the newest first; or the keys themselves in TAKT_PERSONAL_DATA_KEY
    #[arg(
        long,
        env = "TAKT_PERSONAL_DATA_KEY_FILE",
        value_name = "FILE",
        help_heading = "Data"
    )]
    pub personal_data_key: Option<PathBuf>,

    /// The largest message in bytes [default: 4194304]
    #[arg(
        long,
        env = "TAKT_MAX_MESSAGE",
        value_name = "BYTES",
        help_heading = "Limits"
    )]
    pub max_message: Option<usize>,

    /// The most calls in flight; more are answered RESOURCE_EXHAUSTED [default: 1024]
    #[arg(
        long,
        env = "TAKT_MAX_CALLS",
        value_name = "COUNT",
        help_heading = "Limits"
    )]
    pub max_calls: Option<usize>,

    /// The most watches open [default: 256]
    #[arg(
        long,
        env = "TAKT_MAX_WATCHES",
        value_name = "COUNT",
        help_heading = "Limits"
    )]
    pub max_watches: Option<usize>,

    /// The most connections; more are closed at once [default: 1024]
    #[arg(
        long,
        env = "TAKT_MAX_CONNECTIONS",
        value_name = "COUNT",
        help_heading = "Limits"
    )]
    pub max_connections: Option<usize>,

    /// The most streams open on a connection [default: 256]
    #[arg(
        long,
        env = "TAKT_MAX_STREAMS",
        value_name = "COUNT",
        help_heading = "Limits"
    )]
    pub max_streams: Option<u32>,

    /// The most metadata of a call in bytes [default: 16384]
    #[arg(
        long,
        env = "TAKT_MAX_METADATA",
        value_name = "BYTES",
        help_heading = "Limits"
    )]
    pub max_metadata: Option<u32>,
}

/// The flags of one service.
#[derive(Debug, Clone, Default, Args)]
pub struct ServiceArgs {
    /// Where to listen; port 0 takes a free one [default: 127.0.0.1 and the service's port]
    #[arg(long, env = "TAKT_LISTEN", value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,

    /// The database: sqlite:FILE or postgres://USER@HOST:PORT/NAME [default: a file under ./takt-data]
    #[arg(
        long,
        env = "TAKT_DATABASE_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    pub database_url: Option<String>,

    /// Bring the schema up to date at the start; an embedded database always is
    #[arg(long, env = "TAKT_MIGRATE", value_parser = FalseyValueParser::new())]
    pub migrate: bool,

    /// Another service, such as procurement=http://127.0.0.1:7001; repeatable, or separated by commas
    #[arg(
        long = "peer",
        env = "TAKT_PEERS",
        value_name = "NAME=URL",
        value_delimiter = ',',
        value_parser = parse_peer
    )]
    pub peers: Vec<(String, String)>,

    /// Listen beyond loopback although there are no certificates
    #[arg(long, env = "TAKT_INSECURE", value_parser = FalseyValueParser::new())]
    pub insecure: bool,

    /// What every server is told.
    #[command(flatten)]
    pub chassis: ChassisArgs,
}

fn parse_peer(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, url)) if !name.is_empty() && !url.is_empty() => {
            Ok((name.trim().to_owned(), url.trim().to_owned()))
        }
        _ => Err("write NAME=URL, such as procurement=http://127.0.0.1:7001".to_owned()),
    }
}
