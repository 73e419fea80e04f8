//! Orders over gRPC: once, promised, and cancelled by who has seen them.

use std::{sync::atomic::Ordering, time::Duration};

use futures_util::future::join_all;
use takt_contract::{common::v1 as common, date_pb, delivery::v1 as pb};
use takt_kernel::RequestId;
use takt_service::error::reason_of;
use tonic::Code;

use super::service::{Service, chunk, create, day, order, production};
use crate::programme::sample::date;

#[tokio::test]
async fn orders_come_in_chunks_once_and_are_promised() {
    let service = Service::new(production()).await;
    let early = service
        .orders()
        .get_order(pb::GetOrderRequest {
            order_id: "A".into(),
        })
        .await
        .unwrap_err();
    assert_eq!(reason_of(&early).as_deref(), Some("NO_PROGRAMME"));
    service.import().await;
    let mut wrong = order("W");
    wrong.city = "Atlantis".into();
    let chunks = vec![
        chunk("1", vec![order("A"), wrong, order("B"), order("A")]),
        chunk("2", vec![order("C")]),
        chunk("1", vec![order("A"), order("X")]),
    ];
    let reused = service.intake(chunks.clone()).await.unwrap_err();
    assert_eq!(
        (reused.code(), reason_of(&reused).as_deref()),
        (Code::InvalidArgument, Some("REQUEST_ID_REUSED"))
    );
    let answers = service.intake(chunks[..2].to_vec()).await.unwrap();
    let again = service.intake(chunks[..2].to_vec()).await.unwrap();
    assert_eq!(answers, again);
    assert_eq!(answers[0].accepted_count, 2);
    let refused: Vec<_> = answers[0]
        .refused
        .iter()
        .map(|refused| (refused.index, refused.field.as_str()))
        .collect();
    assert_eq!(refused, [(1, "city"), (3, "order_id")]);
    service.settle().await;
    let read = service.get("C").await;
    assert_eq!(read.order.as_ref().map(|order| order.order_number), Some(3));
    assert_eq!(read.promises.len(), 1);
    // Two are built a day, and transit takes three: the third is built on the second day.
    assert_eq!(
        read.promises[0].deliver_on,
        Some(date_pb(date("2024-04-03")))
    );
    assert_eq!(
        read.timeline
            .iter()
            .map(|entry| entry.event.as_str())
            .collect::<Vec<_>>(),
        ["LOCKED", "PROMISED"]
    );
    assert_eq!(service.production.told.lock().unwrap().len(), 3);
    let list = pb::ListOrdersRequest {
        page_size: 2,
        ..pb::ListOrdersRequest::default()
    };
    let page = service
        .orders()
        .list_orders(list.clone())
        .await
        .unwrap()
        .into_inner();
    let next = pb::ListOrdersRequest {
        page_token: page.next_page_token.clone(),
        ..list
    };
    let rest = service
        .orders()
        .list_orders(next.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (
            page.orders.len(),
            rest.orders.len(),
            rest.next_page_token.as_str()
        ),
        (2, 1, "")
    );
    let foreign = pb::ListOrdersRequest {
        state: pb::OrderState::Built.into(),
        ..next
    };
    assert_eq!(
        service
            .orders()
            .list_orders(foreign)
            .await
            .unwrap_err()
            .code(),
        Code::InvalidArgument
    );
    let unknown = pb::ListOrdersRequest {
        state: 77,
        ..pb::ListOrdersRequest::default()
    };
    assert_eq!(
        service
            .orders()
            .list_orders(unknown)
            .await
            .unwrap_err()
            .code(),
        Code::InvalidArgument
    );
    assert_eq!(service.broken().await, [""; 0]);
    service.stop().await;
}

