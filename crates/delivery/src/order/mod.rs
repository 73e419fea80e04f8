//! A customer's order: its place in the queue and what became of it.
//!
//! It must not know the database or the wire. Invariants: OR-1 an order has at most one vehicle; OR-3 an order is
//! open, allocated to a vehicle or cancelled; only an open order can be cancelled; everything after the allocation
//! is read from the vehicle and its shipment, so that nothing is told twice.

pub(crate) mod change;
pub(crate) mod chronicle;
pub(crate) mod create;
pub(crate) mod intake;
pub(crate) mod life;
pub(crate) mod rpc;
pub(crate) mod store;
pub(crate) mod terms;
pub(crate) mod timeline;
pub(crate) mod told;
pub(crate) mod trace;
pub(crate) mod wire;

use std::{collections::BTreeMap, fmt};

use takt_kernel::{Date, stable_hash};
use takt_service::error::Refusal;

/// The order's place in the queue, as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queueing {
    /// It waits for a vehicle.
    Open,
    /// It has its vehicle.
    Allocated,
    /// It was cancelled.
    Cancelled,
}

impl Queueing {
    /// The number in the database.
    pub const fn code(self) -> i64 {
        match self {
            Self::Open => 0,
            Self::Allocated => 1,
            Self::Cancelled => 2,
        }
    }

    /// Reads the number.
    pub const fn of_code(code: i64) -> Option<Self> {
        match code {
            0 => Some(Self::Open),
            1 => Some(Self::Allocated),
            2 => Some(Self::Cancelled),
            _ => None,
        }
    }
}

/// How far the vehicle of an order has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Journey {
    /// The vehicle.
    pub vin: String,
    /// The day of completion.
    pub built_on: Option<Date>,
    /// The day of release.
    pub released_on: Option<Date>,
    /// The load that carries it.
    pub shipment_id: String,
    /// The day of departure.
    pub departed_on: Option<Date>,
    /// The day of arrival.
    pub arrived_on: Option<Date>,
    /// The day on which the load is expected, or arrived.
    pub expected_on: Option<Date>,
    /// The day of the handover.
    pub handed_over_on: Option<Date>,
    /// Since when the vehicle is damaged and nothing is settled about it.
    pub damaged_on: Option<Date>,
    /// A recall whose stop keeps the vehicle where it is, and since when.
    pub stopped: Option<(String, Date)>,
}

impl Journey {
    /// The state of an order with this vehicle.
    pub fn state(&self) -> OrderState {
        if self.handed_over_on.is_some() {
            OrderState::HandedOver
        } else if self.arrived_on.is_some() {
            OrderState::ReadyForHandover
        } else if self.departed_on.is_some() {
            OrderState::InTransit
        } else {
            OrderState::Built
        }
    }
}

/// The states of an order as the customer sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderState {
    /// The configuration is frozen.
    Locked,
    /// The vehicle is built.
    Built,
    /// The vehicle is on its way.
    InTransit,
    /// The vehicle is at the place of delivery.
    ReadyForHandover,
    /// The customer has the vehicle.
    HandedOver,
    /// The order was cancelled.
    Cancelled,
}

impl OrderState {
    /// The name of the state, as refusals say it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Locked => "locked",
            Self::Built => "built",
            Self::InTransit => "in transit",
            Self::ReadyForHandover => "ready for handover",
            Self::HandedOver => "handed over",
            Self::Cancelled => "cancelled",
        }
    }
}

/// An order with everything that is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its place in the order of intake, from 1.
    pub number: i64,
    /// Its id, given by the caller.
    pub id: String,
    /// The customer, by a pseudonym.
    pub customer_id: String,
    /// The place of the variant in the programme.
    pub variant_no: i64,
    /// The chosen value of each option.
    pub options: BTreeMap<String, String>,
    /// Whether it is built before others of its variant.
    pub priority: bool,
    /// The lane by its place in the programme.
    pub lane_no: i64,
    /// The day on which it was locked.
    pub locked_on: Date,
    /// Its place in the queue.
    pub queueing: Queueing,
    /// The day of the cancellation.
    pub cancelled_on: Option<Date>,
    /// How far its vehicle has come.
    pub journey: Journey,
}

impl Order {
    /// The state as the customer sees it.
    pub fn state(&self) -> OrderState {
        match self.queueing {
            Queueing::Open => OrderState::Locked,
            Queueing::Cancelled => OrderState::Cancelled,
            Queueing::Allocated => self.journey.state(),
        }
    }

    /// The entity tag: it changes whenever what the customer sees changes.
    pub fn etag(&self) -> String {
        let journey = &self.journey;
        let seen = format!(
            "{}|{}|{}|{:?}|{}|{}|{:?}",
            self.number,
            self.state().word(),
            journey.vin,
            journey.handed_over_on,
            self.variant_no,
            self.lane_no,
            self.options
        );
        format!("{:016x}", stable_hash(seen.as_bytes()))
    }

