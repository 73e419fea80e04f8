//! Weekly demand against capacity, by the command: files as partners exchange them, and what is wrong with them.
//!
//! It must not know how demand and capacity are matched.

use serde_json::json;
use takt_tests::{
    Result, ensure,
    process::{run, write},
    replay::takt,
};
use tempfile::tempdir;

use crate::SHORT;

fn demand(material: &str, weeks: &[(&str, f64)]) -> serde_json::Value {
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
