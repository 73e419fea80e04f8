//! How long deliveries took, as they were counted: quantiles with intervals that need no distribution, and the safety time that covers
//! what came late. It must not know suppliers, receipts or stock. Units: whole days, shares in millionths. Invariants: a quantile is a
//! number of days that occurred; more confidence never makes an interval narrower; a safety time is never negative.
//!
//! Sources: Hyndman and Fan 1996, type 1, for quantiles; Conover, Practical Nonparametric Statistics, 3.2, for their intervals.
use crate::statistics::quantile_ranks;
use std::collections::BTreeMap;

/// A whole in millionths.
const WHOLE: i64 = 1_000_000;

/// How often something took how many days.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Days {
    times: BTreeMap<i64, i64>,
}

/// A quantile and the interval in which it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Quantile {
    /// The days.
    pub days: i64,
    /// The lower end; None where too little happened to tell one.
    pub low: Option<i64>,
    /// The upper end; None where too little happened to tell one.
    pub high: Option<i64>,
}

impl Days {
    /// Something took so many days, so many times.
    pub fn add(&mut self, days: i64, times: i64) {
        if times > 0 {
            *self.times.entry(days).or_default() += times;
        }
    }

    /// What others took, too.
    pub fn with(&mut self, others: &Self) {
        for (days, times) in &others.times {
            self.add(*days, *times);
        }
    }

    /// How many there are.
    pub fn count(&self) -> i64 {
        self.times.values().sum()
    }

    /// How many took more days than this.
    pub fn above(&self, days: i64) -> i64 {
        let above = (std::ops::Bound::Excluded(days), std::ops::Bound::Unbounded);
        self.times.range(above).map(|(_, times)| times).sum()
    }

    /// The one at a rank from 1 on, the fewest days first.
    fn ranked(&self, rank: i64) -> Option<i64> {
        let mut left = rank;
        self.times.iter().find_map(|(days, times)| {
            left -= times;
            (left <= 0).then_some(*days)
        })
    }

    /// The days that a share of all does not exceed, by nearest rank; None of nothing.
    pub fn quantile(&self, share: i64) -> Option<i64> {
        let whole = i128::from(self.count()) * i128::from(share.clamp(0, WHOLE));
        let rank = takt_kernel::ceil_div(whole, i128::from(WHOLE)).unwrap_or(0);
        self.ranked(rank.max(1))
    }

    /// The same with the interval that covers the true one with a confidence, if each was independent of the others.
    pub fn estimate(&self, share: i64, confidence: i64) -> Option<Quantile> {
        let (low, high) = quantile_ranks(self.count(), share, confidence);
        Some(Quantile {
            days: self.quantile(share)?,
            low: low.and_then(|rank| self.ranked(rank)),
            high: high.and_then(|rank| self.ranked(rank)),
        })
    }
}

/// Whether so many say anything of a quantile: at least one of them is expected beyond it.
pub fn tells(count: i64, share: i64) -> bool {
    i128::from(count) * i128::from(WHOLE - share) >= i128::from(WHOLE)
}

/// From whom a safety time was learnt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basis {
    /// The source's own deliveries.
    Source,
    /// Those of all items of its supplier.
    Supplier,
    /// Those of everybody.
    Everybody,
}

/// What was learnt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SafetyTime {
    /// The days by which goods are asked for earlier.
    pub days: i64,
    /// From whom.
    pub basis: Basis,
    /// From how many deliveries.
    pub count: i64,
}

