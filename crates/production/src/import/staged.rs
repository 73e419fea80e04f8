//! The rows of a programme: from messages into the values of tables, checked one by one.
//!
//! It must not know the database. Invariant: a row that cannot be is refused with its field, all of them at once.

use takt_contract::common::v1::{self as pb, programme_row::Row};
use takt_contract::{date_req, id_req, price_req};
use takt_kernel::{Currency, Date, ItemId, ParseError, ShopId, Unit, VariantId, Violations};
use takt_service::Value;

use crate::product::store::day_of;

/// The rows of one chunk by table.
#[derive(Default)]
pub(super) struct Staged {
    pub(super) programme: Vec<Vec<Value>>,
    pub(super) parts: Vec<Vec<Value>>,
    pub(super) shops: Vec<Vec<Value>>,
    pub(super) items: Vec<Vec<Value>>,
    pub(super) lines: Vec<Vec<Value>>,
    pub(super) variants: Vec<Vec<Value>>,
    pub(super) prices: Vec<Vec<Value>>,
    pub(super) references: Vec<Vec<Value>>,
    pub(super) options: Vec<Vec<Value>>,
    pub(super) operations: Vec<Vec<Value>>,
    pub(super) days: Vec<Vec<Value>>,
    pub(super) ramp: Vec<Vec<Value>>,
    pub(super) milestones: Vec<Vec<Value>>,
    pub(super) economics: Vec<Vec<Value>>,
    pub(super) quarters: Vec<Vec<Value>>,
    pub(super) mix: Vec<Vec<Value>>,
    pub(super) rules: Vec<Vec<Value>>,
    pub(super) sources: Vec<Vec<Value>>,
    pub(super) lanes: Vec<Vec<Value>>,
}

impl Staged {
    pub(super) fn take(&mut self, row: &Row, found: &mut Violations) {
        match row {
            Row::Header(row) => self.header(row, found),
            Row::Item(row) => self.item(row, found),
            Row::BomLine(row) => self.bom_line(row, found),
            Row::Variant(row) => self.variant(row, found),
            Row::OptionValue(row) => self.option_value(row, found),
            Row::Operation(row) => self.operation(row, found),
            Row::CalendarDay(row) => self.calendar_day(row, found),
            Row::Milestone(row) => self.milestone(row, found),
            Row::Economics(row) => self.economics(row, found),
            Row::SequenceRule(row) => self.sequence_rule(row, found),
            Row::Agreement(row) => self.source(row, found),
            Row::Lane(row) => self.lane(row, found),
            // What only the other services own.
            Row::Supplier(_) | Row::Link(_) | Row::Node(_) => {}
        }
    }

    fn header(&mut self, row: &pb::ProgrammeHeader, found: &mut Violations) {
        found.require(row.vehicle_count > 0, "vehicle_count", "it is above 0");
        found.require(row.takt_millis > 0, "takt_millis", "it is above 0");
        found.require(row.shift_seconds > 0, "shift_seconds", "it is above 0");
        found.require(
            row.shops.iter().any(|shop| shop.is_line),
            "shops",
            "at least one shop is on the line",
        );
        let mut date = |date: Option<&pb::Date>, field: &str| day(date_req(date, field, found));
        self.programme.push(vec![
            1i64.into(),
            row.programme_id.clone().into(),
            row.name.clone().into(),
            row.plant_id.clone().into(),
            row.plant_supplier_id.clone().into(),
            row.time_zone.clone().into(),
            date(row.launch_date.as_ref(), "launch_date"),
            date(row.order_from.as_ref(), "order_from"),
            date(row.first_handover_date.as_ref(), "first_handover_date"),
            date(row.last_plan_date.as_ref(), "last_plan_date"),
            row.vehicle_item_id.clone().into(),
            row.vehicle_count.into(),
            scale(row).into(),
            row.takt_millis.into(),
            row.shift_seconds.into(),
            row.vin_wmi.clone().into(),
            row.vin_model_year.clone().into(),
            row.vin_plant_code.clone().into(),
            row.priority_option.clone().into(),
            row.priority_value.clone().into(),
        ]);
        for (place, part) in row.programmes.iter().enumerate() {
            found.scope(format!("programmes[{place}]"), |found| {
                self.part(place, part, found)
            });
        }
        for (place, shop) in row.shops.iter().enumerate() {
            found.scope(format!("shops[{place}]"), |found| {
                id_req::<ShopId>(&shop.shop_id, "shop_id", found)
            });
            let place = i64::try_from(place).unwrap_or(i64::MAX);
            self.shops.push(vec![
                place.into(),
                shop.shop_id.clone().into(),
                shop.name.clone().into(),
                i64::from(shop.is_line).into(),
            ]);
        }
    }

