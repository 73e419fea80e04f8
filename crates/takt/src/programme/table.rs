//! One csv file as rows of named cells. It must not know what the columns mean. Invariants: every problem
//! names the line where its row begins; a cell that cannot be read is reported and stands in as a default,
//! so that reading goes on and all problems are told at once; numbers never pass through a float.
use super::folder::Folder;
use super::problem::{Log, list, quote};
use csv::StringRecord;
use takt_kernel::{Currency, Date, ParseError, Price, Quantity, Share, decimal};

/// Above this no figure is plausible, and below it sums of 250,000 rows fit 64 bits.
pub(super) const LARGEST: i64 = 1_000_000_000;

/// A column of a file.
#[derive(Debug, Clone)]
pub(super) struct Column {
    name: String,
    required: bool,
}

/// The required columns, then the optional ones, of one file.
pub(super) fn columns(required: &[&str], optional: &[&str]) -> Vec<Column> {
    let column = |required| {
        move |name: &&str| Column {
            name: (*name).to_owned(),
            required,
        }
    };
    required
        .iter()
        .map(column(true))
        .chain(optional.iter().map(column(false)))
        .collect()
}

/// One row while it is read.
pub(super) struct Row<'r> {
    /// The file, for messages.
    pub file: &'static str,
    /// The line on which the row begins, from 1.
    pub line: u32,
    header: &'r [(String, bool)],
    record: &'r StringRecord,
    /// Where problems go.
    pub log: &'r mut Log,
}

/// Reads a file row by row; false where the file is absent or its header is unusable.
pub(super) fn each_row(
    folder: &Folder,
    file: &'static str,
    known: &[Column],
    log: &mut Log,
    mut read: impl FnMut(&mut Row<'_>),
) -> bool {
    let Some(text) = text_of(folder, file, log) else {
        return false;
    };
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let Some(header) = header_of(&mut reader, file, known, log) else {
        return false;
    };
    let mut lines = Lines {
        text: text.as_bytes(),
        at: 0,
        line: 1,
    };
    let mut record = StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return true,
            Err(error) => {
                log.error(file, None, format_args!("cannot be read as csv: {error}"));
                return false;
            }
        }
        let start = record.position().map_or(0, csv::Position::byte);
        let line = lines.of(usize::try_from(start).unwrap_or(usize::MAX));
        if record.len() != header.len() {
            let (has, want) = (record.len(), header.len());
            log.error(
                file,
                Some(line),
                format_args!(
                    "has {has} fields and the header has {want}; quote a field that holds a comma"
                ),
            );
            continue;
        }
        read(&mut Row {
            file,
            line,
            header: &header,
            record: &record,
            log,
        });
    }
}

/// The file as text; absent required files are the caller's business.
pub(super) fn text_of<'f>(
    folder: &'f Folder,
    file: &'static str,
    log: &mut Log,
) -> Option<&'f str> {
    let bytes = folder.file(file)?;
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(error) => {
            let line = 1 + bytes[..error.valid_up_to()]
                .iter()
                .filter(|b| **b == b'\n')
                .count();
            let line = u32::try_from(line).unwrap_or(u32::MAX);
            log.error(
                file,
                Some(line),
                "is not UTF-8 from here on; save the file as UTF-8",
            );
            None
        }
    }
}

fn header_of(
    reader: &mut csv::Reader<&[u8]>,
    file: &'static str,
    known: &[Column],
    log: &mut Log,
) -> Option<Vec<(String, bool)>> {
    let names: Vec<String> = match reader.headers() {
        Ok(names) => names.iter().map(str::to_owned).collect(),
        Err(error) => {
            log.error(
                file,
                Some(1),
                format_args!("has no header that can be read: {error}"),
            );
            return None;
        }
    };
    let mut sound = true;
    for (place, name) in names.iter().enumerate() {
        let all = || list(known.iter().map(|column| column.name.as_str()));
        if !known.iter().any(|column| column.name == *name) {
            log.error(
                file,
                Some(1),
                format_args!(
                    "column {} is not known; the columns are {}",
                    quote(name),
                    all()
                ),
            );
        } else if names[..place].contains(name) {
            log.error(
                file,
                Some(1),
                format_args!("column {name} stands there twice"),
            );
            sound = false;
        }
    }
    for column in known
        .iter()
        .filter(|column| column.required && !names.contains(&column.name))
    {
        log.error(
            file,
            Some(1),
            format_args!("column {} is missing; it is required", column.name),
        );
        sound = false;
    }
    let required = |name: &String| known.iter().any(|c| c.name == *name && c.required);
    sound.then(|| {
        names
            .into_iter()
            .map(|name| (required(&name), name))
            .map(|(r, n)| (n, r))
            .collect()
    })
}

/// Finds the line of a byte, moving forward only. Blank lines before a row are the reader's to skip, so
/// the line is that of the first byte that belongs to the row.
struct Lines<'t> {
    text: &'t [u8],
    at: usize,
    line: u32,
}

