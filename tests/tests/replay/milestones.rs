//! Forecasts of milestones in the middle of a run, against the days on which the run reached them.
//!
//! It must not know how a day is foretold.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;
use takt_kernel::Date;
use takt_tests::{Failure, Result, ensure, process::run, replay::takt};

use crate::{VEHICLES, repeat::copy_of_base};

/// Nothing here takes longer.
const SHORT: Duration = Duration::from_secs(120);

fn told(folder: &std::path::Path, more: &[&str]) -> Result<Value> {
    let mut command = takt(&["milestones", "--output", "json", "--data"])?;
    run(command.arg(folder).args(more), SHORT)?.ok()?.json()
}

fn day(value: &Value) -> Result<Date> {
    let text = value.as_str().unwrap_or_default();
    Date::parse(text).map_err(|error| Failure::new(format!("{value}: {error}")))
}

#[test]
fn the_plan_foretells_the_day_on_which_the_run_gets_there() -> Result {
    let copy = copy_of_base()?;
    // Every published count of deliveries that this run reached is reached by its end.
    let end = told(copy.path(), &[])?;
    let rows = end["milestones"].as_array().cloned().unwrap_or_default();
    let reached: BTreeMap<i64, Date> = (rows.iter())
        .filter(|row| row["of"] == "handed over" && !row["reached_on"].is_null())
        .map(|row| {
            Ok((
                row["count"].as_i64().unwrap_or_default(),
                day(&row["reached_on"])?,
            ))
        })
        .collect::<Result<_>>()?;
    ensure(reached.len() >= 3, || end.to_string())?;
    let last = reached.keys().next_back().copied().unwrap_or_default();
    ensure(last <= VEHICLES, || end.to_string())?;

    // Looked at from the beginning of August, what came later was foretold by the plan within days: orders of a day are spread
    // over lanes by chance, the plan spreads them by shares.
    let as_of = Date::parse("2024-08-01")?;
    let later = reached.iter().filter(|(_, on)| **on > as_of);
    let mut looked_at = 0;
    for (count, on) in later {
        let count = count.to_string();
        let asked = told(copy.path(), &["--count", &count, "--as-of", "2024-08-01"])?;
        let forecast = &asked["forecast"];
        ensure(forecast["status"] == "EXPECTED", || asked.to_string())?;
        let planned = day(&forecast["planned_on"])?;
        ensure(planned.days_since(*on).abs() <= 4, || {
            format!("{count} came on {on} and were planned for {planned}: {asked}")
        })?;
        let (first, expected) = (day(&forecast["earliest"])?, day(&forecast["date"])?);
        ensure(first <= expected, || asked.to_string())?;
        // One day less on each lane is a day gained at most, and nothing is open that delays the plan.
        for lever in forecast["levers"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default()
        {
            let gained = lever["days_gained"].as_i64().unwrap_or(-1);
            let fits = match lever["lever"].as_str() {
                Some("LANE") => (0..=2).contains(&gained),
                Some("SUPPLY") => gained == 0,
                Some("CAPACITY" | "SHIFT") => gained >= 0,
                _ => false,
            };
            ensure(fits, || format!("{lever} of {asked}"))?;
        }
        looked_at += 1;
    }
    ensure(looked_at > 0, || {
        "nothing was reached after 1 August".to_owned()
    })
}
