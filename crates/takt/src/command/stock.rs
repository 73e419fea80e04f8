//! `takt stock`: where safety stock lies cheapest in a programme's supply network, against rules that look at one stage at a time. It
//! must not know how stock is placed. Invariant: all rules are told for the same service and the same parts.
use std::cmp::Reverse;
use std::time::Instant;

use clap::Args;
use serde::Serialize;
use takt_kernel::{Date, half_even_div};
use takt_planning::safety_stock::{
    Placed, Placing, STOCK_UNIT, Stage, bound, each_stage, last_stages, optimum,
};
use takt_planning::statistics::normal_quantile;

use crate::failure::{Failure, Outcome};
use crate::offline::Offline;
use crate::offline::buffer::{self, Chain, Wanted};
use crate::output::{Answer, Format, grouped, table, table_text, tell};
use crate::programme::Folder;
use crate::replay::read_programme;

const EXAMPLES: &str = "\
Examples:
  takt stock su7                             the parts whose stock ties up most, at 95 % service
  takt stock su7 --service 99% --as-of 2024-09-01
  takt stock su7 --item BM-01                every stage behind one part
  takt stock ./my-programme --output json

Four answers for one service: what a planner keeps at the plant for the agreed lead time, every site for itself, the plant alone for
the whole chain, and the placing that ties up least money.";

/// The rows that a person is shown unless asked otherwise; JSON holds all.
const SHOWN: usize = 20;
const MILLION: i64 = 1_000_000;

/// What `takt stock` is told.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct StockArgs {
    /// A built-in programme or a folder
    #[arg(value_name = "PROGRAMME")]
    programme: String,

    /// How often stock must last, from 50% to below 100%
    #[arg(long, value_name = "PERCENT", default_value = "95%", value_parser = percent)]
    service: i64,

    /// The first day of the need [default: the first day of the plan]
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,

    /// The days whose need is looked at
    #[arg(long, value_name = "N", default_value_t = 28, value_parser = clap::value_parser!(u16).range(2..=365))]
    days: u16,

    /// What the materials of an item are worth of the item itself; a programme folder does not say it
    #[arg(long, value_name = "PERCENT", default_value = "60%", value_parser = percent)]
    materials: i64,

    /// Only this part, with every stage behind it
    #[arg(long, value_name = "ID")]
    item: Option<String>,

    /// How many parts a person is shown
    #[arg(long, value_name = "N", default_value_t = SHOWN)]
    top: usize,
}

/// A percentage with up to four decimals, in millionths.
pub(super) fn percent(text: &str) -> Result<i64, String> {
    let told = || format!("{text:?} is no percentage; write 95% or 99.5%");
    let number = text.strip_suffix('%').unwrap_or(text).trim();
    let (whole, places) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 3 || places.len() > 4 || !digits(whole) || !digits(places)
    {
        return Err(told());
    }
    let millionths: i64 = format!("{whole}{places:0<4}").parse().map_err(|_| told())?;
    if millionths > MILLION {
        return Err(format!("{text} is more than a whole"));
    }
    Ok(millionths)
}

#[derive(Debug, Serialize)]
struct Told {
    programme: String,
    as_of: String,
    days: u16,
    service: f64,
    quantile: f64,
    /// What the materials of an item are taken to be worth of it: an assumption, not the folder's.
    materials: f64,
    currency: String,
    total: Rules,
    tiers: Vec<Tier>,
    parts: Vec<Part>,
    left_out: Vec<LeftOut>,
    elapsed_seconds: f64,
    #[serde(skip)]
    top: usize,
    #[serde(skip)]
    whole: bool,
}

/// Money tied up in safety stock by each rule.
#[derive(Debug, Clone, Copy, Default, Serialize)]
struct Rules {
    /// At the plant alone, for the agreed lead time; it trusts that suppliers always have stock.
    lead_time_rule: f64,
    /// Every site keeps stock for its own work.
    each_stage: f64,
    /// The plant alone keeps stock, for the whole chain.
    plant_alone: f64,
    /// The placing that ties up least.
    optimum: f64,
}

