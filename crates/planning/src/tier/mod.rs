//! Who stands behind whom, on every tier: a graph of sites (who makes what) and links (what goes to whom), its traversal, its
//! concentration and the efficiency of its chains. It must not know names, files or services. Invariants: nothing recurses and
//! every question has a budget, so that a hostile graph ends with a status; what nobody knows is counted, never guessed.
//!
//! Sources: value-added ratio and stock as waiting, Rother and Shook, *Learning to See* (1999); rolled throughput yield, ISO
//! 13053-2; Herfindahl-Hirschman index, Hirschman (1964); days of stock as money, Little (1961).
mod concentration;
mod efficiency;
mod graph;
mod place;
#[cfg(test)]
mod tests;
mod won;

pub use concentration::{Shared, SharedBehind, Single, Singles, shared, singles};
pub use efficiency::{Chains, Gaps, Leg, LinkFacts, Part, SiteFacts, Whole, hhi, whole};
pub use graph::{Budget, Cycle, Direction, End, Graph, GraphError, Link, Reached, Traversal, Why};
pub use place::great_circle;
pub use won::{Day, Kind, Won, won};
