//! Flows on a real database in a temporary folder: the rpcs are called as the server would call them.

mod call_offs;
mod capacities;
mod disruptions;
mod flow;
mod import;
mod inbound;
mod invoices;
mod material;
mod network;
mod openings;
mod order_changes;
mod orders;
mod partnerships;
mod planner;
mod prices;
mod reactions;
mod risk;
mod safety;
pub(crate) mod sample;
mod supply;
mod units;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::StreamExt;
use takt_contract::{
    date_pb, day_series,
    events::v1::{Fact, FactBody, VehicleBuilt, fact_body::Kind},
    procurement::v1::{
        self as pb, material_service_server::MaterialService,
        purchase_order_service_server::PurchaseOrderService,
    },
};
use takt_kernel::{Clock, Date, Quantity, RequestId};
use takt_service::{
    Call, Caller, Error, ImportSink, Reactions, Store, StoreOptions, core_migrations,
};
use tonic::{Request, Response, Status};

use crate::{
    desk::{Answers, Desk},
    import::ProgrammeSink,
    inbound::rpc::InboundRpc,
    invariants::INVARIANTS,
    material::rpc::MaterialRpc,
    migrations::MIGRATIONS,
    purchase_order::rpc::PurchaseOrderRpc,
    reactions::ProcurementReactions,
    requirement::{self, Plan, Series},
    supplier::rpc::SupplierRpc,
};
use sample::day;

/// A procurement with the small programme, and the outside world that plays with it.
pub(crate) struct World {
    pub(crate) desk: Arc<Desk>,
    pub(crate) orders: PurchaseOrderRpc,
    pub(crate) inbound: InboundRpc,
    pub(crate) material: MaterialRpc,
    pub(crate) suppliers: SupplierRpc,
    plans: i64,
    builds: i64,
    _folder: tempfile::TempDir,
}

/// A call of a test.
pub(crate) fn call() -> Call {
    Call::new(Caller::Anonymous, Duration::from_secs(60))
}

/// A request id that a name always gives.
pub(crate) fn id(name: &str) -> String {
    RequestId::named(name).to_string()
}

/// All messages of a stream.
pub(crate) async fn all<T>(answer: Result<Response<Answers<T>>, Status>) -> Result<Vec<T>, Status> {
    let mut stream = answer?.into_inner();
    let mut messages = Vec::new();
    while let Some(message) = stream.next().await {
        messages.push(message?);
    }
    Ok(messages)
}

