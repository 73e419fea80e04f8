//! What `takt risk --disrupt` says beforehand against the replay of the same outage (RULES 13): single suppliers on all four
//! tiers, alone and as one of several sources, with vehicles caught up and with vehicles lost.
//!
//! It must not know how either is computed.

use std::sync::Mutex;

use serde_json::Value;
use takt_tests::{
    Failure, Result, ensure,
    process::run,
    replay::{LONG, Replay, takt},
};
use tempfile::tempdir;

/// Large enough that no option part is late by rounding alone, so that an outage is all that is seen.
const VEHICLES: &str = "10000";

/// Outages with the tier of their supplier and whether vehicles are lost: what is behind is not caught up when the plan ends.
const OUTAGES: [(&str, u64, bool); 8] = [
    ("FDB@2024-10-20:20", 1, true),
    ("HESAI@2024-08-01:14", 1, false),
    ("MINGXIN@2024-08-10:25", 2, false),
    ("BTR@2024-08-01:60", 2, true),
    ("CHALCO@2024-09-25:40", 2, true),
    ("NRE@2024-05-01:60", 3, false),
    ("CREG@2024-09-10:60", 3, true),
    ("IMIP@2024-05-15:60", 4, false),
];

/// Runs that go on side by side: each waits as much as it works.
const SIDE_BY_SIDE: usize = 3;

/// What an outage costs, as it was said or as it was played.
struct Cost {
    first_stop: String,
    late: i64,
    late_on: String,
    recovered_on: String,
    lost: i64,
    vehicle_days: i64,
}

impl Cost {
    fn of(told: &Value) -> Result<Self> {
        let at = |pointer: &str| {
            told.pointer(pointer)
                .ok_or_else(|| Failure::new(format!("{told} has no {pointer}")))
        };
        let number = |pointer: &str| Ok::<_, Failure>(at(pointer)?.as_i64().unwrap_or(-1));
        let text = |pointer: &str| Ok::<_, Failure>(at(pointer)?.as_str().unwrap_or("").to_owned());
        Ok(Self {
            first_stop: text("/first_stop/date")?,
            late: number("/all/late")?,
            late_on: text("/all/late_on")?,
            recovered_on: text("/all/recovered_on")?,
            lost: number("/all/lost")?,
            vehicle_days: number("/all/vehicle_days_late")?,
        })
    }

    fn row(&self) -> String {
        format!(
            "{} {:>6} {} {} {:>6} {:>8}",
            self.first_stop,
            self.late,
            self.late_on,
            self.recovered_on,
            self.lost,
            self.vehicle_days
        )
    }
}

/// An outage as it was said and as it was played.
struct Compared {
    outage: &'static str,
    tier: u64,
    during_recovery: f64,
    said: Cost,
    played: Cost,
}

fn compared(outage: &'static str) -> Result<Compared> {
    let asked = ["risk", "su7", "--disrupt", outage, "--vehicles", VEHICLES];
    let mut command = takt(&asked)?;
    let told = run(command.args(["--output", "json"]), LONG)?
        .ok()?
        .json()?;
    let data = tempdir()?;
    let report = Replay::su7(data.path())
        .with(&["--vehicles", VEHICLES, "--disrupt", outage])
        .report()?;
    let figure = |pointer: &str| told.pointer(pointer).cloned().unwrap_or(Value::Null);
    Ok(Compared {
        outage,
        tier: figure("/outages/0/tier").as_u64().unwrap_or(0),
        during_recovery: figure("/outages/0/lost_during_ttr")
            .as_f64()
            .unwrap_or(-1.0),
        said: Cost::of(&figure("/prediction"))?,
        played: Cost::of(report.at("/disruption")?)?,
    })
}

/// Whether two days are at most one apart.
fn near(one: &str, other: &str) -> bool {
    let day = |text: &str| takt_kernel::Date::parse(text).ok();
    match (day(one), day(other)) {
        (Some(one), Some(other)) => one.days_since(other).abs() <= 1,
        _ => false,
    }
}

/// Whether a figure is within 5 %.
fn within(said: i64, played: i64) -> bool {
    (said - played).abs() * 20 <= played
}

#[test]
fn the_replay_confirms_what_was_predicted() -> Result {
    let waiting = Mutex::new(OUTAGES.to_vec());
    let found = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().map(|mut waiting| waiting.pop());
                    let Ok(Some((outage, ..))) = next else { break };
                    let compared = compared(outage);
                    if let Ok(mut found) = found.lock() {
                        found.push((outage, compared));
                    }
                }
            });
        }
    });
    let found = found
        .into_inner()
        .map_err(|error| Failure::new(error.to_string()))?;
    let mut wrong = Vec::new();
    let (mut tiers, mut losses) = (std::collections::BTreeSet::new(), 0);
    println!("outage, tier, LOST_DURING_TTR: first stop, late, on, recovered, lost, vehicle-days");
    for (outage, tier, loses) in OUTAGES {
        let of = found.iter().find(|(name, _)| *name == outage);
        let row = match of {
            Some((_, Ok(row))) => row,
            Some((_, Err(failure))) => return Err(Failure::new(format!("{outage}: {failure:?}"))),
            None => return Err(Failure::new(format!("{outage} was not played"))),
        };
        let (said, played) = (&row.said, &row.played);
        println!(
            "{:24} {} {:>8.1}",
            row.outage, row.tier, row.during_recovery
        );
        println!("  predicted {}\n  replayed  {}", said.row(), played.row());
        let agrees = near(&said.first_stop, &played.first_stop)
            && near(&said.late_on, &played.late_on)
            && near(&said.recovered_on, &played.recovered_on)
            && within(said.late, played.late)
            && within(said.lost, played.lost)
            && within(said.vehicle_days, played.vehicle_days);
        let as_listed = row.tier == tier && (played.lost > 0) == loses && played.late > 0;
        if !agrees || !as_listed || row.during_recovery <= 0.0 {
            wrong.push(outage);
        }
        tiers.insert(row.tier);
        losses += usize::from(played.lost > 0);
    }
    ensure(tiers.len() == 4 && losses >= 2, || {
        format!("tiers {tiers:?}, {losses} outages that lose vehicles")
    })?;
    ensure(wrong.is_empty(), || format!("not as predicted: {wrong:?}"))
}

#[test]
fn an_outage_of_nobody_is_refused_before_anything_is_played() -> Result {
    let nobody = ["--disrupt", "NOBODY@2024-08-01:14"];
    let data = tempdir()?;
    let asked = run(takt(&["risk", "su7"])?.args(nobody), LONG)?;
    for finished in [asked, Replay::su7(data.path()).with(&nobody).run()?] {
        let refused = finished.code != Some(0) && finished.stderr.contains("supplies nobody");
        ensure(refused, || finished.stderr.clone())?;
    }
    Ok(())
}
