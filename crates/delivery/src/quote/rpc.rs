//! Quotes on the wire.
//!
//! It must not decide anything. Invariant: a message is read as a whole or refused with every mistake in it.

use std::sync::Arc;

use takt_contract::{
    date_opt, date_pb, date_req,
    delivery::v1::{self as pb, quote_service_server::QuoteService},
    id_req,
    production::v1 as production,
};
use takt_kernel::{OrderId, RequestId, ReservationId, Violations};
use takt_service::{Call, Error, Once, PageToken, page_size};
use tonic::{Request, Response, Status};

use super::{
    Quote, QuoteState, confirm,
    offer::{Way, Wish, days_of, offer_pb},
    quoted,
    store::{quote_add, quote_fetch, quote_turn, quotes_page},
    wire::{quote_pb, wish_of},
};
use crate::desk::Desk;

/// Quotes on the wire.
pub(crate) struct QuoteRpc {
    /// What the parts of the service share.
    pub(crate) desk: Arc<Desk>,
}

#[tonic::async_trait]
impl QuoteService for QuoteRpc {
    async fn inquire_quote(
        &self,
        request: Request<pb::InquireQuoteRequest>,
    ) -> Result<Response<pb::InquireQuoteResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let catalogue = self.desk.catalogue(&call).await?;
        let mut violations = Violations::new();
        let as_of = date_req(message.as_of.as_ref(), "as_of", &mut violations);
        let wish = wish_of(message.wish.as_ref(), &catalogue, &mut violations);
        let wish = violations.finish_with(wish).map_err(Error::from)?;
        let way = Way::to(&catalogue, &wish.city);
        let asked = production::InquirePromiseRequest {
            as_of: Some(date_pb(as_of)),
            wish: Some(wish.asked(&way)),
            alternatives_wanted: message.alternatives_wanted,
            at_basis: message.at_basis,
            newest: message.newest,
        };
        let offer = self.desk.production.inquire_promise(&call, asked).await?;
        Ok(Response::new(pb::InquireQuoteResponse {
            offer: Some(offer_pb(&offer, &way, wish.wanted)?),
        }))
    }

    async fn hold_quote(
        &self,
        request: Request<pb::HoldQuoteRequest>,
    ) -> Result<Response<pb::HoldQuoteResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let catalogue = self.desk.catalogue(&call).await?;
        let mut violations = Violations::new();
        let id = id_req::<RequestId>(&message.request_id, "request_id", &mut violations);
        id_req::<ReservationId>(&message.quote_id, "quote_id", &mut violations);
        let customer = (1..=64).contains(&message.customer_id.len());
        violations.require(customer, "customer_id", "give 1 to 64 bytes");
        let as_of = date_req(message.as_of.as_ref(), "as_of", &mut violations);
        let latest = date_opt(message.latest_on.as_ref(), "latest_on", &mut violations);
        violations.require(
            (0..=86_400).contains(&message.ttl_seconds),
            "ttl_seconds",
            "give at most 86400",
        );
        let wish = wish_of(message.wish.as_ref(), &catalogue, &mut violations);
        let (id, wish) = violations.finish_with(id.zip(wish)).map_err(Error::from)?;
        let once = Once::of(
            "takt.delivery.v1.QuoteService/HoldQuote",
            *id.as_bytes(),
            &message,
        );
        let way = Way::to(&catalogue, &wish.city);
        let asked = production::HoldPromiseRequest {
            request_id: id.derive("hold").to_string(),
            hold_id: message.quote_id.clone(),
            as_of: Some(date_pb(as_of)),
            wish: Some(wish.asked(&way)),
            latest_on: latest.map(|latest| date_pb(way.complete(latest))),
            ttl_seconds: message.ttl_seconds,
        };
        let told = self.desk.production.hold_promise(&call, asked).await?;
        let told_offer = told.offer.unwrap_or_default();
        let offer = offer_pb(&told_offer, &way, wish.wanted)?;
        let Some(hold) = told.hold else {
            // Nothing is held on a date that nobody knows, and the same request may be sent again.
            return Ok(Response::new(pb::HoldQuoteResponse {
                quote: None,
                offer: Some(offer),
            }));
        };
        let quote = quote_of(&message, &wish, &way, &told_offer, &hold)?;
        let work = Arc::new((quote, offer));
        let written = self
            .desk
            .store
            .write_once(&call, "quote_hold", once, move |tx| {
                let work = Arc::clone(&work);
                Box::pin(async move {
                    let (quote, offer) = work.as_ref();
                    quote_add(tx, quote).await?;
                    Ok(pb::HoldQuoteResponse {
                        quote: Some(quote_pb(quote, tx.now_micros())),
                        offer: Some(offer.clone()),
                    })
                })
            });
        Ok(Response::new(written.await?))
    }

    async fn confirm_quote(
        &self,
        request: Request<pb::ConfirmQuoteRequest>,
    ) -> Result<Response<pb::ConfirmQuoteResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        id_req::<RequestId>(&message.request_id, "request_id", &mut violations);
        id_req::<ReservationId>(&message.quote_id, "quote_id", &mut violations);
        date_req(message.locked_on.as_ref(), "locked_on", &mut violations);
        let mut seen = std::collections::BTreeSet::new();
        for (place, order) in message.order_ids.iter().enumerate() {
            let field = format!("order_ids[{place}]");
            id_req::<OrderId>(order, &field, &mut violations);
            violations.require(seen.insert(order), &field, "the order is there twice");
        }
        violations.finish().map_err(Error::from)?;
        let answer = confirm::confirm(&self.desk, &call, message).await?;
        Ok(Response::new(answer))
    }

    async fn release_quote(
        &self,
        request: Request<pb::ReleaseQuoteRequest>,
    ) -> Result<Response<pb::ReleaseQuoteResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let id = id_req::<RequestId>(&message.request_id, "request_id", &mut violations);
        let id = violations.finish_with(id).map_err(Error::from)?;
        let once = Once::of(
            "takt.delivery.v1.QuoteService/ReleaseQuote",
            *id.as_bytes(),
            &message,
        );
        let found = self.fetched(&call, message.quote_id).await?;
        if found.state == QuoteState::Held {
            // A hold that is gone already has given its slots back by itself.
            let request = id.derive("release").to_string();
            self.desk
                .production
                .release_hold(&call, &request, &found.id)
                .await?;
        }
        let name = Arc::<str>::from(found.id);
        let written = self
            .desk
            .store
            .write_once(&call, "quote_release", once, move |tx| {
                let name = Arc::clone(&name);
                Box::pin(async move {
                    let mut quote = quote_fetch(tx, &name).await?;
                    match quote.state_at(tx.now_micros()) {
                        QuoteState::Released | QuoteState::Expired => {}
                        QuoteState::Held => {
                            quote_turn(tx, &quote, QuoteState::Released).await?;
                            quote.state = QuoteState::Released;
                        }
                        QuoteState::Confirming | QuoteState::Confirmed => {
                            quote.open(tx.now_micros())?;
                            return Err(super::QuoteRefusal::Confirming { id: quote.id }.into());
                        }
                    }
                    Ok(pb::ReleaseQuoteResponse {
                        quote: Some(quote_pb(&quote, tx.now_micros())),
                    })
                })
            });
        Ok(Response::new(written.await?))
    }

    async fn get_quote(
        &self,
        request: Request<pb::GetQuoteRequest>,
    ) -> Result<Response<pb::GetQuoteResponse>, Status> {
        let call = Call::of(&request);
        let quote = self.fetched(&call, request.into_inner().quote_id).await?;
        let now = self.desk.store.clock().now_micros();
        Ok(Response::new(pb::GetQuoteResponse {
            quote: Some(quote_pb(&quote, now)),
        }))
    }

    async fn list_quotes(
        &self,
        request: Request<pb::ListQuotesRequest>,
    ) -> Result<Response<pb::ListQuotesResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let limit = page_size(message.page_size)?;
        let after = PageToken::open("ListQuotes", "", &message.page_token)?;
        let after: i64 = after.and_then(|key| key.parse().ok()).unwrap_or(0);
        let read = self.desk.store.read(&call, "quotes_list", move |tx| {
            Box::pin(quotes_page(tx, after, limit))
        });
        let quotes = read.await?;
        let full = i64::try_from(quotes.len()).is_ok_and(|count| count == limit);
        let last = quotes.last().filter(|_| full);
        let next = last.map(|quote| PageToken::seal("ListQuotes", "", &quote.number.to_string()));
        let now = self.desk.store.clock().now_micros();
        Ok(Response::new(pb::ListQuotesResponse {
            quotes: quotes.iter().map(|quote| quote_pb(quote, now)).collect(),
            next_page_token: next.unwrap_or_default(),
        }))
    }
}

