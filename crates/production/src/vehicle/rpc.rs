//! Vehicles on the wire.
//!
//! It must not decide anything. Invariant: a number is checked before it is looked up. What vehicles are made of is
//! `crate::genealogy`, because units are not vehicles alone; it is asked for here, where callers look for it.

use std::sync::Arc;

use takt_contract::{
    date_opt, date_pb, date_req,
    production::v1::{self as pb, vehicle_service_server::VehicleService},
    request_id,
};
use takt_kernel::{Date, Vin, Violations};
use takt_service::{Call, Error, Once, PageToken, Tx, page_size};
use tonic::{Request, Response, Status, Streaming};

use super::{
    State, Vehicle,
    store::{ListKey, day_builds_fetch, vehicle_fetch, vehicle_save, vehicles_page},
};
use crate::{
    Production,
    genealogy::{change_rpc, epcis, import, look_up, lots, rpc as genealogy},
    product::Product,
    quality::hold::{free, held_fact, released_fact},
    shop_floor::{
        shift::{Completed, PlantClock, Stay},
        store::worked_fetch,
    },
};
use takt_service::stream::Answers;

/// The day on which a vehicle was completed, as its way through the shops is told from it.
pub struct BuiltDay {
    on: Date,
    first_build: i64,
    count: i64,
    worked: Vec<(Date, i64)>,
}

/// The day on which a vehicle was completed; None while it is on the line.
///
/// # Errors
/// What the database said.
pub async fn built_day_fetch(tx: &Tx, vehicle: &Vehicle) -> Result<Option<BuiltDay>, Error> {
    let Some(on) = vehicle.built_on else {
        return Ok(None);
    };
    let (first_build, count) = day_builds_fetch(tx, on).await?;
    Ok(Some(BuiltDay {
        on,
        first_build,
        count,
        worked: worked_fetch(tx).await?,
    }))
}

impl BuiltDay {
    /// The vehicle's time in each shop, in the order of flow.
    pub fn stays(&self, product: &Product, vehicle: &Vehicle) -> Vec<Stay> {
        let completed = Completed {
            variant: vehicle.config.variant(),
            on: self.on,
            place: vehicle.build_number - self.first_build,
            count: self.count,
        };
        PlantClock::new(product, &self.worked).stays(completed)
    }
}

/// Vehicles on the wire.
pub struct VehicleRpc(pub Production);

#[tonic::async_trait]
impl VehicleService for VehicleRpc {
    type TraceBackwardStream = Answers<pb::TraceBackwardResponse>;
    type TraceForwardStream = Answers<pb::TraceForwardResponse>;
    type TraceLotsStream = Answers<pb::TraceLotsResponse>;
    type ImportAsBuiltStream = Answers<pb::ImportAsBuiltResponse>;
    type StreamEpcisEventsStream = Answers<pb::StreamEpcisEventsResponse>;

    async fn get_vehicle(
        &self,
        request: Request<pb::GetVehicleRequest>,
    ) -> Result<Response<pb::GetVehicleResponse>, Status> {
        let call = Call::of(&request);
        let vin = vin_of(&request.get_ref().vin)?;
        let product = self.0.products.get(&call).await?;
        let read = self.0.deps.store.read(&call, "vehicle_get", move |tx| {
            Box::pin(async move {
                let vehicle = vehicle_fetch(tx, &vin).await?;
                let day = built_day_fetch(tx, &vehicle).await?;
                Ok((vehicle, day))
            })
        });
        let (vehicle, day) = read.await?;
        let stays = day.map(|day| day.stays(&product, &vehicle));
        let shops = (stays.into_iter().flatten())
            .filter_map(|stay| {
                let shop_id = product.shops.get(stay.shop)?.shop_id.clone();
                Some(pb::ShopWindow {
                    shop_id,
                    start_second: stay.start,
                    end_second: stay.end,
                })
            })
            .collect();
        Ok(Response::new(pb::GetVehicleResponse {
            vehicle: Some(vehicle_pb(&product, &vehicle)),
            shops,
        }))
    }

