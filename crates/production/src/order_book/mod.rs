//! The book of open orders: which configuration each one is built in, and until when it can become another.
//!
//! It must not know the database or the wire. Invariants: an order becomes another only while nothing of its vehicle is settled: it
//! waits, stands in no sequence, in no day that was decided, and on no slot of a hold; its number, and with it its place among the orders of its
//! variant, never changes.

pub mod rpc;
pub mod store;

use std::fmt;

use takt_kernel::Date;
use takt_planning::feature::Config;
use takt_service::Refusal;

/// How far an order is; the numbers are those of its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookState {
    /// It waits for its vehicle.
    Waiting = 0,
    /// Its vehicle has entered the line.
    OnLine = 1,
    /// Its vehicle is complete.
    Built = 2,
}

impl BookState {
    /// The state of a column.
    pub fn of(column: i64) -> Option<Self> {
        [Self::Waiting, Self::OnLine, Self::Built]
            .into_iter()
            .find(|state| *state as i64 == column)
    }
}

/// An order as it stands in the book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booked {
    /// Its number.
    pub number: i64,
    /// Its id.
    pub id: String,
    /// What is ordered.
    pub config: Config,
    /// Whether it is built before others of its variant.
    pub priority: bool,
    /// How far it is.
    pub state: BookState,
    /// The day on which it was locked.
    pub locked_on: Date,
    /// The trace of its intake; empty when it had none.
    pub traceparent: String,
}

/// What stands around an order that waits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Around {
    /// The day that was decided with it and is being built.
    pub building: Option<Date>,
    /// The day in whose sequence it stands.
    pub sequenced: Option<Date>,
    /// The hold whose slot it has.
    pub hold: Option<String>,
}

/// Whether an order can become another one now.
///
/// # Errors
/// `BookRefusal` with the state and the way out.
pub fn revisable(order: &Booked, around: &Around) -> Result<(), BookRefusal> {
    let id = order.id.clone();
    match (order.state, around) {
        (BookState::Built, _) => Err(BookRefusal::Built { id }),
        (BookState::OnLine, _) => Err(BookRefusal::InBuild { id, on: None }),
        (BookState::Waiting, Around { building, .. }) if building.is_some() => {
            Err(BookRefusal::InBuild { id, on: *building })
        }
        (
            BookState::Waiting,
            Around {
                sequenced: Some(on),
                ..
            },
        ) => Err(BookRefusal::Sequenced { id, on: *on }),
        (
            BookState::Waiting,
            Around {
                hold: Some(hold), ..
            },
        ) => Err(BookRefusal::Slotted {
            id,
            hold: hold.clone(),
        }),
        (BookState::Waiting, _) => Ok(()),
    }
}

/// Why an order keeps its configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BookRefusal {
    /// Its vehicle is complete.
    Built {
        /// The order.
        id: String,
    },
    /// Its vehicle is on the line, or the day that builds it was decided.
    InBuild {
        /// The order.
        id: String,
        /// The day that was decided.
        on: Option<Date>,
    },
    /// It stands in the sequence of a day.
    Sequenced {
        /// The order.
        id: String,
        /// The day.
        on: Date,
    },
    /// It has the slot of a hold, and the parts of that configuration are kept for it.
    Slotted {
        /// The order.
        id: String,
        /// The hold.
        hold: String,
    },
    /// The plant does not build such a vehicle.
    Unknown {
        /// The order.
        id: String,
        /// What is not known.
        what: String,
    },
}

impl fmt::Display for BookRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Built { id } => write!(
                out,
                "the vehicle of order {id} is built and stays as it is; hand it over and take it back"
            ),
            Self::InBuild { id, on: Some(on) } => write!(
                out,
                "order {id} is in build on {on} and its parts are kept; take the vehicle as ordered, or cancel the order and place another"
            ),
            Self::InBuild { id, on: None } => write!(
                out,
                "the vehicle of order {id} is on the line; take it as ordered, or cancel the order and place another"
            ),
            Self::Sequenced { id, on } => write!(
                out,
                "order {id} is sequenced for {on}; take it out of that day's sequence first (Resequence with a hold), or cancel the order and place another"
            ),
            Self::Slotted { id, hold } => write!(
                out,
                "order {id} has a slot of hold {hold}, kept for what was quoted; only its city can change: cancel it and quote anew for another vehicle"
            ),
            Self::Unknown { id, what } => write!(
                out,
                "order {id} cannot become what the plant does not build: {what}; choose what the programme offers"
            ),
        }
    }
}

impl Refusal for BookRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::Built { .. } => "ORDER_ALREADY_BUILT",
            Self::InBuild { .. } => "ORDER_IN_BUILD",
            Self::Sequenced { .. } => "ORDER_SEQUENCED",
            Self::Slotted { .. } => "ORDER_HAS_SLOT",
            Self::Unknown { .. } => "CONFIGURATION_UNKNOWN",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(state: BookState) -> Booked {
        Booked {
            number: 7,
            id: "SO-7".into(),
            config: Config(0),
            priority: false,
            state,
            locked_on: Date::from_epoch_day(100),
            traceparent: String::new(),
        }
    }

    #[test]
    fn an_order_becomes_another_only_while_nothing_is_settled() {
        let day = Some(Date::from_epoch_day(120));
        let waiting = order(BookState::Waiting);
        assert_eq!(revisable(&waiting, &Around::default()), Ok(()));
        let settled = Around {
            building: day,
            sequenced: day,
            hold: Some("H".into()),
        };
        let reason =
            |order: &Booked, around: &Around| revisable(order, around).unwrap_err().reason();
        assert_eq!(
            reason(&order(BookState::Built), &settled),
            "ORDER_ALREADY_BUILT"
        );
        assert_eq!(
            reason(&order(BookState::OnLine), &settled),
            "ORDER_IN_BUILD"
        );
        assert_eq!(reason(&waiting, &settled), "ORDER_IN_BUILD");
        let sequenced = Around {
            building: None,
            ..settled.clone()
        };
        assert_eq!(reason(&waiting, &sequenced), "ORDER_SEQUENCED");
        let slotted = Around {
            sequenced: None,
            ..sequenced
        };
        assert_eq!(reason(&waiting, &slotted), "ORDER_HAS_SLOT");
    }

    #[test]
    fn states_are_read_back() {
        for state in [BookState::Waiting, BookState::OnLine, BookState::Built] {
            assert_eq!(BookState::of(state as i64), Some(state));
        }
        assert_eq!(BookState::of(9), None);
    }
}
