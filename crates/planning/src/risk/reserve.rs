//! What capacity that is reserved at other sites gives in place of one that is lost. It must not know names, fees or dates. Units:
//! thousandths of an item a day, shares in millionths. Model: a reservation is there from the first day of a loss, for the needs that
//! its site serves, in the proportion in which it serves them; needs are those of the busiest day, so that a promise of cover holds on
//! every other one. Invariants: more reserved capacity never covers less; nobody covers for himself or for who is lost with him.
use super::FULL;
use super::assess::Product;
use super::network::{Customer, Link, Network};
use std::collections::BTreeMap;

/// By node the part of what it gives, in millionths, that the `reserved` capacity of others gives in its place: the least over the
/// needs that it serves. `reserved` is thousandths a day by node, and two nodes that are `together` are lost together.
pub fn covers(
    network: &Network,
    products: &[Product],
    reserved: &[i64],
    together: impl Fn(usize, usize) -> bool,
) -> Vec<i64> {
    let nodes = network.nodes().len();
    if reserved.iter().all(|daily| *daily <= 0) {
        return vec![0; nodes];
    }
    let rates = Rates::of(network, products);
    let cover = |node: usize| {
        let mut needs: BTreeMap<(Customer, usize), i128> = BTreeMap::new();
        for link in network.out_of(node) {
            *needs.entry((link.to, link.material)).or_default() += rates.flow(&link);
        }
        let of = |((customer, material), flow): (&(Customer, usize), &i128)| {
            let others = network.into_customer(*customer).filter(|link| {
                link.material == *material && link.from != node && !together(link.from, node)
            });
            let given: i128 = others
                .map(|link| rates.given(network, reserved, &link))
                .sum();
            let part = (given * i128::from(FULL)).checked_div(*flow)?;
            Some(i64::try_from(part).unwrap_or(FULL).min(FULL))
        };
        needs.iter().filter_map(of).min().unwrap_or(0)
    };
    (0..nodes).map(cover).collect()
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
    fn given(&self, network: &Network, reserved: &[i64], link: &Link) -> i128 {
        let own = i128::from(reserved.get(link.from).copied().unwrap_or(0).max(0));
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
        let covers = covers(&chain.network, &products, &[0, 100_000], |_, _| false);
        assert_eq!(covers, [FULL / 3, 0]);
        let lost = |covers: Vec<i64>| {
            let assessor = Assessor::new(&chain.network, &products).reserving(covers);
            assessor.site(&[0], Some(30_000)).lost[0] / FULL
        };
        assert_eq!((lost(vec![]), lost(covers)), (1800, 1200));
        // What covers everything spares everything, and nobody covers for who is lost with him.
        assert_eq!(lost(vec![FULL, 0]), 0);
        let none = super::covers(&chain.network, &products, &[0, 100_000], |_, _| true);
        assert_eq!(none, [0, 0]);
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
            let mut reserved = vec![0i64; nodes];
            let mut before = covers(&network, &products, &reserved, |_, _| false);
            assert_eq!(before, vec![0; nodes]);
            for step in 0..12usize {
                let at = (step * 7 + usize::try_from(seed).unwrap_or(0)) % nodes;
                reserved[at] += 50_000;
                let after = covers(&network, &products, &reserved, |_, _| false);
                assert!(
                    before
                        .iter()
                        .zip(&after)
                        .all(|(before, after)| before <= after)
                );
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
