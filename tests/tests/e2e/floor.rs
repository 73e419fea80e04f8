//! A line whose stations report while the service under them is killed, and a lot that is held in a real plant: on SQLite
//! and, where there is one, on PostgreSQL.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;
use takt_contract::{
    common::v1::{GetStatusRequest, admin_service_client::AdminServiceClient},
    date_pb,
    events::v1::{AwaitAppliedRequest, event_service_client::EventServiceClient},
    production::v1::{
        Job, ListJobsRequest, ListVehiclesRequest, ReportRequest, ReportResponse, RunDayRequest,
        StationEvent, StationEventKind as Kind, TraceBackwardRequest, VehicleState,
        shop_floor_service_client::ShopFloorServiceClient, station_answer::Outcome,
        vehicle_service_client::VehicleServiceClient,
    },
};
use takt_kernel::{Date, RequestId};
use takt_tests::{
    Failure, Result, ensure,
    postgres::Postgres,
    process::{Finished, run},
    replay::{LONG, takt},
    suite::{Service, Setup, Suite},
};
use tempfile::tempdir;
use tokio::{runtime::Runtime, sync::mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;

use crate::SHORT;

/// The last day that is played.
const LAST: &str = "2024-04-12";
/// The events of a message, and the messages under way.
const EVENTS: usize = 15;
const WINDOW: usize = 8;

fn id(name: &str) -> String {
    RequestId::named(name).to_string()
}

fn last_day() -> Result<Date> {
    Ok(Date::parse(LAST)?)
}

/// The plant under test.
struct Plant {
    suite: Suite,
    runtime: Runtime,
}

impl Plant {
    /// A plant that has built for some days.
    fn open(databases: &std::path::Path, setup: Setup) -> Result<Self> {
        let suite = Suite::prepare(databases)?.up(setup)?;
        let folder = tempdir()?;
        let mut command = takt(&[
            "replay",
            "su7",
            "--vehicles",
            "4000",
            "--until",
            LAST,
            "--data",
        ])?;
        command
            .arg(folder.path())
            .args(["--endpoints", &suite.endpoints()]);
        run(&mut command, LONG)?.ok()?;
        let runtime = Runtime::new()?;
        Ok(Self { suite, runtime })
    }

    fn takt(&self, words: &[&str]) -> Result<Finished> {
        let mut command = takt(words)?;
        command.args(["--output", "json", "--endpoints", &self.suite.endpoints()]);
        run(&mut command, SHORT)
    }

    fn told(&self, words: &[&str]) -> Result<Value> {
        self.takt(words)?.ok()?.json()
    }

    fn channel(&self) -> Result<Channel> {
        let _inside = self.runtime.enter();
        let uri = format!("http://{}", self.suite.address(Service::Production));
        Ok(Channel::from_shared(uri)?.connect_lazy())
    }

    /// Every invariant of the three services holds.
    fn check(&self) -> Result {
        self.takt(&["check"])?.ok()?;
        Ok(())
    }

    fn events_written(&self) -> Result<i64> {
        let mut admin = AdminServiceClient::new(self.channel()?);
        let status = self
            .runtime
            .block_on(admin.get_status(GetStatusRequest {}))?
            .into_inner();
        let table = status
            .tables
            .iter()
            .find(|table| table.table == "job_event");
        Ok(table.map_or(0, |table| table.row_count))
    }
}

/// The whole way of everything that was dispatched, subjects side by side.
async fn story(channel: Channel) -> Result<Vec<StationEvent>> {
    let mut client = ShopFloorServiceClient::new(channel);
    let (mut jobs, mut page_token) = (BTreeMap::<String, Vec<Job>>::new(), String::new());
    loop {
        let request = ListJobsRequest {
            page_size: 1_000,
            page_token,
            ..ListJobsRequest::default()
        };
        let page = client.list_jobs(request).await?.into_inner();
        for job in page.jobs {
            jobs.entry(job.subject_id.clone()).or_default().push(job);
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let most = jobs.values().map(Vec::len).max().unwrap_or(0);
    let mut events = Vec::new();
    for place in 1..=most {
        for kind in [Kind::Start, Kind::Complete] {
            for (subject, jobs) in &jobs {
                let Some(job) = jobs
                    .iter()
                    .find(|job| usize::try_from(job.place).ok() == Some(place))
                else {
                    continue;
                };
                let second = i64::try_from(events.len())?;
                events.push(StationEvent {
                    event_id: id(&format!("{}/{kind:?}", job.job_id)),
                    station_id: format!("{}/1", job.operation_id),
                    subject_id: subject.clone(),
                    kind: kind.into(),
                    occurred_at: Some(prost_types::Timestamp {
                        seconds: 1_713_000_000 + second,
                        nanos: 0,
                    }),
                    ..StationEvent::default()
                });
            }
        }
    }
    Ok(events)
}

/// Reports events over one stream until all are answered, the stream breaks, or so many messages are answered and
/// `strike` is done. Answers with the number of events that are answered.
async fn reported(
    channel: Channel,
    events: &[StationEvent],
    after: usize,
    strike: impl FnOnce(),
) -> Result<usize> {
    let (sender, receiver) = mpsc::channel(WINDOW);
    let mut messages = events.chunks(EVENTS).map(|events| ReportRequest {
        events: events.to_vec(),
    });
    for message in messages.by_ref().take(WINDOW) {
        let _ = sender.try_send(message);
    }
    let mut sender = Some(sender);
    let stream = ShopFloorServiceClient::new(channel)
        .report(ReceiverStream::new(receiver))
        .await;
    // A service that comes back may still refuse the connection; nothing is answered then.
    let Ok(stream) = stream else { return Ok(0) };
    let mut stream = stream.into_inner();
    let (mut answered, mut count, mut strike) = (0, 0, Some(strike));
    while let Ok(Some(ReportResponse { answers })) = stream.message().await {
        for (answer, event) in answers.iter().zip(&events[answered..]) {
            ensure(answer.event_id == event.event_id, || {
                "an answer out of order".to_owned()
            })?;
            ensure(matches!(answer.outcome, Some(Outcome::Reported(_))), || {
                format!("{answer:?}")
            })?;
        }
        answered += answers.len();
        count += 1;
        match (messages.next(), &sender) {
            (Some(message), Some(open)) => drop(open.try_send(message)),
            _ => sender = None,
        }
        if count == after
            && let Some(strike) = strike.take()
        {
            strike();
        }
    }
    Ok(answered)
}

/// Three crashes in the middle of the stream: after each, the station sends again what has no answer.
fn no_event_is_lost_or_doubled(plant: &mut Plant) -> Result {
    let mut day = last_day()?.plus(-14);
    while day <= last_day()? {
        plant.told(&["jobs", "dispatch", &day.to_string()])?;
        day = day.plus(1);
    }
    let events = plant.runtime.block_on(story(plant.channel()?))?;
    ensure(events.len() > 3_000, || {
        format!("only {} events", events.len())
    })?;
    let mut answered = 0;
    for crash in [7, 20, 45] {
        let channel = plant.channel()?;
        let strike = plant.suite.striker(Service::Production);
        let more = plant
            .runtime
            .block_on(reported(channel, &events[answered..], crash, strike))?;
        answered += more;
        ensure(answered < events.len(), || {
            "the service was not killed in the middle".to_owned()
        })?;
        plant.suite.spawn(Service::Production)?;
        plant.suite.wait_for(Service::Production)?;
    }
    while answered < events.len() {
        let channel = plant.channel()?;
        answered +=
            plant
                .runtime
                .block_on(reported(channel, &events[answered..], usize::MAX, || {}))?;
    }
    let wanted = i64::try_from(events.len())?;
    ensure(plant.events_written()? == wanted, || {
        format!("{wanted} events were reported")
    })?;
    // All of it once more: every event is answered, none is written.
    let again = plant
        .runtime
        .block_on(reported(plant.channel()?, &events, usize::MAX, || {}))?;
    ensure(
        again == events.len() && plant.events_written()? == wanted,
        || format!("{again} of {wanted}"),
    )?;
    let open = plant.told(&["jobs", "list", "--state", "ready"])?;
    ensure(open["jobs"].as_array().is_some_and(Vec::is_empty), || {
        open.to_string()
    })?;
    let yields = plant.told(&["quality", "yield"])?;
    ensure(yields["rolled_millionths"] == 1_000_000, || {
        yields.to_string()
    })?;
    plant.check()
}

/// A vehicle of the day after the last one, still at the plant, and the lots of its bought parts.
async fn fresh(channel: Channel) -> Result<(String, Vec<String>)> {
    let request = RunDayRequest {
        request_id: id("one more day"),
        business_date: Some(date_pb(last_day()?.plus(1))),
        ..RunDayRequest::default()
    };
    let built = ShopFloorServiceClient::new(channel.clone())
        .run_day(request)
        .await?
        .into_inner();
    ensure(built.last_build_number > 0, || format!("{built:?}"))?;
    // What the day used is taken out of stock by facts; a lot that is blocked before could be used up by them afterwards.
    EventServiceClient::new(channel.clone())
        .await_applied(AwaitAppliedRequest { position: 0 })
        .await?;
    let mut client = VehicleServiceClient::new(channel);
    let request = ListVehiclesRequest {
        page_size: 1_000,
        ..ListVehiclesRequest::default()
    };
    let all = client.list_vehicles(request).await?.into_inner().vehicles;
    let released = i32::from(VehicleState::Released);
    let one = all.iter().rev().find(|vehicle| vehicle.state == released);
    let vin = one
        .map(|one| one.vin.clone())
        .ok_or_else(|| Failure::new("no vehicle is at the plant"))?;
    let request = TraceBackwardRequest {
        vin: vin.clone(),
        ..TraceBackwardRequest::default()
    };
    let mut stream = client.trace_backward(request).await?.into_inner();
    let mut lots = Vec::new();
    while let Some(page) = stream.message().await? {
        lots.extend(
            page.parts
                .into_iter()
                .filter(|part| !part.made)
                .map(|part| part.lot_id),
        );
    }
    lots.dedup();
    Ok((vin, lots))
}

/// The hold of a case as it stands when procurement has answered.
fn lot_answered(plant: &Plant, nc: &str, at: usize, asked: &str) -> Result<Value> {
    for _ in 0..400 {
        let told = plant.told(&["quality", "show", nc])?;
        let hold = told["holds"][at].clone();
        if hold["lot_state"] != asked {
            return Ok(hold);
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    Err(Failure::new("procurement does not answer"))
}

fn a_held_lot_is_blocked_and_its_vehicles_stay(plant: &Plant) -> Result {
    let who = ["--by", "ada", "--on", "2024-04-13"];
    let words = |words: &[&str]| -> Result<Finished> { plant.takt(&[words, &who].concat()) };
    let told = |all: &[&str]| words(all)?.ok()?.json();
    let (vin, lots) = plant.runtime.block_on(fresh(plant.channel()?))?;
    told(&["quality", "open", "swollen cells", "--defect", "SWELL"])?;
    // A lot that is used up cannot be blocked any more, and that is said; one of them has something left.
    let mut blocked = None;
    for (at, lot) in lots.iter().take(60).enumerate() {
        told(&[
            "quality",
            "hold",
            "NC-000001",
            "--lot",
            lot,
            "--reason",
            "swollen",
        ])?;
        let hold = lot_answered(plant, "NC-000001", at, "ASKED")?;
        let kept = hold["held"].as_i64().unwrap_or(0) + hold["gone"].as_i64().unwrap_or(0);
        ensure(kept > 0, || hold.to_string())?;
        if hold["lot_state"] == "BLOCKED" {
            blocked = Some((at, hold));
            break;
        }
        let note = hold["lot_note"].as_str().unwrap_or_default();
        ensure(hold["lot_state"] == "REFUSED" && !note.is_empty(), || {
            hold.to_string()
        })?;
    }
    let (at, hold) = blocked.ok_or_else(|| Failure::new("no lot could be blocked"))?;
    let hold_id = hold["hold"].as_str().unwrap_or_default().to_owned();
    let refused = plant.takt(&["quality", "release", &vin, "--on", "2024-04-13"])?;
    ensure(
        refused.code != Some(0) && refused.stderr.contains("is on quality hold"),
        || format!("{refused:?}"),
    )?;
    plant.check()?;
    let affected = plant.told(&["quality", "affected", &hold_id])?;
    let vehicles = affected["vehicles"].as_array().cloned().unwrap_or_default();
    ensure(
        vehicles
            .iter()
            .any(|one| one["vin"] == vin.as_str() && one["hold_state"] == "HELD"),
        || affected.to_string(),
    )?;

    // The lot is good after all, and then its vehicles are; those of the other lots still are held.
    told(&[
        "quality",
        "decide",
        &hold_id,
        "use-as-is",
        "--lot",
        "--note",
        "measured",
    ])?;
    let free = lot_answered(plant, "NC-000001", at, "RELEASE_ASKED")?;
    ensure(free["lot_state"] == "RELEASED", || free.to_string())?;
    for number in 1..=at + 1 {
        let hold_id = format!("QH-{number:06}");
        told(&[
            "quality",
            "decide",
            &hold_id,
            "use-as-is",
            "--release",
            "--note",
            "measured",
        ])?;
    }
    let listed = plant.told(&["quality", "list", "--vin", &vin])?;
    ensure(
        listed["non_conformances"]
            .as_array()
            .is_some_and(Vec::is_empty),
        || listed.to_string(),
    )?;
    let again = plant.takt(&["quality", "release", &vin, "--on", "2024-04-13"])?;
    ensure(again.stderr.contains("RELEASED"), || format!("{again:?}"))?;
    plant.check()
}

fn both(setup: Setup) -> Result {
    let databases = tempdir()?;
    let mut plant = Plant::open(databases.path(), setup)?;
    no_event_is_lost_or_doubled(&mut plant)?;
    a_held_lot_is_blocked_and_its_vehicles_stay(&plant)
}

#[test]
fn stations_and_quality_on_sqlite() -> Result {
    both(Setup::default())
}

#[test]
fn stations_and_quality_on_postgresql() -> Result {
    let Some(postgres) = Postgres::start()? else {
        return Ok(());
    };
    both(Setup {
        database: Some(postgres.databases("floor")?),
        ..Setup::default()
    })
}