impl World {
    /// A database with no programme.
    pub(crate) async fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = StoreOptions::file(folder.path().join("procurement.sqlite"));
        let store = Store::open(&options, Clock::manual(1_700_000_000_000_000))
            .await
            .unwrap();
        let mut migrations = core_migrations();
        migrations.extend_from_slice(MIGRATIONS);
        store.migrate(&migrations).await.unwrap();
        let desk = Arc::new(Desk::new(store, || 1));
        Self {
            orders: PurchaseOrderRpc(Arc::clone(&desk)),
            inbound: InboundRpc(Arc::clone(&desk)),
            material: MaterialRpc(Arc::clone(&desk)),
            suppliers: SupplierRpc(Arc::clone(&desk)),
            desk,
            plans: 0,
            builds: 0,
            _folder: folder,
        }
    }

    /// A database with the small programme.
    pub(crate) async fn new() -> Self {
        let world = Self::empty().await;
        world.import(sample::rows()).await.unwrap();
        world
    }

    /// Imports rows in one chunk and checks the whole.
    pub(crate) async fn import(
        &self,
        rows: Vec<takt_contract::common::v1::programme_row::Row>,
    ) -> Result<(), Error> {
        let rows = Arc::new(rows);
        let call = call();
        let work = self.desk.store.write(&call, "test_import", move |tx| {
            let rows = Arc::clone(&rows);
            Box::pin(async move {
                ProgrammeSink.stage(tx, &rows).await?;
                ProgrammeSink.prepare(tx).await
            })
        });
        work.await
    }

    /// Holds a plan: per item the first day and whole units by day.
    pub(crate) async fn plan(&mut self, as_of: i32, needs: &[(u32, i32, &[i64])]) -> bool {
        self.plans += 1;
        let plan = Plan {
            id: format!("demo-{}", self.plans),
            as_of: day(as_of),
            position: self.plans,
        };
        let mut series = BTreeMap::new();
        for (item_no, first, units) in needs {
            let days = units
                .iter()
                .map(|units| Quantity::from_units(*units))
                .collect();
            series.extend(Series::new(day(*first), days).map(|found| (*item_no, found)));
        }
        self.plan_of(plan, series).await
    }

    /// Holds a plan unless a newer one is there.
    pub(crate) async fn plan_of(&self, plan: Plan, series: BTreeMap<u32, Series>) -> bool {
        let work = Arc::new((plan, series));
        let call = call();
        let write = self.desk.store.write(&call, "test_plan", move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move { requirement::store::plan_replace(tx, &work.0, &work.1).await })
        });
        write.await.unwrap()
    }

    /// Orders what is due on a day.
    pub(crate) async fn release(&self, on: i32) -> Result<pb::ReleaseOrdersResponse, Status> {
        let message = pb::ReleaseOrdersRequest {
            request_id: id(&format!("release {on}")),
            business_date: Some(date_pb(day(on))),
        };
        Ok(self
            .orders
            .release_orders(Request::new(message))
            .await?
            .into_inner())
    }

    /// All order lines.
    pub(crate) async fn lines(&self) -> Vec<pb::OrderLine> {
        let answer = self
            .orders
            .stream_order_lines(Request::new(pb::StreamOrderLinesRequest::default()))
            .await;
        all(answer)
            .await
            .unwrap()
            .into_iter()
            .flat_map(|message| message.lines)
            .collect()
    }

    /// Ships order lines in full, all with one notice, which is named after the day, and answers with it.
    pub(crate) async fn ship(&self, on: i32, lines: &[pb::OrderLine]) -> pb::Asn {
        let transit = |line: &pb::OrderLine| if line.supplier_id == "ALFA" { 3 } else { 1 };
        let asn = pb::Asn {
            asn_id: format!("ASN-{}-{on}", lines[0].supplier_id),
            supplier_id: lines[0].supplier_id.clone(),
            shipped_on: Some(date_pb(day(on))),
            expected_on: Some(date_pb(day(on + transit(&lines[0])))),
            lines: lines.iter().map(goods).collect(),
            handling_units: vec![],
        };
        let answer = self.announce(&asn.asn_id, vec![asn.clone()]).await.unwrap();
        assert_eq!((answer.recorded_count, answer.refused), (1, vec![]));
        asn
    }

    /// Records notices.
    pub(crate) async fn announce(
        &self,
        request: &str,
        asns: Vec<pb::Asn>,
    ) -> Result<pb::RecordAsnsResponse, Error> {
        self.inbound
            .asns_chunk(
                &call(),
                pb::RecordAsnsRequest {
                    request_id: id(request),
                    asns,
                },
            )
            .await
    }

    /// Receives notices on a day with nothing to say against them.
    pub(crate) async fn receive(
        &self,
        on: i32,
        asn_ids: &[&str],
    ) -> Result<pb::RecordReceiptsResponse, Error> {
        let receipts = asn_ids.iter().map(|asn_id| receipt(asn_id, on)).collect();
        self.arrive(&format!("receive {on} {asn_ids:?}"), receipts)
            .await
    }

    /// Records receipts.
    pub(crate) async fn arrive(
        &self,
        request: &str,
        receipts: Vec<pb::Receipt>,
    ) -> Result<pb::RecordReceiptsResponse, Error> {
        self.inbound
            .receipts_chunk(
                &call(),
                pb::RecordReceiptsRequest {
                    request_id: id(request),
                    receipts,
                },
            )
            .await
    }

    /// The whole units of each item that a build on a day may use.
    pub(crate) async fn free(&self, build_on: i32) -> Vec<i64> {
        let message = pb::CheckAvailabilityRequest {
            build_on: Some(date_pb(day(build_on))),
            item_ids: vec![],
        };
        let answer = self
            .material
            .check_availability(Request::new(message))
            .await
            .unwrap()
            .into_inner();
        answer
            .lines
            .iter()
            .map(|line| line.thousandths / 1000)
            .collect()
    }

    /// Reserves whole units for a build.
    pub(crate) async fn reserve(
        &self,
        name: &str,
        build_on: i32,
        vehicles: i32,
        needs: &[(&str, i64)],
    ) -> Result<pb::ReserveMaterialResponse, Status> {
        let message = pb::ReserveMaterialRequest {
            request_id: id(name),
            reservation_id: name.into(),
            build_on: Some(date_pb(day(build_on))),
            vehicle_count: vehicles,
            lines: needs
                .iter()
                .map(|(item, units)| need(item, *units))
                .collect(),
        };
        Ok(self
            .material
            .reserve_material(Request::new(message))
            .await?
            .into_inner())
    }

    /// Tells that vehicles of a reservation were built.
    pub(crate) async fn built(&mut self, name: &str, on: i32, count: i64, of: i32) {
        let facts = (0..count).map(|_| {
            self.builds += 1;
            Kind::VehicleBuilt(VehicleBuilt {
                vin: format!("VIN{:014}", self.builds),
                build_number: self.builds,
                built_on: Some(date_pb(day(on))),
                reservation_id: name.into(),
                reservation_vehicle_count: of,
                ..VehicleBuilt::default()
            })
        });
        let facts = facts.collect();
        self.told(facts).await.unwrap();
    }

    /// Applies facts of production in one batch.
    pub(crate) async fn told(&self, kinds: Vec<Kind>) -> Result<(), Error> {
        let fact = |(kind, position): (Kind, i64)| Fact {
            position,
            body: Some(FactBody { kind: Some(kind) }),
            ..Fact::default()
        };
        let facts: Arc<Vec<Fact>> = Arc::new(kinds.into_iter().zip(1..).map(fact).collect());
        let call = call();
        let write = self.desk.store.write(&call, "test_facts", move |tx| {
            let facts = Arc::clone(&facts);
            Box::pin(async move { ProcurementReactions.apply(tx, "production", &facts).await })
        });
        write.await
    }

    /// The totals of an item: received, issued, stock, lost in whole units.
    pub(crate) async fn total(&self, item: &str) -> [i64; 4] {
        let answer = self
            .material
            .stream_item_totals(Request::new(pb::StreamItemTotalsRequest {}))
            .await;
        let totals = all(answer)
            .await
            .unwrap()
            .into_iter()
            .flat_map(|message| message.totals);
        let total = totals
            .into_iter()
            .find(|total| total.item_id == item)
            .unwrap();
        [
            total.received_thousandths,
            total.issued_thousandths,
            total.stock_thousandths,
            total.lost_thousandths,
        ]
        .map(|milli| milli / 1000)
    }

    /// The single number of a query.
    pub(crate) async fn number(&self, sql: &'static str) -> i64 {
        self.desk
            .store
            .read(&call(), "test_number", move |tx| {
                Box::pin(tx.number(sql, vec![]))
            })
            .await
            .unwrap()
    }

    /// Runs a statement, as somebody would who changes a row by hand.
    pub(crate) async fn by_hand(&self, sql: &'static str) {
        let call = call();
        let write = self.desk.store.write(&call, "test_by_hand", move |tx| {
            Box::pin(tx.exec(sql, vec![]))
        });
        assert!(write.await.unwrap() > 0, "{sql}");
    }

    /// The rules that are broken, with examples.
    pub(crate) async fn broken(&self) -> Vec<(&'static str, Vec<String>)> {
        let mut broken = Vec::new();
        for rule in INVARIANTS {
            let call = call();
            let read = self.desk.store.read(&call, "test_rule", move |tx| {
                Box::pin(async move {
                    tx.number(rule.checked, vec![]).await?;
                    let rows = tx.rows(rule.violated, vec![]).await?;
                    rows.iter()
                        .map(|row| Ok(row.try_get_by_index::<String>(0)?))
                        .collect::<Result<Vec<_>, Error>>()
                })
            });
            let found = read.await.unwrap();
            if !found.is_empty() {
                broken.push((rule.id, found));
            }
        }
        broken
    }
}

