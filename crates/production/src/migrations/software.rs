//! The tables of the software of vehicles.
//!
//! It must not know how they are read. Invariant: a released step is never changed.

use takt_service::Migration;

/// With which version an item leaves the line from a day on, and which vehicles were changed since, as runs of build numbers.
pub(super) const SOFTWARE: Migration = Migration {
    name: "m0022_software",
    up: &[
        // Whoever changes software holds this row.
        "CREATE TABLE software_head (head_no {id} CHECK (head_no = 1), change_no {int} NOT NULL)",
        "INSERT INTO software_head (head_no, change_no) VALUES (1, 0)",
        "CREATE TABLE software_release (item_no {int} NOT NULL, effective_on {int} NOT NULL, version {text} NOT NULL, \
         PRIMARY KEY (item_no, effective_on)) {rowless}",
        "CREATE TABLE software_change (change_no {id}, item_no {int} NOT NULL, version {text} NOT NULL, installed_on {int} NOT NULL, reason {text} NOT NULL)",
        "CREATE TABLE software_run (change_no {int} NOT NULL, first_build {int} NOT NULL, last_build {int} NOT NULL, \
         CHECK (first_build <= last_build), PRIMARY KEY (change_no, first_build)) {rowless}",
    ],
};
