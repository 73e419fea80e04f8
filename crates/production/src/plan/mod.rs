//! Plans: what is built on which day, and what that needs of every bought item.
//!
//! It must not know rows or messages. Invariants: a plan is a pure function of the product, what was built and the
//! open orders; it never builds ahead of the ramp plan nor above a day's limits; open orders come before shares.

pub mod rpc;
pub mod store;

use std::{collections::BTreeMap, fmt};

use takt_kernel::{Date, Quantity, Share};
use takt_planning::{
    change::{Breaks, Change, Effectivity, covered},
    feature::Config,
    option_plan::{Forecast, Requirements, founders_left, requirements_with},
    promise::{self, VariantProfile},
    ramp::{FeasiblePlan, feasible_plan, material_plan},
};
use takt_service::Refusal;

use crate::product::Product;

/// What a plan starts from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Position {
    /// Vehicles built, by variant.
    pub built: Vec<i64>,
    /// The configurations that are built next, by variant: those on the line, then the open orders in queue order.
    pub queues: Vec<Vec<Config>>,
    /// Orders of the edition that is built first which were locked so far, built ones included.
    pub founders_locked: i64,
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The id, `su7-20240401`.
    pub plan_id: String,
    /// The day as of which it was made.
    pub as_of: Date,
    /// The first day that it speaks of.
    pub first: Date,
    /// The days on which it builds.
    pub days: Vec<PlanDay>,
    /// What it needs of bought items: item index and thousandths by day from `first` on; items without need left out.
    pub series: Vec<(usize, Vec<i64>)>,
}

/// A day of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanDay {
    /// The date.
    pub on: Date,
    /// What the line can do.
    pub capacity: i64,
    /// Vehicles by variant.
    pub variants: Vec<i64>,
}

/// The line of a plan, before it is exploded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinePlan {
    as_of: Date,
    days: Vec<PlanDay>,
}

impl Plan {
    /// The vehicles that it builds.
    pub fn vehicle_count(&self) -> i64 {
        self.days.iter().flat_map(|day| &day.variants).sum()
    }

    /// The last day on which it builds; the day as of which it was made when it builds nothing.
    pub fn last_build_on(&self) -> Date {
        self.days.last().map_or(self.as_of, |day| day.on)
    }
}

/// Plans the line from a day on.
pub fn plan_line(product: &Product, position: &Position, as_of: Date) -> LinePlan {
    let feasible = feasible_plan(&product.ramp, &position.built, as_of, &product.schedule);
    let mut days = Vec::new();
    let mut on = feasible.first;
    for variants in &feasible.days {
        if variants.iter().any(|units| *units > 0) {
            days.push(PlanDay {
                on,
                capacity: product.schedule.limits(on).total(),
                variants: variants.clone(),
            });
        }
        on = on.plus(1);
    }
    LinePlan { as_of, days }
}

/// Explodes a planned line into the requirements of bought items. `supply` is what is there and on order of the items that
/// run out for an engineering change.
pub fn explode(
    product: &Product,
    position: &Position,
    supply: &BTreeMap<usize, Quantity>,
    line: LinePlan,
) -> Plan {
    let needed = needed(product, position, supply, line.as_of);
    let series = needed
        .requirements
        .by_item
        .iter()
        .enumerate()
        .filter(|(_, series)| series.iter().any(|need| !need.is_zero()))
        .map(|(item, series)| {
            (
                item,
                series.iter().map(|need| Quantity::milli(*need)).collect(),
            )
        })
        .collect();
    Plan {
        plan_id: String::new(),
        as_of: line.as_of,
        first: needed.requirements.first,
        days: line.days,
        series,
    }
}

/// What a plan needs, and where the engineering changes begin in it.
#[derive(Debug, Clone)]
pub struct Needed {
    /// The days on which parts are needed.
    pub material: FeasiblePlan,
    /// What they need.
    pub requirements: Requirements,
    /// Where changes begin.
    pub breaks: Breaks,
}

