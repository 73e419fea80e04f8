//! Which parts of the plant disruptions touch, since when and until when they are missing.
//!
//! It must not know rows or messages. Invariants: a part is named only on days on which the plan needs it; where nobody knows when a
//! site is back, the part stays missing and the hole is named; several disruptions are looked at together, not one after the other.

use std::collections::{BTreeMap, BTreeSet};

use takt_kernel::Date;
use takt_planning::risk::{
    Assessor, Chain, Customer, FULL, Flow, Outage, Product, needs, still_made,
};
use takt_service::Error;

use super::Disruption;
use crate::{
    programme::Catalogue,
    requirement::Needs,
    risk::{
        Ahead,
        network::{Network, SiteStock, on_hand, under_way},
    },
    supply::Supply,
};

/// Thousandths of a day.
const DAY: i64 = 1000;
/// What is farther than a hundred years is never.
const NEVER: i64 = 36_500 * DAY;
/// What is farther than this was never, before the days that have passed were taken off.
const FAR: i64 = NEVER / 2;

/// A part that runs out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// Its place among the bought items.
    pub(crate) part: usize,
    /// The first day on which the need is not covered.
    pub(crate) runs_out_on: Date,
    /// The first day from which on it always is.
    pub(crate) back_on: Option<Date>,
    /// What is not covered, in thousandths.
    pub(crate) uncovered: i64,
    /// What comes of the need, from the morning on from which it is looked ahead.
    pub(crate) flow: Flow,
    /// The disruptions behind it, by their places.
    pub(crate) behind: Vec<usize>,
    /// The direct suppliers from whom less comes.
    pub(crate) suppliers: BTreeSet<String>,
}

/// What disruptions do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Touched {
    /// The parts, the first one to run out first.
    pub(crate) parts: Vec<Part>,
    /// The sites of which nobody knows when they are back, with their disruption.
    pub(crate) unknown: Vec<(String, String, String)>,
}

/// What is known when disruptions are looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known<'a> {
    /// The catalogue.
    pub(crate) catalogue: &'a Catalogue,
    /// The network.
    pub(crate) network: &'a Network,
    /// Stock and goods under way.
    pub(crate) supply: &'a Supply,
    /// What the plan requires.
    pub(crate) needs: &'a Needs,
}

/// What disruptions do from the morning of a day on.
pub(crate) fn touched(
    known: Known<'_>,
    disruptions: &[Disruption],
    as_of: Date,
) -> Result<Touched, Error> {
    let Known {
        catalogue,
        network,
        supply,
        needs: required,
    } = known;
    let mut touched = Touched::default();
    let earliest = disruptions.iter().map(|disruption| disruption.begins_on);
    // Instants count from the first day of all, because stocks up the chain are drawn on from there.
    let begin = earliest.min().unwrap_or(as_of).min(as_of);
    let at = |on: Date| i64::from(on.days_since(begin)) * DAY;
    let places: BTreeMap<(&str, &str), usize> = (network.sites.iter().enumerate())
        .map(|(place, site)| ((site.supplier.as_str(), site.item.as_str()), place))
        .collect();
    let mut outages: Vec<Vec<Outage>> = Vec::with_capacity(disruptions.len());
    for disruption in disruptions {
        let mut own = Vec::new();
        for (supplier, item) in &disruption.sites {
            let Some(node) = places.get(&(supplier.as_str(), item.as_str())).copied() else {
                continue;
            };
            let from = at(disruption.begins_on);
            let recovers = network
                .sites
                .get(node)
                .and_then(|site| site.node.time_to_recover);
            let until = match (disruption.resolved_on, disruption.expected_end_on, recovers) {
                (Some(on), _, _) | (None, Some(on), _) => at(on),
                (None, None, Some(recovers)) => from.saturating_add(recovers),
                (None, None, None) => {
                    let hole = (disruption.id.clone(), supplier.clone(), item.clone());
                    touched.unknown.push(hole);
                    NEVER
                }
            };
            own.push(Outage {
                remaining: disruption.remaining,
                ..Outage::whole(node, from, until)
            });
        }
        outages.push(own);
    }
    let products = Ahead::of_needs(catalogue, required, as_of).products;
    let days = needs(&products, catalogue.bought().len());
    let way = under_way(catalogue, supply, &products);
    let chain = network.chain(catalogue, as_of, SiteStock::Declared, &way)?;
    let stock = on_hand(catalogue, supply);
    let assessor = Assessor::new(&chain.network, &products).holding(&stock);
    let begun = disruptions.iter().map(|disruption| disruption.begins_on);
    cover(network, &chain, &products, begun, &mut outages);
    let all: Vec<Outage> = outages.iter().flatten().cloned().collect();
    let less = still_made(&chain.network, &all);
    let alone: Vec<BTreeMap<usize, Flow>> = (outages.iter())
        .map(|own| reach(&chain.network, &products, own, at(as_of)))
        .collect();
    for (part, flow) in assessor.disrupted(&all, at(as_of)) {
        let Some(found) = shortage(&flow, days.get(part).map_or(&[][..], Vec::as_slice)) else {
            continue;
        };
        let reaches = |reached: &BTreeMap<usize, Flow>| reached.contains_key(&part);
        let behind = (alone.iter().enumerate()).filter(|(_, reached)| reaches(reached));
        let links = chain.network.into_customer(Customer::Part(part));
        let from = links.filter(|link| less.contains_key(&link.from));
        touched.parts.push(Part {
            part,
            runs_out_on: as_of.plus(found.first),
            back_on: found.back.map(|day| as_of.plus(day)),
            uncovered: found.uncovered,
            behind: behind.map(|(place, _)| place).collect(),
            suppliers: from
                .filter_map(|link| Some(network.sites.get(link.from)?.supplier.clone()))
                .collect(),
            flow,
        });
    }
    (touched.parts).sort_by_key(|part| (part.runs_out_on, part.part));
    Ok(touched)
}

