//! `takt ramp`: whether scale or learning brings profits, and when a milestone comes; of a programme folder without any
//! service, or of services that run. It must not compute anything itself.
use clap::Args;
use serde::Serialize;
use takt_contract::production::v1::{GetBreakEvenRequest, LearningForm};
use takt_kernel::{Date, Share, half_even_div};
use takt_planning::break_even::{Answer as Covers, Both, Never};
use takt_planning::learning::Form;
use takt_planning::milestone_forecast::{Outcome as Foretold, days_from, forecast};
use takt_planning::profit::{AtVolume, NoAnswer, Profit, Question, at_volume, never, profit};
use takt_planning::statistics::Confidence;

use super::target::TargetArgs;
use crate::failure::{Failure, Outcome};
use crate::offline::Offline;
use crate::offline::vehicle::{Basis, basis};
use crate::output::{Answer, Format, grouped, table, table_text, tell};
use crate::programme::{Folder, Measure, Programme};
use crate::replay::read_programme;
use crate::report::profit::{BreakEven, Covered, DaysFrom, Forecast, ask_break_even, ask_forecast};

const EXAMPLES: &str = "\
Examples:
  takt ramp su7                                         will scale bring profits, and when
  takt ramp su7 --volume 20000 --month 2024-06 --learning 85%
  takt ramp su7 --as-of 2024-09-30 --milestone 100000   from the ramp plan through a day
  takt ramp --data takt-data/su7 --volume 20000         of a replay, as built
  takt ramp su7 --manufacturing-only --output json

Volume is an input: --volume is vehicles a month. The learning rate is never measured here, it is assumed by --learning
and said of the average cost of all vehicles (Wright), or of the last one with --form unit (Crawford).";

/// Weeks that a forecast stands on.
const WEEKS: usize = 8;

/// What `takt ramp` is told.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct RampArgs {
    /// A built-in programme or a directory; without it services are asked
    #[arg(value_name = "PROGRAMME", conflicts_with_all = ["endpoints", "data", "database_url"])]
    programme: Option<String>,

    /// Vehicles a month [default: what the quarter reported]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..=1_000_000_000))]
    volume: Option<i64>,

    /// The month whose price and cost count [default: the first with a known operating cost]
    #[arg(long, value_name = "YYYY-MM", value_parser = month)]
    month: Option<String>,

    /// An assumed learning rate: 85% or 0.85
    #[arg(long, value_name = "RATE", value_parser = rate)]
    learning: Option<Share>,

    /// What the learning rate is said of
    #[arg(long, value_enum, value_name = "FORM", default_value_t = FormArg::Average)]
    form: FormArg,

    /// Cover fixed manufacturing only, not research, selling and administration
    #[arg(long)]
    manufacturing_only: bool,

    /// The cumulative production to be foretold [default: the last published milestone]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..=1_000_000_000))]
    milestone: Option<i64>,

    /// The day until which is known what was built [default: the last one]
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,

    #[command(flatten)]
    target: TargetArgs,
}

/// The form of the learning curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum FormArg {
    /// Wright: the average cost of all vehicles
    Average,
    /// Crawford: the cost of the last vehicle
    Unit,
}

fn month(text: &str) -> Result<String, String> {
    let first = Date::parse(&format!("{text}-01"));
    first
        .map(Date::month_key)
        .map_err(|_| format!("{text:?} is not a month; it is written 2024-06"))
}

fn rate(text: &str) -> Result<Share, String> {
    let wrong = |_| format!("{text:?} is not a rate; it is written 85% or 0.85");
    let share = match text.strip_suffix('%') {
        Some(percent) => Share::parse(percent).map(|percent| Share(percent.0 / 100)),
        None => Share::parse(text),
    };
    let share = share.map_err(wrong)?;
    if (500_001..=1_000_000).contains(&share.0) {
        Ok(share)
    } else {
        Err("a learning rate is above 50% and at most 100%".to_owned())
    }
}

/// The answer.
#[derive(Debug, Serialize)]
struct Told {
    programme: Option<String>,
    /// The vehicle of the reference mix at the volume; only of a folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    unit_economics: Option<Unit>,
    break_even: BreakEven,
    forecast: Option<Forecast>,
}

/// The money of a vehicle at the volume.
#[derive(Debug, Serialize)]
struct Unit {
    price: Option<f64>,
    material: f64,
    conversion: f64,
    /// The part of conversion that does work again.
    yield_loss: f64,
    fixed: Option<f64>,
    operating: Option<f64>,
    result: Option<f64>,
    energy_kwh: f64,
    rolled_yield: f64,
}

pub(super) async fn run(args: RampArgs, output: Format) -> Outcome<()> {
    match args.programme.clone() {
        Some(source) => tell(output, &of_folder(&source, &args)?),
        None => {
            let target = args.target.open().await?;
            let told = of_services(&target.peers.production, &args).await;
            tell(output, &target.close_after(told).await?)
        }
    }
}

