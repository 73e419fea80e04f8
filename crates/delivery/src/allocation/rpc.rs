//! The yard on the wire.
//!
//! It must not decide anything. Invariant: a message is read as a whole or refused with every mistake in it.

use std::sync::Arc;

use takt_contract::{
    date_req,
    delivery::v1::{self as pb, allocation_service_server::AllocationService},
    id_req,
};
use takt_kernel::{OrderId, RequestId, Vin, Violations};
use takt_service::{Call, Error, Once, PageToken, page_size, stream::Answers};
use tonic::{Request, Response, Status};

use super::{
    wire::{proposal_pb, vehicle_pb},
    yard::{YardRefusal, YardVehicle, proposals},
    yard_store::{
        YardFilter, order_vehicle, vehicle_give, vehicles_swap, yard_allocated, yard_hold,
        yard_list, yard_vehicle,
    },
};
use crate::desk::Desk;

/// Proposals of one message.
const CHUNK: usize = 1_000;

/// The yard on the wire.
pub(crate) struct AllocationRpc {
    /// What the parts of the service share.
    pub(crate) desk: Arc<Desk>,
}

fn once_of<M: prost::Message>(method: &str, request_id: RequestId, message: &M) -> Once {
    let method = format!("takt.delivery.v1.AllocationService/{method}");
    Once::of(&method, *request_id.as_bytes(), message)
}

