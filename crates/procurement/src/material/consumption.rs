//! What vehicles used: one row a vehicle, and when all of a reservation are in, the ledger's issues.
//!
//! It must not know messages. Invariants: the ledger accepts always, because matter has moved; use that no reservation
//! covers is marked and never dropped; entries, lots and balances change in one transaction, in a constant number of
//! statements whatever the number of lots.

use std::collections::{BTreeMap, BTreeSet};

use takt_service::{Error, Tx};

use super::{Reservation, ReservationState, reservation::reservations_fetch};
use crate::{
    requirement::store::plan_lock,
    supply::{
        Cells,
        store::{changes_record, kept_fetch, kept_free_fetch},
    },
};

/// A vehicle that was built and used its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Built {
    /// The vehicle's place in the plant-wide order of issues.
    pub(crate) build_number: i64,
    /// The vehicle identification number.
    pub(crate) vin: String,
    /// The reservation that it used; empty when it used no bought part.
    pub(crate) reservation_id: String,
    /// The vehicles that share the reservation.
    pub(crate) vehicles: i64,
}

/// What becomes of vehicles and their reservations.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Consumed {
    /// The number of the reservation each vehicle used; 0 for none.
    pub(crate) used: Vec<i64>,
    /// Vehicles whose use is not covered: build number, reservation, reason.
    pub(crate) uncovered: Vec<(i64, String, &'static str)>,
    /// The reservations that changed.
    pub(crate) changed: BTreeMap<i64, Reservation>,
    /// The reservations whose vehicles are all in.
    pub(crate) complete: BTreeSet<i64>,
}

/// Counts vehicles in on their reservations.
pub(crate) fn consume(
    built: &[Built],
    mut reservations: BTreeMap<String, Reservation>,
) -> Consumed {
    let mut consumed = Consumed::default();
    for vehicle in built {
        let reason = match reservations.get_mut(&vehicle.reservation_id) {
            None if vehicle.reservation_id.is_empty() => {
                consumed.used.push(0);
                continue;
            }
            None => {
                consumed.used.push(0);
                Some("RESERVATION_UNKNOWN")
            }
            Some(reservation) => {
                consumed.used.push(reservation.number);
                let released = reservation.state == ReservationState::Released;
                let full = reservation.state == ReservationState::Consumed
                    || reservation.consumed >= vehicle.vehicles;
                if !full {
                    reservation.vehicles = vehicle.vehicles;
                    reservation.consumed += 1;
                    if reservation.consumed == reservation.vehicles {
                        consumed.complete.insert(reservation.number);
                    }
                    consumed
                        .changed
                        .insert(reservation.number, reservation.clone());
                }
                match (full, released) {
                    (true, _) => Some("RESERVATION_USED_UP"),
                    (false, true) => Some("RESERVATION_GIVEN_BACK"),
                    (false, false) => None,
                }
            }
        };
        consumed.uncovered.extend(
            reason.map(|reason| (vehicle.build_number, vehicle.reservation_id.clone(), reason)),
        );
    }
    consumed
}

/// Writes vehicles down and posts the reservations that are complete with them.
pub(crate) async fn consumption_add(tx: &Tx, built: &[Built]) -> Result<(), Error> {
    let ids: BTreeSet<&str> = built
        .iter()
        .map(|vehicle| vehicle.reservation_id.as_str())
        .filter(|id| !id.is_empty())
        .collect();
    let reservations = reservations_fetch(tx, &ids.into_iter().collect::<Vec<_>>()).await?;
    let consumed = consume(built, reservations);
    let rows = built.iter().zip(&consumed.used).map(|(vehicle, number)| {
        vec![
            vehicle.build_number.into(),
            (*number).into(),
            vehicle.vin.as_str().into(),
        ]
    });
    tx.insert_many(
        "consumption",
        &["build_number", "reservation_no", "vin"],
        rows.collect(),
        "",
    )
    .await?;
    let rows = consumed
        .uncovered
        .iter()
        .map(|(build, id, reason)| vec![(*build).into(), id.as_str().into(), (*reason).into()]);
    tx.insert_many(
        "discrepancy",
        &["build_number", "reservation_id", "reason"],
        rows.collect(),
        "",
    )
    .await?;
    let complete: Vec<&Reservation> = consumed
        .changed
        .values()
        .filter(|one| consumed.complete.contains(&one.number))
        .collect();
    let supply = if complete.is_empty() {
        Cells::default()
    } else {
        issues_post(tx, &complete).await?
    };
    let rows = consumed.changed.values().map(|one| {
        let state = if consumed.complete.contains(&one.number) {
            ReservationState::Consumed
        } else {
            one.state
        };
        vec![
            one.number.into(),
            one.vehicles.into(),
            one.consumed.into(),
            (state as i64).into(),
        ]
    });
    let set = [
        "vehicle_count = v.vehicles",
        "consumed_count = v.consumed",
        "state = v.state",
    ];
    let columns = ["reservation_no", "vehicles", "consumed", "state"];
    tx.update_many(
        "reservation",
        &["reservation_no"],
        &set,
        &columns,
        rows.collect(),
        "",
    )
    .await?;
    changes_record(tx, &supply).await
}

