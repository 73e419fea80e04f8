//! What the services learn from a world that is late, short and sometimes wrong: the figures of scorecards against world.csv, which they
//! have never seen, and what safety times that were learnt do for the line.
//!
//! It must not know how anything is learnt.

use std::{collections::BTreeMap, path::PathBuf, sync::OnceLock};

use takt_contract::procurement::v1::{
    GetScorecardRequest, GetSupplierRequest, ListSuppliersRequest, Scorecard, ShareEstimate,
    supplier_service_client::SupplierServiceClient,
};
use takt_tests::{
    Failure, Result, ensure, place,
    process::run,
    replay::{LONG, Replay, Report, takt},
    suite::{Service, Suite},
};
use tempfile::tempdir;
use tokio::runtime::Runtime;

use crate::{
    VEHICLES,
    world::{World, binomial_tails},
};

/// How often all comparisons together may be wrong by chance.
const RISK: f64 = 0.05;
const SEED: [&str; 4] = ["--world", "real", "--seed", "7"];

/// A run in the real world, played once for all tests of this file.
fn real() -> Result<&'static (PathBuf, Report)> {
    static REAL: OnceLock<Result<(PathBuf, Report)>> = OnceLock::new();
    let played = REAL.get_or_init(|| {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("replay-real");
        let report = Replay::su7(&folder)
            .vehicles(VEHICLES)
            .with(&SEED)
            .with(&["--fresh"])
            .report()?;
        Ok((folder, report))
    });
    played
        .as_ref()
        .map_err(|failure| Failure::new(format!("the run in the real world: {failure:?}")))
}

/// What was learnt of an item from a supplier.
struct Learnt {
    supplier: String,
    card: Scorecard,
    lot: i64,
    lead: i64,
}

/// The scorecards of all items, with intervals of this confidence.
fn learnt(confidence: i64) -> Result<Vec<Learnt>> {
    let (folder, _) = real()?;
    let suite = Suite::start(folder)?;
    let runtime = Runtime::new()?;
    let asked = runtime.block_on(async {
        let address = format!("http://{}", suite.address(Service::Procurement));
        let mut client = SupplierServiceClient::connect(address).await?;
        let message = ListSuppliersRequest {
            page_size: 1000,
            ..ListSuppliersRequest::default()
        };
        let suppliers = client.list_suppliers(message).await?.into_inner().suppliers;
        let mut all = Vec::new();
        for supplier in suppliers.into_iter().map(|supplier| supplier.supplier_id) {
            let message = GetSupplierRequest {
                supplier_id: supplier.clone(),
            };
            let terms = client.get_supplier(message).await?.into_inner().agreements;
            let message = GetScorecardRequest {
                supplier_id: supplier.clone(),
                confidence_millionths: confidence,
                ..GetScorecardRequest::default()
            };
            for card in client.get_scorecard(message).await?.into_inner().items {
                let terms = terms.iter().find(|terms| terms.item_id == card.item_id);
                let terms = terms.ok_or_else(|| Failure::new("an item without terms"))?;
                all.push(Learnt {
                    supplier: supplier.clone(),
                    lot: terms.lot.as_ref().map_or(0, |lot| lot.thousandths),
                    lead: terms.lead_time_days.into(),
                    card,
                });
            }
        }
        Ok::<_, Failure>(all)
    })?;
    drop(suite);
    Ok(asked)
}

/// What does not match a world, by kind of figure, and how many comparisons there were.
#[derive(Default)]
struct Comparison {
    wrong: BTreeMap<&'static str, Vec<String>>,
    count: usize,
    pooled: usize,
}

impl Comparison {
    fn expect(&mut self, what: &'static str, holds: bool, told: impl FnOnce() -> String) {
        self.count += 1;
        if !holds {
            self.wrong.entry(what).or_default().push(told());
        }
    }
}

/// Each source by the service's own intervals.
fn sources(all: &[Learnt], world: &World, comparison: &mut Comparison) -> Result {
    for of in all {
        let (item, card) = (&of.card.item_id, &of.card);
        let delay = world.delay(item, &of.supplier)?;
        for quantile in &card.lead_time_quantiles {
            let want = of.lead + delay.quantile(f64::from(quantile.percent) / 100.0);
            let low = quantile.low_days.map_or(i64::MIN, i64::from);
            let high = quantile.high_days.map_or(i64::MAX, i64::from);
            comparison.expect("quantile", (low..=high).contains(&want), || {
                format!(
                    "{item} of {}: {quantile:?} of {} deliveries, and {want}",
                    of.supplier, card.delivery_count
                )
            });
        }
        let missing = || Failure::new(format!("world.csv says nothing of {item}"));
        let shares = [
            ("late", &card.late_deliveries, delay.is_late()),
            (
                "rejected",
                &card.rejected_lots,
                world.rejects(item).ok_or_else(missing)?,
            ),
            (
                "short",
                &card.short_lots,
                world.shorts(of.lot).ok_or_else(missing)?,
            ),
        ];
        for (what, learnt, want) in shares {
            let learnt = (*learnt).unwrap_or_default();
            let (low, high) = (
                learnt.low_millionths as f64 / 1e6,
                learnt.high_millionths as f64 / 1e6,
            );
            comparison.expect(what, (low..=high).contains(&want), || {
                format!("{item} of {}: {learnt:?}, and {want}", of.supplier)
            });
        }
    }
    Ok(())
}

