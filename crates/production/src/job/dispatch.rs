//! Opening the jobs of a day that was run: one for every operation of its vehicles and of its orders of feeder shops.
//!
//! It must not know messages. Invariants: a day is opened whole and once; the day run itself writes no job, so that a
//! programme that nobody reports on pays nothing for them.

use takt_kernel::Date;
use takt_service::{Error, Tx, Value};

use super::{Subject, Word, store::rows_add};
use crate::product::{
    Product,
    routing::Operation,
    store::{day_of, index_of},
};

/// A vehicle in thousandths of one.
const ONE: i64 = 1_000;

/// What is open of a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dispatched {
    /// Vehicles.
    pub vehicles: i64,
    /// Orders of feeder shops.
    pub orders: i64,
    /// Jobs.
    pub jobs: i64,
}

/// Opens the jobs of a day; a day that is open stays as it is.
///
/// # Errors
/// `DAY_NOT_RUN`; what the database said.
pub async fn jobs_dispatch(tx: &Tx, product: &Product, on: Date) -> Result<Dispatched, Error> {
    let day = day_of(on);
    let known = "SELECT vehicle_count, shop_order_count, job_count FROM job_day WHERE day_on = $1";
    if let Some(row) = tx.one(known, vec![day.into()]).await? {
        return Ok(Dispatched {
            vehicles: row.try_get_by_index(0)?,
            orders: row.try_get_by_index(1)?,
            jobs: row.try_get_by_index(2)?,
        });
    }
    let run = "SELECT COUNT(*) FROM line_day WHERE day_on = $1 AND state = 1";
    if tx.number(run, vec![day.into()]).await? == 0 {
        return Err(Error::refused(
            "DAY_NOT_RUN",
            format!("day {on} was not run, so it has no vehicles and no jobs; run it first"),
        ));
    }
    let vehicles = "SELECT serial, variant_no FROM vehicle WHERE built_on = $1 ORDER BY serial";
    let vehicles = tx.rows(vehicles, vec![day.into()]).await?;
    // Rows go in by key, and orders have the smallest.
    let orders = "SELECT item_no, released FROM shop_order WHERE day_on = $1 ORDER BY item_no DESC";
    let orders = tx.rows(orders, vec![day.into()]).await?;
    let mut rows = Vec::new();
    let mut told = Dispatched {
        vehicles: i64::try_from(vehicles.len()).unwrap_or(i64::MAX),
        ..Dispatched::default()
    };
    for order in &orders {
        let item = index_of(order.try_get_by_index(0)?);
        let before = rows.len();
        let subject = Subject::Order(on, item);
        let released = order.try_get_by_index(1)?;
        open(&mut rows, subject, day, released, product.item_route(item));
        told.orders += i64::from(rows.len() > before);
    }
    for vehicle in &vehicles {
        let subject = Subject::Vehicle(vehicle.try_get_by_index(0)?);
        let variant = index_of(vehicle.try_get_by_index(1)?);
        open(&mut rows, subject, day, ONE, product.vehicle_route(variant));
    }
    told.jobs = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let columns = [
        "subject_no",
        "place",
        "operation_id",
        "day_on",
        "quantity",
        "scrapped",
        "rework_count",
        "state",
        "held_from",
        "station",
        "sequence",
    ];
    rows_add(tx, "job", &columns, rows).await?;
    let row = vec![
        day.into(),
        told.vehicles.into(),
        told.orders.into(),
        told.jobs.into(),
    ];
    let columns = ["day_on", "vehicle_count", "shop_order_count", "job_count"];
    rows_add(tx, "job_day", &columns, vec![row]).await?;
    Ok(told)
}

fn open<'p>(
    rows: &mut Vec<Vec<Value>>,
    subject: Subject,
    day: i64,
    quantity: i64,
    route: impl Iterator<Item = &'p Operation>,
) {
    for (place, operation) in (1i64..).zip(route) {
        let word = if place == 1 {
            Word::Ready
        } else {
            Word::Waiting
        };
        rows.push(vec![
            subject.number().into(),
            place.into(),
            operation.operation_id.as_str().into(),
            day.into(),
            quantity.into(),
            0i64.into(),
            0i64.into(),
            (word as i64).into(),
            0i64.into(),
            0i64.into(),
            0i64.into(),
        ]);
    }
}
