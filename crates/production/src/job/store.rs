//! The rows of jobs and of what was reported about them.
//!
//! It must not know what a state allows. Invariants: the number of statements does not depend on the number of events;
//! whoever writes events holds the counter's row, so positions grow in the order of commits.

use std::collections::BTreeMap;

use takt_kernel::Quantity;
use takt_service::{Error, Row, Tx, Value};

use super::{Job, JobState, Run, Subject, Word};

const COLUMNS: &str = "j.subject_no, j.place, j.operation_id, j.day_on, j.quantity, j.scrapped, j.rework_count, j.state, j.held_from, \
                       j.station, j.started_at, j.ended_at, j.sequence, COALESCE(w.vin, '')";

/// Stands for no time where a list of values cannot hold a null; the plant's clock begins at 0.
const NEVER: i64 = -1;

/// A job with the number of its vehicle; empty for the order of a shop.
pub type Named = (Job, String);

fn read(row: &Row) -> Result<Named, Error> {
    let number = |at: usize| -> Result<i64, Error> { Ok(row.try_get_by_index(at)?) };
    let (state, from, station) = (number(7)?, number(8)?, number(9)?);
    let started: Option<i64> = row.try_get_by_index(10)?;
    let run = started.map(|since| Run { station, since });
    let word = Word::of(state);
    let state = word.and_then(|word| {
        let ended = row.try_get_by_index::<Option<i64>>(11).ok()?;
        JobState::of(word, Word::of(from), run, ended)
    });
    let job = Job {
        subject: Subject::of(number(0)?),
        place: number(1)?,
        operation_id: row.try_get_by_index(2)?,
        day_on: number(3)?,
        quantity: Quantity(number(4)?),
        scrapped: Quantity(number(5)?),
        reworks: number(6)?,
        state: state.ok_or_else(|| Error::broken("a job's columns contradict each other"))?,
        sequence: number(12)?,
    };
    Ok((job, row.try_get_by_index(13)?))
}

/// What a batch asks for: a subject, an operation, and how many places behind it matter.
pub type Asked = (i64, String, i64);

/// The jobs of a batch with the one before each and those behind it, by subject and place.
///
/// # Errors
/// What the database said.
pub async fn jobs_fetch(tx: &Tx, asked: &[Asked]) -> Result<BTreeMap<(i64, i64), Named>, Error> {
    let list = asked.iter().map(|(subject, operation, reach)| {
        vec![(*subject).into(), operation.clone().into(), (*reach).into()]
    });
    let query = format!(
        "SELECT {COLUMNS} FROM v JOIN job AS a ON a.subject_no = v.subject_no AND a.operation_id = v.operation_id \
         JOIN job AS j ON j.subject_no = a.subject_no AND j.place BETWEEN a.place - 1 AND a.place + v.reach \
         LEFT JOIN vehicle AS w ON w.serial = j.subject_no"
    );
    let columns = ["subject_no", "operation_id", "reach"];
    let rows = tx
        .rows_for(&columns, padded(list.collect()), &query)
        .await?;
    let key = |named: Named| ((named.0.subject.number(), named.0.place), named);
    rows.iter().map(|row| read(row).map(key)).collect()
}

/// Fills a list up to a power of two with its last row, so that one statement asks for it; answers by key do not care.
fn padded(mut list: Vec<Vec<Value>>) -> Vec<Vec<Value>> {
    if let Some(last) = list.last().cloned() {
        list.resize(list.len().next_power_of_two(), last);
    }
    list
}

/// An event that is written, as its repetition hears it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The fingerprint of its body.
    pub fingerprint: Vec<u8>,
    /// The state of the job after it.
    pub state: Word,
    /// Its number within the job.
    pub sequence: i64,
}

/// Those of some events that are written, by their ids.
///
/// # Errors
/// What the database said.
pub async fn events_known(tx: &Tx, ids: &[[u8; 16]]) -> Result<BTreeMap<Vec<u8>, Known>, Error> {
    let list = ids.iter().map(|id| vec![id.to_vec().into()]).collect();
    let query = "SELECT e.event_id, e.fingerprint, e.state, e.sequence FROM v JOIN job_event AS e ON e.event_id = v.event_id";
    let rows = tx.rows_for(&["event_id"], padded(list), query).await?;
    rows.iter()
        .map(|row| {
            let state: i64 = row.try_get_by_index(2)?;
            let known = Known {
                fingerprint: row.try_get_by_index(1)?,
                state: Word::of(state)
                    .ok_or_else(|| Error::broken(format!("an event has the state {state}")))?,
                sequence: row.try_get_by_index(3)?,
            };
            Ok((row.try_get_by_index(0)?, known))
        })
        .collect()
}

