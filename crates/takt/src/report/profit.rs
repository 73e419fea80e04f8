//! Whether the programme earns its cost, when its milestones come, and how far it is from its plan, asked of production. It
//! must not compute any of it. Invariants: money is in units of the currency; what is not known is named.
use serde::Serialize;
use takt_contract::common::v1::Money;
use takt_contract::date_pb;
use takt_contract::production::v1::ramp_service_client::RampServiceClient;
use takt_contract::production::v1::{
    BreakEvenAnswer, CompareRampRequest, ForecastMilestoneRequest, ForecastMilestoneResponse,
    GetBreakEvenRequest, GetBreakEvenResponse, RampTotals,
};
use takt_kernel::Date;

use super::production::units;
use super::text::title;
use crate::connection::{Peer, WHOLE, ask};
use crate::failure::Outcome;
use crate::output::{day, grouped, table, table_text};

/// Whether a vehicle earns its cost.
#[derive(Debug, Clone, Default, Serialize)]
pub struct BreakEven {
    /// The month whose price and cost count.
    pub month: String,
    /// The currency.
    pub currency: String,
    /// Vehicles a month.
    pub volume: i64,
    /// The average price.
    pub price: Option<f64>,
    /// Bought material.
    pub material: Option<f64>,
    /// Conversion.
    pub conversion: Option<f64>,
    /// Price less material and conversion.
    pub contribution: Option<f64>,
    /// What is to be covered each month.
    pub cost_per_month: Option<f64>,
    /// The result per vehicle at the volume, without learning.
    pub result: Option<f64>,
    /// By scale alone.
    pub by_scale: Covered,
    /// By learning alone.
    pub by_learning: Covered,
    /// By both.
    pub by_both: Covered,
    /// The volume below which no learning helps.
    pub learning_floor_volume: i64,
    /// What the line can do in thirty days.
    pub line_capacity_per_month: i64,
    /// The answer.
    pub answer: String,
    /// What was assumed.
    pub assumptions: Vec<String>,
    /// What is not known.
    pub missing: Vec<String>,
}

/// One answer.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Covered {
    /// VOLUME, VEHICLE, NEVER or INSUFFICIENT_DATA.
    pub kind: String,
    /// Vehicles a month.
    pub volume: i64,
    /// The first vehicle that is covered.
    pub vehicle: Option<i64>,
    /// The months until it is built.
    pub months: Option<i64>,
    /// Why.
    pub reason: String,
}

/// When a milestone comes.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Forecast {
    /// The cumulative count.
    pub count: i64,
    /// REACHED, EXPECTED, NEVER or INSUFFICIENT_DATA.
    pub status: String,
    /// The day until which is known what was built.
    pub as_of: Option<String>,
    /// What was built until then.
    pub built: i64,
    /// The day on which it was reached or is expected.
    pub date: Option<String>,
    /// The first day of the interval.
    pub earliest: Option<String>,
    /// The last day of the interval; absent where it may never be reached.
    pub latest: Option<String>,
    /// Vehicles a day over the weeks that it stands on.
    pub rate_per_day: f64,
    /// Those weeks.
    pub weeks: i32,
    /// The day on which the ramp plan wants as many.
    pub planned_on: Option<String>,
    /// The day on which the first feasible plan has as many.
    pub feasible_on: Option<String>,
    /// The days from each start event.
    pub days_from: Vec<DaysFrom>,
    /// What is missing.
    pub missing: Vec<String>,
}

/// The days from a start event.
#[derive(Debug, Clone, Serialize)]
pub struct DaysFrom {
    /// The event.
    pub event: String,
    /// Its day.
    pub date: String,
    /// The days.
    pub days: i32,
}

/// Plan, first feasible plan and line at the end of a week.
#[derive(Debug, Clone, Serialize)]
pub struct Totals {
    /// The day.
    pub date: String,
    /// What the ramp plan wants.
    pub wanted: i64,
    /// What the first feasible plan has.
    pub planned: i64,
    /// What was built.
    pub built: i64,
    /// Built less wanted.
    pub ahead_vehicles: i64,
    /// Earned schedule less time.
    pub ahead_days: f64,
}

/// What the report tells of the ramp and its money.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Ramp {
    /// Whether scale brings profits; absent where the programme has no figures.
    pub break_even: Option<BreakEven>,
    /// The last milestone of production.
    pub forecast: Option<Forecast>,
    /// The course by week.
    pub weeks: Vec<Totals>,
    /// The week that lay furthest behind the plan.
    pub furthest_behind: Option<Totals>,
}

