//! Call-offs on an example that was worked by hand and stands in the documentation, and the rules that hold for all.
use super::*;
use proptest::prelude::*;

fn day(n: i32) -> Date {
    Date::from_epoch_day(19_800 + n)
}

fn units(n: i64) -> Quantity {
    Quantity::from_units(n)
}

fn due(on: i32, quantity: i64, is_ordered: bool) -> Due {
    Due {
        on: day(on),
        quantity: units(quantity),
        is_ordered,
    }
}

fn zones(firm: i32, fabrication: i32, material: i32) -> Zones {
    Zones::new(firm, fabrication, material).unwrap_or(Zones {
        firm: 0,
        fabrication: 0,
        material: 0,
    })
}

/// 1,000 received since the reset date, 200 under way; zones of 5, 15 and 30 days.
fn example() -> CallOff {
    let progress = Progress {
        shipped: units(1200),
        received: units(1000),
    };
    let all = [
        due(-1, 50, true),
        due(2, 200, true),
        due(4, 100, false),
        due(12, 150, false),
        due(25, 120, false),
        due(40, 80, false),
    ];
    call_off(day(0), zones(5, 15, 30), progress, all)
}

#[test]
fn the_example_of_the_page() {
    let release = example();
    let lines: Vec<(i32, Zone, i64, i64)> = release
        .lines
        .iter()
        .map(|line| {
            (
                line.on.days_since(day(0)),
                line.zone,
                line.quantity.milli() / 1000,
                line.cumulative.milli() / 1000,
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            (-1, Zone::Firm, 50, 1050),
            (2, Zone::Firm, 200, 1250),
            (4, Zone::Firm, 100, 1350),
            (12, Zone::Fabrication, 150, 1500),
            (25, Zone::Material, 120, 1620),
            (40, Zone::Forecast, 80, 1700),
        ]
    );
    assert_eq!(release.backlog, units(50));
    assert_eq!(release.progress.in_transit(), units(200));
    assert_eq!(release.to_ship(), units(500));
    assert_eq!(
        release.authorised,
        Authorised {
            fabrication: units(1500),
            material: units(1620)
        }
    );
    let owed = release.authorised.owed(release.progress);
    assert_eq!(
        owed,
        Owed {
            in_transit: units(200),
            finished: units(300),
            raw: units(120)
        }
    );
    // The table of the page is this one.
    let page = include_str!("../../../../docs/call-offs.md");
    for (on, zone, quantity, cumulative) in lines {
        let row = format!("| {on} | {zone:?} | {quantity} | {cumulative} |");
        let row = row.to_lowercase();
        assert!(page.contains(&row), "docs/call-offs.md has no row {row}");
    }
}

#[test]
fn a_smaller_release_takes_the_place_of_the_larger_and_takes_nothing_back() {
    let first = example();
    let second = call_off(
        day(1),
        zones(5, 15, 30),
        first.progress,
        [due(2, 200, true)],
    );
    assert_eq!(second.to_ship(), units(0));
    let authorised = first.authorised.raised(second.authorised);
    assert_eq!(authorised, first.authorised);
    let owed = authorised.owed(second.progress);
    assert_eq!((owed.finished, owed.raw), (units(300), units(120)));
    // From a new reset date on the 1,200 that were shipped are counted no more, and the same is owed.
    let anew = authorised.since(units(1200)).owed(Progress::default());
    assert_eq!((anew.finished, anew.raw), (owed.finished, owed.raw));
}

#[test]
fn zones_lie_inside_each_other() {
    assert!(Zones::new(5, 4, 30).is_none() && Zones::new(-1, 4, 30).is_none());
    assert!(Zones::new(0, 0, 3651).is_none() && Zones::new(0, 0, 0).is_some());
}

fn some_due() -> impl Strategy<Value = Vec<Due>> {
    let one = (-10i32..60, -5i64..90, any::<bool>());
    prop::collection::vec(
        one.prop_map(|(on, quantity, ordered)| due(on, quantity, ordered)),
        0..25,
    )
}

proptest! {
    #[test]
    fn cumulatives_add_up_and_every_zone_is_inside_the_next(
        all in some_due(),
        received in 0i64..500,
        under_way in 0i64..200,
        cuts in (0i32..20, 0i32..20, 0i32..20),
    ) {
        let progress = Progress { shipped: units(received + under_way), received: units(received) };
        let zones = zones(cuts.0, cuts.0 + cuts.1, cuts.0 + cuts.1 + cuts.2);
        let release = call_off(day(0), zones, progress, all.iter().copied());
        let asked: i64 = all.iter().map(|due| due.quantity.milli().max(0)).sum();
        let mut through = progress.received.milli();
        for line in &release.lines {
            through += line.quantity.milli();
            prop_assert_eq!(line.cumulative.milli(), through);
            prop_assert!(line.quantity.milli() > 0);
        }
        prop_assert_eq!(through, progress.received.milli() + asked);
        prop_assert!(release.lines.is_sorted_by_key(|line| (line.on, line.zone)));
        let authorised = release.authorised;
        prop_assert!(progress.received <= authorised.fabrication && authorised.fabrication <= authorised.material);
        prop_assert!(authorised.material.milli() <= through);
        prop_assert_eq!(release.to_ship().milli(), through - progress.shipped.milli());
        // The order in which it is told does not matter.
        let turned = call_off(day(0), zones, progress, all.iter().rev().copied());
        prop_assert_eq!(turned, release);
    }

    /// A notice that is lost leaves the cumulative of what was shipped, and what it held is to be shipped anew.
    #[test]
    fn what_is_lost_comes_back_into_the_demand(all in some_due(), received in 0i64..500, lost in 1i64..200, again in 1i32..60) {
        let zones = zones(5, 10, 20);
        let before = Progress { shipped: units(received + lost), received: units(received) };
        let with = all.iter().copied().chain([due(1, lost, true)]);
        let first = call_off(day(0), zones, before, with);
        let after = Progress { shipped: units(received), received: units(received) };
        let anew = all.iter().copied().chain([due(again, lost, false)]);
        let second = call_off(day(0), zones, after, anew);
        let (first, second) = (first.to_ship().milli(), second.to_ship().milli());
        prop_assert_eq!(second - first, units(lost).milli());
    }

    #[test]
    fn nothing_more_is_owed_than_was_authorised_and_shipping_pays_it_off(
        fabrication in 0i64..900, more in 0i64..300, shipped in 0i64..1500, received in 0i64..1500, next in 0i64..900,
    ) {
        let received = received.min(shipped);
        let authorised = Authorised { fabrication: units(fabrication), material: units(fabrication + more) };
        let progress = Progress { shipped: units(shipped), received: units(received) };
        let owed = authorised.owed(progress);
        prop_assert_eq!(owed.finished.milli() + owed.raw.milli(), (authorised.material.milli() - progress.shipped.milli()).max(0));
        let raised = authorised.raised(Authorised { fabrication: units(next), material: units(next) });
        prop_assert!(raised.owed(progress).finished >= owed.finished);
        prop_assert!(raised.fabrication <= raised.material);
        let later = Progress { shipped: units(shipped + 10), received: units(received) };
        prop_assert!(authorised.owed(later).finished <= owed.finished);
        let reset = authorised.since(progress.shipped).owed(Progress::default());
        prop_assert_eq!((reset.finished, reset.raw), (owed.finished, owed.raw));
    }
}
