//! The supply network as rows name it: sites by supplier and item, flows by who supplies whom with what. It must not know files or
//! tables. Invariants: every flow ends at a site that stands in a row, or at the plant; a figure that nobody knows stays unknown.
use super::network::{Customer, Link, Network, NetworkError, Node};
use std::collections::HashMap;

/// A supplier's making of one item.
#[derive(Debug, Clone, Copy)]
pub struct SiteRow<'a> {
    /// Who makes it.
    pub supplier: &'a str,
    /// What is made.
    pub item: &'a str,
    /// What is known of it.
    pub node: Node,
}

/// Goods from a supplier to a customer, into one or several of the customer's items.
#[derive(Debug, Clone)]
pub struct FlowRow<'a> {
    /// Who supplies.
    pub from: &'a str,
    /// Who is supplied.
    pub to: &'a str,
    /// What is supplied.
    pub item: &'a str,
    /// The customer's items that it goes into; ignored where the customer is the plant.
    pub into: Vec<&'a str>,
    /// The part of the need, in millionths.
    pub share: i64,
    /// Thousandths of it for one unit of the customer's item.
    pub quantity: i64,
    /// Thousandths of a day under way.
    pub transit: i64,
    /// Thousandths of a day of need in the customer's stock.
    pub customer_stock: i64,
}

/// Why rows make no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// Two rows of one site.
    #[error("{supplier} makes {item} twice; one row a supplier and item")]
    TwiceMade {
        /// The supplier.
        supplier: String,
        /// The item.
        item: String,
    },
    /// A flow ends where no row is.
    #[error(
        "{supplier} makes no {item} that a flow of {of} could {what}; add its site, or mend the flow"
    )]
    NoSite {
        /// The supplier.
        supplier: String,
        /// The item.
        item: String,
        /// What flows.
        of: String,
        /// `come from` or `go into`.
        what: &'static str,
    },
    /// The plant builds in no such part.
    #[error(
        "{item} goes to the plant, which builds it into no vehicle; mend the flow, or the bill of material"
    )]
    NoPart {
        /// The item.
        item: String,
    },
    /// Suppliers in a circle.
    #[error("sites supply themselves: {}", sites.join(", "))]
    Cycle {
        /// The first of them, as supplier and item.
        sites: Vec<String>,
    },
}

/// A network whose nodes are the sites in the order of their rows.
#[derive(Debug)]
pub struct Chain {
    /// The network.
    pub network: Network,
    /// How far each site is from the plant: 1 supplies it directly; 0 supplies nobody.
    pub tiers: Vec<u32>,
}

