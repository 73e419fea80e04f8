//! Scheduling agreements, releases that take each other's place, goods that are lost, and what is owed at the end.

use std::sync::Arc;

use takt_contract::procurement::v1::{
    self as pb, call_off_service_server::CallOffService, inbound_service_server::InboundService,
    purchase_order_service_server::PurchaseOrderService,
};
use tonic::{Code, Request, Status};

use super::{World, all, id, n_of, on, reason};
use crate::call_off::rpc::CallOffRpc;

/// The surface of call-offs over a world.
fn rpc(world: &World) -> CallOffRpc {
    CallOffRpc(Arc::clone(&world.desk))
}

async fn agree(
    world: &World,
    request: &str,
    supplier: &str,
    reset_on: i32,
) -> Result<pb::ScheduleAgreement, Status> {
    let message = pb::AgreeScheduleRequest {
        request_id: id(request),
        item_id: "BOLT".into(),
        supplier_id: supplier.into(),
        reset_on: on(reset_on),
        firm_days: 2,
        fabrication_days: 5,
        material_days: 9,
    };
    let answer = rpc(world).agree_schedule(Request::new(message)).await?;
    Ok(answer.into_inner().agreement.unwrap())
}

async fn publish(
    world: &World,
    request: &str,
    as_of: i32,
) -> Result<pb::PublishCallOffsResponse, Status> {
    let message = pb::PublishCallOffsRequest {
        request_id: id(request),
        as_of: on(as_of),
        ..pb::PublishCallOffsRequest::default()
    };
    let answer = rpc(world).publish_call_offs(Request::new(message)).await?;
    Ok(answer.into_inner())
}

async fn newest(world: &World, supplier: &str) -> Result<pb::CallOff, Status> {
    let message = pb::GetCallOffRequest {
        item_id: "BOLT".into(),
        supplier_id: supplier.into(),
        release_number: 0,
    };
    let answer = rpc(world).get_call_off(Request::new(message)).await?;
    Ok(answer.into_inner().call_off.unwrap())
}

async fn cancel(
    world: &World,
    request: &str,
    day: i32,
    validate_only: bool,
) -> Result<pb::CancelAgreementResponse, Status> {
    let message = pb::CancelAgreementRequest {
        request_id: id(request),
        item_id: "BOLT".into(),
        supplier_id: "BETA".into(),
        cancelled_on: on(day),
        validate_only,
    };
    let answer = rpc(world).cancel_agreement(Request::new(message)).await?;
    Ok(answer.into_inner())
}

async fn lose(world: &World, asn_id: &str, day: i32) -> Result<pb::DeclareLostResponse, Status> {
    let message = pb::DeclareLostRequest {
        request_id: id(&format!("lose {asn_id} {day}")),
        asn_id: asn_id.into(),
        lost_on: on(day),
    };
    let answer = world.inbound.declare_lost(Request::new(message)).await?;
    Ok(answer.into_inner())
}

/// The lines of a release: day, zone, whole units, cumulative units.
fn lines(call_off: &pb::CallOff) -> Vec<(i32, i32, i64, i64)> {
    call_off
        .lines
        .iter()
        .map(|line| {
            (
                n_of(line.due_on.as_ref()),
                line.zone,
                line.thousandths / 1000,
                line.cumulative_thousandths / 1000,
            )
        })
        .collect()
}

/// Ten bolts a day on days 120 to 129; BETA delivers six lots of ten of them and has a lead time of four days, ALFA four.
async fn planned() -> World {
    let mut world = World::new().await;
    world.plan(100, &[(2, 120, &[10; 10])]).await;
    world
}

