//! Orders for bought items: lines of lots for a day of use, one order a supplier and day.
//!
//! It must not know rows or messages. Invariants: PO-1 no more is shipped than ordered and no more received than
//! shipped; the lots of a source are numbered without a gap in the order in which they are ordered, and leave in that
//! order; a line that the supplier refused is dead, and its lots are ordered anew.

use std::fmt;

use takt_kernel::{Date, LotNumber, Quantity};
use takt_service::Refusal;

use crate::{
    programme::SourceNo,
    supply::{Cell, Kind},
};

pub(crate) mod action;
pub(crate) mod release;
pub(crate) mod rpc;
pub(crate) mod store;
#[cfg(test)]
mod tests;
pub(crate) mod wire;

/// The supplier's word on a line; the numbers are those of its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// Nothing yet.
    Pending = 1,
    /// It delivers as ordered.
    Accepted = 2,
    /// It does not deliver.
    Rejected = 3,
}

impl Word {
    /// The word of a column.
    pub(crate) fn of(column: i64) -> Option<Self> {
        [Self::Pending, Self::Accepted, Self::Rejected]
            .into_iter()
            .find(|word| *word as i64 == column)
    }
}

/// A line: lots of one source for one day of use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// The number, unique over all orders; 0 before it has one.
    pub(crate) number: i64,
    /// The item and supplier.
    pub(crate) source: SourceNo,
    /// The number of the first lot within the source.
    pub(crate) first_lot: i64,
    /// The number of lots.
    pub(crate) lots: i64,
    /// The size of a lot.
    pub(crate) lot_size: Quantity,
    /// The first use.
    pub(crate) needed_on: Date,
    /// The evening of the receipt.
    pub(crate) receipt_on: Date,
    /// The day on which the goods must leave.
    pub(crate) ship_on: Date,
    /// The day of the order.
    pub(crate) released_on: Date,
    /// Whether it should have been ordered earlier.
    pub(crate) past_due: bool,
    /// The supplier's word.
    pub(crate) word: Word,
    /// The lots shipped.
    pub(crate) shipped: i64,
    /// The lots received.
    pub(crate) received: i64,
    /// The lots that were lost on their way.
    pub(crate) gone: i64,
}

impl Line {
    /// Takes the supplier's word; false when it is the one that was known.
    pub(crate) fn answer(&mut self, word: Word) -> Result<bool, LineRefusal> {
        match (self.word, word) {
            (known, word) if known == word => Ok(false),
            (Word::Rejected, _) => Err(LineRefusal::Rejected { line: self.number }),
            (_, Word::Rejected) if self.shipped > 0 => Err(LineRefusal::Shipped {
                line: self.number,
                lots: self.shipped,
            }),
            _ => {
                self.word = word;
                Ok(true)
            }
        }
    }

    /// What will not come because the supplier refused it.
    pub(crate) fn lost(&self) -> Quantity {
        let lots = if self.word == Word::Rejected {
            self.lots - self.shipped
        } else {
            0
        };
        self.lot_size.times(lots).unwrap_or_default()
    }

    /// What has not left yet, whatever the supplier said of it.
    pub(crate) fn open(&self) -> Quantity {
        self.lot_size
            .times(self.lots - self.shipped)
            .unwrap_or_default()
    }

    /// Where what has not left stands in the supply.
    pub(crate) fn ordered(&self) -> Cell {
        Cell {
            source: self.source,
            kind: Kind::Ordered,
            on: self.receipt_on,
            line: self.number,
        }
    }

    /// Where what is under way stands in the supply.
    pub(crate) fn shipped(&self, expected_on: Date) -> Cell {
        Cell {
            kind: Kind::Shipped,
            on: expected_on,
            ..self.ordered()
        }
    }

    /// Whether nothing more will come.
    pub(crate) fn is_closed(&self) -> bool {
        self.received + self.gone == self.lots || self.word == Word::Rejected
    }

    /// The number of the first lot.
    pub(crate) fn first_lot_number(&self) -> Option<LotNumber> {
        self.source.lot(self.first_lot)
    }