/// The goods of a whole order line.
pub(crate) fn goods(line: &pb::OrderLine) -> pb::AsnLine {
    pb::AsnLine {
        line_number: line.line_number,
        first_lot_sequence: line.first_lot_sequence,
        lot_thousandths: vec![line.lot_thousandths; usize::try_from(line.lot_count).unwrap()],
        maker_lot: "HEAT-7".into(),
        serial_numbers: vec![],
    }
}

/// A receipt with nothing to say against it.
pub(crate) fn receipt(asn_id: &str, on: i32) -> pb::Receipt {
    pb::Receipt {
        asn_id: asn_id.into(),
        received_on: Some(date_pb(day(on))),
        ..pb::Receipt::default()
    }
}

/// A need of whole units.
pub(crate) fn need(item: &str, units: i64) -> pb::ItemQuantity {
    pb::ItemQuantity {
        item_id: item.into(),
        thousandths: units * 1000,
    }
}

/// The lots of an answer with whole units: the short end of the lot's name.
pub(crate) fn lots(items: &[pb::ReservedItem]) -> Vec<(String, i64)> {
    let short = |id: &str| id.replacen(".0000", ".", 1);
    items
        .iter()
        .flat_map(|item| &item.lots)
        .map(|lot| (short(&lot.lot_id), lot.thousandths / 1000))
        .collect()
}

/// The reason in a status.
pub(crate) fn reason(status: &Status) -> String {
    takt_service::error::reason_of(status).unwrap_or_default()
}

/// A day on the wire.
pub(crate) fn on(n: i32) -> Option<takt_contract::common::v1::Date> {
    Some(date_pb(day(n)))
}

/// A date of a message in days of the tests.
pub(crate) fn n_of(date: Option<&takt_contract::common::v1::Date>) -> i32 {
    let date = date.unwrap();
    let found = Date::from_ymd(
        date.year,
        date.month.cast_unsigned(),
        date.day.cast_unsigned(),
    )
    .unwrap();
    found.days_since(day(0))
}

/// A series on the wire, for peers that are played.
pub(crate) fn series(first: i32, units: &[i64]) -> takt_contract::common::v1::DailySeries {
    day_series(day(first), units.iter().map(|units| units * 1000).collect())
}
