//! Plans of the small product.

use takt_planning::promise::PromiseKind;

use super::*;
use crate::product::tests::{config, day, small};

fn series(plan: &Plan, item: usize) -> Vec<i64> {
    plan.series
        .iter()
        .find(|(known, _)| *known == item)
        .map(|(_, series)| series.clone())
        .unwrap_or_default()
}

#[test]
fn a_plan_without_orders_stands_on_shares() {
    let product = small();
    let position = Position {
        built: vec![0, 0],
        queues: vec![vec![], vec![]],
        founders_locked: 0,
    };
    let plan = explode(
        &product,
        &position,
        &BTreeMap::new(),
        plan_line(&product, &position, day(-100)),
    );
    assert_eq!(
        (plan.vehicle_count(), plan.last_build_on(), plan.first),
        (40, day(10), day(1))
    );
    assert_eq!(
        plan.days[0],
        PlanDay {
            on: day(1),
            capacity: 8,
            variants: vec![2, 2]
        }
    );
    assert_eq!(series(&plan, 1), vec![4000; 10]);
    assert_eq!(series(&plan, 5), vec![2000; 10]);
    let wheels: i64 = series(&plan, 3).iter().chain(&series(&plan, 4)).sum();
    assert_eq!(wheels, 160_000);
    assert_eq!(series(&plan, 3).iter().sum::<i64>(), (15 + 10) * 4000);
    // 4 founders' cars at 40:60 over the variants: 2 STD and 2 MAX, first of all.
    assert_eq!(series(&plan, 6).iter().sum::<i64>(), 4000);
    assert_eq!(series(&plan, 6)[0], 4000);
    assert!(
        series(&plan, 0).is_empty() && series(&plan, 7).is_empty(),
        "made items are not bought"
    );
}

#[test]
fn open_orders_come_before_shares_and_missed_vehicles_first() {
    let product = small();
    let w20 = config(&product, "STD", "W20", "NORMAL");
    let position = Position {
        built: vec![1, 0],
        queues: vec![vec![w20; 30], vec![]],
        founders_locked: 4,
    };
    let plan = explode(
        &product,
        &position,
        &BTreeMap::new(),
        plan_line(&product, &position, day(2)),
    );
    // Day 2 wants the 3 STD and 4 MAX that are due; the line does 8, but only 5 MAX.
    assert_eq!(plan.days[0].variants, [3, 4]);
    assert_eq!(plan.vehicle_count(), 39);
    let std_w20: i64 = series(&plan, 4).iter().sum::<i64>() / 4000;
    assert_eq!(
        std_w20,
        19 + 10,
        "all STD are ordered with W20, MAX by share"
    );
    assert_eq!(
        series(&plan, 6),
        Vec::<i64>::new(),
        "all founders have ordered"
    );
}

#[test]
fn profiles_leave_out_what_lies_before() {
    let product = small();
    let days = [
        PlanDay {
            on: day(3),
            capacity: 8,
            variants: vec![2, 2],
        },
        PlanDay {
            on: day(5),
            capacity: 8,
            variants: vec![1, 0],
        },
    ];
    let found = profiles(&product, &days, day(4));
    assert_eq!(found[0].cumulative, [0, 1]);
    assert_eq!(
        found[0]
            .promise(1)
            .map(|promise| (promise.kind, promise.build_on)),
        Some((PromiseKind::Planned, day(5)))
    );
    assert_eq!(
        found[1].promise(1).map(|promise| promise.kind),
        Some(PromiseKind::Estimate)
    );
    assert_eq!(found[0].end, day(10));
}

#[test]
fn ids_are_dates_with_a_number_from_the_second_on() {
    assert_eq!(plan_id("su7", day(4), 1), "su7-20240401");
    assert_eq!(plan_id("su7", day(4), 3), "su7-20240401-3");
}
