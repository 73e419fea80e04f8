//! The rows of appointments.
//!
//! It must not know when one is made. Invariants: who makes or ends one holds their counter, so that they follow each other; AP-1 the table keeps an
//! order from having two that stand.

use std::collections::BTreeMap;

use takt_kernel::Date;
use takt_service::{Error, Row, Tx};

use super::{Appointment, State};
use crate::{
    centre::{
        plan::Coming,
        store::{book_fetch, book_save, centres_fetch},
    },
    rows::{counter_lock, counter_set, date, date_opt, day, day_opt, get, list},
};

/// The counter of appointments. Its row is held by whatever changes what is booked, or what a handover looks at.
pub(crate) const APPOINTMENT: &str = "appointment";

const COLUMNS: &str =
    "a.appointment_no, a.order_no, a.centre_no, a.appointed_on, a.state, a.made_on, a.ended_on";

fn read(row: &Row, from: usize) -> Result<Appointment, Error> {
    let state: i64 = get(row, from + 4)?;
    Ok(Appointment {
        number: get(row, from)?,
        order_no: get(row, from + 1)?,
        centre_no: get(row, from + 2)?,
        on: date(row, from + 3)?,
        state: State::of_code(state)
            .ok_or_else(|| Error::broken(format!("appointment state {state}")))?,
        made_on: date(row, from + 5)?,
        ended_on: date_opt(row, from + 6)?,
    })
}

/// The appointments of some orders that stand, by order.
pub(crate) async fn standing_fetch(
    tx: &Tx,
    orders: impl IntoIterator<Item = i64>,
) -> Result<BTreeMap<i64, Appointment>, Error> {
    let query = format!(
        "SELECT {COLUMNS} FROM v JOIN appointment a ON a.order_no = v.order_no AND a.state = 1"
    );
    let rows = tx.rows_for(&["order_no"], list(orders), &query).await?;
    let read = |row| read(row, 0).map(|one| (one.order_no, one));
    rows.iter().map(read).collect()
}

/// All appointments of an order, oldest first, with the ids of their centres.
pub(crate) async fn of_order_fetch(
    tx: &Tx,
    order_no: i64,
) -> Result<Vec<(Appointment, String)>, Error> {
    let sql = format!(
        "SELECT {COLUMNS}, c.centre_id FROM appointment a JOIN centre c ON c.centre_no = a.centre_no \
         WHERE a.order_no = $1 ORDER BY a.appointment_no"
    );
    let rows = tx.rows(&sql, vec![order_no.into()]).await?;
    rows.iter()
        .map(|row| Ok((read(row, 0)?, get(row, 7)?)))
        .collect()
}

/// Which appointments are listed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    /// Only those at this centre.
    pub(crate) centre_id: String,
    /// Only those of this order.
    pub(crate) order_id: String,
    /// Only those in this state.
    pub(crate) state: Option<State>,
}

/// An appointment as it is listed.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    /// The appointment.
    pub(crate) appointment: Appointment,
    /// The order.
    pub(crate) order_id: String,
    /// The centre.
    pub(crate) centre_id: String,
}

/// The next appointments behind a number.
pub(crate) async fn appointments_page(
    tx: &Tx,
    filter: &Filter,
    after: i64,
    limit: i64,
) -> Result<Vec<Listed>, Error> {
    let sql = format!(
        "SELECT {COLUMNS}, o.order_id, c.centre_id FROM appointment a JOIN sales_order o ON o.order_no = a.order_no \
         JOIN centre c ON c.centre_no = a.centre_no WHERE a.appointment_no > $1 AND ($2 = '' OR c.centre_id = $2) \
         AND ($3 = '' OR o.order_id = $3) AND ($4 = 0 OR a.state = $4) ORDER BY a.appointment_no LIMIT $5"
    );
    let state = filter.state.map_or(0, State::code);
    let values = vec![
        after.into(),
        filter.centre_id.as_str().into(),
        filter.order_id.as_str().into(),
        state.into(),
        limit.into(),
    ];
    let listed = |row| {
        Ok(Listed {
            appointment: read(row, 0)?,
            order_id: get(row, 7)?,
            centre_id: get(row, 8)?,
        })
    };
    tx.rows(&sql, values).await?.iter().map(listed).collect()
}

