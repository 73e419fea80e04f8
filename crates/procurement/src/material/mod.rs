//! Bought stock: what may be used, what is kept for a build, what was used.
//!
//! It must not know rows or messages. Invariants: ST-2 nothing is reserved that is not on hand; a reservation holds all
//! that it asks for or nothing; lots leave first in, first out: by day of receipt, then supplier, then number (RULES 14).

use std::fmt;

use takt_kernel::{Date, LotNumber, Quantity};
use takt_service::Refusal;

pub(crate) mod consumption;
pub(crate) mod days;
pub(crate) mod ledger;
pub(crate) mod reports;
pub(crate) mod reservation;
pub(crate) mod rpc;
pub(crate) mod store;
#[cfg(test)]
mod tests;
pub(crate) mod value;
pub(crate) mod wire;

/// The states of a reservation; the numbers are those of its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReservationState {
    /// The stock is kept for the build.
    Confirmed = 1,
    /// Every vehicle has used its part.
    Consumed = 2,
    /// The stock was given back.
    Released = 3,
}

impl ReservationState {
    /// The state of a column.
    pub(crate) fn of(column: i64) -> Option<Self> {
        [Self::Confirmed, Self::Consumed, Self::Released]
            .into_iter()
            .find(|state| *state as i64 == column)
    }
}

/// A reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reservation {
    /// The number that stands for it in rows.
    pub(crate) number: i64,
    /// The name that the caller gave it.
    pub(crate) id: String,
    /// The day of the build.
    pub(crate) build_on: Date,
    /// The state.
    pub(crate) state: ReservationState,
    /// The vehicles that share it.
    pub(crate) vehicles: i64,
    /// The vehicles that have used their parts.
    pub(crate) consumed: i64,
}

impl Reservation {
    /// Gives the stock back; false when it was given back before.
    pub(crate) fn release(&mut self) -> Result<bool, MaterialRefusal> {
        match self.state {
            ReservationState::Released => Ok(false),
            ReservationState::Consumed => Err(MaterialRefusal::Consumed {
                id: self.id.clone(),
            }),
            ReservationState::Confirmed if self.consumed > 0 => Err(MaterialRefusal::InUse {
                id: self.id.clone(),
                vehicles: self.consumed,
            }),
            ReservationState::Confirmed => {
                self.state = ReservationState::Released;
                Ok(true)
            }
        }
    }
}

/// What a build needs of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Need {
    /// The number of the item.
    pub(crate) item_no: u32,
    /// How much, above zero.
    pub(crate) quantity: Quantity,
}

/// A run: consecutive lots that came on one day, of each of which the same quantity is free, kept or used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    /// The day of receipt.
    pub(crate) received_on: Date,
    /// The first lot.
    pub(crate) first: LotNumber,
    /// The number of lots.
    pub(crate) lots: i64,
    /// The quantity of each lot.
    pub(crate) each: Quantity,
}

impl Run {
    /// The lots one by one.
    pub(crate) fn each(self) -> impl Iterator<Item = LotNumber> {
        (0..self.lots).map(move |at| LotNumber(self.first.value() + at))
    }

    /// The last lot.
    pub(crate) fn last(self) -> LotNumber {
        LotNumber(self.first.value() + self.lots - 1)
    }

    /// The thousandths of all lots.
    pub(crate) fn total(self) -> i64 {
        self.each.milli().saturating_mul(self.lots)
    }
}

/// What is missing of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missing {
    /// The number of the item.
    pub(crate) item_no: u32,
    /// What is needed.
    pub(crate) needed: Quantity,
    /// What is free.
    pub(crate) free: Quantity,
}

/// Takes what is needed from free lots, whole or not at all. Needs are in item order, each item once; runs are in item
/// order and within an item first in first out; those that are not needed may be among them.
///
/// # Errors
/// Everything that is missing.
pub(crate) fn pick(needs: &[Need], free: &[Run]) -> Result<Vec<Run>, Vec<Missing>> {
    let (mut picks, mut missing) = (Vec::with_capacity(free.len()), Vec::new());
    let mut runs = free.iter().peekable();
    for need in needs {
        let mut left = need.quantity.milli();
        while let Some(run) = runs.next_if(|run| run.first.item_no() <= need.item_no) {
            if run.first.item_no() == need.item_no {
                left -= taken(*run, left, &mut picks);
            }
        }
        if left > 0 {
            let free = Quantity(need.quantity.milli() - left);
            missing.push(Missing {
                item_no: need.item_no,
                needed: need.quantity,
                free,
            });
        }
    }
    if missing.is_empty() {
        Ok(picks)
    } else {
        Err(missing)
    }
}

/// Takes at most `left` from a run: whole lots, and then a part of the next one. Answers with what was taken.
fn taken(run: Run, left: i64, picks: &mut Vec<Run>) -> i64 {
    let each = run.each.milli();
    if left <= 0 || each <= 0 {
        return 0;
    }
    let whole = run.lots.min(left / each);
    if whole > 0 {
        picks.push(Run { lots: whole, ..run });
    }
    let rest = left - whole * each;
    if whole == run.lots || rest == 0 {
        return whole * each;
    }
    picks.push(Run {
        first: LotNumber(run.first.value() + whole),
        lots: 1,
        each: Quantity(rest),
        ..run
    });
    left
}

/// Why stock could not be kept or given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MaterialRefusal {
    /// There is not enough that is released and free: item, needed, free.
    Shortage(Vec<(String, Quantity, Quantity)>),
    /// Every vehicle has used its parts.
    Consumed {
        /// The reservation.
        id: String,
    },
    /// Some vehicles have used their parts.
    InUse {
        /// The reservation.
        id: String,
        /// How many.
        vehicles: i64,
    },
}

impl fmt::Display for MaterialRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shortage(missing) => {
                out.write_str(
                    "too little is released and free; build fewer vehicles or wait for receipts: ",
                )?;
                for (place, (item, needed, free)) in missing.iter().take(5).enumerate() {
                    let comma = if place == 0 { "" } else { ", " };
                    write!(out, "{comma}{item} needs {needed} and has {free}")?;
                }
                if missing.len() > 5 {
                    write!(out, " and {} more items", missing.len() - 5)?;
                }
                Ok(())
            }
            Self::Consumed { id } => {
                write!(out, "reservation {id} is used up and cannot be given back")
            }
            Self::InUse { id, vehicles } => {
                write!(
                    out,
                    "{vehicles} vehicles have used their parts of reservation {id}; it cannot be given back any more"
                )
            }
        }
    }
}

impl Refusal for MaterialRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::Shortage(_) => "MATERIAL_SHORTAGE",
            Self::Consumed { .. } => "RESERVATION_CONSUMED",
            Self::InUse { .. } => "RESERVATION_IN_USE",
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Shortage(missing) => {
                let items: Vec<&str> = missing
                    .iter()
                    .take(50)
                    .map(|(item, _, _)| item.as_str())
                    .collect();
                vec![("items", items.join(","))]
            }
            Self::Consumed { id } | Self::InUse { id, .. } => vec![("reservation_id", id.clone())],
        }
    }
}
