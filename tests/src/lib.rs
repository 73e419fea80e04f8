//! The world of the end-to-end tests: the real binaries as processes, folders to edit, a PostgreSQL of one's own.
//!
//! It must not know how a service works inside: it starts what people start and asks what people ask. Invariants:
//! nothing outlives the test that started it; a tool that is not there fails a run with `CI=true` and is told loudly
//! elsewhere; no test waits without an end.

pub mod folder;
pub mod place;
pub mod postgres;
pub mod process;
pub mod proxy;
pub mod replay;
pub mod seed;
pub mod suite;

use std::fmt;

/// Why a test failed, told as it is and not with its line ends escaped.
pub struct Failure(String);

/// What tests and their helpers answer.
pub type Result<T = (), E = Failure> = std::result::Result<T, E>;

impl Failure {
    /// A failure with its reason.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl<E: fmt::Display> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// Fails with the reason unless the condition holds; the reason is made only then.
///
/// # Errors
/// When it does not hold.
pub fn ensure(holds: bool, reason: impl FnOnce() -> String) -> Result {
    if holds {
        Ok(())
    } else {
        Err(Failure::new(reason()))
    }
}
