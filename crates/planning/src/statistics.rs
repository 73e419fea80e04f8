//! Order statistics of whole numbers by nearest rank (Hyndman and Fan 1996, type 1): the answer is always a
//! value that occurred; quantiles of Student's t and of the normal distribution; and intervals that need no distribution, by the
//! binomial one (Conover, Practical Nonparametric Statistics, 3.2; Clopper and Pearson, Biometrika 26, 1934). It must not know what is
//! counted. Shares are millionths.
use crate::fixed;

/// A whole in millionths.
const WHOLE: i64 = 1_000_000;

/// The value at `percent` (1 to 100) by nearest rank: the ceil(percent x n / 100)-th smallest; None of nothing.
pub fn percentile(values: &[i64], percent: usize) -> Option<i64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = (percent.min(100) * sorted.len()).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

/// The median by nearest rank, the lower middle of an even count.
pub fn median(values: &[i64]) -> Option<i64> {
    percentile(values, 50)
}

/// The value that nine of ten do not exceed.
pub fn p90(values: &[i64]) -> Option<i64> {
    percentile(values, 90)
}

/// The same from counts: `counts[v]` values equal `v`. For whole populations that are summed in a database.
pub fn percentile_of_counts(counts: &[(i64, i64)], percent: i64) -> Option<i64> {
    let mut sorted = counts.to_vec();
    sorted.sort_unstable();
    let total: i64 = sorted.iter().map(|(_, count)| count).sum();
    let mut left = ((percent.clamp(0, 100) * total + 99) / 100).max(1);
    sorted.into_iter().find_map(|(value, count)| {
        left -= count;
        (left <= 0).then_some(value)
    })
}

/// The middle part of a distribution that an interval covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Confidence {
    /// Eight of ten.
    P80,
    /// Nine of ten.
    #[default]
    P90,
    /// Nineteen of twenty.
    P95,
}

impl Confidence {
    /// The one of so many percent.
    pub const fn of_percent(percent: i64) -> Option<Self> {
        match percent {
            80 => Some(Self::P80),
            90 => Some(Self::P90),
            95 => Some(Self::P95),
            _ => None,
        }
    }

    /// In percent.
    pub const fn percent(self) -> i64 {
        match self {
            Self::P80 => 80,
            Self::P90 => 90,
            Self::P95 => 95,
        }
    }
}

/// Student's t for 1 to 30 degrees of freedom, in thousandths (Fisher and Yates, Statistical Tables, table III).
const STUDENT_T: [(Confidence, [i64; 30]); 3] = [
    (
        Confidence::P80,
        [
            3078, 1886, 1638, 1533, 1476, 1440, 1415, 1397, 1383, 1372, 1363, 1356, 1350, 1345,
            1341, 1337, 1333, 1330, 1328, 1325, 1323, 1321, 1319, 1318, 1316, 1315, 1314, 1313,
            1311, 1310,
        ],
    ),
    (
        Confidence::P90,
        [
            6314, 2920, 2353, 2132, 2015, 1943, 1895, 1860, 1833, 1812, 1796, 1782, 1771, 1761,
            1753, 1746, 1740, 1734, 1729, 1725, 1721, 1717, 1714, 1711, 1708, 1706, 1703, 1701,
            1699, 1697,
        ],
    ),
    (
        Confidence::P95,
        [
            12706, 4303, 3182, 2776, 2571, 2447, 2365, 2306, 2262, 2228, 2201, 2179, 2160, 2145,
            2131, 2120, 2110, 2101, 2093, 2086, 2080, 2074, 2069, 2064, 2060, 2056, 2052, 2048,
            2045, 2042,
        ],
    ),
];

/// The two-sided quantile of Student's t in thousandths; beyond 30 degrees of freedom that of 30, which is wider; None of
/// none.
pub fn student_t(confidence: Confidence, freedom: usize) -> Option<i64> {
    let (_, row) = STUDENT_T.iter().find(|(known, _)| *known == confidence)?;
    row.get(freedom.min(row.len()).checked_sub(1)?).copied()
}

