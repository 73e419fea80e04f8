//! Inquiries, holds and what the line makes of them, over the wire.

use takt_service::error::reason_of;

use super::*;

type Promises = PromiseServiceClient<Channel>;

/// A service with stock, a plan for its ten days of two STD and two MAX, and a client.
async fn planned() -> (Service, Promises) {
    let service = Service::imported().await;
    service.stock();
    service.plan(day(0), 1, false).await.unwrap();
    let promises = PromiseServiceClient::new(service.channel.clone());
    (service, promises)
}

fn wish(variant: &str, count: i64, wanted: i32, split: bool) -> Option<pb::PromiseWish> {
    Some(pb::PromiseWish {
        variant_id: variant.into(),
        options: BTreeMap::from([("WHEEL".to_owned(), "W20".to_owned())]),
        vehicle_count: count,
        wanted_on: Some(date_pb(day(wanted))),
        split_allowed: split,
    })
}

async fn inquired(promises: &Promises, wish: Option<pb::PromiseWish>) -> pb::PromiseOffer {
    let message = pb::InquirePromiseRequest {
        as_of: Some(date_pb(day(0))),
        wish,
        alternatives_wanted: true,
        newest: true,
        ..pb::InquirePromiseRequest::default()
    };
    let answer = promises.clone().inquire_promise(message).await.unwrap();
    answer.into_inner().offer.unwrap()
}

fn to_hold(name: &str, wish: Option<pb::PromiseWish>) -> pb::HoldPromiseRequest {
    pb::HoldPromiseRequest {
        request_id: id(name),
        hold_id: name.into(),
        as_of: Some(date_pb(day(0))),
        wish,
        ..pb::HoldPromiseRequest::default()
    }
}

fn confirm(name: &str) -> pb::ConfirmHoldRequest {
    pb::ConfirmHoldRequest {
        request_id: id(&format!("confirm {name}")),
        hold_id: name.into(),
    }
}

fn release(name: &str, request: &str) -> pb::ReleaseHoldRequest {
    pb::ReleaseHoldRequest {
        request_id: id(request),
        hold_id: name.into(),
    }
}

/// Days of the programme with vehicles.
fn rows(rows: &[pb::DatedVehicles]) -> Vec<(i32, i64)> {
    let date = |row: &pb::DatedVehicles| {
        let on = row.date.unwrap_or_default();
        let found = Date::from_ymd(on.year, on.month.cast_unsigned(), on.day.cast_unsigned());
        found.unwrap().days_since(day(0))
    };
    rows.iter()
        .map(|row| (date(row), row.vehicle_count))
        .collect()
}

fn told(offer: &pb::PromiseOffer) -> Vec<(common::ReasonCode, &str, i64)> {
    let told = |reason: &'_ common::Reason| {
        let quantity = reason.quantity.as_ref().map_or(0, |some| some.thousandths);
        (reason.code(), quantity)
    };
    let reasons = offer.reasons.iter();
    reasons
        .map(|reason| (told(reason).0, reason.subject.as_str(), told(reason).1))
        .collect()
}

async fn hold_of(promises: &Promises, name: &str) -> pb::Hold {
    let message = pb::GetHoldRequest {
        hold_id: name.into(),
    };
    let answer = promises.clone().get_hold(message).await.unwrap();
    answer.into_inner().hold.unwrap()
}

