//! A small product that has everything: a made level, an item for one variant, options, an edition, serials.

use std::collections::BTreeMap;

use takt_contract::{
    common::v1::{self as pb, programme_row::Row},
    date_pb,
};
use takt_kernel::{Currency, Date, Price, Quantity, Share, Violations};
use takt_planning::feature::Config;

use super::{
    BomLine, DayEntry, Item, Product, Programme, Shop,
    master::{OperationPart, OptionPart, Parts, VariantPart},
};

/// Day 1 of the small programme.
pub(crate) fn day(n: i32) -> Date {
    Date::parse("2024-03-28").unwrap().plus(n)
}

const ITEMS: [(&str, bool, &str, bool); 8] = [
    ("CAR", true, "FA", false),
    ("BODY", false, "BW", false),
    ("PACK", false, "BT", true),
    ("W19", false, "FA", false),
    ("W20", false, "FA", false),
    ("AWD", false, "FA", false),
    ("TRIM", false, "FA", false),
    ("PAINTED", true, "PT", true),
];

const LINES: [(&str, &str, i64, &str); 7] = [
    ("CAR", "PAINTED", 1000, ""),
    ("PAINTED", "BODY", 1000, ""),
    ("CAR", "PACK", 1000, ""),
    ("CAR", "W19", 4000, "WHEEL=W19"),
    ("CAR", "W20", 4000, "WHEEL=W20"),
    ("CAR", "AWD", 1000, "VAR=MAX"),
    ("CAR", "TRIM", 1000, "EDITION=FOUNDERS"),
];

fn options() -> Vec<OptionPart> {
    let mut parts = Vec::new();
    for (variant, w19) in [("STD", 750_000), ("MAX", 500_000)] {
        for (key, number, value, share) in [
            ("WHEEL", 1, "W19", w19),
            ("WHEEL", 2, "W20", 1_000_000 - w19),
            ("EDITION", 1, "NORMAL", 950_000),
            ("EDITION", 2, "FOUNDERS", 100_000),
        ] {
            parts.push(OptionPart {
                key: key.into(),
                number,
                value: value.into(),
                variant_id: variant.into(),
                share,
            });
        }
    }
    parts
}

/// The parts of the small product: 10 days with 2 STD and 2 MAX wanted on each.
pub(crate) fn parts() -> Parts {
    let item = |(number, (id, made, shop, serialised)): (i64, &(&str, bool, &str, bool))| {
        let item = Item {
            item_id: (*id).into(),
            name: format!("the {id}"),
            group: "parts".into(),
            unit_code: "H87".into(),
            made: *made,
            shop_id: (*shop).into(),
            unit_cost: Price::new(
                if *made {
                    999_000_000
                } else {
                    number * 1_000_000
                },
                Currency::USD,
            ),
            serialised: *serialised,
            order_yield: Share::ONE,
        };
        (number, item)
    };
    let line = |(parent, child, quantity, condition): &(&str, &str, i64, &str)| BomLine {
        parent: (*parent).into(),
        child: (*child).into(),
        quantity: *quantity,
        condition: (*condition).into(),
        component_scrap: 0,
    };
    let reference = |wheel: &str| {
        BTreeMap::from([
            ("WHEEL".to_owned(), wheel.to_owned()),
            ("EDITION".to_owned(), "NORMAL".to_owned()),
        ])
    };
    let variant = |number: i64, id: &str, vds: &str, share: i64, wheel: &str| VariantPart {
        number,
        variant_id: id.into(),
        vin_vds: vds.into(),
        share,
        reference: reference(wheel),
    };
    let operation =
        |id: &str, shop: &str, variants: &[&str], cycle: i64, flow: i64| OperationPart {
            operation_id: id.into(),
            shop_id: shop.into(),
            variant_ids: variants.iter().map(|id| (*id).to_owned()).collect(),
            cycle_millis: cycle,
            flow_millis: flow,
            stations: 1,
        };
    Parts {
        changes: Vec::new(),
        together: Vec::new(),
        programme: Some(Programme {
            programme_id: "small".into(),
            name: "Small".into(),
            plant_id: "PLANT".into(),
            plant_supplier_id: "OWN".into(),
            time_zone: "Asia/Shanghai".into(),
            launch_on: day(0),
            order_from: day(-30),
            first_handover_on: day(2),
            last_plan_on: day(10),
            vehicle_item_id: "CAR".into(),
            vehicle_count: 40,
            scale_vehicles: 100_000,
            takt_millis: 1_000_000,
            shift_seconds: 10_000,
            vin_wmi: "LXM".into(),
            vin_model_year: "R".into(),
            vin_plant_code: "B".into(),
            priority_option: "EDITION".into(),
            priority_value: "FOUNDERS".into(),
        }),
        shops: [("BW", true), ("PT", true), ("BT", false), ("FA", true)]
            .map(|(id, is_line)| Shop {
                shop_id: id.into(),
                is_line,
            })
            .into(),
        items: (1..).zip(&ITEMS).map(item).collect(),
        lines: LINES.iter().map(line).collect(),
        variants: vec![
            variant(1, "STD", "SU7A1", 400_000, "W19"),
            variant(2, "MAX", "SU7C2", 600_000, "W20"),
        ],
        options: options(),
        operations: vec![
            operation("BW-1", "BW", &[], 900_000, 100_000),
            operation("PT-1", "PT", &[], 0, 300_000),
            operation("BT-1", "BT", &["MAX"], 2_000_000, 50_000),
            operation("FA-1", "FA", &[], 900_000, 200_000),
        ],
        days: (1..=10)
            .map(|n| DayEntry {
                on: day(n),
                shifts: 1,
                capacity: 8,
                published_delivered: 1,
            })
            .collect(),
        ramp: (1..=10)
            .flat_map(|n| [(day(n), "STD".to_owned(), 2), (day(n), "MAX".to_owned(), 2)])
            .collect(),
        rules: Vec::new(),
        sources: Vec::new(),
    }
}

