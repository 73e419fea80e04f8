//! Groups and weeks worked by hand, the toy of the standard's kit, and what holds of any. It must not know the built-in programme.
use super::*;
use crate::risk::{Customer, FULL, Link, Network, Node, Product};
use proptest::prelude::*;

fn week(actual: i64, maximum: i64) -> Week {
    Week {
        actual,
        maximum,
        ..Week::default()
    }
}

/// The example of docs/demand-and-capacity.md: pouches and cells on one line, a dry room above two lines.
#[test]
fn two_lines_and_the_dry_room_above_them() -> Result<(), MatchError> {
    let series = [
        vec![1000, 1000, 1000],
        vec![200, 400, 600],
        vec![300, 300, 900],
    ];
    let line = Group {
        series: vec![(0, ONE), (1, 2 * ONE + ONE / 2)],
        groups: vec![],
        weeks: vec![week(2000, 2400); 3],
    };
    let other = Group {
        series: vec![(2, ONE)],
        groups: vec![],
        weeks: vec![week(1000, 1000); 2],
    };
    let room = Group {
        series: vec![],
        groups: vec![0, 1],
        weeks: vec![week(2600, 2800); 3],
    };
    let told = matched(&series, &[line, other, room])?;
    let row = |group: usize| -> Vec<(i64, Rating, i64)> {
        told[group]
            .iter()
            .map(|week| (week.demand, week.rating, week.missing()))
            .collect()
    };
    use Rating::{Bottleneck, Enough, Flexible, Unknown};
    assert_eq!(
        row(0),
        [
            (1500, Enough, 0),
            (2000, Enough, 0),
            (2500, Bottleneck, 100)
        ]
    );
    assert_eq!(
        row(1),
        [(300, Enough, 0), (300, Enough, 0), (900, Unknown, 0)]
    );
    assert_eq!(
        row(2),
        [
            (1800, Enough, 0),
            (2300, Enough, 0),
            (3400, Bottleneck, 600)
        ]
    );
    assert_eq!(told[0][2].load(), Some(1_250_000));
    assert_eq!(told[1][2].load(), None);
    assert_eq!(Matched::of(2100, Some(week(2000, 2400))).rating, Flexible);
    // A delta counts as demand: 300 built earlier take the bottleneck away.
    let less = Week {
        delta: -300,
        ..week(2000, 2400)
    };
    assert_eq!(Matched::of(2500, Some(less)).rating, Flexible);
    Ok(())
}

/// The kit of the standard: 100 toys in each of weeks 47 to 50, none can be made in week 50, 150 in weeks 48 and 49.
#[test]
fn the_toys_of_the_kit() {
    let told = built_ahead(&[100; 4], &[150, 150, 150, 0], 2);
    assert_eq!(told.delta, [0, 50, 50, -100]);
    assert_eq!(told.missing, [0; 4]);
    // A week ahead is enough too: what week 50 takes of week 49, week 49 takes of week 48.
    assert_eq!(built_ahead(&[100; 4], &[150, 150, 150, 0], 1), told);
    // Weeks that can do no more than is demanded cannot help, whatever is allowed.
    let told = built_ahead(&[100; 4], &[100, 100, 150, 0], 3);
    assert_eq!(told.missing.iter().sum::<i64>(), 50);
    let told = built_ahead(&[100; 4], &[150, 150, 150, 0], 0);
    assert_eq!(
        (told.delta, told.missing),
        (vec![0, 0, 0, -100], vec![0, 0, 0, 100])
    );
}

#[test]
fn what_is_wrong_is_named() {
    let around = [
        Group {
            groups: vec![1],
            ..Group::default()
        },
        Group {
            groups: vec![0],
            ..Group::default()
        },
        Group::default(),
    ];
    let refused = |groups: &[Group]| matched(&[vec![1]], groups).err();
    let groups = vec![0, 1];
    assert_eq!(refused(&around), Some(MatchError::Around { groups }));
    let group = |series, groups| Group {
        series,
        groups,
        weeks: vec![],
    };
    assert_eq!(
        refused(&[group(vec![(1, ONE)], vec![])]),
        Some(MatchError::NotThere { group: 0, named: 1 })
    );
    assert_eq!(
        refused(&[group(vec![], vec![7])]),
        Some(MatchError::NotThere { group: 0, named: 7 })
    );
    let factor = -1;
    assert_eq!(
        refused(&[group(vec![(0, factor)], vec![])]),
        Some(MatchError::Factor { group: 0, factor })
    );
}

