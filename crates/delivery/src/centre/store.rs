//! The rows of centres and of what is booked on their days.
//!
//! It must not know when a place is given. Invariants: who changes what is booked holds the counter of appointments until the transaction ends,
//! so that bookings, handovers and changes of days follow each other; CE-2 the table of days refuses more than a day can do, too; a number of
//! statements that does not depend on the number of days.

use std::collections::{BTreeMap, BTreeSet};

use takt_kernel::Date;
use takt_service::{Error, Row, Tx};

use super::{Book, Centre, Hours};
use crate::rows::{date, day, get, list};

const WEEK: &str = "monday, tuesday, wednesday, thursday, friday, saturday, sunday";

/// The centres, of a city or of all, in the order of opening.
pub(crate) async fn centres_fetch(tx: &Tx, city: Option<&str>) -> Result<Vec<Centre>, Error> {
    let select = "SELECT centre_no, centre_id, name, city, inspection, version FROM centre";
    let rows = match city {
        None => {
            tx.rows(&format!("{select} ORDER BY centre_no"), vec![])
                .await?
        }
        Some(city) => {
            let sql = format!("{select} WHERE city = $1 ORDER BY centre_no");
            tx.rows(&sql, vec![city.into()]).await?
        }
    };
    with_days(tx, &rows).await
}

/// A centre by its id.
pub(crate) async fn centre_fetch(tx: &Tx, id: &str) -> Result<Option<Centre>, Error> {
    let sql = "SELECT centre_no, centre_id, name, city, inspection, version FROM centre WHERE centre_id = $1";
    let rows = tx.rows(sql, vec![id.into()]).await?;
    Ok(with_days(tx, &rows).await?.pop())
}

