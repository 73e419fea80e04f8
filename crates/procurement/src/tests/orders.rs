//! Netting into orders, and the supplier's word on them.

use std::collections::BTreeMap;

use takt_contract::procurement::v1::{
    self as pb, purchase_order_service_server::PurchaseOrderService,
    requirement_service_server::RequirementService,
};
use takt_kernel::Quantity;
use tonic::{Code, Request, Status};

use super::{World, all, id, n_of, on, reason, sample::day};
use crate::requirement::{Plan, Series, rpc::RequirementRpc};

/// A line as item and supplier, lots, first lot, needed, receipt, ship and release day, past due.
fn told(line: &pb::OrderLine) -> (String, i32, i64, [i32; 4], bool) {
    let days = [
        &line.needed_on,
        &line.receipt_on,
        &line.ship_on,
        &line.released_on,
    ]
    .map(|date| n_of(date.as_ref()));
    (
        format!("{}.{}", line.item_id, line.supplier_id),
        line.lot_count,
        line.first_lot_sequence,
        days,
        line.past_due,
    )
}

async fn answer(
    world: &World,
    request: &str,
    words: &[(i64, pb::LineResponse)],
) -> Result<i32, Status> {
    let acknowledgements = words
        .iter()
        .map(|(line_number, word)| pb::LineAcknowledgement {
            line_number: *line_number,
            response: (*word).into(),
            ..pb::LineAcknowledgement::default()
        });
    let message = pb::AcknowledgeLinesRequest {
        request_id: id(request),
        acknowledgements: acknowledgements.collect(),
        acknowledged_on: None,
    };
    Ok(world
        .orders
        .acknowledge_lines(Request::new(message))
        .await?
        .into_inner()
        .changed_count)
}

#[tokio::test]
async fn two_suppliers_are_ordered_from_each_at_its_lead_time_and_by_quota() {
    let mut world = World::new().await;
    // Bolts: 25 a day on days 120 and 121 are lots 0-2 and 3-4; the quota sends them to BETA ALFA BETA | ALFA BETA.
    assert!(world.plan(100, &[(2, 120, &[25, 25])]).await);
    for on in 100..=112 {
        assert_eq!(world.release(on).await.unwrap().line_count, 0, "{on}");
    }
    // ALFA takes six days to the evening of day 119, BETA four.
    assert_eq!(world.release(113).await.unwrap().lot_count, 1);
    assert_eq!(world.release(114).await.unwrap().lot_count, 1);
    let answer = world.release(115).await.unwrap();
    assert_eq!(
        (
            answer.order_count,
            answer.line_count,
            answer.lot_count,
            answer.past_due_line_count
        ),
        (1, 1, 2, 0)
    );
    assert_eq!(world.release(116).await.unwrap().lot_count, 1);
    assert_eq!(world.release(117).await.unwrap().line_count, 0);
    let lines: Vec<_> = world.lines().await.iter().map(told).collect();
    assert_eq!(
        lines,
        [
            ("BOLT.ALFA".into(), 1, 1, [120, 119, 116, 113], false),
            ("BOLT.ALFA".into(), 1, 2, [121, 120, 117, 114], false),
            ("BOLT.BETA".into(), 2, 1, [120, 119, 118, 115], false),
            ("BOLT.BETA".into(), 1, 3, [121, 120, 119, 116], false),
        ]
    );
    assert_eq!(world.broken().await, []);
}

#[tokio::test]
async fn what_is_past_due_keeps_its_need_and_says_when_it_can_come() {
    let mut world = World::new().await;
    // Lamps take eight days; for day 105 they should have been ordered on day 96.
    world.plan(100, &[(4, 105, &[2, 0, 0, 0, 2])]).await;
    let answer = world.release(100).await.unwrap();
    assert_eq!((answer.line_count, answer.past_due_line_count), (2, 1));
    let lines: Vec<_> = world.lines().await.iter().map(told).collect();
    assert_eq!(
        lines,
        [
            ("LAMP.GAMA".into(), 1, 1, [105, 108, 107, 100], true),
            ("LAMP.GAMA".into(), 1, 2, [109, 108, 107, 100], false),
        ]
    );
    // A plan that comes later with the same need orders nothing again.
    world.plan(101, &[(4, 105, &[2, 0, 0, 0, 2])]).await;
    assert_eq!(world.release(101).await.unwrap().line_count, 0);
}