/// Takes so many positions and holds the counter until the commit; answers with the first.
///
/// # Errors
/// What the database said.
pub async fn positions_take(tx: &Tx, count: usize) -> Result<i64, Error> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let sql =
        "UPDATE job_counter SET position = position + $1 WHERE counter_no = 1 RETURNING position";
    let last = tx.number(sql, vec![count.into()]).await?;
    Ok(last - count + 1)
}

/// Saves what events changed.
///
/// # Errors
/// What the database said.
pub async fn jobs_save(tx: &Tx, jobs: impl Iterator<Item = &Job>) -> Result<(), Error> {
    let rows = jobs.map(|job| {
        let run = job.state.run();
        vec![
            job.subject.number().into(),
            job.place.into(),
            job.quantity.milli().into(),
            job.scrapped.milli().into(),
            job.reworks.into(),
            (job.state.word() as i64).into(),
            job.state.held_from().map_or(0, |word| word as i64).into(),
            run.map_or(0, |run| run.station).into(),
            run.map_or(NEVER, |run| run.since).into(),
            job.state.ended_at().unwrap_or(NEVER).into(),
            job.sequence.into(),
        ]
    });
    let columns = [
        "subject_no",
        "place",
        "quantity",
        "scrapped",
        "rework_count",
        "state",
        "held_from",
        "station",
        "started_at",
        "ended_at",
        "sequence",
    ];
    let set = [
        "quantity = v.quantity",
        "scrapped = v.scrapped",
        "rework_count = v.rework_count",
        "state = v.state",
        "held_from = v.held_from",
        "station = v.station",
        "started_at = NULLIF(v.started_at, -1)",
        "ended_at = NULLIF(v.ended_at, -1)",
        "sequence = v.sequence",
    ];
    // The same row twice in a list would be changed to the same, so a list may be filled up.
    let rows = padded(rows.collect());
    tx.update_many("job", &["subject_no", "place"], &set, &columns, rows, "")
        .await?;
    Ok(())
}

/// Adds rows to a table as they are.
///
/// # Errors
/// What the database said.
pub async fn rows_add(
    tx: &Tx,
    table: &'static str,
    columns: &[&str],
    rows: Vec<Vec<Value>>,
) -> Result<(), Error> {
    tx.insert_many(table, columns, rows, "").await.map(|_| ())
}

/// Which jobs to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Only in this state.
    pub state: Option<Word>,
    /// Only of this operation.
    pub operation_id: Option<String>,
    /// Only at the station of this number.
    pub station: Option<i64>,
    /// Only of this subject.
    pub subject: Option<i64>,
    /// Only of this day.
    pub day_on: Option<i64>,
}

/// A key in the list of jobs: state, operation and subject, or the place first where one subject is asked for.
pub type ListKey = (i64, String, i64);

/// The jobs behind a key: those of a subject in the order of its routing, others by state, operation and subject.
///
/// # Errors
/// What the database said.
pub async fn jobs_page(
    tx: &Tx,
    filter: &JobFilter,
    after: &ListKey,
    limit: i64,
) -> Result<Vec<Named>, Error> {
    let order = if filter.subject.is_some() {
        "j.place, j.operation_id, j.subject_no"
    } else {
        "j.state, j.operation_id, j.subject_no"
    };
    let mut sql = format!(
        "SELECT {COLUMNS} FROM job AS j LEFT JOIN vehicle AS w ON w.serial = j.subject_no WHERE ({order}) > ($1, $2, $3)"
    );
    let mut values: Vec<Value> = vec![after.0.into(), after.1.clone().into(), after.2.into()];
    let conditions: [(&str, Option<Value>); 5] = [
        ("j.state", filter.state.map(|word| (word as i64).into())),
        (
            "j.operation_id",
            filter.operation_id.clone().map(Into::into),
        ),
        ("j.station", filter.station.map(Into::into)),
        ("j.subject_no", filter.subject.map(Into::into)),
        ("j.day_on", filter.day_on.map(Into::into)),
    ];
    for (column, value) in conditions {
        if let Some(value) = value {
            values.push(value);
            sql.push_str(&format!(" AND {column} = ${}", values.len()));
        }
    }
    if filter.state.is_none() && filter.operation_id.is_some() && filter.subject.is_none() {
        // The index begins with the state: with all of them named it is searched, and not read whole.
        sql.push_str(" AND j.state IN (1, 2, 3, 4, 5, 6, 7)");
    }
    values.push(limit.into());
    sql.push_str(&format!(" ORDER BY {order} LIMIT ${}", values.len()));
    tx.rows(&sql, values).await?.iter().map(read).collect()
}

