//! The commands about the suite as a whole: keep it running, ask whether it serves, bring its schema up to date, hash
//! it, check it. It must not know tables.
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::Args;
use clap::builder::FalseyValueParser;
use serde::Serialize;
use takt_service::config::{Chassis, ChassisArgs};

use super::PORTS;
use super::target::{TargetArgs, local_endpoints};
use crate::admin;
use crate::connection::{Endpoints, Peers, SERVICES};
use crate::failure::{Failure, Outcome};
use crate::health;
use crate::host::{self, Databases, Suite, SuiteOptions};
use crate::output::{Answer, Format, say, table, table_text, tell};
use crate::replay::interrupt::signalled;
use crate::replay::state::RunFolder;

const UP_EXAMPLES: &str = "\
Examples:
  takt up
  takt up --data takt-data/su7               look at what a replay has left
  takt up --database-url 'postgres://takt@localhost/takt_{service}' --migrate
  grpcurl -plaintext 127.0.0.1:7002 list";

/// What `takt up` is told.
#[derive(Debug, Args)]
#[command(after_help = UP_EXAMPLES)]
pub(super) struct UpArgs {
    /// The folder of the three SQLite databases
    #[arg(
        long,
        env = "TAKT_DATA",
        value_name = "DIR",
        default_value = "takt-data/up"
    )]
    data: PathBuf,

    /// Databases elsewhere; {service} stands for the service's name
    #[arg(
        long,
        env = "TAKT_DATABASE_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    database_url: Option<String>,

    /// Bring the schema up to date at the start; SQLite databases always are
    #[arg(long, env = "TAKT_MIGRATE", value_parser = FalseyValueParser::new())]
    migrate: bool,

    /// The address to listen on
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,

    /// The first of the three ports, of procurement; production and delivery take the next two; 0 takes free ones
    #[arg(long, value_name = "PORT", default_value_t = PORTS[0])]
    port: u16,

    /// Listen beyond loopback although there are no certificates
    #[arg(long, env = "TAKT_INSECURE", value_parser = FalseyValueParser::new())]
    insecure: bool,

    #[command(flatten)]
    chassis: ChassisArgs,
}

/// Where the suite answers.
#[derive(Debug, Serialize)]
struct Up {
    procurement: String,
    production: String,
    delivery: String,
    /// All three as `--endpoints` takes them.
    endpoints: String,
    databases: String,
}

impl Answer for Up {
    fn text(&self) -> String {
        let mut lines = table(&["service", "address"]);
        for (service, address) in
            SERVICES
                .iter()
                .zip([&self.procurement, &self.production, &self.delivery])
        {
            lines.add_row([*service, address]);
        }
        format!("{}\n{}\nCtrl-C stops\n", table_text(&lines), self.databases)
    }
}

pub(super) async fn up(args: UpArgs, output: Format) -> Outcome<()> {
    let chassis =
        Chassis::load(&args.chassis).map_err(|error| Failure::usage(error.to_string()))?;
    let port = |place: u16| {
        if args.port == 0 {
            0
        } else {
            args.port.saturating_add(place)
        }
    };
    let (databases, _folder) = match &args.database_url {
        Some(template) => (Databases::of_template(template)?, None),
        None => (
            Databases::in_folder(&args.data),
            Some(RunFolder::hold(&args.data)?),
        ),
    };
    let options = SuiteOptions {
        listen: [port(0), port(1), port(2)].map(|port| SocketAddr::new(args.host, port)),
        migrate: args.migrate,
        insecure: args.insecure,
        chassis,
        ..SuiteOptions::over(databases.clone())
    };
    let suite = Suite::start(&options)?;
    let stays = stay(&suite, &databases, output).await;
    let crashed = suite.has_ended();
    match (stays, suite.stop().await) {
        (Err(_), Err(cause)) if crashed => Err(cause),
        (Err(failure), _) | (Ok(()), Err(failure)) => Err(failure),
        (Ok(()), Ok(())) => Ok(()),
    }
}

