//! What the loss of a supplier with all of its sites costs, who stands beside it, and how much of the loss stock or a second source
//! would spare. It must not know names or who owns whom. Units as in `exposure`. Source: Simchi-Levi et al. 2015, by supplier instead
//! of by site. Invariants: what nobody knows is not computed with; no measure spares more than is lost; a second source spares at most
//! its share's part of what would be missing, so that stocks behind it last the longer.
use super::assess::{Assessor, Binding, Product};
use super::exposure::{Bridge, Money, bridges, earned};
use super::network::{Customer, Network};
use std::collections::BTreeSet;

/// A supplier as the plant depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partner {
    /// When the last of its sites is back; None where nobody knows.
    pub time_to_recover: Option<i64>,
    /// How long all vehicles are built as planned; None is without end.
    pub time_to_survive: Option<i64>,
    /// What ends first.
    pub binding: Option<Binding>,
    /// What is lost until then; None where nobody knows when.
    pub lost: Option<Spared>,
    /// What a second source spares.
    pub second_source: Option<Spared>,
    /// The stock at the plant that spares everything.
    pub bridge: Vec<Bridge>,
    /// The needs of customers that it covers, and those of them that nobody else does.
    pub needs: usize,
    /// Of these the ones that nobody else covers.
    pub alone: usize,
    /// The nodes of others who cover the same needs.
    pub beside: BTreeSet<usize>,
}

/// Vehicles in millionths and margin in millionths of the currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spared {
    /// Vehicles.
    pub vehicles: i64,
    /// Margin.
    pub margin: i64,
}

/// The supplier behind these nodes. `second` is the part that a second source would give of everything it makes, in millionths; it
/// stands in no network yet, so it is taken as not lost with the first.
pub fn partner(
    network: &Network,
    assessor: &Assessor<'_>,
    products: &[Product],
    money: Money<'_>,
    nodes: &[usize],
    second: i64,
) -> Partner {
    let times = nodes
        .iter()
        .map(|node| network.nodes().get(*node)?.time_to_recover);
    let until = times
        .collect::<Option<Vec<i64>>>()
        .and_then(|times| times.into_iter().max());
    let loss = assessor.site(nodes, until);
    let worth = |vehicles: &[i64]| Spared {
        vehicles: vehicles.iter().sum(),
        margin: earned(vehicles, money.margins),
    };
    let lost = until.map(|_| worth(&loss.lost));
    let costly = until.filter(|_| lost.is_some_and(|lost| lost.vehicles > 0));
    let second_source = costly.zip(lost).map(|(until, lost)| {
        let left = worth(&assessor.lost_in_part(nodes, until, super::FULL - second));
        Spared {
            vehicles: lost.vehicles - left.vehicles,
            margin: lost.margin - left.margin,
        }
    });
    let bridge = costly.map(|until| bridges(assessor, products, money.prices, nodes, until));
    let mut needs: BTreeSet<(Customer, usize)> = BTreeSet::new();
    for node in nodes {
        needs.extend(network.out_of(*node).map(|link| (link.to, link.material)));
    }
    let (mut alone, mut beside) = (0, BTreeSet::new());
    for (customer, material) in &needs {
        let others = network
            .into_customer(*customer)
            .filter(|link| link.material == *material && link.share > 0)
            .map(|link| link.from)
            .filter(|from| !nodes.contains(from));
        let others: Vec<usize> = others.collect();
        alone += usize::from(others.is_empty());
        beside.extend(others);
    }
    Partner {
        time_to_recover: until,
        time_to_survive: loss.time_to_survive,
        binding: loss.binding,
        lost,
        second_source,
        bridge: bridge.unwrap_or_default(),
        needs: needs.len(),
        alone,
        beside,
    }
}

#[cfg(test)]
mod tests {
    use super::super::chain::{FlowRow, SiteRow, chain};
    use super::super::network::Node;
    use super::super::{
        FULL,
        synthetic::{Size, synthetic},
    };
    use super::*;

