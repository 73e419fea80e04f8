//! The yard, lanes and loads as callers see them, and many callers at once.

use futures_util::future::join_all;
use takt_contract::{
    date_pb,
    delivery::v1::{
        self as pb, allocation_service_client::AllocationServiceClient,
        lane_service_client::LaneServiceClient,
    },
};
use takt_kernel::Date;
use tonic::{Status, transport::Channel};

use super::{
    service::{Service, chunk, order, production, vin},
    transport::{built, cancel, event, held, id, released, report, tell},
};
use crate::programme::sample::date;

fn yard(service: &Service) -> AllocationServiceClient<Channel> {
    AllocationServiceClient::new(service.channel.clone())
}

fn swapped(name: &str, one: &str, other: &str, on: Date) -> pb::SwapVehiclesRequest {
    pb::SwapVehiclesRequest {
        request_id: id(name),
        order_id: one.into(),
        other_order_id: other.into(),
        swapped_on: Some(date_pb(on)),
    }
}

fn allocated(name: &str, serial: u32, order: &str, on: Date) -> pb::AllocateVehicleRequest {
    pb::AllocateVehicleRequest {
        request_id: id(name),
        vin: vin(serial),
        order_id: order.into(),
        allocated_on: Some(date_pb(on)),
    }
}

async fn listed(service: &Service, stock: bool) -> Vec<pb::YardVehicle> {
    let mut message = pb::ListYardVehiclesRequest {
        page_size: 2,
        as_of: Some(date_pb(date("2024-04-04"))),
        stock_only: stock,
        ..pb::ListYardVehiclesRequest::default()
    };
    let mut all = Vec::new();
    loop {
        let page = yard(service).list_yard_vehicles(message.clone()).await;
        let page = page.unwrap().into_inner();
        all.extend(page.vehicles);
        message.page_token = page.next_page_token;
        if message.page_token.is_empty() {
            return all;
        }
    }
}

/// The reason of a refusal, as it stands in the details.
fn reason<T: std::fmt::Debug>(refused: Result<T, Status>) -> &'static str {
    let status = refused.unwrap_err();
    let told = String::from_utf8_lossy(status.details());
    let known = [
        "VEHICLE_HAS_ORDER",
        "CONFIGURATION_DIFFERS",
        "VEHICLE_KEPT_BACK",
        "ORDER_NOT_WAITING",
        "ORDER_WITHOUT_VEHICLE",
        "VEHICLE_NOT_IN_YARD",
        "NO_TRANSPORT_TERMS",
    ];
    let found = known.into_iter().find(|reason| told.contains(reason));
    found.unwrap_or("another reason")
}

fn to(city: &str, id: &str) -> pb::NewOrder {
    pb::NewOrder {
        city: city.into(),
        ..order(id)
    }
}

