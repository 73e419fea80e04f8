//! The ramp plan and what of it the line can do (RULES 6, 8). It must not know parts: a missing part is seen
//! on its day. Units: whole vehicles by day and variant. Invariant: never ahead of the ramp plan, never above
//! a day's limits; what a day cannot do, the next days do first.
use crate::day::allocate_day;
use crate::line::Schedule;
use takt_kernel::Date;

/// What the maker wants built, by day and variant, from the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RampPlan {
    first: Date,
    variants: usize,
    cumulative: Vec<Vec<i64>>,
}

impl RampPlan {
    /// The plan from its first day on; `daily[day][variant]`. Days without builds at the end do not count.
    pub fn new(first: Date, daily: &[Vec<i64>]) -> Self {
        let variants = daily.iter().map(Vec::len).max().unwrap_or(0);
        let used = daily
            .iter()
            .rposition(|day| day.iter().any(|units| *units > 0))
            .map_or(0, |last| last + 1);
        let mut sum = vec![0i64; variants];
        let mut cumulative = Vec::with_capacity(used);
        for day in &daily[..used] {
            for (sum, units) in sum.iter_mut().zip(day) {
                *sum = sum.saturating_add(*units);
            }
            cumulative.push(sum.clone());
        }
        Self {
            first,
            variants,
            cumulative,
        }
    }

    /// Vehicles of a variant wanted through a date.
    pub fn wanted(&self, date: Date, variant: usize) -> i64 {
        let days = self.cumulative.len() as i32;
        let at = date.days_since(self.first).min(days - 1);
        let day = usize::try_from(at)
            .ok()
            .and_then(|at| self.cumulative.get(at));
        day.and_then(|day| day.get(variant)).copied().unwrap_or(0)
    }

    /// Vehicles of a variant wanted on one date.
    pub fn on(&self, date: Date, variant: usize) -> i64 {
        self.wanted(date, variant) - self.wanted(date.minus(1), variant)
    }

    /// Vehicles of a variant in the whole plan.
    pub fn total(&self, variant: usize) -> i64 {
        self.wanted(self.last_day(), variant)
    }

    /// The first day of the plan.
    pub fn first_day(&self) -> Date {
        self.first
    }

    /// The last day that wants a vehicle: day 230 of the SU7.
    pub fn last_day(&self) -> Date {
        self.first.plus(self.cumulative.len() as i32 - 1)
    }

    /// How many variants there are.
    pub fn variants(&self) -> usize {
        self.variants
    }

    /// The first planned day with a vehicle that is not among the built ones; beyond the last where none is.
    pub(crate) fn first_open(&self, built: &[i64]) -> Date {
        let done = |day: &Vec<i64>| day.iter().zip(built).all(|(wanted, built)| wanted <= built);
        self.first
            .plus(self.cumulative.partition_point(done) as i32)
    }
}

/// What will be built, by day and variant, as far as capacity decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeasiblePlan {
    /// The first day of `days`.
    pub first: Date,
    /// `days[day][variant]` in vehicles.
    pub days: Vec<Vec<i64>>,
}

impl FeasiblePlan {
    /// Vehicles of a variant in the whole plan.
    pub fn total(&self, variant: usize) -> i64 {
        self.days.iter().filter_map(|day| day.get(variant)).sum()
    }

    /// The last day that builds; the day before `first` where none does.
    pub fn last_day(&self) -> Date {
        let last = self
            .days
            .iter()
            .rposition(|day| day.iter().any(|units| *units > 0));
        self.first.plus(last.map_or(-1, |at| at as i32))
    }
}

/// The feasible plan from `from` on, given what is built: each day takes the oldest planned vehicles within
/// its limits, until all are built or the schedule ends. Cost: O(days x variants).
pub fn feasible_plan(
    ramp: &RampPlan,
    built: &[i64],
    from: Date,
    schedule: &Schedule,
) -> FeasiblePlan {
    let mut built = built.to_vec();
    built.resize(ramp.variants, 0);
    let first = from.max(ramp.first);
    let mut plan = FeasiblePlan {
        first,
        days: Vec::new(),
    };
    let mut date = first;
    while date <= schedule.end() && ramp.first_open(&built) <= ramp.last_day() {
        let mut day = vec![0i64; ramp.variants];
        for slot in allocate_day(ramp, date, &built, schedule.limits(date), None) {
            day[slot.variant] += slot.units;
        }
        built
            .iter_mut()
            .zip(&day)
            .for_each(|(built, units)| *built += units);
        plan.days.push(day);
        date = date.plus(1);
    }
    plan
}

