//! What a planner should do about orders: order, expedite, defer, cancel, increase, decrease, each with the demand
//! that causes it. It must not do it: a receipt or firm order stays as it is until somebody acts. Method: a supply is
//! wanted on the day of the first requirement at its height (Orlicky, chapter on rescheduling open orders).
//! Invariants: a message names one supply; a supply that is right has none.
use super::net::{NONE, Supply};
use super::peg::Supplier;
use super::plan::Plan;
use super::problem::Day;
use takt_kernel::{Date, Quantity};

/// What should be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// Release a planned order.
    Order,
    /// Have it earlier.
    Expedite,
    /// Have it later.
    Defer,
    /// Nobody needs it.
    Cancel,
    /// Have more of it, because a new order would come too late.
    Increase,
    /// Have less of it.
    Decrease,
}

impl Action {
    /// The word as it travels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Order => "ORDER",
            Self::Expedite => "EXPEDITE",
            Self::Defer => "DEFER",
            Self::Cancel => "CANCEL",
            Self::Increase => "INCREASE",
            Self::Decrease => "DECREASE",
        }
    }
}

/// One action on one supply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What should be done.
    pub action: Action,
    /// Index of the item.
    pub item: usize,
    /// The order or receipt.
    pub supplier: Supplier,
    /// The day of receipt as it stands.
    pub due: Date,
    /// The day of receipt as it should be.
    pub wanted: Option<Date>,
    /// How much it is about.
    pub quantity: Quantity,
    /// How many days ago a planned order should have been released; 0 where there is still time.
    pub past_due_days: i32,
    /// Index of the demand that causes it; none where nobody needs it or the safety stock does.
    pub demand: Option<usize>,
}

impl Plan {
    /// All messages, in item order; planned orders that are to be released within `horizon` days from today.
    pub fn messages(&self, horizon: i32) -> Vec<Message> {
        let mut messages = Vec::new();
        for item in 0..self.items.len() {
            self.messages_of(item, horizon, &mut messages);
        }
        messages
    }

    fn messages_of(&self, item: usize, horizon: i32, messages: &mut Vec<Message>) {
        let plan = &self.items[item];
        let rules = &self.network.rules[item];
        let required = plan.requirements.last().map_or(rules.safety, |r| r.end);
        let limit = self.problem.today.saturating_add(horizon);
        let mut before = rules.on_hand;
        // The latest receipt that a shortage could be added to.
        let mut open: Option<u32> = None;
        for (at, supply) in plan.supplies.iter().enumerate() {
            let span = (before, supply.end);
            before = supply.end;
            if supply.receipt == NONE {
                let blows = self.blows_through(item, supply.due);
                if !blows && supply.start <= limit {
                    messages.push(self.order_message(item, at, supply, span, open));
                }
                continue;
            }
            if supply.due >= self.problem.today {
                open = Some(supply.receipt);
            }
            self.receipt_messages(item, supply, span, required, messages);
        }
    }

    fn order_message(
        &self,
        item: usize,
        at: usize,
        supply: &Supply,
        span: (i64, i64),
        open: Option<u32>,
    ) -> Message {
        let past_due_days = (self.problem.today - supply.start).max(0);
        // Too late for an order of its own: a receipt that still comes in time can bring more.
        let grown = open.filter(|receipt| {
            past_due_days > 0 && self.problem.receipts[*receipt as usize].due <= supply.due
        });
        let (action, supplier) = match grown {
            Some(receipt) => (Action::Increase, Supplier::Receipt(receipt as usize)),
            None => (Action::Order, Supplier::Order(at)),
        };
        Message {
            action,
            item,
            supplier,
            due: self.problem.date(supply.due),
            wanted: Some(self.problem.date(self.wanted(item, span.0, supply.due))),
            quantity: Quantity(span.1 - span.0),
            past_due_days,
            demand: self.cause(item, Supplier::Order(at)),
        }
    }

    fn receipt_messages(
        &self,
        item: usize,
        supply: &Supply,
        span: (i64, i64),
        required: i64,
        messages: &mut Vec<Message>,
    ) {
        let supplier = Supplier::Receipt(supply.receipt as usize);
        let mut say = |action, wanted: Option<Day>, quantity, demand| {
            messages.push(Message {
                action,
                item,
                supplier,
                due: self.problem.date(supply.due),
                wanted: wanted.map(|day| self.problem.date(day)),
                quantity: Quantity(quantity),
                past_due_days: 0,
                demand,
            });
        };
        if span.0 >= required {
            say(Action::Cancel, None, span.1 - span.0, None);
            return;
        }
        let wanted = self.wanted(item, span.0, supply.due);
        let action = match wanted.cmp(&supply.due) {
            std::cmp::Ordering::Less => Some(Action::Expedite),
            std::cmp::Ordering::Greater => Some(Action::Defer),
            std::cmp::Ordering::Equal => None,
        };
        let cause = self.cause(item, supplier);
        let used = span.1.min(required) - span.0;
        if let Some(action) = action {
            say(action, Some(wanted), used, cause);
        }
        if span.1 > required {
            say(Action::Decrease, Some(wanted), span.1 - required, cause);
        }
    }

    /// The day of the first requirement above a height; safety stock is wanted when it comes.
    pub(super) fn wanted(&self, item: usize, height: i64, due: Day) -> Day {
        if height < self.network.rules[item].safety {
            return due;
        }
        let requirements = &self.items[item].requirements;
        let at = requirements.partition_point(|r| r.end <= height);
        requirements.get(at).map_or(due, |r| r.day)
    }
}
