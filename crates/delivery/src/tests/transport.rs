//! What goes wrong on the way, from the carrier's word to the order that takes another vehicle.

use takt_contract::{
    common::v1 as common,
    date_pb,
    delivery::v1::{
        self as pb, exception_service_client::ExceptionServiceClient,
        handover_service_client::HandoverServiceClient,
        shipment_service_client::ShipmentServiceClient,
    },
    events::v1::{
        DeliverRequest, Fact, FactBody, VehicleBuilt, VehicleHeld, VehicleReleased,
        fact_body::Kind, inbox_service_client::InboxServiceClient,
    },
};
use takt_kernel::{Date, RequestId};
use tonic::Status;

use super::service::{Service, chunk, day, order, production, vin};
use crate::programme::sample::date;

pub(super) const LOAD: &str = "OUT-XIAN-ROAD.20240330";

pub(super) fn id(name: &str) -> String {
    RequestId::named(name).to_string()
}

/// A fact of production about a vehicle, the next of its subject.
pub(super) fn fact(serial: u32, sequence: i64, position: i64, on: Date, kind: Kind) -> Fact {
    Fact {
        source: "production".into(),
        subject: vin(serial),
        sequence,
        position,
        business_date: Some(date_pb(on)),
        body: Some(FactBody { kind: Some(kind) }),
        ..Fact::default()
    }
}

pub(super) fn built(serial: u32, order: &str, on: Date, released: bool) -> Fact {
    let kind = Kind::VehicleBuilt(VehicleBuilt {
        vin: vin(serial),
        build_number: serial.into(),
        order_id: order.into(),
        built_on: Some(date_pb(on)),
        released,
        ..VehicleBuilt::default()
    });
    fact(serial, 1, serial.into(), on, kind)
}

pub(super) fn held(serial: u32, sequence: i64, position: i64, on: Date) -> Fact {
    let kind = Kind::VehicleHeld(VehicleHeld {
        vin: vin(serial),
        held_on: Some(date_pb(on)),
        reason: "a test".into(),
        ..VehicleHeld::default()
    });
    fact(serial, sequence, position, on, kind)
}

pub(super) fn released(serial: u32, sequence: i64, position: i64, on: Date) -> Fact {
    let kind = Kind::VehicleReleased(VehicleReleased {
        vin: vin(serial),
        released_on: Some(date_pb(on)),
        ..VehicleReleased::default()
    });
    fact(serial, sequence, position, on, kind)
}

pub(super) async fn tell(service: &Service, facts: Vec<Fact>) {
    let mut inbox = InboxServiceClient::new(service.channel.clone());
    inbox.deliver(DeliverRequest { facts }).await.unwrap();
}

pub(super) async fn cancel(service: &Service, order_id: &str) {
    let message = pb::CancelOrderRequest {
        request_id: id(&format!("cancel {order_id}")),
        order_id: order_id.into(),
        cancelled_on: Some(date_pb(day())),
        ..pb::CancelOrderRequest::default()
    };
    service.orders().cancel_order(message).await.unwrap();
}

/// A report of a load.
pub(super) fn event(kind: pb::TransportEventKind, on: Date) -> pb::TransportEvent {
    pb::TransportEvent {
        shipment_id: LOAD.into(),
        kind: kind.into(),
        date: Some(date_pb(on)),
        ..pb::TransportEvent::default()
    }
}

pub(super) async fn report(
    service: &Service,
    name: &str,
    events: Vec<pb::TransportEvent>,
) -> pb::RecordTransportEventsResponse {
    let message = pb::RecordTransportEventsRequest {
        request_id: id(name),
        events,
    };
    let mut client = ShipmentServiceClient::new(service.channel.clone());
    let stream = client
        .record_transport_events(tokio_stream::once(message))
        .await;
    stream
        .unwrap()
        .into_inner()
        .message()
        .await
        .unwrap()
        .unwrap()
}

