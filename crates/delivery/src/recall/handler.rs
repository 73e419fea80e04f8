//! What recalls owe: production's word after vehicles were built or changed, and production's record after a remedy over the air.
//!
//! It must not decide anything. Invariants: production is asked outside any transaction; an intent ends only when nothing is due
//! any more under the gate, so that what comes in meanwhile is never lost.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use takt_contract::{date_pb, production::v1 as production};
use takt_kernel::{Date, RequestId};
use takt_service::{Call, Error, Intent, IntentHandler, Tx};

use super::{
    owed::{Owed, REFRESH, checks_drop, due_settle, unchecked_from, words_take},
    store::{gate_hold, recall_open_at},
};
use crate::desk::Desk;

/// The kind of intent that owes production the software of remedied vehicles.
pub(crate) const SOFTWARE: &str = "recall_software";

/// Which vehicles have new software.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Installed {
    /// The chunk that said so.
    pub(crate) request_id: String,
    /// The recall.
    pub(crate) recall_id: String,
    /// The item.
    pub(crate) item_id: String,
    /// The version.
    pub(crate) version: String,
    /// The day, as an epoch day.
    pub(crate) on: i32,
    /// The vehicles.
    pub(crate) vins: Vec<String>,
}

/// Owes production the software of remedied vehicles.
pub(crate) async fn software_owe(tx: &Tx, installed: &Installed) -> Result<(), Error> {
    let payload =
        serde_json::to_vec(installed).map_err(|error| Error::broken(format!("intent: {error}")))?;
    let key = format!("{}/{}", installed.request_id, installed.on);
    tx.intent_add(SOFTWARE, &key, payload).await
}

fn payload<'p, T: Deserialize<'p>>(intent: &'p Intent) -> Result<T, Error> {
    serde_json::from_slice(&intent.payload)
        .map_err(|error| Error::broken(format!("intent {}: {error}", intent.key)))
}

/// Asks production again about recalls.
pub(crate) struct RefreshHandler {
    /// What the parts of the service share.
    pub(crate) desk: Arc<Desk>,
}

#[tonic::async_trait]
impl IntentHandler for RefreshHandler {
    fn kind(&self) -> &'static str {
        REFRESH
    }

    async fn run(&self, call: &Call, intent: &Intent) -> Result<(), Error> {
        let Owed { recall_no } = payload(intent)?;
        let store = &self.desk.store;
        loop {
            let read = store.read(call, "recall_due", move |tx| {
                Box::pin(async move {
                    let recall = recall_open_at(tx, recall_no).await?;
                    Ok((recall, unchecked_from(tx, recall_no).await?))
                })
            });
            let (recall, unchecked) = read.await?;
            let words = match (&recall, unchecked) {
                (Some(recall), _) if recall.due > 0 => Some(0),
                (Some(_), Some(from)) => Some(from),
                _ => None,
            };
            let words = match (&recall, words) {
                (Some(recall), Some(from)) => {
                    let scopes = recall.scopes.iter().map(super::scope::Scope::message);
                    let asked = self.desk.production.exposures(call, scopes.collect(), from);
                    Some(
                        asked
                            .await
                            .map_err(|status| self.desk.production.error(&status))?,
                    )
                }
                _ => None,
            };
            let work = Arc::new((recall, words, intent.clone()));
            let written = store.write(call, "recall_refresh", move |tx| {
                let work = Arc::clone(&work);
                Box::pin(async move {
                    let (asked, words, intent) = work.as_ref();
                    gate_hold(tx).await?;
                    let Some(recall) = recall_open_at(tx, recall_no).await? else {
                        checks_drop(tx, recall_no).await?;
                        return tx.intent_finish(intent).await.map(|_| true);
                    };
                    let asked = asked.as_ref().filter(|asked| asked.scopes == recall.scopes);
                    if let Some((asked, words)) = asked.zip(words.as_ref()) {
                        words_take(tx, &recall, words).await?;
                        if words.from_build == 0 {
                            due_settle(tx, recall_no, asked.due).await?;
                        }
                    }
                    let now = recall_open_at(tx, recall_no).await?;
                    let due = now.is_some_and(|now| now.due > 0)
                        || unchecked_from(tx, recall_no).await?.is_some();
                    if !due {
                        tx.intent_finish(intent).await?;
                    }
                    Ok(!due)
                })
            });
            if written.await? {
                return Ok(());
            }
        }
    }
}

/// Records in production what a remedy over the air installed.
pub(crate) struct SoftwareHandler {
    /// What the parts of the service share.
    pub(crate) desk: Arc<Desk>,
}

#[tonic::async_trait]
impl IntentHandler for SoftwareHandler {
    fn kind(&self) -> &'static str {
        SOFTWARE
    }

    async fn run(&self, call: &Call, intent: &Intent) -> Result<(), Error> {
        let installed: Installed = payload(intent)?;
        let id = RequestId::parse(&installed.request_id)
            .map_err(|error| Error::broken(format!("intent {}: {error}", intent.key)))?;
        let message = production::RecordSoftwareRequest {
            request_id: id.derive(&format!("software-{}", installed.on)).to_string(),
            item_id: installed.item_id,
            version: installed.version,
            installed_on: Some(date_pb(Date::from_epoch_day(installed.on))),
            vins: installed.vins,
            reason: format!("recall {}", installed.recall_id),
        };
        let answer = self.desk.production.record_software(call, message).await?;
        for refused in &answer.refused {
            // The remedy was reported and stays; that the record contradicts it is for people to look into.
            tracing::warn!(
                recall = installed.recall_id,
                vin = refused.vin,
                reason = refused.reason_code,
                detail = refused.reason,
                "production did not record the software of a remedy"
            );
        }
        let intent = intent.clone();
        let finish = self.desk.store.write(call, "recall_software", move |tx| {
            let intent = intent.clone();
            Box::pin(async move { tx.intent_finish(&intent).await.map(|_| ()) })
        });
        finish.await
    }
}
