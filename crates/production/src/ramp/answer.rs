//! What the ramp's questions read, and the answers that come of it.
//!
//! It must not know the mathematics. Invariants: a message is checked as a whole before anything is read; an answer is
//! computed of one reading of the database.

use std::{collections::BTreeMap, sync::Arc};

use takt_contract::{date_opt, date_pb, price_req, production::v1 as pb};
use takt_kernel::{Date, Violations};
use takt_planning::{
    learning::fit::Observation,
    milestone_forecast::forecast as foretell,
    profit::{Money, at_volume as price_at},
    statistics::Confidence,
};
use takt_service::{Call, Error};

use super::{
    course::{start_events, totals},
    profit, store,
    volume::{Month, MonthVehicle, money, month_vehicle},
    wire::{day_of_outcome, forecast_pb, totals_pb},
};
use crate::{Production, performance::store::routing_fetch, product::Product};

/// Weeks that a forecast stands on when the caller does not say.
const WEEKS: i32 = 8;
/// The most observations of a learning curve.
const OBSERVATIONS: usize = 1_000;

/// The money and the vehicle of a month.
struct Basis {
    month: Month,
    money: Money,
    vehicle: MonthVehicle,
}

fn month_opt(text: &str, violations: &mut Violations) -> Option<Month> {
    let month = Month::parse(text);
    violations.require(
        text.is_empty() || month.is_some(),
        "month",
        format!("{text:?} is not a month; it is written 2024-06"),
    );
    month
}

async fn basis(production: &Production, call: &Call, month: Option<Month>) -> Result<Basis, Error> {
    let product = production.products.get(call).await?;
    let reading = Arc::clone(&product);
    let asked = Arc::new(month);
    let read = production.deps.store.read(call, "ramp_basis", move |tx| {
        let (product, asked) = (Arc::clone(&reading), Arc::clone(&asked));
        Box::pin(async move {
            let Some(economics) = store::economics_fetch(tx, &product).await? else {
                return Ok(None);
            };
            let money = money(&product, &economics);
            let first = || Month::of_quarter(&money.reference()?.name);
            let Some(month) = (*asked).clone().or_else(first) else {
                return Ok(None);
            };
            let begin = Date::parse(&format!("{}-01", month.name)).unwrap_or_default();
            let end = (0..31)
                .map(|day| begin.plus(day))
                .take_while(|on| on.month_key() == month.name)
                .last();
            // Without a month the question is about the programme, and the reference mix of the year answers it.
            let counts = match &*asked {
                Some(_) => store::built_between_fetch(tx, begin, end.unwrap_or(begin)).await?,
                None => Vec::new(),
            };
            let routing = routing_fetch(tx, &product).await?;
            Ok(Some((month, money, economics, routing, counts)))
        })
    });
    let Some((month, money, economics, routing, counts)) = read.await? else {
        return Err(Error::refused(
            "ECONOMICS",
            "the programme has no figures of its money; give economics in programme.yaml",
        ));
    };
    let vehicle = month_vehicle(&product, &economics, &routing, &counts).map_err(|error| {
        Error::refused(
            "ECONOMICS",
            format!("the money cannot be computed: {error}"),
        )
    })?;
    Ok(Basis {
        month,
        money,
        vehicle,
    })
}

/// The vehicle at a volume; None where no volume was asked for.
pub async fn at_volume(
    production: &Production,
    call: &Call,
    message: &pb::GetUnitEconomicsRequest,
) -> Result<Option<pb::VolumeEconomics>, Error> {
    let mut violations = Violations::new();
    let month = month_opt(&message.month, &mut violations);
    let volume = message.volume_per_month;
    violations.require(
        (0..=1_000_000_000).contains(&volume),
        "volume_per_month",
        "it is 0 to 1,000,000,000",
    );
    let energy = message.energy_price.as_ref();
    let energy = energy.map(|price| price_req(Some(price), "energy_price", &mut violations));
    violations.finish()?;
    if volume == 0 && month.is_none() {
        return Ok(None);
    }
    let basis = basis(production, call, month).await?;
    let currency = basis.money.currency;
    if let Some(price) = energy.filter(|price| price.currency != currency) {
        let why = format!(
            "it is in {}, the programme's money in {currency}",
            price.currency
        );
        return Err(Error::invalid("energy_price", why));
    }
    let quarter = basis.money.quarter(&basis.month.quarter);
    // Without a volume the month is priced at what its quarter reported.
    let volume = if volume > 0 {
        volume
    } else {
        quarter.per_month()
    };
    let found = price_at(
        &basis.money,
        &quarter,
        &basis.vehicle.vehicle,
        volume,
        energy.map(|price| price.micros),
    );
    Ok(Some(profit::at_volume_pb(
        &basis.money,
        &basis.month,
        &basis.vehicle,
        volume,
        &found,
    )))
}

/// Break-even of a month.
pub async fn break_even(
    production: &Production,
    call: &Call,
    message: &pb::GetBreakEvenRequest,
) -> Result<pb::GetBreakEvenResponse, Error> {
    let mut violations = Violations::new();
    let month = month_opt(&message.month, &mut violations);
    let question = profit::question(message, &mut violations);
    violations.finish()?;
    let basis = basis(production, call, month).await?;
    Ok(profit::break_even(
        &basis.money,
        &basis.month,
        &basis.vehicle,
        &question,
    ))
}

