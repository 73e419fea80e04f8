//! A delivery centre: how many vehicles it hands over on a day.
//!
//! It must not know the database or the wire. Invariants: CE-1 a centre stands in a city to which a lane leads and knows its days from
//! its first day on; CE-2 no day has more handovers booked than it can do; what was booked holds: days are changed from a day on, and only
//! where what is booked still fits.

pub(crate) mod plan;
pub(crate) mod rpc;
pub(crate) mod store;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use takt_kernel::{Date, stable_hash};
use takt_service::error::Refusal;

/// So many days ahead a free day is looked for: eight weeks.
pub(crate) const AHEAD: i32 = 56;

/// The handovers of the days of the week, from a day on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hours {
    /// The first day.
    pub(crate) from: Date,
    /// From Monday to Sunday.
    pub(crate) week: [i64; 7],
}

/// A delivery centre.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Centre {
    /// Its place in the order of opening, from 1.
    pub(crate) number: i64,
    /// Its id, given by the caller.
    pub(crate) id: String,
    /// What people call it.
    pub(crate) name: String,
    /// Its city.
    pub(crate) city: String,
    /// Whether a vehicle has to pass an inspection here.
    pub(crate) inspection: bool,
    /// How often it was set.
    pub(crate) version: i64,
    /// Its days, oldest first.
    pub(crate) hours: Vec<Hours>,
    /// The days without handovers.
    pub(crate) closed: BTreeSet<Date>,
}

/// What a caller wants a centre to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewCentre {
    /// Its id.
    pub(crate) id: String,
    /// What people call it.
    pub(crate) name: String,
    /// Its city.
    pub(crate) city: String,
    /// Whether a vehicle has to pass an inspection here.
    pub(crate) inspection: bool,
    /// Its days.
    pub(crate) hours: Hours,
    /// The days without handovers from the first day on.
    pub(crate) closed: BTreeSet<Date>,
}

impl Centre {
    /// A new centre.
    pub(crate) fn opened(number: i64, new: &NewCentre) -> Self {
        Self {
            number,
            id: new.id.clone(),
            name: new.name.clone(),
            city: new.city.clone(),
            inspection: new.inspection,
            version: 1,
            hours: vec![new.hours],
            closed: new.closed.clone(),
        }
    }

    /// Gives it its name, days and rules anew; earlier days keep what they had.
    pub(crate) fn set(&mut self, new: &NewCentre) -> Result<(), CentreRefusal> {
        if new.city != self.city {
            return Err(CentreRefusal::OtherCity {
                id: self.id.clone(),
                city: self.city.clone(),
            });
        }
        let from = new.hours.from;
        if let Some(last) = self.hours.last().filter(|last| from < last.from) {
            return Err(CentreRefusal::Backwards {
                id: self.id.clone(),
                from,
                last: last.from,
            });
        }
        self.hours.retain(|hours| hours.from < from);
        self.hours.push(new.hours);
        self.closed.retain(|day| *day < from);
        self.closed.extend(&new.closed);
        self.name.clone_from(&new.name);
        self.inspection = new.inspection;
        self.version += 1;
        Ok(())
    }

    /// The handovers that it can do on a day; None before its first day.
    pub(crate) fn capacity(&self, on: Date) -> Option<i64> {
        let hours = self.hours.iter().rev().find(|hours| hours.from <= on)?;
        if self.closed.contains(&on) {
            return Some(0);
        }
        hours.week.get(on.weekday() as usize).copied()
    }

    /// The entity tag.
    pub(crate) fn etag(&self) -> String {
        let seen = format!("{}|{}", self.id, self.version);
        format!("{:016x}", stable_hash(seen.as_bytes()))
    }
}

/// Centres with what is booked on their days.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Book {
    centres: BTreeMap<i64, Centre>,
    booked: BTreeMap<(i64, Date), i64>,
    changed: BTreeSet<(i64, Date)>,
}

impl Book {
    /// Centres with what is booked.
    pub(crate) fn new(centres: Vec<Centre>, booked: BTreeMap<(i64, Date), i64>) -> Self {
        Self {
            centres: centres.into_iter().map(|one| (one.number, one)).collect(),
            booked,
            changed: BTreeSet::new(),
        }
    }

    /// The centres in the order of opening.
    pub(crate) fn centres(&self) -> impl Iterator<Item = &Centre> {
        self.centres.values()
    }

    /// A centre by its number.
    pub(crate) fn centre(&self, number: i64) -> Option<&Centre> {
        self.centres.get(&number)
    }

