//! DELFOR, the delivery schedule: a release of call-offs as a supplier reads it, written in D.96A and read in D.96A and in the
//! directories after it. It must not know services. Invariants: lines keep their order; quantities are exact.
//!
//! In D.96A a quantity comes before its scheduling condition (QTY, SCC, DTM); from D.97A on the condition comes first and
//! holds for the quantities behind it (SCC, QTY, DTM).
use takt_kernel::{Date, Quantity, Unit};

use super::interchange::Heading;
use super::segment::unit_code;
use super::write::{Parts, date, fits, party, quantity};
use super::{Envelope, Flaw, Interchange, Message, Segment, Separators, Unfit};

/// How far the buyer is bound: data element 4017.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Commitment {
    /// 1, firm.
    Firm,
    /// 2, commitment for manufacturing and material.
    Fabrication,
    /// 3, commitment for material.
    Material,
    /// 4, planning or forecast.
    Forecast,
}

impl Commitment {
    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Firm => "1",
            Self::Fabrication => "2",
            Self::Material => "3",
            Self::Forecast => "4",
        }
    }

    fn of(segment: &Segment) -> Result<Self, Flaw> {
        match segment.need(1, 1, "the commitment")? {
            // Immediate delivery and what was delivered short bind like firm.
            "1" | "5" | "10" => Ok(Self::Firm),
            "2" => Ok(Self::Fabrication),
            "3" => Ok(Self::Material),
            "4" | "12" => Ok(Self::Forecast),
            code => {
                let what = format!(
                    "the commitment is 1 firm, 2 manufacturing and material, 3 material, 4 forecast, 5 short, 10 immediate or 12 planning, and this is {code:?}"
                );
                Err(segment.flaw(1, 1, what))
            }
        }
    }
}

/// A delivery schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delfor {
    /// The number of the document.
    pub number: String,
    /// The day of the document.
    pub issued_on: Date,
    /// The buyer.
    pub buyer: String,
    /// The supplier.
    pub supplier: String,
    /// The items.
    pub items: Vec<DelforItem>,
}

/// An item of a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelforItem {
    /// The buyer's part number.
    pub item: String,
    /// The number of the release; empty where none is given.
    pub release: String,
    /// The unit of all quantities.
    pub unit: Unit,
    /// The day from which cumulatives count.
    pub reset_on: Option<Date>,
    /// The cumulative received.
    pub received: Quantity,
    /// What is overdue.
    pub backlog: Quantity,
    /// The cumulative that may be made.
    pub fabrication: Option<Quantity>,
    /// The cumulative for which material may be bought.
    pub material: Option<Quantity>,
    /// The lines.
    pub lines: Vec<DelforLine>,
}

/// A quantity to be there on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DelforLine {
    /// The day.
    pub due_on: Date,
    /// How far the buyer is bound.
    pub commitment: Commitment,
    /// How much.
    pub quantity: Quantity,
}

impl Delfor {
    /// The schedule as a file.
    ///
    /// # Errors
    /// What an element of the directory cannot hold.
    pub fn write(&self, separators: Separators, envelope: &Envelope) -> Result<Vec<u8>, Unfit> {
        let heading = Heading {
            number: self.number.as_str(),
            issued_on: self.issued_on,
            buyer: self.buyer.as_str(),
            supplier: self.supplier.as_str(),
        };
        // 241 is the delivery schedule.
        let mut parts = heading.write("241")?;
        parts.extend([
            Parts::new("UNS").one("D"),
            party("ST", "the buyer", &self.buyer)?,
        ]);
        for (at, item) in self.items.iter().enumerate() {
            item.write(at + 1, &mut parts)?;
        }
        parts.push(Parts::new("UNS").one("S"));
        Interchange::write(envelope, separators, &[("DELFOR", parts)])
    }

    /// Reads a message.
    ///
    /// # Errors
    /// The first flaw.
    pub fn read(message: &Message) -> Result<Self, Flaw> {
        let heading = message.heading("241", "which names a delivery schedule")?;
        Ok(Self {
            number: heading.number.to_owned(),
            issued_on: heading.issued_on,
            buyer: heading.buyer.to_owned(),
            supplier: heading.supplier.to_owned(),
            items: items(message)?,
        })
    }
}

