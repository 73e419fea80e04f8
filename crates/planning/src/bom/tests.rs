//! Hand-computed explosions, and random bills of material against the plain recursive definition.
use super::*;
use crate::feature::{Config, tests::features};
use proptest::prelude::*;

fn item(id: &str, made: bool) -> Item {
    Item {
        id: id.into(),
        made,
        order_yield: Share::ONE,
    }
}

fn line(parent: usize, child: usize, milli: i64) -> Line {
    let (qty, condition) = (Quantity(milli), Condition::ALWAYS);
    Line {
        parent,
        child,
        qty,
        condition,
        component_scrap: Share(0),
    }
}

fn small() -> (Vec<Item>, Vec<Line>) {
    let items = vec![
        item("CAR", true),
        item("BODY", true),
        item("STEEL", false),
        item("BOLT", false),
    ];
    (
        items,
        vec![
            line(0, 1, 2000),
            line(1, 2, 8289),
            line(1, 3, 3000),
            line(0, 3, 1000),
        ],
    )
}

#[test]
fn a_small_car_by_hand() -> Result<(), BomError> {
    let (items, lines) = small();
    let bom = Bom::build(items, lines, 0)?;
    let needs = bom.requirement(Config(0));
    assert_eq!(needs.base, vec![(2, Quantity(16_578)), (3, Quantity(7000))]);
    assert_eq!(needs.made, vec![(1, Quantity(2000))]);
    assert_eq!((bom.level(0), bom.level(1), bom.level(3)), (0, 1, 2));
    assert_eq!(bom.where_used(3).len(), 2);
    assert_eq!(bom.ancestors(2), vec![0, 1]);
    Ok(())
}

#[test]
fn scrap_and_yield_raise_the_need() -> Result<(), BomError> {
    let (mut items, mut lines) = small();
    lines[1].component_scrap = Share(100_000); // 16.578 / 0.9 = 18.42
    items[1].order_yield = Share(800_000); // body 2 / 0.8 = 2.5: bolts 7.5 + 1, steel 18.42 / 0.8 = 23.025
    let needs = Bom::build(items, lines, 0)?.requirement(Config(0));
    assert_eq!(needs.base, vec![(2, Quantity(23_025)), (3, Quantity(8500))]);
    assert_eq!(
        release_quantity(Quantity::from_units(97), Share(970_000)),
        Some(Quantity::from_units(100))
    );
    assert_eq!(
        release_quantity(Quantity::from_units(98), Share(970_000)),
        Some(Quantity::from_units(102))
    );
    assert_eq!(release_quantity(Quantity::from_units(1), Share(0)), None);
    Ok(())
}

#[test]
fn a_third_and_back_is_whole_and_a_crumb_is_never_lost() -> Result<(), BomError> {
    let (items, mut lines) = small();
    lines[0] = line(0, 1, 2000);
    lines[0].component_scrap = Share(700_000); // 2 / 0.3 bodies, three bolts each: exactly 20
    lines[1] = line(1, 2, 1); // 0.00667 kg
    lines.pop();
    let needs = Bom::build(items, lines, 0)?.requirement(Config(0));
    assert_eq!(needs.base, vec![(2, Quantity(7)), (3, Quantity(20_000))]);
    Ok(())
}

#[test]
fn options_decide_and_variants_are_known() -> Result<(), Box<dyn std::error::Error>> {
    let all = features();
    let (items, mut lines) = small();
    lines[1].condition = all.condition("WHEEL=W21")?;
    lines[3].condition = all.condition("VAR=PRO,MAX")?;
    let bom = Bom::build(items, lines, 0)?;
    let needs = |text: &str| all.config(text).map(|config| bom.requirement(config));
    let max = needs("VAR=MAX;COLOR=BLUE;WHEEL=W21;EDITION=NORMAL")?;
    assert_eq!(
        (max.option.clone(), max.of(3)),
        (vec![(2, Quantity(16_578))], Quantity(7000))
    );
    let standard = needs("VAR=STD;COLOR=BLUE;WHEEL=W20;EDITION=NORMAL")?;
    assert_eq!(
        (standard.of(2), standard.of(3)),
        (Quantity::ZERO, Quantity(6000))
    );
    assert!(bom.is_optional(2) && !bom.is_optional(3) && bom.is_used_by(2, 0));
    Ok(())
}

#[test]
fn refusals_name_what_is_wrong() {
    let (items, lines) = small();
    let with = |extra: Line| {
        let all = lines.iter().cloned().chain([extra]).collect();
        Bom::build(items.clone(), all, 0)
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    };
    let mut looped = items.clone();
    looped[2].made = true;
    let around = Bom::build(
        looped,
        lines.iter().cloned().chain([line(2, 1, 1)]).collect(),
        0,
    );
    assert_eq!(
        around.err().map(|e| e.to_string()).unwrap_or_default(),
        "the bill of material has a cycle: BODY > STEEL > BODY"
    );
    assert!(with(line(2, 3, 1)).contains("STEEL is bought"));
    assert!(with(line(1, 9, 1)).contains("names item 9"));
    assert!(with(line(0, 3, 0)).contains("qty of BOLT"));
    assert!(with(line(0, 3, i64::MAX)).contains("nine million units of BOLT"));
}

proptest! {
    /// Lines run from a lower to a higher index, so any such set is free of cycles.
    #[test]
    fn explosion_equals_the_recursive_definition(
        edges in proptest::collection::vec((0usize..9, 1usize..10, 1i64..5, 0u8..4), 1..40),
        variant in 0usize..3,
    ) {
        let items = (0..10).map(|n| item(&n.to_string(), n < 9)).collect::<Vec<_>>();
        let all = features();
        let texts = ["", "VAR=STD", "VAR=PRO,MAX", "VAR=MAX"];
        let lines = edges.iter().filter(|(from, to, ..)| from < to).map(|(from, to, units, when)| Line {
            condition: all.condition(texts[usize::from(*when)]).unwrap_or_default(),
            ..line(*from, *to, units * 1000)
        }).collect::<Vec<_>>();
        let config = Config(0).with(0, variant);
        fn need(lines: &[Line], config: Config, at: usize) -> i64 {
            if at == 0 { return 1; }
            let into = lines.iter().filter(|l| l.child == at && l.condition.holds(config));
            into.map(|l| l.qty.milli() / 1000 * need(lines, config, l.parent)).sum()
        }
        if let Ok(bom) = Bom::build(items, lines.clone(), 0) {
            prop_assert_eq!(bom.requirement(config).of(9), Quantity::from_units(need(&lines, config, 9)));
            for l in &lines {
                prop_assert!(bom.level(l.parent) < bom.level(l.child));
            }
        }
    }
}
