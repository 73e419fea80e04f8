//! What a change would do to a plan: the kept one is copied, changed where the change touches it, and compared.
//!
//! It must not know the database. Invariant: the kept plan stays as it is.

use std::collections::BTreeMap;

use takt_contract::{
    date_opt,
    production::v1::{self as pb, replan_request as asked},
};
use takt_kernel::{Quantity, Violations};
use takt_planning::mrp::{Change, Demand, Receipt};
use takt_service::Error;

use super::{
    MaterialRefusal, Told,
    wire::{item_head_pb, late_pb},
};
use crate::product::Product;

/// The most late demands that are told.
const DEMANDS: usize = 50;
/// The most items that are told.
const ITEMS: usize = 500;

/// Reads a change.
///
/// # Errors
/// `Invalid` or `Missing` where it names what is not there.
pub fn change_of(told: &Told, change: Option<asked::Change>) -> Result<Change, Error> {
    let problem = told.plan.plan().problem();
    let mut violations = Violations::new();
    let days = |date: takt_kernel::Date| date.days_since(problem.first);
    let change = match change {
        None => {
            return Err(Error::invalid(
                "change",
                "give a demand, a receipt or a shop day",
            ));
        }
        Some(asked::Change::Demand(changed)) => {
            let due = date_opt(changed.due_on.as_ref(), "demand.due_on", &mut violations);
            let found = told.plan.demand(&changed.demand_id);
            let at = found.ok_or_else(|| {
                MaterialRefusal::NoDemand(changed.demand_id.clone(), told.head.plan_id.clone())
            })?;
            let old = told.plan.demand_at(at).cloned();
            let old = old.ok_or_else(|| Error::missing("demand", &changed.demand_id))?;
            let demand = Demand {
                quantity: Quantity(changed.thousandths),
                due: due.map_or(old.due, days),
                ..old
            };
            Change::Demand(at, demand)
        }
        Some(asked::Change::Receipt(changed)) => {
            let on = date_opt(
                changed.received_on.as_ref(),
                "receipt.received_on",
                &mut violations,
            );
            let mut receipts = problem.receipts.iter();
            let missing = || Error::missing("receipt", &changed.receipt_id);
            let at = receipts.position(|receipt| receipt.id == changed.receipt_id);
            let at = at.ok_or_else(missing)?;
            let old = problem.receipts.get(at).cloned().ok_or_else(missing)?;
            let receipt = Receipt {
                quantity: Quantity(changed.thousandths),
                // Received on the evening, used on the next day.
                due: on.map_or(old.due, |on| days(on) + 1),
                ..old
            };
            Change::Receipt(at, receipt)
        }
        Some(asked::Change::ShopDay(changed)) => {
            let on = date_opt(changed.date.as_ref(), "shop_day.date", &mut violations);
            let shop = problem.shops.iter().find(|shop| shop.id == changed.shop_id);
            let shop = shop.ok_or_else(|| Error::missing("shop", &changed.shop_id))?;
            let day = on.ok_or_else(|| Error::invalid("shop_day.date", "it is required"))?;
            let calendar = shop
                .calendar
                .ok_or_else(|| Error::missing("calendar", &shop.id))?;
            Change::WorkDay {
                calendar,
                day: days(day),
                works: changed.works,
            }
        }
    };
    violations.finish()?;
    Ok(change)
}

/// Plans a copy with the change and compares.
///
/// # Errors
/// `Refused` where the changed figures cannot be planned.
pub fn changed(
    product: &Product,
    told: &Told,
    change: Change,
) -> Result<pb::ReplanResponse, Error> {
    let mut plan = told.plan.clone();
    let replanned = plan.replan(change).map_err(MaterialRefusal::Problem)?;
    let late = plan.late();
    let before: BTreeMap<usize, i32> = told
        .late
        .iter()
        .map(|late| (late.demand, late.days))
        .collect();
    let worse = late.iter().filter(|late| {
        before
            .get(&late.demand)
            .is_none_or(|days| late.days > *days)
    });
    let demands = worse.take(DEMANDS).map(|late| {
        let id = plan.demand_at(late.demand).map(|demand| demand.id.clone());
        late_pb(product, id.unwrap_or_default(), late)
    });
    let old: BTreeMap<usize, _> = told.items.iter().map(|item| (item.item, item)).collect();
    let items = (0..plan.items())
        .filter_map(|item| plan.item(item))
        .filter(|item| match old.get(&item.item) {
            Some(old) => *old != item,
            None => !item.gross.is_zero() || !item.releases.is_empty(),
        });
    let count = |many: usize| i64::try_from(many).unwrap_or(i64::MAX);
    Ok(pb::ReplanResponse {
        visited_count: count(replanned.visited),
        changed_count: count(replanned.changed),
        late_count_before: told.head.late,
        late_count_after: count(late.len()),
        demands: demands.collect(),
        items: items
            .take(ITEMS)
            .map(|item| item_head_pb(product, &item))
            .collect(),
    })
}
