//! Material requirements planning over any bill of material: netting by low-level code (Orlicky, Material
//! Requirements Planning), pegging, finite capacity, replanning of what a change touches. It must not know services,
//! files or clocks, and not the running programme, whose netting is `crate::netting`. Units: thousandths and days
//! counted from the first day of the problem. Invariants: an item is netted once, after all its parents, whatever
//! the number of paths to it; an order that should have started in the past stays there and says so.
mod calendar;
mod change;
mod csv;
mod error;
mod finite;
mod late;
mod limits;
mod lot;
mod message;
mod near;
mod net;
mod network;
mod options;
mod parse;
mod peg;
mod plan;
mod problem;
mod replan;
mod report;
mod shop_hours;
mod source;
mod wagner_whitin;

pub use calendar::Calendar;
pub use change::Change;
pub use error::MrpError;
pub use finite::Schedule;
pub use late::LateOrder;
pub use lot::{Lot, LotCost, LotRule, economic_quantity};
pub use message::{Action, Message};
pub use parse::{Texts, parse};
pub use peg::{Consumer, Peg, Pegging, Supplier};
pub use plan::Plan;
pub use problem::{
    Alternate, Bucket, Capacity, Day, Demand, Item, Line, Problem, Receipt, Shop, Source, Standing,
};
pub use replan::Replanned;
pub use report::{ItemReport, PlannedRelease, PlannedSupply};
pub use shop_hours::{Maintenance, ShiftPlan, ShopHours};
pub use source::Sourced;
pub use wagner_whitin::cheapest_lots;
