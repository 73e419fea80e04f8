//! Changes on a small car: breaks by date, by vehicle and by stock; the bill of material; what is left over; gates.
use super::*;
use crate::bom::{Bom, Item, Line};
use crate::feature::tests::features;
use crate::feature::{CHANGE_KEY, Condition, Config};
use proptest::prelude::*;
use takt_kernel::{ReasonCode, Share};

fn day(n: i32) -> Date {
    Date::from_epoch_day(n)
}

fn units(n: i64) -> Quantity {
    Quantity::from_units(n)
}

fn change(bit: u8, effectivity: Effectivity) -> Change {
    Change {
        bit,
        effectivity,
        since: None,
        old: vec![1],
    }
}

#[test]
fn a_change_counts_from_its_day_its_vehicle_or_the_first_it_was_seen_on() {
    let by_date = change(0, Effectivity::Date(day(10)));
    let by_build = change(1, Effectivity::Build(5));
    let all = [by_date.clone(), by_build];
    assert_eq!(changes_of(&all, day(9), 4), 0);
    assert_eq!(changes_of(&all, day(10), 4), 1);
    assert_eq!(changes_of(&all, day(9), 5), 2);
    assert_eq!(until_break(&all, 3), Some(2));
    assert_eq!(until_break(&all, 5), None);
    // Once there is a first vehicle it alone decides.
    let seen = Change {
        since: Some(7),
        ..by_date
    };
    assert_eq!(
        (seen.holds(day(99), 6), seen.holds(day(0), 7)),
        (Some(false), Some(true))
    );
    let runs_out = change(2, Effectivity::RunOut(day(10)));
    assert_eq!(
        (runs_out.holds(day(9), 1), runs_out.holds(day(10), 1)),
        (Some(false), None)
    );
}

#[test]
fn a_day_is_split_where_a_change_begins() {
    let all = [
        change(0, Effectivity::Build(14)),
        change(1, Effectivity::Date(day(2))),
    ];
    let breaks = Breaks::of(&all, 10, |_| None);
    let part = |changes, variant, units| Part {
        changes,
        variant,
        units,
    };
    // Build numbers 10 to 12, 13 to 16, 17 on.
    assert_eq!(
        breaks.parts(day(0), 0, &[2, 1]),
        [part(0, 0, 2), part(0, 1, 1)]
    );
    assert_eq!(
        breaks.parts(day(1), 3, &[2, 2]),
        [part(0, 0, 1), part(1, 0, 1), part(1, 1, 2)]
    );
    assert_eq!(breaks.parts(day(2), 7, &[0, 3]), [part(3, 1, 3)]);
    assert_eq!(Breaks::default().parts(day(0), 0, &[0, 4]), [part(0, 1, 4)]);
}

#[test]
fn an_old_part_covers_what_its_stock_covers_after_the_last_order() {
    let plan = FeasiblePlan {
        first: day(0),
        days: vec![vec![4]; 5],
    };
    let need = vec![units(8); 5];
    let covered = |from, available| covered(&plan, &need, day(from), units(available));
    // Two a vehicle. All of 11 pieces are used: 5 vehicles.
    assert_eq!(covered(0, 11), Some(5));
    // Until day 2 it is bought: 8 vehicles use 16 of 19, 3 are left for one vehicle more.
    assert_eq!(covered(2, 19), Some(9));
    // What is short until then is still ordered.
    assert_eq!(covered(2, 0), Some(8));
    assert_eq!(covered(0, 40), None);
}

fn car(amendment: Option<(&str, i64)>) -> Result<(Bom, Vec<Config>), Box<dyn std::error::Error>> {
    let all = features();
    let item = |id: &str, made| Item {
        id: id.into(),
        made,
        order_yield: Share::ONE,
    };
    let items = vec![
        item("CAR", true),
        item("OLD", false),
        item("NEW", false),
        item("BODY", false),
    ];
    let line = |child, qty| Line {
        parent: 0,
        child,
        qty: units(qty),
        condition: Condition::ALWAYS,
        component_scrap: Share(0),
    };
    let mut lines = vec![line(1, 4), line(3, 1)];
    if let Some((condition, ratio)) = amendment {
        let wanted = Replacement {
            parent: None,
            old: Some(1),
            new: Some(2),
            quantity: Quantity(ratio),
            condition: all.condition(condition)?,
        };
        lines = amend(lines, 0, &wanted);
    }
    let config = |text: &str| all.config(text);
    let configs = vec![
        config("VAR=STD;COLOR=BLUE;WHEEL=W19A;EDITION=NORMAL")?,
        config("VAR=STD;COLOR=BLUE;WHEEL=W20;EDITION=NORMAL")?,
        config("VAR=MAX;COLOR=BLUE;WHEEL=W20;EDITION=NORMAL")?,
    ];
    Ok((Bom::build(items, lines, 0)?, configs))
}

