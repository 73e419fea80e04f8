//! The rows of reservations and what they do to lots and balances.
//!
//! It must not know rules. Invariants: a lot gives only what is free of it, by the condition of the update itself; the
//! number of statements does not depend on the number of lots.

use std::collections::BTreeMap;

use takt_kernel::{Date, LotNumber, Quantity};
use takt_service::{Error, Row, Tx};

use super::{Need, Reservation, ReservationState, Run};
use crate::{
    rows::{date, day, get},
    supply::{
        Cells,
        store::{changes_record, kept_fetch, kept_free_fetch},
    },
};

/// The free lots of what is needed on a day as runs, in item order and within an item first in first out.
pub(crate) async fn free_fetch(tx: &Tx, build_on: Date, needs: &[Need]) -> Result<Vec<Run>, Error> {
    let list = needs
        .iter()
        .map(|need| vec![i64::from(need.item_no).into(), day(build_on)]);
    let sql = "SELECT l.received_on, MIN(l.lot_number), COUNT(*), l.on_hand - l.reserved, MAX(l.lot_number) FROM v JOIN lot AS l ON l.item_no = v.item_no \
               WHERE l.state = 3 AND l.on_hand > l.reserved AND l.received_on < v.build_on \
               GROUP BY l.item_no, l.received_on, l.lot_number / 10000000, l.on_hand - l.reserved";
    let (mut runs, mut torn) = (Vec::new(), Vec::new());
    for row in tx
        .rows_for(&["item_no", "build_on"], list.collect(), sql)
        .await?
    {
        let (run, last) = (run_read(&row)?, get::<i64>(&row, 4)?);
        if run.last().value() == last {
            runs.push(run);
        } else {
            torn.push(vec![
                day(run.received_on),
                run.first.value().into(),
                last.into(),
                run.each.milli().into(),
            ]);
        }
    }
    // Equal lots with gaps between them, as after a lot in the middle was kept back: they are taken one by one.
    let sql = "SELECT l.received_on, l.lot_number, CAST(1 AS BIGINT), v.free FROM v JOIN lot AS l ON l.received_on = v.received_on \
               AND l.lot_number BETWEEN v.first_lot AND v.last_lot AND l.on_hand - l.reserved = v.free WHERE l.state = 3";
    for row in tx
        .rows_for(&["received_on", "first_lot", "last_lot", "free"], torn, sql)
        .await?
    {
        runs.push(run_read(&row)?);
    }
    runs.sort_by_key(|run| (run.first.item_no(), run.received_on, run.first));
    Ok(runs)
}

/// Writes a reservation with its lots and answers with its number.
///
/// # Errors
/// `Exists` when the name was given before; `Conflict` when a lot was taken meanwhile.
pub(crate) async fn reservation_add(
    tx: &Tx,
    id: &str,
    build_on: Date,
    vehicles: i64,
    picks: &[Run],
) -> Result<i64, Error> {
    let sql = "INSERT INTO reservation (reservation_id, build_on, state, vehicle_count, consumed_count) VALUES ($1, $2, 1, $3, 0) \
               ON CONFLICT DO NOTHING RETURNING reservation_no";
    let row = tx
        .one(sql, vec![id.into(), day(build_on), vehicles.into()])
        .await?;
    let number: i64 = get(&row.ok_or_else(|| Error::exists("reservation", id))?, 0)?;
    let rows = picks.iter().map(|run| {
        vec![
            number.into(),
            day(run.received_on),
            run.first.value().into(),
            run.lots.into(),
            run.each.milli().into(),
        ]
    });
    tx.insert_many(
        "reservation_line",
        &[
            "reservation_no",
            "received_on",
            "first_lot",
            "lots",
            "quantity",
        ],
        rows.collect(),
        "",
    )
    .await?;
    // A lot gives only what is free of it; that all of them gave is seen by their number.
    let sql = "UPDATE lot AS t SET reserved = t.reserved + r.quantity FROM reservation_line AS r WHERE r.reservation_no = $1 \
               AND t.received_on = r.received_on AND t.lot_number BETWEEN r.first_lot AND r.first_lot + r.lots - 1 AND t.state = 3 AND t.on_hand - t.reserved >= r.quantity";
    let changed = tx.exec(sql, vec![number.into()]).await?;
    let wanted: i64 = picks.iter().map(|run| run.lots).sum();
    if changed != wanted.unsigned_abs() {
        return Err(Error::Conflict {
            detail: format!("lots of reservation {id} were taken meanwhile"),
        });
    }
    let sql = "UPDATE balance AS t SET reserved = t.reserved + x.held FROM (SELECT first_lot / 1000000000 AS item_no, \
               CAST(SUM(lots * quantity) AS BIGINT) AS held FROM reservation_line WHERE reservation_no = $1 GROUP BY 1) AS x \
               WHERE t.item_no = x.item_no";
    tx.exec(sql, vec![number.into()]).await?;
    let mut supply = Cells::default();
    for run in picks {
        supply.free(run.first.item_no(), run.received_on, -run.total());
        supply.reserved(run.first.item_no(), run.total());
    }
    changes_record(tx, &supply).await?;
    Ok(number)
}

