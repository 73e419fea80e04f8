//! `takt safety`: the safety times that deliveries teach, what they tie up, and setting them. It must not know how anything is learnt: the
//! service says it. Invariant: nothing is changed without `--apply` or `--clear`.
use std::cmp::Reverse;

use clap::Args;
use serde::Serialize;
use takt_contract::date_pb;
use takt_contract::procurement::v1::safety_time_service_client::SafetyTimeServiceClient;
use takt_contract::procurement::v1::{
    LearnSafetyTimesRequest, LearnSafetyTimesResponse, SafetyTime, SafetyTimeBasis,
    StreamSafetyTimesRequest,
};
use takt_kernel::Date;

use super::replay::service;
use super::target::{TargetArgs, run_of};
use crate::connection::{Peer, ask, new_id, read};
use crate::failure::Outcome;
use crate::output::{Answer, Format, day, grouped, table, table_text, tell, whole_money};

const EXAMPLES: &str = "\
Examples:
  takt safety su7                                          what the receipts of a replay teach, nothing is changed
  takt safety su7 --service 99.9% --item BM-01
  takt safety --apply --on 2024-06-03                      set what was learnt, of the services that run
  takt safety --clear --on 2024-06-03 --data takt-data/su7

A safety time asks for goods some days before the evening before their use (docs/safety-stock.md).";

/// The rows that a person is shown unless asked otherwise; JSON holds all.
const SHOWN: usize = 40;

/// What `takt safety` is told.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct SafetyArgs {
    /// The programme whose replay to look at, under ./takt-data [default: the services of --endpoints, --data or takt up]
    #[arg(value_name = "PROGRAMME", conflicts_with_all = ["endpoints", "data", "database_url"])]
    programme: Option<String>,

    /// The share of deliveries that shall be there in time, from 50% to below 100%
    #[arg(long, value_name = "PERCENT", default_value = "99%", value_parser = service)]
    service: i64,

    /// Only this item
    #[arg(long, value_name = "ID")]
    item: Option<String>,

    /// Set what is proposed, for all items; orders released from then on count with it
    #[arg(long, requires = "on", conflicts_with = "clear")]
    apply: bool,

    /// Take all safety times away
    #[arg(long, requires = "on")]
    clear: bool,

    /// The day of it
    #[arg(long, value_name = "DATE")]
    on: Option<Date>,

    /// How many sources a person is shown
    #[arg(long, value_name = "N", default_value_t = SHOWN)]
    top: usize,

    #[command(flatten)]
    target: TargetArgs,
}

#[derive(Debug, Serialize)]
struct Told {
    /// The share of deliveries that shall be in time.
    service: f64,
    sources: Vec<Source>,
    /// What the proposals tie up.
    value: f64,
    currency: String,
    /// What was set; null where nothing was.
    set: Option<Set>,
    #[serde(skip)]
    top: usize,
}

#[derive(Debug, Serialize)]
struct Source {
    item: String,
    supplier: String,
    lead_days: i32,
    /// In force.
    days: i32,
    learnt_on: Option<String>,
    /// Null while nobody has delivered enough.
    proposed_days: Option<i32>,
    basis: Option<&'static str>,
    deliveries: i64,
    /// Null without a proposal.
    value: Option<f64>,
    #[serde(skip)]
    minor: i64,
}

#[derive(Debug, Serialize)]
struct Set {
    sources: i64,
    changed: i64,
    total_days: i64,
    deliveries: i64,
}

pub(super) async fn run(mut args: SafetyArgs, output: Format) -> Outcome<()> {
    if let Some(programme) = &args.programme {
        args.target.data = Some(run_of(programme)?);
    }
    let target = args.target.open().await?;
    let told = told(&target.peers.procurement, &args).await;
    tell(output, &target.close_after(told).await?)
}

