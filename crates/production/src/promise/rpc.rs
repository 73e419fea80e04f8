//! Promises on the wire.
//!
//! It must not decide anything. Invariant: an answer that procurement had no part in is PARTIAL and says so.

use std::sync::Arc;

use takt_contract::{
    common::v1 as common,
    date_opt, date_pb, date_req, id_req,
    production::v1::{self as pb, promise_service_server::PromiseService},
    request_id,
};
use takt_kernel::{Date, ReservationId, Violations};
use takt_planning::promise::PromiseKind;
use takt_service::{Call, Error, Once, PageToken, page_size};
use tonic::{Request, Response, Status};

use super::{
    availability, hold,
    holding::{self, HoldSlots},
    net_of, offer, promised, reasons, store,
    wire::{
        basis_of, basis_pb, hold_pb, line_shop, offer_pb, profiles_pb, reason_pb, tombstone,
        wish_of,
    },
};
use crate::{
    Production,
    peers::stock_on,
    plan::{
        PlanDay, profiles,
        store::{PlanHead, plan_days_fetch, plan_fetch},
    },
    product::Product,
};

/// Promises on the wire.
pub struct PromiseRpc(pub Production);

impl PromiseRpc {
    /// The plan that counts, from a day on, without the slots that are held or confirmed.
    async fn plan(
        &self,
        call: &Call,
        product: &Product,
        as_of: Date,
    ) -> Result<(PlanHead, Vec<PlanDay>), Error> {
        let width = product.variants.len();
        let read = self.0.deps.store.read(call, "promise_plan", move |tx| {
            Box::pin(async move {
                let head = plan_fetch(tx, "").await?;
                let days = plan_days_fetch(tx, head.plan_no, as_of, width).await?;
                let kept = store::slots_kept_fetch(tx, tx.now_micros()).await?;
                Ok((head, net_of(days, &kept, as_of)))
            })
        });
        read.await
    }
}

#[tonic::async_trait]
impl PromiseService for PromiseRpc {
    async fn get_promise_profile(
        &self,
        request: Request<pb::GetPromiseProfileRequest>,
    ) -> Result<Response<pb::GetPromiseProfileResponse>, Status> {
        let call = Call::of(&request);
        let mut violations = Violations::new();
        let as_of = date_req(request.get_ref().as_of.as_ref(), "as_of", &mut violations);
        violations.finish().map_err(Error::from)?;
        let product = self.0.products.get(&call).await?;
        let (head, days) = self.plan(&call, &product, as_of).await?;
        let variants = profiles_pb(&product, profiles(&product, &days, as_of));
        Ok(Response::new(pb::GetPromiseProfileResponse {
            plan_id: head.plan_id,
            variants,
        }))
    }