#[tokio::test]
async fn vehicles_are_given_from_stock_and_exchanged() {
    let service = Service::imported(production()).await;
    let mut orders = ["A", "B", "S", "X"].map(order).to_vec();
    orders.push(to("Shanghai", "C"));
    let mut other = order("O");
    other.options.insert("COLOR".into(), "GREY".into());
    orders.push(other);
    service.intake(vec![chunk("1", orders)]).await.unwrap();
    service.settle().await;
    let on = date("2024-03-30");
    let facts = vec![
        built(1, "A", on, true),
        built(2, "B", on.plus(3), true),
        built(3, "C", on, true),
        built(4, "O", on, true),
        built(5, "", on, true),
    ];
    tell(&service, facts).await;
    cancel(&service, "X").await;
    // The stray vehicle would go to S, which waits; held, it stays with it, so S is cancelled last.
    cancel(&service, "S").await;
    tell(
        &service,
        vec![built(6, "X", on, true), built(7, "S", on, false)],
    )
    .await;
    let stock: Vec<_> = listed(&service, true).await;
    let told: Vec<_> = stock
        .iter()
        .map(|one| (one.vin.clone(), one.place(), one.dwell_days))
        .collect();
    let place = pb::YardPlace::Stock;
    assert_eq!(
        told,
        [
            (vin(5), place, 5),
            (vin(6), place, 5),
            (vin(7), pb::YardPlace::Held, 5)
        ]
    );
    assert_eq!(
        (stock[0].variant_id.as_str(), stock[1].variant_id.as_str()),
        ("", "MAX")
    );
    assert_eq!(listed(&service, false).await.len(), 7);
    // What is not to be given, and why.
    service
        .intake(vec![chunk("2", vec![order("N")])])
        .await
        .unwrap();
    let today = date("2024-04-04");
    for (serial, order, expected) in [
        (1, "N", "VEHICLE_HAS_ORDER"),
        (5, "N", "CONFIGURATION_DIFFERS"),
        (7, "N", "VEHICLE_KEPT_BACK"),
        (6, "A", "ORDER_NOT_WAITING"),
        (6, "X", "ORDER_NOT_WAITING"),
    ] {
        let name = format!("no {serial} {order}");
        let refused = yard(&service)
            .allocate_vehicle(allocated(&name, serial, order, today))
            .await;
        assert_eq!(reason(refused), expected, "{name}");
    }
    for _ in 0..2 {
        let given = yard(&service)
            .allocate_vehicle(allocated("give", 6, "N", today))
            .await;
        let given = given.unwrap().into_inner().vehicle.unwrap();
        assert_eq!(given.shipment_id, "OUT-XIAN-ROAD.20240404");
    }
    let order_n = service.get("N").await;
    let last = order_n.timeline.last().unwrap();
    assert_eq!(last.event, "ALLOCATED_FROM_STOCK");
    // A and B are of one lane: the vehicles keep their loads. The same request twice is one exchange.
    for _ in 0..2 {
        let done = yard(&service)
            .swap_vehicles(swapped("ab", "A", "B", on))
            .await;
        let done = done.unwrap().into_inner();
        let (mine, theirs) = (done.vehicle.unwrap(), done.other_vehicle.unwrap());
        assert_eq!(
            (mine.vin, mine.shipment_id.as_str()),
            (vin(2), "OUT-XIAN-ROAD.20240402")
        );
        assert_eq!((theirs.vin, theirs.order_id.as_str()), (vin(1), "B"));
    }
    // A and C are not: each vehicle goes to the lane of its new order.
    let done = yard(&service)
        .swap_vehicles(swapped("ac", "A", "C", on))
        .await;
    let mine = done.unwrap().into_inner().vehicle.unwrap();
    assert_eq!(
        (mine.vin, mine.shipment_id.as_str()),
        (vin(3), "OUT-XIAN-ROAD.20240330")
    );
    let refused = yard(&service)
        .swap_vehicles(swapped("ao", "A", "O", on))
        .await;
    assert_eq!(reason(refused), "CONFIGURATION_DIFFERS");
    let refused = yard(&service)
        .swap_vehicles(swapped("ax", "A", "X", on))
        .await;
    assert_eq!(reason(refused), "ORDER_WITHOUT_VEHICLE");
    let gone = event(pb::TransportEventKind::Departed, on);
    assert_eq!(report(&service, "gone", vec![gone]).await.changed_count, 1);
    let refused = yard(&service)
        .swap_vehicles(swapped("late", "A", "N", on))
        .await;
    assert_eq!(reason(refused), "VEHICLE_NOT_IN_YARD");
    service.settle().await;
    assert_eq!(service.broken().await, [""; 0]);
    service.stop().await;
}

async fn proposals(service: &Service, as_of: Date) -> Vec<pb::SwapProposal> {
    let message = pb::StreamSwapProposalsRequest {
        as_of: Some(date_pb(as_of)),
    };
    let stream = yard(service).stream_swap_proposals(message).await;
    let mut stream = stream.unwrap().into_inner();
    let mut all = Vec::new();
    while let Some(page) = stream.message().await.unwrap() {
        all.extend(page.proposals);
    }
    all
}

