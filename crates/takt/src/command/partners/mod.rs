//! `takt partners`: a programme's suppliers side by side, by exposure, spend, stake and alternatives, and where money spares most of what
//! an outage costs. It must not know how a loss is walked. Invariant: a measure whose cost nobody gave is told without a rank; nothing is
//! ranked by a cost that was made up.
mod live;
mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use clap::Args;
use serde::Serialize;
use takt_kernel::Date;
use takt_planning::risk::{
    Assessor, Binding, Chain, FULL, Money, Paper, Partner, Product, Sourcing, Spared, earned,
    partner,
};

use super::stock::percent;
use super::target::{TargetArgs, told_by};
use crate::failure::{Failure, Outcome};
use crate::offline::Offline;
use crate::offline::network::Stocks;
use crate::offline::partner::Interest;
use crate::output::{Format, tell};
use crate::programme::Folder;
use crate::replay::read_programme;

const EXAMPLES: &str = "\
Examples:
  takt partners su7                          every supplier, the largest loss first
  takt partners su7 --supplier CATL          one supplier, with all that is known of it
  takt partners su7 --second-source 400000   with what another source for one item costs, so that it is ranked
  takt partners su7 --capacity               what agreed capacity at others who are there would spare (slower)
  takt partners                              of the services of `takt up`: live stock, the released plan, reserved capacity
  takt partners su7 --record                 send the folder's stakes to the services

A loss is that of all sites of a supplier at once, until the last of them is back. What a measure spares is told for one outage.";

const SHOWN: usize = 20;
const DAY: i64 = 1000;

/// What `takt partners` is told.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct PartnersArgs {
    /// A built-in programme or a folder [default: what services that run know]
    #[arg(value_name = "PROGRAMME")]
    programme: Option<String>,

    /// Send the folder's stakes to services that run, and do nothing else
    #[arg(long, requires = "programme", conflicts_with_all = ["as_of", "supplier", "second_source", "capacity"])]
    record: bool,

    /// The day on which a supplier is lost [default: the first day of the plan]
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,

    /// Only this supplier
    #[arg(long, value_name = "ID")]
    supplier: Option<String>,

    /// What it costs to bring up another source for one item, in the parts' currency; a folder does not say it
    #[arg(long, value_name = "MONEY", value_parser = clap::value_parser!(u32).range(1..))]
    second_source: Option<u32>,

    /// What another source would give of the need
    #[arg(long, value_name = "PERCENT", default_value = "50%", value_parser = percent)]
    second_share: i64,

    /// Let other sources that are there give more, as far as their capacity goes, and say what that spares
    #[arg(long)]
    capacity: bool,

    /// How many suppliers and measures a person is shown
    #[arg(long, value_name = "N", default_value_t = SHOWN)]
    top: usize,

    #[command(flatten)]
    target: TargetArgs,
}

#[derive(Debug, Serialize)]
struct Told {
    programme: String,
    as_of: String,
    currency: String,
    suppliers: Vec<Supplier>,
    measures: Vec<Measure>,
    /// Stakes in companies that supply nothing here.
    other_stakes: Vec<OtherStake>,
    elapsed_seconds: f64,
    #[serde(skip)]
    top: usize,
}

