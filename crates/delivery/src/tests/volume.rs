//! scratch
use super::wire::*;
use super::production::Production;
use takt_contract::{date_pb, delivery::v1 as pb, common::v1::{self as common, programme_row::Row, programme_service_client::ProgrammeServiceClient, admin_service_client::AdminServiceClient},
 events::v1::{*, fact_body::Kind, inbox_service_client::InboxServiceClient},
 delivery::v1::{handover_service_client::HandoverServiceClient, shipment_service_client::ShipmentServiceClient, milestone_service_client::MilestoneServiceClient}};
use takt_kernel::{Date, RequestId, Vin};
use crate::programme::sample::date;
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

#[tokio::test]
#[ignore]
async fn volume() {
    let root = "/work/shared/data/su7";
    let production = Production { daily: 217, days: 230, ..Production::default() };
    let service = Service::new(production).await;
    // import
    let lanes: Vec<(String, String, i64, i64)> = std::fs::read_to_string(format!("{root}/logistics.csv")).unwrap().lines()
        .filter(|l| l.contains(",outbound,")).map(|l| { let f: Vec<&str> = l.split(',').collect();
            (f[0].to_owned(), f[3].to_owned(), (f[8].parse::<f64>().unwrap() * 1000.0) as i64, (f[11].parse::<f64>().unwrap() * 1e6) as i64) }).collect();
    let mut rows: Vec<Row> = rows().into_iter().filter(|r| !matches!(r, Row::Lane(_))).collect();
    rows.extend(lanes.iter().zip(1..).map(|(l, n)| Row::Lane(common::LaneRow { lane_id: l.0.clone(), outbound: true, to_place: l.1.clone(), transit_millidays: l.2, share_millionths: l.3, lane_number: n, ..Default::default() })));
    let mut client = ProgrammeServiceClient::new(service.channel.clone());
    client.begin_import(common::BeginImportRequest { import_id: "i".into(), programme_id: "su7".into(), chunk_count: 1 }).await.unwrap();
    let rows = rows.into_iter().map(|row| common::ProgrammeRow { row: Some(row) }).collect();
    client.upload_chunks(tokio_stream::once(common::UploadChunksRequest { import_id: "i".into(), chunk_index: 0, rows })).await.unwrap();
    client.prepare_import(common::PrepareImportRequest { import_id: "i".into() }).await.unwrap();
    client.activate_import(common::ActivateImportRequest { import_id: "i".into() }).await.unwrap();

    let locked: HashMap<Date, usize> = std::fs::read_to_string(format!("{root}/orders.csv")).unwrap().lines().skip(1)
        .map(|l| { let f: Vec<&str> = l.split(',').collect(); (date(f[0]), f[1].parse().unwrap()) }).collect();
    let day0 = date("2024-03-28");
    let mut number = 0u32;
    let mut serial = 0u32;
    let mut waiting: [VecDeque<String>; 2] = Default::default();
    let mut inbox = InboxServiceClient::new(service.channel.clone());
    let mut shipments = ShipmentServiceClient::new(service.channel.clone());
    let mut handovers = HandoverServiceClient::new(service.channel.clone());
    let mut position = 0i64;
    let mut spent: HashMap<&str, (f64, Duration)> = HashMap::new();
    macro_rules! timed { ($name:expr, $work:expr) => {{ let (c, t) = (cpu(), Instant::now()); let r = $work; let e = spent.entry($name).or_default(); e.0 += cpu() - c; e.1 += t.elapsed(); r }} }
    let begin = Instant::now();
    for n in 0..245 {
        let day = day0.plus(n);
        let count = locked.get(&day).copied().unwrap_or(0);
        let orders: Vec<pb::NewOrder> = (0..count).map(|_| { number += 1; let v = (number % 2) as usize;
            let id = format!("SO-{number:07}"); waiting[v].push_back(id.clone());
            pb::NewOrder { order_id: id, customer_id: format!("C-{number:07}"), variant_id: ["STD", "MAX"][v].into(),
              options: crate::programme::sample::options(&[("COLOR", if number % 3 == 0 { "BLUE" } else { "GREY" }), ("WHEEL", "W19"), ("EDITION", if number < 5000 { "FOUNDERS" } else { "NORMAL" })]),
              city: lanes[(number as usize * 7) % lanes.len()].1.clone(), locked_on: Some(date_pb(day)) } }).collect();
        let chunks: Vec<_> = orders.chunks(500).enumerate().map(|(i, c)| pb::IntakeOrdersRequest { request_id: RequestId::named(&format!("o{n}/{i}")).to_string(), orders: c.to_vec() }).collect();
        timed!("intake", { service.intake(chunks).await.unwrap(); });
        timed!("promise", service.settle().await);
        if n % 7 == 0 {
            position += 1;
            let fact = Fact { source: "production".into(), subject: format!("plan-{n}"), sequence: 1, position, business_date: Some(date_pb(day)), body: Some(FactBody { kind: Some(Kind::MasterPlanReleased(MasterPlanReleased { plan_id: "plan-1".into(), as_of: Some(date_pb(day)), ..Default::default() })) }), ..Default::default() };
            timed!("repromise", { inbox.deliver(DeliverRequest { facts: vec![fact] }).await.unwrap(); service.settle().await; });
        }
        if n > 0 && n <= 230 {
            let mut facts = Vec::new();
            for _ in 0..435 {
                let v = (serial % 2) as usize;
                let Some(order) = waiting[v].pop_front() else { break };
                serial += 1; position += 1;
                let vin = Vin::assemble("LXM", "SU7A1", 'R', 'B', serial, 6).unwrap().to_string();
                facts.push(Fact { source: "production".into(), subject: vin.clone(), sequence: 1, position, business_date: Some(date_pb(day)), body: Some(FactBody { kind: Some(Kind::VehicleBuilt(VehicleBuilt { vin, build_number: serial.into(), order_id: order, built_on: Some(date_pb(day)), released: true, ..Default::default() })) }), ..Default::default() });
            }
            timed!("built", { for c in facts.chunks(500) { inbox.deliver(DeliverRequest { facts: c.to_vec() }).await.unwrap(); } });
        }
        timed!("carry", {
            for (state, kind) in [(pb::ShipmentState::Planned, pb::TransportEventKind::Departed), (pb::ShipmentState::InTransit, pb::TransportEventKind::Arrived)] {
                let until = Some(date_pb(day));
                let req = pb::StreamShipmentsRequest { departing_until: (state == pb::ShipmentState::Planned).then_some(until).flatten(), expected_until: (state == pb::ShipmentState::InTransit).then_some(until).flatten(), state: state.into() };
                let mut s = shipments.stream_shipments(req).await.unwrap().into_inner();
                let mut events = Vec::new();
                while let Some(m) = s.message().await.unwrap() { events.extend(m.shipments.into_iter().map(|s| pb::TransportEvent { shipment_id: s.shipment_id, kind: kind.into(), date: Some(date_pb(day)) })); }
                if events.is_empty() { continue; }
                let req = pb::RecordTransportEventsRequest { request_id: RequestId::named(&format!("t{n}/{kind:?}")).to_string(), events };
                let mut s = shipments.record_transport_events(tokio_stream::iter([req])).await.unwrap().into_inner();
                let a = s.message().await.unwrap().unwrap(); assert!(a.refused.is_empty(), "{a:?}");
            }
        });
        if n >= 6 { timed!("handover", {
            let mut s = handovers.stream_ready_vehicles(pb::StreamReadyVehiclesRequest {}).await.unwrap().into_inner();
            let mut all = Vec::new();
            while let Some(m) = s.message().await.unwrap() { all.extend(m.vehicles.into_iter().map(|v| pb::Handover { vin: v.vin, handed_over_on: Some(date_pb(day)) })); }
            let chunks: Vec<_> = all.chunks(500).enumerate().map(|(i, c)| pb::RecordHandoversRequest { request_id: RequestId::named(&format!("h{n}/{i}")).to_string(), handovers: c.to_vec() }).collect();
            if !chunks.is_empty() {
            let mut s = handovers.record_handovers(tokio_stream::iter(chunks)).await.unwrap().into_inner();
            while let Some(a) = s.message().await.unwrap() { assert!(a.refused.is_empty(), "{a:?}"); } }
        }); }
        timed!("settle", service.settle().await);
    }
    println!("elapsed {:?} cpu {:.1}", begin.elapsed(), cpu());
    let mut spent: Vec<_> = spent.into_iter().collect(); spent.sort_by_key(|s| s.0);
    for (name, (c, t)) in spent { println!("{name:10} cpu {c:.2} wall {t:?}"); }
    let mut admin = AdminServiceClient::new(service.channel.clone());
    let s = admin.get_status(common::GetStatusRequest {}).await.unwrap().into_inner();
    println!("db {}", s.database_bytes);
    for t in s.tables { println!("{} rows {} bytes {}", t.table, t.row_count, t.bytes); }
    let t = Instant::now(); println!("broken {:?} {:?}", service.broken().await, t.elapsed());
    let t = Instant::now();
    println!("{:?}", MilestoneServiceClient::new(service.channel.clone()).get_delivery_figures(pb::GetDeliveryFiguresRequest {}).await.unwrap().into_inner());
    println!("figures {:?}", t.elapsed());
    println!("rss {}", std::fs::read_to_string("/proc/self/status").unwrap().lines().filter(|l| l.starts_with("VmHWM") || l.starts_with("VmRSS")).collect::<Vec<_>>().join(" "));
    service.stop().await;
}
