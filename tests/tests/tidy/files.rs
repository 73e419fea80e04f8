//! What every file keeps to: its length, its opening words, and what must not be in it.

use takt_tests::Result;

use crate::{all_hold, source};

/// No file is longer.
const LINES: usize = 500;

#[test]
fn no_file_is_longer_than_five_hundred_lines() -> Result {
    let mut long = Vec::new();
    for file in source::sources() {
        let lines = file.text.lines().count();
        if lines > LINES {
            long.push(format!("{}: {lines} lines", file.path));
        }
    }
    all_hold("split files by what they are about", &long)
}

#[test]
fn every_file_opens_with_what_it_is() -> Result {
    let mut bare = Vec::new();
    for file in source::sources() {
        let first = file.text.lines().next().unwrap_or_default();
        if !first.starts_with("//! ") || first.split_whitespace().count() < 4 {
            bare.push(file.path);
        }
    }
    all_hold(
        "a file opens with //! and a sentence: what it is, what it must not know",
        &bare,
    )
}

#[test]
fn nothing_is_left_for_later() -> Result {
    let mut soft = Vec::new();
    for file in source::sources() {
        for word in ["todo!", "unimplemented!", "#[ignore"] {
            soft.extend(file.lines_with(word));
        }
        let marks = [
            concat!("FIX", "ME"),
            concat!("TO", "DO:"),
            concat!("X", "XX "),
        ];
        for (number, line) in file.text.lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark)) {
                soft.push(format!("{}:{}", file.path, number + 1));
            }
        }
    }
    all_hold("finish it or leave it out", &soft)
}

#[test]
fn no_file_knows_the_machine_it_was_written_on() -> Result {
    let homes = ["home", "root", "work", "Users"].map(|home| format!("/{home}/"));
    let mut found = Vec::new();
    for path in source::files() {
        let Ok(text) = std::fs::read_to_string(takt_tests::place::root().join(&path)) else {
            continue;
        };
        for (number, line) in text.lines().enumerate() {
            let starts = |home: &String| {
                line.match_indices(home.as_str()).any(|(at, _)| {
                    let before = line[..at].chars().next_back();
                    before.is_none_or(|c| " \"'`=(:<".contains(c))
                })
            };
            if homes.iter().any(starts) {
                found.push(format!("{path}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    all_hold("name no place of one machine", &found)
}

#[test]
fn the_kernel_and_the_services_count_in_integers() -> Result {
    let mut floats = Vec::new();
    for file in source::sources() {
        let services = ["kernel", "procurement", "production", "delivery"];
        let counts = services.contains(&file.crate_name())
            // Statistics, and the linear programme that its solver computes in fractions, are the places of the mathematics where
            // a fraction is not a quantity.
            || (file.crate_name() == "planning"
                && !["/statistics.rs", "/risk/paper.rs"].iter().any(|end| file.path.ends_with(end)));
        if counts && !file.is_test() {
            floats.extend(
                ["f32", "f64"]
                    .into_iter()
                    .flat_map(|word| file.lines_with(word)),
            );
        }
    }
    all_hold("quantities and money are integers, never floats", &floats)
}