/// Saves appointments that are new, then the ends of those that stood; the counter is held and stands behind the last one.
pub(crate) async fn appointments_save(
    tx: &Tx,
    ended: &[Appointment],
    new: &[Appointment],
) -> Result<(), Error> {
    let rows = ended.iter().map(|one| {
        vec![
            one.number.into(),
            one.state.code().into(),
            day_opt(one.ended_on),
        ]
    });
    let count = ended.len();
    let set = ["state = v.state", "ended_on = v.ended_on"];
    let columns = ["appointment_no", "state", "ended_on"];
    let changed = tx
        .update_many(
            "appointment",
            &["appointment_no"],
            &set,
            &columns,
            rows.collect(),
            "t.state = 1",
        )
        .await?;
    if !usize::try_from(changed).is_ok_and(|changed| changed == count) {
        return Err(Error::Conflict {
            detail: "an appointment ended beside this change".to_owned(),
        });
    }
    let columns = [
        "appointment_no",
        "order_no",
        "centre_no",
        "appointed_on",
        "state",
        "made_on",
        "ended_on",
    ];
    let rows = new.iter().map(|one| {
        vec![
            one.number.into(),
            one.order_no.into(),
            one.centre_no.into(),
            day(one.on),
            one.state.code().into(),
            day(one.made_on),
            day_opt(one.ended_on),
        ]
    });
    tx.insert_many("appointment", &columns, rows.collect(), "")
        .await?;
    match new.last() {
        Some(last) => counter_set(tx, APPOINTMENT, last.number).await,
        None => Ok(()),
    }
}

/// Cancels the appointment of an order that was cancelled on a day, if one stands.
pub(crate) async fn order_released(tx: &Tx, order_no: i64, on: Date) -> Result<(), Error> {
    counter_lock(tx, APPOINTMENT).await?;
    let Some(mut standing) = standing_fetch(tx, [order_no]).await?.remove(&order_no) else {
        return Ok(());
    };
    let centres = centres_fetch(tx, None).await?;
    let mut book = book_fetch(tx, centres, standing.on).await?;
    book.give_back(standing.centre_no, standing.on);
    book_save(tx, &book).await?;
    standing.end(State::Cancelled, on);
    appointments_save(tx, &[standing], &[]).await
}

/// The vehicles of a city that are on a load and not handed over, by order.
pub(crate) async fn coming_fetch(tx: &Tx, city: &str) -> Result<Vec<Coming>, Error> {
    let sql = "SELECT o.order_no, o.order_id, w.vin, s.expected_on, s.arrived_on, p.deliver_on, a.appointed_on FROM shipment s \
               JOIN lane l ON l.lane_no = s.lane_no JOIN vehicle w ON w.shipment_no = s.shipment_no \
               JOIN sales_order o ON o.order_no = w.order_no \
               LEFT JOIN promise p ON p.order_no = o.order_no AND NOT EXISTS \
               (SELECT 1 FROM promise q WHERE q.order_no = p.order_no AND q.promise_no > p.promise_no) \
               LEFT JOIN appointment a ON a.order_no = o.order_no AND a.state = 1 \
               WHERE s.state < 4 AND l.city = $1 AND w.handed_over_on IS NULL ORDER BY o.order_no";
    let rows = tx.rows(sql, vec![city.into()]).await?;
    let coming = |row| {
        let arrived_on = date_opt(row, 4)?;
        Ok(Coming {
            order_no: get(row, 0)?,
            order_id: get(row, 1)?,
            vin: get(row, 2)?,
            ready_on: match arrived_on {
                Some(on) => on,
                None => date(row, 3)?,
            },
            arrived: arrived_on.is_some(),
            promised_on: date_opt(row, 5)?,
            appointed_on: date_opt(row, 6)?,
        })
    };
    rows.iter().map(coming).collect()
}
