//! Vehicles come, leave, arrive and are handed over.

use std::{collections::BTreeMap, sync::Arc};

use takt_contract::{
    date_pb,
    events::v1::{
        Fact, FactBody, MasterPlanReleased, VehicleBuilt, VehicleHeld, VehicleReleased,
        fact_body::Kind,
    },
};
use takt_kernel::Date;
use takt_service::Error;

use super::{World, order, service::vin};
use crate::{
    handover::{
        Done,
        store::{handovers_save, ready_list, waiting_fetch},
    },
    milestone::store::{curve_fetch, figures_fetch},
    order::{
        OrderState,
        store::{order_cancel, order_fetch},
    },
    programme::sample::date,
    promise::{Promise, PromiseKind, store::promises_add},
    reactions::Told,
    shipment::{
        ShipmentNo, ShipmentState, TransportEvent,
        store::{
            ShipmentFilter, shipments_fetch, shipments_list, shipments_move, vehicles_leaving,
        },
    },
};

fn day() -> Date {
    date("2024-03-28")
}

/// A fact of a kind, with nothing else told.
pub(super) fn fact(kind: Kind) -> Fact {
    Fact {
        body: Some(FactBody { kind: Some(kind) }),
        ..Fact::default()
    }
}

fn built(serial: u32, order: &str, on: Date, released: bool) -> Fact {
    fact(Kind::VehicleBuilt(VehicleBuilt {
        vin: vin(serial),
        build_number: serial.into(),
        order_id: order.into(),
        variant_id: "MAX".into(),
        built_on: Some(date_pb(on)),
        released,
        ..VehicleBuilt::default()
    }))
}

fn released(serial: u32, on: Date) -> Fact {
    fact(Kind::VehicleReleased(VehicleReleased {
        vin: vin(serial),
        order_id: String::new(),
        released_on: Some(date_pb(on)),
    }))
}

fn held(serial: u32) -> Fact {
    fact(Kind::VehicleHeld(VehicleHeld {
        vin: vin(serial),
        reason: "NC-000001: the gun dripped".into(),
        ..VehicleHeld::default()
    }))
}

async fn apply(world: &World, facts: Vec<Fact>) -> Result<(), Error> {
    let facts = Arc::new(facts);
    world
        .write(move |tx, catalogue| {
            let facts = Arc::clone(&facts);
            Box::pin(async move { Told::read(&facts)?.apply(tx, &catalogue).await })
        })
        .await
}

async fn carry(world: &World, number: ShipmentNo, event: TransportEvent) {
    let moved = world.write(move |tx, catalogue| {
        Box::pin(async move {
            let mut load = shipments_fetch(tx, [number])
                .await?
                .remove(&number)
                .ok_or_else(|| Error::missing("shipment", ""))?;
            let before = load.state();
            load.report(
                event,
                catalogue
                    .lane_at(number.lane_no())
                    .ok_or_else(|| Error::missing("lane", ""))?,
            )?;
            shipments_move(tx, &[(before, load)]).await
        })
    });
    moved.await.unwrap();
}

async fn hand_over(world: &World, serial: u32, on: Date) -> Result<(), Error> {
    world
        .write(move |tx, catalogue| {
            Box::pin(async move {
                let vin = vin(serial);
                let mut vehicle = waiting_fetch(tx, [vin.as_str()])
                    .await?
                    .remove(&vin)
                    .ok_or_else(|| Error::missing("vehicle", &vin))?;
                let done = vehicle.hand_over(on, catalogue.programme.first_handover_on)?;
                match (done, vehicle.shipment) {
                    (Done::HandedOver, Some(shipment)) => {
                        handovers_save(tx, &[(vehicle.vehicle_no, on, shipment)]).await
                    }
                    _ => Ok(()),
                }
            })
        })
        .await
}

async fn state(world: &World, id: &'static str) -> OrderState {
    let read = world
        .read(move |tx, catalogue| Box::pin(async move { order_fetch(tx, &catalogue, id).await }));
    read.await.unwrap().state()
}

