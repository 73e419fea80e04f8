//! The promises that delivery owes: on new orders, and on all open ones when a plan took effect.
//!
//! It must not know how intake or plans work. Invariants: peers are asked outside any transaction and without the
//! queue's lock; dates depend on the plan and the queue alone, so an intent that is tried again writes the same.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use takt_kernel::Date;
use takt_service::{Call, Error, Intent, IntentHandler, Tx};

use super::{
    Promise, follow,
    queue::{Queue, Ranked},
};
use crate::{
    desk::Desk, impact::delayed, outlook::handler::looked, peers::Profile, programme::Catalogue,
};

/// The kind of intent that owes new orders their first promise.
pub(crate) const PROMISE: &str = "promise";

/// The kind of intent that owes open orders a look at the new plan.
pub(crate) const REPROMISE: &str = "repromise";

/// Which new orders are owed a promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Owed {
    /// The first order, by number.
    from: i64,
    /// The last one.
    to: i64,
    /// The day on which they were locked, as an epoch day.
    locked_on: i32,
    /// The order's id, when a call is just asking for its promise itself.
    order_id: Option<String>,
}

/// Which plan took effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Replanned {
    plan_id: String,
    as_of: i32,
}

/// Owes orders their first promise; one intent a day of lock and chunk.
pub(crate) async fn promise_owe(
    tx: &Tx,
    from: i64,
    to: i64,
    locked_on: Date,
    order_id: Option<&str>,
) -> Result<(), Error> {
    let owed = Owed {
        from,
        to,
        locked_on: locked_on.epoch_day(),
        order_id: order_id.map(str::to_owned),
    };
    tx.intent_add(PROMISE, &promise_key(from, to, locked_on), payload(&owed)?)
        .await
}

/// The key of the intent that owes a range of orders their promise.
pub(crate) fn promise_key(from: i64, to: i64, locked_on: Date) -> String {
    format!("{from}-{to}@{locked_on}")
}

/// Owes all open orders a look at a plan.
pub(crate) async fn repromise_owe(tx: &Tx, plan_id: &str, as_of: Date) -> Result<(), Error> {
    let replanned = Replanned {
        plan_id: plan_id.to_owned(),
        as_of: as_of.epoch_day(),
    };
    tx.intent_add(REPROMISE, plan_id, payload(&replanned)?)
        .await
}

fn payload<T: Serialize>(value: &T) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value).map_err(|error| Error::broken(format!("intent: {error}")))
}

fn owed<'p, T: Deserialize<'p>>(intent: &'p Intent) -> Result<T, Error> {
    serde_json::from_slice(&intent.payload)
        .map_err(|error| Error::broken(format!("intent {}: {error}", intent.key)))
}

/// Gives new orders their first promise.
pub(crate) struct PromiseHandler {
    /// What the parts of the service share.
    pub(crate) desk: Arc<Desk>,
}

#[tonic::async_trait]
impl IntentHandler for PromiseHandler {
    fn kind(&self) -> &'static str {
        PROMISE
    }

    async fn run(&self, call: &Call, intent: &Intent) -> Result<(), Error> {
        let Owed {
            from,
            to,
            locked_on,
            order_id,
        } = owed(intent)?;
        let desk = self.desk.as_ref();
        if let Some(order_id) = order_id {
            // The call that took the order is asking for itself; what it leaves undone is done here.
            desk.creating.left(&order_id).await;
        }
        let mut mirror = desk.mirror.lock().await;
        mirror.refresh(&desk.store, call).await?;
        if !mirror.queue().has_unpromised(from, to) {
            return mirror
                .promises_write(&desk.store, call, Vec::new(), intent)
                .await;
        }
        drop(mirror);
        let (catalogue, locked_on) = (desk.catalogue(call).await?, Date::from_epoch_day(locked_on));
        let profile = desk
            .production
            .promise_profile(call, &catalogue, locked_on)
            .await?;
        let mut mirror = desk.mirror.lock().await;
        mirror.refresh(&desk.store, call).await?;
        let promises = promises(
            &catalogue,
            &profile,
            locked_on,
            mirror.queue().arrivals(locked_on),
        );
        mirror
            .promises_write(&desk.store, call, promises, intent)
            .await
    }
}

/// Looks at all open orders when a plan took effect.
pub(crate) struct RepromiseHandler {
    /// What the parts of the service share.
    pub(crate) desk: Arc<Desk>,
}

