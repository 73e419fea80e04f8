//! Days of handover for vehicles without an appointment: as few as can be are late against their promised day.
//!
//! It must not know centres, orders or rows. Invariants: no day of a place gets more than it has free; no vehicle gets a day before it is
//! there; a place stays free only where no vehicle without a day could take it. Days are walked in their order, and each gives its places to
//! the vehicles that are there, the earliest promise first, without those that are late already: vehicles are intervals from ready to
//! promised, and that walk finds the largest matching of intervals to days (Glover, Naval Research Logistics Quarterly 14, 1967). Who
//! is late whatever is done takes what is left over.
use std::{cmp::Reverse, collections::BinaryHeap};

use takt_kernel::Date;

/// A vehicle that wants a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanting {
    /// Who it is; of two with the same promise the lower comes first.
    pub key: i64,
    /// The first day on which it can be handed over.
    pub ready_on: Date,
    /// The promised day; a vehicle without one is never late and comes last.
    pub promised_on: Option<Date>,
}

/// The free handovers of a place on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Free {
    /// The day.
    pub on: Date,
    /// The place; on a day the lower gives first.
    pub place: i64,
    /// How many.
    pub count: i64,
}

/// A vehicle with its day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Given {
    /// The vehicle.
    pub key: i64,
    /// The day.
    pub on: Date,
    /// The place.
    pub place: i64,
    /// Whether that lies after the promised day.
    pub late: bool,
}

/// What the vehicles get.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HandoverDays {
    /// Those with a day, by day, place, promise and key.
    pub given: Vec<Given>,
    /// Those without, by key.
    pub unplaced: Vec<i64>,
    /// The vehicles that are late: with a day after the promised one, or without a day and promised by the last day.
    pub late: i64,
}

/// The day of a promise in an order in which no promise comes last.
fn due(vehicle: &Wanting) -> i64 {
    let day = vehicle.promised_on.map(Date::epoch_day);
    day.map_or(i64::MAX, i64::from)
}

/// Gives days. `last_on` is the last day that is planned; what is free later is not given away.
pub fn handover_days(wanting: &[Wanting], free: &[Free], last_on: Date) -> HandoverDays {
    let mut free: Vec<Free> = free.to_vec();
    free.retain(|one| one.count > 0 && one.on <= last_on);
    free.sort_unstable();
    let mut coming: Vec<Wanting> = wanting.to_vec();
    coming.sort_by_key(|vehicle| (vehicle.ready_on, vehicle.key));
    let mut coming = coming.into_iter().peekable();
    let mut there: BinaryHeap<Reverse<(i64, i64, i32)>> = BinaryHeap::new();
    let (mut given, mut missed) = (Vec::new(), Vec::new());
    for slot in &mut free {
        while let Some(vehicle) = coming.next_if(|vehicle| vehicle.ready_on <= slot.on) {
            let ready = vehicle.ready_on.epoch_day();
            there.push(Reverse((due(&vehicle), vehicle.key, ready)));
        }
        while slot.count > 0 {
            let Some(Reverse(first)) = there.pop() else {
                break;
            };
            if first.0 < i64::from(slot.on.epoch_day()) {
                missed.push(first);
                continue;
            }
            slot.count -= 1;
            given.push((first.0, one(first.1, slot, false)));
        }
    }
    missed.extend(there.into_iter().map(|Reverse(left)| left));
    missed.extend(coming.map(|vehicle| (due(&vehicle), vehicle.key, vehicle.ready_on.epoch_day())));
    missed.sort_unstable();
    let (mut unplaced, last) = (Vec::new(), i64::from(last_on.epoch_day()));
    let mut late = 0;
    for (due, key, ready) in missed {
        let left = free
            .iter_mut()
            .find(|slot| slot.count > 0 && slot.on.epoch_day() >= ready);
        match left {
            Some(slot) => {
                slot.count -= 1;
                let is_late = i64::from(slot.on.epoch_day()) > due;
                late += i64::from(is_late);
                given.push((due, one(key, slot, is_late)));
            }
            None => {
                late += i64::from(due <= last);
                unplaced.push(key);
            }
        }
    }
    unplaced.sort_unstable();
    given.sort_by_key(|(due, given)| (given.on, given.place, *due, given.key));
    HandoverDays {
        given: given.into_iter().map(|(_, given)| given).collect(),
        unplaced,
        late,
    }
}

