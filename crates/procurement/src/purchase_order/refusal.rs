//! Why something cannot be done with an order line, in sentences that name the line, its state and the way out.
//!
//! It must not know rows or messages. Invariant: where quantities stand against each other, both are named.

use std::fmt;

use takt_kernel::{Date, Quantity};
use takt_service::Refusal;

/// Why a line cannot be answered, changed or cancelled.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the sentences say what the fields are")]
pub(crate) enum LineRefusal {
    Rejected {
        line: i64,
    },
    Shipped {
        line: i64,
        lots: i64,
        verb: &'static str,
    },
    Closed {
        line: i64,
    },
    BelowShipped {
        line: i64,
        wanted: Quantity,
        shipped: Quantity,
        received: Quantity,
    },
    AboveOrdered {
        line: i64,
        wanted: Quantity,
        ordered: Quantity,
    },
    TooEarly {
        line: i64,
        wanted: Date,
        soonest: Date,
    },
    NothingProposed {
        line: i64,
    },
}

impl fmt::Display for LineRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected { line } => write!(
                out,
                "order line {line} was rejected and its lots are ordered anew; answer or change the new line"
            ),
            Self::Shipped { line, lots, verb } => write!(
                out,
                "{lots} lots of order line {line} are shipped; it cannot be {verb} any more"
            ),
            Self::Closed { line } => write!(
                out,
                "nothing more will come of order line {line}; look for a newer line of the item"
            ),
            Self::BelowShipped {
                line,
                wanted,
                shipped,
                received,
            } => write!(
                out,
                "of order line {line} {shipped} are shipped and {received} of it received, so it cannot become {wanted}; ask for {shipped} or more"
            ),
            Self::AboveOrdered {
                line,
                wanted,
                ordered,
            } => write!(
                out,
                "order line {line} was issued for {ordered} and newer lines of the item follow it, so it cannot become {wanted}; raise the newest line instead"
            ),
            Self::TooEarly {
                line,
                wanted,
                soonest,
            } => write!(
                out,
                "what leaves for order line {line} today arrives on {soonest}, not on {wanted}; ask for {soonest} or later"
            ),
            Self::NothingProposed { line } => write!(
                out,
                "the supplier proposes nothing for order line {line}; look at its response first"
            ),
        }
    }
}

impl Refusal for LineRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::Rejected { .. } => "LINE_REJECTED",
            Self::Shipped { .. } => "LINE_SHIPPED",
            Self::Closed { .. } => "LINE_CLOSED",
            Self::BelowShipped { .. } => "LINE_BELOW_SHIPPED",
            Self::AboveOrdered { .. } => "LINE_ABOVE_ORDERED",
            Self::TooEarly { .. } => "LINE_DATE_TOO_EARLY",
            Self::NothingProposed { .. } => "LINE_NOTHING_PROPOSED",
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        let (Self::Rejected { line }
        | Self::Shipped { line, .. }
        | Self::Closed { line }
        | Self::BelowShipped { line, .. }
        | Self::AboveOrdered { line, .. }
        | Self::TooEarly { line, .. }
        | Self::NothingProposed { line }) = self;
        vec![("line_number", line.to_string())]
    }
}

/// What is wrong with lots that a notice ships.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the sentences say what the fields are")]
pub(crate) enum ShipFlaw {
    Rejected {
        line: i64,
    },
    NoLots {
        line: i64,
    },
    OutOfTurn {
        line: i64,
        next: i64,
    },
    TooMany {
        line: i64,
        lots: i64,
        shipped: i64,
    },
    Size {
        line: i64,
        size: Quantity,
        most: Quantity,
    },
}

impl fmt::Display for ShipFlaw {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected { line } => {
                write!(out, "order line {line} was rejected by the supplier")
            }
            Self::NoLots { line } => write!(out, "no lot of order line {line} is named"),
            Self::OutOfTurn { line, next } => {
                write!(out, "the next lot of order line {line} is number {next}")
            }
            Self::TooMany {
                line,
                lots,
                shipped,
            } => {
                write!(
                    out,
                    "order line {line} has {lots} lots, of which {shipped} are shipped"
                )
            }
            Self::Size { line, size, most } => {
                write!(
                    out,
                    "a lot of order line {line} has {size}; it is more than 0 and at most {most}"
                )
            }
        }
    }
}
