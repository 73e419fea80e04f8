//! Predictions of small plants worked out by hand, and what holds of any. It must not know the built-in programme.
use super::*;
use crate::line::{CalendarDay, Line};
use crate::ramp::feasible_plan;
use crate::scale::Scale;
use proptest::prelude::*;
use takt_kernel::{ParseError, Share};

const FIRST: i32 = 100;

/// Ten days of a hundred vehicles, of which every one needs a seat, on a line that can do a hundred and fifty.
struct Car {
    ramp: RampPlan,
    schedule: Schedule,
    undisturbed: FeasiblePlan,
}

impl Car {
    fn new(daily: &[Vec<i64>], capacity: i64) -> Self {
        let first = Date::from_epoch_day(FIRST);
        let line = Line {
            takt_ms: 1,
            operations: Vec::new(),
            variants: 2,
        };
        let day = CalendarDay {
            shifts: 1,
            shift_seconds: 37_800,
            capacity,
        };
        let ramp = RampPlan::new(first, daily);
        let schedule = Schedule::new(&line, first, &vec![day; daily.len()], Scale::FULL);
        let undisturbed = feasible_plan(&ramp, &[], first, &schedule);
        Self {
            ramp,
            schedule,
            undisturbed,
        }
    }

    fn product(&self, variant: usize, parts: &[(usize, i64)]) -> (usize, Product) {
        let count = |day: &Vec<i64>| day[variant] * FULL;
        let product = Product {
            daily: self.undisturbed.days.iter().map(count).collect(),
            parts: parts.to_vec(),
        };
        (variant, product)
    }

    fn predict(&self, products: &[(usize, Product)], held: &[Bought], from: i32) -> Prediction {
        let plant = Plant {
            ramp: &self.ramp,
            schedule: &self.schedule,
            undisturbed: &self.undisturbed,
        };
        predict(plant, products, held, day(from))
    }
}

fn day(n: i32) -> Date {
    Date::from_epoch_day(FIRST + n)
}

fn bought(part: usize, lot: i64, shares: &[i64], ships: Flow) -> Result<Bought, ParseError> {
    let shares: Vec<Share> = shares.iter().map(|share| Share(share * 10_000)).collect();
    let source = |(at, _)| Sourced {
        transit: 2,
        soonest: day(-50),
        ships: (at == 0).then(|| ships.clone()),
    };
    Ok(Bought {
        part,
        lot: lot * 1000,
        quota: Quota::new(&shares)?,
        sources: shares.iter().enumerate().map(source).collect(),
    })
}

fn out(days: i64) -> Flow {
    Flow::gap(0, days * 1000)
}

/// The example of docs/risk.md: seats that are due on two days come two days later, and 50 vehicles a day are caught up.
#[test]
fn two_days_without_seats_are_caught_up_in_four() -> Result<(), Box<dyn std::error::Error>> {
    let car = Car::new(&vec![vec![100, 0]; 10], 150);
    let products = [car.product(0, &[(7, 1000)])];
    let found = car.predict(&products, &[bought(7, 100, &[100], out(2))?], 3);
    let stop = FirstStop {
        on: day(6),
        variant: 0,
        part: 7,
    };
    assert_eq!(found.first_stop, Some(stop));
    // Behind: 100, 200, 150, then 100 with the last day of the plan, 0 with the day after it.
    assert_eq!(
        (found.all.late, found.all.late_on, found.all.lost),
        (200, Some(day(7)), 100)
    );
    assert_eq!(
        (found.all.recovered_on, found.all.vehicle_days),
        (Some(day(10)), 550)
    );
    assert_eq!(found.by_variant[0], found.all);
    assert_eq!(found.by_variant[1], Shortfall::default());
    Ok(())
}

#[test]
fn a_second_source_builds_its_share_and_a_part_of_one_variant_stops_no_other()
-> Result<(), Box<dyn std::error::Error>> {
    let car = Car::new(&vec![vec![60, 40]; 20], 200);
    let products = [
        car.product(0, &[(7, 1000)]),
        car.product(1, &[(7, 1000), (8, 4000)]),
    ];
    // Half of the seats of each day, in lots of ten, from source to source in turn.
    let half = car.predict(&products, &[bought(7, 10, &[50, 50], out(4))?], 3);
    assert_eq!((half.all.late, half.all.lost), (200, 0));
    assert_eq!(half.all.recovered_on, Some(day(11)));
    let one = car.predict(&products, &[bought(8, 160, &[100], out(4))?], 3);
    // What was missed is built first when the parts come: on that day 160 and 40 of the others, whose parts were never missing.
    assert_eq!(
        (one.by_variant[0].late, one.by_variant[0].late_on),
        (20, Some(day(10)))
    );
    assert_eq!(one.by_variant[1].late, 160);
    assert_eq!((one.all.late, one.all.recovered_on), (160, Some(day(11))));
    assert_eq!(
        one.first_stop.map(|stop| (stop.variant, stop.part)),
        Some((1, 8))
    );
    Ok(())
}

proptest! {
    #[test]
    fn a_longer_outage_never_costs_less_and_none_costs_nothing(
        daily in proptest::collection::vec((0i64..9, 0i64..9), 5..30),
        (capacity, lot, from, days) in (4i64..20, 1i64..30, 0i32..20, 0i64..12),
        share in 1i64..=10,
    ) {
        let rows: Vec<Vec<i64>> = daily.iter().map(|(a, b)| vec![*a, *b]).collect();
        let car = Car::new(&rows, capacity);
        let products = [car.product(0, &[(7, 1000)]), car.product(1, &[(7, 2000)])];
        let cost = |days: i64| {
            let part = bought(7, lot, &[share * 10, 100 - share * 10], out(days));
            part.map(|part| car.predict(&products, &[part], from).all)
        };
        let (none, short, long) = (cost(0), cost(days), cost(days + 3));
        prop_assert_eq!(none, Ok(Shortfall::default()));
        if let (Ok(short), Ok(long)) = (short, long) {
            prop_assert!(short.late <= long.late && short.lost <= long.lost);
            prop_assert!(short.vehicle_days <= long.vehicle_days && short.lost <= short.late);
        }
    }
}
