//! Classic instances of CSPLib problem 001 that were open for years are solved in a few million moves.
//!
//! It must not know a clock. Invariant: one seed gives one answer on every machine, so what is solved stays solved.
use takt_planning::sequencing::{Disturbance, Resequencing, Search, csplib, report};

const CLASSIC: &str = include_str!("data/car-sequencing/classic.txt");

#[test]
fn satisfiable_classics_are_solved() {
    let instances = csplib::read("classic.txt", CLASSIC).expect("four instances");
    assert_eq!(instances.len(), 4);
    for instance in instances {
        let mut search = Search::new(instance.problem.clone(), 1).expect("checked");
        let end = search.step(12_000_000);
        assert!(
            end.done && end.score == 0,
            "{} has {} left",
            instance.name,
            end.score
        );
        let told = report(&instance.problem, search.best()).expect("a permutation");
        assert!(told.violations.is_empty() && told.feasible);
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
        joining: Vec::new(),
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
