//! Plans on the wire.
//!
//! It must not decide anything. Invariants: a plan is saved, numbered and told in one transaction; the same request id
//! gives the same plan; what is only validated leaves nothing behind.

use std::sync::Arc;

use takt_contract::{
    date_pb, date_req, day_series,
    events::v1::{self as events, fact_body::Kind},
    production::v1::{self as pb, planning_service_server::PlanningService},
    request_id,
};
use takt_kernel::{Date, Violations};
use takt_service::{Call, Error, NewFact, Once, Tx, compute};
use tonic::{Request, Response, Status};

use super::{
    Plan, PlanDay, Position, explode, plan_id, plan_line, running_out,
    store::{PlanHead, plan_days_fetch, plan_fetch, plan_save, position_fetch, requirements_page},
};
use crate::{
    Production,
    material_plan::rpc as material,
    peers::outlook::supply_of,
    product::{Product, store::index_of},
};
use takt_service::stream::{Answers, Outlet, answers};

/// The items of one message of requirements; a year of days fits 64 KiB with this many.
const ITEMS: i64 = 25;

/// Plans on the wire.
pub struct PlanningRpc(pub Production);

#[tonic::async_trait]
impl PlanningService for PlanningRpc {
    type RunPlanStream = Answers<pb::RunPlanResponse>;
    type StreamRequirementsStream = Answers<pb::StreamRequirementsResponse>;
    type RunMaterialPlanStream = Answers<pb::RunMaterialPlanResponse>;
    type StreamPlannedOrdersStream = Answers<pb::StreamPlannedOrdersResponse>;
    type PegUpStream = Answers<pb::PegUpResponse>;
    type PegDownStream = Answers<pb::PegDownResponse>;

