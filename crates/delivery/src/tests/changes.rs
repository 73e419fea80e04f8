//! Orders become others over gRPC: with production's word, without it, and beside everything else that happens to orders.

use std::{collections::BTreeMap, sync::atomic::Ordering, time::Duration};

use takt_contract::{
    common::v1 as common,
    date_pb,
    delivery::v1::{self as pb, quote_service_client::QuoteServiceClient},
};
use takt_kernel::{RequestId, stable_hash};
use takt_service::error::reason_of;
use tonic::{Code, Status};

use super::service::{Service, chunk, day, order, production};
use crate::programme::sample::{date, options};

fn id(name: &str) -> String {
    RequestId::named(name).to_string()
}

/// An order becomes an STD.
fn to_std(name: &str, order_id: &str) -> pb::ChangeOrderRequest {
    pb::ChangeOrderRequest {
        request_id: id(name),
        order_id: order_id.into(),
        changed_on: Some(date_pb(day())),
        variant_id: "STD".into(),
        options: options(&[("WHEEL", "W19")]),
        ..pb::ChangeOrderRequest::default()
    }
}

fn to_colour(name: &str, order_id: &str, colour: &str) -> pb::ChangeOrderRequest {
    pb::ChangeOrderRequest {
        variant_id: String::new(),
        options: options(&[("COLOR", colour)]),
        ..to_std(name, order_id)
    }
}

impl Service {
    async fn change(
        &self,
        request: pb::ChangeOrderRequest,
    ) -> Result<pb::ChangeOrderResponse, Status> {
        Ok(self.orders().change_order(request).await?.into_inner())
    }

    /// The same with less patience than the service would have.
    async fn change_soon(
        &self,
        request: pb::ChangeOrderRequest,
    ) -> Result<pb::ChangeOrderResponse, Status> {
        let mut request = tonic::Request::new(request);
        request.set_timeout(Duration::from_millis(600));
        Ok(self.orders().change_order(request).await?.into_inner())
    }
}

async fn with_orders(count: usize) -> Service {
    let service = Service::imported(production()).await;
    let orders = (1..=count).map(|n| order(&format!("O{n}"))).collect();
    service.intake(vec![chunk("all", orders)]).await.unwrap();
    service.settle().await;
    service
}

fn events(read: &pb::GetOrderResponse) -> Vec<&str> {
    let entries = read.timeline.iter();
    entries.map(|entry| entry.event.as_str()).collect()
}

#[tokio::test]
async fn an_order_becomes_another_one_with_price_and_day() {
    let service = with_orders(40).await;
    let before = service.get("O40").await;
    // Two of each variant are built a day, and transit takes three: the fortieth MAX is built on the twentieth day.
    assert_eq!(
        before.promises[0].deliver_on,
        Some(date_pb(date("2024-04-20")))
    );
    let mut look = to_std("look", "O40");
    look.validate_only = true;
    let seen = service.change(look.clone()).await.unwrap();
    assert_eq!(service.change(look).await.unwrap(), seen);
    let (change, promise) = (seen.change.clone().unwrap(), seen.promise.clone().unwrap());
    assert_eq!(change.state(), pb::OrderChangeState::Unspecified);
    assert_eq!(service.get("O40").await, before);

    let done = service.change(to_std("one", "O40")).await.unwrap();
    assert_eq!(service.change(to_std("one", "O40")).await.unwrap(), done);
    // The queue of the STD is empty: it is the first there.
    let first = done.promise.clone().unwrap();
    assert_eq!(
        (first.promise_number, first.build_on, first.deliver_on),
        (
            2,
            Some(date_pb(date("2024-03-29"))),
            Some(date_pb(date("2024-04-03")))
        )
    );
    assert_eq!(first, promise);
    assert_eq!(
        done.price_difference.clone().unwrap().minor_units,
        -8_400_000
    );
    let change = done.change.clone().unwrap();
    assert_eq!(
        (
            change.state(),
            change.variant_id_after.as_str(),
            change.city_after.as_str()
        ),
        (pb::OrderChangeState::Done, "STD", "Xi'an")
    );
    let after = service.get("O40").await;
    let now = after.order.clone().unwrap();
    let then = before.order.clone().unwrap();
    assert_eq!(
        (now.order_number, now.locked_on),
        (then.order_number, then.locked_on)
    );
    assert_ne!(now.etag, then.etag);
    assert_eq!(after.promises.len(), 2);
    assert_eq!(after.promises[0], before.promises[0]);
    assert_eq!(
        events(&after),
        ["LOCKED", "PROMISED", "CHANGED", "PROMISED_ANEW"]
    );
    assert_eq!(after.timeline[2].subject, "MAX to STD, WHEEL W21 to W19");
    let mut reused = to_std("one", "O40");
    reused.city = "Shanghai".into();
    let reused = service.change(reused).await.unwrap_err();
    assert_eq!(reason_of(&reused).as_deref(), Some("REQUEST_ID_REUSED"));

    // Another colour moves no day, so the promise holds; who saw the order before is told so.
    let mut stale = to_colour("stale", "O40", "GREY");
    stale.etag = then.etag;
    assert_eq!(
        service.change(stale).await.unwrap_err().code(),
        Code::Aborted
    );
    let mut grey = to_colour("grey", "O40", "GREY");
    grey.etag = now.etag;
    let grey = service.change(grey).await.unwrap();
    assert_eq!(
        (grey.promise, grey.price_difference.unwrap().minor_units),
        (Some(first), 0)
    );
    // The one behind it in the queue of the MAX does not move; the mirror has seen both changes.
    service
        .intake(vec![chunk("more", vec![order("P")])])
        .await
        .unwrap();
    service.settle().await;
    assert_eq!(
        service.get("P").await.promises[0].build_on,
        before.promises[0].build_on
    );
    assert_eq!(service.broken().await, Vec::<String>::new());
    service.stop().await;
}

