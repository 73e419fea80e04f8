//! Goods on their way in: notices, receipts, and lots with the word of inspection on them.
//!
//! It must not know rows or messages. Invariants: a notice ships lots in their turn and is received once; AS-1 goods
//! arrive on the day they left or later; what is wrong with one notice of a chunk does not touch the others.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use takt_kernel::{Date, LotNumber};
use takt_service::Refusal;

use crate::{
    programme::SourceNo,
    purchase_order::{Line, Shipped},
    supply::{Cell, Kind},
};

pub(crate) mod lost;
pub(crate) mod lot;
pub(crate) mod notice;
pub(crate) mod receipt;
pub(crate) mod rpc;
pub(crate) mod store;
#[cfg(test)]
mod tests;
pub(crate) mod unit;
mod unit_rpc;
mod unit_store;
pub(crate) mod wire;

/// An advance shipping notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    /// The name that the supplier gave it.
    pub(crate) asn_id: String,
    /// The number of the supplier.
    pub(crate) supplier_no: i64,
    /// The day on which the goods left.
    pub(crate) shipped_on: Date,
    /// The day on which they are expected.
    pub(crate) expected_on: Date,
    /// The goods.
    pub(crate) lines: Vec<NoticeLine>,
    /// The units in which they travel; empty where the supplier does not tell.
    pub(crate) units: Vec<unit::HandlingUnit>,
}

/// Lots of an order line that leave together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NoticeLine {
    /// The order line.
    pub(crate) line: i64,
    /// The number of the first lot within the source.
    pub(crate) first_lot: i64,
    /// The thousandths of each lot.
    pub(crate) sizes: Vec<i64>,
    /// The maker's own number of the batch.
    pub(crate) maker_lot: String,
    /// The serial numbers of the parts, lot by lot; empty where the supplier does not tell.
    pub(crate) serials: Vec<String>,
}

/// What is wrong with a notice or a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flaw {
    /// The notice.
    pub(crate) asn_id: String,
    /// The field that is wrong.
    pub(crate) field: String,
    /// Why.
    pub(crate) reason: String,
}

impl Flaw {
    /// Names what is wrong.
    pub(crate) fn new(asn_id: &str, field: impl Into<String>, reason: impl ToString) -> Self {
        Self {
            asn_id: asn_id.to_owned(),
            field: field.into(),
            reason: reason.to_string(),
        }
    }
}

impl Notice {
    /// Ships the notice's lots from order lines, all or none of them: what leaves, and the lines after it. `supplier_of` says whose a source
    /// is.
    pub(crate) fn ship(
        &self,
        lines: &BTreeMap<i64, Line>,
        supplier_of: impl Fn(SourceNo) -> Option<i64>,
    ) -> Result<(Vec<Shipped>, BTreeMap<i64, Line>), Flaw> {
        let flaw = |field: String, reason: String| Flaw::new(&self.asn_id, field, reason);
        if self.expected_on < self.shipped_on {
            let reason = format!(
                "{} is before the goods leave on {}",
                self.expected_on, self.shipped_on
            );
            return Err(flaw("expected_on".to_owned(), reason));
        }
        if self.lines.is_empty() {
            return Err(flaw(
                "lines".to_owned(),
                "the notice has no goods".to_owned(),
            ));
        }
        let mut after: BTreeMap<i64, Line> = BTreeMap::new();
        let mut shipped = Vec::with_capacity(self.lines.len());
        for (place, wanted) in self.lines.iter().enumerate() {
            let field = |name: &str| format!("lines[{place}].{name}");
            let Some(line) = after.get(&wanted.line).or_else(|| lines.get(&wanted.line)) else {
                return Err(flaw(
                    field("line_number"),
                    format!("order line {} does not exist", wanted.line),
                ));
            };
            let mut line = line.clone();
            if supplier_of(line.source) != Some(self.supplier_no) {
                return Err(flaw(
                    field("line_number"),
                    format!("order line {} is another supplier's", wanted.line),
                ));
            }
            if self.shipped_on < line.released_on {
                let reason = format!(
                    "order line {} was only ordered on {}",
                    wanted.line, line.released_on
                );
                return Err(flaw("shipped_on".to_owned(), reason));
            }
            match line.ship(wanted.first_lot, &wanted.sizes) {
                Ok(goods) => shipped.push(goods),
                Err(wrong) => return Err(flaw(field("lot_thousandths"), wrong.to_string())),
            }
            after.insert(wanted.line, line);
        }
        Ok((shipped, after))
    }
}

/// The arrival of a notice's goods with what inspection found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Receipt {
    /// The notice.
    pub(crate) asn_id: String,
    /// The day of the arrival.
    pub(crate) received_on: Date,
    /// The lots that inspection kept back.
    pub(crate) blocked: BTreeSet<LotNumber>,
    /// Whether the other lots wait for inspection.
    pub(crate) quarantine: bool,
    /// The handling units that inspection kept back.
    pub(crate) blocked_units: Vec<String>,
}

