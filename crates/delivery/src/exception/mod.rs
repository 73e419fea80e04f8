//! What goes wrong on the way: a load that comes late, a vehicle that is damaged or lost, and what is done about it.
//!
//! It must not know the database or the wire. Invariants: TX-1 a vehicle with an open damage is not handed over, and one that was lost or
//! written off never; TX-2 such a vehicle has neither order nor load; TX-3 the exceptions of a shipment are numbered from 1, and each
//! ends on the day of its report or later; a report that is made again changes nothing.

pub(crate) mod refusal;
pub(crate) mod rpc;
pub(crate) mod store;
#[cfg(test)]
mod tests;
pub(crate) mod wire;

use std::collections::BTreeMap;

use takt_kernel::{Date, ParseError};

use crate::{
    programme::Catalogue,
    shipment::{Shipment, ShipmentNo, TransportEvent},
};
pub use refusal::ExceptionRefusal;

/// The key of an exception: its shipment and its number within it, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExceptionNo {
    /// The shipment.
    pub shipment: ShipmentNo,
    /// The number.
    pub line: i64,
}

impl ExceptionNo {
    /// The id, `OUT-SHANGHAI-ROAD.20240601/1`.
    pub fn id(self, catalogue: &Catalogue) -> String {
        format!("{}/{}", self.shipment.id(catalogue), self.line)
    }

    /// Reads an id.
    pub fn parse(id: &str, catalogue: &Catalogue) -> Result<Self, ParseError> {
        let refuse = |rule| ParseError::new("exception id", id, rule);
        let (shipment, line) = id.rsplit_once('/').ok_or_else(|| {
            refuse("write the shipment, a slash and a number: OUT-SHANGHAI-ROAD.20240601/1")
        })?;
        let line = line.parse().ok().filter(|line| *line > 0);
        Ok(Self {
            shipment: ShipmentNo::parse(shipment, catalogue)?,
            line: line.ok_or_else(|| refuse("the part behind the slash is no number from 1"))?,
        })
    }
}

/// The kinds of exceptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A load comes later.
    Delay,
    /// A vehicle is damaged.
    Damage,
    /// A vehicle is gone.
    Loss,
}

impl Kind {
    /// The number in the database and on the wire.
    pub const fn code(self) -> i64 {
        match self {
            Self::Delay => 1,
            Self::Damage => 2,
            Self::Loss => 3,
        }
    }

    /// Reads the number.
    pub const fn of_code(code: i64) -> Option<Self> {
        match code {
            1 => Some(Self::Delay),
            2 => Some(Self::Damage),
            3 => Some(Self::Loss),
            _ => None,
        }
    }
}

/// How an exception ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// The damage was repaired.
    Repaired,
    /// The customer takes the vehicle as it is.
    Accepted,
    /// The vehicle is given up.
    WrittenOff,
    /// The load arrived, or another day was told.
    Overtaken,
    /// The vehicle is lost.
    Lost,
}

impl Resolution {
    /// The number in the database and on the wire.
    pub const fn code(self) -> i64 {
        match self {
            Self::Repaired => 1,
            Self::Accepted => 2,
            Self::WrittenOff => 3,
            Self::Overtaken => 4,
            Self::Lost => 5,
        }
    }

    /// Reads the number.
    pub const fn of_code(code: i64) -> Option<Self> {
        match code {
            1 => Some(Self::Repaired),
            2 => Some(Self::Accepted),
            3 => Some(Self::WrittenOff),
            4 => Some(Self::Overtaken),
            5 => Some(Self::Lost),
            _ => None,
        }
    }
}

/// How an exception ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// How.
    pub how: Resolution,
    /// When.
    pub on: Date,
    /// What it cost in minor units, with the currency.
    pub cost: Option<(i64, String)>,
    /// What was said.
    pub note: String,
    /// The vehicle that the order took instead; empty when none.
    pub replacement: String,
}

impl Ended {
    fn plain(how: Resolution, on: Date) -> Self {
        Self {
            how,
            on,
            cost: None,
            note: String::new(),
            replacement: String::new(),
        }
    }
}

/// An exception.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// Its key.
    pub number: ExceptionNo,
    /// What kind it is.
    pub kind: Kind,
    /// The vehicle; empty of a delay.
    pub vin: String,
    /// The order that had the vehicle.
    pub order_no: Option<i64>,
    /// The day.
    pub on: Date,
    /// What was reported.
    pub description: String,
    /// How bad a damage is, from 1 to 3; 0 of others.
    pub severity: i64,
    /// The day expected before a delay, and since.
    pub expected: Option<(Date, Date)>,
    /// How it ended.
    pub ended: Option<Ended>,
}

/// The word of the place of delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Who signed.
    pub signed_by: String,
    /// The document.
    pub document: String,
}

