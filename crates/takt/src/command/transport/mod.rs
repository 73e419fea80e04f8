//! `takt yard`, `takt loads`, `takt lanes`: finished vehicles that have not left and what could be exchanged among them, how they fill
//! carriers, and how the lanes have run. It must not know how anything is found. Invariant: each flag becomes one field of one message.
mod exceptions;
mod told;

use clap::{Args, Subcommand};
use takt_contract::date_pb;
use takt_contract::delivery::v1::allocation_service_client::AllocationServiceClient;
use takt_contract::delivery::v1::lane_service_client::LaneServiceClient;
use takt_contract::delivery::v1::{self as pb};
use takt_kernel::Date;

use super::target::{TargetArgs, told_by};
use crate::connection::{Peer, ask, new_id, read};
use crate::failure::Outcome;
use crate::output::Format;
pub(in crate::command) use exceptions::{ExceptionsArgs, ResolveArgs};
use told::{Done, Lanes, Loads, Swaps, Terms, Yard};

const YARD_EXAMPLES: &str = "\
Examples:
  takt yard list --as-of 2024-06-01 --stock                 vehicles for nobody
  takt yard list --as-of 2024-06-01 --dwell 14 --data takt-data/su7
  takt yard swaps --as-of 2024-06-01                        which exchanges make late promises on time
  takt yard swap SO-0002001 SO-0002047 --on 2024-06-01
  takt yard exceptions --open                               damages and delays that are not settled
  takt yard resolve OUT-CHENGDU-ROAD.20240601/1 repaired --on 2024-06-05 --cost 120000 --currency CNY
  takt yard allocate LXMSU7A16RB000001 SO-0002001 --on 2024-06-01

docs/transport.md says what may be exchanged and how proposals are found.";

const LOADS_EXAMPLES: &str = "\
Examples:
  takt loads --as-of 2024-06-01                             how planned vehicles fill carriers, and what waiting spares
  takt loads --as-of 2024-06-01 --lane OUT-CHENGDU-ROAD --output json

A mode needs terms first: takt lanes terms --mode road --takes 8 --grams 90 --mass 2205 --empty-places";

const LANES_EXAMPLES: &str = "\
Examples:
  takt lanes list                                           transit as it was, its spread, cost and emissions
  takt lanes terms                                          what carriers take and emit
  takt lanes terms --mode rail --takes 250 --grams 22 --mass 2205

docs/transport.md says where the figures come from.";

/// What can be done about the yard.
#[derive(Debug, Subcommand)]
pub(in crate::command) enum YardTask {
    /// List the vehicles that have not left
    #[command(after_help = YARD_EXAMPLES)]
    List(ListArgs),
    /// Propose swaps that make late promises on time
    #[command(after_help = YARD_EXAMPLES)]
    Swaps(SwapsArgs),
    /// Let two orders exchange their vehicles
    #[command(after_help = YARD_EXAMPLES)]
    Swap(SwapArgs),
    /// Give a vehicle from stock to an order that waits
    #[command(after_help = YARD_EXAMPLES)]
    Allocate(AllocateArgs),
    /// List what went wrong on the way
    #[command(after_help = YARD_EXAMPLES)]
    Exceptions(ExceptionsArgs),
    /// Resolve a damage: repaired, accepted by the customer or written off
    #[command(after_help = YARD_EXAMPLES)]
    Resolve(ResolveArgs),
}

/// Which vehicles to list.
#[derive(Debug, Args)]
pub(in crate::command) struct ListArgs {
    /// The day as of which dwell is counted
    #[arg(long, value_name = "DATE")]
    as_of: Date,
    /// Only vehicles for nobody
    #[arg(long)]
    stock: bool,
    /// Only vehicles that were completed so many days ago or more
    #[arg(long, value_name = "DAYS", default_value_t = 0)]
    dwell: i32,
    /// The most vehicles to list
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    top: u32,
    #[command(flatten)]
    target: TargetArgs,
}

/// As of when swaps are proposed.
#[derive(Debug, Args)]
pub(in crate::command) struct SwapsArgs {
    /// The day before which nothing leaves any more
    #[arg(long, value_name = "DATE")]
    as_of: Date,
    #[command(flatten)]
    target: TargetArgs,
}

