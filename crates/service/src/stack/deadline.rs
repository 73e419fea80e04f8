//! The deadline of a call, over its future and its streaming answer, on the server and on the client.
//!
//! It must not know handlers. Invariants: every call has a deadline, the caller's or the configured one; it answers
//! DEADLINE_EXCEEDED and fires before the transport's own timer, which would answer CANCELLED; a watch has none and
//! ends when the service drains.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::{Status, body::Body};
use tower::{Layer, Service};

use super::{last_frame, method::Method};
use crate::{call::Call, error::Error};

/// The metadata key of a call's timeout.
const GRPC_TIMEOUT: &str = "grpc-timeout";

/// The most by which we are earlier than the transport.
const MARGIN: Duration = Duration::from_millis(20);

/// When a call arrived and when its answer is of no use any more; found in the extensions of every request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    pub(crate) started: Instant,
    pub(crate) at: Instant,
}

/// The deadlines of calls that came without one.
#[derive(Debug, Clone)]
pub(crate) struct DeadlineLayer {
    pub(crate) unary: Duration,
    pub(crate) streaming: Duration,
    pub(crate) draining: CancellationToken,
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = Punctual<S>;

    fn layer(&self, inner: S) -> Punctual<S> {
        Punctual {
            inner,
            config: self.clone(),
        }
    }
}

/// See [`DeadlineLayer`].
#[derive(Debug, Clone)]
pub(crate) struct Punctual<S> {
    inner: S,
    config: DeadlineLayer,
}

impl<S, B> Service<Request<Body>> for Punctual<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
{
    type Response = Response<TimedBody<B>>;
    type Error = S::Error;
    type Future = TimedCall<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let method = Method::of(request.extensions());
        let (streaming, endless) = method
            .map(|method| (method.is_streaming(), method.is_endless()))
            .unwrap_or_default();
        let wanted = grpc_timeout(request.headers());
        let timeout = match wanted {
            Some(wanted) => before(wanted),
            None if endless => Call::NEVER,
            None if streaming => self.config.streaming,
            None => self.config.unary,
        };
        let started = Instant::now();
        let at = started + timeout.min(Call::NEVER);
        request.extensions_mut().insert(Deadline { started, at });
        let draining = endless.then(|| self.config.draining.clone());
        TimedCall::new(self.inner.call(request), at, draining)
    }
}

/// A little before the transport's own timer, which starts at the same time and counts the whole of it.
pub(crate) fn before(timeout: Duration) -> Duration {
    timeout - (timeout / 10).min(MARGIN)
}

/// The timeout in a call's metadata; None where there is none or it cannot be read.
///
/// At most eight digits and a unit, <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>.
pub(crate) fn grpc_timeout(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(GRPC_TIMEOUT)?.to_str().ok()?;
    let unit = *text.as_bytes().last()?;
    let digits = text.get(..text.len() - 1)?;
    if digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    Some(match unit {
        b'H' => Duration::from_secs(count * 3_600),
        b'M' => Duration::from_secs(count * 60),
        b'S' => Duration::from_secs(count),
        b'm' => Duration::from_millis(count),
        b'u' => Duration::from_micros(count),
        b'n' => Duration::from_nanos(count),
        _ => return None,
    })
}

/// The call may have been cut off in the middle of its commit, so its outcome is not certain.
fn late() -> Status {
    Error::late("the call").maybe().into()
}

fn drained() -> Status {
    Error::down("the service", "it drains and ends its watches").into()
}

pin_project! {
    /// A call that is answered in time, whatever happens.
    pub struct TimedCall<F> {
        #[pin]
        inner: F,
        #[pin]
        sleep: Sleep,
        at: Instant,
        draining: Option<CancellationToken>,
    }
}

impl<F> TimedCall<F> {
    pub(crate) fn new(inner: F, at: Instant, draining: Option<CancellationToken>) -> Self {
        Self {
            inner,
            sleep: sleep_until(at),
            at,
            draining,
        }
    }
}

impl<F, B, E> Future for TimedCall<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<TimedBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // The answer comes first: a timer that is due at the same moment does not take it away.
        if let Poll::Ready(answer) = this.inner.poll(cx) {
            let (at, draining) = (*this.at, this.draining.take());
            return Poll::Ready(answer.map(|response| {
                response.map(|inner| TimedBody {
                    inner: Some(inner),
                    at,
                    sleep: None,
                    drained: draining.map(|token| Box::pin(token.cancelled_owned())),
                })
            }));
        }
        ready!(this.sleep.poll(cx));
        Poll::Ready(Ok(late().into_http()))
    }
}

pin_project! {
    /// The body of an answer that ends in time. Its timer is made when it first has to wait, which the body of
    /// a unary answer never does.
    pub struct TimedBody<B> {
        #[pin]
        inner: Option<B>,
        at: Instant,
        sleep: Option<Pin<Box<Sleep>>>,
        drained: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    }
}

impl<B> Default for TimedBody<B> {
    fn default() -> Self {
        Self {
            inner: None,
            at: Instant::now(),
            sleep: None,
            drained: None,
        }
    }
}

impl<B: HttpBody<Data = Bytes, Error = Status>> HttpBody for TimedBody<B> {
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
        // A stream that always has something to send must end in time as well.
        let overdue = Instant::now() >= *this.at;
        if !overdue && let Poll::Ready(frame) = inner.poll_frame(cx) {
            return Poll::Ready(frame);
        }
        let sleep = this
            .sleep
            .get_or_insert_with(|| Box::pin(sleep_until(*this.at)));
        let status = if overdue || sleep.as_mut().poll(cx).is_ready() {
            late()
        } else if let Some(drained_now) = this.drained
            && drained_now.as_mut().poll(cx).is_ready()
        {
            drained()
        } else {
            return Poll::Pending;
        };
        this.inner.set(None);
        Poll::Ready(Some(last_frame(status)))
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

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn timeouts_are_read_as_the_protocol_writes_them() {
        let read = |text| {
            let mut headers = HeaderMap::new();
            headers.insert(GRPC_TIMEOUT, HeaderValue::from_static(text));
            grpc_timeout(&headers)
        };
        assert_eq!(read("250m"), Some(Duration::from_millis(250)));
        assert_eq!(read("2H"), Some(Duration::from_secs(7_200)));
        assert_eq!(read("99999999S"), Some(Duration::from_secs(99_999_999)));
        for wrong in ["", "m", "123456789S", "-1S", "1x", "1.5S"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn we_are_earlier_than_the_transport() {
        assert_eq!(before(Duration::from_millis(10)), Duration::from_millis(9));
        assert_eq!(
            before(Duration::from_secs(10)),
            Duration::from_millis(9_980)
        );
    }
}
