//! A programme's supply network as the planning sees it, and what its vehicles earn. It must not know how a loss is assessed.
//! Invariants: goods of direct suppliers are under way for the whole days of their lane, goods further up for none that is known
//! (RULES 13 counts the stock between); a figure that the folder does not give stays unknown; prices are in one currency.
use std::collections::BTreeMap;

use takt_kernel::{Date, Price, Share, half_even_div};
use takt_planning::economics::material_cost;
use takt_planning::feature::Config;
use takt_planning::orders::Attribute;
use takt_planning::ramp::feasible_plan;
use takt_planning::risk::{Chain, FULL, FlowRow, Node, Product, SiteRow, chain, offer};

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

/// The supply network on a day; its nodes are the programme's in their order, its parts the items.
pub fn chain_of(programme: &Programme, on: Date, stocks: Stocks) -> Outcome<Chain> {
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
                stock_survives: node.stock_survives_site_loss.unwrap_or(false),
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
            transit: match link.to.as_str() == plant {
                true => transit.get(link.from.as_str()).copied().unwrap_or(0),
                false => 0,
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

    /// What is still to be built on a day and after it, as the plan without disturbance has it, by what it is built of; each with the
    /// index of its variant.
    pub fn products_from(&self, on: Date) -> Vec<(usize, Product)> {
        let plan = feasible_plan(&self.ramp, &[], self.first(), &self.schedule);
        let built = usize::try_from(on.days_since(plan.first)).unwrap_or(0);
        let days = plan.days.get(built..).unwrap_or_default();
        offer(&self.bom, &self.choices(), days)
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
            let cost = material_cost(&needs, &prices, net.currency).map_err(unusable)?;
            let material = half_even_div(cost.micros, cost.vehicles).unwrap_or(i64::MAX);
            margins.push(net.micros - material - economics.variable_conversion.micros);
        }
        Ok(Some(margins))
    }

    /// Shares of all option values, the edition among them at its mean over the programme.
    pub fn choices(&self) -> Vec<Attribute> {
        let mut attributes = self.attributes.clone();
        if let Some(founders) = &self.founders {
            let admitted = |variant: usize| founders.variants >> variant & 1 == 1;
            let shares = self.variant_shares.iter().enumerate();
            let all: i64 = (shares.clone().filter(|(at, _)| admitted(*at)))
                .map(|(_, share)| share.millionths())
                .sum();
            let of = i128::from(self.sized.vehicles) * i128::from(all);
            let limited = i128::from(founders.limit) * i128::from(FULL) * i128::from(FULL);
            let share = half_even_div(limited, of).unwrap_or(0).clamp(0, FULL);
            let values = (founders.founder.max(founders.normal)) + 1;
            let row = |at: usize| {
                let mut row = vec![Share(0); values];
                let founder = if admitted(at) { share } else { 0 };
                if let Some(value) = row.get_mut(founders.normal) {
                    *value = Share(FULL - founder);
                }
                if let Some(value) = row.get_mut(founders.founder) {
                    *value = Share(founder);
                }
                row
            };
            attributes.push(Attribute {
                key: founders.key,
                shares: shares.map(|(at, _)| row(at)).collect(),
            });
        }
        attributes
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
