//! Order statistics of whole numbers by nearest rank (Hyndman and Fan 1996, type 1): the answer is always a
//! value that occurred; and quantiles of Student's t. It must not know what is counted.

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

#[cfg(test)]
mod tests {
    use super::*;

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
