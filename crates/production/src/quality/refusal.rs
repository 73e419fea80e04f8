//! Why quality says no.
//!
//! It must not know rows or messages. Invariant: every refusal names the case, its state and the way out.

use std::fmt;

use takt_service::Refusal;

use super::LAST_STEP;

/// Why quality says no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QualityRefusal {
    /// The case is closed.
    Closed(String),
    /// Another step is the next one.
    StepOrder {
        /// The case.
        nc: String,
        /// The step asked for.
        asked: i64,
        /// The next step.
        next: i64,
    },
    /// The step to go back to is not done.
    StepNotDone {
        /// The case.
        nc: String,
        /// The step asked for.
        asked: i64,
        /// The last step that is done.
        last: i64,
    },
    /// Vehicles or lots are still held for the case.
    StillHeld(String, i64),
    /// The hold keeps none of the vehicles, or not this one, back.
    NotKept(String, String),
    /// The hold is on no lot, or its lot is decided.
    NoLot(String),
    /// Vehicles are not returned to a supplier.
    NotForVehicles(String),
    /// A hold keeps the vehicle back.
    OnHold {
        /// The vehicle.
        vin: String,
        /// The holds and their cases.
        holds: String,
        /// Whether it is scrapped.
        scrapped: bool,
    },
}

fn step(number: i64) -> String {
    match number {
        0 => "none".to_owned(),
        number => format!("D{}", number.min(LAST_STEP) - 1),
    }
}

impl fmt::Display for QualityRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(nc) => write!(out, "{nc} is closed; reopen it first"),
            Self::StepOrder { nc, asked, next } => write!(
                out,
                "{nc} has {} to do next and {} cannot be recorded; record the steps in order",
                step(*next),
                step(*asked)
            ),
            Self::StepNotDone { nc, asked, last } => write!(
                out,
                "{nc} has done {} last and cannot go back to {}; name a step that is done",
                step(*last),
                step(*asked)
            ),
            Self::StillHeld(nc, held) => write!(
                out,
                "{nc} still holds {held} vehicles or lots and cannot be closed; record their disposition first"
            ),
            Self::NotKept(hold, vin) => write!(
                out,
                "{hold} does not keep {vin} back, so nothing is to be decided; look at its affected vehicles"
            ),
            Self::NoLot(hold) => write!(
                out,
                "{hold} has no lot that is to be decided; decide on its vehicles instead"
            ),
            Self::NotForVehicles(hold) => write!(
                out,
                "vehicles of {hold} cannot be returned to a supplier; scrap them, or decide on the lot"
            ),
            Self::OnHold {
                vin,
                holds,
                scrapped: false,
            } => write!(
                out,
                "vehicle {vin} is on quality hold by {holds} and cannot be released; record its disposition first"
            ),
            Self::OnHold { vin, holds, .. } => write!(
                out,
                "vehicle {vin} was scrapped by {holds} and is never released; build another one for its order"
            ),
        }
    }
}

impl Refusal for QualityRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::Closed(_) => "NC_CLOSED",
            Self::StepOrder { .. } => "NC_STEP_ORDER",
            Self::StepNotDone { .. } => "NC_STEP_NOT_DONE",
            Self::StillHeld(..) => "NC_STILL_HOLDS",
            Self::NotKept(..) => "NOT_ON_HOLD",
            Self::NoLot(_) => "NO_LOT_ON_HOLD",
            Self::NotForVehicles(_) => "DISPOSITION_NOT_FOR_VEHICLES",
            Self::OnHold { .. } => "VEHICLE_ON_QUALITY_HOLD",
        }
    }
}
