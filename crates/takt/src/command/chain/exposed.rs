//! What the picture of a network shows: suppliers by tier, what the loss of each with all its sites costs, who supplies whom. It must not
//! know how it is drawn. Invariant: a supplier of which nobody knows when it is back has no loss, not none of 0.
use std::collections::BTreeMap;

use takt_planning::risk::{Assessor, earned};
use takt_planning::tier::shared;

use super::leg::millionths;
use super::view::View;
use super::{WORK, picture};
use crate::failure::{Failure, Outcome};
use crate::offline::network::Stocks;

impl View<'_> {
    /// What the picture shows: suppliers by tier, what the loss of each with all its sites costs, who supplies whom.
    pub(super) fn picture(&self) -> Outcome<picture::Picture> {
        let programme = &self.offline.full;
        let chain = self.offline.chain(self.as_of, Stocks::All)?;
        let assessor = Assessor::new(&chain.network, &self.products);
        let (margins, has_margins) = &self.margins;
        let mut nodes: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, node) in programme.nodes.iter().enumerate() {
            nodes.entry(node.supplier.as_str()).or_default().push(at);
        }
        let tiers = self.supplier_tiers();
        let (names, groups) = self.tiers.suppliers();
        let roots = self.tiers.root_sites();
        let behind = shared(&self.tiers.graph, &roots, &groups, WORK)
            .map_err(|_| Failure::broken("a network with an order has a cycle"))?;
        let mut picture = picture::Picture::new(
            &programme.title,
            &self.as_of.to_string(),
            &self.offline.currency(),
        );
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        for (supplier, tier) in &tiers {
            let Some(own) = nodes.get(supplier) else {
                continue;
            };
            let times = own
                .iter()
                .map(|node| chain.network.nodes().get(*node)?.time_to_recover);
            let until = times.collect::<Option<Vec<i64>>>();
            let until = until.and_then(|times| times.into_iter().max());
            let loss = assessor.site(own, until);
            let vehicles = millionths(loss.lost.iter().sum());
            let margin = millionths(earned(&loss.lost, margins));
            let known = (programme.suppliers.iter()).find(|one| one.id.as_str() == *supplier);
            let group = names.binary_search(supplier).ok();
            let shared = behind.groups.iter().find(|one| Some(one.group) == group);
            let items = own.iter().filter_map(|node| programme.nodes.get(*node));
            places.insert(supplier, picture.boxes.len());
            picture.boxes.push(picture::Box {
                id: (*supplier).to_owned(),
                name: known.map_or_else(String::new, |one| one.name.clone()),
                place: known
                    .map_or_else(String::new, |one| format!("{}, {}", one.city, one.country)),
                tier: *tier,
                recover_days: until.map(|time| time as f64 / 1000.0),
                survive_days: loss.time_to_survive.map(|time| time as f64 / 1000.0),
                lost_vehicles: until.map(|_| vehicles),
                lost_margin: until.filter(|_| *has_margins).map(|_| margin),
                items: items.map(|node| node.item.to_string()).collect(),
                behind: shared.map_or(0, |one| one.behind.len()),
            });
        }
        let mut links: Vec<(usize, usize)> = Vec::new();
        for link in self.tiers.graph.links() {
            let supplier = |at: usize| Some(self.tiers.sites.get(at)?.supplier.as_str());
            let from = supplier(link.from).and_then(|one| places.get(one));
            let to = supplier(link.to).and_then(|one| places.get(one));
            if let (Some(from), Some(to)) = (from, to) {
                links.push((*from, *to));
            }
        }
        links.sort_unstable();
        links.dedup();
        picture.links = links;
        picture.parts = self.tiers.roots.len();
        picture.delivery = self
            .delivery()
            .map(|delivery| (delivery.lanes, delivery.transit_days));
        Ok(picture)
    }
}
