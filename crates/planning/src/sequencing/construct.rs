//! A first sequence, position by position: the kind of vehicle that costs least now, among equals the one
//! whose options are used most against what the line can take (dynamic utilisation, Gottlieb, Puchta, Solnon
//! 2003). It must not know the search. Invariants: the order is a permutation; the batch limit holds whenever
//! it can hold for the colours at hand.
use super::problem::{Objective, Problem};

/// Vehicles that cannot be told apart.
struct Kind {
    options: u64,
    colour: usize,
    left: Vec<u32>,
}

/// The state of the line at its growing end.
struct End<'a> {
    problem: &'a Problem,
    /// For each position so far, the options there.
    masks: Vec<u64>,
    /// For each rule, how many of the last `span - 1` vehicles have the option.
    recent: Vec<u32>,
    /// For each rule, how many vehicles left have the option.
    left: Vec<u64>,
    colour: Option<usize>,
    batch: usize,
    /// Vehicles left of each colour, and of all.
    colours: Vec<usize>,
    vehicles: usize,
}

/// Comparisons at most, a fraction of a second: a day that needs more begins with the order of the plan.
const MOST_WORK: usize = 200_000_000;

/// The greedy order of a checked problem; nothing when the day is too large for it.
pub(super) fn greedy(problem: &Problem) -> Option<Vec<u32>> {
    let mut kinds: Vec<Kind> = Vec::new();
    let mut index = std::collections::BTreeMap::new();
    for (vehicle, held) in problem.day.iter().enumerate() {
        let at = *index.entry((held.colour, held.options)).or_insert_with(|| {
            kinds.push(Kind {
                options: held.options,
                colour: usize::from(held.colour),
                left: Vec::new(),
            });
            kinds.len() - 1
        });
        kinds[at].left.push(vehicle as u32);
    }
    // They are taken from the back: the order of the plan stays among equals.
    kinds.iter_mut().for_each(|kind| kind.left.reverse());
    let mut end = End::new(problem);
    let per_kind = problem.ratios.len() + end.colours.len();
    if problem
        .day
        .len()
        .saturating_mul(kinds.len())
        .saturating_mul(per_kind)
        > MOST_WORK
    {
        return None;
    }
    let mut order = Vec::with_capacity(problem.day.len());
    for _ in 0..problem.day.len() {
        let best = (kinds.iter().enumerate())
            .filter(|(_, kind)| !kind.left.is_empty())
            .min_by_key(|(at, kind)| (end.price(kind), *at));
        let Some((at, _)) = best else { break };
        end.take(&kinds[at]);
        order.extend(kinds[at].left.pop());
    }
    Some(order)
}

impl<'a> End<'a> {
    fn new(problem: &'a Problem) -> Self {
        let most = problem.day.iter().map(|v| usize::from(v.colour)).max();
        let mut end = Self {
            problem,
            masks: Vec::new(),
            recent: vec![0; problem.ratios.len()],
            left: vec![0; problem.ratios.len()],
            colour: problem.before.last().map(|v| usize::from(v.colour)),
            batch: problem.carried_batch as usize,
            colours: vec![0; most.map_or(0, |m| m + 1)],
            vehicles: problem.day.len(),
        };
        for vehicle in &problem.day {
            end.colours[usize::from(vehicle.colour)] += 1;
            for (ratio, left) in end.left.iter_mut().enumerate() {
                *left += vehicle.options >> ratio & 1;
            }
        }
        problem.before.iter().for_each(|v| end.push(v.options));
        end
    }

    /// Hard rules, then the score now, then minus the use of the options.
    fn price(&self, kind: &Kind) -> (bool, i64, std::cmp::Reverse<u64>) {
        let stuck = self.stuck(kind.colour);
        let purge = self.colour.is_some_and(|colour| colour != kind.colour);
        let mut price = if purge {
            self.problem.weight(Objective::Paint)
        } else {
            0
        };
        let mut used = 0;
        for (ratio, rule) in self.problem.ratios.iter().enumerate() {
            if kind.options >> ratio & 1 == 1 {
                let weight = self.problem.weight(if rule.high {
                    Objective::High
                } else {
                    Objective::Low
                });
                // Every further vehicle of a window that is full already costs in the next windows too.
                price += weight * i64::from((self.recent[ratio] + 1).saturating_sub(rule.most));
                let places = self.vehicles as u64 * u64::from(rule.most) + 1;
                used += self.left[ratio] * u64::from(rule.span) * 1_000 / places;
            }
        }
        (stuck, price, std::cmp::Reverse(used))
    }

    /// Whether taking the colour now would leave too few others to part the batches of some colour.
    fn stuck(&self, colour: usize) -> bool {
        let limit = self.problem.batch_limit as usize;
        let batch = if self.colour == Some(colour) {
            self.batch + 1
        } else {
            1
        };
        if batch > limit {
            return true;
        }
        let left = self.vehicles - 1;
        (self.colours.iter().enumerate()).any(|(c, count)| {
            let count = count - usize::from(c == colour);
            let others = left - count;
            let now = if c == colour { limit - batch } else { 0 };
            // A colour other than the current one may also begin at once.
            let at_once = if c == colour { 0 } else { limit };
            count > others * limit + now + at_once
        })
    }

    fn take(&mut self, kind: &Kind) {
        self.batch = if self.colour == Some(kind.colour) {
            self.batch + 1
        } else {
            1
        };
        self.colour = Some(kind.colour);
        self.colours[kind.colour] -= 1;
        self.vehicles -= 1;
        for (ratio, left) in self.left.iter_mut().enumerate() {
            *left -= kind.options >> ratio & 1;
        }
        self.push(kind.options);
    }

    fn push(&mut self, options: u64) {
        self.masks.push(options);
        for (ratio, rule) in self.problem.ratios.iter().enumerate() {
            self.recent[ratio] += (options >> ratio & 1) as u32;
            // Of a span, the next vehicle sees one fewer behind it.
            let gone = self.masks.len().checked_sub(rule.span as usize);
            if let Some(gone) = gone {
                self.recent[ratio] -= (self.masks[gone] >> ratio & 1) as u32;
            }
        }
    }
}
