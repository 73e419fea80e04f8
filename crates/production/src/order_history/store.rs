//! The rows that tell of a vehicle: its order, what quality did, its records and its software.
//!
//! It must not know messages. Invariant: everything is read in the snapshot of the caller.

use takt_kernel::Date;
use takt_planning::genealogy::Node;
use takt_service::{Error, Tx};

use super::{Event, Happening};
use crate::{
    genealogy::{RecordKind, records::records_page},
    product::{Product, store::date_of, store::index_of},
    quality::{Disposition, nc_id},
    vehicle::Vehicle,
};

/// The records of one vehicle that are told.
const RECORDS: i64 = 1_000;

/// The order of a number: its id and its trace.
pub async fn order_fetch(tx: &Tx, number: i64) -> Result<Option<(String, String)>, Error> {
    let sql = "SELECT order_id, traceparent FROM demand_order WHERE order_number = $1";
    let row = tx.one(sql, vec![number.into()]).await?;
    row.map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
        .transpose()
}

/// The serial of the vehicle that was built for an order, and the day on which it went on the line.
pub async fn vehicle_of_order(tx: &Tx, number: i64) -> Result<Option<i64>, Error> {
    let sql = "SELECT serial FROM vehicle WHERE order_number = $1";
    let row = tx.one(sql, vec![number.into()]).await?;
    row.map(|row| Ok(row.try_get_by_index(0)?)).transpose()
}

/// The day on which a vehicle went on the line.
pub async fn entered_fetch(tx: &Tx, serial: i64) -> Result<Date, Error> {
    let sql = "SELECT entered_on FROM vehicle WHERE serial = $1";
    tx.number(sql, vec![serial.into()]).await.map(date_of)
}

/// What quality did about a vehicle.
pub async fn quality_told(tx: &Tx, vehicle: &Vehicle) -> Result<Vec<Happening>, Error> {
    let sql = "SELECT h.nc_no, h.placed_on, h.reason, k.disposition, k.decided_by, k.decided_on FROM hold_vehicle AS k \
               JOIN quality_hold AS h ON h.hold_no = k.hold_no WHERE k.serial = $1 ORDER BY k.hold_no";
    let mut told = Vec::new();
    for row in tx.rows(sql, vec![vehicle.serial.into()]).await? {
        let case = nc_id(row.try_get_by_index(0)?);
        let placed_on = date_of(row.try_get_by_index(1)?);
        let reason: String = row.try_get_by_index(2)?;
        // What is built later is caught by a hold that was there before it.
        let caught_on = vehicle.built_on.map_or(placed_on, |on| on.max(placed_on));
        told.push(Happening::new(caught_on, Event::QualityHold, case.as_str()).with(reason));
        if let Some(decided) = Disposition::of(row.try_get_by_index(3)?) {
            let (by, on): (String, i64) = (row.try_get_by_index(4)?, row.try_get_by_index(5)?);
            let word = format!("{} by {by}", decided.as_str());
            told.push(Happening::new(date_of(on), Event::Disposed, case).with(word));
        }
    }
    Ok(told)
}

/// What was changed in a vehicle's record.
pub async fn records_told(tx: &Tx, vin: &str, unit: Node) -> Result<Vec<Happening>, Error> {
    let mut told = Vec::new();
    for record in records_page(tx, Some(unit), 0, RECORDS).await? {
        let event = match record.kind {
            kind if kind == RecordKind::Replacement as i64 => Event::PartReplaced,
            kind if kind == RecordKind::Correction as i64 => Event::RecordCorrected,
            _ => continue,
        };
        let detail = format!("record {}: {}", record.number, record.reason);
        told.push(Happening::new(record.on, event, vin).with(detail));
    }
    Ok(told)
}

/// How a vehicle's software was changed since it was built.
pub async fn software_told(
    tx: &Tx,
    product: &Product,
    build_number: i64,
) -> Result<Vec<Happening>, Error> {
    let sql = "SELECT c.item_no, c.version, c.installed_on, c.reason FROM software_run AS r JOIN software_change AS c ON c.change_no = r.change_no \
               WHERE r.first_build <= $1 AND r.last_build >= $1 ORDER BY c.change_no";
    let mut told = Vec::new();
    for row in tx.rows(sql, vec![build_number.into()]).await? {
        let item = product.items.get(index_of(row.try_get_by_index(0)?));
        let item = item.map_or("", |item| item.item_id.as_str());
        let (version, on): (String, i64) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        let reason: String = row.try_get_by_index(3)?;
        let detail = format!("{version}: {reason}");
        told.push(Happening::new(date_of(on), Event::SoftwareInstalled, item).with(detail));
    }
    Ok(told)
}
