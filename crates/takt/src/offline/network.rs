//! A programme's supply network as the planning sees it, and what its vehicles earn. It must not know how a loss is assessed.
//! Invariants: goods of direct suppliers are under way for the whole days of their lane, goods further up for none that is known
//! (RULES 13 counts the stock between); a figure that the folder does not give stays unknown; prices are in one currency.
use std::collections::BTreeMap;

use takt_kernel::{Date, Price};
use takt_planning::economics::margin;
use takt_planning::feature::Config;
use takt_planning::orders::Attribute;
use takt_planning::ramp::feasible_plan;
use takt_planning::risk::{Chain, FlowRow, Node, Product, SiteRow, chain, offer, with_edition};

use super::{Offline, unusable};
use crate::failure::Outcome;
use crate::programme::{Direction, Programme, Variant};

/// Thousandths of a day.
const DAY: i64 = 1000;

/// Which stocks of a network count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stocks {
    /// Those of customers, and the finished goods of the sites.
    All,
    /// Those of customers alone, as RULES 13 has it.
    OfCustomers,
}

/// How long what each source has shipped lasts, in thousandths of a day, by supplier and item.
pub type UnderWay<'a> = BTreeMap<(&'a str, &'a str), i64>;

/// The supply network on a day; its nodes are the programme's in their order, its parts the items.
pub fn chain_of(programme: &Programme, on: Date, stocks: Stocks) -> Outcome<Chain> {
    chain_with(programme, on, stocks, None, None)
}

/// The same with what is known to be under way to the plant in the place of the days of lanes, and with a rule of whether finished
/// stock survives the loss of its site in the place of what each site says.
fn chain_with(
    programme: &Programme,
    on: Date,
    stocks: Stocks,
    under_way: Option<&UnderWay<'_>>,
    survives: Option<bool>,
) -> Outcome<Chain> {
    let mut transit: BTreeMap<&str, i64> = BTreeMap::new();
    for lane in programme.inbound() {
        if let Direction::Inbound { supplier, .. } = &lane.direction {
            let whole = lane.transit_days() * DAY;
            let kept = transit.entry(supplier.as_str()).or_insert(whole);
            *kept = (*kept).min(whole);
        }
    }
    let sites: Vec<SiteRow<'_>> = (programme.nodes.iter())
        .map(|node| SiteRow {
            supplier: node.supplier.as_str(),
            item: node.item.as_str(),
            node: Node {
                time_to_recover: node.ttr_millidays,
                stock: match stocks {
                    Stocks::All => node.stock_millidays.unwrap_or(0),
                    Stocks::OfCustomers => 0,
                },
                stock_survives: survives.or(node.stock_survives_site_loss).unwrap_or(false),
                capacity: (node.capacity_per_week).map(|week| week.milli() / 7),
            },
        })
        .collect();
    let plant = programme.plant.supplier.as_str();
    let valid = |from: Option<Date>, to: Option<Date>| {
        from.is_none_or(|from| from <= on) && to.is_none_or(|to| on <= to)
    };
    let flows: Vec<FlowRow<'_>> = (programme.links.iter())
        .filter(|link| valid(link.valid_from, link.valid_to))
        .map(|link| FlowRow {
            from: link.from.as_str(),
            to: link.to.as_str(),
            item: link.item.as_str(),
            into: link.into.iter().map(|item| item.as_str()).collect(),
            share: link.share.millionths(),
            quantity: link.qty_per.map_or(1000, |quantity| quantity.milli()),
            transit: match (link.to.as_str() == plant, under_way) {
                (true, None) => transit.get(link.from.as_str()).copied().unwrap_or(0),
                (true, Some(known)) => {
                    let key = (link.from.as_str(), link.item.as_str());
                    known.get(&key).copied().unwrap_or(0)
                }
                (false, _) => 0,
            },
            customer_stock: link.customer_stock_millidays.unwrap_or(0),
        })
        .collect();
    let parts: Vec<&str> = (programme.items.iter())
        .map(|item| item.id.as_str())
        .collect();
    chain(plant, &parts, &sites, &flows).map_err(unusable)
}

impl Offline {
    /// The supply network on a day, as [`chain_of`] gives it.
    pub fn chain(&self, on: Date, stocks: Stocks) -> Outcome<Chain> {
        chain_of(&self.full, on, stocks)
    }

