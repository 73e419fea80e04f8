//! `takt bench orders`: orders taken at a steady rate over the intake's stream, with connections that break, measured. It must not judge.
//! Invariants: latency counts from the moment at which a chunk was due; a chunk whose answer was lost is sent again as it was; what was
//! taken is read from the service, not from the answers.
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use serde::Serialize;
use takt_contract::date_pb;
use takt_contract::delivery::v1::{
    GetOrderRequest, IntakeOrdersRequest, IntakeOrdersResponse, ListOrdersRequest, NewOrder,
    order_service_client::OrderServiceClient,
};
use takt_kernel::Date;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::machine::{Machine, commit, elsewhere, machine, millis_at};
use super::replay::processor_seconds;
use crate::admin;
use crate::connection::{Peer, Peers, is_passing, new_id, pages};
use crate::failure::{Failure, Outcome};
use crate::output::{Answer, Format, bytes, grouped, table, table_text, tell};
use crate::programme::Folder;
use crate::replay::parts::peak_rss_bytes;
use crate::replay::{Request, read_programme, replay};
use crate::world::Customers;

const EXAMPLES: &str = "\
Examples:
  takt bench orders                          40,000 orders, 2,000 a second, as after the launch
  takt bench orders --orders 10000 --rate 500 --break-every 5 --output json
  takt bench orders --database-url 'postgres://me@localhost/orders_{service}' --data takt-data/orders";

/// How long a promise or an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a promise is looked for.
const LOOK: Duration = Duration::from_millis(50);
/// One of so many chunks has its last order's promise waited for.
const WATCHED: usize = 20;

/// What a measurement is told.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::command) struct BenchArgs {
    /// The programme: the name of a built-in one, or a directory
    #[arg(value_name = "PROGRAMME", default_value = "su7")]
    programme: String,

    /// Orders, those of the days after `--until`
    #[arg(long, default_value_t = 40_000, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    orders: u64,

    /// Orders a second
    #[arg(long, default_value_t = 2_000, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    rate: u64,

    /// Orders in a chunk; each chunk is a transaction and is answered by itself
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=500))]
    chunk: u64,

    /// Streams at once
    #[arg(long, default_value_t = 8, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000))]
    clients: u64,

    /// One of so many chunks has its connection broken before the answer, and is sent again
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    break_every: u64,

    /// The programme is played to this day, so that there are a plan, stock and orders
    #[arg(long, default_value = "2024-04-10", value_name = "DATE")]
    until: Date,

    /// The folder to measure in; what it holds of an earlier run is thrown away
    #[arg(long, value_name = "DIR", default_value = "takt-data/bench-orders")]
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
#[derive(Debug, Default, Serialize)]
struct Measured {
    machine: Option<Machine>,
    commit: String,
    database: String,
    asked_per_second: u64,
    accepted_per_second: f64,
    seconds: f64,
    orders: usize,
    refused: usize,
    first_refusal: String,
    /// Chunks whose connection was broken before their answer.
    broken: usize,
    /// Orders that the service lists less than once, and more than once.
    lost: usize,
    doubled: usize,
    /// From the moment at which a chunk was due to its answer.
    latency_p50_ms: f64,
    latency_p99_ms: f64,
    latency_worst_ms: f64,
    /// From the answer to a chunk to the promise of its last order.
    promises_watched: usize,
    promise_p50_ms: f64,
    promise_p99_ms: f64,
    promise_worst_ms: f64,
    /// Orders watched that had no promise in time.
    without_promise: usize,
    processor_seconds: Option<f64>,
    resident_peak_bytes: u64,
    database_growth_bytes: i64,
    invariants_hold: bool,
}

pub(super) async fn run(args: BenchArgs, output: Format) -> Outcome<()> {
    let folder = Folder::open(&args.programme)?;
    let orders = orders_after(&folder, &args)?;
    let request = Request {
        source: args.programme.clone(),
        data: Some(args.data.join("run")),
        until: Some(args.until),
        fresh: args.database_url.is_none(),
        hosting: elsewhere(args.database_url.as_deref())?,
        ..Request::default()
    };
    let played = replay(&request).await?;
    let measured = measure(&played.peers, orders, &args).await;
    let stopped = played.stop().await;
    tell(output, &measured?)?;
    stopped
}

