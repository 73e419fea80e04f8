//! Grants: what a supplier may see of the network, and what becomes of its walk.
//!
//! It must not know rows or messages. Invariant: with a grant a supplier sees those of its sites that the grant names and who supplies
//! them directly, and nothing else.

use std::collections::BTreeSet;

use takt_kernel::Date;
use takt_planning::tier::{Budget, Direction, End, Traversal, Why};

use super::Network;

/// What a supplier may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    /// Its name.
    pub(crate) id: String,
    /// Who may see.
    pub(crate) supplier: String,
    /// What it makes; empty is all.
    pub(crate) items: Vec<String>,
    /// The first and the last day.
    pub(crate) valid: (Date, Date),
    /// Whether it was ended.
    pub(crate) revoked: bool,
}

impl Grant {
    /// Whether it holds on a day.
    pub(crate) fn holds(&self, on: Date) -> bool {
        !self.revoked && self.valid.0 <= on && on <= self.valid.1
    }
}

/// The walk of a supplier under the grants that hold: its own sites that were asked for, and who supplies them. None where no grant names
/// one of the starts.
pub(crate) fn seen(
    network: &Network,
    starts: &[usize],
    grants: &[Grant],
    budget: Budget,
) -> Option<(Traversal, BTreeSet<usize>)> {
    let whole = grants.iter().any(|grant| grant.items.is_empty());
    let named: BTreeSet<&str> = grants
        .iter()
        .flat_map(|grant| &grant.items)
        .map(String::as_str)
        .collect();
    let own = |site: &usize| {
        let key = network.sites.get(*site);
        key.is_some_and(|(_, item)| whole || named.contains(item.as_str()))
    };
    let starts: Vec<usize> = starts.iter().copied().filter(own).collect();
    if starts.is_empty() {
        return None;
    }
    let near = Budget {
        depth: budget.depth.min(1),
        ..budget
    };
    let mut found = network.graph.traverse(&starts, Direction::Up, near);
    // What lies behind a direct supplier is not told, not even whether there is anything.
    let direct: BTreeSet<usize> = (found.reached.iter())
        .filter(|reached| reached.depth > 0)
        .map(|reached| reached.site)
        .collect();
    found
        .ends
        .retain(|end| end.why == Why::Size || !direct.contains(&end.site));
    found.ends.extend(direct.iter().map(|site| End {
        site: *site,
        why: Why::Depth,
    }));
    Some((found, direct))
}