/// What a carrier reports of a shipment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// It has moved, perhaps with the proof of delivery.
    Moved(TransportEvent, Option<Proof>),
    /// Something went wrong on a day.
    Wrong(Date, Trouble),
}

impl Report {
    /// Whether the load leaves by it.
    pub fn departs(&self) -> bool {
        matches!(self, Self::Moved(event, _) if event.departs())
    }
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The load comes on another day.
    Delayed {
        /// The day.
        expected_on: Date,
        /// Why.
        description: String,
    },
    /// A vehicle is damaged.
    Damaged {
        /// The vehicle.
        vin: String,
        /// What.
        description: String,
        /// How bad, from 1 to 3.
        severity: i64,
    },
    /// A vehicle is gone.
    Lost {
        /// The vehicle.
        vin: String,
        /// How.
        description: String,
    },
}

impl Trouble {
    /// The vehicle that it names.
    pub fn vin(&self) -> Option<&str> {
        match self {
            Self::Delayed { .. } => None,
            Self::Damaged { vin, .. } | Self::Lost { vin, .. } => Some(vin),
        }
    }
}

/// A vehicle on a load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aboard {
    /// Its number in the yard.
    pub vehicle_no: i64,
    /// The vehicle.
    pub vin: String,
    /// Its order.
    pub order_no: i64,
    /// The load.
    pub shipment: ShipmentNo,
    /// Whether its customer has it.
    pub handed_over: bool,
}

/// The exceptions of some shipments while reports are taken.
#[derive(Debug, Default)]
pub struct Book {
    /// The vehicles that reports name, by identification number.
    aboard: BTreeMap<String, Aboard>,
    /// The exceptions of the shipments.
    known: BTreeMap<ShipmentNo, Vec<Exception>>,
    /// Those of them that came by these reports, or were changed by them.
    touched: Vec<ExceptionNo>,
    /// The vehicles that are gone, with the exceptions that say so and the days.
    gone: Vec<(Aboard, ExceptionNo, Date)>,
}

impl Book {
    /// The book of some vehicles and exceptions.
    pub fn new(aboard: Vec<Aboard>, known: Vec<Exception>) -> Self {
        let mut book = Self::default();
        let by_vin = aboard.into_iter().map(|one| (one.vin.clone(), one));
        book.aboard = by_vin.collect();
        for one in known {
            let of = book.known.entry(one.number.shipment).or_default();
            of.push(one);
        }
        book
    }

    /// Takes note that a vehicle stays behind when its load leaves.
    pub fn stays(&mut self, vin: &str) {
        self.aboard.remove(vin);
    }

    /// Ends the delays of a load that has arrived.
    pub fn arrived(&mut self, number: ShipmentNo, on: Date) {
        self.overtake(number, on);
    }

    fn overtake(&mut self, number: ShipmentNo, on: Date) {
        for one in self.known.entry(number).or_default() {
            if one.kind == Kind::Delay && one.ended.is_none() {
                one.ended = Some(Ended::plain(Resolution::Overtaken, on.max(one.on)));
                self.touched.push(one.number);
            }
        }
    }

    /// Takes a report of trouble; answers whether it was new.
    pub fn take(
        &mut self,
        load: &mut Shipment,
        on: Date,
        trouble: &Trouble,
    ) -> Result<bool, ExceptionRefusal> {
        let number = load.number;
        let Some(departed_on) = load.departed_on else {
            return Err(ExceptionRefusal::NotDeparted);
        };
        let known = self.known.entry(number).or_default();
        if known.iter().any(|one| one.says(on, trouble)) {
            return Ok(false);
        }
        if on < departed_on {
            return Err(ExceptionRefusal::BeforeDeparture { on, departed_on });
        }
        match trouble {
            Trouble::Delayed {
                expected_on,
                description,
            } => {
                if let Some(arrived_on) = load.arrived_on {
                    return Err(ExceptionRefusal::Arrived { on: arrived_on });
                }
                if *expected_on < on {
                    return Err(ExceptionRefusal::ExpectedBefore {
                        on,
                        expected_on: *expected_on,
                    });
                }
                let before = std::mem::replace(&mut load.expected_on, *expected_on);
                self.overtake(number, on);
                self.add(number, Kind::Delay, on, description, |one| {
                    one.expected = Some((before, *expected_on));
                });
            }
            Trouble::Damaged {
                vin,
                description,
                severity,
            } => {
                let order_no = self.aboard(number, vin)?.order_no;
                self.add(number, Kind::Damage, on, description, |one| {
                    one.vin.clone_from(vin);
                    one.order_no = Some(order_no);
                    one.severity = *severity;
                });
            }
            Trouble::Lost { vin, description } => {
                let aboard = self.aboard(number, vin)?.clone();
                self.aboard.remove(vin);
                let lost = self.add(number, Kind::Loss, on, description, |one| {
                    one.vin.clone_from(vin);
                    one.order_no = Some(aboard.order_no);
                    one.ended = Some(Ended::plain(Resolution::Lost, on));
                });
                self.end_damages(vin, Resolution::Lost, on);
                self.gone.push((aboard, lost, on));
            }
        }
        Ok(true)
    }

