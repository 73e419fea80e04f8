//! Problems that stand by themselves in a folder or a file and need no service: planning (items, bill of material,
//! shops, demands), car sequencing (ROADEF 2005, CSPLib), the events of work units, and the vehicle of a programme
//! folder. It must not know how they are solved.
pub mod events;

use std::path::Path;

use takt_kernel::{Date, Quantity};
use takt_planning::mrp;
use takt_planning::sequencing::{Problem, csplib, roadef};

use crate::failure::{Failure, Outcome};

fn read(path: &Path) -> Outcome<String> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::bad_input(format!("{}: {error}", path.display())))
}

/// Reads a planning problem; day 0 of the folder is `first`.
pub fn planning(folder: &Path, first: Date) -> Outcome<mrp::Problem> {
    let file = |name: &str| read(&folder.join(name));
    let optional = |name: &str| {
        let path = folder.join(name);
        path.exists().then(|| read(&path)).transpose()
    };
    let (receipts, calendars) = (optional("receipts.csv")?, optional("calendars.csv")?);
    let (shifts, maintenance) = (optional("shifts.csv")?, optional("maintenance.csv")?);
    let alternates = optional("alternates.csv")?;
    let (items, bom) = (file("items.csv")?, file("bom.csv")?);
    let (resources, demands) = (file("resources.csv")?, file("demands.csv")?);
    let texts = mrp::Texts {
        items: &items,
        bom: &bom,
        resources: &resources,
        demands: &demands,
        receipts: receipts.as_deref(),
        calendars: calendars.as_deref(),
        shifts: shifts.as_deref(),
        maintenance: maintenance.as_deref(),
        alternates: alternates.as_deref(),
    };
    mrp::parse(texts, first).map_err(|error| {
        Failure::bad_input(error.to_string())
            .with_way_out(format!("the files are those of {}", folder.display()))
    })
}

/// A day to be sequenced.
pub struct Day {
    /// Its name: the folder's, or the one in the file.
    pub name: String,
    /// The vehicles and the rules.
    pub problem: Problem,
    /// Whether it is plain car sequencing, of which violations are told and no paint.
    pub is_plain: bool,
}

/// Reads a folder of the ROADEF challenge or a file of CSPLib problem 001; of several instances one is named.
pub fn sequencing(path: &Path, instance: Option<&str>) -> Outcome<Day> {
    let stem = |path: &Path| {
        let name = path.file_stem().unwrap_or_default();
        name.to_string_lossy().into_owned()
    };
    if path.is_dir() {
        let file = |name: &str| read(&path.join(name));
        let problem = roadef::read(&roadef::Files {
            vehicles: &file("vehicles.txt")?,
            ratios: &file("ratios.txt")?,
            batch_limit: &file("paint_batch_limit.txt")?,
            objectives: &file("optimization_objectives.txt")?,
        });
        return Ok(Day {
            name: stem(path),
            problem: problem.map_err(|error| Failure::bad_input(error.to_string()))?,
            is_plain: false,
        });
    }
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let all =
        csplib::read(&file, &read(path)?).map_err(|error| Failure::bad_input(error.to_string()))?;
    let names: Vec<String> = all.iter().map(|one| one.name.clone()).collect();
    let found = match instance {
        Some(wanted) => all.into_iter().find(|one| one.name == wanted),
        None if all.len() == 1 => all.into_iter().next(),
        None => None,
    };
    let found = found.ok_or_else(|| {
        let some: Vec<&str> = names.iter().take(12).map(String::as_str).collect();
        let asked = match instance {
            Some(wanted) => format!("{file} has no instance {wanted}"),
            None => format!("{file} has {} instances", names.len()),
        };
        Failure::bad_input(asked).with_way_out(format!(
            "name one with --instance: {}{}",
            some.join(", "),
            if names.len() > some.len() { ", .." } else { "" }
        ))
    })?;
    Ok(Day {
        name: if found.name.is_empty() {
            stem(path)
        } else {
            found.name
        },
        problem: found.problem,
        is_plain: true,
    })
}

/// A quantity as a number of units; thousandths are exact in it up to nine quadrillion.
pub fn units(quantity: Quantity) -> f64 {
    quantity.milli() as f64 / 1000.0
}

/// Writes a quantity as [`units`], where a program reads it: `#[serde(serialize_with = "in_units")]`.
pub fn in_units<S: serde::Serializer>(quantity: &Quantity, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(units(*quantity))
}
