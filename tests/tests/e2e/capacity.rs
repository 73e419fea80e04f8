//! Weekly demand against capacity, by the command: files as partners exchange them, and what is wrong with them.
//!
//! It must not know how demand and capacity are matched.

use serde_json::{Value, json};
use takt_tests::{
    Result, ensure,
    process::{run, write},
    replay::{Replay, takt},
    suite::Suite,
};
use tempfile::tempdir;

use crate::SHORT;

fn demand(material: &str, weeks: &[(&str, f64)]) -> Value {
    let demands: Vec<_> = weeks
        .iter()
        .map(|(week, demand)| json!({"pointInTime": week, "demand": demand}))
        .collect();
    json!({"materialNumberCustomer": material, "demandSeries": [{
        "customerLocation": "BPNS", "demandCategory": {"demandCategoryCode": "0001"}, "demands": demands}]})
}

#[test]
fn partners_files_are_matched_and_mistakes_are_named() -> Result {
    let folder = tempdir()?;
    let weeks = [("2024-04-01", 100.0), ("2024-04-08", 300.5)];
    let message =
        json!({"content": {"informationObject": [demand("SEAT", &weeks), demand("LAMP", &weeks)]}});
    let demands = write(&folder, "demands.json", &message.to_string())?;
    let linked = |material: &str| {
        json!({"materialNumberCustomer": material, "customerLocation": "BPNS",
               "demandCategory": {"demandCategoryCode": "0001"}, "loadFactor": 2})
    };
    let weeks = |actual: i64, maximum: i64| {
        ["2024-04-01", "2024-04-08"].map(|week| {
            json!({"pointInTime": week, "actualCapacity": actual, "maximumCapacity": maximum})
        })
    };
    let groups = json!([
        {"capacityGroupId": "LINE", "name": "seats", "linkedDemandSeries": [linked("SEAT"), linked("BELT")], "capacities": weeks(500, 550)},
        {"capacityGroupId": "HALL", "name": "hall", "linkedCapacityGroups": ["LINE"], "capacities": weeks(500, 700)},
    ]);
    let groups = write(&folder, "groups.json", &groups.to_string())?;
    let mut command = takt(&["capacity", "--output", "json", "--catena-x"])?;
    let told = run(command.arg(&demands).arg(&groups), SHORT)?
        .ok()?
        .json()?;
    let figures: Vec<_> = (told["groups"].as_array().into_iter().flatten())
        .map(|group| {
            let week = &group["weeks"][1];
            let ahead = group["missing_after_building_ahead"].as_f64();
            (
                group["id"].as_str(),
                week["demand"].as_f64(),
                week["rating"].as_str(),
                group["missing"].as_f64(),
                ahead,
            )
        })
        .collect();
    let wanted = [
        (
            Some("LINE"),
            Some(601.0),
            Some("BOTTLENECK"),
            Some(51.0),
            Some(0.0),
        ),
        (
            Some("HALL"),
            Some(601.0),
            Some("FLEXIBLE"),
            Some(0.0),
            Some(0.0),
        ),
    ];
    ensure(figures == wanted, || told.to_string())?;
    ensure(
        told["not_demanded"] == json!(["BELT to BPNS, category 0001"])
            && told["no_group"] == json!(["LAMP to BPNS, category 0001"]),
        || told.to_string(),
    )?;
    let group = |id: &str, below: &str| json!({"capacityGroupId": id, "linkedCapacityGroups": [below], "capacities": weeks(1, 1)});
    for (wrong, said) in [
        (
            json!([demand("SEAT", &[("2024-04-02", 1.0)])]),
            "2024-04-02 is no Monday",
        ),
        (
            json!([demand("SEAT", &[("2024-04-01", -1.0)])]),
            "below zero",
        ),
        (
            json!([group("A", "B"), group("B", "A")]),
            "A, B carry each other",
        ),
        (
            json!([group("A", "NONE")]),
            "carries capacity group NONE, which no file holds",
        ),
        (
            json!([{"name": "what"}]),
            "neither a WeekBasedMaterialDemand",
        ),
        (json!([]), "hold no week"),
    ] {
        let file = write(&folder, "wrong.json", &wrong.to_string())?;
        let refused = run(takt(&["capacity", "--catena-x"])?.arg(file), SHORT)?.expect(1)?;
        ensure(
            refused.stderr.contains(said) && refused.stdout.is_empty(),
            || refused.stderr.clone(),
        )?;
    }
    Ok(())
}

/// A supplier's group is sent to the services, and the released plan loads it with twice what it asks of the site that the group is made of.
#[test]
fn services_set_the_plan_against_groups_and_sites() -> Result {
    let folder = tempdir()?;
    let data = folder.path().join("run");
    let replay = Replay::su7(&data).vehicles(200);
    replay.with(&["--until", "2024-04-10"]).run()?.ok()?;
    let suite = Suite::start(&data)?;
    let ask = |words: &[&str]| -> Result<Value> {
        let mut command = takt(words)?;
        command.arg("--endpoints").arg(suite.endpoints());
        run(command.args(["--output", "json"]), SHORT)?.ok()?.json()
    };
    let sites = ask(&["capacity", "--supplier", "CATL"])?;
    let site = sites["groups"]
        .as_array()
        .into_iter()
        .flatten()
        .max_by_key(|row| {
            let weeks = row["weeks"].as_array().into_iter().flatten();
            weeks
                .filter_map(|week| week["demand"].as_f64())
                .sum::<f64>() as i64
        });
    let site = site.cloned().unwrap_or_default();
    let item = site["id"]
        .as_str()
        .and_then(|id| id.strip_prefix("CATL/"))
        .unwrap_or_default();
    let first = sites["first_week"].as_str().unwrap_or_default();
    let group = json!({"capacityGroupId": "CATL-LINE", "name": "line",
        "linkedDemandSeries": [{"materialNumberCustomer": item, "demandCategory": {"demandCategoryCode": "0001"}, "loadFactor": 2}],
        "capacities": [{"pointInTime": first, "actualCapacity": 1, "maximumCapacity": 2}]});
    let file = write(&folder, "groups.json", &group.to_string())?;
    let file = file.to_string_lossy();
    let record = [
        "capacity",
        "--catena-x",
        &file,
        "--record",
        "--supplier",
        "CATL",
    ];
    let recorded = ask(&record)?;
    ensure(recorded["created"] == 1, || recorded.to_string())?;
    // The same groups again are the same request.
    ensure(ask(&record)? == recorded, || {
        "it was recorded twice".to_owned()
    })?;
    let groups = ask(&["capacity", "--groups"])?;
    let demands = |row: &Value| -> Vec<(String, i64)> {
        let weeks = row["weeks"].as_array().into_iter().flatten();
        let demand =
            |week: &Value| (week["demand"].as_f64().unwrap_or(0.0) * 1000.0).round() as i64;
        let of = |week: &Value| {
            (
                week["week"].as_str().unwrap_or_default().to_owned(),
                demand(week),
            )
        };
        weeks.map(of).filter(|(_, demand)| *demand > 0).collect()
    };
    let twice: Vec<_> = (demands(&site).into_iter())
        .map(|(week, demand)| (week, demand * 2))
        .collect();
    ensure(
        twice.len() > 20 && demands(&groups["groups"][0]) == twice,
        || format!("{groups}\nis not twice\n{site}"),
    )?;
    let unknown = run(
        takt(&["capacity", "--supplier", "NOBODY", "--endpoints"])?.arg(suite.endpoints()),
        SHORT,
    )?
    .expect(3)?;
    ensure(unknown.stderr.contains("NOBODY"), || unknown.stderr.clone())
}
