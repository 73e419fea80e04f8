//! The plant's machines report a day: which shops stood and what their meters read. It must not know what becomes of it.
//! Invariant: a report is sent in chunks under ids that a second try finds again.
use takt_contract::production::v1::performance_service_client::PerformanceServiceClient;
use takt_contract::production::v1::{
    EnergyReading, EquipmentState, EquipmentStateKind, RecordEnergyReadingsRequest,
    RecordEquipmentStatesRequest, RefusedRow, RunDayResponse,
};
use takt_kernel::Date;

use super::request::RequestIds;
use crate::bulk;
use crate::connection::{Peer, ask};
use crate::failure::{Failure, Outcome};
use crate::world::{StationStop, World};

/// Seconds of a day of the plant's clock.
const DAY: i64 = 86_400;

/// What a day has to report.
#[derive(Debug, Default)]
pub(super) struct Reports {
    stops: Vec<StationStop>,
    energy: Vec<(String, i64)>,
}

impl Reports {
    /// The reports of a day that built these vehicles.
    pub(super) fn of(world: &World, stops: Vec<StationStop>, day: &RunDayResponse) -> Self {
        let built = day.built.iter();
        let built: Vec<(&str, i64)> = built
            .map(|variant| (variant.variant_id.as_str(), variant.vehicle_count))
            .collect();
        Self {
            stops,
            energy: world.energy(&built),
        }
    }
}

/// Sends the reports of a day.
pub(super) async fn day(peer: &Peer, ids: &RequestIds, day: Date, reports: Reports) -> Outcome<()> {
    let midnight = i64::from(day.epoch_day()) * DAY;
    let stops = reports.stops.into_iter().map(|stop| EquipmentState {
        work_unit_id: stop.shop,
        kind: EquipmentStateKind::Down.into(),
        reason: String::new(),
        start_second: midnight + stop.start / 1000,
        // A stop of less than a second is one.
        end_second: midnight + (stop.end / 1000).max(stop.start / 1000 + 1),
    });
    let stops = (0..).zip(bulk::cut(stops.collect()));
    let states: Vec<_> = stops
        .map(|(number, states)| RecordEquipmentStatesRequest {
            request_id: ids.chunk(day, "equipment states", number),
            states,
        })
        .collect();
    let read = reports
        .energy
        .into_iter()
        .map(|(work_unit_id, watt_hours)| EnergyReading {
            work_unit_id,
            start_second: midnight,
            end_second: midnight + DAY,
            watt_hours,
        });
    let read = (0..).zip(bulk::cut(read.collect()));
    let readings: Vec<_> = read
        .map(|(number, readings)| RecordEnergyReadingsRequest {
            request_id: ids.chunk(day, "energy readings", number),
            readings,
        })
        .collect();
    let what = format!("report the machines of {day}");
    if !states.is_empty() {
        let stream = futures_util::stream::iter(states);
        let answer = ask!(
            peer,
            &what,
            PerformanceServiceClient.record_equipment_states,
            stream
        )?;
        all_taken(peer, &what, &answer.refused)?;
    }
    if !readings.is_empty() {
        let stream = futures_util::stream::iter(readings);
        let answer = ask!(
            peer,
            &what,
            PerformanceServiceClient.record_energy_readings,
            stream
        )?;
        all_taken(peer, &what, &answer.refused)?;
    }
    Ok(())
}

fn all_taken(peer: &Peer, what: &str, refused: &[RefusedRow]) -> Outcome<()> {
    let Some(first) = refused.first() else {
        return Ok(());
    };
    Err(Failure::broken(format!(
        "{}: {what}: row {} was refused: {}: {}",
        peer.name, first.number, first.field, first.reason
    )))
}
