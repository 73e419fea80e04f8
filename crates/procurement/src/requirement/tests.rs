//! Plans and series.

use takt_kernel::{Date, Quantity};

use super::{Plan, Series};

fn day(n: i32) -> Date {
    Date::from_epoch_day(n)
}

#[test]
fn the_newer_plan_counts_and_of_one_day_the_later_one() {
    let plan = |as_of, position| Plan {
        id: "p".into(),
        as_of: day(as_of),
        position,
    };
    assert!(plan(1, 1).supersedes(None));
    assert!(plan(2, 1).supersedes(Some(&plan(1, 9))));
    assert!(plan(1, 2).supersedes(Some(&plan(1, 1))));
    assert!(!plan(1, 1).supersedes(Some(&plan(1, 1))));
    assert!(!plan(1, 9).supersedes(Some(&plan(2, 1))));
}

#[test]
fn empty_days_at_the_end_are_no_requirement() {
    let units = |all: &[i64]| {
        all.iter()
            .map(|one| Quantity::from_units(*one))
            .collect::<Vec<_>>()
    };
    let series = Series::new(day(10), units(&[0, 3, 0, 0])).unwrap();
    assert_eq!((series.days.len(), series.last()), (2, day(11)));
    assert_eq!(
        (series.on(day(11)), series.on(day(9)), series.on(day(12))),
        (Quantity::from_units(3), Quantity::ZERO, Quantity::ZERO)
    );
    assert_eq!(Series::new(day(10), units(&[0, 0])), None);
    assert_eq!(Series::new(day(10), Vec::new()), None);
}
