//! `takt orders`: orders whose promise is in danger, one order with all that happened to it, promises anew after a disruption, changes, and
//! cancelling by terms. It must not know how anything is found. Invariant: each flag becomes one field of one message.
mod change;
mod reserve;
mod timeline;
mod told;

use clap::{Args, Subcommand, ValueEnum};
use takt_contract::common::v1::Money;
use takt_contract::date_pb;
use takt_contract::delivery::v1::order_service_client::OrderServiceClient;
use takt_contract::delivery::v1::{self as pb};
use takt_kernel::Date;

use super::target::{TargetArgs, told_by};
use crate::connection::{Peer, ask, new_id, read};
use crate::failure::Outcome;
use crate::output::Format;
use change::{ChangeArgs, change};
use reserve::{ReservationsArgs, ReserveArgs, ReservedArgs};
use told::{AtRisk, Cancelled, Repromised, Shown, Terms};

const EXAMPLES: &str = "\
Examples:
  takt orders at-risk                                   all orders whose promise is in danger, and why
  takt orders at-risk --health late --variant MAX --city Chengdu
  takt orders show SO-0002001                           an order's promises, its timeline, and how the last promise stands
  takt orders timeline SO-0002001                       all that happened to it, by the word of all three services
  takt orders repromise --check                         what would be promised, and to how many
  takt orders repromise --variant MAX                   promise the late orders of a variant anew
  takt orders change SO-0002001 --on 2024-04-02 --variant STD --option WHEEL=W19A --check
  takt orders change SO-0002001 --on 2024-04-02 --city Chengdu
  takt orders reserve R-1 --customer C-1 --variant MAX --option COLOR=AQUA_BLUE --option WHEEL=W20 --option INT=GALAXY_GREY \
      --city Chengdu --on 2024-04-02 --until 2024-05-02
  takt orders lock R-1 --on 2024-04-20                  it gets its place in the queue now
  takt orders release R-1 --on 2024-04-20               or its deposit goes back
  takt orders reservations --lapse 2024-05-03
  takt orders terms --deposit 500000 --currency CNY --refundable-days 7
  takt orders cancel SO-0002001 --on 2024-04-02         cancel an order, and what becomes of its deposit

docs/orders.md says how a promise stands and what is promised anew.";

/// What can be done about orders.
#[derive(Debug, Subcommand)]
pub(in crate::command) enum OrdersTask {
    /// List the orders whose promise is in danger, with the causes and the day on which the vehicle is expected
    #[command(after_help = EXAMPLES)]
    AtRisk(AtRiskArgs),
    /// Show an order with its promises, its timeline and how its promise stands
    #[command(after_help = EXAMPLES)]
    Show(ShowArgs),
    /// Tell everything that happened to an order, its vehicle and the parts in it, across the services
    #[command(after_help = EXAMPLES)]
    Timeline(timeline::TimelineArgs),
    /// Promise the orders anew whose promise will not be kept because of disruptions
    #[command(after_help = EXAMPLES)]
    Repromise(RepromiseArgs),
    /// Give an order that is not built another variant, other options or another city
    #[command(after_help = EXAMPLES)]
    Change(ChangeArgs),
    /// Reserve an order with the deposit of the terms: no place in the queue, no promise
    #[command(after_help = EXAMPLES)]
    Reserve(ReserveArgs),
    /// Lock a reserved order: it gets its place in the queue
    #[command(after_help = EXAMPLES)]
    Lock(ReservedArgs),
    /// Give a reservation up: its deposit goes back
    #[command(after_help = EXAMPLES)]
    Release(ReservedArgs),
    /// List reservations, and end those whose last day has passed
    #[command(after_help = EXAMPLES)]
    Reservations(ReservationsArgs),
    /// Cancel an order that is not built, and say what becomes of its deposit
    #[command(after_help = EXAMPLES)]
    Cancel(CancelArgs),
    /// Tell the terms of cancelling, or set them
    #[command(after_help = EXAMPLES)]
    Terms(TermsArgs),
}

/// How a promise in danger stands.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Danger {
    AtRisk,
    Late,
}

/// Which orders to list.
#[derive(Debug, Args)]
pub(in crate::command) struct AtRiskArgs {
    /// Only orders whose promise stands so
    #[arg(long, value_enum)]
    health: Option<Danger>,
    /// Only orders of this variant
    #[arg(long, value_name = "ID", default_value = "")]
    variant: String,
    /// Only orders for this city
    #[arg(long, value_name = "NAME", default_value = "")]
    city: String,
    /// How many orders a person is shown
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,
    #[command(flatten)]
    target: TargetArgs,
}

/// Which order to show.
#[derive(Debug, Args)]
pub(in crate::command) struct ShowArgs {
    /// The order
    #[arg(value_name = "ORDER")]
    order: String,
    #[command(flatten)]
    target: TargetArgs,
}

/// Which orders to promise anew.
#[derive(Debug, Args)]
pub(in crate::command) struct RepromiseArgs {
    /// Only orders of this variant
    #[arg(long, value_name = "ID", default_value = "")]
    variant: String,
    /// Only orders for this city
    #[arg(long, value_name = "NAME", default_value = "")]
    city: String,
    /// Only say what would be promised
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    target: TargetArgs,
}

/// Which order to cancel.
#[derive(Debug, Args)]
pub(in crate::command) struct CancelArgs {
    /// The order
    #[arg(value_name = "ORDER")]
    order: String,
    /// The day of the cancellation
    #[arg(long, value_name = "DATE")]
    on: Date,
    /// The entity tag of the order as it was seen [default: whatever it is]
    #[arg(long, value_name = "ETAG", default_value = "")]
    etag: String,
    #[command(flatten)]
    target: TargetArgs,
}

