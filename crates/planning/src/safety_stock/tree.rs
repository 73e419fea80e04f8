//! Stages and who supplies whom among them. It must not know how stock is placed. Units: whole periods; variances in squared
//! millionths of a unit; money in millionths. Invariants: links make trees, whichever way they point; the order of elimination gives
//! each stage at most one neighbour behind it.
use std::collections::VecDeque;

/// The longest that a stage may wait for its goods and work on them, all its suppliers included.
pub const MOST_PERIODS: i64 = 4000;
/// The largest variance of a period's demand: a deviation of a hundred million units.
pub const MOST_VARIANCE: u128 = 10u128.pow(28);

/// A stage that may hold stock of what it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stage {
    /// Periods from having all inputs to having the goods.
    pub processing: i64,
    /// What a unit in stock costs, in millionths, for whatever time money is counted over.
    pub holding: i64,
    /// The variance of a period's demand on the stage, in squared millionths of a unit.
    pub variance: u128,
    /// The periods within which suppliers outside the tree deliver.
    pub inbound: i64,
    /// The longest that customers outside the tree wait; None where only stages are supplied, and for an end that may quote anything.
    pub outbound: Option<i64>,
}

/// One stage supplies another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Who supplies.
    pub from: usize,
    /// Who is supplied.
    pub to: usize,
    /// How much one unit of the customer needs, in thousandths.
    pub quantity: i64,
}

/// Why stages and links make no tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// A link's end does not exist.
    #[error("link {link} ends at a stage that does not exist")]
    Dangling {
        /// Its index.
        link: usize,
    },
    /// Links in a circle, whichever way they point.
    #[error(
        "stages {stages:?} are linked in a circle; cut one of the links, or give a stage to each customer"
    )]
    Circle {
        /// The stages around it.
        stages: Vec<usize>,
    },
    /// A time, price or variance that cannot be.
    #[error("stage {stage}: {what} is out of range")]
    Range {
        /// Its index.
        stage: usize,
        /// Which figure.
        what: &'static str,
    },
}

/// The neighbour that is eliminated after a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Behind {
    /// It is supplied by the stage.
    Customer(usize),
    /// It supplies the stage.
    Supplier(usize),
}

/// Trees that were checked.
#[derive(Debug, Clone)]
pub struct Tree {
    pub(super) stages: Vec<Stage>,
    pub(super) suppliers: Vec<Vec<usize>>,
    pub(super) customers: Vec<Vec<usize>>,
    /// The longest that a stage can wait for its inputs.
    pub(super) longest_wait: Vec<i64>,
    /// The stages in the order of elimination, with the neighbour that comes later.
    pub(super) order: Vec<(usize, Option<Behind>)>,
}

impl Tree {
    /// Checks and orders. Cost: O(stages + links).
    ///
    /// # Errors
    /// `TreeError`, the first that is found.
    pub fn new(stages: Vec<Stage>, links: &[Link]) -> Result<Self, TreeError> {
        let count = stages.len();
        for (at, link) in links.iter().enumerate() {
            if link.from >= count || link.to >= count {
                return Err(TreeError::Dangling { link: at });
            }
        }
        for (at, stage) in stages.iter().enumerate() {
            let time = |periods: i64| (0..=MOST_PERIODS).contains(&periods);
            let figures = [
                ("the processing time", time(stage.processing)),
                ("the inbound time", time(stage.inbound)),
                ("the outbound time", stage.outbound.is_none_or(time)),
                ("the holding cost", stage.holding >= 0),
                ("the variance of demand", stage.variance <= MOST_VARIANCE),
            ];
            if let Some((what, _)) = figures.into_iter().find(|(_, holds)| !holds) {
                return Err(TreeError::Range { stage: at, what });
            }
        }
        circle(count, links)?;
        let (mut suppliers, mut customers) = (vec![Vec::new(); count], vec![Vec::new(); count]);
        for link in links {
            customers[link.from].push(link.to);
            suppliers[link.to].push(link.from);
        }
        let mut tree = Self {
            longest_wait: stages.iter().map(|stage| stage.inbound).collect(),
            order: Vec::with_capacity(count),
            stages,
            suppliers,
            customers,
        };
        tree.wait()?;
        tree.eliminate();
        Ok(tree)
    }

    /// The stages.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// The longest that a stage can take from the first supplier on: no quote needs to be longer.
    pub fn longest(&self, stage: usize) -> i64 {
        self.longest_wait[stage] + self.stages[stage].processing
    }