/// The safety time that covers a share of what came: the quantile of the days behind the day that was asked for, of the
/// narrowest circle in which enough happened to tell it. None while nobody has delivered enough.
pub fn safety_time(
    source: &Days,
    supplier: &Days,
    everybody: &Days,
    share: i64,
) -> Option<SafetyTime> {
    let circles = [
        (source, Basis::Source),
        (supplier, Basis::Supplier),
        (everybody, Basis::Everybody),
    ];
    circles.into_iter().find_map(|(late, basis)| {
        let count = late.count();
        let days = late.quantile(share).filter(|_| tells(count, share))?;
        Some(SafetyTime {
            days: days.max(0),
            basis,
            count,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn days(all: &[(i64, i64)]) -> Days {
        let mut days = Days::default();
        for (took, times) in all {
            days.add(*took, *times);
        }
        days
    }

    /// The example of docs/safety-stock.md.
    #[test]
    fn forty_deliveries_of_which_six_were_late() {
        let late = days(&[(0, 34), (1, 2), (2, 1), (3, 1), (5, 1), (9, 1)]);
        assert_eq!((late.count(), late.above(0)), (40, 6));
        let at = |share| late.quantile(share);
        assert_eq!(
            (
                at(500_000),
                at(850_000),
                at(900_000),
                at(950_000),
                at(975_000),
                at(WHOLE)
            ),
            (Some(0), Some(0), Some(1), Some(3), Some(5), Some(9))
        );
        // 90 % of 40: each end is missed with at most 2.5 %, between ranks 32 and 40.
        let ninety = late.estimate(900_000, 950_000);
        assert_eq!(
            ninety,
            Some(Quantile {
                days: 1,
                low: Some(0),
                high: Some(9)
            })
        );
        // 40 deliveries tell what 97.5 % do not exceed, and nothing of 98 %.
        let alone = |share| safety_time(&late, &Days::default(), &Days::default(), share);
        assert_eq!(alone(975_000).map(|safety| safety.days), Some(5));
        assert_eq!(alone(980_000), None);
        let everybody = days(&[(-1, 10), (0, 980), (4, 10)]);
        assert_eq!(
            safety_time(&late, &late, &everybody, 990_000),
            Some(SafetyTime {
                days: 0,
                basis: Basis::Everybody,
                count: 1000
            })
        );
        let page = include_str!("../../../docs/safety-stock.md");
        for figure in ["34 on the day", "| 97.5 % | 5 days |", "ranks 32 and 40"] {
            assert!(
                page.contains(figure),
                "docs/safety-stock.md has no {figure}"
            );
        }
    }

    #[test]
    fn of_nothing_nothing_is_known() {
        let none = Days::default();
        assert_eq!((none.count(), none.quantile(500_000)), (0, None));
        assert_eq!(none.estimate(500_000, 950_000), None);
        assert_eq!(safety_time(&none, &none, &none, 500_000), None);
        // What always comes early wants no safety.
        let early = days(&[(-2, 50)]);
        assert_eq!(
            safety_time(&early, &none, &none, 900_000).map(|safety| safety.days),
            Some(0)
        );
    }

    proptest! {
        #[test]
        fn quantiles_are_those_of_the_sorted_list(
            list in proptest::collection::vec(-3i64..40, 1..80),
            share in 1i64..=WHOLE,
            confidence in 500_000i64..999_999,
        ) {
            let mut all = Days::default();
            for took in &list {
                all.add(*took, 1);
            }
            let mut sorted = list.clone();
            sorted.sort_unstable();
            let found = all.quantile(share);
            prop_assert!(found.is_some_and(|days| list.contains(&days)));
            if let Some(days) = found {
                // A share of all is not above it, and less than that share lies below it.
                let count = |test: &dyn Fn(&i64) -> bool| sorted.iter().filter(|took| test(took)).count() as i64;
                let whole = list.len() as i64 * share;
                prop_assert!(count(&|took| *took <= days) * WHOLE >= whole);
                prop_assert!(count(&|took| *took < days) * WHOLE < whole);
                prop_assert_eq!(all.above(days), count(&|took| *took > days));
            }
            let wide = all.estimate(share, confidence + 1);
            let narrow = all.estimate(share, confidence);
            if let (Some(wide), Some(narrow)) = (wide, narrow) {
                prop_assert!(narrow.low.is_none_or(|low| low <= narrow.days));
                prop_assert!(narrow.high.is_none_or(|high| high >= narrow.days));
                prop_assert!(wide.low.is_none_or(|low| narrow.low.is_some_and(|inner| low <= inner)));
                prop_assert!(wide.high.is_none_or(|high| narrow.high.is_some_and(|inner| high >= inner)));
            }
        }
    }
}
