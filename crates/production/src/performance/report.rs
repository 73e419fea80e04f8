//! What machines and meters may report.
//!
//! It must not know rows or messages. Invariants: an interval is half open, not empty and not longer than makes sense;
//! the readings of a work unit never overlap, else energy would count twice; what is known already is no mistake.

use std::collections::BTreeMap;

use takt_planning::oee::{Interval, State};

use super::DAY_SECONDS;

/// The longest state.
pub const STATE_SECONDS: i64 = 31 * DAY_SECONDS;
/// The longest reading.
pub const READING_SECONDS: i64 = DAY_SECONDS;
/// The first second after the year 9999.
const END_OF_TIME: i64 = 253_402_300_800;
/// The largest reading: a terawatt-hour, beyond any plant and far from the end of 64 bits.
pub const MOST_WATT_HOURS: i64 = 1_000_000_000_000;

/// A field that is wrong, and why.
pub type Wrong = (&'static str, String);

/// A state of a work unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateReport {
    /// The work unit.
    pub work_unit_id: String,
    /// When, in seconds of the plant's clock.
    pub interval: Interval,
    /// What it did.
    pub state: State,
    /// Why.
    pub reason: String,
}

/// A reading of a meter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The work unit.
    pub work_unit_id: String,
    /// When, in seconds of the plant's clock.
    pub interval: Interval,
    /// How much.
    pub watt_hours: i64,
}

/// An interval that can be; `most` is the longest.
///
/// # Errors
/// The field that is wrong.
pub fn interval(start: i64, end: i64, most: i64) -> Result<Interval, Wrong> {
    if !(0..END_OF_TIME).contains(&start) {
        return Err((
            "start_second",
            format!("{start} is not a second of the years 1970 to 9999"),
        ));
    }
    if end <= start {
        return Err((
            "end_second",
            format!("{end} is not after {start}; the end does not belong to the interval"),
        ));
    }
    if end - start > most || end > END_OF_TIME {
        return Err((
            "end_second",
            format!(
                "it is {} seconds long; at most {most} are taken as one",
                end - start
            ),
        ));
    }
    Ok(Interval::new(start, end))
}

/// What becomes of a reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// It is new.
    New,
    /// The same reading is known.
    Known,
    /// It contradicts what is known.
    Refused(Wrong),
}

/// The readings that are known around those of a chunk: by work unit and start, their end and energy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meters(BTreeMap<(String, i64), (i64, i64)>);

impl Meters {
    /// Takes a reading, if it does not overlap another one.
    pub fn take(&mut self, reading: &Reading) -> Taken {
        let Interval { start, end } = reading.interval;
        let key = |start: i64| (reading.work_unit_id.clone(), start);
        let same = (end, reading.watt_hours);
        match self.0.get(&key(start)) {
            Some(known) if *known == same => return Taken::Known,
            Some((_, known)) => {
                let why = format!(
                    "a reading of {} from second {start} on is known with {known} watt-hours",
                    reading.work_unit_id
                );
                return Taken::Refused(("watt_hours", why));
            }
            None => {}
        }
        let is_mine = |found: &(&(String, i64), &(i64, i64))| found.0.0 == reading.work_unit_id;
        let before = self.0.range(..key(start)).next_back().filter(is_mine);
        let after = self.0.range(key(start)..).next().filter(is_mine);
        let other = before
            .filter(|(_, (known_end, _))| *known_end > start)
            .or_else(|| after.filter(|((_, known_start), _)| *known_start < end));
        if let Some(((_, known_start), (known_end, _))) = other {
            let why = format!(
                "it overlaps the reading of {} from {known_start} to {known_end}; readings follow each other",
                reading.work_unit_id
            );
            return Taken::Refused(("start_second", why));
        }
        self.0.insert(key(start), same);
        Taken::New
    }

    /// Knows a reading that was kept before.
    pub fn know(&mut self, reading: Reading) {
        self.0.insert(
            (reading.work_unit_id, reading.interval.start),
            (reading.interval.end, reading.watt_hours),
        );
    }
}
