//! Where a programme stands on the morning of a day when everything went as planned: what is built, which orders wait,
//! and what of the parts is in the house or under way. It must not know what really happened. Invariants: only what is
//! ordered is built; what should have been released before the day has been released, from the first day of orders on
//! and not before (RULES 8).
use std::collections::BTreeMap;

use takt_kernel::{Date, Quantity};
use takt_planning::bom::NeedCache;
use takt_planning::material::{Expected, Position, Stock, Wanted};
use takt_planning::netting::{Position as Ordered, Sourcing, release_on};
use takt_planning::option_plan::{Forecast, Requirements, founders_left, requirements};
use takt_planning::quota::Quota;
use takt_planning::ramp::{feasible_plan, material_plan};

use super::Offline;
use crate::world::Customers;

/// Where a programme stands.
#[derive(Debug)]
pub struct Standing {
    /// What is built and what waits.
    pub position: Position,
    /// By item what there is.
    pub stocks: Vec<Stock>,
}

impl Standing {
    /// The morning of a day, its own orders included.
    pub fn planned(offline: &Offline, as_of: Date) -> Self {
        let (position, built) = position(offline, as_of);
        let mut stocks = offline.terms();
        if as_of > offline.sized.order_from {
            let required = required(offline, &position, as_of);
            let issued = issued(offline, &built);
            for (at, stock) in stocks.iter_mut().enumerate() {
                let series = required.by_item.get(at).map_or(&[][..], Vec::as_slice);
                let used = issued.get(&at).copied().unwrap_or_default();
                as_ordered(offline, stock, (required.first, series), used, as_of);
            }
        }
        Self { position, stocks }
    }
}

/// The position, and the vehicles that have been built.
fn position(offline: &Offline, as_of: Date) -> (Position, Vec<Wanted>) {
    let variants = offline.sized.variants.len();
    let mut customers = Customers::new(&offline.full, offline.sized.vehicles);
    let mut position = Position {
        built: vec![0; variants],
        queues: vec![Vec::new(); variants],
        founders_locked: 0,
    };
    let priority = offline.founders;
    let mut day = offline.sized.day_zero;
    while day <= as_of {
        for order in customers.orders_of(day) {
            let options: BTreeMap<String, String> = order.options.into_iter().collect();
            let Some(config) = offline.config(&order.variant_id, &options) else {
                continue;
            };
            let first = priority.is_some_and(|p| config.value(p.key) == p.founder);
            position.founders_locked += i64::from(first);
            if let Some(queue) = position.queues.get_mut(config.variant()) {
                queue.push(Wanted {
                    order_id: order.order_id,
                    config,
                    on_line: false,
                });
            }
        }
        day = day.plus(1);
    }
    let plan = feasible_plan(&offline.ramp, &[], offline.first(), &offline.schedule);
    let days = usize::try_from(as_of.days_since(plan.first)).unwrap_or(0);
    let mut built = Vec::new();
    for (variant, queue) in position.queues.iter_mut().enumerate() {
        // The edition that goes first is locked first of its variant, so that the queue is in order as it comes.
        let planned: i64 = plan
            .days
            .iter()
            .take(days)
            .filter_map(|day| day.get(variant))
            .sum();
        let done = usize::try_from(planned).unwrap_or(0).min(queue.len());
        built.extend(queue.drain(..done));
        if let Some(count) = position.built.get_mut(variant) {
            *count = i64::try_from(done).unwrap_or(i64::MAX);
        }
    }
    (position, built)
}

/// What the running programme's netting requires from the day on.
fn required(offline: &Offline, position: &Position, as_of: Date) -> Requirements {
    let left = offline.founders.map_or_else(Vec::new, |founders| {
        founders_left(founders, position.founders_locked, &offline.variant_shares)
    });
    let forecast = Forecast {
        attributes: &offline.attributes,
        founders: offline.founders,
        founders_left: &left,
    };
    let plan = material_plan(&offline.ramp, &position.built, as_of, &offline.schedule);
    let queues: Vec<Vec<_>> = (position.queues.iter())
        .map(|queue| queue.iter().map(|wanted| wanted.config).collect())
        .collect();
    requirements(
        &offline.bom,
        &mut NeedCache::default(),
        &plan,
        &queues,
        forecast,
    )
}

/// What the vehicles took, by item.
fn issued(offline: &Offline, built: &[Wanted]) -> BTreeMap<usize, Quantity> {
    let mut counts = BTreeMap::<_, i64>::new();
    for vehicle in built {
        *counts.entry(vehicle.config).or_default() += 1;
    }
    let mut issued = BTreeMap::<usize, Quantity>::new();
    for (config, count) in counts {
        for (item, need) in offline.bom.requirement(config).bought() {
            issued.entry(item).or_default().0 += need.milli() * count;
        }
    }
    issued
}

/// Fills in what was ordered for what was used and for the days ahead.
fn as_ordered(
    offline: &Offline,
    stock: &mut Stock,
    (first, series): (Date, &[Quantity]),
    used: Quantity,
    as_of: Date,
) {
    let shares: Vec<_> = stock.sources.iter().map(|source| source.share).collect();
    let Ok(quota) = Quota::new(&shares) else {
        return;
    };
    let lots = used.ceil_div(stock.lot).unwrap_or(0);
    let released: Vec<i64> = (0..shares.len()).map(|at| quota.count(at, lots)).collect();
    let sourcing = Sourcing {
        lot: stock.lot,
        quota,
        lead_days: stock
            .sources
            .iter()
            .map(|source| source.lead_days)
            .collect(),
    };
    let position = Ordered {
        issued: used,
        lost: Quantity::ZERO,
        released: &released,
        safety: &[],
    };
    for (source, released) in stock.sources.iter_mut().zip(&released) {
        source.ordered_lots = *released;
    }
    stock.on_hand = Quantity(stock.lot.milli() * lots - used.milli());
    for release in release_on(as_of.minus(1), first, series, &sourcing, position) {
        let lead = sourcing
            .lead_days
            .get(release.supplier)
            .copied()
            .unwrap_or(0);
        let on = release.due_on.max(offline.sized.order_from.plus(lead));
        let quantity = Quantity(stock.lot.milli() * release.lots);
        let Some(source) = stock.sources.get_mut(release.supplier) else {
            continue;
        };
        source.ordered_lots += release.lots;
        if on < as_of {
            stock.on_hand.0 += quantity.milli();
        } else {
            stock.expected.push(Expected {
                receipt_id: format!("{} {on}", source.supplier_id),
                supplier_id: source.supplier_id.clone(),
                on,
                quantity,
            });
        }
    }
}
