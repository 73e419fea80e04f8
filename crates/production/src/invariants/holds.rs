//! The rules that holds and the ledger of slots keep at rest, and which of their columns are business.
//!
//! It must not repair anything. Invariant: an id never changes its meaning; the README lists them.

use takt_service::{Invariant, Table};

/// The slots that a hold keeps on a day are what its entries in the ledger add up to.
pub const SL_1: Invariant = Invariant {
    id: "SL-1",
    rule: "the slots that a hold keeps on a day are what its entries in the ledger add up to",
    checked: "SELECT COUNT(*) FROM hold_slot",
    violated: "SELECT h.hold_id FROM hold_slot AS s JOIN hold AS h ON h.hold_no = s.hold_no LEFT JOIN (SELECT hold_no, build_on, \
                   CAST(SUM(CASE WHEN kind = 1 THEN vehicle_count WHEN kind IN (3, 4, 5) THEN -vehicle_count ELSE 0 END) AS BIGINT) AS kept \
                   FROM slot_entry GROUP BY hold_no, build_on) AS e ON e.hold_no = s.hold_no AND e.build_on = s.build_on \
                   WHERE s.kept_count <> COALESCE(e.kept, 0) ORDER BY h.hold_no LIMIT 20",
};

/// A slot has one order at most, of the configuration that was held, and is built when the order is.
pub const SL_2: Invariant = Invariant {
    id: "SL-2",
    rule: "a slot has one order at most, of the configuration that was held, and is built when the order is",
    checked: "SELECT COUNT(*) FROM hold_order",
    violated: "SELECT h.hold_id FROM hold_slot AS s JOIN hold AS h ON h.hold_no = s.hold_no LEFT JOIN (SELECT b.hold_no, b.build_on, COUNT(*) AS ordered, \
                   CAST(SUM(b.built) AS BIGINT) AS built, CAST(SUM(CASE WHEN b.built = (CASE WHEN o.state = 2 THEN 1 ELSE 0 END) THEN 0 ELSE 1 END) AS BIGINT) AS odd, \
                   MIN(o.config) AS config, MAX(o.config) AS other FROM hold_order AS b JOIN demand_order AS o ON o.order_number = b.order_number \
                   GROUP BY b.hold_no, b.build_on) AS x ON x.hold_no = s.hold_no AND x.build_on = s.build_on WHERE s.ordered_count <> COALESCE(x.ordered, 0) \
                   OR s.built_count <> COALESCE(x.built, 0) OR x.odd > 0 OR x.config <> h.config OR x.other <> h.config LIMIT 20",
};

/// A hold is open exactly as long as it keeps something.
pub const SL_3: Invariant = Invariant {
    id: "SL-3",
    rule: "a hold is open exactly as long as it keeps something",
    checked: "SELECT COUNT(*) FROM hold",
    violated: "SELECT h.hold_id FROM hold AS h LEFT JOIN (SELECT hold_no, CAST(SUM(kept_count) AS BIGINT) AS kept FROM hold_slot GROUP BY hold_no) AS s \
                   ON s.hold_no = h.hold_no WHERE (h.state <= 2) <> (COALESCE(s.kept, 0) > 0) LIMIT 20",
};

/// The version counts transactions.
pub const SLOT_HEAD: Table = Table {
    name: "slot_head",
    columns: &["head_no"],
};

/// The number counts arrivals, and when a hold expires is technical.
pub const HOLD: Table = Table {
    name: "hold",
    columns: &["hold_id", "variant_no", "config", "state", "plan_id"],
};

/// The slots of holds.
pub const HOLD_SLOT: Table = Table {
    name: "hold_slot",
    columns: &[
        "build_on",
        "vehicle_count",
        "ordered_count",
        "built_count",
        "kept_count",
    ],
};

/// Versions and numbers count arrivals.
pub const SLOT_ENTRY: Table = Table {
    name: "slot_entry",
    columns: &["build_on", "kind", "vehicle_count"],
};

/// Orders with a slot of their own.
pub const HOLD_ORDER: Table = Table {
    name: "hold_order",
    columns: &["order_number", "build_on", "built"],
};
