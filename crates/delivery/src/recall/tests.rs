//! Recalls without a database: what follows from production's word, and which steps follow each other.
//!
//! It must not know how rows are kept.

use super::*;
use crate::programme::sample::date;

fn word(from: &str, to: Option<&str>) -> Word {
    Word {
        vin: "V".into(),
        from: date(from),
        to: to.map(date),
    }
}

const OPENED: &str = "2024-07-01";

fn judged(known: Option<&Touched>, from: &str, to: Option<&str>) -> Touched {
    Touched::judged(known, &word(from, to), date(OPENED))
}

#[test]
fn affected_now_and_exposed_once_are_told_apart() {
    let affected = judged(None, "2024-05-01", None);
    assert!(affected.affected && affected.recalled);
    assert_eq!(affected.state_on, date(OPENED));
    let built_later = judged(None, "2024-07-09", None);
    assert_eq!(built_later.state_on, date("2024-07-09"));
    let mut exposed = judged(None, "2024-05-01", Some("2024-06-01"));
    assert!(!exposed.affected && !exposed.recalled);
    let refused = exposed.step(State::Notified, date(OPENED), "").unwrap_err();
    assert_eq!(refused.reason(), "RECALL_VEHICLE_NOT_AFFECTED");
}

#[test]
fn a_replaced_part_is_a_remedy_and_a_defect_that_comes_back_is_not_forgotten() {
    let before = judged(None, "2024-05-01", None);
    let after = judged(Some(&before), "2024-05-01", Some("2024-07-05"));
    assert_eq!(
        (after.state, after.remedied_on),
        (State::Remedied, Some(date("2024-07-05")))
    );
    assert!(after.recalled && !after.affected);
    let again = judged(Some(&after), "2024-05-01", None);
    assert_eq!((again.state, again.remedied_on), (State::Identified, None));
    // It was replaced before the recall, and that was written down later.
    let late = judged(Some(&before), "2024-05-01", Some("2024-06-30"));
    assert!(!late.recalled && late.state == State::Identified);
    // A repair leaves the part where it is, and the word of production changes nothing.
    let mut repaired = before.clone();
    repaired
        .step(State::Remedied, date("2024-07-08"), "W 7")
        .unwrap();
    assert_eq!(judged(Some(&repaired), "2024-05-01", None), repaired);
}

#[test]
fn what_the_record_withdraws_is_forgotten_only_while_nobody_was_told() {
    let mut one = judged(None, "2024-05-01", None);
    assert_eq!(one.withdrawn(), None);
    one.step(State::Notified, date(OPENED), "").unwrap();
    let kept = one.withdrawn().unwrap();
    assert_eq!((kept.state, kept.affected), (State::Exempt, false));
    one.step(State::Remedied, date(OPENED), "").unwrap();
    assert_eq!(one.withdrawn().unwrap().state, State::Remedied);
}

#[test]
fn every_pair_of_states_is_allowed_or_refused_as_said() {
    let allowed = [
        "123456", // from IDENTIFIED
        "3456", "2456", "", "2346", "1",
    ];
    for (from, allowed) in State::ALL.into_iter().zip(allowed) {
        for to in State::ALL {
            let mut one = judged(None, "2024-05-01", None);
            (one.state, one.state_on) = (from, date("2024-07-02"));
            let may = allowed.contains(&(to as i64).to_string()) && from != to;
            let taken = one.step(to, date("2024-07-03"), "n");
            assert_eq!(taken.is_ok(), may, "{} to {}", from.name(), to.name());
            if may {
                let early = &mut Touched {
                    state: from,
                    ..one.clone()
                };
                early.state_on = date("2024-07-04");
                let refused = early.step(to, date("2024-07-03"), "").unwrap_err();
                assert_eq!(refused.reason(), "RECALL_STEP_EARLIER");
            }
        }
    }
}

#[test]
fn the_first_notice_counts_and_the_same_step_again_changes_nothing() {
    let mut one = judged(None, "2024-05-01", None);
    let (first, second) = (date("2024-07-02"), date("2024-07-09"));
    assert_eq!(one.step(State::Notified, first, "mail"), Ok(true));
    assert_eq!(one.step(State::Notified, first, "mail"), Ok(false));
    assert_eq!(one.step(State::Scheduled, first, ""), Ok(true));
    assert_eq!(one.step(State::Notified, second, "missed"), Ok(true));
    assert_eq!(one.notified_on, Some(first));
}

fn recall() -> Recall {
    Recall {
        number: 1,
        id: "RC-01".into(),
        title: "t".into(),
        defect: String::new(),
        remedy: Remedy::Ota,
        software: None,
        regulator: String::new(),
        reference: String::new(),
        published: 0,
        opened_on: date(OPENED),
        closed_on: None,
        stop_ship: StopShip::None,
        stop_ship_on: None,
        version: 1,
        due: 0,
        scopes: Vec::new(),
    }
}

#[test]
fn a_recall_closes_when_nothing_is_kept_back() {
    let mut one = recall();
    let (day, before) = (date("2024-07-02"), date("2024-06-30"));
    assert_eq!(
        one.stop(StopShip::Loading, before).unwrap_err().reason(),
        "RECALL_OPENED_LATER"
    );
    assert_eq!(one.stop(StopShip::Loading, day), Ok(true));
    assert_eq!(one.stop(StopShip::Loading, day), Ok(false));
    assert_eq!(one.stop(StopShip::LoadingAndHandover, day), Ok(true));
    assert_eq!(one.close(day).unwrap_err().reason(), "RECALL_STOP_SHIP");
    let early = one.lift(date(OPENED)).unwrap_err();
    assert_eq!(early.reason(), "STOP_SHIP_ISSUED_LATER");
    assert_eq!(one.lift(day), Ok(true));
    assert_eq!(one.lift(day), Ok(false));
    assert_eq!(one.close(day), Ok(true));
    assert_eq!(one.close(day), Ok(false));
    assert_eq!(one.open().unwrap_err().reason(), "RECALL_CLOSED");
}
