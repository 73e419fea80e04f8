//! Days of the small product.

use std::collections::BTreeMap;

use takt_kernel::LotNumber;
use takt_planning::genealogy::Layer;

use super::{
    issue::{issue, shop_orders, vin, with_own_lots},
    shift::{Completed, PlantClock},
    *,
};
use crate::{
    peers::Reserved,
    product::tests::{config, day, small},
};

fn waiting(order_number: i64, config: Config) -> Waiting {
    Waiting {
        order_number,
        config,
        serial: None,
    }
}

fn floor(product: &Product, orders: &[(i64, &str, &str)], units: i64) -> Floor {
    let mut queues = vec![Vec::new(), Vec::new()];
    for (number, variant, wheel) in orders {
        let config = config(product, variant, wheel, "NORMAL");
        queues[config.variant()].push(waiting(*number, config));
    }
    let stock = vec![Quantity::from_units(units); product.items.len()];
    Floor {
        built: vec![0, 0],
        queues,
        cut: vec![false, false],
        stock,
        ..Floor::default()
    }
}

fn numbers(choice: &Choice) -> Vec<i64> {
    choice.places.iter().map(|place| place.order).collect()
}

#[test]
fn a_day_spreads_its_variants_and_names_what_stood() {
    let product = small();
    let orders = [
        (1, "STD", "W19"),
        (2, "MAX", "W20"),
        (3, "STD", "W19"),
        (4, "MAX", "W20"),
    ];
    let all = floor(&product, &orders, 100);
    let choice = choose(
        &product,
        day(1),
        product.limits(day(1), None),
        &all,
        &Orders::default(),
    )
    .unwrap();
    assert_eq!(
        (numbers(&choice), choice.wanted, choice.capacity),
        (vec![1, 2, 3, 4], 4, 8)
    );
    assert!(choice.stops.is_empty());
    let needs: BTreeMap<usize, i64> = choice
        .needs(&product)
        .iter()
        .map(|(item, need)| (*item, need.milli()))
        .collect();
    assert_eq!(
        needs,
        BTreeMap::from([(1, 4000), (2, 4000), (3, 8000), (4, 8000), (5, 2000)])
    );

    let mut without = all.clone();
    without.stock[5] = Quantity::ZERO;
    let choice = choose(
        &product,
        day(1),
        product.limits(day(1), None),
        &without,
        &Orders::default(),
    )
    .unwrap();
    assert_eq!(numbers(&choice), [1, 3]);
    assert_eq!(
        choice.stops,
        [Stop {
            variant: 1,
            item: Some(5),
            units: 2
        }]
    );
    assert_eq!(store::stop_shop(&product, &choice.stops[0]), "FA");

    let few = floor(&product, &orders[..3], 100);
    let choice = choose(
        &product,
        day(1),
        product.limits(day(1), None),
        &few,
        &Orders::default(),
    )
    .unwrap();
    assert_eq!(
        choice.stops,
        [Stop {
            variant: 1,
            item: None,
            units: 1
        }]
    );
    assert_eq!(store::stop_shop(&product, &choice.stops[0]), "BW");
}

#[test]
fn an_order_without_its_option_is_passed_over_and_the_queue_read_on() {
    let product = small();
    let mut short = floor(&product, &[(1, "STD", "W20"), (2, "STD", "W20")], 100);
    short.stock[4] = Quantity::ZERO;
    short.cut[0] = true;
    assert_eq!(
        choose(
            &product,
            day(1),
            product.limits(day(1), None),
            &short,
            &Orders::default()
        ),
        None
    );
    for number in 3..=5 {
        short.queues[0].push(waiting(number, config(&product, "STD", "W19", "NORMAL")));
    }
    let choice = choose(
        &product,
        day(1),
        product.limits(day(1), None),
        &short,
        &Orders::default(),
    )
    .unwrap();
    assert_eq!(numbers(&choice), [3, 4]);
}

#[test]
fn pulled_vehicles_come_first_on_the_next_day() {
    let product = small();
    let mut next = floor(
        &product,
        &[
            (1, "STD", "W19"),
            (2, "MAX", "W20"),
            (3, "STD", "W19"),
            (4, "MAX", "W20"),
        ],
        100,
    );
    let car = config(&product, "MAX", "W19", "NORMAL");
    next.queues[1].insert(
        0,
        Waiting {
            order_number: 9,
            config: car,
            serial: Some(7),
        },
    );
    let orders = Orders {
        pulled: vec![1, 90],
        held: vec![0],
    };
    let choice = choose(
        &product,
        day(1),
        product.limits(day(1), None),
        &next,
        &orders,
    )
    .unwrap();
    assert_eq!(numbers(&choice), [9, 1, 2, 3]);
    assert_eq!(
        (
            choice.places[0].serial,
            choice.places[0].held,
            choice.places[1].pulled
        ),
        (Some(7), true, true)
    );
    assert_eq!(
        choice.built().map(|place| place.order).collect::<Vec<_>>(),
        [9, 2, 3]
    );
    let kept: Choice = serde_json::from_str(&serde_json::to_string(&choice).unwrap()).unwrap();
    assert_eq!(kept, choice);
}

