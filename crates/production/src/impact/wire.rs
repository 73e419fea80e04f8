//! Impacts as they stand on the wire, and what procurement says of parts.
//!
//! It must not decide anything. Invariant: a part that the programme does not know is refused, not left out.

use std::collections::BTreeMap;

use takt_contract::{
    date_opt, date_pb, date_req, price_pb,
    procurement::v1 as procurement,
    production::v1::{self as pb},
};
use takt_kernel::{Price, Violations};
use takt_planning::{
    ramp::FeasiblePlan,
    risk::{Flow, Impact, Product as Built},
};
use takt_service::Error;

use super::{Missing, Standing};
use crate::product::Product;

/// What is built of the same parts.
pub fn build_pb(
    product: &Product,
    plan: &FeasiblePlan,
    (variant, built): (usize, Built),
    margin: Option<Price>,
) -> pb::PlannedBuild {
    let part = |(item, thousandths): &(usize, i64)| pb::BuildPart {
        item_id: item_id(product, *item),
        thousandths: *thousandths,
    };
    pb::PlannedBuild {
        variant_id: product.variant_id(variant).to_owned(),
        first_date: Some(date_pb(plan.first)),
        parts: built.parts.iter().map(part).collect(),
        vehicles_millionths: built.daily,
        margin: margin.map(price_pb),
    }
}

/// The parts that run out, with how much of the need comes over time.
pub fn parts_read(
    product: &Product,
    answer: &procurement::GetDisruptedPartsResponse,
) -> Result<(Vec<Missing>, BTreeMap<usize, Flow>), Error> {
    let mut violations = Violations::new();
    let (mut missing, mut flows) = (Vec::new(), BTreeMap::new());
    for part in &answer.parts {
        violations.scope(format!("parts[{}]", part.item_id), |violations| {
            let Some(item) = product.item(&part.item_id) else {
                return violations.push("item_id", "it is not an item of the programme");
            };
            let levels = part.levels.iter();
            let levels = levels.map(|level| (level.from_millidays, level.level_millionths));
            let Some(flow) = Flow::of_levels(levels) else {
                return violations.push("levels", "instants rise, and levels are shares");
            };
            missing.push(Missing {
                item,
                from: date_req(part.runs_out_on.as_ref(), "runs_out_on", violations),
                until: date_opt(part.back_on.as_ref(), "back_on", violations),
            });
            flows.insert(item, flow);
        });
    }
    let read = violations.finish().map_err(Error::from);
    read.map_err(|error| {
        Error::broken(format!(
            "procurement's answer does not fit the programme that is active here: {error}"
        ))
    })?;
    Ok((missing, flows))
}

/// The shops that stand.
pub fn shops_pb(product: &Product, shops: Vec<Standing>) -> Vec<pb::ShopImpact> {
    let shop = |shop: Standing| pb::ShopImpact {
        shop_id: shop.shop,
        from_date: Some(date_pb(shop.from)),
        until_date: shop.until.map(date_pb),
        item_ids: shop
            .items
            .iter()
            .map(|item| item_id(product, *item))
            .collect(),
    };
    shops.into_iter().map(shop).collect()
}

/// The variants that are built later.
pub fn vehicles_pb(product: &Product, impact: &Impact) -> Vec<pb::VehicleImpact> {
    let all = impact.by_variant.iter().zip(&impact.first_short);
    let late = all
        .enumerate()
        .filter(|(_, (shortfall, _))| shortfall.late > 0);
    let vehicle =
        |(variant, (shortfall, first)): (usize, (&takt_planning::shortfall::Shortfall, _))| {
            let first: &Option<takt_kernel::Date> = first;
            pb::VehicleImpact {
                variant_id: product.variant_id(variant).to_owned(),
                from_date: first.map(date_pb),
                late_vehicle_count: shortfall.late,
                late_on: shortfall.late_on.map(date_pb),
                recovered_on: shortfall.recovered_on.map(date_pb),
                lost_vehicle_count: shortfall.lost,
                vehicle_days_late: shortfall.vehicle_days,
            }
        };
    late.map(vehicle).collect()
}

fn item_id(product: &Product, item: usize) -> String {
    let item = product.items.get(item);
    item.map_or_else(String::new, |item| item.item_id.clone())
}
