//! The software of vehicles: with which version an item left the line, and what was installed since.
//!
//! It must not know rows or messages. A vehicle has no row of its own: the release of the day of its completion is what it
//! was built with, and changes are runs of build numbers, so a hundred thousand vehicles cost a few rows. Invariants:
//! SW-1 a change is of vehicles that were built by then; SW-2 changes of a vehicle follow each other by days.

pub mod rpc;
pub mod store;

use std::{collections::BTreeMap, fmt};

use takt_kernel::Date;
use takt_service::Refusal;

/// A version in a vehicle, from a day on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The version.
    pub version: String,
    /// The first day.
    pub on: Date,
    /// Whether the vehicle was built with it.
    pub as_built: bool,
    /// Why it was changed.
    pub reason: String,
}

/// A change of an item's software in some vehicles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The version.
    pub version: String,
    /// The day.
    pub on: Date,
    /// Why.
    pub reason: String,
    /// The vehicles, as runs of build numbers.
    pub runs: Vec<(i64, i64)>,
}

/// What is known of an item's software in all vehicles.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// The versions with which the item left the line, by the first day of completion.
    pub releases: BTreeMap<Date, String>,
    /// The changes since, in the order in which they were recorded.
    pub changes: Vec<Change>,
}

impl History {
    /// The versions of a vehicle in the order of days; the last one is the one that it has.
    pub fn of(&self, build: i64, built_on: Date) -> Vec<Installed> {
        let mut all = Vec::new();
        if let Some((_, version)) = self.releases.range(..=built_on).next_back() {
            all.push(Installed {
                version: version.clone(),
                on: built_on,
                as_built: true,
                reason: String::new(),
            });
        }
        let mut changes: Vec<&Change> = self.changes.iter().filter(|one| one.has(build)).collect();
        // Of one day the later record counts; the sort keeps their order.
        changes.sort_by_key(|change| change.on);
        all.extend(changes.into_iter().map(|change| Installed {
            version: change.version.clone(),
            on: change.on,
            as_built: false,
            reason: change.reason.clone(),
        }));
        all
    }

    /// Whether a version can be declared from a day on, when vehicles were completed until `built`.
    ///
    /// # Errors
    /// `SOFTWARE_RELEASE_BACKDATED`; a version that is declared again is allowed and changes nothing.
    pub fn release(
        &self,
        item_id: &str,
        version: &str,
        on: Date,
        built: Option<Date>,
    ) -> Result<bool, SoftwareRefusal> {
        if self.releases.get(&on).is_some_and(|known| known == version) {
            return Ok(false);
        }
        let Some((last, _)) = self.releases.last_key_value() else {
            return Ok(true);
        };
        let after = built.map_or(*last, |built| built.max(*last));
        if on > after {
            Ok(true)
        } else {
            Err(SoftwareRefusal::Backdated {
                item_id: item_id.to_owned(),
                on,
                after,
            })
        }
    }

    /// Whether a version can be installed in a vehicle on a day; false when the vehicle has it.
    ///
    /// # Errors
    /// `SOFTWARE_BEFORE_BUILD`, `SOFTWARE_CHANGED_LATER`.
    pub fn install(
        &self,
        build: i64,
        built_on: Date,
        version: &str,
        on: Date,
    ) -> Result<bool, SoftwareRefusal> {
        if on < built_on {
            return Err(SoftwareRefusal::BeforeBuild { on, built_on });
        }
        match self.of(build, built_on).last() {
            Some(last) if last.version == version => Ok(false),
            Some(last) if last.on > on => Err(SoftwareRefusal::ChangedLater { on, last: last.on }),
            _ => Ok(true),
        }
    }
}

impl Change {
    /// Whether a vehicle is among those that were changed.
    fn has(&self, build: i64) -> bool {
        let at = self.runs.partition_point(|(_, last)| *last < build);
        self.runs.get(at).is_some_and(|(first, _)| *first <= build)
    }
}

/// Build numbers as runs.
pub fn runs_of(builds: impl IntoIterator<Item = i64>) -> Vec<(i64, i64)> {
    let mut builds: Vec<i64> = builds.into_iter().collect();
    builds.sort_unstable();
    builds.dedup();
    let mut runs: Vec<(i64, i64)> = Vec::new();
    for build in builds {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == build => *last = build,
            _ => runs.push((build, build)),
        }
    }
    runs
}

