//! Questions about material plans on the wire.
//!
//! It must not decide anything. Invariants: pegs and reasons are computed off the service's runtime; a list is read by its
//! place in the plan, which never changes.

use std::sync::Arc;

use takt_contract::{date_opt, production::v1 as pb, request_id};
use takt_kernel::Violations;
use takt_planning::mrp::Action;
use takt_service::{
    Call, Error, PageToken, compute, page_size,
    stream::{Answers, answers},
};
use uuid::Uuid;

pub use super::run::run;
use super::{
    ACTIONS, MaterialRefusal, Told,
    answer::changed,
    rebuild::plan_of,
    wire::{action_pb, demand_id, head_pb, item_pb, late_pb, message_pb, status_pb, supplied_pb},
};
use crate::Production;

/// The entries of one message; each is far below 100 bytes.
const ENTRIES: usize = 400;

/// Ends a run.
///
/// # Errors
/// `Invalid` with the fields that are wrong.
pub fn cancel(
    production: &Production,
    message: &pb::CancelPlanRunRequest,
) -> Result<pb::CancelPlanRunResponse, Error> {
    let mut violations = Violations::new();
    let _ = request_id(&message.request_id, "request_id", &mut violations);
    let run = request_id(&message.run_request_id, "run_request_id", &mut violations);
    let run = violations.finish_with(run)?;
    let was_running = production
        .material_plans
        .cancel(&Uuid::from_bytes(run).to_string());
    Ok(pb::CancelPlanRunResponse { was_running })
}

/// A plan's head.
///
/// # Errors
/// `Missing`, or `Refused` when nothing was planned yet.
pub async fn get(
    production: &Production,
    call: &Call,
    plan_id: String,
) -> Result<pb::GetMaterialPlanResponse, Error> {
    let wanted = Arc::new(plan_id);
    let read = production
        .deps
        .store
        .read(call, "material_plan_get", move |tx| {
            let wanted = Arc::clone(&wanted);
            Box::pin(async move { super::store::head_fetch(tx, &wanted).await })
        });
    Ok(pb::GetMaterialPlanResponse {
        plan: Some(head_pb(&read.await?)),
    })
}

/// Streams items and their planned orders.
pub fn orders(
    production: Production,
    call: Call,
    message: pb::StreamPlannedOrdersRequest,
) -> Answers<pb::StreamPlannedOrdersResponse> {
    answers(move |outlet| async move {
        let product = production.products.get(&call).await?;
        let told = plan_of(&production, &call, &message.plan_id).await?;
        let mut wanted = Vec::with_capacity(message.item_ids.len());
        for id in &message.item_ids {
            wanted.push(product.item(id).ok_or_else(|| Error::missing("item", id))?);
        }
        let chosen = told
            .items
            .iter()
            .filter(|item| wanted.is_empty() || wanted.contains(&item.item));
        for item in chosen {
            for entry in item_pb(&product, &told, item) {
                let items = vec![entry];
                outlet
                    .send(pb::StreamPlannedOrdersResponse { items })
                    .await?;
            }
        }
        Ok(())
    })
}

/// A page of messages.
///
/// # Errors
/// As `plan_of`; `Invalid` for a token or size that is wrong.
pub async fn messages(
    production: &Production,
    call: &Call,
    message: pb::ListPlanMessagesRequest,
) -> Result<pb::ListPlanMessagesResponse, Error> {
    let size = usize::try_from(page_size(message.page_size)?).unwrap_or(usize::MAX);
    let product = production.products.get(call).await?;
    let told = plan_of(production, call, &message.plan_id).await?;
    let action = action_of(message.action)?;
    let item = match message.item_id.as_str() {
        "" => None,
        id => Some(product.item(id).ok_or_else(|| Error::missing("item", id))?),
    };
    let arguments = format!(
        "{} {} {}",
        told.head.plan_id, message.action, message.item_id
    );
    let from = place("ListPlanMessages", &arguments, &message.page_token)?;
    let mut chosen = told
        .messages
        .iter()
        .enumerate()
        .skip(from)
        .filter(|(_, named)| {
            action.is_none_or(|action| named.action == action)
                && item.is_none_or(|item| named.item == item)
        });
    let page: Vec<_> = chosen.by_ref().take(size).collect();
    let next = chosen.next().map(|(at, _)| at);
    Ok(pb::ListPlanMessagesResponse {
        messages: page
            .iter()
            .map(|(_, named)| message_pb(&product, &told, named))
            .collect(),
        next_page_token: token("ListPlanMessages", &arguments, next),
    })
}

fn action_of(number: i32) -> Result<Option<Action>, Error> {
    let wanted = pb::PlanAction::try_from(number)
        .map_err(|_| Error::invalid("action", format!("{number} is not an action")))?;
    Ok(ACTIONS
        .into_iter()
        .find(|action| action_pb(*action) == wanted))
}

/// The place from which a page goes on.
fn place(list: &str, arguments: &str, token: &str) -> Result<usize, Error> {
    let key = PageToken::open(list, arguments, token)?;
    Ok(key.and_then(|key| key.parse().ok()).unwrap_or(0))
}

