//! Orders on the wire.
//!
//! It must not decide anything. Invariant: a message is read as a whole or refused with every mistake in it.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::TryStreamExt;
use takt_contract::{
    date_req,
    delivery::v1::{self as pb, order_service_server::OrderService},
    id_req,
};
use takt_kernel::{OrderId, RequestId, Violations};
use takt_service::{Call, Error, Once, PageToken, page_size};
use tonic::{Request, Response, Status, Streaming};

use super::{
    change::{self, wire::change_pb},
    create,
    intake::{NewOrder, Outcome, Promising, orders_lock},
    life::{Life, life_fetch},
    store::{order_cancel, order_fetch, orders_list},
    terms::{Terms, terms_fetch, terms_req, terms_set},
    told::order_told,
    trace,
    wire::{self, entry_pb, order_pb, promise_pb},
};
use crate::{
    appointment::store::order_released,
    desk::Desk,
    outlook::{
        at_risk::at_risk,
        repromise::repromise,
        standing::standings,
        wire::{danger_opt, scope, standing_add},
    },
    promise::store::last_promises_fetch,
};
use takt_service::stream::Answers;

/// The most orders of a chunk.
const CHUNK: usize = 500;

/// Orders on the wire.
pub(crate) struct OrderRpc {
    /// What the parts of the service share.
    pub(crate) desk: Arc<Desk>,
}

