//! The columns that make production's digest, table by table.
//!
//! It must not list technical times or what depends on the order of arrival of news. Invariant: every table is here; a column that is
//! left out is named with its reason.

use takt_service::Table;

use crate::invariants::holds;

/// The tables with their business columns.
pub const TABLES: &[Table] = &[
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
        name: "plan",
        columns: &[
            "plan_no",
            "plan_id",
            "as_of",
            "vehicle_count",
            "last_build_on",
            "item_count",
        ],
    },
    Table {
        name: "plan_day",
        columns: &["plan_no", "build_on", "capacity"],
    },
    Table {
        name: "plan_day_variant",
        columns: &["plan_no", "build_on", "variant_no", "vehicle_count"],
    },
    Table {
        name: "plan_requirement",
        columns: &["plan_no", "item_no", "first_on", "series"],
    },
    Table {
        name: "configuration",
        columns: &["config", "variant_no", "options"],
    },
    // The trace of an order is technical.
    Table {
        name: "demand_order",
        columns: &[
            "order_number",
            "order_id",
            "variant_no",
            "config",
            "queue_rank",
            "state",
            "locked_on",
        ],
    },
    Table {
        name: "vehicle",
        columns: &[
            "serial",
            "vin",
            "build_number",
            "order_number",
            "variant_no",
            "config",
            "state",
            "entered_on",
            "built_on",
            "released_on",
            "dispatched_on",
            "handed_over_on",
            "hold_reason",
            "version",
        ],
    },
    Table {
        name: "built_count",
        columns: &["variant_no", "vehicle_count"],
    },
    Table {
        name: "issue",
        columns: &[
            "issue_no",
            "issued_on",
            "reservation_id",
            "vehicle_count",
            "first_build",
            "last_build",
        ],
    },
    Table {
        name: "asbuilt_range",
        columns: &["issue_no", "lot_number", "first_build", "last_build"],
    },
    Table {
        name: "asbuilt_serial",
        columns: &["build_number", "lot_number", "unit_no"],
    },
    Table {
        name: "serial_lot",
        columns: &["lot_number", "used"],
    },
    Table {
        name: "lot_source",
        columns: &["item_no", "supplier_rank", "supplier_id"],
    },
    // How often a day was decided anew, and by which request, is technical.
    Table {
        name: "line_day",
        columns: &[
            "day_on",
            "state",
            "shifts",
            "lost_share",
            "wanted",
            "capacity",
            "built",
        ],
    },
    Table {
        name: "line_stop",
        columns: &[
            "day_on",
            "variant_no",
            "item_no",
            "shop_id",
            "vehicle_count",
        ],
    },
    Table {
        name: "shop_order",
        columns: &["day_on", "item_no", "released", "made", "used"],
    },
    Table {
        name: "job",
        columns: &[
            "subject_no",
            "place",
            "operation_id",
            "day_on",
            "quantity",
            "scrapped",
            "rework_count",
            "state",
            "held_from",
            "station",
            "started_at",
            "ended_at",
            "sequence",
        ],
    },
    Table {
        name: "job_day",
        columns: &["day_on", "vehicle_count", "shop_order_count", "job_count"],
    },
    // The position and the id of an event depend on the order of arrival.
    Table {
        name: "job_event",
        columns: &[
            "subject_no",
            "place",
            "sequence",
            "kind",
            "station",
            "occurred_at",
            "state",
            "quantity",
            "defect_code",
            "note",
        ],
    },
    Table {
        name: "job_defect",
        columns: &[
            "subject_no",
            "place",
            "sequence",
            "operation_id",
            "day_on",
            "defect_code",
            "kind",
            "quantity",
        ],
    },
    Table {
        name: "engineering_change",
        columns: &[
            "change_id",
            "title",
            "reason",
            "effectivity",
            "effective_on",
            "effective_build",
            "interchange",
            "state",
            "version",
            "assessed_on",
            "first_possible_on",
            "approved_by",
            "mask",
            "first_build",
        ],
    },
    Table {
        name: "engineering_change_item",
        columns: &[
            "change_id",
            "line_no",
            "parent_item_id",
            "old_item_id",
            "new_item_id",
            "quantity",
            "option_condition",
        ],
    },
    holds::SLOT_HEAD,
    holds::HOLD,
    holds::HOLD_SLOT,
    holds::SLOT_ENTRY,
    holds::HOLD_ORDER,
];
