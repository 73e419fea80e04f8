//! How a call ended: the status in the headers, in the trailers, or none because the caller went away.
//!
//! Traces and metrics both ask here. It must not know either. Invariant: an observer hears of exactly one end,
//! also when the call is dropped half way.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tonic::{Code, Status};

/// What wants to know how a call ends.
pub trait Observer {
    /// Runs one step of the call in whatever surroundings the observer keeps for it.
    fn surround<R>(&self, step: impl FnOnce() -> R) -> R {
        step()
    }

    /// The call ended with `code`.
    fn end(&mut self, code: Code);
}

/// What ends a call without an answer.
pub trait Failure {
    /// The code that the caller sees.
    fn code(&self) -> Code;
}

impl Failure for Status {
    fn code(&self) -> Code {
        Self::code(self)
    }
}

impl Failure for Infallible {
    fn code(&self) -> Code {
        match *self {}
    }
}

/// An observer that is told `CANCELLED` when nothing else was said before it went away.
pub struct Ending<O: Observer> {
    observer: O,
    ended: bool,
}

impl<O: Observer> Ending<O> {
    pub(crate) fn new(observer: O) -> Self {
        Self {
            observer,
            ended: false,
        }
    }

    pub(crate) fn observer(&self) -> &O {
        &self.observer
    }

    fn end(&mut self, code: Code) {
        if !self.ended {
            self.ended = true;
            self.observer.end(code);
        }
    }
}

impl<O: Observer> Drop for Ending<O> {
    fn drop(&mut self) {
        self.end(Code::Cancelled);
    }
}

pin_project! {
    /// The future of a call under observation.
    pub struct ObservedCall<F, O: Observer> {
        #[pin]
        inner: F,
        ending: Option<Ending<O>>,
    }
}

impl<F, O: Observer> ObservedCall<F, O> {
    pub(crate) fn new(inner: F, observer: O) -> Self {
        Self {
            inner,
            ending: Some(Ending::new(observer)),
        }
    }
}

impl<F, B, E, O> Future for ObservedCall<F, O>
where
    F: Future<Output = Result<http::Response<B>, E>>,
    E: Failure,
    O: Observer,
{
    type Output = Result<http::Response<ObservedBody<B, O>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let inner = this.inner;
        let answer = match this.ending {
            Some(ending) => ready!(ending.observer().surround(|| inner.poll(cx))),
            None => ready!(inner.poll(cx)),
        };
        let mut ending = this.ending.take();
        let code = match &answer {
            Ok(response) => code_in(response.headers()),
            Err(failure) => Some(failure.code()),
        };
        if let (Some(ending), Some(code)) = (&mut ending, code) {
            ending.end(code);
        }
        Poll::Ready(answer.map(|response| response.map(|inner| ObservedBody { inner, ending })))
    }
}

pin_project! {
    /// The body of an answer under observation.
    pub struct ObservedBody<B, O: Observer> {
        #[pin]
        inner: B,
        ending: Option<Ending<O>>,
    }
}

impl<B, O> Body for ObservedBody<B, O>
where
    B: Body<Data = Bytes, Error = Status>,
    O: Observer,
{
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.project();
        let inner = this.inner;
        let Some(ending) = this.ending else {
            return inner.poll_frame(cx);
        };
        let frame = ready!(ending.observer().surround(|| inner.poll_frame(cx)));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(code) = frame.trailers_ref().and_then(code_in) {
                    ending.end(code);
                }
            }
            Some(Err(status)) => ending.end(status.code()),
            None => {}
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

fn code_in(headers: &HeaderMap) -> Option<Code> {
    let value = headers.get(Status::GRPC_STATUS)?;
    Some(Code::from_bytes(value.as_bytes()))
}

/// The name of a code as the conventions spell it.
pub(crate) fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// The codes that are the server's fault: an error of its span, where others are answers.
pub(crate) fn is_server_error(code: Code) -> bool {
    matches!(
        code,
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    )
}
