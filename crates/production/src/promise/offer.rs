//! What can be promised: a wish against a snapshot, and other configurations that can be had earlier.
//!
//! It must not know rows. Invariants: without the parts being known there is no date; the same snapshot gives the same
//! offer, and so does one that is read again at the versions that an offer names.

use std::sync::Arc;

use takt_kernel::Date;
use takt_planning::{
    ctp::{self, Alternative, Promise, Request},
    feature::Config,
};
use takt_service::{Call, Error};

use super::{
    snapshot::{Snapshot, Supply},
    state::{Marks, State},
    wire::Basis,
};
use crate::{
    Production,
    peers::supply::{self, SupplyOf},
};

/// What somebody wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// The configuration.
    pub config: Config,
    /// The vehicles.
    pub quantity: i64,
    /// The day by which they are wanted; the first possible one when it is not said.
    pub wanted: Option<Date>,
    /// Whether they may come on several days.
    pub split: bool,
}

/// When a wish can be had.
pub fn promise(snapshot: &Snapshot, wish: &Wish) -> Promise {
    let options = snapshot.eras.option_needs(&snapshot.product, wish.config);
    snapshot.basis.promise(&Request {
        variant: wish.config.variant(),
        options: &options,
        quantity: wish.quantity,
        wanted: wish.wanted.unwrap_or(snapshot.basis.first()),
        split: wish.split,
    })
}

/// Configurations that differ in one thing and can be had earlier, soonest first. There are none for a wish that is met.
pub fn alternatives(snapshot: &Snapshot, wish: &Wish, own: &Promise) -> Vec<Alternative> {
    let product = &snapshot.product;
    let references: Vec<Config> = product
        .variants
        .iter()
        .map(|variant| variant.reference)
        .collect();
    ctp::alternatives(
        wish.config,
        own,
        &product.attributes,
        &references,
        |config| promise(snapshot, &Wish { config, ..*wish }).earliest,
    )
}

/// The snapshot of an earlier answer, read again from the databases alone.
///
/// # Errors
/// `Refused` with PROMISE_BASIS_GONE when plan, line or book of orders have moved on; what procurement answered.
pub async fn snapshot_at(
    production: &Production,
    call: &Call,
    basis: &Basis,
) -> Result<Arc<Snapshot>, Error> {
    let product = production.products.get(call).await?;
    let (reading, asked) = (Arc::clone(&product), Arc::new(basis.clone()));
    let read = production
        .deps
        .store
        .read(call, "promise_basis", move |tx| {
            let (product, basis) = (Arc::clone(&reading), Arc::clone(&asked));
            Box::pin(async move {
                let now = Marks::fetch(tx).await?;
                let marks = Marks {
                    order: basis.order,
                    slots: basis.slots,
                    ..now
                };
                let state = State::read(tx, &product, basis.as_of, marks, None).await?;
                let same = state.planned.plan_id == basis.plan_id
                    && state.planned.first == basis.first
                    && (now.serial, now.build) == (basis.serial, basis.build)
                    && basis.order <= now.order
                    && basis.book == now.book
                    && basis.slots <= now.slots;
                if same { Ok(state) } else { Err(gone(&basis)) }
            })
        });
    let state = read.await?;
    let evening = state.planned.first.minus(1);
    let supply = match basis.supply {
        0 => Err("it did not answer then".to_owned()),
        at_version => {
            let of = SupplyOf {
                at_version,
                ..SupplyOf::newest(evening)
            };
            let told = supply::supply(production, call, &product, of).await?;
            let mut supply = Supply::default();
            supply.take(&product, evening, &told, basis.read_at);
            Ok(Arc::new(supply))
        }
    };
    Snapshot::new(&product, state, supply, basis.read_at).await
}

fn gone(basis: &Basis) -> Error {
    Error::refused(
        "PROMISE_BASIS_GONE",
        format!(
            "plan {}, the line or the orders have moved on since the answer was given; ask anew",
            basis.plan_id
        ),
    )
}
