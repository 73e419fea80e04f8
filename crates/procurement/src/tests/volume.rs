//! scratch
use std::{collections::{BTreeMap, HashMap}, time::Instant};
use takt_contract::{common::v1::{self as common, programme_row::Row}, date_pb, events::v1::{VehicleBuilt, fact_body::Kind}, procurement::v1::{self as pb, material_service_server::MaterialService, purchase_order_service_server::PurchaseOrderService}};
use takt_kernel::{Date, Quantity};
use tonic::Request;
use super::*;

fn csv(name: &str) -> Vec<HashMap<String, String>> {
    let text = std::fs::read_to_string(format!("/work/main/crates/takt/programmes/su7/{name}")).unwrap();
    let split = |line: &str| { let mut out = vec![]; let mut cur = String::new(); let mut q = false; for c in line.chars() { match c { '"' => q = !q, ',' if !q => out.push(std::mem::take(&mut cur)), c => cur.push(c) } } out.push(cur); out };
    let mut lines = text.lines();
    let head = split(lines.next().unwrap());
    lines.map(|l| head.iter().cloned().zip(split(l)).collect()).collect()
}
fn milli(s: &str) -> i64 { Quantity::parse(s).unwrap().milli() }
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    let f: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
    (f[11].parse::<f64>().unwrap() + f[12].parse::<f64>().unwrap()) / 100.0
}

