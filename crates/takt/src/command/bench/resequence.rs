//! `takt bench resequence`: a coming day of a run is disturbed again and again, through the public service; each answer is timed
//! and looked at. It must not judge. Invariant: what is checked is read back from the service, not taken from its answer.
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;
use takt_contract::date_pb;
use takt_contract::production::v1::sequence_service_client::SequenceServiceClient;
use takt_contract::production::v1::{
    GetSequenceRequest, ResequenceRequest, SequenceDayRequest, SequenceHold, SequenceHoldReason,
    SequencePlace,
};
use takt_kernel::{Date, RequestId, seeded_hash};

use super::machine::{Machine, commit, machine, millis_at};
use crate::command::target::TargetArgs;
use crate::connection::{Peer, ask, read};
use crate::failure::{Failure, Outcome};
use crate::output::{Answer, Format, table, table_text, tell};

const EXAMPLES: &str = "\
Examples:
  takt replay su7 --until 2024-10-14 --data ./run
  takt bench resequence --data ./run --on 2024-10-15
  takt bench resequence --data ./run --on 2024-10-15 --times 500 --output json

The folder is that of a replay that was stopped in its middle, so that the day has open orders. The day is sequenced first.";

/// Vehicles held at once, at most.
const HELD: u64 = 3;
/// One disturbance of so many takes its vehicle out of the day.
const TAKEN_OUT: u64 = 10;

/// What a measurement is told.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::command) struct BenchArgs {
    /// The coming day that is disturbed
    #[arg(long, value_name = "DATE")]
    on: Date,

    /// How often it is disturbed
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    times: u64,

    /// Moves that a disturbance may try; 0 means as many as usual
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..=1_000_000))]
    moves: i64,

    /// Where chance begins
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    #[command(flatten)]
    target: TargetArgs,
}

/// What was measured, and on what.
#[derive(Debug, Serialize)]
struct Measured {
    machine: Machine,
    commit: String,
    vehicles: usize,
    frozen: i64,
    disturbances: usize,
    mean_millis: f64,
    p99_millis: f64,
    worst_millis: f64,
    /// Vehicles that nothing happened to and that stand elsewhere, a disturbance.
    moved_mean: f64,
    farthest_places: i64,
    /// Answers after which a frozen place had changed, a vehicle was lost, or a late one stood too early.
    wrong: usize,
    score_before: i64,
    score_after: i64,
}

pub(super) async fn run(args: BenchArgs, output: Format) -> Outcome<()> {
    let target = args.target.open().await?;
    let done = measured(&target.peers.production, &args).await;
    tell(output, &target.close_after(done).await?)
}

async fn measured(peer: &Peer, args: &BenchArgs) -> Outcome<Measured> {
    let on = args.on;
    let message = SequenceDayRequest {
        request_id: RequestId::random().to_string(),
        date: Some(date_pb(on)),
        ..SequenceDayRequest::default()
    };
    read!(
        peer,
        "sequence the day",
        SequenceServiceClient.sequence_day,
        message,
        |stage| vec![stage]
    )?;
    let (mut score, mut places) = standing(peer, on).await?;
    let (vehicles, score_before) = (places.len(), score);
    let frozen = vehicles / 10;
    let (mut times, mut moved, mut farthest, mut wrong) = (Vec::new(), 0, 0, 0);
    for turn in 0..args.times {
        let holds = holds(args.seed, turn, &places, frozen);
        let message = ResequenceRequest {
            request_id: RequestId::random().to_string(),
            date: Some(date_pb(on)),
            holds: holds.clone(),
            frozen_count: i64::try_from(frozen).unwrap_or(i64::MAX),
            moves: args.moves,
            etag: String::new(),
        };
        let begun = Instant::now();
        let answer = ask!(
            peer,
            "disturb the day",
            SequenceServiceClient.resequence,
            message
        )?;
        times.push(begun.elapsed());
        moved += answer.moved_count;
        farthest = farthest.max(answer.farthest_places);
        let (now, after) = standing(peer, on).await?;
        wrong += usize::from(!is_right(&places, &after, &holds, frozen));
        (score, places) = (now, after);
        if places.len() < frozen + 2 {
            return Err(Failure::refused(format!(
                "after {} disturbances too few vehicles are left on {on}",
                turn + 1
            ))
            .with_way_out("disturb it less often: --times"));
        }
    }
    times.sort_unstable();
    let sum: Duration = times.iter().sum();
    let count = times.len().max(1) as f64;
    let place = args.target.data.clone();
    Ok(Measured {
        machine: machine(&place.unwrap_or_else(|| PathBuf::from("."))),
        commit: commit(),
        vehicles,
        frozen: i64::try_from(frozen).unwrap_or(i64::MAX),
        disturbances: times.len(),
        mean_millis: sum.as_secs_f64() * 1000.0 / count,
        p99_millis: millis_at(&times, 0.99),
        worst_millis: millis_at(&times, 1.0),
        moved_mean: moved as f64 / count,
        farthest_places: farthest,
        wrong,
        score_before,
        score_after: score,
    })
}

