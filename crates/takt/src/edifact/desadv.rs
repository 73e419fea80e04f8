//! DESADV, the despatch advice: a supplier's notice of goods that left. It must not know services. Invariant: the lots of a
//! line follow each other and are of one size, so that their number and the line's quantity say the size of each.
use takt_kernel::{Date, LotId, Quantity, Unit};

use super::delfor::{item_of, line_item};
use super::segment::unit_code;
use super::write::{Parts, date, fits, party, quantity};
use super::{Envelope, Flaw, Interchange, Message, Segment, Separators, Unfit};

/// A notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desadv {
    /// The number of the notice.
    pub number: String,
    /// The day on which the goods left.
    pub shipped_on: Date,
    /// The day on which they are expected.
    pub expected_on: Date,
    /// The buyer.
    pub buyer: String,
    /// The supplier.
    pub supplier: String,
    /// The goods.
    pub lines: Vec<DesadvLine>,
}

/// Lots of one order line, of one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesadvLine {
    /// The buyer's part number.
    pub item: String,
    /// The number of the order line.
    pub order_line: i64,
    /// The unit.
    pub unit: Unit,
    /// The quantity of all lots.
    pub quantity: Quantity,
    /// The first lot.
    pub first_lot: LotId,
    /// How many lots follow each other.
    pub lots: i64,
    /// The maker's own number of the batch; empty when not told.
    pub maker_lot: String,
    /// The serial numbers of the parts, lot by lot; empty when not told.
    pub serials: Vec<String>,
}

/// The most lots that a line names; a notice of more is not one of ours.
const MOST_LOTS: i64 = 5_000;

/// The numbers that a GIN holds.
const GIN_NUMBERS: usize = 5;

impl Desadv {
    /// The notice as a file.
    ///
    /// # Errors
    /// What an element of the directory cannot hold.
    pub fn write(&self, separators: Separators, envelope: &Envelope) -> Result<Vec<u8>, Unfit> {
        let number = fits("the number of the notice", &self.number, 35)?;
        let mut parts = vec![
            Parts::new("BGM").one("351").one(number).one("9"),
            date("137", self.shipped_on),
            date("11", self.shipped_on),
            date("132", self.expected_on),
            party("BY", "the buyer", &self.buyer)?,
            party("SU", "the supplier", &self.supplier)?,
            Parts::new("CPS").one("1"),
        ];
        for (at, line) in self.lines.iter().enumerate() {
            line.write(at + 1, &mut parts)?;
        }
        Interchange::write(envelope, separators, &[("DESADV", parts)])
    }

    /// Reads a message.
    ///
    /// # Errors
    /// The first flaw.
    pub fn read(message: &Message) -> Result<Self, Flaw> {
        let begin = message.need("BGM", "351", "which names a despatch advice")?;
        let shipped = message.need("DTM", "11", "the day on which the goods left")?;
        let expected = (message.find("DTM", "132")).or_else(|| message.find("DTM", "17"));
        let expected = expected.ok_or_else(|| {
            let what =
                "the message has no DTM+132 or DTM+17, the day on which the goods are expected";
            message.header.flaw(0, 0, what)
        })?;
        let buyer = message.find("NAD", "BY").map(|buyer| buyer.text(2, 1));
        let mut lines = Vec::new();
        let mut body = message.body.iter().peekable();
        while let Some(segment) = body.next() {
            if !segment.is("LIN") {
                continue;
            }
            let mut parts = vec![segment];
            while let Some(next) = body.next_if(|next| !next.is("LIN") && !next.is("CPS")) {
                parts.push(next);
            }
            lines.push(line(segment, &parts)?);
        }
        if lines.is_empty() {
            return Err(message
                .header
                .flaw(0, 0, "the message has no LIN, so no goods"));
        }
        Ok(Self {
            number: begin.need(2, 1, "the number of the notice")?.to_owned(),
            shipped_on: shipped.date("the day on which the goods left")?,
            expected_on: expected.date("the day on which the goods are expected")?,
            buyer: buyer.unwrap_or_default().to_owned(),
            supplier: message.supplier()?.to_owned(),
            lines,
        })
    }
}

