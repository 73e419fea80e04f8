//! A client in another language: Python's grpcio, which has read nothing but what reflection tells.

use std::process::Command;

use takt_tests::{Result, ensure, place, process::run, suite::Setup};
use tempfile::tempdir;

use crate::{SHORT, suite_with_su7};

#[test]
fn python_speaks_to_the_three_services() -> Result {
    let Some(python) = place::need("python3")? else {
        return Ok(());
    };
    let folder = tempdir()?;
    let suite = suite_with_su7(folder.path(), Setup::default())?;
    let mut command = Command::new(python);
    command
        .arg(place::root().join("tests/tests/e2e/client.py"))
        .arg(suite.endpoints());
    let told = run(&mut command, SHORT)?.ok()?;
    ensure(told.stdout.contains(" passed, 0 failed"), || {
        told.stdout.clone()
    })
}
