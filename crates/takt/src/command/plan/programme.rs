//! `takt plan PROGRAMME`: the material plan of a programme folder, from the planning's pure functions alone. It must not
//! know services. Invariant: without `--as-of` nothing is built or ordered yet; with it, all went as planned before.
use std::time::Instant;

use takt_kernel::Date;
use takt_planning::material::{
    ItemPlan, MaterialPlan, Mode, Named, Release as SupplierRelease, Request, Supplied, translate,
};

use super::PlanArgs;
use super::told::{Explained, Item, Late, Lateness, Message, Peg, Planned, Release};
use crate::failure::{Failure, Outcome};
use crate::offline::{Offline, Standing};
use crate::output::{Format, tell};
use crate::problem::units;
use crate::programme::Folder;
use crate::replay::read_programme;

pub(super) fn run(source: &str, args: &PlanArgs, output: Format) -> Outcome<()> {
    let folder = Folder::open(source)?;
    let offline = Offline::sized(read_programme(&folder, true)?, args.vehicles)?;
    let as_of = args.as_of.unwrap_or(offline.sized.order_from);
    let begun = Instant::now();
    let standing = Standing::planned(&offline, as_of);
    let request = Request {
        as_of,
        mode: Mode {
            finite: args.finite,
            weekly: args.week,
        },
        position: &standing.position,
        stocks: &standing.stocks,
    };
    let translated = translate(&offline.basis(), &request);
    let plan = translated.and_then(|problem| MaterialPlan::run(problem, &standing.stocks, as_of));
    let plan = plan.map_err(|error| Failure::bad_input(error.to_string()))?;
    let told = Told {
        offline: &offline,
        plan: &plan,
    };
    tell(output, &told.planned(args, begun)?)
}

/// A plan with the names of its programme.
struct Told<'p> {
    offline: &'p Offline,
    plan: &'p MaterialPlan,
}

