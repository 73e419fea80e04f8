//! The order of a day's vehicles: by the plant's rules, behind the vehicles of the day before, around what is frozen.
//!
//! It must not know rows or messages. Invariants: a sequence holds each vehicle once; vehicles that were pulled out the
//! day before come first; what is frozen keeps its order; the same vehicles have the same sequence.

pub mod call_off;
pub mod change;
mod disturb;
pub mod rpc;
pub mod run;
pub mod store;
mod wanted;
mod watch;

use std::{collections::HashMap, fmt};

use serde::{Deserialize, Serialize};
use takt_kernel::Date;
use takt_planning::{
    feature::Config,
    sequence::even_order,
    sequencing::{
        Disturbance, MOVES_PER_VEHICLE, PlantRules, Report, Resequencing, Stability, Violation,
    },
};

use takt_service::Refusal;

use crate::shop_floor::Waiting;

/// Where chance begins: one seed for all days, so that a day can be computed again.
pub const SEED: u64 = 1;

/// What a vehicle that nothing happened to may move: at most half an hour of a line with 76 seconds of takt, and each place
/// counts like a violation of low priority.
pub const STABILITY: Stability = Stability {
    reach: 24,
    weight: 1,
};

/// Whether a day was built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It may still change behind what is frozen.
    Sequenced,
    /// It was built as it stands.
    Built,
}

/// The sequence of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DaySequence {
    /// The day.
    pub on: Date,
    /// Whether it was built.
    pub state: State,
    /// The orders in sequence.
    pub orders: Vec<i64>,
    /// How many from the first may not change any more.
    pub frozen: usize,
    /// The orders that are not to be built on the day.
    pub taken_out: Vec<i64>,
    /// What it costs.
    pub figures: Figures,
    /// Counts its changes, from 1.
    pub version: i64,
}

impl DaySequence {
    /// The sequence of a day that was built.
    pub fn built(on: Date, orders: Vec<i64>, figures: Figures) -> Self {
        Self {
            on,
            state: State::Built,
            frozen: orders.len(),
            orders,
            taken_out: Vec::new(),
            figures,
            version: 1,
        }
    }

    /// The version as callers see it.
    pub fn etag(&self) -> String {
        format!("\"{}\"", self.version)
    }

    /// Whether a caller that has seen `etag` has seen this sequence; an empty tag skips the check.
    pub fn matches(&self, etag: &str) -> bool {
        etag.is_empty() || etag == self.etag()
    }

    /// Freezes the first `count` places, all of them when there are fewer; a horizon never comes back.
    ///
    /// # Errors
    /// `Built` when the day was built.
    pub fn freeze(&mut self, count: usize) -> Result<(), SequenceRefusal> {
        self.open()?;
        self.frozen = self.frozen.max(count.min(self.orders.len()));
        self.version += 1;
        Ok(())
    }

    /// Refuses a change of a day that was built.
    fn open(&self) -> Result<(), SequenceRefusal> {
        match self.state {
            State::Sequenced => Ok(()),
            State::Built => Err(SequenceRefusal::Built(self.on)),
        }
    }
}

/// What a sequence costs, beside what the even order of the variants would have cost.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// The sequence.
    pub cost: Cost,
    /// The even order.
    pub even: Cost,
    /// The moves that were tried.
    pub moves: i64,
}

/// What an order costs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// EP: vehicles too many in windows of high priority rules.
    pub high: i64,
    /// ENP: vehicles too many in windows of low priority rules.
    pub low: i64,
    /// RAF: changes of colour.
    pub purges: i64,
    /// Batches that are longer than the paint shop allows.
    pub long_batches: i64,
    /// Vehicles too many, by ratio rule.
    pub excess: Vec<i64>,
}

impl Cost {
    fn of(report: &Report, rules: usize) -> Self {
        let mut cost = Self {
            high: report.objectives.high,
            low: report.objectives.low,
            purges: report.objectives.paint,
            long_batches: 0,
            excess: vec![0; rules],
        };
        for violation in &report.violations {
            match violation {
                Violation::Ratio { ratio, excess, .. } => {
                    if let Some(sum) = cost.excess.get_mut(*ratio) {
                        *sum += excess;
                    }
                }
                Violation::Batch { .. } => cost.long_batches += 1,
            }
        }
        cost
    }
}

/// Vehicles in order, and in the even order of their variants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InOrder {
    /// Places of the vehicles that were given, in sequence.
    pub places: Vec<usize>,
    /// The same in even order.
    pub even: Vec<usize>,
    /// The moves that were tried.
    pub moves: u64,
}

/// The moves that a day of so many vehicles is worth.
pub fn moves_for(vehicles: usize) -> u64 {
    MOVES_PER_VEHICLE.saturating_mul(vehicles as u64)
}

/// Puts vehicles in order behind those of `tail`: by the rules, or as they stand in `kept`, what is new among them fitted in
/// behind what is frozen.
pub fn in_order(
    rules: &PlantRules,
    tail: &[Config],
    fresh: &[Waiting],
    kept: Option<&DaySequence>,
) -> InOrder {
    let configs: Vec<Config> = fresh.iter().map(|waiting| waiting.config).collect();
    let kinds: Vec<usize> = configs.iter().map(|config| config.variant()).collect();
    let even = even_order(&kinds);
    let found = match kept {
        Some(kept) => fitted(rules, tail, fresh, &configs, kept),
        None if rules.is_empty() || fresh.is_empty() => None,
        None => rules
            .sequence(tail, &configs, moves_for(configs.len()), SEED)
            .ok()
            .map(|told| (told.order, told.moves)),
    };
    // A plant without rules, and a day beyond what can be sequenced, keep the even order.
    let (places, moves) = found.unwrap_or_else(|| (even.clone(), 0));
    InOrder {
        places,
        even,
        moves,
    }
}

