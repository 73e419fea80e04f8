//! A segment and its elements, as text, dates, numbers and quantities. It must not know messages. Invariant: an element is
//! named as the directories name it, by place from 1, and a flaw names that place.
use takt_kernel::{Date, Quantity, Unit};

use super::Flaw;
use super::syntax::{flaw, latin};

/// A segment: its tag and its elements, each a list of components; empty ends are not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The number in the file, from 1.
    pub number: usize,
    /// The byte at which it begins.
    pub byte: usize,
    /// The three letters.
    pub tag: String,
    /// The elements behind the tag.
    pub elements: Vec<Vec<String>>,
    /// The decimal mark of its numbers.
    decimal: u8,
}

impl Segment {
    pub(super) fn new(
        number: usize,
        byte: usize,
        raw: Vec<Vec<Vec<u8>>>,
        decimal: u8,
    ) -> Result<Self, Flaw> {
        let mut raw = raw.into_iter();
        let first = raw.next().unwrap_or_default();
        let tag = first.first().map(|tag| latin(tag)).unwrap_or_default();
        let letters = |(at, byte): (usize, u8)| {
            byte.is_ascii_uppercase() || (at > 0 && byte.is_ascii_digit())
        };
        if first.len() != 1 || tag.len() != 3 || !tag.bytes().enumerate().all(letters) {
            let shown: String = tag.chars().take(3).collect();
            let what = "a segment begins with a tag of three capital letters";
            return Err(flaw(number, shown, byte, what));
        }
        let elements = raw.map(|element| {
            let mut texts: Vec<String> = element.iter().map(|text| latin(text)).collect();
            while texts.last().is_some_and(String::is_empty) {
                texts.pop();
            }
            texts
        });
        let mut elements: Vec<Vec<String>> = elements.collect();
        while elements.last().is_some_and(Vec::is_empty) {
            elements.pop();
        }
        Ok(Self {
            number,
            byte,
            tag,
            elements,
            decimal,
        })
    }

    /// Whether it has this tag.
    pub fn is(&self, tag: &str) -> bool {
        self.tag == tag
    }

    /// A component, by element and component from 1; empty where there is none.
    pub fn text(&self, element: usize, component: usize) -> &str {
        let found = element
            .checked_sub(1)
            .and_then(|at| self.elements.get(at))
            .zip(component.checked_sub(1))
            .and_then(|(element, at)| element.get(at));
        found.map_or("", String::as_str)
    }

    /// What is wrong with a component.
    pub fn flaw(&self, element: usize, component: usize, what: impl Into<String>) -> Flaw {
        Flaw {
            place: (element, component),
            ..flaw(self.number, self.tag.as_str(), self.byte, what)
        }
    }

    /// A component that must be there; `what` says what it is.
    pub fn need(&self, element: usize, component: usize, what: &str) -> Result<&str, Flaw> {
        match self.text(element, component) {
            "" => Err(self.flaw(element, component, format!("{what} is missing"))),
            text => Ok(text),
        }
    }

    /// A whole number that must be there.
    pub fn count(&self, element: usize, component: usize, what: &str) -> Result<i64, Flaw> {
        let text = self.need(element, component, what)?;
        let digits = text.len() <= 15 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| digits).ok_or_else(|| {
            self.flaw(
                element,
                component,
                format!("{what} is a whole number of at most 15 digits, and this is {text:?}"),
            )
        })
    }

    /// A quantity that must be there and is not negative.
    pub fn quantity(&self, element: usize, component: usize, what: &str) -> Result<Quantity, Flaw> {
        let text = self.need(element, component, what)?;
        let point = if self.decimal == b',' && !text.contains('.') {
            text.replace(',', ".")
        } else {
            text.to_owned()
        };
        let read = Quantity::parse(&point).ok();
        read.filter(|quantity| !quantity.is_negative()).ok_or_else(|| {
            let mark = char::from(self.decimal);
            let what = format!("{what} is a number of at most three decimals behind {mark:?} and not below zero, and this is {text:?}");
            self.flaw(element, component, what)
        })
    }

    /// The date of a DTM: qualifier, date, format 102 (YYYYMMDD) or 203 (with hours and minutes).
    pub fn date(&self, what: &str) -> Result<Date, Flaw> {
        let text = self.need(1, 2, what)?;
        let length = match self.text(1, 3) {
            "102" => 8,
            "203" => 12,
            other => {
                let what =
                    format!("{what} is written in the format 102 or 203, and this is {other:?}");
                return Err(self.flaw(1, 3, what));
            }
        };
        let digits = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
        let read = text.get(..8).filter(|_| digits).and_then(eight_read);
        read.ok_or_else(|| {
            self.flaw(
                1,
                2,
                format!("{what} is a day of the calendar, and this is {text:?}"),
            )
        })
    }

    /// The unit of a QTY: H87 of Recommendation 20 or the PCE that D.96A has for pieces, KGM, SET.
    pub fn unit(&self) -> Result<Unit, Flaw> {
        match self.text(1, 3) {
            "PCE" => Ok(Unit::Piece),
            code => Unit::from_code(code).map_err(|_| {
                self.flaw(
                    1,
                    3,
                    format!("a unit is PCE, H87, KGM or SET, and this is {code:?}"),
                )
            }),
        }
    }
}

/// The day that eight digits write, YYYYMMDD.
pub(super) fn eight_read(text: &str) -> Option<Date> {
    if text.len() != 8 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let month = text.get(4..6)?.parse().ok()?;
    let day = text.get(6..)?.parse().ok()?;
    Date::from_ymd(text.get(..4)?.parse().ok()?, month, day)
}

/// The code that D.96A has for a unit.
pub(super) fn unit_code(unit: Unit) -> &'static str {
    match unit {
        Unit::Piece => "PCE",
        other => other.code(),
    }
}
