//! Milestones and money of the small product.

use super::*;
use crate::product::tests::{config, day, small};

fn usd(minor: i64) -> Amount {
    Amount::new(minor, Currency::USD)
}

fn economics() -> Economics {
    Economics {
        conversion: usd(1_000),
        fixed_per_month: usd(20_000),
        average_price: usd(10_000),
        quarters: vec![Quarter {
            name: "2024Q1".into(),
            deliveries: 10,
            average_price: Some(usd(10_000)),
            operating_per_month: Some(usd(30_000)),
        }],
        mix: vec![1, 1],
    }
}

#[test]
fn the_formula_takes_reference_cars_and_reported_deliveries() {
    let product = small();
    let money = programme_formula(&product, &economics()).unwrap().unwrap();
    // STD: body 2 + pack 3 + four W19 at 4; MAX: body 2 + pack 3 + four W20 at 5 + drive 6.
    assert_eq!(money.material, usd((2_100 + 3_100) / 2));
    let result = money.result.unwrap();
    assert_eq!((result.fixed, result.operating), (usd(6_000), usd(9_000)));
    assert_eq!(result.result, usd(10_000 - 2_600 - 1_000 - 6_000 - 9_000));
    assert_eq!(
        (money.vehicles, money.built, money.quarter.as_str()),
        (10, 0, "2024Q1")
    );
}

#[test]
fn as_built_averages_the_cars_that_were_built() {
    let product = small();
    let counts = [
        (config(&product, "STD", "W20", "NORMAL"), 3),
        (config(&product, "MAX", "W20", "FOUNDERS"), 1),
    ];
    let money = as_built(&product, Some(&economics()), "2024Q1", &counts).unwrap();
    assert_eq!(money.material, usd((3 * 2_500 + 3_800) / 4));
    assert_eq!((money.vehicles, money.built), (10, 4));
    assert_eq!(
        money.result.map(|result| result.result),
        Some(usd(10_000 - 2_825 - 16_000))
    );
    let unknown = as_built(&product, Some(&economics()), "2024Q4", &counts).unwrap();
    assert_eq!(
        (unknown.material, unknown.result, unknown.vehicles),
        (usd(2_825), None, 4)
    );
    assert_eq!(
        as_built(&product, None, "2024Q1", &counts).unwrap().result,
        None
    );
}

#[test]
fn a_mark_is_reached_on_the_day_that_passes_it() {
    let days = [(day(1), 4), (day(2), 4), (day(4), 1)];
    assert_eq!(
        (
            reached_on(8, &days),
            reached_on(9, &days),
            reached_on(10, &days)
        ),
        (Some(day(2)), Some(day(4)), None)
    );
}
