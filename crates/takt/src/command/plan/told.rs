//! A plan as it is told, of a problem or of a programme. It must not know how it was made. Invariant: JSON holds all,
//! a person is shown the worst first.
use serde::Serialize;
use takt_kernel::{Quantity, Reason};
use takt_planning::mrp::{LateOrder, Plan};

use crate::output::{Answer, grouped, table, table_text};
use crate::problem::units;

/// The rows that a person is shown; JSON holds all.
const SHOWN: usize = 20;

/// A plan.
#[derive(Debug, Serialize)]
pub(super) struct Planned {
    /// The programme, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub programme: Option<String>,
    /// The day as of which it was made.
    pub as_of: String,
    /// `UNLIMITED` or `FINITE`.
    pub mode: &'static str,
    pub items: Vec<Item>,
    pub late: Vec<Late>,
    pub lateness: Lateness,
    pub messages: Vec<Message>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explained: Option<Explained>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pegs: Option<Vec<Peg>>,
    pub order_count: usize,
    pub elapsed_seconds: f64,
}

#[derive(Debug, Serialize)]
pub(super) struct Item {
    pub item: String,
    pub gross: f64,
    pub net: f64,
    pub planned_quantity: f64,
    pub orders: usize,
    pub releases: Vec<Release>,
}

#[derive(Debug, Serialize)]
pub(super) struct Release {
    pub date: String,
    pub due: String,
    pub quantity: f64,
    pub past_due_days: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supplier: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Late {
    pub order: String,
    pub days: i32,
    pub earliest: Option<String>,
    pub quantity: f64,
    pub reasons: Vec<Told>,
}

/// How late the plan is as a whole; nothing is late in a plan without limits that has time enough.
#[derive(Debug, Serialize)]
pub(super) struct Lateness {
    pub units: f64,
    pub unit_days: f64,
    pub unplanned: f64,
    /// No plan within the same capacity is below; a bound, not a plan.
    pub unit_days_at_least: f64,
}

/// An action on an order or receipt.
#[derive(Debug, Serialize)]
pub(super) struct Message {
    pub action: &'static str,
    pub item: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    pub due: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wanted: Option<String>,
    pub quantity: f64,
    pub past_due_days: i32,
    /// The demand that causes it; nobody needs a receipt that is to be cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
}

/// Whether an order is late, and why.
#[derive(Debug, Serialize)]
pub(super) struct Explained {
    pub order: String,
    pub due: String,
    pub late: Option<Late>,
}

/// A supply that belongs to an order, or a demand that an item is for.
#[derive(Debug, Serialize)]
pub(super) struct Peg {
    /// `ON_HAND`, `RECEIPT`, `ORDER` or `DEMAND`.
    pub kind: &'static str,
    /// The item, or the demand.
    pub id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    pub quantity: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
}

/// A reason with those upstream of it.
#[derive(Debug, Serialize)]
pub(super) struct Told {
    pub code: &'static str,
    pub subject: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    pub quantity: f64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub upstream: Vec<Told>,
}

impl From<&Reason> for Told {
    fn from(reason: &Reason) -> Self {
        Self {
            code: reason.code.as_str(),
            subject: reason.subject.clone(),
            from: reason.from.map(|date| date.to_string()),
            until: reason.until.map(|date| date.to_string()),
            quantity: units(reason.blocked),
            upstream: reason.upstream.iter().map(Self::from).collect(),
        }
    }
}

impl Late {
    /// A late demand under its name.
    pub(super) fn of(plan: &Plan, late: &LateOrder) -> Self {
        let demand = plan.problem().demands.get(late.demand);
        Self {
            order: demand.map_or_else(String::new, |demand| demand.id.clone()),
            days: late.days,
            earliest: late.earliest.map(|date| date.to_string()),
            quantity: units(late.quantity),
            reasons: late.reasons.iter().map(Told::from).collect(),
        }
    }
}

impl Lateness {
    /// The lateness of a plan: of a finite one what it says, else what its reasons say, because nothing is moved.
    pub(super) fn of(plan: &Plan, late: &[LateOrder], finite: bool) -> Self {
        let (late_units, unit_days, unplanned) = if finite {
            plan.lateness()
        } else {
            let sum = |of: fn(&LateOrder) -> i64| Quantity(late.iter().map(of).sum());
            let days = |late: &LateOrder| late.quantity.milli() * i64::from(late.days);
            (sum(|late| late.quantity.milli()), sum(days), Quantity::ZERO)
        };
        Self {
            units: units(late_units),
            unit_days: units(unit_days),
            unplanned: units(unplanned),
            unit_days_at_least: match finite {
                true => units(plan.late_unit_days_at_least()),
                false => 0.0,
            },
        }
    }
}

/// A chain of reasons as one line: each waits for the next.
fn chain(reason: &Told) -> String {
    let mut text = format!("{} {}", reason.code, reason.subject);
    if let Some(until) = &reason.until {
        text.push_str(&format!(" until {until}"));
    }
    if let Some(upstream) = reason.upstream.first() {
        text.push_str(" < ");
        text.push_str(&chain(upstream));
    }
    text
}

/// Reasons as an indented tree.
fn tree(reasons: &[Told], depth: usize, text: &mut String) {
    for reason in reasons {
        let indent = "  ".repeat(depth);
        let span = [("from", &reason.from), ("until", &reason.until)].map(|(word, date)| {
            date.as_ref()
                .map_or_else(String::new, |d| format!(" {word} {d}"))
        });
        let [from, until] = span;
        let quantity = reason.quantity;
        let (code, subject) = (reason.code, &reason.subject);
        text.push_str(&format!(
            "{indent}{code} {subject}{from}{until}, {quantity}\n"
        ));
        tree(&reason.upstream, depth + 1, text);
    }
}

fn count(number: usize) -> String {
    grouped(i64::try_from(number).unwrap_or(i64::MAX))
}

fn whole(quantity: f64) -> String {
    grouped(quantity.round() as i64)
}

fn more(all: usize) -> String {
    match all.checked_sub(SHOWN) {
        Some(left) if left > 0 => format!("and {} more; --output json tells all\n", count(left)),
        _ => String::new(),
    }
}

impl Planned {
    fn items_text(&self) -> String {
        let mut past: Vec<(&Item, i32)> = (self.items.iter())
            .map(|item| {
                let worst = item.releases.iter().map(|release| release.past_due_days);
                (item, worst.max().unwrap_or(0))
            })
            .collect();
        past.sort_by(|(a, x), (b, y)| {
            (y, b.planned_quantity)
                .partial_cmp(&(x, a.planned_quantity))
                .unwrap_or(std::cmp::Ordering::Equal)
        });
        let mut rows = table(&[
            "item",
            ">gross",
            ">net",
            ">planned",
            ">orders",
            "first release",
            ">days past due",
        ]);
        for (item, worst) in past.iter().take(SHOWN) {
            let first = item.releases.iter().map(|release| &release.date).min();
            rows.add_row([
                item.item.clone(),
                whole(item.gross),
                whole(item.net),
                whole(item.planned_quantity),
                item.orders.to_string(),
                first.cloned().unwrap_or_default(),
                worst.to_string(),
            ]);
        }
        table_text(&rows) + &more(past.len())
    }

