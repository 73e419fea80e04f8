//! Reservations over gRPC: paid down, locked into the queue of that day, given up, lapsed.

use takt_contract::{
    common::v1::Money,
    date_pb,
    delivery::v1::{self as pb, reservation_service_client::ReservationServiceClient},
};
use takt_kernel::{Date, RequestId};
use takt_service::error::reason_of;
use tonic::{Code, transport::Channel};

use super::service::{Service, chunk, create, day, order, production};
use crate::programme::sample::date;

type Reservations = ReservationServiceClient<Channel>;

fn id(name: &str) -> String {
    RequestId::named(name).to_string()
}

fn to_reserve(name: &str, until: &str) -> pb::ReserveOrderRequest {
    let wanted = order(name);
    pb::ReserveOrderRequest {
        request_id: id(&format!("reserve {name}")),
        order_id: wanted.order_id,
        customer_id: wanted.customer_id,
        variant_id: wanted.variant_id,
        options: wanted.options,
        city: wanted.city,
        reserved_on: Some(date_pb(day())),
        lapses_on: Some(date_pb(date(until))),
    }
}

fn to_lock(name: &str, on: Date) -> pb::LockOrderRequest {
    pb::LockOrderRequest {
        request_id: id(&format!("lock {name} {on}")),
        order_id: name.into(),
        locked_on: Some(date_pb(on)),
    }
}

async fn deposits(service: &Service) {
    let terms = pb::SetOrderTermsRequest {
        request_id: id("terms"),
        terms: Some(pb::OrderTerms {
            deposit: Some(Money {
                currency_code: "CNY".into(),
                minor_units: 500_000,
            }),
            refundable_days: 7,
        }),
    };
    service.orders().set_order_terms(terms).await.unwrap();
}

async fn states(reservations: &Reservations) -> Vec<(String, pb::ReservationState)> {
    let (mut all, mut page_token) = (Vec::new(), String::new());
    loop {
        let page = reservations
            .clone()
            .list_reservations(pb::ListReservationsRequest {
                page_size: 2,
                page_token,
                ..pb::ListReservationsRequest::default()
            })
            .await
            .unwrap()
            .into_inner();
        let found = page.reservations.into_iter();
        all.extend(found.map(|found| (found.order_id.clone(), found.state())));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return all;
        }
    }
}

#[tokio::test]
async fn a_reserved_order_gets_its_place_when_it_is_locked() {
    let service = Service::imported(production()).await;
    let mut reservations = Reservations::new(service.channel.clone());
    let none = reservations
        .reserve_order(to_reserve("R", "2024-04-30"))
        .await;
    assert_eq!(
        reason_of(&none.unwrap_err()).as_deref(),
        Some("NO_ORDER_TERMS")
    );
    deposits(&service).await;
    let kept = reservations
        .reserve_order(to_reserve("R", "2024-04-30"))
        .await;
    let kept = kept.unwrap().into_inner();
    let again = reservations
        .reserve_order(to_reserve("R", "2024-04-30"))
        .await;
    assert_eq!(again.unwrap().into_inner(), kept);
    let kept = kept.reservation.unwrap();
    assert_eq!(
        (kept.state(), kept.deposit.unwrap().minor_units),
        (pb::ReservationState::Reserved, 500_000)
    );
    // Nobody else knows of it, and its id is taken.
    service.settle().await;
    assert!(service.production.told.lock().unwrap().is_empty());
    let missing = pb::GetOrderRequest {
        order_id: "R".into(),
    };
    let missing = service.orders().get_order(missing).await.unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);
    let taken = service.orders().create_order(create("taken", "R")).await;
    assert_eq!(taken.unwrap_err().code(), Code::AlreadyExists);
    let twice = pb::ReserveOrderRequest {
        request_id: id("twice"),
        ..to_reserve("R", "2024-04-30")
    };
    let twice = reservations.reserve_order(twice).await.unwrap_err();
    assert_eq!(twice.code(), Code::AlreadyExists);

    // Three are locked before it: it stands behind them, whenever it was reserved.
    let three = ["A", "B", "C"].map(order).to_vec();
    service.intake(vec![chunk("three", three)]).await.unwrap();
    let on = day().plus(1);
    let early = reservations.lock_order(to_lock("R", day().minus(1))).await;
    assert_eq!(
        reason_of(&early.unwrap_err()).as_deref(),
        Some("BEFORE_RESERVATION")
    );
    let locked = reservations
        .lock_order(to_lock("R", on))
        .await
        .unwrap()
        .into_inner();
    let again = reservations
        .lock_order(to_lock("R", on))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(again, locked);
    let became = locked.order.unwrap();
    assert_eq!(
        (became.order_number, became.locked_on, became.state()),
        (4, Some(date_pb(on)), pb::OrderState::Locked)
    );
    service.settle().await;
    assert_eq!(service.get("R").await.promises.len(), 1);
    assert_eq!(service.production.told.lock().unwrap().len(), 4);
    let late = reservations.lock_order(to_lock("R", on.plus(1))).await;
    assert_eq!(
        reason_of(&late.unwrap_err()).as_deref(),
        Some("RESERVATION_LOCKED")
    );
    assert_eq!(service.broken().await, Vec::<String>::new());
    service.stop().await;
}

