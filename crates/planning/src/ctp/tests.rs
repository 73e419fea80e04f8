//! Capable to promise: an example computed by hand, and rules that hold whatever the figures are.
use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

fn day(n: i32) -> Date {
    Date::from_epoch_day(n)
}

/// Item 0 goes into every vehicle, item 1 twice into those with the option.
fn stand<'a>(planned: &[i64], queue: &[&'a [Needs]]) -> Stand<'a> {
    Stand {
        first: day(0),
        planned: vec![planned.to_vec()],
        queues: vec![queue.to_vec()],
        bases: vec![vec![vec![(0, 1_000)]]],
        supply: vec![
            Some(ItemSupply {
                free: 9_000,
                receipts: vec![(day(1), 20_000)],
                overdue: 0,
                lead_days: 9,
            }),
            Some(ItemSupply {
                free: 4_000,
                receipts: vec![(day(3), 6_000)],
                overdue: 2_000,
                lead_days: 5,
            }),
        ],
        ..Stand::default()
    }
}

static OPTION: LazyLock<Vec<Needs>> = LazyLock::new(|| vec![vec![(1, 2_000)]]);
const PLAIN: &[Needs] = &[];

fn request(quantity: i64, wanted: i32, split: bool) -> Request<'static> {
    Request {
        variant: 0,
        options: &OPTION,
        quantity,
        wanted: day(wanted),
        split,
    }
}

#[test]
fn slots_parts_on_hand_receipts_and_the_lead_time_make_the_date() {
    // Ten slots a day; the queue of twelve takes the first day and two of the second, and one of its cars has the option.
    let queue: Vec<&[Needs]> = (0..12)
        .map(|n| if n == 3 { &OPTION[..] } else { PLAIN })
        .collect();
    let basis = Basis::new(&stand(&[10; 8], &queue));
    assert_eq!(basis.slots(0), [0, 8, 10, 10, 10, 10, 10, 10]);
    // Item 1: four on hand less two for the queue; six come on the evening of day 3; a new order is there for day 6.
    assert_eq!(
        basis.available(1),
        [2_000, 2_000, 2_000, 2_000, 8_000, 8_000]
    );
    // Item 0 has nine for the queue's twelve of the first two days: three short, and 17 are left when 20 came on day 1.
    assert_eq!(&basis.available(0)[..3], [-3_000, -3_000, 17_000]);

    let one = basis.promise(&request(1, 2, false));
    assert_eq!(
        (one.dates, one.slots),
        (vec![(day(2), 1)], vec![(day(2), 1)])
    );
    assert!(one.causes.is_empty());

    let four = basis.promise(&request(4, 2, false));
    assert_eq!(
        (four.dates, four.earliest),
        (vec![(day(4), 4)], Some(day(4)))
    );
    assert_eq!(
        four.causes,
        [Cause {
            obstacle: Obstacle::AwaitSupply {
                item: 1,
                overdue: 2_000
            },
            from: day(2),
            until: Some(day(4)),
            blocked: 6_000
        }]
    );
    let split = basis.promise(&request(4, 2, true));
    assert_eq!(split.dates, [(day(2), 1), (day(4), 3)]);

    let many = basis.promise(&request(9, 2, true));
    assert_eq!(many.dates, [(day(2), 1), (day(4), 3), (day(6), 5)]);
    assert!(
        matches!(many.causes[0].obstacle, Obstacle::LeadTime { item: 1, .. }),
        "{:?}",
        many.causes
    );

    let all = basis.promise(&request(70, 7, true));
    assert_eq!((all.short, all.earliest), (53, None));
    assert_eq!(all.dates.iter().map(|(_, count)| count).sum::<i64>(), 17);
    let line = all
        .causes
        .iter()
        .find(|cause| cause.obstacle == Obstacle::Line)
        .unwrap();
    assert_eq!((line.blocked, line.until), (2, None));
    let past = basis.promise(&request(1, -3, false));
    assert_eq!(past.dates, [(day(2), 1)]);
    assert!(!past.causes.is_empty());
}

