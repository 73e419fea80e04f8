//! Why a call was not done: the one enum of errors behind every rpc of the three services.
//!
//! It must not know any aggregate: a refusal of a domain comes in by the trait [`Refusal`]. Invariants: each
//! variant has exactly one status code (`status.rs`); what broke inside is logged and never leaves the process;
//! an error whose outcome is [`Outcome::Maybe`] always tells the caller to repeat with the same request id.

mod database;
mod status;

use std::{borrow::Cow, fmt, time::Duration};

use takt_kernel::{FieldViolation, Violations};

pub use status::{DOMAIN, reason_of};

/// What every fallible function of the chassis answers.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The wait that is suggested where nothing better is known.
const SOON: Duration = Duration::from_millis(200);

/// Whether the work that failed has certainly not been done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Outcome {
    /// Nothing was changed.
    #[default]
    Certain,
    /// It may have been done: only a repetition with the same request id can tell.
    Maybe,
}

/// A business rule that said no; implemented by the refusal enums of the domain, so that `?` carries them out.
///
/// `Display` must name the thing, its state and what to do instead.
pub trait Refusal: fmt::Display {
    /// The stable reason in capitals, `ALREADY_SHIPPED`.
    fn reason(&self) -> &'static str;

    /// Facts a program may want beside the sentence, such as the state that was met.
    fn metadata(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// Why a call was not done.
#[derive(Debug, Clone)]
pub enum Error {
    /// The message itself is wrong: INVALID_ARGUMENT with every field violation at once.
    Invalid {
        /// `INVALID`, or a more telling reason such as `REQUEST_ID_REUSED`.
        reason: &'static str,
        /// What is wrong, field by field.
        violations: Vec<FieldViolation>,
    },
    /// The thing does not exist: NOT_FOUND.
    Missing {
        /// The kind of thing, `order`.
        what: Cow<'static, str>,
        /// Its key.
        id: String,
    },
    /// The thing exists already: ALREADY_EXISTS.
    Exists {
        /// The kind of thing, `order`.
        what: Cow<'static, str>,
        /// Its key; empty where only the database knows it.
        id: String,
    },
    /// A business rule said no: FAILED_PRECONDITION with a reason.
    Refused {
        /// The stable reason in capitals.
        reason: Cow<'static, str>,
        /// The sentence for a person.
        message: String,
        /// Facts for a program.
        metadata: Vec<(Cow<'static, str>, String)>,
    },
    /// Somebody else changed the thing since it was read: ABORTED; read again before repeating.
    Stale {
        /// The kind of thing.
        what: Cow<'static, str>,
        /// Its key.
        id: String,
    },
    /// Two transactions were in each other's way and this one lost: ABORTED; the same again may work.
    Conflict {
        /// What the database said, for the log.
        detail: String,
    },
    /// Nobody is known to have called: UNAUTHENTICATED.
    Unauthenticated,
    /// The caller may not do this: PERMISSION_DENIED.
    Denied {
        /// What is not allowed, without saying whether it exists.
        message: String,
    },
    /// There is no room just now: RESOURCE_EXHAUSTED with the wait that is suggested.
    Busy {
        /// What has no room, `calls in flight`.
        what: Cow<'static, str>,
        /// The wait before the next attempt.
        retry_after: Duration,
    },
    /// The deadline has passed: DEADLINE_EXCEEDED.
    Late {
        /// What was not finished in time.
        what: Cow<'static, str>,
        /// Whether it may have been done all the same.
        outcome: Outcome,
    },
    /// Something this call needs is not reachable: UNAVAILABLE.
    Down {
        /// What is not reachable, `database` or `procurement`.
        what: Cow<'static, str>,
        /// Why, for the log.
        detail: String,
        /// Whether the work may have been done all the same.
        outcome: Outcome,
    },
    /// A fault of ours: INTERNAL; only the trace id leaves the process.
    Broken {
        /// What broke, for the log alone.
        detail: String,
        /// Whether the work may have been done all the same.
        outcome: Outcome,
    },
}

impl Error {
    /// One field is wrong.
    pub fn invalid(field: impl Into<String>, description: impl fmt::Display) -> Self {
        Self::from(FieldViolation::new(field, description))
    }

    /// One field is wrong for a reason that a program may want to tell from others.
    pub fn invalid_because(
        reason: &'static str,
        field: impl Into<String>,
        description: impl fmt::Display,
    ) -> Self {
        Self::Invalid {
            reason,
            violations: vec![FieldViolation::new(field, description)],
        }
    }

    /// The request id was used before with another body.
    pub fn request_id_reused(request_id: impl fmt::Display) -> Self {
        let description = format!(
            "{request_id} was used before with another body; give every new request an id of its own"
        );
        Self::invalid_because("REQUEST_ID_REUSED", "request_id", description)
    }

    /// `what` with the key `id` does not exist.
    pub fn missing(what: impl Into<Cow<'static, str>>, id: impl fmt::Display) -> Self {
        Self::Missing {
            what: what.into(),
            id: id.to_string(),
        }
    }

    /// `what` with the key `id` exists already.
    pub fn exists(what: impl Into<Cow<'static, str>>, id: impl fmt::Display) -> Self {
        Self::Exists {
            what: what.into(),
            id: id.to_string(),
        }
    }

    /// A business rule said no.
    pub fn refused(reason: impl Into<Cow<'static, str>>, message: impl fmt::Display) -> Self {
        Self::Refused {
            reason: reason.into(),
            message: message.to_string(),
            metadata: Vec::new(),
        }
    }

    /// Adds a fact for programs to a refusal; other errors stay as they are.
    #[must_use]
    pub fn with(mut self, key: impl Into<Cow<'static, str>>, value: impl fmt::Display) -> Self {
        if let Self::Refused { metadata, .. } = &mut self {
            metadata.push((key.into(), value.to_string()));
        }
        self
    }

    /// `what` with the key `id` was changed since it was read.
    pub fn stale(what: impl Into<Cow<'static, str>>, id: impl fmt::Display) -> Self {
        Self::Stale {
            what: what.into(),
            id: id.to_string(),
        }
    }

    /// The caller may not do this.
    pub fn denied(message: impl fmt::Display) -> Self {
        Self::Denied {
            message: message.to_string(),
        }
    }

    /// There is no room for this just now.
    pub fn busy(what: impl Into<Cow<'static, str>>, retry_after: Duration) -> Self {
        Self::Busy {
            what: what.into(),
            retry_after,
        }
    }

    /// The deadline has passed and nothing was changed; see [`Error::maybe`].
    pub fn late(what: impl Into<Cow<'static, str>>) -> Self {
        Self::Late {
            what: what.into(),
            outcome: Outcome::Certain,
        }
    }

    /// `what` is not reachable and nothing was changed; see [`Error::maybe`].
    pub fn down(what: impl Into<Cow<'static, str>>, detail: impl fmt::Display) -> Self {
        Self::Down {
            what: what.into(),
            detail: detail.to_string(),
            outcome: Outcome::Certain,
        }
    }

    /// A fault of ours that changed nothing; see [`Error::maybe`].
    pub fn broken(detail: impl fmt::Display) -> Self {
        Self::Broken {
            detail: detail.to_string(),
            outcome: Outcome::Certain,
        }
    }

    /// Says that the work may have been done, where that is possible at all: a connection lost in the middle of
    /// a commit, a peer that did not answer. Errors that are certain by nature stay as they are.
    #[must_use]
    pub fn maybe(mut self) -> Self {
        if let Self::Late { outcome, .. }
        | Self::Down { outcome, .. }
        | Self::Broken { outcome, .. } = &mut self
        {
            *outcome = Outcome::Maybe;
        }
        self
    }

    /// Whether the work has certainly not been done.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Late { outcome, .. }
            | Self::Down { outcome, .. }
            | Self::Broken { outcome, .. } => *outcome,
            _ => Outcome::Certain,
        }
    }

    /// True where the same transaction, begun anew at once, may well succeed.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Conflict { .. })
    }