/// A break-even as it came.
pub fn break_even(answer: &GetBreakEvenResponse) -> BreakEven {
    let currency = |money: &Money| money.currency_code.clone();
    BreakEven {
        month: answer.month.clone(),
        currency: answer.material.as_ref().map(currency).unwrap_or_default(),
        volume: answer.volume_per_month,
        price: units(answer.average_price.as_ref()),
        material: units(answer.material.as_ref()),
        conversion: units(answer.conversion.as_ref()),
        contribution: units(answer.contribution.as_ref()),
        cost_per_month: units(answer.cost_per_month.as_ref()),
        result: units(answer.result.as_ref()),
        by_scale: covered(answer.by_scale.as_ref(), &answer.status),
        by_learning: covered(answer.by_learning.as_ref(), &answer.status),
        by_both: covered(answer.by_both.as_ref(), &answer.status),
        learning_floor_volume: answer.learning_floor_volume,
        line_capacity_per_month: answer.line_capacity_per_month,
        answer: answer.answer.clone(),
        assumptions: answer.assumptions.clone(),
        missing: answer.missing.clone(),
    }
}

fn covered(answer: Option<&BreakEvenAnswer>, status: &str) -> Covered {
    let Some(answer) = answer else {
        return Covered {
            kind: status.to_owned(),
            ..Covered::default()
        };
    };
    let is_vehicle = answer.kind == "VEHICLE";
    Covered {
        kind: answer.kind.clone(),
        volume: answer.volume_per_month,
        vehicle: is_vehicle.then_some(answer.vehicle_number),
        months: is_vehicle.then_some(answer.months),
        reason: answer.reason.clone(),
    }
}

/// A forecast as it came.
pub fn forecast(count: i64, answer: &ForecastMilestoneResponse) -> Forecast {
    let events = answer.start_events.iter().map(|event| DaysFrom {
        event: event.event.clone(),
        date: day(event.date.as_ref()).unwrap_or_default(),
        days: event.days,
    });
    Forecast {
        count,
        status: answer.status.clone(),
        as_of: day(answer.as_of.as_ref()),
        built: answer.built_count,
        date: day(answer.date.as_ref()),
        earliest: day(answer.earliest.as_ref()),
        latest: day(answer.latest.as_ref()),
        rate_per_day: answer.rate_thousandths as f64 / 1000.0,
        weeks: answer.weeks,
        planned_on: day(answer.planned_on.as_ref()),
        feasible_on: day(answer.feasible_on.as_ref()),
        days_from: events.collect(),
        missing: answer.missing.clone(),
    }
}

fn totals(week: &RampTotals) -> Totals {
    Totals {
        date: day(week.date.as_ref()).unwrap_or_default(),
        wanted: week.wanted_count,
        planned: week.planned_count,
        built: week.built_count,
        ahead_vehicles: week.deviation_vehicles,
        ahead_days: week.deviation_millidays as f64 / 1000.0,
    }
}

/// Asks production when a count is reached.
pub async fn ask_forecast(peer: &Peer, count: i64, as_of: Option<Date>) -> Outcome<Forecast> {
    let message = ForecastMilestoneRequest {
        cumulative_count: count,
        as_of: as_of.map(date_pb),
        ..ForecastMilestoneRequest::default()
    };
    let what = "forecast a milestone";
    let answer = ask!(
        peer,
        what,
        RampServiceClient.forecast_milestone,
        message,
        WHOLE
    )?;
    Ok(forecast(count, &answer))
}

/// Asks production whether a vehicle earns its cost.
pub async fn ask_break_even(peer: &Peer, message: GetBreakEvenRequest) -> Outcome<BreakEven> {
    let what = "ask for the break-even";
    let answer = ask!(
        peer,
        what,
        RampServiceClient.get_break_even,
        message.clone(),
        WHOLE
    )?;
    Ok(break_even(&answer))
}

/// Asks production for the ramp and its money; `count` is the milestone to be foretold, `has_money` whether the programme
/// has any figures.
pub async fn ask_ramp(peer: &Peer, count: Option<i64>, has_money: bool) -> Outcome<Ramp> {
    let course = ask!(
        peer,
        "compare the ramp with its plan",
        RampServiceClient.compare_ramp,
        CompareRampRequest::default(),
        WHOLE
    )?;
    let break_even = if has_money {
        Some(ask_break_even(peer, GetBreakEvenRequest::default()).await?)
    } else {
        None
    };
    let forecast = match count.filter(|count| *count > 0) {
        Some(count) => Some(ask_forecast(peer, count, None).await?),
        None => None,
    };
    Ok(Ramp {
        break_even,
        forecast,
        weeks: course.weeks.iter().map(totals).collect(),
        furthest_behind: course.furthest_behind.as_ref().map(totals),
    })
}

