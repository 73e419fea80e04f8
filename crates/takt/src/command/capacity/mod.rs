//! `takt capacity`: what the plan demands of every site by week against what the site can make, on all tiers; or what Catena-X files
//! demand of capacity groups. It must not know how demand and capacity are matched. Invariant: a capacity that nobody told is counted as
//! unknown, never as enough.
mod files;
mod live;
mod told;

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use serde::Serialize;
use takt_kernel::{Date, half_even_div};
use takt_planning::demand_capacity::{Group, Matched, ONE, Rating, Summary, Week, matched};

use super::stock::percent;
use super::target::{TargetArgs, told_by};
use crate::failure::{Failure, Outcome};
use crate::offline::Offline;
use crate::output::{Format, tell};
use crate::programme::Folder;
use crate::replay::read_programme;

const EXAMPLES: &str = "\
Examples:
  takt capacity su7                          the sites that the plan loads most, on all tiers
  takt capacity su7 --flexibility 15% --ahead 2
  takt capacity su7 --site CATL/BP-01        one site week by week
  takt capacity --catena-x demands.json groups.json
  takt capacity                              of the services of `takt up`: the released plan against the sites
  takt capacity --catena-x groups.json --record --supplier CATL     send a supplier's groups to the services
  takt capacity --groups                     the released plan against them

A demand stands in the week in which the goods must be with the customer; materials are needed earlier by the time from order to receipt.";

const SHOWN: usize = 20;

/// What `takt capacity` is told.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct CapacityArgs {
    /// A built-in programme or a folder [default: what services that run know]
    #[arg(value_name = "PROGRAMME")]
    programme: Option<String>,

    /// Files with WeekBasedMaterialDemand and WeekBasedCapacityGroup objects of CX-0128 instead of a programme
    #[arg(long, value_name = "FILE.json", num_args = 1.., conflicts_with_all = ["programme", "from", "flexibility"])]
    catena_x: Vec<PathBuf>,

    /// Send the capacity groups of the files to services that run, as those of --supplier, and do nothing else
    #[arg(long, requires_all = ["catena_x", "supplier"])]
    record: bool,

    /// The capacity groups that services know, instead of sites
    #[arg(long, conflicts_with_all = ["programme", "catena_x"])]
    groups: bool,

    /// Only what is built from this day on [default: the first day of the plan]
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,

    /// How far a site can go beyond its capacity in a week; a folder does not say it
    #[arg(long, value_name = "PERCENT", default_value = "0%", value_parser = percent)]
    flexibility: i64,

    /// How many weeks a site may build ahead
    #[arg(long, value_name = "WEEKS", default_value_t = 4, value_parser = clap::value_parser!(u8).range(0..=104))]
    ahead: u8,

    /// Only the sites of this supplier
    #[arg(long, value_name = "ID")]
    supplier: Option<String>,

    /// One site (SUPPLIER/ITEM) or capacity group (its id), week by week
    #[arg(long, value_name = "ID")]
    site: Option<String>,

    /// How many sites a person is shown
    #[arg(long, value_name = "N", default_value_t = SHOWN)]
    top: usize,

    #[command(flatten)]
    target: TargetArgs,
}

#[derive(Debug, Serialize)]
struct Told {
    programme: Option<String>,
    /// What is told for a person where it is no programme.
    #[serde(skip)]
    of: String,
    /// The Monday of the first week, and how many weeks there are.
    first_week: String,
    weeks: usize,
    ahead_weeks: u8,
    groups: Vec<Row>,
    /// Series that a group names and nobody demands, and those that are demanded and load no group.
    not_demanded: Vec<String>,
    no_group: Vec<String>,
    elapsed_seconds: f64,
    #[serde(skip)]
    top: usize,
    #[serde(skip)]
    whole: bool,
}

