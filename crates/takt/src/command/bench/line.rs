//! `takt bench line`: stations that report over streams of their own at a steady rate, measured. It must not judge.
//! Invariant: an event is sent only when the one before it of the same vehicle is answered, as on a line.
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use futures_util::{StreamExt, stream::SelectAll};
use serde::Serialize;
use takt_contract::common::v1::GetStatusResponse;
use takt_contract::date_pb;
use takt_contract::production::v1::{
    DispatchJobsRequest, Job, ListJobsRequest, ReportRequest, ReportResponse, StationEvent,
    StationEventKind, shop_floor_service_client::ShopFloorServiceClient,
    station_answer::Outcome as Told,
};
use takt_kernel::Date;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

use super::machine::{Machine, commit, elsewhere, machine, millis_at};
use super::replay::processor_seconds;
use super::widened::widened;
use crate::admin;
use crate::connection::{Peer, ask, new_id, pages};
use crate::failure::{Failure, Outcome};
use crate::output::{Answer, Format, bytes, grouped, table, table_text, tell};
use crate::programme::Folder;
use crate::replay::parts::peak_rss_bytes;
use crate::replay::{Request, replay};

const EXAMPLES: &str = "\
Examples:
  takt bench line                            200 stations, 2,000 events a second, 20 seconds
  takt bench line --rate 4000 --seconds 60 --output json
  takt bench line --database-url 'postgres://me@localhost/line_{service}' --data takt-data/line";

/// How often the line looks at what is due.
const TICK: Duration = Duration::from_millis(2);
/// How long the last answers are waited for.
const PATIENCE: Duration = Duration::from_secs(20);
/// The events that wait for a station at most.
const WINDOW: usize = 64;

/// What a measurement is told.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::command) struct BenchArgs {
    /// The programme: the name of a built-in one, or a directory
    #[arg(value_name = "PROGRAMME", default_value = "su7")]
    programme: String,

    /// The stations, each with a stream of its own; the last shop is widened to have so many in all shops together
    #[arg(long, default_value_t = 200, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=250))]
    stations: u64,

    /// Events a second
    #[arg(long, default_value_t = 2_000, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    rate: u64,

    /// How long
    #[arg(long, default_value_t = 20, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,

    /// The programme is played to this day, and the vehicles built until then go over the line
    #[arg(long, default_value = "2024-04-14", value_name = "DATE")]
    until: Date,

    /// The folder to measure in; what it holds of an earlier run is thrown away
    #[arg(long, value_name = "DIR", default_value = "takt-data/bench-line")]
    data: PathBuf,

    /// Databases elsewhere, empty ones; {service} stands for the service's name
    #[arg(
        long,
        env = "TAKT_DATABASE_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    database_url: Option<String>,
}

/// What was measured, and on what.
#[derive(Debug, Serialize)]
struct Measured {
    machine: Machine,
    commit: String,
    database: String,
    stations: usize,
    asked_per_second: u64,
    held_per_second: f64,
    seconds: f64,
    events: usize,
    refused: usize,
    first_refusal: String,
    /// From the sending of an event to its answer.
    latency_p50_ms: f64,
    latency_p99_ms: f64,
    latency_worst_ms: f64,
    processor_seconds: Option<f64>,
    resident_before_bytes: u64,
    resident_after_bytes: u64,
    resident_peak_bytes: u64,
    database_growth_bytes: i64,
    database_bytes_per_event: f64,
    invariants_hold: bool,
}

pub(super) async fn run(args: BenchArgs, output: Format) -> Outcome<()> {
    let folder = Folder::open(&args.programme)?;
    let (source, stations) = widened(&folder, args.stations, &args.data)?;
    let request = Request {
        source: source.display().to_string(),
        data: Some(args.data.join("run")),
        until: Some(args.until),
        fresh: args.database_url.is_none(),
        hosting: elsewhere(args.database_url.as_deref())?,
        ..Request::default()
    };
    let played = replay(&request).await?;
    let measured = measure(&played.peers.production, &played.peers, &stations, &args).await;
    let stopped = played.stop().await;
    tell(output, &measured?)?;
    stopped
}

/// A vehicle, or the order of a feeder shop, on its way through its operations.
struct OnLine {
    subject: String,
    operations: Vec<String>,
    at: usize,
    begun: bool,
}

