//! Sequences on the wire.
//!
//! It must not decide anything. Invariant: a list is read by key, a page at a time.

use std::sync::Arc;

use takt_contract::{
    date_opt, date_pb, date_req,
    production::v1::{self as pb, sequence_service_server::SequenceService},
    request_id,
};
use takt_kernel::{Date, Violations};
use takt_planning::sequencing::Objectives;
use takt_service::{
    Call, Error, Once, PageToken, Tx, page_size,
    stream::{Answers, answers, pages},
};
use tonic::{Request, Response, Status};

use super::{
    Cost, DaySequence, State,
    disturb::Resequence,
    run::Run,
    store::{PlaceRow, places_fetch, sequence_fetch, sequence_save, sequences_fetch},
    wanted::Wanted,
    watch::watched,
};
use crate::{
    Production,
    product::{Product, store::day_of},
};

/// Sequences on the wire.
pub struct SequenceRpc(pub Production);

#[tonic::async_trait]
impl SequenceService for SequenceRpc {
    type SequenceDayStream = Answers<pb::SequenceDayResponse>;
    type StreamCallOffsStream = Answers<pb::StreamCallOffsResponse>;
    type WatchSequenceStream = Answers<pb::WatchSequenceResponse>;

    async fn sequence_day(
        &self,
        request: Request<pb::SequenceDayRequest>,
    ) -> Result<Response<Self::SequenceDayStream>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations);
        let on = date_req(message.date.as_ref(), "date", &mut violations);
        let moves = moves_of(message.moves, MOST_MOVES, &mut violations);
        let id = violations.finish_with(id).map_err(Error::from)?;
        let once = Once::of(
            "takt.production.v1.SequenceService/SequenceDay",
            id,
            &message,
        );
        let work = Run {
            production: self.0.clone(),
            call,
            once,
            on,
            moves,
            etag: message.etag,
            keep: !message.validate_only,
        };
        Ok(Response::new(answers(|outlet| work.run(outlet))))
    }

    async fn freeze_sequence(
        &self,
        request: Request<pb::FreezeSequenceRequest>,
    ) -> Result<Response<pb::FreezeSequenceResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations);
        let on = date_req(message.date.as_ref(), "date", &mut violations);
        let count = places_of(message.frozen_count, "frozen_count", &mut violations);
        let id = violations.finish_with(id).map_err(Error::from)?;
        let once = Once::of(
            "takt.production.v1.SequenceService/FreezeSequence",
            id,
            &message,
        );
        let (product, message) = (self.0.products.get(&call).await?, Arc::new(message));
        let answer = self
            .0
            .deps
            .store
            .write_once(&call, "sequence_freeze", once, move |tx| {
                let (product, message) = (Arc::clone(&product), Arc::clone(&message));
                Box::pin(async move {
                    let mut found = seen(tx, on, &message.etag).await?;
                    found.freeze(count)?;
                    sequence_save(tx, &found).await?;
                    let day = Some(day_pb(&product, &found));
                    Ok(pb::FreezeSequenceResponse { day })
                })
            });
        let answer = answer.await?;
        self.0.sequences.send_modify(|count| *count += 1);
        Ok(Response::new(answer))
    }

    async fn resequence(
        &self,
        request: Request<pb::ResequenceRequest>,
    ) -> Result<Response<pb::ResequenceResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let work = Resequence::of(&message)?;
        let product = self.0.products.get(&call).await?;
        Ok(Response::new(
            work.run(&self.0, &call, product, message).await?,
        ))
    }

    async fn watch_sequence(
        &self,
        request: Request<pb::WatchSequenceRequest>,
    ) -> Result<Response<Self::WatchSequenceStream>, Status> {
        let on = date_of_message(request.get_ref().date.as_ref())?;
        let production = self.0.clone();
        Ok(Response::new(answers(move |outlet| {
            watched(production, on, outlet)
        })))
    }

    async fn list_call_offs(
        &self,
        request: Request<pb::ListCallOffsRequest>,
    ) -> Result<Response<pb::ListCallOffsResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let product = self.0.products.get(&call).await?;
        let days = (message.from_date.as_ref(), message.to_date.as_ref());
        let wanted = Wanted::new(&product, days, &message.item_id, &message.supplier_id)?;
        let size = usize::try_from(page_size(message.page_size)?).unwrap_or(usize::MAX);
        let arguments = wanted.arguments();
        let key = PageToken::open("ListCallOffs", &arguments, &message.page_token)?;
        let behind = key.as_deref().and_then(call_off_key);
        // The day of the last call-off is read again, and what was told of it passed over.
        let mut after = behind.map_or_else(|| wanted.before(), |(day, _)| day - 1);
        let (mut all, mut last, mut next_page_token) = (Vec::new(), String::new(), String::new());
        'days: while let Some((day, told)) =
            wanted.next_day(&self.0, &call, &product, after).await?
        {
            after = day;
            for (place, one) in told {
                if behind.is_some_and(|behind| (day, place) <= behind) {
                    continue;
                }
                if all.len() == size {
                    next_page_token = PageToken::seal("ListCallOffs", &arguments, &last);
                    break 'days;
                }
                last = format!("{day}:{}:{}", place.0, place.1);
                all.push(one);
            }
        }
        Ok(Response::new(pb::ListCallOffsResponse {
            call_offs: all,
            next_page_token,
        }))
    }

    async fn stream_call_offs(
        &self,
        request: Request<pb::StreamCallOffsRequest>,
    ) -> Result<Response<Self::StreamCallOffsStream>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let product = self.0.products.get(&call).await?;
        let days = (message.from_date.as_ref(), message.to_date.as_ref());
        let wanted = Wanted::new(&product, days, &message.item_id, &message.supplier_id)?;
        let (production, begin) = (self.0.clone(), wanted.before());
        let read = move |after: i64| {
            let (production, call) = (production.clone(), call.clone());
            let (product, wanted) = (Arc::clone(&product), wanted.clone());
            async move {
                let day = wanted.next_day(&production, &call, &product, after).await?;
                Ok(match day {
                    Some((day, told)) => {
                        let told = told.into_iter().map(|(_, one)| one);
                        (told.collect(), Some(day))
                    }
                    None => (Vec::new(), None),
                })
            }
        };
        Ok(Response::new(pages(begin, read, |call_offs| {
            pb::StreamCallOffsResponse { call_offs }
        })))
    }
    async fn get_sequence(
        &self,
        request: Request<pb::GetSequenceRequest>,
    ) -> Result<Response<pb::GetSequenceResponse>, Status> {
        let call = Call::of(&request);
        let on = date_of_message(request.get_ref().date.as_ref())?;
        let product = self.0.products.get(&call).await?;
        let read = self.0.deps.store.read(&call, "sequence_get", move |tx| {
            Box::pin(async move {
                let found = sequence_fetch(tx, on).await?;
                let found = found.ok_or_else(|| Error::missing("sequence", on))?;
                let all: Vec<i64> = found
                    .orders
                    .iter()
                    .chain(&found.taken_out)
                    .copied()
                    .collect();
                Ok((places_fetch(tx, &all).await?, found))
            })
        });
        let (rows, found) = read.await?;
        let (places, taken_out) = rows.split_at(found.orders.len().min(rows.len()));
        let mut day = day_pb(&product, &found);
        day.taken_out_order_ids = taken_out.iter().map(|row| row.order_id.clone()).collect();
        let places = (0i32..).zip(places).map(|(place, row)| {
            let frozen = usize::try_from(place).is_ok_and(|place| place < found.frozen);
            place_pb(&product, place, row, frozen)
        });
        Ok(Response::new(pb::GetSequenceResponse {
            day: Some(day),
            places: places.collect(),
        }))
    }

    async fn list_sequence_days(
        &self,
        request: Request<pb::ListSequenceDaysRequest>,
    ) -> Result<Response<pb::ListSequenceDaysResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let from = date_opt(message.from_date.as_ref(), "from_date", &mut violations);
        violations.finish().map_err(Error::from)?;
        let size = page_size(message.page_size)?;
        let arguments = from.map(|from| from.to_string()).unwrap_or_default();
        let key = PageToken::open("ListSequenceDays", &arguments, &message.page_token)?;
        let after = match key.and_then(|key| key.parse().ok()) {
            Some(after) => after,
            None => from.map_or(i64::MIN, |from| day_of(from) - 1),
        };
        let product: Arc<Product> = self.0.products.get(&call).await?;
        let read = self.0.deps.store.read(&call, "sequence_days", move |tx| {
            Box::pin(sequences_fetch(tx, after, size + 1))
        });
        let mut days = read.await?;
        let more = i64::try_from(days.len()).is_ok_and(|count| count > size);
        days.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        let next_page_token = match days.last().filter(|_| more) {
            Some(last) => {
                let last = day_of(last.on).to_string();
                PageToken::seal("ListSequenceDays", &arguments, &last)
            }
            None => String::new(),
        };
        Ok(Response::new(pb::ListSequenceDaysResponse {
            days: days.iter().map(|day| day_pb(&product, day)).collect(),
            next_page_token,
        }))
    }
}

