//! The command line: what people type, and what they get. It must not know how anything is done; each file below
//! turns the flags of one command into one call and tells its answer. Invariants: every command takes `--output`;
//! with `--output json` stdout holds one JSON document; the exit code is one of those that the help lists.
mod as_built;
mod bench;
mod buy;
mod calloff;
mod capacity;
mod cases;
mod centres;
mod chain;
mod change;
mod customers;
mod disruption;
mod edifact;
mod facts;
mod import;
mod jobs;
mod kpi;
mod milestones;
mod oee;
mod orders;
mod partners;
mod plan;
mod promise;
mod quality;
mod ramp;
mod recall;
mod replay;
mod risk;
mod safety;
mod sequence;
mod stock;
mod suite;
mod suppliers;
mod supply;
mod target;
mod trace;
mod transport;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

pub(crate) use cases::by_name;

use crate::failure::{EXIT_CODES, Exit, Failure, Outcome};
use crate::output::{Format, say};

/// The ports on which `takt up` and the service binaries listen by default, in the order of `SERVICES`.
pub const PORTS: [u16; 3] = [7001, 7002, 7003];

const ABOUT: &str = "Takt carries a vehicle programme from supplier to customer";
const LONG_ABOUT: &str = "Takt carries a vehicle programme from supplier to customer: three services, procurement, \
production and delivery, each with a database of its own, and a replay that plays a real programme through them.";
const EXAMPLES: &str = "\
Examples:
  takt replay su7                            play the built-in programme, end with a report
  takt replay su7 --vehicles 1000            the same a hundred times smaller
  takt replay su7 --disrupt CATL@2024-06-10:14 --data takt-data/outage --report outage.html
  takt up                                    keep the three services running
  takt import ./my-programme                 check a programme folder and import it";

