//! Instances that may not stand in this repository: the plant orders of the ROADEF challenge of 2005 with the values of its
//! official checker, and all satisfiable instances of CSPLib problem 001. They are looked for in the folder that
//! `TAKT_CAR_SEQUENCING` names (`roadef2005-A/INSTANCE/vehicles.txt` .., `csplib-prob001/data.txt`); where it is not set the
//! tests say so and end.
//!
//! It must not know a clock. Invariant: one seed gives one answer, so what is solved stays solved.
use std::error::Error;
use std::fs::read_to_string;
use std::path::{Path, PathBuf};

use takt_planning::sequencing::{Problem, Search, csplib, report, roadef};

type Broken = Box<dyn Error>;

fn folder(what: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("TAKT_CAR_SEQUENCING").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: {what} need the folder that TAKT_CAR_SEQUENCING names");
    }
    folder
}

fn instance(folder: &Path, name: &str) -> Result<Problem, Broken> {
    let file = |file: &str| read_to_string(folder.join("roadef2005-A").join(name).join(file));
    let files = [
        file("vehicles.txt")?,
        file("ratios.txt")?,
        file("paint_batch_limit.txt")?,
        file("optimization_objectives.txt")?,
    ];
    Ok(roadef::read(&roadef::Files {
        vehicles: &files[0],
        ratios: &files[1],
        batch_limit: &files[2],
        objectives: &files[3],
    })?)
}

#[test]
fn the_plant_orders_have_the_values_of_the_official_checker() -> Result<(), Broken> {
    let Some(folder) = folder("the plant orders of the challenge") else {
        return Ok(());
    };
    for (name, score) in [
        ("022_3_4_EP_RAF_ENP", 2_070_002),
        ("022_3_4_RAF_EP_ENP", 11_048_005),
        ("024_38_5_EP_ENP_RAF", 106_134_392),
        ("039_38_4_EP_RAF_ch1", 115_229_000),
        ("039_38_4_RAF_EP_ch1", 69_392_000),
        ("064_38_2_EP_RAF_ENP_ch2", 28_046_050),
    ] {
        let problem = instance(&folder, name)?;
        assert_eq!(
            report(&problem, &problem.plan_order())?.score,
            score,
            "{name}"
        );
    }
    Ok(())
}

/// What CP-SAT of OR-tools finds with two workers in 60 s: a few seconds of moves are far below.
#[test]
fn a_constraint_solver_is_beaten() -> Result<(), Broken> {
    let Some(folder) = folder("the instances of the challenge") else {
        return Ok(());
    };
    for (name, solver) in [
        ("022_3_4_EP_RAF_ENP", 74_002),
        ("064_38_2_EP_RAF_ENP_ch2", 49_034),
        ("024_38_3_EP_RAF_ENP", 73_363_205),
    ] {
        let mut search = Search::new(instance(&folder, name)?, 1)?;
        search.aim(10_000_000);
        let found = search.step(10_000_000).score;
        assert!(
            search.report()?.feasible() && found < solver,
            "{name}: {found}"
        );
    }
    Ok(())
}

#[test]
fn every_satisfiable_instance_is_solved() -> Result<(), Broken> {
    let Some(folder) = folder("the instances of CSPLib") else {
        return Ok(());
    };
    let text = read_to_string(folder.join("csplib-prob001/data.txt"))?;
    let classic = ["4/72", "16/81", "41/66", "26/82"];
    let mut solved = 0;
    for instance in csplib::read("data.txt", &text)? {
        if !instance.name.contains('-') && !classic.contains(&instance.name.as_str()) {
            continue;
        }
        let mut search = Search::new(instance.problem, 1)?;
        let left = search.step(20_000_000).score;
        assert_eq!(left, 0, "{}", instance.name);
        solved += 1;
    }
    assert_eq!(solved, 74);
    Ok(())
}
