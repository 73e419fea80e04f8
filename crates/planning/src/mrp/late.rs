//! Which demands cannot be met in time, since when that is known and why, down to the item, the shop or supplier and
//! the day. It must not change a plan. Method, unlimited plan: a forward pass from the bought items up; an order
//! starts at the earliest today and when its pegged components are there. Finite plan: deliveries are what they are,
//! and the planning remembered what stood in the way first. Invariants: an order is never said to come before its plan;
//! a reason's upstream is what it waits for.
use super::finite::{Blocked, Obstacle};
use super::net::NONE;
use super::peg::Span;
use super::plan::Plan;
use super::problem::Day;
use std::cell::RefCell;
use takt_kernel::{Date, Quantity, Reason, ReasonCode};

/// A demand that is late or not planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateOrder {
    /// Index of the demand.
    pub demand: usize,
    /// Days from its due date to its last delivery.
    pub days: i32,
    /// The earliest date on which all of it can be had; none where that is beyond the horizon.
    pub earliest: Option<Date>,
    /// How much of it is late or not planned.
    pub quantity: Quantity,
    /// Why.
    pub reasons: Vec<Reason>,
}

/// When supplies can really be there, worked out as it is asked for.
pub(super) struct Outlook {
    /// Items of which something, or something below, may not keep its day.
    doubtful: Vec<bool>,
    /// Days by supply, `Day::MIN` where nobody has asked.
    days: RefCell<Vec<Vec<Day>>>,
}

impl Plan {
    /// The forward pass, ready to be asked. Cost: O(items + orders); an answer costs what is pegged below it.
    fn outlook(&self) -> Outlook {
        let mut doubtful = vec![false; self.items.len()];
        for item in self.network.order.iter().rev().map(|at| *at as usize) {
            let below = self.network.below(item);
            let today = self.problem.today;
            let late = |(at, s): (usize, &super::net::Supply)| {
                let past = s.explodes && s.start < today || s.due < today;
                // A receipt that comes before anybody wants it delays nobody.
                past || s.receipt != NONE && s.due > self.wanted(item, self.begin(item, at), s.due)
            };
            doubtful[item] = below.iter().any(|edge| doubtful[edge.child as usize])
                || self.network.rules[item].fence_end != Day::MIN
                || self.items[item].supplies.iter().enumerate().any(late);
        }
        Outlook {
            doubtful,
            days: RefCell::new(vec![Vec::new(); self.items.len()]),
        }
    }

    /// When a supply can be there, when it can start, and the child with the heights that it waits for longest.
    fn there(
        &self,
        item: usize,
        at: usize,
        outlook: &Outlook,
    ) -> (Day, Day, Option<(usize, Span)>) {
        let today = self.problem.today;
        let supply = self.items[item].supplies[at];
        if !supply.explodes {
            return (supply.due.max(today), supply.start, None);
        }
        let (mut start, mut waits) = (supply.start.max(today), None);
        let begin = self.begin(item, at);
        let doubtful = |child: usize| outlook.doubtful[child];
        self.needs_of(
            item,
            at,
            (begin, supply.end),
            doubtful,
            &mut |child, span| {
                let there = outlook.of(self, child, span);
                if there > start {
                    (start, waits) = (there, Some((child, span)));
                }
            },
        );
        let due = match start > supply.start {
            true if self.blows_through(item, supply.due) => start.max(supply.due),
            true => self
                .network
                .finish_on(item, supply.line, start)
                .max(supply.due),
            false => supply.due,
        };
        (due, start, waits)
    }

    /// All demands that are late or not planned, in file order.
    pub fn late(&self) -> Vec<LateOrder> {
        let outlook = self.outlook();
        let items = self.problem.demands.iter().enumerate();
        // Whoever is late in a finite plan met something in the way.
        let blocked = |at: usize| {
            let mut schedule = self.schedule.iter();
            schedule.any(|s| {
                s.blocked
                    .binary_search_by_key(&(at as u32), |b| b.demand)
                    .is_ok()
            })
        };
        let candidates = items.filter(|(at, demand)| outlook.doubtful[demand.item] || blocked(*at));
        candidates
            .filter_map(|(at, _)| self.late_with(at, &outlook))
            .collect()
    }

    /// Why a demand is late, and when it can be had; None where it is in time.
    pub fn explain_late(&self, demand: usize) -> Option<LateOrder> {
        self.problem.demands.get(demand)?;
        self.late_with(demand, &self.outlook())
    }

