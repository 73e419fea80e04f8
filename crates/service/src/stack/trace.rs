//! The span of a call on the server: from the first byte of its head to the last of its trailers.
//!
//! The outermost layer. It must not know exporters. Invariants: the span is made, gets its parent and only then is
//! entered (the parent cannot be set later); where nobody records spans the caller's context still passes through.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use opentelemetry::Context as TraceContext;
use tonic::{Code, body::Body};
use tower::{Layer, Service};
use tracing::{Span, field::Empty};

use super::{
    ended::{Failure, ObservedBody, ObservedCall, Observer, code_name, is_server_error},
    method::{Method, Methods},
};
use crate::telemetry;

/// Gives every call a span and finds its method.
#[derive(Debug, Clone)]
pub(crate) struct TraceLayer {
    pub(crate) methods: Arc<Methods>,
}

impl<S> Layer<S> for TraceLayer {
    type Service = Trace<S>;

    fn layer(&self, inner: S) -> Trace<S> {
        Trace {
            inner,
            methods: Arc::clone(&self.methods),
        }
    }
}

/// See [`TraceLayer`].
#[derive(Debug, Clone)]
pub(crate) struct Trace<S> {
    inner: S,
    methods: Arc<Methods>,
}

impl<S, B> Service<Request<Body>> for Trace<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Error: Failure,
{
    type Response = Response<ObservedBody<B, CallSpan>>;
    type Error = S::Error;
    type Future = ObservedCall<S::Future, CallSpan>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let method = self.methods.find(request.uri().path());
        let remote = telemetry::extract(request.headers());
        let span = call_span(&method, &request);
        let surroundings = remote.filter(|remote| !telemetry::set_parent(&span, remote.clone()));
        request.extensions_mut().insert(method);
        let observer = CallSpan { span, surroundings };
        let inner = &mut self.inner;
        let future = observer.surround(|| inner.call(request));
        ObservedCall::new(future, observer)
    }
}

fn call_span(method: &Method, request: &Request<Body>) -> Span {
    let span = tracing::info_span!(
        target: "takt::span",
        parent: None,
        "rpc",
        otel.name = method.name(),
        otel.kind = "server",
        otel.status_code = Empty,
        rpc.system.name = "grpc",
        rpc.method = method.name(),
        rpc.method_original = Empty,
        rpc.response.status_code = Empty,
        "error.type" = Empty,
        server.address = Empty,
        server.port = Empty,
    );
    if !span.is_disabled() {
        if !method.is_known() {
            span.record("rpc.method_original", request.uri().path());
        }
        if let Some(authority) = request.uri().authority() {
            span.record("server.address", authority.host());
            if let Some(port) = authority.port_u16() {
                span.record("server.port", port);
            }
        }
    }
    span
}

/// The span of a call, or the context that only passes through.
pub(crate) struct CallSpan {
    span: Span,
    surroundings: Option<TraceContext>,
}

impl Observer for CallSpan {
    fn surround<R>(&self, step: impl FnOnce() -> R) -> R {
        let _context = self.surroundings.clone().map(TraceContext::attach);
        self.span.in_scope(step)
    }

    fn end(&mut self, code: Code) {
        if self.span.is_disabled() {
            return;
        }
        self.span
            .record("rpc.response.status_code", code_name(code));
        if is_server_error(code) {
            self.span.record("error.type", code_name(code));
            self.span.record("otel.status_code", "ERROR");
        }
    }
}
