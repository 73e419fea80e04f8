//! Quotes between the wire and the domain.
//!
//! It must not decide anything. Invariant: every field of a request is read or refused.

use takt_contract::{date_opt, date_pb, delivery::v1 as pb, instant_pb};
use takt_kernel::Violations;

use super::{Quote, QuoteState, offer::Wish};
use crate::programme::Catalogue;

/// The most vehicles of a wish.
const MOST: i64 = 1_000;

/// Reads a wish.
pub(crate) fn wish_of(
    wish: Option<&pb::QuoteWish>,
    catalogue: &Catalogue,
    violations: &mut Violations,
) -> Option<Wish> {
    violations.scope("wish", |violations| {
        let Some(wish) = wish else {
            violations.push("", "it is missing");
            return None;
        };
        let fits = (1..=MOST).contains(&wish.vehicle_count);
        violations.require(
            fits,
            "vehicle_count",
            format!("give 1 to {MOST}; ask several times for more"),
        );
        let city = &wish.city;
        if city.len() > 64 || catalogue.lanes_to(city).is_empty() {
            let known = "give a city of the programme's outbound lanes";
            violations.push("city", format!("no lane leads to {city:?}; {known}"));
        }
        let wanted = date_opt(wish.wanted_on.as_ref(), "wanted_on", violations);
        let configuration = catalogue.configure(&wish.variant_id, &wish.options, violations)?;
        Some(Wish {
            variant_id: wish.variant_id.clone(),
            configuration,
            vehicles: wish.vehicle_count,
            city: city.clone(),
            wanted,
            split: wish.split_allowed,
        })
    })
}

/// A quote as it stands at a moment.
pub(crate) fn quote_pb(quote: &Quote, now: i64) -> pb::Quote {
    let state = quote.state_at(now);
    let dates = quote.slots.iter().map(|slot| pb::QuotedDate {
        date: Some(date_pb(slot.deliver_on)),
        vehicle_count: slot.vehicles,
        complete_on: Some(date_pb(slot.build_on)),
    });
    let expires_at = (state == QuoteState::Held).then(|| instant_pb(quote.expires_at));
    pb::Quote {
        quote_id: quote.id.clone(),
        state: match state {
            QuoteState::Held => pb::QuoteState::Held,
            QuoteState::Confirming => pb::QuoteState::Confirming,
            QuoteState::Confirmed => pb::QuoteState::Confirmed,
            QuoteState::Released => pb::QuoteState::Released,
            QuoteState::Expired => pb::QuoteState::Expired,
        }
        .into(),
        customer_id: quote.customer_id.clone(),
        variant_id: quote.variant_id.clone(),
        options: quote.options.clone(),
        city: quote.city.clone(),
        dates: dates.collect(),
        expires_at,
        order_ids: quote.orders.clone(),
        plan_id: quote.plan_id.clone(),
    }
}
