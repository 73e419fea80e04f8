//! A reservation: an order to be, with a deposit that comes back until it is locked.
//!
//! It must not know the database or the wire. Invariants: a reservation has no number, so no place in any queue; it ends once, by a lock, by
//! being given up, or by its last day; until it is locked its deposit always goes back; its id stays taken.

pub(crate) mod rpc;
pub(crate) mod store;

use std::{collections::BTreeMap, fmt};

use takt_kernel::Date;
use takt_service::Refusal;

/// The longest time for which an order is reserved: two years are a slip of the pen already.
pub const LONGEST: i32 = 730;

/// The states of a reservation; the numbers are those of its column and of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReservationState {
    /// It waits to be locked.
    Reserved = 1,
    /// It has become an order.
    Locked = 2,
    /// It was given up.
    Cancelled = 3,
    /// Its last day passed.
    Lapsed = 4,
}

impl ReservationState {
    /// The state of a column.
    pub fn of(column: i64) -> Option<Self> {
        [Self::Reserved, Self::Locked, Self::Cancelled, Self::Lapsed]
            .into_iter()
            .find(|state| *state as i64 == column)
    }
}

/// A reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// The order that it becomes.
    pub id: String,
    /// The customer, by a pseudonym.
    pub customer_id: String,
    /// The place of the variant in the programme.
    pub variant_no: i64,
    /// The chosen value of each option.
    pub options: BTreeMap<String, String>,
    /// The city of delivery.
    pub city: String,
    /// The state.
    pub state: ReservationState,
    /// The day on which it was reserved.
    pub reserved_on: Date,
    /// The last day on which it can be locked.
    pub lapses_on: Date,
    /// The day on which it ended.
    pub ended_on: Option<Date>,
    /// The currency of the deposit.
    pub currency: String,
    /// The deposit in minor units.
    pub deposit_minor: i64,
}

impl Reservation {
    /// Whether it can be locked on a day.
    ///
    /// # Errors
    /// `ReservationRefusal` with the state and the way out.
    pub fn lock(&self, on: Date) -> Result<(), ReservationRefusal> {
        self.open(on)?;
        if on > self.lapses_on {
            return Err(ReservationRefusal::Lapsed {
                id: self.id.clone(),
                on: self.lapses_on,
            });
        }
        Ok(())
    }

    /// Whether it can be given up on a day; on its last day or later, as long as nobody has ended it.
    ///
    /// # Errors
    /// `ReservationRefusal` with the state and the way out.
    pub fn open(&self, on: Date) -> Result<(), ReservationRefusal> {
        let (id, ended) = (self.id.clone(), self.ended_on.unwrap_or_default());
        match self.state {
            ReservationState::Reserved if on < self.reserved_on => Err(ReservationRefusal::Early {
                id,
                on,
                reserved_on: self.reserved_on,
            }),
            ReservationState::Reserved => Ok(()),
            ReservationState::Locked => Err(ReservationRefusal::Locked { id, on: ended }),
            ReservationState::Cancelled => Err(ReservationRefusal::Cancelled { id, on: ended }),
            ReservationState::Lapsed => Err(ReservationRefusal::Lapsed {
                id,
                on: self.lapses_on,
            }),
        }
    }
}

/// Why a reservation is not made, locked or given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReservationRefusal {
    /// Nobody has said what is paid down.
    NoTerms,
    /// It is an order.
    Locked {
        /// The order.
        id: String,
        /// Since when.
        on: Date,
    },
    /// It was given up.
    Cancelled {
        /// The order.
        id: String,
        /// When.
        on: Date,
    },
    /// Its last day has passed.
    Lapsed {
        /// The order.
        id: String,
        /// Its last day.
        on: Date,
    },
    /// The day lies before the reservation.
    Early {
        /// The order.
        id: String,
        /// The day that was given.
        on: Date,
        /// The day of the reservation.
        reserved_on: Date,
    },
}

impl fmt::Display for ReservationRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTerms => write!(
                out,
                "no terms stand, so nobody knows what is paid down; set them with SetOrderTerms first"
            ),
            Self::Locked { id, on } => write!(
                out,
                "order {id} was locked on {on}; change or cancel the order instead"
            ),
            Self::Cancelled { id, on } => write!(
                out,
                "the reservation of order {id} was given up on {on}; reserve anew under another id"
            ),
            Self::Lapsed { id, on } => write!(
                out,
                "the reservation of order {id} could be locked until {on} and its deposit goes back; reserve anew under another id"
            ),
            Self::Early {
                id,
                on,
                reserved_on,
            } => write!(
                out,
                "order {id} was reserved on {reserved_on} and {on} lies before that; give that day or a later one"
            ),
        }
    }
}

impl Refusal for ReservationRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::NoTerms => "NO_ORDER_TERMS",
            Self::Locked { .. } => "RESERVATION_LOCKED",
            Self::Cancelled { .. } => "RESERVATION_CANCELLED",
            Self::Lapsed { .. } => "RESERVATION_LAPSED",
            Self::Early { .. } => "BEFORE_RESERVATION",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::sample::{date, options};

    fn reservation(state: ReservationState) -> Reservation {
        Reservation {
            id: "R-1".into(),
            customer_id: "C".into(),
            variant_no: 2,
            options: options(&[("COLOR", "BLUE")]),
            city: "Xi'an".into(),
            state,
            reserved_on: date("2024-03-28"),
            lapses_on: date("2024-04-30"),
            ended_on: None,
            currency: "CNY".into(),
            deposit_minor: 500_000,
        }
    }

    #[test]
    fn a_reservation_is_locked_until_its_last_day_and_ends_once() {
        let open = reservation(ReservationState::Reserved);
        for day in ["2024-03-28", "2024-04-30"] {
            assert_eq!(open.lock(date(day)), Ok(()), "{day}");
        }
        let late = date("2024-05-01");
        let reason = |refused: Result<(), ReservationRefusal>| refused.unwrap_err().reason();
        assert_eq!(reason(open.lock(late)), "RESERVATION_LAPSED");
        // Who comes late gives it up all the same, as long as it was not ended.
        assert_eq!(open.open(late), Ok(()));
        assert_eq!(reason(open.open(date("2024-03-27"))), "BEFORE_RESERVATION");
        for (state, word) in [
            (ReservationState::Locked, "RESERVATION_LOCKED"),
            (ReservationState::Cancelled, "RESERVATION_CANCELLED"),
            (ReservationState::Lapsed, "RESERVATION_LAPSED"),
        ] {
            assert_eq!(reason(reservation(state).open(late)), word);
            assert_eq!(ReservationState::of(state as i64), Some(state));
        }
        assert_eq!(ReservationState::of(5), None);
    }
}
