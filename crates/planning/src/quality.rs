//! Yields and causes: first-pass yield, rolled yield, and Pareto's order of defects.
//!
//! Sources: first-pass yield is KPI "First pass yield" of ISO 22400-2 (good the first time / inspected; here
//! every finished unit counts as inspected); the rolled
//! yield of steps in a row is their product; the order of causes with cumulative shares is Juran's Pareto analysis
//! (Juran's Quality Handbook). Units: pieces; shares in millionths, rounded half to even once.

use takt_kernel::{Share, half_even_div};

use crate::oee::share;

/// The share of what passed the first time of what was finished; none where nothing was.
pub fn first_pass_yield(first_pass: i64, finished: i64) -> Option<Share> {
    share(first_pass, finished)
}

/// The yield of steps in a row, from their counts of (first pass, finished); none where a step has finished nothing.
pub fn rolled_yield(steps: &[(i64, i64)]) -> Option<Share> {
    let one = Share::ONE.0;
    let rolled =
        steps
            .iter()
            .try_fold(i128::from(one) * 1_000_000, |rolled, (passed, finished)| {
                let product = rolled.checked_mul(i128::from(*passed))?;
                (*finished > 0).then(|| product / i128::from(*finished))
            })?;
    (!steps.is_empty())
        .then(|| half_even_div(rolled, 1_000_000).map(Share))
        .flatten()
}

/// Causes with their counts, the most frequent first and ties by cause, each with the share of all down to it.
pub fn pareto<C: Ord>(mut causes: Vec<(C, i64)>) -> Vec<(C, i64, Share)> {
    causes.sort_by(|(a, most), (b, least)| least.cmp(most).then_with(|| a.cmp(b)));
    let total: i64 = causes.iter().map(|(_, count)| count).sum();
    let mut sum = 0;
    let cumulated = causes.into_iter().map(|(cause, count)| {
        sum += count;
        (cause, count, share(sum, total).unwrap_or(Share(0)))
    });
    cumulated.collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn yields_of_three_shops() {
        // 95 of 100, 90 of 100, 98 of 100: 0.95 x 0.90 x 0.98 = 0.8379.
        assert_eq!(first_pass_yield(95, 100), Some(Share(950_000)));
        assert_eq!(
            rolled_yield(&[(95, 100), (90, 100), (98, 100)]),
            Some(Share(837_900))
        );
        assert_eq!(
            (
                first_pass_yield(0, 0),
                rolled_yield(&[(1, 1), (0, 0)]),
                rolled_yield(&[])
            ),
            (None, None, None)
        );
    }

    #[test]
    fn the_vital_few_come_first() {
        let told = pareto(vec![("DENT", 10), ("GAP", 50), ("RUN", 30), ("DUST", 10)]);
        let told: Vec<_> = told
            .into_iter()
            .map(|(cause, count, share)| (cause, count, share.0))
            .collect();
        assert_eq!(
            told,
            [
                ("GAP", 50, 500_000),
                ("RUN", 30, 800_000),
                ("DENT", 10, 900_000),
                ("DUST", 10, 1_000_000)
            ]
        );
    }

    #[test]
    fn the_page_tells_the_same_figures() {
        let page = include_str!("../../../docs/quality.md");
        let told = pareto(vec![("DENT", 10), ("GAP", 50), ("RUN", 30), ("DUST", 10)]);
        for (cause, count, share) in told {
            let row = format!("| {cause} | {count} | {} |", share.0);
            assert!(page.contains(&row), "{row}");
        }
        let rolled = rolled_yield(&[(95, 100), (90, 100), (98, 100)]).map(|share| share.0);
        assert_eq!(rolled, Some(837_900));
        assert!(page.contains("0.95 x 0.90 x 0.98 = 837,900 millionths"));
    }

    proptest! {
        #[test]
        fn shares_rise_to_one(counts in proptest::collection::vec(1i64..1_000, 1..40)) {
            let told = pareto(counts.iter().copied().enumerate().collect());
            prop_assert!(told.windows(2).all(|pair| pair[0].1 >= pair[1].1 && pair[0].2 <= pair[1].2));
            prop_assert_eq!(told.last().map(|last| last.2), Some(Share::ONE));
        }

        #[test]
        fn a_rolled_yield_is_below_its_worst_step(steps in proptest::collection::vec((0i64..=500, 500i64..1_000), 1..8)) {
            let worst = steps.iter().filter_map(|(passed, all)| first_pass_yield(*passed, *all)).min();
            prop_assert!(rolled_yield(&steps) <= worst);
        }
    }
}
