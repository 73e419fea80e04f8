//! Failure clusters: groups of vehicles in which an item fails more often than in the item's other vehicles. It must not know cases,
//! rows or names: lots, suppliers, weeks and cities are numbers of the caller. Units: days at risk, vehicles, whole numbers.
//!
//! A vehicle counts once: it has failed, or it has not, in its first days with the customer. Given how many vehicles of an item failed,
//! each failure falls into a group with the group's share of all days at risk, if the group is like the others; see `statistics` for the
//! test and the correction for the number of groups. Invariants: a failure counts only where the vehicle was handed over with the lot
//! that failed; every group with a day at risk is tested, those without a failure too, so that what is looked at does not depend on what
//! is found.

pub mod statistics;

use std::collections::{BTreeMap, BTreeSet};

use statistics::{Probability, at_least, corrected};
use takt_kernel::half_even_div;

/// A vehicle that was handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vehicle {
    /// Its place in the order of builds; vehicles come in rising order.
    pub build: i64,
    /// The days at risk.
    pub days: i64,
    /// The week in which it was completed.
    pub week: u32,
    /// The city to which it went.
    pub city: u32,
}

/// A lot of an item with the vehicles that hold it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lot {
    /// Who supplied it; none where nobody did.
    pub supplier: Option<u32>,
    /// The first and the last build of each run of vehicles that hold it, rising.
    pub runs: Vec<(i64, i64)>,
}

/// A failure of a part of a lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// The vehicle's build.
    pub build: i64,
    /// The place of the lot among the item's lots.
    pub lot: usize,
}

/// By what vehicles are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    /// By lot; the key is its place.
    Lot,
    /// By supplier.
    Supplier,
    /// By the week of completion.
    Week,
    /// By city.
    City,
}

impl Dimension {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Lot, Self::Supplier, Self::Week, Self::City];
}

/// What some vehicles went through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exposure {
    /// The vehicles.
    pub vehicles: i64,
    /// Those that have failed.
    pub failed: i64,
    /// The days at risk.
    pub days: i64,
}

/// A group of the vehicles of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// By what it is grouped.
    pub dimension: Dimension,
    /// The number of the lot, supplier, week or city.
    pub key: u32,
    /// What its vehicles went through.
    pub own: Exposure,
    /// What all vehicles of the item went through, its own among them.
    pub all: Exposure,
}

/// The groups of an item that have been at risk: by dimension and key.
pub fn groups(
    fleet: &[Vehicle],
    lots: &[Lot],
    failures: &[Failure],
    dimensions: &[Dimension],
) -> Vec<Group> {
    let place = |build: i64| fleet.binary_search_by_key(&build, |vehicle| vehicle.build);
    // Which vehicles hold which lot; a vehicle at the border of two lots holds both.
    let mut held: Vec<(usize, usize)> = Vec::new();
    for (lot, of) in lots.iter().enumerate() {
        for (first, last) in &of.runs {
            let from = fleet.partition_point(|vehicle| vehicle.build < *first);
            let holders = fleet.iter().enumerate().skip(from);
            let holders = holders.take_while(|(_, vehicle)| vehicle.build <= *last);
            held.extend(holders.map(|(at, _)| (at, lot)));
        }
    }
    held.sort_unstable();
    held.dedup();
    let failed: BTreeSet<(usize, usize)> = failures
        .iter()
        .filter_map(|failure| Some((place(failure.build).ok()?, failure.lot)))
        .filter(|pair| held.binary_search(pair).is_ok())
        .collect();
    let failed_vehicles: BTreeSet<usize> = failed.iter().map(|(at, _)| *at).collect();
    let mut all = Exposure::default();
    let mut vehicles: Vec<usize> = held.iter().map(|(at, _)| *at).collect();
    vehicles.dedup();
    for at in &vehicles {
        all.add(fleet, *at, failed_vehicles.contains(at));
    }
    let mut groups = Vec::new();
    for dimension in dimensions {
        let mut of_key: BTreeMap<u32, Exposure> = BTreeMap::new();
        match dimension {
            Dimension::Lot => {
                for (at, lot) in &held {
                    let key = u32::try_from(*lot).unwrap_or(u32::MAX);
                    let is_failed = failed.contains(&(*at, *lot));
                    of_key.entry(key).or_default().add(fleet, *at, is_failed);
                }
            }
            Dimension::Supplier => {
                let supplier = |lot: usize| lots.get(lot).and_then(|lot| lot.supplier);
                let both = |(at, lot): &(usize, usize)| Some((*at, supplier(*lot)?));
                let held: BTreeSet<(usize, u32)> = held.iter().filter_map(both).collect();
                let failed: BTreeSet<(usize, u32)> = failed.iter().filter_map(both).collect();
                for (at, key) in &held {
                    let is_failed = failed.contains(&(*at, *key));
                    of_key.entry(*key).or_default().add(fleet, *at, is_failed);
                }
            }
            Dimension::Week | Dimension::City => {
                for at in &vehicles {
                    let Some(vehicle) = fleet.get(*at) else {
                        continue;
                    };
                    let key = match dimension {
                        Dimension::Week => vehicle.week,
                        _ => vehicle.city,
                    };
                    let is_failed = failed_vehicles.contains(at);
                    of_key.entry(key).or_default().add(fleet, *at, is_failed);
                }
            }
        }
        groups.extend(
            of_key
                .into_iter()
                .filter(|(_, own)| own.days > 0)
                .map(|(key, own)| Group {
                    dimension: *dimension,
                    key,
                    own,
                    all,
                }),
        );
    }
    groups
}

