//! What capacity that is reserved at other sites gives in place of one that is lost. It must not know names, fees or dates. Units:
//! thousandths of an item a day, shares in millionths, thousandths of a day. Model: a reservation is there when its lead time has passed
//! since the loss, for the needs that its site serves, in the proportion in which it serves them; those who are lost together share it;
//! needs are those of the busiest day, so that a promise of cover holds on every other one. Invariants: more reserved capacity, or
//! capacity that comes sooner, never covers less; nobody covers for himself or for who is lost with him.
use super::FULL;
use super::assess::Product;
use super::network::{Customer, Link, Network};
use std::collections::{BTreeMap, BTreeSet};

/// Capacity that a site has reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reserved {
    /// The site.
    pub node: usize,
    /// How much, in thousandths a day.
    pub daily: i64,
    /// How long after a loss the first of it arrives, in thousandths of a day.
    pub after: i64,
}

/// What others give in the place of a node that is lost: from so many thousandths of a day after the loss on, that part of what it gives,
/// in millionths. Steps rise; none is no cover.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cover(Vec<(i64, i64)>);

impl Cover {
    /// A part from the first instant on.
    pub fn at_once(part: i64) -> Self {
        Self(vec![(0, part)])
    }

    /// Whether nobody gives anything.
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// The steps: instants after the loss, and the part from then on.
    pub fn steps(&self) -> &[(i64, i64)] {
        &self.0
    }
}

/// By node what the `reserved` capacity of others gives in its place: the least over the needs that it serves. Whoever is `together`
/// with a node is lost with it.
pub fn covers(
    network: &Network,
    products: &[Product],
    reserved: &[Reserved],
    together: impl Fn(usize, usize) -> bool,
) -> Vec<Cover> {
    let mut covers = vec![Cover::default(); network.nodes().len()];
    let own = reserved.iter().filter(|own| own.daily > 0);
    let instants: BTreeSet<i64> = own.map(|own| own.after.max(0)).collect();
    let rates = match instants.is_empty() {
        true => return covers,
        false => Rates::of(network, products),
    };
    for instant in instants {
        let mut daily: BTreeMap<usize, i128> = BTreeMap::new();
        for own in reserved.iter().filter(|own| own.after <= instant) {
            *daily.entry(own.node).or_default() += i128::from(own.daily.max(0));
        }
        for (node, cover) in covers.iter_mut().enumerate() {
            let part = rates.part(network, &daily, node, &together);
            if part > cover.0.last().map_or(0, |(_, part)| *part) {
                cover.0.push((instant, part));
            }
        }
    }
    covers
}

/// Thousandths a day on the busiest day.
struct Rates {
    nodes: Vec<i128>,
    parts: Vec<i128>,
}

impl Rates {
    fn of(network: &Network, products: &[Product]) -> Self {
        let days = products.iter().map(|product| product.daily.len()).max();
        let mut rates = Self {
            nodes: vec![0; network.nodes().len()],
            parts: vec![0; network.parts()],
        };
        for day in 0..days.unwrap_or(0) {
            let mut today: BTreeMap<usize, i128> = BTreeMap::new();
            for product in products {
                let count = i128::from(product.daily.get(day).copied().unwrap_or(0));
                for (part, need) in &product.parts {
                    *today.entry(*part).or_default() += count * i128::from(*need);
                }
            }
            for (part, need) in today {
                if let Some(most) = rates.parts.get_mut(part) {
                    *most = (*most).max(need / i128::from(FULL));
                }
            }
        }
        // Customers before those who supply them.
        let mut order: Vec<usize> = (0..rates.nodes.len()).collect();
        order.sort_by_key(|node| std::cmp::Reverse(network.rank.get(*node).copied()));
        for node in order {
            let rate = network.out_of(node).map(|link| rates.flow(&link)).sum();
            if let Some(own) = rates.nodes.get_mut(node) {
                *own = rate;
            }
        }
        rates
    }

