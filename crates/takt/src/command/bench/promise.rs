//! `takt bench promise`: inquiries at a fixed rate through delivery, production and procurement, holds mixed in, stock moving
//! beside them. It must not judge. Invariants: latency counts from the moment at which a call was due, so that a pause is
//! seen; an answer is recomputed at the versions that it names and compared as a whole.
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use clap::Args;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use serde::Serialize;
use takt_contract::common::v1::PromiseBasis;
use takt_contract::date_pb;
use takt_contract::delivery::v1::{self as pb, quote_service_client::QuoteServiceClient};
use takt_contract::procurement::v1::{
    self as stock, material_service_client::MaterialServiceClient,
};
use takt_kernel::{Date, RequestId, seeded_hash};
use takt_service::error::reason_of;
use tokio::time::MissedTickBehavior;
use tonic::transport::Channel;

use super::machine::{Machine, commit, machine};
use crate::command::target::TargetArgs;
use crate::failure::{Failure, Outcome};
use crate::output::{Answer, Format, grouped, say, tell};
use crate::programme::{Direction, FeatureRule, Folder, Programme};
use crate::replay::read_programme;

const EXAMPLES: &str = "\
Examples:
  takt replay su7 --vehicles 20000 --until 2024-05-20 --data ./run
  takt bench promise su7 --data ./run --as-of 2024-05-21
  takt bench promise su7 --data ./run --as-of 2024-05-21 --rate 2000 --seconds 60

The folder is that of a replay that was stopped in its middle, so that there are a plan, orders and stock.";

/// Every so many calls an inquiry is recomputed from the databases; no multiple of the calls that hold.
const RECOMPUTED: u64 = 101;

/// What a measurement is told.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::command) struct BenchArgs {
    /// A built-in programme or a programme folder, for configurations and cities
    #[arg(value_name = "PROGRAMME|DIR")]
    programme: String,

    /// The day as of which to ask
    #[arg(long, value_name = "DATE")]
    as_of: Date,

    /// Inquiries a second
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=20_000))]
    rate: u64,

    /// How long
    #[arg(long, value_name = "S", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    seconds: u64,

    /// One of so many inquiries is a hold instead
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(2..))]
    hold_every: u64,

    /// Movements of stock a second
    #[arg(long, value_name = "N", default_value_t = 200)]
    moves: u64,

    /// Where chance begins
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    #[command(flatten)]
    target: TargetArgs,
}

/// What was measured, and on what.
#[derive(Debug, Default, Serialize)]
struct Measured {
    machine: Option<Machine>,
    commit: String,
    seconds: f64,
    inquiries: u64,
    inquiries_per_second: f64,
    p50_micros: u64,
    p99_micros: u64,
    slowest_micros: u64,
    holds: u64,
    holds_refused: u64,
    moves: u64,
    not_moved: u64,
    recomputed: u64,
    mismatches: u64,
    /// Recomputed answers whose plan or line had moved on.
    gone: u64,
    failed: u64,
    first_failure: String,
    /// The oldest basis of an answer when it arrived.
    oldest_basis_micros: i64,
    slot_versions: i64,
    supply_versions: i64,
}

/// What became of a call.
enum Done {
    /// The microseconds, the offer, and what became of its recomputation if there was one.
    Inquired(u64, Box<pb::QuoteOffer>, Option<Again>),
    Held(bool),
    Moved,
    /// There was nothing to move.
    Still,
    Failed(String),
}

/// What a recomputation said.
enum Again {
    Same,
    Other,
    Gone,
}

/// Everything that calls are made from.
struct World {
    programme: Programme,
    cities: Vec<String>,
    as_of: Date,
    seed: u64,
    delivery: Channel,
    procurement: Channel,
    movable: Vec<String>,
}

