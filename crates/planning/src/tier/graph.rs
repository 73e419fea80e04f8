//! The graph of sites and links: made from any links, cycles included, walked within a budget. It must not know what a site is.
//! Invariants: a walk visits a site once and looks at no more links than its budget; a cycle is named in the order of flow; a
//! walk that left something out says what and why.
use crate::risk::grouped;

/// Goods of a material from one site to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Who supplies.
    pub from: usize,
    /// Who is supplied.
    pub to: usize,
    /// What is supplied: links of one material to one site stand in for each other, different materials are all needed.
    pub material: usize,
    /// The part of the customer's need that comes this way, in millionths.
    pub share: i64,
}

/// Why links make no graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// A link's end does not exist.
    #[error("link {link} ends at a site that does not exist")]
    Dangling {
        /// Its index.
        link: usize,
    },
    /// There are more links or sites than a graph counts.
    #[error("a graph has at most {} sites and links", u32::MAX)]
    TooLarge,
}

/// Sites that supply themselves, each the supplier of the next one and the last one of the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cycle(pub Vec<usize>);

/// Which way a walk goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From a customer to its suppliers.
    Up,
    /// From a supplier to its customers.
    Down,
}

/// How far a walk may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// The most links between the start and a site.
    pub depth: u32,
    /// The most sites.
    pub sites: usize,
    /// The most links that are looked at.
    pub links: usize,
}

impl Budget {
    /// No limit at all.
    pub const NONE: Self = Self {
        depth: u32::MAX,
        sites: usize::MAX,
        links: usize::MAX,
    };
}

/// A site that a walk came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// The site.
    pub site: usize,
    /// The links between it and the nearest start.
    pub depth: u32,
    /// The link by which the walk came first; None for a start.
    pub by: Option<usize>,
}

/// Why a walk did not go on from a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Why {
    /// It has no links that way: a tier that is silent, or the end.
    Silent,
    /// Its neighbours lie deeper than the budget allows.
    Depth,
    /// The budget of sites or links was used up.
    Size,
}

/// A site behind which the walk saw nothing, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// The site.
    pub site: usize,
    /// Why.
    pub why: Why,
}

/// What a walk found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traversal {
    /// The sites, the nearest first; the starts lead.
    pub reached: Vec<Reached>,
    /// The links between them that were looked at, each once.
    pub links: Vec<usize>,
    /// Where it ended. Where the budget of size was used up the first site it happened to stands for all.
    pub ends: Vec<End>,
}

impl Traversal {
    /// Whether nothing was left out for want of budget.
    pub fn within_budget(&self) -> bool {
        self.ends.iter().all(|end| end.why == Why::Silent)
    }
}

/// A graph in which the links of a site lie together, both ways.
#[derive(Debug, Clone)]
pub struct Graph {
    sites: usize,
    links: Vec<Link>,
    out: Vec<u32>,
    out_from: Vec<u32>,
    into: Vec<u32>,
    into_from: Vec<u32>,
}

impl Graph {
    /// Makes a graph. Links into a site are sorted by material, so that those that stand in for each other follow each other.
    /// Cost: O(sites + links log links of a site).
    ///
    /// # Errors
    /// `GraphError`.
    pub fn new(sites: usize, links: Vec<Link>) -> Result<Self, GraphError> {
        if u32::try_from(sites.max(links.len())).is_err() {
            return Err(GraphError::TooLarge);
        }
        let inside = |link: &Link| link.from < sites && link.to < sites;
        if let Some(link) = links.iter().position(|link| !inside(link)) {
            return Err(GraphError::Dangling { link });
        }
        let (out, out_from) = grouped(sites, links.iter().map(|link| link.from));
        let (mut into, into_from) = grouped(sites, links.iter().map(|link| link.to));
        for site in 0..sites {
            let range = into_from[site] as usize..into_from[site + 1] as usize;
            into[range].sort_by_key(|link| links[*link as usize].material);
        }
        Ok(Self {
            sites,
            links,
            out,
            out_from,
            into,
            into_from,
        })
    }

    /// The number of sites.
    pub fn sites(&self) -> usize {
        self.sites
    }

    /// The links.
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// A link.
    pub fn link(&self, at: usize) -> Link {
        self.links[at]
    }

