//! Where answers go: JSON alone to stdout, tables to stdout for a person, progress and warnings to stderr. It must
//! not know what is told. Invariant: with `--output json` stdout holds exactly one JSON document.
use std::io::{IsTerminal, Write};

use clap::ValueEnum;
use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;
use takt_contract::{common::v1::Date as DatePb, date_of};

use crate::failure::{Failure, Outcome};

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// Tables for a person.
    #[default]
    Table,
    /// One JSON document for a program.
    Json,
}

/// An answer that can be told in both forms.
pub trait Answer: Serialize {
    /// The answer as text for a person, with a line end after its last line.
    fn text(&self) -> String;
}

/// A date of an answer as it is told: 2024-03-28.
pub fn day(date: Option<&DatePb>) -> Option<String> {
    date_of(date).map(|date| date.to_string())
}

/// Writes an answer to stdout in the form that was asked for.
pub fn tell(format: Format, answer: &impl Answer) -> Outcome<()> {
    match format {
        Format::Table => write_out(&answer.text()),
        Format::Json => {
            let json = serde_json::to_string_pretty(answer)
                .map_err(|error| Failure::broken(format!("the answer is not JSON: {error}")))?;
            write_out(&format!("{json}\n"))
        }
    }
}

/// Writes text to stdout; a reader that went away, as in `takt .. | head`, is not an error.
pub fn write_out(text: &str) -> Outcome<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::broken(
            format!("stdout cannot be written: {error}"),
        )),
        _ => Ok(()),
    }
}

/// Says something to the person who waits, on stderr.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Whether a person watches stderr.
pub fn is_watched() -> bool {
    std::io::stderr().is_terminal()
}

/// A calm table: a line under the header and nothing else; columns named with a leading `>` stand to the right.
pub fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(header.iter().map(|name| name.trim_start_matches('>')));
    for (place, name) in header.iter().enumerate() {
        if let (true, Some(column)) = (name.starts_with('>'), table.column_mut(place)) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.set_style(comfy_table::TableComponent::HeaderLines, '─');
    table
}

/// A table as text: no space at the ends of lines, one line end after the last one.
pub fn table_text(table: &Table) -> String {
    let mut text = String::new();
    for line in table.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// A whole number with thin groups of three: 1,234,567.
pub fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        text.push('-');
    }
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Minor units of money as whole units with groups, rounded half to even.
pub fn whole_money(minor: i64) -> String {
    grouped(takt_kernel::half_even_div(i128::from(minor), 100).unwrap_or(i64::MAX))
}

/// A part of a whole in percent with one decimal, or a dash where there is no whole.
pub fn percent(part: i64, whole: i64) -> String {
    match takt_kernel::half_even_div(i128::from(part) * 1000, i128::from(whole)) {
        Some(permille) if whole > 0 => format!("{}.{} %", permille / 10, permille % 10),
        _ => "-".to_owned(),
    }
}

/// Bytes in the largest unit that leaves a readable number.
pub fn bytes(count: i64) -> String {
    let (scale, unit) = match count {
        0..=1023 => return format!("{count} B"),
        1024..=1_048_575 => (1024, "KiB"),
        1_048_576..=1_073_741_823 => (1_048_576, "MiB"),
        _ => (1_073_741_824, "GiB"),
    };
    let tenths = takt_kernel::half_even_div(i128::from(count) * 10, scale).unwrap_or(i64::MAX);
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

/// Milliseconds as a person says them.
pub fn duration(millis: u64) -> String {
    match millis {
        0..=999 => format!("{millis} ms"),
        1000..=59_999 => format!("{}.{} s", millis / 1000, millis % 1000 / 100),
        _ => format!("{} min {:02} s", millis / 60_000, millis / 1000 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!(grouped(100_000), "100,000");
        assert_eq!(grouped(-1_234_567), "-1,234,567");
        assert_eq!(grouped(12), "12");
        assert_eq!(whole_money(-916_205), "-9,162");
        assert_eq!(
            (percent(1, 3), percent(0, 0)),
            ("33.3 %".to_owned(), "-".to_owned())
        );
        assert_eq!(
            (bytes(1536), bytes(12)),
            ("1.5 KiB".to_owned(), "12 B".to_owned())
        );
        assert_eq!(duration(61_500), "1 min 01 s");
    }

    #[test]
    fn a_table_has_one_line_under_its_header() {
        let mut made = table(&["shop", ">vehicles"]);
        made.add_row(["PT", "1,200"]);
        let text = table_text(&made);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert!(lines[1].chars().all(|c| c == '─' || c == ' '), "{text}");
        assert!(lines[2].ends_with("1,200"), "{text}");
    }
}
