//! Tries again where demands are late: room is held for items that cannot be made earlier, so that those that can
//! be make way. It must not know how a requirement is covered. Invariants: the plan with the least late unit-days
//! is kept, the first of equals; how often is tried depends on the problem alone.
use super::super::network::Network;
use super::super::problem::{Day, Problem};
use super::state::{Held, Room, State};
use super::{Blocked, Delivered, Obstacle, Schedule};
use std::collections::BTreeMap;

/// A plan is tried so many times at most,
const TRIES: usize = 60;
/// and so that not more demands than this are planned over all tries.
const DEMANDS: usize = 240_000;
/// and not again where all tries together looked at more requirements than this.
const STEPS: usize = 20_000_000;
/// How many halves of a bucket are held at once, the next where the one before made nothing better.
const STRIDES: [i64; 6] = [1, 2, 4, 8, 16, 32];

/// A try and what it came to.
type Try<'a> = (State<'a>, Schedule, Vec<Delivered>);

/// The best try so far.
struct Best<'a> {
    tried: Try<'a>,
    late: Vec<i128>,
    held: Vec<Vec<Held>>,
    /// Requirements looked at by this try and all before it.
    steps: usize,
}

impl Best<'_> {
    /// Nothing is late, or a try costs too much for another.
    fn is_enough(&self) -> bool {
        self.late.iter().all(|late| *late == 0) || self.steps > STEPS
    }
}

pub(super) fn best<'a>(problem: &'a Problem, network: &'a Network, end: Day) -> Try<'a> {
    let nothing = |room: &Room| vec![Held::NOTHING; room.left.len()];
    let state = State::new(problem, network, end);
    let held: Vec<_> = state.rooms.iter().map(nothing).collect();
    let tries = (DEMANDS / problem.demands.len().max(1)).clamp(4, TRIES);
    let best = attempt(problem, network, end, held, false);
    let (best, left) = walk(problem, network, end, best, tries);
    climb(problem, network, end, best, left).tried
}

/// Holds more and more, whether it helps at once or not: what holds little back may need much.
fn walk<'a>(
    problem: &'a Problem,
    network: &'a Network,
    end: Day,
    first: Best<'a>,
    tries: usize,
) -> (Best<'a>, usize) {
    let (mut best, mut last, mut stride) = (first, None, 1);
    for tried in 1..tries / 2 {
        let from = last.as_ref().unwrap_or(&best);
        if best.is_enough() {
            return (best, 0);
        }
        let mut held = from.held.clone();
        if !hold_more(&from.tried.0, &from.tried.1.blocked, stride, &mut held) {
            return (best, tries - tried);
        }
        let mut next = attempt(problem, network, end, held, true);
        next.steps += best.steps;
        best.steps = next.steps;
        if next.late < best.late {
            best = next;
            last = None;
        } else {
            last = Some(next);
            stride = (stride * 2).min(64);
        }
    }
    (best, tries - tries / 2)
}

/// Goes on from the best try with every stride in turn, as long as something gets better.
fn climb<'a>(
    problem: &'a Problem,
    network: &'a Network,
    end: Day,
    mut best: Best<'a>,
    tries: usize,
) -> Best<'a> {
    let (mut step, mut top_up) = (0, true);
    for _ in 0..tries {
        if best.is_enough() || step == 2 * STRIDES.len() {
            break;
        }
        let mut held = best.held.clone();
        let stride = STRIDES[step % STRIDES.len()];
        top_up ^= step == STRIDES.len();
        hold_more(&best.tried.0, &best.tried.1.blocked, stride, &mut held);
        let mut next = attempt(problem, network, end, held, top_up);
        next.steps += best.steps;
        best.steps = next.steps;
        step += 1;
        if next.late < best.late {
            best = next;
            step = 0;
        }
    }
    best
}

fn attempt<'a>(
    problem: &'a Problem,
    network: &'a Network,
    end: Day,
    held: Vec<Vec<Held>>,
    top_up: bool,
) -> Best<'a> {
    let mut state = State::new(problem, network, end);
    state.hold(&held);
    state.top_up = top_up;
    let (schedule, deliveries) = state.run();
    let steps = state.steps.1;
    Best {
        late: lateness(problem, &schedule, &deliveries),
        tried: (state, schedule, deliveries),
        held,
        steps,
    }
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
