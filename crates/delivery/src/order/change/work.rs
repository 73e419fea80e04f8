//! The way of a change: it is begun here, production takes it or says no, the order becomes it, and a promise follows.
//!
//! It must not know the wire beyond the message that is owed. Invariants: production is asked outside any transaction; what was begun is
//! owed until it ends in an answer or in a refusal; the order becomes what production builds before any word of its vehicle is
//! taken, because production's own fact of it does the same; promise and recorded answer are written together.

use std::{sync::Arc, time::Duration};

use prost::Message;
use takt_contract::{
    common::v1 as common, date_pb, delivery::v1 as pb, production::v1 as production,
};
use takt_kernel::{RequestId, Violations};
use takt_planning::promise::{BuildPromise, PromiseKind as Sureness};
use takt_service::{Call, Error, Intent, IntentHandler, Once, Tx};

use super::{
    ChangeRefusal, Change, ChangeState, Side, Target, Wanted, changeable,
    store::{
        change_add, change_of_request, change_refuse, changes_apply, changes_fetch,
        config_no_fetch, is_slotted, last_on,
    },
    target,
    wire::{change_pb, difference, wanted_of},
};
use crate::{
    desk::Desk,
    lane::store::lane_loads_fetch,
    order::{
        Order, Queueing,
        store::{configurations_add, order_fetch},
        wire::{order_pb, promise_pb, tombstone},
    },
    peers::Answer,
    programme::Catalogue,
    promise::{
        LastPromise, Promise, PromiseKind, follow,
        store::{promises_add, promises_fetch, promises_insert},
    },
    rows::counter_lock,
};

/// The method, as it stands in fingerprints.
const METHOD: &str = "takt.delivery.v1.OrderService/ChangeOrder";
/// The kind of intent that owes an order its change.
const KIND: &str = "order_change";
/// What the last write needs of the time that a call has.
const RESERVE: Duration = Duration::from_millis(250);
/// How often the last write is tried when others make promises beside it.
const ATTEMPTS: u32 = 4;

/// A message that was checked, with what it says.
struct Asked {
    message: pb::ChangeOrderRequest,
    request_id: RequestId,
    wanted: Wanted,
}

impl Asked {
    fn of(message: pb::ChangeOrderRequest) -> Result<Self, Error> {
        let mut violations = Violations::new();
        let read = wanted_of(&message, &mut violations);
        let (request_id, wanted) = violations.finish_with(read)?;
        Ok(Self {
            message,
            request_id,
            wanted,
        })
    }

    fn once(&self) -> Once {
        Once::of(METHOD, *self.request_id.as_bytes(), &self.message)
    }
}

/// An order with what a change of it has to know.
#[derive(Clone)]
struct Seen {
    order: Order,
    change: Change,
    slotted: bool,
    last: Option<Promise>,
}

/// Changes an order, or answers with what the same request changed before.
pub(crate) async fn change(
    desk: &Desk,
    call: &Call,
    message: pb::ChangeOrderRequest,
) -> Result<pb::ChangeOrderResponse, Error> {
    let asked = Arc::new(Asked::of(message)?);
    let catalogue = desk.catalogue(call).await?;
    if asked.message.validate_only {
        return looked(desk, call, &catalogue, &asked).await;
    }
    let (known, work) = (Arc::clone(&catalogue), Arc::clone(&asked));
    let begun = desk.store.write(call, "order_change_begin", move |tx| {
        let (catalogue, asked) = (Arc::clone(&known), Arc::clone(&work));
        Box::pin(async move { begin(tx, &catalogue, &asked).await })
    });
    match begun.await? {
        Some(answer) => Ok(answer),
        None => Ok(finish(desk, call, &catalogue, &asked).await?.answer),
    }
}

/// How far a change was taken.
struct Finished {
    answer: pb::ChangeOrderResponse,
    /// Whether the day is not known yet, so that the change is owed still.
    owed: bool,
}

impl From<pb::ChangeOrderResponse> for Finished {
    fn from(answer: pb::ChangeOrderResponse) -> Self {
        Self {
            answer,
            owed: false,
        }
    }
}

