//! What the as-built memory of a run holds: rows, bytes, and one recall as an example. It must not know how it is kept. How
//! fast it answers is measured by `takt bench genealogy`; a report tells the same whenever it is shown.
use serde::Serialize;
use takt_contract::common::v1::GetStatusResponse;
use takt_contract::production::v1::TraceForwardRequest;
use takt_contract::production::v1::vehicle_service_client::VehicleServiceClient;

use super::figures::Life;
use crate::connection::{Peer, read};
use crate::failure::Outcome;
use crate::output::{bytes, grouped};

/// The figures of the as-built memory.
#[derive(Debug, Clone, Serialize)]
pub struct Genealogy {
    /// The rows of its tables.
    pub rows: i64,
    /// Their bytes; 0 where the database does not tell.
    pub bytes: i64,
    /// A lot of the vehicle whose life is told.
    pub recall_lot: String,
    /// The vehicles with parts of it.
    pub recall_vehicles: usize,
}

/// Whether a table belongs to the as-built memory.
pub fn is_genealogy(table: &str) -> bool {
    table.starts_with("asbuilt_") || ["issue", "serial_lot", "lot_source"].contains(&table)
}

/// The figures, with the recall of a lot of that vehicle.
pub(super) async fn figures(
    peer: &Peer,
    status: &GetStatusResponse,
    life: Option<&Life>,
) -> Outcome<Option<Genealogy>> {
    let lot = life.and_then(|life| life.serials.iter().find(|part| part.received_on.is_some()));
    let Some(part) = lot else { return Ok(None) };
    let message = TraceForwardRequest {
        lot_id: part.lot.clone(),
        ..TraceForwardRequest::default()
    };
    let vehicles = read!(
        peer,
        "trace a lot",
        VehicleServiceClient.trace_forward,
        message,
        |page| page.vehicles
    )?;
    let tables = || {
        status
            .tables
            .iter()
            .filter(|table| is_genealogy(&table.table))
    };
    Ok(Some(Genealogy {
        rows: tables().map(|table| table.row_count).sum(),
        bytes: tables().map(|table| table.bytes).sum(),
        recall_lot: part.lot.clone(),
        recall_vehicles: vehicles.len(),
    }))
}

impl Genealogy {
    /// One line for people.
    pub(super) fn line(&self) -> String {
        format!(
            "as-built memory: {} rows in {}; a recall of {} is {} vehicles",
            grouped(self.rows),
            bytes(self.bytes),
            self.recall_lot,
            grouped(i64::try_from(self.recall_vehicles).unwrap_or(i64::MAX))
        )
    }
}