/// What is needed from a day on.
pub fn needed(
    product: &Product,
    position: &Position,
    supply: &BTreeMap<usize, Quantity>,
    as_of: Date,
) -> Needed {
    let shares: Vec<Share> = product
        .variants
        .iter()
        .map(|variant| variant.share)
        .collect();
    let left = product.founders.map_or_else(Vec::new, |founders| {
        founders_left(founders, position.founders_locked, &shares)
    });
    let forecast = Forecast {
        attributes: &product.attributes,
        founders: product.founders,
        founders_left: &left,
    };
    // Parts are needed on the days of the undisturbed plan, whatever keeps the line from building on them.
    let material = material_plan(&product.ramp, &position.built, as_of, &product.schedule);
    let explode = |breaks: &Breaks| {
        requirements_with(
            &product.bom,
            &mut product.needs(),
            &material,
            &position.queues,
            forecast,
            breaks,
        )
    };
    let next = position.built.iter().sum::<i64>() + 1;
    let mut breaks = Breaks::of(&product.changes, next, |_| None);
    let mut requirements = explode(&breaks);
    let runs_out = |change: &Change| {
        let Effectivity::RunOut(from) = change.effectivity else {
            return None;
        };
        let of = |item: &usize| {
            let need = requirements.by_item.get(*item)?;
            let available = supply.get(item).copied().unwrap_or_default();
            covered(&material, need, from, available)
        };
        change.old.iter().filter_map(of).min()
    };
    let with_stock = Breaks::of(&product.changes, next, runs_out);
    if with_stock != breaks {
        requirements = explode(&with_stock);
        breaks = with_stock;
    }
    Needed {
        material,
        requirements,
        breaks,
    }
}

/// The items whose stock decides where a change begins.
pub fn running_out(product: &Product) -> Vec<usize> {
    let open = |change: &&Change| {
        change.since.is_none() && matches!(change.effectivity, Effectivity::RunOut(_))
    };
    let some = product.changes.iter().filter(open);
    let mut items: Vec<usize> = some.flat_map(|change| change.old.iter().copied()).collect();
    items.sort_unstable();
    items.dedup();
    items
}

/// The id of the `nth` plan (from 1) that was made as of a day.
pub fn plan_id(programme_id: &str, as_of: Date, nth: i64) -> String {
    let (year, month, day) = as_of.ymd();
    match nth {
        1 => format!("{programme_id}-{year:04}{month:02}{day:02}"),
        nth => format!("{programme_id}-{year:04}{month:02}{day:02}-{nth}"),
    }
}

/// The promise profile of every variant under the days of a plan, builds before `as_of` left out.
pub fn profiles(product: &Product, days: &[PlanDay], as_of: Date) -> Vec<VariantProfile> {
    let width = product.variants.len();
    let mut plan = FeasiblePlan {
        first: as_of,
        days: Vec::new(),
    };
    for day in days.iter().filter(|day| day.on >= as_of) {
        let at = usize::try_from(day.on.days_since(as_of)).unwrap_or(0);
        plan.days.resize(at, vec![0; width]);
        plan.days.push(day.variants.clone());
    }
    promise::profiles(&plan, &product.ramp)
}

/// Why a plan cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanRefusal {
    /// Nothing was planned yet.
    NoPlan,
    /// The plan's requirements are kept no more.
    Pruned(String),
}

impl fmt::Display for PlanRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPlan => write!(out, "nothing was planned yet; call RunPlan first"),
            Self::Pruned(plan_id) => {
                write!(
                    out,
                    "the requirements of plan {plan_id} are kept no more; ask for one of the last two plans"
                )
            }
        }
    }
}

impl Refusal for PlanRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::NoPlan => "NO_PLAN",
            Self::Pruned(_) => "PLAN_PRUNED",
        }
    }
}

#[cfg(test)]
mod tests;
