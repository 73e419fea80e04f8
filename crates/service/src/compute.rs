//! Heavy computation off the runtime of a service, a bounded number at a time.
//!
//! It must not know what is computed. Invariant: a service goes on answering while it plans.

use std::sync::LazyLock;

use tokio::sync::Semaphore;

use crate::Error;

/// As many as there are cores: more would only take turns.
static PLACES: LazyLock<Semaphore> = LazyLock::new(|| {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Semaphore::new(cores)
});

/// Runs `work` on a thread of its own as soon as a place is free.
///
/// # Errors
/// `Broken` when the work panicked.
pub async fn compute<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    let _place = PLACES
        .acquire()
        .await
        .map_err(|error| Error::broken(format!("the pool is closed: {error}")))?;
    let dispatch = tracing::dispatcher::get_default(Clone::clone);
    let span = tracing::Span::current();
    let task = move || tracing::dispatcher::with_default(&dispatch, || span.in_scope(work));
    tokio::task::spawn_blocking(task)
        .await
        .map_err(|error| Error::broken(format!("the computation panicked: {error}")))
}
