//! The week of a centre: who comes, what is booked, and days for those without an appointment.
//!
//! It must not know the wire. Invariants: days are proposed for the whole city at once, so that two centres never propose a day for one vehicle;
//! no day gets more than it has free; how days are given is the plan of `takt_planning::handover_days`.

use std::collections::BTreeMap;

use takt_kernel::Date;
use takt_planning::handover_days::{Free, Given, Wanting, handover_days};

use super::Book;

/// A vehicle of the city that is on its way or waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Coming {
    /// The order, by its place in intake.
    pub(crate) order_no: i64,
    /// The order.
    pub(crate) order_id: String,
    /// The vehicle.
    pub(crate) vin: String,
    /// The day of arrival, or the day on which it is expected.
    pub(crate) ready_on: Date,
    /// Whether it has arrived.
    pub(crate) arrived: bool,
    /// The day that was promised last.
    pub(crate) promised_on: Option<Date>,
    /// The day of the appointment that stands.
    pub(crate) appointed_on: Option<Date>,
}

/// A day of the week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Day {
    /// The day.
    pub(crate) on: Date,
    /// What the centre can do.
    pub(crate) capacity: i64,
    /// What is booked.
    pub(crate) booked: i64,
    /// The vehicles of the city that come.
    pub(crate) arriving: i64,
    /// The handovers proposed for the centre.
    pub(crate) proposed: i64,
    /// The vehicles of the city that are there in the evening.
    pub(crate) backlog: i64,
}

/// The week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Week {
    /// From Monday to Sunday.
    pub(crate) days: Vec<Day>,
    /// The vehicles that wait.
    pub(crate) waiting: i64,
    /// Those without an appointment.
    pub(crate) without: i64,
    /// The days proposed for the centre, with the place of the vehicle in the list.
    pub(crate) proposals: Vec<(Given, usize)>,
    /// The vehicles without a place in the week.
    pub(crate) unplaced: i64,
    /// The vehicles that are late.
    pub(crate) late: i64,
}

