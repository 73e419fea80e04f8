//! The service over gRPC, from import to handover.

use std::{
    sync::{Arc, Mutex, atomic::Ordering},
    time::Duration,
};

use takt_contract::{
    common::v1::{
        self as common, admin_service_client::AdminServiceClient, programme_row::Row,
        programme_service_client::ProgrammeServiceClient,
    },
    date_pb,
    delivery::v1::{
        self as pb, handover_service_client::HandoverServiceClient,
        milestone_service_client::MilestoneServiceClient, order_service_client::OrderServiceClient,
        shipment_service_client::ShipmentServiceClient,
    },
    events::v1::{
        AwaitAppliedRequest, DeliverRequest, Fact, FactBody, VehicleBuilt,
        event_service_client::EventServiceClient, fact_body::Kind,
        inbox_service_client::InboxServiceClient,
    },
};
use takt_kernel::{Date, RequestId, Vin};
use takt_service::{
    config::{Chassis, Defaults, ServiceConfig},
    error::reason_of,
    telemetry::{LogConfig, Telemetry},
};
use tokio::sync::oneshot;
use tonic::{Code, Status, transport::Channel};

use super::production::Production;
use crate::{
    definition,
    programme::sample::{date, lanes, offers, options, programme, variants},
};

/// A running service.
pub(crate) struct Service {
    pub(crate) channel: Channel,
    production: Production,
    stop: Option<oneshot::Sender<()>>,
    ended: Option<tokio::task::JoinHandle<()>>,
    _folder: tempfile::TempDir,
}

impl Service {
    pub(crate) async fn new(production: Production) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let defaults = Defaults {
            service: "delivery",
            port: 0,
            data: folder.path().to_owned(),
            peers: &[],
        };
        let mut config = ServiceConfig::new(&defaults, Chassis::default());
        config
            .peers
            .insert("production".into(), production.clone().served().await);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let telemetry = Telemetry::start("delivery", &LogConfig::default()).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let ended = tokio::spawn(async move {
            let shutdown = async move {
                let _ = stopped.await;
            };
            definition()
                .run(&config, &telemetry, listener, shutdown)
                .await
                .unwrap();
        });
        let channel = Channel::from_shared(format!("http://{address}"))
            .unwrap()
            .connect_lazy();
        Self {
            channel,
            production,
            stop: Some(stop),
            ended: Some(ended),
            _folder: folder,
        }
    }

    /// A service with the small programme.
    pub(crate) async fn imported(production: Production) -> Self {
        let service = Self::new(production).await;
        service.import().await;
        service
    }

    fn orders(&self) -> OrderServiceClient<Channel> {
        OrderServiceClient::new(self.channel.clone())
    }

    pub(crate) async fn import(&self) {
        let mut client = ProgrammeServiceClient::new(self.channel.clone());
        let begin = common::BeginImportRequest {
            import_id: "i".into(),
            programme_id: "su7".into(),
            chunk_count: 1,
        };
        client.begin_import(begin).await.unwrap();
        let rows = rows()
            .into_iter()
            .map(|row| common::ProgrammeRow { row: Some(row) })
            .collect();
        let chunk = common::UploadChunksRequest {
            import_id: "i".into(),
            chunk_index: 0,
            rows,
        };
        client
            .upload_chunks(tokio_stream::once(chunk))
            .await
            .unwrap();
        client
            .prepare_import(common::PrepareImportRequest {
                import_id: "i".into(),
            })
            .await
            .unwrap();
        client
            .activate_import(common::ActivateImportRequest {
                import_id: "i".into(),
            })
            .await
            .unwrap();
    }

    /// Waits until the service owes nothing and production was told everything.
    pub(crate) async fn settle(&self) {
        let mut client = EventServiceClient::new(self.channel.clone());
        let mut before = -1;
        loop {
            let answer = client
                .await_applied(AwaitAppliedRequest { position: 0 })
                .await
                .unwrap()
                .into_inner();
            if answer.activity == before {
                return;
            }
            before = answer.activity;
        }
    }

    pub(crate) async fn intake(
        &self,
        chunks: Vec<pb::IntakeOrdersRequest>,
    ) -> Result<Vec<pb::IntakeOrdersResponse>, Status> {
        let mut stream = self
            .orders()
            .intake_orders(tokio_stream::iter(chunks))
            .await?
            .into_inner();
        let mut answers = Vec::new();
        while let Some(answer) = stream.message().await? {
            answers.push(answer);
        }
        Ok(answers)
    }

    pub(crate) async fn get(&self, id: &str) -> pb::GetOrderResponse {
        let request = pb::GetOrderRequest {
            order_id: id.into(),
        };
        self.orders().get_order(request).await.unwrap().into_inner()
    }

    /// The ids of the rules that are broken.
    pub(crate) async fn broken(&self) -> Vec<String> {
        let mut client = AdminServiceClient::new(self.channel.clone());
        let answer = client
            .check_invariants(common::CheckInvariantsRequest {})
            .await
            .unwrap()
            .into_inner();
        let broken = answer
            .invariants
            .into_iter()
            .filter(|rule| rule.violated_count > 0);
        broken.map(|rule| rule.invariant_id).collect()
    }

    pub(crate) async fn stop(mut self) {
        drop(self.stop.take());
        if let Some(ended) = self.ended.take() {
            tokio::time::timeout(Duration::from_secs(30), ended)
                .await
                .unwrap()
                .unwrap();
        }
    }
}

