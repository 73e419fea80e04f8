//! Cases of service from the complaint to the supplier's payment, over both databases: bad input by its field, every refusal by its reason,
//! and as-built that stays true.
//!
//! It must not know how the services work inside.

use std::time::Duration;

use takt_contract::{
    common::v1::Money,
    date_of, date_pb,
    delivery::v1::{self as delivery, service_case_service_client::ServiceCaseServiceClient},
    events::v1::{AwaitAppliedRequest, event_service_client::EventServiceClient},
    procurement::v1::{self as procurement, warranty_service_client::WarrantyServiceClient},
    production::v1::{
        AsBuiltPart, ListVehiclesRequest, TraceBackwardRequest, Vehicle,
        vehicle_service_client::VehicleServiceClient,
    },
};
use takt_kernel::{Date, RequestId};
use takt_tests::{
    Failure, Result, ensure,
    postgres::Postgres,
    process::run,
    replay::{Replay, takt},
    suite::{Service, Setup, Suite},
};
use tempfile::tempdir;
use tonic::{
    Code, Status,
    transport::{Channel, Endpoint},
};
use tonic_types::StatusExt;

use crate::clusters::look_ups_agree;

/// Nothing here takes longer.
const SHORT: Duration = Duration::from_secs(120);
/// The vehicles of the small run.
const CARS: i64 = 100;

fn id(name: &str) -> String {
    RequestId::named(&format!("service cases/{name}")).to_string()
}

fn usd(minor_units: i64) -> Option<Money> {
    Some(Money {
        currency_code: "USD".to_owned(),
        minor_units,
    })
}

/// The fields that a message was refused for.
fn fields<T>(answer: std::result::Result<T, Status>) -> Result<Vec<String>> {
    let Err(status) = answer else {
        return Err(Failure::new("a bad message was taken"));
    };
    ensure(status.code() == Code::InvalidArgument, || {
        format!("{status:?}")
    })?;
    let found = status.get_error_details();
    let found = found.bad_request().map(|bad| bad.field_violations.clone());
    Ok(found
        .unwrap_or_default()
        .into_iter()
        .map(|violation| violation.field)
        .collect())
}

/// The reason for which a rule said no.
fn reason<T>(answer: std::result::Result<T, Status>) -> Result<String> {
    match answer {
        Ok(_) => Err(Failure::new("a rule said yes")),
        Err(status) => {
            let details = status.get_error_details();
            let info = details.error_info();
            Ok(info.map_or_else(|| status.message().to_owned(), |info| info.reason.clone()))
        }
    }
}

fn is(what: &str, have: &str, want: &str) -> Result {
    ensure(have == want, || format!("{what}: {have} and not {want}"))
}

/// The three services as their callers see them.
struct Clients {
    cases: ServiceCaseServiceClient<Channel>,
    claims: WarrantyServiceClient<Channel>,
    vehicles: VehicleServiceClient<Channel>,
    facts: EventServiceClient<Channel>,
}

impl Clients {
    fn of(suite: &Suite) -> Result<Self> {
        let channel = |service| -> Result<Channel> {
            let uri = format!("http://{}", suite.address(service));
            let endpoint = Endpoint::from_shared(uri)?.timeout(Duration::from_secs(60));
            Ok(endpoint.connect_lazy())
        };
        Ok(Self {
            cases: ServiceCaseServiceClient::new(channel(Service::Delivery)?),
            claims: WarrantyServiceClient::new(channel(Service::Procurement)?),
            vehicles: VehicleServiceClient::new(channel(Service::Production)?),
            facts: EventServiceClient::new(channel(Service::Delivery)?),
        })
    }

    async fn parts(&mut self, vin: &str, item: &str) -> Result<Vec<AsBuiltPart>> {
        let message = TraceBackwardRequest {
            vin: vin.to_owned(),
            item_id: item.to_owned(),
            ..TraceBackwardRequest::default()
        };
        let mut stream = self.vehicles.trace_backward(message).await?.into_inner();
        let mut parts = Vec::new();
        while let Some(page) = stream.message().await? {
            parts.extend(page.parts);
        }
        Ok(parts)
    }