    /// Ships lots of these sizes, the first one being `first_lot`, and says what they are.
    pub(crate) fn ship(&mut self, first_lot: i64, sizes: &[i64]) -> Result<Shipped, ShipFlaw> {
        let lots = i64::try_from(sizes.len()).unwrap_or(i64::MAX);
        let next = self.first_lot + self.shipped;
        if self.word == Word::Rejected {
            return Err(ShipFlaw::Rejected { line: self.number });
        }
        if lots == 0 {
            return Err(ShipFlaw::NoLots { line: self.number });
        }
        if first_lot != next {
            return Err(ShipFlaw::OutOfTurn {
                line: self.number,
                next,
            });
        }
        if lots > self.lots - self.shipped {
            return Err(ShipFlaw::TooMany {
                line: self.number,
                lots: self.lots,
                shipped: self.shipped,
            });
        }
        let most = self.lot_size.milli();
        if let Some(size) = sizes.iter().find(|size| !(1..=most).contains(*size)) {
            return Err(ShipFlaw::Size {
                line: self.number,
                size: Quantity(*size),
                most: self.lot_size,
            });
        }
        let quantity: i64 = sizes.iter().sum();
        let first_lot_number = self.source.lot(first_lot).ok_or(ShipFlaw::TooMany {
            line: self.number,
            lots: self.lots,
            shipped: self.shipped,
        })?;
        self.shipped += lots;
        let short_lots = sizes.iter().filter(|size| **size < most).count();
        Ok(Shipped {
            line: self.number,
            first_lot: first_lot_number,
            lots,
            short_lots: i64::try_from(short_lots).unwrap_or(i64::MAX),
            quantity: Quantity(quantity),
            short: Quantity(most.saturating_mul(lots) - quantity),
        })
    }
}

/// What was shipped of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shipped {
    /// The line.
    pub(crate) line: i64,
    /// The first lot.
    pub(crate) first_lot: LotNumber,
    /// The number of lots.
    pub(crate) lots: i64,
    /// The lots that are smaller than ordered.
    pub(crate) short_lots: i64,
    /// The quantity of all of them.
    pub(crate) quantity: Quantity,
    /// What is missing of what was ordered.
    pub(crate) short: Quantity,
}

/// An order: the lines of a supplier and a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Order {
    /// The number of the supplier.
    pub(crate) supplier_no: i64,
    /// The day of the order.
    pub(crate) released_on: Date,
    /// The number of lines.
    pub(crate) lines: i64,
    /// The lines of which nothing more will come.
    pub(crate) closed_lines: i64,
}

/// The name of an order, `PO-AEROGEL-20240115`.
pub(crate) fn order_id(supplier_id: &str, released_on: Date) -> String {
    let (year, month, day) = released_on.ymd();
    format!("PO-{supplier_id}-{year:04}{month:02}{day:02}")
}

/// The supplier and day that an order's name says.
pub(crate) fn order_key(id: &str) -> Option<(&str, Date)> {
    let (supplier, digits) = id.strip_prefix("PO-")?.rsplit_once('-')?;
    let number = |from: usize, to: usize| digits.get(from..to)?.parse::<u32>().ok();
    let plain = digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let year = number(0, 4).filter(|_| plain)?;
    Some((
        supplier,
        Date::from_ymd(i32::try_from(year).ok()?, number(4, 6)?, number(6, 8)?)?,
    ))
}

/// Why a supplier's word could not be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LineRefusal {
    /// The line was refused before.
    Rejected {
        /// The line.
        line: i64,
    },
    /// Goods have left.
    Shipped {
        /// The line.
        line: i64,
        /// How many lots.
        lots: i64,
    },
}

impl fmt::Display for LineRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected { line } => write!(
                out,
                "order line {line} was rejected and its lots are ordered anew; answer the new line"
            ),
            Self::Shipped { line, lots } => write!(
                out,
                "{lots} lots of order line {line} are shipped; it cannot be rejected any more"
            ),
        }
    }
}

impl Refusal for LineRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::Rejected { .. } => "LINE_REJECTED",
            Self::Shipped { .. } => "LINE_SHIPPED",
        }
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
