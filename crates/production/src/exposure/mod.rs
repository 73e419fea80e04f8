//! Exposure: which vehicles a defect can be in, by what the as-built record says of parts, days, shops and software.
//!
//! It must not know rows or messages. Invariants: a vehicle is told once, with all its ways together; it is affected when
//! one of them holds now; a day on which a part came or went counts, so that a recall errs to the safe side.

pub mod find;
pub mod rpc;
pub mod wire;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use takt_kernel::Date;
use takt_planning::genealogy::{OPEN, Period};
use takt_service::Refusal;

/// What is defective. Items, variants, shops are named as the caller names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Lots or batches of an item.
    Lots {
        /// The item.
        item_id: String,
        /// Their names.
        lots: Vec<String>,
    },
    /// Pieces of an item.
    Serials {
        /// The item.
        item_id: String,
        /// The first.
        first: String,
        /// The last.
        last: String,
    },
    /// Vehicles by days and configuration.
    Builds {
        /// The first day.
        from: Date,
        /// The last day.
        through: Date,
        /// The variants; empty for all.
        variants: BTreeSet<String>,
        /// Values of options.
        options: BTreeMap<String, String>,
    },
    /// Vehicles by shop and time.
    Process {
        /// The shop.
        shop_id: String,
        /// The first second.
        from: i64,
        /// The last second.
        through: i64,
    },
    /// Vehicles by software.
    Software {
        /// The item.
        item_id: String,
        /// The versions.
        versions: BTreeSet<String>,
    },
}

/// How a scope touches a vehicle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exposed {
    /// The days, as numbers; open while it lasts.
    pub days: Period,
    /// The first scope that touches it.
    pub scope: usize,
}

/// The vehicles that scopes touch, by build number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exposures(pub BTreeMap<i64, Exposed>);

impl Exposures {
    /// Adds a way in which a scope touches a vehicle.
    pub fn add(&mut self, build: i64, scope: usize, days: Period) {
        self.0
            .entry(build)
            .and_modify(|known| {
                known.days.from = known.days.from.min(days.from);
                known.days.to = known.days.to.max(days.to);
                known.scope = known.scope.min(scope);
            })
            .or_insert(Exposed { days, scope });
    }
}

impl Exposed {
    /// Whether it lasts.
    pub const fn is_open(&self) -> bool {
        self.days.to == OPEN
    }
}

/// Why scopes are not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExposureRefusal {
    /// A walk would be cut, and a recall with a cut answer would miss vehicles.
    TooLarge {
        /// The scope.
        scope: usize,
        /// The most parts.
        most: usize,
    },
}

impl fmt::Display for ExposureRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::TooLarge { scope, most } = self;
        write!(
            out,
            "scope {scope} touches more than {most} parts and units; give several narrower scopes"
        )
    }
}

impl Refusal for ExposureRefusal {
    fn reason(&self) -> &'static str {
        "EXPOSURE_TOO_LARGE"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ways_into_a_vehicle_are_told_together() {
        let mut all = Exposures::default();
        let days = |from, to| Period { from, to };
        all.add(7, 1, days(10, 20));
        assert!(!all.0[&7].is_open());
        all.add(7, 0, days(30, OPEN));
        all.add(9, 1, days(5, 6));
        assert_eq!(
            all.0[&7],
            Exposed {
                days: days(10, OPEN),
                scope: 0
            }
        );
        assert!(all.0[&7].is_open());
        assert_eq!(all.0.len(), 2);
    }
}