/// Joins rows to a network. `parts` names the plant's parts in the order in which products count them; flows of other items to the
/// plant are refused. Cost: O(sites + flows x their lists).
///
/// # Errors
/// `ChainError`, the first that is found.
pub fn chain(
    plant: &str,
    parts: &[&str],
    sites: &[SiteRow<'_>],
    flows: &[FlowRow<'_>],
) -> Result<Chain, ChainError> {
    let mut places = HashMap::with_capacity(sites.len());
    for (at, site) in sites.iter().enumerate() {
        if places.insert((site.supplier, site.item), at).is_some() {
            return Err(ChainError::TwiceMade {
                supplier: site.supplier.to_owned(),
                item: site.item.to_owned(),
            });
        }
    }
    let parts: HashMap<&str, usize> = parts.iter().enumerate().map(|(at, id)| (*id, at)).collect();
    let mut materials: HashMap<&str, usize> = HashMap::new();
    let mut links = Vec::with_capacity(flows.len());
    for flow in flows {
        let next = materials.len();
        let material = *materials.entry(flow.item).or_insert(next);
        let site = |supplier: &str, item: &str, what| {
            let missing = || ChainError::NoSite {
                supplier: supplier.to_owned(),
                item: item.to_owned(),
                of: flow.item.to_owned(),
                what,
            };
            places.get(&(supplier, item)).copied().ok_or_else(missing)
        };
        let from = site(flow.from, flow.item, "come from")?;
        let link = |to, quantity| Link {
            from,
            to,
            material,
            quantity,
            share: flow.share,
            transit: flow.transit,
            customer_stock: flow.customer_stock,
        };
        if flow.to == plant {
            let part = parts.get(flow.item).ok_or_else(|| ChainError::NoPart {
                item: flow.item.to_owned(),
            })?;
            links.push(link(Customer::Part(*part), 1000));
        } else {
            for item in &flow.into {
                let customer = Customer::Node(site(flow.to, item, "go into")?);
                links.push(link(customer, flow.quantity));
            }
        }
    }
    let nodes = sites.iter().map(|site| site.node).collect();
    let name = |node: &usize| {
        sites.get(*node).map_or_else(String::new, |site| {
            format!("{} of {}", site.item, site.supplier)
        })
    };
    let network = Network::new(nodes, parts.len(), links).map_err(|error| match error {
        NetworkError::Cycle { nodes } => ChainError::Cycle {
            sites: nodes.iter().map(name).collect(),
        },
        // Every end was looked up above.
        NetworkError::Dangling { .. } => ChainError::Cycle { sites: Vec::new() },
    })?;
    let tiers = tiers(&network);
    Ok(Chain { network, tiers })
}

/// Breadth first from the plant upwards; customers stand behind their suppliers in the order of flow.
fn tiers(network: &Network) -> Vec<u32> {
    let mut tiers = vec![0u32; network.nodes().len()];
    for node in network.customers_first() {
        let behind = network.out_of(node).filter_map(|link| match link.to {
            Customer::Part(_) => Some(1),
            Customer::Node(customer) => tiers
                .get(customer)
                .filter(|tier| **tier > 0)
                .map(|tier| tier + 1),
        });
        let tier = behind.min().unwrap_or(0);
        if let Some(own) = tiers.get_mut(node) {
            *own = tier;
        }
    }
    tiers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site<'a>(supplier: &'a str, item: &'a str) -> SiteRow<'a> {
        SiteRow {
            supplier,
            item,
            node: Node::default(),
        }
    }

    fn flow<'a>(from: &'a str, to: &'a str, item: &'a str, into: &[&'a str]) -> FlowRow<'a> {
        FlowRow {
            from,
            to,
            item,
            into: into.to_vec(),
            share: 1_000_000,
            quantity: 1000,
            transit: 0,
            customer_stock: 0,
        }
    }

    #[test]
    fn rows_become_tiers() -> Result<(), ChainError> {
        let sites = [
            site("CATL", "PACK"),
            site("CATL", "CELL"),
            site("GANFENG", "LITHIUM"),
            site("SPARE", "TYRE"),
        ];
        let flows = [
            flow("CATL", "PLANT", "PACK", &[]),
            flow("CATL", "PLANT", "CELL", &[]),
            flow("GANFENG", "CATL", "LITHIUM", &["PACK", "CELL"]),
        ];
        let found = chain("PLANT", &["CELL", "PACK"], &sites, &flows)?;
        assert_eq!(found.tiers, [1, 1, 2, 0]);
        assert_eq!(found.network.out_of(2).count(), 2);
        assert_eq!(
            found.network.out_of(0).next().map(|link| link.to),
            Some(Customer::Part(1))
        );
        Ok(())
    }

    #[test]
    fn what_is_wrong_is_named() {
        let sites = [site("A", "X"), site("B", "Y")];
        let refused = |flows: &[FlowRow<'_>]| {
            chain("PLANT", &["X"], &sites, flows)
                .map(|_| ())
                .map_err(|error| error.to_string())
        };
        for (flows, told) in [
            (
                vec![flow("A", "PLANT", "Z", &[])],
                "A makes no Z that a flow of Z could come from",
            ),
            (
                vec![flow("A", "B", "X", &["Q"])],
                "B makes no Q that a flow of X could go into",
            ),
            (vec![flow("B", "PLANT", "Y", &[])], "Y goes to the plant"),
            (
                vec![flow("A", "B", "X", &["Y"]), flow("B", "A", "Y", &["X"])],
                "sites supply themselves: X of A, Y of B",
            ),
        ] {
            let found = refused(&flows).expect_err(told);
            assert!(found.starts_with(told), "{found}");
        }
        let twice = chain("PLANT", &[], &[site("A", "X"), site("A", "X")], &[]);
        assert!(matches!(twice, Err(ChainError::TwiceMade { .. })));
    }
}
