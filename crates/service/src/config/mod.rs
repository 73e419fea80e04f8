//! What a service is told: flags over `TAKT_*` environment over a TOML file over defaults.
//!
//! It must not know what the values are for. Invariants: everything that is wrong is said at once, with the name of the
//! flag; an unknown key in the file is an error, not a silence; nothing listens beyond loopback unless told `--insecure`;
//! a database's password is never printed.

mod args;
mod file;
mod secret;
mod value;

use std::{
    collections::BTreeMap,
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use crate::{
    seal::Keys,
    telemetry::{LogConfig, OtlpConfig},
};

pub use args::{ChassisArgs, ServiceArgs};
use file::{ChassisFile, File};
pub use value::{DatabaseUrl, Span, parse_span};

/// What is different from service to service before anybody says anything.
#[derive(Debug, Clone)]
pub struct Defaults {
    /// `procurement`, `production` or `delivery`.
    pub service: &'static str,
    /// The port it listens on.
    pub port: u16,
    /// Where its embedded database lies.
    pub data: PathBuf,
    /// The peers and the ports they listen on by default.
    pub peers: &'static [(&'static str, u16)],
}

/// The limits of a server; reaching one answers RESOURCE_EXHAUSTED or closes a connection, never more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The largest message in bytes, in either direction.
    pub message_bytes: usize,
    /// Calls in flight over all connections.
    pub calls: usize,
    /// Watches open over all connections.
    pub watches: usize,
    /// Connections.
    pub connections: usize,
    /// Streams open at once on a connection.
    pub streams: u32,
    /// The metadata of a call in bytes.
    pub header_bytes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 4 << 20,
            calls: 1_024,
            watches: 256,
            connections: 1_024,
            streams: 256,
            header_bytes: 16 << 10,
        }
    }
}

/// When a database's schema is brought up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MigrateMode {
    /// At the start where the database is embedded; elsewhere a schema that is behind is refused.
    #[default]
    Embedded,
    /// At the start, wherever it is.
    Always,
    /// Never: a schema that is behind is refused.
    Never,
}

/// What the chassis is told, the same for every service of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chassis {
    /// Logs, traces and metrics.
    pub log: LogConfig,
    /// The limits of the server.
    pub limits: Limits,
    /// The deadline of unary calls that come without one.
    pub deadline: Duration,
    /// The deadline of streams that come without one.
    pub stream_deadline: Duration,
    /// How long a draining server goes on taking calls.
    pub drain_delay: Duration,
    /// How long it then waits for what is in flight.
    pub drain_timeout: Duration,
    /// The age at which a connection is asked to go; None means never.
    pub connection_age: Option<Duration>,
    /// Whether answers are compressed for clients that accept it.
    pub compress: bool,
    /// How long facts are kept after every subscription is past them.
    pub fact_retention: Duration,
    /// How long the answers to request ids are kept.
    pub answer_retention: Duration,
    /// The keys of personal data, the newest first.
    pub keys: Keys,
}

impl Default for Chassis {
    fn default() -> Self {
        Self {
            log: LogConfig::default(),
            limits: Limits::default(),
            deadline: Duration::from_secs(30),
            stream_deadline: Duration::from_secs(600),
            drain_delay: Duration::ZERO,
            drain_timeout: Duration::from_secs(20),
            connection_age: None,
            compress: false,
            fact_retention: Duration::from_secs(7 * 86_400),
            answer_retention: Duration::from_secs(7 * 86_400),
            keys: Keys::default(),
        }
    }
}

/// Everything a service is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceConfig {
    /// Its short name.
    pub service: &'static str,
    /// Where it listens.
    pub listen: SocketAddr,
    /// Its database.
    pub database: DatabaseUrl,
    /// When its schema is brought up to date.
    pub migrate: MigrateMode,
    /// The addresses of the other services by name.
    pub peers: BTreeMap<String, String>,
    /// Whether it may listen beyond loopback without certificates.
    pub insecure: bool,
    /// What is the same for every service of a process.
    pub chassis: Chassis,
}

