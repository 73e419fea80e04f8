//! Supply: what is free, what is reserved and what will come of each bought item, and how it changes.
//!
//! It must not know rows or messages. Invariants: SU-1 what stands in the tables is what the changes of the log add up
//! to, so any earlier version is the newest one less what came after it; a cell that is nothing is not there.

use std::collections::BTreeMap;

use takt_kernel::Date;

use crate::programme::SourceNo;

pub(crate) mod store;
pub(crate) mod wire;

/// What a quantity is; the numbers are those of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Released and not reserved; the day is that of the receipt.
    Free = 1,
    /// Kept for builds and promises; it has no day.
    Reserved = 2,
    /// Ordered and not shipped; the day is that of the order line.
    Ordered = 3,
    /// Under way; the day is that of the notice.
    Shipped = 4,
}

impl Kind {
    /// The kind of a number.
    pub(crate) fn of(number: i64) -> Option<Self> {
        [Self::Free, Self::Reserved, Self::Ordered, Self::Shipped]
            .into_iter()
            .find(|kind| *kind as i64 == number)
    }
}

/// Where a quantity stands. Goods that are in the house have the rank 0 and the line 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cell {
    /// The item and its supplier.
    pub(crate) source: SourceNo,
    /// What it is.
    pub(crate) kind: Kind,
    /// The day.
    pub(crate) on: Date,
    /// The order line.
    pub(crate) line: i64,
}

/// Quantities by cell in thousandths: a state, or what changes in one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cells(pub(crate) BTreeMap<Cell, i64>);

impl Cells {
    /// Adds to a cell.
    pub(crate) fn add(&mut self, cell: Cell, thousandths: i64) {
        let sum = self.0.entry(cell).or_default();
        *sum += thousandths;
        if *sum == 0 {
            self.0.remove(&cell);
        }
    }

    /// Adds goods in the house that became free, or that ceased to be.
    pub(crate) fn free(&mut self, item_no: u32, received_on: Date, thousandths: i64) {
        let source = SourceNo::new(item_no, 0);
        let cell = Cell {
            source,
            kind: Kind::Free,
            on: received_on,
            line: 0,
        };
        self.add(cell, thousandths);
    }

    /// Adds goods in the house that became reserved, or that ceased to be.
    pub(crate) fn reserved(&mut self, item_no: u32, thousandths: i64) {
        let source = SourceNo::new(item_no, 0);
        let cell = Cell {
            source,
            kind: Kind::Reserved,
            on: Date::from_epoch_day(0),
            line: 0,
        };
        self.add(cell, thousandths);
    }

    /// Adds changes, `times` over: 1 applies them and -1 takes them back.
    pub(crate) fn apply(&mut self, changes: &Self, times: i64) {
        for (cell, thousandths) in &changes.0 {
            self.add(*cell, thousandths * times);
        }
    }

    /// The numbers that stand for them in a row of the log, five a cell.
    pub(crate) fn numbers(&self) -> Vec<i64> {
        let five = |(cell, thousandths): (&Cell, &i64)| {
            [
                cell.source.0,
                cell.kind as i64,
                cell.on.epoch_day().into(),
                cell.line,
                *thousandths,
            ]
        };
        self.0.iter().flat_map(five).collect()
    }

    /// Reads the numbers of a row; None when they are none.
    pub(crate) fn of_numbers(numbers: &[i64]) -> Option<Self> {
        let (fives, rest) = numbers.as_chunks::<5>();
        let mut cells = Self::default();
        for [source, kind, on, line, thousandths] in fives {
            let cell = Cell {
                source: SourceNo(*source),
                kind: Kind::of(*kind)?,
                on: Date::from_epoch_day(i32::try_from(*on).ok()?),
                line: *line,
            };
            cells.add(cell, *thousandths);
        }
        rest.is_empty().then_some(cells)
    }
}

/// Supply at a version, kept between questions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Supply {
    /// The version.
    pub(crate) version: i64,
    /// The quantities.
    pub(crate) cells: Cells,
    /// The version at which everything was read; what changed before it is not known.
    pub(crate) read_at: i64,
    /// The version at which an item changed last, of those that changed since.
    pub(crate) changed: BTreeMap<u32, i64>,
}

impl Supply {
    /// What was read whole.
    pub(crate) fn whole(version: i64, cells: Cells) -> Self {
        Self {
            version,
            cells,
            read_at: version,
            changed: BTreeMap::new(),
        }
    }

    /// Takes the changes of the next version in.
    pub(crate) fn next(&mut self, version: i64, changes: &Cells) {
        self.cells.apply(changes, 1);
        self.version = version;
        for cell in changes.0.keys() {
            self.changed.insert(cell.source.item_no(), version);
        }
    }

    /// Whether an item may have changed after a version.
    pub(crate) fn changed_after(&self, item_no: u32, version: i64) -> bool {
        version < self.read_at || self.changed.get(&item_no).is_some_and(|at| *at > version)
    }

    /// The cells of an item.
    pub(crate) fn of_item(&self, item_no: u32) -> impl Iterator<Item = (&Cell, i64)> {
        let first = |item_no| Cell {
            source: SourceNo::new(item_no, 0),
            kind: Kind::Free,
            on: Date::MIN,
            line: i64::MIN,
        };
        self.cells
            .0
            .range(first(item_no)..first(item_no + 1))
            .map(|(cell, thousandths)| (cell, *thousandths))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cells() -> impl Strategy<Value = Cells> {
        let cell = (
            1u32..4,
            0u32..3,
            1i64..5,
            0i32..9,
            0i64..4,
            -5_000i64..5_000,
        );
        prop::collection::vec(cell, 0..12).prop_map(|all| {
            let mut cells = Cells::default();
            for (item, rank, kind, on, line, thousandths) in all {
                let cell = Cell {
                    source: SourceNo::new(item, rank),
                    kind: Kind::of(kind).unwrap_or(Kind::Free),
                    on: Date::from_epoch_day(on),
                    line,
                };
                cells.add(cell, thousandths);
            }
            cells
        })
    }

    proptest! {
        #[test]
        fn a_version_is_the_newest_less_what_came_after_it(first in cells(), changes in prop::collection::vec(cells(), 0..8), at in 0usize..8) {
            let at = at.min(changes.len());
            let mut supply = Supply::whole(0, first);
            let mut then = supply.cells.clone();
            for (version, (place, change)) in (1i64..).zip(changes.iter().enumerate()) {
                supply.next(version, &Cells::of_numbers(&change.numbers()).unwrap());
                if place + 1 == at {
                    then = supply.cells.clone();
                }
            }
            let mut back = supply.cells.clone();
            for change in changes.iter().skip(at).rev() {
                back.apply(change, -1);
            }
            prop_assert_eq!(&back, &then);
            for item in 1..4u32 {
                let touched = changes.iter().skip(at).any(|change| change.0.keys().any(|cell| cell.source.item_no() == item));
                prop_assert_eq!(supply.changed_after(item, i64::try_from(at).unwrap()), touched);
                prop_assert!(supply.of_item(item).all(|(cell, _)| cell.source.item_no() == item));
            }
        }
    }
}
