//! `takt chain --catena-x`: files of Catena-X twins as tier networks. It must not know the form of a twin. Invariants: names and counts are
//! those of the file; what its ends tell differently is counted and named; a cycle is named and nothing is added up along it.
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Serialize;
use takt_planning::tier::{Direction, Graph, Link, shared};

use super::WORK;
use super::walk::{Asked, Name, matching, told};
use crate::as_planned::{self, Part, Planned};
use crate::failure::{Failure, Outcome};
use crate::output::{Answer, Format, table, table_text, tell};

const FULL: i64 = 1_000_000;

/// The files as they are told.
#[derive(Debug, Serialize)]
struct Told {
    networks: Vec<NetworkTold>,
    #[serde(skip)]
    top: usize,
}

/// One file.
#[derive(Debug, Serialize)]
struct NetworkTold {
    file: String,
    twins: usize,
    /// Twins that are planned, of which some have a name.
    planned_twins: usize,
    named_parts: usize,
    companies: usize,
    sites: usize,
    /// Each once; the bills list some of them several times.
    links: usize,
    listed: usize,
    told_by_supplier_only: usize,
    /// What nothing else needs.
    tops: Vec<String>,
    deepest_tier: Option<u32>,
    /// Parts that others need and whose twin the file does not hold.
    tombstones: Vec<String>,
    /// Links whose bill names another company than the twin of the part does.
    other_company: Vec<Differing>,
    /// A cycle in the order of flow; null where there is none.
    cycle: Option<Vec<String>>,
    shared: Vec<Behind>,
    parts: Vec<PartTold>,
    flows: Vec<Flow>,
}

#[derive(Debug, Serialize)]
struct Differing {
    part: String,
    into: String,
    bill_says: String,
    twin_says: String,
}

/// A company behind several direct suppliers.
#[derive(Debug, Serialize)]
struct Behind {
    company: String,
    behind: Vec<String>,
}

#[derive(Debug, Serialize)]
struct PartTold {
    #[serde(flatten)]
    name: Name,
    id: String,
    part_number: String,
    company: String,
    sites: Vec<String>,
    /// Links to the nearest top; null where only a cycle is above.
    tier: Option<u32>,
}

#[derive(Debug, Serialize)]
struct Flow {
    from: String,
    to: String,
    quantity: Option<f64>,
    unit: String,
}

/// A file with its graph.
struct File {
    name: String,
    planned: Planned,
    graph: Graph,
    names: Vec<Name>,
}

pub(super) fn run(path: &Path, walk: Option<Asked<'_>>, top: usize, output: Format) -> Outcome<()> {
    let mut files = Vec::new();
    for path in listed(path)? {
        files.push(File::read(&path)?);
    }
    let Some(asked) = walk else {
        let networks = files.iter().map(File::told).collect();
        return tell(output, &Told { networks, top });
    };
    let found: Vec<(&File, Vec<usize>)> = (files.iter())
        .map(|file| (file, matching(&file.names, asked.from)))
        .filter(|(_, starts)| !starts.is_empty())
        .collect();
    match found.as_slice() {
        [(file, starts)] => tell(output, &told(&file.graph, &file.names, starts, asked)),
        [] => {
            let told = format!("{} is no part of these files", asked.from);
            let way_out = "write COMPANY/PART, COMPANY, or the name or id of a part; without --from they are listed";
            Err(Failure::bad_input(told).with_way_out(way_out))
        }
        several => {
            let names: Vec<&str> = several.iter().map(|(file, _)| file.name.as_str()).collect();
            let told = format!("{} is in {}", asked.from, names.join(" and in "));
            Err(Failure::bad_input(told).with_way_out("name one of the files"))
        }
    }
}

