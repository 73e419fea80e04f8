//! Centres and appointments over gRPC.

use takt_contract::{
    date_pb,
    delivery::v1::{
        self as pb, appointment_service_client::AppointmentServiceClient,
        centre_service_client::CentreServiceClient, shipment_service_client::ShipmentServiceClient,
    },
    events::v1::{
        DeliverRequest, Fact, FactBody, VehicleBuilt, fact_body::Kind,
        inbox_service_client::InboxServiceClient,
    },
};
use takt_kernel::{Date, RequestId};
use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt;

use super::service::{Service, chunk, order, production, vin};
use crate::programme::sample::date;

pub(super) fn on(text: &str) -> Option<takt_contract::common::v1::Date> {
    Some(date_pb(date(text)))
}

pub(super) fn id(name: &str) -> String {
    RequestId::named(name).to_string()
}

/// The reason of a refusal.
pub(super) fn reason(status: &Status) -> String {
    let info = status.get_details_error_info();
    info.map(|info| info.reason).unwrap_or_default()
}

/// The centre in Xi'an: `daily` handovers from Monday to Saturday from 1 April on.
pub(super) fn centre(name: &str, daily: i32) -> pb::SetCentreRequest {
    pb::SetCentreRequest {
        request_id: id(name),
        centre_id: "XIAN-1".into(),
        name: "Xi'an North".into(),
        city: "Xi'an".into(),
        handovers_by_weekday: vec![daily, daily, daily, daily, daily, daily, 0],
        valid_from: on("2024-04-01"),
        ..pb::SetCentreRequest::default()
    }
}

pub(super) async fn set(
    service: &Service,
    message: pb::SetCentreRequest,
) -> Result<pb::Centre, Status> {
    let mut client = CentreServiceClient::new(service.channel.clone());
    let answer = client.set_centre(message).await?.into_inner();
    Ok(answer.centre.unwrap())
}

pub(super) fn appointments(service: &Service) -> AppointmentServiceClient<Channel> {
    AppointmentServiceClient::new(service.channel.clone())
}

pub(super) async fn book(
    service: &Service,
    name: &str,
    order: &str,
    day: Date,
) -> Result<pb::Appointment, Status> {
    let message = pb::BookAppointmentRequest {
        request_id: id(name),
        order_id: order.into(),
        centre_id: "XIAN-1".into(),
        appointed_on: Some(date_pb(day)),
        made_on: on("2024-03-30"),
    };
    let answer = appointments(service).book_appointment(message).await?;
    Ok(answer.into_inner().appointment.unwrap())
}

pub(super) async fn listed(service: &Service, at_risk: bool) -> Vec<pb::Appointment> {
    let message = pb::ListAppointmentsRequest {
        at_risk,
        ..pb::ListAppointmentsRequest::default()
    };
    let answer = appointments(service).list_appointments(message).await;
    answer.unwrap().into_inner().appointments
}

/// A service with orders for Xi'an, each promised a day.
pub(super) async fn ordered(count: usize) -> Service {
    let service = Service::imported(production()).await;
    let orders = (1..=count).map(|number| order(&format!("O-{number:02}")));
    service
        .intake(vec![chunk("orders", orders.collect())])
        .await
        .unwrap();
    service.settle().await;
    service
}

async fn promised(service: &Service, order: &str) -> Date {
    let last = service.get(order).await.promises.pop().unwrap();
    takt_contract::date_of(last.deliver_on.as_ref()).unwrap()
}

/// Vehicles of the first orders are built and released on 30 March.
pub(super) async fn built(service: &Service, count: u32) {
    let built = (1..=count).map(|serial| Fact {
        source: "production".into(),
        subject: vin(serial),
        sequence: 1,
        position: serial.into(),
        business_date: on("2024-03-30"),
        body: Some(FactBody {
            kind: Some(Kind::VehicleBuilt(VehicleBuilt {
                vin: vin(serial),
                build_number: serial.into(),
                order_id: format!("O-{serial:02}"),
                built_on: on("2024-03-30"),
                released: true,
                ..VehicleBuilt::default()
            })),
        }),
        ..Fact::default()
    });
    let mut inbox = InboxServiceClient::new(service.channel.clone());
    let message = DeliverRequest {
        facts: built.collect(),
    };
    inbox.deliver(message).await.unwrap();
}

pub(super) async fn carried(service: &Service, kind: pb::TransportEventKind, day: &str) {
    let message = pb::RecordTransportEventsRequest {
        request_id: id(&format!("{kind:?}")),
        events: vec![pb::TransportEvent {
            shipment_id: "OUT-XIAN-ROAD.20240330".into(),
            kind: kind.into(),
            date: on(day),
            ..pb::TransportEvent::default()
        }],
    };
    let mut client = ShipmentServiceClient::new(service.channel.clone());
    let events = client
        .record_transport_events(tokio_stream::once(message))
        .await;
    let answer = events
        .unwrap()
        .into_inner()
        .message()
        .await
        .unwrap()
        .unwrap();
    assert_eq!(answer.refused, []);
}

