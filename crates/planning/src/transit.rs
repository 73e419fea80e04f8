//! What transit on a lane took, with its spread. It must not know lanes, loads or dates. Units: whole days, thousandths of a day,
//! millionths of the loads. Invariants: no quantile lies outside what was observed and published; with [`ENOUGH`] loads or more the
//! published transit has no say any more.
//!
//! Source: the nearest-rank quantile (ISO 3534-1, inverse of the empirical distribution). While few loads are known, the published transit
//! is counted as observed until there are [`ENOUGH`]: a prior by pseudo-observations, as with a Dirichlet prior.

/// The loads from which on history speaks for itself.
pub const ENOUGH: i64 = 10;

/// What transit took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spread {
    /// The loads that arrived.
    pub arrived: i64,
    /// Their mean in thousandths of a day, rounded down; 0 where none arrived.
    pub mean_millidays: i64,
    /// The days within which half arrive.
    pub p50: i64,
    /// The days within which nine of ten arrive.
    pub p90: i64,
    /// The share that took no more than the published days, in millionths; 0 where none arrived.
    pub on_time_millionths: i64,
}

/// The spread of loads that took so many days, each with how many of them there are.
pub fn spread(observed: &[(i64, i64)], published: i64) -> Spread {
    let arrived: i64 = observed.iter().map(|(_, loads)| loads).sum();
    let mut counted: Vec<(i64, i64)> = observed.to_vec();
    counted.push((published, (ENOUGH - arrived).max(0)));
    counted.sort_unstable();
    let all: i64 = counted.iter().map(|(_, loads)| loads).sum();
    let quantile = |tenths: i64| {
        let rank = (all * tenths + 9) / 10;
        let mut seen = 0;
        let reached = counted.iter().find(|(_, loads)| {
            seen += loads;
            seen >= rank && *loads > 0
        });
        reached.map_or(published, |(days, _)| *days)
    };
    let on_time = observed.iter().filter(|(days, _)| *days <= published);
    let on_time: i64 = on_time.map(|(_, loads)| loads).sum();
    let days: i64 = observed.iter().map(|(days, loads)| days * loads).sum();
    Spread {
        arrived,
        mean_millidays: (days * 1_000).checked_div(arrived).unwrap_or(0),
        p50: quantile(5),
        p90: quantile(9),
        on_time_millionths: (on_time * 1_000_000).checked_div(arrived).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Ten loads: six took 3 days, three took 4, one took 9.
    #[test]
    fn ten_loads_speak_for_themselves_and_four_do_not() {
        let told = spread(&[(3, 6), (4, 3), (9, 1)], 3);
        assert_eq!((told.p50, told.p90), (3, 4));
        assert_eq!(told.mean_millidays, 3_900);
        assert_eq!(told.on_time_millionths, 600_000);
        // Four late loads of a lane that is published with 3: six more are counted as 3.
        let told = spread(&[(5, 4)], 3);
        assert_eq!((told.p50, told.p90, told.on_time_millionths), (3, 5, 0));
        assert_eq!(
            spread(&[], 6),
            Spread {
                p50: 6,
                p90: 6,
                ..Spread::default()
            }
        );
    }

    proptest! {
        #[test]
        fn quantiles_are_those_of_the_sorted_list(days in proptest::collection::vec(0i64..12, 0..40), published in 0i64..12) {
            let counted: Vec<(i64, i64)> = days.iter().map(|day| (*day, 1)).collect();
            let told = spread(&counted, published);
            let mut all = days.clone();
            while all.len() < 10 {
                all.push(published);
            }
            all.sort_unstable();
            let at = |tenths: usize| all[(all.len() * tenths).div_ceil(10) - 1];
            prop_assert_eq!((told.p50, told.p90), (at(5), at(9)));
        }
    }
}
