//! Availability, reservations first in first out, totals, values, ledger.

use takt_contract::procurement::v1::{self as pb, material_service_server::MaterialService};
use tonic::{Code, Request};

use super::{World, all, id, lots, n_of, need, on, reason};

/// Four lots of bolts: BETA 1 and 2 and ALFA 1 on day 119, BETA 3 on day 118; and two coils.
async fn stocked() -> World {
    let mut world = World::new().await;
    world
        .plan(100, &[(2, 120, &[25, 25]), (3, 120, &[11])])
        .await;
    for on in 100..=116 {
        world.release(on).await.unwrap();
    }
    let lines = world.lines().await;
    let of = |name: &str, at: usize| {
        lines
            .iter()
            .filter(|line| format!("{}.{}", line.item_id, line.supplier_id) == name)
            .nth(at)
            .cloned()
            .unwrap()
    };
    world.ship(117, &[of("BOLT.BETA", 1)]).await;
    world.receive(118, &["ASN-BETA-117"]).await.unwrap();
    world.ship(118, &[of("BOLT.BETA", 0)]).await;
    world.ship(116, &[of("BOLT.ALFA", 0)]).await;
    world.ship(115, &[of("COIL.GAMA", 0)]).await;
    world
        .receive(119, &["ASN-ALFA-116", "ASN-BETA-118", "ASN-GAMA-115"])
        .await
        .unwrap();
    world
}

#[tokio::test]
async fn lots_leave_first_in_first_out_and_only_what_was_there_the_evening_before() {
    let world = stocked().await;
    assert_eq!(world.free(118).await, [0, 0, 0]);
    assert_eq!(world.free(119).await, [10, 0, 0]);
    assert_eq!(world.free(120).await, [40, 11, 0]);
    // By day of receipt, then the supplier's place in the file of items, then number (RULES 14).
    let first = world
        .reserve("R1", 120, 2, &[("COIL", 6), ("BOLT", 23)])
        .await
        .unwrap();
    let named = |names: &[(&str, i64)]| {
        names
            .iter()
            .map(|(name, units)| ((*name).to_owned(), *units))
            .collect::<Vec<_>>()
    };
    let expected = named(&[
        ("BOLT.BETA.03", 10),
        ("BOLT.BETA.01", 10),
        ("BOLT.BETA.02", 3),
        ("COIL.GAMA.01", 5),
        ("COIL.GAMA.02", 0),
    ]);
    assert_eq!(lots(&first.items), expected);
    assert_eq!(
        first.items[1]
            .lots
            .iter()
            .map(|lot| lot.thousandths)
            .collect::<Vec<_>>(),
        [5_500, 500]
    );
    let second = world.reserve("R2", 120, 1, &[("BOLT", 15)]).await.unwrap();
    assert_eq!(
        lots(&second.items),
        named(&[("BOLT.BETA.02", 7), ("BOLT.ALFA.01", 8)])
    );
    assert_eq!(world.free(120).await, [2, 5, 0]);
    assert_eq!(world.broken().await, []);
}

#[tokio::test]
async fn a_reservation_is_whole_or_not_at_all_and_made_once() {
    let world = stocked().await;
    let short = world
        .reserve("R1", 120, 1, &[("BOLT", 10), ("COIL", 12)])
        .await
        .unwrap_err();
    assert_eq!(
        (short.code(), reason(&short).as_str()),
        (Code::FailedPrecondition, "MATERIAL_SHORTAGE")
    );
    assert!(
        short.message().contains("COIL needs 12 and has 11"),
        "{}",
        short.message()
    );
    // On day 119 only one lot has come in time.
    assert_eq!(
        reason(
            &world
                .reserve("R1", 119, 1, &[("BOLT", 11)])
                .await
                .unwrap_err()
        ),
        "MATERIAL_SHORTAGE"
    );
    assert_eq!(world.free(120).await, [40, 11, 0]);
    let made = world.reserve("R1", 120, 1, &[("BOLT", 12)]).await.unwrap();
    assert_eq!(
        world.reserve("R1", 120, 1, &[("BOLT", 12)]).await.unwrap(),
        made
    );
    assert_eq!(world.free(120).await, [28, 11, 0]);
    let reused = world
        .reserve("R1", 120, 1, &[("BOLT", 13)])
        .await
        .unwrap_err();
    assert_eq!(reason(&reused), "REQUEST_ID_REUSED");
    let message = pb::ReserveMaterialRequest {
        request_id: id("other"),
        reservation_id: "R1".into(),
        build_on: on(120),
        vehicle_count: 1,
        lines: vec![need("BOLT", 1)],
    };
    assert_eq!(
        world
            .material
            .reserve_material(Request::new(message.clone()))
            .await
            .unwrap_err()
            .code(),
        Code::AlreadyExists
    );
    let bad = pb::ReserveMaterialRequest {
        vehicle_count: 0,
        build_on: None,
        reservation_id: "a b".into(),
        lines: vec![need("BOLT", -1), need("BOLT", 1), need("CAR", 1)],
        ..message
    };
    let status = world
        .material
        .reserve_material(Request::new(bad))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(
        status.message().contains("(and 5 more)"),
        "{}",
        status.message()
    );
    assert_eq!(world.broken().await, []);
}

