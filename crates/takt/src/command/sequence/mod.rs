//! `takt sequence`: a day's vehicles in order, of an instance, of a programme folder, or of running services. It must not know
//! how an order is found. Invariant: all are told in the same shape.
mod instance;
mod programme;
mod service;
mod told;

use std::path::Path;

use clap::Args;
use takt_kernel::Date;

use super::target::TargetArgs;
use crate::failure::{Failure, Outcome};
use crate::output::Format;

const EXAMPLES: &str = "\
Examples:
  takt sequence su7 --on 2024-06-10                         a day of the programme as the line builds it when all goes as planned
  takt sequence su7 --on 2024-06-10 --seconds 5             the same day, searched longer
  takt sequence --on 2024-06-10 --data takt-data/su7        the sequence of a day in the services over a folder
  takt sequence ./022_3_4_EP_RAF_ENP --seconds 10 --seed 1
  takt sequence ./data.txt --instance 4/72 --seconds 60
  takt sequence ./022_3_4_EP_RAF_ENP --seconds 0            score the order of the plan

A programme is a built-in one or a folder. The folder of an instance is one of the ROADEF challenge of 2005 (vehicles.txt,
ratios.txt, paint_batch_limit.txt, optimization_objectives.txt), a file one or more of CSPLib problem 001. Without either,
running services are asked; a day that has no sequence yet is previewed and not kept. Ctrl-C ends a search with the best
so far (docs/sequencing.md).";

/// What `takt sequence` is told.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct SequenceArgs {
    /// A programme, or the folder or file of an instance [default: ask running services]
    #[arg(value_name = "PROGRAMME|DIR|FILE")]
    path: Option<String>,

    /// The day of a programme or of running services
    #[arg(long, value_name = "DATE")]
    on: Option<Date>,

    /// The instance of a file that holds several
    #[arg(long, value_name = "NAME")]
    instance: Option<String>,

    /// How long to search; 0 scores the order it begins with [default: 10 for an instance; a day of a programme is searched
    /// for as many moves as the line spends on it]
    #[arg(long, value_name = "S")]
    seconds: Option<f64>,

    /// Where chance begins
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// Search this many moves instead of a time, so that the same command gives the same sequence
    #[arg(long, value_name = "COUNT", conflicts_with = "seconds")]
    moves: Option<u64>,

    /// The size of the run of a programme [default: the programme's own]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    vehicles: Option<u32>,

    #[command(flatten)]
    target: TargetArgs,
}

pub(super) async fn run(args: SequenceArgs, output: Format) -> Outcome<()> {
    let seconds = args.seconds.unwrap_or(0.0);
    if !(0.0..=1e6).contains(&seconds) {
        return Err(Failure::usage("--seconds is from 0 to 1,000,000"));
    }
    match (args.path.clone(), args.on) {
        (Some(path), None) if !is_programme(&path) => {
            instance::run(Path::new(&path), &args, output).await
        }
        (Some(path), Some(on)) => programme::run(&path, on, &args, output).await,
        (None, Some(on)) => service::run(on, &args, output).await,
        (Some(path), None) => Err(Failure::usage(format!("{path} is a programme"))
            .with_way_out("name a day of it with --on DATE")),
        (None, None) => Err(Failure::usage("nothing is named").with_way_out(
            "name a programme or an instance, or a day of running services with --on DATE",
        )),
    }
}

/// Whether a path names a programme: a built-in one, or a folder with a programme.yaml.
fn is_programme(path: &str) -> bool {
    let folder = Path::new(path);
    match folder.exists() {
        true => folder.join("programme.yaml").exists(),
        false => crate::programme::Folder::built_in(path).is_some(),
    }
}
