//! `takt calloff`: scheduling agreements, releases, goods that are lost, and what is owed at the end. It must not know how a
//! release comes about: the service says it. Invariant: what changes something names its day.
mod told;

use clap::{Args, Subcommand};
use takt_contract::date_pb;
use takt_contract::procurement::v1::{
    self as pb, call_off_service_client::CallOffServiceClient,
    inbound_service_client::InboundServiceClient,
};
use takt_kernel::Date;

use self::told::{Agreements, Lost, One, Owed, Published, Releases};
use super::target::{TargetArgs, told_by};
use crate::connection::{Peer, ask, new_id, pages, read};
use crate::failure::Outcome;
use crate::output::Format;

const EXAMPLES: &str = "\
Examples:
  takt calloff agree EX-01 BAICMOSU --reset-on 2024-01-01 --firm 10 --fabrication 30 --material 60
  takt calloff publish --as-of 2024-06-03
  takt calloff show EX-01 BAICMOSU
  takt calloff list --supplier BAICMOSU
  takt calloff agreements
  takt calloff lost ASN-7 --on 2024-06-03
  takt calloff cancel EX-01 BAICMOSU --on 2024-06-03 --check

docs/call-offs.md says what cumulatives and zones mean.";

/// The rows of a page.
const PAGE: i32 = 1000;

/// What can be asked of call-offs.
#[derive(Debug, Subcommand)]
pub(in crate::command) enum CallOffTask {
    /// Make a scheduling agreement, or change its zones or its reset date
    #[command(after_help = EXAMPLES)]
    Agree(AgreeArgs),
    /// Publish a release of every agreement, or of some
    #[command(after_help = EXAMPLES)]
    Publish(PublishArgs),
    /// Show a release with its lines: the newest, or one by number
    #[command(after_help = EXAMPLES)]
    Show(ShowArgs),
    /// List the newest release of every agreement, or all of them
    #[command(after_help = EXAMPLES)]
    List(ListArgs),
    /// List the agreements with what they have authorised
    #[command(after_help = EXAMPLES)]
    Agreements(TargetArgs),
    /// Give the goods of a notice up: they are ordered anew
    #[command(after_help = EXAMPLES)]
    Lost(LostArgs),
    /// End an agreement and tell what is owed
    #[command(after_help = EXAMPLES)]
    Cancel(CancelArgs),
}

/// An item and its supplier.
#[derive(Debug, Args)]
pub(in crate::command) struct Source {
    /// The item
    #[arg(value_name = "ITEM")]
    item: String,
    /// The supplier
    #[arg(value_name = "SUPPLIER")]
    supplier: String,
}

/// What is agreed.
#[derive(Debug, Args)]
pub(in crate::command) struct AgreeArgs {
    #[command(flatten)]
    source: Source,
    /// The day from which cumulatives count
    #[arg(long, value_name = "DATE")]
    reset_on: Date,
    /// The days ahead that are firm
    #[arg(long, value_name = "DAYS")]
    firm: i32,
    /// The days ahead that may be made
    #[arg(long, value_name = "DAYS")]
    fabrication: i32,
    /// The days ahead for which material may be bought
    #[arg(long, value_name = "DAYS")]
    material: i32,
    #[command(flatten)]
    target: TargetArgs,
}

/// What to publish.
#[derive(Debug, Args)]
pub(in crate::command) struct PublishArgs {
    /// The evening of the release
    #[arg(long, value_name = "DATE")]
    as_of: Date,
    /// Only this item
    #[arg(long, value_name = "ITEM", default_value = "")]
    item: String,
    /// Only this supplier
    #[arg(long, value_name = "ID", default_value = "")]
    supplier: String,
    #[command(flatten)]
    target: TargetArgs,
}

/// Which release to show.
#[derive(Debug, Args)]
pub(in crate::command) struct ShowArgs {
    #[command(flatten)]
    source: Source,
    /// The number of the release [default: the newest]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    release: Option<i32>,
    #[command(flatten)]
    target: TargetArgs,
}

/// Which releases to list.
#[derive(Debug, Args)]
pub(in crate::command) struct ListArgs {
    /// Only this item
    #[arg(long, value_name = "ITEM", default_value = "")]
    item: String,
    /// Only this supplier
    #[arg(long, value_name = "ID", default_value = "")]
    supplier: String,
    /// List those too that others took the place of
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    target: TargetArgs,
}

/// Which goods are lost.
#[derive(Debug, Args)]
pub(in crate::command) struct LostArgs {
    /// The notice
    #[arg(value_name = "ASN")]
    asn: String,
    /// The day on which they are given up
    #[arg(long, value_name = "DATE")]
    on: Date,
    #[command(flatten)]
    target: TargetArgs,
}

/// Which agreement to end.
#[derive(Debug, Args)]
pub(in crate::command) struct CancelArgs {
    #[command(flatten)]
    source: Source,
    /// The day on which it ends
    #[arg(long, value_name = "DATE")]
    on: Date,
    /// Only tell what would be owed
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    target: TargetArgs,
}

