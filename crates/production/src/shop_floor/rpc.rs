//! The line on the wire.
//!
//! It must not decide anything. Invariant: a message is checked as a whole before a day is begun.

use std::sync::Arc;

use takt_contract::{
    date_opt, date_pb, date_req,
    production::v1::{self as pb, shop_floor_service_server::ShopFloorService},
};
use takt_kernel::{Date, RequestId, Violations};
use takt_service::{Call, Error};
use tonic::{Request, Response, Status, Streaming};

use super::{
    Stop,
    run::{DayRequest, run_day},
    shift::{Completed, PlantClock},
    store::{completed_fetch, stop_shop, stops_page, worked_fetch},
};
use crate::{
    Production, job,
    product::{
        Product,
        store::{day_of, number_of},
    },
};
use takt_service::stream::{Answers, answers};

/// The stops of one message.
const STOPS: i64 = 500;

/// The line on the wire.
pub struct ShopFloorRpc(pub Production);

#[tonic::async_trait]
impl ShopFloorService for ShopFloorRpc {
    type StreamLineStopsStream = Answers<pb::StreamLineStopsResponse>;

    async fn run_day(
        &self,
        request: Request<pb::RunDayRequest>,
    ) -> Result<Response<pb::RunDayResponse>, Status> {
        let call = Call::of(&request);
        let request = day_request(request.into_inner())?;
        Ok(Response::new(run_day(&self.0, &call, request).await?))
    }

    async fn stream_line_stops(
        &self,
        request: Request<pb::StreamLineStopsRequest>,
    ) -> Result<Response<Self::StreamLineStopsStream>, Status> {
        let call = Call::of(&request);
        let mut violations = Violations::new();
        let from = date_opt(
            request.get_ref().from_date.as_ref(),
            "from_date",
            &mut violations,
        )
        .unwrap_or(Date::MIN);
        violations.finish().map_err(Error::from)?;
        let production = self.0.clone();
        Ok(Response::new(answers(move |outlet| async move {
            let product = production.products.get(&call).await?;
            let mut after = (day_of(from), -1, -1);
            loop {
                let page = production
                    .deps
                    .store
                    .read(&call, "line_stops", move |tx| {
                        Box::pin(stops_page(tx, after, STOPS))
                    })
                    .await?;
                let Some((on, stop, _)) = page.last() else {
                    return Ok(());
                };
                after = (
                    day_of(*on),
                    number_of(stop.variant),
                    stop.item.map_or(0, number_of),
                );
                let stops = page
                    .iter()
                    .map(|(on, stop, _)| stop_pb(&product, *on, stop))
                    .collect();
                outlet.send(pb::StreamLineStopsResponse { stops }).await?;
            }
        })))
    }

    async fn get_work_in_progress(
        &self,
        request: Request<pb::GetWorkInProgressRequest>,
    ) -> Result<Response<pb::GetWorkInProgressResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let on = date_req(message.date.as_ref(), "date", &mut violations);
        violations.require(
            (0..86_400).contains(&message.second_of_day),
            "second_of_day",
            "a day has the seconds 0 to 86,399",
        );
        violations.finish().map_err(Error::from)?;
        let product = self.0.products.get(&call).await?;
        let second = i64::from(message.second_of_day);
        let reading = Arc::clone(&product);
        let read = self
            .0
            .deps
            .store
            .read(&call, "work_in_progress", move |tx| {
                let product = Arc::clone(&reading);
                Box::pin(async move {
                    let worked = worked_fetch(tx).await?;
                    let through = PlantClock::new(&product, &worked).horizon(on, second);
                    Ok((worked, completed_fetch(tx, on, through).await?))
                })
            });
        let (worked, rows) = read.await?;
        let clock = PlantClock::new(&product, &worked);
        let inside = clock.inside(completed_of(&rows).into_iter(), on, second);
        let shops = product.shops.iter().zip(inside);
        let shops = shops.map(|(shop, vehicle_count)| pb::ShopLoad {
            shop_id: shop.shop_id.clone(),
            vehicle_count,
        });
        Ok(Response::new(pb::GetWorkInProgressResponse {
            shops: shops.collect(),
        }))
    }

    type ReportStream = Answers<pb::ReportResponse>;
    type WatchStationStream = Answers<pb::WatchStationResponse>;

    async fn dispatch_jobs(
        &self,
        request: Request<pb::DispatchJobsRequest>,
    ) -> Result<Response<pb::DispatchJobsResponse>, Status> {
        let call = Call::of(&request);
        let open = job::rpc::dispatch(&self.0, &call, request.into_inner());
        Ok(Response::new(open.await?))
    }

    async fn report(
        &self,
        request: Request<Streaming<pb::ReportRequest>>,
    ) -> Result<Response<Self::ReportStream>, Status> {
        let call = Call::of(&request);
        let told = job::rpc::reported(self.0.clone(), call, request.into_inner());
        Ok(Response::new(told.await?))
    }

    async fn list_jobs(
        &self,
        request: Request<pb::ListJobsRequest>,
    ) -> Result<Response<pb::ListJobsResponse>, Status> {
        let call = Call::of(&request);
        let jobs = job::rpc::list(&self.0, &call, request.into_inner());
        Ok(Response::new(jobs.await?))
    }

    async fn get_job(
        &self,
        request: Request<pb::GetJobRequest>,
    ) -> Result<Response<pb::GetJobResponse>, Status> {
        let call = Call::of(&request);
        let job = job::rpc::get(&self.0, &call, request.into_inner());
        Ok(Response::new(job.await?))
    }

    async fn watch_station(
        &self,
        request: Request<pb::WatchStationRequest>,
    ) -> Result<Response<Self::WatchStationStream>, Status> {
        let call = Call::of(&request);
        let events = job::rpc::watch(self.0.clone(), call, request.into_inner());
        Ok(Response::new(events.await?))
    }
}