/// Which orders exchange.
#[derive(Debug, Args)]
pub(in crate::command) struct SwapArgs {
    /// One order
    #[arg(value_name = "ORDER")]
    order: String,
    /// The other order
    #[arg(value_name = "OTHER")]
    other: String,
    /// The day
    #[arg(long, value_name = "DATE")]
    on: Date,
    #[command(flatten)]
    target: TargetArgs,
}

/// What is given to whom.
#[derive(Debug, Args)]
pub(in crate::command) struct AllocateArgs {
    /// The vehicle
    #[arg(value_name = "VIN")]
    vin: String,
    /// The order
    #[arg(value_name = "ORDER")]
    order: String,
    /// The day
    #[arg(long, value_name = "DATE")]
    on: Date,
    #[command(flatten)]
    target: TargetArgs,
}

/// Which loads to plan.
#[derive(Debug, Args)]
#[command(after_help = LOADS_EXAMPLES)]
pub(in crate::command) struct LoadsArgs {
    /// The first day on which a carrier may leave
    #[arg(long, value_name = "DATE")]
    as_of: Date,
    /// Only this lane
    #[arg(long, value_name = "ID", default_value = "")]
    lane: String,
    #[command(flatten)]
    target: TargetArgs,
}

/// What can be asked about lanes.
#[derive(Debug, Subcommand)]
pub(in crate::command) enum LanesTask {
    /// List the outbound lanes with their history, cost and emissions
    #[command(after_help = LANES_EXAMPLES)]
    List(LanesArgs),
    /// Tell what carriers take and emit, or set it for a mode
    #[command(after_help = LANES_EXAMPLES)]
    Terms(TermsArgs),
}

/// Where the lanes are asked of.
#[derive(Debug, Args)]
pub(in crate::command) struct LanesArgs {
    #[command(flatten)]
    target: TargetArgs,
}

/// The terms to set; without them the ones that stand are told.
#[derive(Debug, Args)]
pub(in crate::command) struct TermsArgs {
    /// The means of transport as the lanes name it
    #[arg(long, value_name = "NAME", requires_all = ["takes", "grams", "mass"])]
    mode: Option<String>,
    /// The vehicles that one carrier takes
    #[arg(long, value_name = "N", requires = "mode")]
    takes: Option<i32>,
    /// Grams of CO2 equivalent for a tonne over a kilometre
    #[arg(long, value_name = "GRAMS", requires = "mode")]
    grams: Option<i64>,
    /// The mass of a vehicle in kilograms
    #[arg(long, value_name = "KG", requires = "mode")]
    mass: Option<i64>,
    /// Empty places are paid for and emit all the same
    #[arg(long, requires = "mode")]
    empty_places: bool,
    #[command(flatten)]
    target: TargetArgs,
}

pub(in crate::command) async fn yard(task: YardTask, output: Format) -> Outcome<()> {
    match task {
        YardTask::List(args) => told_by!(args.target, output, delivery, |peer| list(peer, &args)),
        YardTask::Swaps(args) => {
            told_by!(args.target, output, delivery, |peer| swaps(peer, &args))
        }
        YardTask::Swap(args) => told_by!(args.target, output, delivery, |peer| swap(peer, &args)),
        YardTask::Allocate(args) => {
            told_by!(args.target, output, delivery, |peer| allocate(peer, &args))
        }
        YardTask::Exceptions(args) => exceptions::run(args, output).await,
        YardTask::Resolve(args) => exceptions::resolve(args, output).await,
    }
}

pub(in crate::command) async fn loads(args: LoadsArgs, output: Format) -> Outcome<()> {
    told_by!(args.target, output, delivery, |peer| planned(peer, &args))
}

pub(in crate::command) async fn lanes(task: LanesTask, output: Format) -> Outcome<()> {
    match task {
        LanesTask::List(args) => told_by!(args.target, output, delivery, |peer| ran(peer)),
        LanesTask::Terms(args) => {
            told_by!(args.target, output, delivery, |peer| terms(peer, &args))
        }
    }
}

