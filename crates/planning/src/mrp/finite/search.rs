//! Which way of finite planning comes out best. It must not know how a requirement is covered. Method: demand by
//! demand backwards first; where something is late, forwards along a guide, again and again, the guide made from what the best plan
//! delivers and some days less (forward-backward improvement: Li and Willis, European Journal of Operational Research
//! 56, 1992). Invariants: the plan with the least late unit-days, the first priority first, is kept, the first of
//! equals; how often is tried depends on the problem alone.
use super::super::error::MrpError;
use super::super::plan::{Delivery, Plan};
use super::super::problem::{Day, Problem};
use super::forward::Pace;
use super::state::State;
use super::{Delivered, Schedule};
use std::collections::BTreeMap;

/// A plan is tried so many times at most,
const TRIES: usize = 100;
/// and so that not more demands than this are planned over all tries.
const DEMANDS: usize = 280_000;
/// and not again where all tries together looked at more requirements than this.
const STEPS: usize = 60_000_000;
/// Made items x days above which forward planning takes too long and too much memory.
const CELLS: usize = 20_000_000;
/// How many days earlier than in the best plan late demands are asked for.
const EARLIER: [Day; 7] = [1, 0, 2, 3, 5, 7, 10];
/// Which orders are due to start.
const PACES: [Pace; 3] = [Pace::Days(0), Pace::Bucket, Pace::Days(-1)];

/// How many days before the end of its bucket an order that is built ahead should start.
const EARLY: [Day; 2] = [0, 2];

/// A way to plan forwards.
#[derive(Clone, Copy)]
struct Way {
    sooner: Day,
    pace: Pace,
    early: Day,
}

fn ways(sooner: &[Day]) -> Vec<Way> {
    let mut all = Vec::new();
    for sooner in sooner.iter().copied() {
        for pace in PACES {
            all.extend(EARLY.map(|early| Way {
                sooner,
                pace,
                early,
            }));
        }
    }
    all
}

/// A plan while it is looked for.
pub(super) struct Found<'a> {
    pub(super) state: State<'a>,
    pub(super) schedule: Schedule,
    pub(super) deliveries: Vec<Delivered>,
    late: Vec<i128>,
    /// It came about by planning forwards: orders may start earlier than they have to.
    forward: bool,
}

impl<'a> Found<'a> {
    fn new(
        state: State<'a>,
        (schedule, deliveries): (Schedule, Vec<Delivered>),
        forward: bool,
    ) -> Self {
        Self {
            late: lateness(state.problem, &schedule, &deliveries),
            state,
            schedule,
            deliveries,
            forward,
        }
    }

    fn is_in_time(&self) -> bool {
        self.late.iter().all(|late| *late == 0)
    }
}

/// What may still be tried.
struct Budget {
    tries: usize,
    steps: usize,
}

impl Budget {
    fn is_left(&self) -> bool {
        self.tries > 0 && self.steps > 0
    }

    fn spend(&mut self, tried: &Found<'_>) {
        self.tries -= 1;
        self.steps = self.steps.saturating_sub(tried.state.steps.1);
    }
}

