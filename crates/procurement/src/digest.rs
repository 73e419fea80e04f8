//! Which columns of which tables are business, for the digest that compares two databases.
//!
//! It must not list technical times or numbers that depend on the order of arrival. Invariant: every table is here; a
//! column that is left out is named with its reason.

use takt_service::Table;

/// The tables with their business columns.
pub const TABLES: &[Table] = &[
    Table {
        name: "programme",
        columns: &[
            "programme_id",
            "name",
            "plant_id",
            "plant_supplier_id",
            "order_from",
            "last_plan_on",
        ],
    },
    Table {
        name: "supplier",
        columns: &[
            "supplier_no",
            "supplier_id",
            "name",
            "country_code",
            "city",
            "latitude_micro",
            "longitude_micro",
            "tier",
            "description",
        ],
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
        ],
    },
    Table {
        name: "agreement",
        columns: &[
            "item_id",
            "supplier_rank",
            "supplier_id",
            "share",
            "lot_size",
            "lead_days",
            "price_micros",
            "currency",
        ],
    },
    Table {
        name: "lane",
        columns: &crate::programme::store::LANE,
    },
    // link_no counts the rows of an import.
    Table {
        name: "link",
        columns: &crate::programme::store::LINK,
    },
    Table {
        name: "node",
        columns: &crate::programme::store::NODE,
    },
    // position and revision depend on how often the log was written and read.
    Table {
        name: "requirement_plan",
        columns: &["plan_id", "as_of"],
    },
    Table {
        name: "requirement",
        columns: &["item_no", "first_day", "days", "issued_before"],
    },
    Table {
        name: "order_book",
        columns: &["released_through", "next_line"],
    },
    Table {
        name: "quota_count",
        columns: &["source_no", "released_lots", "first_released_on"],
    },
    Table {
        name: "purchase_order",
        columns: &[
            "released_on",
            "supplier_no",
            "line_count",
            "closed_line_count",
        ],
    },
    Table {
        name: "order_line",
        columns: &[
            "line_no",
            "source_no",
            "first_lot",
            "lots",
            "lot_size",
            "needed_on",
            "receipt_on",
            "ship_on",
            "released_on",
            "past_due",
            "response",
            "shipped_lots",
            "received_lots",
            "lost_lots",
            "withdrawn_lots",
            "version",
            "asked_lots",
            "asked_on",
            "accepted_lots",
            "answered_on",
            "proposed_lots",
            "proposed_on",
            "proposed_reason",
            "invoiced",
        ],
    },
    Table {
        name: "order_line_event",
        columns: &[
            "line_no",
            "event_no",
            "kind",
            "happened_on",
            "lots",
            "receipt_on",
            "reason",
            "withdrawn_lots",
            "finished",
            "raw",
            "finished_minor",
        ],
    },
    // asn_no counts arrivals of notices; the notice's name stands for it.
    Table {
        name: "asn",
        columns: &[
            "asn_id",
            "supplier_no",
            "shipped_on",
            "expected_on",
            "received_on",
            "lot_count",
            "lost_on",
        ],
    },
    Table {
        name: "asn_line",
        columns: &[
            "first_lot",
            "line_no",
            "lots",
            "short_lots",
            "quantity",
            "quantities",
            "maker_lot",
        ],
    },
    // asn_no counts arrivals of notices; the units of a notice stand in its order.
    Table {
        name: "handling_unit",
        columns: &["place", "unit_id", "parent_id", "packaging"],
    },
    Table {
        name: "handling_unit_lot",
        columns: &["lot_number", "place", "line_no", "quantity"],
    },
    Table {
        name: "part_serial",
        columns: &["item_no", "serial_number", "lot_number"],
    },
    Table {
        name: "lot",
        columns: &[
            "lot_number",
            "quantity",
            "on_hand",
            "reserved",
            "state",
            "received_on",
        ],
    },
    Table {
        name: "lot_hold",
        columns: &["lot_number", "line_no", "inspection", "open", "reason"],
    },
    Table {
        name: "balance",
        columns: &[
            "item_no", "on_hand", "reserved", "received", "issued", "lost", "lots",
        ],
    },
    // reservation_no counts arrivals of reservations.
    Table {
        name: "ledger",
        columns: &[
            "day",
            "kind",
            "first_lot",
            "received_on",
            "lots",
            "quantity",
        ],
    },
    Table {
        name: "reservation",
        columns: &[
            "reservation_id",
            "build_on",
            "state",
            "vehicle_count",
            "consumed_count",
        ],
    },
    Table {
        name: "reservation_line",
        columns: &["received_on", "first_lot", "lots", "quantity"],
    },
    Table {
        name: "consumption",
        columns: &["build_number", "vin"],
    },
    Table {
        name: "discrepancy",
        columns: &["build_number", "reservation_id", "reason"],
    },
    // The version counts transactions, and how many there are depends on how facts were batched; the log is what they changed.
    Table {
        name: "supply_head",
        columns: &["head_no"],
    },
    Table {
        name: "safety_time",
        columns: &["source_no", "days", "basis", "deliveries", "learnt_on"],
    },
    Table {
        name: "agreed_price",
        columns: &crate::sourcing::store::PRICE,
    },
    Table {
        name: "part_approval",
        columns: &[
            "item_id",
            "supplier_id",
            "ppap_level",
            "status",
            "valid_from",
        ],
    },
    Table {
        name: "schedule_agreement",
        columns: &[
            "source_no",
            "reset_on",
            "firm_days",
            "fabrication_days",
            "material_days",
            "releases",
            "last_as_of",
            "fabrication",
            "material",
            "cancelled_on",
        ],
    },
    Table {
        name: "call_off",
        columns: &[
            "source_no",
            "release_no",
            "as_of",
            "reset_on",
            "plan_id",
            "shipped",
            "received",
            "backlog",
            "fabrication",
            "material",
            "lines",
        ],
    },
    Table {
        name: "disruption",
        columns: &crate::disruption::store::DISRUPTION,
    },
    Table {
        name: "disruption_site",
        columns: &["disruption_id", "supplier_id", "item_id"],
    },
    Table {
        name: "stake",
        columns: &crate::partnership::store::STAKE,
    },
    Table {
        name: "development",
        columns: &crate::partnership::store::DEVELOPMENT,
    },
    Table {
        name: "development_item",
        columns: &["development_id", "item_id"],
    },
    Table {
        name: "development_milestone",
        columns: &crate::partnership::store::MILESTONE,
    },
    Table {
        name: "capacity_reservation",
        columns: &crate::partnership::store::RESERVATION,
    },
    Table {
        name: "capacity_group",
        columns: &["group_id", "supplier_id", "name", "inactive"],
    },
    Table {
        name: "capacity_group_item",
        columns: &["group_id", "item_id", "load_factor"],
    },
    Table {
        name: "capacity_group_below",
        columns: &["group_id", "below_id"],
    },
    Table {
        name: "capacity_group_week",
        columns: &[
            "group_id", "week_on", "actual", "maximum", "agreed", "delta",
        ],
    },
    Table {
        name: "invoice_tolerance",
        columns: &["price_millionths", "price_minor"],
    },
    // invoice_no counts arrivals of invoices; the supplier and its number stand for it.
    Table {
        name: "invoice",
        columns: &[
            "supplier_no",
            "invoice_number",
            "invoiced_on",
            "state",
            "self_billed",
            "line_count",
            "minor",
            "blocks",
            "approved_by",
            "reason",
            "decided_on",
            "version",
        ],
    },
    Table {
        name: "invoice_line",
        columns: &[
            "line_no",
            "quantity",
            "price_micros",
            "agreed_micros",
            "minor",
            "ordered",
            "accepted",
            "invoiced_before",
            "blocks",
        ],
    },
    // The id of an opening names the files; what they said is here.
    Table {
        name: "opening",
        columns: &["as_of", "items", "lots", "orders"],
    },
    Table {
        name: "opening_order",
        columns: &["line_no", "order_name", "order_line", "received"],
    },
    Table {
        name: "declared_link",
        columns: &crate::network::store::DECLARED,
    },
    Table {
        name: "visibility_grant",
        columns: &crate::network::store::GRANT,
    },
    Table {
        name: "warranty_claim",
        columns: &crate::warranty::store::COLUMNS,
    },
];
