//! Promises through a disruption: declared in procurement it is known by the orders that it hits within two seconds, they are promised anew
//! in one go, and when it is over all stand on time. On SQLite and, where there is one, on PostgreSQL.
//!
//! It must not know how anything is computed.

use std::{
    collections::BTreeMap,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use takt_tests::{
    Failure, Result, ensure,
    postgres::Postgres,
    process::run,
    replay::{Replay, takt},
    suite::{Setup, Suite},
};
use tempfile::tempdir;

use crate::SHORT;

/// How long it may take until the orders know.
const KNOWN: Duration = Duration::from_secs(2);

/// The last evening of the run, and the morning after it.
const EVENING: &str = "2024-05-20";
const MORNING: &str = "2024-05-21";

fn told(command: &mut Command) -> Result<Value> {
    run(command.args(["--output", "json"]), SHORT)?.ok()?.json()
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

/// A suite that people speak to by the command.
struct People<'s>(&'s Suite);

impl People<'_> {
    fn ask(&self, words: &[&str]) -> Result<Value> {
        told(takt(words)?.arg("--endpoints").arg(self.0.endpoints()))
    }

    /// What is said to who asks wrongly.
    fn refused(&self, words: &[&str]) -> Result<String> {
        let mut command = takt(words)?;
        let told = run(command.arg("--endpoints").arg(self.0.endpoints()), SHORT)?;
        ensure(told.code != Some(0), || format!("{words:?} is taken"))?;
        Ok(told.stderr)
    }

    /// The orders that disruptions endanger: health and expected day by order.
    fn disrupted(&self) -> Result<BTreeMap<String, (String, String)>> {
        let told = self.ask(&["orders", "at-risk"])?;
        let of_disruption = |order: &&Value| {
            let mut reasons = list(order, "reasons").iter();
            reasons.any(|reason| reason["code"] == "DISRUPTION")
        };
        let orders = list(&told, "orders").iter().filter(of_disruption);
        let one = |order: &Value| {
            let stands = (text(order, "health"), text(order, "expected_on"));
            (text(order, "order"), stands)
        };
        Ok(orders.map(one).collect())
    }

    /// Asks until the orders know, and says how long that took.
    fn known(&self, hit: bool) -> Result<Duration> {
        let begun = Instant::now();
        loop {
            let (asked, known) = (begun.elapsed(), self.disrupted()?.is_empty() != hit);
            if known {
                return Ok(asked);
            }
            ensure(asked < KNOWN, || {
                format!("after {asked:?} the orders do not know; hit: {hit}")
            })?;
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn impact(&self) -> Result<Value> {
        self.ask(&["disruption", "impact", "--as-of", MORNING])
    }
}

fn declare<'w>(name: &'w str, supplier: &'w str, until: &'w str) -> Vec<&'w str> {
    let mut words = vec!["disruption", "declare", name, "--supplier", supplier];
    words.extend(["--cause", "production-incident"]);
    words.extend(["--begins", MORNING, "--until", until]);
    words
}

