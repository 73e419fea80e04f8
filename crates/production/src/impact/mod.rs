//! What a plan builds of which parts, and what becomes of it when parts are missing.
//!
//! It must not know rows or messages. Invariants: what a plan builds is gathered by its parts, options by their shares; without a
//! missing part the plan stays as it is.

pub mod rpc;
mod store;
mod wire;

use std::collections::BTreeMap;

use takt_kernel::{Date, MoneyError, Price, Share};
use takt_planning::{
    economics::margin,
    ramp::FeasiblePlan,
    risk::{Flow, Impact, Plant, Product as Built, impact, offer, with_edition},
};

use crate::{
    plan::PlanDay,
    product::Product,
    ramp::{Economics, prices, volume::micros},
};

/// What a vehicle of each variant costs without tax.
pub type NetPrices = BTreeMap<usize, Price>;

/// A plan from a day on, every day of it.
pub fn plan_from(days: &[PlanDay], from: Date, width: usize) -> FeasiblePlan {
    let mut plan = FeasiblePlan {
        first: from,
        days: Vec::new(),
    };
    for day in days.iter().filter(|day| day.on >= from) {
        let at = usize::try_from(day.on.days_since(from)).unwrap_or(0);
        plan.days.resize(at, vec![0; width]);
        plan.days.push(day.variants.clone());
    }
    plan
}

/// The days of a plan on which something is built.
pub fn days_of(plan: &FeasiblePlan) -> Vec<PlanDay> {
    let day = |(on, variants): (i32, &Vec<i64>)| PlanDay {
        on: plan.first.plus(on),
        capacity: 0,
        variants: variants.clone(),
    };
    let days = (0i32..).zip(&plan.days).map(day);
    days.filter(|day| day.variants.iter().any(|units| *units > 0))
        .collect()
}

/// What a plan builds by what it is built of, each with its variant.
pub fn built_of(product: &Product, plan: &FeasiblePlan) -> Vec<(usize, Built)> {
    let shares: Vec<Share> = product
        .variants
        .iter()
        .map(|variant| variant.share)
        .collect();
    let attributes = with_edition(
        &product.attributes,
        product.founders,
        &shares,
        product.programme.vehicle_count,
    );
    offer(&product.bom, &attributes, &plan.days)
}

/// What a vehicle of each variant earns before fixed cost, in millionths; nothing of a variant whose price is not known.
///
/// # Errors
/// `MoneyError` when currencies mix.
pub fn margins(
    product: &Product,
    economics: Option<&Economics>,
    net: &NetPrices,
) -> Result<BTreeMap<usize, Price>, MoneyError> {
    let mut margins = BTreeMap::new();
    let Some(economics) = economics else {
        return Ok(margins);
    };
    let (prices, conversion) = (prices(product), micros(economics.conversion));
    for (variant, net) in net {
        let Some(reference) = product.variants.get(*variant) else {
            continue;
        };
        let needs = product
            .needs()
            .get(&product.bom, reference.reference)
            .clone();
        let earned = margin(*net, &needs, &prices, conversion)?;
        margins.insert(*variant, Price::new(earned, net.currency));
    }
    Ok(margins)
}

/// What becomes of a plan when parts flow like this; `built` are the vehicles of each variant built before it.
pub fn impact_of(
    product: &Product,
    plan: &FeasiblePlan,
    built: &[i64],
    parts: &BTreeMap<usize, Flow>,
) -> Impact {
    let plant = Plant {
        ramp: &product.ramp,
        schedule: &product.schedule,
        undisturbed: plan,
    };
    impact(plant, built, &built_of(product, plan), parts)
}

/// A part that runs out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The item.
    pub item: usize,
    /// The first day on which the need is not covered.
    pub from: Date,
    /// The first day on which it is again; None where nobody knows.
    pub until: Option<Date>,
}

/// A shop that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The shop.
    pub shop: String,
    /// The first day on which a part is missing.
    pub from: Date,
    /// The first day on which none is; None where nobody knows.
    pub until: Option<Date>,
    /// The parts, the first one first.
    pub items: Vec<usize>,
}

/// The shops that use the parts, in the order of flow.
pub fn shops(product: &Product, missing: &[Missing]) -> Vec<Standing> {
    let mut all = Vec::new();
    for shop in &product.shops {
        let of = |missing: &&Missing| {
            let item = product.items.get(missing.item);
            item.is_some_and(|item| item.shop_id == shop.shop_id)
        };
        let mut own: Vec<&Missing> = missing.iter().filter(of).collect();
        own.sort_by_key(|missing| (missing.from, missing.item));
        let Some(first) = own.first() else { continue };
        let until: Option<Vec<Date>> = own.iter().map(|missing| missing.until).collect();
        all.push(Standing {
            shop: shop.shop_id.clone(),
            from: first.from,
            until: until.and_then(|days| days.into_iter().max()),
            items: own.iter().map(|missing| missing.item).collect(),
        });
    }
    all
}
