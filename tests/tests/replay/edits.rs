//! The programme edited by hand: the result must follow the arithmetic and not the published figures. Each edit is
//! computed a second time by tests/reference.

use std::sync::OnceLock;

use takt_tests::{
    Failure, Result, ensure,
    folder::{Folder, Row, rows},
    place,
    replay::{Replay, Report},
};
use tempfile::tempdir;

/// Large enough that lots hold several vehicles and no option part is ever late: then every figure is exact.
const VEHICLES: i64 = 10_000;

/// The programme as it is, at the size of the edits.
fn base() -> Result<&'static Report> {
    static BASE: OnceLock<Result<Report>> = OnceLock::new();
    let played = BASE.get_or_init(|| {
        let data = tempdir()?;
        let report = Replay::su7(data.path()).vehicles(VEHICLES).report()?;
        report.compare(&place::programme(), &["--vehicles", &VEHICLES.to_string()])?;
        Ok(report)
    });
    played
        .as_ref()
        .map_err(|failure| Failure::new(format!("the base run: {failure:?}")))
}

/// Plays an edited folder and holds its report against the reference.
fn played(folder: &Folder) -> Result<Report> {
    let data = tempdir()?;
    let report = Replay::of(&folder.path(), data.path())
        .vehicles(VEHICLES)
        .report()?;
    report.compare(&folder.path(), &["--vehicles", &VEHICLES.to_string()])?;
    Ok(report)
}

/// Plays outages and holds what the report says of them against the reference (RULES 13).
fn disrupted(outage: &str) -> Result<Report> {
    let data = tempdir()?;
    let report = Replay::su7(data.path())
        .vehicles(VEHICLES)
        .with(&["--disrupt", outage])
        .report()?;
    let vehicles = VEHICLES.to_string();
    let options = ["--vehicles", vehicles.as_str(), "--disrupt", outage];
    report.compare(&place::programme(), &options)?;
    Ok(report)
}

#[test]
fn an_outage_in_summer_is_late_and_recovers() -> Result {
    let report = disrupted("HESAI@2024-08-01:14")?;
    ensure(report.number("/disruption/all/lost")? == 0, || {
        "vehicles are lost although there is time to build them".to_owned()
    })?;
    let late = report.number("/disruption/all/late")?;
    ensure(late > 0, || "nothing was late".to_owned())
}

#[test]
fn an_outage_before_the_end_loses_vehicles() -> Result {
    let report = disrupted("FDB@2024-10-20:20")?;
    let lost = report.number("/disruption/all/lost")?;
    ensure(lost > 0, || "nothing was lost".to_owned())?;
    let stop = report.at("/disruption/first_stop/item")?;
    ensure(stop == "BS-01", || format!("{stop} stopped first"))
}

/// The vehicles built through a day.
fn through(report: &Report, last: &str) -> Result<i64> {
    let days = report.produced_by_date()?;
    Ok(days
        .iter()
        .filter(|(day, _)| day.as_str() <= last)
        .map(|(_, count)| count)
        .sum())
}

/// A number of an item's row.
fn item(report: &Report, name: &str, key: &str) -> Result<f64> {
    let items = report.at("/items")?.as_array().cloned().unwrap_or_default();
    let row = items
        .iter()
        .find(|row| row.get("item").and_then(|item| item.as_str()) == Some(name));
    Ok(row
        .and_then(|row| row.get(key))
        .and_then(serde_json::Value::as_f64)
        .unwrap_or(0.0))
}

/// The sum of a number over all items.
fn all_items(report: &Report, key: &str) -> Result<f64> {
    let items = report.at("/items")?.as_array().cloned().unwrap_or_default();
    Ok(items.iter().filter_map(|row| row.get(key)?.as_f64()).sum())
}

/// Adds days to the lead time of an item.
fn later(folder: &Folder, name: &str, from: i64, to: i64) -> Result<usize> {
    folder.edit("items.csv", |row| {
        let hit = row.get("item_id") == name && row.number("lead_time_days") == from;
        Some(if hit {
            row.clone().with("lead_time_days", to)
        } else {
            row.clone()
        })
    })
}