async fn list(peer: &Peer, args: &ListArgs) -> Outcome<Yard> {
    let top = usize::try_from(args.top).unwrap_or(usize::MAX);
    let mut message = pb::ListYardVehiclesRequest {
        as_of: Some(date_pb(args.as_of)),
        stock_only: args.stock,
        min_dwell_days: args.dwell,
        ..pb::ListYardVehiclesRequest::default()
    };
    let mut vehicles = Vec::new();
    loop {
        let left = top.saturating_sub(vehicles.len());
        message.page_size = i32::try_from(left.min(1_000)).unwrap_or(1_000);
        let page = ask!(
            peer,
            "list the yard",
            AllocationServiceClient.list_yard_vehicles,
            message.clone()
        )?;
        vehicles.extend(page.vehicles);
        message.page_token = page.next_page_token;
        if message.page_token.is_empty() || vehicles.len() >= top {
            let more = !message.page_token.is_empty();
            return Ok(Yard::new(vehicles, more));
        }
    }
}

async fn swaps(peer: &Peer, args: &SwapsArgs) -> Outcome<Swaps> {
    let message = pb::StreamSwapProposalsRequest {
        as_of: Some(date_pb(args.as_of)),
    };
    let all = read!(
        peer,
        "propose swaps",
        AllocationServiceClient.stream_swap_proposals,
        message,
        |page: pb::StreamSwapProposalsResponse| page.proposals
    )?;
    Ok(Swaps::new(all))
}

async fn swap(peer: &Peer, args: &SwapArgs) -> Outcome<Done> {
    let message = pb::SwapVehiclesRequest {
        request_id: new_id(),
        order_id: args.order.clone(),
        other_order_id: args.other.clone(),
        swapped_on: Some(date_pb(args.on)),
    };
    let what = "swap the vehicles";
    let done = ask!(peer, what, AllocationServiceClient.swap_vehicles, message)?;
    Ok(Done::new(
        [done.vehicle, done.other_vehicle].into_iter().flatten(),
    ))
}

async fn allocate(peer: &Peer, args: &AllocateArgs) -> Outcome<Done> {
    let message = pb::AllocateVehicleRequest {
        request_id: new_id(),
        vin: args.vin.clone(),
        order_id: args.order.clone(),
        allocated_on: Some(date_pb(args.on)),
    };
    let what = "allocate the vehicle";
    let done = ask!(
        peer,
        what,
        AllocationServiceClient.allocate_vehicle,
        message
    )?;
    Ok(Done::new(done.vehicle))
}

async fn planned(peer: &Peer, args: &LoadsArgs) -> Outcome<Loads> {
    let message = pb::StreamLoadPlansRequest {
        as_of: Some(date_pb(args.as_of)),
        lane_id: args.lane.clone(),
    };
    let all = read!(
        peer,
        "plan loads",
        LaneServiceClient.stream_load_plans,
        message,
        |page: pb::StreamLoadPlansResponse| page.plan.into_iter().collect()
    )?;
    Ok(Loads::new(all))
}

async fn ran(peer: &Peer) -> Outcome<Lanes> {
    let mut message = pb::ListLanesRequest::default();
    let mut all = Vec::new();
    loop {
        let page = ask!(
            peer,
            "list the lanes",
            LaneServiceClient.list_lanes,
            message.clone()
        )?;
        all.extend(page.lanes);
        message.page_token = page.next_page_token;
        if message.page_token.is_empty() {
            return Ok(Lanes::new(all));
        }
    }
}

async fn terms(peer: &Peer, args: &TermsArgs) -> Outcome<Terms> {
    let Some(mode) = &args.mode else {
        let message = pb::GetTransportTermsRequest {};
        let what = "get the terms";
        let stand = ask!(peer, what, LaneServiceClient.get_transport_terms, message)?;
        return Ok(Terms::new(stand.terms));
    };
    let message = pb::SetTransportTermsRequest {
        request_id: new_id(),
        terms: vec![pb::TransportTerms {
            mode: mode.clone(),
            vehicles_per_load: args.takes.unwrap_or_default(),
            co2e_grams_per_tonne_km: args.grams.unwrap_or_default(),
            vehicle_mass_kg: args.mass.unwrap_or_default(),
            empty_places_count: args.empty_places,
        }],
    };
    let what = "set the terms";
    let stand = ask!(peer, what, LaneServiceClient.set_transport_terms, message)?;
    Ok(Terms::new(stand.terms))
}
