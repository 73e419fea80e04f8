//! Crashes: services of their own processes are killed without a word in the middle of a run and come back over what
//! they had written. The run must end with the digest of a quiet one.
//!
//! kill -9 does not test what a power loss leaves on the disk.

use std::{thread, time::Duration};

use takt_tests::{
    Failure, Result, ensure,
    process::run,
    proxy::{Fate, Proxy},
    replay::{LONG, Replay, Report, takt},
    seed::Dice,
    suite::{Service, Setup, Suite},
};
use tempfile::tempdir;

/// Small, so that crashes are dense.
const VEHICLES: i64 = 200;
/// At least this many crashes at seeded times.
const CRASHES: usize = 24;

/// The digest of a quiet run.
fn quiet() -> Result<String> {
    let run = tempdir()?;
    Replay::su7(run.path())
        .vehicles(VEHICLES)
        .report()?
        .digest()
}

/// Every invariant holds; the checker prints each with its counts and fails where one does not.
fn sound(suite: &Suite) -> Result {
    let mut command = takt(&["check", "--endpoints", &suite.endpoints()])?;
    let checked = run(&mut command, LONG)?.ok()?;
    for id in ["FA-1", "ST-1", "AB-2", "OR-1", "HO-1"] {
        ensure(checked.stdout.contains(id), || checked.stdout.clone())?;
    }
    Ok(())
}

#[test]
fn services_that_crash_at_any_time_lose_and_double_nothing() -> Result {
    let seed = 2024;
    let quiet = quiet()?;
    let mut dice = Dice::new(seed, "crash");
    let mut crashes = Vec::new();
    // A run may be over before it has seen all crashes: then the next one sees the rest.
    while crashes.len() < CRASHES {
        let before = crashes.len();
        let (databases, run) = (tempdir()?, tempdir()?);
        let mut suite = Suite::start(databases.path())?;
        let replay = Replay::su7(run.path())
            .vehicles(VEHICLES)
            .with(&["--endpoints", &suite.endpoints()]);
        let mut running = replay.start()?;
        while running.is_running() && crashes.len() - before < CRASHES {
            let [first, second, ..] = Service::ALL;
            let service = match dice.below(3) {
                0 => first,
                1 => second,
                _ => Service::Delivery,
            };
            thread::sleep(Duration::from_millis(dice.below(400)));
            if !running.is_running() {
                break;
            }
            suite.kill(service);
            // Sometimes it is away for a moment, sometimes back at once.
            thread::sleep(Duration::from_millis(dice.below(100)));
            suite.spawn(service)?;
            suite.wait_for(service)?;
            crashes.push(service);
        }
        let crashed = Report::of(&running.wait(LONG)?.ok()?)?.digest()?;
        ensure(crashed == quiet, || {
            format!(
                "seed {seed}: {crashed} after {} crashes, {quiet} without: {crashes:?}",
                crashes.len()
            )
        })?;
        sound(&suite)?;
        ensure(crashes.len() > before, || {
            "the run was over before the first crash".to_owned()
        })?;
    }
    for service in Service::ALL {
        ensure(crashes.contains(&service), || {
            format!("{service} never crashed")
        })?;
    }
    Ok(())
}

/// Plays a run in which `asker` is struck whenever an answer of `asked` that holds `text` goes by, on seeded occasions.
fn struck(asker: Service, asked: Service, text: &str, name: &'static str, strikes: u64) -> Result {
    let quiet = quiet()?;
    let (databases, run) = (tempdir()?, tempdir()?);
    let suite = Suite::prepare(databases.path())?;
    let wire = Proxy::to(&suite.address(asked))?;
    let detours = vec![(asker, asked, wire.address())];
    let mut suite = suite.up(Setup {
        detours,
        ..Setup::default()
    })?;
    let replay = Replay::su7(run.path())
        .vehicles(VEHICLES)
        .with(&["--endpoints", &suite.endpoints()]);
    let mut running = replay.start()?;
    let mut dice = Dice::new(7, name);
    for number in 0..strikes {
        // The peer has done its work in either case: once we never hear of it, once we hear and die.
        let fate = if number % 2 == 0 {
            Fate::Lost
        } else {
            Fate::Delivered
        };
        thread::sleep(Duration::from_millis(dice.below(150)));
        wire.arm(text, fate, suite.striker(asker));
        running
            .wait_until(
                &format!("the answer of {asked} springs trap {number}"),
                Duration::from_secs(120),
                |_| wire.sprung() > number,
            )
            .map_err(|failure| Failure::new(format!("{failure:?}")))?;
        suite.spawn(asker)?;
        suite.wait_for(asker)?;
    }
    let crashed = Report::of(&running.wait(LONG)?.ok()?)?.digest()?;
    sound(&suite)?;
    ensure(crashed == quiet, || {
        format!(
            "{crashed} after {strikes} crashes of {asker} on the answer of {asked}, {quiet} without"
        )
    })
}

#[test]
fn a_crash_between_the_reservation_and_the_build_doubles_nothing() -> Result {
    // The answer of ReserveMaterial names the reservation: procurement has it, production has not written it down.
    struck(
        Service::Production,
        Service::Procurement,
        "build-2024-",
        "reservation",
        8,
    )
}

#[test]
fn a_crash_between_the_profile_and_the_promise_doubles_nothing() -> Result {
    // The answer of GetPromiseProfile names the plan: production has told, delivery has promised nobody yet.
    struck(Service::Delivery, Service::Production, "STD", "profile", 6)
}
