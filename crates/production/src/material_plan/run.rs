//! A run of the material planning: the position from the rows, the supply from procurement, the plan on the bounded pool.
//!
//! It must not decide anything. Invariants: nothing is computed on the service's runtime; a run that is cancelled or whose
//! listener went away leaves nothing behind; the same request gives the same plan.

use std::{collections::BTreeMap, sync::Arc};

use takt_contract::{date_req, production::v1 as pb, request_id};
use takt_kernel::{Date, Violations};
use takt_planning::material::{Mode, Position};
use takt_service::{
    Call, Error, Once, compute,
    stream::{Answers, Outlet, answers},
};

use super::{
    Input, MaterialRefusal, Told, plan_id,
    rebuild::planned,
    stocks_of,
    store::{plan_save, position_fetch},
    wire::head_pb,
};
use crate::{
    Production,
    peers::supply::{Supply, SupplyOf, ordered_lots, supply},
    product::Product,
};

/// The days that messages look ahead when the caller does not say.
const HORIZON: i32 = 7;
/// The most of them.
const LONGEST: i32 = 3_650;

/// One run.
struct Run {
    production: Production,
    call: Call,
    once: Once,
    as_of: Date,
    mode: Mode,
    horizon: i32,
    keep: bool,
}

/// Starts a run.
///
/// # Errors
/// `Invalid` with the fields that are wrong.
pub fn run(
    production: &Production,
    call: Call,
    message: &pb::RunMaterialPlanRequest,
) -> Result<Answers<pb::RunMaterialPlanResponse>, Error> {
    let mut violations = Violations::new();
    let id = request_id(&message.request_id, "request_id", &mut violations);
    let as_of = date_req(message.as_of.as_ref(), "as_of", &mut violations);
    violations.require(
        (0..=LONGEST).contains(&message.horizon_days),
        "horizon_days",
        "give 0 for 7 days, or at most 3650",
    );
    let id = violations.finish_with(id)?;
    let method = "takt.production.v1.PlanningService/RunMaterialPlan";
    let work = Run {
        production: production.clone(),
        call,
        once: Once::of(method, id, message),
        as_of,
        mode: Mode {
            finite: message.finite,
            weekly: message.weekly,
        },
        horizon: match message.horizon_days {
            0 => HORIZON,
            days => days,
        },
        keep: !message.validate_only,
    };
    Ok(answers(|outlet| work.listen(outlet)))
}

impl Run {
    /// Works until it is done or told to end.
    async fn listen(self, outlet: Outlet<pb::RunMaterialPlanResponse>) -> Result<(), Error> {
        let plans = self.production.material_plans.clone();
        let running = plans.enter(self.once.request_id());
        tokio::select! {
            done = self.work(&outlet) => done,
            () = running.cancelled() => Err(MaterialRefusal::Cancelled.into()),
        }
    }

    async fn work(&self, outlet: &Outlet<pb::RunMaterialPlanResponse>) -> Result<(), Error> {
        let store = &self.production.deps.store;
        let once = self.once;
        let answered = store.read(&self.call, "material_plan_once", move |tx| {
            Box::pin(async move { tx.once_answer::<pb::RunMaterialPlanResponse>(&once).await })
        });
        if let Some(answer) = answered.await? {
            return outlet.send(answer).await;
        }
        outlet.send(progress("LOAD", 0)).await?;
        let version = self.production.products.version();
        let product = self.production.products.get(&self.call).await?;
        let position = self.position(&product).await?;
        outlet.send(progress("SUPPLY", 150)).await?;
        let (input, unanswered) = self.input(&product, position).await;
        outlet.send(progress("NET", 350)).await?;
        let (planning, reading) = (Arc::clone(&product), Arc::clone(&input));
        let plan = compute(move || planned(&planning, &reading)).await??;
        outlet.send(progress("EXPLAIN", 650)).await?;
        let reading = Arc::clone(&input);
        let (told, packed) =
            compute(move || (Told::of(plan, &reading, unanswered), reading.packed())).await?;
        if !self.keep {
            let mut head = told.head;
            head.plan_id = plan_id(&product.programme.programme_id, self.as_of, 1);
            return outlet.send(done(head_pb(&head))).await;
        }
        outlet.send(progress("SAVE", 900)).await?;
        let (head, packed) = (Arc::new(told.head.clone()), Arc::new(packed));
        let saved = store.write_once(&self.call, "material_plan_save", once, move |tx| {
            let (product, head) = (Arc::clone(&product), Arc::clone(&head));
            let packed = Arc::clone(&packed);
            Box::pin(async move {
                let head = plan_save(tx, &product, &head, packed.to_vec()).await?;
                Ok(done(head_pb(&head)))
            })
        });
        let answer = saved.await?;
        // The plan stands at hand under its id, unless another run of the same request was faster: then that one is read.
        if let Some(plan) = &answer.plan {
            let read = store.read(&self.call, "material_plan_head", {
                let wanted = Arc::new(plan.plan_id.clone());
                move |tx| {
                    let wanted = Arc::clone(&wanted);
                    Box::pin(async move { super::store::head_fetch(tx, &wanted).await })
                }
            });
            let head = read.await?;
            let told = Arc::new(Told { head, ..told });
            self.production.material_plans.hold(version, told);
        }
        outlet.send(answer).await
    }

    async fn position(&self, product: &Arc<Product>) -> Result<Position, Error> {
        let loading = Arc::clone(product);
        let store = &self.production.deps.store;
        let read = store.read(&self.call, "material_plan_position", move |tx| {
            let product = Arc::clone(&loading);
            Box::pin(async move { position_fetch(tx, &product).await })
        });
        read.await
    }

    /// The input with procurement's answer; without one, why there is none.
    async fn input(&self, product: &Product, position: Position) -> (Arc<Input>, String) {
        let (supply, ordered, unanswered) = match self.asked(product).await {
            Ok((supply, ordered)) => (Some(supply), ordered, String::new()),
            Err(error) => (None, BTreeMap::new(), error.to_string()),
        };
        let lots = |item: usize| ordered.get(&item).cloned().unwrap_or_default();
        let input = Input {
            as_of: self.as_of,
            mode: self.mode,
            horizon: self.horizon,
            position,
            stocks: stocks_of(product, supply.as_ref(), &lots),
        };
        (Arc::new(input), unanswered)
    }

    async fn asked(&self, product: &Product) -> Result<(Supply, BTreeMap<usize, Vec<i64>>), Error> {
        // What is received on the evening before may be used on the plan's first day.
        let of = SupplyOf::newest(self.as_of.minus(1));
        let known = supply(&self.production, &self.call, product, of).await?;
        let ordered = ordered_lots(&self.production, &self.call, product).await?;
        Ok((known, ordered))
    }
}

fn progress(stage: &str, permille: i32) -> pb::RunMaterialPlanResponse {
    pb::RunMaterialPlanResponse {
        stage: stage.to_owned(),
        permille,
        plan: None,
    }
}

fn done(plan: pb::MaterialPlan) -> pb::RunMaterialPlanResponse {
    pb::RunMaterialPlanResponse {
        stage: "DONE".to_owned(),
        permille: 1000,
        plan: Some(plan),
    }
}