    fn part(&mut self, place: usize, part: &pb::ProgrammePart, found: &mut Violations) {
        found.require(
            !part.programme_id.is_empty(),
            "programme_id",
            "it is missing",
        );
        found.require(
            !part.variant_ids.is_empty(),
            "variant_ids",
            "a programme has variants",
        );
        let mut date = |date: Option<&pb::Date>, field: &str| day(date_req(date, field, found));
        self.parts.push(vec![
            i64::try_from(place + 1).unwrap_or(i64::MAX).into(),
            part.programme_id.clone().into(),
            part.name.clone().into(),
            date(part.launch_date.as_ref(), "launch_date"),
            date(part.last_plan_date.as_ref(), "last_plan_date"),
            part.variant_ids.join(",").into(),
            part.vin_wmi.clone().into(),
            part.vin_model_year.clone().into(),
            part.vin_plant_code.clone().into(),
        ]);
    }

    fn item(&mut self, row: &pb::ItemRow, found: &mut Violations) {
        id_req::<ItemId>(&row.item_id, "item_id", found);
        found.require(row.item_number > 0, "item_number", "it counts from 1");
        found.check("unit_code", Unit::from_code(&row.unit_code));
        found.require(
            (1..=1_000_000).contains(&row.order_yield_millionths),
            "order_yield_millionths",
            "it is above 0 and at most 1,000,000",
        );
        let price = price_req(row.unit_cost.as_ref(), "unit_cost", found);
        self.items.push(vec![
            i64::from(row.item_number).into(),
            row.item_id.clone().into(),
            row.name.clone().into(),
            row.group.clone().into(),
            row.unit_code.clone().into(),
            i64::from(row.made).into(),
            row.shop_id.clone().into(),
            price.micros.into(),
            price.currency.as_str().into(),
            i64::from(row.serialised).into(),
            row.mass_milligrams.into(),
            row.order_yield_millionths.into(),
            0i64.into(),
        ]);
    }

    fn bom_line(&mut self, row: &pb::BomLineRow, found: &mut Violations) {
        id_req::<ItemId>(&row.parent_item_id, "parent_item_id", found);
        id_req::<ItemId>(&row.child_item_id, "child_item_id", found);
        found.require(
            row.quantity_thousandths > 0,
            "quantity_thousandths",
            "it is above 0",
        );
        found.require(
            (0..1_000_000).contains(&row.component_scrap_millionths),
            "component_scrap_millionths",
            "it is at least 0 and below 1,000,000",
        );
        // Lines are numbered when they are stored.
        self.lines.push(vec![
            0i64.into(),
            row.parent_item_id.clone().into(),
            row.child_item_id.clone().into(),
            row.quantity_thousandths.into(),
            row.condition.clone().into(),
            row.component_scrap_millionths.into(),
        ]);
    }

    fn variant(&mut self, row: &pb::VariantRow, found: &mut Violations) {
        id_req::<VariantId>(&row.variant_id, "variant_id", found);
        found.require(row.variant_number > 0, "variant_number", "it counts from 1");
        found.require(
            row.vin_vds.len() == 5,
            "vin_vds",
            "positions 4 to 8 of a VIN are five characters",
        );
        let (currency, minor) = money(row.list_price.as_ref(), "list_price", found);
        self.variants.push(vec![
            i64::from(row.variant_number).into(),
            row.variant_id.clone().into(),
            row.name.clone().into(),
            row.vin_vds.clone().into(),
            minor.into(),
            currency.into(),
            row.share_millionths.into(),
            row.vehicle_count.into(),
        ]);
        if row.net_price.is_some() {
            let price = price_req(row.net_price.as_ref(), "net_price", found);
            self.prices.push(vec![
                i64::from(row.variant_number).into(),
                price.micros.into(),
                price.currency.as_str().into(),
            ]);
        }
        for (key, value) in &row.reference_options {
            self.references.push(vec![
                i64::from(row.variant_number).into(),
                key.clone().into(),
                value.clone().into(),
            ]);
        }
    }

    fn option_value(&mut self, row: &pb::OptionValueRow, found: &mut Violations) {
        found.require(!row.option_key.is_empty(), "option_key", "it is missing");
        found.require(!row.value.is_empty(), "value", "it is missing");
        found.require(
            row.share_millionths >= 0,
            "share_millionths",
            "it is not negative",
        );
        self.options.push(vec![
            row.option_key.clone().into(),
            i64::from(row.value_number).into(),
            row.value.clone().into(),
            row.variant_id.clone().into(),
            row.share_millionths.into(),
        ]);
    }

