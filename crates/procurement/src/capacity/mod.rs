//! Weekly capacity as suppliers tell it (CX-0128), and the plan's demand against it on all tiers.
//!
//! It must not know rows or messages; the mathematics are those of `takt_planning::demand_capacity`. Invariants: CG-1 a group carries
//! only groups that are recorded and never itself; CG-2 a week is named by its Monday; what nobody told is unknown, never enough.

pub(crate) mod rpc;
pub(crate) mod store;
mod wire;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use takt_kernel::{Date, half_even_div};
use takt_planning::demand_capacity::{
    self as planning, MatchError, Matched, ONE, Summary, Week, matched, weekly,
};
use takt_service::{Error, Refusal};

use crate::{
    programme::Catalogue,
    requirement::Needs,
    risk::{Ahead, network::Network},
};

/// Machines, people or tools that items of a supplier share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CapacityGroup {
    /// Its name.
    pub(crate) id: String,
    /// The supplier.
    pub(crate) supplier: String,
    /// What people call it.
    pub(crate) name: String,
    /// Whether it counts no more.
    pub(crate) inactive: bool,
    /// The items that load it, each with the units of the group for one of it, in millionths.
    pub(crate) items: Vec<(String, i64)>,
    /// The groups below it.
    pub(crate) below: Vec<String>,
    /// The weeks by their Mondays, rising.
    pub(crate) weeks: Vec<(Date, Week)>,
}

/// Whether new groups can stand beside those that are known, which they replace where they have their names.
pub(crate) fn check(
    network: &Network,
    known: &BTreeMap<String, Vec<String>>,
    new: &[CapacityGroup],
) -> Result<(), Error> {
    let sites: BTreeSet<(&str, &str)> = (network.sites.iter())
        .map(|site| (site.supplier.as_str(), site.item.as_str()))
        .collect();
    let mut below: BTreeMap<&str, &[String]> = (known.iter())
        .map(|(id, below)| (id.as_str(), below.as_slice()))
        .collect();
    for group in new {
        for (item, _) in &group.items {
            if !sites.contains(&(group.supplier.as_str(), item.as_str())) {
                return Err(Error::missing("site", format!("{}/{item}", group.supplier)));
            }
        }
        below.insert(&group.id, &group.below);
    }
    let places: BTreeMap<&str, usize> = below.keys().copied().zip(0..).collect();
    let mut groups = Vec::with_capacity(below.len());
    for own in below.values() {
        let place = |id: &String| {
            let found = places.get(id.as_str()).copied();
            found.ok_or_else(|| Error::missing("capacity group", id))
        };
        groups.push(planning::Group {
            series: Vec::new(),
            groups: own.iter().map(place).collect::<Result<_, Error>>()?,
            weeks: Vec::new(),
        });
    }
    match matched(&[], &groups) {
        Ok(_) => Ok(()),
        Err(error) => {
            let ids: Vec<&str> = below.keys().copied().collect();
            Err(CapacityRefusal::of(&error, &ids).into())
        }
    }
}

/// What to match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wish {
    /// Of which supplier; empty is any.
    pub(crate) supplier: String,
    /// The sites instead of the groups, and how far they can go beyond their capacity, in millionths of it.
    pub(crate) sites: Option<i64>,
    /// How many weeks may be built ahead.
    pub(crate) ahead: usize,
}

/// A group or a site with its weeks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// The group; empty for a site.
    pub(crate) group: String,
    /// The supplier.
    pub(crate) supplier: String,
    /// What the site makes; empty for a group.
    pub(crate) item: String,
    /// What people call it.
    pub(crate) name: String,
    /// Week by week.
    pub(crate) weeks: Vec<Matched>,
    /// What they come to.
    pub(crate) summary: Summary,
    /// Items that load it and that nobody demands.
    pub(crate) not_demanded: Vec<String>,
}

/// What is known when demand is set against capacity.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known<'a> {
    /// The catalogue.
    pub(crate) catalogue: &'a Catalogue,
    /// The network, whole.
    pub(crate) network: &'a Network,
    /// What the plan requires.
    pub(crate) needs: &'a Needs,
    /// The groups that count.
    pub(crate) groups: &'a [CapacityGroup],
}

/// The demand of what is built from a day on against capacity: the Monday of the first week, and the rows, most missing first, then the
/// most loaded.
pub(crate) fn balanced(
    known: Known<'_>,
    wish: &Wish,
    as_of: Date,
) -> Result<(Date, Vec<Row>), Error> {
    let network = known.network;
    let chain = network.chain_of_leads(known.catalogue, as_of)?;
    let ahead = Ahead::of_needs(known.catalogue, known.needs, as_of);
    let needs = planning::needs(&chain.network, &ahead.products);
    let (week, mut series) = weekly(&needs, as_of.weekday() as i64);
    let week = i32::try_from(week.saturating_mul(7)).unwrap_or(0);
    let demanded = as_of.monday().plus(week);
    let told = known.groups.iter().flat_map(|group| &group.weeks);
    let first = match wish.sites {
        Some(_) => demanded,
        None => told
            .map(|(on, _)| *on)
            .min()
            .map_or(demanded, |on| on.min(demanded)),
    };
    let place = |on: Date| usize::try_from(on.days_since(first) / 7).unwrap_or(0);
    let before = place(demanded);
    for weeks in &mut series {
        weeks.splice(0..0, std::iter::repeat_n(0, before));
    }
    let mut rows = match wish.sites {
        Some(flexibility) => of_sites(network, &series, flexibility, wish)?,
        None => of_groups(network, &series, known.groups, wish, place)?,
    };
    rows.sort_by_key(|row| {
        let missing = row.summary.missing_after_building_ahead();
        let peak = row.summary.peak.map(|(load, _)| load);
        (Reverse((missing, peak)), row.group.clone())
    });
    Ok((first, rows))
}

