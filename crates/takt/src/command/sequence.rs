//! `takt sequence`: searches for a good order of a day's vehicles, for as long as it is told. It owns the clock and the
//! signal; it must not know how the search moves. Invariant: a search that is stopped tells the best it has found.
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;
use takt_planning::sequencing::{Report, Search, Violation, report};

use crate::failure::{Failure, Outcome};
use crate::output::{Answer, Format, grouped, is_watched, say, table, table_text, tell};
use crate::problem::{Day, sequencing};

const EXAMPLES: &str = "\
Examples:
  takt sequence ./022_3_4_EP_RAF_ENP --seconds 10 --seed 1
  takt sequence ./data.txt --instance 4/72 --seconds 60
  takt sequence ./022_3_4_EP_RAF_ENP --seconds 0           score the order of the plan

A folder is an instance of the ROADEF challenge of 2005 (vehicles.txt, ratios.txt, paint_batch_limit.txt,
optimization_objectives.txt), a file one or more of CSPLib problem 001. Ctrl-C ends the search with the best so far.";

/// Moves between two looks at the clock.
const CHUNK: u64 = 20_000;

/// What `takt sequence` is told.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct SequenceArgs {
    /// A folder or a file
    #[arg(value_name = "DIR|FILE")]
    path: PathBuf,

    /// The instance of a file that holds several
    #[arg(long, value_name = "NAME")]
    instance: Option<String>,

    /// How long to search; 0 scores the order of the plan
    #[arg(long, value_name = "S", default_value_t = 10.0)]
    seconds: f64,

    /// Where chance begins
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// Search this many moves instead of a time, so that the same command gives the same sequence
    #[arg(long, value_name = "COUNT", conflicts_with = "seconds")]
    moves: Option<u64>,
}

/// A sequence as it is told.
#[derive(Debug, Serialize)]
struct Sequenced {
    instance: String,
    feasible: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    objectives: Option<Objectives>,
    /// Vehicles too many, summed over the windows, of plain car sequencing.
    #[serde(skip_serializing_if = "Option::is_none")]
    violations: Option<i64>,
    /// What is broken, rule by rule.
    broken: Vec<Broken>,
    plan_score: i64,
    moves: u64,
    elapsed_seconds: f64,
    sequence: Vec<String>,
}

/// High priority rules, low priority rules, colour changes.
#[derive(Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
struct Objectives {
    ep: i64,
    enp: i64,
    raf: i64,
}

/// A rule or a batch limit that is broken.
#[derive(Debug, Serialize)]
struct Broken {
    rule: String,
    excess: i64,
    windows: u32,
}

pub(super) async fn run(args: SequenceArgs, output: Format) -> Outcome<()> {
    if !(args.seconds >= 0.0 && args.seconds <= 1e6) {
        return Err(Failure::usage("--seconds is from 0 to 1,000,000"));
    }
    let day = sequencing(&args.path, args.instance.as_deref())?;
    let wrong =
        |error: takt_planning::sequencing::ProblemError| Failure::bad_input(error.to_string());
    let plan = day.problem.plan_order();
    let planned = report(&day.problem, &plan).map_err(wrong)?;
    let begun = Instant::now();
    if args.seconds == 0.0 && args.moves.is_none() {
        return tell(output, &told(&day, &plan, &planned, &planned, (0, 0.0)));
    }
    let mut search = Search::new(day.problem.clone(), args.seed).map_err(wrong)?;
    searched(&mut search, &args, begun).await?;
    let result = search.report().map_err(wrong)?;
    let spent = (search.progress().tried, begun.elapsed().as_secs_f64());
    let best = search.best().to_vec();
    tell(output, &told(&day, &best, &result, &planned, spent))
}

