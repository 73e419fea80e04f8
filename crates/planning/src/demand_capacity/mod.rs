//! Weekly demand against weekly capacity: load factors, groups inside groups, actual and maximum capacity, building ahead. It must not
//! know dates, suppliers or files. Units: quantities in thousandths, load factors and shares in millionths, weeks by their place.
//! Source: Catena-X CX-0128, *Demand and Capacity Management Data Exchange* 2.1 (`WeekBasedMaterialDemand` and
//! `WeekBasedCapacityGroup` 3.0.0): the demand on a group is that of its series by their load factors and that of its groups, and a delta
//! production counts as demand. Invariants: what is built ahead is built within capacity, no earlier than allowed and never late; no
//! way of building ahead leaves less unmet.
mod ahead;
mod need;
#[cfg(test)]
mod tests;
mod week;

pub use ahead::{Ahead, built_ahead};
pub use need::{SiteNeed, needs};
pub use week::{Summary, weekly};

use takt_kernel::half_even_div;

/// One, in millionths.
pub const ONE: i64 = 1_000_000;

/// What a group can do in a week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Week {
    /// What it does as it stands.
    pub actual: i64,
    /// What it can do with all agreed flexibility.
    pub maximum: i64,
    /// What supplier and customer have agreed on, where they have.
    pub agreed: Option<i64>,
    /// What the supplier builds earlier or later than is demanded: a simulated change of the demand.
    pub delta: i64,
}

/// Machines, people or tools that several series of demand share.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Group {
    /// The series that load it, each with the units of the group that a unit of demand takes, in millionths.
    pub series: Vec<(usize, i64)>,
    /// The groups whose demand it carries too.
    pub groups: Vec<usize>,
    /// The weeks, as long as they are known; weeks beyond have no capacity that anybody told.
    pub weeks: Vec<Week>,
}

/// How a week of a group stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rating {
    /// Nobody told the capacity.
    Unknown,
    /// The actual capacity is enough.
    Enough,
    /// It takes flexibility: above actual, within maximum capacity.
    Flexible,
    /// Above maximum capacity.
    Bottleneck,
}

/// A week of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Matched {
    /// What is demanded of it, the delta production among it.
    pub demand: i64,
    /// What it can do; nothing where nobody told.
    pub week: Option<Week>,
    /// How it stands.
    pub rating: Rating,
}

impl Matched {
    /// Demand of a week and what can be done.
    pub fn of(demand: i64, week: Option<Week>) -> Self {
        let demand = demand + week.map_or(0, |week| week.delta);
        let rating = match week {
            None => Rating::Unknown,
            Some(week) if demand <= week.actual => Rating::Enough,
            Some(week) if demand <= week.maximum => Rating::Flexible,
            Some(_) => Rating::Bottleneck,
        };
        Self {
            demand,
            week,
            rating,
        }
    }

    /// What is demanded beyond the maximum capacity.
    pub fn missing(&self) -> i64 {
        self.week
            .map_or(0, |week| (self.demand - week.maximum).max(0))
    }

    /// The demand relative to the actual capacity, in millionths; nothing without capacity.
    pub fn load(&self) -> Option<i64> {
        let actual = self.week?.actual;
        half_even_div(
            i128::from(self.demand) * i128::from(ONE),
            i128::from(actual),
        )
    }
}

/// Why groups cannot be matched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MatchError {
    /// A group carries itself.
    #[error("groups {groups:?} carry each other; a group's groups lie below it")]
    Around {
        /// The groups that lie on a circle or above one, the first few of them.
        groups: Vec<usize>,
    },
    /// A series or a group that is not there.
    #[error("group {group} names series or group {named}, which is not there")]
    NotThere {
        /// The group.
        group: usize,
        /// What it names.
        named: usize,
    },
    /// A load factor below zero.
    #[error("group {group} has the load factor {factor} millionths; a load is not below zero")]
    Factor {
        /// The group.
        group: usize,
        /// The factor.
        factor: i64,
    },
}

/// Every group by week. `series` are demands by week; a week that a series does not reach demands nothing. Cost: O((groups + links) x
/// weeks).
///
/// # Errors
/// `MatchError`, the first that is found.
pub fn matched(series: &[Vec<i64>], groups: &[Group]) -> Result<Vec<Vec<Matched>>, MatchError> {
    let weeks = series.iter().map(Vec::len).max().unwrap_or(0);
    let weeks = groups
        .iter()
        .map(|group| group.weeks.len())
        .fold(weeks, usize::max);
    for (at, group) in groups.iter().enumerate() {
        let missing = |named: usize| MatchError::NotThere { group: at, named };
        for (named, factor) in &group.series {
            if *named >= series.len() {
                return Err(missing(*named));
            }
            if *factor < 0 {
                return Err(MatchError::Factor {
                    group: at,
                    factor: *factor,
                });
            }
        }
        if let Some(named) = group.groups.iter().find(|named| **named >= groups.len()) {
            return Err(missing(*named));
        }
    }
    let mut carried: Vec<Vec<i64>> = vec![Vec::new(); groups.len()];
    for at in order(groups)? {
        let group = &groups[at];
        let mut exact = vec![0i128; weeks];
        for (named, factor) in &group.series {
            for (sum, demand) in exact.iter_mut().zip(&series[*named]) {
                *sum += i128::from(*demand) * i128::from(*factor);
            }
        }
        // One rounding a group and week, of the series; groups add up as they are told.
        let mut demand: Vec<i64> = exact
            .into_iter()
            .map(|sum| half_even_div(sum, i128::from(ONE)).unwrap_or(i64::MAX))
            .collect();
        for named in &group.groups {
            for (sum, below) in demand.iter_mut().zip(&carried[*named]) {
                *sum = sum.saturating_add(*below);
            }
        }
        carried[at] = demand;
    }
    let matched = carried.into_iter().zip(groups).map(|(demand, group)| {
        let week = |at: usize| group.weeks.get(at).copied();
        demand
            .into_iter()
            .enumerate()
            .map(|(at, demand)| Matched::of(demand, week(at)))
            .collect()
    });
    Ok(matched.collect())
}

/// The groups, those below before those above: Kahn's algorithm.
fn order(groups: &[Group]) -> Result<Vec<usize>, MatchError> {
    let mut above: Vec<Vec<usize>> = vec![Vec::new(); groups.len()];
    let mut waiting: Vec<usize> = vec![0; groups.len()];
    for (at, group) in groups.iter().enumerate() {
        for below in &group.groups {
            above[*below].push(at);
            waiting[at] += 1;
        }
    }
    let mut ready: Vec<usize> = (0..groups.len()).filter(|at| waiting[*at] == 0).collect();
    let mut next = 0;
    while let Some(at) = ready.get(next).copied() {
        next += 1;
        for upper in &above[at] {
            waiting[*upper] -= 1;
            if waiting[*upper] == 0 {
                ready.push(*upper);
            }
        }
    }
    if next < groups.len() {
        let stuck = (0..groups.len()).filter(|at| waiting[*at] > 0);
        return Err(MatchError::Around {
            groups: stuck.take(20).collect(),
        });
    }
    Ok(ready)
}