    /// Cancels the order on a day.
    pub fn cancel(&self, on: Date) -> Result<Date, OrderRefusal> {
        let id = self.id.clone();
        match self.queueing {
            Queueing::Open if on < self.locked_on => Err(OrderRefusal::CancelledBeforeLocked {
                id,
                on,
                locked_on: self.locked_on,
            }),
            Queueing::Open => Ok(on),
            Queueing::Allocated => Err(OrderRefusal::AlreadyBuilt {
                id,
                state: self.state(),
                vin: self.journey.vin.clone(),
            }),
            Queueing::Cancelled => Err(OrderRefusal::AlreadyCancelled {
                id,
                on: self.cancelled_on.unwrap_or_default(),
            }),
        }
    }
}

/// Why an order is not changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderRefusal {
    /// The vehicle exists.
    AlreadyBuilt {
        /// The order.
        id: String,
        /// The state it is in.
        state: OrderState,
        /// The vehicle.
        vin: String,
    },
    /// It was cancelled before.
    AlreadyCancelled {
        /// The order.
        id: String,
        /// When.
        on: Date,
    },
    /// The cancellation lies before the order.
    CancelledBeforeLocked {
        /// The order.
        id: String,
        /// The day of the cancellation.
        on: Date,
        /// The day on which the order was locked.
        locked_on: Date,
    },
}

impl fmt::Display for OrderRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyBuilt { id, state, vin } => write!(
                out,
                "order {id} is {} with vehicle {vin} and cannot be cancelled; hand the vehicle over and take it back",
                state.word()
            ),
            Self::AlreadyCancelled { id, on } => {
                write!(
                    out,
                    "order {id} was cancelled on {on}; place a new order instead"
                )
            }
            Self::CancelledBeforeLocked { id, on, locked_on } => {
                write!(
                    out,
                    "order {id} was locked on {locked_on} and cannot be cancelled on {on}; give that day or a later one"
                )
            }
        }
    }
}

impl Refusal for OrderRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::AlreadyBuilt { .. } => "ORDER_ALREADY_BUILT",
            Self::AlreadyCancelled { .. } => "ORDER_ALREADY_CANCELLED",
            Self::CancelledBeforeLocked { .. } => "CANCELLED_BEFORE_LOCKED",
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::programme::sample::{date, options};

    type Step = fn(&mut Journey);

    pub(crate) fn order(queueing: Queueing) -> Order {
        Order {
            number: 7,
            id: "SO-7".into(),
            customer_id: "C-7".into(),
            variant_no: 2,
            options: options(&[("COLOR", "BLUE")]),
            priority: false,
            lane_no: 80,
            locked_on: date("2024-03-28"),
            queueing,
            cancelled_on: None,
            journey: Journey::default(),
        }
    }

    #[test]
    fn the_state_follows_the_vehicle() {
        let mut order = order(Queueing::Open);
        let mut tags = vec![order.etag()];
        assert_eq!(order.state(), OrderState::Locked);
        order.queueing = Queueing::Allocated;
        order.journey.vin = "V".into();
        let steps: [(Step, OrderState); 4] = [
            (|_| {}, OrderState::Built),
            (
                |journey| journey.departed_on = Some(date("2024-04-01")),
                OrderState::InTransit,
            ),
            (
                |journey| journey.arrived_on = Some(date("2024-04-04")),
                OrderState::ReadyForHandover,
            ),
            (
                |journey| journey.handed_over_on = Some(date("2024-04-05")),
                OrderState::HandedOver,
            ),
        ];
        for (step, state) in steps {
            step(&mut order.journey);
            assert_eq!(order.state(), state);
            assert!(!tags.contains(&order.etag()));
            tags.push(order.etag());
        }
    }

    #[test]
    fn only_an_open_order_is_cancelled() {
        let day = date("2024-03-30");
        assert_eq!(order(Queueing::Open).cancel(day), Ok(day));
        let early = order(Queueing::Open)
            .cancel(date("2024-03-27"))
            .unwrap_err();
        assert_eq!(early.reason(), "CANCELLED_BEFORE_LOCKED");
        let built = order(Queueing::Allocated).cancel(day).unwrap_err();
        assert_eq!(built.reason(), "ORDER_ALREADY_BUILT");
        assert!(
            built
                .to_string()
                .starts_with("order SO-7 is built with vehicle"),
            "{built}"
        );
        let twice = order(Queueing::Cancelled).cancel(day).unwrap_err();
        assert_eq!(twice.reason(), "ORDER_ALREADY_CANCELLED");
    }

    #[test]
    fn codes_are_read_back() {
        for queueing in [Queueing::Open, Queueing::Allocated, Queueing::Cancelled] {
            assert_eq!(Queueing::of_code(queueing.code()), Some(queueing));
        }
        assert_eq!(Queueing::of_code(9), None);
    }
}