/// Owes the order its change; what was answered before is answered again.
async fn begin(
    tx: &Tx,
    catalogue: &Catalogue,
    asked: &Asked,
) -> Result<Option<pb::ChangeOrderResponse>, Error> {
    if let Some(answer) = tx.once_answer(&asked.once()).await? {
        return Ok(Some(answer));
    }
    // Who locks the order counter is alone with lanes and changes.
    counter_lock(tx, "order").await?;
    let owed = asked.message.encode_to_vec();
    if let Some(intent) = tx.intent_fetch(KIND, &asked.message.order_id).await? {
        let id = asked.message.order_id.clone();
        return match intent.payload == owed {
            true => Ok(None),
            false => Err(ChangeRefusal::UnderWay { id }.into()),
        };
    }
    let (seen, target) = judged(tx, catalogue, asked).await?;
    configurations_add(tx, std::iter::once(&target.configuration)).await?;
    let change = &seen.change;
    change_add(tx, change, &asked.message.request_id).await?;
    if !change.is_of_plant() {
        changes_apply(tx, &[(change.order_no, change.number)]).await?;
    }
    tx.intent_add(KIND, &asked.message.order_id, owed).await?;
    Ok(None)
}

/// What a change would be, with every mistake told at once.
async fn judged(tx: &Tx, catalogue: &Catalogue, asked: &Asked) -> Result<(Seen, Target), Error> {
    let order = order_fetch(tx, catalogue, &asked.message.order_id).await?;
    let etag = asked.message.etag.as_str();
    if !etag.is_empty() && order.etag() != etag {
        return Err(Error::stale("order", &order.id));
    }
    let changes = changes_fetch(tx, order.number).await?;
    changeable(&order, asked.wanted.on, last_on(&changes))?;
    let mut violations = Violations::new();
    let target = target(&order, &asked.wanted, catalogue, &mut violations);
    let target = violations.finish_with(target)?;
    let lane_no = match &target.city {
        None => order.lane_no,
        Some(city) => {
            let mut loads = lane_loads_fetch(tx).await?;
            let lane = loads.choose(catalogue, city);
            lane.ok_or_else(|| Error::broken(format!("no lane leads to {city}")))?
                .number
        }
    };
    let change = Change {
        order_no: order.number,
        number: changes.last().map_or(1, |last| last.number + 1),
        on: asked.wanted.on,
        state: ChangeState::UnderWay,
        before: Side {
            config_no: config_no_fetch(tx, order.number).await?,
            variant_no: order.variant_no,
            options: order.options.clone(),
            lane_no: order.lane_no,
        },
        after: Side {
            config_no: target.configuration.number(),
            variant_no: target.configuration.variant_no,
            options: target.configuration.options(),
            lane_no,
        },
    };
    let seen = Seen {
        slotted: is_slotted(tx, order.number).await?,
        last: promises_fetch(tx, order.number).await?.pop(),
        order,
        change,
    };
    Ok((seen, target))
}

/// Answers what would be; nothing is written.
async fn looked(
    desk: &Desk,
    call: &Call,
    catalogue: &Arc<Catalogue>,
    asked: &Arc<Asked>,
) -> Result<pb::ChangeOrderResponse, Error> {
    let (known, work) = (Arc::clone(catalogue), Arc::clone(asked));
    let read = desk.store.read(call, "order_change_look", move |tx| {
        let (catalogue, asked) = (Arc::clone(&known), Arc::clone(&work));
        Box::pin(async move {
            if tx.intent_fetch(KIND, &asked.message.order_id).await?.is_some() {
                let id = asked.message.order_id.clone();
                return Err(ChangeRefusal::UnderWay { id }.into());
            }
            judged(tx, &catalogue, &asked).await
        })
    });
    let (seen, _) = read.await?;
    let revised = revised(desk, call, catalogue, asked, &seen.change).await?;
    let told = dated(desk, call, catalogue, &seen).await;
    let promise = told.as_ref().ok().and_then(|told| {
        let new = new_date(catalogue, &seen, told)?;
        Some(new.made(seen.change.on, &told.plan_id))
    });
    let mut answer = answer(catalogue, &seen, promise.as_ref(), &revised, false);
    outcome(&mut answer, &told);
    Ok(answer)
}

