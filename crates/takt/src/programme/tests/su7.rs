//! The built-in programme, number by number against RULES.md and what the files say at a glance.
use super::{built_in, programme};
use crate::programme::{FeatureRule, Measure, PeerSpan, SequenceRule, WorldKind};
use takt_kernel::{Amount, Currency, Date, ItemId, Quantity, Share, Unit, Vin};

fn date(text: &str) -> Date {
    Date::parse(text).expect("a date")
}

#[test]
fn it_is_right_and_nothing_looks_wrong() {
    let p = programme(&built_in());
    assert_eq!(p.warnings.to_string(), "");
    let counts = [
        p.items.len(),
        p.bom.len(),
        p.operations.len(),
        p.suppliers.len(),
        p.links.len(),
        p.nodes.len(),
        p.lanes.len(),
        p.materials.len(),
        p.days.len(),
        p.orders.len(),
        p.stakes.len(),
        p.recalls.len(),
        p.service_cases.len(),
        p.sequence_rules.len(),
        p.co2_factors.len(),
        p.world.len(),
        p.milestones.len(),
    ];
    assert_eq!(
        counts,
        [
            412, 451, 60, 153, 539, 497, 152, 58, 234, 231, 21, 14, 16, 7, 8, 61, 18
        ]
    );
    assert_eq!(p.items.iter().filter(|item| !item.make).count(), 339);
    assert_eq!((p.inbound().count(), p.outbound().count()), (73, 79));
}

#[test]
fn dates_and_volumes_are_those_of_the_rules() {
    let p = programme(&built_in());
    assert_eq!(
        (p.id.as_str(), p.final_item.as_str(), p.plant.id.as_str()),
        ("su7", "SU7", "XIAOMI")
    );
    assert_eq!(
        (p.order_from, p.day_zero),
        (date("2023-12-17"), date("2024-03-28"))
    );
    assert_eq!(
        (p.plan_last, p.first_handover),
        (date("2024-11-13"), date("2024-04-03"))
    );
    assert_eq!(p.plan_last.days_since(p.day_zero), 230);
    let planned = |place: usize| p.days.iter().map(|day| day.planned[place]).sum::<i64>();
    assert_eq!(
        (p.vehicles, planned(0), planned(1), planned(2)),
        (100_000, 28_000, 29_000, 43_000)
    );
    assert_eq!(p.orders.iter().map(|day| day.locked).sum::<i64>(), 189_063);
    let (first, second) = (&p.days[0], &p.days[100]);
    assert_eq!(
        (first.on, first.shifts, first.shift_ms, first.capacity),
        (date("2024-03-29"), 1, 37_800_000, 420)
    );
    assert_eq!((second.shifts, second.published_delivered), (2, Some(650)));
    assert_eq!((p.plant.takt_ms, p.plant.shops.len()), (76_000, 6));
}

#[test]
fn items_sources_and_the_bill_keep_their_exact_figures() {
    let p = programme(&built_in());
    let item = p
        .item(&ItemId::parse("UBF-03").expect("an id"))
        .expect("an item");
    let suppliers: Vec<_> = item
        .agreements
        .iter()
        .map(|a| (a.supplier.as_str(), a.share))
        .collect();
    assert_eq!(
        suppliers,
        [("XUSHENG", Share(600_000)), ("TUOPU", Share(400_000))]
    );
    let vehicle = p.item(&p.final_item).expect("the vehicle");
    assert!(vehicle.make && vehicle.agreements.is_empty());
    assert_eq!(
        (vehicle.mass_mg, vehicle.unit_cost.micros),
        (1_962_985_000, 19_280_740_000)
    );
    let serials: Vec<_> = p
        .items
        .iter()
        .filter(|item| item.serial)
        .map(|item| item.id.as_str())
        .collect();
    assert_eq!(serials.len(), 10);
    let line = p
        .bom
        .iter()
        .find(|line| line.condition.to_string() == "VAR=STD,PRO")
        .expect("a line");
    assert!(line.condition.holds(|key| (key == "VAR").then_some("PRO")));
    assert!(!line.condition.holds(|key| (key == "VAR").then_some("MAX")));
    let coil = p
        .bom
        .iter()
        .find(|line| line.qty == Quantity(3200))
        .expect("a line of 3.2");
    assert_eq!(p.item(&coil.child).expect("its child").unit, Unit::Kilogram);
}

