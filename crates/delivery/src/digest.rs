//! The columns that make delivery's digest.
//!
//! It must not know how rows come to be. Invariant: no column depends on the order of arrival of news or on technical times.

use takt_service::Table;

/// The tables with their business columns. The numbers of vehicles and cancellations count arrivals of news and are
/// left out; so are traces and counters, which the rows themselves bear out.
pub(crate) const TABLES: &[Table] = &[
    Table {
        name: "cancellation",
        columns: &["order_no", "cancelled_on"],
    },
    Table {
        name: "configuration",
        columns: &["config_no", "variant_no", "priority", "options"],
    },
    Table {
        name: "customer",
        columns: &["customer_id", "state"],
    },
    Table {
        name: "lane",
        columns: &[
            "lane_no",
            "lane_id",
            "city",
            "mode",
            "distance_km",
            "transit_millidays",
            "share",
            "cost_micros",
            "cost_currency",
        ],
    },
    Table {
        name: "lane_load",
        columns: &["lane_no", "order_count"],
    },
    Table {
        name: "milestone",
        columns: &[
            "milestone_no",
            "published_on",
            "event",
            "cumulative_produced",
            "cumulative_delivered",
            "locked_orders",
            "source_kind",
        ],
    },
    Table {
        name: "option_value",
        columns: &["option_key", "variant_id", "value_id", "value_no", "share"],
    },
    Table {
        name: "order_change",
        columns: &[
            "order_no",
            "change_no",
            "changed_on",
            "state",
            "from_config",
            "to_config",
            "from_lane",
            "to_lane",
        ],
    },
    Table {
        name: "programme",
        columns: &[
            "programme_no",
            "programme_id",
            "name",
            "plant_id",
            "time_zone",
            "launch_on",
            "first_handover_on",
            "vehicle_count",
            "priority_option",
            "priority_value",
        ],
    },
    Table {
        name: "promise",
        columns: &[
            "order_no",
            "promise_no",
            "kind",
            "build_on",
            "deliver_on",
            "made_on",
            "plan_id",
        ],
    },
    Table {
        name: "reservation",
        columns: &[
            "order_id",
            "customer_id",
            "config_no",
            "city",
            "state",
            "reserved_on",
            "lapses_on",
            "ended_on",
            "currency",
            "deposit_minor",
        ],
    },
    Table {
        name: "sales_order",
        columns: &[
            "order_no",
            "order_id",
            "customer_id",
            "config_no",
            "lane_no",
            "locked_on",
            "state",
        ],
    },
    Table {
        name: "shipment",
        columns: &[
            "shipment_no",
            "lane_no",
            "planned_on",
            "expected_on",
            "state",
            "departed_on",
            "arrived_on",
            "vehicle_count",
            "handed_over_count",
        ],
    },
    Table {
        name: "variant",
        columns: &["variant_no", "variant_id", "name", "reference"],
    },
    Table {
        name: "vehicle",
        columns: &[
            "vin",
            "order_no",
            "config_no",
            "build_no",
            "built_on",
            "released_on",
            "shipment_no",
            "handed_over_on",
        ],
    },
    // quote_no counts arrivals, and when a quote expires is technical.
    Table {
        name: "quote",
        columns: &[
            "quote_id",
            "customer_id",
            "variant_id",
            "options",
            "city",
            "state",
            "plan_id",
        ],
    },
    Table {
        name: "quote_slot",
        columns: &["build_on", "deliver_on", "vehicle_count"],
    },
    Table {
        name: "quote_order",
        columns: &["order_no"],
    },
    // case_no counts arrivals.
    Table {
        name: "service_case",
        columns: &crate::service_case::store::COLUMNS,
    },
    Table {
        name: "recall_gate",
        columns: &["gate_no", "recall_no"],
    },
    // How often production's word is due is owed work, and counts askings.
    Table {
        name: "recall",
        columns: &crate::recall::store::TOLD,
    },
    Table {
        name: "recall_scope",
        columns: &["recall_no", "line_no", "scope"],
    },
    Table {
        name: "recall_vehicle",
        columns: &[
            "recall_no",
            "vin",
            "affected",
            "recalled",
            "state",
            "state_on",
            "notified_on",
            "remedied_on",
            "exposed_from",
            "exposed_to",
            "note",
            "gone",
        ],
    },
    Table {
        name: "recall_check",
        columns: &["recall_no", "vin", "build_no"],
    },
    // How often the outlook was written is technical, and the mark is a number of arrival.
    Table {
        name: "outlook",
        columns: &["plan_id", "as_of", "builds", "reasons"],
    },
    Table {
        name: "known_disruption",
        columns: &[
            "disruption_id",
            "begins_on",
            "expected_end_on",
            "resolved_on",
        ],
    },
    Table {
        name: "order_terms",
        columns: &["currency", "deposit_minor", "refundable_days"],
    },
    Table {
        name: "transport_exception",
        columns: &crate::exception::store::COLUMNS,
    },
    Table {
        name: "proof_of_delivery",
        columns: &["shipment_no", "signed_by", "document", "signed_on"],
    },
    // change_no counts arrivals.
    Table {
        name: "allocation_change",
        columns: &crate::allocation::changes::COLUMNS,
    },
    Table {
        name: "transport_mode",
        columns: &[
            "mode",
            "vehicles_per_load",
            "grams_per_tonne_km",
            "vehicle_mass_kg",
            "empty_places",
        ],
    },
    Table {
        name: "centre",
        columns: &["centre_id", "name", "city", "inspection"],
    },
    Table {
        name: "centre_hours",
        columns: &[
            "from_on",
            "monday",
            "tuesday",
            "wednesday",
            "thursday",
            "friday",
            "saturday",
            "sunday",
        ],
    },
    Table {
        name: "centre_closed",
        columns: &["closed_on"],
    },
    Table {
        name: "centre_day",
        columns: &["day_on", "capacity", "booked"],
    },
    // Numbers of centres, appointments and inspections count arrivals.
    Table {
        name: "appointment",
        columns: &["order_no", "appointed_on", "state", "made_on", "ended_on"],
    },
    Table {
        name: "inspection",
        columns: &["vin", "inspected_on", "passed"],
    },
    Table {
        name: "inspection_defect",
        columns: &["code", "severity", "mended_on"],
    },
];
