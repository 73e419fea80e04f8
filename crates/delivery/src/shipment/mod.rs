//! A shipment: the load of vehicles that leaves on one lane on one day.
//!
//! It must not know the database or the wire. Invariants: SH-1 a shipment carries the vehicles that point to it;
//! SH-2 it is planned, in transit, arrived, delivered, in this order and each once; SH-3 it leaves on its day or
//! later and arrives on the day of its departure or later.

pub(crate) mod rpc;
pub(crate) mod store;
pub(crate) mod wire;

use std::fmt;

use takt_kernel::{Date, ParseError};
use takt_service::error::Refusal;

use crate::{
    programme::{Catalogue, Lane},
    recall::gate::{GateRefusal, Kept},
};

/// Lanes are numbered below this.
pub const LANES: i64 = 10_000;

/// The number of a shipment: its day and its lane, so that it is the same wherever it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShipmentNo(i64);

impl ShipmentNo {
    /// The shipment of a lane, by its place in the programme, on a day.
    pub fn new(planned_on: Date, lane_no: i64) -> Self {
        Self(i64::from(planned_on.epoch_day()) * LANES + lane_no.rem_euclid(LANES))
    }

    /// The number as stored.
    pub const fn value(self) -> i64 {
        self.0
    }

    /// The number as read.
    pub const fn of_value(value: i64) -> Self {
        Self(value)
    }

    /// The lane, by its place in the programme.
    pub const fn lane_no(self) -> i64 {
        self.0.rem_euclid(LANES)
    }

    /// The day on which it is to leave.
    pub fn planned_on(self) -> Date {
        Date::from_epoch_day(i32::try_from(self.0.div_euclid(LANES)).unwrap_or(i32::MAX))
    }

    /// The id, `OUT-SHANGHAI-ROAD.20240601`.
    pub fn id(self, catalogue: &Catalogue) -> String {
        let lane = catalogue
            .lane_at(self.lane_no())
            .map_or("UNKNOWN", |lane| lane.id.as_str());
        let (year, month, day) = self.planned_on().ymd();
        format!("{lane}.{year:04}{month:02}{day:02}")
    }

    /// Reads an id.
    pub fn parse(id: &str, catalogue: &Catalogue) -> Result<Self, ParseError> {
        let refuse = |rule| ParseError::new("shipment id", id, rule);
        let (lane, day) = id
            .rsplit_once('.')
            .ok_or_else(|| refuse("write the lane and the day: OUT-SHANGHAI-ROAD.20240601"))?;
        let lane = catalogue
            .lane(lane)
            .ok_or_else(|| refuse("the part before the dot is no outbound lane"))?;
        let date = day
            .get(..4)
            .zip(day.get(4..6))
            .zip(day.get(6..))
            .map(|((y, m), d)| format!("{y}-{m}-{d}"));
        let date = date.and_then(|text| Date::parse(&text).ok());
        Ok(Self::new(
            date.ok_or_else(|| refuse("the part behind the dot is no day"))?,
            lane.number,
        ))
    }
}

/// The states of a shipment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ShipmentState {
    /// Vehicles are assigned to it.
    Planned,
    /// It has left the plant.
    InTransit,
    /// It is at its destination.
    Arrived,
    /// All its vehicles are handed over.
    Delivered,
}

impl ShipmentState {
    /// The number in the database and on the wire.
    pub const fn code(self) -> i64 {
        match self {
            Self::Planned => 1,
            Self::InTransit => 2,
            Self::Arrived => 3,
            Self::Delivered => 4,
        }
    }

    /// Reads the number.
    pub const fn of_code(code: i64) -> Option<Self> {
        match code {
            1 => Some(Self::Planned),
            2 => Some(Self::InTransit),
            3 => Some(Self::Arrived),
            4 => Some(Self::Delivered),
            _ => None,
        }
    }
}

/// A shipment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shipment {
    /// Its day and lane.
    pub number: ShipmentNo,
    /// The day on which it is expected.
    pub expected_on: Date,
    /// The day of departure.
    pub departed_on: Option<Date>,
    /// The day of arrival.
    pub arrived_on: Option<Date>,
    /// The vehicles that it carries.
    pub vehicle_count: i64,
    /// Those of them that are handed over.
    pub handed_over_count: i64,
}

/// What a carrier reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransportEvent {
    /// The load has left the plant.
    Departed(Date),
    /// The load is at its destination.
    Arrived(Date),
}

