//! The tables of jobs at stations.
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
