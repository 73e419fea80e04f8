//! The probability that a group fails so often by chance alone: the exact comparison of two Poisson rates given their sum (Przyborowski
//! and Wilenski, Biometrika 31, 1940), and the correction for many groups (Holm, Scandinavian Journal of Statistics 6, 1979). It must
//! not know what fails. Invariants: plus, times and divided by alone, so that every machine gives the same; a probability is told rounded
//! up, never as less than it is.
use std::cmp::Ordering;

/// A probability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Probability(f64);

impl Probability {
    /// Certainty.
    pub const ONE: Self = Self(1.0);

    /// In units of which `whole` are one, rounded up; the least of what is possible is one unit.
    pub fn units_up(self, whole: i64) -> i64 {
        let units = (self.0 * whole as f64).ceil();
        (units as i64).clamp(i64::from(self.0 < 1.0), whole)
    }

    /// So many times the probability, at most certainty.
    #[must_use]
    pub fn times(self, count: i64) -> Self {
        Self((self.0 * count as f64).min(1.0))
    }

    /// The order of probabilities.
    pub fn order(self, other: Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }

    /// The larger one.
    #[must_use]
    pub fn or_more(self, other: Self) -> Self {
        Self(self.0.max(other.0))
    }

    /// Whether it is at most a share in millionths.
    pub fn is_within(self, millionths: i64) -> bool {
        self.0 * 1e6 <= millionths as f64
    }
}

/// The probability that at least `least` of `trials` fall into a part of a whole, each with the probability part / whole: the upper tail
/// of the binomial distribution. With failures as trials and days at risk as part and whole it is the conditional test of two rates.
pub fn at_least(least: i64, trials: i64, part: i64, whole: i64) -> Probability {
    /// Behind it nothing changes a sum of doubles.
    const NEGLIGIBLE: f64 = 1e-20;
    if least <= 0 || part >= whole {
        return Probability::ONE;
    }
    if part <= 0 || least > trials {
        return Probability(0.0);
    }
    let odds = part as f64 / (whole - part) as f64;
    let largest = i128::from(trials + 1) * i128::from(part) / i128::from(whole);
    let largest = i64::try_from(largest).unwrap_or(trials).min(trials);
    // Terms relative to the largest one, summed outwards from it; those of the tail are followed until they vanish.
    let (mut tail, mut rest) = (0.0f64, 0.0f64);
    let (mut at, mut term) = (largest, 1.0);
    while at >= 0 && term > NEGLIGIBLE {
        if at >= least {
            tail += term;
        } else {
            rest += term;
        }
        term *= at as f64 / ((trials - at + 1) as f64 * odds);
        at -= 1;
    }
    let (mut at, mut term) = (largest, 1.0);
    while at < trials {
        term *= (trials - at) as f64 * odds / (at + 1) as f64;
        at += 1;
        if at < least {
            rest += term;
        } else if term > tail * NEGLIGIBLE {
            tail += term;
        } else {
            break;
        }
    }
    Probability((tail / (tail + rest)).min(1.0))
}