/// Takes a change that was begun to its end.
async fn finish(
    desk: &Desk,
    call: &Call,
    catalogue: &Arc<Catalogue>,
    asked: &Arc<Asked>,
) -> Result<Finished, Error> {
    let Some(begun) = seen(desk, call, catalogue, asked).await? else {
        return recorded(desk, call, asked).await.map(Finished::from);
    };
    let revised = match revised(desk, call, catalogue, asked, &begun.change).await {
        Ok(revised) => revised,
        Err(error @ Error::Refused { .. }) => {
            refuse(desk, call, asked, begun.change).await?;
            return Err(error);
        }
        Err(error) => return Err(error),
    };
    if begun.change.state == ChangeState::UnderWay {
        let which = [(begun.change.order_no, begun.change.number)];
        let became = desk.store.write(call, "order_change", move |tx| {
            Box::pin(async move { changes_apply(tx, &which).await })
        });
        became.await?;
    }
    let Some(seen) = seen(desk, call, catalogue, asked).await? else {
        return recorded(desk, call, asked).await.map(Finished::from);
    };
    if seen.order.queueing != Queueing::Open {
        // Its vehicle was built as it is now, or it was cancelled: there is no day to be told.
        let answer = closed(desk, call, catalogue, asked, revised).await?;
        return Ok(answer.into());
    }
    match dated(desk, call, catalogue, &seen).await {
        Ok(told) => {
            let told = Arc::new((told, revised));
            let answer = promised(desk, call, catalogue, asked, &seen, &told).await?;
            Ok(answer.into())
        }
        // The order is what was wanted whatever this is; the intent that was left asks again.
        Err(error) => {
            tracing::warn!(order = seen.order.id, %error, "an order is changed without a promise");
            let mut answer = answer(catalogue, &seen, None, &revised, true);
            outcome(&mut answer, &Err(error));
            Ok(Finished { answer, owed: true })
        }
    }
}

/// The order with the change that the request began; None when the change was refused or answered by somebody else.
async fn seen(
    desk: &Desk,
    call: &Call,
    catalogue: &Arc<Catalogue>,
    asked: &Arc<Asked>,
) -> Result<Option<Seen>, Error> {
    let (known, work) = (Arc::clone(catalogue), Arc::clone(asked));
    let read = desk.store.read(call, "order_change_get", move |tx| {
        let (catalogue, asked) = (Arc::clone(&known), Arc::clone(&work));
        Box::pin(async move {
            if tx.once_answer::<pb::ChangeOrderResponse>(&asked.once()).await?.is_some() {
                return Ok(None);
            }
            seen_fetch(tx, &catalogue, &asked).await
        })
    });
    read.await
}

async fn seen_fetch(
    tx: &Tx,
    catalogue: &Catalogue,
    asked: &Asked,
) -> Result<Option<Seen>, Error> {
    let order = order_fetch(tx, catalogue, &asked.message.order_id).await?;
    let change = change_of_request(tx, order.number, &asked.message.request_id).await?;
    let Some(change) = change.filter(|change| change.state != ChangeState::Refused) else {
        return Ok(None);
    };
    Ok(Some(Seen {
        slotted: is_slotted(tx, order.number).await?,
        last: promises_fetch(tx, order.number).await?.pop(),
        order,
        change,
    }))
}

/// The answer that somebody else has recorded meanwhile.
async fn recorded(
    desk: &Desk,
    call: &Call,
    asked: &Arc<Asked>,
) -> Result<pb::ChangeOrderResponse, Error> {
    let once = asked.once();
    let read = desk.store.read(call, "order_change_answer", move |tx| {
        Box::pin(async move { tx.once_answer(&once).await })
    });
    let id = || asked.message.order_id.clone();
    read.await?.ok_or_else(|| Error::stale("order", id()))
}

/// What production says to the change; nothing where it is none of its business.
async fn revised(
    desk: &Desk,
    call: &Call,
    catalogue: &Catalogue,
    asked: &Asked,
    change: &Change,
) -> Result<production::ReviseOrderResponse, Error> {
    if !change.is_of_plant() {
        return Ok(production::ReviseOrderResponse::default());
    }
    let variant = catalogue.variant_at(change.after.variant_no);
    // A request that was refused may be sent again as another change, and is then asked anew.
    let step = format!("revise {}", change.number);
    let message = production::ReviseOrderRequest {
        request_id: asked.request_id.derive(&step).to_string(),
        order_id: asked.message.order_id.clone(),
        variant_id: variant.map(|variant| variant.id.clone()).unwrap_or_default(),
        options: change.after.options.clone(),
        changed_on: Some(date_pb(change.on)),
        change_number: i32::try_from(change.number).unwrap_or(i32::MAX),
        validate_only: asked.message.validate_only,
    };
    let answer = desk.production.revise_order(call, message).await?;
    match &answer.refusal {
        Some(no) => Err(Error::refused(no.reason.clone(), &no.message).with("peer", "production")),
        None => Ok(answer),
    }
}

