//! The open orders of each variant in the order in which they are built: those with priority first, then by number.
//!
//! It must not know the database, the plan or the clock. Invariants: an order stands in the queue once and only
//! while it is open; what an order is told on its arrival depends on the orders before it alone, so it does not
//! matter how intake was cut into chunks.

use std::collections::{BTreeMap, BTreeSet};

use takt_kernel::Date;

use super::{LastPromise, NewDate};

/// An open order, as much of it as a promise depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The order's number.
    pub order_no: i64,
    /// The lane that its vehicle will take.
    pub lane_no: i64,
    /// The day on which it was locked.
    pub locked_on: Date,
    /// What it was promised last.
    pub last: Option<LastPromise>,
}

/// A place with its rank in the queue of its variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ranked {
    /// The variant, by its place in the programme.
    pub variant_no: i64,
    /// The rank among the open orders of the variant, from 1.
    pub rank: i64,
    /// The order.
    pub place: Place,
}

#[derive(Debug, Clone, Default)]
struct Line {
    priority: Vec<Place>,
    normal: Vec<Place>,
}

impl Line {
    /// An order with its rank; `ahead` says how many of those with priority stand before one without.
    fn ranked(
        &self,
        variant_no: i64,
        order_no: i64,
        ahead: impl FnOnce(&[Place]) -> usize,
    ) -> Option<Ranked> {
        let at = |places: &[Place]| {
            let found = places.binary_search_by_key(&order_no, |place| place.order_no);
            found.ok()
        };
        let (place, before) = match at(&self.priority) {
            Some(at) => (self.priority.get(at)?, at),
            None => {
                let at = at(&self.normal)?;
                (self.normal.get(at)?, ahead(&self.priority) + at)
            }
        };
        Some(Ranked {
            variant_no,
            rank: rank_after(before),
            place: *place,
        })
    }
}

/// All open orders.
#[derive(Debug, Clone, Default)]
pub struct Queue {
    lines: BTreeMap<i64, Line>,
    unpromised: BTreeSet<i64>,
}

impl Queue {
    /// Puts an order at its place; orders come by rising numbers, so that is mostly the end.
    pub fn push(&mut self, variant_no: i64, priority: bool, place: Place) {
        let line = self.lines.entry(variant_no).or_default();
        let places = if priority {
            &mut line.priority
        } else {
            &mut line.normal
        };
        let at = places.partition_point(|other| other.order_no < place.order_no);
        if places
            .get(at)
            .is_some_and(|other| other.order_no == place.order_no)
        {
            return;
        }
        places.insert(at, place);
        if place.last.is_none() {
            self.unpromised.insert(place.order_no);
        }
    }

    /// Takes orders out that are open no more.
    pub fn close(&mut self, orders: &BTreeSet<i64>) {
        if orders.is_empty() {
            return;
        }
        for line in self.lines.values_mut() {
            line.priority
                .retain(|place| !orders.contains(&place.order_no));
            line.normal
                .retain(|place| !orders.contains(&place.order_no));
        }
        self.unpromised.retain(|order| !orders.contains(order));
    }

    /// Puts an order at its place in another variant, or on another lane; what it was promised stays.
    pub fn moved(&mut self, variant_no: i64, priority: bool, place: Place) {
        let order_no = place.order_no;
        let mut last = place.last;
        for line in self.lines.values_mut() {
            for places in [&mut line.priority, &mut line.normal] {
                if let Ok(at) = places.binary_search_by_key(&order_no, |place| place.order_no) {
                    last = places.remove(at).last;
                }
            }
        }
        self.unpromised.remove(&order_no);
        self.push(variant_no, priority, Place { last, ..place });
    }

    /// The orders of a variant that are built before an order of this number, whether or not it stands there.
    pub fn ahead(&self, variant_no: i64, priority: bool, order_no: i64) -> i64 {
        let Some(line) = self.lines.get(&variant_no) else {
            return 0;
        };
        let earlier = |places: &[Place]| places.partition_point(|place| place.order_no < order_no);
        rank_after(match priority {
            true => earlier(&line.priority),
            false => line.priority.len() + earlier(&line.normal),
        }) - 1
    }

    /// Notes what an order was promised.
    pub fn promised(&mut self, order_no: i64, last: LastPromise) {
        for line in self.lines.values_mut() {
            for places in [&mut line.priority, &mut line.normal] {
                if let Ok(at) = places.binary_search_by_key(&order_no, |place| place.order_no)
                    && let Some(place) = places.get_mut(at)
                {
                    place.last = Some(last);
                    self.unpromised.remove(&order_no);
                    return;
                }
            }
        }
    }

    /// Whether any order of a range of numbers was promised nothing yet.
    pub fn has_unpromised(&self, from: i64, to: i64) -> bool {
        from <= to && self.unpromised.range(from..=to).next().is_some()
    }

    /// An open order with the rank that it had on its arrival: orders after it do not count, whatever their priority.
    pub fn on_arrival(&self, order_no: i64) -> Option<Ranked> {
        let earlier = |places: &[Place]| places.partition_point(|place| place.order_no < order_no);
        let mut lines = self.lines.iter();
        lines.find_map(|(variant_no, line)| line.ranked(*variant_no, order_no, earlier))
    }

    /// An open order of a variant with its rank now.
    pub fn standing(&self, variant_no: i64, order_no: i64) -> Option<Ranked> {
        let line = self.lines.get(&variant_no)?;
        line.ranked(variant_no, order_no, <[Place]>::len)
    }

