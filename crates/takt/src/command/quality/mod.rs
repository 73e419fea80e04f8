//! `takt quality`: cases, holds, dispositions, yields and defects, as a person at a plant asks for them. It must not
//! know what may be decided: the service says it. Invariant: who decides and on which day is always said.
mod args;
mod told;

use clap::Subcommand;
use takt_contract::date_pb;
use takt_contract::production::v1::{
    self as pb, place_hold_request::Scope, quality_service_client::QualityServiceClient,
    vehicle_service_client::VehicleServiceClient,
};

use self::args::{
    DaysArgs, DecideArgs, HoldArgs, ListArgs, OneArgs, OpenArgs, ParetoArgs, ReleaseArgs, StepArgs,
};
use self::told::{Affected, Cases, Causes, Decided, OneCase, OneHold, Released, Shown, Yields};
use super::target::told_by;
use crate::connection::{Peer, ask, new_id, read};
use crate::failure::{Failure, Outcome};
use crate::output::Format;

const EXAMPLES: &str = "\
Examples:
  takt quality open 'runs in the clear coat' --defect PAINT-RUN --operation PT-080 --by ada --on 2024-04-09
  takt quality hold NC-000001 --builds 120-180 --reason 'gun 2 dripped' --by ada --on 2024-04-09
  takt quality hold NC-000001 --lot CELL-LFP.FDB.000012 --reason 'swollen cells' --by ada --on 2024-04-09
  takt quality affected QH-000001
  takt quality decide QH-000001 rework --by bob --on 2024-04-10 --note 'polished and seen' --release
  takt quality step NC-000001 3 'holds are placed' --by ada --on 2024-04-09
  takt quality list --open
  takt quality pareto --by operation";

/// What can be asked of quality.
#[derive(Debug, Subcommand)]
pub(in crate::command) enum QualityTask {
    /// Open a non-conformance
    #[command(after_help = EXAMPLES)]
    Open(OpenArgs),
    /// Record that the next 8D step, 0 to 8, is done
    #[command(after_help = EXAMPLES)]
    Step(StepArgs),
    /// Take a non-conformance back to a step
    #[command(after_help = EXAMPLES)]
    Reopen(StepArgs),
    /// Hold vehicles, a range of build numbers, a lot, or what uses an item on some days
    #[command(after_help = EXAMPLES)]
    Hold(HoldArgs),
    /// Decide what becomes of what is held
    #[command(after_help = EXAMPLES)]
    Decide(DecideArgs),
    /// Release a vehicle that nothing keeps back any more
    #[command(after_help = EXAMPLES)]
    Release(ReleaseArgs),
    /// List non-conformances
    #[command(after_help = EXAMPLES)]
    List(ListArgs),
    /// Show a non-conformance with its steps and holds
    #[command(after_help = EXAMPLES)]
    Show(OneArgs),
    /// List the vehicles that a hold touches
    #[command(after_help = EXAMPLES)]
    Affected(OneArgs),
    /// The first-pass yield of each shop
    #[command(after_help = EXAMPLES)]
    Yield(DaysArgs),
    /// The defects, the most frequent first
    #[command(after_help = EXAMPLES)]
    Pareto(ParetoArgs),
}

pub(super) async fn run(task: QualityTask, output: Format) -> Outcome<()> {
    match task {
        QualityTask::Open(args) => {
            told_by!(args.target, output, production, |peer| open(peer, &args))
        }
        QualityTask::Step(args) => {
            told_by!(args.target, output, production, |peer| step(peer, &args))
        }
        QualityTask::Reopen(args) => {
            told_by!(args.target, output, production, |peer| reopen(peer, &args))
        }
        QualityTask::Hold(args) => {
            told_by!(args.target, output, production, |peer| hold(peer, &args))
        }
        QualityTask::Decide(args) => {
            told_by!(args.target, output, production, |peer| decide(peer, &args))
        }
        QualityTask::Release(args) => {
            told_by!(args.target, output, production, |peer| release(peer, &args))
        }
        QualityTask::List(args) => {
            told_by!(args.target, output, production, |peer| list(peer, &args))
        }
        QualityTask::Show(args) => {
            told_by!(args.target, output, production, |peer| show(peer, &args))
        }
        QualityTask::Affected(args) => told_by!(args.target, output, production, |peer| affected(
            peer, &args
        )),
        QualityTask::Yield(args) => {
            told_by!(args.target, output, production, |peer| yields(peer, &args))
        }
        QualityTask::Pareto(args) => told_by!(args.days.target, output, production, |peer| pareto(
            peer, &args
        )),
    }
}

async fn open(peer: &Peer, args: &OpenArgs) -> Outcome<OneCase> {
    let message = pb::OpenNonConformanceRequest {
        request_id: new_id(),
        title: args.title.clone(),
        defect_code: args.defect.clone(),
        item_id: args.item.clone(),
        operation_id: args.operation.clone(),
        opened_by: args.who.by.clone(),
        opened_on: Some(date_pb(args.who.on)),
    };
    let opened = ask!(
        peer,
        "open a non-conformance",
        QualityServiceClient.open_non_conformance,
        message
    )?;
    Ok(OneCase::of(opened.non_conformance.unwrap_or_default()))
}

async fn step(peer: &Peer, args: &StepArgs) -> Outcome<OneCase> {
    let message = pb::RecordStepRequest {
        request_id: new_id(),
        nc_id: args.nc_id.clone(),
        step: args.step + 1,
        done_by: args.who.by.clone(),
        done_on: Some(date_pb(args.who.on)),
        text: args.text.clone(),
        etag: String::new(),
    };
    let done = ask!(
        peer,
        "record a step",
        QualityServiceClient.record_step,
        message
    )?;
    Ok(OneCase::of(done.non_conformance.unwrap_or_default()))
}

