//! The supply network: links of the programme and those that were declared, as one graph of sites, and who may see it.
//!
//! It must not know rows or messages. Invariants: a link with the same ends as one before takes its place; links never close a cycle,
//! as far as one stream of declarations can see; what nobody knows stays unknown; a supplier sees its own sites and its direct suppliers.

use std::collections::{BTreeMap, HashMap};

use takt_kernel::Date;
use takt_planning::tier::{Graph, GraphError, Link, LinkFacts, SiteFacts, great_circle};

pub(crate) mod declare;
pub(crate) mod grant;
pub(crate) mod rpc;
pub(crate) mod store;
pub(crate) mod wire;

/// Thousandths of an hour of a day, and of a thousandth of a day.
const DAY: i64 = 24_000;
const MILLIDAY: i64 = 24;

/// A supplier and what it makes.
pub(crate) type Key = (String, String);

/// A link; those of one material to one site stand in for each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flow {
    /// Who supplies what.
    pub(crate) from: Key,
    /// What of whom it goes into.
    pub(crate) to: Key,
    /// Millionths of the customer's need.
    pub(crate) share: i64,
    /// Thousandths of a unit for one unit.
    pub(crate) quantity: i64,
    /// From order to receipt.
    pub(crate) lead_days: Option<i64>,
    /// The customer's stock.
    pub(crate) stock_days: Option<i64>,
    /// How it is known.
    pub(crate) evidence: Evidence,
    /// How sure that is, in millionths.
    pub(crate) confidence: Option<i64>,
    /// The first and the last day.
    pub(crate) valid: (Option<Date>, Option<Date>),
}

/// How a link is known; the numbers are those of its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// A partner said so.
    Declared = 1,
    /// Shipping notices show it.
    AsnObserved = 2,
    /// It was concluded.
    Inferred = 3,
}

impl Evidence {
    /// The evidence of a number.
    pub(crate) fn of(number: i64) -> Self {
        match number {
            1 => Self::Declared,
            2 => Self::AsnObserved,
            _ => Self::Inferred,
        }
    }
}

impl Flow {
    /// Whether it stands on a day.
    pub(crate) fn stands(&self, on: Date) -> bool {
        self.valid.0.is_none_or(|from| from <= on) && self.valid.1.is_none_or(|to| on <= to)
    }
}

/// What the programme says of a site's making.
#[derive(Debug, Clone, Default)]
pub(crate) struct Maker {
    /// What is made.
    pub(crate) name: String,
    /// What is known of it.
    pub(crate) facts: SiteFacts,
}

/// A way to the plant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Way {
    /// Thousandths of a day under way.
    pub(crate) transit_millidays: i64,
    /// How far, where it is known.
    pub(crate) metres: Option<i64>,
}

/// Everything that makes a network.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sources {
    /// The plant as a supplier.
    pub(crate) plant: String,
    /// The bought items with their names.
    pub(crate) bought: BTreeMap<String, String>,
    /// Links; a later one with the same ends takes the place of an earlier one.
    pub(crate) flows: Vec<Flow>,
    /// What is known of sites.
    pub(crate) makers: HashMap<Key, Maker>,
    /// Latitude and longitude of suppliers in millionths of a degree.
    pub(crate) places: HashMap<String, (i64, i64)>,
    /// The quickest way to the plant of each direct supplier.
    pub(crate) ways: HashMap<String, Way>,
}

/// The network on a day.
#[derive(Debug)]
pub(crate) struct Network {
    /// The sites.
    pub(crate) sites: Vec<Key>,
    /// Their places.
    pub(crate) at: HashMap<Key, usize>,
    /// What each makes, in words.
    pub(crate) names: Vec<String>,
    /// The bought items at the plant, ascending.
    pub(crate) roots: Vec<usize>,
    /// Who stands behind whom; its links are `flows`.
    pub(crate) graph: Graph,
    /// The links.
    pub(crate) flows: Vec<Flow>,
    /// What is known of each site.
    pub(crate) facts: Vec<SiteFacts>,
    /// What is known of each link.
    pub(crate) links: Vec<LinkFacts>,
}

