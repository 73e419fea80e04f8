//! The service over gRPC on a real SQLite database, with a procurement that keeps lots.

#![allow(
    clippy::disallowed_methods,
    reason = "a test is the host of the services that it starts"
)]

mod as_built;
mod books;
mod changes;
mod days;
mod defects;
mod eras;
mod exposures;
mod holds;
mod jobs;
mod materials;
mod order_history;
mod performance;
mod plans;
mod procurement;
mod quality;
mod ramp;
mod sequences;
mod swaps;
mod traces;
mod twins;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use takt_contract::{
    common::v1::{
        self as common, admin_service_client::AdminServiceClient, programme_row::Row,
        programme_service_client::ProgrammeServiceClient,
    },
    date_opt, date_pb,
    events::v1::{
        AwaitAppliedRequest, DeliverRequest, DeliverResponse, Fact, FactBody, OrderLocked,
        event_service_client::EventServiceClient, fact_body::Kind,
        inbox_service_client::InboxServiceClient,
    },
    production::v1::{
        self as pb, planning_service_client::PlanningServiceClient,
        product_service_client::ProductServiceClient, promise_service_client::PromiseServiceClient,
        ramp_service_client::RampServiceClient, shop_floor_service_client::ShopFloorServiceClient,
        vehicle_service_client::VehicleServiceClient,
    },
};
use takt_kernel::{Date, RequestId};
use takt_service::{
    config::{Chassis, Defaults, ServiceConfig},
    telemetry::{LogConfig, Telemetry},
};
use tokio::sync::oneshot;
use tonic::{Status, Streaming, transport::Channel};

use crate::{
    definition,
    product::tests::{day, rows},
};
use procurement::Procurement;

/// A running service.
struct Service {
    channel: Channel,
    procurement: Procurement,
    address: String,
    told: i64,
    stop: Option<oneshot::Sender<()>>,
    ended: Option<tokio::task::JoinHandle<()>>,
    folder: tempfile::TempDir,
}

impl Service {
    /// A service with the small programme.
    async fn imported() -> Self {
        Self::with_rows(rows()).await
    }

    /// A service with a programme of these rows.
    async fn with_rows(rows: Vec<Row>) -> Self {
        let procurement = Procurement::default();
        let address = procurement.clone().served().await;
        let folder = tempfile::tempdir().unwrap();
        let mut service = Self {
            channel: nowhere(),
            procurement,
            address,
            told: 0,
            stop: None,
            ended: None,
            folder,
        };
        service.start().await;
        service.import("i", rows).await.unwrap();
        service
    }

