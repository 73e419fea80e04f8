//! What a work unit did when, from reports that may overlap. It must not know why it stood. Units: any, one for a call.
//! Invariants: intervals are half open, so that neighbours share no instant; an instant counts once, as the state that
//! stands first in the order planned down, down, setup, delay; the elements of a window add up to its length.
use super::TimeElements;

/// A stretch of time: from its start until just before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Interval {
    /// The first instant.
    pub start: i64,
    /// The first instant after it.
    pub end: i64,
}

impl Interval {
    /// An interval; empty where the end is not after the start.
    pub const fn new(start: i64, end: i64) -> Self {
        Self { start, end }
    }

    /// How long it is.
    pub const fn length(&self) -> i64 {
        if self.end > self.start {
            self.end - self.start
        } else {
            0
        }
    }

    /// The part of it inside another one.
    #[must_use]
    pub fn within(&self, other: &Self) -> Self {
        Self::new(self.start.max(other.start), self.end.min(other.end))
    }
}

/// What a work unit does when it does not produce, the strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// A planned stop: maintenance, a break.
    PlannedDown,
    /// A stop that nobody planned.
    Down,
    /// Setup or changeover.
    Setup,
    /// Blocked, starved, waiting.
    Delay,
}

/// A report: the work unit was in the state for the interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StateInterval {
    /// When.
    pub interval: Interval,
    /// What it did.
    pub state: State,
}

/// How long at least one of the intervals lasts: their union. O(n log n).
pub fn covered(intervals: &[Interval]) -> i64 {
    let mut sorted: Vec<Interval> = (intervals.iter().copied())
        .filter(|one| one.length() > 0)
        .collect();
    sorted.sort_unstable();
    let (mut sum, mut until) = (0, i64::MIN);
    for one in sorted {
        sum += Interval::new(one.start.max(until), one.end).length();
        until = until.max(one.end);
    }
    sum
}

/// The time elements of the planned operation `windows`, which may overlap too. O(n log n) by one sweep over all ends.
pub fn time_elements(windows: &[Interval], states: &[StateInterval]) -> TimeElements {
    // Place 0 counts open windows, the others the open reports of each state.
    let mut ends: Vec<(i64, usize, i64)> = Vec::with_capacity(2 * (windows.len() + states.len()));
    let mut both = |interval: &Interval, place: usize| {
        if interval.length() > 0 {
            ends.push((interval.start, place, 1));
            ends.push((interval.end, place, -1));
        }
    };
    windows.iter().for_each(|window| both(window, 0));
    for report in states {
        both(&report.interval, 1 + report.state as usize);
    }
    ends.sort_unstable();
    let mut elements = TimeElements::default();
    let (mut open, mut since) = ([0i64; 5], 0);
    for (at, place, change) in ends {
        let length = at - since;
        if open[0] > 0 {
            elements.planned_operation += length;
            let strongest = open.iter().skip(1).position(|reports| *reports > 0);
            match strongest {
                Some(0) => elements.planned_down += length,
                Some(1) => elements.down += length,
                Some(2) => elements.setup += length,
                Some(_) => elements.delay += length,
                None => {}
            }
        }
        since = at;
        if let Some(count) = open.get_mut(place) {
            *count += change;
        }
    }
    elements
}