impl TransportEvent {
    /// Whether the load leaves by it.
    pub const fn departs(self) -> bool {
        matches!(self, Self::Departed(_))
    }
}

/// What a report did to a shipment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// It has left.
    Departed,
    /// It is there.
    Arrived,
    /// The report was known.
    Nothing,
}

impl Shipment {
    /// A load that is planned.
    pub fn planned(planned_on: Date, lane: &Lane, vehicle_count: i64) -> Self {
        Self {
            number: ShipmentNo::new(planned_on, lane.number),
            expected_on: planned_on.plus(lane.transit_days()),
            departed_on: None,
            arrived_on: None,
            vehicle_count,
            handed_over_count: 0,
        }
    }

    /// The state, which follows from the dates.
    pub fn state(&self) -> ShipmentState {
        match (self.departed_on, self.arrived_on) {
            (None, _) => ShipmentState::Planned,
            (Some(_), None) => ShipmentState::InTransit,
            (Some(_), Some(_)) if self.handed_over_count >= self.vehicle_count => {
                ShipmentState::Delivered
            }
            (Some(_), Some(_)) => ShipmentState::Arrived,
        }
    }

    /// Whether it is still at the plant.
    pub fn is_planned(&self) -> bool {
        self.state() == ShipmentState::Planned
    }

    /// Why the load does not leave, when the gate keeps every vehicle of it.
    pub(crate) fn all_stay(&self, kept: &[Kept]) -> Option<GateRefusal> {
        let first = kept.first()?;
        let all = i64::try_from(kept.len()).is_ok_and(|count| count >= self.vehicle_count);
        all.then(|| GateRefusal::WholeLoad {
            recall_id: first.recall_id.clone(),
        })
    }

    /// Takes a carrier's report. The same report again changes nothing.
    pub fn report(&mut self, event: TransportEvent, lane: &Lane) -> Result<Moved, ShipmentRefusal> {
        let id = || self.number;
        match (event, self.departed_on, self.arrived_on) {
            (TransportEvent::Departed(on), None, _) => {
                let planned_on = self.number.planned_on();
                if on < planned_on {
                    return Err(ShipmentRefusal::DepartedEarly {
                        id: id(),
                        on,
                        planned_on,
                    });
                }
                self.departed_on = Some(on);
                self.expected_on = on.plus(lane.transit_days());
                Ok(Moved::Departed)
            }
            (TransportEvent::Departed(on), Some(known), _) if on != known => {
                Err(ShipmentRefusal::AlreadyDeparted {
                    id: id(),
                    on: known,
                })
            }
            (TransportEvent::Arrived(_), None, _) => Err(ShipmentRefusal::NotDeparted { id: id() }),
            (TransportEvent::Arrived(on), Some(departed_on), None) => {
                if on < departed_on {
                    return Err(ShipmentRefusal::ArrivedEarly {
                        id: id(),
                        on,
                        departed_on,
                    });
                }
                self.arrived_on = Some(on);
                self.expected_on = on;
                Ok(Moved::Arrived)
            }
            (TransportEvent::Arrived(on), Some(_), Some(known)) if on != known => {
                Err(ShipmentRefusal::AlreadyArrived {
                    id: id(),
                    on: known,
                })
            }
            (TransportEvent::Departed(_) | TransportEvent::Arrived(_), Some(_), _) => {
                Ok(Moved::Nothing)
            }
        }
    }
}

/// Why a report is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShipmentRefusal {
    /// It cannot leave before its day.
    DepartedEarly {
        /// The shipment.
        id: ShipmentNo,
        /// The day reported.
        on: Date,
        /// Its day.
        planned_on: Date,
    },
    /// It left on another day.
    AlreadyDeparted {
        /// The shipment.
        id: ShipmentNo,
        /// The day on which it left.
        on: Date,
    },
    /// It is still at the plant.
    NotDeparted {
        /// The shipment.
        id: ShipmentNo,
    },
    /// It cannot arrive before it left.
    ArrivedEarly {
        /// The shipment.
        id: ShipmentNo,
        /// The day reported.
        on: Date,
        /// The day on which it left.
        departed_on: Date,
    },
    /// It arrived on another day.
    AlreadyArrived {
        /// The shipment.
        id: ShipmentNo,
        /// The day on which it arrived.
        on: Date,
    },
}

