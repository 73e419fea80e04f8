//! Suppliers side by side, by the command: each against what `takt risk` tells of its sites, spend against the agreements, stakes against
//! their file.
//!
//! It must not know how a loss is walked.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use takt_tests::{
    Result, ensure, place,
    process::run,
    replay::{Replay, takt},
    suite::{Service, Suite},
};
use tempfile::tempdir;

use crate::{SHORT, grpcurl::Terminal};

fn asked(arguments: &[&str]) -> Result<Value> {
    let mut command = takt(arguments)?;
    command.args(["--output", "json"]);
    run(&mut command, SHORT)?.ok()?.json()
}

fn listed(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[test]
fn a_supplier_of_one_site_is_that_site() -> Result {
    let risk = asked(&["risk", "su7"])?;
    let told = asked(&["partners", "su7", "--second-source", "400000"])?;
    let mut sites: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for node in listed(&risk["nodes"]) {
        let supplier = node["supplier"].as_str().unwrap_or_default();
        sites.entry(supplier).or_default().push(node);
    }
    let suppliers = listed(&told["suppliers"]);
    ensure(suppliers.len() == sites.len() && sites.len() > 100, || {
        format!("{} suppliers, {} have sites", suppliers.len(), sites.len())
    })?;
    let (mut single, mut joined, mut last) = (0, 0, f64::INFINITY);
    for supplier in suppliers {
        let id = supplier["supplier"].as_str().unwrap_or_default();
        let nodes = sites.get(id).map_or(&[][..], Vec::as_slice);
        let lost = |value: &Value| value["lost_vehicles"].as_f64();
        let exposure = supplier["exposure"].as_f64().unwrap_or(-1.0);
        ensure(exposure <= last && exposure <= 1.0, || {
            format!("{id}: {exposure} behind {last}")
        })?;
        last = exposure;
        if let [node] = nodes {
            single += 1;
            let same =
                ["ttr_days", "tts_days", "binding"].map(|field| node[field] == supplier[field]);
            ensure(same == [true; 3] && lost(node) == lost(supplier), || {
                format!("{id}: {supplier} is not {node}")
            })?;
        } else if let Some(together) = lost(supplier) {
            // Of many sites at once no less is lost than of any, and no more than of all one after the other.
            joined += 1;
            let each: Vec<f64> = nodes.iter().filter_map(|node| lost(node)).collect();
            let (most, all) = (
                each.iter().copied().fold(0.0, f64::max),
                each.iter().sum::<f64>(),
            );
            ensure(together >= most - 0.1, || {
                format!("{id}: {together} of {each:?}, {all}")
            })?;
        }
    }
    ensure(single > 20 && joined > 20, || {
        format!("{single} single, {joined} joined")
    })?;
    // What is ranked is in order, and what has no cost has no rank.
    let ranks: Vec<Option<f64>> = (listed(&told["measures"]).iter())
        .map(|measure| measure["spared_per_money"].as_f64())
        .collect();
    let order = ranks
        .windows(2)
        .all(|pair| pair[0].unwrap_or(-1.0) >= pair[1].unwrap_or(-1.0));
    ensure(order && ranks.iter().flatten().count() > 20, || {
        format!("{ranks:?}")
    })
}

#[test]
fn every_stake_of_the_file_is_told_once() -> Result {
    let told = asked(&["partners", "su7"])?;
    let file =
        std::fs::read_to_string(place::root().join("crates/takt/programmes/su7/stakes.csv"))?;
    // What a source claims and nobody believes is rejected by the file and read by nobody.
    let believed = file
        .lines()
        .skip(1)
        .filter(|line| !line.contains(",rejected,"))
        .count();
    let here = listed(&told["suppliers"])
        .iter()
        .filter(|supplier| supplier["stake"].is_object())
        .count();
    let elsewhere = listed(&told["other_stakes"]).len();
    ensure(here > 5 && here + elsewhere == believed, || {
        format!("{here} and {elsewhere} of {believed}")
    })?;
    let hesai =
        (listed(&told["suppliers"]).iter()).find(|supplier| supplier["supplier"] == "HESAI");
    let share = hesai.and_then(|supplier| supplier["stake"]["effective_share"].as_f64());
    ensure(share == Some(0.0322), || format!("{hesai:?}"))
}

#[test]
fn who_supplies_nothing_is_named() -> Result {
    for (arguments, said) in [
        (
            &["partners", "su7", "--supplier", "NOBODY"][..],
            "NOBODY has no site in nodes.csv",
        ),
        (
            &["partners", "su7", "--as-of", "2030-01-01"][..],
            "the plan is from 2024-03-29",
        ),
    ] {
        let refused = run(&mut takt(arguments)?, SHORT)?.expect(1)?;
        ensure(
            refused.stderr.contains(said) && refused.stdout.is_empty(),
            || refused.stderr.clone(),
        )?;
    }
    Ok(())
}

/// The file's stakes come into the services, and capacity that is reserved at another source takes the place of one that is lost.
#[test]
fn services_know_stakes_and_count_with_reserved_capacity() -> Result {
    let Some(grpcurl) = place::need("grpcurl")? else {
        return Ok(());
    };
    let folder = tempdir()?;
    let data = folder.path().join("run");
    let replay = Replay::su7(&data).vehicles(1000);
    replay.with(&["--until", "2024-04-10"]).run()?.ok()?;
    let suite = Suite::start(&data)?;
    let ask = |words: &[&str]| -> Result<Value> {
        let mut command = takt(words)?;
        command.arg("--endpoints").arg(suite.endpoints());
        run(command.args(["--output", "json"]), SHORT)?.ok()?.json()
    };
    let file = asked(&["partners", "su7"])?;
    for _ in 0..2 {
        let recorded = ask(&["partners", "su7", "--record"])?;
        let known = listed(&file["suppliers"])
            .iter()
            .filter(|one| one["stake"].is_object());
        let known = known.count() + listed(&file["other_stakes"]).len();
        ensure(recorded["stakes"] == known, || recorded.to_string())?;
    }
    // A later record does not count before its day: Hesai's is of 2025, and every other one was there when the line began.
    let live = ask(&["partners"])?;
    let stake = |told: &Value, id: &str| {
        let mut all = listed(&told["suppliers"]).iter();
        all.find(|one| one["supplier"] == id)
            .map(|one| one["stake"].clone())
    };
    ensure(stake(&live, "HESAI") == Some(Value::Null), || {
        live.to_string()
    })?;
    let mut held = 0;
    for one in listed(&file["suppliers"]) {
        let id = one["supplier"].as_str().unwrap_or_default();
        if id == "HESAI" || one["stake"].is_null() {
            continue;
        }
        held += 1;
        let told = stake(&live, id);
        ensure(told.as_ref() == Some(&one["stake"]), || {
            format!("{id}: {told:?}, the file says {}", one["stake"])
        })?;
    }
    ensure(held > 4, || format!("only {held} suppliers have a stake"))?;
    ensure(
        listed(&live["suppliers"]).len() == listed(&file["suppliers"]).len(),
        || "the services know other suppliers than the folder".to_owned(),
    )?;

    // BTR and SHANSHAN make the same graphite, half and half.
    let lost = |told: &Value, id: &str| {
        let mut all = listed(&told["suppliers"]).iter();
        all.find(|one| one["supplier"] == id)
            .and_then(|one| one["lost_vehicles"].as_f64())
            .unwrap_or(-1.0)
    };
    let before = lost(&live, "BTR");
    ensure(before > 0.0, || live.to_string())?;
    let terminal = Terminal {
        grpcurl,
        suite: &suite,
    };
    let service = |rpc: &str| format!("takt.procurement.v1.PartnershipService/{rpc}");
    let reservation = json!({"request_id": "6ba7b810-9dad-41d1-80b4-00c04fd430c9", "reservation": {
        "reservation_id": "CR-1", "supplier_id": "SHANSHAN", "item_id": "M-GRAPHITE-ANODE",
        "weekly_quantity": {"thousandths": "1000000000"}, "fee": {"currency_code": "USD", "minor_units": "5000000"},
        "valid_from": {"year": 2024, "month": 1, "day": 1}, "valid_until": {"year": 2024, "month": 12, "day": 31}}});
    terminal.call(
        Service::Procurement,
        &reservation,
        &service("ReserveCapacity"),
    )?;
    let with = ask(&["partners"])?;
    ensure(lost(&with, "BTR") == 0.0, || with.to_string())?;
    ensure(lost(&with, "SHANSHAN") == lost(&live, "SHANSHAN"), || {
        "nobody covers for himself".to_owned()
    })?;
    let measure = listed(&with["measures"])
        .iter()
        .find(|own| own["supplier"] == "BTR" && own["measure"] == "RESERVED_CAPACITY");
    ensure(
        measure.is_some_and(|own| own["spared_vehicles"] == before && own["cost"] == 50_000.0),
        || format!("{measure:?}"),
    )?;
    let back = json!({"request_id": "6ba7b810-9dad-41d1-80b4-00c04fd430d0", "reservation_id": "CR-1",
        "released_on": {"year": 2024, "month": 4, "day": 1}});
    terminal.call(Service::Procurement, &back, &service("ReleaseCapacity"))?;
    let after = ask(&["partners"])?;
    ensure(lost(&after, "BTR") == before, || after.to_string())?;
    let mut check = takt(&["check"])?;
    check.arg("--endpoints").arg(suite.endpoints());
    run(&mut check, SHORT)?.ok()?;
    Ok(())
}
