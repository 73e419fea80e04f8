//! The handover of a vehicle to its customer.
//!
//! It must not know the database or the wire. Invariant: HO-1 a vehicle is handed over once, where it has arrived, on
//! the day of its arrival or later, and never before the programme's first handover date.

pub(crate) mod reception;
pub(crate) mod rpc;
pub(crate) mod store;
pub(crate) mod told;

use std::fmt;

use takt_kernel::Date;
use takt_service::error::Refusal;

use crate::shipment::ShipmentNo;

/// A vehicle as the handover sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The number of the vehicle in the yard.
    pub vehicle_no: i64,
    /// Its order and the order's trace; none while it has no order.
    pub order: Option<(String, Option<String>)>,
    /// The load that brought it.
    pub shipment: Option<ShipmentNo>,
    /// The day of arrival.
    pub arrived_on: Option<Date>,
    /// The day of the handover.
    pub handed_over_on: Option<Date>,
}

/// What a handover did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// The customer has the vehicle now.
    HandedOver,
    /// The customer had it since that day.
    Nothing,
}

impl Waiting {
    /// Hands the vehicle over on a day. The same handover again changes nothing.
    pub fn hand_over(
        &mut self,
        on: Date,
        first_handover_on: Date,
    ) -> Result<Done, HandoverRefusal> {
        match (self.handed_over_on, self.arrived_on, &self.order) {
            (Some(known), ..) if known == on => Ok(Done::Nothing),
            (Some(known), ..) => Err(HandoverRefusal::AlreadyHandedOver { on: known }),
            (None, _, None) => Err(HandoverRefusal::NoOrder),
            (None, None, _) => Err(HandoverRefusal::NotArrived),
            (None, Some(arrived_on), _) if on < arrived_on => {
                Err(HandoverRefusal::BeforeArrival { on, arrived_on })
            }
            _ if on < first_handover_on => Err(HandoverRefusal::BeforeFirst {
                on,
                first_handover_on,
            }),
            _ => {
                self.handed_over_on = Some(on);
                Ok(Done::HandedOver)
            }
        }
    }
}

/// Why a vehicle is not handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandoverRefusal {
    /// It was handed over on another day.
    AlreadyHandedOver {
        /// The day.
        on: Date,
    },
    /// Nobody has ordered it.
    NoOrder,
    /// It is not there.
    NotArrived,
    /// It was not there on that day.
    BeforeArrival {
        /// The day of the handover.
        on: Date,
        /// The day of arrival.
        arrived_on: Date,
    },
    /// Nothing is handed over so early.
    BeforeFirst {
        /// The day of the handover.
        on: Date,
        /// The first day on which vehicles are handed over.
        first_handover_on: Date,
    },
}

impl fmt::Display for HandoverRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyHandedOver { on } => write!(
                out,
                "the vehicle was handed over on {on}; a handover is reported once"
            ),
            Self::NoOrder => out.write_str("the vehicle has no order; allocate it first"),
            Self::NotArrived => out.write_str(
                "the vehicle has not arrived yet; report the arrival of its shipment first",
            ),
            Self::BeforeArrival { on, arrived_on } => {
                write!(
                    out,
                    "the vehicle arrived on {arrived_on} and cannot be handed over on {on}; give that day or a later one"
                )
            }
            Self::BeforeFirst {
                on,
                first_handover_on,
            } => {
                write!(
                    out,
                    "handovers begin on {first_handover_on} and {on} lies before; give that day or a later one"
                )
            }
        }
    }
}

impl Refusal for HandoverRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::AlreadyHandedOver { .. } => "ALREADY_HANDED_OVER",
            Self::NoOrder => "VEHICLE_WITHOUT_ORDER",
            Self::NotArrived => "VEHICLE_NOT_ARRIVED",
            Self::BeforeArrival { .. } => "HANDOVER_BEFORE_ARRIVAL",
            Self::BeforeFirst { .. } => "HANDOVER_BEFORE_FIRST",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::sample::date;

    #[test]
    fn a_vehicle_is_handed_over_once_where_it_is_and_not_too_early() {
        let first = date("2024-04-03");
        let mut vehicle = Waiting {
            vehicle_no: 1,
            order: None,
            shipment: None,
            arrived_on: None,
            handed_over_on: None,
        };
        let reason = |vehicle: &mut Waiting, on: &str| {
            vehicle.hand_over(date(on), first).unwrap_err().reason()
        };
        assert_eq!(reason(&mut vehicle, "2024-04-03"), "VEHICLE_WITHOUT_ORDER");
        vehicle.order = Some(("SO-1".into(), None));
        assert_eq!(reason(&mut vehicle, "2024-04-03"), "VEHICLE_NOT_ARRIVED");
        vehicle.arrived_on = Some(date("2024-04-01"));
        assert_eq!(
            reason(&mut vehicle, "2024-03-31"),
            "HANDOVER_BEFORE_ARRIVAL"
        );
        assert_eq!(reason(&mut vehicle, "2024-04-02"), "HANDOVER_BEFORE_FIRST");
        assert_eq!(vehicle.hand_over(first, first), Ok(Done::HandedOver));
        assert_eq!(vehicle.hand_over(first, first), Ok(Done::Nothing));
        assert_eq!(reason(&mut vehicle, "2024-04-04"), "ALREADY_HANDED_OVER");
    }
}
