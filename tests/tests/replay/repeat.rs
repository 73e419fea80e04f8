//! The same run again, broken off, refused, shown again, and tampered with.

use std::{fs, path::Path, process::Command, time::Duration};

use takt_tests::{
    Result, ensure, place,
    process::run,
    replay::{Replay, takt},
    seed::Dice,
};
use tempfile::tempdir;

use crate::{VEHICLES, base};

/// Nothing short takes longer.
const SHORT: Duration = Duration::from_secs(120);

#[test]
fn two_runs_give_the_same_digest() -> Result {
    let place = tempdir()?;
    let again = Replay::su7(place.path()).vehicles(VEHICLES).report()?;
    let (first, again) = (base()?.report.digest()?, again.digest()?);
    ensure(first == again, || format!("{first} and then {again}"))
}

/// The last day that a run under way has closed; empty before the first.
fn closed(folder: &Path) -> String {
    let text = fs::read_to_string(folder.join("replay.json")).unwrap_or_default();
    let state: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    state
        .get("last_closed_day")
        .and_then(serde_json::Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn a_run_that_is_stopped_goes_on_where_it_stopped() -> Result {
    let place = tempdir()?;
    let replay = Replay::su7(place.path()).vehicles(VEHICLES);
    let mut dice = Dice::new(20_240_328, "stop");
    // In the winter before the launch, in the ramp, and near the end.
    for from in ["2024-01-", "2024-05-", "2024-10-"] {
        let day = format!("{from}{:02}", 1 + dice.below(28));
        let mut running = replay.start()?;
        running.wait_until(&format!("{day} is closed"), SHORT, |_| {
            closed(place.path()) >= day
        })?;
        running.signal("INT")?;
        let stopped = running.wait(SHORT)?.expect(130)?;
        ensure(stopped.stdout.is_empty(), || {
            "a stopped run tells no report on stdout".to_owned()
        })?;
        ensure(stopped.stderr.contains("same command goes on"), || {
            stopped.stderr.clone()
        })?;
    }
    let (whole, broken) = (base()?.report.digest()?, replay.report()?.digest()?);
    ensure(whole == broken, || {
        format!("{whole} in one go, {broken} in four")
    })
}

#[test]
fn other_options_on_a_folder_are_refused_with_the_difference() -> Result {
    let place = tempdir()?;
    let replay = Replay::su7(place.path())
        .vehicles(100)
        .with(&["--until", "2023-12-20"]);
    replay.run()?.ok()?;
    let before = closed(place.path());
    for (other, said) in [
        (
            Replay::su7(place.path()).vehicles(200),
            "vehicles: 100 there, 200 asked for",
        ),
        (
            Replay::su7(place.path())
                .vehicles(100)
                .with(&["--seed", "2"]),
            "seed: 1 there, 2 asked for",
        ),
        (
            Replay::su7(place.path())
                .vehicles(100)
                .with(&["--disrupt", "CATL@2024-06-10:14"]),
            "CATL@2024-06-10:14",
        ),
    ] {
        let refused = other.run()?.expect(3)?;
        ensure(refused.stderr.contains(said), || refused.stderr.clone())?;
        ensure(refused.stderr.contains("--fresh"), || {
            "the way out is not named".to_owned()
        })?;
        ensure(refused.stdout.is_empty(), || refused.stdout.clone())?;
    }
    ensure(closed(place.path()) == before, || {
        "a refused run changed the folder".to_owned()
    })
}

#[test]
fn a_finished_folder_shows_its_report_without_the_programme() -> Result {
    let folder = takt_tests::folder::Folder::su7()?;
    let place = tempdir()?;
    let replay = Replay::of(&folder.path(), place.path()).vehicles(100);
    let first = replay.report()?;
    fs::remove_dir_all(folder.path())?;
    let again = replay.report()?;
    ensure(first.0 == again.0, || {
        "the second report differs from the first".to_owned()
    })
}

/// Copies the databases of the base run, so that they may be spoilt.
pub(crate) fn copy_of_base() -> Result<tempfile::TempDir> {
    let copy = tempdir()?;
    for entry in fs::read_dir(&base()?.folder)?.flatten() {
        fs::copy(entry.path(), copy.path().join(entry.file_name()))?;
    }
    Ok(copy)
}

/// The digest that the services tell over a folder.
fn digest_of(folder: &Path) -> Result<String> {
    let told = run(
        takt(&["digest", "--output", "json", "--data"])?.arg(folder),
        SHORT,
    )?
    .ok()?
    .json()?;
    Ok(told
        .get("digest")
        .and_then(serde_json::Value::as_str)
        .unwrap_or_default()
        .to_owned())
}

#[test]
fn one_row_changed_by_hand_changes_the_digest() -> Result {
    let Some(python) = place::need("python3")? else {
        return Ok(());
    };
    let whole = base()?.report.digest()?;
    let copy = copy_of_base()?;
    ensure(digest_of(copy.path())? == whole, || {
        "the copy differs before anything was changed".to_owned()
    })?;
    // One row of each service, each a thing that a customer or an auditor would notice.
    for (service, row, column) in [
        (
            "procurement",
            "balance WHERE item_no = (SELECT MAX(item_no) FROM balance)",
            "received",
        ),
        (
            "production",
            "vehicle WHERE serial = (SELECT MAX(serial) FROM vehicle)",
            "order_number",
        ),
        (
            "delivery",
            "promise WHERE promise_no = 1 AND order_no = (SELECT MAX(order_no) FROM promise)",
            "deliver_on",
        ),
    ] {
        let (table, place) = row.split_once(' ').unwrap_or_default();
        let change = |by: i64| -> Result {
            let script = format!(
                "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('PRAGMA ignore_check_constraints = 1'); \
                 n = c.execute('UPDATE {table} SET {column} = {column} + ({by}) {place}').rowcount; \
                 c.commit(); c.close(); sys.exit(0 if n == 1 else 'rows changed: %d' % n)"
            );
            let mut command = Command::new(&python);
            command
                .arg("-c")
                .arg(script)
                .arg(copy.path().join(format!("{service}.sqlite")));
            run(&mut command, SHORT)?.ok().map(|_| ())
        };
        change(1_000_000)?;
        let spoilt = digest_of(copy.path())?;
        ensure(spoilt != whole, || {
            format!("{service}: {column} of one row of {table} is not seen by the digest")
        })?;
        change(-1_000_000)?;
    }
    ensure(digest_of(copy.path())? == whole, || {
        "the rows are back, the digest is not".to_owned()
    })
}

/// What no replay does: quotes and holds of slots, jobs at stations, quality cases, swaps of parts, engineering changes, openings,
/// partnerships, safety times, stop-ships and software, terms of cancelling, changes and reservations of orders, damages, swaps, centres. The tests
/// that do it check these invariants themselves.
const ELSEWHERE: [&str; 52] = [
    "AB-6", "AB-8", "AL-1", "AP-1", "AP-2", "CE-1", "CE-2", "CG-1", "CG-2", "CH-1", "CO-1", "CO-2",
    "CU-1", "DI-1", "EC-1", "EC-2", "EC-3", "HU-1", "HU-2", "IV-1", "IV-2", "IV-3", "JOB-1",
    "JOB-2", "JOB-3", "JOB-4", "NC-1", "NW-1", "NW-2", "OP-1", "OT-1", "OU-2", "PA-1", "PC-1",
    "PD-1", "PI-1", "PS-1", "PS-2", "QH-1", "QH-2", "QT-1", "RC-2", "RC-3", "RV-1", "SF-1", "SL-1",
    "SL-2", "SL-3", "SW-1", "TM-1", "TX-1", "TX-2",
];

#[test]
fn every_invariant_is_checked_and_holds() -> Result {
    // A world that is late, short and sometimes wrong: so that there are rejected lots and broken promises to look at.
    let place = tempdir()?;
    let real = Replay::su7(place.path())
        .vehicles(VEHICLES)
        .with(&["--world", "real", "--seed", "7"]);
    real.report()?;
    let mut command = takt(&["check", "--output", "json", "--data"])?;
    let checked = run(command.arg(place.path()), SHORT)?.ok()?.json()?;
    let all = checked
        .get("invariants")
        .and_then(serde_json::Value::as_array)
        .cloned()
        .unwrap_or_default();
    ensure(all.len() >= 15, || {
        format!("only {} invariants are checked", all.len())
    })?;
    let mut idle = Vec::new();
    for invariant in &all {
        let number = |key: &str| invariant.get(key).and_then(serde_json::Value::as_i64);
        ensure(number("violated") == Some(0), || {
            format!("an invariant does not hold: {invariant}")
        })?;
        let id = invariant.get("id").and_then(serde_json::Value::as_str);
        let elsewhere = id.is_some_and(|id| ELSEWHERE.contains(&id));
        if number("checked").unwrap_or_default() == 0 && !elsewhere {
            idle.push(invariant.to_string());
        }
    }
    // Parked facts and work that is owed: at rest there are none to look at.
    ensure(idle.len() <= 6, || {
        format!(
            "{} invariants looked at nothing:\n{}",
            idle.len(),
            idle.join("\n")
        )
    })
}