#[tonic::async_trait]
impl OrderService for OrderRpc {
    async fn create_order(
        &self,
        request: Request<pb::CreateOrderRequest>,
    ) -> Result<Response<pb::CreateOrderResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let catalogue = self.desk.catalogue(&call).await?;
        let mut violations = Violations::new();
        let request_id = id_req::<RequestId>(&message.request_id, "request_id", &mut violations);
        let order = match &message.order {
            Some(order) => violations.scope("order", |violations| {
                wire::new_order(order, &catalogue, violations)
            }),
            None => {
                violations.push("order", "it is missing");
                None
            }
        };
        let (request_id, mut order) = violations
            .finish_with(request_id.zip(order))
            .map_err(Error::from)?;
        order.traceparent = takt_service::telemetry::current_traceparent();
        let answer = create::create(&self.desk, &call, request_id, order, &message).await?;
        Ok(Response::new(answer))
    }

    type IntakeOrdersStream = Answers<pb::IntakeOrdersResponse>;

    async fn intake_orders(
        &self,
        request: Request<Streaming<pb::IntakeOrdersRequest>>,
    ) -> Result<Response<Self::IntakeOrdersStream>, Status> {
        let (call, desk) = (Call::of(&request), Arc::clone(&self.desk));
        let answers = request.into_inner().and_then(move |message| {
            let (call, desk) = (call.clone(), Arc::clone(&desk));
            async move { intake(&desk, &call, message).await.map_err(Status::from) }
        });
        Ok(Response::new(Box::pin(answers)))
    }

    async fn get_order(
        &self,
        request: Request<pb::GetOrderRequest>,
    ) -> Result<Response<pb::GetOrderResponse>, Status> {
        let call = Call::of(&request);
        let mut violations = Violations::new();
        let id = id_req::<OrderId>(&request.into_inner().order_id, "order_id", &mut violations);
        let id = violations.finish_with(id).map_err(Error::from)?;
        let catalogue = self.desk.catalogue(&call).await?;
        let known = Arc::clone(&catalogue);
        let read = self.desk.store.read(&call, "order_get", move |tx| {
            let (catalogue, id) = (Arc::clone(&known), id.clone());
            Box::pin(async move { life_fetch(tx, &catalogue, id.as_str()).await })
        });
        let Life {
            order,
            promises,
            changes,
            entries,
        } = read.await?;
        let last = promises.last().map(|last| (order.number, last.clone()));
        let last: BTreeMap<_, _> = last.into_iter().collect();
        let looked_at = std::slice::from_ref(&order);
        let standing = standings(&self.desk, &call, &catalogue, looked_at, &last).await?;
        let mut answer = order_pb(&order, &catalogue);
        let first = standing.each.first().and_then(Option::as_ref);
        standing_add(&mut answer, first, standing.kept.as_ref());
        Ok(Response::new(pb::GetOrderResponse {
            order: Some(answer),
            timeline: entries.into_iter().map(entry_pb).collect(),
            promises: promises.iter().map(promise_pb).collect(),
            changes: (changes.iter())
                .map(|change| change_pb(change, &catalogue, true))
                .collect(),
        }))
    }

    async fn get_order_timeline(
        &self,
        request: Request<pb::GetOrderTimelineRequest>,
    ) -> Result<Response<pb::GetOrderTimelineResponse>, Status> {
        let call = Call::of(&request);
        let mut violations = Violations::new();
        let id = id_req::<OrderId>(&request.into_inner().order_id, "order_id", &mut violations);
        let id = violations.finish_with(id).map_err(Error::from)?;
        Ok(Response::new(order_told(&self.desk, &call, id).await?))
    }

    async fn list_orders(
        &self,
        request: Request<pb::ListOrdersRequest>,
    ) -> Result<Response<pb::ListOrdersResponse>, Status> {
        let call = Call::of(&request);
        let pb::ListOrdersRequest {
            page_size: asked,
            page_token,
            state,
        } = request.into_inner();
        let mut violations = Violations::new();
        let wanted = wire::state_opt(state, "state", &mut violations);
        violations.finish().map_err(Error::from)?;
        let (limit, arguments) = (page_size(asked)?, state.to_string());
        let after = PageToken::open("ListOrders", &arguments, &page_token)?;
        let after: i64 = after.and_then(|key| key.parse().ok()).unwrap_or(0);
        let catalogue = self.desk.catalogue(&call).await?;
        let known = Arc::clone(&catalogue);
        let orders = self.desk.store.read(&call, "orders_list", move |tx| {
            let catalogue = Arc::clone(&known);
            Box::pin(async move {
                let orders = orders_list(tx, &catalogue, wanted, after, limit).await?;
                let numbers = orders.iter().map(|order| order.number);
                let last = last_promises_fetch(tx, numbers).await?;
                Ok((orders, last))
            })
        });
        let (orders, promised) = orders.await?;
        let told = standings(&self.desk, &call, &catalogue, &orders, &promised).await?;
        let reasons = told.kept.as_ref();
        let full = i64::try_from(orders.len()).is_ok_and(|count| count == limit);
        let last = orders
            .last()
            .filter(|_| full)
            .map(|order| order.number.to_string());
        Ok(Response::new(pb::ListOrdersResponse {
            orders: (orders.iter().zip(&told.each))
                .map(|(order, standing)| {
                    let mut order = order_pb(order, &catalogue);
                    standing_add(&mut order, standing.as_ref(), reasons);
                    order
                })
                .collect(),
            next_page_token: last
                .map(|key| PageToken::seal("ListOrders", &arguments, &key))
                .unwrap_or_default(),
        }))
    }

    async fn change_order(
        &self,
        request: Request<pb::ChangeOrderRequest>,
    ) -> Result<Response<pb::ChangeOrderResponse>, Status> {
        let call = Call::of(&request);
        let answer = change::work::change(&self.desk, &call, request.into_inner()).await?;
        Ok(Response::new(answer))
    }

    async fn cancel_order(
        &self,
        request: Request<pb::CancelOrderRequest>,
    ) -> Result<Response<pb::CancelOrderResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let request_id = id_req::<RequestId>(&message.request_id, "request_id", &mut violations);
        let id = id_req::<OrderId>(&message.order_id, "order_id", &mut violations);
        let on = date_req(
            message.cancelled_on.as_ref(),
            "cancelled_on",
            &mut violations,
        );
        let (request_id, id) = violations
            .finish_with(request_id.zip(id))
            .map_err(Error::from)?;
        let once = Once::of(
            "takt.delivery.v1.OrderService/CancelOrder",
            *request_id.as_bytes(),
            &message,
        );
        let (catalogue, etag) = (
            self.desk.catalogue(&call).await?,
            Arc::<str>::from(message.etag),
        );
        let answer = self
            .desk
            .store
            .write_once(&call, "order_cancel", once, move |tx| {
                let (catalogue, id, etag) = (Arc::clone(&catalogue), id.clone(), Arc::clone(&etag));
                Box::pin(async move {
                    let order = order_fetch(tx, &catalogue, id.as_str()).await?;
                    if !etag.is_empty() && order.etag() != *etag {
                        return Err(Error::stale("order", &id));
                    }
                    order_cancel(tx, &order, order.cancel(on)?).await?;
                    order_released(tx, order.number, on).await?;
                    let order = order_fetch(tx, &catalogue, id.as_str()).await?;
                    let terms = terms_fetch(tx).await?;
                    let told = order_pb(&order, &catalogue);
                    let terms = terms.as_ref();
                    Ok(Terms::cancelled(terms, told, order.locked_on, on))
                })
            });
        Ok(Response::new(answer.await?))
    }

    type ListAtRiskStream = Answers<pb::ListAtRiskResponse>;

    async fn list_at_risk(
        &self,
        request: Request<pb::ListAtRiskRequest>,
    ) -> Result<Response<Self::ListAtRiskStream>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let catalogue = self.desk.catalogue(&call).await?;
        let mut violations = Violations::new();
        let health = danger_opt(message.health, &mut violations);
        let scope = scope(
            &message.variant_id,
            &message.city,
            &catalogue,
            &mut violations,
        );
        violations.finish().map_err(Error::from)?;
        let answers = at_risk(&self.desk, &call, scope, health).await?;
        Ok(Response::new(answers))
    }

    async fn repromise_orders(
        &self,
        request: Request<pb::RepromiseOrdersRequest>,
    ) -> Result<Response<pb::RepromiseOrdersResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let catalogue = self.desk.catalogue(&call).await?;
        let mut violations = Violations::new();
        let request_id = id_req::<RequestId>(&message.request_id, "request_id", &mut violations);
        let wanted = message.scope.clone().unwrap_or_default();
        let scope = violations.scope("scope", |violations| {
            scope(&wanted.variant_id, &wanted.city, &catalogue, violations)
        });
        let request_id = violations.finish_with(request_id).map_err(Error::from)?;
        let once = Once::of(
            "takt.delivery.v1.OrderService/RepromiseOrders",
            *request_id.as_bytes(),
            &message,
        );
        let once = (!message.validate_only).then_some(once);
        let answer = repromise(&self.desk, &call, &scope, once).await?;
        Ok(Response::new(answer))
    }

    async fn set_order_terms(
        &self,
        request: Request<pb::SetOrderTermsRequest>,
    ) -> Result<Response<pb::SetOrderTermsResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let request_id = id_req::<RequestId>(&message.request_id, "request_id", &mut violations);
        let terms = terms_req(message.terms.as_ref(), &mut violations);
        let (request_id, terms) = violations
            .finish_with(request_id.zip(terms))
            .map_err(Error::from)?;
        let once = Once::of(
            "takt.delivery.v1.OrderService/SetOrderTerms",
            *request_id.as_bytes(),
            &message,
        );
        let terms = Arc::new(terms);
        let written = (self.desk.store).write_once(&call, "order_terms_set", once, move |tx| {
            let terms = Arc::clone(&terms);
            Box::pin(async move {
                terms_set(tx, &terms).await?;
                Ok(pb::SetOrderTermsResponse {
                    terms: Some(terms.told()),
                })
            })
        });
        Ok(Response::new(written.await?))
    }

    async fn get_order_terms(
        &self,
        request: Request<pb::GetOrderTermsRequest>,
    ) -> Result<Response<pb::GetOrderTermsResponse>, Status> {
        let call = Call::of(&request);
        let read = (self.desk.store).read(&call, "order_terms_get", |tx| Box::pin(terms_fetch(tx)));
        Ok(Response::new(pb::GetOrderTermsResponse {
            terms: read.await?.as_ref().map(Terms::told),
        }))
    }
}