async fn reopen(peer: &Peer, args: &StepArgs) -> Outcome<OneCase> {
    let message = pb::ReopenNonConformanceRequest {
        request_id: new_id(),
        nc_id: args.nc_id.clone(),
        step: args.step + 1,
        reopened_by: args.who.by.clone(),
        reopened_on: Some(date_pb(args.who.on)),
        text: args.text.clone(),
        etag: String::new(),
    };
    let done = ask!(
        peer,
        "reopen a non-conformance",
        QualityServiceClient.reopen_non_conformance,
        message
    )?;
    Ok(OneCase::of(done.non_conformance.unwrap_or_default()))
}

/// What is held, as the flags say it.
fn scope(args: &HoldArgs) -> Outcome<Scope> {
    if let Some(text) = &args.builds {
        let numbers = text
            .split_once('-')
            .and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?)));
        let (first, last) = numbers.ok_or_else(|| {
            Failure::usage(format!("{text:?} is not FIRST-LAST, for example 120-180"))
        })?;
        return Ok(Scope::Builds(pb::BuildRange {
            first_build_number: first,
            last_build_number: last,
        }));
    }
    if let Some(lot) = &args.lot {
        return Ok(Scope::LotId(lot.clone()));
    }
    if let Some(item) = &args.item {
        return Ok(Scope::Window(pb::ItemWindow {
            item_id: item.clone(),
            from_date: args.from.map(date_pb),
            through_date: args.through.map(date_pb),
        }));
    }
    Ok(Scope::Vehicles(pb::VinList {
        vins: args.vins.clone(),
    }))
}

async fn hold(peer: &Peer, args: &HoldArgs) -> Outcome<OneHold> {
    let message = pb::PlaceHoldRequest {
        request_id: new_id(),
        nc_id: args.nc_id.clone(),
        scope: Some(scope(args)?),
        reason: args.reason.clone(),
        placed_by: args.who.by.clone(),
        placed_on: Some(date_pb(args.who.on)),
    };
    let placed = ask!(
        peer,
        "place a hold",
        QualityServiceClient.place_hold,
        message
    )?;
    Ok(OneHold::of(placed.hold.unwrap_or_default()))
}

async fn decide(peer: &Peer, args: &DecideArgs) -> Outcome<Decided> {
    let message = pb::RecordDispositionRequest {
        request_id: new_id(),
        hold_id: args.hold_id.clone(),
        vins: args.vins.clone(),
        lot: args.lot,
        disposition: args.disposition as i32,
        decided_by: args.who.by.clone(),
        decided_on: Some(date_pb(args.who.on)),
        note: args.note.clone(),
        release: args.release,
    };
    let done = ask!(
        peer,
        "record a disposition",
        QualityServiceClient.record_disposition,
        message
    )?;
    Ok(Decided::of(done))
}

async fn release(peer: &Peer, args: &ReleaseArgs) -> Outcome<Released> {
    let message = pb::ReleaseVehicleRequest {
        request_id: new_id(),
        vin: args.vin.clone(),
        released_on: Some(date_pb(args.on)),
        etag: String::new(),
    };
    let done = ask!(
        peer,
        "release a vehicle",
        VehicleServiceClient.release_vehicle,
        message
    )?;
    let vehicle = done.vehicle.unwrap_or_default();
    Ok(Released {
        vin: vehicle.vin,
        order: vehicle.order_id,
        released_on: args.on.to_string(),
    })
}

async fn list(peer: &Peer, args: &ListArgs) -> Outcome<Cases> {
    let message = pb::ListNonConformancesRequest {
        page_size: args.limit,
        page_token: String::new(),
        state: i32::from(args.open) + 2 * i32::from(args.closed),
        defect_code: args.defect.clone(),
        item_id: args.item.clone(),
        vin: args.vin.clone(),
    };
    let page = ask!(
        peer,
        "list non-conformances",
        QualityServiceClient.list_non_conformances,
        message
    )?;
    Ok(Cases::of(page))
}

async fn show(peer: &Peer, args: &OneArgs) -> Outcome<Shown> {
    let message = pb::GetNonConformanceRequest {
        nc_id: args.id.clone(),
    };
    let told = ask!(
        peer,
        "show a non-conformance",
        QualityServiceClient.get_non_conformance,
        message
    )?;
    Ok(Shown::of(told))
}

async fn affected(peer: &Peer, args: &OneArgs) -> Outcome<Affected> {
    let message = pb::StreamAffectedVehiclesRequest {
        hold_id: args.id.clone(),
    };
    let what = "read the affected vehicles";
    let vehicles = read!(
        peer,
        what,
        QualityServiceClient.stream_affected_vehicles,
        message,
        |page: pb::StreamAffectedVehiclesResponse| page.vehicles
    )?;
    Ok(Affected::of(vehicles))
}

async fn yields(peer: &Peer, args: &DaysArgs) -> Outcome<Yields> {
    let message = pb::GetFirstPassYieldRequest {
        from_date: args.from.map(date_pb),
        through_date: args.through.map(date_pb),
    };
    let told = ask!(
        peer,
        "ask for the yields",
        QualityServiceClient.get_first_pass_yield,
        message
    )?;
    Ok(Yields::of(told))
}

async fn pareto(peer: &Peer, args: &ParetoArgs) -> Outcome<Causes> {
    let message = pb::GetDefectParetoRequest {
        by: args.by as i32,
        from_date: args.days.from.map(date_pb),
        through_date: args.days.through.map(date_pb),
    };
    let told = ask!(
        peer,
        "count defects",
        QualityServiceClient.get_defect_pareto,
        message
    )?;
    Ok(Causes::of(told))
}
