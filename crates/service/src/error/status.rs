//! How an error looks from outside: one status code a variant, with `google.rpc` details.
//!
//! It must not decide anything. Invariants: every status carries an `ErrorInfo` of the domain `takt`; sentences
//! are lower case, name the thing and say what to do; a fault of ours shows its trace id and nothing else.

use std::collections::HashMap;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use super::{Error, Outcome};
use crate::telemetry;

/// The domain of every `ErrorInfo`: together with the reason it names an error for programs.
pub const DOMAIN: &str = "takt";

/// The most text of violations in bytes: details travel in trailers, and clients take no more than 8 KiB of those.
const DETAILS_MAX: usize = 3_000;

/// The longest sentence in bytes, for the same reason.
const MESSAGE_MAX: usize = 1_000;

/// The reason in the `ErrorInfo` of a status that one of our services sent, else None.
pub fn reason_of(status: &Status) -> Option<String> {
    let info = status.get_details_error_info()?;
    (info.domain == DOMAIN).then_some(info.reason)
}

/// The sentence a caller reads.
pub(super) fn sentence(error: &Error) -> String {
    match error {
        Error::Invalid { violations, .. } => match violations.as_slice() {
            [] => "the request is not valid".to_owned(),
            [only] => only.to_string(),
            [first, rest @ ..] => format!("{first} (and {} more)", rest.len()),
        },
        Error::Missing { what, id } => format!("{what} {id} does not exist"),
        Error::Exists { what, id } if id.is_empty() => format!("this {what} exists already"),
        Error::Exists { what, id } => format!("{what} {id} exists already"),
        Error::Refused { message, .. } | Error::Denied { message } => message.clone(),
        Error::Stale { what, id } => {
            format!(
                "{what} {id} was changed by somebody else; read it again and repeat with its new etag"
            )
        }
        Error::Conflict { .. } => {
            "another transaction changed the same rows; repeat the request".to_owned()
        }
        Error::Unauthenticated => "the caller is not known; send credentials".to_owned(),
        Error::Busy { what, retry_after } => {
            format!(
                "too many {what}; repeat after {} ms",
                retry_after.as_millis()
            )
        }
        Error::Late { what, outcome } => {
            format!("{what} did not finish in time{}", repeat(*outcome))
        }
        Error::Down { what, outcome, .. } => {
            format!("{what} is not reachable{}", repeat(*outcome))
        }
        Error::Broken { outcome, .. } => format!("internal error{}", repeat(*outcome)),
    }
}

fn repeat(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Certain => "",
        Outcome::Maybe => " and may have been done; repeat it with the same request_id",
    }
}

fn code(error: &Error) -> Code {
    match error {
        Error::Invalid { .. } => Code::InvalidArgument,
        Error::Missing { .. } => Code::NotFound,
        Error::Exists { .. } => Code::AlreadyExists,
        Error::Refused { .. } => Code::FailedPrecondition,
        Error::Stale { .. } | Error::Conflict { .. } => Code::Aborted,
        Error::Unauthenticated => Code::Unauthenticated,
        Error::Denied { .. } => Code::PermissionDenied,
        Error::Busy { .. } => Code::ResourceExhausted,
        Error::Late { .. } => Code::DeadlineExceeded,
        Error::Down { .. } => Code::Unavailable,
        Error::Broken { .. } => Code::Internal,
    }
}

fn reason(error: &Error) -> &str {
    match error {
        Error::Invalid { reason, .. } => reason,
        Error::Missing { .. } => "MISSING",
        Error::Exists { .. } => "EXISTS",
        Error::Refused { reason, .. } => reason,
        Error::Stale { .. } => "STALE",
        Error::Conflict { .. } => "CONFLICT",
        Error::Unauthenticated => "UNAUTHENTICATED",
        Error::Denied { .. } => "DENIED",
        Error::Busy { .. } => "BUSY",
        Error::Late { .. } => "LATE",
        Error::Down { .. } => "DOWN",
        Error::Broken { .. } => "BROKEN",
    }
}

/// The details of an error; a trace id is given for faults only, so that other answers are reproducible.
fn details(error: &Error, trace_id: Option<&str>) -> ErrorDetails {
    let mut details = ErrorDetails::new();
    let mut metadata = HashMap::new();
    match error {
        Error::Invalid { violations, .. } => {
            let mut room = DETAILS_MAX;
            for violation in violations {
                let size = violation.field.len() + violation.description.len();
                if size > room {
                    break;
                }
                room -= size;
                details.add_bad_request_violation(&violation.field, &violation.description);
            }
            metadata.insert("violations".to_owned(), violations.len().to_string());
        }
        Error::Missing { what, id } | Error::Exists { what, id } | Error::Stale { what, id } => {
            details.set_resource_info(what.as_ref(), id, "", sentence(error));
        }
        Error::Refused { metadata: all, .. } => {
            metadata.extend(
                all.iter()
                    .map(|(key, value)| (key.to_string(), value.clone())),
            );
        }
        Error::Down { what, .. } | Error::Busy { what, .. } => {
            metadata.insert("subject".to_owned(), what.to_string());
        }
        _ => {}
    }
    if error.outcome() == Outcome::Maybe {
        metadata.insert("outcome".to_owned(), "maybe".to_owned());
    }
    if let Some(trace_id) = trace_id {
        metadata.insert("trace_id".to_owned(), trace_id.to_owned());
    }
    if let Some(wait) = error.retry_after() {
        details.set_retry_info(Some(wait));
    }
    details.set_error_info(reason(error), DOMAIN, metadata);
    details
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let mut message = sentence(&error);
        let mut trace_id = None;
        match &error {
            Error::Broken { detail, .. } => {
                // Log lines name the trace they belong to; without one there is an id for this fault alone.
                let id = if let Some(id) = telemetry::current_trace_id() {
                    tracing::error!(detail, "a call broke");
                    id
                } else {
                    let id = telemetry::new_trace_id();
                    tracing::error!(trace_id = %id, detail, "a call broke");
                    id
                };
                message = format!("{message}; quote trace {id}");
                trace_id = Some(id);
            }
            Error::Down { what, detail, .. } => {
                tracing::warn!(%what, detail, "a call met something out of reach");
            }
            Error::Conflict { detail } => {
                tracing::warn!(detail, "a call gave up on a conflict of transactions");
            }
            _ => {}
        }
        message.truncate(message.floor_char_boundary(MESSAGE_MAX));
        Self::with_error_details(code(&error), message, details(&error, trace_id.as_deref()))
    }
}
