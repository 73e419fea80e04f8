//! The rows of reservations.
//!
//! It must not know rules. Invariant: a reservation ends by a statement that finds it open; RV-1.

use takt_kernel::Date;
use takt_service::{Error, Row, Tx};

use super::{Reservation, ReservationState};
use crate::{
    programme::{Configuration, options_of},
    rows::{date, date_opt, day, get},
};

const SELECT: &str = "SELECT r.order_id, r.customer_id, c.variant_no, c.options, r.city, r.state, r.reserved_on, r.lapses_on, r.ended_on, \
     r.currency, r.deposit_minor FROM reservation r JOIN configuration c ON c.config_no = r.config_no";

fn read(row: &Row) -> Result<Reservation, Error> {
    let state: i64 = get(row, 5)?;
    Ok(Reservation {
        id: get(row, 0)?,
        customer_id: get(row, 1)?,
        variant_no: get(row, 2)?,
        options: options_of(&get::<String>(row, 3)?),
        city: get(row, 4)?,
        state: ReservationState::of(state)
            .ok_or_else(|| Error::broken(format!("reservation state {state}")))?,
        reserved_on: date(row, 6)?,
        lapses_on: date(row, 7)?,
        ended_on: date_opt(row, 8)?,
        currency: get(row, 9)?,
        deposit_minor: get(row, 10)?,
    })
}

/// A reservation by its order.
pub(crate) async fn reservation_fetch(tx: &Tx, id: &str) -> Result<Reservation, Error> {
    let sql = format!("{SELECT} WHERE r.order_id = $1");
    let row = tx.one(&sql, vec![id.into()]).await?;
    read(&row.ok_or_else(|| Error::missing("reservation", id))?)
}

/// Reservations behind an id, all or those in a state.
pub(crate) async fn reservations_page(
    tx: &Tx,
    state: Option<ReservationState>,
    after: &str,
    limit: i64,
) -> Result<Vec<Reservation>, Error> {
    let only = state.map_or(String::new(), |state| {
        format!(" AND r.state = {}", state as i64)
    });
    let sql = format!("{SELECT} WHERE r.order_id > $1{only} ORDER BY r.order_id LIMIT $2");
    let rows = tx.rows(&sql, vec![after.into(), limit.into()]).await?;
    rows.iter().map(read).collect()
}

/// Keeps a reservation of a configuration that is stored.
pub(crate) async fn reservation_add(
    tx: &Tx,
    reservation: &Reservation,
    configuration: &Configuration,
) -> Result<(), Error> {
    let row = vec![
        reservation.id.as_str().into(),
        reservation.customer_id.as_str().into(),
        configuration.number().into(),
        reservation.city.as_str().into(),
        (reservation.state as i64).into(),
        day(reservation.reserved_on),
        day(reservation.lapses_on),
        reservation.currency.as_str().into(),
        reservation.deposit_minor.into(),
    ];
    let columns = [
        "order_id",
        "customer_id",
        "config_no",
        "city",
        "state",
        "reserved_on",
        "lapses_on",
        "currency",
        "deposit_minor",
    ];
    tx.insert_many("reservation", &columns, vec![row], "")
        .await
        .map(|_| ())
}

/// Ends a reservation that is open.
pub(crate) async fn reservation_end(
    tx: &Tx,
    id: &str,
    state: ReservationState,
    on: Date,
) -> Result<(), Error> {
    let sql = "UPDATE reservation SET state = $1, ended_on = $2 WHERE order_id = $3 AND state = 1";
    let values = vec![(state as i64).into(), day(on), id.into()];
    match tx.exec(sql, values).await? {
        1 => Ok(()),
        _ => Err(Error::stale("reservation", id)),
    }
}

/// Ends the open reservations whose last day lies before a day; says how many.
pub(crate) async fn reservations_lapse(tx: &Tx, as_of: Date) -> Result<u64, Error> {
    let sql = "UPDATE reservation SET state = 4, ended_on = lapses_on + 1 WHERE state = 1 AND lapses_on < $1";
    tx.exec(sql, vec![day(as_of)]).await
}
