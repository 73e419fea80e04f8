//! Warranty claims: what a supplier is asked to pay for parts of its lots that failed with customers, and what it answers.
//!
//! It must not know the database, the wire or who tells of failures. Invariants: WC-1 a claim has the amounts and days that its state
//! says, and none is more than what is claimed.

pub(crate) mod rpc;
pub(crate) mod store;
pub(crate) mod wire;

use std::fmt;

use takt_kernel::{Amount, Date};
use takt_service::Refusal;

/// How a claim stands, with its number in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClaimState {
    /// The supplier has not answered.
    Filed = 1,
    /// The supplier accepts an amount.
    Accepted = 2,
    /// The supplier rejects it.
    Rejected = 3,
    /// The supplier has paid.
    Settled = 4,
}

impl ClaimState {
    /// The number in the database.
    pub(crate) const fn code(self) -> i64 {
        self as i64
    }

    /// The state of a number.
    pub(crate) const fn of_code(code: i64) -> Option<Self> {
        match code {
            1 => Some(Self::Filed),
            2 => Some(Self::Accepted),
            3 => Some(Self::Rejected),
            4 => Some(Self::Settled),
            _ => None,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Filed => "FILED",
            Self::Accepted => "ACCEPTED",
            Self::Rejected => "REJECTED",
            Self::Settled => "SETTLED",
        }
    }
}

/// A claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    /// The id of the case of service, which is that of the claim.
    pub(crate) id: String,
    /// The supplier.
    pub(crate) supplier: String,
    /// The item.
    pub(crate) item: String,
    /// The lot.
    pub(crate) lot: String,
    /// The serial number; empty where the item has none.
    pub(crate) serial: String,
    /// The vehicle.
    pub(crate) vin: String,
    /// The category of the failure.
    pub(crate) category: String,
    /// The day of the failure.
    pub(crate) failed_on: Date,
    /// The day of the repair.
    pub(crate) filed_on: Date,
    /// What is claimed; the other amounts have its currency.
    pub(crate) claimed: Amount,
    /// How it stands.
    pub(crate) state: ClaimState,
    /// What the supplier accepts, in minor units.
    pub(crate) accepted: Option<i64>,
    /// What it has paid, in minor units.
    pub(crate) settled: Option<i64>,
    /// The day of its answer.
    pub(crate) answered_on: Option<Date>,
    /// The day of the payment.
    pub(crate) settled_on: Option<Date>,
    /// Why it rejects the claim.
    pub(crate) reject_reason: String,
}

impl Claim {
    /// The supplier accepts an amount; without one, all of it.
    pub(crate) fn accept(&mut self, amount: Option<Amount>, on: Date) -> Result<(), ClaimRefusal> {
        self.takes(&[ClaimState::Filed])?;
        self.follows(on, self.filed_on)?;
        self.accepted = Some(self.within(amount.unwrap_or(self.claimed))?);
        self.answered_on = Some(on);
        self.state = ClaimState::Accepted;
        Ok(())
    }

    /// The supplier rejects the claim.
    pub(crate) fn reject(&mut self, reason: String, on: Date) -> Result<(), ClaimRefusal> {
        self.takes(&[ClaimState::Filed])?;
        self.follows(on, self.filed_on)?;
        self.reject_reason = reason;
        self.answered_on = Some(on);
        self.state = ClaimState::Rejected;
        Ok(())
    }

    /// The supplier has paid; without an amount, what it accepted.
    pub(crate) fn settle(&mut self, amount: Option<Amount>, on: Date) -> Result<(), ClaimRefusal> {
        self.takes(&[ClaimState::Accepted])?;
        self.follows(on, self.answered_on.unwrap_or(self.filed_on))?;
        let accepted = Amount {
            minor: self.accepted.unwrap_or_default(),
            ..self.claimed
        };
        self.settled = Some(self.within(amount.unwrap_or(accepted))?);
        self.settled_on = Some(on);
        self.state = ClaimState::Settled;
        Ok(())
    }

    fn takes(&self, wanted: &'static [ClaimState]) -> Result<(), ClaimRefusal> {
        if wanted.contains(&self.state) {
            return Ok(());
        }
        Err(ClaimRefusal::WrongState {
            id: self.id.clone(),
            state: self.state,
            wanted,
        })
    }

    fn follows(&self, on: Date, before: Date) -> Result<(), ClaimRefusal> {
        if on >= before {
            return Ok(());
        }
        Err(ClaimRefusal::Backwards {
            id: self.id.clone(),
            on,
            before,
        })
    }