#[tokio::test]
async fn a_reservation_is_given_up_or_lapses_and_its_id_stays_taken() {
    let service = Service::imported(production()).await;
    deposits(&service).await;
    let mut reservations = Reservations::new(service.channel.clone());
    for (name, until) in [
        ("P", "2024-04-10"),
        ("Q", "2024-04-11"),
        ("R", "2024-04-12"),
    ] {
        reservations
            .reserve_order(to_reserve(name, until))
            .await
            .unwrap();
    }
    let give_up = pb::CancelReservationRequest {
        request_id: id("give up"),
        order_id: "P".into(),
        cancelled_on: Some(date_pb(date("2024-04-01"))),
    };
    let given = reservations
        .cancel_reservation(give_up.clone())
        .await
        .unwrap();
    let again = reservations.cancel_reservation(give_up).await.unwrap();
    assert_eq!(given.into_inner(), again.into_inner());
    let late = reservations
        .lock_order(to_lock("Q", date("2024-04-12")))
        .await;
    assert_eq!(
        reason_of(&late.unwrap_err()).as_deref(),
        Some("RESERVATION_LAPSED")
    );
    let lapse = pb::LapseReservationsRequest {
        request_id: id("lapse"),
        as_of: Some(date_pb(date("2024-04-12"))),
    };
    let lapsed = reservations.lapse_reservations(lapse).await.unwrap();
    assert_eq!(lapsed.into_inner().lapsed_count, 1);
    let told = states(&reservations).await;
    let told: Vec<_> = told
        .iter()
        .map(|(id, state)| (id.as_str(), *state))
        .collect();
    assert_eq!(
        told,
        [
            ("P", pb::ReservationState::Cancelled),
            ("Q", pb::ReservationState::Lapsed),
            ("R", pb::ReservationState::Reserved)
        ]
    );
    let gone = reservations
        .lock_order(to_lock("P", day()))
        .await
        .unwrap_err();
    assert_eq!(reason_of(&gone).as_deref(), Some("RESERVATION_CANCELLED"));
    let taken = service.orders().create_order(create("taken", "Q")).await;
    assert_eq!(taken.unwrap_err().code(), Code::AlreadyExists);
    let mut wrong = to_reserve("W", "2024-03-27");
    (wrong.city, wrong.reserved_on) = ("Atlantis".into(), Some(date_pb(day())));
    let wrong = reservations.reserve_order(wrong).await.unwrap_err();
    assert!(wrong.message().contains("city"), "{wrong}");
    let wrong = reservations
        .reserve_order(to_reserve("W", "2024-03-27"))
        .await;
    assert!(wrong.unwrap_err().message().contains("lapses_on"));
    assert_eq!(service.broken().await, Vec::<String>::new());
    service.stop().await;
}
