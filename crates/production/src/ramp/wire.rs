//! Forecasts and the course of the ramp as they stand on the wire.
//!
//! It must not decide anything. Invariant: a day that is not known is absent.

use takt_contract::{date_pb, production::v1 as pb};
use takt_kernel::Date;
use takt_planning::milestone_forecast::{Outcome, TooFewWeeks};

use super::{
    course::{StartEvent, Totals},
    profit::INSUFFICIENT,
};

/// The day of an outcome: reached or expected.
pub fn day_of_outcome(outcome: &Result<Outcome, TooFewWeeks>) -> Option<Date> {
    match outcome {
        Ok(Outcome::Reached(on)) => Some(*on),
        Ok(Outcome::Expected(forecast)) => forecast.expected,
        Ok(Outcome::Never) | Err(_) => None,
    }
}

/// An outcome on the wire; what the plans say is added by the caller.
pub fn forecast_pb(
    outcome: &Result<Outcome, TooFewWeeks>,
    events: Vec<StartEvent>,
) -> pb::ForecastMilestoneResponse {
    let mut answer = pb::ForecastMilestoneResponse {
        date: day_of_outcome(outcome).map(date_pb),
        start_events: events.into_iter().map(event_pb).collect(),
        ..pb::ForecastMilestoneResponse::default()
    };
    let status = match outcome {
        Ok(Outcome::Reached(_)) => "REACHED",
        Ok(Outcome::Never) => "NEVER",
        Ok(Outcome::Expected(forecast)) => {
            answer.earliest = forecast.earliest.map(date_pb);
            answer.latest = forecast.latest.map(date_pb);
            answer.rate_thousandths = forecast.rate_milli;
            answer.dispersion_millionths = forecast.dispersion.map_or(0, |share| share.0);
            answer.weeks = i32::try_from(forecast.weeks).unwrap_or(i32::MAX);
            "EXPECTED"
        }
        Err(few) => {
            answer.missing.push(few.to_string());
            INSUFFICIENT
        }
    };
    answer.status = status.to_owned();
    answer
}

fn event_pb(event: StartEvent) -> pb::StartEvent {
    pb::StartEvent {
        event: event.event,
        date: Some(date_pb(event.on)),
        days: event.days,
    }
}

/// Running totals on the wire.
pub fn totals_pb(totals: &Totals) -> pb::RampTotals {
    pb::RampTotals {
        date: Some(date_pb(totals.on)),
        wanted_count: totals.wanted,
        planned_count: totals.planned,
        built_count: totals.built,
        deviation_vehicles: totals.ahead_units,
        deviation_millidays: totals.ahead_millidays,
        deviation_from_planned_millidays: totals.ahead_of_planned_millidays,
    }
}
