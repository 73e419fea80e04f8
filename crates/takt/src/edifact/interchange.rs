//! The envelope: UNB, UNH, UNT, UNZ with their counts and references. It must not know what a message says. Invariant: an
//! interchange that is read has as many messages and segments as it says, under the references that it says.
use takt_kernel::Date;

use super::segment::eight_read;
use super::syntax::{flaw, segments};
use super::write::{Parts, Writer, date, eight, fits, party};
use super::{Flaw, Segment, Separators, Unfit};

/// Who sends what to whom, and when it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The sender.
    pub sender: String,
    /// The recipient.
    pub recipient: String,
    /// The day on which it was made.
    pub prepared_on: Date,
    /// The control reference, unique between the two.
    pub reference: String,
}

/// A message as it lies in its interchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The reference of UNH and UNT.
    pub reference: String,
    /// The type, such as DELFOR.
    pub kind: String,
    /// The release of the directory, such as 96A.
    pub release: String,
    /// The first segment, UNH, for flaws of the whole.
    pub header: Segment,
    /// What lies between UNH and UNT.
    pub body: Vec<Segment>,
}

/// A file: an envelope and its messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interchange {
    /// The envelope.
    pub envelope: Envelope,
    /// The messages.
    pub messages: Vec<Message>,
}

/// What a buyer's message says before its items.
pub(super) struct Heading<T> {
    pub(super) number: T,
    pub(super) issued_on: Date,
    pub(super) buyer: T,
    pub(super) supplier: T,
}

impl Heading<&str> {
    /// The segments, with the code of BGM; 5 says that the message takes the place of the one before.
    pub(super) fn write(&self, code: &str) -> Result<Vec<Parts>, Unfit> {
        let number = fits("the number of the document", self.number, 35)?;
        Ok(vec![
            Parts::new("BGM").one(code).one(number).one("5"),
            date("137", self.issued_on),
            party("BY", "the buyer", self.buyer)?,
            party("SU", "the supplier", self.supplier)?,
        ])
    }
}

impl Message {
    /// The first segment with this tag and qualifier in its first component.
    pub(super) fn find(&self, tag: &str, qualifier: &str) -> Option<&Segment> {
        (self.body.iter()).find(|segment| segment.is(tag) && segment.text(1, 1) == qualifier)
    }

    /// The same where it must be there.
    pub(super) fn need(&self, tag: &str, qualifier: &str, what: &str) -> Result<&Segment, Flaw> {
        self.find(tag, qualifier).ok_or_else(|| {
            let what = format!("the message has no {tag}+{qualifier}, {what}");
            self.header.flaw(0, 0, what)
        })
    }

    /// What stands at the head of a buyer's message whose BGM has this code; `what` says what it names.
    pub(super) fn heading(&self, code: &str, what: &str) -> Result<Heading<&str>, Flaw> {
        let begin = self.need("BGM", code, what)?;
        let issued = self.need("DTM", "137", "the day of the document")?;
        let buyer = self.need("NAD", "BY", "which names the buyer")?;
        Ok(Heading {
            number: begin.need(2, 1, "the number of the document")?,
            issued_on: issued.date("the day of the document")?,
            buyer: buyer.need(2, 1, "the buyer")?,
            supplier: self.supplier()?,
        })
    }

    /// The supplier: NAD+SU, or the seller, NAD+SE.
    pub(super) fn supplier(&self) -> Result<&str, Flaw> {
        let found = (self.find("NAD", "SU")).or_else(|| self.find("NAD", "SE"));
        let party = found.ok_or_else(|| {
            let what = "the message has no NAD+SU or NAD+SE, which names the supplier";
            self.header.flaw(0, 0, what)
        })?;
        party.need(2, 1, "the supplier")
    }
}

impl Interchange {
    /// Reads a file.
    ///
    /// # Errors
    /// The first flaw, with its segment.
    pub fn read(file: &[u8]) -> Result<Self, Flaw> {
        let (_, all) = segments(file)?;
        let mut all = all.into_iter();
        let first = all.next().ok_or_else(|| {
            flaw(
                0,
                "",
                0,
                "the file holds no segment; it begins with UNA or UNB",
            )
        })?;
        let envelope = envelope(&first)?;
        let mut messages = Vec::new();
        while let Some(segment) = all.next() {
            match segment.tag.as_str() {
                "UNH" => messages.push(message(segment, &mut all)?),
                "UNZ" => {
                    agrees(&segment, 1, messages.len(), "messages")?;
                    same(&segment, 2, &envelope.reference)?;
                    if let Some(more) = all.next() {
                        return Err(more.flaw(
                            0,
                            0,
                            "nothing follows UNZ; a file holds one interchange",
                        ));
                    }
                    return Ok(Self { envelope, messages });
                }
                "UNG" => {
                    return Err(segment.flaw(
                        0,
                        0,
                        "functional groups are not read; send the messages without UNG",
                    ));
                }
                _ => {
                    return Err(segment.flaw(
                        0,
                        0,
                        "a message begins with UNH and the interchange ends with UNZ",
                    ));
                }
            }
        }
        Err(flaw(
            first.number,
            "UNB",
            first.byte,
            "the interchange does not end; UNZ is missing",
        ))
    }

