//! One order, with its promise in the answer.
//!
//! It must not know the wire beyond the answer that is recorded. Invariants: the order is locked by the first write
//! and stays so whatever becomes of the promise; production is asked outside any transaction; the second write
//! records promise and answer together, so the same request always gets the same promise.

use std::{sync::Arc, time::Duration};

use takt_contract::{common::v1 as common, delivery::v1 as pb};
use takt_kernel::RequestId;
use takt_planning::promise::BuildPromise;
use takt_service::{BoxFuture, Call, Error, Once, Tx};

use super::{
    Order,
    intake::{NewOrder, Outcome, Promising, orders_lock},
    store::order_fetch,
    wire::{order_pb, promise_pb, tombstone},
};
use crate::{
    desk::Desk,
    peers::Answer,
    programme::Catalogue,
    promise::{
        Promise, follow,
        handler::{PROMISE, promise_key},
        mirror::Mirror,
        store::{promises_add, promises_fetch},
    },
};

/// The method, as it stands in fingerprints.
const METHOD: &str = "takt.delivery.v1.OrderService/CreateOrder";

/// What the second write needs of the time that a call has.
const RESERVE: Duration = Duration::from_millis(250);

/// How often the second write is tried when others make promises beside it.
const ATTEMPTS: u32 = 4;

/// Locks an order and answers with its promise, or with the hole where production has not answered in time.
pub(crate) async fn create(
    desk: &Desk,
    call: &Call,
    request_id: RequestId,
    order: NewOrder,
    message: &pb::CreateOrderRequest,
) -> Result<pb::CreateOrderResponse, Error> {
    let catalogue = desk.catalogue(call).await?;
    let _creating = desk.creating.enter(&order.id);
    let once = Once::of(METHOD, *request_id.as_bytes(), message);
    let answered = Once::of(METHOD, *request_id.derive("answer").as_bytes(), message);
    let order = Arc::new(order);
    let locked = locked(desk, call, &catalogue, &order, once).await?;
    let recorded = desk.store.read(call, "order_create_answer", move |tx| {
        Box::pin(async move { tx.once_answer(&answered).await })
    });
    if let Some(answer) = recorded.await? {
        return Ok(answer);
    }
    let number = locked.order.as_ref().map_or(0, |order| order.order_number);
    match asked(desk, call, &order, number).await {
        Ok(told) => promised(desk, call, &catalogue, &order, number, told, answered).await,
        // The order is locked whatever this is; the intent that was left asks again.
        Err(error) => {
            tracing::warn!(order = order.id, %error, "an order is locked without a promise");
            Ok(pb::CreateOrderResponse {
                result_status: common::ResultStatus::Partial.into(),
                tombstones: vec![tombstone(&error)],
                ..locked
            })
        }
    }
}

/// The first write: order, fact, owed promise, and the answer so far.
async fn locked(
    desk: &Desk,
    call: &Call,
    catalogue: &Arc<Catalogue>,
    order: &Arc<NewOrder>,
    once: Once,
) -> Result<pb::CreateOrderResponse, Error> {
    let (catalogue, order) = (Arc::clone(catalogue), Arc::clone(order));
    desk.store
        .write_once(call, "order_create", once, move |tx| {
            let (catalogue, order) = (Arc::clone(&catalogue), Arc::clone(&order));
            Box::pin(async move {
                let outcomes = orders_lock(
                    tx,
                    &catalogue,
                    std::slice::from_ref(order.as_ref()),
                    Promising::Asking,
                )
                .await?;
                if !matches!(outcomes.as_slice(), [Outcome::Locked(_)]) {
                    return Err(Error::exists("order", &order.id));
                }
                let order = order_fetch(tx, &catalogue, &order.id).await?;
                Ok(pb::CreateOrderResponse {
                    order: Some(order_pb(&order, &catalogue)),
                    result_status: common::ResultStatus::Partial.into(),
                    ..pb::CreateOrderResponse::default()
                })
            })
        })
        .await
}

/// Asks production, leaving the second write its time.
async fn asked(desk: &Desk, call: &Call, order: &NewOrder, number: i64) -> Result<Answer, Error> {
    let ahead = {
        let mut mirror = desk.mirror.lock().await;
        mirror.refresh(&desk.store, call).await?;
        mirror
            .queue()
            .on_arrival(number)
            .map_or(0, |ranked| ranked.rank - 1)
    };
    let patience = call
        .remaining()
        .saturating_sub(RESERVE)
        .max(call.remaining() / 2);
    let options = order.configuration.options();
    let within = call.within(patience);
    let asking =
        desk.production
            .check_promise(&within, order.locked_on, &order.variant_id, options, ahead);
    tokio::time::timeout(patience, asking)
        .await
        .unwrap_or_else(|_| Err(Error::late("production's answer")))
}