    /// The example of docs/partnerships.md: the cell maker of docs/risk.md, and two makers of seats.
    #[test]
    fn a_cell_maker_and_two_makers_of_seats() -> Result<(), Box<dyn std::error::Error>> {
        let site = |supplier, item, stock: i64| SiteRow {
            supplier,
            item,
            node: Node {
                time_to_recover: Some(30_000),
                stock: stock * 1000,
                stock_survives: true,
                capacity: None,
            },
        };
        let flow = |from, item, share: i64, stock: i64| FlowRow {
            from,
            to: "PLANT",
            item,
            into: vec![],
            share: share * FULL / 100,
            quantity: 1000,
            transit: 0,
            customer_stock: stock * 1000,
        };
        let sites = [
            site("CELLS", "CELL", 2),
            site("SEATS", "SEAT", 0),
            site("SEATS2", "SEAT", 0),
        ];
        let flows = [
            flow("CELLS", "CELL", 100, 1),
            flow("SEATS", "SEAT", 60, 0),
            flow("SEATS2", "SEAT", 40, 0),
        ];
        let chain = chain("PLANT", &["CELL", "SEAT"], &sites, &flows)?;
        let products = [Product {
            daily: vec![100 * FULL; 60],
            parts: vec![(0, 120_000), (1, 5000)],
        }];
        let money = Money {
            margins: &[2000 * FULL],
            prices: &[30 * FULL, 100 * FULL],
        };
        let assessor = Assessor::new(&chain.network, &products);
        let of =
            |nodes: &[usize]| partner(&chain.network, &assessor, &products, money, nodes, FULL / 2);
        let whole = |spared: Option<Spared>| {
            spared.map(|spared| (spared.vehicles / FULL, spared.margin / FULL))
        };
        let cells = of(&[0]);
        assert_eq!(cells.time_to_survive, Some(3000));
        assert_eq!(whole(cells.lost), Some((2700, 5_400_000)));
        // With half of the cells coming, three days of stock last six: half of the 24 days that are left.
        assert_eq!(whole(cells.second_source), Some((1500, 3_000_000)));
        assert_eq!(
            cells.bridge.iter().map(|stock| stock.days).sum::<i64>(),
            27_000
        );
        let cost: i64 = cells.bridge.iter().map(|stock| stock.cost).sum();
        assert_eq!(cost / FULL, 27 * 100 * 120 * 30);
        assert_eq!((cells.needs, cells.alone, cells.beside.len()), (1, 1, 0));
        let seats = of(&[1]);
        assert_eq!(whole(seats.lost), Some((1800, 3_600_000)));
        assert_eq!((seats.needs, seats.alone), (1, 0));
        assert_eq!(seats.beside, BTreeSet::from([2]));
        // A supplier of both loses what stops first, and not twice.
        let both = of(&[0, 1]);
        assert_eq!((both.needs, both.alone), (2, 1));
        assert!(whole(both.lost) >= whole(cells.lost));
        Ok(())
    }

    #[test]
    fn no_measure_spares_more_than_is_lost() -> Result<(), Box<dyn std::error::Error>> {
        let size = Size {
            nodes: 300,
            links: 900,
            tiers: 4,
            products: 3,
            seed: 7,
        };
        let (network, products) = synthetic(size)?;
        let assessor = Assessor::new(&network, &products);
        let (margins, prices) = (vec![FULL; products.len()], vec![FULL; network.parts()]);
        let money = Money {
            margins: &margins,
            prices: &prices,
        };
        let mut costly = 0;
        for nodes in (0..network.nodes().len()).collect::<Vec<_>>().chunks(3) {
            let [none, half, all] = [0, FULL / 2, FULL]
                .map(|second| partner(&network, &assessor, &products, money, nodes, second));
            let (Some(lost), Some(none), Some(half), Some(all)) = (
                half.lost,
                none.second_source,
                half.second_source,
                all.second_source,
            ) else {
                continue;
            };
            costly += 1;
            assert_eq!((none.vehicles, all.vehicles), (0, lost.vehicles));
            assert!((0..=lost.vehicles).contains(&half.vehicles) && half.margin <= lost.margin);
        }
        assert!(costly > 10, "{costly}");
        Ok(())
    }
}
