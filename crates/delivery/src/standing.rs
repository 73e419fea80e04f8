//! What stands in the books of delivery when a carmaker begins: the orders of customers with their promises, and vehicles on their way.
//!
//! It must not know rules: the invariants are checked when it is booked. Invariant: the columns are those of the tables.

use takt_service::{
    Form::{Day, Number, Text},
    Standing,
};

/// The sheets, in the order in which they are booked.
pub const STANDING: &[Standing] = &[
    Standing {
        file: "customer_orders.csv",
        table: "counter",
        columns: &[("name", Text, false), ("value", Number, false)],
        key: &["name"],
        seeded: true,
    },
    Standing {
        file: "customer_orders.csv",
        table: "configuration",
        columns: &[
            ("config_no", Number, false),
            ("variant_no", Number, false),
            ("priority", Number, false),
            ("options", Text, false),
        ],
        key: &["config_no"],
        seeded: false,
    },
    Standing {
        file: "customer_orders.csv",
        table: "sales_order",
        columns: &[
            ("order_no", Number, false),
            ("order_id", Text, false),
            ("customer_id", Text, false),
            ("config_no", Number, false),
            ("lane_no", Number, false),
            ("locked_on", Day, false),
            ("state", Number, false),
            ("traceparent", Text, true),
        ],
        key: &["order_no"],
        seeded: false,
    },
    Standing {
        file: "customer_orders.csv",
        table: "lane_load",
        columns: &[("lane_no", Number, false), ("order_count", Number, false)],
        key: &["lane_no"],
        seeded: false,
    },
    Standing {
        file: "customer_orders.csv",
        table: "cancellation",
        columns: &[
            ("cancellation_no", Number, false),
            ("order_no", Number, false),
            ("cancelled_on", Day, false),
        ],
        key: &["cancellation_no"],
        seeded: false,
    },
    Standing {
        file: "customer_orders.csv",
        table: "promise",
        columns: &[
            ("order_no", Number, false),
            ("promise_no", Number, false),
            ("kind", Number, false),
            ("build_on", Day, false),
            ("deliver_on", Day, false),
            ("made_on", Day, false),
            ("plan_id", Text, false),
        ],
        key: &["order_no", "promise_no"],
        seeded: false,
    },
    Standing {
        file: "deliveries.csv",
        table: "shipment",
        columns: &[
            ("shipment_no", Number, false),
            ("lane_no", Number, false),
            ("planned_on", Day, false),
            ("expected_on", Day, false),
            ("state", Number, false),
            ("departed_on", Day, true),
            ("arrived_on", Day, true),
            ("vehicle_count", Number, false),
            ("handed_over_count", Number, false),
        ],
        key: &["shipment_no"],
        seeded: false,
    },
    Standing {
        file: "deliveries.csv",
        table: "vehicle",
        columns: &[
            ("vehicle_no", Number, false),
            ("vin", Text, false),
            ("order_no", Number, true),
            ("config_no", Number, true),
            ("build_no", Number, false),
            ("built_on", Day, false),
            ("released_on", Day, true),
            ("shipment_no", Number, true),
            ("handed_over_on", Day, true),
        ],
        key: &["vehicle_no"],
        seeded: false,
    },
];

/// The tables that come by other ways, or that count what comes and goes.
pub const ELSEWHERE: &[&str] = &[
    "programme",
    "variant",
    "option_value",
    "lane",
    "milestone",
    "outlook",
    "known_disruption",
    "order_terms",
];
