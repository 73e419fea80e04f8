//! The vehicles that a hold names, as they are asked about and answered.
//!
//! It must not decide anything. Invariant: they are read by pages.

use std::collections::BTreeMap;

use takt_contract::production::v1 as pb;
use takt_service::{Error, Tx};

use crate::vehicle::store::vehicles_fetch;

/// The vehicles of one page of a stream.
pub const VEHICLES: i64 = 500;

/// Refuses vehicles that do not exist.
///
/// # Errors
/// `Missing`; what the database said.
pub async fn known(tx: &Tx, vins: &BTreeMap<i64, String>) -> Result<(), Error> {
    let serials: Vec<i64> = vins.keys().copied().collect();
    let found = vehicles_fetch(tx, &serials).await?;
    let found: BTreeMap<i64, String> = found
        .into_iter()
        .map(|vehicle| (vehicle.serial, vehicle.vin))
        .collect();
    match vins
        .iter()
        .find(|(serial, vin)| found.get(serial) != Some(*vin))
    {
        Some((_, vin)) => Err(Error::missing("vehicle", vin)),
        None => Ok(()),
    }
}

/// The vehicles of a hold behind a serial.
///
/// # Errors
/// What the database said.
pub async fn affected_page(
    tx: &Tx,
    number: i64,
    after: i64,
) -> Result<Vec<(i64, pb::AffectedVehicle)>, Error> {
    let sql = "SELECT w.serial, w.vin, o.order_id, COALESCE(w.build_number, 0), k.state, k.disposition, w.state FROM hold_vehicle AS k \
               JOIN vehicle AS w ON w.serial = k.serial JOIN demand_order AS o ON o.order_number = w.order_number \
               WHERE k.hold_no = $1 AND k.serial > $2 ORDER BY k.serial LIMIT $3";
    let rows = tx
        .rows(sql, vec![number.into(), after.into(), VEHICLES.into()])
        .await?;
    let small = |number: i64| i32::try_from(number).unwrap_or_default();
    rows.iter()
        .map(|row| {
            let vehicle = pb::AffectedVehicle {
                vin: row.try_get_by_index(1)?,
                order_id: row.try_get_by_index(2)?,
                build_number: row.try_get_by_index(3)?,
                hold_state: small(row.try_get_by_index(4)?),
                disposition: small(row.try_get_by_index(5)?),
                vehicle_state: small(row.try_get_by_index(6)?),
            };
            Ok((row.try_get_by_index(0)?, vehicle))
        })
        .collect()
}
