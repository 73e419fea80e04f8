//! The channel under every generated client: what the stack is on the server, this is on the client.
//!
//! It must not know what is asked. Invariants: the deadline in the metadata is kept here too, over the streaming answer
//! as well, and answers DEADLINE_EXCEEDED where the transport would answer CANCELLED; the error of a broken
//! connection keeps its source, which `classify` reads.

use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::{TryFutureExt, future::MapErr};
use http::{HeaderValue, Request, Response};
use opentelemetry::KeyValue;
use tokio::time::Instant;
use tonic::{
    Code, Status,
    body::Body,
    transport::{self, Endpoint, channel::ResponseFuture},
};
use tower::Service;
use tracing::{Span, field::Empty};

use super::PeerOptions;
use crate::{
    call::{CALLER_KEY, Call},
    stack::{
        ObservedBody, ObservedCall, Observer, TimedBody, TimedCall, before, code_name, grpc_timeout,
    },
    telemetry::{self, Metrics, names},
};

/// A connection to a peer that is made when it is first needed and again when it is lost; cheap to clone.
#[derive(Clone)]
pub struct Channel {
    inner: transport::Channel,
    shared: Arc<Shared>,
}

struct Shared {
    host: Arc<str>,
    port: u16,
    caller: Option<HeaderValue>,
    metrics: Metrics,
}

impl Channel {
    pub(super) fn new(endpoint: &Endpoint, options: &PeerOptions) -> Self {
        let uri = endpoint.uri();
        Self {
            inner: endpoint.connect_lazy(),
            shared: Arc::new(Shared {
                host: Arc::from(uri.host().unwrap_or_default()),
                port: uri.port_u16().unwrap_or(80),
                caller: options.caller.to_metadata(),
                metrics: options.metrics.clone(),
            }),
        }
    }

    fn span(&self, method: &str) -> Span {
        tracing::info_span!(
            target: "takt::span",
            "rpc",
            otel.name = method,
            otel.kind = "client",
            otel.status_code = Empty,
            rpc.system.name = "grpc",
            rpc.method = method,
            rpc.response.status_code = Empty,
            "error.type" = Empty,
            server.address = &*self.shared.host,
            server.port = self.shared.port,
        )
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Channel({}:{})", self.shared.host, self.shared.port)
    }
}

type Sent = MapErr<ResponseFuture, fn(transport::Error) -> Status>;

impl Service<Request<Body>> for Channel {
    type Response = Response<ObservedBody<TimedBody<Body>, ClientCall>>;
    type Error = Status;
    type Future = ObservedCall<TimedCall<Sent>, ClientCall>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        self.inner.poll_ready(cx).map_err(lost)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let method = request.uri().path().trim_start_matches('/');
        let span = self.span(method);
        let measured = self.shared.metrics.is_enabled().then(|| Measured {
            method: Arc::from(method),
            shared: Arc::clone(&self.shared),
            started: Instant::now(),
        });
        telemetry::inject(&span, request.headers_mut());
        if let Some(caller) = &self.shared.caller
            && !request.headers().contains_key(CALLER_KEY)
        {
            request.headers_mut().insert(CALLER_KEY, caller.clone());
        }
        let left = grpc_timeout(request.headers()).map_or(Call::NEVER, before);
        let at = Instant::now() + left.min(Call::NEVER);
        let observer = ClientCall { span, measured };
        let sent = observer.surround(|| self.inner.call(request));
        let sent: Sent = sent.map_err(lost as fn(transport::Error) -> Status);
        ObservedCall::new(TimedCall::new(sent, at, None), observer)
    }
}

fn lost(error: transport::Error) -> Status {
    Status::from_error(Box::new(error))
}

/// The span and the clock of a call that was sent.
pub struct ClientCall {
    span: Span,
    measured: Option<Measured>,
}

struct Measured {
    method: Arc<str>,
    shared: Arc<Shared>,
    started: Instant,
}

impl Observer for ClientCall {
    fn surround<R>(&self, step: impl FnOnce() -> R) -> R {
        self.span.in_scope(step)
    }

    fn end(&mut self, code: Code) {
        let name = code_name(code);
        if !self.span.is_disabled() {
            self.span.record("rpc.response.status_code", name);
            if code != Code::Ok {
                telemetry::span_failed(&self.span, name);
            }
        }
        if let Some(measured) = self.measured.take() {
            let mut attributes = vec![
                KeyValue::new(names::RPC_SYSTEM_NAME, names::GRPC),
                KeyValue::new(names::RPC_METHOD, measured.method),
                KeyValue::new(names::RPC_RESPONSE_STATUS_CODE, name),
                KeyValue::new(names::SERVER_ADDRESS, Arc::clone(&measured.shared.host)),
                KeyValue::new(names::SERVER_PORT, i64::from(measured.shared.port)),
            ];
            if code != Code::Ok {
                attributes.push(KeyValue::new(names::ERROR_TYPE, name));
            }
            let seconds = measured.started.elapsed().as_secs_f64();
            measured.shared.metrics.client_call(seconds, &attributes);
        }
    }
}
