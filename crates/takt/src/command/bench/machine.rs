//! What a measurement was made on: machine, disk, databases, commit. It must not know what was measured.
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use takt_service::StoreOptions;

use crate::failure::Outcome;
use crate::host::{Databases, SuiteOptions};
use crate::output::bytes;
use crate::replay::Hosting;

/// The machine.
#[derive(Debug, Serialize)]
pub(super) struct Machine {
    system: String,
    processor: String,
    cores: usize,
    memory_bytes: u64,
    disk: String,
    synchronous: String,
}

impl Machine {
    /// What stands above every measurement.
    pub(super) fn text(&self, commit: &str) -> String {
        let memory = bytes(i64::try_from(self.memory_bytes).unwrap_or(i64::MAX));
        format!(
            "machine      {}, {} cores, {memory}, {}\ndisk         {}\nsynchronous  {}\ncommit       {commit}\n\n",
            self.processor, self.cores, self.system, self.disk, self.synchronous,
        )
    }
}

/// This machine; `folder` tells which disk.
pub(super) fn machine(folder: &Path) -> Machine {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let value = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(':'))
            .map(|(_, value)| value.trim().to_owned())
            .unwrap_or_default()
    };
    let memory = value(&read("/proc/meminfo"), "MemTotal");
    let kib = memory
        .split_whitespace()
        .next()
        .and_then(|kib| kib.parse::<u64>().ok())
        .unwrap_or(0);
    Machine {
        system: format!(
            "{} {} {}",
            std::env::consts::OS,
            std::env::consts::ARCH,
            read("/proc/sys/kernel/osrelease").trim()
        ),
        processor: value(&read("/proc/cpuinfo"), "model name"),
        cores: std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
        memory_bytes: kib * 1024,
        disk: disk(folder).unwrap_or_else(|| "not known".to_owned()),
        synchronous: format!("{:?}", StoreOptions::new("").synchronous).to_uppercase(),
    }
}

/// The file system under a folder, by the longest mount point above it.
fn disk(folder: &Path) -> Option<String> {
    let folder = folder.canonicalize().ok()?;
    let mounts = std::fs::read_to_string("/proc/mounts").ok()?;
    let mount = |line: &str| -> Option<(usize, String)> {
        let mut fields = line.split_whitespace();
        let (device, point, kind) = (fields.next()?, fields.next()?, fields.next()?);
        folder.starts_with(point).then(|| {
            (
                point.len(),
                format!("{kind} on {device}, mounted at {point}"),
            )
        })
    };
    mounts.lines().filter_map(mount).max().map(|(_, told)| told)
}

/// The commit of the sources next to this command, read from their repository.
pub(super) fn commit() -> String {
    let git = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.git");
    let head = std::fs::read_to_string(git.join("HEAD")).unwrap_or_default();
    let commit = match head.trim().strip_prefix("ref: ") {
        Some(name) => std::fs::read_to_string(git.join(name)).unwrap_or_default(),
        None => head,
    };
    let commit = commit.trim();
    if commit.is_empty() {
        "not known".to_owned()
    } else {
        commit.to_owned()
    }
}

/// The empty databases elsewhere that a measurement was told to use; none is a folder of its own.
pub(super) fn elsewhere(template: Option<&str>) -> Outcome<Option<Hosting>> {
    let hosting = |template| {
        let options = SuiteOptions {
            migrate: true,
            ..SuiteOptions::over(Databases::of_template(template)?)
        };
        Ok(Hosting::Databases(options))
    };
    template.map(hosting).transpose()
}

/// The time within which a share of all was done, in milliseconds; nothing when there was nothing.
pub(super) fn millis_at(sorted: &[Duration], share: f64) -> f64 {
    let at = (sorted.len().saturating_sub(1) as f64 * share) as usize;
    sorted
        .get(at)
        .map_or(0.0, |time| time.as_secs_f64() * 1000.0)
}