impl Exposure {
    fn add(&mut self, fleet: &[Vehicle], at: usize, failed: bool) {
        self.vehicles += 1;
        self.failed += i64::from(failed);
        self.days += fleet.get(at).map_or(0, |vehicle| vehicle.days);
    }
}

impl Group {
    /// The item's vehicles outside of the group. A vehicle at the border of two lots that failed with the other one is among the own
    /// vehicles and not among the own failures.
    pub fn others(&self) -> Exposure {
        Exposure {
            vehicles: self.all.vehicles - self.own.vehicles,
            failed: self.all.failed - self.own.failed,
            days: self.all.days - self.own.days,
        }
    }

    /// The failures expected of its share of the days, in thousandths.
    pub fn expected_milli(&self) -> i64 {
        let share = i128::from(self.all.failed) * 1000 * i128::from(self.own.days);
        half_even_div(share, self.all.days.into()).unwrap_or_default()
    }

    /// How often it fails compared with the others, in thousandths; none where no other has failed.
    pub fn ratio_milli(&self) -> Option<i64> {
        let others = self.others();
        let own = i128::from(self.own.failed) * 1000 * i128::from(others.days);
        let beside = i128::from(others.failed) * i128::from(self.own.days);
        half_even_div(own, beside)
    }

    /// The probability of so many failures or more if all vehicles of the item failed alike.
    pub fn probability(&self) -> Probability {
        at_least(
            self.own.failed,
            self.all.failed,
            self.own.days,
            self.all.days,
        )
    }
}

/// A group with a failure and what it means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// The place of the group among those that were tested.
    pub group: usize,
    /// The probability of so many failures or more by chance.
    pub probability: Probability,
    /// The same, corrected for the number of groups tested.
    pub corrected: Probability,
    /// Whether that is at most the level.
    pub significant: bool,
}

