//! Days of the line over the wire: as they should go, broken off, and out of order.

use takt_contract::events::v1::{VehicleDispatched, VehicleHandedOver};
use takt_service::error::reason_of;

use super::*;

/// Eight orders: two variants, both wheels, and a founder who came late.
const ORDERS: [(i64, &str, &str, bool); 8] = [
    (1, "STD", "W19", false),
    (2, "MAX", "W20", false),
    (3, "STD", "W20", false),
    (4, "MAX", "W20", false),
    (5, "STD", "W19", false),
    (6, "MAX", "W19", false),
    (7, "MAX", "W20", true),
    (8, "STD", "W19", false),
];

fn orders_of(vehicles: &[pb::Vehicle]) -> Vec<&str> {
    vehicles
        .iter()
        .map(|vehicle| vehicle.order_id.as_str())
        .collect()
}

#[tokio::test]
async fn a_day_builds_once_and_tells_each_vehicle() {
    let mut service = Service::imported().await;
    service.lock(&ORDERS).await;
    service.stock();
    let answer = service.run_day(a_day(1)).await.unwrap();
    assert_eq!(
        (
            answer.wanted_count,
            answer.capacity,
            answer.cumulative_built_count
        ),
        (4, 8, 4)
    );
    assert_eq!(
        (answer.first_build_number, answer.last_build_number),
        (1, 4)
    );
    assert_eq!(
        answer
            .built
            .iter()
            .map(|built| built.vehicle_count)
            .collect::<Vec<_>>(),
        [2, 2]
    );
    assert_eq!(
        service.run_day(a_day(1)).await.unwrap(),
        answer,
        "the same request has the same answer"
    );
    let vehicles = service.vehicles().await;
    // The founder goes first within MAX, the oldest within STD.
    assert_eq!(orders_of(&vehicles), ["SO-1", "SO-7", "SO-3", "SO-2"]);
    assert_eq!(
        vehicles[1].options.get("EDITION").map(String::as_str),
        Some("FOUNDERS")
    );
    assert!(
        vehicles
            .iter()
            .zip(1..)
            .all(|(vehicle, n)| vehicle.vin.ends_with(&format!("{n:06}")) && vehicle.state == 3)
    );
    service.settle().await;
    let told = service.procurement.with(|state| state.told.clone());
    let built: Vec<_> = told
        .iter()
        .filter_map(|fact| match fact.body.as_ref()?.kind.as_ref()? {
            Kind::VehicleBuilt(body) => {
                Some((fact.subject.clone(), fact.traceparent.clone(), body.clone()))
            }
            _ => None,
        })
        .collect();
    // Procurement and delivery are the same listener here, so each fact comes twice.
    assert_eq!(built.len(), 8);
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    assert!(built.iter().all(|(vin, traceparent, body)| *vin == body.vin
        && traceparent == trace
        && body.reservation_vehicle_count == 4));
    assert_eq!(service.procurement.with(|state| state.asked.len()), 1);
    let mut floor = ShopFloorServiceClient::new(service.channel.clone());
    let work = pb::GetWorkInProgressRequest {
        date: Some(date_pb(day(1))),
        second_of_day: 9_900,
    };
    let work = floor.get_work_in_progress(work).await.unwrap().into_inner();
    assert_eq!(
        work.shops
            .iter()
            .map(|shop| (shop.shop_id.as_str(), shop.vehicle_count))
            .collect::<Vec<_>>(),
        [("BW", 0), ("PT", 0), ("BT", 0), ("FA", 1)]
    );
    let seen = VehicleServiceClient::new(service.channel.clone())
        .get_vehicle(pb::GetVehicleRequest {
            vin: vehicles[3].vin.clone(),
        })
        .await;
    let seen = seen.unwrap().into_inner();
    assert_eq!(
        seen.shops.last().unwrap().end_second,
        i64::from(day(1).epoch_day()) * 86_400 + 10_000
    );
    assert_eq!(service.broken().await, []);
    service.stop().await;
}

