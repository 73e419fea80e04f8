//! The same question as the paper asks it: a linear programme over the time to recover, in which sources may stand in for each
//! other as far as their capacity goes, and scarce goods go where they earn most (Simchi-Levi et al., Interfaces 45(5), 2015,
//! models TTR and TTS). It must not know the time within the outage; `assess` does. Floats are used here and nowhere else in this
//! module, because the solver computes in them; every variable is a number of days of what is needed, so that coefficients stay
//! near 1. Invariants: who is not reached by the loss keeps what it gets; without alternatives and with goods that are not under
//! way it never finds a larger loss than the walk through time.
use super::FULL;
use super::assess::Product;
use super::network::{Customer, Link, Network};
use microlp::{ComparisonOp, OptimizationDirection, Problem, Variable};
use std::collections::{BTreeMap, BTreeSet};

/// What other sources do while one is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sourcing {
    /// Each keeps its share (RULES 13).
    KeepShares,
    /// Each gives what its capacity, and that of its own suppliers, allows beyond what others get of it.
    Reallocate,
}

/// The solver gave up; the message says where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the linear programme of the loss was not solved: {0}")]
pub struct PaperError(String);

/// A survival that is longer than this, in days, is not told apart from one without end.
const HORIZON: f64 = 3650.0;
const DAY: f64 = 1000.0;

/// The paper's model of a network and what is built of its parts at a steady pace.
#[derive(Debug)]
pub struct Paper<'a> {
    network: &'a Network,
    products: &'a [Product],
    /// Vehicles a day.
    pace: Vec<f64>,
    /// What one vehicle earns, in any unit.
    margins: Vec<f64>,
    /// Units a day that a part is needed at, and that a node makes.
    part_rate: Vec<f64>,
    node_rate: Vec<f64>,
    /// The products that need a part.
    needing: Vec<Vec<(usize, f64)>>,
}

/// A sum of variables that is at most a multiple of the time plus a constant.
#[derive(Default)]
struct Row {
    terms: Vec<(Variable, f64)>,
    by_time: f64,
    constant: f64,
}

/// The programme under construction: the time is fixed or itself a variable.
struct Model {
    problem: Problem,
    time: Result<f64, Variable>,
}

impl Model {
    fn variable(&mut self, cost: f64) -> Variable {
        self.problem.add_var(cost, (0.0, f64::INFINITY))
    }

    /// `terms <= by_time x time + constant`.
    fn at_most(&mut self, mut row: Row) {
        match self.time {
            Ok(time) => row.constant += row.by_time * time,
            Err(variable) => row.terms.push((variable, -row.by_time)),
        }
        self.problem
            .add_constraint(row.terms.as_slice(), ComparisonOp::Le, row.constant);
    }
}

impl<'a> Paper<'a> {
    /// The model for products built at their mean pace over their first `days` days; `margins` weighs a lost vehicle of each.
    pub fn new(
        network: &'a Network,
        products: &'a [Product],
        margins: &[i64],
        days: usize,
    ) -> Self {
        let mean = |product: &Product| {
            let sum: i64 = product.daily.iter().take(days).sum();
            sum as f64 / FULL as f64 / days.max(1) as f64
        };
        let pace: Vec<f64> = products.iter().map(mean).collect();
        let mut needing = vec![Vec::new(); network.parts()];
        let mut part_rate = vec![0.0; network.parts()];
        for (at, (product, pace)) in products.iter().zip(&pace).enumerate() {
            for (part, quantity) in &product.parts {
                let quantity = *quantity as f64 / DAY;
                needing[*part].push((at, quantity));
                part_rate[*part] += quantity * pace;
            }
        }
        let mut model = Self {
            network,
            products,
            margins: margins.iter().map(|margin| *margin as f64).collect(),
            pace,
            node_rate: vec![0.0; network.nodes().len()],
            part_rate,
            needing,
        };
        let mut order: Vec<usize> = (0..model.node_rate.len()).collect();
        order.sort_unstable_by_key(|node| std::cmp::Reverse(network.rank[*node]));
        for node in order {
            model.node_rate[node] = network
                .out_of(node)
                .map(|link| model.need(&link) * share(&link))
                .sum();
        }
        model
    }

    /// Units a day that a link's customer needs of its material, over all sources.
    fn need(&self, link: &Link) -> f64 {
        let quantity = link.quantity as f64 / DAY;
        quantity
            * match link.to {
                Customer::Node(node) => self.node_rate[node],
                Customer::Part(part) => self.part_rate[part],
            }
    }

