//! Where safety stock lies cheapest, by the command: refusals that say what to do, and every part of the SU7 placed anew by a Python
//! package.
//!
//! It must not know how stock is placed.

use std::process::Command;

use takt_tests::{
    Result, ensure, place,
    process::{run, write},
    replay::takt,
};
use tempfile::tempdir;

use crate::SHORT;

#[test]
fn another_hand_places_the_same_stock() -> Result {
    let mut command = takt(&["stock", "su7", "--output", "json"])?;
    let told = run(&mut command, SHORT)?.ok()?;
    let answer = told.json()?;
    let parts = answer["parts"].as_array().map_or(0, Vec::len);
    let left = answer["left_out"].as_array().map_or(1, Vec::len);
    ensure(parts > 300 && left == 0, || {
        format!("{parts} parts, {left} left out")
    })?;
    let Some(python) = place::need("stockpyl")? else {
        return Ok(());
    };
    let folder = tempdir()?;
    let file = write(&folder, "stock.json", &told.stdout)?;
    let mut command = Command::new(python);
    command
        .arg(place::root().join("tests/tests/e2e/stock.py"))
        .arg(file)
        .arg("60");
    let checked = run(&mut command, SHORT)?.ok()?;
    ensure(checked.stdout.contains(" passed, 0 failed"), || {
        checked.stdout.clone()
    })
}

#[test]
fn what_cannot_be_asked_says_what_can() -> Result {
    for (arguments, code, said) in [
        (&["stock", "su7", "--service", "100%"][..], 2, "below 100%"),
        (&["stock", "su7", "--service", "30%"][..], 2, "from 50%"),
        (&["stock", "su7", "--service", "often"][..], 2, "write 95%"),
        (
            &["stock", "su7", "--item", "BIW"][..],
            1,
            "items.csv lists them",
        ),
        (
            &["stock", "su7", "--as-of", "2030-01-01"][..],
            1,
            "the plan is from 2024-03-29",
        ),
    ] {
        let refused = run(&mut takt(arguments)?, SHORT)?.expect(code)?;
        ensure(
            refused.stderr.contains(said) && refused.stdout.is_empty(),
            || refused.stderr.clone(),
        )?;
    }
    Ok(())
}
