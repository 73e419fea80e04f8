//! Reports of trouble against loads, without a database.

use takt_service::error::Refusal;

use super::*;
use crate::programme::sample::{catalogue, date};

fn load() -> Shipment {
    let catalogue = catalogue();
    let lane = catalogue.lane_at(80).unwrap();
    let mut load = Shipment::planned(date("2024-04-01"), lane, 3);
    load.report(TransportEvent::Departed(date("2024-04-01")), lane)
        .unwrap();
    load
}

fn aboard(vin: &str, order_no: i64, handed_over: bool) -> Aboard {
    Aboard {
        vehicle_no: order_no,
        vin: vin.into(),
        order_no,
        shipment: ShipmentNo::new(date("2024-04-01"), 80),
        handed_over,
    }
}

fn book() -> Book {
    let all = vec![
        aboard("V1", 1, false),
        aboard("V2", 2, false),
        aboard("V3", 3, true),
    ];
    Book::new(all, Vec::new())
}

fn delay(expected: &str) -> Trouble {
    Trouble::Delayed {
        expected_on: date(expected),
        description: "snow".into(),
    }
}

fn damage(vin: &str) -> Trouble {
    Trouble::Damaged {
        vin: vin.into(),
        description: "door".into(),
        severity: 2,
    }
}

fn lost(vin: &str) -> Trouble {
    Trouble::Lost {
        vin: vin.into(),
        description: "fire".into(),
    }
}

fn ended(how: Resolution, on: &str) -> Ended {
    Ended::plain(how, date(on))
}

#[test]
fn a_delay_moves_the_day_and_the_next_one_overtakes_it() {
    let (mut load, mut book) = (load(), book());
    let on = date("2024-04-02");
    assert_eq!(load.expected_on, date("2024-04-04"));
    assert_eq!(book.take(&mut load, on, &delay("2024-04-09")), Ok(true));
    assert_eq!(load.expected_on, date("2024-04-09"));
    assert_eq!(book.take(&mut load, on, &delay("2024-04-09")), Ok(false));
    let next = date("2024-04-05");
    assert_eq!(book.take(&mut load, next, &delay("2024-04-07")), Ok(true));
    let told: Vec<_> = book
        .changed()
        .iter()
        .map(|one| {
            (
                one.number.line,
                one.expected,
                one.ended.as_ref().map(|ended| ended.on),
            )
        })
        .collect();
    let days = |a, b| Some((date(a), date(b)));
    assert_eq!(
        told,
        [
            (1, days("2024-04-04", "2024-04-09"), Some(next)),
            (2, days("2024-04-09", "2024-04-07"), None)
        ]
    );
    book.arrived(load.number, date("2024-04-07"));
    assert!(book.changed().iter().all(|one| one.ended.is_some()));
    load.arrived_on = Some(date("2024-04-07"));
    let late = book.take(&mut load, date("2024-04-07"), &delay("2024-04-09"));
    assert_eq!(late.unwrap_err().reason(), "DELAY_AFTER_ARRIVAL");
}

#[test]
fn what_cannot_have_happened_is_refused() {
    let mut book = book();
    let mut planned = load();
    planned.departed_on = None;
    let on = date("2024-04-02");
    let mut reason = |load: &mut Shipment, on: &str, trouble: &Trouble| {
        let refused = book.take(load, date(on), trouble).unwrap_err();
        assert!(!refused.to_string().is_empty());
        refused.reason()
    };
    assert_eq!(
        reason(&mut planned, "2024-04-02", &damage("V1")),
        "EXCEPTION_NOT_DEPARTED"
    );
    let mut load = load();
    assert_eq!(
        reason(&mut load, "2024-03-31", &damage("V1")),
        "EXCEPTION_BEFORE_DEPARTURE"
    );
    assert_eq!(
        reason(&mut load, "2024-04-02", &delay("2024-04-01")),
        "DELAY_INTO_THE_PAST"
    );
    assert_eq!(
        reason(&mut load, "2024-04-02", &damage("V9")),
        "VEHICLE_NOT_ABOARD"
    );
    assert_eq!(
        reason(&mut load, "2024-04-02", &lost("V3")),
        "EXCEPTION_AFTER_HANDOVER"
    );
    assert!(book.changed().is_empty() && book.gone().is_empty(), "{on}");
}

