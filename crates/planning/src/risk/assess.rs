//! What the loss of one site costs: how long vehicles go on, and how many are lost until it is back (Simchi-Levi et al.,
//! *Identifying Risks and Mitigating Disruptions in the Automotive Supply Chain*, Interfaces 45(5), 2015), walked through time with
//! stock and goods under way, which the paper leaves out. It must not know names, prices or days of the week. Units: thousandths
//! of a day from the disruption; vehicles in millionths. Invariants: sources keep their shares; time to survive does not depend on
//! time to recover; where it is at least the time to recover nothing is lost.
use super::flow::Flow;
use super::network::{Customer, Link, Network};
use super::outage::{Outage, still_made};
use super::reserve::Cover;
use super::stock::{Stock, covered};
use std::collections::{BTreeMap, BTreeSet};

/// Vehicles that are built of the same parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Vehicles planned on each day from the disruption on, in millionths; days beyond the end build nothing.
    pub daily: Vec<i64>,
    /// The parts that it needs with the quantity of each in thousandths, ascending.
    pub parts: Vec<(usize, i64)>,
}

/// Where a flow was broken first: what binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Binding {
    /// A part at the plant whose stock ends.
    Part(usize),
}

/// The cost of the loss of one site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// How long all vehicles are built as planned; None where they are, however long it lasts.
    pub time_to_survive: Option<i64>,
    /// What binds: the part that ends first.
    pub binding: Option<Binding>,
    /// Vehicles of each product that are lost before the site is back, in millionths; empty where nobody knows when it is.
    pub lost: Vec<i64>,
}

/// What a site's loss costs at the plant and the way there; keeps its memory between nodes.
#[derive(Debug)]
pub struct Assessor<'a> {
    network: &'a Network,
    products: &'a [Product],
    /// The products that need a part.
    needing: Vec<Vec<u32>>,
    /// The first day on which a product is built.
    begins: Vec<Option<i64>>,
    /// What the plant has of each part; empty where it is not known.
    stock: Vec<Stock>,
    /// What others give in the place of each node; empty where nobody has reserved anything.
    covers: Vec<Cover>,
}

const DAY: i64 = 1000;

impl<'a> Assessor<'a> {
    /// An assessor of a network and what is built of its parts.
    pub fn new(network: &'a Network, products: &'a [Product]) -> Self {
        let mut needing = vec![Vec::new(); network.parts()];
        for (at, product) in products.iter().enumerate() {
            for (part, _) in &product.parts {
                if let Some(needing) = needing.get_mut(*part) {
                    needing.push(at as u32);
                }
            }
        }
        let begins = |product: &Product| {
            let day = product.daily.iter().position(|count| *count > 0)?;
            Some(day as i64 * DAY)
        };
        Self {
            network,
            products,
            needing,
            begins: products.iter().map(begins).collect(),
            stock: Vec::new(),
            covers: Vec::new(),
        }
    }

    /// The same with reserved capacity at others, as the covers of every node ([`super::covers`]): that part of a lost site is given by
    /// them. Covers in [`Self::disrupted`] are those of its outages.
    #[must_use]
    pub fn reserving(mut self, covers: Vec<Cover>) -> Self {
        self.covers = covers;
        self
    }

    /// The same with stock of the plant's own, in thousandths of each part: it is used after what is under way and before a vehicle
    /// waits.
    #[must_use]
    pub fn holding(mut self, stock: &[i64]) -> Self {
        self.stock = Stock::of_parts(stock, self.products);
        self
    }

