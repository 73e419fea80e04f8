//! Building ahead: what a week cannot do is done in weeks before it, as late as possible. It must not know why a week is short.
//! Invariants: each week builds within its capacity; nothing is built late or earlier than allowed; what is left unmet is the least
//! possible. Source: earliest deadline first, in reversed time (Horn, *Some simple scheduling algorithms*, Naval Research Logistics
//! Quarterly 21, 1974): all windows are equally long, so serving the one that closes first is best.
use std::collections::VecDeque;

/// What is built in each week, and what of each week's demand is not built at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ahead {
    /// What is built less what is demanded: the delta production of CX-0128.
    pub delta: Vec<i64>,
    /// What is missing of the demand of each week.
    pub missing: Vec<i64>,
}

/// Spreads a demand over a capacity; a week's demand may be built in it or in the `weeks` weeks before it. Cost: O(weeks x `weeks`) at
/// most.
pub fn built_ahead(demand: &[i64], capacity: &[i64], weeks: usize) -> Ahead {
    let mut ahead = Ahead {
        delta: demand.iter().map(|demand| -demand).collect(),
        missing: vec![0; demand.len()],
    };
    // Demands that wait for an earlier week, the latest first: it is the first that may wait no more.
    let mut waiting: VecDeque<(usize, i64)> = VecDeque::new();
    for (at, wanted) in demand.iter().enumerate().rev() {
        while let Some((due, left)) = waiting.front().copied() {
            if due - at <= weeks {
                break;
            }
            ahead.missing[due] = left;
            waiting.pop_front();
        }
        waiting.push_back((at, *wanted));
        let mut free = capacity.get(at).copied().unwrap_or(0).max(0);
        while let Some((_, left)) = waiting.front_mut() {
            let built = free.min(*left);
            *left -= built;
            free -= built;
            ahead.delta[at] += built;
            if *left > 0 {
                break;
            }
            waiting.pop_front();
        }
    }
    for (due, left) in waiting {
        ahead.missing[due] = left;
    }
    ahead
}
