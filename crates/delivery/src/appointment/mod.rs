//! An appointment: the day and the centre at which a customer takes a vehicle.
//!
//! It must not know the database or the wire. Invariants: AP-1 an order has at most one appointment that stands, and none once it was cancelled or
//! handed over; an appointment is made on or after the day on which the vehicle is expected, in the city of the order; what
//! ended stays ended.

pub(crate) mod rpc;
pub(crate) mod store;

use std::fmt;

use takt_kernel::Date;
use takt_service::error::Refusal;

use crate::{
    centre::Centre,
    order::{Order, OrderState, Queueing},
    outlook::Standing,
    programme::Catalogue,
};

/// The states of an appointment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// It stands.
    Booked,
    /// The vehicle was handed over on the day.
    Kept,
    /// Another one took its place.
    Moved,
    /// It was cancelled, or its order was.
    Cancelled,
    /// The customer did not come.
    NoShow,
}

impl State {
    /// The number in the database and on the wire.
    pub(crate) const fn code(self) -> i64 {
        match self {
            Self::Booked => 1,
            Self::Kept => 2,
            Self::Moved => 3,
            Self::Cancelled => 4,
            Self::NoShow => 5,
        }
    }

    /// Reads the number.
    pub(crate) const fn of_code(code: i64) -> Option<Self> {
        match code {
            1 => Some(Self::Booked),
            2 => Some(Self::Kept),
            3 => Some(Self::Moved),
            4 => Some(Self::Cancelled),
            5 => Some(Self::NoShow),
            _ => None,
        }
    }
}

/// An appointment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Appointment {
    /// Its place in the order of booking, from 1.
    pub(crate) number: i64,
    /// The order, by its place in intake.
    pub(crate) order_no: i64,
    /// The centre, by its place.
    pub(crate) centre_no: i64,
    /// The day.
    pub(crate) on: Date,
    /// The state.
    pub(crate) state: State,
    /// The day of the booking.
    pub(crate) made_on: Date,
    /// The day on which it ended.
    pub(crate) ended_on: Option<Date>,
}

impl Appointment {
    /// Ends an appointment that stands.
    pub(crate) fn end(&mut self, state: State, on: Date) {
        self.state = state;
        self.ended_on = Some(on);
    }
}

/// The day on which the vehicle of an order is expected. An order with a vehicle knows it by its load; of one without, `told` is what the outlook or
/// the last promise says.
pub(crate) fn expected(order: &Order, catalogue: &Catalogue, told: Option<Date>) -> Option<Date> {
    match order.queueing {
        Queueing::Cancelled => None,
        Queueing::Open => told,
        Queueing::Allocated => {
            let transit = catalogue.lane_at(order.lane_no)?.transit_days();
            let first = catalogue.programme.first_handover_on;
            Standing::journey(&order.journey, transit, first, first).expected_on
        }
    }
}

/// Whether an order may have a day at a centre.
pub(crate) fn check(
    order: &Order,
    city: &str,
    expected_on: Option<Date>,
    centre: &Centre,
    on: Date,
    made_on: Date,
) -> Result<(), AppointmentRefusal> {
    let order_id = order.id.clone();
    let state = order.state();
    if matches!(state, OrderState::HandedOver | OrderState::Cancelled) {
        return Err(AppointmentRefusal::OrderClosed { order_id, state });
    }
    if centre.city != city {
        return Err(AppointmentRefusal::OtherCity {
            order_id,
            city: city.to_owned(),
            centre_id: centre.id.clone(),
            centre_city: centre.city.clone(),
        });
    }
    if on < made_on {
        return Err(AppointmentRefusal::Past { on, made_on });
    }
    match expected_on {
        None => Err(AppointmentRefusal::NobodyKnows { order_id, state }),
        Some(expected_on) if on < expected_on => Err(AppointmentRefusal::BeforeVehicle {
            order_id,
            on,
            expected_on,
        }),
        Some(_) => Ok(()),
    }
}

/// Why an appointment is not made or ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AppointmentRefusal {
    /// The order needs none any more.
    OrderClosed {
        /// The order.
        order_id: String,
        /// Its state.
        state: OrderState,
    },
    /// The centre is elsewhere.
    OtherCity {
        /// The order.
        order_id: String,
        /// Its city.
        city: String,
        /// The centre.
        centre_id: String,
        /// Its city.
        centre_city: String,
    },
    /// The day has passed.
    Past {
        /// The day.
        on: Date,
        /// The day of the booking.
        made_on: Date,
    },
    /// The vehicle comes later.
    BeforeVehicle {
        /// The order.
        order_id: String,
        /// The day.
        on: Date,
        /// The day on which the vehicle is expected.
        expected_on: Date,
    },
    /// Nobody knows when the vehicle comes.
    NobodyKnows {
        /// The order.
        order_id: String,
        /// Its state.
        state: OrderState,
    },
    /// The order has one.
    Stands {
        /// The order.
        order_id: String,
        /// The day.
        on: Date,
    },
    /// The order has none.
    NoneStands {
        /// The order.
        order_id: String,
    },
    /// The customer can still come.
    NotYet {
        /// The order.
        order_id: String,
        /// The day that was given.
        on: Date,
        /// The day of the appointment.
        appointed_on: Date,
    },
    /// It would end before it was made.
    BeforeMade {
        /// The order.
        order_id: String,
        /// The day that was given.
        on: Date,
        /// The day of the booking.
        made_on: Date,
    },
}

