//! `takt risk`: what the loss of each site in a programme's supply network costs, on all tiers, without any service. It must not know
//! how a loss is walked through time. Invariant: a figure that nobody knows is null, never 0.
mod prediction;

use std::cmp::Reverse;
use std::time::Instant;

use clap::Args;
use serde::Serialize;
use takt_kernel::{Currency, Date};
use takt_planning::risk::{
    Binding, Exposure, FULL, Lost, Money, Network, Paper, Product, Sourcing, earned, exposures,
    rank,
};

use crate::failure::{Failure, Outcome};
use crate::offline::Offline;
use crate::offline::network::Stocks;
use crate::output::{Answer, Format, grouped, table, table_text, tell};
use crate::programme::Folder;
use crate::replay::disruption::Disruption;
use crate::replay::read_programme;

const EXAMPLES: &str = "\
Examples:
  takt risk su7                              every site, the largest loss first
  takt risk su7 --as-of 2024-06-10 --supplier CATL
  takt risk su7 --reallocate                 with other sources standing in, as far as their capacity goes
  takt risk su7 --disrupt RONBAY@2024-09-01:30     what an outage will cost, before `takt replay` plays it
  takt risk ./my-programme --output json

Time to survive is how long all vehicles are built as planned after a site is lost; time to recover is when it is back.";

/// The rows that a person is shown unless asked otherwise; JSON holds all.
const SHOWN: usize = 25;
const DAY: i64 = 1000;

/// What `takt risk` is told.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct RiskArgs {
    /// A built-in programme or a folder
    #[arg(value_name = "PROGRAMME")]
    programme: String,

    /// The day on which a site is lost [default: the first day of the plan]
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,

    /// Only the sites of this supplier
    #[arg(long, value_name = "ID")]
    supplier: Option<String>,

    /// Let other sources of the same goods give more than their share, as far as capacity goes
    #[arg(long)]
    reallocate: bool,

    /// What this outage will cost in vehicles, as `takt replay` would play it; repeatable
    #[arg(long, value_name = "SUPPLIER@DATE:DAYS", conflicts_with_all = ["as_of", "supplier", "reallocate"])]
    disrupt: Vec<Disruption>,

    /// The size of the run of which an outage is predicted [default: the programme's own]
    #[arg(long, value_name = "N", requires = "disrupt", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    vehicles: Option<u32>,

    /// How many sites a person is shown
    #[arg(long, value_name = "N", default_value_t = SHOWN)]
    top: usize,
}

/// The sites as they are told.
#[derive(Debug, Serialize)]
struct Told {
    programme: String,
    as_of: String,
    sourcing: &'static str,
    currency: &'static str,
    nodes: Vec<Site>,
    elapsed_seconds: f64,
    #[serde(skip)]
    top: usize,
}

