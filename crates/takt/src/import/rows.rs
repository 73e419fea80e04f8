//! A programme as the rows of an import session, in the order of its files. It must not know services or options:
//! it is given the programme at the size of the run. Invariant: the same programme gives the same rows.
use std::collections::BTreeMap;

use takt_contract::common::v1::programme_row::Row;
use takt_contract::common::v1::{self as pb, ProgrammeRow};
use takt_contract::{date_pb, money_pb, price_pb};
use takt_kernel::{Amount, Price, half_even_div};

use super::network;
use crate::programme::{FeatureRule, Measure, Programme, Shop};

/// The shops that feed the line instead of standing in it (RULES 11), by the names of programme.yaml.
const FEEDERS: [&str; 3] = ["stamping", "die_casting", "battery"];

/// Whether vehicles flow through a shop; the other shops feed the line.
pub fn is_line(shop: &Shop) -> bool {
    !FEEDERS.contains(&shop.name.as_str())
}

/// Every row of a programme at the size of the run. `full` is the same programme at its own size: the line's capacity
/// is told as it is, because production takes the least of capacity, takt and operations before it scales.
pub fn rows(full: &Programme, programme: &Programme) -> Vec<Row> {
    let mut rows = vec![Row::Header(header(programme))];
    rows.extend(network::suppliers(programme));
    rows.extend(items(programme));
    rows.extend(network::agreements(programme));
    rows.extend(programme.bom.iter().map(|line| {
        Row::BomLine(pb::BomLineRow {
            parent_item_id: line.parent.to_string(),
            child_item_id: line.child.to_string(),
            quantity_thousandths: line.qty.milli(),
            condition: line.condition.to_string(),
            component_scrap_millionths: line.component_scrap.millionths(),
        })
    }));
    rows.extend(network::links(programme));
    rows.extend(network::nodes(programme));
    rows.extend(network::lanes(programme));
    rows.extend(variants(programme));
    rows.extend(option_values(programme));
    rows.extend(operations(programme));
    rows.extend(days(full, programme));
    rows.extend(super::sequence::rules(programme));
    rows.extend(milestones(programme));
    rows.extend(economics(programme));
    rows
}

/// Rows as chunks of at most 64 KiB; a chunk is a `ProgrammeRow` list.
pub fn chunks(rows: Vec<Row>) -> Vec<Vec<ProgrammeRow>> {
    let rows = rows.into_iter().map(|row| ProgrammeRow { row: Some(row) });
    crate::bulk::cut_by_bytes(rows.collect())
}

fn header(programme: &Programme) -> pb::ProgrammeHeader {
    let priority = programme
        .features
        .iter()
        .find_map(|feature| match feature.rule {
            FeatureRule::First { value, .. } => {
                let value = feature.values.get(value)?;
                Some((feature.key.to_string(), value.id.to_string()))
            }
            _ => None,
        });
    let (priority_option, priority_value) = priority.unwrap_or_default();
    let shop = |shop: &Shop| pb::ShopRow {
        shop_id: shop.id.to_string(),
        name: shop.name.clone(),
        is_line: is_line(shop),
    };
    pb::ProgrammeHeader {
        programme_id: programme.id.to_string(),
        name: programme.title.clone(),
        plant_id: programme.plant.id.to_string(),
        plant_supplier_id: programme.plant.supplier.to_string(),
        time_zone: programme.plant.time_zone.clone(),
        launch_date: Some(date_pb(programme.day_zero)),
        order_from: Some(date_pb(programme.order_from)),
        first_handover_date: Some(date_pb(programme.first_handover)),
        last_plan_date: Some(date_pb(programme.plan_last)),
        vehicle_item_id: programme.final_item.to_string(),
        vehicle_count: programme.vehicles,
        takt_millis: programme.plant.takt_ms,
        vin_wmi: programme.vin.wmi.clone(),
        vin_model_year: programme.vin.model_year.to_string(),
        vin_plant_code: programme.vin.plant_code.to_string(),
        priority_option,
        priority_value,
        shops: programme.plant.shops.iter().map(shop).collect(),
        programmes: programme.parts.iter().map(part).collect(),
        shift_seconds: programme
            .days
            .iter()
            .map(|day| day.shift_ms / 1000)
            .max()
            .unwrap_or(0),
    }
}

