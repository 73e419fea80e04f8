//! Stock on the wire.
//!
//! It must not decide anything.

use std::sync::Arc;

use takt_contract::{
    date_req, id_req,
    procurement::v1::{self as pb, material_service_server::MaterialService},
    request_id,
};
use takt_kernel::{Date, LotId, LotNumber, ReservationId, Violations};
use takt_service::{Call, Error, Once, Tx};
use tonic::{Request, Response, Status};

use super::{
    Need, Reservation, Run, days, ledger, pick, reports, reservation, store,
    wire::{needs_of, reconciled_pb, reservation_pb, reserved_pb, shortage, total_pb},
};
use crate::{
    desk::{Answers, Desk, chunks},
    programme::Catalogue,
    supply::{
        store::{supply_at, supply_fetch},
        wire::{supply_asked, supply_pb},
    },
};

/// The lines of a message: some hundred bytes each.
const CHUNK: usize = 400;

/// Stock on the wire.
pub(crate) struct MaterialRpc(pub(crate) Arc<Desk>);

/// What a reservation asks for.
struct Wanted {
    id: String,
    build_on: Date,
    vehicles: i64,
    needs: Vec<Need>,
}

#[tonic::async_trait]
impl MaterialService for MaterialRpc {
    async fn check_availability(
        &self,
        request: Request<pb::CheckAvailabilityRequest>,
    ) -> Result<Response<pb::CheckAvailabilityResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let catalogue = self.0.catalogue(&call).await?;
        let mut violations = Violations::new();
        let build_on = date_req(message.build_on.as_ref(), "build_on", &mut violations);
        let asked = catalogue.items_named(&message.item_ids, &mut violations);
        violations.finish().map_err(Error::from)?;
        let read = self.0.store.read(&call, "availability_check", move |tx| {
            Box::pin(store::availability_fetch(tx, build_on))
        });
        let free = read.await?;
        let wanted = |number: u32| asked.is_empty() || asked.contains(&number);
        let lines = catalogue
            .bought()
            .iter()
            .filter(|bought| wanted(bought.item.number))
            .map(|bought| pb::ItemQuantity {
                item_id: bought.item.id.to_string(),
                thousandths: free.get(&bought.item.number).copied().unwrap_or_default(),
            });
        Ok(Response::new(pb::CheckAvailabilityResponse {
            lines: lines.collect(),
        }))
    }

    async fn reserve_material(
        &self,
        request: Request<pb::ReserveMaterialRequest>,
    ) -> Result<Response<pb::ReserveMaterialResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let catalogue = self.0.catalogue(&call).await?;
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations).unwrap_or_default();
        id_req::<ReservationId>(&message.reservation_id, "reservation_id", &mut violations);
        violations.require(
            message.vehicle_count > 0,
            "vehicle_count",
            "a reservation is for one vehicle or more",
        );
        let build_on = date_req(message.build_on.as_ref(), "build_on", &mut violations);
        let needs = needs_of(&message.lines, &catalogue, &mut violations);
        violations.require(
            !message.lines.is_empty(),
            "lines",
            "nothing is needed; build without a reservation",
        );
        violations.finish().map_err(Error::from)?;
        let once = Once::of(
            "takt.procurement.v1.MaterialService/ReserveMaterial",
            id,
            &message,
        );
        let wanted = Wanted {
            id: message.reservation_id,
            build_on,
            vehicles: message.vehicle_count.into(),
            needs,
        };
        let (work, known) = (Arc::new(wanted), Arc::clone(&catalogue));
        let reservation_id = work.id.clone();
        let write = self.0.store.write(&call, "material_reserve", move |tx| {
            let (wanted, catalogue) = (Arc::clone(&work), Arc::clone(&known));
            Box::pin(async move { reserve(tx, &catalogue, &wanted, once).await })
        });
        let picks = write.await?;
        Ok(Response::new(pb::ReserveMaterialResponse {
            reservation_id,
            items: reserved_pb(&catalogue, &picks),
        }))
    }

    async fn release_reservation(
        &self,
        request: Request<pb::ReleaseReservationRequest>,
    ) -> Result<Response<pb::ReleaseReservationResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations).unwrap_or_default();
        id_req::<ReservationId>(&message.reservation_id, "reservation_id", &mut violations);
        violations.finish().map_err(Error::from)?;
        let once = Once::of(
            "takt.procurement.v1.MaterialService/ReleaseReservation",
            id,
            &message,
        );
        let name = Arc::<str>::from(message.reservation_id);
        let write = self
            .0
            .store
            .write_once(&call, "material_release", once, move |tx| {
                let name = Arc::clone(&name);
                Box::pin(async move {
                    let mut found = reservation_get(tx, &name).await?;
                    if found.release()? {
                        reservation::reservation_free(tx, &found).await?;
                    }
                    Ok(pb::ReleaseReservationResponse {
                        reservation: Some(reservation_pb(&found)),
                    })
                })
            });
        Ok(Response::new(write.await?))
    }

    async fn get_reservation(
        &self,
        request: Request<pb::GetReservationRequest>,
    ) -> Result<Response<pb::GetReservationResponse>, Status> {
        let call = Call::of(&request);
        let name = Arc::<str>::from(request.into_inner().reservation_id);
        let catalogue = self.0.catalogue(&call).await?;
        let read = self.0.store.read(&call, "reservation_get", move |tx| {
            let name = Arc::clone(&name);
            Box::pin(async move {
                let found = reservation_get(tx, &name).await?;
                let picks = reservation::lots_fetch(tx, &found).await?;
                Ok((found, picks))
            })
        });
        let (found, picks) = read.await?;
        let items = reserved_pb(&catalogue, &picks);
        Ok(Response::new(pb::GetReservationResponse {
            reservation: Some(reservation_pb(&found)),
            items,
        }))
    }

    type StreamItemTotalsStream = Answers<pb::StreamItemTotalsResponse>;

    async fn stream_item_totals(
        &self,
        request: Request<pb::StreamItemTotalsRequest>,
    ) -> Result<Response<Self::StreamItemTotalsStream>, Status> {
        let call = Call::of(&request);
        let catalogue = self.0.catalogue(&call).await?;
        let totals = self
            .0
            .store
            .read(&call, "totals_stream", |tx| {
                Box::pin(store::totals_fetch(tx))
            })
            .await?;
        let none = store::Total::default();
        let all = catalogue
            .bought()
            .iter()
            .map(|bought| total_pb(bought, totals.get(&bought.item.number).unwrap_or(&none)));
        Ok(Response::new(chunks(all.collect(), CHUNK, |totals| {
            pb::StreamItemTotalsResponse { totals }
        })))
    }

    type StreamStockValuesStream = Answers<pb::StreamStockValuesResponse>;

    async fn stream_stock_values(
        &self,
        request: Request<pb::StreamStockValuesRequest>,
    ) -> Result<Response<Self::StreamStockValuesStream>, Status> {
        let call = Call::of(&request);
        let catalogue = self.0.catalogue(&call).await?;
        let span = self
            .0
            .store
            .read(&call, "ledger_span", |tx| Box::pin(ledger::span_fetch(tx)))
            .await?;
        Ok(Response::new(reports::stock_values(
            Arc::clone(&self.0),
            catalogue,
            call,
            span,
        )))
    }

    type StreamDaysOfSupplyStream = Answers<pb::StreamDaysOfSupplyResponse>;

    async fn stream_days_of_supply(
        &self,
        request: Request<pb::StreamDaysOfSupplyRequest>,
    ) -> Result<Response<Self::StreamDaysOfSupplyStream>, Status> {
        let call = Call::of(&request);
        let catalogue = self.0.catalogue(&call).await?;
        let asked = days::days_asked(&request.into_inner(), &catalogue)?;
        let lasts = days::days_of_supply(&self.0, &call, &catalogue, asked).await?;
        Ok(Response::new(lasts))
    }

    type StreamLedgerStream = Answers<pb::StreamLedgerResponse>;

    async fn stream_ledger(
        &self,
        request: Request<pb::StreamLedgerRequest>,
    ) -> Result<Response<Self::StreamLedgerStream>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let catalogue = self.0.catalogue(&call).await?;
        let lots = lots_asked(&message, &catalogue)?;
        let span = self
            .0
            .store
            .read(&call, "ledger_span", |tx| Box::pin(ledger::span_fetch(tx)))
            .await?;
        Ok(Response::new(reports::entries(
            Arc::clone(&self.0),
            catalogue,
            call,
            lots,
            span,
        )))
    }

    type StreamSupplyStream = Answers<pb::StreamSupplyResponse>;

    async fn stream_supply(
        &self,
        request: Request<pb::StreamSupplyRequest>,
    ) -> Result<Response<Self::StreamSupplyStream>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let catalogue = self.0.catalogue(&call).await?;
        let asked = supply_asked(&message, &catalogue)?;
        let at = message.at_version;
        let kept = self.0.supply();
        let read = self.0.store.read(&call, "supply_stream", move |tx| {
            let kept = kept.clone();
            Box::pin(async move {
                match at {
                    0 => supply_fetch(tx, kept.as_deref()).await,
                    at => supply_at(tx, at).await,
                }
            })
        });
        let supply = Arc::new(read.await?);
        if at == 0 {
            self.0.supply_keep(&supply);
        }
        Ok(Response::new(supply_pb(&catalogue, &supply, asked)))
    }

    async fn reconcile_stock(
        &self,
        request: Request<pb::ReconcileStockRequest>,
    ) -> Result<Response<pb::ReconcileStockResponse>, Status> {
        let call = Call::of(&request);
        let catalogue = self.0.catalogue(&call).await?;
        let found = self
            .0
            .store
            .read(&call, "stock_reconcile", |tx| {
                Box::pin(store::reconciled(tx))
            })
            .await?;
        Ok(Response::new(reconciled_pb(&catalogue, &found)))
    }
}