/// Two vehicles a day: the first orders are promised the first handover date, those of a month later have time.
#[tokio::test]
async fn a_proposal_that_is_done_makes_a_late_promise_on_time() {
    let service = Service::imported(production()).await;
    let orders = (1..=40).map(|n| order(&format!("P{n}"))).collect();
    service.intake(vec![chunk("1", orders)]).await.unwrap();
    service.settle().await;
    let (early, late) = (date("2024-03-30"), date("2024-04-06"));
    tell(
        &service,
        vec![built(1, "P1", late, true), built(40, "P40", early, true)],
    )
    .await;
    let found = proposals(&service, early).await;
    assert_eq!(found.len(), 1, "{found:?}");
    let one = &found[0];
    assert_eq!(
        (one.order_id.as_str(), one.other_order_id.as_str()),
        ("P1", "P40")
    );
    assert_eq!(one.arrives_before_on, Some(date_pb(date("2024-04-09"))));
    assert_eq!(one.arrives_after_on, Some(date_pb(date("2024-04-02"))));
    let health = |order: pb::GetOrderResponse| order.order.unwrap().promise_health();
    assert_ne!(health(service.get("P1").await), pb::PromiseHealth::OnTime);
    let swap = swapped("do", &one.order_id, &one.other_order_id, early);
    yard(&service).swap_vehicles(swap).await.unwrap();
    assert_eq!(health(service.get("P1").await), pb::PromiseHealth::OnTime);
    assert_eq!(health(service.get("P40").await), pb::PromiseHealth::OnTime);
    assert_eq!(proposals(&service, early).await, []);
    assert_eq!(service.broken().await, [""; 0]);
    service.stop().await;
}

#[tokio::test]
async fn lanes_tell_their_history_and_loads_wait_to_fill() {
    let service = Service::imported(production()).await;
    let orders = (1..=5).map(|n| order(&format!("L{n}"))).collect();
    service.intake(vec![chunk("1", orders)]).await.unwrap();
    service.settle().await;
    let on = date("2024-03-30");
    let facts = (1..=5).map(|n: u32| built(n, &format!("L{n}"), on.plus(i32::from(n > 1)), true));
    tell(&service, facts.collect()).await;
    let mut lanes = LaneServiceClient::new(service.channel.clone());
    let plans = pb::StreamLoadPlansRequest {
        as_of: Some(date_pb(on)),
        lane_id: String::new(),
    };
    let refused = lanes.stream_load_plans(plans.clone()).await;
    assert_eq!(reason(refused.map(|_| ())), "NO_TRANSPORT_TERMS");
    let terms = pb::SetTransportTermsRequest {
        request_id: id("terms"),
        terms: vec![pb::TransportTerms {
            mode: "road".into(),
            vehicles_per_load: 5,
            co2e_grams_per_tonne_km: 90,
            vehicle_mass_kg: 2_000,
            empty_places_count: true,
        }],
    };
    lanes.set_transport_terms(terms.clone()).await.unwrap();
    let stand = lanes
        .get_transport_terms(pb::GetTransportTermsRequest {})
        .await;
    assert_eq!(stand.unwrap().into_inner().terms, terms.terms);
    let mut stream = lanes.stream_load_plans(plans).await.unwrap().into_inner();
    let plan = stream.message().await.unwrap().unwrap().plan.unwrap();
    // All are promised the first handover date, which leaves a day to wait: one carrier instead of two.
    assert_eq!(
        (
            plan.loads_without_waiting,
            plan.loads.len(),
            plan.vehicle_count
        ),
        (2, 1, 5)
    );
    assert_eq!(plan.loads[0].waiting_days, 1);
    let minor = plan.cost_per_vehicle.map(|cost| cost.minor_units);
    assert_eq!(
        (minor, plan.co2e_grams_per_vehicle),
        (Some(10_000), 180_000)
    );
    let events = [
        event(pb::TransportEventKind::Departed, on),
        event(pb::TransportEventKind::Arrived, on.plus(5)),
    ];
    report(&service, "moved", events.to_vec()).await;
    let mut told = Vec::new();
    let mut message = pb::ListLanesRequest {
        page_size: 2,
        page_token: String::new(),
    };
    loop {
        let page = lanes
            .list_lanes(message.clone())
            .await
            .unwrap()
            .into_inner();
        told.extend(page.lanes);
        message.page_token = page.next_page_token;
        if message.page_token.is_empty() {
            break;
        }
    }
    assert_eq!(told.len(), 3);
    let xian = told.iter().find(|lane| lane.city == "Xi'an").unwrap();
    assert_eq!(
        (
            xian.arrived_count,
            xian.mean_millidays,
            xian.on_time_millionths
        ),
        (1, 5_000, 0)
    );
    // One load that took 5 days among nine that are counted as the published 3.
    assert_eq!((xian.p50_days, xian.p90_days), (3, 3));
    assert_eq!(xian.co2e_grams_per_vehicle, Some(180_000));
    assert_eq!(service.broken().await, [""; 0]);
    service.stop().await;
}

