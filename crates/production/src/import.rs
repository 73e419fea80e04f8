//! The rows of a programme that production owns: from messages into tables, checked one by one and then as a whole.
//!
//! It must not know what is planned with them. Invariants: a chunk is stored with a constant number of statements; a
//! row that cannot be is refused with its field; the whole must make a product, or nothing becomes visible.

use takt_contract::common::v1::{self as pb, programme_row::Row};
use takt_contract::{date_req, id_req, price_req};
use takt_kernel::{Currency, Date, ItemId, ParseError, ShopId, Unit, VariantId, Violations};
use takt_service::{BoxFuture, Error, ImportSink, Tx, Value};

use crate::product::store::{TABLES, day_of, product_load, universal_items_save};

/// Takes the rows of a programme.
pub struct Import;

impl ImportSink for Import {
    fn stage<'t>(&'t self, tx: &'t Tx, rows: &'t [Row]) -> BoxFuture<'t, Result<(), Error>> {
        Box::pin(async move {
            let mut staged = Staged::default();
            let mut violations = Violations::new();
            for (at, row) in rows.iter().enumerate() {
                violations.scope(format!("rows[{at}]"), |found| staged.take(row, found));
            }
            violations.finish()?;
            staged.save(tx).await
        })
    }

    fn prepare<'t>(&'t self, tx: &'t Tx) -> BoxFuture<'t, Result<(), Error>> {
        Box::pin(async move {
            let product = product_load(tx).await?;
            universal_items_save(tx, &product).await
        })
    }

    fn clear<'t>(&'t self, tx: &'t Tx) -> BoxFuture<'t, Result<(), Error>> {
        Box::pin(async move {
            for table in TABLES {
                tx.exec(&format!("DELETE FROM {table}"), vec![]).await?;
            }
            Ok(())
        })
    }
}

/// The rows of one chunk by table.
#[derive(Default)]
struct Staged {
    programme: Vec<Vec<Value>>,
    shops: Vec<Vec<Value>>,
    items: Vec<Vec<Value>>,
    lines: Vec<Vec<Value>>,
    variants: Vec<Vec<Value>>,
    references: Vec<Vec<Value>>,
    options: Vec<Vec<Value>>,
    operations: Vec<Vec<Value>>,
    days: Vec<Vec<Value>>,
    ramp: Vec<Vec<Value>>,
    milestones: Vec<Vec<Value>>,
    economics: Vec<Vec<Value>>,
    quarters: Vec<Vec<Value>>,
    mix: Vec<Vec<Value>>,
}

