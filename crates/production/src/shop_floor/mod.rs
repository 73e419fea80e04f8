//! A day of the line: which orders it builds, what stops it, which lots go into which vehicle.
//!
//! It must not know rows or messages. Invariants: no vehicle without every part; never above a limit nor ahead of the
//! ramp plan; a vehicle that was pulled out of the line comes first on the next day; the choice of a day is a value
//! that can be kept and carried out later with the same outcome.

pub mod built;
mod choose;
pub mod issue;
pub mod queue;
pub mod rpc;
pub mod run;
pub mod shift;
pub mod store;

use std::fmt;

use serde::{Deserialize, Serialize};
use takt_kernel::{Date, Quantity};
use takt_planning::feature::Config;
use takt_service::Refusal;

use crate::{
    product::Product,
    sequence::{DaySequence, Figures},
};
#[cfg(test)]
pub use choose::choose;
pub use choose::{changes_begun, chosen};

/// An order that waits to be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// The order's place in the queue of intake.
    pub order_number: i64,
    /// What is ordered.
    pub config: Config,
    /// The serial of the vehicle that stands on the line for it, when it was pulled out before.
    pub serial: Option<i64>,
}

/// What a day can build from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Floor {
    /// Vehicles built before, by variant.
    pub built: Vec<i64>,
    /// What waits, by variant: pulled vehicles, then the edition that goes first, then the oldest.
    pub queues: Vec<Vec<Waiting>>,
    /// Whether a variant's queue goes on behind what was read.
    pub cut: Vec<bool>,
    /// Released stock by item.
    pub stock: Vec<Quantity>,
    /// The last vehicles built, as far as the sequence rules look back.
    pub before: Vec<Config>,
    /// The sequence that the day was given before.
    pub kept: Option<DaySequence>,
}

/// What the world says about a day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Orders {
    /// The places whose vehicles are pulled out before their parts are used.
    pub pulled: Vec<usize>,
    /// The places whose vehicles quality keeps back after completion.
    pub held: Vec<usize>,
}

/// What a day was decided to build, in the order of its sequence.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Vehicles due by the day and not built before.
    pub wanted: i64,
    /// Vehicles that the line could do.
    pub capacity: i64,
    /// The vehicles in sequence.
    pub places: Vec<Place>,
    /// What stood although the line had room.
    pub stops: Vec<Stop>,
    /// What the sequence costs; None where the plant has no sequence rules.
    #[serde(default)]
    pub figures: Option<Figures>,
}

/// A place in the day's sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The order.
    pub order: i64,
    /// Its packed configuration.
    pub config: i64,
    /// The serial of the vehicle that stands on the line already.
    pub serial: Option<i64>,
    /// Whether the vehicle is pulled out and not built.
    pub pulled: bool,
    /// Whether quality keeps the vehicle back.
    pub held: bool,
}

impl Place {
    /// What is built here.
    pub fn config(&self) -> Config {
        Config(self.config)
    }
}

/// Vehicles of a variant that could not be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// The variant.
    pub variant: usize,
    /// The part that was missing; None when it was an order.
    pub item: Option<usize>,
    /// How many vehicles.
    pub units: i64,
}

impl Choice {
    /// The places that are built.
    pub fn built(&self) -> impl Iterator<Item = &Place> {
        self.places.iter().filter(|place| !place.pulled)
    }

    /// The sequence that the day was built in; None where the plant has no sequence rules.
    pub fn sequence(&self, on: Date) -> Option<DaySequence> {
        let figures = self.figures.clone()?;
        let orders: Vec<i64> = self.places.iter().map(|place| place.order).collect();
        Some(DaySequence::built(on, orders, figures))
    }

    /// What the build needs of every item, in item order.
    pub fn needs(&self, product: &Product) -> Vec<(usize, Quantity)> {
        let mut sums = vec![0i64; product.items.len()];
        let mut cache = product.needs();
        for place in self.built() {
            for (item, need) in cache.get(&product.bom, place.config()).bought() {
                if let Some(sum) = sums.get_mut(item) {
                    *sum += need.milli();
                }
            }
        }
        let some = sums.into_iter().enumerate().filter(|(_, sum)| *sum > 0);
        some.map(|(item, sum)| (item, Quantity(sum))).collect()
    }
}

/// Vehicles due by a day and not built before.
pub fn wanted(product: &Product, on: Date, built: &[i64]) -> Vec<i64> {
    let due = built
        .iter()
        .enumerate()
        .map(|(variant, built)| product.ramp.wanted(on, variant) - built);
    due.map(|due| due.max(0)).collect()
}

/// Why a day is not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayRefusal {
    /// The day was run, or begun, by another request.
    Taken(Date),
    /// A later day was run already.
    Passed {
        /// The day asked for.
        asked: Date,
        /// The last day that was run.
        last: Date,
    },
    /// An earlier day was begun and is not finished.
    Unfinished(Date),
    /// Parts were taken by others again and again while the day was decided.
    Contended(Date),
}

impl fmt::Display for DayRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken(on) => write!(
                out,
                "day {on} was run by another request; repeat it with that request's id to hear its answer"
            ),
            Self::Passed { asked, last } => write!(
                out,
                "day {asked} lies before {last}, which was run; run later days only"
            ),
            Self::Unfinished(on) => write!(
                out,
                "day {on} was begun and is not finished; repeat its request first"
            ),
            Self::Contended(on) => write!(
                out,
                "the parts of day {on} were taken by others each time it was decided; repeat the request"
            ),
        }
    }
}

impl Refusal for DayRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::Taken(_) => "DAY_TAKEN",
            Self::Passed { .. } => "DAY_PASSED",
            Self::Unfinished(_) => "DAY_UNFINISHED",
            Self::Contended(_) => "DAY_CONTENDED",
        }
    }
}

#[cfg(test)]
mod tests;