#[tokio::test]
async fn a_reservation_is_given_back_unless_it_was_used() {
    let mut world = stocked().await;
    let give = async |world: &World, request: &str, name: &str| {
        let message = pb::ReleaseReservationRequest {
            request_id: id(request),
            reservation_id: name.into(),
        };
        world
            .material
            .release_reservation(Request::new(message))
            .await
            .map(|answer| answer.into_inner().reservation.unwrap().state())
    };
    world.reserve("R1", 120, 2, &[("BOLT", 12)]).await.unwrap();
    world.reserve("R2", 120, 2, &[("BOLT", 12)]).await.unwrap();
    assert_eq!(
        give(&world, "give", "R1").await.unwrap(),
        pb::ReservationState::Released
    );
    assert_eq!(
        give(&world, "give again", "R1").await.unwrap(),
        pb::ReservationState::Released
    );
    assert_eq!(world.free(120).await[0], 28);
    world.built("R2", 120, 1, 2).await;
    assert_eq!(
        reason(&give(&world, "too late", "R2").await.unwrap_err()),
        "RESERVATION_IN_USE"
    );
    world.built("R2", 120, 1, 2).await;
    assert_eq!(
        reason(&give(&world, "over", "R2").await.unwrap_err()),
        "RESERVATION_CONSUMED"
    );
    assert_eq!(
        give(&world, "unknown", "R9").await.unwrap_err().code(),
        Code::NotFound
    );
    assert_eq!(world.broken().await, []);
}

/// The days of supply of some items.
async fn supply_lines(
    world: &World,
    as_of: Option<takt_contract::common::v1::Date>,
    horizon_days: i32,
    items: &[&str],
) -> Vec<pb::DaysOfSupply> {
    let message = pb::StreamDaysOfSupplyRequest {
        as_of,
        horizon_days,
        item_ids: items.iter().map(ToString::to_string).collect(),
    };
    let answer = world
        .material
        .stream_days_of_supply(Request::new(message))
        .await;
    let all = all(answer).await.unwrap();
    all.into_iter().flat_map(|message| message.lines).collect()
}