#[tokio::test]
async fn a_request_is_answered_once_and_days_do_not_go_back() {
    let mut world = World::new().await;
    assert_eq!(reason(&world.release(100).await.unwrap_err()), "NO_PLAN");
    world.plan(100, &[(4, 110, &[4])]).await;
    assert_eq!(
        reason(&world.release(99).await.unwrap_err()),
        "ORDERING_NOT_OPEN"
    );
    let first = world.release(101).await.unwrap();
    assert_eq!(
        (first.lot_count, world.release(101).await.unwrap()),
        (2, first)
    );
    assert_eq!(
        reason(&world.release(100).await.unwrap_err()),
        "RELEASE_DATE_PASSED"
    );
    let message = pb::ReleaseOrdersRequest {
        request_id: id("release 101"),
        business_date: on(102),
    };
    let status = world
        .orders
        .release_orders(Request::new(message))
        .await
        .unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::InvalidArgument, "REQUEST_ID_REUSED")
    );
    let message = pb::ReleaseOrdersRequest {
        request_id: "x".into(),
        business_date: None,
    };
    let status = world
        .orders
        .release_orders(Request::new(message))
        .await
        .unwrap_err();
    assert_eq!(
        (status.code(), world.lines().await.len()),
        (Code::InvalidArgument, 1)
    );
}

#[tokio::test]
async fn an_older_plan_never_takes_the_place_of_a_newer_one() {
    let mut world = World::new().await;
    assert!(world.plan(107, &[(4, 120, &[4])]).await);
    assert!(!world.plan(100, &[(4, 120, &[40])]).await);
    let old = Plan {
        id: "old".into(),
        as_of: day(107),
        position: 0,
    };
    let series = BTreeMap::from([(
        4,
        Series {
            first: day(120),
            days: vec![Quantity::from_units(8)],
        },
    )]);
    assert!(!world.plan_of(old.clone(), series.clone()).await);
    let rpc = RequirementRpc(std::sync::Arc::clone(&world.desk));
    let ask = |item: &str| {
        Request::new(pb::GetRequirementRequest {
            item_id: item.into(),
        })
    };
    let held = rpc.get_requirement(ask("LAMP")).await.unwrap().into_inner();
    assert_eq!(
        (held.plan_id.as_str(), held.series.unwrap().thousandths),
        ("demo-1", vec![4_000])
    );
    // A later plan of the same day does, and what it does not need is gone.
    assert!(
        world
            .plan_of(Plan { position: 9, ..old }, BTreeMap::new())
            .await
    );
    assert_eq!(
        rpc.get_requirement(ask("LAMP"))
            .await
            .unwrap()
            .into_inner()
            .series,
        None
    );
    assert_eq!(
        rpc.get_requirement(ask("CAR")).await.unwrap_err().code(),
        Code::NotFound
    );
}

#[tokio::test]
async fn a_line_that_is_rejected_is_ordered_anew() {
    let mut world = World::new().await;
    world.plan(100, &[(4, 109, &[4])]).await;
    world.release(100).await.unwrap();
    assert_eq!(
        answer(&world, "yes", &[(1, pb::LineResponse::Accepted)])
            .await
            .unwrap(),
        1
    );
    assert_eq!(
        answer(&world, "again", &[(1, pb::LineResponse::Accepted)])
            .await
            .unwrap(),
        0
    );
    assert_eq!(
        answer(&world, "no", &[(1, pb::LineResponse::Rejected)])
            .await
            .unwrap(),
        1
    );
    assert_eq!(
        reason(
            &answer(&world, "yes after all", &[(1, pb::LineResponse::Accepted)])
                .await
                .unwrap_err()
        ),
        "LINE_REJECTED"
    );
    assert_eq!(
        answer(&world, "unknown", &[(7, pb::LineResponse::Accepted)])
            .await
            .unwrap_err()
            .code(),
        Code::NotFound
    );
    assert_eq!(
        answer(&world, "nothing", &[(1, pb::LineResponse::Pending)])
            .await
            .unwrap_err()
            .code(),
        Code::InvalidArgument
    );
    assert_eq!(world.total("LAMP").await, [0, 0, 0, 4]);
    assert_eq!(world.release(101).await.unwrap().lot_count, 2);
    let lines = world.lines().await;
    assert_eq!(
        told(&lines[1]),
        ("LAMP.GAMA".into(), 2, 3, [109, 109, 108, 101], true)
    );
    assert_eq!(world.broken().await, []);
}

