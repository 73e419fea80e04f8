//! What may become of an issued line: the supplier answers or proposes, the buyer decides, changes or cancels.
//!
//! It must not know rows or messages. Invariants: what has left or arrived is never taken back; a line that was refused or of which
//! nothing more will come does not change any more; what a supplier proposes is not what was ordered until the buyer takes it, and
//! scorecards go on counting by what the buyer asked for.

use takt_kernel::Date;
use takt_planning::liability::Settled;

use super::{Line, Word, refusal::LineRefusal};

/// What a supplier would deliver instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proposal {
    /// The lots of the line, those that have left included.
    pub(crate) lots: i64,
    /// The evening on which what has not left would be there.
    pub(crate) receipt_on: Date,
    /// Why.
    pub(crate) reason: String,
}

/// What happened to a line; the numbers are those of its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventKind {
    /// The supplier proposed something else.
    Proposed = 1,
    /// The buyer took it.
    ProposalAccepted = 2,
    /// The buyer did not.
    ProposalDeclined = 3,
    /// The supplier refused the line.
    Rejected = 4,
    /// The buyer changed it.
    Changed = 5,
    /// The buyer cancelled what had not left.
    Cancelled = 6,
}

/// Something that happened to a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// The line.
    pub(crate) line: i64,
    /// The number within the line; 0 before it has one.
    pub(crate) number: i64,
    /// What happened.
    pub(crate) kind: EventKind,
    /// The day, where it is known.
    pub(crate) on: Option<Date>,
    /// The lots after it, or those proposed.
    pub(crate) lots: i64,
    /// The day of receipt after it, or the one proposed.
    pub(crate) receipt_on: Date,
    /// Why.
    pub(crate) reason: String,
    /// The lots that it took back.
    pub(crate) withdrawn: i64,
    /// What is owed for them.
    pub(crate) owed: Settled,
    /// The price of what is owed finished, in minor units.
    pub(crate) finished_minor: i64,
}

impl Event {
    /// What happened to a line that was `before` and is `after`.
    pub(crate) fn of(
        kind: EventKind,
        on: Option<Date>,
        reason: &str,
        before: &Line,
        after: &Line,
    ) -> Self {
        Self {
            line: after.number,
            number: 0,
            kind,
            on,
            lots: after.lots - after.withdrawn,
            receipt_on: after.receipt_on,
            reason: reason.to_owned(),
            withdrawn: after.withdrawn - before.withdrawn,
            owed: Settled::default(),
            finished_minor: 0,
        }
    }
}

/// What the buyer wants of a line instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The lots; None leaves them.
    pub(crate) lots: Option<i64>,
    /// The day; None leaves it.
    pub(crate) receipt_on: Option<Date>,
    /// The day of the change.
    pub(crate) on: Date,
    /// The days that goods are under way.
    pub(crate) transit_days: i32,
    /// Whether no later line of the source has lots, so that it can grow.
    pub(crate) is_last: bool,
}

impl Line {
    /// The version as callers see it; what has left counts, because it decides what may change.
    pub(crate) fn etag(&self) -> String {
        format!("\"{}-{}\"", self.version, self.shipped)
    }

    /// The lots that are in force.
    pub(crate) fn in_force(&self) -> i64 {
        self.lots - self.withdrawn
    }

    /// Takes the supplier's word; false when it is the one that was known.
    pub(crate) fn answer(&mut self, word: Word, on: Option<Date>) -> Result<bool, LineRefusal> {
        match (self.word, word) {
            (known, word) if known == word => return Ok(false),
            (Word::Rejected, _) => return Err(LineRefusal::Rejected { line: self.number }),
            (_, Word::Rejected) if self.shipped > 0 => {
                return Err(LineRefusal::Shipped {
                    line: self.number,
                    lots: self.shipped,
                    verb: "rejected",
                });
            }
            _ if self.is_closed() => return Err(LineRefusal::Closed { line: self.number }),
            (_, Word::Rejected) => self.withdrawn = self.lots,
            (_, Word::Accepted) => self.accepted_lots = self.in_force(),
            _ => {}
        }
        self.word = word;
        self.proposal = None;
        self.answered_on = self.answered_on.or(on);
        Ok(true)
    }

