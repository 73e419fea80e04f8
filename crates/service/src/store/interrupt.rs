//! How a statement of SQLite's writer is stopped at the deadline of its call: by the progress handler, because a
//! statement that is merely dropped keeps the single writer busy until it ends.
//!
//! It must not know what runs. Invariant: outside a transaction nothing is interrupted.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration, Instant},
};

/// When the writer must stop, seen from the thread that runs its statements.
pub(super) struct Interrupt {
    base: Instant,
    at_micros: AtomicI64,
}

impl Default for Interrupt {
    fn default() -> Self {
        Self {
            base: Instant::now(),
            at_micros: AtomicI64::new(i64::MAX),
        }
    }
}

impl Interrupt {
    /// The writer must stop after `left`.
    pub(super) fn after(&self, left: Duration) {
        let left = i64::try_from(left.as_micros()).unwrap_or(i64::MAX);
        self.at_micros.store(
            self.elapsed_micros().saturating_add(left),
            Ordering::Relaxed,
        );
    }

    /// The writer may go on.
    pub(super) fn never(&self) {
        self.at_micros.store(i64::MAX, Ordering::Relaxed);
    }

    /// Whether the statement may go on.
    pub(super) fn may_go_on(&self) -> bool {
        let at = self.at_micros.load(Ordering::Relaxed);
        at == i64::MAX || self.elapsed_micros() < at
    }

    fn elapsed_micros(&self) -> i64 {
        i64::try_from(self.base.elapsed().as_micros()).unwrap_or(i64::MAX)
    }
}
