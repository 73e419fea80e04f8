//! Classic instances of CSPLib problem 001 that were open for years are solved in a few million moves.
//!
//! It must not know a clock. Invariant: one seed gives one answer on every machine, so what is solved stays solved.
use takt_planning::sequencing::{
    CHALLENGE_WEIGHTS, Disturbance, Objective, Problem, Resequencing, Search, Stability, Vehicle,
    csplib, report,
};

const CLASSIC: &str = include_str!("data/car-sequencing/classic.txt");
const TWO_HUNDRED: &str = include_str!("data/car-sequencing/two-hundred.txt");

#[test]
fn satisfiable_classics_are_solved() {
    let classic = csplib::read("classic.txt", CLASSIC).expect("four instances");
    let larger = csplib::read("two-hundred.txt", TWO_HUNDRED).expect("four instances");
    assert_eq!((classic.len(), larger.len()), (4, 4));
    for instance in classic.into_iter().chain(larger) {
        let mut search = Search::new(instance.problem.clone(), 1).expect("checked");
        let end = search.step(12_000_000);
        assert!(
            end.done && end.score == 0,
            "{} has {} left",
            instance.name,
            end.score
        );
        let told = report(&instance.problem, search.best()).expect("a permutation");
        assert!(told.violations.is_empty() && told.feasible());
    }
}

/// Annealing towards an aim is as repeatable as descending.
#[test]
fn an_aim_changes_the_way_and_not_the_rules() {
    let instance = csplib::read("classic.txt", CLASSIC)
        .expect("four instances")
        .remove(1);
    let run = || {
        let mut search = Search::new(instance.problem.clone(), 5).expect("checked");
        search.aim(300_000);
        for _ in 0..10 {
            search.step(30_000);
        }
        (search.best().to_vec(), search.progress())
    };
    assert_eq!(run(), run());
}

#[test]
fn a_defect_is_worked_in_behind_what_has_entered_the_line() {
    let instance = csplib::read("classic.txt", CLASSIC)
        .expect("four instances")
        .remove(0);
    let mut search = Search::new(instance.problem.clone(), 1).expect("checked");
    search.step(12_000_000);
    let running = search.best().to_vec();
    let told = Disturbance {
        frozen: 30,
        out: vec![running[40]],
        late: vec![(running[31], 60), (running[32], 98)],
        ..Disturbance::default()
    };
    let again = || {
        let mut rest = Resequencing::new(&instance.problem, &running, &told, 3).expect("worked in");
        let before = rest.progress().score;
        rest.step(200_000);
        assert!(rest.progress().score <= before);
        rest.best()
    };
    let order = again();
    assert_eq!(order, again());
    assert_eq!((order.len(), &order[..30]), (99, &running[..30]));
    assert!(order.iter().position(|v| *v == running[31]) >= Some(60));
    assert_eq!(order[98], running[32]);
}

/// A disturbance moves what it must; vehicles that nothing happened to stay near their places, and the price decides between
/// orders that keep the rules equally well.
#[test]
fn what_is_not_affected_moves_little() {
    let instance = csplib::read("classic.txt", CLASSIC)
        .expect("four instances")
        .remove(0);
    let mut search = Search::new(instance.problem.clone(), 1).expect("checked");
    search.step(12_000_000);
    let running = search.best().to_vec();
    let told = |stability: Stability| {
        let disturbance = Disturbance {
            frozen: 30,
            out: vec![running[40]],
            late: vec![(running[31], 60)],
            stability,
            ..Disturbance::default()
        };
        let mut rest =
            Resequencing::new(&instance.problem, &running, &disturbance, 3).expect("worked in");
        let before = rest.report().expect("scored").score;
        rest.step(100_000);
        let after = rest.report().expect("scored").score;
        assert!(after <= before);
        (after, rest.moved())
    };
    let (free, anywhere) = told(Stability::default());
    let (held, near) = told(Stability {
        reach: 8,
        weight: 0,
    });
    let (priced, least) = told(Stability {
        reach: 8,
        weight: 1,
    });
    assert!(near.farthest <= 8 && least.farthest <= 8 && anywhere.farthest > 8);
    assert!(
        least.vehicles < near.vehicles && near.vehicles <= 69,
        "{least:?} {near:?}"
    );
    assert!(free <= held && free <= priced);
}

/// The examples of docs/sequencing.md, whose figures stand there as they are computed here.
#[test]
fn the_page_tells_what_is_computed() {
    let page = include_str!("../../../docs/sequencing.md");
    let text = "4 1 2\n1\n2\n0 2 1\n1 2 0\n";
    assert!(page.contains("printf '4 1 2\\n1\\n2\\n0 2 1\\n1 2 0\\n'"));
    let plain = csplib::read("cars.txt", text)
        .expect("one instance")
        .remove(0)
        .problem;
    let scored = |problem: &Problem, order: &[u32]| report(problem, order).expect("scored").score;
    assert_eq!(
        (scored(&plain, &[0, 1, 2, 3]), scored(&plain, &[0, 2, 1, 3])),
        (1, 0)
    );
    let car = |colour: u16, options: u64| Vehicle {
        ident: String::new(),
        colour,
        options,
    };
    let painted = Problem {
        objectives: vec![Objective::High, Objective::Paint],
        weights: CHALLENGE_WEIGHTS,
        batch_limit: 2,
        before: vec![car(1, 0)],
        // S blue, S grey, - blue, - grey: blue is 1 and grey 2.
        day: vec![car(1, 1), car(2, 1), car(1, 0), car(2, 0)],
        ..plain
    };
    let planned = scored(&painted, &painted.plan_order());
    let mut search = Search::new(painted, 1).expect("checked");
    let found = search.step(10_000).score;
    assert!(search.report().expect("scored").feasible());
    assert!(
        page.contains(&format!("3 x 1,000 = {planned} in the weights")),
        "{planned}"
    );
    assert!(
        page.contains(&format!("the sequence costs {found}.")),
        "{found}"
    );
}
