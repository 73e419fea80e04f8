//! The limits of a planning problem, checked once before anything is computed. It must not know how a plan is
//! made. Invariant: what passes has indices that exist, days within a century and quantities whose products fit.
use super::error::MrpError;
use super::problem::{Capacity, Demand, Item, Line, Problem, Receipt, Shop};
use takt_kernel::Share;

/// A quantity is at most ten billion units.
pub(super) const QUANTITY: i64 = 10_000_000_000_000;
/// A day is within a century of the first.
pub(super) const DAY: i32 = 36_525;
/// A lead time, fence or period is at most ten years.
pub(super) const SPAN: i32 = 3_653;
/// A bill of material has at most so many levels.
pub(super) const LEVELS: u32 = 200;
const COUNT: usize = 20_000_000;
const WORK: i64 = 1_000_000_000_000;

/// Refuses what cannot be planned.
pub(super) fn check(problem: &Problem) -> Result<(), MrpError> {
    let counts = [
        ("items", problem.items.len()),
        ("lines", problem.lines.len()),
        ("demands", problem.demands.len()),
        ("receipts", problem.receipts.len()),
    ];
    for (figure, count) in counts {
        let rule = "plan at most 20000000 at once";
        require(count <= COUNT, "the problem", figure, count, rule)?;
    }
    day("the problem", "today", problem.today)?;
    span("the problem", "reschedule_days", problem.reschedule_days)?;
    problem.shops.iter().try_for_each(|s| shop(problem, s))?;
    problem.items.iter().try_for_each(|i| item(problem, i))?;
    problem.lines.iter().try_for_each(|l| line(problem, l))?;
    problem
        .demands
        .iter()
        .try_for_each(|d| demand(problem, d))?;
    problem
        .receipts
        .iter()
        .try_for_each(|r| receipt(problem, r))
}

fn require(
    holds: bool,
    subject: &str,
    figure: &'static str,
    value: impl ToString,
    rule: &'static str,
) -> Result<(), MrpError> {
    if holds {
        Ok(())
    } else {
        Err(MrpError::range(subject, figure, value, rule))
    }
}

fn day(subject: &str, figure: &'static str, value: i32) -> Result<(), MrpError> {
    let rule = "give a day within 36525 days of the first";
    require((-DAY..=DAY).contains(&value), subject, figure, value, rule)
}

fn span(subject: &str, figure: &'static str, value: i32) -> Result<(), MrpError> {
    let rule = "give 0 to 3653 days";
    require((0..=SPAN).contains(&value), subject, figure, value, rule)
}

fn quantity(subject: &str, figure: &'static str, milli: i64) -> Result<(), MrpError> {
    let value = takt_kernel::Quantity(milli);
    let rule = "give 0 to 10000000000";
    require(
        (0..=QUANTITY).contains(&milli),
        subject,
        figure,
        value,
        rule,
    )
}

fn known(subject: &str, kind: &'static str, index: usize, count: usize) -> Result<(), MrpError> {
    if index < count {
        return Ok(());
    }
    Err(MrpError::Unknown {
        subject: subject.to_owned(),
        kind,
        index,
        count,
    })
}

fn shop(problem: &Problem, shop: &Shop) -> Result<(), MrpError> {
    if let Some(calendar) = shop.calendar {
        known(&shop.id, "calendar", calendar, problem.calendars.len())?;
    }
    let (Capacity::Week(usual) | Capacity::Day(usual)) = shop.capacity;
    let special = shop.exceptions.iter().map(|(_, hours)| *hours);
    for hours in special.chain([usual]) {
        let rule = "give 0 to 1000000000 hours, in thousandths";
        let holds = (0..=WORK).contains(&hours);
        require(holds, &shop.id, "capacity", hours, rule)?;
    }
    Ok(())
}

fn item(problem: &Problem, item: &Item) -> Result<(), MrpError> {
    let id = &item.id;
    if let Some(calendar) = item.calendar {
        known(id, "calendar", calendar, problem.calendars.len())?;
    }
    for shop in item
        .shop
        .into_iter()
        .chain(item.alternates.iter().map(|a| a.shop))
    {
        known(id, "shop", shop, problem.shops.len())?;
    }
    let work = item.alternates.iter().map(|a| a.micro_hours);
    for micro in work.chain([item.micro_hours, item.changeover_micro_hours]) {
        let rule = "give 0 to 1000 hours a unit, in millionths";
        let holds = (0..=1_000_000_000).contains(&micro);
        require(holds, id, "micro_hours", micro, rule)?;
    }
    span(id, "lead_days", item.lead_days)?;
    span(id, "fence_days", item.fence_days)?;
    quantity(id, "safety_stock", item.safety_stock.milli())?;
    quantity(id, "on_hand", item.on_hand.milli())?;
    let good = item.order_yield;
    let holds = (1000..=Share::ONE.0).contains(&good.0);
    let rule = "give 0.001 to 1";
    require(holds, id, "order_yield", good, rule)?;
    item.lot.check(id)?;
    let bought = item.source == super::problem::Source::Buy;
    super::source::check(id, bought, &item.lot, &item.sources)
}

fn line(problem: &Problem, line: &Line) -> Result<(), MrpError> {
    known("a line", "item", line.parent, problem.items.len())?;
    known("a line", "item", line.child, problem.items.len())?;
    let name = |at: usize| problem.items.get(at).map_or("?", |item| item.id.as_str());
    let holds = (0..=QUANTITY).contains(&line.quantity.milli())
        && (0..Share::ONE.0).contains(&line.scrap.0);
    if !holds {
        let subject = format!("{} in {}", name(line.child), name(line.parent));
        let value = format!("{} with scrap {}", line.quantity, line.scrap);
        let rule = "give a quantity of 0 to 10000000000 and a scrap of at least 0 and below 1";
        return Err(MrpError::range(&subject, "quantity", value, rule));
    }
    Ok(())
}

/// Refuses a demand that cannot be planned.
pub(super) fn demand(problem: &Problem, demand: &Demand) -> Result<(), MrpError> {
    known(&demand.id, "item", demand.item, problem.items.len())?;
    quantity(&demand.id, "quantity", demand.quantity.milli())?;
    day(&demand.id, "due", demand.due)
}

/// Refuses a receipt that cannot be planned.
pub(super) fn receipt(problem: &Problem, receipt: &Receipt) -> Result<(), MrpError> {
    known(&receipt.id, "item", receipt.item, problem.items.len())?;
    quantity(&receipt.id, "quantity", receipt.quantity.milli())?;
    day(&receipt.id, "due", receipt.due)
}
