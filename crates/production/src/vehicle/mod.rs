//! Vehicles after they are built: their states, and why quality keeps one back.
//!
//! It must not know rows or messages. Invariants: a state never goes back, but for a hold before departure; a vehicle
//! that left the plant is held no more here; matter that has moved is always believed.

pub mod break_point;
pub mod rpc;
pub mod store;
pub mod trace;

use std::fmt;

use takt_kernel::{Date, Vin};
use takt_planning::feature::Config;
use takt_service::Refusal;

/// Where a vehicle stands, with its number in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// The number is allocated and the vehicle is on the line, or was pulled out of it.
    VinAllocated = 1,
    /// It is complete and quality keeps it back.
    EolTest = 2,
    /// It is released for delivery.
    Released = 3,
    /// It has left the plant.
    Dispatched = 4,
    /// The customer has it.
    HandedOver = 5,
}

impl State {
    /// The state of a number in the database.
    pub fn of(number: i64) -> Option<Self> {
        [
            Self::VinAllocated,
            Self::EolTest,
            Self::Released,
            Self::Dispatched,
            Self::HandedOver,
        ]
        .into_iter()
        .find(|state| *state as i64 == number)
    }

    /// Its name as the wire has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::VinAllocated => "VIN_ALLOCATED",
            Self::EolTest => "EOL_TEST",
            Self::Released => "RELEASED",
            Self::Dispatched => "DISPATCHED",
            Self::HandedOver => "HANDED_OVER",
        }
    }
}

/// A vehicle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vehicle {
    /// The serial of its number.
    pub serial: i64,
    /// Its number.
    pub vin: String,
    /// Its place in the order of issue; 0 while it has none.
    pub build_number: i64,
    /// The order for which it was built.
    pub order_id: String,
    /// Its configuration.
    pub config: Config,
    /// Where it stands.
    pub state: State,
    /// The day of completion.
    pub built_on: Option<Date>,
    /// The day of release.
    pub released_on: Option<Date>,
    /// The day of departure.
    pub dispatched_on: Option<Date>,
    /// The day of the handover.
    pub handed_over_on: Option<Date>,
    /// Why quality keeps it back; empty when it does not.
    pub hold_reason: String,
    /// How often it was changed.
    pub version: i64,
}

impl Vehicle {
    /// The entity tag.
    pub fn etag(&self) -> String {
        format!("\"{}\"", self.version)
    }

    /// Whether a caller that has seen `etag` has seen this state; an empty tag skips the check.
    pub fn matches(&self, etag: &str) -> bool {
        etag.is_empty() || etag == self.etag()
    }

    /// Quality keeps the vehicle back.
    ///
    /// # Errors
    /// `VehicleRefusal` when it is not complete, held already, or gone.
    pub fn hold(&mut self, reason: &str) -> Result<(), VehicleRefusal> {
        match self.state {
            State::Released => {
                self.state = State::EolTest;
                self.released_on = None;
                reason.clone_into(&mut self.hold_reason);
                self.version += 1;
                Ok(())
            }
            State::EolTest => Err(VehicleRefusal::HeldAlready {
                vin: self.vin.clone(),
                reason: self.hold_reason.clone(),
            }),
            State::VinAllocated => Err(VehicleRefusal::NotComplete(self.vin.clone())),
            State::Dispatched | State::HandedOver => {
                Err(VehicleRefusal::Gone(self.vin.clone(), self.state))
            }
        }
    }

    /// Quality lets the vehicle go.
    ///
    /// # Errors
    /// `VehicleRefusal` when it is not kept back, or the day lies before its completion.
    pub fn release(&mut self, on: Date) -> Result<(), VehicleRefusal> {
        if self.state != State::EolTest {
            return Err(VehicleRefusal::NotHeld(self.vin.clone(), self.state));
        }
        match self.built_on {
            Some(built) if on < built => Err(VehicleRefusal::BeforeCompletion {
                vin: self.vin.clone(),
                built,
                asked: on,
            }),
            _ => {
                self.state = State::Released;
                self.released_on = Some(on);
                self.hold_reason.clear();
                self.version += 1;
                Ok(())
            }
        }
    }
}

