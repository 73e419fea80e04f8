//! `takt bench plan`: planning problems, measured part by part, beside a reference in the same run. It must not judge.
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;
use takt_kernel::Date;
use takt_planning::mrp::{Change, Plan, Problem};

use super::machine::{Machine, commit, machine};
use crate::failure::{Failure, Outcome};
use crate::output::{Answer, Format, grouped, table, table_text, tell};
use crate::problem::{planning, units};
use crate::replay::parts::peak_rss_bytes;

const EXAMPLES: &str = "\
Examples:
  takt bench plan ./problem-3000-4000
  takt bench plan ./problem --reference ./reference.py     the same by a script: SCRIPT DIR RESULT.csv

The reference writes item,planned_qty,.. rows and says solve_s in a line `RESULT {json}`; it needs python3.";

/// How many demands are pegged and changed, spread over the horizon.
const SAMPLES: usize = 40;

/// What a measurement is told.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::command) struct BenchArgs {
    /// The folders of the problems
    #[arg(value_name = "DIR", required = true)]
    problems: Vec<PathBuf>,

    /// A script that solves the same problem without limits of capacity
    #[arg(long, value_name = "SCRIPT")]
    reference: Option<PathBuf>,
}

/// What was measured, and on what.
#[derive(Debug, Serialize)]
struct Measured {
    machine: Machine,
    commit: String,
    problems: Vec<Solved>,
}

/// One problem.
#[derive(Debug, Serialize)]
struct Solved {
    problem: String,
    items: usize,
    demands: usize,
    orders: usize,
    unlimited_seconds: f64,
    /// Full pegging of one demand down to what is bought, the slowest of the samples.
    peg_seconds_worst: f64,
    finite_seconds: f64,
    finite_late_unit_days: f64,
    finite_unplanned: f64,
    late_unit_days_at_least: f64,
    /// One changed demand: the mean and the slowest of the samples, and the items looked at.
    replan_seconds_mean: f64,
    replan_seconds_worst: f64,
    replan_visited_worst: usize,
    /// Whether all changes together gave what a full run gives.
    replan_equals_full: bool,
    reference: Option<Reference>,
    peak_rss_bytes: u64,
}

/// What the reference said about the same problem in the same run.
#[derive(Debug, Serialize)]
struct Reference {
    seconds: f64,
    items_compared: usize,
    items_that_differ: usize,
}

pub(super) fn run(args: BenchArgs, output: Format) -> Outcome<()> {
    let mut problems = Vec::new();
    for folder in &args.problems {
        problems.push(solved(folder, args.reference.as_deref())?);
    }
    let folder = args
        .problems
        .first()
        .map_or(Path::new("."), PathBuf::as_path);
    tell(
        output,
        &Measured {
            machine: machine(folder),
            commit: commit(),
            problems,
        },
    )
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    let done = work();
    (done, begun.elapsed())
}

fn solved(folder: &Path, script: Option<&Path>) -> Outcome<Solved> {
    let wrong = |error: takt_planning::mrp::MrpError| Failure::bad_input(error.to_string());
    let first = Date::from_ymd(2027, 1, 4).ok_or_else(|| Failure::broken("no day 0"))?;
    let problem: Problem = planning(folder, first)?;
    let (items, demands) = (problem.items.len(), problem.demands.len());
    let (plan, unlimited) = timed(|| Plan::unlimited(problem.clone()));
    let plan = plan.map_err(wrong)?;
    let reference = script
        .map(|script| compared(&plan, folder, script))
        .transpose()?;
    let step = (demands / SAMPLES).max(1);
    let mut peg = Duration::ZERO;
    for demand in (0..demands).step_by(step) {
        peg = peg.max(timed(|| plan.peg_down(demand, false)).1);
    }
    let (finite, finite_time) = timed(|| Plan::finite(problem));
    let finite = finite.map_err(wrong)?;
    let (_, late, unplanned) = finite.lateness();
    let at_least = finite.late_unit_days_at_least();
    drop(finite);
    let orders = plan.size().0;
    let mut changed = plan;
    let (mut worst, mut total, mut count, mut visited) = (Duration::ZERO, Duration::ZERO, 0u32, 0);
    for at in (0..demands).step_by(step) {
        let Some(mut demand) = changed.problem().demands.get(at).cloned() else {
            continue;
        };
        demand.quantity.0 += 7_000;
        demand.due += 1;
        let (replanned, time) = timed(|| changed.replan(Change::Demand(at, demand)));
        visited = visited.max(replanned.map_err(wrong)?.visited);
        (worst, total, count) = (worst.max(time), total + time, count + 1);
    }
    let full = Plan::unlimited(changed.problem().clone()).map_err(wrong)?;
    Ok(Solved {
        problem: folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        items,
        demands,
        orders,
        unlimited_seconds: unlimited.as_secs_f64(),
        peg_seconds_worst: peg.as_secs_f64(),
        finite_seconds: finite_time.as_secs_f64(),
        finite_late_unit_days: units(late),
        finite_unplanned: units(unplanned),
        late_unit_days_at_least: units(at_least),
        replan_seconds_mean: (total / count.max(1)).as_secs_f64(),
        replan_seconds_worst: worst.as_secs_f64(),
        replan_visited_worst: visited,
        replan_equals_full: changed.is_same_as(&full),
        reference,
        peak_rss_bytes: peak_rss_bytes(),
    })
}

