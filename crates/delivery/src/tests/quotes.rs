//! Quotes over gRPC: asked for, kept, turned into orders with the promise that was quoted, given back.

use std::sync::atomic::Ordering;

use takt_contract::{
    common::v1 as common,
    date_pb,
    delivery::v1::{self as pb, quote_service_client::QuoteServiceClient},
    events::v1::fact_body::Kind,
};
use takt_kernel::RequestId;
use takt_service::error::reason_of;
use tonic::transport::Channel;

use super::service::{Service, order, production};
use crate::programme::sample::date;

fn id(name: &str) -> String {
    RequestId::named(name).to_string()
}

fn wish(count: i64, wanted: &str) -> Option<pb::QuoteWish> {
    let order = order("X");
    Some(pb::QuoteWish {
        variant_id: order.variant_id,
        options: order.options,
        vehicle_count: count,
        city: order.city,
        wanted_on: Some(date_pb(date(wanted))),
        split_allowed: true,
    })
}

fn to_hold(name: &str, count: i64) -> pb::HoldQuoteRequest {
    pb::HoldQuoteRequest {
        request_id: id(name),
        quote_id: name.into(),
        customer_id: "C-9".into(),
        as_of: Some(date_pb(date("2024-03-28"))),
        wish: wish(count, "2024-04-10"),
        latest_on: None,
        ttl_seconds: 600,
    }
}

fn to_confirm(name: &str, orders: &[&str]) -> pb::ConfirmQuoteRequest {
    pb::ConfirmQuoteRequest {
        request_id: id(&format!("confirm {name}")),
        quote_id: name.into(),
        order_ids: orders.iter().map(|order| (*order).to_owned()).collect(),
        locked_on: Some(date_pb(date("2024-03-29"))),
    }
}

