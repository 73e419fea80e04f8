//! `takt sequence DIR|FILE`: an instance of the ROADEF challenge or of CSPLib, searched for as long as it is told. It owns the
//! clock and the signal; it must not know how the search moves. Invariant: a search that is stopped tells the best it has
//! found.
use std::path::Path;
use std::time::{Duration, Instant};

use takt_planning::sequencing::{Search, report};

use super::SequenceArgs;
use super::told::told;
use crate::failure::{Failure, Outcome};
use crate::output::{Format, grouped, is_watched, say, tell};
use crate::problem::{Day, sequencing};

/// Moves between two looks at the clock.
const CHUNK: u64 = 20_000;
/// How long an instance is searched when nobody says.
const USUAL_SECONDS: f64 = 10.0;

pub(super) async fn run(path: &Path, args: &SequenceArgs, output: Format) -> Outcome<()> {
    let day = sequencing(path, args.instance.as_deref())?;
    searched_and_told(&day, args, output).await
}

/// Searches a day for as long as it is told.
pub(super) async fn searched_and_told(
    day: &Day,
    args: &SequenceArgs,
    output: Format,
) -> Outcome<()> {
    let wrong =
        |error: takt_planning::sequencing::ProblemError| Failure::bad_input(error.to_string());
    let plan = day.problem.plan_order();
    let planned = report(&day.problem, &plan).map_err(wrong)?;
    let begun = Instant::now();
    if seconds(args) == 0.0 && args.moves.is_none() {
        return tell(output, &told(day, &plan, &planned, &planned, (0, 0.0)));
    }
    let mut search = Search::new(day.problem.clone(), args.seed).map_err(wrong)?;
    searched(&mut search, args, begun).await?;
    let result = search.report().map_err(wrong)?;
    let spent = (search.progress().tried, begun.elapsed().as_secs_f64());
    let best = search.best().to_vec();
    tell(output, &told(day, &best, &result, &planned, spent))
}

fn seconds(args: &SequenceArgs) -> f64 {
    args.seconds.unwrap_or(USUAL_SECONDS)
}

/// Steps the search until the time or the moves are used up, nothing is left to improve, or somebody stops it.
async fn searched(search: &mut Search, args: &SequenceArgs, begun: Instant) -> Outcome<()> {
    let limit = Duration::from_secs_f64(seconds(args));
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