/// Classes of sources together, where few lots of each would say little, by an exact binomial test. One source a supplier stands for how
/// late deliveries are: those that leave together share their lane's delay.
fn classes(all: &[Learnt], world: &World, comparison: &mut Comparison) -> Result {
    let mut first = BTreeMap::<&str, &Learnt>::new();
    for of in all {
        let kept = first.entry(&of.supplier).or_insert(of);
        if kept.card.delivery_count < of.card.delivery_count {
            *kept = of;
        }
    }
    // Hits and trials with their probability, by what is counted and the class.
    let mut pools = BTreeMap::<(&'static str, String), (i64, i64, f64)>::new();
    let mut add = |what, class: String, learnt: &Option<ShareEstimate>, share: f64| {
        let learnt = (*learnt).unwrap_or_default();
        let pool = pools.entry((what, class)).or_insert((0, 0, share));
        (pool.0, pool.1) = (pool.0 + learnt.count, pool.1 + learnt.of_count);
    };
    for of in all {
        let item = &of.card.item_id;
        let missing = || Failure::new(format!("{item} is not in the folder"));
        let known = world.items.get(item).ok_or_else(missing)?;
        let rejects = world.rejects(item).ok_or_else(missing)?;
        add(
            "rejected in all",
            known.rejects.to_owned(),
            &of.card.rejected_lots,
            rejects,
        );
        let shorts = world.shorts(of.lot).ok_or_else(missing)?;
        add(
            "short in all",
            of.lot.to_string(),
            &of.card.short_lots,
            shorts,
        );
        if first
            .get(of.supplier.as_str())
            .is_some_and(|kept| std::ptr::eq(*kept, of))
        {
            let mode = world.modes.get(&of.supplier).ok_or_else(missing)?;
            let late = world.delay(item, &of.supplier)?.is_late();
            add(
                "late in all",
                format!("{} by {mode}", known.lateness),
                &of.card.late_deliveries,
                late,
            );
        }
    }
    let each = RISK / 2.0 / pools.len() as f64;
    for ((what, class), (hits, trials, share)) in pools {
        comparison.pooled += 1;
        let (at_most, at_least) = binomial_tails(hits, trials, share);
        comparison.expect(what, at_most > each && at_least > each, || {
            format!("{class}: {hits} of {trials}, and {share}: {at_most}, {at_least}")
        });
    }
    Ok(())
}

fn compared(all: &[Learnt], world: &World) -> Result<Comparison> {
    let mut comparison = Comparison::default();
    sources(all, world, &mut comparison)?;
    classes(all, world, &mut comparison)?;
    Ok(comparison)
}

#[test]
fn what_was_learnt_matches_the_world() -> Result {
    let folder = place::programme();
    // Six figures of each source are compared: each may be wrong by chance as often as all of them may, shared among them (Bonferroni).
    let sources = World::of(&folder)?
        .items
        .values()
        .map(|item| item.leads.len())
        .sum::<usize>();
    let confidence = 1e6 * (1.0 - RISK / (6.0 * sources as f64));
    let all = learnt(confidence.ceil() as i64)?;
    let found = compared(&all, &World::of(&folder)?)?;
    println!(
        "{} sources, {} deliveries, {} lots; {} comparisons, {} of them of classes",
        all.len(),
        all.iter().map(|of| of.card.delivery_count).sum::<i64>(),
        all.iter().map(|of| of.card.received_lot_count).sum::<i64>(),
        found.count,
        found.pooled
    );
    ensure(found.wrong.is_empty(), || {
        let lines = found.wrong.values().flatten().map(String::as_str);
        lines.collect::<Vec<_>>().join("\n")
    })?;
    ensure(
        all.len() > 300 && found.count > 1800 && found.pooled > 15,
        || format!("{} sources, {} comparisons", all.len(), found.count),
    )?;
    // A world that is not the one that was played is found out, whatever of it is wrong.
    for (kind, parameter, factor, what) in [
        ("lateness", "probability", 2.0, "late in all"),
        ("lateness", "probability", 14.0, "quantile"),
        ("lane_delay", "probability", 0.3, "late in all"),
        ("lot_reject", "ppm_lots", 3.0, "rejected in all"),
        ("short_shipment", "probability", 1.5, "short in all"),
        (
            "short_shipment",
            "mean_fraction_missing",
            0.3,
            "short in all",
        ),
    ] {
        let other = World::of(&folder)?.with(kind, parameter, factor);
        let found = compared(&all, &other)?;
        ensure(found.wrong.contains_key(what), || {
            format!("{factor} times the {parameter} of {kind} was not found out")
        })?;
    }
    // Goods that come a day later than was agreed, always, are found out at every source that delivered often enough.
    let shifted: Vec<Learnt> = learnt(confidence.ceil() as i64)?
        .into_iter()
        .map(|of| Learnt {
            lead: of.lead - 1,
            ..of
        })
        .collect();
    let found = compared(&shifted, &World::of(&folder)?)?;
    let often = shifted
        .iter()
        .filter(|of| of.card.delivery_count >= 60)
        .count();
    let wrong = found.wrong.get("quantile").map_or(0, Vec::len);
    ensure(often > 50 && wrong >= often, || {
        format!("{wrong} quantiles of {often} sources")
    })
}

/// What `takt` answers about a folder of a run.
fn asked(arguments: &[&str], folder: &std::path::Path) -> Result<serde_json::Value> {
    let mut command = takt(arguments)?;
    command.args(["--output", "json", "--data"]).arg(folder);
    run(&mut command, LONG)?.ok()?.json()
}

#[test]
fn safety_times_that_were_learnt_raise_on_time_builds() -> Result {
    let place = tempdir()?;
    let (_, without) = real()?;
    let with = Replay::su7(place.path())
        .vehicles(VEHICLES)
        .with(&SEED)
        .with(&["--safety", "99%"])
        .report()?;
    let days = |report: &Report| {
        report
            .at("/punctuality/stock_days")
            .map(|days| days.as_f64().unwrap_or(0.0))
    };
    let figures = |report: &Report| -> Result<(i64, i64, f64)> {
        let number = |name: &str| report.number(&format!("/punctuality/{name}"));
        Ok((
            number("on_time")?,
            number("vehicle_days_late")?,
            days(report)?,
        ))
    };
    let (before, after) = (figures(without)?, figures(&with)?);
    println!(
        "of {VEHICLES} vehicles on time, vehicle-days late, days of stock: {before:?} without safety times, {after:?} with those learnt"
    );
    // Same seed, same plan, everything built in the end.
    for report in [without, &with] {
        ensure(report.number("/produced/total")? == VEHICLES, || {
            "vehicles are missing".to_owned()
        })?;
        ensure(report.number("/punctuality/planned")? == VEHICLES, || {
            "the plan is another one".to_owned()
        })?;
    }
    // A quarter of all vehicles more is on time; it costs days of stock, and not many.
    ensure(
        after.0 >= before.0 + VEHICLES / 4 && after.1 < before.1,
        || format!("{before:?}, {after:?}"),
    )?;
    ensure(
        before.2 > 0.0 && after.2 > before.2 && after.2 < before.2 + 5.0,
        || format!("{before:?}, {after:?}"),
    )?;
    // What is in force covers what is proposed by the same receipts, and was learnt from them.
    let told = asked(&["safety", "--service", "99%"], place.path())?;
    let sources = told["sources"].as_array().cloned().unwrap_or_default();
    let learnt = |of: &&serde_json::Value| {
        of["learnt_on"].is_string() && of["deliveries"].as_i64() > Some(0)
    };
    let positive = |of: &&serde_json::Value| of["days"].as_i64() > Some(0);
    ensure(
        sources.len() > 300 && sources.iter().all(|of| learnt(&of)),
        || told.to_string(),
    )?;
    ensure(
        sources.iter().filter(positive).count() > 100 && told["value"].as_f64() > Some(0.0),
        || told.to_string(),
    )?;
    let checked = asked(&["check"], place.path())?;
    let of_safety = checked["invariants"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|one| one["id"] == "SF-1");
    ensure(
        of_safety.is_some_and(|one| one["checked"].as_i64() > Some(300)),
        || checked.to_string(),
    )?;
    let other = Replay::su7(place.path())
        .vehicles(VEHICLES)
        .with(&SEED)
        .run()?
        .expect(3)?;
    ensure(
        other.stderr.contains("safety: 99% there, none asked for"),
        || other.stderr.clone(),
    )
}