/// Runs the reference over the folder and compares the planned quantity of every item.
fn compared(plan: &Plan, folder: &Path, script: &Path) -> Outcome<Reference> {
    let result = std::env::temp_dir().join(format!("takt-reference-{}.csv", std::process::id()));
    let told = Command::new("python3")
        .arg(script)
        .arg(folder)
        .arg(&result)
        .output()
        .map_err(|error| Failure::bad_input(format!("python3 {}: {error}", script.display())))?;
    let said = String::from_utf8_lossy(&told.stdout).into_owned();
    let json = said.lines().find_map(|line| line.strip_prefix("RESULT "));
    let seconds = json
        .and_then(|json| serde_json::from_str::<serde_json::Value>(json).ok())
        .and_then(|json| json.get("solve_s")?.as_f64())
        .ok_or_else(|| {
            let error = String::from_utf8_lossy(&told.stderr).into_owned();
            Failure::bad_input(format!("{} told no solve_s: {error}", script.display()))
        })?;
    let text = std::fs::read_to_string(&result)
        .map_err(|error| Failure::bad_input(format!("{}: {error}", result.display())))?;
    // It is in a folder for such files, and another run has another name.
    let _ = std::fs::remove_file(&result);
    let mut wanted = std::collections::HashMap::new();
    for line in text.lines().skip(1) {
        let mut fields = line.split(',');
        if let (Some(item), Some(Ok(quantity))) =
            (fields.next(), fields.next().map(str::parse::<f64>))
        {
            wanted.insert(item.to_owned(), quantity);
        }
    }
    let mut differ = 0;
    for (at, item) in plan.problem().items.iter().enumerate() {
        let ours = plan
            .item(at)
            .map_or(0.0, |told| units(told.planned_quantity));
        let same = wanted
            .get(&item.id)
            .is_some_and(|theirs| (theirs - ours).abs() < 0.0005);
        differ += usize::from(!same);
    }
    Ok(Reference {
        seconds,
        items_compared: wanted.len(),
        items_that_differ: differ,
    })
}

impl Answer for Measured {
    fn text(&self) -> String {
        let mut text = self.machine.text(&self.commit);
        let millis = |seconds: f64| format!("{:.1} ms", seconds * 1000.0);
        for solved in &self.problems {
            text.push_str(&format!(
                "{}: {} items, {} demands, {} planned orders\n\n",
                solved.problem,
                solved.items,
                solved.demands,
                grouped(i64::try_from(solved.orders).unwrap_or(i64::MAX))
            ));
            let mut rows = table(&["what", ">figure"]);
            rows.add_row([
                "without limits".to_owned(),
                millis(solved.unlimited_seconds),
            ]);
            if let Some(reference) = &solved.reference {
                rows.add_row(["the reference".to_owned(), millis(reference.seconds)]);
                rows.add_row([
                    "items that differ from it".to_owned(),
                    format!(
                        "{} of {}",
                        reference.items_that_differ, reference.items_compared
                    ),
                ]);
            }
            rows.add_row([
                "full pegging of a demand, worst".to_owned(),
                millis(solved.peg_seconds_worst),
            ]);
            rows.add_row(["within capacity".to_owned(), millis(solved.finite_seconds)]);
            let whole = |figure: f64| grouped(figure.round() as i64);
            rows.add_row([
                "late unit-days".to_owned(),
                whole(solved.finite_late_unit_days),
            ]);
            rows.add_row([
                "no plan is below".to_owned(),
                whole(solved.late_unit_days_at_least),
            ]);
            rows.add_row([
                "not planned, units".to_owned(),
                whole(solved.finite_unplanned),
            ]);
            rows.add_row([
                "one changed demand, mean and worst".to_owned(),
                format!(
                    "{}, {}, {} items looked at",
                    millis(solved.replan_seconds_mean),
                    millis(solved.replan_seconds_worst),
                    solved.replan_visited_worst
                ),
            ]);
            rows.add_row([
                "equals a full run".to_owned(),
                if solved.replan_equals_full {
                    "yes"
                } else {
                    "NO"
                }
                .to_owned(),
            ]);
            rows.add_row([
                "memory at most".to_owned(),
                crate::output::bytes(i64::try_from(solved.peak_rss_bytes).unwrap_or(i64::MAX)),
            ]);
            text.push_str(&table_text(&rows));
            text.push('\n');
        }
        text
    }
}