#[tokio::test]
async fn an_inquiry_holds_nothing_and_a_hold_takes_the_latest_slots() {
    let (mut service, mut promises) = planned().await;
    for _ in 0..2 {
        let offer = inquired(&promises, wish("MAX", 5, 3, false)).await;
        assert_eq!(
            (rows(&offer.dates), rows(&offer.slots)),
            (vec![(3, 5)], vec![(1, 1), (2, 2), (3, 2)])
        );
        assert_eq!(offer.result_status(), common::ResultStatus::Complete);
        assert!(offer.reasons.is_empty() && offer.alternatives.is_empty());
    }
    let held = promises
        .hold_promise(to_hold("H1", wish("MAX", 5, 3, false)))
        .await
        .unwrap()
        .into_inner();
    let again = promises
        .hold_promise(to_hold("H1", wish("MAX", 5, 3, false)))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(held, again);
    let other = promises
        .hold_promise(to_hold("H1", wish("MAX", 4, 3, false)))
        .await
        .unwrap_err();
    assert_eq!(reason_of(&other).as_deref(), Some("REQUEST_ID_REUSED"));
    let hold = held.hold.unwrap();
    assert_eq!(
        (hold.state(), hold.parts(), hold.plan_id.as_str()),
        (
            pb::HoldState::Held,
            pb::HoldParts::Committed,
            "small-20240328"
        )
    );

    // One slot is left by day 3; the others come later, or another variant comes in time.
    let offer = inquired(&promises, wish("MAX", 2, 3, false)).await;
    assert_eq!(rows(&offer.dates), [(4, 2)]);
    assert_eq!(
        told(&offer),
        [(common::ReasonCode::CapacityOverload, "BW", 1_000)]
    );
    let first = &offer.alternatives[0];
    assert_eq!(
        (first.variant_id.as_str(), first.changed.as_str()),
        ("STD", "VARIANT")
    );
    let split = inquired(&promises, wish("MAX", 3, 3, true)).await;
    assert_eq!(rows(&split.dates), [(3, 1), (4, 2)]);

    // An order that comes now takes the slot that is left, and the next one the day after.
    let profile = promises
        .get_promise_profile(pb::GetPromiseProfileRequest {
            as_of: Some(date_pb(day(0))),
        })
        .await
        .unwrap()
        .into_inner();
    let max = &profile.variants[1].days;
    let counts: Vec<i64> = max.iter().map(|day| day.cumulative_vehicle_count).collect();
    assert_eq!(counts[..3], [1, 3, 5]);
    assert_eq!(counts.last(), Some(&15));

    let back = promises
        .release_hold(release("H1", "back"))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(back.hold.unwrap().state(), pb::HoldState::Released);
    let twice = promises.release_hold(release("H1", "again")).await.unwrap();
    assert_eq!(
        twice.into_inner().hold.unwrap().state(),
        pb::HoldState::Released
    );
    let gone = promises.confirm_hold(confirm("H1")).await.unwrap_err();
    assert_eq!(reason_of(&gone).as_deref(), Some("HOLD_RELEASED"));
    let offer = inquired(&promises, wish("MAX", 2, 3, false)).await;
    assert_eq!(rows(&offer.dates), [(3, 2)]);

    let all = promises
        .hold_promise(to_hold("ALL", wish("MAX", 21, 9, true)))
        .await
        .unwrap_err();
    assert_eq!(reason_of(&all).as_deref(), Some("PROMISE_SHORT"));
    let mut soon = to_hold("SOON", wish("MAX", 5, 1, false));
    soon.latest_on = Some(date_pb(day(2)));
    let late = promises.hold_promise(soon).await.unwrap_err();
    assert_eq!(reason_of(&late).as_deref(), Some("PROMISE_TOO_LATE"));
    assert_eq!(service.broken().await, []);
    service.stop().await;
}

#[tokio::test]
async fn an_answer_is_computed_again_from_the_versions_it_names() {
    let (mut service, mut promises) = planned().await;
    service
        .lock(&[(1, "MAX", "W20", false), (2, "MAX", "W19", false)])
        .await;
    let asked = wish("MAX", 4, 2, true);
    let before = inquired(&promises, asked.clone()).await;
    assert_eq!(rows(&before.dates), [(2, 2), (3, 2)]);
    for name in ["A", "B"] {
        promises
            .hold_promise(to_hold(name, wish("MAX", 3, 4, true)))
            .await
            .unwrap();
    }
    promises.release_hold(release("A", "free A")).await.unwrap();
    service.lock(&[(3, "MAX", "W20", false)]).await;
    let now = inquired(&promises, asked.clone()).await;
    assert_ne!(now.dates, before.dates);
    for offer in [before, now] {
        let message = pb::InquirePromiseRequest {
            as_of: Some(date_pb(day(0))),
            wish: asked.clone(),
            alternatives_wanted: true,
            at_basis: offer.basis.clone(),
            newest: false,
        };
        let answer = promises.inquire_promise(message).await.unwrap();
        assert_eq!(answer.into_inner().offer, Some(offer));
    }
    let mut future = inquired(&promises, asked.clone()).await.basis;
    future.as_mut().unwrap().slot_version += 1;
    let message = pb::InquirePromiseRequest {
        as_of: Some(date_pb(day(0))),
        wish: asked,
        at_basis: future,
        ..pb::InquirePromiseRequest::default()
    };
    let gone = promises.inquire_promise(message).await.unwrap_err();
    assert_eq!(reason_of(&gone).as_deref(), Some("PROMISE_BASIS_GONE"));
    service.stop().await;
}