#[derive(Debug, Serialize)]
struct Tier {
    tier: u32,
    stages: usize,
    each_stage: f64,
    optimum: f64,
}

#[derive(Debug, Serialize)]
struct Part {
    item: String,
    name: String,
    need_per_day: f64,
    deviation: f64,
    /// From the first supplier of the longest chain to the plant.
    chain_days: i64,
    #[serde(flatten)]
    rules: Rules,
    stages: Vec<Stop>,
}

/// A stage in the cheapest placing.
#[derive(Debug, Serialize)]
struct Stop {
    site: String,
    item: String,
    tier: u32,
    /// The place of the stage that it supplies in this list.
    customer: Option<usize>,
    processing_days: i64,
    /// What stock for one part is worth here.
    unit_value: f64,
    /// The deviation of a day's need, in units of the part.
    deviation: f64,
    waits_days: i64,
    quotes_days: i64,
    bridges_days: i64,
    /// The stock in days of the need that comes this way.
    stock_days: f64,
    value: f64,
}

/// A part without an answer.
#[derive(Debug, Serialize)]
struct LeftOut {
    item: String,
    reason: &'static str,
    why: String,
}

pub(super) fn run(args: StockArgs, output: Format) -> Outcome<()> {
    let begun = Instant::now();
    let quantile = normal_quantile(args.service)
        .filter(|quantile| *quantile >= 0)
        .ok_or_else(|| Failure::usage("--service is from 50% to below 100%"))?;
    let folder = Folder::open(&args.programme)?;
    let offline = Offline::sized(read_programme(&folder, true)?, None)?;
    if let Some(wanted) = &args.item {
        let bought = offline
            .item(wanted)
            .and_then(|at| offline.full.items.get(at));
        if bought.is_none_or(|item| item.make) {
            let told = format!(
                "{wanted} is no bought item of {}; items.csv lists them",
                args.programme
            );
            return Err(Failure::bad_input(told));
        }
    }
    let wanted = Wanted {
        as_of: args.as_of.unwrap_or(offline.first()),
        days: args.days.into(),
        material_share: args.materials,
    };
    let mut told = Told {
        programme: offline.full.id.to_string(),
        as_of: wanted.as_of.to_string(),
        days: args.days,
        service: fraction(args.service),
        quantile: fraction(quantile),
        materials: fraction(args.materials),
        currency: offline.currency(),
        total: Rules::default(),
        tiers: Vec::new(),
        parts: Vec::new(),
        left_out: Vec::new(),
        elapsed_seconds: 0.0,
        top: args.top,
        whole: args.item.is_some(),
    };
    for (at, chain) in offline.buffers(wanted)? {
        let id = offline.item_id(at);
        if args.item.as_ref().is_some_and(|item| item != id) {
            continue;
        }
        match chain {
            Ok(chain) => told.add(part(&offline, &chain, quantile)),
            Err(why) => told.left_out.push(LeftOut {
                item: id.to_owned(),
                reason: "TIER_UNKNOWN",
                why,
            }),
        }
    }
    if told.parts.is_empty() && told.left_out.is_empty() {
        let what = args.item.as_deref().unwrap_or("no bought part");
        let not = if args.item.is_some() { "not " } else { "" };
        return Err(Failure::bad_input(format!(
            "{what} is {not}needed in the {} days from {} on; the plan is from {} to {}",
            args.days,
            wanted.as_of,
            offline.first(),
            offline.full.plan_last,
        )));
    }
    told.parts
        .sort_by_key(|part| Reverse((part.rules.optimum * 1e6) as i64));
    told.elapsed_seconds = begun.elapsed().as_secs_f64();
    tell(output, &told)
}

fn fraction(millionths: i64) -> f64 {
    millionths as f64 / MILLION as f64
}

