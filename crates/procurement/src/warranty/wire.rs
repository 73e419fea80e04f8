//! Claims between the wire and the domain.
//!
//! It must not decide anything. Invariant: a fact or a message is read as a whole or refused.

use takt_contract::{
    common::v1 as common, date_pb, date_req, events::v1::PartFailed, money_pb,
    procurement::v1 as pb,
};
use takt_kernel::{Amount, Currency, Violations};
use takt_service::Error;

use super::{Claim, ClaimState};

/// The claim for a part of which delivery tells that it has failed.
pub(crate) fn claim_of(told: &PartFailed) -> Result<Claim, Error> {
    let mut violations = Violations::new();
    for (field, text) in [
        ("case_id", &told.case_id),
        ("vin", &told.vin),
        ("item_id", &told.item_id),
        ("lot_id", &told.lot_id),
        ("supplier_id", &told.supplier_id),
    ] {
        violations.require(!text.is_empty(), field, "it is missing");
    }
    let failed_on = date_req(told.failed_on.as_ref(), "failed_on", &mut violations);
    let filed_on = date_req(told.repaired_on.as_ref(), "repaired_on", &mut violations);
    let cost = told.cost.clone().unwrap_or_default();
    let sane = cost.minor_units >= 0;
    violations.require(sane, "cost.minor_units", "it is negative");
    let currency = violations.check("cost.currency_code", Currency::parse(&cost.currency_code));
    let currency = violations.finish_with(currency)?;
    Ok(Claim {
        id: told.case_id.clone(),
        supplier: told.supplier_id.clone(),
        item: told.item_id.clone(),
        lot: told.lot_id.clone(),
        serial: told.serial_number.clone(),
        vin: told.vin.clone(),
        category: told.category.clone(),
        failed_on,
        filed_on,
        claimed: Amount::new(cost.minor_units, currency),
        state: ClaimState::Filed,
        accepted: None,
        settled: None,
        answered_on: None,
        settled_on: None,
        reject_reason: String::new(),
    })
}

/// A claim as it is answered.
pub(super) fn claim_pb(claim: &Claim) -> pb::Claim {
    let amount = |minor: Option<i64>| {
        minor.map(|minor| {
            money_pb(Amount {
                minor,
                ..claim.claimed
            })
        })
    };
    let state = match claim.state {
        ClaimState::Filed => pb::ClaimState::Filed,
        ClaimState::Accepted => pb::ClaimState::Accepted,
        ClaimState::Rejected => pb::ClaimState::Rejected,
        ClaimState::Settled => pb::ClaimState::Settled,
    };
    pb::Claim {
        claim_id: claim.id.clone(),
        supplier_id: claim.supplier.clone(),
        item_id: claim.item.clone(),
        lot_id: claim.lot.clone(),
        serial_number: claim.serial.clone(),
        vin: claim.vin.clone(),
        category: claim.category.clone(),
        failed_on: Some(date_pb(claim.failed_on)),
        filed_on: Some(date_pb(claim.filed_on)),
        claimed: Some(money_pb(claim.claimed)),
        state: state.into(),
        accepted: amount(claim.accepted),
        settled: amount(claim.settled),
        answered_on: claim.answered_on.map(date_pb),
        settled_on: claim.settled_on.map(date_pb),
        reject_reason: claim.reject_reason.clone(),
    }
}

/// An amount that may be left out and is more than nothing.
pub(super) fn amount_opt(
    money: Option<&common::Money>,
    violations: &mut Violations,
) -> Option<Amount> {
    let money = money?;
    violations.scope("amount", |violations| {
        let sane = money.minor_units > 0;
        violations.require(sane, "minor_units", "it is more than 0");
        let currency = violations.check("currency_code", Currency::parse(&money.currency_code))?;
        Some(Amount::new(money.minor_units, currency))
    })
}

/// The state of a list; none for every one.
pub(super) fn state_opt(state: i32, violations: &mut Violations) -> Option<ClaimState> {
    match pb::ClaimState::try_from(state) {
        Ok(known) => ClaimState::of_code(i64::from(i32::from(known))),
        Err(_) => {
            let rule = format!("{state} is not a state that is known here");
            violations.push("state", rule);
            None
        }
    }
}
