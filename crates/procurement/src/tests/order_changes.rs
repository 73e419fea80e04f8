//! Issued lines: proposals and the buyer's word, changes, cancellations with what is owed, and orders that may not be made.

use std::sync::Arc;

use takt_contract::{
    common::v1 as common,
    procurement::v1::{
        self as pb, call_off_service_server::CallOffService,
        purchase_order_service_server::PurchaseOrderService,
        sourcing_service_server::SourcingService,
    },
};
use tonic::{Code, Request, Status};

use super::{World, all, id, n_of, on, reason};
use crate::{call_off::rpc::CallOffRpc, sourcing::rpc::SourcingRpc};

/// Four lamps on day 109: two lots of two, ordered on day 100 for the evening of day 108.
async fn lamps() -> World {
    let mut world = World::new().await;
    world.plan(100, &[(4, 109, &[4])]).await;
    world.release(100).await.unwrap();
    world
}

async fn say(
    world: &World,
    request: &str,
    word: pb::LineAcknowledgement,
    day: i32,
) -> Result<i32, Status> {
    let message = pb::AcknowledgeLinesRequest {
        request_id: id(request),
        acknowledgements: vec![word],
        acknowledged_on: on(day),
    };
    let answer = world
        .orders
        .acknowledge_lines(Request::new(message))
        .await?;
    Ok(answer.into_inner().changed_count)
}

fn proposal(line: i64, lots: i32, receipt_on: Option<i32>) -> pb::LineAcknowledgement {
    pb::LineAcknowledgement {
        line_number: line,
        response: pb::LineResponse::ChangeProposed.into(),
        proposed_lot_count: lots,
        proposed_receipt_on: receipt_on.and_then(on),
        reason: "furnace relined".into(),
    }
}

fn accepted(line: i64) -> pb::LineAcknowledgement {
    pb::LineAcknowledgement {
        line_number: line,
        response: pb::LineResponse::Accepted.into(),
        ..pb::LineAcknowledgement::default()
    }
}

async fn decide(
    world: &World,
    request: &str,
    line_number: i64,
    accept: bool,
) -> Result<pb::OrderLine, Status> {
    let message = pb::AnswerProposalsRequest {
        request_id: id(request),
        answers: vec![pb::ProposalAnswer {
            line_number,
            accept,
        }],
        answered_on: on(101),
    };
    let answer = world.orders.answer_proposals(Request::new(message)).await?;
    Ok(answer.into_inner().lines.remove(0))
}

async fn cancel(
    world: &World,
    request: &str,
    lines: &[i64],
    day: i32,
    validate_only: bool,
) -> Result<pb::CancelOrderLinesResponse, Status> {
    let message = pb::CancelOrderLinesRequest {
        request_id: id(request),
        line_numbers: lines.to_vec(),
        cancelled_on: on(day),
        reason: "the variant is dropped".into(),
        validate_only,
        ..pb::CancelOrderLinesRequest::default()
    };
    let answer = world
        .orders
        .cancel_order_lines(Request::new(message))
        .await?;
    Ok(answer.into_inner())
}

fn change(line: &pb::OrderLine, lots: i32, receipt_on: Option<i32>) -> pb::ChangeOrderLineRequest {
    pb::ChangeOrderLineRequest {
        request_id: id(&format!("change {} {lots} {receipt_on:?}", line.etag)),
        line_number: line.line_number,
        lot_count: lots,
        receipt_on: receipt_on.and_then(on),
        changed_on: on(101),
        reason: String::new(),
        etag: line.etag.clone(),
    }
}

/// What will come of an item: day, whole units.
async fn coming(world: &World, item: &str) -> Vec<(i32, i64)> {
    let (_, _, items) = world.supply(100, 0, 0).await.unwrap();
    let receipts = items.get(item).map(|item| item.receipts.clone());
    receipts
        .unwrap_or_default()
        .iter()
        .map(|one| (n_of(one.expected_on.as_ref()), one.thousandths / 1000))
        .collect()
}

async fn events(world: &World, line_number: i64) -> Vec<(i32, i32, i32, i64, i64)> {
    let message = pb::ListLineEventsRequest {
        line_number,
        ..pb::ListLineEventsRequest::default()
    };
    let answer = world.orders.list_line_events(Request::new(message)).await;
    let told = answer.unwrap().into_inner().events;
    let told = told.iter().map(|event| {
        (
            event.kind,
            event.lot_count,
            event.withdrawn_lot_count,
            event.finished_thousandths / 1000,
            event.raw_thousandths / 1000,
        )
    });
    told.collect()
}

