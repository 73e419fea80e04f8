//! The configuration file: TOML with the common keys on top and a table for each service below.
//!
//! It must not know flags. Invariant: a key that nobody knows is an error with its line.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{Span, Wrong};
use crate::telemetry::{LogFormat, OtlpProtocol};

/// The whole file.
#[derive(Debug, Clone, Default)]
pub(super) struct File {
    pub(super) chassis: ChassisFile,
    pub(super) service: BTreeMap<String, ServiceFile>,
}

/// The keys on top.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ChassisFile {
    pub(super) log: Option<String>,
    pub(super) log_format: Option<LogFormat>,
    pub(super) otlp_endpoint: Option<String>,
    pub(super) otlp_protocol: Option<OtlpProtocol>,
    pub(super) deadline: Option<Span>,
    pub(super) stream_deadline: Option<Span>,
    pub(super) drain_delay: Option<Span>,
    pub(super) drain_timeout: Option<Span>,
    pub(super) connection_age: Option<Span>,
    pub(super) fact_retention: Option<Span>,
    pub(super) answer_retention: Option<Span>,
    pub(super) compress: Option<bool>,
    pub(super) personal_data_key: Option<PathBuf>,
    pub(super) limits: LimitsFile,
    service: BTreeMap<String, ServiceFile>,
}

/// `[limits]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LimitsFile {
    pub(super) message_bytes: Option<usize>,
    pub(super) calls: Option<usize>,
    pub(super) watches: Option<usize>,
    pub(super) connections: Option<usize>,
    pub(super) streams: Option<u32>,
    pub(super) header_bytes: Option<u32>,
}

/// `[service.production]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ServiceFile {
    pub(super) listen: Option<SocketAddr>,
    pub(super) database_url: Option<String>,
    pub(super) migrate: Option<bool>,
    pub(super) insecure: Option<bool>,
    pub(super) peers: BTreeMap<String, String>,
}

/// Reads the file, where one is named; one that cannot be read is said and then taken as empty, so that what is
/// wrong elsewhere is said as well.
pub(super) fn read(path: Option<&Path>, wrong: &mut Wrong) -> File {
    let Some(path) = path else {
        return File::default();
    };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            wrong.say("--config", format!("{}: {error}", path.display()));
            return File::default();
        }
    };
    match toml::from_str::<ChassisFile>(&text) {
        Ok(mut chassis) => File {
            service: std::mem::take(&mut chassis.service),
            chassis,
        },
        Err(error) => {
            let error = error.to_string();
            wrong.say(
                "--config",
                format!("{}: {}", path.display(), error.trim_end()),
            );
            File::default()
        }
    }
}
