//! Tests of the programme folder: what the built-in one says, what edits of it say, what random bytes do.
mod edits;
mod folders;
mod random;
mod refused_product;
mod refused_supply;
mod scaled;
mod su7;
mod together;

use super::{Folder, Problems, Programme, parse};
use std::fmt::Write;

/// The built-in folder.
fn built_in() -> Folder {
    Folder::built_in("su7").expect("su7 is built in")
}

/// The text of a file of the built-in folder.
fn text(file: &str) -> String {
    String::from_utf8(built_in().file(file).expect("the file is there").to_vec())
        .expect("it is UTF-8")
}

/// The built-in folder with the first `from` of a file replaced.
fn edited(file: &str, from: &str, to: &str) -> Folder {
    let before = text(file);
    assert!(before.contains(from), "{file} does not hold {from:?}");
    built_in()
        .with(file, before.replacen(from, to, 1))
        .expect("the file counts")
}

/// The programme of a folder that must be right.
fn programme(folder: &Folder) -> Programme {
    match parse(folder) {
        Ok(programme) => programme,
        Err(problems) => unreachable!("the folder is refused: {problems}"),
    }
}

/// The printed lines of a folder that must be wrong.
fn errors(folder: &Folder) -> Vec<String> {
    parse(folder).map_or_else(
        |problems| lines(&problems),
        |_| vec!["the folder is accepted".to_owned()],
    )
}

fn lines(problems: &Problems) -> Vec<String> {
    problems.to_string().lines().map(str::to_owned).collect()
}

/// The built-in folder with every value of a column changed.
fn with_column(file: &str, column: &str, change: impl Fn(&str) -> String) -> Folder {
    let whole = text(file);
    let mut reader = csv::Reader::from_reader(whole.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let place = header
        .iter()
        .position(|name| name == column)
        .expect("the column is there");
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&header).expect("a line");
    for record in reader.records() {
        let record = record.expect("a row");
        let cells = record.iter().enumerate();
        let cells = cells.map(|(n, cell)| {
            if n == place {
                change(cell)
            } else {
                cell.to_owned()
            }
        });
        writer.write_record(cells).expect("a line");
    }
    built_in()
        .with(file, writer.into_inner().expect("bytes"))
        .expect("the file counts")
}

/// File, what is replaced, by what, and the one line that must come of it.
type Edit = (&'static str, &'static str, &'static str, &'static str);

fn check(edits: &[Edit]) {
    let mut wrong = String::new();
    for (file, from, to, want) in edits {
        let got = errors(&edited(file, from, to));
        if !got.iter().any(|line| line == want) {
            let _ = writeln!(
                wrong,
                "{file}: {from:?} -> {to:?}\n want {want}\n got {got:#?}"
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
