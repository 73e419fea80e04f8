//! The vehicles of scopes, found in the as-built record.
//!
//! It must not know messages. Invariants: one snapshot for all scopes; a walk that would be cut is refused, because a cut
//! answer misses vehicles; a number of statements that depends on scopes, lots and levels and not on vehicles.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use takt_kernel::{Date, LotNumber};
use takt_planning::{
    feature::Config,
    genealogy::{Limits, Node, OPEN, Period, Way},
};
use takt_service::{Error, Tx};

use super::{ExposureRefusal, Exposures, Scope};
use crate::{
    genealogy::{
        base::Base,
        refs::{Ref, lot_number, resolve},
        serial_of,
        trace::{Known, Scope as Walk, pieces_of, walk},
    },
    product::{
        Product,
        store::{day_of, number_of},
    },
    quality::hold::uses,
    shop_floor::{
        shift::{Completed, PlantClock},
        store::worked_fetch,
    },
    software::store::history_fetch,
    vehicle::{Vehicle, store::vehicles_between},
};

/// The most parts and units of a scope.
const NODES: usize = 2_000_000;
/// The most levels between a part and its vehicle.
const DEPTH: usize = 64;
const DAY: i64 = 86_400;

/// What scopes touch, and the last vehicle of the snapshot.
pub struct Found {
    /// The vehicles.
    pub exposures: Exposures,
    /// The last build number.
    pub last_build: i64,
}

/// Finds the vehicles of scopes.
///
/// # Errors
/// `Missing` for a lot or piece that nobody knows; `EXPOSURE_TOO_LARGE`; what the database said.
pub async fn exposures_find(
    tx: &Tx,
    product: &Product,
    scopes: &[Scope],
    from_build: i64,
) -> Result<Found, Error> {
    let last_build = tx
        .number("SELECT MAX(build_number) FROM vehicle", vec![])
        .await?;
    let mut exposures = Exposures::default();
    for (at, scope) in scopes.iter().enumerate() {
        let ways = match scope {
            Scope::Lots { lots, .. } => {
                let mut parts = Vec::new();
                for lot in lots {
                    let name = Ref::Lot(lot.clone());
                    if let Some(node) = resolve(tx, product, &name).await? {
                        parts.extend(pieces_of(tx, node).await?);
                    }
                }
                walked(tx, product, at, parts).await?
            }
            Scope::Serials {
                item_id,
                first,
                last,
            } => {
                let parts = pieces_between(tx, product, item_id, first, last).await?;
                walked(tx, product, at, parts).await?
            }
            Scope::Builds {
                from,
                through,
                variants,
                options,
            } => {
                let vehicles = vehicles_built(tx, *from, *through).await?;
                let mut fits: HashMap<Config, bool> = HashMap::new();
                let fit = |config: Config| {
                    let of = product.options(config);
                    (variants.is_empty() || variants.contains(product.variant_id(config.variant())))
                        && options
                            .iter()
                            .all(|(key, value)| of.get(key) == Some(value))
                };
                let touched = vehicles.iter().filter(|one| {
                    *fits
                        .entry(one.config)
                        .or_insert_with_key(|config| fit(*config))
                });
                since_build(touched)
            }
            Scope::Process {
                shop_id,
                from,
                through,
            } => since_build(passed(tx, product, shop_id, *from, *through).await?.iter()),
            Scope::Software { item_id, versions } => {
                with_software(tx, product, item_id, versions).await?
            }
        };
        for (build, days) in ways {
            if build >= from_build {
                exposures.add(build, at, days);
            }
        }
    }
    Ok(Found {
        exposures,
        last_build,
    })
}

/// Whether a lot is known here, used or not.
///
/// # Errors
/// What the database said.
pub async fn lot_known(tx: &Tx, product: &Product, lot: &str) -> Result<bool, Error> {
    let node = resolve(tx, product, &Ref::Lot(lot.to_owned())).await?;
    match node {
        // A name of ours can be written of a lot that never came.
        Some(Node::Lot(lot)) => crate::genealogy::refs::lot_is_used(tx, lot).await,
        found => Ok(found.is_some()),
    }
}

type Ways = Vec<(i64, Period)>;

fn since_build<'v>(vehicles: impl Iterator<Item = &'v Vehicle>) -> Ways {
    vehicles
        .filter_map(|one| Some((one.build_number, Period::since(day_of(one.built_on?)))))
        .collect()
}

/// Walks from parts up to vehicles, over all days.
async fn walked(tx: &Tx, product: &Product, scope: usize, parts: Vec<Node>) -> Result<Ways, Error> {
    let question = Walk {
        as_of: None,
        known: Known::Now,
        ever: true,
        limits: Limits {
            depth: DEPTH,
            visits: NODES,
        },
    };
    let mut base = Base::default();
    let walk = walk(tx, product, &mut base, Way::Up, &question, &parts).await?;
    if walk.is_cut() {
        return Err(ExposureRefusal::TooLarge { scope, most: NODES }.into());
    }
    let ways = walk.visits().iter().filter_map(|visit| match visit.node {
        Node::Vehicle(build) if visit.from.is_some() => Some((build, visit.stay)),
        _ => None,
    });
    Ok(ways.collect())
}

