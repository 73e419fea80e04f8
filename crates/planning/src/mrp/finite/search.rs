//! Tries again where demands are late: room is held for items that cannot be made earlier, so that those that can
//! be make way. It must not know how a requirement is covered. Invariants: the plan with the least late unit-days
//! is kept, the first of equals; how often is tried depends on the problem alone.
use super::super::network::Network;
use super::super::problem::{Day, Problem};
use super::state::{Held, State};
use super::{Blocked, Delivered, Obstacle, Schedule};
use std::collections::BTreeMap;

/// A plan is tried so many times at most,
const TRIES: usize = 24;
/// and so that not more demands than this are planned over all tries.
const DEMANDS: usize = 60_000;

/// A try and what it came to.
type Try<'a> = (State<'a>, Schedule, Vec<Delivered>);

pub(super) fn best<'a>(problem: &'a Problem, network: &'a Network, end: Day) -> Try<'a> {
    let mut held: Vec<Vec<Held>> = Vec::new();
    let (mut best, mut least): (Option<Try<'a>>, Option<Vec<i128>>) = (None, None);
    let mut stride = 1;
    let tries = (DEMANDS / problem.demands.len().max(1)).clamp(4, TRIES);
    for tried in 1..=tries {
        let mut state = State::new(problem, network, end);
        if held.is_empty() {
            let empty = |room: &super::state::Room| vec![Held::NOTHING; room.left.len()];
            held = state.rooms.iter().map(empty).collect();
        }
        state.hold(&held);
        state.top_up = tried > 1;
        let (schedule, deliveries) = state.run();
        let late = lateness(problem, &schedule, &deliveries);
        let better = least.as_ref().is_none_or(|least| late < *least);
        if !better {
            stride = (stride * 2).min(64);
        }
        let more = hold_more(&state, &schedule.blocked, stride, &mut held);
        let done = late.iter().all(|late| *late == 0);
        if better {
            least = Some(late);
            best = Some((state, schedule, deliveries));
        }
        if done || !more {
            break;
        }
    }
    best.unwrap_or_else(|| {
        (
            State::new(problem, network, end),
            Schedule::default(),
            Vec::new(),
        )
    })
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

/// Holds more room for what could not be had, from the first bucket in which it can be made on, and at most `half`
/// halves of that bucket at once.
fn hold_more(state: &State<'_>, blocked: &[Blocked], half: i64, held: &mut [Vec<Held>]) -> bool {
    // By shop and first bucket: the work that was wanted, and the last bucket in which it is of use.
    let mut wanted: BTreeMap<(usize, usize), (i64, usize)> = BTreeMap::new();
    for blocked in blocked {
        if !matches!(blocked.obstacle, Obstacle::Material(_) | Obstacle::Shop(..)) {
            continue;
        }
        let mut path = blocked.path.iter().rev().map(|(item, _)| *item as usize);
        let Some(item) = path.find(|item| state.network.rules[*item].make) else {
            continue;
        };
        let place = &state.problem.items[item];
        let Some(shop) = place.shop else { continue };
        let room = &state.rooms[shop];
        let due = state.problem.demands[blocked.demand as usize].due;
        let (Some(from), Some(to)) = (room.at(state.earliest[item]), room.at(due)) else {
            continue;
        };
        let release = state.network.rules[item].release(blocked.wanted);
        let work = release.unwrap_or(0).saturating_mul(place.micro_hours);
        let sum = wanted.entry((shop, from)).or_default();
        *sum = (sum.0.saturating_add(work), sum.1.max(to));
    }
    let mut more = false;
    for ((shop, from), (work, to)) in wanted {
        let room = &state.rooms[shop];
        let mut work = work.min((room.whole[from] / 2).saturating_mul(half));
        for at in from..=to {
            let held = &mut held[shop][at];
            let part = (room.whole[at] - held.work).clamp(0, work);
            if part > 0 {
                held.work += part;
                held.since = held.since.min(room.first_day(from));
                work -= part;
                more = true;
            }
        }
    }
    more
}
