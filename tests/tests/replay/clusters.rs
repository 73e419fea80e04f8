//! Failure clusters of whole runs: the bad lot of world.csv is found, and the exact world has none.
//!
//! It must not know how the services work inside.

use std::{collections::BTreeSet, process::Command, time::Duration};

use takt_contract::{
    date_pb,
    production::v1::{
        ListVehiclesRequest, PartQuestion, TraceBackwardRequest, TraceForwardRequest,
        TraceLotsRequest, TraceMode, TracePartsRequest, TraceScope,
        vehicle_service_client::VehicleServiceClient,
    },
};
use takt_kernel::Date;
use takt_tests::{
    Failure, Result, ensure, place,
    process::{run, write},
    replay::{Replay, Report, takt},
};
use tempfile::tempdir;
use tonic::transport::Channel;

/// Nothing here takes longer.
const SHORT: Duration = Duration::from_secs(120);
/// A drive unit and a computer with serial numbers, a valve and cells with lots, and what some vehicles have.
const ITEMS: [&str; 5] = ["ED-01", "CK-01", "TH-09", "BS-01", "GL-04"];

/// What is looked up for many vehicles at a time is what is traced for one: the parts of vehicles on a day, and the vehicles of lots.
pub(crate) async fn look_ups_agree(client: &mut VehicleServiceClient<Channel>) -> Result {
    let listed = client
        .list_vehicles(ListVehiclesRequest {
            page_size: 60,
            page_token: String::new(),
        })
        .await?
        .into_inner();
    // Long after everything: the day's beginning and its end are the same.
    let on = Some(date_pb(Date::parse("2025-05-01")?));
    let mut questions = Vec::new();
    for car in &listed.vehicles {
        questions.extend(ITEMS.map(|item| PartQuestion {
            vin: car.vin.clone(),
            item_id: item.to_owned(),
            on,
        }));
    }
    let asked = TracePartsRequest {
        questions: questions.clone(),
    };
    let answers = client.trace_parts(asked).await?.into_inner().answers;
    ensure(answers.len() == questions.len(), || {
        format!("{} answers", answers.len())
    })?;
    let mut some = 0;
    for (question, answer) in questions.iter().zip(answers) {
        let message = TraceBackwardRequest {
            vin: question.vin.clone(),
            item_id: question.item_id.clone(),
            ..TraceBackwardRequest::default()
        };
        let mut stream = client.trace_backward(message).await?.into_inner();
        let mut traced = BTreeSet::new();
        while let Some(page) = stream.message().await? {
            let parts = page.parts.into_iter();
            traced.extend(parts.map(|part| (part.lot_id, part.serial_number)));
        }
        let parts = answer.parts.into_iter();
        let looked_up: BTreeSet<_> = parts
            .map(|part| (part.lot_id, part.serial_number))
            .collect();
        some += looked_up.len();
        ensure(looked_up == traced, || {
            format!("{question:?}: {looked_up:?} and {traced:?}")
        })?;
    }
    ensure(some >= 4 * listed.vehicles.len(), || {
        format!("only {some} parts")
    })?;
    let message = TraceLotsRequest {
        item_ids: ITEMS.map(str::to_owned).into(),
    };
    let mut stream = client.trace_lots(message).await?.into_inner();
    let mut lots = Vec::new();
    while let Some(page) = stream.message().await? {
        lots.extend(page.lots);
    }
    for lot in lots.iter().step_by(lots.len() / 40 + 1) {
        let runs = lot.first_builds.iter().zip(&lot.last_builds);
        let builds: BTreeSet<i64> = runs.flat_map(|(first, last)| *first..=*last).collect();
        let message = TraceForwardRequest {
            lot_id: lot.lot_id.clone(),
            scope: Some(TraceScope {
                mode: TraceMode::Ever.into(),
                ..TraceScope::default()
            }),
            ..TraceForwardRequest::default()
        };
        let mut stream = client.trace_forward(message).await?.into_inner();
        let mut traced = BTreeSet::new();
        while let Some(page) = stream.message().await? {
            traced.extend(page.vehicles.into_iter().map(|car| car.build_number));
        }
        ensure(builds == traced, || {
            format!("{}: {builds:?} and {traced:?}", lot.lot_id)
        })?;
    }
    let unknown = TraceLotsRequest {
        item_ids: vec!["NO-SUCH".to_owned()],
    };
    match client.trace_lots(unknown).await {
        Err(status) if status.code() == tonic::Code::NotFound => Ok(()),
        other => Err(Failure::new(format!("an unknown item: {:?}", other.err()))),
    }
}