/// Takt's command line.
#[derive(Debug, Parser)]
#[command(name = "takt", version, about = ABOUT, long_about = LONG_ABOUT)]
#[command(
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
struct Cli {
    /// How the answer is told: tables for people, or one JSON document alone on stdout
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORM",
        env = "TAKT_OUTPUT"
    )]
    output: Format,
    #[command(subcommand)]
    command: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Play a programme day by day through the three services and end with a report
    Replay(Box<replay::ReplayArgs>),
    /// Start the three services and keep them running: three ports, reflection, health
    Up(Box<suite::UpArgs>),
    /// Check a programme folder and import it into services that run
    Import(import::ImportArgs),
    /// Ask the three services whether they serve
    Health(suite::HealthArgs),
    /// Plan a problem folder: requirements, orders, what is late and why; no service is needed
    Plan(plan::PlanArgs),
    /// Put a day's vehicles in order for paint and final assembly, of a programme, of an instance or of running services
    Sequence(Box<sequence::SequenceArgs>),
    /// Say when vehicles of a configuration can be had, and why not earlier
    Promise(Box<promise::PromiseArgs>),
    /// Assess and release engineering changes, and find where they began
    #[command(subcommand)]
    Change(change::ChangeTask),
    /// Open, look at and report on the jobs of stations
    #[command(subcommand)]
    Jobs(jobs::JobsTask),
    /// Non-conformances, holds, dispositions, yields and defects
    #[command(subcommand)]
    Quality(quality::QualityTask),
    /// Tell the equipment effectiveness of the shops, or of an event file without any service
    Oee(Box<oee::OeeArgs>),
    /// Tell whether scale or learning brings profits, and when a milestone comes
    Ramp(Box<ramp::RampArgs>),
    /// What the loss of each site in the supply network costs, on all tiers: of a folder, or of running services
    Risk(Box<risk::RiskArgs>),
    /// Declare and resolve disruptions, and tell what they do to parts, shops, vehicles and customers
    #[command(subcommand)]
    Disruption(disruption::DisruptionTask),
    /// Recalls and stop-ships: who is affected, what is kept back, what was done, how far it is
    #[command(subcommand)]
    Recall(recall::RecallTask),
    /// Who customers are: written down encrypted, told, forgotten for good
    #[command(subcommand)]
    Customers(customers::CustomersTask),
    /// Milestones: which were reached, when the next one comes, and what would bring it forward
    Milestones(milestones::MilestonesArgs),
    /// Orders whose promise is in danger, one order and its timeline, promises anew after a disruption, cancelling by terms
    #[command(subcommand)]
    Orders(orders::OrdersTask),
    /// Delivery centres: their days and weeks, appointments and inspections before the handover
    #[command(subcommand)]
    Centres(centres::CentresTask),
    /// Key figures of delivery: order to delivery, perfect orders, where vehicles wait
    Kpi(Box<kpi::KpiArgs>),
    /// Raw material to customer in one view: lead times, value added, yield, CO2e, who stands behind whom; no service is needed
    Chain(Box<chain::ChainArgs>),
    /// Scheduling agreements and call-offs: cumulatives, zones, what is owed at the end
    #[command(subcommand)]
    Calloff(calloff::CallOffTask),
    /// Write and read EDIFACT files: DELFOR, DELJIT, DESADV
    #[command(subcommand)]
    Edifact(edifact::EdifactTask),
    /// Buying: change and cancel orders with what is owed, and invoices against order, receipt and price
    #[command(subcommand)]
    Buy(buy::BuyTask),
    /// What suppliers did: on time in full, rejected parts, lead and answer times, price drift
    Suppliers(suppliers::SuppliersArgs),
    /// How long the stock of each bought item lasts, what is under way, and when it runs out
    Supply(supply::SupplyArgs),
    /// Suppliers side by side: exposure, spend, stakes and alternatives, and where money spares most; no service is needed
    Partners(Box<partners::PartnersArgs>),
    /// Weekly demand on every site against what it can make, on all tiers, or of Catena-X files; no service is needed
    Capacity(Box<capacity::CapacityArgs>),
    /// Where safety stock lies cheapest in the supply network, against rules of one stage; no service is needed
    Stock(stock::StockArgs),
    /// Safety times of bought items as their deliveries teach them, what they tie up, and setting them
    Safety(safety::SafetyArgs),
    /// Cases of service, and groups of vehicles in which an item fails too often
    #[command(subcommand)]
    Cases(cases::CasesTask),
    /// Finished vehicles that have not left: list, exchange and allocate them, and what went wrong on the way
    #[command(subcommand)]
    Yard(transport::YardTask),
    /// How planned vehicles fill carriers when those that can wait do, with cost and emissions
    Loads(transport::LoadsArgs),
    /// Outbound lanes as they have run, and what carriers take and emit
    #[command(subcommand)]
    Lanes(transport::LanesTask),
    /// Trace a vehicle, a lot or a piece: what is in it, or where it is, on any day, as known at any time
    Trace(trace::TraceArgs),
    /// Import the as-built trees of suppliers' units, in the form of Catena-X
    ImportAsbuilt(as_built::ImportArgs),
    /// Export what the services know in the form of a standard
    #[command(subcommand)]
    Export(as_built::ExportTask),
    /// Look after facts that could not be applied
    #[command(subcommand)]
    Facts(facts::FactsTask),
    /// Bring the schema of the three databases up to date
    Migrate(suite::MigrateArgs),
    /// Hash the business content of the three services, to compare two runs
    Digest(suite::DigestArgs),
    /// Check every invariant of the three services and count what was looked at
    Check(suite::CheckArgs),
    /// Measure
    #[command(subcommand)]
    Bench(bench::BenchTask),
}

