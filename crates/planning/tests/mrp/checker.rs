//! Checks a plan from its outside, by day and by hand: balances, room, lots, dates. It must not share code with the
//! planner; it reads the problem and the plan's rows alone, adds up maps by day, and rounds for itself.
use std::collections::{BTreeMap, BTreeSet};
use takt_planning::mrp::{Capacity, Day, Line, Plan, Problem, Source, Supplier};

/// What a release of an item needs of a line, rounded up to thousandths.
pub fn need(line: &Line, release: i64, start: Day) -> i64 {
    if start < line.from || start >= line.until {
        return 0;
    }
    let up = i128::from(release) * i128::from(line.quantity.milli()) * 1_000_000;
    let down = 1000 * i128::from(1_000_000 - line.scrap.0);
    ((up + down - 1).div_euclid(down)) as i64
}

/// What is released so that `good` arrive: whole units where there is a loss.
pub fn release(problem: &Problem, item: usize, good: i64) -> i64 {
    let share = problem.items[item].order_yield.0;
    if share == 1_000_000 {
        return good;
    }
    let units = (i128::from(good) * 1000 + i128::from(share) - 1).div_euclid(i128::from(share));
    units as i64 * 1000
}

/// What comes and goes of each item by day.
pub struct Flows {
    pub comes: Vec<BTreeMap<Day, i64>>,
    pub goes: Vec<BTreeMap<Day, i64>>,
}

pub fn flows(plan: &Plan) -> Flows {
    let problem = plan.problem();
    let empty = vec![BTreeMap::new(); problem.items.len()];
    let mut flows = Flows {
        comes: empty.clone(),
        goes: empty,
    };
    for demand in 0..problem.demands.len() {
        for (day, quantity) in plan.deliveries(demand) {
            let item = problem.demands[demand].item;
            *flows.goes[item].entry(day).or_default() += quantity.milli();
        }
    }
    for item in 0..problem.items.len() {
        for supply in plan.supplies(item) {
            *flows.comes[item].entry(supply.due).or_default() += supply.quantity.milli();
            if supply.explodes {
                let release = release(problem, item, supply.quantity.milli());
                for line in problem.lines.iter().filter(|line| line.parent == item) {
                    let need = need(line, release, supply.start);
                    *flows.goes[line.child].entry(supply.start).or_default() += need;
                }
            }
        }
    }
    flows
}

/// Everything that is wrong with a finite plan.
pub fn wrong(plan: &Plan) -> Vec<String> {
    let mut wrong = material(plan);
    wrong.extend(room(plan));
    wrong.extend(orders(plan));
    wrong
}

/// No child is consumed before it is there, and the safety stock that was there is kept.
fn material(plan: &Plan) -> Vec<String> {
    let (problem, flows, mut wrong) = (plan.problem(), flows(plan), Vec::new());
    for (at, item) in problem.items.iter().enumerate() {
        let floor = item.safety_stock.milli().min(item.on_hand.milli());
        let days = flows.comes[at].keys().chain(flows.goes[at].keys());
        let mut days: Vec<Day> = days.copied().collect();
        days.sort_unstable();
        days.dedup();
        let mut balance = item.on_hand.milli();
        for day in days {
            balance += flows.comes[at].get(&day).unwrap_or(&0);
            balance -= flows.goes[at].get(&day).unwrap_or(&0);
            if balance < floor {
                wrong.push(format!(
                    "{} has {balance} on day {day}, at least {floor} is kept",
                    item.id
                ));
            }
        }
    }
    wrong
}

/// No shop does more than it can.
fn room(plan: &Plan) -> Vec<String> {
    let (problem, mut wrong) = (plan.problem(), Vec::new());
    let mut load: BTreeMap<(usize, i32), i128> = BTreeMap::new();
    let mut set_up = BTreeSet::new();
    for (at, item) in problem.items.iter().enumerate() {
        for supply in plan.supplies(at) {
            let released = matches!(supply.supplier, Supplier::Receipt(_)) && !supply.explodes;
            let Some(shop) = supply.shop.filter(|_| !supply.passes_through && !released) else {
                continue;
            };
            let second = item.alternates.iter().find(|a| a.shop == shop);
            let micro = match item.shop == Some(shop) {
                true => item.micro_hours,
                false => second.map_or(0, |a| a.micro_hours),
            };
            let bucket = match problem.shops[shop].capacity {
                Capacity::Week(_) => supply.start.div_euclid(7),
                Capacity::Day(_) => supply.start,
            };
            let work = release(problem, at, supply.quantity.milli());
            let load = load.entry((shop, bucket)).or_default();
            *load += i128::from(work) * i128::from(micro);
            // Whatever is made of an item in a bucket is made after one changeover.
            if set_up.insert((at, shop, bucket)) {
                *load += i128::from(item.changeover_micro_hours) * 1000;
            }
        }
    }
    for ((shop, bucket), work) in load {
        let shop = &problem.shops[shop];
        let (Capacity::Week(usual) | Capacity::Day(usual)) = shop.capacity;
        let special = shop.exceptions.iter().rev().find(|(at, _)| *at == bucket);
        let hours = special.map_or(usual, |(_, hours)| *hours);
        let daily = matches!(shop.capacity, Capacity::Day(_));
        let works = shop
            .calendar
            .is_none_or(|at| problem.calendars[at].works(bucket));
        let hours = if daily && !works && special.is_none() {
            0
        } else {
            hours
        };
        if work > i128::from(hours) * 1_000_000 {
            wrong.push(format!(
                "{} does {work} in bucket {bucket} and can do {hours}",
                shop.id
            ));
        }
    }
    wrong
}

/// Orders have permitted lots and start in time; demands are delivered once and never early.
fn orders(plan: &Plan) -> Vec<String> {
    let (problem, mut wrong) = (plan.problem(), Vec::new());
    for (at, item) in problem.items.iter().enumerate() {
        for supply in plan.supplies(at) {
            let planned = matches!(supply.supplier, Supplier::Order(_));
            if !planned || supply.passes_through {
                continue;
            }
            if supply.start < problem.today {
                wrong.push(format!("{} starts on day {}", item.id, supply.start));
            }
            if supply.due < supply.start + item.lead_days {
                wrong.push(format!("{} takes less than its lead time", item.id));
            }
            if supply.quantity < item.lot.minimum {
                wrong.push(format!("{} orders {}", item.id, supply.quantity));
            }
            if item.fence_days > 0 && supply.due < problem.today + item.fence_days {
                wrong.push(format!("{} comes within the fence", item.id));
            }
        }
        let calendar = item.calendar.or_else(|| problem.shops[item.shop?].calendar);
        let calendar = calendar.map(|at| &problem.calendars[at]);
        for supply in plan.supplies(at).iter().filter(|s| !s.passes_through) {
            let works = calendar.is_none_or(|c| c.works(supply.start));
            let planned = matches!(supply.supplier, Supplier::Order(_));
            if planned && item.source == Source::Make && item.lead_days > 0 && !works {
                wrong.push(format!("{} starts on a free day", item.id));
            }
        }
    }
    for (at, demand) in problem.demands.iter().enumerate() {
        let given = plan.deliveries(at);
        let sum: i64 = given.iter().map(|(_, quantity)| quantity.milli()).sum();
        let late = plan.explain_late(at);
        if sum > demand.quantity.milli() || sum < demand.quantity.milli() && late.is_none() {
            wrong.push(format!("{} is given {sum}", demand.id));
        }
        if given
            .iter()
            .any(|(day, _)| *day < demand.due.min(problem.today))
        {
            wrong.push(format!("{} is given early", demand.id));
        }
    }
    wrong
}
