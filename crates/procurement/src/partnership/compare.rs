//! Suppliers side by side: what the loss of each costs with all of its sites, and what stock, a second source or reserved capacity spare
//! of it.
//!
//! It must not know rows or messages. Invariants: figures of a loss count with the capacity that is reserved on the day; an amount that
//! nobody knows stays unknown; nothing is ranked by a cost that was made up.

use std::collections::{BTreeMap, BTreeSet};

use takt_kernel::{Date, half_even_div};
use takt_planning::risk::{
    Assessor, Binding, FULL, Money, Partner, Product, Spared, earned, partner,
};
use takt_service::Error;

use super::{Interest, Reservation};
use crate::{
    programme::Catalogue,
    risk::{
        Ahead, micros,
        network::{Network, SiteStock, on_hand, under_way},
        prices,
    },
    supply::Supply,
};

/// What is known on the day.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    /// The catalogue.
    pub(crate) catalogue: &'a Catalogue,
    /// The network.
    pub(crate) network: &'a Network,
    /// Stock and goods under way.
    pub(crate) supply: &'a Supply,
    /// What is built.
    pub(crate) ahead: &'a Ahead,
    /// The maker's interests.
    pub(crate) interests: &'a [Interest],
    /// The active development programmes: supplier and id.
    pub(crate) developments: &'a [(String, String)],
}

/// What is asked.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    /// Only this supplier; empty is all.
    pub(crate) supplier: String,
    /// The part that a second source would give, in millionths.
    pub(crate) second: i64,
    /// What a second source costs for one item, in millionths of the currency.
    pub(crate) second_cost: Option<i64>,
}

/// The kind of a measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Stock,
    SecondSource,
    ReservedCapacity,
}

/// What spares a loss.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Measure {
    pub(crate) kind: Kind,
    pub(crate) spared: Spared,
    /// In millionths of the currency; None where nobody said it.
    pub(crate) cost: Option<i64>,
    /// Margin for one unit of money, in millionths.
    pub(crate) worth: Option<i64>,
}

/// A supplier with all that is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Compared {
    pub(crate) supplier: String,
    pub(crate) name: String,
    pub(crate) tier: u32,
    pub(crate) sites: usize,
    pub(crate) partner: Partner,
    /// The loss relative to the largest, in millionths.
    pub(crate) index: i64,
    pub(crate) binding: Option<usize>,
    /// In millionths of the currency.
    pub(crate) spend: Option<i64>,
    pub(crate) interest: Option<Interest>,
    pub(crate) alternatives: Vec<String>,
    pub(crate) developments: Vec<String>,
    pub(crate) measures: Vec<Measure>,
}

/// Compares on the morning of a day.
pub(crate) fn compare(known: Known<'_>, as_of: Date, wish: &Wish) -> Result<Vec<Compared>, Error> {
    let Known {
        catalogue,
        network,
        supply,
        ahead,
        ..
    } = known;
    let under_way = under_way(catalogue, supply, &ahead.products);
    let chain = network.chain(catalogue, as_of, SiteStock::Declared, &under_way)?;
    let (nothing, prices) = (vec![0; ahead.products.len()], prices(catalogue));
    let money = Money {
        margins: ahead.margins.as_deref().unwrap_or(&nothing),
        prices: &prices,
    };
    let stock = on_hand(catalogue, supply);
    let covers = network.covers(&chain, &ahead.products, as_of);
    let bare = Assessor::new(&chain.network, &ahead.products).holding(&stock);
    let assessor = Assessor::new(&chain.network, &ahead.products)
        .holding(&stock)
        .reserving(covers.clone());
    let spend = spend(catalogue, &ahead.products);
    let mut nodes: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (node, site) in network.sites.iter().enumerate() {
        if site.supplier != catalogue.programme().plant_supplier_id
            && (wish.supplier.is_empty() || site.supplier == wish.supplier)
        {
            nodes.entry(&site.supplier).or_default().push(node);
        }
    }
    let compared = nodes.into_iter().map(|(supplier, nodes)| {
        let found = partner(
            &chain.network,
            &assessor,
            &ahead.products,
            money,
            &nodes,
            wish.second,
        );
        let reserved = nodes
            .iter()
            .any(|node| covers.get(*node).is_some_and(|cover| !cover.is_none()));
        let without = reserved
            .then_some(found.time_to_recover)
            .flatten()
            .map(|until| {
                let lost = bare.site(&nodes, Some(until)).lost;
                Spared {
                    vehicles: lost.iter().sum(),
                    margin: earned(&lost, money.margins),
                }
            });
        let suppliers: BTreeSet<String> = (found.beside.iter())
            .filter_map(|node| network.sites.get(*node))
            .map(|site| site.supplier.clone())
            .collect();
        let fee = fee(network, catalogue, &found.beside, as_of);
        let tiers = nodes.iter().filter_map(|node| chain.tiers.get(*node));
        Compared {
            supplier: supplier.to_owned(),
            name: (catalogue.supplier(supplier)).map_or_else(String::new, |own| own.name.clone()),
            // A site that supplies nobody stands on no tier.
            tier: tiers.copied().filter(|tier| *tier > 0).min().unwrap_or(0),
            sites: nodes.len(),
            measures: measures(&found, without, fee, nodes.len(), wish, ahead),
            index: 0,
            binding: found.binding.map(|Binding::Part(part)| part),
            spend: spend.get(supplier).copied(),
            interest: (known.interests.iter())
                .find(|interest| interest.company == supplier)
                .cloned(),
            alternatives: suppliers.into_iter().collect(),
            developments: (known.developments.iter())
                .filter(|(with, _)| with == supplier)
                .map(|(_, id)| id.clone())
                .collect(),
            partner: found,
        }
    });
    let mut all: Vec<Compared> = compared.collect();
    rank(&mut all);
    Ok(all)
}