#[tonic::async_trait]
impl AllocationService for AllocationRpc {
    async fn list_yard_vehicles(
        &self,
        request: Request<pb::ListYardVehiclesRequest>,
    ) -> Result<Response<pb::ListYardVehiclesResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut found = Violations::new();
        let as_of = date_req(message.as_of.as_ref(), "as_of", &mut found);
        let dwell = message.min_dwell_days;
        found.require(
            (0..=36_500).contains(&dwell),
            "min_dwell_days",
            format!("{dwell} is not a number of days from 0 to 36500"),
        );
        found.finish().map_err(Error::from)?;
        let limit = page_size(message.page_size)?;
        let arguments = format!("{as_of} {} {dwell}", message.stock_only);
        let after = PageToken::open("ListYardVehicles", &arguments, &message.page_token)?;
        let after: i64 = after.and_then(|key| key.parse().ok()).unwrap_or(0);
        let filter = YardFilter {
            stock: message.stock_only,
            built_until: (dwell > 0).then(|| as_of.minus(dwell)),
        };
        let catalogue = self.desk.catalogue(&call).await?;
        let read = self.desk.store.read(&call, "yard_list", move |tx| {
            Box::pin(yard_list(tx, filter, after, limit))
        });
        let vehicles = read.await?;
        let full = i64::try_from(vehicles.len()).is_ok_and(|count| count == limit);
        let last = vehicles.last().filter(|_| full);
        let seal = |one: &YardVehicle| {
            PageToken::seal("ListYardVehicles", &arguments, &one.vehicle_no.to_string())
        };
        let told = |one| vehicle_pb(one, &catalogue, as_of);
        Ok(Response::new(pb::ListYardVehiclesResponse {
            next_page_token: last.map(seal).unwrap_or_default(),
            vehicles: vehicles.iter().map(told).collect(),
        }))
    }

    async fn allocate_vehicle(
        &self,
        request: Request<pb::AllocateVehicleRequest>,
    ) -> Result<Response<pb::AllocateVehicleResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut found = Violations::new();
        let request_id = id_req::<RequestId>(&message.request_id, "request_id", &mut found);
        let vin = id_req::<Vin>(&message.vin, "vin", &mut found);
        let order = id_req::<OrderId>(&message.order_id, "order_id", &mut found);
        let on = date_req(message.allocated_on.as_ref(), "allocated_on", &mut found);
        let read = found.finish_with(request_id.zip(vin).zip(order));
        let ((request_id, vin), order) = read.map_err(Error::from)?;
        let once = once_of("AllocateVehicle", request_id, &message);
        let catalogue = self.desk.catalogue(&call).await?;
        let write = (self.desk.store).write_once(&call, "vehicle_allocate", once, move |tx| {
            let (catalogue, vin, id) = (Arc::clone(&catalogue), vin.to_string(), order.clone());
            Box::pin(async move {
                yard_hold(tx).await?;
                let vehicle = yard_vehicle(tx, &vin).await?;
                let (order, _) = order_vehicle(tx, id.as_str()).await?;
                vehicle.give(&order)?;
                vehicle_give(tx, &catalogue, &vehicle, &order, on).await?;
                let vehicle = yard_vehicle(tx, &vin).await?;
                Ok(pb::AllocateVehicleResponse {
                    vehicle: Some(vehicle_pb(&vehicle, &catalogue, on)),
                })
            })
        });
        Ok(Response::new(write.await?))
    }

    async fn swap_vehicles(
        &self,
        request: Request<pb::SwapVehiclesRequest>,
    ) -> Result<Response<pb::SwapVehiclesResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut found = Violations::new();
        let request_id = id_req::<RequestId>(&message.request_id, "request_id", &mut found);
        let order = id_req::<OrderId>(&message.order_id, "order_id", &mut found);
        let other = id_req::<OrderId>(&message.other_order_id, "other_order_id", &mut found);
        let on = date_req(message.swapped_on.as_ref(), "swapped_on", &mut found);
        found.require(
            message.order_id != message.other_order_id,
            "other_order_id",
            "an order cannot exchange its vehicle with itself; give another order",
        );
        let read = found.finish_with(request_id.zip(order).zip(other));
        let ((request_id, order), other) = read.map_err(Error::from)?;
        let once = once_of("SwapVehicles", request_id, &message);
        let catalogue = self.desk.catalogue(&call).await?;
        let write = (self.desk.store).write_once(&call, "vehicles_swap", once, move |tx| {
            let (catalogue, one, two) = (Arc::clone(&catalogue), order.clone(), other.clone());
            Box::pin(async move {
                yard_hold(tx).await?;
                let (order, vehicle) = order_vehicle(tx, one.as_str()).await?;
                let (other, other_vehicle) = order_vehicle(tx, two.as_str()).await?;
                let without = |id: &str| YardRefusal::NoVehicle {
                    order_id: id.to_owned(),
                };
                let vehicle = vehicle.ok_or_else(|| without(&order.id))?;
                let other_vehicle = other_vehicle.ok_or_else(|| without(&other.id))?;
                vehicle.exchange(&other_vehicle)?;
                let pair = (&vehicle, &order);
                vehicles_swap(tx, &catalogue, pair, (&other_vehicle, &other), on).await?;
                let now = yard_vehicle(tx, &other_vehicle.vin).await?;
                let other_now = yard_vehicle(tx, &vehicle.vin).await?;
                Ok(pb::SwapVehiclesResponse {
                    vehicle: Some(vehicle_pb(&now, &catalogue, on)),
                    other_vehicle: Some(vehicle_pb(&other_now, &catalogue, on)),
                })
            })
        });
        Ok(Response::new(write.await?))
    }

    type StreamSwapProposalsStream = Answers<pb::StreamSwapProposalsResponse>;

    async fn stream_swap_proposals(
        &self,
        request: Request<pb::StreamSwapProposalsRequest>,
    ) -> Result<Response<Self::StreamSwapProposalsStream>, Status> {
        let call = Call::of(&request);
        let mut found = Violations::new();
        let as_of = date_req(request.into_inner().as_of.as_ref(), "as_of", &mut found);
        found.finish().map_err(Error::from)?;
        let catalogue = self.desk.catalogue(&call).await?;
        let read =
            (self.desk.store).read(&call, "yard_allocated", |tx| Box::pin(yard_allocated(tx)));
        let by_config = read.await?;
        let each = by_config.values();
        let told = each.flat_map(|vehicles| proposals(vehicles, &catalogue, as_of));
        let told: Vec<_> = told.map(|one| proposal_pb(&one)).collect();
        let messages: Vec<_> = told
            .chunks(CHUNK)
            .map(|chunk| {
                Ok(pb::StreamSwapProposalsResponse {
                    proposals: chunk.to_vec(),
                })
            })
            .collect();
        Ok(Response::new(Box::pin(futures_util::stream::iter(
            messages,
        ))))
    }
}