impl ServiceConfig {
    /// The defaults of a service: loopback, its own port, an embedded database.
    pub fn new(defaults: &Defaults, chassis: Chassis) -> Self {
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let file = defaults.data.join(format!("{}.sqlite", defaults.service));
        let peer =
            |(name, port): &(&str, u16)| (String::from(*name), format!("http://{loopback}:{port}"));
        Self {
            service: defaults.service,
            listen: SocketAddr::new(loopback, defaults.port),
            database: DatabaseUrl::new(format!("sqlite:{}", file.display())),
            migrate: MigrateMode::default(),
            peers: defaults.peers.iter().map(peer).collect(),
            insecure: false,
            chassis,
        }
    }

    /// Reads flags, environment and file.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn load(args: &ServiceArgs, defaults: &Defaults) -> Result<Self, ConfigError> {
        let mut wrong = Wrong::default();
        let file = file::read(args.chassis.config.as_deref(), &mut wrong);
        let chassis = chassis(&args.chassis, &file.chassis, &mut wrong);
        let mut config = Self::new(defaults, chassis);
        let mut own = file
            .service
            .get(defaults.service)
            .cloned()
            .unwrap_or_default();

        set(&mut config.listen, args.listen.or(own.listen));
        let url = args.database_url.clone().or(own.database_url.take());
        set(&mut config.database, url.map(DatabaseUrl::new));
        config.insecure = args.insecure || own.insecure.unwrap_or_default();
        if args.migrate || own.migrate == Some(true) {
            config.migrate = MigrateMode::Always;
        } else if own.migrate == Some(false) {
            config.migrate = MigrateMode::Never;
        }
        config.peers.extend(own.peers);
        config.peers.extend(args.peers.iter().cloned());

        config.check(&mut wrong);
        wrong.finish(config)
    }

    /// Refuses what cannot work or is not safe; `load` has done it, `takt up` does it for what it makes itself.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn checked(self) -> Result<Self, ConfigError> {
        let mut wrong = Wrong::default();
        self.check(&mut wrong);
        wrong.finish(self)
    }

    fn check(&self, wrong: &mut Wrong) {
        if !self.listen.ip().is_loopback() && !self.insecure {
            wrong.say(
                "--listen",
                format!(
                    "{} can be reached from other machines and there are no certificates; listen on 127.0.0.1, or \
                     pass --insecure where the network is trusted",
                    self.listen
                ),
            );
        }
        if let Err(why) = self.database.check() {
            wrong.say("--database-url", why);
        }
        for (name, address) in &self.peers {
            let uri = address.parse::<http::Uri>();
            let plain =
                uri.is_ok_and(|uri| uri.scheme_str() == Some("http") && uri.host().is_some());
            if !plain {
                let example = "give an address such as http://127.0.0.1:7001";
                wrong.say(
                    "--peer",
                    format!("{name}={address} is not an address; {example}"),
                );
            }
        }
    }
}

impl Chassis {
    /// Reads flags, environment and the common part of the file: all that `takt up` needs for three services.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn load(args: &ChassisArgs) -> Result<Self, ConfigError> {
        let mut wrong = Wrong::default();
        let file: File = file::read(args.config.as_deref(), &mut wrong);
        let chassis = chassis(args, &file.chassis, &mut wrong);
        wrong.finish(chassis)
    }
}

