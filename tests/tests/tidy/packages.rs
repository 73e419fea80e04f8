//! What is in the tree of dependencies: licences, sources, and crates that are there twice, against deny.toml.

use std::{collections::BTreeMap, env, fs, process::Command};

use serde_json::Value;
use takt_tests::{Failure, Result, place};

use super::licences::is_allowed;

use crate::all_hold;

/// The only registry.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

fn packages() -> Result<Vec<Value>> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let told = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(place::root())
        .output()?;
    if !told.status.success() {
        return Err(Failure::new(String::from_utf8_lossy(&told.stderr)));
    }
    let metadata: Value = serde_json::from_slice(&told.stdout)?;
    let packages = metadata
        .get("packages")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    if packages.len() > 100 {
        Ok(packages)
    } else {
        Err(Failure::new("cargo metadata told no packages"))
    }
}

fn text<'v>(package: &'v Value, key: &str) -> &'v str {
    package.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn deny() -> Result<toml::Table> {
    let text = fs::read_to_string(place::root().join("deny.toml"))?;
    Ok(text.parse()?)
}

fn list(table: &toml::Table, section: &str, key: &str) -> Vec<toml::Value> {
    let list = table
        .get(section)
        .and_then(|section| section.get(key))
        .and_then(toml::Value::as_array);
    list.cloned().unwrap_or_default()
}

#[test]
fn every_licence_is_allowed() -> Result {
    let allowed: Vec<String> = list(&deny()?, "licenses", "allow")
        .iter()
        .filter_map(toml::Value::as_str)
        .map(str::to_owned)
        .collect();
    let mut broken = Vec::new();
    for package in packages()? {
        let licence = text(&package, "license");
        if !is_allowed(licence, &allowed) {
            broken.push(format!(
                "{} {}: {licence:?}",
                text(&package, "name"),
                text(&package, "version")
            ));
        }
    }
    all_hold(
        "allow the licence in deny.toml, or leave the crate out",
        &broken,
    )
}

#[test]
fn everything_comes_from_the_registry_or_from_here() -> Result {
    let mut broken = Vec::new();
    for package in packages()? {
        let from_here = package.get("source").is_none_or(Value::is_null)
            && place::root()
                .join("Cargo.toml")
                .parent()
                .is_some_and(|root| {
                    text(&package, "manifest_path").starts_with(&*root.to_string_lossy())
                });
        if !from_here && text(&package, "source") != REGISTRY {
            broken.push(format!(
                "{}: {}",
                text(&package, "name"),
                text(&package, "source")
            ));
        }
    }
    all_hold("no git and no other registry", &broken)
}

/// Whether a version is meant by `1`, `1.2` or `1.2.3`.
fn is_of(version: &str, meant: &str) -> bool {
    version == meant
        || version
            .strip_prefix(meant)
            .is_some_and(|rest| rest.starts_with('.'))
}

#[test]
fn no_crate_is_there_twice_without_a_reason() -> Result {
    let mut versions = BTreeMap::<String, Vec<String>>::new();
    for package in packages()? {
        versions
            .entry(text(&package, "name").to_owned())
            .or_default()
            .push(text(&package, "version").to_owned());
    }
    let mut broken = Vec::new();
    let mut skips = Vec::new();
    for skip in list(&deny()?, "bans", "skip") {
        let part = |key: &str| {
            skip.get(key)
                .and_then(toml::Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let (name, version) = part("crate")
            .split_once('@')
            .map(|(n, v)| (n.to_owned(), v.to_owned()))
            .unwrap_or_default();
        if part("reason").is_empty() {
            broken.push(format!("{} is excused without a reason", part("crate")));
        }
        skips.push((name, version));
    }
    for (name, all) in &versions {
        let excused = |version: &&String| skips.iter().any(|(n, v)| n == name && is_of(version, v));
        let rest: Vec<_> = all.iter().filter(|version| !excused(version)).collect();
        if rest.len() > 1 {
            broken.push(format!(
                "{name}: {all:?}; raise the one that asks for the older, or excuse it in deny.toml"
            ));
        }
    }
    for (name, version) in &skips {
        let all = versions.get(name).cloned().unwrap_or_default();
        if all.len() < 2 || !all.iter().any(|one| is_of(one, version)) {
            broken.push(format!(
                "{name}@{version} is excused in deny.toml and not there twice any more"
            ));
        }
    }
    all_hold("one version of each crate", &broken)
}
