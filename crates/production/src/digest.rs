//! The columns that make production's digest, table by table.
//!
//! It must not list technical times or what depends on the order of arrival of news. Invariant: every table is here; a column that is
//! left out is named with its reason.

mod programme;

use takt_service::Table;

use programme::IMPORTED;

use crate::invariants::holds;

/// The tables with their business columns.
pub const TABLES: &[Table] = &all();

/// Imported tables first, then those that the plant writes.
const fn all() -> [Table; IMPORTED.len() + WRITTEN.len()] {
    let mut all = [WRITTEN[0]; IMPORTED.len() + WRITTEN.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = if at < IMPORTED.len() {
            IMPORTED[at]
        } else {
            WRITTEN[at - IMPORTED.len()]
        };
        at += 1;
    }
    all
}

/// What the plant writes.
const WRITTEN: [Table; 47] = [
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
    Table {
        name: "asbuilt_clock",
        columns: &["record_no"],
    },
    // When a record was written down is technical; its number is not.
    Table {
        name: "asbuilt_record",
        columns: &[
            "record_no",
            "kind",
            "happened_on",
            "issue_no",
            "unit_key",
            "unit_piece",
            "site",
            "reason",
        ],
    },
    Table {
        name: "asbuilt_edge",
        columns: &[
            "edge_no",
            "parent_key",
            "parent_piece",
            "child_key",
            "child_piece",
            "item_no",
            "quantity",
            "valid_from",
            "valid_to",
            "recorded_from",
            "recorded_to",
        ],
    },
    Table {
        name: "asbuilt_mask",
        columns: &["build_number", "lot_number", "unit_no", "recorded_from"],
    },
    Table {
        name: "asbuilt_unit",
        columns: &[
            "unit_no",
            "external_id",
            "kind",
            "item_no",
            "maker_id",
            "maker_part_id",
            "unit_number",
            "name",
            "made_on",
            "node_key",
            "node_piece",
        ],
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
    Table {
        name: "non_conformance",
        columns: &[
            "nc_no",
            "title",
            "defect_code",
            "item_id",
            "operation_id",
            "opened_by",
            "opened_on",
            "step",
            "version",
        ],
    },
    Table {
        name: "nc_step",
        columns: &[
            "nc_no", "sequence", "step", "reopened", "done_by", "done_on", "said",
        ],
    },
    // What procurement said comes when it comes.
    Table {
        name: "quality_hold",
        columns: &[
            "hold_no",
            "nc_no",
            "kind",
            "first_build",
            "last_build",
            "lot_id",
            "item_no",
            "from_on",
            "through_on",
            "reason",
            "placed_by",
            "placed_on",
            "in_force",
        ],
    },
    Table {
        name: "hold_vehicle",
        columns: &[
            "serial",
            "hold_no",
            "state",
            "was_held",
            "disposition",
            "decided_by",
            "decided_on",
            "note",
        ],
    },
    Table {
        name: "equipment_state",
        columns: &["work_unit_id", "start_at", "end_at", "state", "reason"],
    },
    Table {
        name: "energy_reading",
        columns: &["work_unit_id", "start_at", "end_at", "watt_hours"],
    },
    Table {
        name: "sequence_day",
        columns: &[
            "day_on",
            "state",
            "vehicle_count",
            "frozen_count",
            "orders",
            "taken_out",
            "high",
            "low",
            "purges",
            "long_batches",
            "even_high",
            "even_low",
            "even_purges",
            "even_long_batches",
            "moves",
            "version",
        ],
    },
    Table {
        name: "sequence_excess",
        columns: &["day_on", "rule_no", "excess", "even_excess"],
    },
    Table {
        name: "material_plan",
        columns: &[
            "plan_no",
            "plan_id",
            "as_of",
            "finite",
            "weekly",
            "horizon",
            "demand_count",
            "item_count",
            "order_count",
            "past_due_count",
            "late_count",
            "late_unit_days",
            "orders",
            "expedites",
            "deferrals",
            "cancellations",
            "increases",
            "decreases",
            "unanswered",
        ],
    },
    Table {
        name: "material_plan_input",
        columns: &["plan_no", "body"],
    },
    Table {
        name: "order_book",
        columns: &["book_no", "revision"],
    },
    Table {
        name: "software_head",
        columns: &["head_no", "change_no"],
    },
    Table {
        name: "software_release",
        columns: &["item_no", "effective_on", "version"],
    },
    Table {
        name: "software_change",
        columns: &["change_no", "item_no", "version", "installed_on", "reason"],
    },
    Table {
        name: "software_run",
        columns: &["change_no", "first_build", "last_build"],
    },
];
