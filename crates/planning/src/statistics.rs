//! Order statistics of whole numbers by nearest rank (Hyndman and Fan 1996, type 1): the answer is always a
//! value that occurred; and quantiles of Student's t and of the normal distribution. It must not know what is counted.
use crate::fixed;

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
    const WHOLE: i64 = 1_000_000;
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
}
