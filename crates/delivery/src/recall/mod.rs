//! Recalls: which vehicles a defect is in, what was done about each, and what keeps them from leaving.
//!
//! It must not know the database or the wire. Which vehicles are affected is production's word, taken over by `judged`.
//! Invariants: RC-1 a vehicle that was told of or remedied is never dropped; RC-2 a stop-ship belongs to an open recall; RC-3 a
//! state follows one that it may follow, on its day or later.

pub(crate) mod completion;
pub(crate) mod gate;
pub(crate) mod handler;
pub(crate) mod listing;
pub(crate) mod owed;
pub(crate) mod parse;
pub(crate) mod rpc;
pub(crate) mod scope;
pub(crate) mod steps;
pub(crate) mod store;
pub(crate) mod vehicles;
pub(crate) mod wire;

use std::fmt;

use takt_kernel::Date;
use takt_service::error::Refusal;

use scope::Scope;

/// How a defect is remedied, with its number in the database and on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// In a workshop.
    Workshop = 1,
    /// Over the air.
    Ota = 2,
}

/// What a stop-ship keeps back, with its number in the database and on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StopShip {
    /// Nothing.
    None = 0,
    /// Departures of affected vehicles.
    Loading = 1,
    /// Their handovers as well.
    LoadingAndHandover = 2,
}

/// The state of a vehicle in a recall, with its number in the database and on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It is known to be in the recall.
    Identified = 1,
    /// Its keeper was told.
    Notified = 2,
    /// The remedy has a date.
    Scheduled = 3,
    /// The remedy is done.
    Remedied = 4,
    /// Its keeper cannot be reached.
    Unreachable = 5,
    /// It needs no remedy.
    Exempt = 6,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::Identified,
        Self::Notified,
        Self::Scheduled,
        Self::Remedied,
        Self::Unreachable,
        Self::Exempt,
    ];

    /// Reads the number.
    pub fn of(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|state| *state as i64 == code)
    }

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identified => "IDENTIFIED",
            Self::Notified => "NOTIFIED",
            Self::Scheduled => "SCHEDULED",
            Self::Remedied => "REMEDIED",
            Self::Unreachable => "UNREACHABLE",
            Self::Exempt => "EXEMPT",
        }
    }

    /// The states that may follow. A missed appointment goes back to NOTIFIED, an exemption that was wrong to IDENTIFIED;
    /// a remedy is final, until production says that the defect is in the vehicle again.
    pub const fn next(self) -> &'static [Self] {
        match self {
            Self::Identified => &[
                Self::Notified,
                Self::Scheduled,
                Self::Remedied,
                Self::Unreachable,
                Self::Exempt,
            ],
            Self::Notified => &[
                Self::Scheduled,
                Self::Remedied,
                Self::Unreachable,
                Self::Exempt,
            ],
            Self::Scheduled => &[
                Self::Notified,
                Self::Remedied,
                Self::Unreachable,
                Self::Exempt,
            ],
            Self::Unreachable => &[
                Self::Notified,
                Self::Scheduled,
                Self::Remedied,
                Self::Exempt,
            ],
            Self::Exempt => &[Self::Identified],
            Self::Remedied => &[],
        }
    }

    /// Whether nothing more is to be done, so that the vehicle may leave.
    pub const fn is_done(self) -> bool {
        matches!(self, Self::Remedied | Self::Exempt)
    }
}

/// A recall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recall {
    /// Its number.
    pub number: i64,
    /// Its id.
    pub id: String,
    /// The title.
    pub title: String,
    /// What is wrong.
    pub defect: String,
    /// How it is remedied.
    pub remedy: Remedy,
    /// The item and version of software that the remedy brings.
    pub software: Option<(String, String)>,
    /// The regulator.
    pub regulator: String,
    /// The regulator's number.
    pub reference: String,
    /// How many vehicles the regulator's notice names.
    pub published: i64,
    /// The day of opening.
    pub opened_on: Date,
    /// The day of closing.
    pub closed_on: Option<Date>,
    /// What is kept back.
    pub stop_ship: StopShip,
    /// Since when.
    pub stop_ship_on: Option<Date>,
    /// Counts the changes of the recall itself.
    pub version: i64,
    /// How often production's word is due again.
    pub due: i64,
    /// What is defective.
    pub scopes: Vec<Scope>,
}

