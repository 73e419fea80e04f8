//! Writing what stations report: the events of many stations in one transaction, each answered by itself.
//!
//! It must not know messages. Invariants: an event takes effect once, by its id; the same event again hears the same
//! answer; a refused event leaves nothing behind; the events of a caller are taken in their order.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use takt_service::{Call, Error, Refusal, Slices, Tx, Value};
use tokio::sync::watch;

use super::{
    Effect, Job, JobRefusal, Reported, What, Word,
    store::{self, Asked, Known, Named},
};
use crate::{
    Production,
    product::{Product, store::date_of},
    quality::{NonConformance, hold::scrapped_hold},
};

/// The events of one transaction.
const MOST: usize = 500;
/// How long an event waits for others.
const WAIT: Duration = Duration::from_millis(5);
/// How long a transaction may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// The microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// An event at a station, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StationReport {
    /// Its id.
    pub event_id: [u8; 16],
    /// The fingerprint of its body.
    pub fingerprint: [u8; 16],
    /// The number of its subject.
    pub subject_no: i64,
    /// The number of the vehicle as it was read; empty for the order of a shop.
    pub vin: String,
    /// The operation.
    pub operation_id: String,
    /// What happened, where and when.
    pub event: Reported,
    /// The code of the defect.
    pub defect_code: String,
    /// What a person should know.
    pub note: String,
}

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// It is written: the state after it and its number within the job.
    Written(Word, i64),
    /// It was refused in this state.
    Refused(JobRefusal, Option<Word>),
}

/// Where the events of all stations meet, and what wakes those who watch.
pub struct Stations {
    slices: Slices<Arc<StationReport>, Told>,
    /// Grows with every commit.
    pub written: watch::Sender<u64>,
}

impl Default for Stations {
    fn default() -> Self {
        Self {
            slices: Slices::new(MOST, WAIT),
            written: watch::Sender::new(0),
        }
    }
}

/// Writes events of one caller together with those of others.
///
/// # Errors
/// What the database said; the events may then be sent again.
pub async fn report(
    production: &Production,
    events: Vec<Arc<StationReport>>,
) -> Result<Vec<Told>, Error> {
    let write = |events: Vec<Arc<StationReport>>| async move {
        let call = Call::background("stations", PATIENCE);
        let product = production.products.get(&call).await?;
        let events = Arc::new(events);
        let told = production
            .deps
            .store
            .write(&call, "events_report", move |tx| {
                let (events, product) = (Arc::clone(&events), Arc::clone(&product));
                Box::pin(async move { written(tx, &product, &events).await })
            });
        let told = told.await?;
        let count = |count: &mut u64| *count = count.wrapping_add(1);
        production.stations.written.send_modify(count);
        Ok(told)
    };
    production.stations.slices.hand_in(events, write).await
}

/// Writes a slice of events.
async fn written(
    tx: &Tx,
    product: &Product,
    events: &[Arc<StationReport>],
) -> Result<Vec<Told>, Error> {
    let first = store::positions_take(tx, events.len()).await?;
    let ids: Vec<[u8; 16]> = events.iter().map(|event| event.event_id).collect();
    let known = store::events_known(tx, &ids).await?;
    let fresh = events
        .iter()
        .filter(|event| !known.contains_key(event.event_id.as_slice()));
    let asked: BTreeSet<Asked> = fresh.map(|event| event.asked()).collect();
    let asked: Vec<Asked> = asked.into_iter().collect();
    let mut batch = Batch::of(known, store::jobs_fetch(tx, &asked).await?);
    let told = (first..)
        .zip(events)
        .map(|(position, event)| batch.take(position, event))
        .collect();
    let scrapped = std::mem::take(&mut batch.scrapped);
    batch.save(tx).await?;
    for report in scrapped {
        scrapped_hold(tx, product, &case_of(&report), report.subject_no).await?;
    }
    Ok(told)
}

impl StationReport {
    /// What a batch has to read for it: a scrap ends everything behind its job.
    fn asked(&self) -> Asked {
        let reach = if matches!(self.event.what, What::Scrap(_)) {
            10_000
        } else {
            1
        };
        (self.subject_no, self.operation_id.clone(), reach)
    }
}

/// A slice while its events are taken one after the other.
#[derive(Default)]
struct Batch {
    known: BTreeMap<Vec<u8>, Known>,
    jobs: BTreeMap<(i64, i64), Named>,
    places: BTreeMap<(i64, String), i64>,
    changed: BTreeSet<(i64, i64)>,
    events: Vec<Vec<Value>>,
    defects: Vec<Vec<Value>>,
    /// The events that ended a vehicle.
    scrapped: Vec<StationReport>,
}

impl Batch {
    fn of(known: BTreeMap<Vec<u8>, Known>, jobs: BTreeMap<(i64, i64), Named>) -> Self {
        let place = |((subject, place), (job, _)): (&(i64, i64), &Named)| {
            ((*subject, job.operation_id.clone()), *place)
        };
        Self {
            known,
            places: jobs.iter().map(place).collect(),
            jobs,
            ..Self::default()
        }
    }

