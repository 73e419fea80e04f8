//! Whole cases in chunks, as a workshop's system or a replay sends them.
//!
//! It must not know rows. Invariants: a chunk takes a number of statements that does not depend on its length; production is asked
//! outside of the transaction, once for all parts of a chunk; a part is replaced only for a case that would be taken, under an id that
//! the same chunk finds again.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use futures_util::{StreamExt, TryStreamExt, stream};
use takt_contract::{delivery::v1 as pb, id_req};
use takt_kernel::{RequestId, Violations};
use takt_service::{Call, Error, Once, Tx};

use super::{
    Case, CaseRefusal, Part, Vehicle,
    parse::{self, Record},
    part_of,
    store::{case_ids_taken, cases_add, vehicles_fetch},
    trace::case_span,
    wire::fact,
};
use crate::{
    desk::Desk,
    shipment::{rpc::CHUNK, wire},
};

/// A record with what production says of its part, and what it has refused.
#[derive(Debug, Clone)]
struct Asked {
    record: Record,
    held: Vec<Part>,
    refused: Option<pb::RefusedEvent>,
}

/// Takes one chunk.
pub(super) async fn record(
    desk: &Desk,
    call: &Call,
    message: pb::RecordCasesRequest,
) -> Result<pb::RecordCasesResponse, Error> {
    let mut violations = Violations::new();
    let request_id = id_req::<RequestId>(&message.request_id, "request_id", &mut violations);
    violations.require(
        message.records.len() <= CHUNK,
        "records",
        format!("a chunk has at most {CHUNK}"),
    );
    let request_id = violations.finish_with(request_id)?;
    let catalogue = desk.catalogue(call).await?;
    let once = Once::of(
        "takt.delivery.v1.ServiceCaseService/RecordCases",
        *request_id.as_bytes(),
        &message,
    );
    let (mut records, mut unread) = (Vec::new(), Vec::new());
    for sent in &message.records {
        let mut violations = Violations::new();
        let read = parse::record(sent, &catalogue, &mut violations);
        match violations.finish_with(read) {
            Ok(record) => records.push(record),
            Err(found) => unread.push(wire::invalid(&sent.case_id, &found)),
        }
    }
    let mut asked = held(desk, call, records).await?;
    replace(desk, call, request_id, &mut asked).await?;
    let (asked, unread) = (Arc::new(asked), Arc::new(unread));
    let request_id = Arc::<str>::from(message.request_id);
    desk.store
        .write_once(call, "cases_record", once, move |tx| {
            let (asked, unread) = (Arc::clone(&asked), Arc::clone(&unread));
            let request_id = Arc::clone(&request_id);
            Box::pin(async move {
                let mut answer = recorded(tx, &asked).await?;
                answer.refused.extend(unread.iter().cloned());
                answer.request_id = request_id.to_string();
                Ok(answer)
            })
        })
        .await
}

/// Asks production for the parts that the records name.
async fn held(desk: &Desk, call: &Call, records: Vec<Record>) -> Result<Vec<Asked>, Error> {
    let question = |record: &Record| {
        let found = record
            .finding
            .as_ref()
            .filter(|found| !found.item.is_empty())?;
        let vin = record.opening.vin.clone();
        // The day of the opening: a repair of the same day has not changed what had failed by then.
        Some((vin, found.item.clone(), record.opening.on))
    };
    let questions: Vec<_> = records.iter().filter_map(question).collect();
    let mut answers = desk.production.parts(call, &questions).await?.into_iter();
    let asked = records.into_iter().map(|record| {
        let held = question(&record).and_then(|_| answers.next());
        Asked {
            record,
            held: held.unwrap_or_default(),
            refused: None,
        }
    });
    Ok(asked.collect())
}