    /// The part of what a node gives that those give who have so much in reserve, in millionths.
    fn part(
        &self,
        network: &Network,
        reserved: &BTreeMap<usize, i128>,
        node: usize,
        together: impl Fn(usize, usize) -> bool,
    ) -> i64 {
        let needs: BTreeSet<(Customer, usize)> = network
            .out_of(node)
            .map(|link| (link.to, link.material))
            .collect();
        let of = |(customer, material): &(Customer, usize)| {
            let (mut given, mut lost) = (0, 0);
            let same = |link: &Link| link.material == *material;
            for link in network.into_customer(*customer).filter(same) {
                match link.from == node || together(link.from, node) {
                    true => lost += self.flow(&link),
                    false => given += self.given(network, reserved, &link),
                }
            }
            let part = (given * i128::from(FULL)).checked_div(lost)?;
            Some(i64::try_from(part).unwrap_or(FULL).min(FULL))
        };
        needs.iter().filter_map(of).min().unwrap_or(0)
    }

    /// What flows over a link.
    fn flow(&self, link: &Link) -> i128 {
        let customer = match link.to {
            Customer::Node(node) => self.nodes.get(node),
            Customer::Part(part) => self.parts.get(part),
        };
        let need = customer.copied().unwrap_or(0) * i128::from(link.quantity) / 1000;
        need * i128::from(link.share) / i128::from(FULL)
    }

