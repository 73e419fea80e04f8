//! From the line to the city over a plant that builds and loads: what goes wrong on the way, swaps beside departures, lanes and loads by
//! the command; on SQLite and, where there is one, on PostgreSQL.
//!
//! It must not know how anything is decided: it reads answers and the invariants.

use std::{collections::BTreeMap, path::Path};

use serde_json::Value;
use takt_contract::{
    date_of, date_pb,
    delivery::v1::{
        self as pb, allocation_service_client::AllocationServiceClient,
        exception_service_client::ExceptionServiceClient,
        shipment_service_client::ShipmentServiceClient,
    },
    production::v1::{self as production, shop_floor_service_client::ShopFloorServiceClient},
};
use takt_tests::{
    Failure, Result, ensure, postgres::Postgres, process::run, replay::takt, suite::Setup,
};
use tempfile::tempdir;

use crate::{
    SHORT,
    yard::{Played, Yard, all, id, told},
};

/// The last day that the replay plays; the next one is built by the test.
const LAST: &str = "2024-05-20";

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

/// Reports of one load, as one request.
async fn report(
    yard: &Yard,
    name: &str,
    events: Vec<pb::TransportEvent>,
) -> Result<pb::RecordTransportEventsResponse> {
    let message = pb::RecordTransportEventsRequest {
        request_id: id(name),
        events,
    };
    let mut client = ShipmentServiceClient::new(yard.delivery.clone());
    let stream = client
        .record_transport_events(tokio_stream::once(message))
        .await?;
    let answer = all(stream.into_inner()).await?.pop();
    answer.ok_or_else(|| Failure::new("no answer".to_owned()))
}

/// A load on its way is late, one of its vehicles is damaged and one is lost; the damage is written off.
async fn wrong(yard: &Yard) -> Result<String> {
    let message = pb::StreamShipmentsRequest {
        state: pb::ShipmentState::InTransit.into(),
        ..Default::default()
    };
    let mut client = ShipmentServiceClient::new(yard.delivery.clone());
    let pages = all(client.stream_shipments(message).await?.into_inner()).await?;
    let mut loads = pages.into_iter().flat_map(|page| page.shipments);
    let load = loads.find(|load| load.vehicle_count > 3);
    let load = load.ok_or_else(|| Failure::new("no load is on its way".to_owned()))?;
    let (half, most) = (
        date_of(load.eta_p50_on.as_ref()),
        date_of(load.eta_p90_on.as_ref()),
    );
    ensure(half.is_some() && half <= most, || format!("{load:?}"))?;
    let message = pb::GetShipmentRequest {
        shipment_id: load.shipment_id.clone(),
    };
    let vins = client.get_shipment(message).await?.into_inner().vins;
    let event = |kind: pb::TransportEventKind, vin: &str| pb::TransportEvent {
        shipment_id: load.shipment_id.clone(),
        kind: kind.into(),
        date: Some(date_pb(yard.today)),
        description: "an accident".to_owned(),
        vin: vin.to_owned(),
        ..Default::default()
    };
    let delayed = pb::TransportEvent {
        expected_on: Some(date_pb(yard.today.plus(9))),
        ..event(pb::TransportEventKind::Delayed, "")
    };
    let damaged = pb::TransportEvent {
        severity: pb::DamageSeverity::Total.into(),
        ..event(pb::TransportEventKind::Damaged, &vins[0])
    };
    let lost = event(pb::TransportEventKind::Lost, &vins[1]);
    let events = vec![delayed, damaged, lost];
    for _ in 0..2 {
        let answer = report(yard, "accident", events.clone()).await?;
        ensure(
            answer.changed_count == 3 && answer.refused.is_empty(),
            || format!("{answer:?}"),
        )?;
    }
    let known = report(yard, "again", events).await?;
    ensure(known.changed_count == 0, || format!("{known:?}"))?;
    let message = pb::ResolveExceptionRequest {
        request_id: id("write off"),
        exception_id: format!("{}/2", load.shipment_id),
        resolution: pb::ExceptionResolution::WrittenOff.into(),
        resolved_on: Some(date_pb(yard.today.plus(1))),
        ..Default::default()
    };
    let mut client = ExceptionServiceClient::new(yard.delivery.clone());
    let resolved = client.resolve_exception(message).await?.into_inner();
    let resolved = resolved.exception.unwrap_or_default();
    ensure(resolved.resolved_on.is_some(), || format!("{resolved:?}"))?;
    Ok(load.shipment_id)
}

/// The orders that have vehicles in the yard, by what was ordered.
async fn alike(yard: &Yard) -> Result<Vec<Vec<String>>> {
    let mut message = pb::ListYardVehiclesRequest {
        page_size: 500,
        as_of: Some(date_pb(yard.today)),
        ..Default::default()
    };
    let mut by_choice: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut client = AllocationServiceClient::new(yard.delivery.clone());
    loop {
        let page = client
            .list_yard_vehicles(message.clone())
            .await?
            .into_inner();
        for one in page.vehicles {
            let options: BTreeMap<_, _> = one.options.into_iter().collect();
            let choice = format!("{} {options:?}", one.variant_id);
            by_choice.entry(choice).or_default().push(one.order_id);
        }
        message.page_token = page.next_page_token;
        if message.page_token.is_empty() {
            let several = by_choice.into_values().filter(|orders| orders.len() > 1);
            return Ok(several.collect());
        }
    }
}

