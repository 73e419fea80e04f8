//! Handovers on the wire.
//!
//! It must not decide anything. Invariants: a message is read as a whole or refused with every mistake in it; a chunk
//! takes a number of statements that does not depend on its length.

use std::sync::Arc;

use futures_util::TryStreamExt;
use takt_contract::{
    date_pb, date_req,
    delivery::v1::{self as pb, handover_service_server::HandoverService},
    events::v1::{VehicleHandedOver, fact_body::Kind},
    id_req,
};
use takt_kernel::{Date, RequestId, Vin, Violations};
use takt_service::{Call, Error, NewFact, Once, Tx};
use tonic::{Request, Response, Status, Streaming};

use super::{
    Done,
    reception::Reception,
    store::{Ready, handovers_save, ready_list, waiting_fetch},
};
use crate::{
    desk::Desk,
    exception::{refusal::BlockedRefusal, store::blocked_fetch},
    programme::Catalogue,
    recall::{
        gate::{GateRefusal, unsold_fetch},
        store::gate_hold,
    },
    shipment::{ShipmentNo, rpc::CHUNK, wire},
};
use takt_service::stream::{Answers, pages};

/// Vehicles that are read at a time.
const PAGE: i64 = 1_000;

/// Handovers on the wire.
pub(crate) struct HandoverRpc {
    /// What the parts of the service share.
    pub(crate) desk: Arc<Desk>,
}

#[tonic::async_trait]
impl HandoverService for HandoverRpc {
    type StreamReadyVehiclesStream = Answers<pb::StreamReadyVehiclesResponse>;

    async fn stream_ready_vehicles(
        &self,
        request: Request<pb::StreamReadyVehiclesRequest>,
    ) -> Result<Response<Self::StreamReadyVehiclesStream>, Status> {
        let (call, desk) = (Call::of(&request), Arc::clone(&self.desk));
        let catalogue = desk.catalogue(&call).await?;
        let begin = Arc::new((ShipmentNo::of_value(0), String::new()));
        let read = move |after: Arc<(ShipmentNo, String)>| {
            let (call, desk, catalogue) = (call.clone(), Arc::clone(&desk), Arc::clone(&catalogue));
            async move {
                let page = desk.store.read(&call, "vehicles_ready", move |tx| {
                    let after = Arc::clone(&after);
                    Box::pin(async move { ready_list(tx, &after, PAGE).await })
                });
                let page = page.await?;
                let full = i64::try_from(page.len()).is_ok_and(|count| count == PAGE);
                let last = page.last().filter(|_| full);
                let next = last.map(|last| Arc::new((last.shipment, last.vin.clone())));
                let vehicles = page.into_iter().map(|ready| ready_pb(ready, &catalogue));
                Ok((vehicles.collect(), next))
            }
        };
        let message = |vehicles| pb::StreamReadyVehiclesResponse { vehicles };
        Ok(Response::new(pages(begin, read, message)))
    }

    type RecordHandoversStream = Answers<pb::RecordHandoversResponse>;

    async fn record_handovers(
        &self,
        request: Request<Streaming<pb::RecordHandoversRequest>>,
    ) -> Result<Response<Self::RecordHandoversStream>, Status> {
        let (call, desk) = (Call::of(&request), Arc::clone(&self.desk));
        let answers = request.into_inner().and_then(move |message| {
            let (call, desk) = (call.clone(), Arc::clone(&desk));
            async move { record(&desk, &call, message).await.map_err(Status::from) }
        });
        Ok(Response::new(Box::pin(answers)))
    }
}

fn ready_pb(ready: Ready, catalogue: &Catalogue) -> pb::ReadyVehicle {
    pb::ReadyVehicle {
        city: catalogue
            .lane_at(ready.lane_no)
            .map(|lane| lane.city.clone())
            .unwrap_or_default(),
        vin: ready.vin,
        order_id: ready.order_id,
        ready_on: Some(date_pb(ready.arrived_on)),
        shipment_id: ready.shipment.id(catalogue),
    }
}

/// The handovers of a chunk that can be read, and the refusals of those that cannot.
#[derive(Default)]
struct Handovers {
    wanted: Vec<(String, Date)>,
    refused: Vec<pb::RefusedEvent>,
}

fn handovers(handovers: &[pb::Handover]) -> Handovers {
    let mut read = Handovers::default();
    for handover in handovers {
        let mut violations = Violations::new();
        let vin = id_req::<Vin>(&handover.vin, "vin", &mut violations);
        let on = date_req(
            handover.handed_over_on.as_ref(),
            "handed_over_on",
            &mut violations,
        );
        match violations.finish_with(vin) {
            Ok(vin) => read.wanted.push((vin.to_string(), on)),
            Err(found) => read.refused.push(wire::invalid(&handover.vin, &found)),
        }
    }
    read
}

