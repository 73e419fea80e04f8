//! Personal data as a privacy officer would look at it: what is on the disk and in the log, what a changed key does, and what is left of
//! somebody who was erased.
//!
//! It must not know how anything is encrypted.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use takt_tests::{
    Result, ensure,
    process::{Finished, run},
    replay::takt,
    suite::{Service, Setup, Suite},
};
use tempfile::tempdir;

use crate::{SHORT, suite_with_su7};

/// Somebody who can be found again wherever it was written.
const CANARY: &str = "Zhang Canary";
const OLD: &str = "1f1e1d1c1b1a191817161514131211100f0e0d0c0b0a09080706050403020100";
const NEW: &str = "00112233445566778899aabbccddeeffffeeddccbbaa99887766554433221100";

/// All files below a folder that hold some bytes.
fn holding(folder: &Path, bytes: &[u8]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(holding(&path, bytes)?);
        } else if fs::read(&path)?
            .windows(bytes.len())
            .any(|part| part == bytes)
        {
            found.push(path);
        }
    }
    Ok(found)
}

/// Runs a command against the suite.
fn told(suite: &Suite, arguments: &[&str]) -> Result<Finished> {
    let endpoints = suite.endpoints();
    let all = [arguments, &["--output", "json", "--endpoints", &endpoints]].concat();
    run(&mut takt(&all)?, SHORT)
}

fn json(finished: Finished) -> Result<Value> {
    Ok(serde_json::from_str(&finished.ok()?.stdout)?)
}

/// A command that must be refused with a word.
fn refused(finished: &Finished, word: &str) -> Result {
    let said = format!("{}{}", finished.stdout, finished.stderr);
    ensure(finished.code == Some(3) && said.contains(word), || {
        format!("exit {:?}, and not {word} in: {said}", finished.code)
    })
}

/// Starts delivery anew, with the keys that its file holds by now.
fn again(suite: &mut Suite) -> Result {
    suite.stop(Service::Delivery)?;
    suite.spawn(Service::Delivery)?;
    suite.wait_for(Service::Delivery)
}