/// The small product.
pub(crate) fn small() -> Product {
    parts().assemble().unwrap()
}

/// The same programme as the rows of an import, at the scale of 100,000.
pub(crate) fn rows() -> Vec<Row> {
    let parts = parts();
    let programme = parts.programme.unwrap();
    let header = pb::ProgrammeHeader {
        programme_id: programme.programme_id,
        name: programme.name,
        plant_id: programme.plant_id,
        plant_supplier_id: programme.plant_supplier_id,
        time_zone: programme.time_zone,
        launch_date: Some(date_pb(programme.launch_on)),
        order_from: Some(date_pb(programme.order_from)),
        first_handover_date: Some(date_pb(programme.first_handover_on)),
        last_plan_date: Some(date_pb(programme.last_plan_on)),
        vehicle_item_id: programme.vehicle_item_id,
        vehicle_count: 100_000,
        takt_millis: programme.takt_millis,
        vin_wmi: programme.vin_wmi,
        vin_model_year: programme.vin_model_year,
        vin_plant_code: programme.vin_plant_code,
        priority_option: programme.priority_option,
        priority_value: programme.priority_value,
        shops: parts
            .shops
            .iter()
            .map(|shop| pb::ShopRow {
                shop_id: shop.shop_id.clone(),
                name: shop.shop_id.clone(),
                is_line: shop.is_line,
            })
            .collect(),
        shift_seconds: programme.shift_seconds,
        programmes: Vec::new(),
    };
    let usd = |minor_units: i64| {
        Some(pb::Money {
            currency_code: "USD".into(),
            minor_units,
        })
    };
    let mut rows = vec![Row::Header(header)];
    rows.extend(parts.items.iter().map(|(number, item)| {
        Row::Item(pb::ItemRow {
            item_id: item.item_id.clone(),
            item_number: i32::try_from(*number).unwrap(),
            name: item.name.clone(),
            group: item.group.clone(),
            unit_code: item.unit_code.clone(),
            made: item.made,
            shop_id: item.shop_id.clone(),
            unit_cost: Some(takt_contract::price_pb(item.unit_cost)),
            serialised: item.serialised,
            mass_milligrams: 1,
            order_yield_millionths: item.order_yield.0,
        })
    }));
    rows.extend(parts.lines.iter().map(|line| {
        Row::BomLine(pb::BomLineRow {
            parent_item_id: line.parent.clone(),
            child_item_id: line.child.clone(),
            quantity_thousandths: line.quantity,
            condition: line.condition.clone(),
            component_scrap_millionths: 0,
        })
    }));
    rows.extend(parts.variants.iter().map(|variant| {
        Row::Variant(pb::VariantRow {
            variant_id: variant.variant_id.clone(),
            variant_number: i32::try_from(variant.number).unwrap(),
            name: variant.variant_id.clone(),
            vin_vds: variant.vin_vds.clone(),
            list_price: usd(100),
            share_millionths: variant.share,
            vehicle_count: 20,
            reference_options: variant.reference.clone(),
            net_price: None,
        })
    }));
    rows.extend(parts.options.iter().map(|option| {
        Row::OptionValue(pb::OptionValueRow {
            option_key: option.key.clone(),
            value: option.value.clone(),
            variant_id: option.variant_id.clone(),
            share_millionths: option.share,
            value_number: i32::try_from(option.number).unwrap(),
        })
    }));
    rows.extend(
        parts
            .operations
            .iter()
            .zip(1..)
            .map(|(operation, sequence)| {
                Row::Operation(pb::OperationRow {
                    operation_id: operation.operation_id.clone(),
                    shop_id: operation.shop_id.clone(),
                    sequence,
                    name: operation.operation_id.clone(),
                    variant_ids: operation.variant_ids.clone(),
                    cycle_millis: operation.cycle_millis,
                    flow_millis: operation.flow_millis,
                    parallel_stations: 1,
                    first_pass_yield_millionths: 1_000_000,
                    energy_watt_hours: 1,
                })
            }),
    );
    rows.extend(parts.days.iter().map(|entry| {
        let count = |variant: &str| pb::VariantCount {
            variant_id: variant.into(),
            vehicle_count: 2,
        };
        Row::CalendarDay(pb::CalendarDayRow {
            date: Some(date_pb(entry.on)),
            shifts: 1,
            capacity: entry.capacity,
            ramp_plan: vec![count("STD"), count("MAX")],
            published_delivered: 1,
        })
    }));
    rows.push(Row::Milestone(pb::MilestoneRow {
        milestone_number: 1,
        date: Some(date_pb(day(3))),
        event: "the sixth vehicle".into(),
        cumulative_produced: Some(6),
        cumulative_delivered: None,
        locked_orders: None,
        source_kind: "modelled".into(),
    }));
    rows.push(Row::Economics(pb::EconomicsRow {
        average_price: usd(10_000),
        variable_conversion: usd(1_000),
        fixed_manufacturing_per_month: usd(20_000),
        quarters: vec![pb::QuarterRow {
            quarter: "2024Q1".into(),
            reported_deliveries: 10,
            average_price: usd(10_000),
            operating_cost_per_month: usd(30_000),
        }],
        year_mix: vec![
            pb::VariantCount {
                variant_id: "STD".into(),
                vehicle_count: 1,
            },
            pb::VariantCount {
                variant_id: "MAX".into(),
                vehicle_count: 1,
            },
        ],
    }));
    rows
}

