//! `takt plan`: plans a problem that stands in a folder, without any service. It must not know how a plan is made.
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use serde::Serialize;
use takt_kernel::{Date, Quantity, Reason};
use takt_planning::mrp::{LateOrder, Plan};

use crate::failure::{Failure, Outcome};
use crate::output::{Answer, Format, grouped, table, table_text, tell};
use crate::problem::{planning, units};

const EXAMPLES: &str = "\
Examples:
  takt plan --problem ./problem              net requirements of every item, without limits of capacity
  takt plan --problem ./problem --finite     within the capacity of the shops
  takt plan --problem ./problem --today 2027-05-01 --output json

The folder holds items.csv, bom.csv, resources.csv, demands.csv and, if there are any, receipts.csv.";

/// The rows that a person is shown; JSON holds all.
const SHOWN: usize = 20;

/// What `takt plan` is told.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct PlanArgs {
    /// The folder of the problem
    #[arg(long, value_name = "DIR")]
    problem: PathBuf,

    /// Plan within the capacity of the shops
    #[arg(long)]
    finite: bool,

    /// The date of day 0 of the folder
    #[arg(long, value_name = "DATE", default_value = "2027-01-04", value_parser = date)]
    day_0: Date,

    /// The day as of which to plan [default: day 0]
    #[arg(long, value_name = "DATE", value_parser = date)]
    today: Option<Date>,
}

fn date(text: &str) -> Result<Date, String> {
    Date::parse(text).map_err(|error| error.to_string())
}

/// A plan as it is told.
#[derive(Debug, Serialize)]
struct Planned {
    /// `UNLIMITED` or `FINITE`.
    mode: &'static str,
    items: Vec<Item>,
    late: Vec<Late>,
    lateness: Lateness,
    order_count: usize,
    elapsed_seconds: f64,
}

#[derive(Debug, Serialize)]
struct Item {
    item: String,
    gross: f64,
    net: f64,
    planned_quantity: f64,
    orders: usize,
    releases: Vec<Release>,
}

#[derive(Debug, Serialize)]
struct Release {
    date: String,
    due: String,
    quantity: f64,
    past_due_days: i32,
}

#[derive(Debug, Serialize)]
struct Late {
    order: String,
    days: i32,
    earliest: Option<String>,
    quantity: f64,
    reasons: Vec<Told>,
}

/// How late the plan is as a whole; nothing is late in a plan without limits that has time enough.
#[derive(Debug, Serialize)]
struct Lateness {
    units: f64,
    unit_days: f64,
    unplanned: f64,
    /// No plan within the same capacity is below; a bound, not a plan.
    unit_days_at_least: f64,
}

/// A reason with those upstream of it.
#[derive(Debug, Serialize)]
struct Told {
    code: &'static str,
    subject: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    quantity: f64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    upstream: Vec<Told>,
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

pub(super) fn run(args: PlanArgs, output: Format) -> Outcome<()> {
    let mut problem = planning(&args.problem, args.day_0)?;
    if let Some(today) = args.today {
        problem.today = today.days_since(args.day_0);
    }
    let begun = Instant::now();
    let plan = if args.finite {
        Plan::finite(problem)
    } else {
        Plan::unlimited(problem)
    };
    let elapsed = begun.elapsed();
    let plan = plan.map_err(|error| Failure::bad_input(error.to_string()))?;
    tell(output, &planned(&plan, args.finite, elapsed.as_secs_f64()))
}

fn planned(plan: &Plan, finite: bool, elapsed_seconds: f64) -> Planned {
    let problem = plan.problem();
    let item = |(at, item): (usize, &takt_planning::mrp::Item)| {
        let told = plan.item(at)?;
        let release = |release: &takt_planning::mrp::PlannedRelease| Release {
            date: release.date.to_string(),
            due: release.due.to_string(),
            quantity: units(release.quantity),
            past_due_days: release.past_due_days,
        };
        Some(Item {
            item: item.id.clone(),
            gross: units(told.gross),
            net: units(told.net),
            planned_quantity: units(told.planned_quantity),
            orders: told.orders,
            releases: told.releases.iter().map(release).collect(),
        })
    };
    let late = |late: LateOrder| Late {
        order: problem
            .demands
            .get(late.demand)
            .map_or_else(String::new, |demand| demand.id.clone()),
        days: late.days,
        earliest: late.earliest.map(|date| date.to_string()),
        quantity: units(late.quantity),
        reasons: late.reasons.iter().map(Told::from).collect(),
    };
    let all_late = plan.late();
    let (late_units, unit_days, unplanned) = if finite {
        plan.lateness()
    } else {
        // Without limits nothing is moved; what is late is what its reasons say.
        let sum = |of: fn(&LateOrder) -> i64| Quantity(all_late.iter().map(of).sum());
        let days = |late: &LateOrder| late.quantity.milli() * i64::from(late.days);
        (sum(|late| late.quantity.milli()), sum(days), Quantity::ZERO)
    };
    Planned {
        mode: if finite { "FINITE" } else { "UNLIMITED" },
        items: problem.items.iter().enumerate().filter_map(item).collect(),
        late: all_late.into_iter().map(late).collect(),
        lateness: Lateness {
            units: units(late_units),
            unit_days: units(unit_days),
            unplanned: units(unplanned),
            unit_days_at_least: if finite {
                units(plan.late_unit_days_at_least())
            } else {
                0.0
            },
        },
        order_count: plan.size().0,
        elapsed_seconds,
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

impl Answer for Planned {
    fn text(&self) -> String {
        let whole = |quantity: f64| grouped(quantity.round() as i64);
        let mut text = format!(
            "{} items, {} planned orders in {:.3} s, {}\n\n",
            grouped(i64::try_from(self.items.len()).unwrap_or(i64::MAX)),
            grouped(i64::try_from(self.order_count).unwrap_or(i64::MAX)),
            self.elapsed_seconds,
            match self.mode {
                "FINITE" => "within capacity",
                _ => "without limits of capacity",
            }
        );
        let mut past: Vec<(&Item, i32)> = self
            .items
            .iter()
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
            rows.add_row([
                item.item.clone(),
                whole(item.gross),
                whole(item.net),
                whole(item.planned_quantity),
                item.orders.to_string(),
                item.releases
                    .first()
                    .map_or_else(String::new, |release| release.date.clone()),
                worst.to_string(),
            ]);
        }
        text.push_str(&table_text(&rows));
        if past.len() > SHOWN {
            text.push_str(&format!(
                "and {} items more; --output json tells all\n",
                past.len() - SHOWN
            ));
        }
        if self.late.is_empty() {
            text.push_str("\nno order is late\n");
            return text;
        }
        text.push_str(&format!(
            "\norders late: {}; {} units, {} unit-days, {} not planned; no plan is below {} unit-days\n\n",
            self.late.len(),
            whole(self.lateness.units),
            whole(self.lateness.unit_days),
            whole(self.lateness.unplanned),
            whole(self.lateness.unit_days_at_least),
        ));
        let mut rows = table(&["order", ">days", "earliest", "why"]);
        for late in self.late.iter().take(SHOWN) {
            rows.add_row([
                late.order.clone(),
                late.days.to_string(),
                late.earliest
                    .clone()
                    .unwrap_or_else(|| "not planned".to_owned()),
                late.reasons.first().map_or_else(String::new, chain),
            ]);
        }
        text.push_str(&table_text(&rows));
        text
    }
}