/// The pieces of an item between two serial numbers.
async fn pieces_between(
    tx: &Tx,
    product: &Product,
    item_id: &str,
    first: &str,
    last: &str,
) -> Result<Vec<Node>, Error> {
    let mut pieces = BTreeSet::new();
    if let (Some((from, least)), Some((through, most))) = (serial_of(first), serial_of(last)) {
        let missing = || Error::missing("piece", first);
        let from = lot_number(tx, product, &from).await?.ok_or_else(missing)?;
        let through = lot_number(tx, product, &through)
            .await?
            .ok_or_else(missing)?;
        let range = (from.value(), least)..=(through.value(), most);
        let bounds = || vec![from.value().into(), through.value().into()];
        let sql = "SELECT lot_number, used FROM serial_lot WHERE lot_number BETWEEN $1 AND $2";
        for row in tx.rows(sql, bounds()).await? {
            let (lot, used): (i64, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            let of_lot = (1..=used).map(|unit| (lot, unit));
            pieces.extend(of_lot.filter(|piece| range.contains(piece)));
        }
        let sql = "SELECT DISTINCT child_key, child_piece FROM asbuilt_edge WHERE child_key BETWEEN $1 AND $2 AND child_piece > 0";
        for row in tx.rows(sql, bounds()).await? {
            let piece = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            pieces.extend(range.contains(&piece).then_some(piece));
        }
        let own = pieces
            .into_iter()
            .map(|(lot, unit)| Node::Piece(LotNumber(lot), unit));
        return Ok(own.collect());
    }
    let item = product
        .item(item_id)
        .ok_or_else(|| Error::missing("item", item_id))?;
    let sql = "SELECT unit_number, node_key, node_piece FROM asbuilt_unit WHERE item_no = $1 AND kind <> 2";
    for row in tx.rows(sql, vec![number_of(item).into()]).await? {
        let number: String = row.try_get_by_index(0)?;
        if number.len() == first.len() && (first..=last).contains(&number.as_str()) {
            pieces.insert((row.try_get_by_index(1)?, row.try_get_by_index(2)?));
        }
    }
    Ok(pieces.into_iter().filter_map(Node::of).collect())
}

/// The vehicles that were completed between two days, in build order.
async fn vehicles_built(tx: &Tx, from: Date, through: Date) -> Result<Vec<Vehicle>, Error> {
    // A day is a run of build numbers, and days follow each other.
    let sql =
        "SELECT MIN(build_number), MAX(build_number) FROM vehicle WHERE built_on BETWEEN $1 AND $2";
    let row = tx
        .one(sql, vec![day_of(from).into(), day_of(through).into()])
        .await?;
    let Some(row) = row else {
        return Ok(Vec::new());
    };
    let first: Option<i64> = row.try_get_by_index(0)?;
    let last: Option<i64> = row.try_get_by_index(1)?;
    let mut vehicles = vehicles_between(tx, first.unwrap_or(1), last.unwrap_or(0)).await?;
    vehicles.retain(|one| {
        one.built_on
            .is_some_and(|on| (from..=through).contains(&on))
    });
    Ok(vehicles)
}

/// The vehicles that were in a shop between two seconds.
async fn passed(
    tx: &Tx,
    product: &Product,
    shop_id: &str,
    from: i64,
    through: i64,
) -> Result<Vec<Vehicle>, Error> {
    let shop = product
        .shops
        .iter()
        .position(|shop| shop.shop_id == shop_id);
    let shop = shop.ok_or_else(|| Error::missing("shop", shop_id))?;
    let worked = worked_fetch(tx).await?;
    let clock = PlantClock::new(product, &worked);
    let (first, last) = (day_at(from), day_at(through));
    // Nobody leaves before the shop is left; and who is on the line today is complete within its flow time.
    let end = clock.horizon(last, (DAY - 1).min(through.rem_euclid(DAY)));
    let vehicles = vehicles_built(tx, first, end.plus(1)).await?;
    let mut days: BTreeMap<Date, (i64, i64)> = BTreeMap::new();
    for vehicle in &vehicles {
        if let Some(on) = vehicle.built_on {
            let day = days.entry(on).or_insert((vehicle.build_number, 0));
            day.0 = day.0.min(vehicle.build_number);
            day.1 += 1;
        }
    }
    let was_there = |vehicle: &Vehicle| {
        let Some((on, (least, count))) =
            vehicle.built_on.and_then(|on| Some((on, *days.get(&on)?)))
        else {
            return false;
        };
        let completed = Completed {
            variant: vehicle.config.variant(),
            on,
            place: vehicle.build_number - least,
            count,
        };
        let stays = clock.stays(completed);
        let mut stays = stays.iter().filter(|stay| stay.shop == shop);
        stays.any(|stay| stay.start <= through && stay.end > from)
    };
    let there = vehicles.iter().filter(|vehicle| was_there(vehicle));
    Ok(there.cloned().collect())
}

fn day_at(second: i64) -> Date {
    Date::from_epoch_day(i32::try_from(second.div_euclid(DAY)).unwrap_or(i32::MAX))
}

/// The vehicles that have or had versions of an item's software.
async fn with_software(
    tx: &Tx,
    product: &Product,
    item_id: &str,
    versions: &BTreeSet<String>,
) -> Result<Ways, Error> {
    let item = product
        .item(item_id)
        .ok_or_else(|| Error::missing("item", item_id))?;
    let history = history_fetch(tx, number_of(item)).await?;
    let mut fitted: HashMap<Config, bool> = HashMap::new();
    let mut ways = Vec::new();
    for vehicle in vehicles_between(tx, 1, i64::MAX).await? {
        let Some(built_on) = vehicle.built_on else {
            continue;
        };
        let has = fitted
            .entry(vehicle.config)
            .or_insert_with_key(|config| uses(product, *config, item));
        if !*has {
            continue;
        }
        let installed = history.of(vehicle.build_number, built_on);
        for (at, one) in installed.iter().enumerate() {
            if versions.contains(&one.version) {
                let days = Period {
                    from: day_of(one.on),
                    to: installed.get(at + 1).map_or(OPEN, |next| day_of(next.on)),
                };
                ways.push((vehicle.build_number, days));
            }
        }
    }
    Ok(ways)
}
