//! Procurement as production meets it on the wire: it keeps lots first in first out, can be away, can refuse, and can
//! do its work and lose the answer.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use takt_contract::{
    date_pb,
    events::v1::{
        DeliverRequest, DeliverResponse, DeliveryOutcome, DeliveryResult, Fact,
        inbox_service_server::{InboxService, InboxServiceServer},
    },
    procurement::v1::{
        self as pb,
        inbound_service_server::{InboundService, InboundServiceServer},
        material_service_server::{MaterialService, MaterialServiceServer},
        sourcing_service_server::{SourcingService, SourcingServiceServer},
    },
};
use takt_service::{
    Error, Routes,
    config::Chassis,
    serve::Server,
    telemetry::{LogConfig, Telemetry},
};
use tonic::{Request, Response, Status, Streaming};

/// A lot on the shelf.
#[derive(Debug, Clone)]
pub(crate) struct Shelf {
    pub(crate) lot_id: String,
    pub(crate) lot_number: i64,
    pub(crate) thousandths: i64,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    /// Items in order of their ids, lots in the order in which they are used.
    pub(crate) lots: BTreeMap<String, Vec<Shelf>>,
    /// Lots that it was asked to keep back.
    pub(crate) blocked: BTreeSet<String>,
    /// What was answered, by request id.
    pub(crate) answered: BTreeMap<String, pb::ReserveMaterialResponse>,
    /// Every question to reserve, in order.
    pub(crate) asked: Vec<pb::ReserveMaterialRequest>,
    /// True while it does not answer.
    pub(crate) away: bool,
    /// How many of the next reservations are refused.
    pub(crate) refusals: u32,
    /// How many of the next reservations are made and their answers lost.
    pub(crate) losses: u32,
    /// What is on order of an item, in thousandths.
    pub(crate) open: BTreeMap<String, i64>,
    /// The suppliers of an item.
    pub(crate) sources: BTreeMap<String, Vec<pb::SourceOutlook>>,
    /// The facts it was told.
    pub(crate) told: Vec<Fact>,
    /// The lot and the lead time of items.
    pub(crate) terms: BTreeMap<String, (i64, i32)>,
    /// What will come.
    pub(crate) coming: BTreeMap<String, Vec<pb::ExpectedReceipt>>,
}

/// Procurement; clones share its state.
#[derive(Clone, Default)]
pub(crate) struct Procurement(pub(crate) Arc<Mutex<State>>);

impl Procurement {
    /// Serves on a port of its own.
    pub(crate) async fn served(self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let routes = Routes::new()
            .add_service(MaterialServiceServer::new(self.clone()))
            .add_service(SourcingServiceServer::new(self.clone()))
            .add_service(InboundServiceServer::new(self.clone()))
            .add_service(InboxServiceServer::new(self));
        tokio::task::spawn(async move {
            let telemetry = Telemetry::start("procurement", &LogConfig::default()).unwrap();
            let server = Server::new(&telemetry, &Chassis::default(), routes, &[], &[]).await;
            server
                .serve(listener, std::future::pending())
                .await
                .unwrap();
        });
        format!("http://{address}")
    }

    /// Puts a lot on the shelf behind the others of its item.
    pub(crate) fn receive(&self, lot_id: &str, lot_number: i64, units: i64) {
        let item = lot_id.split('.').next().unwrap().to_owned();
        let shelf = Shelf {
            lot_id: lot_id.to_owned(),
            lot_number,
            thousandths: units * 1000,
        };
        self.0
            .lock()
            .unwrap()
            .lots
            .entry(item)
            .or_default()
            .push(shelf);
    }

    /// Changes the state.
    pub(crate) fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap())
    }
}

