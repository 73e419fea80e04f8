//! What finite planning books while it runs: free lots, room in shops, orders, and a journal to take steps back. It
//! must not know how a requirement is covered. Units: thousandths; room in 10^-9 hours. Invariants: a free lot
//! belongs to nobody; undoing to a mark restores everything that was booked after it.
use super::super::network::{Edge, Network};
use super::super::plan::Delivery;
use super::super::problem::{Capacity, Day, Problem};
use super::{Blocked, Delivered, Obstacle, Order, Schedule};

/// A quantity that is there from a day on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lot {
    pub(super) day: Day,
    pub(super) left: i64,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Took {
        item: u32,
        lot: u32,
        quantity: i64,
    },
    Freed {
        item: u32,
    },
    Loaded {
        shop: u32,
        at: u32,
        work: i64,
        held: i64,
    },
    Ordered {
        item: u32,
    },
}

/// The first thing that stood in the way: the items down to it with the days they were wanted, and how much of the
/// lowest made one.
pub(super) type Met = (Vec<(u32, Day)>, Obstacle, i64);

/// Room that is held for items that cannot be made before a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    /// Items that can be made before this day do not get it.
    pub(super) since: Day,
    pub(super) work: i64,
}

impl Held {
    pub(super) const NOTHING: Self = Self {
        since: Day::MAX,
        work: 0,
    };
}

/// The room of a shop by bucket.
#[derive(Debug)]
pub(super) struct Room {
    weekly: bool,
    first: i32,
    pub(super) left: Vec<i64>,
    /// What is held in each bucket.
    pub(super) held: Vec<Held>,
    /// The room before anything is booked.
    pub(super) whole: Vec<i64>,
}

impl Room {
    fn new(problem: &Problem, shop: usize, end: Day) -> Self {
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
            held: vec![Held::NOTHING; left.len()],
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

    /// The first day of a bucket.
    pub(super) fn first_day(&self, at: usize) -> Day {
        let bucket = self.first + at as i32;
        if self.weekly { bucket * 7 } else { bucket }
    }
}

/// Where finite planning stands.
pub(super) struct State<'a> {
    pub(super) problem: &'a Problem,
    pub(super) network: &'a Network,
    pub(super) rooms: Vec<Room>,
    pub(super) lots: Vec<Vec<Lot>>,
    orders: Vec<Vec<Order>>,
    /// The day from which a bought item can be had without limit.
    pub(super) soonest: Vec<Day>,
    /// The day from which all bought lines of an item can be had without limit.
    pub(super) open_from: Vec<Day>,
    /// The day from which an item can be made at all, with what has to be bought and made before.
    pub(super) earliest: Vec<Day>,
    /// The same, as far as stock reaches.
    pub(super) from_stock: Vec<Day>,
    /// The lines of each item: to bought items, and to made ones.
    pub(super) bought: Vec<Vec<Edge>>,
    pub(super) made: Vec<Vec<Edge>>,
    journal: Vec<Step>,
    /// The items on the way from the demand to where planning stands.
    pub(super) path: Vec<(u32, Day)>,
    /// The first obstacle that was met, where one is asked for.
    pub(super) met: Option<Met>,
    pub(super) end: Day,
    /// How many requirements were looked at for this delivery, and for all.
    pub(super) steps: (usize, usize),
    /// A delivery for which more requirements were looked at is given up: the search is exponential in the levels at
    /// worst, and a usual one looks at each made item once or twice.
    pub(super) patience: usize,
    /// Whether lots are enlarged to use the rest of a bucket.
    pub(super) top_up: bool,
}

