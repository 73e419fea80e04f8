//! The bill of material (RULES 1; Orlicky, Material Requirements Planning, low-level coding). It must not
//! know stock, dates or prices. Units: thousandths of the child per unit of the parent. Invariants: no
//! cycle; an item's level is below all its parents; an explosion never overflows, because `build` tries the
//! largest one there is.
mod explode;
mod home;
mod level;
#[cfg(test)]
mod tests;

pub use explode::{NeedCache, Needs};
pub use home::Home;

use crate::feature::Condition;
use takt_kernel::{Quantity, Share, ceil_div};

/// An item as the explosion sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its name, for messages.
    pub id: String,
    /// Made here (true) or bought.
    pub made: bool,
    /// Good units per unit released, above 0 and at most 1; matters for made items only.
    pub order_yield: Share,
}

/// A line: `qty` of `child` for one `parent`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Index of the parent.
    pub parent: usize,
    /// Index of the child.
    pub child: usize,
    /// Gross quantity per parent; `mass_yield` never divides it (RULES 1).
    pub qty: Quantity,
    /// When the line applies.
    pub condition: Condition,
    /// Part of the child that is lost: gross = qty / (1 - scrap); at least 0 and below 1.
    pub component_scrap: Share,
}

/// Why a bill of material cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BomError {
    /// A line points outside the items.
    #[error("line {line} names item {item}, and there are {items} items")]
    UnknownItem {
        /// Index of the line.
        line: usize,
        /// The index it names.
        item: usize,
        /// How many items there are.
        items: usize,
    },
    /// A part contains itself.
    #[error("the bill of material has a cycle: {}", path.join(" > "))]
    Cycle {
        /// The items around the cycle; the first stands again at the end.
        path: Vec<String>,
    },
    /// A bought item has parts.
    #[error("{item} is bought and cannot have parts; make it a made item or drop its lines")]
    BoughtParent {
        /// The item.
        item: String,
    },
    /// A quantity, scrap or yield is outside its range.
    #[error("{what} of {item} is out of range: {range}")]
    OutOfRange {
        /// The item.
        item: String,
        /// Which figure.
        what: &'static str,
        /// What it must be.
        range: &'static str,
    },
    /// One vehicle would need more than nine million units.
    #[error("one vehicle would need more than nine million units of {item}")]
    TooLarge {
        /// The item.
        item: String,
    },
}

/// A bill of material, checked and levelled.
#[derive(Debug, Clone)]
pub struct Bom {
    items: Vec<Item>,
    lines: Vec<Line>,
    /// Lines by parent: `lines[first_line[p]..first_line[p + 1]]`.
    first_line: Vec<usize>,
    level: Vec<u32>,
    /// Items in ascending level, so that parents come before children.
    order: Vec<usize>,
    optional: Vec<bool>,
    changed: Vec<bool>,
    variants: Vec<u64>,
    root: usize,
}

impl Bom {
    /// Checks and levels a bill of material whose vehicle is `root`. Cost: O(items + lines).
    pub fn build(items: Vec<Item>, mut lines: Vec<Line>, root: usize) -> Result<Self, BomError> {
        check(&items, &lines, root)?;
        lines.sort_by_key(|line| line.parent);
        let mut first_line = vec![0usize; items.len() + 1];
        for line in &lines {
            first_line[line.parent + 1] += 1;
        }
        for at in 0..items.len() {
            first_line[at + 1] += first_line[at];
        }
        let (level, order) = level::levels(&items, &lines, &first_line)?;
        let (optional, changed) = (vec![false; items.len()], vec![false; items.len()]);
        let variants = vec![0; items.len()];
        let mut bom = Self {
            items,
            lines,
            first_line,
            level,
            order,
            optional,
            changed,
            variants,
            root,
        };
        bom.spread_conditions();
        bom.check_size()?;
        Ok(bom)
    }