/// A site or a capacity group.
#[derive(Debug, Serialize)]
struct Row {
    id: String,
    name: String,
    /// How far it is from the plant; null for a capacity group.
    tier: Option<u32>,
    /// The largest demand relative to the actual capacity, and the week; null where nobody told a capacity.
    peak_load: Option<f64>,
    peak_week: Option<String>,
    flexible_weeks: usize,
    bottleneck_weeks: usize,
    /// Weeks with a demand whose capacity nobody told.
    unknown_weeks: usize,
    /// Units beyond maximum capacity, week for week, and those that are left when weeks before may help.
    missing: f64,
    missing_after_building_ahead: f64,
    weeks: Vec<WeekTold>,
}

#[derive(Debug, Serialize)]
struct WeekTold {
    /// The Monday.
    week: String,
    /// The delta production that was given is part of it.
    demand: f64,
    actual: Option<f64>,
    maximum: Option<f64>,
    agreed: Option<f64>,
    load: Option<f64>,
    /// `ENOUGH`, `FLEXIBLE`, `BOTTLENECK` or `UNKNOWN`.
    rating: &'static str,
    missing: f64,
    /// What would be built earlier or later than is demanded.
    delta: f64,
}

pub(super) async fn run(args: CapacityArgs, output: Format) -> Outcome<()> {
    let begun = Instant::now();
    if let Some(supplier) = args.supplier.as_ref().filter(|_| args.record) {
        let groups = files::recorded(&args.catena_x, supplier)?;
        return told_by!(args.target, output, procurement, |peer| live::record(
            peer, supplier, &groups
        ));
    }
    let mut told = match &args.programme {
        Some(programme) => of_programme(programme, &args)?,
        None if !args.catena_x.is_empty() => of_files(&args)?,
        None => {
            let target = args.target.open().await?;
            let told = live::told(&target.peers.procurement, &args).await;
            target.close_after(told).await?
        }
    };
    if let Some(site) = &args.site {
        told.groups.retain(|row| row.id == *site);
        if told.groups.is_empty() {
            return Err(Failure::bad_input(format!(
                "{site} is no site or capacity group here; `takt capacity` without --site lists them"
            )));
        }
    }
    // What is most loaded first; what nobody knows last.
    told.groups.sort_by(|a, b| {
        let key = |row: &Row| {
            (
                row.missing_after_building_ahead,
                row.peak_load.unwrap_or(-1.0),
            )
        };
        let (a, b) = (key(a), key(b));
        b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1))
    });
    told.elapsed_seconds = begun.elapsed().as_secs_f64();
    tell(output, &told)
}

fn of_programme(programme: &str, args: &CapacityArgs) -> Outcome<Told> {
    let folder = Folder::open(programme)?;
    let offline = Offline::sized(read_programme(&folder, true)?, None)?;
    let from = args.from.unwrap_or(offline.first());
    let demands = offline.demands(from)?;
    let weeks = demands.sites.first().map_or(0, Vec::len);
    if weeks == 0 {
        return Err(Failure::bad_input(format!(
            "nothing is built on {from} or after it; the plan is from {} to {}",
            offline.first(),
            offline.full.plan_last
        )));
    }
    let known = |supplier: &String| {
        let mut nodes = offline.full.nodes.iter();
        nodes.any(|node| node.supplier.as_str() == supplier)
    };
    if let Some(supplier) = args.supplier.as_ref().filter(|supplier| !known(supplier)) {
        return Err(Failure::bad_input(format!(
            "{supplier} has no site in nodes.csv of {programme}; `takt partners` lists those that have"
        )));
    }
    let mut groups = Vec::new();
    for ((node, demand), tier) in offline
        .full
        .nodes
        .iter()
        .zip(&demands.sites)
        .zip(&demands.tiers)
    {
        let id = format!("{}/{}", node.supplier, node.item);
        let other = |wanted: &String| wanted.as_str() != node.supplier.as_str();
        if args.supplier.as_ref().is_some_and(other) {
            continue;
        }
        let capacity = node.capacity_per_week.map(|week| {
            let most = i128::from(week.milli()) * i128::from(ONE + args.flexibility);
            Week {
                actual: week.milli(),
                maximum: half_even_div(most, i128::from(ONE)).unwrap_or(i64::MAX),
                ..Week::default()
            }
        });
        let own = Group {
            series: vec![(0, ONE)],
            groups: Vec::new(),
            weeks: capacity.map_or_else(Vec::new, |week| vec![week; weeks]),
        };
        let matched = matched(std::slice::from_ref(demand), &[own])
            .map_err(|error| Failure::broken(error.to_string()))?;
        for matched in matched {
            groups.push(row(
                &id,
                &node.name,
                Some(*tier),
                demands.first,
                &matched,
                args.ahead,
            ));
        }
    }
    Ok(Told {
        programme: Some(offline.full.id.to_string()),
        of: offline.full.id.to_string(),
        first_week: demands.first.to_string(),
        weeks,
        ahead_weeks: args.ahead,
        groups,
        not_demanded: Vec::new(),
        no_group: Vec::new(),
        elapsed_seconds: 0.0,
        top: args.top,
        whole: args.site.is_some(),
    })
}