impl Recall {
    /// Refuses what a closed recall does not take.
    ///
    /// # Errors
    /// `RECALL_CLOSED`.
    pub fn open(&self) -> Result<(), RecallRefusal> {
        match self.closed_on {
            Some(on) => Err(RecallRefusal::Closed {
                id: self.id.clone(),
                on,
            }),
            None => Ok(()),
        }
    }

    /// Refuses days before the opening.
    ///
    /// # Errors
    /// `RECALL_OPENED_LATER`.
    pub fn since(&self, on: Date) -> Result<(), RecallRefusal> {
        if on < self.opened_on {
            Err(RecallRefusal::OpenedLater {
                opened_on: self.opened_on,
                on,
            })
        } else {
            Ok(())
        }
    }

    /// Keeps vehicles back; false when that is so already.
    ///
    /// # Errors
    /// `RECALL_CLOSED`, `RECALL_OPENED_LATER`.
    pub fn stop(&mut self, what: StopShip, on: Date) -> Result<bool, RecallRefusal> {
        self.open()?;
        self.since(on)?;
        if self.stop_ship == what {
            return Ok(false);
        }
        self.stop_ship = what;
        self.stop_ship_on = Some(on);
        Ok(true)
    }

    /// Lets vehicles go; false when nothing is kept.
    ///
    /// # Errors
    /// `STOP_SHIP_ISSUED_LATER`.
    pub fn lift(&mut self, on: Date) -> Result<bool, RecallRefusal> {
        match self.stop_ship_on {
            Some(since) if on < since => Err(RecallRefusal::IssuedLater { since, on }),
            None => Ok(false),
            Some(_) => {
                self.stop_ship = StopShip::None;
                self.stop_ship_on = None;
                Ok(true)
            }
        }
    }

    /// Closes the recall; false when it is closed.
    ///
    /// # Errors
    /// `RECALL_STOP_SHIP`, `RECALL_OPENED_LATER`.
    pub fn close(&mut self, on: Date) -> Result<bool, RecallRefusal> {
        self.since(on)?;
        if self.closed_on.is_some() {
            return Ok(false);
        }
        if self.stop_ship != StopShip::None {
            return Err(RecallRefusal::StopShip {
                id: self.id.clone(),
            });
        }
        self.closed_on = Some(on);
        Ok(true)
    }
}

/// A vehicle in a recall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// Whether it is affected now.
    pub affected: bool,
    /// Whether it is or was affected since the opening.
    pub recalled: bool,
    /// The state.
    pub state: State,
    /// Since when.
    pub state_on: Date,
    /// The day on which its keeper was first told.
    pub notified_on: Option<Date>,
    /// The day of the remedy.
    pub remedied_on: Option<Date>,
    /// The first day of its exposure.
    pub exposed_from: Date,
    /// The day on which it ended.
    pub exposed_to: Option<Date>,
    /// The note of the last step.
    pub note: String,
}

/// What production says of a vehicle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The vehicle.
    pub vin: String,
    /// The first day of its exposure.
    pub from: Date,
    /// The day on which it ended; none while it is affected.
    pub to: Option<Date>,
}

impl Touched {
    /// A vehicle after production's word on it. A part that was exchanged or software that was changed is a remedy, unless it
    /// was so before the recall began; a defect that is in a remedied vehicle again is to be remedied again.
    pub fn judged(known: Option<&Self>, word: &Word, opened_on: Date) -> Self {
        let affected = word.to.is_none();
        let identified_on = opened_on.max(word.from);
        let Some(known) = known else {
            return Self {
                affected,
                recalled: affected,
                state: State::Identified,
                state_on: identified_on,
                notified_on: None,
                remedied_on: None,
                exposed_from: word.from,
                exposed_to: word.to,
                note: String::new(),
            };
        };
        let mut now = Self {
            affected,
            recalled: known.recalled || affected,
            exposed_from: word.from,
            exposed_to: word.to,
            ..known.clone()
        };
        if affected && !known.affected && known.state != State::Exempt {
            now.state = State::Identified;
            now.state_on = identified_on.max(known.state_on);
            now.remedied_on = None;
        }
        if let Some(to) = word.to
            && known.affected
            && !known.state.is_done()
        {
            if to <= opened_on && known.state == State::Identified {
                // It was healthy before anybody asked.
                now.recalled = false;
            } else {
                let on = to.max(known.state_on);
                now.state = State::Remedied;
                now.state_on = on;
                now.remedied_on = Some(on);
                now.note = "by the as-built record".to_owned();
            }
        }
        now
    }

