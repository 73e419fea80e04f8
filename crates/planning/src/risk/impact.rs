//! What the line builds when parts are missing for a time, from what stands and waits on a day (RULES 13). It must not know names, or
//! why parts are missing. Units: whole vehicles, levels in millionths, days from the plan's first one. Invariants: nothing is built
//! before the undisturbed plan has it, nor above a day's limits; without a missing part nothing is late; what was held back comes when
//! its part of the need is covered again.
use super::FULL;
use super::assess::Product;
use super::flow::Flow;
use super::predict::Plant;
use crate::day::allocate_day;
use crate::ramp::FeasiblePlan;
use crate::shortfall::{Shortfall, shortfall};
use std::collections::BTreeMap;
use takt_kernel::{Date, half_even_div};

const DAY: i64 = 1000;

/// What becomes of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impact {
    /// What the line builds.
    pub built: FeasiblePlan,
    /// By variant the first day on which fewer are built than planned.
    pub first_short: Vec<Option<Date>>,
    /// By variant late, recovered and lost.
    pub by_variant: Vec<Shortfall>,
}

/// What the line builds of a plan whose parts flow like this, counted from its first day; parts that are not named are there. `built`
/// are the vehicles of each variant that were built before, `products` what the plan builds, each with its variant.
pub fn impact(
    plant: Plant<'_>,
    built: &[i64],
    products: &[(usize, Product)],
    parts: &BTreeMap<usize, Flow>,
) -> Impact {
    let variants = plant.ramp.variants();
    let days = plant.undisturbed.days.len();
    let held = held(variants, days, products, parts);
    if held.iter().flatten().all(|waiting| *waiting == 0) {
        return undisturbed(plant, variants);
    }
    let before = |variant: usize| built.get(variant).copied().unwrap_or(0);
    let mut done: Vec<i64> = (0..variants).map(before).collect();
    let mut planned = done.clone();
    let mut made = FeasiblePlan {
        first: plant.undisturbed.first,
        days: Vec::new(),
    };
    let mut first_short = vec![None; variants];
    let mut on = plant.undisturbed.first;
    while on <= plant.schedule.end() {
        let day = made.days.len();
        for (variant, sum) in planned.iter_mut().enumerate() {
            *sum += (plant.undisturbed.days.get(day))
                .and_then(|day| day.get(variant))
                .copied()
                .unwrap_or(0);
        }
        // Behind the last day of the plan what is missing then stays missing.
        let kept = held.get(day.min(days.saturating_sub(1)));
        let most: Vec<i64> = (0..variants)
            .map(|variant| {
                let kept = kept
                    .and_then(|kept| kept.get(variant))
                    .copied()
                    .unwrap_or(0);
                let planned = planned.get(variant).copied().unwrap_or(0);
                (planned - kept - done.get(variant).copied().unwrap_or(0)).max(0)
            })
            .collect();
        let limits = plant.schedule.limits(on);
        let mut today = vec![0i64; variants];
        for slot in allocate_day(plant.ramp, on, &done, limits, Some(&most)) {
            if let Some(units) = today.get_mut(slot.variant) {
                *units += slot.units;
            }
        }
        for (variant, units) in today.iter().enumerate() {
            if let Some(sum) = done.get_mut(variant) {
                *sum += units;
            }
            let behind = done.get(variant) < planned.get(variant);
            if let Some(first) = first_short.get_mut(variant).filter(|_| behind) {
                first.get_or_insert(on);
            }
        }
        made.days.push(today);
        if day + 1 >= days && done == planned {
            break;
        }
        on = on.plus(1);
    }
    let last = plant.schedule.last_plan_day();
    let of = |variant: usize| {
        let count = |day: &Vec<i64>| day.get(variant).copied().unwrap_or(0);
        let undisturbed: Vec<i64> = plant.undisturbed.days.iter().map(count).collect();
        let disturbed: Vec<i64> = made.days.iter().map(count).collect();
        shortfall(plant.undisturbed.first, &undisturbed, &disturbed, last)
    };
    Impact {
        by_variant: (0..variants).map(of).collect(),
        first_short,
        built: made,
    }
}