/// Dispatches the days and reads what goes over the line, earliest first.
async fn dispatched(peer: &Peer, until: Date) -> Outcome<VecDeque<OnLine>> {
    let mut jobs: BTreeMap<(Date, String), Vec<Job>> = BTreeMap::new();
    for back in (0..30).rev() {
        let on = until.plus(-back);
        let message = DispatchJobsRequest {
            request_id: new_id(),
            business_date: Some(date_pb(on)),
        };
        // A day before the first one has nothing to dispatch.
        if ask!(
            peer,
            "dispatch jobs",
            ShopFloorServiceClient.dispatch_jobs,
            message
        )
        .is_err()
        {
            continue;
        }
        let message = ListJobsRequest {
            page_size: 1_000,
            business_date: Some(date_pb(on)),
            ..ListJobsRequest::default()
        };
        let listed = pages!(
            peer,
            "list jobs",
            ShopFloorServiceClient.list_jobs,
            message,
            |page| page.jobs
        )?;
        for job in listed {
            jobs.entry((on, job.subject_id.clone()))
                .or_default()
                .push(job);
        }
    }
    let on_line = jobs.into_iter().map(|((_, subject), mut jobs)| {
        jobs.sort_by_key(|job| job.place);
        OnLine {
            subject,
            operations: jobs.into_iter().map(|job| job.operation_id).collect(),
            at: 0,
            begun: false,
        }
    });
    Ok(on_line.collect())
}

/// The stations with their streams.
struct Line {
    senders: HashMap<String, mpsc::Sender<ReportRequest>>,
    widths: HashMap<String, u64>,
    answers: SelectAll<Streaming<ReportResponse>>,
}

async fn opened(peer: &Peer, stations: &[String]) -> Outcome<Line> {
    let mut line = Line {
        senders: HashMap::new(),
        widths: HashMap::new(),
        answers: SelectAll::new(),
    };
    for station in stations {
        let (sender, receiver) = mpsc::channel(WINDOW);
        let mut client = ShopFloorServiceClient::new(peer.channel.clone());
        let opened = client.report(ReceiverStream::new(receiver)).await;
        let answers =
            opened.map_err(|status| Failure::of_status(peer.name, "open a station", &status))?;
        line.answers.push(answers.into_inner());
        line.senders.insert(station.clone(), sender);
        let operation = station
            .rsplit_once('/')
            .map_or("", |(operation, _)| operation);
        *line.widths.entry(operation.to_owned()).or_default() += 1;
    }
    Ok(line)
}

/// What the load came to.
#[derive(Default)]
struct Load {
    latencies: Vec<Duration>,
    refused: usize,
    first_refusal: String,
    elapsed: Duration,
}

async fn loaded(line: Line, mut waiting: VecDeque<OnLine>, args: &BenchArgs) -> Outcome<Load> {
    let Line {
        senders,
        widths,
        mut answers,
    } = line;
    let mut load = Load::default();
    let mut flying: HashMap<String, (OnLine, Instant)> = HashMap::new();
    let wanted = usize::try_from(args.rate * args.seconds).unwrap_or(usize::MAX);
    let begun = Instant::now();
    let mut ticks = tokio::time::interval(TICK);
    let mut sent = 0usize;
    while load.latencies.len() + load.refused < wanted {
        if begun.elapsed() > Duration::from_secs(args.seconds) + PATIENCE {
            break;
        }
        tokio::select! {
            biased;
            answer = answers.next() => {
                let answer = answer.ok_or_else(|| Failure::broken("all stations were closed"))?;
                let answer = answer.map_err(|status| Failure::of_status("production", "report", &status))?;
                for told in answer.answers {
                    let Some((mut one, at)) = flying.remove(&told.event_id) else {
                        continue;
                    };
                    match told.outcome {
                        Some(Told::Reported(_)) => load.latencies.push(at.elapsed()),
                        Some(Told::Refused(refused)) => {
                            load.refused += 1;
                            load.first_refusal = refused.message;
                            continue;
                        }
                        None => continue,
                    }
                    one.at += usize::from(one.begun);
                    one.begun = !one.begun;
                    if one.at < one.operations.len() {
                        waiting.push_back(one);
                    }
                }
            }
            _ = ticks.tick() => {
                let due = (begun.elapsed().as_secs_f64() * args.rate as f64) as usize;
                while sent < due.min(wanted) {
                    let Some(one) = waiting.pop_front() else {
                        break;
                    };
                    let operation = one.operations.get(one.at).cloned().unwrap_or_default();
                    let width = widths.get(&operation).copied().unwrap_or(1);
                    let station = format!("{operation}/{}", station_of(&one.subject, width));
                    let event = event(&one, &station, sent);
                    let id = event.event_id.clone();
                    let open = senders.get(&station).ok_or_else(|| Failure::broken(format!("{station} is no station")))?;
                    if open.try_send(ReportRequest { events: vec![event] }).is_err() {
                        // The station is busy; others may not be.
                        waiting.push_back(one);
                        break;
                    }
                    flying.insert(id, (one, Instant::now()));
                    sent += 1;
                }
            }
        }
    }
    load.elapsed = begun.elapsed();
    Ok(load)
}

