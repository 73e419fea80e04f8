//! The book of orders on the wire.
//!
//! It must not decide anything. Invariants: a message is read as a whole or refused with every mistake in it; a refusal of the domain is an
//! answer that is recorded with the request, because who asked acts on it.

use std::sync::Arc;

use takt_contract::{
    common::v1::Money,
    date_pb, date_req,
    events::v1::{OrderChanged, fact_body::Kind},
    id_req,
    production::v1::{self as pb, order_book_service_server::OrderBookService},
    request_id,
};
use takt_kernel::{Currency, Date, OrderId, Violations};
use takt_planning::feature::Config;
use takt_service::{Call, Error, NewFact, Once, PageToken, Refusal, Tx, page_size};
use tonic::{Request, Response, Status};

use super::{
    BookRefusal, BookState, Booked, revisable,
    store::{around_fetch, book_lock, booked_fetch, booked_page, booked_revise, list_price_fetch},
};
use crate::{Production, product::Product};

/// The book of orders on the wire.
pub struct OrderBookRpc(pub Production);

#[tonic::async_trait]
impl OrderBookService for OrderBookRpc {
    async fn revise_order(
        &self,
        request: Request<pb::ReviseOrderRequest>,
    ) -> Result<Response<pb::ReviseOrderResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations);
        id_req::<OrderId>(&message.order_id, "order_id", &mut violations);
        let on = date_req(message.changed_on.as_ref(), "changed_on", &mut violations);
        violations.require(
            message.change_number > 0,
            "change_number",
            "changes count from 1",
        );
        let id = violations.finish_with(id).map_err(Error::from)?;
        let once = Once::of(
            "takt.production.v1.OrderBookService/ReviseOrder",
            id,
            &message,
        );
        let (product, store) = (self.0.products.get(&call).await?, &self.0.deps.store);
        let only = message.validate_only;
        let work = Arc::new((message, product));
        if only {
            let read = store.read(&call, "order_revise_check", move |tx| {
                let work = Arc::clone(&work);
                Box::pin(async move { Ok(judged(tx, &work.1, &work.0).await?.answer(&work.1)) })
            });
            return Ok(Response::new(read.await?));
        }
        let written = store.write_once(&call, "order_revise", once, move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                book_lock(tx).await?;
                revised(tx, &work.1, &work.0, on).await
            })
        });
        let answer = written.await?;
        if let Err(error) = self.0.promises.changed(&self.0, &call).await {
            tracing::debug!(%error, "inquiries see the change when they read anew");
        }
        Ok(Response::new(answer))
    }

    async fn list_booked_orders(
        &self,
        request: Request<pb::ListBookedOrdersRequest>,
    ) -> Result<Response<pb::ListBookedOrdersResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let limit = page_size(message.page_size)?;
        let after = PageToken::open("ListBookedOrders", "", &message.page_token)?;
        let after: i64 = after.and_then(|key| key.parse().ok()).unwrap_or(0);
        let product = self.0.products.get(&call).await?;
        let read = self.0.deps.store.read(&call, "orders_booked", move |tx| {
            Box::pin(booked_page(tx, after, limit))
        });
        let orders = read.await?;
        let full = i64::try_from(orders.len()).is_ok_and(|count| count == limit);
        let last = orders.last().filter(|_| full);
        let next =
            last.map(|order| PageToken::seal("ListBookedOrders", "", &order.number.to_string()));
        Ok(Response::new(pb::ListBookedOrdersResponse {
            orders: orders
                .iter()
                .map(|order| booked_pb(&product, order))
                .collect(),
            next_page_token: next.unwrap_or_default(),
        }))
    }
}

/// An order with what is wanted of it.
struct Judged {
    order: Booked,
    verdict: Result<Config, BookRefusal>,
    before: Option<(Currency, i64)>,
    after: Option<(Currency, i64)>,
}

impl Judged {
    fn answer(&self, product: &Product) -> pb::ReviseOrderResponse {
        let mut answer = pb::ReviseOrderResponse {
            list_price_before: self.before.map(money),
            list_price_after: self.after.map(money),
            ..pb::ReviseOrderResponse::default()
        };
        match &self.verdict {
            Ok(config) => {
                let becomes = Booked {
                    config: *config,
                    ..self.order.clone()
                };
                answer.order = Some(booked_pb(product, &becomes));
            }
            Err(refusal) => {
                answer.refusal = Some(pb::RevisionRefusal {
                    reason: refusal.reason().to_owned(),
                    message: refusal.to_string(),
                });
            }
        }
        answer
    }
}

fn money((currency, minor_units): (Currency, i64)) -> Money {
    Money {
        currency_code: currency.to_string(),
        minor_units,
    }
}

async fn judged(
    tx: &Tx,
    product: &Product,
    message: &pb::ReviseOrderRequest,
) -> Result<Judged, Error> {
    let order = booked_fetch(tx, &message.order_id).await?;
    let around = around_fetch(tx, &order).await?;
    let mut violations = Violations::new();
    let wanted = product.configuration(&message.variant_id, &message.options, &mut violations);
    let known = violations.finish_with(wanted).map_err(|found| {
        let all: Vec<String> = found.iter().map(ToString::to_string).collect();
        BookRefusal::Unknown {
            id: order.id.clone(),
            what: all.join("; "),
        }
    });
    let verdict = revisable(&order, &around).and(known);
    let after = match &verdict {
        Ok(config) => list_price_fetch(tx, config.variant()).await?,
        Err(_) => None,
    };
    Ok(Judged {
        before: list_price_fetch(tx, order.config.variant()).await?,
        order,
        verdict,
        after,
    })
}

/// Decides and writes under the lock of the book.
async fn revised(
    tx: &Tx,
    product: &Product,
    message: &pb::ReviseOrderRequest,
    on: Date,
) -> Result<pb::ReviseOrderResponse, Error> {
    let judged = judged(tx, product, message).await?;
    if let Ok(config) = &judged.verdict {
        booked_revise(tx, product, &judged.order, *config).await?;
        let told = OrderChanged {
            order_id: judged.order.id.clone(),
            order_number: judged.order.number,
            change_number: message.change_number,
            variant_id: product.variant_id(config.variant()).to_owned(),
            options: product.options(*config),
            changed_on: Some(date_pb(on)),
        };
        let trace = judged.order.traceparent.clone();
        tx.emit_many(vec![NewFact {
            subject: judged.order.id.clone(),
            on,
            // It belongs to the trace of its order, as its vehicle will.
            traceparent: Some(trace).filter(|trace| !trace.is_empty()),
            body: Kind::OrderChanged(told),
        }])
        .await?;
    }
    Ok(judged.answer(product))
}

fn booked_pb(product: &Product, order: &Booked) -> pb::BookedOrder {
    pb::BookedOrder {
        order_id: order.id.clone(),
        order_number: order.number,
        variant_id: product.variant_id(order.config.variant()).to_owned(),
        options: product.options(order.config),
        priority: order.priority,
        state: match order.state {
            BookState::Waiting => pb::BookedOrderState::Waiting,
            BookState::OnLine => pb::BookedOrderState::InBuild,
            BookState::Built => pb::BookedOrderState::Built,
        }
        .into(),
        locked_on: Some(date_pb(order.locked_on)),
    }
}
