//! Failures of the exporter, said in the log of the service they belong to.
//!
//! It must not know exporters. Invariant: a collector that is away stays away, so it is said once a minute at most.

use std::{
    fmt,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use tracing::dispatcher::{self, WeakDispatch};

const PAUSE: Duration = Duration::from_secs(60);

/// When a failure was last said, and to which log.
pub(super) struct Complaint {
    log: Arc<OnceLock<WeakDispatch>>,
    endpoint: String,
    last: Mutex<Option<Instant>>,
}

impl Complaint {
    /// The log comes later, because it is built on top of the exporter.
    pub(super) fn new(log: Arc<OnceLock<WeakDispatch>>, endpoint: String) -> Self {
        Self {
            log,
            endpoint,
            last: Mutex::new(None),
        }
    }

    pub(super) fn say(&self, spans: usize, error: &dyn fmt::Display) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|last| last.elapsed() < PAUSE) {
            return;
        }
        *last = Some(Instant::now());
        drop(last);
        if let Some(log) = self.log.get().and_then(WeakDispatch::upgrade) {
            dispatcher::with_default(&log, || {
                tracing::warn!(endpoint = %self.endpoint, spans, %error, "spans could not be exported");
            });
        }
    }
}