fn through_a_disruption(setup: Setup) -> Result {
    let folder = tempdir()?;
    let data = folder.path().join("run");
    let mut options = vec!["--until", EVENING];
    let database = setup.database.clone().unwrap_or_default();
    if !database.is_empty() {
        options.extend(["--database-url", &database, "--migrate"]);
    }
    Replay::su7(&data)
        .vehicles(1000)
        .with(&options)
        .run()?
        .ok()?;
    let suite = Suite::prepare(&data)?.up(setup)?;
    let people = People(&suite);
    ensure(people.disrupted()?.is_empty(), || "calm".to_owned())?;
    let calm = people.impact()?;

    people.ask(&declare("FIRE-1", "CATL", "2024-06-25"))?;
    people.known(true)?;
    let burning = people.impact()?;
    let hit: BTreeMap<String, (String, String)> = (list(&burning, "orders").iter())
        .map(|order| {
            let stands = (text(order, "health"), text(order, "deliver_on"));
            (text(order, "order"), stands)
        })
        .collect();
    let late = burning["late_count"].as_i64().unwrap_or_default();
    let at_risk = burning["at_risk_count"].as_i64().unwrap_or_default();
    let listed = people.disrupted()?;
    ensure(late > 0 && listed == hit, || {
        format!("the impact says {hit:?}\nthe list says {listed:?}")
    })?;

    // One of the late ones, as people see it.
    let (worst, _) = (hit.iter())
        .find(|(_, (health, _))| health == "LATE")
        .ok_or_else(|| Failure::new("no order is late"))?;
    let before = people.ask(&["orders", "show", worst])?;
    let reasons = list(&before, "reasons");
    ensure(
        before["health"] == "LATE"
            && before["expected_on"] == hit[worst].1.as_str()
            && reasons
                .iter()
                .any(|reason| reason["subject"] == "FIRE-1" && !list(reason, "behind").is_empty()),
        || before.to_string(),
    )?;

    // Looking changes nothing; then every late order is promised what the impact proposed, and keeps what it was promised before.
    let checked = people.ask(&["orders", "repromise", "--check"])?;
    ensure(
        checked["repromised_count"] == late
            && checked["at_risk_count"] == at_risk
            && people.impact()? == burning,
        || checked.to_string(),
    )?;
    let nowhere = people.ask(&["orders", "repromise", "--city", "Shanghai", "--check"])?;
    let sum = nowhere["repromised_count"].as_i64().unwrap_or_default()
        + nowhere["left_count"].as_i64().unwrap_or_default();
    ensure(sum == late, || nowhere.to_string())?;
    let anew = people.ask(&["orders", "repromise"])?;
    ensure(
        anew["repromised_count"] == late && anew["sample"] == checked["sample"],
        || anew.to_string(),
    )?;
    let after = people.ask(&["orders", "show", worst])?;
    let (old, new) = (list(&before, "promises"), list(&after, "promises"));
    ensure(
        new.len() == old.len() + 1
            && new.starts_with(old)
            && new
                .last()
                .is_some_and(|last| last["deliver_on"] == hit[worst].1.as_str())
            && after["health"] == "ON_TIME",
        || format!("{before}\n{after}"),
    )?;
    let kept = people.impact()?;
    ensure(
        kept["late_count"] == 0
            && kept["at_risk_count"] == at_risk
            && list(&kept, "orders")
                .iter()
                .all(|order| order["proposal"].is_null()),
        || kept.to_string(),
    )?;
    let nothing = people.ask(&["orders", "repromise"])?;
    ensure(nothing["repromised_count"] == 0, || nothing.to_string())?;

    // Put out, and no promise is in danger of it.
    people.ask(&["disruption", "resolve", "FIRE-1", "--on", MORNING])?;
    if at_risk > 0 {
        people.known(false)?;
    }
    let healed = people.impact()?;
    ensure(
        healed["order_count"] == 0 && healed["on_time_count"] == calm["on_time_count"],
        || healed.to_string(),
    )?;
    let shown = people.ask(&["orders", "show", worst])?;
    ensure(shown["health"] == "ON_TIME", || shown.to_string())?;

    let wrong = people.refused(&[
        "orders",
        "at-risk",
        "--variant",
        "NONE",
        "--city",
        "Atlantis",
    ])?;
    ensure(
        wrong.contains("variant_id") && wrong.contains("city"),
        || wrong.clone(),
    )?;
    let wrong = people.refused(&["orders", "repromise", "--city", "Atlantis"])?;
    ensure(wrong.contains("scope.city"), || wrong.clone())?;
    let wrong = people.refused(&["orders", "show", "SU7-NONE"])?;
    ensure(wrong.contains("SU7-NONE"), || wrong.clone())?;
    let mut check = takt(&["check", "--endpoints", &suite.endpoints()])?;
    run(&mut check, SHORT)?.ok()?;
    Ok(())
}

#[test]
fn promises_go_through_a_disruption_on_sqlite() -> Result {
    through_a_disruption(Setup::default())
}

#[test]
fn promises_go_through_a_disruption_on_postgresql() -> Result {
    let Some(postgres) = Postgres::start()? else {
        return Ok(());
    };
    through_a_disruption(Setup {
        database: Some(postgres.databases("promises")?),
        ..Setup::default()
    })
}
