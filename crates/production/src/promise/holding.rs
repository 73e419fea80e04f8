//! Holding, confirming and giving back.
//!
//! It must not know how dates are found. Invariants: slots are decided upon under the lock of their ledger, from a state that
//! is as new as the lock; a request has one effect, and the same answer however often it is sent; nothing is held while
//! procurement's supply is not known.

use std::sync::Arc;

use takt_contract::production::v1 as pb;
use takt_kernel::Date;
use takt_planning::ctp::Promise;
use takt_service::{Call, Error, Once, Tx};

use super::{
    eras::Eras,
    hold::{EntryKind, HeldDay, Hold, HoldRefusal, HoldState},
    offer::{Wish, promise},
    snapshot::Snapshot,
    state::{Marks, State},
    store::{entries_add, hold_add, hold_fetch, hold_save, holds_sweep, slots_lock},
    wire::{hold_pb, offer_pb},
};
use crate::{Production, product::Product};

/// What to hold.
#[derive(Debug, Clone)]
pub struct HoldSlots {
    /// The name of the hold.
    pub id: String,
    /// The day as of which to ask.
    pub as_of: Date,
    /// What is wanted.
    pub wish: Wish,
    /// The last day that will do.
    pub latest: Option<Date>,
    /// How long to hold, in seconds.
    pub ttl_seconds: i64,
}

/// Holds slots and their parts, or answers with what the same request held before.
///
/// # Errors
/// `Refused` when it cannot be had in time or at all; what the database said.
pub async fn hold(
    production: &Production,
    call: &Call,
    wanted: HoldSlots,
    once: Once,
) -> Result<pb::HoldPromiseResponse, Error> {
    let store = &production.deps.store;
    let answered = store.read(call, "hold_answer", move |tx| {
        Box::pin(async move { tx.once_answer(&once).await })
    });
    if let Some(answer) = answered.await? {
        return Ok(answer);
    }
    let as_of = wanted.as_of;
    let snapshot = production
        .promises
        .current(production, call, as_of, false)
        .await?;
    if snapshot.supply.is_err() {
        let offer = offer_pb(&snapshot, &promise(&snapshot, &wanted.wish), &[]);
        return Ok(pb::HoldPromiseResponse {
            hold: None,
            offer: Some(offer),
        });
    }
    let work = Arc::new((wanted, snapshot));
    let write = store.write_once(call, "promise_hold", once, move |tx| {
        let work = Arc::clone(&work);
        Box::pin(async move { held(tx, &work.0, &work.1).await })
    });
    let answer = write.await?;
    refreshed(production, call).await;
    Ok(answer)
}

/// Decides and writes, under the lock of the ledger.
async fn held(
    tx: &Tx,
    wanted: &HoldSlots,
    snapshot: &Snapshot,
) -> Result<pb::HoldPromiseResponse, Error> {
    let version = slots_lock(tx).await?;
    let now = tx.now_micros();
    let snapshot = as_of_lock(tx, snapshot, version, now).await?;
    let promise = promise(&snapshot, &wanted.wish);
    let days = days_of(&wanted.wish, &promise, wanted.latest)?;
    let mut hold = Hold {
        number: 0,
        id: wanted.id.clone(),
        config: wanted.wish.config,
        state: HoldState::Held,
        expires_at: Some(now.saturating_add(wanted.ttl_seconds.saturating_mul(1_000_000))),
        plan_id: snapshot.state.planned.plan_id.clone(),
        days,
    };
    holds_sweep(tx, version).await?;
    hold_add(tx, version, &mut hold).await?;
    Ok(pb::HoldPromiseResponse {
        hold: Some(hold_pb(&hold, &snapshot.product, now)),
        offer: Some(offer_pb(&snapshot, &promise, &[])),
    })
}

/// The snapshot with a state as new as the lock. The supply stays that of the snapshot, which is young enough to answer from.
async fn as_of_lock(
    tx: &Tx,
    snapshot: &Snapshot,
    version: i64,
    now: i64,
) -> Result<Snapshot, Error> {
    let marks = Marks {
        slots: version - 1,
        ..Marks::fetch(tx).await?
    };
    let before = &snapshot.state;
    let state = State::read(tx, &snapshot.product, before.as_of, marks, Some(before)).await?;
    let none = vec![None; snapshot.product.items.len()];
    let supply = snapshot
        .supply
        .as_ref()
        .map_or(&none, |supply| &supply.items);
    // Holds whose time passed in between free their slots, so the moment is a part of what is decided from.
    let same = marks == before.marks && !state.expire_between(snapshot.read_at, now);
    let (basis, eras) = if same {
        (Arc::clone(&snapshot.basis), Arc::clone(&snapshot.eras))
    } else {
        let product = &snapshot.product;
        let eras = Eras::of(product, &state.planned, marks.build + 1, supply);
        let basis = state.basis(product, &eras, supply, now);
        (Arc::new(basis), Arc::new(eras))
    };
    Ok(Snapshot {
        product: Arc::clone(&snapshot.product),
        supply: snapshot.supply.clone(),
        read_at: now,
        basis,
        eras,
        state,
    })
}