impl Lines<'_> {
    fn of(&mut self, byte: usize) -> u32 {
        while let Some(b) = self.text.get(self.at) {
            if self.at >= byte && !matches!(b, b'\n' | b'\r') {
                break;
            }
            self.line += u32::from(*b == b'\n');
            self.at += 1;
        }
        self.line
    }
}

impl Row<'_> {
    /// Records what is wrong with this row.
    pub fn error(&mut self, message: impl std::fmt::Display) {
        self.log.error(self.file, Some(self.line), message);
    }

    /// The cell, None where it is empty or its optional column is absent.
    pub fn cell(&self, name: &str) -> Option<&str> {
        let place = self.header.iter().position(|(column, _)| column == name)?;
        self.record.get(place).filter(|cell| !cell.is_empty())
    }

    /// The cell as text, empty where it is empty.
    pub fn text(&self, name: &str) -> String {
        self.cell(name).unwrap_or_default().to_owned()
    }

    /// The value of a cell, None where it is empty, an error and None where it cannot be read.
    pub fn maybe<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, ParseError>,
    ) -> Option<T> {
        match read(self.cell(name)?) {
            Ok(value) => Some(value),
            Err(ParseError { rule, .. }) => {
                let value = quote(self.cell(name).unwrap_or_default());
                self.error(format_args!("{name} {value} cannot be read: {rule}"));
                None
            }
        }
    }

    /// The value of a cell that must not be empty.
    pub fn must<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, ParseError>,
    ) -> Option<T> {
        if self.cell(name).is_none() {
            self.error(format_args!("{name} is empty; it is required"));
            return None;
        }
        self.maybe(name, read)
    }

    /// The values of a list cell separated by semicolons.
    pub fn many<T>(&mut self, name: &str, read: impl Fn(&str) -> Result<T, ParseError>) -> Vec<T> {
        let parts: Vec<String> = self.cell(name).map_or_else(Vec::new, |cell| {
            cell.split(';').map(|part| part.trim().to_owned()).collect()
        });
        parts
            .iter()
            .filter_map(|part| match read(part) {
                Ok(value) => Some(value),
                Err(error) => {
                    self.error(format_args!("{name}: {error}"));
                    None
                }
            })
            .collect()
    }

    /// Text that must not be empty.
    pub fn must_text(&mut self, name: &str) -> String {
        self.must(name, |text| Ok(text.to_owned()))
            .unwrap_or_default()
    }

    /// A required number of 10^-`places`, at least `least`.
    pub fn must_number(&mut self, name: &str, places: u32, least: i64) -> i64 {
        self.must(name, |text| number(text, places, least))
            .unwrap_or(10i64.saturating_pow(places))
    }

    /// An optional number of 10^-`places`, at least `least`.
    pub fn maybe_number(&mut self, name: &str, places: u32, least: i64) -> Option<i64> {
        self.maybe(name, |text| number(text, places, least))
    }

    /// A required quantity above zero.
    pub fn must_quantity(&mut self, name: &str) -> Quantity {
        Quantity::from_milli(self.must_number(name, 3, 1))
    }

    /// A required price in US dollars, in millionths.
    pub fn must_usd(&mut self, name: &str) -> Price {
        Price::new(self.must_number(name, 6, 0), Currency::USD)
    }

    /// An optional share from `least` to `most` millionths.
    pub fn share_within(&mut self, name: &str, default: Share, least: i64, most: i64) -> Share {
        self.maybe(name, |text| share(text, least, most))
            .unwrap_or(default)
    }

    /// A required date.
    pub fn must_date(&mut self, name: &str) -> Option<Date> {
        self.must(name, Date::parse)
    }
}

/// Reads a decimal of 10^-`places` between `least` and a billion.
pub(super) fn number(text: &str, places: u32, least: i64) -> Result<i64, ParseError> {
    let value = decimal(text, places, "number")?;
    let most = LARGEST.saturating_mul(10i64.saturating_pow(places));
    let rule = if value > most {
        "it is larger than 1,000,000,000"
    } else if value >= least {
        return Ok(value);
    } else if least > 0 {
        "it must be more than 0"
    } else {
        "it must not be negative"
    };
    Err(ParseError::new("number", text, rule))
}

/// Reads a share between `least` and `most` millionths.
pub(super) fn share(text: &str, least: i64, most: i64) -> Result<Share, ParseError> {
    let rule = match (least, most) {
        (0, 1_000_000) => "it must lie between 0 and 1",
        (0, _) => "it must be at least 0 and less than 1",
        _ => "it must be more than 0 and at most 1",
    };
    let share = Share::parse(text)?;
    if (least..=most).contains(&share.millionths()) {
        Ok(share)
    } else {
        Err(ParseError::new("share", text, rule))
    }
}

/// Reads a flag, 0 or 1.
pub(super) fn flag(text: &str) -> Result<bool, ParseError> {
    match text {
        "0" => Ok(false),
        "1" => Ok(true),
        _ => Err(ParseError::new("flag", text, "it is 0 or 1")),
    }
}
