//! What finite planning books while it runs: free lots, room in shops, orders, and a journal to take steps back. It
//! must not know how a requirement is covered. Units: thousandths; room in 10^-9 hours. Invariants: a free lot
//! belongs to nobody; undoing to a mark restores everything that was booked after it.
use super::super::network::{Edge, Network};
use super::super::plan::Delivery;
use super::super::problem::{Day, Problem};
use super::room::Room;
use super::{Blocked, Delivered, Obstacle, Order, Schedule};
use std::collections::HashMap;

/// A quantity that is there from a day on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lot {
    pub(super) day: Day,
    pub(super) left: i64,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    Took {
        item: u32,
        lot: u32,
        quantity: i64,
    },
    Freed {
        item: u32,
    },
    Loaded {
        item: u32,
        line: u16,
        shop: u32,
        at: u32,
        work: i64,
    },
    Ordered {
        item: u32,
    },
}

/// The first thing that stood in the way, and the items down to it with the days they were wanted.
pub(super) type Met = (Vec<(u32, Day)>, Obstacle);

/// Where finite planning stands.
pub(super) struct State<'a> {
    pub(super) problem: &'a Problem,
    pub(super) network: &'a Network,
    pub(super) rooms: Vec<Room>,
    pub(super) lots: Vec<Vec<Lot>>,
    pub(super) orders: Vec<Vec<Order>>,
    /// The day from which a bought item can be had without limit.
    pub(super) soonest: Vec<Day>,
    /// The day from which all bought lines of an item can be had without limit.
    pub(super) open_from: Vec<Day>,
    /// The day from which an item can be made at all, with what has to be bought and made before.
    pub(super) earliest: Vec<Day>,
    /// Items that are made, in low-level order.
    pub(super) makes: Vec<u32>,
    /// The lines of each item: to bought items, and to made ones.
    pub(super) bought: Vec<Vec<Edge>>,
    pub(super) made: Vec<Vec<Edge>>,
    /// Orders by item, line and bucket, for items with a changeover.
    pub(super) set_up: HashMap<(u32, u16, u32), i32>,
    pub(super) journal: Vec<Step>,
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
            makes: (network.order.iter().copied())
                .filter(|at| network.rules[*at as usize].make)
                .collect(),
            bought: vec![Vec::new(); items],
            made: vec![Vec::new(); items],
            set_up: HashMap::new(),
            journal: Vec::new(),
            path: Vec::new(),
            met: None,
            end,
            steps: (0, 0),
            patience: 2_000 + 20 * network.rules.iter().filter(|rules| rules.make).count(),
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
            }
        }
        state
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
            if let Some((path, obstacle)) = self.met.take() {
                let demand = at;
                schedule.blocked.push(Blocked {
                    demand,
                    path,
                    obstacle,
                });
            }
        }
        schedule.blocked.sort_unstable_by_key(|b| b.demand);
        (schedule, deliveries)
    }

    /// Firm orders load their shop and take their components before anybody else.
    pub(super) fn book_firm(&mut self) {
        for item in 0..self.problem.items.len() {
            for incoming in self.network.incoming[item].clone() {
                if !incoming.firm {
                    continue;
                }
                let start = self.network.start(item, incoming.due);
                let Some(release) = self.network.rules[item].release(incoming.quantity) else {
                    continue;
                };
                self.book(item, incoming.quantity, start, self.place(item, 0));
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
                    item,
                    line,
                    shop,
                    at,
                    work,
                }) => {
                    self.rooms[shop as usize].left[at as usize] += work;
                    self.count_order(item as usize, line, at as usize, -1);
                }
                Some(Step::Ordered { item }) => {
                    self.orders[item as usize].pop();
                }
                None => return,
            }
        }
    }

    /// Nothing will be taken back: used lots are dropped.
    pub(super) fn settle(&mut self) {
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

    pub(super) fn order(&mut self, item: usize, start: Day, line: u16, quantity: i64) {
        self.orders[item].push(Order {
            start,
            line,
            quantity,
        });
        self.journal.push(Step::Ordered { item: item as u32 });
    }

    /// Remembers the first thing in the way.
    pub(super) fn meet(&mut self, obstacle: Obstacle) {
        if self.met.is_none() {
            self.met = Some((self.path.clone(), obstacle));
        }
    }
}
