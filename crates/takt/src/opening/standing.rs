//! The sheets of services as files: a row names its kind, and has the columns of its kind. It must not know any kind: the services
//! say which there are. Invariant: what is written is read back as the same, but for text that holds nothing where it may.
use std::collections::BTreeMap;

use takt_contract::common::v1::standing_cell::Cell;
use takt_contract::common::v1::{
    StandingCell, StandingColumn, StandingForm, StandingKind, StandingRow,
};
use takt_kernel::{Date, ParseError};

use super::sheet::{Cells, whole};

/// The first column of every sheet.
pub const KIND: &str = "row";

/// The kinds by file, in the order in which the service tells them.
pub fn by_file(kinds: &[StandingKind]) -> BTreeMap<&str, Vec<&StandingKind>> {
    let mut files: BTreeMap<&str, Vec<&StandingKind>> = BTreeMap::new();
    for kind in kinds {
        files.entry(kind.file.as_str()).or_default().push(kind);
    }
    files
}

/// The columns of a file: the kind, and those of its kinds in the order in which they come first.
pub fn header(kinds: &[&StandingKind]) -> Vec<String> {
    let mut columns = vec![KIND.to_owned()];
    for column in kinds.iter().flat_map(|kind| &kind.columns) {
        if !columns.contains(&column.name) {
            columns.push(column.name.clone());
        }
    }
    columns
}

/// Reads a row.
pub fn row_of(kinds: &[&StandingKind], row: &mut Cells<'_>) -> Option<StandingRow> {
    let name = row.text(KIND);
    let Some(kind) = kinds.iter().find(|kind| kind.kind == name) else {
        let all: Vec<&str> = kinds.iter().map(|kind| kind.kind.as_str()).collect();
        row.wrong(format!("row {name:?} is not one of {}", all.join(", ")));
        return None;
    };
    let cells = kind.columns.iter().map(|column| cell_of(column, row));
    Some(StandingRow {
        kind: name,
        cells: cells.collect(),
    })
}

fn cell_of(column: &StandingColumn, row: &mut Cells<'_>) -> StandingCell {
    let text = row.text(&column.name);
    let form = column.form();
    let cell = match form {
        StandingForm::Number | StandingForm::Day if text.is_empty() && !column.optional => {
            row.wrong(format!("{} is empty; it is required", column.name));
            None
        }
        StandingForm::Number => row.maybe(&column.name, whole).map(Cell::Number),
        StandingForm::Day => {
            let day = row.maybe(&column.name, Date::parse);
            day.map(|day| Cell::Number(day.epoch_day().into()))
        }
        _ if text.is_empty() && column.optional => None,
        StandingForm::Numbers => {
            let numbers = row.maybe(&column.name, numbers).unwrap_or_default();
            Some(Cell::Bytes(numbers))
        }
        StandingForm::Bytes => {
            let bytes = row.maybe(&column.name, bytes).unwrap_or_default();
            Some(Cell::Bytes(bytes))
        }
        StandingForm::Text | StandingForm::Unspecified => Some(Cell::Text(text)),
    };
    StandingCell { cell }
}

fn numbers(text: &str) -> Result<Vec<u8>, ParseError> {
    let numbers = text
        .split(';')
        .map(|number| whole(number.trim()).map(i64::to_le_bytes));
    let numbers: Vec<[u8; 8]> = numbers.collect::<Result<_, _>>()?;
    Ok(numbers.concat())
}

fn bytes(text: &str) -> Result<Vec<u8>, ParseError> {
    let wrong = || ParseError::new("bytes", text, "it is an even number of hexadecimal digits");
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return Err(wrong());
    }
    let byte = |pair: &[u8; 2]| {
        let digits = std::str::from_utf8(pair).map_err(|_| wrong())?;
        u8::from_str_radix(digits, 16).map_err(|_| wrong())
    };
    pairs.iter().map(byte).collect()
}

/// Writes a row under the columns of its file.
pub fn row(header: &[String], kind: &StandingKind, row: &StandingRow) -> Vec<String> {
    let cells: BTreeMap<&str, String> = (kind.columns.iter().zip(&row.cells))
        .map(|(column, cell)| (column.name.as_str(), told(column.form(), cell)))
        .collect();
    let cell = |column: &String| match column.as_str() {
        KIND => kind.kind.clone(),
        column => cells.get(column).cloned().unwrap_or_default(),
    };
    header.iter().map(cell).collect()
}

fn told(form: StandingForm, cell: &StandingCell) -> String {
    match &cell.cell {
        None => String::new(),
        Some(Cell::Number(day)) if form == StandingForm::Day => i32::try_from(*day).map_or_else(
            |_| day.to_string(),
            |day| Date::from_epoch_day(day).to_string(),
        ),
        Some(Cell::Number(number)) => number.to_string(),
        Some(Cell::Text(text)) => text.clone(),
        Some(Cell::Bytes(bytes)) if form == StandingForm::Numbers => {
            let (eights, _) = bytes.as_chunks::<8>();
            let numbers: Vec<String> = (eights.iter())
                .map(|eight| i64::from_le_bytes(*eight).to_string())
                .collect();
            numbers.join(";")
        }
        Some(Cell::Bytes(bytes)) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

/// The number in a cell of a row, by the column's name.
pub fn number(kind: &StandingKind, row: &StandingRow, column: &str) -> Option<i64> {
    match &cell(kind, row, column)?.cell {
        Some(Cell::Number(number)) => Some(*number),
        _ => None,
    }
}

/// The text in a cell of a row, by the column's name.
pub fn text<'r>(kind: &StandingKind, row: &'r StandingRow, column: &str) -> Option<&'r str> {
    match &cell(kind, row, column)?.cell {
        Some(Cell::Text(text)) => Some(text),
        _ => None,
    }
}

fn cell<'r>(kind: &StandingKind, row: &'r StandingRow, column: &str) -> Option<&'r StandingCell> {
    let at = kind.columns.iter().position(|one| one.name == column)?;
    row.cells.get(at)
}
