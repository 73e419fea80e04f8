//! A job: one operation of a vehicle, or of an order of a feeder shop, with the states of ISA-95 / IEC 62264-4.
//!
//! It must not know rows or messages. Invariants: JOB-1 a job leaves WAITING only when the one before it is completed;
//! JOB-2 what a job begins with is what the one before it made good; what has ended never changes again; a held job goes
//! on exactly where it was; an event that is refused changes nothing.

pub mod dispatch;
mod refusal;
pub mod report;
pub mod rpc;
pub mod store;
pub mod subject;
pub mod wire;

use takt_kernel::Quantity;

pub use refusal::JobRefusal;
pub use subject::Subject;

/// Where and since when a job is worked on. Times are microseconds since 1970 by the plant's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The number of the parallel station, from 1.
    pub station: i64,
    /// Since when.
    pub since: i64,
}

/// A state in which a job can be held, and to which its release brings it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// The job before it is not completed.
    Waiting,
    /// It may be started.
    Ready,
    /// It is worked on.
    Running(Run),
    /// It was set aside for rework.
    Suspended(Run),
}

/// The state of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// It goes its way.
    Open(Open),
    /// It was stopped for a cause, and where.
    Held(Open),
    /// It is done, and when.
    Completed(Run, i64),
    /// It ended without a result; where it was begun, and when it ended.
    Aborted(Option<Run>, i64),
}

/// The seven words of ISA-95 with their numbers in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// See [`Open::Waiting`].
    Waiting = 1,
    /// See [`Open::Ready`].
    Ready = 2,
    /// See [`Open::Running`].
    Running = 3,
    /// See [`JobState::Held`].
    Held = 4,
    /// See [`Open::Suspended`].
    Suspended = 5,
    /// See [`JobState::Completed`].
    Completed = 6,
    /// See [`JobState::Aborted`].
    Aborted = 7,
}

impl Word {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Waiting,
        Self::Ready,
        Self::Running,
        Self::Held,
        Self::Suspended,
        Self::Completed,
        Self::Aborted,
    ];

    /// The word of a number in the database.
    pub fn of(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|word| *word as i64 == number)
    }

    /// Its name as the wire has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "WAITING",
            Self::Ready => "READY",
            Self::Running => "RUNNING",
            Self::Held => "HELD",
            Self::Suspended => "SUSPENDED",
            Self::Completed => "COMPLETED",
            Self::Aborted => "ABORTED",
        }
    }
}

impl Open {
    fn word(self) -> Word {
        match self {
            Self::Waiting => Word::Waiting,
            Self::Ready => Word::Ready,
            Self::Running(_) => Word::Running,
            Self::Suspended(_) => Word::Suspended,
        }
    }

    fn run(self) -> Option<Run> {
        match self {
            Self::Waiting | Self::Ready => None,
            Self::Running(run) | Self::Suspended(run) => Some(run),
        }
    }
}

impl JobState {
    /// Its word.
    pub fn word(self) -> Word {
        match self {
            Self::Open(open) => open.word(),
            Self::Held(_) => Word::Held,
            Self::Completed(..) => Word::Completed,
            Self::Aborted(..) => Word::Aborted,
        }
    }

    /// Where and when it was last begun.
    pub fn run(self) -> Option<Run> {
        match self {
            Self::Open(open) | Self::Held(open) => open.run(),
            Self::Completed(run, _) => Some(run),
            Self::Aborted(run, _) => run,
        }
    }

    /// When it ended.
    pub fn ended_at(self) -> Option<i64> {
        match self {
            Self::Completed(_, at) | Self::Aborted(_, at) => Some(at),
            Self::Open(_) | Self::Held(_) => None,
        }
    }

    /// The word in which a held job was stopped.
    pub fn held_from(self) -> Option<Word> {
        match self {
            Self::Held(open) => Some(open.word()),
            _ => None,
        }
    }

    /// The state of its parts, as the database keeps them; None when they contradict each other.
    pub fn of(
        word: Word,
        held_from: Option<Word>,
        run: Option<Run>,
        ended_at: Option<i64>,
    ) -> Option<Self> {
        let open = |word| match (word, run) {
            (Word::Waiting, None) => Some(Open::Waiting),
            (Word::Ready, None) => Some(Open::Ready),
            (Word::Running, Some(run)) => Some(Open::Running(run)),
            (Word::Suspended, Some(run)) => Some(Open::Suspended(run)),
            _ => None,
        };
        match (word, held_from, ended_at) {
            (Word::Held, Some(from), None) => open(from).map(Self::Held),
            (Word::Completed, None, Some(at)) => run.map(|run| Self::Completed(run, at)),
            (Word::Aborted, None, Some(at)) => Some(Self::Aborted(run, at)),
            (word, None, None) => open(word).map(Self::Open),
            _ => None,
        }
    }
}

