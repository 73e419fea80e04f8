//! The break point of an engineering change in what was built: the last vehicle with the old items, the first with the new.
//!
//! It must not know why items changed. Invariant: a vehicle counts by what its configuration records, not by its place.

use takt_planning::feature::Config;
use takt_service::{Error, Tx};

use super::{Vehicle, store::vehicles_between};
use crate::{genealogy::trace::lots_as_built, product::Product};

/// The vehicles that are read at once.
const STEP: i64 = 200;

/// Which items make a vehicle old or new.
pub struct Vehicles<'p> {
    /// The product.
    pub product: &'p Product,
    /// The bought items that went out.
    pub old: &'p [usize],
    /// The bought items that came in.
    pub new: &'p [usize],
}

/// A vehicle at the break point, with its lots of the affected items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The vehicle.
    pub vehicle: Vehicle,
    /// Item index and lot.
    pub lots: Vec<(usize, String)>,
}

impl Vehicles<'_> {
    fn has(&self, config: Config, items: &[usize]) -> bool {
        let mut cache = self.product.needs();
        let needs = cache.get(&self.product.bom, config);
        let mut bought = needs.bought();
        bought.any(|(item, _)| items.contains(&item))
    }
}

/// The last vehicle with an old item before `first_build`, and the first with a new one from it on. Where nothing comes in, the
/// first one is that of the build number.
///
/// # Errors
/// What the database said.
pub async fn around(
    tx: &Tx,
    items: &Vehicles<'_>,
    first_build: Option<i64>,
) -> Result<(Option<Found>, Option<Found>), Error> {
    let built = built(tx).await?;
    let first = first_build.unwrap_or(built + 1);
    let mut last_old = None;
    let mut until = first - 1;
    while last_old.is_none() && until > 0 {
        let vehicles = vehicles_between(tx, (until - STEP + 1).max(1), until).await?;
        let mut backward = vehicles.into_iter().rev();
        last_old = backward.find(|vehicle| items.has(vehicle.config, items.old));
        until -= STEP;
    }
    let mut first_new = None;
    let mut from = first;
    while first_new.is_none() && from <= built {
        let vehicles = vehicles_between(tx, from, from + STEP - 1).await?;
        let mut forward = vehicles.into_iter();
        first_new =
            forward.find(|vehicle| items.new.is_empty() || items.has(vehicle.config, items.new));
        from += STEP;
    }
    Ok((
        with_lots(tx, items, last_old).await?,
        with_lots(tx, items, first_new).await?,
    ))
}

/// The vehicles built before and from `first_build` on that have an old or a new item.
///
/// # Errors
/// What the database said.
pub async fn counts(
    tx: &Tx,
    items: &Vehicles<'_>,
    first_build: Option<i64>,
) -> Result<(i64, i64), Error> {
    let first = first_build.unwrap_or(i64::MAX);
    let sql = "SELECT config, CAST(SUM(CASE WHEN build_number < $1 THEN 1 ELSE 0 END) AS BIGINT), \
               CAST(SUM(CASE WHEN build_number >= $1 THEN 1 ELSE 0 END) AS BIGINT) FROM vehicle WHERE build_number IS NOT NULL GROUP BY config";
    let (mut without, mut with) = (0, 0);
    for row in tx.rows(sql, vec![first.into()]).await? {
        let config = Config(row.try_get_by_index(0)?);
        if items.has(config, items.old) {
            without += row.try_get_by_index::<i64>(1)?;
        }
        if items.has(config, items.new) {
            with += row.try_get_by_index::<i64>(2)?;
        }
    }
    Ok((without, with))
}

async fn built(tx: &Tx) -> Result<i64, Error> {
    tx.number("SELECT MAX(build_number) FROM vehicle", vec![])
        .await
}

async fn with_lots(
    tx: &Tx,
    items: &Vehicles<'_>,
    vehicle: Option<Vehicle>,
) -> Result<Option<Found>, Error> {
    let Some(vehicle) = vehicle else {
        return Ok(None);
    };
    let mut lots = lots_as_built(tx, items.product, vehicle.build_number).await?;
    lots.retain(|(item, _)| items.old.contains(item) || items.new.contains(item));
    lots.dedup();
    Ok(Some(Found { vehicle, lots }))
}
