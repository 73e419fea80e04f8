//! What can change in a problem that has been planned. It must not know how a plan follows. Invariants: what is
//! applied has been looked at; every change has one that takes it back, save a new demand, which is dropped again.
use super::error::MrpError;
use super::limits;
use super::plan::Plan;
use super::problem::{Day, Demand, Problem, Receipt};

/// What has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The demand of that index is now this; the index after the last adds one.
    Demand(usize, Demand),
    /// The receipt of that index is now this; the index after the last adds one.
    Receipt(usize, Receipt),
    /// A day of a calendar works or does not.
    WorkDay {
        /// Index of the calendar.
        calendar: usize,
        /// The day.
        day: Day,
        /// Whether it works.
        works: bool,
    },
}

impl Plan {
    /// The change that takes this one back, where it is permitted; none for a demand that is new.
    pub(super) fn undo_of(&self, change: &Change) -> Result<Option<Change>, MrpError> {
        let problem = &self.problem;
        let unknown = |kind, index, count| {
            Err(MrpError::Unknown {
                subject: "the change".to_owned(),
                kind,
                index,
                count,
            })
        };
        match change {
            Change::Demand(at, demand) => {
                limits::demand(problem, demand)?;
                match problem.demands.get(*at) {
                    Some(old) => Ok(Some(Change::Demand(*at, old.clone()))),
                    None if *at == problem.demands.len() => Ok(None),
                    None => unknown("demand", *at, problem.demands.len()),
                }
            }
            Change::Receipt(at, receipt) => {
                limits::receipt(problem, receipt)?;
                match problem.receipts.get(*at) {
                    Some(old) => Ok(Some(Change::Receipt(*at, old.clone()))),
                    // A receipt of nothing is as good as none.
                    None if *at == problem.receipts.len() => {
                        let quantity = takt_kernel::Quantity::ZERO;
                        let nothing = Receipt {
                            quantity,
                            ..receipt.clone()
                        };
                        Ok(Some(Change::Receipt(*at, nothing)))
                    }
                    None => unknown("receipt", *at, problem.receipts.len()),
                }
            }
            Change::WorkDay { calendar, day, .. } => {
                if !(-limits::DAY..=limits::DAY).contains(day) {
                    let rule = "give a day within 36525 days of the first";
                    return Err(MrpError::range("the change", "day", day, rule));
                }
                let found = problem.calendars.get(*calendar);
                match found {
                    Some(found) => Ok(Some(Change::WorkDay {
                        calendar: *calendar,
                        day: *day,
                        works: found.works(*day),
                    })),
                    None => unknown("calendar", *calendar, problem.calendars.len()),
                }
            }
        }
    }
}

impl Change {
    /// Writes the change into a problem; what it names has been looked at before.
    pub(super) fn apply(self, problem: &mut Problem) {
        match self {
            Self::Demand(at, demand) => match problem.demands.get_mut(at) {
                Some(old) => *old = demand,
                None => problem.demands.push(demand),
            },
            Self::Receipt(at, receipt) => match problem.receipts.get_mut(at) {
                Some(old) => *old = receipt,
                None => problem.receipts.push(receipt),
            },
            Self::WorkDay {
                calendar,
                day,
                works,
            } => {
                if let Some(calendar) = problem.calendars.get_mut(calendar) {
                    calendar.exceptions.insert(day, works);
                }
            }
        }
    }
}