impl QuoteRpc {
    async fn fetched(&self, call: &Call, id: String) -> Result<Quote, Error> {
        let id = Arc::<str>::from(id);
        let read = self.desk.store.read(call, "quote_get", move |tx| {
            let id = Arc::clone(&id);
            Box::pin(async move { quote_fetch(tx, &id).await })
        });
        read.await
    }
}

/// The quote of what production holds.
fn quote_of(
    message: &pb::HoldQuoteRequest,
    wish: &Wish,
    way: &Way,
    offer: &production::PromiseOffer,
    hold: &production::Hold,
) -> Result<Quote, Error> {
    let deliveries = days_of(&offer.dates)?.into_iter();
    let deliveries = deliveries.map(|(complete, vehicles)| (way.delivered(complete), vehicles));
    let until = hold.expires_at.unwrap_or_default();
    Ok(Quote {
        number: 0,
        id: message.quote_id.clone(),
        customer_id: message.customer_id.clone(),
        variant_id: wish.variant_id.clone(),
        options: wish.configuration.options(),
        city: wish.city.clone(),
        state: QuoteState::Held,
        expires_at: until
            .seconds
            .saturating_mul(1_000_000)
            .saturating_add(i64::from(until.nanos) / 1_000),
        plan_id: hold.plan_id.clone(),
        slots: quoted(&days_of(&offer.slots)?, &deliveries.collect::<Vec<_>>()),
        orders: Vec::new(),
    })
}