/// A number from 0 to below `most`, from a state that is carried on.
fn drawn(state: &mut u64, most: u64) -> u64 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % most
}

/// Swaps, allocations, holds, releases, departures, damages and losses from eight sides: whatever wins, no order has two vehicles, none
/// two orders, and no vehicle stands on two loads.
#[tokio::test]
async fn many_at_once_leave_one_vehicle_to_an_order() {
    let service = Service::imported(production()).await;
    let mut orders: Vec<_> = (0..24)
        .map(|n| to(["Xi'an", "Shanghai"][n % 2], &format!("M{n}")))
        .collect();
    orders.extend((0..6).map(|n| order(&format!("Z{n}"))));
    service.intake(vec![chunk("1", orders)]).await.unwrap();
    service.settle().await;
    let on = date("2024-03-30");
    let own = (0..18).map(|n: u32| {
        built(
            n + 1,
            &format!("M{n}"),
            on.plus(i32::try_from(n % 3).unwrap()),
            true,
        )
    });
    tell(&service, own.collect()).await;
    // Six more are built for orders that have theirs, while nobody waits any more: they stand for nobody.
    for n in 0..6 {
        cancel(&service, &format!("Z{n}")).await;
    }
    let waiting: Vec<_> = (18..24).map(|n| format!("M{n}")).collect();
    for id in &waiting {
        cancel(&service, id).await;
    }
    let stray = (0..6).map(|n: u32| built(n + 101, &format!("Z{n}"), on, true));
    tell(&service, stray.collect()).await;
    let late = (0..6).map(|n| order(&format!("W{n}"))).collect();
    service.intake(vec![chunk("2", late)]).await.unwrap();
    assert_eq!(listed(&service, true).await.len(), 6);
    let side = |side: u64| {
        let service = &service;
        async move {
            let mut state = side + 1;
            for turn in 0..12 {
                let name = format!("{side} {turn}");
                let (a, b) = (drawn(&mut state, 18), drawn(&mut state, 18));
                let one = if drawn(&mut state, 4) == 0 {
                    format!("W{}", a % 6)
                } else {
                    format!("M{a}")
                };
                match drawn(&mut state, 8) {
                    0..=3 => {
                        let other = format!("M{b}");
                        let _ = yard(service)
                            .swap_vehicles(swapped(&name, &one, &other, on))
                            .await;
                    }
                    4 | 5 => {
                        let serial = u32::try_from(101 + b % 6).unwrap();
                        let order = format!("W{}", a % 6);
                        let _ = yard(service)
                            .allocate_vehicle(allocated(&name, serial, &order, on))
                            .await;
                    }
                    6 => {
                        let gone = event(pb::TransportEventKind::Departed, on.plus(3));
                        let lost = pb::TransportEvent {
                            vin: vin(u32::try_from(a + 1).unwrap()),
                            description: "gone".into(),
                            ..event(pb::TransportEventKind::Lost, on.plus(3))
                        };
                        report(service, &name, vec![gone, lost]).await;
                    }
                    _ => {
                        // Each side keeps to vehicles of its own, whose facts follow each other.
                        let serial = u32::try_from(side * 2 + 1).unwrap();
                        let sequence = i64::from(turn) * 2 + 2;
                        let position = i64::try_from(side * 1_000).unwrap() + sequence + 1_000;
                        let facts = vec![
                            held(serial, sequence, position, on),
                            released(serial, sequence + 1, position + 1, on.plus(1)),
                        ];
                        tell(service, facts).await;
                    }
                }
            }
        }
    };
    join_all((0..8).map(side)).await;
    service.settle().await;
    assert_eq!(service.broken().await, [""; 0]);
    let mut vins: Vec<String> = listed(&service, false)
        .await
        .into_iter()
        .map(|one| one.vin)
        .collect();
    let known = vins.len();
    vins.sort_unstable();
    vins.dedup();
    assert_eq!(vins.len(), known);
    service.stop().await;
}
