//! A walk through a tier network as it is told: sites by tier with the link that each came by, and tombstones where it saw nothing more.
//! It must not know where the network comes from. Invariant: the status is PARTIAL exactly where a budget left something out.
use std::collections::BTreeMap;

use serde::Serialize;
use takt_planning::tier::{Budget, Direction, Graph, Why};

use crate::failure::{Failure, Outcome};
use crate::offline::tier::Tiers;
use crate::output::{Answer, percent};

const FULL: i64 = 1_000_000;
/// Links that a walk may look at for each site of its budget.
const LINKS: usize = 10;

/// A walk that was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub from: &'a str,
    pub down: bool,
    pub depth: u32,
    pub sites: usize,
}

/// What a site is called.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Name {
    pub site: String,
    pub name: String,
    /// Whether the network ends there by its nature, as at the plant: no tombstone stands there.
    #[serde(skip)]
    pub is_end: bool,
}

/// A walk as it is told.
#[derive(Debug, Serialize)]
pub(super) struct Walk {
    from: String,
    direction: &'static str,
    /// `COMPLETE`, or `PARTIAL` where the depth or the budget left something out.
    result_status: &'static str,
    sites: Vec<Step>,
    links: Vec<Way>,
    tombstones: Vec<Tombstone>,
}

#[derive(Debug, Serialize)]
struct Step {
    #[serde(flatten)]
    name: Name,
    depth: u32,
    /// The site that the walk came from; null for a start.
    by: Option<String>,
    /// The part of the customer's need that comes this way.
    share: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Way {
    from: String,
    to: String,
    share: f64,
}

#[derive(Debug, Serialize)]
struct Tombstone {
    site: String,
    /// `SILENT`, `DEPTH` or `BUDGET`.
    why: &'static str,
}

/// The names of a programme's network, and the sites that a walk starts from.
pub(super) fn starts(
    tiers: &Tiers,
    from: &str,
    programme: &str,
) -> Outcome<(Vec<Name>, Vec<usize>)> {
    let first = tiers.roots.first().map_or(usize::MAX, |(site, _)| *site);
    let name = |(at, site): (usize, &crate::offline::tier::Site)| Name {
        site: site.id(),
        name: site.name.clone(),
        is_end: at >= first,
    };
    let names: Vec<Name> = tiers.sites.iter().enumerate().map(name).collect();
    let found = matching(&names, from);
    if found.is_empty() {
        let way_out = format!(
            "write SUPPLIER/ITEM or SUPPLIER; `takt chain {programme} --output json` lists the items, nodes.csv the sites"
        );
        return Err(
            Failure::bad_input(format!("{from} is no site of the network")).with_way_out(way_out),
        );
    }
    Ok((names, found))
}

/// The sites of an id or a name, or all of a supplier.
pub(super) fn matching(names: &[Name], from: &str) -> Vec<usize> {
    let owner = format!("{from}/");
    let places = names.iter().enumerate();
    let found = places.filter(|(_, name)| {
        name.site == from || name.name == from || name.site.starts_with(&owner)
    });
    found.map(|(at, _)| at).collect()
}

/// Walks, and tells it.
pub(super) fn told(graph: &Graph, names: &[Name], starts: &[usize], asked: Asked<'_>) -> Walk {
    let way = if asked.down {
        Direction::Down
    } else {
        Direction::Up
    };
    let budget = Budget {
        depth: asked.depth,
        sites: asked.sites,
        links: asked.sites.saturating_mul(LINKS),
    };
    let found = graph.traverse(starts, way, budget);
    let name = |at: usize| names.get(at).cloned();
    let id = |at: usize| {
        names
            .get(at)
            .map_or_else(String::new, |name| name.site.clone())
    };
    let part = |link: usize| graph.link(link).share as f64 / FULL as f64;
    let back = match way {
        Direction::Up => Direction::Down,
        Direction::Down => Direction::Up,
    };
    let steps = found.reached.iter().filter_map(|reached| {
        Some(Step {
            name: name(reached.site)?,
            depth: reached.depth,
            by: reached.by.map(|link| id(graph.beyond(link, back))),
            share: reached.by.map(part),
        })
    });
    let links = found.links.iter().map(|link| {
        let own = graph.link(*link);
        Way {
            from: id(own.from),
            to: id(own.to),
            share: part(*link),
        }
    });
    let silent_end = |site: usize| asked.down && names.get(site).is_some_and(|name| name.is_end);
    let tombstones = (found.ends.iter())
        .filter(|end| end.why != Why::Silent || !silent_end(end.site))
        .map(|end| Tombstone {
            site: id(end.site),
            why: match end.why {
                Why::Silent => "SILENT",
                Why::Depth => "DEPTH",
                Why::Size => "BUDGET",
            },
        });
    Walk {
        from: asked.from.to_owned(),
        direction: if asked.down { "DOWN" } else { "UP" },
        result_status: if found.within_budget() {
            "COMPLETE"
        } else {
            "PARTIAL"
        },
        sites: steps.collect(),
        links: links.collect(),
        tombstones: tombstones.collect(),
    }
}

impl Answer for Walk {
    fn text(&self) -> String {
        let mut text = format!(
            "{} from {}: {} sites, {} links, {}\n",
            match self.direction {
                "UP" => "suppliers",
                _ => "customers",
            },
            self.from,
            self.sites.len(),
            self.links.len(),
            self.result_status
        );
        let tombs: BTreeMap<&str, &str> = (self.tombstones.iter())
            .map(|tomb| (tomb.site.as_str(), tomb.why))
            .collect();
        let mut depth = None;
        for step in &self.sites {
            if depth != Some(step.depth) {
                depth = Some(step.depth);
                let here = self.sites.iter().filter(|one| one.depth == step.depth);
                text.push_str(&match step.depth {
                    0 => "\nstart\n".to_owned(),
                    depth => format!("\n{depth} away, {} sites\n", here.count()),
                });
            }
            let end = tombs.get(step.name.site.as_str());
            let end = end.map_or(String::new(), |why| format!("  † {why}"));
            let by = match (&step.by, step.share) {
                (Some(by), Some(share)) => {
                    let part = percent((share * FULL as f64).round() as i64, FULL);
                    match self.direction {
                        "UP" => format!("  {part} of what {by} needs"),
                        _ => format!("  takes {part} of its need from {by}"),
                    }
                }
                _ => String::new(),
            };
            text.push_str(&format!(
                "  {}  {}{by}{end}\n",
                step.name.site, step.name.name
            ));
        }
        let silent = self.tombstones.iter().filter(|tomb| tomb.why == "SILENT");
        text.push_str(&format!(
            "\n† {} of {} tombstones: nobody tells who is beyond\n",
            silent.count(),
            self.tombstones.len()
        ));
        text
    }
}
