//! The as-built memory by the command: a finished run is traced, a supplier's tree is imported under one of its packs, and
//! the life of its vehicles is exported as an EPCIS document that is valid by GS1's schema.

use std::{path::Path, process::Command};

use serde_json::{Value, json};
use takt_tests::{
    Failure, Result, ensure, place,
    process::{run, write},
    replay::{Replay, takt},
};
use tempfile::tempdir;

use crate::SHORT;

/// What a command tells of a finished run.
fn told(data: &Path, arguments: &[&str]) -> Result<Value> {
    let mut command = takt(arguments)?;
    command.arg("--data").arg(data).args(["--output", "json"]);
    run(&mut command, SHORT)?.ok()?.json()
}

/// The names in a list of objects.
fn names(list: &Value, key: &str) -> Vec<String> {
    let all = list.as_array().into_iter().flatten();
    all.filter_map(|one| Some(one.get(key)?.as_str()?.to_owned()))
        .collect()
}

fn text(value: &Value, pointer: &str) -> Result<String> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found
        .map(str::to_owned)
        .ok_or_else(|| Failure::new(format!("no {pointer} in {value}")))
}

/// A module with a batch of cells, in a pack of ours, as a supplier tells.
fn twins(pack: &str) -> Value {
    let part = |key: &str, number: &str, name: &str| {
        json!([{"localIdentifiers": [{"key": "manufacturerId", "value": "BPNL0000CELLS"}, {"key": key, "value": number}],
            "manufacturingInformation": {"date": "2024-03-01T08:00:00", "country": "CHN"},
            "partTypeInformation": {"manufacturerPartId": name, "nameAtManufacturer": name}}])
    };
    let holds = |child: &str, quantity: f64| {
        json!([{"childItems": [{"catenaXId": child, "createdOn": "2024-03-02T08:00:00.000Z",
            "quantity": {"quantityNumber": quantity, "measurementUnit": "unit:piece"}}]}])
    };
    json!([
        {"catenaXId": "urn:uuid:00000000-0000-4000-8000-000000000001", "x#SerialPart": part("partInstanceId", pack, "pack"),
         "x#SingleLevelBomAsBuilt": holds("urn:uuid:00000000-0000-4000-8000-000000000002", 1.0)},
        {"catenaXId": "urn:uuid:00000000-0000-4000-8000-000000000002", "x#SerialPart": part("partInstanceId", "MOD-1", "module"),
         "x#SingleLevelBomAsBuilt": holds("urn:uuid:00000000-0000-4000-8000-000000000003", 24.0)},
        {"catenaXId": "urn:uuid:00000000-0000-4000-8000-000000000003", "x#Batch": part("batchId", "CELLS 7", "cells")},
    ])
}

#[test]
fn a_finished_run_is_traced_imported_into_and_exported() -> Result {
    let folder = tempdir()?;
    let data = folder.path().join("run");
    let report = Replay::su7(&data).vehicles(100).report()?;
    let lot = text(&report.0, "/genealogy/recall_lot")?;
    let vin = text(&report.0, "/life/vin")?;

    let lots = told(&data, &["trace", &lot])?;
    let count = report.number("/genealogy/recall_vehicles")?;
    let cars = names(lots.pointer("/vehicles").unwrap_or(&Value::Null), "vin");
    ensure(
        cars.contains(&vin) && i64::try_from(cars.len()) == Ok(count),
        || format!("{vin} in {cars:?}, {count} told"),
    )?;

    let inside = told(&data, &["trace", &vin])?;
    let parts = inside.pointer("/unit/parts").unwrap_or(&Value::Null);
    let pack = names(parts, "serial")
        .into_iter()
        .find(|serial| serial.starts_with('B'))
        .ok_or_else(|| Failure::new(format!("{vin} has no pack: {parts}")))?;
    let file = write(&folder, "twins.json", &twins(&pack).to_string())?;
    let file = file.to_string_lossy().into_owned();
    let first = told(&data, &["import-asbuilt", &file])?;
    ensure(
        first["twins_ours"] == 1 && first["twins_added"] == 2 && first["links_added"] == 2,
        || first.to_string(),
    )?;
    let again = told(&data, &["import-asbuilt", &file])?;
    ensure(again["unchanged"] == 5 && again["links_added"] == 0, || {
        again.to_string()
    })?;
    let cells = told(&data, &["trace", "CELLS 7"])?;
    let cars = names(cells.pointer("/vehicles").unwrap_or(&Value::Null), "vin");
    ensure(cars == [vin.clone()], || cells.to_string())?;
    // Before the import nobody knew of the cells.
    let before = inside["record"].to_string();
    let cells = told(&data, &["trace", "CELLS 7", "--as-known", &before])?;
    ensure(cells["vehicles"] == json!([]), || cells.to_string())?;

    let (Some(python), Some(schema)) = (
        place::need("python3")?,
        place::need("epcis-2.0.schema.json")?,
    ) else {
        return Ok(());
    };
    for range in [
        vec!["--vin", vin.as_str()],
        vec!["--from", "2024-03-28", "--to", "2024-06-30"],
    ] {
        let document = folder.path().join("epcis.json");
        let mut command = takt(&["export", "epcis", "--file"])?;
        command.arg(&document).args(range).arg("--data").arg(&data);
        run(&mut command, SHORT)?.ok()?;
        let mut command = Command::new(&python);
        command
            .arg(place::root().join("tests/tests/e2e/epcis.py"))
            .arg(&schema)
            .arg(&document);
        let checked = run(&mut command, SHORT)?.ok()?;
        ensure(checked.stdout.contains("5 passed, 0 failed"), || {
            checked.stdout.clone()
        })?;
        for kind in [
            "AggregationEvent",
            "AssociationEvent",
            "ObjectEvent",
            "TransformationEvent",
        ] {
            ensure(checked.stdout.contains(kind), || checked.stdout.clone())?;
        }
    }
    Ok(())
}