pub(crate) fn rows() -> Vec<Row> {
    let header = programme();
    let mut rows = vec![Row::Header(common::ProgrammeHeader {
        programme_id: header.id,
        name: header.name,
        plant_id: header.plant_id,
        time_zone: header.time_zone,
        launch_date: Some(date_pb(header.launch_on)),
        first_handover_date: Some(date_pb(header.first_handover_on)),
        vehicle_count: header.vehicle_count,
        priority_option: header.priority_option,
        priority_value: header.priority_value,
        ..common::ProgrammeHeader::default()
    })];
    rows.extend(variants().into_iter().map(|variant| {
        Row::Variant(common::VariantRow {
            variant_id: variant.id,
            variant_number: i32::try_from(variant.number).unwrap(),
            name: variant.name,
            reference_options: variant.reference,
            ..common::VariantRow::default()
        })
    }));
    rows.extend(offers().into_iter().map(|offer| {
        Row::OptionValue(common::OptionValueRow {
            option_key: offer.key,
            value: offer.value,
            variant_id: offer.variant_id,
            share_millionths: offer.share,
            value_number: i32::try_from(offer.number).unwrap(),
        })
    }));
    rows.extend(lanes().into_iter().map(|lane| {
        Row::Lane(common::LaneRow {
            lane_id: lane.id,
            outbound: true,
            to_place: lane.city,
            transit_millidays: lane.transit_millidays,
            share_millionths: lane.share,
            lane_number: i32::try_from(lane.number).unwrap(),
            ..common::LaneRow::default()
        })
    }));
    rows.push(Row::Milestone(common::MilestoneRow {
        milestone_number: 1,
        date: Some(date_pb(day())),
        event: "first two".into(),
        cumulative_delivered: Some(2),
        locked_orders: Some(2),
        ..common::MilestoneRow::default()
    }));
    rows.push(Row::Item(common::ItemRow::default()));
    rows
}

fn day() -> Date {
    date("2024-03-28")
}

fn production() -> Production {
    Production {
        daily: 2,
        days: 30,
        ..Production::default()
    }
}

fn order(id: &str) -> pb::NewOrder {
    pb::NewOrder {
        order_id: id.into(),
        customer_id: format!("C-{id}"),
        variant_id: "MAX".into(),
        options: options(&[("COLOR", "BLUE"), ("WHEEL", "W21")]),
        city: "Xi'an".into(),
        locked_on: Some(date_pb(day())),
    }
}

fn chunk(name: &str, orders: Vec<pb::NewOrder>) -> pb::IntakeOrdersRequest {
    pb::IntakeOrdersRequest {
        request_id: RequestId::named(name).to_string(),
        orders,
    }
}

fn create(name: &str, id: &str) -> pb::CreateOrderRequest {
    pb::CreateOrderRequest {
        request_id: RequestId::named(name).to_string(),
        order: Some(order(id)),
    }
}

fn vin(serial: u32) -> String {
    Vin::assemble("LXM", "SU7A1", 'R', 'B', serial, 6)
        .unwrap()
        .to_string()
}

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
        tokio::spawn(async move { client.create_order(request).await.unwrap().into_inner() })
    });
    let mut numbers = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        let answer = call.await.unwrap();
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