#[test]
fn a_person_is_sealed_on_the_disk_outlives_a_key_and_is_forgotten_for_good() -> Result {
    let (place, secrets) = (tempdir()?, tempdir()?);
    let keys = secrets.path().join("keys");
    fs::write(&keys, format!("{OLD}\n"))?;
    let file = keys.display().to_string();
    let mut suite = suite_with_su7(
        place.path(),
        Setup {
            settings: vec![
                ("delivery", "TAKT_PERSONAL_DATA_KEY_FILE", file),
                ("*", "TAKT_LOG", "trace".to_owned()),
            ],
            ..Setup::default()
        },
    )?;
    let person = secrets.path().join("person.json");
    fs::write(
        &person,
        format!(r#"{{"name": "{CANARY}", "address_lines": ["1 Road"], "email": "z@example.com"}}"#),
    )?;
    let person = person.display().to_string();
    let written = json(told(&suite, &["customers", "put", "C-1", &person])?)?;
    ensure(written["created"] == true, || written.to_string())?;
    let again_written = json(told(&suite, &["customers", "put", "C-1", &person])?)?;
    ensure(again_written["created"] == false, || {
        again_written.to_string()
    })?;
    let shown = json(told(&suite, &["customers", "show", "C-1"])?)?;
    ensure(shown["person"]["name"] == CANARY, || shown.to_string())?;

    // A person that is none is refused by its fields, and nothing of it is repeated.
    let bad = secrets.path().join("bad.json");
    fs::write(
        &bad,
        format!(r#"{{"name": "", "phone": "{CANARY}{CANARY}{CANARY}{CANARY}"}}"#),
    )?;
    let wrong = told(
        &suite,
        &["customers", "put", "C-1", &bad.display().to_string()],
    )?;
    let said = format!("{}{}", wrong.stdout, wrong.stderr);
    ensure(
        said.contains("person.name") && said.contains("person.phone") && !said.contains(CANARY),
        || said.clone(),
    )?;

    // Nothing of it is on the disk or in the log, at the level that says most.
    let log = suite.log(Service::Delivery);
    ensure(!log.is_empty() && !log.contains(CANARY), || {
        format!("the log tells of a person, or nothing: {} bytes", log.len())
    })?;
    suite.stop(Service::Delivery)?;
    let found = holding(place.path(), CANARY.as_bytes())?;
    ensure(found.is_empty(), || format!("{found:?}"))?;
    ensure(!holding(place.path(), b"C-1")?.is_empty(), || {
        "the files were not looked at".to_owned()
    })?;

    // A new key reads what the old one wrote, as long as the old one stands behind it.
    fs::write(&keys, format!("{NEW}  # 2026\n{OLD}\n"))?;
    suite.spawn(Service::Delivery)?;
    suite.wait_for(Service::Delivery)?;
    let shown = json(told(&suite, &["customers", "show", "C-1"])?)?;
    ensure(shown["person"]["address_lines"][0] == "1 Road", || {
        shown.to_string()
    })?;
    fs::write(&keys, format!("{NEW}\n"))?;
    again(&mut suite)?;
    refused(
        &told(&suite, &["customers", "show", "C-1"])?,
        "which this service was not given",
    )?;
    fs::write(&keys, format!("{NEW}\n{OLD}\n"))?;
    again(&mut suite)?;
    let done = json(told(&suite, &["customers", "reencrypt"])?)?;
    ensure(done["reencrypted"] == 1 && done["left"] == 0, || {
        done.to_string()
    })?;
    fs::write(&keys, format!("{NEW}\n"))?;
    again(&mut suite)?;
    let shown = json(told(&suite, &["customers", "show", "C-1"])?)?;
    ensure(shown["person"]["email"] == "z@example.com", || {
        shown.to_string()
    })?;

    // Who is erased is forgotten for good, and the pseudonym is nobody's any more.
    json(told(&suite, &["customers", "erase", "C-1"])?)?;
    json(told(&suite, &["customers", "erase", "C-1"])?)?;
    refused(&told(&suite, &["customers", "show", "C-1"])?, "was erased")?;
    refused(
        &told(&suite, &["customers", "put", "C-1", &person])?,
        "was erased",
    )?;
    let check = told(&suite, &["check"])?.ok()?;
    ensure(check.stdout.contains("CU-1"), || check.stdout.clone())?;

    // A key that is none is said by its line when the service starts, and never by what it is.
    suite.stop(Service::Delivery)?;
    fs::write(&keys, format!("{NEW}\n{}\n", &OLD[..60]))?;
    suite.spawn(Service::Delivery)?;
    let failure = suite.wait_for(Service::Delivery);
    let why = failure.map_or_else(|failure| format!("{failure:?}"), |()| String::new());
    ensure(
        why.contains("line 2 is no key") && !why.contains(&OLD[..8]),
        || why.clone(),
    )?;

    // An empty file is a mistake and not a service without keys.
    fs::write(&keys, "")?;
    suite.spawn(Service::Delivery)?;
    let failure = suite.wait_for(Service::Delivery);
    ensure(failure.is_err(), || {
        "an empty file of keys is taken for none".to_owned()
    })?;
    Ok(())
}

#[test]
fn without_a_key_nobody_is_written_down() -> Result {
    let place = tempdir()?;
    let suite = suite_with_su7(place.path(), Setup::default())?;
    let person = place.path().join("person.json");
    fs::write(&person, r#"{"name": "Li Lei"}"#)?;
    let person = person.display().to_string();
    let put = told(&suite, &["customers", "put", "C-1", &person])?;
    refused(&put, "was given no key for personal data")?;
    let missing = told(&suite, &["customers", "show", "C-2"])?;
    ensure(missing.code == Some(3) || missing.code == Some(1), || {
        format!("{:?} {}", missing.code, missing.stderr)
    })?;
    let found = holding(place.path(), b"Li Lei")?;
    let only = |path: &PathBuf| path.ends_with("person.json");
    ensure(found.iter().all(only), || format!("{found:?}"))?;
    Ok(())
}