    /// A vehicle that production names no more, because the record was corrected; none when nobody was told of it.
    pub fn withdrawn(&self) -> Option<Self> {
        if self.state == State::Identified {
            return None;
        }
        let mut now = Self {
            affected: false,
            ..self.clone()
        };
        if self.state != State::Remedied {
            now.state = State::Exempt;
            now.note = "the as-built record was corrected".to_owned();
        }
        Some(now)
    }

    /// Takes a step; false when it was taken before.
    ///
    /// # Errors
    /// `RECALL_VEHICLE_NOT_AFFECTED`, `RECALL_STEP_NOT_ALLOWED`, `RECALL_STEP_EARLIER`.
    pub fn step(&mut self, to: State, on: Date, note: &str) -> Result<bool, RecallRefusal> {
        if !self.recalled {
            return Err(RecallRefusal::NotAffected);
        }
        if self.state == to && self.state_on == on {
            return Ok(false);
        }
        if !self.state.next().contains(&to) {
            return Err(RecallRefusal::NotAllowed {
                state: self.state,
                to,
            });
        }
        if on < self.state_on {
            return Err(RecallRefusal::Earlier {
                state: self.state,
                since: self.state_on,
                on,
            });
        }
        self.state = to;
        self.state_on = on;
        self.note = note.to_owned();
        match to {
            State::Notified => self.notified_on = self.notified_on.or(Some(on)),
            State::Remedied => self.remedied_on = Some(on),
            _ => {}
        }
        Ok(true)
    }
}

/// Why a recall does not change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecallRefusal {
    /// It is closed.
    Closed {
        /// The recall.
        id: String,
        /// The day of closing.
        on: Date,
    },
    /// It was not open on that day.
    OpenedLater {
        /// The day of opening.
        opened_on: Date,
        /// The day asked for.
        on: Date,
    },
    /// A stop-ship was issued later.
    IssuedLater {
        /// The day of the stop-ship.
        since: Date,
        /// The day asked for.
        on: Date,
    },
    /// A stop-ship is in force.
    StopShip {
        /// The recall.
        id: String,
    },
    /// The vehicle was exposed and is not recalled.
    NotAffected,
    /// The state does not follow.
    NotAllowed {
        /// The state.
        state: State,
        /// The state asked for.
        to: State,
    },
    /// The last step was later.
    Earlier {
        /// The state.
        state: State,
        /// Since when.
        since: Date,
        /// The day asked for.
        on: Date,
    },
}

impl fmt::Display for RecallRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed { id, on } => write!(
                out,
                "recall {id} was closed on {on}; extend it to open it again"
            ),
            Self::OpenedLater { opened_on, on } => write!(
                out,
                "the recall was opened on {opened_on} and {on} lies before; give that day or a later one"
            ),
            Self::IssuedLater { since, on } => write!(
                out,
                "the stop-ship was issued on {since} and cannot be lifted on {on}; give that day or a later one"
            ),
            Self::StopShip { id } => write!(
                out,
                "recall {id} keeps vehicles from leaving; lift its stop-ship first"
            ),
            Self::NotAffected => out.write_str(
                "the vehicle was exposed before the recall and is not affected; nothing is to be done about it",
            ),
            Self::NotAllowed { state, to } => {
                let next: Vec<&str> = state.next().iter().map(|next| next.name()).collect();
                write!(out, "the vehicle is {} and cannot become {}; ", state.name(), to.name())?;
                match next.is_empty() {
                    true => out.write_str("nothing follows"),
                    false => write!(out, "what may follow is {}", next.join(", ")),
                }
            }
            Self::Earlier { state, since, on } => write!(
                out,
                "the vehicle is {} since {since} and {on} lies before; give that day or a later one",
                state.name()
            ),
        }
    }
}

impl Refusal for RecallRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::Closed { .. } => "RECALL_CLOSED",
            Self::OpenedLater { .. } => "RECALL_OPENED_LATER",
            Self::IssuedLater { .. } => "STOP_SHIP_ISSUED_LATER",
            Self::StopShip { .. } => "RECALL_STOP_SHIP",
            Self::NotAffected => "RECALL_VEHICLE_NOT_AFFECTED",
            Self::NotAllowed { .. } => "RECALL_STEP_NOT_ALLOWED",
            Self::Earlier { .. } => "RECALL_STEP_EARLIER",
        }
    }
}

#[cfg(test)]
mod tests;