/// Takes one chunk of handovers.
async fn record(
    desk: &Desk,
    call: &Call,
    message: pb::RecordHandoversRequest,
) -> Result<pb::RecordHandoversResponse, Error> {
    let mut violations = Violations::new();
    let request_id = id_req::<RequestId>(&message.request_id, "request_id", &mut violations);
    violations.require(
        message.handovers.len() <= CHUNK,
        "handovers",
        format!("a chunk has at most {CHUNK}"),
    );
    let request_id = violations.finish_with(request_id)?;
    let catalogue = desk.catalogue(call).await?;
    let once = Once::of(
        "takt.delivery.v1.HandoverService/RecordHandovers",
        *request_id.as_bytes(),
        &message,
    );
    let read = Arc::new(handovers(&message.handovers));
    let request_id = Arc::<str>::from(message.request_id);
    desk.store
        .write_once(call, "handovers_record", once, move |tx| {
            let (catalogue, read, request_id) = (
                Arc::clone(&catalogue),
                Arc::clone(&read),
                Arc::clone(&request_id),
            );
            Box::pin(async move {
                let mut answer = handed_over(tx, &catalogue, &read).await?;
                answer.request_id = request_id.to_string();
                Ok(answer)
            })
        })
        .await
}

/// Hands vehicles over, and tells of it in the traces of their orders.
async fn handed_over(
    tx: &Tx,
    catalogue: &Catalogue,
    read: &Handovers,
) -> Result<pb::RecordHandoversResponse, Error> {
    let mut vins: Vec<&str> = read.wanted.iter().map(|(vin, _)| vin.as_str()).collect();
    vins.sort_unstable();
    vins.dedup();
    let first = catalogue.programme.first_handover_on;
    gate_hold(tx).await?;
    let blocked = blocked_fetch(tx, vins.iter().copied()).await?;
    let from = read.wanted.iter().map(|(_, on)| *on).min();
    let mut reception = Reception::fetch(tx, &vins, from).await?;
    let unsold = unsold_fetch(tx, vins.iter().copied()).await?;
    let mut waiting = waiting_fetch(tx, vins).await?;
    let (mut done, mut facts, mut refused) = (Vec::new(), Vec::new(), read.refused.clone());
    for (vin, on) in &read.wanted {
        let Some(vehicle) = waiting.get_mut(vin) else {
            refused.push(wire::missing("vehicle", vin.clone()));
            continue;
        };
        if let Some((number, gone)) = blocked.get(vin) {
            let exception_id = number.id(catalogue);
            let refusal = match gone {
                true => BlockedRefusal::Gone { exception_id },
                false => BlockedRefusal::Damaged { exception_id },
            };
            refused.push(wire::refused(vin.clone(), &refusal));
            continue;
        }
        let stopped = unsold.get(vin).filter(|_| vehicle.handed_over_on.is_none());
        if let Some(recall_id) = stopped.cloned() {
            let refusal = GateRefusal::Handover { recall_id };
            refused.push(wire::refused(vin.clone(), &refusal));
            continue;
        }
        match vehicle.hand_over(*on, first) {
            Ok(Done::Nothing) => {}
            Ok(Done::HandedOver) => {
                let received = (reception.as_mut(), vehicle.shipment);
                if let (Some(reception), Some(load)) = received {
                    let lane = catalogue.lane_at(load.lane_no());
                    let city = lane.map_or("", |lane| lane.city.as_str());
                    if let Err(refusal) = reception.receive(vin, city, *on) {
                        vehicle.handed_over_on = None;
                        refused.push(wire::refused(vin.clone(), &refusal));
                        continue;
                    }
                }
                if let (Some(shipment), Some((order_id, traceparent))) =
                    (vehicle.shipment, vehicle.order.clone())
                {
                    done.push((vehicle.vehicle_no, *on, shipment));
                    facts.push(fact(vin, order_id, traceparent, *on));
                }
            }
            Err(refusal) => refused.push(wire::refused(vin.clone(), &refusal)),
        }
    }
    handovers_save(tx, &done).await?;
    if let Some(reception) = reception {
        reception.save(tx).await?;
    }
    tx.emit_many(facts).await?;
    let changed_count = i32::try_from(done.len()).unwrap_or(i32::MAX);
    Ok(pb::RecordHandoversResponse {
        request_id: String::new(),
        changed_count,
        refused,
    })
}

fn fact(vin: &str, order_id: String, traceparent: Option<String>, on: Date) -> NewFact {
    NewFact {
        subject: order_id.clone(),
        on,
        traceparent,
        body: Kind::VehicleHandedOver(VehicleHandedOver {
            vin: vin.to_owned(),
            order_id,
            handed_over_on: Some(date_pb(on)),
        }),
    }
}
