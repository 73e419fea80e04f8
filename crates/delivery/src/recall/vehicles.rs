//! The vehicles of a recall as they are listed, with where each is.
//!
//! It must not change anything. Invariant: by identification number, so that a page follows the one before.

use takt_contract::{date_pb, delivery::v1 as pb};
use takt_kernel::Date;
use takt_service::{Error, Row, Tx};

use super::State;
use crate::{
    programme::Catalogue,
    rows::{date, date_opt, get},
    shipment::ShipmentNo,
};

/// The next vehicles of a recall behind an identification number.
pub(crate) async fn vehicles_page(
    tx: &Tx,
    catalogue: &Catalogue,
    recall_no: i64,
    state: Option<State>,
    after: &str,
    limit: i64,
) -> Result<Vec<pb::RecallVehicle>, Error> {
    let filter = state.map_or_else(String::new, |state| {
        format!("AND k.recalled = 1 AND k.state = {}", state as i64)
    });
    let sql = format!(
        "SELECT k.vin, k.affected, k.recalled, k.state, k.state_on, k.notified_on, k.remedied_on, k.exposed_from, k.exposed_to, k.note, \
         w.shipment_no, w.handed_over_on FROM recall_vehicle k LEFT JOIN vehicle w ON w.vin = k.vin \
         WHERE k.recall_no = $1 AND k.vin > $2 {filter} ORDER BY k.vin LIMIT $3"
    );
    let values = vec![recall_no.into(), after.into(), limit.into()];
    let rows = tx.rows(&sql, values).await?;
    rows.iter().map(|row| vehicle_pb(row, catalogue)).collect()
}

fn vehicle_pb(row: &Row, catalogue: &Catalogue) -> Result<pb::RecallVehicle, Error> {
    let (affected, recalled, state): (i64, i64, i64) = (get(row, 1)?, get(row, 2)?, get(row, 3)?);
    let day = |date: Option<Date>| date.map(date_pb);
    let shipment: Option<i64> = get(row, 10)?;
    Ok(pb::RecallVehicle {
        vin: get(row, 0)?,
        affected: affected == 1,
        recalled: recalled == 1,
        state: i32::try_from(state).unwrap_or_default(),
        state_on: Some(date_pb(date(row, 4)?)),
        notified_on: day(date_opt(row, 5)?),
        remedied_on: day(date_opt(row, 6)?),
        exposed_from: Some(date_pb(date(row, 7)?)),
        exposed_to: day(date_opt(row, 8)?),
        note: get(row, 9)?,
        shipment_id: shipment.map_or_else(String::new, |number| {
            ShipmentNo::of_value(number).id(catalogue)
        }),
        handed_over_on: day(date_opt(row, 11)?),
    })
}