/// The best plan of a problem through `end`.
pub(super) fn best(plan: &Plan, end: Day) -> Result<Found<'_>, MrpError> {
    let (problem, network) = (&plan.problem, &plan.network);
    let mut state = State::new(problem, network, end);
    let days = (i64::from(end) - i64::from(problem.today)).max(1) as usize;
    let small = state.makes.len().saturating_mul(days) <= CELLS;
    let tried = state.run();
    let mut best = Found::new(state, tried, false);
    let mut scratch: Option<Plan> = None;
    let tries = (DEMANDS / problem.demands.len().max(1)).clamp(4, TRIES);
    let mut budget = Budget {
        tries: if small { tries } else { 0 },
        steps: STEPS.saturating_sub(best.state.steps.1),
    };
    // Every way goes down from the due dates as far as it gets,
    for way in ways(&EARLIER[..1]) {
        let (mut given, mut reached) = (wanted(problem), None);
        while !best.is_in_time() && budget.is_left() {
            let scratch = scratch.get_or_insert_with(|| plan.clone());
            let next = forward(plan, scratch, &given, way, end)?;
            budget.spend(&next);
            if reached
                .as_ref()
                .is_some_and(|reached| next.late >= *reached)
            {
                break;
            }
            given = asked(&next, way.sooner);
            reached = Some(next.late.clone());
            if next.late < best.late {
                best = next;
            }
        }
    }
    // and then the best goes on in all ways in turn.
    let (all, mut failed) = (ways(&EARLIER), 0);
    for way in all.iter().cycle() {
        while failed < all.len() && !best.is_in_time() && budget.is_left() {
            failed += 1;
            let given = asked(&best, way.sooner);
            let scratch = scratch.get_or_insert_with(|| plan.clone());
            let next = forward(plan, scratch, &given, *way, end)?;
            budget.spend(&next);
            if next.late >= best.late {
                break;
            }
            (best, failed) = (next, 0);
        }
        if failed >= all.len() || best.is_in_time() || !budget.is_left() {
            break;
        }
    }
    if best.forward {
        best.state.justify(&best.deliveries);
    }
    best.state.explain(&mut best.schedule, &best.deliveries);
    Ok(best)
}

/// Plans forwards once.
fn forward<'a>(
    plan: &'a Plan,
    scratch: &mut Plan,
    given: &[Delivered],
    way: Way,
    end: Day,
) -> Result<Found<'a>, MrpError> {
    let mut state = State::new(&plan.problem, &plan.network, end);
    let needs = scratch.needs(&state, given, way.early)?;
    let tried = state.run_forward(needs, way.pace);
    Ok(Found::new(state, tried, true))
}

/// Every demand on its due date.
fn wanted(problem: &Problem) -> Vec<Delivered> {
    let demands = problem.demands.iter().enumerate();
    let given = demands.map(|(at, demand)| {
        let delivery = Delivery {
            day: demand.due,
            quantity: demand.quantity.milli(),
            demand: at as u32,
        };
        (demand.item, delivery)
    });
    given.filter(|(_, given)| given.quantity > 0).collect()
}

/// What a plan delivers, `days` earlier where it is late; what it does not plan as if it came at the end.
fn asked(best: &Found<'_>, days: Day) -> Vec<Delivered> {
    let demands = &best.state.problem.demands;
    let unplanned = best.schedule.unplanned.iter().map(|(demand, quantity)| {
        let delivery = Delivery {
            day: best.state.end,
            quantity: *quantity,
            demand: *demand,
        };
        (demands[*demand as usize].item, delivery)
    });
    let given = best.deliveries.iter().copied().chain(unplanned);
    let earlier = given.map(|(item, delivery)| {
        let due = demands[delivery.demand as usize].due;
        let day = due.max(delivery.day - days);
        (item, Delivery { day, ..delivery })
    });
    earlier.collect()
}

/// Late quantity x days by priority, the first priority first; what is not planned counts as if it came at the end
/// of patience.
fn lateness(problem: &Problem, schedule: &Schedule, deliveries: &[Delivered]) -> Vec<i128> {
    let mut sums: BTreeMap<i32, i128> = BTreeMap::new();
    let mut add = |demand: u32, quantity: i64, days: Day| {
        let sum = sums.entry(problem.demands[demand as usize].priority);
        *sum.or_default() += i128::from(quantity) * i128::from(days.max(0));
    };
    for (_, delivery) in deliveries {
        let days = delivery.day - problem.demands[delivery.demand as usize].due;
        add(delivery.demand, delivery.quantity, days);
    }
    for (demand, quantity) in &schedule.unplanned {
        add(*demand, *quantity, super::PATIENCE);
    }
    sums.into_values().collect()
}
