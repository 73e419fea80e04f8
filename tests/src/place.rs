//! Where things are: the root of the workspace, the binaries under test, the tools that `tests/setup` brought.
//!
//! It must not start anything.

use std::{
    env,
    io::Write,
    path::{Path, PathBuf},
};

use crate::{Failure, Result};

/// The root of the workspace.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// The built-in programme as a folder.
pub fn programme() -> PathBuf {
    root().join("crates/takt/programmes/su7")
}

/// A binary of ours, built in the same profile as the test that asks.
///
/// # Errors
/// Says how to build it when it is not there.
pub fn binary(name: &str) -> Result<PathBuf> {
    let here = env::current_exe()?;
    // The test stands in target/PROFILE/deps, the binaries one folder up.
    let folder = here
        .parent()
        .and_then(Path::parent)
        .unwrap_or(Path::new("."));
    let path = folder.join(name);
    if path.exists() {
        return Ok(path);
    }
    let profile = folder
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Err(Failure::new(format!(
        "{} is not there; build it first: cargo build --profile {profile} --workspace --all-targets",
        path.display()
    )))
}

/// Whether this run may leave nothing out.
pub fn is_ci() -> bool {
    env::var_os("CI").is_some_and(|value| value == "true")
}

/// A program that `tests/setup` brought, or that the machine has.
fn tool(name: &str) -> Option<PathBuf> {
    let tools = root().join("tests/.tools");
    let mut places = vec![tools.join("bin"), tools.join("venv/bin")];
    places.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    for version in std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
    {
        places.push(version.path().join("bin"));
    }
    places
        .into_iter()
        .map(|place| place.join(name))
        .find(|path| path.is_file())
}

/// A program that a test cannot do without. None means that the test is to be left out, which has been told.
///
/// # Errors
/// With `CI=true` nothing is left out.
pub fn need(name: &str) -> Result<Option<PathBuf>> {
    match tool(name) {
        Some(path) => Ok(Some(path)),
        None if is_ci() => Err(Failure::new(format!(
            "{name} is not there, and CI leaves nothing out; tests/setup says why"
        ))),
        None => {
            // Past the capture of a test's output: who reads the log must see it.
            let _ = writeln!(
                std::io::stderr(),
                "SKIPPED: {name} is not there; tests/setup brings it"
            );
            Ok(None)
        }
    }
}
