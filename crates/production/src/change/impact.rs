//! What a change does, worked out on the plan as it would be with it.
//!
//! It must not know rows or messages. Invariants: vehicles with and without the change add up to those of the programme that can
//! have it; need, stock and orders are as of one day; a figure that nobody gave is named.

use std::collections::{BTreeMap, BTreeSet};

use takt_kernel::{Amount, Date, MoneyError, Quantity, Reason, ReasonCode};
use takt_planning::change::{Leftover, Part, gate, leftover};

use super::{Affected, Change, Gates};
use crate::{
    peers::outlook::{Outlook, supply},
    plan::{Needed, Position, needed},
    product::Product,
};

/// What a change does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impact {
    /// The day as of which.
    pub as_of: Date,
    /// What is left over of each item that goes out.
    pub leftovers: Vec<LeftoverItem>,
    /// Vehicles of the programme without the change that could have had it, built ones included.
    pub old_vehicles: i64,
    /// Vehicles of the programme with the change.
    pub new_vehicles: i64,
    /// The first vehicle with it by the plan: day and build number.
    pub begins: Option<(Date, i64)>,
    /// The first day on which the new items can be there.
    pub first_possible: Option<Date>,
    /// What decides that day.
    pub reasons: Vec<Reason>,
    /// Whether every figure was known.
    pub complete: bool,
}

/// What is left over of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeftoverItem {
    /// The item.
    pub item: usize,
    /// What vehicles still use.
    pub need: Quantity,
    /// What is in the house.
    pub on_hand: Quantity,
    /// What is on order.
    pub open: Quantity,
    /// What stays.
    pub left: Leftover,
    /// The money in the stock that stays, where the price is known.
    pub obsolete_cost: Option<Amount>,
    /// The money in the orders that are not needed, where the price is known.
    pub liability_cost: Option<Amount>,
}

impl Impact {
    /// Whether the new items can be there by the first vehicle.
    pub fn possible(&self) -> bool {
        self.first_possible
            .is_some_and(|possible| self.begins.is_none_or(|(begins, _)| possible <= begins))
    }

    /// The same as a gate for the release.
    pub fn gates(&self) -> Gates {
        let why = match (self.begins, self.first_possible, self.reasons.first()) {
            (Some((begins, _)), Some(possible), _) => {
                format!(
                    "the first vehicle is planned for {begins} and the new items can be there on {possible}"
                )
            }
            (_, None, Some(reason)) => format!("{} of {}", reason.code, reason.subject),
            _ => "the new items have no date".to_owned(),
        };
        Gates {
            possible: self.possible(),
            why,
        }
    }
}

/// The bought items below the affected ones: those that go out, those that come in.
pub fn bought_items(product: &Product, items: &[Affected]) -> (Vec<usize>, Vec<usize>) {
    let below = |id: fn(&Affected) -> &str| {
        let mut found = BTreeSet::new();
        let mut open: Vec<usize> = items
            .iter()
            .filter_map(|item| product.item(id(item)))
            .collect();
        while let Some(item) = open.pop() {
            match product.items.get(item) {
                Some(known) if known.made => {
                    open.extend(product.bom.lines_of(item).iter().map(|line| line.child));
                }
                Some(_) => {
                    found.insert(item);
                }
                None => {}
            }
        }
        found.into_iter().collect()
    };
    (below(|item| &item.old), below(|item| &item.new))
}

/// What an assessment starts from.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// The day as of which to look.
    pub as_of: Date,
    /// What was built, and what waits.
    pub position: Position,
    /// The vehicles built with an old item before the break point, and with a new one behind it.
    pub built: (i64, i64),
    /// What stands behind the bought items.
    pub outlooks: Vec<Outlook>,
}

