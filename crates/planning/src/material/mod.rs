//! The material plan of a vehicle programme: a programme, its orders and what there is of its parts, as a problem of
//! `mrp`, and the plan told in the programme's own items. It must not know files, rows or messages. Units: thousandths,
//! vehicles, dates. Invariants: what is required of an item on a day is what the running programme's own netting
//! requires (`option_plan`), which the tests hold equal; a release goes to the supplier that the quota names (RULES 7).
//!
//! Method: orders consume the ramp plan first, oldest first. The rest is forecast by modular planning bills (Orlicky,
//! Material Requirements Planning, chapter on bills of material): the vehicle without its options by variant, and beside
//! it the parts that options decide, by their shares.
mod demand;
mod plan;
mod problem;
mod shop;
mod source;

pub use demand::{Position, Wanted};
pub use plan::{ItemPlan, MaterialPlan, Named, Supplied};
pub use problem::{Mode, Request, Translated, translate};
pub use shop::Workshop;
pub use source::{Expected, Release, Source, Stock};

use crate::bom::Bom;
use crate::feature::Features;
use crate::line::{CalendarDay, Schedule};
use crate::orders::{Attribute, Founders};
use crate::ramp::RampPlan;
use crate::scale::Scale;
use takt_kernel::{Date, Share};

/// What a programme says.
#[derive(Debug, Clone, Copy)]
pub struct Basis<'a> {
    /// The bill of material.
    pub bom: &'a Bom,
    /// The options.
    pub features: &'a Features,
    /// Shares of option values, the edition left out.
    pub attributes: &'a [Attribute],
    /// The edition that is built first.
    pub founders: Option<Founders>,
    /// Shares of the variants among orders.
    pub variant_shares: &'a [Share],
    /// What the maker wants built.
    pub ramp: &'a RampPlan,
    /// What the line can do by day.
    pub schedule: &'a Schedule,
    /// The day of the first calendar entry.
    pub first: Date,
    /// The calendar through the last plan day, at the programme's own size.
    pub calendar: &'a [CalendarDay],
    /// The size of the run.
    pub scale: Scale,
    /// The shops.
    pub shops: &'a [Workshop],
    /// By item, the shop that makes it and the working days that it takes; none for bought ones.
    pub makes: &'a [Option<Make>],
}

/// How an item is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Make {
    /// Index of the shop.
    pub shop: usize,
    /// Working days from start to receipt; 0 for what is made on the day on which it is used.
    pub lead_days: i32,
}
