//! Secrets: they come in files or in the environment, never as arguments, because arguments can be read by everybody on a machine.
//!
//! It must not know what they open. Invariant: what is wrong with a secret is said by its place and never by what it is.

use std::path::Path;

use super::Wrong;
use crate::seal::Keys;

/// The variable that holds the keys themselves, for platforms that hand secrets over so.
const VARIABLE: &str = "TAKT_PERSONAL_DATA_KEY";

/// The keys of personal data: of a file, or else of the environment.
#[expect(
    clippy::disallowed_methods,
    reason = "a secret is no flag: arguments can be read by everybody on a machine; --help of --personal-data-key names the variable"
)]
pub(super) fn keys(file: Option<&Path>, wrong: &mut Wrong) -> Keys {
    let (place, text) = match file {
        Some(file) => match std::fs::read_to_string(file) {
            Ok(text) => ("--personal-data-key", text),
            Err(error) => {
                let why = format!("{}: {error}", file.display());
                wrong.say("--personal-data-key", why);
                return Keys::default();
            }
        },
        None => match std::env::var(VARIABLE) {
            Ok(text) if !text.is_empty() => (VARIABLE, text),
            _ => return Keys::default(),
        },
    };
    Keys::parse(&text).unwrap_or_else(|error| {
        wrong.say(place, error.to_string());
        Keys::default()
    })
}