/// Plans the week of a centre from a day on. `book` holds all centres of the city.
pub(crate) fn week(
    book: &Book,
    centre_no: i64,
    monday: Date,
    as_of: Date,
    first_handover: Date,
    coming: &[Coming],
) -> Week {
    let sunday = monday.plus(6);
    let begin = as_of.max(monday);
    let there_on = |one: &Coming| match one.arrived {
        true => one.ready_on,
        false => one.ready_on.max(as_of),
    };
    let wants = |one: &&Coming| one.appointed_on.is_none() && there_on(one) <= sunday;
    let wanting: Vec<Wanting> = (coming.iter().filter(wants))
        .map(|one| Wanting {
            key: one.order_no,
            ready_on: there_on(one).max(begin).max(first_handover),
            promised_on: one.promised_on,
        })
        .collect();
    let mut free = Vec::new();
    for centre in book.centres() {
        let days = (0..7).map(|days| monday.plus(days));
        free.extend(days.filter(|on| *on >= begin).map(|on| Free {
            on,
            place: centre.number,
            count: book.free(centre.number, on),
        }));
    }
    let planned = handover_days(&wanting, &free, sunday);
    let given: BTreeMap<i64, Date> = (planned.given.iter())
        .map(|one| (one.key, one.on))
        .collect();
    // An appointment that has passed, or that lies before the vehicle comes, takes nobody away.
    let leaves_on = |one: &Coming| match one.appointed_on {
        Some(on) => (on >= as_of && on >= there_on(one)).then_some(on),
        None => given.get(&one.order_no).copied(),
    };
    let count = |holds: &dyn Fn(&Coming) -> bool| {
        i64::try_from(coming.iter().filter(|one| holds(one)).count()).unwrap_or(i64::MAX)
    };
    let days = (0..7).map(|at| {
        let on = monday.plus(at);
        let proposed = (planned.given.iter())
            .filter(|one| one.place == centre_no && one.on == on)
            .count();
        let capacity = book
            .centre(centre_no)
            .and_then(|centre| centre.capacity(on));
        Day {
            on,
            capacity: capacity.unwrap_or(0),
            booked: book.booked(centre_no, on),
            arriving: count(&|one| !one.arrived && there_on(one) == on),
            proposed: i64::try_from(proposed).unwrap_or(i64::MAX),
            backlog: count(&|one| {
                there_on(one) <= on && leaves_on(one).is_none_or(|leaves| leaves > on)
            }),
        }
    });
    let places: BTreeMap<i64, usize> = (coming.iter().enumerate())
        .map(|(at, one)| (one.order_no, at))
        .collect();
    let here = planned.given.iter().filter(|one| one.place == centre_no);
    Week {
        days: days.collect(),
        waiting: count(&|one| one.arrived),
        without: count(&|one| one.arrived && one.appointed_on.is_none()),
        proposals: here
            .filter_map(|one| Some((*one, *places.get(&one.key)?)))
            .collect(),
        unplaced: i64::try_from(planned.unplaced.len()).unwrap_or(i64::MAX),
        late: planned.late,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        centre::{Centre, tests::new_centre},
        programme::sample::date,
    };

    fn coming(order_no: i64, ready: &str, promised: &str, appointed: Option<&str>) -> Coming {
        Coming {
            order_no,
            order_id: format!("SO-{order_no}"),
            vin: format!("V{order_no}"),
            ready_on: date(ready),
            arrived: ready <= "2024-04-08",
            promised_on: Some(date(promised)),
            appointed_on: appointed.map(date),
        }
    }

    /// The week of 8 April, seen on Tuesday the 9th. The centre does two a day and one on Saturday, a second one opens on Friday.
    #[test]
    fn a_week_is_planned_for_the_city_and_told_for_the_centre() {
        let first = Centre::opened(1, &new_centre("XIAN-1", "2024-04-01"));
        let second = Centre::opened(2, &new_centre("XIAN-2", "2024-04-12"));
        let mut book = Book::new(vec![first, second], BTreeMap::new());
        book.take(1, date("2024-04-09")).unwrap();
        let vehicles = [
            coming(1, "2024-04-08", "2024-04-10", Some("2024-04-09")),
            coming(2, "2024-04-08", "2024-04-09", None),
            coming(3, "2024-04-05", "2024-04-08", None),
            coming(4, "2024-04-10", "2024-04-20", None),
            coming(5, "2024-04-14", "2024-04-13", None),
            coming(6, "2024-04-20", "2024-04-10", None),
        ];
        let (monday, tuesday) = (date("2024-04-08"), date("2024-04-09"));
        let week = week(&book, 1, monday, tuesday, date("2024-04-03"), &vehicles);
        let told: Vec<_> = (week.days.iter())
            .map(|day| {
                (
                    day.capacity,
                    day.booked,
                    day.arriving,
                    day.proposed,
                    day.backlog,
                )
            })
            .collect();
        // 2 takes the place that is left on Tuesday, 4 comes and goes on Wednesday with 3, who is late already; 5 comes on Sunday, when
        // nobody hands over; 6 comes in the week after.
        let expected = [
            (2, 0, 0, 0, 3),
            (2, 1, 0, 1, 1),
            (2, 0, 1, 2, 0),
            (2, 0, 0, 0, 0),
            (2, 0, 0, 0, 0),
            (1, 0, 0, 0, 0),
            (0, 0, 1, 0, 1),
        ];
        assert_eq!(told, expected);
        assert_eq!((week.waiting, week.without, week.unplaced), (3, 2, 1));
        assert_eq!(week.late, 2);
        let proposed: Vec<_> = (week.proposals.iter())
            .map(|(given, at)| (vehicles[*at].order_no, given.on.to_string(), given.late))
            .collect();
        let day = |text: &str| text.to_owned();
        assert_eq!(
            proposed,
            [
                (2, day("2024-04-09"), false),
                (3, day("2024-04-10"), true),
                (4, day("2024-04-10"), false)
            ]
        );
    }
}