/// Runs the command line to its exit code.
pub fn main() -> ExitCode {
    let matches = match shaped(Cli::command()).try_get_matches() {
        Ok(matches) => matches,
        Err(error) => {
            // Help and version are told on stdout and are no mistake.
            let code = if error.use_stderr() {
                Exit::Usage.code()
            } else {
                0
            };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let cli = Cli::from_arg_matches(&matches).map_err(|error| Failure::usage(error.to_string()));
    end(cli.and_then(run))
}

/// The command line with exit codes under every help, and the settings of servers only in the long one.
fn shaped(command: clap::Command) -> clap::Command {
    let servers = ["Telemetry", "Calls", "Data", "Limits"];
    let quiet = |command: clap::Command| {
        command.mut_args(|arg| {
            let hide = arg
                .get_help_heading()
                .is_some_and(|heading| servers.contains(&heading));
            arg.hide_short_help(hide)
        })
    };
    command
        .after_help(format!("{EXAMPLES}\n\n{EXIT_CODES}"))
        .mut_subcommand("replay", quiet)
        .mut_subcommand("up", quiet)
}

fn run(cli: Cli) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::broken(format!("there is no runtime: {error}")))?;
    let output = cli.output;
    let done = runtime.block_on(async {
        match cli.command {
            Task::Replay(args) => replay::run(*args, output).await,
            Task::Up(args) => suite::up(*args, output).await,
            Task::Import(args) => import::run(args, output).await,
            Task::Health(args) => suite::health(args, output).await,
            Task::Plan(args) => plan::run(args, output),
            Task::Sequence(args) => sequence::run(*args, output).await,
            Task::Promise(args) => promise::run(*args, output).await,
            Task::Change(task) => change::run(task, output).await,
            Task::Jobs(task) => jobs::run(task, output).await,
            Task::Quality(task) => quality::run(task, output).await,
            Task::Oee(args) => oee::run(*args, output).await,
            Task::Ramp(args) => ramp::run(*args, output).await,
            Task::Disruption(task) => disruption::run(task, output).await,
            Task::Recall(task) => recall::run(task, output).await,
            Task::Customers(task) => customers::run(task, output).await,
            Task::Milestones(args) => milestones::run(args, output).await,
            Task::Orders(task) => orders::run(task, output).await,
            Task::Centres(task) => centres::run(task, output).await,
            Task::Kpi(args) => kpi::run(*args, output).await,
            Task::Risk(args) => risk::run(*args, output).await,
            Task::Chain(args) => chain::run(*args, output),
            Task::Calloff(task) => calloff::run(task, output).await,
            Task::Edifact(task) => edifact::run(task, output).await,
            Task::Buy(task) => buy::run(task, output).await,
            Task::Suppliers(args) => suppliers::run(args, output).await,
            Task::Supply(args) => supply::run(args, output).await,
            Task::Partners(args) => partners::run(*args, output).await,
            Task::Capacity(args) => capacity::run(*args, output).await,
            Task::Stock(args) => stock::run(args, output),
            Task::Safety(args) => safety::run(args, output).await,
            Task::Cases(task) => cases::run(task, output).await,
            Task::Yard(task) => transport::yard(task, output).await,
            Task::Loads(args) => transport::loads(args, output).await,
            Task::Lanes(task) => transport::lanes(task, output).await,
            Task::Trace(args) => trace::run(args, output).await,
            Task::ImportAsbuilt(args) => as_built::import(args, output).await,
            Task::Export(task) => as_built::export(task, output).await,
            Task::Facts(task) => facts::run(task, output).await,
            Task::Migrate(args) => suite::migrate(args, output).await,
            Task::Digest(args) => suite::digest(args, output).await,
            Task::Check(args) => suite::check(args, output).await,
            Task::Bench(task) => bench::run(task, output).await,
        }
    });
    // A connection that is still closing must not hold the answer back.
    runtime.shutdown_timeout(std::time::Duration::from_millis(200));
    done
}

/// Tells a failure and makes it the exit code.
pub fn end(outcome: Outcome<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say(&failure.to_string());
            failure.exit.into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound_and_every_command_has_examples() {
        let command = shaped(Cli::command());
        command.clone().debug_assert();
        for sub in command
            .get_subcommands()
            .filter(|sub| sub.get_name() != "help")
        {
            let nested: Vec<_> = sub
                .get_subcommands()
                .filter(|nested| nested.get_name() != "help")
                .collect();
            let all = if nested.is_empty() { vec![sub] } else { nested };
            for sub in all {
                let help = sub
                    .get_after_help()
                    .map(ToString::to_string)
                    .unwrap_or_default();
                assert!(
                    help.contains("Examples:"),
                    "{} has no examples",
                    sub.get_name()
                );
            }
        }
    }

    #[test]
    fn flags_are_read() -> Result<(), clap::Error> {
        let line = "takt replay su7 --vehicles 1000 --disrupt CATL@2024-06-10:14 --disrupt FDB@2024-05-01:3 \
                    --until 2024-06-30 --world real --seed 7 --lots as-is --output json";
        let cli = Cli::try_parse_from(line.split_whitespace())?;
        assert_eq!(cli.output, Format::Json);
        assert!(matches!(cli.command, Task::Replay(_)));
        for bad in [
            "takt replay su7 --disrupt CATL",
            "takt replay su7 --vehicles 0",
            "takt replay su7 --until tomorrow",
            "takt replay su7 --endpoints delivery=a:1",
            "takt replay su7 --endpoints procurement=a:1,production=a:2,delivery=a:3 --database-url postgres://x/{service}",
            "takt",
        ] {
            assert!(
                Cli::try_parse_from(bad.split_whitespace()).is_err(),
                "{bad}"
            );
        }
        Ok(())
    }
}