/// The next centres behind an id.
pub(crate) async fn centres_page(
    tx: &Tx,
    city: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<Centre>, Error> {
    let sql = "SELECT centre_no, centre_id, name, city, inspection, version FROM centre \
               WHERE centre_id > $1 AND ($2 = '' OR city = $2) ORDER BY centre_id LIMIT $3";
    let values = vec![after.into(), city.into(), limit.into()];
    let rows = tx.rows(sql, values).await?;
    with_days(tx, &rows).await
}

async fn with_days(tx: &Tx, rows: &[Row]) -> Result<Vec<Centre>, Error> {
    let mut centres = Vec::with_capacity(rows.len());
    for row in rows {
        centres.push(Centre {
            number: get(row, 0)?,
            id: get(row, 1)?,
            name: get(row, 2)?,
            city: get(row, 3)?,
            inspection: get::<i64>(row, 4)? != 0,
            version: get(row, 5)?,
            hours: Vec::new(),
            closed: BTreeSet::new(),
        });
    }
    let numbers = || list(centres.iter().map(|centre| centre.number));
    let query = format!(
        "SELECT h.centre_no, h.from_on, {} FROM v JOIN centre_hours h ON h.centre_no = v.centre_no",
        WEEK.split(", ")
            .map(|day| format!("h.{day}"))
            .collect::<Vec<_>>()
            .join(", ")
    );
    let mut hours: BTreeMap<i64, BTreeMap<Date, [i64; 7]>> = BTreeMap::new();
    for row in tx.rows_for(&["centre_no"], numbers(), &query).await? {
        let mut week = [0; 7];
        for (at, count) in week.iter_mut().enumerate() {
            *count = get(&row, at + 2)?;
        }
        let of = hours.entry(get(&row, 0)?).or_default();
        of.insert(date(&row, 1)?, week);
    }
    let query =
        "SELECT c.centre_no, c.closed_on FROM v JOIN centre_closed c ON c.centre_no = v.centre_no";
    let mut closed: BTreeMap<i64, BTreeSet<Date>> = BTreeMap::new();
    for row in tx.rows_for(&["centre_no"], numbers(), query).await? {
        closed
            .entry(get(&row, 0)?)
            .or_default()
            .insert(date(&row, 1)?);
    }
    for centre in &mut centres {
        let of = hours.remove(&centre.number).unwrap_or_default();
        centre.hours = of
            .into_iter()
            .map(|(from, week)| Hours { from, week })
            .collect();
        centre.closed = closed.remove(&centre.number).unwrap_or_default();
    }
    Ok(centres)
}

/// Centres with what is booked on their days from a day on.
pub(crate) async fn book_fetch(tx: &Tx, centres: Vec<Centre>, from: Date) -> Result<Book, Error> {
    let rows = centres.iter().map(|one| vec![one.number.into(), day(from)]);
    let query = "SELECT d.centre_no, d.day_on, d.booked FROM v JOIN centre_day d ON d.centre_no = v.centre_no AND d.day_on >= v.from_on";
    let rows = tx
        .rows_for(&["centre_no", "from_on"], rows.collect(), query)
        .await?;
    let mut booked = BTreeMap::new();
    for row in &rows {
        booked.insert((get(row, 0)?, date(row, 1)?), get(row, 2)?);
    }
    Ok(Book::new(centres, booked))
}

/// Saves the days of a book that changed.
pub(crate) async fn book_save(tx: &Tx, book: &Book) -> Result<(), Error> {
    let rows = book.changes().map(|(number, on, capacity, booked)| {
        vec![number.into(), day(on), capacity.into(), booked.into()]
    });
    let columns = ["centre_no", "day_on", "capacity", "booked"];
    let suffix = "ON CONFLICT (centre_no, day_on) DO UPDATE SET capacity = excluded.capacity, booked = excluded.booked";
    tx.insert_many("centre_day", &columns, rows.collect(), suffix)
        .await?;
    Ok(())
}

/// The number of the next centre to open; who asks holds the counter of appointments.
pub(crate) async fn centre_next(tx: &Tx) -> Result<i64, Error> {
    Ok(tx
        .number("SELECT CAST(COUNT(*) AS BIGINT) FROM centre", vec![])
        .await?
        + 1)
}

/// Saves a centre whose days hold anew from a day on.
pub(crate) async fn centre_save(tx: &Tx, centre: &Centre, from: Date) -> Result<(), Error> {
    let row = vec![
        centre.number.into(),
        centre.id.as_str().into(),
        centre.name.as_str().into(),
        centre.city.as_str().into(),
        i64::from(centre.inspection).into(),
        centre.version.into(),
    ];
    let columns = [
        "centre_no",
        "centre_id",
        "name",
        "city",
        "inspection",
        "version",
    ];
    let suffix = "ON CONFLICT (centre_no) DO UPDATE SET name = excluded.name, inspection = excluded.inspection, version = excluded.version";
    tx.insert_many("centre", &columns, vec![row], suffix)
        .await?;
    for sql in [
        "DELETE FROM centre_hours WHERE centre_no = $1 AND from_on >= $2",
        "DELETE FROM centre_closed WHERE centre_no = $1 AND closed_on >= $2",
    ] {
        tx.exec(sql, vec![centre.number.into(), day(from)]).await?;
    }
    let hours = centre.hours.iter().filter(|hours| hours.from >= from);
    let rows = hours.map(|hours| {
        let mut row = vec![centre.number.into(), day(hours.from)];
        row.extend(hours.week.map(takt_service::Value::from));
        row
    });
    let mut columns = vec!["centre_no", "from_on"];
    columns.extend(WEEK.split(", "));
    tx.insert_many("centre_hours", &columns, rows.collect(), "")
        .await?;
    let closed = centre.closed.iter().filter(|on| **on >= from);
    let rows = closed.map(|on| vec![centre.number.into(), day(*on)]);
    tx.insert_many(
        "centre_closed",
        &["centre_no", "closed_on"],
        rows.collect(),
        "",
    )
    .await?;
    Ok(())
}
