//! A programme's supply network as trees of stages that may hold safety stock. It must not know how stock is placed. Invariants: each
//! source of a bought part has a tree of its own, in which a site that serves several customers stands once for each; demand counts in
//! units of the part, so that a stage's own unit does not matter; a time that nobody knows leaves the part out and says so.
//!
//! So trees are made without cutting a link: needs that rise and fall with the same vehicles do not cancel out, and a shared site keeps
//! as much for two customers as both of its copies together.
use std::collections::BTreeMap;

use takt_kernel::{Date, half_even_div};
use takt_planning::risk::FULL;
use takt_planning::safety_stock::{Demand, Link, Stage, Tree, demand};

use super::network::Stocks;
use super::{Offline, unusable};
use crate::failure::{Failure, Outcome};
use crate::programme::{Direction, Item, Node, SupplyLink};

/// Thousandths of an hour in a day.
const DAY_MILLIHOURS: i64 = 24_000;
/// More copies of sites than any network of people has.
const MOST_STAGES: usize = 100_000;

/// What the trees are made for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// The first day of the need.
    pub as_of: Date,
    /// The days whose need is looked at.
    pub days: usize,
    /// What the materials of an item are worth, in millionths of the item; the folder does not say it.
    pub material_share: i64,
}

/// A part with the stages behind it.
#[derive(Debug)]
pub struct Chain {
    /// The item.
    pub item: usize,
    /// What is needed of it a day.
    pub demand: Demand,
    /// The stages, customers before their suppliers; the first of each tree is at the plant.
    pub stops: Vec<Stop>,
    /// The stages as the planning takes them, in the same order.
    pub tree: Tree,
    /// The sources with the days from order to receipt that were agreed on and their shares in millionths.
    pub agreed: Vec<(i64, i64)>,
}

/// Where a stage is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// Who has it: the plant's supplier id for the plant.
    pub site: String,
    /// What it is.
    pub item: String,
    /// 0 at the plant, 1 at a direct supplier.
    pub tier: u32,
    /// Who is supplied, as the place in the list.
    pub customer: Option<usize>,
    /// The part of the need that comes this way, in millionths.
    pub share: i64,
}

/// Every bought part of the plan: its chain, or why it has none.
pub type Chains = Vec<(usize, Result<Chain, String>)>;

impl Offline {
    /// The chains of all bought parts that are needed, in the order of items.
    pub fn buffers(&self, wanted: Wanted) -> Outcome<Chains> {
        // What supplies itself is refused with its name.
        self.chain(wanted.as_of, Stocks::All)?;
        let products = self.products_from(wanted.as_of);
        let network = Sites::new(self, wanted);
        let mut chains = Vec::new();
        for (at, item) in self
            .full
            .items
            .iter()
            .enumerate()
            .filter(|(_, item)| !item.make)
        {
            let demand = demand(&products, at, wanted.days);
            if demand.mean > 0 {
                chains.push((at, network.unfolded(at, item, demand)?));
            }
        }
        Ok(chains)
    }
}

/// The folder's network by who is supplied with what.
struct Sites<'p> {
    plant: &'p str,
    nodes: BTreeMap<(&'p str, &'p str), &'p Node>,
    /// The links into an item of a customer.
    into: BTreeMap<(&'p str, &'p str), Vec<&'p SupplyLink>>,
    transit: BTreeMap<&'p str, i64>,
    wanted: Wanted,
}

/// A stage that waits for its suppliers to be looked at.
struct Open<'p> {
    supplier: &'p str,
    item: &'p str,
    customer: usize,
    share: i64,
    value: i64,
    tier: u32,
    /// The days from the site to its customer, beyond its own time.
    way: i64,
}

impl<'p> Sites<'p> {
    fn new(offline: &'p Offline, wanted: Wanted) -> Self {
        let programme = &offline.full;
        let mut into: BTreeMap<_, Vec<&SupplyLink>> = BTreeMap::new();
        let plant = programme.plant.supplier.as_str();
        let valid = |link: &&SupplyLink| {
            link.valid_from.is_none_or(|from| from <= wanted.as_of)
                && link.valid_to.is_none_or(|to| wanted.as_of <= to)
        };
        for link in programme.links.iter().filter(valid) {
            let to = link.to.as_str();
            if to == plant {
                into.entry((to, link.item.as_str())).or_default().push(link);
            }
            for item in link.into.iter().filter(|_| to != plant) {
                into.entry((to, item.as_str())).or_default().push(link);
            }
        }
        let mut transit = BTreeMap::new();
        for lane in programme.inbound() {
            if let Direction::Inbound { supplier, .. } = &lane.direction {
                let kept = transit
                    .entry(supplier.as_str())
                    .or_insert(lane.transit_days());
                *kept = (*kept).min(lane.transit_days());
            }
        }
        let nodes = programme
            .nodes
            .iter()
            .map(|node| ((node.supplier.as_str(), node.item.as_str()), node));
        Self {
            plant,
            nodes: nodes.collect(),
            into,
            transit,
            wanted,
        }
    }