/// What a day costs in sequence and in even order behind the vehicles `before` it; None beyond what can be scored.
pub fn figures(
    rules: &PlantRules,
    before: &[Config],
    sequence: &[Config],
    even: &[Config],
    moves: u64,
) -> Option<Figures> {
    let cost = |day: &[Config]| {
        let report = rules.report(before, day).ok()?;
        Some(Cost::of(&report, rules.names().count()))
    };
    Some(Figures {
        cost: cost(sequence)?,
        even: cost(even)?,
        moves: i64::try_from(moves).unwrap_or(i64::MAX),
    })
}

/// The kept sequence without the orders that the day does not build, and those that it lacks fitted in.
fn fitted(
    rules: &PlantRules,
    tail: &[Config],
    fresh: &[Waiting],
    configs: &[Config],
    kept: &DaySequence,
) -> Option<(Vec<usize>, u64)> {
    let index: HashMap<i64, u32> = (0u32..)
        .zip(fresh)
        .map(|(at, waiting)| (waiting.order_number, at))
        .collect();
    let known = |orders: &[i64]| -> Vec<u32> {
        let known = orders.iter().filter_map(|order| index.get(order));
        known.copied().collect()
    };
    let running = known(&kept.orders);
    let frozen = known(kept.orders.get(..kept.frozen)?).len();
    let mut stands = vec![false; fresh.len()];
    for at in &running {
        *stands.get_mut(*at as usize)? = true;
    }
    let joining: Vec<u32> = (0u32..)
        .zip(&stands)
        .filter_map(|(at, stands)| (!stands).then_some(at))
        .collect();
    if joining.is_empty() {
        return Some((running.iter().map(|at| *at as usize).collect(), 0));
    }
    let told = Disturbance {
        frozen,
        joining,
        stability: STABILITY,
        ..Disturbance::default()
    };
    let problem = rules.problem(tail, configs);
    let mut search = Resequencing::new(&problem, &running, &told, SEED).ok()?;
    let moves = search.step(moves_for(fresh.len())).tried;
    Some((search.best().iter().map(|at| *at as usize).collect(), moves))
}

/// Why a sequence is not made or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SequenceRefusal {
    /// The plan builds nothing on the day.
    NothingPlanned(Date),
    /// Orders are missing for what the plan builds on the day.
    NoOrders(Date),
    /// The day is more than can be sequenced.
    TooLarge(String),
    /// The day was built.
    Built(Date),
    /// Places are frozen, and a whole new sequence would move them.
    Frozen {
        /// The day.
        on: Date,
        /// How many places are frozen.
        count: usize,
    },
    /// The order stands before the frozen horizon.
    OrderFrozen(String),
    /// The order is not in the sequence.
    NotSequenced(String),
    /// The day is over before the order may be built.
    NoPlaceLeft {
        /// The order.
        order_id: String,
        /// The first place that it may take.
        not_before: usize,
        /// The places of the day.
        places: usize,
    },
}

impl fmt::Display for SequenceRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingPlanned(on) => write!(
                out,
                "the plan builds nothing on {on}; choose a day that the plan that counts builds on"
            ),
            Self::NoOrders(on) => write!(
                out,
                "no open order is left for {on} behind those of the days before; choose an earlier day or wait for orders"
            ),
            Self::TooLarge(why) => out.write_str(why),
            Self::Built(on) => write!(
                out,
                "day {on} was built and its sequence is history; change a day to come"
            ),
            Self::Frozen { on, count } => write!(
                out,
                "{count} places of {on} are frozen and suppliers deliver by them; call Resequence, which keeps them"
            ),
            Self::OrderFrozen(order_id) => write!(
                out,
                "order {order_id} stands before the frozen horizon; hold its vehicle on the line instead"
            ),
            Self::NotSequenced(order_id) => write!(
                out,
                "order {order_id} is not in the sequence of the day; read the sequence for those that are"
            ),
            Self::NoPlaceLeft {
                order_id,
                not_before,
                places,
            } => write!(
                out,
                "order {order_id} may not be built before place {not_before} and the day has {places}; take it out of the day"
            ),
        }
    }
}

impl Refusal for SequenceRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::NothingPlanned(_) => "NOTHING_PLANNED",
            Self::NoOrders(_) => "NO_OPEN_ORDERS",
            Self::TooLarge(_) => "SEQUENCE_TOO_LARGE",
            Self::Built(_) => "SEQUENCE_BUILT",
            Self::Frozen { .. } => "SEQUENCE_FROZEN",
            Self::OrderFrozen(_) => "ORDER_FROZEN",
            Self::NotSequenced(_) => "ORDER_NOT_SEQUENCED",
            Self::NoPlaceLeft { .. } => "NO_PLACE_LEFT",
        }
    }
}

#[cfg(test)]
mod tests;
