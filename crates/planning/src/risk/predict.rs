//! What an outage will cost, before it happens (RULES 13): the shipments that it holds back, the days until which the parts that are
//! left reach, and what the line builds of it and catches up afterwards. It must not know names, orders or who is out. Units: whole
//! vehicles, thousandths of parts, days from the plan's first one. Invariants: nothing is built before the undisturbed plan has it,
//! nor above a day's limits, nor without parts; without an outage nothing is late.
//!
//! Parts are ordered as the undisturbed plan needs them, in whole lots a lead time before, because what is late makes nothing be
//! needed later; they serve the oldest vehicles of the plan first. So of each part it is enough to know up to which place of the
//! plan it reaches. Cost: O(days x (variants + products x parts held back)).
use super::FULL;
use super::assess::Product;
use super::flow::Flow;
use super::outage::departures;
use crate::day::allocate_day;
use crate::line::Schedule;
use crate::quota::Quota;
use crate::ramp::{FeasiblePlan, RampPlan};
use crate::shortfall::{Shortfall, shortfall};
use std::collections::BTreeMap;
use takt_kernel::Date;

#[cfg(test)]
mod tests;

/// What the plant wants to build, and can.
#[derive(Debug, Clone, Copy)]
pub struct Plant<'a> {
    /// What the maker wants built.
    pub ramp: &'a RampPlan,
    /// What the line can do in a day.
    pub schedule: &'a Schedule,
    /// What is built without any outage.
    pub undisturbed: &'a FeasiblePlan,
}

/// A bought part of which shipments are held back.
#[derive(Debug, Clone)]
pub struct Bought {
    /// The part, as products name it.
    pub part: usize,
    /// Its lot, in thousandths.
    pub lot: i64,
    /// Which source delivers which lot.
    pub quota: Quota,
    /// Its sources.
    pub sources: Vec<Sourced>,
}

/// One source of a part.
#[derive(Debug, Clone)]
pub struct Sourced {
    /// How many days goods are under way.
    pub transit: i32,
    /// The first day on which anything can be received from it.
    pub soonest: Date,
    /// What it ships of what is due, from the beginning of the outages on; None where it is not held back.
    pub ships: Option<Flow>,
}

/// The first variant that stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstStop {
    /// The day.
    pub on: Date,
    /// The variant.
    pub variant: usize,
    /// The part that is missing.
    pub part: usize,
}

/// What an outage will cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prediction {
    /// The first variant that stands for want of a part.
    pub first_stop: Option<FirstStop>,
    /// Late, recovered and lost of all variants together.
    pub all: Shortfall,
    /// The same of each variant.
    pub by_variant: Vec<Shortfall>,
}

/// Predicts what outages cost whose flows begin on a day. `products` are those of the undisturbed plan, each with its variant.
pub fn predict(
    plant: Plant<'_>,
    products: &[(usize, Product)],
    held: &[Bought],
    begin: Date,
) -> Prediction {
    let places = Places::new(plant, products, held);
    let supplies: Vec<Vec<i64>> = held.iter().map(|part| places.supply(part, begin)).collect();
    let variants = plant.ramp.variants();
    let mut built = vec![0i64; variants];
    let mut made: Vec<Vec<i64>> = Vec::new();
    let mut first_stop = None;
    let mut on = plant.undisturbed.first;
    while on <= plant.schedule.end() {
        let day = made.len();
        let reaches: Vec<Place> = held
            .iter()
            .zip(&supplies)
            .map(|(part, supply)| places.reach(part, supply, day))
            .collect();
        let (allowed, missing) = places.allowed(&reaches, day);
        let most: Vec<i64> = allowed
            .iter()
            .zip(&built)
            .map(|(all, own)| all - own)
            .collect();
        let limits = plant.schedule.limits(on);
        let mut left = limits.clone();
        let mut today = vec![0i64; variants];
        for slot in allocate_day(plant.ramp, on, &built, limits, Some(&most)) {
            left.take(slot.variant, slot.units);
            if let Some(units) = today.get_mut(slot.variant) {
                *units += slot.units;
            }
        }
        for (variant, (built, units)) in built.iter_mut().zip(&today).enumerate() {
            *built += units;
            let stands = left.room(variant) > 0;
            if let Some(Some(part)) = missing.get(variant).copied()
                && stands
                && first_stop.is_none()
            {
                first_stop = Some(FirstStop { on, variant, part });
            }
        }
        made.push(today);
        let all_built = (0..variants).all(|variant| {
            built.get(variant).copied().unwrap_or(0) >= plant.undisturbed.total(variant)
        });
        if all_built {
            break;
        }
        on = on.plus(1);
    }
    let last = plant.schedule.last_plan_day();
    let cost = |count: &dyn Fn(&Vec<i64>) -> i64| {
        let undisturbed: Vec<i64> = plant.undisturbed.days.iter().map(count).collect();
        let disturbed: Vec<i64> = made.iter().map(count).collect();
        shortfall(plant.undisturbed.first, &undisturbed, &disturbed, last)
    };
    let of = |variant| cost(&|day: &Vec<i64>| day.get(variant).copied().unwrap_or(0));
    Prediction {
        first_stop,
        all: cost(&|day| day.iter().sum()),
        by_variant: (0..variants).map(of).collect(),
    }
}