#[derive(Debug, Serialize)]
struct Supplier {
    supplier: String,
    name: String,
    tier: i64,
    sites: usize,
    ttr_days: Option<f64>,
    /// Null: never runs out within the plan.
    tts_days: Option<f64>,
    lost_vehicles: Option<f64>,
    lost_margin: Option<f64>,
    /// The loss relative to the largest of all suppliers; null where one was asked for.
    exposure: Option<f64>,
    binding: Option<String>,
    /// From the day of the loss to the end of the plan; null where no price is known, as above tier 1.
    spend: Option<f64>,
    stake: Option<Stake>,
    /// Needs of its customers that it covers, and those that nobody else does.
    needs: usize,
    needs_alone: usize,
    alternatives: Vec<String>,
    /// `TIER_UNKNOWN` where nobody knows when its sites are back.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

/// What the house owns.
#[derive(Debug, Clone, Copy, Serialize)]
struct Stake {
    /// Effective interest, of the stakes that are public.
    effective_share: f64,
    /// A stake is held whose size is not public.
    more_not_public: bool,
}

#[derive(Debug, Serialize)]
struct OtherStake {
    company: String,
    #[serde(flatten)]
    stake: Stake,
}

/// Money against a loss.
#[derive(Debug, Serialize)]
struct Measure {
    supplier: String,
    /// `STOCK`, `SECOND_SOURCE` or `CAPACITY`.
    measure: &'static str,
    spared_vehicles: f64,
    spared_margin: f64,
    /// Null where nobody gave it.
    cost: Option<f64>,
    /// Margin that one unit of money spares in one outage.
    spared_per_money: Option<f64>,
}

pub(super) async fn run(args: PartnersArgs, output: Format) -> Outcome<()> {
    let begun = Instant::now();
    let Some(programme) = &args.programme else {
        return told_by!(args.target, output, procurement, |peer| live::told(
            peer, &args
        ));
    };
    let folder = Folder::open(programme)?;
    let offline = Offline::sized(read_programme(&folder, true)?, None)?;
    if args.record {
        return told_by!(args.target, output, procurement, |peer| live::record(
            peer, &offline
        ));
    }
    let mut sites: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, node) in offline.full.nodes.iter().enumerate() {
        sites.entry(node.supplier.as_str()).or_default().push(at);
    }
    if let Some(wanted) = &args.supplier {
        sites.retain(|supplier, _| supplier == wanted);
        if sites.is_empty() {
            let told = format!(
                "{wanted} has no site in nodes.csv; `takt partners {programme}` lists those that have"
            );
            return Err(Failure::bad_input(told));
        }
    }
    let told = View::new(&args, &offline)?.told(&sites, begun)?;
    tell(output, &told)
}

/// What everything is computed from.
struct View<'a> {
    args: &'a PartnersArgs,
    offline: &'a Offline,
    as_of: Date,
    products: Vec<Product>,
    margins: Vec<i64>,
    has_margins: bool,
    prices: Vec<i64>,
    chain: Chain,
    interests: BTreeMap<&'a str, Interest>,
}

impl<'a> View<'a> {
    fn new(args: &'a PartnersArgs, offline: &'a Offline) -> Outcome<Self> {
        let as_of = args.as_of.unwrap_or(offline.first());
        let planned = offline.still_to_build(as_of)?;
        let (margins, has_margins) = offline.margins_of(&planned)?;
        Ok(Self {
            args,
            offline,
            as_of,
            products: planned.into_iter().map(|(_, product)| product).collect(),
            margins,
            has_margins,
            prices: offline.prices().iter().map(|price| price.micros).collect(),
            chain: offline.chain(as_of, Stocks::All)?,
            interests: offline.interests()?,
        })
    }

