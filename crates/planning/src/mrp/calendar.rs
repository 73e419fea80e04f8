//! Working calendars and lead times that run on them. It must not know items. A lead time of n days from a start
//! needs n working days from the start on; the goods are there on the morning after. Invariant: on a calendar
//! where every day works, start = due - lead.
use super::problem::Day;
use std::collections::BTreeMap;

/// The working days of a shop or supplier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// The working days of a usual week, from the weekday of day 0 on.
    pub week: [bool; 7],
    /// Days that are otherwise than usual.
    pub exceptions: BTreeMap<Day, bool>,
}

impl Calendar {
    /// Every day works.
    pub const fn every_day() -> Self {
        Self {
            week: [true; 7],
            exceptions: BTreeMap::new(),
        }
    }

    /// Whether a day works.
    pub fn works(&self, day: Day) -> bool {
        let usual = || self.week[day.rem_euclid(7) as usize];
        self.exceptions.get(&day).copied().unwrap_or_else(usual)
    }
}

/// The working days of a span, counted. Outside of the span every day counts as working.
#[derive(Debug, Clone)]
pub(super) struct WorkDays {
    first: Day,
    /// How many working days lie in the span before each day of it; one more than the span has days.
    before: Vec<i32>,
    /// The working days in order.
    days: Vec<Day>,
}

impl WorkDays {
    pub(super) fn new(calendar: &Calendar, first: Day, last: Day) -> Self {
        let (mut before, mut days) = (Vec::new(), Vec::new());
        for day in first..=last {
            before.push(days.len() as i32);
            if calendar.works(day) {
                days.push(day);
            }
        }
        before.push(days.len() as i32);
        Self {
            first,
            before,
            days,
        }
    }

    fn index(&self, day: Day) -> i32 {
        let at = day - self.first;
        match usize::try_from(at) {
            Err(_) => at,
            Ok(at) => match self.before.get(at) {
                Some(count) => *count,
                None => self.days.len() as i32 + (at - (self.before.len() - 1)) as i32,
            },
        }
    }

    fn day(&self, index: i32) -> Day {
        match usize::try_from(index) {
            Err(_) => self.first + index,
            Ok(at) => match self.days.get(at) {
                Some(day) => *day,
                None => self.first + (self.before.len() - 1 + at - self.days.len()) as i32,
            },
        }
    }

    /// The latest working day from which `lead` working days are over before `due`.
    pub(super) fn back(&self, due: Day, lead: i32) -> Day {
        if lead == 0 {
            return due;
        }
        self.day(self.index(due) - lead)
    }

    /// The morning after `lead` working days from `start` on.
    pub(super) fn forward(&self, start: Day, lead: i32) -> Day {
        if lead == 0 {
            return start;
        }
        self.day(self.index(start) + lead - 1) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lead_times_skip_the_weekend() {
        let week = Calendar {
            week: [true, true, true, true, true, false, false],
            exceptions: BTreeMap::from([(2, false)]), // a Wednesday off
        };
        let days = WorkDays::new(&week, -14, 28);
        assert_eq!(days.back(7, 1), 4); // Monday morning: Friday
        assert_eq!(days.back(6, 1), 4); // Sunday: Friday as well
        assert_eq!(days.back(4, 3), 0); // Mon, Tue, (Wed off), Thu
        assert_eq!(days.forward(0, 3), 4);
        assert_eq!(days.forward(5, 1), 8); // Saturday: Monday's work, there on Tuesday
        assert_eq!(days.back(3, 0), 3);
        // Outside of the span every day counts.
        assert_eq!(days.back(-20, 5), -25);
        assert_eq!(days.forward(40, 5), 45);
    }

    #[test]
    fn every_day_is_plain_subtraction() {
        let days = WorkDays::new(&Calendar::every_day(), 0, 10);
        for due in -5..20 {
            assert_eq!(days.back(due, 4), due - 4);
            assert_eq!(days.forward(due - 4, 4), due);
        }
    }
}
