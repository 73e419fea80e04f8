//! Every reason that a service can refuse or reject with is explained in docs/errors.md, and nothing else is.

use std::{collections::BTreeMap, fs};

use takt_tests::{Result, place};

use crate::{all_hold, source};

/// The reasons by name, each with a place where it is given.
fn reasons() -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for file in source::sources().iter().filter(|file| !file.is_test()) {
        if !file.path.starts_with("crates/")
            || ["takt", "kernel", "planning"].contains(&file.crate_name())
        {
            continue;
        }
        // What stands in quotes is blank in the code, so places are found there and read in the text.
        let code: Vec<char> = file.code.chars().collect();
        let text: Vec<char> = file.text.chars().collect();
        for call in ["refused(", "invalid_because(", "fn reason("] {
            for (at, _) in file.code.match_indices(call) {
                let at = file.code[..at].chars().count();
                let end = if call == "fn reason(" {
                    block_end(&code, at)
                } else {
                    first_argument_end(&code, at)
                };
                for reason in capitals(&text[at..end]) {
                    let line = text[..at].iter().filter(|c| **c == '\n').count() + 1;
                    all.entry(reason)
                        .or_insert_with(|| format!("{}:{line}", file.path));
                }
            }
        }
    }
    all
}

/// The end of the block that opens after `at`.
fn block_end(code: &[char], at: usize) -> usize {
    let mut depth = 0;
    for (i, c) in code.iter().enumerate().skip(at) {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return i,
            '}' => depth -= 1,
            ';' if depth == 0 => return i,
            _ => {}
        }
    }
    code.len()
}

/// The end of the first argument of the call that stands at `at`.
fn first_argument_end(code: &[char], at: usize) -> usize {
    let mut depth = 0;
    for (i, c) in code.iter().enumerate().skip(at) {
        match c {
            '(' => depth += 1,
            ')' if depth == 1 => return i,
            ')' => depth -= 1,
            ',' if depth == 1 => return i,
            _ => {}
        }
    }
    code.len()
}

/// The quoted words in capitals.
fn capitals(text: &[char]) -> Vec<String> {
    let text: String = text.iter().collect();
    let inside = text.split('"').skip(1).step_by(2);
    let is_reason = |word: &&str| {
        word.len() > 2
            && word.starts_with(|c: char| c.is_ascii_uppercase())
            && word
                .chars()
                .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    };
    inside.filter(is_reason).map(str::to_owned).collect()
}

/// The reasons that the page explains: the first cell of each row of its tables.
fn documented() -> Result<Vec<String>> {
    let path = place::root().join("docs/errors.md");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let rows = text
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    Ok(rows.map(|(reason, _)| reason.to_owned()).collect())
}

#[test]
fn every_reason_is_documented_and_no_other() -> Result {
    let reasons = reasons();
    let documented = documented()?;
    let mut broken: Vec<String> = reasons
        .iter()
        .filter(|(reason, _)| !documented.contains(reason))
        .map(|(reason, place)| format!("{reason} ({place}) is not in docs/errors.md"))
        .collect();
    for reason in documented
        .iter()
        .filter(|reason| !reasons.contains_key(*reason))
    {
        broken.push(format!("{reason} is in docs/errors.md and nobody gives it"));
    }
    all_hold("docs/errors.md explains every reason", &broken)
}

#[test]
fn a_reason_is_written_where_it_is_given() -> Result {
    // A reason that comes out of a variable could not be found by the test above.
    let mut broken = Vec::new();
    for file in source::sources().iter().filter(|file| !file.is_test()) {
        let inside = file.path.starts_with("crates/")
            && !["takt", "kernel", "planning", "service"].contains(&file.crate_name());
        if !inside {
            continue;
        }
        let code: Vec<char> = file.code.chars().collect();
        let text: Vec<char> = file.text.chars().collect();
        for (at, _) in file.code.match_indices("Error::refused(") {
            let at = file.code[..at].chars().count();
            let argument = &text[at..first_argument_end(&code, at)];
            let said: String = argument.iter().collect();
            if capitals(argument).is_empty()
                && !said.contains("reason()")
                && !said.contains("ReasonCode")
            {
                let line = text[..at].iter().filter(|c| **c == '\n').count() + 1;
                broken.push(format!("{}:{line}: {said}", file.path));
            }
        }
    }
    all_hold("name the reason in the call", &broken)
}
