//! Steps of vehicles in bulk: a chunk is one transaction, and a step that is refused does not touch the others.
//!
//! It must not know which steps follow each other. Invariant: a number of statements that does not depend on the steps.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use takt_contract::{delivery::v1 as pb, id_req};
use takt_kernel::{RequestId, Violations};
use takt_service::{Call, Error, Once, Tx};

use super::{
    State,
    handler::{Installed, software_owe},
    parse::{Step, step_of},
    store::{gate_hold, gone_mark, recall_fetch, touched_fetch, touched_save},
};
use crate::{
    desk::Desk,
    shipment::{rpc::CHUNK, wire},
};

/// The steps of a chunk that can be read, and the refusals of those that cannot.
#[derive(Default)]
struct Steps {
    wanted: Vec<Step>,
    refused: Vec<pb::RefusedEvent>,
}

/// Takes one chunk.
pub(crate) async fn record(
    desk: &Desk,
    call: &Call,
    message: pb::RecordRecallStepsRequest,
) -> Result<pb::RecordRecallStepsResponse, Error> {
    let mut violations = Violations::new();
    let id = id_req::<RequestId>(&message.request_id, "request_id", &mut violations);
    violations.require(
        message.steps.len() <= CHUNK,
        "steps",
        format!("a chunk has at most {CHUNK}"),
    );
    let id = violations.finish_with(id)?;
    let once = Once::of(
        "takt.delivery.v1.RecallService/RecordRecallSteps",
        *id.as_bytes(),
        &message,
    );
    let mut steps = Steps::default();
    for step in &message.steps {
        let mut violations = Violations::new();
        let read = step_of(step, &mut violations);
        match violations.finish_with(read) {
            Ok(step) => steps.wanted.push(step),
            Err(found) => steps.refused.push(wire::invalid(&step.vin, &found)),
        }
    }
    let work = Arc::new((message.request_id, message.recall_id, steps));
    desk.store
        .write_once(call, "recall_steps", once, move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let (request_id, recall_id, steps) = work.as_ref();
                taken(tx, request_id, recall_id, steps).await
            })
        })
        .await
}

async fn taken(
    tx: &Tx,
    request_id: &str,
    recall_id: &str,
    steps: &Steps,
) -> Result<pb::RecordRecallStepsResponse, Error> {
    // What is remedied may leave, so the gate is held.
    gate_hold(tx).await?;
    let recall = recall_fetch(tx, recall_id).await?;
    recall.open()?;
    let vins: BTreeSet<&str> = steps.wanted.iter().map(|step| step.vin.as_str()).collect();
    let mut known = touched_fetch(tx, recall.number, vins).await?;
    let mut refused = steps.refused.clone();
    let mut changed: BTreeSet<&str> = BTreeSet::new();
    let mut remedied: BTreeMap<i32, BTreeSet<&str>> = BTreeMap::new();
    for step in &steps.wanted {
        let Some(vehicle) = known.get_mut(&step.vin) else {
            let what = format!("vehicle of recall {recall_id}");
            refused.push(wire::missing(&what, step.vin.clone()));
            continue;
        };
        let taken = recall
            .since(step.on)
            .and_then(|()| vehicle.step(step.to, step.on, &step.note));
        match taken {
            Ok(false) => {}
            Ok(true) => {
                changed.insert(&step.vin);
                if step.to == State::Remedied {
                    let day = remedied.entry(step.on.epoch_day()).or_default();
                    day.insert(&step.vin);
                }
            }
            Err(refusal) => refused.push(wire::refused(step.vin.clone(), &refusal)),
        }
    }
    let rows = known
        .iter()
        .filter(|(vin, _)| changed.contains(vin.as_str()));
    let rows = rows.map(|(vin, vehicle)| (vin.as_str(), vehicle));
    touched_save(tx, recall.number, rows).await?;
    // An exemption that is taken back begins anew.
    let again = known.iter().filter(|(vin, vehicle)| {
        changed.contains(vin.as_str()) && vehicle.state == State::Identified
    });
    gone_mark(
        tx,
        recall.number,
        Some(again.map(|(vin, _)| vin.as_str()).collect()),
    )
    .await?;
    if let Some((item_id, version)) = &recall.software {
        for (on, vins) in remedied {
            let installed = Installed {
                request_id: request_id.to_owned(),
                recall_id: recall_id.to_owned(),
                item_id: item_id.clone(),
                version: version.clone(),
                on,
                vins: vins.into_iter().map(str::to_owned).collect(),
            };
            software_owe(tx, &installed).await?;
        }
    }
    Ok(pb::RecordRecallStepsResponse {
        request_id: request_id.to_owned(),
        changed_count: i32::try_from(changed.len()).unwrap_or(i32::MAX),
        refused,
    })
}