impl State {
    fn reserve(
        &mut self,
        message: &pb::ReserveMaterialRequest,
    ) -> Result<pb::ReserveMaterialResponse, Status> {
        if let Some(answer) = self.answered.get(&message.request_id) {
            return Ok(answer.clone());
        }
        let free = |lots: &BTreeMap<String, Vec<Shelf>>, item: &str| -> i64 {
            lots.get(item)
                .map_or(0, |lots| lots.iter().map(|lot| lot.thousandths).sum())
        };
        if self.refusals > 0
            || message
                .lines
                .iter()
                .any(|line| free(&self.lots, &line.item_id) < line.thousandths)
        {
            self.refusals = self.refusals.saturating_sub(1);
            return Err(Error::refused("MATERIAL_SHORTAGE", "stock moved").into());
        }
        let mut items = Vec::new();
        for line in &message.lines {
            let (mut left, mut taken) = (line.thousandths, Vec::new());
            for lot in self
                .lots
                .get_mut(&line.item_id)
                .into_iter()
                .flatten()
                .filter(|lot| lot.thousandths > 0)
            {
                let thousandths = left.min(lot.thousandths);
                if thousandths > 0 {
                    lot.thousandths -= thousandths;
                    left -= thousandths;
                    taken.push(pb::ReservedLot {
                        lot_id: lot.lot_id.clone(),
                        lot_number: lot.lot_number,
                        thousandths,
                    });
                }
            }
            items.push(pb::ReservedItem {
                item_id: line.item_id.clone(),
                lots: taken,
            });
        }
        let answer = pb::ReserveMaterialResponse {
            reservation_id: message.reservation_id.clone(),
            items,
        };
        self.answered
            .insert(message.request_id.clone(), answer.clone());
        Ok(answer)
    }
}

#[tonic::async_trait]
impl MaterialService for Procurement {
    type StreamItemTotalsStream = tokio_stream::Empty<Result<pb::StreamItemTotalsResponse, Status>>;
    type StreamStockValuesStream =
        tokio_stream::Empty<Result<pb::StreamStockValuesResponse, Status>>;
    type StreamDaysOfSupplyStream =
        tokio_stream::Empty<Result<pb::StreamDaysOfSupplyResponse, Status>>;
    type StreamSupplyStream = tokio_stream::Once<Result<pb::StreamSupplyResponse, Status>>;
    type StreamLedgerStream = tokio_stream::Empty<Result<pb::StreamLedgerResponse, Status>>;

    async fn check_availability(
        &self,
        _: Request<pb::CheckAvailabilityRequest>,
    ) -> Result<Response<pb::CheckAvailabilityResponse>, Status> {
        self.with(|state| {
            if state.away {
                return Err(Error::denied("procurement is away").into());
            }
            let lines = state.lots.iter().map(|(item_id, lots)| pb::ItemQuantity {
                item_id: item_id.clone(),
                thousandths: lots.iter().map(|lot| lot.thousandths).sum(),
            });
            Ok(Response::new(pb::CheckAvailabilityResponse {
                lines: lines.collect(),
            }))
        })
    }

    async fn reserve_material(
        &self,
        request: Request<pb::ReserveMaterialRequest>,
    ) -> Result<Response<pb::ReserveMaterialResponse>, Status> {
        let message = request.into_inner();
        self.with(|state| {
            state.asked.push(message.clone());
            let answer = state.reserve(&message)?;
            if state.losses > 0 {
                state.losses -= 1;
                // An answer that breaks in a way that the client does not repeat by itself.
                return Err(Error::denied("the answer is lost").into());
            }
            Ok(Response::new(answer))
        })
    }

    async fn release_reservation(
        &self,
        _: Request<pb::ReleaseReservationRequest>,
    ) -> Result<Response<pb::ReleaseReservationResponse>, Status> {
        Err(Status::unimplemented("not asked by production"))
    }

    async fn get_reservation(
        &self,
        _: Request<pb::GetReservationRequest>,
    ) -> Result<Response<pb::GetReservationResponse>, Status> {
        Err(Status::unimplemented("not asked by production"))
    }

    async fn stream_item_totals(
        &self,
        _: Request<pb::StreamItemTotalsRequest>,
    ) -> Result<Response<Self::StreamItemTotalsStream>, Status> {
        Ok(Response::new(tokio_stream::empty()))
    }

    async fn stream_stock_values(
        &self,
        _: Request<pb::StreamStockValuesRequest>,
    ) -> Result<Response<Self::StreamStockValuesStream>, Status> {
        Err(Status::unimplemented("not asked by production"))
    }

    async fn stream_days_of_supply(
        &self,
        _: Request<pb::StreamDaysOfSupplyRequest>,
    ) -> Result<Response<Self::StreamDaysOfSupplyStream>, Status> {
        Err(Status::unimplemented("not asked by production"))
    }