/// The quantile of the standard normal distribution at a share in millionths, in millionths; None unless 0 < share < 1. Wichura
/// 1988, algorithm AS 241 (PPND16), to sixteen places before it is rounded; logarithm and root are those of `fixed`, and the rest is
/// IEEE arithmetic, so that every machine rounds the same number.
pub fn normal_quantile(share: i64) -> Option<i64> {
    if !(1..WHOLE).contains(&share) {
        return None;
    }
    let polynomial = |factors: [f64; 8], x: f64| factors.iter().fold(0.0, |sum, a| sum * x + a);
    let centred = (share - WHOLE / 2) as f64 / WHOLE as f64;
    let value = if centred.abs() <= 0.425 {
        let r = 0.180625 - centred * centred;
        centred * polynomial(CENTRE.0, r) / polynomial(CENTRE.1, r)
    } else {
        // A millionth is within the algorithm's middle range: its root is 3.72, and the range ends at 5.
        let tail = fixed::ratio(share.min(WHOLE - share), WHOLE);
        let r = fixed::sqrt(-fixed::ln(tail)) as f64 / fixed::ONE as f64 - 1.6;
        let size = polynomial(TAIL.0, r) / polynomial(TAIL.1, r);
        if centred < 0.0 { -size } else { size }
    };
    Some((value * WHOLE as f64).round() as i64)
}

/// AS 241 near the middle: numerator and denominator, the highest power first.
const CENTRE: ([f64; 8], [f64; 8]) = (
    [
        2_509.080_928_730_122_7,
        33_430.575_583_588_13,
        67_265.770_927_008_7,
        45_921.953_931_549_87,
        13_731.693_765_509_46,
        1_971.590_950_306_551_3,
        133.141_667_891_784_38,
        3.387_132_872_796_366_5,
    ],
    [
        5_226.495_278_852_854,
        28_729.085_735_721_943,
        39_307.895_800_092_71,
        21_213.794_301_586_597,
        5_394.196_021_424_751,
        687.187_007_492_057_9,
        42.313_330_701_600_91,
        1.0,
    ],
);

/// AS 241 in the tails.
const TAIL: ([f64; 8], [f64; 8]) = (
    [
        7.745_450_142_783_414e-4,
        2.272_384_498_926_918_4e-2,
        2.417_807_251_774_506e-1,
        1.270_458_252_452_368_4,
        3.647_848_324_763_204_5,
        5.769_497_221_460_691,
        4.630_337_846_156_546,
        1.423_437_110_749_683_5,
    ],
    [
        1.050_750_071_644_416_9e-9,
        5.475_938_084_995_345e-4,
        1.519_866_656_361_645_7e-2,
        1.481_039_764_274_800_8e-1,
        6.897_673_349_851e-1,
        1.676_384_830_183_803_8,
        2.053_191_626_637_759,
        1.0,
    ],
);

/// The probability of at most `most` successes in `trials` that each succeed with a share. Terms are taken relative to the largest one
/// and summed outwards from it, so that nothing underflows; it is IEEE arithmetic of plus, times and divided by alone, and every machine
/// gives the same.
fn binomial_at_most(most: i64, trials: i64, share: i64) -> f64 {
    /// What is left out is smaller than the rounding of what is summed.
    const NEGLIGIBLE: f64 = 1e-25;
    if most < 0 {
        return 0.0;
    }
    if most >= trials || share <= 0 {
        return 1.0;
    }
    if share >= WHOLE {
        return 0.0;
    }
    let odds = share as f64 / (WHOLE - share) as f64;
    let largest = (i128::from(trials + 1) * i128::from(share) / i128::from(WHOLE)) as i64;
    let largest = largest.min(trials);
    let (mut below, mut above) = (0.0, 0.0);
    let mut count = |at: i64, term: f64| {
        if at <= most {
            below += term;
        } else {
            above += term;
        }
    };
    let (mut at, mut term) = (largest, 1.0);
    while at >= 0 && term > NEGLIGIBLE {
        count(at, term);
        term *= at as f64 / ((trials - at + 1) as f64 * odds);
        at -= 1;
    }
    let (mut at, mut term) = (largest, 1.0);
    loop {
        term *= (trials - at) as f64 * odds / (at + 1) as f64;
        at += 1;
        if at > trials || term <= NEGLIGIBLE {
            break;
        }
        count(at, term);
    }
    below / (below + above)
}

