//! `takt bench risk`: the walk through a large network beside one linear programme a site, in the same run. It must not judge.
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use serde::Serialize;
use takt_planning::risk::{Assessor, FULL, Paper, Size, Sourcing, synthetic};

use super::super::risk::instance;
use super::machine::{Machine, commit, machine};
use crate::failure::{Failure, Outcome};
use crate::output::{Answer, Format, bytes, grouped, tell};
use crate::replay::parts::peak_rss_bytes;

const EXAMPLES: &str = "\
Examples:
  takt bench risk                            20,000 sites, 100,000 links, and the peer on a sample of sites
  takt bench risk --nodes 500 --links 540 --peer 500
  takt bench risk --nodes 40 --links 70 --seed 3 --lp network.json";

const TIERS: usize = 5;
const PRODUCTS: usize = 30;
const DAY: i64 = 1000;

/// What a measurement is told.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::command) struct BenchArgs {
    /// The sites of the network
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    nodes: usize,

    /// The links of the network
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    links: usize,

    /// The sites for which the peer solves its linear programme, spread over the network; it is extrapolated to all
    #[arg(long, value_name = "N", default_value_t = 5)]
    peer: usize,

    /// Write the network, and what the programme says of each site in it, to a file that another solver can check; for small ones
    #[arg(long, value_name = "FILE.json")]
    lp: Option<PathBuf>,

    /// Where chance begins
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

/// What was measured, and on what.
#[derive(Debug, Serialize)]
struct Measured {
    machine: Machine,
    commit: String,
    nodes: usize,
    links: usize,
    walk_seconds: f64,
    nodes_that_cost_vehicles: usize,
    peer_nodes: usize,
    peer_seconds_each: Option<f64>,
    peer_seconds_all_extrapolated: Option<f64>,
    /// Sites of the sample for which the programme, which may move goods in time, lost more than the walk.
    peer_lost_more: usize,
    peak_rss_bytes: u64,
}

pub(super) fn run(args: BenchArgs, output: Format) -> Outcome<()> {
    let size = Size {
        nodes: args.nodes,
        links: args.links,
        tiers: TIERS,
        products: PRODUCTS,
        seed: args.seed,
    };
    let (network, products) =
        synthetic(size).map_err(|error| Failure::broken(error.to_string()))?;
    if let Some(file) = &args.lp {
        let margins = |at: usize| 1_000_000_000 * (1 + at as i64 % 7);
        let margins: Vec<i64> = (0..products.len()).map(margins).collect();
        instance::write(file, &network, &products, &margins, |at| at.to_string())?;
    }
    let recovers = |node: usize| {
        network
            .nodes()
            .get(node)
            .and_then(|node| node.time_to_recover)
    };
    let begun = Instant::now();
    let assessor = Assessor::new(&network, &products);
    let lost: Vec<i64> = (0..args.nodes)
        .map(|node| assessor.site(&[node], recovers(node)).lost.iter().sum())
        .collect();
    let walk_seconds = begun.elapsed().as_secs_f64();
    let step = (args.nodes / args.peer.max(1)).max(1);
    let begun = Instant::now();
    let (mut solved, mut more) = (0usize, 0);
    for node in (0..args.nodes).step_by(step).take(args.peer) {
        let until = recovers(node).unwrap_or(0);
        let days = usize::try_from((until + DAY - 1) / DAY).unwrap_or(0);
        let paper = Paper::new(&network, &products, &vec![1; products.len()], days);
        let found = paper
            .lost(&[node], until, Sourcing::KeepShares)
            .map_err(|error| Failure::broken(error.to_string()))?;
        let walked = lost.get(node).copied().unwrap_or(0);
        more += usize::from(found.iter().sum::<i64>() > walked + FULL);
        solved += 1;
    }
    let each = (solved > 0).then(|| begun.elapsed().as_secs_f64() / solved as f64);
    let measured = Measured {
        machine: machine(Path::new(".")),
        commit: commit(),
        nodes: args.nodes,
        links: args.links,
        walk_seconds,
        nodes_that_cost_vehicles: lost.iter().filter(|lost| **lost > 0).count(),
        peer_nodes: solved,
        peer_seconds_each: each,
        peer_seconds_all_extrapolated: each.map(|each| each * args.nodes as f64),
        peer_lost_more: more,
        peak_rss_bytes: peak_rss_bytes(),
    };
    tell(output, &measured)
}

impl Answer for Measured {
    fn text(&self) -> String {
        let count = |number: usize| grouped(i64::try_from(number).unwrap_or(i64::MAX));
        let peer = match (self.peer_seconds_each, self.peer_seconds_all_extrapolated) {
            (Some(each), Some(all)) => format!(
                "one linear programme a site: {each:.3} s each over {} sites, {all:.0} s for all; {} lost more than the walk\n",
                count(self.peer_nodes),
                self.peer_lost_more
            ),
            _ => String::new(),
        };
        format!(
            "{}{} sites, {} links: all walked in {:.2} s, {} cost vehicles\n{peer}memory {}\n",
            self.machine.text(&self.commit),
            count(self.nodes),
            count(self.links),
            self.walk_seconds,
            count(self.nodes_that_cost_vehicles),
            bytes(i64::try_from(self.peak_rss_bytes).unwrap_or(i64::MAX)),
        )
    }
}
