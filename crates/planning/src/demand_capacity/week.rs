//! Weeks: the needs of days summed by week, and what the matched weeks of a group come to. It must not know dates: weeks are counted
//! from the one in which the first day of the plan lies. Invariants: a need stands in the week of its day; a week of unknown capacity
//! neither helps others nor asks for help.
use std::cmp::Reverse;

use super::{Ahead, Matched, Rating, SiteNeed, built_ahead};

/// The needs of sites by week: the first week, relative to that of the first day, and the weeks of each site, all as long as the
/// longest. `weekday` is that of the first day, 0 for Monday.
pub fn weekly(needs: &[SiteNeed], weekday: i64) -> (i64, Vec<Vec<i64>>) {
    let week = |day: i64| (day + weekday).div_euclid(7);
    let used = |need: &&SiteNeed| need.daily.iter().any(|daily| *daily > 0);
    let earliest = needs.iter().filter(used).map(|need| need.first).min();
    let first = week(earliest.unwrap_or(0));
    let of = |need: &SiteNeed| {
        let mut weeks: Vec<i64> = Vec::new();
        for (day, daily) in (need.first..)
            .zip(&need.daily)
            .filter(|(_, daily)| **daily > 0)
        {
            let at = usize::try_from(week(day) - first).unwrap_or(0);
            if weeks.len() <= at {
                weeks.resize(at + 1, 0);
            }
            weeks[at] += *daily;
        }
        weeks
    };
    let mut all: Vec<Vec<i64>> = needs.iter().map(of).collect();
    let longest = all.iter().map(Vec::len).max().unwrap_or(0);
    all.iter_mut().for_each(|weeks| weeks.resize(longest, 0));
    (first, all)
}

/// What the weeks of a group come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The largest demand relative to the actual capacity, in millionths, and the first week that has it; nothing without capacity.
    pub peak: Option<(i64, usize)>,
    /// Weeks above actual and within maximum capacity.
    pub flexible: usize,
    /// Weeks above maximum capacity.
    pub bottleneck: usize,
    /// Weeks with a demand whose capacity nobody told.
    pub unknown: usize,
    /// What is demanded beyond maximum capacity, week for week.
    pub missing: i64,
    /// What building ahead makes of it.
    pub ahead: Ahead,
}

impl Summary {
    /// Sums weeks of which each may be built in so many weeks before it.
    pub fn of(matched: &[Matched], weeks_ahead: usize) -> Self {
        let demand: Vec<i64> = matched.iter().map(|week| week.demand.max(0)).collect();
        let most: Vec<i64> = (matched.iter().zip(&demand))
            .map(|(week, demand)| week.week.map_or(*demand, |week| week.maximum))
            .collect();
        let count = |rating: Rating| matched.iter().filter(|week| week.rating == rating).count();
        let loads = matched.iter().enumerate();
        Self {
            peak: loads
                .filter_map(|(at, week)| Some((week.load()?, at)))
                .max_by_key(|(load, at)| (*load, Reverse(*at))),
            flexible: count(Rating::Flexible),
            bottleneck: count(Rating::Bottleneck),
            unknown: (matched.iter())
                .filter(|week| week.rating == Rating::Unknown && week.demand > 0)
                .count(),
            missing: matched.iter().map(Matched::missing).sum(),
            ahead: built_ahead(&demand, &most, weeks_ahead),
        }
    }

    /// What is missing when the weeks before may help.
    pub fn missing_after_building_ahead(&self) -> i64 {
        self.ahead.missing.iter().sum()
    }
}