/// The most moves of a search, and of a disturbance.
const MOST_MOVES: i64 = 100_000_000;

pub(super) fn moves_of(moves: i64, most: i64, violations: &mut Violations) -> u64 {
    violations.require(
        (0..=most).contains(&moves),
        "moves",
        format!("it is 0, for the usual number, to {most}"),
    );
    u64::try_from(moves).unwrap_or(0)
}

pub(super) fn places_of(count: i64, field: &str, violations: &mut Violations) -> usize {
    violations.require(count >= 0, field, "it is not negative");
    usize::try_from(count).unwrap_or(0)
}

/// The sequence as the caller has seen it.
pub(super) async fn seen(tx: &Tx, on: Date, etag: &str) -> Result<DaySequence, Error> {
    let found = sequence_fetch(tx, on).await?;
    let found = found.ok_or_else(|| Error::missing("sequence", on))?;
    if found.matches(etag) {
        Ok(found)
    } else {
        Err(Error::stale("sequence", on))
    }
}

fn call_off_key(key: &str) -> Option<(i64, (usize, usize))> {
    let mut parts = key.split(':');
    let day = parts.next()?.parse().ok()?;
    Some((
        day,
        (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?),
    ))
}

/// The day of a message that asks for one.
pub(super) fn date_of_message(
    date: Option<&takt_contract::common::v1::Date>,
) -> Result<Date, Error> {
    let mut violations = Violations::new();
    let on = date_req(date, "date", &mut violations);
    violations.finish()?;
    Ok(on)
}

