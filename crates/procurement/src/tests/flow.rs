//! The service as others meet it: over gRPC, with a production that plans, from the import to the last issue.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::{StreamExt, stream};
use takt_contract::{
    common::v1::{
        self as common, admin_service_client::AdminServiceClient,
        programme_service_client::ProgrammeServiceClient,
    },
    events::v1::{
        AwaitAppliedRequest, DeliverRequest, DeliveryOutcome, Fact, FactBody, MasterPlanReleased,
        VehicleBuilt, event_service_client::EventServiceClient, fact_body::Kind,
        inbox_service_client::InboxServiceClient,
    },
    procurement::v1::{
        self as pb, inbound_service_client::InboundServiceClient,
        material_service_client::MaterialServiceClient,
        purchase_order_service_client::PurchaseOrderServiceClient,
        requirement_service_client::RequirementServiceClient,
    },
    production::v1 as production,
};
use takt_service::{
    Running,
    config::{Chassis, Defaults, ServiceConfig},
    error::reason_of,
};
use tonic::{Code, Request, transport::Channel};

use super::{
    goods, id, need, on,
    planner::{Plans, planner},
    receipt, sample, series,
};
use crate::definition;

/// A running service and the production that it knows.
struct Service {
    channel: Channel,
    plans: Plans,
    told: Mutex<i64>,
    running: Running,
    _folder: tempfile::TempDir,
}

impl Service {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let defaults = Defaults {
            service: "procurement",
            port: 0,
            data: folder.path().to_owned(),
            peers: &[],
        };
        let mut config = ServiceConfig::new(&defaults, Chassis::default());
        let plans = Plans::default();
        config
            .peers
            .insert("production".into(), planner(Arc::clone(&plans)));
        // Who is told facts and never answers: they wait for it.
        config
            .peers
            .insert("delivery".into(), "http://127.0.0.1:9".into());
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let running = Running::start(definition(), config, listener).unwrap();
        let channel = Channel::from_shared(format!("http://{}", running.address))
            .unwrap()
            .connect_lazy();
        Self {
            channel,
            plans,
            told: Mutex::new(0),
            running,
            _folder: folder,
        }
    }

    async fn import(&self) {
        let mut client = ProgrammeServiceClient::new(self.channel.clone());
        let begin = common::BeginImportRequest {
            import_id: "i".into(),
            programme_id: "demo".into(),
            chunk_count: 2,
        };
        client.begin_import(begin).await.unwrap();
        let rows: Vec<_> = sample::rows()
            .into_iter()
            .map(|row| common::ProgrammeRow { row: Some(row) })
            .collect();
        let (first, second) = rows.split_at(6);
        let chunk = |index: i32, rows: &[common::ProgrammeRow]| common::UploadChunksRequest {
            import_id: "i".into(),
            chunk_index: index,
            rows: rows.to_vec(),
        };
        client
            .upload_chunks(stream::iter([chunk(0, first), chunk(1, second)]))
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

    /// Tells facts, each about a subject of its own, and waits until nothing is owed for them.
    async fn tell(&self, kinds: Vec<Kind>) {
        let facts = kinds.into_iter().map(|kind| {
            let mut position = self.told.lock().unwrap();
            *position += 1;
            Fact {
                position: *position,
                source: "production".into(),
                subject: format!("subject-{position}"),
                sequence: 1,
                body: Some(FactBody { kind: Some(kind) }),
                business_date: on(100),
                ..Fact::default()
            }
        });
        let facts = facts.collect();
        let mut inbox = InboxServiceClient::new(self.channel.clone());
        let results = inbox
            .deliver(DeliverRequest { facts })
            .await
            .unwrap()
            .into_inner()
            .results;
        assert!(
            results
                .iter()
                .all(|result| result.outcome() == DeliveryOutcome::Applied),
            "{results:?}"
        );
        let mut events = EventServiceClient::new(self.channel.clone());
        let mut request = Request::new(AwaitAppliedRequest { position: 0 });
        request.set_timeout(Duration::from_secs(10));
        events.await_applied(request).await.unwrap();
    }

    async fn plan(&self, name: &str, as_of: i32, items: &[(&str, i32, &[i64])]) {
        let items = items
            .iter()
            .map(|(item, first, units)| production::ItemSeries {
                item_id: (*item).to_owned(),
                series: Some(series(*first, units)),
            });
        self.plans
            .lock()
            .unwrap()
            .insert(name.to_owned(), items.collect());
        let plan = MasterPlanReleased {
            plan_id: name.into(),
            as_of: on(as_of),
            ..MasterPlanReleased::default()
        };
        self.tell(vec![Kind::MasterPlanReleased(plan)]).await;
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.running.stop();
    }
}