    async fn run_plan(
        &self,
        request: Request<pb::RunPlanRequest>,
    ) -> Result<Response<Self::RunPlanStream>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations);
        let as_of = date_req(message.as_of.as_ref(), "as_of", &mut violations);
        let id = violations.finish_with(id).map_err(Error::from)?;
        let once = Once::of("takt.production.v1.PlanningService/RunPlan", id, &message);
        let work = Run {
            production: self.0.clone(),
            call,
            once,
            as_of,
            keep: !message.validate_only,
        };
        Ok(Response::new(answers(|outlet| work.run(outlet))))
    }

    async fn get_plan(
        &self,
        request: Request<pb::GetPlanRequest>,
    ) -> Result<Response<pb::GetPlanResponse>, Status> {
        let call = Call::of(&request);
        let wanted = Arc::new(request.into_inner().plan_id);
        let product = self.0.products.get(&call).await?;
        let width = product.variants.len();
        let read = self.0.deps.store.read(&call, "plan_get", move |tx| {
            let wanted = Arc::clone(&wanted);
            Box::pin(async move {
                let head = plan_fetch(tx, &wanted).await?;
                let days = plan_days_fetch(tx, head.plan_no, Date::MIN, width).await?;
                Ok((head, days))
            })
        });
        let (head, days) = read.await?;
        let days = days.iter().map(|day| day_pb(&product, day)).collect();
        Ok(Response::new(pb::GetPlanResponse {
            plan: Some(head_pb(&head)),
            days,
        }))
    }

    async fn stream_requirements(
        &self,
        request: Request<pb::StreamRequirementsRequest>,
    ) -> Result<Response<Self::StreamRequirementsStream>, Status> {
        let call = Call::of(&request);
        let wanted = Arc::new(request.into_inner().plan_id);
        let production = self.0.clone();
        Ok(Response::new(answers(move |outlet| async move {
            let product = production.products.get(&call).await?;
            let mut after = 0;
            loop {
                let wanted = Arc::clone(&wanted);
                let read = production
                    .deps
                    .store
                    .read(&call, "plan_requirements", move |tx| {
                        let wanted = Arc::clone(&wanted);
                        Box::pin(async move {
                            let head = plan_fetch(tx, &wanted).await?;
                            requirements_page(tx, &head, after, ITEMS).await
                        })
                    });
                let page = read.await?;
                let Some((last, _, _)) = page.last() else {
                    return Ok(());
                };
                after = *last;
                let items = page.into_iter().filter_map(|(item, first, series)| {
                    let item = product.items.get(index_of(item))?;
                    Some(pb::ItemSeries {
                        item_id: item.item_id.clone(),
                        series: Some(day_series(first, series)),
                    })
                });
                outlet
                    .send(pb::StreamRequirementsResponse {
                        items: items.collect(),
                    })
                    .await?;
            }
        })))
    }

    async fn run_material_plan(
        &self,
        request: Request<pb::RunMaterialPlanRequest>,
    ) -> Result<Response<Self::RunMaterialPlanStream>, Status> {
        let call = Call::of(&request);
        let run = material::run(&self.0, call, request.get_ref())?;
        Ok(Response::new(run))
    }

    async fn cancel_plan_run(
        &self,
        request: Request<pb::CancelPlanRunRequest>,
    ) -> Result<Response<pb::CancelPlanRunResponse>, Status> {
        let answer = material::cancel(&self.0, request.get_ref())?;
        Ok(Response::new(answer))
    }

    async fn get_material_plan(
        &self,
        request: Request<pb::GetMaterialPlanRequest>,
    ) -> Result<Response<pb::GetMaterialPlanResponse>, Status> {
        let call = Call::of(&request);
        let answer = material::get(&self.0, &call, request.into_inner().plan_id).await?;
        Ok(Response::new(answer))
    }

    async fn stream_planned_orders(
        &self,
        request: Request<pb::StreamPlannedOrdersRequest>,
    ) -> Result<Response<Self::StreamPlannedOrdersStream>, Status> {
        let call = Call::of(&request);
        let orders = material::orders(self.0.clone(), call, request.into_inner());
        Ok(Response::new(orders))
    }

    async fn list_plan_messages(
        &self,
        request: Request<pb::ListPlanMessagesRequest>,
    ) -> Result<Response<pb::ListPlanMessagesResponse>, Status> {
        let call = Call::of(&request);
        let page = material::messages(&self.0, &call, request.into_inner()).await?;
        Ok(Response::new(page))
    }

    async fn list_late_demands(
        &self,
        request: Request<pb::ListLateDemandsRequest>,
    ) -> Result<Response<pb::ListLateDemandsResponse>, Status> {
        let call = Call::of(&request);
        let page = material::late(&self.0, &call, request.into_inner()).await?;
        Ok(Response::new(page))
    }

    async fn peg_up(
        &self,
        request: Request<pb::PegUpRequest>,
    ) -> Result<Response<Self::PegUpStream>, Status> {
        let call = Call::of(&request);
        let pegs = material::peg_up(self.0.clone(), call, request.into_inner());
        Ok(Response::new(pegs))
    }

    async fn peg_down(
        &self,
        request: Request<pb::PegDownRequest>,
    ) -> Result<Response<Self::PegDownStream>, Status> {
        let call = Call::of(&request);
        let pegs = material::peg_down(self.0.clone(), call, request.into_inner());
        Ok(Response::new(pegs))
    }

    async fn explain_late(
        &self,
        request: Request<pb::ExplainLateRequest>,
    ) -> Result<Response<pb::ExplainLateResponse>, Status> {
        let call = Call::of(&request);
        let answer = material::explain(&self.0, &call, request.into_inner()).await?;
        Ok(Response::new(answer))
    }

    async fn replan(
        &self,
        request: Request<pb::ReplanRequest>,
    ) -> Result<Response<pb::ReplanResponse>, Status> {
        let call = Call::of(&request);
        let answer = material::replan(&self.0, &call, request.into_inner()).await?;
        Ok(Response::new(answer))
    }
}

/// One run of the planning.
struct Run {
    production: Production,
    call: Call,
    once: Once,
    as_of: Date,
    keep: bool,
}