/// Replaces the parts of the cases that would be taken.
async fn replace(
    desk: &Desk,
    call: &Call,
    request_id: RequestId,
    asked: &mut [Asked],
) -> Result<(), Error> {
    let replaces = |one: &Asked| {
        let repair = one.record.repair.as_ref();
        repair.is_some_and(|repair| repair.replacement.is_some())
    };
    if !asked.iter().any(replaces) {
        return Ok(());
    }
    let reading = Arc::new(asked.to_vec());
    let read = desk.store.read(call, "cases_decide", move |tx| {
        let asked = Arc::clone(&reading);
        Box::pin(async move {
            let ids: BTreeSet<&str> = ids_of(&asked);
            let taken = case_ids_taken(tx, &ids).await?;
            let vehicles = vehicles_of(tx, &asked).await?;
            // A case that is there already was perhaps taken with this very chunk; then nothing is left to replace.
            let decided = asked.iter().map(|one| {
                let is_new = !taken.contains(&one.record.opening.id);
                is_new
                    .then(|| decided(one, &vehicles).ok().flatten())
                    .flatten()
            });
            Ok(decided.collect::<Vec<Option<Case>>>())
        })
    });
    let decided = read.await?;
    let wanted = decided.into_iter().enumerate().filter_map(|(at, case)| {
        let case = case?;
        let part = case.part.clone()?;
        let (on, new) = case
            .repair
            .as_ref()
            .and_then(|repair| Some((repair.on, repair.replacement.clone()?)))?;
        Some((at, case, part, new, on))
    });
    let wanted: Vec<_> = wanted.collect();
    // One after the other: production numbers its records as they come, and a chunk that is sent again must find the same numbers.
    let done: Vec<(usize, Option<pb::RefusedEvent>)> = stream::iter(wanted)
        .then(|(at, case, part, new, on)| async move {
            let id = request_id.derive(&case.opening.id);
            let done = desk
                .production
                .replace(call, id, &case, &part, &new, on)
                .await;
            let refused = match done {
                Ok(()) => None,
                Err(Error::Refused {
                    reason, message, ..
                }) => Some((reason.to_string(), message)),
                Err(error) if error.is_of_input() => {
                    Some(("INVALID".to_owned(), error.to_string()))
                }
                Err(error) => return Err(error),
            };
            let event = refused.map(|(reason_code, reason)| pb::RefusedEvent {
                subject: case.opening.id.clone(),
                reason,
                reason_code,
            });
            Ok((at, event))
        })
        .try_collect()
        .await?;
    for (at, refused) in done {
        if let Some(one) = asked.get_mut(at) {
            one.refused = refused;
        }
    }
    Ok(())
}

fn ids_of(asked: &[Asked]) -> BTreeSet<&str> {
    asked
        .iter()
        .map(|one| one.record.opening.id.as_str())
        .collect()
}

async fn vehicles_of(tx: &Tx, asked: &[Asked]) -> Result<BTreeMap<String, Vehicle>, Error> {
    let vins = asked.iter().map(|one| one.record.opening.vin.as_str());
    vehicles_fetch(tx, &vins.collect()).await
}

/// The case that a record makes; none where its vehicle is not known.
fn decided(one: &Asked, vehicles: &BTreeMap<String, Vehicle>) -> Result<Option<Case>, CaseRefusal> {
    let record = &one.record;
    let Some(vehicle) = vehicles.get(&record.opening.vin) else {
        return Ok(None);
    };
    let mut case = Case::open(record.opening.clone(), vehicle.clone())?;
    if let Some(found) = &record.finding {
        let part = part_of(&record.opening.vin, found, &one.held, true)?;
        case.diagnose(found.on, found.text.clone(), part)?;
    }
    if let Some(repair) = &record.repair {
        case.repair(repair.clone())?;
    }
    if let Some(on) = record.closed_on {
        case.close(on)?;
    }
    Ok(Some(case))
}

/// Stores what can be taken and tells of the parts that failed, in the traces of the orders.
async fn recorded(tx: &Tx, asked: &[Asked]) -> Result<pb::RecordCasesResponse, Error> {
    let mut taken = case_ids_taken(tx, &ids_of(asked)).await?;
    let vehicles = vehicles_of(tx, asked).await?;
    let (mut cases, mut facts, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    let mut spans = Vec::new();
    for one in asked {
        let opening = &one.record.opening;
        if let Some(event) = &one.refused {
            refused.push(event.clone());
            continue;
        }
        if taken.contains(&opening.id) {
            refused.push(pb::RefusedEvent {
                subject: opening.id.clone(),
                reason: format!("service case {} exists already", opening.id),
                reason_code: "EXISTS".to_owned(),
            });
            continue;
        }
        match decided(one, &vehicles) {
            Ok(Some(case)) => {
                taken.insert(opening.id.clone());
                let span = case_span("case_record", case.vehicle.traceparent.as_deref());
                facts.extend(fact(&case, span.traceparent()));
                spans.push(span);
                cases.push(case);
            }
            Ok(None) => refused.push(pb::RefusedEvent {
                subject: opening.id.clone(),
                ..wire::missing("vehicle", opening.vin.clone())
            }),
            Err(refusal) => refused.push(wire::refused(opening.id.clone(), &refusal)),
        }
    }
    cases_add(tx, &cases).await?;
    tx.emit_many(facts).await?;
    drop(spans);
    Ok(pb::RecordCasesResponse {
        request_id: String::new(),
        recorded_count: i32::try_from(cases.len()).unwrap_or(i32::MAX),
        refused,
    })
}