/// What a change does to a product that has it.
///
/// # Errors
/// `MoneyError` when an amount does not fit.
pub fn impact(product: &Product, change: &Change, start: &Start) -> Result<Impact, MoneyError> {
    let (as_of, outlooks) = (start.as_of, &start.outlooks);
    let needed = needed(product, &start.position, &supply(outlooks), as_of);
    let (old, new) = bought_items(product, &change.spec.items);
    let by_item: BTreeMap<usize, &Outlook> =
        outlooks.iter().map(|found| (found.item, found)).collect();
    let mut found = counted(product, change, start, &needed);
    for item in old {
        let Some(outlook) = by_item.get(&item).filter(|outlook| outlook.known) else {
            found.complete = false;
            continue;
        };
        let series = needed.requirements.by_item.get(item);
        let need = Quantity(series.into_iter().flatten().map(|day| day.milli()).sum());
        let left = leftover(outlook.on_hand, outlook.open, need);
        let cost = |quantity| {
            outlook
                .price
                .map(|price| price.amount(quantity))
                .transpose()
        };
        found.leftovers.push(LeftoverItem {
            item,
            need,
            on_hand: outlook.on_hand,
            open: outlook.open,
            left,
            obsolete_cost: cost(left.obsolete)?,
            liability_cost: cost(left.liability)?,
        });
    }
    for item in new {
        let series = needed.requirements.by_item.get(item);
        let days: Vec<i64> = series
            .into_iter()
            .flatten()
            .map(|day| day.milli())
            .collect();
        // The most of seven days in a row.
        let week = days
            .windows(7.min(days.len().max(1)))
            .map(|week| week.iter().sum::<i64>());
        let weekly = Quantity(week.max().unwrap_or(0));
        let Some(outlook) = by_item.get(&item).filter(|outlook| outlook.known) else {
            found.complete = false;
            found.first_possible = None;
            found.reasons.push(Reason {
                code: ReasonCode::TierUnknown,
                subject: product
                    .items
                    .get(item)
                    .map_or_else(String::new, |known| known.item_id.clone()),
                from: None,
                until: None,
                blocked: weekly,
                upstream: Vec::new(),
            });
            continue;
        };
        let gate = gate(as_of, &outlook.sources, weekly);
        found.complete &= gate.complete;
        found.first_possible = found
            .first_possible
            .zip(gate.first_possible)
            .map(|(a, b)| a.max(b));
        found.reasons.extend(gate.reasons);
    }
    found
        .reasons
        .sort_by_key(|reason| (reason.until.is_some(), std::cmp::Reverse(reason.until)));
    Ok(found)
}

/// The vehicles with and without the change, and where it begins by the plan.
fn counted(product: &Product, change: &Change, start: &Start, needed: &Needed) -> Impact {
    let affected = change
        .spec
        .items
        .iter()
        .flat_map(|item| [&item.old, &item.new]);
    let affected: Vec<usize> = affected.filter_map(|id| product.item(id)).collect();
    let uses = |variant: usize| {
        let used = |item: &usize| product.bom.is_used_by(*item, variant);
        affected.iter().any(used)
    };
    let mut found = Impact {
        as_of: start.as_of,
        leftovers: Vec::new(),
        old_vehicles: start.built.0,
        new_vehicles: start.built.1,
        begins: None,
        first_possible: Some(start.as_of),
        reasons: Vec::new(),
        complete: true,
    };
    let built: i64 = start.position.built.iter().sum();
    let mask = change.bit.map_or(0, |bit| 1usize << bit);
    let mut planned = 0;
    let mut on = needed.material.first;
    for counts in &needed.material.days {
        let mut build = built + planned + 1;
        for Part {
            changes,
            variant,
            units,
        } in needed.breaks.parts(on, planned, counts)
        {
            match (uses(variant), changes & mask != 0) {
                (true, true) => {
                    found.new_vehicles += units;
                    found.begins = found.begins.or(Some((on, build)));
                }
                (true, false) => found.old_vehicles += units,
                (false, _) => {}
            }
            build += units;
        }
        planned += counts.iter().sum::<i64>();
        on = on.plus(1);
    }
    found
}
