//! A carmaker starts with a present: master data come as a difference that is told first, stock and open orders against control totals,
//! and what was booked is told back as the same files. On SQLite and, where there is one, on PostgreSQL.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use takt_tests::{
    Failure, Result, ensure,
    folder::Folder,
    postgres::Postgres,
    process::{Finished, run},
    replay::takt,
    suite::{Setup, Suite},
};
use tempfile::tempdir;

use crate::{SHORT, suite_with_su7};

/// The morning on which the books begin.
const AS_OF: &str = "2024-03-01";

fn asked(suite: &Suite, arguments: &[&str]) -> Result<Finished> {
    let mut command = takt(arguments)?;
    command.args(["--endpoints", &suite.endpoints(), "--output", "json"]);
    run(&mut command, SHORT)
}

fn digest(suite: &Suite) -> Result<Value> {
    asked(suite, &["digest"])?.ok()?.json()
}

/// Whatever a service tells of its differences, as `service table key field old new`.
fn differences(told: &Value) -> Vec<String> {
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let mut all = Vec::new();
    for service in list(told, "services") {
        for row in list(&service, "differences") {
            let name = format!(
                "{} {} {} {}",
                text(&service, "service"),
                text(&row, "table"),
                text(&row, "key"),
                text(&row, "is")
            );
            for field in list(&row, "fields") {
                let (field, old, new) = (
                    text(&field, "field"),
                    text(&field, "old"),
                    text(&field, "new"),
                );
                all.push(format!("{name} {field} {old:?} {new:?}"));
            }
        }
    }
    all
}

fn kept(told: &Value, service: usize, table: &str) -> i64 {
    let tables = told["services"][service]["tables"].as_array().cloned();
    let tables = tables.unwrap_or_default();
    let found = tables.iter().find(|one| one["table"] == table);
    found.map_or(-1, |one| one["kept"].as_i64().unwrap_or(-1))
}

/// A folder that differs: a longer lead time, another name, a site that is gone, and one that is new.
fn changed() -> Result<Folder> {
    let folder = Folder::su7()?;
    folder.edit("items.csv", |row| {
        let longer = row.number("lead_time_days") + 2;
        Some(match row.get("item_id") {
            "BS-14" => row.clone().with("lead_time_days", longer),
            _ => row.clone(),
        })
    })?;
    folder.edit("suppliers.csv", |row| {
        Some(match row.get("id") {
            "CATL" => row.clone().with("name", "CATL, Ningde"),
            _ => row.clone(),
        })
    })?;
    folder.edit("nodes.csv", |row| {
        (row.get("item_id") != "M-AEROGEL-SHEETS").then(|| row.clone())
    })?;
    let path = folder.path().join("logistics.csv");
    let lanes = fs::read_to_string(&path)?;
    let outbound = lanes
        .lines()
        .find(|line| line.starts_with("OUT-TIANJIN-ROAD"))
        .ok_or("there is a lane to Tianjin")?;
    // The new lane takes a part of the share of the old one.
    let rail = outbound
        .replace("OUT-TIANJIN-ROAD", "OUT-TIANJIN-RAIL")
        .replace(",0.0183,", ",0.0083,");
    let road = outbound.replace(",0.0183,", ",0.01,");
    fs::write(&path, format!("{}{rail}\n", lanes.replace(outbound, &road)))?;
    Ok(folder)
}