/// A learning curve.
pub async fn learning(
    production: &Production,
    call: &Call,
    message: &pb::FitLearningCurveRequest,
) -> Result<pb::FitLearningCurveResponse, Error> {
    let mut violations = Violations::new();
    let form = profit::form(message.form, &mut violations);
    violations.require(
        message.observations.len() <= OBSERVATIONS,
        "observations",
        format!("at most {OBSERVATIONS} are taken"),
    );
    violations.finish()?;
    let observation = |one: &pb::LearningObservation| Observation {
        first: one.first_unit,
        last: one.last_unit,
        average: one.average_cost_micros,
    };
    let observations: Vec<Observation> = message.observations.iter().map(observation).collect();
    let product = production.products.get(call).await?;
    let reading = Arc::clone(&product);
    let read = production
        .deps
        .store
        .read(call, "ramp_economics", move |tx| {
            let product = Arc::clone(&reading);
            Box::pin(async move { store::economics_fetch(tx, &product).await })
        });
    let known = read.await?.map(|economics| money(&product, &economics));
    profit::learning_curve(form, &observations, known.as_ref())
        .map_err(|wrong| Error::invalid("observations", wrong.to_string()))
}

/// What was planned and built by day, and the published milestones.
struct Course {
    product: Arc<Product>,
    planned: BTreeMap<Date, i64>,
    built: BTreeMap<Date, i64>,
    milestones: Vec<super::Milestone>,
    last: Option<Date>,
}

async fn course(production: &Production, call: &Call) -> Result<Course, Error> {
    let product = production.products.get(call).await?;
    let width = product.variants.len();
    let read = production.deps.store.read(call, "ramp_course", move |tx| {
        Box::pin(async move {
            Ok((
                store::baseline_fetch(tx, width).await?,
                store::built_by_day_fetch(tx, width).await?,
                store::milestones_fetch(tx).await?,
                store::last_day_fetch(tx).await?,
            ))
        })
    });
    let (planned, built, milestones, last) = read.await?;
    let sum = |units: &[i64]| units.iter().sum();
    Ok(Course {
        product,
        planned: planned
            .iter()
            .map(|day| (day.on, sum(&day.variants)))
            .collect(),
        built: built.iter().map(|(on, units)| (*on, sum(units))).collect(),
        milestones,
        last,
    })
}

/// The first day on which a running total is reached.
fn reached(days: &BTreeMap<Date, i64>, count: i64) -> Option<Date> {
    let days: Vec<(Date, i64)> = days.iter().map(|(on, units)| (*on, *units)).collect();
    super::reached_on(count, &days)
}

/// When a count is reached.
pub async fn forecast(
    production: &Production,
    call: &Call,
    message: &pb::ForecastMilestoneRequest,
) -> Result<pb::ForecastMilestoneResponse, Error> {
    let mut violations = Violations::new();
    let as_of = date_opt(message.as_of.as_ref(), "as_of", &mut violations);
    let target = message.cumulative_count;
    violations.require(
        (1..=1_000_000_000).contains(&target),
        "cumulative_count",
        "it is 1 to 1,000,000,000",
    );
    let weeks = if message.weeks == 0 {
        WEEKS
    } else {
        message.weeks
    };
    violations.require((3..=30).contains(&weeks), "weeks", "it is 0, or 3 to 30");
    let confidence = match message.confidence_percent {
        0 => Some(Confidence::default()),
        percent => Confidence::of_percent(percent.into()),
    };
    violations.require(
        confidence.is_some(),
        "confidence_percent",
        "it is 0, 80, 90 or 95",
    );
    let confidence = violations.finish_with(confidence)?;
    let course = course(production, call).await?;
    let product = &course.product;
    let as_of = as_of.or(course.last).unwrap_or(product.programme.launch_on);
    let daily: Vec<(Date, i64)> = course
        .built
        .iter()
        .map(|(on, units)| (*on, *units))
        .collect();
    let weeks = usize::try_from(weeks).unwrap_or(0);
    let outcome = foretell(&daily, as_of, target, weeks, confidence);
    let first_built = course.built.keys().next().copied();
    let on = day_of_outcome(&outcome);
    let events = on.map(|on| start_events(product, &course.milestones, first_built, on));
    let wanted = |on: Date| {
        (0..product.variants.len())
            .map(|variant| product.ramp.wanted(on, variant))
            .sum::<i64>()
    };
    let days = product.ramp.last_day().days_since(product.ramp.first_day());
    let planned_on = (0..=days)
        .map(|day| product.ramp.first_day().plus(day))
        .find(|on| wanted(*on) >= target);
    Ok(pb::ForecastMilestoneResponse {
        built_count: daily
            .iter()
            .filter(|(on, _)| *on <= as_of)
            .map(|(_, units)| units)
            .sum(),
        as_of: Some(date_pb(as_of)),
        planned_on: planned_on.map(date_pb),
        feasible_on: reached(&course.planned, target).map(date_pb),
        ..forecast_pb(&outcome, events.unwrap_or_default())
    })
}

/// How the ramp went.
pub async fn comparison(
    production: &Production,
    call: &Call,
    message: &pb::CompareRampRequest,
) -> Result<pb::CompareRampResponse, Error> {
    let mut violations = Violations::new();
    let through = date_opt(
        message.through_date.as_ref(),
        "through_date",
        &mut violations,
    );
    violations.finish()?;
    let course = course(production, call).await?;
    let Some(last) = course.last else {
        return Ok(pb::CompareRampResponse::default());
    };
    let through = through.unwrap_or(last).min(last);
    let weeks = totals(&course.product, &course.planned, &course.built, through);
    let behind = weeks.iter().filter(|week| week.ahead_units < 0);
    let furthest = behind.min_by_key(|week| week.ahead_units).map(totals_pb);
    Ok(pb::CompareRampResponse {
        weeks: weeks.iter().map(totals_pb).collect(),
        furthest_behind: furthest,
    })
}
