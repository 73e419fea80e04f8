//! Which shop is the constraint: the one whose capacity the demand takes most of, not the one with the worst OEE
//! (Goldratt, The Goal); capacity is what the time really worked allows at the planned pace. It must not know why time
//! was lost. Units: milliseconds, whole vehicles, millionths. Invariants: every vehicle that fails its first pass takes
//! the operation a second time; the slowest operation is the shop; ties go to the first shop in the order of flow.
use super::shop::Operation;
use takt_kernel::{Share, floor_div, half_even_div};

/// What a demand takes of a shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ShopLoad {
    /// Index of the shop.
    pub shop: usize,
    /// The time that its most loaded operation needs for the demand.
    pub needed_ms: i64,
    /// The time that the shop really produced.
    pub production_ms: i64,
    /// Index of that operation.
    pub operation: usize,
    /// Vehicles that the shop could have made in that time in the mix of the demand.
    pub capacity: i64,
    /// Needed over worked time; None where it did not work.
    pub utilisation: Option<Share>,
}

/// The loads of the shops that the demand passes, in their order; `production_ms` is the actual production time of each.
pub fn shop_loads(
    operations: &[Operation],
    demand: &[i64],
    production_ms: &[i64],
) -> Vec<ShopLoad> {
    let total: i64 = demand.iter().sum();
    let mut loads = Vec::with_capacity(production_ms.len());
    for (shop, worked) in production_ms.iter().enumerate() {
        let needed = |operation: &Operation| {
            let vehicles = demand.iter().enumerate();
            let vehicles = vehicles.filter(|(variant, _)| operation.applies(*variant));
            let passes = 2 * Share::ONE.0 - operation.first_pass_yield.0;
            let units: i64 = vehicles.map(|(_, units)| units).sum();
            let time = i128::from(units) * i128::from(operation.cycle_ms) * i128::from(passes);
            let below = i128::from(operation.stations) * i128::from(Share::ONE.0);
            half_even_div(time, below).unwrap_or(0)
        };
        let of_shop = operations.iter().enumerate();
        let of_shop = of_shop.filter(|(_, operation)| operation.shop == shop);
        // The last of equals would win `max_by_key`; the first is meant.
        let most = of_shop
            .map(|(at, operation)| (needed(operation), at))
            .max_by_key(|(needed, at)| (*needed, std::cmp::Reverse(*at)));
        let Some((needed_ms, operation)) = most.filter(|(needed, _)| *needed > 0) else {
            continue;
        };
        let possible = i128::from(total) * i128::from(*worked);
        loads.push(ShopLoad {
            shop,
            needed_ms,
            production_ms: *worked,
            operation,
            capacity: floor_div(possible, i128::from(needed_ms)).unwrap_or(i64::MAX),
            utilisation: super::share(needed_ms, *worked),
        });
    }
    loads
}

/// The constraint: the shop with the highest utilisation; one that did not work at all before any other.
pub fn constraint(loads: &[ShopLoad]) -> Option<&ShopLoad> {
    let key = |load: &ShopLoad| load.utilisation.map_or(i64::MAX, |share| share.0);
    loads
        .iter()
        .max_by_key(|load| (key(load), std::cmp::Reverse(load.shop)))
}

/// How a line kept its takt (takt time = time available / demand; Rother and Shook, Learning to See, 1998).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Takt {
    /// The pace that the demand asks for, in milliseconds a vehicle.
    pub takt_ms: Option<i64>,
    /// The pace that was kept.
    pub cycle_ms: Option<i64>,
    /// Vehicles built over vehicles demanded; above one where the line was ahead.
    pub attainment: Option<Share>,
}

/// The takt of a window: the planned busy time, what was demanded in it and what was built.
pub fn takt(planned_busy_ms: i64, demanded: i64, built: i64) -> Takt {
    let pace = |units: i64| half_even_div(i128::from(planned_busy_ms), i128::from(units));
    Takt {
        takt_ms: pace(demanded),
        cycle_ms: pace(built),
        attainment: super::share(built, demanded),
    }
}
