//! Bought stock: what may be used, what is kept for a build, what was used.
//!
//! It must not know rows or messages. Invariants: ST-2 nothing is reserved that is not on hand; a reservation holds all
//! that it asks for or nothing; lots leave first in, first out: by day of receipt, then supplier, then number (RULES 14).

use std::fmt;

use takt_kernel::{Date, LotNumber, Quantity};
use takt_service::Refusal;

pub(crate) mod consumption;
pub(crate) mod ledger;
pub(crate) mod reports;
pub(crate) mod reservation;
pub(crate) mod rpc;
pub(crate) mod store;
pub(crate) mod supply;
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

/// A lot with free stock, or what is taken of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pick {
    /// The lot.
    pub(crate) lot: LotNumber,
    /// What is free of it, or taken from it.
    pub(crate) quantity: Quantity,
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

/// Takes what is needed from free lots, whole or not at all. Needs are in item order, each item once; lots are in item
/// order and within an item first in first out; those that are not needed may be among them.
///
/// # Errors
/// Everything that is missing.
pub(crate) fn pick(needs: &[Need], free: &[Pick]) -> Result<Vec<Pick>, Vec<Missing>> {
    let (mut picks, mut missing) = (Vec::with_capacity(free.len()), Vec::new());
    let mut lots = free.iter().peekable();
    for need in needs {
        let mut left = need.quantity.milli();
        while let Some(lot) = lots.next_if(|lot| lot.lot.item_no() <= need.item_no) {
            if lot.lot.item_no() == need.item_no && left > 0 {
                let taken = left.min(lot.quantity.milli());
                picks.push(Pick {
                    lot: lot.lot,
                    quantity: Quantity(taken),
                });
                left -= taken;
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
