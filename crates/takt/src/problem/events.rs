//! An event file: what work units did when, as a machine's log or a spreadsheet has it. It must not know how effectiveness
//! is computed. Invariants: every refusal names the line; times are seconds of one clock, whole days or not.
//!
//! The columns are found by name: `work_unit`, `event` (shift, planned_down, down, setup, delay, output), `start` and `end`
//! (`2024-06-03 07:30:00` or seconds), and for output `produced`, `good` and `run_seconds`, the planned run time of one.
use std::collections::BTreeMap;
use std::path::Path;

use takt_kernel::{Date, Quantity};
use takt_planning::oee::{Interval, Output, State, StateInterval, TimeElements, time_elements};

use super::read;
use crate::failure::{Failure, Outcome};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// A work unit with what it did, in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkUnit {
    /// Its name.
    pub name: String,
    /// Its time elements.
    pub time: TimeElements,
    /// What it put out.
    pub output: Output,
}

#[derive(Default)]
struct Events {
    shifts: Vec<Interval>,
    states: Vec<StateInterval>,
    output: Output,
}

/// Reads an event file; work units in the order of their names.
pub fn events(path: &Path) -> Outcome<Vec<WorkUnit>> {
    let units = parse(&read(path)?)
        .map_err(|error| Failure::bad_input(format!("{}: {error}", path.display())))?;
    Ok(units)
}

fn parse(text: &str) -> Result<Vec<WorkUnit>, String> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| error.to_string())?.clone();
    let column = |name: &str| {
        header
            .iter()
            .position(|field| field.trim_start_matches('\u{feff}') == name)
    };
    let (unit, event) = (column("work_unit"), column("event"));
    let (Some(unit), Some(event)) = (unit, event) else {
        return Err("the header must name the columns work_unit and event".to_owned());
    };
    let mut all: BTreeMap<String, Events> = BTreeMap::new();
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        let line = record.position().map_or(0, csv::Position::line);
        let wrong = |why: String| format!("line {line}: {why}");
        let cell = |name: &str| column(name).and_then(|at| record.get(at)).unwrap_or("");
        let name = record.get(unit).unwrap_or("");
        if name.is_empty() {
            return Err(wrong("work_unit is empty".to_owned()));
        }
        let events = all.entry(name.to_owned()).or_default();
        let interval = || -> Result<Interval, String> {
            let (start, end) = (instant(cell("start"))?, instant(cell("end"))?);
            if end <= start {
                return Err(format!(
                    "end {:?} is not after start {:?}",
                    cell("end"),
                    cell("start")
                ));
            }
            Ok(Interval::new(start * 1000, end * 1000))
        };
        let state = match record.get(event).unwrap_or("") {
            "shift" => {
                events.shifts.push(interval().map_err(wrong)?);
                continue;
            }
            "output" => {
                let made = output(&cell).map_err(wrong)?;
                events.output = events.output.plus(made);
                continue;
            }
            "planned_down" => State::PlannedDown,
            "down" => State::Down,
            "setup" => State::Setup,
            "delay" => State::Delay,
            other => {
                return Err(wrong(format!(
                    "event {other:?} is none of shift, planned_down, down, setup, delay, output"
                )));
            }
        };
        events.states.push(StateInterval {
            interval: interval().map_err(wrong)?,
            state,
        });
    }
    if all.is_empty() {
        return Err("it holds no event".to_owned());
    }
    let units = all.into_iter().map(|(name, events)| WorkUnit {
        name,
        time: time_elements(&events.shifts, &events.states),
        output: events.output,
    });
    Ok(units.collect())
}

