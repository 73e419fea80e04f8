//! A lower bound for late quantity x days, from some items of one shop at a time. It must not know a plan's orders. Method: by
//! each day a shop must have done all work on these items for the demands due by then, less what stock and receipts
//! hold of it; it can have done at most the room of the buckets from the first in which any of them can start to the
//! last from which a delivery can still come. What is missing is late on that day, and the worst shop and set of items
//! counts (the relaxation to one machine of Carlier, European Journal of Operational Research 11, 1982, summed up by
//! day). Lots, other shops and material in between are left out, so that no plan that keeps its safety stock does better. Units: work in 10^-9 hours, as rooms count.
use super::super::plan::Plan;
use super::super::problem::Day;
use super::state::State;
use std::collections::BTreeMap;
use takt_kernel::Quantity;

/// How many release days and distances are told apart in a shop.
const VALUES: usize = 12;

impl Plan {
    /// No plan of this problem has fewer late units x days than this.
    pub fn late_unit_days_at_least(&self) -> Quantity {
        let problem = &self.problem;
        let last = problem.demands.iter().map(|d| d.due).max();
        let end = last.unwrap_or(problem.today).max(problem.today) + super::PATIENCE;
        let state = State::new(problem, &self.network, end);
        let (tails, starts) = (self.tails(), self.starts(&state));
        // What is late on a day is at least what the worst set of items says of that day.
        let mut worst: Vec<i128> = Vec::new();
        for shop in 0..problem.shops.len() {
            for items in self.sets(shop, &tails, &starts) {
                let late = self.late_by_day(shop, &items, &state, &tails, &starts);
                worst.resize(worst.len().max(late.len()), 0);
                for (worst, late) in worst.iter_mut().zip(late) {
                    *worst = late.max(*worst);
                }
            }
        }
        Quantity(i64::try_from(worst.iter().sum::<i128>()).unwrap_or(i64::MAX))
    }

    /// Sets of items of a shop that cannot start before a day and are at least so many days from a delivery.
    fn sets(&self, shop: usize, tails: &[i32], starts: &[(Day, i128)]) -> Vec<Vec<usize>> {
        let mine = |item: &usize| {
            let (named, rules) = (&self.problem.items[*item], &self.network.rules[*item]);
            let alone = named.shop == Some(shop) && named.alternates.is_empty();
            alone && named.micro_hours > 0 && rules.blow_from == Day::MAX
        };
        let items: Vec<usize> = (0..self.items.len()).filter(mine).collect();
        let tail = |item: usize| tails[item].saturating_add(self.network.rules[item].lead);
        let days = some_of(items.iter().map(|item| starts[*item].0).collect());
        let ways = some_of(items.iter().map(|item| tail(*item)).collect());
        let mut sets: Vec<Vec<usize>> = Vec::new();
        for (day, way) in days.iter().flat_map(|d| ways.iter().map(move |w| (*d, *w))) {
            let inside = |item: &usize| starts[*item].0 >= day && tail(*item) >= way;
            let set: Vec<usize> = items.iter().copied().filter(inside).collect();
            if !set.is_empty() && !sets.contains(&set) {
                sets.push(set);
            }
        }
        sets
    }

    /// The least number of days from the receipt of each item to a delivery that it goes into.
    fn tails(&self) -> Vec<i32> {
        let mut tails = vec![i32::MAX / 2; self.items.len()];
        for demand in &self.problem.demands {
            tails[demand.item] = 0;
        }
        for item in self.network.order.iter().map(|at| *at as usize) {
            // A phantom takes no time.
            let rules = &self.network.rules[item];
            let lead = match rules.blow_from == Day::MAX {
                true => rules.lead,
                false => 0,
            };
            let above = tails[item].saturating_add(lead);
            for edge in self.network.below(item) {
                let tail = &mut tails[edge.child as usize];
                *tail = (*tail).min(above);
            }
        }
        tails
    }