/// Cells take 20 days to the pack maker, whose packs take 3 to the plant: materials of the cells are needed 23 days before the car.
#[test]
fn materials_are_needed_before_the_goods() -> Result<(), Box<dyn std::error::Error>> {
    let link = |from, to, quantity, share: i64, days: i64| Link {
        from,
        to,
        material: from,
        quantity,
        share: share * FULL / 100,
        transit: days * 1000,
        customer_stock: 0,
    };
    let links = vec![
        link(0, Customer::Part(0), 1000, 100, 3),
        link(1, Customer::Node(0), 96_000, 75, 20),
        link(2, Customer::Node(0), 96_000, 25, 10),
        link(3, Customer::Node(1), 500, 100, 30),
    ];
    let network = Network::new(vec![Node::default(); 4], 1, links)?;
    let products = [Product {
        daily: vec![10 * FULL, 0, 20 * FULL],
        parts: vec![(0, 1000)],
    }];
    let told = needs(&network, &products);
    let need = |first, daily: &[i64]| SiteNeed {
        first,
        daily: daily.to_vec(),
    };
    assert_eq!(told[0], need(0, &[10_000, 0, 20_000]));
    assert_eq!(told[1], need(-3, &[720_000, 0, 1_440_000]));
    assert_eq!(told[2], need(-3, &[240_000, 0, 480_000]));
    assert_eq!(told[3], need(-23, &[360_000, 0, 720_000]));
    Ok(())
}

/// The least that any way of building ahead leaves, by a second method: from the front, the earliest deadline first, each as early as
/// it may be.
fn least_missing(demand: &[i64], capacity: &[i64], weeks: usize) -> i64 {
    let mut free = capacity.to_vec();
    let mut missing = 0;
    for (due, wanted) in demand.iter().enumerate() {
        let mut left = *wanted;
        for free in &mut free[due.saturating_sub(weeks)..=due] {
            let built = left.min(*free);
            *free -= built;
            left -= built;
        }
        missing += left;
    }
    missing
}

proptest! {
    #[test]
    fn building_ahead_keeps_to_capacity_and_leaves_least(
        rows in prop::collection::vec((0i64..50, 0i64..50), 1..30),
        weeks in 0usize..6,
    ) {
        let (demand, capacity): (Vec<i64>, Vec<i64>) = rows.into_iter().unzip();
        let told = built_ahead(&demand, &capacity, weeks);
        let mut open = 0;
        for at in 0..demand.len() {
            let built = demand[at] + told.delta[at];
            prop_assert!((0..=capacity[at]).contains(&built));
            prop_assert!((0..=demand[at]).contains(&told.missing[at]));
            // What is built is never behind what is due of it.
            open += built - (demand[at] - told.missing[at]);
            prop_assert!(open >= 0);
        }
        prop_assert_eq!(open, 0);
        prop_assert_eq!(told.missing.iter().sum::<i64>(), least_missing(&demand, &capacity, weeks));
        let more = built_ahead(&demand, &capacity, weeks + 1);
        prop_assert!(more.missing.iter().sum::<i64>() <= told.missing.iter().sum::<i64>());
    }

    #[test]
    fn a_group_above_carries_what_is_below(
        demand in prop::collection::vec(0i64..1000, 1..8),
        factors in prop::collection::vec(0i64..5, 1..6),
    ) {
        let below: Vec<Group> = factors.iter().map(|factor| Group { series: vec![(0, factor * ONE)], ..Group::default() }).collect();
        let above = Group { groups: (0..below.len()).collect(), ..Group::default() };
        let groups: Vec<Group> = below.into_iter().chain([above]).collect();
        let told = matched(std::slice::from_ref(&demand), &groups).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let all: i64 = factors.iter().sum();
        for (at, demand) in demand.iter().enumerate() {
            prop_assert_eq!(told[groups.len() - 1][at].demand, demand * all);
        }
    }
}

/// A plan that begins on a Thursday: the Sunday before the first day is in its week, the Sunday before that in the week before.
#[test]
fn days_stand_in_their_weeks() {
    let need = |first, daily: &[i64]| SiteNeed {
        first,
        daily: daily.to_vec(),
    };
    let needs = [
        need(-5, &[0, 7, 0, 0, 0, 1, 1, 1, 1]),
        need(0, &[0, 0, 0, 2, 5]),
        SiteNeed::default(),
    ];
    let (first, weeks) = weekly(&needs, 3);
    assert_eq!(first, -1);
    assert_eq!(
        weeks,
        [vec![7, 4], vec![0, 2, 5], vec![]].map(|mut weeks: Vec<i64>| {
            weeks.resize(3, 0);
            weeks
        })
    );
}