    fn late_with(&self, at: usize, outlook: &Outlook) -> Option<LateOrder> {
        match &self.schedule {
            Some(schedule) => {
                let blocked = schedule
                    .blocked
                    .binary_search_by_key(&(at as u32), |b| b.demand);
                let blocked = blocked.ok().and_then(|found| schedule.blocked.get(found));
                self.late_in_schedule(at, blocked, outlook)
            }
            None => self.late_in_outlook(at, outlook),
        }
    }

    fn late_in_outlook(&self, at: usize, outlook: &Outlook) -> Option<LateOrder> {
        let demand = &self.problem.demands[at];
        let (mut day, mut late, mut reasons) = (Day::MIN, 0, Vec::new());
        for span in self.spans_of_demand(at) {
            let there = outlook.of(self, demand.item, span);
            day = day.max(there);
            if there > demand.due {
                late += outlook.after(self, demand.item, span, demand.due);
                reasons.extend(self.reason(demand.item, span, demand.due, outlook));
            }
        }
        (day > demand.due).then(|| LateOrder {
            demand: at,
            days: day - demand.due,
            earliest: Some(self.problem.date(day)),
            quantity: Quantity(late),
            reasons,
        })
    }

    /// Why a span of an item is not there on the day it is wanted.
    fn reason(&self, item: usize, span: Span, wanted: Day, outlook: &Outlook) -> Option<Reason> {
        // The worst supply of the span carries the reason.
        let mut worst: Option<(Day, usize, Span)> = None;
        self.below_span(item, span, &mut |at, part| {
            if let Some(at) = at {
                let there = outlook.day(self, item, at);
                if worst.is_none_or(|(day, ..)| there > day) {
                    worst = Some((there, at, part));
                }
            }
        });
        let (there, at, part) = worst.filter(|(day, ..)| *day > wanted)?;
        let supply = self.items[item].supplies[at];
        let named = &self.problem.items[item];
        let reason = |code, subject: String, from: Day, until: Day, upstream: Vec<Reason>| Reason {
            code,
            subject,
            from: Some(self.problem.date(from)),
            until: Some(self.problem.date(until)),
            blocked: Quantity(part.1 - part.0),
            upstream,
        };
        if supply.receipt != NONE && !supply.explodes {
            let id = self.problem.receipts[supply.receipt as usize].id.clone();
            let upstream = vec![reason(
                ReasonCode::Transport,
                self.place(item),
                wanted,
                there,
                Vec::new(),
            )];
            return Some(reason(ReasonCode::AwaitSupply, id, wanted, there, upstream));
        }
        let (_, start, waits) = self.there(item, at, outlook);
        if let Some((child, span)) = waits {
            let upstream = self.reason(child, span, supply.start, outlook);
            let id = named.id.clone();
            return Some(reason(
                ReasonCode::AwaitSupply,
                id,
                wanted,
                there,
                upstream.into_iter().collect(),
            ));
        }
        let place = self.place_of(item, supply.line);
        if start > supply.start {
            // The place that would have had to start or deliver earlier stands below the item.
            let upstream = vec![reason(
                ReasonCode::LeadTimePastDue,
                place,
                supply.start,
                start,
                Vec::new(),
            )];
            let code = match self.network.rules[item].make {
                true => ReasonCode::AwaitSupply,
                false => ReasonCode::MaterialShortage,
            };
            return Some(reason(code, named.id.clone(), wanted, there, upstream));
        }
        let code = match self.network.rules[item].fence_end > wanted {
            true => ReasonCode::Fence,
            false => ReasonCode::AwaitSupply,
        };
        Some(reason(code, named.id.clone(), wanted, there, Vec::new()))
    }

    /// The shop or supplier of an item, or the item where neither is known.
    fn place(&self, item: usize) -> String {
        let named = &self.problem.items[item];
        let shop = named.shop.and_then(|shop| self.problem.shops.get(shop));
        match shop {
            Some(shop) => shop.id.clone(),
            None if named.supplier.is_empty() => named.id.clone(),
            None => named.supplier.clone(),
        }
    }

    /// The same where one of several suppliers delivers: that one.
    fn place_of(&self, item: usize, line: u16) -> String {
        let sources = &self.problem.items[item].sources;
        let source = usize::from(line)
            .checked_sub(1)
            .and_then(|at| sources.get(at));
        source.map_or_else(|| self.place(item), |source| source.supplier.clone())
    }