#[tokio::test]
async fn days_are_refused_out_of_order_or_by_others() {
    let mut service = Service::imported().await;
    service.lock(&ORDERS).await;
    service.stock();
    service.run_day(a_day(2)).await.unwrap();
    let reason = |answer: Result<pb::RunDayResponse, Status>| {
        answer.err().and_then(|status| reason_of(&status)).unwrap()
    };
    let other = pb::RunDayRequest {
        request_id: id("other"),
        ..a_day(2)
    };
    assert_eq!(reason(service.run_day(other).await), "DAY_TAKEN");
    assert_eq!(reason(service.run_day(a_day(1)).await), "DAY_PASSED");
    let changed = pb::RunDayRequest {
        shifts: Some(2),
        ..a_day(2)
    };
    assert_eq!(reason(service.run_day(changed).await), "REQUEST_ID_REUSED");
    assert_eq!(
        service.vehicles().await.len(),
        8,
        "two days' vehicles are due on the second"
    );
    service.stop().await;
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_and_nothing_doubles() {
    let mut service = Service::imported().await;
    service.lock(&ORDERS).await;
    service.stock();
    // The reservation is made, and its answer is lost each time until the reconciler or a retry asks again.
    service.procurement.with(|state| state.losses = 1);
    assert!(service.run_day(a_day(1)).await.is_err());
    let answer = service.run_day(a_day(1)).await.unwrap();
    assert_eq!(answer.cumulative_built_count, 4);
    let asked = service.procurement.with(|state| state.asked.clone());
    assert!(
        asked.len() >= 2 && asked.iter().all(|question| question == &asked[0]),
        "a retry asks the same"
    );
    assert_eq!(service.vehicles().await.len(), 4);
    service.settle().await;
    assert_eq!(service.broken().await, []);
    let whole = service.digest().await;

    // The same day without the accident has the same digest.
    let mut smooth = Service::imported().await;
    smooth.lock(&ORDERS).await;
    smooth.stock();
    smooth.run_day(a_day(1)).await.unwrap();
    assert_eq!(smooth.digest().await, whole);
    smooth.stop().await;
    service.stop().await;
}

#[tokio::test]
async fn a_day_broken_off_by_a_restart_is_finished_without_its_caller() {
    let mut service = Service::imported().await;
    service.lock(&ORDERS).await;
    service.stock();
    service.procurement.with(|state| state.losses = 1_000);
    assert!(service.run_day(a_day(1)).await.is_err());
    service.stop().await;
    service.procurement.with(|state| state.losses = 0);
    service.start().await;
    service.settle().await;
    assert_eq!(
        service.vehicles().await.len(),
        4,
        "the reconciler has built the day"
    );
    assert_eq!(
        service
            .run_day(a_day(1))
            .await
            .unwrap()
            .cumulative_built_count,
        4
    );
    assert_eq!(service.broken().await, []);
    service.stop().await;
}

#[tokio::test]
async fn a_day_whose_parts_moved_is_decided_anew() {
    let mut service = Service::imported().await;
    service.lock(&ORDERS).await;
    service.stock();
    service.procurement.with(|state| state.refusals = 2);
    assert_eq!(
        service
            .run_day(a_day(1))
            .await
            .unwrap()
            .cumulative_built_count,
        4
    );
    let mut ids: Vec<String> = service.procurement.with(|state| {
        state
            .asked
            .iter()
            .map(|question| question.request_id.clone())
            .collect()
    });
    ids.dedup();
    assert_eq!(ids.len(), 3, "each decision has a request id of its own");
    service.procurement.with(|state| state.away = true);
    assert!(service.run_day(a_day(2)).await.is_err());
    let unfinished = service.run_day(a_day(3)).await.unwrap_err();
    assert_eq!(reason_of(&unfinished).as_deref(), Some("DAY_UNFINISHED"));
    service.procurement.with(|state| state.away = false);
    assert_eq!(
        service
            .run_day(a_day(2))
            .await
            .unwrap()
            .cumulative_built_count,
        8
    );
    service.stop().await;
}

#[tokio::test]
async fn what_is_missing_stops_only_what_needs_it() {
    let mut service = Service::imported().await;
    service.lock(&ORDERS).await;
    service.stock();
    service.procurement.with(|state| state.lots.remove("AWD"));
    let answer = service.run_day(a_day(1)).await.unwrap();
    assert_eq!((answer.cumulative_built_count, answer.stops.len()), (2, 1));
    let stop = &answer.stops[0];
    assert_eq!(
        (
            stop.variant_id.as_str(),
            stop.item_id.as_str(),
            stop.shop_id.as_str(),
            stop.vehicle_count
        ),
        ("MAX", "AWD", "FA", 2)
    );
    service
        .procurement
        .receive("AWD.DRIVE.000002", 6_010_000_002, 60);
    let next = service.run_day(a_day(2)).await.unwrap();
    assert_eq!((next.wanted_count, next.cumulative_built_count), (6, 8));
    let mut floor = ShopFloorServiceClient::new(service.channel.clone());
    let stream = floor
        .stream_line_stops(pb::StreamLineStopsRequest::default())
        .await
        .unwrap()
        .into_inner();
    let stops: Vec<pb::LineStop> = read(stream)
        .await
        .unwrap()
        .into_iter()
        .flat_map(|page| page.stops)
        .collect();
    assert_eq!(stops, answer.stops);
    // Every order is built: the third day wants vehicles that nobody has ordered.
    let third = service.run_day(a_day(3)).await.unwrap();
    assert_eq!(
        (
            third.first_build_number,
            third.reservation_id.as_str(),
            third.stops.len()
        ),
        (0, "", 2)
    );
    assert!(
        third
            .stops
            .iter()
            .all(|stop| stop.item_id.is_empty() && stop.shop_id == "BW")
    );
    let milestones = RampServiceClient::new(service.channel.clone())
        .list_milestones(pb::ListMilestonesRequest {})
        .await
        .unwrap();
    assert_eq!(
        milestones.into_inner().milestones[0].reached_on,
        Some(date_pb(day(2)))
    );
    let money = RampServiceClient::new(service.channel.clone())
        .get_unit_economics(pb::GetUnitEconomicsRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        money
            .programme_formula
            .unwrap()
            .material
            .unwrap()
            .minor_units,
        2_600
    );
    assert_eq!(
        (
            money.as_built[0].built_vehicle_count,
            money.as_built[0].quarter.as_str()
        ),
        (8, "2024Q1")
    );
    assert_eq!(service.broken().await, []);
    service.stop().await;
}

#[tokio::test]
async fn vehicles_are_held_released_and_followed() {
    let mut service = Service::imported().await;
    service.lock(&ORDERS).await;
    service.stock();
    service
        .run_day(pb::RunDayRequest {
            held_places: vec![1],
            ..a_day(1)
        })
        .await
        .unwrap();
    let cars = service.vehicles().await;
    assert_eq!(
        (
            cars[1].state,
            cars[1].hold_reason.is_empty(),
            cars[1].released_on
        ),
        (2, false, None)
    );
    let mut vehicles = VehicleServiceClient::new(service.channel.clone());
    let release = |vin: &str, etag: &str| pb::ReleaseVehicleRequest {
        request_id: id(&format!("release/{vin}/{etag}")),
        vin: vin.to_owned(),
        released_on: Some(date_pb(day(3))),
        etag: etag.to_owned(),
    };
    let stale = vehicles
        .release_vehicle(release(&cars[1].vin, "\"9\""))
        .await
        .unwrap_err();
    assert_eq!(stale.code(), tonic::Code::Aborted);
    let released = vehicles
        .release_vehicle(release(&cars[1].vin, &cars[1].etag))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        released
            .vehicle
            .as_ref()
            .map(|car| (car.state, car.hold_reason.as_str())),
        Some((3, ""))
    );
    let again = vehicles
        .release_vehicle(release(&cars[1].vin, &cars[1].etag))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(again, released);
    let hold = pb::HoldVehicleRequest {
        request_id: id("hold"),
        vin: cars[2].vin.clone(),
        reason: "seat".into(),
        etag: String::new(),
        held_on: None,
    };
    assert_eq!(
        vehicles
            .hold_vehicle(hold.clone())
            .await
            .unwrap()
            .into_inner()
            .vehicle
            .map(|car| car.state),
        Some(2)
    );
    let nameless = pb::HoldVehicleRequest {
        request_id: id("hold/2"),
        reason: " ".into(),
        vin: "X".into(),
        ..hold
    };
    assert_eq!(
        vehicles.hold_vehicle(nameless).await.unwrap_err().code(),
        tonic::Code::InvalidArgument
    );

    let gone = |vin: &str, n: i32| VehicleDispatched {
        vin: vin.to_owned(),
        dispatched_on: Some(date_pb(day(n))),
        shipment_id: "L1".into(),
    };
    let there = |vin: &str, n: i32| VehicleHandedOver {
        vin: vin.to_owned(),
        order_id: "SO-1".into(),
        handed_over_on: Some(date_pb(day(n))),
    };
    let (first, third) = (cars[0].vin.clone(), cars[2].vin.clone());
    let answer = service
        .tell(vec![
            (first.clone(), Kind::VehicleDispatched(gone(&first, 1))),
            (first.clone(), Kind::VehicleHandedOver(there(&first, 4))),
            (third.clone(), Kind::VehicleDispatched(gone(&third, 2))),
            (
                "LXMSU7A14RB999999".to_owned(),
                Kind::VehicleDispatched(gone("1M8GDM9AXKP042788", 2)),
            ),
        ])
        .await;
    let outcomes: Vec<i32> = answer.results.iter().map(|result| result.outcome).collect();
    assert_eq!(
        outcomes,
        [1, 1, 1, 4],
        "a vehicle that is not ours is parked alone"
    );
    let cars = service.vehicles().await;
    assert_eq!(
        (cars[0].state, cars[0].handed_over_on, cars[2].state),
        (5, Some(date_pb(day(4))), 4)
    );
    let broken: Vec<String> = service
        .broken()
        .await
        .into_iter()
        .map(|(rule, _)| rule)
        .collect();
    assert_eq!(broken, ["FA-3"], "only that a fact is parked");
    service.stop().await;
}
