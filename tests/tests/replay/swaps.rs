//! Swaps and corrections after a run, on SQLite and on PostgreSQL: the same requests, the same answers to questions about
//! random days and records, the same digest, and no invariant broken.
//!
//! It must not judge the answers: the service's own tests hold them against a list of every stay.

use std::time::Duration;

use takt_contract::{
    common::v1::{
        CheckInvariantsRequest, Date, DigestRequest, admin_service_client::AdminServiceClient,
    },
    production::v1::{
        CorrectPartRequest, ListVehiclesRequest, PartPlace, PartRef, ReplacePartRequest,
        ReplacementSite, TraceBackwardRequest, TraceForwardRequest, TraceScope, Vehicle,
        part_ref::Name, replace_part_request::RemovedTo, trace_scope::AsKnown,
        vehicle_service_client::VehicleServiceClient,
    },
};
use takt_kernel::RequestId;
use takt_tests::{
    Result, ensure,
    postgres::Postgres,
    replay::Replay,
    seed::Dice,
    suite::{Service, Setup, Suite},
};
use tempfile::tempdir;
use tonic::transport::{Channel, Endpoint};

/// The vehicles of a run; enough for lots that end within a day.
const CARS: i64 = 60;
/// Bought parts with serial numbers, of which some vehicles have one.
const ITEMS: [&str; 4] = ["AD-02", "AD-03", "CK-01", "ED-01"];

fn any(name: &str) -> Option<PartRef> {
    let name = Some(Name::Any(name.to_owned()));
    Some(PartRef { name })
}

/// Twelve months after the launch, when all vehicles have left.
fn day(n: u64) -> Option<Date> {
    Some(Date {
        year: 2025,
        month: 4,
        day: 1 + i32::try_from(n).unwrap_or(0),
    })
}

/// What is done and asked, and what came of it, line by line.
async fn told(channel: Channel) -> Result<Vec<String>> {
    let mut client = VehicleServiceClient::new(channel.clone());
    let listed = client
        .list_vehicles(ListVehiclesRequest {
            page_size: 1000,
            page_token: String::new(),
        })
        .await?
        .into_inner();
    let cars: Vec<Vehicle> = listed.vehicles;
    let mut dice = Dice::new(5, "swaps");
    let mut lines = Vec::new();
    let car = |dice: &mut Dice| {
        let place = dice.below(u64::try_from(cars.len()).unwrap_or(1));
        cars[usize::try_from(place).unwrap_or(0)].vin.clone()
    };
    for n in 0..80 {
        let (vin, other) = (car(&mut dice), car(&mut dice));
        let item_id = ITEMS[usize::try_from(dice.below(4))?].to_owned();
        let request_id = RequestId::named(&format!("swaps/{n}")).to_string();
        let parts = backward(&mut client, &vin, &item_id, None).await?;
        let Some(old) = parts.first().cloned() else {
            continue;
        };
        let lasting = backward(&mut client, &other, &item_id, None).await?;
        let taken = lasting.first().filter(|_| dice.below(4) == 0).cloned();
        let new = taken.unwrap_or_else(|| format!("SP-{n}"));
        let part = |serial: &str| PartRef {
            name: Some(Name::SerialNumber(serial.to_owned())),
        };
        let answer = if dice.below(4) == 0 {
            let request = CorrectPartRequest {
                request_id,
                unit: any(&vin),
                item_id,
                recorded: any(&old),
                actual: Some(part(&new)),
                supplier_id: "SPARES".to_owned(),
                reason: "a label was read wrongly".to_owned(),
                ..CorrectPartRequest::default()
            };
            client
                .correct_part(request)
                .await
                .map(|answer| answer.into_inner().etag)
        } else {
            let place = if dice.below(2) == 0 {
                PartPlace::Stock
            } else {
                PartPlace::Scrap
            };
            let request = ReplacePartRequest {
                request_id,
                unit: any(&vin),
                item_id,
                removed: any(&old),
                installed: Some(part(&new)),
                supplier_id: "SPARES".to_owned(),
                replaced_on: day(dice.below(20)),
                site: ReplacementSite::Field.into(),
                removed_to: Some(if dice.below(3) == 0 {
                    RemovedTo::OtherUnit(any(&other).unwrap_or_default())
                } else {
                    RemovedTo::Place(place.into())
                }),
                reason: "a complaint".to_owned(),
                ..ReplacePartRequest::default()
            };
            client
                .replace_part(request)
                .await
                .map(|answer| answer.into_inner().etag)
        };
        lines.push(match answer {
            Ok(etag) => format!("{n}: {vin} {old} -> {new}: {etag}"),
            Err(status) => format!("{n}: {vin} {old} -> {new}: {}", status.message()),
        });
    }
    for _ in 0..60 {
        let scope = TraceScope {
            as_of: day(dice.below(22)),
            as_known: Some(AsKnown::RecordNumber(i64::try_from(dice.below(260))?)),
            mode: 1 + i32::try_from(dice.below(2))?,
            ..TraceScope::default()
        };
        let vin = car(&mut dice);
        let item_id = ITEMS[usize::try_from(dice.below(4))?];
        let parts = backward(&mut client, &vin, item_id, Some(scope)).await?;
        for part in &parts {
            let request = TraceForwardRequest {
                part: any(part),
                scope: Some(scope),
                ..TraceForwardRequest::default()
            };
            let mut stream = client.trace_forward(request).await?.into_inner();
            while let Some(page) = stream.message().await? {
                lines.push(format!("{part}: {:?}", page.uses));
            }
        }
        lines.push(format!("{vin} {item_id}: {parts:?}"));
    }
    let mut admin = AdminServiceClient::new(channel);
    let checked = admin
        .check_invariants(CheckInvariantsRequest {})
        .await?
        .into_inner();
    for rule in checked.invariants {
        ensure(rule.violated_count == 0, || {
            format!("{}: {:?}", rule.invariant_id, rule.examples)
        })?;
    }
    lines.push(admin.digest(DigestRequest {}).await?.into_inner().digest);
    Ok(lines)
}