/// Ends a change that production said no to.
async fn refuse(
    desk: &Desk,
    call: &Call,
    asked: &Arc<Asked>,
    change: Change,
) -> Result<(), Error> {
    let work = Arc::new((Arc::clone(asked), change));
    let ended = desk.store.write(call, "order_change_refuse", move |tx| {
        let work = Arc::clone(&work);
        Box::pin(async move {
            if change_refuse(tx, &work.1).await? {
                tx.intent_finish_key(KIND, &work.0.message.order_id).await?;
            }
            Ok(())
        })
    });
    ended.await
}

/// The day on which the changed order can be built. A slot of its own keeps its day.
async fn dated(
    desk: &Desk,
    call: &Call,
    catalogue: &Catalogue,
    seen: &Seen,
) -> Result<Answer, Error> {
    if let Some(last) = seen.last.as_ref().filter(|_| seen.slotted) {
        return Ok(Answer {
            plan_id: last.plan_id.clone(),
            build: Some(BuildPromise {
                kind: match last.kind {
                    PromiseKind::Planned => Sureness::Planned,
                    PromiseKind::Estimate => Sureness::Estimate,
                },
                build_on: last.build_on,
            }),
            status: common::ResultStatus::Complete,
            tombstones: Vec::new(),
            reasons: Vec::new(),
        });
    }
    let after = &seen.change.after;
    let ahead = {
        let mut mirror = desk.mirror.lock().await;
        mirror.refresh(&desk.store, call).await?;
        let queue = mirror.queue();
        queue.ahead(after.variant_no, seen.order.priority, seen.order.number)
    };
    let patience = call
        .remaining()
        .saturating_sub(RESERVE)
        .max(call.remaining() / 2);
    let within = call.within(patience);
    let variant = catalogue.variant_at(after.variant_no);
    let variant = variant.map_or("", |variant| variant.id.as_str());
    let options = after.options.clone();
    let asking = desk
        .production
        .check_promise(&within, seen.change.on, variant, options, ahead);
    tokio::time::timeout(patience, asking)
        .await
        .unwrap_or_else(|_| Err(Error::late("production's answer")))
}

/// The day that follows, when it is another one by more than a week.
fn new_date(
    catalogue: &Catalogue,
    seen: &Seen,
    told: &Answer,
) -> Option<crate::promise::NewDate> {
    let transit_days = catalogue.lane_at(seen.change.after.lane_no)?.transit_days();
    let last = seen.last.as_ref().map(LastPromise::from);
    follow(
        last,
        told.build?,
        transit_days,
        catalogue.programme.first_handover_on,
    )
}

/// The last write: the promise that follows and the answer. When others have made promises since the queue was read, it is read again.
async fn promised(
    desk: &Desk,
    call: &Call,
    catalogue: &Arc<Catalogue>,
    asked: &Arc<Asked>,
    seen: &Seen,
    told: &Arc<(Answer, production::ReviseOrderResponse)>,
) -> Result<pb::ChangeOrderResponse, Error> {
    let mut mirror = desk.mirror.lock().await;
    let mut attempt = 0;
    loop {
        mirror.refresh(&desk.store, call).await?;
        let seen_promises = mirror.promises_seen();
        let work = (Arc::clone(catalogue), Arc::clone(asked), Arc::clone(told));
        let written = desk
            .store
            .write_once(call, "order_change_promise", asked.once(), move |tx| {
                let (catalogue, asked, told) = work.clone();
                Box::pin(async move {
                    last_write(tx, &catalogue, &asked, &told, seen_promises).await
                })
            });
        let written = written.await;
        if written.is_err() || new_date(catalogue, seen, &told.0).is_some() {
            // What was promised is read anew with the queue.
            mirror.forget();
        }
        match written {
            Err(Error::Stale { .. }) if attempt + 1 < ATTEMPTS => attempt += 1,
            written => return written,
        }
    }
}