pub(super) async fn run(task: CallOffTask, output: Format) -> Outcome<()> {
    match task {
        CallOffTask::Agree(args) => {
            told_by!(args.target, output, procurement, |peer| agree(peer, &args))
        }
        CallOffTask::Publish(args) => told_by!(args.target, output, procurement, |peer| publish(
            peer, &args
        )),
        CallOffTask::Show(args) => {
            told_by!(args.target, output, procurement, |peer| show(peer, &args))
        }
        CallOffTask::List(args) => {
            told_by!(args.target, output, procurement, |peer| list(peer, &args))
        }
        CallOffTask::Agreements(target) => {
            told_by!(target, output, procurement, |peer| agreements(peer))
        }
        CallOffTask::Lost(args) => {
            told_by!(args.target, output, procurement, |peer| lost(peer, &args))
        }
        CallOffTask::Cancel(args) => {
            told_by!(args.target, output, procurement, |peer| cancel(peer, &args))
        }
    }
}

async fn agree(peer: &Peer, args: &AgreeArgs) -> Outcome<Agreements> {
    let message = pb::AgreeScheduleRequest {
        request_id: new_id(),
        item_id: args.source.item.clone(),
        supplier_id: args.source.supplier.clone(),
        reset_on: Some(date_pb(args.reset_on)),
        firm_days: args.firm,
        fabrication_days: args.fabrication,
        material_days: args.material,
    };
    let answer = ask!(
        peer,
        "agree on a schedule",
        CallOffServiceClient.agree_schedule,
        message
    )?;
    Ok(Agreements::of(&[answer.agreement.unwrap_or_default()]))
}

async fn publish(peer: &Peer, args: &PublishArgs) -> Outcome<Published> {
    let message = pb::PublishCallOffsRequest {
        request_id: new_id(),
        as_of: Some(date_pb(args.as_of)),
        item_id: args.item.clone(),
        supplier_id: args.supplier.clone(),
    };
    let answer = ask!(
        peer,
        "publish call-offs",
        CallOffServiceClient.publish_call_offs,
        message
    )?;
    Ok(Published::of(&answer))
}

async fn show(peer: &Peer, args: &ShowArgs) -> Outcome<One> {
    let message = pb::GetCallOffRequest {
        item_id: args.source.item.clone(),
        supplier_id: args.source.supplier.clone(),
        release_number: args.release.unwrap_or_default(),
    };
    let answer = ask!(
        peer,
        "read a call-off",
        CallOffServiceClient.get_call_off,
        message
    )?;
    Ok(One::of(&answer.call_off.unwrap_or_default()))
}

async fn list(peer: &Peer, args: &ListArgs) -> Outcome<Releases> {
    if !args.all {
        return Ok(Releases::of(
            &newest(peer, &args.item, &args.supplier).await?,
        ));
    }
    let message = pb::ListCallOffsRequest {
        page_size: PAGE,
        page_token: String::new(),
        item_id: args.item.clone(),
        supplier_id: args.supplier.clone(),
    };
    let all = pages!(
        peer,
        "list call-offs",
        CallOffServiceClient.list_call_offs,
        message,
        |page| page.call_offs
    )?;
    Ok(Releases::of(&all))
}

/// The newest release of every agreement of an item and a supplier, each of them or empty for all.
pub(super) async fn newest(peer: &Peer, item: &str, supplier: &str) -> Outcome<Vec<pb::CallOff>> {
    let message = pb::StreamCallOffsRequest {
        item_id: item.to_owned(),
        supplier_id: supplier.to_owned(),
    };
    read!(
        peer,
        "read the call-offs",
        CallOffServiceClient.stream_call_offs,
        message,
        |page| page.call_offs
    )
}

async fn agreements(peer: &Peer) -> Outcome<Agreements> {
    let message = pb::ListAgreementsRequest {
        page_size: PAGE,
        page_token: String::new(),
    };
    let all = pages!(
        peer,
        "list agreements",
        CallOffServiceClient.list_agreements,
        message,
        |page| page.agreements
    )?;
    Ok(Agreements::of(&all))
}

async fn lost(peer: &Peer, args: &LostArgs) -> Outcome<Lost> {
    let message = pb::DeclareLostRequest {
        request_id: new_id(),
        asn_id: args.asn.clone(),
        lost_on: Some(date_pb(args.on)),
    };
    let answer = ask!(
        peer,
        "give goods up",
        InboundServiceClient.declare_lost,
        message
    )?;
    Ok(Lost::of(&answer))
}

async fn cancel(peer: &Peer, args: &CancelArgs) -> Outcome<Owed> {
    let message = pb::CancelAgreementRequest {
        request_id: new_id(),
        item_id: args.source.item.clone(),
        supplier_id: args.source.supplier.clone(),
        cancelled_on: Some(date_pb(args.on)),
        validate_only: args.check,
    };
    let answer = ask!(
        peer,
        "end an agreement",
        CallOffServiceClient.cancel_agreement,
        message
    )?;
    Ok(Owed::of(&answer, args.check))
}
