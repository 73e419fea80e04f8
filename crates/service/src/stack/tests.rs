//! What the whole stack costs a call.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::{
    convert::Infallible,
    future::{Ready, ready},
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use http::{Request, Response};
use tokio_util::sync::CancellationToken;
use tonic::{body::Body, server::NamedService};
use tower::Service;

use super::{Methods, Routes, StackConfig, compose};
use crate::{call::Call, serve::Descriptors, telemetry::Metrics};

#[derive(Clone)]
struct Nothing;

impl NamedService for Nothing {
    const NAME: &'static str = "grpc.health.v1.Health";
}

impl Service<Request<Body>> for Nothing {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        assert!(Call::in_extensions(request.extensions()).is_some());
        ready(Ok(Response::new(Body::empty())))
    }
}

#[tokio::test]
async fn the_whole_stack_costs_less_than_ten_microseconds() {
    let config = StackConfig {
        methods: Arc::new(Methods::new(&Descriptors::new(&[]), &[])),
        metrics: Metrics::off(),
        unary_deadline: Duration::from_secs(30),
        stream_deadline: Duration::from_secs(30),
        calls: 100,
        watches: 100,
        draining: CancellationToken::new(),
    };
    let stack = compose(config, Routes::new().add_service(Nothing));
    let mut best = Duration::MAX;
    for _ in 0..50 {
        let began = Instant::now();
        for _ in 0..200 {
            let mut request = Request::new(Body::empty());
            *request.uri_mut() = http::Uri::from_static("http://h/grpc.health.v1.Health/Check");
            drop(stack.clone().call(request).await.unwrap());
        }
        best = best.min(began.elapsed() / 200);
    }
    eprintln!("the stack costs {best:?} a call");
    // The best of many, because a test machine has other things to do as well.
    assert!(best < Duration::from_micros(10), "{best:?} a call");
}
