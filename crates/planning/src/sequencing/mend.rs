//! Makes a sequence paintable: where a batch is longer than the limit, another colour is put between. The
//! search keeps the limit but cannot come back to it, because parting a batch costs a purge.
//!
//! It must not know the search. Invariants: frozen vehicles and earliest positions are kept; every move
//! shortens what is too long; what cannot be mended stays and is reported as not feasible.
use super::moves::Move;
use super::track::{Heat, Track};

/// No move is too dear.
const ANY: Heat = Heat {
    unit: [0; 3],
    slack: [0; 3],
    ceiling: 0,
    drift: 0,
};

/// Moves at most: a plan that is wrong in more places is not a plan.
const MOST_ROUNDS: usize = 200;

impl Track {
    /// How many vehicles stand beyond the limit of their batch, and the first of them.
    fn beyond(&self, source: impl Fn(usize) -> usize) -> (usize, Option<usize>) {
        let (mut sum, mut first) = (0, None);
        let mut run = self.carried;
        let mut last = self.tail.checked_sub(1).map(|p| self.hue(p));
        for position in self.tail..self.len() {
            let hue = Some(self.hue(source(position)));
            run = if hue == last { run + 1 } else { 1 };
            last = hue;
            if run > self.limit {
                sum += 1;
                first = first.or(Some(position));
            }
        }
        (sum, first)
    }

    /// Parts batches that are too long, each time by the cheapest move that helps.
    pub(super) fn mend(&mut self) {
        for _ in 0..MOST_ROUNDS {
            let (beyond, Some(spot)) = self.beyond(|p| p) else {
                return;
            };
            let spot = spot.max(self.first);
            let mut tries: Vec<(i64, usize, Move)> = (self.first..self.len())
                .filter(|p| *p != spot && self.hue(*p) != self.hue(spot))
                // Taken from the left, the vehicle leaves a gap that the batch closes: one place earlier.
                .flat_map(|p| {
                    [
                        Move::Insert(p, if p < spot { spot - 1 } else { spot }),
                        Move::Swap(p, spot),
                    ]
                })
                .filter(|change| change.ends().0 < change.ends().1 && self.in_time(change))
                .enumerate()
                .filter_map(|(at, change)| Some((self.cheap(&change, &ANY)?, at, change)))
                .collect();
            tries.sort_by_key(|(price, at, _)| (*price, *at));
            let helps = |change: &Move| self.beyond(|p| change.source(p)).0 < beyond;
            let Some((price, _, change)) = tries.into_iter().find(|(_, _, change)| helps(change))
            else {
                return;
            };
            self.apply(&change, price);
        }
    }
}