#[tokio::test]
async fn what_a_supplier_proposes_counts_when_the_buyer_takes_it() {
    let world = lamps().await;
    let same = say(&world, "same", proposal(1, 2, Some(108)), 100).await;
    assert_eq!(same.unwrap_err().code(), Code::InvalidArgument);
    let more = say(&world, "more", proposal(1, 3, None), 100).await;
    assert_eq!(reason(&more.unwrap_err()), "LINE_ABOVE_ORDERED");
    say(&world, "later", proposal(1, 1, Some(110)), 101)
        .await
        .unwrap();
    assert_eq!(coming(&world, "LAMP").await, [(108, 4)]);
    let told = world.lines().await.remove(0);
    assert_eq!(told.response(), pb::LineResponse::ChangeProposed);
    assert_eq!(told.proposal.unwrap().lot_count, 1);
    assert_eq!(n_of(told.answered_on.as_ref()), 101);

    let declined = decide(&world, "no", 1, false).await.unwrap();
    assert_eq!(declined.response(), pb::LineResponse::Pending);
    let twice = decide(&world, "no 2", 1, false).await.unwrap_err();
    assert_eq!(reason(&twice), "LINE_NOTHING_PROPOSED");
    say(&world, "again", proposal(1, 1, Some(110)), 102)
        .await
        .unwrap();
    let taken = decide(&world, "yes", 1, true).await.unwrap();
    assert_eq!(
        (
            taken.withdrawn_lot_count,
            taken.confirmed_lot_count,
            taken.asked_lot_count
        ),
        (1, 1, 2)
    );
    assert_eq!(
        (
            n_of(taken.receipt_on.as_ref()),
            n_of(taken.ship_on.as_ref())
        ),
        (110, 109)
    );
    // What was given up counts as lost and is ordered anew; what comes later stands on its new day.
    assert_eq!(coming(&world, "LAMP").await, [(110, 2)]);
    assert_eq!(world.total("LAMP").await, [0, 0, 0, 2]);
    assert_eq!(world.release(101).await.unwrap().lot_count, 1);
    assert_eq!(
        events(&world, 1).await,
        [
            (1, 1, 0, 0, 0),
            (3, 2, 0, 0, 0),
            (1, 1, 0, 0, 0),
            (2, 1, 1, 0, 0)
        ]
    );
    assert_eq!(world.broken().await, []);
}

#[tokio::test]
async fn a_cancelled_line_says_what_is_owed_and_is_ordered_anew() {
    let world = lamps().await;
    // Nobody accepted it yet: nothing is owed.
    let none = cancel(&world, "dry", &[1], 100, true).await.unwrap();
    assert_eq!(none.finished_value.unwrap().minor_units, 0);
    say(&world, "yes", accepted(1), 100).await.unwrap();
    let owed = cancel(&world, "dry 2", &[1], 100, true).await.unwrap();
    // The lead time of eight days has begun on day 100: four lamps at two dollars.
    assert_eq!(owed.finished_value.clone().unwrap().minor_units, 800);
    assert_eq!(coming(&world, "LAMP").await, [(108, 4)]);
    let done = cancel(&world, "now", &[1], 100, false).await.unwrap();
    assert_eq!(done, owed);
    assert_eq!(cancel(&world, "now", &[1], 100, false).await.unwrap(), done);
    let liability = &done.liabilities[0];
    assert_eq!(
        (
            liability.withdrawn_lot_count,
            liability.finished_thousandths,
            liability.by_agreement
        ),
        (2, 4_000, false)
    );
    assert_eq!(coming(&world, "LAMP").await, []);
    let twice = cancel(&world, "again", &[1], 100, false).await.unwrap_err();
    assert_eq!(reason(&twice), "LINE_CLOSED");
    let late = say(&world, "yes after all", proposal(1, 1, None), 101).await;
    assert_eq!(reason(&late.unwrap_err()), "LINE_CLOSED");
    assert_eq!(events(&world, 1).await, [(6, 0, 2, 4, 0)]);
    // The plan still needs them.
    assert_eq!(world.release(101).await.unwrap().lot_count, 2);
    let line = world.lines().await.remove(1);
    assert_eq!(line.first_lot_sequence, 3);
    let order = pb::CancelOrderLinesRequest {
        request_id: id("order"),
        purchase_order_id: line.purchase_order_id.clone(),
        cancelled_on: on(101),
        ..pb::CancelOrderLinesRequest::default()
    };
    let order = world.orders.cancel_order_lines(Request::new(order)).await;
    assert_eq!(order.unwrap().into_inner().liabilities.len(), 1);
    let first = pb::CancelOrderLinesRequest {
        request_id: id("order again"),
        purchase_order_id: line.purchase_order_id,
        cancelled_on: on(101),
        ..pb::CancelOrderLinesRequest::default()
    };
    let none = world.orders.cancel_order_lines(Request::new(first)).await;
    assert_eq!(reason(&none.unwrap_err()), "ORDER_NOT_OPEN");
    assert_eq!(world.broken().await, []);
}

