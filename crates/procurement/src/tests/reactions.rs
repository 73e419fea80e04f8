//! What production tells: vehicles that used their parts, and plans.

use takt_contract::{
    events::v1::{MasterPlanReleased, OrderLocked, VehicleBuilt, fact_body::Kind},
    procurement::v1::{
        self as pb, material_service_server::MaterialService,
        requirement_service_server::RequirementService,
    },
};
use tonic::Request;

use super::{World, id, lots, on};
use crate::requirement::rpc::RequirementRpc;

/// Forty bolts, on hand since day 109.
async fn stocked() -> World {
    let mut world = World::new().await;
    world.plan(100, &[(2, 110, &[25, 15])]).await;
    for on in 100..=106 {
        world.release(on).await.unwrap();
    }
    let lines = world.lines().await;
    for supplier in ["ALFA", "BETA"] {
        let own: Vec<_> = lines
            .iter()
            .filter(|line| line.supplier_id == supplier)
            .cloned()
            .collect();
        world.ship(106, &own).await;
    }
    world
        .receive(109, &["ASN-ALFA-106", "ASN-BETA-106"])
        .await
        .unwrap();
    world
}

async fn reservation(world: &World, name: &str) -> (pb::ReservationState, i32, Vec<(String, i64)>) {
    let message = pb::GetReservationRequest {
        reservation_id: name.into(),
    };
    let found = world
        .material
        .get_reservation(Request::new(message))
        .await
        .unwrap()
        .into_inner();
    let reservation = found.reservation.unwrap();
    (
        reservation.state(),
        reservation.consumed_vehicle_count,
        lots(&found.items),
    )
}

#[tokio::test]
async fn issues_are_posted_when_the_last_vehicle_of_a_reservation_is_in() {
    let mut world = stocked().await;
    assert_eq!(world.total("BOLT").await, [40, 0, 40, 0]);
    let made = world.reserve("R1", 110, 3, &[("BOLT", 23)]).await.unwrap();
    world.built("R1", 110, 2, 3).await;
    assert_eq!(world.total("BOLT").await, [40, 0, 40, 0]);
    assert_eq!(
        reservation(&world, "R1").await.0,
        pb::ReservationState::Confirmed
    );
    world.built("R1", 110, 1, 3).await;
    assert_eq!(world.total("BOLT").await, [40, 23, 17, 0]);
    // Its lots are told as before, now from the ledger.
    assert_eq!(
        reservation(&world, "R1").await,
        (pb::ReservationState::Consumed, 3, lots(&made.items))
    );
    assert_eq!(
        world.number("SELECT COUNT(*) FROM reservation_line").await,
        0
    );
    assert_eq!(
        world
            .number("SELECT COUNT(*) FROM lot WHERE state = 5")
            .await,
        2
    );
    assert_eq!(
        world.reserve("R1", 110, 3, &[("BOLT", 23)]).await.unwrap(),
        made
    );
    // Two reservations whose vehicles come mixed in one batch.
    world.reserve("R2", 111, 1, &[("BOLT", 8)]).await.unwrap();
    world.reserve("R3", 111, 2, &[("BOLT", 8)]).await.unwrap();
    let built = |number: i64, name: &str, of: i32| {
        Kind::VehicleBuilt(VehicleBuilt {
            vin: format!("V{number}"),
            build_number: number,
            built_on: on(111),
            reservation_id: name.into(),
            reservation_vehicle_count: of,
            ..VehicleBuilt::default()
        })
    };
    world
        .told(vec![
            built(5, "R3", 2),
            built(4, "R2", 1),
            built(6, "R3", 2),
            built(7, "", 0),
        ])
        .await
        .unwrap();
    assert_eq!(world.total("BOLT").await, [40, 39, 1, 0]);
    assert_eq!(world.number("SELECT COUNT(*) FROM consumption").await, 7);
    assert_eq!(world.broken().await, []);
}

