//! Promises: the day on which a customer will have the vehicle, and when a new one must be given.
//!
//! It must not know the database or the wire. Invariants: PR-1 promises of an order are numbered from 1 without
//! gaps and never edited; PR-2 a promise differs from the one before by more than seven days; PR-3 no promise lies
//! before the first handover date.

pub(crate) mod handler;
pub(crate) mod mirror;
pub mod queue;
pub(crate) mod store;

use takt_kernel::Date;
use takt_planning::promise::{BuildPromise, PromiseKind as Sureness, has_moved};

/// How sure a promise is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromiseKind {
    /// The plan holds a vehicle for the order's place in the queue.
    Planned,
    /// The order lies beyond the plan; the date is extrapolated and holds nothing.
    Estimate,
}

impl PromiseKind {
    /// The number in the database and on the wire.
    pub const fn code(self) -> i64 {
        match self {
            Self::Planned => 1,
            Self::Estimate => 2,
        }
    }

    /// Reads the number.
    pub const fn of_code(code: i64) -> Option<Self> {
        match code {
            1 => Some(Self::Planned),
            2 => Some(Self::Estimate),
            _ => None,
        }
    }

    /// The word for people.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Estimate => "estimate",
        }
    }
}

impl From<Sureness> for PromiseKind {
    fn from(kind: Sureness) -> Self {
        match kind {
            Sureness::Planned => Self::Planned,
            Sureness::Estimate => Self::Estimate,
        }
    }
}

/// A promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    /// The number within its order, from 1.
    pub number: i64,
    /// How sure it is.
    pub kind: PromiseKind,
    /// The day on which the vehicle is to be built.
    pub build_on: Date,
    /// The day on which it is to be handed over.
    pub deliver_on: Date,
    /// The day on which the promise was made.
    pub made_on: Date,
    /// The plan that it stands on.
    pub plan_id: String,
}

/// What was promised last, as much of it as the next promise depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastPromise {
    /// Its number.
    pub number: i64,
    /// How sure it is.
    pub kind: PromiseKind,
    /// The day of the handover.
    pub deliver_on: Date,
    /// The day on which it was made.
    pub made_on: Date,
}

impl From<&Promise> for LastPromise {
    fn from(promise: &Promise) -> Self {
        Self {
            number: promise.number,
            kind: promise.kind,
            deliver_on: promise.deliver_on,
            made_on: promise.made_on,
        }
    }
}

/// A new date: who asks is told by number, kind and days; the day it is made and the plan are the batch's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewDate {
    /// The number of the promise within its order.
    pub number: i64,
    /// How sure it is.
    pub kind: PromiseKind,
    /// The day on which the vehicle is to be built.
    pub build_on: Date,
    /// The day on which it is to be handed over.
    pub deliver_on: Date,
    /// The day of the promise before: a promise is not made before the one that it follows.
    pub after: Option<Date>,
}

impl NewDate {
    /// The promise that this date becomes.
    pub fn made(self, made_on: Date, plan_id: &str) -> Promise {
        Promise {
            number: self.number,
            kind: self.kind,
            build_on: self.build_on,
            deliver_on: self.deliver_on,
            made_on: self.after.map_or(made_on, |after| made_on.max(after)),
            plan_id: plan_id.to_owned(),
        }
    }
}

/// The promise that follows from a build date; None while the last one still holds (RULES 9).
pub fn follow(
    last: Option<LastPromise>,
    build: BuildPromise,
    transit_days: i32,
    first_handover: Date,
) -> Option<NewDate> {
    let deliver_on = build.build_on.plus(transit_days).max(first_handover);
    if last.is_some_and(|last| !has_moved(last.deliver_on, deliver_on)) {
        return None;
    }
    let number = last.map_or(1, |last| last.number + 1);
    Some(NewDate {
        number,
        kind: build.kind.into(),
        build_on: build.build_on,
        deliver_on,
        after: last.map(|last| last.made_on),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::sample::date;

    fn last_of(new: NewDate) -> Option<LastPromise> {
        Some(LastPromise {
            number: new.number,
            kind: new.kind,
            deliver_on: new.deliver_on,
            made_on: date("2024-04-05"),
        })
    }

    #[test]
    fn a_promise_follows_only_when_the_date_moves_by_more_than_a_week() {
        let build = |day: &str| BuildPromise {
            kind: Sureness::Planned,
            build_on: date(day),
        };
        let first = date("2024-04-03");
        let promise = follow(None, build("2024-03-29"), 3, first).unwrap();
        assert_eq!((promise.number, promise.deliver_on), (1, first));
        let last = last_of(promise);
        assert_eq!(follow(last, build("2024-04-07"), 3, first), None);
        let later = follow(last, build("2024-04-08"), 3, first).unwrap();
        assert_eq!((later.number, later.deliver_on), (2, date("2024-04-11")));
        let estimate = BuildPromise {
            kind: Sureness::Estimate,
            build_on: date("2024-04-01"),
        };
        let earlier = follow(last_of(later), estimate, 2, first);
        assert_eq!(
            earlier.map(|new| (new.number, new.kind)),
            Some((3, PromiseKind::Estimate))
        );
        let made = later.made(first, "p");
        // It is not made before the promise that it follows.
        assert_eq!(
            (made.plan_id.as_str(), made.made_on),
            ("p", date("2024-04-05"))
        );
        assert_eq!(
            later.made(date("2024-04-09"), "p").made_on,
            date("2024-04-09")
        );
    }
}