fn chassis(args: &ChassisArgs, file: &ChassisFile, wrong: &mut Wrong) -> Chassis {
    let mut chassis = Chassis::default();
    let spans = [
        (&mut chassis.deadline, args.deadline, file.deadline),
        (
            &mut chassis.stream_deadline,
            args.stream_deadline,
            file.stream_deadline,
        ),
        (&mut chassis.drain_delay, args.drain_delay, file.drain_delay),
        (
            &mut chassis.drain_timeout,
            args.drain_timeout,
            file.drain_timeout,
        ),
        (
            &mut chassis.fact_retention,
            args.fact_retention,
            file.fact_retention,
        ),
        (
            &mut chassis.answer_retention,
            args.answer_retention,
            file.answer_retention,
        ),
    ];
    for (value, flag, key) in spans {
        set(value, flag.or(key).map(Duration::from));
    }
    chassis.connection_age = args
        .connection_age
        .or(file.connection_age)
        .map(Duration::from);
    chassis.compress = args.compress || file.compress.unwrap_or_default();
    let key_file = args
        .personal_data_key
        .as_ref()
        .or(file.personal_data_key.as_ref());
    chassis.keys = secret::keys(key_file.map(PathBuf::as_path), wrong);

    let limits = &mut chassis.limits;
    set(
        &mut limits.message_bytes,
        args.max_message.or(file.limits.message_bytes),
    );
    set(&mut limits.calls, args.max_calls.or(file.limits.calls));
    set(
        &mut limits.watches,
        args.max_watches.or(file.limits.watches),
    );
    set(
        &mut limits.connections,
        args.max_connections.or(file.limits.connections),
    );
    set(
        &mut limits.streams,
        args.max_streams.or(file.limits.streams),
    );
    set(
        &mut limits.header_bytes,
        args.max_metadata.or(file.limits.header_bytes),
    );

    let log = &mut chassis.log;
    set(&mut log.format, args.log_format.or(file.log_format));
    set(&mut log.filter, args.log.clone().or(file.log.clone()));
    log.otlp = args
        .otlp_endpoint
        .clone()
        .or(file.otlp_endpoint.clone())
        .filter(|endpoint| !endpoint.is_empty())
        .map(|endpoint| OtlpConfig {
            endpoint,
            protocol: args
                .otlp_protocol
                .or(file.otlp_protocol)
                .unwrap_or_default(),
        });
    check(&chassis, wrong);
    chassis
}

fn check(chassis: &Chassis, wrong: &mut Wrong) {
    let limits = &chassis.limits;
    let counts = [
        ("--max-calls", limits.calls),
        ("--max-watches", limits.watches),
        ("--max-connections", limits.connections),
        (
            "--max-streams",
            usize::try_from(limits.streams).unwrap_or(usize::MAX),
        ),
    ];
    for (flag, count) in counts {
        if count == 0 {
            wrong.say(flag, "0 would let nobody in; give 1 or more");
        }
    }
    if !(64 << 10..=64 << 20).contains(&limits.message_bytes) {
        wrong.say(
            "--max-message",
            "give between 65536 (64 KiB) and 67108864 (64 MiB) bytes",
        );
    }
    if !(4 << 10..=1 << 20).contains(&limits.header_bytes) {
        wrong.say(
            "--max-metadata",
            "give between 4096 (4 KiB) and 1048576 (1 MiB) bytes",
        );
    }
    let deadlines = [
        ("--deadline", chassis.deadline),
        ("--stream-deadline", chassis.stream_deadline),
    ];
    for (flag, deadline) in deadlines {
        if deadline.is_zero() {
            wrong.say(flag, "0 would refuse every call; give a time such as 30s");
        }
    }
    if chassis.connection_age.is_some_and(|age| age.is_zero()) {
        wrong.say(
            "--connection-age",
            "0 would close every connection; leave it out for no limit",
        );
    }
}

fn set<T>(value: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *value = given;
    }
}

/// Everything that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(pub Vec<String>);

impl fmt::Display for ConfigError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for ConfigError {}

/// What is wrong so far.
#[derive(Debug, Default)]
struct Wrong(Vec<String>);

impl Wrong {
    fn say(&mut self, name: &str, why: impl fmt::Display) {
        self.0.push(format!("{name}: {why}"));
    }

    fn finish<T>(self, value: T) -> Result<T, ConfigError> {
        if self.0.is_empty() {
            Ok(value)
        } else {
            Err(ConfigError(self.0))
        }
    }
}

#[cfg(test)]
mod tests;
