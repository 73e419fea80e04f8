//! The book of orders over the wire: what an open order becomes, until when, and that a refusal stands.

use takt_contract::production::v1::{
    order_book_service_client::OrderBookServiceClient,
    sequence_service_client::SequenceServiceClient,
};
use takt_service::error::reason_of;

use super::*;

type Book = OrderBookServiceClient<Channel>;

/// An order becomes a variant with wheels.
fn to_revise(name: &str, order: i64, variant: &str, wheel: &str) -> pb::ReviseOrderRequest {
    let options = [("WHEEL", wheel), ("EDITION", "NORMAL")];
    pb::ReviseOrderRequest {
        request_id: id(name),
        order_id: format!("SO-{order}"),
        variant_id: variant.into(),
        options: options
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        changed_on: Some(date_pb(day(0))),
        change_number: 1,
        validate_only: false,
    }
}

async fn revised(book: &Book, request: pb::ReviseOrderRequest) -> pb::ReviseOrderResponse {
    let answer = book.clone().revise_order(request).await.unwrap();
    answer.into_inner()
}

/// The reason of a refusal; empty when it was done.
async fn reason(book: &Book, request: pb::ReviseOrderRequest) -> String {
    let refusal = revised(book, request).await.refusal;
    refusal.map(|refusal| refusal.reason).unwrap_or_default()
}

/// Every order by number: variant, wheel and state.
async fn booked(book: &Book) -> Vec<(i64, String, String, pb::BookedOrderState)> {
    let (mut all, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = pb::ListBookedOrdersRequest {
            page_size: 3,
            page_token,
        };
        let page = book.clone().list_booked_orders(request).await.unwrap();
        let page = page.into_inner();
        all.extend(page.orders.into_iter().map(|order| {
            let state = order.state();
            let wheel = order.options.get("WHEEL").cloned().unwrap_or_default();
            (order.order_number, order.variant_id, wheel, state)
        }));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return all;
        }
    }
}

async fn locked() -> (Service, Book) {
    let mut service = Service::imported().await;
    service.stock();
    service
        .lock(&[
            (1, "MAX", "W20", false),
            (2, "STD", "W19", false),
            (3, "MAX", "W20", false),
            (4, "STD", "W19", false),
            (5, "STD", "W19", false),
        ])
        .await;
    let book = OrderBookServiceClient::new(service.channel.clone());
    (service, book)
}

#[tokio::test]
async fn an_order_is_built_as_it_was_revised_and_keeps_its_place() {
    let (mut service, book) = locked().await;
    let mut look = to_revise("look", 1, "STD", "W20");
    look.validate_only = true;
    let seen = revised(&book, look).await;
    assert_eq!(seen.order.unwrap().variant_id, "STD");
    assert_eq!(booked(&book).await[0].1, "MAX");

    let done = revised(&book, to_revise("one", 1, "STD", "W20")).await;
    assert_eq!(
        revised(&book, to_revise("one", 1, "STD", "W20")).await,
        done
    );
    let price = done.list_price_after.unwrap();
    assert_eq!(
        (price.currency_code.as_str(), price.minor_units),
        ("USD", 100)
    );
    let other = book
        .clone()
        .revise_order(to_revise("one", 1, "STD", "W19"))
        .await;
    assert_eq!(
        reason_of(&other.unwrap_err()).as_deref(),
        Some("REQUEST_ID_REUSED")
    );
    let unheard = book
        .clone()
        .revise_order(to_revise("lost", 9, "STD", "W19"))
        .await;
    assert_eq!(unheard.unwrap_err().code(), tonic::Code::NotFound);
    let unknown = reason(&book, to_revise("unknown", 2, "STD", "W99")).await;
    assert_eq!(unknown, "CONFIGURATION_UNKNOWN");

    // Two of each variant a day: of the STD the first and the second, which stood behind nobody before.
    service.plan(day(0), 1, false).await.unwrap();
    service.run_day(a_day(1)).await.unwrap();
    let built: Vec<_> = service.vehicles().await;
    let built: Vec<&str> = built
        .iter()
        .map(|vehicle| vehicle.order_id.as_str())
        .collect();
    assert_eq!(
        (
            built.contains(&"SO-1"),
            built.contains(&"SO-2"),
            built.contains(&"SO-5")
        ),
        (true, true, false),
        "{built:?}"
    );
    let orders = booked(&book).await;
    let first = &orders[0];
    assert_eq!(
        (first.1.as_str(), first.2.as_str(), first.3),
        ("STD", "W20", pb::BookedOrderState::Built)
    );
    assert_eq!(
        reason(&book, to_revise("late", 1, "MAX", "W20")).await,
        "ORDER_ALREADY_BUILT"
    );
    assert_eq!(service.broken().await, []);
    service.stop().await;
}

