//! The tables that an import fills, with their business columns.
//!
//! It must not list what the plant writes by itself.

use takt_service::Table;

/// What an import brings.
pub(super) const IMPORTED: [Table; 19] = [
    Table {
        name: "programme",
        columns: &[
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
    },
    Table {
        name: "shop",
        columns: &["shop_no", "shop_id", "name", "is_line"],
    },
    Table {
        name: "item",
        columns: &[
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
    },
    Table {
        name: "bom_line",
        columns: &[
            "line_no",
            "parent_item_id",
            "child_item_id",
            "quantity",
            "option_condition",
            "component_scrap",
        ],
    },
    Table {
        name: "variant",
        columns: &[
            "variant_no",
            "variant_id",
            "name",
            "vin_vds",
            "list_price_minor",
            "currency",
            "share",
            "vehicle_count",
        ],
    },
    Table {
        name: "variant_price",
        columns: &["variant_no", "net_price_micros", "currency"],
    },
    Table {
        name: "reference_option",
        columns: &["variant_no", "option_key", "option_value"],
    },
    Table {
        name: "option_value",
        columns: &[
            "option_key",
            "value_no",
            "option_value",
            "variant_id",
            "share",
        ],
    },
    Table {
        name: "operation",
        columns: &[
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
    },
    Table {
        name: "calendar_day",
        columns: &["calendar_on", "shifts", "capacity", "published_delivered"],
    },
    Table {
        name: "ramp_plan_day",
        columns: &["calendar_on", "variant_id", "vehicle_count"],
    },
    Table {
        name: "milestone",
        columns: &[
            "milestone_no",
            "published_on",
            "event",
            "produced",
            "delivered",
            "source_kind",
        ],
    },
    Table {
        name: "economics",
        columns: &[
            "currency",
            "average_price_minor",
            "variable_conversion_minor",
            "fixed_per_month_minor",
        ],
    },
    Table {
        name: "economics_quarter",
        columns: &[
            "quarter",
            "reported_deliveries",
            "average_price_minor",
            "operating_per_month_minor",
        ],
    },
    Table {
        name: "economics_mix",
        columns: &["variant_id", "vehicle_count"],
    },
    Table {
        name: "sequence_rule",
        columns: &[
            "rule_no",
            "kind",
            "option_key",
            "option_value",
            "most",
            "span",
            "high",
        ],
    },
    Table {
        name: "item_source",
        columns: &["item_id", "supplier_rank", "supplier_id", "share"],
    },
    Table {
        name: "inbound_lane",
        columns: &["lane_id", "supplier_id", "transit_millidays"],
    },
    Table {
        name: "programme_part",
        columns: &[
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
    },
];
