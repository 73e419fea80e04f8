//! Independent requirements: the master schedule as orders and forecasts. It must not know stock or lots. Invariants:
//! an order is planned once, on the day on which its place in the queue is built; forecast vehicles carry no option,
//! and the parts that options decide stand beside them, day by day what the shares give.
use super::Basis;
use crate::bom::NeedCache;
use crate::feature::{Config, MAX_VALUES};
use crate::mrp::Demand;
use crate::option_plan::{Forecast, founders_left, requirements};
use crate::ramp::{FeasiblePlan, material_plan};
use takt_kernel::{Date, Quantity};

/// An order that waits to be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The order.
    pub order_id: String,
    /// What was ordered.
    pub config: Config,
    /// Whether its vehicle stands on the line.
    pub on_line: bool,
}

/// Where the programme stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Position {
    /// Vehicles built, by variant.
    pub built: Vec<i64>,
    /// What is built next, by variant: what stands on the line, then the open orders in queue order.
    pub queues: Vec<Vec<Wanted>>,
    /// Orders of the edition that were locked so far, built ones included.
    pub founders_locked: i64,
}

/// How urgent: what stands on the line, then orders, then forecasts.
const ON_LINE: i32 = 1;
const ORDER: i32 = 2;
const FORECAST: i32 = 3;

/// A configuration of a variant that chose no option: a value that no condition names.
pub(super) fn without_options(basis: &Basis<'_>, variant: usize) -> Config {
    let keys = 1..basis.features.all().len();
    keys.fold(Config(0).with(0, variant), |config, key| {
        config.with(key, MAX_VALUES - 1)
    })
}

/// The demands of a position from a day on, by day; days count from `first`.
pub(super) fn demands(
    basis: &Basis<'_>,
    position: &Position,
    as_of: Date,
    first: Date,
) -> Vec<Demand> {
    let plan = material_plan(basis.ramp, &position.built, as_of, basis.schedule);
    let root = basis.bom.root();
    let mut queues: Vec<std::slice::Iter<'_, Wanted>> =
        position.queues.iter().map(|queue| queue.iter()).collect();
    let mut forecast = FeasiblePlan {
        first: plan.first,
        days: Vec::with_capacity(plan.days.len()),
    };
    let mut demands = Vec::new();
    for (on, day) in (plan.first.epoch_day()..).zip(&plan.days) {
        let due = Date::from_epoch_day(on).days_since(first);
        let mut left = day.clone();
        for (variant, units) in left.iter_mut().enumerate() {
            let Some(queue) = queues.get_mut(variant) else {
                continue;
            };
            for wanted in queue.take(usize::try_from(*units).unwrap_or(0)) {
                *units -= 1;
                demands.push(Demand {
                    id: wanted.order_id.clone(),
                    item: root,
                    quantity: Quantity::from_units(1),
                    due,
                    priority: if wanted.on_line { ON_LINE } else { ORDER },
                    config: Some(wanted.config),
                });
            }
        }
        forecast.days.push(left);
    }
    forecasts(basis, position, &forecast, first, &mut demands);
    demands
}

fn forecasts(
    basis: &Basis<'_>,
    position: &Position,
    plan: &FeasiblePlan,
    first: Date,
    demands: &mut Vec<Demand>,
) {
    let left = basis.founders.map_or_else(Vec::new, |founders| {
        founders_left(founders, position.founders_locked, basis.variant_shares)
    });
    let shares = Forecast {
        attributes: basis.attributes,
        founders: basis.founders,
        founders_left: &left,
    };
    let mut needs = NeedCache::default();
    let required = requirements(basis.bom, &mut needs, plan, &[], shares);
    let variants = plan.days.first().map_or(0, Vec::len);
    let names = basis.features.all().first();
    let name = |variant: usize| {
        let values = names.and_then(|feature| feature.values.get(variant));
        values.map_or("", String::as_str)
    };
    let plain: Vec<Config> = (0..variants)
        .map(|variant| without_options(basis, variant))
        .collect();
    let mut demand = |item, what: &str, at: usize, quantity: Quantity, config| {
        let on = plan.first.plus(at as i32);
        if quantity > Quantity::ZERO {
            demands.push(Demand {
                id: format!("FORECAST {what} {on}"),
                item,
                quantity,
                due: on.days_since(first),
                priority: FORECAST,
                config,
            });
        }
    };
    for (at, day) in plan.days.iter().enumerate() {
        for (variant, units) in day.iter().enumerate() {
            let config = plain.get(variant).copied();
            let units = Quantity::from_units(*units);
            demand(basis.bom.root(), name(variant), at, units, config);
        }
    }
    for (item, named) in basis.bom.items().iter().enumerate() {
        if !basis.bom.is_optional(item) || named.made {
            continue;
        }
        let alone: Vec<i64> = (plain.iter())
            .map(|config| needs.get(basis.bom, *config).of(item).milli())
            .collect();
        for (at, day) in plan.days.iter().enumerate() {
            let whole = required.by_item.get(item).and_then(|series| series.get(at));
            let within: i64 = day
                .iter()
                .zip(&alone)
                .map(|(units, need)| units * need)
                .sum();
            let beside = whole.map_or(0, |need| need.milli()) - within;
            demand(item, &named.id, at, Quantity(beside), None);
        }
    }
}
