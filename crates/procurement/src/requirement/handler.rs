//! Fetches what a new plan needs: the work that procurement owes after the fact that a plan was released.
//!
//! It must not know the planner's database. Invariants: the planner is asked outside any transaction; a plan that was
//! overtaken meanwhile is dropped without a trace.

use std::{collections::BTreeMap, sync::Arc};

use prost::Message;
use takt_kernel::{Date, Violations};
use takt_service::{Call, Error, Intent, IntentHandler, Tx};

use super::{Plan, Series, store};
use crate::{desk::Desk, peers::Production, programme::Catalogue};

/// The kind of intent.
const KIND: &str = "requirements";

/// What the intent keeps of the fact.
#[derive(Clone, PartialEq, Message)]
struct Wanted {
    #[prost(string, tag = "1")]
    plan_id: String,
    #[prost(sint32, tag = "2")]
    as_of: i32,
    #[prost(int64, tag = "3")]
    position: i64,
}

/// Owes the requirements of a plan.
pub(crate) async fn requirements_owe(tx: &Tx, plan: &Plan) -> Result<(), Error> {
    let wanted = Wanted {
        plan_id: plan.id.clone(),
        as_of: plan.as_of.epoch_day(),
        position: plan.position,
    };
    tx.intent_add(KIND, &plan.id, wanted.encode_to_vec()).await
}

/// Fetches requirements.
pub(crate) struct RequirementsHandler {
    /// What procurement shares.
    pub(crate) desk: Arc<Desk>,
    /// Production, which plans.
    pub(crate) production: Production,
}

#[tonic::async_trait]
impl IntentHandler for RequirementsHandler {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, call: &Call, intent: &Intent) -> Result<(), Error> {
        let wanted = Wanted::decode(intent.payload.as_slice())
            .map_err(|error| Error::broken(format!("intent: {error}")))?;
        let plan = Plan {
            id: wanted.plan_id,
            as_of: Date::from_epoch_day(wanted.as_of),
            position: wanted.position,
        };
        let held = self
            .desk
            .store
            .read(call, "plan_get", |tx| Box::pin(store::plan_fetch(tx)))
            .await?;
        let mut series = BTreeMap::new();
        if plan.supersedes(held.as_ref().map(|(held, _)| held)) {
            let catalogue = self.desk.catalogue(call).await?;
            let items = self.production.requirements(call, &plan.id).await?;
            series = series_of(items, &catalogue)?;
        }
        let work = Arc::new((plan, series, intent.clone()));
        let replaced = self
            .desk
            .store
            .write(call, "plan_replace", move |tx| {
                let work = Arc::clone(&work);
                Box::pin(async move {
                    let (plan, series, intent) = work.as_ref();
                    // Where the plan was overtaken, this finds the newer one and leaves it.
                    let replaced = store::plan_replace(tx, plan, series).await?;
                    tx.intent_finish(intent).await?;
                    Ok(replaced)
                })
            })
            .await?;
        tracing::debug!(key = intent.key, replaced, "requirements");
        Ok(())
    }
}

/// The series by item number; an item that is not known here is a contradiction between two services.
fn series_of(
    items: Vec<(String, Date, Vec<i64>)>,
    catalogue: &Catalogue,
) -> Result<BTreeMap<u32, Series>, Error> {
    let mut violations = Violations::new();
    let mut series = BTreeMap::new();
    for (item_id, first, days) in items {
        let Some(bought) = catalogue.item(&item_id) else {
            violations.push(
                &item_id,
                "it is planned and not a bought item of the programme",
            );
            continue;
        };
        violations.require(
            days.iter().all(|day| *day >= 0),
            &item_id,
            "a day needs less than nothing",
        );
        let days = days.into_iter().map(takt_kernel::Quantity).collect();
        series.extend(Series::new(first, days).map(|found| (bought.item.number, found)));
    }
    violations.finish()?;
    Ok(series)
}
