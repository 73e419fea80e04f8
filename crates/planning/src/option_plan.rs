//! The requirement of every bought item by day (RULES 9): the planned builds of each day exploded. It must not
//! know stock or lots. The next planned vehicles of a variant are its open orders in queue order; beyond them
//! come forecast vehicles, whose options are apportioned with carry over the whole plan, so that the cumulative
//! forecast never drifts from the shares. Nobody knows which value the next customer takes, so of each value the
//! cumulative forecast is rounded up to a whole vehicle: at most one vehicle's parts a value more than the shares,
//! until the orders are there. Cost: O(planned vehicles x log + days x items); 0.1 s for 100,000.
use crate::apportion::{Apportion, deal};
use crate::bom::{Bom, NeedCache, Needs};
use crate::change::{Breaks, Part};
use crate::feature::{CHANGE_KEY, Config};
use crate::orders::{Attribute, Founders};
use crate::ramp::FeasiblePlan;
use std::collections::BTreeMap;
use takt_kernel::{Date, Quantity, Share, ceil_div};

/// Requirements by item and day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirements {
    /// The first day of every series.
    pub first: Date,
    /// `by_item[item][day]`; made items have an empty series.
    pub by_item: Vec<Vec<Quantity>>,
}

/// What is known of orders that have not come yet.
#[derive(Debug, Clone, Copy)]
pub struct Forecast<'a> {
    /// The options without the edition.
    pub attributes: &'a [Attribute],
    /// The limited edition.
    pub founders: Option<Founders>,
    /// Founders' cars still to be ordered, by variant; see `founders_left`.
    pub founders_left: &'a [i64],
}

/// How many founders' cars are still to be ordered, by variant: what the limit leaves, by the variants' shares.
pub fn founders_left(founders: Founders, locked: i64, variants: &[Share]) -> Vec<i64> {
    let admitted = |(v, share): (usize, &Share)| {
        if founders.variants >> v & 1 == 1 {
            *share
        } else {
            Share(0)
        }
    };
    let shares: Vec<Share> = variants.iter().enumerate().map(admitted).collect();
    Apportion::new(&shares).take((founders.limit - locked).max(0))
}

/// The requirements of a plan. `queues` holds each variant's open orders, FOUNDERS first, then oldest; only as
/// many as the plan builds are looked at, so a prefix of that length will do.
pub fn requirements(
    bom: &Bom,
    needs: &mut NeedCache,
    plan: &FeasiblePlan,
    queues: &[Vec<Config>],
    forecast: Forecast<'_>,
) -> Requirements {
    requirements_with(bom, needs, plan, queues, forecast, &Breaks::default())
}

/// The same where engineering changes begin within the plan: `breaks` say from which vehicle on each counts.
pub fn requirements_with(
    bom: &Bom,
    needs: &mut NeedCache,
    plan: &FeasiblePlan,
    queues: &[Vec<Config>],
    forecast: Forecast<'_>,
    breaks: &Breaks,
) -> Requirements {
    let mut by_item = vec![Vec::new(); bom.items().len()];
    for (item, series) in bom
        .items()
        .iter()
        .zip(&mut by_item)
        .filter(|(item, _)| !item.made)
    {
        debug_assert!(!item.made);
        series.resize(plan.days.len(), Quantity::ZERO);
    }
    let variants = plan.days.first().map_or(0, Vec::len);
    let mut whole: Vec<WholeVehicles<'_>> = (0..variants)
        .map(|variant| WholeVehicles::new(variant, forecast.attributes))
        .collect();
    let mut next: Vec<Vehicles<'_>> = (0..variants)
        .map(|variant| Vehicles::new(variant, queues.get(variant), forecast))
        .collect();
    let mut planned = 0;
    for (day, counts) in plan.days.iter().enumerate() {
        let mut add = |item: usize, need: Quantity, units: i64| {
            if let Some(cell) = by_item[item].get_mut(day) {
                *cell = Quantity(
                    cell.milli()
                        .saturating_add(need.milli().saturating_mul(units)),
                );
            }
        };
        let parts = breaks.parts(plan.first.plus(day as i32), planned, counts);
        planned += counts.iter().sum::<i64>();
        for Part {
            changes,
            variant,
            units,
        } in parts
        {
            let has = |config: Config| config.with(CHANGE_KEY, changes);
            // What no option decides is the same for every vehicle of the variant.
            for (item, need) in &needs.get(bom, has(Config(0).with(0, variant))).base {
                add(*item, *need, units);
            }
            let (mut configs, ordered) = next[variant].take(units);
            for (item, need) in whole[variant].take(bom, changes, &configs[ordered..]) {
                add(item, need, 1);
            }
            configs.sort_unstable();
            for equal in configs.chunk_by(|a, b| a == b) {
                for (item, need) in &needs.get(bom, has(equal[0])).option {
                    add(*item, *need, equal.len() as i64);
                }
            }
        }
    }
    Requirements {
        first: plan.first,
        by_item,
    }
}