    /// What of a site's reserved capacity goes over one of its links.
    fn given(&self, network: &Network, reserved: &BTreeMap<usize, i128>, link: &Link) -> i128 {
        let Some(own) = reserved.get(&link.from).copied() else {
            return 0;
        };
        match self.nodes.get(link.from).copied().unwrap_or(0) {
            // A site that serves nobody yet may serve any of those it is linked to.
            0 => {
                let links = network.out_of(link.from).count();
                own / i128::try_from(links.max(1)).unwrap_or(1)
            }
            rate => own * self.flow(link) / rate,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::assess::Assessor;
    use super::super::chain::{FlowRow, SiteRow, chain};
    use super::super::network::Node;
    use super::super::outage::{Outage, still_made};
    use super::super::synthetic::{Size, synthetic};
    use super::*;

    /// Two makers of seats, 60 to 40, five seats a vehicle and 100 vehicles a day: the example of docs/partnerships.md.
    #[test]
    fn a_second_maker_of_seats_with_reserved_capacity() -> Result<(), Box<dyn std::error::Error>> {
        let site = |supplier| SiteRow {
            supplier,
            item: "SEAT",
            node: Node {
                time_to_recover: Some(30_000),
                ..Node::default()
            },
        };
        let flow = |from, share: i64| FlowRow {
            from,
            to: "PLANT",
            item: "SEAT",
            into: vec![],
            share: share * FULL / 100,
            quantity: 1000,
            transit: 0,
            customer_stock: 0,
        };
        let sites = [site("FIRST"), site("SECOND")];
        let chain = chain(
            "PLANT",
            &["SEAT"],
            &sites,
            &[flow("FIRST", 60), flow("SECOND", 40)],
        )?;
        let products = [Product {
            daily: vec![100 * FULL; 60],
            parts: vec![(0, 5000)],
        }];
        // The first one gives 300 seats a day; the second one has reserved 100 more, and the first one nothing.
        let reserved = |after: i64| {
            [Reserved {
                node: 1,
                daily: 100_000,
                after,
            }]
        };
        let covers = |after| covers(&chain.network, &products, &reserved(after), |_, _| false);
        assert_eq!(covers(0), [Cover::at_once(FULL / 3), Cover::default()]);
        let lost = |covers: Vec<Cover>| {
            let assessor = Assessor::new(&chain.network, &products).reserving(covers);
            assessor.site(&[0], Some(30_000)).lost[0] / FULL
        };
        assert_eq!((lost(vec![]), lost(covers(0))), (1800, 1200));
        // Ten days pass until it arrives: 600 are lost in them, and 800 in the twenty days behind.
        assert_eq!(lost(covers(10_000)), 1400);
        // What covers everything spares everything, and nobody covers for who is lost with him.
        assert_eq!(lost(vec![Cover::at_once(FULL)]), 0);
        let none = super::covers(&chain.network, &products, &reserved(0), |_, _| true);
        assert_eq!(none, vec![Cover::default(); 2]);
        Ok(())
    }

    /// Three makers of seats, 30, 30 and 40 of a hundred: two are lost together and share what the third has reserved.
    #[test]
    fn who_is_lost_together_shares_what_is_reserved() -> Result<(), Box<dyn std::error::Error>> {
        let link = |from, share: i64| Link {
            from,
            to: Customer::Part(0),
            material: 0,
            quantity: 1000,
            share: share * FULL / 100,
            transit: 0,
            customer_stock: 0,
        };
        let links = vec![link(0, 30), link(1, 30), link(2, 40)];
        let network = Network::new(vec![Node::default(); 3], 1, links)?;
        let products = [Product {
            daily: vec![100 * FULL; 10],
            parts: vec![(0, 1000)],
        }];
        let own = Reserved {
            node: 2,
            daily: 30_000,
            after: 0,
        };
        let alone = covers(&network, &products, &[own], |_, _| false);
        let both = covers(&network, &products, &[own], |a, b| a < 2 && b < 2);
        assert_eq!(alone[0], Cover::at_once(FULL));
        assert_eq!(
            both[..2],
            [Cover::at_once(FULL / 2), Cover::at_once(FULL / 2)]
        );
        // The same through several outages at once: half of what they gave comes, beside what one of them goes on making.
        let out = |node, remaining| Outage {
            node,
            from: 0,
            until: 10_000,
            remaining,
            cover: both[node].clone(),
        };
        let made = still_made(&network, &[out(0, 0), out(1, 400_000)]);
        let level = |node| made.get(&node).map(|flow| flow.level(0));
        assert_eq!((level(0), level(1)), (Some(FULL / 2), Some(900_000)));
        Ok(())
    }

    #[test]
    fn more_reserved_capacity_never_covers_less_nor_loses_more()
    -> Result<(), Box<dyn std::error::Error>> {
        for seed in 0..20u64 {
            let (network, products) = synthetic(Size {
                nodes: 60,
                links: 150,
                tiers: 4,
                products: 3,
                seed,
            })?;
            let nodes = network.nodes().len();
            let mut reserved: Vec<Reserved> = Vec::new();
            let mut before = covers(&network, &products, &reserved, |_, _| false);
            assert_eq!(before, vec![Cover::default(); nodes]);
            for step in 0..12usize {
                reserved.push(Reserved {
                    node: (step * 7 + usize::try_from(seed).unwrap_or(0)) % nodes,
                    daily: 50_000,
                    after: (step % 3) as i64 * 5_000,
                });
                let after = covers(&network, &products, &reserved, |_, _| false);
                let part = |cover: &Cover, at: i64| {
                    let mut steps = cover.steps().iter().rev();
                    let begun = steps.find(|(from, _)| *from <= at);
                    begun.map_or(0, |(_, part)| *part)
                };
                for at in [0, 5_000, 10_000] {
                    let mut both = before.iter().zip(&after);
                    assert!(both.all(|(before, after)| part(before, at) <= part(after, at)));
                }
                let (less, more) = (
                    Assessor::new(&network, &products).reserving(before.clone()),
                    Assessor::new(&network, &products).reserving(after.clone()),
                );
                for node in 0..nodes {
                    let sum = |assessor: &Assessor<'_>| {
                        assessor
                            .site(&[node], Some(20_000))
                            .lost
                            .iter()
                            .sum::<i64>()
                    };
                    assert!(sum(&more) <= sum(&less));
                }
                before = after;
            }
        }
        Ok(())
    }
}