/// The second write: the promise, unless somebody was faster, and the answer. When another replica has made promises
/// since the queue was read, the queue is read again.
async fn promised(
    desk: &Desk,
    call: &Call,
    catalogue: &Arc<Catalogue>,
    order: &Arc<NewOrder>,
    number: i64,
    told: Answer,
    answered: Once,
) -> Result<pb::CreateOrderResponse, Error> {
    let Some(build) = told.build else {
        let order = desk
            .store
            .read(call, "order_create_fetch", fetch(catalogue, order))
            .await?;
        return Ok(answer(&order, None, catalogue, &told));
    };
    let told = Arc::new(told);
    let mut mirror = desk.mirror.lock().await;
    let mut attempt = 0;
    loop {
        mirror.refresh(&desk.store, call).await?;
        let seen = mirror.promises_seen();
        let made = first_promise(&mirror, catalogue, number, build, order, &told.plan_id)
            .map(|promise| (number, promise));
        let work = second_write(catalogue, order, &told, seen, made.clone());
        let written = desk
            .store
            .write_once(call, "order_create_promise", answered, work)
            .await;
        match written {
            Ok(answer) => {
                mirror.promised(made.as_slice());
                return Ok(answer);
            }
            Err(error) => {
                mirror.forget();
                attempt += 1;
                if attempt == ATTEMPTS || !matches!(error, Error::Stale { .. }) {
                    return Err(error);
                }
            }
        }
    }
}

fn fetch(
    catalogue: &Arc<Catalogue>,
    order: &Arc<NewOrder>,
) -> impl for<'t> Fn(&'t Tx) -> BoxFuture<'t, Result<Order, Error>> + Send + Sync + 'static {
    let (catalogue, order) = (Arc::clone(catalogue), Arc::clone(order));
    move |tx| {
        let (catalogue, order) = (Arc::clone(&catalogue), Arc::clone(&order));
        Box::pin(async move { order_fetch(tx, &catalogue, &order.id).await })
    }
}

fn second_write(
    catalogue: &Arc<Catalogue>,
    order: &Arc<NewOrder>,
    told: &Arc<Answer>,
    seen: i64,
    made: Option<(i64, Promise)>,
) -> impl for<'t> Fn(&'t Tx) -> BoxFuture<'t, Result<pb::CreateOrderResponse, Error>>
+ Send
+ Sync
+ 'static {
    let (catalogue, order, told) = (Arc::clone(catalogue), Arc::clone(order), Arc::clone(told));
    move |tx| {
        let (catalogue, order, told, made) = (
            Arc::clone(&catalogue),
            Arc::clone(&order),
            Arc::clone(&told),
            made.clone(),
        );
        Box::pin(async move {
            if let Some((number, promise)) = made {
                promises_add(tx, seen, &[(number, promise)]).await?;
                tx.intent_finish_key(PROMISE, &promise_key(number, number, order.locked_on))
                    .await?;
            }
            let order = order_fetch(tx, &catalogue, &order.id).await?;
            let promise = promises_fetch(tx, order.number).await?.into_iter().next();
            Ok(answer(&order, promise.as_ref(), &catalogue, &told))
        })
    }
}

/// The promise that follows for an order that has none; none when it was promised or closed in the meantime.
fn first_promise(
    mirror: &Mirror,
    catalogue: &Catalogue,
    number: i64,
    build: BuildPromise,
    order: &NewOrder,
    plan_id: &str,
) -> Option<Promise> {
    let place = mirror.queue().on_arrival(number)?.place;
    let transit_days = catalogue.lane_at(place.lane_no)?.transit_days();
    if place.last.is_some() {
        return None;
    }
    let new = follow(
        None,
        build,
        transit_days,
        catalogue.programme.first_handover_on,
    )?;
    Some(new.made(order.locked_on, plan_id))
}

fn answer(
    order: &Order,
    promise: Option<&Promise>,
    catalogue: &Catalogue,
    told: &Answer,
) -> pb::CreateOrderResponse {
    let mut answer = pb::CreateOrderResponse {
        order: Some(order_pb(order, catalogue)),
        promise: promise.map(promise_pb),
        result_status: told.status.into(),
        tombstones: told.tombstones.clone(),
        reasons: told.reasons.clone(),
    };
    if promise.is_none() {
        answer.result_status = common::ResultStatus::Partial.into();
        answer.tombstones.push(tombstone(
            &"production has no plan that gives the order a date",
        ));
    }
    answer
}
