//! SQLite and PostgreSQL, one process and three: the same run, the same digest.

use takt_tests::{
    Result, ensure,
    postgres::Postgres,
    replay::Replay,
    suite::{Service, Setup, Suite},
};
use tempfile::tempdir;

use crate::{VEHICLES, base};

#[test]
fn three_processes_give_the_digest_of_one() -> Result {
    let (databases, run) = (tempdir()?, tempdir()?);
    let suite = Suite::start(databases.path())?;
    let replay = Replay::su7(run.path())
        .vehicles(VEHICLES)
        .with(&["--endpoints", &suite.endpoints()]);
    let (one, three) = (base()?.report.digest()?, replay.report()?.digest()?);
    ensure(one == three, || {
        format!("{one} in one process, {three} in three")
    })?;
    for service in Service::ALL {
        suite.stop(service)?;
    }
    Ok(())
}

#[test]
fn postgresql_gives_the_digest_of_sqlite() -> Result {
    let Some(postgres) = Postgres::start()? else {
        return Ok(());
    };
    let template = postgres.databases("one")?;
    let run = tempdir()?;
    let replay = Replay::su7(run.path()).vehicles(VEHICLES).with(&[
        "--database-url",
        &template,
        "--migrate",
    ]);
    let report = replay.report()?;
    let (sqlite, postgres) = (base()?.report.digest()?, report.digest()?);
    ensure(sqlite == postgres, || {
        format!("{sqlite} on SQLite, {postgres} on PostgreSQL")
    })
}

#[test]
fn three_processes_on_postgresql_give_it_too() -> Result {
    let Some(postgres) = Postgres::start()? else {
        return Ok(());
    };
    let (databases, run) = (tempdir()?, tempdir()?);
    let database = Some(postgres.databases("three")?);
    let suite = Suite::prepare(databases.path())?.up(Setup {
        database,
        ..Setup::default()
    })?;
    let vehicles = 200;
    // A world that is late, and safety times that are learnt from it: what only then is read and written is the same, too.
    let late = "--world real --seed 7 --safety 95% --until 2024-05-31";
    let late: Vec<&str> = late.split(' ').collect();
    let replay = Replay::su7(run.path())
        .vehicles(vehicles)
        .with(&late)
        .with(&["--endpoints", &suite.endpoints()]);
    let place = tempdir()?;
    let one = Replay::su7(place.path())
        .vehicles(vehicles)
        .with(&late)
        .report()?
        .digest()?;
    let three = replay.report()?.digest()?;
    ensure(one == three, || {
        format!("{one} on SQLite, {three} in three processes on PostgreSQL")
    })
}
