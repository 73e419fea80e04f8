//! Making the sequence of a coming day: its vehicles by the plan and the open orders, the search, the row.
//!
//! It must not know how a move is chosen. Invariants: nothing is kept of what is only validated; the same request has the
//! same answer; a frozen place is never moved by a new sequence.

use std::sync::Arc;

use takt_contract::production::v1 as pb;
use takt_kernel::Date;
use takt_planning::{feature::Config, sequence::even_order, sequencing::DaySearch};
use takt_service::{Call, Error, Once, Tx, compute, stream::Outlet};

use super::{
    DaySequence, SEED, SequenceRefusal, State, figures, moves_for,
    rpc::{day_pb, place_pb},
    store::{Coming, coming_fetch, places_fetch, sequence_fetch, sequence_save},
};
use crate::{
    Production,
    order_book::store::{book_lock, book_revision},
    product::Product,
};

/// The parts of the search after which progress is told.
const STEPS: u64 = 20;
/// The places of one message.
const PLACES: usize = 200;

/// A day that is to be sequenced.
pub(super) struct Run {
    pub(super) production: Production,
    pub(super) call: Call,
    pub(super) once: Once,
    pub(super) on: Date,
    /// The moves to spend; 0 means as many as the day is worth.
    pub(super) moves: u64,
    pub(super) etag: String,
    pub(super) keep: bool,
}

impl Run {
    pub(super) async fn run(self, outlet: Outlet<pb::SequenceDayResponse>) -> Result<(), Error> {
        let store = &self.production.deps.store;
        let once = self.once;
        let answered = store.read(&self.call, "sequence_once", move |tx| {
            Box::pin(async move { tx.once_answer::<pb::SequenceDayResponse>(&once).await })
        });
        if let Some(answer) = answered.await? {
            return outlet.send(answer).await;
        }
        let progress = |stage: &str, tried: u64| pb::SequenceDayResponse {
            stage: stage.to_owned(),
            tried_moves: i64::try_from(tried).unwrap_or(i64::MAX),
            ..pb::SequenceDayResponse::default()
        };
        outlet.send(progress("LOAD", 0)).await?;
        let product = self.production.products.get(&self.call).await?;
        let (reading, on) = (Arc::clone(&product), self.on);
        let coming = store.read(&self.call, "sequence_coming", move |tx| {
            let product = Arc::clone(&reading);
            Box::pin(async move {
                let book = book_revision(tx).await?;
                Ok((coming_fetch(tx, &product, on).await?, book))
            })
        });
        let (coming, book) = coming.await?;
        if let Some(kept) = &coming.kept {
            replaceable(kept, &self.etag)?;
        }
        outlet.send(progress("SEARCH", 0)).await?;
        let (before, pulled, fresh) = coming.split();
        let tail: Vec<Config> = before.iter().chain(&pulled).copied().collect();
        let moves = match self.moves {
            0 => moves_for(fresh.len()),
            moves => moves,
        };
        let search = product.rules.search(&tail, &fresh, moves, SEED);
        let mut search = search.map_err(|error| SequenceRefusal::TooLarge(error.to_string()))?;
        let step = moves.div_ceil(STEPS).max(1);
        let mut spent = 0;
        while spent < moves {
            let part = step.min(moves - spent);
            let stepped = compute(move || {
                let progress = search.step(part);
                (search, progress)
            });
            let told;
            (search, told) = stepped.await?;
            spent += part;
            outlet.send(progress("SEARCH", told.tried)).await?;
            if told.done {
                break;
            }
        }
        let sequence = sequence(&product, &coming, &search, on)?;
        if self.keep {
            self.save(&product, sequence, book, outlet).await
        } else {
            self.tell(&product, &sequence, outlet).await
        }
    }

