//! The tables of master data: their columns, their business keys, and what of them may change once it is there.
//!
//! It must not know rows. Invariant: the order is that in which tables are compared; those that others refer to come first.

use takt_service::MasterTable;

/// What most tables have in common.
const LIKE: MasterTable = MasterTable {
    name: "",
    columns: &[],
    key: &[],
    number: None,
    refers: None,
    fixed: &[],
    computed: &[],
};

/// The tables, in the order of `Staged::tables`.
pub(super) const MASTER: [MasterTable; 19] = [
    MasterTable {
        name: "programme",
        columns: &[
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
        key: &["programme_no"],
        fixed: &[
            "programme_id",
            "plant_id",
            "plant_supplier_id",
            "time_zone",
            "order_from",
            "vehicle_item_id",
            "vin_wmi",
            "vin_model_year",
            "vin_plant_code",
        ],
        ..LIKE
    },
    MasterTable {
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
        key: &["programme_id"],
        number: Some(("part_no", &[])),
        ..LIKE
    },
    MasterTable {
        name: "shop",
        columns: &["shop_no", "shop_id", "name", "is_line"],
        key: &["shop_id"],
        fixed: &["shop_no", "is_line"],
        ..LIKE
    },
    MasterTable {
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
        key: &["item_id"],
        number: Some(("item_no", &[])),
        fixed: &["unit_code", "made", "serialised"],
        computed: &["universal"],
        ..LIKE
    },
    MasterTable {
        name: "bom_line",
        columns: &[
            "line_no",
            "parent_item_id",
            "child_item_id",
            "quantity",
            "option_condition",
            "component_scrap",
        ],
        key: &["parent_item_id", "child_item_id", "option_condition"],
        number: Some(("line_no", &[])),
        ..LIKE
    },
    MasterTable {
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
        key: &["variant_id"],
        number: Some(("variant_no", &[])),
        fixed: &["vin_vds"],
        ..LIKE
    },
    MasterTable {
        name: "variant_price",
        columns: &["variant_no", "net_price_micros", "currency"],
        key: &["variant_no"],
        refers: Some(("variant_no", "variant")),
        ..LIKE
    },
    MasterTable {
        name: "reference_option",
        columns: &["variant_no", "option_key", "option_value"],
        key: &["variant_no", "option_key"],
        refers: Some(("variant_no", "variant")),
        ..LIKE
    },
    MasterTable {
        name: "option_value",
        columns: &[
            "option_key",
            "value_no",
            "option_value",
            "variant_id",
            "share",
        ],
        key: &["option_key", "option_value", "variant_id"],
        ..LIKE
    },
    MasterTable {
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
        key: &["operation_id"],
        ..LIKE
    },
    MasterTable {
        name: "calendar_day",
        columns: &["calendar_on", "shifts", "capacity", "published_delivered"],
        key: &["calendar_on"],
        ..LIKE
    },
    MasterTable {
        name: "ramp_plan_day",
        columns: &["calendar_on", "variant_id", "vehicle_count"],
        key: &["calendar_on", "variant_id"],
        ..LIKE
    },
    MasterTable {
        name: "milestone",
        columns: &[
            "milestone_no",
            "published_on",
            "event",
            "produced",
            "delivered",
            "source_kind",
        ],
        key: &["published_on", "event"],
        number: Some(("milestone_no", &[])),
        ..LIKE
    },
    MasterTable {
        name: "economics",
        columns: &[
            "economics_no",
            "currency",
            "average_price_minor",
            "variable_conversion_minor",
            "fixed_per_month_minor",
        ],
        key: &["economics_no"],
        ..LIKE
    },
    MasterTable {
        name: "economics_quarter",
        columns: &[
            "quarter",
            "reported_deliveries",
            "average_price_minor",
            "operating_per_month_minor",
        ],
        key: &["quarter"],
        ..LIKE
    },
    MasterTable {
        name: "economics_mix",
        columns: &["variant_id", "vehicle_count"],
        key: &["variant_id"],
        ..LIKE
    },
    MasterTable {
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
        key: &["rule_no"],
        ..LIKE
    },
    MasterTable {
        name: "item_source",
        columns: &["item_id", "supplier_rank", "supplier_id", "share"],
        key: &["item_id", "supplier_id"],
        number: Some(("supplier_rank", &["item_id"])),
        ..LIKE
    },
    MasterTable {
        name: "inbound_lane",
        columns: &["lane_id", "supplier_id", "transit_millidays"],
        key: &["lane_id"],
        ..LIKE
    },
];