impl Told {
    fn add(&mut self, (part, apart): (Part, Vec<f64>)) {
        let (total, rules) = (&mut self.total, &part.rules);
        total.lead_time_rule += rules.lead_time_rule;
        total.each_stage += rules.each_stage;
        total.plant_alone += rules.plant_alone;
        total.optimum += rules.optimum;
        for (stage, apart) in part.stages.iter().zip(apart) {
            let at = self
                .tiers
                .binary_search_by_key(&stage.tier, |tier| tier.tier);
            let at = at.unwrap_or_else(|at| {
                let tier = Tier {
                    tier: stage.tier,
                    stages: 0,
                    each_stage: 0.0,
                    optimum: 0.0,
                };
                self.tiers.insert(at, tier);
                at
            });
            if let Some(tier) = self.tiers.get_mut(at) {
                tier.stages += 1;
                tier.each_stage += apart;
                tier.optimum += stage.value;
            }
        }
        self.parts.push(part);
    }
}

/// A part, and what each of its stages ties up where every site keeps stock for itself.
fn part(offline: &Offline, chain: &Chain, quantile: i64) -> (Part, Vec<f64>) {
    let item = offline.full.items.get(chain.item);
    let price = item.map_or(0, |item| item.unit_cost.micros);
    let best = optimum(&chain.tree, quantile);
    let apart = each_stage(&chain.tree, quantile);
    // Each source's lots come in turn, so that its need strays with its share.
    let at_plant = chain.agreed.iter().map(|(lead, share)| {
        let stock = bound(chain.demand.variance, *lead, quantile) * i128::from(*share);
        half_even_div(stock * i128::from(price), STOCK_UNIT * i128::from(MILLION)).unwrap_or(0)
    });
    let stops = chain
        .stops
        .iter()
        .zip(chain.tree.stages())
        .zip(&best.stages);
    let told = Part {
        item: offline.item_id(chain.item).to_owned(),
        name: item.map_or_else(String::new, |item| item.name.clone()),
        need_per_day: fraction(chain.demand.mean),
        deviation: deviation(chain.demand.variance),
        chain_days: (0..chain.stops.len())
            .map(|at| chain.tree.longest(at))
            .max()
            .unwrap_or(0),
        rules: Rules {
            lead_time_rule: fraction(at_plant.sum()),
            each_stage: money(&apart),
            plant_alone: money(&last_stages(&chain.tree, quantile)),
            optimum: money(&best),
        },
        stages: stops
            .map(|((at, stage), placed)| stop(chain, at, stage, placed))
            .collect(),
    };
    let apart = apart.stages.iter().map(|stage| fraction(stage.cost));
    (told, apart.collect())
}

fn money(placing: &Placing) -> f64 {
    fraction(placing.cost)
}

fn deviation(variance: u128) -> f64 {
    (variance as f64).sqrt() / MILLION as f64
}

fn stop(chain: &Chain, stop: &buffer::Stop, stage: &Stage, placed: &Placed) -> Stop {
    let need = fraction(chain.demand.mean) * fraction(stop.share);
    Stop {
        site: stop.site.clone(),
        item: stop.item.clone(),
        tier: stop.tier,
        customer: stop.customer,
        processing_days: stage.processing,
        unit_value: fraction(stage.holding),
        deviation: deviation(stage.variance),
        waits_days: placed.inbound,
        quotes_days: placed.outbound,
        bridges_days: placed.net,
        stock_days: placed.stock as f64 / STOCK_UNIT as f64 / need.max(f64::MIN_POSITIVE),
        value: fraction(placed.cost),
    }
}

