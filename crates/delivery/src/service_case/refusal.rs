//! Why something is not done about a case, with the state that was met and the way out.
//!
//! It must not know the database or the wire.

use std::fmt;

use takt_kernel::Date;
use takt_service::error::Refusal;

use super::CaseState;

/// Why something is not done about a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CaseRefusal {
    /// The customer does not have the vehicle.
    NotHandedOver {
        /// The vehicle.
        vin: String,
    },
    /// The customer did not have it then.
    BeforeHandover {
        /// The vehicle.
        vin: String,
        /// The day given.
        on: Date,
        /// The day of the handover.
        handed_over_on: Date,
    },
    /// The case stands otherwise.
    WrongState {
        /// The case.
        id: String,
        /// How it stands.
        state: CaseState,
        /// How it should.
        wanted: &'static [CaseState],
    },
    /// A step would come before the one before it.
    Backwards {
        /// The case.
        id: String,
        /// The step.
        what: &'static str,
        /// The day given.
        on: Date,
        /// The day of the step before.
        before: Date,
    },
    /// The vehicle has no part of the item.
    NotInVehicle {
        /// The vehicle.
        vin: String,
        /// The item.
        item: String,
    },
    /// The vehicle has other parts of the item.
    NotAsBuilt {
        /// The vehicle.
        vin: String,
        /// The item.
        item: String,
        /// The part named.
        named: String,
        /// The parts that it has.
        held: String,
    },
    /// The vehicle has several parts of the item and none was named.
    OneOfMany {
        /// The vehicle.
        vin: String,
        /// The item.
        item: String,
        /// The parts that it has.
        held: String,
    },
    /// A part would be put in for none.
    NothingToReplace {
        /// The case.
        id: String,
    },
}

impl fmt::Display for CaseRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotHandedOver { vin } => write!(
                out,
                "vehicle {vin} is not handed over; report its handover first"
            ),
            Self::BeforeHandover {
                vin,
                on,
                handed_over_on,
            } => write!(
                out,
                "vehicle {vin} was handed over on {handed_over_on} and its case would be opened on {on}; give that day or a later one"
            ),
            Self::WrongState { id, state, wanted } => {
                let words: Vec<&str> = wanted.iter().map(|state| state.word()).collect();
                write!(
                    out,
                    "case {id} is {}, and this is done to one that is {}; read the case and take the step that is next",
                    state.word(),
                    words.join(" or ")
                )
            }
            Self::Backwards {
                id,
                what,
                on,
                before,
            } => write!(
                out,
                "case {id}: {what} {on} lies before {before}, the day of the step before; give that day or a later one"
            ),
            Self::NotInVehicle { vin, item } => write!(
                out,
                "vehicle {vin} has no part of item {item} with a lot; read its as-built record and name an item that it has, or none"
            ),
            Self::NotAsBuilt {
                vin,
                item,
                named,
                held,
            } => write!(
                out,
                "vehicle {vin} holds {held} of item {item} and not {named}; name what it holds, or leave it out"
            ),
            Self::OneOfMany { vin, item, held } => write!(
                out,
                "vehicle {vin} holds several parts of item {item}: {held}; name the one that failed"
            ),
            Self::NothingToReplace { id } => write!(
                out,
                "case {id} has no failed part that could be replaced; diagnose it with the item, or leave the replacement out"
            ),
        }
    }
}

impl Refusal for CaseRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::NotHandedOver { .. } => "VEHICLE_NOT_HANDED_OVER",
            Self::BeforeHandover { .. } => "CASE_BEFORE_HANDOVER",
            Self::WrongState { .. } => "CASE_STATE",
            Self::Backwards { .. } => "CASE_BACKWARDS",
            Self::NotInVehicle { .. } => "PART_NOT_IN_VEHICLE",
            Self::NotAsBuilt { .. } => "PART_NOT_AS_BUILT",
            Self::OneOfMany { .. } => "PART_NOT_NAMED",
            Self::NothingToReplace { .. } => "NOTHING_TO_REPLACE",
        }
    }
}