async fn loads(world: &World) -> Vec<(i64, String, i64, ShipmentState)> {
    let read = world.read(|tx, _| {
        Box::pin(async move { shipments_list(tx, ShipmentFilter::default(), 0, 100).await })
    });
    let told = |load: crate::shipment::Shipment| {
        (
            load.number.lane_no(),
            load.number.planned_on().to_string(),
            load.vehicle_count,
            load.state(),
        )
    };
    read.await.unwrap().into_iter().map(told).collect()
}

#[tokio::test]
async fn a_vehicle_goes_from_the_yard_to_its_customer() {
    let world = World::new().await;
    world
        .lock(vec![
            order("A", "Xi'an", "NORMAL", day()),
            order("B", "Xi'an", "NORMAL", day()),
        ])
        .await;
    let on = date("2024-03-30");
    apply(
        &world,
        vec![built(2, "B", on, true), built(1, "A", on, true)],
    )
    .await
    .unwrap();
    assert_eq!(state(&world, "A").await, OrderState::Built);
    assert_eq!(
        loads(&world).await,
        [(90, "2024-03-30".to_owned(), 2, ShipmentState::Planned)]
    );
    let number = ShipmentNo::new(on, 90);
    let leaving = world
        .read(move |tx, _| Box::pin(async move { vehicles_leaving(tx, &[number]).await }))
        .await
        .unwrap();
    assert_eq!(
        leaving
            .iter()
            .map(|one| one.order_id.as_str())
            .collect::<Vec<_>>(),
        ["A", "B"]
    );
    carry(&world, number, TransportEvent::Departed(on)).await;
    assert_eq!(state(&world, "A").await, OrderState::InTransit);
    let early = hand_over(&world, 1, date("2024-04-03")).await;
    assert!(matches!(early, Err(Error::Refused { reason, .. }) if reason == "VEHICLE_NOT_ARRIVED"));
    carry(&world, number, TransportEvent::Arrived(date("2024-04-02"))).await;
    assert_eq!(state(&world, "A").await, OrderState::ReadyForHandover);
    let ready = world
        .read(|tx, _| {
            Box::pin(
                async move { ready_list(tx, &(ShipmentNo::of_value(0), String::new()), 1).await },
            )
        })
        .await
        .unwrap();
    let after = (ready[0].shipment, ready[0].vin.clone());
    assert_eq!((ready.len(), ready[0].order_id.as_str()), (1, "A"));
    let rest = world.read(move |tx, _| {
        let after = after.clone();
        Box::pin(async move { ready_list(tx, &after, 9).await })
    });
    assert_eq!(
        rest.await
            .unwrap()
            .iter()
            .map(|one| one.order_id.as_str())
            .collect::<Vec<_>>(),
        ["B"]
    );
    let early = hand_over(&world, 1, date("2024-04-02")).await;
    assert!(
        matches!(early, Err(Error::Refused { reason, .. }) if reason == "HANDOVER_BEFORE_FIRST")
    );
    hand_over(&world, 1, date("2024-04-03")).await.unwrap();
    hand_over(&world, 1, date("2024-04-03")).await.unwrap();
    assert_eq!(state(&world, "A").await, OrderState::HandedOver);
    assert_eq!(loads(&world).await[0].3, ShipmentState::Arrived);
    hand_over(&world, 2, date("2024-04-04")).await.unwrap();
    assert_eq!(loads(&world).await[0].3, ShipmentState::Delivered);
    assert_eq!(world.broken().await, []);
}

