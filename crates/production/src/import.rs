//! The rows of a programme that production owns: staged chunk by chunk, checked as a whole, saved by table.
//!
//! It must not know what is planned with them. Invariants: a chunk is stored with a constant number of statements; the
//! whole must make a product, or nothing becomes visible.

pub mod line;
mod staged;

use takt_contract::common::v1::programme_row::Row;
use takt_kernel::Violations;
use takt_service::{BoxFuture, Error, ImportSink, Tx, Value};

use crate::product::store::{TABLES, product_load, universal_items_save};
use staged::Staged;

/// The rows of a table with their columns.
type Rows = (&'static str, &'static [&'static str], Vec<Vec<Value>>);

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

impl Staged {
    async fn save(self, tx: &Tx) -> Result<(), Error> {
        let first_line = tx
            .number("SELECT MAX(line_no) FROM bom_line", vec![])
            .await?
            + 1;
        let numbered = |(at, mut row): (i64, Vec<Value>)| {
            row.insert(0, at.into());
            row
        };
        let lines = (first_line..).zip(self.lines).map(numbered).collect();
        let tables: [Rows; 19] = [
            (
                "programme",
                &[
                    "programme_no",
                    "programme_id",
                    "name",
                    "plant_id",
                    "plant_supplier_id",
                    "time_zone",
                    "launch_on",
                    "order_from",
                    "first_handover_on",
                    "last_plan_on",
                    "vehicle_item_id",
                    "vehicle_count",
                    "scale_vehicles",
                    "takt_millis",
                    "shift_seconds",
                    "vin_wmi",
                    "vin_model_year",
                    "vin_plant_code",
                    "priority_option",
                    "priority_value",
                ],
                self.programme,
            ),
            (
                "programme_part",
                &[
                    "part_no",
                    "programme_id",
                    "name",
                    "launch_on",
                    "last_plan_on",
                    "variant_ids",
                    "vin_wmi",
                    "vin_model_year",
                    "vin_plant_code",
                ],
                self.parts,
            ),
            (
                "shop",
                &["shop_no", "shop_id", "name", "is_line"],
                self.shops,
            ),
            (
                "item",
                &[
                    "item_no",
                    "item_id",
                    "name",
                    "item_group",
                    "unit_code",
                    "made",
                    "shop_id",
                    "unit_cost_micros",
                    "currency",
                    "serialised",
                    "mass_milligrams",
                    "order_yield",
                    "universal",
                ],
                self.items,
            ),
            (
                "bom_line",
                &[
                    "line_no",
                    "parent_item_id",
                    "child_item_id",
                    "quantity",
                    "option_condition",
                    "component_scrap",
                ],
                lines,
            ),
            (
                "variant",
                &[
                    "variant_no",
                    "variant_id",
                    "name",
                    "vin_vds",
                    "list_price_minor",
                    "currency",
                    "share",
                    "vehicle_count",
                ],
                self.variants,
            ),
            (
                "variant_price",
                &["variant_no", "net_price_micros", "currency"],
                self.prices,
            ),
            (
                "reference_option",
                &["variant_no", "option_key", "option_value"],
                self.references,
            ),
            (
                "option_value",
                &[
                    "option_key",
                    "value_no",
                    "option_value",
                    "variant_id",
                    "share",
                ],
                self.options,
            ),
            (
                "operation",
                &[
                    "operation_id",
                    "shop_id",
                    "sequence",
                    "name",
                    "variant_ids",
                    "cycle_millis",
                    "flow_millis",
                    "stations",
                    "first_pass_yield",
                    "energy_watt_hours",
                ],
                self.operations,
            ),
            (
                "calendar_day",
                &["calendar_on", "shifts", "capacity", "published_delivered"],
                self.days,
            ),
            (
                "ramp_plan_day",
                &["calendar_on", "variant_id", "vehicle_count"],
                self.ramp,
            ),
            (
                "milestone",
                &[
                    "milestone_no",
                    "published_on",
                    "event",
                    "produced",
                    "delivered",
                    "source_kind",
                ],
                self.milestones,
            ),
            (
                "economics",
                &[
                    "economics_no",
                    "currency",
                    "average_price_minor",
                    "variable_conversion_minor",
                    "fixed_per_month_minor",
                ],
                self.economics,
            ),
            (
                "economics_quarter",
                &[
                    "quarter",
                    "reported_deliveries",
                    "average_price_minor",
                    "operating_per_month_minor",
                ],
                self.quarters,
            ),
            ("economics_mix", &["variant_id", "vehicle_count"], self.mix),
            (
                "sequence_rule",
                &[
                    "rule_no",
                    "kind",
                    "option_key",
                    "option_value",
                    "most",
                    "span",
                    "high",
                ],
                self.rules,
            ),
            (
                "item_source",
                &["item_id", "supplier_rank", "supplier_id", "share"],
                self.sources,
            ),
            (
                "inbound_lane",
                &["lane_id", "supplier_id", "transit_millidays"],
                self.lanes,
            ),
        ];
        for (table, columns, rows) in tables {
            if !rows.is_empty() {
                tx.insert_many(table, columns, rows, "").await?;
            }
        }
        Ok(())
    }
}
