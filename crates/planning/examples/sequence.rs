//! Sequences an instance and tells how good and how fast: `sequence DIR|FILE[:INSTANCE] --seconds S --seed N`.
//! A directory is an instance of the ROADEF challenge of 2005, a file one or more of CSPLib problem 001.
//!
//! It is for developers; it must not be called by a service.
use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};
use takt_planning::sequencing::{Problem, Search, csplib, report, roadef};

/// Moves between two looks at the clock.
const CHUNK: u64 = 20_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (mut paths, mut seconds, mut seed) = (Vec::new(), 10u64, 1u64);
    let (mut verbose, mut cpu) = (false, false);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--seconds" => seconds = arguments.next().unwrap_or_default().parse()?,
            "--seed" => seed = arguments.next().unwrap_or_default().parse()?,
            "--cpu" => cpu = true,
            "--verbose" => verbose = true,
            _ => paths.push(argument),
        }
    }
    for path in paths {
        for (name, problem) in load(&path)? {
            run(&name, problem, seconds, seed, verbose, cpu)?;
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

fn load(path: &str) -> Result<Vec<(String, Problem)>, Box<dyn Error>> {
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
    let kept = instances
        .into_iter()
        .filter(|i| wanted.is_empty() || i.name == wanted);
    Ok(kept
        .map(|i| match i.name.is_empty() {
            true => (stem.to_string_lossy().into_owned(), i.problem),
            false => (i.name, i.problem),
        })
        .collect())
}

fn run(
    name: &str,
    problem: Problem,
    seconds: u64,
    seed: u64,
    verbose: bool,
    cpu: bool,
) -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout();
    let plan = report(&problem, &problem.plan_order())?;
    let started = Instant::now();
    let spent = busy();
    let clock = || match cpu {
        true => busy().saturating_sub(spent),
        false => started.elapsed(),
    };
    let mut search = Search::new(problem, seed)?;
    let first = search.progress().score;
    let (mut shown, mut found) = (first, Duration::ZERO);
    loop {
        let progress = search.step(CHUNK);
        let elapsed = clock();
        // The pace changes as the search cools, so the aim is told anew.
        let pace = u128::from(progress.tried) * u128::from(seconds) * 1_000_000_000;
        search.aim((pace / elapsed.as_nanos().max(1)) as u64);
        if progress.score < shown {
            (shown, found) = (progress.score, elapsed);
            if verbose {
                writeln!(out, "  {:>8.3} s {}", elapsed.as_secs_f64(), progress.score)?;
            }
        }
        if progress.done || elapsed >= Duration::from_secs(seconds) {
            break;
        }
    }
    let elapsed = clock();
    let (progress, result) = (search.progress(), search.report()?);
    assert_eq!(result.score, progress.score, "the search lost count");
    writeln!(
        out,
        "{name} plan {} start {first} score {} EP {} ENP {} RAF {} feasible {} | {:.2} s, last gain at {:.2} s, {} moves, {:.2} M/s, {:.1} % taken",
        plan.score,
        result.score,
        result.objectives.high,
        result.objectives.low,
        result.objectives.paint,
        result.feasible,
        elapsed.as_secs_f64(),
        found.as_secs_f64(),
        progress.tried,
        progress.tried as f64 / elapsed.as_secs_f64() / 1e6,
        100.0 * progress.taken as f64 / progress.tried.max(1) as f64,
    )?;
    Ok(())
}
