//! The rules of the house as tests over the source tree: who may import whom, how long a file may be, what a domain
//! must not know, what must be documented.
//!
//! It must not know what the code does. Invariant: a broken rule is told with file, line and the rule, all at once.

#[path = "tidy/contracts.rs"]
mod contracts;
#[path = "tidy/files.rs"]
mod files;
#[path = "tidy/imports.rs"]
mod imports;
#[path = "tidy/licences.rs"]
mod licences;
#[path = "tidy/packages.rs"]
mod packages;
#[path = "tidy/refusals.rs"]
mod refusals;
#[path = "tidy/source.rs"]
mod source;

use takt_tests::{Result, ensure};

/// Fails with every broken rule on a line of its own.
fn all_hold(rule: &str, broken: &[String]) -> Result {
    ensure(broken.is_empty(), || {
        format!(
            "{rule}; {} places:\n  {}",
            broken.len(),
            broken.join("\n  ")
        )
    })
}
