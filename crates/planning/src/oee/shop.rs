//! A shop as a work unit: its planned run time and its yield from the routing. It must not know days. Units:
//! milliseconds, millionths. Invariants: a shop runs at the pace of its slowest operation for the variant; the rolled
//! throughput yield is the product of the first-pass yields of all operations that a vehicle passes (Harry and
//! Schroeder, Six Sigma, 2000), kept to fifteen places until it is rounded once.
use super::Output;
use takt_kernel::{Share, half_even_div};

/// Fifteen decimals.
const FINE: i128 = 1_000_000_000_000_000;

/// An operation of a shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Operation {
    /// Index of the shop.
    pub shop: usize,
    /// The variants that pass it, bit v for variant v.
    pub variants: u64,
    /// What one station needs for a vehicle, in milliseconds.
    pub cycle_ms: i64,
    /// Stations side by side.
    pub stations: i64,
    /// The share of vehicles that are good at the first pass.
    pub first_pass_yield: Share,
    /// The energy that a vehicle takes by the routing, in watt-hours.
    pub watt_hours: i64,
}

impl Operation {
    /// Whether vehicles of a variant pass it.
    pub const fn applies(&self, variant: usize) -> bool {
        variant < 64 && self.variants >> variant & 1 == 1
    }
}

fn of_shop(
    operations: &[Operation],
    shop: usize,
    variant: usize,
) -> impl Iterator<Item = &Operation> {
    operations
        .iter()
        .filter(move |one| one.shop == shop && one.applies(variant))
}

/// PRI: the planned run time of one vehicle in a shop, which is that of its slowest operation; 0 where it passes none.
pub fn planned_run_ms(operations: &[Operation], shop: usize, variant: usize) -> i64 {
    of_shop(operations, shop, variant)
        .filter_map(|one| half_even_div(i128::from(one.cycle_ms), i128::from(one.stations)))
        .max()
        .unwrap_or(0)
}

/// The share of vehicles that pass every step the first time.
pub fn rolled_yield(yields: impl Iterator<Item = Share>) -> Share {
    let rolled = yields.fold(FINE, |rolled, one| {
        rolled * i128::from(one.0) / i128::from(Share::ONE.0)
    });
    Share(half_even_div(rolled, FINE / i128::from(Share::ONE.0)).unwrap_or(0))
}

/// The rolled throughput yield of a variant through a shop.
pub fn shop_yield(operations: &[Operation], shop: usize, variant: usize) -> Share {
    rolled_yield(of_shop(operations, shop, variant).map(|one| one.first_pass_yield))
}

/// The rolled throughput yield of a mix of vehicles through the whole plant; None of none.
pub fn plant_yield(operations: &[Operation], units: &[i64]) -> Option<Share> {
    let total: i64 = units.iter().sum();
    let good = |(variant, units): (usize, &i64)| {
        let passed = operations.iter().filter(|one| one.applies(variant));
        let yields = passed.map(|one| one.first_pass_yield);
        i128::from(*units) * i128::from(rolled_yield(yields).0)
    };
    let good: i128 = units.iter().enumerate().map(good).sum();
    half_even_div(good, i128::from(total)).map(Share)
}

/// What a shop put out when it made these vehicles by variant. Nobody counts first passes here: the good ones are those
/// that the routing's yields let expect.
pub fn expected_output(operations: &[Operation], shop: usize, units: &[i64]) -> Output {
    let mut output = Output::default();
    for (variant, units) in units.iter().enumerate() {
        if of_shop(operations, shop, variant).next().is_none() {
            continue;
        }
        output.produced += units;
        output.planned_run += units * planned_run_ms(operations, shop, variant);
        output.good_millionths += units * shop_yield(operations, shop, variant).0;
    }
    output
}

/// The watt-hours that the routing lets expect in a shop for these vehicles by variant.
pub fn expected_watt_hours(operations: &[Operation], shop: usize, units: &[i64]) -> i64 {
    let of_variant = |(variant, units): (usize, &i64)| {
        let one: i64 = of_shop(operations, shop, variant)
            .map(|one| one.watt_hours)
            .sum();
        one * units
    };
    units.iter().enumerate().map(of_variant).sum()
}

/// The share of the plant's work that is done again after a first pass that failed, each repeat taking its operation once
/// more: sum of c (1 - y) over sum of c (2 - y), c being cycles and y first-pass yields; None of no work.
pub fn rework_share(operations: &[Operation], units: &[i64]) -> Option<Share> {
    let (mut again, mut all) = (0i128, 0i128);
    for (variant, units) in units.iter().enumerate() {
        for one in operations.iter().filter(|one| one.applies(variant)) {
            let work = i128::from(*units) * i128::from(one.cycle_ms);
            again += work * i128::from(Share::ONE.0 - one.first_pass_yield.0);
            all += work * i128::from(2 * Share::ONE.0 - one.first_pass_yield.0);
        }
    }
    half_even_div(again * i128::from(Share::ONE.0), all).map(Share)
}
