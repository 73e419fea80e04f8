//! A plan as plain rows for whoever serves it: per item its requirements and releases. It must not know how a plan
//! is made. Invariant: rows stand in item order and in the order in which supplies are used.
use super::net::NONE;
use super::peg::Supplier;
use super::plan::Plan;
use super::problem::Day;
use takt_kernel::{Date, Quantity};

/// A planned order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedRelease {
    /// When it is released.
    pub date: Date,
    /// When it is received.
    pub due: Date,
    /// Good quantity received.
    pub quantity: Quantity,
    /// How many days ago it should have been released; 0 where there is still time.
    pub past_due_days: i32,
}

/// A supply as it stands in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedSupply {
    /// The order or receipt.
    pub supplier: Supplier,
    /// When it is released and takes its components.
    pub start: Day,
    /// When it is received.
    pub due: Day,
    /// Good quantity.
    pub quantity: Quantity,
    /// The shop it is made in; none where the item has none.
    pub shop: Option<usize>,
    /// The index of the supplier, where the item has several.
    pub source: Option<usize>,
    /// True where it is no order but passes through to the lines: a phantom, or a part that is used up.
    pub passes_through: bool,
    /// True where its components are still to come: planned and firm orders.
    pub explodes: bool,
}

/// What a plan does about an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemReport {
    /// Index of the item.
    pub item: usize,
    /// All that is required of it.
    pub gross: Quantity,
    /// What stock and receipts leave open.
    pub net: Quantity,
    /// What is planned to be received.
    pub planned_quantity: Quantity,
    /// How many orders are planned.
    pub orders: usize,
    /// The planned orders.
    pub releases: Vec<PlannedRelease>,
}

impl Plan {
    /// What the plan does about an item; None where there is no such item.
    pub fn item(&self, item: usize) -> Option<ItemReport> {
        let plan = self.items.get(item)?;
        let rules = &self.network.rules[item];
        let required = plan.requirements.last().map_or(rules.safety, |r| r.end);
        let mut report = ItemReport {
            item,
            gross: Quantity(required - rules.safety),
            net: Quantity::ZERO,
            planned_quantity: Quantity::ZERO,
            orders: 0,
            releases: Vec::new(),
        };
        let (mut before, mut at) = (rules.on_hand, 0);
        for supply in &plan.supplies {
            let quantity = supply.end - before;
            if supply.receipt == NONE && !self.blows_through(item, supply.due) {
                // What was short when it was planned: up to the first requirement above the supplies before it.
                while plan.requirements.get(at).is_some_and(|r| r.end <= before) {
                    at += 1;
                }
                let short = match rules.safety > before {
                    true => rules.safety - before,
                    false => plan.requirements.get(at).map_or(0, |r| r.end - before),
                };
                // An order that is split among suppliers covers its part of it.
                report.net.0 += short.min(quantity);
                report.planned_quantity.0 += quantity;
                report.releases.push(PlannedRelease {
                    date: self.problem.date(supply.start),
                    due: self.problem.date(supply.due),
                    quantity: Quantity(quantity),
                    past_due_days: (self.problem.today - supply.start).max(0),
                });
            }
            before = supply.end;
        }
        report.orders = report.releases.len();
        Some(report)
    }

    /// The supplies of an item in the order in which they are used, without stock on hand.
    pub fn supplies(&self, item: usize) -> Vec<PlannedSupply> {
        let Some(plan) = self.items.get(item) else {
            return Vec::new();
        };
        let named = &self.problem.items[item];
        let mut before = self.network.rules[item].on_hand;
        let mut all = Vec::with_capacity(plan.supplies.len());
        for (at, supply) in plan.supplies.iter().enumerate() {
            let other = usize::from(supply.line).checked_sub(1);
            let planned = supply.receipt == NONE;
            all.push(PlannedSupply {
                supplier: match planned {
                    true => Supplier::Order(at),
                    false => Supplier::Receipt(supply.receipt as usize),
                },
                start: supply.start,
                due: supply.due,
                quantity: Quantity(supply.end - before),
                shop: match other {
                    Some(line) => named.alternates.get(line).map(|a| a.shop),
                    None => named.shop,
                },
                passes_through: planned && self.blows_through(item, supply.due),
                source: other.filter(|at| *at < named.sources.len()),
                explodes: supply.explodes,
            });
            before = supply.end;
        }
        all
    }

    /// When a supply of an item starts; none where there is no such supply.
    pub fn start_of(&self, item: usize, supply: usize) -> Option<Day> {
        let supplies = &self.items.get(item)?.supplies;
        supplies.get(supply).map(|supply| supply.start)
    }

    /// What a demand is given: day and quantity; in an unlimited plan all of it on its due date.
    pub fn deliveries(&self, demand: usize) -> Vec<(Day, Quantity)> {
        let Some(item) = self.problem.demands.get(demand).map(|d| d.item) else {
            return Vec::new();
        };
        let mine = self.items[item].deliveries.iter();
        mine.filter(|delivery| delivery.demand as usize == demand)
            .map(|delivery| (delivery.day, Quantity(delivery.quantity)))
            .collect()
    }

    /// True where a supply of that day is no order but passes through to the lines.
    pub(super) fn blows_through(&self, item: usize, day: Day) -> bool {
        day >= self.network.rules[item].blow_from
    }
}