async fn hand_over(
    service: &Service,
    name: &str,
    serial: u32,
    on: Date,
) -> pb::RecordHandoversResponse {
    let message = pb::RecordHandoversRequest {
        request_id: id(name),
        handovers: vec![pb::Handover {
            vin: vin(serial),
            handed_over_on: Some(date_pb(on)),
        }],
    };
    let mut client = HandoverServiceClient::new(service.channel.clone());
    let stream = client.record_handovers(tokio_stream::once(message)).await;
    stream
        .unwrap()
        .into_inner()
        .message()
        .await
        .unwrap()
        .unwrap()
}

async fn ready(service: &Service) -> Vec<String> {
    let mut client = HandoverServiceClient::new(service.channel.clone());
    let stream = client.stream_ready_vehicles(pb::StreamReadyVehiclesRequest {});
    let mut stream = stream.await.unwrap().into_inner();
    let mut vins = Vec::new();
    while let Some(page) = stream.message().await.unwrap() {
        vins.extend(page.vehicles.into_iter().map(|vehicle| vehicle.vin));
    }
    vins
}

async fn shipment(service: &Service) -> Result<pb::GetShipmentResponse, Status> {
    let mut client = ShipmentServiceClient::new(service.channel.clone());
    let message = pb::GetShipmentRequest {
        shipment_id: LOAD.into(),
    };
    Ok(client.get_shipment(message).await?.into_inner())
}

async fn resolve(
    service: &Service,
    line: i32,
    how: pb::ExceptionResolution,
    on: Date,
) -> Result<pb::TransportException, Status> {
    let mut client = ExceptionServiceClient::new(service.channel.clone());
    let message = pb::ResolveExceptionRequest {
        request_id: id(&format!("resolve {line} {how:?} {on}")),
        exception_id: format!("{LOAD}/{line}"),
        resolution: how.into(),
        resolved_on: Some(date_pb(on)),
        cost: Some(common::Money {
            currency_code: "CNY".into(),
            minor_units: 120_000,
        }),
        note: "door replaced".into(),
    };
    let answer = client.resolve_exception(message).await?;
    Ok(answer.into_inner().exception.unwrap())
}

async fn exceptions(service: &Service, wanted: pb::ListExceptionsRequest) -> Vec<String> {
    let mut client = ExceptionServiceClient::new(service.channel.clone());
    let (mut told, mut wanted) = (Vec::new(), wanted);
    loop {
        wanted.page_size = 1;
        let page = client
            .list_exceptions(wanted.clone())
            .await
            .unwrap()
            .into_inner();
        told.extend(page.exceptions.iter().map(|one| {
            let number = one.exception_id.rsplit('/').next().unwrap_or_default();
            format!("{number} {:?} {:?}", one.kind(), one.resolution())
        }));
        wanted.page_token = page.next_page_token;
        if wanted.page_token.is_empty() {
            return told;
        }
    }
}

async fn events_of(service: &Service, order: &str) -> Vec<String> {
    let timeline = service.get(order).await.timeline;
    timeline.into_iter().map(|entry| entry.event).collect()
}

async fn told_of(service: &Service, order: &str) -> (pb::OrderState, String) {
    let order = service.get(order).await.order.unwrap();
    (order.state(), order.vin)
}

fn codes(refused: &[pb::RefusedEvent]) -> Vec<&str> {
    refused.iter().map(|one| one.reason_code.as_str()).collect()
}

/// Orders A, B and C with vehicles 1, 2 and 3 on one load that has left, and vehicle 4 of a cancelled order in the yard for nobody.
async fn under_way() -> Service {
    let service = Service::imported(production()).await;
    let orders = ["A", "B", "C", "D"].map(order);
    service
        .intake(vec![chunk("1", orders.to_vec())])
        .await
        .unwrap();
    service.settle().await;
    let on = date("2024-03-30");
    let three = [(1, "A"), (2, "B"), (3, "C")];
    let facts = three.map(|(serial, order)| built(serial, order, on, true));
    tell(&service, facts.to_vec()).await;
    cancel(&service, "D").await;
    tell(&service, vec![built(4, "D", on, true)]).await;
    let departed = event(pb::TransportEventKind::Departed, on);
    assert_eq!(
        report(&service, "gone", vec![departed]).await.changed_count,
        1
    );
    service
}