/// The day's score, and its places.
async fn standing(peer: &Peer, on: Date) -> Outcome<(i64, Vec<SequencePlace>)> {
    let message = GetSequenceRequest {
        date: Some(date_pb(on)),
    };
    let found = ask!(
        peer,
        "read the sequence",
        SequenceServiceClient.get_sequence,
        message
    )?;
    let cost = found.day.and_then(|day| day.cost).unwrap_or_default();
    Ok((cost.score, found.places))
}

/// Who is held this time: most wait for a part until a later place, some leave the day.
fn holds(seed: u64, turn: u64, places: &[SequencePlace], frozen: usize) -> Vec<SequenceHold> {
    let chance = |what: &str, below: usize| {
        let below = u64::try_from(below).unwrap_or(u64::MAX).max(1);
        let drawn = seeded_hash(seed, &format!("{what}/{turn}")) % below;
        usize::try_from(drawn).unwrap_or(0)
    };
    let open = places.len().saturating_sub(frozen + 1);
    let out = turn % TAKEN_OUT == TAKEN_OUT - 1;
    let count = if out { 1 } else { 1 + turn % HELD };
    let mut taken = BTreeSet::new();
    for at in 0..count {
        taken.insert(frozen + chance(&format!("who {at}"), open));
    }
    let held = taken.into_iter().filter_map(|at| {
        let behind = places.len() - 1 - at;
        let until = at + 1 + chance(&format!("until {at}"), behind);
        Some(SequenceHold {
            order_id: places.get(at)?.order_id.clone(),
            reason: i32::from(match (out, turn % 2) {
                (true, _) => SequenceHoldReason::Hold,
                (false, 0) => SequenceHoldReason::LatePart,
                (false, _) => SequenceHoldReason::PaintDefect,
            }),
            not_before_place: i32::try_from(until).ok().filter(|_| !out),
        })
    });
    held.collect()
}

/// Whether what is frozen stands, nobody is lost, and whoever is late stands late.
fn is_right(
    before: &[SequencePlace],
    after: &[SequencePlace],
    holds: &[SequenceHold],
    frozen: usize,
) -> bool {
    let ids = |places: &[SequencePlace]| -> Vec<String> {
        places.iter().map(|place| place.order_id.clone()).collect()
    };
    let (before, after) = (ids(before), ids(after));
    let out = |id: &&String| {
        let held = holds.iter().find(|hold| &hold.order_id == *id);
        held.is_some_and(|hold| hold.not_before_place.is_none())
    };
    let wanted: BTreeSet<&String> = before.iter().filter(|id| !out(id)).collect();
    let late = holds.iter().all(|hold| {
        let at = after.iter().position(|id| *id == hold.order_id);
        match (hold.not_before_place, at) {
            (Some(first), Some(at)) => i32::try_from(at).is_ok_and(|at| at >= first),
            (None, at) => at.is_none(),
            (Some(_), None) => false,
        }
    });
    let same = before.iter().zip(&after).take(frozen).all(|(a, b)| a == b);
    late && same && after.len() == wanted.len() && after.iter().collect::<BTreeSet<_>>() == wanted
}

impl Answer for Measured {
    fn text(&self) -> String {
        let mut text = self.machine.text(&self.commit);
        let mut rows = table(&["what", ">figure"]);
        let millis = |millis: f64| format!("{millis:.1} ms");
        for (what, figure) in [
            ("vehicles of the day", self.vehicles.to_string()),
            ("of them frozen", self.frozen.to_string()),
            ("disturbances", self.disturbances.to_string()),
            (
                "from the call to the kept answer, mean",
                millis(self.mean_millis),
            ),
            ("99 of 100 within", millis(self.p99_millis)),
            ("worst", millis(self.worst_millis)),
            (
                "others moved a disturbance",
                format!("{:.1}", self.moved_mean),
            ),
            ("farthest move, places", self.farthest_places.to_string()),
            ("wrong answers", self.wrong.to_string()),
            ("score before", self.score_before.to_string()),
            ("score after all", self.score_after.to_string()),
        ] {
            rows.add_row([what.to_owned(), figure]);
        }
        text.push_str(&table_text(&rows));
        text
    }
}