#[tokio::test]
async fn use_that_no_reservation_covers_is_accepted_and_marked() {
    let mut world = stocked().await;
    world.reserve("R1", 110, 1, &[("BOLT", 30)]).await.unwrap();
    let message = pb::ReleaseReservationRequest {
        request_id: id("give"),
        reservation_id: "R1".into(),
    };
    world
        .material
        .release_reservation(Request::new(message))
        .await
        .unwrap();
    world.reserve("R2", 110, 1, &[("BOLT", 35)]).await.unwrap();
    // The vehicle was built all the same, with the parts that are now kept for another one.
    world.built("R1", 110, 1, 1).await;
    assert_eq!(world.total("BOLT").await, [40, 30, 10, 0]);
    world.built("R2", 110, 1, 1).await;
    assert_eq!(world.total("BOLT").await, [40, 65, -25, 0]);
    world.built("R2", 110, 1, 1).await;
    world.built("R9", 110, 1, 1).await;
    assert_eq!(world.total("BOLT").await, [40, 65, -25, 0]);
    let broken: Vec<_> = world
        .broken()
        .await
        .into_iter()
        .map(|(rule, _)| rule)
        .collect();
    assert_eq!(broken, ["ST-2", "ST-7"]);
    let found = world
        .material
        .reconcile_stock(Request::new(pb::ReconcileStockRequest {}))
        .await
        .unwrap()
        .into_inner();
    let reasons: Vec<_> = found
        .differences
        .iter()
        .filter_map(|one| one.rsplit_once(", "))
        .map(|(_, reason)| reason)
        .collect();
    assert_eq!(
        reasons,
        [
            "RESERVATION_GIVEN_BACK",
            "RESERVATION_USED_UP",
            "RESERVATION_UNKNOWN"
        ]
    );
}

#[tokio::test]
async fn a_plan_goes_on_from_what_was_issued_before_its_day() {
    let mut world = stocked().await;
    world.reserve("R1", 110, 1, &[("BOLT", 25)]).await.unwrap();
    world.reserve("R2", 111, 1, &[("BOLT", 10)]).await.unwrap();
    world.built("R2", 111, 1, 1).await;
    // The plan is of day 111: the issues of that day are in its series, and those of day 110 are told later.
    world.plan(111, &[(2, 111, &[10, 10])]).await;
    let rpc = RequirementRpc(std::sync::Arc::clone(&world.desk));
    let before = async || {
        let message = pb::GetRequirementRequest {
            item_id: "BOLT".into(),
        };
        rpc.get_requirement(Request::new(message))
            .await
            .unwrap()
            .into_inner()
            .issued_before_thousandths
            / 1000
    };
    assert_eq!(before().await, 0);
    world.built("R1", 110, 1, 1).await;
    assert_eq!(before().await, 25);
    // 25 before and 20 to come are five lots, and four are there.
    assert_eq!(world.release(111).await.unwrap().lot_count, 1);
    assert_eq!(world.broken().await, []);
}

#[tokio::test]
async fn a_released_plan_is_owed_and_other_news_are_nothing_to_procurement() {
    let world = World::new().await;
    let plan = |name: &str| {
        Kind::MasterPlanReleased(MasterPlanReleased {
            plan_id: name.into(),
            as_of: on(100),
            ..MasterPlanReleased::default()
        })
    };
    world
        .told(vec![
            plan("demo-1"),
            Kind::OrderLocked(OrderLocked::default()),
            plan("demo-1"),
            plan("demo-2"),
        ])
        .await
        .unwrap();
    assert_eq!(
        world
            .number("SELECT COUNT(*) FROM intent WHERE kind = 'requirements'")
            .await,
        2
    );
    assert!(world.told(vec![plan("")]).await.is_err());
    let nameless = VehicleBuilt {
        build_number: 1,
        reservation_id: "R1".into(),
        ..VehicleBuilt::default()
    };
    assert!(
        world
            .told(vec![Kind::VehicleBuilt(nameless)])
            .await
            .is_err()
    );
    assert_eq!(world.number("SELECT COUNT(*) FROM consumption").await, 0);
}