fn delta(suite: &Suite) -> Result {
    let folder = changed()?;
    let path = folder.path().to_string_lossy().into_owned();
    let sent = |more: &[&str]| {
        let arguments = ["import", &path, "--vehicles", "1000", "--delta"];
        asked(suite, &[&arguments, more].concat())
    };
    let before = digest(suite)?;
    let dry = sent(&["--dry-run"])?.ok()?.json()?;
    let found = differences(&dry);
    for wanted in [
        "procurement agreement BS-14 AEROGEL changed lead_days \"29\" \"31\"",
        "procurement supplier CATL changed name \"Contemporary Amperex Technology (CATL)\" \"CATL, Ningde\"",
        "delivery lane OUT-TIANJIN-RAIL added city \"\" \"Tianjin\"",
        "delivery lane OUT-TIANJIN-ROAD changed share \"18300\" \"10000\"",
    ] {
        ensure(found.iter().any(|one| one == wanted), || {
            format!("{wanted} is not among {found:#?}")
        })?;
    }
    // The lane is one row of some fields; nothing else differs.
    let others = found.iter().filter(|one| !one.contains("OUT-TIANJIN-RAIL"));
    ensure(others.count() == 3, || format!("{found:#?}"))?;
    ensure(kept(&dry, 0, "node") == 1, || dry.to_string())?;
    ensure(digest(suite)? == before, || {
        "a dry run changed something".to_owned()
    })?;

    let taken = sent(&[])?.ok()?.json()?;
    ensure(differences(&taken) == found, || taken.to_string())?;
    let after = digest(suite)?;
    ensure(after != before, || "nothing was taken over".to_owned())?;
    let again = sent(&[])?.ok()?.json()?;
    ensure(differences(&again).is_empty(), || again.to_string())?;
    ensure(kept(&again, 0, "node") == 1, || again.to_string())?;
    ensure(digest(suite)? == after, || {
        "the same again changed something".to_owned()
    })?;

    // What lots and orders rest on does not change, and with it nothing does.
    folder.edit("items.csv", |row| {
        Some(match row.get("item_id") {
            "BS-14" => row.clone().with("uom", "kg").with("lead_time_days", 40),
            _ => row.clone(),
        })
    })?;
    let refused = sent(&[])?.expect(1)?;
    ensure(refused.stderr.contains("item BS-14.unit_code"), || {
        refused.stderr.clone()
    })?;
    ensure(digest(suite)? == after, || {
        "half of a refused difference was taken over".to_owned()
    })
}

#[test]
fn a_difference_is_told_and_taken_over_on_sqlite() -> Result {
    let folder = tempdir()?;
    delta(&suite_with_su7(folder.path(), Setup::default())?)
}

#[test]
fn a_difference_is_told_and_taken_over_on_postgresql() -> Result {
    let Some(postgres) = Postgres::start()? else {
        return Ok(());
    };
    let folder = tempdir()?;
    let setup = Setup {
        database: Some(postgres.databases("delta")?),
        ..Setup::default()
    };
    delta(&suite_with_su7(folder.path(), setup)?)
}

/// The worked example of docs/cut-over.md, as files.
fn example(directory: &Path) -> Result {
    let text = fs::read_to_string(takt_tests::place::root().join("docs/cut-over.md"))?;
    let mut found = 0;
    for part in text.split("```csv ").skip(1) {
        let (file, rest) = part.split_once('\n').ok_or("a file has a name")?;
        let (rows, _) = rest.split_once("```").ok_or("a file has an end")?;
        fs::write(directory.join(file.trim()), rows)?;
        found += 1;
    }
    ensure(found == 3, || format!("{found} files in the example"))
}

fn edited(directory: &Path, file: &str, from: &str, to: &str) -> Result<String> {
    let path = directory.join(file);
    let text = fs::read_to_string(&path)?;
    ensure(text.matches(from).count() == 1, || {
        format!("{from:?} does not stand once in {file}:\n{text}")
    })?;
    fs::write(&path, text.replace(from, to))?;
    Ok(text)
}

fn files(directory: &Path) -> Result<Vec<(PathBuf, String)>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(directory)?.flatten() {
        let name = PathBuf::from(entry.file_name());
        all.push((name, fs::read_to_string(entry.path())?));
    }
    all.sort();
    Ok(all)
}

fn exported(suite: &Suite, directory: &Path) -> Result<Vec<(PathBuf, String)>> {
    asked(suite, &["export", "opening", &directory.to_string_lossy()])?.ok()?;
    files(directory)
}

/// The services with the programme at its own size, whose lots are those of the example.
fn suite_at_size(folder: &Path, setup: Setup) -> Result<Suite> {
    let suite = Suite::prepare(folder)?.up(setup)?;
    asked(&suite, &["import", "su7"])?.ok()?;
    Ok(suite)
}

