//! Orders for bought items: lines of lots for a day of use, one order a supplier and day.
//!
//! It must not know rows or messages. Invariants: PO-1 no more is shipped than ordered and no more received than
//! shipped; the lots of a source are numbered without a gap in the order in which they are ordered, and leave in that
//! order; PO-5 lots that were refused or taken back are the last ones of their line, will not be shipped, and are ordered anew
//! where the plan needs them.

use takt_kernel::{Date, LotNumber, Quantity};

use crate::{
    programme::SourceNo,
    supply::{Cell, Kind},
};

pub(crate) mod action;
pub(crate) mod change;
pub(crate) mod event;
mod parse;
pub(crate) mod refusal;
pub(crate) mod release;
pub(crate) mod rpc;
pub(crate) mod store;
#[cfg(test)]
mod tests;
pub(crate) mod wire;
mod work;

use self::{change::Proposal, refusal::ShipFlaw};

/// The supplier's word on a line; the numbers are those of its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// Nothing yet.
    Pending = 1,
    /// It delivers as ordered.
    Accepted = 2,
    /// It does not deliver.
    Rejected = 3,
    /// It would deliver something else, and waits for the buyer.
    Proposed = 4,
}

impl Word {
    /// The word of a column.
    pub(crate) fn of(column: i64) -> Option<Self> {
        [
            Self::Pending,
            Self::Accepted,
            Self::Rejected,
            Self::Proposed,
        ]
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
    /// The lots at its end that will not be shipped.
    pub(crate) withdrawn: i64,
    /// Counts the changes.
    pub(crate) version: i64,
    /// The lots that the buyer asked for last.
    pub(crate) asked_lots: i64,
    /// The day for which the buyer asked last.
    pub(crate) asked_on: Date,
    /// The lots that the supplier accepted last, whatever the buyer changed since.
    pub(crate) accepted_lots: i64,
    /// The day of the supplier's first word.
    pub(crate) answered_on: Option<Date>,
    /// What the supplier would deliver instead.
    pub(crate) proposal: Option<Proposal>,
    /// What was invoiced and accepted for payment.
    pub(crate) invoiced: Quantity,
}

impl Line {
    /// The lots that are still to leave.
    pub(crate) fn to_ship(&self) -> i64 {
        self.lots - self.withdrawn - self.shipped
    }

    /// The quantity of what is still to leave.
    pub(crate) fn open(&self) -> Quantity {
        self.of_lots(self.to_ship())
    }

    /// What so many lots of the line are.
    pub(crate) fn of_lots(&self, lots: i64) -> Quantity {
        self.lot_size.times(lots).unwrap_or_default()
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
        self.received + self.gone + self.withdrawn == self.lots
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
        if lots > self.to_ship() {
            return Err(ShipFlaw::TooMany {
                line: self.number,
                lots: self.lots - self.withdrawn,
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
