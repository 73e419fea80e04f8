//! Jobs and events between the wire and the domain.
//!
//! It must not decide anything. Invariants: what cannot be read is refused by itself and touches no other event; enums
//! that are not known are refused, never taken for a default.

use std::sync::Arc;

use prost_types::Timestamp;
use takt_contract::{date_opt, date_pb, instant_pb, production::v1 as pb, request_id};
use takt_kernel::{FieldViolation, Quantity, Violations};
use takt_service::{Error, Once};

use super::{
    Job, JobRefusal, Reported, Subject, What, Word,
    report::{StationReport, Told, reason, sentence},
    store::{EventRow, JobFilter},
};
use crate::product::{
    Product,
    store::{date_of, day_of},
};

/// The longest note and the longest code, in bytes.
const NOTE: usize = 200;
const CODE: usize = 40;
/// Later than this no plant works: the year 2200.
const LATEST: i64 = 7_258_118_400;

/// A time as microseconds since 1970; times before are no times of a plant.
fn micros(time: Option<&Timestamp>, violations: &mut Violations) -> i64 {
    let read = time.and_then(|time| {
        let whole = (0..LATEST).contains(&time.seconds) && (0..1_000_000_000).contains(&time.nanos);
        whole.then(|| time.seconds * 1_000_000 + i64::from(time.nanos / 1_000))
    });
    violations.require(
        read.is_some(),
        "occurred_at",
        "say when it happened, between 1970 and 2200",
    );
    read.unwrap_or_default()
}

/// Reads an event.
///
/// # Errors
/// The answer that refuses it.
pub fn event(
    product: &Product,
    event: &pb::StationEvent,
) -> Result<Arc<StationReport>, Box<pb::StationAnswer>> {
    let mut violations = Violations::new();
    let id = request_id(&event.event_id, "event_id", &mut violations);
    let at = micros(event.occurred_at.as_ref(), &mut violations);
    let needs_code = matches!(
        event.kind(),
        pb::StationEventKind::Scrap | pb::StationEventKind::Rework
    );
    violations.require(
        !needs_code || !event.defect_code.is_empty(),
        "defect_code",
        "it is missing; a scrap or rework says why by a code such as PAINT-RUN",
    );
    violations.require(
        event.defect_code.len() <= CODE,
        "defect_code",
        "it has at most 40 bytes",
    );
    violations.require(
        event.kind() != pb::StationEventKind::Hold || !event.note.trim().is_empty(),
        "note",
        "it is missing; a hold says why",
    );
    violations.require(event.note.len() <= NOTE, "note", "it has at most 200 bytes");
    violations.require(
        event.thousandths >= 0,
        "thousandths",
        "it cannot be negative",
    );
    let what = match event.kind() {
        pb::StationEventKind::Start => Some(What::Start),
        pb::StationEventKind::Complete => Some(What::Complete),
        pb::StationEventKind::Scrap => Some(What::Scrap(Quantity(event.thousandths))),
        pb::StationEventKind::Rework => Some(What::Rework),
        pb::StationEventKind::Hold => Some(What::Hold),
        pb::StationEventKind::Release => Some(What::Release),
        pb::StationEventKind::Unspecified => {
            violations.push("kind", "it is missing or not known here");
            None
        }
    };
    let (id, what) = violations
        .finish_with(id.zip(what))
        .map_err(|found| Box::new(unreadable(event, &found)))?;
    let Some((operation, station)) = product.routing.station(&event.station_id) else {
        return Err(Box::new(refused(event, "", JobRefusal::Station, None)));
    };
    let operation_id = product
        .routing
        .operations
        .get(operation)
        .map_or_else(String::new, |operation| operation.operation_id.clone());
    let Some((subject, vin)) = Subject::parse(product, &event.subject_id) else {
        let job_id = format!("{}/{operation_id}", event.subject_id);
        return Err(Box::new(refused(event, &job_id, JobRefusal::Unknown, None)));
    };
    let once = Once::of("takt.production.v1.ShopFloorService/Report", id, event);
    Ok(Arc::new(StationReport {
        event_id: id,
        fingerprint: once.fingerprint(),
        subject_no: subject.number(),
        vin: vin.map_or_else(String::new, |vin| vin.to_string()),
        operation_id,
        event: Reported { what, station, at },
        defect_code: event.defect_code.clone(),
        note: event.note.clone(),
    }))
}

fn unreadable(event: &pb::StationEvent, found: &[FieldViolation]) -> pb::StationAnswer {
    let message = found.iter().map(ToString::to_string).collect::<Vec<_>>();
    let refused = pb::RefusedStationEvent {
        reason: "INVALID".to_owned(),
        message: message.join("; "),
        field: found
            .first()
            .map_or_else(String::new, |first| first.field.clone()),
        state: 0,
    };
    pb::StationAnswer {
        event_id: event.event_id.clone(),
        job_id: String::new(),
        outcome: Some(pb::station_answer::Outcome::Refused(refused)),
    }
}

fn refused(
    event: &pb::StationEvent,
    job_id: &str,
    why: JobRefusal,
    word: Option<Word>,
) -> pb::StationAnswer {
    let field = match why {
        JobRefusal::Station => "station_id",
        JobRefusal::Reused => "event_id",
        _ => "",
    };
    let refused = pb::RefusedStationEvent {
        reason: reason(&why).to_owned(),
        message: sentence(&why, job_id, &event.station_id, &event.event_id),
        field: field.to_owned(),
        state: word.map_or(0, |word| state_pb(word).into()),
    };
    pb::StationAnswer {
        event_id: event.event_id.clone(),
        job_id: job_id.to_owned(),
        outcome: Some(pb::station_answer::Outcome::Refused(refused)),
    }
}

