//! What the newest plan needs of every bought item by day.
//!
//! It must not know rows or messages. Invariants: RQ-1 an older plan never takes the place of a newer one; the series
//! goes on from what was issued before the plan's day, so that builds of its own days are not counted twice.

use std::collections::BTreeMap;

use takt_kernel::{Date, Quantity};

pub(crate) mod handler;
pub(crate) mod rpc;
pub(crate) mod store;
#[cfg(test)]
mod tests;

/// A plan whose requirements are held or wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The plan.
    pub(crate) id: String,
    /// The day as of which it was made, the first one that it plans.
    pub(crate) as_of: Date,
    /// Its place in the log of facts of the planner; the later of two plans of a day counts.
    pub(crate) position: i64,
}

impl Plan {
    /// Whether this plan takes the place of the one that is held.
    pub(crate) fn supersedes(&self, held: Option<&Self>) -> bool {
        held.is_none_or(|held| (self.as_of, self.position) > (held.as_of, held.position))
    }
}

/// What is needed of an item, day after day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Series {
    /// The day of the first quantity.
    pub(crate) first: Date,
    /// The quantities; the last one is not zero.
    pub(crate) days: Vec<Quantity>,
}

impl Series {
    /// The series without the empty days at its end; None where nothing is needed at all.
    pub(crate) fn new(first: Date, mut days: Vec<Quantity>) -> Option<Self> {
        while days.last().is_some_and(|quantity| quantity.milli() <= 0) {
            days.pop();
        }
        (!days.is_empty()).then_some(Self { first, days })
    }

    /// What is needed on a day.
    pub(crate) fn on(&self, date: Date) -> Quantity {
        let at = usize::try_from(date.days_since(self.first)).ok();
        at.and_then(|at| self.days.get(at))
            .copied()
            .unwrap_or_default()
    }

    /// The last day on which something is needed.
    pub(crate) fn last(&self) -> Date {
        let days = i32::try_from(self.days.len()).unwrap_or(i32::MAX);
        self.first.plus(days - 1)
    }
}

/// The requirements of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Needs {
    /// Counts the plans that were held; it tells whether what was read once is still right.
    pub(crate) revision: i64,
    /// The plan.
    pub(crate) plan: Plan,
    /// The series by the number of the item.
    pub(crate) series: BTreeMap<u32, Series>,
}