async fn of_services(peer: &crate::connection::Peer, args: &RampArgs) -> Outcome<Told> {
    let form = match args.form {
        FormArg::Average => LearningForm::CumulativeAverage,
        FormArg::Unit => LearningForm::Unit,
    };
    let message = GetBreakEvenRequest {
        month: args.month.clone().unwrap_or_default(),
        volume_per_month: args.volume.unwrap_or(0),
        learning_rate_millionths: args.learning.map_or(0, |rate| rate.0),
        form: form.into(),
        manufacturing_only: args.manufacturing_only,
    };
    let break_even = ask_break_even(peer, message).await?;
    let forecast = match args.milestone {
        Some(count) => Some(ask_forecast(peer, count, args.as_of).await?),
        None => None,
    };
    Ok(Told {
        programme: None,
        unit_economics: None,
        break_even,
        forecast,
    })
}

fn of_folder(source: &str, args: &RampArgs) -> Outcome<Told> {
    let offline = Offline::sized(read_programme(&Folder::open(source)?, true)?, None)?;
    let basis = basis(&offline)?;
    let programme = &offline.full;
    let reference = basis.money.reference().map(|quarter| quarter.name.clone());
    let month = args.month.clone().or_else(|| first_month(&reference?));
    let month = month.ok_or_else(|| {
        Failure::refused("no quarter has a known operating cost")
            .with_way_out("name a month with --month")
    })?;
    let first =
        Date::parse(&format!("{month}-01")).map_err(|error| Failure::usage(error.to_string()))?;
    let quarter = basis.money.quarter(&first.quarter_key());
    let question = Question {
        volume: args.volume,
        rate: args.learning,
        form: match args.form {
            FormArg::Average => Form::CumulativeAverage,
            FormArg::Unit => Form::Unit,
        },
        manufacturing_only: args.manufacturing_only,
    };
    let volume = args.volume.unwrap_or_else(|| quarter.per_month());
    let found = at_volume(&basis.money, &quarter, &basis.vehicle, volume, None);
    let answer = profit(&basis.money, &quarter, &basis.vehicle, &question);
    Ok(Told {
        programme: Some(programme.title.clone()),
        unit_economics: Some(unit(&basis, &found)),
        break_even: told(&basis, &month, answer)?,
        forecast: foretold(programme, args),
    })
}

/// The first month of a quarter such as `2024Q2`.
fn first_month(quarter: &str) -> Option<String> {
    let (year, number) = quarter.split_once('Q')?;
    let first = (number.parse::<i64>().ok()? - 1) * 3 + 1;
    month(&format!("{year}-{first:02}")).ok()
}

fn units(micros: i64) -> f64 {
    // Whole cents: the last places are below what money has.
    half_even_div(i128::from(micros), 10_000).unwrap_or(0) as f64 / 100.0
}

fn unit(basis: &Basis, found: &AtVolume) -> Unit {
    Unit {
        price: found.price.map(units),
        material: units(found.material),
        conversion: units(found.conversion),
        yield_loss: units(found.yield_loss),
        fixed: found.fixed.map(units),
        operating: found.operating.map(units),
        result: found.result.map(units),
        energy_kwh: basis.vehicle.watt_hours as f64 / 1000.0,
        rolled_yield: basis.rolled_yield.0 as f64 / 1e6,
    }
}

fn told(basis: &Basis, month: &str, answer: Result<Profit, NoAnswer>) -> Outcome<BreakEven> {
    let currency = basis.money.currency;
    let found = match answer {
        Ok(found) => found,
        Err(NoAnswer::Missing(missing)) => {
            return Ok(BreakEven {
                month: month.to_owned(),
                missing,
                ..BreakEven::default()
            });
        }
        Err(NoAnswer::Rate(error)) => return Err(Failure::usage(error.to_string())),
    };
    let scale = match &found.by_scale {
        Ok(volume) => Covered {
            kind: "VOLUME".to_owned(),
            volume: *volume,
            ..Covered::default()
        },
        Err(why) => nowhere(why, 0, &basis.money),
    };
    Ok(BreakEven {
        month: month.to_owned(),
        currency: currency.to_string(),
        volume: found.volume,
        price: Some(units(found.terms.price)),
        material: Some(units(found.terms.material)),
        conversion: Some(units(found.terms.conversion)),
        contribution: Some(units(found.terms.contribution())),
        cost_per_month: Some(units(found.terms.month)),
        result: found.terms.result(found.volume).map(units),
        by_scale: scale,
        by_learning: learned(found.by_learning, found.reported, &found, basis),
        by_both: learned(found.by_both, found.volume, &found, basis),
        learning_floor_volume: found.floor.unwrap_or(0),
        line_capacity_per_month: basis.money.line_capacity,
        answer: found.answer,
        assumptions: found.assumptions,
        missing: found.missing,
    })
}

fn nowhere(why: &Never, volume: i64, money: &takt_planning::profit::Money) -> Covered {
    Covered {
        kind: "NEVER".to_owned(),
        volume,
        reason: never(why, money.currency),
        ..Covered::default()
    }
}

