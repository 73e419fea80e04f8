//! How far a recall is, week by week.
//!
//! It must not know rows or messages. Units: counts of vehicles; shares in millionths, rounded down. A week begins on its Monday.

use std::collections::BTreeMap;

use takt_kernel::Date;

use super::State;

/// A week in which something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Week {
    /// The Monday.
    pub begins_on: Date,
    /// Keepers first told.
    pub notified: i64,
    /// Vehicles remedied.
    pub remedied: i64,
    /// Vehicles remedied until its end.
    pub cumulative: i64,
    /// The share of them, in millionths.
    pub share: i64,
}

/// How far a recall is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Completion {
    /// The vehicles in it.
    pub recalled: i64,
    /// Those remedied.
    pub remedied: i64,
    /// Those that need no remedy.
    pub exempt: i64,
    /// The remedied among those that need one, in millionths.
    pub share: i64,
    /// Week by week.
    pub weeks: Vec<Week>,
}

/// The Monday of a day.
pub fn monday(on: Date) -> Date {
    // 1970-01-01 was a Thursday.
    on.minus((on.epoch_day() + 3).rem_euclid(7))
}

fn share(part: i64, whole: i64) -> i64 {
    (part * 1_000_000).checked_div(whole).unwrap_or(0)
}

/// The completion by the vehicles in each state and by the days of notices and remedies.
pub fn completion(
    states: &BTreeMap<State, i64>,
    notified: &[(Date, i64)],
    remedied: &[(Date, i64)],
) -> Completion {
    let of = |state| states.get(&state).copied().unwrap_or(0);
    let recalled = states.values().sum();
    let (done, exempt) = (of(State::Remedied), of(State::Exempt));
    let needing = recalled - exempt;
    let mut weeks: BTreeMap<Date, (i64, i64)> = BTreeMap::new();
    for (on, count) in notified {
        weeks.entry(monday(*on)).or_default().0 += count;
    }
    for (on, count) in remedied {
        weeks.entry(monday(*on)).or_default().1 += count;
    }
    let mut cumulative = 0;
    let weeks = weeks.into_iter().map(|(begins_on, (notified, remedied))| {
        cumulative += remedied;
        Week {
            begins_on,
            notified,
            remedied,
            cumulative,
            share: share(cumulative, needing),
        }
    });
    Completion {
        weeks: weeks.collect(),
        recalled,
        remedied: done,
        exempt,
        share: share(done, needing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::sample::date;

    #[test]
    fn weeks_begin_on_monday() {
        assert_eq!(monday(date("2025-01-24")), date("2025-01-20"));
        assert_eq!(monday(date("2025-01-20")), date("2025-01-20"));
        assert_eq!(monday(date("2025-01-26")), date("2025-01-20"));
        assert_eq!(monday(date("1969-12-31")), date("1969-12-29"));
    }

    #[test]
    fn the_share_is_of_the_vehicles_that_need_a_remedy() {
        let states = BTreeMap::from([
            (State::Remedied, 3),
            (State::Exempt, 2),
            (State::Notified, 5),
        ]);
        let notified = [(date("2025-01-24"), 6), (date("2025-01-27"), 2)];
        let remedied = [(date("2025-01-28"), 1), (date("2025-02-10"), 2)];
        let told = completion(&states, &notified, &remedied);
        assert_eq!(
            (told.recalled, told.remedied, told.exempt, told.share),
            (10, 3, 2, 375_000)
        );
        let weeks: Vec<_> = told
            .weeks
            .iter()
            .map(|week| (week.begins_on, week.notified, week.remedied, week.share))
            .collect();
        assert_eq!(
            weeks,
            [
                (date("2025-01-20"), 6, 0, 0),
                (date("2025-01-27"), 2, 1, 125_000),
                (date("2025-02-10"), 0, 2, 375_000),
            ]
        );
        assert_eq!(
            completion(&BTreeMap::new(), &[], &[]),
            Completion::default()
        );
    }
}
