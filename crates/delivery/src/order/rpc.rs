//! Orders on the wire.
//!
//! It must not decide anything. Invariant: a message is read as a whole or refused with every mistake in it.

use std::sync::Arc;

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
    create,
    intake::{NewOrder, Outcome, Promising, orders_lock},
    store::{order_cancel, order_fetch, orders_list},
    timeline::timeline,
    trace,
    wire::{self, entry_pb, order_pb, promise_pb},
};
use crate::{desk::Desk, promise::store::promises_fetch};
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
        let answer = self.desk.store.read(&call, "order_get", move |tx| {
            let (catalogue, id) = (Arc::clone(&catalogue), id.clone());
            Box::pin(async move {
                let order = order_fetch(tx, &catalogue, id.as_str()).await?;
                let promises = promises_fetch(tx, order.number).await?;
                Ok(pb::GetOrderResponse {
                    order: Some(order_pb(&order, &catalogue)),
                    timeline: timeline(&order, &promises)
                        .into_iter()
                        .map(entry_pb)
                        .collect(),
                    promises: promises.iter().map(promise_pb).collect(),
                })
            })
        });
        Ok(Response::new(answer.await?))
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
            Box::pin(async move { orders_list(tx, &catalogue, wanted, after, limit).await })
        });
        let orders = orders.await?;
        let full = i64::try_from(orders.len()).is_ok_and(|count| count == limit);
        let last = orders
            .last()
            .filter(|_| full)
            .map(|order| order.number.to_string());
        Ok(Response::new(pb::ListOrdersResponse {
            orders: orders
                .iter()
                .map(|order| order_pb(order, &catalogue))
                .collect(),
            next_page_token: last
                .map(|key| PageToken::seal("ListOrders", &arguments, &key))
                .unwrap_or_default(),
        }))
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
                    let order = order_fetch(tx, &catalogue, id.as_str()).await?;
                    Ok(pb::CancelOrderResponse {
                        order: Some(order_pb(&order, &catalogue)),
                    })
                })
            });
        Ok(Response::new(answer.await?))
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