#[tokio::test]
async fn a_quote_becomes_orders_with_the_promise_that_was_quoted() {
    let service = Service::imported(production()).await;
    let mut quotes: QuoteServiceClient<Channel> = QuoteServiceClient::new(service.channel.clone());
    let asked = pb::InquireQuoteRequest {
        as_of: Some(date_pb(date("2024-03-28"))),
        wish: wish(2, "2024-04-02"),
        ..pb::InquireQuoteRequest::default()
    };
    let offer = quotes
        .inquire_quote(asked)
        .await
        .unwrap()
        .into_inner()
        .offer
        .unwrap();
    // Complete by 2024-04-04, and three days on the longest lane.
    let told = &offer.dates[0];
    assert_eq!(
        (told.date, told.complete_on, told.vehicle_count),
        (
            Some(date_pb(date("2024-04-07"))),
            Some(date_pb(date("2024-04-04"))),
            2
        )
    );
    let transport = offer.reasons.last().unwrap();
    assert_eq!(transport.code(), common::ReasonCode::Transport);

    let held = quotes
        .hold_quote(to_hold("Q", 2))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        quotes
            .hold_quote(to_hold("Q", 2))
            .await
            .unwrap()
            .into_inner(),
        held
    );
    let quote = held.quote.unwrap();
    assert_eq!(
        (quote.state(), quote.dates.len()),
        (pb::QuoteState::Held, 2)
    );
    let few = quotes
        .confirm_quote(to_confirm("Q", &["A"]))
        .await
        .unwrap_err();
    assert_eq!(few.code(), tonic::Code::InvalidArgument);
    let confirmed = quotes
        .confirm_quote(to_confirm("Q", &["A", "B"]))
        .await
        .unwrap()
        .into_inner();
    let again = quotes
        .confirm_quote(to_confirm("Q", &["A", "B"]))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(confirmed, again);
    let quote = confirmed.quote.unwrap();
    assert_eq!(
        (quote.state(), quote.order_ids),
        (
            pb::QuoteState::Confirmed,
            vec!["A".to_owned(), "B".to_owned()]
        )
    );
    service.settle().await;
    let read = service.get("B").await;
    assert_eq!(read.promises.len(), 1);
    assert_eq!(
        (read.promises[0].build_on, read.promises[0].deliver_on),
        (
            Some(date_pb(date("2024-04-04"))),
            Some(date_pb(date("2024-04-07")))
        )
    );
    let holds: Vec<String> = service
        .production
        .told
        .lock()
        .unwrap()
        .iter()
        .filter_map(|fact| match fact.body.as_ref()?.kind.as_ref()? {
            Kind::OrderLocked(order) => Some(order.hold_id.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(holds, ["Q", "Q"]);
    // They have slots of their own: the next order is the first of the queue.
    service
        .intake(vec![super::service::chunk("1", vec![order("C")])])
        .await
        .unwrap();
    service.settle().await;
    assert_eq!(
        service.get("C").await.promises[0].deliver_on,
        Some(date_pb(date("2024-04-03")))
    );
    let late = pb::ReleaseQuoteRequest {
        request_id: id("late"),
        quote_id: "Q".into(),
    };
    let refused = quotes.release_quote(late).await.unwrap_err();
    assert_eq!(reason_of(&refused).as_deref(), Some("QUOTE_CONFIRMED"));
    assert_eq!(service.broken().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_quote_is_given_back_and_without_production_there_is_none() {
    let service = Service::imported(production()).await;
    let mut quotes = QuoteServiceClient::new(service.channel.clone());
    quotes.hold_quote(to_hold("Q", 1)).await.unwrap();
    let back = pb::ReleaseQuoteRequest {
        request_id: id("back"),
        quote_id: "Q".into(),
    };
    let released = quotes
        .release_quote(back)
        .await
        .unwrap()
        .into_inner()
        .quote
        .unwrap();
    assert_eq!(released.state(), pb::QuoteState::Released);
    let gone = quotes
        .confirm_quote(to_confirm("Q", &["A"]))
        .await
        .unwrap_err();
    assert_eq!(reason_of(&gone).as_deref(), Some("QUOTE_RELEASED"));
    let list = quotes
        .list_quotes(pb::ListQuotesRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!((list.quotes.len(), list.next_page_token.as_str()), (1, ""));
    service.production.away.store(true, Ordering::SeqCst);
    let mut late = tonic::Request::new(to_hold("R", 1));
    late.set_timeout(std::time::Duration::from_millis(400));
    assert!(quotes.hold_quote(late).await.is_err());
    let none = quotes
        .get_quote(pb::GetQuoteRequest {
            quote_id: "R".into(),
        })
        .await;
    assert_eq!(none.unwrap_err().code(), tonic::Code::NotFound);
}

#[tokio::test]
async fn a_quote_whose_order_somebody_else_took_meanwhile_ends() {
    let service = Service::imported(production()).await;
    let mut quotes = QuoteServiceClient::new(service.channel.clone());
    quotes.hold_quote(to_hold("Q", 2)).await.unwrap();
    // Production goes away after the quote was begun, and another takes the name of its second order.
    service.production.away.store(true, Ordering::SeqCst);
    let mut begun = tonic::Request::new(to_confirm("Q", &["A", "B"]));
    begun.set_timeout(std::time::Duration::from_millis(400));
    assert!(quotes.confirm_quote(begun).await.is_err());
    let get = || pb::GetQuoteRequest {
        quote_id: "Q".into(),
    };
    let state = |answer: tonic::Response<pb::GetQuoteResponse>| {
        answer.into_inner().quote.unwrap_or_default().state()
    };
    let quote = quotes.get_quote(get()).await.unwrap();
    assert_eq!(state(quote), pb::QuoteState::Confirming);
    service
        .intake(vec![super::service::chunk("1", vec![order("B")])])
        .await
        .unwrap();
    service.production.away.store(false, Ordering::SeqCst);
    let taken = quotes.confirm_quote(to_confirm("Q", &["A", "B"])).await;
    // The reconciler may have been faster; then the quote has ended already.
    let taken = taken.unwrap_err();
    assert!(
        taken.code() == tonic::Code::AlreadyExists
            || reason_of(&taken).as_deref() == Some("QUOTE_RELEASED"),
        "{taken}"
    );
    let quote = quotes.get_quote(get()).await.unwrap();
    assert_eq!(state(quote), pb::QuoteState::Released);
    let other = pb::GetOrderRequest {
        order_id: "A".into(),
    };
    let none = service.orders().get_order(other).await;
    assert_eq!(none.unwrap_err().code(), tonic::Code::NotFound);
    // The order that took the name is owed its promise still.
    service.settle().await;
    assert_eq!(service.broken().await, Vec::<String>::new());
}
