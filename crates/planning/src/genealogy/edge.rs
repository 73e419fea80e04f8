//! A part in a unit, with its two times. It must not know who asks or how an edge is kept. Units: days since 1970 for
//! valid time, record numbers for record time, thousandths for quantities.
//!
//! A day is the smallest valid time, so the order within a day is not known. At a day means at its end: a part that was
//! put in on day 5 and taken out on day 9 is there at days 5 to 8. Ever means on some day, and both the day in and the day
//! out count, so that a recall errs to the safe side.
use takt_kernel::{LotNumber, Quantity};

/// The end of what has no end yet, in both times.
pub const OPEN: i64 = i64::MAX;

/// From and including `from`, to and excluding `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Period {
    /// The first day or record.
    pub from: i64,
    /// The first day or record after it; a stay within one day has `to` = `from`.
    pub to: i64,
}

impl Period {
    /// From a day or record on.
    pub const fn since(from: i64) -> Self {
        Self { from, to: OPEN }
    }

    /// Whether it has not ended.
    pub const fn is_open(self) -> bool {
        self.to == OPEN
    }

    /// Whether a day's end or a record lies in it.
    pub const fn holds(self, at: i64) -> bool {
        self.from <= at && at < self.to
    }

    /// Whether two stays contradict each other for a piece that is in one place at a time. Stays that touch do not; a
    /// stay within one day does, when it lies inside the other.
    pub const fn overlaps(self, other: Self) -> bool {
        self.from < other.to && other.from < self.to
    }

    /// The days that both have, the day in and the day out counted; none where they have none.
    pub fn meet(self, other: Self) -> Option<Self> {
        let (from, to) = (self.from.max(other.from), self.to.min(other.to));
        (from <= to).then_some(Self { from, to })
    }
}

/// Where parts end that are in no unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// Scrapped; nothing comes back from there.
    Scrap,
    /// On a shelf, to be fitted again.
    Stock,
}

/// A unit, a part, or a place. Two integers stand for it in databases, see `Node::key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Node {
    /// A vehicle by its build number.
    Vehicle(i64),
    /// A place outside of all units.
    Place(Place),
    /// A batch that somebody else numbered, by its number in the register.
    ForeignLot(i64),
    /// A piece that somebody else numbered, by its number in the register.
    ForeignPiece(i64),
    /// Parts of a lot of ours.
    Lot(LotNumber),
    /// A piece of a lot of ours by its number within the lot, from 1.
    Piece(LotNumber, i64),
}

/// Lot numbers of ours begin here: item 1 x 10^9.
const OURS: i64 = 1_000_000_000;

impl Node {
    /// The two integers: a vehicle is (-build, 0), a place (0, 1 or 2), something foreign (register number, 0 for a batch
    /// and 1 for a piece), ours (lot number, 0 for the lot and the piece's number for a piece).
    pub const fn key(self) -> (i64, i64) {
        match self {
            Self::Vehicle(build) => (-build, 0),
            Self::Place(Place::Scrap) => (0, 1),
            Self::Place(Place::Stock) => (0, 2),
            Self::ForeignLot(number) => (number, 0),
            Self::ForeignPiece(number) => (number, 1),
            Self::Lot(lot) => (lot.0, 0),
            Self::Piece(lot, unit) => (lot.0, unit),
        }
    }

    /// What two integers stand for; none where they stand for nothing.
    pub const fn of(key: (i64, i64)) -> Option<Self> {
        Some(match key {
            (..=-1, 0) => Self::Vehicle(-key.0),
            (0, 1) => Self::Place(Place::Scrap),
            (0, 2) => Self::Place(Place::Stock),
            (1..OURS, 0) => Self::ForeignLot(key.0),
            (1..OURS, 1) => Self::ForeignPiece(key.0),
            (OURS.., 0) => Self::Lot(LotNumber(key.0)),
            (OURS.., 1..) => Self::Piece(LotNumber(key.0), key.1),
            _ => return None,
        })
    }

    /// Whether it can be in one place only: a vehicle or a piece, not a lot.
    pub const fn is_single(self) -> bool {
        matches!(
            self,
            Self::Vehicle(_) | Self::ForeignPiece(_) | Self::Piece(..)
        )
    }
}

/// Where an edge is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// It follows from the ranges of the build.
    Range,
    /// It is a row of its own with this number.
    Row(i64),
    /// It is not kept yet.
    New,
}

/// That a part was in a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Edge {
    /// The unit.
    pub parent: Node,
    /// The part.
    pub child: Node,
    /// The number of the item that the part is; 0 where it is none of ours.
    pub item: i64,
    /// How much of it; zero where it is not known, as on the border of two lots.
    pub quantity: Quantity,
    /// When it was there.
    pub valid: Period,
    /// When it was known so.
    pub recorded: Period,
    /// Where the edge is kept.
    pub origin: Origin,
}

/// Which day is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Time {
    /// The end of this day.
    At(i64),
    /// Any day through this one.
    Ever(i64),
}

/// What is asked of the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// The last record that is known.
    pub known: i64,
    /// Which day.
    pub time: Time,
}

impl Question {
    /// The days on which an edge counts; none where it does not.
    pub fn sees(self, edge: &Edge) -> Option<Period> {
        let counts = edge.recorded.holds(self.known)
            && match self.time {
                Time::At(day) => edge.valid.holds(day),
                Time::Ever(through) => edge.valid.from <= through,
            };
        counts.then_some(edge.valid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_integers_stand_for_one_node() {
        let lot = LotNumber(3_010_000_001);
        for node in [
            Node::Vehicle(7),
            Node::Place(Place::Scrap),
            Node::Place(Place::Stock),
            Node::ForeignLot(5),
            Node::ForeignPiece(5),
            Node::Lot(lot),
            Node::Piece(lot, 12),
        ] {
            assert_eq!(Node::of(node.key()), Some(node));
        }
        for nothing in [(0, 0), (0, 3), (-1, 1), (5, 2), (OURS, -1)] {
            assert_eq!(Node::of(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn stays_that_touch_meet_and_do_not_overlap() {
        let (first, then, within) = (
            Period { from: 1, to: 5 },
            Period::since(5),
            Period { from: 3, to: 3 },
        );
        assert!(!first.overlaps(then) && first.overlaps(within) && !then.overlaps(within));
        assert_eq!(first.meet(then), Some(Period { from: 5, to: 5 }));
        assert_eq!(within.meet(then), None);
        assert!(first.holds(4) && !first.holds(5) && !within.holds(3));
    }
}