    /// The longest waits, in the order of flow.
    fn wait(&mut self) -> Result<(), TreeError> {
        let mut open: Vec<usize> = self.suppliers.iter().map(Vec::len).collect();
        let mut ready: VecDeque<usize> = (0..open.len()).filter(|at| open[*at] == 0).collect();
        while let Some(stage) = ready.pop_front() {
            let done = self.longest(stage);
            if done > MOST_PERIODS {
                let what = "the time from the first supplier on";
                return Err(TreeError::Range { stage, what });
            }
            for customer in self.customers[stage].clone() {
                self.longest_wait[customer] = self.longest_wait[customer].max(done);
                open[customer] -= 1;
                if open[customer] == 0 {
                    ready.push_back(customer);
                }
            }
        }
        Ok(())
    }

    /// Takes away stages with one neighbour left, again and again (section 5 of the paper).
    fn eliminate(&mut self) {
        let count = self.stages.len();
        let mut left: Vec<usize> = (0..count)
            .map(|at| self.suppliers[at].len() + self.customers[at].len())
            .collect();
        let mut gone = vec![false; count];
        let mut ready: VecDeque<usize> = (0..count).filter(|at| left[*at] <= 1).collect();
        while let Some(stage) = ready.pop_front() {
            if gone[stage] {
                continue;
            }
            gone[stage] = true;
            let customer = self.customers[stage].iter().copied().find(|at| !gone[*at]);
            let supplier = || self.suppliers[stage].iter().copied().find(|at| !gone[*at]);
            let behind = match customer {
                Some(customer) => Some(Behind::Customer(customer)),
                None => supplier().map(Behind::Supplier),
            };
            if let Some(Behind::Customer(next) | Behind::Supplier(next)) = behind {
                left[next] -= 1;
                if left[next] <= 1 {
                    ready.push_back(next);
                }
            }
            self.order.push((stage, behind));
        }
    }
}

/// Joins the ends of each link; a link between two that are joined closes a circle, which is named.
fn circle(count: usize, links: &[Link]) -> Result<(), TreeError> {
    let mut root: Vec<usize> = (0..count).collect();
    let mut neighbours: Vec<Vec<usize>> = vec![Vec::new(); count];
    for link in links {
        let (from, to) = (find(&mut root, link.from), find(&mut root, link.to));
        if from == to {
            let stages = path(&neighbours, link.from, link.to);
            return Err(TreeError::Circle { stages });
        }
        root[from] = to;
        neighbours[link.from].push(link.to);
        neighbours[link.to].push(link.from);
    }
    Ok(())
}

fn find(root: &mut [usize], mut at: usize) -> usize {
    while root[at] != at {
        root[at] = root[root[at]];
        at = root[at];
    }
    at
}

/// The stages between two ends of a tree, both included.
fn path(neighbours: &[Vec<usize>], from: usize, to: usize) -> Vec<usize> {
    let mut came: Vec<Option<usize>> = vec![None; neighbours.len()];
    came[to] = Some(to);
    let mut ready = VecDeque::from([to]);
    while let Some(stage) = ready.pop_front() {
        for next in &neighbours[stage] {
            if came[*next].is_none() {
                came[*next] = Some(stage);
                ready.push_back(*next);
            }
        }
    }
    let mut stages = vec![from];
    let mut at = from;
    while let Some(next) = came[at].filter(|_| at != to) {
        stages.push(next);
        at = next;
    }
    stages
}

/// The variances of all stages from those of outside customers' demands, which do not depend on each other: a stage's own and, for
/// each customer, the square of the quantity times the customer's (section 3 of the paper). None where links close a circle or a
/// variance is too large. Cost: O(stages + links).
pub fn pooled(outside: &[u128], links: &[Link]) -> Option<Vec<u128>> {
    const THOUSAND: u128 = 1000;
    let mut variances = outside.to_vec();
    let mut open = vec![0usize; outside.len()];
    let mut into: Vec<Vec<&Link>> = vec![Vec::new(); outside.len()];
    for link in links {
        *open.get_mut(link.from)? += 1;
        into.get_mut(link.to)?.push(link);
    }
    let mut ready: VecDeque<usize> = (0..open.len()).filter(|at| open[*at] == 0).collect();
    let mut done = 0;
    while let Some(stage) = ready.pop_front() {
        done += 1;
        for link in &into[stage] {
            let quantity = u128::from(link.quantity.unsigned_abs());
            let square = quantity.checked_mul(quantity)?;
            let part = variances[stage].checked_mul(square)? / (THOUSAND * THOUSAND);
            variances[link.from] = variances[link.from].checked_add(part)?;
            open[link.from] -= 1;
            if open[link.from] == 0 {
                ready.push_back(link.from);
            }
        }
    }
    (done == outside.len()).then_some(variances)
}