#[tokio::test]
async fn a_centre_is_set_and_keeps_what_is_booked() {
    let service = ordered(3).await;
    let wrong = pb::SetCentreRequest {
        handovers_by_weekday: vec![1, -2],
        city: "Atlantis".into(),
        closed_days: vec![date_pb(date("2024-03-31"))],
        ..centre("wrong", 2)
    };
    let refused = set(&service, wrong).await.unwrap_err();
    let fields = refused.get_details_bad_request().unwrap().field_violations;
    let fields: Vec<_> = fields.into_iter().map(|found| found.field).collect();
    let expected = [
        "city",
        "handovers_by_weekday",
        "handovers_by_weekday",
        "closed_days[0]",
    ];
    assert_eq!(fields, expected);
    let first = set(&service, centre("c1", 2)).await.unwrap();
    assert_eq!(set(&service, centre("c1", 2)).await.unwrap(), first);
    let day = promised(&service, "O-03").await;
    for name in ["O-01", "O-02"] {
        book(&service, name, name, day).await.unwrap();
    }
    let less = pb::SetCentreRequest {
        etag: first.etag.clone(),
        ..centre("c2", 1)
    };
    let refused = set(&service, less).await.unwrap_err();
    assert_eq!(reason(&refused), "CENTRE_BOOKED_BEYOND");
    let more = pb::SetCentreRequest {
        etag: first.etag,
        ..centre("c3", 3)
    };
    let more = set(&service, more).await.unwrap();
    assert_eq!(more.handovers_by_weekday, [3, 3, 3, 3, 3, 3, 0]);
    let stale = pb::SetCentreRequest {
        etag: "0".into(),
        ..centre("c4", 3)
    };
    assert_eq!(
        set(&service, stale).await.unwrap_err().code(),
        Code::Aborted
    );
    book(&service, "third", "O-03", day).await.unwrap();
    let mut client = CentreServiceClient::new(service.channel.clone());
    let list = client.list_centres(pb::ListCentresRequest::default()).await;
    let list = list.unwrap().into_inner().centres;
    assert_eq!(list, std::slice::from_ref(&more));
    let get = pb::GetCentreRequest {
        centre_id: "XIAN-1".into(),
    };
    let read = client.get_centre(get).await.unwrap().into_inner();
    assert_eq!(read.centre, Some(more));
    assert_eq!(service.broken().await, [""; 0]);
    service.stop().await;
}