fn money(amount: Option<f64>) -> String {
    amount.map_or_else(|| "-".to_owned(), |amount| grouped(amount.round() as i64))
}

impl Covered {
    /// The answer in a few words.
    pub fn words(&self) -> String {
        match (self.kind.as_str(), self.vehicle) {
            ("VOLUME", _) => format!("{} vehicles a month", grouped(self.volume)),
            (_, Some(vehicle)) => format!(
                "vehicle {} at {} a month, {} months on",
                grouped(vehicle),
                grouped(self.volume),
                self.months.unwrap_or(0)
            ),
            ("NEVER", _) => format!("never: {}", self.reason),
            (other, _) => other.to_owned(),
        }
    }
}

impl BreakEven {
    /// Rows of name and value.
    pub fn rows(&self) -> Vec<[String; 2]> {
        let row = |name: &str, value: String| [name.to_owned(), value];
        let currency = &self.currency;
        vec![
            row("month", self.month.clone()),
            row(&format!("price, {currency}"), money(self.price)),
            row("material", money(self.material)),
            row("conversion", money(self.conversion)),
            row("contribution of a vehicle", money(self.contribution)),
            row("to be covered each month", money(self.cost_per_month)),
            row("vehicles a month", grouped(self.volume)),
            row("result per vehicle", money(self.result)),
            row("covered by scale", self.by_scale.words()),
            row("covered by learning", self.by_learning.words()),
            row("covered by both", self.by_both.words()),
            row(
                "no learning helps below",
                format!("{} a month", grouped(self.learning_floor_volume)),
            ),
        ]
    }

    /// The table and what stands beside it, for a terminal.
    pub fn text(&self, text: &mut String) {
        if self.answer.is_empty() {
            text.push_str("INSUFFICIENT_DATA\n");
        } else {
            let mut lines = table(&["figure", ">value"]);
            for row in self.rows() {
                lines.add_row(row);
            }
            text.push_str(&table_text(&lines));
            text.push_str(&format!("{}\n", self.answer));
        }
        for assumption in &self.assumptions {
            text.push_str(&format!("assumed: {assumption}\n"));
        }
        for missing in &self.missing {
            text.push_str(&format!("missing: {missing}\n"));
        }
    }
}

impl Forecast {
    /// The forecast as a sentence.
    pub fn sentence(&self) -> String {
        let on =
            |date: &Option<String>| date.clone().unwrap_or_else(|| "an unknown day".to_owned());
        let count = grouped(self.count);
        match self.status.as_str() {
            "REACHED" => format!("{count} vehicles were reached on {}", on(&self.date)),
            "EXPECTED" => format!(
                "{count} vehicles are expected on {}, with nine of ten between {} and {}, at {:.1} a day over {} weeks as of {}",
                on(&self.date),
                on(&self.earliest),
                on(&self.latest),
                self.rate_per_day,
                self.weeks,
                on(&self.as_of)
            ),
            "NEVER" => format!("{count} vehicles are never reached at the rate of the last weeks"),
            _ => format!(
                "INSUFFICIENT_DATA for {count} vehicles: {}",
                self.missing.join("; ")
            ),
        }
    }

    /// The sentence and the days from each event, for a terminal.
    pub fn text(&self, text: &mut String) {
        text.push_str(&format!("{}\n", self.sentence()));
        if self.days_from.is_empty() {
            return;
        }
        let mut lines = table(&["days counted from", "on", ">days"]);
        for event in &self.days_from {
            let name: String = event.event.chars().take(64).collect();
            lines.add_row([name, event.date.clone(), event.days.to_string()]);
        }
        text.push_str(&table_text(&lines));
    }
}

impl Ramp {
    /// The section for a terminal.
    pub fn text(&self, text: &mut String) {
        if let Some(break_even) = &self.break_even {
            title(text, "Will scale bring profits");
            break_even.text(text);
        }
        title(text, "Milestones and plan");
        if let Some(forecast) = &self.forecast {
            forecast.text(text);
        }
        text.push_str(&format!("{}\n", self.behind()));
    }

    /// How far the line was behind its plan, as a sentence.
    pub fn behind(&self) -> String {
        match &self.furthest_behind {
            Some(week) => format!(
                "furthest behind the ramp plan on {}: {} vehicles, {:.1} days",
                week.date,
                grouped(-week.ahead_vehicles),
                -week.ahead_days
            ),
            None => "never behind the ramp plan at the end of a week".to_owned(),
        }
    }
}
