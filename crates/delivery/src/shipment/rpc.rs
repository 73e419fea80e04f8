//! Shipments on the wire.
//!
//! It must not decide anything. Invariants: a message is read as a whole or refused with every mistake in it; a chunk
//! takes a number of statements that does not depend on its length.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use futures_util::TryStreamExt;
use takt_contract::{
    date_pb,
    delivery::v1::{self as pb, shipment_service_server::ShipmentService},
    events::v1::{VehicleDispatched, fact_body::Kind},
    id_req,
};
use takt_kernel::{Date, RequestId, Violations};
use takt_service::{Call, Error, NewFact, Once, Tx};
use tonic::{Request, Response, Status, Streaming};

use super::{
    Moved, ShipmentNo, ShipmentState, TransportEvent,
    store::{
        shipment_fetch, shipment_vins, shipments_fetch, shipments_list, shipments_move,
        vehicles_leaving,
    },
    wire::{self, Reports, shipment_pb},
};
use crate::{
    allocation::gone::vehicles_part,
    desk::Desk,
    exception::{
        Book, ExceptionRefusal, Proof, Report,
        store::{book_fetch, exceptions_save, proofs_add, proofs_fetch},
        wire::proof_pb,
    },
    lane::history::{Histories, histories_fetch},
    programme::Catalogue,
    recall::{
        gate::{KeptOf, kept_fetch, kept_move},
        store::gate_hold,
    },
};
use takt_service::stream::{Answers, pages};

/// Shipments that are read at a time.
const PAGE: i64 = 1_000;

/// The most reports of a chunk.
pub(crate) const CHUNK: usize = 2_000;

/// Shipments on the wire.
pub(crate) struct ShipmentRpc {
    /// What the parts of the service share.
    pub(crate) desk: Arc<Desk>,
}

#[tonic::async_trait]
impl ShipmentService for ShipmentRpc {
    type StreamShipmentsStream = Answers<pb::StreamShipmentsResponse>;

    async fn stream_shipments(
        &self,
        request: Request<pb::StreamShipmentsRequest>,
    ) -> Result<Response<Self::StreamShipmentsStream>, Status> {
        let (call, desk) = (Call::of(&request), Arc::clone(&self.desk));
        let mut violations = Violations::new();
        let filter = wire::filter(&request.into_inner(), &mut violations);
        violations.finish().map_err(Error::from)?;
        let catalogue = desk.catalogue(&call).await?;
        let histories = Arc::new(histories(&desk, &call).await?);
        let read = move |after: i64| {
            let (call, desk, catalogue) = (call.clone(), Arc::clone(&desk), Arc::clone(&catalogue));
            let histories = Arc::clone(&histories);
            async move {
                let page = desk.store.read(&call, "shipments_stream", move |tx| {
                    Box::pin(shipments_list(tx, filter, after, PAGE))
                });
                let page = page.await?;
                let full = i64::try_from(page.len()).is_ok_and(|count| count == PAGE);
                let last = page.last().filter(|_| full);
                let next = last.map(|shipment| shipment.number.value());
                let shipments = page
                    .iter()
                    .map(|shipment| shipment_pb(shipment, &catalogue, &histories));
                Ok((shipments.collect(), next))
            }
        };
        let message = |shipments| pb::StreamShipmentsResponse { shipments };
        Ok(Response::new(pages(0, read, message)))
    }

    type RecordTransportEventsStream = Answers<pb::RecordTransportEventsResponse>;

    async fn record_transport_events(
        &self,
        request: Request<Streaming<pb::RecordTransportEventsRequest>>,
    ) -> Result<Response<Self::RecordTransportEventsStream>, Status> {
        let (call, desk) = (Call::of(&request), Arc::clone(&self.desk));
        let answers = request.into_inner().and_then(move |message| {
            let (call, desk) = (call.clone(), Arc::clone(&desk));
            async move { record(&desk, &call, message).await.map_err(Status::from) }
        });
        Ok(Response::new(Box::pin(answers)))
    }

