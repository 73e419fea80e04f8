//! Order statistics of whole numbers by nearest rank (Hyndman and Fan 1996, type 1): the answer is always a
//! value that occurred. It must not know what is counted.

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
}