#[tokio::test]
async fn a_held_vehicle_leaves_after_its_release_with_a_load_that_is_still_there() {
    let world = World::new().await;
    world
        .lock(vec![
            order("A", "Xi'an", "NORMAL", day()),
            order("B", "Xi'an", "NORMAL", day()),
        ])
        .await;
    let on = date("2024-03-30");
    apply(
        &world,
        vec![built(1, "A", on, true), built(2, "B", on, false)],
    )
    .await
    .unwrap();
    assert_eq!(state(&world, "B").await, OrderState::Built);
    assert_eq!(loads(&world).await[0].2, 1);
    carry(
        &world,
        ShipmentNo::new(on, 90),
        TransportEvent::Departed(on),
    )
    .await;
    apply(&world, vec![released(2, on)]).await.unwrap();
    let next = (90, "2024-03-31".to_owned(), 1, ShipmentState::Planned);
    assert_eq!(
        loads(&world).await,
        [
            (90, "2024-03-30".to_owned(), 1, ShipmentState::InTransit),
            next
        ]
    );
    apply(&world, vec![released(2, on.plus(5))]).await.unwrap();
    assert_eq!(
        world.number("SELECT MAX(released_on) FROM vehicle").await,
        i64::from(on.epoch_day())
    );
    let unknown = apply(&world, vec![released(9, on)]).await;
    assert!(matches!(unknown, Err(Error::Missing { .. })));
    assert_eq!(world.broken().await, []);
}

#[tokio::test]
async fn completion_and_release_may_come_together() {
    let world = World::new().await;
    world.lock(vec![order("A", "Xi'an", "NORMAL", day())]).await;
    let on = date("2024-03-30");
    apply(
        &world,
        vec![built(1, "A", on, false), released(1, on.plus(2))],
    )
    .await
    .unwrap();
    assert_eq!(
        loads(&world).await,
        [(90, "2024-04-01".to_owned(), 1, ShipmentState::Planned)]
    );
    assert_eq!(world.broken().await, []);
}

#[tokio::test]
async fn a_vehicle_of_a_cancelled_order_goes_to_the_next_that_waits() {
    let world = World::new().await;
    let orders = ["A", "B", "C"].map(|id| order(id, "Xi'an", "NORMAL", day()));
    world.lock(orders.into()).await;
    let cancelled = world.write(|tx, catalogue| {
        Box::pin(async move {
            let order = order_fetch(tx, &catalogue, "A").await?;
            order_cancel(tx, &order, day()).await
        })
    });
    cancelled.await.unwrap();
    let on = date("2024-03-30");
    apply(
        &world,
        vec![built(1, "A", on, true), built(2, "B", on, true)],
    )
    .await
    .unwrap();
    assert_eq!(state(&world, "B").await, OrderState::Built);
    assert_eq!(state(&world, "C").await, OrderState::Built);
    apply(
        &world,
        vec![built(3, "C", on, true), built(4, "", on, true)],
    )
    .await
    .unwrap();
    assert_eq!(
        world
            .number("SELECT COUNT(*) FROM vehicle WHERE order_no IS NULL")
            .await,
        2
    );
    let unknown = apply(&world, vec![built(5, "X", on, true)]).await;
    assert!(matches!(unknown, Err(Error::Missing { .. })));
    assert_eq!(world.number("SELECT COUNT(*) FROM vehicle").await, 4);
    assert_eq!(world.broken().await, []);
}

#[tokio::test]
async fn a_plan_owes_every_open_order_a_look() {
    let world = World::new().await;
    let plan = |id: &str| {
        fact(Kind::MasterPlanReleased(MasterPlanReleased {
            plan_id: id.into(),
            as_of: Some(date_pb(day())),
            ..MasterPlanReleased::default()
        }))
    };
    apply(&world, vec![plan("su7-20240328"), plan("su7-20240404")])
        .await
        .unwrap();
    apply(&world, vec![plan("su7-20240404")]).await.unwrap();
    assert_eq!(
        world
            .number("SELECT COUNT(*) FROM intent WHERE kind = 'repromise'")
            .await,
        2
    );
    assert!(matches!(
        apply(&world, vec![plan("")]).await,
        Err(Error::Invalid { .. })
    ));
}