#[tokio::test]
async fn without_procurement_there_is_no_date_and_no_hold() {
    let (mut service, mut promises) = planned().await;
    service.procurement.with(|state| state.away = true);
    let offer = inquired(&promises, wish("MAX", 2, 3, false)).await;
    assert_eq!(offer.result_status(), common::ResultStatus::Partial);
    assert_eq!(
        (rows(&offer.dates), offer.earliest_on),
        (vec![], None),
        "no confident date"
    );
    assert_eq!(rows(&offer.line_dates), [(3, 2)]);
    assert_eq!(offer.tombstones[0].code(), common::ReasonCode::TierUnknown);
    assert_eq!(
        told(&offer),
        [(common::ReasonCode::TierUnknown, "procurement", 0)]
    );
    let held = promises
        .hold_promise(to_hold("H", wish("MAX", 2, 3, false)))
        .await
        .unwrap()
        .into_inner();
    assert_eq!((held.hold, held.offer), (None, Some(offer)));
    // Procurement is back, and the same request now holds.
    service.procurement.with(|state| state.away = false);
    inquired(&promises, wish("MAX", 1, 3, false)).await;
    let held = promises
        .hold_promise(to_hold("H", wish("MAX", 2, 3, false)))
        .await
        .unwrap()
        .into_inner();
    assert!(held.hold.is_some());
    // Parts that nobody has keep the date away, and it is said which.
    service.procurement.with(|state| {
        state.lots.remove("AWD");
    });
    let offer = inquired(&promises, wish("MAX", 2, 3, false)).await;
    assert_eq!(
        told(&offer)[0],
        (common::ReasonCode::LeadTimePastDue, "AWD", 2_000)
    );
    assert!(offer.dates.is_empty());
    service.stop().await;
}

