//! Disruptions on the wire.
//!
//! It must not decide anything. Invariant: a disruption and the fact of it are written together.

use std::{collections::BTreeSet, sync::Arc};

use takt_contract::{
    common::v1 as common,
    date_opt, date_pb, date_req,
    events::v1::{self as events, fact_body::Kind},
    id_req,
    procurement::v1::{self as pb, disruption_service_server::DisruptionService},
    request_id,
};
use takt_kernel::{DisruptionId, Violations};
use takt_service::{Call, Error, NewFact, Once, PageToken, Tx, compute, page_size};
use tonic::{Request, Response, Status};

use super::{
    Disruption,
    parts::{Known, touched},
    store::{Wanted, disruption_add, disruption_resolve, disruptions_fetch},
    wire::{declared, disruption_pb, hole, part_pb, sites_pb, text_fits},
};
use crate::{
    desk::Desk,
    programme::Catalogue,
    risk::{rpc::Ground, store::network_fetch},
    rows::{count, short},
};

/// The most disruptions that are looked at together by name.
const TOGETHER: usize = 100;

/// Disruptions on the wire.
pub(crate) struct DisruptionRpc(pub(crate) Arc<Desk>);

#[tonic::async_trait]
impl DisruptionService for DisruptionRpc {
    async fn declare_disruption(
        &self,
        request: Request<pb::DeclareDisruptionRequest>,
    ) -> Result<Response<pb::DeclareDisruptionResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations).unwrap_or_default();
        let disruption = declared(&message, &mut violations);
        let disruption = violations.finish_with(disruption).map_err(Error::from)?;
        let catalogue = self.0.catalogue(&call).await?;
        let once = Once::of(
            "takt.procurement.v1.DisruptionService/DeclareDisruption",
            id,
            &message,
        );
        let disruption = Arc::new(disruption);
        let write = self
            .0
            .store
            .write_once(&call, "disruption_declare", once, move |tx| {
                let (catalogue, disruption) = (Arc::clone(&catalogue), Arc::clone(&disruption));
                Box::pin(async move { declare(tx, &catalogue, &disruption).await })
            });
        Ok(Response::new(write.await?))
    }

    async fn resolve_disruption(
        &self,
        request: Request<pb::ResolveDisruptionRequest>,
    ) -> Result<Response<pb::ResolveDisruptionResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations).unwrap_or_default();
        id_req::<DisruptionId>(&message.disruption_id, "disruption_id", &mut violations);
        let on = date_req(message.resolved_on.as_ref(), "resolved_on", &mut violations);
        text_fits(&message.measure, "measure", &mut violations);
        violations.finish().map_err(Error::from)?;
        let once = Once::of(
            "takt.procurement.v1.DisruptionService/ResolveDisruption",
            id,
            &message,
        );
        let message = Arc::new(message);
        let write = self
            .0
            .store
            .write_once(&call, "disruption_resolve", once, move |tx| {
                let message = Arc::clone(&message);
                Box::pin(async move {
                    let mut disruption = disruption_fetch(tx, &message.disruption_id).await?;
                    disruption.resolve(on, &message.measure)?;
                    disruption_resolve(tx, &disruption.id, on, &disruption.measure).await?;
                    let told = events::DisruptionResolved {
                        disruption_id: disruption.id.clone(),
                        resolved_on: Some(date_pb(on)),
                    };
                    tx.emit_many(vec![NewFact {
                        subject: disruption.id.clone(),
                        on,
                        traceparent: None,
                        body: Kind::DisruptionResolved(told),
                    }])
                    .await?;
                    Ok(pb::ResolveDisruptionResponse {
                        disruption: Some(disruption_pb(&disruption)),
                    })
                })
            });
        Ok(Response::new(write.await?))
    }

    async fn get_disruption(
        &self,
        request: Request<pb::GetDisruptionRequest>,
    ) -> Result<Response<pb::GetDisruptionResponse>, Status> {
        let call = Call::of(&request);
        let id = Arc::new(request.into_inner().disruption_id);
        let read = self.0.store.read(&call, "disruption_get", move |tx| {
            let id = Arc::clone(&id);
            Box::pin(async move { disruption_fetch(tx, &id).await })
        });
        let disruption = read.await?;
        Ok(Response::new(pb::GetDisruptionResponse {
            disruption: Some(disruption_pb(&disruption)),
            sites: sites_pb(&disruption),
        }))
    }

    async fn list_disruptions(
        &self,
        request: Request<pb::ListDisruptionsRequest>,
    ) -> Result<Response<pb::ListDisruptionsResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let size = page_size(message.page_size)?;
        let open = match pb::DisruptionState::try_from(message.state) {
            Ok(pb::DisruptionState::Unspecified) => None,
            Ok(pb::DisruptionState::Open) => Some(true),
            Ok(pb::DisruptionState::Resolved) => Some(false),
            Err(_) => {
                let told = format!(
                    "{} is none; leave it out, or say OPEN or RESOLVED",
                    message.state
                );
                return Err(Error::invalid("state", told).into());
            }
        };
        let arguments = message.state.to_string();
        let after = PageToken::open("ListDisruptions", &arguments, &message.page_token)?;
        // One more than the page tells whether there is another one.
        let wanted = Wanted::Page(after.unwrap_or_default(), size + 1, open);
        let read = self.0.store.read(&call, "disruptions_list", move |tx| {
            let wanted = wanted.clone();
            Box::pin(async move { disruptions_fetch(tx, &wanted).await })
        });
        let mut disruptions = read.await?;
        let key = |disruption: &Disruption| disruption.id.clone();
        let list = "ListDisruptions";
        Ok(Response::new(pb::ListDisruptionsResponse {
            next_page_token: PageToken::cut(&mut disruptions, size, list, &arguments, key),
            disruptions: disruptions.iter().map(disruption_pb).collect(),
        }))
    }

    async fn get_disrupted_parts(
        &self,
        request: Request<pb::GetDisruptedPartsRequest>,
    ) -> Result<Response<pb::GetDisruptedPartsResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let as_of = date_opt(message.as_of.as_ref(), "as_of", &mut violations);
        violations.require(
            message.disruption_ids.len() <= TOGETHER,
            "disruption_ids",
            format!(
                "at most {TOGETHER} are looked at together; leave it empty for all that are open"
            ),
        );
        violations.finish().map_err(Error::from)?;
        let named: BTreeSet<String> = message.disruption_ids.into_iter().collect();
        let wanted = match named.is_empty() {
            true => Wanted::Open,
            false => Wanted::Named(named.iter().cloned().collect()),
        };
        let read = self.0.store.read(&call, "disruptions_together", move |tx| {
            let wanted = wanted.clone();
            Box::pin(async move { disruptions_fetch(tx, &wanted).await })
        });
        let disruptions = read.await?;
        let found = |id: &&String| disruptions.iter().any(|found| found.id == **id);
        if let Some(missing) = named.iter().find(|id| !found(id)) {
            return Err(Error::missing("disruption", missing).into());
        }
        let ground = Arc::new(Ground::read(&self.0, &call).await?);
        let as_of = ground.day(as_of)?;
        let (work, disruptions) = (Arc::clone(&ground), Arc::new(disruptions));
        let known = Arc::clone(&disruptions);
        let touched = compute(move || {
            let on = Known {
                catalogue: &work.catalogue,
                network: &work.network,
                supply: &work.supply,
                needs: &work.needs,
            };
            touched(on, &known, as_of)
        });
        let touched = touched.await??;
        let status = if touched.unknown.is_empty() {
            common::ResultStatus::Complete
        } else {
            common::ResultStatus::Partial
        };
        let part = |part| part_pb(&ground.catalogue, &disruptions, part);
        Ok(Response::new(pb::GetDisruptedPartsResponse {
            disruptions: disruptions.iter().map(disruption_pb).collect(),
            parts: touched.parts.iter().map(part).collect(),
            as_of: Some(date_pb(as_of)),
            plan_id: ground.needs.plan.id.clone(),
            result_status: status.into(),
            tombstones: touched.unknown.iter().map(hole).collect(),
        }))
    }
}