/// The orders of the days after the one played to, all locked on the day after it.
fn orders_after(folder: &Folder, args: &BenchArgs) -> Outcome<Vec<NewOrder>> {
    let programme = read_programme(folder, true)?;
    let mut customers = Customers::new(&programme, programme.vehicles);
    let last = Customers::last_day(&programme).unwrap_or(args.until);
    let wanted = usize::try_from(args.orders).unwrap_or(usize::MAX);
    let (mut orders, mut day) = (Vec::new(), args.until.plus(1));
    customers.orders_of(args.until);
    while day <= last && orders.len() < wanted {
        orders.extend(customers.orders_of(day));
        day = day.plus(1);
    }
    if orders.len() < wanted {
        let told = format!(
            "{} has {} orders after {}; ask for fewer --orders or an earlier --until",
            args.programme,
            orders.len(),
            args.until
        );
        return Err(Failure::bad_input(told));
    }
    orders.truncate(wanted);
    for order in &mut orders {
        order.locked_on = Some(date_pb(args.until.plus(1)));
    }
    Ok(orders)
}

/// What one stream came to.
#[derive(Default)]
struct Told {
    latencies: Vec<Duration>,
    promises: Vec<Option<Duration>>,
    refused: usize,
    first_refusal: String,
    broken: usize,
    /// When its last chunk was answered.
    ended: Option<Instant>,
}

async fn measure(peers: &Peers, orders: Vec<NewOrder>, args: &BenchArgs) -> Outcome<Measured> {
    let peer = &peers.delivery;
    let before = admin::status(peer).await?;
    let processor = processor_seconds();
    let each = usize::try_from(args.chunk).unwrap_or(usize::MAX);
    let chunks: Vec<IntakeOrdersRequest> = orders
        .chunks(each)
        .map(|orders| IntakeOrdersRequest {
            request_id: new_id(),
            orders: orders.to_vec(),
        })
        .collect();
    let begun = Instant::now();
    let clients = usize::try_from(args.clients).unwrap_or(1);
    let told = join_all((0..clients).map(|client| sent(peer, &chunks, client, begun, args))).await;
    let told: Vec<Told> = told.into_iter().collect::<Outcome<_>>()?;
    let mut latencies: Vec<Duration> = told
        .iter()
        .flat_map(|told| told.latencies.iter().copied())
        .collect();
    latencies.sort_unstable();
    let ended = told.iter().filter_map(|told| told.ended).max();
    let seconds = ended.map_or(0.0, |ended| (ended - begun).as_secs_f64());
    let mut promises: Vec<Duration> = told
        .iter()
        .flat_map(|told| told.promises.iter().copied().flatten())
        .collect();
    promises.sort_unstable();
    let watched: usize = told.iter().map(|told| told.promises.len()).sum();
    let (lost, doubled) = listed(peer, &orders).await?;
    let after = admin::status(peer).await?;
    Ok(Measured {
        machine: Some(machine(Path::new(&args.data))),
        commit: commit(),
        database: after.database,
        asked_per_second: args.rate,
        accepted_per_second: orders.len() as f64 / seconds.max(0.001),
        seconds,
        orders: orders.len(),
        refused: told.iter().map(|told| told.refused).sum(),
        first_refusal: told
            .iter()
            .map(|told| told.first_refusal.clone())
            .find(|first| !first.is_empty())
            .unwrap_or_default(),
        broken: told.iter().map(|told| told.broken).sum(),
        lost,
        doubled,
        latency_p50_ms: millis_at(&latencies, 0.5),
        latency_p99_ms: millis_at(&latencies, 0.99),
        latency_worst_ms: millis_at(&latencies, 1.0),
        promises_watched: watched,
        promise_p50_ms: millis_at(&promises, 0.5),
        promise_p99_ms: millis_at(&promises, 0.99),
        promise_worst_ms: millis_at(&promises, 1.0),
        without_promise: watched - promises.len(),
        processor_seconds: processor_seconds()
            .zip(processor)
            .map(|(now, then)| now - then),
        resident_peak_bytes: peak_rss_bytes(),
        database_growth_bytes: after.database_bytes - before.database_bytes,
        invariants_hold: admin::check(peers).await?.holds,
    })
}

