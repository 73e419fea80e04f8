//! `takt replay`: the flags of a run and the report at its end. It must not know days or steps.
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::FalseyValueParser;
use takt_kernel::Date;
use takt_service::config::{Chassis, ChassisArgs};

use super::stock::percent;
use crate::connection::Endpoints;
use crate::failure::{Failure, Outcome};
use crate::host::{Databases, SuiteOptions};
use crate::output::{Format, say, tell};
use crate::replay::disruption::Disruption;
use crate::replay::options::{Lots, Options, PlaceOnDay, WorldMode};
use crate::replay::{Hosting, Played, Request, folder_of, replay};
use crate::report::{figures::Report, report};

const EXAMPLES: &str = "\
Examples:
  takt replay su7                            the built-in programme; Ctrl-C stops, the same command goes on
  takt replay su7 --report su7.html          and a page with charts
  takt replay su7 --vehicles 1000 --data takt-data/small
  takt replay su7 --disrupt CATL@2024-06-10:14 --data takt-data/outage    (`takt risk su7 --disrupt ..` predicts it)
  takt replay su7 --vehicles 1000 --change crates/takt/changes/catl-cells.yaml --data takt-data/catl
  takt replay su7 --world real --seed 7 --data takt-data/real
  takt replay su7 --world real --seed 7 --safety 99% --data takt-data/safe
  takt replay ./my-programme --until 2024-06-30 --output json
  takt replay su7 --endpoints procurement=a:7001,production=b:7002,delivery=c:7003

Supplier shares, costs, lot sizes and lead times of the built-in programme are a model, not the companies' terms.";

/// What `takt replay` is told.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ReplayArgs {
    /// The programme: the name of a built-in one (su7), or a directory
    #[arg(value_name = "PROGRAMME")]
    programme: String,

    #[command(flatten)]
    options: OptionArgs,

    /// Release this engineering change on the way; the file's format is in docs/engineering-change.md
    #[arg(long, value_name = "FILE.yaml")]
    change: Option<PathBuf>,

    /// Stop after this day; a later command goes on from there
    #[arg(long, value_name = "DATE")]
    until: Option<Date>,

    /// Throw away what the folder holds and start anew
    #[arg(long)]
    fresh: bool,

    /// Write the report as one page with charts
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,

    /// Say nothing while playing
    #[arg(long, short)]
    quiet: bool,

    #[command(flatten)]
    place: PlaceArgs,

    #[command(flatten)]
    chassis: ChassisArgs,
}

/// The options that make one run differ from another.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Run")]
pub(super) struct OptionArgs {
    /// Build this many vehicles; plan, orders, capacity and lots shrink or grow with it [default: the programme's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..=10_000_000))]
    pub vehicles: Option<i64>,

    /// What becomes of lot sizes when --vehicles is given
    #[arg(long, value_enum, default_value_t)]
    pub lots: Lots,

    /// What the outside world does: keep to the plan, or draw from world.csv
    #[arg(long, value_enum, default_value_t)]
    pub world: WorldMode,

    /// The seed of the outside world
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,

    /// Learn safety times from receipts every week, so that this share of deliveries is there in time (docs/safety-stock.md)
    #[arg(long, value_name = "PERCENT", value_parser = service)]
    pub safety: Option<i64>,

    /// A supplier on any tier makes and ships nothing for some days; repeatable
    #[arg(long, value_name = "SUPPLIER@DATE:DAYS")]
    pub disrupt: Vec<Disruption>,

    /// The line pulls a vehicle out before its parts are used, by its place in the day's sequence; repeatable
    #[arg(long, value_name = "DATE:PLACE")]
    pub pull: Vec<PlaceOnDay>,

    /// Quality keeps a completed vehicle back, by its place in the day's sequence; repeatable
    #[arg(long, value_name = "DATE:PLACE")]
    pub hold: Vec<PlaceOnDay>,
}

