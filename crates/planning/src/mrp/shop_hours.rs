//! What a shop can do in a day: stations x shifts x hours a shift x efficiency, less what maintenance takes. It must not
//! know orders. Units: thousandths of an hour. Method: rated capacity of the capacity requirements planning of APICS
//! (available time x utilisation and efficiency as one share). Invariant: a day on which the calendar rests has no hours,
//! and maintenance never takes more stations than there are.
use super::calendar::Calendar;
use super::problem::{Capacity, Day, Shop};
use takt_kernel::{Share, floor_div};

/// The shifts of a working day, from a day on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ShiftPlan {
    /// The first day on which it holds; it holds until the next one begins.
    pub from: Day,
    /// How many shifts are worked.
    pub shifts: i64,
    /// How long each is, in thousandths of an hour, without breaks.
    pub shift_milli_hours: i64,
}

/// Stations that stand still.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Maintenance {
    /// The first day.
    pub from: Day,
    /// The day after the last.
    pub until: Day,
    /// How many of the stations.
    pub stations: i64,
}

/// What a shop's hours follow from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopHours {
    /// Stations side by side; each works on a unit of its own.
    pub stations: i64,
    /// Part of the time that is worked: utilisation x efficiency.
    pub efficiency: Share,
    /// By first day; before the first no shift is worked.
    pub shifts: Vec<ShiftPlan>,
    /// Planned maintenance, in any order.
    pub maintenance: Vec<Maintenance>,
}

impl ShopHours {
    /// Thousandths of an hour on a working day.
    pub fn on(&self, day: Day) -> i64 {
        let plan = self.shifts.iter().filter(|plan| plan.from <= day);
        let Some(plan) = plan.max_by_key(|plan| plan.from) else {
            return 0;
        };
        let stopped = self.maintenance.iter();
        let stopped = stopped.filter(|stop| (stop.from..stop.until).contains(&day));
        let stopped: i64 = stopped.map(|stop| stop.stations.max(0)).sum();
        let stations = i128::from((self.stations - stopped).max(0));
        let hours = stations * i128::from(plan.shifts) * i128::from(plan.shift_milli_hours);
        floor_div(hours * i128::from(self.efficiency.0), 1_000_000).unwrap_or(i64::MAX)
    }

    /// The shop by day, over the days from `first` to `last`; outside of them it works as on `first`.
    pub fn daily(&self, id: &str, calendar: Option<usize>, first: Day, last: Day) -> Shop {
        let usual = self.on(first);
        let days = (first..=last).map(|day| (day, self.on(day)));
        Shop {
            id: id.to_owned(),
            calendar,
            capacity: Capacity::Day(usual),
            exceptions: days.filter(|(_, hours)| *hours != usual).collect(),
        }
    }

    /// The same by week, with the working days of a calendar added up.
    pub fn weekly(&self, id: &str, calendar: Option<&Calendar>, first: Day, last: Day) -> Shop {
        let day = |day: Day| match calendar.is_none_or(|calendar| calendar.works(day)) {
            true => self.on(day),
            false => 0,
        };
        let week = |week: i32| (week * 7..week * 7 + 7).map(day).sum::<i64>();
        let weeks = first.div_euclid(7)..=last.div_euclid(7);
        let usual = week(*weeks.start());
        let exceptions = weeks.map(|at| (at, week(at)));
        Shop {
            id: id.to_owned(),
            calendar: None,
            capacity: Capacity::Week(usual),
            exceptions: exceptions.filter(|(_, hours)| *hours != usual).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Four presses, two shifts of 7.5 hours, 90 %: 54 hours a day; from day 21 on three shifts: 81.
    fn press() -> ShopHours {
        let plan = |from, shifts| ShiftPlan {
            from,
            shifts,
            shift_milli_hours: 7_500,
        };
        ShopHours {
            stations: 4,
            efficiency: Share(900_000),
            shifts: vec![plan(0, 2), plan(21, 3)],
            maintenance: vec![Maintenance {
                from: 8,
                until: 10,
                stations: 1,
            }],
        }
    }

    #[test]
    fn hours_are_stations_shifts_and_efficiency_less_maintenance() {
        let hours = press();
        assert_eq!(
            [0, 8, 9, 10, 21].map(|day| hours.on(day)),
            [54_000, 40_500, 40_500, 54_000, 81_000]
        );
        assert_eq!(hours.on(-1), 0);
        let shop = hours.daily("PRESS", Some(0), 0, 22);
        assert_eq!(shop.capacity, Capacity::Day(54_000));
        assert_eq!(
            shop.exceptions,
            [(8, 40_500), (9, 40_500), (21, 81_000), (22, 81_000)]
        );
    }

    #[test]
    fn weeks_add_up_their_working_days() {
        let calendar = Calendar {
            week: [true, true, true, true, true, false, false],
            exceptions: BTreeMap::from([(17, false)]),
        };
        let shop = press().weekly("PRESS", Some(&calendar), 0, 27);
        // 5 x 54; two of them with three presses; one day off; 5 x 81.
        assert_eq!(shop.capacity, Capacity::Week(270_000));
        assert_eq!(shop.exceptions, [(1, 243_000), (2, 216_000), (3, 405_000)]);
    }
}
