//! RULES 10: a programme for fewer or more vehicles.
use super::{built_in, programme};
use crate::programme::{FeatureRule, Programme};
use takt_kernel::{ItemId, Quantity};

fn lot(p: &Programme, id: &str) -> Quantity {
    p.item(&ItemId::parse(id).expect("an id"))
        .expect("an item")
        .lot_size
}

fn planned(p: &Programme, place: usize, days: usize) -> i64 {
    p.days.iter().take(days).map(|day| day.planned[place]).sum()
}

#[test]
fn a_thousand_vehicles_are_a_hundredth_at_every_date() {
    let whole = programme(&built_in());
    let p = whole.scaled(1_000, true);
    assert_eq!(
        (
            p.vehicles,
            planned(&p, 0, 999),
            planned(&p, 1, 999),
            planned(&p, 2, 999)
        ),
        (1_000, 280, 290, 430)
    );
    for days in [1, 32, 33, 100, 229] {
        for place in 0..3 {
            assert_eq!(
                planned(&p, place, days),
                planned(&whole, place, days) / 100,
                "{place} by day {days}"
            );
        }
        let capacity = |p: &Programme| {
            p.days
                .iter()
                .take(days)
                .map(|day| day.capacity)
                .sum::<i64>()
        };
        assert_eq!(capacity(&p), capacity(&whole) / 100);
    }
    assert_eq!(p.orders.iter().map(|day| day.locked).sum::<i64>(), 1_890);
    assert_eq!(
        (p.plan_last, p.days.len(), p.days[0].shifts),
        (whole.plan_last, 234, 1)
    );
    let founders = p.features.iter().find_map(|feature| match feature.rule {
        FeatureRule::First { vehicles, .. } => Some(vehicles),
        _ => None,
    });
    assert_eq!(founders, Some(50));
    let produced = p
        .milestones
        .iter()
        .flat_map(|m| &m.figures)
        .filter(|f| f.name == "cum_produced");
    assert_eq!(
        produced.map(|figure| figure.value).collect::<Vec<_>>(),
        [100, 1_000]
    );
    assert_eq!(p.economics, whole.economics);
}

#[test]
fn lots_shrink_to_whole_units_unless_told_otherwise() {
    let whole = programme(&built_in());
    let (scaled, as_is) = (whole.scaled(1_000, true), whole.scaled(1_000, false));
    for item in &whole.items {
        let want = (item.lot_size.milli() + 99_999) / 100_000;
        assert_eq!(
            lot(&scaled, item.id.as_str()),
            Quantity::from_units(want.max(1)),
            "{}",
            item.id
        );
        assert_eq!(lot(&as_is, item.id.as_str()), item.lot_size);
    }
}

#[test]
fn the_same_number_changes_nothing_and_a_larger_one_grows() {
    let whole = programme(&built_in());
    let same = whole.scaled(100_000, true);
    assert_eq!(
        (&same.days, &same.orders, &same.items),
        (&whole.days, &whole.orders, &whole.items)
    );
    let double = whole.scaled(200_000, true);
    assert_eq!(
        double.orders.iter().map(|day| day.locked).sum::<i64>(),
        378_126
    );
    assert_eq!(planned(&double, 2, 999), 86_000);
    assert_eq!(whole.scaled(u32::MAX, true).vehicles, i64::from(u32::MAX));
    assert_eq!(planned(&whole.scaled(0, true), 2, 999), 0);
}