/// Why a vehicle is neither held nor released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VehicleRefusal {
    /// It is on the line.
    NotComplete(String),
    /// It is held already.
    HeldAlready {
        /// The vehicle.
        vin: String,
        /// Why it is held.
        reason: String,
    },
    /// It has left the plant.
    Gone(String, State),
    /// It is not held.
    NotHeld(String, State),
    /// It would be released before it was complete.
    BeforeCompletion {
        /// The vehicle.
        vin: String,
        /// The day of completion.
        built: Date,
        /// The day asked for.
        asked: Date,
    },
}

impl fmt::Display for VehicleRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotComplete(vin) => write!(
                out,
                "vehicle {vin} is on the line and cannot be held; wait until it is complete"
            ),
            Self::HeldAlready { vin, reason } => write!(
                out,
                "vehicle {vin} is held already ({reason}); release it first"
            ),
            Self::Gone(vin, state) => {
                write!(
                    out,
                    "vehicle {vin} is {} and cannot be held at the plant; stop its shipment instead",
                    state.as_str()
                )
            }
            Self::NotHeld(vin, state) => write!(
                out,
                "vehicle {vin} is {} and not held; there is nothing to release",
                state.as_str()
            ),
            Self::BeforeCompletion { vin, built, asked } => {
                write!(
                    out,
                    "vehicle {vin} was complete on {built} and cannot be released on {asked}; give a later day"
                )
            }
        }
    }
}

impl Refusal for VehicleRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::NotComplete(_) => "VEHICLE_NOT_COMPLETE",
            Self::HeldAlready { .. } => "VEHICLE_HELD",
            Self::Gone(..) => "VEHICLE_GONE",
            Self::NotHeld(..) => "VEHICLE_NOT_HELD",
            Self::BeforeCompletion { .. } => "RELEASE_BEFORE_COMPLETION",
        }
    }
}

/// The serial in a vehicle identification number; the key by which vehicles are found.
pub fn serial_of(vin: &Vin) -> Option<i64> {
    vin.serial().map(i64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vehicle(state: State) -> Vehicle {
        let built_on = (state > State::VinAllocated).then(|| Date::from_epoch_day(10));
        Vehicle {
            serial: 1,
            vin: "LXMSU7A10RB000001".to_owned(),
            build_number: 1,
            order_id: "SO-1".to_owned(),
            config: Config(0),
            state,
            built_on,
            released_on: built_on,
            dispatched_on: None,
            handed_over_on: None,
            hold_reason: String::new(),
            version: 1,
        }
    }

    #[test]
    fn a_hold_goes_back_once_and_only_before_departure() {
        let mut car = vehicle(State::Released);
        assert!(car.matches("") && car.matches("\"1\"") && !car.matches("\"2\""));
        car.hold("paint").unwrap();
        assert_eq!(
            (car.state, car.released_on, car.version),
            (State::EolTest, None, 2)
        );
        assert_eq!(
            car.hold("again").map_err(|refusal| refusal.reason()),
            Err("VEHICLE_HELD")
        );
        assert_eq!(
            car.release(Date::from_epoch_day(9))
                .map_err(|refusal| refusal.reason()),
            Err("RELEASE_BEFORE_COMPLETION")
        );
        car.release(Date::from_epoch_day(12)).unwrap();
        assert_eq!(
            (car.state, car.hold_reason.as_str(), car.released_on),
            (State::Released, "", Some(Date::from_epoch_day(12)))
        );
        for (state, reason) in [
            (State::VinAllocated, "VEHICLE_NOT_COMPLETE"),
            (State::Dispatched, "VEHICLE_GONE"),
        ] {
            assert_eq!(
                vehicle(state).hold("x").map_err(|refusal| refusal.reason()),
                Err(reason)
            );
            assert_eq!(
                vehicle(state)
                    .release(Date::MAX)
                    .map_err(|refusal| refusal.reason()),
                Err("VEHICLE_NOT_HELD")
            );
            assert_eq!(State::of(state as i64), Some(state));
        }
        assert_eq!(State::of(0), None);
    }
}
