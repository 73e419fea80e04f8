//! Production as procurement meets it: it has plans, and knows nothing of others.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use futures_util::{StreamExt, stream, stream::BoxStream};
use takt_contract::production::v1::{
    self as production,
    planning_service_server::{PlanningService, PlanningServiceServer},
};
use takt_service::{
    Routes,
    config::Chassis,
    serve::Server,
    telemetry::{LogConfig, Telemetry},
};
use tonic::{Request, Response, Status};

/// Requirements by plan.
pub(super) type Plans = Arc<Mutex<BTreeMap<String, Vec<production::ItemSeries>>>>;

/// A production that answers with the requirements of its plans.
struct Planner(Plans);

type Messages<T> = BoxStream<'static, Result<T, Status>>;

fn unasked<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("nobody asks"))
}

#[tonic::async_trait]
impl PlanningService for Planner {
    type RunPlanStream = Messages<production::RunPlanResponse>;
    type RunMaterialPlanStream = Messages<production::RunMaterialPlanResponse>;
    type StreamPlannedOrdersStream = Messages<production::StreamPlannedOrdersResponse>;
    type PegUpStream = Messages<production::PegUpResponse>;
    type PegDownStream = Messages<production::PegDownResponse>;

    type StreamRequirementsStream =
        BoxStream<'static, Result<production::StreamRequirementsResponse, Status>>;

    async fn stream_requirements(
        &self,
        request: Request<production::StreamRequirementsRequest>,
    ) -> Result<Response<Self::StreamRequirementsStream>, Status> {
        let plans = self.0.lock().unwrap();
        let items = plans
            .get(&request.get_ref().plan_id)
            .ok_or_else(|| Status::not_found("no such plan"))?;
        // One message an item, as if there were many.
        let messages: Vec<_> = items
            .iter()
            .map(|item| {
                Ok(production::StreamRequirementsResponse {
                    items: vec![item.clone()],
                })
            })
            .collect();
        Ok(Response::new(stream::iter(messages).boxed()))
    }

    async fn get_plan(
        &self,
        _: Request<production::GetPlanRequest>,
    ) -> Result<Response<production::GetPlanResponse>, Status> {
        unasked()
    }

    async fn cancel_plan_run(
        &self,
        _: Request<production::CancelPlanRunRequest>,
    ) -> Result<Response<production::CancelPlanRunResponse>, Status> {
        unasked()
    }

    async fn get_material_plan(
        &self,
        _: Request<production::GetMaterialPlanRequest>,
    ) -> Result<Response<production::GetMaterialPlanResponse>, Status> {
        unasked()
    }

    async fn list_plan_messages(
        &self,
        _: Request<production::ListPlanMessagesRequest>,
    ) -> Result<Response<production::ListPlanMessagesResponse>, Status> {
        unasked()
    }

    async fn list_late_demands(
        &self,
        _: Request<production::ListLateDemandsRequest>,
    ) -> Result<Response<production::ListLateDemandsResponse>, Status> {
        unasked()
    }

    async fn explain_late(
        &self,
        _: Request<production::ExplainLateRequest>,
    ) -> Result<Response<production::ExplainLateResponse>, Status> {
        unasked()
    }

    async fn replan(
        &self,
        _: Request<production::ReplanRequest>,
    ) -> Result<Response<production::ReplanResponse>, Status> {
        unasked()
    }

    async fn run_plan(
        &self,
        _: Request<production::RunPlanRequest>,
    ) -> Result<Response<Self::RunPlanStream>, Status> {
        unasked()
    }

    async fn run_material_plan(
        &self,
        _: Request<production::RunMaterialPlanRequest>,
    ) -> Result<Response<Self::RunMaterialPlanStream>, Status> {
        unasked()
    }

    async fn stream_planned_orders(
        &self,
        _: Request<production::StreamPlannedOrdersRequest>,
    ) -> Result<Response<Self::StreamPlannedOrdersStream>, Status> {
        unasked()
    }

    async fn peg_up(
        &self,
        _: Request<production::PegUpRequest>,
    ) -> Result<Response<Self::PegUpStream>, Status> {
        unasked()
    }

    async fn peg_down(
        &self,
        _: Request<production::PegDownRequest>,
    ) -> Result<Response<Self::PegDownStream>, Status> {
        unasked()
    }
}

/// Serves plans on a port of its own.
pub(super) fn planner(plans: Plans) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let telemetry = Telemetry::start("production", &LogConfig::default()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async move {
            listener.set_nonblocking(true).unwrap();
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let routes = Routes::new().add_service(PlanningServiceServer::new(Planner(plans)));
            let server = Server::new(&telemetry, &Chassis::default(), routes, &[], &[]).await;
            server
                .serve(listener, std::future::pending())
                .await
                .unwrap();
        });
    });
    format!("http://{address}")
}