async fn disruption_fetch(tx: &Tx, id: &str) -> Result<Disruption, Error> {
    let wanted = Wanted::Named(vec![id.to_owned()]);
    let found = disruptions_fetch(tx, &wanted).await?;
    let found = found.into_iter().next();
    found.ok_or_else(|| Error::missing("disruption", id))
}

async fn declare(
    tx: &Tx,
    catalogue: &Catalogue,
    disruption: &Disruption,
) -> Result<pb::DeclareDisruptionResponse, Error> {
    let network = network_fetch(tx).await?.complete(catalogue);
    let disruption = Disruption {
        sites: disruption.scope.sites(&network, catalogue),
        ..disruption.clone()
    };
    if disruption.sites.is_empty() {
        let told =
            "no site of the network fits; `takt risk` and ListSuppliers tell which there are";
        return Err(Error::invalid("scope", told));
    }
    disruption_add(tx, &disruption).await?;
    let told = events::DisruptionDeclared {
        disruption_id: disruption.id.clone(),
        begins_on: Some(date_pb(disruption.begins_on)),
        expected_end_on: disruption.expected_end_on.map(date_pb),
        site_count: short(count(disruption.sites.len())),
    };
    tx.emit_many(vec![NewFact {
        subject: disruption.id.clone(),
        on: disruption.begins_on,
        traceparent: None,
        body: Kind::DisruptionDeclared(told),
    }])
    .await?;
    Ok(pb::DeclareDisruptionResponse {
        disruption: Some(disruption_pb(&disruption)),
        sites: sites_pb(&disruption),
    })
}