/// Where the run is kept and where its services run.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Place")]
pub(super) struct PlaceArgs {
    /// The folder of the run: three databases and what the replay remembers [default: takt-data/PROGRAMME]
    #[arg(long, env = "TAKT_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,

    /// Databases elsewhere; {service} stands for the service's name
    #[arg(
        long,
        env = "TAKT_DATABASE_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    pub database_url: Option<String>,

    /// Bring the schema of those databases up to date first
    #[arg(long, env = "TAKT_MIGRATE", value_parser = FalseyValueParser::new())]
    pub migrate: bool,

    /// Drive services that run already: procurement=HOST:PORT,production=HOST:PORT,delivery=HOST:PORT
    #[arg(long, env = "TAKT_ENDPOINTS", value_name = "LIST", conflicts_with_all = ["database_url", "migrate"])]
    pub endpoints: Option<Endpoints>,
}

/// A share of deliveries that may be asked for, in millionths.
pub(super) fn service(text: &str) -> Result<i64, String> {
    let share = percent(text)?;
    match (500_000..1_000_000).contains(&share) {
        true => Ok(share),
        false => Err("a share of deliveries is from 50% to below 100%".to_owned()),
    }
}

impl OptionArgs {
    /// The flags as options; the size is resolved where the programme is known.
    pub(super) fn options(&self) -> Options {
        Options {
            lots: self.lots,
            world: self.world,
            seed: self.seed,
            disruptions: self.disrupt.clone(),
            pulled: self.pull.clone(),
            held: self.hold.clone(),
            safety: self.safety,
            ..Options::default()
        }
    }
}

impl PlaceArgs {
    /// Where the services of the run are.
    pub(super) fn hosting(&self, folder: &Path, chassis: &ChassisArgs) -> Outcome<Hosting> {
        if let Some(endpoints) = &self.endpoints {
            return Ok(Hosting::Remote(endpoints.clone()));
        }
        let databases = match &self.database_url {
            Some(template) => Databases::of_template(template)?,
            None => Databases::in_folder(folder),
        };
        let mut options = SuiteOptions {
            migrate: self.migrate,
            ..SuiteOptions::over(databases)
        };
        let filter = options.chassis.log.filter.clone();
        options.chassis =
            Chassis::load(chassis).map_err(|error| Failure::usage(error.to_string()))?;
        if options.chassis.log.filter.is_empty() {
            options.chassis.log.filter = filter;
        }
        if self.database_url.is_some() {
            Ok(Hosting::Databases(options))
        } else {
            Ok(Hosting::Folder(options))
        }
    }
}

pub(super) async fn run(args: ReplayArgs, output: Format) -> Outcome<()> {
    let mut request = Request {
        source: args.programme.clone(),
        data: args.place.data.clone(),
        vehicles: args.options.vehicles,
        options: args.options.options(),
        change: args.change.clone(),
        until: args.until,
        fresh: args.fresh,
        hosting: None,
        quiet: args.quiet,
    };
    request.hosting = Some(args.place.hosting(&folder_of(&request), &args.chassis)?);
    let played = replay(&request).await?;
    if !played.played {
        say(&format!(
            "{} was played before; --fresh starts anew",
            folder_of(&request).display()
        ));
    }
    let told = tell_report(&played, args.report.as_deref(), output).await;
    let stopped = played.stop().await;
    told?;
    stopped
}

/// Asks for the report, writes the page where one is wanted, and tells it.
pub(super) async fn tell_report(
    played: &Played,
    page: Option<&Path>,
    output: Format,
) -> Outcome<()> {
    let report: Report = report(&played.peers, &played.state).await?;
    if let Some(path) = page {
        let failed =
            |error| Failure::refused(format!("{} cannot be written: {error}", path.display()));
        std::fs::write(path, report.page()?).map_err(failed)?;
        say(&format!("the report is in {}", path.display()));
    }
    tell(output, &report)
}
