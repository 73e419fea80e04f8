//! The tables of the as-built memory: edges with two times over the ranges, records, and what others numbered.
//!
//! It must not know how they are read. Invariant: a released step is never changed.

use takt_service::Migration;

/// What happened to parts after the build, and what suppliers tell of theirs: edges with two times over the ranges. Nodes are
/// two integers, see `takt_planning::genealogy::Node`; a time without end is the largest integer.
pub(super) const GENEALOGY: Migration = Migration {
    name: "m0013_genealogy",
    up: &[
        // Whoever changes the record holds this row, so that records have no gaps and their instants never go back.
        "CREATE TABLE asbuilt_clock (clock_no {id} CHECK (clock_no = 1), record_no {int} NOT NULL, recorded_at {int} NOT NULL)",
        "CREATE TABLE asbuilt_record (record_no {id}, recorded_at {int} NOT NULL, kind {int} NOT NULL CHECK (kind BETWEEN 1 AND 4), happened_on {int} NOT NULL, \
         issue_no {int} UNIQUE, unit_key {int} NOT NULL, unit_piece {int} NOT NULL, site {int} NOT NULL, reason {text} NOT NULL, \
         CHECK ((kind = 1) = (issue_no IS NOT NULL)))",
        "CREATE INDEX asbuilt_record_unit ON asbuilt_record (unit_key, unit_piece) WHERE kind > 1",
        "CREATE TABLE asbuilt_edge (edge_no {id}, parent_key {int} NOT NULL, parent_piece {int} NOT NULL, child_key {int} NOT NULL, child_piece {int} NOT NULL, \
         item_no {int} NOT NULL, quantity {int} NOT NULL CHECK (quantity >= 0), valid_from {int} NOT NULL, valid_to {int} NOT NULL, \
         recorded_from {int} NOT NULL, recorded_to {int} NOT NULL, CHECK (valid_from <= valid_to), CHECK (recorded_from < recorded_to))",
        "CREATE INDEX asbuilt_edge_parent ON asbuilt_edge (parent_key, parent_piece)",
        "CREATE INDEX asbuilt_edge_child ON asbuilt_edge (child_key, child_piece)",
        // From this record on the edges say what was of this part of the ranges.
        "CREATE TABLE asbuilt_mask (build_number {int} NOT NULL, lot_number {int} NOT NULL, unit_no {int} NOT NULL, recorded_from {int} NOT NULL, \
         PRIMARY KEY (build_number, lot_number, unit_no)) {rowless}",
        "CREATE INDEX asbuilt_mask_lot ON asbuilt_mask (lot_number)",
        // Units and batches that others numbered; some of them are ours under another name.
        "CREATE TABLE asbuilt_unit (unit_no {id}, external_id {text} NOT NULL UNIQUE, kind {int} NOT NULL CHECK (kind BETWEEN 1 AND 3), item_no {int} NOT NULL, \
         maker_id {text} NOT NULL, maker_part_id {text} NOT NULL, unit_number {text} NOT NULL, name {text} NOT NULL, made_on {int}, \
         node_key {int} NOT NULL, node_piece {int} NOT NULL)",
        "CREATE INDEX asbuilt_unit_number ON asbuilt_unit (unit_number)",
        "INSERT INTO asbuilt_record (record_no, recorded_at, kind, happened_on, issue_no, unit_key, unit_piece, site, reason) \
         SELECT issue_no, 0, 1, issued_on, issue_no, 0, 0, 0, '' FROM issue",
        "INSERT INTO asbuilt_clock (clock_no, record_no, recorded_at) SELECT 1, COALESCE(MAX(issue_no), 0), 0 FROM issue",
    ],
};
