//! Stakes on the wire.
//!
//! It must not decide anything. Invariant: what is recorded is checked together with all that was recorded before.

use std::{collections::BTreeMap, sync::Arc};

use takt_contract::{date_opt, procurement::v1 as pb, request_id};
use takt_kernel::Violations;
use takt_service::{Call, Error, Once, PageToken, page_size};
use tonic::{Request, Response, Status};

use super::{
    Stake, interests, ownable,
    store::{key, stakes_fetch, stakes_save},
    wire::{interest_pb, stake_pb, stakes_read},
};
use crate::{desk::Desk, rows::count};

/// Records stakes; all or none.
pub(super) async fn record(
    desk: &Arc<Desk>,
    request: Request<pb::RecordStakesRequest>,
) -> Result<Response<pb::RecordStakesResponse>, Status> {
    let call = Call::of(&request);
    let message = request.into_inner();
    let mut violations = Violations::new();
    let id = request_id(&message.request_id, "request_id", &mut violations).unwrap_or_default();
    let given = stakes_read(&message, &mut violations);
    violations.finish().map_err(Error::from)?;
    let method = "takt.procurement.v1.PartnershipService/RecordStakes";
    let once = Once::of(method, id, &message);
    let given = Arc::new(given);
    let write = desk
        .store
        .write_once(&call, "stakes_record", once, move |tx| {
            let given = Arc::clone(&given);
            Box::pin(async move {
                let before = stakes_fetch(tx).await?;
                let mut all: BTreeMap<_, &Stake> = BTreeMap::new();
                for stake in before.iter().chain(given.iter()) {
                    all.insert(key(stake), stake);
                }
                let all: Vec<Stake> = all.into_values().cloned().collect();
                ownable(&all)?;
                stakes_save(tx, &given).await?;
                Ok(pb::RecordStakesResponse {
                    recorded_count: count(given.len()),
                })
            })
        });
    Ok(Response::new(write.await?))
}

/// Lists stakes.
pub(super) async fn list(
    desk: &Arc<Desk>,
    request: Request<pb::ListStakesRequest>,
) -> Result<Response<pb::ListStakesResponse>, Status> {
    let call = Call::of(&request);
    let message = request.into_inner();
    let size = usize::try_from(page_size(message.page_size)?).unwrap_or_default();
    let after = PageToken::open("ListStakes", "", &message.page_token)?;
    let read = desk.store.read(&call, "stakes_list", |tx| {
        Box::pin(async move { stakes_fetch(tx).await })
    });
    // There are some hundred of them at most, so that a page is cut from all.
    let name = |stake: &Stake| format!("{}\n{}\n{}", stake.holder, stake.company, stake.held_on);
    let mut all = read.await?;
    all.sort_by_key(name);
    let first = after.map_or(0, |after| all.partition_point(|stake| name(stake) <= after));
    let page = all.get(first..).unwrap_or_default();
    let more = page.len() > size;
    let page = page.get(..size).unwrap_or(page);
    let last = page.last().filter(|_| more);
    Ok(Response::new(pb::ListStakesResponse {
        next_page_token: last
            .map(|last| PageToken::seal("ListStakes", "", &name(last)))
            .unwrap_or_default(),
        stakes: page.iter().map(stake_pb).collect(),
    }))
}

/// What a holder owns.
pub(super) async fn interests_of(
    desk: &Arc<Desk>,
    request: Request<pb::GetInterestsRequest>,
) -> Result<Response<pb::GetInterestsResponse>, Status> {
    let call = Call::of(&request);
    let message = request.into_inner();
    let mut violations = Violations::new();
    let on = date_opt(message.as_of.as_ref(), "as_of", &mut violations);
    violations.finish().map_err(Error::from)?;
    let read = desk.store.read(&call, "stakes_fetch", |tx| {
        Box::pin(async move { stakes_fetch(tx).await })
    });
    let found = interests(&read.await?, &message.holder_id, on).map_err(Error::from)?;
    Ok(Response::new(pb::GetInterestsResponse {
        interests: found.iter().map(interest_pb).collect(),
    }))
}