    fn spread_conditions(&mut self) {
        self.variants[self.root] = u64::MAX;
        for at in 0..self.order.len() {
            let parent = self.order[at];
            for line in self.first_line[parent]..self.first_line[parent + 1] {
                let (child, condition) = (self.lines[line].child, &self.lines[line].condition);
                self.optional[child] |= self.optional[parent] || condition.is_optional();
                self.changed[child] |= self.changed[parent] || condition.is_changed();
                self.variants[child] |= self.variants[parent] & condition.variants();
            }
        }
    }

    /// The lines whose parent is `item`, in file order.
    pub fn lines_of(&self, item: usize) -> &[Line] {
        match (self.first_line.get(item), self.first_line.get(item + 1)) {
            (Some(from), Some(to)) => &self.lines[*from..*to],
            _ => &[],
        }
    }

    /// The items in file order.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The vehicle.
    pub fn root(&self) -> usize {
        self.root
    }

    /// The low-level code: the longest path from an item without parents, which has 0.
    pub fn level(&self, item: usize) -> u32 {
        self.level.get(item).copied().unwrap_or(0)
    }

    /// True where an option other than the variant decides how much of the item a vehicle needs.
    pub fn is_optional(&self, item: usize) -> bool {
        self.optional.get(item).copied().unwrap_or(false)
    }

    /// True where an engineering change decides whether or how much of the item a vehicle needs.
    pub fn is_changed(&self, item: usize) -> bool {
        self.changed.get(item).copied().unwrap_or(false)
    }

    /// True where some vehicle of the variant can need the item.
    pub fn is_used_by(&self, item: usize, variant: usize) -> bool {
        self.variants
            .get(item)
            .is_some_and(|mask| mask >> variant & 1 == 1)
    }

    /// Where an item is used directly, in file order of the parents.
    pub fn where_used(&self, item: usize) -> Vec<&Line> {
        self.lines
            .iter()
            .filter(|line| line.child == item)
            .collect()
    }

    /// Every item above, nearest level last in file order within a level, without doubles.
    pub fn ancestors(&self, item: usize) -> Vec<usize> {
        let mut above = vec![false; self.items.len()];
        for at in self.order.iter().rev() {
            for line in self.lines_of(*at) {
                above[*at] |= line.child == item || above[line.child];
            }
        }
        self.order.iter().copied().filter(|at| above[*at]).collect()
    }
}

/// The quantity to release so that `receipt` arrives good: ceil(receipt / yield) in whole base units where
/// there is a loss (RULES 1); None where the yield is not positive.
pub fn release_quantity(receipt: Quantity, order_yield: Share) -> Option<Quantity> {
    if order_yield == Share::ONE {
        return Some(receipt);
    }
    let numerator = i128::from(receipt.milli()) * 1000;
    let units = if order_yield.0 > 0 {
        ceil_div(numerator, i128::from(order_yield.0))
    } else {
        None
    };
    units.map(Quantity::from_units)
}

fn check(items: &[Item], lines: &[Line], root: usize) -> Result<(), BomError> {
    let unknown = |line, item| BomError::UnknownItem {
        line,
        item,
        items: items.len(),
    };
    if root >= items.len() {
        return Err(unknown(0, root));
    }
    for (at, line) in lines.iter().enumerate() {
        let parent = items
            .get(line.parent)
            .ok_or_else(|| unknown(at, line.parent))?;
        let child = items
            .get(line.child)
            .ok_or_else(|| unknown(at, line.child))?;
        if !parent.made {
            return Err(BomError::BoughtParent {
                item: parent.id.clone(),
            });
        }
        let out = |what, range| BomError::OutOfRange {
            item: child.id.clone(),
            what,
            range,
        };
        if line.qty.milli() <= 0 {
            return Err(out("qty", "it is above 0"));
        }
        if !(0..1_000_000).contains(&line.component_scrap.0) {
            return Err(out("component_scrap", "it is at least 0 and below 1"));
        }
    }
    for item in items {
        if !(1..=1_000_000).contains(&item.order_yield.0) {
            let range = "it is above 0 and at most 1";
            return Err(BomError::OutOfRange {
                item: item.id.clone(),
                what: "order_yield",
                range,
            });
        }
    }
    Ok(())
}
