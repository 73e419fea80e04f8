//! Impacts as they stand on the wire.
//!
//! It must not decide anything.

use takt_contract::{
    common::v1 as common, date_pb, delivery::v1 as pb, procurement::v1 as procurement,
};
use takt_kernel::Date;

use super::{Health, Hit};
use crate::{order::wire::promise_pb, programme::Catalogue};

/// An order whose promise is in danger.
pub(super) fn order_pb(
    catalogue: &Catalogue,
    (order_id, customer_id): &(String, String),
    hit: &Hit,
    (made_on, plan_id): (Date, &str),
    reasons: &[common::Reason],
) -> pb::OrderImpact {
    let health = match hit.health {
        Health::AtRisk => pb::PromiseHealth::AtRisk,
        Health::Late => pb::PromiseHealth::Late,
    };
    let variant = catalogue.variant_at(hit.variant_no);
    pb::OrderImpact {
        order_id: order_id.clone(),
        customer_id: customer_id.clone(),
        variant_id: variant.map_or_else(String::new, |variant| variant.id.clone()),
        health: health.into(),
        promised_on: Some(date_pb(hit.promised_on)),
        planned_build_on: Some(date_pb(hit.planned_build_on)),
        build_on: Some(date_pb(hit.build_on)),
        deliver_on: Some(date_pb(hit.deliver_on)),
        proposal: hit
            .proposal
            .map(|new| promise_pb(&new.made(made_on, plan_id))),
        reasons: reasons.to_vec(),
    }
}

/// Why vehicles are built later: each disruption with the parts behind it.
pub(crate) fn reasons_of(parts: &procurement::GetDisruptedPartsResponse) -> Vec<common::Reason> {
    let mut reasons = Vec::new();
    for disruption in &parts.disruptions {
        let behind = parts
            .parts
            .iter()
            .filter(|part| part.disruption_ids.contains(&disruption.disruption_id));
        let upstream: Vec<common::Reason> = behind
            .map(|part| common::Reason {
                code: common::ReasonCode::MaterialShortage.into(),
                subject: part.item_id.clone(),
                from_date: part.runs_out_on,
                until_date: part.back_on,
                quantity: part.uncovered.clone(),
                upstream: Vec::new(),
            })
            .collect();
        if !upstream.is_empty() {
            reasons.push(common::Reason {
                code: common::ReasonCode::Disruption.into(),
                subject: disruption.disruption_id.clone(),
                from_date: disruption.begins_on,
                until_date: disruption.resolved_on.or(disruption.expected_end_on),
                quantity: None,
                upstream,
            });
        }
    }
    reasons
}

/// The hole where production has not answered.
pub(super) fn production_hole(error: &dyn std::fmt::Display) -> common::Tombstone {
    common::Tombstone {
        node: "production".to_owned(),
        code: common::ReasonCode::TierUnknown.into(),
        detail: format!(
            "what parts, shops, vehicles and orders are touched is not known: {error}; ask again when production answers"
        ),
    }
}
