//! The rows of reservations and what they do to lots and balances.
//!
//! It must not know rules. Invariants: a lot gives only what is free of it, by the condition of the update itself; the
//! number of statements does not depend on the number of lots.

use std::collections::BTreeMap;

use takt_kernel::{Date, LotNumber, Quantity};
use takt_service::{Error, Row, Tx};

use super::{Need, Pick, Reservation, ReservationState};
use crate::rows::{date, day, get};

/// The free lots that cover what is needed on a day, in item order and within an item first in first out; of an item
/// that is short all there are.
pub(crate) async fn free_fetch(
    tx: &Tx,
    build_on: Date,
    needs: &[Need],
) -> Result<Vec<Pick>, Error> {
    let list = needs.iter().map(|need| {
        vec![
            i64::from(need.item_no).into(),
            need.quantity.milli().into(),
            day(build_on),
        ]
    });
    // A running sum within the item tells where the need is covered; the index of free lots has this very order.
    let sql = "SELECT x.lot_number, x.free FROM (SELECT l.item_no, l.received_on, l.lot_number, v.need, l.on_hand - l.reserved AS free, \
               SUM(l.on_hand - l.reserved) OVER (PARTITION BY l.item_no ORDER BY l.received_on, l.lot_number) AS through \
               FROM v JOIN lot AS l ON l.item_no = v.item_no \
               WHERE l.state = 3 AND l.on_hand > l.reserved AND l.received_on < v.build_on) AS x \
               WHERE x.through - x.free < x.need ORDER BY x.item_no, x.received_on, x.lot_number";
    picks_read(
        &tx.rows_for(&["item_no", "need", "build_on"], list.collect(), sql)
            .await?,
    )
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
    picks: &[Pick],
) -> Result<i64, Error> {
    let sql = "INSERT INTO reservation (reservation_id, build_on, state, vehicle_count, consumed_count) VALUES ($1, $2, 1, $3, 0) \
               ON CONFLICT DO NOTHING RETURNING reservation_no";
    let row = tx
        .one(sql, vec![id.into(), day(build_on), vehicles.into()])
        .await?;
    let number: i64 = get(&row.ok_or_else(|| Error::exists("reservation", id))?, 0)?;
    let rows = picks.iter().map(|pick| {
        vec![
            number.into(),
            pick.lot.value().into(),
            pick.quantity.milli().into(),
        ]
    });
    tx.insert_many(
        "reservation_line",
        &["reservation_no", "lot_number", "quantity"],
        rows.collect(),
        "",
    )
    .await?;
    let rows: Vec<_> = picks
        .iter()
        .map(|pick| vec![pick.lot.value().into(), pick.quantity.milli().into()])
        .collect();
    let free = "t.state = 3 AND t.on_hand - t.reserved >= v.quantity";
    let set = ["reserved = t.reserved + v.quantity"];
    let changed = tx
        .update_many(
            "lot",
            &["lot_number"],
            &set,
            &["lot_number", "quantity"],
            rows,
            free,
        )
        .await?;
    if changed != picks.len() as u64 {
        return Err(Error::Conflict {
            detail: format!("lots of reservation {id} were taken meanwhile"),
        });
    }
    let mut items: BTreeMap<u32, i64> = BTreeMap::new();
    for pick in picks {
        *items.entry(pick.lot.item_no()).or_default() += pick.quantity.milli();
    }
    let rows = items
        .iter()
        .map(|(item_no, quantity)| vec![i64::from(*item_no).into(), (*quantity).into()]);
    tx.update_many(
        "balance",
        &["item_no"],
        &set,
        &["item_no", "quantity"],
        rows.collect(),
        "",
    )
    .await?;
    Ok(number)
}

/// Gives the stock of a reservation back. What is kept back by quality stays lost to the plan.
pub(crate) async fn reservation_free(tx: &Tx, reservation: &Reservation) -> Result<(), Error> {
    let number = || vec![reservation.number.into()];
    let sql = "UPDATE reservation SET state = 3 WHERE reservation_no = $1 AND state = 1 AND consumed_count = 0";
    if tx.exec(sql, number()).await? == 0 {
        return Err(Error::Conflict {
            detail: format!("reservation {} changed meanwhile", reservation.id),
        });
    }
    let sql = "UPDATE balance AS t SET reserved = t.reserved - x.held, lost = t.lost + x.blocked FROM \
               (SELECT l.item_no, CAST(SUM(r.quantity) AS BIGINT) AS held, \
               CAST(SUM(CASE WHEN l.state = 4 THEN r.quantity ELSE 0 END) AS BIGINT) AS blocked \
               FROM reservation_line AS r JOIN lot AS l ON l.lot_number = r.lot_number WHERE r.reservation_no = $1 GROUP BY l.item_no) AS x \
               WHERE t.item_no = x.item_no";
    tx.exec(sql, number()).await?;
    let sql = "UPDATE lot AS t SET reserved = t.reserved - r.quantity FROM reservation_line AS r \
               WHERE r.reservation_no = $1 AND t.lot_number = r.lot_number";
    tx.exec(sql, number()).await.map(|_| ())
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
pub(crate) async fn lots_fetch(tx: &Tx, reservation: &Reservation) -> Result<Vec<Pick>, Error> {
    let number = reservation.number.into();
    if reservation.state == ReservationState::Consumed {
        let sql = "SELECT e.lot_number, -e.quantity FROM ledger AS e JOIN lot AS l ON l.lot_number = e.lot_number \
                   WHERE e.day = $1 AND e.kind = 2 AND e.reservation_no = $2 ORDER BY l.item_no, l.received_on, l.lot_number";
        return picks_read(
            &tx.rows(sql, vec![day(reservation.build_on), number])
                .await?,
        );
    }
    let sql = "SELECT r.lot_number, r.quantity FROM reservation_line AS r JOIN lot AS l ON l.lot_number = r.lot_number \
               WHERE r.reservation_no = $1 ORDER BY l.item_no, l.received_on, l.lot_number";
    picks_read(&tx.rows(sql, vec![number]).await?)
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

fn picks_read(rows: &[Row]) -> Result<Vec<Pick>, Error> {
    let mut picks = Vec::with_capacity(rows.len());
    for row in rows {
        picks.push(Pick {
            lot: LotNumber(get(row, 0)?),
            quantity: Quantity(get(row, 1)?),
        });
    }
    Ok(picks)
}