    /// What the loss of the site behind these nodes costs. `recovers` is when they are back; None is unknown.
    pub fn site(&self, nodes: &[usize], recovers: Option<i64>) -> Loss {
        let forever = self.parts(nodes, None);
        let mut first: Option<(i64, Binding)> = None;
        for (part, flow) in &forever {
            for product in self.needing.get(*part).into_iter().flatten() {
                if let Some(at) = self.survives(*product as usize, flow) {
                    let found = (at, Binding::Part(*part));
                    first = Some(first.map_or(found, |first| first.min(found)));
                }
            }
        }
        let time_to_survive = first.map(|(at, _)| at);
        let lost = match recovers {
            None => Vec::new(),
            // Nothing ends before the site is back, so nothing has to be walked again.
            Some(until) if time_to_survive.is_none_or(|at| at >= until) && self.quick(nodes) => {
                vec![0; self.products.len()]
            }
            Some(until) => self.lost(&self.parts(nodes, Some(until))),
        };
        Loss {
            time_to_survive,
            binding: first.map(|(_, binding)| binding),
            lost,
        }
    }

    /// With goods under way the gap arrives after the site is back; only a chain without transit is cut off by time.
    fn quick(&self, nodes: &[usize]) -> bool {
        let mut seen = BTreeSet::from_iter(nodes.iter().copied());
        let mut open: Vec<usize> = nodes.to_vec();
        while let Some(node) = open.pop() {
            for link in self.network.out_of(node) {
                if link.transit > 0 {
                    return false;
                }
                if let Customer::Node(next) = link.to
                    && seen.insert(next)
                {
                    open.push(next);
                }
            }
        }
        true
    }

    /// The first instant at which a product that is being built lacks a part.
    fn survives(&self, product: usize, flow: &Flow) -> Option<i64> {
        let begins = (*self.begins.get(product)?)?;
        let missing = flow.first_missing()?.max(begins);
        let daily = &self.products.get(product)?.daily;
        let mut at = missing;
        // A day on which none is built loses none.
        while let Some(count) = daily.get(usize::try_from(at / DAY).ok()?) {
            let end = (at / DAY + 1) * DAY;
            if *count > 0 && flow.missing(at, end) > 0 {
                return Some(at);
            }
            at = end;
        }
        None
    }

    /// The vehicles of each product that are lost, in millionths, when `part` of what the sites behind these nodes give is lost until
    /// then, in millionths, and others give the rest.
    pub fn lost_in_part(&self, nodes: &[usize], until: i64, part: i64) -> Vec<i64> {
        self.lost(&self.reached(nodes, &Flow::shared([(&Flow::outage(Some(until)), part)])))
    }

    /// The flows of the parts that a loss reaches, by part; those that stay whole are left out.
    pub fn parts(&self, nodes: &[usize], until: Option<i64>) -> BTreeMap<usize, Flow> {
        self.reached(nodes, &Flow::outage(until))
    }

    /// The same when these nodes give `flow`, and what stock of theirs survives.
    fn reached(&self, nodes: &[usize], flow: &Flow) -> BTreeMap<usize, Flow> {
        let own = |node: &usize| {
            let stock = match self.network.nodes().get(*node) {
                Some(own) if own.stock_survives => own.stock,
                _ => 0,
            };
            let given = match self.covers.get(*node).filter(|cover| !cover.is_none()) {
                None => flow.buffered(stock),
                Some(cover) => flow.helped(cover.steps(), 0).buffered(stock),
            };
            (*node, given)
        };
        self.arriving(&walk(self.network, &nodes.iter().map(own).collect()))
    }

    /// The flows of the parts that outages reach, by part, as they are `since` thousandths of a day after the instant from which the
    /// outages count; those that stay whole are left out. Stocks before the plant have been drawn on since then, the plant's own are
    /// those that it has.
    pub fn disrupted(&self, outages: &[Outage], since: i64) -> BTreeMap<usize, Flow> {
        let made = still_made(self.network, outages);
        let later = made
            .into_iter()
            .map(|(node, flow)| (node, flow.since(since)));
        self.arriving(&later.filter(|(_, flow)| !flow.is_full()).collect())
    }