impl<'a> State<'a> {
    pub(super) fn new(problem: &'a Problem, network: &'a Network, end: Day) -> Self {
        let items = problem.items.len();
        let today = problem.today;
        let mut state = Self {
            problem,
            network,
            rooms: (0..problem.shops.len())
                .map(|shop| Room::new(problem, shop, end))
                .collect(),
            lots: vec![Vec::new(); items],
            orders: vec![Vec::new(); items],
            soonest: Vec::with_capacity(items),
            open_from: vec![Day::MIN; items],
            earliest: vec![today; items],
            from_stock: vec![today; items],
            bought: vec![Vec::new(); items],
            made: vec![Vec::new(); items],
            journal: Vec::new(),
            path: Vec::new(),
            met: None,
            end,
            steps: (0, 0),
            patience: 2_000 + 20 * network.rules.iter().filter(|rules| rules.make).count(),
            top_up: false,
        };
        for (item, rules) in network.rules.iter().enumerate() {
            let soonest = network.finish(item, today).max(rules.fence_end);
            state.soonest.push(soonest);
            let free = rules.on_hand - rules.safety;
            if free > 0 {
                let (day, left) = (today, free);
                state.lots[item].push(Lot { day, left });
            }
            for incoming in &network.incoming[item] {
                let (day, left) = (incoming.due.max(today), incoming.quantity);
                state.lots[item].push(Lot { day, left });
            }
        }
        for item in 0..items {
            for edge in network.below(item) {
                let child = edge.child as usize;
                if network.rules[child].make {
                    state.made[item].push(*edge);
                } else {
                    state.bought[item].push(*edge);
                    let open = &mut state.open_from[item];
                    *open = (*open).max(state.soonest[child]);
                }
            }
        }
        for item in network.order.iter().rev().map(|at| *at as usize) {
            for edge in network.below(item) {
                let child = edge.child as usize;
                let there = match network.rules[child].make {
                    true => network.finish(child, state.earliest[child]),
                    false => state.soonest[child],
                };
                state.earliest[item] = state.earliest[item].max(there);
                let there = match network.rules[child].make {
                    true => network.finish(child, state.from_stock[child]),
                    false if state.lots[child].is_empty() => state.soonest[child],
                    false => today,
                };
                state.from_stock[item] = state.from_stock[item].max(there);
            }
        }
        state
    }

    /// Holds room in each shop and bucket, as far as it is there.
    pub(super) fn hold(&mut self, held: &[Vec<Held>]) {
        for (room, held) in self.rooms.iter_mut().zip(held) {
            for ((room, left), held) in room.held.iter_mut().zip(&room.left).zip(held) {
                *room = Held {
                    work: held.work.min(*left),
                    ..*held
                };
            }
        }
    }

    /// Plans firm orders, then all demands.
    pub(super) fn run(&mut self) -> (Schedule, Vec<Delivered>) {
        let (mut schedule, mut deliveries) = (Schedule::default(), Vec::new());
        self.book_firm();
        let demands = &self.problem.demands;
        let mut queue: Vec<u32> = (0..demands.len() as u32).collect();
        let key = |at: &u32| {
            (
                demands[*at as usize].priority,
                demands[*at as usize].due,
                *at,
            )
        };
        queue.sort_unstable_by_key(key);
        // Room only shrinks, so what an item could not have by a day for one demand is not tried for the next.
        let mut hopeless = vec![Day::MIN; self.problem.items.len()];
        for at in queue {
            let demand = &demands[at as usize];
            let mut open = demand.quantity.milli();
            let mut day = demand.due.max(self.problem.today);
            self.met = None;
            while open > 0 && day <= self.end {
                self.steps.0 = 0;
                let got = self.obtain(demand.item, open, day);
                self.settle();
                if got > 0 {
                    let (quantity, demand) = (got, at);
                    let delivery = Delivery {
                        day,
                        quantity,
                        demand,
                    };
                    deliveries.push((self.problem.demands[at as usize].item, delivery));
                    open -= got;
                } else {
                    hopeless[demand.item] = hopeless[demand.item].max(day);
                }
                day = (day + 1).max(hopeless[demand.item]);
            }
            if open > 0 {
                schedule.unplanned.push((at, open));
            }
            if let Some((path, obstacle, wanted)) = self.met.take() {
                schedule.blocked.push(Blocked {
                    demand: at,
                    path,
                    obstacle,
                    wanted,
                });
            }
        }
        schedule.blocked.sort_unstable_by_key(|b| b.demand);
        (schedule, deliveries)
    }

