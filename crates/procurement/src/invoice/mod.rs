//! Invoices: matched with order, receipt and price, blocked where they differ, accepted by a person, paid or taken back.
//!
//! It must not know rows or messages; lines are matched in planning. Invariants: IV-1 what of an order line was invoiced is what its
//! accepted invoices bill of it, and IV-2 never more than was received unless a person accepted it; an invoice is paid once, and only
//! when every line agrees or a person says so.

use std::fmt;

use takt_kernel::{Amount, Date, Quantity};
use takt_planning::three_way_match::{Billed, Mismatch, Tolerance};
use takt_service::Refusal;

mod parse;
pub(crate) mod rpc;
pub(crate) mod store;
mod wire;
mod work;

/// The states; the numbers are those of the column and of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Every line agrees.
    Matched = 1,
    /// A line does not.
    Blocked = 2,
    /// A person accepted it all the same.
    Released = 3,
    /// It was paid.
    Settled = 4,
    /// It was taken back.
    Cancelled = 5,
}

impl State {
    /// The state of a number.
    pub(crate) fn of(number: i64) -> Option<Self> {
        [
            Self::Matched,
            Self::Blocked,
            Self::Released,
            Self::Settled,
            Self::Cancelled,
        ]
        .into_iter()
        .find(|state| *state as i64 == number)
    }

    /// Whether what it bills counts as invoiced.
    pub(crate) fn counts(self) -> bool {
        matches!(self, Self::Matched | Self::Released | Self::Settled)
    }

    fn word(self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::Blocked => "blocked",
            Self::Released => "accepted by a person",
            Self::Settled => "paid",
            Self::Cancelled => "taken back",
        }
    }
}

/// Why lines do not agree: a set of reasons, each with the bit of its number on the wire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Blocks(pub(crate) i64);

impl Blocks {
    /// Another invoice bills the same.
    pub(crate) const DUPLICATE: Self = Self(1 << 4);

    /// What does not agree in a line.
    fn of(mismatches: &[Mismatch]) -> Self {
        mismatches.iter().fold(Self::default(), |all, one| {
            all.with(match one {
                Mismatch::Price => Self(1 << 1),
                Mismatch::Quantity => Self(1 << 2),
                Mismatch::NotReceived => Self(1 << 3),
            })
        })
    }

    /// Both.
    pub(crate) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The numbers on the wire.
    pub(crate) fn numbers(self) -> impl Iterator<Item = i32> {
        (1..=4).filter(move |number| self.0 & (1 << number) != 0)
    }
}

/// A line of an invoice with what it was matched with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InvoiceLine {
    /// The order line.
    pub(crate) line: i64,
    /// What is billed and what it is held against.
    pub(crate) billed: Billed,
    /// What it comes to.
    pub(crate) minor: i64,
    /// Why it does not agree.
    pub(crate) blocks: Blocks,
}

/// An invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invoice {
    /// The number of its row; 0 before it has one.
    pub(crate) row: i64,
    /// The supplier.
    pub(crate) supplier_no: i64,
    /// The supplier's number.
    pub(crate) number: String,
    /// Its day.
    pub(crate) invoiced_on: Date,
    /// The state.
    pub(crate) state: State,
    /// Whether the buyer made it.
    pub(crate) self_billed: bool,
    /// The number of lines.
    pub(crate) line_count: i64,
    /// What it comes to.
    pub(crate) amount: Amount,
    /// Why it is or was blocked.
    pub(crate) blocks: Blocks,
    /// Who accepted it.
    pub(crate) approved_by: String,
    /// Why it was accepted or taken back.
    pub(crate) reason: String,
    /// The day of the last decision.
    pub(crate) decided_on: Option<Date>,
    /// Counts the changes.
    pub(crate) version: i64,
}

/// What is known of an order line when it is invoiced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// What was ordered, without what was withdrawn.
    pub(crate) ordered: Quantity,
    /// What was received and not kept back.
    pub(crate) accepted: Quantity,
    /// What other invoices have of it.
    pub(crate) before: Quantity,
    /// The agreed price.
    pub(crate) agreed: i64,
}

impl InvoiceLine {
    /// The same held against what is known now.
    pub(crate) fn matched(
        &self,
        known: Known,
        tolerance: Tolerance,
        is_duplicate: bool,
    ) -> InvoiceLine {
        let billed = Billed {
            ordered: known.ordered,
            accepted: known.accepted,
            before: known.before,
            agreed: known.agreed,
            ..self.billed
        };
        let blocks = Blocks::of(&billed.mismatches(tolerance));
        InvoiceLine {
            billed,
            blocks: if is_duplicate {
                blocks.with(Blocks::DUPLICATE)
            } else {
                blocks
            },
            ..*self
        }
    }
}

impl Invoice {
    /// The version as callers see it.
    pub(crate) fn etag(&self) -> String {
        format!("\"{}\"", self.version)
    }

