//! The count and duration of calls, with the names of the stable RPC conventions.
//!
//! It must not know exporters. Invariant: what is counted in is counted out, also when the caller goes away.

use std::task::{Context, Poll};

use http::{Request, Response};
use opentelemetry::KeyValue;
use tokio::time::Instant;
use tonic::{Code, body::Body};
use tower::{Layer, Service};

use super::{
    ended::{Failure, ObservedBody, ObservedCall, Observer, code_name, is_server_error},
    method::Method,
};
use crate::telemetry::{Metrics, names};

/// Measures every call.
#[derive(Debug, Clone)]
pub(crate) struct MetricsLayer {
    pub(crate) metrics: Metrics,
}

impl<S> Layer<S> for MetricsLayer {
    type Service = Measured<S>;

    fn layer(&self, inner: S) -> Measured<S> {
        Measured {
            inner,
            metrics: self.metrics.clone(),
        }
    }
}

/// See [`MetricsLayer`].
#[derive(Debug, Clone)]
pub(crate) struct Measured<S> {
    inner: S,
    metrics: Metrics,
}

impl<S, B> Service<Request<Body>> for Measured<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Error: Failure,
{
    type Response = Response<ObservedBody<B, Clocked>>;
    type Error = S::Error;
    type Future = ObservedCall<S::Future, Clocked>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let running = self.metrics.is_enabled().then(|| {
            self.metrics.calls_active(1);
            Running {
                metrics: self.metrics.clone(),
                method: Method::of(request.extensions()),
                started: Instant::now(),
            }
        });
        ObservedCall::new(self.inner.call(request), Clocked { running })
    }
}

/// A call that is being measured, or nothing where nobody reads metrics.
pub(crate) struct Clocked {
    running: Option<Running>,
}

struct Running {
    metrics: Metrics,
    method: Option<Method>,
    started: Instant,
}

impl Observer for Clocked {
    fn end(&mut self, code: Code) {
        let Some(running) = self.running.take() else {
            return;
        };
        running.metrics.calls_active(-1);
        let Some(method) = running.method else {
            return;
        };
        let seconds = running.started.elapsed().as_secs_f64();
        let attributes = method.ok_attributes();
        if code == Code::Ok {
            running.metrics.server_call(seconds, attributes);
            return;
        }
        let [system, name, _] = attributes.clone();
        let status = KeyValue::new(names::RPC_RESPONSE_STATUS_CODE, code_name(code));
        if is_server_error(code) {
            let error = KeyValue::new(names::ERROR_TYPE, code_name(code));
            running
                .metrics
                .server_call(seconds, &[system, name, status, error]);
        } else {
            running
                .metrics
                .server_call(seconds, &[system, name, status]);
        }
    }
}