/// One client: its chunks, each at its time, over a stream that now and then breaks.
async fn sent(
    peer: &Peer,
    chunks: &[IntakeOrdersRequest],
    client: usize,
    begun: Instant,
    args: &BenchArgs,
) -> Outcome<Told> {
    let mut told = Told::default();
    let mut watches = FuturesUnordered::new();
    let mut stream = Intake::open(peer).await?;
    let clients = usize::try_from(args.clients).unwrap_or(1);
    for (at, chunk) in chunks.iter().enumerate().skip(client).step_by(clients) {
        let place = u64::try_from(at).unwrap_or(u64::MAX);
        let due = begun + Duration::from_secs_f64((place * args.chunk) as f64 / args.rate as f64);
        let waited = tokio::time::sleep_until(due.into());
        beside(waited, &mut watches, &mut told.promises).await;
        if place % args.break_every == args.break_every - 1 {
            // The chunk is on its way, the caller is gone; nobody knows whether it arrived.
            stream.write(chunk).await?;
            tokio::time::sleep(Duration::from_millis(place % 7)).await;
            stream = Intake::open(peer).await?;
            told.broken += 1;
        }
        let answered = stream.answered(peer, chunk);
        let answer = beside(answered, &mut watches, &mut told.promises).await?;
        told.latencies.push(due.elapsed());
        told.ended = Some(Instant::now());
        told.refused += answer.refused.len();
        if let Some(first) = answer
            .refused
            .first()
            .filter(|_| told.first_refusal.is_empty())
        {
            told.first_refusal = format!("{}: {}: {}", first.order_id, first.field, first.reason);
        }
        if at.is_multiple_of(WATCHED)
            && let Some(order) = chunk.orders.last()
        {
            watches.push(promised(peer, order.order_id.clone()));
        }
    }
    while let Some(promise) = watches.next().await {
        told.promises.push(promise);
    }
    Ok(told)
}

/// How long after now an order has its first promise; none when the patience ends before.
async fn promised(peer: &Peer, order_id: String) -> Option<Duration> {
    let answered = Instant::now();
    let mut client = OrderServiceClient::new(peer.channel.clone());
    while answered.elapsed() < PATIENCE {
        let message = GetOrderRequest {
            order_id: order_id.clone(),
        };
        let found = client.get_order(message).await;
        if found.is_ok_and(|found| !found.into_inner().promises.is_empty()) {
            return Some(answered.elapsed());
        }
        tokio::time::sleep(LOOK).await;
    }
    None
}

/// What is waited for, with the watches of promises looked after meanwhile: they measure from their own clock, but only while polled.
async fn beside<F: Future>(
    wanted: F,
    watches: &mut FuturesUnordered<impl Future<Output = Option<Duration>>>,
    promises: &mut Vec<Option<Duration>>,
) -> F::Output {
    let mut wanted = std::pin::pin!(wanted);
    loop {
        tokio::select! {
            biased;
            done = &mut wanted => return done,
            Some(promise) = watches.next() => promises.push(promise),
        }
    }
}

/// A stream of intake.
struct Intake {
    sender: mpsc::Sender<IntakeOrdersRequest>,
    answers: tonic::Streaming<IntakeOrdersResponse>,
}

impl Intake {
    async fn open(peer: &Peer) -> Outcome<Self> {
        let begun = Instant::now();
        loop {
            let (sender, receiver) = mpsc::channel(4);
            let mut client = OrderServiceClient::new(peer.channel.clone());
            match client.intake_orders(ReceiverStream::new(receiver)).await {
                Ok(answers) => {
                    let answers = answers.into_inner();
                    return Ok(Self { sender, answers });
                }
                Err(status) if is_passing(&status) && begun.elapsed() < PATIENCE => {
                    tokio::time::sleep(LOOK).await;
                }
                Err(status) => return Err(Failure::of_status(peer.name, "take orders", &status)),
            }
        }
    }

