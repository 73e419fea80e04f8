//! Impacts on the wire.
//!
//! It must not decide anything. Invariants: procurement is asked outside any transaction; an answer that it had no part in is PARTIAL
//! and says so.

use std::sync::Arc;

use takt_contract::{
    common::v1 as common,
    date_pb, date_req,
    procurement::v1::{self as procurement, disruption_service_client::DisruptionServiceClient},
    production::v1::{self as pb, impact_service_server::ImpactService},
};
use takt_kernel::{Date, Violations, stable_hash};
use takt_service::{
    Call, Error, client, compute,
    peer::retry,
    stream::{Answers, answers},
};
use tonic::{Code, Request, Response, Status};

use super::{
    built_of, days_of, impact_of, margins, plan_from, shops,
    store::{built_before_fetch, net_prices_fetch, whole_plan_fetch},
    wire::{build_pb, parts_read, shops_pb, vehicles_pb},
};
use crate::{
    Production,
    plan::profiles,
    promise::{
        net_of,
        store::slots_kept_fetch,
        wire::{profiles_pb, tombstone},
    },
    ramp::store::economics_fetch,
};

/// The builds of a message: some thousand parts and days each.
const CHUNK: usize = 4;

/// Impacts on the wire.
pub struct ImpactRpc(pub Production);

#[tonic::async_trait]
impl ImpactService for ImpactRpc {
    type StreamPlannedBuildsStream = Answers<pb::StreamPlannedBuildsResponse>;

    async fn stream_planned_builds(
        &self,
        request: Request<pb::StreamPlannedBuildsRequest>,
    ) -> Result<Response<Self::StreamPlannedBuildsStream>, Status> {
        let call = Call::of(&request);
        let wanted = Arc::new(request.into_inner().plan_id);
        let production = self.0.clone();
        Ok(Response::new(answers(move |outlet| async move {
            let product = production.products.get(&call).await?;
            let (known, width) = (Arc::clone(&product), product.variants.len());
            let read = production
                .deps
                .store
                .read(&call, "planned_builds", move |tx| {
                    let (wanted, product) = (Arc::clone(&wanted), Arc::clone(&known));
                    Box::pin(async move {
                        let plan = whole_plan_fetch(tx, &wanted, width).await?;
                        let economics = economics_fetch(tx, &product).await?;
                        Ok((plan, economics, net_prices_fetch(tx).await?))
                    })
                });
            let ((head, days), economics, net) = read.await?;
            let margins = margins(&product, economics.as_ref(), &net)
                .map_err(|error| Error::broken(format!("margins: {error}")))?;
            let plan = plan_from(&days, head.as_of, width);
            let (known, work) = (Arc::clone(&product), plan.clone());
            let mut builds = compute(move || built_of(&known, &work)).await?;
            while !builds.is_empty() {
                let rest = builds.split_off(CHUNK.min(builds.len()));
                let some = std::mem::replace(&mut builds, rest).into_iter();
                let build = |build: (usize, _)| {
                    let margin = margins.get(&build.0).copied();
                    build_pb(&product, &plan, build, margin)
                };
                let builds = some.map(build).collect();
                outlet
                    .send(pb::StreamPlannedBuildsResponse { builds })
                    .await?;
            }
            Ok(())
        })))
    }

    async fn get_plant_impact(
        &self,
        request: Request<pb::GetPlantImpactRequest>,
    ) -> Result<Response<pb::GetPlantImpactResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let as_of = date_req(message.as_of.as_ref(), "as_of", &mut violations);
        violations.finish().map_err(Error::from)?;
        let product = self.0.products.get(&call).await?;
        let asked = self.disrupted_parts(&call, message.disruption_ids, as_of);
        let (answer, mut tombstones) = match asked.await {
            Ok(answer) => (Some(answer), Vec::new()),
            Err(status) if says_no(&status) => return Err(status),
            Err(status) => {
                let error = self.0.procurement.error(&status);
                (None, vec![tombstone(&error)])
            }
        };
        let (missing, flows) = match &answer {
            Some(answer) => parts_read(&product, answer)?,
            None => Default::default(),
        };
        tombstones.extend(answer.iter().flat_map(|answer| answer.tombstones.clone()));
        let width = product.variants.len();
        let read = self.0.deps.store.read(&call, "plant_impact", move |tx| {
            Box::pin(async move {
                let (head, days) = whole_plan_fetch(tx, "", width).await?;
                let built = built_before_fetch(tx, &days, as_of, width).await?;
                let kept = slots_kept_fetch(tx, tx.now_micros()).await?;
                Ok((head, days, built, kept))
            })
        });
        let (head, days, built, kept) = read.await?;
        let plan = plan_from(&days, as_of, width);
        let (known, work) = (Arc::clone(&product), plan.clone());
        let impact = compute(move || impact_of(&known, &work, &built, &flows)).await?;
        let profile = |plan| {
            let days = net_of(days_of(plan), &kept, as_of);
            profiles_pb(&product, profiles(&product, &days, as_of))
        };
        let status = if tombstones.is_empty() {
            common::ResultStatus::Complete
        } else {
            common::ResultStatus::Partial
        };
        Ok(Response::new(pb::GetPlantImpactResponse {
            shops: shops_pb(&product, shops(&product, &missing)),
            vehicles: vehicles_pb(&product, &impact),
            plan_id: head.plan_id,
            undisturbed: profile(&plan),
            disturbed: profile(&impact.built),
            result_status: status.into(),
            parts: answer,
            tombstones,
        }))
    }
}

/// Whether procurement has answered, and says that the question is wrong.
fn says_no(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::NotFound | Code::InvalidArgument | Code::FailedPrecondition
    )
}

impl ImpactRpc {
    async fn disrupted_parts(
        &self,
        call: &Call,
        disruption_ids: Vec<String>,
        as_of: Date,
    ) -> Result<procurement::GetDisruptedPartsResponse, Status> {
        let peer = &self.0.procurement;
        let seed = stable_hash(disruption_ids.join(" ").as_bytes());
        let message = procurement::GetDisruptedPartsRequest {
            disruption_ids,
            as_of: Some(date_pb(as_of)),
        };
        let answer = retry(call, seed, |_| {
            let request = peer.request(call, message.clone());
            async move {
                client!(DisruptionServiceClient, peer)
                    .get_disrupted_parts(request)
                    .await
            }
        });
        answer.await.map(Response::into_inner)
    }
}
