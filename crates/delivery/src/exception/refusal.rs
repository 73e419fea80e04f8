//! Why what goes wrong on the way is not taken or not resolved. It must not know rows or messages.

use std::fmt;

use takt_kernel::Date;
use takt_service::error::Refusal;

/// Why a report or a resolution is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExceptionRefusal {
    /// The shipment is still at the plant.
    NotDeparted,
    /// It was not on its way on that day.
    BeforeDeparture {
        /// The day reported.
        on: Date,
        /// The day of departure.
        departed_on: Date,
    },
    /// It is there.
    Arrived {
        /// Since when.
        on: Date,
    },
    /// The day expected lies before the report.
    ExpectedBefore {
        /// The day of the report.
        on: Date,
        /// The day expected.
        expected_on: Date,
    },
    /// The shipment does not carry the vehicle.
    NotAboard {
        /// The vehicle.
        vin: String,
    },
    /// The customer has the vehicle.
    HandedOver {
        /// The vehicle.
        vin: String,
    },
    /// It is not a damage.
    NotResolvable,
    /// It is resolved.
    Resolved {
        /// Since when.
        on: Date,
    },
    /// It cannot end before it was reported.
    BeforeReport {
        /// The day given.
        on: Date,
        /// The day of the report.
        reported_on: Date,
    },
    /// Somebody else signed.
    OtherProof,
}

impl fmt::Display for ExceptionRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotDeparted => out.write_str(
                "the shipment has not left yet; report its departure first, and what happens in the yard to production's quality",
            ),
            Self::BeforeDeparture { on, departed_on } => write!(
                out,
                "the shipment left on {departed_on} and nothing can have happened to it on its way on {on}; give that day or a later one"
            ),
            Self::Arrived { on } => write!(
                out,
                "the shipment arrived on {on} and cannot be late any more; a delay is reported on the way"
            ),
            Self::ExpectedBefore { on, expected_on } => write!(
                out,
                "the shipment cannot be expected on {expected_on}, before the report of {on}; give that day or a later one"
            ),
            Self::NotAboard { vin } => write!(
                out,
                "the shipment does not carry vehicle {vin}; get the shipment for what it carries"
            ),
            Self::HandedOver { vin } => write!(
                out,
                "vehicle {vin} was handed over; open a service case for what its customer finds"
            ),
            Self::NotResolvable => out.write_str(
                "only a damage is resolved: a delay ends with the arrival or the next report, a loss is final",
            ),
            Self::Resolved { on } => write!(
                out,
                "the damage was resolved on {on}; report a further damage by itself"
            ),
            Self::BeforeReport { on, reported_on } => write!(
                out,
                "the damage was reported on {reported_on} and cannot be resolved on {on}; give that day or a later one"
            ),
            Self::OtherProof => out.write_str(
                "another proof of delivery was given for the shipment; it is given once and kept",
            ),
        }
    }
}

impl Refusal for ExceptionRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::NotDeparted => "EXCEPTION_NOT_DEPARTED",
            Self::BeforeDeparture { .. } => "EXCEPTION_BEFORE_DEPARTURE",
            Self::Arrived { .. } => "DELAY_AFTER_ARRIVAL",
            Self::ExpectedBefore { .. } => "DELAY_INTO_THE_PAST",
            Self::NotAboard { .. } => "VEHICLE_NOT_ABOARD",
            Self::HandedOver { .. } => "EXCEPTION_AFTER_HANDOVER",
            Self::NotResolvable => "EXCEPTION_NOT_RESOLVABLE",
            Self::Resolved { .. } => "EXCEPTION_RESOLVED",
            Self::BeforeReport { .. } => "RESOLVED_BEFORE_REPORT",
            Self::OtherProof => "PROOF_ALREADY_GIVEN",
        }
    }
}

/// Why a vehicle is not handed over for what went wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlockedRefusal {
    /// A damage is open.
    Damaged {
        /// The exception.
        exception_id: String,
    },
    /// It is gone.
    Gone {
        /// The exception.
        exception_id: String,
    },
}

impl fmt::Display for BlockedRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged { exception_id } => write!(
                out,
                "the vehicle is damaged and exception {exception_id} is open; resolve it first: repaired, accepted by the customer or written off"
            ),
            Self::Gone { exception_id } => write!(
                out,
                "the vehicle was lost or written off by exception {exception_id} and is never handed over; its order takes another one"
            ),
        }
    }
}

impl Refusal for BlockedRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::Damaged { .. } => "VEHICLE_DAMAGED",
            Self::Gone { .. } => "VEHICLE_LOST",
        }
    }
}
