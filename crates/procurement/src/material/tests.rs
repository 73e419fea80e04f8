//! Picking lots and counting vehicles in.

use std::collections::BTreeMap;

use takt_kernel::{Date, LotNumber, Quantity};

use super::{
    Missing, Need, Reservation, ReservationState, Run,
    consumption::{Built, consume},
    pick,
};

fn run(first: i64, lots: i64, each: i64) -> Run {
    Run {
        received_on: Date::default(),
        first: LotNumber(first),
        lots,
        each: Quantity(each),
    }
}

fn need(item_no: u32, quantity: i64) -> Need {
    Need {
        item_no,
        quantity: Quantity(quantity),
    }
}

#[test]
fn lots_are_taken_in_their_order_and_others_are_passed_over() {
    let free = [
        run(2_010_000_009, 1, 4),
        run(2_010_000_001, 3, 10),
        run(2_020_000_001, 1, 10),
        run(3_010_000_001, 1, 5),
        run(4_010_000_001, 1, 5),
    ];
    let picks = |needs: &[Need]| pick(needs, &free).unwrap();
    // A part of the third lot is the end of it.
    assert_eq!(
        picks(&[need(2, 27), need(4, 5)]),
        [
            run(2_010_000_009, 1, 4),
            run(2_010_000_001, 2, 10),
            run(2_010_000_003, 1, 3),
            run(4_010_000_001, 1, 5)
        ]
    );
    assert_eq!(
        picks(&[need(2, 14)]),
        [run(2_010_000_009, 1, 4), run(2_010_000_001, 1, 10)]
    );
    assert_eq!(picks(&[need(2, 3)]), [run(2_010_000_009, 1, 3)]);
    assert_eq!(
        picks(&[need(2, 44)])
            .iter()
            .map(|run| run.total())
            .sum::<i64>(),
        44
    );
    assert_eq!(pick(&[], &free), Ok(vec![]));
}

#[test]
fn everything_that_is_missing_is_told() {
    let missing = pick(
        &[need(1, 1), need(2, 21), need(3, 5)],
        &[run(2_010_000_001, 2, 10), run(3_010_000_001, 1, 5)],
    )
    .unwrap_err();
    let one = |item_no, needed, free| Missing {
        item_no,
        needed: Quantity(needed),
        free: Quantity(free),
    };
    assert_eq!(missing, [one(1, 1, 0), one(2, 21, 20)]);
}

#[test]
fn vehicles_are_counted_in_and_those_beyond_are_marked() {
    let reservation = |number, state, consumed| Reservation {
        number,
        id: format!("R{number}"),
        build_on: Date::default(),
        state,
        vehicles: 2,
        consumed,
    };
    let known = [
        reservation(1, ReservationState::Confirmed, 1),
        reservation(2, ReservationState::Released, 0),
        reservation(3, ReservationState::Consumed, 2),
    ];
    let known: BTreeMap<_, _> = known.into_iter().map(|one| (one.id.clone(), one)).collect();
    let built = |build_number, id: &str| Built {
        build_number,
        vin: String::new(),
        reservation_id: id.into(),
        vehicles: 2,
    };
    let batch = [
        built(1, "R1"),
        built(2, "R1"),
        built(3, "R2"),
        built(4, "R3"),
        built(5, "R9"),
        built(6, ""),
    ];
    let consumed = consume(&batch, known);
    assert_eq!(consumed.used, [1, 1, 2, 3, 0, 0]);
    assert_eq!(consumed.complete.iter().copied().collect::<Vec<_>>(), [1]);
    let marked: Vec<_> = consumed
        .uncovered
        .iter()
        .map(|(build, _, reason)| (*build, *reason))
        .collect();
    assert_eq!(
        marked,
        [
            (2, "RESERVATION_USED_UP"),
            (3, "RESERVATION_GIVEN_BACK"),
            (4, "RESERVATION_USED_UP"),
            (5, "RESERVATION_UNKNOWN")
        ]
    );
    assert_eq!(consumed.changed.keys().copied().collect::<Vec<_>>(), [1, 2]);
}
