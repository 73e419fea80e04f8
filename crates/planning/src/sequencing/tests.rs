//! The invariants of the search over random problems: a price is the difference of two full scores, an order
//! stays a permutation, what is frozen stays, a batch limit that held is kept.
use super::moves::{LONGEST_SHUFFLE, Move};
use super::problem::{CHALLENGE_WEIGHTS, Objective, Problem, Ratio, Vehicle};
use super::random::Dice;
use super::resequence::{Disturbance, Refusal, Resequencing};
use super::score::{Objectives, Violation, report};
use super::search::Search;
use super::track::{Heat, Track};
use proptest::prelude::*;

/// No move is too dear.
const ANY: Heat = Heat {
    unit: [0; 3],
    slack: [0; 3],
    ceiling: 0,
    drift: 0,
};

fn vehicle(colour: u16, options: u64) -> Vehicle {
    Vehicle {
        ident: String::new(),
        colour,
        options,
    }
}

fn ratio(most: u32, span: u32, high: bool) -> Ratio {
    Ratio {
        name: format!("{most}/{span}"),
        most,
        span,
        high,
    }
}

fn problem() -> impl Strategy<Value = Problem> {
    let rule = (0u32..4, 1u32..90, any::<bool>()).prop_map(|(most, span, high)| {
        ratio(
            most,
            if span > 8 && span % 3 != 0 {
                span % 8 + 1
            } else {
                span
            },
            high,
        )
    });
    let car = (0u16..3, any::<u64>(), any::<u64>()).prop_map(|(c, a, b)| vehicle(c, a & b));
    (
        proptest::collection::vec(rule, 0..6),
        proptest::collection::vec(car.clone(), 0..12),
        proptest::collection::vec(car, 1..60),
        Just([Objective::High, Objective::Low, Objective::Paint]).prop_shuffle(),
        (1u32..12, 0u32..4, 0usize..4),
    )
        .prop_map(
            |(ratios, mut before, mut day, objectives, (limit, carried, kept))| {
                let known = (1u64 << ratios.len()) - 1;
                before
                    .iter_mut()
                    .chain(&mut day)
                    .for_each(|v| v.options &= known);
                Problem {
                    ratios,
                    before,
                    day,
                    objectives: objectives.into_iter().take(kept).collect(),
                    weights: CHALLENGE_WEIGHTS,
                    batch_limit: limit,
                    carried_batch: carried,
                }
            },
        )
}

fn any_move(track: &Track, dice: &mut Dice) -> Option<Move> {
    let free = track.len() - track.first;
    let (a, b) = (
        track.first + dice.below(free),
        track.first + dice.below(free),
    );
    if a == b {
        return None;
    }
    Some(match dice.below(4) {
        0 => Move::Swap(a, b),
        1 => Move::Insert(a, b),
        2 => Move::Reflect(a.min(b), a.max(b)),
        _ => {
            let len = (2 + dice.below(LONGEST_SHUFFLE - 1)).min(track.len() - a);
            let mut picks = [0, 1, 2, 3, 4, 5, 6, 7];
            (1..len)
                .rev()
                .for_each(|place| picks.swap(place, dice.below(place + 1)));
            Move::Shuffle { at: a, len, picks }
        }
    })
}