    /// A part's chain: from the plant to those who supply it, and on to theirs.
    fn unfolded(
        &self,
        at: usize,
        item: &'p Item,
        demand: Demand,
    ) -> Outcome<Result<Chain, String>> {
        let part = item.id.as_str();
        let mut built = Built::default();
        let mut open: Vec<Open<'_>> = Vec::new();
        let direct = self
            .into
            .get(&(self.plant, part))
            .map_or(&[][..], Vec::as_slice);
        if direct.is_empty() {
            return Ok(Err(format!(
                "nobody supplies {part} on {}",
                self.wanted.as_of
            )));
        }
        for link in direct {
            let Some(way) = self.transit.get(link.from.as_str()) else {
                return Ok(Err(format!("{} has no lane to the plant", link.from)));
            };
            let value = item.unit_cost.micros;
            let plant = Stop {
                site: self.plant.to_owned(),
                item: part.to_owned(),
                tier: 0,
                customer: None,
                share: link.share.millionths(),
            };
            let customer = built.add(plant, *way, value, demand, Some(0));
            open.push(Open {
                supplier: link.from.as_str(),
                item: part,
                customer,
                share: link.share.millionths(),
                value,
                tier: 1,
                way: 0,
            });
        }
        while let Some(next) = open.pop() {
            let Some(own) = self.days_of(next.supplier, next.item) else {
                let told = format!(
                    "nobody knows how long {} takes for {}",
                    next.supplier, next.item
                );
                return Ok(Err(told));
            };
            let stop = Stop {
                site: next.supplier.to_owned(),
                item: next.item.to_owned(),
                tier: next.tier,
                customer: Some(next.customer),
                share: next.share,
            };
            let stage = built.add(stop, own + next.way, next.value, demand, None);
            if built.stages.len() > MOST_STAGES {
                let told = format!(
                    "{part} has more than {MOST_STAGES} sites behind it, counted by customer"
                );
                return Err(Failure::bad_input(told));
            }
            let links = self
                .into
                .get(&(next.supplier, next.item))
                .map_or(&[][..], Vec::as_slice);
            let mut materials: Vec<&str> = links.iter().map(|link| link.item.as_str()).collect();
            materials.sort_unstable();
            materials.dedup();
            let all = i128::from(next.value) * i128::from(self.wanted.material_share);
            let parts = i128::from(FULL) * i128::try_from(materials.len().max(1)).unwrap_or(1);
            let value = half_even_div(all, parts).unwrap_or(0);
            for link in links.iter().rev() {
                let share = i128::from(next.share) * i128::from(link.share.millionths());
                let (from, item) = (link.from.as_str(), link.item.as_str());
                let own = self.days_of(from, item).unwrap_or(0);
                open.push(Open {
                    supplier: from,
                    item,
                    customer: stage,
                    share: half_even_div(share, i128::from(FULL)).unwrap_or(0),
                    value,
                    tier: next.tier + 1,
                    // What the agreed days hold beyond the site's own work.
                    way: link.lead_time_days.map_or(0, |lead| (lead - own).max(0)),
                });
            }
        }
        let tree = Tree::new(built.stages, &built.links).map_err(unusable)?;
        let agreed = item
            .agreements
            .iter()
            .map(|agreement| (agreement.lead_time_days, agreement.share.millionths()));
        Ok(Ok(Chain {
            item: at,
            demand,
            stops: built.stops,
            tree,
            agreed: agreed.collect(),
        }))
    }

    /// Whole days of processing and waiting at a site.
    fn days_of(&self, supplier: &str, item: &str) -> Option<i64> {
        let node = self.nodes.get(&(supplier, item))?;
        let hours = node.process_millihours? + node.wait_millihours?;
        Some((hours + DAY_MILLIHOURS - 1) / DAY_MILLIHOURS)
    }
}

#[derive(Default)]
struct Built {
    stops: Vec<Stop>,
    stages: Vec<Stage>,
    links: Vec<Link>,
}

impl Built {
    fn add(
        &mut self,
        stop: Stop,
        processing: i64,
        value: i64,
        demand: Demand,
        outbound: Option<i64>,
    ) -> usize {
        let at = self.stages.len();
        let share = u128::from(stop.share.unsigned_abs());
        let whole = u128::from(FULL.unsigned_abs());
        self.stages.push(Stage {
            processing,
            holding: value,
            variance: demand.variance.saturating_mul(share) / whole * share / whole,
            inbound: 0,
            outbound,
        });
        if let Some(customer) = stop.customer {
            self.links.push(Link {
                from: at,
                to: customer,
                quantity: 1000,
            });
        }
        self.stops.push(stop);
        at
    }
}
