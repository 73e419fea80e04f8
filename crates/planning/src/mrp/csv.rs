//! Comma-separated text with a header line. It must not know what the columns mean. Invariant: every refusal names
//! the text and the line.
use super::error::MrpError;
use std::borrow::Cow;

/// A text whose columns are found by name.
pub(super) struct Table<'a> {
    name: &'static str,
    header: Vec<Cow<'a, str>>,
    lines: std::iter::Enumerate<std::str::Lines<'a>>,
}

/// A row with the place it comes from.
pub(super) struct Row<'a> {
    pub(super) name: &'static str,
    /// Counted from 1, the header being line 1.
    pub(super) line: usize,
    fields: Vec<Cow<'a, str>>,
}

impl<'a> Table<'a> {
    pub(super) fn new(name: &'static str, text: &'a str) -> Result<Self, MrpError> {
        let mut lines = text.lines().enumerate();
        let header = (lines.next()).map_or_else(Vec::new, |(_, line)| {
            fields(line.trim_start_matches('\u{feff}'))
        });
        if header.iter().all(|field| field.is_empty()) {
            let message = "it is empty; it begins with a header line".to_owned();
            return Err(MrpError::Row {
                file: name,
                line: 1,
                message,
            });
        }
        Ok(Self {
            name,
            header,
            lines,
        })
    }

    /// The place of a column that must be there.
    pub(super) fn column(&self, column: &str) -> Result<usize, MrpError> {
        self.optional(column).ok_or_else(|| MrpError::Row {
            file: self.name,
            line: 1,
            message: format!("it has no column {column:?}; the header must name it"),
        })
    }

    /// The place of a column that may be left out.
    pub(super) fn optional(&self, column: &str) -> Option<usize> {
        self.header.iter().position(|field| field.trim() == column)
    }
}

impl<'a> Iterator for Table<'a> {
    type Item = Result<Row<'a>, MrpError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (at, line) = self.lines.find(|(_, line)| !line.trim().is_empty())?;
        let row = Row {
            name: self.name,
            line: at + 1,
            fields: fields(line),
        };
        let (have, want) = (row.fields.len(), self.header.len());
        if have != want {
            let message = format!("it has {have} fields and the header has {want}; give as many");
            return Some(Err(row.error(message)));
        }
        Some(Ok(row))
    }
}

impl Row<'_> {
    pub(super) fn text(&self, column: usize) -> &str {
        self.fields.get(column).map_or("", |field| field.trim())
    }

    /// The column, where the row has something in it.
    pub(super) fn given(&self, column: Option<usize>) -> Option<usize> {
        column.filter(|column| !self.text(*column).is_empty())
    }

    pub(super) fn error(&self, message: String) -> MrpError {
        MrpError::Row {
            file: self.name,
            line: self.line,
            message,
        }
    }

    /// A decimal number with at most `places` decimals, as an integer of its last place.
    pub(super) fn number(&self, column: usize, what: &str, places: usize) -> Result<i64, MrpError> {
        let text = self.text(column);
        decimal(text, places).ok_or_else(|| {
            self.error(format!(
                "{what} is {text:?}; give a number with at most {places} decimals"
            ))
        })
    }

    /// A whole number.
    pub(super) fn whole(&self, column: usize, what: &str) -> Result<i32, MrpError> {
        let text = self.text(column);
        let whole = text.parse::<i32>().ok();
        whole.ok_or_else(|| self.error(format!("{what} is {text:?}; give a whole number")))
    }
}

/// Zeros beyond the last place are no loss, so `12.5000` has one decimal.
fn decimal(text: &str, places: usize) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let part = part.trim_end_matches('0');
    if whole.is_empty() || part.len() > places {
        return None;
    }
    let mut value = 0i64;
    for digit in whole.bytes().chain(part.bytes()) {
        let digit = digit.is_ascii_digit().then_some(i64::from(digit) - 48)?;
        value = value.checked_mul(10)?.checked_add(digit)?;
    }
    let scale = 10i64.checked_pow((places - part.len()) as u32)?;
    let value = value.checked_mul(scale)?;
    Some(if negative { -value } else { value })
}

fn fields(line: &str) -> Vec<Cow<'_, str>> {
    if !line.contains('"') {
        return line.split(',').map(Cow::Borrowed).collect();
    }
    let (mut all, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                field.push('"');
                chars.next();
            }
            '"' => quoted = !quoted,
            ',' if !quoted => all.push(Cow::Owned(std::mem::take(&mut field))),
            c => field.push(c),
        }
    }
    all.push(Cow::Owned(field));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_every_place() {
        assert_eq!(decimal("0.035", 6), Some(35_000));
        assert_eq!(decimal("-12.5000", 1), Some(-125));
        assert_eq!(decimal("4368", 3), Some(4_368_000));
        for bad in [
            "",
            "-",
            ".5",
            "1e3",
            "0.1234567",
            "99999999999999999999",
            "1,0",
        ] {
            assert_eq!(decimal(bad, 6), None, "{bad}");
        }
    }

    #[test]
    fn quotes_hold_commas() {
        assert_eq!(fields("a,\"b, \"\"c\"\"\",d"), ["a", "b, \"c\"", "d"]);
    }
}