/// A programme among those that share the plant.
fn part(part: &Programme) -> pb::ProgrammePart {
    let first = part.days.iter().find(|day| day.planned_total() > 0);
    pb::ProgrammePart {
        programme_id: part.id.to_string(),
        name: part.title.clone(),
        launch_date: Some(date_pb(first.map_or(part.day_zero, |day| day.on.minus(1)))),
        last_plan_date: Some(date_pb(part.plan_last)),
        variant_ids: (part.variants.iter())
            .map(|variant| variant.id.to_string())
            .collect(),
        vin_wmi: part.vin.wmi.clone(),
        vin_model_year: part.vin.model_year.to_string(),
        vin_plant_code: part.vin.plant_code.to_string(),
    }
}

fn items(programme: &Programme) -> impl Iterator<Item = Row> + '_ {
    programme.items.iter().zip(1..).map(|(item, number)| {
        Row::Item(pb::ItemRow {
            item_id: item.id.to_string(),
            item_number: number,
            name: item.name.clone(),
            group: item.group.clone(),
            unit_code: item.unit.code().to_owned(),
            made: item.make,
            shop_id: item.shop.to_string(),
            unit_cost: Some(price_pb(item.unit_cost)),
            serialised: item.serial,
            mass_milligrams: item.mass_mg,
            order_yield_millionths: item.order_yield.millionths(),
        })
    })
}

fn variants(programme: &Programme) -> impl Iterator<Item = Row> + '_ {
    programme
        .variants
        .iter()
        .zip(1..)
        .enumerate()
        .map(|(place, (variant, number))| {
            let options: BTreeMap<String, String> = variant
                .reference
                .iter()
                .filter(|(key, _)| key.as_str() != crate::programme::VARIANT_KEY)
                .map(|(key, value)| (key.to_string(), value.to_string()))
                .collect();
            Row::Variant(pb::VariantRow {
                variant_id: variant.id.to_string(),
                variant_number: number,
                name: variant.name.clone(),
                vin_vds: variant.vds.clone(),
                list_price: Some(money_pb(variant.list_price)),
                share_millionths: variant.share.millionths(),
                vehicle_count: programme
                    .days
                    .iter()
                    .filter_map(|day| day.planned.get(place))
                    .sum(),
                reference_options: options.into_iter().collect(),
                net_price: variant.net_price.map(price_pb),
            })
        })
}

/// The values of every option. An option whose first orders are special carries, for each variant that has it, the
/// share of the whole programme that is special: 5,000 of 100,000 is 50,000 millionths.
fn option_values(programme: &Programme) -> Vec<Row> {
    let mut rows = Vec::new();
    for feature in &programme.features {
        for (place, value) in feature.values.iter().enumerate() {
            let mut row = |variant_id: String, share_millionths: i64| {
                rows.push(Row::OptionValue(pb::OptionValueRow {
                    option_key: feature.key.to_string(),
                    value: value.id.to_string(),
                    variant_id,
                    share_millionths,
                    value_number: i32::try_from(place + 1).unwrap_or(i32::MAX),
                }));
            };
            match &feature.rule {
                FeatureRule::Shares(shares) => {
                    row(
                        String::new(),
                        shares.get(place).map_or(0, |share| share.millionths()),
                    );
                }
                FeatureRule::SharesByVariant(by_variant) => {
                    for (variant, shares) in programme.variants.iter().zip(by_variant) {
                        row(
                            variant.id.to_string(),
                            shares.get(place).map_or(0, |share| share.millionths()),
                        );
                    }
                }
                FeatureRule::First {
                    vehicles,
                    variants,
                    value,
                    ..
                } => {
                    let limit = i128::from(*vehicles) * 1_000_000;
                    let share = half_even_div(limit, i128::from(programme.vehicles)).unwrap_or(0);
                    for variant in &programme.variants {
                        let special = if variants.contains(&variant.id) {
                            share
                        } else {
                            0
                        };
                        row(
                            variant.id.to_string(),
                            if place == *value {
                                special
                            } else {
                                1_000_000 - special
                            },
                        );
                    }
                }
            }
        }
    }
    rows
}

