//! Scheduling agreements and their releases: who agreed what with whom, what was called off, and what is owed at the end.
//!
//! It must not know rows or messages; cumulatives and zones are computed in planning. Invariants: CO-1 releases are numbered
//! without a gap and their days do not go back; CO-2 what was authorised stays authorised; an agreement that has ended takes
//! no more releases.

use std::fmt;

use takt_kernel::{Date, Quantity};
use takt_planning::{
    call_off::{Authorised, CallOff, Owed, Progress, Zones},
    liability::Settled,
};
use takt_service::Refusal;

use crate::programme::SourceNo;

pub(crate) mod due;
pub(crate) mod rpc;
pub(crate) mod store;
pub(crate) mod wire;

/// The days ahead of each zone, as they are kept and told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ZoneDays {
    /// The days that are firm.
    pub(crate) firm: i32,
    /// The days that may be made.
    pub(crate) fabrication: i32,
    /// The days for which material may be bought.
    pub(crate) material: i32,
}

impl ZoneDays {
    /// The zones, where the days lie inside each other.
    pub(crate) fn zones(self) -> Option<Zones> {
        Zones::new(self.firm, self.fabrication, self.material)
    }
}

/// A scheduling agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Agreement {
    /// The item and supplier.
    pub(crate) source: SourceNo,
    /// The day from which cumulatives count.
    pub(crate) reset_on: Date,
    /// The zones.
    pub(crate) days: ZoneDays,
    /// The releases so far.
    pub(crate) releases: i64,
    /// The day of the newest release.
    pub(crate) last_as_of: Option<Date>,
    /// The most that was authorised since the reset date.
    pub(crate) authorised: Authorised,
    /// The day on which it ended.
    pub(crate) cancelled_on: Option<Date>,
}

/// A release as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Release {
    /// The item and supplier.
    pub(crate) source: SourceNo,
    /// The number, from 1.
    pub(crate) number: i64,
    /// The evening.
    pub(crate) as_of: Date,
    /// The day from which its cumulatives count.
    pub(crate) reset_on: Date,
    /// The plan from which the lines come that were not ordered.
    pub(crate) plan_id: String,
    /// What is called off.
    pub(crate) call_off: CallOff,
}

impl Agreement {
    /// A new agreement.
    pub(crate) fn new(source: SourceNo, reset_on: Date, days: ZoneDays) -> Self {
        Self {
            source,
            reset_on,
            days,
            releases: 0,
            last_as_of: None,
            authorised: Authorised::default(),
            cancelled_on: None,
        }
    }

    /// Changes the terms; `passed` is what was shipped from the old reset date until the new one, and `settled` what was owed for goods
    /// that were taken back meanwhile. One that ended is agreed
    /// anew by a reset date after its end, with nothing authorised: what was owed is settled.
    pub(crate) fn change(
        &mut self,
        name: &str,
        reset_on: Date,
        days: ZoneDays,
        passed: Quantity,
        settled: Settled,
    ) -> Result<(), CallOffRefusal> {
        let agreement = name.to_owned();
        if let Some(on) = self.cancelled_on {
            if reset_on <= on {
                return Err(CallOffRefusal::Cancelled { agreement, on });
            }
            self.authorised = Authorised::default();
            self.cancelled_on = None;
        } else if reset_on < self.reset_on {
            let on = self.reset_on;
            return Err(CallOffRefusal::ResetPassed { agreement, on });
        } else {
            self.authorised = settled.off(self.authorised.since(passed));
        }
        self.reset_on = reset_on;
        self.days = days;
        Ok(())
    }

    /// Takes the next release in and says what it is.
    pub(crate) fn publish(
        &mut self,
        name: &str,
        as_of: Date,
        plan_id: &str,
        call_off: CallOff,
    ) -> Result<Release, CallOffRefusal> {
        let agreement = name.to_owned();
        if let Some(on) = self.cancelled_on {
            return Err(CallOffRefusal::Cancelled { agreement, on });
        }
        if let Some(on) = self.last_as_of.filter(|last| as_of < *last) {
            return Err(CallOffRefusal::DatePassed { agreement, on });
        }
        if as_of < self.reset_on {
            let on = self.reset_on;
            return Err(CallOffRefusal::NotBegun { agreement, on });
        }
        self.releases += 1;
        self.last_as_of = Some(as_of);
        self.authorised = self.authorised.raised(call_off.authorised);
        Ok(Release {
            source: self.source,
            number: self.releases,
            as_of,
            reset_on: self.reset_on,
            plan_id: plan_id.to_owned(),
            call_off,
        })
    }

    /// Ends it and says what is owed.
    pub(crate) fn cancel(
        &mut self,
        name: &str,
        on: Date,
        progress: Progress,
    ) -> Result<Owed, CallOffRefusal> {
        let agreement = name.to_owned();
        if let Some(on) = self.cancelled_on {
            return Err(CallOffRefusal::Cancelled { agreement, on });
        }
        if let Some(last) = self.last_as_of.filter(|last| on < *last) {
            let on = last;
            return Err(CallOffRefusal::DatePassed { agreement, on });
        }
        self.cancelled_on = Some(on);
        Ok(self.authorised.owed(progress))
    }
}

/// Why an agreement does not allow what was asked; `agreement` is the item and supplier.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the sentences say what the fields are")]
pub(crate) enum CallOffRefusal {
    Cancelled { agreement: String, on: Date },
    ResetPassed { agreement: String, on: Date },
    DatePassed { agreement: String, on: Date },
    NotBegun { agreement: String, on: Date },
}

impl fmt::Display for CallOffRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled { agreement, on } => write!(
                out,
                "the scheduling agreement {agreement} ended on {on}; agree anew with a reset date after that day"
            ),
            Self::ResetPassed { agreement, on } => write!(
                out,
                "the cumulatives of {agreement} count from {on}; give that day or a later one"
            ),
            Self::DatePassed { agreement, on } => write!(
                out,
                "{agreement} was called off as of {on}; give that day or a later one"
            ),
            Self::NotBegun { agreement, on } => write!(
                out,
                "the cumulatives of {agreement} count from {on}; publish as of that day or a later one"
            ),
        }
    }
}

impl Refusal for CallOffRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::Cancelled { .. } => "AGREEMENT_CANCELLED",
            Self::ResetPassed { .. } => "RESET_DATE_PASSED",
            Self::DatePassed { .. } => "CALL_OFF_DATE_PASSED",
            Self::NotBegun { .. } => "AGREEMENT_NOT_BEGUN",
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        let (Self::Cancelled { agreement, .. }
        | Self::ResetPassed { agreement, .. }
        | Self::DatePassed { agreement, .. }
        | Self::NotBegun { agreement, .. }) = self;
        vec![("agreement", agreement.clone())]
    }
}
