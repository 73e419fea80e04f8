//! When a call that failed may be made again, and how long to wait before.
//!
//! It must not know what is asked. Invariants: what may have been done is repeated only where the caller says that the
//! request carries a request id or changes nothing; no attempt begins after the deadline; waits are drawn from a seed,
//! so that a run can be repeated.

use std::{error::Error as StdError, time::Duration};

use takt_kernel::seeded_hash;
use tokio::time::sleep;
use tonic::{Code, ConnectError, Status};
use tonic_types::StatusExt;

use crate::{
    call::Call,
    error::{DOMAIN, Error},
};

/// What a failed call says about another attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It was answered: another attempt would be answered the same.
    Final,
    /// It was certainly not done, and another attempt may go better.
    NotDone,
    /// Nobody knows whether it was done: only what has a request id or changes nothing may be repeated.
    Unanswered,
}

/// Reads a failed call: by our own details, then by the error underneath, then by the code.
///
/// A connection that ends with GOAWAY shows as INTERNAL, so the code alone would call it answered.
pub fn classify(status: &Status) -> Verdict {
    if let Some(info) = status.get_details_error_info()
        && info.domain == DOMAIN
    {
        let maybe = info
            .metadata
            .get("outcome")
            .is_some_and(|outcome| outcome == "maybe");
        return match info.reason.as_str() {
            _ if maybe => Verdict::Unanswered,
            "BUSY" | "CONFLICT" | "DOWN" | "LATE" => Verdict::NotDone,
            _ => Verdict::Final,
        };
    }
    let mut source = status.source();
    while let Some(error) = source {
        if error.is::<ConnectError>() {
            return Verdict::NotDone;
        }
        if let Some(broken) = error.downcast_ref::<h2::Error>() {
            return match broken.reason() {
                Some(h2::Reason::REFUSED_STREAM) => Verdict::NotDone,
                _ => Verdict::Unanswered,
            };
        }
        source = error.source();
    }
    match status.code() {
        Code::Unavailable | Code::Cancelled | Code::DeadlineExceeded | Code::ResourceExhausted => {
            Verdict::Unanswered
        }
        // The body of an answer keeps only the text of what broke under it.
        Code::Internal | Code::Unknown if is_transport(status.message()) => Verdict::Unanswered,
        _ => Verdict::Final,
    }
}

fn is_transport(message: &str) -> bool {
    [
        "h2 protocol error",
        "transport error",
        "error reading a body",
    ]
    .iter()
    .any(|known| message.starts_with(known))
}

/// How often and how fast a call is repeated.
#[derive(Debug, Clone, Copy)]
pub struct Retry {
    /// Whether what may have been done is repeated as well.
    pub idempotent: bool,
    /// The most attempts, the first included.
    pub attempts: u32,
    /// The wait after the first attempt; it doubles from there.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
    /// What the jitter is drawn from.
    pub seed: u64,
}

impl Retry {
    /// For calls that carry a request id or change nothing.
    pub fn idempotent(seed: u64) -> Self {
        Self {
            idempotent: true,
            attempts: 6,
            first: Duration::from_millis(50),
            longest: Duration::from_secs(2),
            seed,
        }
    }

    /// For calls that must not happen twice: repeated only when they certainly did not happen.
    pub fn careful(seed: u64) -> Self {
        Self {
            idempotent: false,
            ..Self::idempotent(seed)
        }
    }

    /// Makes the call, again where that is allowed and there is time; the last answer stands.
    ///
    /// `attempt` is given the number of the attempt from 0 and makes its request anew each time.
    ///
    /// # Errors
    /// What the last attempt was answered.
    pub async fn run<T, F, Fut>(&self, call: &Call, mut attempt: F) -> Result<T, Status>
    where
        F: FnMut(u32) -> Fut,
        Fut: Future<Output = Result<T, Status>>,
    {
        let mut number = 0;
        loop {
            if call.is_late() {
                return Err(Error::late("the call to a peer").into());
            }
            let status = match attempt(number).await {
                Ok(answer) => return Ok(answer),
                Err(status) => status,
            };
            number += 1;
            let again = match classify(&status) {
                Verdict::Final => false,
                Verdict::NotDone => true,
                Verdict::Unanswered => self.idempotent,
            };
            let wait = self.wait(number, &status);
            if !again || number >= self.attempts || wait >= call.remaining() {
                return Err(status);
            }
            tracing::debug!(number, ?wait, code = ?status.code(), "a call to a peer is repeated");
            sleep(wait).await;
        }
    }

