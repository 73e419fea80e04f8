//! Health, causes and orders in danger as they stand on the wire, and what is asked of them.
//!
//! It must not decide anything. Invariant: a filter that fits no variant or city is refused, not answered with nothing.

use takt_contract::{
    common::v1::{Reason, ReasonCode},
    date_pb,
    delivery::v1 as pb,
};
use takt_kernel::Violations;

use super::{Cause, Health, Standing, at_risk::Danger, store::Kept};
use crate::{order::wire::state_pb, programme::Catalogue};

/// Which orders are meant; all that is given holds together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Scope {
    /// Only this variant.
    pub(crate) variant_no: Option<i64>,
    /// Only orders for this city.
    pub(crate) city: Option<String>,
}

impl Scope {
    /// Whether an order of a variant on a lane is meant.
    pub(crate) fn covers(&self, catalogue: &Catalogue, variant_no: i64, lane_no: i64) -> bool {
        let goes_there = |city: &String| {
            catalogue
                .lane_at(lane_no)
                .is_some_and(|lane| lane.city == *city)
        };
        self.variant_no.is_none_or(|wanted| wanted == variant_no)
            && self.city.as_ref().is_none_or(goes_there)
    }
}

/// Reads which orders are meant.
pub(crate) fn scope(
    variant_id: &str,
    city: &str,
    catalogue: &Catalogue,
    violations: &mut Violations,
) -> Scope {
    let variant = catalogue.variant(variant_id);
    if variant.is_none() && !variant_id.is_empty() {
        let known: Vec<&str> = (catalogue.variants.iter())
            .map(|variant| variant.id.as_str())
            .collect();
        violations.push(
            "variant_id",
            format!(
                "{variant_id:?} is not a variant; leave it out, or give one of {}",
                known.join(", ")
            ),
        );
    }
    if !city.is_empty() && catalogue.lanes_to(city).is_empty() {
        violations.push(
            "city",
            format!("no lane leads to {city:?}; leave it out, or give a city of the programme's outbound lanes"),
        );
    }
    Scope {
        variant_no: variant.map(|variant| variant.number),
        city: (!city.is_empty()).then(|| city.to_owned()),
    }
}

/// The health to filter by; None when both are wanted.
pub(crate) fn danger_opt(health: i32, violations: &mut Violations) -> Option<Health> {
    match pb::PromiseHealth::try_from(health) {
        Ok(pb::PromiseHealth::Unspecified) => None,
        Ok(pb::PromiseHealth::AtRisk) => Some(Health::AtRisk),
        Ok(pb::PromiseHealth::Late) => Some(Health::Late),
        Ok(pb::PromiseHealth::OnTime) | Err(_) => {
            violations.push(
                "health",
                "orders in danger are AT_RISK or LATE; leave it out for both",
            );
            None
        }
    }
}

/// Health as it is answered.
pub(crate) fn health_pb(health: Health) -> pb::PromiseHealth {
    match health {
        Health::OnTime => pb::PromiseHealth::OnTime,
        Health::AtRisk => pb::PromiseHealth::AtRisk,
        Health::Late => pb::PromiseHealth::Late,
    }
}

/// The causes as they are answered; the outlook knows the disruptions.
pub(crate) fn reasons_pb(cause: &Cause, kept: Option<&Kept>) -> Vec<Reason> {
    match cause {
        Cause::None => Vec::new(),
        Cause::Disruption => kept.map_or_else(Vec::new, |kept| kept.reasons.clone()),
        Cause::Quality { vin, from } => vec![Reason {
            code: ReasonCode::QualityHold.into(),
            subject: vin.clone(),
            from_date: from.map(date_pb),
            ..Reason::default()
        }],
        Cause::StopShip { recall_id, from } => vec![Reason {
            code: ReasonCode::QualityHold.into(),
            subject: recall_id.clone(),
            from_date: Some(date_pb(*from)),
            ..Reason::default()
        }],
        Cause::Damage { vin, from } => vec![Reason {
            code: ReasonCode::Transport.into(),
            subject: vin.clone(),
            from_date: Some(date_pb(*from)),
            ..Reason::default()
        }],
        Cause::Transport {
            shipment_id,
            from,
            until,
        } => vec![Reason {
            code: ReasonCode::Transport.into(),
            subject: shipment_id.clone(),
            from_date: from.map(date_pb),
            until_date: Some(date_pb(*until)),
            ..Reason::default()
        }],
    }
}

/// Adds to an order how its promise stands.
pub(crate) fn standing_add(
    order: &mut pb::Order,
    standing: Option<&Standing>,
    kept: Option<&Kept>,
) {
    if let Some(standing) = standing {
        order.promise_health = health_pb(standing.health).into();
        order.health_reasons = reasons_pb(&standing.cause, kept);
        order.expected_on = standing.expected_on.map(date_pb);
    }
}

/// An order in danger; `nearest` are the outlook's causes without those behind them.
pub(crate) fn danger_pb(
    catalogue: &Catalogue,
    danger: &Danger,
    (order_id, customer_id): &(String, String),
    nearest: &[Reason],
) -> pb::OrderAtRisk {
    let variant = catalogue.variant_at(danger.variant_no);
    let lane = catalogue.lane_at(danger.lane_no);
    let standing = &danger.standing;
    pb::OrderAtRisk {
        order_id: order_id.clone(),
        order_number: danger.order_no,
        customer_id: customer_id.clone(),
        variant_id: variant.map_or_else(String::new, |variant| variant.id.clone()),
        city: lane.map_or_else(String::new, |lane| lane.city.clone()),
        state: state_pb(danger.state).into(),
        health: health_pb(standing.health).into(),
        promised_on: Some(date_pb(danger.promised_on)),
        expected_on: standing.expected_on.map(date_pb),
        reasons: match standing.cause {
            Cause::Disruption => nearest.to_vec(),
            _ => reasons_pb(&standing.cause, None),
        },
    }
}

/// Causes without those behind them.
pub(crate) fn nearest(reasons: &[Reason]) -> Vec<Reason> {
    let alone = |reason: &Reason| Reason {
        upstream: Vec::new(),
        ..reason.clone()
    };
    reasons.iter().map(alone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::sample::catalogue;

    #[test]
    fn what_is_asked_for_exists_or_is_refused_by_field() {
        let catalogue = catalogue();
        let mut violations = Violations::new();
        let all = scope("", "", &catalogue, &mut violations);
        assert_eq!(all, Scope::default());
        assert!(all.covers(&catalogue, 1, 80) && all.covers(&catalogue, 2, 90));
        let some = scope("MAX", "Shanghai", &catalogue, &mut violations);
        assert!(some.covers(&catalogue, 2, 80) && some.covers(&catalogue, 2, 81));
        assert!(!some.covers(&catalogue, 1, 80) && !some.covers(&catalogue, 2, 90));
        assert!(violations.is_empty());
        scope("PRO", "Atlantis", &catalogue, &mut violations);
        for health in [0, 2, 3] {
            let read = danger_opt(health, &mut violations);
            assert_eq!(read.map(|read| health_pb(read).into()).unwrap_or(0), health);
        }
        danger_opt(1, &mut violations);
        danger_opt(9, &mut violations);
        let found = violations.finish().unwrap_err();
        let fields: Vec<&str> = found.iter().map(|found| found.field.as_str()).collect();
        assert_eq!(fields, ["variant_id", "city", "health", "health"]);
    }
}
