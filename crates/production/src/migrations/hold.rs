//! The tables of holds.
//!
//! It must not know how they are read. Invariant: a released step is never changed.

use takt_service::Migration;

/// Holds on slots of the line. What became of a slot stands in the ledger, whose head is locked by whoever writes; the rows of
/// holds say the same in fewer words. `held_until` is the time with which a hold was made, for whoever reads the ledger again.
pub(super) const HOLD: Migration = Migration {
    name: "m0007_hold",
    up: &[
        "CREATE TABLE slot_head (head_no {id}, version {int} NOT NULL, CONSTRAINT sl_0 CHECK (head_no = 1 AND version >= 0))",
        "INSERT INTO slot_head (head_no, version) VALUES (1, 0)",
        "CREATE TABLE hold (hold_no {serial}, hold_id {text} NOT NULL UNIQUE, variant_no {int} NOT NULL, config {int} NOT NULL, \
         state {int} NOT NULL CHECK (state BETWEEN 1 AND 5), expires_at {int}, held_until {int} NOT NULL, \
         plan_id {text} NOT NULL, CONSTRAINT sl_3 CHECK (state <> 1 OR expires_at IS NOT NULL))",
        "CREATE INDEX hold_open ON hold (state, expires_at) WHERE state <= 2",
        "CREATE TABLE hold_slot (hold_no {int} NOT NULL, build_on {int} NOT NULL, vehicle_count {int} NOT NULL, ordered_count {int} NOT NULL, \
         built_count {int} NOT NULL, kept_count {int} NOT NULL, PRIMARY KEY (hold_no, build_on), CONSTRAINT sl_2 CHECK (vehicle_count > 0 \
         AND built_count BETWEEN 0 AND ordered_count AND ordered_count <= vehicle_count AND kept_count BETWEEN ordered_count - built_count \
         AND vehicle_count - built_count)) {rowless}",
        "CREATE TABLE slot_entry (version {int} NOT NULL, hold_no {int} NOT NULL, build_on {int} NOT NULL, kind {int} NOT NULL CHECK (kind BETWEEN 1 AND 5), \
         vehicle_count {int} NOT NULL CHECK (vehicle_count >= 0), written_at {int} NOT NULL, PRIMARY KEY (version, hold_no, kind, build_on)) {rowless}",
        "CREATE TABLE hold_order (order_number {id}, hold_no {int} NOT NULL, build_on {int} NOT NULL, built {int} NOT NULL CHECK (built IN (0, 1)))",
        "CREATE INDEX hold_order_open ON hold_order (order_number) WHERE built = 0",
    ],
};
