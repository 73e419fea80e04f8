//! Two programmes on one plant: the derived one by itself, and both as one book.
use super::built_in;
use crate::offline::Offline;
use crate::programme::compose::compose;
use crate::programme::{Folder, Programme, parse};
use std::collections::BTreeMap;
use takt_kernel::Quantity;
use takt_planning::bom::NeedCache;
use takt_planning::option_plan::{Forecast, founders_left, requirements};
use takt_planning::ramp::{feasible_plan, material_plan};

fn read(source: &str) -> Programme {
    let folder = Folder::open(source).expect("it is built in");
    parse(&folder).unwrap_or_else(|problems| panic!("{source}: {problems}"))
}

fn offline(programme: &Programme) -> Offline {
    Offline::new(programme.clone(), programme.clone()).expect("it can be computed with")
}

/// What a programme needs of every bought item until its last vehicle.
fn needed(programme: &Programme) -> BTreeMap<String, Quantity> {
    let offline = offline(programme);
    let left = offline.founders.map_or_else(Vec::new, |founders| {
        founders_left(founders, 0, &offline.variant_shares)
    });
    let forecast = Forecast {
        attributes: &offline.attributes,
        founders: offline.founders,
        founders_left: &left,
    };
    let plan = material_plan(&offline.ramp, &[], offline.first(), &offline.schedule);
    let mut cache = NeedCache::default();
    let needed = requirements(&offline.bom, &mut cache, &plan, &[], forecast);
    let sums = needed.by_item.iter().enumerate().map(|(item, series)| {
        let sum = series.iter().map(|need| need.milli()).sum();
        (offline.item_id(item).to_owned(), Quantity(sum))
    });
    sums.filter(|(_, sum)| !sum.is_zero()).collect()
}

#[test]
fn the_yu7_is_the_su7_with_differences() {
    let (su7, yu7) = (read("su7"), read("yu7"));
    assert_eq!((yu7.vehicles, yu7.variants.len()), (10_000, 3));
    let price = |programme: &Programme| programme.variants[0].list_price.minor;
    assert_eq!(price(&yu7), 25_350_000);
    let has =
        |programme: &Programme, id: &str| programme.items.iter().any(|item| item.id.as_str() == id);
    // It has packs of 94 kWh and more alone, and parts of its own.
    assert!(has(&su7, "BS-01") && !has(&yu7, "BS-01"));
    assert!(!has(&yu7, "AD-02") && has(&yu7, "AD-02-Y") && has(&yu7, "BM-01"));
    let front = yu7
        .bom
        .iter()
        .find(|line| line.child.as_str() == "EDF-B")
        .expect("some have two motors");
    assert_eq!(front.condition.to_string(), "VAR=YPRO,YMAX");
    assert_ne!(
        Folder::open("yu7").expect("built in").programme_hash(),
        built_in().programme_hash()
    );
}

#[test]
fn one_net_requirement_is_the_sum_of_the_two() {
    let both = read("su7+yu7");
    assert_eq!(
        (both.id.as_str(), both.vehicles, both.variants.len()),
        ("su7-yu7", 110_000, 6)
    );
    let mut sum = needed(&read("su7"));
    for (item, need) in needed(&read("yu7")) {
        sum.entry(item).or_default().0 += need.milli();
    }
    let together = needed(&both);
    let differ: Vec<_> = together
        .iter()
        .filter(|(item, need)| sum.get(*item) != Some(need))
        .collect();
    assert!(
        differ.is_empty() && sum.len() == together.len(),
        "{differ:?}"
    );
    // Each model has a windscreen of its own.
    assert_eq!(together["GL-01"].milli() / 1000, 100_000);
    assert_eq!(together["GL-01-Y"].milli() / 1000, 10_000);
}

#[test]
fn both_are_built_within_the_capacity_of_one_line() {
    let both = offline(&read("su7+yu7"));
    let plan = feasible_plan(&both.ramp, &[], both.first(), &both.schedule);
    let mut built = [0i64; 6];
    for (day, counts) in (0..).zip(&plan.days) {
        let on = plan.first.plus(day);
        assert!(
            counts.iter().sum::<i64>() <= both.schedule.limits(on).total(),
            "{on}"
        );
        built
            .iter_mut()
            .zip(counts)
            .for_each(|(built, count)| *built += count);
    }
    assert_eq!(
        (
            built[..3].iter().sum::<i64>(),
            built[3..].iter().sum::<i64>()
        ),
        (100_000, 10_000)
    );
}

#[test]
fn what_two_programmes_say_of_one_thing_is_the_same_or_refused_by_field() {
    let (su7, mut yu7) = (read("su7"), read("yu7"));
    let shared = yu7
        .items
        .iter_mut()
        .find(|item| item.id.as_str() == "BM-01")
        .expect("shared");
    shared.lot_size = Quantity::from_units(7);
    yu7.days[3].capacity += 1;
    yu7.operations[0].cycle_ms += 1;
    let refused = compose(vec![su7.clone(), yu7])
        .expect_err("they contradict each other")
        .to_string();
    for what in [
        "item BM-01: lot_size",
        "capacity differs",
        "cycle_time_s differs",
    ] {
        assert!(refused.contains(what), "{what}: {refused}");
    }
    let twice = compose(vec![su7.clone(), su7]).expect_err("a programme is not beside itself");
    assert!(
        twice.to_string().contains("variant STD is there twice"),
        "{twice}"
    );
}