#[test]
fn a_damage_is_resolved_once_and_a_written_off_vehicle_is_gone_with_all_its_damages() {
    let (mut load, mut book) = (load(), book());
    let on = date("2024-04-02");
    assert_eq!(book.take(&mut load, on, &damage("V1")), Ok(true));
    assert_eq!(book.take(&mut load, on, &damage("V1")), Ok(false));
    let again = date("2024-04-03");
    assert_eq!(book.take(&mut load, again, &damage("V1")), Ok(true));
    assert_eq!(book.take(&mut load, on, &damage("V2")), Ok(true));
    let at = |line| ExceptionNo {
        shipment: ShipmentNo::new(date("2024-04-01"), 80),
        line,
    };
    let repaired = ended(Resolution::Repaired, "2024-04-10");
    let early = book.resolve(at(3), ended(Resolution::Repaired, "2024-04-01"));
    assert_eq!(early.unwrap_err().reason(), "RESOLVED_BEFORE_REPORT");
    assert_eq!(book.resolve(at(3), repaired.clone()), Ok(()));
    let twice = book.resolve(at(3), repaired);
    assert_eq!(twice.unwrap_err().reason(), "EXCEPTION_RESOLVED");
    assert!(book.gone().is_empty());
    let off = ended(Resolution::WrittenOff, "2024-04-10");
    assert_eq!(book.resolve(at(1), off.clone()), Ok(()));
    let gone: Vec<_> = book
        .gone()
        .iter()
        .map(|(one, number, _)| (one.order_no, number.line))
        .collect();
    assert_eq!(gone, [(1, 1)]);
    let second = book.resolve(at(2), off);
    assert_eq!(second.unwrap_err().reason(), "EXCEPTION_RESOLVED");
    book.replaced(at(1), "V7");
    let first = book.changed()[0]
        .ended
        .as_ref()
        .map(|ended| ended.replacement.as_str());
    assert_eq!(first, Some("V7"));
}

#[test]
fn a_lost_vehicle_is_gone_and_nothing_is_to_be_resolved() {
    let (mut load, mut book) = (load(), book());
    let on = date("2024-04-02");
    assert_eq!(book.take(&mut load, on, &damage("V1")), Ok(true));
    assert_eq!(book.take(&mut load, on, &lost("V1")), Ok(true));
    assert_eq!(book.take(&mut load, on, &lost("V1")), Ok(false));
    assert_eq!(book.gone().len(), 1);
    assert!(book.changed().iter().all(|one| one.ended.is_some()));
    let after = book.take(&mut load, date("2024-04-05"), &damage("V1"));
    assert_eq!(after.unwrap_err().reason(), "VEHICLE_NOT_ABOARD");
    let number = book.changed()[1].number;
    let refused = book.resolve(number, ended(Resolution::Repaired, "2024-04-10"));
    assert_eq!(refused.unwrap_err().reason(), "EXCEPTION_NOT_RESOLVABLE");
}

#[test]
fn an_id_is_a_shipment_and_a_number() {
    let catalogue = catalogue();
    let id = "OUT-SHANGHAI-ROAD.20240401/12";
    let number = ExceptionNo::parse(id, &catalogue).unwrap();
    assert_eq!((number.line, number.id(&catalogue).as_str()), (12, id));
    for bad in [
        "",
        "OUT-SHANGHAI-ROAD.20240401",
        "OUT-SHANGHAI-ROAD.20240401/0",
        "OUT-MOON.20240401/1",
    ] {
        assert!(ExceptionNo::parse(bad, &catalogue).is_err(), "{bad}");
    }
}