    async fn stream_supply(
        &self,
        _: Request<pb::StreamSupplyRequest>,
    ) -> Result<Response<Self::StreamSupplyStream>, Status> {
        self.with(|state| {
            if state.away {
                return Err(Error::denied("procurement is away").into());
            }
            let known: BTreeSet<&String> = state.lots.keys().chain(state.terms.keys()).collect();
            let items = known.into_iter().map(|item_id| {
                let lots = state.lots.get(item_id).into_iter().flatten();
                let (lot, lead_days) = state.terms.get(item_id).copied().unwrap_or((0, 1_000));
                pb::ItemSupply {
                    item_id: item_id.clone(),
                    free_thousandths: lots.map(|lot| lot.thousandths).sum(),
                    receipts: state.coming.get(item_id).cloned().unwrap_or_default(),
                    lead_days,
                    lot_thousandths: lot,
                    sources: vec![pb::SupplySource {
                        supplier_id: format!("MAKER-{item_id}"),
                        share_millionths: 1_000_000,
                        lead_days,
                        transit_days: 0,
                    }],
                    ..pb::ItemSupply::default()
                }
            });
            Ok(Response::new(tokio_stream::once(Ok(
                pb::StreamSupplyResponse {
                    version: 1,
                    whole: true,
                    items: items.collect(),
                },
            ))))
        })
    }

    async fn stream_ledger(
        &self,
        _: Request<pb::StreamLedgerRequest>,
    ) -> Result<Response<Self::StreamLedgerStream>, Status> {
        Err(Status::unimplemented("not asked by production"))
    }

    async fn reconcile_stock(
        &self,
        _: Request<pb::ReconcileStockRequest>,
    ) -> Result<Response<pb::ReconcileStockResponse>, Status> {
        Err(Status::unimplemented("not asked by production"))
    }
}

#[tonic::async_trait]
impl SourcingService for Procurement {
    async fn record_part_approval(
        &self,
        _: Request<pb::RecordPartApprovalRequest>,
    ) -> Result<Response<pb::RecordPartApprovalResponse>, Status> {
        Err(Status::unimplemented("not asked by production"))
    }

    async fn agree_prices(
        &self,
        _: Request<pb::AgreePricesRequest>,
    ) -> Result<Response<pb::AgreePricesResponse>, Status> {
        Err(Status::unimplemented("not asked by production"))
    }

    async fn list_prices(
        &self,
        _: Request<pb::ListPricesRequest>,
    ) -> Result<Response<pb::ListPricesResponse>, Status> {
        Err(Status::unimplemented("not asked by production"))
    }

    async fn get_supply_outlook(
        &self,
        request: Request<pb::GetSupplyOutlookRequest>,
    ) -> Result<Response<pb::GetSupplyOutlookResponse>, Status> {
        self.with(|state| {
            if state.away {
                return Err(Error::Down {
                    what: "procurement".into(),
                    detail: "it is away".to_owned(),
                    outcome: takt_service::error::Outcome::Certain,
                }
                .into());
            }
            let quantity = |thousandths: i64| {
                Some(takt_contract::quantity_pb(
                    takt_kernel::Quantity(thousandths),
                    takt_kernel::Unit::Piece,
                ))
            };
            let outlook = |item_id: String| {
                let lots = state.lots.get(&item_id).into_iter().flatten();
                pb::SupplyOutlook {
                    known: true,
                    on_hand: quantity(lots.map(|lot| lot.thousandths).sum()),
                    open: quantity(state.open.get(&item_id).copied().unwrap_or(0)),
                    lot: quantity(1000),
                    sources: state.sources.get(&item_id).cloned().unwrap_or_default(),
                    item_id,
                }
            };
            let items = request.into_inner().item_ids;
            Ok(Response::new(pb::GetSupplyOutlookResponse {
                items: items.into_iter().map(outlook).collect(),
            }))
        })
    }
}

#[tonic::async_trait]
impl InboundService for Procurement {
    type RecordAsnsStream = tokio_stream::Empty<Result<pb::RecordAsnsResponse, Status>>;
    type RecordReceiptsStream = tokio_stream::Empty<Result<pb::RecordReceiptsResponse, Status>>;
    type StreamAsnsStream = tokio_stream::Empty<Result<pb::StreamAsnsResponse, Status>>;