impl Run {
    async fn run(self, outlet: Outlet<pb::RunPlanResponse>) -> Result<(), Error> {
        let store = &self.production.deps.store;
        let once = self.once;
        let answered = store.read(&self.call, "plan_once", move |tx| {
            Box::pin(async move { tx.once_answer::<pb::RunPlanResponse>(&once).await })
        });
        if let Some(answer) = answered.await? {
            return outlet.send(answer).await;
        }
        outlet.send(progress("LOAD", 0)).await?;
        let product = self.production.products.get(&self.call).await?;
        let loading = Arc::clone(&product);
        let position: Position = store
            .read(&self.call, "plan_position", move |tx| {
                let product = Arc::clone(&loading);
                Box::pin(async move { position_fetch(tx, &product).await })
            })
            .await?;
        outlet.send(progress("LINE", 300)).await?;
        let as_of = self.as_of;
        let (planning, position) = (Arc::clone(&product), Arc::new(position));
        let start = Arc::clone(&position);
        let line = compute(move || plan_line(&planning, &start, as_of)).await?;
        outlet.send(progress("EXPLODE", 400)).await?;
        let runs_out = running_out(&product);
        let supply = supply_of(&self.production, &self.call, &product, &runs_out).await?;
        let planning = Arc::clone(&product);
        let mut plan = compute(move || explode(&planning, &position, &supply, line)).await?;
        if !self.keep {
            plan.plan_id = plan_id(&product.programme.programme_id, as_of, 1);
            return outlet.send(done(plan_pb(&plan))).await;
        }
        outlet.send(progress("SAVE", 900)).await?;
        let plan = Arc::new(plan);
        let answer = store
            .write_once(&self.call, "plan_save", once, move |tx| {
                let (product, plan) = (Arc::clone(&product), Arc::clone(&plan));
                Box::pin(async move {
                    let head = plan_release(tx, &product, &plan).await?;
                    Ok(done(head_pb(&head)))
                })
            })
            .await?;
        outlet.send(answer).await
    }
}

/// Saves a plan and tells that it counts.
async fn plan_release(tx: &Tx, product: &Product, plan: &Plan) -> Result<PlanHead, Error> {
    let head = plan_save(tx, product, plan).await?;
    let body = events::MasterPlanReleased {
        plan_id: head.plan_id.clone(),
        as_of: Some(date_pb(head.as_of)),
        item_count: i32::try_from(head.item_count).unwrap_or(i32::MAX),
        vehicle_count: head.vehicle_count,
    };
    // One subject for all plans, so that the one that counts arrives last.
    let fact = NewFact {
        subject: product.programme.programme_id.clone(),
        on: head.as_of,
        traceparent: None,
        body: Kind::MasterPlanReleased(body),
    };
    tx.emit_many(vec![fact]).await?;
    Ok(head)
}

fn progress(stage: &str, permille: i32) -> pb::RunPlanResponse {
    pb::RunPlanResponse {
        stage: stage.to_owned(),
        permille,
        plan: None,
    }
}

fn done(plan: pb::Plan) -> pb::RunPlanResponse {
    pb::RunPlanResponse {
        stage: "DONE".to_owned(),
        permille: 1000,
        plan: Some(plan),
    }
}

fn plan_pb(plan: &Plan) -> pb::Plan {
    pb::Plan {
        plan_id: plan.plan_id.clone(),
        as_of: Some(date_pb(plan.as_of)),
        vehicle_count: plan.vehicle_count(),
        last_build_on: Some(date_pb(plan.last_build_on())),
        item_count: i32::try_from(plan.series.len()).unwrap_or(i32::MAX),
    }
}

fn head_pb(head: &PlanHead) -> pb::Plan {
    pb::Plan {
        plan_id: head.plan_id.clone(),
        as_of: Some(date_pb(head.as_of)),
        vehicle_count: head.vehicle_count,
        last_build_on: Some(date_pb(head.last_build_on)),
        item_count: i32::try_from(head.item_count).unwrap_or(i32::MAX),
    }
}

fn day_pb(product: &Product, day: &PlanDay) -> pb::PlanDay {
    pb::PlanDay {
        date: Some(date_pb(day.on)),
        capacity: day.capacity,
        variants: variants_pb(product, &day.variants),
    }
}

/// Counts by variant index as they stand on the wire; zeros are left out.
pub fn variants_pb(product: &Product, counts: &[i64]) -> Vec<pb::VariantQuantity> {
    let some = counts.iter().enumerate().filter(|(_, count)| **count != 0);
    some.map(|(variant, count)| pb::VariantQuantity {
        variant_id: product.variant_id(variant).to_owned(),
        vehicle_count: *count,
    })
    .collect()
}
