//! The brute force beside genealogy: every stay as a list, a copy of the whole list for every record, every day of a path
//! tried one by one. It must not use periods, versions or walks.
use std::collections::BTreeSet;

use proptest::prelude::*;
use takt_kernel::{LotNumber, Quantity};

use super::{
    Correction, Edge, Fitted, Holdings, Limits, Node, OPEN, Origin, Period, Place, Question,
    Replacement, Time, Walk, Way,
};

const DAYS: i64 = 12;
const CARS: i64 = 3;
const LIMITS: Limits = Limits {
    depth: 8,
    visits: 100_000,
};

/// A stay as a person would list it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stay {
    parent: Node,
    item: i64,
    child: Node,
    from: i64,
    to: Option<i64>,
}

/// What a person does or finds wrong.
#[derive(Debug, Clone, Copy)]
enum Deed {
    /// Car, pack or cells, which spare, where the old part goes, day.
    Swap(i64, bool, usize, usize, i64),
    /// A stay by its place among the known ones, and the part that it really was; or none.
    Wrong(usize, Option<usize>, Option<i64>),
}

const PACK: i64 = 3;
const CELL: i64 = 4;

fn pack(n: i64) -> Node {
    Node::Piece(LotNumber(PACK * 1_000_000_000 + 1), n)
}

fn cells(n: i64) -> Node {
    Node::Lot(LotNumber(CELL * 1_000_000_000 + n))
}

/// Pack n is in car n from day n on, with cells of lot 1.
fn built() -> Vec<Stay> {
    let car = |n: i64| {
        let stay = |parent, item, child| Stay {
            parent,
            item,
            child,
            from: n,
            to: None,
        };
        [
            stay(Node::Vehicle(n), PACK, pack(n)),
            stay(pack(n), CELL, cells(1)),
        ]
    };
    (1..=CARS).flat_map(car).collect()
}

fn edge(stay: &Stay, record: i64) -> Edge {
    Edge {
        parent: stay.parent,
        child: stay.child,
        item: stay.item,
        quantity: Quantity::from_units(1),
        valid: Period {
            from: stay.from,
            to: stay.to.unwrap_or(OPEN),
        },
        recorded: Period::since(record),
        origin: Origin::Row(record),
    }
}

/// The record as it is kept: versions with two times.
struct Kept(Vec<Edge>);

impl Kept {
    fn known(&self) -> Holdings {
        Holdings(
            self.0
                .iter()
                .filter(|edge| edge.recorded.is_open())
                .copied()
                .collect(),
        )
    }

    /// Ends and begins versions at a record; what was known before is not touched.
    fn record(&mut self, record: i64, before: &Holdings, after: Holdings) {
        let (closed, opened) = after.against(before);
        for edge in &mut self.0 {
            if edge.recorded.is_open() && closed.contains(edge) {
                edge.recorded.to = record;
            }
        }
        self.0.extend(opened.into_iter().map(|edge| Edge {
            recorded: Period::since(record),
            origin: Origin::Row(record),
            ..edge
        }));
    }
}

/// Every unit above a part, or every part below a unit, by trying all days one by one.
fn tried(stays: &[Stay], first: Node, way: Way, time: Time) -> BTreeSet<(Node, i64)> {
    let there = |stay: &Stay, day: i64| match time {
        Time::At(_) => stay.from <= day && stay.to.is_none_or(|to| day < to),
        Time::Ever(_) => stay.from <= day && stay.to.is_none_or(|to| day <= to),
    };
    let days: Vec<i64> = match time {
        Time::At(day) => vec![day],
        // A stay that begins after the day asked about does not count at all.
        Time::Ever(_) => (0..=DAYS * 2).collect(),
    };
    let mut found = BTreeSet::new();
    for day in days {
        let mut front = vec![first];
        let mut seen = BTreeSet::new();
        while let Some(node) = front.pop() {
            for stay in stays {
                let (near, far) = match way {
                    Way::Up => (stay.child, stay.parent),
                    Way::Down => (stay.parent, stay.child),
                };
                let counts = match time {
                    Time::At(_) => true,
                    Time::Ever(through) => stay.from <= through,
                };
                if near == node && counts && there(stay, day) {
                    found.insert((far, stay.item));
                    if seen.insert(far) {
                        front.push(far);
                    }
                }
            }
        }
    }
    found
}