    /// How long all vehicles can be built after the loss of these nodes, in thousandths of a day; None is without end.
    ///
    /// # Errors
    /// `PaperError`.
    pub fn time_to_survive(
        &self,
        nodes: &[usize],
        sourcing: Sourcing,
    ) -> Result<Option<i64>, PaperError> {
        let mut problem = Problem::new(OptimizationDirection::Maximize);
        let time = problem.add_var(1.0, (0.0, HORIZON));
        let mut model = Model {
            problem,
            time: Err(time),
        };
        self.constrain(&mut model, nodes, sourcing, false);
        let solved = solve(&model.problem)?;
        let days = solved.var_value(time);
        Ok((days < HORIZON - 1e-6).then_some((days * DAY).round() as i64))
    }

    /// Vehicles of each product that are lost, in millionths, when the nodes are back after `days` thousandths of a day, at the
    /// least loss of margin.
    ///
    /// # Errors
    /// `PaperError`.
    pub fn lost(
        &self,
        nodes: &[usize],
        recovers: i64,
        sourcing: Sourcing,
    ) -> Result<Vec<i64>, PaperError> {
        let mut model = Model {
            problem: Problem::new(OptimizationDirection::Minimize),
            time: Ok(recovers as f64 / DAY),
        };
        let variables = self.constrain(&mut model, nodes, sourcing, true);
        let solved = solve(&model.problem)?;
        let mut lost = vec![0; self.products.len()];
        for (product, variable) in variables {
            // A variable counts days of the product's own pace.
            let vehicles = solved.var_value(variable) * self.pace[product];
            lost[product] = (vehicles * FULL as f64).round() as i64;
        }
        Ok(lost)
    }

    /// Writes the rows of everything that the loss reaches; answers with the variable of each product that may lose.
    fn constrain(
        &self,
        model: &mut Model,
        lost: &[usize],
        sourcing: Sourcing,
        may_lose: bool,
    ) -> BTreeMap<usize, Variable> {
        let (reached, parts) = self.reached(lost);
        let standing = match sourcing {
            Sourcing::KeepShares => BTreeSet::new(),
            Sourcing::Reallocate => self.standing_in(&reached, &parts),
        };
        let mut losses = BTreeMap::new();
        if may_lose {
            let products = parts.iter().flat_map(|part| &self.needing[*part]);
            for (product, _) in products.filter(|(product, _)| self.pace[*product] > 0.0) {
                losses.entry(*product).or_insert_with(|| {
                    // Without any margin a lost vehicle still counts.
                    let weight = self.margins.get(*product).copied().unwrap_or(0.0).max(1.0);
                    model.variable(weight * self.pace[*product])
                });
            }
            for variable in losses.values() {
                model.at_most(Row {
                    terms: vec![(*variable, 1.0)],
                    by_time: 1.0,
                    constant: 0.0,
                });
            }
        }
        // What each node makes, in days of its need, and what it gives to whom, in days of the customer's need.
        let made: BTreeMap<usize, Variable> = reached
            .iter()
            .chain(&standing)
            .map(|node| (*node, model.variable(0.0)))
            .collect();
        let mut given: BTreeMap<usize, Row> = BTreeMap::new();
        for node in made.keys() {
            let supplied = Customer::Node(*node);
            self.receive(
                model,
                supplied,
                &made,
                &mut given,
                |row| {
                    row.terms.push((made[node], 1.0));
                },
                sourcing,
            );
        }
        for part in &parts {
            let rate = self.part_rate[*part];
            if rate <= 0.0 {
                continue;
            }
            self.receive(
                model,
                Customer::Part(*part),
                &made,
                &mut given,
                |row| {
                    row.by_time -= 1.0;
                    for (product, quantity) in &self.needing[*part] {
                        if let Some(loss) = losses.get(product) {
                            row.terms
                                .push((*loss, -quantity * self.pace[*product] / rate));
                        }
                    }
                },
                sourcing,
            );
        }
        self.capacities(model, lost, &made, &parts, given);
        losses
    }