    /// What is booked on a day.
    pub(crate) fn booked(&self, number: i64, on: Date) -> i64 {
        self.booked.get(&(number, on)).copied().unwrap_or(0)
    }

    /// What can be booked on a day still.
    pub(crate) fn free(&self, number: i64, on: Date) -> i64 {
        let capacity = self
            .centre(number)
            .and_then(|centre| centre.capacity(on))
            .unwrap_or(0);
        (capacity - self.booked(number, on)).max(0)
    }

    /// The first day from a day on with a free place.
    pub(crate) fn next_free(&self, number: i64, from: Date) -> Option<Date> {
        (0..AHEAD)
            .map(|days| from.plus(days))
            .find(|on| self.free(number, *on) > 0)
    }

    /// Takes a place of a day.
    pub(crate) fn take(&mut self, number: i64, on: Date) -> Result<(), CentreRefusal> {
        if self.free(number, on) == 0 {
            let centre = self.centre(number);
            return Err(CentreRefusal::Full {
                id: centre.map(|centre| centre.id.clone()).unwrap_or_default(),
                on,
                capacity: centre.and_then(|centre| centre.capacity(on)).unwrap_or(0),
                next: self.next_free(number, on.plus(1)),
            });
        }
        *self.booked.entry((number, on)).or_default() += 1;
        self.changed.insert((number, on));
        Ok(())
    }

    /// Gives a place of a day back.
    pub(crate) fn give_back(&mut self, number: i64, on: Date) {
        if let Some(booked) = self.booked.get_mut(&(number, on)) {
            *booked = (*booked - 1).max(0);
            self.changed.insert((number, on));
        }
    }

    /// Puts a centre with new days in the place of the old one; refused where a booked day would have less than is booked.
    pub(crate) fn replace(&mut self, centre: Centre, from: Date) -> Result<(), CentreRefusal> {
        let number = centre.number;
        let days = self
            .booked
            .range((number, from)..(number + 1, Date::from_epoch_day(i32::MIN)));
        for ((_, on), booked) in days {
            let capacity = centre.capacity(*on).unwrap_or(0);
            if capacity < *booked {
                return Err(CentreRefusal::BookedBeyond {
                    id: centre.id.clone(),
                    on: *on,
                    booked: *booked,
                    capacity,
                });
            }
            self.changed.insert((number, *on));
        }
        self.centres.insert(number, centre);
        Ok(())
    }

    /// The days that changed: centre, day, capacity and what is booked.
    pub(crate) fn changes(&self) -> impl Iterator<Item = (i64, Date, i64, i64)> {
        self.changed.iter().map(|(number, on)| {
            let centre = self.centre(*number);
            let capacity = centre.and_then(|centre| centre.capacity(*on)).unwrap_or(0);
            (*number, *on, capacity, self.booked(*number, *on))
        })
    }
}

/// Why a centre is not changed, or does not take a handover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CentreRefusal {
    /// A centre does not move.
    OtherCity {
        /// The centre.
        id: String,
        /// Its city.
        city: String,
    },
    /// Its days hold from a later day on.
    Backwards {
        /// The centre.
        id: String,
        /// The day given.
        from: Date,
        /// The day from which they hold.
        last: Date,
    },
    /// More is booked on a day than it would do.
    BookedBeyond {
        /// The centre.
        id: String,
        /// The day.
        on: Date,
        /// What is booked.
        booked: i64,
        /// What it would do.
        capacity: i64,
    },
    /// The day has no place.
    Full {
        /// The centre.
        id: String,
        /// The day.
        on: Date,
        /// What it can do on the day.
        capacity: i64,
        /// The next day with a place.
        next: Option<Date>,
    },
}

impl fmt::Display for CentreRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherCity { id, city } => write!(
                out,
                "centre {id} stands in {city} and cannot move; open another centre"
            ),
            Self::Backwards { id, from, last } => write!(
                out,
                "the days of centre {id} hold from {last} on, and {from} lies before; give that day or a later one"
            ),
            Self::BookedBeyond {
                id,
                on,
                booked,
                capacity,
            } => write!(
                out,
                "centre {id} has {booked} handovers booked on {on} and would do {capacity}; reschedule the others first, or begin later"
            ),
            Self::Full {
                id,
                on,
                capacity: 0,
                next,
            } => {
                write!(out, "centre {id} hands nothing over on {on}; ")?;
                way_out(out, *next)
            }
            Self::Full {
                id,
                on,
                capacity,
                next,
            } => {
                write!(
                    out,
                    "all {capacity} handovers of centre {id} on {on} are taken; "
                )?;
                way_out(out, *next)
            }
        }
    }
}

