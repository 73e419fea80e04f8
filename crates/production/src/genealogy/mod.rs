//! The as-built memory: what is in a unit, where a part went, and how that record changes; on any day, as known at any time.
//!
//! It must not know rows or messages; the mathematics are `takt_planning::genealogy`. What the line builds stays in the
//! ranges of `shop_floor`; swaps, corrections and units of suppliers are edges over them. Invariants: AB-5 a piece is in
//! one place at a time; AB-6 a part is in a unit once at a time; AB-7 records have no gaps; AB-8 edges and masks stand on
//! records, and a mask on a part of the ranges.

pub mod base;
pub mod change;
pub mod change_rpc;
pub mod edges;
pub mod epcis;
pub mod history;
pub mod import;
pub mod look_up;
pub mod lots;
pub mod names;
pub mod ours;
pub mod ranges;
pub mod records;
pub mod refs;
pub mod rpc;
pub mod trace;
pub mod wire;

use std::fmt;

use takt_kernel::{Date, LotId};
use takt_planning::genealogy::EditRefusal;
use takt_service::Refusal;

/// How the record came to change, with its number in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordKind {
    /// Vehicles were built.
    Issue = 1,
    /// A part was replaced.
    Replacement = 2,
    /// The record was wrong.
    Correction = 3,
    /// A supplier told of its units.
    Import = 4,
}

/// Where a part was replaced, with its number in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Site {
    /// Neither: it was not replaced.
    None = 0,
    /// In the plant.
    Plant = 1,
    /// In the field.
    Field = 2,
}

/// The parts of a serial number of ours: the lot and the piece's number within it.
pub fn serial_of(text: &str) -> Option<(LotId, i64)> {
    let (lot, unit) = text.rsplit_once('-')?;
    let (lot, unit) = (LotId::parse(lot).ok()?, unit.parse().ok()?);
    // Only the number as we write it is ours.
    (unit > 0 && format!("{lot}-{unit:05}") == text).then_some((lot, unit))
}

/// Why the as-built record does not change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AsBuiltRefusal {
    /// The change contradicts the record: the unit and the part by name, why, and where the part is.
    Edit {
        /// The unit.
        unit: String,
        /// The part.
        part: String,
        /// Why.
        why: EditRefusal,
        /// The day or place that the reason names.
        there: String,
    },
    /// The part holds the unit, so it cannot be put into it.
    InsideItself {
        /// The unit.
        unit: String,
        /// The part.
        part: String,
    },
    /// The plant cannot replace what has left, and the field not what has not.
    WrongSite {
        /// The vehicle.
        vin: String,
        /// The day of departure, where there is one.
        left_on: Option<Date>,
        /// The day asked for.
        on: Date,
    },
    /// The vehicle is not built.
    NotBuilt(String),
    /// A supplier's number names several parts.
    ManyNamed(String),
    /// The thing is no unit: nothing can be put into it.
    NoUnit(String),
}

impl fmt::Display for AsBuiltRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Edit {
                unit,
                part,
                why,
                there,
            } => match why {
                EditRefusal::NotFitted => write!(
                    out,
                    "{part} is not in {unit}; read the unit's tree and name a part that is"
                ),
                EditRefusal::Ambiguous => write!(
                    out,
                    "{unit} holds several of {part}; name the one that is meant, or a day of its stay"
                ),
                EditRefusal::BeforeFitted(_) => write!(
                    out,
                    "{part} came into {unit} on {there}; give that day or a later one"
                ),
                EditRefusal::TakenOutLater(_) => write!(
                    out,
                    "{part} was taken out of {unit} on {there} already; correct the record first"
                ),
                EditRefusal::Elsewhere(_) => write!(
                    out,
                    "{part} is in {there} at that time; take it out there first, or correct the record"
                ),
                EditRefusal::Scrapped => write!(
                    out,
                    "{part} is scrapped; fit another one, or correct the record"
                ),
                EditRefusal::SamePart => {
                    write!(out, "{part} would replace itself; name another part")
                }
                EditRefusal::Backwards => write!(
                    out,
                    "{part} would leave {unit} before it came; give days in order"
                ),
                EditRefusal::NoDay => write!(
                    out,
                    "nothing is recorded to take the days from; give valid_from and the part that was there"
                ),
            },
            Self::InsideItself { unit, part } => write!(
                out,
                "{part} holds {unit} and cannot be put into it; name another part"
            ),
            Self::WrongSite { vin, left_on, on } => match left_on {
                Some(left) => write!(
                    out,
                    "vehicle {vin} left the plant on {left} and its part was replaced on {on}; name the site that fits"
                ),
                None => write!(
                    out,
                    "vehicle {vin} has not left the plant, so nothing was replaced in the field on {on}; name the plant"
                ),
            },
            Self::NotBuilt(vin) => write!(
                out,
                "vehicle {vin} is not built and has no parts; wait until it is complete"
            ),
            Self::ManyNamed(number) => write!(
                out,
                "{number} names several parts of suppliers; name the one that is meant by its external id"
            ),
            Self::NoUnit(name) => write!(
                out,
                "{name} is no unit, nothing can be put into it or taken from it; name a vehicle or a piece"
            ),
        }
    }
}

impl Refusal for AsBuiltRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::Edit { why, .. } => match why {
                EditRefusal::NotFitted => "PART_NOT_FITTED",
                EditRefusal::Ambiguous => "PART_AMBIGUOUS",
                EditRefusal::BeforeFitted(_) => "PART_FITTED_LATER",
                EditRefusal::TakenOutLater(_) => "PART_TAKEN_OUT_LATER",
                EditRefusal::Elsewhere(_) => "PART_ELSEWHERE",
                EditRefusal::Scrapped => "PART_SCRAPPED",
                EditRefusal::SamePart => "PART_REPLACES_ITSELF",
                EditRefusal::Backwards => "STAY_BACKWARDS",
                EditRefusal::NoDay => "STAY_WITHOUT_DAY",
            },
            Self::InsideItself { .. } => "UNIT_INSIDE_ITSELF",
            Self::WrongSite { .. } => "REPLACEMENT_SITE",
            Self::NotBuilt(_) => "VEHICLE_NOT_BUILT",
            Self::ManyNamed(_) => "PART_NAMED_TWICE",
            Self::NoUnit(_) => "NOT_A_UNIT",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_number_of_ours_has_its_lot_and_five_digits() {
        let (lot, unit) = serial_of("PACK.CELL.000001-00007").unwrap();
        assert_eq!((lot.to_string().as_str(), unit), ("PACK.CELL.000001", 7));
        for other in [
            "PACK.CELL.000001-7",
            "PACK.CELL.1-00007",
            "PACK.CELL.000001",
            "SN-00001",
            "PACK.CELL.000001-00000",
        ] {
            assert!(serial_of(other).is_none(), "{other}");
        }
    }
}
