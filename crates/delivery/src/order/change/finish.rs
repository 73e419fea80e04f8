//! The end of a change that was begun: production takes it or says no, the order becomes it, and a promise follows.
//!
//! It must not know how a change begins. Invariants: production is asked outside any transaction; a refusal ends the change; promise and
//! recorded answer are written together, and with them what is owed ends.

use std::{sync::Arc, time::Duration};

use takt_contract::{
    common::v1 as common, date_pb, delivery::v1 as pb, production::v1 as production,
};
use takt_planning::promise::{BuildPromise, PromiseKind as Sureness};
use takt_service::{Call, Error, Tx};

use super::{
    Change, ChangeState,
    store::{change_of_request, change_refuse, changes_apply, is_slotted},
    wire::{change_pb, difference},
    work::{Asked, KIND, Seen},
};
use crate::{
    desk::Desk,
    order::{
        Queueing,
        store::order_fetch,
        wire::{order_pb, promise_pb, tombstone},
    },
    peers::Answer,
    programme::Catalogue,
    promise::{
        LastPromise, NewDate, Promise, PromiseKind, follow,
        store::{promises_add, promises_fetch, promises_insert},
    },
};

/// What the last write needs of the time that a call has.
const RESERVE: Duration = Duration::from_millis(250);
/// How often the last write is tried when others make promises beside it.
const ATTEMPTS: u32 = 4;

/// How far a change was taken.
pub(super) struct Finished {
    /// The answer so far.
    pub(super) answer: pb::ChangeOrderResponse,
    /// Whether the day is not known yet, so that the change is owed still.
    pub(super) owed: bool,
    /// The word of production that ended it.
    pub(super) refusal: Option<Error>,
}

impl From<pb::ChangeOrderResponse> for Finished {
    fn from(answer: pb::ChangeOrderResponse) -> Self {
        Self {
            answer,
            owed: false,
            refusal: None,
        }
    }
}

/// Takes a change that was begun to its end.
pub(super) async fn finish(
    desk: &Desk,
    call: &Call,
    catalogue: &Arc<Catalogue>,
    asked: &Arc<Asked>,
) -> Result<Finished, Error> {
    let Some(begun) = seen(desk, call, catalogue, asked).await? else {
        return recorded(desk, call, asked).await.map(Finished::from);
    };
    let revised = revised(desk, call, catalogue, asked, &begun.change).await?;
    if let Some(no) = refusal(&revised) {
        refuse(desk, call, asked, begun.change).await?;
        return Ok(Finished {
            refusal: Some(no),
            ..Finished::from(pb::ChangeOrderResponse::default())
        });
    }
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
            Ok(Finished {
                owed: true,
                ..Finished::from(answer)
            })
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
            if tx
                .once_answer::<pb::ChangeOrderResponse>(&asked.once())
                .await?
                .is_some()
            {
                return Ok(None);
            }
            seen_fetch(tx, &catalogue, &asked).await
        })
    });
    read.await
}

async fn seen_fetch(tx: &Tx, catalogue: &Catalogue, asked: &Asked) -> Result<Option<Seen>, Error> {
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
pub(super) async fn revised(
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
        variant_id: variant
            .map(|variant| variant.id.clone())
            .unwrap_or_default(),
        options: change.after.options.clone(),
        changed_on: Some(date_pb(change.on)),
        change_number: i32::try_from(change.number).unwrap_or(i32::MAX),
        validate_only: asked.message.validate_only,
    };
    desk.production.revise_order(call, message).await
}

/// The word of production that ends a change. Only what it has recorded does: whatever else it says may be otherwise when it is asked again.
pub(super) fn refusal(revised: &production::ReviseOrderResponse) -> Option<Error> {
    let no = revised.refusal.as_ref()?;
    // The reason is production's, and is explained where production gives it.
    let refused = Error::Refused {
        reason: no.reason.clone().into(),
        message: no.message.clone(),
        metadata: Vec::new(),
    };
    Some(refused.with("peer", "production"))
}

/// Ends a change that production said no to.
async fn refuse(desk: &Desk, call: &Call, asked: &Arc<Asked>, change: Change) -> Result<(), Error> {
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
pub(super) async fn dated(
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
pub(super) fn new_date(catalogue: &Catalogue, seen: &Seen, told: &Answer) -> Option<NewDate> {
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
        let written =
            desk.store
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
    let work = (
        Arc::clone(catalogue),
        Arc::clone(asked),
        Arc::new((none, revised)),
    );
    let written = desk
        .store
        .write_once(call, "order_change_close", asked.once(), move |tx| {
            let (catalogue, asked, told) = work.clone();
            Box::pin(async move { last_write(tx, &catalogue, &asked, &told, 0).await })
        });
    written.await
}

pub(super) fn answer(
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
pub(super) fn outcome(answer: &mut pb::ChangeOrderResponse, told: &Result<Answer, Error>) {
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
