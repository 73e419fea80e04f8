//! `takt orders change`: an order that is not built becomes another one. It must not know what can be built. Invariant: each flag becomes one
//! field of one message.
use clap::Args;
use serde::Serialize;
use takt_contract::common::v1::{Money, ResultStatus};
use takt_contract::date_pb;
use takt_contract::delivery::v1::order_service_client::OrderServiceClient;
use takt_contract::delivery::v1::{self as pb};
use takt_kernel::Date;

use super::super::promise::option;
use super::super::target::TargetArgs;
use super::told::{Cause, Promise, causes, dash, promise};
use crate::connection::{Peer, ask, new_id};
use crate::failure::Outcome;
use crate::output::{Answer, day};

/// What the order becomes; what is not named stays as it is.
#[derive(Debug, Args)]
pub(in crate::command) struct ChangeArgs {
    /// The order
    #[arg(value_name = "ORDER")]
    order: String,
    /// The day of the change
    #[arg(long, value_name = "DATE")]
    on: Date,
    /// Another variant
    #[arg(long, value_name = "ID", default_value = "")]
    variant: String,
    /// Another value of an option; may be given several times
    #[arg(long = "option", value_name = "KEY=VALUE", value_parser = option)]
    options: Vec<(String, String)>,
    /// Another city
    #[arg(long, value_name = "NAME", default_value = "")]
    city: String,
    /// The entity tag of the order as it was seen [default: whatever it is]
    #[arg(long, value_name = "ETAG", default_value = "")]
    etag: String,
    /// Only say what would be, with price and day
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    pub(super) target: TargetArgs,
}

/// What became of it.
#[derive(Debug, Serialize)]
pub(super) struct Changed {
    order: String,
    checked_only: bool,
    changed_on: Option<String>,
    /// What differs: VARIANT, CITY, or the key of an option.
    differences: Vec<Difference>,
    /// Null where there is none.
    promise: Option<Promise>,
    price: Option<Price>,
    /// Whether the day is known; it follows by itself where it is not.
    complete: bool,
    reasons: Vec<Cause>,
    etag: String,
}

#[derive(Debug, Serialize)]
struct Difference {
    what: String,
    before: String,
    after: String,
}

#[derive(Debug, Serialize)]
struct Price {
    currency: String,
    before_minor: i64,
    after_minor: i64,
    difference_minor: i64,
}

pub(super) async fn change(peer: &Peer, args: &ChangeArgs) -> Outcome<Changed> {
    let message = pb::ChangeOrderRequest {
        request_id: new_id(),
        order_id: args.order.clone(),
        changed_on: Some(date_pb(args.on)),
        etag: args.etag.clone(),
        variant_id: args.variant.clone(),
        options: args.options.iter().cloned().collect(),
        city: args.city.clone(),
        validate_only: args.check,
    };
    let answer = ask!(
        peer,
        "change an order",
        OrderServiceClient.change_order,
        message
    )?;
    Ok(Changed::of(&answer, args.check))
}

impl Changed {
    fn of(answer: &pb::ChangeOrderResponse, checked_only: bool) -> Self {
        let (order, change) = (
            answer.order.clone().unwrap_or_default(),
            answer.change.clone().unwrap_or_default(),
        );
        let mut differences = Vec::new();
        let mut differs = |what: &str, before: &str, after: &str| {
            if before != after {
                differences.push(Difference {
                    what: what.to_owned(),
                    before: before.to_owned(),
                    after: after.to_owned(),
                });
            }
        };
        differs(
            "VARIANT",
            &change.variant_id_before,
            &change.variant_id_after,
        );
        for (key, after) in &change.options_after {
            let before = change.options_before.get(key);
            differs(key, before.map_or("", String::as_str), after);
        }
        differs("CITY", &change.city_before, &change.city_after);
        Self {
            order: order.order_id,
            checked_only,
            changed_on: day(change.changed_on.as_ref()),
            differences,
            promise: answer.promise.as_ref().map(promise),
            price: price(answer),
            complete: answer.result_status() == ResultStatus::Complete,
            reasons: causes(&answer.reasons),
            etag: order.etag,
        }
    }
}

fn price(answer: &pb::ChangeOrderResponse) -> Option<Price> {
    let (before, after, differs): (&Money, &Money, &Money) = (
        answer.list_price_before.as_ref()?,
        answer.list_price_after.as_ref()?,
        answer.price_difference.as_ref()?,
    );
    Some(Price {
        currency: differs.currency_code.clone(),
        before_minor: before.minor_units,
        after_minor: after.minor_units,
        difference_minor: differs.minor_units,
    })
}

impl Answer for Changed {
    fn text(&self) -> String {
        let what: Vec<String> = (self.differences.iter())
            .map(|one| format!("{} {} to {}", one.what, one.before, one.after))
            .collect();
        let verb = if self.checked_only {
            "would change"
        } else {
            "changes"
        };
        let mut text = format!(
            "{} {verb} on {}: {}\n",
            self.order,
            dash(&self.changed_on),
            what.join(", ")
        );
        if let Some(promise) = &self.promise {
            text.push_str(&promise.told());
        }
        if !self.complete {
            text.push_str("not everybody has answered; get the order to see the day\n");
        }
        if let Some(price) = &self.price {
            text.push_str(&format!(
                "list price {} to {} {} (minor units), {:+}\n",
                price.before_minor, price.after_minor, price.currency, price.difference_minor
            ));
        }
        text
    }
}
