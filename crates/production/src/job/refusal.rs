//! Why an event at a station is not taken.
//!
//! It must not know rows or messages. Invariant: a refusal of a job names its state and the way out; the job itself is
//! named by whoever answers.

use std::fmt;

use takt_kernel::Quantity;
use takt_service::Refusal;

use super::{What, Word};

/// Why an event is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobRefusal {
    /// The job before it is in this state and not completed.
    Predecessor(Word),
    /// Its state does not allow it.
    State(What, Word),
    /// More is scrapped than is left.
    TooMuch {
        /// What was said.
        some: Quantity,
        /// What is left.
        left: Quantity,
    },
    /// It happened before the job was begun, in microseconds since 1970.
    BeforeStart(i64),
    /// There is no such job.
    Unknown,
    /// There is no such station.
    Station,
    /// The id of the event was used with another body.
    Reused,
}

impl fmt::Display for JobRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Predecessor(word) => write!(
                out,
                "is WAITING: the operation before it is {}; complete that one first",
                word.as_str()
            ),
            Self::State(what, word) => {
                let way = match word {
                    Word::Waiting => "complete the operation before it first",
                    Word::Ready => "start it first",
                    Word::Running => "complete it, set it aside for rework, or hold it",
                    Word::Held => "release it first",
                    Word::Suspended => "start it again first",
                    Word::Completed | Word::Aborted => "it has ended, and nothing more can be reported of it",
                };
                write!(out, "is {} and cannot be {}; {way}", word.as_str(), what.verb())
            }
            Self::TooMuch { some, left } => write!(
                out,
                "has {} thousandths left and {} cannot be scrapped of it; report at most what is left, or 0 for all",
                left.milli(),
                some.milli()
            ),
            Self::BeforeStart(since) => write!(
                out,
                "was begun at {since} microseconds of the plant's clock and nothing can be reported of it before; set the station's clock"
            ),
            Self::Unknown => out.write_str("does not exist; dispatch the jobs of its day, and look at the subject's routing"),
            Self::Station => out.write_str("is not known; a station is an operation of the routing and a number, as in FA-070/2"),
            Self::Reused => out.write_str("was used before with another body; give every event an id of its own"),
        }
    }
}

impl Refusal for JobRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::Predecessor(_) => "JOB_PREDECESSOR",
            Self::State(..) => "JOB_STATE",
            Self::TooMuch { .. } => "SCRAP_EXCEEDS_JOB",
            Self::BeforeStart(_) => "EVENT_BEFORE_START",
            Self::Unknown => "JOB_UNKNOWN",
            Self::Station => "STATION_UNKNOWN",
            Self::Reused => "EVENT_ID_REUSED",
        }
    }
}
