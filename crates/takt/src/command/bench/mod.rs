//! `takt bench`: measurements for people, with what they were measured on. It must not judge them.
mod genealogy;
mod line;
mod machine;
mod orders;
mod plan;
mod promise;
mod replay;
mod resequence;
mod reserve;
mod risk;
mod sequence;
mod widened;

use clap::Subcommand;

use crate::failure::Outcome;
use crate::output::Format;

/// What can be measured.
#[derive(Debug, Subcommand)]
pub(super) enum BenchTask {
    /// Replay a programme from an empty folder and say where time and bytes go
    Replay(replay::BenchArgs),
    /// Ask for promises at a fixed rate, with holds and moving stock beside, and recompute some
    Promise(Box<promise::BenchArgs>),
    /// Plan problem folders, peg, replan, and hold the result against a reference
    Plan(plan::BenchArgs),
    /// Let stations report over streams of their own at a steady rate
    Line(line::BenchArgs),
    /// Assess every site of a large supply network, beside one linear programme a site
    Risk(risk::BenchArgs),
    /// Ask the as-built memory of a finished run: its bytes, recalls by lot, whole vehicles
    Genealogy(genealogy::BenchArgs),
    /// Take orders at a steady rate over streams that break, and wait for their promises
    Orders(orders::BenchArgs),
    /// Disturb a coming day of a run again and again
    Resequence(resequence::BenchArgs),
    /// Let many clients reserve more than there is, and count what was sold
    Reserve(reserve::BenchArgs),
    /// Sequence every instance under a folder for so long on one core
    Sequence(sequence::BenchArgs),
}

pub(super) async fn run(task: BenchTask, output: Format) -> Outcome<()> {
    match task {
        BenchTask::Replay(args) => replay::run(args, output).await,
        BenchTask::Promise(args) => promise::run(*args, output).await,
        BenchTask::Plan(args) => plan::run(args, output),
        BenchTask::Line(args) => line::run(args, output).await,
        BenchTask::Risk(args) => risk::run(args, output),
        BenchTask::Genealogy(args) => genealogy::run(args, output).await,
        BenchTask::Orders(args) => orders::run(args, output).await,
        BenchTask::Reserve(args) => reserve::run(args, output).await,
        BenchTask::Resequence(args) => resequence::run(args, output).await,
        BenchTask::Sequence(args) => sequence::run(args, output),
    }
}