    fn late_in_schedule(
        &self,
        at: usize,
        blocked: Option<&Blocked>,
        outlook: &Outlook,
    ) -> Option<LateOrder> {
        let demand = &self.problem.demands[at];
        let (mut day, mut quantity) = (demand.due, 0);
        let mine = |d: &&super::plan::Delivery| d.demand as usize == at;
        for delivery in self.items[demand.item].deliveries.iter().filter(mine) {
            day = day.max(delivery.day);
            if delivery.day > demand.due {
                quantity += delivery.quantity;
            }
        }
        let unplanned = self.schedule.iter().flat_map(|s| &s.unplanned);
        let open: i64 = (unplanned.filter(|(demand, _)| *demand as usize == at))
            .map(|(_, open)| *open)
            .sum();
        if quantity == 0 && open == 0 {
            return self.late_in_outlook(at, outlook);
        }
        let blocked_quantity = Quantity(quantity + open);
        Some(LateOrder {
            demand: at,
            days: day - demand.due,
            earliest: (open == 0).then(|| self.problem.date(day)),
            quantity: blocked_quantity,
            reasons: blocked
                .map(|blocked| self.chain(blocked, day, blocked_quantity))
                .into_iter()
                .collect(),
        })
    }

    /// What finite planning met on its way down, as reasons that wait for each other.
    fn chain(&self, blocked: &Blocked, until: Day, quantity: Quantity) -> Reason {
        let last = blocked.path.last().map_or(0, |(item, _)| *item as usize);
        let wanted = blocked.path.last().map_or(until, |(_, day)| *day);
        let (code, subject, until_day) = match blocked.obstacle {
            Obstacle::Material(day) => (ReasonCode::MaterialShortage, self.place(last), day),
            Obstacle::Shop(shop, day) => {
                let shop = self.problem.shops.get(shop as usize);
                let id = shop.map_or_else(String::new, |shop| shop.id.clone());
                (ReasonCode::CapacityOverload, id, day)
            }
            Obstacle::LeadTime => (
                ReasonCode::LeadTimePastDue,
                self.place(last),
                self.problem.today,
            ),
            Obstacle::Fence(day) => (ReasonCode::Fence, self.place(last), day),
        };
        let mut reason = Reason {
            code,
            subject,
            from: Some(self.problem.date(wanted.min(until_day))),
            until: Some(self.problem.date(until_day.max(wanted))),
            blocked: quantity,
            upstream: Vec::new(),
        };
        let mut below: Option<Day> = None;
        for (item, day) in blocked.path.iter().rev() {
            let natural = self.network.start(*item as usize, *day);
            let shop = self.problem.items[*item as usize].shop;
            let shop = shop.and_then(|shop| self.problem.shops.get(shop));
            // Components that were wanted before the latest start: the shop was full from then on.
            if let (Some(start), Some(shop)) = (below.filter(|start| *start < natural), shop) {
                reason = Reason {
                    code: ReasonCode::CapacityOverload,
                    subject: shop.id.clone(),
                    from: Some(self.problem.date(start)),
                    until: Some(self.problem.date(natural)),
                    blocked: quantity,
                    upstream: vec![reason],
                };
            }
            below = Some(*day);
            reason = Reason {
                code: ReasonCode::AwaitSupply,
                subject: self.problem.items[*item as usize].id.clone(),
                from: Some(self.problem.date(*day)),
                until: Some(self.problem.date(until.max(*day))),
                blocked: quantity,
                upstream: vec![reason],
            };
        }
        reason
    }
}

impl Outlook {
    fn day(&self, plan: &Plan, item: usize, at: usize) -> Day {
        let supplies = &plan.items[item].supplies;
        if !self.doubtful[item] {
            return supplies[at].due;
        }
        let known = self.days.borrow()[item].get(at).copied();
        if let Some(day) = known.filter(|day| *day != Day::MIN) {
            return day;
        }
        let (day, ..) = plan.there(item, at, self);
        let days = &mut self.days.borrow_mut()[item];
        if days.is_empty() {
            days.resize(supplies.len(), Day::MIN);
        }
        days[at] = day;
        day
    }

    /// When all of a span is there; only items with a delay are looked at.
    fn of(&self, plan: &Plan, item: usize, span: Span) -> Day {
        let mut last = Day::MIN;
        if self.doubtful[item] {
            plan.below_span(item, span, &mut |at, _| {
                if let Some(at) = at {
                    last = last.max(self.day(plan, item, at));
                }
            });
        }
        last
    }

    /// How much of a span is there only after a day.
    fn after(&self, plan: &Plan, item: usize, span: Span, day: Day) -> i64 {
        let mut late = 0;
        plan.below_span(item, span, &mut |at, part| {
            if at.is_some_and(|at| self.day(plan, item, at) > day) {
                late += part.1 - part.0;
            }
        });
        late
    }
}