/// Windows of two rules by hand: `1/2` over 1 1 0 1 1 with a tail that has the option.
#[test]
fn a_small_day_by_hand() {
    let problem = Problem {
        ratios: vec![ratio(1, 2, true), ratio(0, 3, false)],
        before: vec![vehicle(4, 1)],
        day: vec![
            vehicle(4, 1),
            vehicle(4, 1),
            vehicle(5, 2),
            vehicle(4, 1),
            vehicle(4, 1),
        ],
        objectives: vec![Objective::Paint, Objective::High, Objective::Low],
        weights: CHALLENGE_WEIGHTS,
        batch_limit: 2,
        carried_batch: 0,
    };
    let told = report(&problem, &[0, 1, 2, 3, 4]).expect("scored");
    // 1/2: tail+0, 0+1 and 3+4 hold two. 0/3: the windows at 0, 1 and 2 hold the third vehicle.
    let objectives = Objectives {
        high: 3,
        low: 3,
        paint: 2,
    };
    assert_eq!(told.objectives, objectives);
    assert_eq!((told.score, told.feasible()), (2_003_003, true));
    let high = Violation::Ratio {
        ratio: 0,
        excess: 3,
        windows: 3,
        worst: -1,
    };
    assert_eq!(told.violations[0], high);
    let carried = Problem {
        carried_batch: 1,
        ..problem
    };
    let told = report(&carried, &[0, 1, 2, 3, 4]).expect("scored");
    let batch = Violation::Batch {
        colour: 4,
        begins: 0,
        length: 3,
    };
    assert!(!told.feasible() && told.violations.contains(&batch));
}

/// The window of the last position is cut, not left out: one vehicle too many at the very end costs twice.
#[test]
fn the_last_windows_are_cut() {
    let problem = Problem {
        ratios: vec![ratio(0, 2, true)],
        before: vec![],
        day: vec![vehicle(0, 0), vehicle(0, 1)],
        objectives: vec![Objective::High],
        weights: CHALLENGE_WEIGHTS,
        batch_limit: 9,
        carried_batch: 0,
    };
    assert_eq!(
        report(&problem, &[0, 1]).expect("scored").objectives.high,
        2
    );
    assert_eq!(
        report(&problem, &[1, 0]).expect("scored").objectives.high,
        1
    );
}