/// The largest loss first, each relative to it.
fn rank(all: &mut [Compared]) {
    let loss = |one: &Compared| {
        one.partner
            .lost
            .map_or((0, 0), |lost| (lost.margin, lost.vehicles))
    };
    let most = all.iter().map(loss).max().unwrap_or((0, 0));
    for one in all.iter_mut() {
        let own = loss(one);
        let (own, most) = if most.0 > 0 {
            (own.0, most.0)
        } else {
            (own.1, most.1)
        };
        let scaled = i128::from(own) * i128::from(FULL);
        one.index = half_even_div(scaled, i128::from(most)).unwrap_or(0);
    }
    all.sort_by(|a, b| {
        loss(b)
            .cmp(&loss(a))
            .then_with(|| a.supplier.cmp(&b.supplier))
    });
}

fn measures(
    found: &Partner,
    without: Option<Spared>,
    fee: Option<i64>,
    sites: usize,
    wish: &Wish,
    ahead: &Ahead,
) -> Vec<Measure> {
    let mut all = Vec::new();
    let mut add = |kind, spared: Spared, cost: Option<i64>| {
        let known = ahead.margins.is_some().then_some(cost).flatten();
        let worth = known.and_then(|cost| {
            let scaled = i128::from(spared.margin) * i128::from(FULL);
            half_even_div(scaled, i128::from(cost)).filter(|_| cost > 0)
        });
        all.push(Measure {
            kind,
            spared,
            cost,
            worth,
        });
    };
    if let Some(lost) = found.lost.filter(|lost| lost.vehicles > 0) {
        let cost = found.bridge.iter().map(|bridge| bridge.cost);
        let cost = cost.fold(0i64, i64::saturating_add);
        // Stock whose price nobody knows is not for nothing.
        add(Kind::Stock, lost, Some(cost).filter(|cost| *cost > 0));
    }
    if let Some(spared) = found.second_source {
        let items = i64::try_from(sites).unwrap_or(i64::MAX);
        let cost = wish.second_cost.map(|each| each.saturating_mul(items));
        add(Kind::SecondSource, spared, cost);
    }
    if let Some((without, lost)) = without.zip(found.lost) {
        let spared = Spared {
            vehicles: without.vehicles - lost.vehicles,
            margin: without.margin - lost.margin,
        };
        add(Kind::ReservedCapacity, spared, fee);
    }
    all.sort_by_key(|measure| std::cmp::Reverse(measure.worth));
    all
}

/// What is paid for capacity that is reserved at these nodes; None where nobody said it of one of them, or in another currency.
fn fee(network: &Network, catalogue: &Catalogue, nodes: &BTreeSet<usize>, on: Date) -> Option<i64> {
    let at = |own: &&Reservation| {
        let holds = own.valid.0 <= on && on <= own.valid.1;
        let mut sites = nodes.iter().filter_map(|node| network.sites.get(*node));
        holds && sites.any(|site| site.supplier == own.supplier && site.item == own.item)
    };
    let fees = network.reserved.iter().filter(at).map(|own| {
        let fee = own.fee.filter(|fee| fee.currency == catalogue.currency())?;
        Some(micros(fee))
    });
    let fees = fees.collect::<Option<Vec<i64>>>()?;
    (!fees.is_empty()).then(|| fees.into_iter().fold(0, i64::saturating_add))
}

/// What is spent on each direct supplier for these products, in millionths of the currency.
fn spend(catalogue: &Catalogue, products: &[Product]) -> BTreeMap<String, i64> {
    let mut needs: BTreeMap<usize, i128> = BTreeMap::new();
    for product in products {
        let built: i128 = product.daily.iter().map(|count| i128::from(*count)).sum();
        for (part, need) in &product.parts {
            *needs.entry(*part).or_default() += built * i128::from(*need) / i128::from(FULL);
        }
    }
    let mut spend: BTreeMap<String, i128> = BTreeMap::new();
    for (part, need) in needs {
        for source in catalogue
            .bought()
            .get(part)
            .into_iter()
            .flat_map(|own| &own.sources)
        {
            let worth = need * i128::from(source.terms.price.micros) / 1000;
            let part = worth * i128::from(source.terms.share.millionths()) / i128::from(FULL);
            *spend.entry(source.terms.supplier.to_string()).or_default() += part;
        }
    }
    let whole = |(supplier, worth)| (supplier, i64::try_from(worth).unwrap_or(i64::MAX));
    spend.into_iter().map(whole).collect()
}
