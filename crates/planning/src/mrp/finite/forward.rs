//! Finite planning day by day forwards (list scheduling): of what can start, the order that must start first starts
//! first, as far as room and components reach; what is not due to start yet gets what a bucket has left in the end. It must not
//! know where the needs come from. Invariants: no bucket is overdrawn; components are there when an order starts;
//! a child that runs short and that nobody was to make is asked for, so that planning ends.
use super::super::plan::Delivery;
use super::super::problem::Day;
use super::obtain::{Place, part};
use super::state::State;
use super::{Delivered, Schedule};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// When an order should start, and the due date that decides among equals.
type Key = (Day, Day);

/// What an item is needed for, in order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Need {
    pub(super) key: Key,
    /// This need and all before it, in thousandths.
    pub(super) end: i64,
}

/// Which orders count as due to start on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// Those whose day has come, or comes within so many days.
    Days(Day),
    /// Those whose day lies in the bucket.
    Bucket,
}

struct Forward<'a, 's> {
    state: &'s mut State<'a>,
    needs: Vec<Vec<Need>>,
    pace: Pace,
    /// How much of each item has been started.
    made: Vec<i64>,
    /// The first need of each item above that.
    at: Vec<usize>,
    /// Orders by the item that could start on the day.
    ready: BinaryHeap<Reverse<(Key, usize)>>,
}

impl State<'_> {
    /// Plans firm orders, then all needs and demands.
    pub(super) fn run_forward(
        &mut self,
        needs: Vec<Vec<Need>>,
        pace: Pace,
    ) -> (Schedule, Vec<Delivered>) {
        self.book_firm();
        let items = self.problem.items.len();
        let forward = Forward {
            state: self,
            needs,
            pace,
            made: vec![0; items],
            at: vec![0; items],
            ready: BinaryHeap::new(),
        };
        forward.run()
    }
}

impl Forward<'_, '_> {
    fn run(mut self) -> (Schedule, Vec<Delivered>) {
        let demands = &self.state.problem.demands;
        let mut queue: Vec<u32> = (0..demands.len() as u32).collect();
        queue.sort_unstable_by_key(|at| (demands[*at as usize].due, *at));
        let mut queue = queue.into_iter().peekable();
        let key = |at: u32| (demands[at as usize].priority, demands[at as usize].due, at);
        let mut open: Vec<(u32, i64)> = Vec::new();
        let mut deliveries = Vec::new();
        for day in self.state.problem.today..=self.state.end {
            while let Some(at) = queue.next_if(|at| demands[*at as usize].due <= day) {
                let to = open.partition_point(|(other, _)| key(*other) < key(at));
                open.insert(to, (at, demands[at as usize].quantity.milli()));
            }
            self.deliver(day, &mut open, &mut deliveries);
            if queue.peek().is_none() && open.is_empty() {
                break;
            }
            self.start(day);
            // What takes no time is there at once.
            self.deliver(day, &mut open, &mut deliveries);
        }
        let rest = queue.map(|at| (at, demands[at as usize].quantity.milli()));
        let unplanned = open.into_iter().chain(rest);
        let schedule = Schedule {
            unplanned: unplanned.filter(|(_, open)| *open > 0).collect(),
            ..Schedule::default()
        };
        (schedule, deliveries)
    }

    /// Gives what is there to the demands that are due, the first in the queue first.
    fn deliver(&mut self, day: Day, open: &mut Vec<(u32, i64)>, deliveries: &mut Vec<Delivered>) {
        let demands = &self.state.problem.demands;
        let mut gone: Vec<usize> = Vec::new();
        open.retain_mut(|(demand, open)| {
            let item = demands[*demand as usize].item;
            if *open == 0 || gone.contains(&item) {
                return *open > 0;
            }
            self.state.steps.0 = 0;
            let quantity = self.take(item, *open, day);
            self.state.settle();
            *open -= quantity;
            if quantity > 0 {
                let demand = *demand;
                deliveries.push((
                    item,
                    Delivery {
                        day,
                        quantity,
                        demand,
                    },
                ));
            }
            if *open > 0 {
                gone.push(item);
            }
            *open > 0
        });
    }

    /// Takes up to `quantity` of what is there on a day; a phantom is put together from what it is made of.
    fn take(&mut self, item: usize, quantity: i64, day: Day) -> i64 {
        let state = &mut *self.state;
        state.steps = (state.steps.0 + 1, state.steps.1 + 1);
        let rules = &self.state.network.rules[item];
        if !rules.make && day >= self.state.soonest[item] {
            return quantity;
        }
        let got = self.state.take(item, quantity, day);
        let tired = self.state.steps.0 > self.state.patience;
        if got == quantity || !rules.make || day < rules.blow_from || tired {
            return got;
        }
        let (mark, mut rest) = (self.state.mark(), quantity - got);
        while rest > 0 {
            match self.components(item, rest, day) {
                None => {
                    self.state.order(item, day, 0, rest);
                    break;
                }
                Some((supported, ..)) => {
                    self.state.undo(mark);
                    rest = supported.min(rest - 1);
                }
            }
        }
        got + rest.max(0)
    }