/// The job of a subject at an operation.
///
/// # Errors
/// What the database said.
pub async fn job_fetch(tx: &Tx, subject: i64, operation_id: &str) -> Result<Option<Named>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM job AS j LEFT JOIN vehicle AS w ON w.serial = j.subject_no WHERE j.subject_no = $1 AND j.operation_id = $2"
    );
    let row = tx
        .one(&sql, vec![subject.into(), operation_id.into()])
        .await?;
    row.map(|row| read(&row)).transpose()
}

/// An event as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// The position in the log.
    pub position: i64,
    /// The subject's number.
    pub subject_no: i64,
    /// The number of the vehicle; empty for the order of a shop.
    pub vin: String,
    /// The operation.
    pub operation_id: String,
    /// Its number within the job.
    pub sequence: i64,
    /// What happened, as its number.
    pub kind: i64,
    /// The parallel station.
    pub station: i64,
    /// When.
    pub occurred_at: i64,
    /// The state after it.
    pub state: i64,
    /// What was scrapped.
    pub quantity: i64,
    /// The code of the defect.
    pub defect_code: String,
    /// What a person should know.
    pub note: String,
}

const EVENTS: &str = "SELECT e.position, e.subject_no, COALESCE(w.vin, ''), j.operation_id, e.sequence, e.kind, e.station, e.occurred_at, e.state, \
                      e.quantity, e.defect_code, e.note FROM job_event AS e JOIN job AS j ON j.subject_no = e.subject_no AND j.place = e.place \
                      LEFT JOIN vehicle AS w ON w.serial = e.subject_no";

fn event(row: &Row) -> Result<EventRow, Error> {
    Ok(EventRow {
        position: row.try_get_by_index(0)?,
        subject_no: row.try_get_by_index(1)?,
        vin: row.try_get_by_index(2)?,
        operation_id: row.try_get_by_index(3)?,
        sequence: row.try_get_by_index(4)?,
        kind: row.try_get_by_index(5)?,
        station: row.try_get_by_index(6)?,
        occurred_at: row.try_get_by_index(7)?,
        state: row.try_get_by_index(8)?,
        quantity: row.try_get_by_index(9)?,
        defect_code: row.try_get_by_index(10)?,
        note: row.try_get_by_index(11)?,
    })
}

/// The events of a job, oldest first.
///
/// # Errors
/// What the database said.
pub async fn history_fetch(tx: &Tx, subject: i64, place: i64) -> Result<Vec<EventRow>, Error> {
    let sql = format!("{EVENTS} WHERE e.subject_no = $1 AND e.place = $2 ORDER BY e.sequence");
    let rows = tx.rows(&sql, vec![subject.into(), place.into()]).await?;
    rows.iter().map(event).collect()
}

/// The events behind a position, all of them: who watches picks its own, and knows how far it has looked.
///
/// # Errors
/// What the database said.
pub async fn events_after(tx: &Tx, position: i64, limit: i64) -> Result<Vec<EventRow>, Error> {
    let sql = format!("{EVENTS} WHERE e.position > $1 ORDER BY e.position LIMIT $2");
    let rows = tx.rows(&sql, vec![position.into(), limit.into()]).await?;
    rows.iter().map(event).collect()
}

/// The last position.
///
/// # Errors
/// What the database said.
pub async fn position_last(tx: &Tx) -> Result<i64, Error> {
    tx.number(
        "SELECT position FROM job_counter WHERE counter_no = 1",
        vec![],
    )
    .await
}