#[test]
fn the_offer_is_read_whole() {
    let p = programme(&built_in());
    let ids: Vec<_> = p
        .variants
        .iter()
        .map(|v| (v.id.as_str(), v.share.millionths(), v.vds.as_str()))
        .collect();
    assert_eq!(
        ids,
        [
            ("STD", 280_000, "SU7A1"),
            ("PRO", 290_000, "SU7B1"),
            ("MAX", 430_000, "SU7C2")
        ]
    );
    assert_eq!(
        p.variants[0].list_price,
        Amount::new(21_590_000, Currency::CNY)
    );
    assert_eq!(p.variants[2].reference.len(), 5);
    assert!(
        p.variants[2]
            .attributes
            .contains(&("motor_kw".into(), "275, 220".into()))
    );
    let keys: Vec<_> = p
        .features
        .iter()
        .map(|feature| feature.key.as_str())
        .collect();
    assert_eq!(keys, ["COLOR", "WHEEL", "INT", "EDITION"]);
    assert_eq!(p.features[0].values.len(), 9);
    let orange = p.features[0]
        .values
        .iter()
        .find(|v| v.id.as_str() == "LAVA_ORANGE")
        .expect("a colour");
    assert_eq!(orange.surcharge, Some(Amount::new(700_000, Currency::CNY)));
    let FeatureRule::SharesByVariant(wheels) = &p.features[1].rule else {
        unreachable!("wheels go by variant")
    };
    assert_eq!(
        wheels[2],
        [
            Share(180_000),
            Share(320_000),
            Share(360_000),
            Share(140_000)
        ]
    );
    let FeatureRule::First {
        vehicles,
        variants,
        value,
        others,
    } = &p.features[3].rule
    else {
        unreachable!("editions go by a rule")
    };
    assert_eq!(
        (*vehicles, variants.len(), *value, *others),
        (5_000, 2, 0, 1)
    );
    let names: Vec<_> = p.features[3]
        .values
        .iter()
        .map(|value| value.id.as_str())
        .collect();
    assert_eq!(names, ["FOUNDERS", "NORMAL"]);
    let v = &p.vin;
    let vin = Vin::assemble(
        &v.wmi,
        &p.variants[0].vds,
        v.model_year,
        v.plant_code,
        1,
        v.serial_digits,
    );
    assert_eq!(vin.map(|vin| vin.serial()), Ok(Some(1)));
}

#[test]
fn the_programme_formula_has_its_figures() {
    let p = programme(&built_in());
    let e = p.economics.expect("economics");
    assert_eq!(e.variable_conversion.micros, 2_300_000_000);
    assert_eq!(e.fixed_per_month, Amount::new(1_050_000_000, Currency::USD));
    let q2 = &e.quarters[0];
    assert_eq!(
        (q2.quarter.as_str(), q2.deliveries, q2.average_price.micros),
        ("2024Q2", 27_307, 31_756_000_000)
    );
    assert_eq!(
        q2.operating_per_month,
        Amount::new(12_750_000_000, Currency::USD)
    );
    assert_eq!(
        q2.reported_result.map(|price| price.micros),
        Some(-9_200_000_000)
    );
    let q3 = &e.quarters[1];
    assert_eq!(
        (q3.quarter.as_str(), q3.deliveries, q3.average_price.micros),
        ("2024Q3", 39_790, 33_146_000_000)
    );
    assert_eq!(
        q3.operating_per_month,
        Amount::new(14_600_000_000, Currency::USD)
    );
    assert_eq!(
        p.variants[0].net_price.map(|price| price.micros),
        Some(26_536_000_000)
    );
}

#[test]
fn what_was_published_stands_beside_it() {
    let p = programme(&built_in());
    let ten = p
        .milestones
        .iter()
        .find(|m| m.on == date("2024-04-29"))
        .expect("a milestone");
    assert_eq!(
        (ten.figures[0].measure, ten.figures[0].value),
        (Some(Measure::Produced), 10_000)
    );
    assert_eq!(
        p.published_months
            .iter()
            .map(|month| month.vehicles)
            .sum::<i64>(),
        139_487
    );
    assert_eq!(p.peers[1].span, PeerSpan::MilliYears(1_900));
    assert!(p.stakes.iter().all(|stake| stake.source_kind != "rejected"));
    assert_eq!(p.stakes[1].share, Some(Share(22_826)));
    let jan = p
        .recalls
        .iter()
        .find(|recall| recall.on.text == "2021-02")
        .expect("a recall");
    assert_eq!(
        (jan.on.first, jan.on.last),
        (date("2021-02-01"), date("2021-02-28"))
    );
    assert_eq!(
        p.world_number(WorldKind::Lateness, "chip", "probability"),
        Some(120_000)
    );
    assert_eq!(p.world_number(WorldKind::BadLot, "TH-09", "supplier"), None);
    let high = p
        .sequence_rules
        .iter()
        .filter(|rule| matches!(rule, SequenceRule::Ratio { high: true, .. }));
    assert_eq!(high.count(), 2);
}
