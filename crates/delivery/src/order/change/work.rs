//! The beginning of a change, and who takes it up again: what was begun is owed until it ends.
//!
//! It must not know the wire beyond the message that is owed. Invariants: one change of an order is under way at a time; the order becomes what
//! production builds before any word of its vehicle is taken, because production's own fact of it does the same; who only looks writes nothing.

use std::sync::Arc;

use prost::Message;
use takt_contract::delivery::v1 as pb;
use takt_kernel::{RequestId, Violations};
use takt_service::{Call, Error, Intent, IntentHandler, Once, Tx};

use super::{
    Change, ChangeRefusal, ChangeState, Side, Target, Wanted, changeable,
    finish::{Finished, answer, dated, finish, new_date, outcome, refusal, revised},
    store::{change_add, changes_apply, changes_fetch, config_no_fetch, is_slotted, last_on},
    target,
    wire::wanted_of,
};
use crate::{
    desk::Desk,
    lane::store::lane_loads_fetch,
    order::{
        Order,
        store::{configurations_add, order_fetch},
    },
    programme::Catalogue,
    promise::{Promise, store::promises_fetch},
    rows::counter_lock,
};

/// The method, as it stands in fingerprints.
const METHOD: &str = "takt.delivery.v1.OrderService/ChangeOrder";
/// The kind of intent that owes an order its change.
pub(super) const KIND: &str = "order_change";

/// A message that was checked, with what it says.
pub(super) struct Asked {
    /// The message.
    pub(super) message: pb::ChangeOrderRequest,
    /// The request.
    pub(super) request_id: RequestId,
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

    /// The request as its answer is recorded.
    pub(super) fn once(&self) -> Once {
        Once::of(METHOD, *self.request_id.as_bytes(), &self.message)
    }
}

/// An order with what a change of it has to know.
#[derive(Clone)]
pub(super) struct Seen {
    /// The order.
    pub(super) order: Order,
    /// The change.
    pub(super) change: Change,
    /// Whether it has the slot of a quote.
    pub(super) slotted: bool,
    /// What was promised last.
    pub(super) last: Option<Promise>,
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
        None => match finish(desk, call, &catalogue, &asked).await? {
            Finished {
                refusal: Some(no), ..
            } => Err(no),
            finished => Ok(finished.answer),
        },
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
    // Who locks the counter of orders is alone with lanes and changes, and who locks that of vehicles with what they are given to.
    counter_lock(tx, "order").await?;
    counter_lock(tx, "vehicle").await?;
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
            if tx
                .intent_fetch(KIND, &asked.message.order_id)
                .await?
                .is_some()
            {
                let id = asked.message.order_id.clone();
                return Err(ChangeRefusal::UnderWay { id }.into());
            }
            judged(tx, &catalogue, &asked).await
        })
    });
    let (seen, _) = read.await?;
    let revised = revised(desk, call, catalogue, asked, &seen.change).await?;
    if let Some(no) = refusal(&revised) {
        return Err(no);
    }
    let told = dated(desk, call, catalogue, &seen).await;
    let promise = told.as_ref().ok().and_then(|told| {
        let new = new_date(catalogue, &seen, told)?;
        Some(new.made(seen.change.on, &told.plan_id))
    });
    let mut answer = answer(catalogue, &seen, promise.as_ref(), &revised, false);
    outcome(&mut answer, &told);
    Ok(answer)
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
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