    /// The orders that were promised nothing yet and were locked on a day, with their rank on arrival.
    pub fn arrivals(&self, locked_on: Date) -> impl Iterator<Item = Ranked> {
        let unpromised = self
            .unpromised
            .iter()
            .filter_map(|order_no| self.on_arrival(*order_no));
        unpromised.filter(move |ranked| ranked.place.locked_on == locked_on)
    }

    /// Every order with its rank now.
    pub fn ranked(&self) -> impl Iterator<Item = Ranked> {
        self.lines.iter().flat_map(|(variant_no, line)| {
            let places = line.priority.iter().chain(&line.normal).enumerate();
            places.map(|(before, place)| Ranked {
                variant_no: *variant_no,
                rank: rank_after(before),
                place: *place,
            })
        })
    }

    /// The new dates among `ranked`, by order number: `date` says what follows for one.
    pub fn dated(
        ranked: impl Iterator<Item = Ranked>,
        date: impl Fn(&Ranked) -> Option<NewDate>,
    ) -> Vec<(i64, NewDate)> {
        let mut dated: Vec<(i64, NewDate)> = ranked
            .filter_map(|ranked| Some((ranked.place.order_no, date(&ranked)?)))
            .collect();
        dated.sort_unstable_by_key(|(order_no, _)| *order_no);
        dated
    }
}

fn rank_after(before: usize) -> i64 {
    i64::try_from(before).unwrap_or(i64::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{programme::sample::date, promise::PromiseKind};

    fn place(order_no: i64) -> Place {
        Place {
            order_no,
            lane_no: 80,
            locked_on: date("2024-03-28"),
            last: None,
        }
    }

    fn last() -> LastPromise {
        LastPromise {
            number: 1,
            kind: PromiseKind::Planned,
            deliver_on: date("2024-05-01"),
            made_on: date("2024-03-28"),
        }
    }

    fn queue() -> Queue {
        let mut queue = Queue::default();
        for (order_no, variant, priority) in [
            (1, 1, false),
            (2, 1, true),
            (3, 2, false),
            (4, 1, false),
            (5, 1, true),
        ] {
            queue.push(variant, priority, place(order_no));
        }
        queue
    }

    #[test]
    fn founders_are_built_first_then_the_oldest() {
        let order: Vec<(i64, i64)> = queue()
            .ranked()
            .map(|ranked| (ranked.place.order_no, ranked.rank))
            .collect();
        assert_eq!(order, [(2, 1), (5, 2), (1, 3), (4, 4), (3, 1)]);
        let queue = queue();
        assert!(queue.ranked().all(
            |ranked| queue.standing(ranked.variant_no, ranked.place.order_no) == Some(ranked)
        ));
        assert_eq!(queue.standing(2, 1), None);
        assert_eq!(queue.standing(3, 1), None);
    }

    #[test]
    fn an_arrival_counts_only_those_before_it() {
        let queue = queue();
        let ranks: Vec<i64> = (1..=5)
            .filter_map(|order| Some(queue.on_arrival(order)?.rank))
            .collect();
        assert_eq!(ranks, [1, 1, 1, 3, 2]);
        assert_eq!(queue.arrivals(date("2024-03-28")).count(), 5);
        assert_eq!(queue.arrivals(date("2024-03-29")).count(), 0);
        assert_eq!(queue.on_arrival(6), None);
    }

    #[test]
    fn an_order_that_moves_stands_where_its_number_says_and_keeps_its_promise() {
        let mut queue = queue();
        queue.promised(3, last());
        assert_eq!(
            [
                queue.ahead(1, false, 3),
                queue.ahead(1, true, 3),
                queue.ahead(9, true, 3)
            ],
            [3, 1, 0]
        );
        queue.moved(1, false, place(3));
        queue.moved(2, true, place(5));
        let order: Vec<(i64, i64, i64)> = queue
            .ranked()
            .map(|ranked| (ranked.variant_no, ranked.place.order_no, ranked.rank))
            .collect();
        assert_eq!(
            order,
            [(1, 2, 1), (1, 1, 2), (1, 3, 3), (1, 4, 4), (2, 5, 1)]
        );
        assert_eq!(
            queue.standing(1, 3).and_then(|ranked| ranked.place.last),
            Some(last())
        );
        assert!(!queue.has_unpromised(3, 3) && queue.has_unpromised(5, 5));
        // Where it stands already, those before it are the same.
        assert_eq!(queue.ahead(1, false, 3), 2);
    }

    #[test]
    fn closed_orders_leave_and_promised_ones_do_not_arrive_again() {
        let mut queue = queue();
        queue.promised(4, last());
        queue.close(&BTreeSet::from([2, 3]));
        let order: Vec<(i64, i64)> = queue
            .ranked()
            .map(|ranked| (ranked.place.order_no, ranked.rank))
            .collect();
        assert_eq!(order, [(5, 1), (1, 2), (4, 3)]);
        assert_eq!(queue.ranked().count(), 3);
        assert!(
            queue.has_unpromised(1, 1)
                && !queue.has_unpromised(2, 4)
                && !queue.has_unpromised(6, 1)
        );
        queue.push(1, false, place(4));
        assert_eq!(queue.ranked().count(), 3);
        let dated = Queue::dated(queue.ranked(), |ranked| {
            let deliver_on = date("2024-05-01").plus(i32::try_from(ranked.rank).unwrap());
            let number = ranked.place.last.map_or(1, |last| last.number + 1);
            Some(NewDate {
                number,
                kind: PromiseKind::Planned,
                build_on: deliver_on,
                deliver_on,
                after: None,
            })
        });
        let told: Vec<(i64, i64)> = dated
            .iter()
            .map(|(order, new)| (*order, new.number))
            .collect();
        assert_eq!(told, [(1, 1), (4, 2), (5, 1)]);
    }
}