/// Rows of completed vehicles in build order as the clock sees them: their place is counted within their day.
fn completed_of(rows: &[(usize, Date, i64)]) -> Vec<Completed> {
    let days = rows.chunk_by(|before, after| before.1 == after.1);
    let vehicles = days.flat_map(|day| {
        let count = i64::try_from(day.len()).unwrap_or(i64::MAX);
        (0i64..)
            .zip(day)
            .map(move |(place, (variant, on, _))| Completed {
                variant: *variant,
                on: *on,
                place,
                count,
            })
    });
    vehicles.collect()
}

fn day_request(message: pb::RunDayRequest) -> Result<DayRequest, Error> {
    let mut violations = Violations::new();
    let id = violations.check("request_id", RequestId::parse(&message.request_id));
    let on = date_req(
        message.business_date.as_ref(),
        "business_date",
        &mut violations,
    );
    violations.require(
        message
            .shifts
            .is_none_or(|shifts| (0..=4).contains(&shifts)),
        "shifts",
        "a day has 0 to 4 shifts",
    );
    violations.require(
        (0..=1_000_000).contains(&message.lost_millionths),
        "lost_millionths",
        "it is a share: 0 to 1,000,000",
    );
    for (field, places) in [
        ("pulled_places", &message.pulled_places),
        ("held_places", &message.held_places),
    ] {
        violations.require(
            places.iter().all(|place| *place >= 0),
            field,
            "places count from 0",
        );
    }
    let id = violations.finish_with(id)?;
    Ok(DayRequest::new(id, message, on))
}

/// A stop as it stands on the wire.
pub fn stop_pb(product: &Product, on: Date, stop: &Stop) -> pb::LineStop {
    let item = stop.item.and_then(|item| product.items.get(item));
    pb::LineStop {
        date: Some(date_pb(on)),
        shop_id: stop_shop(product, stop),
        variant_id: product.variant_id(stop.variant).to_owned(),
        item_id: item.map_or_else(String::new, |item| item.item_id.clone()),
        vehicle_count: stop.units,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_checked_as_a_whole() {
        let message = pb::RunDayRequest {
            shifts: Some(9),
            lost_millionths: -1,
            pulled_places: vec![-2],
            ..pb::RunDayRequest::default()
        };
        let Err(Error::Invalid { violations, .. }) = day_request(message) else {
            panic!("it must be refused")
        };
        let fields: Vec<&str> = violations
            .iter()
            .map(|violation| violation.field.as_str())
            .collect();
        assert_eq!(
            fields,
            [
                "request_id",
                "business_date",
                "shifts",
                "lost_millionths",
                "pulled_places"
            ]
        );
    }

    #[test]
    fn places_are_counted_within_their_day() {
        let day = Date::from_epoch_day;
        let rows = [(0, day(1), 1), (2, day(1), 2), (1, day(2), 3)];
        let seen: Vec<(i64, i64)> = completed_of(&rows)
            .iter()
            .map(|vehicle| (vehicle.place, vehicle.count))
            .collect();
        assert_eq!(seen, [(0, 2), (1, 2), (0, 1)]);
    }
}
