//! Reads an instance of the ROADEF challenge of 2005: four `;`-separated files, given as text.
//!
//! It must not know where the text comes from. Invariants: an error names file, line and field; the vehicles
//! of the last date are the day, all before them its tail, in file order (that is by `SeqRank`).
use super::problem::{
    CHALLENGE_WEIGHTS, MOST_RATIOS, MOST_VEHICLES, Objective, Problem, ProblemError, Ratio, Vehicle,
};
use thiserror::Error;

/// The four files of an instance.
#[derive(Debug, Clone, Copy)]
pub struct Files<'a> {
    /// `vehicles.txt`: date, rank, ident, colour, one 0 or 1 a rule.
    pub vehicles: &'a str,
    /// `ratios.txt`: N/P, priority, ident.
    pub ratios: &'a str,
    /// `paint_batch_limit.txt`.
    pub batch_limit: &'a str,
    /// `optimization_objectives.txt`: rank, name.
    pub objectives: &'a str,
}

/// Why an instance cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReadError {
    /// A field is not what it must be.
    #[error("{file}:{line}: {field} is `{found}`; it must be {must}")]
    Field {
        /// The file.
        file: &'static str,
        /// The line, from 1.
        line: usize,
        /// The column.
        field: String,
        /// What stands there.
        found: String,
        /// What should stand there.
        must: &'static str,
    },
    /// A file has no rows or too many.
    #[error("{file}: it has {rows} rows; it must have {must}")]
    Rows {
        /// The file.
        file: &'static str,
        /// Its rows.
        rows: usize,
        /// What is right.
        must: &'static str,
    },
    /// The parts do not make a problem.
    #[error(transparent)]
    Problem(#[from] ProblemError),
}

const VEHICLES: &str = "vehicles.txt";
const RATIOS: &str = "ratios.txt";
const LIMIT: &str = "paint_batch_limit.txt";
const OBJECTIVES: &str = "optimization_objectives.txt";
/// Texts in an error are cut: a hostile file must not become a hostile message.
const SHOWN: usize = 40;

/// The problem of the four files, with the weights of the challenge.
pub fn read(files: &Files) -> Result<Problem, ReadError> {
    let rules = ratios(files.ratios)?;
    let (before, day) = vehicles(files.vehicles, &rules)?;
    let problem = Problem {
        ratios: rules,
        before,
        day,
        objectives: objectives(files.objectives)?,
        weights: CHALLENGE_WEIGHTS,
        batch_limit: batch_limit(files.batch_limit)?,
        carried_batch: 0,
    };
    problem.check()?;
    Ok(problem)
}

/// The rows of a file after its header, blank ones left out, with their line numbers.
fn rows(text: &str) -> impl Iterator<Item = (usize, Vec<&str>)> {
    (text.lines().enumerate())
        .filter(|(_, row)| !row.trim().is_empty())
        .skip(1)
        .map(|(index, row)| {
            (
                index + 1,
                row.trim().trim_end_matches(';').split(';').collect(),
            )
        })
}

fn wrong(
    file: &'static str,
    line: usize,
    field: &str,
    found: &str,
    must: &'static str,
) -> ReadError {
    ReadError::Field {
        file,
        line,
        field: field.chars().take(SHOWN).collect(),
        found: found.chars().take(SHOWN).collect(),
        must,
    }
}

/// The field at `column`, or nothing told as empty.
fn at<'a>(row: &[&'a str], column: usize) -> &'a str {
    row.get(column).copied().unwrap_or("").trim()
}