#[tokio::test]
async fn an_order_is_answered_with_its_promise() {
    let service = Service::imported(production()).await;
    let answer = service
        .orders()
        .create_order(create("1", "A"))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.result_status(), common::ResultStatus::Complete);
    assert_eq!(
        answer
            .promise
            .as_ref()
            .map(|promise| promise.promise_number),
        Some(1)
    );
    let again = service
        .orders()
        .create_order(create("1", "A"))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(again, answer);
    let taken = service
        .orders()
        .create_order(create("2", "A"))
        .await
        .unwrap_err();
    assert_eq!(taken.code(), Code::AlreadyExists);
    let reused = service
        .orders()
        .create_order(create("1", "B"))
        .await
        .unwrap_err();
    assert_eq!(reason_of(&reused).as_deref(), Some("REQUEST_ID_REUSED"));
    let mut wrong = create("3", "");
    wrong.request_id = "no".into();
    let wrong = service.orders().create_order(wrong).await.unwrap_err();
    assert_eq!(wrong.code(), Code::InvalidArgument);
    service.settle().await;
    assert_eq!(service.get("A").await.promises.len(), 1);
    assert_eq!(service.broken().await, [""; 0]);
    service.stop().await;
}

#[tokio::test]
async fn an_order_is_locked_though_production_is_away_and_promised_when_it_is_back() {
    let service = Service::imported(production()).await;
    service.production.away.store(true, Ordering::SeqCst);
    let mut request = tonic::Request::new(create("1", "A"));
    request.set_timeout(Duration::from_secs(2));
    let answer = service
        .orders()
        .create_order(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.result_status(), common::ResultStatus::Partial);
    assert_eq!(
        answer
            .tombstones
            .iter()
            .map(|hole| hole.node.as_str())
            .collect::<Vec<_>>(),
        ["production"]
    );
    assert_eq!(
        answer.order.as_ref().map(pb::Order::state),
        Some(pb::OrderState::Locked)
    );
    assert!(answer.promise.is_none());
    service.production.away.store(false, Ordering::SeqCst);
    service.settle().await;
    let promises = service.get("A").await.promises;
    assert_eq!(promises.len(), 1);
    let again = service
        .orders()
        .create_order(create("1", "A"))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (again.result_status(), again.promise.as_ref()),
        (common::ResultStatus::Complete, promises.first())
    );
    assert_eq!(service.broken().await, [""; 0]);
    service.stop().await;
}

#[tokio::test]
async fn many_orders_at_once_get_their_own_places() {
    let service = Service::imported(production()).await;
    let calls = (0..40).map(|n| {
        let mut client = service.orders();
        let request = create(&format!("r{n}"), &format!("O{n}"));
        async move { client.create_order(request).await.unwrap().into_inner() }
    });
    let mut numbers = Vec::new();
    for answer in join_all(calls).await {
        assert_eq!(answer.result_status(), common::ResultStatus::Complete);
        numbers.push(answer.order.unwrap().order_number);
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=40).collect::<Vec<i64>>());
    service.settle().await;
    assert_eq!(service.broken().await, [""; 0]);
    service.stop().await;
}

#[tokio::test]
async fn an_order_is_cancelled_by_who_has_seen_it() {
    let service = Service::imported(production()).await;
    service
        .intake(vec![chunk("1", vec![order("A")])])
        .await
        .unwrap();
    let seen = service.get("A").await.order.unwrap();
    let cancel = |name: &str, etag: &str| pb::CancelOrderRequest {
        request_id: RequestId::named(name).to_string(),
        order_id: "A".into(),
        cancelled_on: Some(date_pb(day())),
        etag: etag.into(),
    };
    let stale = service
        .orders()
        .cancel_order(cancel("c1", "stale"))
        .await
        .unwrap_err();
    assert_eq!(
        (stale.code(), reason_of(&stale).as_deref()),
        (Code::Aborted, Some("STALE"))
    );
    let answer = service
        .orders()
        .cancel_order(cancel("c2", &seen.etag))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        answer.order.as_ref().map(pb::Order::state),
        Some(pb::OrderState::Cancelled)
    );
    let again = service
        .orders()
        .cancel_order(cancel("c2", &seen.etag))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(again, answer);
    let twice = service
        .orders()
        .cancel_order(cancel("c3", ""))
        .await
        .unwrap_err();
    assert_eq!(
        reason_of(&twice).as_deref(),
        Some("ORDER_ALREADY_CANCELLED")
    );
    service.settle().await;
    assert_eq!(
        service
            .get("A")
            .await
            .timeline
            .last()
            .map(|entry| entry.event.as_str()),
        Some("CANCELLED")
    );
    assert_eq!(service.broken().await, [""; 0]);
    service.stop().await;
}