    /// The day from which an order of each item can start without limit, and how much of it can start before, from
    /// what lies there and comes, in thousandths.
    fn starts(&self, state: &State<'_>) -> Vec<(Day, i128)> {
        let mut starts = vec![(self.problem.today, 0i128); self.items.len()];
        for item in self.network.order.iter().rev().map(|at| *at as usize) {
            for edge in self.network.below(item) {
                let child = edge.child as usize;
                let line = &self.problem.lines[edge.line as usize];
                let sometimes = line.from != Day::MIN || line.until != Day::MAX;
                if sometimes || line.quantity.milli() <= 0 {
                    continue;
                }
                let rules = &self.network.rules[child];
                let (start, early) = starts[child];
                let (day, more) = match rules.make {
                    true if rules.blow_from == Day::MAX => {
                        (self.network.finish(child, start), early)
                    }
                    true => (start, early),
                    false => (state.soonest[child], 0),
                };
                let there: i64 = state.lots[child].iter().map(|lot| lot.left).sum();
                let units = (i128::from(there) + more) * 1000 / i128::from(line.quantity.milli());
                let mine = &mut starts[item];
                *mine = match day.cmp(&mine.0) {
                    std::cmp::Ordering::Greater => (day, units),
                    std::cmp::Ordering::Equal => (day, units.min(mine.1)),
                    std::cmp::Ordering::Less => *mine,
                };
            }
        }
        starts
    }

    /// Millionths of an hour that a unit of each item certainly holds of the work on `items`, all levels.
    fn content(&self, items: &[usize], state: &State<'_>) -> Vec<i128> {
        let mut content = vec![0i128; self.items.len()];
        for item in items {
            content[*item] = i128::from(self.problem.items[*item].micro_hours);
        }
        for item in state.makes.iter().rev().map(|at| *at as usize) {
            for edge in &state.made[item] {
                let line = &self.problem.lines[edge.line as usize];
                let always = line.from == Day::MIN && line.until == Day::MAX;
                if always && self.network.rules[item].blow_from == Day::MAX {
                    let part = content[edge.child as usize] * i128::from(line.quantity.milli());
                    content[item] += part / 1000;
                }
            }
        }
        content
    }

    /// What is late at least at the end of each day because of some items of a shop, from today on, in thousandths.
    fn late_by_day(
        &self,
        shop: usize,
        items: &[usize],
        state: &State<'_>,
        tails: &[i32],
        starts: &[(Day, i128)],
    ) -> Vec<i128> {
        let (problem, content, end) = (&self.problem, self.content(items, state), state.end);
        let from = items.iter().map(|item| starts[*item].0).min();
        let lead = |item: usize| tails[item].saturating_add(self.network.rules[item].lead);
        let tail = items.iter().map(|item| lead(*item)).min();
        let most = (problem.demands.iter()).map(|d| content[d.item]).max();
        let most = most.filter(|most| *most > 0);
        let (Some(from), Some(tail), Some(most)) = (from, tail, most) else {
            return Vec::new();
        };
        let mut done: i128 = (0..self.items.len())
            .map(|item| {
                content[item] * i128::from(state.lots[item].iter().map(|l| l.left).sum::<i64>())
            })
            .sum();
        let mut wanted: BTreeMap<Day, i128> = BTreeMap::new();
        for demand in &problem.demands {
            let work = content[demand.item] * i128::from(demand.quantity.milli());
            *wanted.entry(demand.due).or_default() += work;
        }
        let room = &state.rooms[shop];
        let first = wanted
            .keys()
            .next()
            .copied()
            .unwrap_or(end)
            .max(problem.today);
        let mut bucket = room.at(from.max(problem.today)).unwrap_or(0);
        // Before that, what stock permits and what there is room for.
        let early = (items.iter())
            .map(|item| starts[*item].1 * i128::from(problem.items[*item].micro_hours));
        let before: i128 = room.whole[..bucket]
            .iter()
            .map(|room| i128::from(*room))
            .sum();
        done += before.min(early.sum());
        let mut needed: i128 = wanted.range(..first).map(|(_, work)| work).sum();
        let mut late = vec![0; (first - problem.today).max(0) as usize];
        for day in first..=end {
            needed += wanted.get(&day).copied().unwrap_or(0);
            while bucket < room.whole.len() && room.first_day(bucket) <= day - tail {
                done += i128::from(room.whole[bucket]);
                bucket += 1;
            }
            late.push((needed - done).max(0) / most);
        }
        late
    }
}

/// The distinct values, or some of them where there are many.
fn some_of(mut values: Vec<i32>) -> Vec<i32> {
    values.sort_unstable();
    values.dedup();
    let step = values.len().div_ceil(VALUES).max(1);
    values.into_iter().step_by(step).collect()
}