#[tonic::async_trait]
impl IntentHandler for RepromiseHandler {
    fn kind(&self) -> &'static str {
        REPROMISE
    }

    async fn run(&self, call: &Call, intent: &Intent) -> Result<(), Error> {
        let Replanned { plan_id, as_of } = owed(intent)?;
        let desk = self.desk.as_ref();
        let (catalogue, as_of) = (desk.catalogue(call).await?, Date::from_epoch_day(as_of));
        let mut profile = desk
            .production
            .promise_profile(call, &catalogue, as_of)
            .await?;
        let looked = match profile.plan_id == plan_id {
            true => looked(desk, call, &catalogue, as_of, &profile).await?,
            false => None,
        };
        if looked.is_none() {
            // Another plan counts by now, and its own intent looks at it.
            profile = Profile::default();
        }
        let mut mirror = desk.mirror.lock().await;
        mirror.refresh(&desk.store, call).await?;
        let disturbed = looked.as_ref().and_then(|looked| looked.disturbed.as_ref());
        // What the plan says to an order that open disruptions delay is not true, so it is not promised: such orders are promised
        // anew by those who look at the disruptions.
        let told = mirror.queue().ranked().filter(|ranked| {
            disturbed
                .is_none_or(|disturbed| delayed(ranked, &profile.variants, disturbed).is_none())
        });
        let promises = promises(&catalogue, &profile, as_of, told);
        let outlook = looked.map(|looked| looked.outlook);
        mirror
            .replanned_write(&desk.store, call, promises, intent, outlook)
            .await
    }
}

/// The promises that follow from a profile for some of the queue, by order number.
fn promises(
    catalogue: &Catalogue,
    profile: &Profile,
    made_on: Date,
    ranked: impl Iterator<Item = Ranked>,
) -> Vec<(i64, Promise)> {
    let first_handover = catalogue.programme.first_handover_on;
    let dated = Queue::dated(ranked, |ranked| {
        let build = profile
            .variants
            .get(&ranked.variant_no)?
            .promise(ranked.rank)?;
        let transit_days = catalogue.lane_at(ranked.place.lane_no)?.transit_days();
        follow(ranked.place.last, build, transit_days, first_handover)
    });
    dated
        .into_iter()
        .map(|(order, new)| (order, new.made(made_on, &profile.plan_id)))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use takt_planning::promise::VariantProfile;

    use super::*;
    use crate::{
        programme::sample::{catalogue, date},
        promise::{PromiseKind, queue::Place},
    };

    #[test]
    fn the_queue_becomes_dates_and_only_what_moved_is_told_again() {
        let launch = date("2024-03-28");
        let variant = |cumulative: &[i64]| VariantProfile {
            first: launch,
            cumulative: cumulative.to_vec(),
            end: date("2024-11-13"),
            rate_units: 28,
        };
        let profile = |cumulative: &[i64]| Profile {
            plan_id: "p".into(),
            variants: BTreeMap::from([(2, variant(cumulative))]),
            told: Vec::new(),
        };
        let mut queue = Queue::default();
        for order_no in 1..=4 {
            let place = Place {
                order_no,
                lane_no: 80,
                locked_on: launch,
                last: None,
            };
            queue.push(2, order_no == 3, place);
        }
        queue.push(
            1,
            false,
            Place {
                order_no: 5,
                lane_no: 80,
                locked_on: launch,
                last: None,
            },
        );
        let catalogue = catalogue();
        let first = promises(
            &catalogue,
            &profile(&[0, 2, 3]),
            launch,
            queue.arrivals(launch),
        );
        let told: Vec<(i64, PromiseKind, String)> = first
            .iter()
            .map(|(order, promise)| (*order, promise.kind, promise.deliver_on.to_string()))
            .collect();
        // Order 3 has priority and is promised the first place; the first handover date holds all of them back.
        assert_eq!(
            told,
            [
                (1, PromiseKind::Planned, "2024-04-03".to_owned()),
                (2, PromiseKind::Planned, "2024-04-03".to_owned()),
                (3, PromiseKind::Planned, "2024-04-03".to_owned()),
                (4, PromiseKind::Estimate, "2024-11-17".to_owned()),
            ]
        );
        for (order, promise) in &first {
            let last = crate::promise::LastPromise {
                number: 1,
                kind: promise.kind,
                deliver_on: promise.deliver_on,
                made_on: promise.made_on,
            };
            queue.promised(*order, last);
        }
        let later = promises(
            &catalogue,
            &profile(&[0, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 4]),
            launch,
            queue.ranked(),
        );
        let told: Vec<(i64, i64, String)> = later
            .iter()
            .map(|(order, promise)| (*order, promise.number, promise.deliver_on.to_string()))
            .collect();
        assert_eq!(
            told,
            [
                (2, 2, "2024-04-11".to_owned()),
                (4, 2, "2024-04-12".to_owned())
            ]
        );
    }
}
