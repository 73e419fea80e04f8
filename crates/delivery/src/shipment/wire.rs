//! Shipments between the wire and the domain.
//!
//! It must not decide anything. Invariant: enums that are not known are refused, never taken for a default.

use std::collections::BTreeMap;

use takt_contract::{
    date_opt, date_pb,
    delivery::v1::{self as pb},
};
use takt_kernel::Violations;
use takt_service::error::Refusal;

use super::{Shipment, ShipmentNo, ShipmentState, store::ShipmentFilter};
use crate::{
    exception::{Report, wire::report},
    lane::history::Histories,
    programme::Catalogue,
    recall::gate::{Kept, KeptOf},
};

/// A shipment as it is answered.
pub(crate) fn shipment_pb(
    shipment: &Shipment,
    catalogue: &Catalogue,
    histories: &Histories,
) -> pb::Shipment {
    let lane = catalogue.lane_at(shipment.number.lane_no());
    let state = match shipment.state() {
        ShipmentState::Planned => pb::ShipmentState::Planned,
        ShipmentState::InTransit => pb::ShipmentState::InTransit,
        ShipmentState::Arrived => pb::ShipmentState::Arrived,
        ShipmentState::Delivered => pb::ShipmentState::Delivered,
    };
    let eta = lane.and_then(|lane| histories.eta(shipment, lane));
    pb::Shipment {
        eta_p50_on: eta.map(|(half, _)| date_pb(half)),
        eta_p90_on: eta.map(|(_, most)| date_pb(most)),
        shipment_id: shipment.number.id(catalogue),
        lane_id: lane.map(|lane| lane.id.clone()).unwrap_or_default(),
        city: lane.map(|lane| lane.city.clone()).unwrap_or_default(),
        planned_departure_on: Some(date_pb(shipment.number.planned_on())),
        expected_on: Some(date_pb(shipment.expected_on)),
        state: state.into(),
        vehicle_count: i32::try_from(shipment.vehicle_count).unwrap_or(i32::MAX),
        departed_on: shipment.departed_on.map(date_pb),
        arrived_on: shipment.arrived_on.map(date_pb),
        handed_over_count: i32::try_from(shipment.handed_over_count).unwrap_or(i32::MAX),
    }
}

/// Reads which shipments are wanted.
pub(crate) fn filter(
    request: &pb::StreamShipmentsRequest,
    violations: &mut Violations,
) -> ShipmentFilter {
    let pb::StreamShipmentsRequest {
        departing_until,
        expected_until,
        state,
    } = request;
    let state = match pb::ShipmentState::try_from(*state) {
        Ok(state) => ShipmentState::of_code(i32::from(state).into()),
        Err(_) => {
            violations.push(
                "state",
                format!("{state} is not a state that is known here"),
            );
            None
        }
    };
    ShipmentFilter {
        departing_until: date_opt(departing_until.as_ref(), "departing_until", violations),
        expected_until: date_opt(expected_until.as_ref(), "expected_until", violations),
        state,
    }
}

/// The reports of a chunk that can be read, and the refusals of those that cannot.
#[derive(Default)]
pub(crate) struct Reports {
    /// The reports in the order given.
    pub(crate) events: Vec<(ShipmentNo, Report)>,
    /// What is wrong with the others.
    pub(crate) refused: Vec<pb::RefusedEvent>,
}

/// Reads a chunk; one report's mistakes do not touch the others.
pub(crate) fn reports(events: &[pb::TransportEvent], catalogue: &Catalogue) -> Reports {
    let mut reports = Reports::default();
    for event in events {
        let mut violations = Violations::new();
        let number = violations.check(
            "shipment_id",
            ShipmentNo::parse(&event.shipment_id, catalogue),
        );
        let report = report(event, &mut violations);
        match violations.finish_with(number.zip(report)) {
            Ok(report) => reports.events.push(report),
            Err(found) => reports.refused.push(invalid(&event.shipment_id, &found)),
        }
    }
    reports
}

