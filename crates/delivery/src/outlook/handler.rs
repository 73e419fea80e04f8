//! The look at the plan and the open disruptions: when procurement tells of disruptions, and with every plan.
//!
//! It must not know what becomes of orders. Invariants: peers are asked outside any transaction; without open disruptions nobody is
//! asked but for the plan's builds; what procurement does not answer is asked again, never guessed; of two looks at once the later
//! one is repeated.

use std::{collections::BTreeMap, sync::Arc};

use takt_contract::{
    date_opt, date_req,
    events::v1::{Fact, fact_body::Kind},
    production::v1::GetPlantImpactResponse,
};
use takt_kernel::{Date, Violations};
use takt_planning::promise::VariantProfile;
use takt_service::{Call, Error, Intent, IntentHandler, Tx};
use tonic::Code;

use super::store::{
    Declared, Head, NewOutlook, disruptions_note, disruptions_open, head_fetch, next_morning,
    outlook_write,
};
use crate::{
    desk::Desk,
    impact::wire::reasons_of,
    peers::{Profile, is_planless, variants_of},
    programme::Catalogue,
};

/// The kind of intent that owes a look at the disruptions.
pub(crate) const OUTLOOK: &str = "outlook";

/// The most disruptions that are asked for by name; beyond it all that are open are looked at.
const NAMED: usize = 100;

/// What was looked at.
pub(crate) struct Looked {
    /// The builds with the disruptions; None where there are none.
    pub(crate) disturbed: Option<BTreeMap<i64, VariantProfile>>,
    /// What is to be kept.
    pub(crate) outlook: NewOutlook,
}

/// Takes procurement's facts: notes what is said of disruptions and owes a look at them.
pub(crate) async fn heard(tx: &Tx, facts: &[Fact]) -> Result<(), Error> {
    let (mut declared, mut resolved, mut last) = (Vec::new(), Vec::new(), None);
    let mut violations = Violations::new();
    for (place, fact) in facts.iter().enumerate() {
        let kind = fact.body.as_ref().and_then(|body| body.kind.as_ref());
        violations.scope(format!("facts[{place}]"), |found| match kind {
            Some(Kind::DisruptionDeclared(told)) => {
                found.require(
                    !told.disruption_id.is_empty(),
                    "disruption_declared.disruption_id",
                    "it is missing",
                );
                declared.push(Declared {
                    id: told.disruption_id.clone(),
                    begins_on: date_req(
                        told.begins_on.as_ref(),
                        "disruption_declared.begins_on",
                        found,
                    ),
                    expected_end_on: date_opt(
                        told.expected_end_on.as_ref(),
                        "disruption_declared.expected_end_on",
                        found,
                    ),
                });
                last = Some(fact.position);
            }
            Some(Kind::DisruptionResolved(told)) => {
                found.require(
                    !told.disruption_id.is_empty(),
                    "disruption_resolved.disruption_id",
                    "it is missing",
                );
                let on = date_req(
                    told.resolved_on.as_ref(),
                    "disruption_resolved.resolved_on",
                    found,
                );
                resolved.push((told.disruption_id.clone(), on));
                last = Some(fact.position);
            }
            _ => {}
        });
    }
    violations.finish()?;
    let Some(last) = last else { return Ok(()) };
    disruptions_note(tx, &declared, &resolved).await?;
    // The rows say all that there is to know.
    tx.intent_add(OUTLOOK, &last.to_string(), Vec::new()).await
}

/// Looks at the disruptions when procurement has told of some.
pub(crate) struct OutlookHandler {
    /// What the parts of the service share.
    pub(crate) desk: Arc<Desk>,
}