/// Four callers exchange vehicles while two carriers load: a swap is done or refused, and every vehicle leaves once.
async fn raced(yard: &Yard) -> Result<usize> {
    let alike = alike(yard).await?;
    ensure(!alike.is_empty(), || "no two are alike".to_owned())?;
    let loads: Vec<String> = (yard.planned().await?.into_iter())
        .map(|load| load.shipment_id)
        .collect();
    let exchange = |side: usize| {
        let (yard, alike) = (yard.clone(), &alike);
        async move {
            let mut client = AllocationServiceClient::new(yard.delivery.clone());
            let mut done = 0;
            for (turn, orders) in alike.iter().cycle().take(alike.len().max(12)).enumerate() {
                let at = |step: usize| orders[(turn + side * step) % orders.len()].clone();
                let (one, other) = (at(1), orders[(turn + side + 1) % orders.len()].clone());
                let message = pb::SwapVehiclesRequest {
                    request_id: id(&format!("swap {side} {turn}")),
                    order_id: one,
                    other_order_id: other,
                    swapped_on: Some(date_pb(yard.today)),
                };
                done += usize::from(client.swap_vehicles(message).await.is_ok());
            }
            Ok::<_, Failure>(done)
        }
    };
    let load = |side: usize| {
        let (yard, loads) = (yard.clone(), &loads);
        async move {
            for one in loads.iter().skip(side).step_by(2) {
                yard.depart(one, yard.today).await?;
            }
            Ok::<_, Failure>(())
        }
    };
    let (a, b, c, d, ..) = tokio::try_join!(
        exchange(0),
        exchange(1),
        exchange(2),
        exchange(3),
        load(0),
        load(1)
    )?;
    Ok(a + b + c + d)
}

fn both(databases: &Path, setup: Setup) -> Result {
    let Played {
        suite,
        runtime,
        yard,
    } = Played::through(databases, setup, 40_000, LAST)?;
    let shipment = runtime.block_on(async {
        let day = production::RunDayRequest {
            request_id: id("the day"),
            business_date: Some(date_pb(yard.today)),
            ..Default::default()
        };
        let mut floor = ShopFloorServiceClient::new(yard.production.clone());
        floor.run_day(day).await?;
        yard.settle().await?;
        wrong(&yard).await
    })?;
    let exceptions = told(&suite, &["yard", "exceptions", "--shipment", &shipment])?;
    ensure(list(&exceptions, "exceptions").len() == 3, || {
        exceptions.to_string()
    })?;
    let today = yard.today.to_string();
    let refused = run(
        takt(&["loads", "--as-of", &today])?.args(["--endpoints", &suite.endpoints()]),
        SHORT,
    )?;
    ensure(refused.stderr.contains("no terms of transport"), || {
        refused.stderr.clone()
    })?;
    let lanes = told(&suite, &["lanes", "list"])?;
    let modes = list(&lanes, "lanes")
        .iter()
        .map(|lane| lane["mode"].as_str());
    let modes: std::collections::BTreeSet<&str> = modes.flatten().collect();
    for mode in modes {
        let words = [
            "lanes", "terms", "--mode", mode, "--takes", "8", "--grams", "90", "--mass", "2205",
        ];
        told(&suite, &[words.as_slice(), &["--empty-places"]].concat())?;
    }
    let lanes = told(&suite, &["lanes", "list"])?;
    let ran = |lane: &&Value| lane["arrived_count"].as_i64().unwrap_or(0) > 0;
    ensure(list(&lanes, "lanes").iter().any(|lane| ran(&lane)), || {
        lanes.to_string()
    })?;
    for lane in list(&lanes, "lanes") {
        let priced = lane["cost_per_vehicle"]["minor_units"].as_i64() > Some(0);
        ensure(
            priced && lane["co2e_grams_per_vehicle"].as_i64() > Some(0),
            || lane.to_string(),
        )?;
    }
    let loads = told(&suite, &["loads", "--as-of", &today])?;
    ensure(!list(&loads, "lanes").is_empty(), || loads.to_string())?;
    for lane in list(&loads, "lanes") {
        let count = |key: &str| lane[key].as_i64().unwrap_or(-1);
        ensure(
            count("load_count") <= count("loads_without_waiting"),
            || lane.to_string(),
        )?;
    }
    told(&suite, &["yard", "swaps", "--as-of", &today])?;
    told(&suite, &["yard", "list", "--as-of", &today, "--stock"])?;
    let done = runtime.block_on(raced(&yard))?;
    ensure(done > 0, || "no swap was done".to_owned())?;
    told(&suite, &["check"])?;
    Ok(())
}

#[test]
fn vehicles_come_to_their_cities_whatever_goes_wrong_on_sqlite() -> Result {
    let folder = tempdir()?;
    both(folder.path(), Setup::default())
}

#[test]
fn vehicles_come_to_their_cities_whatever_goes_wrong_on_postgresql() -> Result {
    let Some(postgres) = Postgres::start()? else {
        return Ok(());
    };
    let folder = tempdir()?;
    let setup = Setup {
        database: Some(postgres.databases("transport")?),
        ..Setup::default()
    };
    both(folder.path(), setup)
}
