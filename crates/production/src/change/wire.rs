//! Changes between messages and the domain.
//!
//! It must not decide anything. Invariant: a message is read whole; every wrong field is named at once.

use takt_contract::{
    common::v1::{self as common, ReasonCode as Code},
    date_pb, date_req, money_pb,
    production::v1 as pb,
    quantity_pb,
};
use takt_kernel::{Quantity, Reason, Unit, Violations};
use takt_planning::change::Effectivity;

use super::{Affected, Change, Interchange, Spec, State, check, impact::Impact};
use crate::product::Product;

/// What a message says of a change, checked against the product.
pub fn spec_of(
    message: Option<&pb::ChangeSpec>,
    product: &Product,
    found: &mut Violations,
) -> Option<Spec> {
    let Some(message) = message else {
        found.push("spec", "it is missing");
        return None;
    };
    found.scope("spec", |found| {
        let interchange = match message.interchangeability() {
            pb::Interchangeability::Unspecified => Interchange::None,
            pb::Interchangeability::NewForOld => Interchange::NewForOld,
            pb::Interchangeability::BothWays => Interchange::BothWays,
        };
        let items = message.items.iter().map(|item| Affected {
            parent: item.parent_item_id.clone(),
            old: item.old_item_id.clone(),
            new: item.new_item_id.clone(),
            quantity: item.quantity_thousandths,
            condition: item.condition.clone(),
        });
        let spec = Spec {
            title: message.title.clone(),
            reason: message.reason.clone(),
            items: items.collect(),
            effectivity: effectivity_of(message.effectivity.as_ref(), found)?,
            interchange,
        };
        check(&spec, product, found);
        Some(spec)
    })
}

fn effectivity_of(
    message: Option<&pb::Effectivity>,
    found: &mut Violations,
) -> Option<Effectivity> {
    let Some(message) = message else {
        found.push(
            "effectivity",
            "it is missing; say from which vehicle on the change counts",
        );
        return None;
    };
    match message.kind() {
        pb::EffectivityKind::Date => Some(Effectivity::Date(date_req(
            message.date.as_ref(),
            "effectivity.date",
            found,
        ))),
        pb::EffectivityKind::RunOut => Some(Effectivity::RunOut(date_req(
            message.date.as_ref(),
            "effectivity.date",
            found,
        ))),
        pb::EffectivityKind::BuildNumber => Some(Effectivity::Build(message.build_number)),
        pb::EffectivityKind::Unspecified => {
            found.push("effectivity.kind", "say DATE, BUILD_NUMBER or RUN_OUT");
            None
        }
    }
}

/// A change as it stands on the wire.
pub fn change_pb(change: &Change) -> pb::EngineeringChange {
    let spec = &change.spec;
    let items = spec.items.iter().map(|item| pb::AffectedItem {
        parent_item_id: item.parent.clone(),
        old_item_id: item.old.clone(),
        new_item_id: item.new.clone(),
        quantity_thousandths: item.quantity,
        condition: item.condition.clone(),
    });
    let (kind, date, build_number) = match spec.effectivity {
        Effectivity::Date(on) => (pb::EffectivityKind::Date, Some(on), 0),
        Effectivity::Build(number) => (pb::EffectivityKind::BuildNumber, None, number),
        Effectivity::RunOut(from) => (pb::EffectivityKind::RunOut, Some(from), 0),
    };
    let interchangeability = match spec.interchange {
        Interchange::None => pb::Interchangeability::Unspecified,
        Interchange::NewForOld => pb::Interchangeability::NewForOld,
        Interchange::BothWays => pb::Interchangeability::BothWays,
    };
    let state = match change.state {
        State::Draft => pb::ChangeState::Draft,
        State::Assessed => pb::ChangeState::Assessed,
        State::Approved => pb::ChangeState::Approved,
        State::Released => pb::ChangeState::Released,
        State::Effective => pb::ChangeState::Effective,
        State::Cancelled => pb::ChangeState::Cancelled,
    };
    pb::EngineeringChange {
        change_id: change.change_id.clone(),
        spec: Some(pb::ChangeSpec {
            title: spec.title.clone(),
            reason: spec.reason.clone(),
            items: items.collect(),
            effectivity: Some(pb::Effectivity {
                kind: kind.into(),
                date: date.map(date_pb),
                build_number,
            }),
            interchangeability: interchangeability.into(),
        }),
        state: state.into(),
        etag: change.etag(),
        assessed_on: change.assessed_on.map(date_pb),
        first_possible_on: change.first_possible_on.map(date_pb),
        approved_by: change.approved_by.clone(),
        first_build_number: change.first_build.unwrap_or(0),
    }
}

