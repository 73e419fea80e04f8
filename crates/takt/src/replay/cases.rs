//! The owners' complaints of a run, recorded when its last vehicle has arrived, at their own dates: the workshops diagnose, repair and
//! close each. It must not know why a part fails. Invariants: a workshop asks the as-built record for the part, like anybody else; what is
//! recorded depends on the run alone, so that a second try finds every chunk again.
use std::collections::{BTreeMap, HashSet};

use takt_contract::common::v1::Money;
use takt_contract::delivery::v1::service_case_service_client::ServiceCaseServiceClient;
use takt_contract::delivery::v1::{
    CaseFinding, CaseRecord, RecordCasesRequest, Repair, ReplacementPart,
};
use takt_contract::procurement::v1::GetLotRequest;
use takt_contract::procurement::v1::inbound_service_client::InboundServiceClient;
use takt_contract::production::v1::vehicle_service_client::VehicleServiceClient;
use takt_contract::production::v1::{
    ListVehiclesRequest, PartQuestion, TraceLotsRequest, TracePartsRequest, TracedPart,
};
use takt_contract::{date_of, date_pb};
use takt_kernel::Date;

use super::request::RequestIds;
use crate::bulk;
use crate::connection::{Peer, Peers, WHOLE, ask, pages, read, within};
use crate::failure::{Failure, Outcome};
use crate::world::{Complaint, Complaints};

/// The vehicles whose complaints are recorded as one stream.
const VEHICLES: usize = 5_000;
/// The questions of one message.
const QUESTIONS: usize = 2_000;
/// The currency of service_cases.csv.
const CURRENCY: &str = "USD";

/// A vehicle with its customer.
struct Owned {
    vin: String,
    build: i64,
    since: Date,
}

/// Records the complaints about all vehicles that were handed over.
pub(super) async fn play(
    peers: &Peers,
    ids: &RequestIds,
    complaints: &Complaints,
    day: Date,
) -> Outcome<()> {
    let owned = owned(&peers.production).await?;
    let bad = holders_of_the_bad_lot(peers, complaints).await?;
    for vehicles in owned.chunks(VEHICLES) {
        let drawn: Vec<(&Owned, Vec<Complaint>)> = vehicles
            .iter()
            .map(|one| {
                let holds_bad = bad.contains(&one.build);
                (one, complaints.of(&one.vin, one.since, holds_bad))
            })
            .collect();
        let held = held(&peers.production, &drawn).await?;
        let records = drawn
            .iter()
            .flat_map(|(one, drawn)| records_of(complaints, one, drawn, &held));
        record(&peers.delivery, ids, day, records.collect()).await?;
    }
    Ok(())
}

async fn owned(production: &Peer) -> Outcome<Vec<Owned>> {
    let message = ListVehiclesRequest {
        page_size: 1_000,
        ..ListVehiclesRequest::default()
    };
    let vehicles = pages!(
        production,
        "read the vehicles",
        VehicleServiceClient.list_vehicles,
        message,
        |page| page.vehicles
    )?;
    let owned = vehicles.into_iter().filter_map(|vehicle| {
        let since = date_of(vehicle.handed_over_on.as_ref())?;
        Some(Owned {
            vin: vehicle.vin,
            build: vehicle.build_number,
            since,
        })
    });
    Ok(owned.collect())
}

/// The vehicles that left with a part of the bad lot, by build number. The lot is the one that was received in its week.
async fn holders_of_the_bad_lot(peers: &Peers, complaints: &Complaints) -> Outcome<HashSet<i64>> {
    let mut holders = HashSet::new();
    let Some(bad) = complaints.bad_lot() else {
        return Ok(holders);
    };
    let message = TraceLotsRequest {
        item_ids: vec![bad.item.clone()],
    };
    let lots = read!(
        &peers.production,
        "read the lots of an item",
        VehicleServiceClient.trace_lots,
        message,
        |page| page.lots
    )?;
    for lot in lots
        .into_iter()
        .filter(|lot| lot.supplier_id == bad.supplier)
    {
        let message = GetLotRequest {
            lot_id: lot.lot_id.clone(),
        };
        let known = ask!(
            &peers.procurement,
            "read a lot",
            InboundServiceClient.get_lot,
            message
        )?;
        let received = known.lot.and_then(|lot| date_of(lot.received_on.as_ref()));
        if received.is_some_and(|on| on.iso_week() == bad.week) {
            let runs = lot.first_builds.iter().zip(&lot.last_builds);
            holders.extend(runs.flat_map(|(first, last)| *first..=*last));
        }
    }
    Ok(holders)
}