impl Staged {
    fn take(&mut self, row: &Row, found: &mut Violations) {
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
            // What only the other services own.
            Row::Supplier(_) | Row::Agreement(_) | Row::Lane(_) | Row::Link(_) | Row::Node(_) => {}
        }
    }

    fn header(&mut self, row: &pb::ProgrammeHeader, found: &mut Violations) {
        found.require(row.vehicle_count > 0, "vehicle_count", "it is above 0");
        found.require(row.takt_millis > 0, "takt_millis", "it is above 0");
        found.require(row.shift_seconds > 0, "shift_seconds", "it is above 0");
        found.require(row.shops.iter().any(|shop| shop.is_line), "shops", "at least one shop is on the line");
        let mut date = |date: Option<&pb::Date>, field: &str| day(date_req(date, field, found));
        self.programme.push(vec![
            1i64.into(),
            row.programme_id.clone().into(),
            row.name.clone().into(),
            row.plant_id.clone().into(),
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
        for (place, shop) in row.shops.iter().enumerate() {
            found.scope(format!("shops[{place}]"), |found| id_req::<ShopId>(&shop.shop_id, "shop_id", found));
            let place = i64::try_from(place).unwrap_or(i64::MAX);
            self.shops.push(vec![place.into(), shop.shop_id.clone().into(), shop.name.clone().into(), i64::from(shop.is_line).into()]);
        }
    }

    fn item(&mut self, row: &pb::ItemRow, found: &mut Violations) {
        id_req::<ItemId>(&row.item_id, "item_id", found);
        found.require(row.item_number > 0, "item_number", "it counts from 1");
        found.check("unit_code", Unit::from_code(&row.unit_code));
        found.require((1..=1_000_000).contains(&row.order_yield_millionths), "order_yield_millionths", "it is above 0 and at most 1,000,000");
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
        found.require(row.quantity_thousandths > 0, "quantity_thousandths", "it is above 0");
        found.require((0..1_000_000).contains(&row.component_scrap_millionths), "component_scrap_millionths", "it is at least 0 and below 1,000,000");
        self.lines.push(vec![
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
        found.require(row.vin_vds.len() == 5, "vin_vds", "positions 4 to 8 of a VIN are five characters");
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
        for (key, value) in &row.reference_options {
            self.references.push(vec![i64::from(row.variant_number).into(), key.clone().into(), value.clone().into()]);
        }
    }

    fn option_value(&mut self, row: &pb::OptionValueRow, found: &mut Violations) {
        found.require(!row.option_key.is_empty(), "option_key", "it is missing");
        found.require(!row.value.is_empty(), "value", "it is missing");
        found.require(row.share_millionths >= 0, "share_millionths", "it is not negative");
        self.options.push(vec![
            row.option_key.clone().into(),
            i64::from(row.value_number).into(),
            row.value.clone().into(),
            row.variant_id.clone().into(),
            row.share_millionths.into(),
        ]);
    }

    fn operation(&mut self, row: &pb::OperationRow, found: &mut Violations) {
        found.require(!row.operation_id.is_empty(), "operation_id", "it is missing");
        found.require(row.parallel_stations > 0, "parallel_stations", "it is above 0");
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
            found.require(count.vehicle_count >= 0, &format!("ramp_plan[{place}].vehicle_count"), "it is not negative");
            if count.vehicle_count > 0 {
                self.ramp.push(vec![on.clone(), count.variant_id.clone().into(), count.vehicle_count.into()]);
            }
        }
        self.days.push(vec![on, i64::from(row.shifts).into(), row.capacity.into(), row.published_delivered.into()]);
    }

    fn milestone(&mut self, row: &pb::MilestoneRow, found: &mut Violations) {
        found.require(row.milestone_number > 0, "milestone_number", "it counts from 1");
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
            found.require(other == currency, field, format!("it is in {other}; give every amount of the economics in {currency}"));
            minor
        };
        let variable = same(row.variable_conversion.as_ref(), "variable_conversion", found);
        let fixed = same(row.fixed_manufacturing_per_month.as_ref(), "fixed_manufacturing_per_month", found);
        for (place, quarter) in row.quarters.iter().enumerate() {
            found.scope(format!("quarters[{place}]"), |found| {
                let mut known = |amount: Option<&pb::Money>, field| amount.map(|amount| same(Some(amount), field, found));
                let price = known(quarter.average_price.as_ref(), "average_price");
                let operating = known(quarter.operating_cost_per_month.as_ref(), "operating_cost_per_month");
                self.quarters.push(vec![quarter.quarter.clone().into(), quarter.reported_deliveries.into(), price.into(), operating.into()]);
            });
        }
        self.mix.extend(row.year_mix.iter().map(|mix| vec![mix.variant_id.clone().into(), mix.vehicle_count.into()]));
        self.economics.push(vec![1i64.into(), currency.into(), average.into(), variable.into(), fixed.into()]);
    }

    async fn save(self, tx: &Tx) -> Result<(), Error> {
        let first_line = tx.number("SELECT MAX(line_no) FROM bom_line", vec![]).await? + 1;
        let numbered = |(at, mut row): (i64, Vec<Value>)| {
            row.insert(0, at.into());
            row
        };
        let lines = (first_line..).zip(self.lines).map(numbered).collect();
        let tables: [(&str, &[&str], Vec<Vec<Value>>); 14] = [
            (
                "programme",
                &[
                    "programme_no", "programme_id", "name", "plant_id", "time_zone", "launch_on", "order_from", "first_handover_on",
                    "last_plan_on", "vehicle_item_id", "vehicle_count", "scale_vehicles", "takt_millis", "shift_seconds", "vin_wmi",
                    "vin_model_year", "vin_plant_code", "priority_option", "priority_value",
                ],
                self.programme,
            ),
            ("shop", &["shop_no", "shop_id", "name", "is_line"], self.shops),
            (
                "item",
                &[
                    "item_no", "item_id", "name", "item_group", "unit_code", "made", "shop_id", "unit_cost_micros", "currency",
                    "serialised", "mass_milligrams", "order_yield", "universal",
                ],
                self.items,
            ),
            ("bom_line", &["line_no", "parent_item_id", "child_item_id", "quantity", "option_condition", "component_scrap"], lines),
            ("variant", &["variant_no", "variant_id", "name", "vin_vds", "list_price_minor", "currency", "share", "vehicle_count"], self.variants),
            ("reference_option", &["variant_no", "option_key", "option_value"], self.references),
            ("option_value", &["option_key", "value_no", "option_value", "variant_id", "share"], self.options),
            (
                "operation",
                &[
                    "operation_id", "shop_id", "sequence", "name", "variant_ids", "cycle_millis", "flow_millis", "stations",
                    "first_pass_yield", "energy_watt_hours",
                ],
                self.operations,
            ),
            ("calendar_day", &["calendar_on", "shifts", "capacity", "published_delivered"], self.days),
            ("ramp_plan_day", &["calendar_on", "variant_id", "vehicle_count"], self.ramp),
            ("milestone", &["milestone_no", "published_on", "event", "produced", "delivered", "source_kind"], self.milestones),
            ("economics", &["economics_no", "currency", "average_price_minor", "variable_conversion_minor", "fixed_per_month_minor"], self.economics),
            ("economics_quarter", &["quarter", "reported_deliveries", "average_price_minor", "operating_per_month_minor"], self.quarters),
            ("economics_mix", &["variant_id", "vehicle_count"], self.mix),
        ];
        for (table, columns, rows) in tables {
            if !rows.is_empty() {
                tx.insert_many(table, columns, rows, "").await?;
            }
        }
        Ok(())
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
        found.push(field, "an amount is missing; give currency_code and minor_units");
        return (String::new(), 0);
    };
    let currency: Result<Currency, ParseError> = Currency::parse(&amount.currency_code);
    found.check(field, currency);
    (amount.currency_code.clone(), amount.minor_units)
}
