//! Where the next day of lead time is to be won: the links of the longest paths, by what is spent on what waits for them. It must
//! not know names. Invariants: a link is shortened by no more than it is long, nor further than to where another path is as long;
//! work beyond the budget is left out and said.
use std::collections::BTreeMap;

use takt_kernel::half_even_div;

use super::efficiency::{Chains, Part};
use super::graph::{Budget, Direction};

/// Thousandths of an hour of a day.
const DAY: i64 = 24_000;

/// What most of the time on a link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Working.
    Process,
    /// Waiting between steps.
    Wait,
    /// Under way.
    Transport,
    /// Lying in the supplier's or the customer's stock.
    Stock,
}

/// A link where a day can be won.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// The link.
    pub link: usize,
    /// The most that it can shorten the chain of a part, in thousandths of an hour.
    pub most: i64,
    /// What is spent a vehicle on parts that then can be ordered a day later; a part whose chain another path holds up after less than
    /// a day counts with that part of it.
    pub spend: i64,
    /// How many parts wait for it.
    pub parts: usize,
    /// What most of its time is.
    pub kind: Kind,
    /// How long that takes.
    pub time: i64,
}

/// The ranking.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Won {
    /// The largest spend first, then the most time.
    pub days: Vec<Day>,
    /// Whether all links of all longest paths were looked at.
    pub complete: bool,
}

/// Ranks the links of the parts' longest paths; `spend` is what is spent a vehicle on each part. For each link the longest path that avoids
/// it is sought among what stands behind the part: O(links of the path x links behind the part), at most `work` links in all.
pub fn won(chains: &Chains<'_>, parts: &[Part], spend: &[i64], work: usize) -> Won {
    let graph = chains.graph;
    let mut rank = vec![0u32; graph.sites()];
    for (at, site) in (0u32..).zip(&chains.order) {
        rank[*site] = at;
    }
    let mut found: BTreeMap<usize, Day> = BTreeMap::new();
    let mut lead = vec![0i64; graph.sites()];
    let (mut left, mut complete) = (work, true);
    for (part, spend) in parts.iter().zip(spend) {
        let budget = Budget {
            links: left,
            ..Budget::NONE
        };
        let behind = graph.traverse(&[part.root], Direction::Up, budget);
        left = left.saturating_sub(behind.links.len());
        if !behind.within_budget() {
            complete = false;
            break;
        }
        let mut sites: Vec<usize> = behind.reached.iter().map(|one| one.site).collect();
        sites.sort_unstable_by_key(|site| rank[*site]);
        for link in &part.path {
            if behind.links.len() > left {
                complete = false;
                break;
            }
            left -= behind.links.len();
            for site in &sites {
                lead[*site] = chains.longest_into(*site, |from| lead[from], Some(*link)).0;
            }
            let own = chains.links[*link].lead.unwrap_or(0);
            let gain = (chains.lead(part.root) - lead[part.root]).min(own);
            if gain <= 0 {
                continue;
            }
            let (kind, time) = largest(chains, *link);
            let day = found.entry(*link).or_insert(Day {
                link: *link,
                most: 0,
                spend: 0,
                parts: 0,
                kind,
                time,
            });
            let first = i128::from(gain.min(DAY)) * i128::from(*spend);
            day.most = day.most.max(gain);
            day.spend += half_even_div(first, i128::from(DAY)).unwrap_or(0);
            day.parts += 1;
        }
    }
    let mut days: Vec<Day> = found.into_values().collect();
    days.sort_by_key(|day| (std::cmp::Reverse((day.spend, day.most)), day.link));
    Won { days, complete }
}

fn largest(chains: &Chains<'_>, link: usize) -> (Kind, i64) {
    let (facts, site) = (
        &chains.links[link],
        chains.site(chains.graph.link(link).from),
    );
    let stock = site.stock.unwrap_or(0) + facts.stock.unwrap_or(0);
    let kinds = [
        (site.process.unwrap_or(0), Kind::Process),
        (site.wait.unwrap_or(0), Kind::Wait),
        (facts.transit.unwrap_or(0), Kind::Transport),
        (stock, Kind::Stock),
    ];
    let (time, kind) = kinds.into_iter().max().unwrap_or((0, Kind::Stock));
    (kind, time)
}