/// Each probability after Holm's correction for `count` tests, of which the ones that are not given are certainties. The largest
/// probability of naming any group wrongly is then the level, whatever the tests have to do with each other: lots, weeks and suppliers
/// overlap, so a correction that wants independence would promise too much.
pub fn corrected(rising: &[Probability], count: i64) -> Vec<Probability> {
    let mut before = Probability(0.0);
    let corrected = rising.iter().zip(0i64..).map(|(probability, rank)| {
        before = before.or_more(probability.times((count - rank).max(1)));
        before
    });
    corrected.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn near(have: Probability, want: f64) {
        assert!(
            (have.0 - want).abs() <= want * 1e-10,
            "{} is not {want}",
            have.0
        );
    }

    /// `scipy.stats.binom.sf(least - 1, trials, part / whole)` of scipy 1.17 to sixteen places, from the middle to the far tail. The
    /// first is the example of R's `poisson.test(c(11, 6+8+7), c(800, 1083+1050+878))`, the second Rothman's of breast cancer after
    /// fluoroscopy: 41 cases in 28,010 years against 15 in 19,017.
    #[test]
    fn tails_are_those_of_scipy() {
        for (least, trials, part, whole, want) in SCIPY {
            near(at_least(least, trials, part, whole), want);
        }
    }

    const SCIPY: [(i64, i64, i64, i64, f64); 9] = [
        (11, 32, 800, 3811, 0.056_008_659_787_699_68),
        (41, 56, 28_010, 47_027, 0.023_830_123_377_282_932),
        (1, 5, 3, 1000, 0.014_910_269_595_243),
        (16, 22, 200, 3000, 7.701_989_923_983_962e-15),
        (280, 473, 3500, 100_000, 6.730_232_152_640_903e-274),
        (30, 400, 1, 100, 3.929_438_782_340_075_6e-17),
        (500, 1000, 1, 2, 0.512_612_509_089_180_2),
        (3, 3, 7, 9000, 4.705_075_445_816_185e-10),
        (60, 60, 1, 1000, 1.000_000_000_000_001_3e-180),
    ];

    /// Of 4 failures 3 or more in a quarter of the days: 4 x (1/4)^3 x 3/4 + (1/4)^4 = 13/256.
    #[test]
    fn a_tail_by_hand() {
        near(at_least(3, 4, 1, 4), 13.0 / 256.0);
        near(at_least(4, 4, 1, 4), 1.0 / 256.0);
        near(at_least(1, 2, 1, 2), 0.75);
        assert_eq!(at_least(0, 9, 1, 2), Probability::ONE);
        assert_eq!(at_least(1, 9, 5, 5), Probability::ONE);
        assert_eq!(at_least(1, 9, 0, 5), Probability(0.0));
        assert_eq!(at_least(10, 9, 1, 5), Probability(0.0));
        assert_eq!(at_least(3, 4, 1, 4).units_up(1_000_000), 50_782);
        assert_eq!(Probability(1e-30).units_up(1_000_000), 1);
    }

    /// The four tests in Holm's own manner: 0.005 and 0.01 hold at 5 %, 0.03 and 0.04 do not.
    #[test]
    fn holm_by_hand() {
        let rising = [0.005, 0.01, 0.03, 0.04].map(Probability);
        let told: Vec<i64> = corrected(&rising, 4)
            .iter()
            .map(|one| (one.0 * 1e6).round() as i64)
            .collect();
        assert_eq!(told, [20_000, 30_000, 60_000, 60_000]);
        assert!(corrected(&rising, 4)[1].is_within(50_000));
        assert!(!corrected(&rising, 4)[2].is_within(50_000));
        // With a hundred groups behind them nothing is left of the second one.
        assert_eq!(corrected(&rising, 104)[1], Probability(1.0));
    }

    proptest! {
        /// One failure more in the group, taken from the others or beside them, never makes chance more likely.
        #[test]
        fn more_failures_never_raise_it(most in 1i64..400, share in 0i64..=100, part in 1i64..1000, others in 1i64..1000) {
            let (trials, whole) = (most, part + others);
            let least = most * share / 100;
            let now = at_least(least, trials, part, whole).0;
            let slack = 1.0 + 1e-12;
            prop_assert!(at_least(least + 1, trials, part, whole).0 <= now * slack);
            prop_assert!(at_least(least + 1, trials + 1, part, whole).0 <= now * slack);
            // Beside more days of its own the same failures mean less.
            prop_assert!(at_least(least, trials, part + 1, whole + 1).0 * slack >= now);
        }

        #[test]
        fn a_tail_and_its_rest_are_one(trials in 1i64..300, share in 0i64..=100, part in 1i64..500, others in 1i64..500) {
            let least = trials * share / 100 + 1;
            // At least so many here is at most the rest of them there.
            let there = at_least(trials - least + 1, trials, others, part + others).0;
            prop_assert!((at_least(least, trials, part, part + others).0 + there - 1.0).abs() < 1e-12);
        }

        #[test]
        fn a_correction_never_lowers_and_keeps_the_order(parts in proptest::collection::vec(1i64..1_000_000, 1..30), more in 0i64..50) {
            let mut parts = parts;
            parts.sort_unstable();
            let rising: Vec<Probability> = parts.iter().map(|part| Probability(*part as f64 / 1e6)).collect();
            let count = rising.len() as i64 + more;
            let told = corrected(&rising, count);
            prop_assert!(told.windows(2).all(|pair| pair[0].order(pair[1]) != Ordering::Greater));
            for (plain, one) in rising.iter().zip(&told) {
                prop_assert!(plain.order(*one) != Ordering::Greater && one.order(plain.times(count)) != Ordering::Greater);
            }
        }
    }
}