    fn operation(&mut self, row: &pb::OperationRow, found: &mut Violations) {
        found.require(
            !row.operation_id.is_empty(),
            "operation_id",
            "it is missing",
        );
        found.require(
            row.parallel_stations > 0,
            "parallel_stations",
            "it is above 0",
        );
        found.require(row.cycle_millis >= 0, "cycle_millis", "it is not negative");
        found.require(row.flow_millis >= 0, "flow_millis", "it is not negative");
        self.operations.push(vec![
            row.operation_id.clone().into(),
            row.shop_id.clone().into(),
            i64::from(row.sequence).into(),
            row.name.clone().into(),
            row.variant_ids.join(",").into(),
            row.cycle_millis.into(),
            row.flow_millis.into(),
            i64::from(row.parallel_stations).into(),
            row.first_pass_yield_millionths.into(),
            row.energy_watt_hours.into(),
        ]);
    }

    fn calendar_day(&mut self, row: &pb::CalendarDayRow, found: &mut Violations) {
        let on = day(date_req(row.date.as_ref(), "date", found));
        found.require(row.shifts >= 0, "shifts", "it is not negative");
        found.require(row.capacity >= 0, "capacity", "it is not negative");
        for (place, count) in row.ramp_plan.iter().enumerate() {
            found.require(
                count.vehicle_count >= 0,
                &format!("ramp_plan[{place}].vehicle_count"),
                "it is not negative",
            );
            if count.vehicle_count > 0 {
                self.ramp.push(vec![
                    on.clone(),
                    count.variant_id.clone().into(),
                    count.vehicle_count.into(),
                ]);
            }
        }
        self.days.push(vec![
            on,
            i64::from(row.shifts).into(),
            row.capacity.into(),
            row.published_delivered.into(),
        ]);
    }

    fn milestone(&mut self, row: &pb::MilestoneRow, found: &mut Violations) {
        found.require(
            row.milestone_number > 0,
            "milestone_number",
            "it counts from 1",
        );
        self.milestones.push(vec![
            i64::from(row.milestone_number).into(),
            day(date_req(row.date.as_ref(), "date", found)),
            row.event.clone().into(),
            row.cumulative_produced.into(),
            row.cumulative_delivered.into(),
            row.source_kind.clone().into(),
        ]);
    }

    fn economics(&mut self, row: &pb::EconomicsRow, found: &mut Violations) {
        let (currency, average) = money(row.average_price.as_ref(), "average_price", found);
        let same = |amount: Option<&pb::Money>, field: &str, found: &mut Violations| {
            let (other, minor) = money(amount, field, found);
            found.require(
                other == currency,
                field,
                format!("it is in {other}; give every amount of the economics in {currency}"),
            );
            minor
        };
        let variable = same(
            row.variable_conversion.as_ref(),
            "variable_conversion",
            found,
        );
        let fixed = same(
            row.fixed_manufacturing_per_month.as_ref(),
            "fixed_manufacturing_per_month",
            found,
        );
        for (place, quarter) in row.quarters.iter().enumerate() {
            found.scope(format!("quarters[{place}]"), |found| {
                let mut known = |amount: Option<&pb::Money>, field| {
                    amount.map(|amount| same(Some(amount), field, found))
                };
                let price = known(quarter.average_price.as_ref(), "average_price");
                let operating = known(
                    quarter.operating_cost_per_month.as_ref(),
                    "operating_cost_per_month",
                );
                self.quarters.push(vec![
                    quarter.quarter.clone().into(),
                    quarter.reported_deliveries.into(),
                    price.into(),
                    operating.into(),
                ]);
            });
        }
        self.mix.extend(
            row.year_mix
                .iter()
                .map(|mix| vec![mix.variant_id.clone().into(), mix.vehicle_count.into()]),
        );
        self.economics.push(vec![
            1i64.into(),
            currency.into(),
            average.into(),
            variable.into(),
            fixed.into(),
        ]);
    }
}

/// The size of the run (RULES 10).
fn scale(row: &pb::ProgrammeHeader) -> i64 {
    row.vehicle_count
}

fn day(date: Date) -> Value {
    day_of(date).into()
}

fn money(amount: Option<&pb::Money>, field: &str, found: &mut Violations) -> (String, i64) {
    let Some(amount) = amount else {
        found.push(
            field,
            "an amount is missing; give currency_code and minor_units",
        );
        return (String::new(), 0);
    };
    let currency: Result<Currency, ParseError> = Currency::parse(&amount.currency_code);
    found.check(field, currency);
    (amount.currency_code.clone(), amount.minor_units)
}
