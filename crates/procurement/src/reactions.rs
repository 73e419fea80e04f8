//! What procurement does when production tells something: a new plan is fetched, a vehicle's parts are used; and when delivery tells of a
//! part that has failed: a claim is made.
//!
//! It must not ask anybody: a new plan is owed as an intent. Invariants: facts of a batch are applied in sets; kinds
//! that are not known here are nothing to it.

use takt_contract::{
    date_req,
    events::v1::{Fact, MasterPlanReleased, VehicleBuilt, fact_body::Kind},
};
use takt_kernel::{PlanId, Violations};
use takt_service::{BoxFuture, Error, Reactions, Tx};

use crate::{
    material::consumption::{Built, consumption_add},
    requirement::{Plan, handler::requirements_owe},
    warranty::{store::claims_add, wire::claim_of},
};

/// The reactions of procurement.
pub(crate) struct ProcurementReactions;

impl Reactions for ProcurementReactions {
    fn apply<'t>(
        &'t self,
        tx: &'t Tx,
        source: &'t str,
        facts: &'t [Fact],
    ) -> BoxFuture<'t, Result<(), Error>> {
        Box::pin(async move {
            if source == "delivery" {
                return claims_book(tx, facts).await;
            }
            if source != "production" {
                return Ok(());
            }
            let mut built = Vec::new();
            for fact in facts {
                match fact.body.as_ref().and_then(|body| body.kind.as_ref()) {
                    Some(Kind::VehicleBuilt(told)) => built.push(built_of(told)?),
                    Some(Kind::MasterPlanReleased(told)) => {
                        requirements_owe(tx, &plan_of(told, fact.position)?).await?
                    }
                    _ => {}
                }
            }
            if built.is_empty() {
                Ok(())
            } else {
                consumption_add(tx, &built).await
            }
        })
    }
}

/// Books a claim for each part of a supplier that has failed.
async fn claims_book(tx: &Tx, facts: &[Fact]) -> Result<(), Error> {
    let told = facts
        .iter()
        .filter_map(|fact| match fact.body.as_ref()?.kind.as_ref()? {
            Kind::PartFailed(told) => Some(claim_of(told)),
            _ => None,
        });
    let claims = told.collect::<Result<Vec<_>, Error>>()?;
    if claims.is_empty() {
        return Ok(());
    }
    claims_add(tx, &claims).await
}

fn built_of(told: &VehicleBuilt) -> Result<Built, Error> {
    let mut violations = Violations::new();
    violations.require(told.build_number > 0, "build_number", "it counts from 1");
    violations.require(!told.vin.is_empty(), "vin", "it is missing");
    let shared = told.reservation_id.is_empty() || told.reservation_vehicle_count > 0;
    violations.require(
        shared,
        "reservation_vehicle_count",
        "a reservation is for one vehicle or more",
    );
    violations.finish()?;
    Ok(Built {
        build_number: told.build_number,
        vin: told.vin.clone(),
        reservation_id: told.reservation_id.clone(),
        vehicles: told.reservation_vehicle_count.into(),
    })
}

fn plan_of(told: &MasterPlanReleased, position: i64) -> Result<Plan, Error> {
    let mut violations = Violations::new();
    violations.check("plan_id", PlanId::parse(&told.plan_id));
    let as_of = date_req(told.as_of.as_ref(), "as_of", &mut violations);
    violations.finish()?;
    Ok(Plan {
        id: told.plan_id.clone(),
        as_of,
        position,
    })
}
