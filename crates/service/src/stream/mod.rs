//! Answers that come in several messages: the work hands them over one by one and waits while the caller is slow, or
//! pages are read one after another as the caller takes them.
//!
//! It must not know what is answered. Invariants: at most a few messages wait; when the caller goes away the work stops
//! at its next message; an error of the work is the last thing that the caller hears.

use std::{future::Future, pin::Pin};

use futures_util::{FutureExt, Stream, StreamExt, future::ready, stream};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use crate::Error;

mod pages;

pub use pages::pages;

/// The messages that may wait for the caller.
const WINDOW: usize = 4;

/// A stream of answers as tonic wants it.
pub type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Where the work hands its messages over.
pub struct Outlet<T>(mpsc::Sender<T>);

impl<T> Outlet<T> {
    /// Whether nobody listens any more; for work that waits and has nothing to send.
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    /// Hands a message over as soon as there is room.
    ///
    /// # Errors
    /// `Late` when nobody listens any more.
    pub async fn send(&self, message: T) -> Result<(), Error> {
        self.0
            .send(message)
            .await
            .map_err(|_| Error::late("the stream"))
    }
}

/// The messages of `work`, and its error at the end.
pub fn answers<T, F, W>(work: W) -> Answers<T>
where
    T: Send + 'static,
    F: Future<Output = Result<(), Error>> + Send + 'static,
    W: FnOnce(Outlet<T>) -> F,
{
    let (sender, receiver) = mpsc::channel(WINDOW);
    let work = crate::telemetry::carry(work(Outlet(sender)));
    let failure = work
        .into_stream()
        .filter_map(|done| ready(done.err().map(|error| Err(Status::from(error)))));
    Box::pin(stream::select(
        ReceiverStream::new(receiver).map(Ok),
        failure,
    ))
}