/// Gives the stock of a reservation back. What is kept back by quality stays lost to the plan.
pub(crate) async fn reservation_free(tx: &Tx, reservation: &Reservation) -> Result<(), Error> {
    let number = || vec![reservation.number.into()];
    let mut supply = Cells::default();
    for (item_no, kept) in kept_fetch(tx, &[reservation.number]).await? {
        supply.reserved(item_no, -kept);
    }
    for (item_no, received_on, free) in kept_free_fetch(tx, &[reservation.number]).await? {
        supply.free(item_no, received_on, -free);
    }
    let sql = "UPDATE reservation SET state = 3 WHERE reservation_no = $1 AND state = 1 AND consumed_count = 0";
    if tx.exec(sql, number()).await? == 0 {
        return Err(Error::Conflict {
            detail: format!("reservation {} changed meanwhile", reservation.id),
        });
    }
    let sql = "UPDATE balance AS t SET reserved = t.reserved - x.held, lost = t.lost + x.blocked FROM \
               (SELECT l.item_no, CAST(SUM(r.quantity) AS BIGINT) AS held, \
               CAST(SUM(CASE WHEN l.state = 4 THEN r.quantity ELSE 0 END) AS BIGINT) AS blocked FROM reservation_line AS r \
               JOIN lot AS l ON l.received_on = r.received_on AND l.lot_number BETWEEN r.first_lot AND r.first_lot + r.lots - 1 \
               WHERE r.reservation_no = $1 GROUP BY l.item_no) AS x WHERE t.item_no = x.item_no";
    tx.exec(sql, number()).await?;
    let sql = "UPDATE lot AS t SET reserved = t.reserved - r.quantity FROM reservation_line AS r \
               WHERE r.reservation_no = $1 AND t.received_on = r.received_on \
               AND t.lot_number BETWEEN r.first_lot AND r.first_lot + r.lots - 1";
    tx.exec(sql, number()).await?;
    for (item_no, received_on, free) in kept_free_fetch(tx, &[reservation.number]).await? {
        supply.free(item_no, received_on, free);
    }
    changes_record(tx, &supply).await
}

/// A reservation by its name.
pub(crate) async fn reservation_fetch(tx: &Tx, id: &str) -> Result<Option<Reservation>, Error> {
    let sql = "SELECT reservation_no, reservation_id, build_on, state, vehicle_count, consumed_count FROM reservation WHERE reservation_id = $1";
    tx.one(sql, vec![id.into()])
        .await?
        .map(|row| reservation_read(&row))
        .transpose()
}

/// Reservations by their names; those that are not there are left out.
pub(crate) async fn reservations_fetch(
    tx: &Tx,
    ids: &[&str],
) -> Result<BTreeMap<String, Reservation>, Error> {
    let list = ids.iter().map(|id| vec![(*id).into()]).collect();
    let sql = "SELECT r.reservation_no, r.reservation_id, r.build_on, r.state, r.vehicle_count, r.consumed_count \
               FROM v JOIN reservation AS r ON r.reservation_id = v.reservation_id";
    let rows = tx.rows_for(&["reservation_id"], list, sql).await?;
    rows.iter()
        .map(|row| reservation_read(row).map(|found| (found.id.clone(), found)))
        .collect()
}

/// The lots of a reservation in the order of their use: from its lines, or from the ledger once they are used.
pub(crate) async fn lots_fetch(tx: &Tx, reservation: &Reservation) -> Result<Vec<Run>, Error> {
    let number = reservation.number.into();
    let rows = if reservation.state == ReservationState::Consumed {
        let sql = "SELECT received_on, first_lot, lots, -quantity FROM ledger WHERE day = $1 AND kind = 2 AND reservation_no = $2";
        tx.rows(sql, vec![day(reservation.build_on), number])
            .await?
    } else {
        let sql = "SELECT received_on, first_lot, lots, quantity FROM reservation_line WHERE reservation_no = $1";
        tx.rows(sql, vec![number]).await?
    };
    let mut runs: Vec<Run> = rows.iter().map(run_read).collect::<Result<_, _>>()?;
    runs.sort_by_key(|run| (run.first.item_no(), run.received_on, run.first));
    Ok(runs)
}

fn reservation_read(row: &Row) -> Result<Reservation, Error> {
    let state: i64 = get(row, 3)?;
    Ok(Reservation {
        number: get(row, 0)?,
        id: get(row, 1)?,
        build_on: date(row, 2)?,
        state: ReservationState::of(state)
            .ok_or_else(|| Error::broken(format!("a reservation has the state {state}")))?,
        vehicles: get(row, 4)?,
        consumed: get(row, 5)?,
    })
}

fn run_read(row: &Row) -> Result<Run, Error> {
    Ok(Run {
        received_on: date(row, 0)?,
        first: LotNumber(get(row, 1)?),
        lots: get(row, 2)?,
        each: Quantity(get(row, 3)?),
    })
}