fn opening(first: &Suite, second: &Suite) -> Result {
    let place = tempdir()?;
    example(place.path())?;
    let path = place.path().to_string_lossy().into_owned();
    let book = |suite: &Suite, path: &str, more: &[&str]| {
        let arguments = ["import", "su7", "--as-of", AS_OF, "--opening", path];
        asked(suite, &[&arguments, more].concat())
    };
    let before = digest(first)?;
    // A control total that does not agree names the item and both figures, and nothing is booked.
    let right = edited(place.path(), "control.csv", "BS-14,14450,", "BS-14,14451,")?;
    let refused = book(first, &path, &[])?.expect(1)?;
    for word in ["BS-14", "14451", "14450"] {
        ensure(refused.stderr.contains(word), || refused.stderr.clone())?;
    }
    ensure(digest(first)? == before, || {
        "half of a refused opening was booked".to_owned()
    })?;
    fs::write(place.path().join("control.csv"), right)?;
    // A row that cannot be is named with its file and line.
    let right = edited(place.path(), "stock.csv", "QUARANTINE", "PERHAPS")?;
    let refused = book(first, &path, &[])?.expect(1)?;
    ensure(refused.stderr.contains("stock.csv:3: status"), || {
        refused.stderr.clone()
    })?;
    let elsewhere = right.replacen("XIAOMI", "ELSEWHERE", 1);
    fs::write(place.path().join("stock.csv"), elsewhere)?;
    let refused = book(first, &path, &[])?.expect(1)?;
    ensure(refused.stderr.contains("stock.csv:2 location"), || {
        refused.stderr.clone()
    })?;
    fs::write(place.path().join("stock.csv"), right)?;

    book(first, &path, &["--dry-run"])?.ok()?;
    ensure(digest(first)? == before, || {
        "a dry run booked something".to_owned()
    })?;
    let booked = book(first, &path, &[])?.ok()?.json()?;
    ensure(booked["services"][0]["was_booked"] == false, || {
        booked.to_string()
    })?;
    let after = digest(first)?;
    let again = book(first, &path, &[])?.ok()?.json()?;
    ensure(again["services"][0]["was_booked"] == true, || {
        again.to_string()
    })?;
    ensure(digest(first)? == after, || {
        "the same opening again changed something".to_owned()
    })?;
    asked(first, &["check"])?.ok()?;
    // Other files are another opening, and there is one.
    edited(place.path(), "control.csv", "BS-14,14450,", "BS-14,,")?;
    let refused = book(first, &path, &[])?.expect(3)?;
    ensure(refused.stderr.contains("booked once"), || {
        refused.stderr.clone()
    })?;

    // What is told of it, booked elsewhere, is told there as the same.
    let (one, two) = (tempdir()?, tempdir()?);
    let told = exported(first, one.path())?;
    let path = one.path().to_string_lossy().into_owned();
    book(second, &path, &[])?.ok()?;
    asked(second, &["check"])?.ok()?;
    let back = exported(second, two.path())?;
    for ((name, a), (_, b)) in told.iter().zip(&back) {
        ensure(a == b, || format!("{}:\n{a}\nand\n{b}", name.display()))?;
    }
    ensure(told.len() == back.len() && told.len() >= 9, || {
        format!("{} and {} files", told.len(), back.len())
    })?;
    let stock = told.iter().find(|(name, _)| name.ends_with("stock.csv"));
    let (_, stock) = stock.ok_or_else(|| Failure::new("no stock"))?;
    // The batch of 14,450 pieces is two lots, 14,400 and 50, and the order tells of 28,800 pieces that are used up.
    let lots = stock.lines().filter(|line| line.starts_with("BS-14,"));
    let used_up = stock.lines().filter(|line| line.contains(",CONSUMED,"));
    let counts = (lots.count(), used_up.count());
    ensure(counts == (4, 2), || stock.clone())
}

#[test]
fn stock_and_orders_are_booked_and_told_back_on_sqlite() -> Result {
    let (one, two) = (tempdir()?, tempdir()?);
    opening(
        &suite_at_size(one.path(), Setup::default())?,
        &suite_at_size(two.path(), Setup::default())?,
    )
}

#[test]
fn stock_and_orders_are_booked_and_told_back_on_postgresql() -> Result {
    let Some(postgres) = Postgres::start()? else {
        return Ok(());
    };
    let (one, two) = (tempdir()?, tempdir()?);
    let setup = |name| -> Result<Setup> {
        Ok(Setup {
            database: Some(postgres.databases(name)?),
            ..Setup::default()
        })
    };
    opening(
        &suite_at_size(one.path(), setup("opening_one")?)?,
        &suite_at_size(two.path(), setup("opening_two")?)?,
    )
}
