//! Performance: what every shop did on every day that was run, as the time elements and the output of ISO 22400-2.
//!
//! It must not know rows or messages. Invariants: a day of a shop is its shifts by the plant's clock; the calendar's
//! maintenance is the part of them by which its capacity lies below what the same shifts do at the published pace; stops
//! are the union of what was reported, and the share of the day that its run reported as lost only where no shop of the
//! line reported any; a vehicle counts in every shop on the day of its completion (RULES 5). Units: milliseconds.

pub mod intake;
pub mod report;
pub mod rpc;
pub mod store;
pub mod wire;

use std::collections::BTreeMap;

use takt_kernel::{Date, Share, half_even_div};
use takt_planning::oee::{
    Interval, Output, State, StateInterval, TimeElements,
    shop::{Operation, expected_output, expected_watt_hours},
    time_elements,
};

use crate::product::{DayEntry, Product};

/// Seconds of a day of the plant's clock.
pub const DAY_SECONDS: i64 = 86_400;

/// The operations of the routing at the size of the run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Routing {
    /// Their ids, in the order of flow within each shop.
    pub ids: Vec<String>,
    /// What they need of a vehicle, at the same places.
    pub operations: Vec<Operation>,
}

impl Routing {
    /// The shop of a work unit: a shop itself, or an operation.
    pub fn shop_of(&self, product: &Product, work_unit_id: &str) -> Option<usize> {
        let shop = product
            .shops
            .iter()
            .position(|shop| shop.shop_id == work_unit_id);
        shop.or_else(|| {
            let at = self.ids.iter().position(|id| id == work_unit_id)?;
            self.operations.get(at).map(|operation| operation.shop)
        })
    }
}

/// The time of an operation at the size of the run: where N of 100,000 vehicles are built, one stands for 100,000 / N.
pub fn scaled_cycle(cycle_ms: i64, scale_vehicles: i64) -> i64 {
    half_even_div(
        i128::from(cycle_ms) * 100_000,
        i128::from(scale_vehicles.max(1)),
    )
    .unwrap_or(i64::MAX)
}

/// A day that was run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunDay {
    /// The date.
    pub on: Date,
    /// The shifts that worked.
    pub shifts: i64,
    /// The share of them that the run reported as lost.
    pub lost: Share,
    /// The vehicles due by its end and not built before it.
    pub due: i64,
    /// The vehicles that the line could do.
    pub capacity: i64,
    /// The vehicles built.
    pub built: i64,
}

/// What is known of a window of days.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The days that were run, oldest first.
    pub days: Vec<RunDay>,
    /// The vehicles completed by day and variant.
    pub built: BTreeMap<Date, Vec<i64>>,
    /// What shops reported, by shop, in seconds of the plant's clock.
    pub states: Vec<(usize, StateInterval)>,
    /// The watt-hours read, by shop and day.
    pub metered: BTreeMap<(usize, Date), i64>,
}

/// A shop on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShopDay {
    /// The day.
    pub on: Date,
    /// The index of the shop.
    pub shop: usize,
    /// Its time.
    pub time: TimeElements,
    /// What it put out.
    pub output: Output,
    /// The watt-hours that meters read.
    pub metered: i64,
    /// The watt-hours that the routing lets expect.
    pub expected: i64,
}

/// Every shop on every day, by day and then in the order of flow.
pub fn shop_days(product: &Product, routing: &Routing, facts: &Facts) -> Vec<ShopDay> {
    let reported = by_shop_and_day(&facts.states);
    let none = vec![0; product.variants.len()];
    let mut all = Vec::with_capacity(facts.days.len() * product.shops.len());
    for day in &facts.days {
        let shift = shift_of(product, day);
        let maintenance = maintenance_of(product, day.on, shift.length());
        let units = facts.built.get(&day.on).unwrap_or(&none);
        let told = |shop: usize| reported.get(&(shop, day.on));
        let is_told = (0..product.shops.len()).any(|shop| {
            product.shops.get(shop).is_some_and(|known| known.is_line) && told(shop).is_some()
        });
        for (shop, known) in product.shops.iter().enumerate() {
            let mut states = told(shop).cloned().unwrap_or_default();
            states.push(StateInterval {
                interval: Interval::new(shift.end - maintenance, shift.end),
                state: State::PlannedDown,
            });
            if known.is_line && !is_told {
                let lost = i128::from(shift.length()) * i128::from(day.lost.0);
                let lost = half_even_div(lost, i128::from(Share::ONE.0)).unwrap_or(0);
                states.push(StateInterval {
                    interval: Interval::new(shift.start, shift.start + lost),
                    state: State::Down,
                });
            }
            all.push(ShopDay {
                on: day.on,
                shop,
                time: time_elements(&[shift], &states),
                output: expected_output(&routing.operations, shop, units),
                metered: facts.metered.get(&(shop, day.on)).copied().unwrap_or(0),
                expected: expected_watt_hours(&routing.operations, shop, units),
            });
        }
    }
    all
}

