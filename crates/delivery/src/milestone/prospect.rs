//! When the plan brings so many vehicles to their customers, and what would bring that day forward.
//!
//! It must not know rows, messages or who plans. Method: a vehicle built on a day is handed over when its lane has brought
//! it; lanes carry their shares of every day, so handed over through day d are sum over lanes of share x built through
//! (d - transit), and what should have been handed over before the day of the question and was not comes on the next.
//! Invariants: all comparisons are exact in whole numbers; a lever changes nothing before the day of the question.

use std::collections::BTreeMap;

use takt_kernel::Date;

/// Nothing is looked for further than ten years.
const FURTHEST_DAYS: i32 = 3_650;

/// Vehicles built by day.
pub(crate) type Builds = BTreeMap<Date, i64>;

/// The lanes: their transit in days and their weight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lanes(Vec<(i32, i64)>);

impl Lanes {
    /// Lanes by transit and share; without any share every vehicle is there on the day on which it is built.
    pub(crate) fn new(lanes: impl IntoIterator<Item = (i32, i64)>) -> Self {
        let mut weights: BTreeMap<i32, i64> = BTreeMap::new();
        for (transit, share) in lanes.into_iter().filter(|(_, share)| *share > 0) {
            *weights.entry(transit.max(0)).or_default() += share;
        }
        if weights.is_empty() {
            weights.insert(0, 1);
        }
        Self(weights.into_iter().collect())
    }

    /// The same with one day less on every lane that takes one.
    pub(crate) fn faster(&self) -> Self {
        Self::new(
            self.0
                .iter()
                .map(|(transit, share)| ((transit - 1).max(0), *share)),
        )
    }

    /// The mean transit in thousandths of a day.
    pub(crate) fn mean_millidays(&self) -> i64 {
        let sum: i128 = (self.0.iter())
            .map(|(transit, share)| i128::from(*transit) * i128::from(*share))
            .sum();
        i64::try_from(sum * 1_000 / self.whole()).unwrap_or(i64::MAX)
    }

    fn whole(&self) -> i128 {
        self.0.iter().map(|(_, share)| i128::from(*share)).sum()
    }

    /// The first day behind `as_of` through which `target` vehicles are handed over; None within ten years.
    pub(crate) fn reached(&self, builds: &Builds, as_of: Date, target: i64) -> Option<Date> {
        let mut total = 0;
        let cumulative: Vec<(Date, i64)> = (builds.iter())
            .map(|(on, count)| {
                total += count;
                (*on, total)
            })
            .collect();
        let through = |on: Date| {
            let at = cumulative.partition_point(|(day, _)| *day <= on);
            let last = at.checked_sub(1).and_then(|at| cumulative.get(at));
            i128::from(last.map_or(0, |(_, total)| *total))
        };
        let handed = |on: Date| -> i128 {
            let part =
                |(transit, share): &(i32, i64)| i128::from(*share) * through(on.minus(*transit));
            self.0.iter().map(part).sum()
        };
        let wanted = i128::from(target) * self.whole();
        let days = (1..=FURTHEST_DAYS).map(|day| as_of.plus(day));
        // Behind the last build and its slowest lane nothing comes any more.
        let slowest = self.0.last().map_or(0, |(transit, _)| *transit);
        let end = cumulative
            .last()
            .map_or(as_of, |(on, _)| on.plus(slowest))
            .max(as_of.plus(1));
        days.take_while(|on| *on <= end)
            .find(|on| handed(*on) >= wanted)
    }
}

/// What the line does through the day of the question as it was, and afterwards as much as `capacity` says, until `target` vehicles are built.
pub(crate) fn used_whole(
    built: &Builds,
    as_of: Date,
    target: i64,
    capacity: impl Fn(Date) -> i64,
) -> Builds {
    let mut builds: Builds = built
        .range(..=as_of)
        .map(|(on, count)| (*on, *count))
        .collect();
    let mut total: i64 = builds.values().sum();
    for day in 1..=FURTHEST_DAYS {
        if total >= target {
            break;
        }
        let on = as_of.plus(day);
        let count = capacity(on).max(0);
        builds.insert(on, count);
        total = total.saturating_add(count);
    }
    builds
}

