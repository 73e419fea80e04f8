//! Openings: a past with short, blocked, lost and taken back lots comes over as it is, and what does not add up is refused.

use std::sync::Arc;

use takt_contract::{
    date_pb,
    procurement::v1::{
        self as pb, opening_service_server::OpeningService,
        purchase_order_service_server::PurchaseOrderService,
    },
};
use takt_kernel::Violations;
use takt_service::Error;
use tonic::Request;

use super::{World, all, call, goods, id, receipt, sample::day};
use crate::opening::{
    rpc::{OpeningRpc, book},
    wire::opening_of,
};

/// The morning of the opening.
const AS_OF: i32 = 121;

/// The books of a world, as one message.
async fn told(world: &World) -> pb::BookOpeningRequest {
    let rpc = OpeningRpc(Arc::clone(&world.desk));
    let answer = rpc.stream_opening(Request::new(pb::StreamOpeningRequest {}));
    let mut message = pb::BookOpeningRequest {
        request_id: id("opening"),
        as_of: Some(date_pb(day(AS_OF))),
        plan_id: "demo-1".into(),
        plan_as_of: Some(date_pb(day(100))),
        ..pb::BookOpeningRequest::default()
    };
    for part in all(answer.await).await.unwrap() {
        message.lots.extend(part.lots);
        message.orders.extend(part.orders);
        message.totals.extend(part.totals);
    }
    message
}

async fn booked(
    world: &World,
    message: &pb::BookOpeningRequest,
) -> Result<pb::BookOpeningResponse, Error> {
    let catalogue = world.desk.catalogue(&call()).await?;
    let mut violations = Violations::new();
    let opening = opening_of(message, &catalogue, &mut violations);
    violations.finish()?;
    let work = Arc::new((catalogue, opening, message.request_id.clone()));
    let call = call();
    let write = world.desk.store.write(&call, "test_opening", move |tx| {
        let work = Arc::clone(&work);
        Box::pin(async move { book(tx, &work.0, &work.1, work.2.clone(), false).await })
    });
    write.await
}

/// The plan that the past has followed.
async fn planned(world: &mut World) {
    let bolts = [70, 0, 70, 0, 70, 0, 70, 0, 70];
    let needs: [(u32, i32, &[i64]); 2] = [(2, 112, &bolts), (4, 114, &[9, 0, 9])];
    assert!(world.plan(100, &needs).await);
}

/// Lines that were received with a blocked and a short lot, that are under way, that were cancelled, and that wait.
async fn past() -> World {
    let mut world = World::new().await;
    planned(&mut world).await;
    for on in 100..=112 {
        world.release(on).await.unwrap();
    }
    let lines = world.lines().await;
    assert!(lines.len() >= 8, "{}", lines.len());
    for (place, line) in lines.iter().enumerate() {
        let name = format!("ASN-{place}");
        let mut sent = goods(line);
        // The second lot is short where there is one.
        if let Some(size) = sent.lot_thousandths.get_mut(1) {
            *size -= 500;
        }
        let asn = pb::Asn {
            asn_id: name.clone(),
            supplier_id: line.supplier_id.clone(),
            shipped_on: Some(date_pb(day(113))),
            expected_on: Some(date_pb(day(if place % 4 == 0 { 116 } else { 125 }))),
            lines: vec![sent],
            handling_units: vec![],
        };
        match place % 4 {
            0 | 1 => {
                let answer = world.announce(&name, vec![asn]).await.unwrap();
                assert_eq!(answer.refused, vec![]);
            }
            2 => {
                let cancel = pb::CancelOrderLinesRequest {
                    request_id: id(&name),
                    line_numbers: vec![line.line_number],
                    cancelled_on: Some(date_pb(day(113))),
                    reason: "too many".into(),
                    ..pb::CancelOrderLinesRequest::default()
                };
                let cancel = world.orders.cancel_order_lines(Request::new(cancel));
                cancel.await.unwrap();
            }
            _ => {}
        }
        if place % 4 == 0 {
            let catalogue = world.desk.catalogue(&call()).await.unwrap();
            let item = catalogue.item(&line.item_id).unwrap();
            let source = (item.sources.iter())
                .find(|one| one.terms.supplier.as_str() == line.supplier_id)
                .unwrap();
            let first = source.number.lot(line.first_lot_sequence).unwrap();
            let mut arrived = receipt(&name, 116);
            if place % 8 == 0 && line.lot_count > 2 {
                arrived.blocked_lot_numbers = vec![first.value()];
            }
            let answer = world.arrive(&format!("arrive {name}"), vec![arrived]).await;
            assert_eq!(answer.unwrap().refused, vec![]);
        }
    }
    world
        .reserve("build-1", 118, 2, &[("BOLT", 14)])
        .await
        .unwrap();
    world.built("build-1", 118, 2, 2).await;
    assert_eq!(world.broken().await, vec![]);
    world
}