#[test]
fn a_vehicle_needs_the_old_part_or_the_new_one() -> Result<(), Box<dyn std::error::Error>> {
    let (bom, configs) = car(Some(("WHEEL=W20;VAR=STD", 500)))?;
    let parts = |config: Config, changes| {
        let needs = bom.requirement(config.with(CHANGE_KEY, changes));
        (needs.of(1), needs.of(2), needs.of(3))
    };
    for config in &configs {
        assert_eq!(parts(*config, 0), (units(4), units(0), units(1)));
    }
    assert_eq!(parts(configs[0], 1), (units(4), units(0), units(1)));
    assert_eq!(parts(configs[1], 1), (units(0), units(2), units(1)));
    assert_eq!(parts(configs[2], 1), (units(4), units(0), units(1)));
    // Another change's bit decides nothing here.
    assert_eq!(parts(configs[1], 2), (units(4), units(0), units(1)));
    assert!(bom.is_changed(1) && bom.is_changed(2) && !bom.is_changed(3));
    let (plain, _) = car(Some(("", 1000)))?;
    assert!(!plain.is_optional(1) && plain.is_changed(1));
    assert_eq!(configs[1].with(CHANGE_KEY, 63).ordered(), configs[1]);
    Ok(())
}

#[test]
fn open_orders_are_left_over_before_stock() {
    let left = |on_hand, open, need| leftover(units(on_hand), units(open), units(need));
    let want = |obsolete, liability| Leftover {
        obsolete: units(obsolete),
        liability: units(liability),
    };
    assert_eq!(left(10, 5, 12), want(0, 3));
    assert_eq!(left(10, 5, 8), want(2, 5));
    assert_eq!(left(10, 5, 20), want(0, 0));
}

#[test]
fn a_new_part_waits_for_approval_then_for_its_lead_time() {
    let source = |share, approval, weekly_capacity| NewSource {
        subject: "NEW.CATL".to_owned(),
        share: Share(share),
        lead_days: 39,
        approval,
        weekly_capacity,
    };
    let approved = source(350_000, Approval::From(day(0)), Some(units(4)));
    let got = gate(day(100), std::slice::from_ref(&approved), units(10));
    assert_eq!(got.first_possible, Some(day(140)));
    assert_eq!(
        (got.reasons.len(), got.reasons[0].code, got.reasons[0].until),
        (1, ReasonCode::AwaitSupply, Some(day(139)))
    );
    let later = source(350_000, Approval::From(day(110)), Some(units(4)));
    let got = gate(day(100), &[approved.clone(), later], units(10));
    assert_eq!(got.first_possible, Some(day(150)));
    assert_eq!(got.reasons[0].until, Some(day(149)));
    assert!(
        got.reasons
            .iter()
            .any(|r| r.code == ReasonCode::PpapNotApproved)
    );
    // 35 % of 12 pieces are 4.2, and the site makes 4.
    let got = gate(day(100), std::slice::from_ref(&approved), units(12));
    assert_eq!(got.first_possible, None);
    assert_eq!(
        (got.reasons[0].code, got.reasons[0].blocked),
        (ReasonCode::CapacityOverload, Quantity(200))
    );
    let nobody = source(1_000_000, Approval::Missing, None);
    let got = gate(day(100), &[nobody], units(1));
    assert_eq!((got.first_possible, got.complete), (None, false));
    // Who has no share is not waited for.
    let none = source(0, Approval::Missing, None);
    assert_eq!(
        gate(day(100), &[none], units(1)).first_possible,
        Some(day(100))
    );
}

proptest! {
    /// The parts of a day are its vehicles, and bits are never lost from one vehicle to the next.
    #[test]
    fn parts_are_the_vehicles_and_changes_stay(
        counts in proptest::collection::vec(proptest::collection::vec(0i64..6, 2), 1..12),
        breaks in proptest::collection::vec((0i64..40, 0i32..12, any::<bool>()), 0..6),
    ) {
        let changes: Vec<Change> = breaks.iter().enumerate().map(|(bit, (build, on, by_date))| {
            let effectivity = if *by_date { Effectivity::Date(day(*on)) } else { Effectivity::Build(build + 1) };
            change(bit as u8, effectivity)
        }).collect();
        let plan = Breaks::of(&changes, 1, |_| None);
        let (mut planned, mut seen) = (0, 0usize);
        for (at, counts) in counts.iter().enumerate() {
            let parts = plan.parts(day(at as i32), planned, counts);
            for (variant, units) in counts.iter().enumerate() {
                let of: i64 = parts.iter().filter(|p| p.variant == variant).map(|p| p.units).sum();
                prop_assert_eq!(of, *units);
            }
            let mut build = planned + 1;
            for part in &parts {
                prop_assert_eq!(part.changes & seen, seen);
                prop_assert_eq!(part.changes, changes_of(&changes, day(at as i32), build));
                seen = part.changes;
                build += part.units;
            }
            planned += counts.iter().sum::<i64>();
        }
    }
}
