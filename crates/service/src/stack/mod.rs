//! The layers every call passes through, composed once and boxed once.
//!
//! From outside in: trace, metrics, catch-panic, deadline, shed, identity, routes. It must not know any service.
//! Invariants: the order is fixed here and nowhere else; layers outside see what those inside answered, so a call that
//! is late, shed or panicked is traced and counted like any other; the whole costs a few microseconds a call.

mod catch_panic;
mod deadline;
mod ended;
mod identity;
mod method;
mod metrics;
mod routes;
mod shed;
mod trace;

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use tokio_util::sync::CancellationToken;
use tonic::{Status, body::Body};
use tower::{ServiceBuilder, ServiceExt, util::BoxCloneSyncService};

use crate::telemetry::Metrics;
pub(crate) use deadline::{TimedBody, TimedCall, before, grpc_timeout};
pub(crate) use ended::{ObservedBody, ObservedCall, Observer, code_name};
pub(crate) use method::Methods;
pub use routes::Routes;

/// The whole stack over the routes of a service.
pub(crate) type Stack = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

/// What the layers are told.
#[derive(Debug, Clone)]
pub(crate) struct StackConfig {
    pub(crate) methods: Arc<Methods>,
    pub(crate) metrics: Metrics,
    /// The deadline of unary calls that came without one.
    pub(crate) unary_deadline: Duration,
    /// The deadline of streams that came without one.
    pub(crate) stream_deadline: Duration,
    /// The most calls in flight over all connections.
    pub(crate) calls: usize,
    /// The most watches open over all connections.
    pub(crate) watches: usize,
    /// Cancelled when the service begins to drain, which ends its watches.
    pub(crate) draining: CancellationToken,
}

/// Puts the layers over the routes.
pub(crate) fn compose(config: StackConfig, routes: Routes) -> Stack {
    let stack = ServiceBuilder::new()
        .layer(trace::TraceLayer {
            methods: config.methods,
        })
        .layer(metrics::MetricsLayer {
            metrics: config.metrics.clone(),
        })
        .layer(catch_panic::CatchPanicLayer)
        .layer(deadline::DeadlineLayer {
            unary: config.unary_deadline,
            streaming: config.stream_deadline,
            draining: config.draining,
        })
        .layer(shed::ShedLayer::new(
            config.calls,
            config.watches,
            config.metrics,
        ))
        .layer(identity::IdentityLayer)
        .service(routes);
    BoxCloneSyncService::new(stack.map_response(|response| response.map(Body::new)))
}

/// The last frame of an answer that was cut off after its head was sent.
fn last_frame(status: Status) -> Result<Frame<Bytes>, Status> {
    let mut trailers = HeaderMap::new();
    status.add_header(&mut trailers)?;
    Ok(Frame::trailers(trailers))
}

#[cfg(test)]
mod tests;
