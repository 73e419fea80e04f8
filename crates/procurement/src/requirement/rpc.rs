//! Requirements on the wire.
//!
//! It must not decide anything.

use std::sync::Arc;

use takt_contract::{
    date_pb, day_series, id_req,
    procurement::v1::{self as pb, requirement_service_server::RequirementService},
};
use takt_kernel::{ItemId, Violations};
use takt_service::{Call, Error};
use tonic::{Request, Response, Status};

use super::store;
use crate::desk::Desk;

/// The requirements on the wire.
pub(crate) struct RequirementRpc(pub(crate) Arc<Desk>);

#[tonic::async_trait]
impl RequirementService for RequirementRpc {
    async fn get_requirement(
        &self,
        request: Request<pb::GetRequirementRequest>,
    ) -> Result<Response<pb::GetRequirementResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        id_req::<ItemId>(&message.item_id, "item_id", &mut violations);
        violations.finish().map_err(Error::from)?;
        let catalogue = self.0.catalogue(&call).await?;
        let bought = catalogue
            .item(&message.item_id)
            .ok_or_else(|| Error::missing("bought item", &message.item_id))?;
        let item_no = bought.item.number;
        let (plan, series) = self
            .0
            .store
            .read(&call, "requirement_get", move |tx| {
                Box::pin(async move {
                    Ok((
                        store::plan_fetch(tx).await?,
                        store::series_fetch(tx, item_no).await?,
                    ))
                })
            })
            .await?;
        let (plan, _) = plan.ok_or_else(|| {
            Error::refused(
                "NO_PLAN",
                "there is no plan yet; run one with PlanningService.RunPlan",
            )
        })?;
        let (series, issued_before) = series.unwrap_or_default();
        let days: Vec<i64> = series
            .days
            .iter()
            .map(|quantity| quantity.milli())
            .collect();
        Ok(Response::new(pb::GetRequirementResponse {
            plan_id: plan.id,
            series: (!days.is_empty()).then(|| day_series(series.first, days)),
            as_of: Some(date_pb(plan.as_of)),
            issued_before_thousandths: issued_before.milli(),
        }))
    }
}