fn walked(kept: &[Edge], first: Node, way: Way, question: Question) -> BTreeSet<(Node, i64)> {
    let mut walk = Walk::new(way, question, LIMITS, &[first]);
    loop {
        let wanted = walk.wanted();
        if wanted.is_empty() {
            break;
        }
        let near = |edge: &&Edge| {
            wanted.contains(match way {
                Way::Up => &edge.child,
                Way::Down => &edge.parent,
            })
        };
        walk.step(kept.iter().filter(near).copied().collect());
    }
    assert!(!walk.is_cut());
    let found = walk
        .visits()
        .iter()
        .filter_map(|visit| Some((visit.node, visit.edge?.item)));
    found.collect()
}

fn swap_in_list(stays: &mut Vec<Stay>, change: &Replacement) {
    let old = change.removed;
    for stay in stays.iter_mut() {
        let is_old =
            stay.parent == change.unit && Some(stay.child) == old && stay.item == change.item;
        let from_stock = stay.parent == Node::Place(Place::Stock)
            && Some(stay.child) == change.installed
            && stay.child.is_single();
        if stay.to.is_none() && (is_old || from_stock) {
            stay.to = Some(change.on);
        }
    }
    let mut begins = |parent, child: Node| {
        let there =
            |stay: &&mut Stay| (stay.parent, stay.child) == (parent, child) && stay.to.is_none();
        // Cells that join cells of their lot are one stay from then on.
        if !child.is_single()
            && !matches!(parent, Node::Place(_))
            && let Some(stay) = stays.iter_mut().find(there)
        {
            stay.to = Some(change.on);
        }
        stays.push(Stay {
            parent,
            item: change.item,
            child,
            from: change.on,
            to: None,
        });
    };
    begins(change.goes_to, old.unwrap_or(change.unit));
    if let Some(part) = change.installed {
        begins(change.unit, part);
    }
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        3 => (1..=CARS, any::<bool>(), 0usize..5, 0usize..4, 1..DAYS)
            .prop_map(|(car, packs, spare, goes, on)| Deed::Swap(car, packs, spare, goes, on)),
        1 => (0usize..64, proptest::option::of(0usize..5), proptest::option::of(1..DAYS))
            .prop_map(|(at, part, from)| Deed::Wrong(at, part, from)),
    ]
}