#[tokio::test]
async fn under_an_agreement_what_was_authorised_and_is_not_needed_is_owed_once() {
    let mut world = World::new().await;
    world.plan(100, &[(2, 120, &[10; 10])]).await;
    let calls = CallOffRpc(Arc::clone(&world.desk));
    let agree = pb::AgreeScheduleRequest {
        request_id: id("agree"),
        item_id: "BOLT".into(),
        supplier_id: "BETA".into(),
        reset_on: on(100),
        firm_days: 2,
        fabrication_days: 5,
        material_days: 9,
    };
    calls.agree_schedule(Request::new(agree)).await.unwrap();
    // Of BETA's lots for the evenings of days 119, 121, 123 .. the first two lie where material may be bought.
    let publish = pb::PublishCallOffsRequest {
        request_id: id("publish"),
        as_of: on(112),
        ..pb::PublishCallOffsRequest::default()
    };
    calls
        .publish_call_offs(Request::new(publish))
        .await
        .unwrap();
    for day in 113..=118 {
        world.release(day).await.unwrap();
    }
    let mine: Vec<i64> = (world.lines().await.iter())
        .filter(|line| line.supplier_id == "BETA")
        .map(|line| line.line_number)
        .collect();
    assert_eq!(mine.len(), 2);
    // Material for 20 is authorised: of the first line that is taken back 10 are not needed by the other.
    let one = cancel(&world, "one", &mine[1..], 118, false).await.unwrap();
    let told = |liability: &pb::LineLiability| {
        (
            liability.by_agreement,
            liability.finished_thousandths,
            liability.raw_thousandths,
        )
    };
    assert_eq!(told(&one.liabilities[0]), (true, 0, 10_000));
    let end = |request: &str, validate_only| pb::CancelAgreementRequest {
        request_id: id(request),
        item_id: "BOLT".into(),
        supplier_id: "BETA".into(),
        cancelled_on: on(118),
        validate_only,
    };
    let owed = calls.cancel_agreement(Request::new(end("dry", true))).await;
    assert_eq!(owed.unwrap().into_inner().raw_thousandths, 10_000);
    let other = cancel(&world, "other", &mine[..1], 118, false)
        .await
        .unwrap();
    assert_eq!(told(&other.liabilities[0]), (true, 0, 10_000));
    let owed = calls
        .cancel_agreement(Request::new(end("end", false)))
        .await;
    let owed = owed.unwrap().into_inner();
    assert_eq!((owed.finished_thousandths, owed.raw_thousandths), (0, 0));
    assert_eq!(world.broken().await, []);

    // Under an ended agreement nothing is ordered, and what is due says why; the other supplier goes on.
    let released = world.release(119).await.unwrap();
    let held: Vec<_> = (released.held.iter())
        .map(|held| (held.supplier_id.as_str(), held.reason()))
        .collect();
    assert_eq!(held, [("BETA", common::ReasonCode::AgreementEnded)]);
    assert!(released.held[0].lot_count >= 2, "{released:?}");
    let actions = pb::StreamActionMessagesRequest { as_of: on(119) };
    let actions = all(world
        .orders
        .stream_action_messages(Request::new(actions))
        .await);
    let actions: Vec<_> = (actions.await.unwrap().into_iter())
        .flat_map(|page| page.messages)
        .filter(|action| action.kind() == pb::ActionKind::Order && action.supplier_id == "BETA")
        .collect();
    assert!(!actions.is_empty());
    for action in &actions {
        let code = action.reason.as_ref().map(common::Reason::code);
        assert_eq!(code, Some(common::ReasonCode::AgreementEnded));
    }
    let anew = pb::AgreeScheduleRequest {
        request_id: id("agree anew"),
        item_id: "BOLT".into(),
        supplier_id: "BETA".into(),
        reset_on: on(119),
        firm_days: 2,
        fabrication_days: 5,
        material_days: 9,
    };
    calls.agree_schedule(Request::new(anew)).await.unwrap();
    let lots = released.held[0].lot_count;
    let released = world.release(120).await.unwrap();
    assert!(
        released.held.is_empty() && released.lot_count >= lots,
        "{released:?}"
    );
    assert_eq!(world.broken().await, []);
}

