//! What missing parts do to a plan, from outside: the plant of docs/risk.md without seats for two days, from its first day and from the
//! middle of its plan. It must not know how vehicles that wait are counted.
use std::collections::BTreeMap;

use takt_kernel::Date;
use takt_planning::line::{CalendarDay, Line, Schedule};
use takt_planning::ramp::{FeasiblePlan, RampPlan, feasible_plan};
use takt_planning::risk::{FULL, Flow, Impact, Plant, Product, impact};
use takt_planning::scale::Scale;

fn day(n: i32) -> Date {
    Date::from_epoch_day(100 + n)
}

/// Ten days of a hundred vehicles on a line that can do a hundred and fifty; of a second variant none is planned.
fn found(from: i32, parts: &BTreeMap<usize, Flow>) -> (FeasiblePlan, Impact) {
    let line = Line {
        takt_ms: 1,
        operations: Vec::new(),
        variants: 2,
    };
    let calendar = CalendarDay {
        shifts: 1,
        shift_seconds: 37_800,
        capacity: 150,
    };
    let daily = vec![vec![100, 0]; 10];
    let ramp = RampPlan::new(day(0), &daily);
    let schedule = Schedule::new(&line, day(0), &vec![calendar; daily.len()], Scale::FULL);
    let built = [i64::from(from) * 100, 0];
    let plan = feasible_plan(&ramp, &built, day(from), &schedule);
    let product = |variant: usize, part: usize| {
        let count = |day: &Vec<i64>| day[variant] * FULL;
        let daily = plan.days.iter().map(count).collect();
        let parts = vec![(part, 1000)];
        (variant, Product { daily, parts })
    };
    let products = [product(0, 7), product(1, 8)];
    let plant = Plant {
        ramp: &ramp,
        schedule: &schedule,
        undisturbed: &plan,
    };
    let impact = impact(plant, &built, &products, parts);
    (plan, impact)
}

#[test]
fn two_days_without_seats_are_caught_up_within_the_limits_of_the_day() {
    // Seats are missing on days 6 and 7; counted from the first day, and from day 4 on.
    for from in [0, 4] {
        let gap = Flow::gap(i64::from(6 - from) * 1000, i64::from(8 - from) * 1000);
        let (_, impact) = found(from, &BTreeMap::from([(7, gap)]));
        let seats = impact.by_variant[0];
        // Behind: 100, 200, 150, 100 with the last day of the plan, and 0 with the day after it.
        assert_eq!(
            (seats.late, seats.late_on, seats.lost),
            (200, Some(day(7)), 100)
        );
        assert_eq!(
            (seats.recovered_on, seats.vehicle_days),
            (Some(day(10)), 550)
        );
        assert_eq!(
            impact.first_short,
            [Some(day(6)), None],
            "the other variant needs no seats"
        );
        assert_eq!(impact.by_variant[1].late, 0);
        let most = impact
            .built
            .days
            .iter()
            .map(|day| day.iter().sum::<i64>())
            .max();
        assert_eq!(most, Some(150));
    }
}

#[test]
fn a_part_that_nobody_builds_in_and_one_that_is_there_change_nothing() {
    let elsewhere = BTreeMap::from([(9, Flow::outage(None)), (7, Flow::full())]);
    let (plan, impact) = found(2, &elsewhere);
    assert_eq!(impact.built, plan);
    assert!(
        impact
            .by_variant
            .iter()
            .all(|shortfall| shortfall.late == 0)
    );
}

#[test]
fn what_never_comes_is_lost_to_the_end() {
    let (plan, impact) = found(0, &BTreeMap::from([(7, Flow::gap(8_000, i64::MAX))]));
    assert_eq!(plan.total(0), 1000);
    assert_eq!(impact.built.total(0), 800);
    assert_eq!(
        (impact.by_variant[0].lost, impact.by_variant[0].recovered_on),
        (200, None)
    );
}