#[tokio::test]
async fn a_messy_past_comes_over_as_it_is() {
    let (mut old, mut new) = (past().await, World::new().await);
    let message = told(&old).await;
    let answer = booked(&new, &message).await.unwrap();
    // Production would be asked for the plan that was named.
    planned(&mut new).await;
    assert!(
        !answer.was_booked && answer.lot_count > 4 && answer.order_count > 2,
        "{answer:?}"
    );
    assert_eq!(new.broken().await, vec![]);
    for item in ["BOLT", "LAMP"] {
        assert_eq!(old.total(item).await, new.total(item).await, "{item}");
    }
    // What was taken back, sent short and is kept back stays lost, so that nothing is ordered twice.
    assert!(old.total("BOLT").await[3] > 0);
    for sql in [
        "SELECT CAST(SUM(released_lots * source_no) AS BIGINT) FROM quota_count",
        "SELECT CAST(SUM(lot_number % 1000003 * on_hand) AS BIGINT) FROM lot",
        "SELECT COUNT(*) FROM lot WHERE state = 4",
        "SELECT CAST(SUM(quantity) AS BIGINT) FROM asn_line AS a JOIN asn AS n ON n.asn_no = a.asn_no WHERE n.received_on IS NULL",
    ] {
        let (a, b) = (old.number(sql).await, new.number(sql).await);
        assert!(a == b && a > 0, "{sql}: {a} and {b}");
    }
    assert_eq!(told(&new).await, message);
    // The same opening again is known; another one is refused, and so is one into books that were used before.
    assert!(booked(&new, &message).await.unwrap().was_booked);
    let other = pb::BookOpeningRequest {
        request_id: id("another opening"),
        ..message.clone()
    };
    for (world, reason) in [(&new, "OPENING_BOOKED"), (&old, "BOOKS_IN_USE")] {
        let Err(Error::Refused { reason: given, .. }) = booked(world, &other).await else {
            panic!("{reason} was expected")
        };
        assert_eq!(given, reason);
    }
    // The next day orders go on from what was ordered before.
    for world in [&mut old, &mut new] {
        assert!(world.plan(AS_OF, &[(2, 124, &[200])]).await);
        world.release(AS_OF).await.unwrap();
    }
    let released = |lines: Vec<pb::OrderLine>| {
        let late = lines
            .into_iter()
            .filter(|line| line.released_on == Some(date_pb(day(AS_OF))));
        let line = late.map(|line| (line.supplier_id, line.first_lot_sequence, line.lot_count));
        line.collect::<Vec<_>>()
    };
    let (a, b) = (released(old.lines().await), released(new.lines().await));
    assert!(a == b && !a.is_empty(), "{a:?} and {b:?}");
}

#[tokio::test]
async fn a_total_that_does_not_agree_is_named_with_both_figures() {
    let (old, new) = (past().await, World::new().await);
    let mut message = told(&old).await;
    let lamp = message
        .totals
        .iter_mut()
        .find(|total| total.item_id == "LAMP")
        .unwrap();
    let right = lamp.in_transit_thousandths.unwrap_or_default();
    lamp.in_transit_thousandths = Some(right + 1_500);
    message.totals.retain(|total| total.item_id != "BOLT");
    let Err(Error::Invalid { reason, violations }) = booked(&new, &message).await else {
        panic!("it must be refused")
    };
    let told: Vec<String> = violations.iter().map(ToString::to_string).collect();
    assert_eq!((reason, told.len()), ("CONTROL_TOTAL", 2), "{told:?}");
    assert!(
        told[0].contains("BOLT has lots or orders and no control total"),
        "{told:?}"
    );
    assert!(told[1].starts_with("totals LAMP.in_transit: "), "{told:?}");
    let figure = |milli: i64| takt_kernel::Quantity(milli).to_string();
    for word in [figure(right), figure(right + 1_500)] {
        assert!(told[1].contains(&word), "{told:?}");
    }
    assert_eq!(new.number("SELECT COUNT(*) FROM lot").await, 0);
}