async fn stay(suite: &Suite, databases: &Databases, output: Format) -> Outcome<()> {
    let peers = Peers::new(suite.endpoints(), std::time::Duration::from_secs(5))?;
    suite.ready(&peers).await?;
    let endpoints = suite.endpoints();
    let uri = |place| endpoints.uri(place).to_owned();
    tell(
        output,
        &Up {
            endpoints: endpoints.to_string(),
            procurement: uri(0),
            production: uri(1),
            delivery: uri(2),
            databases: databases.to_string(),
        },
    )?;
    tokio::select! {
        heard = signalled() => {
            say("stopping");
            heard
        }
        () = suite.ended() => Err(Failure::broken("a service has ended by itself")),
    }
}

/// What `takt health` is told.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  takt health\n  takt health --endpoints procurement=a:7001,production=b:7002,delivery=c:7003 --output json"
)]
pub(super) struct HealthArgs {
    /// The services [default: those of takt up]
    #[arg(long, env = "TAKT_ENDPOINTS", value_name = "LIST")]
    endpoints: Option<Endpoints>,
}

pub(super) async fn health(args: HealthArgs, output: Format) -> Outcome<()> {
    let health = health::ask(&args.endpoints.unwrap_or_else(local_endpoints)).await?;
    tell(output, &health)?;
    if health.serving {
        return Ok(());
    }
    Err(Failure::down("not every service serves")
        .with_way_out("start them with takt up, or name them with --endpoints"))
}

/// What `takt migrate` is told.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  takt migrate --database-url 'postgres://takt@localhost/takt_{service}'\n  takt migrate --data takt-data/su7"
)]
pub(super) struct MigrateArgs {
    /// The folder of the three SQLite databases
    #[arg(long, value_name = "DIR", conflicts_with = "database_url")]
    data: Option<PathBuf>,

    /// The databases; {service} stands for the service's name
    #[arg(
        long,
        env = "TAKT_DATABASE_URL",
        value_name = "URL",
        hide_env_values = true,
        required_unless_present = "data"
    )]
    database_url: Option<String>,
}

/// What a migration did.
#[derive(Debug, Serialize)]
struct Migrated {
    services: Vec<MigratedService>,
}

#[derive(Debug, Serialize)]
struct MigratedService {
    service: &'static str,
    steps: Vec<&'static str>,
}

impl Answer for Migrated {
    fn text(&self) -> String {
        let mut lines = table(&["service", ">steps", "done now"]);
        for service in &self.services {
            let steps = if service.steps.is_empty() {
                "up to date".to_owned()
            } else {
                service.steps.join(" ")
            };
            lines.add_row([
                service.service.to_owned(),
                service.steps.len().to_string(),
                steps,
            ]);
        }
        table_text(&lines)
    }
}

pub(super) async fn migrate(args: MigrateArgs, output: Format) -> Outcome<()> {
    let (databases, _folder) = match (&args.data, &args.database_url) {
        (Some(data), _) => (Databases::in_folder(data), Some(RunFolder::hold(data)?)),
        (None, Some(template)) => (Databases::of_template(template)?, None),
        (None, None) => {
            return Err(Failure::usage(
                "name the databases with --data or --database-url",
            ));
        }
    };
    let services = host::migrate(&databases).await?;
    let services = services
        .into_iter()
        .map(|(service, steps)| MigratedService { service, steps })
        .collect();
    tell(output, &Migrated { services })
}

/// What `takt digest` is told.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  takt digest --data takt-data/su7\n  takt digest --output json | jq -r .digest"
)]
pub(super) struct DigestArgs {
    #[command(flatten)]
    target: TargetArgs,
}

pub(super) async fn digest(args: DigestArgs, output: Format) -> Outcome<()> {
    let target = args.target.open().await?;
    let digests = admin::digests(&target.peers).await;
    tell(output, &target.close_after(digests).await?)
}

/// What `takt check` is told.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  takt check --data takt-data/su7\n  takt check --output json")]
pub(super) struct CheckArgs {
    #[command(flatten)]
    target: TargetArgs,
}

pub(super) async fn check(args: CheckArgs, output: Format) -> Outcome<()> {
    let target = args.target.open().await?;
    let checked = admin::check(&target.peers).await;
    let checked = target.close_after(checked).await?;
    tell(output, &checked)?;
    if checked.holds {
        return Ok(());
    }
    let broken = checked
        .invariants
        .iter()
        .filter(|invariant| invariant.violated > 0);
    let ids: Vec<&str> = broken.map(|invariant| invariant.id.as_str()).collect();
    Err(Failure::broken(format!(
        "not every invariant holds: {}",
        ids.join(", ")
    )))
}
