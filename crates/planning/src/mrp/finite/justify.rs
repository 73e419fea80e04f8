//! Moves the orders of a forward plan as late as what they are for and the shops allow (right-justification, the
//! backward half of Li and Willis 1992), and drops orders that nothing is for. It must not change what is delivered.
//! Invariants: balances of made items never fall below nothing, no bucket is overdrawn, an order only moves to a day
//! with the same lines; each order is looked at once, the last start first, so that parents move before children.
use super::super::problem::Day;
use super::state::State;
use super::{Delivered, Order};
use std::cmp::Reverse;

/// What is left of each made item at the end of each day, from today on.
struct Balances {
    today: Day,
    days: usize,
    /// Rows by place in `State::makes`.
    rows: Vec<i64>,
    /// The row of an item.
    row: Vec<usize>,
}

impl Balances {
    fn add(&mut self, item: usize, from: Day, until: Day, quantity: i64) {
        if let Some(row) = self.row.get(item).filter(|row| **row != usize::MAX) {
            let day = |day: Day| (day.saturating_sub(self.today).max(0) as usize).min(self.days);
            for left in &mut self.rows[row * self.days..][day(from)..day(until).max(day(from))] {
                *left += quantity;
            }
        }
    }

    /// The first day from `from` on at the end of which less than `quantity` is left; none where there always is.
    fn below(&self, item: usize, from: Day, quantity: i64) -> Option<Day> {
        let row = &self.rows[self.row[item] * self.days..][..self.days];
        let from = ((from - self.today).max(0) as usize).min(self.days);
        let found = row[from..].iter().position(|left| *left < quantity)?;
        Some(self.today + (from + found) as Day)
    }
}

impl State<'_> {
    /// Moves orders right; what is delivered stays.
    pub(super) fn justify(&mut self, deliveries: &[Delivered]) {
        let mut balances = self.balances(deliveries);
        let mut all: Vec<(usize, usize, Order)> = Vec::new();
        for (item, orders) in self.orders.iter_mut().enumerate() {
            all.extend(orders.drain(..).enumerate().map(|(at, o)| (item, at, o)));
        }
        let level = |item: usize| self.network.level[item];
        all.sort_by_key(|(item, at, order)| (Reverse(order.start), level(*item), *item, *at));
        for (item, _, order) in all {
            if let Some(order) = self.moved(item, order, &mut balances) {
                self.orders[item].push(order);
            }
        }
    }

    fn balances(&self, deliveries: &[Delivered]) -> Balances {
        let today = self.problem.today;
        let mut last = self.end;
        for (item, orders) in self.orders.iter().enumerate() {
            let finish = orders.iter().map(|o| self.network.finish(item, o.start));
            last = last.max(finish.max().unwrap_or(last));
        }
        let days = (i64::from(last) - i64::from(today) + 2).max(1) as usize;
        let mut balances = Balances {
            today,
            days,
            rows: vec![0; days * self.makes.len()],
            row: vec![usize::MAX; self.problem.items.len()],
        };
        for (row, item) in self.makes.iter().enumerate() {
            balances.row[*item as usize] = row;
        }
        for item in self.makes.iter().map(|item| *item as usize) {
            let rules = &self.network.rules[item];
            balances.add(item, today, Day::MAX, rules.on_hand - rules.safety);
            for incoming in &self.network.incoming[item] {
                balances.add(item, incoming.due, Day::MAX, incoming.quantity);
                if incoming.firm {
                    let start = self.network.start(item, incoming.due);
                    let from = start.max(today);
                    self.use_components(item, incoming.quantity, start, from, &mut balances);
                }
            }
            for order in &self.orders[item] {
                let due = self.received(item, order.start);
                balances.add(item, due, Day::MAX, order.quantity);
                let start = order.start;
                self.use_components(item, order.quantity, start, start, &mut balances);
            }
        }
        for (item, delivery) in deliveries {
            balances.add(*item, delivery.day, Day::MAX, -delivery.quantity);
        }
        balances
    }

    fn received(&self, item: usize, start: Day) -> Day {
        match start >= self.network.rules[item].blow_from {
            true => start,
            false => self.network.finish(item, start),
        }
    }

    /// Books what an order with lines of `start` takes from `from` on.
    fn use_components(
        &self,
        item: usize,
        good: i64,
        start: Day,
        from: Day,
        balances: &mut Balances,
    ) {
        let release = self.network.rules[item].release(good).unwrap_or(0);
        for edge in &self.made[item] {
            let need = edge.need(release, start).unwrap_or(0);
            balances.add(edge.child as usize, from, Day::MAX, -need);
        }
    }

    /// An order on its latest day; none where nothing is for it.
    fn moved(&mut self, item: usize, order: Order, balances: &mut Balances) -> Option<Order> {
        let (network, start) = (self.network, order.start);
        let rules = &network.rules[item];
        let phantom = |edge: &super::super::network::Edge| {
            network.rules[edge.child as usize].blow_from != Day::MAX
        };
        if start >= rules.blow_from || self.made[item].iter().any(phantom) {
            return Some(order);
        }
        let due = network.finish(item, start);
        let Some(wanted) = balances.below(item, due, order.quantity) else {
            self.unbook(item, &order);
            balances.add(item, due, Day::MAX, -order.quantity);
            let release = rules.release(order.quantity).unwrap_or(0);
            for edge in &self.made[item] {
                let need = edge.need(release, start).unwrap_or(0);
                balances.add(edge.child as usize, start, Day::MAX, need);
            }
            return None;
        };
        self.unbook(item, &order);
        let mut day = network.start(item, wanted).min(self.end);
        while day > start && !self.may_move(item, &order, day) {
            day = self.day_before(item, &order, day);
        }
        let day = day.max(start);
        let order = Order {
            start: day,
            ..order
        };
        self.book(item, order.quantity, day, self.place(item, order.line));
        balances.add(item, due, network.finish(item, day), -order.quantity);
        let release = rules.release(order.quantity).unwrap_or(0);
        for edge in &self.made[item] {
            let need = edge.need(release, start).unwrap_or(0);
            balances.add(edge.child as usize, start, day, need);
        }
        Some(order)
    }

    /// True where an order that stands nowhere can stand on a day.
    fn may_move(&self, item: usize, order: &Order, day: Day) -> bool {
        let same = |edge: &super::super::network::Edge| edge.holds(day) == edge.holds(order.start);
        day < self.network.rules[item].blow_from
            && self.network.below(item).iter().all(same)
            && self.has_room(item, order.quantity, day, self.place(item, order.line))
    }

    /// The next day to look at: where there is no room in a bucket, the one before it.
    fn day_before(&self, item: usize, order: &Order, day: Day) -> Day {
        let place = self.place(item, order.line);
        let full = !self.has_room(item, order.quantity, day, place);
        let bucket = place.and_then(|place| {
            let room = &self.rooms[place.shop?];
            Some(room.first_day(room.at(day)?))
        });
        let before = bucket.filter(|_| full).unwrap_or(day) - 1;
        self.network.work_day(item, before)
    }
}