#[tokio::test]
async fn a_wrong_change_is_told_whole_and_changes_nothing() {
    let service = with_orders(2).await;
    let before = service.get("O1").await;
    let mut wrong = to_std("wrong", "O1");
    wrong.options = options(&[("EDITION", "FOUNDERS"), ("COLOR", "PINK")]);
    wrong.city = "Atlantis".into();
    let told = service.change(wrong).await.unwrap_err();
    assert_eq!(told.code(), Code::InvalidArgument);
    // The edition, the city, the colour, and wheels that an STD does not have.
    let sentence = told.message();
    assert!(
        sentence.starts_with("options[EDITION]") && sentence.ends_with("(and 3 more)"),
        "{told}"
    );
    let mut early = to_std("early", "O1");
    early.changed_on = Some(date_pb(day().minus(1)));
    let early = service.change(early).await.unwrap_err();
    assert_eq!(reason_of(&early).as_deref(), Some("CHANGED_TOO_EARLY"));
    let missing = service.change(to_std("missing", "X")).await.unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);
    let cancel = pb::CancelOrderRequest {
        request_id: id("cancel"),
        order_id: "O2".into(),
        cancelled_on: Some(date_pb(day())),
        etag: String::new(),
    };
    service.orders().cancel_order(cancel).await.unwrap();
    let gone = service.change(to_std("gone", "O2")).await.unwrap_err();
    assert_eq!(reason_of(&gone).as_deref(), Some("ORDER_ALREADY_CANCELLED"));

    // What production says no to is kept as that, and the order stays.
    service.production.book.lock().unwrap().refusing = "ORDER_SEQUENCED".into();
    for name in ["no", "no"] {
        let refused = service.change(to_std(name, "O1")).await.unwrap_err();
        assert_eq!(reason_of(&refused).as_deref(), Some("ORDER_SEQUENCED"));
    }
    let after = service.get("O1").await;
    assert_eq!(
        (&after.order, &after.timeline),
        (&before.order, &before.timeline)
    );
    let states: Vec<_> = after.changes.iter().map(pb::OrderChange::state).collect();
    assert_eq!(states, [pb::OrderChangeState::Refused; 2]);
    service.production.book.lock().unwrap().refusing.clear();
    let done = service.change(to_std("no", "O1")).await.unwrap();
    assert_eq!(done.change.unwrap().change_number, 3);
    assert_eq!(service.broken().await, Vec::<String>::new());
    service.stop().await;
}

