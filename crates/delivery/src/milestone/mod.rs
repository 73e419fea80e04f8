//! How deliveries go: by day, by the figures they are judged by, and against the published milestones.
//!
//! It must not know the database or the wire. Invariants: a day on which nothing happened is left out; percentiles are
//! values that occurred; a milestone is reached on the first day whose running total is not below it.

pub(crate) mod forecast;
pub(crate) mod prospect;
pub(crate) mod rpc;
pub(crate) mod store;

use std::collections::BTreeMap;

use takt_kernel::Date;
use takt_planning::statistics::percentile_of_counts;

use crate::programme::Milestone;

/// What happened on a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Day {
    /// The orders locked.
    pub locked: i64,
    /// The vehicles completed.
    pub built: i64,
    /// The vehicles handed over.
    pub handed_over: i64,
}

/// Days by date.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Curve(BTreeMap<Date, Day>);

impl Curve {
    /// Puts three counts by day together.
    pub fn new(locked: &[(Date, i64)], built: &[(Date, i64)], handed_over: &[(Date, i64)]) -> Self {
        let mut days: BTreeMap<Date, Day> = BTreeMap::new();
        for (on, count) in locked {
            days.entry(*on).or_default().locked += count;
        }
        for (on, count) in built {
            days.entry(*on).or_default().built += count;
        }
        for (on, count) in handed_over {
            days.entry(*on).or_default().handed_over += count;
        }
        Self(days)
    }

    /// The days, oldest first.
    pub fn days(&self) -> impl Iterator<Item = (Date, Day)> {
        self.0.iter().map(|(on, day)| (*on, *day))
    }

    /// What was built by day.
    pub fn built(&self) -> impl Iterator<Item = (Date, i64)> {
        self.days()
            .map(|(on, day)| (on, day.built))
            .filter(|(_, count)| *count > 0)
    }

    /// What was handed over by day.
    pub fn handed_over(&self) -> impl Iterator<Item = (Date, i64)> {
        self.days()
            .map(|(on, day)| (on, day.handed_over))
            .filter(|(_, count)| *count > 0)
    }

    /// The first day through which a running total is not below `goal`.
    fn reached(&self, goal: i64, count: impl Fn(&Day) -> i64) -> Option<Date> {
        let mut total = 0;
        self.0.iter().find_map(|(on, day)| {
            total += count(day);
            (total >= goal).then_some(*on)
        })
    }
}

/// When a milestone was reached; a count that it does not name is never reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reached {
    /// The day on which so many orders were locked.
    pub locked_on: Option<Date>,
    /// The day on which so many vehicles were built.
    pub produced_on: Option<Date>,
    /// The day on which so many vehicles were handed over.
    pub delivered_on: Option<Date>,
}

/// When a milestone was reached.
pub fn reached(milestone: &Milestone, curve: &Curve) -> Reached {
    Reached {
        locked_on: milestone
            .locked_orders
            .and_then(|goal| curve.reached(goal, |day| day.locked)),
        produced_on: milestone
            .cumulative_produced
            .and_then(|goal| curve.reached(goal, |day| day.built)),
        delivered_on: milestone
            .cumulative_delivered
            .and_then(|goal| curve.reached(goal, |day| day.handed_over)),
    }
}

/// The days from lock to handover: the middle order's, and those within which nine of ten orders are, by nearest rank.
/// `counts` holds days and the number of orders that took them.
pub fn order_to_delivery(counts: &[(i64, i64)]) -> (i64, i64) {
    let at = |percent| percentile_of_counts(counts, percent).unwrap_or(0);
    (at(50), at(90))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::sample::date;

    #[test]
    fn a_milestone_is_reached_by_the_running_total() {
        let (a, b, c) = (date("2024-04-01"), date("2024-04-02"), date("2024-04-05"));
        let curve = Curve::new(&[(a, 10), (b, 5)], &[(b, 4)], &[(c, 3), (b, 1)]);
        let days: Vec<(Date, Day)> = curve.days().collect();
        assert_eq!(days.len(), 3);
        assert_eq!(
            days[1],
            (
                b,
                Day {
                    locked: 5,
                    built: 4,
                    handed_over: 1
                }
            )
        );
        let mut milestone = Milestone {
            number: 1,
            published_on: a,
            event: "many".into(),
            cumulative_produced: Some(5),
            cumulative_delivered: Some(4),
            locked_orders: Some(10),
            source_kind: "sourced".into(),
        };
        let expected = Reached {
            locked_on: Some(a),
            produced_on: None,
            delivered_on: Some(c),
        };
        assert_eq!(reached(&milestone, &curve), expected);
        milestone.locked_orders = None;
        assert_eq!(reached(&milestone, &curve).locked_on, None);
    }

    #[test]
    fn percentiles_are_days_that_occurred() {
        assert_eq!(order_to_delivery(&[(5, 5), (30, 4), (90, 1)]), (5, 30));
        assert_eq!(order_to_delivery(&[]), (0, 0));
    }
}
