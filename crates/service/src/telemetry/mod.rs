//! Seeing what the services do: traces, metrics and logs, one set a service even where three share a process.

mod context;
pub mod names;

pub use context::{
    carry, current_trace_id, current_traceparent, link, root_span, span_from_traceparent,
};
pub(crate) use context::{extract, inject, set_parent, trace_id_or_new};
