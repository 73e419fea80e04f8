//! Performance on the wire.
//!
//! It must not decide anything. Invariants: a window holds both its ends; an answer is computed of one reading of the
//! database; a page reads only the days that it shows.

use std::{collections::BTreeSet, sync::Arc};

use takt_contract::{
    common::v1 as common,
    date_opt,
    production::v1::{self as pb, performance_service_server::PerformanceService},
};
use takt_kernel::{Date, Violations};
use takt_planning::oee::capacity::{constraint, shop_loads, takt};
use takt_service::{
    Call, Error, PageToken, page_size,
    stream::{Answers, pages},
};
use tonic::{Request, Response, Status, Streaming};

use super::{
    Facts, Routing, ShopDay, ShopWindow,
    intake::{self, Tally},
    shop_days,
    store::{facts_fetch, routing_fetch, run_days_fetch},
    wanted, windows,
    wire::{energy_pb, load_pb, oee_pb, takt_pb},
};
use crate::{Production, product::Product};
use takt_planning::oee::shop::plant_yield;

/// The days of one message of energy.
const DAYS: i32 = 31;

/// Performance on the wire.
pub struct PerformanceRpc(pub Production);

/// A window of days as it was read and computed.
struct Seen {
    product: Arc<Product>,
    routing: Routing,
    facts: Facts,
    days: Vec<ShopDay>,
}

impl Seen {
    /// All days as one window a shop.
    fn whole(&self) -> Vec<ShopWindow> {
        let first = self.days.first().map_or(Date::MIN, |day| day.on);
        windows(&self.days, |_| first)
    }

    /// The vehicles built in the window, by variant.
    fn built(&self) -> Vec<i64> {
        let mut sums = vec![0; self.product.variants.len()];
        for units in self.facts.built.values() {
            sums.iter_mut()
                .zip(units)
                .for_each(|(sum, units)| *sum += units);
        }
        sums
    }
}

impl PerformanceRpc {
    /// Reads the days of a window that `keep` chooses among those that were run.
    async fn see(
        &self,
        call: &Call,
        window: (Date, Date),
        keep: impl Fn(Date) -> bool + Send + Sync + Clone + 'static,
    ) -> Result<Seen, Error> {
        let product = self.0.products.get(call).await?;
        let reading = Arc::clone(&product);
        let read = self.0.deps.store.read(call, "performance", move |tx| {
            let (product, keep) = (Arc::clone(&reading), keep.clone());
            Box::pin(async move {
                let routing = routing_fetch(tx, &product).await?;
                let mut days = run_days_fetch(tx, window.0, window.1).await?;
                days.retain(|day| keep(day.on));
                let facts = facts_fetch(tx, &product, &routing, days).await?;
                Ok((routing, facts))
            })
        });
        let (routing, facts) = read.await?;
        let days = shop_days(&product, &routing, &facts);
        Ok(Seen {
            product,
            routing,
            facts,
            days,
        })
    }
}

/// The ends of a window; what is left out is open.
fn window(
    from: Option<&common::Date>,
    through: Option<&common::Date>,
) -> Result<(Date, Date), Error> {
    let mut violations = Violations::new();
    let from = date_opt(from, "from_date", &mut violations).unwrap_or(Date::MIN);
    let through = date_opt(through, "through_date", &mut violations).unwrap_or(Date::MAX);
    violations.require(
        from <= through,
        "through_date",
        format!("{through} lies before {from}"),
    );
    violations.finish()?;
    Ok((from, through))
}

#[tonic::async_trait]
impl PerformanceService for PerformanceRpc {
    async fn record_equipment_states(
        &self,
        request: Request<Streaming<pb::RecordEquipmentStatesRequest>>,
    ) -> Result<Response<pb::RecordEquipmentStatesResponse>, Status> {
        let call = Call::of(&request);
        let (mut stream, mut tally) = (request.into_inner(), Tally::default());
        while let Some(chunk) = stream.message().await? {
            intake::states(&self.0, &call, chunk, &mut tally).await?;
        }
        Ok(Response::new(pb::RecordEquipmentStatesResponse {
            accepted_count: tally.accepted,
            known_count: tally.known,
            refused_count: tally.refused_count,
            refused: tally.refused,
        }))
    }