#[tokio::test]
async fn what_was_begun_is_finished_when_production_is_back() {
    let service = with_orders(2).await;
    service.production.away.store(true, Ordering::SeqCst);
    assert!(service.change_soon(to_std("one", "O1")).await.is_err());
    let waiting = service.get("O1").await;
    assert_eq!(waiting.order.unwrap().variant_id, "MAX");
    assert_eq!(waiting.changes[0].state(), pb::OrderChangeState::UnderWay);
    let other = service
        .change_soon(to_colour("two", "O1", "GREY"))
        .await
        .unwrap_err();
    assert_eq!(reason_of(&other).as_deref(), Some("ORDER_CHANGE_UNDER_WAY"));
    // Another city is none of production's business, and its day is owed.
    let mut city = to_std("city", "O2");
    (city.variant_id, city.options, city.city) =
        (String::new(), BTreeMap::new(), "Shanghai".into());
    let moved = service.change_soon(city.clone()).await.unwrap();
    assert_eq!(moved.result_status(), common::ResultStatus::Partial);
    assert_eq!(moved.order.unwrap().city, "Shanghai");

    service.production.away.store(false, Ordering::SeqCst);
    service.settle().await;
    let done = service.get("O1").await;
    assert_eq!(done.order.unwrap().variant_id, "STD");
    let again = service.change(to_std("one", "O1")).await.unwrap();
    assert_eq!(again.change, done.changes.last().cloned());
    let city = service.change(city).await.unwrap();
    assert_eq!(city.result_status(), common::ResultStatus::Complete);
    assert_eq!((city.price_difference, city.list_price_after), (None, None));
    assert_eq!(service.broken().await, Vec::<String>::new());
    service.stop().await;
}

#[tokio::test]
async fn an_order_is_what_was_built_although_the_answer_got_lost() {
    let service = with_orders(2).await;
    // Production has changed the order and built it, and delivery hears of both before it hears the answer.
    service.production.book.lock().unwrap().lost = i32::MAX;
    assert!(service.change_soon(to_std("one", "O1")).await.is_err());
    service
        .production
        .book
        .lock()
        .unwrap()
        .build("O1", day().plus(1));
    service.production.tell(&service.channel).await;
    let built = service.get("O1").await;
    let order = built.order.clone().unwrap();
    assert_eq!(
        (order.variant_id.as_str(), order.state()),
        ("STD", pb::OrderState::Built)
    );
    service.production.book.lock().unwrap().lost = 0;
    let answer = service.change(to_std("one", "O1")).await.unwrap();
    assert_eq!(answer.change.unwrap().state(), pb::OrderChangeState::Done);
    service.settle().await;
    // The other way about: it was built before the change came, and stays what it was.
    service
        .production
        .book
        .lock()
        .unwrap()
        .build("O2", day().plus(1));
    let refused = service.change(to_std("two", "O2")).await.unwrap_err();
    assert_eq!(reason_of(&refused).as_deref(), Some("ORDER_ALREADY_BUILT"));
    service.production.tell(&service.channel).await;
    let refused = service.change(to_std("three", "O2")).await.unwrap_err();
    assert_eq!(reason_of(&refused).as_deref(), Some("ORDER_ALREADY_BUILT"));
    assert_eq!(service.broken().await, Vec::<String>::new());
    service.stop().await;
}

#[tokio::test]
async fn an_order_with_the_slot_of_a_quote_goes_to_another_city() {
    let service = Service::imported(production()).await;
    let mut quotes = QuoteServiceClient::new(service.channel.clone());
    let wanted = order("X");
    let hold = pb::HoldQuoteRequest {
        request_id: id("hold"),
        quote_id: "Q".into(),
        customer_id: "C-9".into(),
        as_of: Some(date_pb(day())),
        wish: Some(pb::QuoteWish {
            variant_id: wanted.variant_id,
            options: wanted.options,
            vehicle_count: 1,
            city: wanted.city,
            wanted_on: Some(date_pb(date("2024-04-10"))),
            split_allowed: true,
        }),
        latest_on: None,
        ttl_seconds: 600,
    };
    quotes.hold_quote(hold).await.unwrap();
    let confirm = pb::ConfirmQuoteRequest {
        request_id: id("confirm"),
        quote_id: "Q".into(),
        order_ids: vec!["A".into()],
        locked_on: Some(date_pb(day())),
    };
    quotes.confirm_quote(confirm).await.unwrap();
    service.settle().await;
    let mut city = to_std("city", "A");
    (city.variant_id, city.options, city.city) =
        (String::new(), BTreeMap::new(), "Shanghai".into());
    let moved = service.change(city).await.unwrap();
    // The slot stays, and the days of the other lane are within the week for which a promise holds.
    assert_eq!(moved.promise.unwrap().promise_number, 1);
    assert_eq!(moved.order.unwrap().city, "Shanghai");
    assert_eq!(service.broken().await, Vec::<String>::new());
    service.stop().await;
}