fn number<N: std::str::FromStr>(
    (file, line): (&'static str, usize),
    field: &str,
    found: &str,
    must: &'static str,
) -> Result<N, ReadError> {
    found
        .parse()
        .map_err(|_| wrong(file, line, field, found, must))
}

fn ratios(text: &str) -> Result<Vec<Ratio>, ReadError> {
    let mut rules = Vec::new();
    for (line, row) in rows(text) {
        if rules.len() == MOST_RATIOS {
            return Err(ReadError::Rows {
                file: RATIOS,
                rows: MOST_RATIOS + 1,
                must: "at most 64 rules",
            });
        }
        let found = at(&row, 0);
        let shape = "N/P, two whole numbers";
        let (most, span) = found
            .split_once('/')
            .ok_or_else(|| wrong(RATIOS, line, "Ratio", found, shape))?;
        let high = match at(&row, 1) {
            "1" => true,
            "0" => false,
            other => return Err(wrong(RATIOS, line, "Prio", other, "1 (high) or 0 (low)")),
        };
        rules.push(Ratio {
            name: at(&row, 2).to_owned(),
            most: number((RATIOS, line), "Ratio", most, shape)?,
            span: number((RATIOS, line), "Ratio", span, shape)?,
            high,
        });
    }
    Ok(rules)
}

fn batch_limit(text: &str) -> Result<u32, ReadError> {
    let (line, row) = rows(text).next().ok_or(ReadError::Rows {
        file: LIMIT,
        rows: 0,
        must: "one row with the limit",
    })?;
    number((LIMIT, line), "limitation", at(&row, 0), "a whole number")
}

fn objectives(text: &str) -> Result<Vec<Objective>, ReadError> {
    let mut ranked = Vec::new();
    for (line, row) in rows(text) {
        let rank: u32 = number((OBJECTIVES, line), "rank", at(&row, 0), "a whole number")?;
        let objective = match at(&row, 1) {
            "paint_color_batches" => Objective::Paint,
            "low_priority_level_ratio_constraints" => Objective::Low,
            name if name.starts_with("high_priority_level_and_") => Objective::High,
            name => {
                let must = "paint_color_batches, high_priority_level_and_... or low_priority_level_ratio_constraints";
                return Err(wrong(OBJECTIVES, line, "objective name", name, must));
            }
        };
        ranked.push((rank, objective));
        if ranked.len() > 3 {
            return Err(ReadError::Rows {
                file: OBJECTIVES,
                rows: ranked.len(),
                must: "at most three objectives",
            });
        }
    }
    ranked.sort_by_key(|(rank, _)| *rank);
    Ok(ranked.into_iter().map(|(_, objective)| objective).collect())
}

type Days = (Vec<Vehicle>, Vec<Vehicle>);

fn vehicles(text: &str, rules: &[Ratio]) -> Result<Days, ReadError> {
    let header = text.lines().find(|row| !row.trim().is_empty());
    let header: Vec<&str> = header
        .unwrap_or("")
        .trim()
        .split(';')
        .map(str::trim)
        .collect();
    // The columns of the rules stand in any order; the header names them.
    let mut columns = Vec::with_capacity(rules.len());
    for rule in rules {
        let column = header.iter().skip(4).position(|name| *name == rule.name);
        columns.push(column.map(|c| c + 4).ok_or_else(|| {
            wrong(
                VEHICLES,
                1,
                &rule.name,
                "missing",
                "a column for each rule of ratios.txt",
            )
        })?);
    }
    let mut line_up: Vec<(&str, Vehicle)> = Vec::new();
    for (line, row) in rows(text) {
        if line_up.len() == MOST_VEHICLES {
            return Err(ProblemError::TooManyVehicles(MOST_VEHICLES + 1).into());
        }
        let mut options = 0u64;
        for (bit, (column, rule)) in columns.iter().zip(rules).enumerate() {
            match at(&row, *column) {
                "1" => options |= 1 << bit,
                "0" => {}
                other => return Err(wrong(VEHICLES, line, &rule.name, other, "0 or 1")),
            }
        }
        let vehicle = Vehicle {
            ident: at(&row, 2).to_owned(),
            colour: number(
                (VEHICLES, line),
                "Paint Color",
                at(&row, 3),
                "a whole number under 65536",
            )?,
            options,
        };
        line_up.push((at(&row, 0), vehicle));
    }
    let Some((today, _)) = line_up.last() else {
        return Err(ReadError::Rows {
            file: VEHICLES,
            rows: 0,
            must: "a header and one row a vehicle",
        });
    };
    let begins = (line_up.iter().rposition(|(date, _)| date != today)).map_or(0, |last| last + 1);
    let mut before: Vec<Vehicle> = line_up.into_iter().map(|(_, vehicle)| vehicle).collect();
    let day = before.split_off(begins);
    Ok((before, day))
}

#[cfg(test)]
mod tests {
    use super::*;

    const VEHICLES_TEXT: &str = "Date;SeqRank;Ident;Paint Color;H;L;\n2003 38 3;9;a;1;1;0;\n2003 38 4;1;b;2;0;1;\n\n2003 38 4;2;c;2;1;1\n";
    const RATIOS_TEXT: &str = "Ratio;Prio;Ident;\n1/2;1;H;\n2/5;0;L;\n";
    const LIMIT_TEXT: &str = "limitation;\n10;\n";
    const OBJECTIVES_TEXT: &str = "rank;objective name;\n2;paint_color_batches;\n1;high_priority_level_and_easy_to_satisfy_ratio_constraints;\n";

    fn files() -> Files<'static> {
        Files {
            vehicles: VEHICLES_TEXT,
            ratios: RATIOS_TEXT,
            batch_limit: LIMIT_TEXT,
            objectives: OBJECTIVES_TEXT,
        }
    }

    fn told(files: Files) -> String {
        read(&files).expect_err("a broken file").to_string()
    }

    #[test]
    fn the_last_date_is_the_day_and_ranks_order_the_objectives() {
        let problem = read(&files()).expect("an instance");
        assert_eq!((problem.before.len(), problem.day.len()), (1, 2));
        assert_eq!(problem.objectives, [Objective::High, Objective::Paint]);
        assert_eq!(problem.day[1].options, 0b11);
        assert_eq!((problem.batch_limit, problem.ratios[1].span), (10, 5));
        assert_eq!(problem.weight(Objective::Low), 0);
    }

    #[test]
    fn errors_name_file_line_and_field() {
        let bad = VEHICLES_TEXT.replace("c;2;1;1", "c;2;1;x");
        let found = told(Files {
            vehicles: &bad,
            ..files()
        });
        assert_eq!(found, "vehicles.txt:5: L is `x`; it must be 0 or 1");
        let found = told(Files {
            vehicles: "",
            ..files()
        });
        assert!(
            found.starts_with("vehicles.txt:1: H is `missing`"),
            "{found}"
        );
        let found = told(Files {
            ratios: "Ratio;Prio;Ident\n1-2;1;H",
            ..files()
        });
        assert_eq!(
            found,
            "ratios.txt:2: Ratio is `1-2`; it must be N/P, two whole numbers"
        );
        let found = told(Files {
            ratios: "Ratio;Prio;Ident\n1/0;1;H",
            ..files()
        });
        assert_eq!(
            found,
            "ratio H has a window of 0 positions; it must be 1 to 1024"
        );
        let found = told(Files {
            batch_limit: "limitation;\n-1;",
            ..files()
        });
        assert_eq!(
            found,
            "paint_batch_limit.txt:2: limitation is `-1`; it must be a whole number"
        );
        let found = told(Files {
            batch_limit: "limitation;\n0;",
            ..files()
        });
        assert!(found.contains("batch limit is 0"), "{found}");
        let found = told(Files {
            objectives: "rank;objective name\n1;beauty",
            ..files()
        });
        assert!(
            found.starts_with("optimization_objectives.txt:2: objective name is `beauty`"),
            "{found}"
        );
    }
}
