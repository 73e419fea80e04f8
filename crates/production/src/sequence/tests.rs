//! Sequences of the small product.

use takt_planning::sequencing::Rule;

use super::*;
use crate::product::{
    Product,
    tests::{config, day, parts},
};

/// The small product with rules: no two MAX in a row, and at most four of one wheel as if it were the paint.
fn ruled() -> Product {
    let mut parts = parts();
    parts.rules = vec![
        Rule::Ratio {
            key: "VAR".into(),
            value: "MAX".into(),
            most: 1,
            span: 2,
            high: true,
        },
        Rule::PaintBatch {
            key: "WHEEL".into(),
            most: 4,
        },
        Rule::Objectives(vec!["EP".into(), "RAF".into()]),
    ];
    parts.assemble().unwrap()
}

fn waiting(product: &Product, cars: &[(i64, &str, &str)]) -> Vec<Waiting> {
    let car = |(order_number, variant, wheel): &(i64, &str, &str)| Waiting {
        order_number: *order_number,
        config: config(product, variant, wheel, "NORMAL"),
        serial: None,
    };
    cars.iter().map(car).collect()
}

const CARS: [(i64, &str, &str); 6] = [
    (1, "STD", "W19"),
    (2, "STD", "W20"),
    (3, "STD", "W19"),
    (4, "MAX", "W20"),
    (5, "MAX", "W19"),
    (6, "MAX", "W20"),
];

#[test]
fn a_day_follows_the_rules_behind_the_day_before_and_the_pulled() {
    let product = ruled();
    let fresh = waiting(&product, &CARS);
    let max = config(&product, "MAX", "W20", "NORMAL");
    let told = in_order(&product.rules, &[max], &fresh, None);
    let day = |places: &[usize], pulled: &[Config]| -> Vec<Config> {
        let rest = places.iter().map(|place| fresh[*place].config);
        pulled.iter().copied().chain(rest).collect()
    };
    let (sequence, even) = (day(&told.places, &[]), day(&told.even, &[]));
    let cost = figures(&product.rules, &[max], &sequence, &even, told.moves).unwrap();
    // A MAX stands before it, so it begins with an STD and goes on with its wheel.
    assert_eq!(told.places.first(), Some(&1));
    assert_eq!(
        (cost.cost.high, cost.cost.purges, cost.cost.long_batches),
        (0, 2, 0)
    );
    assert!(cost.even.purges > 2 && cost.moves > 0);
    // A pulled MAX stands first whatever the rules say, and that counts.
    let told = in_order(&product.rules, &[max, max], &fresh, None);
    let sequence = day(&told.places, &[max]);
    let cost = figures(&product.rules, &[max], &sequence, &even, 0).unwrap();
    assert_eq!(cost.cost.excess, [1]);
    let bare = crate::product::tests::small();
    let even = in_order(&bare.rules, &[max], &fresh, None);
    assert_eq!((even.places, even.moves), (vec![0, 3, 1, 4, 2, 5], 0));
}

#[test]
fn a_kept_sequence_stays_and_takes_in_what_is_new() {
    let product = ruled();
    let kept = DaySequence {
        state: State::Sequenced,
        frozen: 2,
        ..DaySequence::built(day(1), vec![6, 3, 9, 1, 4], Figures::default())
    };
    // Order 9 is not built after all, 2 and 5 are new.
    let told = in_order(&product.rules, &[], &waiting(&product, &CARS), Some(&kept));
    assert_eq!(told.places[..2], [5, 2]);
    let mut places = told.places.clone();
    places.sort_unstable();
    assert_eq!(places, [0, 1, 2, 3, 4, 5]);
    let same = waiting(&product, &[CARS[0], CARS[2], CARS[3], CARS[5]]);
    let told = in_order(&product.rules, &[], &same, Some(&kept));
    assert_eq!(told.places, [3, 1, 0, 2]);
}
