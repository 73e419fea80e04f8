//! Finite planning: a plan that never asks a shop for more than it can do and never consumes what is not there. It must
//! not know pegging or results. Method: demands by priority, then due date, then file order, each planned backwards
//! through all levels before the next; an order that does not fit into its bucket is built ahead, what cannot be
//! had by the due date is delivered as soon as it can. Where something is late so, the plan is also made forwards in
//! time along a guide, and the better one is kept (`search`). Lots keep minimum and multiple; rules that look ahead do
//! not apply, because a demand is planned without knowing the next. Bought items are netted at the end. Invariants: no
//! bucket of a shop is overdrawn except by firm orders; no order starts before today; the answer depends on the problem alone.
mod bound;
mod explain;
mod forward;
mod guide;
mod justify;
mod obtain;
mod room;
mod search;
mod state;

use super::error::MrpError;
use super::net::{NONE, Supply};
use super::plan::{Delivery, Plan};
use super::problem::{Bucket, Day, Problem};
use takt_kernel::Quantity;

/// Why something could not be had in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// The bought item cannot be there before this day.
    Material(Day),
    /// The shop has no room through this day.
    Shop(u32, Day),
    /// It would have to be started before today.
    LeadTime,
    /// The plan is frozen until this day.
    Fence(Day),
}

/// What stood in the way of a demand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Blocked {
    pub(super) demand: u32,
    /// The items from the demand's own down to the one that could not be had, with the day each was wanted.
    pub(super) path: Vec<(u32, Day)>,
    pub(super) obstacle: Obstacle,
}

/// What finite planning decided beside the orders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schedule {
    /// By demand index, for those that are late or not planned.
    pub(super) blocked: Vec<Blocked>,
    /// What is not planned at all within the horizon: demand and thousandths.
    pub(super) unplanned: Vec<(u32, i64)>,
}

/// How long after the last due date a late demand is still planned.
const PATIENCE: Day = 730;

impl Plan {
    /// Plans within the capacity of the shops, by day; a planned order starts today or later.
    pub fn finite(mut problem: Problem) -> Result<Self, MrpError> {
        problem.bucket = Bucket::Day;
        problem.reschedule_days = 0;
        let mut plan = Self::prepare(problem)?;
        for rules in &mut plan.network.rules {
            if rules.make {
                // Stock below the safety stock is not built up again; what is there is kept.
                rules.safety = rules.safety.min(rules.on_hand);
            }
        }
        plan.schedule = Some(Schedule::default());
        let last = plan.problem.demands.iter().map(|d| d.due).max();
        let today = plan.problem.today;
        let end = last.unwrap_or(today).max(today).saturating_add(PATIENCE);
        let found = search::best(&plan, end)?;
        let (schedule, deliveries) = (found.schedule, found.deliveries);
        let orders = found.state.orders;
        for (item, delivery) in deliveries {
            plan.items[item].deliveries.push(delivery);
        }
        plan.sort_deliveries();
        plan.schedule = Some(schedule);
        let mut sums = plan.sums_until(end)?;
        for place in 0..plan.network.order.len() {
            let item = plan.network.order[place] as usize;
            plan.gather(item, &mut sums)?;
            if plan.network.rules[item].make {
                plan.items[item].supplies = supplies(&plan, item, &orders[item]);
            } else {
                plan.net(item)?;
            }
        }
        Ok(plan)
    }
}

impl Plan {
    /// In a finite plan: late quantity, late quantity x days, and what is not planned at all.
    pub fn lateness(&self) -> (Quantity, Quantity, Quantity) {
        let mut sums = [0i64; 3];
        for delivery in self.items.iter().flat_map(|plan| &plan.deliveries) {
            let days = delivery.day - self.problem.demands[delivery.demand as usize].due;
            if days > 0 {
                sums[0] += delivery.quantity;
                sums[1] += delivery.quantity * i64::from(days);
            }
        }
        let unplanned = self.schedule.iter().flat_map(|s| &s.unplanned);
        sums[2] = unplanned.map(|(_, quantity)| quantity).sum();
        (Quantity(sums[0]), Quantity(sums[1]), Quantity(sums[2]))
    }
}

/// An order that finite planning placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Order {
    start: Day,
    line: u16,
    quantity: i64,
}

/// Orders and receipts as one curve, in the order in which they come.
fn supplies(plan: &Plan, item: usize, orders: &[Order]) -> Vec<Supply> {
    let network = &plan.network;
    let mut all: Vec<(Supply, i64)> = Vec::with_capacity(orders.len());
    for incoming in &network.incoming[item] {
        let supply = Supply {
            end: 0,
            start: network.start(item, incoming.due),
            due: incoming.due,
            receipt: incoming.receipt,
            line: 0,
            explodes: incoming.firm,
        };
        all.push((supply, incoming.quantity));
    }
    let mut sorted = orders.to_vec();
    sorted.sort_unstable();
    for order in sorted {
        let same = |(last, _): &(Supply, i64)| {
            last.receipt == NONE && (last.start, last.line) == (order.start, order.line)
        };
        match all.last_mut().filter(|last| same(last)) {
            Some((_, quantity)) => *quantity += order.quantity,
            None => {
                let blows = plan.blows_through(item, order.start);
                let due = match blows {
                    true => order.start,
                    false => network.finish(item, order.start),
                };
                let supply = Supply {
                    end: 0,
                    start: order.start,
                    due,
                    receipt: NONE,
                    line: order.line,
                    explodes: true,
                };
                all.push((supply, order.quantity));
            }
        }
    }
    all.sort_by_key(|(supply, _)| supply.due);
    let mut end = network.rules[item].on_hand;
    for (supply, quantity) in &mut all {
        end += *quantity;
        supply.end = end;
    }
    all.into_iter().map(|(supply, _)| supply).collect()
}

/// A delivery with the item it belongs to.
type Delivered = (usize, Delivery);