    /// Takes what its lines were matched to; one that was decided by a person keeps its state.
    pub(crate) fn judge(&mut self, lines: &[InvoiceLine]) {
        self.blocks = (lines.iter()).fold(Blocks::default(), |all, line| all.with(line.blocks));
        self.state = match self.blocks {
            Blocks(0) => State::Matched,
            _ => State::Blocked,
        };
    }

    /// It is blocked, or there is nothing to match again and nothing to accept.
    pub(crate) fn blocked_need(&self) -> Result<(), InvoiceRefusal> {
        match self.state {
            State::Blocked => Ok(()),
            _ => Err(self.refusal("INVOICE_NOT_BLOCKED")),
        }
    }

    /// A person accepts it.
    pub(crate) fn approve(
        &mut self,
        by: &str,
        reason: &str,
        on: Date,
    ) -> Result<(), InvoiceRefusal> {
        self.blocked_need()?;
        self.state = State::Released;
        self.approved_by = by.to_owned();
        self.reason = reason.to_owned();
        self.decided_on = Some(on);
        Ok(())
    }

    /// It is paid.
    pub(crate) fn settle(&mut self, on: Date) -> Result<(), InvoiceRefusal> {
        match self.state {
            State::Matched | State::Released => {}
            State::Blocked => return Err(self.refusal("INVOICE_BLOCKED")),
            State::Settled | State::Cancelled => return Err(self.refusal("INVOICE_CLOSED")),
        }
        self.state = State::Settled;
        self.decided_on = Some(on);
        Ok(())
    }

    /// It is taken back.
    pub(crate) fn cancel(&mut self, reason: &str, on: Date) -> Result<(), InvoiceRefusal> {
        if matches!(self.state, State::Settled | State::Cancelled) {
            return Err(self.refusal("INVOICE_CLOSED"));
        }
        self.state = State::Cancelled;
        self.reason = reason.to_owned();
        self.decided_on = Some(on);
        Ok(())
    }

    fn refusal(&self, reason: &'static str) -> InvoiceRefusal {
        InvoiceRefusal {
            reason,
            number: self.number.clone(),
            state: self.state,
        }
    }
}

/// Why nothing can be done with an invoice in its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InvoiceRefusal {
    reason: &'static str,
    number: String,
    state: State,
}

impl fmt::Display for InvoiceRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, state) = (&self.number, self.state.word());
        write!(out, "invoice {number} is {state}; ")?;
        out.write_str(match self.reason {
            "INVOICE_BLOCKED" => {
                "match it again when the goods are there, or have a person approve it"
            }
            "INVOICE_NOT_BLOCKED" => "only a blocked invoice is matched again or approved",
            _ => "record a new invoice instead",
        })
    }
}

impl Refusal for InvoiceRefusal {
    fn reason(&self) -> &'static str {
        match self.reason {
            "INVOICE_BLOCKED" => "INVOICE_BLOCKED",
            "INVOICE_NOT_BLOCKED" => "INVOICE_NOT_BLOCKED",
            _ => "INVOICE_CLOSED",
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        vec![("invoice_number", self.number.clone())]
    }
}

#[cfg(test)]
mod tests {
    use takt_kernel::Currency;

    use super::*;

    fn invoice(state: State) -> Invoice {
        Invoice {
            row: 1,
            supplier_no: 2,
            number: "R-7".into(),
            invoiced_on: Date::from_epoch_day(0),
            state,
            self_billed: false,
            line_count: 1,
            amount: Amount::new(0, Currency::USD),
            blocks: Blocks::default(),
            approved_by: String::new(),
            reason: String::new(),
            decided_on: None,
            version: 1,
        }
    }

    #[test]
    fn each_state_allows_what_it_should_and_nothing_else() {
        let day = Date::from_epoch_day(5);
        let all = [
            State::Matched,
            State::Blocked,
            State::Released,
            State::Settled,
            State::Cancelled,
        ];
        let can = |act: &dyn Fn(&mut Invoice) -> Result<(), InvoiceRefusal>| {
            all.map(|state| act(&mut invoice(state)).is_ok())
        };
        assert_eq!(
            can(&|one| one.approve("Li", "agreed by phone", day)),
            [false, true, false, false, false]
        );
        assert_eq!(
            can(&|one| one.settle(day)),
            [true, false, true, false, false]
        );
        assert_eq!(
            can(&|one| one.cancel("", day)),
            [true, true, true, false, false]
        );
        assert_eq!(all.map(State::counts), [true, false, true, true, false]);
        let blocked = invoice(State::Blocked).settle(day).unwrap_err();
        assert_eq!(blocked.reason(), "INVOICE_BLOCKED");
        let said = invoice(State::Settled).settle(day).unwrap_err();
        assert_eq!(
            said.to_string(),
            "invoice R-7 is paid; record a new invoice instead"
        );
    }

    #[test]
    fn reasons_are_kept_as_a_set() {
        let blocks = Blocks::of(&[Mismatch::Price, Mismatch::NotReceived]).with(Blocks::DUPLICATE);
        assert_eq!(blocks.numbers().collect::<Vec<_>>(), [1, 3, 4]);
        assert_eq!(Blocks::default().numbers().count(), 0);
    }
}