/// Lets reserved capacity stand in for what is out. Who is out at the same time shares it, and a site that gets less itself, or is out,
/// stands in for nobody. What is reserved when a disruption begins counts in it.
fn cover(
    network: &Network,
    chain: &Chain,
    products: &[Product],
    begun: impl Iterator<Item = Date>,
    outages: &mut [Vec<Outage>],
) {
    if network.reserved.is_empty() {
        return;
    }
    let all: Vec<Outage> = outages.iter().flatten().cloned().collect();
    let less = still_made(&chain.network, &all);
    for (own, begins_on) in outages.iter_mut().zip(begun) {
        let Some((from, until)) = own.first().map(|first| {
            let ends = own.iter().map(|outage| outage.until);
            (first.from, ends.max().unwrap_or(first.until))
        }) else {
            continue;
        };
        let meanwhile: BTreeSet<usize> = (all.iter())
            .filter(|other| other.from < until && from < other.until)
            .map(|other| other.node)
            .collect();
        let covers = network.covers_of(chain, products, begins_on, |other, _| {
            meanwhile.contains(&other) || less.contains_key(&other)
        });
        for outage in own {
            outage.cover = covers.get(outage.node).cloned().unwrap_or_default();
        }
    }
}

/// The parts that outages reach whatever the plant has in stock.
fn reach(
    network: &takt_planning::risk::Network,
    products: &[Product],
    outages: &[Outage],
    since: i64,
) -> BTreeMap<usize, Flow> {
    Assessor::new(network, products).disrupted(outages, since)
}

/// When a part is missing.
struct Shortage {
    first: i32,
    back: Option<i32>,
    uncovered: i64,
}

/// When a flow leaves a need uncovered; None where it never does.
fn shortage(flow: &Flow, need: &[i64]) -> Option<Shortage> {
    let mut uncovered = 0i128;
    let mut first = None;
    for (day, need) in (0i32..).zip(need).filter(|(_, need)| **need > 0) {
        let begin = i64::from(day) * DAY;
        let missing = flow.missing(begin, begin + DAY);
        if missing > 0 {
            first.get_or_insert(day);
            uncovered += missing * i128::from(*need);
        }
    }
    let whole = i128::from(FULL) * i128::from(DAY);
    let back = flow
        .levels()
        .last()
        .filter(|(at, level)| *level == FULL && *at < FAR);
    // A day on whose morning not all is there is not yet one of them.
    let back = back.and_then(|(at, _)| i32::try_from((at + DAY - 1) / DAY).ok());
    Some(Shortage {
        first: first?,
        back,
        uncovered: i64::try_from((uncovered + whole - 1) / whole).unwrap_or(i64::MAX),
    })
}

/// The levels of a flow as far as anybody knows them.
pub(crate) fn known_levels(flow: &Flow) -> impl Iterator<Item = (i64, i64)> + '_ {
    let known = flow.levels().iter().filter(|(at, _)| *at < FAR);
    known.copied()
}
