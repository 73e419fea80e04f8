//! `takt bench reserve`: many clients reserve more than there is, and what was sold is counted from outside. It must not judge.
//! Invariants: a unit is a fixed part of an item's free stock, so that as many can be had as were asked to be there; a call that could
//! not be answered is made again with the same request; what is left is asked of the service, not computed from the answers.
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use futures_util::{StreamExt, stream};
use serde::Serialize;
use takt_contract::date_pb;
use takt_contract::procurement::v1::{
    CheckAvailabilityRequest, ItemQuantity, ReserveMaterialRequest,
    material_service_client::MaterialServiceClient,
};
use takt_kernel::Date;
use takt_service::error::reason_of;
use tonic::Code;

use super::machine::{Machine, commit, elsewhere, machine, millis_at};
use crate::admin;
use crate::connection::{Peer, ask, new_id};
use crate::failure::{Failure, Outcome};
use crate::output::{Answer, Format, grouped, table, table_text, tell};
use crate::replay::parts::peak_rss_bytes;
use crate::replay::{Request, replay};

const EXAMPLES: &str = "\
Examples:
  takt bench reserve                         64 clients, 200,000 reservations for 50,000 units of three items
  takt bench reserve --calls 20000 --units 5000 --output json
  takt bench reserve --database-url 'postgres://me@localhost/reserve_{service}' --data takt-data/reserve";

/// How often a call is made that is not answered.
const TRIES: usize = 50;

/// What a measurement is told.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::command) struct BenchArgs {
    /// The programme: the name of a built-in one, or a directory
    #[arg(value_name = "PROGRAMME", default_value = "su7")]
    programme: String,

    /// Reservations, of one unit of one item each
    #[arg(long, default_value_t = 200_000, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    calls: u64,

    /// Units there are, of all items together
    #[arg(long, default_value_t = 50_000, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    units: u64,

    /// Items, those with the most free stock
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=50))]
    items: u64,

    /// Clients at once
    #[arg(long, default_value_t = 64, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000))]
    clients: u64,

    /// One of so many calls is made twice, with the same request
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    twice_every: u64,

    /// The programme is played to this day, and its free stock is what can be had
    #[arg(long, default_value = "2024-04-14", value_name = "DATE")]
    until: Date,

    /// The folder to measure in; what it holds of an earlier run is thrown away
    #[arg(long, value_name = "DIR", default_value = "takt-data/bench-reserve")]
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
    clients: u64,
    calls: usize,
    calls_per_second: f64,
    seconds: f64,
    items: Vec<Sold>,
    refused: usize,
    /// Calls that were made again because the service could not answer.
    tried_again: usize,
    /// Calls that were never answered, and what the first of them was told.
    unanswered: usize,
    first_failure: String,
    /// Calls that were made twice on purpose, and those whose answers differ.
    made_twice: usize,
    answered_otherwise: usize,
    latency_p50_ms: f64,
    latency_p99_ms: f64,
    latency_worst_ms: f64,
    resident_peak_bytes: u64,
    invariants_hold: bool,
}

/// What became of an item.
#[derive(Debug, Serialize)]
struct Sold {
    item: String,
    /// A unit, in thousandths of the item's own.
    unit_thousandths: i64,
    /// What could be had, what was asked for and what was sold, in units.
    units: i64,
    asked: i64,
    sold: i64,
    /// Free before, and free behind it as the service tells, in thousandths.
    free_before: i64,
    free_after: i64,
    /// What was sold without being there, in thousandths; below zero is stock that nobody can have.
    oversold: i64,
}

/// What there is of an item.
struct Lot {
    item: String,
    free: i64,
    unit: i64,
}