impl DesadvLine {
    fn write(&self, number: usize, parts: &mut Vec<Parts>) -> Result<(), Unfit> {
        let item = fits("the item", &self.item, 35)?;
        parts.push(line_item(number, &item));
        if !self.maker_lot.is_empty() {
            let batch = fits("the maker's batch", &self.maker_lot, 35)?;
            parts.push(Parts::new("PIA").one("1").many([batch.as_str(), "NB"]));
        }
        parts.push(quantity("12", self.quantity, unit_code(self.unit)));
        let first = fits("the lot", &self.first_lot.to_string(), 35)?;
        let last = LotId {
            n: self.first_lot.n + self.lots - 1,
            ..self.first_lot.clone()
        };
        let last = fits("the lot", &last.to_string(), 35)?;
        let range = Parts::new("GIN").one("BX");
        parts.push(if self.lots == 1 {
            range.one(first)
        } else {
            range.many([first, last])
        });
        for serials in self.serials.chunks(GIN_NUMBERS) {
            let mut numbers = Parts::new("GIN").one("BN");
            for serial in serials {
                numbers = numbers.one(fits("the serial number", serial, 35)?);
            }
            parts.push(numbers);
        }
        parts.push(Parts::new("RFF").many(["LI".to_owned(), self.order_line.to_string()]));
        Ok(())
    }

    /// The size of each lot; None where the quantity is not a whole number of sizes.
    pub fn lot_size(&self) -> Option<i64> {
        let all = self.quantity.milli();
        let size = all.checked_div(self.lots)?;
        (size > 0 && size * self.lots == all).then_some(size)
    }
}

/// The goods of a LIN and what stands behind it.
fn line(line: &Segment, parts: &[&Segment]) -> Result<DesadvLine, Flaw> {
    let find = |tag: &str, qualifier: &str| {
        let found = parts
            .iter()
            .find(|part| part.is(tag) && part.text(1, 1) == qualifier);
        found.copied()
    };
    let need = |tag: &str, qualifier: &str, what: &str| {
        find(tag, qualifier).ok_or_else(|| {
            line.flaw(
                0,
                0,
                format!("no {tag}+{qualifier} stands behind it, {what}"),
            )
        })
    };
    let item = item_of(line)?.to_owned();
    let amount = need("QTY", "12", "the quantity that left")?;
    let lots = need("GIN", "BX", "the lots")?;
    let order = need("RFF", "LI", "the number of the order line")?;
    let lot = |component: usize| {
        let text = lots.need(2, component, "a lot")?;
        LotId::parse(text).map_err(|error| lots.flaw(2, component, error.to_string()))
    };
    let first_lot = lot(1)?;
    let last_lot = if lots.text(2, 2).is_empty() {
        first_lot.clone()
    } else {
        lot(2)?
    };
    let same = first_lot.item == last_lot.item && first_lot.supplier == last_lot.supplier;
    let count = (last_lot.n.checked_sub(first_lot.n)).and_then(|less| less.checked_add(1));
    let count = count.filter(|count| same && (1..=MOST_LOTS).contains(count));
    let count = count.ok_or_else(|| {
        let what = format!(
            "lots are a range of one item and supplier, first and last, at most {MOST_LOTS}"
        );
        lots.flaw(2, 2, what)
    })?;
    if first_lot.item.as_str() != item {
        return Err(lots.flaw(
            2,
            1,
            format!(
                "the lots are of {}, and the line is of {item}",
                first_lot.item
            ),
        ));
    }
    let numbered = parts
        .iter()
        .filter(|part| part.is("GIN") && part.text(1, 1) == "BN");
    let mut serials = Vec::new();
    for part in numbered {
        if (2..=GIN_NUMBERS + 1).any(|element| !part.text(element, 2).is_empty()) {
            let what = "serial numbers are told one by one, not as a range".to_owned();
            return Err(part.flaw(2, 2, what));
        }
        let all = (2..=GIN_NUMBERS + 1).map(|element| part.text(element, 1));
        serials.extend(all.filter(|serial| !serial.is_empty()).map(str::to_owned));
    }
    let batch = (parts.iter().filter(|part| part.is("PIA")))
        .flat_map(|part| (2..=6).map(move |element| (part.text(element, 1), part.text(element, 2))))
        .find(|(_, kind)| ["NB", "BB"].contains(kind));
    let read = DesadvLine {
        item,
        order_line: order.count(1, 2, "the number of the order line")?,
        unit: amount.unit()?,
        quantity: amount.quantity(1, 2, "the quantity that left")?,
        first_lot,
        lots: count,
        maker_lot: batch.map_or_else(String::new, |(batch, _)| batch.to_owned()),
        serials,
    };
    if read.lot_size().is_none() {
        let what = format!(
            "{} is no whole number of lots of one size; give lots of another size a LIN of their own",
            read.quantity
        );
        return Err(amount.flaw(1, 2, what));
    }
    Ok(read)
}
