//! A programme with more stations, so that a line of any width can be measured. It must not know what is measured.
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Outcome};
use crate::programme::{FILES, Folder};

/// A copy of the programme whose last shop has stations enough, and the ids of all of them.
pub(super) fn widened(
    folder: &Folder,
    wanted: u64,
    data: &Path,
) -> Outcome<(PathBuf, Vec<String>)> {
    let wrong = |what: String| Failure::bad_input(format!("routing.csv: {what}"));
    if !folder.is_alone() {
        let why = format!(
            "{} derives from another or is one of several",
            folder.name()
        );
        return Err(Failure::bad_input(why).with_way_out("name a folder with files of its own"));
    }
    let text = folder
        .file("routing.csv")
        .ok_or_else(|| wrong("it is missing".to_owned()))?;
    let mut reader = csv::Reader::from_reader(text);
    let header = reader
        .headers()
        .map_err(|error| wrong(error.to_string()))?
        .clone();
    let column = |name: &str| {
        let at = header.iter().position(|field| field == name);
        at.ok_or_else(|| wrong(format!("it has no column {name}")))
    };
    let (id, shop, parallel) = (
        column("op_id")?,
        column("shop")?,
        column("parallel_stations")?,
    );
    let rows: Result<Vec<csv::StringRecord>, _> = reader.records().collect();
    let rows = rows.map_err(|error| wrong(error.to_string()))?;
    let field = |row: &csv::StringRecord, at: usize| row.get(at).unwrap_or_default().to_owned();
    let mut counts: Vec<u64> = rows
        .iter()
        .map(|row| field(row, parallel).parse().unwrap_or(1))
        .collect();
    let last = rows.last().map(|row| field(row, shop)).unwrap_or_default();
    let widest: Vec<usize> = (0..rows.len())
        .filter(|at| rows.get(*at).is_some_and(|row| field(row, shop) == last))
        .collect();
    for at in widest.iter().cycle() {
        if counts.iter().sum::<u64>() >= wanted {
            break;
        }
        if let Some(count) = counts.get_mut(*at) {
            *count += 1;
        }
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer
        .write_record(&header)
        .map_err(|error| wrong(error.to_string()))?;
    let mut stations = Vec::new();
    for (row, count) in rows.iter().zip(&counts) {
        let fields = row
            .iter()
            .enumerate()
            .map(|(at, field)| match at == parallel {
                true => count.to_string(),
                false => field.to_owned(),
            });
        writer
            .write_record(fields)
            .map_err(|error| wrong(error.to_string()))?;
        stations.extend((1..=*count).map(|number| format!("{}/{number}", field(row, id))));
    }
    let routing = writer
        .into_inner()
        .map_err(|error| wrong(error.to_string()))?;
    let copy = data.join(folder.name());
    let write = |name: &str, bytes: &[u8]| {
        let path = copy.join(name);
        std::fs::write(&path, bytes)
            .map_err(|error| Failure::refused(format!("{}: {error}", path.display())))
    };
    std::fs::create_dir_all(&copy)
        .map_err(|error| Failure::refused(format!("{}: {error}", copy.display())))?;
    for name in FILES {
        match folder.file(name) {
            Some(_) if name == "routing.csv" => write(name, &routing)?,
            Some(bytes) => write(name, bytes)?,
            None => {}
        }
    }
    Ok((copy, stations))
}