/// The refusal of an item that cannot be read.
pub(crate) fn invalid(subject: &str, found: &[takt_kernel::FieldViolation]) -> pb::RefusedEvent {
    let reason = found
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ");
    pb::RefusedEvent {
        subject: subject.to_owned(),
        reason,
        reason_code: "INVALID".to_owned(),
    }
}

/// The refusal of an item that is not known.
pub(crate) fn missing(what: &str, subject: String) -> pb::RefusedEvent {
    let reason = format!("{what} {subject} does not exist");
    pb::RefusedEvent {
        subject,
        reason,
        reason_code: "MISSING".to_owned(),
    }
}

/// The vehicles that stayed behind, by load.
pub(crate) fn held_back(
    kept: &KeptOf,
    next: &BTreeMap<ShipmentNo, ShipmentNo>,
    catalogue: &Catalogue,
) -> Vec<pb::HeldBackVehicle> {
    let of_load = |(number, vehicles): (&ShipmentNo, &Vec<Kept>)| {
        let to = next.get(number).map(|next| next.id(catalogue));
        let told = vehicles.iter().map(|one| pb::HeldBackVehicle {
            vin: one.vin.clone(),
            shipment_id: number.id(catalogue),
            next_shipment_id: to.clone().unwrap_or_default(),
            recall_id: one.recall_id.clone(),
            unchecked: one.unchecked,
        });
        told.collect::<Vec<_>>()
    };
    kept.iter().flat_map(of_load).collect()
}

/// The refusal of an item by a rule.
pub(crate) fn refused(subject: String, refusal: &impl Refusal) -> pb::RefusedEvent {
    pb::RefusedEvent {
        subject,
        reason: refusal.to_string(),
        reason_code: refusal.reason().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::sample::{catalogue, date};
    use crate::shipment::TransportEvent;

    #[test]
    fn a_report_is_read_or_refused_by_itself() {
        let event = |id: &str, kind, day: Option<&str>| pb::TransportEvent {
            shipment_id: id.into(),
            kind,
            date: day.map(|day| date_pb(date(day))),
            ..pb::TransportEvent::default()
        };
        let id = "OUT-XIAN-ROAD.20240401";
        let events = [
            event(id, 1, Some("2024-04-01")),
            event(id, 7, Some("2024-04-01")),
            event("OUT-MOON.20240401", 2, None),
            event(id, 2, Some("2024-04-04")),
        ];
        let reports = reports(&events, &catalogue());
        assert_eq!(reports.events.len(), 2);
        assert_eq!(
            reports.events[1].1,
            Report::Moved(TransportEvent::Arrived(date("2024-04-04")), None)
        );
        let reasons: Vec<&str> = reports
            .refused
            .iter()
            .map(|refused| refused.reason.as_str())
            .collect();
        assert!(reasons[0].contains("kind: 7 is not a kind"), "{reasons:?}");
        assert!(
            reasons[1].contains("no outbound lane") && reasons[1].contains("date:"),
            "{reasons:?}"
        );
    }

    #[test]
    fn filters_are_read() {
        let mut violations = Violations::new();
        let request = pb::StreamShipmentsRequest {
            departing_until: Some(date_pb(date("2024-04-01"))),
            expected_until: None,
            state: 1,
        };
        let read = filter(&request, &mut violations);
        assert_eq!(
            (read.departing_until, read.state),
            (Some(date("2024-04-01")), Some(ShipmentState::Planned))
        );
        assert_eq!(
            filter(&pb::StreamShipmentsRequest::default(), &mut violations).state,
            None
        );
        assert!(violations.is_empty());
        filter(
            &pb::StreamShipmentsRequest {
                state: 9,
                ..Default::default()
            },
            &mut violations,
        );
        assert!(!violations.is_empty());
    }
}