#[tonic::async_trait]
impl IntentHandler for OutlookHandler {
    fn kind(&self) -> &'static str {
        OUTLOOK
    }

    async fn run(&self, call: &Call, intent: &Intent) -> Result<(), Error> {
        let desk = self.desk.as_ref();
        let catalogue = desk.catalogue(call).await?;
        let read = desk.store.read(call, "outlook_day", |tx| {
            Box::pin(async move { Ok((head_fetch(tx).await?.as_of, next_morning(tx).await?)) })
        });
        // Without a plan and without vehicles there is nothing to look at: the first plan brings its own look.
        let outlook = match read.await? {
            (None, None) => None,
            (planned, built) => {
                let as_of = planned.max(built).unwrap_or_default();
                let profile = desk
                    .production
                    .promise_profile(call, &catalogue, as_of)
                    .await?;
                let looked = looked(desk, call, &catalogue, as_of, &profile).await?;
                looked.map(|looked| looked.outlook)
            }
        };
        let (intent, outlook) = (Arc::new(intent.clone()), Arc::new(outlook));
        let written = desk.store.write(call, "outlook_keep", move |tx| {
            let (intent, outlook) = (Arc::clone(&intent), Arc::clone(&outlook));
            Box::pin(async move {
                if let Some(outlook) = outlook.as_ref() {
                    outlook_write(tx, outlook).await?;
                }
                tx.intent_finish(&intent).await.map(|_| ())
            })
        });
        written.await
    }
}

/// Looks at a plan's builds with the open disruptions; None where there is no plan, or another one by now, which is looked at itself.
pub(crate) async fn looked(
    desk: &Desk,
    call: &Call,
    catalogue: &Catalogue,
    as_of: Date,
    profile: &Profile,
) -> Result<Option<Looked>, Error> {
    let read = desk.store.read(call, "outlook_head", move |tx| {
        Box::pin(async move { Ok((head_fetch(tx).await?, disruptions_open(tx, as_of).await?)) })
    });
    let (head, open) = read.await?;
    if profile.plan_id.is_empty() {
        return Ok(None);
    }
    if open.is_empty() {
        let outlook = outlook_of(head, as_of, profile);
        return Ok(Some(Looked {
            disturbed: None,
            outlook,
        }));
    }
    let Some(plant) = asked(desk, call, open, as_of).await? else {
        return Ok(None);
    };
    if plant.plan_id != profile.plan_id {
        return Ok(None);
    }
    let Some(parts) = &plant.parts else {
        let holes: Vec<&str> = (plant.tombstones.iter())
            .map(|hole| hole.detail.as_str())
            .collect();
        return Err(Error::down("procurement", holes.join("; ")));
    };
    Ok(Some(Looked {
        disturbed: Some(variants_of(&plant.disturbed, catalogue, as_of)?),
        outlook: NewOutlook {
            reasons: reasons_of(parts),
            undisturbed: plant.undisturbed,
            disturbed: plant.disturbed,
            ..outlook_of(head, as_of, profile)
        },
    }))
}

fn outlook_of(head: Head, as_of: Date, profile: &Profile) -> NewOutlook {
    NewOutlook {
        seen: head.revision,
        plan_id: profile.plan_id.clone(),
        as_of,
        undisturbed: profile.told.clone(),
        disturbed: Vec::new(),
        reasons: Vec::new(),
    }
}

/// Asks production what disruptions do to its plan; None where it has none.
async fn asked(
    desk: &Desk,
    call: &Call,
    open: Vec<String>,
    as_of: Date,
) -> Result<Option<GetPlantImpactResponse>, Error> {
    let production = &desk.production;
    let named = if open.len() > NAMED { Vec::new() } else { open };
    let mut answer = production.plant_impact(call, named, as_of).await;
    if matches!(&answer, Err(status) if status.code() == Code::NotFound) {
        // Procurement has begun anew and knows none of them: what is open there is what counts.
        answer = production.plant_impact(call, Vec::new(), as_of).await;
    }
    match answer {
        Ok(plant) => Ok(Some(plant)),
        Err(status) if is_planless(&status) => Ok(None),
        Err(status) => Err(production.error(&status)),
    }
}