#[derive(Debug, Serialize)]
struct Site {
    node: String,
    supplier: String,
    item: String,
    name: String,
    tier: u32,
    ttr_days: Option<f64>,
    /// Null: never runs out within the plan.
    tts_days: Option<f64>,
    lost_vehicles: Option<f64>,
    lost_margin: Option<f64>,
    /// The risk exposure index: the loss relative to the largest.
    rei: Option<f64>,
    /// The part that ends first.
    binding: Option<String>,
    mitigation: Vec<Stock>,
    /// `TIER_UNKNOWN` where nobody knows when the site is back.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

/// Stock at the plant that bridges the loss.
#[derive(Debug, Serialize)]
struct Stock {
    item: String,
    days: f64,
    quantity: f64,
    cost: f64,
}

pub(super) fn run(args: RiskArgs, output: Format) -> Outcome<()> {
    let folder = Folder::open(&args.programme)?;
    let offline = Offline::sized(read_programme(&folder, true)?, args.vehicles)?;
    if !args.disrupt.is_empty() {
        return tell(output, &prediction::predicted(&offline, &args.disrupt)?);
    }
    if let Some(supplier) = &args.supplier
        && !offline
            .full
            .nodes
            .iter()
            .any(|node| node.supplier.as_str() == supplier)
    {
        let message = format!(
            "{supplier} has no site in nodes.csv; `takt risk {}` lists those that have",
            args.programme
        );
        return Err(Failure::bad_input(message));
    }
    tell(output, &told(&args, &offline)?)
}

fn told(args: &RiskArgs, offline: &Offline) -> Outcome<Told> {
    let begun = Instant::now();
    let as_of = args.as_of.unwrap_or(offline.first());
    let planned = offline.products_from(as_of);
    let (margins, has_margins) = offline.margins_of(&planned)?;
    let products: Vec<Product> = planned.into_iter().map(|(_, product)| product).collect();
    let chain = offline.chain(as_of, Stocks::All)?;
    let prices: Vec<i64> = offline.prices().iter().map(|price| price.micros).collect();
    let money = Money {
        margins: &margins,
        prices: &prices,
    };
    let mut all = exposures(&chain, &products, money, &[]);
    if args.reallocate {
        stand_in(&mut all, &chain.network, &products, &margins)?;
    }
    let site = |exposure: &Exposure| site(offline, exposure, has_margins);
    all.retain(|exposure| {
        let of = offline.full.nodes.get(exposure.node);
        args.supplier
            .as_ref()
            .is_none_or(|wanted| of.is_some_and(|node| node.supplier.as_str() == wanted))
    });
    let loss = |exposure: &Exposure| {
        let lost = exposure.lost.as_ref();
        (
            lost.map_or(0, |lost| lost.margin),
            lost.map_or(0, |lost| lost.vehicles),
        )
    };
    all.sort_by_key(|exposure| (Reverse(loss(exposure)), exposure.node));
    Ok(Told {
        programme: offline.full.id.to_string(),
        as_of: as_of.to_string(),
        sourcing: if args.reallocate {
            "REALLOCATE"
        } else {
            "KEEP_SHARES"
        },
        currency: Currency::USD.as_str(),
        nodes: all.iter().map(site).collect(),
        elapsed_seconds: begun.elapsed().as_secs_f64(),
        top: args.top,
    })
}

/// Puts the paper's linear programme in the place of the walk: other sources stand in as far as their capacity goes.
fn stand_in(
    all: &mut [Exposure],
    network: &Network,
    products: &[Product],
    margins: &[i64],
) -> Outcome<()> {
    let broken = |error: takt_planning::risk::PaperError| Failure::broken(error.to_string());
    for exposure in all.iter_mut() {
        let (Some(until), Some(lost)) = (exposure.time_to_recover, &mut exposure.lost) else {
            continue;
        };
        let days = usize::try_from((until + DAY - 1) / DAY).unwrap_or(0);
        let paper = Paper::new(network, products, margins, days);
        let nodes = [exposure.node];
        exposure.time_to_survive =
            (paper.time_to_survive(&nodes, Sourcing::Reallocate)).map_err(broken)?;
        if exposure.time_to_survive.is_none() {
            exposure.binding = None;
        }
        let vehicles = (paper.lost(&nodes, until, Sourcing::Reallocate)).map_err(broken)?;
        lost.vehicles = vehicles.iter().sum();
        lost.margin = earned(&vehicles, margins);
        lost.bridge.retain(|_| lost.vehicles > 0);
    }
    rank(all);
    Ok(())
}

fn days(thousandths: i64) -> f64 {
    thousandths as f64 / DAY as f64
}

fn millionths(value: i64) -> f64 {
    value as f64 / FULL as f64
}

fn site(offline: &Offline, exposure: &Exposure, has_margins: bool) -> Site {
    let node = offline.full.nodes.get(exposure.node);
    let supplier = node.map_or("", |node| node.supplier.as_str());
    let item = node.map_or("", |node| node.item.as_str());
    let lost = exposure.lost.as_ref();
    let stock = |bridge: &takt_planning::risk::Bridge| Stock {
        item: offline.item_id(bridge.part).to_owned(),
        days: days(bridge.days),
        quantity: days(bridge.quantity),
        cost: millionths(bridge.cost).round(),
    };
    Site {
        node: format!("{supplier}/{item}"),
        supplier: supplier.to_owned(),
        item: item.to_owned(),
        name: node.map_or_else(String::new, |node| node.name.clone()),
        tier: exposure.tier,
        ttr_days: exposure.time_to_recover.map(days),
        tts_days: exposure.time_to_survive.map(days),
        lost_vehicles: lost.map(|lost| (millionths(lost.vehicles) * 10.0).round() / 10.0),
        lost_margin: lost
            .filter(|_| has_margins)
            .map(|lost| millionths(lost.margin).round()),
        rei: lost.map(|lost| millionths(lost.index)),
        binding: exposure
            .binding
            .map(|Binding::Part(part)| offline.item_id(part).to_owned()),
        mitigation: lost.map_or_else(Vec::new, |lost: &Lost| {
            lost.bridge.iter().map(stock).collect()
        }),
        reason: exposure.time_to_recover.is_none().then_some("TIER_UNKNOWN"),
    }
}

impl Answer for Told {
    fn text(&self) -> String {
        let mut rows = table(&[
            "site",
            "makes",
            ">tier",
            ">back after",
            ">survives",
            ">vehicles lost",
            ">margin lost",
            ">index",
            "ends first",
            ">stock to bridge",
        ]);
        let dash = || "-".to_owned();
        let whole = |value: f64| grouped(value.round() as i64);
        let one = |value: f64| format!("{value:.1} d");
        for site in self.nodes.iter().take(self.top) {
            let bridge: f64 = site.mitigation.iter().map(|stock| stock.cost).sum();
            rows.add_row([
                site.supplier.clone(),
                format!("{} {}", site.item, site.name),
                site.tier.to_string(),
                site.ttr_days.map_or_else(|| "unknown".to_owned(), one),
                site.tts_days.map_or_else(|| "always".to_owned(), one),
                site.lost_vehicles.map_or_else(dash, whole),
                site.lost_margin.map_or_else(dash, whole),
                site.rei.map_or_else(dash, |index| format!("{index:.3}")),
                site.binding.clone().unwrap_or_default(),
                if site.mitigation.is_empty() {
                    dash()
                } else {
                    whole(bridge)
                },
            ]);
        }
        let costly = |site: &&Site| site.lost_vehicles.is_some_and(|lost| lost > 0.0);
        let deep = self
            .nodes
            .iter()
            .filter(costly)
            .filter(|site| site.tier >= 3)
            .count();
        let more = self.nodes.len().saturating_sub(self.top);
        let mut text = format!(
            "{}, a site lost on {}; {} sites, {} of them cost vehicles, {deep} of those on tier 3 or deeper\n\n{}",
            self.programme,
            self.as_of,
            self.nodes.len(),
            self.nodes.iter().filter(costly).count(),
            table_text(&rows),
        );
        if more > 0 {
            text.push_str(&format!(
                "and {more} more; --top N shows more, --output json all\n"
            ));
        }
        text.push_str(&format!(
            "margin and stock in {}; {}; computed in {:.2} s\n",
            self.currency,
            match self.sourcing {
                "REALLOCATE" => "other sources stand in as far as their capacity goes",
                _ => "other sources keep their shares",
            },
            self.elapsed_seconds,
        ));
        text
    }
}