#[test]
fn a_takt_twice_as_long_misses_the_day() -> Result {
    let folder = Folder::su7()?;
    folder.replace("programme.yaml", "takt_s: 76", "takt_s: 152")?;
    let report = played(&folder)?;
    let by_day_230 = through(&report, "2024-11-13")?;
    // 92,785 of 100,000; each day is floored anew at this size.
    ensure((9_200..=9_278).contains(&by_day_230), || {
        format!("{by_day_230} of {VEHICLES} by day 230")
    })?;
    let total = report.number("/produced/total")?;
    ensure(total > by_day_230, || {
        "building does not go on after day 230".to_owned()
    })
}

#[test]
fn a_late_lidar_holds_the_variants_that_carry_it() -> Result {
    let folder = Folder::su7()?;
    later(&folder, "AD-02", 102, 132)?;
    let report = played(&folder)?;
    let base = base()?;
    let std = "/produced/by_variant/STD";
    ensure(report.number(std)? == base.number(std)?, || {
        "STD does not go on".to_owned()
    })?;
    let (late, usual) = (
        through(&report, "2024-04-26")?,
        through(base, "2024-04-26")?,
    );
    ensure(late < usual, || {
        format!("{late} vehicles by then, {usual} in time: nothing was held")
    })
}

#[test]
fn a_lead_time_within_the_lead_moves_nothing() -> Result {
    let folder = Folder::su7()?;
    later(&folder, "UBF-01", 31, 61)?;
    let report = played(&folder)?;
    let same = report.at("/produced")? == base()?.at("/produced")?;
    ensure(same, || {
        "UBF-01 is ordered in time either way, and yet the output moved".to_owned()
    })
}

#[test]
fn lots_ten_times_as_large_raise_stock_and_not_output() -> Result {
    let folder = Folder::su7()?;
    folder.edit("items.csv", |row| {
        let is_bought = row.get("make_buy") == "buy";
        Some(if is_bought {
            row.clone().with("lot_size", row.number("lot_size") * 10)
        } else {
            row.clone()
        })
    })?;
    let report = played(&folder)?;
    let base = base()?;
    ensure(report.at("/produced")? == base.at("/produced")?, || {
        "the output moved".to_owned()
    })?;
    let (more, usual) = (all_items(&report, "stock")?, all_items(base, "stock")?);
    ensure(more > usual, || format!("stock {more}, {usual} before"))?;
    let (fewer, usual) = (all_items(&report, "lots")?, all_items(base, "lots")?);
    ensure(fewer < usual, || format!("{fewer} lots, {usual} before"))
}

#[test]
fn an_item_without_a_bom_line_is_not_bought() -> Result {
    let folder = Folder::su7()?;
    let children = |name: &str| -> Result<usize> {
        Ok(rows(&place::programme(), "bom.csv")?
            .iter()
            .filter(|row| row.get("child") == name)
            .count())
    };
    ensure(children("UBF-01")? == 1, || {
        "UBF-01 is used in one place".to_owned()
    })?;
    folder.edit("bom.csv", |row| {
        (row.get("child") != "UBF-01").then(|| row.clone())
    })?;
    let report = played(&folder)?;
    ensure(item(base()?, "UBF-01", "received")? > 0.0, || {
        "UBF-01 was never bought".to_owned()
    })?;
    let received = item(&report, "UBF-01", "received")?;
    ensure(received == 0.0, || {
        format!("{received} received without a use")
    })
}

#[test]
fn twice_the_orders_do_not_raise_output() -> Result {
    let folder = Folder::su7()?;
    folder.edit("orders.csv", |row| {
        let doubled = |row: Row, column: &str| {
            let number = row.number(column);
            row.with(column, number * 2)
        };
        Some(doubled(
            doubled(row.clone(), "new_locked_orders"),
            "cum_locked_orders",
        ))
    })?;
    let report = played(&folder)?;
    let (more, usual) = (
        report.number("/produced/total")?,
        base()?.number("/produced/total")?,
    );
    ensure(more == usual, || format!("{more} vehicles, {usual} before"))?;
    let (more, usual) = (
        report.number("/orders/locked")?,
        base()?.number("/orders/locked")?,
    );
    ensure(more >= usual * 2 - 1, || {
        format!("{more} orders, {usual} before")
    })
}
