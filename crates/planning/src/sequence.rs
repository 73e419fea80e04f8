//! The order of a day's vehicles: each variant spread evenly over the day (goal chasing, Monden, Toyota
//! Production System, with one level). It must not know parts; ratio rules come later. Invariant: the result
//! holds exactly what was given, and the same input gives the same order.
use crate::quota::first_largest;

/// The kinds `0..counts.len()` in an order that keeps each close to its even pace; ties in file order.
pub fn spread(counts: &[i64]) -> Vec<usize> {
    let total: i64 = counts.iter().map(|count| count.max(&0)).sum();
    let mut owed = vec![0i64; counts.len()];
    let mut left = counts.to_vec();
    let mut order = Vec::with_capacity(total.max(0) as usize);
    for _ in 0..total {
        for (owed, count) in owed.iter_mut().zip(counts) {
            *owed += count.max(&0);
        }
        // A kind that is used up may still be owed by rounding; it must not be chosen.
        let pace: Vec<i64> = owed
            .iter()
            .zip(&left)
            .map(|(o, l)| if *l > 0 { *o } else { i64::MIN })
            .collect();
        let chosen = first_largest(&pace);
        owed[chosen] -= total;
        left[chosen] -= 1;
        order.push(chosen);
    }
    order
}

/// The places of `kinds` (one entry a vehicle) in an even order: vehicles of one kind keep their order.
pub fn even_order(kinds: &[usize]) -> Vec<usize> {
    let groups = kinds.iter().max().map_or(0, |most| most + 1);
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); groups];
    for (place, kind) in kinds.iter().enumerate() {
        members[*kind].push(place);
    }
    let counts: Vec<i64> = members.iter().map(|group| group.len() as i64).collect();
    let mut heads: Vec<_> = members.into_iter().map(Vec::into_iter).collect();
    spread(&counts)
        .into_iter()
        .filter_map(|kind| heads[kind].next())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn two_to_one() {
        assert_eq!(spread(&[2, 1]), [0, 1, 0]);
        assert_eq!(even_order(&[1, 1, 0, 1, 1, 0]), [0, 2, 1, 3, 5, 4]);
        assert!(spread(&[]).is_empty() && even_order(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn every_prefix_is_within_one_of_the_pace(counts in proptest::collection::vec(0i64..40, 1..5)) {
            let order = spread(&counts);
            let total: i64 = counts.iter().sum();
            let mut seen = vec![0i64; counts.len()];
            for (n, kind) in order.iter().enumerate() {
                seen[*kind] += 1;
                for (have, count) in seen.iter().zip(&counts) {
                    prop_assert!((have * total - count * (n as i64 + 1)).abs() < 2 * total);
                }
            }
            prop_assert_eq!(seen, counts);
        }
    }
}
