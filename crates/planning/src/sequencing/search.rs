//! Local search over sequences: millions of small moves a second, each taken when the line gets no dearer, or
//! little dearer while the search is warm.
//!
//! It must not know a clock, a thread or a caller that cancels: [`Search::step`] tries a number of moves and
//! returns, and who calls it decides when to stop. Invariants: one problem, one seed and one number of moves
//! give one result, however the moves are cut into steps; the best sequence never gets worse.
use super::construct;
use super::cooling::Cooling;
use super::problem::{Problem, ProblemError};
use super::propose::Proposer;
use super::random::Dice;
use super::score::{self, Report};
use super::track::Track;

/// A search that can be continued.
#[derive(Debug, Clone)]
pub struct Search {
    problem: Problem,
    track: Track,
    proposer: Proposer,
    cooling: Cooling,
    dice: Dice,
    best: Vec<u32>,
    best_cost: i64,
    tried: u64,
    taken: u64,
}

/// How far a search is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Moves tried since the start.
    pub tried: u64,
    /// Moves carried out since the start.
    pub taken: u64,
    /// The score of the best sequence.
    pub score: i64,
    /// Nothing is left to improve: the score is 0 or nothing can move.
    pub done: bool,
}

impl Search {
    /// A search from the better of the order of the plan and a greedy one.
    pub fn new(problem: Problem, seed: u64) -> Result<Self, ProblemError> {
        problem.check()?;
        let plan = problem.plan_order();
        let rank = |order: &[u32]| score::report(&problem, order).map(|told| told.rank());
        let start = match construct::greedy(&problem) {
            Some(greedy) if rank(&greedy)? < rank(&plan)? => greedy,
            _ => plan,
        };
        Self::from_order(problem, &start, seed)
    }

    /// A search from an order of the caller.
    pub fn from_order(problem: Problem, order: &[u32], seed: u64) -> Result<Self, ProblemError> {
        problem.check()?;
        problem.check_order(order)?;
        let mut track = Track::new(&problem, order, 0);
        track.mend();
        Ok(Self::on(problem, track, seed))
    }

    pub(super) fn on(problem: Problem, track: Track, seed: u64) -> Self {
        Self {
            best: track.day().collect(),
            best_cost: track.cost,
            proposer: Proposer::new(&problem, &track),
            cooling: Cooling::new(track.weights(), track.paint_rank()),
            dice: Dice::new(seed),
            tried: 0,
            taken: 0,
            problem,
            track,
        }
    }

    /// Tells how many moves the caller means to spend in all: then the search anneals towards that end instead
    /// of only descending. May be told again when the pace turns out otherwise; 0 is no aim.
    pub fn aim(&mut self, moves: u64) {
        self.cooling.aim(moves);
    }

    /// Tries `moves` more moves.
    pub fn step(&mut self, moves: u64) -> Progress {
        for _ in 0..moves {
            if self.best_cost == 0 || self.track.len() < self.track.first + 2 {
                break;
            }
            let descended = self.cooling.descends();
            self.cooling.heat(self.tried, &mut self.dice);
            self.tried += 1;
            let late = self.cooling.late();
            if let Some(change) = self.proposer.propose(&self.track, late, &mut self.dice)
                && let Some(price) = self.track.price(&change, &self.cooling.heat)
            {
                self.track.apply(&change, price);
                self.taken += 1;
                if self.track.cost < self.best_cost {
                    self.keep();
                }
            }
            if self.cooling.descends() && !descended && self.track.cost > self.best_cost {
                self.track.reset(&self.best);
            }
        }
        self.progress()
    }

    fn keep(&mut self) {
        self.best_cost = self.track.cost;
        self.best.clear();
        self.best.extend(self.track.day());
    }

    /// How far the search is.
    pub fn progress(&self) -> Progress {
        Progress {
            tried: self.tried,
            taken: self.taken,
            score: self.best_cost,
            done: self.best_cost == 0 || self.track.len() < self.track.first + 2,
        }
    }

    /// The best order so far: indices into the day.
    pub fn best(&self) -> &[u32] {
        &self.best
    }

    /// The best order scored anew, with its violations.
    pub fn report(&self) -> Result<Report, ProblemError> {
        score::report(&self.problem, &self.best)
    }

    /// What is searched.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }
}