/// The file, or the JSON files of a folder in the order of their names.
fn listed(path: &Path) -> Outcome<Vec<PathBuf>> {
    let unreadable = |error: std::io::Error| {
        Failure::bad_input(format!("{} cannot be read: {error}", path.display()))
    };
    if !std::fs::metadata(path).map_err(unreadable)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        if file.extension().is_some_and(|ending| ending == "json") {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() {
        let told = format!("{} holds no file that ends in .json", path.display());
        return Err(Failure::bad_input(told));
    }
    Ok(files)
}

impl File {
    fn read(path: &Path) -> Outcome<Self> {
        let wrong = |what: String| Failure::bad_input(format!("{}: {what}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        let planned = as_planned::read(&text).map_err(wrong)?;
        let links = planned.links.iter().map(|link| Link {
            from: link.child,
            to: link.parent,
            // Each part has a twin and a maker of its own: none stands in for another.
            material: link.child,
            share: FULL,
        });
        let graph = Graph::new(planned.parts.len(), links.collect())
            .map_err(|error| wrong(error.to_string()))?;
        let name = path.file_name().map(|name| name.to_string_lossy());
        Ok(Self {
            name: name.map_or_else(String::new, |name| name.into_owned()),
            names: names(&planned.parts),
            planned,
            graph,
        })
    }

    fn name(&self, at: usize) -> String {
        self.names
            .get(at)
            .map_or_else(String::new, |name| name.site.clone())
    }

    fn told(&self) -> NetworkTold {
        let parts = &self.planned.parts;
        let tops: Vec<usize> = (0..parts.len())
            .filter(|part| self.graph.of(*part, Direction::Down).next().is_none())
            .collect();
        let tiers = self.graph.tiers(&tops);
        let companies: BTreeSet<&str> = (parts.iter())
            .map(|part| part.company.as_str())
            .filter(|company| !company.is_empty())
            .collect();
        let places: BTreeMap<&str, usize> = companies.iter().copied().zip(0..).collect();
        let groups: Vec<usize> = (parts.iter())
            .map(|part| {
                places
                    .get(part.company.as_str())
                    .copied()
                    .unwrap_or(companies.len())
            })
            .collect();
        let company = |group: usize| companies.iter().nth(group).copied().unwrap_or_default();
        let behind = shared(&self.graph, &tops, &groups, WORK);
        let cycle = self.graph.order().err();
        let differing = self.planned.links.iter().filter_map(|link| {
            let twin = parts.get(link.child).filter(|part| part.has_twin)?;
            let mut others = link.companies.iter();
            let bill_says = others.find(|company| **company != twin.company)?;
            Some(Differing {
                part: self.name(link.child),
                into: self.name(link.parent),
                bill_says: bill_says.clone(),
                twin_says: twin.company.clone(),
            })
        });
        let sites: BTreeSet<&str> = (parts.iter())
            .flat_map(|part| &part.sites)
            .map(String::as_str)
            .collect();
        NetworkTold {
            file: self.name.clone(),
            twins: self.planned.twins,
            planned_twins: parts.iter().filter(|part| part.has_twin).count(),
            named_parts: parts.iter().filter(|part| part.is_named).count(),
            companies: companies.len(),
            sites: sites.len(),
            links: self.planned.links.len(),
            listed: self.planned.links.iter().map(|link| link.listed).sum(),
            told_by_supplier_only: (self.planned.links.iter())
                .filter(|link| link.listed == 0)
                .count(),
            tops: tops.iter().map(|part| self.name(*part)).collect(),
            deepest_tier: tiers.iter().flatten().copied().max(),
            tombstones: (0..parts.len())
                .filter(|at| parts.get(*at).is_some_and(|part| !part.has_twin))
                .map(|at| self.name(at))
                .collect(),
            other_company: differing.collect(),
            cycle: cycle.map(|cycle| cycle.0.iter().map(|at| self.name(*at)).collect()),
            shared: behind.map_or_else(
                |_| Vec::new(),
                |found| {
                    let each = found
                        .groups
                        .iter()
                        .filter(|one| one.group < companies.len());
                    each.map(|one| Behind {
                        company: company(one.group).to_owned(),
                        behind: one
                            .behind
                            .iter()
                            .map(|at| company(*at).to_owned())
                            .collect(),
                    })
                    .collect()
                },
            ),
            parts: (parts.iter().zip(&self.names).zip(tiers))
                .map(|((part, name), tier)| PartTold {
                    name: name.clone(),
                    id: part.id.clone(),
                    part_number: part.number.clone(),
                    company: part.company.clone(),
                    sites: part.sites.clone(),
                    tier,
                })
                .collect(),
            flows: (self.planned.links.iter())
                .map(|link| Flow {
                    from: self.name(link.child),
                    to: self.name(link.parent),
                    quantity: link.quantity.map(|quantity| quantity as f64 / FULL as f64),
                    unit: link.unit.clone(),
                })
                .collect(),
        }
    }
}

/// What parts are called: company and name, with the number where that is not enough, and with the id where neither is.
fn names(parts: &[Part]) -> Vec<Name> {
    let forms: [fn(&Part) -> String; 3] = [
        |part| format!("{}/{}", owner(part), named(part)),
        |part| format!("{}/{} {}", owner(part), named(part), part.number),
        |part| format!("{}/{} {}", owner(part), named(part), part.id),
    ];
    let mut counts: [BTreeMap<String, usize>; 2] = Default::default();
    for part in parts {
        for (counts, form) in counts.iter_mut().zip(forms) {
            *counts.entry(form(part)).or_default() += 1;
        }
    }
    let site = |part: &Part| {
        let enough = counts
            .iter()
            .zip(forms)
            .map(|(counts, form)| (counts, form(part)));
        let mut enough = enough.filter(|(counts, form)| counts.get(form) == Some(&1));
        enough
            .next()
            .map_or_else(|| forms[2](part), |(_, form)| form)
    };
    let name = |part: &Part| Name {
        site: site(part),
        name: named(part).to_owned(),
        is_end: part.has_twin,
    };
    parts.iter().map(name).collect()
}

fn owner(part: &Part) -> &str {
    match part.company.as_str() {
        "" => "unknown",
        company => company,
    }
}

fn named(part: &Part) -> &str {
    match part.name.as_str() {
        "" => &part.id,
        name => name,
    }
}

impl NetworkTold {
    fn summary(&self, top: usize) -> String {
        let mut text = format!(
            "{}: {} twins, {} of them planned, {} with a name; {} companies, {} sites, {} links ({} listed, {} told by the supplier alone), {} tiers\n",
            self.file,
            self.twins,
            self.planned_twins,
            self.named_parts,
            self.companies,
            self.sites,
            self.links,
            self.listed,
            self.told_by_supplier_only,
            self.deepest_tier.unwrap_or(0),
        );
        let few = |all: &[String]| {
            let first: Vec<&str> = all.iter().take(top).map(String::as_str).collect();
            match all.len().saturating_sub(top) {
                0 => first.join(", "),
                rest => format!("{}, {rest} more", first.join(", ")),
            }
        };
        text.push_str(&format!("  nothing needs: {}\n", few(&self.tops)));
        if let Some(cycle) = &self.cycle {
            text.push_str(&format!(
                "  a cycle: {} supply each other\n",
                cycle.join(" > ")
            ));
        }
        if !self.tombstones.is_empty() {
            text.push_str(&format!("  † no twin of: {}\n", few(&self.tombstones)));
        }
        if let Some(first) = self.other_company.first() {
            text.push_str(&format!(
                "  {} links whose bill names another company than the twin, as {}: {} and {}\n",
                self.other_company.len(),
                first.part,
                first.bill_says,
                first.twin_says,
            ));
        }
        for one in self.shared.iter().take(top) {
            text.push_str(&format!(
                "  {} is behind {}\n",
                one.company,
                few(&one.behind)
            ));
        }
        text
    }
}

impl Answer for Told {
    fn text(&self) -> String {
        let mut text = String::new();
        for network in &self.networks {
            text.push_str(&network.summary(self.top));
            let mut rows = table(&[">tier", "part", "number", "company", "goes into"]);
            let mut parts: Vec<&PartTold> = network.parts.iter().collect();
            parts.sort_by_key(|part| (part.tier.unwrap_or(u32::MAX), &part.name.site));
            for part in parts.iter().take(self.top) {
                let into = network
                    .flows
                    .iter()
                    .filter(|flow| flow.from == part.name.site);
                let into: Vec<&str> = into
                    .map(|flow| {
                        flow.to
                            .split_once('/')
                            .map_or(flow.to.as_str(), |(_, name)| name)
                    })
                    .collect();
                rows.add_row([
                    part.tier
                        .map_or_else(|| "-".to_owned(), |tier| tier.to_string()),
                    part.name.name.clone(),
                    part.part_number.clone(),
                    part.company.clone(),
                    into.join(", "),
                ]);
            }
            text.push_str(&format!("\n{}", table_text(&rows)));
            let hidden = parts.len().saturating_sub(self.top);
            if hidden > 0 {
                text.push_str(&format!(
                    "and {hidden} more parts; --top N shows more, --output json all\n"
                ));
            }
            text.push('\n');
        }
        text
    }
}