#[tokio::test]
async fn orders_are_found_by_name_and_listed_oldest_first() {
    let mut world = World::new().await;
    world
        .plan(100, &[(2, 110, &[25, 25]), (3, 110, &[11]), (4, 110, &[2])])
        .await;
    for on in 100..=106 {
        world.release(on).await.unwrap();
    }
    let list = async |token: &str, supplier: &str| {
        let message = pb::ListPurchaseOrdersRequest {
            page_size: 2,
            page_token: token.into(),
            supplier_id: supplier.into(),
        };
        world
            .orders
            .list_purchase_orders(Request::new(message))
            .await
            .map(tonic::Response::into_inner)
    };
    let (mut ids, mut token) = (Vec::new(), String::new());
    loop {
        let page = list(&token, "").await.unwrap();
        ids.extend(page.purchase_orders.into_iter().map(|order| {
            (
                order.supplier_id,
                n_of(order.released_on.as_ref()),
                order.line_count,
            )
        }));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    let named = |id: &str, on, lines| (id.to_owned(), on, lines);
    assert_eq!(
        ids,
        [
            named("GAMA", 101, 1),
            named("ALFA", 103, 1),
            named("ALFA", 104, 1),
            named("GAMA", 104, 1),
            named("BETA", 105, 1),
            named("BETA", 106, 1),
        ]
    );
    let page = list("", "GAMA").await.unwrap();
    assert_eq!(page.purchase_orders.len(), 2);
    assert!(list(&page.next_page_token, "ALFA").await.is_err());
    assert_eq!(list("", "OMEGA").await.unwrap_err().code(), Code::NotFound);
    let id = page.purchase_orders[1].purchase_order_id.clone();
    let message = pb::GetPurchaseOrderRequest {
        purchase_order_id: id,
    };
    let found = world
        .orders
        .get_purchase_order(Request::new(message))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        found
            .lines
            .iter()
            .map(|line| (line.item_id.as_str(), line.lot_count))
            .collect::<Vec<_>>(),
        [("COIL", 2)]
    );
    assert_eq!(found.lines[0].first_lot_number, 3_010_000_001);
    for bad in [
        "PO-GAMA-20220101",
        "PO-OMEGA-20220413",
        "GAMA",
        "PO-GAMA-2022041",
        "",
    ] {
        let message = pb::GetPurchaseOrderRequest {
            purchase_order_id: bad.into(),
        };
        assert_eq!(
            world
                .orders
                .get_purchase_order(Request::new(message))
                .await
                .unwrap_err()
                .code(),
            Code::NotFound,
            "{bad}"
        );
    }
}

#[tokio::test]
async fn action_messages_say_what_to_do_and_why() {
    let mut world = World::new().await;
    // Two lamps each on day 109 and 112; both lots are ordered, the first one on its last day.
    world.plan(100, &[(4, 109, &[2, 0, 0, 2])]).await;
    world.release(100).await.unwrap();
    let actions = async |as_of: i32| {
        let message = pb::StreamActionMessagesRequest { as_of: on(as_of) };
        let messages = all(world
            .orders
            .stream_action_messages(Request::new(message))
            .await)
        .await
        .unwrap();
        let told = |message: pb::ActionMessage| {
            let why = message
                .reason
                .as_ref()
                .map(|reason| reason.code().as_str_name().replace("REASON_CODE_", ""));
            (
                message.kind().as_str_name().replace("ACTION_KIND_", ""),
                n_of(message.on.as_ref()),
                message.lot_count,
                why,
            )
        };
        messages
            .into_iter()
            .flat_map(|message| message.messages)
            .map(told)
            .collect::<Vec<_>>()
    };
    assert_eq!(actions(100).await, []);
    assert_eq!(actions(103).await, [("ORDER".to_owned(), 103, 1, None)]);
    assert_eq!(
        actions(105).await[0],
        (
            "ORDER".to_owned(),
            103,
            1,
            Some("LEAD_TIME_PAST_DUE".into())
        )
    );
    // Nothing has left on day 107, so on day 108 the lot comes a day late.
    assert_eq!(
        actions(108).await[1],
        ("EXPEDITE".to_owned(), 109, 1, Some("AWAIT_SUPPLY".into()))
    );
    world.plan(101, &[(4, 115, &[2])]).await;
    let message = pb::StreamActionMessagesRequest { as_of: on(101) };
    let messages = all(world
        .orders
        .stream_action_messages(Request::new(message))
        .await)
    .await
    .unwrap();
    assert_eq!(
        (
            messages[0].messages[0].kind(),
            n_of(messages[0].messages[0].needed_on.as_ref())
        ),
        (pb::ActionKind::Defer, 115)
    );
    world.plan(102, &[]).await;
    let message = pb::StreamActionMessagesRequest { as_of: on(102) };
    let messages = all(world
        .orders
        .stream_action_messages(Request::new(message))
        .await)
    .await
    .unwrap();
    assert_eq!(
        (
            messages[0].messages[0].kind(),
            messages[0].messages[0].needed_on
        ),
        (pb::ActionKind::Cancel, None)
    );
}