/// What becomes of a plan of which nothing waits.
fn undisturbed(plant: Plant<'_>, variants: usize) -> Impact {
    let (first, last) = (plant.undisturbed.first, plant.schedule.last_plan_day());
    Impact {
        built: plant.undisturbed.clone(),
        first_short: vec![None; variants],
        by_variant: vec![shortfall(first, &[], &[], last); variants],
    }
}

/// By day and variant how many of the vehicles planned so far wait for a part.
fn held(
    variants: usize,
    days: usize,
    products: &[(usize, Product)],
    parts: &BTreeMap<usize, Flow>,
) -> Vec<Vec<i64>> {
    let mut sums = vec![vec![0i128; variants]; days];
    for (variant, product) in products {
        let needed: Vec<&Flow> = (product.parts.iter())
            .filter_map(|(part, _)| parts.get(part))
            .collect();
        if needed.is_empty() {
            continue;
        }
        let flow = Flow::scarcest(needed);
        // Vehicles that wait with the part of them that does, the lowest part below. Of a day's vehicles only so many wait as are
        // missing ever since, so a day on which less is missing lets some of all earlier ones go.
        let mut waiting: Vec<(i64, i128)> = Vec::new();
        let mut sum = 0i128;
        for (day, sums) in (0i64..).zip(&mut sums) {
            let missing = flow.missing(day * DAY, (day + 1) * DAY) / i128::from(DAY);
            let missing = i64::try_from(missing).unwrap_or(FULL);
            let at = usize::try_from(day).ok();
            let count = at.and_then(|at| product.daily.get(at)).copied();
            let mut vehicles = i128::from(count.unwrap_or(0));
            while let Some((part, more)) = waiting.pop_if(|(part, _)| *part >= missing) {
                sum -= more * i128::from(part);
                vehicles += more;
            }
            sum += vehicles * i128::from(missing);
            waiting.push((missing, vehicles));
            if let Some(own) = sums.get_mut(*variant) {
                *own += sum;
            }
        }
    }
    let whole = i128::from(FULL) * i128::from(FULL);
    let vehicles = |sum: &i128| half_even_div(*sum, whole).unwrap_or(i64::MAX);
    let of_day = |day: &Vec<i128>| day.iter().map(vehicles).collect();
    sums.iter().map(of_day).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Vehicles of one variant that wait, by day.
    fn waiting(daily: i64, days: usize, flow: &Flow) -> Vec<i64> {
        let product = Product {
            daily: vec![daily * FULL; days],
            parts: vec![(0, 1000)],
        };
        let parts = BTreeMap::from([(0, flow.clone())]);
        held(1, days, &[(0, product)], &parts).concat()
    }

    #[test]
    fn what_was_held_back_comes_with_the_goods() {
        let out = Flow::gap(DAY, 3 * DAY);
        assert_eq!(waiting(100, 5, &out), [0, 100, 200, 0, 0]);
        // Half comes again on day 2: half of what waited goes, and half of the new waits.
        let half = Flow::of_levels([(0, FULL), (DAY, 0), (2 * DAY, FULL / 2), (4 * DAY, FULL)]);
        assert_eq!(
            half.map(|half| waiting(100, 5, &half)),
            Some(vec![0, 100, 100, 150, 0])
        );
        assert_eq!(waiting(100, 3, &Flow::full()), [0, 0, 0]);
    }

    proptest! {
        #[test]
        fn less_never_waits_when_more_is_missing(levels in proptest::collection::vec(0i64..=4, 1..12), worse in 0usize..12) {
            let flow = |levels: &[i64]| {
                let of = levels.iter().enumerate().map(|(day, level)| (day as i64 * DAY, level * 250_000));
                Flow::of_levels(of).unwrap_or_else(Flow::full)
            };
            let mut less = levels.clone();
            let at = worse % less.len();
            less[at] = 0;
            let (all, some) = (waiting(40, 12, &flow(&less)), waiting(40, 12, &flow(&levels)));
            prop_assert!(all.iter().zip(&some).all(|(all, some)| all >= some));
        }
    }
}