impl DelforItem {
    fn write(&self, number: usize, parts: &mut Vec<Parts>) -> Result<(), Unfit> {
        let unit = unit_code(self.unit);
        let item = fits("the item", &self.item, 35)?;
        parts.push(line_item(number, &item));
        if !self.release.is_empty() {
            let release = fits("the release", &self.release, 35)?;
            parts.push(Parts::new("RFF").many(["AAN", release.as_str()]));
        }
        let from = |parts: &mut Vec<Parts>| {
            parts.extend(self.reset_on.map(|on| date("51", on)));
        };
        parts.push(quantity("70", self.received, unit));
        from(parts);
        if !self.backlog.is_zero() {
            parts.push(quantity("83", self.backlog, unit));
        }
        for (cumulative, commitment) in [
            (self.fabrication, Commitment::Fabrication),
            (self.material, Commitment::Material),
        ] {
            if let Some(cumulative) = cumulative {
                parts.push(quantity("3", cumulative, unit));
                parts.push(Parts::new("SCC").one(commitment.code()));
                from(parts);
            }
        }
        for line in &self.lines {
            parts.push(quantity("113", line.quantity, unit));
            parts.push(Parts::new("SCC").one(line.commitment.code()));
            parts.push(date("2", line.due_on));
        }
        Ok(())
    }

    fn new(item: &str) -> Self {
        Self {
            item: item.to_owned(),
            release: String::new(),
            unit: Unit::Piece,
            reset_on: None,
            received: Quantity::ZERO,
            backlog: Quantity::ZERO,
            fabrication: None,
            material: None,
            lines: Vec::new(),
        }
    }
}

/// The line item of an item, by the buyer's part number.
pub(super) fn line_item(number: usize, item: &str) -> Parts {
    Parts::new("LIN")
        .one(number.to_string())
        .skip()
        .many([item, "IN"])
}

/// The part number of a LIN; a PIA behind it may give it instead.
pub(super) fn item_of(line: &Segment) -> Result<&str, Flaw> {
    line.need(3, 1, "the part number")
}

/// A quantity as it is gathered until the next one begins.
struct Open<'m> {
    segment: &'m Segment,
    commitment: Option<Commitment>,
    on: Option<Date>,
}

/// The items of a message.
fn items(message: &Message) -> Result<Vec<DelforItem>, Flaw> {
    let condition_leads = message.release != "96A";
    let mut items: Vec<DelforItem> = Vec::new();
    let mut open: Option<Open<'_>> = None;
    let mut leading: Option<Commitment> = None;
    for segment in &message.body {
        match segment.tag.as_str() {
            "LIN" => {
                close(&mut open, items.last_mut())?;
                items.push(DelforItem::new(item_of(segment)?));
                leading = None;
            }
            "UNS" => close(&mut open, items.last_mut())?,
            "RFF" if segment.text(1, 1) == "AAN" => {
                if let Some(item) = items.last_mut() {
                    item.release = segment.need(1, 2, "the number of the release")?.to_owned();
                }
            }
            "SCC" if condition_leads => {
                close(&mut open, items.last_mut())?;
                leading = Some(Commitment::of(segment)?);
            }
            "SCC" => match &mut open {
                Some(open) => open.commitment = Some(Commitment::of(segment)?),
                None => {
                    return Err(segment.flaw(
                        0,
                        0,
                        "a condition stands behind its quantity in D.96A, and there is none",
                    ));
                }
            },
            "QTY" => {
                close(&mut open, items.last_mut())?;
                if items.is_empty() {
                    return Err(segment.flaw(
                        0,
                        0,
                        "a quantity stands behind its LIN, and there is none",
                    ));
                }
                open = Some(Open {
                    segment,
                    commitment: leading,
                    on: None,
                });
            }
            "DTM" => {
                // Days for delivery: 2 requested, 10 shipment, 63 latest, 64 earliest; 51 begins a cumulative.
                let kind = segment.text(1, 1);
                if let (Some(open), "2" | "10" | "63" | "64" | "51") = (&mut open, kind) {
                    open.on = open.on.or(Some(segment.date("the day of the quantity")?));
                }
            }
            _ => {}
        }
    }
    close(&mut open, items.last_mut())?;
    Ok(items)
}

/// Books a quantity on its item.
fn close(open: &mut Option<Open<'_>>, item: Option<&mut DelforItem>) -> Result<(), Flaw> {
    let (Some(open), Some(item)) = (open.take(), item) else {
        return Ok(());
    };
    let segment = open.segment;
    let amount = segment.quantity(1, 2, "the quantity")?;
    if !segment.text(1, 3).is_empty() {
        item.unit = segment.unit()?;
    }
    match segment.text(1, 1) {
        "113" | "1" => {
            let due_on = open.on.ok_or_else(|| {
                segment.flaw(0, 0, "no day for the quantity; a DTM+2 stands behind it")
            })?;
            item.lines.push(DelforLine {
                due_on,
                commitment: open.commitment.unwrap_or(Commitment::Forecast),
                quantity: amount,
            });
        }
        "70" => {
            item.received = amount;
            item.reset_on = open.on.or(item.reset_on);
        }
        "83" => item.backlog = amount,
        "3" => match open.commitment {
            Some(Commitment::Fabrication) => item.fabrication = Some(amount),
            Some(Commitment::Material) => item.material = Some(amount),
            _ => {}
        },
        _ => {}
    }
    Ok(())
}
