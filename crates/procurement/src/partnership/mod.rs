//! Partnerships: stakes in companies, joint development programmes, capacity that is reserved at a site.
//!
//! It must not know rows or messages. Invariants: what is recorded of stakes can be owned, on every day; PS-1 milestones are reached in
//! their order and never before the one before them; PS-2 a reservation ends no earlier than it begins, or was given back before it did.

pub(crate) mod compare;
mod compare_wire;
pub(crate) mod rpc;
mod stake;
mod stake_rpc;
pub(crate) mod store;
mod wire;

pub(crate) use stake::{Interest, Stake};
use stake::{interests, ownable};

use std::fmt;

use takt_kernel::{Amount, Date, Quantity};
use takt_service::Refusal;

/// A milestone of a joint development programme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Milestone {
    /// Its name within the programme.
    pub(crate) id: String,
    /// The day that was agreed first.
    pub(crate) agreed_on: Date,
    /// The day on which it is due now.
    pub(crate) due_on: Date,
    /// The day on which it was reached.
    pub(crate) reached_on: Option<Date>,
}

/// A joint development programme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Development {
    /// Its name.
    pub(crate) id: String,
    /// With whom.
    pub(crate) supplier: String,
    /// What it is about.
    pub(crate) title: String,
    /// The items that it feeds.
    pub(crate) items: Vec<String>,
    /// In their order.
    pub(crate) milestones: Vec<Milestone>,
    /// When and why it was ended.
    pub(crate) ended: Option<(Date, String)>,
    /// The version.
    pub(crate) version: i64,
}

/// What happens to a milestone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// It was reached on the day.
    Reached(Date),
    /// It is due on the day.
    Due(Date),
}

impl Development {
    /// Whether milestones are open and nobody ended it.
    pub(crate) fn is_active(&self) -> bool {
        self.ended.is_none() && self.next().is_some()
    }

    /// The next milestone that is not reached.
    fn next(&self) -> Option<usize> {
        let mut all = self.milestones.iter();
        all.position(|milestone| milestone.reached_on.is_none())
    }

    /// Takes in what happened to a milestone; returns its place.
    pub(crate) fn tell(
        &mut self,
        milestone: &str,
        word: Word,
    ) -> Result<usize, PartnershipRefusal> {
        if let Some((on, _)) = &self.ended {
            return Err(PartnershipRefusal::Ended(self.id.clone(), *on));
        }
        let of = |own: &Milestone| own.id == milestone;
        let at = self.milestones.iter().position(of);
        let at = at.ok_or_else(|| self.no_milestone(milestone))?;
        let next = self.next();
        let before = at.checked_sub(1).and_then(|at| self.milestones.get(at));
        let reached_before = before.and_then(|before| before.reached_on);
        if next.is_none_or(|next| at < next) {
            let (id, milestone) = (self.id.clone(), milestone.to_owned());
            return Err(PartnershipRefusal::Reached(id, milestone));
        }
        let after = |on: Date| reached_before.is_none_or(|before| before <= on);
        let order = match word {
            Word::Reached(on) => Some(at) == next && after(on),
            Word::Due(on) => after(on),
        };
        if !order {
            let waits = next.and_then(|next| self.milestones.get(next));
            let waits = waits.map_or_else(String::new, |next| next.id.clone());
            return Err(PartnershipRefusal::Order {
                id: self.id.clone(),
                milestone: milestone.to_owned(),
                waits,
            });
        }
        if let Some(own) = self.milestones.get_mut(at) {
            match word {
                Word::Reached(on) => own.reached_on = Some(on),
                Word::Due(on) => own.due_on = on,
            }
        }
        self.version += 1;
        Ok(at)
    }

    /// Ends it before its last milestone.
    pub(crate) fn end(&mut self, on: Date, reason: &str) -> Result<(), PartnershipRefusal> {
        if let Some((ended, _)) = &self.ended {
            return Err(PartnershipRefusal::Ended(self.id.clone(), *ended));
        }
        if self.next().is_none() {
            return Err(PartnershipRefusal::Completed(self.id.clone()));
        }
        self.ended = Some((on, reason.to_owned()));
        self.version += 1;
        Ok(())
    }

    fn no_milestone(&self, milestone: &str) -> PartnershipRefusal {
        let known: Vec<&str> = self.milestones.iter().map(|own| own.id.as_str()).collect();
        PartnershipRefusal::NoMilestone {
            id: self.id.clone(),
            milestone: milestone.to_owned(),
            known: known.join(", "),
        }
    }
}

/// Capacity that is reserved at a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reservation {
    /// Its name.
    pub(crate) id: String,
    /// The supplier.
    pub(crate) supplier: String,
    /// What its site makes.
    pub(crate) item: String,
    /// How much in a week.
    pub(crate) weekly: Quantity,
    /// The first and the last day.
    pub(crate) valid: (Date, Date),
    /// What it costs.
    pub(crate) fee: Option<Amount>,
    /// Whether it was given back.
    pub(crate) released: bool,
    /// How many days after a loss the first of it arrives.
    pub(crate) lead_days: i64,
}