/// Three of a colour where two are allowed: the search begins with a sequence that can be painted.
#[test]
fn a_batch_that_is_too_long_is_parted() {
    let problem = Problem {
        ratios: vec![],
        before: vec![vehicle(1, 0)],
        day: [1, 1, 1, 2, 2, 1].map(|colour| vehicle(colour, 0)).to_vec(),
        objectives: vec![Objective::Paint],
        weights: CHALLENGE_WEIGHTS,
        batch_limit: 2,
        carried_batch: 1,
    };
    assert!(
        !report(&problem, &problem.plan_order())
            .expect("scored")
            .feasible()
    );
    let search = Search::from_order(problem.clone(), &problem.plan_order(), 1).expect("checked");
    assert!(search.report().expect("scored").feasible());
    let hopeless = Problem {
        day: vec![vehicle(1, 0); 3],
        ..problem
    };
    let mut search = Search::new(hopeless, 1).expect("checked");
    search.step(100);
    assert!(!search.report().expect("scored").feasible());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_price_is_the_difference_of_two_scores(problem in problem(), seed in any::<u64>(), frozen in 0usize..5) {
        let order = problem.plan_order();
        let mut track = Track::new(&problem, &order, frozen);
        let mut dice = Dice::new(seed);
        let feasible = report(&problem, &order).expect("scored").feasible();
        prop_assert_eq!(track.cost, report(&problem, &order).expect("scored").score);
        for _ in 0..60 {
            if track.len() < track.first + 2 {
                break;
            }
            let Some(change) = any_move(&track, &mut dice) else { continue };
            let Some(price) = track.price(&change, &ANY) else { continue };
            track.apply(&change, price);
            let order: Vec<u32> = track.day().collect();
            let told = report(&problem, &order).expect("a permutation");
            prop_assert_eq!(track.cost, told.score, "{:?}", change);
            prop_assert_eq!(track.recount(), told.score);
            prop_assert!(told.feasible() || !feasible, "{:?}", change);
            prop_assert!(order.iter().take(frozen).copied().eq(0..frozen.min(order.len()) as u32));
            for position in 0..track.len() {
                prop_assert_eq!(track.place[track.order[position] as usize] as usize, position);
            }
        }
    }

    #[test]
    fn a_price_holds_the_drift_from_home(problem in problem(), seed in any::<u64>(), reach in 0usize..9) {
        let order = problem.plan_order();
        let mut track = Track::new(&problem, &order, 0);
        let mut dice = Dice::new(seed);
        let affected: Vec<bool> = order.iter().map(|_| dice.below(3) == 0).collect();
        track.stay(&affected, reach, 3);
        prop_assert_eq!(track.cost, track.recount());
        for _ in 0..60 {
            let Some(change) = any_move(&track, &mut dice) else { continue };
            let Some(price) = track.price(&change, &ANY) else { continue };
            track.apply(&change, price);
            prop_assert_eq!(track.cost, track.recount(), "{:?}", change);
            for (position, vehicle) in track.day().enumerate() {
                let away = position.abs_diff(vehicle as usize);
                prop_assert!(affected[vehicle as usize] || away <= reach, "{:?}", change);
            }
        }
    }

    #[test]
    fn a_forbidden_move_would_break_the_limit(problem in problem(), seed in any::<u64>()) {
        let order = problem.plan_order();
if !report(&problem, &order).expect("scored").feasible() || order.len() < 2 {
            return Ok(());
        }
        let track = Track::new(&problem, &order, 0);
        let mut dice = Dice::new(seed);
        for _ in 0..40 {
            let Some(change) = any_move(&track, &mut dice) else { continue };
            let moved: Vec<u32> = (track.tail..track.len())
                .map(|p| track.order[change.source(p)] - track.tail as u32)
                .collect();
            let told = report(&problem, &moved).expect("a permutation");
            prop_assert_eq!(told.feasible(), track.price(&change, &ANY).is_some(), "{:?}", change);
        }
    }

    #[test]
    fn steps_may_be_cut_anywhere(problem in problem(), seed in any::<u64>(), cut in 0u64..3_000) {
        let mut whole = Search::new(problem.clone(), seed).expect("checked");
        let mut parts = Search::new(problem.clone(), seed).expect("checked");
        let before = parts.progress().score;
        whole.step(3_000);
        parts.step(cut);
        parts.step(3_000 - cut);
        prop_assert_eq!(whole.best(), parts.best());
        prop_assert_eq!(whole.progress(), parts.progress());
        let told = parts.report().expect("a permutation");
        prop_assert_eq!(told.score, parts.progress().score);
        prop_assert!(told.score <= before);
    }

    #[test]
    fn a_disturbance_keeps_what_is_frozen_and_holds_what_is_late(
        problem in problem(), seed in any::<u64>(), frozen in 0usize..60, picks in proptest::collection::vec((0usize..60, 0usize..80), 0..6),
    ) {
        let running = Search::new(problem.clone(), seed).expect("checked").best().to_vec();
        let frozen = frozen.min(running.len());
        let mut told = Disturbance { frozen, ..Disturbance::default() };
        for (n, (pick, earliest)) in picks.into_iter().enumerate() {
            let Some(vehicle) = running.get(frozen + pick).copied() else { continue };
            if told.out.contains(&vehicle) || told.late.iter().any(|(late, _)| *late == vehicle) {
                continue;
            }
            match n % 2 {
                0 => told.out.push(vehicle),
                _ => told.late.push((vehicle, earliest)),
            }
        }
        let day = running.len() - told.out.len();
        match Resequencing::new(&problem, &running, &told, seed) {
            Err(refusal) => prop_assert!(matches!(refusal, Refusal::NoPlaceLeft { .. }), "{}", refusal),
            Ok(mut search) => {
                search.step(2_000);
                let order = search.best();
                prop_assert_eq!(&order[..frozen], &running[..frozen]);
                let mut sorted = order.clone();
                sorted.sort_unstable();
                let mut left: Vec<u32> = running.iter().copied().filter(|v| !told.out.contains(v)).collect();
                left.sort_unstable();
                prop_assert_eq!(sorted, left);
                prop_assert_eq!(order.len(), day);
                for (vehicle, earliest) in &told.late {
                    let stands = order.iter().position(|v| v == vehicle);
                    prop_assert!(stands.is_some_and(|position| position >= *earliest));
                }
                prop_assert_eq!(search.report().expect("scored").score, search.progress().score);
            }
        }
    }
}