async fn told(peer: &Peer, args: &SafetyArgs) -> Outcome<Told> {
    let set = match args.on.filter(|_| args.apply || args.clear) {
        Some(on) => Some(learn(peer, if args.clear { 0 } else { args.service }, on).await?),
        None => None,
    };
    let message = StreamSafetyTimesRequest {
        service_millionths: args.service,
    };
    let mut times = read!(
        peer,
        "read the safety times",
        SafetyTimeServiceClient.stream_safety_times,
        message,
        |page| page.safety_times
    )?;
    times.retain(|time| args.item.as_ref().is_none_or(|item| *item == time.item_id));
    let minor = |time: &SafetyTime| time.proposed_value.as_ref().map(|value| value.minor_units);
    let total: i64 = times.iter().filter_map(minor).sum();
    let currency = times.iter().find_map(|time| time.proposed_value.clone());
    Ok(Told {
        service: args.service as f64 / 1e6,
        sources: times.iter().map(source).collect(),
        value: total as f64 / 100.0,
        currency: currency.map_or_else(String::new, |value| value.currency_code),
        set,
        top: args.top,
    })
}

async fn learn(peer: &Peer, share: i64, on: Date) -> Outcome<Set> {
    let message = LearnSafetyTimesRequest {
        request_id: new_id(),
        service_millionths: share,
        learnt_on: Some(date_pb(on)),
    };
    let LearnSafetyTimesResponse {
        source_count,
        changed_count,
        total_days,
        delivery_count,
    } = ask!(
        peer,
        "set the safety times",
        SafetyTimeServiceClient.learn_safety_times,
        message
    )?;
    Ok(Set {
        sources: source_count,
        changed: changed_count,
        total_days,
        deliveries: delivery_count,
    })
}

fn source(time: &SafetyTime) -> Source {
    let minor = time.proposed_value.as_ref().map(|value| value.minor_units);
    Source {
        item: time.item_id.clone(),
        supplier: time.supplier_id.clone(),
        lead_days: time.lead_time_days,
        days: time.days,
        learnt_on: day(time.learnt_on.as_ref()),
        proposed_days: time.proposed_days,
        basis: match time.basis() {
            SafetyTimeBasis::Unspecified => None,
            SafetyTimeBasis::Source => Some("source"),
            SafetyTimeBasis::Supplier => Some("supplier"),
            SafetyTimeBasis::Everybody => Some("everybody"),
        },
        deliveries: time.delivery_count,
        value: minor.map(|minor| minor as f64 / 100.0),
        minor: minor.unwrap_or(0),
    }
}

impl Answer for Told {
    fn text(&self) -> String {
        let mut rows = table(&[
            "item",
            "supplier",
            ">lead days",
            ">in force",
            ">proposed",
            "learnt from",
            ">deliveries",
            ">ties up",
        ]);
        let mut sources: Vec<&Source> = self.sources.iter().collect();
        // The longest stand on top, of those the dearest.
        sources.sort_by_key(|source| Reverse((source.proposed_days, source.minor)));
        for source in sources.iter().take(self.top) {
            let proposed = source.proposed_days;
            rows.add_row([
                source.item.clone(),
                source.supplier.clone(),
                source.lead_days.to_string(),
                source.days.to_string(),
                proposed.map_or_else(|| "-".to_owned(), |days| days.to_string()),
                source.basis.unwrap_or("nobody yet").to_owned(),
                grouped(source.deliveries),
                whole_money(source.minor),
            ]);
        }
        let mut text = format!(
            "Safety times for {} % of deliveries in time, in days\n\n{}",
            self.service * 100.0,
            table_text(&rows)
        );
        let more = self.sources.len().saturating_sub(self.top);
        if more > 0 {
            text.push_str(&format!(
                "{more} more; --top shows them, --output json holds all\n"
            ));
        }
        let minor = self.sources.iter().map(|source| source.minor).sum();
        text.push_str(&format!(
            "all that is proposed ties up {} {}\n",
            whole_money(minor),
            self.currency
        ));
        if let Some(set) = &self.set {
            text.push_str(&format!(
                "set: {} sources, {} of them changed, {} days in all, learnt from {} deliveries\n",
                grouped(set.sources),
                grouped(set.changed),
                grouped(set.total_days),
                grouped(set.deliveries)
            ));
        }
        text
    }
}
