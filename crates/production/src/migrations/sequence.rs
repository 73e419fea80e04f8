//! The tables of sequences.
//!
//! It must not know how they are read. Invariant: as in the file above.

use takt_service::Migration;

/// The order of a day's vehicles: the programme's rules, who supplies near the line, and the sequence of each day.
pub const SEQUENCE: Migration = Migration {
    name: "m0009_sequence",
    up: &[
        // Kind 1 is a ratio, 2 the paint batch, 3 the objectives.
        "CREATE TABLE sequence_rule (rule_no {id}, kind {int} NOT NULL CHECK (kind BETWEEN 1 AND 3), option_key {text} NOT NULL, \
         option_value {text} NOT NULL, most {int} NOT NULL CHECK (most >= 0), span {int} NOT NULL CHECK (span >= 0), \
         high {int} NOT NULL CHECK (high IN (0, 1)))",
        "CREATE TABLE item_source (item_id {text} NOT NULL, supplier_rank {int} NOT NULL, supplier_id {text} NOT NULL, share {int} NOT NULL, \
         PRIMARY KEY (item_id, supplier_rank)) {rowless}",
        "CREATE TABLE inbound_lane (lane_id {text} NOT NULL PRIMARY KEY, supplier_id {text} NOT NULL, \
         transit_millidays {int} NOT NULL CHECK (transit_millidays >= 0)) {rowless}",
        // Orders are 64-bit little-endian order numbers, one a place; those taken out of the day stand apart. State 1 is
        // sequenced, 2 built. The even columns say what the even order of the variants would have cost.
        "CREATE TABLE sequence_day (day_on {id}, state {int} NOT NULL CHECK (state IN (1, 2)), vehicle_count {int} NOT NULL, \
         frozen_count {int} NOT NULL, orders {blob} NOT NULL, taken_out {blob} NOT NULL, high {int} NOT NULL, low {int} NOT NULL, \
         purges {int} NOT NULL, long_batches {int} NOT NULL, even_high {int} NOT NULL, even_low {int} NOT NULL, even_purges {int} NOT NULL, \
         even_long_batches {int} NOT NULL, moves {int} NOT NULL, version {int} NOT NULL CHECK (version > 0), \
         CHECK (frozen_count BETWEEN 0 AND vehicle_count), CHECK (state = 1 OR frozen_count = vehicle_count))",
        "CREATE TABLE sequence_excess (day_on {int} NOT NULL, rule_no {int} NOT NULL, excess {int} NOT NULL CHECK (excess >= 0), \
         even_excess {int} NOT NULL CHECK (even_excess >= 0), PRIMARY KEY (day_on, rule_no)) {rowless}",
    ],
};