    async fn get_shipment(
        &self,
        request: Request<pb::GetShipmentRequest>,
    ) -> Result<Response<pb::GetShipmentResponse>, Status> {
        let call = Call::of(&request);
        let id = request.into_inner().shipment_id;
        let catalogue = self.desk.catalogue(&call).await?;
        let number = ShipmentNo::parse(&id, &catalogue)
            .map_err(|error| Error::invalid("shipment_id", error))?;
        let histories = Arc::new(histories(&self.desk, &call).await?);
        let answer = self.desk.store.read(&call, "shipment_get", move |tx| {
            let (catalogue, id) = (Arc::clone(&catalogue), id.clone());
            let histories = Arc::clone(&histories);
            Box::pin(async move {
                let shipment = shipment_fetch(tx, number)
                    .await?
                    .ok_or_else(|| Error::missing("shipment", id))?;
                let vins = shipment_vins(tx, number).await?;
                let proof = proofs_fetch(tx, [number]).await?.remove(&number);
                Ok(pb::GetShipmentResponse {
                    shipment: Some(shipment_pb(&shipment, &catalogue, &histories)),
                    vins,
                    proof: proof.map(proof_pb),
                })
            })
        });
        Ok(Response::new(answer.await?))
    }
}

/// What transit took so far, by lane.
async fn histories(desk: &Desk, call: &Call) -> Result<Histories, Error> {
    let read = (desk.store).read(call, "lane_histories", |tx| Box::pin(histories_fetch(tx)));
    read.await
}

/// Takes one chunk of reports.
async fn record(
    desk: &Desk,
    call: &Call,
    message: pb::RecordTransportEventsRequest,
) -> Result<pb::RecordTransportEventsResponse, Error> {
    let mut violations = Violations::new();
    let request_id = id_req::<RequestId>(&message.request_id, "request_id", &mut violations);
    violations.require(
        message.events.len() <= CHUNK,
        "events",
        format!("a chunk has at most {CHUNK}"),
    );
    let request_id = violations.finish_with(request_id)?;
    let catalogue = desk.catalogue(call).await?;
    let once = Once::of(
        "takt.delivery.v1.ShipmentService/RecordTransportEvents",
        *request_id.as_bytes(),
        &message,
    );
    let reports = Arc::new(wire::reports(&message.events, &catalogue));
    let request_id = Arc::<str>::from(message.request_id);
    desk.store
        .write_once(call, "transport_record", once, move |tx| {
            let (catalogue, reports, request_id) = (
                Arc::clone(&catalogue),
                Arc::clone(&reports),
                Arc::clone(&request_id),
            );
            Box::pin(async move {
                let mut answer = reported(tx, &catalogue, &reports).await?;
                answer.request_id = request_id.to_string();
                Ok(answer)
            })
        })
        .await
}

/// Moves the loads that reports tell of, notes what went wrong with them, and tells what left.
async fn reported(
    tx: &Tx,
    catalogue: &Catalogue,
    reports: &Reports,
) -> Result<pb::RecordTransportEventsResponse, Error> {
    let mut kept = KeptOf::new();
    let departs = reports.events.iter().any(|(_, report)| report.departs());
    let vins = vins_named(reports);
    // The gate is asked here, at the departure, and stays as it is until the departure is written; who reports something else takes turns
    // here as well, so that exceptions are numbered one after the other and none is open of a load that arrives beside it.
    gate_hold(tx).await?;
    if departs {
        kept = kept_fetch(tx, &distinct(reports)).await?;
    }
    let mut loads = shipments_fetch(tx, distinct(reports)).await?;
    let mut told = Told::fetch(tx, reports, &vins).await?;
    let before: BTreeMap<ShipmentNo, ShipmentState> = loads
        .iter()
        .map(|(number, load)| (*number, load.state()))
        .collect();
    let mut refused = reports.refused.clone();
    let (mut changed, mut departed) = (0i32, BTreeMap::new());
    let mut touched = BTreeSet::new();
    for (number, report) in &reports.events {
        let lane = catalogue.lane_at(number.lane_no());
        let Some((load, lane)) = loads.get_mut(number).zip(lane) else {
            refused.push(wire::missing("shipment", number.id(catalogue)));
            continue;
        };
        let stays = kept
            .get(number)
            .filter(|_| report.departs() && load.is_planned());
        if let Some(first) = stays.and_then(|stays| load.all_stay(stays)) {
            refused.push(wire::refused(number.id(catalogue), &first));
            continue;
        }
        let id = || number.id(catalogue);
        let done = match report {
            Report::Wrong(on, trouble) => (told.book.take(load, *on, trouble))
                .map_err(|refusal| wire::refused(id(), &refusal)),
            Report::Moved(event, proof) => match load.report(*event, lane) {
                Ok(moved) => (told.moved(*number, *event, moved, proof.as_ref()))
                    .map_err(|refusal| wire::refused(id(), &refusal)),
                Err(refusal) => Err(wire::refused(id(), &refusal)),
            },
        };
        match done {
            Ok(false) => {}
            Ok(true) => {
                changed += 1;
                touched.insert(*number);
                if let (true, Some(on)) = (report.departs(), load.departed_on) {
                    departed.insert(*number, on);
                    for one in kept.get(number).into_iter().flatten() {
                        told.book.stays(&one.vin);
                    }
                }
            }
            Err(refusal) => refused.push(refusal),
        }
    }
    kept.retain(|number, _| departed.contains_key(number));
    let next = kept_move(tx, catalogue, &kept, &departed).await?;
    for (number, stays) in &kept {
        if let Some(load) = loads.get_mut(number) {
            load.vehicle_count -= i64::try_from(stays.len()).unwrap_or_default();
        }
    }
    let moved = loads.into_values().filter_map(|load| {
        let before = before.get(&load.number).copied()?;
        touched.contains(&load.number).then_some((before, load))
    });
    shipments_move(tx, &moved.collect::<Vec<_>>()).await?;
    departures_tell(tx, catalogue, &departed).await?;
    vehicles_part(tx, catalogue, &mut told.book).await?;
    exceptions_save(tx, &told.book.changed()).await?;
    proofs_add(tx, &told.signed).await?;
    Ok(pb::RecordTransportEventsResponse {
        request_id: String::new(),
        changed_count: changed,
        refused,
        held_back: wire::held_back(&kept, &next, catalogue),
    })
}