fn way_out(out: &mut fmt::Formatter<'_>, next: Option<Date>) -> fmt::Result {
    match next {
        Some(next) => write!(out, "{next} is the next day with a place"),
        None => write!(
            out,
            "no day of the next {} weeks has a place: give the centre more handovers",
            AHEAD / 7
        ),
    }
}

impl Refusal for CentreRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::OtherCity { .. } => "CENTRE_CANNOT_MOVE",
            Self::Backwards { .. } => "CENTRE_DAYS_BACKWARDS",
            Self::BookedBeyond { .. } => "CENTRE_BOOKED_BEYOND",
            Self::Full { capacity: 0, .. } => "CENTRE_CLOSED",
            Self::Full { .. } => "CENTRE_FULL",
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::programme::sample::date;

    /// A centre that does two handovers from Monday to Friday, one on Saturday, and is closed on 1 May.
    pub(crate) fn new_centre(id: &str, from: &str) -> NewCentre {
        NewCentre {
            id: id.into(),
            name: id.into(),
            city: "Xi'an".into(),
            inspection: false,
            hours: Hours {
                from: date(from),
                week: [2, 2, 2, 2, 2, 1, 0],
            },
            closed: [date("2024-05-01")].into(),
        }
    }

    #[test]
    fn a_day_does_what_its_weekday_says_unless_it_is_closed() {
        let mut centre = Centre::opened(1, &new_centre("XIAN-1", "2024-04-01"));
        let at = |centre: &Centre, day| centre.capacity(date(day));
        assert_eq!(at(&centre, "2024-03-31"), None);
        assert_eq!(at(&centre, "2024-04-01"), Some(2));
        assert_eq!(at(&centre, "2024-04-06"), Some(1));
        assert_eq!(at(&centre, "2024-04-07"), Some(0));
        assert_eq!(at(&centre, "2024-05-01"), Some(0));
        let tag = centre.etag();
        let mut more = new_centre("XIAN-1", "2024-04-29");
        (more.hours.week, more.closed) = ([5; 7], BTreeSet::new());
        centre.set(&more).unwrap();
        assert_eq!(at(&centre, "2024-04-28"), Some(0));
        assert_eq!(at(&centre, "2024-05-01"), Some(5));
        assert_ne!(centre.etag(), tag);
        let back = centre.set(&new_centre("XIAN-1", "2024-04-28")).unwrap_err();
        assert_eq!(back.reason(), "CENTRE_DAYS_BACKWARDS");
        more.city = "Shanghai".into();
        assert_eq!(
            centre.set(&more).unwrap_err().reason(),
            "CENTRE_CANNOT_MOVE"
        );
    }

    #[test]
    fn a_day_gives_no_more_than_it_has_and_keeps_what_is_booked() {
        let centre = Centre::opened(1, &new_centre("XIAN-1", "2024-04-01"));
        let mut book = Book::new(vec![centre.clone()], BTreeMap::new());
        let saturday = date("2024-04-06");
        book.take(1, saturday).unwrap();
        let full = book.take(1, saturday).unwrap_err();
        assert_eq!(full.reason(), "CENTRE_FULL");
        assert_eq!(
            full.to_string(),
            "all 1 handovers of centre XIAN-1 on 2024-04-06 are taken; 2024-04-08 is the next day with a place"
        );
        assert_eq!(
            book.take(1, saturday.plus(1)).unwrap_err().reason(),
            "CENTRE_CLOSED"
        );
        assert_eq!(book.changes().collect::<Vec<_>>(), [(1, saturday, 1, 1)]);
        let mut less = centre;
        let mut new = new_centre("XIAN-1", "2024-04-05");
        new.hours.week = [2, 2, 2, 2, 2, 0, 0];
        less.set(&new).unwrap();
        let beyond = book.replace(less.clone(), new.hours.from).unwrap_err();
        assert_eq!(beyond.reason(), "CENTRE_BOOKED_BEYOND");
        assert!(
            beyond
                .to_string()
                .contains("1 handovers booked on 2024-04-06")
        );
        book.give_back(1, saturday);
        book.replace(less, new.hours.from).unwrap();
        assert_eq!(book.changes().collect::<Vec<_>>(), [(1, saturday, 0, 0)]);
    }
}