fn damaged(serial: u32, on: Date) -> pb::TransportEvent {
    pb::TransportEvent {
        vin: vin(serial),
        description: "the left door is dented".into(),
        severity: pb::DamageSeverity::Major.into(),
        ..event(pb::TransportEventKind::Damaged, on)
    }
}

fn lost(serial: u32, on: Date) -> pb::TransportEvent {
    pb::TransportEvent {
        vin: vin(serial),
        description: "burnt".into(),
        ..event(pb::TransportEventKind::Lost, on)
    }
}

#[tokio::test]
async fn a_late_load_moves_the_day_and_its_arrival_is_signed_for() {
    let service = under_way().await;
    let on = date("2024-04-01");
    let delayed = pb::TransportEvent {
        expected_on: Some(date_pb(date("2024-04-20"))),
        description: "snow".into(),
        ..event(pb::TransportEventKind::Delayed, on)
    };
    let told = report(&service, "late", vec![delayed.clone(), delayed]).await;
    assert_eq!((told.changed_count, told.refused.len()), (1, 0));
    let load = shipment(&service).await.unwrap().shipment.unwrap();
    let eta = (load.eta_p50_on, load.eta_p90_on);
    assert_eq!(load.expected_on, Some(date_pb(date("2024-04-20"))));
    let published = Some(date_pb(date("2024-04-02")));
    assert_eq!(eta, (published, published));
    let order = service.get("A").await.order.unwrap();
    assert_eq!(order.promise_health(), pb::PromiseHealth::Late);
    assert_eq!(order.expected_on, Some(date_pb(date("2024-04-20"))));
    assert!(
        events_of(&service, "A")
            .await
            .contains(&"DELAYED".to_owned())
    );
    // What does not belong to a report, and what is missing of it, is told at once.
    let wrong = pb::TransportEvent {
        vin: vin(1),
        ..event(pb::TransportEventKind::Delayed, on)
    };
    let told = report(&service, "wrong", vec![wrong]).await;
    for field in ["expected_on", "vin", "description"] {
        assert!(told.refused[0].reason.contains(field), "{:?}", told.refused);
    }
    let arrived = |signed: &str| pb::TransportEvent {
        proof: Some(pb::ProofOfDelivery {
            signed_by: signed.into(),
            document: "CMR-1".into(),
        }),
        ..event(pb::TransportEventKind::Arrived, date("2024-04-18"))
    };
    let plain = event(pb::TransportEventKind::Arrived, date("2024-04-18"));
    let told = report(&service, "there", vec![plain, arrived("DEALER-1")]).await;
    assert_eq!((told.changed_count, told.refused.len()), (2, 0));
    let told = report(
        &service,
        "again",
        vec![arrived("DEALER-1"), arrived("DEALER-2")],
    )
    .await;
    assert_eq!(told.changed_count, 0);
    assert_eq!(codes(&told.refused), ["PROOF_ALREADY_GIVEN"]);
    let read = shipment(&service).await.unwrap();
    assert_eq!(
        read.proof.map(|proof| proof.signed_by),
        Some("DEALER-1".to_owned())
    );
    assert_eq!(read.shipment.unwrap().eta_p50_on, None);
    let all = exceptions(&service, pb::ListExceptionsRequest::default()).await;
    assert_eq!(all, ["1 Delay Overtaken"]);
    assert_eq!(service.broken().await, [""; 0]);
    service.stop().await;
}