fn token(list: &str, arguments: &str, next: Option<usize>) -> String {
    next.map_or_else(String::new, |at| {
        PageToken::seal(list, arguments, &at.to_string())
    })
}

/// A page of late demands.
///
/// # Errors
/// As [`messages`].
pub async fn late(
    production: &Production,
    call: &Call,
    message: pb::ListLateDemandsRequest,
) -> Result<pb::ListLateDemandsResponse, Error> {
    let size = usize::try_from(page_size(message.page_size)?).unwrap_or(usize::MAX);
    let product = production.products.get(call).await?;
    let told = plan_of(production, call, &message.plan_id).await?;
    let arguments = told.head.plan_id.clone();
    let from = place("ListLateDemands", &arguments, &message.page_token)?;
    let page = told.late.iter().skip(from).take(size);
    let next = Some(from.saturating_add(size)).filter(|next| *next < told.late.len());
    Ok(pb::ListLateDemandsResponse {
        demands: page
            .map(|late| late_pb(&product, demand_id(&told, late.demand), late))
            .collect(),
        next_page_token: token("ListLateDemands", &arguments, next),
    })
}

/// Streams the demands that an item is for.
pub fn peg_up(
    production: Production,
    call: Call,
    message: pb::PegUpRequest,
) -> Answers<pb::PegUpResponse> {
    answers(move |outlet| async move {
        let mut violations = Violations::new();
        let on = date_opt(message.received_on.as_ref(), "received_on", &mut violations);
        violations.finish()?;
        let product = production.products.get(&call).await?;
        let id = &message.item_id;
        let item = product.item(id).ok_or_else(|| Error::missing("item", id))?;
        let told = plan_of(&production, &call, &message.plan_id).await?;
        let pegging = Arc::clone(&told);
        let pegs = compute(move || pegging.plan.peg_up(item, on)).await?;
        let problem = told.plan.plan().problem();
        for pegs in pegs.chunks(ENTRIES) {
            let demands = pegs.iter().filter_map(|(demand, quantity)| {
                let demand = told.plan.demand_at(*demand)?;
                Some(pb::PeggedDemand {
                    demand_id: demand.id.clone(),
                    due_on: Some(takt_contract::date_pb(problem.date(demand.due))),
                    thousandths: quantity.milli(),
                })
            });
            let demands = demands.collect();
            outlet.send(pb::PegUpResponse { demands }).await?;
        }
        Ok(())
    })
}

fn demand_of(told: &Told, id: &str) -> Result<usize, Error> {
    let missing = || MaterialRefusal::NoDemand(id.to_owned(), told.head.plan_id.clone());
    Ok(told.plan.demand(id).ok_or_else(missing)?)
}

/// Streams what a demand lives on.
pub fn peg_down(
    production: Production,
    call: Call,
    message: pb::PegDownRequest,
) -> Answers<pb::PegDownResponse> {
    answers(move |outlet| async move {
        let product = production.products.get(&call).await?;
        let told = plan_of(&production, &call, &message.plan_id).await?;
        let demand = demand_of(&told, &message.demand_id)?;
        let with_made = !message.bought_only;
        let pegs = compute(move || told.plan.peg_down(demand, with_made)).await?;
        for pegs in pegs.chunks(ENTRIES) {
            let supplies = pegs.iter().map(|peg| supplied_pb(&product, peg)).collect();
            outlet.send(pb::PegDownResponse { supplies }).await?;
        }
        Ok(())
    })
}

/// Whether and why a demand is late.
///
/// # Errors
/// As `plan_of`; `Refused` for a demand that is not in the plan.
pub async fn explain(
    production: &Production,
    call: &Call,
    message: pb::ExplainLateRequest,
) -> Result<pb::ExplainLateResponse, Error> {
    let product = production.products.get(call).await?;
    let told = plan_of(production, call, &message.plan_id).await?;
    let demand = demand_of(&told, &message.demand_id)?;
    let explaining = Arc::clone(&told);
    let late = compute(move || explaining.plan.explain(demand)).await?;
    let due = told
        .plan
        .demand_at(demand)
        .map(|demand| told.plan.plan().problem().date(demand.due));
    let (result_status, tombstones) = status_pb(&told.head);
    Ok(pb::ExplainLateResponse {
        due_on: due.map(takt_contract::date_pb),
        late: late.map(|late| late_pb(&product, message.demand_id, &late)),
        result_status,
        tombstones,
    })
}

/// What a change would do.
///
/// # Errors
/// As `plan_of`; `Invalid` for a change of what is not there.
pub async fn replan(
    production: &Production,
    call: &Call,
    message: pb::ReplanRequest,
) -> Result<pb::ReplanResponse, Error> {
    let product = production.products.get(call).await?;
    let told = plan_of(production, call, &message.plan_id).await?;
    let change = super::answer::change_of(&told, message.change)?;
    compute(move || changed(&product, &told, change)).await?
}
