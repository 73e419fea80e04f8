//! What is told of an order's appointments and of the inspections of its vehicle.
//!
//! It must not change anything. Invariant: an entry lies on the day on which it was booked or inspected.

use takt_service::{Error, Tx};

use crate::{
    appointment::store::of_order_fetch,
    inspection::store::inspections_page,
    order::{Order, timeline::Entry},
};

/// The most inspections of a vehicle that a timeline tells.
const MOST: i64 = 100;

/// The entries of an order's timeline.
pub(crate) async fn told(tx: &Tx, order: &Order) -> Result<Vec<Entry>, Error> {
    let appointments = of_order_fetch(tx, order.number).await?;
    let vin = order.journey.vin.as_str();
    let inspections = match vin {
        "" => Vec::new(),
        vin => inspections_page(tx, vin, "", 0, MOST).await?,
    };
    let entry = |on, event, subject| Entry {
        on,
        event,
        source: "delivery",
        subject,
    };
    let mut entries: Vec<Entry> = (appointments.iter())
        .map(|(one, centre_id)| entry(one.made_on, "APPOINTED", format!("{centre_id} {}", one.on)))
        .collect();
    entries.extend(inspections.iter().map(|one| {
        let word = if one.passed { "passed" } else { "not passed" };
        entry(one.on, "INSPECTED", format!("{} {word}", one.centre_id))
    }));
    Ok(entries)
}
