//! Key figures of deliveries: days, stages, and how often all goes well at once.
//!
//! It must not know the database or the wire. Invariants: an order is perfect when every one of its five conditions holds, counted order by order and
//! never by multiplying rates; quantiles are by nearest rank and so are days that occurred; a mean is rounded once.

pub(crate) mod rpc;
pub(crate) mod store;

use std::collections::BTreeMap;

use takt_planning::statistics::percentile_of_counts;

/// A case of service counts against an order for so many days after its handover.
pub(crate) const CASE_DAYS: i64 = 30;

/// The figures that are days: order to delivery, then the stages in the order of the way.
pub(crate) const SPANS: usize = 5;
/// The conditions of a perfect order: first promise, configuration, way, inspection, no case.
pub(crate) const CONDITIONS: usize = 5;
/// The bits of an order for which every condition holds.
const PERFECT: i64 = (1 << CONDITIONS) - 1;

/// Handovers that are alike in everything that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Alike {
    /// The days.
    pub(crate) days: [i64; SPANS],
    /// The conditions that hold, a bit each, the first the lowest.
    pub(crate) holds: i64,
    /// How many there are.
    pub(crate) count: i64,
    /// What their lanes cost together, in millionths.
    pub(crate) cost_micros: i64,
}

/// Days of some vehicles.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Days {
    /// The vehicles.
    pub(crate) count: i64,
    /// The mean in thousandths, half a thousandth rounded up.
    pub(crate) mean_milli: i64,
    /// The days of the middle one, the lower of two.
    pub(crate) median: i64,
    /// The days that nine of ten do not exceed.
    pub(crate) p90: i64,
}

impl Days {
    /// The figures of counted days.
    fn of(counts: &BTreeMap<i64, i64>) -> Self {
        let counts: Vec<(i64, i64)> = counts.iter().map(|(days, count)| (*days, *count)).collect();
        let count: i64 = counts.iter().map(|(_, count)| count).sum();
        let sum: i64 = counts.iter().map(|(days, count)| days * count).sum();
        let at = |percent| percentile_of_counts(&counts, percent).unwrap_or(0);
        Self {
            count,
            mean_milli: match count {
                0 => 0,
                _ => (2_000 * sum + count).div_euclid(2 * count),
            },
            median: at(50),
            p90: at(90),
        }
    }
}

/// The figures of some handovers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    /// The handovers.
    pub(crate) count: i64,
    /// What their lanes cost together, in millionths.
    pub(crate) cost_micros: i64,
    /// Those for which every condition holds.
    pub(crate) perfect: i64,
    /// Those for which each holds by itself.
    pub(crate) holds: [i64; CONDITIONS],
    /// The days.
    pub(crate) days: [Days; SPANS],
}

impl Figures {
    /// What the lanes cost a vehicle in the mean, in millionths, rounded to the nearest.
    pub(crate) fn mean_cost(&self) -> i64 {
        let rounded = (self.cost_micros + self.count / 2).checked_div(self.count);
        rounded.unwrap_or(0)
    }

    /// The shares multiplied, in millionths, rounded to the nearest.
    pub(crate) fn product(&self) -> i64 {
        if self.count == 0 {
            return 0;
        }
        // Eighteen places, cut five times, so that the sixth is the nearest.
        let whole: i128 = 1_000_000_000_000_000_000;
        let cut = |product, holds: &i64| product * i128::from(*holds) / i128::from(self.count);
        let product = self.holds.iter().fold(whole, cut);
        i64::try_from((product + 500_000_000_000) / 1_000_000_000_000).unwrap_or(i64::MAX)
    }
}

/// Puts handovers together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    figures: Figures,
    days: [BTreeMap<i64, i64>; SPANS],
}

impl Tally {
    /// Adds handovers that are alike.
    pub(crate) fn add(&mut self, alike: &Alike) {
        let figures = &mut self.figures;
        figures.count += alike.count;
        figures.cost_micros = figures.cost_micros.saturating_add(alike.cost_micros);
        if alike.holds == PERFECT {
            figures.perfect += alike.count;
        }
        for (bit, holds) in figures.holds.iter_mut().enumerate() {
            *holds += (alike.holds >> bit & 1) * alike.count;
        }
        for (counts, days) in self.days.iter_mut().zip(alike.days) {
            *counts.entry(days).or_default() += alike.count;
        }
    }

    /// The figures.
    pub(crate) fn figures(&self) -> Figures {
        let mut figures = self.figures.clone();
        for (figure, counts) in figures.days.iter_mut().zip(&self.days) {
            *figure = Days::of(counts);
        }
        figures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alike(days: i64, holds: i64, count: i64) -> Alike {
        Alike {
            days: [days, 0, 1, 2, 3],
            holds,
            count,
            cost_micros: 5 * count,
        }
    }

    /// Ten orders: two miss their promise and have a case, one fails its inspection. Seven are perfect; the rates are 80, 100, 100, 90 and 80 percent, and
    /// their product is 57.6: failures that come together make the joint rate better than the product.
    #[test]
    fn the_joint_rate_is_counted_and_is_not_the_product() {
        let mut tally = Tally::default();
        tally.add(&alike(20, 0b11111, 7));
        tally.add(&alike(45, 0b01110, 2));
        tally.add(&alike(30, 0b10111, 1));
        let figures = tally.figures();
        assert_eq!((figures.count, figures.perfect), (10, 7));
        assert_eq!((figures.cost_micros, figures.mean_cost()), (50, 5));
        assert_eq!(figures.holds, [8, 10, 10, 9, 8]);
        assert_eq!(figures.product(), 576_000);
        // 7 x 20 + 30 + 2 x 45 = 260 days of ten orders; the fifth is 20, the ninth 45.
        let days = Days {
            count: 10,
            mean_milli: 26_000,
            median: 20,
            p90: 45,
        };
        assert_eq!(figures.days[0], days);
        assert_eq!(figures.days[4].mean_milli, 3_000);
    }

    #[test]
    fn a_mean_is_rounded_half_up_and_nothing_has_no_figures() {
        let mean = |counts: &[(i64, i64)]| Days::of(&counts.iter().copied().collect()).mean_milli;
        assert_eq!(mean(&[(0, 2), (1, 1)]), 333);
        assert_eq!(mean(&[(0, 1), (1, 2)]), 667);
        assert_eq!(mean(&[(0, 1_999), (1, 1)]), 1);
        assert_eq!(mean(&[(0, 2_001), (1, 1)]), 0);
        assert_eq!(Tally::default().figures(), Figures::default());
        assert_eq!(Figures::default().product(), 0);
    }
}
