//! The room of shops by bucket, and what orders take of it. It must not know why an order is placed. Units: 10^-9 hours,
//! which is thousandths of a unit x millionths of an hour. Invariant: what an order took is given back in full.
use super::super::problem::{Capacity, Day, Problem};
use super::Order;
use super::obtain::Place;
use super::state::{State, Step};

/// The room of a shop by bucket.
#[derive(Debug, Clone)]
pub(super) struct Room {
    weekly: bool,
    first: i32,
    pub(super) left: Vec<i64>,
    /// The room before anything is booked.
    pub(super) whole: Vec<i64>,
}

impl Room {
    pub(super) fn new(problem: &Problem, shop: usize, end: Day) -> Self {
        let shop = &problem.shops[shop];
        let (weekly, usual) = match shop.capacity {
            Capacity::Week(hours) => (true, hours),
            Capacity::Day(hours) => (false, hours),
        };
        let bucket = |day: Day| if weekly { day.div_euclid(7) } else { day };
        let first = bucket(problem.today);
        let count = (bucket(end) - first + 1).max(0) as usize;
        let mut left = vec![usual.saturating_mul(1_000_000); count];
        if let (false, Some(calendar)) = (weekly, shop.calendar) {
            for (at, left) in left.iter_mut().enumerate() {
                if !problem.calendars[calendar].works(first + at as i32) {
                    *left = 0;
                }
            }
        }
        for (bucket, hours) in &shop.exceptions {
            if let Some(left) = usize::try_from(bucket - first)
                .ok()
                .and_then(|at| left.get_mut(at))
            {
                *left = hours.saturating_mul(1_000_000);
            }
        }
        Self {
            weekly,
            first,
            whole: left.clone(),
            left,
        }
    }

    /// The bucket of a day; None before today or after the end.
    pub(super) fn at(&self, day: Day) -> Option<usize> {
        let bucket = if self.weekly { day.div_euclid(7) } else { day };
        let at = usize::try_from(bucket - self.first).ok()?;
        (at < self.left.len()).then_some(at)
    }

    /// The last day of a bucket.
    pub(super) fn last_day(&self, at: usize) -> Day {
        self.first_day(at) + if self.weekly { 6 } else { 0 }
    }

    /// The first day of a bucket.
    pub(super) fn first_day(&self, at: usize) -> Day {
        let bucket = self.first + at as i32;
        if self.weekly { bucket * 7 } else { bucket }
    }
}

impl State<'_> {
    /// What a changeover to an item costs in a bucket: nothing where an order of it stands there already.
    pub(super) fn changeover(&self, item: usize, line: u16, at: usize) -> i64 {
        let micro_hours = self.problem.items[item].changeover_micro_hours;
        let key = (item as u32, line, at as u32);
        if micro_hours == 0 || self.set_up.get(&key).is_some_and(|orders| *orders > 0) {
            return 0;
        }
        micro_hours.saturating_mul(1000)
    }

    /// The work of an order in a place, with the changeover if there is one.
    fn work(&self, item: usize, good: i64, place: Place, at: usize) -> i64 {
        let release = self.network.rules[item].release(good).unwrap_or(i64::MAX);
        let work = release.saturating_mul(place.micro_hours);
        work.saturating_add(self.changeover(item, place.line, at))
    }

    /// True where an order that stands nowhere can stand on a day.
    pub(super) fn has_room(&self, item: usize, good: i64, day: Day, place: Option<Place>) -> bool {
        let Some((place, shop)) = place.and_then(|place| Some((place, place.shop?))) else {
            return true;
        };
        let room = &self.rooms[shop];
        let at = room.at(day);
        at.is_some_and(|at| self.work(item, good, place, at) <= room.left[at].max(0))
    }

    /// Takes the room of an order.
    pub(super) fn book(&mut self, item: usize, good: i64, day: Day, place: Option<Place>) {
        let Some((place, shop)) = place.and_then(|place| Some((place, place.shop?))) else {
            return;
        };
        if let Some(at) = self.rooms[shop].at(day) {
            let work = self.work(item, good, place, at);
            self.rooms[shop].left[at] -= work;
            self.count_order(item, place.line, at, 1);
            self.journal.push(Step::Loaded {
                item: item as u32,
                line: place.line,
                shop: shop as u32,
                at: at as u32,
                work,
            });
        }
    }

    /// Gives back the room of an order that is settled.
    pub(super) fn unbook(&mut self, item: usize, order: &Order) {
        let place = self.place(item, order.line);
        let Some((place, shop)) = place.and_then(|place| Some((place, place.shop?))) else {
            return;
        };
        if let Some(at) = self.rooms[shop].at(order.start) {
            self.count_order(item, order.line, at, -1);
            let work = self.work(item, order.quantity, place, at);
            self.rooms[shop].left[at] += work;
        }
    }

    /// Counts the orders of an item in a bucket, where it matters.
    pub(super) fn count_order(&mut self, item: usize, line: u16, at: usize, more: i32) {
        if self.problem.items[item].changeover_micro_hours > 0 {
            let count = self.set_up.entry((item as u32, line, at as u32));
            *count.or_default() += more;
        }
    }
}