#[tokio::test]
async fn the_line_builds_a_confirmed_slot_on_its_day_before_others() {
    let (mut service, mut promises) = planned().await;
    promises
        .hold_promise(to_hold("H", wish("MAX", 2, 2, false)))
        .await
        .unwrap();
    let confirmed = promises.confirm_hold(confirm("H")).await.unwrap();
    let hold = confirmed.into_inner().hold.unwrap();
    assert_eq!(
        (hold.state(), hold.expires_at),
        (pb::HoldState::Confirmed, None)
    );
    // Six orders fill three days; two more name the hold, whose slots are on day 2.
    let queue: Vec<_> = (1..=6).map(|n| (n, "MAX", "W20", false)).collect();
    service.lock(&queue).await;
    service
        .lock_on("H", &[(7, "MAX", "W20"), (8, "MAX", "W19")])
        .await;
    let hold = hold_of(&promises, "H").await;
    assert_eq!(
        hold.slots[0].ordered_vehicle_count, 1,
        "the other is not what was held"
    );
    service.lock_on("H", &[(9, "MAX", "W20")]).await;
    let refused = promises.release_hold(release("H", "r")).await.unwrap_err();
    assert_eq!(reason_of(&refused).as_deref(), Some("HOLD_ORDERED"));

    for n in 1..=3 {
        service.run_day(a_day(n)).await.unwrap();
        assert_eq!(service.broken().await, [], "day {n}");
    }
    let vehicles = service.vehicles().await;
    let built: Vec<(String, i32)> = vehicles
        .iter()
        .filter(|vehicle| vehicle.variant_id == "MAX")
        .map(|vehicle| {
            let on = vehicle.built_on.unwrap_or_default();
            let on = Date::from_ymd(on.year, on.month.cast_unsigned(), on.day.cast_unsigned());
            (vehicle.order_id.clone(), on.unwrap().days_since(day(0)))
        })
        .collect();
    let expected = [(1, 1), (2, 1), (7, 2), (9, 2), (3, 3), (4, 3)];
    assert_eq!(built, expected.map(|(n, on)| (format!("SO-{n}"), on)));
    assert_eq!(
        hold_of(&promises, "H").await.state(),
        pb::HoldState::Consumed
    );
    let compared = promises
        .reconcile_slots(pb::ReconcileSlotsRequest {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (
            compared.hold_count,
            compared.differences,
            compared.overcommitted
        ),
        (1, vec![], vec![])
    );
    let open = promises
        .list_holds(pb::ListHoldsRequest {
            open_only: true,
            ..pb::ListHoldsRequest::default()
        })
        .await
        .unwrap();
    assert!(open.into_inner().holds.is_empty());
    service.stop().await;
}

#[tokio::test]
async fn what_is_available_is_listed_by_day_in_pages() {
    let (mut service, mut promises) = planned().await;
    service.lock(&[(1, "MAX", "W20", false)]).await;
    promises
        .hold_promise(to_hold("H", wish("MAX", 1, 3, false)))
        .await
        .unwrap();
    let (mut days, mut page_token) = (Vec::new(), String::new());
    loop {
        let page = promises
            .list_available_to_promise(pb::ListAvailableToPromiseRequest {
                as_of: Some(date_pb(day(0))),
                variant_id: "MAX".into(),
                page_size: 4,
                page_token,
                ..pb::ListAvailableToPromiseRequest::default()
            })
            .await
            .unwrap()
            .into_inner();
        days.extend(page.days);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let figures = |day: &pb::AvailableDay| {
        (
            day.supply,
            day.committed,
            day.discrete,
            day.cumulative,
            day.look_ahead,
        )
    };
    let figures: Vec<_> = days.iter().map(figures).collect();
    assert_eq!(
        figures[..5],
        [
            (0, 0, 0, 0, 0),
            (2, 1, 1, 1, 1),
            (2, 0, 2, 3, 3),
            (2, 1, 1, 4, 4),
            (2, 0, 2, 6, 6)
        ]
    );
    assert_eq!(days.len(), 11);
    let item = promises
        .list_available_to_promise(pb::ListAvailableToPromiseRequest {
            as_of: Some(date_pb(day(0))),
            item_id: "AWD".into(),
            ..pb::ListAvailableToPromiseRequest::default()
        })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (item.days[0].supply, item.days[10].look_ahead),
        (60_000, 58_000)
    );
    let neither = pb::ListAvailableToPromiseRequest {
        as_of: Some(date_pb(day(0))),
        ..pb::ListAvailableToPromiseRequest::default()
    };
    let invalid = promises.list_available_to_promise(neither).await;
    assert_eq!(invalid.unwrap_err().code(), tonic::Code::InvalidArgument);
    service.stop().await;
}

#[tokio::test]
async fn a_hold_ends_by_the_clock_and_its_slots_are_free() {
    let (mut service, mut promises) = planned().await;
    let mut short = to_hold("SHORT", wish("MAX", 20, 10, false));
    short.ttl_seconds = 1;
    promises.hold_promise(short).await.unwrap();
    let next = to_hold("NEXT", wish("MAX", 20, 10, false));
    // Nobody sweeps: what has expired is free by the clock alone.
    while hold_of(&promises, "SHORT").await.state() == pb::HoldState::Held {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    promises.hold_promise(next).await.unwrap();
    let gone = promises.confirm_hold(confirm("SHORT")).await.unwrap_err();
    assert_eq!(reason_of(&gone).as_deref(), Some("HOLD_EXPIRED"));
    assert_eq!(service.broken().await, []);
    service.stop().await;
}
