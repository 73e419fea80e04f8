//! From messages to what a case takes.
//!
//! It must not decide anything. Invariant: every field of a message is read or refused, and all mistakes are told at once.

use takt_contract::{common::v1 as common, date_req, delivery::v1 as pb, id_req};
use takt_kernel::{Amount, CaseId, Currency, Date, ItemId, SupplierId, Vin, Violations};

use super::{CaseState, Finding, Opening, Repair, Replacement};
use crate::programme::Catalogue;

/// The bytes of a category or a remedy.
const SHORT: usize = 100;
/// The bytes of a text.
const LONG: usize = 500;
/// The most kilometres: more than any vehicle has run.
const FURTHEST: i32 = 10_000_000;
/// The most thousandths of an hour of a repair: a year of work.
const LONGEST: i64 = 8_760_000;
/// The most that a repair costs in minor units: ten million.
const DEAREST: i64 = 1_000_000_000;

/// A text without control characters.
pub(super) fn text(
    given: &str,
    field: &str,
    most: usize,
    required: bool,
    violations: &mut Violations,
) -> String {
    violations.require(
        !required || !given.trim().is_empty(),
        field,
        "it is missing",
    );
    let fits = given.len() <= most && !given.chars().any(char::is_control);
    let rule = format!("it has at most {most} bytes and no control characters");
    violations.require(fits, field, rule);
    given.to_owned()
}

/// The id of a case.
pub(super) fn case_id(given: &str, violations: &mut Violations) -> Option<String> {
    id_req::<CaseId>(given, "case_id", violations).map(|id| id.to_string())
}

/// A vehicle identification number.
pub(super) fn vin(given: &str, violations: &mut Violations) -> Option<String> {
    id_req::<Vin>(given, "vin", violations).map(|vin| vin.to_string())
}

/// What a reason of the caller may be.
pub(super) fn reason(given: &str, violations: &mut Violations) -> String {
    text(given, "reason", LONG, true, violations)
}

/// What opens a case.
pub(super) fn opening(
    record: &pb::CaseRecord,
    catalogue: &Catalogue,
    violations: &mut Violations,
) -> Option<Opening> {
    let id = case_id(&record.case_id, violations);
    let vin = vin(&record.vin, violations);
    let category = text(&record.category, "category", SHORT, true, violations);
    let symptom = text(&record.symptom, "symptom", LONG, false, violations);
    let sane = record
        .odometer_km
        .is_none_or(|km| (0..=FURTHEST).contains(&km));
    violations.require(sane, "odometer_km", format!("it is from 0 to {FURTHEST}"));
    let city = &record.city;
    if !city.is_empty() && (city.len() > 64 || catalogue.lanes_to(city).is_empty()) {
        let known =
            "give a city of the programme's outbound lanes, or none for the city of the order";
        violations.push("city", format!("{city:?} is not known; {known}"));
    }
    let on = date_req(record.opened_on.as_ref(), "opened_on", violations);
    let (id, vin) = id.zip(vin)?;
    Some(Opening {
        id,
        vin,
        category,
        symptom,
        odometer: record.odometer_km.map(i64::from),
        city: city.clone(),
        on,
    })
}

/// What was found.
pub(super) fn finding(finding: &pb::CaseFinding, violations: &mut Violations) -> Finding {
    let on = date_req(finding.diagnosed_on.as_ref(), "diagnosed_on", violations);
    let told = text(&finding.finding, "finding", LONG, false, violations);
    if !finding.item_id.is_empty() {
        violations.check("item_id", ItemId::parse(&finding.item_id));
    }
    let named = [
        ("lot_id", &finding.lot_id),
        ("serial_number", &finding.serial_number),
    ];
    for (field, name) in named {
        text(name, field, SHORT, false, violations);
        let of_item = name.is_empty() || !finding.item_id.is_empty();
        violations.require(
            of_item,
            field,
            "it names a part of no item; give item_id too",
        );
    }
    Finding {
        on,
        text: told,
        item: finding.item_id.clone(),
        lot: finding.lot_id.clone(),
        serial: finding.serial_number.clone(),
    }
}

/// What was done.
pub(super) fn repair(repair: &pb::Repair, violations: &mut Violations) -> Option<Repair> {
    let on = date_req(repair.repaired_on.as_ref(), "repaired_on", violations);
    let remedy = text(&repair.remedy, "remedy", SHORT, true, violations);
    let sane = (0..=LONGEST).contains(&repair.labour_millihours);
    let rule = format!("it is from 0 to {LONGEST} thousandths of an hour");
    violations.require(sane, "labour_millihours", rule);
    let cost = money(repair.cost.as_ref(), "cost", violations);
    let replacement = repair
        .replacement
        .as_ref()
        .map(|given| violations.scope("replacement", |violations| replacement(given, violations)));
    Some(Repair {
        on,
        remedy,
        labour: repair.labour_millihours,
        cost: cost?,
        replacement,
    })
}

fn replacement(given: &pb::ReplacementPart, violations: &mut Violations) -> Replacement {
    let (lot, serial) = (&given.lot_id, &given.serial_number);
    let one = lot.is_empty() != serial.is_empty();
    violations.require(one, "lot_id", "give either a lot_id or a serial_number");
    text(lot, "lot_id", SHORT, false, violations);
    text(serial, "serial_number", SHORT, false, violations);
    if !given.supplier_id.is_empty() {
        violations.check("supplier_id", SupplierId::parse(&given.supplier_id));
    }
    Replacement {
        lot: lot.clone(),
        serial: serial.clone(),
        supplier: given.supplier_id.clone(),
    }
}

