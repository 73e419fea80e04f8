//! `takt replay` and `takt import`.
//!
//! It must not know the days or the rows. Invariant: the report is read from the services, never from the programme.
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use takt_kernel::Date;

use super::ask::AskArgs;
use crate::failure::{Failure, Outcome};
use crate::host::{Databases, SuiteOptions};
use crate::output::{Answer, Format, say, tell};
use crate::programme::Folder;
use crate::replay::disruption::Disruption;
use crate::replay::options::{Lots, Options, PlaceOnDay, WorldMode};
use crate::replay::{Hosting, Request, read_programme, replay as play, sized};
use crate::report::report;

/// What `takt replay` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  takt replay su7\n  takt replay su7 --vehicles 1000 --output json\n  takt replay su7 --disrupt CATL@2024-06-10:14 --data /tmp/outage --report outage.html"
)]
pub struct ReplayArgs {
    /// A built-in programme (su7) or a folder in the import format
    programme: String,
    /// Where the run is kept [default: takt-data/PROGRAMME]
    #[arg(long, value_name = "DIR", env = "TAKT_DATA")]
    data: Option<PathBuf>,
    /// Throw away what the folder holds and start anew
    #[arg(long)]
    fresh: bool,
    /// Make the programme smaller: plan, orders and capacity in proportion
    #[arg(long, value_name = "N")]
    vehicles: Option<i64>,
    /// What becomes of lot sizes with --vehicles
    #[arg(long, value_enum, default_value_t)]
    lots: Lots,
    /// What the outside world does: keep to the plan, or draw from world.csv
    #[arg(long, value_enum, default_value_t)]
    world: WorldMode,
    /// The seed of the outside world
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A direct supplier that delivers nothing from a date on for some days; repeatable
    #[arg(long, value_name = "SUPPLIER@DATE:DAYS")]
    disrupt: Vec<Disruption>,
    /// A vehicle that the line pulls out before its parts are used; repeatable
    #[arg(long, value_name = "DATE:PLACE")]
    pull: Vec<PlaceOnDay>,
    /// A vehicle that quality keeps back after its completion; repeatable
    #[arg(long, value_name = "DATE:PLACE")]
    hold: Vec<PlaceOnDay>,
    /// The last day to play
    #[arg(long, value_name = "DATE")]
    until: Option<Date>,
    /// Write the report as one self-contained page as well
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Databases instead of files, {service} standing for each service: postgres://takt@localhost/takt_{service}
    #[arg(
        long,
        value_name = "URL",
        env = "TAKT_DATABASE_URL",
        conflicts_with = "endpoints"
    )]
    database_url: Option<String>,
    /// Bring the schema of --database-url up to date first
    #[arg(long)]
    migrate: bool,
    /// Services that already run: procurement=http://..,production=http://..,delivery=http://..
    #[arg(long, value_name = "LIST")]
    endpoints: Option<crate::connection::Endpoints>,
    /// Say nothing while playing
    #[arg(long, short)]
    quiet: bool,
}

pub(super) async fn replay(format: Format, args: ReplayArgs) -> Outcome<ExitCode> {
    let hosting = match (args.endpoints, &args.database_url) {
        (Some(endpoints), _) => Hosting::Remote(endpoints),
        (None, Some(template)) => {
            let mut options = SuiteOptions::over(Databases::of_template(template)?);
            options.migrate = args.migrate;
            Hosting::Databases(options)
        }
        (None, None) => Hosting::Folder,
    };
    let request = Request {
        source: args.programme,
        data: args.data,
        vehicles: args.vehicles,
        options: Options {
            lots: args.lots,
            world: args.world,
            seed: args.seed,
            disruptions: args.disrupt,
            pulled: args.pull,
            held: args.hold,
            ..Options::default()
        },
        until: args.until,
        fresh: args.fresh,
        hosting,
        quiet: args.quiet,
    };
    let played = play(&request).await?;
    let told = tell_report(format, &played, args.report.as_deref()).await;
    let stopped = played.stop();
    told?;
    stopped?;
    Ok(ExitCode::SUCCESS)
}

async fn tell_report(
    format: Format,
    played: &crate::replay::Played,
    page: Option<&std::path::Path>,
) -> Outcome<()> {
    let report = report(&played.peers, &played.state).await?;
    if let Some(path) = page {
        let html = report.page()?;
        std::fs::write(path, html).map_err(|error| {
            Failure::broken(format!("{} cannot be written: {error}", path.display()))
        })?;
        say(&format!("the report is in {}", path.display()));
    }
    tell(format, &report)
}

/// What `takt import` takes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  takt import su7\n  takt import ./my-programme --output json")]
pub struct ImportArgs {
    /// A built-in programme (su7) or a folder in the import format
    programme: String,
    /// Make the programme smaller: plan, orders and capacity in proportion
    #[arg(long, value_name = "N")]
    vehicles: Option<i64>,
    #[command(flatten)]
    ask: AskArgs,
}

impl Answer for crate::import::Imported {
    fn text(&self) -> String {
        match serde_json::to_string_pretty(self) {
            Ok(text) => format!("imported\n{text}\n"),
            Err(_) => "imported\n".to_owned(),
        }
    }
}

pub(super) async fn import(format: Format, args: ImportArgs) -> Outcome<ExitCode> {
    let folder =
        Folder::open(&args.programme).map_err(|error| Failure::bad_input(error.to_string()))?;
    let full = read_programme(&folder, false)?;
    let options = Options {
        vehicles: args.vehicles.unwrap_or(full.vehicles),
        ..Options::default()
    };
    let programme = sized(&full, &options)?;
    let import_id = options.import_id(&folder.programme_hash());
    let imported = crate::import::import(&args.ask.peers()?, &full, &programme, &import_id).await?;
    tell(format, &imported)?;
    Ok(ExitCode::SUCCESS)
}