/// Takes one chunk.
async fn intake(
    desk: &Desk,
    call: &Call,
    message: pb::IntakeOrdersRequest,
) -> Result<pb::IntakeOrdersResponse, Error> {
    let mut violations = Violations::new();
    let request_id = id_req::<RequestId>(&message.request_id, "request_id", &mut violations);
    violations.require(
        message.orders.len() <= CHUNK,
        "orders",
        format!("a chunk has at most {CHUNK}"),
    );
    let request_id = violations.finish_with(request_id)?;
    let catalogue = desk.catalogue(call).await?;
    let once = Once::of(
        "takt.delivery.v1.OrderService/IntakeOrders",
        *request_id.as_bytes(),
        &message,
    );
    let mut chunk = wire::chunk(&message.orders, &catalogue);
    let _spans = trace::orders_traced(&mut chunk.orders, desk.store.dialect());
    let chunk = Arc::new(chunk);
    let request_id = Arc::<str>::from(message.request_id);
    desk.store
        .write_once(call, "orders_intake", once, move |tx| {
            let (catalogue, chunk, request_id) = (
                Arc::clone(&catalogue),
                Arc::clone(&chunk),
                Arc::clone(&request_id),
            );
            Box::pin(async move {
                let outcomes = orders_lock(tx, &catalogue, &chunk.orders, Promising::Owed).await?;
                Ok(intake_answer(&request_id, &chunk, &outcomes))
            })
        })
        .await
}

fn intake_answer(
    request_id: &str,
    chunk: &wire::Chunk,
    outcomes: &[Outcome],
) -> pb::IntakeOrdersResponse {
    let mut refused = chunk.refused.clone();
    let placed = chunk.places.iter().zip(chunk.orders.iter()).zip(outcomes);
    let taken = placed.filter(|(_, outcome)| matches!(outcome, Outcome::Taken));
    refused.extend(
        taken.map(|((place, order), _): ((&i32, &NewOrder), _)| wire::taken(*place, &order.id)),
    );
    refused.sort_by_key(|refusal| refusal.index);
    let accepted = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Outcome::Locked(_)))
        .count();
    pb::IntakeOrdersResponse {
        request_id: request_id.to_owned(),
        accepted_count: i32::try_from(accepted).unwrap_or(i32::MAX),
        refused,
    }
}
