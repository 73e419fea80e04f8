//! Delivery as it runs, with the small programme, and what callers send to it.

use std::time::Duration;

use takt_contract::{
    common::v1::{
        self as common, admin_service_client::AdminServiceClient, programme_row::Row,
        programme_service_client::ProgrammeServiceClient,
    },
    date_pb,
    delivery::v1::{self as pb, order_service_client::OrderServiceClient},
    events::v1::{AwaitAppliedRequest, event_service_client::EventServiceClient},
};
use takt_kernel::{Date, RequestId, Vin};
use takt_service::{
    config::{Chassis, Defaults, ServiceConfig},
    telemetry::{LogConfig, Telemetry},
};
use tokio::sync::oneshot;
use tonic::{Status, transport::Channel};

use super::production::Production;
use crate::{
    definition,
    programme::sample::{date, lanes, offers, options, programme, variants},
};

/// A running service.
pub(crate) struct Service {
    pub(crate) channel: Channel,
    pub(crate) production: Production,
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
        // Procurement is told facts too; another stand-in of the same kind takes them.
        let procurement = Production::default().served().await;
        config.peers.insert("procurement".into(), procurement);
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

    pub(crate) fn orders(&self) -> OrderServiceClient<Channel> {
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

fn rows() -> Vec<Row> {
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
            mode: lane.mode,
            distance_km: lane.distance_km,
            cost: Some(common::Price {
                currency_code: "CNY".into(),
                micros: 100_000_000,
            }),
            cost_unit: "vehicle".into(),
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

pub(crate) fn day() -> Date {
    date("2024-03-28")
}

pub(crate) fn production() -> Production {
    Production {
        daily: 2,
        days: 30,
        ..Production::default()
    }
}

pub(crate) fn order(id: &str) -> pb::NewOrder {
    pb::NewOrder {
        order_id: id.into(),
        customer_id: format!("C-{id}"),
        variant_id: "MAX".into(),
        options: options(&[("COLOR", "BLUE"), ("WHEEL", "W21")]),
        city: "Xi'an".into(),
        locked_on: Some(date_pb(day())),
    }
}

pub(crate) fn chunk(name: &str, orders: Vec<pb::NewOrder>) -> pb::IntakeOrdersRequest {
    pb::IntakeOrdersRequest {
        request_id: RequestId::named(name).to_string(),
        orders,
    }
}

pub(crate) fn create(name: &str, id: &str) -> pb::CreateOrderRequest {
    pb::CreateOrderRequest {
        request_id: RequestId::named(name).to_string(),
        order: Some(order(id)),
    }
}

pub(crate) fn vin(serial: u32) -> String {
    Vin::assemble("LXM", "SU7A1", 'R', 'B', serial, 6)
        .unwrap()
        .to_string()
}
