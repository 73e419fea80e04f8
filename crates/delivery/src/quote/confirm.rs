//! A quote becomes orders: production makes its hold lasting, and the orders that name it are locked.
//!
//! It must not know the wire beyond the message that is owed. Invariants: production is asked outside any transaction; what
//! was begun is owed until it ends in orders or in a refusal; orders, promises and the recorded answer are written together.

use std::sync::Arc;

use prost::Message;
use takt_contract::{date_opt, delivery::v1 as pb};
use takt_kernel::{Date, RequestId, Violations};
use takt_service::{Call, Error, Intent, IntentHandler, Once, Tx};

use super::{
    Quote, QuoteRefusal, QuoteState,
    store::{quote_fetch, quote_orders_add, quote_turn},
    wire::quote_pb,
};
use crate::{
    desk::Desk,
    order::{
        intake::{NewOrder, Outcome, Promising, orders_lock},
        store::order_ids_taken,
    },
    programme::Catalogue,
    promise::{Promise, PromiseKind, store::promises_insert},
};

/// The method, as it stands in fingerprints.
const METHOD: &str = "takt.delivery.v1.QuoteService/ConfirmQuote";
/// The kind of intent that owes a quote its orders.
const KIND: &str = "quote_confirm";

/// Turns a quote into orders, or answers with what the same request turned it into before.
pub(crate) async fn confirm(
    desk: &Desk,
    call: &Call,
    message: pb::ConfirmQuoteRequest,
) -> Result<pb::ConfirmQuoteResponse, Error> {
    let work = Arc::new(message.clone());
    let begun = desk.store.write(call, "quote_confirm_begin", move |tx| {
        let message = Arc::clone(&work);
        Box::pin(async move { begin(tx, &message).await })
    });
    match begun.await? {
        Some(answer) => Ok(answer),
        None => finish(desk, call, message).await,
    }
}

fn request_of(message: &pb::ConfirmQuoteRequest) -> Result<RequestId, Error> {
    RequestId::parse(&message.request_id).map_err(|error| Error::invalid("request_id", error))
}

/// Owes the quote its orders; what was answered before is answered again.
async fn begin(
    tx: &Tx,
    message: &pb::ConfirmQuoteRequest,
) -> Result<Option<pb::ConfirmQuoteResponse>, Error> {
    let once = Once::of(METHOD, *request_of(message)?.as_bytes(), message);
    if let Some(answer) = tx.once_answer(&once).await? {
        return Ok(Some(answer));
    }
    let quote = quote_fetch(tx, &message.quote_id).await?;
    let owed = message.encode_to_vec();
    if quote.open(tx.now_micros())? {
        let intent = tx.intent_fetch(KIND, &quote.id).await?;
        return match intent.filter(|intent| intent.payload == owed) {
            Some(_) => Ok(None),
            None => Err(QuoteRefusal::Confirming { id: quote.id }.into()),
        };
    }
    let named = i64::try_from(message.order_ids.len()).unwrap_or(i64::MAX);
    if named != quote.vehicles() {
        let rule = format!("name one order for each of {} vehicles", quote.vehicles());
        return Err(Error::invalid("order_ids", rule));
    }
    let taken = order_ids_taken(tx, message.order_ids.iter().map(String::as_str)).await?;
    if let Some(taken) = taken.iter().min() {
        return Err(Error::exists("order", taken));
    }
    quote_turn(tx, &quote, QuoteState::Confirming).await?;
    tx.intent_add(KIND, &quote.id, owed).await?;
    Ok(None)
}

/// Takes a quote that was begun to its end.
async fn finish(
    desk: &Desk,
    call: &Call,
    message: pb::ConfirmQuoteRequest,
) -> Result<pb::ConfirmQuoteResponse, Error> {
    let catalogue = desk.catalogue(call).await?;
    let asking = request_of(&message)?.derive("confirm");
    let asked = desk
        .production
        .confirm_hold(call, &asking.to_string(), &message.quote_id)
        .await;
    let work = Arc::new(message);
    if let Err(error @ Error::Refused { .. }) = asked {
        // The hold is gone, and with it the quote.
        end(desk, call, work, QuoteState::Expired).await?;
        return Err(error);
    }
    asked?;
    let once = Once::of(METHOD, *request_of(&work)?.as_bytes(), work.as_ref());
    let traceparent = takt_service::telemetry::current_traceparent();
    let ordering = Arc::clone(&work);
    let written = desk
        .store
        .write_once(call, "quote_confirm", once, move |tx| {
            let (message, catalogue) = (Arc::clone(&ordering), Arc::clone(&catalogue));
            let traceparent = traceparent.clone();
            Box::pin(async move { ordered(tx, &catalogue, &message, traceparent).await })
        });
    match written.await {
        Err(error @ Error::Exists { .. }) => {
            // Somebody took the name of one of its orders meanwhile: what production keeps for the quote goes back, and
            // the quote with it, because nothing could ever end it otherwise.
            let asking = request_of(&work)?.derive("release").to_string();
            desk.production
                .release_hold(call, &asking, &work.quote_id)
                .await?;
            end(desk, call, work, QuoteState::Released).await?;
            Err(error)
        }
        written => written,
    }
}