    async fn record_energy_readings(
        &self,
        request: Request<Streaming<pb::RecordEnergyReadingsRequest>>,
    ) -> Result<Response<pb::RecordEnergyReadingsResponse>, Status> {
        let call = Call::of(&request);
        let (mut stream, mut tally) = (request.into_inner(), Tally::default());
        while let Some(chunk) = stream.message().await? {
            intake::readings(&self.0, &call, chunk, &mut tally).await?;
        }
        Ok(Response::new(pb::RecordEnergyReadingsResponse {
            accepted_count: tally.accepted,
            known_count: tally.known,
            refused_count: tally.refused_count,
            refused: tally.refused,
        }))
    }

    async fn get_oee(
        &self,
        request: Request<pb::GetOeeRequest>,
    ) -> Result<Response<pb::GetOeeResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let window = window(message.from_date.as_ref(), message.through_date.as_ref())?;
        let seen = self.see(&call, window, |_| true).await?;
        let whole = seen.whole();
        let wanted: i64 = wanted(&seen.product, &seen.facts.days).iter().sum();
        let units = seen.built();
        // The line's last shop is where vehicles are counted, so its time is that of the takt.
        let line = |window: &&ShopWindow| {
            let shop = seen.product.shops.get(window.sums.shop);
            shop.is_some_and(|shop| shop.is_line)
        };
        let busy = whole.iter().rfind(line);
        let busy = busy.map_or(0, |window| window.sums.time.planned_busy());
        let kept = takt(busy, wanted, units.iter().sum());
        Ok(Response::new(pb::GetOeeResponse {
            shops: whole.iter().map(|one| oee_pb(&seen.product, one)).collect(),
            rolled_yield_millionths: plant_yield(&seen.routing.operations, &units)
                .map(|share| share.0),
            takt: Some(takt_pb(&kept, wanted, &seen.facts.days)),
            day_count: i64::try_from(seen.facts.days.len()).unwrap_or(i64::MAX),
        }))
    }

    async fn list_oee(
        &self,
        request: Request<pb::ListOeeRequest>,
    ) -> Result<Response<pb::ListOeeResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let (from, through) = window(message.from_date.as_ref(), message.through_date.as_ref())?;
        let limit = usize::try_from(page_size(message.page_size)?).unwrap_or(1);
        let by_week = message.grain() == pb::OeeGrain::Week;
        let mut violations = Violations::new();
        violations.require(
            pb::OeeGrain::try_from(message.grain).is_ok(),
            "grain",
            format!("{} is not a grain", message.grain),
        );
        let product = self.0.products.get(&call).await?;
        violations.require(
            message.shop_id.is_empty()
                || product
                    .shops
                    .iter()
                    .any(|shop| shop.shop_id == message.shop_id),
            "shop_id",
            format!("{:?} is not a shop", message.shop_id),
        );
        violations.finish().map_err(Error::from)?;
        let arguments = format!("{}|{}|{from}|{through}", message.shop_id, message.grain);
        let after = PageToken::open("ListOee", &arguments, &message.page_token)?;
        let after = after.as_deref().and_then(key_of);
        let bucket = move |on: Date| if by_week { on.monday() } else { on };
        // Rows of a bucket may be cut by a page, so the bucket of the last row is read again.
        let begin = after.map_or(from, |(first, _)| first.max(from));
        let shops = if message.shop_id.is_empty() {
            product.shops.len()
        } else {
            1
        };
        let buckets = limit.div_ceil(shops.max(1)) + 2;
        let days = buckets.saturating_mul(if by_week { 7 } else { 1 });
        let few = self.first_days(&call, (begin, through), days).await?;
        let seen = self
            .see(&call, (begin, through), move |on| few.contains(&on))
            .await?;
        let mut rows = windows(&seen.days, bucket);
        rows.retain(|row| {
            let is_asked = message.shop_id.is_empty()
                || seen
                    .product
                    .shops
                    .get(row.sums.shop)
                    .is_some_and(|shop| shop.shop_id == message.shop_id);
            is_asked && after.is_none_or(|after| (bucket(row.from), row.sums.shop) > after)
        });
        let is_more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| is_more);
        let token = last.map(|row| {
            let key = format!("{}/{}", bucket(row.from), row.sums.shop);
            PageToken::seal("ListOee", &arguments, &key)
        });
        Ok(Response::new(pb::ListOeeResponse {
            rows: rows.iter().map(|row| oee_pb(&seen.product, row)).collect(),
            next_page_token: token.unwrap_or_default(),
        }))
    }

    async fn get_constraint(
        &self,
        request: Request<pb::GetConstraintRequest>,
    ) -> Result<Response<pb::GetConstraintResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let window = window(message.from_date.as_ref(), message.through_date.as_ref())?;
        let seen = self.see(&call, window, |_| true).await?;
        let demand = wanted(&seen.product, &seen.facts.days);
        let mut worked = vec![0; seen.product.shops.len()];
        for window in seen.whole() {
            if let Some(time) = worked.get_mut(window.sums.shop) {
                *time = window.sums.time.production();
            }
        }
        let loads = shop_loads(&seen.routing.operations, &demand, &worked);
        let tight = constraint(&loads);
        let calendar: i64 = seen.facts.days.iter().map(|day| day.capacity).sum();
        let shops: Vec<_> = (loads.iter())
            .map(|load| load_pb(&seen.product, &seen.routing, load))
            .collect();
        let place = tight.and_then(|tight| loads.iter().position(|load| load == tight));
        Ok(Response::new(pb::GetConstraintResponse {
            constraint_shop_id: place
                .and_then(|place| shops.get(place))
                .map_or_else(String::new, |load| load.shop_id.clone()),
            shops,
            wanted_count: demand.iter().sum(),
            calendar_capacity: calendar,
            calendar_binds: tight.is_some_and(|tight| calendar < tight.capacity),
        }))
    }

    type StreamEnergyStream = Answers<pb::StreamEnergyResponse>;

    async fn stream_energy(
        &self,
        request: Request<pb::StreamEnergyRequest>,
    ) -> Result<Response<Self::StreamEnergyStream>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let (from, through) = window(message.from_date.as_ref(), message.through_date.as_ref())?;
        let all = self.first_days(&call, (from, through), usize::MAX).await?;
        let ends = all.first().copied().zip(all.last().copied());
        let (from, through) = ends.unwrap_or((Date::MAX, Date::MIN));
        let performance = Arc::new(Self(self.0.clone()));
        let read = move |begin: Date| {
            let (performance, call) = (Arc::clone(&performance), call.clone());
            async move {
                let end = begin.plus(DAYS - 1).min(through);
                let seen = performance.see(&call, (begin, end), |_| true).await?;
                let days = windows(&seen.days, |on| on);
                let energy: Vec<_> = days
                    .iter()
                    .map(|day| energy_pb(&seen.product, day))
                    .collect();
                Ok((energy, (end < through).then(|| end.plus(1))))
            }
        };
        let message = |energy| pb::StreamEnergyResponse { energy };
        Ok(Response::new(pages(from, read, message)))
    }
}

impl PerformanceRpc {
    /// The first days that were run in a window.
    async fn first_days(
        &self,
        call: &Call,
        (from, through): (Date, Date),
        most: usize,
    ) -> Result<BTreeSet<Date>, Error> {
        let days = self.0.deps.store.read(call, "performance_days", move |tx| {
            Box::pin(run_days_fetch(tx, from, through))
        });
        Ok(days.await?.iter().map(|day| day.on).take(most).collect())
    }
}

/// The bucket and shop of a page's last row.
fn key_of(key: &str) -> Option<(Date, usize)> {
    let (first, shop) = key.split_once('/')?;
    Some((Date::parse(first).ok()?, shop.parse().ok()?))
}
