//! Engineering changes (VDA 4965, ISO 10007): from which vehicle on a change counts, and what it does to the bill of
//! material. It must not know stock records, orders or messages. A change is one bit of a configuration's `CHANGE_KEY`:
//! lines of the old item hold where the bit is clear, lines of the new one where it is set, so one bill of material serves
//! every vehicle and a vehicle's configuration says for ever which parts it has. Invariants: once a vehicle has a change,
//! every later one has it; what no change touches is needed as if there were none.
mod amend;
mod impact;
#[cfg(test)]
mod tests;

pub use amend::{Replacement, amend};
pub use impact::{Approval, Gate, Leftover, NewSource, gate, leftover};

use crate::ramp::FeasiblePlan;
use takt_kernel::{Date, Quantity, floor_div};

/// At most so many changes are under way at once: a condition is a mask over all their combinations.
pub const MAX_CHANGES: usize = 6;

/// From which vehicle on a change counts (its effectivity).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Effectivity {
    /// Every vehicle built on the date or later.
    Date(Date),
    /// Every vehicle from this build number on.
    Build(i64),
    /// The old part is bought for use before the date only; what is left of it is used first, and the change counts from the
    /// vehicle that it does not cover.
    RunOut(Date),
}

/// A released change as plan and line see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its bit.
    pub bit: u8,
    /// From which vehicle on it counts.
    pub effectivity: Effectivity,
    /// The first vehicle that has it, once there is one.
    pub since: Option<i64>,
    /// The bought items that it takes out.
    pub old: Vec<usize>,
}

impl Change {
    /// The change as one bit.
    pub const fn mask(&self) -> usize {
        1 << self.bit
    }

    /// Whether a vehicle has it; None where the stock of the old part decides.
    pub fn holds(&self, on: Date, build: i64) -> Option<bool> {
        match (self.since, self.effectivity) {
            (Some(since), _) => Some(build >= since),
            (None, Effectivity::Date(date)) => Some(on >= date),
            (None, Effectivity::Build(first)) => Some(build >= first),
            (None, Effectivity::RunOut(from)) => (on < from).then_some(false),
        }
    }
}

/// The changes that a vehicle has by date and build number; those that run out are not among them yet.
pub fn changes_of(changes: &[Change], on: Date, build: i64) -> usize {
    let has = changes
        .iter()
        .filter(|change| change.holds(on, build) == Some(true));
    has.fold(0, |mask, change| mask | change.mask())
}

/// How many vehicles from `build` on have the same changes by build number; None where no break lies ahead.
pub fn until_break(changes: &[Change], build: i64) -> Option<i64> {
    let first = |change: &Change| match (change.since, change.effectivity) {
        (None, Effectivity::Build(first)) if first > build => Some(first - build),
        _ => None,
    };
    changes.iter().filter_map(first).min()
}

/// Where changes begin to count within a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Break {
    On(Date),
    /// After so many planned vehicles without it.
    After(i64),
}

/// The breaks of a plan: bit by bit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Breaks(Vec<(usize, Break)>);

/// Vehicles of a day and variant that have the same changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The changes, one bit each.
    pub changes: usize,
    /// The variant.
    pub variant: usize,
    /// How many.
    pub units: i64,
}

impl Breaks {
    /// The breaks of a plan whose first vehicle gets the build number `next`. A change that runs out begins after as many
    /// vehicles as `covered` says for it, and does not begin where it says nothing.
    pub fn of(changes: &[Change], next: i64, covered: impl Fn(&Change) -> Option<i64>) -> Self {
        let at = |change: &Change| {
            let begins = match (change.since, change.effectivity) {
                (Some(first), _) | (None, Effectivity::Build(first)) => {
                    Break::After((first - next).max(0))
                }
                (None, Effectivity::Date(date)) => Break::On(date),
                (None, Effectivity::RunOut(_)) => Break::After(covered(change)?),
            };
            Some((change.mask(), begins))
        };
        Self(changes.iter().filter_map(at).collect())
    }

    /// The vehicles of a day by the changes that they have, `planned` vehicles lying before it. Within a day those
    /// without a change are built first, variant by variant in file order, as the line does it.
    pub fn parts(&self, on: Date, planned: i64, counts: &[i64]) -> Vec<Part> {
        let total: i64 = counts.iter().sum();
        let mut cuts = vec![planned, planned + total];
        for (_, begins) in &self.0 {
            if let Break::After(vehicles) = begins
                && (planned..planned + total).contains(vehicles)
            {
                cuts.push(*vehicles);
            }
        }
        cuts.sort_unstable();
        cuts.dedup();
        let mut left = counts.to_vec();
        let mut parts = Vec::new();
        for cut in cuts.windows(2) {
            let [from, to] = cut else { continue };
            let counts = |begins: &Break| match begins {
                Break::On(date) => on >= *date,
                Break::After(vehicles) => from >= vehicles,
            };
            let some = self.0.iter().filter(|(_, begins)| counts(begins));
            let changes = some.fold(0, |all, (mask, _)| all | mask);
            let mut room = to - from;
            for (variant, left) in left.iter_mut().enumerate() {
                let units = room.min(*left);
                if units > 0 {
                    (room, *left) = (room - units, *left - units);
                    parts.push(Part {
                        changes,
                        variant,
                        units,
                    });
                }
            }
        }
        parts
    }
}

/// How many planned vehicles an old part covers that is bought for use before `from` only: `need` is what the plan would use of
/// it by day if nothing changed, `available` what is in the house and on order. None where it lasts to the end.
pub fn covered(
    plan: &FeasiblePlan,
    need: &[Quantity],
    from: Date,
    available: Quantity,
) -> Option<i64> {
    let day = |at: usize| plan.first.plus(i32::try_from(at).unwrap_or(i32::MAX));
    let mut left = i128::from(available.milli());
    let mut vehicles = 0;
    let mut bought = true;
    for (at, counts) in plan.days.iter().enumerate() {
        let total: i64 = counts.iter().sum();
        let need = i128::from(need.get(at).map_or(0, |need| need.milli()));
        if bought && day(at) >= from {
            // What was short until now is still ordered, to the last piece.
            (left, bought) = (left.max(0), false);
        }
        if !bought && need > left {
            let part = floor_div(i128::from(total) * left, need).unwrap_or(0);
            return Some(vehicles + part);
        }
        left -= need;
        vehicles += total;
    }
    None
}
