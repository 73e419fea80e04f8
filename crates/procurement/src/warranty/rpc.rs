//! Claims on the wire.
//!
//! It must not decide anything. Invariant: a message is read as a whole or refused with every mistake in it.

use std::sync::Arc;

use takt_contract::{
    date_req, id_req,
    procurement::v1::{self as pb, warranty_service_server::WarrantyService},
};
use takt_kernel::{CaseId, RequestId, Violations};
use takt_service::{Call, Error, Once, PageToken, Tx, page_size};
use tonic::{Request, Response, Status};

use super::{
    Claim,
    store::{ClaimFilter, claim_fetch, claim_save, claims_list},
    wire::{amount_opt, claim_pb, state_opt},
};
use crate::desk::Desk;

/// The bytes of a reason.
const REASON: usize = 500;

/// Claims on the wire.
pub(crate) struct WarrantyRpc(pub(crate) Arc<Desk>);

fn ids_of(request_id: &str, claim_id: &str, found: &mut Violations) -> Option<(RequestId, String)> {
    let request_id = id_req::<RequestId>(request_id, "request_id", found);
    let claim_id = claim_id_of(claim_id, found);
    request_id.zip(claim_id)
}

fn claim_id_of(text: &str, found: &mut Violations) -> Option<String> {
    id_req::<CaseId>(text, "claim_id", found).map(|id| id.to_string())
}

fn once_of<M: prost::Message>(method: &str, request_id: RequestId, message: &M) -> Once {
    let method = format!("takt.procurement.v1.WarrantyService/{method}");
    Once::of(&method, *request_id.as_bytes(), message)
}

async fn turned(
    tx: &Tx,
    id: &str,
    change: impl FnOnce(&mut Claim) -> Result<(), Error>,
) -> Result<Option<pb::Claim>, Error> {
    let mut claim = claim_fetch(tx, id).await?;
    let before = claim.state;
    change(&mut claim)?;
    claim_save(tx, &claim, before).await?;
    Ok(Some(claim_pb(&claim)))
}

#[tonic::async_trait]
impl WarrantyService for WarrantyRpc {
    async fn get_claim(
        &self,
        request: Request<pb::GetClaimRequest>,
    ) -> Result<Response<pb::GetClaimResponse>, Status> {
        let call = Call::of(&request);
        let mut found = Violations::new();
        let id = claim_id_of(&request.into_inner().claim_id, &mut found);
        let id = found.finish_with(id).map_err(Error::from)?;
        let read = self.0.store.read(&call, "claim_get", move |tx| {
            let id = id.clone();
            Box::pin(async move { claim_fetch(tx, &id).await })
        });
        let claim = Some(claim_pb(&read.await?));
        Ok(Response::new(pb::GetClaimResponse { claim }))
    }

    async fn list_claims(
        &self,
        request: Request<pb::ListClaimsRequest>,
    ) -> Result<Response<pb::ListClaimsResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut found = Violations::new();
        let state = state_opt(message.state, &mut found);
        for (field, text) in [
            ("supplier_id", &message.supplier_id),
            ("lot_id", &message.lot_id),
        ] {
            found.require(text.len() <= 200, field, "it has at most 200 bytes");
        }
        found.finish().map_err(Error::from)?;
        let limit = page_size(message.page_size)?;
        let arguments = format!(
            "{} {} {}",
            message.state, message.supplier_id, message.lot_id
        );
        let after = PageToken::open("ListClaims", &arguments, &message.page_token)?;
        let filter = ClaimFilter {
            supplier: message.supplier_id,
            lot: message.lot_id,
            state,
        };
        let asked = Arc::new((filter, after.unwrap_or_default()));
        let read = self.0.store.read(&call, "claims_list", move |tx| {
            let asked = Arc::clone(&asked);
            Box::pin(async move { claims_list(tx, &asked.0, &asked.1, limit).await })
        });
        let claims = read.await?;
        let full = i64::try_from(claims.len()).is_ok_and(|count| count == limit);
        let last = claims.last().filter(|_| full);
        let seal = |claim: &Claim| PageToken::seal("ListClaims", &arguments, &claim.id);
        Ok(Response::new(pb::ListClaimsResponse {
            next_page_token: last.map(seal).unwrap_or_default(),
            claims: claims.iter().map(claim_pb).collect(),
        }))
    }

    async fn accept_claim(
        &self,
        request: Request<pb::AcceptClaimRequest>,
    ) -> Result<Response<pb::AcceptClaimResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut found = Violations::new();
        let ids = ids_of(&message.request_id, &message.claim_id, &mut found);
        let amount = amount_opt(message.amount.as_ref(), &mut found);
        let on = date_req(message.accepted_on.as_ref(), "accepted_on", &mut found);
        let (request_id, id) = found.finish_with(ids).map_err(Error::from)?;
        let once = once_of("AcceptClaim", request_id, &message);
        let write = self
            .0
            .store
            .write_once(&call, "claim_accept", once, move |tx| {
                let id = id.clone();
                Box::pin(async move {
                    let claim = turned(tx, &id, |claim| Ok(claim.accept(amount, on)?)).await?;
                    Ok(pb::AcceptClaimResponse { claim })
                })
            });
        Ok(Response::new(write.await?))
    }

    async fn reject_claim(
        &self,
        request: Request<pb::RejectClaimRequest>,
    ) -> Result<Response<pb::RejectClaimResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut found = Violations::new();
        let ids = ids_of(&message.request_id, &message.claim_id, &mut found);
        let reason = message.reason.clone();
        found.require(!reason.trim().is_empty(), "reason", "it is missing");
        let fits = reason.len() <= REASON && !reason.chars().any(char::is_control);
        let rule = format!("it has at most {REASON} bytes and no control characters");
        found.require(fits, "reason", rule);
        let on = date_req(message.rejected_on.as_ref(), "rejected_on", &mut found);
        let (request_id, id) = found.finish_with(ids).map_err(Error::from)?;
        let once = once_of("RejectClaim", request_id, &message);
        let write = self
            .0
            .store
            .write_once(&call, "claim_reject", once, move |tx| {
                let (id, reason) = (id.clone(), reason.clone());
                Box::pin(async move {
                    let claim = turned(tx, &id, |claim| Ok(claim.reject(reason, on)?)).await?;
                    Ok(pb::RejectClaimResponse { claim })
                })
            });
        Ok(Response::new(write.await?))
    }

    async fn settle_claim(
        &self,
        request: Request<pb::SettleClaimRequest>,
    ) -> Result<Response<pb::SettleClaimResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut found = Violations::new();
        let ids = ids_of(&message.request_id, &message.claim_id, &mut found);
        let amount = amount_opt(message.amount.as_ref(), &mut found);
        let on = date_req(message.settled_on.as_ref(), "settled_on", &mut found);
        let (request_id, id) = found.finish_with(ids).map_err(Error::from)?;
        let once = once_of("SettleClaim", request_id, &message);
        let write = self
            .0
            .store
            .write_once(&call, "claim_settle", once, move |tx| {
                let id = id.clone();
                Box::pin(async move {
                    let claim = turned(tx, &id, |claim| Ok(claim.settle(amount, on)?)).await?;
                    Ok(pb::SettleClaimResponse { claim })
                })
            });
        Ok(Response::new(write.await?))
    }
}
