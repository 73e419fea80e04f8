//! Promises on the wire.
//!
//! It must not decide anything. Invariant: an answer that procurement had no part in is PARTIAL and says so.

use std::sync::Arc;

use takt_contract::{
    common::v1::{self as common, ReasonCode as Code},
    date_pb, date_req,
    production::v1::{self as pb, promise_service_server::PromiseService},
    quantity_pb,
};
use takt_kernel::{Date, Quantity, Reason, ReasonCode, Unit, Violations};
use takt_planning::promise::{PromiseKind, RATE_DAYS};
use takt_service::{Call, Error};
use tonic::{Request, Response, Status};

use super::{promised, reasons};
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
    /// The plan that counts, from a day on.
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
                Ok((head, days))
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
        let variants = profiles(&product, &days, as_of)
            .into_iter()
            .enumerate()
            .map(|(variant, profile)| {
                let mut before = 0;
                let days = profile
                    .cumulative
                    .iter()
                    .zip(0i32..)
                    .filter_map(|(through, day)| {
                        let built = *through > before;
                        before = *through;
                        built.then(|| pb::ProfileDay {
                            date: Some(date_pb(profile.first.plus(day))),
                            cumulative_vehicle_count: *through,
                        })
                    });
                pb::VariantProfile {
                    variant_id: product.variant_id(variant).to_owned(),
                    days: days.collect(),
                    estimate_from: Some(date_pb(profile.end)),
                    estimate_vehicle_count: profile.rate_units,
                    estimate_days: RATE_DAYS,
                }
            });
        Ok(Response::new(pb::GetPromiseProfileResponse {
            plan_id: head.plan_id,
            variants: variants.collect(),
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
        let line = product
            .shops
            .iter()
            .find(|shop| shop.is_line)
            .map_or("", |shop| shop.shop_id.as_str());
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
}

fn tombstone(error: &Error) -> common::Tombstone {
    common::Tombstone {
        node: "procurement".to_owned(),
        code: i32::from(Code::TierUnknown),
        detail: format!(
            "the stock of parts is not known: {error}; ask again when procurement answers"
        ),
    }
}

fn reason_pb(reason: &Reason, product: &Arc<Product>) -> common::Reason {
    let unit = product
        .item(&reason.subject)
        .and_then(|item| product.items.get(item));
    let unit = unit
        .and_then(|item| Unit::from_code(&item.unit_code).ok())
        .unwrap_or(Unit::Piece);
    let some = (reason.blocked != Quantity::ZERO).then(|| quantity_pb(reason.blocked, unit));
    common::Reason {
        code: i32::from(code_pb(reason.code)),
        subject: reason.subject.clone(),
        from_date: reason.from.map(date_pb),
        until_date: reason.until.map(date_pb),
        quantity: some,
        upstream: reason
            .upstream
            .iter()
            .map(|upstream| reason_pb(upstream, product))
            .collect(),
    }
}

fn code_pb(code: ReasonCode) -> Code {
    // Both lists have the same words; the wire writes them with a prefix.
    Code::from_str_name(&format!("REASON_CODE_{}", code.as_str())).unwrap_or(Code::Unspecified)
}