/// Moves the lines of complete reservations into the ledger and out of lots and balances; answers with what that changes
/// in supply.
async fn issues_post(tx: &Tx, complete: &[&Reservation]) -> Result<Cells, Error> {
    let numbers = |state| {
        let with = complete.iter().filter(move |one| one.state == state);
        with.map(|one| one.number).collect::<Vec<_>>()
    };
    let mut supply = Cells::default();
    for (item_no, kept) in kept_fetch(tx, &numbers(ReservationState::Confirmed)).await? {
        supply.reserved(item_no, -kept);
    }
    // What was given back is free, or somebody else's, and is used all the same.
    let given_back = numbers(ReservationState::Released);
    for (item_no, received_on, free) in kept_free_fetch(tx, &given_back).await? {
        supply.free(item_no, received_on, -free);
    }
    let list = || {
        complete
            .iter()
            .map(|one| vec![one.number.into()])
            .collect::<Vec<_>>()
    };
    let lines = "FROM v JOIN reservation AS r ON r.reservation_no = v.reservation_no \
                 JOIN reservation_line AS l ON l.reservation_no = r.reservation_no";
    let run = async |statement: String| tx.exec_for(&["reservation_no"], list(), &statement).await;
    run(format!(
        "INSERT INTO ledger (day, kind, first_lot, reservation_no, received_on, lots, quantity) \
         SELECT r.build_on, 2, l.first_lot, l.reservation_no, l.received_on, l.lots, -l.quantity {lines}"
    ))
    .await?;
    if complete
        .iter()
        .any(|one| one.state == ReservationState::Released)
    {
        // What had been given back of a lot that is kept back counted as lost; now it is used.
        run(format!(
            "UPDATE balance AS t SET lost = t.lost - x.used FROM \
             (SELECT o.item_no, CAST(SUM(l.quantity) AS BIGINT) AS used {lines} JOIN lot AS o ON o.received_on = l.received_on \
             AND o.lot_number BETWEEN l.first_lot AND l.first_lot + l.lots - 1 \
             WHERE r.state = 3 AND o.state = 4 GROUP BY o.item_no) AS x WHERE t.item_no = x.item_no"
        ))
        .await?;
    }
    run(format!(
        "UPDATE balance AS t SET on_hand = t.on_hand - x.used, reserved = t.reserved - x.held, issued = t.issued + x.used FROM \
         (SELECT l.first_lot / 1000000000 AS item_no, CAST(SUM(l.lots * l.quantity) AS BIGINT) AS used, \
         CAST(SUM(CASE WHEN r.state = 1 THEN l.lots * l.quantity ELSE 0 END) AS BIGINT) AS held {lines} GROUP BY 1) AS x \
         WHERE t.item_no = x.item_no"
    ))
    .await?;
    // One by one, because two reservations may use the same lot. What was given back is not reserved any more. State 5
    // is used up; in state 6 the books do not cover what was used.
    for one in complete {
        let held = if one.state == ReservationState::Confirmed {
            "l.quantity"
        } else {
            "0"
        };
        let sql = format!(
            "UPDATE lot AS t SET on_hand = t.on_hand - l.quantity, reserved = t.reserved - {held}, \
             state = CASE WHEN t.on_hand - l.quantity < t.reserved - {held} THEN 6 WHEN t.on_hand = l.quantity AND t.state <> 6 THEN 5 \
             ELSE t.state END FROM reservation_line AS l WHERE l.reservation_no = $1 AND t.received_on = l.received_on \
             AND t.lot_number BETWEEN l.first_lot AND l.first_lot + l.lots - 1"
        );
        tx.exec(&sql, vec![one.number.into()]).await?;
    }
    // The row of the plan is locked, so that a new plan either counts these issues itself or is told of them here.
    let plan = plan_lock(tx).await?;
    if plan.is_some_and(|(plan, _)| complete.iter().any(|one| one.build_on < plan.as_of)) {
        run(format!(
            "UPDATE requirement AS t SET issued_before = t.issued_before + x.used FROM \
             (SELECT l.first_lot / 1000000000 AS item_no, CAST(SUM(l.lots * l.quantity) AS BIGINT) AS used {lines} \
             WHERE r.build_on < (SELECT as_of FROM requirement_plan) GROUP BY 1) AS x WHERE t.item_no = x.item_no"
        ))
        .await?;
    }
    for (item_no, received_on, free) in kept_free_fetch(tx, &given_back).await? {
        supply.free(item_no, received_on, free);
    }
    run(
        "DELETE FROM reservation_line WHERE reservation_no IN (SELECT reservation_no FROM v)"
            .to_owned(),
    )
    .await?;
    Ok(supply)
}
