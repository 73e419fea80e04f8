//! The source files of the workspace, as text and as code without comments, strings and tests.
//!
//! It must not know any rule.

use std::{fs, path::Path};

use takt_tests::place;

/// A Rust file.
pub struct Source {
    /// Its path from the root, with slashes.
    pub path: String,
    /// What it says.
    pub text: String,
    /// The same lines without comments and without what stands in quotes; inline tests at the end are cut off.
    pub code: String,
}

impl Source {
    /// The crate it belongs to: the folder under `crates`, or `tests`.
    pub fn crate_name(&self) -> &str {
        let path = self.path.strip_prefix("crates/").unwrap_or(&self.path);
        path.split('/').next().unwrap_or_default()
    }

    /// Whether the file holds tests alone.
    pub fn is_test(&self) -> bool {
        self.path.contains("/tests/")
            || self.path.starts_with("tests/")
            || self.path.ends_with("/tests.rs")
    }

    /// The lines of code that contain a word, as `path:line`.
    pub fn lines_with(&self, word: &str) -> Vec<String> {
        let found = self
            .code
            .lines()
            .enumerate()
            .filter(|(_, line)| has_word(line, word));
        found
            .map(|(number, _)| format!("{}:{}", self.path, number + 1))
            .collect()
    }
}

/// Whether `word` stands in `line` and is not part of a longer name.
pub fn has_word(line: &str, word: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let goes_on = before.is_some_and(is_name) && word.starts_with(is_name)
            || after.is_some_and(is_name) && word.ends_with(is_name);
        !goes_on
    })
}

/// Every Rust file of the workspace.
pub fn sources() -> Vec<Source> {
    let mut paths = Vec::new();
    walk(&place::root(), &mut paths);
    let mut all = Vec::new();
    for path in paths.into_iter().filter(|path| path.ends_with(".rs")) {
        let text = fs::read_to_string(place::root().join(&path)).unwrap_or_default();
        let code = code_of(&text);
        all.push(Source { path, text, code });
    }
    assert!(all.len() > 50, "the source tree was not found");
    all
}

/// Every file that belongs to the project, by its path from the root.
pub fn files() -> Vec<String> {
    let mut paths = Vec::new();
    walk(&place::root(), &mut paths);
    paths
}

fn walk(folder: &Path, paths: &mut Vec<String>) {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        if [
            "target",
            ".git",
            ".tools",
            "takt-data",
            "node_modules",
            "__pycache__",
        ]
        .contains(&name.as_str())
        {
            continue;
        }
        let path = entry.path();
        if path.is_dir() {
            walk(&path, paths);
        } else if let Ok(inner) = path.strip_prefix(place::root()) {
            paths.push(inner.to_string_lossy().replace('\\', "/"));
        }
    }
}

fn code_of(text: &str) -> String {
    let bare = bare(text);
    // Inline tests stand at the end of a file, by habit.
    match bare.find("#[cfg(test)]\nmod tests {") {
        Some(at) => bare[..at].to_owned(),
        None => bare,
    }
}

/// The text with comments and the insides of strings blanked; line ends stay.
fn bare(text: &str) -> String {
    let all: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    let is = |at: usize, c: char| all.get(at) == Some(&c);
    while let Some(&c) = all.get(at) {
        let end = if c == '/' && is(at + 1, '/') {
            (at..all.len()).find(|&i| is(i, '\n')).unwrap_or(all.len())
        } else if c == '/' && is(at + 1, '*') {
            (at + 2..all.len())
                .find(|&i| is(i, '*') && is(i + 1, '/'))
                .map_or(all.len(), |i| i + 2)
        } else if c == 'r'
            && (is(at + 1, '"') || is(at + 1, '#'))
            && !out.ends_with(|c: char| c.is_alphanumeric() || c == '_')
        {
            raw_end(&all, at).unwrap_or(at + 1)
        } else if c == '"' {
            let mut i = at + 1;
            while i < all.len() && !is(i, '"') {
                i += if is(i, '\\') { 2 } else { 1 };
            }
            (i + 1).min(all.len())
        } else if c == '\'' && (is(at + 2, '\'') || (is(at + 1, '\\') && (is(at + 3, '\'')))) {
            at + if is(at + 2, '\'') { 3 } else { 4 }
        } else {
            out.push(c);
            at += 1;
            continue;
        };
        if end == at + 1 {
            out.push(c);
        } else {
            out.extend(
                all[at..end]
                    .iter()
                    .map(|&c| if c == '\n' { '\n' } else { ' ' }),
            );
        }
        at = end;
    }
    out
}

/// Where a raw string that begins at `at` ends; none where it is a raw name.
fn raw_end(all: &[char], at: usize) -> Option<usize> {
    let hashes = all[at + 1..].iter().take_while(|c| **c == '#').count();
    let open = at + 1 + hashes;
    if all.get(open) != Some(&'"') {
        return None;
    }
    let closes = |i: usize| {
        all[i] == '"'
            && all[i + 1..]
                .iter()
                .take(hashes)
                .filter(|c| **c == '#')
                .count()
                == hashes
    };
    (open + 1..all.len())
        .find(|&i| closes(i))
        .map(|i| i + 1 + hashes)
}

#[test]
fn comments_and_strings_are_no_code() {
    let text =
        "let a = \"f64 // no\"; // f64\nlet b: f64 = 'x' as u8; /* f32\n */ let c = r#\"f32\"#;";
    let code = bare(text);
    assert_eq!(code.matches("f64").count(), 1);
    assert_eq!(code.matches("f32").count(), 0);
    assert_eq!(code.lines().count(), 3);
    assert!(has_word("let b: f64 = 1", "f64"));
    assert!(!has_word("as_f64()", "f64"));
}
