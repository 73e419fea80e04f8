//! How a command ends when it does not end well: one sentence for a person, the way out, and an exit code for a
//! script. It must not know what was attempted. Invariant: every error of a service becomes exactly one exit code,
//! here and nowhere else; the codes are part of the interface and are listed in `takt --help`.
use std::fmt;
use std::process::ExitCode;

use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::programme::FolderError;

/// The exit codes, as the help lists them.
pub const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    the input is wrong, for example a row of a programme folder
  2    the command line is wrong
  3    refused: the state does not allow it, and the message says what would
  4    a service, its database or a peer cannot be reached
  5    broken: a fault of Takt or an invariant that does not hold
  130  interrupted; the same command goes on";

/// Why a command ends, as a script sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The input is wrong.
    BadInput,
    /// The command line is wrong.
    Usage,
    /// The state does not allow it.
    Refused,
    /// Somebody cannot be reached.
    Down,
    /// A fault of ours, or an invariant that does not hold.
    Broken,
    /// A person or a supervisor stopped the command.
    Interrupted,
}

impl Exit {
    /// The number that the process ends with.
    pub const fn code(self) -> u8 {
        match self {
            Self::BadInput => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::Down => 4,
            Self::Broken => 5,
            Self::Interrupted => 130,
        }
    }
}

impl From<FolderError> for Failure {
    fn from(error: FolderError) -> Self {
        Self::bad_input(error.to_string())
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// A command that did not end well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What happened, lower case, one sentence or one line a problem.
    pub message: String,
    /// What a person can do, where there is something to do.
    pub way_out: Option<String>,
}

/// What most functions of the command answer with.
pub type Outcome<T> = Result<T, Failure>;

impl Failure {
    /// A failure with its message.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            way_out: None,
        }
    }

    /// The input is wrong.
    pub fn bad_input(message: impl Into<String>) -> Self {
        Self::new(Exit::BadInput, message)
    }

    /// The command line is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// The state does not allow it.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Exit::Refused, message)
    }

    /// Somebody cannot be reached.
    pub fn down(message: impl Into<String>) -> Self {
        Self::new(Exit::Down, message)
    }

    /// A fault of ours.
    pub fn broken(message: impl Into<String>) -> Self {
        Self::new(Exit::Broken, message)
    }

    /// Somebody stopped the command.
    pub fn interrupted(message: impl Into<String>) -> Self {
        Self::new(Exit::Interrupted, message)
    }

    /// The same failure with the way out.
    #[must_use]
    pub fn with_way_out(mut self, way_out: impl Into<String>) -> Self {
        self.way_out = Some(way_out.into());
        self
    }

    /// The same failure with what was being done, for example `production: run the day 2024-04-01`.
    #[must_use]
    pub fn during(mut self, what: &str) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }

    /// What kept a service of this process from starting, or broke it.
    pub fn of_error(service: &str, error: takt_service::Error) -> Self {
        let message = format!("{service}: {error}");
        Self {
            message,
            ..Self::of_status(service, "start", &Status::from(error))
        }
    }

    /// A service's refusal or fault; `service` is named because the message may not.
    pub fn of_status(service: &str, what: &str, status: &Status) -> Self {
        let exit = match status.code() {
            Code::InvalidArgument | Code::OutOfRange => Exit::BadInput,
            Code::NotFound
            | Code::AlreadyExists
            | Code::FailedPrecondition
            | Code::Aborted
            | Code::PermissionDenied
            | Code::Unauthenticated => Exit::Refused,
            Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted => Exit::Down,
            _ => Exit::Broken,
        };
        let mut message = format!("{service}: {what}: {}", spoken(status));
        let details = status.get_error_details();
        if let Some(bad) = details.bad_request() {
            for violation in bad.field_violations.iter().take(10) {
                message.push_str(&format!(
                    "\n  {}: {}",
                    violation.field, violation.description
                ));
            }
        }
        let mut failure = Self::new(exit, message);
        failure.way_out = match details.error_info().map(|info| info.reason.as_str()) {
            Some("NO_PROGRAMME") => Some("import a programme first: takt import su7".to_owned()),
            Some("PROGRAMME_IMPORTING") => Some(
                "an import is under way; send it again to finish it: takt import DIR".to_owned(),
            ),
            _ if exit == Exit::Down => Some("see whether the services run: takt health".to_owned()),
            _ => None,
        };
        failure
    }
}

/// The status in words: its message, or its code where the message is empty.
fn spoken(status: &Status) -> String {
    if status.message().is_empty() {
        status.code().description().to_lowercase()
    } else {
        status.message().to_owned()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)?;
        match &self.way_out {
            Some(way_out) => write!(out, "\n{way_out}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic_types::ErrorDetails;

    #[test]
    fn every_status_has_one_exit_code() {
        let exit = |code| Failure::of_status("production", "run", &Status::new(code, "no")).exit;
        assert_eq!(exit(Code::InvalidArgument), Exit::BadInput);
        assert_eq!(exit(Code::FailedPrecondition), Exit::Refused);
        assert_eq!(exit(Code::Unavailable), Exit::Down);
        assert_eq!(exit(Code::Internal), Exit::Broken);
        assert_eq!(Exit::Interrupted.code(), 130);
    }

    #[test]
    fn the_details_of_a_status_are_told() {
        let mut details = ErrorDetails::new();
        details.add_bad_request_violation("orders[3].variant_id", "XXL is not a variant");
        let status = Status::with_error_details(Code::InvalidArgument, "bad orders", details);
        let failure = Failure::of_status("delivery", "take orders", &status);
        assert_eq!(
            failure.to_string(),
            "delivery: take orders: bad orders\n  orders[3].variant_id: XXL is not a variant"
        );
        let status = Status::with_error_details(
            Code::FailedPrecondition,
            "there is no programme",
            ErrorDetails::with_error_info("NO_PROGRAMME", "takt", std::collections::HashMap::new()),
        );
        let failure = Failure::of_status("delivery", "take orders", &status);
        assert!(
            failure.to_string().ends_with("takt import su7"),
            "{failure}"
        );
    }
}