    async fn write(&self, chunk: &IntakeOrdersRequest) -> Outcome<()> {
        let sent = self.sender.send(chunk.clone()).await;
        sent.map_err(|_| Failure::broken("the stream of intake was closed"))
    }

    /// The answer to a chunk, over a new stream when the one at hand ends.
    async fn answered(
        &mut self,
        peer: &Peer,
        chunk: &IntakeOrdersRequest,
    ) -> Outcome<IntakeOrdersResponse> {
        let begun = Instant::now();
        loop {
            let ended = match self.write(chunk).await {
                Ok(()) => match self.answers.message().await {
                    Ok(Some(answer)) if answer.request_id == chunk.request_id => return Ok(answer),
                    Ok(_) => Status::unavailable("the stream ended"),
                    Err(status) => status,
                },
                Err(_) => Status::unavailable("the stream ended"),
            };
            if !is_passing(&ended) || begun.elapsed() > PATIENCE {
                return Err(Failure::of_status(peer.name, "take orders", &ended));
            }
            *self = Self::open(peer).await?;
        }
    }
}

/// How many of the orders the service does not list, and how many it lists again.
async fn listed(peer: &Peer, orders: &[NewOrder]) -> Outcome<(usize, usize)> {
    let message = ListOrdersRequest {
        page_size: 1_000,
        ..ListOrdersRequest::default()
    };
    let listed = pages!(
        peer,
        "list orders",
        OrderServiceClient.list_orders,
        message,
        |page| page.orders
    )?;
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let mut numbers = HashSet::new();
    let mut twice = 0;
    for order in &listed {
        *counts.entry(order.order_id.as_str()).or_default() += 1;
        twice += usize::from(!numbers.insert(order.order_number));
    }
    let of = |order: &NewOrder| counts.get(order.order_id.as_str()).copied().unwrap_or(0);
    let lost = orders.iter().filter(|order| of(order) == 0).count();
    let doubled = orders.iter().filter(|order| of(order) > 1).count();
    Ok((lost, doubled + twice))
}

impl Answer for Measured {
    fn text(&self) -> String {
        let mut text = self
            .machine
            .as_ref()
            .map_or_else(String::new, |machine| machine.text(&self.commit));
        let count = |number: usize| grouped(i64::try_from(number).unwrap_or(i64::MAX));
        let three = |p50: f64, p99: f64, worst: f64| {
            format!("half within {p50:.1} ms, 99 % within {p99:.1} ms, worst {worst:.1} ms")
        };
        let mut rows = table(&["what", "figure"]);
        for (what, figure) in [
            ("database", self.database.clone()),
            (
                "orders a second, asked",
                grouped(i64::try_from(self.asked_per_second).unwrap_or(i64::MAX)),
            ),
            (
                "orders a second, accepted",
                grouped(self.accepted_per_second.round() as i64),
            ),
            ("orders", count(self.orders)),
            (
                "refused",
                format!("{} {}", self.refused, self.first_refusal),
            ),
            ("connections broken before the answer", count(self.broken)),
            (
                "orders lost, doubled",
                format!("{}, {}", self.lost, self.doubled),
            ),
            (
                "answer",
                three(
                    self.latency_p50_ms,
                    self.latency_p99_ms,
                    self.latency_worst_ms,
                ),
            ),
            (
                "promise behind the answer",
                three(
                    self.promise_p50_ms,
                    self.promise_p99_ms,
                    self.promise_worst_ms,
                ),
            ),
            (
                "promises watched, not made",
                format!("{}, {}", count(self.promises_watched), self.without_promise),
            ),
            (
                "processor, clients and services together",
                self.processor_seconds
                    .map_or("not known".to_owned(), |used| {
                        format!("{used:.1} s of {:.1} s", self.seconds)
                    }),
            ),
            (
                "memory at most, the replay before among it",
                bytes(i64::try_from(self.resident_peak_bytes).unwrap_or(i64::MAX)),
            ),
            ("database growth", bytes(self.database_growth_bytes)),
            (
                "every invariant holds",
                if self.invariants_hold { "yes" } else { "NO" }.to_owned(),
            ),
        ] {
            rows.add_row([what.to_owned(), figure]);
        }
        text.push_str(&table_text(&rows));
        text
    }
}