#[tokio::test]
async fn an_appointment_is_booked_moved_missed_and_cancelled() {
    let service = ordered(4).await;
    set(&service, centre("c", 1)).await.unwrap();
    let comes = promised(&service, "O-01").await;
    let early = book(&service, "early", "O-01", comes.minus(1))
        .await
        .unwrap_err();
    assert_eq!(reason(&early), "APPOINTMENT_BEFORE_VEHICLE");
    assert!(early.message().contains(&comes.to_string()), "{early}");
    // The next working day of the centre, which does nothing on Sundays.
    let open = |from: Date| {
        (0..)
            .map(|days| from.plus(days))
            .find(|day| day.monday().plus(6) != *day)
    };
    let first = open(promised(&service, "O-04").await).unwrap();
    let made = book(&service, "b1", "O-01", first).await.unwrap();
    assert_eq!(book(&service, "b1", "O-01", first).await.unwrap(), made);
    assert_eq!((made.state(), made.at_risk), (Booked, false));
    let twice = book(&service, "b2", "O-01", first.plus(7))
        .await
        .unwrap_err();
    assert_eq!(reason(&twice), "APPOINTMENT_STANDS");
    let full = book(&service, "b3", "O-02", first).await.unwrap_err();
    assert_eq!(reason(&full), "CENTRE_FULL");
    let second = open(first.plus(1)).unwrap();
    assert!(full.message().contains(&second.to_string()), "{full}");
    let sunday = first.monday().plus(6);
    let closed = book(&service, "b4", "O-02", sunday).await.unwrap_err();
    assert_eq!(reason(&closed), "CENTRE_CLOSED");
    let moved = pb::RescheduleAppointmentRequest {
        request_id: id("m1"),
        order_id: "O-01".into(),
        appointed_on: Some(date_pb(second)),
        made_on: on("2024-03-31"),
        ..pb::RescheduleAppointmentRequest::default()
    };
    let mut client = appointments(&service);
    client.reschedule_appointment(moved).await.unwrap();
    book(&service, "b5", "O-02", first).await.unwrap();
    let cancel = |name: &str, order: &str| pb::CancelAppointmentRequest {
        request_id: id(name),
        order_id: order.into(),
        cancelled_on: on("2024-04-01"),
    };
    client
        .cancel_appointment(cancel("x1", "O-02"))
        .await
        .unwrap();
    let none = client
        .cancel_appointment(cancel("x2", "O-02"))
        .await
        .unwrap_err();
    assert_eq!(reason(&none), "NO_APPOINTMENT");
    book(&service, "b6", "O-03", first).await.unwrap();
    let missed = |name: &str, day: Date| pb::RecordNoShowRequest {
        request_id: id(name),
        order_id: "O-03".into(),
        recorded_on: Some(date_pb(day)),
    };
    let soon = client
        .record_no_show(missed("n1", first.minus(1)))
        .await
        .unwrap_err();
    assert_eq!(reason(&soon), "NO_SHOW_TOO_EARLY");
    client.record_no_show(missed("n2", first)).await.unwrap();
    // Whoever did not come had the place.
    let full = book(&service, "b7", "O-02", first).await.unwrap_err();
    assert_eq!(reason(&full), "CENTRE_FULL");
    // An order that is cancelled gives its place back.
    let third = open(second.plus(1)).unwrap();
    book(&service, "b8", "O-04", third).await.unwrap();
    let order_cancelled = pb::CancelOrderRequest {
        request_id: id("o"),
        order_id: "O-04".into(),
        cancelled_on: on("2024-04-01"),
        ..pb::CancelOrderRequest::default()
    };
    service
        .orders()
        .cancel_order(order_cancelled)
        .await
        .unwrap();
    book(&service, "b9", "O-02", third).await.unwrap();
    let gone = book(&service, "b10", "O-04", third).await.unwrap_err();
    assert_eq!(reason(&gone), "APPOINTMENT_ORDER_CLOSED");
    use pb::AppointmentState::{Booked, Cancelled, Moved, NoShow};
    let states: Vec<_> = listed(&service, false)
        .await
        .iter()
        .map(|one| (one.order_id.clone(), one.state()))
        .collect();
    let expected = [
        ("O-01", Moved),
        ("O-01", Booked),
        ("O-02", Cancelled),
        ("O-03", NoShow),
        ("O-04", Cancelled),
        ("O-02", Booked),
    ];
    assert_eq!(
        states,
        expected.map(|(order, state)| (order.to_owned(), state))
    );
    assert_eq!(listed(&service, true).await, []);
    assert_eq!(service.broken().await, [""; 0]);
    service.stop().await;
}

#[tokio::test]
async fn of_thirty_two_who_want_a_day_at_once_as_many_get_it_as_it_has() {
    let service = ordered(32).await;
    set(&service, centre("c", 5)).await.unwrap();
    let day = promised(&service, "O-32").await;
    let day = if day.monday().plus(6) == day {
        day.plus(1)
    } else {
        day
    };
    let calls = (1..=32).map(|number| {
        let (service, name) = (&service, format!("O-{number:02}"));
        async move { book(service, &name, &name, day).await }
    });
    let told = futures_util::future::join_all(calls).await;
    let refused: Vec<String> = told
        .iter()
        .filter_map(|one| one.as_ref().err().map(reason))
        .collect();
    assert_eq!(refused, vec!["CENTRE_FULL"; 27]);
    assert_eq!(listed(&service, false).await.len(), 5);
    assert_eq!(service.broken().await, [""; 0]);
    service.stop().await;
}

#[tokio::test]
async fn an_appointment_before_a_late_load_is_at_risk_and_says_the_way_out() {
    let service = ordered(2).await;
    set(&service, centre("c", 1)).await.unwrap();
    built(&service, 2).await;
    // Released on 30 March and three days on its way, but nothing is handed over before 3 April.
    let appointed = date("2024-04-03");
    let made = book(&service, "b", "O-01", appointed).await.unwrap();
    assert_eq!(made.expected_on, on("2024-04-03"));
    assert_eq!(listed(&service, true).await, []);
    carried(&service, pb::TransportEventKind::Departed, "2024-04-01").await;
    book(&service, "b2", "O-02", date("2024-04-04"))
        .await
        .unwrap();
    let risk = listed(&service, true).await;
    assert_eq!(risk.len(), 1);
    assert_eq!(
        (risk[0].expected_on, risk[0].proposed_on),
        (on("2024-04-04"), on("2024-04-05"))
    );
    let moved = pb::RescheduleAppointmentRequest {
        request_id: id("m"),
        order_id: "O-01".into(),
        appointed_on: risk[0].proposed_on,
        made_on: on("2024-04-01"),
        ..pb::RescheduleAppointmentRequest::default()
    };
    appointments(&service)
        .reschedule_appointment(moved)
        .await
        .unwrap();
    assert_eq!(listed(&service, true).await, []);
    service.stop().await;
}