#[tokio::test]
async fn a_release_says_what_is_under_way_ordered_and_planned() {
    let world = planned().await;
    let missing = newest(&world, "BETA").await.unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);
    let none = publish(&world, "p0", 112).await.unwrap_err();
    assert_eq!(reason(&none), "NO_AGREEMENT");
    agree(&world, "a", "BETA", 100).await.unwrap();
    publish(&world, "p1", 112).await.unwrap();
    let first = newest(&world, "BETA").await.unwrap();
    // Lots go to BETA ALFA BETA ALFA BETA and again: for the uses of days 120, 122, 124, 125, 127 and 129, on the evening before.
    assert_eq!(
        lines(&first),
        [
            (119, 3, 10, 10),
            (121, 3, 10, 20),
            (123, 4, 10, 30),
            (124, 4, 10, 40),
            (126, 4, 10, 50),
            (128, 4, 10, 60),
        ]
    );
    assert_eq!((first.release_number, first.is_newest), (1, true));
    // What is ordered is firm, what has left stands on the day of its notice; the same lots are told once.
    for day in 113..=118 {
        world.release(day).await.unwrap();
    }
    let ordered: Vec<_> = (world.lines().await.into_iter())
        .filter(|line| line.supplier_id == "BETA")
        .collect();
    world.ship(118, &ordered[..1]).await;
    publish(&world, "p2", 118).await.unwrap();
    let second = newest(&world, "BETA").await.unwrap();
    let expected = [119, 121, 123, 124, 126, 128].into_iter().zip(1..);
    let expected: Vec<_> = expected
        .map(|(day, place)| {
            let is_ordered = (ordered.iter()).any(|line| n_of(line.receipt_on.as_ref()) == day);
            let zone = if is_ordered { 1 } else { zone_of(day - 118) };
            (day, zone, 10, place * 10)
        })
        .collect();
    assert_eq!(lines(&second), expected);
    assert!((expected.iter()).any(|line| line.1 > 1) && ordered.len() > 1);
    assert_eq!(
        [
            second.shipped_thousandths,
            second.received_thousandths,
            second.in_transit_thousandths,
            second.to_ship_thousandths
        ],
        [10_000, 0, 10_000, 50_000]
    );
    let old = pb::GetCallOffRequest {
        item_id: "BOLT".into(),
        supplier_id: "BETA".into(),
        release_number: 1,
    };
    let old = rpc(&world).get_call_off(Request::new(old)).await.unwrap();
    assert!(!old.into_inner().call_off.unwrap().is_newest);
    assert_eq!(world.broken().await, []);
}

/// The zone of days ahead under the agreement of these tests.
fn zone_of(ahead: i32) -> i32 {
    match ahead {
        ..=2 => 1,
        3..=5 => 2,
        6..=9 => 3,
        _ => 4,
    }
}