/// The parallel station of a subject, the same for all of its events.
fn station_of(subject: &str, width: u64) -> u64 {
    takt_kernel::stable_hash(subject.as_bytes()) % width.max(1) + 1
}

fn event(one: &OnLine, station: &str, number: usize) -> StationEvent {
    let kind = if one.begun {
        StationEventKind::Complete
    } else {
        StationEventKind::Start
    };
    // Each event a millisecond after the one before, by the plant's clock.
    let millis = i64::try_from(number).unwrap_or(i64::MAX);
    StationEvent {
        event_id: new_id(),
        station_id: station.to_owned(),
        subject_id: one.subject.clone(),
        kind: kind.into(),
        occurred_at: Some(prost_types::Timestamp {
            seconds: 1_713_000_000 + millis / 1_000,
            nanos: i32::try_from(millis % 1_000).unwrap_or(0) * 1_000_000,
        }),
        ..StationEvent::default()
    }
}

async fn measure(
    peer: &Peer,
    peers: &crate::connection::Peers,
    stations: &[String],
    args: &BenchArgs,
) -> Outcome<Measured> {
    let waiting = dispatched(peer, args.until).await?;
    let line = opened(peer, stations).await?;
    let before: GetStatusResponse = admin::status(peer).await?;
    let (resident, processor) = (resident_bytes(), processor_seconds());
    let load = loaded(line, waiting, args).await?;
    let after = admin::status(peer).await?;
    let used = processor_seconds()
        .zip(processor)
        .map(|(now, then)| now - then);
    let mut sorted = load.latencies.clone();
    sorted.sort_unstable();
    let millis = |share: f64| millis_at(&sorted, share);
    let growth = after.database_bytes - before.database_bytes;
    let events = load.latencies.len();
    Ok(Measured {
        machine: machine(Path::new(&args.data)),
        commit: commit(),
        database: after.database,
        stations: stations.len(),
        asked_per_second: args.rate,
        held_per_second: events as f64 / load.elapsed.as_secs_f64().max(0.001),
        seconds: load.elapsed.as_secs_f64(),
        events,
        refused: load.refused,
        first_refusal: load.first_refusal,
        latency_p50_ms: millis(0.5),
        latency_p99_ms: millis(0.99),
        latency_worst_ms: millis(1.0),
        processor_seconds: used,
        resident_before_bytes: resident,
        resident_after_bytes: resident_bytes(),
        resident_peak_bytes: peak_rss_bytes(),
        database_growth_bytes: growth,
        database_bytes_per_event: growth as f64 / events.max(1) as f64,
        invariants_hold: admin::check(peers).await?.holds,
    })
}

/// The memory that this process holds now; 0 where the system does not tell.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

impl Answer for Measured {
    fn text(&self) -> String {
        let mut text = self.machine.text(&self.commit);
        let size = |count: u64| bytes(i64::try_from(count).unwrap_or(i64::MAX));
        let mut rows = table(&["what", ">figure"]);
        let whole = |figure: f64| grouped(figure.round() as i64);
        for (what, figure) in [
            ("database", self.database.clone()),
            (
                "stations with a stream of their own",
                self.stations.to_string(),
            ),
            (
                "events a second, asked",
                grouped(i64::try_from(self.asked_per_second).unwrap_or(i64::MAX)),
            ),
            ("events a second, held", whole(self.held_per_second)),
            (
                "events answered",
                grouped(i64::try_from(self.events).unwrap_or(i64::MAX)),
            ),
            ("events refused", self.refused.to_string()),
            (
                "answer, half of them within",
                format!("{:.1} ms", self.latency_p50_ms),
            ),
            (
                "answer, 99 % within",
                format!("{:.1} ms", self.latency_p99_ms),
            ),
            ("answer, worst", format!("{:.1} ms", self.latency_worst_ms)),
            (
                "processor, line and services together",
                self.processor_seconds
                    .map_or("not known".to_owned(), |used| {
                        format!("{used:.1} s of {:.1} s", self.seconds)
                    }),
            ),
            (
                "memory before and after",
                format!(
                    "{}, {}",
                    size(self.resident_before_bytes),
                    size(self.resident_after_bytes)
                ),
            ),
            (
                "memory at most, the replay before among it",
                size(self.resident_peak_bytes),
            ),
            (
                "database growth",
                format!(
                    "{}, {} bytes an event",
                    bytes(self.database_growth_bytes),
                    whole(self.database_bytes_per_event)
                ),
            ),
            (
                "every invariant holds",
                if self.invariants_hold { "yes" } else { "NO" }.to_owned(),
            ),
        ] {
            rows.add_row([what.to_owned(), figure]);
        }
        text.push_str(&table_text(&rows));
        if self.refused > 0 {
            text.push_str(&format!("\nrefused: {}\n", self.first_refusal));
        }
        text
    }
}