fn learned(answer: Option<Covers<Both>>, volume: i64, found: &Profit, basis: &Basis) -> Covered {
    match answer {
        None => Covered {
            kind: "INSUFFICIENT_DATA".to_owned(),
            volume,
            reason: found.missing.join("; "),
            ..Covered::default()
        },
        Some(Ok(both)) => Covered {
            kind: "VEHICLE".to_owned(),
            volume,
            vehicle: Some(both.vehicle),
            months: Some(both.months),
            reason: String::new(),
        },
        Some(Err(why)) => nowhere(&why, volume, &basis.money),
    }
}

/// The milestone from the ramp plan through a day.
fn foretold(programme: &Programme, args: &RampArgs) -> Option<Forecast> {
    let published = programme
        .milestones
        .iter()
        .flat_map(|milestone| &milestone.figures);
    let published = published.filter(|figure| figure.measure == Some(Measure::Produced));
    let count = args
        .milestone
        .or(published.map(|figure| figure.value).max())?;
    let as_of = args.as_of.unwrap_or(programme.plan_last);
    let daily: Vec<(Date, i64)> = programme
        .days
        .iter()
        .map(|day| (day.on, day.planned_total()))
        .filter(|(_, units)| *units > 0)
        .collect();
    let outcome = forecast(&daily, as_of, count, WEEKS, Confidence::default());
    let mut told = Forecast {
        count,
        as_of: Some(as_of.to_string()),
        built: daily
            .iter()
            .filter(|(on, _)| *on <= as_of)
            .map(|(_, units)| units)
            .sum(),
        ..Forecast::default()
    };
    let on = match outcome {
        Ok(Foretold::Reached(on)) => {
            told.status = "REACHED".to_owned();
            Some(on)
        }
        Ok(Foretold::Never) => {
            told.status = "NEVER".to_owned();
            None
        }
        Ok(Foretold::Expected(found)) => {
            told.status = "EXPECTED".to_owned();
            told.earliest = found.earliest.map(|on| on.to_string());
            told.latest = found.latest.map(|on| on.to_string());
            told.rate_per_day = found.rate_milli as f64 / 1000.0;
            told.weeks = i32::try_from(found.weeks).unwrap_or(i32::MAX);
            found.expected
        }
        Err(few) => {
            told.status = "INSUFFICIENT_DATA".to_owned();
            told.missing.push(few.to_string());
            None
        }
    };
    told.date = on.map(|on| on.to_string());
    if let Some(on) = on {
        let events = [
            ("LAUNCH".to_owned(), programme.day_zero),
            ("FIRST_HANDOVER".to_owned(), programme.first_handover),
        ];
        let milestones = programme.milestones.iter();
        let milestones = milestones.map(|milestone| (milestone.event.clone(), milestone.on));
        let first = daily.first().map(|(on, _)| ("FIRST_BUILD".to_owned(), *on));
        let mut all: Vec<(String, Date)> =
            events.into_iter().chain(first).chain(milestones).collect();
        all.retain(|(_, event)| *event < on);
        all.sort_by_key(|(_, event)| *event);
        told.days_from = all
            .into_iter()
            .map(|(event, date)| DaysFrom {
                event,
                date: date.to_string(),
                days: days_from(date, on),
            })
            .collect();
    }
    Some(told)
}

impl Answer for Told {
    fn text(&self) -> String {
        let mut text = String::new();
        if let Some(programme) = &self.programme {
            text.push_str(&format!("{programme}\n\n"));
        }
        if let Some(unit) = &self.unit_economics {
            let mut lines = table(&["a vehicle at the volume", ">amount"]);
            let amount = |amount: Option<f64>| {
                amount.map_or_else(
                    || "not known".to_owned(),
                    |amount| grouped(amount.round() as i64),
                )
            };
            for (name, value) in [
                ("price", unit.price),
                ("material", Some(unit.material)),
                ("conversion", Some(unit.conversion)),
                ("  of it for work done again", Some(unit.yield_loss)),
                ("fixed manufacturing", unit.fixed),
                ("research, selling, administration", unit.operating),
                ("result", unit.result),
                ("energy, kWh", Some(unit.energy_kwh)),
            ] {
                lines.add_row([name.to_owned(), amount(value)]);
            }
            text.push_str(&table_text(&lines));
            text.push('\n');
        }
        self.break_even.text(&mut text);
        if let Some(forecast) = &self.forecast {
            text.push('\n');
            forecast.text(&mut text);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_months_are_read() {
        assert_eq!(rate("85%"), Ok(Share(850_000)));
        assert_eq!(rate("0.925"), Ok(Share(925_000)));
        for bad in ["50%", "101%", "x", "", "-1"] {
            assert!(rate(bad).is_err(), "{bad}");
        }
        assert_eq!(month("2024-06").as_deref(), Ok("2024-06"));
        assert!(month("2024-13").is_err() && month("June").is_err());
        assert_eq!(first_month("2024Q3").as_deref(), Some("2024-07"));
    }
}
