//! A csv file with named columns, cell by cell. It must not know what the columns mean. Invariants: every problem names file and
//! line, and all of them are told at once; numbers never pass through a float.
use std::path::Path;

use takt_kernel::{Date, ParseError, Quantity};

use super::of_file;
use crate::failure::{Failure, Outcome};

/// The problems that are told; more only make the answer long.
const TOLD: usize = 50;

/// What is wrong with files.
#[derive(Debug, Default)]
pub struct Wrong(Vec<String>);

impl Wrong {
    /// Notes what is wrong with a line.
    pub fn push(&mut self, file: &str, line: u64, what: impl std::fmt::Display) {
        self.0.push(format!("{file}:{line}: {what}"));
    }

    /// Nothing, or everything that is wrong.
    pub fn finish(self) -> Outcome<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let more = self.0.len().saturating_sub(TOLD);
        let mut text = self.0.into_iter().take(TOLD).collect::<Vec<_>>().join("\n");
        if more > 0 {
            text.push_str(&format!("\nand {more} more"));
        }
        Err(Failure::bad_input(text).with_way_out("nothing was sent; mend the files and try again"))
    }
}

/// A file.
#[derive(Debug)]
pub struct Sheet {
    file: &'static str,
    columns: Vec<String>,
    rows: Vec<(u64, csv::StringRecord)>,
}

impl Sheet {
    /// Reads a file, if it is there. Columns that are not known are problems, and so are those that are missing.
    pub fn read(
        directory: &Path,
        file: &'static str,
        (required, optional): (&[&str], &[&str]),
        wrong: &mut Wrong,
    ) -> Outcome<Option<(Self, Vec<u8>)>> {
        let bytes = match std::fs::read(directory.join(file)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(of_file(directory, file, error)),
        };
        let text = std::str::from_utf8(&bytes).map_err(|error| of_file(directory, file, error))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let header = reader
            .headers()
            .map_err(|error| of_file(directory, file, error))?;
        let columns: Vec<String> = header.iter().map(str::to_owned).collect();
        let known = |name: &str| required.contains(&name) || optional.contains(&name);
        for name in columns.iter().filter(|name| !known(name)) {
            let all = [required, optional].concat().join(", ");
            wrong.push(
                file,
                1,
                format!("column {name:?} is not known; the columns are {all}"),
            );
        }
        for name in required
            .iter()
            .filter(|name| !columns.iter().any(|one| one == *name))
        {
            wrong.push(file, 1, format!("column {name} is missing; it is required"));
        }
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| of_file(directory, file, error))?;
            rows.push((record.position().map_or(0, csv::Position::line), record));
        }
        let sheet = Self {
            file,
            columns,
            rows,
        };
        Ok(Some((sheet, bytes)))
    }

    /// Reads the rows one by one; `read` notes what is wrong with a row and answers with what it makes of it.
    pub fn each<T>(&self, wrong: &mut Wrong, mut read: impl FnMut(&mut Cells<'_>) -> T) -> Vec<T> {
        let each = |(line, record): &(u64, csv::StringRecord)| {
            read(&mut Cells {
                sheet: self,
                line: *line,
                record,
                wrong,
            })
        };
        self.rows.iter().map(each).collect()
    }

    /// The lines of the rows.
    pub fn lines(&self) -> Vec<u64> {
        self.rows.iter().map(|(line, _)| *line).collect()
    }
}

/// A row.
pub struct Cells<'s> {
    sheet: &'s Sheet,
    line: u64,
    record: &'s csv::StringRecord,
    wrong: &'s mut Wrong,
}

impl Cells<'_> {
    /// Notes what is wrong with the row.
    pub fn wrong(&mut self, what: impl std::fmt::Display) {
        self.wrong.push(self.sheet.file, self.line, what);
    }

    /// A cell as it is written; empty where it is or where its column is missing.
    pub fn text(&self, column: &str) -> String {
        let at = self.sheet.columns.iter().position(|name| name == column);
        let cell = at.and_then(|at| self.record.get(at));
        cell.unwrap_or_default().to_owned()
    }

    /// A cell that is read, unless it is empty.
    pub fn maybe<T>(
        &mut self,
        column: &str,
        read: impl FnOnce(&str) -> Result<T, ParseError>,
    ) -> Option<T> {
        let text = self.text(column);
        if text.is_empty() {
            return None;
        }
        match read(&text) {
            Ok(value) => Some(value),
            Err(error) => {
                self.wrong(format!("{column} {text:?} cannot be read: {}", error.rule));
                None
            }
        }
    }

    /// A cell that is read and must not be empty.
    pub fn must<T>(
        &mut self,
        column: &str,
        read: impl FnOnce(&str) -> Result<T, ParseError>,
    ) -> Option<T> {
        if self.text(column).is_empty() {
            self.wrong(format!("{column} is empty; it is required"));
        }
        self.maybe(column, read)
    }

    /// A quantity in thousandths; nothing where the cell is empty.
    pub fn quantity(&mut self, column: &str) -> i64 {
        self.maybe(column, Quantity::parse)
            .unwrap_or_default()
            .milli()
    }

    /// A day that must be there.
    pub fn day(&mut self, column: &str) -> Option<Date> {
        self.must(column, Date::parse)
    }

    /// A whole number; nothing where the cell is empty.
    pub fn whole(&mut self, column: &str) -> Option<i64> {
        self.maybe(column, whole)
    }
}

/// Reads a whole number.
pub fn whole(text: &str) -> Result<i64, ParseError> {
    text.parse()
        .map_err(|_| ParseError::new("number", text, "it is a whole number"))
}

/// Writes a file anew.
pub fn write(
    directory: &Path,
    file: &str,
    columns: &[String],
    rows: impl Iterator<Item = Vec<String>>,
) -> Outcome<usize> {
    let failed = |error: &dyn std::fmt::Display| of_file(directory, file, error);
    let mut writer =
        csv::Writer::from_path(directory.join(file)).map_err(|error| failed(&error))?;
    writer
        .write_record(columns)
        .map_err(|error| failed(&error))?;
    let mut count = 0;
    for row in rows {
        writer.write_record(&row).map_err(|error| failed(&error))?;
        count += 1;
    }
    writer.flush().map_err(|error| failed(&error))?;
    Ok(count)
}
