//! The tables of material plans.
//!
//! It must not know how they are read. Invariant: a plan's input is kept as bytes that only the code reads.

use takt_service::Migration;

/// A head for each plan, and what the last two were made from.
pub const MATERIAL_PLAN: Migration = Migration {
    name: "m0008_material_plan",
    up: &[
        "CREATE TABLE material_plan (plan_no {id}, plan_id {text} NOT NULL UNIQUE, as_of {int} NOT NULL, \
         finite {int} NOT NULL CHECK (finite IN (0, 1)), weekly {int} NOT NULL CHECK (weekly IN (0, 1)), horizon {int} NOT NULL CHECK (horizon >= 0), \
         demand_count {int} NOT NULL, item_count {int} NOT NULL, order_count {int} NOT NULL, past_due_count {int} NOT NULL, late_count {int} NOT NULL, \
         late_unit_days {int} NOT NULL, orders {int} NOT NULL, expedites {int} NOT NULL, deferrals {int} NOT NULL, cancellations {int} NOT NULL, \
         increases {int} NOT NULL, decreases {int} NOT NULL, unanswered {text} NOT NULL, CHECK (past_due_count BETWEEN 0 AND order_count), \
         CHECK (late_count BETWEEN 0 AND demand_count))",
        "CREATE TABLE material_plan_input (plan_no {id}, body {blob} NOT NULL)",
    ],
};