    /// The wait before attempt `number`: between half and the whole of the doubled step, so that callers who failed
    /// together do not come back together; never less than the peer asked for.
    fn wait(&self, number: u32, status: &Status) -> Duration {
        let doubled = self
            .first
            .saturating_mul(1 << number.saturating_sub(1).min(16));
        let step = doubled.min(self.longest);
        let draw = seeded_hash(self.seed, &number.to_string()) % 1_000;
        let jittered = step / 2 + step.mul_f64(draw as f64 / 2_000.0);
        let asked = status.get_details_retry_info();
        let asked = asked.and_then(|info| info.retry_delay).unwrap_or_default();
        jittered.max(asked.min(self.longest))
    }
}

/// Makes a call that carries a request id or changes nothing, up to six times within the call's deadline.
///
/// # Errors
/// What the last attempt was answered.
pub async fn retry<T, F, Fut>(call: &Call, seed: u64, attempt: F) -> Result<T, Status>
where
    F: FnMut(u32) -> Fut,
    Fut: Future<Output = Result<T, Status>>,
{
    Retry::idempotent(seed).run(call, attempt).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_answered_is_final() {
        let cases = [
            (Error::refused("X", "no").into(), Verdict::Final),
            (Error::stale("order", "o-1").into(), Verdict::Final),
            (
                Error::busy("calls", Duration::from_millis(1)).into(),
                Verdict::NotDone,
            ),
            (Error::down("database", "away").into(), Verdict::NotDone),
            (Error::late("the call").maybe().into(), Verdict::Unanswered),
            (Error::broken("x").into(), Verdict::Final),
            (Error::broken("x").maybe().into(), Verdict::Unanswered),
            (Status::unavailable("a proxy"), Verdict::Unanswered),
            (
                Status::internal("h2 protocol error: GOAWAY"),
                Verdict::Unanswered,
            ),
            (Status::internal("somebody else's fault"), Verdict::Final),
            (Status::not_found("nothing"), Verdict::Final),
        ];
        for (status, verdict) in cases {
            assert_eq!(classify(&status), verdict, "{status}");
        }
        let mut refused = Status::unavailable("refused");
        refused.set_source(std::sync::Arc::new(h2::Error::from(
            h2::Reason::REFUSED_STREAM,
        )));
        assert_eq!(classify(&refused), Verdict::NotDone);
    }

    #[tokio::test]
    async fn waits_grow_within_the_deadline_and_by_the_seed() {
        let call = Call::background("test", Duration::from_secs(60));
        let retry = Retry {
            first: Duration::from_millis(2),
            longest: Duration::from_millis(8),
            ..Retry::idempotent(7)
        };
        let mut attempts = 0;
        let answer: Result<(), Status> = retry
            .run(&call, |_| {
                attempts += 1;
                std::future::ready(Err(Status::unavailable("away")))
            })
            .await;
        assert!(answer.is_err());
        assert_eq!(attempts, retry.attempts);
        let away = Status::unavailable("away");
        for number in 1..6 {
            let wait = retry.wait(number, &away);
            assert_eq!(wait, retry.wait(number, &away));
            assert!(wait <= retry.longest && wait >= retry.first / 2);
        }

        let careful = Retry::careful(7);
        let mut attempts = 0;
        let _answer: Result<(), Status> = careful
            .run(&call, |_| {
                attempts += 1;
                std::future::ready(Err(Status::unavailable("away")))
            })
            .await;
        assert_eq!(attempts, 1);
    }
}