fn of_files(args: &CapacityArgs) -> Outcome<Told> {
    let given = files::read(&args.catena_x)?;
    let first = given.first.unwrap_or(Date::from_epoch_day(0));
    let names = |groups: &[usize]| {
        let named = groups
            .iter()
            .filter_map(|at| Some(given.names.get(*at)?.0.clone()));
        named.collect::<Vec<_>>().join(", ")
    };
    let rows = matched(&given.series, &given.groups).map_err(|error| {
        use takt_planning::demand_capacity::MatchError::Around;
        Failure::bad_input(match &error {
            Around { groups } => format!(
                "capacity groups {} carry each other; a group's linkedCapacityGroups lie below it",
                names(groups)
            ),
            other => other.to_string(),
        })
    })?;
    let groups = (given.names.iter().zip(&rows))
        .map(|((id, name), matched)| row(id, name, None, first, matched, args.ahead))
        .collect();
    Ok(Told {
        programme: None,
        of: "the files".to_owned(),
        first_week: first.to_string(),
        weeks: rows.first().map_or(0, Vec::len),
        ahead_weeks: args.ahead,
        groups,
        not_demanded: given.not_demanded,
        no_group: given.no_group,
        elapsed_seconds: 0.0,
        top: args.top,
        whole: args.site.is_some(),
    })
}

fn row(
    id: &str,
    name: &str,
    tier: Option<u32>,
    first: Date,
    matched: &[Matched],
    ahead: u8,
) -> Row {
    let sum = Summary::of(matched, usize::from(ahead));
    let monday = |at: usize| {
        first
            .plus(i32::try_from(at * 7).unwrap_or(i32::MAX))
            .to_string()
    };
    let weeks = matched.iter().zip(&sum.ahead.delta).enumerate();
    Row {
        id: id.to_owned(),
        name: name.to_owned(),
        tier,
        peak_load: sum.peak.map(|(load, _)| load as f64 / ONE as f64),
        peak_week: sum.peak.map(|(_, at)| monday(at)),
        flexible_weeks: sum.flexible,
        bottleneck_weeks: sum.bottleneck,
        unknown_weeks: sum.unknown,
        missing: units(sum.missing),
        missing_after_building_ahead: units(sum.missing_after_building_ahead()),
        weeks: weeks
            .map(|(at, (week, delta))| WeekTold {
                week: monday(at),
                demand: units(week.demand),
                actual: week.week.map(|week| units(week.actual)),
                maximum: week.week.map(|week| units(week.maximum)),
                agreed: week.week.and_then(|week| week.agreed).map(units),
                load: week.load().map(|load| load as f64 / ONE as f64),
                rating: match week.rating {
                    Rating::Unknown => "UNKNOWN",
                    Rating::Enough => "ENOUGH",
                    Rating::Flexible => "FLEXIBLE",
                    Rating::Bottleneck => "BOTTLENECK",
                },
                missing: units(week.missing()),
                delta: units(*delta),
            })
            .collect(),
    }
}

fn units(thousandths: i64) -> f64 {
    thousandths as f64 / 1000.0
}