    /// The supply network on a day with what is known to be under way, and a rule for the stock of a lost site.
    pub fn live_chain(
        &self,
        on: Date,
        under_way: Option<&UnderWay<'_>>,
        survives: Option<bool>,
    ) -> Outcome<Chain> {
        chain_with(&self.full, on, Stocks::All, under_way, survives)
    }

    /// What is still to be built on a day and after it, as the plan without disturbance has it, by what it is built of; each with the
    /// index of its variant.
    pub fn products_from(&self, on: Date) -> Vec<(usize, Product)> {
        let plan = feasible_plan(&self.ramp, &[], self.first(), &self.schedule);
        let days = match usize::try_from(on.days_since(plan.first)) {
            Ok(built) => plan.days.get(built..).unwrap_or_default().to_vec(),
            // Before the plan begins nothing is built.
            Err(_) => {
                let before = usize::try_from(plan.first.days_since(on)).unwrap_or(0);
                let empty = std::iter::repeat_n(vec![0; self.ramp.variants()], before);
                empty.chain(plan.days).collect()
            }
        };
        offer(&self.bom, &self.choices(), &days)
    }

    /// The same, where anything is still to be built.
    ///
    /// # Errors
    /// Nothing is built on the day or after it.
    pub fn still_to_build(&self, on: Date) -> Outcome<Vec<(usize, Product)>> {
        let planned = self.products_from(on);
        let mut counts = planned.iter().flat_map(|(_, product)| &product.daily);
        if counts.all(|count| *count == 0) {
            return Err(unusable(format!(
                "nothing is built on {on} or after it; the plan is from {} to {}",
                self.first(),
                self.full.plan_last
            )));
        }
        Ok(planned)
    }

    /// What a vehicle of each product earns; nothing where the folder gives no prices, which the second answer tells.
    pub fn margins_of(&self, products: &[(usize, Product)]) -> Outcome<(Vec<i64>, bool)> {
        let by_variant = self.margins()?;
        let margin = |variant: &usize| by_variant.as_ref()?.get(*variant).copied();
        let each = products
            .iter()
            .map(|(variant, _)| margin(variant).unwrap_or(0));
        Ok((each.collect(), by_variant.is_some()))
    }

    /// The configuration that stands for a variant.
    pub(super) fn reference(&self, variant: &Variant) -> Outcome<Config> {
        let mut config = Config::default();
        for (key, value) in &variant.reference {
            let unknown = || unusable(format!("{key}={value} is no option of the programme"));
            let key = self.features.key(key.as_str()).ok_or_else(unknown)?;
            let value = self.features.value(key, value.as_str());
            config = config.with(key, value.ok_or_else(unknown)?);
        }
        Ok(config)
    }

    /// What a vehicle of each variant earns before fixed cost, in millionths of the currency of the parts: the price without tax less
    /// material and variable conversion. None where the folder gives no prices.
    pub fn margins(&self) -> Outcome<Option<Vec<i64>>> {
        let Some(economics) = &self.full.economics else {
            return Ok(None);
        };
        let prices = self.prices();
        let mut margins = Vec::with_capacity(self.full.variants.len());
        for variant in &self.full.variants {
            let Some(net) = variant.net_price else {
                return Ok(None);
            };
            let needs = self.bom.requirement(self.reference(variant)?);
            let conversion = economics.variable_conversion.micros;
            margins.push(margin(net, &needs, &prices, conversion).map_err(unusable)?);
        }
        Ok(Some(margins))
    }

    /// Shares of all option values, the edition among them at its mean over the programme.
    pub fn choices(&self) -> Vec<Attribute> {
        with_edition(
            &self.attributes,
            self.founders,
            &self.variant_shares,
            self.sized.vehicles,
        )
    }

    /// The currency of the parts, which have one.
    pub fn currency(&self) -> String {
        let first = self.full.items.first().map(|item| item.unit_cost.currency);
        first.map_or_else(String::new, |currency| currency.as_str().to_owned())
    }

    /// What a unit of each item costs.
    pub fn prices(&self) -> Vec<Price> {
        self.full.items.iter().map(|item| item.unit_cost).collect()
    }
}
