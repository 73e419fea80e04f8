//! Who calls: the seam where authentication will stand. It puts the [`Call`] into every request.
//!
//! It must not decide what a caller may do. Invariant: a handler always finds a `Call`, with the deadline
//! of the layer above.

use std::task::{Context, Poll};

use http::Request;
use tonic::body::Body;
use tower::{Layer, Service};

use super::deadline::Deadline;
use crate::call::{Call, Caller};

/// Names the caller of every call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IdentityLayer;

impl<S> Layer<S> for IdentityLayer {
    type Service = Identified<S>;

    fn layer(&self, inner: S) -> Identified<S> {
        Identified { inner }
    }
}

/// See [`IdentityLayer`].
#[derive(Debug, Clone)]
pub(crate) struct Identified<S> {
    inner: S,
}

impl<S: Service<Request<Body>>> Service<Request<Body>> for Identified<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let caller = Caller::claimed(request.headers());
        if let Some(Deadline { started, at }) = request.extensions().get::<Deadline>().copied() {
            request.extensions_mut().insert(Call {
                deadline: at,
                caller,
                started,
            });
        }
        self.inner.call(request)
    }
}
