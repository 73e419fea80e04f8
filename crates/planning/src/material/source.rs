//! What there is of a bought item and who delivers more of it. It must not know orders for vehicles. Units: calendar
//! days from order to receipt (RULES 4), goods are received on the evening before their first use (RULES 5), lot k
//! goes to the supplier furthest below its share (RULES 7). Invariant: a share that is nobody's
//! is dealt to nobody.
use crate::quota::Quota;
use takt_kernel::{Date, Quantity, Share};

/// A supplier of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The supplier.
    pub supplier_id: String,
    /// Its share of the lots.
    pub share: Share,
    /// Days from order to receipt.
    pub lead_days: i32,
    /// Lots that it was given so far, with which the sequence goes on.
    pub ordered_lots: i64,
}

/// Goods that will come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The order line or notice.
    pub receipt_id: String,
    /// Who delivers it; empty where that is not known.
    pub supplier_id: String,
    /// The evening of the receipt; they may be used from the next day on.
    pub on: Date,
    /// How much.
    pub quantity: Quantity,
}

/// What there is and what will come of a bought item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stock {
    /// Usable on the first day of the plan.
    pub on_hand: Quantity,
    /// Kept back.
    pub safety: Quantity,
    /// What will come.
    pub expected: Vec<Expected>,
    /// The size of a lot; 0 means any quantity.
    pub lot: Quantity,
    /// Who delivers, in the order of their ranks; empty where nobody is known.
    pub sources: Vec<Source>,
}

impl Stock {
    /// The supplier with a share that delivers soonest; the first of equals.
    pub(super) fn fastest(&self) -> Option<&Source> {
        let shared = self.sources.iter().filter(|source| source.share.0 > 0);
        shared.reduce(|fast, source| match source.lead_days < fast.lead_days {
            true => source,
            false => fast,
        })
    }

    /// The index of that supplier.
    pub(super) fn fastest_place(&self) -> Option<usize> {
        let fastest = self.fastest()?;
        self.sources.iter().position(|source| source == fastest)
    }

    /// Whether whole lots are dealt out to several suppliers.
    pub(super) fn is_dealt(&self) -> bool {
        let shares: Vec<Share> = self.sources.iter().map(|source| source.share).collect();
        self.sources.len() > 1 && self.lot > Quantity::ZERO && Quota::new(&shares).is_ok()
    }
}

/// What is to be released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Release {
    /// When.
    pub on: Date,
    /// When it is received: the evening before its first use, or for a made item the day of use.
    pub due: Date,
    /// How much.
    pub quantity: Quantity,
    /// How many days ago it should have been released; 0 where there is still time.
    pub past_due_days: i32,
    /// The index of the supplier among the item's sources; none for a made item, or where nobody is known.
    pub source: Option<usize>,
}
