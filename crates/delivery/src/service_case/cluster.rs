//! Failure clusters: what the cases say of lots, suppliers, weeks of building and cities.
//!
//! It must not know how a group is judged: that is `takt_planning::cluster`. Invariant: what is not handed over until the day asked
//! about, and what fails later than the window, does not count.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use takt_contract::{date_opt, delivery::v1 as pb};
use takt_kernel::{Date, ItemId, Violations};
use takt_planning::cluster::{Dimension, Failure, Group, Lot, Vehicle, Verdict, groups, ranked};
use takt_service::{Call, Error, PageToken, compute, page_size};

use super::{
    parts::Holders,
    store::{Delivered, Failed, delivered_fetch, failed_fetch, last_day},
};
use crate::desk::Desk;

/// The days after the handover that count where none are given: those of the industry's studies of early quality.
const WINDOW: i64 = 90;
/// The most days.
const LONGEST: i64 = 3_650;
/// The probability of naming any group wrongly that is allowed where none is given.
const LEVEL: i64 = 10_000;
/// The most that can be asked for.
const HIGHEST: i64 = 500_000;

/// What is asked.
struct Wish {
    item: String,
    dimensions: Vec<Dimension>,
    as_of: Option<Date>,
    window: i64,
    level: i64,
    all: bool,
}

fn wish_of(message: &pb::ListFailureClustersRequest) -> Result<Wish, Error> {
    let mut found = Violations::new();
    if !message.item_id.is_empty() {
        found.check("item_id", ItemId::parse(&message.item_id));
    }
    let dimensions = match pb::ClusterDimension::try_from(message.dimension) {
        Ok(pb::ClusterDimension::Unspecified) => Dimension::ALL.to_vec(),
        Ok(pb::ClusterDimension::Lot) => vec![Dimension::Lot],
        Ok(pb::ClusterDimension::Supplier) => vec![Dimension::Supplier],
        Ok(pb::ClusterDimension::BuildWeek) => vec![Dimension::Week],
        Ok(pb::ClusterDimension::City) => vec![Dimension::City],
        Err(_) => {
            let rule = format!(
                "{} is not a dimension that is known here",
                message.dimension
            );
            found.push("dimension", rule);
            Vec::new()
        }
    };
    let as_of = date_opt(message.as_of.as_ref(), "as_of", &mut found);
    let window = match i64::from(message.window_days) {
        0 => WINDOW,
        days => days,
    };
    let sane = (1..=LONGEST).contains(&window);
    found.require(
        sane,
        "window_days",
        format!("it is from 1 to {LONGEST} days; 0 means {WINDOW}"),
    );
    let level = match message.level_millionths {
        0 => LEVEL,
        level => level,
    };
    let sane = (1..=HIGHEST).contains(&level);
    let rule = format!("it is from 1 to {HIGHEST} millionths; 0 means {LEVEL}");
    found.require(sane, "level_millionths", rule);
    found.finish()?;
    Ok(Wish {
        item: message.item_id.clone(),
        dimensions,
        as_of,
        window,
        level,
        all: message.all,
    })
}

/// The names behind the numbers of groups.
#[derive(Default)]
struct Names {
    numbers: HashMap<String, u32>,
    names: Vec<String>,
}

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.numbers.insert(name.to_owned(), number);
        self.names.push(name.to_owned());
        number
    }

    fn name(&self, number: u32) -> String {
        let at = usize::try_from(number).unwrap_or(usize::MAX);
        self.names.get(at).cloned().unwrap_or_default()
    }
}

/// An item with its lots and what failed of them.
struct Item {
    id: String,
    lots: Vec<Holders>,
    failed: Vec<(String, i64)>,
}

/// All that is tested, with its names.
#[derive(Default)]
struct Study {
    groups: Vec<Group>,
    /// Of each group the place of its item.
    items: Vec<usize>,
    weeks: Names,
    cities: Names,
    suppliers: Names,
}

