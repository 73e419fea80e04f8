//! The linear programme of the loss of a site by another hand: every site of the SU7 and of small networks made by chance, with HiGHS.
//!
//! It must not know how the programme is made.

use std::{path::PathBuf, process::Command};

use takt_tests::{
    Failure, Result, ensure, place,
    process::{Finished, run, write},
    replay::{LONG, takt},
};
use tempfile::{TempDir, tempdir};

use crate::SHORT;

/// Seeds of small networks.
const SEEDS: [&str; 6] = ["1", "2", "3", "4", "5", "6"];

/// The networks with their answers, as files.
fn networks(folder: &TempDir) -> Result<Vec<PathBuf>> {
    let su7 = folder.path().join("su7.json");
    let mut command = takt(&["risk", "su7", "--lp"])?;
    run(command.arg(&su7).args(["--output", "json"]), SHORT)?.ok()?;
    let mut files = vec![su7];
    for seed in SEEDS {
        let file = folder.path().join(format!("{seed}.json"));
        let mut command = takt(&[
            "bench", "risk", "--nodes", "40", "--links", "90", "--peer", "1",
        ])?;
        command.args(["--seed", seed, "--lp"]).arg(&file);
        run(command.args(["--output", "json"]), SHORT)?.ok()?;
        files.push(file);
    }
    Ok(files)
}

fn checked(python: &PathBuf, files: &[PathBuf]) -> Result<Finished> {
    let mut command = Command::new(python);
    command
        .arg(place::root().join("tests/tests/e2e/risk.py"))
        .args(files);
    run(&mut command, LONG)
}

#[test]
fn another_solver_finds_the_same_losses() -> Result {
    let Some(python) = place::need("highspy")? else {
        return Ok(());
    };
    let folder = tempdir()?;
    let files = networks(&folder)?;
    let told = checked(&python, &files)?;
    ensure(told.code == Some(0), || {
        format!("{}{}", told.stdout, told.stderr)
    })?;
    // 497 sites of the SU7 and 40 of each small network, each with and without other sources standing in.
    let count: Option<usize> = told
        .stdout
        .split(' ')
        .next()
        .and_then(|count| count.parse().ok());
    ensure(count.is_some_and(|count| count >= 900), || {
        told.stdout.clone()
    })?;
    println!("{}", told.stdout);
    // An answer that is wrong by one vehicle, or by a day, is found.
    let text = std::fs::read_to_string(files.last().ok_or_else(|| Failure::new("no network"))?)?;
    for (what, by) in [("lost", 1_000_000), ("tts", 1000)] {
        let mut network: serde_json::Value = serde_json::from_str(&text)?;
        let answers = network["answers"].as_array_mut();
        let answers = answers.ok_or_else(|| Failure::new("no answers"))?;
        let spoilt = answers.iter_mut().find_map(|answer| {
            let of = match what {
                "lost" => answer["lost_millionths"].get_mut(0)?,
                _ => answer.get_mut("tts_millidays")?,
            };
            let number = of.as_i64().filter(|number| *number > 0)?;
            *of = (number + by).into();
            Some(())
        });
        ensure(spoilt.is_some(), || format!("nothing to spoil: {what}"))?;
        let file = write(&folder, &format!("{what}.json"), &network.to_string())?;
        let found = checked(&python, &[file])?;
        ensure(
            found.code == Some(1) && found.stdout.contains("1 failed"),
            || format!("{what} was not found: {}{}", found.stdout, found.stderr),
        )?;
    }
    Ok(())
}
