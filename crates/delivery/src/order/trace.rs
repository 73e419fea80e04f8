//! Traces of orders that come in chunks: a chunk is one trace, and each of its orders begins one of its own.
//!
//! It must not know rows. Invariants: where nobody traces, nothing is done; an order's trace is linked to the chunk's,
//! and its first spans last as long as the chunk's transaction, of which the order is a part.

use takt_service::{
    Dialect,
    telemetry::{DbSystem, current_traceparent, db_span, link, root_span},
};
use tracing::Span;

use super::intake::NewOrder;

/// The open spans of a chunk's orders; they end when this is dropped, the inner one of each order first.
#[must_use = "the spans end when this is dropped"]
pub(crate) struct OrderSpans(#[expect(dead_code, reason = "held for their end")] Vec<(Span, Span)>);

/// Begins a trace for each order and notes it, so that all later facts about the order continue it.
pub(crate) fn orders_traced(orders: &mut [NewOrder], dialect: Dialect) -> OrderSpans {
    let Some(chunk) = current_traceparent() else {
        return OrderSpans(Vec::new());
    };
    let system = match dialect {
        Dialect::Sqlite => DbSystem::Sqlite,
        Dialect::Postgres => DbSystem::Postgres,
    };
    let begun = orders.iter_mut().map(|order| {
        let span = root_span("order_lock");
        link(&span, &chunk);
        let (rows, traceparent) =
            span.in_scope(|| (db_span("orders_intake", system), current_traceparent()));
        order.traceparent = traceparent;
        (rows, span)
    });
    OrderSpans(begun.collect())
}