    /// Firm orders load their shop and take their components before anybody else.
    fn book_firm(&mut self) {
        for item in 0..self.problem.items.len() {
            for incoming in self.network.incoming[item].clone() {
                if !incoming.firm {
                    continue;
                }
                let start = self.network.start(item, incoming.due);
                let Some(release) = self.network.rules[item].release(incoming.quantity) else {
                    continue;
                };
                let (shop, micro) = (
                    self.problem.items[item].shop,
                    self.problem.items[item].micro_hours,
                );
                if let Some((shop, at)) =
                    shop.and_then(|shop| Some((shop, self.rooms[shop].at(start)?)))
                {
                    self.load(shop, at, release.saturating_mul(micro), item);
                }
                for edge in self.network.below(item) {
                    let need = edge.need(release, start).unwrap_or(0);
                    if need > 0 {
                        self.obtain(edge.child as usize, need, start.max(self.problem.today));
                    }
                }
            }
        }
        self.settle();
    }

    pub(super) fn into_orders(self) -> Vec<Vec<Order>> {
        self.orders
    }

    /// Where the journal stands, to come back to.
    pub(super) fn mark(&self) -> usize {
        self.journal.len()
    }

    /// Takes back everything booked after the mark.
    pub(super) fn undo(&mut self, mark: usize) {
        while self.journal.len() > mark {
            match self.journal.pop() {
                Some(Step::Took {
                    item,
                    lot,
                    quantity,
                }) => self.lots[item as usize][lot as usize].left += quantity,
                Some(Step::Freed { item }) => {
                    self.lots[item as usize].pop();
                }
                Some(Step::Loaded {
                    shop,
                    at,
                    work,
                    held,
                }) => {
                    let room = &mut self.rooms[shop as usize];
                    room.left[at as usize] += work;
                    room.held[at as usize].work += held;
                }
                Some(Step::Ordered { item }) => {
                    self.orders[item as usize].pop();
                }
                None => return,
            }
        }
    }

    /// Nothing will be taken back: used lots are dropped.
    fn settle(&mut self) {
        for step in self.journal.drain(..) {
            if let Step::Took { item, .. } = step {
                self.lots[item as usize].retain(|lot| lot.left > 0);
            }
        }
    }

    /// How much of an item lies free on a day.
    pub(super) fn lying(&self, item: usize, day: Day) -> i64 {
        let there = self.lots[item].iter().filter(|lot| lot.day <= day);
        there.map(|lot| lot.left).sum()
    }

    /// Takes up to `quantity` of what lies free on a day, the latest first: the earlier serves earlier needs too.
    pub(super) fn take(&mut self, item: usize, quantity: i64, day: Day) -> i64 {
        let mut open = quantity;
        while open > 0 {
            let lots = self.lots[item].iter().enumerate();
            let there = lots.filter(|(_, lot)| lot.day <= day && lot.left > 0);
            let Some((at, lot)) = there.max_by_key(|(at, lot)| (lot.day, *at)) else {
                break;
            };
            let part = lot.left.min(open);
            self.lots[item][at].left -= part;
            self.journal.push(Step::Took {
                item: item as u32,
                lot: at as u32,
                quantity: part,
            });
            open -= part;
        }
        quantity - open
    }

    pub(super) fn free(&mut self, item: usize, day: Day, left: i64) {
        if left > 0 {
            self.lots[item].push(Lot { day, left });
            self.journal.push(Step::Freed { item: item as u32 });
        }
    }

    pub(super) fn load(&mut self, shop: usize, at: usize, work: i64, item: usize) {
        let room = &mut self.rooms[shop];
        room.left[at] -= work;
        let held = match self.earliest[item] < room.held[at].since {
            true => 0,
            false => room.held[at].work.min(work),
        };
        room.held[at].work -= held;
        self.journal.push(Step::Loaded {
            shop: shop as u32,
            at: at as u32,
            work,
            held,
        });
    }

    pub(super) fn order(&mut self, item: usize, start: Day, line: u16, quantity: i64) {
        self.orders[item].push(Order {
            start,
            line,
            quantity,
        });
        self.journal.push(Step::Ordered { item: item as u32 });
    }

    /// Remembers the first thing in the way.
    pub(super) fn meet(&mut self, obstacle: Obstacle, wanted: i64) {
        if self.met.is_none() {
            self.met = Some((self.path.clone(), obstacle, wanted));
        }
    }
}