    /// The links out of a site or into it, by their index.
    pub fn of(&self, site: usize, way: Direction) -> impl Iterator<Item = usize> + '_ {
        let (all, from) = match way {
            Direction::Up => (&self.into, &self.into_from),
            Direction::Down => (&self.out, &self.out_from),
        };
        let range = from[site] as usize..from[site + 1] as usize;
        all[range].iter().map(|link| *link as usize)
    }

    /// The site at the far end of a link.
    pub fn beyond(&self, link: usize, way: Direction) -> usize {
        match way {
            Direction::Up => self.links[link].from,
            Direction::Down => self.links[link].to,
        }
    }

    /// Walks breadth first from some sites.
    pub fn traverse(&self, starts: &[usize], way: Direction, budget: Budget) -> Traversal {
        let mut found = Traversal::default();
        let mut seen = vec![false; self.sites];
        for start in starts.iter().filter(|start| **start < self.sites) {
            if !std::mem::replace(&mut seen[*start], true) {
                found.reached.push(Reached {
                    site: *start,
                    depth: 0,
                    by: None,
                });
            }
        }
        let mut next = 0;
        'walk: while let Some(at) = found.reached.get(next).copied() {
            next += 1;
            let mut links = self.of(at.site, way).peekable();
            if links.peek().is_none() {
                found.ends.push(End {
                    site: at.site,
                    why: Why::Silent,
                });
                continue;
            }
            if at.depth >= budget.depth {
                found.ends.push(End {
                    site: at.site,
                    why: Why::Depth,
                });
                continue;
            }
            for link in links {
                let site = self.beyond(link, way);
                let fresh = !seen[site];
                if found.links.len() >= budget.links
                    || (fresh && found.reached.len() >= budget.sites)
                {
                    found.ends.push(End {
                        site: at.site,
                        why: Why::Size,
                    });
                    break 'walk;
                }
                found.links.push(link);
                if fresh {
                    seen[site] = true;
                    found.reached.push(Reached {
                        site,
                        depth: at.depth + 1,
                        by: Some(link),
                    });
                }
            }
        }
        found
    }

    /// How far each site is from the nearest root, against the flow; None where no root is behind it.
    pub fn tiers(&self, roots: &[usize]) -> Vec<Option<u32>> {
        let mut tiers = vec![None; self.sites];
        for reached in self.traverse(roots, Direction::Up, Budget::NONE).reached {
            tiers[reached.site] = Some(reached.depth);
        }
        tiers
    }

    /// The sites in the order of flow, suppliers before customers (Kahn's algorithm). Cost: O(sites + links).
    ///
    /// # Errors
    /// A cycle.
    pub fn order(&self) -> Result<Vec<usize>, Cycle> {
        let mut waiting: Vec<u32> = (0..self.sites)
            .map(|site| self.into_from[site + 1] - self.into_from[site])
            .collect();
        let mut ready: Vec<usize> = (0..self.sites).filter(|site| waiting[*site] == 0).collect();
        let mut next = 0;
        while let Some(site) = ready.get(next).copied() {
            next += 1;
            for link in self.of(site, Direction::Down) {
                let to = self.links[link].to;
                waiting[to] -= 1;
                if waiting[to] == 0 {
                    ready.push(to);
                }
            }
        }
        if ready.len() == self.sites {
            return Ok(ready);
        }
        Err(self.cycle_among(&waiting))
    }

    /// A cycle among sites that wait for a supplier: whoever waits has a supplier that waits, so going up comes back.
    fn cycle_among(&self, waiting: &[u32]) -> Cycle {
        let first = waiting.iter().position(|count| *count > 0).unwrap_or(0);
        let mut place = vec![usize::MAX; self.sites];
        let (mut way, mut at) = (Vec::new(), first);
        while place[at] == usize::MAX {
            place[at] = way.len();
            way.push(at);
            let up = self
                .of(at, Direction::Up)
                .map(|link| self.links[link].from)
                .find(|from| waiting[*from] > 0);
            match up {
                Some(up) => at = up,
                None => break,
            }
        }
        let mut cycle = way.split_off(place[at]);
        // The walk went against the flow.
        cycle.reverse();
        let least = (0..cycle.len()).min_by_key(|at| cycle[*at]).unwrap_or(0);
        cycle.rotate_left(least);
        Cycle(cycle)
    }
}
