//! `takt bench genealogy`: the as-built memory of a finished run, measured: its rows and bytes, recalls by lot, and whole
//! vehicles. It must not judge. Times are those of a client on this machine, from the question to the last answer.
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;
use takt_contract::production::v1::part_ref::Name;
use takt_contract::production::v1::vehicle_service_client::VehicleServiceClient;
use takt_contract::production::v1::{
    GetAsBuiltTreeRequest, ListVehiclesRequest, PartRef, TraceBackwardRequest, TraceForwardRequest,
};

use super::super::target::TargetArgs;
use super::machine::{Machine, commit, machine};
use crate::admin;
use crate::connection::{Peer, ask, pages, read};
use crate::failure::{Failure, Outcome};
use crate::output::{Answer, Format, bytes, grouped, table, table_text, tell};
use crate::report::genealogy::is_genealogy;

const EXAMPLES: &str = "\
Examples:
  takt replay su7 && takt bench genealogy --data takt-data/su7
  takt bench genealogy --database-url postgres://takt@localhost/takt_{service} --output json";

/// What a measurement is told.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::command) struct BenchArgs {
    /// How many vehicles are read whole; the lots of every tenth of them are recalled
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    samples: u32,

    #[command(flatten)]
    target: TargetArgs,
}

/// What was measured, and on what.
#[derive(Debug, Serialize)]
struct Measured {
    machine: Machine,
    commit: String,
    database: String,
    vehicles: i64,
    /// Bought positions of a vehicle, the mean of the sample.
    bought_positions: f64,
    tables: Vec<TableBytes>,
    rows: i64,
    bytes: i64,
    recall: Times,
    /// The vehicles of the recall with most of them, and its time.
    largest_recall_vehicles: i64,
    largest_recall_seconds: f64,
    whole_vehicle: Times,
}

#[derive(Debug, Serialize)]
struct TableBytes {
    table: String,
    rows: i64,
    bytes: i64,
}

/// The times of many questions.
#[derive(Debug, Serialize)]
struct Times {
    count: usize,
    mean_seconds: f64,
    p99_seconds: f64,
    worst_seconds: f64,
}

impl Times {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let seconds = |time: Option<&Duration>| time.map_or(0.0, Duration::as_secs_f64);
        let sum: Duration = times.iter().sum();
        Self {
            count: times.len(),
            mean_seconds: sum.as_secs_f64() / (times.len().max(1) as f64),
            p99_seconds: seconds(times.get(times.len().saturating_sub(1) * 99 / 100)),
            worst_seconds: seconds(times.last()),
        }
    }
}

pub(super) async fn run(args: BenchArgs, output: Format) -> Outcome<()> {
    let folder = args
        .target
        .data
        .clone()
        .unwrap_or_else(|| PathBuf::from("."));
    let target = args.target.open().await?;
    let measured = measured(&target.peers.production, args.samples, &folder).await;
    tell(output, &target.close_after(measured).await?)
}

