//! Production as delivery meets it on the wire: it answers with a small plan, takes facts, and can be away.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicI32, Ordering},
};

use takt_contract::{
    common::v1 as common,
    date_opt, date_pb,
    events::v1::{
        DeliverRequest, DeliverResponse, DeliveryOutcome, DeliveryResult, Fact,
        fact_body::Kind,
        inbox_service_server::{InboxService, InboxServiceServer},
    },
    procurement::v1 as procurement,
    production::v1::{
        self as pb,
        impact_service_server::{ImpactService, ImpactServiceServer},
        order_book_service_server::OrderBookServiceServer,
        promise_service_server::{PromiseService, PromiseServiceServer},
    },
};
use takt_kernel::Date;
use takt_service::{
    Routes,
    config::Chassis,
    serve::Server,
    telemetry::{LogConfig, Telemetry},
};
use tonic::{Request, Response, Status};

use super::book::Book;

/// What production does and saw.
#[derive(Clone, Default)]
pub(crate) struct Production {
    /// True while it does not answer.
    pub(crate) away: Arc<AtomicBool>,
    /// The facts it was told.
    pub(crate) told: Arc<Mutex<Vec<Fact>>>,
    /// The vehicles of each variant that it builds a day.
    pub(crate) daily: i64,
    /// The days that its plan has.
    pub(crate) days: i32,
    /// The days by which disruptions delay all that it builds.
    pub(crate) delay: Arc<AtomicI32>,
    /// True while procurement does not answer to it.
    pub(crate) alone: Arc<AtomicBool>,
    /// How often it was asked what disruptions do.
    pub(crate) impacts: Arc<AtomicI32>,
    /// The orders that it builds from.
    pub(crate) book: Arc<Mutex<Book>>,
}

impl Production {
    /// Serves on a port of its own.
    pub(crate) async fn served(self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let routes = Routes::new()
            .add_service(PromiseServiceServer::new(self.clone()))
            .add_service(ImpactServiceServer::new(self.clone()))
            .add_service(OrderBookServiceServer::new(self.clone()))
            .add_service(InboxServiceServer::new(self));
        tokio::spawn(async move {
            let telemetry = Telemetry::start("production", &LogConfig::default()).unwrap();
            let server = Server::new(&telemetry, &Chassis::default(), routes, &[], &[]).await;
            server
                .serve(listener, std::future::pending())
                .await
                .unwrap();
        });
        format!("http://{address}")
    }

    pub(crate) fn answers(&self) -> Result<(), Status> {
        if self.away.load(Ordering::SeqCst) {
            return Err(Status::unavailable("production is away"));
        }
        Ok(())
    }

    /// All of a wish a week after it is asked for, the first vehicle a day before the others.
    fn offer(
        &self,
        as_of: Option<&common::Date>,
        wish: Option<&pb::PromiseWish>,
    ) -> pb::PromiseOffer {
        let (first, count) = (self.day(as_of), wish.map_or(0, |wish| wish.vehicle_count));
        let row = |days: i32, vehicle_count: i64| pb::DatedVehicles {
            date: Some(date_pb(first.plus(days))),
            vehicle_count,
        };
        let slots = [row(6, 1), row(7, count - 1)];
        pb::PromiseOffer {
            result_status: common::ResultStatus::Complete.into(),
            dates: vec![row(7, count)],
            slots: slots
                .into_iter()
                .filter(|row| row.vehicle_count > 0)
                .collect(),
            ..pb::PromiseOffer::default()
        }
    }

    /// So many of each variant a day from the day after `first`, all of them some days later.
    fn profile(&self, first: Date, delay: i32) -> Vec<pb::VariantProfile> {
        let days = (1..=self.days).map(|day| pb::ProfileDay {
            date: Some(date_pb(first.plus(day + delay))),
            cumulative_vehicle_count: self.daily * i64::from(day),
        });
        let days: Vec<_> = days.collect();
        let variants = ["STD", "MAX"].map(|id| pb::VariantProfile {
            variant_id: id.into(),
            days: days.clone(),
            estimate_from: Some(date_pb(first.plus(self.days))),
            estimate_vehicle_count: 28 * self.daily,
            estimate_days: 28,
        });
        variants.into()
    }

    fn day(&self, as_of: Option<&common::Date>) -> Date {
        date_opt(as_of, "as_of", &mut takt_kernel::Violations::new()).unwrap()
    }
}

#[tonic::async_trait]
impl PromiseService for Production {
    async fn get_promise_profile(
        &self,
        request: Request<pb::GetPromiseProfileRequest>,
    ) -> Result<Response<pb::GetPromiseProfileResponse>, Status> {
        self.answers()?;
        let first = self.day(request.get_ref().as_of.as_ref());
        Ok(Response::new(pb::GetPromiseProfileResponse {
            plan_id: "plan-1".into(),
            variants: self.profile(first, 0),
        }))
    }

    async fn check_promise(
        &self,
        request: Request<pb::CheckPromiseRequest>,
    ) -> Result<Response<pb::CheckPromiseResponse>, Status> {
        self.answers()?;
        let request = request.into_inner();
        let days = i32::try_from(request.orders_ahead / self.daily).unwrap() + 1;
        Ok(Response::new(pb::CheckPromiseResponse {
            plan_id: "plan-1".into(),
            kind: pb::PromiseKind::Planned.into(),
            build_on: Some(date_pb(self.day(request.as_of.as_ref()).plus(days))),
            result_status: common::ResultStatus::Complete.into(),
            tombstones: Vec::new(),
            reasons: Vec::new(),
        }))
    }