#[tokio::test]
async fn a_damaged_vehicle_waits_for_its_resolution() {
    let service = under_way().await;
    let (on, there) = (date("2024-04-01"), date("2024-04-03"));
    let told = report(
        &service,
        "dents",
        vec![damaged(1, on), damaged(2, on), damaged(9, on)],
    )
    .await;
    assert_eq!(told.changed_count, 2);
    assert_eq!(codes(&told.refused), ["VEHICLE_NOT_ABOARD"]);
    let order = service.get("A").await.order.unwrap();
    assert_eq!(order.promise_health(), pb::PromiseHealth::AtRisk);
    assert_eq!(order.health_reasons[0].subject, vin(1));
    let arrived = event(pb::TransportEventKind::Arrived, there);
    report(&service, "there", vec![arrived]).await;
    assert_eq!(ready(&service).await, [vin(3)]);
    let told = hand_over(&service, "h1", 1, there).await;
    assert_eq!(codes(&told.refused), ["VEHICLE_DAMAGED"]);
    let repaired = pb::ExceptionResolution::Repaired;
    let early = resolve(&service, 1, repaired, date("2024-03-31")).await;
    assert!(early.unwrap_err().message().contains("2024-04-01"));
    let one = resolve(&service, 1, repaired, there).await.unwrap();
    assert_eq!(one.cost.map(|cost| cost.minor_units), Some(120_000));
    assert_eq!(
        (one.order_id.as_str(), one.note.as_str()),
        ("A", "door replaced")
    );
    // The same request again is answered as before.
    assert!(resolve(&service, 1, repaired, there).await.is_ok());
    assert_eq!(ready(&service).await, [vin(1), vin(3)]);
    assert_eq!(hand_over(&service, "h2", 1, there).await.changed_count, 1);
    let open = pb::ListExceptionsRequest {
        open_only: true,
        kind: pb::ExceptionKind::Damage.into(),
        shipment_id: LOAD.into(),
        ..pb::ListExceptionsRequest::default()
    };
    assert_eq!(exceptions(&service, open).await, ["2 Damage Unspecified"]);
    let told = report(&service, "after", vec![damaged(1, there)]).await;
    assert_eq!(codes(&told.refused), ["EXCEPTION_AFTER_HANDOVER"]);
    let events = events_of(&service, "A").await;
    assert!(events.contains(&"DAMAGE_REPAIRED".to_owned()), "{events:?}");
    assert_eq!(service.broken().await, [""; 0]);
    service.stop().await;
}

#[tokio::test]
async fn an_order_whose_vehicle_is_gone_takes_one_from_stock_or_waits_again() {
    let service = under_way().await;
    let (on, there) = (date("2024-04-01"), date("2024-04-03"));
    let told = report(
        &service,
        "fire",
        vec![lost(2, on), lost(2, on), damaged(1, on)],
    )
    .await;
    assert_eq!((told.changed_count, told.refused.len()), (2, 0));
    assert_eq!(
        told_of(&service, "B").await,
        (pb::OrderState::Built, vin(4))
    );
    let told = hand_over(&service, "h1", 2, there).await;
    assert_eq!(codes(&told.refused), ["VEHICLE_LOST"]);
    let written_off = pb::ExceptionResolution::WrittenOff;
    let off = resolve(&service, 2, written_off, there).await.unwrap();
    assert_eq!(off.replacement_vin, "");
    assert_eq!(
        told_of(&service, "A").await,
        (pb::OrderState::Locked, String::new())
    );
    assert_eq!(service.broken().await, [""; 0]);
    let events = events_of(&service, "B").await;
    for event in ["LOST", "VEHICLE_REPLACED"] {
        assert!(events.contains(&event.to_owned()), "{events:?}");
    }
    // The next stray vehicle of its configuration is the order's.
    let stray = order("E");
    service.intake(vec![chunk("2", vec![stray])]).await.unwrap();
    cancel(&service, "E").await;
    tell(&service, vec![built(5, "E", there, true)]).await;
    assert_eq!(
        told_of(&service, "A").await,
        (pb::OrderState::Built, vin(5))
    );
    // The last vehicle of the load is lost with it.
    let told = report(&service, "sunk", vec![lost(3, there)]).await;
    assert_eq!((told.changed_count, told.refused.len()), (1, 0));
    assert!(shipment(&service).await.is_err());
    assert_eq!(told_of(&service, "C").await.0, pb::OrderState::Locked);
    let losses = pb::ListExceptionsRequest {
        kind: pb::ExceptionKind::Loss.into(),
        ..pb::ListExceptionsRequest::default()
    };
    assert_eq!(
        exceptions(&service, losses).await,
        ["1 Loss Lost", "3 Loss Lost"]
    );
    service.settle().await;
    assert_eq!(service.broken().await, [""; 0]);
    service.stop().await;
}