    async fn batch_get_lots(
        &self,
        request: Request<pb::BatchGetLotsRequest>,
    ) -> Result<Response<pb::BatchGetLotsResponse>, Status> {
        let wanted = request.into_inner().lot_ids;
        self.with(|state| {
            if state.away {
                return Err(Error::denied("procurement is away").into());
            }
            let known = |lot: &&Shelf| wanted.contains(&lot.lot_id);
            let lots = state.lots.values().flatten().filter(known);
            let told = lots.map(|lot| pb::Lot {
                lot_id: lot.lot_id.clone(),
                lot_number: lot.lot_number,
                received_on: Some(date_pb(super::day(-1))),
                ..pb::Lot::default()
            });
            Ok(Response::new(pb::BatchGetLotsResponse {
                lots: told.collect(),
            }))
        })
    }

    async fn get_lot(
        &self,
        request: Request<pb::GetLotRequest>,
    ) -> Result<Response<pb::GetLotResponse>, Status> {
        let lot_id = request.into_inner().lot_id;
        self.with(|state| {
            let mut lots = state.lots.values().flatten();
            let lot = lots.find(|lot| lot.lot_id == lot_id);
            let lot = lot.ok_or_else(|| Status::from(Error::missing("lot", &lot_id)))?;
            let lot = pb::Lot {
                lot_id: lot.lot_id.clone(),
                lot_number: lot.lot_number,
                ..pb::Lot::default()
            };
            Ok(Response::new(pb::GetLotResponse { lot: Some(lot) }))
        })
    }

    async fn record_asns(
        &self,
        _: Request<Streaming<pb::RecordAsnsRequest>>,
    ) -> Result<Response<Self::RecordAsnsStream>, Status> {
        Err(Status::unimplemented("not asked by production"))
    }

    async fn record_receipts(
        &self,
        _: Request<Streaming<pb::RecordReceiptsRequest>>,
    ) -> Result<Response<Self::RecordReceiptsStream>, Status> {
        Err(Status::unimplemented("not asked by production"))
    }

    async fn declare_lost(
        &self,
        _: Request<pb::DeclareLostRequest>,
    ) -> Result<Response<pb::DeclareLostResponse>, Status> {
        Err(Status::unimplemented("not asked by production"))
    }

    async fn stream_asns(
        &self,
        _: Request<pb::StreamAsnsRequest>,
    ) -> Result<Response<Self::StreamAsnsStream>, Status> {
        Err(Status::unimplemented("not asked by production"))
    }

    async fn find_serial(
        &self,
        _: Request<pb::FindSerialRequest>,
    ) -> Result<Response<pb::FindSerialResponse>, Status> {
        Err(Status::unimplemented("not asked by production"))
    }

    async fn list_handling_units(
        &self,
        _: Request<pb::ListHandlingUnitsRequest>,
    ) -> Result<Response<pb::ListHandlingUnitsResponse>, Status> {
        Err(Status::unimplemented("not asked by production"))
    }

    async fn block_lots(
        &self,
        request: Request<pb::BlockLotsRequest>,
    ) -> Result<Response<pb::BlockLotsResponse>, Status> {
        self.with(|state| {
            if state.away {
                return Err(Status::unavailable("procurement is away"));
            }
            state.blocked.extend(request.into_inner().lot_ids);
            Ok(Response::new(pb::BlockLotsResponse::default()))
        })
    }

    async fn release_lots(
        &self,
        _: Request<pb::ReleaseLotsRequest>,
    ) -> Result<Response<pb::ReleaseLotsResponse>, Status> {
        Err(Status::unimplemented("not asked by production"))
    }
}

#[tonic::async_trait]
impl InboxService for Procurement {
    async fn deliver(
        &self,
        request: Request<DeliverRequest>,
    ) -> Result<Response<DeliverResponse>, Status> {
        let facts = request.into_inner().facts;
        let applied = DeliveryResult {
            outcome: DeliveryOutcome::Applied.into(),
            ..DeliveryResult::default()
        };
        let results = vec![applied; facts.len()];
        self.with(|state| state.told.extend(facts));
        Ok(Response::new(DeliverResponse { results }))
    }
}
