//! The table of the book of orders.
//!
//! It must not know how it is read. Invariant: a released step is never changed.

use takt_service::Migration;

/// The book's one row: whoever changes the configuration of an open order, and whoever keeps what was decided from those, holds it.
pub(super) const ORDER_BOOK: Migration = Migration {
    name: "m0023_order_book",
    up: &[
        "CREATE TABLE order_book (book_no {id} CHECK (book_no = 1), revision {int} NOT NULL CHECK (revision >= 0))",
        "INSERT INTO order_book (book_no, revision) VALUES (1, 0)",
        // A change finds its order by the name that people know.
        "CREATE INDEX demand_order_by_id ON demand_order (order_id)",
    ],
};
