//! The shared vocabulary of why something is late, short or impossible. It must not know who says it.
//! Invariant: a code's text never changes; new codes are added at the end.
use crate::date::Date;
use crate::parse::ParseError;
use crate::quantity::Quantity;
use std::fmt;

macro_rules! reasons {
    ($($(#[$doc:meta])+ $name:ident $text:literal;)+) => {
        /// Why something is late, short or impossible.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ReasonCode {
            $($(#[$doc])+ $name,)+
        }

        impl ReasonCode {
            /// Every code, in the order they were added.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The code as it travels.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }
        }
    };
}

reasons! {
    /// An order for it should have been placed before today.
    LeadTimePastDue "LEAD_TIME_PAST_DUE";
    /// It waits for goods that are on order.
    AwaitSupply "AWAIT_SUPPLY";
    /// The part is not there.
    MaterialShortage "MATERIAL_SHORTAGE";
    /// The line or an operation cannot do more that day.
    CapacityOverload "CAPACITY_OVERLOAD";
    /// The plan is frozen for that date.
    Fence "FENCE";
    /// A rule of the day's sequence forbids it.
    SequenceRule "SEQUENCE_RULE";
    /// Quality holds the part or the vehicle.
    QualityHold "QUALITY_HOLD";
    /// The part is not approved for production.
    PpapNotApproved "PPAP_NOT_APPROVED";
    /// It was given to something else.
    Allocation "ALLOCATION";
    /// A supplier or lane is out.
    Disruption "DISRUPTION";
    /// A site below has no figure to compute with.
    TierUnknown "TIER_UNKNOWN";
    /// It is on its way, late.
    Transport "TRANSPORT";
    /// The data contradict themselves.
    DataInvalid "DATA_INVALID";
    /// The agreement with the supplier was ended.
    AgreementEnded "AGREEMENT_ENDED";
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl std::str::FromStr for ReasonCode {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let found = Self::ALL.iter().copied().find(|code| code.as_str() == text);
        found.ok_or_else(|| {
            ParseError::new("reason code", text, "it is one of the shared vocabulary")
        })
    }
}

/// One reason with what it is about and the reasons upstream of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reason {
    /// The word of the vocabulary.
    pub code: ReasonCode,
    /// The item, supplier, lane, operation or order it is about.
    pub subject: String,
    /// From when, where it is known.
    pub from: Option<Date>,
    /// Until when, where it is known.
    pub until: Option<Date>,
    /// The quantity blocked.
    pub blocked: Quantity,
    /// The reasons upstream of it.
    pub upstream: Vec<Reason>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_back() {
        for code in ReasonCode::ALL {
            assert_eq!(code.as_str().parse(), Ok(*code));
        }
        assert!("WEATHER".parse::<ReasonCode>().is_err());
    }
}
