//! Risk as it stands on the wire.
//!
//! It must not decide anything. Invariant: a figure that nobody knows is absent, never 0.

use takt_contract::{common::v1 as common, money_pb, procurement::v1 as pb, quantity_pb};
use takt_kernel::{Amount, Currency, Quantity, Violations, half_even_div};
use takt_planning::risk::{Binding, Bridge, Exposure};

use super::{
    Ahead,
    network::{Network, SiteStock},
};
use crate::{programme::Catalogue, rows::short};

/// The first tier that the plant does not meet in its own orders or those of its suppliers.
const HIDDEN: u32 = 3;

/// Whether finished stock of a lost site counts.
pub(super) fn site_stock_read(number: i32, violations: &mut Violations) -> SiteStock {
    match pb::SiteStock::try_from(number) {
        Ok(pb::SiteStock::Unspecified) => SiteStock::Declared,
        Ok(pb::SiteStock::Survives) => SiteStock::Survives,
        Ok(pb::SiteStock::IsLost) => SiteStock::Lost,
        Err(_) => {
            violations.push(
                "site_stock",
                format!("{number} is none; leave it out, or say SURVIVES or IS_LOST"),
            );
            SiteStock::Declared
        }
    }
}

/// Whether a site is hidden from the plant.
pub(super) fn is_hidden(exposure: &Exposure) -> bool {
    exposure.tier >= HIDDEN
}

/// A site with what its loss costs.
pub(super) fn node_pb(
    catalogue: &Catalogue,
    network: &Network,
    ahead: &Ahead,
    exposure: &Exposure,
) -> pb::NodeRisk {
    let site = network.sites.get(exposure.node);
    let lost = exposure.lost.as_ref();
    let vehicles = lost.filter(|_| ahead.is_vehicles);
    let margin = vehicles.filter(|_| ahead.margins.is_some());
    let mitigation = lost.map(|lost| lost.bridge.iter());
    pb::NodeRisk {
        supplier_id: site.map_or_else(String::new, |site| site.supplier.clone()),
        item_id: site.map_or_else(String::new, |site| site.item.clone()),
        name: site.map_or_else(String::new, |site| site.name.clone()),
        tier: short(exposure.tier.into()),
        hidden: is_hidden(exposure),
        time_to_recover_millidays: exposure.time_to_recover,
        time_to_survive_millidays: exposure.time_to_survive,
        lost_vehicles_millionths: vehicles.map(|lost| lost.vehicles),
        lost_margin: margin.map(|lost| money_pb(amount(lost.margin, catalogue.currency()))),
        exposure_index_millionths: vehicles.map_or(0, |lost| lost.index),
        binding_item_id: exposure
            .binding
            .map_or_else(String::new, |Binding::Part(part)| item_id(catalogue, part)),
        mitigation: mitigation
            .into_iter()
            .flatten()
            .map(|bridge| mitigation_pb(catalogue, bridge))
            .collect(),
    }
}

fn mitigation_pb(catalogue: &Catalogue, bridge: &Bridge) -> pb::Mitigation {
    let bought = catalogue.bought().get(bridge.part);
    pb::Mitigation {
        item_id: item_id(catalogue, bridge.part),
        millidays: bridge.days,
        quantity: bought.map(|bought| quantity_pb(Quantity(bridge.quantity), bought.item.unit)),
        cost: Some(money_pb(amount(bridge.cost, catalogue.currency()))),
    }
}

/// The part number of a bought item by its place.
pub(crate) fn item_id(catalogue: &Catalogue, part: usize) -> String {
    let bought = catalogue.bought().get(part);
    bought.map_or_else(String::new, |bought| bought.item.id.to_string())
}

/// Millionths of a currency as an amount, rounded once.
pub(crate) fn amount(micros: i64, currency: Currency) -> Amount {
    let scale = 10i128.pow(6u32.saturating_sub(currency.minor_digits()));
    Amount {
        minor: half_even_div(i128::from(micros), scale).unwrap_or(i64::MAX),
        currency,
    }
}

/// An amount in millionths of its currency.
pub(crate) fn micros(amount: Amount) -> i64 {
    let scale = 10i64.pow(6u32.saturating_sub(amount.currency.minor_digits()));
    amount.minor.saturating_mul(scale)
}

/// The hole where production has not said what it builds.
pub(super) fn production_hole(error: &dyn std::fmt::Display) -> common::Tombstone {
    common::Tombstone {
        node: "production".to_owned(),
        code: common::ReasonCode::TierUnknown.into(),
        detail: format!(
            "what the plan builds is not known, so days are computed from what it requires: {error}; ask again when production answers"
        ),
    }
}