    /// From the complaint to the payment.
    async fn whole_way(&mut self) -> Result {
        let listed = self
            .vehicles
            .list_vehicles(ListVehiclesRequest {
                page_size: 1000,
                page_token: String::new(),
            })
            .await?
            .into_inner();
        let owned = |car: &&Vehicle| car.handed_over_on.is_some();
        let waiting = listed.vehicles.iter().find(|car| !owned(car)).cloned();
        let waiting = waiting.ok_or_else(|| Failure::new("every vehicle is handed over"))?;
        // A drive unit has a serial number and one supplier's lot; the dearer vehicles have another one.
        let mut found = None;
        for car in listed.vehicles.iter().filter(owned) {
            let parts = self.parts(&car.vin, "ED-01").await?;
            if let Some(part) = parts.first() {
                found = Some((car.clone(), part.clone()));
                break;
            }
        }
        let none = || Failure::new("no vehicle with a drive unit is handed over");
        let (car, part) = found.ok_or_else(none)?;
        let since = date_of(car.handed_over_on.as_ref()).unwrap_or_default();
        self.opened(&car.vin, &waiting.vin, since).await?;
        self.diagnosed(&part, since).await?;
        self.repaired(&car.vin, since).await?;
        self.claimed(&part, since).await?;
        self.in_bulk(&car.vin, since).await
    }

    async fn opened(&mut self, vin: &str, waiting: &str, since: Date) -> Result {
        let good = delivery::OpenCaseRequest {
            request_id: id("open"),
            case_id: "WS-1".to_owned(),
            vin: vin.to_owned(),
            category: "drive unit noise or fault".to_owned(),
            symptom: "it whines above 80 km/h".to_owned(),
            odometer_km: Some(1_850),
            city: String::new(),
            opened_on: Some(date_pb(since.plus(20))),
        };
        let bad = delivery::OpenCaseRequest {
            request_id: "1".to_owned(),
            case_id: "a case".to_owned(),
            vin: "NONE".to_owned(),
            category: String::new(),
            symptom: "x".repeat(501),
            odometer_km: Some(-1),
            city: "ATLANTIS".to_owned(),
            opened_on: None,
        };
        let found = fields(self.cases.open_case(bad).await)?.join(" ");
        let all = "request_id case_id vin category symptom odometer_km city opened_on";
        is("the fields of an opening", &found, all)?;
        let not_yet = delivery::OpenCaseRequest {
            vin: waiting.to_owned(),
            ..good.clone()
        };
        let refused = reason(self.cases.open_case(not_yet).await)?;
        is("a vehicle that waits", &refused, "VEHICLE_NOT_HANDED_OVER")?;
        let early = delivery::OpenCaseRequest {
            opened_on: Some(date_pb(since.minus(1))),
            ..good.clone()
        };
        let refused = reason(self.cases.open_case(early).await)?;
        is(
            "a day before the handover",
            &refused,
            "CASE_BEFORE_HANDOVER",
        )?;
        let first = self.cases.open_case(good.clone()).await?.into_inner();
        let again = self.cases.open_case(good.clone()).await?.into_inner();
        ensure(first == again, || {
            "the same request, another answer".to_owned()
        })?;
        let case = first.service_case.unwrap_or_default();
        ensure(!case.order_id.is_empty() && !case.city.is_empty(), || {
            format!("{case:?}")
        })?;
        let twice = delivery::OpenCaseRequest {
            request_id: id("open twice"),
            ..good
        };
        is(
            "an id that is taken",
            &reason(self.cases.open_case(twice).await)?,
            "EXISTS",
        )
    }

    async fn diagnosed(&mut self, part: &AsBuiltPart, since: Date) -> Result {
        let good = delivery::DiagnoseCaseRequest {
            request_id: id("diagnose"),
            case_id: "WS-1".to_owned(),
            diagnosed_on: Some(date_pb(since.plus(21))),
            finding: "a bearing is worn".to_owned(),
            item_id: "ED-01".to_owned(),
            lot_id: String::new(),
            serial_number: part.serial_number.clone(),
        };
        let bad = delivery::DiagnoseCaseRequest {
            case_id: String::new(),
            diagnosed_on: None,
            item_id: String::new(),
            ..good.clone()
        };
        let found = fields(self.cases.diagnose_case(bad).await)?.join(" ");
        is(
            "the fields of a diagnosis",
            &found,
            "case_id diagnosed_on serial_number",
        )?;
        for (item, lot, want) in [
            ("NO-SUCH", "", "PART_NOT_IN_VEHICLE"),
            ("ED-01", "ED-01.NOBODY.000001", "PART_NOT_AS_BUILT"),
        ] {
            let wrong = delivery::DiagnoseCaseRequest {
                item_id: item.to_owned(),
                lot_id: lot.to_owned(),
                ..good.clone()
            };
            is(item, &reason(self.cases.diagnose_case(wrong).await)?, want)?;
        }
        let early = delivery::DiagnoseCaseRequest {
            diagnosed_on: Some(date_pb(since.plus(19))),
            ..good.clone()
        };
        let refused = reason(self.cases.diagnose_case(early).await)?;
        is("a diagnosis before the opening", &refused, "CASE_BACKWARDS")?;
        let told = self.cases.diagnose_case(good).await?.into_inner();
        let found = told.service_case.and_then(|case| case.failed_part);
        let found = found.unwrap_or_default();
        let same = found.lot_id == part.lot_id && found.supplier_id == part.supplier_id;
        ensure(same && !found.supplier_id.is_empty(), || {
            format!("{found:?} and {part:?}")
        })
    }