    async fn list_vehicles(
        &self,
        request: Request<pb::ListVehiclesRequest>,
    ) -> Result<Response<pb::ListVehiclesResponse>, Status> {
        let call = Call::of(&request);
        let size = page_size(request.get_ref().page_size)?;
        let key = PageToken::open("ListVehicles", "", &request.get_ref().page_token)?;
        let key = key
            .as_deref()
            .and_then(ListKey::parse)
            .unwrap_or(ListKey::Built(0));
        let product = self.0.products.get(&call).await?;
        let page = self
            .0
            .deps
            .store
            .read(&call, "vehicle_list", move |tx| {
                Box::pin(vehicles_page(tx, key, size + 1))
            })
            .await?;
        let shown = usize::try_from(size).unwrap_or(usize::MAX).min(page.len());
        let more = page.len() > shown;
        let last = page
            .get(shown.saturating_sub(1))
            .map(|vehicle| ListKey::of(vehicle).text());
        let next = last
            .filter(|_| more)
            .map_or_else(String::new, |key| PageToken::seal("ListVehicles", "", &key));
        let vehicles = page
            .iter()
            .take(shown)
            .map(|vehicle| vehicle_pb(&product, vehicle))
            .collect();
        Ok(Response::new(pb::ListVehiclesResponse {
            vehicles,
            next_page_token: next,
        }))
    }

    async fn trace_backward(
        &self,
        request: Request<pb::TraceBackwardRequest>,
    ) -> Result<Response<Self::TraceBackwardStream>, Status> {
        genealogy::trace_backward(&self.0, request).await
    }

    async fn trace_forward(
        &self,
        request: Request<pb::TraceForwardRequest>,
    ) -> Result<Response<Self::TraceForwardStream>, Status> {
        genealogy::trace_forward(&self.0, request).await
    }

    async fn trace_parts(
        &self,
        request: Request<pb::TracePartsRequest>,
    ) -> Result<Response<pb::TracePartsResponse>, Status> {
        look_up::trace_parts(&self.0, request).await
    }

    async fn trace_lots(
        &self,
        request: Request<pb::TraceLotsRequest>,
    ) -> Result<Response<Self::TraceLotsStream>, Status> {
        lots::trace_lots(&self.0, request).await
    }

    async fn get_as_built_tree(
        &self,
        request: Request<pb::GetAsBuiltTreeRequest>,
    ) -> Result<Response<pb::GetAsBuiltTreeResponse>, Status> {
        genealogy::tree(&self.0, request).await
    }

    async fn replace_part(
        &self,
        request: Request<pb::ReplacePartRequest>,
    ) -> Result<Response<pb::ReplacePartResponse>, Status> {
        change_rpc::replace_part(&self.0, request).await
    }

    async fn correct_part(
        &self,
        request: Request<pb::CorrectPartRequest>,
    ) -> Result<Response<pb::CorrectPartResponse>, Status> {
        change_rpc::correct_part(&self.0, request).await
    }

    async fn list_as_built_records(
        &self,
        request: Request<pb::ListAsBuiltRecordsRequest>,
    ) -> Result<Response<pb::ListAsBuiltRecordsResponse>, Status> {
        genealogy::records(&self.0, request).await
    }

    async fn import_as_built(
        &self,
        request: Request<Streaming<pb::ImportAsBuiltRequest>>,
    ) -> Result<Response<Self::ImportAsBuiltStream>, Status> {
        Ok(Response::new(import::import(&self.0, request)))
    }

    async fn stream_epcis_events(
        &self,
        request: Request<pb::StreamEpcisEventsRequest>,
    ) -> Result<Response<Self::StreamEpcisEventsStream>, Status> {
        epcis::events(&self.0, request).await
    }

