//! Which lines to order on a day: netting over all items, made into lines with lot numbers and dates.
//!
//! It must not know rows or messages. Invariants: what was ordered once counts for ever, so nothing is ordered twice;
//! lines are numbered by supplier, item and day of use, whatever order the items were looked at in; what may not be ordered is told
//! with its reason and takes no numbers, so it is due again on the next day.

use std::collections::BTreeMap;

use takt_kernel::{Date, Quantity, ReasonCode};
use takt_planning::netting::{Position, release_on};

use super::{Line, Word};
use crate::{
    programme::{Bought, Catalogue, SourceNo},
    requirement::{Needs, Series},
    safety::Safety,
    sourcing::Gate,
};

/// What has happened to an item as far as netting is concerned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Past {
    /// What was issued before the plan's day.
    pub(crate) issued_before: Quantity,
    /// What was ordered and will not be usable.
    pub(crate) lost: Quantity,
}

/// What there is to net against.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ordered<'a> {
    /// The past of each item.
    pub(crate) past: &'a BTreeMap<u32, Past>,
    /// The lots ordered so far from each source.
    pub(crate) lots: &'a BTreeMap<SourceNo, i64>,
    /// What stands between some sources and an order.
    pub(crate) gates: &'a BTreeMap<SourceNo, Gate>,
    /// The safety times of sources.
    pub(crate) safety: &'a Safety,
}

/// What is due to be ordered.
#[derive(Debug, Default)]
pub(crate) struct Due {
    /// The lines, numbered.
    pub(crate) lines: Vec<Line>,
    /// What may not be ordered, and why.
    pub(crate) held: Vec<(Line, ReasonCode)>,
}

/// What is due on a day, the lines with numbers from `next_line` on.
pub(crate) fn lines_due(
    date: Date,
    catalogue: &Catalogue,
    needs: &Needs,
    ordered: Ordered<'_>,
    next_line: i64,
) -> Due {
    let (mut due, mut held) = (Vec::new(), Vec::new());
    for bought in catalogue.bought() {
        if let Some(series) = needs.series.get(&bought.item.number) {
            item_due(date, bought, series, ordered, &mut due, &mut held);
        }
    }
    due.sort_by_key(|(supplier, line): &(usize, Line)| (*supplier, line.source, line.needed_on));
    let numbered = (next_line..).zip(due);
    Due {
        lines: numbered
            .map(|(number, (_, line))| Line { number, ..line })
            .collect(),
        held,
    }
}

/// The lots of an item ordered so far, by the place of the source.
pub(crate) fn released(bought: &Bought, ordered: Ordered<'_>) -> Vec<i64> {
    let lots = |source: &crate::programme::Source| {
        ordered
            .lots
            .get(&source.number)
            .copied()
            .unwrap_or_default()
    };
    bought.sources.iter().map(lots).collect()
}

fn item_due(
    date: Date,
    bought: &Bought,
    series: &Series,
    ordered: Ordered<'_>,
    due: &mut Vec<(usize, Line)>,
    held: &mut Vec<(Line, ReasonCode)>,
) {
    let past = ordered
        .past
        .get(&bought.item.number)
        .copied()
        .unwrap_or_default();
    let mut released = released(bought, ordered);
    let sources = bought.sources.iter();
    let safety: Vec<i32> = sources
        .map(|source| ordered.safety.days(source.number))
        .collect();
    let position = Position {
        issued: past.issued_before,
        lost: past.lost,
        released: &released,
        safety: &safety,
    };
    let releases = release_on(date, series.first, &series.days, &bought.sourcing, position);
    for release in releases {
        let (Some(source), Some(lots)) = (
            bought.sources.get(release.supplier),
            released.get_mut(release.supplier),
        ) else {
            continue;
        };
        let line = Line {
            number: 0,
            source: source.number,
            first_lot: *lots + 1,
            lots: release.lots,
            lot_size: bought.sourcing.lot,
            needed_on: release.use_on,
            receipt_on: release.receipt_on,
            // RULES 4: the goods leave so that they are there on the evening of the receipt.
            ship_on: release.receipt_on.minus(source.transit_days),
            released_on: date,
            past_due: release.past_due,
            word: Word::Pending,
            shipped: 0,
            received: 0,
            gone: 0,
            withdrawn: 0,
            version: 1,
            asked_lots: release.lots,
            asked_on: release.receipt_on,
            accepted_lots: 0,
            answered_on: None,
            proposal: None,
            invoiced: Quantity::ZERO,
        };
        let gate = ordered.gates.get(&source.number);
        if let Some(reason) = gate.and_then(|gate| gate.holds(date, line.receipt_on)) {
            held.push((line, reason));
            continue;
        }
        *lots += release.lots;
        due.push((source.supplier, line));
    }
}
