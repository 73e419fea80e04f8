//! Who stands behind several direct suppliers, and whose loss alone stops a part. It must not know names or money. Sites are
//! looked at in groups (the sites of a company, or each by itself). Invariants: of different materials all are needed, of the
//! sources of one any will do; work beyond the budget is left out and said.
use super::graph::{Cycle, Direction, Graph};

/// A group that stands behind direct suppliers other than itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedBehind {
    /// The group.
    pub group: usize,
    /// The direct suppliers that it stands behind, as groups in their order.
    pub behind: Vec<usize>,
}

/// The groups behind several direct suppliers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shared {
    /// Those behind the most first.
    pub groups: Vec<SharedBehind>,
    /// Whether all direct suppliers were followed up.
    pub complete: bool,
}

/// Finds the groups that stand behind two or more direct suppliers. `roots` are the plant's parts, `groups` the group of each site
/// (those of roots do not matter). Sixty-four direct suppliers are followed at a time: O(direct suppliers / 64 x (sites + links)),
/// and no more than `work` sites and links.
///
/// # Errors
/// A cycle.
pub fn shared(
    graph: &Graph,
    roots: &[usize],
    groups: &[usize],
    work: usize,
) -> Result<Shared, Cycle> {
    let order = graph.order()?;
    let is_root = flagged(graph.sites(), roots);
    let count = groups.iter().max().map_or(0, |last| last + 1);
    let mut direct: Vec<usize> = (roots.iter())
        .flat_map(|root| graph.of(*root, Direction::Up))
        .map(|link| groups[graph.link(link).from])
        .collect();
    direct.sort_unstable();
    direct.dedup();
    let mut behind: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut left = work;
    let mut complete = true;
    for sixty_four in direct.chunks(64) {
        let cost = graph.sites() + graph.links().len();
        if cost > left {
            complete = false;
            break;
        }
        left -= cost;
        let mut mask = vec![0u64; graph.sites()];
        let mut of_group = vec![0u64; count];
        // Customers come before their suppliers.
        for site in order.iter().rev().copied().filter(|site| !is_root[*site]) {
            let mut own = 0;
            for link in graph.of(site, Direction::Down) {
                let to = graph.link(link).to;
                own |= match (is_root[to], sixty_four.binary_search(&groups[site])) {
                    (true, Ok(bit)) => 1 << bit,
                    (true, Err(_)) => 0,
                    (false, _) => mask[to],
                };
            }
            mask[site] = own;
            of_group[groups[site]] |= own;
        }
        for (group, bits) in of_group.into_iter().enumerate() {
            let named = sixty_four.iter().enumerate();
            let named = named.filter(|(bit, other)| bits >> bit & 1 == 1 && **other != group);
            behind[group].extend(named.map(|(_, other)| *other));
        }
    }
    let mut found: Vec<SharedBehind> = (behind.into_iter().enumerate())
        .filter(|(_, behind)| behind.len() > 1)
        .map(|(group, behind)| SharedBehind { group, behind })
        .collect();
    found.sort_by_key(|one| (std::cmp::Reverse(one.behind.len()), one.group));
    Ok(Shared {
        groups: found,
        complete,
    })
}

/// A group whose loss alone stops parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Single {
    /// The group.
    pub group: usize,
    /// The roots that stop, in the order in which the loss reaches them.
    pub stops: Vec<usize>,
}

/// The single points of failure.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Singles {
    /// In the order of groups.
    pub groups: Vec<Single>,
    /// Whether all groups were looked at.
    pub complete: bool,
}

/// Finds the groups whose loss alone stops a root: a site stops when it is lost or when all sources of one of its materials have
/// stopped. Stocks and capacities do not count: this is about who else there is, not for how long. Each loss costs what it reaches; no
/// more than `work` links are looked at in all.
pub fn singles(graph: &Graph, roots: &[usize], groups: &[usize], work: usize) -> Singles {
    let is_root = flagged(graph.sites(), roots);
    let count = groups.iter().max().map_or(0, |last| last + 1);
    let (need_of, sources) = needs(graph);
    let mut members = vec![Vec::new(); count];
    for site in (0..graph.sites()).filter(|site| !is_root[*site]) {
        members[groups[site]].push(site);
    }
    let mut left = sources;
    let mut stopped = vec![false; graph.sites()];
    let mut spent = 0;
    let mut found = Singles {
        groups: Vec::new(),
        complete: true,
    };
    for (group, mut reached) in members.into_iter().enumerate() {
        for site in &reached {
            stopped[*site] = true;
        }
        let mut used = Vec::new();
        let mut stops = Vec::new();
        let mut next = 0;
        while let Some(site) = reached.get(next).copied() {
            next += 1;
            for link in graph.of(site, Direction::Down) {
                spent += 1;
                let need = need_of[link];
                left[need] -= 1;
                used.push(need);
                let to = graph.link(link).to;
                if left[need] == 0 && !std::mem::replace(&mut stopped[to], true) {
                    reached.push(to);
                    if is_root[to] {
                        stops.push(to);
                    }
                }
            }
            if spent > work {
                break;
            }
        }
        for need in used {
            left[need] += 1;
        }
        for site in reached {
            stopped[site] = false;
        }
        if spent > work {
            found.complete = false;
            return found;
        }
        if !stops.is_empty() {
            found.groups.push(Single { group, stops });
        }
    }
    found
}

/// The need that each link serves, and the links of each need: one need a site and material.
fn needs(graph: &Graph) -> (Vec<usize>, Vec<u32>) {
    let mut need_of = vec![0; graph.links().len()];
    let mut sources: Vec<u32> = Vec::new();
    for site in 0..graph.sites() {
        let mut material = None;
        // Links into a site are sorted by material.
        for link in graph.of(site, Direction::Up) {
            let own = graph.link(link).material;
            if material != Some(own) {
                material = Some(own);
                sources.push(0);
            }
            let need = sources.len() - 1;
            need_of[link] = need;
            sources[need] += 1;
        }
    }
    (need_of, sources)
}

fn flagged(sites: usize, roots: &[usize]) -> Vec<bool> {
    let mut flags = vec![false; sites];
    for root in roots {
        flags[*root] = true;
    }
    flags
}