    /// Keeps the sequence, if nobody was faster, and records the answer.
    async fn save(
        &self,
        product: &Arc<Product>,
        sequence: DaySequence,
        book: i64,
        outlet: Outlet<pb::SequenceDayResponse>,
    ) -> Result<(), Error> {
        outlet
            .send(pb::SequenceDayResponse {
                stage: "SAVE".to_owned(),
                tried_moves: sequence.figures.moves,
                ..pb::SequenceDayResponse::default()
            })
            .await?;
        let (kept, etag) = (Arc::new(sequence), Arc::new(self.etag.clone()));
        let naming = Arc::clone(product);
        let answer = self
            .production
            .deps
            .store
            .write_once(&self.call, "sequence_save", self.once, move |tx| {
                let (kept, etag) = (Arc::clone(&kept), Arc::clone(&etag));
                let product = Arc::clone(&naming);
                Box::pin(async move {
                    // An order that became another one meanwhile must not stand here as what it was.
                    if book_lock(tx).await? != book {
                        return Err(Error::stale("book of orders", "behind the sequence"));
                    }
                    let saved = saved(tx, &kept, &etag).await?;
                    Ok(pb::SequenceDayResponse {
                        stage: "DONE".to_owned(),
                        tried_moves: saved.figures.moves,
                        day: Some(day_pb(&product, &saved)),
                        places: Vec::new(),
                    })
                })
            })
            .await?;
        self.production.sequences.send_modify(|count| *count += 1);
        outlet.send(answer).await
    }

    /// Tells a sequence that is not kept, place by place.
    async fn tell(
        &self,
        product: &Product,
        sequence: &DaySequence,
        outlet: Outlet<pb::SequenceDayResponse>,
    ) -> Result<(), Error> {
        let orders = Arc::new(sequence.orders.clone());
        let read = self
            .production
            .deps
            .store
            .read(&self.call, "sequence_places", move |tx| {
                let orders = Arc::clone(&orders);
                Box::pin(async move { places_fetch(tx, &orders).await })
            });
        let places: Vec<pb::SequencePlace> = (0i32..)
            .zip(&read.await?)
            .map(|(place, row)| place_pb(product, place, row, false))
            .collect();
        for (at, places) in places.chunks(PLACES).enumerate() {
            outlet
                .send(pb::SequenceDayResponse {
                    stage: "DONE".to_owned(),
                    tried_moves: sequence.figures.moves,
                    day: (at == 0).then(|| day_pb(product, sequence)),
                    places: places.to_vec(),
                })
                .await?;
        }
        Ok(())
    }
}

/// Whether a whole new sequence may take the place of one that is there.
fn replaceable(kept: &DaySequence, etag: &str) -> Result<(), Error> {
    if !kept.matches(etag) {
        return Err(Error::stale("sequence", kept.on));
    }
    if kept.state == State::Built {
        return Err(SequenceRefusal::Built(kept.on).into());
    }
    if kept.frozen > 0 {
        let (on, count) = (kept.on, kept.frozen);
        return Err(SequenceRefusal::Frozen { on, count }.into());
    }
    Ok(())
}

fn sequence(
    product: &Product,
    coming: &Coming,
    search: &DaySearch,
    on: Date,
) -> Result<DaySequence, Error> {
    let found = search.finish();
    let found = found.map_err(|error| SequenceRefusal::TooLarge(error.to_string()))?;
    let (before, pulled, fresh) = coming.split();
    let kinds: Vec<usize> = fresh.iter().map(|config| config.variant()).collect();
    let day = |order: &[usize]| -> Vec<Config> {
        let rest = order.iter().filter_map(|at| fresh.get(*at));
        pulled.iter().chain(rest).copied().collect()
    };
    let (sequence, even) = (day(&found.order), day(&even_order(&kinds)));
    let figures = figures(&product.rules, &before, &sequence, &even, found.moves);
    let first = coming.pulled.iter();
    let rest = found.order.iter().filter_map(|at| coming.fresh.get(*at));
    Ok(DaySequence {
        on,
        state: State::Sequenced,
        orders: first
            .chain(rest)
            .map(|waiting| waiting.order_number)
            .collect(),
        frozen: 0,
        taken_out: coming
            .kept
            .as_ref()
            .map(|kept| kept.taken_out.clone())
            .unwrap_or_default(),
        figures: figures.unwrap_or_default(),
        version: coming.kept.as_ref().map_or(1, |kept| kept.version + 1),
    })
}

async fn saved(tx: &Tx, sequence: &DaySequence, etag: &str) -> Result<DaySequence, Error> {
    let mut saved = sequence.clone();
    if let Some(kept) = sequence_fetch(tx, sequence.on).await? {
        replaceable(&kept, etag)?;
        saved.version = kept.version + 1;
    }
    sequence_save(tx, &saved).await?;
    Ok(saved)
}