    fn told(&self, sites: &BTreeMap<&str, Vec<usize>>, begun: Instant) -> Outcome<Told> {
        let network = &self.chain.network;
        let assessor = Assessor::new(network, &self.products);
        let money = Money {
            margins: &self.margins,
            prices: &self.prices,
        };
        let spend = self.offline.spend(&self.products);
        let (mut suppliers, mut measures) = (Vec::new(), Vec::new());
        for (supplier, nodes) in sites {
            let found = partner(
                network,
                &assessor,
                &self.products,
                money,
                nodes,
                self.args.second_share,
            );
            self.measured(supplier, nodes, &found, &mut measures)?;
            suppliers.push(self.supplier(supplier, nodes, &found, spend.get(supplier).copied()));
        }
        let most = suppliers
            .iter()
            .filter_map(Supplier::loss)
            .fold(0.0, f64::max);
        // Relative to the largest of all; who asks for one supplier has nothing to relate it to.
        let all = self.args.supplier.is_none();
        for supplier in suppliers.iter_mut().filter(|_| all) {
            supplier.exposure = supplier
                .loss()
                .map(|loss| if most > 0.0 { loss / most } else { 0.0 });
        }
        suppliers.sort_by(|a, b| {
            b.exposure
                .unwrap_or(-1.0)
                .total_cmp(&a.exposure.unwrap_or(-1.0))
        });
        measures.sort_by(|a: &Measure, b: &Measure| {
            let key = |measure: &Measure| {
                (
                    measure.spared_per_money.unwrap_or(-1.0),
                    measure.spared_margin,
                )
            };
            let (a, b) = (key(a), key(b));
            b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1))
        });
        let others = self
            .interests
            .iter()
            .filter(|(company, _)| self.args.supplier.is_none() && !sites.contains_key(**company));
        Ok(Told {
            programme: self.offline.full.id.to_string(),
            as_of: self.as_of.to_string(),
            currency: self.offline.currency(),
            other_stakes: others
                .map(|(company, interest)| OtherStake {
                    company: (*company).to_owned(),
                    stake: stake(interest),
                })
                .collect(),
            suppliers,
            measures,
            elapsed_seconds: begun.elapsed().as_secs_f64(),
            top: self.args.top,
        })
    }

    fn supplier(&self, id: &str, nodes: &[usize], found: &Partner, spend: Option<i64>) -> Supplier {
        let programme = &self.offline.full;
        let known = programme
            .suppliers
            .iter()
            .find(|supplier| supplier.id.as_str() == id);
        let beside: BTreeSet<&str> = (found.beside.iter())
            .filter_map(|node| Some(programme.nodes.get(*node)?.supplier.as_str()))
            .filter(|other| *other != id)
            .collect();
        let lost = found.lost.as_ref();
        Supplier {
            supplier: id.to_owned(),
            name: known.map_or_else(String::new, |supplier| supplier.name.clone()),
            tier: known.map_or(0, |supplier| supplier.tier),
            sites: nodes.len(),
            ttr_days: found.time_to_recover.map(days),
            tts_days: found.time_to_survive.map(days),
            lost_vehicles: lost.map(|lost| tenth(lost.vehicles)),
            lost_margin: lost
                .filter(|_| self.has_margins)
                .map(|lost| millionths(lost.margin).round()),
            exposure: None,
            binding: found
                .binding
                .map(|Binding::Part(part)| self.offline.item_id(part).to_owned()),
            spend: spend.map(|spend| millionths(spend).round()),
            stake: self.interests.get(id).map(stake),
            needs: found.needs,
            needs_alone: found.alone,
            alternatives: beside.into_iter().map(str::to_owned).collect(),
            reason: found.time_to_recover.is_none().then_some("TIER_UNKNOWN"),
        }
    }

    /// What would spare how much of a supplier's loss.
    fn measured(
        &self,
        id: &str,
        nodes: &[usize],
        found: &Partner,
        measures: &mut Vec<Measure>,
    ) -> Outcome<()> {
        let (Some(lost), Some(until)) = (
            found.lost.filter(|lost| lost.vehicles > 0),
            found.time_to_recover,
        ) else {
            return Ok(());
        };
        let mut add = |measure, spared: Spared, cost: Option<f64>| {
            let margin = millionths(spared.margin).round();
            measures.push(Measure {
                supplier: id.to_owned(),
                measure,
                spared_vehicles: tenth(spared.vehicles),
                spared_margin: margin,
                cost,
                spared_per_money: cost
                    .filter(|cost| *cost > 0.0 && self.has_margins)
                    .map(|cost| margin / cost),
            });
        };
        let bridge: f64 = found
            .bridge
            .iter()
            .map(|stock| millionths(stock.cost))
            .sum();
        add("STOCK", lost, Some(bridge.round()));
        if let Some(spared) = found.second_source {
            let items = nodes.len() as f64;
            add(
                "SECOND_SOURCE",
                spared,
                self.args.second_source.map(|cost| f64::from(cost) * items),
            );
        }
        if self.args.capacity && !found.beside.is_empty() {
            let length = usize::try_from((until + DAY - 1) / DAY).unwrap_or(0);
            let paper = Paper::new(&self.chain.network, &self.products, &self.margins, length);
            let left = (paper.lost(nodes, until, Sourcing::Reallocate))
                .map_err(|error| Failure::broken(error.to_string()))?;
            let spared = Spared {
                vehicles: (lost.vehicles - left.iter().sum::<i64>()).max(0),
                margin: (lost.margin - earned(&left, &self.margins)).max(0),
            };
            add("CAPACITY", spared, None);
        }
        Ok(())
    }
}

impl Supplier {
    /// Margin where it is known, else vehicles.
    fn loss(&self) -> Option<f64> {
        self.lost_margin.or(self.lost_vehicles)
    }
}

fn stake(interest: &Interest) -> Stake {
    Stake {
        effective_share: millionths(interest.known),
        more_not_public: interest.more,
    }
}

fn days(thousandths: i64) -> f64 {
    thousandths as f64 / DAY as f64
}

fn millionths(value: i64) -> f64 {
    value as f64 / FULL as f64
}

fn tenth(value: i64) -> f64 {
    (millionths(value) * 10.0).round() / 10.0
}
