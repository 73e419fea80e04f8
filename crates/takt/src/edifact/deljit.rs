//! DELJIT, the delivery just in time: what is to be there on which day, out of the firm zone. It must not know services.
//! Invariant: deliveries keep their order, each with a sequence number of its own.
use takt_kernel::{Date, Quantity, Unit};

use super::delfor::{item_of, line_item};
use super::interchange::Heading;
use super::segment::unit_code;
use super::write::{Parts, date, fits, quantity};
use super::{Envelope, Flaw, Interchange, Message, Segment, Separators, Unfit};

/// A call for deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deljit {
    /// The number of the document.
    pub number: String,
    /// The day of the document.
    pub issued_on: Date,
    /// The buyer.
    pub buyer: String,
    /// The supplier.
    pub supplier: String,
    /// The deliveries.
    pub deliveries: Vec<Delivery>,
}

/// A delivery of an item on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The buyer's part number.
    pub item: String,
    /// The day.
    pub due_on: Date,
    /// The unit.
    pub unit: Unit,
    /// How much.
    pub quantity: Quantity,
}

impl Deljit {
    /// The call as a file.
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
        // 242 is the delivery just in time.
        let mut parts = heading.write("242")?;
        for (at, delivery) in self.deliveries.iter().enumerate() {
            let item = fits("the item", &delivery.item, 35)?;
            let number = (at + 1).to_string();
            parts.push(Parts::new("SEQ").skip().one(number));
            parts.push(line_item(1, &item));
            parts.push(quantity("113", delivery.quantity, unit_code(delivery.unit)));
            parts.push(Parts::new("SCC").one("1"));
            parts.push(date("2", delivery.due_on));
        }
        Interchange::write(envelope, separators, &[("DELJIT", parts)])
    }

    /// Reads a message.
    ///
    /// # Errors
    /// The first flaw.
    pub fn read(message: &Message) -> Result<Self, Flaw> {
        let heading = message.heading("242", "which names a delivery just in time")?;
        Ok(Self {
            number: heading.number.to_owned(),
            issued_on: heading.issued_on,
            buyer: heading.buyer.to_owned(),
            supplier: heading.supplier.to_owned(),
            deliveries: deliveries(message)?,
        })
    }
}

/// The deliveries of a message: a QTY behind its LIN, with the DTM behind it.
fn deliveries(message: &Message) -> Result<Vec<Delivery>, Flaw> {
    let mut all = Vec::new();
    let mut item: Option<&str> = None;
    let mut open: Option<&Segment> = None;
    for segment in &message.body {
        match segment.tag.as_str() {
            "SEQ" | "LIN" | "QTY" => {
                if let Some(amount) = open.take() {
                    return Err(no_day(amount));
                }
                match segment.tag.as_str() {
                    "SEQ" => item = None,
                    "LIN" => item = Some(item_of(segment)?),
                    _ => open = Some(segment),
                }
            }
            "DTM" if matches!(segment.text(1, 1), "2" | "10") => {
                if let Some(amount) = open.take() {
                    let item = item.ok_or_else(|| {
                        amount.flaw(0, 0, "a quantity stands behind its LIN, and there is none")
                    })?;
                    all.push(Delivery {
                        item: item.to_owned(),
                        due_on: segment.date("the day of the delivery")?,
                        unit: amount.unit()?,
                        quantity: amount.quantity(1, 2, "the quantity")?,
                    });
                }
            }
            _ => {}
        }
    }
    match open {
        Some(amount) => Err(no_day(amount)),
        None => Ok(all),
    }
}

fn no_day(amount: &Segment) -> Flaw {
    amount.flaw(0, 0, "no day for the quantity; a DTM+2 stands behind it")
}