/// The clusters of a run, as the command tells them.
fn clusters(place: &std::path::Path, more: &[&str]) -> Result<serde_json::Value> {
    let mut command = takt(&["cases", "clusters", "--output", "json", "--data"])?;
    run(command.arg(place).args(more), SHORT)?.ok()?.json()
}

/// Lots as they are, so that a lot is in more vehicles than one: in the exact world chance explains all that fails.
#[test]
fn the_exact_world_has_no_cluster() -> Result {
    let place = tempdir()?;
    let replay = Replay::su7(place.path())
        .vehicles(1_000)
        .with(&["--lots", "as-is"]);
    let report = replay.report()?;
    let total = report.number("/cases/total")?;
    // 2.1 for each of 1,000 vehicles, give or take three standard deviations.
    ensure((2_070..=2_130).contains(&total), || {
        format!("{total} cases")
    })?;
    ensure(report.number("/cases/significant")? == 0, || {
        format!("{:?}", report.at("/cases/clusters"))
    })?;
    let told = clusters(place.path(), &["--all", "--top", "5"])?;
    let tested = told.get("tested").and_then(serde_json::Value::as_i64);
    ensure(tested.is_some_and(|tested| tested > 100), || {
        told.to_string()
    })
}

/// World.csv says which lot is bad; the services are told of failures alone and name it. So many vehicles bring one lot of the supplier into
/// the week that is bad; of some other sizes none comes in it.
#[test]
fn the_bad_lot_is_named_first() -> Result {
    let place = tempdir()?;
    let replay = Replay::su7(place.path())
        .vehicles(5_300)
        .with(&["--world", "real", "--seed", "7", "--lots", "as-is"]);
    let report = replay.report()?;
    ensure(report.number("/cases/significant")? > 0, || {
        format!("{:?}", report.at("/cases"))
    })?;
    let told = clusters(place.path(), &["--by", "lot"])?;
    let found = told.get("clusters").and_then(serde_json::Value::as_array);
    let found = found.cloned().unwrap_or_default();
    ensure(!found.is_empty(), || told.to_string())?;
    for one in &found {
        let text = |name: &str| one.get(name).and_then(serde_json::Value::as_str);
        let ours = text("item") == Some("TH-09") && text("supplier") == Some("SANHUA");
        ensure(ours, || format!("{told}"))?;
    }
    recalled(place.path(), &report, &found)?;
    let all = clusters(place.path(), &["--all", "--top", "100000"])?;
    another_hand(place.path(), &all)
}

/// Each lot that was named is recalled, with the vehicles that hold it and no others.
fn recalled(run_folder: &std::path::Path, report: &Report, found: &[serde_json::Value]) -> Result {
    let recalls = report
        .at("/recalls")?
        .as_array()
        .cloned()
        .unwrap_or_default();
    for one in found {
        let lot = one["key"].as_str().unwrap_or_default();
        let recall = recalls
            .iter()
            .find(|recall| recall["recall"] == format!("LOT-{}", lot.replace('.', "-")));
        let recall =
            recall.ok_or_else(|| Failure::new(format!("{lot} is not recalled: {recalls:?}")))?;
        let mut command = takt(&["trace", lot, "--output", "json", "--data"])?;
        let traced = run(command.arg(run_folder), SHORT)?.ok()?.json()?;
        let vehicles = traced.get("vehicles").and_then(serde_json::Value::as_array);
        let holders = vehicles.map_or(0, Vec::len);
        ensure(holders > 0 && recall["recalled"] == holders, || {
            format!("{holders} vehicles hold {lot}, and {recall}")
        })?;
    }
    Ok(())
}

/// Scipy judges the same groups alike, and the lots of a part that every vehicle has are counted from the databases.
fn another_hand(run_folder: &std::path::Path, told: &serde_json::Value) -> Result {
    // The Python that has stockpyl has scipy.
    let Some(python) = place::need("stockpyl")? else {
        return Ok(());
    };
    let folder = tempdir()?;
    let file = write(&folder, "clusters.json", &told.to_string())?;
    let mut command = Command::new(python);
    command
        .arg(place::root().join("tests/tests/replay/clusters.py"))
        .arg(file)
        .arg(run_folder)
        .arg("TH-09");
    let checked = run(&mut command, SHORT)?.ok()?;
    ensure(checked.stdout.contains(" passed, 0 failed"), || {
        checked.stdout.clone()
    })
}