/// An amount that is not negative.
fn money(
    money: Option<&common::Money>,
    field: &str,
    violations: &mut Violations,
) -> Option<Amount> {
    let Some(money) = money else {
        violations.push(field, "it is missing");
        return None;
    };
    violations.scope(field, |violations| {
        let sane = (0..=DEAREST).contains(&money.minor_units);
        violations.require(sane, "minor_units", format!("it is from 0 to {DEAREST}"));
        let currency = violations.check("currency_code", Currency::parse(&money.currency_code))?;
        Some(Amount::new(money.minor_units, currency))
    })
}

/// A case as far as it has come.
#[derive(Debug, Clone)]
pub(super) struct Record {
    /// What opens it.
    pub(super) opening: Opening,
    /// What was found.
    pub(super) finding: Option<Finding>,
    /// What was done.
    pub(super) repair: Option<Repair>,
    /// The day on which it was closed.
    pub(super) closed_on: Option<Date>,
}

/// A case that is recorded as a whole.
pub(super) fn record(
    record: &pb::CaseRecord,
    catalogue: &Catalogue,
    violations: &mut Violations,
) -> Option<Record> {
    let opening = opening(record, catalogue, violations);
    let found = record
        .finding
        .as_ref()
        .map(|found| violations.scope("finding", |violations| finding(found, violations)));
    let done = record
        .repair
        .as_ref()
        .map(|done| violations.scope("repair", |violations| repair(done, violations)));
    let closed_on = record
        .closed_on
        .as_ref()
        .map(|on| date_req(Some(on), "closed_on", violations));
    let ordered = record.repair.is_none() || record.finding.is_some();
    violations.require(
        ordered,
        "finding",
        "a repair follows a finding; give it too",
    );
    let ordered = record.closed_on.is_none() || record.repair.is_some();
    violations.require(
        ordered,
        "repair",
        "a case is closed after its repair; give it too",
    );
    let repair = match done {
        Some(done) => Some(done?),
        None => None,
    };
    Some(Record {
        opening: opening?,
        finding: found,
        repair,
        closed_on,
    })
}

/// The state of a list; none for every one.
pub(super) fn state_opt(state: i32, violations: &mut Violations) -> Option<CaseState> {
    match pb::ServiceCaseState::try_from(state) {
        Ok(known) => CaseState::of_code(i64::from(i32::from(known))),
        Err(_) => {
            let rule = format!("{state} is not a state that is known here");
            violations.push("state", rule);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::sample::{catalogue, date};
    use takt_contract::date_pb;

    fn whole() -> pb::CaseRecord {
        pb::CaseRecord {
            case_id: "SC-1".into(),
            vin: "LXMSU7A10RB000001".into(),
            category: "brake noise or wear".into(),
            opened_on: Some(date_pb(date("2024-05-01"))),
            finding: Some(pb::CaseFinding {
                diagnosed_on: Some(date_pb(date("2024-05-01"))),
                item_id: "BR-03".into(),
                ..pb::CaseFinding::default()
            }),
            repair: Some(pb::Repair {
                repaired_on: Some(date_pb(date("2024-05-02"))),
                remedy: "pads/discs".into(),
                labour_millihours: 1_600,
                cost: Some(common::Money {
                    currency_code: "USD".into(),
                    minor_units: 12_000,
                }),
                replacement: None,
            }),
            closed_on: Some(date_pb(date("2024-05-02"))),
            ..pb::CaseRecord::default()
        }
    }

    fn fields(message: &pb::CaseRecord) -> Vec<String> {
        let mut violations = Violations::new();
        record(message, &catalogue(), &mut violations);
        let found = violations.finish().err().unwrap_or_default();
        found.into_iter().map(|found| found.field).collect()
    }

    #[test]
    fn every_mistake_is_told_at_once_and_by_its_field() {
        let mut good = whole();
        good.vin = Vin::assemble("LXM", "SU7A1", 'R', 'B', 1, 6)
            .unwrap()
            .to_string();
        assert_eq!(fields(&good), Vec::<String>::new());
        let mut bad = good.clone();
        bad.case_id = "a case".into();
        bad.vin = "X".into();
        bad.category = " ".into();
        bad.odometer_km = Some(-1);
        bad.city = "ATLANTIS".into();
        bad.opened_on = None;
        let found = bad.finding.as_mut().unwrap();
        (found.item_id, found.lot_id) = (String::new(), "L".into());
        let done = bad.repair.as_mut().unwrap();
        done.labour_millihours = -1;
        done.cost = Some(common::Money {
            currency_code: "usd".into(),
            minor_units: -1,
        });
        done.replacement = Some(pb::ReplacementPart::default());
        assert_eq!(
            fields(&bad),
            [
                "case_id",
                "vin",
                "category",
                "odometer_km",
                "city",
                "opened_on",
                "finding.lot_id",
                "repair.labour_millihours",
                "repair.cost.minor_units",
                "repair.cost.currency_code",
                "repair.replacement.lot_id"
            ]
        );
        let mut without = good;
        (without.finding, without.repair) = (None, without.repair);
        assert_eq!(fields(&without), ["finding"]);
        without.repair = None;
        assert_eq!(fields(&without), ["repair"]);
    }
}
