//! Suppliers side by side as they stand on the wire.
//!
//! It must not decide anything. Invariant: a figure that nobody knows is absent, never 0.

use takt_contract::{money_pb, procurement::v1 as pb};
use takt_kernel::Violations;
use takt_planning::risk::Spared;

use super::{
    compare::{Compared, Kind, Measure, Wish},
    wire::{fee_read, interest_pb},
};
use crate::{
    programme::Catalogue,
    risk::{Ahead, amount, item_id, micros},
    rows::{count, short},
};

/// A whole.
const WHOLE: i64 = 1_000_000;

/// Reads what is asked.
pub(super) fn wish_read(
    message: &pb::ComparePartnersRequest,
    catalogue: &Catalogue,
    violations: &mut Violations,
) -> Wish {
    let second = match message.second_source_millionths {
        0 => WHOLE / 2,
        some => some,
    };
    violations.require(
        (1..=WHOLE).contains(&second),
        "second_source_millionths",
        "it is 1 to 1,000,000 millionths; 0 means half",
    );
    let cost = fee_read(
        message.second_source_cost.as_ref(),
        "second_source_cost",
        violations,
    );
    let own = catalogue.currency();
    violations.require(
        cost.is_none_or(|cost| cost.currency == own),
        "second_source_cost",
        format!("give it in {}, the currency of the parts", own.as_str()),
    );
    Wish {
        supplier: message.supplier_id.clone(),
        second,
        second_cost: cost.map(micros),
    }
}

/// A supplier.
pub(super) fn partner_pb(catalogue: &Catalogue, ahead: &Ahead, one: &Compared) -> pb::Partner {
    let money = |micros: i64| money_pb(amount(micros, catalogue.currency()));
    let lost = one.partner.lost.filter(|_| ahead.is_vehicles);
    let margin = |spared: Spared| ahead.margins.is_some().then(|| money(spared.margin));
    let measure = |own: &Measure| pb::PartnerMeasure {
        kind: i32::from(match own.kind {
            Kind::Stock => pb::PartnerMeasureKind::Stock,
            Kind::SecondSource => pb::PartnerMeasureKind::SecondSource,
            Kind::ReservedCapacity => pb::PartnerMeasureKind::ReservedCapacity,
        }),
        spared_vehicles_millionths: own.spared.vehicles,
        spared_margin: margin(own.spared),
        cost: own.cost.map(money),
        margin_per_cost_millionths: own.worth,
    };
    // Without vehicles nothing is told of what is spared.
    let measures = one.measures.iter().filter(|_| ahead.is_vehicles);
    pb::Partner {
        supplier_id: one.supplier.clone(),
        name: one.name.clone(),
        tier: short(one.tier.into()),
        site_count: count(one.sites),
        time_to_recover_millidays: one.partner.time_to_recover,
        time_to_survive_millidays: one.partner.time_to_survive,
        lost_vehicles_millionths: lost.map(|lost| lost.vehicles),
        lost_margin: lost.and_then(margin),
        exposure_index_millionths: lost.map_or(0, |_| one.index),
        binding_item_id: one
            .binding
            .map_or_else(String::new, |part| item_id(catalogue, part)),
        spend: one.spend.map(money),
        interest: one.interest.as_ref().map(interest_pb),
        need_count: count(one.partner.needs),
        need_alone_count: count(one.partner.alone),
        alternative_supplier_ids: one.alternatives.clone(),
        development_ids: one.developments.clone(),
        measures: measures.map(measure).collect(),
    }
}