#[test]
fn held_slots_and_their_parts_are_nobody_elses() {
    let queue: Vec<&[Needs]> = vec![PLAIN; 12];
    let mut stand = stand(&[10; 8], &queue);
    stand.commitments.push(Commitment {
        variant: 0,
        options: &OPTION,
        on: day(2),
        vehicles: 2,
    });
    stand.commitments.push(Commitment {
        variant: 0,
        options: PLAIN,
        on: day(-4),
        vehicles: 1,
    });
    let basis = Basis::new(&stand);
    // The overdue one takes the first slot, so that an order waits a day longer.
    assert_eq!(basis.slots(0), [0, 7, 8, 10, 10, 10, 10, 10]);
    assert_eq!(basis.available(1)[..5], [0, 0, 0, 0, 6_000]);
    assert_eq!(basis.promise(&request(1, 2, false)).dates, [(day(4), 1)]);
}

#[test]
fn a_slot_that_passes_before_its_parts_is_lost() {
    let mut stand = stand(&[5, 5, 0, 0, 0, 1, 0, 0], &[]);
    stand.supply[0] = Some(ItemSupply {
        receipts: vec![(day(3), 50_000)],
        lead_days: 9,
        ..ItemSupply::default()
    });
    let promise = Basis::new(&stand).promise(&Request {
        options: PLAIN,
        ..request(2, 5, true)
    });
    assert_eq!(
        (promise.dates, promise.slots, promise.short),
        (vec![(day(5), 1)], vec![(day(5), 1)], 1)
    );
    assert_eq!(promise.causes[0].obstacle, Obstacle::Line);
    assert_eq!(
        (promise.causes[0].blocked, promise.causes[0].until),
        (1, None)
    );
}

/// From day 3 on item 2 takes the place of item 0.
fn changed<'a>(planned: &[i64], queue: &[&'a [Needs]]) -> Stand<'a> {
    let mut stand = stand(planned, queue);
    stand.eras = (0..planned.len())
        .map(|day| usize::from(day >= 3))
        .collect();
    stand.bases = vec![vec![vec![(0, 1_000)], vec![(2, 1_000)]]];
    stand.supply.push(Some(ItemSupply {
        free: 7_000,
        lead_days: 9,
        ..ItemSupply::default()
    }));
    stand.supply[0] = Some(ItemSupply {
        free: 16_000,
        lead_days: 9,
        ..ItemSupply::default()
    });
    stand
}

#[test]
fn behind_the_break_of_a_change_vehicles_stand_on_the_new_parts() {
    // Twelve orders use twelve of the sixteen old parts; the queue is through before the break, so all new ones are free.
    let queue: Vec<&[Needs]> = vec![PLAIN; 12];
    let basis = Basis::new(&changed(&[10; 8], &queue));
    assert_eq!(basis.available(0)[..4], [4_000; 4]);
    assert_eq!(basis.available(2)[..4], [7_000; 4]);
    let plain = |quantity, wanted, split| Request {
        options: PLAIN,
        ..request(quantity, wanted, split)
    };
    // Four have the old part, on the latest slots before the break, seven the new one; more new ones come after the lead time.
    let eleven = basis.promise(&plain(11, 4, true));
    assert_eq!(eleven.dates, [(day(4), 11)]);
    assert_eq!(eleven.slots, [(day(2), 4), (day(4), 7)]);
    let twelve = basis.promise(&plain(12, 4, true));
    assert_eq!((twelve.short, twelve.earliest), (1, None));
    assert!(
        matches!(
            twelve.causes[0].obstacle,
            Obstacle::LeadTime { item: 2, .. }
        ),
        "{:?}",
        twelve.causes
    );
    assert_eq!(
        twelve.causes[0].blocked, 1_000,
        "four of them have the old part"
    );
    // A longer queue reaches behind the break and uses new parts there.
    let queue: Vec<&[Needs]> = vec![PLAIN; 32];
    let basis = Basis::new(&changed(&[10; 8], &queue));
    assert_eq!(basis.available(2)[..4], [5_000; 4]);
}

