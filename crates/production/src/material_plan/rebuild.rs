//! Plans at hand: the last two, made again from what they were made from when the service has been started since.
//!
//! It must not know the wire. Invariants: a plan at hand is the function of the product in use and of its kept input; at
//! most two are held; a run that is under way is known by its request.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use takt_planning::material::{MaterialPlan, Request, translate};
use takt_service::{Call, Error, compute};
use tokio::sync::Notify;

use super::{
    Ground, Head, Input, MaterialRefusal, Told,
    store::{head_fetch, input_fetch},
};
use crate::{
    Production,
    product::{Product, store::Version},
};

/// The plans that are held; more would cost memory and are kept no more anyway.
const HELD: usize = 2;

/// A plan with the version of the product of which it was made.
type Held = (Version, Arc<Told>);

/// Plans at hand and runs under way; clones share them.
#[derive(Clone, Default)]
pub struct KeptPlans {
    held: Arc<Mutex<Vec<Held>>>,
    running: Arc<Mutex<BTreeMap<String, Arc<Notify>>>>,
}

fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere leaves a list whole: an entry is there or it is not.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl KeptPlans {
    /// Holds a plan that was made or made again.
    pub(super) fn hold(&self, version: Version, told: Arc<Told>) {
        let mut held = locked(&self.held);
        held.retain(|(_, known)| known.head.plan_no != told.head.plan_no);
        held.push((version, told));
        held.sort_by_key(|(_, known)| known.head.plan_no);
        while held.len() > HELD {
            held.remove(0);
        }
    }

    fn held(&self, version: Version, plan_no: i64) -> Option<Arc<Told>> {
        let held = locked(&self.held);
        let found = (held.iter()).find(|(of, told)| *of == version && told.head.plan_no == plan_no);
        found.map(|(_, told)| Arc::clone(told))
    }

    /// Enters a run; it is known until the guard is dropped.
    pub(super) fn enter(&self, request_id: String) -> Running {
        let ended = Arc::new(Notify::new());
        locked(&self.running).insert(request_id.clone(), Arc::clone(&ended));
        Running {
            plans: self.clone(),
            request_id,
            ended,
        }
    }

    /// Tells a run to end; false where there is none under way.
    pub(super) fn cancel(&self, request_id: &str) -> bool {
        let found = locked(&self.running).get(request_id).cloned();
        found.is_some_and(|ended| {
            ended.notify_one();
            true
        })
    }
}

/// A run that is under way.
pub(super) struct Running {
    plans: KeptPlans,
    request_id: String,
    ended: Arc<Notify>,
}

impl Running {
    /// Returns when the run was told to end.
    pub(super) async fn cancelled(&self) {
        self.ended.notified().await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        locked(&self.plans.running).remove(&self.request_id);
    }
}

/// A plan by its id, at hand or made again; an empty id means the newest.
///
/// # Errors
/// `Missing` and `Refused` as its head and input are; what the database said.
pub(super) async fn plan_of(
    production: &Production,
    call: &Call,
    plan_id: &str,
) -> Result<Arc<Told>, Error> {
    let wanted = Arc::new(plan_id.to_owned());
    let store = &production.deps.store;
    let read = store.read(call, "material_plan_head", move |tx| {
        let wanted = Arc::clone(&wanted);
        Box::pin(async move { head_fetch(tx, &wanted).await })
    });
    let head = read.await?;
    // Taken before the product is: a change that is released meanwhile makes the plan one of yesterday.
    let version = production.products.version();
    if let Some(told) = production.material_plans.held(version, head.plan_no) {
        return Ok(told);
    }
    let product = production.products.get(call).await?;
    let reading = head.clone();
    let read = store.read(call, "material_plan_input", move |tx| {
        let head = reading.clone();
        Box::pin(async move { input_fetch(tx, &head).await })
    });
    let packed = read.await?;
    let input = Input::unpacked(&packed)
        .ok_or_else(|| Error::broken("the input of a material plan cannot be read"))?;
    let unanswered = head.unanswered.clone();
    let made = compute(move || made(&product, &input, unanswered)).await??;
    let told = Arc::new(Told { head, ..made });
    production.material_plans.hold(version, Arc::clone(&told));
    Ok(told)
}

/// Makes a plan from its input, all at once.
///
/// # Errors
/// `Refused` where the figures cannot be planned.
pub(super) fn made(product: &Product, input: &Input, unanswered: String) -> Result<Told, Error> {
    let plan = planned(product, input)?;
    Ok(Told::of(plan, input, unanswered))
}

/// Translates and plans.
///
/// # Errors
/// `Refused` where the figures cannot be planned.
pub(super) fn planned(product: &Product, input: &Input) -> Result<MaterialPlan, Error> {
    let ground = Ground::of(product);
    let request = Request {
        as_of: input.as_of,
        mode: input.mode,
        position: &input.position,
        stocks: &input.stocks,
    };
    let translated = translate(&ground.basis(product), &request);
    let plan =
        translated.and_then(|problem| MaterialPlan::run(problem, &input.stocks, input.as_of));
    plan.map_err(|error| MaterialRefusal::Problem(error).into())
}

impl Head {
    /// Whether procurement had no part in it.
    pub fn is_partial(&self) -> bool {
        !self.unanswered.is_empty()
    }
}