fn of_sites(
    network: &Network,
    series: &[Vec<i64>],
    flexibility: i64,
    wish: &Wish,
) -> Result<Vec<Row>, Error> {
    let mut rows = Vec::new();
    for (site, weeks) in network.sites.iter().zip(series) {
        if !wish.supplier.is_empty() && site.supplier != wish.supplier {
            continue;
        }
        let week = site.weekly.map(|actual| Week {
            actual,
            maximum: half_even_div(
                i128::from(actual) * i128::from(ONE + flexibility),
                i128::from(ONE),
            )
            .unwrap_or(i64::MAX),
            ..Week::default()
        });
        let own = planning::Group {
            series: vec![(0, ONE)],
            groups: Vec::new(),
            weeks: week.map_or_else(Vec::new, |week| vec![week; weeks.len()]),
        };
        let found = matched(std::slice::from_ref(weeks), &[own])
            .map_err(|error| Error::broken(error.to_string()))?;
        rows.extend(found.into_iter().map(|weeks| Row {
            group: String::new(),
            supplier: site.supplier.clone(),
            item: site.item.clone(),
            name: site.name.clone(),
            summary: Summary::of(&weeks, wish.ahead),
            weeks,
            not_demanded: Vec::new(),
        }));
    }
    Ok(rows)
}

fn of_groups(
    network: &Network,
    series: &[Vec<i64>],
    groups: &[CapacityGroup],
    wish: &Wish,
    place: impl Fn(Date) -> usize,
) -> Result<Vec<Row>, Error> {
    let sites: BTreeMap<(&str, &str), usize> = (network.sites.iter())
        .map(|site| (site.supplier.as_str(), site.item.as_str()))
        .zip(0..)
        .collect();
    let ids: Vec<&str> = groups.iter().map(|group| group.id.as_str()).collect();
    let places: BTreeMap<&str, usize> = ids.iter().copied().zip(0..).collect();
    let mut models = Vec::with_capacity(groups.len());
    let mut idle = Vec::with_capacity(groups.len());
    for group in groups {
        let site = |item: &str| sites.get(&(group.supplier.as_str(), item)).copied();
        let is_idle = |item: &str| {
            let weeks = site(item).and_then(|site| series.get(site));
            weeks.is_none_or(|weeks| weeks.iter().all(|demand| *demand == 0))
        };
        let reach = group.weeks.last().map_or(0, |(on, _)| place(*on) + 1);
        let mut weeks = vec![Week::default(); reach];
        for (on, week) in &group.weeks {
            if let Some(own) = weeks.get_mut(place(*on)) {
                *own = *week;
            }
        }
        let loads = group.items.iter();
        models.push(planning::Group {
            series: loads
                .filter_map(|(item, factor)| Some((site(item)?, *factor)))
                .collect(),
            // A group below that counts no more carries nothing.
            groups: (group.below.iter())
                .filter_map(|id| places.get(id.as_str()).copied())
                .collect(),
            weeks,
        });
        let names = group.items.iter().map(|(item, _)| item);
        idle.push(names.filter(|item| is_idle(item)).cloned().collect());
    }
    let found =
        matched(series, &models).map_err(|error| Error::from(CapacityRefusal::of(&error, &ids)))?;
    let rows = groups.iter().zip(found).zip(idle);
    let wanted =
        rows.filter(|((group, _), _)| wish.supplier.is_empty() || group.supplier == wish.supplier);
    Ok(wanted
        .map(|((group, weeks), not_demanded)| Row {
            group: group.id.clone(),
            supplier: group.supplier.clone(),
            item: String::new(),
            name: group.name.clone(),
            summary: Summary::of(&weeks, wish.ahead),
            weeks,
            not_demanded,
        })
        .collect())
}

/// Why groups cannot be matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CapacityRefusal(String);

impl CapacityRefusal {
    fn of(error: &MatchError, ids: &[&str]) -> Self {
        Self(match error {
            MatchError::Around { groups } => {
                let names = groups.iter().filter_map(|at| ids.get(*at).copied());
                format!(
                    "capacity groups {} carry each other; link a group only to those below it",
                    names.collect::<Vec<_>>().join(", ")
                )
            }
            other => other.to_string(),
        })
    }
}

impl fmt::Display for CapacityRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl Refusal for CapacityRefusal {
    fn reason(&self) -> &'static str {
        "CAPACITY_GROUPS_CIRCULAR"
    }
}