impl Network {
    /// The network of a day. Cost: O(links log links).
    ///
    /// # Errors
    /// More links than a graph counts.
    pub(crate) fn new(sources: Sources, on: Date) -> Result<Self, GraphError> {
        let mut kept: BTreeMap<(Key, Key), Flow> = BTreeMap::new();
        for flow in sources.flows {
            kept.insert((flow.to.clone(), flow.from.clone()), flow);
        }
        let flows: Vec<Flow> = kept.into_values().filter(|flow| flow.stands(on)).collect();
        let mut sites: Vec<Key> = Vec::new();
        let mut at: HashMap<Key, usize> = HashMap::new();
        let mut place = |key: &Key| {
            *at.entry(key.clone()).or_insert_with(|| {
                sites.push(key.clone());
                sites.len() - 1
            })
        };
        // Bought items come first, so that roots are ascending.
        let roots: Vec<usize> = (sources.bought.keys())
            .map(|item| place(&(sources.plant.clone(), item.clone())))
            .collect();
        let mut materials: HashMap<&str, usize> = HashMap::new();
        let mut graph = Vec::with_capacity(flows.len());
        for flow in &flows {
            let next = materials.len();
            graph.push(Link {
                from: place(&flow.from),
                to: place(&flow.to),
                material: *materials.entry(flow.from.1.as_str()).or_insert(next),
                share: flow.share,
            });
        }
        let makers: Vec<Maker> = (sites.iter())
            .map(|key| sources.makers.get(key).cloned().unwrap_or_default())
            .collect();
        let links = (flows.iter())
            .map(|flow| {
                let direct = flow.to.0 == sources.plant;
                let way = sources.ways.get(&flow.from.0).filter(|_| direct);
                let place = |supplier: &str| sources.places.get(supplier).copied();
                let apart = || Some(great_circle(place(&flow.from.0)?, place(&flow.to.0)?));
                LinkFacts {
                    lead: flow.lead_days.map(|days| days * DAY),
                    transit: way.map(|way| way.transit_millidays * MILLIDAY),
                    distance: way.and_then(|way| way.metres).or_else(apart),
                    stock: flow.stock_days.map(|days| days * DAY),
                    quantity: flow.quantity,
                    carbon: None,
                }
            })
            .collect();
        let name = |(key, maker): (&Key, &Maker)| match maker.name.is_empty() {
            true => sources.bought.get(&key.1).cloned().unwrap_or_default(),
            false => maker.name.clone(),
        };
        let names = sites.iter().zip(&makers).map(name).collect();
        Ok(Self {
            graph: Graph::new(sites.len(), graph)?,
            facts: makers.iter().map(|maker| maker.facts).collect(),
            names,
            links,
            sites,
            at,
            roots,
            flows,
        })
    }

    /// The sites of a supplier, or one of them; none where it has none.
    pub(crate) fn sites_of(&self, supplier: &str, item: &str) -> Vec<usize> {
        if !item.is_empty() {
            let key = (supplier.to_owned(), item.to_owned());
            return self.at.get(&key).copied().into_iter().collect();
        }
        let own = self.sites.iter().enumerate();
        own.filter(|(_, key)| key.0 == supplier)
            .map(|(site, _)| site)
            .collect()
    }

    /// Sites as people name them, in the order of flow.
    pub(crate) fn named(&self, sites: &[usize]) -> String {
        named(&self.sites, sites)
    }

    /// The suppliers, and the place of each site's in them.
    pub(crate) fn suppliers(&self) -> (Vec<&str>, Vec<usize>) {
        let mut names: Vec<&str> = self.sites.iter().map(|key| key.0.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let place = |key: &Key| names.binary_search(&key.0.as_str()).unwrap_or_default();
        let of = self.sites.iter().map(place).collect();
        (names, of)
    }
}

/// The most sites of a cycle that are written out.
const WRITTEN: usize = 24;

/// Sites in the order of flow, back to the first one.
pub(crate) fn named(sites: &[Key], around: &[usize]) -> String {
    let name = |site: &usize| {
        let key = sites.get(*site);
        key.map_or_else(String::new, |(supplier, item)| format!("{supplier}/{item}"))
    };
    let mut names: Vec<String> = around.iter().take(WRITTEN).map(name).collect();
    if around.len() > WRITTEN {
        names.push(format!("({} more)", around.len() - WRITTEN));
    }
    names.extend(around.first().map(name));
    names.join(" > ")
}
