//! Break-even and learning as answers: the mathematics of `takt_planning::profit` in the words of the wire.
//!
//! It must not decide anything that the mathematics decide. Invariant: what is not known is said and never guessed.

use takt_contract::{money_pb, production::v1 as pb};
use takt_kernel::{Currency, Share, Violations};
use takt_planning::{
    break_even::{Answer, Both},
    learning::{
        Form,
        fit::{Fit, FitError, Observation, fit},
    },
    profit::{AtVolume, Money, NoAnswer, Profit, Question, learning_missing, never, profit},
};

use super::volume::{Month, MonthVehicle, amount};

/// What says that the data do not suffice.
pub const INSUFFICIENT: &str = "INSUFFICIENT_DATA";

/// The form on the wire; none that is named is the cumulative average.
pub fn form(number: i32, violations: &mut Violations) -> Form {
    match pb::LearningForm::try_from(number) {
        Ok(pb::LearningForm::Unit) => Form::Unit,
        Ok(_) => Form::CumulativeAverage,
        Err(_) => {
            violations.push("form", format!("{number} is not a form of learning"));
            Form::CumulativeAverage
        }
    }
}

/// A question from a message.
pub fn question(message: &pb::GetBreakEvenRequest, violations: &mut Violations) -> Question {
    let rate = message.learning_rate_millionths;
    violations.require(
        rate == 0 || (500_001..=1_000_000).contains(&rate),
        "learning_rate_millionths",
        "it is 0, or above 500,000 and at most 1,000,000",
    );
    violations.require(
        (0..=1_000_000_000).contains(&message.volume_per_month),
        "volume_per_month",
        "it is 0 to 1,000,000,000",
    );
    Question {
        volume: (message.volume_per_month > 0).then_some(message.volume_per_month),
        rate: (rate > 0).then_some(Share(rate)),
        form: form(message.form, violations),
        manufacturing_only: message.manufacturing_only,
    }
}

/// The answer about a month.
pub fn break_even(
    money: &Money,
    month: &Month,
    vehicle: &MonthVehicle,
    question: &Question,
) -> pb::GetBreakEvenResponse {
    let quarter = money.quarter(&month.quarter);
    let refused = |missing: Vec<String>| pb::GetBreakEvenResponse {
        month: month.name.clone(),
        status: INSUFFICIENT.to_owned(),
        missing,
        ..pb::GetBreakEvenResponse::default()
    };
    match profit(money, &quarter, &vehicle.vehicle, question) {
        Ok(found) => profit_pb(money, month, &found),
        Err(NoAnswer::Missing(missing)) => refused(missing),
        Err(NoAnswer::Rate(error)) => refused(vec![error.to_string()]),
    }
}

fn profit_pb(money: &Money, month: &Month, found: &Profit) -> pb::GetBreakEvenResponse {
    let currency = money.currency;
    let told = |micros: i64| Some(money_pb(amount(micros, currency)));
    let scale = match &found.by_scale {
        Ok(volume) => pb::BreakEvenAnswer {
            kind: "VOLUME".to_owned(),
            volume_per_month: *volume,
            ..pb::BreakEvenAnswer::default()
        },
        Err(why) => pb::BreakEvenAnswer {
            kind: "NEVER".to_owned(),
            reason: never(why, currency),
            ..pb::BreakEvenAnswer::default()
        },
    };
    pb::GetBreakEvenResponse {
        month: month.name.clone(),
        volume_per_month: found.volume,
        average_price: told(found.terms.price),
        material: told(found.terms.material),
        conversion: told(found.terms.conversion),
        contribution: told(found.terms.contribution()),
        cost_per_month: told(found.terms.month),
        result: found.terms.result(found.volume).and_then(told),
        by_scale: Some(scale),
        by_learning: Some(learned(found.by_learning, found.reported, found, currency)),
        by_both: Some(learned(found.by_both, found.volume, found, currency)),
        learning_floor_volume: found.floor.unwrap_or(0),
        line_capacity_per_month: money.line_capacity,
        answer: found.answer.clone(),
        assumptions: found.assumptions.clone(),
        missing: found.missing.clone(),
        status: String::new(),
    }
}