/// The slots of a promise as a hold keeps them.
fn days_of(
    wish: &Wish,
    promise: &Promise,
    latest: Option<Date>,
) -> Result<Vec<HeldDay>, HoldRefusal> {
    if promise.short > 0 {
        return Err(HoldRefusal::Short {
            wanted: wish.quantity,
            short: promise.short,
        });
    }
    let last = promise.dates.last().map(|(on, _)| *on);
    if let (Some(latest), Some(possible)) = (latest, last)
        && possible > latest
    {
        return Err(HoldRefusal::TooLate { latest, possible });
    }
    let day = |(on, held): &(Date, i64)| HeldDay {
        on: *on,
        held: *held,
        ordered: 0,
        built: 0,
        kept: *held,
    };
    Ok(promise.slots.iter().map(day).collect())
}

/// Makes a hold lasting.
///
/// # Errors
/// `Refused` when there is nothing to confirm; what the database said.
pub async fn confirm(
    production: &Production,
    call: &Call,
    id: String,
    once: Once,
) -> Result<pb::ConfirmHoldResponse, Error> {
    let work = Arc::new((id, production.products.get(call).await?));
    let write = production
        .deps
        .store
        .write_once(call, "hold_confirm", once, move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let (id, product) = work.as_ref();
                let (version, now) = (slots_lock(tx).await?, tx.now_micros());
                let mut hold = hold_fetch(tx, id).await?;
                if hold.confirm(now)? {
                    hold_save(tx, &hold).await?;
                    let first = hold.days.first().map_or(Date::default(), |day| day.on);
                    let vehicles = hold.days.iter().map(|day| day.kept).sum();
                    let entry = (hold.number, first, EntryKind::Confirmed, vehicles);
                    entries_add(tx, version, &[entry]).await?;
                }
                holds_sweep(tx, version).await?;
                Ok(pb::ConfirmHoldResponse {
                    hold: Some(hold_pb(&hold, product, now)),
                })
            })
        });
    let answer = write.await?;
    refreshed(production, call).await;
    Ok(answer)
}

/// Gives back what is bound to no order.
///
/// # Errors
/// `Refused` when orders have all of it; what the database said.
pub async fn release(
    production: &Production,
    call: &Call,
    id: String,
    once: Once,
) -> Result<pb::ReleaseHoldResponse, Error> {
    let work = Arc::new((id, production.products.get(call).await?));
    let write = production
        .deps
        .store
        .write_once(call, "hold_release", once, move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let (id, product) = work.as_ref();
                let hold = released(tx, id).await?;
                Ok(pb::ReleaseHoldResponse {
                    hold: Some(hold_pb(&hold, product, tx.now_micros())),
                })
            })
        });
    let answer = write.await?;
    refreshed(production, call).await;
    Ok(answer)
}

async fn released(tx: &Tx, id: &str) -> Result<Hold, Error> {
    let version = slots_lock(tx).await?;
    // What has expired is written down as that first.
    holds_sweep(tx, version).await?;
    let mut hold = hold_fetch(tx, id).await?;
    let back = hold.release(tx.now_micros())?;
    if !back.is_empty() {
        hold_save(tx, &hold).await?;
        let entry =
            |(on, vehicles): &(Date, i64)| (hold.number, *on, EntryKind::Released, *vehicles);
        entries_add(tx, version, &back.iter().map(entry).collect::<Vec<_>>()).await?;
    }
    Ok(hold)
}

/// Inquiries see at once what was changed here. Where that fails they see it when they read anew, two seconds later at most.
async fn refreshed(production: &Production, call: &Call) {
    if let Err(error) = production.promises.changed(production, call).await {
        tracing::debug!(%error, "inquiries see the change when they read anew");
    }
}

/// A hold as it stands now.
///
/// # Errors
/// `Missing`; what the database said.
pub async fn get(
    production: &Production,
    call: &Call,
    product: &Arc<Product>,
    id: String,
) -> Result<pb::GetHoldResponse, Error> {
    let work = Arc::new((id, Arc::clone(product)));
    let read = production.deps.store.read(call, "hold_get", move |tx| {
        let work = Arc::clone(&work);
        Box::pin(async move {
            let hold = hold_fetch(tx, &work.0).await?;
            Ok(hold_pb(&hold, &work.1, tx.now_micros()))
        })
    });
    Ok(pb::GetHoldResponse {
        hold: Some(read.await?),
    })
}
