//! A panic in a handler becomes INTERNAL with the trace id, and the other calls go on.
//!
//! It must not know what panicked. Invariants: covers the future of a call and its streaming answer; the text of the
//! panic is logged and never leaves the process.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;
use tonic::{Status, body::Body};
use tower::{Layer, Service};

use super::last_frame;
use crate::error::Error;

/// Catches the panics of everything below it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CatchPanicLayer;

impl<S> Layer<S> for CatchPanicLayer {
    type Service = CatchPanic<S>;

    fn layer(&self, inner: S) -> CatchPanic<S> {
        CatchPanic { inner }
    }
}

/// See [`CatchPanicLayer`].
#[derive(Debug, Clone)]
pub(crate) struct CatchPanic<S> {
    inner: S,
}

impl<S, B> Service<Request<Body>> for CatchPanic<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
{
    type Response = Response<CaughtBody<B>>;
    type Error = S::Error;
    type Future = Caught<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // After a panic nothing of the call is looked at again, so it cannot be seen half changed.
        match catch_unwind(AssertUnwindSafe(|| self.inner.call(request))) {
            Ok(inner) => Caught::Running { inner },
            Err(panic) => Caught::Panicked {
                status: Some(status_of(panic.as_ref())),
            },
        }
    }
}

pin_project! {
    /// A call that may panic, or one that already has.
    #[project = CaughtProjection]
    pub(crate) enum Caught<F> {
        Running { #[pin] inner: F },
        Panicked { status: Option<Status> },
    }
}

impl<F, B, E> Future for Caught<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<CaughtBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let status = match self.project() {
            CaughtProjection::Running { inner } => {
                match catch_unwind(AssertUnwindSafe(|| inner.poll(cx))) {
                    Ok(answer) => {
                        let wrap = |inner| CaughtBody { inner: Some(inner) };
                        return Poll::Ready(ready!(answer).map(|response| response.map(wrap)));
                    }
                    Err(panic) => status_of(panic.as_ref()),
                }
            }
            CaughtProjection::Panicked { status } => status
                .take()
                .unwrap_or_else(|| Error::broken("a call was polled after its end").into()),
        };
        Poll::Ready(Ok(status.into_http()))
    }
}

pin_project! {
    /// The body of an answer that may panic while it streams; empty once it has.
    pub(crate) struct CaughtBody<B> {
        #[pin]
        inner: Option<B>,
    }
}

impl<B> Default for CaughtBody<B> {
    fn default() -> Self {
        Self { inner: None }
    }
}

impl<B: HttpBody<Data = Bytes, Error = Status>> HttpBody for CaughtBody<B> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let mut this = self.project();
        let Some(inner) = this.inner.as_mut().as_pin_mut() else {
            return Poll::Ready(None);
        };
        match catch_unwind(AssertUnwindSafe(|| inner.poll_frame(cx))) {
            Ok(frame) => frame,
            Err(panic) => {
                this.inner.set(None);
                Poll::Ready(Some(last_frame(status_of(panic.as_ref()))))
            }
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

fn status_of(panic: &(dyn Any + Send)) -> Status {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("it gave no reason");
    // The panic may have struck after the commit, so nothing is certain.
    Error::broken(format!("a handler panicked: {text}"))
        .maybe()
        .into()
}