#[test]
fn lots_and_serials_go_on_where_they_stopped() {
    let product = small();
    let configs = [
        config(&product, "STD", "W19", "NORMAL"),
        config(&product, "MAX", "W20", "NORMAL"),
    ];
    let layer = |lot: i64, units: i64| Layer {
        lot: LotNumber(lot),
        quantity: Quantity::from_units(units),
    };
    let layers = BTreeMap::from([
        (1, vec![layer(2_010_000_001, 2)]),
        (2, vec![layer(3_010_000_001, 1), layer(3_020_000_001, 1)]),
        (3, vec![layer(4_010_000_001, 4)]),
        (4, vec![layer(5_010_000_001, 3), layer(5_010_000_002, 1)]),
        (5, vec![layer(6_010_000_001, 1)]),
    ]);
    let reserved = Reserved {
        layers,
        sources: BTreeMap::new(),
    };
    let used = BTreeMap::from([(LotNumber(3_010_000_001), 4)]);
    let orders = shop_orders(&product, &configs);
    let reserved = with_own_lots(&product, &reserved, &orders, 3);
    assert_eq!(reserved.sources[&(7, 0)], "OWN");
    let record = issue(&product, 11, &configs, &reserved, &used).unwrap();
    let pieces: Vec<_> = record
        .serials
        .iter()
        .map(|piece| (piece.seq, piece.lot.0, piece.unit_no))
        .collect();
    assert_eq!(
        pieces,
        [
            (11, 3_010_000_001, 5),
            (12, 3_020_000_001, 1),
            (11, 8_000_000_003, 1),
            (12, 8_000_000_003, 2)
        ]
    );
    assert_eq!(
        record.used,
        BTreeMap::from([
            (LotNumber(3_010_000_001), 5),
            (LotNumber(3_020_000_001), 1),
            (LotNumber(8_000_000_003), 2)
        ])
    );
    let ranges: Vec<_> = record
        .ranges
        .iter()
        .map(|range| (range.lot.0, range.from_seq, range.to_seq))
        .collect();
    assert_eq!(
        ranges,
        [
            (2_010_000_001, 11, 12),
            (3_010_000_001, 11, 11),
            (3_020_000_001, 12, 12),
            (4_010_000_001, 11, 11),
            (5_010_000_001, 12, 12),
            (5_010_000_002, 12, 12),
            (6_010_000_001, 12, 12),
            (8_000_000_003, 11, 12),
        ]
    );
    let short = Reserved {
        layers: BTreeMap::from([(1, vec![layer(2_010_000_001, 1)])]),
        sources: BTreeMap::new(),
    };
    assert!(issue(&product, 11, &configs, &short, &BTreeMap::new()).is_err());
    assert_eq!(
        orders
            .iter()
            .map(|order| (order.item, order.made.milli()))
            .collect::<Vec<_>>(),
        [(7, 2000)]
    );
}

#[test]
fn numbers_follow_the_scheme() {
    let product = small();
    let number = vin(&product, 1, 123).unwrap();
    assert_eq!(
        (&number.as_str()[..8], &number.as_str()[9..]),
        ("LXMSU7C2", "RB000123")
    );
    assert!(vin(&product, 1, 1_000_000).is_err());
}

#[test]
fn a_vehicle_flows_through_its_shops_by_the_plants_clock() {
    let product = small();
    let clock = PlantClock::new(&product, &[(day(1), 2)]);
    let midnight = |n: i32| i64::from(day(n).epoch_day()) * 86_400;
    // The last of two MAX of day 1 is complete when its 20,000 s of work end.
    let last = Completed {
        variant: 1,
        on: day(1),
        place: 1,
        count: 2,
    };
    let stays: Vec<_> = clock
        .stays(last)
        .iter()
        .map(|stay| (stay.shop, stay.start - midnight(1), stay.end - midnight(1)))
        .collect();
    assert_eq!(
        stays,
        [
            (0, 19_400, 19_500),
            (1, 19_500, 19_800),
            (2, 19_750, 19_800),
            (3, 19_800, 20_000)
        ]
    );
    // The first vehicle of day 2 began on the evening of day 1.
    let next = Completed {
        variant: 0,
        on: day(2),
        place: 0,
        count: 100,
    };
    let first = clock.stays(next);
    assert_eq!(
        (first[0].start, first[0].end),
        (midnight(1) + 19_500, midnight(1) + 19_600)
    );
    assert_eq!(
        (first[1].start, first[1].end),
        (midnight(1) + 19_600, midnight(1) + 19_900)
    );
    assert_eq!(
        (first[3].start, first[3].end),
        (midnight(1) + 19_900, midnight(2) + 100)
    );
    assert_eq!(clock.horizon(day(1), 80_000), day(2));
    assert_eq!(clock.horizon(day(1), 10), day(1));
    let inside = clock.inside([last, next].into_iter(), day(1), 19_820);
    assert_eq!(inside, [0, 1, 0, 1]);
    // After the last shift everything stands where it is.
    assert_eq!(
        clock.inside([next].into_iter(), day(1), 80_000),
        [0, 0, 0, 1]
    );
}
