//! Disturbances on the wire: the message is checked whole, worked in, and the row written if nobody was faster.
//!
//! It must not decide what moves. Invariants: the search stands outside the transaction; the version that it started from is
//! the one that is replaced.

use std::sync::Arc;

use takt_contract::{date_req, production::v1 as pb, request_id};
use takt_kernel::{Date, Violations};
use takt_planning::feature::Config;
use takt_service::{Call, Error, Once, compute};

use super::{
    DaySequence, SequenceRefusal,
    change::{Changed, Hold, USUAL_MOVES, resequence},
    rpc::{day_pb, moves_of, places_of, seen},
    store::{before_fetch, places_fetch, sequence_save},
};
use crate::{Production, product::Product};

/// The orders of one disturbance.
const MOST_HOLDS: usize = 1_000;
/// The moves of one disturbance.
const MOST_MOVES: i64 = 1_000_000;

/// A disturbance that was checked.
pub(super) struct Resequence {
    id: [u8; 16],
    on: Date,
    frozen: usize,
    moves: u64,
}

impl Resequence {
    /// Checks the message whole.
    pub(super) fn of(message: &pb::ResequenceRequest) -> Result<Self, Error> {
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations);
        let on = date_req(message.date.as_ref(), "date", &mut violations);
        let frozen = places_of(message.frozen_count, "frozen_count", &mut violations);
        let moves = match moves_of(message.moves, MOST_MOVES, &mut violations) {
            0 => USUAL_MOVES,
            moves => moves,
        };
        violations.require(
            message.holds.len() <= MOST_HOLDS,
            "holds",
            "at most 1,000 orders are held at once",
        );
        for (at, hold) in message.holds.iter().enumerate() {
            violations.scope(format!("holds[{at}]"), |found| {
                found.require(!hold.order_id.is_empty(), "order_id", "it is missing");
                let reason = pb::SequenceHoldReason::try_from(hold.reason);
                let given =
                    reason.is_ok_and(|reason| reason != pb::SequenceHoldReason::Unspecified);
                found.require(given, "reason", "it is HOLD, LATE_PART or PAINT_DEFECT");
                found.require(
                    hold.not_before_place.is_none_or(|place| place >= 0),
                    "not_before_place",
                    "places count from 0",
                );
                let twice = message.holds.iter().take(at);
                let twice = twice
                    .into_iter()
                    .any(|other| other.order_id == hold.order_id);
                found.require(!twice, "order_id", "it is held twice; give it once");
            });
        }
        let id = violations.finish_with(id)?;
        Ok(Self {
            id,
            on,
            frozen,
            moves,
        })
    }

    pub(super) async fn run(
        self,
        production: &Production,
        call: &Call,
        product: Arc<Product>,
        message: pb::ResequenceRequest,
    ) -> Result<pb::ResequenceResponse, Error> {
        let method = "takt.production.v1.SequenceService/Resequence";
        let once = Once::of(method, self.id, &message);
        let store = &production.deps.store;
        let (on, reading) = (self.on, Arc::clone(&product));
        let asked = Arc::new(message);
        let etag = Arc::clone(&asked);
        let read = store.read(call, "sequence_disturbed", move |tx| {
            let (product, asked) = (Arc::clone(&reading), Arc::clone(&etag));
            Box::pin(async move {
                if let Some(answer) = tx.once_answer::<pb::ResequenceResponse>(&once).await? {
                    return Ok(Err(answer));
                }
                let found = seen(tx, on, &asked.etag).await?;
                let before = before_fetch(tx, &product, on).await?;
                Ok(Ok((places_fetch(tx, &found.orders).await?, found, before)))
            })
        });
        let (rows, kept, before) = match read.await? {
            Ok(standing) => standing,
            Err(answer) => return Ok(answer),
        };
        let holds = asked.holds.iter().map(|hold| {
            let at = rows.iter().position(|row| row.order_id == hold.order_id);
            let order = at.and_then(|at| kept.orders.get(at)).copied();
            let order =
                order.ok_or_else(|| SequenceRefusal::NotSequenced(hold.order_id.clone()))?;
            Ok(Hold {
                order_id: hold.order_id.clone(),
                order,
                not_before: hold
                    .not_before_place
                    .map(|place| usize::try_from(place).unwrap_or(0)),
            })
        });
        let holds = holds.collect::<Result<Vec<Hold>, SequenceRefusal>>()?;
        let configs: Vec<Config> = rows.iter().map(|row| row.config).collect();
        let (rules, spend) = (Arc::clone(&product), (self.frozen, self.moves));
        let (changed, kept) = compute(move || {
            let changed = resequence(&rules.rules, &before, &configs, &kept, &holds, spend);
            (changed, kept)
        })
        .await?;
        let answer = keep(production, call, once, product, (changed?, kept)).await?;
        production.sequences.send_modify(|count| *count += 1);
        Ok(answer)
    }
}

async fn keep(
    production: &Production,
    call: &Call,
    once: Once,
    product: Arc<Product>,
    (changed, kept): (Changed, DaySequence),
) -> Result<pb::ResequenceResponse, Error> {
    let changed = Arc::new(changed);
    let started_from = Arc::new(kept.etag());
    let written = production
        .deps
        .store
        .write_once(call, "sequence_change", once, move |tx| {
            let (changed, product) = (Arc::clone(&changed), Arc::clone(&product));
            let started_from = Arc::clone(&started_from);
            Box::pin(async move {
                seen(tx, changed.sequence.on, &started_from).await?;
                sequence_save(tx, &changed.sequence).await?;
                let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
                Ok(pb::ResequenceResponse {
                    day: Some(day_pb(&product, &changed.sequence)),
                    moved_count: count(changed.moved.vehicles),
                    farthest_places: count(changed.moved.farthest),
                })
            })
        });
    written.await
}
