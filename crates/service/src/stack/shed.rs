//! Too many calls in flight: the next one is turned away at once, with the wait that is suggested.
//!
//! It must not know handlers. Invariants: the limit holds over all connections; a call counts until the last byte of
//! its answer; probes and reflection are never turned away; watches have a limit of their own, so that they cannot
//! take the room of calls.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::{Status, body::Body};
use tower::{Layer, Service};

use super::method::Method;
use crate::{error::Error, telemetry::Metrics};

/// The wait suggested to a call that was turned away.
const WAIT: Duration = Duration::from_millis(100);

/// The limits over all connections of a service.
#[derive(Debug, Clone)]
pub(crate) struct ShedLayer {
    calls: Arc<Semaphore>,
    watches: Arc<Semaphore>,
    metrics: Metrics,
}

impl ShedLayer {
    pub(crate) fn new(calls: usize, watches: usize, metrics: Metrics) -> Self {
        Self {
            calls: Arc::new(Semaphore::new(calls.min(Semaphore::MAX_PERMITS))),
            watches: Arc::new(Semaphore::new(watches.min(Semaphore::MAX_PERMITS))),
            metrics,
        }
    }

    fn admit(&self, method: Option<&Method>) -> Result<Option<OwnedSemaphorePermit>, Error> {
        let endless = method.is_some_and(Method::is_endless);
        if method.is_some_and(Method::is_exempt) && !endless {
            return Ok(None);
        }
        let (room, what) = if endless {
            (&self.watches, "open watches")
        } else {
            (&self.calls, "calls in flight")
        };
        match Arc::clone(room).try_acquire_owned() {
            Ok(permit) => Ok(Some(permit)),
            Err(_full) => {
                self.metrics.call_shed();
                Err(Error::busy(what, WAIT))
            }
        }
    }
}

impl<S> Layer<S> for ShedLayer {
    type Service = Shed<S>;

    fn layer(&self, inner: S) -> Shed<S> {
        Shed {
            inner,
            limits: self.clone(),
        }
    }
}

/// See [`ShedLayer`].
#[derive(Debug, Clone)]
pub(crate) struct Shed<S> {
    inner: S,
    limits: ShedLayer,
}

impl<S, B> Service<Request<Body>> for Shed<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
{
    type Response = Response<AdmittedBody<B>>;
    type Error = S::Error;
    type Future = Admitted<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match self.limits.admit(request.extensions().get::<Method>()) {
            Ok(permit) => Admitted::In {
                inner: self.inner.call(request),
                permit,
            },
            Err(error) => Admitted::Out { error: Some(error) },
        }
    }
}

pin_project! {
    /// A call that was let in, or one that was turned away.
    #[project = AdmittedProjection]
    pub(crate) enum Admitted<F> {
        In { #[pin] inner: F, permit: Option<OwnedSemaphorePermit> },
        Out { error: Option<Error> },
    }
}

impl<F, B, E> Future for Admitted<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<AdmittedBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            AdmittedProjection::In { inner, permit } => {
                let answer = ready!(inner.poll(cx));
                let permit = permit.take();
                Poll::Ready(answer.map(|response| {
                    response.map(|inner| AdmittedBody {
                        inner: Some(inner),
                        _permit: permit,
                    })
                }))
            }
            AdmittedProjection::Out { error } => {
                let error = error.take();
                let error =
                    error.unwrap_or_else(|| Error::broken("a call was polled after its end"));
                Poll::Ready(Ok(Status::from(error).into_http()))
            }
        }
    }
}

pin_project! {
    /// The body of an answer, which keeps its place until it is sent.
    pub(crate) struct AdmittedBody<B> {
        #[pin]
        inner: Option<B>,
        _permit: Option<OwnedSemaphorePermit>,
    }
}

impl<B> Default for AdmittedBody<B> {
    fn default() -> Self {
        Self {
            inner: None,
            _permit: None,
        }
    }
}

impl<B: HttpBody<Data = Bytes, Error = Status>> HttpBody for AdmittedBody<B> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        match self.project().inner.as_pin_mut() {
            Some(inner) => inner.poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.inner {
            Some(inner) => inner.size_hint(),
            None => SizeHint::with_exact(0),
        }
    }
}