#[tokio::test]
async fn lost_goods_come_back_into_the_demand_and_a_release_takes_the_place_of_the_one_before() {
    let world = planned().await;
    agree(&world, "a", "BETA", 100).await.unwrap();
    for day in 100..=118 {
        world.release(day).await.unwrap();
    }
    let ordered: Vec<_> = (world.lines().await.into_iter())
        .filter(|line| line.supplier_id == "BETA")
        .collect();
    world.ship(116, &ordered[..1]).await;
    world.receive(117, &["ASN-BETA-116"]).await.unwrap();
    world.ship(118, &ordered[1..2]).await;
    publish(&world, "p1", 118).await.unwrap();
    let before = newest(&world, "BETA").await.unwrap();
    assert_eq!(
        [
            before.shipped_thousandths,
            before.received_thousandths,
            before.to_ship_thousandths
        ],
        [20_000, 10_000, 40_000]
    );

    let early = lose(&world, "ASN-BETA-118", 117).await.unwrap_err();
    assert_eq!(reason(&early), "ASN_NOT_SHIPPED");
    let there = lose(&world, "ASN-BETA-116", 118).await.unwrap_err();
    assert_eq!(reason(&there), "ASN_RECEIVED");
    let lost = lose(&world, "ASN-BETA-118", 119).await.unwrap();
    let asn = lost.asn.unwrap();
    assert_eq!(asn.state(), pb::AsnState::Lost);
    assert_eq!(lost.lost[0].thousandths, 10_000);
    let again = lose(&world, "ASN-BETA-118", 120).await.unwrap_err();
    assert_eq!(reason(&again), "ASN_LOST");
    let refused = world.receive(120, &["ASN-BETA-118"]).await.unwrap();
    assert!(
        refused.refused[0].reason.contains("given up"),
        "{refused:?}"
    );
    assert_eq!(world.total("BOLT").await[3], 10);
    let request = pb::StreamAsnsRequest {
        in_transit_only: true,
        with_lots: false,
    };
    let under_way = all(world.inbound.stream_asns(Request::new(request)).await);
    assert_eq!(under_way.await.unwrap(), []);
    let lot = pb::GetLotRequest {
        lot_id: "BOLT.BETA.000002".into(),
    };
    let lot = world.inbound.get_lot(Request::new(lot)).await.unwrap();
    assert_eq!(lot.into_inner().lot.unwrap().state(), pb::LotState::Lost);

    publish(&world, "p2", 119).await.unwrap();
    let after = newest(&world, "BETA").await.unwrap();
    // One more lot is needed than before; the sequence of shares gives it to ALFA, so BETA has the one less under way.
    let all_lots = |call_off: &pb::CallOff| {
        call_off
            .lines
            .iter()
            .map(|line| line.thousandths)
            .sum::<i64>()
    };
    assert_eq!(
        [after.shipped_thousandths, after.in_transit_thousandths],
        [10_000, 0]
    );
    assert_eq!(after.to_ship_thousandths, all_lots(&after));
    // What is planned of both suppliers together came back whole.
    agree(&world, "b", "ALFA", 100).await.unwrap();
    publish(&world, "p3", 119).await.unwrap();
    let other = newest(&world, "ALFA").await.unwrap();
    assert_eq!(all_lots(&after) + all_lots(&other), 100_000 - 10_000);
    assert_eq!(world.broken().await, []);
    // It is ordered anew like anything that is missing.
    let lots: i64 = world
        .lines()
        .await
        .iter()
        .map(|line| i64::from(line.lot_count))
        .sum();
    for day in 119..=126 {
        world.release(day).await.unwrap();
    }
    let then: i64 = world
        .lines()
        .await
        .iter()
        .map(|line| i64::from(line.lot_count))
        .sum();
    assert!(then == 11 && lots < 11, "{lots} {then}");
    let line = pb::GetPurchaseOrderRequest {
        purchase_order_id: ordered[1].purchase_order_id.clone(),
    };
    let order = world
        .orders
        .get_purchase_order(Request::new(line))
        .await
        .unwrap()
        .into_inner();
    let line = (order.lines.iter())
        .find(|line| line.line_number == ordered[1].line_number)
        .unwrap();
    assert_eq!((line.lost_lot_count, line.received_lot_count), (1, 0));
    assert_eq!(world.broken().await, []);
}