/// What became of a call.
struct Call {
    item: usize,
    end: End,
    again: usize,
    /// Whether the second answer of a call that was made twice was the first one.
    same: Option<bool>,
    latency: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum End {
    Sold(Vec<(String, i64)>),
    Refused,
    Failed(String),
}

pub(super) async fn run(args: BenchArgs, output: Format) -> Outcome<()> {
    let request = Request {
        source: args.programme.clone(),
        data: Some(args.data.join("run")),
        until: Some(args.until),
        fresh: args.database_url.is_none(),
        hosting: elsewhere(args.database_url.as_deref())?,
        ..Request::default()
    };
    let played = replay(&request).await?;
    let measured = measure(&played.peers, &args).await;
    let stopped = played.stop().await;
    tell(output, &measured?)?;
    stopped
}

async fn measure(peers: &crate::connection::Peers, args: &BenchArgs) -> Outcome<Measured> {
    let peer = &peers.procurement;
    let build_on = args.until.plus(1);
    let lots = had(peer, build_on, args).await?;
    let begun = Instant::now();
    let calls: Vec<Call> = stream::iter(0..args.calls)
        .map(|number| reserved(peer, &lots, build_on, number, args))
        .buffer_unordered(usize::try_from(args.clients).unwrap_or(usize::MAX))
        .collect()
        .await;
    let seconds = begun.elapsed().as_secs_f64();
    let left = free(peer, build_on).await?;
    let items = lots.iter().enumerate().map(|(at, lot)| {
        let of = || calls.iter().filter(move |call| call.item == at);
        let sold: Vec<i64> = of()
            .filter_map(|call| match &call.end {
                End::Sold(lots) => Some(lots.iter().map(|(_, quantity)| quantity).sum()),
                _ => None,
            })
            .collect();
        let after = left
            .iter()
            .find(|line| line.item_id == lot.item)
            .map_or(0, |line| line.thousandths);
        Sold {
            item: lot.item.clone(),
            unit_thousandths: lot.unit,
            units: lot.free / lot.unit,
            asked: count(of().count()),
            sold: count(sold.len()),
            free_before: lot.free,
            free_after: after,
            oversold: sold.iter().sum::<i64>() - (lot.free - after),
        }
    });
    let items: Vec<Sold> = items.collect();
    let mut latencies: Vec<Duration> = calls.iter().map(|call| call.latency).collect();
    latencies.sort_unstable();
    let failures = || {
        calls.iter().filter_map(|call| match &call.end {
            End::Failed(failure) => Some(failure.clone()),
            _ => None,
        })
    };
    let twice = || calls.iter().filter_map(|call| call.same);
    Ok(Measured {
        machine: machine(Path::new(&args.data)),
        commit: commit(),
        database: admin::status(peer).await?.database,
        clients: args.clients,
        calls: calls.len(),
        calls_per_second: calls.len() as f64 / seconds.max(0.001),
        seconds,
        items,
        refused: (calls.iter())
            .filter(|call| call.end == End::Refused)
            .count(),
        tried_again: calls.iter().map(|call| call.again).sum(),
        unanswered: failures().count(),
        first_failure: failures().next().unwrap_or_default(),
        made_twice: twice().count(),
        answered_otherwise: twice().filter(|same| !same).count(),
        latency_p50_ms: millis_at(&latencies, 0.5),
        latency_p99_ms: millis_at(&latencies, 0.99),
        latency_worst_ms: millis_at(&latencies, 1.0),
        resident_peak_bytes: peak_rss_bytes(),
        invariants_hold: admin::check(peers).await?.holds,
    })
}

async fn free(peer: &Peer, build_on: Date) -> Outcome<Vec<ItemQuantity>> {
    let message = CheckAvailabilityRequest {
        build_on: Some(date_pb(build_on)),
        item_ids: Vec::new(),
    };
    let answer = ask!(
        peer,
        "ask for stock",
        MaterialServiceClient.check_availability,
        message
    )?;
    Ok(answer.lines)
}

/// The items with the most free stock, each cut into its part of the units.
async fn had(peer: &Peer, build_on: Date, args: &BenchArgs) -> Outcome<Vec<Lot>> {
    let mut lines = free(peer, build_on).await?;
    lines.sort_by_key(|line| std::cmp::Reverse(line.thousandths));
    let each = i64::try_from(args.units.div_ceil(args.items)).unwrap_or(i64::MAX);
    let lots: Vec<Lot> = lines
        .into_iter()
        .take(usize::try_from(args.items).unwrap_or(usize::MAX))
        .filter(|line| line.thousandths >= each)
        .map(|line| Lot {
            item: line.item_id,
            free: line.thousandths,
            unit: line.thousandths / each,
        })
        .collect();
    if u64::try_from(lots.len()).unwrap_or(0) < args.items {
        let told = format!(
            "fewer than {} items have {} thousandths or more to be had on {build_on}; ask for fewer --units or --items, or for another --until",
            args.items,
            grouped(each)
        );
        return Err(Failure::bad_input(told));
    }
    Ok(lots)
}

/// Reserves a unit, as often as it takes to be answered; some are asked for again although they were.
async fn reserved(
    peer: &Peer,
    lots: &[Lot],
    build_on: Date,
    number: u64,
    args: &BenchArgs,
) -> Call {
    let item = usize::try_from(number % args.items).unwrap_or(0);
    let line = lots.get(item).map(|lot| ItemQuantity {
        item_id: lot.item.clone(),
        thousandths: lot.unit,
    });
    let message = ReserveMaterialRequest {
        request_id: new_id(),
        reservation_id: format!("BENCH-{number}"),
        build_on: Some(date_pb(build_on)),
        vehicle_count: 1,
        lines: line.into_iter().collect(),
    };
    let begun = Instant::now();
    let (end, mut again) = answered(peer, &message).await;
    let latency = begun.elapsed();
    let mut same = None;
    if number.is_multiple_of(args.twice_every) && matches!(end, End::Sold(_)) {
        let (second, more) = answered(peer, &message).await;
        again += more;
        same = Some(second == end);
    }
    Call {
        item,
        end,
        again,
        same,
        latency,
    }
}

/// The answer to a request, and how often it was made again.
async fn answered(peer: &Peer, message: &ReserveMaterialRequest) -> (End, usize) {
    let mut failure = String::new();
    for again in 0..TRIES {
        let mut client = MaterialServiceClient::new(peer.channel.clone());
        match client.reserve_material(message.clone()).await {
            Ok(answer) => {
                let items = answer.into_inner().items.into_iter();
                let lots = items
                    .flat_map(|item| item.lots)
                    .map(|lot| (lot.lot_id, lot.thousandths));
                return (End::Sold(lots.collect()), again);
            }
            Err(status) if reason_of(&status).as_deref() == Some("MATERIAL_SHORTAGE") => {
                return (End::Refused, again);
            }
            Err(status)
                if matches!(
                    status.code(),
                    Code::Aborted
                        | Code::Unavailable
                        | Code::ResourceExhausted
                        | Code::DeadlineExceeded
                ) =>
            {
                failure = status.to_string();
                tokio::time::sleep(Duration::from_millis(5 << again.min(6))).await;
            }
            Err(status) => return (End::Failed(status.to_string()), again),
        }
    }
    (End::Failed(failure), TRIES)
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl Answer for Measured {
    fn text(&self) -> String {
        let mut text = self.machine.text(&self.commit);
        let mut rows = table(&[
            "item",
            ">units there",
            ">asked for",
            ">sold",
            ">sold but not there",
        ]);
        for item in &self.items {
            rows.add_row([
                item.item.clone(),
                grouped(item.units),
                grouped(item.asked),
                grouped(item.sold),
                grouped(item.oversold),
            ]);
        }
        text.push_str(&table_text(&rows));
        text.push_str(&format!(
            "\n{} clients, {} calls in {:.1} s, {} a second, on {}; half within {:.1} ms, 99 % within {:.1} ms, the slowest {:.1} ms\n\
             {} were refused because nothing was left, {} made again because the service could not answer, {} never answered {}\n\
             {} were made twice on purpose, {} of them answered otherwise\n\
             every invariant holds: {}\n",
            self.clients,
            grouped(count(self.calls)),
            self.seconds,
            grouped(self.calls_per_second.round() as i64),
            self.database,
            self.latency_p50_ms,
            self.latency_p99_ms,
            self.latency_worst_ms,
            grouped(count(self.refused)),
            grouped(count(self.tried_again)),
            self.unanswered,
            self.first_failure,
            grouped(count(self.made_twice)),
            self.answered_otherwise,
            if self.invariants_hold { "yes" } else { "NO" },
        ));
        text
    }
}
