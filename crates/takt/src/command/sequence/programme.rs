//! `takt sequence PROGRAMME --on DATE`: a day of a programme folder from the planning's pure functions alone. It must not know
//! services. Invariant: without a time or a number of moves the order is that in which the line builds the day when all
//! goes as planned.
use std::time::Instant;

use takt_kernel::Date;
use takt_planning::sequencing::report;

use super::SequenceArgs;
use super::instance::searched_and_told;
use super::told::told;
use crate::failure::{Failure, Outcome};
use crate::offline::{LineDay, Offline};
use crate::output::{Format, tell};
use crate::problem::Day;
use crate::programme::Folder;
use crate::replay::read_programme;

pub(super) async fn run(
    source: &str,
    on: Date,
    args: &SequenceArgs,
    output: Format,
) -> Outcome<()> {
    let folder = Folder::open(source)?;
    let offline = Offline::sized(read_programme(&folder, true)?, args.vehicles)?;
    let begun = Instant::now();
    let line = LineDay::planned(&offline, on)?;
    let day = Day {
        name: format!("{} {on}", offline.sized.id),
        problem: line.problem(),
        is_plain: false,
    };
    if args.seconds.is_some() || args.moves.is_some() {
        return searched_and_told(&day, args, output).await;
    }
    let wrong =
        |error: takt_planning::sequencing::ProblemError| Failure::bad_input(error.to_string());
    let sequenced = line.sequenced().map_err(wrong)?;
    let order: Vec<u32> = (sequenced.order.iter())
        .filter_map(|place| u32::try_from(*place).ok())
        .collect();
    let result = report(&day.problem, &order).map_err(wrong)?;
    let spent = (sequenced.moves, begun.elapsed().as_secs_f64());
    let told = told(&day, &order, &result, &sequenced.even, spent);
    tell(output, &told)
}