    fn late_text(&self) -> String {
        if self.late.is_empty() {
            return "\nno order is late\n".to_owned();
        }
        let mut text = format!(
            "\norders late: {}; {} units, {} unit-days, {} not planned; no plan is below {} unit-days\n\n",
            count(self.late.len()),
            whole(self.lateness.units),
            whole(self.lateness.unit_days),
            whole(self.lateness.unplanned),
            whole(self.lateness.unit_days_at_least),
        );
        let mut rows = table(&["order", ">days", "earliest", "why"]);
        for late in self.late.iter().take(SHOWN) {
            let earliest = late.earliest.as_deref().unwrap_or("not planned");
            rows.add_row([
                late.order.clone(),
                late.days.to_string(),
                earliest.to_owned(),
                late.reasons.first().map_or_else(String::new, chain),
            ]);
        }
        text.push_str(&table_text(&rows));
        text + &more(self.late.len())
    }

    fn messages_text(&self) -> String {
        if self.messages.is_empty() {
            return "\nno messages\n".to_owned();
        }
        let mut text = format!("\nmessages: {}\n\n", count(self.messages.len()));
        let columns = [
            "action",
            "item",
            ">quantity",
            "release",
            "due",
            "wanted",
            "for",
        ];
        let mut rows = table(&columns);
        for message in self.messages.iter().take(SHOWN) {
            let word = |word: &Option<String>| word.clone().unwrap_or_default();
            rows.add_row([
                message.action.to_owned(),
                message.item.clone(),
                message.quantity.to_string(),
                word(&message.release),
                message.due.clone(),
                word(&message.wanted),
                word(&message.order),
            ]);
        }
        text.push_str(&table_text(&rows));
        text + &more(self.messages.len())
    }
}

fn explained_text(explained: &Explained) -> String {
    let (order, due) = (&explained.order, &explained.due);
    let Some(late) = &explained.late else {
        return format!("{order} is due on {due} and in time\n");
    };
    let earliest = late.earliest.as_deref().unwrap_or("not in the plan");
    let days = late.days;
    let mut text = format!("{order} is due on {due} and {days} days late; earliest {earliest}\n");
    tree(&late.reasons, 1, &mut text);
    text
}

fn pegs_text(pegs: &[Peg]) -> String {
    let mut rows = table(&["kind", "id", ">quantity", "release", "due", "receipt"]);
    for peg in pegs {
        let word = |word: &Option<String>| word.clone().unwrap_or_default();
        rows.add_row([
            peg.kind.to_owned(),
            peg.id.clone(),
            peg.quantity.to_string(),
            word(&peg.release),
            word(&peg.due),
            word(&peg.receipt),
        ]);
    }
    format!("{} pegs\n\n{}", count(pegs.len()), table_text(&rows))
}

impl Answer for Planned {
    fn text(&self) -> String {
        let mut text = format!(
            "{} items, {} planned orders in {:.3} s, {}, as of {}\n\n",
            count(self.items.len()),
            count(self.order_count),
            self.elapsed_seconds,
            match self.mode {
                "FINITE" => "within capacity",
                _ => "without limits of capacity",
            },
            self.as_of
        );
        // Who asks about one order or item wants that and not the rest.
        if self.explained.is_none() && self.pegs.is_none() {
            text.push_str(&self.items_text());
            text.push_str(&self.late_text());
            text.push_str(&self.messages_text());
        }
        if let Some(explained) = &self.explained {
            text.push_str(&explained_text(explained));
        }
        if let Some(pegs) = &self.pegs {
            text.push_str(&pegs_text(pegs));
        }
        text
    }
}
