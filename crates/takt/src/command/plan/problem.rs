//! `takt plan --problem`: plans a problem that stands in a folder. It must not know programmes.
use std::path::Path;
use std::time::Instant;

use takt_planning::mrp::{Bucket, Plan, PlannedRelease, Supplier};

use super::PlanArgs;
use super::told::{Explained, Item, Late, Lateness, Message, Peg, Planned, Release, Told};
use crate::failure::{Failure, Outcome};
use crate::output::{Format, tell};
use crate::problem::{planning, units};

pub(super) fn run(folder: &Path, args: &PlanArgs, output: Format) -> Outcome<()> {
    let mut problem = planning(folder, args.day_0)?;
    if let Some(today) = args.as_of {
        problem.today = today.days_since(args.day_0);
    }
    if args.week {
        problem.bucket = Bucket::Week;
    }
    let begun = Instant::now();
    let plan = if args.finite {
        Plan::finite(problem)
    } else {
        Plan::unlimited(problem)
    };
    let elapsed = begun.elapsed();
    let plan = plan.map_err(|error| Failure::bad_input(error.to_string()))?;
    let mut planned = planned(&plan, args, elapsed.as_secs_f64());
    planned.explained = args
        .explain
        .as_deref()
        .map(|id| explained(&plan, id))
        .transpose()?;
    planned.pegs = args.peg.as_deref().map(|id| pegs(&plan, id)).transpose()?;
    tell(output, &planned)
}

fn planned(plan: &Plan, args: &PlanArgs, elapsed_seconds: f64) -> Planned {
    let problem = plan.problem();
    let item = |(at, item): (usize, &takt_planning::mrp::Item)| {
        let told = plan.item(at)?;
        let release = |release: &PlannedRelease| Release {
            date: release.date.to_string(),
            due: release.due.to_string(),
            quantity: units(release.quantity),
            past_due_days: release.past_due_days,
            supplier: None,
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
    let late = plan.late();
    Planned {
        programme: None,
        as_of: problem.date(problem.today).to_string(),
        mode: if args.finite { "FINITE" } else { "UNLIMITED" },
        items: problem.items.iter().enumerate().filter_map(item).collect(),
        lateness: Lateness::of(plan, &late, args.finite),
        late: late.iter().map(|late| Late::of(plan, late)).collect(),
        messages: messages(plan, args.horizon),
        explained: None,
        pegs: None,
        order_count: plan.size().0,
        elapsed_seconds,
    }
}

fn messages(plan: &Plan, horizon: i32) -> Vec<Message> {
    let problem = plan.problem();
    let name = |at: usize| {
        problem
            .items
            .get(at)
            .map_or_else(String::new, |item| item.id.clone())
    };
    let told = |message: &takt_planning::mrp::Message| Message {
        action: message.action.as_str(),
        item: name(message.item),
        receipt: match message.supplier {
            Supplier::Receipt(at) => problem.receipts.get(at).map(|receipt| receipt.id.clone()),
            Supplier::OnHand | Supplier::Order(_) => None,
        },
        release: None,
        due: message.due.to_string(),
        wanted: message.wanted.map(|day| day.to_string()),
        quantity: units(message.quantity),
        past_due_days: message.past_due_days,
        order: (message.demand)
            .and_then(|at| problem.demands.get(at))
            .map(|demand| demand.id.clone()),
    };
    plan.messages(horizon).iter().map(told).collect()
}

fn demand(plan: &Plan, id: &str) -> Outcome<usize> {
    let found = plan
        .problem()
        .demands
        .iter()
        .position(|demand| demand.id == id);
    found.ok_or_else(|| {
        Failure::bad_input(format!("{id} is not a demand of the problem"))
            .with_way_out("name one of demands.csv")
    })
}

fn explained(plan: &Plan, id: &str) -> Outcome<Explained> {
    let at = demand(plan, id)?;
    let due = plan
        .problem()
        .demands
        .get(at)
        .map_or(0, |demand| demand.due);
    Ok(Explained {
        order: id.to_owned(),
        due: plan.problem().date(due).to_string(),
        late: plan.explain_late(at).map(|late| Late {
            reasons: late.reasons.iter().map(Told::from).collect(),
            ..Late::of(plan, &late)
        }),
    })
}

fn pegs(plan: &Plan, id: &str) -> Outcome<Vec<Peg>> {
    let problem = plan.problem();
    let at = demand(plan, id)?;
    let pegging = plan.peg_down(at, true);
    let told = |peg: &takt_planning::mrp::Peg| {
        let (kind, receipt) = match peg.supplier {
            Supplier::OnHand => ("ON_HAND", None),
            Supplier::Receipt(at) => ("RECEIPT", problem.receipts.get(at)),
            Supplier::Order(_) => ("ORDER", None),
        };
        let dated = kind != "ON_HAND";
        Peg {
            kind,
            id: problem
                .items
                .get(peg.item)
                .map_or_else(String::new, |item| item.id.clone()),
            receipt: receipt.map(|receipt| receipt.id.clone()),
            quantity: units(peg.quantity),
            release: dated.then(|| problem.date(peg.start).to_string()),
            due: dated.then(|| problem.date(peg.due).to_string()),
        }
    };
    Ok(pegging.supplies.iter().map(told).collect())
}