/// The answer to an event that was handed in.
pub fn answer(event: &pb::StationEvent, report: &StationReport, told: &Told) -> pb::StationAnswer {
    let job_id = format!("{}/{}", event.subject_id, report.operation_id);
    match told {
        Told::Refused(why, word) => refused(event, &job_id, *why, *word),
        Told::Written(word, sequence) => pb::StationAnswer {
            event_id: event.event_id.clone(),
            job_id,
            outcome: Some(pb::station_answer::Outcome::Reported(pb::ReportedEvent {
                state: state_pb(*word).into(),
                sequence: *sequence,
            })),
        },
    }
}

/// A word as the wire has it.
pub fn state_pb(word: Word) -> pb::JobState {
    match word {
        Word::Waiting => pb::JobState::Waiting,
        Word::Ready => pb::JobState::Ready,
        Word::Running => pb::JobState::Running,
        Word::Held => pb::JobState::Held,
        Word::Suspended => pb::JobState::Suspended,
        Word::Completed => pb::JobState::Completed,
        Word::Aborted => pb::JobState::Aborted,
    }
}

/// A job as it is answered.
pub fn job_pb(product: &Product, job: &Job, vin: &str) -> pb::Job {
    let subject_id = job.subject.name(product, vin);
    let operation = product.routing.find(&job.operation_id);
    let operation = operation.and_then(|at| product.routing.operations.get(at));
    let shop = operation.and_then(|operation| product.shops.get(operation.shop));
    let run = job.state.run();
    pb::Job {
        job_id: format!("{subject_id}/{}", job.operation_id),
        subject_id,
        operation_id: job.operation_id.clone(),
        shop_id: shop.map_or_else(String::new, |shop| shop.shop_id.clone()),
        place: i32::try_from(job.place).unwrap_or(i32::MAX),
        business_date: Some(date_pb(date_of(job.day_on))),
        state: state_pb(job.state.word()).into(),
        station_id: run.map_or_else(String::new, |run| {
            format!("{}/{}", job.operation_id, run.station)
        }),
        thousandths: job.quantity.milli(),
        scrapped_thousandths: job.scrapped.milli(),
        rework_count: i32::try_from(job.reworks).unwrap_or(i32::MAX),
        started_at: run.map(|run| instant_pb(run.since)),
        ended_at: job.state.ended_at().map(instant_pb),
        sequence: job.sequence,
    }
}

/// An event as it is answered.
pub fn event_pb(product: &Product, event: &EventRow) -> pb::JobEvent {
    let subject = Subject::of(event.subject_no).name(product, &event.vin);
    pb::JobEvent {
        position: event.position,
        job_id: format!("{subject}/{}", event.operation_id),
        sequence: event.sequence,
        kind: i32::try_from(event.kind).unwrap_or(0),
        station_id: format!("{}/{}", event.operation_id, event.station),
        occurred_at: Some(instant_pb(event.occurred_at)),
        state: i32::try_from(event.state).unwrap_or(0),
        thousandths: event.quantity,
        defect_code: event.defect_code.clone(),
        note: event.note.clone(),
    }
}

/// The operation, and the station where one is meant: `FA-070` or `FA-070/2`.
pub fn place(
    product: &Product,
    text: &str,
    violations: &mut Violations,
) -> Option<(String, Option<i64>)> {
    let station = product
        .routing
        .station(text)
        .map(|(at, number)| (at, Some(number)));
    let found = station.or_else(|| product.routing.find(text).map(|at| (at, None)));
    let found = found.and_then(|(at, number)| {
        let operation = product.routing.operations.get(at)?;
        Some((operation.operation_id.clone(), number))
    });
    violations.require(
        found.is_some(),
        "station_id",
        format!("{text:?} is neither an operation of the routing nor one of its stations"),
    );
    found
}

/// Reads which jobs are wanted.
///
/// # Errors
/// `Invalid` with every field that is wrong.
pub fn filter(product: &Product, request: &pb::ListJobsRequest) -> Result<JobFilter, Error> {
    let mut violations = Violations::new();
    let state = Word::of(i64::from(request.state));
    violations.require(
        request.state == 0 || state.is_some(),
        "state",
        format!("{} is not a state that is known here", request.state),
    );
    let place = match request.station_id.as_str() {
        "" => None,
        text => place(product, text, &mut violations),
    };
    let subject = match request.subject_id.as_str() {
        "" => None,
        text => {
            let subject = Subject::parse(product, text);
            violations.require(
                subject.is_some(),
                "subject_id",
                "give a vehicle identification number, or the day and the item of a feeder shop's order: 2024-04-03.BS-01",
            );
            subject.map(|(subject, _)| subject.number())
        }
    };
    let day_on = date_opt(
        request.business_date.as_ref(),
        "business_date",
        &mut violations,
    );
    violations.finish()?;
    let (operation_id, station) = place.unzip();
    Ok(JobFilter {
        state,
        operation_id,
        station: station.flatten(),
        subject,
        day_on: day_on.map(day_of),
    })
}
