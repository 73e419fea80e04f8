//! Networks of any size for benches and tests: tiers of sites, each supplying a few of the tier below, the first one the plant. It must
//! not be used for anything that people decide by. Invariant: the same figures give the same network.
use super::FULL;
use super::assess::Product;
use super::network::{Customer, Link, Network, NetworkError, Node};
use takt_kernel::seeded_share;

/// How large, and from which seed.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Sites.
    pub nodes: usize,
    /// Flows of goods between them.
    pub links: usize,
    /// Tiers.
    pub tiers: usize,
    /// Variants of the vehicle, each of four parts in five.
    pub products: usize,
    /// Where chance begins.
    pub seed: u64,
}

/// A network of that size with products that are built for a year.
///
/// # Errors
/// `NetworkError`, which a network made by tiers does not meet.
pub fn synthetic(size: Size) -> Result<(Network, Vec<Product>), NetworkError> {
    let tiers = size.tiers.max(1);
    let per_tier = (size.nodes / tiers).max(1);
    let draw = |what: &str, at: usize, below: usize| {
        let share = seeded_share(size.seed, &format!("{what} {at}"));
        let drawn = i128::from(share) * below as i128 / i128::from(FULL);
        usize::try_from(drawn)
            .unwrap_or(0)
            .min(below.saturating_sub(1))
    };
    let days = |what: &str, at: usize, below: usize| draw(what, at, below) as i64 * 1000;
    let nodes: Vec<Node> = (0..size.nodes)
        .map(|at| Node {
            time_to_recover: Some(days("recover", at, 90) + 7000),
            stock: days("stock", at, 12),
            stock_survives: draw("survives", at, 2) == 0,
            // Of one in two nobody knows it; the need of a site is some vehicles a day times its customers.
            capacity: (draw("known", at, 2) == 0)
                .then(|| draw("capacity", at, 300 * size.products) as i64 * 1000),
        })
        .collect();
    // Every site supplies one customer, then chance adds the rest.
    let parts = per_tier.min(size.nodes);
    let mut links = Vec::with_capacity(size.links);
    for at in 0..size.links.max(size.nodes) {
        let from = if at < size.nodes {
            at
        } else {
            draw("from", at, size.nodes)
        };
        let tier = (from / per_tier).min(tiers - 1);
        let to = match tier {
            0 if at < size.nodes => Customer::Part(from),
            0 => continue,
            _ => Customer::Node((tier - 1) * per_tier + draw("to", at, per_tier)),
        };
        links.push(Link {
            from,
            to,
            material: draw("material", at, 4),
            quantity: 1000,
            share: FULL,
            transit: days("transit", at, 6),
            customer_stock: days("customer stock", at, 20),
        });
    }
    // The sources of a material share it alike.
    let key = |link: &Link| {
        let (kind, at) = match link.to {
            Customer::Node(node) => (0, node),
            Customer::Part(part) => (1, part),
        };
        (kind, at, link.material)
    };
    links.sort_by_key(key);
    for group in links.chunk_by_mut(|a, b| key(a) == key(b)) {
        let share = FULL / group.len() as i64;
        group.iter_mut().for_each(|link| link.share = share);
    }
    let product = |at: usize| Product {
        daily: vec![100 * FULL; 365],
        parts: (0..parts)
            .filter(|part| draw("part", at * parts + part, 5) > 0)
            .map(|part| (part, 1000))
            .collect(),
    };
    let products = (0..size.products).map(product).collect();
    Ok((Network::new(nodes, parts, links)?, products))
}