/// What a change does as it stands on the wire; `away` says why procurement did not answer, where it did not.
pub fn impact_pb(product: &Product, impact: &Impact, away: Option<String>) -> pb::ChangeImpact {
    let leftovers = impact.leftovers.iter().map(|line| {
        let quantity = |quantity| Some(quantity_pb(quantity, unit_of(product, line.item)));
        pb::LeftoverItem {
            item_id: name_of(product, line.item),
            need: quantity(line.need),
            on_hand: quantity(line.on_hand),
            open: quantity(line.open),
            obsolete: quantity(line.left.obsolete),
            liability: quantity(line.left.liability),
            obsolete_cost: line.obsolete_cost.map(money_pb),
            liability_cost: line.liability_cost.map(money_pb),
        }
    });
    let status = match impact.complete && away.is_none() {
        true => common::ResultStatus::Complete,
        false => common::ResultStatus::Partial,
    };
    let tombstones = away.map(|why| common::Tombstone {
        node: "procurement".to_owned(),
        code: Code::TierUnknown.into(),
        detail: format!(
            "stock, orders and suppliers are not known: {why}; ask again when procurement answers"
        ),
    });
    pb::ChangeImpact {
        as_of: Some(date_pb(impact.as_of)),
        leftovers: leftovers.collect(),
        old_vehicle_count: impact.old_vehicles,
        new_vehicle_count: impact.new_vehicles,
        expected_break_on: impact.begins.map(|(on, _)| date_pb(on)),
        expected_build_number: impact.begins.map_or(0, |(_, build)| build),
        first_possible_on: impact.first_possible.map(date_pb),
        possible: impact.possible(),
        reasons: impact
            .reasons
            .iter()
            .map(|reason| reason_pb(product, reason))
            .collect(),
        result_status: status.into(),
        tombstones: tombstones.into_iter().collect(),
    }
}

/// The id of an item.
pub fn name_of(product: &Product, item: usize) -> String {
    let known = product.items.get(item);
    known.map_or_else(String::new, |item| item.item_id.clone())
}

fn unit_of(product: &Product, item: usize) -> Unit {
    let known = product.items.get(item);
    known
        .and_then(|item| Unit::from_code(&item.unit_code).ok())
        .unwrap_or(Unit::Piece)
}

fn reason_pb(product: &Product, reason: &Reason) -> common::Reason {
    // The subject is an item and a supplier; the item is what stands before the last dot.
    let item = reason.subject.rsplit_once('.');
    let item = product.item(item.map_or(&*reason.subject, |(item, _)| item));
    let unit = item.map_or(Unit::Piece, |item| unit_of(product, item));
    let some = reason.blocked != Quantity::ZERO;
    let code = Code::from_str_name(&format!("REASON_CODE_{}", reason.code.as_str()));
    common::Reason {
        code: code.unwrap_or(Code::Unspecified).into(),
        subject: reason.subject.clone(),
        from_date: reason.from.map(date_pb),
        until_date: reason.until.map(date_pb),
        quantity: some.then(|| quantity_pb(reason.blocked, unit)),
        upstream: Vec::new(),
    }
}