/// What a station can say about a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Work begins, or goes on after rework.
    Start,
    /// Work is done.
    Complete,
    /// So much is scrapped; nothing means all that is left.
    Scrap(Quantity),
    /// It is set aside for rework.
    Rework,
    /// It is stopped for a cause.
    Hold,
    /// The cause is gone.
    Release,
}

impl What {
    /// Its number in the database and on the wire.
    pub fn code(self) -> i64 {
        match self {
            Self::Start => 1,
            Self::Complete => 2,
            Self::Scrap(_) => 3,
            Self::Rework => 4,
            Self::Hold => 5,
            Self::Release => 6,
        }
    }

    /// The imperative, for sentences.
    pub fn verb(self) -> &'static str {
        match self {
            Self::Start => "started",
            Self::Complete => "completed",
            Self::Scrap(_) => "scrapped",
            Self::Rework => "set aside for rework",
            Self::Hold => "held",
            Self::Release => "released",
        }
    }
}

/// An event at a station, about one job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reported {
    /// What happened.
    pub what: What,
    /// The number of the parallel station.
    pub station: i64,
    /// When, in microseconds since 1970 by the plant's clock.
    pub at: i64,
}

/// What an event means for the jobs behind the one that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    None,
    /// The next one becomes ready, with so much.
    Opens(Quantity),
    /// All of them end with it.
    Ends,
}

/// A job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// What is worked on.
    pub subject: Subject,
    /// The place of the operation in the subject's own routing, from 1.
    pub place: i64,
    /// The operation.
    pub operation_id: String,
    /// The day that it belongs to, as an epoch day.
    pub day_on: i64,
    /// What it begins with.
    pub quantity: Quantity,
    /// What was scrapped of it.
    pub scrapped: Quantity,
    /// How often it was set aside for rework.
    pub reworks: i64,
    /// The state.
    pub state: JobState,
    /// How many events changed it.
    pub sequence: i64,
}

impl Job {
    /// Takes an event.
    ///
    /// # Errors
    /// `JobRefusal` when the state does not allow it; the job is then as before.
    pub fn report(&mut self, event: Reported, before: Option<Word>) -> Result<Effect, JobRefusal> {
        use JobState::{Held, Open as Goes};
        let run = Run {
            station: event.station,
            since: event.at,
        };
        let last = self.state.run().map_or(i64::MIN, |run| run.since);
        if event.at < last {
            return Err(JobRefusal::BeforeStart(last));
        }
        let (state, effect) = match (event.what, self.state) {
            (What::Start, Goes(Open::Ready | Open::Suspended(_))) => {
                (Goes(Open::Running(run)), Effect::None)
            }
            (What::Start, Goes(Open::Waiting)) => {
                return Err(JobRefusal::Predecessor(before.unwrap_or(Word::Waiting)));
            }
            (What::Complete, Goes(Open::Running(run))) => (
                JobState::Completed(run, event.at),
                Effect::Opens(Quantity(self.quantity.milli() - self.scrapped.milli())),
            ),
            (What::Scrap(some), Goes(open) | Held(open)) if open != Open::Waiting => {
                return self.scrap(some, open, event.at);
            }
            (What::Rework, Goes(Open::Running(run))) => {
                self.reworks += 1;
                (Goes(Open::Suspended(run)), Effect::None)
            }
            (What::Hold, Goes(open)) => (Held(open), Effect::None),
            (What::Release, Held(open)) => (Goes(open), Effect::None),
            (what, state) => return Err(JobRefusal::State(what, state.word())),
        };
        self.state = state;
        self.sequence += 1;
        Ok(effect)
    }

    fn scrap(&mut self, some: Quantity, open: Open, at: i64) -> Result<Effect, JobRefusal> {
        let left = self.quantity.milli() - self.scrapped.milli();
        let some = if some == Quantity::ZERO {
            left
        } else {
            some.milli()
        };
        if some > left {
            return Err(JobRefusal::TooMuch {
                some: Quantity(some),
                left: Quantity(left),
            });
        }
        self.scrapped = Quantity(self.scrapped.milli() + some);
        self.sequence += 1;
        if some < left {
            return Ok(Effect::None);
        }
        self.state = JobState::Aborted(open.run(), at);
        Ok(Effect::Ends)
    }

    /// The job before it is done, and so much came out good.
    pub fn open(&mut self, good: Quantity) {
        self.quantity = good;
        self.state = match self.state {
            JobState::Open(Open::Waiting) => JobState::Open(Open::Ready),
            JobState::Held(Open::Waiting) => JobState::Held(Open::Ready),
            other => other,
        };
    }

    /// What it was for is scrapped.
    pub fn abort(&mut self, at: i64) {
        if let JobState::Open(open) | JobState::Held(open) = self.state {
            self.state = JobState::Aborted(open.run(), at);
        }
    }
}

#[cfg(test)]
mod tests;
