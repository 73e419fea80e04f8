//! Reads plain car sequencing, CSPLib problem 001: one instance or a collection of them in one text.
//!
//! It must not know where the text comes from. Invariants: an error names the line and the field; an instance
//! is a problem with high priority rules alone, one colour and no batch limit that could bind.
use super::problem::{
    MOST_RATIOS, MOST_VEHICLES, Objective, Problem, ProblemError, Ratio, Vehicle,
};
use thiserror::Error;

/// A named instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// The name in the comment before it (`4/72`, `60-01`); empty when there is none.
    pub name: String,
    /// The instance.
    pub problem: Problem,
}

/// Why a text cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReadError {
    /// A field is not what it must be.
    #[error("{file}:{line}: {field} is `{found}`; it must be {must}")]
    Field {
        /// The file, as the caller calls it.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The field.
        field: String,
        /// What stands there.
        found: String,
        /// What should stand there.
        must: &'static str,
    },
    /// The classes do not add up to the cars of the header.
    #[error(
        "{file}:{line}: the classes hold {found} cars and the header says {cars}; correct one of them"
    )]
    Cars {
        /// The file.
        file: String,
        /// The line of the header.
        line: usize,
        /// The sum over the classes.
        found: usize,
        /// The header.
        cars: usize,
    },
    /// The parts do not make a problem.
    #[error(transparent)]
    Problem(#[from] ProblemError),
}

/// The capacities that the collection leaves out for its classic instances.
const CLASSIC: [(u32, u32); 5] = [(1, 2), (2, 3), (1, 3), (2, 5), (1, 5)];
const SHOWN: usize = 40;

/// A line of numbers, where it stands and what it says.
type Row<'a> = (usize, Vec<&'a str>);

struct Reader<'a> {
    file: &'a str,
}

/// Every instance of `text`; `file` is the name that errors tell.
pub fn read(file: &str, text: &str) -> Result<Vec<Instance>, ReadError> {
    let reader = Reader { file };
    let mut instances = Vec::new();
    let mut name = String::new();
    let mut rows: Vec<Row> = Vec::new();
    for (index, row) in text.lines().enumerate() {
        let fields: Vec<&str> = row.split_whitespace().collect();
        if let Some(comment) = row.trim().strip_prefix('#') {
            reader.finish(&mut name, &mut rows, &mut instances)?;
            if let Some(named) = comment.trim().strip_prefix("Problem") {
                name = named.split_whitespace().next().unwrap_or("").to_owned();
            }
        } else if fields
            .iter()
            .any(|f| f.starts_with(|c: char| c.is_alphabetic()))
        {
            // Prose between the instances: the collection opens with a paragraph of it.
            reader.finish(&mut name, &mut rows, &mut instances)?;
        } else if fields.is_empty() {
            reader.finish(&mut name, &mut rows, &mut instances)?;
        } else {
            rows.push((index + 1, fields));
        }
    }
    reader.finish(&mut name, &mut rows, &mut instances)?;
    Ok(instances)
}

