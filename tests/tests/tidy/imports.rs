//! Who may know whom: between crates by their manifests, inside a service by the kind of file.
//!
//! The picture that is held: kernel <- planning; kernel <- contract <- service <- the three services <- takt. A service
//! never imports another one.

use std::{collections::BTreeSet, fs};

use takt_tests::{Result, place};

use crate::{all_hold, source};

const SERVICES: [&str; 3] = ["procurement", "production", "delivery"];

/// Which crates of ours each crate may stand on.
const MAY_KNOW: [(&str, &[&str]); 9] = [
    ("kernel", &[]),
    ("planning", &["kernel"]),
    ("contract", &["kernel"]),
    ("service", &["kernel", "contract"]),
    (
        "procurement",
        &["kernel", "planning", "contract", "service"],
    ),
    ("production", &["kernel", "planning", "contract", "service"]),
    ("delivery", &["kernel", "planning", "contract", "service"]),
    (
        "takt",
        &[
            "kernel",
            "planning",
            "contract",
            "service",
            "procurement",
            "production",
            "delivery",
        ],
    ),
    ("tests", &["kernel", "contract"]),
];

/// What the inner crates must not depend on, whatever for.
const NEVER: [(&str, &[&str]); 3] = [
    (
        "kernel",
        &["tokio", "tonic", "sea-orm", "prost", "tracing", "clap"],
    ),
    (
        "planning",
        &[
            "tokio", "tonic", "sea-orm", "prost", "tracing", "clap", "rand",
        ],
    ),
    ("contract", &["tokio", "sea-orm", "tracing", "clap"]),
];

/// The names of a crate's dependencies; those of its tests are not counted.
fn dependencies(name: &str) -> Result<BTreeSet<String>> {
    let folder = if name == "tests" {
        "tests".to_owned()
    } else {
        format!("crates/{name}")
    };
    let path = place::root().join(folder).join("Cargo.toml");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let manifest: toml::Table = text
        .parse()
        .map_err(|error| format!("{}: {error}", path.display()))?;
    let table = manifest.get("dependencies").and_then(toml::Value::as_table);
    Ok(table
        .map(|table| table.keys().cloned().collect())
        .unwrap_or_default())
}

#[test]
fn crates_stand_on_each_other_in_one_direction() -> Result {
    let mut broken = Vec::new();
    let mut known = BTreeSet::from(["tests".to_owned()]);
    for entry in fs::read_dir(place::root().join("crates"))?.flatten() {
        known.insert(entry.file_name().to_string_lossy().into_owned());
    }
    let listed: BTreeSet<String> = MAY_KNOW
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    broken.extend(
        known
            .symmetric_difference(&listed)
            .map(|name| format!("{name} is not in the picture, or not there")),
    );
    for (name, may) in MAY_KNOW {
        for dependency in dependencies(name)? {
            if let Some(ours) = dependency.strip_prefix("takt-")
                && !may.contains(&ours)
            {
                broken.push(format!("{name} must not know {ours}"));
            }
        }
    }
    all_hold("imports go one way", &broken)
}

#[test]
fn the_inner_crates_know_no_runtime_no_wire_and_no_database() -> Result {
    let mut broken = Vec::new();
    for (name, never) in NEVER {
        let all = dependencies(name)?;
        broken.extend(
            never
                .iter()
                .filter(|word| all.contains(**word))
                .map(|word| format!("{name} depends on {word}")),
        );
        for file in source::sources()
            .iter()
            .filter(|file| file.crate_name() == name && !file.is_test())
        {
            for word in never {
                broken.extend(file.lines_with(&format!("{}::", word.replace('-', "_"))));
            }
        }
    }
    all_hold("the inner crates are pure", &broken)
}

#[test]
fn a_domain_knows_neither_wire_nor_database() -> Result {
    let mut broken = Vec::new();
    for file in source::sources() {
        let inside = SERVICES.contains(&file.crate_name()) && file.path.contains("/src/");
        let is_domain = inside && file.path.ends_with("/mod.rs") && !file.is_test();
        if !is_domain {
            continue;
        }
        for word in [
            "tonic::",
            "sea_orm::",
            "takt_contract::",
            "tokio::",
            "async fn",
            ".await",
        ] {
            broken.extend(
                file.lines_with(word)
                    .into_iter()
                    .map(|line| format!("{line}: {word}")),
            );
        }
    }
    all_hold(
        "mod.rs of a service is its domain: pure, no wire, no SQL, no waiting",
        &broken,
    )
}

#[test]
fn the_rows_know_no_wire() -> Result {
    let mut broken = Vec::new();
    for file in source::sources() {
        if SERVICES.contains(&file.crate_name()) && file.path.ends_with("/store.rs") {
            for word in ["tonic::", "Request<", "Response<", "Status"] {
                broken.extend(
                    file.lines_with(word)
                        .into_iter()
                        .map(|line| format!("{line}: {word}")),
                );
            }
        }
    }
    all_hold("store.rs holds rows, not calls", &broken)
}

#[test]
fn a_service_speaks_of_others_by_the_contract_alone() -> Result {
    let mut broken = Vec::new();
    for file in source::sources() {
        for other in SERVICES.iter().filter(|other| file.crate_name() != **other) {
            let inside = file.path.starts_with("crates/") && file.crate_name() != "takt";
            if inside {
                broken.extend(file.lines_with(&format!("takt_{other}::")));
            }
        }
    }
    all_hold("no service imports another", &broken)
}

/// What has one home: the word, and the files that may say it.
const HOMES: [(&str, &[&str]); 6] = [
    ("tokio::spawn", &["crates/service/src/store/mod.rs"]),
    ("spawn_local", &[]),
    ("SystemTime::now", &["crates/kernel/src/clock.rs"]),
    ("now_v7", &["crates/service/src/host/workers.rs"]),
    ("opentelemetry::global", &[]),
    // A secret is no flag, because arguments can be read by everybody on a machine.
    ("env::var", &["crates/service/src/config/secret.rs"]),
];

#[test]
fn what_has_one_home_is_used_there_alone() -> Result {
    let mut broken = Vec::new();
    // A test starts what it tests.
    for file in source::sources().iter().filter(|file| !file.is_test()) {
        for (word, homes) in HOMES {
            if !homes.iter().any(|home| file.path.starts_with(home)) {
                broken.extend(
                    file.lines_with(word)
                        .into_iter()
                        .map(|line| format!("{line}: {word}")),
                );
            }
        }
    }
    all_hold("see .clippy.toml for the reasons", &broken)
}