#[tokio::test]
async fn figures_tell_how_deliveries_went() {
    let world = World::new().await;
    world
        .lock(
            (1..=4)
                .map(|n| order(&format!("O{n}"), "Xi'an", "NORMAL", day()))
                .collect(),
        )
        .await;
    let promise = |number, kind, deliver: &str| Promise {
        number,
        kind,
        build_on: date("2024-03-30"),
        deliver_on: date(deliver),
        made_on: day(),
        plan_id: String::new(),
    };
    let (planned, estimate) = (PromiseKind::Planned, PromiseKind::Estimate);
    let promises = Arc::new(vec![
        (1, promise(1, planned, "2024-04-03")),
        (2, promise(1, planned, "2024-04-03")),
        (2, promise(2, planned, "2024-04-20")),
        (3, promise(1, estimate, "2024-04-05")),
        (3, promise(2, estimate, "2024-05-05")),
        (4, promise(1, estimate, "2024-06-05")),
    ]);
    let made = world.write(move |tx, _| {
        let promises = Arc::clone(&promises);
        Box::pin(async move { promises_add(tx, 0, &promises).await })
    });
    made.await.unwrap();
    let on = date("2024-03-31");
    let order_of = |n: u32| ["", "O1", "O2", "O3"][n as usize];
    apply(
        &world,
        (1..=3).map(|n| built(n, order_of(n), on, true)).collect(),
    )
    .await
    .unwrap();
    let number = ShipmentNo::new(on, 90);
    carry(&world, number, TransportEvent::Departed(on)).await;
    carry(&world, number, TransportEvent::Arrived(date("2024-04-03"))).await;
    hand_over(&world, 1, date("2024-04-03")).await.unwrap();
    hand_over(&world, 2, date("2024-04-04")).await.unwrap();
    hand_over(&world, 3, date("2024-04-05")).await.unwrap();
    let figures = world
        .read(|tx, _| Box::pin(figures_fetch(tx)))
        .await
        .unwrap();
    assert_eq!(
        (
            figures.orders,
            figures.open,
            figures.cancelled,
            figures.handed_over
        ),
        (4, 1, 0, 3)
    );
    assert_eq!(figures.days, (7, 8));
    assert_eq!(
        (figures.promised, figures.kept, figures.promises),
        (2, 1, 6)
    );
    assert_eq!((figures.estimated, figures.slipped), (1, 1));
    let curve = world.read(|tx, _| Box::pin(curve_fetch(tx))).await.unwrap();
    let days: BTreeMap<Date, i64> = curve
        .days()
        .map(|(on, day)| (on, day.handed_over))
        .collect();
    assert_eq!(days.values().sum::<i64>(), 3);
    assert_eq!(world.broken().await, []);
}

#[tokio::test]
async fn a_held_vehicle_leaves_its_load_unless_that_has_left() {
    let world = World::new().await;
    let orders = ["A", "B", "C"].map(|id| order(id, "Xi'an", "NORMAL", day()));
    world.lock(orders.into()).await;
    let (on, later) = (date("2024-03-30"), date("2024-04-01"));
    let built_all = vec![
        built(1, "A", on, true),
        built(2, "B", on, true),
        built(3, "C", later, true),
    ];
    apply(&world, built_all).await.unwrap();
    apply(&world, vec![held(1), held(3), held(3)])
        .await
        .unwrap();
    // The load of the later day is gone with its only vehicle.
    let planned = |count| (90, "2024-03-30".to_owned(), count, ShipmentState::Planned);
    assert_eq!(loads(&world).await, [planned(1)]);
    carry(
        &world,
        ShipmentNo::new(on, 90),
        TransportEvent::Departed(on),
    )
    .await;
    apply(&world, vec![held(2)]).await.unwrap();
    assert_eq!(state(&world, "B").await, OrderState::InTransit);
    assert_eq!(state(&world, "A").await, OrderState::Built);
    // Told together, the words still follow each other: it is released on the later day, and then held again.
    let words = vec![released(1, later), released(3, later), held(3)];
    apply(&world, words).await.unwrap();
    let told = loads(&world).await;
    assert_eq!(
        told[1],
        (90, "2024-04-01".to_owned(), 1, ShipmentState::Planned)
    );
    let unknown = apply(&world, vec![held(9)]).await;
    assert!(matches!(unknown, Err(Error::Missing { .. })));
}