#[tokio::test]
#[ignore]
async fn volume() {
    let world = World::empty().await;
    let items = csv("items.csv"); let bom = csv("bom.csv");
    let mut rows = vec![Row::Header(common::ProgrammeHeader { programme_id: "su7".into(), plant_id: "P".into(), plant_supplier_id: "XIAOMI".into(), order_from: Some(date_pb(Date::parse("2023-12-17").unwrap())), last_plan_date: Some(date_pb(Date::parse("2024-11-13").unwrap())), ..Default::default() })];
    for (n, s) in csv("suppliers.csv").iter().enumerate() { rows.push(Row::Supplier(common::SupplierRow { supplier_id: s["id"].clone(), supplier_number: n as i32 + 1, ..Default::default() })); }
    let mut no: BTreeMap<String, u32> = BTreeMap::new(); let mut ranks: HashMap<String, i32> = HashMap::new(); let mut made = HashMap::new();
    for r in &items {
        let id = r["item_id"].clone();
        if !no.contains_key(&id) { let n = no.len() as u32 + 1; no.insert(id.clone(), n); made.insert(id.clone(), r["make_buy"] == "make");
            rows.push(Row::Item(common::ItemRow { item_id: id.clone(), item_number: n as i32, group: r["group"].clone(), unit_code: if r["uom"] == "kg" {"KGM"} else {"H87"}.into(), made: r["make_buy"] == "make", ..Default::default() })); }
        let rank = ranks.entry(id.clone()).or_default(); *rank += 1;
        if r["make_buy"] == "buy" { rows.push(Row::Agreement(common::AgreementRow { item_id: id, supplier_id: r["supplier_id"].clone(), rank: *rank, share_millionths: takt_kernel::Share::parse(&r["share"]).unwrap().0, lot_thousandths: milli(&r["lot_size"]), lead_time_days: r["lead_time_days"].parse().unwrap(), price: Some(common::Price { currency_code: "USD".into(), micros: 1_000_000 }) })); }
    }
    for (n, l) in csv("logistics.csv").iter().filter(|l| l["kind"] == "inbound").enumerate() { rows.push(Row::Lane(common::LaneRow { lane_id: l["lane_id"].clone(), supplier_id: l["supplier_id"].clone(), lane_number: n as i32 + 1, transit_millidays: milli(&l["transit_days"]), ..Default::default() })); }
    world.import(rows).await.unwrap();
    let mut children: HashMap<&str, Vec<(&str, i64, Vec<(&str, Vec<&str>)>)>> = HashMap::new();
    for b in &bom { let cond = b["variant_condition"].split(';').filter(|c| !c.is_empty()).map(|c| { let (k, v) = c.split_once('=').unwrap(); (k, v.split(',').collect()) }).collect(); children.entry(&b["parent"]).or_default().push((&b["child"], milli(&b["qty"]), cond)); }
    let mut values: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for list in children.values() { for (_, _, cond) in list { for (k, vs) in cond { for v in vs { let e = values.entry(k).or_default(); if !e.contains(v) { e.push(v); } } } } }
    values.values_mut().for_each(|v| v.sort());
    fn walk(item: &str, q: i64, config: &HashMap<&str, &str>, ch: &HashMap<&str, Vec<(&str, i64, Vec<(&str, Vec<&str>)>)>>, made: &HashMap<String, bool>, out: &mut HashMap<String, i64>) {
        if !made[item] { *out.entry(item.to_owned()).or_default() += q; return; }
        for (c, n, cond) in &ch[item] { if cond.iter().all(|(k, vs)| vs.contains(&config[k])) { walk(c, q * n / 1000, config, ch, made, out); } }
    }
    let mut vectors: HashMap<Vec<&str>, HashMap<String, i64>> = HashMap::new();
    let daily: Vec<[i64; 3]> = csv("daily.csv").iter().take(230).map(|d| ["std", "pro", "max"].map(|v| d[&format!("produced_{v}")].parse().unwrap())).collect();
    let mut j = 0usize;
    let mut needs: Vec<BTreeMap<u32, i64>> = vec![]; let mut counts = vec![];
    for d in &daily { let mut need: BTreeMap<u32, i64> = BTreeMap::new();
        for (v, n) in ["STD", "PRO", "MAX"].iter().zip(d) { for _ in 0..*n { j += 1;
            let config: HashMap<&str, &str> = values.iter().enumerate().map(|(i, (k, vs))| (*k, if *k == "VAR" { *v } else { vs[(j / (i + 1)) % vs.len()] })).collect();
            let mut key: Vec<&str> = config.iter().map(|(_, v)| *v).collect(); key.sort();
            let vector = vectors.entry(key).or_insert_with(|| { let mut out = HashMap::new(); walk("SU7", 1000, &config, &children, &made, &mut out); out });
            for (i, q) in vector.iter() { *need.entry(no[i]).or_default() += q; } } }
        needs.push(need); counts.push(d.iter().sum::<i64>()); }
    let names: BTreeMap<u32, String> = no.iter().map(|(k, v)| (*v, k.clone())).collect();
    let day0 = Date::parse("2024-03-28").unwrap();
    let mut spent: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    macro_rules! timed { ($name:expr, $work:expr) => {{ let (c, t) = (cpu(), Instant::now()); let r = $work; let e = spent.entry($name).or_default(); e.0 += cpu() - c; e.1 += t.elapsed().as_secs_f64(); r }} }
    let mut open: BTreeMap<Date, Vec<pb::OrderLine>> = BTreeMap::new(); let mut due: BTreeMap<Date, Vec<String>> = BTreeMap::new();
    let (mut build, mut lots) = (0i64, 0i64);
    let begin = Instant::now();
    for n in -102..=230 {
        let date = day0.plus(n);
        if (n + 102) % 7 == 0 {
            let first = n.max(1);
            let mut series: BTreeMap<u32, Vec<Quantity>> = BTreeMap::new();
            for d in first..=230 { for (i, q) in &needs[d as usize - 1] { let s = series.entry(*i).or_default(); s.resize((d - first) as usize, Quantity(0)); s.push(Quantity(*q)); } }
            let series = series.into_iter().filter_map(|(i, s)| Series::new(day0.plus(first), s).map(|s| (i, s))).collect();
            timed!("plan", assert!(world.plan_of(Plan { id: format!("p{n}"), as_of: date, position: 1 }, series).await));
        }
        if n >= 1 {
            let need = &needs[n as usize - 1];
            timed!("check", world.material.check_availability(Request::new(pb::CheckAvailabilityRequest { build_on: Some(date_pb(date)), item_ids: vec![] })).await.unwrap());
            let name = format!("B{n}");
            let answer = timed!("reserve", world.material.reserve_material(Request::new(pb::ReserveMaterialRequest { request_id: id(&name), reservation_id: name.clone(), build_on: Some(date_pb(date)), vehicle_count: counts[n as usize - 1] as i32, lines: need.iter().map(|(i, q)| pb::ItemQuantity { item_id: names[i].clone(), thousandths: *q }).collect() })).await.unwrap().into_inner());
            lots += answer.items.iter().map(|i| i.lots.len() as i64).sum::<i64>();
            let facts: Vec<Kind> = (0..counts[n as usize - 1]).map(|_| { build += 1; Kind::VehicleBuilt(VehicleBuilt { vin: format!("LNBSU7{build:011}"), build_number: build, built_on: Some(date_pb(date)), reservation_id: name.clone(), reservation_vehicle_count: counts[n as usize - 1] as i32, ..Default::default() }) }).collect();
            for chunk in facts.chunks(250) { timed!("facts", world.told(chunk.to_vec()).await.unwrap()); }
        }
        timed!("release", world.orders.release_orders(Request::new(pb::ReleaseOrdersRequest { request_id: id(&format!("r{n}")), business_date: Some(date_pb(date)) })).await.unwrap());
        let lines: Vec<pb::OrderLine> = timed!("lines", all(world.orders.stream_order_lines(Request::new(pb::StreamOrderLinesRequest { released_on: Some(date_pb(date)), unshipped_only: false })).await).await.unwrap().into_iter().flat_map(|m| m.lines).collect());
        timed!("ack", world.orders.acknowledge_lines(Request::new(pb::AcknowledgeLinesRequest { request_id: id(&format!("a{n}")), acknowledgements: lines.iter().map(|l| pb::LineAcknowledgement { line_number: l.line_number, response: 2 }).collect() })).await.unwrap());
        let of = |d: &Option<common::Date>| { let d = d.as_ref().unwrap(); Date::from_ymd(d.year, d.month as u32, d.day as u32).unwrap() };
        for line in lines { open.entry(of(&line.ship_on)).or_default().push(line); }
        let mut asns: BTreeMap<(String, Date), pb::Asn> = BTreeMap::new();
        for line in open.remove(&date).unwrap_or_default() { let r = of(&line.receipt_on);
            asns.entry((line.supplier_id.clone(), r)).or_insert_with(|| pb::Asn { asn_id: format!("ASN-{}-{n}-{}", line.supplier_id, r), supplier_id: line.supplier_id.clone(), shipped_on: Some(date_pb(date)), expected_on: Some(date_pb(r)), lines: vec![] }).lines.push(goods(&line)); }
        for ((_, r), asn) in &asns { due.entry(*r).or_default().push(asn.asn_id.clone()); }
        let asns: Vec<_> = asns.into_values().collect();
        for (k, chunk) in asns.chunks(500).enumerate() { let a = timed!("asn", world.announce(&format!("s{n}/{k}"), chunk.to_vec()).await.unwrap()); assert!(a.refused.is_empty(), "{:?}", a.refused); }
        let receipts: Vec<_> = due.remove(&date).unwrap_or_default().into_iter().map(|a| pb::Receipt { asn_id: a, received_on: Some(date_pb(date)), ..Default::default() }).collect();
        if !receipts.is_empty() { let a = timed!("receive", world.arrive(&format!("v{n}"), receipts).await.unwrap()); assert!(a.refused.is_empty()); }
    }
    println!("total {:.1} s, cpu {:.1}, picks {lots}", begin.elapsed().as_secs_f64(), cpu());
    for (k, (c, t)) in &spent { println!("{k:10} cpu {c:6.2} wall {t:6.2}"); }
    println!("lots {} ledger {} lines {}", world.number("SELECT COUNT(*) FROM lot").await, world.number("SELECT COUNT(*) FROM ledger").await, world.number("SELECT COUNT(*) FROM order_line").await);
    let t = Instant::now(); assert_eq!(world.broken().await, []); println!("invariants {:.2}", t.elapsed().as_secs_f64());
    let t = Instant::now(); let v = all(world.material.stream_stock_values(Request::new(pb::StreamStockValuesRequest {})).await).await.unwrap(); println!("values {} {:.2}", v.len(), t.elapsed().as_secs_f64());
    let t = Instant::now(); let v = all(world.material.stream_ledger(Request::new(pb::StreamLedgerRequest { item_id: names.values().find(|n| !made[*n]).unwrap().clone(), lot_id: String::new() })).await).await.unwrap(); println!("ledger {} {:.3}", v.iter().map(|m| m.entries.len()).sum::<usize>(), t.elapsed().as_secs_f64());
    let t = Instant::now(); let v = takt_contract::procurement::v1::supplier_service_server::SupplierService::stream_scorecards(&world.suppliers, Request::new(pb::StreamScorecardsRequest::default())).await; println!("scores {} {:.3}", all(v).await.unwrap()[0].scorecards.len(), t.elapsed().as_secs_f64());
    println!("bytes {}", world.number("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()").await);
}
