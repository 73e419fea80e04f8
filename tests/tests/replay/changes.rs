//! Engineering changes in a whole replay: the second source of BS-01 from a date, and a part that another one replaces when
//! it has run out. What the services tell of the break point is held against every vehicle's own record.
//!
//! It must not know how a change is kept.

use std::{collections::BTreeMap, path::Path, time::Duration};

use takt_contract::{
    procurement::v1::{
        LedgerKind, StreamItemTotalsRequest, StreamLedgerRequest,
        material_service_client::MaterialServiceClient,
    },
    production::v1::{
        BreakPointVehicle, ChangeState, GetBreakPointRequest, GetBreakPointResponse,
        ListVehiclesRequest, TraceBackwardRequest, TraceScope, Vehicle,
        engineering_change_service_client::EngineeringChangeServiceClient,
        vehicle_service_client::VehicleServiceClient,
    },
};
use takt_tests::{
    Failure, Result, ensure, place,
    process::run,
    replay::{Replay, takt},
    suite::{Service, Suite},
};
use tempfile::tempdir;
use tonic::transport::{Channel, Endpoint};

use crate::VEHICLES;

/// Two pieces a car of STD and PRO, in lots that last for days of a small run.
const RUN_OUT: &str = "
change_id: EC-RUN-OUT
title: a revised part, after the old one is used up
effectivity: {kind: RUN_OUT, date: 2024-06-10}
interchangeability: NEW_FOR_OLD
released_on: 2024-03-01
approved_by: a test
items:
- {old: CF-07, new: CF-07-B, quantity: 1}
new_items:
- {item_id: CF-07-B, like: CF-07}
ppap:
- {item: CF-07-B, supplier: BWI, level: 3, status: APPROVED, valid_from: 2024-01-01}
";

/// A vehicle with its lots of the affected items, in the order of build.
struct Built {
    vehicle: Vehicle,
    /// Item and supplier of each lot.
    lots: Vec<(String, String)>,
}

impl Built {
    fn has(&self, item: &str) -> bool {
        self.lots.iter().any(|(of, _)| of == item)
    }

    fn built_on(&self) -> (i32, i32, i32) {
        let date = self.vehicle.built_on.as_ref();
        date.map(|date| (date.year, date.month, date.day))
            .unwrap_or_default()
    }
}

fn channel(suite: &Suite, service: Service) -> Result<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{}", suite.address(service)))?;
    Ok(endpoint.timeout(Duration::from_secs(60)).connect_lazy())
}

/// Every vehicle with the lots of some items.
async fn built(suite: &Suite, items: &[&str]) -> Result<Vec<Built>> {
    let mut client = VehicleServiceClient::new(channel(suite, Service::Production)?);
    let (mut all, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListVehiclesRequest {
            page_size: 1000,
            page_token,
        };
        let page = client.list_vehicles(request).await?.into_inner();
        for vehicle in page.vehicles {
            // As it was built: workshops put other parts in later.
            let scope = TraceScope {
                as_of: vehicle.built_on,
                ..TraceScope::default()
            };
            let request = TraceBackwardRequest {
                vin: vehicle.vin.clone(),
                scope: Some(scope),
                ..TraceBackwardRequest::default()
            };
            let mut stream = client.trace_backward(request).await?.into_inner();
            let mut lots = Vec::new();
            while let Some(page) = stream.message().await? {
                for part in page
                    .parts
                    .into_iter()
                    .filter(|part| items.contains(&&*part.item_id))
                {
                    let supplier = part.lot_id.split('.').nth(1).unwrap_or_default().to_owned();
                    lots.push((part.item_id, supplier));
                }
            }
            all.push(Built { vehicle, lots });
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            all.sort_by_key(|built| built.vehicle.build_number);
            return Ok(all);
        }
    }
}

async fn break_point(suite: &Suite, change_id: &str) -> Result<GetBreakPointResponse> {
    let mut client = EngineeringChangeServiceClient::new(channel(suite, Service::Production)?);
    let request = GetBreakPointRequest {
        change_id: change_id.to_owned(),
    };
    Ok(client.get_break_point(request).await?.into_inner())
}

/// The lots received of an item by supplier.
async fn received(suite: &Suite, item: &str) -> Result<BTreeMap<String, i64>> {
    let mut client = MaterialServiceClient::new(channel(suite, Service::Procurement)?);
    let request = StreamLedgerRequest {
        item_id: item.to_owned(),
        ..StreamLedgerRequest::default()
    };
    let mut stream = client.stream_ledger(request).await?.into_inner();
    let mut lots = BTreeMap::new();
    while let Some(page) = stream.message().await? {
        for entry in page
            .entries
            .iter()
            .filter(|entry| entry.kind() == LedgerKind::Receipt)
        {
            let supplier = entry.lot_id.split('.').nth(1).unwrap_or_default();
            *lots.entry(supplier.to_owned()).or_default() += 1;
        }
    }
    Ok(lots)
}

/// What is left of an item at the end, in thousandths.
async fn on_hand(suite: &Suite, item: &str) -> Result<i64> {
    let mut client = MaterialServiceClient::new(channel(suite, Service::Procurement)?);
    let mut stream = client
        .stream_item_totals(StreamItemTotalsRequest {})
        .await?
        .into_inner();
    while let Some(page) = stream.message().await? {
        if let Some(total) = page.totals.iter().find(|total| total.item_id == item) {
            return Ok(total.stock_thousandths);
        }
    }
    Err(Failure::new(format!("nothing is told of {item}")))
}

