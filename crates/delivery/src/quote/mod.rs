//! Quotes: offers that are kept for a customer by a hold in production.
//!
//! It must not know the database or the wire. Invariants: QT-1 a quote becomes as many orders as it has vehicles, or none;
//! one that has expired is kept for nobody; a quoted day is the day of completion and the longest lane to the city, so that
//! it holds whichever lane the vehicle takes.

pub(crate) mod confirm;
pub(crate) mod offer;
pub(crate) mod rpc;
pub(crate) mod store;
pub(crate) mod wire;

use std::{collections::BTreeMap, fmt};

use takt_kernel::Date;
use takt_service::Refusal;

/// The states of a quote; the numbers are those of its column and of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuoteState {
    /// It is kept until it expires.
    Held = 1,
    /// Its orders are being made.
    Confirming = 2,
    /// It has become orders.
    Confirmed = 3,
    /// It was given back.
    Released = 4,
    /// Its time passed.
    Expired = 5,
}

impl QuoteState {
    /// The state of a column.
    pub fn of(column: i64) -> Option<Self> {
        [
            Self::Held,
            Self::Confirming,
            Self::Confirmed,
            Self::Released,
            Self::Expired,
        ]
        .into_iter()
        .find(|state| *state as i64 == column)
    }
}

/// Vehicles that are complete on a day and delivered on another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotedSlot {
    /// The day of completion.
    pub build_on: Date,
    /// The day of the delivery.
    pub deliver_on: Date,
    /// The vehicles.
    pub vehicles: i64,
}

/// A quote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// The number that stands for it in rows; 0 before it has one.
    pub number: i64,
    /// The name that the caller gave it.
    pub id: String,
    /// The customer, by a pseudonym.
    pub customer_id: String,
    /// The variant.
    pub variant_id: String,
    /// The values by option key.
    pub options: BTreeMap<String, String>,
    /// The city of delivery.
    pub city: String,
    /// The state as it was last written.
    pub state: QuoteState,
    /// When it expires, in microseconds, unless it is confirmed before.
    pub expires_at: i64,
    /// The plan that it was made on.
    pub plan_id: String,
    /// Its vehicles by day.
    pub slots: Vec<QuotedSlot>,
    /// The orders that it has become.
    pub orders: Vec<String>,
}

impl Quote {
    /// The state at a moment.
    pub fn state_at(&self, now: i64) -> QuoteState {
        match self.state {
            QuoteState::Held if self.expires_at <= now => QuoteState::Expired,
            state => state,
        }
    }

    /// The vehicles.
    pub fn vehicles(&self) -> i64 {
        self.slots.iter().map(|slot| slot.vehicles).sum()
    }

    /// The days of each vehicle, the first one first.
    pub fn each(&self) -> impl Iterator<Item = QuotedSlot> + '_ {
        self.slots.iter().flat_map(|slot| {
            let one = QuotedSlot {
                vehicles: 1,
                ..*slot
            };
            (0..slot.vehicles).map(move |_| one)
        })
    }

    /// Whether it can become orders or be given back now; true when it is on its way to be orders.
    ///
    /// # Errors
    /// `QuoteRefusal` when it is kept no more, or has become orders.
    pub fn open(&self, now: i64) -> Result<bool, QuoteRefusal> {
        let id = self.id.clone();
        match self.state_at(now) {
            QuoteState::Held => Ok(false),
            QuoteState::Confirming => Ok(true),
            QuoteState::Confirmed => Err(QuoteRefusal::Confirmed { id }),
            QuoteState::Released => Err(QuoteRefusal::Released { id }),
            QuoteState::Expired => Err(QuoteRefusal::Expired { id }),
        }
    }
}

/// Vehicles by the day of completion with the day on which they are delivered: the first ones complete go to the first
/// delivery. Both lists are in the order of days and add up to the same.
pub fn quoted(slots: &[(Date, i64)], deliveries: &[(Date, i64)]) -> Vec<QuotedSlot> {
    let mut quoted = Vec::new();
    let mut left = deliveries.iter().copied();
    let mut delivery = left.next();
    for (build_on, vehicles) in slots {
        let mut here = *vehicles;
        while here > 0 {
            let Some((deliver_on, open)) = delivery else {
                return quoted;
            };
            let taken = here.min(open);
            if taken > 0 {
                quoted.push(QuotedSlot {
                    build_on: *build_on,
                    deliver_on,
                    vehicles: taken,
                });
            }
            here -= taken;
            delivery = if open > taken {
                Some((deliver_on, open - taken))
            } else {
                left.next()
            };
        }
    }
    quoted
}

/// Why a quote cannot be confirmed or given back.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the sentences say what the fields are")]
pub enum QuoteRefusal {
    Expired { id: String },
    Released { id: String },
    Confirmed { id: String },
    Confirming { id: String },
}

impl fmt::Display for QuoteRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired { id } => write!(out, "the time of quote {id} has passed; quote anew"),
            Self::Released { id } => write!(out, "quote {id} was given back; quote anew"),
            Self::Confirmed { id } => write!(
                out,
                "quote {id} has become orders; cancel the orders instead"
            ),
            Self::Confirming { id } => write!(
                out,
                "quote {id} is becoming other orders just now; look at it with GetQuote"
            ),
        }
    }
}

impl Refusal for QuoteRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::Expired { .. } => "QUOTE_EXPIRED",
            Self::Released { .. } => "QUOTE_RELEASED",
            Self::Confirmed { .. } => "QUOTE_CONFIRMED",
            Self::Confirming { .. } => "QUOTE_CONFIRMING",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_ones_complete_go_to_the_first_delivery() {
        let day = Date::from_epoch_day;
        let found = quoted(
            &[(day(1), 2), (day(2), 3), (day(5), 1)],
            &[(day(4), 4), (day(8), 2)],
        );
        let rows: Vec<_> = found
            .iter()
            .map(|slot| {
                (
                    slot.build_on.epoch_day(),
                    slot.deliver_on.epoch_day(),
                    slot.vehicles,
                )
            })
            .collect();
        assert_eq!(rows, [(1, 4, 2), (2, 4, 2), (2, 8, 1), (5, 8, 1)]);
    }
}