fn learned(
    answer: Option<Answer<Both>>,
    volume: i64,
    found: &Profit,
    currency: Currency,
) -> pb::BreakEvenAnswer {
    let (kind, vehicle_number, months, reason) = match answer {
        None => (INSUFFICIENT, 0, 0, found.missing.join("; ")),
        Some(Ok(both)) => ("VEHICLE", both.vehicle, both.months, String::new()),
        Some(Err(why)) => ("NEVER", 0, 0, never(&why, currency)),
    };
    pb::BreakEvenAnswer {
        kind: kind.to_owned(),
        volume_per_month: volume,
        vehicle_number,
        months,
        reason,
    }
}

/// The money of a vehicle at a volume.
pub fn at_volume_pb(
    money: &Money,
    month: &Month,
    vehicle: &MonthVehicle,
    volume: i64,
    found: &AtVolume,
) -> pb::VolumeEconomics {
    let told = |micros: i64| money_pb(amount(micros, money.currency));
    let mut missing = money.missing(&money.quarter(&month.quarter), false);
    if found.energy.is_none() {
        missing.push("no price of energy was given".to_owned());
    }
    let mix = if vehicle.built > 0 {
        format!(
            "the {} vehicles built in {} are the mix",
            vehicle.built, month.name
        )
    } else {
        format!(
            "the reference mix of the year is taken, not vehicles built in {}",
            month.name
        )
    };
    pb::VolumeEconomics {
        month: month.name.clone(),
        volume_per_month: volume,
        average_price: found.price.map(told),
        material: Some(told(found.material)),
        conversion: Some(told(found.conversion)),
        energy: found.energy.map(told),
        yield_loss: Some(told(found.yield_loss)),
        fixed_manufacturing: found.fixed.map(told),
        operating_cost: found.operating.map(told),
        result: found.result.map(told),
        energy_watt_hours: vehicle.vehicle.watt_hours,
        rolled_yield_millionths: vehicle.rolled_yield,
        built_count: vehicle.built,
        assumptions: vec![
            mix,
            "material and conversion cost a vehicle the same at every volume".to_owned(),
            "what fails its first pass takes its operation once more and no new material"
                .to_owned(),
        ],
        missing,
    }
}

/// The curve of observations, or what is missing; `money` is asked where there are none.
pub fn learning_curve(
    form: Form,
    observations: &[Observation],
    money: Option<&Money>,
) -> Result<pb::FitLearningCurveResponse, FitError> {
    let insufficient = |missing: Vec<String>| pb::FitLearningCurveResponse {
        curve: None,
        status: INSUFFICIENT.to_owned(),
        missing,
    };
    if observations.is_empty() {
        let missing = money.map_or_else(
            || vec!["the programme has no figures of its money".to_owned()],
            learning_missing,
        );
        return Ok(insufficient(missing));
    }
    match fit(form, observations) {
        Ok(found) => Ok(pb::FitLearningCurveResponse {
            curve: Some(curve_pb(&found)),
            ..pb::FitLearningCurveResponse::default()
        }),
        Err(few @ FitError::TooFew { .. }) => Ok(insufficient(vec![few.to_string()])),
        Err(wrong) => Err(wrong),
    }
}

fn curve_pb(found: &Fit) -> pb::LearningCurve {
    let form = match found.curve.form {
        Form::Unit => pb::LearningForm::Unit,
        Form::CumulativeAverage => pb::LearningForm::CumulativeAverage,
    };
    pb::LearningCurve {
        form: form.into(),
        first_unit_cost_micros: found.curve.first(),
        rate_millionths: found.curve.rate().0,
        exponent_millionths: found.curve.exponent_millionths(),
        exponent_error_millionths: found.exponent_error,
        r_squared_millionths: found.r_squared.0,
        rate_low_millionths: found.rate_low.0,
        rate_high_millionths: found.rate_high.0,
        observation_count: i64::try_from(found.observations).unwrap_or(i64::MAX),
    }
}