/// A day as it stands on the wire, without the orders taken out, whose ids are rows of their own.
pub(super) fn day_pb(product: &Product, found: &DaySequence) -> pb::SequenceDay {
    let state = match found.state {
        State::Built => pb::SequenceState::Built,
        State::Sequenced if found.frozen == found.orders.len() => pb::SequenceState::Frozen,
        State::Sequenced => pb::SequenceState::Sequenced,
    };
    let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let (cost, even) = (&found.figures.cost, &found.figures.even);
    let excess = cost.excess.iter().zip(&even.excess);
    let rules = product.rules.names().zip(product.rules.high()).zip(excess);
    let rules = rules.map(|((rule, high), (excess, even))| pb::SequenceRuleExcess {
        rule: rule.to_owned(),
        high,
        excess: *excess,
        even_excess: *even,
    });
    pb::SequenceDay {
        date: Some(date_pb(found.on)),
        state: i32::from(state),
        vehicle_count: count(found.orders.len()),
        frozen_count: count(found.frozen),
        cost: Some(cost_pb(product, cost)),
        even_cost: Some(cost_pb(product, even)),
        rules: rules.collect(),
        taken_out_order_ids: Vec::new(),
        moves: found.figures.moves,
        etag: found.etag(),
    }
}

fn cost_pb(product: &Product, cost: &Cost) -> pb::SequenceCost {
    pb::SequenceCost {
        high_excess: cost.high,
        low_excess: cost.low,
        purges: cost.purges,
        long_batches: cost.long_batches,
        score: product.rules.score(&Objectives {
            high: cost.high,
            low: cost.low,
            paint: cost.purges,
        }),
    }
}

pub(super) fn place_pb(
    product: &Product,
    place: i32,
    row: &PlaceRow,
    frozen: bool,
) -> pb::SequencePlace {
    pb::SequencePlace {
        place,
        order_id: row.order_id.clone(),
        vin: row.vin.clone(),
        variant_id: product.variant_id(row.config.variant()).to_owned(),
        options: product.options(row.config),
        frozen,
    }
}