pub(super) async fn run(args: BenchArgs, output: Format) -> Outcome<()> {
    let folder = Folder::open(&args.programme)?;
    let programme = read_programme(&folder, true)?;
    let target = args.target.open().await?;
    let peers = target.peers.clone();
    let done = async {
        let mut world = World {
            cities: cities(&programme),
            programme,
            as_of: args.as_of,
            seed: args.seed,
            delivery: peers.delivery.channel.clone(),
            procurement: peers.procurement.channel.clone(),
            movable: Vec::new(),
        };
        world.movable = world.movable_items().await?;
        // The first answer reads everything; it is not what is measured.
        if let Done::Failed(failure) = world.inquired(0, Instant::now()).await {
            return Err(Failure::broken(format!(
                "the first inquiry failed: {failure}"
            )));
        }
        measured(&world, &args).await
    };
    let done = done.await;
    let mut found = target.close_after(done).await?;
    let place = args.target.data.clone().unwrap_or_else(|| ".".into());
    found.machine = Some(machine(&place));
    found.commit = commit();
    tell(output, &found)
}

fn cities(programme: &Programme) -> Vec<String> {
    let carries =
        |direction: &Direction| matches!(direction, Direction::Outbound { share } if share.0 > 0);
    let lanes = programme.outbound().filter(|lane| carries(&lane.direction));
    let mut cities: Vec<String> = lanes.map(|lane| lane.to.clone()).collect();
    cities.dedup();
    cities
}

/// Calls at their rates until the time is over, and the answers as they come.
async fn measured(world: &World, args: &BenchArgs) -> Outcome<Measured> {
    let mut found = Measured::default();
    let (mut latencies, mut slots, mut supplies) = (Vec::new(), Vec::new(), Vec::new());
    let mut flying: FuturesUnordered<BoxFuture<'_, Done>> = FuturesUnordered::new();
    let step = Duration::from_nanos(1_000_000_000 / args.rate);
    let mut due = tokio::time::interval(step);
    due.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (begun, all) = (Instant::now(), args.rate * args.seconds);
    let (mut sent, mut moved) = (0, 0);
    while sent < all || !flying.is_empty() {
        tokio::select! {
            _ = due.tick(), if sent < all => {
                sent += 1;
                let at = begun + step * u32::try_from(sent - 1).unwrap_or(u32::MAX);
                if sent % args.hold_every == 0 {
                    flying.push(Box::pin(world.held(sent)));
                } else {
                    flying.push(Box::pin(world.inquired(sent, at)));
                }
                while moved < sent * args.moves / args.rate {
                    moved += 1;
                    flying.push(Box::pin(world.moved(moved)));
                }
            }
            Some(done) = flying.next(), if !flying.is_empty() => match done {
                Done::Inquired(micros, offer, again) => {
                    found.inquiries += 1;
                    found.recomputed += u64::from(matches!(again, Some(Again::Same | Again::Other)));
                    found.mismatches += u64::from(matches!(again, Some(Again::Other)));
                    found.gone += u64::from(matches!(again, Some(Again::Gone)));
                    latencies.push(micros);
                    if let Some(basis) = &offer.basis {
                        slots.push(basis.slot_version);
                        supplies.push(basis.supply_version);
                        found.oldest_basis_micros = found.oldest_basis_micros.max(age(basis));
                    }
                }
                Done::Held(true) => found.holds += 1,
                Done::Held(false) => found.holds_refused += 1,
                Done::Moved => found.moves += 1,
                Done::Still => found.not_moved += 1,
                Done::Failed(failure) => {
                    found.failed += 1;
                    if found.first_failure.is_empty() {
                        found.first_failure = failure;
                    }
                }
            },
        }
    }
    found.seconds = begun.elapsed().as_secs_f64();
    found.inquiries_per_second = found.inquiries as f64 / found.seconds;
    latencies.sort_unstable();
    let at = |part: usize| {
        latencies.get((latencies.len() * part / 100).min(latencies.len().saturating_sub(1)))
    };
    found.p50_micros = at(50).copied().unwrap_or(0);
    found.p99_micros = at(99).copied().unwrap_or(0);
    found.slowest_micros = latencies.last().copied().unwrap_or(0);
    found.slot_versions = spread(&slots);
    found.supply_versions = spread(&supplies);
    Ok(found)
}

