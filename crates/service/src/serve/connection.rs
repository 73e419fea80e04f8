//! The connections of a server: how many, how they begin, and how they end when they must.
//!
//! It must not know HTTP/2 beyond the length of its preface. Invariants: no more connections than the cap; one that does
//! not send its preface in time is closed; when the server stops waiting, every one that is left breaks.

use std::{
    future::Future,
    io::{self, IoSlice},
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_util::Stream;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, Sleep, sleep},
};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::transport::server::{Connected, TcpConnectInfo};

use crate::telemetry::Metrics;

/// The first bytes of a client's side of HTTP/2.
const PREFACE: usize = 24;

/// How long a connection may take to send them.
const PREFACE_TIMEOUT: Duration = Duration::from_secs(10);

/// The pause after an accept that failed, as when no file descriptor is left.
const PAUSE: Duration = Duration::from_millis(50);

/// How often a full house is said.
const SAY_AGAIN: Duration = Duration::from_secs(1);

/// The connections that come in.
pub(super) struct Incoming {
    listener: TcpListener,
    room: Arc<Semaphore>,
    metrics: Metrics,
    breaking: CancellationToken,
    pause: Option<Pin<Box<Sleep>>>,
    said: Option<Instant>,
}

impl Incoming {
    pub(super) fn new(
        listener: TcpListener,
        connections: usize,
        metrics: Metrics,
        breaking: CancellationToken,
    ) -> Self {
        Self {
            listener,
            room: Arc::new(Semaphore::new(connections.min(Semaphore::MAX_PERMITS))),
            metrics,
            breaking,
            pause: None,
            said: None,
        }
    }

    /// Says that there are too many connections, once a second: a flood must not fill the log as well.
    fn turned_away(&mut self, from: SocketAddr) {
        if self.said.is_none_or(|said| said.elapsed() > SAY_AGAIN) {
            self.said = Some(Instant::now());
            tracing::warn!(%from, "too many connections, new ones are closed");
        }
    }
}

impl Stream for Incoming {
    type Item = io::Result<Connection>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            let (stream, from) = match ready!(self.listener.poll_accept(cx)) {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    self.pause = Some(Box::pin(sleep(PAUSE)));
                    continue;
                }
            };
            let Ok(place) = Arc::clone(&self.room).try_acquire_owned() else {
                // Dropping it says so at once; letting it wait would look like a server that hangs.
                self.turned_away(from);
                continue;
            };
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "a connection was gone before it began");
                continue;
            }
            self.metrics.connections(1);
            return Poll::Ready(Some(Ok(Connection {
                info: TcpConnectInfo {
                    local_addr: stream.local_addr().ok(),
                    remote_addr: Some(from),
                },
                stream,
                metrics: self.metrics.clone(),
                broken: Box::pin(self.breaking.clone().cancelled_owned()),
                greeting: Some((PREFACE, Box::pin(sleep(PREFACE_TIMEOUT)))),
                _place: place,
            })));
        }
    }
}

/// A connection that knows its place in the cap and that it may be broken off.
pub(super) struct Connection {
    stream: TcpStream,
    info: TcpConnectInfo,
    metrics: Metrics,
    broken: Pin<Box<WaitForCancellationFutureOwned>>,
    /// The bytes of the preface that are missing, and the time for them.
    greeting: Option<(usize, Pin<Box<Sleep>>)>,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    fn address(&self) -> Option<SocketAddr> {
        self.info.remote_addr
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.metrics.connections(-1);
    }
}

impl Connected for Connection {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.info.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // A connection is always waiting to read, so here it hears of its end.
        if self.broken.as_mut().poll(cx).is_ready() {
            let why = "the server has stopped waiting for this connection";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionAborted, why)));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let address = self.address();
        if let Some((missing, time)) = &mut self.greeting {
            let came = buffer.filled().len() - before;
            if came >= *missing {
                self.greeting = None;
            } else {
                *missing -= came;
                if read.is_pending() && time.as_mut().poll(cx).is_ready() {
                    tracing::debug!(?address, "a connection never said what it wants");
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
            }
        }
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