    async fn repaired(&mut self, vin: &str, since: Date) -> Result {
        let close = delivery::CloseCaseRequest {
            request_id: id("close"),
            case_id: "WS-1".to_owned(),
            closed_on: Some(date_pb(since.plus(24))),
        };
        let refused = reason(self.cases.close_case(close.clone()).await)?;
        is("closed before the repair", &refused, "CASE_STATE")?;
        let repair = delivery::Repair {
            repaired_on: Some(date_pb(since.plus(24))),
            remedy: "replace unit".to_owned(),
            labour_millihours: 7_000,
            cost: usd(165_000),
            replacement: Some(delivery::ReplacementPart {
                lot_id: String::new(),
                serial_number: "SPARE-77".to_owned(),
                supplier_id: String::new(),
            }),
        };
        let good = delivery::RecordRepairRequest {
            request_id: id("repair"),
            case_id: "WS-1".to_owned(),
            repair: Some(repair.clone()),
        };
        let bad = delivery::RecordRepairRequest {
            repair: Some(delivery::Repair {
                repaired_on: None,
                remedy: String::new(),
                labour_millihours: -1,
                cost: None,
                replacement: Some(delivery::ReplacementPart::default()),
            }),
            ..good.clone()
        };
        let found = fields(self.cases.record_repair(bad).await)?.join(" ");
        let all = "repair.repaired_on repair.remedy repair.labour_millihours repair.cost repair.replacement.lot_id";
        is("the fields of a repair", &found, all)?;
        self.cases.record_repair(good.clone()).await?;
        self.cases.record_repair(good).await?;
        let now = self.parts(vin, "ED-01").await?;
        let fitted = now.iter().any(|part| part.serial_number == "SPARE-77");
        ensure(fitted, || {
            format!("the record does not know the new part: {now:?}")
        })?;
        let told = self.cases.close_case(close).await?.into_inner();
        let case = told.service_case.unwrap_or_default();
        ensure(case.state() == delivery::ServiceCaseState::Closed, || {
            format!("{case:?}")
        })?;
        let cancel = delivery::CancelCaseRequest {
            request_id: id("cancel"),
            case_id: "WS-1".to_owned(),
            cancelled_on: Some(date_pb(since.plus(25))),
            reason: "too late".to_owned(),
        };
        let refused = reason(self.cases.cancel_case(cancel).await)?;
        is("a closed case is cancelled", &refused, "CASE_STATE")
    }

    async fn claimed(&mut self, part: &AsBuiltPart, since: Date) -> Result {
        self.facts
            .await_applied(AwaitAppliedRequest { position: 0 })
            .await?;
        let message = procurement::ListClaimsRequest {
            supplier_id: part.supplier_id.clone(),
            lot_id: part.lot_id.clone(),
            ..procurement::ListClaimsRequest::default()
        };
        let listed = self.claims.list_claims(message).await?.into_inner();
        let [claim] = listed.claims.as_slice() else {
            return Err(Failure::new(format!("one claim: {listed:?}")));
        };
        ensure(
            claim.claim_id == "WS-1"
                && claim.claimed == usd(165_000)
                && claim.serial_number == part.serial_number,
            || format!("{claim:?}"),
        )?;
        let day = |n: i32| Some(date_pb(since.plus(n)));
        let accept = procurement::AcceptClaimRequest {
            request_id: id("accept"),
            claim_id: "WS-1".to_owned(),
            amount: usd(120_000),
            accepted_on: day(40),
        };
        let settle = procurement::SettleClaimRequest {
            request_id: id("settle"),
            claim_id: "WS-1".to_owned(),
            amount: None,
            settled_on: day(60),
        };
        let refused = reason(self.claims.settle_claim(settle.clone()).await)?;
        is("paid before the answer", &refused, "CLAIM_STATE")?;
        let much = procurement::AcceptClaimRequest {
            amount: usd(165_001),
            ..accept.clone()
        };
        let refused = reason(self.claims.accept_claim(much).await)?;
        is("more than is claimed", &refused, "CLAIM_BEYOND")?;
        let bad = procurement::AcceptClaimRequest {
            claim_id: String::new(),
            amount: usd(0),
            accepted_on: None,
            ..accept.clone()
        };
        let found = fields(self.claims.accept_claim(bad).await)?.join(" ");
        is(
            "the fields of an answer",
            &found,
            "claim_id amount.minor_units accepted_on",
        )?;
        self.claims.accept_claim(accept).await?;
        let told = self.claims.settle_claim(settle).await?.into_inner();
        let claim = told.claim.unwrap_or_default();
        ensure(
            claim.state() == procurement::ClaimState::Settled && claim.settled == usd(120_000),
            || format!("{claim:?}"),
        )
    }

