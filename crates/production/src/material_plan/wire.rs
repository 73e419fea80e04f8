//! Material plans as they stand on the wire.
//!
//! It must not decide anything. Invariant: a plan that procurement had no part in is PARTIAL and says so.

use takt_contract::{
    common::v1::{self as common, ReasonCode as Code},
    date_pb,
    production::v1 as pb,
};
use takt_planning::{
    material::{ItemPlan, Named, Supplied},
    mrp::{Action, LateOrder},
};

use super::{ACTIONS, Head, Told};
use crate::product::Product;
use crate::promise::wire::reason_pb;

/// The releases of one message of an item; an item that has more goes on in the next one.
const RELEASES: usize = 1_000;

/// A head.
pub fn head_pb(head: &Head) -> pb::MaterialPlan {
    let counted = ACTIONS
        .iter()
        .zip(head.actions)
        .filter(|(_, count)| *count > 0);
    let (result_status, tombstones) = status_pb(head);
    pb::MaterialPlan {
        plan_id: head.plan_id.clone(),
        as_of: head.as_of.map(date_pb),
        finite: head.finite,
        weekly: head.weekly,
        demand_count: head.demands,
        item_count: i32::try_from(head.items).unwrap_or(i32::MAX),
        order_count: head.orders,
        past_due_count: head.past_due,
        late_count: head.late,
        late_unit_days: head.late_unit_days,
        message_count: head.actions.iter().sum(),
        actions: counted
            .map(|(action, message_count)| pb::ActionCount {
                action: action_pb(*action).into(),
                message_count,
            })
            .collect(),
        result_status,
        tombstones,
    }
}

/// Whether an answer of the plan is whole, and what is missing.
pub fn status_pb(head: &Head) -> (i32, Vec<common::Tombstone>) {
    if !head.is_partial() {
        return (common::ResultStatus::Complete.into(), Vec::new());
    }
    let why = &head.unanswered;
    let tombstone = common::Tombstone {
        node: "procurement".to_owned(),
        code: Code::TierUnknown.into(),
        detail: format!(
            "stock, receipts, lots and lead times of bought parts are not known: {why}; run the plan again when procurement answers"
        ),
    };
    (common::ResultStatus::Partial.into(), vec![tombstone])
}

/// An action.
pub fn action_pb(action: Action) -> pb::PlanAction {
    match action {
        Action::Order => pb::PlanAction::Order,
        Action::Expedite => pb::PlanAction::Expedite,
        Action::Defer => pb::PlanAction::Defer,
        Action::Cancel => pb::PlanAction::Cancel,
        Action::Increase => pb::PlanAction::Increase,
        Action::Decrease => pb::PlanAction::Decrease,
    }
}

fn item_id(product: &Product, item: usize) -> String {
    let known = product.items.get(item);
    known.map_or_else(String::new, |item| item.item_id.clone())
}

/// An item without its releases.
pub fn item_head_pb(product: &Product, item: &ItemPlan) -> pb::PlannedItem {
    pb::PlannedItem {
        item_id: item_id(product, item.item),
        gross_thousandths: item.gross.milli(),
        net_thousandths: item.net.milli(),
        planned_thousandths: item.planned_quantity.milli(),
        order_count: i64::try_from(item.releases.len()).unwrap_or(i64::MAX),
        releases: Vec::new(),
    }
}

/// An item with its releases, in as many entries as they need.
pub fn item_pb(product: &Product, told: &Told, item: &ItemPlan) -> Vec<pb::PlannedItem> {
    let head = item_head_pb(product, item);
    if item.releases.is_empty() {
        return vec![head];
    }
    let release = |release: &takt_planning::material::Release| pb::PlannedRelease {
        released_on: Some(date_pb(release.on)),
        received_on: Some(date_pb(release.due)),
        thousandths: release.quantity.milli(),
        past_due_days: release.past_due_days,
        supplier_id: (release.source)
            .and_then(|source| told.plan.supplier(item.item, source))
            .unwrap_or_default()
            .to_owned(),
    };
    let entries = item
        .releases
        .chunks(RELEASES)
        .map(|releases| pb::PlannedItem {
            releases: releases.iter().map(release).collect(),
            ..head.clone()
        });
    entries.collect()
}

/// The id of a demand.
pub fn demand_id(told: &Told, demand: usize) -> String {
    let known = told.plan.demand_at(demand);
    known.map_or_else(String::new, |demand| demand.id.clone())
}

/// A message.
pub fn message_pb(product: &Product, told: &Told, message: &Named) -> pb::PlanMessage {
    pb::PlanMessage {
        action: action_pb(message.action).into(),
        item_id: item_id(product, message.item),
        receipt_id: message.receipt.clone().unwrap_or_default(),
        release_on: message.release_on.map(date_pb),
        received_on: Some(date_pb(message.due)),
        wanted_on: message.wanted.map(date_pb),
        thousandths: message.quantity.milli(),
        past_due_days: message.past_due_days,
        demand_id: message
            .demand
            .map(|demand| demand_id(told, demand))
            .unwrap_or_default(),
    }
}

/// A late demand with its reasons.
pub fn late_pb(product: &Product, demand_id: String, late: &LateOrder) -> pb::LateDemand {
    pb::LateDemand {
        demand_id,
        late_days: late.days,
        earliest_on: late.earliest.map(date_pb),
        thousandths: late.quantity.milli(),
        reasons: late
            .reasons
            .iter()
            .map(|reason| reason_pb(reason, product))
            .collect(),
    }
}

/// A supply below a demand.
pub fn supplied_pb(product: &Product, supplied: &Supplied) -> pb::PeggedSupply {
    pb::PeggedSupply {
        item_id: item_id(product, supplied.item),
        receipt_id: supplied.receipt.clone().unwrap_or_default(),
        released_on: supplied.order.map(|(release, _)| date_pb(release)),
        received_on: supplied.order.map(|(_, due)| date_pb(due)),
        thousandths: supplied.quantity.milli(),
    }
}
