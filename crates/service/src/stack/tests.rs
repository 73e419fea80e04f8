//! A call through the whole stack.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::{
    convert::Infallible,
    future::{Ready, ready},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
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
async fn calls_find_their_way_through_the_whole_stack() {
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
    // The handler asserts that each finds its `Call`.
    for _ in 0..100 {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = http::Uri::from_static("http://h/grpc.health.v1.Health/Check");
        let answer = stack.clone().call(request).await.unwrap();
        assert_eq!(answer.status(), http::StatusCode::OK);
    }
}
