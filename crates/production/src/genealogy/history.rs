//! What happened to a unit, told from the versions of its edges: what came and went on which day, since when that is known,
//! and whether it was found wrong later.
//!
//! It must not know how it is told further. Invariants: everything that was ever known is told; what is known no more says
//! with which record that ended.

use std::collections::BTreeMap;

use takt_kernel::Quantity;
use takt_planning::genealogy::{Edge, Node, OPEN, Origin};

/// A part came into a unit, or left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Step {
    /// The day.
    pub on: i64,
    /// Whether it left.
    pub left: bool,
    /// The number of the item.
    pub item: i64,
    /// The part.
    pub part: Node,
}

/// What is known of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// How much, where that is known.
    pub quantity: Quantity,
    /// The record from which it was known.
    pub since: i64,
    /// The record with which it was found wrong.
    pub wrong_since: Option<i64>,
    /// Whether it is part of the build.
    pub built: bool,
}

/// The steps of a unit in the order of days.
pub fn steps(edges: &[Edge]) -> BTreeMap<Step, Told> {
    let mut steps: BTreeMap<Step, Told> = BTreeMap::new();
    for edge in edges {
        let ends = (edge.valid.to < OPEN).then_some((edge.valid.to, true));
        for (on, left) in [(edge.valid.from, false)].into_iter().chain(ends) {
            let step = Step {
                on,
                left,
                item: edge.item,
                part: edge.child,
            };
            let until = (edge.recorded.to < OPEN).then_some(edge.recorded.to);
            let built = edge.origin == Origin::Range && !left;
            steps
                .entry(step)
                .and_modify(|told| {
                    told.since = told.since.min(edge.recorded.from);
                    told.wrong_since = told.wrong_since.zip(until).map(|(a, b)| a.max(b));
                    told.built |= built;
                })
                .or_insert(Told {
                    quantity: edge.quantity,
                    since: edge.recorded.from,
                    wrong_since: until,
                    built,
                });
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use takt_kernel::LotNumber;
    use takt_planning::genealogy::Period;

    use super::*;

    fn version(part: Node, valid: (i64, i64), recorded: (i64, i64), origin: Origin) -> Edge {
        let period = |(from, to)| Period { from, to };
        Edge {
            parent: Node::Vehicle(1),
            child: part,
            item: 3,
            quantity: Quantity::from_units(1),
            valid: period(valid),
            recorded: period(recorded),
            origin,
        }
    }

    #[test]
    fn a_swap_keeps_the_build_and_a_correction_says_that_it_was_wrong() {
        let pack = |n| Node::Piece(LotNumber(3_010_000_001), n);
        let told = steps(&[
            version(pack(1), (10, OPEN), (1, 2), Origin::Range),
            version(pack(1), (10, 20), (2, OPEN), Origin::Row(1)),
            version(pack(2), (20, OPEN), (2, 3), Origin::Row(2)),
            version(pack(3), (20, OPEN), (3, OPEN), Origin::Row(3)),
        ]);
        let seen: Vec<_> = told
            .iter()
            .map(|(step, told)| (step.on, step.left, step.part, told.wrong_since, told.built))
            .collect();
        assert_eq!(
            seen,
            [
                (10, false, pack(1), None, true),
                (20, false, pack(2), Some(3), false),
                (20, false, pack(3), None, false),
                (20, true, pack(1), None, false),
            ]
        );
    }
}
