//! Capacity on the wire.
//!
//! It must not decide anything. Invariant: groups are recorded whole or not at all.

use std::sync::Arc;

use takt_contract::{
    date_pb,
    procurement::v1::{self as pb, capacity_service_server::CapacityService},
    request_id,
};
use takt_kernel::Violations;
use takt_service::{Call, Error, Once, PageToken, compute, page_size};
use tonic::{Request, Response, Status};

use super::{
    CapacityGroup, Known, balanced, check,
    store::{Wanted, below_fetch, groups_fetch, groups_save},
    wire::{group_pb, groups_read, row_pb, wish_read},
};
use crate::{
    desk::{Answers, Desk, chunks},
    risk::{rpc::Ground, store::network_fetch},
    rows::{count, short},
};

/// The most groups of a page: one may have hundreds of weeks.
const PAGE: i64 = 200;
/// The rows of a message, without and with their weeks.
const CHUNK: usize = 200;
const CHUNK_OF_WEEKS: usize = 5;

/// Capacity on the wire.
pub(crate) struct CapacityRpc(pub(crate) Arc<Desk>);

#[tonic::async_trait]
impl CapacityService for CapacityRpc {
    async fn record_capacity_groups(
        &self,
        request: Request<pb::RecordCapacityGroupsRequest>,
    ) -> Result<Response<pb::RecordCapacityGroupsResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations).unwrap_or_default();
        let groups = groups_read(&message, &mut violations);
        violations.finish().map_err(Error::from)?;
        let catalogue = self.0.catalogue(&call).await?;
        let once = Once::of(
            "takt.procurement.v1.CapacityService/RecordCapacityGroups",
            id,
            &message,
        );
        let groups = Arc::new(groups);
        let write = self
            .0
            .store
            .write_once(&call, "capacity_groups_record", once, move |tx| {
                let (groups, catalogue) = (Arc::clone(&groups), Arc::clone(&catalogue));
                Box::pin(async move {
                    let network = network_fetch(tx).await?.complete(&catalogue);
                    let known = below_fetch(tx).await?;
                    check(&network, &known, &groups)?;
                    groups_save(tx, &groups).await?;
                    let replaced = groups.iter().filter(|group| known.contains_key(&group.id));
                    let replaced = replaced.count();
                    Ok(pb::RecordCapacityGroupsResponse {
                        created_count: short(count(groups.len() - replaced)),
                        replaced_count: short(count(replaced)),
                    })
                })
            });
        Ok(Response::new(write.await?))
    }

    async fn list_capacity_groups(
        &self,
        request: Request<pb::ListCapacityGroupsRequest>,
    ) -> Result<Response<pb::ListCapacityGroupsResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let size = page_size(message.page_size)?.min(PAGE);
        let arguments = message.supplier_id.clone();
        let after = PageToken::open("ListCapacityGroups", &arguments, &message.page_token)?;
        // One more than the page tells whether there is another one.
        let wanted = Wanted::Page(after.unwrap_or_default(), size + 1, message.supplier_id);
        let read = self.0.store.read(&call, "capacity_groups_list", move |tx| {
            let wanted = wanted.clone();
            Box::pin(async move { groups_fetch(tx, &wanted).await })
        });
        let mut all = read.await?;
        let key = |group: &CapacityGroup| group.id.clone();
        Ok(Response::new(pb::ListCapacityGroupsResponse {
            next_page_token: PageToken::cut(&mut all, size, "ListCapacityGroups", &arguments, key),
            capacity_groups: all.iter().map(group_pb).collect(),
        }))
    }

    type MatchCapacityStream = Answers<pb::MatchCapacityResponse>;

    async fn match_capacity(
        &self,
        request: Request<pb::MatchCapacityRequest>,
    ) -> Result<Response<Self::MatchCapacityStream>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let (wish, as_of) = wish_read(&message, &mut violations);
        violations.finish().map_err(Error::from)?;
        let ground = Ground::read(&self.0, &call).await?;
        let as_of = ground.day(as_of)?;
        let is_known = |id: &str| ground.network.sites.iter().any(|site| site.supplier == id);
        if !wish.supplier.is_empty() && !is_known(&wish.supplier) {
            return Err(Error::missing("supplier", &wish.supplier).into());
        }
        let read = self.0.store.read(&call, "capacity_groups_read", |tx| {
            Box::pin(async move { groups_fetch(tx, &Wanted::Active).await })
        });
        let groups = read.await?;
        let plan_id = ground.needs.plan.id.clone();
        let found = compute(move || {
            let known = Known {
                catalogue: &ground.catalogue,
                network: &ground.network,
                needs: &ground.needs,
                groups: &groups,
            };
            balanced(known, &wish, as_of)
        });
        let (first, rows) = found.await??;
        let with_weeks = message.with_weeks;
        let matched: Vec<_> = rows
            .iter()
            .map(|row| row_pb(row, first, with_weeks))
            .collect();
        let answer = move |matched| pb::MatchCapacityResponse {
            plan_id: plan_id.clone(),
            first_week: Some(date_pb(first)),
            matched,
        };
        let size = if with_weeks { CHUNK_OF_WEEKS } else { CHUNK };
        Ok(Response::new(chunks(matched, size, answer)))
    }
}
