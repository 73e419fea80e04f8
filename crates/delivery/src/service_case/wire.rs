//! From cases to messages.
//!
//! It must not decide anything.

use takt_contract::{
    date_pb,
    delivery::v1 as pb,
    events::v1::{PartFailed, fact_body::Kind},
    money_pb,
};
use takt_service::NewFact;

use super::{Case, CaseState, Part, Repair, store::Count};

/// A case as it is answered.
pub(super) fn case_pb(case: &Case) -> pb::ServiceCase {
    let opening = &case.opening;
    let state = match case.state {
        CaseState::Open => pb::ServiceCaseState::Open,
        CaseState::Diagnosed => pb::ServiceCaseState::Diagnosed,
        CaseState::Repaired => pb::ServiceCaseState::Repaired,
        CaseState::Closed => pb::ServiceCaseState::Closed,
        CaseState::Cancelled => pb::ServiceCaseState::Cancelled,
    };
    pb::ServiceCase {
        case_id: opening.id.clone(),
        vin: opening.vin.clone(),
        order_id: case.vehicle.order_id.clone(),
        state: state.into(),
        category: opening.category.clone(),
        symptom: opening.symptom.clone(),
        odometer_km: opening.odometer.and_then(|km| i32::try_from(km).ok()),
        city: opening.city.clone(),
        opened_on: Some(date_pb(opening.on)),
        diagnosed_on: case.finding.as_ref().map(|(on, _)| date_pb(*on)),
        finding: case
            .finding
            .as_ref()
            .map(|(_, text)| text.clone())
            .unwrap_or_default(),
        failed_part: case.part.as_ref().map(part_pb),
        repair: case.repair.as_ref().map(repair_pb),
        ended_on: case.ended_on.map(date_pb),
        cancel_reason: case.cancel_reason.clone(),
    }
}

fn part_pb(part: &Part) -> pb::FailedPart {
    pb::FailedPart {
        item_id: part.item.clone(),
        lot_id: part.lot.clone(),
        serial_number: part.serial.clone(),
        supplier_id: part.supplier.clone(),
    }
}

fn repair_pb(repair: &Repair) -> pb::Repair {
    let replacement = repair.replacement.as_ref().map(|new| pb::ReplacementPart {
        lot_id: new.lot.clone(),
        serial_number: new.serial.clone(),
        supplier_id: new.supplier.clone(),
    });
    pb::Repair {
        repaired_on: Some(date_pb(repair.on)),
        remedy: repair.remedy.clone(),
        labour_millihours: repair.labour,
        cost: Some(money_pb(repair.cost)),
        replacement,
    }
}

/// The fact that a part has failed; none where the case names no part of a supplier, or is not repaired.
pub(super) fn fact(case: &Case, traceparent: Option<String>) -> Option<NewFact> {
    let (part, repair) = case.part.as_ref().zip(case.repair.as_ref())?;
    if part.supplier.is_empty() || part.lot.is_empty() {
        return None;
    }
    let body = PartFailed {
        case_id: case.opening.id.clone(),
        vin: case.opening.vin.clone(),
        item_id: part.item.clone(),
        lot_id: part.lot.clone(),
        serial_number: part.serial.clone(),
        supplier_id: part.supplier.clone(),
        category: case.opening.category.clone(),
        failed_on: Some(date_pb(case.opening.on)),
        repaired_on: Some(date_pb(repair.on)),
        cost: Some(money_pb(repair.cost)),
    };
    Some(NewFact {
        subject: case.opening.id.clone(),
        on: repair.on,
        traceparent,
        body: Kind::PartFailed(body),
    })
}

/// The cases by category, the most frequent first and ties by name.
pub(super) fn counts_pb(counts: Vec<Count>) -> Vec<pb::CategoryCount> {
    let mut all: Vec<pb::CategoryCount> = Vec::new();
    for count in counts {
        // Categories come in order, one row for each currency.
        if all
            .last()
            .is_none_or(|last| last.category != count.category)
        {
            all.push(pb::CategoryCount {
                category: count.category,
                ..pb::CategoryCount::default()
            });
        }
        let Some(last) = all.last_mut() else {
            continue;
        };
        last.case_count += count.cases;
        last.part_failed_count += count.failed;
        last.unclosed_count += count.unclosed;
        last.labour_millihours += count.labour;
        if !count.currency.is_empty() {
            last.costs.push(takt_contract::common::v1::Money {
                currency_code: count.currency,
                minor_units: count.cost,
            });
        }
    }
    all.sort_by(|one, other| {
        let order = other.case_count.cmp(&one.case_count);
        order.then_with(|| one.category.cmp(&other.category))
    });
    all
}
