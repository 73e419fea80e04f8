//! What inquiries are answered from: production's state and procurement's supply, read together and at most two seconds old.
//!
//! It must not decide anything. Invariants: a snapshot never changes, it is replaced; one caller at a time reads anew, the
//! others go on with what is there while it is young enough; supply that is older than that is unknown supply.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use takt_kernel::Date;
use takt_planning::ctp::{Basis, ItemSupply};
use takt_service::{Call, Error, compute};

use super::{eras::Eras, state::State};
use crate::{
    Production,
    peers::supply::{self, SupplyOf},
    product::Product,
};

/// From this age on somebody reads anew, in microseconds.
const YOUNG: i64 = 500_000;
/// No answer stands on anything older, in microseconds.
const OLDEST: i64 = 2_000_000;
/// How long procurement is waited for.
const PATIENCE: Duration = Duration::from_millis(400);

/// Procurement's supply at a version.
#[derive(Debug, Clone, Default)]
pub struct Supply {
    /// The evening on which it was looked at.
    pub evening: Date,
    /// The version.
    pub version: i64,
    /// When it was read.
    pub read_at: i64,
    /// By the place of the item; None for items that are not bought.
    pub items: Vec<Option<ItemSupply>>,
}

/// One moment.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The programme.
    pub product: Arc<Product>,
    /// Production's state.
    pub state: State,
    /// Procurement's supply, or why it is not known.
    pub supply: Result<Arc<Supply>, String>,
    /// Free slots and available parts; without supply any part is there.
    pub basis: Arc<Basis>,
    /// Which engineering changes the days of the plan bring.
    pub eras: Arc<Eras>,
    /// When it was read.
    pub read_at: i64,
}

/// The snapshot that is current.
#[derive(Default)]
pub struct Keeper {
    current: Mutex<Option<Arc<Snapshot>>>,
    reading: tokio::sync::Mutex<()>,
}

impl Keeper {
    fn kept(&self, product: &Arc<Product>, as_of: Date) -> Option<Arc<Snapshot>> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |kept: &&Arc<Snapshot>| {
            kept.state.as_of == as_of && Arc::ptr_eq(&kept.product, product)
        };
        current.as_ref().filter(fits).map(Arc::clone)
    }

    /// A snapshot that is young enough to answer from.
    ///
    /// # Errors
    /// `Refused` when nothing was planned yet; what the database said.
    pub async fn current(
        &self,
        production: &Production,
        call: &Call,
        as_of: Date,
        newest: bool,
    ) -> Result<Arc<Snapshot>, Error> {
        let product = production.products.get(call).await?;
        if newest {
            let _reading = self.reading.lock().await;
            return self.read(production, call, &product, as_of, 0).await;
        }
        let age = |kept: &Snapshot| {
            production
                .deps
                .store
                .clock()
                .now_micros()
                .saturating_sub(kept.oldest())
        };
        let kept = self.kept(&product, as_of);
        if let Some(kept) = kept.filter(|kept| age(kept) < OLDEST) {
            if age(&kept) < YOUNG {
                return Ok(kept);
            }
            let Ok(_reading) = self.reading.try_lock() else {
                return Ok(kept);
            };
            return self.read(production, call, &product, as_of, YOUNG).await;
        }
        let _reading = self.reading.lock().await;
        match self.kept(&product, as_of).filter(|kept| age(kept) < YOUNG) {
            Some(kept) => Ok(kept),
            None => self.read(production, call, &product, as_of, YOUNG).await,
        }
    }

    /// Reads production's own state anew after it changed here, for the day of the last snapshot, if there is one: whoever changed it is
    /// answered from it.
    ///
    /// # Errors
    /// What the database said.
    pub async fn changed(&self, production: &Production, call: &Call) -> Result<(), Error> {
        let as_of = {
            let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
            current.as_ref().map(|kept| kept.state.as_of)
        };
        let Some(as_of) = as_of else { return Ok(()) };
        let product = production.products.get(call).await?;
        let _reading = self.reading.lock().await;
        self.read(production, call, &product, as_of, YOUNG)
            .await
            .map(|_| ())
    }

    async fn read(
        &self,
        production: &Production,
        call: &Call,
        product: &Arc<Product>,
        as_of: Date,
        young: i64,
    ) -> Result<Arc<Snapshot>, Error> {
        let before = self.kept(product, as_of);
        let now = production.deps.store.clock().now_micros();
        let state = state_fetch(production, call, product, as_of, before.as_deref()).await?;
        let known = before
            .as_ref()
            .and_then(|before| before.supply.as_ref().ok());
        let supply = supply_fetch(production, call, product, &state, known, (now, young)).await;
        let snapshot = Snapshot::new(product, state, supply, now).await?;
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&snapshot));
        Ok(snapshot)
    }
}

