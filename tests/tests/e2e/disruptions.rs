//! Risk and disruptions of a run that stands still: what the services say of risk is what the folder says for the same stock, and a
//! disruption is felt from parts to customers through all three services, until it is resolved.
//!
//! It must not know how anything is computed.

use std::{path::Path, process::Command};

use serde_json::Value;
use takt_tests::{
    Failure, Result, ensure,
    process::run,
    replay::{Replay, takt},
    suite::{Service, Suite},
};
use tempfile::tempdir;

use crate::SHORT;

fn told(mut command: Command) -> Result<Value> {
    run(command.args(["--output", "json"]), SHORT)?.ok()?.json()
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn count(value: &Value, key: &str) -> i64 {
    value[key].as_i64().unwrap_or(-1)
}

fn day(value: &Value) -> Result<takt_kernel::Date> {
    let text = value.as_str().unwrap_or_default();
    takt_kernel::Date::parse(text).map_err(|error| Failure::new(error.to_string()))
}

fn run_until(data: &Path, evening: &str) -> Result {
    let replay = Replay::su7(data).vehicles(1000).with(&["--until", evening]);
    replay.run()?.ok()?;
    Ok(())
}

/// On the first evening nothing has been built but what was planned, so the folder's plan is the services' plan.
#[test]
fn the_services_say_of_risk_what_the_folder_says_for_the_same_stock() -> Result {
    let folder = tempdir()?;
    let (data, stock) = (folder.path().join("run"), folder.path().join("stock.csv"));
    run_until(&data, "2024-03-29")?;
    let mut asked = 0;
    // The day of the newest plan, which lies before the first build, and the morning after it.
    for (rule, on) in [
        ("declared", None),
        ("survives", Some("2024-03-30")),
        ("lost", Some("2024-03-30")),
    ] {
        let mut command = takt(&["risk", "--site-stock", rule, "--write-stock"])?;
        command.arg(&stock).arg("--data").arg(&data);
        if let Some(on) = on {
            command.args(["--as-of", on]);
        }
        let live = told(command)?;
        ensure(live["result_status"] == "COMPLETE", || live.to_string())?;
        let as_of = live["as_of"].as_str().unwrap_or_default();
        let words = ["risk", "su7", "--vehicles", "1000", "--as-of", as_of];
        let mut command = takt(&words)?;
        command.args(["--site-stock", rule, "--stock"]).arg(&stock);
        let offline = told(command)?;
        let (live, offline) = (list(&live, "nodes"), list(&offline, "nodes"));
        ensure(live.len() == offline.len() && live.len() > 400, || {
            format!("{} sites and {} of the folder", live.len(), offline.len())
        })?;
        for (live, offline) in live.iter().zip(offline) {
            ensure(live == offline, || {
                format!("{rule}: the services say {live}\nthe folder says {offline}")
            })?;
        }
        // A comparison of nothing holds always: some sites cost vehicles and some hold out until they are back.
        let costly = |site: &&Value| {
            site["lost_vehicles"]
                .as_f64()
                .is_some_and(|lost| lost > 0.0)
        };
        asked += live.iter().filter(costly).count();
        let survives = |site: &&Value| site["tts_days"].as_f64().is_some_and(|days| days > 1.0);
        ensure(live.iter().any(|site| survives(&site)), || {
            "no stock counts".to_owned()
        })?;
    }
    ensure(asked > 100, || format!("only {asked} sites cost vehicles"))
}

#[test]
fn a_fire_is_felt_from_parts_to_customers_and_healed_when_it_is_out() -> Result {
    let folder = tempdir()?;
    let data = folder.path().join("run");
    run_until(&data, "2024-05-20")?;
    let suite = Suite::start(&data)?;
    let ask = |words: &[&str]| {
        let mut command = takt(words)?;
        command.arg("--endpoints").arg(suite.endpoints());
        told(command)
    };
    let impact = || ask(&["disruption", "impact", "--as-of", "2024-05-21"]);
    let calm = impact()?;
    ensure(
        calm["result_status"] == "COMPLETE" && count(&calm, "order_count") == 0,
        || calm.to_string(),
    )?;
    let open = count(&calm, "on_time_count");
    ensure(open > 100, || format!("only {open} orders are open"))?;

    let fire = [
        "disruption",
        "declare",
        "FIRE-1",
        "--supplier",
        "CATL",
        "--cause",
        "production-incident",
        "--begins",
        "2024-05-21",
        "--until",
        "2024-06-25",
        "--text",
        "a fire in the cell shop",
    ];
    let declared = ask(&fire)?;
    ensure(count(&declared, "site_count") > 1, || declared.to_string())?;
    let burning = impact()?;
    ensure(burning["result_status"] == "COMPLETE", || {
        burning.to_string()
    })?;
    let begins =
        takt_kernel::Date::parse("2024-05-21").map_err(|error| Failure::new(error.to_string()))?;
    for part in list(&burning, "parts") {
        let (out, back) = (day(&part["runs_out_on"])?, day(&part["back_on"])?);
        ensure(out >= begins && out < back, || part.to_string())?;
        ensure(
            part["disruptions"][0] == "FIRE-1" && part["suppliers"][0] == "CATL",
            || part.to_string(),
        )?;
    }
    for key in ["parts", "shops", "vehicles", "orders"] {
        ensure(!list(&burning, key).is_empty(), || {
            format!("no {key} in {burning}")
        })?;
    }
    let (late, at_risk) = (
        count(&burning, "late_count"),
        count(&burning, "at_risk_count"),
    );
    let hit = count(&burning, "order_count");
    ensure(
        late > 0
            && hit == late + at_risk
            && hit == i64::try_from(list(&burning, "orders").len()).unwrap_or(0)
            && hit + count(&burning, "on_time_count") == open,
        || burning.to_string(),
    )?;
    for order in list(&burning, "orders") {
        let (promised, comes) = (day(&order["promised_on"])?, day(&order["deliver_on"])?);
        let is_late = order["health"] == "LATE";
        ensure(
            comes > promised
                && day(&order["build_on"])? > day(&order["planned_build_on"])?
                && is_late == (comes.days_since(promised) > 7)
                && is_late != order["proposal"].is_null()
                && order["reasons"][0] == "FIRE-1",
            || order.to_string(),
        )?;
        if is_late {
            ensure(
                order["proposal"]["deliver_on"] == order["deliver_on"],
                || order.to_string(),
            )?;
        }
    }

    // Another one up the chain makes it no better, and each is asked for by name.
    let flood = [
        "disruption",
        "declare",
        "FLOOD-1",
        "--country",
        "JP",
        "--cause",
        "natural-disaster",
        "--begins",
        "2024-05-25",
        "--until",
        "2024-07-20",
    ];
    ask(&flood)?;
    let both = impact()?;
    let days = |told: &Value| -> i64 {
        let vehicles = list(told, "vehicles").iter();
        vehicles
            .map(|vehicle| count(vehicle, "vehicle_days_late"))
            .sum()
    };
    ensure(days(&both) >= days(&burning), || both.to_string())?;
    let named = ask(&["disruption", "impact", "FIRE-1", "--as-of", "2024-05-21"])?;
    ensure(named["vehicles"] == burning["vehicles"], || {
        named.to_string()
    })?;
    let unknown = takt(&[
        "disruption",
        "impact",
        "NONE",
        "--as-of",
        "2024-05-21",
        "--endpoints",
    ]);
    let unknown = run(unknown?.arg(suite.endpoints()), SHORT)?;
    ensure(
        unknown.code != Some(0) && unknown.stderr.contains("NONE"),
        || unknown.stderr.clone(),
    )?;

    // Put out at once, and every promise stands on time again.
    for name in ["FIRE-1", "FLOOD-1"] {
        let on = if name == "FIRE-1" {
            "2024-05-21"
        } else {
            "2024-05-25"
        };
        let over = ask(&["disruption", "resolve", name, "--on", on])?;
        ensure(over["state"] == "resolved", || over.to_string())?;
    }
    let healed = impact()?;
    ensure(healed == calm, || format!("{healed}\nis not {calm}"))?;

    // Who is away leaves a hole with a name.
    suite.kill(Service::Procurement);
    let partial = impact()?;
    ensure(
        partial["result_status"] == "PARTIAL"
            && list(&partial, "tombstones").iter().any(|hole| {
                hole.as_str()
                    .is_some_and(|hole| hole.starts_with("procurement"))
            }),
        || partial.to_string(),
    )?;
    suite.kill(Service::Production);
    let partial = impact()?;
    ensure(
        partial["result_status"] == "PARTIAL"
            && list(&partial, "tombstones").iter().any(|hole| {
                hole.as_str()
                    .is_some_and(|hole| hole.starts_with("production"))
            })
            && list(&partial, "orders").is_empty(),
        || partial.to_string(),
    )
}