    async fn hold_vehicle(
        &self,
        request: Request<pb::HoldVehicleRequest>,
    ) -> Result<Response<pb::HoldVehicleResponse>, Status> {
        let call = Call::of(&request);
        let message = Arc::new(request.into_inner());
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations);
        let vin = violations.check("vin", Vin::parse(&message.vin));
        violations.require(
            !message.reason.trim().is_empty(),
            "reason",
            "it is missing; say why the vehicle is kept back",
        );
        let on = date_opt(message.held_on.as_ref(), "held_on", &mut violations);
        violations.require(
            message.reason.len() <= 500,
            "reason",
            "it has at most 500 bytes",
        );
        let (id, vin) = violations.finish_with(id.zip(vin)).map_err(Error::from)?;
        let once = Once::of(
            "takt.production.v1.VehicleService/HoldVehicle",
            id,
            message.as_ref(),
        );
        let product = self.0.products.get(&call).await?;
        let answer = self
            .0
            .deps
            .store
            .write_once(&call, "vehicle_hold", once, move |tx| {
                let (product, message) = (Arc::clone(&product), Arc::clone(&message));
                Box::pin(async move {
                    let mut vehicle = seen(tx, &vin, &message.etag).await?;
                    let on = on.or(vehicle.released_on).or(vehicle.built_on);
                    vehicle.hold(&message.reason)?;
                    vehicle_save(tx, &vehicle).await?;
                    let fact = held_fact(&vehicle, on.unwrap_or_default(), &message.reason);
                    tx.emit_many(vec![fact]).await?;
                    Ok(pb::HoldVehicleResponse {
                        vehicle: Some(vehicle_pb(&product, &vehicle)),
                    })
                })
            });
        Ok(Response::new(answer.await?))
    }

    async fn release_vehicle(
        &self,
        request: Request<pb::ReleaseVehicleRequest>,
    ) -> Result<Response<pb::ReleaseVehicleResponse>, Status> {
        let call = Call::of(&request);
        let message = Arc::new(request.into_inner());
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations);
        let vin = violations.check("vin", Vin::parse(&message.vin));
        let on = date_req(message.released_on.as_ref(), "released_on", &mut violations);
        let (id, vin) = violations.finish_with(id.zip(vin)).map_err(Error::from)?;
        let once = Once::of(
            "takt.production.v1.VehicleService/ReleaseVehicle",
            id,
            message.as_ref(),
        );
        let product = self.0.products.get(&call).await?;
        let answer = self
            .0
            .deps
            .store
            .write_once(&call, "vehicle_release", once, move |tx| {
                let (product, message) = (Arc::clone(&product), Arc::clone(&message));
                Box::pin(async move {
                    let mut vehicle = seen(tx, &vin, &message.etag).await?;
                    free(tx, &vehicle).await?;
                    vehicle.release(on)?;
                    vehicle_save(tx, &vehicle).await?;
                    tx.emit_many(vec![released_fact(&vehicle, on)]).await?;
                    Ok(pb::ReleaseVehicleResponse {
                        vehicle: Some(vehicle_pb(&product, &vehicle)),
                    })
                })
            });
        Ok(Response::new(answer.await?))
    }
}

/// The vehicle as the caller has seen it.
async fn seen(tx: &Tx, vin: &Vin, etag: &str) -> Result<Vehicle, Error> {
    let vehicle = vehicle_fetch(tx, vin).await?;
    if vehicle.matches(etag) {
        Ok(vehicle)
    } else {
        Err(Error::stale("vehicle", vin))
    }
}

fn vin_of(text: &str) -> Result<Vin, Error> {
    let mut violations = Violations::new();
    let vin = violations.check("vin", Vin::parse(text));
    Ok(violations.finish_with(vin)?)
}

/// A vehicle as it stands on the wire.
pub fn vehicle_pb(product: &Product, vehicle: &Vehicle) -> pb::Vehicle {
    pb::Vehicle {
        vin: vehicle.vin.clone(),
        build_number: vehicle.build_number,
        variant_id: product.variant_id(vehicle.config.variant()).to_owned(),
        options: product.options(vehicle.config),
        order_id: vehicle.order_id.clone(),
        state: i32::from(match vehicle.state {
            State::VinAllocated => pb::VehicleState::VinAllocated,
            State::EolTest => pb::VehicleState::EolTest,
            State::Released => pb::VehicleState::Released,
            State::Dispatched => pb::VehicleState::Dispatched,
            State::HandedOver => pb::VehicleState::HandedOver,
        }),
        built_on: vehicle.built_on.map(date_pb),
        released_on: vehicle.released_on.map(date_pb),
        dispatched_on: vehicle.dispatched_on.map(date_pb),
        handed_over_on: vehicle.handed_over_on.map(date_pb),
        hold_reason: vehicle.hold_reason.clone(),
        etag: vehicle.etag(),
    }
}
