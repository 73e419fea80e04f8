//! Key figures on the wire.
//!
//! It must not decide anything. Invariant: an answer comes from one snapshot.

use std::{collections::BTreeMap, sync::Arc};

use takt_contract::{
    common::v1 as common,
    date_opt,
    delivery::v1::{self as pb, kpi_service_server::KpiService},
};
use takt_kernel::{Date, Violations};
use takt_service::{Call, Error};
use tonic::{Request, Response, Status};

use super::{
    Days, Figures, Tally,
    store::{Grouping, Scope, alike_fetch},
};
use crate::{desk::Desk, programme::Catalogue};

/// Key figures on the wire.
pub(crate) struct KpiRpc {
    /// What the parts of the service share.
    pub(crate) desk: Arc<Desk>,
}

#[tonic::async_trait]
impl KpiService for KpiRpc {
    async fn get_delivery_kpis(
        &self,
        request: Request<pb::GetDeliveryKpisRequest>,
    ) -> Result<Response<pb::GetDeliveryKpisResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let catalogue = self.desk.catalogue(&call).await?;
        let mut violations = Violations::new();
        let scope = scope_of(&message, &catalogue, &mut violations);
        let scope = violations.finish_with(scope).map_err(Error::from)?;
        let (group_by, scope) = (scope.group_by, Arc::new(scope));
        let read = self.desk.store.read(&call, "kpis_get", move |tx| {
            let scope = Arc::clone(&scope);
            Box::pin(async move { alike_fetch(tx, &scope).await })
        });
        let mut total = Tally::default();
        let mut groups: BTreeMap<String, Tally> = BTreeMap::new();
        for (number, alike) in read.await? {
            total.add(&alike);
            if let Some(key) = key_of(group_by, number, &catalogue) {
                groups.entry(key).or_default().add(&alike);
            }
        }
        let currency = currency_of(&catalogue);
        let kpis = |key: &str, tally: &Tally| kpis_pb(key, &tally.figures(), currency);
        let told = |(key, tally): (&String, &Tally)| kpis(key, tally);
        Ok(Response::new(pb::GetDeliveryKpisResponse {
            total: Some(kpis("", &total)),
            groups: groups.iter().map(told).collect(),
        }))
    }
}

fn scope_of(
    message: &pb::GetDeliveryKpisRequest,
    catalogue: &Catalogue,
    violations: &mut Violations,
) -> Option<Scope> {
    let from = date_opt(message.from_date.as_ref(), "from_date", violations);
    let through = date_opt(message.through_date.as_ref(), "through_date", violations);
    if let (Some(from), Some(through)) = (from, through) {
        violations.require(
            from <= through,
            "through_date",
            format!("{through} lies before from_date, {from}"),
        );
    }
    let (city, variant_id) = (&message.city, &message.variant_id);
    violations.require(
        city.is_empty() || !catalogue.lanes_to(city).is_empty(),
        "city",
        format!("no lane leads to {city:?}; give a city of the programme's outbound lanes"),
    );
    let variant = catalogue
        .variants
        .iter()
        .find(|known| known.id == *variant_id);
    violations.require(
        variant_id.is_empty() || variant.is_some(),
        "variant_id",
        format!("{variant_id:?} is not a variant of the programme"),
    );
    let group_by = match pb::KpiGrouping::try_from(message.group_by) {
        Ok(pb::KpiGrouping::Unspecified) => Grouping::None,
        Ok(pb::KpiGrouping::City) => Grouping::Lane,
        Ok(pb::KpiGrouping::Variant) => Grouping::Variant,
        Ok(pb::KpiGrouping::Month) => Grouping::Day,
        Err(_) => {
            let given = message.group_by;
            violations.push("group_by", format!("{given} is not known here"));
            return None;
        }
    };
    Some(Scope {
        from,
        through,
        city: city.clone(),
        variant_no: variant.map_or(0, |variant| variant.number),
        group_by,
    })
}

/// What a group is called; None where nothing is grouped by.
fn key_of(group_by: Grouping, number: i64, catalogue: &Catalogue) -> Option<String> {
    match group_by {
        Grouping::None => None,
        Grouping::Lane => Some(catalogue.lane_at(number)?.city.clone()),
        Grouping::Variant => Some(catalogue.variant_at(number)?.id.clone()),
        Grouping::Day => {
            let day = i32::try_from(number).ok()?;
            Some(Date::from_epoch_day(day).month_key())
        }
    }
}

fn days_pb(days: &Days) -> pb::DaysFigure {
    pb::DaysFigure {
        vehicle_count: days.count,
        mean_millidays: days.mean_milli,
        median_days: i32::try_from(days.median).unwrap_or(i32::MAX),
        p90_days: i32::try_from(days.p90).unwrap_or(i32::MAX),
    }
}

/// The currency of all lanes; None where one has no cost or they have several.
fn currency_of(catalogue: &Catalogue) -> Option<&str> {
    let first = catalogue.lanes().first()?.cost_currency.as_str();
    let alike = catalogue
        .lanes()
        .iter()
        .all(|lane| lane.cost_currency == first);
    (alike && !first.is_empty()).then_some(first)
}

fn kpis_pb(key: &str, figures: &Figures, currency: Option<&str>) -> pb::DeliveryKpis {
    let priced = currency.filter(|_| figures.count > 0);
    let [on_first, right, no_exception, no_failed, no_case] = figures.holds;
    let [whole, stages @ ..] = &figures.days;
    let named = [
        pb::DeliveryStage::BuiltToReleased,
        pb::DeliveryStage::ReleasedToDeparted,
        pb::DeliveryStage::InTransit,
        pb::DeliveryStage::ArrivedToHandover,
    ];
    let stages = named
        .into_iter()
        .zip(stages)
        .map(|(stage, days)| pb::StageDwell {
            stage: stage.into(),
            days: Some(days_pb(days)),
        });
    pb::DeliveryKpis {
        key: key.to_owned(),
        handed_over_count: figures.count,
        order_to_delivery: Some(days_pb(whole)),
        perfect_count: figures.perfect,
        on_first_promise_count: on_first,
        right_configuration_count: right,
        no_exception_count: no_exception,
        no_failed_inspection_count: no_failed,
        no_service_case_count: no_case,
        product_of_shares_millionths: figures.product(),
        stages: stages.collect(),
        transport_cost_per_vehicle: priced.map(|currency| common::Price {
            currency_code: currency.to_owned(),
            micros: figures.mean_cost(),
        }),
    }
}