async fn last_write(
    tx: &Tx,
    catalogue: &Catalogue,
    asked: &Asked,
    (told, revised): &(Answer, production::ReviseOrderResponse),
    seen_promises: i64,
) -> Result<pb::ChangeOrderResponse, Error> {
    let id = &asked.message.order_id;
    let seen = seen_fetch(tx, catalogue, asked).await?;
    let seen = seen.ok_or_else(|| Error::broken(format!("the change of order {id} is gone")))?;
    let waits = seen.order.queueing == Queueing::Open;
    let new = new_date(catalogue, &seen, told).filter(|_| waits);
    let promise = new.map(|new| new.made(seen.change.on, &told.plan_id));
    if let Some(promise) = &promise {
        let one = [(seen.order.number, promise.clone())];
        match seen.slotted {
            true => promises_insert(tx, &one).await?,
            false => promises_add(tx, seen_promises, &one).await?,
        }
    }
    tx.intent_finish_key(KIND, id).await?;
    let mut answer = answer(catalogue, &seen, promise.as_ref(), revised, true);
    outcome(&mut answer, &Ok(told.clone()));
    Ok(answer)
}

/// Records the answer of a change whose order waits no more.
async fn closed(
    desk: &Desk,
    call: &Call,
    catalogue: &Arc<Catalogue>,
    asked: &Arc<Asked>,
    revised: production::ReviseOrderResponse,
) -> Result<pb::ChangeOrderResponse, Error> {
    let none = Answer {
        plan_id: String::new(),
        build: None,
        status: common::ResultStatus::Complete,
        tombstones: Vec::new(),
        reasons: Vec::new(),
    };
    let work = (Arc::clone(catalogue), Arc::clone(asked), Arc::new((none, revised)));
    let written = desk
        .store
        .write_once(call, "order_change_close", asked.once(), move |tx| {
            let (catalogue, asked, told) = work.clone();
            Box::pin(async move { last_write(tx, &catalogue, &asked, &told, 0).await })
        });
    written.await
}

fn answer(
    catalogue: &Catalogue,
    seen: &Seen,
    promise: Option<&Promise>,
    revised: &production::ReviseOrderResponse,
    kept: bool,
) -> pb::ChangeOrderResponse {
    let (before, after) = (&revised.list_price_before, &revised.list_price_after);
    pb::ChangeOrderResponse {
        order: Some(order_pb(&seen.order, catalogue)),
        change: Some(change_pb(&seen.change, catalogue, kept)),
        promise: promise.or(seen.last.as_ref()).map(promise_pb),
        price_difference: difference(before.as_ref(), after.as_ref()),
        list_price_before: before.clone(),
        list_price_after: after.clone(),
        result_status: common::ResultStatus::Complete.into(),
        tombstones: Vec::new(),
        reasons: Vec::new(),
    }
}

/// What the tiers said about the day.
fn outcome(answer: &mut pb::ChangeOrderResponse, told: &Result<Answer, Error>) {
    match told {
        Ok(told) => {
            answer.result_status = told.status.into();
            answer.tombstones.clone_from(&told.tombstones);
            answer.reasons.clone_from(&told.reasons);
        }
        Err(error) => {
            answer.result_status = common::ResultStatus::Partial.into();
            answer.tombstones = vec![tombstone(error)];
        }
    }
}

/// Finishes changes that were begun and broken off.
pub(crate) struct ChangeHandler {
    /// What the parts of the service share.
    pub(crate) desk: Arc<Desk>,
}

#[tonic::async_trait]
impl IntentHandler for ChangeHandler {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, call: &Call, intent: &Intent) -> Result<(), Error> {
        let message = pb::ChangeOrderRequest::decode(intent.payload.as_slice())
            .map_err(|error| Error::broken(format!("intent {}: {error}", intent.key)))?;
        let asked = Arc::new(Asked::of(message)?);
        let catalogue = self.desk.catalogue(call).await?;
        match finish(&self.desk, call, &catalogue, &asked).await {
            Ok(Finished { owed: true, .. }) => Err(Error::down(
                "production",
                "the day of a changed order is not known yet",
            )),
            // What production refused has ended the change, and the intent with it.
            Ok(_) | Err(Error::Refused { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
