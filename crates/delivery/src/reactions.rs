//! What delivery does when production tells of vehicles and plans, and procurement of disruptions.
//!
//! It must not know the inbox. Invariants: a number of statements that does not depend on the number of facts; nobody
//! is asked here: a plan leaves an intent, and so does a disruption.

use std::sync::Arc;

use takt_contract::{
    date_req,
    events::v1::{
        Fact, MasterPlanReleased, VehicleBuilt, VehicleHeld, VehicleReleased, fact_body::Kind,
    },
};
use takt_kernel::{Date, Violations};
use takt_service::{BoxFuture, Error, Reactions, Tx};

use crate::{
    allocation::{
        BuiltVehicle,
        store::{vehicles_hold, vehicles_receive, vehicles_release},
    },
    desk::Desk,
    order::change::store::changes_apply,
    outlook,
    programme::{Catalogue, store::catalogue_fetch},
    promise::handler::repromise_owe,
    recall::{
        owed::{changes_heard, received_check},
        store::gate_hold,
    },
};

/// Takes production's and procurement's facts.
pub(crate) struct DeliveryReactions {
    /// What the parts of the service share.
    pub(crate) desk: Arc<Desk>,
}

/// The facts of a batch that concern delivery.
#[derive(Default)]
pub(crate) struct Told {
    built: Vec<BuiltVehicle>,
    quality: Vec<Quality>,
    plans: Vec<(String, Date)>,
    became: Vec<(i64, i64)>,
    changed: bool,
}

/// What quality has said about vehicles, as runs of the same word.
enum Quality {
    /// They may be delivered.
    Released(Vec<(String, Date)>),
    /// They may not.
    Held(Vec<String>),
}

impl Reactions for DeliveryReactions {
    fn apply<'t>(
        &'t self,
        tx: &'t Tx,
        source: &'t str,
        facts: &'t [Fact],
    ) -> BoxFuture<'t, Result<(), Error>> {
        Box::pin(async move {
            if source == "procurement" {
                return outlook::handler::heard(tx, facts).await;
            }
            if source != "production" {
                return Ok(());
            }
            let told = Told::read(facts)?;
            let catalogue = match self.desk.catalogue_known() {
                Some(catalogue) => catalogue,
                None => Arc::new(catalogue_fetch(tx).await?),
            };
            told.apply(tx, &catalogue).await
        })
    }
}

impl Told {
    /// Reads the facts; all mistakes are told at once.
    pub(crate) fn read(facts: &[Fact]) -> Result<Self, Error> {
        let mut told = Self::default();
        let mut violations = Violations::new();
        for (place, fact) in facts.iter().enumerate() {
            let Some(kind) = fact.body.as_ref().and_then(|body| body.kind.as_ref()) else {
                continue;
            };
            violations.scope(format!("facts[{place}]"), |violations| {
                told.take(kind, violations)
            });
        }
        violations.finish()?;
        Ok(told)
    }

    fn take(&mut self, kind: &Kind, violations: &mut Violations) {
        match kind {
            Kind::VehicleBuilt(fact) => self.built.push(built(fact, violations)),
            Kind::VehicleReleased(fact) => {
                let one = released(fact, violations);
                match self.quality.last_mut() {
                    Some(Quality::Released(run)) => run.push(one),
                    _ => self.quality.push(Quality::Released(vec![one])),
                }
            }
            Kind::VehicleHeld(fact) => {
                let one = held(fact, violations);
                match self.quality.last_mut() {
                    Some(Quality::Held(run)) => run.push(one),
                    _ => self.quality.push(Quality::Held(vec![one])),
                }
            }
            Kind::OrderChanged(fact) => self
                .became
                .push((fact.order_number, fact.change_number.into())),
            Kind::MasterPlanReleased(fact) => self.plans.push(plan(fact, violations)),
            Kind::PartReplaced(_) | Kind::SoftwareInstalled(_) => self.changed = true,
            _ => {}
        }
    }

    /// Writes what follows. A vehicle's completion stands before its release whatever their places in the batch, and
    /// vehicles come in the order of their build numbers; holds and releases follow each other as they were told.
    pub(crate) async fn apply(mut self, tx: &Tx, catalogue: &Catalogue) -> Result<(), Error> {
        self.built
            .sort_by(|a, b| (a.build_no, &a.vin).cmp(&(b.build_no, &b.vin)));
        if self.changed || !self.built.is_empty() {
            // Before any vehicle is there that could leave, an open recall knows of it.
            gate_hold(tx).await?;
            let news = self.built.iter();
            received_check(tx, news.map(|one| (one.vin.as_str(), one.build_no))).await?;
        }
        if self.changed {
            changes_heard(tx).await?;
        }
        // An order is what production builds before any of its vehicles is looked at.
        changes_apply(tx, &self.became).await?;
        vehicles_receive(tx, catalogue, &self.built).await?;
        for word in &self.quality {
            match word {
                Quality::Released(run) => vehicles_release(tx, catalogue, run).await?,
                Quality::Held(run) => vehicles_hold(tx, run).await?,
            }
        }
        for (plan_id, as_of) in &self.plans {
            repromise_owe(tx, plan_id, *as_of).await?;
        }
        Ok(())
    }
}

fn built(fact: &VehicleBuilt, violations: &mut Violations) -> BuiltVehicle {
    violations.require(!fact.vin.is_empty(), "vehicle_built.vin", "it is missing");
    BuiltVehicle {
        vin: fact.vin.clone(),
        build_no: fact.build_number,
        order_id: fact.order_id.clone(),
        built_on: date_req(fact.built_on.as_ref(), "vehicle_built.built_on", violations),
        released: fact.released,
    }
}

fn held(fact: &VehicleHeld, violations: &mut Violations) -> String {
    violations.require(!fact.vin.is_empty(), "vehicle_held.vin", "it is missing");
    fact.vin.clone()
}

fn released(fact: &VehicleReleased, violations: &mut Violations) -> (String, Date) {
    violations.require(
        !fact.vin.is_empty(),
        "vehicle_released.vin",
        "it is missing",
    );
    (
        fact.vin.clone(),
        date_req(
            fact.released_on.as_ref(),
            "vehicle_released.released_on",
            violations,
        ),
    )
}

fn plan(fact: &MasterPlanReleased, violations: &mut Violations) -> (String, Date) {
    violations.require(
        !fact.plan_id.is_empty(),
        "master_plan_released.plan_id",
        "it is missing",
    );
    (
        fact.plan_id.clone(),
        date_req(
            fact.as_of.as_ref(),
            "master_plan_released.as_of",
            violations,
        ),
    )
}