/// Steps the search until the time or the moves are used up, nothing is left to improve, or somebody stops it.
async fn searched(search: &mut Search, args: &SequenceArgs, begun: Instant) -> Outcome<()> {
    let limit = Duration::from_secs_f64(args.seconds);
    let mut stop = Box::pin(tokio::signal::ctrl_c());
    let (mut shown, watched) = (i64::MAX, is_watched());
    search.aim(args.moves.unwrap_or(0));
    loop {
        let left = args.moves.map(|moves| moves - search.progress().tried);
        let progress = search.step(left.map_or(CHUNK, |left| left.min(CHUNK)));
        let elapsed = begun.elapsed();
        if watched && progress.score < shown {
            say(&format!(
                "{:8.2} s  {}",
                elapsed.as_secs_f64(),
                grouped(progress.score)
            ));
        }
        shown = shown.min(progress.score);
        let over = match args.moves {
            Some(moves) => progress.tried >= moves,
            None => elapsed >= limit,
        };
        if progress.done || over {
            return Ok(());
        }
        if args.moves.is_none() {
            // The pace changes as the search cools, so the aim is told anew.
            let pace = u128::from(progress.tried) * limit.as_nanos() / elapsed.as_nanos().max(1);
            search.aim(u64::try_from(pace).unwrap_or(u64::MAX));
        }
        if tokio::time::timeout(Duration::ZERO, &mut stop)
            .await
            .is_ok()
        {
            say("stopped; this is the best so far");
            return Ok(());
        }
    }
}

fn told(day: &Day, order: &[u32], result: &Report, plan: &Report, spent: (u64, f64)) -> Sequenced {
    let ident = |vehicle: &u32| {
        let vehicle = day.problem.day.get(usize::try_from(*vehicle).ok()?)?;
        Some(vehicle.ident.clone())
    };
    let broken = result.violations.iter().map(|violation| match violation {
        Violation::Ratio {
            ratio,
            excess,
            windows,
            ..
        } => Broken {
            rule: day.problem.ratios.get(*ratio).map_or_else(
                || format!("rule {ratio}"),
                |rule| format!("{}: {} of {}", rule.name, rule.most, rule.span),
            ),
            excess: *excess,
            windows: *windows,
        },
        Violation::Batch { begins, length, .. } => Broken {
            rule: format!("a batch of {length} vehicles begins at {begins}"),
            excess: i64::from(*length) - i64::from(day.problem.batch_limit),
            windows: 1,
        },
    });
    let objectives = &result.objectives;
    Sequenced {
        instance: day.name.clone(),
        feasible: result.feasible,
        score: (!day.is_plain).then_some(result.score),
        objectives: (!day.is_plain).then_some(Objectives {
            ep: objectives.high,
            enp: objectives.low,
            raf: objectives.paint,
        }),
        violations: day.is_plain.then_some(objectives.high),
        broken: broken.collect(),
        plan_score: plan.score,
        moves: spent.0,
        elapsed_seconds: spent.1,
        sequence: order.iter().filter_map(ident).collect(),
    }
}

impl Answer for Sequenced {
    fn text(&self) -> String {
        let mut rows = table(&["figure", ">value"]);
        let mut row = |name: &str, value: String| {
            rows.add_row([name.to_owned(), value]);
        };
        row("instance", self.instance.clone());
        row(
            "feasible",
            if self.feasible { "yes" } else { "no" }.to_owned(),
        );
        if let (Some(score), Some(objectives)) = (self.score, &self.objectives) {
            row("score", grouped(score));
            row("EP, high priority rules", grouped(objectives.ep));
            row("ENP, low priority rules", grouped(objectives.enp));
            row("RAF, colour changes", grouped(objectives.raf));
        }
        if let Some(violations) = self.violations {
            row("violations", grouped(violations));
        }
        row("the order of the plan", grouped(self.plan_score));
        row(
            "moves",
            grouped(i64::try_from(self.moves).unwrap_or(i64::MAX)),
        );
        row("seconds", format!("{:.2}", self.elapsed_seconds));
        let mut text = table_text(&rows);
        if !self.broken.is_empty() {
            let mut rows = table(&["rule", ">too many", ">windows"]);
            for broken in &self.broken {
                rows.add_row([
                    broken.rule.clone(),
                    grouped(broken.excess),
                    broken.windows.to_string(),
                ]);
            }
            text.push('\n');
            text.push_str(&table_text(&rows));
        }
        text.push_str(&format!("\n{}\n", self.sequence.join(" ")));
        text
    }
}
