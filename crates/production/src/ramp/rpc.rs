//! The ramp on the wire.
//!
//! It must not decide anything. Invariant: what was wanted, planned and built stands side by side for each day.

use std::{collections::BTreeSet, sync::Arc};

use takt_contract::{
    date_pb, money_pb,
    production::v1::{self as pb, ramp_service_server::RampService},
};
use takt_kernel::Date;
use takt_service::{Call, Error};
use tonic::{Request, Response, Status};

use super::{
    UnitMoney, answer, as_built, programme_formula, reached_on,
    store::{
        baseline_fetch, built_by_day_fetch, built_by_quarter_fetch, capacity_by_day_fetch,
        economics_fetch, milestones_fetch,
    },
};
use crate::{Production, plan::rpc::variants_pb, product::Product};

/// The ramp on the wire.
pub struct RampRpc(pub Production);

/// The head of a ramp: that of one programme of the plant, or of all together.
fn head_of(product: &Product, asked: &str) -> Result<pb::GetRampResponse, Error> {
    let whole = &product.programme;
    let mut ids: Vec<String> = (product.together.iter())
        .map(|part| part.programme_id.clone())
        .collect();
    if ids.is_empty() {
        ids.push(whole.programme_id.clone());
    }
    let part = product
        .together
        .iter()
        .find(|part| part.programme_id == asked);
    let (id, name, launch, last) = match part {
        Some(part) => (
            &part.programme_id,
            &part.name,
            part.launch_on,
            part.last_plan_on,
        ),
        None if asked.is_empty() || asked == whole.programme_id => (
            &whole.programme_id,
            &whole.name,
            whole.launch_on,
            whole.last_plan_on,
        ),
        None => return Err(Error::missing("programme", asked)),
    };
    Ok(pb::GetRampResponse {
        programme_id: id.clone(),
        programme_name: name.clone(),
        days: Vec::new(),
        launch_date: Some(date_pb(launch)),
        last_plan_date: Some(date_pb(last)),
        programme_ids: ids,
    })
}

#[tonic::async_trait]
impl RampService for RampRpc {
    async fn get_ramp(
        &self,
        request: Request<pb::GetRampRequest>,
    ) -> Result<Response<pb::GetRampResponse>, Status> {
        let call = Call::of(&request);
        let asked = request.into_inner().programme_id;
        let product = self.0.products.get(&call).await?;
        let head = head_of(&product, &asked)?;
        let width = product.variants.len();
        let read = self.0.deps.store.read(&call, "ramp_get", move |tx| {
            Box::pin(async move {
                let built = built_by_day_fetch(tx, width).await?;
                let capacity = capacity_by_day_fetch(tx).await?;
                Ok((built, capacity, baseline_fetch(tx, width).await?))
            })
        });
        let (built, capacity, baseline) = read.await?;
        let calendar = product.days.iter().map(|day| day.on);
        let all: BTreeSet<Date> = calendar
            .chain(built.keys().copied())
            .chain(baseline.iter().map(|day| day.on))
            .collect();
        let none = vec![0; width];
        let more = product.schedule_with_one_more_shift();
        let days = all.into_iter().map(|on| {
            let wanted: Vec<i64> = (0..width)
                .map(|variant| product.ramp.on(on, variant))
                .collect();
            let planned = baseline
                .iter()
                .find(|day| day.on == on)
                .map_or(&none, |day| &day.variants);
            let published = product
                .days
                .iter()
                .find(|day| day.on == on)
                .map_or(0, |day| day.published_delivered);
            // Of one programme only its own vehicles count; the capacity is the line's, which all share.
            let own = |counts: &[i64]| {
                let mut own = counts.to_vec();
                let others = own.iter_mut().enumerate().filter(|(variant, _)| {
                    let of = product.part_of(*variant);
                    !asked.is_empty() && of.is_some_and(|part| part.programme_id != asked)
                });
                others.for_each(|(_, count)| *count = 0);
                variants_pb(&product, &own)
            };
            let shifts = product.shifts(on);
            pb::RampDay {
                date: Some(date_pb(on)),
                wanted: own(&wanted),
                planned: own(planned),
                built: own(built.get(&on).unwrap_or(&none)),
                capacity: capacity
                    .get(&on)
                    .copied()
                    .unwrap_or_else(|| product.schedule.limits(on).total()),
                published_delivered: published,
                shift_count: i32::try_from(shifts).unwrap_or(i32::MAX),
                capacity_with_one_more_shift: more.limits(on).total(),
            }
        });
        Ok(Response::new(pb::GetRampResponse {
            days: days.collect(),
            ..head
        }))
    }

