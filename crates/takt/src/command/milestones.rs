//! `takt milestones`: the published milestones and when they were reached, and when the next count of handovers comes, with an interval and
//! what would bring it forward. It must not know how a day is found. Invariant: what is not known has no value.
use clap::Args;
use serde::Serialize;
use takt_contract::common::v1::Tombstone;
use takt_contract::date_pb;
use takt_contract::delivery::v1::milestone_service_client::MilestoneServiceClient;
use takt_contract::delivery::v1::{
    DeliveryMilestone, ForecastDeliveryRequest, ForecastDeliveryResponse, ListMilestonesRequest,
    MilestoneLever, StartEventDays,
};
use takt_kernel::Date;

use super::target::{TargetArgs, run_of};
use crate::connection::{Peer, ask};
use crate::failure::Outcome;
use crate::output::{Answer, Format, day, grouped, table, table_text, tell};

const EXAMPLES: &str = "\
Examples:
  takt milestones su7                              of a replay: what was reached, and when the next one comes
  takt milestones --count 100000 --as-of 2024-10-01
  takt milestones --weeks 12 --confidence 95 --output json

docs/ramp-and-money.md says how the interval and the levers are found.";

/// What `takt milestones` is told.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct MilestonesArgs {
    /// The programme whose replay to look at, under ./takt-data [default: the services of --endpoints, --data or takt up]
    #[arg(value_name = "PROGRAMME", conflicts_with_all = ["endpoints", "data", "database_url"])]
    programme: Option<String>,
    /// The vehicles handed over [default: the next published milestone]
    #[arg(long, value_name = "N")]
    count: Option<i64>,
    /// The day until which is known what was handed over [default: the last day]
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,
    /// The weeks that the rate stands on
    #[arg(long, value_name = "N", default_value_t = 8)]
    weeks: i32,
    /// What the interval covers, in percent: 80, 90 or 95
    #[arg(long, value_name = "PERCENT", default_value_t = 90)]
    confidence: i32,
    #[command(flatten)]
    target: TargetArgs,
}

#[derive(Debug, Serialize)]
struct Told {
    milestones: Vec<Reached>,
    forecast: Forecast,
}

#[derive(Debug, Serialize)]
struct Reached {
    event: String,
    published_on: Option<String>,
    /// What is counted, and how many.
    of: &'static str,
    count: i64,
    reached_on: Option<String>,
}

