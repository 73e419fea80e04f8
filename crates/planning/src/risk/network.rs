//! Who supplies whom, down to the plant: sites that make an item, links between them, and the parts that vehicles are built of.
//! It must not know dates, prices or whose names these are. Units: thousandths of a day, shares in millionths. Invariants: no
//! cycle; the nodes stand in an order in which suppliers come before customers; a link's end exists.

/// One supplier's making of one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Node {
    /// Time to recover after the loss of the site; None where nobody knows it.
    pub time_to_recover: Option<i64>,
    /// Finished stock, in days of what is needed.
    pub stock: i64,
    /// Whether that stock is there when the site is lost.
    pub stock_survives: bool,
    /// The most that the site makes, in thousandths of the item a day; None where nobody knows it.
    pub capacity: Option<i64>,
}

/// To whom goods go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Customer {
    /// Another node.
    Node(usize),
    /// The plant, as one of its parts.
    Part(usize),
}

/// Goods from a node to a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Who supplies.
    pub from: usize,
    /// Who is supplied.
    pub to: Customer,
    /// What is supplied: links of one material to one customer stand in for each other, different materials are all needed.
    pub material: usize,
    /// How much of it one unit of the customer's item needs, in thousandths; 1,000 where the customer is the plant's part itself.
    pub quantity: i64,
    /// The part of the customer's need that comes this way, in millionths.
    pub share: i64,
    /// How long goods are under way.
    pub transit: i64,
    /// The customer's stock of the material, in days of need.
    pub customer_stock: i64,
}

/// Why links make no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// A link's end does not exist.
    #[error("link {link} ends at a node or part that does not exist")]
    Dangling {
        /// Its index.
        link: usize,
    },
    /// Somebody supplies himself.
    #[error("nodes {nodes:?} supply themselves; a supply network has no cycle")]
    Cycle {
        /// The nodes that lie on a cycle or behind one, the first few of them.
        nodes: Vec<usize>,
    },
}

/// A network that was checked.
#[derive(Debug, Clone)]
pub struct Network {
    pub(super) nodes: Vec<Node>,
    pub(super) parts: usize,
    links: Vec<Link>,
    /// The links out of node n: `out[out_from[n] .. out_from[n + 1]]`, and into customer c alike; parts follow the nodes.
    out: Vec<u32>,
    out_from: Vec<u32>,
    into: Vec<u32>,
    into_from: Vec<u32>,
    /// The place of a node in the order of flow.
    pub(super) rank: Vec<u32>,
}

impl Network {
    /// Checks and orders a network. Cost: O(nodes + links).
    ///
    /// # Errors
    /// `NetworkError`.
    pub fn new(nodes: Vec<Node>, parts: usize, links: Vec<Link>) -> Result<Self, NetworkError> {
        let customers = nodes.len() + parts;
        for (at, link) in links.iter().enumerate() {
            let known = match link.to {
                Customer::Node(node) => node < nodes.len(),
                Customer::Part(part) => part < parts,
            };
            if !known || link.from >= nodes.len() {
                return Err(NetworkError::Dangling { link: at });
            }
        }
        let place = |customer: Customer| match customer {
            Customer::Node(node) => node,
            Customer::Part(part) => nodes.len() + part,
        };
        let (out, out_from) = grouped(nodes.len(), links.iter().map(|link| link.from));
        let (mut into, into_from) = grouped(customers, links.iter().map(|link| place(link.to)));
        for customer in 0..customers {
            let range = into_from[customer] as usize..into_from[customer + 1] as usize;
            into[range].sort_by_key(|link| links[*link as usize].material);
        }
        let mut network = Self {
            rank: vec![u32::MAX; nodes.len()],
            nodes,
            parts,
            links,
            out,
            out_from,
            into,
            into_from,
        };
        network.order()?;
        Ok(network)
    }

