//! How the vehicles of a lane fill carriers. It must not know vehicles, lanes or promises beyond two days of each vehicle. Units: days as
//! whole numbers, money in minor units, emissions in grams. Invariants: every vehicle is on one carrier; no carrier has more than it
//! takes; every vehicle leaves between the day on which it can and the last one that keeps its promise, so what is late already does not wait.
//!
//! Source: batches of bounded size with interval compatibility (Finke, Jost, Queyranne, Sebő, Discrete Applied Mathematics 156, 2008): the
//! vehicle that must leave first takes along those that are there by then, the most urgent first, and no plan needs fewer carriers.

/// When a vehicle can leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first day.
    pub ready: i64,
    /// The last day that keeps its promise; before `ready` where the promise is lost already.
    pub due: i64,
}

impl Window {
    fn last(self) -> i64 {
        self.due.max(self.ready)
    }
}

/// A carrier with its vehicles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Load {
    /// The day on which it leaves: when the last of its vehicles is there.
    pub departs: i64,
    /// The vehicles by their places.
    pub members: Vec<usize>,
}

/// Fills as few carriers as keep every promise that can be kept, by their days.
pub fn pack(windows: &[Window], capacity: usize) -> Vec<Load> {
    let mut left: Vec<usize> = (0..windows.len()).collect();
    left.sort_by_key(|at| (windows[*at].last(), windows[*at].ready, *at));
    let mut loads = Vec::new();
    while let Some(first) = left.first() {
        let day = windows[*first].last();
        let mut members = Vec::new();
        left.retain(|at| {
            let goes = members.len() < capacity.max(1) && windows[*at].ready <= day;
            if goes {
                members.push(*at);
            }
            !goes
        });
        let departs = members.iter().map(|at| windows[*at].ready).max();
        members.sort_unstable();
        loads.push(Load {
            departs: departs.unwrap_or(day),
            members,
        });
    }
    loads.sort_by(|a, b| (a.departs, &a.members).cmp(&(b.departs, &b.members)));
    loads
}

/// The carriers when every vehicle leaves on the first day on which it can.
pub fn without_waiting(windows: &[Window], capacity: usize) -> usize {
    let mut days: Vec<i64> = windows.iter().map(|window| window.ready).collect();
    days.sort_unstable();
    let same = days.chunk_by(|a, b| a == b);
    same.map(|day| day.len().div_ceil(capacity.max(1))).sum()
}

/// A figure for one vehicle, of what one place of a carrier costs or emits. Where empty places count, all places of all carriers are
/// shared by the vehicles; half a unit rounds up.
pub fn for_one(place: i64, loads: usize, capacity: usize, vehicles: usize, empty: bool) -> i64 {
    if vehicles == 0 || !empty {
        return place;
    }
    let wide = |count: usize| i128::try_from(count).unwrap_or(i128::MAX);
    let all = i128::from(place)
        .saturating_mul(wide(loads))
        .saturating_mul(wide(capacity));
    let vehicles = wide(vehicles);
    i64::try_from((all * 2 + vehicles).div_euclid(vehicles * 2)).unwrap_or(i64::MAX)
}

/// What one vehicle emits over a distance, in grams of CO2 equivalent; half a gram rounds up.
pub fn emitted(distance_km: i64, mass_kg: i64, grams_per_tonne_km: i64) -> i64 {
    let grams =
        i128::from(distance_km) * i128::from(mass_kg) * i128::from(grams_per_tonne_km) + 500;
    i64::try_from(grams / 1_000).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn window(ready: i64, due: i64) -> Window {
        Window { ready, due }
    }

    /// Five vehicles, carriers of three. Without waiting days 1, 2 and 3 need one each; the two of day 1 can wait for one of day 2.
    #[test]
    fn those_that_can_wait_fill_the_carrier() {
        let five = [
            window(1, 2),
            window(1, 4),
            window(2, 9),
            window(2, 9),
            window(3, 9),
        ];
        assert_eq!(without_waiting(&five, 3), 3);
        let loads = pack(&five, 3);
        let told: Vec<_> = loads
            .iter()
            .map(|load| (load.departs, load.members.clone()))
            .collect();
        assert_eq!(told, [(2, vec![0, 1, 2]), (3, vec![3, 4])]);
        // Who is late already waits for nobody.
        assert_eq!(pack(&[window(5, 1), window(6, 9)], 8).len(), 2);
        // 3 carriers of 3 places for 5 vehicles at 100 a place, and 2.
        assert_eq!(for_one(100, 3, 3, 5, true), 180);
        assert_eq!(for_one(100, 2, 3, 5, true), 120);
        assert_eq!(for_one(100, 2, 3, 5, false), 100);
        // 1,200 km with 2.2 t at 90 g/tkm.
        assert_eq!(emitted(1_200, 2_200, 90), 237_600);
    }

    /// The fewest carriers, by trying every way of sharing vehicles out.
    fn fewest(
        windows: &[Window],
        capacity: usize,
        at: usize,
        loads: &mut Vec<Vec<usize>>,
    ) -> usize {
        let fits = |load: &[usize]| {
            let ready = load.iter().map(|at| windows[*at].ready).max();
            load.len() <= capacity && load.iter().all(|at| ready <= Some(windows[*at].last()))
        };
        if at == windows.len() {
            return loads.len();
        }
        let mut best = usize::MAX;
        for to in 0..=loads.len() {
            if to == loads.len() {
                loads.push(Vec::new());
            }
            loads[to].push(at);
            if fits(&loads[to]) {
                best = best.min(fewest(windows, capacity, at + 1, loads));
            }
            loads[to].pop();
            if loads[to].is_empty() {
                loads.pop();
            }
        }
        best
    }

    proptest! {
        #[test]
        fn no_plan_needs_fewer_carriers(
            windows in proptest::collection::vec((0i64..7, -1i64..5), 0..8),
            capacity in 1usize..4,
        ) {
            let windows: Vec<Window> = windows.iter().map(|(ready, wait)| window(*ready, ready + wait)).collect();
            let loads = pack(&windows, capacity);
            prop_assert_eq!(loads.len(), fewest(&windows, capacity, 0, &mut Vec::new()));
            prop_assert!(loads.len() <= without_waiting(&windows, capacity));
            let mut seen: Vec<usize> = loads.iter().flat_map(|load| load.members.clone()).collect();
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..windows.len()).collect::<Vec<_>>());
            for load in &loads {
                prop_assert!(load.members.len() <= capacity);
                for at in &load.members {
                    prop_assert!(windows[*at].ready <= load.departs && load.departs <= windows[*at].last());
                }
            }
        }
    }
}
