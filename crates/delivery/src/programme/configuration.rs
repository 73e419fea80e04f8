//! A configuration: a variant with a value for every option, stored once however many order it.
//!
//! It must not know the catalogue. Invariant: the number depends on the content alone, so every database numbers
//! alike whatever is ordered first.

use std::collections::BTreeMap;

use takt_kernel::stable_hash;

/// Numbers have 47 bits: six bytes in a row of SQLite, and room enough for chance never to meet.
const BITS: u64 = (1 << 47) - 1;

/// What was ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// The place of the variant in the programme.
    pub variant_no: i64,
    /// Whether it is built before others.
    pub priority: bool,
    /// The values by option key: `COLOR=AQUA_BLUE;WHEEL=W20`.
    pub text: String,
    number: i64,
}

impl Configuration {
    /// The configuration of a variant and values by option key.
    pub fn new(
        variant_no: i64,
        variant_id: &str,
        priority: bool,
        chosen: &BTreeMap<&str, &str>,
    ) -> Self {
        let text = chosen
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect::<Vec<_>>()
            .join(";");
        let hash = stable_hash(format!("{variant_id};{text}").as_bytes());
        let number = i64::try_from((hash ^ (hash >> 47)) & BITS).unwrap_or_default();
        Self {
            variant_no,
            priority,
            text,
            number,
        }
    }

    /// The number under which it is stored.
    pub fn number(&self) -> i64 {
        self.number
    }

    /// The values by option key.
    pub fn options(&self) -> BTreeMap<String, String> {
        options_of(&self.text)
    }
}

/// Reads `COLOR=AQUA_BLUE;WHEEL=W20`.
pub(crate) fn options_of(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split(';').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// Writes a map as `COLOR=AQUA_BLUE;WHEEL=W20`.
pub(crate) fn options_text(options: &BTreeMap<String, String>) -> String {
    options
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect::<Vec<_>>()
        .join(";")
}
