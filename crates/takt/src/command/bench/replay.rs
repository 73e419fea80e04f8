//! `takt bench replay`: the whole main job, measured. It must not judge.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::super::replay::OptionArgs;
use super::machine::{Machine, commit, machine};
use crate::admin;
use crate::failure::Outcome;
use crate::output::{Answer, Format, bytes, duration, grouped, table, table_text, tell};
use crate::replay::state::{Pace, State};
use crate::replay::{Played, Request, folder_of, replay};

const EXAMPLES: &str = "\
Examples:
  takt bench replay                          the whole built-in programme
  takt bench replay --vehicles 10000 --output json";

/// What a measurement is told.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::command) struct BenchArgs {
    /// The programme: the name of a built-in one, or a directory
    #[arg(value_name = "PROGRAMME", default_value = "su7")]
    programme: String,

    #[command(flatten)]
    options: OptionArgs,

    /// The folder to measure in; what it holds of an earlier run is thrown away
    #[arg(long, value_name = "DIR", default_value = "takt-data/bench")]
    data: PathBuf,
}

/// What was measured, and on what.
#[derive(Debug, Serialize)]
struct Measured {
    machine: Machine,
    commit: String,
    vehicles: i64,
    elapsed_seconds: f64,
    processor_seconds: Option<f64>,
    vehicles_per_second: f64,
    /// The seconds by part; parts that ran side by side are each counted in full.
    parts_seconds: BTreeMap<String, f64>,
    /// The vehicles built and the seconds, from tenth to tenth.
    pace: Vec<Step>,
    peak_rss_bytes: u64,
    database_bytes: i64,
    tables: Vec<TableBytes>,
    digest_seconds: f64,
    digest: String,
}

#[derive(Debug, Serialize)]
struct Step {
    vehicles: i64,
    seconds: f64,
    micros_per_vehicle: i64,
}

#[derive(Debug, Serialize)]
struct TableBytes {
    service: String,
    table: String,
    rows: i64,
    bytes: i64,
}

pub(super) async fn run(args: BenchArgs, output: Format) -> Outcome<()> {
    let request = Request {
        source: args.programme,
        data: Some(args.data),
        vehicles: args.options.vehicles,
        options: args.options.options(),
        fresh: true,
        ..Request::default()
    };
    let played = replay(&request).await?;
    let measured = measure(&played, &folder_of(&request)).await;
    let stopped = played.stop().await;
    tell(output, &measured?)?;
    stopped
}

async fn measure(played: &Played, folder: &Path) -> Outcome<Measured> {
    let State {
        elapsed_millis,
        parts_millis,
        pace,
        peak_rss_bytes,
        ..
    } = &played.state;
    let processor_seconds = processor_seconds();
    let begun = std::time::Instant::now();
    let digest = admin::digests(&played.peers).await?.digest;
    let digest_seconds = begun.elapsed().as_secs_f64();
    let statuses = admin::statuses(&played.peers).await?;
    let mut tables: Vec<TableBytes> = Vec::new();
    for status in &statuses {
        tables.extend(status.tables.iter().map(|table| TableBytes {
            service: status.service.clone(),
            table: table.table.clone(),
            rows: table.row_count,
            bytes: table.bytes,
        }));
    }
    tables.sort_by_key(|table| std::cmp::Reverse((table.bytes, table.rows)));
    let seconds = |millis: u64| millis as f64 / 1000.0;
    let vehicles = pace.last().map_or(0, |pace| pace.built);
    Ok(Measured {
        machine: machine(folder),
        commit: commit(),
        vehicles,
        elapsed_seconds: seconds(*elapsed_millis),
        processor_seconds,
        vehicles_per_second: vehicles as f64 / seconds(*elapsed_millis).max(0.001),
        parts_seconds: parts_millis
            .iter()
            .map(|(part, millis)| (part.clone(), seconds(*millis)))
            .collect(),
        pace: steps(pace),
        peak_rss_bytes: *peak_rss_bytes,
        database_bytes: statuses.iter().map(|status| status.database_bytes).sum(),
        tables,
        digest_seconds,
        digest,
    })
}

fn steps(pace: &[Pace]) -> Vec<Step> {
    let step = |pair: &[Pace]| {
        let [from, to] = pair else { return None };
        let millis = to.elapsed_millis.saturating_sub(from.elapsed_millis);
        let vehicles = to.built - from.built;
        Some(Step {
            vehicles: to.built,
            seconds: millis as f64 / 1000.0,
            micros_per_vehicle: i64::try_from(millis).unwrap_or(i64::MAX) * 1000 / vehicles.max(1),
        })
    };
    pace.windows(2).filter_map(step).collect()
}

/// The processor time of this process, driver and services together, where the system tells it.
pub(super) fn processor_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name may hold spaces; the fields count from the bracket after it.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(ticks as f64 / 100.0)
}

impl Answer for Measured {
    fn text(&self) -> String {
        let mut text = self.machine.text(&self.commit);
        let millis = |seconds: f64| (seconds * 1000.0) as u64;
        text.push_str(&format!(
            "{} vehicles in {}, {} a second; processor {}, memory {} at most, databases {}\n\n",
            grouped(self.vehicles),
            duration(millis(self.elapsed_seconds)),
            grouped(self.vehicles_per_second as i64),
            self.processor_seconds.map_or_else(
                || "not known".to_owned(),
                |seconds| duration(millis(seconds))
            ),
            bytes(i64::try_from(self.peak_rss_bytes).unwrap_or(i64::MAX)),
            bytes(self.database_bytes)
        ));
        let mut parts = table(&["part", ">seconds"]);
        let mut sorted: Vec<(&String, &f64)> = self.parts_seconds.iter().collect();
        sorted.sort_by(|a, b| b.1.total_cmp(a.1));
        for (part, seconds) in sorted {
            parts.add_row([part.clone(), format!("{seconds:.1}")]);
        }
        parts.add_row([
            "digest (after it)".to_owned(),
            format!("{:.1}", self.digest_seconds),
        ]);
        text.push_str(&table_text(&parts));
        text.push('\n');
        let mut pace = table(&[">vehicles", ">seconds", ">microseconds a vehicle"]);
        for step in &self.pace {
            pace.add_row([
                grouped(step.vehicles),
                format!("{:.1}", step.seconds),
                grouped(step.micros_per_vehicle),
            ]);
        }
        text.push_str(&table_text(&pace));
        text.push('\n');
        let mut tables = table(&["service", "table", ">rows", ">size"]);
        for row in self
            .tables
            .iter()
            .filter(|row| row.rows > 0 || row.bytes > 0)
        {
            tables.add_row([
                row.service.clone(),
                row.table.clone(),
                grouped(row.rows),
                bytes(row.bytes),
            ]);
        }
        text.push_str(&table_text(&tables));
        text.push_str(&format!("\ndigest {}\n", self.digest));
        text
    }
}