#[tokio::test]
async fn from_the_plan_to_the_last_issue() {
    let service = Service::new();
    let mut orders = PurchaseOrderServiceClient::new(service.channel.clone());
    let mut inbound = InboundServiceClient::new(service.channel.clone());
    let mut material = MaterialServiceClient::new(service.channel.clone());
    let status = material
        .check_availability(pb::CheckAvailabilityRequest {
            build_on: on(1),
            item_ids: vec![],
        })
        .await
        .unwrap_err();
    assert_eq!(reason_of(&status).as_deref(), Some("NO_PROGRAMME"));
    service.import().await;
    // Three cars a day from day 120 on, with four bolts and a lamp each.
    service
        .plan(
            "demo-1",
            100,
            &[("BOLT", 120, &[12, 12, 12]), ("LAMP", 120, &[3, 3, 3])],
        )
        .await;
    let mut lines: Vec<pb::OrderLine> = Vec::new();
    let mut built = 0;
    for day in 100..=122 {
        if day >= 120 {
            let name = format!("build-{day}");
            let reserve = pb::ReserveMaterialRequest {
                request_id: id(&name),
                reservation_id: name.clone(),
                build_on: on(day),
                vehicle_count: 3,
                lines: vec![need("BOLT", 12), need("LAMP", 3)],
            };
            let reserved = material
                .reserve_material(reserve)
                .await
                .unwrap()
                .into_inner();
            assert_eq!(reserved.items.len(), 2);
            let facts = (0..3).map(|_| {
                built += 1;
                Kind::VehicleBuilt(VehicleBuilt {
                    vin: format!("VIN{built}"),
                    build_number: built,
                    built_on: on(day),
                    reservation_id: name.clone(),
                    reservation_vehicle_count: 3,
                    ..VehicleBuilt::default()
                })
            });
            service.tell(facts.collect()).await;
        }
        let release = pb::ReleaseOrdersRequest {
            request_id: id(&format!("release {day}")),
            business_date: on(day),
        };
        orders.release_orders(release).await.unwrap();
        let today = pb::StreamOrderLinesRequest {
            released_on: on(day),
            unshipped_only: true,
        };
        let mut stream = orders.stream_order_lines(today).await.unwrap().into_inner();
        while let Some(message) = stream.message().await.unwrap() {
            lines.extend(message.lines);
        }
        let due = |date: &Option<common::Date>| *date == on(day);
        let shipped: Vec<pb::Asn> = lines
            .iter()
            .filter(|line| due(&line.ship_on))
            .map(|line| pb::Asn {
                asn_id: format!("ASN-{}", line.line_number),
                supplier_id: line.supplier_id.clone(),
                shipped_on: line.ship_on,
                expected_on: line.receipt_on,
                lines: vec![goods(line)],
                handling_units: vec![],
            })
            .collect();
        let chunk = |asn: pb::Asn| pb::RecordAsnsRequest {
            request_id: id(&asn.asn_id),
            asns: vec![asn],
        };
        let chunks: Vec<_> = shipped.into_iter().map(chunk).collect();
        let count = chunks.len();
        let answers = inbound
            .record_asns(stream::iter(chunks))
            .await
            .unwrap()
            .into_inner();
        let answers: Vec<_> = answers.map(Result::unwrap).collect().await;
        assert_eq!(
            answers
                .iter()
                .map(|answer| answer.recorded_count)
                .sum::<i32>(),
            i32::try_from(count).unwrap()
        );
        let receipts = lines
            .iter()
            .filter(|line| due(&line.receipt_on))
            .map(|line| receipt(&format!("ASN-{}", line.line_number), day));
        let chunk = pb::RecordReceiptsRequest {
            request_id: id(&format!("receipts {day}")),
            receipts: receipts.collect(),
        };
        let answers = inbound
            .record_receipts(stream::iter([chunk]))
            .await
            .unwrap()
            .into_inner();
        assert!(
            answers
                .map(Result::unwrap)
                .all(async |answer| answer.refused.is_empty())
                .await
        );
        if day == 107 {
            // The same need, planned again a week later, and an older plan that arrives late: neither orders anything.
            service
                .plan(
                    "demo-2",
                    107,
                    &[("BOLT", 120, &[12, 12, 12]), ("LAMP", 120, &[3, 3, 3])],
                )
                .await;
            service.plan("demo-0", 99, &[("BOLT", 120, &[500])]).await;
        }
    }
    let mut stream = material
        .stream_item_totals(pb::StreamItemTotalsRequest {})
        .await
        .unwrap()
        .into_inner();
    let totals = stream.message().await.unwrap().unwrap().totals;
    let told: Vec<_> = totals
        .iter()
        .map(|total| {
            (
                total.received_thousandths,
                total.issued_thousandths,
                total.stock_thousandths,
                total.lot_count,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (40_000, 36_000, 4_000, 4),
            (0, 0, 0, 0),
            (10_000, 9_000, 1_000, 5)
        ]
    );
    let mut requirements = RequirementServiceClient::new(service.channel.clone());
    let held = requirements
        .get_requirement(pb::GetRequirementRequest {
            item_id: "LAMP".into(),
        })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(held.plan_id, "demo-2");
    let mut admin = AdminServiceClient::new(service.channel.clone());
    let rules = admin
        .check_invariants(common::CheckInvariantsRequest {})
        .await
        .unwrap()
        .into_inner()
        .invariants;
    let broken: Vec<_> = rules
        .iter()
        .filter(|rule| rule.violated_count > 0)
        .collect();
    assert!(
        broken.is_empty()
            && rules
                .iter()
                .any(|rule| rule.invariant_id == "ST-3" && rule.checked_count == 2),
        "{broken:?}"
    );
    let digest = admin
        .digest(common::DigestRequest {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (digest.tables.len(), digest.digest.len()),
        (crate::digest::TABLES.len(), 64)
    );
}

#[tokio::test]
async fn a_chunk_that_cannot_be_read_ends_its_stream_with_the_reason() {
    let service = Service::new();
    service.import().await;
    let mut inbound = InboundServiceClient::new(service.channel.clone());
    let good = pb::RecordAsnsRequest {
        request_id: id("good"),
        asns: vec![],
    };
    let bad = pb::RecordAsnsRequest {
        request_id: "7".into(),
        asns: vec![],
    };
    let mut answers = inbound
        .record_asns(stream::iter([good.clone(), bad]))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        answers.message().await.unwrap().unwrap().request_id,
        good.request_id
    );
    assert_eq!(
        answers.message().await.unwrap_err().code(),
        Code::InvalidArgument
    );
    let large = pb::Asn {
        asn_id: "A".into(),
        lines: vec![pb::AsnLine {
            lot_thousandths: vec![i64::MAX; 8_000],
            ..pb::AsnLine::default()
        }],
        ..pb::Asn::default()
    };
    let large = pb::RecordAsnsRequest {
        request_id: id("large"),
        asns: vec![large],
    };
    let mut answers = inbound
        .record_asns(stream::iter([large]))
        .await
        .unwrap()
        .into_inner();
    let status = answers.message().await.unwrap_err();
    assert!(
        status.message().contains("at most 65536"),
        "{}",
        status.message()
    );
}
