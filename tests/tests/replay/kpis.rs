//! The key figures of deliveries against another hand: Python counts them vehicle by vehicle from the rows of a run.
//!
//! It must not know how the service counts.

use std::{process::Command, time::Duration};

use takt_tests::{
    Result, ensure, place,
    process::run,
    replay::{Replay, takt},
};
use tempfile::tempdir;

use crate::{VEHICLES, repeat::copy_of_base};

/// Nothing here takes longer.
const SHORT: Duration = Duration::from_secs(120);

/// Asks for figures of a run, and has them counted again.
fn agree(folder: &std::path::Path, asked: &[&str]) -> Result<serde_json::Value> {
    let mut command = takt(&["kpi", "--output", "json", "--data"])?;
    let told = run(command.arg(folder).args(asked), SHORT)?.ok()?.json()?;
    let Some(python) = place::need("python3")? else {
        return Ok(told);
    };
    let figures = tempdir()?;
    let file = figures.path().join("told.json");
    std::fs::write(&file, told.to_string())?;
    let mut command = Command::new(python);
    command
        .arg(place::root().join("tests/tests/replay/kpis.py"))
        .arg(folder.join("delivery.sqlite"))
        .arg(file)
        .args(asked);
    run(&mut command, SHORT)?.ok()?;
    Ok(told)
}

#[test]
fn another_hand_counts_the_same_key_figures() -> Result {
    let copy = copy_of_base()?;
    let whole = agree(copy.path(), &[])?;
    let at = |name: &str| whole["total"][name].as_i64().unwrap_or_default();
    ensure(at("handed_over") == VEHICLES, || whole.to_string())?;
    ensure(
        at("no_service_case") < VEHICLES && at("perfect") <= at("no_service_case"),
        || format!("no case is counted: {whole}"),
    )?;
    for asked in [
        ["--by", "city", "--through", "2024-08-31"],
        ["--by", "month", "--variant", "MAX"],
        ["--by", "variant", "--from", "2024-06-01"],
        ["--city", "Shanghai", "--from", "2024-05-01"],
    ] {
        agree(copy.path(), &asked)?;
    }
    Ok(())
}

#[test]
fn a_world_that_is_late_misses_promises_and_the_report_says_so() -> Result {
    let place = tempdir()?;
    let report = Replay::su7(place.path())
        .vehicles(VEHICLES)
        .with(&["--world", "real", "--seed", "7"])
        .report()?;
    let told = agree(place.path(), &[])?;
    let kept = told["total"]["on_first_promise"].as_i64();
    ensure(kept.is_some_and(|kept| kept < VEHICLES), || {
        told.to_string()
    })?;
    ensure(report.at("/kpis")? == &told["total"], || {
        format!("the report says otherwise than {told}")
    })
}
