//! `takt up`, `takt migrate` and the three service binaries.
//!
//! It must not know calls. Invariant: whatever serves ends on SIGINT and SIGTERM after a drain.
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser};
use serde::Serialize;
use takt_service::config::{Chassis, ChassisArgs, Defaults, ServiceArgs, ServiceConfig};
use takt_service::{Definition, Running};
use tokio::signal::unix::{SignalKind, signal};

use crate::connection::SERVICES;
use crate::failure::{EXIT_CODES, Failure, Outcome};
use crate::host::{Databases, Suite, SuiteOptions, definition_of};
use crate::output::{Answer, Format, say, tell};

/// The ports on which the services listen unless told otherwise, in the order of `SERVICES`.
const PORTS: [(&str, u16); 3] = [
    ("procurement", 7001),
    ("production", 7002),
    ("delivery", 7003),
];

/// What `takt up` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  takt up\n  takt up --data ./demo\n  takt up --database-url postgres://takt@localhost/takt_{service} --migrate"
)]
pub struct UpArgs {
    /// Where the databases are kept
    #[arg(
        long,
        value_name = "DIR",
        default_value = "takt-data/up",
        env = "TAKT_DATA"
    )]
    data: PathBuf,
    /// Databases instead of files, {service} standing for each service
    #[arg(long, value_name = "URL", env = "TAKT_DATABASE_URL")]
    database_url: Option<String>,
    /// Bring the schema of --database-url up to date first
    #[arg(long)]
    migrate: bool,
    /// The first of the three ports; 0 takes free ones
    #[arg(long, value_name = "PORT", default_value_t = 7001)]
    port: u16,
    #[command(flatten)]
    chassis: ChassisArgs,
}

/// Where the suite answers.
#[derive(Debug, Serialize)]
struct UpAnswer {
    procurement: String,
    production: String,
    delivery: String,
}

impl Answer for UpAnswer {
    fn text(&self) -> String {
        format!(
            "procurement  {}\nproduction   {}\ndelivery     {}\n",
            self.procurement, self.production, self.delivery
        )
    }
}

pub(super) async fn up(format: Format, args: UpArgs) -> Outcome<ExitCode> {
    let databases = match &args.database_url {
        Some(template) => Databases::of_template(template)?,
        None => {
            std::fs::create_dir_all(&args.data).map_err(|error| {
                Failure::refused(format!("{} cannot be made: {error}", args.data.display()))
            })?;
            Databases::in_folder(&args.data)
        }
    };
    let port = |place: u16| {
        if args.port == 0 {
            0
        } else {
            args.port.saturating_add(place)
        }
    };
    let options = SuiteOptions {
        databases,
        listen: [port(0), port(1), port(2)]
            .map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
        migrate: args.migrate,
        chassis: Chassis::load(&args.chassis).map_err(|error| Failure::usage(error.to_string()))?,
    };
    let mut ends = Ends::listen()?;
    let suite = Suite::start(&options)?;
    let uri = |place| suite.endpoints().uri(place).to_owned();
    tell(
        format,
        &UpAnswer {
            procurement: uri(0),
            production: uri(1),
            delivery: uri(2),
        },
    )?;
    say("ready; Ctrl-C stops the suite");
    while !suite.has_ended() {
        tokio::select! {
            () = ends.come() => break,
            () = tokio::time::sleep(Duration::from_millis(200)) => {}
        }
    }
    suite.stop()?;
    Ok(ExitCode::SUCCESS)
}

/// The signals that end a process.
struct Ends {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Ends {
    fn listen() -> Outcome<Self> {
        let broken =
            |error: std::io::Error| Failure::broken(format!("signals cannot be heard: {error}"));
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).map_err(broken)?,
            terminate: signal(SignalKind::terminate()).map_err(broken)?,
        })
    }

    async fn come(&mut self) {
        tokio::select! { _ = self.interrupt.recv() => {}, _ = self.terminate.recv() => {} }
    }
}

/// What `takt migrate` takes.
#[derive(Debug, Args)]
pub struct MigrateArgs {
    /// The databases, {service} standing for each service
    #[arg(long, value_name = "URL", env = "TAKT_DATABASE_URL")]
    database_url: String,
}

/// What was applied.
#[derive(Debug, Serialize)]
struct Migrated {
    services: Vec<(String, Vec<&'static str>)>,
}

impl Answer for Migrated {
    fn text(&self) -> String {
        let line = |(service, steps): &(String, Vec<&str>)| match steps.len() {
            0 => format!("{service}: up to date\n"),
            count => format!("{service}: {count} steps applied: {}\n", steps.join(", ")),
        };
        self.services.iter().map(line).collect()
    }
}

pub(super) async fn migrate(format: Format, args: &MigrateArgs) -> Outcome<ExitCode> {
    let databases = Databases::of_template(&args.database_url)?;
    let mut services = Vec::new();
    for (place, name) in SERVICES.iter().enumerate() {
        let Some(definition) = definition_of(name) else {
            continue;
        };
        let mut config = ServiceConfig::new(&defaults(&definition), Chassis::default());
        config.database = takt_service::config::DatabaseUrl::new(databases.url(place));
        let applied = definition
            .migrate(&config)
            .await
            .map_err(|error| Failure::down(format!("{name}: {error}")))?;
        services.push(((*name).to_owned(), applied));
    }
    tell(format, &Migrated { services })?;
    Ok(ExitCode::SUCCESS)
}

fn defaults(definition: &Definition) -> Defaults {
    let port = PORTS
        .iter()
        .find(|(name, _)| *name == definition.name)
        .map_or(0, |(_, port)| *port);
    Defaults {
        service: definition.name,
        port,
        data: PathBuf::from("takt-data"),
        peers: &PORTS,
    }
}

/// What a service binary takes.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES, max_term_width = 110)]
struct ServiceCli {
    #[command(flatten)]
    args: ServiceArgs,
}

/// Runs one service as a process of its own until it is told to stop.
pub fn service_main(definition: Definition) -> ExitCode {
    let cli = ServiceCli::parse();
    match serve(definition, &cli.args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say(&format!("error: {}", failure.message));
            failure.exit.into()
        }
    }
}

fn serve(definition: Definition, args: &ServiceArgs) -> Outcome<()> {
    let config = ServiceConfig::load(args, &defaults(&definition))
        .map_err(|error| Failure::usage(error.to_string()))?;
    let listener = std::net::TcpListener::bind(config.listen).map_err(|error| {
        Failure::refused(format!("cannot listen on {}: {error}", config.listen))
    })?;
    let running = Running::start(definition, config, listener)
        .map_err(|error| Failure::broken(error.to_string()))?;
    say(&format!(
        "{} listens on {}",
        definition.name, running.address
    ));
    let runtime = super::runtime()?;
    runtime.block_on(async {
        let mut ends = Ends::listen()?;
        while !running.has_ended() {
            tokio::select! {
                () = ends.come() => break,
                () = tokio::time::sleep(Duration::from_millis(100)) => {}
            }
        }
        running.stop();
        Ok::<(), Failure>(())
    })?;
    running
        .joined()
        .map_err(|error| Failure::broken(error.to_string()))
}
