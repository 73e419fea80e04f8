//! The trace of a case: it goes on in the trace of the vehicle's order, linked to the call that is made.
//!
//! It must not know rows. Invariant: where nobody traces, nothing is done and a fact bears the trace of the order.

use takt_service::telemetry::{current_traceparent, link, span_from_traceparent};
use tracing::Span;

/// The span of a step of a case; it ends when it is dropped.
#[must_use = "the span ends when this is dropped"]
pub(super) struct CaseSpan {
    span: Option<Span>,
    order: Option<String>,
}

/// Begins the span of a step in the trace of an order.
pub(super) fn case_span(name: &'static str, order: Option<&str>) -> CaseSpan {
    let span = current_traceparent().map(|call| {
        let span = span_from_traceparent(name, order);
        link(&span, &call);
        span
    });
    CaseSpan {
        span,
        order: order.map(str::to_owned),
    }
}

impl CaseSpan {
    /// What facts about the case bear.
    pub(super) fn traceparent(&self) -> Option<String> {
        let own = self.span.as_ref();
        own.and_then(|span| span.in_scope(current_traceparent))
            .or_else(|| self.order.clone())
    }
}