impl Reader<'_> {
    /// Turns the collected rows into an instance; none collected is no instance.
    fn finish(
        &self,
        name: &mut String,
        rows: &mut Vec<Row>,
        instances: &mut Vec<Instance>,
    ) -> Result<(), ReadError> {
        if rows.is_empty() {
            return Ok(());
        }
        let problem = self.instance(&std::mem::take(rows))?;
        instances.push(Instance {
            name: std::mem::take(name),
            problem,
        });
        Ok(())
    }

    fn instance(&self, rows: &[Row]) -> Result<Problem, ReadError> {
        let Some((header, rest)) = rows.split_first() else {
            return Err(self.wrong(1, "header", "", "cars, options and classes"));
        };
        let cars = self.number(header, 0, "cars", MOST_VEHICLES)?;
        let options = self.number(header, 1, "options", MOST_RATIOS)?;
        let classes = self.number(header, 2, "classes", MOST_VEHICLES)?;
        let (capacities, rest) = match rest {
            [most, span, rest @ ..] if most.1.len() == options && span.1.len() == options => {
                let mut pairs = Vec::with_capacity(options);
                for option in 0..options {
                    let most = self.number(most, option, "cars of a block", MOST_VEHICLES)?;
                    let span = self.number(span, option, "block size", MOST_VEHICLES)?;
                    pairs.push((most as u32, span as u32));
                }
                (pairs, rest)
            }
            _ if options == CLASSIC.len() => (CLASSIC.to_vec(), rest),
            _ => {
                let found = format!("{options} options");
                return Err(self.wrong(
                    header.0,
                    "capacities",
                    &found,
                    "two lines, one number an option each",
                ));
            }
        };
        if rest.len() != classes {
            let found = format!("{} lines", rest.len());
            return Err(self.wrong(
                header.0,
                "classes",
                &found,
                "one line a class, as the header says",
            ));
        }
        let ratios = (capacities.iter().enumerate()).map(|(option, (most, span))| Ratio {
            name: format!("option {option}"),
            most: *most,
            span: *span,
            high: true,
        });
        let mut problem = Problem {
            ratios: ratios.collect(),
            before: Vec::new(),
            day: Vec::new(),
            objectives: vec![Objective::High],
            weights: [1, 1, 1],
            batch_limit: MOST_VEHICLES as u32,
            carried_batch: 0,
        };
        for row in rest {
            self.class(row, options, &mut problem)?;
        }
        if problem.day.len() != cars {
            return Err(ReadError::Cars {
                file: self.file.to_owned(),
                line: header.0,
                found: problem.day.len(),
                cars,
            });
        }
        problem.check()?;
        Ok(problem)
    }

    /// The cars of one class: index, how many, a 0 or 1 for each option.
    fn class(&self, row: &Row, options: usize, problem: &mut Problem) -> Result<(), ReadError> {
        if row.1.len() != options + 2 {
            let found = format!("{} fields", row.1.len());
            return Err(self.wrong(
                row.0,
                "class",
                &found,
                "index, cars and a 0 or 1 for each option",
            ));
        }
        let index = self.number(row, 0, "class index", MOST_VEHICLES)?;
        let count = self.number(row, 1, "cars of the class", MOST_VEHICLES)?;
        if problem.day.len() + count > MOST_VEHICLES {
            return Err(ProblemError::TooManyVehicles(problem.day.len() + count).into());
        }
        let mut bits = 0u64;
        for option in 0..options {
            bits |= (self.number(row, option + 2, "option", 1)? as u64) << option;
        }
        for place in 0..count {
            problem.day.push(Vehicle {
                ident: format!("{index}.{place}"),
                colour: 0,
                options: bits,
            });
        }
        Ok(())
    }

    fn number(&self, row: &Row, field: usize, name: &str, most: usize) -> Result<usize, ReadError> {
        let found = row.1.get(field).copied().unwrap_or("");
        match found.parse::<usize>() {
            Ok(number) if number <= most => Ok(number),
            _ if most == 1 => Err(self.wrong(row.0, name, found, "0 or 1")),
            _ => Err(self.wrong(row.0, name, found, "a whole number inside the limits")),
        }
    }

    fn wrong(&self, line: usize, field: &str, found: &str, must: &'static str) -> ReadError {
        ReadError::Field {
            file: self.file.to_owned(),
            line,
            field: field.to_owned(),
            found: found.chars().take(SHOWN).collect(),
            must,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        read("x.txt", text).expect_err("a broken text").to_string()
    }

    #[test]
    fn instances_with_and_without_capacities() {
        let text = "prose first\n# Problem 1/1 (nobody)\n# feasible\n2 5 1\n0 2 1 0 0 0 1\n\n3 1 2\n1\n2\n0 1 1\n1 2 0\n";
        let read = read("x.txt", text).expect("two instances");
        assert_eq!((read[0].name.as_str(), read[1].name.as_str()), ("1/1", ""));
        assert_eq!(read[0].problem.day[0].options, 0b10001);
        assert_eq!(
            (
                read[0].problem.ratios[3].most,
                read[0].problem.ratios[3].span
            ),
            (2, 5)
        );
        assert_eq!(
            (read[1].problem.day.len(), read[1].problem.ratios[0].span),
            (3, 2)
        );
    }

    #[test]
    fn errors_name_line_and_field() {
        assert_eq!(
            told("2 1 1\n1\n2\n0 2 7"),
            "x.txt:4: option is `7`; it must be 0 or 1"
        );
        assert_eq!(
            told("3 1 1\n1\n2\n0 2 1"),
            "x.txt:1: the classes hold 2 cars and the header says 3; correct one of them"
        );
        assert!(told("3 1").starts_with("x.txt:1: classes is ``"));
        assert!(told("3 1 2\n1\n2\n0 3 1").starts_with("x.txt:1: classes is `1 lines`"));
        assert!(told("99999999 1 1\n1\n2\n0 3 1").starts_with("x.txt:1: cars is `99999999`"));
        assert!(told("1 1 1\n1\n0\n0 1 1").contains("window of 0 positions"));
        assert!(told("1 2 1\n0 1 1 1").starts_with("x.txt:1: capacities is `2 options`"));
    }
}