    /// A chunk with a case that goes through, one that is there already, one of no vehicle and one that cannot be read.
    async fn in_bulk(&mut self, vin: &str, since: Date) -> Result {
        let record = |case_id: &str, vin: &str, on| delivery::CaseRecord {
            case_id: case_id.to_owned(),
            vin: vin.to_owned(),
            category: "road and wind noise".to_owned(),
            opened_on: on,
            ..delivery::CaseRecord::default()
        };
        let on = Some(date_pb(since.plus(3)));
        let chunk = delivery::RecordCasesRequest {
            request_id: id("bulk"),
            records: vec![
                record("WS-2", vin, on),
                record("WS-1", vin, on),
                record("WS-3", "LXMSU7A1XRB999999", on),
                record("WS-4", vin, None),
            ],
        };
        let mut answers = Vec::new();
        for _ in 0..2 {
            let stream = tokio_stream::once(chunk.clone());
            let mut told = self.cases.record_cases(stream).await?.into_inner();
            answers.push(told.message().await?.unwrap_or_default());
        }
        let [first, again] = answers.as_slice() else {
            return Err(Failure::new("two answers"));
        };
        ensure(first == again, || format!("{first:?}\n{again:?}"))?;
        let mut refused: Vec<String> = (first.refused.iter())
            .map(|one| format!("{} {}", one.subject, one.reason_code))
            .collect();
        refused.sort();
        ensure(first.recorded_count == 1 && refused.len() == 3, || {
            format!("{first:?}")
        })?;
        is("what is there", &refused[0], "WS-1 EXISTS")?;
        is("what cannot be read", &refused[2], "WS-4 INVALID")?;
        let message = delivery::ListCasesRequest {
            vin: vin.to_owned(),
            page_size: 1,
            ..delivery::ListCasesRequest::default()
        };
        let page = self.cases.list_cases(message.clone()).await?.into_inner();
        let next = delivery::ListCasesRequest {
            page_token: page.next_page_token,
            ..message
        };
        let next = self.cases.list_cases(next).await?.into_inner();
        let ids = page.service_cases.iter().chain(&next.service_cases);
        let ids: Vec<&str> = ids.map(|case| case.case_id.as_str()).collect();
        ensure(ids == ["WS-1", "WS-2"], || format!("{ids:?}"))
    }
}

/// The cases over one kind of database: a run that has come to its summer, and one owner's whole way.
fn over(database: Option<String>) -> Result {
    let (databases, place) = (tempdir()?, tempdir()?);
    let suite = Suite::prepare(databases.path())?.up(Setup {
        database,
        ..Setup::default()
    })?;
    Replay::su7(place.path())
        .vehicles(CARS)
        .with(&["--endpoints", &suite.endpoints(), "--until", "2024-06-30"])
        .run()?
        .ok()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut clients = Clients::of(&suite)?;
        look_ups_agree(&mut clients.vehicles).await?;
        clients.whole_way().await?;
        // A part was replaced in the field meanwhile.
        look_ups_agree(&mut clients.vehicles).await
    })?;
    let mut check = takt(&["check", "--endpoints", &suite.endpoints()])?;
    run(&mut check, SHORT)?.ok()?;
    Ok(())
}

#[test]
fn a_complaint_goes_its_whole_way_on_sqlite() -> Result {
    over(None)
}

#[test]
fn a_complaint_goes_its_whole_way_on_postgresql() -> Result {
    match Postgres::start()? {
        Some(postgres) => over(Some(postgres.databases("cases")?)),
        None => Ok(()),
    }
}