#[tokio::test]
async fn what_was_authorised_is_owed_however_little_a_later_release_wants() {
    let mut world = planned().await;
    agree(&world, "a", "BETA", 100).await.unwrap();
    publish(&world, "p1", 118).await.unwrap();
    // Days 119 to 123 may be made: three lots; material for all through day 127: two more.
    let owed = cancel(&world, "dry", 118, true).await.unwrap();
    assert_eq!(
        [
            owed.in_transit_thousandths,
            owed.finished_thousandths,
            owed.raw_thousandths
        ],
        [0, 30_000, 20_000]
    );
    // Two dollars a bolt.
    assert_eq!(owed.finished_value.clone().unwrap().minor_units, 6_000);
    // The plan shrinks to one day: the release wants one lot, and what was authorised stays owed.
    world.plan(110, &[(2, 120, &[10])]).await;
    publish(&world, "p2", 118).await.unwrap();
    let small = newest(&world, "BETA").await.unwrap();
    assert_eq!((small.lines.len(), small.release_number), (1, 2));
    let still = cancel(&world, "dry 2", 118, true).await.unwrap();
    assert_eq!(
        (still.finished_thousandths, still.raw_thousandths),
        (30_000, 20_000)
    );
    // A later reset date takes off what was shipped, which is nothing here; one that goes back is refused.
    let back = agree(&world, "b", "BETA", 99).await.unwrap_err();
    assert_eq!(reason(&back), "RESET_DATE_PASSED");
    let anew = agree(&world, "c", "BETA", 110).await.unwrap();
    assert_eq!(anew.fabrication_thousandths, 30_000);
    let past = publish(&world, "p3", 117).await.unwrap_err();
    assert_eq!(reason(&past), "CALL_OFF_DATE_PASSED");

    let early = cancel(&world, "too early", 117, false).await.unwrap_err();
    assert_eq!(reason(&early), "CALL_OFF_DATE_PASSED");
    let ended = cancel(&world, "end", 119, false).await.unwrap();
    assert_eq!(ended, cancel(&world, "end", 119, false).await.unwrap());
    assert_eq!(n_of(ended.agreement.unwrap().cancelled_on.as_ref()), 119);
    let twice = cancel(&world, "end again", 120, false).await.unwrap_err();
    assert_eq!(reason(&twice), "AGREEMENT_CANCELLED");
    let narrow = pb::PublishCallOffsRequest {
        request_id: id("p4"),
        as_of: on(120),
        item_id: "BOLT".into(),
        supplier_id: "BETA".into(),
    };
    let ended = rpc(&world).publish_call_offs(Request::new(narrow)).await;
    assert_eq!(reason(&ended.unwrap_err()), "AGREEMENT_CANCELLED");
    let same = agree(&world, "d", "BETA", 119).await.unwrap_err();
    assert_eq!(reason(&same), "AGREEMENT_CANCELLED");
    let fresh = agree(&world, "e", "BETA", 120).await.unwrap();
    assert_eq!(fresh.fabrication_thousandths, 0);
    assert_eq!(fresh.cancelled_on, None);
    let soon = publish(&world, "p5", 119).await.unwrap_err();
    assert_eq!(reason(&soon), "AGREEMENT_NOT_BEGUN");
    assert_eq!(world.broken().await, []);
}

#[tokio::test]
async fn releases_and_agreements_are_listed_in_pages_and_streamed() {
    let world = planned().await;
    agree(&world, "a", "BETA", 100).await.unwrap();
    agree(&world, "b", "ALFA", 100).await.unwrap();
    for day in 110..=112 {
        publish(&world, &format!("p {day}"), day).await.unwrap();
    }
    let mut found = Vec::new();
    let mut token = String::new();
    loop {
        let request = pb::ListCallOffsRequest {
            page_size: 2,
            page_token: token,
            supplier_id: "BETA".into(),
            ..pb::ListCallOffsRequest::default()
        };
        let page = rpc(&world)
            .list_call_offs(Request::new(request))
            .await
            .unwrap()
            .into_inner();
        found.extend(
            page.call_offs
                .iter()
                .map(|one| (one.release_number, one.is_newest)),
        );
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(found, [(1, false), (2, false), (3, true)]);
    let request = pb::ListAgreementsRequest {
        page_size: 1,
        page_token: String::new(),
    };
    let page = rpc(&world)
        .list_agreements(Request::new(request))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(page.agreements.len(), 1);
    assert!(!page.next_page_token.is_empty());
    let streamed = all(rpc(&world)
        .stream_call_offs(Request::new(pb::StreamCallOffsRequest::default()))
        .await)
    .await
    .unwrap();
    let streamed: Vec<_> = (streamed.into_iter())
        .flat_map(|message| message.call_offs)
        .map(|one| (one.supplier_id, one.release_number, !one.lines.is_empty()))
        .collect();
    assert_eq!(
        streamed,
        [("BETA".to_owned(), 3, true), ("ALFA".to_owned(), 3, true)]
    );
    let unknown = agree(&world, "x", "GAMA", 100).await.unwrap_err();
    assert!(unknown.message().contains("GAMA") || unknown.code() == Code::InvalidArgument);
}