#[tokio::test]
async fn what_is_sequenced_stays_and_a_refusal_stands() {
    let (mut service, book) = locked().await;
    service.plan(day(0), 1, false).await.unwrap();
    let mut sequences = SequenceServiceClient::new(service.channel.clone());
    let request = pb::SequenceDayRequest {
        request_id: id("sequence"),
        date: Some(date_pb(day(1))),
        ..Default::default()
    };
    let told = sequences.sequence_day(request).await.unwrap().into_inner();
    read(told).await.unwrap();
    let sequenced = sequences.get_sequence(pb::GetSequenceRequest {
        date: Some(date_pb(day(1))),
    });
    let places = sequenced.await.unwrap().into_inner().places;
    assert!(
        places.iter().any(|place| place.order_id == "SO-2"),
        "{places:?}"
    );
    let refusal = revised(&book, to_revise("two", 2, "MAX", "W20"))
        .await
        .refusal
        .unwrap();
    assert_eq!(refusal.reason, "ORDER_SEQUENCED");
    assert!(
        refusal.message.contains("Resequence"),
        "{}",
        refusal.message
    );
    // Out of the day it can become another, but what was refused stays refused.
    let out = pb::ResequenceRequest {
        request_id: id("out"),
        date: Some(date_pb(day(1))),
        holds: vec![pb::SequenceHold {
            order_id: "SO-2".into(),
            reason: pb::SequenceHoldReason::Hold.into(),
            not_before_place: None,
        }],
        ..Default::default()
    };
    sequences.resequence(out).await.unwrap();
    assert_eq!(
        reason(&book, to_revise("two", 2, "MAX", "W20")).await,
        "ORDER_SEQUENCED"
    );
    assert_eq!(
        reason(&book, to_revise("two again", 2, "MAX", "W20")).await,
        ""
    );
    service.run_day(a_day(1)).await.unwrap();
    assert_eq!(service.broken().await, []);
    service.stop().await;
}

#[tokio::test]
async fn an_order_with_a_slot_keeps_what_was_quoted() {
    let (mut service, book) = locked().await;
    service.plan(day(0), 1, false).await.unwrap();
    let mut promises = PromiseServiceClient::new(service.channel.clone());
    let options = [("WHEEL", "W20"), ("EDITION", "NORMAL")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()));
    let hold = pb::HoldPromiseRequest {
        request_id: id("hold"),
        hold_id: "H".into(),
        as_of: Some(date_pb(day(0))),
        wish: Some(pb::PromiseWish {
            variant_id: "MAX".into(),
            options: options.into(),
            vehicle_count: 1,
            wanted_on: Some(date_pb(day(4))),
            split_allowed: true,
        }),
        latest_on: None,
        ttl_seconds: 600,
    };
    promises.hold_promise(hold).await.unwrap();
    let confirm = pb::ConfirmHoldRequest {
        request_id: id("confirm"),
        hold_id: "H".into(),
    };
    promises.confirm_hold(confirm).await.unwrap();
    service.lock_on("H", &[(6, "MAX", "W20")]).await;
    assert_eq!(
        reason(&book, to_revise("slot", 6, "STD", "W19")).await,
        "ORDER_HAS_SLOT"
    );
    assert_eq!(service.broken().await, []);
    service.stop().await;
}

#[tokio::test]
async fn revisions_beside_a_day_never_build_what_the_order_is_not() {
    let mut service = Service::imported().await;
    service.stock();
    let orders: Vec<_> = (1..=24)
        .map(|n| (n, if n % 2 == 0 { "MAX" } else { "STD" }, "W19", false))
        .collect();
    service.lock(&orders).await;
    let book = OrderBookServiceClient::new(service.channel.clone());
    service.plan(day(0), 1, false).await.unwrap();
    for n in 1..=4 {
        let revising = (1..=24).map(|order| {
            let variant = if (order + i64::from(n)) % 3 == 0 {
                "MAX"
            } else {
                "STD"
            };
            let wheel = if (order + i64::from(n)) % 2 == 0 {
                "W20"
            } else {
                "W19"
            };
            let request = to_revise(&format!("{n}/{order}"), order, variant, wheel);
            let mut book = book.clone();
            async move {
                book.revise_order(request)
                    .await
                    .unwrap()
                    .into_inner()
                    .refusal
                    .is_none()
            }
        });
        let revising = futures_util::future::join_all(revising);
        let (built, done) = tokio::join!(service.run_day(a_day(n)), revising);
        built.unwrap();
        assert!(done.contains(&true), "day {n}");
        assert_eq!(service.broken().await, [], "day {n}");
    }
    let built = booked(&book).await;
    let built = built
        .iter()
        .filter(|order| order.3 == pb::BookedOrderState::Built);
    assert_eq!(built.count(), service.vehicles().await.len());
    service.stop().await;
}