impl fmt::Display for ShipmentRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DepartedEarly { on, planned_on, .. } => {
                write!(
                    out,
                    "the shipment is planned for {planned_on} and cannot leave on {on}; give that day or a later one"
                )
            }
            Self::AlreadyDeparted { on, .. } => write!(
                out,
                "the shipment left on {on}; a departure is reported once"
            ),
            Self::NotDeparted { .. } => {
                out.write_str("the shipment has not left yet; report its departure first")
            }
            Self::ArrivedEarly {
                on, departed_on, ..
            } => {
                write!(
                    out,
                    "the shipment left on {departed_on} and cannot have arrived on {on}; give that day or a later one"
                )
            }
            Self::AlreadyArrived { on, .. } => write!(
                out,
                "the shipment arrived on {on}; an arrival is reported once"
            ),
        }
    }
}

impl Refusal for ShipmentRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::DepartedEarly { .. } => "SHIPMENT_DEPARTED_EARLY",
            Self::AlreadyDeparted { .. } => "SHIPMENT_ALREADY_DEPARTED",
            Self::NotDeparted { .. } => "SHIPMENT_NOT_DEPARTED",
            Self::ArrivedEarly { .. } => "SHIPMENT_ARRIVED_EARLY",
            Self::AlreadyArrived { .. } => "SHIPMENT_ALREADY_ARRIVED",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::sample::{catalogue, date};

    #[test]
    fn a_number_is_a_day_and_a_lane() {
        let catalogue = catalogue();
        let number = ShipmentNo::new(date("2024-06-01"), 80);
        assert_eq!(
            (number.lane_no(), number.planned_on()),
            (80, date("2024-06-01"))
        );
        assert_eq!(number.id(&catalogue), "OUT-SHANGHAI-ROAD.20240601");
        assert_eq!(
            ShipmentNo::parse("OUT-SHANGHAI-ROAD.20240601", &catalogue),
            Ok(number)
        );
        for bad in [
            "",
            "OUT-SHANGHAI-ROAD",
            "OUT-MOON.20240601",
            "OUT-SHANGHAI-ROAD.20240631",
            "OUT-SHANGHAI-ROAD.2024",
            "OUT-SHANGHAI-ROAD.é240601",
        ] {
            assert!(ShipmentNo::parse(bad, &catalogue).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_load_leaves_arrives_and_is_delivered() {
        let catalogue = catalogue();
        let lane = catalogue.lane_at(81).unwrap();
        let (day, late) = (date("2024-06-01"), date("2024-06-02"));
        let mut load = Shipment::planned(day, lane, 2);
        assert_eq!(
            (load.state(), load.expected_on),
            (ShipmentState::Planned, date("2024-06-07"))
        );
        let refused = load.report(TransportEvent::Arrived(day), lane).unwrap_err();
        assert_eq!(refused.reason(), "SHIPMENT_NOT_DEPARTED");
        let refused = load
            .report(TransportEvent::Departed(day.minus(1)), lane)
            .unwrap_err();
        assert_eq!(refused.reason(), "SHIPMENT_DEPARTED_EARLY");
        assert_eq!(
            load.report(TransportEvent::Departed(late), lane),
            Ok(Moved::Departed)
        );
        assert_eq!(
            (load.state(), load.expected_on),
            (ShipmentState::InTransit, date("2024-06-08"))
        );
        assert_eq!(
            load.report(TransportEvent::Departed(late), lane),
            Ok(Moved::Nothing)
        );
        let refused = load
            .report(TransportEvent::Departed(day), lane)
            .unwrap_err();
        assert_eq!(refused.reason(), "SHIPMENT_ALREADY_DEPARTED");
        let refused = load.report(TransportEvent::Arrived(day), lane).unwrap_err();
        assert_eq!(refused.reason(), "SHIPMENT_ARRIVED_EARLY");
        assert_eq!(
            load.report(TransportEvent::Arrived(late), lane),
            Ok(Moved::Arrived)
        );
        assert_eq!(
            load.report(TransportEvent::Arrived(late), lane),
            Ok(Moved::Nothing)
        );
        let refused = load.report(TransportEvent::Arrived(day), lane).unwrap_err();
        assert_eq!(refused.reason(), "SHIPMENT_ALREADY_ARRIVED");
        assert_eq!(load.state(), ShipmentState::Arrived);
        load.handed_over_count = 2;
        assert_eq!(load.state(), ShipmentState::Delivered);
    }

    #[test]
    fn codes_are_read_back() {
        for code in 1..=4 {
            assert_eq!(
                ShipmentState::of_code(code).map(ShipmentState::code),
                Some(code)
            );
        }
        assert_eq!(ShipmentState::of_code(0), None);
    }
}
