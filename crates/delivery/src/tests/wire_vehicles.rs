//! Vehicles over gRPC, from production's fact to the customer.

use std::sync::{Arc, Mutex};

use takt_contract::{
    date_pb,
    delivery::v1::{
        self as pb, handover_service_client::HandoverServiceClient,
        milestone_service_client::MilestoneServiceClient,
        shipment_service_client::ShipmentServiceClient,
    },
    events::v1::{
        DeliverRequest, Fact, FactBody, VehicleBuilt, fact_body::Kind,
        inbox_service_client::InboxServiceClient,
    },
};
use takt_kernel::{Date, RequestId};

use super::service::{Service, chunk, day, order, production, vin};
use crate::programme::sample::date;

#[tokio::test]
async fn vehicles_are_carried_and_handed_over() {
    let service = Service::imported(production()).await;
    service
        .intake(vec![chunk("1", vec![order("A"), order("B")])])
        .await
        .unwrap();
    service.settle().await;
    let on = date("2024-03-30");
    let built = [(1, "A"), (2, "B")].map(|(serial, order)| Fact {
        source: "production".into(),
        subject: vin(serial),
        sequence: 1,
        position: serial.into(),
        business_date: Some(date_pb(on)),
        body: Some(FactBody {
            kind: Some(Kind::VehicleBuilt(VehicleBuilt {
                vin: vin(serial),
                build_number: serial.into(),
                order_id: order.into(),
                built_on: Some(date_pb(on)),
                released: true,
                ..VehicleBuilt::default()
            })),
        }),
        ..Fact::default()
    });
    let mut inbox = InboxServiceClient::new(service.channel.clone());
    inbox
        .deliver(DeliverRequest {
            facts: built.to_vec(),
        })
        .await
        .unwrap();
    inbox
        .deliver(DeliverRequest {
            facts: built.to_vec(),
        })
        .await
        .unwrap();
    let mut shipments = ShipmentServiceClient::new(service.channel.clone());
    let planned = pb::StreamShipmentsRequest {
        departing_until: Some(date_pb(on)),
        state: pb::ShipmentState::Planned.into(),
        ..pb::StreamShipmentsRequest::default()
    };
    let mut stream = shipments
        .stream_shipments(planned)
        .await
        .unwrap()
        .into_inner();
    let loads = stream.message().await.unwrap().unwrap().shipments;
    assert!(stream.message().await.unwrap().is_none());
    let load = loads.first().unwrap();
    assert_eq!(
        (loads.len(), load.shipment_id.as_str(), load.vehicle_count),
        (1, "OUT-XIAN-ROAD.20240330", 2)
    );
    let event = |kind: pb::TransportEventKind, on: Date| pb::TransportEvent {
        shipment_id: load.shipment_id.clone(),
        kind: kind.into(),
        date: Some(date_pb(on)),
        ..pb::TransportEvent::default()
    };
    let arrived = date("2024-04-02");
    let unknown = pb::TransportEvent {
        shipment_id: "OUT-XIAN-ROAD.20240331".into(),
        ..event(pb::TransportEventKind::Arrived, on)
    };
    let events = pb::RecordTransportEventsRequest {
        request_id: RequestId::named("t").to_string(),
        events: vec![
            event(pb::TransportEventKind::Departed, on),
            event(pb::TransportEventKind::Arrived, arrived),
            unknown,
        ],
    };
    let both = vec![events.clone(), events];
    let mut stream = shipments
        .record_transport_events(tokio_stream::iter(both))
        .await
        .unwrap()
        .into_inner();
    let first = stream.message().await.unwrap().unwrap();
    assert_eq!((first.changed_count, first.refused.len()), (2, 1));
    assert_eq!(first.refused[0].reason_code, "MISSING");
    assert_eq!(stream.message().await.unwrap(), Some(first));
    let get = pb::GetShipmentRequest {
        shipment_id: load.shipment_id.clone(),
    };
    let read = shipments.get_shipment(get).await.unwrap().into_inner();
    assert_eq!(read.vins, [vin(1), vin(2)]);
    let mut handovers = HandoverServiceClient::new(service.channel.clone());
    let mut ready = handovers
        .stream_ready_vehicles(pb::StreamReadyVehiclesRequest {})
        .await
        .unwrap()
        .into_inner();
    let ready = ready.message().await.unwrap().unwrap().vehicles;
    assert_eq!(
        ready
            .iter()
            .map(|vehicle| vehicle.order_id.as_str())
            .collect::<Vec<_>>(),
        ["A", "B"]
    );
    let hand_over = |name: &str, serials: &[u32], on: &str| pb::RecordHandoversRequest {
        request_id: RequestId::named(name).to_string(),
        handovers: serials
            .iter()
            .map(|serial| pb::Handover {
                vin: vin(*serial),
                handed_over_on: Some(date_pb(date(on))),
            })
            .collect(),
    };
    let chunks = vec![
        hand_over("h1", &[1], "2024-04-02"),
        hand_over("h2", &[1, 2, 9], "2024-04-03"),
    ];
    let mut stream = handovers
        .record_handovers(tokio_stream::iter(chunks))
        .await
        .unwrap()
        .into_inner();
    let early = stream.message().await.unwrap().unwrap();
    assert_eq!(early.refused[0].reason_code, "HANDOVER_BEFORE_FIRST");
    let done = stream.message().await.unwrap().unwrap();
    assert_eq!((done.changed_count, done.refused.len()), (2, 1));
    service.settle().await;
    assert_eq!(
        service.get("A").await.order.map(|order| order.state()),
        Some(pb::OrderState::HandedOver)
    );
    let told: Vec<_> = kinds(&service.production.told);
    assert_eq!(
        told,
        [
            "locked",
            "locked",
            "dispatched",
            "dispatched",
            "handed over",
            "handed over"
        ]
    );
    let mut milestones = MilestoneServiceClient::new(service.channel.clone());
    let list = milestones
        .list_milestones(pb::ListMilestonesRequest {})
        .await
        .unwrap()
        .into_inner()
        .milestones;
    assert_eq!(
        (list[0].locked_reached_on, list[0].delivered_reached_on),
        (Some(date_pb(day())), Some(date_pb(date("2024-04-03"))))
    );
    let figures = milestones
        .get_delivery_figures(pb::GetDeliveryFiguresRequest {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (figures.handed_over_count, figures.kept_first_promise_count),
        (2, 2)
    );
    let curve = milestones
        .get_delivery_curve(pb::GetDeliveryCurveRequest {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!(curve.days.len(), 3);
    assert_eq!(service.broken().await, [""; 0]);
    service.stop().await;
}

fn kinds(told: &Arc<Mutex<Vec<Fact>>>) -> Vec<&'static str> {
    let word = |fact: &Fact| match fact.body.as_ref().and_then(|body| body.kind.as_ref()) {
        Some(Kind::OrderLocked(_)) => "locked",
        Some(Kind::VehicleDispatched(_)) => "dispatched",
        Some(Kind::VehicleHandedOver(_)) => "handed over",
        _ => "other",
    };
    told.lock().unwrap().iter().map(word).collect()
}
