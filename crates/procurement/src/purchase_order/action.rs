//! What a planner should do about each item: order, expedite, defer, cancel (APICS action messages).
//!
//! It must not know rows or messages. The k-th lot of an item is needed on the first day whose cumulative requirement
//! exceeds k lots; what is ordered is compared with that day, lot by lot.

use std::collections::BTreeMap;

use takt_kernel::{Date, ReasonCode};

use super::{Line, release};
use crate::{
    programme::{Bought, Catalogue, SourceNo},
    requirement::{Needs, Series},
};

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ActionKind {
    /// Lots are to be ordered.
    Order,
    /// Lots on order come later than they are needed.
    Expedite,
    /// Lots that have not left are needed later than they were ordered for.
    Defer,
    /// Lots that have not left are not needed any more.
    Cancel,
}

/// Something to do about lots of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Action {
    /// The item and supplier.
    pub(crate) source: SourceNo,
    /// The order line; 0 where nothing is ordered yet.
    pub(crate) line: i64,
    /// What to do.
    pub(crate) kind: ActionKind,
    /// When, or when the goods are expected.
    pub(crate) on: Date,
    /// The first need of these lots, if there is one.
    pub(crate) needed_on: Option<Date>,
    /// The lots.
    pub(crate) lots: i64,
    /// Why.
    pub(crate) cause: Option<ReasonCode>,
}

/// Where everything stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing<'a> {
    /// What the plan needs.
    pub(crate) needs: &'a Needs,
    /// What was ordered, used and lost.
    pub(crate) ordered: release::Ordered<'a>,
    /// The lines of which something is still to come.
    pub(crate) open: &'a [Line],
    /// When goods that are under way are expected, by line.
    pub(crate) expected: &'a BTreeMap<i64, Date>,
}

/// What to do as of a day, in the order of items.
pub(crate) fn actions(as_of: Date, catalogue: &Catalogue, standing: Standing<'_>) -> Vec<Action> {
    let mut actions = Vec::new();
    let due = release::lines_due(as_of, catalogue, standing.needs, standing.ordered, 1);
    let free = due.lines.into_iter().map(|line| {
        let cause = line.past_due.then_some(ReasonCode::LeadTimePastDue);
        (line, cause)
    });
    // What may not be ordered says why; it is to be ordered all the same once the reason is gone.
    let held = (due.held.into_iter()).map(|(line, reason)| (line, Some(reason)));
    for (line, cause) in free.chain(held) {
        let lead = catalogue
            .source(line.source)
            .map_or(0, |(_, source, _)| source.terms.lead_days);
        actions.push(Action {
            source: line.source,
            line: 0,
            kind: ActionKind::Order,
            on: (line.needed_on).minus(1 + lead + standing.ordered.safety.days(line.source)),
            needed_on: Some(line.needed_on),
            lots: line.lots,
            cause,
        });
    }
    let mut days: BTreeMap<u32, NeedDays> = BTreeMap::new();
    for line in standing.open {
        let item_no = line.source.item_no();
        let Some(bought) = catalogue.item_no(item_no) else {
            continue;
        };
        let days = days.entry(item_no).or_insert_with(|| {
            let past = standing
                .ordered
                .past
                .get(&item_no)
                .copied()
                .unwrap_or_default();
            let base = past.issued_before.milli().saturating_add(past.lost.milli());
            NeedDays::new(bought, standing.needs.series.get(&item_no), base)
        });
        line_actions(
            as_of,
            bought,
            line,
            days,
            standing.ordered.safety.days(line.source),
            standing.expected.get(&line.number).copied(),
            &mut actions,
        );
    }
    actions.sort_by_key(|action| (action.source, action.kind, action.on, action.line));
    actions
}

/// On which day each lot of an item is needed.
struct NeedDays {
    first: Date,
    lot: i64,
    /// The requirement through each day, with all that came before.
    through: Vec<i64>,
}

impl NeedDays {
    fn new(bought: &Bought, series: Option<&Series>, base: i64) -> Self {
        let mut total = base;
        let through = series
            .map_or(&[][..], |series| &series.days)
            .iter()
            .map(|need| {
                total = total.saturating_add(need.milli());
                total
            });
        let through = through.collect();
        Self {
            first: series.map_or(Date::MIN, |series| series.first),
            lot: bought.sourcing.lot.milli(),
            through,
        }
    }

    /// The day on which lot `k`, counted from 0, is used first; None where it is never needed.
    fn of(&self, k: i64) -> Option<Date> {
        let at = self
            .through
            .partition_point(|through| *through <= k.saturating_mul(self.lot));
        let day = i32::try_from(at).ok().filter(|_| at < self.through.len())?;
        Some(self.first.plus(day))
    }
}

/// Lots of a line for which the same is to be done.
#[derive(Default)]
struct Group {
    lots: i64,
    on: Option<Date>,
    needed_on: Option<Date>,
    cause: Option<ReasonCode>,
}

impl Group {
    fn add(&mut self, on: Date, needed_on: Option<Date>, cause: Option<ReasonCode>) {
        self.lots += 1;
        self.on.get_or_insert(on);
        self.needed_on = self.needed_on.or(needed_on);
        self.cause = self.cause.or(cause);
    }
}

fn line_actions(
    as_of: Date,
    bought: &Bought,
    line: &Line,
    days: &NeedDays,
    safety: i32,
    expected: Option<Date>,
    actions: &mut Vec<Action>,
) {
    let Some(place) = bought
        .sources
        .iter()
        .position(|source| source.number == line.source)
    else {
        return;
    };
    let transit = bought
        .sources
        .get(place)
        .map_or(0, |source| source.transit_days);
    let mut groups: BTreeMap<ActionKind, Group> = BTreeMap::new();
    for at in line.received + line.gone..line.lots - line.withdrawn {
        let needed = bought
            .sourcing
            .quota
            .place(place, line.first_lot + at - 1)
            .and_then(|k| days.of(k));
        let shipped = at < line.shipped;
        // What should have left and has not can leave today at the earliest.
        let overdue = !shipped && line.ship_on < as_of;
        let comes = match expected.filter(|_| shipped) {
            Some(expected) => expected,
            None if overdue => as_of.plus(transit),
            None => line.receipt_on,
        };
        match needed {
            Some(needed) if comes > needed.minus(1) => {
                let cause = match (shipped, overdue) {
                    (true, _) if comes > line.receipt_on => ReasonCode::Transport,
                    (false, true) => ReasonCode::AwaitSupply,
                    _ => ReasonCode::LeadTimePastDue,
                };
                groups.entry(ActionKind::Expedite).or_default().add(
                    comes,
                    Some(needed),
                    Some(cause),
                );
            }
            _ if shipped => {}
            Some(needed) if comes < needed.minus(1 + safety) => {
                groups
                    .entry(ActionKind::Defer)
                    .or_default()
                    .add(comes, Some(needed), None);
            }
            Some(_) => {}
            None => groups
                .entry(ActionKind::Cancel)
                .or_default()
                .add(comes, None, None),
        }
    }
    for (kind, group) in groups {
        let Some(on) = group.on else { continue };
        actions.push(Action {
            source: line.source,
            line: line.number,
            kind,
            on,
            needed_on: group.needed_on,
            lots: group.lots,
            cause: group.cause,
        });
    }
}
