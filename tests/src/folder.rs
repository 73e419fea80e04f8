//! A copy of the programme folder that a test edits as a person would: whole rows of its tables.
//!
//! It must not know what the columns mean. Invariant: an edit that changes nothing is a mistake of the test and fails.

use std::{
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::{Failure, Result, ensure, place};

/// A copy of the SU7's folder.
pub struct Folder {
    place: TempDir,
}

impl Folder {
    /// The programme as it is.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub fn su7() -> Result<Self> {
        let place = tempfile::tempdir()?;
        let inner = place.path().join("su7");
        fs::create_dir(&inner)?;
        for entry in fs::read_dir(place::programme())?.flatten() {
            if entry.path().is_file() {
                fs::copy(entry.path(), inner.join(entry.file_name()))?;
            }
        }
        Ok(Self { place })
    }

    /// Where the copy is.
    pub fn path(&self) -> PathBuf {
        self.place.path().join("su7")
    }

    /// Changes the rows of a table: `change` is given the header and a row, and answers with the new row, or with None
    /// to remove it. Answers with the number of rows that changed.
    ///
    /// # Errors
    /// When no row changed.
    pub fn edit(&self, table: &str, mut change: impl FnMut(&Row) -> Option<Row>) -> Result<usize> {
        let path = self.path().join(table);
        let text =
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let mut lines = text.lines();
        let header = cells(lines.next().unwrap_or_default());
        let (mut out, mut changed) = (vec![line(&header)], 0);
        for text in lines {
            let row = Row {
                header: header.clone(),
                cells: cells(text),
            };
            match change(&row) {
                Some(new) if new.cells == row.cells => out.push(text.to_owned()),
                Some(new) => {
                    changed += 1;
                    out.push(line(&new.cells));
                }
                None => changed += 1,
            }
        }
        fs::write(&path, out.join("\n") + "\n")?;
        ensure(changed > 0, || {
            format!("the edit of {table} changed nothing")
        })?;
        Ok(changed)
    }

    /// Replaces a text that stands in a file exactly once.
    ///
    /// # Errors
    /// When it stands there more or less often.
    pub fn replace(&self, file: &str, from: &str, to: &str) -> Result {
        let path = self.path().join(file);
        let text = fs::read_to_string(&path)?;
        let count = text.matches(from).count();
        ensure(count == 1, || {
            format!("{from:?} stands {count} times in {file}")
        })?;
        Ok(fs::write(&path, text.replace(from, to))?)
    }
}

/// A row of a table with the names of its columns.
#[derive(Debug, Clone)]
pub struct Row {
    header: Vec<String>,
    cells: Vec<String>,
}

impl Row {
    fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|column| column == name)
    }

    /// The cell of a column; empty where there is none.
    pub fn get(&self, name: &str) -> &str {
        self.column(name)
            .and_then(|at| self.cells.get(at))
            .map_or("", String::as_str)
    }

    /// The cell as a whole number.
    pub fn number(&self, name: &str) -> i64 {
        self.get(name).parse().unwrap_or_default()
    }

    /// The same row with another cell.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        let at = self.column(name);
        if let Some(cell) = at.and_then(|at| self.cells.get_mut(at)) {
            *cell = value.to_string();
        }
        self
    }
}

/// The rows of a table of the programme.
///
/// # Errors
/// When it cannot be read.
pub fn rows(folder: &Path, table: &str) -> Result<Vec<Row>> {
    let path = folder.join(table);
    let text = fs::read_to_string(&path)
        .map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
    let mut lines = text.lines();
    let header = cells(lines.next().unwrap_or_default());
    Ok(lines
        .map(|text| Row {
            header: header.clone(),
            cells: cells(text),
        })
        .collect())
}

/// Splits a line of a table; quotes hold commas together and are doubled inside.
fn cells(line: &str) -> Vec<String> {
    let (mut all, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut letters = line.trim_start_matches('\u{feff}').chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => cell.extend(letters.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => all.push(std::mem::take(&mut cell)),
            _ => cell.push(letter),
        }
    }
    all.push(cell);
    all
}

fn line(cells: &[String]) -> String {
    let quoted = cells.iter().map(|cell| {
        if cell.contains([',', '"']) {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell.clone()
        }
    });
    quoted.collect::<Vec<_>>().join(",")
}