impl Answer for Told {
    fn text(&self) -> String {
        let whole = |value: f64| grouped(value.round() as i64);
        let mut text = format!(
            "{}, safety stock for {} % service, need of {} days from {}; money tied up in {}\n\n",
            self.programme,
            self.service * 100.0,
            self.days,
            self.as_of,
            self.currency
        );
        let mut rows = table(&[
            "part",
            "",
            ">a day",
            ">strays",
            ">chain",
            ">lead-time rule",
            ">each stage",
            ">plant alone",
            ">optimum",
            "kept at",
        ]);
        for part in self.parts.iter().take(self.top) {
            let mut kept: Vec<&Stop> = part.stages.iter().filter(|stop| stop.value > 0.0).collect();
            kept.sort_by_key(|stop| Reverse((stop.value * 1e6) as i64));
            let named: Vec<String> = kept
                .iter()
                .take(3)
                .map(|stop| format!("{} {:.1} d", stop.site, stop.stock_days))
                .collect();
            let more = kept.len().saturating_sub(named.len());
            let more = if more > 0 {
                format!(", {more} more")
            } else {
                String::new()
            };
            rows.add_row([
                part.item.clone(),
                part.name.chars().take(28).collect(),
                whole(part.need_per_day),
                format!("{:.1}", part.deviation),
                format!("{} d", part.chain_days),
                whole(part.rules.lead_time_rule),
                whole(part.rules.each_stage),
                whole(part.rules.plant_alone),
                whole(part.rules.optimum),
                format!("{}{more}", named.join(", ")),
            ]);
        }
        text.push_str(&table_text(&rows));
        let hidden = self.parts.len().saturating_sub(self.top);
        if hidden > 0 {
            text.push_str(&format!(
                "and {hidden} more; --top N shows more, --output json all\n"
            ));
        }
        if self.whole {
            text.push('\n');
            text.push_str(&self.stages());
        }
        let mut rows = table(&[">tier", ">stages", ">each stage", ">optimum"]);
        for tier in &self.tiers {
            rows.add_row([
                tier.tier.to_string(),
                tier.stages.to_string(),
                whole(tier.each_stage),
                whole(tier.optimum),
            ]);
        }
        text.push_str(&format!("\n{}\n", table_text(&rows)));
        let Rules {
            lead_time_rule,
            each_stage,
            plant_alone,
            optimum,
        } = self.total;
        text.push_str(&format!(
            "all {} parts: {} by the lead-time rule, {} with each stage for itself, {} at the plant alone, {} at the optimum\n",
            self.parts.len(),
            whole(lead_time_rule),
            whole(each_stage),
            whole(plant_alone),
            whole(optimum)
        ));
        for left in &self.left_out {
            text.push_str(&format!(
                "left out: {} ({}): {}\n",
                left.item, left.reason, left.why
            ));
        }
        text.push_str(&format!(
            "materials are taken to be worth {} % of what they go into (--materials); computed in {:.2} s\n",
            self.materials * 100.0,
            self.elapsed_seconds
        ));
        text
    }
}

impl Told {
    /// Every stage of the part that was asked for.
    fn stages(&self) -> String {
        let mut rows = table(&[
            "site", "makes", ">tier", ">work", ">waits", ">quotes", ">bridges", ">stock",
            ">ties up",
        ]);
        for stop in self.parts.iter().flat_map(|part| &part.stages) {
            rows.add_row([
                stop.site.clone(),
                stop.item.clone(),
                stop.tier.to_string(),
                format!("{} d", stop.processing_days),
                format!("{} d", stop.waits_days),
                format!("{} d", stop.quotes_days),
                format!("{} d", stop.bridges_days),
                format!("{:.1} d", stop.stock_days),
                grouped(stop.value.round() as i64),
            ]);
        }
        table_text(&rows)
    }
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn percentages_are_read_without_a_float() {
        assert_eq!(percent("95%"), Ok(950_000));
        assert_eq!(percent("99.5"), Ok(995_000));
        assert_eq!(percent("99.9999%"), Ok(999_999));
        assert_eq!(percent("100%"), Ok(1_000_000));
        for bad in ["", "%", "101%", "-5%", "9e1", "95.00001%", "1000%", "a%"] {
            assert!(percent(bad).is_err(), "{bad}");
        }
    }
}
