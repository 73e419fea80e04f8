//! The course of the ramp: running totals, what lies between plan and line, and what days are counted from.
//!
//! It must not know rows or messages. Invariants: totals are of whole days, oldest first and without a gap; an event that
//! lies after a milestone is not one that its days can be counted from.

use std::collections::BTreeMap;

use takt_kernel::Date;
use takt_planning::{
    earned_schedule::{deviation_millidays, deviation_units},
    milestone_forecast::days_from,
};

use super::Milestone;
use crate::product::Product;

/// Running totals at the end of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// The day.
    pub on: Date,
    /// What the ramp plan wants.
    pub wanted: i64,
    /// What the first plan has.
    pub planned: i64,
    /// What was built.
    pub built: i64,
    /// Built less wanted.
    pub ahead_units: i64,
    /// Ahead of the ramp plan, in thousandths of a day.
    pub ahead_millidays: i64,
    /// Ahead of the first plan.
    pub ahead_of_planned_millidays: i64,
}

/// Running totals by day from the first day of the ramp plan through a day.
fn running(first: Date, through: Date, on: impl Fn(Date) -> i64) -> Vec<i64> {
    let days = through.days_since(first) + 1;
    let mut sum = 0;
    (0..days.max(0))
        .map(|day| {
            sum += on(first.plus(day));
            sum
        })
        .collect()
}

/// The totals at the end of every Sunday and of the last day.
pub fn totals(
    product: &Product,
    planned: &BTreeMap<Date, i64>,
    built: &BTreeMap<Date, i64>,
    through: Date,
) -> Vec<Totals> {
    let first = product.ramp.first_day();
    let count = |days: &BTreeMap<Date, i64>, on: Date| days.get(&on).copied().unwrap_or(0);
    let wanted_on = |on| {
        (0..product.variants.len())
            .map(|variant| product.ramp.on(on, variant))
            .sum()
    };
    let wanted = running(first, product.ramp.last_day(), wanted_on);
    let last_planned = planned.keys().next_back().copied().unwrap_or(first);
    let plan = running(first, last_planned, |on| count(planned, on));
    let done = running(first, through, |on| count(built, on));
    let upto = |totals: &[i64], at: usize| {
        let last = totals.last().copied().unwrap_or(0);
        totals.get(at).copied().unwrap_or(last)
    };
    let mut all = Vec::new();
    for (at, built) in done.iter().enumerate() {
        let on = first.plus(i32::try_from(at).unwrap_or(i32::MAX));
        if on.weekday() != takt_kernel::Weekday::Sunday && at + 1 < done.len() {
            continue;
        }
        let today = i64::try_from(at).unwrap_or(i64::MAX) + 1;
        let due = upto(&wanted, at);
        all.push(Totals {
            on,
            wanted: due,
            planned: upto(&plan, at),
            built: *built,
            ahead_units: deviation_units(due, *built),
            ahead_millidays: deviation_millidays(&wanted, *built, today).unwrap_or(0),
            ahead_of_planned_millidays: deviation_millidays(&plan, *built, today).unwrap_or(0),
        });
    }
    all
}

/// An event that days are counted from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartEvent {
    /// What it is.
    pub event: String,
    /// Its day.
    pub on: Date,
    /// The days from it.
    pub days: i32,
}

/// The events before a day, oldest first: the launch, the first build, the first handover allowed, and every published
/// milestone.
pub fn start_events(
    product: &Product,
    milestones: &[Milestone],
    first_built: Option<Date>,
    reached: Date,
) -> Vec<StartEvent> {
    let programme = &product.programme;
    let mut events = vec![
        ("LAUNCH".to_owned(), programme.launch_on),
        ("FIRST_HANDOVER".to_owned(), programme.first_handover_on),
    ];
    events.extend(first_built.map(|on| ("FIRST_BUILD".to_owned(), on)));
    events.extend(
        milestones
            .iter()
            .map(|milestone| (milestone.event.clone(), milestone.published_on)),
    );
    events.retain(|(_, on)| *on < reached);
    events.sort_by_key(|(_, on)| *on);
    events
        .into_iter()
        .map(|(event, on)| StartEvent {
            event,
            on,
            days: days_from(on, reached),
        })
        .collect()
}