/// What may lie outside on either side of an interval that covers with a confidence.
fn tail(confidence: i64) -> f64 {
    (WHOLE - confidence.clamp(0, WHOLE - 1)) as f64 / (2 * WHOLE) as f64
}

/// The smallest number from `low` on for which a monotone test holds, `high` where it holds for none below.
fn first(mut low: i64, mut high: i64, holds: impl Fn(i64) -> bool) -> i64 {
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// An interval for the share behind `hits` of `trials`, which covers it with at least the confidence whatever the share is (Clopper and
/// Pearson). The ends are rounded outwards to millionths; of no trials nothing is known: from 0 to 1.
pub fn share_interval(hits: i64, trials: i64, confidence: i64) -> (i64, i64) {
    if trials <= 0 {
        return (0, WHOLE);
    }
    let (hits, tail) = (hits.clamp(0, trials), tail(confidence));
    // The low end makes so many hits, or more, as unlikely as the tail; the high end so many or fewer.
    let low = match hits {
        0 => 0,
        _ => {
            first(0, WHOLE, |share| {
                1.0 - binomial_at_most(hits - 1, trials, share) > tail
            }) - 1
        }
    };
    let high = match hits == trials {
        true => WHOLE,
        false => first(0, WHOLE, |share| {
            binomial_at_most(hits, trials, share) <= tail
        }),
    };
    (low.max(0), high)
}

/// The ranks, from 1, of the two ordered values of `count` between which the quantile at a share lies with at least the confidence,
/// whatever the distribution is, a discrete one too: each end lies beyond the quantile with at most half of what the confidence
/// leaves. None where there are too few values for an end.
pub fn quantile_ranks(count: i64, share: i64, confidence: i64) -> (Option<i64>, Option<i64>) {
    let tail = tail(confidence);
    let low = first(0, count.max(0), |below| {
        binomial_at_most(below, count, share) > tail
    });
    let high = first(1, count.max(0) + 1, |rank| {
        1.0 - binomial_at_most(rank - 1, count, share) <= tail
    });
    ((low > 0).then_some(low), (high <= count).then_some(high))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of any table of the normal distribution, to six places.
    #[test]
    fn the_normal_quantile_is_that_of_the_tables() {
        for (share, quantile) in [
            (500_000, 0),
            (841_345, 1_000_001),
            (900_000, 1_281_552),
            (950_000, 1_644_854),
            (975_000, 1_959_964),
            (990_000, 2_326_348),
            (999_000, 3_090_232),
            (999_999, 4_753_424),
        ] {
            assert_eq!(normal_quantile(share), Some(quantile), "{share}");
            assert_eq!(normal_quantile(1_000_000 - share), Some(-quantile));
        }
        assert_eq!(
            (normal_quantile(0), normal_quantile(1_000_000)),
            (None, None)
        );
    }

    #[test]
    fn nearest_rank() {
        assert_eq!(median(&[5, 1, 4, 2]), Some(2));
        assert_eq!(p90(&(1..=10).collect::<Vec<_>>()), Some(9));
        assert_eq!((p90(&[7]), p90(&[])), (Some(7), None));
        assert_eq!(percentile_of_counts(&[(3, 9), (1, 1)], 50), Some(3));
        assert_eq!(percentile_of_counts(&[(3, 9), (1, 1)], 10), Some(1));
        assert_eq!(percentile_of_counts(&[], 50), None);
    }

    #[test]
    fn students_t_is_read_at_its_freedom() {
        assert_eq!(student_t(Confidence::P95, 4), Some(2776));
        assert_eq!(student_t(Confidence::P90, 99), Some(1697));
        assert_eq!(student_t(Confidence::P80, 0), None);
    }

    /// Newcombe, Statistics in Medicine 17, 1998, table I (method 5), to four places; and the example of R's binom.test, 682 of 925.
    #[test]
    fn intervals_of_shares_are_the_published_ones() {
        for (hits, trials, low, high) in [
            (81, 263, 2527, 3676),
            (15, 148, 578, 1617),
            (0, 20, 0, 1684),
            (1, 29, 9, 1776),
        ] {
            let (from, to) = share_interval(hits, trials, 950_000);
            assert_eq!(
                ((from + 50) / 100, (to + 50) / 100),
                (low, high),
                "{hits}/{trials}"
            );
        }
        assert_eq!(share_interval(682, 925, 950_000), (707_668, 765_407));
        assert_eq!(share_interval(0, 0, 950_000), (0, WHOLE));
        // (1 - p)^n = 0.025 of 1,000 without a hit, in closed form.
        let (low, high) = share_interval(0, 1000, 950_000);
        let closed = 1.0 - 0.025f64.powf(0.001);
        assert!(
            low == 0 && (high as f64 - closed * 1e6).abs() <= 1.0,
            "{high}"
        );
        assert_eq!(share_interval(1000, 1000, 950_000).1, WHOLE);
    }

    /// The ranks for the median in tables of the sign test at 95 % (Dixon and Massey, table A-25; Hollander and Wolfe, table A.2), and
    /// an upper quartile by hand.
    #[test]
    fn ranks_of_quantiles_are_those_of_the_tables() {
        for (count, low, high) in [
            (6, 1, 6),
            (10, 2, 9),
            (20, 6, 15),
            (50, 18, 33),
            (100, 40, 61),
        ] {
            let ranks = quantile_ranks(count, 500_000, 950_000);
            assert_eq!(ranks, (Some(low), Some(high)), "{count}");
        }
        // Five values are too few: both ends would cover 1 - 2/32 only.
        assert_eq!(quantile_ranks(5, 500_000, 950_000), (None, None));
        assert_eq!(quantile_ranks(5, 500_000, 937_500), (Some(1), Some(5)));
        // 16 values, the upper quartile at 90 % (Conover, 3.2): P(X <= 8) = 0.0271, P(X >= 15) = 0.0635, P(X >= 16) = 0.0100.
        let tails = [
            binomial_at_most(8, 16, 750_000),
            1.0 - binomial_at_most(14, 16, 750_000),
        ];
        assert!(
            (tails[0] - 0.0271).abs() < 5e-5 && (tails[1] - 0.0635).abs() < 5e-5,
            "{tails:?}"
        );
        assert_eq!(quantile_ranks(16, 750_000, 900_000), (Some(9), Some(16)));
        // 0.95^72 = 0.0249: the first number of values that bounds a 95th percentile from above.
        assert_eq!(quantile_ranks(71, 950_000, 950_000).1, None);
        assert_eq!(quantile_ranks(72, 950_000, 950_000).1, Some(72));
        assert_eq!(quantile_ranks(0, 500_000, 950_000), (None, None));
    }

    /// Against sums of exact whole numbers: Pascal's triangle in 128 bits.
    #[test]
    fn binomial_sums_are_exact_ones() {
        for trials in [1i64, 7, 40, 60] {
            let mut row = vec![1u128];
            for _ in 0..trials {
                let next = row.windows(2).map(|two| two[0] + two[1]);
                row = std::iter::once(1)
                    .chain(next)
                    .chain(std::iter::once(1))
                    .collect();
            }
            // A share of a half makes every path as likely: 2^-n each; one of a quarter weighs a miss three times.
            for most in 0..trials {
                let sum: u128 = row.iter().take(most as usize + 1).sum();
                let half = sum as f64 / 2f64.powi(trials as i32);
                assert!((binomial_at_most(most, trials, 500_000) - half).abs() < 1e-13);
                let weighed = |(hits, paths): (usize, &u128)| {
                    *paths as f64 * 3f64.powi(trials as i32 - hits as i32)
                        / 4f64.powi(trials as i32)
                };
                let quarter: f64 = row
                    .iter()
                    .enumerate()
                    .take(most as usize + 1)
                    .map(weighed)
                    .sum();
                assert!((binomial_at_most(most, trials, 250_000) - quarter).abs() < 1e-13);
            }
        }
        assert_eq!(binomial_at_most(-1, 9, 500_000), 0.0);
        assert_eq!(
            (binomial_at_most(3, 9, 0), binomial_at_most(3, 9, WHOLE)),
            (1.0, 0.0)
        );
        let large = binomial_at_most(1_000_000, 2_000_000, 500_000);
        assert!((large - 0.5).abs() < 1e-3, "{large}");
    }
}
