//! When a vehicle earns its cost: by scale, by learning, by both, or never (cost-volume-profit analysis, Horngren, Cost
//! Accounting, ch. 3; the learning curve as in [`crate::learning`]). It must not know where prices come from. Units:
//! millionths of one currency a vehicle, or a month; vehicles a month. Invariants: everything but the learning curve is
//! exact in whole numbers; a volume is the least one that covers, so that one vehicle fewer does not; what never covers
//! says never, and why.
use crate::learning::{Curve, FURTHEST};
use takt_kernel::{ceil_div, floor_div};

/// The money of a vehicle at a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Terms {
    /// The average price net of tax.
    pub price: i64,
    /// Bought material.
    pub material: i64,
    /// Conversion that varies with volume, energy and rework inside it.
    pub conversion: i64,
    /// What a month costs whatever is built: fixed manufacturing and, where they are meant to be covered, research,
    /// selling and administration.
    pub month: i64,
}

/// Why no volume covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Never {
    /// A vehicle brings in no more than it costs by itself: building more loses more.
    NoContribution {
        /// Price less material and conversion.
        contribution: i64,
    },
    /// Conversion would have to fall below nothing.
    ConversionBelowNothing {
        /// What conversion could cost at most; negative.
        allowed: i64,
    },
    /// The curve reaches the cost only beyond so many vehicles.
    BeyondTheCurve {
        /// Vehicles.
        units: i64,
    },
}

/// A month's volume, or a number of vehicles, at which the cost is covered.
pub type Answer<T> = Result<T, Never>;

impl Terms {
    /// Price less material and conversion: what a vehicle brings towards the month.
    pub const fn contribution(&self) -> i64 {
        self.price - self.material - self.conversion
    }

    /// What a month of `volume` vehicles earns or, when negative, loses.
    pub fn month_result(&self, volume: i64) -> i128 {
        i128::from(self.contribution()) * i128::from(volume) - i128::from(self.month)
    }

    /// The result of one vehicle at a volume a month, rounded half to even; None at no volume.
    pub fn result(&self, volume: i64) -> Option<i64> {
        takt_kernel::half_even_div(self.month_result(volume), i128::from(volume))
    }

    /// The most that conversion may cost at a volume for the month to be covered; None at no volume.
    pub fn allowed_conversion(&self, volume: i64) -> Option<i64> {
        let margin = i128::from(self.price) - i128::from(self.material);
        let left = margin * i128::from(volume) - i128::from(self.month);
        floor_div(left, i128::from(volume.max(0)))
    }
}

/// Break-even by scale: the least volume a month that covers it at today's conversion.
///
/// # Errors
/// `NoContribution` where more vehicles lose more.
pub fn by_scale(terms: &Terms) -> Answer<i64> {
    let contribution = terms.contribution();
    if contribution <= 0 {
        return Err(Never::NoContribution { contribution });
    }
    Ok(ceil_div(i128::from(terms.month), i128::from(contribution)).unwrap_or(i64::MAX))
}

/// Break-even by learning: the first vehicle of the curve that is covered at a volume a month that does not change.
///
/// # Errors
/// `ConversionBelowNothing` where even free conversion does not cover, `BeyondTheCurve` where the curve is too flat.
pub fn by_learning(terms: &Terms, curve: &Curve, volume: i64) -> Answer<i64> {
    let allowed = terms
        .allowed_conversion(volume)
        .unwrap_or_else(|| terms.month.saturating_neg());
    if allowed <= 0 {
        return Err(Never::ConversionBelowNothing { allowed });
    }
    curve
        .units_until(allowed)
        .ok_or(Never::BeyondTheCurve { units: FURTHEST })
}

/// When scale and learning together cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Both {
    /// The first vehicle of the curve that is covered at the volume.
    pub vehicle: i64,
    /// The months at that volume until it is built; 0 where it is built already.
    pub months: i64,
}

/// Break-even by both: from `built` vehicles on, at `volume` a month.
///
/// # Errors
/// As [`by_learning`].
pub fn by_both(terms: &Terms, curve: &Curve, volume: i64, built: i64) -> Answer<Both> {
    let vehicle = by_learning(terms, curve, volume)?;
    let left = i128::from((vehicle - built).max(0));
    let months = ceil_div(left, i128::from(volume)).unwrap_or(i64::MAX);
    Ok(Both { vehicle, months })
}

