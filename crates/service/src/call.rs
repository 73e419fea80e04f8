//! What a handler knows about the call it answers: how long it may take and who asks.
//!
//! It must not know protobuf or the database. Invariants: every call has a deadline, and it is passed on to
//! peers, statements and tasks; a caller read from metadata is a name for logs and audit until callers are
//! authenticated, and never decides what is allowed.

use std::{fmt, sync::Arc, time::Duration};

use http::{Extensions, HeaderMap, HeaderValue};
use tokio::time::Instant;

use crate::error::{Error, Result};

/// The metadata key under which a caller names itself: `service/production`, `person/ada`.
pub const CALLER_KEY: &str = "takt-caller";

/// The longest name of a caller that is taken.
const NAME_MAX: usize = 64;

/// The deadline of a call that came around the stack, as in a test that calls a handler directly.
const DIRECT: Duration = Duration::from_secs(30);

/// Far enough away to mean never: what watches have for a deadline.
const NEVER: Duration = Duration::from_secs(30 * 365 * 86_400);

/// Who asks. Until callers are authenticated this is what the caller says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Caller {
    /// Nobody said.
    #[default]
    Anonymous,
    /// Another service, or a job of a service.
    Service(Arc<str>),
    /// A person or a program acting for one.
    Person(Person),
}

/// A person as a caller.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Person {
    /// The name the person goes by in the audit.
    pub name: Arc<str>,
}

impl Caller {
    /// A service of the suite by its short name.
    pub fn service(name: &str) -> Self {
        Self::Service(Arc::from(name))
    }

    /// A person by name.
    pub fn person(name: &str) -> Self {
        Self::Person(Person {
            name: Arc::from(name),
        })
    }

    /// What the metadata of a call say; anything that is not a plain name counts as nobody.
    pub(crate) fn claimed(headers: &HeaderMap) -> Self {
        let claim = headers
            .get(CALLER_KEY)
            .and_then(|value| value.to_str().ok());
        match claim.and_then(|claim| claim.split_once('/')) {
            Some(("service", name)) if is_name(name) => Self::service(name),
            Some(("person", name)) if is_name(name) => Self::person(name),
            _ => Self::Anonymous,
        }
    }

    /// The caller as metadata, or None where there is nothing to say.
    pub(crate) fn to_metadata(&self) -> Option<HeaderValue> {
        match self {
            Self::Anonymous => None,
            known => HeaderValue::try_from(known.to_string()).ok(),
        }
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => out.write_str("anonymous"),
            Self::Service(name) => write!(out, "service/{name}"),
            Self::Person(person) => write!(out, "person/{}", person.name),
        }
    }
}

fn is_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-@".contains(&byte);
    !text.is_empty() && text.len() <= NAME_MAX && text.bytes().all(plain)
}

/// One call while it is being answered.
#[derive(Debug, Clone)]
pub struct Call {
    /// When the answer is of no use any more.
    pub deadline: Instant,
    /// Who asks.
    pub caller: Caller,
    /// When the call arrived.
    pub started: Instant,
}

impl Call {
    /// A call that arrived now.
    pub fn new(caller: Caller, timeout: Duration) -> Self {
        let started = Instant::now();
        Self {
            deadline: started + timeout.min(NEVER),
            caller,
            started,
        }
    }

    /// The call a request belongs to; requests that did not come through the stack get a plain one.
    pub fn of<T>(request: &tonic::Request<T>) -> Self {
        Self::in_extensions(request.extensions())
            .unwrap_or_else(|| Self::new(Caller::Anonymous, DIRECT))
    }

    /// A call that nobody made: the periodic work of a reconciler or relay.
    pub fn background(name: &str, timeout: Duration) -> Self {
        Self::new(Caller::service(name), timeout)
    }

    /// The same call with at most `timeout` left, for a step that must leave time for the next one.
    #[must_use]
    pub fn within(&self, timeout: Duration) -> Self {
        Self {
            deadline: self.deadline.min(Instant::now() + timeout.min(NEVER)),
            ..self.clone()
        }
    }

    /// The time left; zero when there is none.
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Whether the answer would come too late.
    pub fn is_late(&self) -> bool {
        Instant::now() >= self.deadline
    }

    /// Refuses to begin `what` when the deadline has passed.
    pub fn check(&self, what: &'static str) -> Result<()> {
        if self.is_late() {
            Err(Error::late(what))
        } else {
            Ok(())
        }
    }

    /// Whether this is a stream that lives until one side ends it.
    pub fn is_endless(&self) -> bool {
        self.remaining() > NEVER / 2
    }

    pub(crate) fn in_extensions(extensions: &Extensions) -> Option<Self> {
        extensions.get::<Self>().cloned()
    }

    /// The deadline of watches.
    pub(crate) const NEVER: Duration = NEVER;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(text: &'static str) -> Caller {
        let mut headers = HeaderMap::new();
        headers.insert(CALLER_KEY, HeaderValue::from_static(text));
        Caller::claimed(&headers)
    }

    #[test]
    fn a_caller_is_a_plain_name_or_nobody() {
        assert_eq!(claim("service/production"), Caller::service("production"));
        assert_eq!(
            claim("person/ada@example.org").to_string(),
            "person/ada@example.org"
        );
        for odd in [
            "",
            "production",
            "service/",
            "robot/x",
            "person/a b",
            "person/\"x\"",
        ] {
            assert_eq!(claim(odd), Caller::Anonymous, "{odd}");
        }
        assert_eq!(Caller::claimed(&HeaderMap::new()), Caller::Anonymous);
        let written = Caller::person("ada").to_metadata();
        assert_eq!(written, Some(HeaderValue::from_static("person/ada")));
    }

    #[tokio::test]
    async fn a_step_never_outlives_its_call() {
        let call = Call::background("reconciler", Duration::from_millis(50));
        assert_eq!(call.within(Duration::from_secs(60)).deadline, call.deadline);
        assert!(call.within(Duration::from_millis(1)).deadline < call.deadline);
        assert!(call.check("the step").is_ok());
        tokio::time::sleep_until(call.deadline).await;
        assert_eq!(call.remaining(), Duration::ZERO);
        assert!(matches!(call.check("the step"), Err(Error::Late { .. })));
    }
}
