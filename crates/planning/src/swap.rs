//! Which orders of one configuration should exchange their vehicles. It must not know orders, vehicles or lanes beyond two days of each
//! order. Units: days as whole numbers. Invariants: after every single swap of the list no order is late that was on time, and none that
//! was late is later; as many late orders as possible are on time after the last one.
//!
//! Method: an order can take what is ready by its limit, so an exchange is possible when for every day no more orders are limited to
//! what is ready before it than there is (Hall's condition for nested neighbourhoods). A late order that is to be on time takes room on
//! the days between its limit and its own vehicle's: the most that fit are found as intervals under capacities, dropping whichever ends
//! last where too many meet (Carlisle and Lloyd, Discrete Applied Mathematics 59, 1995). A shortest chain of exchanges then serves each.

use std::collections::BTreeSet;

/// An order with the vehicle it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holding {
    /// The day on which its vehicle can leave.
    pub ready: i64,
    /// The last day on which a vehicle must leave to keep the promise.
    pub limit: i64,
}

impl Holding {
    /// Whether it comes too late.
    pub fn is_late(self) -> bool {
        self.ready > self.limit
    }

    /// The latest day that leaves it no worse: on time stays on time, late comes no later.
    fn bearable(self) -> i64 {
        self.limit.max(self.ready)
    }
}

/// The swaps in the order in which they are to be done: the first order takes the vehicle of the second.
pub fn propose(holdings: &[Holding]) -> Vec<(usize, usize)> {
    let mut limits: Vec<i64> = holdings.iter().map(|one| one.bearable()).collect();
    let mut ready: Vec<i64> = holdings.iter().map(|one| one.ready).collect();
    let mut swaps = Vec::new();
    for late in savable(holdings) {
        limits[late] = holdings[late].limit;
        let Some(chain) = chain(late, &limits, &ready) else {
            continue;
        };
        let Some((last, before)) = chain.split_last() else {
            continue;
        };
        for one in before.iter().rev() {
            ready.swap(*one, *last);
            swaps.push((*one, *last));
        }
    }
    swaps
}

/// The late orders that can be on time together, as many as possible, by their places.
fn savable(holdings: &[Holding]) -> BTreeSet<usize> {
    let mut ready: Vec<i64> = holdings.iter().map(|one| one.ready).collect();
    let mut bearable: Vec<i64> = holdings.iter().map(|one| one.bearable()).collect();
    ready.sort_unstable();
    bearable.sort_unstable();
    let mut late: Vec<usize> = (0..holdings.len())
        .filter(|at| holdings[*at].is_late())
        .collect();
    late.sort_by_key(|at| (holdings[*at].limit, *at));
    let starts = late.iter().map(|at| holdings[*at].limit + 1);
    let days: BTreeSet<i64> = starts.chain(bearable.iter().map(|day| day + 1)).collect();
    let mut coming = late.into_iter().peekable();
    // Those that take room on the day at hand, by the day on which they give it back.
    let mut active: BTreeSet<(i64, usize)> = BTreeSet::new();
    let mut saved = BTreeSet::new();
    for day in days {
        while let Some(at) = coming.next_if(|at| holdings[*at].limit < day) {
            active.insert((holdings[at].ready, at));
            saved.insert(at);
        }
        active.retain(|(until, _)| *until >= day);
        let room =
            ready.partition_point(|one| *one < day) - bearable.partition_point(|one| *one < day);
        while active.len() > room {
            if let Some((_, at)) = active.pop_last() {
                saved.remove(&at);
            }
        }
    }
    saved
}

/// The shortest chain of orders, each taking the vehicle of the next one and the last one that of the first; None where the first one
/// is on time already.
fn chain(late: usize, limits: &[i64], ready: &[i64]) -> Option<Vec<usize>> {
    if ready[late] <= limits[late] {
        return None;
    }
    let mut chain = vec![late];
    let mut reach = limits[late];
    loop {
        let near = || (0..ready.len()).filter(|at| *at != late && ready[*at] <= reach);
        let closing = near()
            .filter(|at| limits[*at] >= ready[late])
            .max_by_key(|at| (ready[*at], usize::MAX - *at));
        if let Some(last) = closing {
            chain.push(last);
            return Some(chain);
        }
        let further = near().max_by_key(|at| (limits[*at], usize::MAX - *at))?;
        if limits[further] <= reach {
            return None;
        }
        reach = limits[further];
        chain.push(further);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn holding(ready: i64, limit: i64) -> Holding {
        Holding { ready, limit }
    }

    #[test]
    fn a_late_order_takes_the_vehicle_of_one_that_can_wait() {
        // The first is late; of the two that could give, the one whose vehicle is ready later gives.
        let three = [holding(9, 5), holding(2, 9), holding(4, 12)];
        assert_eq!(propose(&three), [(0, 2)]);
        // Nobody can take what is ready on day 9.
        assert_eq!(propose(&[holding(9, 5), holding(2, 8)]), []);
        // A chain: the second gives to the first, but cannot take its vehicle; the third can, and gives to the second.
        let chain = [holding(9, 3), holding(3, 7), holding(6, 9)];
        assert_eq!(propose(&chain), [(1, 2), (0, 2)]);
    }

    fn most(holdings: &[Holding], at: usize, taken: &mut Vec<usize>) -> usize {
        if at == holdings.len() {
            let on_time = taken.iter().enumerate();
            return on_time
                .filter(|(order, vehicle)| holdings[**vehicle].ready <= holdings[*order].limit)
                .count();
        }
        let mut best = 0;
        for vehicle in 0..holdings.len() {
            let bearable = holdings[vehicle].ready <= holdings[at].bearable();
            if bearable && !taken.contains(&vehicle) {
                taken.push(vehicle);
                best = best.max(most(holdings, at + 1, taken));
                taken.pop();
            }
        }
        best
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn as_many_are_on_time_as_any_exchange_allows_and_nobody_suffers_on_the_way(
            days in proptest::collection::vec((0i64..9, 0i64..9), 0..7),
        ) {
            let before: Vec<Holding> = days.iter().map(|(ready, limit)| holding(*ready, *limit)).collect();
            let mut now = before.clone();
            for (one, other) in propose(&before) {
                let (a, b) = (now[one].ready, now[other].ready);
                (now[one].ready, now[other].ready) = (b, a);
                for (was, is) in before.iter().zip(&now) {
                    prop_assert!(is.ready <= was.bearable(), "{before:?} {now:?}");
                }
            }
            let on_time = now.iter().filter(|one| !one.is_late()).count();
            prop_assert_eq!(on_time, most(&before, 0, &mut Vec::new()));
        }
    }
}