    /// A repair may have cost nothing; what is accepted or paid of it is then nothing too.
    fn within(&self, amount: Amount) -> Result<i64, ClaimRefusal> {
        if amount.currency == self.claimed.currency && amount.minor <= self.claimed.minor {
            return Ok(amount.minor);
        }
        Err(ClaimRefusal::Beyond {
            id: self.id.clone(),
            amount,
            claimed: self.claimed,
        })
    }
}

/// Why something is not done about a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ClaimRefusal {
    /// It stands otherwise.
    WrongState {
        /// The claim.
        id: String,
        /// How it stands.
        state: ClaimState,
        /// How it should.
        wanted: &'static [ClaimState],
    },
    /// The step would come before the one before it.
    Backwards {
        /// The claim.
        id: String,
        /// The day given.
        on: Date,
        /// The day of the step before.
        before: Date,
    },
    /// The amount is more than what is claimed, or other money.
    Beyond {
        /// The claim.
        id: String,
        /// The amount given.
        amount: Amount,
        /// What is claimed.
        claimed: Amount,
    },
}

impl fmt::Display for ClaimRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongState { id, state, wanted } => {
                let words: Vec<&str> = wanted.iter().map(|state| state.word()).collect();
                write!(
                    out,
                    "claim {id} is {}, and this is done to one that is {}; read the claim and take the step that is next",
                    state.word(),
                    words.join(" or ")
                )
            }
            Self::Backwards { id, on, before } => write!(
                out,
                "claim {id}: {on} lies before {before}, the day of the step before; give that day or a later one"
            ),
            Self::Beyond {
                id,
                amount,
                claimed,
            } => write!(
                out,
                "claim {id} is for {} {} in minor units and not for {} {}; give at most that, in that currency",
                claimed.minor,
                claimed.currency.as_str(),
                amount.minor,
                amount.currency.as_str()
            ),
        }
    }
}

impl Refusal for ClaimRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::WrongState { .. } => "CLAIM_STATE",
            Self::Backwards { .. } => "CLAIM_BACKWARDS",
            Self::Beyond { .. } => "CLAIM_BEYOND",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use takt_kernel::Currency;

    fn day(n: i32) -> Date {
        Date::from_epoch_day(19_900 + n)
    }

    fn claim() -> Claim {
        Claim {
            id: "SC-1".into(),
            supplier: "SANHUA".into(),
            item: "TH-09".into(),
            lot: "TH-09.SANHUA.000031".into(),
            serial: String::new(),
            vin: "V".into(),
            category: "air conditioning".into(),
            failed_on: day(0),
            filed_on: day(2),
            claimed: Amount::new(19_000, Currency::USD),
            state: ClaimState::Filed,
            accepted: None,
            settled: None,
            answered_on: None,
            settled_on: None,
            reject_reason: String::new(),
        }
    }

    #[test]
    fn a_claim_is_answered_once_and_paid_after_that() {
        let usd = |minor| Some(Amount::new(minor, Currency::USD));
        let reason = |result: Result<(), ClaimRefusal>| result.unwrap_err().reason();
        let mut one = claim();
        assert_eq!(reason(one.settle(None, day(3))), "CLAIM_STATE");
        assert_eq!(reason(one.accept(None, day(1))), "CLAIM_BACKWARDS");
        assert_eq!(reason(one.accept(usd(19_001), day(2))), "CLAIM_BEYOND");
        let euros = Some(Amount::new(1, Currency::EUR));
        assert_eq!(reason(one.accept(euros, day(2))), "CLAIM_BEYOND");
        one.accept(usd(15_000), day(5)).unwrap();
        assert_eq!(reason(one.reject("worn".into(), day(6))), "CLAIM_STATE");
        assert_eq!(reason(one.settle(None, day(4))), "CLAIM_BACKWARDS");
        one.settle(None, day(9)).unwrap();
        assert_eq!((one.accepted, one.settled), (Some(15_000), Some(15_000)));
        assert_eq!(reason(one.settle(None, day(9))), "CLAIM_STATE");
        let mut other = claim();
        other.reject("misuse".into(), day(3)).unwrap();
        assert_eq!((other.state, other.accepted), (ClaimState::Rejected, None));
        let mut whole = claim();
        whole.accept(None, day(2)).unwrap();
        assert_eq!(whole.accepted, Some(19_000));
    }
}