    /// Takes the components of an order; where one is short, the lot it supports, the child and what is missing.
    fn components(&mut self, item: usize, lot: i64, day: Day) -> Option<(i64, usize, i64)> {
        let network = self.state.network;
        let Some(release) = network.rules[item].release(lot) else {
            return Some((0, item, 0));
        };
        let all_bought = day >= self.state.open_from[item];
        let edges = match all_bought {
            true => self.state.made[item].len(),
            false => network.below(item).len(),
        };
        for at in 0..edges {
            let edge = match all_bought {
                true => self.state.made[item][at],
                false => network.below(item)[at],
            };
            let (child, need) = (edge.child as usize, edge.need(release, day));
            let Some(need) = need else {
                return Some((0, child, 0));
            };
            let got = self.take(child, need, day);
            if got < need {
                return Some((part(lot, got, need), child, need - got));
            }
        }
        None
    }

    /// Starts on a day whatever can start.
    fn start(&mut self, day: Day) {
        for at in 0..self.state.makes.len() {
            let item = self.state.makes[at] as usize;
            if let Some((key, _)) = self.next(item)
                && self.state.network.work_day(item, day) == day
            {
                self.ready.push(Reverse((key, item)));
            }
        }
        while let Some(Reverse((_, item))) = self.ready.pop() {
            if self.start_next(item, day)
                && let Some((key, _)) = self.next(item)
            {
                self.ready.push(Reverse((key, item)));
            }
        }
    }

    /// The next need of an item, and how much of it is open.
    fn next(&mut self, item: usize) -> Option<(Key, i64)> {
        let needs = &self.needs[item];
        while needs.get(self.at[item])?.end <= self.made[item] {
            self.at[item] += 1;
        }
        let need = needs.get(self.at[item])?;
        Some((need.key, need.end - self.made[item]))
    }

    /// Starts an order for the next need of an item; false where nothing more of it starts on this day.
    fn start_next(&mut self, item: usize, day: Day) -> bool {
        let network = self.state.network;
        let rules = &network.rules[item];
        let due = network.finish(item, day);
        let Some((key, open)) = self.next(item) else {
            return false;
        };
        if due < rules.fence_end || day >= rules.blow_from {
            return false;
        }
        for place in self.state.places(item) {
            let Some(lot) = self.fits(item, open, key, day, place) else {
                continue;
            };
            let lot = self.supported(item, lot, day);
            if lot > 0 {
                self.state.book(item, lot, day, Some(place));
                self.state.order(item, day, place.line, lot);
                self.state.free(item, due, lot);
                self.state.settle();
                self.made[item] += lot;
                return true;
            }
        }
        false
    }

    /// The lot that has room in a place on a day.
    fn fits(&self, item: usize, open: i64, key: Key, day: Day, place: Place) -> Option<i64> {
        if let Some(shop) = place.shop {
            let room = &self.state.rooms[shop];
            let last = room.last_day(room.at(day)?);
            let due = match self.pace {
                Pace::Days(days) => key.0 <= day.saturating_add(days),
                Pace::Bucket => key.0 <= last,
            };
            if !due && self.state.network.work_day(item, last) != day {
                return None;
            }
        }
        let fit = self.state.fits(item, open, day, place)?;
        (fit.lot > 0).then_some(fit.lot)
    }

    /// Takes the components of as large a part of a lot as they allow, and answers how large.
    fn supported(&mut self, item: usize, mut lot: i64, day: Day) -> i64 {
        let mark = self.state.mark();
        self.state.steps.0 = 0;
        while lot > 0 {
            let Some((supported, child, short)) = self.components(item, lot, day) else {
                break;
            };
            self.state.undo(mark);
            self.ask(child, short, day);
            let sizing = &self.state.network.rules[item].sizing;
            lot = sizing.lot_within(supported.min(lot - 1));
        }
        lot
    }

    /// Asks for more of a child where all that comes and is needed of it is less than what is short.
    fn ask(&mut self, child: usize, short: i64, day: Day) {
        if !self.state.network.rules[child].make {
            return;
        }
        let later = self.state.lots[child].iter().filter(|lot| lot.day > day);
        let coming = later.fold(0i64, |sum, lot| sum.saturating_add(lot.left));
        let end = self.needs[child].last().map_or(0, |need| need.end);
        let end = end.max(self.made[child]);
        let missing = short.saturating_sub(coming.saturating_add(end - self.made[child]));
        if missing > 0 {
            let (key, end) = ((day, day), end.saturating_add(missing));
            self.needs[child].push(Need { key, end });
        }
    }
}