/// A place in the plan: cells before it are covered whole, and of its own cell a part in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    cell: usize,
    part: i64,
}

/// The plan as cells, day by day and in a day by variant: the order in which parts are used.
struct Places<'a> {
    plant: Plant<'a>,
    held: &'a [Bought],
    variants: usize,
    days: usize,
    /// Vehicles of the same variant that need the same of the parts that are held back, with their cumulative plan.
    groups: BTreeMap<(usize, Vec<usize>), Vec<i64>>,
    /// By part that is held back, what its cells need in all, in millionths of thousandths.
    needs: BTreeMap<usize, Vec<i128>>,
}

impl<'a> Places<'a> {
    fn new(plant: Plant<'a>, products: &[(usize, Product)], held: &'a [Bought]) -> Self {
        let variants = plant.ramp.variants();
        let days = plant.undisturbed.days.len();
        let mut groups: BTreeMap<(usize, Vec<usize>), Vec<i64>> = BTreeMap::new();
        let mut needs: BTreeMap<usize, Vec<i128>> = BTreeMap::new();
        for part in held {
            needs.insert(part.part, vec![0; days * variants]);
        }
        for (variant, product) in products {
            let mut parts = Vec::new();
            for (at, bought) in held.iter().enumerate() {
                let found = product
                    .parts
                    .binary_search_by_key(&bought.part, |(part, _)| *part);
                let Some((_, need)) = found.ok().and_then(|found| product.parts.get(found)) else {
                    continue;
                };
                parts.push(at);
                if let Some(cells) = needs.get_mut(&bought.part) {
                    let own = cells.iter_mut().skip(*variant).step_by(variants.max(1));
                    for (cell, count) in own.zip(&product.daily) {
                        *cell += i128::from(*count) * i128::from(*need);
                    }
                }
            }
            let sums = groups
                .entry((*variant, parts))
                .or_insert_with(|| vec![0; days]);
            let mut sum = 0;
            for (cumulative, count) in sums.iter_mut().zip(&product.daily) {
                sum += count;
                *cumulative += sum;
            }
        }
        for cells in needs.values_mut() {
            let mut sum = 0;
            for cell in cells {
                sum += *cell;
                *cell = sum;
            }
        }
        Self {
            plant,
            held,
            variants,
            days,
            groups,
            needs,
        }
    }