    /// Whether what was given is at fault, and would be another time. Anything else is the time's fault.
    pub fn is_of_input(&self) -> bool {
        !matches!(
            self,
            Self::Late { .. } | Self::Down { .. } | Self::Busy { .. } | Self::Conflict { .. }
        )
    }

    /// The wait before the next attempt, where another attempt makes sense.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after, .. } => Some(*retry_after),
            Self::Conflict { .. } | Self::Down { .. } => Some(SOON),
            _ if self.outcome() == Outcome::Maybe => Some(SOON),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict { detail } => write!(out, "transactions in conflict: {detail}"),
            Self::Down { what, detail, .. } => write!(out, "{what} is not reachable: {detail}"),
            Self::Broken { detail, .. } => out.write_str(detail),
            other => out.write_str(&status::sentence(other)),
        }
    }
}

impl std::error::Error for Error {}

impl From<Vec<FieldViolation>> for Error {
    fn from(violations: Vec<FieldViolation>) -> Self {
        Self::Invalid {
            reason: "INVALID",
            violations,
        }
    }
}

impl From<FieldViolation> for Error {
    fn from(violation: FieldViolation) -> Self {
        Self::from(vec![violation])
    }
}

impl From<Violations> for Error {
    fn from(violations: Violations) -> Self {
        Self::from(violations.finish().err().unwrap_or_default())
    }
}

impl<R: Refusal> From<R> for Error {
    fn from(refusal: R) -> Self {
        let metadata = refusal.metadata().into_iter();
        Self::Refused {
            reason: Cow::Borrowed(refusal.reason()),
            message: refusal.to_string(),
            metadata: metadata.map(|(key, value)| (key.into(), value)).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
