//! The command line: what may be asked, in which words, and how the answer ends the process.
//!
//! It must not do the work itself: each command is a few lines over the parts of this crate. Invariant: JSON alone goes
//! to stdout, everything for a person who waits goes to stderr, and every end has one of the documented exit codes.
mod ask;
mod bench;
mod facts;
mod play;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::failure::{EXIT_CODES, Outcome};
use crate::output::{Format, say};

pub use serve::service_main;

/// The open backbone of an integrated vehicle maker: three services, and the command that runs, feeds and asks them.
#[derive(Debug, Parser)]
#[command(name = "takt", version, after_help = EXIT_CODES, after_long_help = EXIT_CODES, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// How answers look; JSON goes alone to stdout
    #[arg(long, global = true, value_enum, default_value_t, env = "TAKT_OUTPUT")]
    output: Format,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Replay a programme day by day through the three services and report
    Replay(play::ReplayArgs),
    /// Start the three services and keep them up
    Up(Box<serve::UpArgs>),
    /// Import a programme into services that run
    Import(play::ImportArgs),
    /// Ask the services how they are
    Health(ask::AskArgs),
    /// Read the facts that services told, and care for those that could not be applied
    Facts(facts::FactsArgs),
    /// Bring the schema of the three databases up to date
    Migrate(serve::MigrateArgs),
    /// Hash the business content of the three services
    Digest(ask::AskArgs),
    /// Check every invariant of the three services
    Check(ask::AskArgs),
    /// Measure, and say on which machine
    Bench(bench::BenchArgs),
}

/// Runs the command of this process.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = runtime().and_then(|runtime| runtime.block_on(run(cli)));
    match done {
        Ok(code) => code,
        Err(failure) => {
            say(&format!("error: {}", failure.message));
            if let Some(way_out) = &failure.way_out {
                say(&format!("  {way_out}"));
            }
            failure.exit.into()
        }
    }
}

fn runtime() -> Outcome<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| crate::failure::Failure::broken(format!("no runtime: {error}")))
}

async fn run(cli: Cli) -> Outcome<ExitCode> {
    let format = cli.output;
    match cli.command {
        Command::Replay(args) => play::replay(format, args).await,
        Command::Up(args) => serve::up(format, *args).await,
        Command::Import(args) => play::import(format, args).await,
        Command::Health(args) => ask::health(format, &args).await,
        Command::Facts(args) => facts::facts(format, args).await,
        Command::Migrate(args) => serve::migrate(format, &args).await,
        Command::Digest(args) => ask::digest(format, &args).await,
        Command::Check(args) => ask::check(format, &args).await,
        Command::Bench(args) => bench::bench(format, args).await,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