/// What a swap means in this little world, given what is known.
fn swap(known: &[Stay], deed: (i64, bool, usize, usize, i64)) -> Option<Replacement> {
    let (car, packs, spare, goes, on) = deed;
    let unit = if packs { Node::Vehicle(car) } else { pack(car) };
    let item = if packs { PACK } else { CELL };
    let old = known
        .iter()
        .rev()
        .find(|stay| stay.parent == unit && stay.item == item && stay.to.is_none())?;
    let spare = i64::try_from(spare).unwrap_or(0);
    let installed = if packs {
        pack(CARS + spare)
    } else {
        cells(1 + spare)
    };
    let goes_to = match (packs, goes) {
        (_, 0) => Node::Place(Place::Scrap),
        (true, 1) => Node::Vehicle(car % CARS + 1),
        (false, 1) => pack(car % CARS + 1),
        _ => Node::Place(Place::Stock),
    };
    Some(Replacement {
        unit,
        item,
        removed: Some(old.child),
        installed: Some(installed).filter(|_| spare > 0),
        quantity: Quantity::ZERO,
        goes_to,
        on,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Random swaps and corrections; at every record and every day, both ways, the versions say what the lists say.
    #[test]
    fn two_times_say_what_a_list_for_every_record_says(
        deeds in proptest::collection::vec(deed(), 1..14),
        asked in proptest::collection::vec((0i64..16, 0i64..DAYS + 2, any::<bool>()), 12),
    ) {
        let mut lists = vec![built()];
        let mut kept = Kept(built().iter().map(|stay| edge(stay, 0)).collect());
        for deed in deeds {
            let Some(mut list) = lists.last().cloned() else { continue };
            let before = kept.known();
            let mut after = before.clone();
            let record = i64::try_from(lists.len()).unwrap_or(0);
            match deed {
                Deed::Swap(car, packs, spare, goes, on) => {
                    let Some(change) = swap(&list, (car, packs, spare, goes, on)) else { continue };
                    if after.replace(&change).is_err() { continue }
                    swap_in_list(&mut list, &change);
                }
                Deed::Wrong(at, part, from) => {
                    let at = at % list.len().max(1);
                    if list.is_empty() { continue }
                    let wrong = list[at];
                    let twins = list.iter().filter(|stay| (stay.parent, stay.item, stay.child) == (wrong.parent, wrong.item, wrong.child));
                    if twins.count() > 1 { continue }
                    let part = part.map(|n| {
                        let n = i64::try_from(n).unwrap_or(0);
                        if wrong.item == PACK { pack(CARS + 10 + n) } else { cells(10 + n) }
                    });
                    let actual = part.map(|part| Fitted { part, quantity: None, from, to: None });
                    let change = Correction { unit: wrong.parent, item: wrong.item, recorded: Some(wrong.child), at: None, actual };
                    if after.correct(&change).is_err() { continue }
                    list.remove(at);
                    if let Some(part) = part {
                        let next: Vec<usize> = list.iter().enumerate().filter(|(_, stay)| {
                            matches!(stay.parent, Node::Place(_)) && (stay.child, stay.item) == (wrong.child, wrong.item) && Some(stay.from) == wrong.to
                        }).map(|(at, _)| at).collect();
                        if let [at] = next.as_slice() {
                            list[*at].child = part;
                        }
                        list.push(Stay { child: part, from: from.unwrap_or(wrong.from), ..wrong });
                    }
                }
            }
            kept.record(record, &before, after);
            lists.push(list);
        }
        // What is known of the past is what was written down then, and a piece is in one place at the end of a day.
        for list in &lists {
            for day in 0..DAYS + 2 {
                let mut places = BTreeSet::new();
                for stay in list.iter().filter(|stay| stay.child.is_single() && stay.from <= day && stay.to.is_none_or(|to| day < to)) {
                    prop_assert!(places.insert(stay.child), "{:?} is in two places on day {day}", stay.child);
                }
            }
        }
        let last = i64::try_from(lists.len()).unwrap_or(1) - 1;
        for (known, day, ever) in asked {
            let known = known.min(last);
            let time = if ever { Time::Ever(day) } else { Time::At(day) };
            let list = &lists[usize::try_from(known).unwrap_or(0)];
            let question = Question { known, time };
            for car in 1..=CARS {
                let first = Node::Vehicle(car);
                prop_assert_eq!(walked(&kept.0, first, Way::Down, question), tried(list, first, Way::Down, time));
            }
            for n in 1..=4 {
                for first in [cells(n), pack(n)] {
                    prop_assert_eq!(walked(&kept.0, first, Way::Up, question), tried(list, first, Way::Up, time));
                }
            }
        }
    }
}

#[test]
fn a_swap_of_today_and_a_swap_of_the_past_that_was_overtaken() {
    let mut known = Holdings(built().iter().map(|stay| edge(stay, 0)).collect());
    let change = Replacement {
        unit: Node::Vehicle(1),
        item: PACK,
        removed: None,
        installed: Some(pack(9)),
        quantity: Quantity::ZERO,
        goes_to: Node::Place(Place::Stock),
        on: 5,
    };
    assert_eq!(known.replace(&change), Ok(()));
    let again = Replacement {
        removed: Some(pack(1)),
        installed: Some(pack(8)),
        on: 3,
        ..change
    };
    assert_eq!(
        known.replace(&again),
        Err(super::EditRefusal::TakenOutLater(5))
    );
    let twice = Replacement {
        unit: Node::Vehicle(2),
        installed: Some(pack(9)),
        on: 6,
        ..change
    };
    assert_eq!(
        known.replace(&twice),
        Err(super::EditRefusal::Elsewhere(Node::Vehicle(1)))
    );
    let back = Replacement {
        installed: Some(pack(1)),
        ..twice
    };
    assert_eq!(known.replace(&back), Ok(()), "it lay in stock");
    let gone = Replacement {
        installed: None,
        goes_to: Node::Place(Place::Scrap),
        on: 7,
        ..twice
    };
    assert_eq!(known.replace(&gone), Ok(()));
    let dead = Replacement {
        unit: Node::Vehicle(3),
        installed: Some(pack(1)),
        on: 8,
        ..change
    };
    assert_eq!(known.replace(&dead), Err(super::EditRefusal::Scrapped));
    assert_eq!(
        known.replace(&Replacement { on: 0, ..dead }),
        Err(super::EditRefusal::BeforeFitted(3))
    );
}
