//! The values of the configuration that text has to be read into: spans of time and database addresses.
//!
//! It must not know flags or files. Invariant: an address is shown without its password, in every form.

use std::{fmt, time::Duration};

use serde::{Deserialize, Deserializer, de::Error as _};

/// A span of time as people write it: `250ms`, `30s`, `5m`, `2h`, `7d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(Duration);

impl From<Span> for Duration {
    fn from(span: Span) -> Self {
        span.0
    }
}

/// Reads a span of time.
///
/// # Errors
/// What would be right.
pub fn parse_span(text: &str) -> Result<Span, String> {
    let wrong = || format!("\"{text}\" is not a span of time; write 250ms, 30s, 5m, 2h or 7d");
    let text = text.trim();
    let digits = text.trim_end_matches(|letter: char| !letter.is_ascii_digit());
    let count: u64 = digits.parse().map_err(|_| wrong())?;
    let seconds = match text.get(digits.len()..).unwrap_or_default() {
        "ms" => return Ok(Span(Duration::from_millis(count))),
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "" if count == 0 => 1,
        _ => return Err(wrong()),
    };
    let seconds = count.checked_mul(seconds).ok_or_else(wrong)?;
    Ok(Span(Duration::from_secs(seconds)))
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        parse_span(&text).map_err(D::Error::custom)
    }
}

/// The address of a database; shown without its password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// Takes an address as it is; see [`DatabaseUrl::check`].
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// The whole address with its password, for the one who connects.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether the database is a file of our own.
    pub fn is_embedded(&self) -> bool {
        self.0.starts_with("sqlite:")
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let known = ["sqlite:", "postgres://", "postgresql://"];
        if known.iter().any(|scheme| self.0.starts_with(scheme)) {
            return Ok(());
        }
        let example = "sqlite:takt-data/production.sqlite or postgres://user@host:5432/production";
        Err(format!(
            "{self} is not a database this can speak to; give {example}"
        ))
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The password ends at the last @ before the path: passwords may hold an @ themselves.
        let Some((scheme, rest)) = self.0.split_once("://") else {
            return out.write_str(&self.0);
        };
        let (rest, query) = match rest.split_once('?') {
            Some((rest, _)) => (rest, "?..."),
            None => (rest, ""),
        };
        match rest.rsplit_once('@') {
            Some((user, host)) => {
                let user = user.split(':').next().unwrap_or_default();
                write!(out, "{scheme}://{user}:***@{host}{query}")
            }
            None => write!(out, "{scheme}://{rest}{query}"),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}