#[tokio::test]
async fn a_part_is_not_ordered_for_a_day_on_which_it_is_not_approved() {
    let mut world = World::new().await;
    world.plan(100, &[(4, 109, &[4])]).await;
    let sourcing = SourcingRpc(Arc::clone(&world.desk));
    let record = async |name: &str, status: pb::PartApprovalStatus, from: i32| {
        let message = pb::RecordPartApprovalRequest {
            request_id: id(name),
            item_id: "LAMP".into(),
            supplier_id: "GAMA".into(),
            ppap_level: 3,
            status: status.into(),
            valid_from: on(from),
        };
        sourcing
            .record_part_approval(Request::new(message))
            .await
            .unwrap();
    };
    record("approved", pb::PartApprovalStatus::Approved, 112).await;
    // Ordered on day 103 they would be there on day 111.
    for day in 100..=103 {
        let released = world.release(day).await.unwrap();
        assert_eq!(
            (released.lot_count, released.held[0].lot_count),
            (0, 2),
            "{day}"
        );
        assert_eq!(
            released.held[0].reason(),
            common::ReasonCode::PpapNotApproved
        );
    }
    let released = world.release(104).await.unwrap();
    assert_eq!(
        (
            released.lot_count,
            released.held.len(),
            released.past_due_line_count
        ),
        (2, 0, 1)
    );
    record("refused", pb::PartApprovalStatus::Rejected, 105).await;
    world.plan(105, &[(4, 109, &[4, 0, 0, 0, 0, 2])]).await;
    let released = world.release(106).await.unwrap();
    assert_eq!((released.lot_count, released.held[0].lot_count), (0, 1));
    assert_eq!(world.broken().await, []);
}

#[tokio::test]
async fn a_line_is_changed_by_who_has_seen_it() {
    let mut world = World::new().await;
    world
        .plan(100, &[(4, 109, &[4]), (2, 120, &[25, 25])])
        .await;
    world.release(100).await.unwrap();
    let line = world.lines().await.remove(0);
    let change_line = async |message: pb::ChangeOrderLineRequest| {
        let answer = world.orders.change_order_line(Request::new(message)).await;
        answer.map(|answer| answer.into_inner())
    };
    let nothing = change_line(change(&line, 0, None)).await.unwrap_err();
    assert_eq!(nothing.code(), Code::InvalidArgument);
    let early = change_line(change(&line, 0, Some(101))).await.unwrap_err();
    assert_eq!(reason(&early), "LINE_DATE_TOO_EARLY");
    let moved = change_line(change(&line, 0, Some(112))).await.unwrap();
    assert_eq!(
        (moved.liability, coming(&world, "LAMP").await),
        (None, vec![(112, 4)])
    );
    let moved = moved.line.unwrap();
    assert_ne!(moved.etag, line.etag);
    let stale = change_line(change(&line, 1, None)).await.unwrap_err();
    assert_eq!(
        (stale.code(), reason(&stale).as_str()),
        (Code::Aborted, "STALE")
    );

    say(&world, "yes", accepted(1), 101).await.unwrap();
    let seen = world.lines().await.remove(0);
    let lowered = change_line(change(&seen, 1, None)).await.unwrap();
    // Accepted, but its lead time begins on day 104 only.
    assert_eq!(lowered.liability.unwrap().finished_thousandths, 0);
    let seen = lowered.line.unwrap();
    assert_eq!((seen.withdrawn_lot_count, seen.asked_lot_count), (1, 1));
    // The newest line of its source can grow; its lots are counted on.
    let grown = change_line(change(&seen, 5, None)).await.unwrap();
    let seen = grown.line.unwrap();
    assert_eq!((seen.lot_count, seen.withdrawn_lot_count), (5, 0));
    assert_eq!(coming(&world, "LAMP").await, [(112, 10)]);
    assert_eq!(world.release(101).await.unwrap().lot_count, 0);
    assert_eq!(world.broken().await, []);

    // What has left cannot be taken back; both quantities are named.
    let shipped = pb::OrderLine {
        lot_count: 3,
        ..seen.clone()
    };
    world.ship(102, &[shipped]).await;
    let seen = world.lines().await.remove(0);
    let below = change_line(change(&seen, 2, None)).await.unwrap_err();
    assert_eq!(reason(&below), "LINE_BELOW_SHIPPED");
    assert!(
        below
            .message()
            .contains("6 are shipped and 0 of it received"),
        "{}",
        below.message()
    );
    let owed = cancel(&world, "rest", &[1], 110, false).await.unwrap();
    let liability = &owed.liabilities[0];
    // Two lots of the supplier's acceptance were in force with the others, which have left.
    assert_eq!(
        (
            liability.withdrawn_lot_count,
            liability.in_transit_thousandths,
            liability.finished_thousandths
        ),
        (2, 6_000, 0)
    );
    assert_eq!(coming(&world, "LAMP").await, [(103, 6)]);
    world.receive(103, &["ASN-GAMA-102"]).await.unwrap();
    let order = pb::GetPurchaseOrderRequest {
        purchase_order_id: seen.purchase_order_id,
    };
    let order = world.orders.get_purchase_order(Request::new(order)).await;
    let order = order.unwrap().into_inner().purchase_order.unwrap();
    assert_eq!(order.state(), pb::PurchaseOrderState::Closed);
    assert_eq!(world.broken().await, []);
}