impl Told<'_> {
    fn planned(&self, args: &PlanArgs, begun: Instant) -> Outcome<Planned> {
        let late = self.plan.late();
        let items: Vec<Item> = (0..self.plan.items())
            .filter_map(|item| self.plan.item(item))
            .map(|item| self.item(&item))
            .collect();
        let messages = self.plan.messages(args.horizon);
        let mut planned = Planned {
            programme: Some(self.offline.sized.id.to_string()),
            as_of: self.plan.as_of().to_string(),
            mode: if args.finite { "FINITE" } else { "UNLIMITED" },
            order_count: items.iter().map(|item| item.orders).sum(),
            items,
            lateness: Lateness::of(self.plan.plan(), &late, args.finite),
            late: late
                .iter()
                .map(|late| Late::of(self.plan.plan(), late))
                .collect(),
            messages: messages
                .iter()
                .map(|message| self.message(message))
                .collect(),
            explained: None,
            pegs: None,
            elapsed_seconds: 0.0,
        };
        planned.explained = args
            .explain
            .as_deref()
            .map(|what| self.explain(what))
            .transpose()?;
        planned.pegs = args.peg.as_deref().map(|what| self.peg(what)).transpose()?;
        planned.elapsed_seconds = begun.elapsed().as_secs_f64();
        Ok(planned)
    }

    fn item(&self, told: &ItemPlan) -> Item {
        let suppliers = self
            .offline
            .sized
            .items
            .get(told.item)
            .map(|item| &item.agreements);
        let release = |release: &SupplierRelease| Release {
            date: release.on.to_string(),
            due: release.due.to_string(),
            quantity: units(release.quantity),
            past_due_days: release.past_due_days,
            supplier: (release.source)
                .and_then(|source| Some(suppliers?.get(source)?.supplier.to_string())),
        };
        Item {
            item: self.offline.item_id(told.item).to_owned(),
            gross: units(told.gross),
            net: units(told.net),
            planned_quantity: units(told.planned_quantity),
            orders: told.releases.len(),
            releases: told.releases.iter().map(release).collect(),
        }
    }

    fn message(&self, message: &Named) -> Message {
        let demand = message.demand.and_then(|at| self.plan.demand_at(at));
        Message {
            action: message.action.as_str(),
            item: self.offline.item_id(message.item).to_owned(),
            receipt: message.receipt.clone(),
            release: message.release_on.map(|date| date.to_string()),
            due: message.due.to_string(),
            wanted: message.wanted.map(|date| date.to_string()),
            quantity: units(message.quantity),
            past_due_days: message.past_due_days,
            order: demand.map(|demand| demand.id.clone()),
        }
    }

    /// An item, and the day of receipt where one is given; none where the name is not an item's.
    fn item_and_day(&self, what: &str) -> Outcome<Option<(usize, Option<Date>)>> {
        let (name, day) = match what.rsplit_once('@') {
            Some((name, day)) => (name, Some(day)),
            None => (what, None),
        };
        let Some(item) = self.offline.item(name) else {
            return match day {
                Some(_) => Err(Failure::bad_input(format!("{name} is not an item"))
                    .with_way_out("name one of items.csv, with its date as ITEM@2024-06-01")),
                None => Ok(None),
            };
        };
        let parse =
            |day: &str| Date::parse(day).map_err(|error| Failure::bad_input(error.to_string()));
        Ok(Some((item, day.map(parse).transpose()?)))
    }

    fn demand(&self, id: &str) -> Outcome<usize> {
        self.plan.demand(id).ok_or_else(|| {
            Failure::bad_input(format!("{id} is not in the plan as of {}", self.plan.as_of()))
                .with_way_out(
                    "name an order that is locked by that day and not built yet, or a forecast that the messages name",
                )
        })
    }

    fn explain(&self, what: &str) -> Outcome<Explained> {
        let demand = match self.item_and_day(what)? {
            None => self.demand(what)?,
            Some((item, day)) => {
                let above = self.plan.peg_up(item, day);
                let late = above.iter().map(|(demand, _)| *demand);
                let first = late
                    .clone()
                    .find(|demand| self.plan.explain(*demand).is_some());
                first.or_else(|| above.first().map(|(demand, _)| *demand)).ok_or_else(|| {
                    Failure::bad_input(format!("nothing of {what} is planned or expected"))
                        .with_way_out("the releases of --output json name the days on which an item is received")
                })?
            }
        };
        let named = self.plan.demand_at(demand);
        let due = named.map_or(0, |demand| demand.due);
        Ok(Explained {
            order: named.map_or_else(String::new, |demand| demand.id.clone()),
            due: self.plan.plan().problem().date(due).to_string(),
            late: self
                .plan
                .explain(demand)
                .map(|late| Late::of(self.plan.plan(), &late)),
        })
    }

    fn peg(&self, what: &str) -> Outcome<Vec<Peg>> {
        let Some((item, day)) = self.item_and_day(what)? else {
            let demand = self.demand(what)?;
            let pegs = self.plan.peg_down(demand, true);
            return Ok(pegs
                .iter()
                .map(|supplied| self.supplied(supplied))
                .collect());
        };
        let problem = self.plan.plan().problem();
        let above = self.plan.peg_up(item, day);
        let told = above.iter().filter_map(|(demand, quantity)| {
            let demand = self.plan.demand_at(*demand)?;
            Some(Peg {
                kind: "DEMAND",
                id: demand.id.clone(),
                receipt: None,
                quantity: units(*quantity),
                release: None,
                due: Some(problem.date(demand.due).to_string()),
            })
        });
        Ok(told.collect())
    }

    fn supplied(&self, supplied: &Supplied) -> Peg {
        let kind = match (&supplied.receipt, supplied.order) {
            (Some(_), _) => "RECEIPT",
            (None, Some(_)) => "ORDER",
            (None, None) => "ON_HAND",
        };
        Peg {
            kind,
            id: self.offline.item_id(supplied.item).to_owned(),
            receipt: supplied.receipt.clone(),
            quantity: units(supplied.quantity),
            release: supplied.order.map(|(release, _)| release.to_string()),
            due: supplied.order.map(|(_, due)| due.to_string()),
        }
    }
}