    async fn list_milestones(
        &self,
        request: Request<pb::ListMilestonesRequest>,
    ) -> Result<Response<pb::ListMilestonesResponse>, Status> {
        let call = Call::of(&request);
        let product = self.0.products.get(&call).await?;
        let width = product.variants.len();
        let read = self.0.deps.store.read(&call, "milestones", move |tx| {
            Box::pin(async move {
                Ok((
                    milestones_fetch(tx).await?,
                    built_by_day_fetch(tx, width).await?,
                ))
            })
        });
        let (milestones, built) = read.await?;
        let by_day: Vec<(Date, i64)> = built
            .into_iter()
            .map(|(on, variants)| (on, variants.iter().sum()))
            .collect();
        let milestones = milestones.into_iter().map(|milestone| pb::Milestone {
            event: milestone.event,
            published_on: Some(date_pb(milestone.published_on)),
            cumulative_produced: milestone.produced.unwrap_or(0),
            reached_on: milestone
                .produced
                .and_then(|mark| reached_on(mark, &by_day))
                .map(date_pb),
            cumulative_delivered: milestone.delivered.unwrap_or(0),
            source_kind: milestone.source_kind,
        });
        Ok(Response::new(pb::ListMilestonesResponse {
            milestones: milestones.collect(),
        }))
    }

    async fn get_unit_economics(
        &self,
        request: Request<pb::GetUnitEconomicsRequest>,
    ) -> Result<Response<pb::GetUnitEconomicsResponse>, Status> {
        let call = Call::of(&request);
        let asked = request.into_inner();
        let at_volume = answer::at_volume(&self.0, &call, &asked).await?;
        let product = self.0.products.get(&call).await?;
        let reading = Arc::clone(&product);
        let read = self.0.deps.store.read(&call, "unit_economics", move |tx| {
            let product = Arc::clone(&reading);
            Box::pin(async move {
                Ok((
                    economics_fetch(tx, &product).await?,
                    built_by_quarter_fetch(tx).await?,
                ))
            })
        });
        let (economics, quarters) = read.await?;
        let refused = |error| {
            Error::refused(
                "ECONOMICS",
                format!("the money cannot be computed: {error}"),
            )
        };
        let formula = economics
            .as_ref()
            .map(|known| programme_formula(&product, known))
            .transpose()
            .map_err(refused)?
            .flatten();
        let mut built = Vec::with_capacity(quarters.len());
        for (quarter, counts) in &quarters {
            let money = as_built(&product, economics.as_ref(), quarter, counts).map_err(refused)?;
            built.push(money_of(&money));
        }
        Ok(Response::new(pb::GetUnitEconomicsResponse {
            programme_formula: formula.as_ref().map(money_of),
            as_built: built,
            at_volume,
        }))
    }

    async fn fit_learning_curve(
        &self,
        request: Request<pb::FitLearningCurveRequest>,
    ) -> Result<Response<pb::FitLearningCurveResponse>, Status> {
        let call = Call::of(&request);
        let answer = answer::learning(&self.0, &call, &request.into_inner()).await?;
        Ok(Response::new(answer))
    }

    async fn get_break_even(
        &self,
        request: Request<pb::GetBreakEvenRequest>,
    ) -> Result<Response<pb::GetBreakEvenResponse>, Status> {
        let call = Call::of(&request);
        let answer = answer::break_even(&self.0, &call, &request.into_inner()).await?;
        Ok(Response::new(answer))
    }

    async fn forecast_milestone(
        &self,
        request: Request<pb::ForecastMilestoneRequest>,
    ) -> Result<Response<pb::ForecastMilestoneResponse>, Status> {
        let call = Call::of(&request);
        let answer = answer::forecast(&self.0, &call, &request.into_inner()).await?;
        Ok(Response::new(answer))
    }

    async fn compare_ramp(
        &self,
        request: Request<pb::CompareRampRequest>,
    ) -> Result<Response<pb::CompareRampResponse>, Status> {
        let call = Call::of(&request);
        let answer = answer::comparison(&self.0, &call, &request.into_inner()).await?;
        Ok(Response::new(answer))
    }
}

fn money_of(money: &UnitMoney) -> pb::UnitEconomics {
    let result = money.result;
    pb::UnitEconomics {
        quarter: money.quarter.clone(),
        vehicle_count: money.vehicles,
        average_price: result.map(|result| money_pb(result.price)),
        material: Some(money_pb(money.material)),
        variable_conversion: result.map(|result| money_pb(result.conversion)),
        fixed_manufacturing: result.map(|result| money_pb(result.fixed)),
        operating_cost: result.map(|result| money_pb(result.operating)),
        result: result.map(|result| money_pb(result.result)),
        built_vehicle_count: money.built,
    }
}
