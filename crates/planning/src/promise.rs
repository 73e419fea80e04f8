//! When an order's vehicle will be built (RULES 9). It must not know customers or lanes: transit is added by
//! whoever ships. Units: days; ranks count open orders of a variant in queue order, from 1. Invariants: a
//! PLANNED date is the first day whose cumulative plan reaches the rank; an ESTIMATE lies after the plan.
use crate::ramp::{FeasiblePlan, RampPlan};
use takt_kernel::{Date, ceil_div};

/// Days that the rate of an estimate is taken from.
pub const RATE_DAYS: i32 = 28;
/// A promise is written anew when its date moves by more than this.
pub const TOLERANCE_DAYS: i32 = 7;

/// How sure a date is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PromiseKind {
    /// The plan builds the vehicle on that day.
    Planned,
    /// The plan ends before; the date goes on at the last rate. It holds nothing.
    Estimate,
}

/// A date to build on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BuildPromise {
    /// How sure it is.
    pub kind: PromiseKind,
    /// The day the vehicle is built.
    pub build_on: Date,
}

/// What the plan says about one variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariantProfile {
    /// The first day of `cumulative`.
    pub first: Date,
    /// Vehicles built from `first` through each day.
    pub cumulative: Vec<i64>,
    /// The day estimates count from: the last plan day, or the last day of building where that is later.
    pub end: Date,
    /// Vehicles of the variant in the last 28 days of the ramp plan: the rate is this over 28.
    pub rate_units: i64,
}

/// The profile of every variant under a plan.
pub fn profiles(plan: &FeasiblePlan, ramp: &RampPlan) -> Vec<VariantProfile> {
    let end = ramp.last_day().max(plan.last_day());
    let profile = |variant: usize| {
        let mut sum = 0;
        let through = |day: &Vec<i64>| {
            sum += day.get(variant).copied().unwrap_or(0);
            sum
        };
        let cumulative = plan.days.iter().map(through).collect();
        let before = ramp.last_day().minus(RATE_DAYS);
        let rate_units = ramp.total(variant) - ramp.wanted(before, variant);
        VariantProfile {
            first: plan.first,
            cumulative,
            end,
            rate_units,
        }
    };
    (0..ramp.variants()).map(profile).collect()
}

impl VariantProfile {
    /// The date of the `rank`-th open order (from 1). Beyond the plan: its end + ceil(rank beyond the plan /
    /// mean daily plan). None where the variant is neither planned nor has a rate.
    pub fn promise(&self, rank: i64) -> Option<BuildPromise> {
        let day = self.cumulative.partition_point(|built| *built < rank);
        if day < self.cumulative.len() {
            return Some(BuildPromise {
                kind: PromiseKind::Planned,
                build_on: self.first.plus(day as i32),
            });
        }
        let beyond = rank - self.cumulative.last().copied().unwrap_or(0);
        let days = ceil_div(
            i128::from(beyond) * i128::from(RATE_DAYS),
            i128::from(self.rate_units),
        )?;
        let build_on = self.end.plus(i32::try_from(days).unwrap_or(i32::MAX));
        Some(BuildPromise {
            kind: PromiseKind::Estimate,
            build_on,
        })
    }
}

/// True where a date has moved so far that a new promise row is written.
pub fn has_moved(promised: Date, now: Date) -> bool {
    now.days_since(promised).abs() > TOLERANCE_DAYS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planned_within_the_plan_estimated_beyond_it() {
        let first = Date::from_epoch_day(0);
        let ramp = RampPlan::new(first, &vec![vec![2, 0]; 40]);
        let plan = FeasiblePlan {
            first: first.plus(38),
            days: vec![vec![3, 0], vec![0, 0], vec![2, 0]],
        };
        let profile = &profiles(&plan, &ramp)[0];
        assert_eq!((profile.rate_units, profile.end), (56, first.plus(40)));
        let at = |rank| {
            profile
                .promise(rank)
                .map(|p| (p.kind, p.build_on.epoch_day()))
        };
        assert_eq!(at(3), Some((PromiseKind::Planned, 38)));
        assert_eq!(at(4), Some((PromiseKind::Planned, 40)));
        assert_eq!(at(6), Some((PromiseKind::Estimate, 41)));
        assert_eq!(at(8), Some((PromiseKind::Estimate, 42)));
        assert_eq!(profiles(&plan, &ramp)[1].promise(1), None);
        assert!(has_moved(first, first.plus(8)) && !has_moved(first, first.minus(7)));
    }
}