/// The vehicles of a variant in the order they will be built: real orders, then forecast ones.
struct Vehicles<'a> {
    variant: usize,
    queue: &'a [Config],
    options: Vec<(usize, Apportion)>,
    founders: Option<Founders>,
    founders_left: i64,
    forecast_no: u64,
}

impl<'a> Vehicles<'a> {
    fn new(variant: usize, queue: Option<&'a Vec<Config>>, forecast: Forecast<'_>) -> Self {
        let option = |a: &Attribute| (a.key, Apportion::new(a.of(variant)));
        Self {
            variant,
            queue: queue.map_or(&[], Vec::as_slice),
            options: forecast.attributes.iter().map(option).collect(),
            founders: forecast.founders,
            founders_left: forecast.founders_left.get(variant).copied().unwrap_or(0),
            forecast_no: 0,
        }
    }

    /// The next vehicles, and how many of them are ordered: those come first, and then what nobody has ordered yet.
    fn take(&mut self, units: i64) -> (Vec<Config>, usize) {
        let units = units.max(0) as usize;
        let (real, rest) = self.queue.split_at(units.min(self.queue.len()));
        self.queue = rest;
        let mut configs = real.to_vec();
        let guessed = (units - real.len()) as u64;
        if guessed == 0 {
            return (configs, real.len());
        }
        let numbers: Vec<u64> = (self.forecast_no..self.forecast_no + guessed).collect();
        self.forecast_no += guessed;
        let mut forecast = vec![Config(0).with(0, self.variant); numbers.len()];
        for (at, (key, split)) in self.options.iter_mut().enumerate() {
            for (config, value) in
                forecast
                    .iter_mut()
                    .zip(deal(&split.take(guessed as i64), &numbers, at))
            {
                *config = config.with(*key, value);
            }
        }
        for config in &mut forecast {
            let Some(founders) = self.founders else { break };
            let value = if self.founders_left > 0 {
                founders.founder
            } else {
                founders.normal
            };
            self.founders_left -= 1;
            *config = config.with(founders.key, value);
        }
        configs.append(&mut forecast);
        (configs, real.len())
    }
}

/// What rounding up adds to the forecast of one variant: for each value of each attribute the part of a vehicle that
/// the largest remainder has not given it yet.
struct WholeVehicles<'a> {
    variant: usize,
    attributes: &'a [Attribute],
    values: Vec<Rounded>,
    /// By the changes that vehicles have, what hangs on each value: in the order of `values`.
    parts: BTreeMap<usize, Vec<Vec<(usize, Quantity)>>>,
    forecast: i64,
}

/// A value of an attribute: its share as weight of a sum, and the forecast vehicles that have it.
struct Rounded {
    key: usize,
    value: usize,
    weight: i64,
    sum: i64,
    given: i64,
    /// The changes with which the vehicle that is not given yet is counted already.
    ahead: Option<usize>,
}

impl<'a> WholeVehicles<'a> {
    fn new(variant: usize, attributes: &'a [Attribute]) -> Self {
        let mut values = Vec::new();
        for attribute in attributes {
            let shares = attribute.of(variant);
            let sum: i64 = shares.iter().map(|share| share.0.max(0)).sum();
            for (value, share) in shares.iter().enumerate().filter(|(_, share)| share.0 > 0) {
                values.push(Rounded {
                    key: attribute.key,
                    value,
                    weight: share.0,
                    sum,
                    given: 0,
                    ahead: None,
                });
            }
        }
        Self {
            variant,
            attributes,
            values,
            parts: BTreeMap::new(),
            forecast: 0,
        }
    }

    /// What hangs on each value for vehicles that have these changes.
    fn parts_of(&self, bom: &Bom, changes: usize) -> Vec<Vec<(usize, Quantity)>> {
        let blank = Config(0).with(0, self.variant).with(CHANGE_KEY, changes);
        // A value that no condition names: what a configuration needs without the attribute.
        let none = crate::feature::MAX_VALUES - 1;
        let without: BTreeMap<usize, Needs> = self
            .attributes
            .iter()
            .map(|attribute| {
                (
                    attribute.key,
                    bom.requirement(blank.with(attribute.key, none)),
                )
            })
            .collect();
        let of = |rounded: &Rounded| {
            let with = bom.requirement(blank.with(rounded.key, rounded.value));
            let without = without.get(&rounded.key);
            let parts = with.option.iter().filter_map(|(item, need)| {
                let base = without.map_or(Quantity::ZERO, |without| without.of(*item));
                let more = need.milli() - base.milli();
                (more > 0).then_some((*item, Quantity(more)))
            });
            parts.collect()
        };
        self.values.iter().map(of).collect()
    }

