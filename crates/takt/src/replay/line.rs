//! The plant's steps of a day: customers order, the plan is made, the line runs. It must not know parts or carriers.
//! Invariant: each step is one request, or numbered chunks of one, under an id that a second try finds again.
use takt_contract::date_pb;
use takt_contract::delivery::v1::IntakeOrdersRequest;
use takt_contract::delivery::v1::order_service_client::OrderServiceClient;
use takt_contract::production::v1::planning_service_client::PlanningServiceClient;
use takt_contract::production::v1::ramp_service_client::RampServiceClient;
use takt_contract::production::v1::shop_floor_service_client::ShopFloorServiceClient;
use takt_contract::production::v1::{
    GetRampRequest, RunDayRequest, RunDayResponse, RunMaterialPlanRequest, RunPlanRequest,
};
use takt_kernel::Date;

use super::request::RequestIds;
use crate::bulk;
use crate::connection::{Peer, WHOLE, ask, read, within};
use crate::failure::{Failure, Outcome};
use crate::world::{Customers, LineDay};

/// Customers lock the orders of a day; answers how many.
pub(super) async fn orders(
    peer: &Peer,
    ids: &RequestIds,
    customers: &mut Customers,
    day: Date,
) -> Outcome<usize> {
    let orders = customers.orders_of(day);
    let count = orders.len();
    let chunks: Vec<IntakeOrdersRequest> = bulk::cut(orders)
        .into_iter()
        .enumerate()
        .map(|(number, orders)| IntakeOrdersRequest {
            request_id: ids.chunk(day, "orders", number),
            orders,
        })
        .collect();
    let what = format!("take the orders of {day}");
    let answers = bulk::send(peer, &what, &chunks, |channel, stream| async move {
        let answer = OrderServiceClient::new(channel)
            .intake_orders(within(stream, WHOLE))
            .await?;
        Ok(answer.into_inner())
    })
    .await?;
    let refused: Vec<String> = answers
        .iter()
        .flat_map(|answer| &answer.refused)
        .take(5)
        .map(|refused| {
            format!(
                "{}: {}: {}",
                refused.order_id, refused.field, refused.reason
            )
        })
        .collect();
    if refused.is_empty() {
        return Ok(count);
    }
    Err(Failure::broken(format!(
        "{}: {what}: refused\n  {}",
        peer.name,
        refused.join("\n  ")
    )))
}

/// Production makes a plan as of a day.
pub(super) async fn plan(peer: &Peer, ids: &RequestIds, day: Date) -> Outcome<()> {
    let message = RunPlanRequest {
        request_id: ids.step(day, "plan"),
        as_of: Some(date_pb(day)),
        validate_only: false,
    };
    let what = format!("plan as of {day}");
    let stages = read!(
        peer,
        &what,
        PlanningServiceClient.run_plan,
        message,
        |stage| vec![stage]
    )?;
    match stages.last().and_then(|stage| stage.plan.as_ref()) {
        Some(plan) => {
            tracing::debug!(
                plan = plan.plan_id,
                vehicles = plan.vehicle_count,
                "planned"
            );
            Ok(())
        }
        None => Err(Failure::broken(format!(
            "{}: {what}: the stream ended without a plan",
            peer.name
        ))),
    }
}

/// Production plans the material of all levels as of a day.
pub(super) async fn material(peer: &Peer, ids: &RequestIds, day: Date) -> Outcome<()> {
    let message = RunMaterialPlanRequest {
        request_id: ids.step(day, "material"),
        as_of: Some(date_pb(day)),
        ..RunMaterialPlanRequest::default()
    };
    let what = format!("plan the material as of {day}");
    let stages = read!(
        peer,
        &what,
        PlanningServiceClient.run_material_plan,
        message,
        |stage| vec![stage]
    )?;
    match stages.last().and_then(|stage| stage.plan.as_ref()) {
        Some(plan) => {
            tracing::debug!(
                plan = plan.plan_id,
                orders = plan.order_count,
                late = plan.late_count,
                "material planned"
            );
            Ok(())
        }
        None => Err(Failure::broken(format!(
            "{}: {what}: the stream ended without a plan",
            peer.name
        ))),
    }
}

/// The line runs for a day.
pub(super) async fn build(
    peer: &Peer,
    ids: &RequestIds,
    day: Date,
    world: LineDay,
) -> Outcome<RunDayResponse> {
    let message = RunDayRequest {
        request_id: ids.step(day, "build"),
        business_date: Some(date_pb(day)),
        shifts: None,
        lost_millionths: world.lost_millionths,
        pulled_places: world.pulled,
        held_places: world.held,
    };
    ask!(
        peer,
        &format!("run the day {day}"),
        ShopFloorServiceClient.run_day,
        message,
        WHOLE
    )
}

/// The vehicles built so far.
pub(super) async fn built_so_far(peer: &Peer) -> Outcome<i64> {
    let ramp = ask!(
        peer,
        "read the ramp",
        RampServiceClient.get_ramp,
        GetRampRequest::default(),
        WHOLE
    )?;
    Ok(ramp
        .days
        .iter()
        .flat_map(|day| &day.built)
        .map(|variant| variant.vehicle_count)
        .sum())
}
