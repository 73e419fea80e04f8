//! `takt bench sequence`: every instance of car sequencing under a folder, each searched for the same time on one core. It must
//! not judge. Invariant: where the system tells it, time is processor time of the search, so that other programs take none
//! of it.
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use serde::Serialize;
use takt_planning::sequencing::{Problem, ProblemError, Search, csplib, report};

use super::machine::{Machine, commit, machine};
use crate::failure::{Failure, Outcome};
use crate::output::{Answer, Format, grouped, say, table, table_text, tell};
use crate::problem::sequencing;

const EXAMPLES: &str = "\
Examples:
  takt bench sequence ./roadef2005-A                  every instance of a set, 10 s each
  takt bench sequence ./csplib-prob001 --seconds 30
  takt bench sequence . --seconds 1 --output json

A folder with vehicles.txt is an instance of the ROADEF challenge of 2005; a text file is read as CSPLib problem 001.";

/// Moves between two looks at the clock.
const CHUNK: u64 = 20_000;
/// Folders are looked into so deep.
const DEPTH: usize = 4;

/// What a measurement is told.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::command) struct BenchArgs {
    /// The folder that holds the instances
    #[arg(value_name = "DIR")]
    folder: PathBuf,

    /// How long each instance is searched; one that is solved ends at once
    #[arg(long, value_name = "S", default_value_t = 10.0)]
    seconds: f64,

    /// Where chance begins
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

/// What was measured, and on what.
#[derive(Debug, Serialize)]
struct Measured {
    machine: Machine,
    commit: String,
    seconds: f64,
    /// `processor` or `wall`.
    clock: &'static str,
    seed: u64,
    instances: Vec<Solved>,
}

/// One instance.
#[derive(Debug, Serialize)]
struct Solved {
    instance: String,
    vehicles: usize,
    plan_score: i64,
    plan_feasible: bool,
    score: i64,
    feasible: bool,
    ep: i64,
    enp: i64,
    raf: i64,
    moves: u64,
    seconds: f64,
}

pub(super) fn run(args: BenchArgs, output: Format) -> Outcome<()> {
    if !(0.0..=1e5).contains(&args.seconds) {
        return Err(Failure::usage("--seconds is from 0 to 100,000"));
    }
    let mut found = Vec::new();
    instances(&args.folder, DEPTH, &mut found)?;
    if found.is_empty() {
        return Err(Failure::bad_input(format!(
            "{} holds no instance",
            args.folder.display()
        )));
    }
    let mut solved = Vec::with_capacity(found.len());
    for (name, problem) in found {
        let one =
            solve(name, problem, &args).map_err(|error| Failure::bad_input(error.to_string()))?;
        say(&format!("{}: {}", one.instance, grouped(one.score)));
        solved.push(one);
    }
    let told = Measured {
        machine: machine(&args.folder),
        commit: commit(),
        seconds: args.seconds,
        clock: match processor_seconds() {
            Some(_) => "processor",
            None => "wall",
        },
        seed: args.seed,
        instances: solved,
    };
    tell(output, &told)
}

/// Every instance under a folder, by name.
fn instances(folder: &Path, depth: usize, found: &mut Vec<(String, Problem)>) -> Outcome<()> {
    if folder.join("vehicles.txt").exists() {
        let day = sequencing(folder, None)?;
        found.push((day.name, day.problem));
        return Ok(());
    }
    let read = |error: std::io::Error| Failure::bad_input(format!("{}: {error}", folder.display()));
    let entries = std::fs::read_dir(folder).map_err(read)?;
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(read)?.path());
    }
    paths.sort();
    for path in paths {
        let stem = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() {
            if depth > 0 {
                instances(&path, depth - 1, found)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "txt")
            && let Ok(text) = std::fs::read_to_string(&path)
            && let Ok(all) = csplib::read(&stem, &text)
        {
            // A text that is no instance is somebody's note and none of ours.
            for one in all {
                let named = if one.name.is_empty() {
                    stem.clone()
                } else {
                    one.name
                };
                found.push((named, one.problem));
            }
        }
    }
    Ok(())
}

fn solve(instance: String, problem: Problem, args: &BenchArgs) -> Result<Solved, ProblemError> {
    let planned = report(&problem, &problem.plan_order())?;
    let vehicles = problem.day.len();
    let clock = Clock::start();
    let mut search = Search::new(problem, args.seed)?;
    let limit = args.seconds;
    loop {
        let spent = clock.seconds();
        let progress = search.progress();
        if spent >= limit || progress.done {
            break;
        }
        if progress.tried > 0 {
            let pace = progress.tried as f64 * limit / spent.max(1e-6);
            search.aim(pace as u64);
        }
        search.step(CHUNK);
    }
    let result = search.report()?;
    Ok(Solved {
        instance,
        vehicles,
        plan_score: planned.score,
        plan_feasible: planned.feasible(),
        score: result.score,
        feasible: result.feasible(),
        ep: result.objectives.high,
        enp: result.objectives.low,
        raf: result.objectives.paint,
        moves: search.progress().tried,
        seconds: clock.seconds(),
    })
}

/// The time of this thread on a processor, or by the wall where nobody tells.
struct Clock {
    begun: Instant,
    processor: Option<f64>,
}

impl Clock {
    fn start() -> Self {
        Self {
            begun: Instant::now(),
            processor: processor_seconds(),
        }
    }

    fn seconds(&self) -> f64 {
        match (self.processor, processor_seconds()) {
            (Some(begun), Some(now)) => now - begun,
            _ => self.begun.elapsed().as_secs_f64(),
        }
    }
}

/// Linux counts what a thread has run in nanoseconds.
fn processor_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: u64 = text.split_whitespace().next()?.parse().ok()?;
    Some(nanoseconds as f64 / 1e9)
}

impl Answer for Measured {
    fn text(&self) -> String {
        let mut text = self.machine.text(&self.commit);
        text.push_str(&format!(
            "{} s of {} time an instance on one core, seed {}\n\n",
            self.seconds, self.clock, self.seed
        ));
        let mut rows = table(&[
            "instance",
            ">vehicles",
            ">plan",
            ">found",
            ">EP",
            ">RAF",
            ">ENP",
            "paintable",
            ">moves",
            ">seconds",
        ]);
        for one in &self.instances {
            rows.add_row([
                one.instance.clone(),
                one.vehicles.to_string(),
                grouped(one.plan_score),
                grouped(one.score),
                grouped(one.ep),
                grouped(one.raf),
                grouped(one.enp),
                if one.feasible { "yes" } else { "NO" }.to_owned(),
                grouped(i64::try_from(one.moves).unwrap_or(i64::MAX)),
                format!("{:.2}", one.seconds),
            ]);
        }
        text.push_str(&table_text(&rows));
        text
    }
}
