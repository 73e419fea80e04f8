//! Promising orders anew after a disruption: all whose promise will not be kept, or some of them.
//!
//! It must not know the wire beyond its answer. Invariants: what is promised is what `GetImpact` proposes for the outlook; promises are
//! added and never edited; days go by the queue, so who came first gets the first one, whoever is asked for; the queue and the outlook
//! are those that were looked at, or it is looked at again; a number of statements that does not depend on the number of orders.

use std::sync::Arc;

use takt_contract::{date_pb, delivery::v1 as pb};
use takt_service::{Call, Error, Once, Tx};

use super::{
    at_risk::names_fetch,
    standing::outlook_read,
    store::{Kept, outlook_hold},
    wire::Scope,
};
use crate::{
    desk::Desk,
    impact::{Health, Promises},
    order::wire::promise_pb,
    programme::Catalogue,
    promise::{Promise, store::promises_add},
};

/// How often it is looked at again when others make promises or look at disruptions beside it.
const ATTEMPTS: u32 = 5;

/// The orders that are told one by one.
const SAMPLE: usize = 20;

/// What is to be promised.
pub(crate) struct Anew {
    /// The promises by order number, in the order of intake.
    pub(crate) promises: Vec<(i64, Promise)>,
    /// What was promised before to the first of them.
    promised_before: Vec<takt_kernel::Date>,
    left: i64,
    at_risk: i64,
    outlook: (i64, pb::RepromiseOrdersResponse),
}

impl Anew {
    /// The late orders of a scope with their new promises.
    pub(crate) fn of(catalogue: &Catalogue, kept: &Kept, found: &Promises, scope: &Scope) -> Self {
        let outlook = &kept.outlook;
        let mut anew = Self {
            promises: Vec::new(),
            promised_before: Vec::new(),
            left: 0,
            at_risk: 0,
            outlook: (
                kept.revision,
                pb::RepromiseOrdersResponse {
                    as_of: Some(date_pb(outlook.as_of)),
                    plan_id: outlook.plan_id.clone(),
                    ..pb::RepromiseOrdersResponse::default()
                },
            ),
        };
        for hit in &found.hits {
            let meant = scope.covers(catalogue, hit.variant_no, hit.lane_no);
            match (hit.health, hit.proposal) {
                (Health::Late, Some(new)) if meant => {
                    let promise = new.made(outlook.as_of, &outlook.plan_id);
                    anew.promises.push((hit.order_no, promise));
                    if anew.promised_before.len() < SAMPLE {
                        anew.promised_before.push(hit.promised_on);
                    }
                }
                (Health::Late, _) => anew.left += 1,
                (Health::AtRisk, _) if meant => anew.at_risk += 1,
                (Health::AtRisk, _) => {}
            }
        }
        anew
    }

    /// What is answered.
    async fn answer(&self, tx: &Tx) -> Result<pb::RepromiseOrdersResponse, Error> {
        let first = || self.promises.iter().take(SAMPLE);
        let names = names_fetch(tx, first().map(|(order_no, _)| *order_no).collect()).await?;
        let told = first().zip(&self.promised_before);
        let sample = told.filter_map(|((order_no, promise), before)| {
            Some(pb::RepromisedOrder {
                order_id: names.get(order_no)?.0.clone(),
                promised_on: Some(date_pb(*before)),
                promise: Some(promise_pb(promise)),
            })
        });
        Ok(pb::RepromiseOrdersResponse {
            repromised_count: i64::try_from(self.promises.len()).unwrap_or(i64::MAX),
            left_count: self.left,
            at_risk_count: self.at_risk,
            sample: sample.collect(),
            ..self.outlook.1.clone()
        })
    }

    /// Writes the promises when queue and outlook are still those that were looked at.
    async fn write(&self, tx: &Tx, seen: i64) -> Result<pb::RepromiseOrdersResponse, Error> {
        if !self.promises.is_empty() {
            promises_add(tx, seen, &self.promises).await?;
            outlook_hold(tx, self.outlook.0).await?;
        }
        self.answer(tx).await
    }
}

/// Promises the late orders of a scope anew; without `once` it says what would be promised.
pub(crate) async fn repromise(
    desk: &Desk,
    call: &Call,
    scope: &Scope,
    once: Option<Once>,
) -> Result<pb::RepromiseOrdersResponse, Error> {
    let catalogue = desk.catalogue(call).await?;
    if let Some(once) = once {
        let recorded = desk.store.read(call, "repromise_answer", move |tx| {
            Box::pin(async move { tx.once_answer(&once).await })
        });
        if let Some(answer) = recorded.await? {
            return Ok(answer);
        }
    }
    let mut attempt = 0;
    loop {
        let Some(kept) = outlook_read(desk, call, &catalogue).await? else {
            let told = "no plan was looked at yet, so there is nothing to promise by; release a plan first";
            return Err(Error::refused("NO_PLAN", told));
        };
        let mut mirror = desk.mirror.lock().await;
        mirror.refresh(&desk.store, call).await?;
        let found = kept.outlook.promises(&catalogue, mirror.queue().ranked());
        let anew = Arc::new(Anew::of(&catalogue, &kept, &found, scope));
        let Some(once) = once else {
            drop(mirror);
            let read = desk.store.read(call, "repromise_trial", move |tx| {
                let anew = Arc::clone(&anew);
                Box::pin(async move { anew.answer(tx).await })
            });
            return read.await;
        };
        let seen = mirror.promises_seen();
        let written = desk
            .store
            .write_once(call, "repromise_orders", once, move |tx| {
                let anew = Arc::clone(&anew);
                Box::pin(async move { anew.write(tx, seen).await })
            });
        let written = written.await;
        // Whether this call or its twin wrote them is not known here: the database knows.
        mirror.forget();
        attempt += 1;
        match written {
            Err(Error::Stale { .. }) if attempt < ATTEMPTS => {}
            written => return written,
        }
    }
}
