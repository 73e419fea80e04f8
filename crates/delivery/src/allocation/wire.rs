//! The yard as it stands on the wire. It must not decide anything.

use takt_contract::{date_pb, delivery::v1 as pb};
use takt_kernel::Date;

use super::yard::{Proposal, YardVehicle};
use crate::programme::{Catalogue, options_of};

/// A vehicle as it is answered.
pub(crate) fn vehicle_pb(
    vehicle: &YardVehicle,
    catalogue: &Catalogue,
    as_of: Date,
) -> pb::YardVehicle {
    let place = match (vehicle.released_on, &vehicle.order) {
        (None, _) => pb::YardPlace::Held,
        (Some(_), None) => pb::YardPlace::Stock,
        (Some(_), Some(_)) => pb::YardPlace::Loading,
    };
    let config = vehicle.config.as_ref();
    let variant = config.and_then(|(_, variant_no, _)| catalogue.variant_at(*variant_no));
    let order = vehicle.order.as_ref();
    let lane = order.and_then(|order| catalogue.lane_at(order.lane_no));
    let load = vehicle.load.map(|(load, _)| load.id(catalogue));
    pb::YardVehicle {
        vin: vehicle.vin.clone(),
        place: place.into(),
        variant_id: variant.map_or_else(String::new, |variant| variant.id.clone()),
        options: config
            .map(|(_, _, options)| options_of(options).into_iter().collect())
            .unwrap_or_default(),
        built_on: Some(date_pb(vehicle.built_on)),
        released_on: vehicle.released_on.map(date_pb),
        dwell_days: as_of.days_since(vehicle.built_on).max(0),
        order_id: order.map_or_else(String::new, |order| order.id.clone()),
        promised_on: order.and_then(|order| order.promised_on).map(date_pb),
        city: lane.map_or_else(String::new, |lane| lane.city.clone()),
        shipment_id: load.unwrap_or_default(),
        stopped_by_recall_id: vehicle.stopped_by.clone().unwrap_or_default(),
    }
}

/// A proposal as it is answered.
pub(crate) fn proposal_pb(proposal: &Proposal) -> pb::SwapProposal {
    pb::SwapProposal {
        order_id: proposal.order.id.clone(),
        other_order_id: proposal.other.id.clone(),
        arrives_before_on: Some(date_pb(proposal.before)),
        arrives_after_on: Some(date_pb(proposal.after)),
        promised_on: proposal.order.promised_on.map(date_pb),
        other_arrives_after_on: Some(date_pb(proposal.other_after)),
        other_promised_on: proposal.other.promised_on.map(date_pb),
    }
}
