//! A material plan as a person meets it with grpcurl, over the three services: what a programme needs from its first day
//! of orders on, and the same figures as the folder gives without any service.

use serde_json::{Value, json};
use takt_tests::{
    Failure, Result, ensure, place,
    process::run,
    replay::takt,
    suite::{Service, Setup},
};
use tempfile::tempdir;

use crate::{
    SHORT,
    grpcurl::{Terminal, day, id},
    suite_with_su7,
};

const PLANNING: &str = "takt.production.v1.PlanningService";

fn number(value: &Value, field: &str) -> Result<i64> {
    // 64-bit numbers are text in JSON.
    let found = value.get(field);
    let found = found.and_then(|value| value.as_i64().or_else(|| value.as_str()?.parse().ok()));
    found.ok_or_else(|| Failure::new(format!("no number {field} in {value}")))
}

#[test]
fn a_material_plan_is_run_and_asked_and_equals_the_folders() -> Result {
    let Some(grpcurl) = place::need("grpcurl")? else {
        return Ok(());
    };
    let folder = tempdir()?;
    let suite = suite_with_su7(folder.path(), Setup::default())?;
    let terminal = Terminal {
        grpcurl,
        suite: &suite,
    };
    let method = |name: &str| format!("{PLANNING}/{name}");
    let ask = |body: &Value, name: &str| terminal.call(Service::Production, body, &method(name));
    let words = ["NO_MATERIAL_PLAN", "RunMaterialPlan"];
    let code = tonic::Code::FailedPrecondition;
    terminal.fails(
        Service::Production,
        &json!({}),
        &method("GetMaterialPlan"),
        code,
        &words,
    )?;

    let run_it = json!({"request_id": id(700), "as_of": day(2023, 12, 17)});
    let done = ask(&run_it, "RunMaterialPlan")?;
    let plan = done.get("plan").cloned().unwrap_or_default();
    ensure(
        plan.get("planId").and_then(Value::as_str) == Some("su7-m-20231217")
            && plan.get("resultStatus").and_then(Value::as_str) == Some("RESULT_STATUS_COMPLETE"),
        || done.to_string(),
    )?;
    let mut command = takt(&["plan", "su7", "--vehicles", "1000", "--output", "json"])?;
    let told: Value = serde_json::from_str(&run(&mut command, SHORT)?.ok()?.stdout)?;
    let items = told
        .get("items")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let of_folder = |id: &str| {
        let found = items
            .iter()
            .find(|item| item.get("item").and_then(Value::as_str) == Some(id));
        found
            .cloned()
            .ok_or_else(|| Failure::new(format!("takt plan tells nothing of {id}")))
    };
    let mut orders = 0;
    for item in &items {
        orders += number(item, "orders")?;
    }
    ensure(number(&plan, "orderCount")? == orders, || {
        format!("{orders} orders of the folder, {plan}")
    })?;
    for item in ["SU7", "BAT-S", "BS-01", "AD-02", "WH-01"] {
        let answer = ask(&json!({"item_ids": [item]}), "StreamPlannedOrders")?;
        let items = answer.get("items").and_then(Value::as_array);
        let served = items
            .and_then(|items| items.first())
            .cloned()
            .unwrap_or_default();
        let offline = of_folder(item)?;
        for (wire, told) in [
            ("grossThousandths", "gross"),
            ("netThousandths", "net"),
            ("plannedThousandths", "planned_quantity"),
        ] {
            let units = offline
                .get(told)
                .and_then(Value::as_f64)
                .unwrap_or_default();
            ensure(
                number(&served, wire)? == (units * 1000.0).round() as i64,
                || format!("{item}: {served} and {offline}"),
            )?;
        }
        ensure(
            number(&served, "orderCount")? == number(&offline, "orders")?,
            || format!("{item}: {served} and {offline}"),
        )?;
    }
    let peg = json!({"demand_id": "FORECAST MAX 2024-03-29", "bought_only": true});
    let pegged = ask(&peg, "PegDown")?;
    ensure(pegged.to_string().contains("AD-02"), || pegged.to_string())?;
    let explained = ask(
        &json!({"demand_id": "FORECAST MAX 2024-03-29"}),
        "ExplainLate",
    )?;
    ensure(explained.get("late").is_none(), || explained.to_string())?;
    let change =
        json!({"demand": {"demand_id": "FORECAST MAX 2024-03-29", "thousandths": 900_000}});
    let replanned = ask(&change, "Replan")?;
    ensure(number(&replanned, "visitedCount")? > 10, || {
        replanned.to_string()
    })?;
    let words = ["DEMAND_NOT_PLANNED", "SO-9999999"];
    let body = json!({"demand_id": "SO-9999999"});
    terminal.fails(Service::Production, &body, &method("PegDown"), code, &words)?;
    Ok(())
}
