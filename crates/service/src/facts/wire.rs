//! A fact between the log and the wire.
//!
//! It must not know what facts mean. Invariant: what is logged is what is sent.

use prost::Message;
use takt_contract::{date_pb, events::v1 as pb, instant_pb};
use takt_kernel::Date;

use super::LoggedFact;
use crate::Error;

/// The bytes of a fact's body.
pub(super) fn body_bytes(kind: pb::fact_body::Kind) -> Vec<u8> {
    pb::FactBody { kind: Some(kind) }.encode_to_vec()
}

/// A logged fact as it is sent.
pub(super) fn fact_pb(source: &str, fact: LoggedFact) -> Result<pb::Fact, Error> {
    let body = pb::FactBody::decode(fact.body.as_slice()).map_err(|error| {
        Error::broken(format!(
            "fact {} cannot be read: {error}",
            fact.cursor.position
        ))
    })?;
    Ok(pb::Fact {
        position: fact.cursor.position,
        source: source.to_owned(),
        subject: fact.subject,
        sequence: fact.sequence,
        occurred_at: Some(instant_pb(fact.occurred_at)),
        business_date: Some(date_pb(Date::from_epoch_day(
            i32::try_from(fact.business_day).unwrap_or_default(),
        ))),
        traceparent: fact.traceparent.unwrap_or_default(),
        body: Some(body),
    })
}

/// What kind of fact it is, as people say it.
pub(super) fn kind_name(fact: &pb::Fact) -> &'static str {
    use pb::fact_body::Kind;
    match fact.body.as_ref().and_then(|body| body.kind.as_ref()) {
        Some(Kind::OrderLocked(_)) => "OrderLocked",
        Some(Kind::VehicleDispatched(_)) => "VehicleDispatched",
        Some(Kind::VehicleHandedOver(_)) => "VehicleHandedOver",
        Some(Kind::PartFailed(_)) => "PartFailed",
        Some(Kind::MasterPlanReleased(_)) => "MasterPlanReleased",
        Some(Kind::VehicleBuilt(_)) => "VehicleBuilt",
        Some(Kind::VehicleReleased(_)) => "VehicleReleased",
        Some(Kind::VehicleHeld(_)) => "VehicleHeld",
        Some(Kind::PartReplaced(_)) => "PartReplaced",
        Some(Kind::DisruptionDeclared(_)) => "DisruptionDeclared",
        Some(Kind::DisruptionResolved(_)) => "DisruptionResolved",
        Some(Kind::StopShipIssued(_)) => "StopShipIssued",
        Some(Kind::StopShipLifted(_)) => "StopShipLifted",
        Some(Kind::SoftwareInstalled(_)) => "SoftwareInstalled",
        Some(Kind::OrderChanged(_)) => "OrderChanged",
        None => "unknown",
    }
}
