//! Days of supply of every bought item: live stock against the requirement of the newest plan.
//!
//! It must not compute anything: the walk is in planning. Invariants: stock, what is under way and the requirement are of
//! one moment; what is under way stands beside the walk and never in it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use takt_contract::{date_opt, date_pb, procurement::v1 as pb};
use takt_kernel::{Date, Quantity, Violations};
use takt_planning::days_of_supply::days_of_supply as walk;
use takt_service::{Call, Error};

use crate::{
    desk::{Answers, Desk, chunks},
    programme::{Bought, Catalogue},
    requirement::{
        Needs, Series,
        store::{needs_fetch, plan_fetch},
    },
    rows::short,
    supply::{Kind, Supply, store::supply_fetch},
};

/// The lines of a message: some hundred bytes each.
const CHUNK: usize = 400;
/// The farthest horizon, ten years.
const MOST_DAYS: i32 = 3650;

/// What is asked for.
pub(super) struct Asked {
    as_of: Option<Date>,
    horizon: i32,
    items: BTreeSet<u32>,
}

/// Reads a question.
pub(super) fn days_asked(
    message: &pb::StreamDaysOfSupplyRequest,
    catalogue: &Catalogue,
) -> Result<Asked, Error> {
    let mut violations = Violations::new();
    let as_of = date_opt(message.as_of.as_ref(), "as_of", &mut violations);
    let horizon = message.horizon_days;
    violations.require(
        (0..=MOST_DAYS).contains(&horizon),
        "horizon_days",
        format!("it is 1 to {MOST_DAYS} days, or 0 for all that is known"),
    );
    let items = catalogue.items_named(&message.item_ids, &mut violations);
    violations.finish()?;
    Ok(Asked {
        as_of,
        horizon,
        items,
    })
}

/// The answer: one line an item that the plan needs. One that it does not need lasts for ever and has no line.
pub(super) async fn days_of_supply(
    desk: &Arc<Desk>,
    call: &Call,
    catalogue: &Catalogue,
    asked: Asked,
) -> Result<Answers<pb::StreamDaysOfSupplyResponse>, Error> {
    let (work, kept) = (Arc::clone(desk), desk.supply());
    let read = desk.store.read(call, "days_of_supply", move |tx| {
        let (desk, kept) = (Arc::clone(&work), kept.clone());
        Box::pin(async move {
            let needs = match plan_fetch(tx).await? {
                Some((plan, revision)) => Some(needs_fetch(tx, &desk, &plan, revision).await?),
                None => None,
            };
            Ok((supply_fetch(tx, kept.as_deref()).await?, needs))
        })
    });
    let (supply, needs): (Supply, Option<Arc<Needs>>) = read.await?;
    let supply = Arc::new(supply);
    desk.supply_keep(&supply);
    let needs = needs.ok_or_else(|| {
        Error::refused(
            "NO_PLAN",
            "there is no plan to look ahead with; run one with PlanningService.RunPlan",
        )
    })?;
    let as_of = asked.as_of.unwrap_or_else(|| needs.plan.as_of.minus(1));
    let wanted =
        |bought: &&Bought| asked.items.is_empty() || asked.items.contains(&bought.item.number);
    let lines = catalogue
        .bought()
        .iter()
        .filter(wanted)
        .filter_map(|bought| {
            let series = needs.series.get(&bought.item.number)?;
            Some(line(bought, &supply, series, as_of, asked.horizon))
        });
    let plan_id = needs.plan.id.clone();
    Ok(chunks(lines.collect(), CHUNK, move |lines| {
        pb::StreamDaysOfSupplyResponse {
            lines,
            as_of: Some(date_pb(as_of)),
            plan_id: plan_id.clone(),
        }
    }))
}

fn line(
    bought: &Bought,
    supply: &Supply,
    series: &Series,
    as_of: Date,
    horizon: i32,
) -> pb::DaysOfSupply {
    let mut there: BTreeMap<Kind, i64> = BTreeMap::new();
    for (cell, thousandths) in supply.of_item(bought.item.number) {
        // What comes in after the evening is a receipt of later, and no stock of it.
        if cell.kind != Kind::Free || cell.on <= as_of {
            *there.entry(cell.kind).or_default() += thousandths;
        }
    }
    let of = |kind| there.get(&kind).copied().unwrap_or_default();
    let known = series.last().days_since(as_of).max(0);
    let days = if horizon > 0 {
        known.min(horizon)
    } else {
        known
    };
    let lasts = walk(
        Quantity(of(Kind::Free)),
        (1..=days).map(|day| series.on(as_of.plus(day))),
    );
    let out = lasts.stock_out.and_then(|at| i32::try_from(at).ok());
    pb::DaysOfSupply {
        item_id: bought.item.id.to_string(),
        group: bought.item.group.clone(),
        millidays: lasts.millidays,
        stock_out_on: out.map(|at| date_pb(as_of.plus(at + 1))),
        free_thousandths: of(Kind::Free),
        reserved_thousandths: of(Kind::Reserved),
        in_transit_thousandths: of(Kind::Shipped),
        ordered_thousandths: of(Kind::Ordered),
        uncovered_thousandths: lasts.uncovered.milli(),
        horizon_days: short(days.into()),
        unit_code: bought.item.unit.code().to_owned(),
    }
}
