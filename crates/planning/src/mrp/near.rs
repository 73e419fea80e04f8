//! Search in series that grow evenly. It must not know what they count. Invariant: the answer is that of
//! `partition_point`.

/// How many of a sorted series are below a value: the same as `partition_point`, by interpolation, because a plan's
/// days and heights grow evenly and every look that misses the cache costs more than the arithmetic.
pub(super) fn near<T>(all: &[T], key: impl Fn(&T) -> i64, value: i64) -> usize {
    let (Some(first), Some(last)) = (all.first().map(&key), all.last().map(&key)) else {
        return 0;
    };
    if value <= first {
        return 0;
    }
    if value > last {
        return all.len();
    }
    // first < value <= last, so the answer lies in 1..all.len().
    let share = (value - first).unsigned_abs() as u128 * (all.len() - 1) as u128;
    let guess = (share / (last - first).unsigned_abs() as u128) as usize;
    let is_below = |at: usize| key(&all[at]) < value;
    let mut step = 1;
    let (from, to) = if is_below(guess) {
        let (mut from, last) = (guess, all.len() - 1);
        while from + step < last && is_below(from + step) {
            from += step;
            step *= 2;
        }
        (from, last.min(from + step))
    } else {
        let mut to = guess;
        while to > step && !is_below(to - step) {
            to -= step;
            step *= 2;
        }
        (to.saturating_sub(step), to)
    };
    from + all[from..to].partition_point(|one| key(one) < value)
}

#[cfg(test)]
mod tests {
    use super::near;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn near_is_where_partition_point_is(
            mut all in proptest::collection::vec(-50i64..500, 0..60), value in -60i64..510,
        ) {
            all.sort_unstable();
            prop_assert_eq!(near(&all, |one| *one, value), all.partition_point(|one| *one < value));
        }
    }
}