/// What vehicles hold of the items that may have failed: by vehicle, item and day.
type Held = BTreeMap<(String, String, Date), TracedPart>;

async fn held(production: &Peer, drawn: &[(&Owned, Vec<Complaint>)]) -> Outcome<Held> {
    let questions: Vec<(&str, &str, Date)> = drawn
        .iter()
        .flat_map(|(one, drawn)| {
            drawn.iter().flat_map(|complaint| {
                let items = complaint.items.iter();
                items.map(|item| (one.vin.as_str(), item.as_str(), complaint.on))
            })
        })
        .collect();
    let mut held = Held::new();
    for chunk in questions.chunks(QUESTIONS) {
        let asked = chunk.iter().map(|(vin, item, on)| PartQuestion {
            vin: (*vin).to_owned(),
            item_id: (*item).to_owned(),
            on: Some(date_pb(*on)),
        });
        let message = TracePartsRequest {
            questions: asked.collect(),
        };
        let answer = ask!(
            production,
            "look parts up",
            VehicleServiceClient.trace_parts,
            message,
            WHOLE
        )?;
        for ((vin, item, on), answer) in chunk.iter().zip(answer.answers) {
            if let Some(part) = answer.parts.into_iter().next() {
                held.insert(((*vin).to_owned(), (*item).to_owned(), *on), part);
            }
        }
    }
    Ok(held)
}

/// The cases of a vehicle. Each item is replaced once: what fails of it again is the new part, which no lot of ours brought.
fn records_of(
    complaints: &Complaints,
    owned: &Owned,
    drawn: &[Complaint],
    held: &Held,
) -> Vec<CaseRecord> {
    let mut replaced: HashSet<&str> = HashSet::new();
    let mut records = Vec::with_capacity(drawn.len());
    for complaint in drawn {
        let case_id = format!("SC-{}-{}", owned.vin, complaint.number + 1);
        let found = complaint.items.iter().find_map(|item| {
            let key = (owned.vin.clone(), item.clone(), complaint.on);
            let part = held.get(&key).filter(|_| !replaced.contains(item.as_str()));
            Some((item, part?))
        });
        if found.is_none() && complaint.needs_item {
            continue;
        }
        let new = found.filter(|(item, _)| complaints.is_serial(item));
        let replacement = new.map(|(item, part)| {
            replaced.insert(item);
            ReplacementPart {
                lot_id: String::new(),
                serial_number: format!("{case_id}-{item}"),
                supplier_id: part.supplier_id.clone(),
            }
        });
        let part = found.map(|(item, part)| (item.clone(), part.clone()));
        let (item_id, part) = part.unwrap_or_default();
        let (on, repaired_on) = (date_pb(complaint.on), date_pb(complaint.repaired_on));
        records.push(CaseRecord {
            case_id,
            vin: owned.vin.clone(),
            category: complaint.category.clone(),
            opened_on: Some(on),
            finding: Some(CaseFinding {
                diagnosed_on: Some(on),
                finding: String::new(),
                item_id,
                lot_id: part.lot_id,
                serial_number: part.serial_number,
            }),
            repair: Some(Repair {
                repaired_on: Some(repaired_on),
                remedy: complaint.remedy.clone(),
                labour_millihours: complaint.labour_millihours,
                cost: Some(Money {
                    currency_code: CURRENCY.to_owned(),
                    minor_units: complaint.cost_minor,
                }),
                replacement,
            }),
            closed_on: Some(repaired_on),
            ..CaseRecord::default()
        });
    }
    records
}

async fn record(
    delivery: &Peer,
    ids: &RequestIds,
    day: Date,
    records: Vec<CaseRecord>,
) -> Outcome<()> {
    let chunks: Vec<RecordCasesRequest> = bulk::cut(records)
        .into_iter()
        .map(|records| RecordCasesRequest {
            request_id: ids.keyed_chunk(
                day,
                "cases",
                records.iter().map(|record| record.case_id.as_str()),
            ),
            records,
        })
        .collect();
    let what = "record the service cases";
    let answers = bulk::send(delivery, what, &chunks, |channel, stream| async move {
        let answer = ServiceCaseServiceClient::new(channel)
            .record_cases(within(stream, WHOLE))
            .await?;
        Ok(answer.into_inner())
    })
    .await?;
    let told: Vec<String> = answers
        .iter()
        .flat_map(|answer| &answer.refused)
        .take(5)
        .map(|refused| format!("{}: {}", refused.subject, refused.reason))
        .collect();
    if told.is_empty() {
        return Ok(());
    }
    Err(Failure::broken(format!(
        "{}: {what}: refused\n  {}",
        delivery.name,
        told.join("\n  ")
    )))
}
