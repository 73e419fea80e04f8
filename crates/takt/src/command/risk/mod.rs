//! `takt risk`: what the loss of each site in a supply network costs, on all tiers: of a programme folder without any service, or of
//! running services against live stock. It must not know how a loss is walked through time.
pub(in crate::command) mod instance;
pub(super) mod live;
mod prediction;
mod told;

use std::cmp::Reverse;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use takt_kernel::{Currency, Date};
use takt_planning::risk::{
    Binding, Exposure, Lost, Money, Network, Paper, Product, Sourcing, earned, exposures, rank,
};

use crate::failure::{Failure, Outcome};
use crate::offline::Offline;
use crate::offline::live::LiveStock;
use crate::output::{Format, tell};
use crate::programme::Folder;
use crate::replay::disruption::Disruption;
use crate::replay::read_programme;

use super::target::{TargetArgs, told_by};
use told::{Site, Stock, Told, cents, days, millionths};

const EXAMPLES: &str = "\
Examples:
  takt risk su7                              every site, the largest loss first
  takt risk su7 --as-of 2024-06-10 --supplier CATL
  takt risk su7 --reallocate                 with other sources standing in, as far as their capacity goes
  takt risk su7 --disrupt RONBAY@2024-09-01:30     what an outage will cost, before `takt replay` plays it
  takt risk ./my-programme --output json
  takt risk                                  of the services of `takt up`: live stock, goods under way, the released plan
  takt risk --data takt-data/su7 --site-stock lost --hidden

Time to survive is how long all vehicles are built as planned after a site is lost; time to recover is when it is back.";

/// The rows that a person is shown unless asked otherwise; JSON holds all.
const SHOWN: usize = 25;
/// The first tier that the plant does not meet in its own orders or those of its suppliers.
const HIDDEN: u32 = 3;
const DAY: i64 = 1000;

/// What `takt risk` is told.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct RiskArgs {
    /// A built-in programme or a folder [default: what services that run know]
    #[arg(value_name = "PROGRAMME", conflicts_with = "data")]
    programme: Option<String>,

    /// The day on which a site is lost [default: the first day of the plan]
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,

    /// Only the sites of this supplier
    #[arg(long, value_name = "ID")]
    supplier: Option<String>,

    /// Let other sources of the same goods give more than their share, as far as capacity goes
    #[arg(long, requires = "programme", conflicts_with = "stock")]
    reallocate: bool,

    /// What the plant has and what is under way to it: a CSV file of item_id, supplier_id (empty for what is in the house), quantity
    #[arg(long, value_name = "FILE", requires = "programme")]
    stock: Option<PathBuf>,

    /// Write what running services have and what is under way to a file that --stock reads
    #[arg(long, value_name = "FILE", conflicts_with = "programme")]
    write_stock: Option<PathBuf>,

    /// Write the network, and what the paper's linear programme says of each site in it, to a file that another solver can check
    #[arg(long, value_name = "FILE.json", requires = "programme")]
    lp: Option<PathBuf>,

    /// Whether finished stock of a lost site counts
    #[arg(long, value_enum, default_value_t, value_name = "RULE")]
    site_stock: SiteStock,

    /// Only hidden sites: those on tier 3 and deeper
    #[arg(long)]
    hidden: bool,

    /// What this outage will cost in vehicles, as `takt replay` would play it; repeatable
    #[arg(long, value_name = "SUPPLIER@DATE:DAYS", requires = "programme", conflicts_with_all = ["as_of", "supplier", "reallocate", "stock", "lp", "site_stock", "hidden"])]
    disrupt: Vec<Disruption>,

    /// The size of the run [default: the programme's own]
    #[arg(long, value_name = "N", requires = "programme", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    vehicles: Option<u32>,

    /// How many sites a person is shown
    #[arg(long, value_name = "N", default_value_t = SHOWN)]
    top: usize,

    #[command(flatten)]
    target: TargetArgs,
}

/// Whether finished stock of a lost site counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum SiteStock {
    /// As the network has it of each site
    #[default]
    Declared,
    /// It lies elsewhere and is used
    Survives,
    /// It is lost with the site
    Lost,
}

pub(super) async fn run(args: RiskArgs, output: Format) -> Outcome<()> {
    let Some(programme) = &args.programme else {
        return told_by!(args.target, output, procurement, |peer| live::told(
            peer, &args
        ));
    };
    let folder = Folder::open(programme)?;
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
            "{supplier} has no site in nodes.csv; `takt risk {programme}` lists those that have"
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
    let stock = match &args.stock {
        Some(file) => LiveStock::read(file)?,
        None => LiveStock::default(),
    };
    let under_way = (args.stock.as_ref()).map(|_| stock.lasting(offline, &products));
    let survives = match args.site_stock {
        SiteStock::Declared => None,
        SiteStock::Survives => Some(true),
        SiteStock::Lost => Some(false),
    };
    let chain = offline.live_chain(as_of, under_way.as_ref(), survives)?;
    if let Some(file) = &args.lp {
        let name = |at: usize| {
            let node = offline.full.nodes.get(at);
            node.map_or_else(String::new, |node| {
                format!("{}/{}", node.supplier, node.item)
            })
        };
        instance::write(file, &chain.network, &products, &margins, name)?;
    }
    let prices: Vec<i64> = offline.prices().iter().map(|price| price.micros).collect();
    let money = Money {
        margins: &margins,
        prices: &prices,
    };
    let mut all = exposures(
        &chain,
        &products,
        money,
        &stock.on_hand(offline)?,
        Vec::new(),
    );
    if args.reallocate {
        stand_in(&mut all, &chain.network, &products, &margins)?;
    }
    let site = |exposure: &Exposure| site(offline, exposure, has_margins);
    all.retain(|exposure| {
        let of = offline.full.nodes.get(exposure.node);
        args.supplier
            .as_ref()
            .is_none_or(|wanted| of.is_some_and(|node| node.supplier.as_str() == wanted))
            && (!args.hidden || exposure.tier >= HIDDEN)
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
        currency: Currency::USD.as_str().to_owned(),
        plan: None,
        result_status: None,
        tombstones: Vec::new(),
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

fn site(offline: &Offline, exposure: &Exposure, has_margins: bool) -> Site {
    let node = offline.full.nodes.get(exposure.node);
    let supplier = node.map_or("", |node| node.supplier.as_str());
    let item = node.map_or("", |node| node.item.as_str());
    let lost = exposure.lost.as_ref();
    let stock = |bridge: &takt_planning::risk::Bridge| Stock {
        item: offline.item_id(bridge.part).to_owned(),
        days: days(bridge.days),
        quantity: days(bridge.quantity),
        cost: cents(bridge.cost),
    };
    Site {
        node: format!("{supplier}/{item}"),
        supplier: supplier.to_owned(),
        item: item.to_owned(),
        name: node.map_or_else(String::new, |node| node.name.clone()),
        tier: exposure.tier,
        hidden: exposure.tier >= HIDDEN,
        ttr_days: exposure.time_to_recover.map(days),
        tts_days: exposure.time_to_survive.map(days),
        lost_vehicles: lost.map(|lost| (millionths(lost.vehicles) * 10.0).round() / 10.0),
        lost_margin: lost.filter(|_| has_margins).map(|lost| cents(lost.margin)),
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