async fn measured(peer: &Peer, samples: u32, folder: &Path) -> Outcome<Measured> {
    let status = admin::status(peer).await?;
    let tables: Vec<TableBytes> = status
        .tables
        .iter()
        .filter(|table| is_genealogy(&table.table))
        .map(|table| TableBytes {
            table: table.table.clone(),
            rows: table.row_count,
            bytes: table.bytes,
        })
        .collect();
    let vins = vins(peer).await?;
    if vins.is_empty() {
        return Err(Failure::refused("no vehicle is built there")
            .with_way_out("play a programme first: takt replay su7"));
    }
    let step = (vins.len() / usize::try_from(samples).unwrap_or(1)).max(1);
    let sample: Vec<&String> = vins.iter().step_by(step).collect();
    let (mut whole, mut lots, mut positions) = (Vec::new(), BTreeSet::new(), 0usize);
    // The first answers pay for caches that are filled once.
    for (at, vin) in sample.iter().take(3).chain(&sample).enumerate() {
        let message = GetAsBuiltTreeRequest {
            unit: Some(PartRef {
                name: Some(Name::Vin((*vin).clone())),
            }),
            scope: None,
        };
        let begun = Instant::now();
        ask!(
            peer,
            "read an as-built tree",
            VehicleServiceClient.get_as_built_tree,
            message
        )?;
        if at >= 3 {
            whole.push(begun.elapsed());
        }
    }
    for (at, vin) in sample.iter().enumerate() {
        let message = TraceBackwardRequest {
            vin: (*vin).clone(),
            ..TraceBackwardRequest::default()
        };
        let parts = read!(
            peer,
            "trace a vehicle",
            VehicleServiceClient.trace_backward,
            message,
            |page| page.parts
        )?;
        let bought = parts.iter().filter(|part| !part.made);
        positions += bought
            .map(|part| &part.item_id)
            .collect::<BTreeSet<_>>()
            .len();
        if at % 10 == 0 {
            lots.extend(parts.into_iter().map(|part| part.lot_id));
        }
    }
    let (mut recall, mut largest) = (Vec::new(), (0, Duration::ZERO));
    for lot_id in lots {
        let message = TraceForwardRequest {
            lot_id,
            ..TraceForwardRequest::default()
        };
        let begun = Instant::now();
        let cars = read!(
            peer,
            "trace a lot",
            VehicleServiceClient.trace_forward,
            message,
            |page| page.vehicles
        )?;
        let time = begun.elapsed();
        largest = largest.max((cars.len(), time));
        recall.push(time);
    }
    let whole_number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    Ok(Measured {
        machine: machine(folder),
        commit: commit(),
        database: status.database,
        vehicles: whole_number(vins.len()),
        bought_positions: positions as f64 / sample.len().max(1) as f64,
        rows: tables.iter().map(|table| table.rows).sum(),
        bytes: tables.iter().map(|table| table.bytes).sum(),
        tables,
        recall: Times::of(recall),
        largest_recall_vehicles: whole_number(largest.0),
        largest_recall_seconds: largest.1.as_secs_f64(),
        whole_vehicle: Times::of(whole),
    })
}

/// The vehicles that are built, in build order.
async fn vins(peer: &Peer) -> Outcome<Vec<String>> {
    let message = ListVehiclesRequest {
        page_size: 1000,
        page_token: String::new(),
    };
    let cars = pages!(
        peer,
        "list vehicles",
        VehicleServiceClient.list_vehicles,
        message,
        |page| page.vehicles
    )?;
    let built = cars.into_iter().filter(|car| car.build_number > 0);
    Ok(built.map(|car| car.vin).collect())
}

impl Answer for Measured {
    fn text(&self) -> String {
        let mut text = self.machine.text(&self.commit);
        text.push_str(&format!(
            "{} vehicles x {:.0} bought positions on {}: {} rows in {}\n\n",
            grouped(self.vehicles),
            self.bought_positions,
            self.database,
            grouped(self.rows),
            bytes(self.bytes)
        ));
        let mut tables = table(&["table", ">rows", ">size"]);
        for row in &self.tables {
            tables.add_row([row.table.clone(), grouped(row.rows), bytes(row.bytes)]);
        }
        text.push_str(&table_text(&tables));
        let millis = |seconds: f64| format!("{:.1} ms", seconds * 1000.0);
        let mut times = table(&["question", ">asked", ">mean", ">99 of 100", ">worst"]);
        for (what, asked) in [
            ("the vehicles of a lot", &self.recall),
            ("everything in a vehicle", &self.whole_vehicle),
        ] {
            times.add_row([
                what.to_owned(),
                asked.count.to_string(),
                millis(asked.mean_seconds),
                millis(asked.p99_seconds),
                millis(asked.worst_seconds),
            ]);
        }
        text.push_str(&format!("\n{}", table_text(&times)));
        text.push_str(&format!(
            "\nthe largest recall: {} vehicles in {}\n",
            grouped(self.largest_recall_vehicles),
            millis(self.largest_recall_seconds)
        ));
        text
    }
}
