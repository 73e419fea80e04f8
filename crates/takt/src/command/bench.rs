//! `takt bench replay`: a run measured, with the machine it was measured on.
//!
//! It must not be a test: it says figures and passes no judgement.
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::admin::statuses;
use crate::failure::Outcome;
use crate::output::{Answer, Format, bytes, duration, grouped, table, table_text, tell};
use crate::replay::{Request, replay};

/// What `takt bench` takes.
#[derive(Debug, Args)]
pub struct BenchArgs {
    #[command(subcommand)]
    command: BenchCommand,
}

#[derive(Debug, Subcommand)]
enum BenchCommand {
    /// Replay a programme from nothing and say where time and bytes went
    Replay {
        /// A built-in programme or a folder
        #[arg(default_value = "su7")]
        programme: String,
        /// Where the run is kept; what it holds is thrown away
        #[arg(long, value_name = "DIR", default_value = "takt-data/bench")]
        data: PathBuf,
        /// The size of the run
        #[arg(long)]
        vehicles: Option<i64>,
    },
}

#[derive(Debug, Serialize)]
struct Measured {
    machine: String,
    cores: usize,
    disk: String,
    synchronous: &'static str,
    commit: String,
    vehicles: i64,
    elapsed_millis: u64,
    peak_rss_bytes: u64,
    parts_millis: Vec<(String, u64)>,
    pace: Vec<(i64, u64)>,
    database_bytes: i64,
    tables: Vec<(String, String, i64, i64)>,
}

impl Answer for Measured {
    fn text(&self) -> String {
        let mut text = format!(
            "{}, {} cores, data on {}, synchronous {}, commit {}\n{} vehicles in {}, peak {} resident, {} of databases\n\n",
            self.machine,
            self.cores,
            self.disk,
            self.synchronous,
            self.commit,
            grouped(self.vehicles),
            duration(self.elapsed_millis),
            bytes(i64::try_from(self.peak_rss_bytes).unwrap_or(i64::MAX)),
            bytes(self.database_bytes),
        );
        let mut parts = table(&["part", ">time"]);
        for (part, millis) in &self.parts_millis {
            parts.add_row([part.clone(), duration(*millis)]);
        }
        let mut pace = table(&[">vehicles", ">since the start"]);
        for (vehicles, millis) in &self.pace {
            pace.add_row([grouped(*vehicles), duration(*millis)]);
        }
        let mut tables = table(&["service", "table", ">rows", ">bytes"]);
        for (service, name, rows, size) in &self.tables {
            tables.add_row([service.clone(), name.clone(), grouped(*rows), bytes(*size)]);
        }
        for part in [parts, pace, tables] {
            text.push_str(&table_text(&part));
            text.push('\n');
        }
        text
    }
}

pub(super) async fn bench(format: Format, args: BenchArgs) -> Outcome<ExitCode> {
    let BenchCommand::Replay {
        programme,
        data,
        vehicles,
    } = args.command;
    let request = Request {
        source: programme,
        data: Some(data.clone()),
        vehicles,
        fresh: true,
        ..Request::default()
    };
    let played = replay(&request).await?;
    let asked = statuses(&played.peers).await;
    let state = played.state.clone();
    played.stop()?;
    let asked = asked?;
    let mut tables = Vec::new();
    for status in &asked {
        for table in status.tables.iter().filter(|table| table.row_count > 0) {
            tables.push((
                status.service.clone(),
                table.table.clone(),
                table.row_count,
                table.bytes,
            ));
        }
    }
    tables.sort_by_key(|(_, _, rows, size)| std::cmp::Reverse((*size, *rows)));
    let measured = Measured {
        machine: first_line("/proc/cpuinfo", "model name"),
        cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        disk: disk_of(&data),
        synchronous: "full",
        commit: commit(),
        vehicles: state.options.vehicles,
        elapsed_millis: state.elapsed_millis,
        peak_rss_bytes: state.peak_rss_bytes,
        parts_millis: state.parts_millis.into_iter().collect(),
        pace: state
            .pace
            .iter()
            .map(|pace| (pace.built, pace.elapsed_millis))
            .collect(),
        database_bytes: asked.iter().map(|status| status.database_bytes).sum(),
        tables,
    };
    tell(format, &measured)?;
    Ok(ExitCode::SUCCESS)
}

fn first_line(file: &str, key: &str) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(key));
    line.and_then(|line| line.split_once(": ")).map_or_else(
        || "unknown machine".to_owned(),
        |(_, value)| value.to_owned(),
    )
}

/// The device and kind of file system under a path.
fn disk_of(path: &std::path::Path) -> String {
    let path = path.canonicalize().unwrap_or_default();
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
    let fields = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ');
        Some((words.next()?, words.next()?, words.next()?))
    });
    let under = fields
        .filter(|(_, at, _)| path.starts_with(at))
        .max_by_key(|(_, at, _)| at.len());
    under.map_or_else(
        || "unknown disk".to_owned(),
        |(device, _, kind)| format!("{device} ({kind})"),
    )
}

/// The commit of the checkout in which the bench runs, where there is one.
fn commit() -> String {
    let asked = std::process::Command::new("git")
        .args(["rev-parse", "--short", "HEAD"])
        .output();
    match asked {
        Ok(answer) if answer.status.success() => {
            String::from_utf8_lossy(&answer.stdout).trim().to_owned()
        }
        _ => "unknown".to_owned(),
    }
}