    /// Rows of one customer: what it makes of each material is at most what it is given and has in stock.
    fn receive(
        &self,
        model: &mut Model,
        customer: Customer,
        made: &BTreeMap<usize, Variable>,
        given: &mut BTreeMap<usize, Row>,
        used: impl Fn(&mut Row),
        sourcing: Sourcing,
    ) {
        let links: Vec<Link> = self.network.into_customer(customer).collect();
        for group in links.chunk_by(|a, b| a.material == b.material) {
            if group.iter().all(|link| !made.contains_key(&link.from)) {
                continue;
            }
            let named: f64 = group.iter().map(share).sum();
            let stock = group.iter().map(|link| link.customer_stock).max();
            // The part of no source that is named goes on.
            let mut row = Row {
                by_time: (1.0 - named).max(0.0),
                constant: stock.unwrap_or(0) as f64 / DAY,
                ..Row::default()
            };
            used(&mut row);
            for link in group {
                if !made.contains_key(&link.from) {
                    row.by_time += share(link);
                    continue;
                }
                let flow = model.variable(0.0);
                row.terms.push((flow, -1.0));
                if sourcing == Sourcing::KeepShares {
                    model.at_most(Row {
                        terms: vec![(flow, 1.0)],
                        by_time: share(link),
                        constant: 0.0,
                    });
                }
                let rate = self.node_rate[link.from];
                let weight = if rate > 0.0 {
                    self.need(link) / rate
                } else {
                    1.0
                };
                given
                    .entry(link.from)
                    .or_default()
                    .terms
                    .push((flow, weight));
            }
            model.at_most(row);
        }
    }

    /// Rows of the nodes: nothing is made where the site is lost, elsewhere at most what capacity allows; what is given is made or
    /// was in stock, and those whom the loss does not reach keep theirs.
    fn capacities(
        &self,
        model: &mut Model,
        lost: &[usize],
        made: &BTreeMap<usize, Variable>,
        parts: &BTreeSet<usize>,
        mut given: BTreeMap<usize, Row>,
    ) {
        for (node, variable) in made {
            let own = &self.network.nodes()[*node];
            let is_lost = lost.contains(node);
            let capacity = own.capacity.map(|milli| milli as f64 / DAY);
            let rate = self.node_rate[*node];
            let most = match capacity {
                _ if is_lost => Some(0.0),
                // What is needed today is made today, whatever the estimate says.
                Some(capacity) if rate > 0.0 => Some((capacity / rate).max(1.0)),
                _ => None,
            };
            if let Some(most) = most {
                model.at_most(Row {
                    terms: vec![(*variable, 1.0)],
                    by_time: most,
                    constant: 0.0,
                });
            }
            let mut row = given.remove(node).unwrap_or_default();
            let bound: f64 = self
                .network
                .out_of(*node)
                .filter(|link| match link.to {
                    Customer::Node(customer) => !made.contains_key(&customer),
                    Customer::Part(part) => !parts.contains(&part),
                })
                .map(|link| self.need(&link) * share(&link))
                .sum();
            row.terms.push((*variable, -1.0));
            row.by_time -= if rate > 0.0 { bound / rate } else { 0.0 };
            if !is_lost || own.stock_survives {
                row.constant += own.stock as f64 / DAY;
            }
            // A lost site owes those nothing whom the loss does not reach: it reaches all of its customers.
            model.at_most(row);
        }
    }

    /// The nodes and parts downstream of a loss, the lost ones included.
    fn reached(&self, lost: &[usize]) -> (BTreeSet<usize>, BTreeSet<usize>) {
        let mut nodes = BTreeSet::from_iter(lost.iter().copied());
        let mut parts = BTreeSet::new();
        let mut open = lost.to_vec();
        while let Some(node) = open.pop() {
            for link in self.network.out_of(node) {
                match link.to {
                    Customer::Node(next) if nodes.insert(next) => open.push(next),
                    Customer::Node(_) => {}
                    Customer::Part(part) => {
                        parts.insert(part);
                    }
                }
            }
        }
        (nodes, parts)
    }

    /// The sources beside those that are reached, and all who supply them: they are asked for more.
    fn standing_in(&self, reached: &BTreeSet<usize>, parts: &BTreeSet<usize>) -> BTreeSet<usize> {
        let mut standing = BTreeSet::new();
        let mut open = Vec::new();
        let customers = reached.iter().map(|node| Customer::Node(*node));
        for customer in customers.chain(parts.iter().map(|part| Customer::Part(*part))) {
            let links: Vec<Link> = self.network.into_customer(customer).collect();
            for group in links.chunk_by(|a, b| a.material == b.material) {
                if group.iter().any(|link| reached.contains(&link.from)) {
                    open.extend(group.iter().map(|link| link.from));
                }
            }
        }
        while let Some(node) = open.pop() {
            if !reached.contains(&node) && standing.insert(node) {
                let suppliers = self.network.into_customer(Customer::Node(node));
                open.extend(suppliers.map(|link| link.from));
            }
        }
        standing
    }
}

fn share(link: &Link) -> f64 {
    link.share as f64 / FULL as f64
}

fn solve(problem: &Problem) -> Result<microlp::Solution, PaperError> {
    let outcome = problem
        .solve()
        .map_err(|error| PaperError(error.to_string()))?;
    outcome
        .into_solution()
        .map_err(|_| PaperError("it was interrupted".to_owned()))
}
