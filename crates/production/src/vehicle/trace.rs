//! Into which vehicles a lot was built: what a hold keeps back, whatever was swapped later.
//!
//! It must not know messages, nor what happened after the build: that is `crate::genealogy`. Invariants: a range counts
//! for the vehicles in it whose configuration uses the item; a piece with a serial counts by its serial.

use std::collections::BTreeSet;

use takt_kernel::LotId;
use takt_service::{Error, Tx};

use super::{Vehicle, store::vehicles_between};
use crate::{
    genealogy::{
        ranges::{self, Span, holders_fetch, item_of},
        refs::lot_number,
    },
    product::Product,
};

/// Where a lot was issued, in build order; nowhere where no lot of this name ever was.
///
/// # Errors
/// What the database said.
pub async fn spans_fetch(tx: &Tx, product: &Product, lot: &LotId) -> Result<Vec<Span>, Error> {
    match lot_number(tx, product, lot).await? {
        Some(number) => ranges::spans_fetch(tx, std::iter::once(number)).await,
        None => Ok(Vec::new()),
    }
}

/// The vehicles of a span that hold a part of its lot, in build order.
///
/// # Errors
/// What the database said.
pub async fn vehicles_of_span(
    tx: &Tx,
    product: &Product,
    span: Span,
) -> Result<Vec<Vehicle>, Error> {
    let item = item_of(span.lot);
    let mut vehicles = vehicles_between(tx, span.first, span.last).await?;
    if product.items.get(item).is_some_and(|item| item.serialised) {
        let holders = holders_fetch(tx, span).await?;
        let holders: BTreeSet<i64> = holders.into_iter().map(|(build, _)| build).collect();
        vehicles.retain(|vehicle| holders.contains(&vehicle.build_number));
        return Ok(vehicles);
    }
    let mut needs = product.needs();
    vehicles.retain(|vehicle| {
        needs
            .get(&product.bom, vehicle.config)
            .bought()
            .any(|(used, _)| used == item)
    });
    Ok(vehicles)
}