/// The terms to set; without them the ones that stand are told.
#[derive(Debug, Args)]
pub(in crate::command) struct TermsArgs {
    /// The deposit in the minor unit of its currency: 500000 is 5,000.00 CNY
    #[arg(long, value_name = "MINOR", requires_all = ["currency", "refundable_days"], allow_negative_numbers = true)]
    deposit: Option<i64>,
    /// The currency of the deposit
    #[arg(long, value_name = "CODE", requires = "deposit")]
    currency: Option<String>,
    /// The days after the day of lock for which a cancellation brings the deposit back
    #[arg(
        long,
        value_name = "DAYS",
        requires = "deposit",
        allow_negative_numbers = true
    )]
    refundable_days: Option<i32>,
    #[command(flatten)]
    target: TargetArgs,
}

pub(super) async fn run(task: OrdersTask, output: Format) -> Outcome<()> {
    match task {
        OrdersTask::AtRisk(args) => {
            told_by!(args.target, output, delivery, |peer| at_risk(peer, &args))
        }
        OrdersTask::Show(args) => {
            told_by!(args.target, output, delivery, |peer| show(peer, &args))
        }
        OrdersTask::Timeline(args) => {
            told_by!(args.target, output, delivery, |peer| timeline::timeline(
                peer, &args
            ))
        }
        OrdersTask::Repromise(args) => {
            told_by!(args.target, output, delivery, |peer| repromise(peer, &args))
        }
        OrdersTask::Change(args) => {
            told_by!(args.target, output, delivery, |peer| change(peer, &args))
        }
        OrdersTask::Reserve(args) => {
            told_by!(args.target, output, delivery, |peer| reserve::reserve(
                peer, &args
            ))
        }
        OrdersTask::Lock(args) => {
            told_by!(args.target, output, delivery, |peer| reserve::lock(
                peer, &args
            ))
        }
        OrdersTask::Release(args) => {
            told_by!(args.target, output, delivery, |peer| reserve::release(
                peer, &args
            ))
        }
        OrdersTask::Reservations(args) => {
            told_by!(args.target, output, delivery, |peer| reserve::reservations(
                peer, &args
            ))
        }
        OrdersTask::Cancel(args) => {
            told_by!(args.target, output, delivery, |peer| cancel(peer, &args))
        }
        OrdersTask::Terms(args) => {
            told_by!(args.target, output, delivery, |peer| terms(peer, &args))
        }
    }
}

async fn at_risk(peer: &Peer, args: &AtRiskArgs) -> Outcome<AtRisk> {
    let health = match args.health {
        None => pb::PromiseHealth::Unspecified,
        Some(Danger::AtRisk) => pb::PromiseHealth::AtRisk,
        Some(Danger::Late) => pb::PromiseHealth::Late,
    };
    let message = pb::ListAtRiskRequest {
        health: health.into(),
        variant_id: args.variant.clone(),
        city: args.city.clone(),
    };
    let all = read!(
        peer,
        "list orders at risk",
        OrderServiceClient.list_at_risk,
        message,
        |page: pb::ListAtRiskResponse| page.orders
    )?;
    Ok(AtRisk::of(&all, args.top))
}

async fn show(peer: &Peer, args: &ShowArgs) -> Outcome<Shown> {
    let message = pb::GetOrderRequest {
        order_id: args.order.clone(),
    };
    let answer = ask!(peer, "read an order", OrderServiceClient.get_order, message)?;
    Ok(Shown::of(&answer))
}

async fn repromise(peer: &Peer, args: &RepromiseArgs) -> Outcome<Repromised> {
    let message = pb::RepromiseOrdersRequest {
        request_id: new_id(),
        scope: Some(pb::RepromiseScope {
            variant_id: args.variant.clone(),
            city: args.city.clone(),
        }),
        validate_only: args.check,
    };
    let answer = ask!(
        peer,
        "promise orders anew",
        OrderServiceClient.repromise_orders,
        message
    )?;
    Ok(Repromised::of(&answer, args.check))
}

async fn cancel(peer: &Peer, args: &CancelArgs) -> Outcome<Cancelled> {
    let message = pb::CancelOrderRequest {
        request_id: new_id(),
        order_id: args.order.clone(),
        cancelled_on: Some(date_pb(args.on)),
        etag: args.etag.clone(),
    };
    let answer = ask!(
        peer,
        "cancel an order",
        OrderServiceClient.cancel_order,
        message
    )?;
    Ok(Cancelled::of(&answer))
}

async fn terms(peer: &Peer, args: &TermsArgs) -> Outcome<Terms> {
    let given = (args.deposit)
        .zip(args.currency.as_ref())
        .zip(args.refundable_days);
    let terms = match given {
        None => {
            let message = pb::GetOrderTermsRequest {};
            let answer = ask!(
                peer,
                "read the terms of cancelling",
                OrderServiceClient.get_order_terms,
                message
            )?;
            answer.terms
        }
        Some(((minor_units, currency), refundable_days)) => {
            let message = pb::SetOrderTermsRequest {
                request_id: new_id(),
                terms: Some(pb::OrderTerms {
                    deposit: Some(Money {
                        currency_code: currency.clone(),
                        minor_units,
                    }),
                    refundable_days,
                }),
            };
            let answer = ask!(
                peer,
                "set the terms of cancelling",
                OrderServiceClient.set_order_terms,
                message
            )?;
            answer.terms
        }
    };
    Ok(Terms::of(terms.as_ref()))
}