    fn take(&mut self, position: i64, report: &StationReport) -> Told {
        if let Some(known) = self.known.get(report.event_id.as_slice()) {
            return if known.fingerprint == report.fingerprint {
                Told::Written(known.state, known.sequence)
            } else {
                Told::Refused(JobRefusal::Reused, None)
            };
        }
        let at = (report.subject_no, report.operation_id.clone());
        let Some(place) = self.places.get(&at).copied() else {
            return Told::Refused(JobRefusal::Unknown, None);
        };
        let key = (report.subject_no, place);
        let before = self.jobs.get(&(report.subject_no, place - 1));
        let before = before.map(|(job, _)| job.state.word());
        let Some((job, _)) = self
            .jobs
            .get_mut(&key)
            .filter(|(_, vin)| *vin == report.vin)
        else {
            return Told::Refused(JobRefusal::Unknown, None);
        };
        let scrapped = job.scrapped;
        match job.report(report.event, before) {
            Err(refusal) => Told::Refused(refusal, Some(job.state.word())),
            Ok(effect) => {
                let job = job.clone();
                self.follow(key, effect, report.event.at);
                self.changed.insert(key);
                let more = job.scrapped.milli() - scrapped.milli();
                self.note(position, report, &job, more);
                if effect == Effect::Ends && report.subject_no > 0 {
                    self.scrapped.push(report.clone());
                }
                Told::Written(job.state.word(), job.sequence)
            }
        }
    }

    /// What an event means for the jobs behind its own.
    fn follow(&mut self, (subject, place): (i64, i64), effect: Effect, at: i64) {
        match effect {
            Effect::None => {}
            Effect::Opens(good) => {
                if let Some((next, _)) = self.jobs.get_mut(&(subject, place + 1)) {
                    next.open(good);
                    self.changed.insert((subject, place + 1));
                }
            }
            Effect::Ends => {
                for (key, (job, _)) in self
                    .jobs
                    .range_mut((subject, place + 1)..=(subject, i64::MAX))
                {
                    job.abort(at);
                    self.changed.insert(*key);
                }
            }
        }
    }

    fn note(&mut self, position: i64, report: &StationReport, job: &Job, scrapped: i64) {
        let kind = report.event.what.code();
        self.known.insert(
            report.event_id.to_vec(),
            Known {
                fingerprint: report.fingerprint.to_vec(),
                state: job.state.word(),
                sequence: job.sequence,
            },
        );
        self.events.push(vec![
            position.into(),
            report.event_id.to_vec().into(),
            report.fingerprint.to_vec().into(),
            report.subject_no.into(),
            job.place.into(),
            job.sequence.into(),
            kind.into(),
            report.event.station.into(),
            report.event.at.into(),
            (job.state.word() as i64).into(),
            scrapped.into(),
            report.defect_code.clone().into(),
            report.note.clone().into(),
        ]);
        if matches!(report.event.what, What::Scrap(_) | What::Rework) {
            self.defects.push(vec![
                report.subject_no.into(),
                job.place.into(),
                job.sequence.into(),
                job.operation_id.clone().into(),
                job.day_on.into(),
                report.defect_code.clone().into(),
                kind.into(),
                scrapped.into(),
            ]);
        }
    }

    async fn save(self, tx: &Tx) -> Result<(), Error> {
        let changed = self.changed.iter().filter_map(|key| self.jobs.get(key));
        store::jobs_save(tx, changed.map(|(job, _)| job)).await?;
        let columns = [
            "position",
            "event_id",
            "fingerprint",
            "subject_no",
            "place",
            "sequence",
            "kind",
            "station",
            "occurred_at",
            "state",
            "quantity",
            "defect_code",
            "note",
        ];
        store::rows_add(tx, "job_event", &columns, self.events).await?;
        let columns = [
            "subject_no",
            "place",
            "sequence",
            "operation_id",
            "day_on",
            "defect_code",
            "kind",
            "quantity",
        ];
        store::rows_add(tx, "job_defect", &columns, self.defects).await
    }
}

/// The case under which a vehicle is kept back that a station scrapped.
fn case_of(report: &StationReport) -> NonConformance {
    let station = format!("{}/{}", report.operation_id, report.event.station);
    NonConformance {
        nc_no: 0,
        title: format!("scrapped at {station}: {}", report.defect_code),
        defect_code: report.defect_code.clone(),
        item_id: String::new(),
        operation_id: report.operation_id.clone(),
        opened_by: format!("station {station}"),
        opened_on: date_of(report.event.at.div_euclid(DAY)),
        step: 0,
        version: 1,
    }
}

/// The sentence of a refusal about a thing.
pub fn sentence(refusal: &JobRefusal, job_id: &str, station_id: &str, event_id: &str) -> String {
    match refusal {
        JobRefusal::Station => format!("station {station_id} {refusal}"),
        JobRefusal::Reused => format!("event {event_id} {refusal}"),
        _ => format!("job {job_id} {refusal}"),
    }
}

/// The reason of a refusal.
pub fn reason(refusal: &JobRefusal) -> &'static str {
    refusal.reason()
}
