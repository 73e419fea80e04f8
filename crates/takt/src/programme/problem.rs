//! What is wrong with a programme folder: problems with file, line and way out, collected until nothing
//! more can be found. It must not know the formats. Invariants: problems of a file are in the order of its
//! lines; at most `SHOWN` of a file are printed and the rest is counted; a bad file cannot fill the memory.
use std::fmt;

/// How many problems of one file are printed.
pub const SHOWN: usize = 50;

/// How many problems of one file are kept; a file with more is broken throughout.
const KEPT: usize = 1_000;

/// One thing that is wrong: `bom.csv:17: child "BIW-99" is not in items.csv`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Problem {
    /// The file it is in.
    pub file: &'static str,
    /// The line from 1, where one line can be named.
    pub line: Option<u32>,
    /// What is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(out, "{}:{line}: {}", self.file, self.message),
            None => write!(out, "{}: {}", self.file, self.message),
        }
    }
}

/// All that is wrong with a folder. Its text is one line a problem, at most 50 a file and then a count.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Problems {
    files: Vec<Pile>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Pile {
    file: &'static str,
    kept: Vec<Problem>,
    total: usize,
}

impl Problems {
    /// True where nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// How many there are, printed or not.
    pub fn total(&self) -> usize {
        self.files.iter().map(|pile| pile.total).sum()
    }

    /// The problems that are printed, file by file and line by line.
    pub fn shown(&self) -> impl Iterator<Item = &Problem> {
        self.files
            .iter()
            .flat_map(|pile| pile.kept.iter().take(SHOWN))
    }

    /// One problem of a file.
    pub(super) fn of(file: &'static str, message: &str) -> Self {
        let mut problems = Self::default();
        problems.push(file, None, message.to_owned());
        problems
    }

    fn push(&mut self, file: &'static str, line: Option<u32>, message: String) {
        let place = match self.files.iter().position(|pile| pile.file == file) {
            Some(place) => place,
            None => {
                self.files.push(Pile {
                    file,
                    kept: Vec::new(),
                    total: 0,
                });
                self.files.len() - 1
            }
        };
        if let Some(pile) = self.files.get_mut(place) {
            pile.total += 1;
            if pile.kept.len() < KEPT {
                pile.kept.push(Problem {
                    file,
                    line,
                    message,
                });
            }
        }
    }

    fn sort(&mut self, order: &[&str]) {
        let rank = |file: &str| order.iter().position(|name| *name == file);
        self.files.sort_by_key(|pile| rank(pile.file));
        for pile in &mut self.files {
            // A stable sort: problems of one line keep the order of its columns.
            pile.kept.sort_by_key(|problem| problem.line);
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for pile in &self.files {
            for problem in pile.kept.iter().take(SHOWN) {
                if !std::mem::take(&mut first) {
                    writeln!(out)?;
                }
                write!(out, "{problem}")?;
            }
            if pile.total > SHOWN {
                write!(out, "\n{}: and {} more", pile.file, pile.total - SHOWN)?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// Collects errors, which refuse the folder, and warnings, which do not.
#[derive(Debug, Default)]
pub(super) struct Log {
    errors: Problems,
    warnings: Problems,
}

impl Log {
    /// How many errors have been told: a reader compares before and after to know whether it was sound.
    pub(super) fn count(&self) -> usize {
        self.errors.total()
    }

    /// True where no error has been told of a file.
    pub(super) fn is_clean(&self, file: &str) -> bool {
        !self.errors.files.iter().any(|pile| pile.file == file)
    }

    pub(super) fn error(
        &mut self,
        file: &'static str,
        line: Option<u32>,
        message: impl fmt::Display,
    ) {
        self.errors.push(file, line, message.to_string());
    }

    pub(super) fn warning(
        &mut self,
        file: &'static str,
        line: Option<u32>,
        message: impl fmt::Display,
    ) {
        self.warnings.push(file, line, message.to_string());
    }

    /// The warnings where there are no errors, else the errors; `order` is the order of the files.
    pub(super) fn finish(mut self, order: &[&str]) -> Result<Problems, Problems> {
        self.errors.sort(order);
        self.warnings.sort(order);
        if self.errors.is_empty() {
            Ok(self.warnings)
        } else {
            Err(self.errors)
        }
    }
}

/// A value as a message shows it: quoted, and cut so that a bad file cannot fill the screen.
pub(super) fn quote(value: &str) -> String {
    let short: String = value.chars().take(60).collect();
    if short.len() < value.len() {
        format!("{short:?}...")
    } else {
        format!("{short:?}")
    }
}

/// A list as a message shows it: at most twenty names and then a count.
pub(super) fn list<T: fmt::Display>(names: impl IntoIterator<Item = T>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| name.to_string()).collect();
    match names.len() {
        0 => "none".to_owned(),
        1..=20 => names.join(", "),
        n => format!("{} and {} more", names[..20].join(", "), n - 20),
    }
}