/// Numbers that look random and are the same in every run.
struct Dice(u64, String);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 += 1;
        let drawn = stable_hash(format!("{}/{}", self.1, self.0).as_bytes());
        usize::try_from(drawn % u64::try_from(most).unwrap()).unwrap()
    }
}

#[tokio::test]
async fn whatever_happens_to_orders_both_sides_end_alike() {
    for seed in ["one", "two", "three"] {
        let service = with_orders(12).await;
        let (mut dice, mut locked) = (Dice(0, seed.to_owned()), 12);
        for step in 0..60 {
            let name = format!("{seed}/{step}");
            let which = format!("O{}", 1 + dice.below(locked));
            match dice.below(10) {
                0 => {
                    locked += 1;
                    let new = chunk(&name, vec![order(&format!("O{locked}"))]);
                    service.intake(vec![new]).await.unwrap();
                }
                1 => {
                    let cancel = pb::CancelOrderRequest {
                        request_id: id(&name),
                        order_id: which,
                        cancelled_on: Some(date_pb(day())),
                        etag: String::new(),
                    };
                    let _ = service.orders().cancel_order(cancel).await;
                }
                2 => service
                    .production
                    .book
                    .lock()
                    .unwrap()
                    .build(&which, day().plus(2)),
                3 => service.production.tell(&service.channel).await,
                4 => service.production.book.lock().unwrap().lost = 1,
                5 => {
                    let mut city = to_colour(&name, &which, "GREY");
                    city.city = ["Shanghai", "Xi'an"][dice.below(2)].into();
                    let _ = service.change_soon(city).await;
                }
                6 => {
                    let mut back = to_std(&name, &which);
                    back.variant_id = "MAX".into();
                    let _ = service.change_soon(back).await;
                }
                7 => {
                    let colour = ["BLUE", "GREY"][dice.below(2)];
                    let _ = service.change_soon(to_colour(&name, &which, colour)).await;
                }
                _ => {
                    let _ = service.change_soon(to_std(&name, &which)).await;
                }
            }
        }
        service.production.book.lock().unwrap().lost = 0;
        service.settle().await;
        service.production.tell(&service.channel).await;
        service.settle().await;
        let (mut changed, mut built) = (0, 0);
        for n in 1..=locked {
            let id = format!("O{n}");
            let read = service.get(&id).await;
            let order = read.order.unwrap();
            let entry = service
                .production
                .book
                .lock()
                .unwrap()
                .orders
                .get(&id)
                .cloned();
            let entry = entry.unwrap();
            assert_eq!(
                (&order.variant_id, &order.options),
                (&entry.variant_id, &entry.options),
                "{seed}: {id}"
            );
            let numbers: Vec<i32> = (read.promises.iter())
                .map(|promise| promise.promise_number)
                .collect();
            let last = i32::try_from(numbers.len()).unwrap();
            assert_eq!(numbers, (1..=last).collect::<Vec<_>>(), "{seed}: {id}");
            assert!(
                last > 0 || order.state() != pb::OrderState::Locked,
                "{seed}: {id}"
            );
            let done = |change: &&pb::OrderChange| change.state() == pb::OrderChangeState::Done;
            changed += read.changes.iter().filter(done).count();
            built += usize::from(!order.vin.is_empty());
            assert!(
                read.changes
                    .iter()
                    .all(|change| change.state() != pb::OrderChangeState::UnderWay),
                "{seed}: {id}"
            );
        }
        assert!(
            changed > 5 && built > 1,
            "{seed}: {changed} changes, {built} vehicles"
        );
        assert_eq!(service.broken().await, Vec::<String>::new(), "{seed}");
        service.stop().await;
    }
}
