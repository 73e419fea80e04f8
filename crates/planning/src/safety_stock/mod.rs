//! Where safety stock lies cheapest: the guaranteed-service model on trees of stages. It must not know items, sites or money's
//! currency. Source: Graves and Willems, Optimizing Strategic Safety Stock Placement in Supply Chains, Manufacturing & Service
//! Operations Management 2(1), 2000; the form of Snyder and Shen, Fundamentals of Supply Chain Theory, chapter 6. Invariants: no
//! stage quotes a time that it cannot keep; the optimum costs no more than any other placing that keeps the same promises.
//!
//! A stage gets its goods within the service time of its slowest supplier, works on them, and quotes a service time of its own. What
//! it must bridge from its own stock is the time that is left, and demand in so many periods stays within its mean and
//! `quantile x deviation x root of the periods`.
mod demand;
mod placing;
mod solve;
#[cfg(test)]
mod tests;
mod tree;

pub use demand::{Demand, demand};
pub use placing::{Placed, Placing, STOCK_UNIT, bound, each_stage, last_stages};
pub use solve::optimum;
pub use tree::{Link, MOST_PERIODS, MOST_VARIANCE, Stage, Tree, TreeError, pooled};
