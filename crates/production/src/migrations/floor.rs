//! The tables of jobs at stations and of quality.
//!
//! It must not know how they are read. Invariant: as in the file above; times of stations are microseconds since 1970.

use takt_service::Migration;

/// Jobs and what stations reported of them. A subject is a vehicle by its serial, or below zero the order of a feeder shop.
pub const JOB: Migration = Migration {
    name: "m0010_job",
    up: &[
        "CREATE TABLE job (subject_no {int} NOT NULL, place {int} NOT NULL CHECK (place > 0), operation_id {text} NOT NULL, day_on {int} NOT NULL, \
         quantity {int} NOT NULL CHECK (quantity > 0), scrapped {int} NOT NULL CHECK (scrapped BETWEEN 0 AND quantity), \
         rework_count {int} NOT NULL CHECK (rework_count >= 0), state {int} NOT NULL CHECK (state BETWEEN 1 AND 7), \
         held_from {int} NOT NULL CHECK ((state = 4) = (held_from > 0)), station {int} NOT NULL, started_at {int}, ended_at {int}, \
         sequence {int} NOT NULL, CHECK ((station > 0) = (started_at IS NOT NULL)), CHECK ((state >= 6) = (ended_at IS NOT NULL)), \
         CHECK (ended_at >= started_at), PRIMARY KEY (subject_no, place)) {rowless}",
        "CREATE INDEX job_by_state ON job (state, operation_id, subject_no)",
        "CREATE TABLE job_day (day_on {id}, vehicle_count {int} NOT NULL, shop_order_count {int} NOT NULL, job_count {int} NOT NULL)",
        // Positions grow in the order of commits: whoever writes events holds this row.
        "CREATE TABLE job_counter (counter_no {id}, position {int} NOT NULL)",
        "INSERT INTO job_counter (counter_no, position) VALUES (1, 0)",
        "CREATE TABLE job_event (position {id}, event_id {blob} NOT NULL UNIQUE, fingerprint {blob} NOT NULL, subject_no {int} NOT NULL, \
         place {int} NOT NULL, sequence {int} NOT NULL CHECK (sequence > 0), kind {int} NOT NULL CHECK (kind BETWEEN 1 AND 6), station {int} NOT NULL, \
         occurred_at {int} NOT NULL, state {int} NOT NULL, quantity {int} NOT NULL, defect_code {text} NOT NULL, note {text} NOT NULL)",
        "CREATE UNIQUE INDEX job_event_by_job ON job_event (subject_no, place, sequence)",
        // What was reworked or scrapped, for yields and counts of defects, so that nobody reads all events.
        "CREATE TABLE job_defect (subject_no {int} NOT NULL, place {int} NOT NULL, sequence {int} NOT NULL, operation_id {text} NOT NULL, \
         day_on {int} NOT NULL, defect_code {text} NOT NULL, kind {int} NOT NULL CHECK (kind IN (3, 4)), quantity {int} NOT NULL, \
         PRIMARY KEY (day_on, subject_no, place, sequence)) {rowless}",
    ],
};

/// Non-conformances, their steps, and what is held for them.
pub const QUALITY: Migration = Migration {
    name: "m0011_quality",
    up: &[
        "CREATE TABLE non_conformance (nc_no {id}, title {text} NOT NULL, defect_code {text} NOT NULL, item_id {text} NOT NULL, \
         operation_id {text} NOT NULL, opened_by {text} NOT NULL, opened_on {int} NOT NULL, step {int} NOT NULL CHECK (step BETWEEN 0 AND 9), \
         version {int} NOT NULL)",
        "CREATE TABLE nc_step (nc_no {int} NOT NULL, sequence {int} NOT NULL, step {int} NOT NULL CHECK (step BETWEEN 1 AND 9), \
         reopened {int} NOT NULL CHECK (reopened IN (0, 1)), done_by {text} NOT NULL, done_on {int} NOT NULL, said {text} NOT NULL, \
         PRIMARY KEY (nc_no, sequence)) {rowless}",
        // The kinds of scopes are 1 vehicles, 2 builds, 3 a lot, 4 an item and days.
        "CREATE TABLE quality_hold (hold_no {id}, nc_no {int} NOT NULL, kind {int} NOT NULL CHECK (kind BETWEEN 1 AND 4), first_build {int} NOT NULL, \
         last_build {int} NOT NULL, lot_id {text} NOT NULL, item_no {int} NOT NULL, from_on {int} NOT NULL, through_on {int} NOT NULL, \
         reason {text} NOT NULL, placed_by {text} NOT NULL, placed_on {int} NOT NULL, in_force {int} NOT NULL CHECK (in_force IN (0, 1)), \
         lot_state {int} NOT NULL CHECK ((kind = 3) = (lot_state BETWEEN 1 AND 6)), lot_note {text} NOT NULL)",
        "CREATE INDEX quality_hold_in_force ON quality_hold (hold_no) WHERE in_force = 1",
        "CREATE TABLE hold_vehicle (serial {int} NOT NULL, hold_no {int} NOT NULL, state {int} NOT NULL CHECK (state BETWEEN 1 AND 4), \
         was_held {int} NOT NULL, disposition {int} NOT NULL, decided_by {text} NOT NULL, decided_on {int} NOT NULL, note {text} NOT NULL, \
         PRIMARY KEY (serial, hold_no)) {rowless}",
        "CREATE INDEX hold_vehicle_by_hold ON hold_vehicle (hold_no, serial)",
        // Whoever places a hold or completes vehicles holds this row, so that neither misses the other.
        "CREATE TABLE quality_gate (gate_no {id}, passed {int} NOT NULL)",
        "INSERT INTO quality_gate (gate_no, passed) VALUES (1, 0)",
    ],
};