impl Reservation {
    /// Gives it back: the day before is the last one.
    pub(crate) fn release(&mut self, on: Date) -> Result<(), PartnershipRefusal> {
        if self.released || on > self.valid.1 {
            return Err(PartnershipRefusal::Over(self.id.clone(), self.valid.1));
        }
        self.released = true;
        self.valid.1 = on.minus(1).max(self.valid.0.minus(1));
        Ok(())
    }
}

/// Why something of a partnership is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PartnershipRefusal {
    /// What is recorded cannot be owned.
    Stakes(String),
    /// The programme was ended.
    Ended(String, Date),
    /// All of its milestones were reached.
    Completed(String),
    /// It has no such milestone.
    NoMilestone {
        /// The programme.
        id: String,
        /// The milestone.
        milestone: String,
        /// Those it has.
        known: String,
    },
    /// The milestone was reached before.
    Reached(String, String),
    /// Another milestone comes first.
    Order {
        /// The programme.
        id: String,
        /// The milestone.
        milestone: String,
        /// The one that comes first.
        waits: String,
    },
    /// The reservation is over.
    Over(String, Date),
}

impl fmt::Display for PartnershipRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stakes(why) => write!(out, "{why}"),
            Self::Ended(id, on) => write!(
                out,
                "development {id} was ended on {on}; agree another one to go on"
            ),
            Self::Completed(id) => write!(
                out,
                "development {id} is completed: all of its milestones were reached"
            ),
            Self::NoMilestone {
                id,
                milestone,
                known,
            } => write!(
                out,
                "development {id} has no milestone {milestone}; it has {known}"
            ),
            Self::Reached(id, milestone) => write!(
                out,
                "milestone {milestone} of development {id} was reached and stays as it is"
            ),
            Self::Order {
                id,
                milestone,
                waits,
            } => write!(
                out,
                "milestone {milestone} of development {id} comes after the one before it; {waits} is the next one that is open"
            ),
            Self::Over(id, on) => write!(
                out,
                "capacity reservation {id} is over since {on}; there is nothing to give back"
            ),
        }
    }
}

impl Refusal for PartnershipRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::Stakes(_) => "STAKES_IMPOSSIBLE",
            Self::Ended(..) => "DEVELOPMENT_ENDED",
            Self::Completed(_) => "DEVELOPMENT_COMPLETED",
            Self::NoMilestone { .. } => "MILESTONE_UNKNOWN",
            Self::Reached(..) => "MILESTONE_REACHED",
            Self::Order { .. } => "MILESTONE_OUT_OF_ORDER",
            Self::Over(..) => "RESERVATION_OVER",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: i32) -> Date {
        Date::from_epoch_day(n)
    }

    #[test]
    fn milestones_are_reached_in_their_order() -> Result<(), PartnershipRefusal> {
        let milestone = |id: &str, on| Milestone {
            id: id.to_owned(),
            agreed_on: day(on),
            due_on: day(on),
            reached_on: None,
        };
        let mut programme = Development {
            id: "JD-1".to_owned(),
            supplier: "CATL".to_owned(),
            title: "a cell".to_owned(),
            items: vec!["BS-01".to_owned()],
            milestones: vec![milestone("B-SAMPLE", 10), milestone("PPAP", 50)],
            ended: None,
            version: 1,
        };
        let mut refused =
            |name: &str, word| programme.tell(name, word).err().map(|why| why.reason());
        assert_eq!(
            refused("PPAP", Word::Reached(day(20))),
            Some("MILESTONE_OUT_OF_ORDER")
        );
        assert_eq!(
            refused("SOP", Word::Due(day(20))),
            Some("MILESTONE_UNKNOWN")
        );
        programme.tell("B-SAMPLE", Word::Due(day(15)))?;
        programme.tell("B-SAMPLE", Word::Reached(day(17)))?;
        let mut refused =
            |name: &str, word| programme.tell(name, word).err().map(|why| why.reason());
        assert_eq!(
            refused("B-SAMPLE", Word::Due(day(30))),
            Some("MILESTONE_REACHED")
        );
        assert_eq!(
            refused("PPAP", Word::Reached(day(16))),
            Some("MILESTONE_OUT_OF_ORDER")
        );
        assert!(programme.is_active());
        programme.tell("PPAP", Word::Reached(day(60)))?;
        assert!(!programme.is_active() && programme.version == 4);
        let late = programme.end(day(61), "").err().map(|why| why.reason());
        assert_eq!(late, Some("DEVELOPMENT_COMPLETED"));
        Ok(())
    }

    #[test]
    fn a_reservation_is_given_back_once() -> Result<(), PartnershipRefusal> {
        let whole = Reservation {
            id: "CR-1".to_owned(),
            supplier: "EVE".to_owned(),
            item: "BS-01".to_owned(),
            weekly: Quantity::from_units(700),
            valid: (day(0), day(99)),
            fee: None,
            released: false,
            lead_days: 0,
        };
        let mut early = whole.clone();
        early.release(day(-5))?;
        assert_eq!(early.valid, (day(0), day(-1)), "it never held");
        let mut late = whole;
        late.release(day(50))?;
        assert_eq!(late.valid, (day(0), day(49)));
        let twice = late.release(day(60)).err().map(|why| why.reason());
        assert_eq!(twice, Some("RESERVATION_OVER"));
        Ok(())
    }
}