    async fn start(&mut self) {
        let defaults = Defaults {
            service: "production",
            port: 0,
            data: self.folder.path().to_owned(),
            peers: &[],
        };
        let mut config = ServiceConfig::new(&defaults, Chassis::default());
        config
            .peers
            .insert("procurement".into(), self.address.clone());
        config.peers.insert("delivery".into(), self.address.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let telemetry = Telemetry::start("production", &LogConfig::default()).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        self.stop = Some(stop);
        self.ended = Some(tokio::task::spawn(async move {
            let shutdown = async move {
                let _ = stopped.await;
            };
            definition()
                .run(&config, &telemetry, listener, shutdown)
                .await
                .unwrap();
        }));
        self.channel = Channel::from_shared(format!("http://{address}"))
            .unwrap()
            .connect_lazy();
    }

    async fn stop(&mut self) {
        drop(self.stop.take());
        self.channel = nowhere();
        if let Some(ended) = self.ended.take() {
            tokio::time::timeout(Duration::from_secs(30), ended)
                .await
                .unwrap()
                .unwrap();
        }
    }

    async fn import(&self, import_id: &str, rows: Vec<Row>) -> Result<(), Status> {
        let mut client = ProgrammeServiceClient::new(self.channel.clone());
        let id = || import_id.to_owned();
        client
            .begin_import(common::BeginImportRequest {
                import_id: id(),
                programme_id: "small".into(),
                chunk_count: 2,
            })
            .await?;
        let rows: Vec<_> = rows
            .into_iter()
            .map(|row| common::ProgrammeRow { row: Some(row) })
            .collect();
        let (first, second) = rows.split_at(rows.len() / 2);
        let chunks = [first, second].map(<[_]>::to_vec).into_iter().zip(0..);
        let chunks = chunks.map(|(rows, chunk_index)| common::UploadChunksRequest {
            import_id: id(),
            chunk_index,
            rows,
        });
        client
            .upload_chunks(tokio_stream::iter(chunks.collect::<Vec<_>>()))
            .await?;
        client
            .prepare_import(common::PrepareImportRequest { import_id: id() })
            .await?;
        client
            .activate_import(common::ActivateImportRequest { import_id: id() })
            .await?;
        Ok(())
    }

    /// Tells facts as delivery would.
    async fn tell(&mut self, kinds: Vec<(String, Kind)>) -> DeliverResponse {
        let mut sequences: BTreeMap<String, i64> = BTreeMap::new();
        let mut facts = Vec::new();
        for (subject, kind) in kinds {
            self.told += 1;
            let sequence = match &kind {
                Kind::VehicleHandedOver(_) => 2,
                _ => 1,
            };
            sequences.insert(subject.clone(), sequence);
            facts.push(Fact {
                position: self.told,
                source: "delivery".into(),
                subject,
                sequence,
                traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into(),
                business_date: Some(date_pb(day(0))),
                body: Some(FactBody { kind: Some(kind) }),
                ..Fact::default()
            });
        }
        let mut client = InboxServiceClient::new(self.channel.clone());
        client
            .deliver(DeliverRequest { facts })
            .await
            .unwrap()
            .into_inner()
    }

    /// Locks orders that take slots of a hold: number, variant, wheel.
    async fn lock_on(&mut self, hold: &str, orders: &[(i64, &str, &str)]) {
        let orders: Vec<_> = orders
            .iter()
            .map(|(number, variant, wheel)| (*number, *variant, *wheel, false))
            .collect();
        self.lock_with(&orders, hold).await;
    }

    /// Locks orders: number, variant, wheel, and whether the edition that goes first.
    async fn lock(&mut self, orders: &[(i64, &str, &str, bool)]) {
        self.lock_with(orders, "").await;
    }

    async fn lock_with(&mut self, orders: &[(i64, &str, &str, bool)], hold: &str) {
        let fact = |(number, variant, wheel, founders): &(i64, &str, &str, bool)| {
            let edition = if *founders { "FOUNDERS" } else { "NORMAL" };
            let options = [("WHEEL", *wheel), ("EDITION", edition)]
                .map(|(key, value)| (key.to_owned(), value.to_owned()));
            let order_id = format!("SO-{number}");
            let body = OrderLocked {
                order_id: order_id.clone(),
                order_number: *number,
                variant_id: (*variant).to_owned(),
                options: options.into_iter().collect(),
                priority: *founders,
                locked_on: Some(date_pb(day(0))),
                hold_id: hold.to_owned(),
            };
            (order_id, Kind::OrderLocked(body))
        };
        let facts = orders.iter().map(fact).collect();
        let answer = self.tell(facts).await;
        assert!(
            answer.results.iter().all(|result| result.outcome == 1),
            "{answer:?}"
        );
    }

    /// Stock of two suppliers: many bodies, and packs in small lots.
    fn stock(&self) {
        for (lot_id, number, units) in [
            ("BODY.STEEL.000001", 2_010_000_001, 3),
            ("BODY.ALU.000001", 2_020_000_001, 60),
            ("PACK.CELL.000001", 3_010_000_001, 3),
            ("PACK.OTHER.000001", 3_020_000_001, 60),
            ("W19.RIM.000001", 4_010_000_001, 6),
            ("W19.RIM.000002", 4_010_000_002, 300),
            ("W20.RIM.000001", 5_010_000_001, 300),
            ("AWD.DRIVE.000001", 6_010_000_001, 60),
            ("TRIM.SEAT.000001", 7_010_000_001, 60),
        ] {
            self.procurement.receive(lot_id, number, units);
        }
    }

    async fn run_day(&self, request: pb::RunDayRequest) -> Result<pb::RunDayResponse, Status> {
        let mut client = ShopFloorServiceClient::new(self.channel.clone());
        Ok(client.run_day(request).await?.into_inner())
    }

    async fn vehicles(&self) -> Vec<pb::Vehicle> {
        let mut client = VehicleServiceClient::new(self.channel.clone());
        let (mut all, mut page_token) = (Vec::new(), String::new());
        loop {
            let page = client
                .list_vehicles(pb::ListVehiclesRequest {
                    page_size: 3,
                    page_token,
                })
                .await
                .unwrap()
                .into_inner();
            all.extend(page.vehicles);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return all;
            }
        }
    }

    async fn plan(
        &self,
        as_of: Date,
        n: i32,
        validate_only: bool,
    ) -> Result<Vec<pb::RunPlanResponse>, Status> {
        let request = pb::RunPlanRequest {
            request_id: id(&format!("plan/{n}")),
            as_of: Some(date_pb(as_of)),
            validate_only,
        };
        let stream = PlanningServiceClient::new(self.channel.clone())
            .run_plan(request)
            .await?
            .into_inner();
        read(stream).await
    }

    /// Waits until the service owes nothing.
    async fn settle(&self) {
        let mut client = EventServiceClient::new(self.channel.clone());
        client
            .await_applied(AwaitAppliedRequest { position: 0 })
            .await
            .unwrap();
    }

