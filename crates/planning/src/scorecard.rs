//! The figures of a supplier's scorecard from counts and sums: on time in full, rejected parts, lead time and response time with
//! their spread, price drift. It must not know suppliers, receipts or invoices. Units: days in, thousandths of a day and millionths
//! out. Invariants: where there was nothing to judge a figure is 0; each figure is rounded once, half to even, a spread downwards.
//!
//! Sources: SCOR RL.2.1 and RL.2.2 (orders delivered in full, and by their day), here by the lot and by the day that the buyer asked for;
//! price drift is a Paasche index (what was invoiced over the same quantities at agreed prices) less one.
use takt_kernel::half_even_div;

/// What is needed to tell the mean and the spread of numbers of days.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moments {
    /// How many.
    pub count: i64,
    /// Their sum.
    pub sum: i64,
    /// The sum of their squares.
    pub squares: i64,
}

impl Moments {
    /// Both together.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self {
            count: self.count.saturating_add(other.count),
            sum: self.sum.saturating_add(other.sum),
            squares: self.squares.saturating_add(other.squares),
        }
    }

    /// The mean in thousandths of a day.
    pub fn mean_milli(self) -> i64 {
        half_even_div(i128::from(self.sum) * 1000, i128::from(self.count)).unwrap_or_default()
    }

    /// The standard deviation of all of them (not an estimate from a sample) in thousandths of a day.
    pub fn spread_milli(self) -> i64 {
        let count = i128::from(self.count);
        if count <= 0 {
            return 0;
        }
        // n^2 times the variance is a whole number: n sum(x^2) - (sum x)^2.
        let whole = count * i128::from(self.squares) - i128::from(self.sum).pow(2);
        let root = (whole.max(0).saturating_mul(1_000_000) / (count * count)).isqrt();
        i64::try_from(root).unwrap_or(i64::MAX)
    }
}

/// A part of a whole in millionths.
pub fn millionths(part: i128, whole: i128) -> i64 {
    half_even_div(part.saturating_mul(1_000_000), whole).unwrap_or_default()
}

/// How much more was invoiced than agreed for the same quantities, in millionths of what was agreed.
pub fn drift_ppm(invoiced: i128, agreed: i128) -> i64 {
    millionths(invoiced - agreed, agreed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn moments(days: &[i64]) -> Moments {
        days.iter().fold(Moments::default(), |all, day| {
            all.with(Moments {
                count: 1,
                sum: *day,
                squares: day * day,
            })
        })
    }

    #[test]
    fn the_example_of_the_page() {
        // Lots of 9, 10, 11 and 12 days: mean 10.5, variance (2.25 + 0.25 + 0.25 + 2.25) / 4 = 1.25, root 1.118.
        let lead = moments(&[9, 10, 11, 12]);
        assert_eq!((lead.mean_milli(), lead.spread_milli()), (10_500, 1_118));
        // 45 of 48 lots on time and in full; 30 of 24,000 pieces kept back; 25,200 invoiced where 25,000 was agreed.
        assert_eq!(millionths(45, 48), 937_500);
        assert_eq!(millionths(30, 24_000), 1_250);
        assert_eq!(drift_ppm(25_200, 25_000), 8_000);
        let page = include_str!("../../../docs/buying.md");
        for figure in ["10.5", "1.118", "93.75 %", "1,250 ppm", "+0.80 %"] {
            assert!(page.contains(figure), "docs/buying.md has no {figure}");
        }
    }

    #[test]
    fn nothing_to_judge_is_nothing() {
        let none = Moments::default();
        assert_eq!((none.mean_milli(), none.spread_milli()), (0, 0));
        assert_eq!((millionths(0, 0), drift_ppm(5, 0)), (0, 0));
        assert_eq!(moments(&[7; 5]).spread_milli(), 0);
    }

    proptest! {
        #[test]
        fn a_spread_is_that_of_the_numbers(days in proptest::collection::vec(-50i64..400, 1..60)) {
            let all = moments(&days);
            let count = days.len() as i128;
            // In thousandths, from the mean, number by number: the squares of n x - sum.
            let squares: i128 = days.iter().map(|day| (count * i128::from(*day) - i128::from(all.sum)).pow(2)).sum();
            let spread = i128::from(all.spread_milli());
            // spread^2 <= variance x 10^6 < (spread + 1)^2
            let variance = squares * 1_000_000;
            let scale = count.pow(3);
            prop_assert!(spread * spread * scale <= variance && variance < (spread + 1).pow(2) * scale);
            let (least, most) = (days.iter().min(), days.iter().max());
            let mean = all.mean_milli();
            prop_assert!(least.is_some_and(|least| least * 1000 <= mean) && most.is_some_and(|most| mean <= most * 1000));
        }
    }
}