/// How old a basis is now, in microseconds.
fn age(basis: &PromiseBasis) -> i64 {
    let read = basis.read_at.unwrap_or_default();
    let read = read.seconds * 1_000_000 + i64::from(read.nanos) / 1_000;
    takt_kernel::Clock::System.now_micros() - read
}

fn spread(versions: &[i64]) -> i64 {
    let most = versions.iter().max().copied().unwrap_or(0);
    most - versions.iter().min().copied().unwrap_or(0)
}

impl World {
    /// A number below `end` that is drawn for a call.
    fn draw(&self, call: u64, what: &str, end: usize) -> usize {
        let drawn = seeded_hash(self.seed, &format!("{what}/{call}"));
        usize::try_from(drawn % u64::try_from(end.max(1)).unwrap_or(1)).unwrap_or(0)
    }

    /// A wish that is drawn for a call: any configuration that customers choose.
    fn wish(&self, call: u64) -> pb::QuoteWish {
        let place = self.draw(call, "variant", self.programme.variants.len());
        let mut options = BTreeMap::new();
        for feature in &self.programme.features {
            let shares = match &feature.rule {
                FeatureRule::Shares(shares) => shares.as_slice(),
                FeatureRule::SharesByVariant(rows) => {
                    rows.get(place).map_or(&[][..], Vec::as_slice)
                }
                FeatureRule::First { .. } => continue,
            };
            let offered = feature
                .values
                .iter()
                .zip(shares)
                .filter(|(_, share)| share.0 > 0);
            let offered: Vec<_> = offered.map(|(value, _)| value.id.to_string()).collect();
            let value = offered.get(self.draw(call, feature.key.as_str(), offered.len()));
            options.extend(value.map(|value| (feature.key.to_string(), value.clone())));
        }
        let city = self.cities.get(self.draw(call, "city", self.cities.len()));
        let days = i32::try_from(self.draw(call, "days", 90)).unwrap_or(0);
        pb::QuoteWish {
            variant_id: self
                .programme
                .variants
                .get(place)
                .map_or_else(String::new, |one| one.id.to_string()),
            options,
            vehicle_count: i64::try_from(1 + self.draw(call, "count", 5)).unwrap_or(1),
            city: city.cloned().unwrap_or_default(),
            wanted_on: Some(date_pb(self.as_of.plus(days))),
            split_allowed: self.draw(call, "split", 2) == 1,
        }
    }

    async fn inquired(&self, call: u64, due: Instant) -> Done {
        let message = pb::InquireQuoteRequest {
            as_of: Some(date_pb(self.as_of)),
            wish: Some(self.wish(call)),
            alternatives_wanted: call.is_multiple_of(10),
            at_basis: None,
            newest: false,
        };
        let mut client = QuoteServiceClient::new(self.delivery.clone());
        let answer = match client.inquire_quote(message.clone()).await {
            Ok(answer) => answer.into_inner(),
            Err(status) => return Done::Failed(status.to_string()),
        };
        let micros = u64::try_from(due.elapsed().as_micros()).unwrap_or(u64::MAX);
        let offer = answer.offer.unwrap_or_default();
        if !call.is_multiple_of(RECOMPUTED) || call == 0 {
            return Done::Inquired(micros, Box::new(offer), None);
        }
        let again = pb::InquireQuoteRequest {
            at_basis: offer.basis.clone(),
            ..message
        };
        let again = match client.inquire_quote(again).await {
            Ok(again) if again.get_ref().offer.as_ref() == Some(&offer) => Again::Same,
            Ok(_) => Again::Other,
            Err(status) if reason_of(&status).as_deref() == Some("PROMISE_BASIS_GONE") => {
                Again::Gone
            }
            Err(status) => return Done::Failed(status.to_string()),
        };
        Done::Inquired(micros, Box::new(offer), Some(again))
    }