/// Reserves what is wanted, or answers with what the same request reserved before. The recorded answer names the
/// reservation alone: its lots are read from their rows, which are there anyhow.
async fn reserve(
    tx: &Tx,
    catalogue: &Catalogue,
    wanted: &Wanted,
    once: Once,
) -> Result<Vec<Run>, Error> {
    if tx
        .once_answer::<pb::ReserveMaterialResponse>(&once)
        .await?
        .is_some()
    {
        let found = reservation_get(tx, &wanted.id).await?;
        return reservation::lots_fetch(tx, &found).await;
    }
    let free = reservation::free_fetch(tx, wanted.build_on, &wanted.needs).await?;
    let picks = pick(&wanted.needs, &free).map_err(|missing| shortage(catalogue, &missing))?;
    reservation::reservation_add(tx, &wanted.id, wanted.build_on, wanted.vehicles, &picks).await?;
    let answer = pb::ReserveMaterialResponse {
        reservation_id: wanted.id.clone(),
        items: Vec::new(),
    };
    tx.once_record(&once, &answer).await?;
    Ok(picks)
}

async fn reservation_get(tx: &Tx, id: &str) -> Result<Reservation, Error> {
    reservation::reservation_fetch(tx, id)
        .await?
        .ok_or_else(|| Error::missing("reservation", id))
}

/// The lots whose entries are asked for, first and last number.
fn lots_asked(
    message: &pb::StreamLedgerRequest,
    catalogue: &Catalogue,
) -> Result<(LotNumber, LotNumber), Error> {
    match (message.item_id.as_str(), message.lot_id.as_str()) {
        ("", "") => Err(Error::invalid("item_id", "give an item or a lot")),
        (id, "") => {
            let bought = catalogue
                .item(id)
                .ok_or_else(|| Error::missing("bought item", id))?;
            let first = i64::from(bought.item.number) * 1_000_000_000;
            Ok((LotNumber(first), LotNumber(first + 999_999_999)))
        }
        ("", id) => {
            let lot = LotId::parse(id).map_err(|error| Error::invalid("lot_id", error))?;
            let lot = catalogue
                .lot_number(&lot)
                .ok_or_else(|| Error::missing("lot", id))?;
            Ok((lot, lot))
        }
        _ => Err(Error::invalid("lot_id", "give an item or a lot, not both")),
    }
}