/// What is told of shipments beside their moves.
#[derive(Default)]
struct Told {
    /// The exceptions.
    book: Book,
    /// The proofs of delivery that are known.
    proofs: BTreeMap<ShipmentNo, Proof>,
    /// Those of them that are new.
    signed: Vec<(ShipmentNo, Date, Proof)>,
}

impl Told {
    /// Reads it where reports need it: a chunk of departures does not.
    async fn fetch(tx: &Tx, reports: &Reports, vins: &BTreeSet<&str>) -> Result<Self, Error> {
        if reports.events.iter().all(|(_, report)| report.departs()) {
            return Ok(Self::default());
        }
        let numbers = distinct(reports);
        Ok(Self {
            book: book_fetch(tx, numbers.iter().copied(), vins.iter().copied()).await?,
            proofs: proofs_fetch(tx, numbers).await?,
            signed: Vec::new(),
        })
    }

    /// Takes a move that was taken, with its proof; answers whether anything is new.
    fn moved(
        &mut self,
        number: ShipmentNo,
        event: TransportEvent,
        moved: Moved,
        proof: Option<&Proof>,
    ) -> Result<bool, ExceptionRefusal> {
        let TransportEvent::Arrived(on) = event else {
            return Ok(moved != Moved::Nothing);
        };
        let known = self.proofs.get(&number);
        if let (Some(known), Some(proof)) = (known, proof)
            && known != proof
        {
            return Err(ExceptionRefusal::OtherProof);
        }
        let new = proof.filter(|_| known.is_none()).cloned();
        let signed = new.is_some();
        if let Some(proof) = new {
            self.proofs.insert(number, proof.clone());
            self.signed.push((number, on, proof));
        }
        if moved == Moved::Arrived {
            self.book.arrived(number, on);
        }
        Ok(signed || moved != Moved::Nothing)
    }
}

fn vins_named(reports: &Reports) -> BTreeSet<&str> {
    let named = reports
        .events
        .iter()
        .filter_map(|(_, report)| match report {
            Report::Wrong(_, trouble) => trouble.vin(),
            Report::Moved(..) => None,
        });
    named.collect()
}

fn distinct(reports: &Reports) -> Vec<ShipmentNo> {
    let mut numbers: Vec<ShipmentNo> = reports.events.iter().map(|(number, _)| *number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// Tells of every vehicle that left, in the trace of its order.
async fn departures_tell(
    tx: &Tx,
    catalogue: &Catalogue,
    departed: &BTreeMap<ShipmentNo, Date>,
) -> Result<(), Error> {
    let numbers: Vec<ShipmentNo> = departed.keys().copied().collect();
    let leaving = vehicles_leaving(tx, &numbers).await?;
    let facts = leaving.into_iter().map(|vehicle| {
        let on = departed.get(&vehicle.shipment).copied().unwrap_or_default();
        NewFact {
            subject: vehicle.order_id,
            on,
            traceparent: vehicle.traceparent,
            body: Kind::VehicleDispatched(VehicleDispatched {
                vin: vehicle.vin,
                dispatched_on: Some(date_pb(on)),
                shipment_id: vehicle.shipment.id(catalogue),
            }),
        }
    });
    tx.emit_many(facts.collect()).await
}
