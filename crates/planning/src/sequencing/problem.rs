//! What is to be sequenced: the vehicles of a day, the tail of the day before, the ratio rules of the assembly
//! line, the batch limit of the paint shop and the order of the objectives (Renault's model of the ROADEF
//! challenge of 2005; plain car sequencing, CSPLib 001, is the same without paint).
//!
//! It must not know how a sequence is found. Invariant: a problem that passed [`Problem::check`] can be scored
//! and searched without overflow and without a panic.
use thiserror::Error;

/// The most ratio rules of a problem: one bit each in [`Vehicle::options`].
pub const MOST_RATIOS: usize = 64;
/// The most vehicles of a day and its tail together.
pub const MOST_VEHICLES: usize = 20_000;
/// The longest window of a ratio rule, in positions.
pub const LONGEST_SPAN: u32 = 1_024;
/// The largest weight of an objective: 64 rules over 20,000 windows stay inside an `i64`.
pub const LARGEST_WEIGHT: i64 = 1_000_000_000;

/// A p-of-q rule: of any `span` consecutive vehicles at most `most` have the option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ratio {
    /// How the plant calls it.
    pub name: String,
    /// The most vehicles with the option in a window.
    pub most: u32,
    /// The positions of a window.
    pub span: u32,
    /// Whether it belongs to [`Objective::High`], else to [`Objective::Low`].
    pub high: bool,
}

/// One body on the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vehicle {
    /// How the plant calls it: an order number or a VIN.
    pub ident: String,
    /// The paint, as an index.
    pub colour: u16,
    /// Bit `r` is set when the vehicle has the option of ratio rule `r`.
    pub options: u64,
}

/// What is made small; a problem lists them from the most to the least important.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Objective {
    /// Vehicles too many in the windows of high priority rules (EP).
    High,
    /// Vehicles too many in the windows of low priority rules (ENP).
    Low,
    /// Changes of colour, each a purge of the paint guns (RAF).
    Paint,
}

/// A day to be sequenced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The rules of the assembly line.
    pub ratios: Vec<Ratio>,
    /// The last vehicles of the day before, in their order: windows may begin among them.
    pub before: Vec<Vehicle>,
    /// The vehicles of the day, in the order of the plan.
    pub day: Vec<Vehicle>,
    /// The objectives, most important first; one that is missing counts nothing.
    pub objectives: Vec<Objective>,
    /// The weights of first, second and third objective in the score.
    pub weights: [i64; 3],
    /// The most vehicles of one colour in a row; hard.
    pub batch_limit: u32,
    /// How many vehicles of the last colour of the day before already count in the first batch. The
    /// challenge starts each day with a fresh batch: 0.
    pub carried_batch: u32,
}

/// Weights of the challenge: readable in decimal, lexicographic while the lower objectives stay under 1,000.
pub const CHALLENGE_WEIGHTS: [i64; 3] = [1_000_000, 1_000, 1];

/// Why a problem or an order cannot be worked on.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProblemError {
    /// More rules than bits.
    #[error(
        "the problem has {0} ratio rules and at most {MOST_RATIOS} can be scored; merge or drop rules"
    )]
    TooManyRatios(usize),
    /// More vehicles than the arithmetic is sized for.
    #[error(
        "the problem has {0} vehicles and at most {MOST_VEHICLES} can be sequenced; split the day by line or by shift"
    )]
    TooManyVehicles(usize),
    /// A window of no or of too many positions.
    #[error("ratio {name} has a window of {span} positions; it must be 1 to {LONGEST_SPAN}")]
    Span {
        /// The rule.
        name: String,
        /// Its window.
        span: u32,
    },
    /// A vehicle names a rule that does not exist.
    #[error(
        "vehicle {ident} has option {option} and the problem has {ratios} ratio rules; give the rule or clear the bit"
    )]
    UnknownOption {
        /// The vehicle.
        ident: String,
        /// The bit.
        option: u32,
        /// How many rules there are.
        ratios: usize,
    },
    /// A batch limit of nothing.
    #[error("the batch limit is 0 and no vehicle could be painted; give 1 or more")]
    NoBatch,
    /// An objective listed twice.
    #[error("objective {0:?} is listed twice; list each at most once")]
    Twice(Objective),
    /// A weight that is negative or too large.
    #[error("weight {0} is outside 0 to {LARGEST_WEIGHT}; scale the weights")]
    Weight(i64),
    /// An order that is not a permutation of the day.
    #[error("the order has {given} places for {day} vehicles; give each vehicle of the day once")]
    Length {
        /// Places in the order.
        given: usize,
        /// Vehicles of the day.
        day: usize,
    },
    /// A place that is unknown or taken twice.
    #[error(
        "vehicle {0} is unknown or stands twice in the order; give each vehicle of the day once"
    )]
    NotOnce(u32),
}

impl Problem {
    /// Proves the limits that scoring and search rely on.
    pub fn check(&self) -> Result<(), ProblemError> {
        if self.ratios.len() > MOST_RATIOS {
            return Err(ProblemError::TooManyRatios(self.ratios.len()));
        }
        let vehicles = self.before.len().saturating_add(self.day.len());
        if vehicles > MOST_VEHICLES {
            return Err(ProblemError::TooManyVehicles(vehicles));
        }
        for ratio in &self.ratios {
            if ratio.span == 0 || ratio.span > LONGEST_SPAN {
                return Err(ProblemError::Span {
                    name: ratio.name.clone(),
                    span: ratio.span,
                });
            }
        }
        let known = match self.ratios.len() {
            MOST_RATIOS => u64::MAX,
            fewer => (1u64 << fewer) - 1,
        };
        for vehicle in self.before.iter().chain(&self.day) {
            let unknown = vehicle.options & !known;
            if unknown != 0 {
                return Err(ProblemError::UnknownOption {
                    ident: vehicle.ident.clone(),
                    option: unknown.trailing_zeros(),
                    ratios: self.ratios.len(),
                });
            }
        }
        if self.batch_limit == 0 {
            return Err(ProblemError::NoBatch);
        }
        for (rank, objective) in self.objectives.iter().enumerate() {
            if self.objectives.iter().take(rank).any(|o| o == objective) {
                return Err(ProblemError::Twice(*objective));
            }
        }
        match self
            .weights
            .iter()
            .find(|weight| !(0..=LARGEST_WEIGHT).contains(*weight))
        {
            Some(weight) => Err(ProblemError::Weight(*weight)),
            None => Ok(()),
        }
    }

    /// What one unit of `objective` adds to the score; 0 when it is not listed.
    pub fn weight(&self, objective: Objective) -> i64 {
        let rank = self.objectives.iter().position(|o| *o == objective);
        rank.and_then(|rank| self.weights.get(rank))
            .copied()
            .unwrap_or(0)
    }

    /// The order of the plan: vehicle after vehicle as listed.
    pub fn plan_order(&self) -> Vec<u32> {
        (0..self.day.len() as u32).collect()
    }

    /// Proves that `order` holds each vehicle of the day once.
    pub fn check_order(&self, order: &[u32]) -> Result<(), ProblemError> {
        if order.len() != self.day.len() {
            return Err(ProblemError::Length {
                given: order.len(),
                day: self.day.len(),
            });
        }
        let mut seen = vec![false; self.day.len()];
        for vehicle in order {
            match seen.get_mut(*vehicle as usize) {
                Some(slot) if !*slot => *slot = true,
                _ => return Err(ProblemError::NotOnce(*vehicle)),
            }
        }
        Ok(())
    }
}