    /// What the next forecast vehicles change: parts that are now needed a vehicle ahead, and parts that were ahead and
    /// are now among the given ones.
    fn take(&mut self, bom: &Bom, changes: usize, forecast: &[Config]) -> Vec<(usize, Quantity)> {
        if !self.parts.contains_key(&changes) {
            let parts = self.parts_of(bom, changes);
            self.parts.insert(changes, parts);
        }
        self.forecast += forecast.len() as i64;
        let mut differences = Vec::new();
        for (at, rounded) in self.values.iter_mut().enumerate() {
            let has = |config: &&Config| config.value(rounded.key) == rounded.value;
            rounded.given += forecast.iter().filter(has).count() as i64;
            let share = i128::from(rounded.weight) * i128::from(self.forecast);
            let whole = ceil_div(share, i128::from(rounded.sum)).unwrap_or_default();
            let ahead = (whole > rounded.given).then_some(rounded.ahead.unwrap_or(changes));
            let steps = [(rounded.ahead, -1), (ahead, 1)];
            if rounded.ahead != ahead {
                for (changes, step) in steps {
                    let parts = changes.and_then(|changes| self.parts.get(&changes)?.get(at));
                    let parts = parts.into_iter().flatten();
                    differences
                        .extend(parts.map(|(item, need)| (*item, Quantity(need.milli() * step))));
                }
            }
            rounded.ahead = ahead;
        }
        differences
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bom::{Item, Line};
    use crate::feature::tests::features;

    fn series(values: &[i64]) -> Vec<Quantity> {
        values
            .iter()
            .map(|units| Quantity::from_units(*units))
            .collect()
    }

    #[test]
    fn orders_first_then_shares_that_never_drift() -> Result<(), Box<dyn std::error::Error>> {
        let all = features();
        let item = |id: &str, made| Item {
            id: id.into(),
            made,
            order_yield: Share::ONE,
        };
        let line = |child, when: &str, units| {
            let (qty, component_scrap) = (Quantity::from_units(units), Share(0));
            all.condition(when).map(|condition| Line {
                parent: 0,
                child,
                qty,
                condition,
                component_scrap,
            })
        };
        let items = vec![
            item("CAR", true),
            item("BODY", false),
            item("W19A", false),
            item("W20", false),
            item("TRIM", false),
        ];
        let lines = vec![
            line(1, "", 1)?,
            line(2, "WHEEL=W19A", 4)?,
            line(3, "WHEEL=W20", 4)?,
            line(4, "EDITION=FOUNDERS", 1)?,
        ];
        let bom = Bom::build(items, lines, 0)?;
        let plan = FeasiblePlan {
            first: Date::from_epoch_day(9),
            days: vec![vec![2], vec![3], vec![3], vec![2]],
        };
        let founders = Founders {
            key: 3,
            founder: 1,
            normal: 0,
            variants: 1,
            limit: 4,
        };
        let shares = vec![vec![Share(750_000), Share(0), Share(250_000), Share(0)]];
        let order = all.config("VAR=STD;COLOR=BLUE;WHEEL=W20;EDITION=FOUNDERS")?;
        let left = founders_left(founders, 2, &[Share(400_000)]);
        assert_eq!(left, [2]);
        let forecast = Forecast {
            attributes: &[Attribute { key: 2, shares }],
            founders: Some(founders),
            founders_left: &left,
        };
        let got = requirements(
            &bom,
            &mut NeedCache::default(),
            &plan,
            &[vec![order, order]],
            forecast,
        );
        assert_eq!(got.by_item[0], []);
        assert_eq!(got.by_item[1], series(&[2, 3, 3, 2]));
        // Two orders with W20; then 8 forecast cars in steps of 3, 3, 2: of each value the whole vehicles that its
        // share comes to, 0.75, 1.5 and 2 with W20 and 2.25, 4.5 and 6 with W19A.
        assert_eq!(got.by_item[3], series(&[8, 4, 4, 0]));
        assert_eq!(got.by_item[2], series(&[0, 12, 8, 4]));
        assert_eq!(got.by_item[4], series(&[2, 2, 0, 0]));
        Ok(())
    }

    #[test]
    fn founders_are_split_by_variant() {
        let founders = Founders {
            key: 3,
            founder: 1,
            normal: 0,
            variants: 0b101,
            limit: 5000,
        };
        let shares = [Share(280_000), Share(290_000), Share(430_000)];
        assert_eq!(founders_left(founders, 0, &shares), [1972, 0, 3028]);
        assert_eq!(founders_left(founders, 6000, &shares), [0, 0, 0]);
    }
}