    /// Kahn's algorithm from those who are supplied by nobody.
    fn order(&mut self) -> Result<(), NetworkError> {
        let mut waiting: Vec<u32> = (0..self.nodes.len())
            .map(|node| self.into_from[node + 1] - self.into_from[node])
            .collect();
        let mut ready: Vec<usize> = (0..self.nodes.len())
            .filter(|node| waiting[*node] == 0)
            .collect();
        let mut next = 0;
        while let Some(node) = ready.get(next).copied() {
            self.rank[node] = next as u32;
            next += 1;
            for link in self.out_of(node) {
                if let Customer::Node(customer) = link.to {
                    waiting[customer] -= 1;
                    if waiting[customer] == 0 {
                        ready.push(customer);
                    }
                }
            }
        }
        if next == self.nodes.len() {
            return Ok(());
        }
        let stuck = (0..self.nodes.len()).filter(|node| waiting[*node] > 0);
        Err(NetworkError::Cycle {
            nodes: stuck.take(20).collect(),
        })
    }

    /// The nodes.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The nodes, customers before their suppliers.
    pub fn customers_first(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.nodes.len()).collect();
        order.sort_unstable_by_key(|node| std::cmp::Reverse(self.rank[*node]));
        order
    }

    /// How many parts the plant builds in.
    pub fn parts(&self) -> usize {
        self.parts
    }

    /// The links out of a node.
    pub fn out_of(&self, node: usize) -> impl Iterator<Item = Link> + '_ {
        let range = self.out_from[node] as usize..self.out_from[node + 1] as usize;
        self.out[range]
            .iter()
            .map(|link| self.links[*link as usize])
    }

    /// The links into a customer; those of one material follow each other.
    pub fn into_customer(&self, customer: Customer) -> impl Iterator<Item = Link> + '_ {
        let at = match customer {
            Customer::Node(node) => node,
            Customer::Part(part) => self.nodes.len() + part,
        };
        let range = self.into_from[at] as usize..self.into_from[at + 1] as usize;
        self.into[range]
            .iter()
            .map(|link| self.links[*link as usize])
    }
}

/// Indices in groups: counting sort, so that a million links cost two passes.
pub(crate) fn grouped(
    groups: usize,
    of: impl Iterator<Item = usize> + Clone,
) -> (Vec<u32>, Vec<u32>) {
    let mut from = vec![0u32; groups + 1];
    for group in of.clone() {
        from[group + 1] += 1;
    }
    for group in 0..groups {
        from[group + 1] += from[group];
    }
    let mut next = from.clone();
    let mut all = vec![0u32; from[groups] as usize];
    for (at, group) in of.enumerate() {
        all[next[group] as usize] = at as u32;
        next[group] += 1;
    }
    (all, from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(from: usize, to: Customer) -> Link {
        Link {
            from,
            to,
            material: from,
            quantity: 1000,
            share: 1_000_000,
            transit: 0,
            customer_stock: 0,
        }
    }

    #[test]
    fn suppliers_come_before_customers_and_cycles_are_named() -> Result<(), NetworkError> {
        let nodes = vec![Node::default(); 3];
        let chain = vec![
            link(2, Customer::Node(0)),
            link(0, Customer::Node(1)),
            link(1, Customer::Part(0)),
        ];
        let network = Network::new(nodes.clone(), 1, chain)?;
        assert_eq!(network.rank, [1, 2, 0]);
        let around = vec![link(0, Customer::Node(1)), link(1, Customer::Node(0))];
        let refused = Network::new(nodes.clone(), 0, around).map(|_| ());
        assert_eq!(refused, Err(NetworkError::Cycle { nodes: vec![0, 1] }));
        let nowhere = Network::new(nodes, 1, vec![link(0, Customer::Part(1))]).map(|_| ());
        assert_eq!(nowhere, Err(NetworkError::Dangling { link: 0 }));
        Ok(())
    }

    #[test]
    fn hostile_graphs_end() -> Result<(), NetworkError> {
        let deep = 100_000;
        let mut links: Vec<Link> = (1..deep)
            .map(|at| link(at, Customer::Node(at - 1)))
            .collect();
        links.push(link(0, Customer::Part(0)));
        assert_eq!(
            Network::new(vec![Node::default(); deep], 1, links)?.rank[0],
            99_999
        );
        let star: Vec<Link> = (1..300_000).map(|at| link(at, Customer::Node(0))).collect();
        Network::new(vec![Node::default(); 300_000], 0, star).map(|_| ())
    }
}
