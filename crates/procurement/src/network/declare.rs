//! Links as they come in: what is wrong with each, and which of them would close a cycle.
//!
//! It must not know rows or messages. Invariants: a link that closes a cycle is refused with the cycle's name, and those before it in
//! the stream stay; the whole graph is looked at only where a new link joins what had suppliers to what had customers.

use std::collections::{HashMap, HashSet};

use takt_planning::tier::{Cycle, Graph, Link};

use super::{Flow, Key, named};

/// The most cycles that one message may close; what is left of it is refused as a whole.
const CYCLES: usize = 20;

/// The ends of all links so far.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    sites: Vec<Key>,
    at: HashMap<Key, usize>,
    links: Vec<Link>,
    known: HashSet<(usize, usize)>,
    has_supplier: Vec<bool>,
    has_customer: Vec<bool>,
}

impl Ends {
    /// The ends of links that stand already.
    pub(crate) fn of<'f>(flows: impl Iterator<Item = &'f Flow>) -> Self {
        let mut ends = Self::default();
        for flow in flows {
            ends.add(&flow.from, &flow.to);
        }
        ends
    }

    fn place(&mut self, key: &Key) -> usize {
        *self.at.entry(key.clone()).or_insert_with(|| {
            self.sites.push(key.clone());
            self.has_supplier.push(false);
            self.has_customer.push(false);
            self.sites.len() - 1
        })
    }

    /// Adds a link; whether it is new and may close a cycle.
    fn add(&mut self, from: &Key, to: &Key) -> bool {
        let (from, to) = (self.place(from), self.place(to));
        if !self.known.insert((from, to)) {
            return false;
        }
        self.links.push(Link {
            from,
            to,
            material: 0,
            share: 0,
        });
        self.has_customer[from] = true;
        self.has_supplier[to] = true;
        true
    }

    /// Whether some of the newest links joins a site with suppliers to one with customers.
    fn is_suspect(&self, newest: usize) -> bool {
        let from = self.links.len() - newest;
        let joins = |link: &Link| self.has_supplier[link.from] && self.has_customer[link.to];
        self.links[from..].iter().any(joins)
    }

    fn cycle(&self) -> Option<Vec<usize>> {
        let graph = Graph::new(self.sites.len(), self.links.clone()).ok()?;
        let Cycle(around) = graph.order().err()?;
        Some(around)
    }

    /// Takes the rows of a message in; answers which are refused and why, by their places.
    pub(crate) fn take(&mut self, flows: &[Flow]) -> Vec<(usize, String)> {
        let mut fresh: Vec<usize> = Vec::new();
        for (place, flow) in flows.iter().enumerate() {
            if self.add(&flow.from, &flow.to) {
                fresh.push(place);
            }
        }
        let mut refused = Vec::new();
        while !fresh.is_empty() && self.is_suspect(fresh.len()) {
            let Some(around) = self.cycle() else { break };
            let name = named(&self.sites, &around);
            let next = around.iter().cycle().skip(1);
            let closing: HashSet<(usize, usize)> =
                around.iter().copied().zip(next.copied()).collect();
            let first = self.links.len() - fresh.len();
            // Of the new links on the cycle the last one of the stream closes it.
            let last = (first..self.links.len())
                .rev()
                .find(|at| closing.contains(&(self.links[*at].from, self.links[*at].to)));
            let Some(last) = last else { break };
            if refused.len() == CYCLES {
                let more = format!("this message closes more than {CYCLES} cycles, as {name}");
                for place in fresh.drain(..) {
                    refused.push((place, more.clone()));
                }
                self.cut(first);
                break;
            }
            refused.push((
                fresh.remove(last - first),
                format!("it closes the cycle {name}"),
            ));
            let link = self.links.remove(last);
            self.known.remove(&(link.from, link.to));
        }
        refused.sort_unstable();
        refused
    }

    fn cut(&mut self, first: usize) {
        for link in self.links.drain(first..) {
            self.known.remove(&(link.from, link.to));
        }
    }
}

/// What is wrong with a link, by field.
pub(crate) fn flaw(
    flow: &Flow,
    plant: &str,
    bought: impl Fn(&str) -> bool,
) -> Option<(&'static str, String)> {
    if flow.from.0 == plant {
        let told = format!("{plant} is the plant; what it makes goes to customers");
        return Some(("from_supplier_id", told));
    }
    if flow.from == flow.to {
        return Some(("to_supplier_id", "a site does not supply itself".to_owned()));
    }
    if flow.to.0 == plant && !bought(&flow.to.1) {
        let told = format!("{} is no bought item of the plant", flow.to.1);
        return Some(("to_item_id", told));
    }
    if flow.to.0 == plant && flow.from.1 != flow.to.1 {
        let told = format!(
            "what is supplied to the plant is the bought item {} itself",
            flow.to.1
        );
        return Some(("from_item_id", told));
    }
    let rules = [
        (
            flow.quantity > 0,
            "quantity_thousandths",
            "it is above zero",
        ),
        (
            (0..=1_000_000).contains(&flow.share),
            "share_millionths",
            "it lies between 0 and 1,000,000",
        ),
        (
            flow.lead_days
                .is_none_or(|days| (0..=10_000).contains(&days)),
            "lead_time_days",
            "it lies between 0 and 10,000",
        ),
        (
            flow.confidence
                .is_some_and(|sure| (0..=1_000_000).contains(&sure)),
            "confidence_millionths",
            "say how sure it is, between 0 and 1,000,000",
        ),
        (
            flow.valid
                .0
                .zip(flow.valid.1)
                .is_none_or(|(from, until)| from <= until),
            "valid_until",
            "it ends before it begins",
        ),
    ];
    let broken = rules.iter().find(|(holds, ..)| !holds)?;
    Some((broken.1, broken.2.to_owned()))
}