/// When the parts of what is not built yet are needed: on the days of the undisturbed plan, and on the first day for
/// what is overdue. A missing part makes no other part be needed later, or else the shortage of one variant would stop
/// the others weeks after it (RULES 11). Units and cost as [`feasible_plan`].
pub fn material_plan(
    ramp: &RampPlan,
    built: &[i64],
    from: Date,
    schedule: &Schedule,
) -> FeasiblePlan {
    let undisturbed = feasible_plan(ramp, &[], ramp.first, schedule);
    let first = from.max(ramp.first);
    let mut planned = vec![0i64; ramp.variants];
    let mut needed: Vec<i64> = (0..ramp.variants)
        .map(|variant| built.get(variant).copied().unwrap_or(0))
        .collect();
    let mut days = Vec::new();
    let mut on = undisturbed.first;
    for day in &undisturbed.days {
        for (planned, units) in planned.iter_mut().zip(day) {
            *planned += units;
        }
        if on >= first {
            let due = |(needed, planned): (&mut i64, &i64)| {
                let more = (*planned - *needed).max(0);
                *needed += more;
                more
            };
            days.push(needed.iter_mut().zip(&planned).map(due).collect());
        }
        on = on.plus(1);
    }
    if days.is_empty() {
        // Beyond the undisturbed plan everything that is left is overdue.
        days.push(
            planned
                .iter()
                .zip(&needed)
                .map(|(planned, built)| (planned - built).max(0))
                .collect(),
        );
    }
    FeasiblePlan { first, days }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::{CalendarDay, Line};
    use crate::scale::Scale;
    use proptest::prelude::*;

    fn schedule(capacity: i64, days: usize) -> Schedule {
        let line = Line {
            takt_ms: 1,
            operations: Vec::new(),
            variants: 2,
        };
        let day = CalendarDay {
            shifts: 1,
            shift_seconds: 37_800,
            capacity,
        };
        Schedule::new(
            &line,
            Date::from_epoch_day(0),
            &vec![day; days],
            Scale::FULL,
        )
    }

    #[test]
    fn what_a_day_cannot_do_the_next_does_first() {
        let ramp = RampPlan::new(
            Date::from_epoch_day(0),
            &[vec![5, 0], vec![2, 3], vec![0, 0]],
        );
        let plan = feasible_plan(&ramp, &[0, 0], Date::from_epoch_day(-9), &schedule(4, 2));
        assert_eq!(plan.days, [[4, 0], [3, 1], [0, 2]]);
        assert_eq!(
            (plan.first, plan.last_day(), ramp.last_day()),
            (
                ramp.first_day(),
                Date::from_epoch_day(2),
                Date::from_epoch_day(1)
            )
        );
        assert_eq!(
            (
                ramp.on(Date::from_epoch_day(1), 1),
                ramp.total(0),
                plan.total(0)
            ),
            (3, 7, 7)
        );
        let rest = feasible_plan(&ramp, &[6, 0], Date::from_epoch_day(1), &schedule(4, 2));
        assert_eq!(rest.days, [[1, 3]]);
        assert_eq!(
            feasible_plan(&ramp, &[7, 3], Date::from_epoch_day(1), &schedule(4, 2))
                .days
                .len(),
            0
        );
    }

    proptest! {
        #[test]
        fn never_ahead_never_above_and_complete(
            daily in proptest::collection::vec((0i64..9, 0i64..9), 1..30),
            capacity in 1i64..20,
        ) {
            let rows: Vec<Vec<i64>> = daily.iter().map(|(a, b)| vec![*a, *b]).collect();
            let ramp = RampPlan::new(Date::from_epoch_day(0), &rows);
            let plan = feasible_plan(&ramp, &[0, 0], Date::from_epoch_day(0), &schedule(capacity, rows.len()));
            let mut sum = [0i64; 2];
            for (n, day) in plan.days.iter().enumerate() {
                prop_assert!(day.iter().sum::<i64>() <= capacity);
                for v in 0..2 {
                    sum[v] += day[v];
                    prop_assert!(sum[v] <= ramp.wanted(Date::from_epoch_day(n as i32), v));
                }
            }
            prop_assert_eq!(sum, [ramp.total(0), ramp.total(1)]);
        }
    }

    #[test]
    fn what_is_overdue_is_needed_first_and_nothing_is_needed_later_for_it() {
        let daily: Vec<Vec<i64>> = vec![vec![3, 2]; 4];
        let ramp = RampPlan::new(Date::from_epoch_day(100), &daily);
        let schedule = schedule(5, 4);
        // After two days one variant is four behind; the other one is on its plan.
        let plan = material_plan(&ramp, &[2, 4], Date::from_epoch_day(102), &schedule);
        assert_eq!(plan.first, Date::from_epoch_day(102));
        assert_eq!(plan.days[0], [7, 2]);
        assert_eq!(plan.days[1], [3, 2]);
        let late = material_plan(&ramp, &[10, 8], Date::from_epoch_day(140), &schedule);
        assert_eq!(late.days, [[2, 0]]);
    }
}