    /// What of a part can be used up to each day, in lots.
    fn supply(&self, bought: &Bought, begin: Date) -> Vec<i64> {
        let first = self.plant.undisturbed.first;
        let mut usable: BTreeMap<i64, i64> = BTreeMap::new();
        let lot = i128::from(bought.lot.max(1)) * i128::from(FULL);
        let Some(cells) = self.needs.get(&bought.part) else {
            return Vec::new();
        };
        let mut ordered = 0i64;
        for day in 0..self.days {
            let needed = cells
                .get((day + 1) * self.variants - 1)
                .copied()
                .unwrap_or(0);
            let wanted = i64::try_from((needed + lot - 1) / lot).unwrap_or(i64::MAX);
            if wanted <= ordered {
                continue;
            }
            for (at, source) in bought.sources.iter().enumerate() {
                let before = bought.quota.count(at, ordered);
                let lots = bought.quota.count(at, wanted) - before;
                let due = first.plus(day as i32 - 1).max(source.soonest);
                let leaves = i64::from(due.minus(source.transit).days_since(begin));
                let departures = match &source.ships {
                    Some(ships) => departures(ships, leaves, before + 1, lots),
                    None => vec![(leaves, lots)],
                };
                // What arrives on an evening is used on the next day.
                let begin = i64::from(begin.days_since(first));
                for (leaves, lots) in departures {
                    let use_day = begin + leaves + i64::from(source.transit) + 1;
                    *usable.entry(use_day).or_default() += lots;
                }
            }
            ordered = wanted;
        }
        let last = usable.keys().next_back().copied().unwrap_or(0).max(0);
        let mut sum = 0;
        let mut days = usable.into_iter().peekable();
        let by_day = (0..=last).map(|day| {
            while let Some((_, lots)) = days.next_if(|(on, _)| *on <= day) {
                sum += lots;
            }
            sum
        });
        by_day.collect()
    }

    /// Up to which place of the plan a part reaches on a day.
    fn reach(&self, bought: &Bought, supply: &[i64], day: usize) -> Place {
        let whole = Place {
            cell: self.days * self.variants,
            part: 0,
        };
        let (Some(cells), Some(lots)) = (
            self.needs.get(&bought.part),
            supply.get(day).or(supply.last()),
        ) else {
            return whole;
        };
        let have = i128::from(*lots) * i128::from(bought.lot) * i128::from(FULL);
        let cell = cells.partition_point(|through| *through <= have);
        let Some(through) = cells.get(cell) else {
            return whole;
        };
        let before = match cell {
            0 => 0,
            _ => cells.get(cell - 1).copied().unwrap_or(0),
        };
        let part = (have - before) * i128::from(FULL) / (through - before).max(1);
        Place {
            cell,
            part: i64::try_from(part).unwrap_or(0),
        }
    }

    /// Vehicles of each variant that can be built up to a day with what there is, and the part that keeps others back.
    fn allowed(&self, reaches: &[Place], day: usize) -> (Vec<i64>, Vec<Option<usize>>) {
        let last = day.min(self.days.saturating_sub(1));
        let mut missing = vec![0i64; self.variants];
        let mut scarce: Vec<Option<(Place, usize)>> = vec![None; self.variants];
        for ((variant, parts), sums) in &self.groups {
            let scarcest = parts
                .iter()
                .filter_map(|at| Some((*reaches.get(*at)?, self.held.get(*at)?.part)))
                .min();
            let Some((place, part)) = scarcest else {
                continue;
            };
            let through = |day: usize| sums.get(day).copied().unwrap_or(0);
            let due = through(last);
            let (on, within) = (place.cell / self.variants, place.cell % self.variants);
            let before = match on {
                0 => 0,
                _ => through(on - 1),
            };
            let own = through(on.min(self.days.saturating_sub(1))) - before;
            let there = match within.cmp(variant) {
                std::cmp::Ordering::Greater => before + own,
                std::cmp::Ordering::Less => before,
                std::cmp::Ordering::Equal => {
                    let part = i128::from(own) * i128::from(place.part) / i128::from(FULL);
                    before + i64::try_from(part).unwrap_or(0)
                }
            };
            let short = (due - there).max(0);
            if short > 0
                && let Some(sum) = missing.get_mut(*variant)
                && let Some(known) = scarce.get_mut(*variant)
            {
                *sum += short;
                *known = Some(known.map_or((place, part), |known| known.min((place, part))));
            }
        }
        let days = self.plant.undisturbed.days.iter().take(last + 1);
        let mut allowed = vec![0i64; self.variants];
        for units in days {
            allowed
                .iter_mut()
                .zip(units)
                .for_each(|(sum, units)| *sum += units);
        }
        for (allowed, missing) in allowed.iter_mut().zip(&missing) {
            // A vehicle that lacks a part of anything is not built.
            *allowed -= (missing + FULL - 1) / FULL;
        }
        (
            allowed,
            scarce
                .into_iter()
                .map(|scarce| scarce.map(|(_, part)| part))
                .collect(),
        )
    }
}