/// The shifts of a day on the plant's clock, in milliseconds.
fn shift_of(product: &Product, day: &RunDay) -> Interval {
    let start = i64::from(day.on.epoch_day()) * DAY_SECONDS * 1000;
    // Shifts that are longer than a day together end with it.
    let length = (day.shifts * product.programme.shift_seconds).min(DAY_SECONDS) * 1000;
    Interval::new(start, start + length)
}

/// The planned maintenance of a day's shifts, of the same length unit.
fn maintenance_of(product: &Product, on: Date, shift: i64) -> i64 {
    let planned = || {
        (product.days.iter())
            .filter(|day| day.on <= product.programme.last_plan_on && day.shifts > 0)
    };
    let pace = |day: &DayEntry| (i128::from(day.capacity), i128::from(day.shifts));
    // The published pace of a shift is the best of the calendar; fractions are compared crosswise.
    let best = planned()
        .map(pace)
        .max_by(|a, b| (a.0 * b.1).cmp(&(b.0 * a.1)));
    let here = planned().take_while(|day| day.on <= on).last().map(pace);
    let (Some((most, of)), Some((capacity, shifts))) = (best, here) else {
        return 0;
    };
    let kept = half_even_div(i128::from(shift) * capacity * of, most * shifts);
    shift - kept.unwrap_or(shift).clamp(0, shift)
}

type Reported = BTreeMap<(usize, Date), Vec<StateInterval>>;

/// The reports of every shop and day that they touch, in milliseconds.
fn by_shop_and_day(states: &[(usize, StateInterval)]) -> Reported {
    let mut all = Reported::new();
    for (shop, report) in states {
        let Interval { start, end } = report.interval;
        let (first, last) = (
            start.div_euclid(DAY_SECONDS),
            (end - 1).div_euclid(DAY_SECONDS),
        );
        for day in first..=last {
            let on = Date::from_epoch_day(i32::try_from(day).unwrap_or(i32::MAX));
            all.entry((*shop, on)).or_default().push(StateInterval {
                interval: Interval::new(start * 1000, end * 1000),
                state: report.state,
            });
        }
    }
    all
}

/// Days of one shop together: a window, a week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShopWindow {
    /// The first day.
    pub from: Date,
    /// The last day.
    pub through: Date,
    /// The sums.
    pub sums: ShopDay,
}

/// The sums of days by shop and bucket, by bucket and then in the order of flow. `bucket` names the first day of a
/// bucket; all days of a window are one bucket where it always names the same.
pub fn windows(days: &[ShopDay], bucket: impl Fn(Date) -> Date) -> Vec<ShopWindow> {
    let mut all: BTreeMap<(Date, usize), ShopWindow> = BTreeMap::new();
    for day in days {
        let window = ShopWindow {
            from: day.on,
            through: day.on,
            sums: *day,
        };
        all.entry((bucket(day.on), day.shop))
            .and_modify(|sum| {
                sum.from = sum.from.min(day.on);
                sum.through = sum.through.max(day.on);
                sum.sums.time = sum.sums.time.plus(day.time);
                sum.sums.output = sum.sums.output.plus(day.output);
                sum.sums.metered += day.metered;
                sum.sums.expected += day.expected;
            })
            .or_insert(window);
    }
    all.into_values().collect()
}

/// The vehicles that the ramp plan wants on the days that were run, by variant.
pub fn wanted(product: &Product, days: &[RunDay]) -> Vec<i64> {
    let of_variant = |variant| {
        days.iter()
            .map(|day| product.ramp.on(day.on, variant))
            .sum()
    };
    (0..product.variants.len()).map(of_variant).collect()
}

#[cfg(test)]
mod tests;
