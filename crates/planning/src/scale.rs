//! A smaller programme of the same shape (RULES 10, `--vehicles N`): series are cumulative x N / 100,000,
//! floored; lots shrink with them. It must not know what it scales. Invariant: the scaled total is the floor
//! of the total, whatever the days.
use takt_kernel::{Quantity, ceil_div, floor_div};

const REFERENCE: i64 = 100_000;

/// The size of a run: N vehicles where the programme has 100,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scale(pub i64);

impl Scale {
    /// The programme as it is.
    pub const FULL: Self = Self(REFERENCE);

    /// A count or a cumulative figure at this size, floored.
    pub fn count(self, full: i64) -> i64 {
        floor_div(i128::from(full) * i128::from(self.0), i128::from(REFERENCE)).unwrap_or(i64::MAX)
    }

    /// A daily series at this size: the differences of the floored cumulative series.
    pub fn series(self, full: &[i64]) -> Vec<i64> {
        let mut cumulative = 0i64;
        let step = |daily: &i64| {
            let before = self.count(cumulative);
            cumulative = cumulative.saturating_add(*daily);
            self.count(cumulative) - before
        };
        full.iter().map(step).collect()
    }

    /// A lot at this size: max(1, ceil(lot x N / 100,000)) whole base units; as it is for 100,000.
    pub fn lot(self, lot: Quantity) -> Quantity {
        if self == Self::FULL {
            return lot;
        }
        let product = i128::from(lot.milli()) * i128::from(self.0);
        Quantity::from_units(
            ceil_div(product, i128::from(REFERENCE) * 1000)
                .unwrap_or(i64::MAX)
                .max(1),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_percent() {
        let scale = Scale(1000);
        assert_eq!(scale.series(&[271, 276, 203, 270]), vec![2, 3, 2, 3]);
        assert_eq!(scale.lot(Quantity::from_units(48)), Quantity::from_units(1));
        assert_eq!(
            scale.lot(Quantity::from_units(2880)),
            Quantity::from_units(29)
        );
        assert_eq!(Scale::FULL.lot(Quantity(1500)), Quantity(1500));
    }

    proptest! {
        #[test]
        fn the_total_is_floored_once(days in proptest::collection::vec(0i64..2000, 0..100), n in 1i64..300_000) {
            let scaled = Scale(n).series(&days);
            prop_assert!(scaled.iter().all(|d| *d >= 0));
            prop_assert_eq!(scaled.iter().sum::<i64>(), Scale(n).count(days.iter().sum()));
        }
    }
}