    /// Writes a file of messages: kind and segments of each.
    pub(super) fn write(
        envelope: &Envelope,
        separators: Separators,
        messages: &[(&str, Vec<Parts>)],
    ) -> Result<Vec<u8>, Unfit> {
        let mut writer = Writer::new(separators);
        let sender = fits("the sender", &envelope.sender, 35)?;
        let recipient = fits("the recipient", &envelope.recipient, 35)?;
        let reference = fits("the interchange reference", &envelope.reference, 14)?;
        // Syntax version 3 has two digits of the year.
        let prepared = eight(envelope.prepared_on).split_off(2);
        let header = Parts::new("UNB")
            .many(["UNOC", "3"])
            .one(sender)
            .one(recipient)
            .many([prepared.as_str(), "0000"])
            .one(reference.clone());
        writer.segment(header.tag, &header.elements)?;
        for (at, (kind, parts)) in messages.iter().enumerate() {
            let number = (at + 1).to_string();
            let begin = writer.count();
            let header = Parts::new("UNH")
                .one(number.clone())
                .many([*kind, "D", "96A", "UN"]);
            writer.segment(header.tag, &header.elements)?;
            for part in parts {
                writer.segment(part.tag, &part.elements)?;
            }
            let count = writer.count() - begin + 1;
            writer.segment("UNT", &[vec![count.to_string()], vec![number]])?;
        }
        let count = messages.len().to_string();
        writer.segment("UNZ", &[vec![count], vec![reference]])?;
        Ok(writer.finish())
    }
}

fn envelope(first: &Segment) -> Result<Envelope, Flaw> {
    if !first.is("UNB") {
        return Err(first.flaw(0, 0, "an interchange begins with UNB"));
    }
    let charset = first.need(1, 1, "the syntax identifier")?;
    if !["UNOA", "UNOB", "UNOC"].contains(&charset) {
        let what = format!(
            "the character set is UNOA, UNOB or UNOC (ISO 8859-1), and this is {charset:?}"
        );
        return Err(first.flaw(1, 1, what));
    }
    Ok(Envelope {
        sender: first.need(2, 1, "the sender")?.to_owned(),
        recipient: first.need(3, 1, "the recipient")?.to_owned(),
        prepared_on: prepared(first)?,
        reference: first.need(5, 1, "the control reference")?.to_owned(),
    })
}

/// The day of preparation: YYMMDD in syntax version 3, YYYYMMDD in version 4.
fn prepared(first: &Segment) -> Result<Date, Flaw> {
    let text = first.need(4, 1, "the day of preparation")?;
    let long = if text.len() == 6 {
        format!("20{text}")
    } else {
        text.to_owned()
    };
    eight_read(&long).ok_or_else(|| {
        let what = format!("a day is written YYMMDD or YYYYMMDD, and this is {text:?}");
        first.flaw(4, 1, what)
    })
}

fn message(header: Segment, all: &mut impl Iterator<Item = Segment>) -> Result<Message, Flaw> {
    let reference = header.need(1, 1, "the message reference")?.to_owned();
    let kind = header.need(2, 1, "the message type")?.to_owned();
    let release = header
        .need(2, 3, "the release of the directory")?
        .to_owned();
    let mut body = Vec::new();
    for segment in all {
        match segment.tag.as_str() {
            "UNT" => {
                agrees(&segment, 1, body.len() + 2, "segments")?;
                same(&segment, 2, &reference)?;
                return Ok(Message {
                    reference,
                    kind,
                    release,
                    header,
                    body,
                });
            }
            "UNB" | "UNH" | "UNZ" | "UNG" => {
                return Err(segment.flaw(
                    0,
                    0,
                    format!("message {reference} has not ended; UNT is missing"),
                ));
            }
            _ => body.push(segment),
        }
    }
    Err(header.flaw(0, 0, "the message does not end; UNT is missing"))
}

/// A trailer counts what is there.
fn agrees(trailer: &Segment, element: usize, found: usize, what: &str) -> Result<(), Flaw> {
    let said = trailer.count(element, 1, &format!("the number of {what}"))?;
    if usize::try_from(said) == Ok(found) {
        return Ok(());
    }
    Err(trailer.flaw(
        element,
        1,
        format!("it says {said} {what}, and there are {found}; the file is not whole"),
    ))
}

/// A trailer repeats the reference of its header.
fn same(trailer: &Segment, element: usize, reference: &str) -> Result<(), Flaw> {
    let said = trailer.need(element, 1, "the reference")?;
    if said == reference {
        return Ok(());
    }
    Err(trailer.flaw(
        element,
        1,
        format!("its reference is {said:?}, and the header says {reference:?}"),
    ))
}
