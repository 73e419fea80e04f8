//! Impacts on the wire.
//!
//! It must not decide anything. Invariants: production is asked without the lock of the queue; where it does not answer nothing is
//! said of orders, and the answer is PARTIAL.

use std::{collections::BTreeSet, sync::Arc};

use takt_contract::{
    common::v1 as common,
    date_req,
    delivery::v1::{self as pb, impact_service_server::ImpactService},
};
use takt_kernel::Violations;
use takt_service::{Call, Error, PageToken, page_size};
use tonic::{Code, Request, Response, Status};

use super::{
    Health, promises,
    store::names_fetch,
    wire::{order_pb, production_hole, reasons_of},
};
use crate::{desk::Desk, peers::variants_of};

/// Impacts on the wire.
pub(crate) struct ImpactRpc {
    /// What the parts of the service share.
    pub(crate) desk: Arc<Desk>,
}

#[tonic::async_trait]
impl ImpactService for ImpactRpc {
    async fn get_impact(
        &self,
        request: Request<pb::GetImpactRequest>,
    ) -> Result<Response<pb::GetImpactResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let size = usize::try_from(page_size(message.page_size)?).unwrap_or_default();
        let mut violations = Violations::new();
        let as_of = date_req(message.as_of.as_ref(), "as_of", &mut violations);
        violations.finish().map_err(Error::from)?;
        let arguments = format!("{as_of} {}", message.disruption_ids.join(" "));
        let after = PageToken::open("GetImpact", &arguments, &message.page_token)?;
        let after: i64 = after.and_then(|key| key.parse().ok()).unwrap_or_default();
        let catalogue = self.desk.catalogue(&call).await?;
        let production = &self.desk.production;
        let asked = production.plant_impact(&call, message.disruption_ids, as_of);
        let plant = match asked.await {
            Ok(plant) => plant,
            Err(status) if says_no(&status) => return Err(status),
            Err(status) => {
                return Ok(Response::new(pb::GetImpactResponse {
                    result_status: common::ResultStatus::Partial.into(),
                    tombstones: vec![production_hole(&production.error(&status))],
                    ..pb::GetImpactResponse::default()
                }));
            }
        };
        let undisturbed = variants_of(&plant.undisturbed, &catalogue, as_of)?;
        let disturbed = variants_of(&plant.disturbed, &catalogue, as_of)?;
        let found = {
            let mut mirror = self.desk.mirror.lock().await;
            mirror.refresh(&self.desk.store, &call).await?;
            let ranked = mirror.queue().ranked();
            promises(&catalogue, ranked, &undisturbed, &disturbed)
        };
        let numbers = found.hits.iter().map(|hit| hit.order_no);
        let (from, to) = (numbers.clone().min(), numbers.max());
        let names = match from.zip(to) {
            Some((from, to)) => {
                let read = self.desk.store.read(&call, "impact_names", move |tx| {
                    Box::pin(names_fetch(tx, from, to))
                });
                read.await?
            }
            None => Default::default(),
        };
        let status = plant.result_status();
        let parts = plant.parts.unwrap_or_default();
        let reasons = reasons_of(&parts);
        let count = |health| found.hits.iter().filter(|hit| hit.health == health).count();
        let customers = found.hits.iter().filter_map(|hit| names.get(&hit.order_no));
        let customers: BTreeSet<&str> = customers.map(|(_, customer)| customer.as_str()).collect();
        let page: Vec<_> = (found.hits.iter())
            .filter(|hit| hit.order_no > after)
            .take(size + 1)
            .collect();
        // One more than the page tells whether there is another one.
        let more = page.len() > size;
        let page = page.get(..size.min(page.len())).unwrap_or_default();
        let last = page.last().filter(|_| more);
        let order = |hit: &&super::Hit| {
            let made = (as_of, plant.plan_id.as_str());
            Some(order_pb(
                &catalogue,
                names.get(&hit.order_no)?,
                hit,
                made,
                &reasons,
            ))
        };
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        Ok(Response::new(pb::GetImpactResponse {
            next_page_token: last
                .map(|hit| PageToken::seal("GetImpact", &arguments, &hit.order_no.to_string()))
                .unwrap_or_default(),
            orders: page.iter().filter_map(order).collect(),
            order_count: number(found.hits.len()),
            customer_count: number(customers.len()),
            at_risk_count: number(count(Health::AtRisk)),
            late_count: number(count(Health::Late)),
            on_time_count: found.on_time,
            disruptions: parts.disruptions,
            parts: parts.parts,
            shops: plant.shops,
            vehicles: plant.vehicles,
            result_status: status.into(),
            tombstones: plant.tombstones,
        }))
    }
}

/// Whether production, or procurement behind it, has answered and says that the question is wrong.
fn says_no(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::NotFound | Code::InvalidArgument | Code::FailedPrecondition
    )
}
