//! Writing: segments with their separators, escaped and counted. It must not know messages. Invariants: a character that has a
//! meaning of its own stands behind a release character; what an element cannot hold is refused and never cut.
use std::fmt;

use takt_kernel::{Date, Quantity};

use super::Separators;

/// Something that an element of the directory cannot hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit(pub String);

impl fmt::Display for Unfit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for Unfit {}

/// Segments on their way into a file.
#[derive(Debug)]
pub(super) struct Writer {
    separators: Separators,
    out: Vec<u8>,
    count: usize,
}

impl Writer {
    /// A file that begins with the service string advice.
    pub(super) fn new(separators: Separators) -> Self {
        let Separators {
            component,
            element,
            decimal,
            release,
            segment,
        } = separators;
        let mut out = b"UNA".to_vec();
        out.extend([component, element, decimal, release, b' ', segment, b'\n']);
        Self {
            separators,
            out,
            count: 0,
        }
    }

    /// How many segments were written.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Writes a segment; empty elements and components at the ends are left out.
    pub(super) fn segment(&mut self, tag: &str, elements: &[Vec<String>]) -> Result<(), Unfit> {
        self.out.extend(tag.bytes());
        let is_empty = |element: &Vec<String>| element.iter().all(String::is_empty);
        let last = elements.iter().rposition(|element| !is_empty(element));
        for element in elements.iter().take(last.map_or(0, |last| last + 1)) {
            self.out.push(self.separators.element);
            let last = element.iter().rposition(|text| !text.is_empty());
            for (at, text) in element
                .iter()
                .take(last.map_or(0, |last| last + 1))
                .enumerate()
            {
                if at > 0 {
                    self.out.push(self.separators.component);
                }
                self.text(text)?;
            }
        }
        self.out.extend([self.separators.segment, b'\n']);
        self.count += 1;
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), Unfit> {
        for letter in text.chars() {
            let byte = u8::try_from(u32::from(letter)).ok();
            let Some(byte) = byte.filter(|byte| *byte >= b' ' && *byte != 0x7f) else {
                return Err(Unfit(format!(
                    "{text:?} has the character {letter:?}, which ISO 8859-1 does not print"
                )));
            };
            if self.separators.has(byte) {
                self.out.push(self.separators.release);
            }
            self.out.push(byte);
        }
        Ok(())
    }

    /// The whole file.
    pub(super) fn finish(self) -> Vec<u8> {
        self.out
    }
}

/// A segment as it is put together: `Parts::new("LIN").one("1").skip().many(["EX-01", "IN"])`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) tag: &'static str,
    pub(super) elements: Vec<Vec<String>>,
}

impl Parts {
    pub(super) fn new(tag: &'static str) -> Self {
        Self {
            tag,
            elements: Vec::new(),
        }
    }

    /// An element of one component.
    pub(super) fn one(self, text: impl Into<String>) -> Self {
        self.many([text.into()])
    }

    /// An element of several components.
    pub(super) fn many<T: Into<String>>(mut self, texts: impl IntoIterator<Item = T>) -> Self {
        self.elements
            .push(texts.into_iter().map(Into::into).collect());
        self
    }

    /// An element that is left out.
    pub(super) fn skip(mut self) -> Self {
        self.elements.push(Vec::new());
        self
    }
}

/// A name that fits its element.
pub(super) fn fits(what: &str, text: &str, most: usize) -> Result<String, Unfit> {
    match text.chars().count() {
        0 => Err(Unfit(format!("{what} is missing"))),
        length if length > most => Err(Unfit(format!(
            "{what} {text} has {length} characters, and the element of D.96A holds {most}"
        ))),
        _ => Ok(text.to_owned()),
    }
}

/// A quantity with the qualifier and unit of a QTY.
pub(super) fn quantity(qualifier: &str, quantity: Quantity, unit: &str) -> Parts {
    Parts::new("QTY").many([qualifier, &quantity.to_string(), unit])
}

/// A day with the qualifier of a DTM.
pub(super) fn date(qualifier: &str, date: Date) -> Parts {
    Parts::new("DTM").many([qualifier, &eight(date), "102"])
}

/// A day as YYYYMMDD.
pub fn eight(date: Date) -> String {
    let (year, month, day) = date.ymd();
    format!("{year:04}{month:02}{day:02}")
}

/// A party with its role; 92 says that the buyer gave the code.
pub(super) fn party(role: &str, what: &str, id: &str) -> Result<Parts, Unfit> {
    let id = fits(what, id, 17)?;
    Ok(Parts::new("NAD").one(role).many([id.as_str(), "", "92"]))
}