/// The pieces of an item in a vehicle.
async fn backward(
    client: &mut VehicleServiceClient<Channel>,
    vin: &str,
    item_id: &str,
    scope: Option<TraceScope>,
) -> Result<Vec<String>> {
    let request = TraceBackwardRequest {
        vin: vin.to_owned(),
        item_id: item_id.to_owned(),
        scope,
        ..TraceBackwardRequest::default()
    };
    let mut stream = client.trace_backward(request).await?.into_inner();
    let mut parts = Vec::new();
    while let Some(page) = stream.message().await? {
        parts.extend(page.parts.into_iter().map(|part| part.serial_number));
    }
    Ok(parts)
}

/// Plays a run and changes its record.
fn remembered(database: Option<String>) -> Result<Vec<String>> {
    let (databases, run) = (tempdir()?, tempdir()?);
    let suite = Suite::prepare(databases.path())?.up(Setup {
        database,
        ..Setup::default()
    })?;
    Replay::su7(run.path())
        .vehicles(CARS)
        .with(&["--endpoints", &suite.endpoints()])
        .run()?
        .ok()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let address = format!("http://{}", suite.address(Service::Production));
    runtime.block_on(async {
        let endpoint = Endpoint::from_shared(address)?.timeout(Duration::from_secs(60));
        told(endpoint.connect_lazy()).await
    })
}

#[test]
fn swaps_are_remembered_alike_by_both_databases() -> Result {
    let sqlite = remembered(None)?;
    let done = sqlite.iter().filter(|line| line.ends_with('"')).count();
    ensure(done > 20, || format!("only {done} changes were made"))?;
    let Some(postgres) = Postgres::start()? else {
        return Ok(());
    };
    let other = remembered(Some(postgres.databases("swaps")?))?;
    let differ = sqlite.iter().zip(&other).find(|(one, two)| one != two);
    ensure(sqlite == other, || {
        format!("{} lines and {}: {differ:?}", sqlite.len(), other.len())
    })
}
