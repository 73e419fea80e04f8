//! A placing of stock: the times that stages quote, and what that costs. It must not know how the cheapest is found. Units: whole
//! periods, stock in billionths of a unit, money in millionths. Invariant: a stage waits for its slowest supplier, and what it bridges
//! is that wait and its own work less what it quotes, never less than nothing.
use super::tree::Tree;

/// The parts of a unit in which stock is counted.
pub const STOCK_UNIT: i128 = 1_000_000_000;
/// The parts of one in which a quantile is told.
const QUANTILE_UNIT: i128 = 1_000_000;

/// A stage in a placing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Placed {
    /// The service time of its slowest supplier.
    pub inbound: i64,
    /// The service time that it quotes to its customers.
    pub outbound: i64,
    /// The periods that its stock bridges.
    pub net: i64,
    /// Its safety stock, in billionths of a unit.
    pub stock: i128,
    /// What that costs, in millionths.
    pub cost: i64,
}

/// Stock at all stages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placing {
    /// One a stage, in their order.
    pub stages: Vec<Placed>,
    /// What all cost, in millionths.
    pub cost: i64,
}

/// What demand exceeds its mean by in so many periods, at most: `quantile x deviation x root of periods`, in billionths of a unit,
/// rounded down. The root is that of whole numbers, exact to a billionth of a unit; the quantile is in millionths.
pub fn bound(variance: u128, periods: i64, quantile: i64) -> i128 {
    let square = variance.saturating_mul(u128::from(periods.max(0).unsigned_abs()));
    // A millionth's square is a billionth's, times a million.
    let root = square.saturating_mul(1_000_000).isqrt();
    let root = i128::try_from(root).unwrap_or(i128::MAX);
    root.saturating_mul(i128::from(quantile.max(0))) / QUANTILE_UNIT
}

/// The stock of a stage that bridges so many periods, in money's millionths times billionths of a unit: without a rounding, so that
/// sums can be compared.
pub(super) fn weight(holding: i64, stock: i128) -> i128 {
    stock.saturating_mul(i128::from(holding))
}

/// Every stage quotes nothing: each keeps stock for its own work alone, as a planner does who looks at one stage at a time.
pub fn each_stage(tree: &Tree, quantile: i64) -> Placing {
    let none: Vec<i64> = vec![0; tree.stages.len()];
    placed(tree, &none, quantile)
}

/// Every stage quotes the longest it may: stock lies only where outside customers will not wait.
pub fn last_stages(tree: &Tree, quantile: i64) -> Placing {
    let longest = |at: usize| {
        let most = tree.longest(at);
        tree.stages[at]
            .outbound
            .map_or(most, |limit| limit.min(most))
    };
    let quotes: Vec<i64> = (0..tree.stages.len()).map(longest).collect();
    placed(tree, &quotes, quantile)
}

/// The placing in which stages quote these times; one that a stage would keep with time to spare is shortened to what it takes.
pub(super) fn placed(tree: &Tree, quotes: &[i64], quantile: i64) -> Placing {
    let mut stages = Vec::with_capacity(quotes.len());
    let mut cost = 0i128;
    for (at, stage) in tree.stages.iter().enumerate() {
        let waits = tree.suppliers[at].iter().map(|from| quotes[*from]);
        let inbound = waits.fold(stage.inbound, i64::max);
        let outbound = quotes[at].min(inbound + stage.processing);
        let net = inbound + stage.processing - outbound;
        let stock = bound(stage.variance, net, quantile);
        let own = weight(stage.holding, stock);
        cost = cost.saturating_add(own);
        stages.push(Placed {
            inbound,
            outbound,
            net,
            stock,
            cost: rounded(own),
        });
    }
    Placing {
        stages,
        cost: rounded(cost),
    }
}

fn rounded(weight: i128) -> i64 {
    takt_kernel::half_even_div(weight, STOCK_UNIT).unwrap_or(i64::MAX)
}
