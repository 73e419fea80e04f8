//! Into which vehicles a lot was built: what a hold keeps back, whatever was swapped later.
//!
//! It must not know messages, nor what happened after the build: that is `crate::genealogy`. Invariants: a range counts
//! for the vehicles in it whose configuration uses the item; a piece with a serial counts by its serial.

use std::collections::BTreeSet;

use takt_kernel::{LotId, LotNumber};
use takt_service::{Error, Tx};

use super::{Vehicle, store::vehicles_between};
use crate::product::{
    Product,
    store::{index_of, number_of},
};

/// A run of build numbers that a lot was issued to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The lot.
    pub lot: LotNumber,
    /// The first build number.
    pub first: i64,
    /// The last build number.
    pub last: i64,
}

/// Where a lot was issued, in build order.
///
/// # Errors
/// `Missing` when no lot of this name was ever issued; what the database said.
pub async fn spans_fetch(tx: &Tx, product: &Product, lot: &LotId) -> Result<Vec<Span>, Error> {
    let missing = || Error::missing("vehicle with parts of lot", lot);
    let item = product.item(lot.item.as_str()).ok_or_else(missing)?;
    let sql = "SELECT supplier_rank FROM lot_source WHERE item_no = $1 AND supplier_id = $2";
    let row = tx
        .one(
            sql,
            vec![number_of(item).into(), lot.supplier.as_str().into()],
        )
        .await?
        .ok_or_else(missing)?;
    let rank = u32::try_from(row.try_get_by_index::<i64>(0)?).map_err(|_| missing())?;
    let item_no = u32::try_from(number_of(item)).map_err(|_| missing())?;
    let number = LotNumber::new(item_no, rank, lot.n).ok_or_else(missing)?;
    let sql = "SELECT first_build, last_build FROM asbuilt_range WHERE lot_number = $1 ORDER BY first_build";
    let rows = tx.rows(sql, vec![number.value().into()]).await?;
    if rows.is_empty() {
        return Err(missing());
    }
    rows.iter()
        .map(|row| {
            Ok(Span {
                lot: number,
                first: row.try_get_by_index(0)?,
                last: row.try_get_by_index(1)?,
            })
        })
        .collect()
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
        let sql = "SELECT DISTINCT build_number FROM asbuilt_serial WHERE build_number BETWEEN $1 AND $2 AND lot_number = $3";
        let rows = tx
            .rows(
                sql,
                vec![span.first.into(), span.last.into(), span.lot.value().into()],
            )
            .await?;
        let holders: BTreeSet<i64> = rows
            .iter()
            .map(|row| Ok::<i64, Error>(row.try_get_by_index(0)?))
            .collect::<Result<_, _>>()?;
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

fn item_of(lot: LotNumber) -> usize {
    index_of(i64::from(lot.item_no()))
}
