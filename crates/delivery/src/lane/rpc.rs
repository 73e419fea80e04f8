//! Lanes on the wire.
//!
//! It must not decide anything. Invariant: a message is read as a whole or refused with every mistake in it.

use std::sync::Arc;

use takt_contract::{
    common::v1::Money,
    date_req,
    delivery::v1::{self as pb, lane_service_server::LaneService},
    id_req,
};
use takt_kernel::{RequestId, Violations};
use takt_service::{Call, Error, Once, PageToken, page_size, stream::Answers};
use tonic::{Request, Response, Status};

use super::{
    history::{Histories, histories_fetch},
    loads::{place_cost, place_emission, plans, standing_fetch},
    terms::{Terms, terms_fetch, terms_pb, terms_req, terms_set},
};
use crate::{desk::Desk, programme::Lane};

/// Lanes on the wire.
pub(crate) struct LaneRpc {
    /// What the parts of the service share.
    pub(crate) desk: Arc<Desk>,
}

fn lane_pb(lane: &Lane, histories: &Histories, terms: &Terms) -> pb::LanePerformance {
    let spread = histories.spread(lane);
    let days = |days: i64| i32::try_from(days).unwrap_or(i32::MAX);
    let terms = terms.get(&lane.mode);
    pb::LanePerformance {
        lane_id: lane.id.clone(),
        city: lane.city.clone(),
        mode: lane.mode.clone(),
        distance_km: lane.distance_km,
        published_days: lane.transit_days(),
        arrived_count: spread.arrived,
        mean_millidays: spread.mean_millidays,
        p50_days: days(spread.p50),
        p90_days: days(spread.p90),
        on_time_millionths: spread.on_time_millionths,
        cost_per_vehicle: place_cost(lane).map(|(minor_units, currency_code)| Money {
            currency_code,
            minor_units,
        }),
        co2e_grams_per_vehicle: terms.map(|terms| place_emission(lane, terms)),
    }
}

#[tonic::async_trait]
impl LaneService for LaneRpc {
    async fn list_lanes(
        &self,
        request: Request<pb::ListLanesRequest>,
    ) -> Result<Response<pb::ListLanesResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let limit = usize::try_from(page_size(message.page_size)?).unwrap_or(usize::MAX);
        let after = PageToken::open("ListLanes", "", &message.page_token)?;
        let after: i64 = after.and_then(|key| key.parse().ok()).unwrap_or(0);
        let catalogue = self.desk.catalogue(&call).await?;
        let read = self.desk.store.read(&call, "lanes_list", |tx| {
            Box::pin(async move { Ok((histories_fetch(tx).await?, terms_fetch(tx).await?)) })
        });
        let (histories, terms) = read.await?;
        let behind = catalogue.lanes.iter().filter(|lane| lane.number > after);
        let lanes: Vec<&Lane> = behind.take(limit).collect();
        let last = lanes.last().filter(|_| lanes.len() == limit);
        let seal = |lane: &&Lane| PageToken::seal("ListLanes", "", &lane.number.to_string());
        let told = |lane: &&Lane| lane_pb(lane, &histories, &terms);
        Ok(Response::new(pb::ListLanesResponse {
            lanes: lanes.iter().map(told).collect(),
            next_page_token: last.map(seal).unwrap_or_default(),
        }))
    }

    type StreamLoadPlansStream = Answers<pb::StreamLoadPlansResponse>;

    async fn stream_load_plans(
        &self,
        request: Request<pb::StreamLoadPlansRequest>,
    ) -> Result<Response<Self::StreamLoadPlansStream>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let catalogue = self.desk.catalogue(&call).await?;
        let mut found = Violations::new();
        let as_of = date_req(message.as_of.as_ref(), "as_of", &mut found);
        let lane = catalogue.lane(&message.lane_id);
        found.require(
            message.lane_id.is_empty() || lane.is_some(),
            "lane_id",
            format!(
                "{:?} is no outbound lane; leave it out, or give one that ListLanes tells",
                message.lane_id
            ),
        );
        let only = lane.map(|lane| lane.number);
        found.finish().map_err(Error::from)?;
        let read = self.desk.store.read(&call, "loads_plan", |tx| {
            Box::pin(async move { Ok((standing_fetch(tx).await?, terms_fetch(tx).await?)) })
        });
        let (standing, terms) = read.await?;
        let plans = plans(&catalogue, &terms, &standing, only, as_of)?;
        let messages = plans
            .into_iter()
            .map(|plan| Ok(pb::StreamLoadPlansResponse { plan: Some(plan) }));
        let messages: Vec<_> = messages.collect();
        Ok(Response::new(Box::pin(futures_util::stream::iter(
            messages,
        ))))
    }

    async fn set_transport_terms(
        &self,
        request: Request<pb::SetTransportTermsRequest>,
    ) -> Result<Response<pb::SetTransportTermsResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut found = Violations::new();
        let request_id = id_req::<RequestId>(&message.request_id, "request_id", &mut found);
        let terms = Arc::new(terms_req(&message.terms, &mut found));
        let request_id = found.finish_with(request_id).map_err(Error::from)?;
        let method = "takt.delivery.v1.LaneService/SetTransportTerms";
        let once = Once::of(method, *request_id.as_bytes(), &message);
        let write = (self.desk.store).write_once(&call, "transport_terms_set", once, move |tx| {
            let terms = Arc::clone(&terms);
            Box::pin(async move {
                terms_set(tx, &terms).await?;
                let terms = terms_pb(&terms_fetch(tx).await?);
                Ok(pb::SetTransportTermsResponse { terms })
            })
        });
        Ok(Response::new(write.await?))
    }

    async fn get_transport_terms(
        &self,
        request: Request<pb::GetTransportTermsRequest>,
    ) -> Result<Response<pb::GetTransportTermsResponse>, Status> {
        let call = Call::of(&request);
        let read =
            (self.desk.store).read(&call, "transport_terms_get", |tx| Box::pin(terms_fetch(tx)));
        let terms = terms_pb(&read.await?);
        Ok(Response::new(pb::GetTransportTermsResponse { terms }))
    }
}