    async fn check_promise(
        &self,
        request: Request<pb::CheckPromiseRequest>,
    ) -> Result<Response<pb::CheckPromiseResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let product = self.0.products.get(&call).await?;
        let mut violations = Violations::new();
        let as_of = date_req(message.as_of.as_ref(), "as_of", &mut violations);
        violations.require(
            message.orders_ahead >= 0,
            "orders_ahead",
            "it is not negative",
        );
        let config = product.configuration(&message.variant_id, &message.options, &mut violations);
        let config = violations.finish_with(config).map_err(Error::from)?;
        let (head, days) = self.plan(&call, &product, as_of).await?;
        let profile = profiles(&product, &days, as_of)
            .into_iter()
            .nth(config.variant());
        let profile = profile.ok_or_else(|| Error::missing("variant", &message.variant_id))?;
        let promise =
            promised(&profile, &message.variant_id, message.orders_ahead).map_err(Error::from)?;
        let (stock, tombstones) = match stock_on(&self.0, &call, &product, as_of).await {
            Ok(stock) => (Some(stock), Vec::new()),
            Err(error) => (None, vec![tombstone(&error)]),
        };
        let needs = product.needs().get(&product.bom, config).clone();
        let name = |item: usize| {
            product
                .items
                .get(item)
                .map_or_else(String::new, |item| item.item_id.clone())
        };
        let line = line_shop(&product);
        let found = reasons(promise, as_of, line, &needs, stock.as_deref(), &name);
        let whole = tombstones.is_empty();
        Ok(Response::new(pb::CheckPromiseResponse {
            plan_id: head.plan_id,
            kind: i32::from(match promise.kind {
                PromiseKind::Planned => pb::PromiseKind::Planned,
                PromiseKind::Estimate => pb::PromiseKind::Estimate,
            }),
            build_on: Some(date_pb(promise.build_on)),
            result_status: i32::from(if whole {
                common::ResultStatus::Complete
            } else {
                common::ResultStatus::Partial
            }),
            tombstones,
            reasons: found
                .iter()
                .map(|reason| reason_pb(reason, &product))
                .collect(),
        }))
    }

    async fn inquire_promise(
        &self,
        request: Request<pb::InquirePromiseRequest>,
    ) -> Result<Response<pb::InquirePromiseResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let product = self.0.products.get(&call).await?;
        let mut violations = Violations::new();
        let as_of = date_req(message.as_of.as_ref(), "as_of", &mut violations);
        let wish = wish_of(message.wish.as_ref(), &product, &mut violations);
        let basis = message
            .at_basis
            .as_ref()
            .map(|basis| basis_of(basis, &mut violations));
        let wish = violations.finish_with(wish).map_err(Error::from)?;
        let keeper = &self.0.promises;
        let snapshot = match &basis {
            Some(basis) => offer::snapshot_at(&self.0, &call, basis).await?,
            None => {
                keeper
                    .current(&self.0, &call, as_of, message.newest)
                    .await?
            }
        };
        let promise = offer::promise(&snapshot, &wish);
        let others = if message.alternatives_wanted {
            offer::alternatives(&snapshot, &wish, &promise)
        } else {
            Vec::new()
        };
        Ok(Response::new(pb::InquirePromiseResponse {
            offer: Some(offer_pb(&snapshot, &promise, &others)),
        }))
    }

    async fn hold_promise(
        &self,
        request: Request<pb::HoldPromiseRequest>,
    ) -> Result<Response<pb::HoldPromiseResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let product = self.0.products.get(&call).await?;
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations).unwrap_or_default();
        id_req::<ReservationId>(&message.hold_id, "hold_id", &mut violations);
        let as_of = date_req(message.as_of.as_ref(), "as_of", &mut violations);
        let latest = date_opt(message.latest_on.as_ref(), "latest_on", &mut violations);
        let ttl = i64::from(message.ttl_seconds);
        violations.require(
            (0..=hold::TTL_MOST_SECONDS).contains(&ttl),
            "ttl_seconds",
            format!("give at most {}", hold::TTL_MOST_SECONDS),
        );
        let wish = wish_of(message.wish.as_ref(), &product, &mut violations);
        let wish = violations.finish_with(wish).map_err(Error::from)?;
        let once = once("HoldPromise", id, &message);
        let wanted = HoldSlots {
            id: message.hold_id,
            as_of,
            wish,
            latest,
            ttl_seconds: if ttl == 0 { hold::TTL_SECONDS } else { ttl },
        };
        let answer = holding::hold(&self.0, &call, wanted, once).await?;
        Ok(Response::new(answer))
    }

    async fn confirm_hold(
        &self,
        request: Request<pb::ConfirmHoldRequest>,
    ) -> Result<Response<pb::ConfirmHoldResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let id = hold_named(&message.request_id, &message.hold_id)?;
        let once = once("ConfirmHold", id, &message);
        let answer = holding::confirm(&self.0, &call, message.hold_id, once).await?;
        Ok(Response::new(answer))
    }

    async fn release_hold(
        &self,
        request: Request<pb::ReleaseHoldRequest>,
    ) -> Result<Response<pb::ReleaseHoldResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let id = hold_named(&message.request_id, &message.hold_id)?;
        let once = once("ReleaseHold", id, &message);
        let answer = holding::release(&self.0, &call, message.hold_id, once).await?;
        Ok(Response::new(answer))
    }

    async fn get_hold(
        &self,
        request: Request<pb::GetHoldRequest>,
    ) -> Result<Response<pb::GetHoldResponse>, Status> {
        let call = Call::of(&request);
        let id = request.into_inner().hold_id;
        let product = self.0.products.get(&call).await?;
        let answer = holding::get(&self.0, &call, &product, id).await?;
        Ok(Response::new(answer))
    }

    async fn list_holds(
        &self,
        request: Request<pb::ListHoldsRequest>,
    ) -> Result<Response<pb::ListHoldsResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let product = self.0.products.get(&call).await?;
        let (size, arguments) = (page_size(message.page_size)?, message.open_only.to_string());
        let after = PageToken::open("ListHolds", &arguments, &message.page_token)?;
        let after: i64 = after.and_then(|key| key.parse().ok()).unwrap_or(0);
        let read = self.0.deps.store.read(&call, "holds_list", move |tx| {
            let open_at = message.open_only.then(|| tx.now_micros());
            Box::pin(async move {
                let holds = store::holds_page(tx, open_at, after, size).await?;
                Ok((holds, tx.now_micros()))
            })
        });
        let (holds, now) = read.await?;
        let full = i64::try_from(holds.len()).is_ok_and(|count| count == size);
        let last = holds.last().filter(|_| full);
        let next =
            last.map(|hold| PageToken::seal("ListHolds", &arguments, &hold.number.to_string()));
        Ok(Response::new(pb::ListHoldsResponse {
            holds: holds
                .iter()
                .map(|hold| hold_pb(hold, &product, now))
                .collect(),
            next_page_token: next.unwrap_or_default(),
        }))
    }

    async fn list_available_to_promise(
        &self,
        request: Request<pb::ListAvailableToPromiseRequest>,
    ) -> Result<Response<pb::ListAvailableToPromiseResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let product = self.0.products.get(&call).await?;
        let mut violations = Violations::new();
        let as_of = date_req(message.as_of.as_ref(), "as_of", &mut violations);
        violations.finish().map_err(Error::from)?;
        let size = page_size(message.page_size)?;
        let arguments = format!("{as_of} {} {}", message.variant_id, message.item_id);
        let after = PageToken::open("ListAvailableToPromise", &arguments, &message.page_token)?;
        let from: usize = after.and_then(|key| key.parse().ok()).unwrap_or(0);
        let snapshot = self
            .0
            .promises
            .current(&self.0, &call, as_of, false)
            .await?;
        let periods = availability::periods(&snapshot, &product, &message)?;
        let days = availability::rows(snapshot.basis.first(), periods);
        let size = usize::try_from(size).unwrap_or(1);
        let more = days.len() > from.saturating_add(size);
        let next = more.then(|| {
            let key = (from + size).to_string();
            PageToken::seal("ListAvailableToPromise", &arguments, &key)
        });
        Ok(Response::new(pb::ListAvailableToPromiseResponse {
            basis: Some(basis_pb(&snapshot)),
            days: days.into_iter().skip(from).take(size).collect(),
            next_page_token: next.unwrap_or_default(),
        }))
    }

    async fn reconcile_slots(
        &self,
        request: Request<pb::ReconcileSlotsRequest>,
    ) -> Result<Response<pb::ReconcileSlotsResponse>, Status> {
        let call = Call::of(&request);
        let product = self.0.products.get(&call).await?;
        let read = self.0.deps.store.read(&call, "slots_reconcile", move |tx| {
            let product = Arc::clone(&product);
            Box::pin(async move { availability::reconciled(tx, &product).await })
        });
        Ok(Response::new(read.await?))
    }
}

fn once<M: prost::Message>(rpc: &str, id: [u8; 16], message: &M) -> Once {
    let method = format!("takt.production.v1.PromiseService/{rpc}");
    Once::of(&method, id, message)
}

/// The request id of a message that names a hold.
fn hold_named(request: &str, hold: &str) -> Result<[u8; 16], Error> {
    let mut violations = Violations::new();
    let id = request_id(request, "request_id", &mut violations);
    id_req::<ReservationId>(hold, "hold_id", &mut violations);
    Ok(violations.finish_with(id)?)
}