    /// Takes what the supplier proposes; false when that is known.
    pub(crate) fn propose(
        &mut self,
        proposal: Proposal,
        on: Option<Date>,
    ) -> Result<bool, LineRefusal> {
        self.open_need("changed")?;
        if proposal.lots < self.shipped {
            return Err(self.below_shipped(proposal.lots));
        }
        if proposal.lots > self.in_force() {
            return Err(LineRefusal::AboveOrdered {
                line: self.number,
                wanted: self.of_lots(proposal.lots),
                ordered: self.of_lots(self.in_force()),
            });
        }
        if self.proposal.as_ref() == Some(&proposal) {
            return Ok(false);
        }
        self.word = Word::Proposed;
        self.proposal = Some(proposal);
        self.answered_on = self.answered_on.or(on);
        Ok(true)
    }

    /// Takes the supplier's proposal or leaves the line as it is.
    pub(crate) fn decide(&mut self, accept: bool, transit_days: i32) -> Result<(), LineRefusal> {
        let Some(proposal) = self.proposal.take() else {
            return Err(LineRefusal::NothingProposed { line: self.number });
        };
        if !accept {
            self.word = Word::Pending;
            return Ok(());
        }
        if proposal.lots < self.shipped {
            return Err(self.below_shipped(proposal.lots));
        }
        self.withdrawn = self.lots - proposal.lots;
        self.move_to(proposal.receipt_on, transit_days);
        self.word = Word::Accepted;
        self.accepted_lots = self.in_force();
        Ok(())
    }

    /// Makes the line what the buyer wants; false when it is that already.
    pub(crate) fn change(&mut self, wanted: Wanted) -> Result<bool, LineRefusal> {
        if self.word == Word::Rejected {
            return Err(LineRefusal::Rejected { line: self.number });
        }
        if self.is_closed() {
            return Err(LineRefusal::Closed { line: self.number });
        }
        let lots = wanted.lots.unwrap_or_else(|| self.in_force());
        let receipt_on = wanted.receipt_on.unwrap_or(self.receipt_on);
        if lots < self.shipped {
            return Err(self.below_shipped(lots));
        }
        if lots > self.lots && !wanted.is_last {
            return Err(LineRefusal::AboveOrdered {
                line: self.number,
                wanted: self.of_lots(lots),
                ordered: self.of_lots(self.lots),
            });
        }
        if (lots, receipt_on) == (self.in_force(), self.receipt_on) {
            return Ok(false);
        }
        if receipt_on != self.receipt_on {
            let soonest = wanted.on.plus(wanted.transit_days);
            if lots == self.shipped {
                return Err(LineRefusal::Shipped {
                    line: self.number,
                    lots: self.shipped,
                    verb: "moved",
                });
            }
            if receipt_on < soonest {
                return Err(LineRefusal::TooEarly {
                    line: self.number,
                    wanted: receipt_on,
                    soonest,
                });
            }
        }
        self.lots = self.lots.max(lots);
        self.withdrawn = self.lots - lots;
        self.move_to(receipt_on, wanted.transit_days);
        (self.asked_lots, self.asked_on) = (lots, receipt_on);
        self.word = Word::Pending;
        self.proposal = None;
        Ok(true)
    }

    /// Takes back what has not left.
    pub(crate) fn cancel(&mut self) -> Result<(), LineRefusal> {
        self.open_need("cancelled")?;
        self.withdrawn = self.lots - self.shipped;
        self.asked_lots = self.shipped;
        self.proposal = None;
        if self.word == Word::Proposed {
            self.word = Word::Pending;
        }
        Ok(())
    }

    fn move_to(&mut self, receipt_on: Date, transit_days: i32) {
        if receipt_on != self.receipt_on {
            self.receipt_on = receipt_on;
            self.ship_on = receipt_on.minus(transit_days);
        }
    }

    fn open_need(&self, verb: &'static str) -> Result<(), LineRefusal> {
        let line = self.number;
        match self.word {
            Word::Rejected => Err(LineRefusal::Rejected { line }),
            _ if self.is_closed() => Err(LineRefusal::Closed { line }),
            _ if self.to_ship() == 0 => Err(LineRefusal::Shipped {
                line,
                lots: self.shipped,
                verb,
            }),
            _ => Ok(()),
        }
    }

    fn below_shipped(&self, wanted: i64) -> LineRefusal {
        LineRefusal::BelowShipped {
            line: self.number,
            wanted: self.of_lots(wanted),
            shipped: self.of_lots(self.shipped),
            received: self.of_lots(self.received),
        }
    }
}