/// Ends a quote that was begun and cannot become orders.
async fn end(
    desk: &Desk,
    call: &Call,
    work: Arc<pb::ConfirmQuoteRequest>,
    state: QuoteState,
) -> Result<(), Error> {
    let ended = desk.store.write(call, "quote_confirm_end", move |tx| {
        let message = Arc::clone(&work);
        Box::pin(async move {
            let quote = quote_fetch(tx, &message.quote_id).await?;
            if quote.state == QuoteState::Confirming {
                quote_turn(tx, &quote, state).await?;
            }
            tx.intent_finish_key(KIND, &quote.id).await.map(|_| ())
        })
    });
    ended.await
}

/// Locks the orders with the promises that were quoted.
async fn ordered(
    tx: &Tx,
    catalogue: &Catalogue,
    message: &pb::ConfirmQuoteRequest,
    traceparent: Option<String>,
) -> Result<pb::ConfirmQuoteResponse, Error> {
    let mut quote = quote_fetch(tx, &message.quote_id).await?;
    let locked_on = date_opt(
        message.locked_on.as_ref(),
        "locked_on",
        &mut Violations::new(),
    );
    let locked_on = locked_on.unwrap_or_default();
    let mut violations = Violations::new();
    let configuration = catalogue.configure(&quote.variant_id, &quote.options, &mut violations);
    let configuration = violations.finish_with(configuration)?;
    let order = |id: &String| NewOrder {
        id: id.clone(),
        customer_id: quote.customer_id.clone(),
        variant_id: quote.variant_id.clone(),
        configuration: configuration.clone(),
        city: quote.city.clone(),
        locked_on,
        traceparent: traceparent.clone(),
    };
    let orders: Vec<NewOrder> = message.order_ids.iter().map(order).collect();
    let outcomes = orders_lock(tx, catalogue, &orders, Promising::Held(&quote.id)).await?;
    let mut numbers = Vec::with_capacity(orders.len());
    for (outcome, order) in outcomes.iter().zip(&orders) {
        match outcome {
            Outcome::Locked(number) => numbers.push(*number),
            Outcome::Taken => return Err(Error::exists("order", &order.id)),
        }
    }
    let promises = numbers.iter().copied().zip(promises_of(&quote, locked_on));
    promises_insert(tx, &promises.collect::<Vec<_>>()).await?;
    quote_orders_add(tx, &quote, &numbers).await?;
    quote_turn(tx, &quote, QuoteState::Confirmed).await?;
    tx.intent_finish_key(KIND, &quote.id).await?;
    (quote.state, quote.orders) = (QuoteState::Confirmed, message.order_ids.clone());
    Ok(pb::ConfirmQuoteResponse {
        quote: Some(quote_pb(&quote, tx.now_micros())),
    })
}

fn promises_of(quote: &Quote, made_on: Date) -> impl Iterator<Item = Promise> + '_ {
    quote.each().map(move |slot| Promise {
        number: 1,
        kind: PromiseKind::Planned,
        build_on: slot.build_on,
        deliver_on: slot.deliver_on,
        made_on,
        plan_id: quote.plan_id.clone(),
    })
}

/// Finishes quotes that were begun and broken off.
pub(crate) struct QuoteHandler {
    /// What the parts of the service share.
    pub(crate) desk: Arc<Desk>,
}

#[tonic::async_trait]
impl IntentHandler for QuoteHandler {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, call: &Call, intent: &Intent) -> Result<(), Error> {
        let message = pb::ConfirmQuoteRequest::decode(intent.payload.as_slice())
            .map_err(|error| Error::broken(format!("intent {}: {error}", intent.key)))?;
        match finish(&self.desk, call, message).await {
            // What production refused, or an order's name that was taken, has ended the quote, and the intent with it.
            Ok(_) | Err(Error::Refused { .. } | Error::Exists { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
