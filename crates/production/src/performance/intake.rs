//! The streams of reports and readings.
//!
//! It must not decide what a report may be. Invariants: a chunk is kept as a whole with its answer, so that a stream that
//! broke can be sent again; a row that is refused is named by its place in the stream and keeps nothing else back.

use std::sync::Arc;

use takt_contract::{production::v1 as pb, request_id};
use takt_kernel::Violations;
use takt_planning::oee::State;
use takt_service::{Call, Error, Once, Tx};

use super::{
    Routing,
    report::{
        MOST_WATT_HOURS, READING_SECONDS, Reading, STATE_SECONDS, StateReport, Taken, Wrong,
        interval,
    },
    store::{meters_fetch, readings_add, routing_fetch, states_add},
};
use crate::{Production, product::Product};

/// The rows of a chunk.
const CHUNK: usize = 500;
/// The refused rows that an answer names.
const NAMED: usize = 100;
/// The characters of a reason.
const REASON: usize = 120;

/// What became of rows: as both answers have it.
#[derive(Default)]
pub(super) struct Tally {
    pub accepted: i64,
    pub known: i64,
    pub refused_count: i64,
    pub refused: Vec<pb::RefusedRow>,
    rows: i64,
}

impl Tally {
    /// Adds a chunk of `rows` rows, whose refusals count from its own beginning.
    fn add(&mut self, rows: usize, accepted: i64, known: i64, refused: (i64, Vec<pb::RefusedRow>)) {
        self.accepted += accepted;
        self.known += known;
        self.refused_count += refused.0;
        let room = NAMED.saturating_sub(self.refused.len());
        let placed = refused.1.into_iter().take(room).map(|row| pb::RefusedRow {
            number: self.rows + row.number,
            ..row
        });
        self.refused.extend(placed);
        self.rows += count(rows);
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The rows of a chunk that can be read, and the refusals of the others.
struct Read<T> {
    rows: Vec<(i64, T)>,
    refused: Vec<pb::RefusedRow>,
}

fn read<M, T>(messages: &[M], parse: impl Fn(&M) -> Result<T, Wrong>) -> Read<T> {
    let mut read = Read {
        rows: Vec::with_capacity(messages.len()),
        refused: Vec::new(),
    };
    for (number, message) in (0..).zip(messages) {
        match parse(message) {
            Ok(row) => read.rows.push((number, row)),
            Err(wrong) => read.refused.push(refusal(number, wrong)),
        }
    }
    read
}

fn refusal(number: i64, (field, reason): Wrong) -> pb::RefusedRow {
    pb::RefusedRow {
        number,
        field: field.to_owned(),
        reason,
    }
}

fn chunk_id(text: &str, field: &str, rows: usize) -> Result<[u8; 16], Error> {
    let mut violations = Violations::new();
    let id = request_id(text, "request_id", &mut violations);
    violations.require(rows <= CHUNK, field, format!("a chunk has at most {CHUNK}"));
    Ok(violations.finish_with(id)?)
}

fn unit_known(product: &Product, routing: &Routing, id: &str) -> Result<(), Wrong> {
    match routing.shop_of(product, id) {
        Some(_) => Ok(()),
        None => Err((
            "work_unit_id",
            format!("{id:?} is neither a shop nor an operation of the routing"),
        )),
    }
}

fn state_report(
    product: &Product,
    routing: &Routing,
    message: &pb::EquipmentState,
) -> Result<StateReport, Wrong> {
    unit_known(product, routing, &message.work_unit_id)?;
    let state = match message.kind() {
        pb::EquipmentStateKind::PlannedDown => State::PlannedDown,
        pb::EquipmentStateKind::Down => State::Down,
        pb::EquipmentStateKind::Setup => State::Setup,
        pb::EquipmentStateKind::Delay => State::Delay,
        pb::EquipmentStateKind::Unspecified => {
            return Err(("kind", format!("{} is not a state", message.kind)));
        }
    };
    if message.reason.chars().count() > REASON {
        return Err(("reason", format!("it is longer than {REASON} characters")));
    }
    Ok(StateReport {
        work_unit_id: message.work_unit_id.clone(),
        interval: interval(message.start_second, message.end_second, STATE_SECONDS)?,
        state,
        reason: message.reason.clone(),
    })
}

fn reading(
    product: &Product,
    routing: &Routing,
    message: &pb::EnergyReading,
) -> Result<Reading, Wrong> {
    unit_known(product, routing, &message.work_unit_id)?;
    if !(0..=MOST_WATT_HOURS).contains(&message.watt_hours) {
        return Err((
            "watt_hours",
            format!(
                "{} is not within 0 and {MOST_WATT_HOURS}",
                message.watt_hours
            ),
        ));
    }
    Ok(Reading {
        work_unit_id: message.work_unit_id.clone(),
        interval: interval(message.start_second, message.end_second, READING_SECONDS)?,
        watt_hours: message.watt_hours,
    })
}

/// Takes a chunk of states into a tally.
pub(super) async fn states(
    production: &Production,
    call: &Call,
    message: pb::RecordEquipmentStatesRequest,
    tally: &mut Tally,
) -> Result<(), Error> {
    let rows = message.states.len();
    let id = chunk_id(&message.request_id, "states", rows)?;
    let method = "takt.production.v1.PerformanceService/RecordEquipmentStates";
    let once = Once::of(method, id, &message);
    let product = production.products.get(call).await?;
    let message = Arc::new(message);
    let answer: pb::RecordEquipmentStatesResponse = production
        .deps
        .store
        .write_once(call, "equipment_states_record", once, move |tx| {
            let (product, message) = (Arc::clone(&product), Arc::clone(&message));
            Box::pin(async move { states_keep(tx, &product, &message).await })
        })
        .await?;
    let refused = (answer.refused_count, answer.refused);
    tally.add(rows, answer.accepted_count, answer.known_count, refused);
    Ok(())
}

async fn states_keep(
    tx: &Tx,
    product: &Product,
    message: &pb::RecordEquipmentStatesRequest,
) -> Result<pb::RecordEquipmentStatesResponse, Error> {
    let routing = routing_fetch(tx, product).await?;
    let read = read(&message.states, |one| state_report(product, &routing, one));
    let reports: Vec<StateReport> = read.rows.into_iter().map(|(_, report)| report).collect();
    let accepted = i64::try_from(states_add(tx, &reports).await?).unwrap_or(i64::MAX);
    Ok(pb::RecordEquipmentStatesResponse {
        accepted_count: accepted,
        known_count: count(reports.len()) - accepted,
        refused_count: count(read.refused.len()),
        refused: read.refused.into_iter().take(NAMED).collect(),
    })
}

/// Takes a chunk of readings into a tally.
pub(super) async fn readings(
    production: &Production,
    call: &Call,
    message: pb::RecordEnergyReadingsRequest,
    tally: &mut Tally,
) -> Result<(), Error> {
    let rows = message.readings.len();
    let id = chunk_id(&message.request_id, "readings", rows)?;
    let method = "takt.production.v1.PerformanceService/RecordEnergyReadings";
    let once = Once::of(method, id, &message);
    let product = production.products.get(call).await?;
    let message = Arc::new(message);
    let answer: pb::RecordEnergyReadingsResponse = production
        .deps
        .store
        .write_once(call, "energy_readings_record", once, move |tx| {
            let (product, message) = (Arc::clone(&product), Arc::clone(&message));
            Box::pin(async move { readings_keep(tx, &product, &message).await })
        })
        .await?;
    let refused = (answer.refused_count, answer.refused);
    tally.add(rows, answer.accepted_count, answer.known_count, refused);
    Ok(())
}

async fn readings_keep(
    tx: &Tx,
    product: &Product,
    message: &pb::RecordEnergyReadingsRequest,
) -> Result<pb::RecordEnergyReadingsResponse, Error> {
    let routing = routing_fetch(tx, product).await?;
    let Read { rows, mut refused } = read(&message.readings, |one| reading(product, &routing, one));
    let all: Vec<Reading> = rows.iter().map(|(_, reading)| reading.clone()).collect();
    let mut meters = meters_fetch(tx, &all).await?;
    let (mut new, mut known) = (Vec::new(), 0);
    for (number, reading) in &rows {
        match meters.take(reading) {
            Taken::New => new.push(reading),
            Taken::Known => known += 1,
            Taken::Refused(wrong) => refused.push(refusal(*number, wrong)),
        }
    }
    readings_add(tx, &new).await?;
    refused.sort_by_key(|row| row.number);
    Ok(pb::RecordEnergyReadingsResponse {
        accepted_count: count(new.len()),
        known_count: known,
        refused_count: count(refused.len()),
        refused: refused.into_iter().take(NAMED).collect(),
    })
}
