//! Sequences an instance and tells how good and how fast:
//! `sequence DIR|FILE[:INSTANCE].. --seconds S --seed N [--moves M] [--cpu] [--disturb] [--verbose]`.
//! A directory is an instance of the ROADEF challenge of 2005, a file one or more of CSPLib problem 001. `--moves`
//! makes a run repeatable, `--cpu` counts processor time, `--disturb` ends with a disturbance of the day.
//!
//! It is for developers; it must not be called by a service.
use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};
use takt_planning::sequencing::{
    Disturbance, Problem, Resequencing, Search, csplib, report, roadef,
};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Moves between two looks at the clock.
const CHUNK: u64 = 20_000;
/// Moves for a disturbed day.
const REPAIR: u64 = 500_000;

/// What is asked for.
struct Options {
    seconds: u64,
    seed: u64,
    moves: Option<u64>,
    cpu: bool,
    disturb: bool,
    verbose: bool,
}

fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1);
    let mut paths = Vec::new();
    let mut options = Options {
        seconds: 10,
        seed: 1,
        moves: None,
        cpu: false,
        disturb: false,
        verbose: false,
    };
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().unwrap_or_default().parse::<u64>();
        match argument.as_str() {
            "--seconds" => options.seconds = value()?,
            "--seed" => options.seed = value()?,
            "--moves" => options.moves = Some(value()?),
            "--cpu" => options.cpu = true,
            "--disturb" => options.disturb = true,
            "--verbose" => options.verbose = true,
            _ => paths.push(argument),
        }
    }
    for path in paths {
        for (name, problem) in load(&path)? {
            run(&name, problem, &options)?;
        }
    }
    Ok(())
}

/// The processor time of this process, where the system tells it: a shared machine makes wall time unfair.
fn busy() -> Duration {
    let told = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanos = told.split_whitespace().next().and_then(|n| n.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

fn load(path: &str) -> Outcome<Vec<(String, Problem)>> {
    if Path::new(path).is_dir() {
        let read = |name: &str| std::fs::read_to_string(Path::new(path).join(name));
        let problem = roadef::read(&roadef::Files {
            vehicles: &read("vehicles.txt")?,
            ratios: &read("ratios.txt")?,
            batch_limit: &read("paint_batch_limit.txt")?,
            objectives: &read("optimization_objectives.txt")?,
        })?;
        let name = Path::new(path).file_name().unwrap_or_default();
        return Ok(vec![(name.to_string_lossy().into_owned(), problem)]);
    }
    let (file, wanted) = path.split_once(':').unwrap_or((path, ""));
    let stem = Path::new(file).file_stem().unwrap_or_default();
    let instances = csplib::read(file, &std::fs::read_to_string(file)?)?;
    let kept = (instances.into_iter()).filter(|i| wanted.is_empty() || i.name == wanted);
    Ok(kept
        .map(|i| match i.name.is_empty() {
            true => (stem.to_string_lossy().into_owned(), i.problem),
            false => (i.name, i.problem),
        })
        .collect())
}

fn run(name: &str, problem: Problem, options: &Options) -> Outcome {
    let mut out = std::io::stdout();
    let plan = report(&problem, &problem.plan_order())?;
    let started = Instant::now();
    let spent = busy();
    let clock = || match options.cpu {
        true => busy().saturating_sub(spent),
        false => started.elapsed(),
    };
    let mut search = Search::new(problem, options.seed)?;
    let first = search.progress().score;
    let (mut shown, mut found) = (first, Duration::ZERO);
    search.aim(options.moves.unwrap_or(0));
    loop {
        let chunk = match options.moves {
            Some(moves) => CHUNK.min(moves - search.progress().tried),
            None => CHUNK,
        };
        let progress = search.step(chunk);
        let elapsed = clock();
        if progress.score < shown {
            (shown, found) = (progress.score, elapsed);
            if options.verbose {
                writeln!(out, "  {:>8.3} s {shown}", elapsed.as_secs_f64())?;
            }
        }
        let over = match options.moves {
            Some(moves) => progress.tried >= moves,
            None => elapsed >= Duration::from_secs(options.seconds),
        };
        if progress.done || over {
            break;
        }
        if options.moves.is_none() {
            // The pace changes as the search cools, so the aim is told anew.
            let pace = u128::from(progress.tried) * u128::from(options.seconds) * 1_000_000_000;
            search.aim((pace / elapsed.as_nanos().max(1)) as u64);
        }
    }
    let elapsed = clock().as_secs_f64();
    let (progress, result) = (search.progress(), search.report()?);
    assert_eq!(result.score, progress.score, "the search lost count");
    let found = found.as_secs_f64();
    let (tried, taken) = (progress.tried, progress.taken);
    writeln!(
        out,
        "{name} plan {} start {first} score {} EP {} ENP {} RAF {} feasible {} | {elapsed:.2} s, last gain at {found:.2} s, {tried} moves, {:.2} M/s, {:.1} % taken",
        plan.score,
        result.score,
        result.objectives.high,
        result.objectives.low,
        result.objectives.paint,
        result.feasible,
        tried as f64 / elapsed / 1e6,
        100.0 * taken as f64 / tried.max(1) as f64,
    )?;
    if options.disturb {
        disturb(&search, options.seed)?;
    }
    Ok(())
}

/// A third of the day is on the line, three vehicles fail, three more come late.
fn disturb(search: &Search, seed: u64) -> Outcome {
    let running = search.best();
    let frozen = running.len() / 3;
    let mut next = running.iter().copied().skip(frozen);
    let told = Disturbance {
        frozen,
        out: next.by_ref().take(3).collect(),
        late: next.take(3).map(|vehicle| (vehicle, frozen + 40)).collect(),
        joining: Vec::new(),
    };
    let spent = busy();
    let mut rest = Resequencing::new(search.problem(), running, &told, seed)?;
    let (begun, before) = (busy().saturating_sub(spent), rest.progress().score);
    rest.step(REPAIR);
    let ended = busy().saturating_sub(spent);
    let result = rest.report()?;
    writeln!(
        std::io::stdout(),
        "  disturbed: worked in after {:.2} ms at {before}, after {:.2} ms at {} (feasible {})",
        begun.as_secs_f64() * 1e3,
        ended.as_secs_f64() * 1e3,
        result.score,
        result.feasible,
    )?;
    Ok(())
}