proptest! {
    /// What is promised is feasible, breaks nothing, and no vehicle more could be had by the day.
    #[test]
    fn promises_are_feasible_break_nothing_and_leave_nothing(
        planned in prop::collection::vec(0i64..6, 1..9),
        orders in 0usize..20,
        held in prop::collection::vec((0i32..9, 1i64..3), 0..3),
        free in 0i64..40,
        receipts in prop::collection::vec((0i32..9, 0i64..20), 0..4),
        lead_days in 0i32..9,
        quantity in 1i64..9,
        wanted in -1i32..10,
        split: bool,
        change: bool,
    ) {
        let queue: Vec<&[Needs]> = (0..orders).map(|n| if n % 3 == 0 { &OPTION[..] } else { PLAIN }).collect();
        let mut stand = if change { changed(&planned, &queue) } else { stand(&planned, &queue) };
        let receipts: Vec<(Date, i64)> = receipts.iter().map(|(on, count)| (day(*on), count * 500)).collect();
        stand.supply[1] = Some(ItemSupply { free: free * 500, receipts, overdue: 0, lead_days });
        for (on, vehicles) in held {
            stand.commitments.push(Commitment { variant: 0, options: &OPTION, on: day(on), vehicles });
        }
        let before = Basis::new(&stand);
        let promise = before.promise(&request(quantity, wanted, split));
        let count = |rows: &[(Date, i64)]| rows.iter().map(|(_, count)| count).sum::<i64>();
        prop_assert_eq!(count(&promise.dates), count(&promise.slots));
        if split || promise.short == 0 {
            prop_assert_eq!(count(&promise.dates) + promise.short, quantity);
        }
        let late = promise.short > 0 || promise.dates.iter().any(|(on, _)| *on > day(wanted));
        prop_assert_eq!(late, !promise.causes.is_empty());
        // Complete by each date, from slots that are free.
        for (on, _) in &promise.dates {
            let by = |rows: &[(Date, i64)]| rows.iter().filter(|(at, _)| at <= on).map(|(_, count)| count).sum::<i64>();
            prop_assert!(by(&promise.slots) >= by(&promise.dates));
        }
        for (on, count) in &promise.slots {
            prop_assert!(*count <= before.slots(0)[usize::try_from(on.days_since(day(0))).unwrap()]);
            stand.commitments.push(Commitment { variant: 0, options: &OPTION, on: *on, vehicles: *count });
        }
        // Nobody who had something has it later: the slots of the others are those that were left.
        let after = Basis::new(&stand);
        for (place, free) in after.slots(0).iter().enumerate() {
            let taken: i64 = promise.slots.iter().filter(|(on, _)| *on == day(i32::try_from(place).unwrap())).map(|(_, count)| count).sum();
            prop_assert_eq!(*free, before.slots(0)[place] - taken);
        }
        for item in 0..stand.supply.len() {
            for (was, is) in before.available(item).iter().zip(after.available(item)) {
                prop_assert!(*is >= (*was).min(0), "item {} {:?} {:?}", item, before.available(item), after.available(item));
            }
        }
        // Not one more could be complete by the first day that was promised, nor all of it earlier than said.
        if split && let Some((on, _)) = promise.dates.first() && promise.dates.len() > 1 {
            prop_assert_eq!(after.promise(&request(1, on.epoch_day(), false)).dates.iter().filter(|(at, _)| at <= on).count(), 0);
        }
        if let Some(earliest) = promise.earliest {
            let all = before.promise(&request(quantity, earliest.epoch_day(), false));
            prop_assert_eq!(&all.dates, &vec![(earliest, quantity)]);
            prop_assert!(before.promise(&request(quantity, earliest.epoch_day() - 1, false)).dates[0].0 >= earliest);
        }
    }
}
