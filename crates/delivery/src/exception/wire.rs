//! Exceptions between the wire and the domain.
//!
//! It must not decide anything. Invariant: a field that does not belong to a kind of report is refused, never passed over.

use std::collections::BTreeMap;

use takt_contract::{common::v1::Money, date_pb, date_req, delivery::v1 as pb, id_req};
use takt_kernel::{Currency, Date, Vin, Violations};

use super::{Ended, Exception, Kind, Proof, Report, Resolution, Trouble};
use crate::{programme::Catalogue, shipment::TransportEvent};

/// The longest text.
const LONGEST: usize = 500;

/// Reads a text that must be there, or may be left out.
fn text(value: &str, field: &str, must: bool, violations: &mut Violations) -> String {
    let text = value.trim();
    violations.require(
        !must || !text.is_empty(),
        field,
        "it is missing; say what happened",
    );
    violations.require(
        text.chars().count() <= LONGEST,
        field,
        format!("it is longer than {LONGEST} characters"),
    );
    text.to_owned()
}

/// Reads what a carrier reports, but for the shipment.
pub(crate) fn report(event: &pb::TransportEvent, violations: &mut Violations) -> Option<Report> {
    let on = date_req(event.date.as_ref(), "date", violations);
    let kind = pb::TransportEventKind::try_from(event.kind);
    let kind = kind.unwrap_or(pb::TransportEventKind::Unspecified);
    let name = kind.as_str_name().rsplit('_').next().unwrap_or_default();
    let (delayed, damaged, lost) = (
        kind == pb::TransportEventKind::Delayed,
        kind == pb::TransportEventKind::Damaged,
        kind == pb::TransportEventKind::Lost,
    );
    let mut only = |field: &str, given: bool, belongs: bool| {
        violations.require(
            !given || belongs,
            field,
            format!("it does not belong to a report of {name}; leave it out"),
        );
    };
    only("expected_on", event.expected_on.is_some(), delayed);
    only("vin", !event.vin.is_empty(), damaged || lost);
    only("severity", event.severity != 0, damaged);
    let wrong = delayed || damaged || lost;
    only("description", !event.description.is_empty(), wrong);
    let arrived = kind == pb::TransportEventKind::Arrived;
    only("proof", event.proof.is_some(), arrived);
    let said =
        |violations: &mut Violations| text(&event.description, "description", true, violations);
    match kind {
        pb::TransportEventKind::Departed => Some(Report::Moved(TransportEvent::Departed(on), None)),
        pb::TransportEventKind::Arrived => {
            let proof = event.proof.as_ref();
            let proof = proof.map(|proof| proof_of(proof, violations));
            Some(Report::Moved(TransportEvent::Arrived(on), proof))
        }
        pb::TransportEventKind::Delayed => {
            let expected_on = date_req(event.expected_on.as_ref(), "expected_on", violations);
            let description = said(violations);
            let trouble = Trouble::Delayed {
                expected_on,
                description,
            };
            Some(Report::Wrong(on, trouble))
        }
        pb::TransportEventKind::Damaged => {
            let vin = id_req::<Vin>(&event.vin, "vin", violations);
            let description = said(violations);
            violations.require(
                (1..=3).contains(&event.severity),
                "severity",
                format!(
                    "{} is not a severity; give MINOR, MAJOR or TOTAL",
                    event.severity
                ),
            );
            let trouble = Trouble::Damaged {
                vin: vin?.to_string(),
                description,
                severity: event.severity.into(),
            };
            Some(Report::Wrong(on, trouble))
        }
        pb::TransportEventKind::Lost => {
            let vin = id_req::<Vin>(&event.vin, "vin", violations);
            let description = said(violations);
            let trouble = Trouble::Lost {
                vin: vin?.to_string(),
                description,
            };
            Some(Report::Wrong(on, trouble))
        }
        pb::TransportEventKind::Unspecified => {
            violations.push(
                "kind",
                format!("{} is not a kind of report that is known here", event.kind),
            );
            None
        }
    }
}

fn proof_of(proof: &pb::ProofOfDelivery, violations: &mut Violations) -> Proof {
    Proof {
        signed_by: text(&proof.signed_by, "proof.signed_by", true, violations),
        document: text(&proof.document, "proof.document", true, violations),
    }
}

/// A proof as it is answered.
pub(crate) fn proof_pb(proof: Proof) -> pb::ProofOfDelivery {
    pb::ProofOfDelivery {
        signed_by: proof.signed_by,
        document: proof.document,
    }
}

/// The kind to filter by; None for all.
pub(crate) fn kind_opt(kind: i32, violations: &mut Violations) -> Option<Kind> {
    let known = pb::ExceptionKind::try_from(kind).is_ok();
    violations.require(
        known,
        "kind",
        format!("{kind} is not a kind that is known here; give DELAY, DAMAGE or LOSS"),
    );
    Kind::of_code(kind.into())
}

/// Reads how a damage was resolved.
pub(crate) fn ended(message: &pb::ResolveExceptionRequest, violations: &mut Violations) -> Ended {
    let how = match pb::ExceptionResolution::try_from(message.resolution) {
        Ok(pb::ExceptionResolution::Accepted) => Resolution::Accepted,
        Ok(pb::ExceptionResolution::WrittenOff) => Resolution::WrittenOff,
        Ok(pb::ExceptionResolution::Repaired) => Resolution::Repaired,
        _ => {
            violations.push(
                "resolution",
                format!(
                    "{} is not a way to resolve a damage; give REPAIRED, ACCEPTED or WRITTEN_OFF",
                    message.resolution
                ),
            );
            Resolution::Repaired
        }
    };
    let cost = message.cost.as_ref().map(|cost| {
        violations.check("cost.currency_code", Currency::parse(&cost.currency_code));
        violations.require(
            cost.minor_units >= 0,
            "cost.minor_units",
            format!("a cost of {} is negative", cost.minor_units),
        );
        (cost.minor_units, cost.currency_code.clone())
    });
    Ended {
        how,
        on: date_req(message.resolved_on.as_ref(), "resolved_on", violations),
        cost,
        note: text(&message.note, "note", false, violations),
        replacement: String::new(),
    }
}

/// An exception as it is answered; `orders` are the ids of orders by number.
pub(crate) fn exception_pb(
    one: &Exception,
    orders: &BTreeMap<i64, String>,
    catalogue: &Catalogue,
) -> pb::TransportException {
    let ended = one.ended.as_ref();
    let code = |code: i64| i32::try_from(code).unwrap_or_default();
    let day = |of: fn(&(Date, Date)) -> Date| one.expected.as_ref().map(|days| date_pb(of(days)));
    pb::TransportException {
        exception_id: one.number.id(catalogue),
        kind: code(one.kind.code()),
        shipment_id: one.number.shipment.id(catalogue),
        vin: one.vin.clone(),
        order_id: one
            .order_no
            .and_then(|order_no| orders.get(&order_no).cloned())
            .unwrap_or_default(),
        reported_on: Some(date_pb(one.on)),
        description: one.description.clone(),
        severity: code(one.severity),
        expected_before_on: day(|(before, _)| *before),
        expected_on: day(|(_, since)| *since),
        resolution: ended.map_or(0, |ended| code(ended.how.code())),
        resolved_on: ended.map(|ended| date_pb(ended.on)),
        cost: ended
            .and_then(|ended| ended.cost.clone())
            .map(|(minor_units, currency_code)| Money {
                currency_code,
                minor_units,
            }),
        note: ended.map_or_else(String::new, |ended| ended.note.clone()),
        replacement_vin: ended.map_or_else(String::new, |ended| ended.replacement.clone()),
    }
}
