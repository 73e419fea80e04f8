//! Car sequencing: the order of a day's vehicles for paint shop and final assembly together.
//!
//! The model is Renault's of the ROADEF challenge of 2005 (Solnon, Cung, Nguyen, Artigues 2008): p-of-q rules of
//! two priorities, purges between colours, a hard batch limit, carry-over from the day before. Plain car
//! sequencing (CSPLib problem 001) is the special case of one objective and one colour. The search is after
//! Estellon, Gardi and Nouioua, "Two local search approaches for solving real-life car sequencing problems",
//! EJOR 191 (2008).
//!
//! A [`Problem`] comes from [`roadef::read`], [`csplib::read`] or the caller. [`report`] scores an order. A [`Search`]
//! is stepped by whoever owns the clock: without an aim it descends, with [`Search::aim`] it anneals towards the
//! number of moves the caller means to spend. [`Resequencing`] works a disturbance into an order that is running.
//!
//! It must not know a file, a clock or a thread. Invariants: integers only; one problem, one seed and one number
//! of moves give one sequence; an order is a permutation of the day; a batch is never made longer than the limit.
mod bits;
mod construct;
mod cooling;
pub mod csplib;
mod homes;
mod mend;
mod moves;
mod plant;
mod problem;
mod propose;
mod random;
mod resequence;
pub mod roadef;
mod score;
mod search;
#[cfg(test)]
mod tests;
mod track;
mod windows;

pub use plant::{DaySearch, MOVES_PER_VEHICLE, PlantRules, Rule, Sequenced};
pub use problem::{
    CHALLENGE_WEIGHTS, LARGEST_WEIGHT, LONGEST_SPAN, MOST_RATIOS, MOST_VEHICLES, Objective,
    Problem, ProblemError, Ratio, Vehicle,
};
pub use resequence::{Disturbance, Moved, Refusal, Resequencing, Stability};
pub use score::{Objectives, Report, Violation, report};
pub use search::{Progress, Search};