/// The break point, and that no vehicle before it has the new part and no later one the old.
async fn held(
    suite: &Suite,
    change_id: &str,
    old: &str,
    new: &str,
) -> Result<(GetBreakPointResponse, Vec<Built>)> {
    let vehicles = built(suite, &[old, new]).await?;
    let found = break_point(suite, change_id).await?;
    let change = found.change.clone().unwrap_or_default();
    ensure(change.state() == ChangeState::Effective, || {
        format!("{change:?}")
    })?;
    for built in &vehicles {
        let after = built.vehicle.build_number >= change.first_build_number;
        let (wanted, other) = if after { (new, old) } else { (old, new) };
        ensure(!built.has(other), || {
            format!("{} has {other} and should have {wanted}", built.vehicle.vin)
        })?;
    }
    let last_old = vehicles.iter().rev().find(|built| built.has(old));
    let first_new = vehicles.iter().find(|built| built.has(new));
    let told = [&found.last_old, &found.first_new];
    for (told, by_hand) in told.into_iter().zip([last_old, first_new]) {
        let told = told.as_ref().map(|vehicle| vehicle.vin.as_str());
        let by_hand = by_hand.map(|built| built.vehicle.vin.as_str());
        ensure(told == by_hand && told.is_some(), || {
            format!("{told:?} is {by_hand:?} by hand")
        })?;
    }
    let count = |item: &str| vehicles.iter().filter(|built| built.has(item)).count() as i64;
    ensure(
        (found.old_vehicle_count, found.new_vehicle_count) == (count(old), count(new)),
        || format!("{found:?}"),
    )?;
    let checked = run(
        takt(&["check", "--endpoints", &suite.endpoints()])?.args(["--output", "json"]),
        Duration::from_secs(120),
    )?;
    checked.ok()?;
    Ok((found, vehicles))
}

fn played(suite: &Suite, data: &Path, change: &Path, more: &[&str]) -> Result {
    let change = change.display().to_string();
    let arguments = ["--endpoints", &suite.endpoints(), "--change", &change];
    let replay = Replay::su7(data)
        .vehicles(VEHICLES)
        .with(&arguments)
        .with(more);
    let report = replay.report()?;
    ensure(report.number("/produced/total")? == VEHICLES, || {
        format!("{:?} were produced", report.at("/produced/total"))
    })
}

#[test]
fn from_its_day_on_a_second_supplier_delivers_beside_the_first() -> Result {
    let (databases, data) = (tempdir()?, tempdir()?);
    let suite = Suite::start(databases.path())?;
    let change = place::root().join("crates/takt/changes/catl-cells.yaml");
    played(&suite, data.path(), &change, &[])?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let (found, vehicles) = held(&suite, "EC-CATL", "BS-01", "BS-01-B").await?;
        let begins = (2024, 6, 1);
        let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
        for built in &vehicles {
            let counts = if built.built_on() < begins {
                &mut before
            } else {
                &mut after
            };
            for lot in &built.lots {
                *counts.entry(lot.clone()).or_insert(0) += 1;
            }
        }
        let lot = |item: &str, supplier: &str| (item.to_owned(), supplier.to_owned());
        ensure(before.keys().eq([&lot("BS-01", "FDB")]), || {
            format!("before: {before:?}")
        })?;
        let both = [lot("BS-01-B", "CATL"), lot("BS-01-B", "FDB")];
        ensure(after.keys().eq(&both), || format!("after: {after:?}"))?;
        ensure(
            found.first_new.as_ref().is_some_and(|vehicle| {
                vehicle
                    .built_on
                    .as_ref()
                    .is_some_and(|on| (on.year, on.month, on.day) >= begins)
            }),
            || format!("{found:?}"),
        )?;
        // The figures of docs/engineering-change.md.
        let number = |vehicle: &Option<_>| {
            vehicle
                .as_ref()
                .map(|at: &BreakPointVehicle| at.build_number)
        };
        let told = (found.old_vehicle_count, found.new_vehicle_count);
        ensure(told == (59, 221), || format!("{told:?} vehicles"))?;
        let told = (number(&found.last_old), number(&found.first_new));
        ensure(told == (Some(187), Some(192)), || format!("{told:?}"))?;
        // Each lot goes to the supplier furthest below its share, so the shares never drift by a lot.
        let lots = received(&suite, "BS-01-B").await?;
        let (catl, all) = (lots["CATL"], lots.values().sum::<i64>());
        ensure((catl * 100 - all * 35).abs() <= 100, || format!("{lots:?}"))?;
        ensure(received(&suite, "BS-01").await?.keys().eq(["FDB"]), || {
            "BS-01".to_owned()
        })
    })
}

#[test]
fn the_old_part_is_used_up_before_the_new_one_begins() -> Result {
    let (databases, data) = (tempdir()?, tempdir()?);
    let suite = Suite::start(databases.path())?;
    let change = data.path().join("run-out.yaml");
    std::fs::write(&change, RUN_OUT)?;
    played(
        &suite,
        &data.path().join("run"),
        &change,
        &["--lots", "as-is"],
    )?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let (found, _) = held(&suite, "EC-RUN-OUT", "CF-07", "CF-07-B").await?;
        let left = on_hand(&suite, "CF-07").await?;
        ensure(left < 2000, || {
            format!("{left} thousandths of CF-07 would do for one more car")
        })?;
        ensure(
            found.new_may_replace_old && !found.old_may_replace_new,
            || format!("{found:?}"),
        )
    })
}