/// Why software is not recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SoftwareRefusal {
    /// What is built has its version already.
    Backdated {
        /// The item.
        item_id: String,
        /// The day asked for.
        on: Date,
        /// The day behind which a release must lie.
        after: Date,
    },
    /// The vehicle was not there yet.
    BeforeBuild {
        /// The day asked for.
        on: Date,
        /// The day of completion.
        built_on: Date,
    },
    /// A later change is recorded.
    ChangedLater {
        /// The day asked for.
        on: Date,
        /// The day of the last change.
        last: Date,
    },
    /// The vehicle does not use the item.
    NotFitted {
        /// The item.
        item_id: String,
    },
}

impl fmt::Display for SoftwareRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Backdated { item_id, on, after } => write!(
                out,
                "vehicles with {item_id} have their software until {after}, so a release cannot begin on {on}; give a later day, or record the vehicles that were changed"
            ),
            Self::BeforeBuild { on, built_on } => write!(
                out,
                "the vehicle was built on {built_on} and its software cannot have been changed on {on}; give that day or a later one"
            ),
            Self::ChangedLater { on, last } => write!(
                out,
                "the vehicle's software was changed on {last} already, after {on}; give that day or a later one"
            ),
            Self::NotFitted { item_id } => write!(
                out,
                "the vehicle has no {item_id}; name an item of its configuration"
            ),
        }
    }
}

impl Refusal for SoftwareRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::Backdated { .. } => "SOFTWARE_RELEASE_BACKDATED",
            Self::BeforeBuild { .. } => "SOFTWARE_BEFORE_BUILD",
            Self::ChangedLater { .. } => "SOFTWARE_CHANGED_LATER",
            Self::NotFitted { .. } => "SOFTWARE_ITEM_NOT_FITTED",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: i32) -> Date {
        Date::from_epoch_day(n)
    }

    fn history() -> History {
        History {
            releases: BTreeMap::from([(day(1), "1.0".to_owned()), (day(10), "1.1".to_owned())]),
            changes: vec![
                Change {
                    version: "2.0".into(),
                    on: day(30),
                    reason: "RC-1".into(),
                    runs: vec![(3, 5), (9, 9)],
                },
                Change {
                    version: "1.2".into(),
                    on: day(20),
                    reason: String::new(),
                    runs: vec![(5, 7)],
                },
            ],
        }
    }

    #[test]
    fn a_vehicle_is_built_with_the_release_of_its_day_and_changes_follow_by_days() {
        let told = |build, on| -> Vec<(String, i32)> {
            let all = history().of(build, day(on));
            all.iter()
                .map(|one| (one.version.clone(), one.on.epoch_day()))
                .collect()
        };
        assert!(told(1, 0).is_empty());
        assert_eq!(told(2, 9), [("1.0".to_owned(), 9)]);
        assert_eq!(told(8, 10), [("1.1".to_owned(), 10)]);
        assert_eq!(
            told(5, 9),
            [
                ("1.0".to_owned(), 9),
                ("1.2".to_owned(), 20),
                ("2.0".to_owned(), 30)
            ]
        );
        assert_eq!(told(9, 12).len(), 2);
        assert_eq!(told(10, 12).len(), 1);
    }

    #[test]
    fn releases_do_not_change_what_is_built() {
        let none = History::default();
        assert_eq!(none.release("AD", "1", day(1), Some(day(50))), Ok(true));
        let some = history();
        assert_eq!(some.release("AD", "1.1", day(10), Some(day(50))), Ok(false));
        assert!(some.release("AD", "1.3", day(50), Some(day(50))).is_err());
        assert_eq!(some.release("AD", "1.3", day(51), Some(day(50))), Ok(true));
        assert!(some.release("AD", "1.3", day(10), None).is_err());
    }

    #[test]
    fn installing_needs_a_day_and_another_version() {
        let some = history();
        assert_eq!(some.install(8, day(12), "1.1", day(12)), Ok(false));
        assert_eq!(some.install(8, day(12), "2.0", day(13)), Ok(true));
        let early = some.install(8, day(12), "2.0", day(11)).unwrap_err();
        assert_eq!(early.reason(), "SOFTWARE_BEFORE_BUILD");
        let later = some.install(4, day(5), "3.0", day(29)).unwrap_err();
        assert_eq!(later.reason(), "SOFTWARE_CHANGED_LATER");
    }

    #[test]
    fn build_numbers_become_runs() {
        assert_eq!(runs_of([5, 1, 2, 2, 3, 9]), [(1, 3), (5, 5), (9, 9)]);
        assert!(runs_of([]).is_empty());
    }
}
