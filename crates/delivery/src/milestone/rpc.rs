//! Figures and milestones on the wire.
//!
//! It must not decide anything. Invariant: an answer comes from one snapshot.

use std::sync::Arc;

use takt_contract::{
    date_pb,
    delivery::v1::{self as pb, milestone_service_server::MilestoneService},
};
use takt_service::Call;
use tonic::{Request, Response, Status};

use super::{
    Curve,
    forecast::forecast,
    reached,
    store::{curve_fetch, figures_fetch},
};
use crate::{
    desk::Desk,
    programme::{Milestone, store::milestones_fetch},
};

/// Figures and milestones on the wire.
pub(crate) struct MilestoneRpc {
    /// What the parts of the service share.
    pub(crate) desk: Arc<Desk>,
}

#[tonic::async_trait]
impl MilestoneService for MilestoneRpc {
    async fn get_delivery_curve(
        &self,
        request: Request<pb::GetDeliveryCurveRequest>,
    ) -> Result<Response<pb::GetDeliveryCurveResponse>, Status> {
        let call = Call::of(&request);
        let curve = self
            .desk
            .store
            .read(&call, "curve_get", |tx| Box::pin(curve_fetch(tx)))
            .await?;
        let days = curve.days().map(|(on, day)| pb::DeliveryDay {
            date: Some(date_pb(on)),
            locked_count: day.locked,
            handed_over_count: day.handed_over,
            built_count: day.built,
        });
        Ok(Response::new(pb::GetDeliveryCurveResponse {
            days: days.collect(),
        }))
    }

    async fn get_delivery_figures(
        &self,
        request: Request<pb::GetDeliveryFiguresRequest>,
    ) -> Result<Response<pb::GetDeliveryFiguresResponse>, Status> {
        let call = Call::of(&request);
        let figures = self
            .desk
            .store
            .read(&call, "figures_get", |tx| Box::pin(figures_fetch(tx)))
            .await?;
        Ok(Response::new(pb::GetDeliveryFiguresResponse {
            order_count: figures.orders,
            handed_over_count: figures.handed_over,
            order_to_delivery_median_days: i32::try_from(figures.days.0).unwrap_or(i32::MAX),
            order_to_delivery_p90_days: i32::try_from(figures.days.1).unwrap_or(i32::MAX),
            promised_count: figures.promised,
            kept_first_promise_count: figures.kept,
            promise_count: figures.promises,
            estimated_open_count: figures.estimated,
            slipped_order_count: figures.slipped,
            open_order_count: figures.open,
            cancelled_order_count: figures.cancelled,
        }))
    }

    async fn list_milestones(
        &self,
        request: Request<pb::ListMilestonesRequest>,
    ) -> Result<Response<pb::ListMilestonesResponse>, Status> {
        let call = Call::of(&request);
        let read = self.desk.store.read(&call, "milestones_list", |tx| {
            Box::pin(async move { Ok((milestones_fetch(tx).await?, curve_fetch(tx).await?)) })
        });
        let (milestones, curve) = read.await?;
        let milestones = milestones
            .iter()
            .map(|milestone| milestone_pb(milestone, &curve))
            .collect();
        Ok(Response::new(pb::ListMilestonesResponse { milestones }))
    }

    async fn forecast_delivery(
        &self,
        request: Request<pb::ForecastDeliveryRequest>,
    ) -> Result<Response<pb::ForecastDeliveryResponse>, Status> {
        let call = Call::of(&request);
        let answer = forecast(&self.desk, &call, &request.into_inner()).await?;
        Ok(Response::new(answer))
    }
}

fn milestone_pb(milestone: &Milestone, curve: &Curve) -> pb::DeliveryMilestone {
    let reached = reached(milestone, curve);
    pb::DeliveryMilestone {
        published_on: Some(date_pb(milestone.published_on)),
        event: milestone.event.clone(),
        source_kind: milestone.source_kind.clone(),
        locked_orders: milestone.locked_orders.unwrap_or(0),
        locked_reached_on: reached.locked_on.map(date_pb),
        cumulative_produced: milestone.cumulative_produced.unwrap_or(0),
        produced_reached_on: reached.produced_on.map(date_pb),
        cumulative_delivered: milestone.cumulative_delivered.unwrap_or(0),
        delivered_reached_on: reached.delivered_on.map(date_pb),
    }
}
