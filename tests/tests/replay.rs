//! Whole replays through the real command, a hundred times smaller than the programme: the figures against the
//! independent statement of the rules, and the same digest however often, wherever and however broken the run is.
//!
//! It must not know how the services work inside.

#[path = "replay/changes.rs"]
mod changes;
#[path = "replay/clusters.rs"]
mod clusters;
#[path = "replay/crash.rs"]
mod crash;
#[path = "replay/cutover.rs"]
mod cutover;
#[path = "replay/databases.rs"]
mod databases;
#[path = "replay/edits.rs"]
mod edits;
#[path = "replay/genealogy.rs"]
mod genealogy;
#[path = "replay/kpis.rs"]
mod kpis;
#[path = "replay/learnt.rs"]
mod learnt;
#[path = "replay/milestones.rs"]
mod milestones;
#[path = "replay/performance.rs"]
mod performance;
#[path = "replay/repeat.rs"]
mod repeat;
#[path = "replay/risk.rs"]
mod risk;
#[path = "replay/service_cases.rs"]
mod service_cases;
#[path = "replay/swaps.rs"]
mod swaps;
#[path = "replay/together.rs"]
mod together;
#[path = "replay/world.rs"]
mod world;

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

use takt_tests::{
    Failure, Result, place,
    replay::{Replay, Report},
};

/// The size of most runs.
const VEHICLES: i64 = 1000;

/// The run that others are compared with: the programme as it is, on SQLite, in one process.
struct Base {
    folder: PathBuf,
    report: Report,
}

/// Plays the base run once for all tests of this program.
fn base() -> Result<&'static Base> {
    static BASE: OnceLock<Result<Base>> = OnceLock::new();
    let played = BASE.get_or_init(|| {
        // Not a temporary folder: a static is never dropped, and the next run starts this one anew.
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("replay-base");
        let report = Replay::su7(&folder)
            .vehicles(VEHICLES)
            .with(&["--fresh"])
            .report()?;
        Ok(Base { folder, report })
    });
    played
        .as_ref()
        .map_err(|failure| Failure::new(format!("the base run: {failure:?}")))
}

#[test]
fn the_figures_are_those_of_the_rules() -> Result {
    base()?
        .report
        .compare(&place::programme(), &["--vehicles", "1000"])
}