    async fn inquire_promise(
        &self,
        request: Request<pb::InquirePromiseRequest>,
    ) -> Result<Response<pb::InquirePromiseResponse>, Status> {
        self.answers()?;
        let request = request.into_inner();
        let offer = self.offer(request.as_of.as_ref(), request.wish.as_ref());
        Ok(Response::new(pb::InquirePromiseResponse {
            offer: Some(offer),
        }))
    }

    async fn hold_promise(
        &self,
        request: Request<pb::HoldPromiseRequest>,
    ) -> Result<Response<pb::HoldPromiseResponse>, Status> {
        self.answers()?;
        let request = request.into_inner();
        let offer = self.offer(request.as_of.as_ref(), request.wish.as_ref());
        let hold = pb::Hold {
            hold_id: request.hold_id,
            plan_id: "plan-1".into(),
            expires_at: Some(prost_types::Timestamp {
                seconds: 4_000_000_000,
                nanos: 0,
            }),
            ..pb::Hold::default()
        };
        Ok(Response::new(pb::HoldPromiseResponse {
            hold: Some(hold),
            offer: Some(offer),
        }))
    }

    async fn confirm_hold(
        &self,
        request: Request<pb::ConfirmHoldRequest>,
    ) -> Result<Response<pb::ConfirmHoldResponse>, Status> {
        self.answers()?;
        let _ = request;
        Ok(Response::new(pb::ConfirmHoldResponse::default()))
    }

    async fn release_hold(
        &self,
        request: Request<pb::ReleaseHoldRequest>,
    ) -> Result<Response<pb::ReleaseHoldResponse>, Status> {
        self.answers()?;
        let _ = request;
        Ok(Response::new(pb::ReleaseHoldResponse::default()))
    }

    async fn get_hold(
        &self,
        _: Request<pb::GetHoldRequest>,
    ) -> Result<Response<pb::GetHoldResponse>, Status> {
        Err(Status::unimplemented("not asked by delivery"))
    }

    async fn list_holds(
        &self,
        _: Request<pb::ListHoldsRequest>,
    ) -> Result<Response<pb::ListHoldsResponse>, Status> {
        Err(Status::unimplemented("not asked by delivery"))
    }

    async fn list_available_to_promise(
        &self,
        _: Request<pb::ListAvailableToPromiseRequest>,
    ) -> Result<Response<pb::ListAvailableToPromiseResponse>, Status> {
        Err(Status::unimplemented("not asked by delivery"))
    }

    async fn reconcile_slots(
        &self,
        _: Request<pb::ReconcileSlotsRequest>,
    ) -> Result<Response<pb::ReconcileSlotsResponse>, Status> {
        Err(Status::unimplemented("not asked by delivery"))
    }
}

#[tonic::async_trait]
impl ImpactService for Production {
    type StreamPlannedBuildsStream =
        tokio_stream::Empty<Result<pb::StreamPlannedBuildsResponse, Status>>;

    async fn stream_planned_builds(
        &self,
        _: Request<pb::StreamPlannedBuildsRequest>,
    ) -> Result<Response<Self::StreamPlannedBuildsStream>, Status> {
        Err(Status::unimplemented("not asked by delivery"))
    }

    async fn get_plant_impact(
        &self,
        request: Request<pb::GetPlantImpactRequest>,
    ) -> Result<Response<pb::GetPlantImpactResponse>, Status> {
        self.answers()?;
        self.impacts.fetch_add(1, Ordering::SeqCst);
        let request = request.into_inner();
        let first = self.day(request.as_of.as_ref());
        let delay = self.delay.load(Ordering::SeqCst);
        let mut answer = pb::GetPlantImpactResponse {
            plan_id: "plan-1".into(),
            undisturbed: self.profile(first, 0),
            disturbed: self.profile(first, delay),
            result_status: common::ResultStatus::Complete.into(),
            ..pb::GetPlantImpactResponse::default()
        };
        if self.alone.load(Ordering::SeqCst) {
            answer.disturbed = answer.undisturbed.clone();
            answer.result_status = common::ResultStatus::Partial.into();
            answer.tombstones = vec![common::Tombstone {
                node: "procurement".into(),
                detail: "it does not answer".into(),
                ..common::Tombstone::default()
            }];
            return Ok(Response::new(answer));
        }
        let disruption = |id: &String| procurement::Disruption {
            disruption_id: id.clone(),
            ..procurement::Disruption::default()
        };
        answer.parts = Some(procurement::GetDisruptedPartsResponse {
            disruptions: request.disruption_ids.iter().map(disruption).collect(),
            parts: vec![procurement::DisruptedPart {
                item_id: "CELL".into(),
                runs_out_on: Some(date_pb(first)),
                disruption_ids: request.disruption_ids.clone(),
                ..procurement::DisruptedPart::default()
            }],
            ..procurement::GetDisruptedPartsResponse::default()
        });
        Ok(Response::new(answer))
    }
}

#[tonic::async_trait]
impl InboxService for Production {
    async fn deliver(
        &self,
        request: Request<DeliverRequest>,
    ) -> Result<Response<DeliverResponse>, Status> {
        let facts = request.into_inner().facts;
        let applied = DeliveryResult {
            outcome: DeliveryOutcome::Applied.into(),
            ..DeliveryResult::default()
        };
        let mut book = self.book.lock().unwrap();
        for fact in &facts {
            if let Some(Kind::OrderLocked(order)) =
                fact.body.as_ref().and_then(|body| body.kind.as_ref())
            {
                book.locked(order);
            }
        }
        let results = vec![applied; facts.len()];
        self.told.lock().unwrap().extend(facts);
        Ok(Response::new(DeliverResponse { results }))
    }
}
