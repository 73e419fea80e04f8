//! Risk: what the loss of each site on all tiers costs, against live stock, goods under way and the released plan.
//!
//! It must not know rows or messages. Invariants: the mathematics are those of `takt risk`, which computes from a folder; where
//! production does not say what it builds, days are still computed from what the plan requires, and vehicles are unknown.

pub(crate) mod network;
pub(crate) mod rpc;
pub(crate) mod store;
mod wire;

pub(crate) use wire::{amount, item_id, micros};

use std::cmp::Reverse;

use takt_kernel::{Currency, Date, Price};
use takt_planning::risk::{Exposure, Money, Product, exposures};
use takt_service::Error;

use crate::{programme::Catalogue, requirement::Needs, supply::Supply};
use network::{Network, SiteStock, on_hand, under_way};

/// Vehicles of a plan that are built of the same parts, from the plan's first day on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Build {
    /// The day of the first count.
    pub(crate) first: Date,
    /// Vehicles a day in millionths, and parts by their place among the bought items.
    pub(crate) product: Product,
    /// What a vehicle earns.
    pub(crate) margin: Option<Price>,
}

/// What is built from a day on, and what it earns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ahead {
    /// What is built of the same parts.
    pub(crate) products: Vec<Product>,
    /// What a unit of each product earns, in millionths; None where it is not known of all.
    pub(crate) margins: Option<Vec<i64>>,
    /// Whether products are vehicles; else they stand for parts by themselves.
    pub(crate) is_vehicles: bool,
}

impl Ahead {
    /// What builds say from a day on.
    pub(crate) fn of_builds(builds: &[Build], as_of: Date, currency: Currency) -> Self {
        let product = |build: &Build| Product {
            daily: from_day(&build.product.daily, build.first, as_of),
            parts: build.product.parts.clone(),
        };
        let margin = |build: &Build| {
            let known = build.margin.filter(|margin| margin.currency == currency)?;
            Some(known.micros)
        };
        Self {
            products: builds.iter().map(product).collect(),
            margins: builds.iter().map(margin).collect(),
            is_vehicles: true,
        }
    }

    /// What the plan requires of each part from a day on, where nobody says what it is built into: a product for each part.
    pub(crate) fn of_needs(catalogue: &Catalogue, needs: &Needs, as_of: Date) -> Self {
        let mut products = Vec::new();
        for (part, bought) in catalogue.bought().iter().enumerate() {
            let Some(series) = needs.series.get(&bought.item.number) else {
                continue;
            };
            let daily: Vec<i64> = series.days.iter().map(|need| need.milli()).collect();
            products.push(Product {
                // One in thousandths for each thousandth that is needed, in millionths.
                daily: from_day(&daily, series.first, as_of)
                    .into_iter()
                    .map(|need| need * 1000)
                    .collect(),
                parts: vec![(part, 1000)],
            });
        }
        Self {
            products,
            margins: None,
            is_vehicles: false,
        }
    }
}

/// The days of a series from a day on.
fn from_day(days: &[i64], first: Date, as_of: Date) -> Vec<i64> {
    match usize::try_from(as_of.days_since(first)) {
        Ok(passed) => days.iter().skip(passed).copied().collect(),
        Err(_) => {
            let before = usize::try_from(first.days_since(as_of)).unwrap_or(0);
            let empty = std::iter::repeat_n(0, before);
            empty.chain(days.iter().copied()).collect()
        }
    }
}

/// What a unit of each bought item costs at its first source, in millionths of the currency.
pub(crate) fn prices(catalogue: &Catalogue) -> Vec<i64> {
    (catalogue.bought().iter())
        .map(|bought| bought.sources.first())
        .map(|source| source.map_or(0, |source| source.terms.price.micros))
        .collect()
}

/// What every site's loss on the morning of a day costs, the largest loss first; equal ones by their place in the network.
pub(crate) fn assess(
    catalogue: &Catalogue,
    network: &Network,
    supply: &Supply,
    ahead: &Ahead,
    as_of: Date,
    site_stock: SiteStock,
) -> Result<Vec<Exposure>, Error> {
    let under_way = under_way(catalogue, supply, &ahead.products);
    let chain = network.chain(catalogue, as_of, site_stock, &under_way)?;
    let nothing = vec![0; ahead.products.len()];
    let prices = prices(catalogue);
    let money = Money {
        margins: ahead.margins.as_deref().unwrap_or(&nothing),
        prices: &prices,
    };
    let stock = on_hand(catalogue, supply);
    let covers = network.covers(&chain, &ahead.products, as_of);
    let mut all = exposures(&chain, &ahead.products, money, &stock, covers);
    let loss = |exposure: &Exposure| {
        let lost = exposure.lost.as_ref();
        lost.map_or((0, 0), |lost| (lost.margin, lost.vehicles))
    };
    all.sort_by_key(|exposure| (Reverse(loss(exposure)), exposure.node));
    Ok(all)
}