/// A notice as procurement knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asn {
    /// The number that stands for it in rows.
    pub(crate) number: i64,
    /// The name that the supplier gave it.
    pub(crate) id: String,
    /// The number of the supplier.
    pub(crate) supplier_no: i64,
    /// The day on which the goods left.
    pub(crate) shipped_on: Date,
    /// The day on which they are expected.
    pub(crate) expected_on: Date,
    /// The day on which they came.
    pub(crate) received_on: Option<Date>,
    /// The number of lots.
    pub(crate) lots: i64,
    /// The day on which they were given up.
    pub(crate) lost_on: Option<Date>,
}

/// The lots of an order line that travel with a notice; their numbers follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AsnLine {
    /// The number of the notice.
    pub(crate) asn_no: i64,
    /// The order line.
    pub(crate) line: i64,
    /// The first lot.
    pub(crate) first_lot: LotNumber,
    /// The number of lots.
    pub(crate) lots: i64,
    /// The thousandths of all of them.
    pub(crate) quantity: i64,
    /// The thousandths of each lot where they are not all alike; else empty.
    pub(crate) sizes: Vec<i64>,
}

impl AsnLine {
    /// The lots with their thousandths.
    pub(crate) fn each(&self) -> impl Iterator<Item = (LotNumber, i64)> + '_ {
        let alike = if self.sizes.is_empty() {
            self.quantity / self.lots.max(1)
        } else {
            0
        };
        (0..self.lots).zip(0usize..).map(move |(at, place)| {
            let size = self.sizes.get(place).copied().unwrap_or(alike);
            (LotNumber(self.first_lot.value() + at), size)
        })
    }

    /// Where they stand in the supply while they are under way.
    pub(crate) fn shipped(&self, expected_on: Date) -> Cell {
        Cell {
            source: SourceNo::of_lot(self.first_lot),
            kind: Kind::Shipped,
            on: expected_on,
            line: self.line,
        }
    }

    /// Whether a lot is among them.
    pub(crate) fn has(&self, lot: LotNumber) -> bool {
        (self.first_lot.value()..self.first_lot.value() + self.lots).contains(&lot.value())
    }
}

impl Asn {
    /// Takes the arrival of the goods in.
    pub(crate) fn receive(&mut self, receipt: &Receipt, lines: &[AsnLine]) -> Result<(), Flaw> {
        let flaw = |field: &str, reason: String| Err(Flaw::new(&self.id, field, reason));
        if let Some(on) = self.received_on {
            return flaw("asn_id", format!("its goods were received on {on}"));
        }
        if let Some(on) = self.lost_on {
            return flaw(
                "asn_id",
                format!(
                    "its goods were given up on {on} and ordered anew; a supplier who finds them sends a new notice"
                ),
            );
        }
        if receipt.received_on < self.shipped_on {
            return flaw(
                "received_on",
                format!(
                    "{} is before the goods left on {}",
                    receipt.received_on, self.shipped_on
                ),
            );
        }
        if let Some(foreign) = receipt
            .blocked
            .iter()
            .find(|lot| !lines.iter().any(|line| line.has(**lot)))
        {
            return flaw(
                "blocked_lot_numbers",
                format!("lot {} does not travel with it", foreign.value()),
            );
        }
        self.received_on = Some(receipt.received_on);
        Ok(())
    }

    /// Gives the goods up.
    pub(crate) fn lose(&mut self, on: Date) -> Result<(), AsnRefusal> {
        let asn = self.id.clone();
        match (self.received_on, self.lost_on) {
            (Some(received), _) => Err(AsnRefusal::Received { asn, on: received }),
            (None, Some(lost)) => Err(AsnRefusal::Lost { asn, on: lost }),
            (None, None) if on < self.shipped_on => Err(AsnRefusal::NotShipped {
                asn,
                on: self.shipped_on,
            }),
            (None, None) => {
                self.lost_on = Some(on);
                Ok(())
            }
        }
    }
}

/// Why goods cannot be given up.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the sentences say what the fields are")]
pub(crate) enum AsnRefusal {
    Received { asn: String, on: Date },
    Lost { asn: String, on: Date },
    NotShipped { asn: String, on: Date },
}

impl fmt::Display for AsnRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Received { asn, on } => write!(
                out,
                "the goods of notice {asn} were received on {on} and cannot be lost any more; block their lots instead"
            ),
            Self::Lost { asn, on } => write!(
                out,
                "the goods of notice {asn} were given up on {on} already and are ordered anew"
            ),
            Self::NotShipped { asn, on } => write!(
                out,
                "the goods of notice {asn} leave on {on}; give them up on that day or later"
            ),
        }
    }
}

impl Refusal for AsnRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::Received { .. } => "ASN_RECEIVED",
            Self::Lost { .. } => "ASN_LOST",
            Self::NotShipped { .. } => "ASN_NOT_SHIPPED",
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        let (Self::Received { asn, .. } | Self::Lost { asn, .. } | Self::NotShipped { asn, .. }) =
            self;
        vec![("asn_id", asn.clone())]
    }
}
