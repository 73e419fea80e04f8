//! The cheapest placing of stock in trees, by the dynamic programme of section 5 of Graves and Willems 2000. It must not know what
//! stages are. Invariant: exact in the integers of `placing::bound`; ties break to the shorter wait and the shorter quote. Cost:
//! O(sum over stages of the squared longest time).
use super::placing::{Placing, bound, placed, weight};
use super::tree::{Behind, Tree};

/// More than anything costs, and twice of it still fits.
const NEVER: i128 = i128::MAX / 4;

/// What the part of the tree before a stage costs at best, by the time that it and the neighbour behind it agree on.
struct Table {
    /// By that time: the least cost within it, and the time at which that is reached.
    within: Vec<(i128, usize)>,
    /// By that time: the stage's own other time that goes with it.
    other: Vec<usize>,
}

/// The placing that costs least. `quantile` is that of the service level, in millionths.
pub fn optimum(tree: &Tree, quantile: i64) -> Placing {
    let count = tree.stages.len();
    let mut tables: Vec<Option<Table>> = (0..count).map(|_| None).collect();
    let mut ends = Vec::new();
    for (stage, behind) in &tree.order {
        let seen = Seen::new(tree, &tables, *stage, quantile);
        tables[*stage] = Some(match behind {
            Some(Behind::Customer(_)) => seen.by_outbound(),
            Some(Behind::Supplier(_)) => seen.by_inbound(),
            None => {
                ends.push(*stage);
                seen.by_inbound()
            }
        });
    }
    // Back from the end of each tree: what a stage agreed on decides what its neighbours before it agree on.
    let mut times = vec![(0usize, 0usize); count];
    for (stage, behind) in tree.order.iter().rev() {
        let Some(table) = &tables[*stage] else {
            continue;
        };
        let (wait, quote) = match behind {
            Some(Behind::Customer(customer)) => {
                let (_, quote) = table.within[times[*customer].0.min(table.within.len() - 1)];
                (table.other[quote], quote)
            }
            Some(Behind::Supplier(supplier)) => {
                let (_, wait) = table.within[times[*supplier].1];
                (wait, table.other[wait])
            }
            None => {
                let (_, wait) = table.within[0];
                (wait, table.other[wait])
            }
        };
        times[*stage] = (wait, quote);
    }
    let quotes: Vec<i64> = times.iter().map(|(_, quote)| whole(*quote)).collect();
    placed(tree, &quotes, quantile)
}

/// A stage with what is known of its neighbours that were eliminated before it.
struct Seen {
    processing: usize,
    /// The first and the last time that it can wait.
    waits: (usize, usize),
    /// The longest that it may quote.
    limit: usize,
    /// What its own stock costs by the periods that it bridges.
    own: Vec<i128>,
    /// What its suppliers cost by its wait.
    suppliers: Vec<i128>,
    /// What its customers cost by its quote.
    customers: Vec<i128>,
}

impl Seen {
    fn new(tree: &Tree, tables: &[Option<Table>], at: usize, quantile: i64) -> Self {
        let stage = tree.stages[at];
        let (longest, last_wait) = (index(tree.longest(at)), index(tree.longest_wait[at]));
        let mut suppliers = vec![0i128; last_wait + 1];
        for table in tree.suppliers[at]
            .iter()
            .filter_map(|from| tables[*from].as_ref())
        {
            let last = table.within.len() - 1;
            for (wait, cost) in suppliers.iter_mut().enumerate() {
                *cost = (*cost + table.within[wait.min(last)].0).min(NEVER);
            }
        }
        let mut customers = vec![0i128; longest + 1];
        for table in tree.customers[at]
            .iter()
            .filter_map(|to| tables[*to].as_ref())
        {
            for (quote, cost) in customers.iter_mut().enumerate() {
                *cost = (*cost + table.within[quote].0).min(NEVER);
            }
        }
        let own = (0..=longest).map(|net| {
            weight(stage.holding, bound(stage.variance, whole(net), quantile)).min(NEVER)
        });
        Self {
            processing: index(stage.processing),
            waits: (index(stage.inbound), last_wait),
            limit: stage.outbound.map_or(longest, index).min(longest),
            own: own.collect(),
            suppliers,
            customers,
        }
    }

    fn cost(&self, wait: usize, quote: usize) -> i128 {
        let own = self.own[wait + self.processing - quote];
        own + self.suppliers[wait] + self.customers[quote]
    }

    /// For a stage whose customer comes later: f of the paper, by the quote, and the least within each.
    fn by_outbound(&self) -> Table {
        let (mut within, mut other) = (Vec::new(), Vec::new());
        let mut best = (NEVER, 0);
        for quote in 0..self.own.len() {
            let first = self.waits.0.max(quote.saturating_sub(self.processing));
            let waits = if quote <= self.limit {
                first..self.waits.1 + 1
            } else {
                0..0
            };
            let (cost, wait) = least(waits.map(|wait| (self.cost(wait, quote), wait)));
            other.push(wait);
            if cost < best.0 {
                best = (cost, quote);
            }
            within.push(best);
        }
        Table { within, other }
    }

    /// For a stage whose supplier comes later, or that is the last: g of the paper, by the wait, and the least from each on.
    fn by_inbound(&self) -> Table {
        let (mut costs, mut other) = (Vec::new(), Vec::new());
        for wait in 0..=self.waits.1 {
            let last = self.limit.min(wait + self.processing);
            let quotes = if wait >= self.waits.0 {
                0..last + 1
            } else {
                0..0
            };
            let (cost, quote) = least(quotes.map(|quote| (self.cost(wait, quote), quote)));
            costs.push(cost);
            other.push(quote);
        }
        let mut best = (NEVER, self.waits.1);
        let mut within = vec![best; costs.len()];
        for (wait, cost) in costs.into_iter().enumerate().rev() {
            if cost <= best.0 {
                best = (cost, wait);
            }
            within[wait] = best;
        }
        Table { within, other }
    }
}

/// The least cost and where it first stands.
fn least(costs: impl Iterator<Item = (i128, usize)>) -> (i128, usize) {
    let keep = |best: (i128, usize), next: (i128, usize)| if next.0 < best.0 { next } else { best };
    costs.fold((NEVER, 0), keep)
}

fn index(periods: i64) -> usize {
    usize::try_from(periods).unwrap_or(0)
}

fn whole(periods: usize) -> i64 {
    i64::try_from(periods).unwrap_or(i64::MAX)
}
