//! What the line can do in a day (RULES 6, 8, 10). It must not know plans or parts. Units: whole vehicles,
//! milliseconds of cycle, seconds of shift. Invariants: a limit is a floor of an exact quotient; after the
//! last plan day its shifts and capacity go on for 365 days, then and before the first day nothing is built.
use crate::scale::Scale;
use takt_kernel::{Date, Share, floor_div};

/// How long building may go on after the last plan day (RULES 8).
pub const EXTENSION_DAYS: usize = 365;

/// An operation of the routing as a limit: stations side by side, one vehicle per cycle each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Operation {
    /// The variants it applies to, bit v for variant v.
    pub variants: u64,
    /// Cycle time in milliseconds.
    pub cycle_ms: i64,
    /// Parallel stations.
    pub stations: i64,
}

/// A day of the shift calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CalendarDay {
    /// Shifts worked.
    pub shifts: i64,
    /// Seconds of a shift: 10.5 h are 37,800.
    pub shift_seconds: i64,
    /// The published limit of the day in vehicles.
    pub capacity: i64,
}

/// The line: takt and operations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Technical takt of a station in milliseconds.
    pub takt_ms: i64,
    /// The operations that can bind.
    pub operations: Vec<Operation>,
    /// How many variants there are.
    pub variants: usize,
}

/// The limits of a day: for each set of variants the most vehicles of it. The first set is all variants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits(Vec<(u64, i64)>);

impl Limits {
    /// A day limited in total only.
    pub fn total_of(units: i64) -> Self {
        Self(vec![(u64::MAX, units)])
    }

    /// The most vehicles of all variants together.
    pub fn total(&self) -> i64 {
        self.0.first().map_or(0, |(_, units)| *units)
    }

    /// How many more of a variant fit.
    pub fn room(&self, variant: usize) -> i64 {
        let of = self.0.iter().filter(|(mask, _)| mask >> variant & 1 == 1);
        of.map(|(_, units)| *units).min().unwrap_or(0).max(0)
    }

    /// Takes `units` of a variant out of what is left.
    pub fn take(&mut self, variant: usize, units: i64) {
        for (_, left) in self
            .0
            .iter_mut()
            .filter(|(mask, _)| mask >> variant & 1 == 1)
        {
            *left -= units;
        }
    }

    /// The same limits with at most `units` of all variants together.
    #[must_use]
    pub fn at_most(&self, units: i64) -> Self {
        let mut limits = self.clone();
        if let Some((_, total)) = limits.0.first_mut() {
            *total = units.min(*total);
        }
        limits
    }

    /// The limits when `lost` of the day's time is lost, floored.
    #[must_use]
    pub fn without(&self, lost: Share) -> Self {
        let kept = i128::from((Share::ONE.0 - lost.0).max(0));
        let part =
            |units: i64| floor_div(i128::from(units) * kept, i128::from(Share::ONE.0)).unwrap_or(0);
        Self(
            self.0
                .iter()
                .map(|(mask, units)| (*mask, part(*units)))
                .collect(),
        )
    }
}

impl Line {
    /// min(capacity, floor(seconds / takt), floor(seconds x stations / cycle)); operations of some variants
    /// limit the sum of those variants.
    pub fn limits(&self, day: &CalendarDay) -> Limits {
        let all = if self.variants >= 64 {
            u64::MAX
        } else {
            (1u64 << self.variants) - 1
        };
        let millis = i128::from(day.shifts) * i128::from(day.shift_seconds) * 1000;
        let fits = |stations: i64, cycle: i64| {
            floor_div(millis * i128::from(stations), i128::from(cycle)).unwrap_or(0)
        };
        let mut limits = Limits(vec![(all, day.capacity.min(fits(1, self.takt_ms)).max(0))]);
        for operation in &self.operations {
            let (mask, units) = (
                operation.variants & all,
                fits(operation.stations, operation.cycle_ms),
            );
            match limits.0.iter_mut().find(|(known, _)| *known == mask) {
                Some((_, least)) => *least = units.min(*least),
                None => limits.0.push((mask, units)),
            }
        }
        limits
    }
}