fn one(key: i64, slot: &Free, late: bool) -> Given {
    Given {
        key,
        on: slot.on,
        place: slot.place,
        late,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(day: i32) -> Date {
        Date::from_epoch_day(19_800 + day)
    }

    fn wanting(key: i64, ready: i32, promised: Option<i32>) -> Wanting {
        Wanting {
            key,
            ready_on: on(ready),
            promised_on: promised.map(on),
        }
    }

    fn free(day: i32, place: i64, count: i64) -> Free {
        Free {
            on: on(day),
            place,
            count,
        }
    }

    /// Two places on day 1, one on day 2. Vehicle 4 is late whatever is done; 1 and 2 take day 1, 3 takes day 2, and nothing is left for 4.
    #[test]
    fn the_earliest_promise_comes_first_and_who_is_late_anyway_does_not_push_others() {
        let vehicles = [
            wanting(1, 1, Some(1)),
            wanting(2, 0, Some(2)),
            wanting(3, 2, Some(2)),
            wanting(4, 0, Some(0)),
        ];
        let days = handover_days(&vehicles, &[free(1, 7, 2), free(2, 7, 1)], on(2));
        let told: Vec<_> = (days.given.iter())
            .map(|given| (given.key, given.on.days_since(on(0)), given.late))
            .collect();
        assert_eq!(told, [(1, 1, false), (2, 1, false), (3, 2, false)]);
        assert_eq!((days.unplaced, days.late), (vec![4], 1));
        let more = handover_days(&vehicles, &[free(1, 7, 2), free(2, 7, 2)], on(2));
        assert_eq!(more.late, 1);
        assert!(more.given.iter().any(|given| given.key == 4 && given.late));
    }

    #[test]
    fn who_was_promised_nothing_comes_last_and_is_never_late() {
        let vehicles = [wanting(1, 0, None), wanting(2, 0, Some(3))];
        let days = handover_days(&vehicles, &[free(0, 1, 1)], on(1));
        assert_eq!(days.given.first().map(|given| given.key), Some(2));
        assert_eq!((days.unplaced, days.late), (vec![1], 0));
    }

    #[test]
    fn nothing_is_given_behind_the_last_day() {
        let days = handover_days(&[wanting(1, 0, Some(9))], &[free(8, 1, 1)], on(7));
        assert_eq!((days.given, days.unplaced, days.late), (vec![], vec![1], 0));
    }

    /// The least number of late vehicles over every way of giving days.
    fn least_late(vehicles: &[Wanting], free: &mut [Free], last: Date) -> i64 {
        let Some((vehicle, rest)) = vehicles.split_first() else {
            return 0;
        };
        let unplaced = vehicle.promised_on.is_some_and(|due| due <= last);
        let mut least = i64::from(unplaced) + least_late(rest, free, last);
        for at in 0..free.len() {
            if free[at].count == 0 || free[at].on < vehicle.ready_on {
                continue;
            }
            free[at].count -= 1;
            let late = vehicle.promised_on.is_some_and(|due| due < free[at].on);
            least = least.min(i64::from(late) + least_late(rest, free, last));
            free[at].count += 1;
        }
        least
    }

    #[test]
    fn as_few_are_late_as_can_be() {
        let mut state = 20_240_328u64;
        let mut below = |end: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            i32::try_from((state >> 33) % end).unwrap()
        };
        let mut ever_late = 0;
        for _ in 0..3_000 {
            let vehicles: Vec<Wanting> = (0..below(7))
                .map(|key| {
                    let (ready, due) = (below(5), below(7) - 1);
                    wanting(key.into(), ready, (below(6) > 0).then_some(due))
                })
                .collect();
            let mut slots: Vec<Free> = (0..4)
                .flat_map(|day| [(day, 1), (day, 2)])
                .map(|(day, place)| free(day, place, (below(3) - 1).max(0).into()))
                .collect();
            let days = handover_days(&vehicles, &slots, on(3));
            let least = least_late(&vehicles, &mut slots, on(3));
            assert_eq!(days.late, least, "{vehicles:?} {slots:?}");
            ever_late += least;
            let mut keys: Vec<i64> = days.given.iter().map(|given| given.key).collect();
            keys.extend(&days.unplaced);
            keys.sort_unstable();
            let all: Vec<i64> = vehicles.iter().map(|vehicle| vehicle.key).collect();
            assert_eq!(keys, all);
            for slot in &slots {
                let taken = (days.given.iter())
                    .filter(|given| (given.on, given.place) == (slot.on, slot.place))
                    .count();
                let taken = i64::try_from(taken).unwrap();
                assert!(taken <= slot.count);
                let could = (vehicles.iter()).any(|vehicle| {
                    days.unplaced.contains(&vehicle.key) && vehicle.ready_on <= slot.on
                });
                assert!(!could || taken == slot.count, "a place stays free");
            }
            for given in &days.given {
                let vehicle = vehicles.iter().find(|one| one.key == given.key).unwrap();
                assert!(given.on >= vehicle.ready_on);
                assert_eq!(
                    given.late,
                    vehicle.promised_on.is_some_and(|due| due < given.on)
                );
            }
        }
        assert!(ever_late > 500);
    }
}
