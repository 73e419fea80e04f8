//! A run that is cut: played until a day, told as the files of an opening, booked into empty services and played on. It must come to what
//! the run that was not cut comes to.
//!
//! It must not know which tables there are, but for those of procurement in which its own past stands otherwise.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use serde_json::Value;
use takt_tests::{
    Result, ensure,
    folder::Folder,
    process::run,
    replay::{Replay, Report, takt},
};
use tempfile::tempdir;

use crate::{VEHICLES, base};

const SHORT: Duration = Duration::from_secs(180);
/// The last day that is played before the cut: 120 days after the launch, and no day on which a plan is made.
const CUT: &str = "2024-07-26";
/// The morning on which the other services begin.
const AS_OF: &str = "2024-07-27";

/// What procurement's own past stands in: before the cut it is booked as opening entries.
const PAST: [&str; 8] = [
    "asn",
    "asn_line",
    "consumption",
    "ledger",
    "opening",
    "opening_order",
    "order_line",
    "reservation",
];

/// The digests of the tables by service and name.
fn digests(folder: &Path) -> Result<BTreeMap<String, Value>> {
    let mut command = takt(&["digest", "--output", "json", "--data"])?;
    let told = run(command.arg(folder), SHORT)?.ok()?.json()?;
    let mut all = BTreeMap::new();
    for (service, digest) in told["services"].as_object().into_iter().flatten() {
        for table in digest["tables"].as_array().into_iter().flatten() {
            let name = table["table"].as_str().unwrap_or_default();
            all.insert(format!("{service}.{name}"), table.clone());
        }
    }
    Ok(all)
}

fn exported(data: &Path, into: &Path) -> Result<BTreeMap<String, String>> {
    let mut command = takt(&["export", "opening"])?;
    command.arg(into).arg("--data").arg(data);
    run(&mut command, SHORT)?.ok()?;
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(into)?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        files.insert(name, fs::read_to_string(entry.path())?);
    }
    Ok(files)
}

fn booked(files: &Path, data: &Path) -> Result {
    let vehicles = VEHICLES.to_string();
    let mut command = takt(&["import", "su7", "--vehicles", &vehicles, "--as-of", AS_OF])?;
    command.arg("--opening").arg(files).arg("--data").arg(data);
    run(&mut command, SHORT)?.ok().map(|_| ())
}

/// What two reports say otherwise, by path.
fn different(path: &str, a: &Value, b: &Value, found: &mut Vec<String>) {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let names: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for name in names {
                let (a, b) = (
                    a.get(name).unwrap_or(&Value::Null),
                    b.get(name).unwrap_or(&Value::Null),
                );
                different(&format!("{path}/{name}"), a, b, found);
            }
        }
        (a, b) if a == b => {}
        (a, b) => {
            let short = |value: &Value| value.to_string().chars().take(160).collect::<String>();
            found.push(format!("{path}: {} and {}", short(a), short(b)));
        }
    }
}

#[test]
fn a_run_that_is_cut_and_played_on_elsewhere_comes_to_the_same() -> Result {
    let whole = base()?;
    let (cut, new, files, back) = (tempdir()?, tempdir()?, tempdir()?, tempdir()?);
    Replay::su7(cut.path())
        .vehicles(VEHICLES)
        .with(&["--until", CUT])
        .run()?
        .ok()?;
    let told = exported(cut.path(), files.path())?;
    booked(files.path(), new.path())?;
    booked(files.path(), new.path())?;
    let again = exported(new.path(), back.path())?;
    for (file, text) in &told {
        let other = again.get(file).map_or("", String::as_str);
        ensure(text == other, || {
            let lines = text.lines().zip(other.lines());
            let first = lines.into_iter().find(|(a, b)| a != b);
            format!("{file} is told otherwise after it was booked: {first:?}")
        })?;
    }
    // What the outside world remembers of the run is its own, not the services'.
    fs::copy(
        cut.path().join("replay.json"),
        new.path().join("replay.json"),
    )?;
    let played: Report = Replay::su7(new.path()).vehicles(VEHICLES).report()?;

    let (one, two) = (digests(&whole.folder)?, digests(new.path())?);
    let mut found = Vec::new();
    for (table, digest) in &one {
        let past = PAST
            .iter()
            .any(|past| *table == format!("procurement.{past}"));
        if !past && two.get(table) != Some(digest) {
            found.push(format!("{table}: {digest} and {:?}", two.get(table)));
        }
    }
    ensure(found.is_empty(), || found.join("\n"))?;
    let held = one.contains_key("procurement.lot") && one.contains_key("production.asbuilt_range");
    ensure(held && one.len() > 80, || format!("{} tables", one.len()))?;

    let mut found = Vec::new();
    different("", &whole.report.0, &played.0, &mut found);
    let may = |line: &String| MAY_DIFFER.iter().any(|path| line.starts_with(path));
    found.retain(|line| !may(line));
    ensure(found.is_empty(), || found.join("\n"))?;
    // Stock by the day: before the cut uses are one use on its eve, from then on every day is the same.
    let since = |report: &Report| -> Vec<Value> {
        let days = report.0["stock"].as_array().cloned().unwrap_or_default();
        let late = |day: &Value| day["date"].as_str().is_some_and(|date| date > CUT);
        days.into_iter().filter(late).collect()
    };
    let (one, two) = (since(&whole.report), since(&played));
    ensure(one == two && one.len() > 60, || {
        format!("{one:?}\nand\n{two:?}")
    })?;
    differences_after_building(new.path())?;
    let mut check = takt(&["check", "--data"])?;
    run(check.arg(new.path()), SHORT)?.ok().map(|_| ())
}

/// Master data change while there is stock and there are vehicles, but for what these rest on.
fn differences_after_building(data: &Path) -> Result {
    let vehicles = VEHICLES.to_string();
    let delta = |folder: &Folder| {
        let mut command = takt(&["import", "--delta", "--vehicles", &vehicles])?;
        command.arg(folder.path()).arg("--data").arg(data);
        run(&mut command, SHORT)
    };
    let of = |item: &'static str, column: &'static str, value: i64| -> Result<Folder> {
        let folder = Folder::su7()?;
        folder.edit("items.csv", |row| {
            Some(if row.get("item_id") == item {
                row.clone().with(column, value)
            } else {
                row.clone()
            })
        })?;
        Ok(folder)
    };
    let later = delta(&of("BS-14", "lead_time_days", 33)?)?.ok()?;
    ensure(later.stdout.contains("lead_days"), || later.stdout.clone())?;
    let smaller = delta(&of("BS-14", "lot_size", 7200)?)?.expect(1)?;
    ensure(smaller.stderr.contains("agreement BS-14.lot_size"), || {
        smaller.stderr.clone()
    })?;
    let folder = Folder::su7()?;
    folder.edit("bom.csv", |row| {
        Some(if row.get("child") == "EX-01" {
            row.clone().with("qty", 2)
        } else {
            row.clone()
        })
    })?;
    let changed = delta(&folder)?.expect(3)?;
    ensure(changed.stderr.contains("engineering change"), || {
        changed.stderr.clone()
    })
}

/// What a report says of the run itself, of the whole of procurement, and of stock by the day and its mean: the ledger of the days before
/// the cut stays behind.
const MAY_DIFFER: [&str; 9] = [
    "/database_bytes:",
    "/digest:",
    "/digests/procurement:",
    "/elapsed_seconds:",
    "/parts_seconds/",
    "/peak_rss_bytes:",
    "/punctuality/mean_stock:",
    "/punctuality/stock_days:",
    "/stock:",
];