    /// The ids of the rules that are broken, with examples; none is left unchecked.
    async fn broken(&self) -> Vec<(String, Vec<String>)> {
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
        broken
            .map(|rule| (rule.invariant_id, rule.examples))
            .collect()
    }

    async fn digest(&self) -> String {
        let mut client = AdminServiceClient::new(self.channel.clone());
        client
            .digest(common::DigestRequest {})
            .await
            .unwrap()
            .into_inner()
            .digest
    }
}

fn nowhere() -> Channel {
    Channel::from_static("http://127.0.0.1:9").connect_lazy()
}

async fn read<T>(mut stream: Streaming<T>) -> Result<Vec<T>, Status> {
    let mut all = Vec::new();
    while let Some(message) = stream.message().await? {
        all.push(message);
    }
    Ok(all)
}

fn id(name: &str) -> String {
    RequestId::named(name).to_string()
}

/// The request of a day.
fn a_day(n: i32) -> pb::RunDayRequest {
    pb::RunDayRequest {
        request_id: id(&format!("day/{n}")),
        business_date: Some(date_pb(day(n))),
        ..pb::RunDayRequest::default()
    }
}

#[tokio::test]
async fn the_product_and_the_ramp_are_read_back() {
    let mut service = Service::imported().await;
    let mut products = ProductServiceClient::new(service.channel.clone());
    let item = products
        .get_item(pb::GetItemRequest {
            item_id: "PAINTED".into(),
        })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (
            item.item.unwrap().low_level_code,
            item.lines[0].child_item_id.as_str()
        ),
        (1, "BODY")
    );
    let page = products
        .list_items(pb::ListItemsRequest {
            page_size: 5,
            ..Default::default()
        })
        .await
        .unwrap()
        .into_inner();
    let rest = products
        .list_items(pb::ListItemsRequest {
            page_size: 5,
            page_token: page.next_page_token,
        })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (
            page.items.len(),
            rest.items.len(),
            rest.next_page_token.as_str()
        ),
        (5, 3, "")
    );
    let needs = pb::ExplodeConfigurationRequest {
        variant_id: "MAX".into(),
        options: BTreeMap::new(),
    };
    let needs = products
        .explode_configuration(needs)
        .await
        .unwrap()
        .into_inner()
        .requirements;
    let ids: Vec<&str> = needs.iter().map(|need| need.item_id.as_str()).collect();
    assert_eq!(ids, ["BODY", "PACK", "W20", "AWD", "PAINTED"]);
    let used = products
        .list_where_used(pb::ListWhereUsedRequest {
            item_id: "BODY".into(),
            ..Default::default()
        })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(used.lines[0].parent_item_id, "PAINTED");
    let missing = products
        .get_item(pb::GetItemRequest {
            item_id: "NONE".into(),
        })
        .await
        .unwrap_err();
    assert_eq!(missing.code(), tonic::Code::NotFound);
    let mut ramp = RampServiceClient::new(service.channel.clone());
    let days = ramp
        .get_ramp(pb::GetRampRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (
            days.days.len(),
            days.days[0].capacity,
            days.days[0].wanted.len()
        ),
        (10, 8, 2)
    );
    assert_eq!(service.broken().await, []);
    service.stop().await;
}

#[tokio::test]
async fn a_programme_that_contradicts_itself_never_becomes_visible() {
    let procurement = Procurement::default();
    let address = procurement.clone().served().await;
    let folder = tempfile::tempdir().unwrap();
    let mut service = Service {
        channel: nowhere(),
        procurement,
        address,
        told: 0,
        stop: None,
        ended: None,
        folder,
    };
    service.start().await;
    let mut wrong = rows();
    wrong.push(Row::BomLine(common::BomLineRow {
        parent_item_id: "CAR".into(),
        child_item_id: "CAR".into(),
        quantity_thousandths: 1000,
        ..Default::default()
    }));
    let refused = service.import("wrong", wrong).await.unwrap_err();
    assert!(refused.message().contains("cycle"), "{refused}");
    let mut bad = rows();
    bad.push(Row::Item(common::ItemRow::default()));
    let invalid = service.import("bad", bad).await.unwrap_err();
    assert_eq!(invalid.code(), tonic::Code::InvalidArgument, "{invalid}");
    let hidden = PromiseServiceClient::new(service.channel.clone())
        .get_promise_profile(pb::GetPromiseProfileRequest {
            as_of: Some(date_pb(day(0))),
        })
        .await
        .unwrap_err();
    assert_eq!(hidden.code(), tonic::Code::FailedPrecondition);
    // A session that was given up leaves nothing behind for the next one.
    service.import("right", rows()).await.unwrap();
    assert_eq!(service.broken().await, []);
    service.stop().await;
}