    /// What arrives of the parts when these nodes give less, and what the plant's own stock makes of it.
    fn arriving(&self, flows: &BTreeMap<usize, Flow>) -> BTreeMap<usize, Flow> {
        let mut parts = BTreeSet::new();
        for node in flows.keys() {
            parts.extend(self.network.out_of(*node).filter_map(|link| match link.to {
                Customer::Part(part) => Some(part),
                Customer::Node(_) => None,
            }));
        }
        let received = |part: usize| {
            let flow = received(self.network, flows, Customer::Part(part));
            match self.stock.get(part) {
                Some(stock) => (part, covered(&flow, stock)),
                None => (part, flow),
            }
        };
        let parts = parts.into_iter().map(received);
        parts.filter(|(_, flow)| !flow.is_full()).collect()
    }

    /// Vehicles of each product that lack a part while it is missing.
    fn lost(&self, parts: &BTreeMap<usize, Flow>) -> Vec<i64> {
        let mut lacking: BTreeMap<u32, Vec<&Flow>> = BTreeMap::new();
        for (part, flow) in parts {
            for product in self.needing.get(*part).into_iter().flatten() {
                lacking.entry(*product).or_default().push(flow);
            }
        }
        let mut lost = vec![0; self.products.len()];
        // Products of the same parts lose the same share of a day.
        let mut known: BTreeMap<Vec<usize>, Flow> = BTreeMap::new();
        for (product, flows) in lacking {
            let key = flows
                .iter()
                .map(|flow| std::ptr::from_ref(*flow).addr())
                .collect();
            let flow = known
                .entry(key)
                .or_insert_with(|| Flow::scarcest(flows.iter().copied()));
            let Some((of, sum)) = self
                .products
                .get(product as usize)
                .zip(lost.get_mut(product as usize))
            else {
                continue;
            };
            let day = |(day, count): (usize, &i64)| {
                let from = day as i64 * DAY;
                i128::from(*count) * flow.missing(from, from + DAY)
            };
            let all: i128 = of.daily.iter().enumerate().map(day).sum();
            let whole = i128::from(super::FULL) * i128::from(DAY);
            *sum = i64::try_from(all / whole).unwrap_or(i64::MAX);
        }
        lost
    }
}

/// What nodes give when some of them give only `own`, by node; those that stay whole are left out. A stock that is not a lost
/// site's gives what is missing.
pub(super) fn walk(network: &Network, own: &BTreeMap<usize, Flow>) -> BTreeMap<usize, Flow> {
    let mut flows: BTreeMap<usize, Flow> = BTreeMap::new();
    let rank = |node: usize| network.rank.get(node).copied().unwrap_or(u32::MAX);
    let mut open: BTreeSet<(u32, usize)> = own.keys().map(|node| (rank(*node), *node)).collect();
    // In the order of flow, so that every supplier of a node is known before the node.
    while let Some((_, node)) = open.pop_first() {
        let Some(site) = network.nodes().get(node) else {
            continue;
        };
        let supplied = received(network, &flows, Customer::Node(node)).buffered(site.stock);
        let flow = match own.get(&node) {
            Some(own) => Flow::scarcest([own, &supplied]),
            None => supplied,
        };
        if flow.is_full() {
            continue;
        }
        flows.insert(node, flow);
        for link in network.out_of(node) {
            if let Customer::Node(next) = link.to {
                open.insert((rank(next), next));
            }
        }
    }
    flows
}

/// What a customer gets of everything it needs: sources of a material side by side behind its stock, the scarcest material.
fn received(network: &Network, flows: &BTreeMap<usize, Flow>, customer: Customer) -> Flow {
    let links: Vec<Link> = network.into_customer(customer).collect();
    let mut materials = Vec::new();
    for group in links.chunk_by(|a, b| a.material == b.material) {
        let disturbed: Vec<(Flow, i64)> = group
            .iter()
            .filter_map(|link| Some((flows.get(&link.from)?.delayed(link.transit), link.share)))
            .collect();
        if disturbed.is_empty() {
            continue;
        }
        let shared = Flow::shared(disturbed.iter().map(|(flow, share)| (flow, *share)));
        let stock = group.iter().map(|link| link.customer_stock).max();
        materials.push(shared.buffered(stock.unwrap_or(0)));
    }
    Flow::scarcest(&materials)
}