    fn aboard(&self, number: ShipmentNo, vin: &str) -> Result<&Aboard, ExceptionRefusal> {
        let aboard = self.aboard.get(vin).filter(|one| one.shipment == number);
        let aboard = aboard.ok_or_else(|| ExceptionRefusal::NotAboard {
            vin: vin.to_owned(),
        })?;
        if aboard.handed_over {
            return Err(ExceptionRefusal::HandedOver {
                vin: vin.to_owned(),
            });
        }
        Ok(aboard)
    }

    fn add(
        &mut self,
        shipment: ShipmentNo,
        kind: Kind,
        on: Date,
        description: &str,
        fill: impl FnOnce(&mut Exception),
    ) -> ExceptionNo {
        let known = self.known.entry(shipment).or_default();
        let last = known.iter().map(|one| one.number.line).max();
        let number = ExceptionNo {
            shipment,
            line: last.unwrap_or(0) + 1,
        };
        let mut one = Exception {
            number,
            kind,
            vin: String::new(),
            order_no: None,
            on,
            description: description.to_owned(),
            severity: 0,
            expected: None,
            ended: None,
        };
        fill(&mut one);
        known.push(one);
        self.touched.push(number);
        number
    }

    fn end_damages(&mut self, vin: &str, how: Resolution, on: Date) {
        for one in self.known.values_mut().flatten() {
            if one.vin == vin && one.kind == Kind::Damage && one.ended.is_none() {
                one.ended = Some(Ended::plain(how, on.max(one.on)));
                self.touched.push(one.number);
            }
        }
    }

    /// Resolves a damage of a vehicle on its load; a vehicle that is written off is gone, with all its damages.
    pub fn resolve(&mut self, number: ExceptionNo, ended: Ended) -> Result<(), ExceptionRefusal> {
        let found = self.known.values_mut().flatten();
        let mut found = found.filter(|one| one.number == number);
        let Some(one) = found.next().filter(|one| one.kind == Kind::Damage) else {
            return Err(ExceptionRefusal::NotResolvable);
        };
        if let Some(known) = &one.ended {
            return Err(ExceptionRefusal::Resolved { on: known.on });
        }
        if ended.on < one.on {
            return Err(ExceptionRefusal::BeforeReport {
                on: ended.on,
                reported_on: one.on,
            });
        }
        let (vin, how, on) = (one.vin.clone(), ended.how, ended.on);
        one.ended = Some(ended);
        self.touched.push(number);
        if how == Resolution::WrittenOff {
            let aboard = self.aboard(number.shipment, &vin)?.clone();
            self.end_damages(&vin, how, on);
            self.gone.push((aboard, number, on));
        }
        Ok(())
    }

    /// Notes the vehicle that an order took instead of the one that is gone.
    pub fn replaced(&mut self, number: ExceptionNo, vin: &str) {
        let found = self.known.values_mut().flatten();
        for one in found.filter(|one| one.number == number) {
            if let Some(ended) = &mut one.ended {
                vin.clone_into(&mut ended.replacement);
            }
        }
    }

    /// The vehicles that are gone, with the exceptions that say so and the days.
    pub fn gone(&self) -> &[(Aboard, ExceptionNo, Date)] {
        &self.gone
    }

    /// The exceptions that are new or were changed, by number.
    pub fn changed(&self) -> Vec<&Exception> {
        let mut touched = self.touched.clone();
        touched.sort_unstable();
        touched.dedup();
        let all = self.known.values().flatten();
        all.filter(|one| touched.binary_search(&one.number).is_ok())
            .collect()
    }
}

impl Exception {
    /// Whether it is what a report says.
    fn says(&self, on: Date, trouble: &Trouble) -> bool {
        let same = match trouble {
            Trouble::Delayed {
                expected_on,
                description,
            } => {
                self.kind == Kind::Delay
                    && self.expected.map(|(_, since)| since) == Some(*expected_on)
                    && self.description == *description
            }
            Trouble::Damaged {
                vin,
                description,
                severity,
            } => {
                self.kind == Kind::Damage
                    && self.vin == *vin
                    && self.severity == *severity
                    && self.description == *description
            }
            Trouble::Lost { vin, .. } => self.kind == Kind::Loss && self.vin == *vin,
        };
        same && self.on == on
    }
}