#[tokio::test]
async fn days_of_supply_and_values_follow_the_ledger() {
    let mut world = stocked().await;
    world
        .reserve("R1", 120, 1, &[("BOLT", 25), ("COIL", 11)])
        .await
        .unwrap();
    world.built("R1", 120, 1, 1).await;
    let lines = supply_lines(&world, on(120), 0, &[]).await;
    let told: Vec<_> = lines
        .iter()
        .map(|line| {
            (
                line.item_id.as_str(),
                line.millidays,
                line.stock_out_on.as_ref().map(|date| n_of(Some(date))),
            )
        })
        .collect();
    assert_eq!(told, [("BOLT", 600, Some(121)), ("COIL", 0, None)]);
    let bolt = &lines[0];
    assert_eq!(
        [
            bolt.free_thousandths,
            bolt.reserved_thousandths,
            bolt.in_transit_thousandths,
            bolt.uncovered_thousandths
        ],
        [15_000, 0, 0, 10_000]
    );
    assert_eq!(bolt.horizon_days, 1);
    // Without an evening the one before the plan's first day; a shorter horizon and named items cut the answer.
    let early = supply_lines(&world, None, 1, &["BOLT"]).await;
    assert_eq!((early.len(), early[0].horizon_days), (1, 1));
    let request = pb::StreamDaysOfSupplyRequest {
        horizon_days: -1,
        item_ids: vec!["CAR".into()],
        ..pb::StreamDaysOfSupplyRequest::default()
    };
    let answer = world.material.stream_days_of_supply(Request::new(request));
    let refused = answer.await.err().unwrap();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let values = all(world
        .material
        .stream_stock_values(Request::new(pb::StreamStockValuesRequest {}))
        .await)
    .await
    .unwrap();
    let days: Vec<_> = values
        .into_iter()
        .flat_map(|message| message.days)
        .collect();
    let minor = |money: &Option<takt_contract::common::v1::Money>| {
        money.as_ref().map_or(0, |money| money.minor_units)
    };
    let told: Vec<_> = days
        .iter()
        .map(|day| {
            (
                n_of(day.date.as_ref()),
                minor(&day.received),
                minor(&day.issued),
                minor(&day.stock),
            )
        })
        .collect();
    // Everything costs 2 dollars a unit.
    assert_eq!(
        told,
        [
            (118, 2_000, 0, 2_000),
            (119, 8_200, 0, 10_200),
            (120, 0, 7_200, 3_000)
        ]
    );
}

#[tokio::test]
async fn the_ledger_tells_a_lot_and_an_item_and_a_hand_in_it_is_found() {
    let mut world = stocked().await;
    world.reserve("R1", 120, 1, &[("BOLT", 12)]).await.unwrap();
    world.built("R1", 120, 1, 1).await;
    world.reserve("R2", 121, 1, &[("BOLT", 12)]).await.unwrap();
    world.built("R2", 121, 1, 1).await;
    let entries = async |item: &str, lot: &str| {
        let message = pb::StreamLedgerRequest {
            item_id: item.into(),
            lot_id: lot.into(),
        };
        let messages = all(world.material.stream_ledger(Request::new(message)).await).await?;
        let told = |entry: pb::LedgerEntry| {
            (
                entry.entry_number,
                n_of(entry.on.as_ref()),
                entry.thousandths / 1000,
                entry.reservation_id,
            )
        };
        Ok::<_, tonic::Status>(
            messages
                .into_iter()
                .flat_map(|message| message.entries)
                .map(told)
                .collect::<Vec<_>>(),
        )
    };
    let lot = [
        (1, 119, 10, String::new()),
        (2, 120, -2, "R1".into()),
        (3, 121, -8, "R2".into()),
    ];
    assert_eq!(entries("", "BOLT.BETA.000001").await.unwrap(), lot);
    let sum: i64 = entries("BOLT", "")
        .await
        .unwrap()
        .iter()
        .map(|entry| entry.2)
        .sum();
    assert_eq!((sum, entries("LAMP", "").await.unwrap().len()), (16, 0));
    assert_eq!(
        entries("", "").await.unwrap_err().code(),
        Code::InvalidArgument
    );
    assert_eq!(
        entries("BOLT", "BOLT.BETA.000001")
            .await
            .unwrap_err()
            .code(),
        Code::InvalidArgument
    );
    let reconcile = async |world: &World| {
        world
            .material
            .reconcile_stock(Request::new(pb::ReconcileStockRequest {}))
            .await
            .unwrap()
            .into_inner()
    };
    let clean = reconcile(&world).await;
    assert_eq!(
        (clean.item_count, clean.lot_count, clean.differences.len()),
        (2, 6, 0)
    );
    world.by_hand("UPDATE ledger SET quantity = quantity + 1000 WHERE kind = 1 AND first_lot = 2010000001").await;
    let found = reconcile(&world).await.differences;
    assert_eq!(
        found[0],
        "item BOLT: the balance is 16 and its entries say 18"
    );
    assert_eq!(
        found[1],
        "lot BOLT.BETA.000001: 0 is on hand and its entries say 1"
    );
    let broken: Vec<_> = world
        .broken()
        .await
        .into_iter()
        .map(|(rule, _)| rule)
        .collect();
    assert_eq!(broken, ["ST-1", "ST-3"]);
}
