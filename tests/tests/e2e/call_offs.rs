//! Buying by the command over a run that stands still: days of supply, call-offs and what is owed, and EDIFACT files that another
//! hand's library reads and writes.
//!
//! It must not know how anything is computed.

use std::{path::Path, process::Command};

use serde_json::Value;
use takt_tests::{
    Failure, Result, ensure, place,
    process::run,
    replay::{Replay, takt},
};
use tempfile::tempdir;

use crate::SHORT;

/// The evening on which the run stands still.
const EVENING: &str = "2024-05-20";

fn command(data: &Path, arguments: &[&str]) -> Result<Command> {
    let mut command = takt(arguments)?;
    command.arg("--data").arg(data).args(["--output", "json"]);
    Ok(command)
}

fn told(data: &Path, arguments: &[&str]) -> Result<Value> {
    run(&mut command(data, arguments)?, SHORT)?.ok()?.json()
}

fn number(value: &Value, pointer: &str) -> Result<f64> {
    let found = value.pointer(pointer).and_then(Value::as_f64);
    found.ok_or_else(|| Failure::new(format!("no number {pointer} in {value}")))
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn python(arguments: &[&str]) -> Result<Option<Value>> {
    let Some(python) = place::need("python3")? else {
        return Ok(None);
    };
    let mut probe = Command::new(&python);
    if run(probe.args(["-c", "import pydifact"]), SHORT)?.code != Some(0) {
        ensure(!place::is_ci(), || "pydifact is not there".to_owned())?;
        eprintln!("SKIPPED: pydifact is not there; tests/setup brings it");
        return Ok(None);
    }
    let mut command = Command::new(python);
    command
        .arg(place::root().join("tests/tests/e2e/edifact.py"))
        .args(arguments);
    run(&mut command, SHORT)?.ok()?.json().map(Some)
}

#[test]
fn what_is_bought_is_called_off_and_exchanged_as_files() -> Result {
    let folder = tempdir()?;
    let data = folder.path().join("run");
    let replay = Replay::su7(&data)
        .vehicles(1000)
        .with(&["--until", EVENING]);
    replay.run()?.ok()?;

    let supply = told(&data, &["supply"])?;
    let items = list(&supply, "items");
    ensure(items.len() > 100, || supply.to_string())?;
    for item in items {
        let (days, horizon) = (number(item, "/days")?, number(item, "/horizon_days")?);
        let lasts = item["stock_out_on"].is_null();
        ensure(
            (0.0..=horizon).contains(&days) && lasts == (number(item, "/uncovered")? == 0.0),
            || item.to_string(),
        )?;
    }

    // The sources of one supplier are agreed on and called off.
    let under_way = items
        .iter()
        .find(|item| number(item, "/in_transit").is_ok_and(|quantity| quantity > 0.0));
    ensure(under_way.is_some(), || "nothing is under way".to_owned())?;
    let agree = |item: &str, supplier: &str| {
        let zones = ["--firm", "10", "--fabrication", "30", "--material", "60"];
        let mut words = vec![
            "calloff",
            "agree",
            item,
            supplier,
            "--reset-on",
            "2023-12-01",
        ];
        words.extend(zones);
        told(&data, &words)
    };
    agree("BS-01", "FDB")?;
    let none = run(
        &mut command(&data, &["edifact", "write", "delfor", "FDB"])?,
        SHORT,
    )?;
    ensure(none.stderr.contains("takt calloff publish"), || {
        none.stderr.clone()
    })?;
    let published = told(&data, &["calloff", "publish", "--as-of", EVENING])?;
    ensure(number(&published, "/releases")? == 1.0, || {
        published.to_string()
    })?;
    let shown = told(&data, &["calloff", "show", "BS-01", "FDB"])?;
    let mut cumulative = number(&shown, "/received")?;
    for line in list(&shown, "lines") {
        cumulative += number(line, "/quantity")?;
        ensure(number(line, "/cumulative")? == cumulative, || {
            shown.to_string()
        })?;
    }
    let to_ship = cumulative - number(&shown, "/shipped")?;
    ensure(
        number(&shown, "/to_ship")? == to_ship && to_ship > 0.0,
        || shown.to_string(),
    )?;
    let cancel = [
        "calloff", "cancel", "BS-01", "FDB", "--on", EVENING, "--check",
    ];
    let owed = told(&data, &cancel)?;
    let finished = number(&shown, "/fabrication")? - number(&shown, "/shipped")?;
    ensure(number(&owed, "/finished")? == finished.max(0.0), || {
        format!("{owed} {shown}")
    })?;

    // Out as a file, and read by another's library.
    let file = folder.path().join("release.edi");
    let path = file.to_string_lossy().into_owned();
    told(
        &data,
        &["edifact", "write", "delfor", "FDB", "--file", &path],
    )?;
    let read = told(&data, &["edifact", "read", &path, "--check"])?;
    let lines = read
        .pointer("/messages/0/items/0/lines")
        .and_then(Value::as_array);
    let lines = lines.map_or(0, Vec::len);
    ensure(lines == list(&shown, "lines").len(), || read.to_string())?;
    let call = folder
        .path()
        .join("call.edi")
        .to_string_lossy()
        .into_owned();
    told(
        &data,
        &["edifact", "write", "deljit", "FDB", "--file", &call],
    )?;
    if let Some(seen) = python(&["check", &path, "DELFOR"])? {
        let segments = list(&seen, "segments");
        let tagged = |tag: &str, first: &str| {
            let is = |segment: &&Value| {
                segment[0] == tag && (segment[1] == first || segment[1][0] == first)
            };
            segments.iter().filter(is).count()
        };
        ensure(
            tagged("QTY", "113") == lines
                && tagged("BGM", "241") == 1
                && seen["recipient"] == "FDB",
            || seen.to_string(),
        )?;
        ensure(python(&["check", &call, "DELJIT"])?.is_some(), String::new)?;

        // In as a file of another's library; booked once.
        let database = data
            .join("procurement.sqlite")
            .to_string_lossy()
            .into_owned();
        let notice = folder
            .path()
            .join("notice.edi")
            .to_string_lossy()
            .into_owned();
        let written = python(&["desadv", &database, &notice])?.unwrap_or_default();
        let booked = told(&data, &["edifact", "read", &notice])?;
        ensure(
            booked["booked"] == true && list(&booked, "refused").is_empty(),
            || booked.to_string(),
        )?;
        let again = run(&mut command(&data, &["edifact", "read", &notice])?, SHORT)?;
        ensure(again.stderr.contains("recorded already"), || {
            again.stderr.clone()
        })?;
        // What we write of that notice says what came in, the maker's batch with it.
        let ours = folder
            .path()
            .join("ours.edi")
            .to_string_lossy()
            .into_owned();
        told(
            &data,
            &[
                "edifact",
                "write",
                "desadv",
                "ASN-PYDIFACT",
                "--file",
                &ours,
            ],
        )?;
        let read = told(&data, &["edifact", "read", &ours, "--check"])?;
        let line = read
            .pointer("/messages/0/items/0/lines/0")
            .cloned()
            .unwrap_or_default();
        ensure(
            line["maker_lot"] == "HEAT+7?'8"
                && line["first_lot"] == written["lot"]
                && line["order_line"] == written["line"],
            || format!("{line} {written}"),
        )?;
        ensure(python(&["check", &ours, "DESADV"])?.is_some(), String::new)?;
        // And lost it comes back into the demand of its item.
        let lost = told(
            &data,
            &["calloff", "lost", "ASN-PYDIFACT", "--on", "2024-06-30"],
        )?;
        ensure(lost.pointer("/items/0/item") == written.get("item"), || {
            lost.to_string()
        })?;
    }
    let checked = told(&data, &["check"])?;
    let broken = list(&checked, "invariants")
        .iter()
        .filter(|one| one["violated"] != 0);
    ensure(broken.count() == 0, || checked.to_string())
}