impl Snapshot {
    /// The snapshot of a state and a supply at a moment.
    ///
    /// # Errors
    /// `Broken` when the computation panicked.
    pub async fn new(
        product: &Arc<Product>,
        state: State,
        supply: Result<Arc<Supply>, String>,
        now: i64,
    ) -> Result<Arc<Self>, Error> {
        let (reading, work, parts) = (Arc::clone(product), state.clone(), supply.clone().ok());
        let basis = compute(move || {
            let none = vec![None; reading.items.len()];
            let parts = parts.as_ref().map_or(&none, |supply| &supply.items);
            let next = work.marks.build + 1;
            let eras = Eras::of(&reading, &work.planned, next, parts);
            (work.basis(&reading, &eras, parts, now), eras)
        });
        let (basis, eras) = basis.await?;
        Ok(Arc::new(Self {
            product: Arc::clone(product),
            basis: Arc::new(basis),
            eras: Arc::new(eras),
            state,
            supply,
            read_at: now,
        }))
    }

    /// When the oldest part of it was read; supply that is not known is asked for again soon.
    fn oldest(&self) -> i64 {
        let supply = self.supply.as_ref().map(|supply| supply.read_at);
        self.read_at.min(supply.unwrap_or(i64::MAX))
    }
}

async fn state_fetch(
    production: &Production,
    call: &Call,
    product: &Arc<Product>,
    as_of: Date,
    before: Option<&Snapshot>,
) -> Result<State, Error> {
    let (product, before) = (
        Arc::clone(product),
        Arc::new(before.map(|before| before.state.clone())),
    );
    let read = production
        .deps
        .store
        .read(call, "promise_state", move |tx| {
            let (product, before) = (Arc::clone(&product), Arc::clone(&before));
            Box::pin(
                async move { State::fetch(tx, &product, as_of, Option::as_ref(&before)).await },
            )
        });
    read.await
}

/// Supply as it is now, what changed since the last reading alone; where procurement does not answer, the last reading
/// while it is young enough.
async fn supply_fetch(
    production: &Production,
    call: &Call,
    product: &Product,
    state: &State,
    known: Option<&Arc<Supply>>,
    (now, young): (i64, i64),
) -> Result<Arc<Supply>, String> {
    let evening = state.planned.first.minus(1);
    let known = known.filter(|known| known.evening == evening);
    if let Some(known) = known.filter(|known| now - known.read_at < young) {
        return Ok(Arc::clone(known));
    }
    let of = SupplyOf {
        since_version: known.map_or(0, |known| known.version),
        ..SupplyOf::newest(evening)
    };
    let patience = call.within(PATIENCE);
    let asking = supply::supply(production, &patience, product, of);
    let told = match tokio::time::timeout(PATIENCE, asking).await {
        Ok(Ok(told)) => told,
        Ok(Err(error)) => return still(known, now).ok_or_else(|| error.to_string()),
        Err(_) => {
            let late = || Error::late("procurement's answer").to_string();
            return still(known, now).ok_or_else(late);
        }
    };
    let mut supply = known
        .filter(|_| !told.whole)
        .map_or_else(Supply::default, |known| Supply::clone(known));
    supply.take(product, evening, &told, now);
    Ok(Arc::new(supply))
}

fn still(known: Option<&Arc<Supply>>, now: i64) -> Option<Arc<Supply>> {
    known
        .filter(|known| now - known.read_at < OLDEST)
        .map(Arc::clone)
}

impl Supply {
    /// Takes what procurement told in.
    pub fn take(&mut self, product: &Product, evening: Date, told: &supply::Supply, now: i64) {
        (self.evening, self.version, self.read_at) = (evening, told.version, now);
        if told.whole {
            // An item of which procurement says nothing is one that nobody delivers.
            let nobody = ItemSupply {
                lead_days: i32::MAX,
                ..ItemSupply::default()
            };
            let bought = product.items.iter().map(|item| !item.made);
            self.items = bought
                .map(|bought| bought.then(|| nobody.clone()))
                .collect();
        }
        for (item, told) in &told.items {
            if let Some(place) = self.items.get_mut(*item) {
                *place = Some(item_of(told));
            }
        }
    }
}

/// What counts of an item's supply: nobody knows the day of what is overdue.
fn item_of(told: &supply::ItemSupply) -> ItemSupply {
    let (overdue, expected): (Vec<_>, Vec<_>) =
        told.receipts.iter().partition(|receipt| receipt.overdue);
    let day = |receipt: &&supply::Receipt| (receipt.on, receipt.quantity.milli());
    ItemSupply {
        free: told.free.milli(),
        receipts: expected.iter().map(day).collect(),
        overdue: overdue.iter().map(|receipt| receipt.quantity.milli()).sum(),
        lead_days: told.lead_days,
    }
}
