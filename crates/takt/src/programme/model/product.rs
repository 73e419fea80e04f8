//! Items, their sources and the bill of material with option conditions. It must not know how a bill is
//! exploded. Invariants: a made item has no agreements, a bought one at least one and shares that add up
//! to 1; the bill has no cycle.
use std::fmt;
use takt_kernel::{
    ItemId, OptionKey, OptionValue, Price, Quantity, Share, ShopId, SupplierId, Unit,
};

/// A part, material, subassembly or the vehicle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its part number.
    pub id: ItemId,
    /// Its name for people.
    pub name: String,
    /// The group for reports: `biw`, `battery`, `final`.
    pub group: String,
    /// What a quantity of it counts.
    pub unit: Unit,
    /// Made in the plant, or bought.
    pub make: bool,
    /// The shop that makes it or, bought, consumes it.
    pub shop: ShopId,
    /// Mass of one unit in milligrams.
    pub mass_mg: i64,
    /// Cost of one unit; of a made item a roll-up that never counts again (RULES 2).
    pub unit_cost: Price,
    /// Orders are whole lots of this; the minimum order is one.
    pub lot_size: Quantity,
    /// Each unit has a serial of its own in the as-built (RULES 14).
    pub serial: bool,
    /// Good share of a made lot: release = ceil(receipt / yield).
    pub order_yield: Share,
    /// Days from start to receipt of a made item; 0 for bought ones, whose agreements have their own.
    pub make_lead_days: i64,
    /// Who supplies it, in the order of the file: place 0 is supplier rank 1. Empty for a made item.
    pub agreements: Vec<Agreement>,
}

/// One supplier of a bought item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// Who supplies.
    pub supplier: SupplierId,
    /// The share of the lots that this supplier gets.
    pub share: Share,
    /// Calendar days from order to receipt, transit included (RULES 4).
    pub lead_time_days: i64,
    /// The low end of the cost estimate.
    pub cost_low: Price,
    /// The high end of the cost estimate.
    pub cost_high: Price,
    /// The evidence that this supplier supplies this item.
    pub source_kind: String,
}

/// One line of the bill of material.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BomLine {
    /// What it goes into.
    pub parent: ItemId,
    /// What goes in.
    pub child: ItemId,
    /// Gross consumption per unit of the parent (RULES 1), in the child's unit.
    pub qty: Quantity,
    /// When the line counts; empty means always.
    pub condition: Condition,
    /// The part of the mass that stays on the vehicle. It never divides `qty`.
    pub mass_yield: Share,
    /// Scrap in the step: gross = qty / (1 - scrap).
    pub component_scrap: Share,
}

/// When a BOM line counts: all terms must hold.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct Condition {
    /// The terms, each of another feature.
    pub terms: Vec<Term>,
}

/// One feature and the values that satisfy it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Term {
    /// `VAR` or a feature.
    pub key: OptionKey,
    /// Any of these.
    pub values: Vec<OptionValue>,
}

impl Condition {
    /// True for a line that always counts.
    pub fn is_always(&self) -> bool {
        self.terms.is_empty()
    }

    /// True where the configuration, asked feature by feature, satisfies every term.
    pub fn holds<'c>(&self, configuration: impl Fn(&str) -> Option<&'c str>) -> bool {
        self.terms.iter().all(|term| {
            configuration(term.key.as_str())
                .is_some_and(|chosen| term.values.iter().any(|value| value.as_str() == chosen))
        })
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, term) in self.terms.iter().enumerate() {
            let semicolon = if place == 0 { "" } else { ";" };
            write!(out, "{semicolon}{}=", term.key)?;
            for (place, value) in term.values.iter().enumerate() {
                let comma = if place == 0 { "" } else { "," };
                write!(out, "{comma}{value}")?;
            }
        }
        Ok(())
    }
}