/// Groups by their probability, the least first; a group that is all of its item says nothing and is not tested, and one without a
/// failure is tested and not told. Ties go to more failures, and then to the group that comes first. Also how many were tested.
pub fn ranked(groups: &[Group], level: i64) -> (Vec<Verdict>, i64) {
    // Failures are given, so an item without any cannot have a cluster whatever happens: its groups are no tests.
    let tests = |group: &&Group| group.own.days < group.all.days && group.all.failed > 0;
    let tested = i64::try_from(groups.iter().filter(tests).count()).unwrap_or(i64::MAX);
    let mut found: Vec<(usize, &Group, Probability)> = groups
        .iter()
        .enumerate()
        .filter(|(_, group)| tests(group) && group.own.failed > 0)
        .map(|(at, group)| (at, group, group.probability()))
        .collect();
    found.sort_by(|(a, one, p), (b, other, q)| {
        let failures = other.own.failed.cmp(&one.own.failed);
        p.order(*q).then(failures).then(a.cmp(b))
    });
    let rising: Vec<Probability> = found.iter().map(|(.., p)| *p).collect();
    let told =
        found
            .iter()
            .zip(corrected(&rising, tested))
            .map(|((group, _, probability), corrected)| Verdict {
                group: *group,
                probability: *probability,
                corrected,
                significant: corrected.is_within(level),
            });
    (told.collect(), tested)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The example of docs/service-cases.md: 1,000 vehicles, each 90 days with its customer; lots of 250 vehicles from two suppliers.
    fn example() -> (Vec<Vehicle>, Vec<Lot>, Vec<Failure>) {
        let fleet = (1..=1000).map(|build| Vehicle {
            build,
            days: 90,
            week: u32::try_from(build / 101).unwrap_or(0),
            city: u32::try_from(build % 10).unwrap_or(0),
        });
        let lots = (0..4).map(|lot| Lot {
            supplier: Some(u32::from(lot >= 2)),
            runs: vec![(lot * 250 + 1, lot * 250 + 250)],
        });
        // Eight failures in the third lot, one in each other.
        let bad = (0..8).map(|n| Failure {
            build: 501 + n * 25,
            lot: 2,
        });
        let others = [(77, 0), (333, 1), (888, 3)].map(|(build, lot)| Failure { build, lot });
        (fleet.collect(), lots.collect(), bad.chain(others).collect())
    }

    #[test]
    fn the_example_of_the_page() {
        let (fleet, lots, failures) = example();
        let groups = groups(&fleet, &lots, &failures, &[Dimension::Lot]);
        assert_eq!(groups.len(), 4);
        let (told, tested) = ranked(&groups, 10_000);
        let first = told[0];
        let group = groups[first.group];
        assert_eq!((tested, group.key, group.own.failed), (4, 2, 8));
        assert_eq!((group.own.days, group.all.days), (22_500, 90_000));
        // 11 failures, a quarter of the days: 2.75 expected. 8 or more: (165 x 27 + 55 x 9 + 11 x 3 + 1) / 4^11 = 4,984 / 4,194,304.
        assert_eq!(group.expected_milli(), 2_750);
        assert_eq!(first.probability.units_up(1_000_000_000_000), 1_188_278_199);
        // Four lots were tested: four times as much, which is within 1 %.
        assert_eq!(first.corrected.units_up(1_000_000), 4_754);
        assert!(first.significant && !told[1].significant);
        // 8 of 22,500 days against 3 of 67,500: eight times as often.
        assert_eq!(group.ratio_milli(), Some(8_000));
        let page = include_str!("../../../../docs/service-cases.md");
        for figure in [
            "4,984 / 4,194,304",
            "0.001188",
            "0.00475",
            "2.75",
            "eight times",
        ] {
            assert!(
                page.contains(figure),
                "docs/service-cases.md has no {figure}"
            );
        }
    }

    #[test]
    fn every_dimension_splits_the_same_vehicles() {
        let (fleet, lots, failures) = example();
        let groups = groups(&fleet, &lots, &failures, &Dimension::ALL);
        for dimension in Dimension::ALL {
            let of: Vec<&Group> = groups
                .iter()
                .filter(|group| group.dimension == dimension)
                .collect();
            let sum: i64 = of.iter().map(|group| group.own.failed).sum();
            let vehicles: i64 = of.iter().map(|group| group.own.vehicles).sum();
            assert_eq!((sum, vehicles), (11, 1000), "{dimension:?}");
        }
    }

    #[test]
    fn a_failure_counts_once_a_vehicle_and_only_with_a_lot_that_it_has() {
        let (fleet, lots, _) = example();
        let failure = |build, lot| Failure { build, lot };
        let failures = [
            failure(1, 0),
            failure(1, 0),
            failure(2, 3),
            failure(5000, 0),
        ];
        let groups = groups(&fleet, &lots, &failures, &[Dimension::Lot]);
        assert_eq!((groups[0].own.failed, groups[0].all.failed), (1, 1));
    }

    #[test]
    fn a_vehicle_between_two_lots_holds_both() {
        let (fleet, mut lots, _) = example();
        lots[1].runs = vec![(250, 500)];
        let failures = [Failure { build: 250, lot: 1 }];
        let groups = groups(&fleet, &lots, &failures, &[Dimension::Lot]);
        let told: Vec<_> = groups
            .iter()
            .map(|group| (group.own.vehicles, group.own.failed))
            .collect();
        assert_eq!(told, [(250, 0), (251, 1), (250, 0), (250, 0)]);
        assert_eq!(groups[0].all.vehicles, 1000);
    }

    #[test]
    fn a_group_that_is_everything_is_no_test() {
        let (fleet, lots, failures) = example();
        let one = [Lot {
            supplier: None,
            runs: vec![(1, 1000)],
        }];
        let failures: Vec<Failure> = failures
            .iter()
            .map(|failure| Failure { lot: 0, ..*failure })
            .collect();
        let of_one = groups(&fleet, &one, &failures, &[Dimension::Lot]);
        assert_eq!(ranked(&of_one, 10_000), (vec![], 0));
        let of_none = groups(&fleet, &lots, &[], &Dimension::ALL);
        assert!(!of_none.is_empty());
        assert_eq!(ranked(&of_none, 10_000), (vec![], 0));
    }

    proptest! {
        /// Where all vehicles of a lot alone fail it comes first, and where nothing fails there is no cluster.
        #[test]
        fn the_bad_lot_comes_first(lots in 2usize..12, size in 3i64..40, bad in 0usize..12) {
            let bad = bad % lots;
            let fleet: Vec<Vehicle> = (1..=size * lots as i64)
                .map(|build| Vehicle { build, days: 90, week: 0, city: 0 })
                .collect();
            let of: Vec<Lot> = (0..lots as i64)
                .map(|lot| Lot { supplier: Some(0), runs: vec![(lot * size + 1, (lot + 1) * size)] })
                .collect();
            let failures: Vec<Failure> = (1..=size)
                .map(|n| Failure { build: bad as i64 * size + n, lot: bad })
                .collect();
            let all = groups(&fleet, &of, &failures, &Dimension::ALL);
            let (told, tested) = ranked(&all, 10_000);
            // One supplier, one week and one city are everything and no tests.
            prop_assert_eq!(tested, lots as i64);
            prop_assert_eq!(all[told[0].group].key as usize, bad);
            prop_assert_eq!(told.len(), 1);
            let (none, _) = ranked(&groups(&fleet, &of, &[], &Dimension::ALL), 500_000);
            prop_assert!(none.is_empty());
        }
    }
}