#[derive(Debug, Serialize)]
struct Forecast {
    count: i64,
    status: String,
    as_of: Option<String>,
    handed_over: i64,
    date: Option<String>,
    earliest: Option<String>,
    latest: Option<String>,
    weeks: i32,
    planned_on: Option<String>,
    days_from: Vec<Since>,
    levers: Vec<Lever>,
    missing: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Since {
    event: String,
    date: Option<String>,
    days: i32,
}

#[derive(Debug, Serialize)]
struct Lever {
    lever: String,
    date: Option<String>,
    days_gained: i32,
    detail: String,
}

pub(super) async fn run(mut args: MilestonesArgs, output: Format) -> Outcome<()> {
    if let Some(programme) = &args.programme {
        args.target.data = Some(run_of(programme)?);
    }
    let target = args.target.open().await?;
    let told = told(&target.peers.delivery, &args).await;
    tell(output, &target.close_after(told).await?)
}

async fn told(peer: &Peer, args: &MilestonesArgs) -> Outcome<Told> {
    let answer = ask!(
        peer,
        "list milestones",
        MilestoneServiceClient.list_milestones,
        ListMilestonesRequest {}
    )?;
    let message = ForecastDeliveryRequest {
        cumulative_count: args.count.unwrap_or(0),
        as_of: args.as_of.map(date_pb),
        weeks: args.weeks,
        confidence_percent: args.confidence,
    };
    let forecast = ask!(
        peer,
        "forecast a milestone",
        MilestoneServiceClient.forecast_delivery,
        message
    )?;
    Ok(Told {
        milestones: answer.milestones.iter().filter_map(Reached::of).collect(),
        forecast: Forecast::of(&forecast),
    })
}

impl Reached {
    fn of(told: &DeliveryMilestone) -> Option<Self> {
        let of = [
            (
                "handed over",
                told.cumulative_delivered,
                &told.delivered_reached_on,
            ),
            ("built", told.cumulative_produced, &told.produced_reached_on),
            ("locked", told.locked_orders, &told.locked_reached_on),
        ];
        let (of, count, on) = of.into_iter().find(|(_, count, _)| *count > 0)?;
        Some(Self {
            event: told.event.clone(),
            published_on: day(told.published_on.as_ref()),
            of,
            count,
            reached_on: day(on.as_ref()),
        })
    }
}

impl Forecast {
    fn of(told: &ForecastDeliveryResponse) -> Self {
        let since = |one: &StartEventDays| Since {
            event: one.event.clone(),
            date: day(one.date.as_ref()),
            days: one.days,
        };
        let lever = |one: &MilestoneLever| Lever {
            lever: one.lever.clone(),
            date: day(one.date.as_ref()),
            days_gained: one.days_gained,
            detail: one.detail.clone(),
        };
        let missing = |one: &Tombstone| format!("{}: {}", one.node, one.detail);
        Self {
            count: told.cumulative_count,
            status: told.status.clone(),
            as_of: day(told.as_of.as_ref()),
            handed_over: told.handed_over_count,
            date: day(told.date.as_ref()),
            earliest: day(told.earliest.as_ref()),
            latest: day(told.latest.as_ref()),
            weeks: told.weeks,
            planned_on: day(told.planned_on.as_ref()),
            days_from: told.days_from.iter().map(since).collect(),
            levers: told.levers.iter().map(lever).collect(),
            missing: told.tombstones.iter().map(missing).collect(),
        }
    }

    fn text(&self) -> String {
        let dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let mut text = format!(
            "{} handed over: {} as of {} ({} so far)\n",
            grouped(self.count),
            self.status.to_lowercase().replace('_', " "),
            dash(&self.as_of),
            grouped(self.handed_over)
        );
        if self.date.is_some() && self.status == "EXPECTED" {
            text.push_str(&format!(
                "by the rate of {} weeks on {}, between {} and {}\n",
                self.weeks,
                dash(&self.date),
                dash(&self.earliest),
                self.latest
                    .clone()
                    .unwrap_or_else(|| "nobody knows when".to_owned())
            ));
        } else if let Some(date) = &self.date {
            text.push_str(&format!("on {date}\n"));
        }
        for one in &self.days_from {
            let event = one.event.to_lowercase().replace('_', " ");
            text.push_str(&format!(
                "{} days from the {event} on {}\n",
                one.days,
                dash(&one.date)
            ));
        }
        if !self.levers.is_empty() {
            text.push_str(&format!(
                "by the plan on {}; what would bring that forward:\n",
                dash(&self.planned_on)
            ));
            let mut rows = table(&["lever", "then on", "days gained", "because"]);
            for one in &self.levers {
                rows.add_row([
                    one.lever.clone(),
                    dash(&one.date),
                    one.days_gained.to_string(),
                    one.detail.clone(),
                ]);
            }
            text.push_str(&table_text(&rows));
        }
        for one in &self.missing {
            text.push_str(&format!("not told by {one}\n"));
        }
        text
    }
}

impl Answer for Told {
    fn text(&self) -> String {
        let mut rows = table(&["milestone", "count", "of", "published", "reached"]);
        for one in &self.milestones {
            rows.add_row([
                one.event.clone(),
                grouped(one.count),
                one.of.to_owned(),
                one.published_on.clone().unwrap_or_default(),
                one.reached_on.clone().unwrap_or_else(|| "-".to_owned()),
            ]);
        }
        let mut text = table_text(&rows);
        text.push_str(&self.forecast.text());
        text
    }
}
