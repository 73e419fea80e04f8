//! A supply network with what the paper's linear programme says of each of its sites, as a file that another solver can check
//! (tests/tests/e2e/risk.py). It must not know the programme's rows. Invariant: the file holds the figures that the model is made from
//! and its answers, never a matrix: whoever checks it makes his own.
use std::path::Path;

use serde::Serialize;
use takt_planning::risk::{Customer, Network, Paper, Product, Sourcing};

use crate::failure::{Failure, Outcome};

const DAY: i64 = 1000;

/// The network and the answers.
#[derive(Debug, Serialize)]
struct Instance {
    /// What the plant builds in.
    parts: usize,
    nodes: Vec<Site>,
    links: Vec<Flow>,
    products: Vec<Built>,
    /// For each site with a known time to recover and each rule of sourcing.
    answers: Vec<Answer>,
}

#[derive(Debug, Serialize)]
struct Site {
    name: String,
    ttr_millidays: Option<i64>,
    /// Finished stock in thousandths of a day of what is needed of it.
    stock_millidays: i64,
    stock_survives: bool,
    /// The most in a day, in thousandths; null where nobody knows.
    capacity_thousandths: Option<i64>,
}

#[derive(Debug, Serialize)]
struct Flow {
    from: usize,
    /// The customer: a site, or else a part of the plant.
    to_node: Option<usize>,
    to_part: Option<usize>,
    material: usize,
    quantity_thousandths: i64,
    share_millionths: i64,
    customer_stock_millidays: i64,
}

#[derive(Debug, Serialize)]
struct Built {
    margin_micros: i64,
    /// Vehicles of each day from the loss on, in millionths.
    daily_millionths: Vec<i64>,
    /// Parts with the quantity of each in thousandths.
    parts: Vec<(usize, i64)>,
}

#[derive(Debug, Serialize)]
struct Answer {
    node: usize,
    sourcing: &'static str,
    /// Null where vehicles never run out.
    tts_millidays: Option<i64>,
    /// Vehicles of each product, in millionths.
    lost_millionths: Vec<i64>,
}

/// Writes the network and the answers to a file.
pub(in crate::command) fn write(
    path: &Path,
    network: &Network,
    products: &[Product],
    margins: &[i64],
    name: impl Fn(usize) -> String,
) -> Outcome<()> {
    let sites = network.nodes().iter().enumerate().map(|(at, node)| Site {
        name: name(at),
        ttr_millidays: node.time_to_recover,
        stock_millidays: node.stock,
        stock_survives: node.stock_survives,
        capacity_thousandths: node.capacity,
    });
    let links = (0..network.nodes().len()).flat_map(|node| network.out_of(node));
    let links = links.map(|link| Flow {
        from: link.from,
        to_node: match link.to {
            Customer::Node(node) => Some(node),
            Customer::Part(_) => None,
        },
        to_part: match link.to {
            Customer::Node(_) => None,
            Customer::Part(part) => Some(part),
        },
        material: link.material,
        quantity_thousandths: link.quantity,
        share_millionths: link.share,
        customer_stock_millidays: link.customer_stock,
    });
    let built = products.iter().enumerate().map(|(at, product)| Built {
        margin_micros: margins.get(at).copied().unwrap_or(0),
        daily_millionths: product.daily.clone(),
        parts: product.parts.clone(),
    });
    let broken = |error: takt_planning::risk::PaperError| Failure::broken(error.to_string());
    let mut answers = Vec::new();
    for (node, site) in network.nodes().iter().enumerate() {
        let Some(until) = site.time_to_recover else {
            continue;
        };
        let days = usize::try_from((until + DAY - 1) / DAY).unwrap_or(0);
        let paper = Paper::new(network, products, margins, days);
        for (sourcing, told) in [
            (Sourcing::KeepShares, "KEEP_SHARES"),
            (Sourcing::Reallocate, "REALLOCATE"),
        ] {
            answers.push(Answer {
                node,
                sourcing: told,
                tts_millidays: paper.time_to_survive(&[node], sourcing).map_err(broken)?,
                lost_millionths: paper.lost(&[node], until, sourcing).map_err(broken)?,
            });
        }
    }
    let instance = Instance {
        parts: network.parts(),
        nodes: sites.collect(),
        links: links.collect(),
        products: built.collect(),
        answers,
    };
    let text = serde_json::to_string(&instance)
        .map_err(|error| Failure::broken(format!("the network cannot be written: {error}")))?;
    std::fs::write(path, text)
        .map_err(|error| Failure::refused(format!("{} cannot be written: {error}", path.display())))
}
