//! Traces of orders that come in chunks: a chunk is one trace, and each of its orders begins one of its own.
//!
//! It must not know rows. Invariants: where nobody traces, nothing is done; an order's trace is linked to the chunk's,
//! and its first spans are the order's share of the chunk's transaction.

use takt_service::{
    Dialect,
    telemetry::{DbSystem, current_traceparent, db_span, link, root_span},
};

use super::intake::NewOrder;

/// Begins a trace for each order and notes it, so that all later facts about the order continue it.
pub(crate) fn orders_traced(orders: &mut [NewOrder], dialect: Dialect) {
    let Some(chunk) = current_traceparent() else {
        return;
    };
    let system = match dialect {
        Dialect::Sqlite => DbSystem::Sqlite,
        Dialect::Postgres => DbSystem::Postgres,
    };
    for order in orders {
        let span = root_span("order_lock");
        link(&span, &chunk);
        order.traceparent = span.in_scope(|| {
            // The order's share of the transaction, which belongs to the chunk's trace.
            drop(db_span("orders_intake", system));
            current_traceparent()
        });
    }
}