/// What a row of output says.
fn output<'c>(cell: &impl Fn(&str) -> &'c str) -> Result<Output, String> {
    let count = |name: &str| {
        let text = cell(name);
        let number = text.parse::<i64>().ok();
        number
            .filter(|number| (0..=1_000_000_000).contains(number))
            .ok_or_else(|| format!("{name} is {text:?}; give a whole number"))
    };
    let (produced, good) = (count("produced")?, count("good")?);
    if good > produced {
        return Err(format!("good {good} is more than produced {produced}"));
    }
    let text = cell("run_seconds");
    let run = Quantity::parse(text).ok().map(Quantity::milli);
    let run = run.filter(|run| (0..=DAY * 1000).contains(run));
    let run =
        run.ok_or_else(|| format!("run_seconds is {text:?}; give the seconds of one piece"))?;
    Ok(Output::counted(produced, good, produced * run))
}

/// `2024-06-03 07:30:00`, with a T or without seconds too, or seconds.
fn instant(text: &str) -> Result<i64, String> {
    let wrong =
        || format!("{text:?} is not a time; it is written 2024-06-03 07:30:00, or in seconds");
    if let Ok(seconds) = text.parse::<i64>() {
        let is_near = (0..=DAY * 4_000_000).contains(&seconds);
        return if is_near { Ok(seconds) } else { Err(wrong()) };
    }
    let (date, clock) = text.split_once([' ', 'T']).ok_or_else(wrong)?;
    let date = Date::parse(date).map_err(|_| wrong())?;
    let parts: Vec<i64> = clock
        .split(':')
        .map(|part| part.parse::<u32>().map(i64::from))
        .collect::<Result<_, _>>()
        .map_err(|_| wrong())?;
    let (hours, minutes, seconds) = match parts.as_slice() {
        [hours, minutes] => (*hours, *minutes, 0),
        [hours, minutes, seconds] => (*hours, *minutes, *seconds),
        _ => return Err(wrong()),
    };
    let is_clock = hours <= 24 && minutes < 60 && seconds < 60;
    let of_day = hours * 3600 + minutes * 60 + seconds;
    if !is_clock || of_day > DAY {
        return Err(wrong());
    }
    Ok(i64::from(date.epoch_day()) * DAY + of_day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use takt_kernel::Share;
    use takt_planning::oee::indices;

    const HEAD: &str = "work_unit,event,start,end,produced,good,run_seconds\n";

    #[test]
    fn vornes_example_as_an_event_file() -> Result<(), String> {
        // Shift 480 min, breaks 60, stops 47 in overlapping reports, 19,271 pieces of 1.0 s, 423 of them rejected.
        let text = format!(
            "{HEAD}A,shift,2024-06-03 07:00,2024-06-03 15:00,,,\nA,planned_down,2024-06-03T09:00:00,2024-06-03T10:00:00,,,\n\
             A,down,2024-06-03 11:00:00,2024-06-03 11:30:00,,,\nA,down,2024-06-03 11:20,2024-06-03 11:47,,,\nA,output,,,19271,18848,1.0\n"
        );
        let units = parse(&text)?;
        let unit = units.first().ok_or("no unit")?;
        let found = indices(&unit.time, &unit.output);
        assert_eq!(
            (
                found.availability,
                found.effectiveness,
                found.quality,
                found.oee
            ),
            (
                Some(Share(888_095)),
                Some(Share(861_081)),
                Some(Share(978_050)),
                Some(Share(747_937))
            )
        );
        Ok(())
    }

    #[test]
    fn what_is_wrong_is_named_by_its_line() {
        for (row, word) in [
            ("A,rest,0,1,,,", "line 2: event \"rest\""),
            ("A,down,5,5,,,", "not after"),
            ("A,down,x,5,,,", "not a time"),
            ("A,down,2024-02-30 01:00,5,,,", "not a time"),
            ("A,output,,,5,6,1", "more than produced"),
            ("A,output,,,5,5,", "run_seconds"),
            (",down,0,1,,,", "work_unit is empty"),
        ] {
            let error = parse(&format!("{HEAD}{row}\n")).err().unwrap_or_default();
            assert!(error.contains(word), "{row}: {error}");
        }
        assert!(parse("a,b\n").is_err() && parse(HEAD).is_err() && parse("").is_err());
    }
}