/// Ranks the groups and answers with a page of them.
pub(super) async fn list(
    desk: &Desk,
    call: &Call,
    message: pb::ListFailureClustersRequest,
) -> Result<pb::ListFailureClustersResponse, Error> {
    let wish = wish_of(&message)?;
    let limit = usize::try_from(page_size(message.page_size)?).unwrap_or(usize::MAX);
    let arguments = format!(
        "{} {} {:?} {} {} {}",
        message.item_id, message.dimension, wish.as_of, wish.window, wish.level, wish.all
    );
    let after = PageToken::open("ListFailureClusters", &arguments, &message.page_token)?;
    let after: usize = after.and_then(|key| key.parse().ok()).unwrap_or(0);
    let (as_of, window) = (wish.as_of, wish.window);
    let wanted = Arc::<str>::from(wish.item.as_str());
    let read = desk.store.read(call, "clusters_read", move |tx| {
        let item = Arc::clone(&wanted);
        Box::pin(async move {
            let until = match as_of {
                Some(as_of) => as_of,
                None => last_day(tx).await?,
            };
            let delivered = delivered_fetch(tx, until).await?;
            let failed = failed_fetch(tx, &item, until, window).await?;
            Ok((until, delivered, failed))
        })
    });
    let (until, delivered, failed) = read.await?;
    let mut by_item: BTreeMap<String, Vec<(String, i64)>> = BTreeMap::new();
    for Failed {
        item,
        lot,
        build_no,
    } in failed
    {
        by_item.entry(item).or_default().push((lot, build_no));
    }
    // Lots are asked for one item at a time, so that no more of them are held than are looked at.
    let mut items = Vec::with_capacity(by_item.len());
    for (id, failed) in by_item {
        let lots = desk.production.lots(call, &id).await?;
        items.push(Item { id, lots, failed });
    }
    let (level, all, dimensions) = (wish.level, wish.all, wish.dimensions.clone());
    let worked = compute(move || {
        let study = studied(&delivered, &items, until, window, &dimensions);
        let (verdicts, tested) = ranked(&study.groups, level);
        let significant = verdicts.iter().filter(|one| one.significant).count();
        let told = verdicts.iter().filter(|one| all || one.significant);
        let told: Vec<_> = told
            .skip(after)
            .take(limit + 1)
            .map(|one| cluster_pb(&study, &items, one))
            .collect();
        (told, tested, significant)
    });
    let (mut clusters, tested_count, significant) = worked.await?;
    let more = clusters.len() > limit;
    clusters.truncate(limit);
    let next = (after + clusters.len()).to_string();
    Ok(pb::ListFailureClustersResponse {
        next_page_token: if more {
            PageToken::seal("ListFailureClusters", &arguments, &next)
        } else {
            String::new()
        },
        clusters,
        tested_count,
        significant_count: i64::try_from(significant).unwrap_or(i64::MAX),
    })
}

fn studied(
    delivered: &[Delivered],
    items: &[Item],
    until: Date,
    window: i64,
    dimensions: &[Dimension],
) -> Study {
    let mut study = Study::default();
    let mut weeks: HashMap<Date, u32> = HashMap::new();
    let mut fleet = Vec::with_capacity(delivered.len());
    for vehicle in delivered {
        let week = match weeks.get(&vehicle.built_on) {
            Some(week) => *week,
            None => {
                let week = study.weeks.number(&vehicle.built_on.iso_week());
                weeks.insert(vehicle.built_on, week);
                week
            }
        };
        // The day of the handover counts, and the day asked about, too.
        let known = i64::from(until.days_since(vehicle.handed_over_on)) + 1;
        fleet.push(Vehicle {
            build: vehicle.build_no,
            days: known.clamp(0, window),
            week,
            city: study.cities.number(&vehicle.city),
        });
    }
    for (at, item) in items.iter().enumerate() {
        let lots: Vec<Lot> = item
            .lots
            .iter()
            .map(|lot| Lot {
                supplier: Some(&lot.supplier)
                    .filter(|supplier| !supplier.is_empty())
                    .map(|supplier| study.suppliers.number(supplier)),
                runs: lot.runs.clone(),
            })
            .collect();
        let places: HashMap<&str, usize> = (item.lots.iter().enumerate())
            .map(|(place, lot)| (lot.lot.as_str(), place))
            .collect();
        let failures: Vec<Failure> = (item.failed.iter())
            .filter_map(|(lot, build)| {
                Some(Failure {
                    build: *build,
                    lot: *places.get(lot.as_str())?,
                })
            })
            .collect();
        let found = groups(&fleet, &lots, &failures, dimensions);
        study.items.extend(found.iter().map(|_| at));
        study.groups.extend(found);
    }
    study
}

fn cluster_pb(study: &Study, items: &[Item], verdict: &Verdict) -> pb::FailureCluster {
    let place = study.items.get(verdict.group);
    let item = place.and_then(|place| items.get(*place));
    let (Some(group), Some(item)) = (study.groups.get(verdict.group), item) else {
        return pb::FailureCluster::default();
    };
    let (dimension, key, supplier) = match group.dimension {
        Dimension::Lot => {
            let at = usize::try_from(group.key).unwrap_or(usize::MAX);
            let lot = item.lots.get(at);
            (
                pb::ClusterDimension::Lot,
                lot.map(|lot| lot.lot.clone()).unwrap_or_default(),
                lot.map(|lot| lot.supplier.clone()).unwrap_or_default(),
            )
        }
        Dimension::Supplier => {
            let name = study.suppliers.name(group.key);
            (pb::ClusterDimension::Supplier, name.clone(), name)
        }
        Dimension::Week => (
            pb::ClusterDimension::BuildWeek,
            study.weeks.name(group.key),
            String::new(),
        ),
        Dimension::City => (
            pb::ClusterDimension::City,
            study.cities.name(group.key),
            String::new(),
        ),
    };
    let others = group.others();
    pb::FailureCluster {
        item_id: item.id.clone(),
        dimension: dimension.into(),
        key,
        supplier_id: supplier,
        vehicle_count: group.own.vehicles,
        failed_count: group.own.failed,
        vehicle_days: group.own.days,
        other_vehicle_count: others.vehicles,
        other_failed_count: others.failed,
        other_vehicle_days: others.days,
        expected_failures_milli: group.expected_milli(),
        p_value_trillionths: verdict.probability.units_up(1_000_000_000_000),
        adjusted_p_value_millionths: verdict.corrected.units_up(1_000_000),
        significant: verdict.significant,
        rate_ratio_milli: group.ratio_milli(),
    }
}