fn operations(programme: &Programme) -> impl Iterator<Item = Row> + '_ {
    programme.operations.iter().map(|operation| {
        let all = operation.applies_to.len() == programme.variants.len();
        let named = if all { &[][..] } else { &operation.applies_to };
        Row::Operation(pb::OperationRow {
            operation_id: operation.id.to_string(),
            shop_id: operation.shop.to_string(),
            sequence: i32::try_from(operation.seq).unwrap_or(i32::MAX),
            name: operation.name.clone(),
            variant_ids: named.iter().map(ToString::to_string).collect(),
            cycle_millis: operation.cycle_ms,
            flow_millis: operation.flow_ms,
            parallel_stations: i32::try_from(operation.stations).unwrap_or(i32::MAX),
            first_pass_yield_millionths: operation.first_pass_yield.millionths(),
            energy_watt_hours: operation.energy_wh,
        })
    })
}

fn days<'p>(full: &'p Programme, programme: &'p Programme) -> impl Iterator<Item = Row> + 'p {
    programme.days.iter().zip(&full.days).map(|(day, full)| {
        let count = |(variant, count): (&crate::programme::Variant, &i64)| pb::VariantCount {
            variant_id: variant.id.to_string(),
            vehicle_count: *count,
        };
        Row::CalendarDay(pb::CalendarDayRow {
            date: Some(date_pb(day.on)),
            shifts: i32::try_from(day.shifts).unwrap_or(i32::MAX),
            capacity: full.capacity,
            ramp_plan: programme
                .variants
                .iter()
                .zip(&day.planned)
                .map(count)
                .collect(),
            published_delivered: day.published_delivered.unwrap_or(0),
        })
    })
}

fn milestones(programme: &Programme) -> impl Iterator<Item = Row> + '_ {
    programme
        .milestones
        .iter()
        .zip(1..)
        .map(|(milestone, number)| {
            let figure = |measure: Measure| {
                let mut figures = milestone.figures.iter();
                figures
                    .find(|figure| figure.measure == Some(measure))
                    .map(|figure| figure.value)
            };
            Row::Milestone(pb::MilestoneRow {
                milestone_number: number,
                date: Some(date_pb(milestone.on)),
                event: milestone.event.clone(),
                cumulative_produced: figure(Measure::Produced),
                cumulative_delivered: figure(Measure::Delivered),
                locked_orders: figure(Measure::OrdersLocked),
                source_kind: milestone.source_kind.clone(),
            })
        })
}

fn economics(programme: &Programme) -> Option<Row> {
    let economics = programme.economics.as_ref()?;
    let money = |price: Price| {
        let scale = 10i128.pow(6 - price.currency.minor_digits());
        let minor = half_even_div(i128::from(price.micros), scale).unwrap_or(i64::MAX);
        money_pb(Amount::new(minor, price.currency))
    };
    let quarters = economics.quarters.iter().map(|quarter| pb::QuarterRow {
        quarter: quarter.quarter.clone(),
        reported_deliveries: quarter.deliveries,
        average_price: Some(money(quarter.average_price)),
        operating_cost_per_month: Some(money_pb(quarter.operating_per_month)),
    });
    // The formula stands on shares, not on counts: a smaller run has the same mix.
    let year_mix = programme.variants.iter().map(|variant| pb::VariantCount {
        variant_id: variant.id.to_string(),
        vehicle_count: variant.share.millionths(),
    });
    Some(Row::Economics(pb::EconomicsRow {
        average_price: economics
            .quarters
            .first()
            .map(|quarter| money(quarter.average_price)),
        variable_conversion: Some(money(economics.variable_conversion)),
        fixed_manufacturing_per_month: Some(money_pb(economics.fixed_per_month)),
        quarters: quarters.collect(),
        year_mix: year_mix.collect(),
    }))
}