    async fn held(&self, call: u64) -> Done {
        let name = format!("BENCH-{}-{call}", self.seed);
        let message = pb::HoldQuoteRequest {
            request_id: RequestId::named(&format!(
                "{name}/{}",
                takt_kernel::Clock::System.now_micros()
            ))
            .to_string(),
            quote_id: format!("{name}-{}", takt_kernel::Clock::System.now_micros()),
            customer_id: "BENCH".to_owned(),
            as_of: Some(date_pb(self.as_of)),
            wish: Some(self.wish(call)),
            latest_on: None,
            ttl_seconds: 60,
        };
        let mut client = QuoteServiceClient::new(self.delivery.clone());
        match client.hold_quote(message).await {
            Ok(answer) => Done::Held(answer.into_inner().quote.is_some()),
            Err(status) if status.code() == tonic::Code::FailedPrecondition => Done::Held(false),
            Err(status) => Done::Failed(status.to_string()),
        }
    }

    /// The items of which there is stock to be moved.
    async fn movable_items(&self) -> Outcome<Vec<String>> {
        let message = stock::CheckAvailabilityRequest {
            build_on: Some(date_pb(self.as_of)),
            item_ids: Vec::new(),
        };
        let answer = MaterialServiceClient::new(self.procurement.clone())
            .check_availability(message)
            .await;
        let answer =
            answer.map_err(|status| Failure::of_status("procurement", "stock", &status))?;
        let lines = answer.into_inner().lines.into_iter();
        let free = lines.filter(|line| line.thousandths >= 10_000);
        let items: Vec<String> = free.map(|line| line.item_id).collect();
        if items.is_empty() {
            say("there is no stock to be moved; it stays as it is");
        }
        Ok(items)
    }

    /// Reserves a unit of an item with an odd call, and gives it back with the next one.
    async fn moved(&self, call: u64) -> Done {
        let pair = call.div_ceil(2);
        let Some(item) = self
            .movable
            .get(self.draw(pair, "item", self.movable.len()))
        else {
            return Done::Still;
        };
        let mut client = MaterialServiceClient::new(self.procurement.clone());
        let reservation_id = format!("BENCH-{}-{pair}", std::process::id());
        let request_id = RequestId::named(&format!("{reservation_id}/{call}")).to_string();
        let done = if call % 2 == 1 {
            let message = stock::ReserveMaterialRequest {
                request_id,
                reservation_id,
                build_on: Some(date_pb(self.as_of)),
                vehicle_count: 1,
                lines: vec![stock::ItemQuantity {
                    item_id: item.clone(),
                    thousandths: 1_000,
                }],
            };
            client.reserve_material(message).await.map(|_| ())
        } else {
            let message = stock::ReleaseReservationRequest {
                request_id,
                reservation_id,
            };
            client.release_reservation(message).await.map(|_| ())
        };
        match done {
            Ok(()) => Done::Moved,
            // The one before may still be on its way, or the item be used up: nothing was moved then.
            Err(status)
                if matches!(
                    status.code(),
                    tonic::Code::NotFound
                        | tonic::Code::FailedPrecondition
                        | tonic::Code::AlreadyExists
                ) =>
            {
                Done::Still
            }
            Err(status) => Done::Failed(status.to_string()),
        }
    }
}

impl Answer for Measured {
    fn text(&self) -> String {
        let head = self
            .machine
            .as_ref()
            .map_or_else(String::new, |machine| machine.text(&self.commit));
        let millis = |micros: u64| format!("{}.{:02} ms", micros / 1_000, micros % 1_000 / 10);
        format!(
            "{head}inquiries    {} in {:.1} s, {:.0} a second; half within {}, 99 % within {}, the slowest {}\n\
             holds        {} made, {} refused\n\
             stock        {} movements, {} not made, {} versions of supply and {} of slots among the answers\n\
             recomputed   {} answers, {} of them different; {} could not be\n\
             basis        {} ms old at most when its answer came\n\
             failed       {} {}\n",
            grouped(i64::try_from(self.inquiries).unwrap_or(i64::MAX)),
            self.seconds,
            self.inquiries_per_second,
            millis(self.p50_micros),
            millis(self.p99_micros),
            millis(self.slowest_micros),
            self.holds,
            self.holds_refused,
            self.moves,
            self.not_moved,
            self.supply_versions,
            self.slot_versions,
            self.recomputed,
            self.mismatches,
            self.gone,
            self.oldest_basis_micros / 1_000,
            self.failed,
            self.first_failure,
        )
    }
}