/// A configuration of the small product.
pub(crate) fn config(product: &Product, variant: &str, wheel: &str, edition: &str) -> Config {
    let options = BTreeMap::from([
        ("WHEEL".to_owned(), wheel.to_owned()),
        ("EDITION".to_owned(), edition.to_owned()),
    ]);
    product
        .configuration(variant, &options, &mut Violations::new())
        .unwrap()
}

#[test]
fn a_product_knows_its_options_and_needs() {
    let product = small();
    let car = config(&product, "MAX", "W20", "FOUNDERS");
    assert_eq!(
        product.features.text(car),
        "VAR=MAX;EDITION=FOUNDERS;WHEEL=W20"
    );
    assert_eq!(
        product.options(car).get("WHEEL").map(String::as_str),
        Some("W20")
    );
    let needs = product.needs().get(&product.bom, car).clone();
    let bought: BTreeMap<usize, i64> = needs
        .bought()
        .map(|(item, need)| (item, need.milli()))
        .collect();
    assert_eq!(
        bought,
        BTreeMap::from([(1, 1000), (2, 1000), (4, 4000), (5, 1000), (6, 1000)])
    );
    assert_eq!(needs.made, [(7, Quantity(1000))]);
    let universal: Vec<usize> = (0..8).filter(|item| product.is_universal(*item)).collect();
    assert_eq!(universal, [0, 1, 2, 7]);
    let founders = product.founders.unwrap();
    assert_eq!(
        (
            founders.limit,
            founders.variants,
            founders.founder,
            founders.normal
        ),
        (4, 0b11, 1, 0)
    );
    let mut violations = Violations::new();
    assert!(
        product
            .configuration("XXL", &BTreeMap::new(), &mut violations)
            .is_none()
    );
    assert_eq!(
        product.variants[0].reference,
        config(&product, "STD", "W19", "NORMAL")
    );
}

#[test]
fn the_least_of_capacity_takt_and_operations_binds_with_any_shifts() {
    let product = small();
    assert_eq!(product.limits(day(1), None).total(), 8);
    assert_eq!(
        product.limits(day(1), None).room(1),
        5,
        "BT-1 does one MAX in 2,000 s"
    );
    assert_eq!(product.limits(day(1), Some(2)).total(), 16);
    assert_eq!(product.limits(day(1), Some(0)).total(), 0);
    assert_eq!(
        product.limits(day(20), Some(2)).total(),
        16,
        "after the plan its last day goes on"
    );
    assert_eq!(product.limits(day(0), Some(2)).total(), 0);
    assert_eq!(
        (
            product.shifts(day(5)),
            product.shifts(day(50)),
            product.shifts(day(0))
        ),
        (1, 1, 0)
    );
}

#[test]
fn contradictions_are_named() {
    let broken = |change: &dyn Fn(&mut Parts)| {
        let mut parts = parts();
        change(&mut parts);
        parts
            .assemble()
            .err()
            .map(|refusal| refusal.0)
            .unwrap_or_default()
    };
    assert!(broken(&|parts| parts.programme = None).contains("header"));
    assert!(broken(&|parts| parts.items.remove(2).1.name.clear()).contains("item number 3"));
    assert!(
        broken(&|parts| {
            parts.days.remove(4);
        })
        .contains("gap")
    );
    assert!(broken(&|parts| parts.days.truncate(9)).contains("ends on"));
    assert!(broken(&|parts| parts.lines[0].condition = "ROOF=GLASS".into()).contains("ROOF"));
    assert!(broken(&|parts| parts.lines[0].child = "X".into()).contains('X'));
    assert!(broken(&|parts| parts.lines[1].child = "CAR".into()).contains("cycle"));
    assert!(broken(&|parts| parts.operations[0].shop_id = "ZZ".into()).contains("ZZ"));
    assert!(broken(&|parts| parts.ramp[0].1 = "XXL".into()).contains("XXL"));
}
