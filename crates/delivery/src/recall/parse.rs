//! Messages about recalls read into what they ask for.
//!
//! It must not decide anything. Invariant: all mistakes of a message are told at once; what production alone can judge of a
//! scope is left to production.

use takt_contract::{date_req, delivery::v1 as pb, production::v1::ExposureScope};
use takt_kernel::{Date, Vin, Violations};

use super::{Recall, Remedy, State, StopShip, scope::Scope};

/// The most scopes of a recall.
const SCOPES: usize = 50;

/// Reads what is to be opened.
pub(crate) fn recall_of(
    message: &pb::OpenRecallRequest,
    violations: &mut Violations,
) -> Option<Recall> {
    let id = message.recall_id.as_str();
    let is_code = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
    violations.require(
        (1..=40).contains(&id.len()) && id.chars().all(is_code),
        "recall_id",
        "give 1 to 40 capitals, digits and hyphens",
    );
    text(&message.title, 1, 200, "title", violations);
    text(&message.defect, 1, 1_000, "defect", violations);
    text(&message.regulator, 0, 40, "regulator", violations);
    text(
        &message.regulator_reference,
        0,
        80,
        "regulator_reference",
        violations,
    );
    violations.require(
        message.published_count >= 0,
        "published_count",
        "it is not negative",
    );
    let remedy = match message.remedy() {
        pb::RemedyKind::Workshop => Some(Remedy::Workshop),
        pb::RemedyKind::Ota => Some(Remedy::Ota),
        pb::RemedyKind::Unspecified => {
            violations.push("remedy", "give REMEDY_KIND_WORKSHOP or REMEDY_KIND_OTA");
            None
        }
    };
    let (item, version) = (&message.software_item_id, &message.software_version);
    violations.require(
        item.is_empty() == version.is_empty() && version.len() <= 40 && item.len() <= 40,
        "software_version",
        "give an item and a version of at most 40 bytes, or neither",
    );
    violations.require(
        item.is_empty() || remedy == Some(Remedy::Ota),
        "software_item_id",
        "it belongs to a remedy over the air",
    );
    let opened_on = date_req(message.opened_on.as_ref(), "opened_on", violations);
    violations.require(
        !message.scopes.is_empty(),
        "scopes",
        format!("give 1 to {SCOPES} scopes"),
    );
    let scopes = scopes_of(&message.scopes, 0, violations);
    let stop_ship = stop_of(message.stop_ship, violations);
    let stop_ship = stop_ship?;
    Some(Recall {
        number: 0,
        id: id.to_owned(),
        title: message.title.clone(),
        defect: message.defect.clone(),
        remedy: remedy?,
        software: (!item.is_empty()).then(|| (item.clone(), version.clone())),
        regulator: message.regulator.clone(),
        reference: message.regulator_reference.clone(),
        published: message.published_count,
        opened_on,
        closed_on: None,
        stop_ship,
        stop_ship_on: (stop_ship != StopShip::None).then_some(opened_on),
        version: 1,
        due: 0,
        scopes,
    })
}

/// Reads scopes to add to those that are there.
pub(crate) fn scopes_of(
    scopes: &[ExposureScope],
    there: usize,
    violations: &mut Violations,
) -> Vec<Scope> {
    violations.require(
        there + scopes.len() <= SCOPES,
        "scopes",
        format!("a recall has at most {SCOPES}, and {there} are there"),
    );
    let mut read = Vec::new();
    for (at, scope) in scopes.iter().enumerate() {
        match Scope::of(scope) {
            Some(scope) => read.push(scope),
            None => violations.push(
                &format!("scopes[{at}]"),
                "give lots, serials, builds with both days, process or software",
            ),
        }
    }
    read
}

/// Reads what is to be kept back; nothing is allowed.
pub(crate) fn stop_of(code: i32, violations: &mut Violations) -> Option<StopShip> {
    match pb::StopShip::try_from(code) {
        Ok(pb::StopShip::Unspecified) => Some(StopShip::None),
        Ok(pb::StopShip::Loading) => Some(StopShip::Loading),
        Ok(pb::StopShip::LoadingAndHandover) => Some(StopShip::LoadingAndHandover),
        Err(_) => {
            violations.push("stop_ship", format!("{code} is not known here"));
            None
        }
    }
}

/// A text of some bytes.
pub(crate) fn text(
    text: &str,
    least: usize,
    most: usize,
    field: &str,
    violations: &mut Violations,
) {
    let fits = (least..=most).contains(&text.len()) && (least == 0 || !text.trim().is_empty());
    violations.require(fits, field, format!("it has {least} to {most} bytes"));
}

/// Reads a state of a vehicle; none stands for every state.
pub(crate) fn state_of(code: i32, violations: &mut Violations) -> Option<State> {
    let known = pb::RecallVehicleState::try_from(code).is_ok();
    violations.require(
        known,
        "state",
        format!("{code} is not a state that is known here"),
    );
    State::of(i64::from(code))
}

/// A step as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// The vehicle.
    pub(crate) vin: String,
    /// The state.
    pub(crate) to: State,
    /// The day.
    pub(crate) on: Date,
    /// The note.
    pub(crate) note: String,
}

/// Reads a step.
pub(crate) fn step_of(message: &pb::RecallStep, violations: &mut Violations) -> Option<Step> {
    let vin = violations.check("vin", Vin::parse(&message.vin));
    let to = state_of(message.state, violations);
    violations.require(
        to.is_some() || message.state != 0,
        "state",
        "it is missing; give the state that the vehicle has from now on",
    );
    let on = date_req(message.on.as_ref(), "on", violations);
    text(&message.note, 0, 200, "note", violations);
    Some(Step {
        vin: vin?.to_string(),
        to: to?,
        on,
        note: message.note.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_of_a_recall_is_told_by_its_field() {
        let message = pb::OpenRecallRequest {
            recall_id: "rc 1".into(),
            published_count: -1,
            software_item_id: "AD-01".into(),
            stop_ship: 9,
            scopes: vec![ExposureScope::default()],
            ..Default::default()
        };
        let mut violations = Violations::new();
        assert_eq!(recall_of(&message, &mut violations), None);
        let found = violations.finish().unwrap_err();
        let fields: Vec<&str> = found.iter().map(|one| one.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "recall_id",
                "title",
                "defect",
                "published_count",
                "remedy",
                "software_version",
                "software_item_id",
                "opened_on",
                "scopes[0]",
                "stop_ship",
            ]
        );
    }

    #[test]
    fn a_step_is_read_or_refused_as_a_whole() {
        let mut violations = Violations::new();
        let message = pb::RecallStep {
            vin: "NO".into(),
            note: "x".repeat(201),
            ..Default::default()
        };
        assert_eq!(step_of(&message, &mut violations), None);
        let found = violations.finish().unwrap_err();
        let fields: Vec<&str> = found.iter().map(|one| one.field.as_str()).collect();
        assert_eq!(fields, ["vin", "state", "on", "note"]);
    }
}