/// The least volume a month below which no learning helps: there even free conversion does not cover.
///
/// # Errors
/// `NoContribution` where the price does not pay the material.
pub fn learning_floor(terms: &Terms) -> Answer<i64> {
    let free = Terms {
        conversion: 0,
        ..*terms
    };
    let contribution = free.contribution();
    if contribution <= 0 {
        return Err(Never::NoContribution { contribution });
    }
    // At exactly this volume conversion would have to be free, so one more is needed.
    let floor = floor_div(i128::from(terms.month), i128::from(contribution));
    Ok(floor.unwrap_or(i64::MAX - 1) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learning::Form;
    use proptest::prelude::*;
    use takt_kernel::Share;

    const M: i64 = 1_000_000;

    fn terms(price: i64, material: i64, conversion: i64, month: i64) -> Terms {
        Terms {
            price: price * M,
            material: material * M,
            conversion: conversion * M,
            month: month * M,
        }
    }

    /// The SU7 in the second quarter of 2024, as programme.yaml models it.
    fn su7() -> Terms {
        terms(31_756, 23_457, 2_300, 138_000_000)
    }

    fn curve(percent: i64) -> Curve {
        let form = Form::CumulativeAverage;
        Curve::through_average(form, 27_307, 2_300 * M, Share(percent * 10_000)).unwrap()
    }

    #[test]
    fn the_textbook_by_scale() {
        // Worked by hand, after Horngren, Cost Accounting, ch. 3: price 200, variable cost 120, fixed cost 2,000: 25 units.
        assert_eq!(by_scale(&terms(200, 120, 0, 2_000)), Ok(25));
        assert_eq!(
            terms(200, 120, 0, 2_000).month_result(40),
            1_200 * 1_000_000
        );
        let lossy = terms(100, 90, 10, 1);
        assert_eq!(
            by_scale(&lossy),
            Err(Never::NoContribution { contribution: 0 })
        );
    }

    #[test]
    fn will_scale_bring_the_su7_profits() {
        // 138,000,000 / 5,999 = 23,003.8: by scale at 23,004 a month, where 9,102 were sold.
        assert_eq!(by_scale(&su7()), Ok(23_004));
        assert_eq!(su7().result(9_102).map(|result| result / M), Some(-9_162));
        assert!(su7().month_result(23_004) >= 0 && su7().month_result(23_003) < 0);
        // At 9,102 a month conversion would have to cost -6,862: no learning helps below 16,629 a month.
        let never = by_learning(&su7(), &curve(85), 9_102);
        assert!(
            matches!(never, Err(Never::ConversionBelowNothing { allowed }) if allowed / M == -6_862),
            "{never:?}"
        );
        assert_eq!(learning_floor(&su7()), Ok(16_629));
        assert!(by_learning(&su7(), &curve(85), 16_628).is_err());
        // At 20,000 a month it may cost 8,299 - 6,900 = 1,399, and the curve comes down to it.
        let both = by_both(&su7(), &curve(85), 20_000, 27_307).unwrap();
        assert!(curve(85).unit(both.vehicle) <= 1_399 * M);
        assert!(curve(85).unit(both.vehicle - 1) > 1_399 * M);
        assert_eq!(both.months, (both.vehicle - 27_307 + 19_999) / 20_000);
        // Without learning the same volume never covers.
        assert_eq!(
            by_both(&su7(), &curve(100), 20_000, 27_307),
            Err(Never::BeyondTheCurve { units: FURTHEST })
        );
    }

    proptest! {
        #[test]
        fn a_break_even_volume_is_the_least(
            price in 1i64..100_000, material in 0i64..100_000, conversion in 0i64..20_000, month in 0i64..1_000_000_000,
        ) {
            let terms = terms(price, material, conversion, month);
            match by_scale(&terms) {
                Ok(volume) => {
                    prop_assert!(terms.month_result(volume) >= 0);
                    prop_assert!(volume == 0 || terms.month_result(volume - 1) < 0);
                }
                Err(_) => prop_assert!(price <= material + conversion),
            }
        }

        #[test]
        fn learning_never_hurts(volume in 1i64..60_000, percent in 60i64..100) {
            let slow = by_learning(&su7(), &curve(percent + 1), volume);
            let fast = by_learning(&su7(), &curve(percent), volume);
            if let Ok(slow) = slow {
                prop_assert!(fast.is_ok_and(|fast| fast <= slow || slow <= 27_307));
            }
        }
    }
}
