//! The outside world that a replay plays: customers, suppliers, carriers and what happens on the line. Services must
//! not know it (RULES 19); it speaks to them through the contract like anybody else. Invariants: with the exact world
//! nothing is left to chance; with the real one every draw depends on the seed and a business key alone.
mod cases;
pub mod class;
pub mod dice;
mod line;
mod meter;
mod orders;
mod supply;

use std::collections::HashMap;

use takt_kernel::Date;

use crate::failure::Outcome;
use crate::offline::outage::Outages;
use crate::programme::{Direction, Programme, WorldKind};
use crate::replay::options::{Options, WorldMode};
use class::{Lateness, mode_of};
use dice::Dice;

pub use cases::{Complaint, Complaints};
pub use line::{LineDay, StationStop};
pub use orders::{Customers, scale_of};
pub use supply::{Fate, Suppliers};

/// The outside world of a run.
pub struct World {
    /// Who orders vehicles.
    pub customers: Customers,
    /// Who ships parts.
    pub suppliers: Suppliers,
    /// Who carries vehicles.
    pub carriers: Carriers,
    /// What owners complain about.
    pub complaints: Complaints,
    line: line::Line,
    meters: meter::Meters,
}

impl World {
    /// The world of a programme at its full size, for a run with these options.
    pub fn new(full: &Programme, options: &Options) -> Outcome<Self> {
        let dice = Dice::new(options.seed);
        let real = options.world == WorldMode::Real;
        let outages = Outages::new(full, &options.disruptions)?;
        Ok(Self {
            customers: Customers::new(full, options.vehicles),
            suppliers: if real {
                Suppliers::real(full, outages, dice)
            } else {
                Suppliers::exact(outages)
            },
            carriers: Carriers::new(full, real.then_some(dice)),
            complaints: Complaints::new(full, dice, real),
            line: line::Line::new(full, real.then_some(dice), options),
            meters: meter::Meters::new(full),
        })
    }

    /// What the world does to the line on a day.
    pub fn line_day(&self, day: Date) -> LineDay {
        self.line.day(day)
    }

    /// The watt-hours that the shops' meters read on a day that built these vehicles, by shop.
    pub fn energy(&self, built: &[(&str, i64)]) -> Vec<(String, i64)> {
        self.meters.read(built)
    }
}

/// The carriers of finished vehicles.
pub struct Carriers {
    dice: Option<Dice>,
    delays: HashMap<String, Lateness>,
    transit: HashMap<String, i64>,
}

impl Carriers {
    fn new(programme: &Programme, dice: Option<Dice>) -> Self {
        let delays = programme
            .lanes
            .iter()
            .filter_map(|lane| match lane.direction {
                Direction::Outbound { .. } => {
                    let delay =
                        Lateness::of(programme, WorldKind::LaneDelay, &[mode_of(&lane.mode)])?;
                    Some((lane.id.to_string(), delay))
                }
                Direction::Inbound { .. } => None,
            });
        let transit = programme.lanes.iter();
        Self {
            transit: transit
                .map(|lane| (lane.id.to_string(), lane.transit_days()))
                .collect(),
            delays: if dice.is_some() {
                delays.collect()
            } else {
                HashMap::new()
            },
            dice,
        }
    }

    /// The day on which a load that comes late arrives; None of one that comes as published.
    pub fn late_until(&self, lane: &str, shipment: &str, departed_on: Date) -> Option<Date> {
        let delay = self.days_delayed(lane, shipment);
        let transit = i32::try_from(*self.transit.get(lane)?).ok()?;
        (delay > 0).then(|| departed_on.plus(transit + delay))
    }

    /// How many days after its published day a load arrives.
    fn days_delayed(&self, lane: &str, shipment: &str) -> i32 {
        let (Some(dice), Some(delay)) = (self.dice, self.delays.get(lane)) else {
            return 0;
        };
        if dice.falls(&format!("late/{shipment}"), delay.probability) {
            delay.days.days(dice.share(&format!("days/{shipment}")))
        } else {
            0
        }
    }
}
