//! A sequence that is disturbed: a vehicle is held, its part is late, its paint has a defect.
//!
//! It must not know rows or messages. Invariants: what is frozen stays place by place; a vehicle never stands before the
//! place that it must wait for; vehicles that nothing happened to move as little as the rules allow; the same disturbance
//! gives the same sequence.

use takt_planning::{
    feature::Config,
    sequencing::{self as planning, Disturbance, Moved, PlantRules, Resequencing},
};

use super::{DaySequence, SEED, STABILITY, SequenceRefusal, figures};
use takt_planning::sequence::even_order;

/// Moves that a disturbance is worth when nobody says otherwise.
pub const USUAL_MOVES: u64 = 20_000;

/// What happened to an order of a sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its id.
    pub order_id: String,
    /// Its number.
    pub order: i64,
    /// The first place that it may take; None takes it out of the day.
    pub not_before: Option<usize>,
}

/// A changed sequence with what moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The sequence, its next version.
    pub sequence: DaySequence,
    /// What moved although nothing had happened to it.
    pub moved: Moved,
}

/// Works holds into a sequence whose places hold `configs`, behind the vehicles `before` the day; the first `frozen` places
/// stay, and at least those that were frozen before.
///
/// # Errors
/// Why it cannot be.
pub fn resequence(
    rules: &PlantRules,
    before: &[Config],
    configs: &[Config],
    kept: &DaySequence,
    holds: &[Hold],
    (frozen, moves): (usize, u64),
) -> Result<Changed, SequenceRefusal> {
    kept.open()?;
    let mut told = Disturbance {
        frozen: kept.frozen.max(frozen).min(kept.orders.len()),
        stability: STABILITY,
        ..Disturbance::default()
    };
    for hold in holds {
        let place = kept.orders.iter().position(|order| *order == hold.order);
        let place = place.and_then(|place| u32::try_from(place).ok());
        let place = place.ok_or_else(|| SequenceRefusal::NotSequenced(hold.order_id.clone()))?;
        match hold.not_before {
            Some(earliest) => told.late.push((place, earliest)),
            None => told.out.push(place),
        }
    }
    let problem = rules.problem(before, configs);
    let running = problem.plan_order();
    let mut search = Resequencing::new(&problem, &running, &told, SEED)
        .map_err(|refusal| refused(refusal, kept, holds))?;
    let moves = search.step(moves).tried;
    let order_at = |place: &u32| kept.orders.get(*place as usize).copied();
    let best = search.best();
    let held: Vec<Config> = best
        .iter()
        .filter_map(|place| configs.get(*place as usize).copied())
        .collect();
    let kinds: Vec<usize> = held.iter().map(|config| config.variant()).collect();
    let even = even_order(&kinds);
    let even = even.iter().filter_map(|at| held.get(*at).copied());
    let figures = figures(rules, before, &held, &even.collect::<Vec<_>>(), moves);
    let out = told.out.iter().filter_map(order_at);
    Ok(Changed {
        sequence: DaySequence {
            orders: best.iter().filter_map(order_at).collect(),
            frozen: told.frozen,
            taken_out: kept.taken_out.iter().copied().chain(out).collect(),
            figures: figures.unwrap_or_default(),
            version: kept.version + 1,
            ..kept.clone()
        },
        moved: search.moved(),
    })
}

fn refused(refusal: planning::Refusal, kept: &DaySequence, holds: &[Hold]) -> SequenceRefusal {
    let order_id = |place: u32| {
        let order = kept.orders.get(place as usize);
        let hold = holds.iter().find(|hold| Some(&hold.order) == order);
        hold.map_or_else(String::new, |hold| hold.order_id.clone())
    };
    match refusal {
        planning::Refusal::HeldVehicleFrozen(place) => {
            SequenceRefusal::OrderFrozen(order_id(place))
        }
        planning::Refusal::NoPlaceLeft {
            vehicle,
            earliest,
            day,
        } => SequenceRefusal::NoPlaceLeft {
            order_id: order_id(vehicle),
            not_before: earliest,
            places: day,
        },
        other => SequenceRefusal::TooLarge(other.to_string()),
    }
}