impl fmt::Display for AppointmentRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OrderClosed { order_id, state } => write!(
                out,
                "order {order_id} is {} and needs no appointment",
                state.word()
            ),
            Self::OtherCity {
                order_id,
                city,
                centre_id,
                centre_city,
            } => write!(
                out,
                "order {order_id} is delivered to {city} and centre {centre_id} stands in {centre_city}; give a centre in {city}"
            ),
            Self::Past { on, made_on } => write!(
                out,
                "{on} lies before {made_on}, the day of the booking; give that day or a later one"
            ),
            Self::BeforeVehicle {
                order_id,
                on,
                expected_on,
            } => write!(
                out,
                "the vehicle of order {order_id} is expected on {expected_on} and cannot be handed over on {on}; give that day or a later one"
            ),
            Self::NobodyKnows { order_id, state } => write!(
                out,
                "nobody knows when the vehicle of order {order_id}, which is {}, comes: it was promised no day, or quality keeps it; book when it has one",
                state.word()
            ),
            Self::Stands { order_id, on } => write!(
                out,
                "order {order_id} has an appointment on {on}; reschedule or cancel it"
            ),
            Self::NoneStands { order_id } => {
                write!(
                    out,
                    "order {order_id} has no appointment that stands; book one"
                )
            }
            Self::NotYet {
                order_id,
                on,
                appointed_on,
            } => write!(
                out,
                "the customer of order {order_id} has an appointment on {appointed_on} and can still come after {on}; cancel it instead"
            ),
            Self::BeforeMade {
                order_id,
                on,
                made_on,
            } => write!(
                out,
                "the appointment of order {order_id} was booked on {made_on} and cannot end on {on}; give that day or a later one"
            ),
        }
    }
}

impl Refusal for AppointmentRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::OrderClosed { .. } => "APPOINTMENT_ORDER_CLOSED",
            Self::OtherCity { .. } => "APPOINTMENT_OTHER_CITY",
            Self::Past { .. } => "APPOINTMENT_IN_THE_PAST",
            Self::BeforeVehicle { .. } => "APPOINTMENT_BEFORE_VEHICLE",
            Self::NobodyKnows { .. } => "APPOINTMENT_WITHOUT_DAY",
            Self::Stands { .. } => "APPOINTMENT_STANDS",
            Self::NoneStands { .. } => "NO_APPOINTMENT",
            Self::NotYet { .. } => "NO_SHOW_TOO_EARLY",
            Self::BeforeMade { .. } => "APPOINTMENT_ENDS_EARLY",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        centre::tests::new_centre,
        order::tests::order,
        programme::sample::{catalogue, date},
    };

    #[test]
    fn a_day_is_given_from_the_day_on_which_the_vehicle_is_expected() {
        let (catalogue, centre) = (
            catalogue(),
            Centre::opened(1, &new_centre("XIAN-1", "2024-04-01")),
        );
        let (made, comes) = (date("2024-04-01"), Some(date("2024-04-20")));
        let mut open = order(Queueing::Open);
        let reason = |order: &Order, city, told, on: &str| {
            let expected_on = expected(order, &catalogue, told);
            let checked = check(order, city, expected_on, &centre, date(on), made);
            checked.map_err(|refusal| refusal.reason())
        };
        let xian = "Xi'an";
        assert_eq!(reason(&open, xian, comes, "2024-04-20"), Ok(()));
        let early = Err("APPOINTMENT_BEFORE_VEHICLE");
        assert_eq!(reason(&open, xian, comes, "2024-04-19"), early);
        assert_eq!(
            reason(&open, xian, None, "2024-04-20"),
            Err("APPOINTMENT_WITHOUT_DAY")
        );
        assert_eq!(
            reason(&open, "Shanghai", comes, "2024-04-20"),
            Err("APPOINTMENT_OTHER_CITY")
        );
        assert_eq!(
            reason(&open, xian, comes, "2024-03-31"),
            Err("APPOINTMENT_IN_THE_PAST")
        );
        // With a vehicle its load says more than what was told before: released on 10 April and three days on its way.
        open.queueing = Queueing::Allocated;
        open.lane_no = 90;
        assert_eq!(
            reason(&open, xian, comes, "2024-04-20"),
            Err("APPOINTMENT_WITHOUT_DAY")
        );
        open.journey.released_on = Some(date("2024-04-10"));
        assert_eq!(reason(&open, xian, comes, "2024-04-12"), early);
        assert_eq!(reason(&open, xian, comes, "2024-04-13"), Ok(()));
        open.journey.handed_over_on = Some(date("2024-04-13"));
        assert_eq!(
            reason(&open, xian, comes, "2024-04-20"),
            Err("APPOINTMENT_ORDER_CLOSED")
        );
    }
}