/// The limits of every day, scaled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    first: Date,
    plan_days: usize,
    days: Vec<Limits>,
}

impl Schedule {
    /// The calendar from `first` through the last plan day, and its extension, at the size of the run: each
    /// limit is scaled as a cumulative series, so that 1,000 vehicles need as many days as 100,000.
    pub fn new(line: &Line, first: Date, calendar: &[CalendarDay], scale: Scale) -> Self {
        let mut days: Vec<Limits> = calendar.iter().map(|day| line.limits(day)).collect();
        let last = days.last().cloned().unwrap_or_default();
        days.extend(std::iter::repeat_n(last.clone(), EXTENSION_DAYS));
        for group in 0..last.0.len() {
            let series: Vec<i64> = days.iter().map(|day| day.0[group].1).collect();
            for (day, units) in days.iter_mut().zip(scale.series(&series)) {
                day.0[group].1 = units;
            }
        }
        Self {
            first,
            plan_days: calendar.len(),
            days,
        }
    }

    /// The limits of a date; nothing outside the calendar and its extension.
    pub fn limits(&self, date: Date) -> Limits {
        let at = usize::try_from(date.days_since(self.first)).ok();
        at.and_then(|at| self.days.get(at))
            .cloned()
            .unwrap_or_default()
    }

    /// The last plan day: day 230 of the SU7.
    pub fn last_plan_day(&self) -> Date {
        self.first.plus(self.plan_days as i32 - 1)
    }

    /// The last day on which anything may be built.
    pub fn end(&self) -> Date {
        self.first.plus(self.days.len() as i32 - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: CalendarDay = CalendarDay {
        shifts: 2,
        shift_seconds: 37_800,
        capacity: 840,
    };

    fn line() -> Line {
        let operation = |variants, cycle_ms, stations| Operation {
            variants,
            cycle_ms,
            stations,
        };
        let operations = vec![
            operation(u64::MAX, 96_000, 2),
            operation(0b110, 150_000, 1),
            operation(0b110, 140_000, 2),
        ];
        Line {
            takt_ms: 152_000,
            operations,
            variants: 3,
        }
    }

    #[test]
    fn the_least_binds_and_groups_bind_their_variants() {
        let mut limits = line().limits(&DAY);
        assert_eq!(
            (limits.total(), limits.room(0), limits.room(2)),
            (497, 497, 497)
        ); // 75,600 / 152 = 497.4
        limits.take(2, 490);
        assert_eq!((limits.room(0), limits.room(1)), (7, 7));
        let slow = Line {
            takt_ms: 76_000,
            ..line()
        }
        .limits(&DAY);
        assert_eq!((slow.room(0), slow.room(1)), (840, 504)); // 75,600 / 150 = 504
        assert_eq!(slow.without(Share(250_000)).room(0), 630);
        let closed = line().limits(&CalendarDay { shifts: 0, ..DAY });
        assert_eq!(closed.room(0), 0);
    }

    #[test]
    fn the_last_day_goes_on_for_a_year() {
        let first = Date::from_epoch_day(100);
        let schedule = Schedule::new(&line(), first, &[DAY, DAY], Scale(1000));
        let per_day: Vec<i64> = (0..4)
            .map(|n| schedule.limits(first.plus(n)).total())
            .collect();
        assert_eq!(per_day, [4, 5, 5, 5]); // floors of 4.97, 9.94, 14.91, 19.88
        assert_eq!(schedule.last_plan_day(), first.plus(1));
        assert!(schedule.limits(schedule.end()).total() > 0);
        assert_eq!(schedule.limits(schedule.end().plus(1)).total(), 0);
        assert_eq!(schedule.limits(first.minus(1)).room(0), 0);
    }
}
