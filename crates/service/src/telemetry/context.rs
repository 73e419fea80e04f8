//! The W3C trace context: over gRPC metadata, into rows and out of them.
//!
//! It must not know exporters. Invariants: a context that came in goes out again even when nobody records
//! spans here; what cannot be parsed is ignored, never an error.

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::{
    Context,
    propagation::{Extractor, Injector, TextMapPropagator},
    trace::{FutureExt, SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The current context as a W3C `traceparent`, for the rows of facts and intents; None outside any trace.
pub fn current_traceparent() -> Option<String> {
    Context::map_current(|context| traceparent_of(context.span().span_context()))
}

/// The current trace id in hex; None outside any trace.
pub fn current_trace_id() -> Option<String> {
    Context::map_current(|context| {
        let trace = context.span().span_context().trace_id();
        (trace != TraceId::INVALID).then(|| trace.to_string())
    })
}

/// An id to quote outside any trace.
pub(crate) fn new_trace_id() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// The trace of a `traceparent`, 32 hexadecimal digits; None where it is none.
pub fn trace_id(traceparent: &str) -> Option<String> {
    parse_traceparent(traceparent).map(|context| context.trace_id().to_string())
}

/// A span that continues the trace of `traceparent`; without one it begins a trace of its own.
///
/// `name` is what the trace shows; enter the span or instrument a future with it as usual.
pub fn span_from_traceparent(name: &str, traceparent: Option<&str>) -> Span {
    let span = tracing::info_span!(
        target: "takt::span",
        parent: None,
        "work",
        otel.name = name,
        otel.kind = "consumer",
        otel.status_code = tracing::field::Empty,
    );
    if let Some(context) = traceparent.and_then(parse_traceparent) {
        // Where nobody records the span there is no parent to set.
        let _recorded = set_parent(&span, Context::new().with_remote_span_context(context));
    }
    span
}

/// A span that begins a trace of its own, for periodic work such as a relay's batch.
pub fn root_span(name: &str) -> Span {
    span_from_traceparent(name, None)
}

/// Links `span` to the trace of `traceparent` without becoming its child; ignored where it cannot be parsed.
pub fn link(span: &Span, traceparent: &str) {
    if span.is_disabled() {
        return;
    }
    if let Some(context) = parse_traceparent(traceparent) {
        span.add_link(context);
    }
}

/// Makes a future that may run in a task of its own carry the current span and trace context.
pub fn carry<F: Future>(future: F) -> impl Future<Output = F::Output> {
    future.with_current_context().instrument(Span::current())
}

/// The context of a call's metadata, or None where it carries none that is valid.
pub(crate) fn extract(headers: &HeaderMap) -> Option<Context> {
    if !headers.contains_key("traceparent") {
        return None;
    }
    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &In(headers));
    context.has_active_span().then_some(context)
}

/// Writes the context of `span`, or the current one where nobody records it, into a call's metadata.
pub(crate) fn inject(span: &Span, headers: &mut HeaderMap) {
    let mut context = span.context();
    if !context.has_active_span() {
        context = Context::current();
    }
    if context.has_active_span() {
        TraceContextPropagator::new().inject_context(&context, &mut Out(headers));
    }
}

/// Sets the parent of a span that was just created; false where nobody records the span, so that its parent has
/// to be passed on in another way.
pub(crate) fn set_parent(span: &Span, parent: Context) -> bool {
    span.set_parent(parent).is_ok()
}

fn traceparent_of(context: &SpanContext) -> Option<String> {
    context.is_valid().then(|| {
        format!(
            "00-{}-{}-{:02x}",
            context.trace_id(),
            context.span_id(),
            context.trace_flags() & TraceFlags::SAMPLED
        )
    })
}

/// Parses version 00 of <https://www.w3.org/TR/trace-context/#traceparent-header>.
fn parse_traceparent(text: &str) -> Option<SpanContext> {
    let mut parts = text.split('-');
    let (version, trace, span, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if version != "00" || parts.next().is_some() || trace.len() != 32 || span.len() != 16 {
        return None;
    }
    let context = SpanContext::new(
        TraceId::from_hex(trace).ok()?,
        SpanId::from_hex(span).ok()?,
        TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED,
        true,
        TraceState::default(),
    );
    context.is_valid().then_some(context)
}

struct In<'a>(&'a HeaderMap);

impl Extractor for In<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

struct Out<'a>(&'a mut HeaderMap);

impl Injector for Out<'_> {
    fn set(&mut self, key: &str, value: String) {
        // An empty tracestate is no tracestate.
        if value.is_empty() {
            return;
        }
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(key), HeaderValue::try_from(value)) {
            self.0.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_context_survives_where_nobody_records() {
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", HeaderValue::from_static(PARENT));
        let guard = extract(&headers).map(Context::attach);
        assert_eq!(current_traceparent().as_deref(), Some(PARENT));
        let mut out = HeaderMap::new();
        inject(&Span::none(), &mut out);
        assert_eq!(out.get("traceparent"), headers.get("traceparent"));
        drop(guard);
        assert_eq!(current_traceparent(), None);
    }

    #[test]
    fn what_cannot_be_parsed_is_ignored() {
        for text in [
            "",
            "00",
            "00-0-0-01",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            assert!(parse_traceparent(text).is_none(), "{text}");
        }
        let zero = PARENT.replace("0af7651916cd43dd8448eb211c80319c", &"0".repeat(32));
        assert!(parse_traceparent(&zero).is_none());
        assert!(parse_traceparent(PARENT).is_some());
    }
}