/// Vehicles built until and with a day, behind another.
pub(crate) fn built_between(builds: &Builds, after: Date, through: Date) -> i64 {
    if through <= after {
        return 0;
    }
    builds
        .range(after.plus(1)..=through)
        .map(|(_, count)| count)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(n: i32) -> Date {
        Date::from_epoch_day(19_810 + n)
    }

    fn builds(counts: &[i64]) -> Builds {
        (0..)
            .zip(counts)
            .map(|(n, count)| (day(n), *count))
            .collect()
    }

    #[test]
    fn half_of_a_day_comes_with_the_fast_lane() {
        let lanes = Lanes::new([(1, 500), (3, 500)]);
        let plan = builds(&[4, 4, 4, 4]);
        // Through day 1: 2 of day 0. Through day 3: 2 + 2 + 2 by the fast lane and 2 by the slow one.
        assert_eq!(lanes.reached(&plan, day(0), 2), Some(day(1)));
        assert_eq!(lanes.reached(&plan, day(0), 8), Some(day(3)));
        assert_eq!(lanes.reached(&plan, day(0), 16), Some(day(6)));
        assert_eq!(lanes.reached(&plan, day(0), 17), None);
        assert_eq!(lanes.mean_millidays(), 2_000);
        assert_eq!(lanes.faster().reached(&plan, day(0), 16), Some(day(5)));
        // What is overdue comes on the next day.
        assert_eq!(lanes.reached(&plan, day(5), 3), Some(day(6)));
        assert_eq!(Lanes::new([]).reached(&plan, day(0), 5), Some(day(1)));
    }

    #[test]
    fn a_line_used_whole_builds_what_it_can_until_it_is_enough() {
        let whole = used_whole(&builds(&[1, 1, 9, 9]), day(1), 7, |_| 2);
        let counts: Vec<i64> = whole.values().copied().collect();
        assert_eq!(counts, [1, 1, 2, 2, 2]);
        assert_eq!(built_between(&whole, day(1), day(3)), 4);
        assert_eq!(built_between(&whole, day(3), day(1)), 0);
        assert_eq!(used_whole(&builds(&[3]), day(0), 3, |_| 2), builds(&[3]));
    }

    proptest! {
        #[test]
        fn the_day_is_the_one_that_single_vehicles_give(
            counts in prop::collection::vec(0i64..6, 1..12),
            lanes in prop::collection::vec((0i32..5, 1i64..4), 1..4),
            target in 1i64..40,
        ) {
            // Every vehicle is cut into as many parts as the lanes have weight, and each part travels by itself.
            let whole: i64 = lanes.iter().map(|(_, share)| share).sum();
            let mut arrivals: Vec<i32> = Vec::new();
            for (n, count) in (0..).zip(&counts) {
                for (transit, share) in &lanes {
                    arrivals.extend((0..count * share).map(|_| n + transit));
                }
            }
            arrivals.sort_unstable();
            let needed = usize::try_from(target * whole).unwrap();
            let expected = arrivals.get(needed - 1).map(|n| day((*n).max(1)));
            let found = Lanes::new(lanes.clone()).reached(&builds(&counts), day(0), target);
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn a_faster_lane_is_never_later(
            counts in prop::collection::vec(0i64..6, 1..12),
            lanes in prop::collection::vec((0i32..5, 1i64..4), 1..4),
            target in 1i64..40,
        ) {
            let lanes = Lanes::new(lanes);
            let plan = builds(&counts);
            if let Some(on) = lanes.reached(&plan, day(0), target) {
                prop_assert!(lanes.faster().reached(&plan, day(0), target).is_some_and(|faster| faster <= on));
            }
        }
    }
}
